"""Which feeds a project has, and which notes or issues stand in each of them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from feedmaker.config import Config
from feedmaker.feeds.outline import PODCAST, Outline
from feedmaker.notes.note import Facts
from feedmaker.pages.paths import NEWSLETTER_PATH, medium_slug, spellings, tag_slug
from feedmaker.sent import SentIssue

Kind = Literal["episodes", "podcast", "recommendations", "issues"]
EVERY = ("all",)


@dataclass(frozen=True, slots=True)
class Series:
    """Hold a feed's outline, what its items are, and the paths of its notes or issues, the newest first.

    `size` is how many notes its first document holds. `medium` limits a feed of recommendations, which then
    has no archive: what is older stands in that of all recommendations.
    """

    outline: Outline
    kind: Kind
    paths: Sequence[str]
    size: int
    medium: str | None = None


def all_series(
    config: Config,
    facts: Mapping[str, Facts],
    newest_first: Sequence[str],
    issues: Mapping[str, SentIssue],
) -> Iterator[Series]:
    """Name all feeds of a project, the main one first; `issues` are those that went out, the newest first."""
    site, size = config.site, config.feeds.entries
    yield Series(Outline("", site.title, site.description), "episodes", newest_first, size)
    yield from _podcast(config, facts, newest_first)
    if config.feeds.recommendations:
        yield from _recommendations(config, facts, newest_first)
    if config.feeds.shows:
        by_show = _by_slug(newest_first, lambda path: (facts[path].show,))
        yield from _named(config, "shows", "Notes about episodes of {}", by_show, config.feeds.shows)
    if config.feeds.tags:
        by_tag = _by_slug(newest_first, lambda path: facts[path].tags)
        yield from _named(config, "tags", "Notes tagged {}", by_tag, config.feeds.tags)
    if issues:
        yield _newsletter(config, issues)


def _podcast(config: Config, facts: Mapping[str, Facts], newest_first: Sequence[str]) -> Iterator[Series]:
    heard = [path for path in newest_first if facts[path].audio]
    if config.podcast and heard:
        title = config.podcast.title or config.site.title
        description = config.podcast.description or config.site.description
        outline = Outline(PODCAST, title, description, formats=("rss",))
        yield Series(outline, "podcast", heard, config.podcast.entries)


def _recommendations(
    config: Config, facts: Mapping[str, Facts], newest_first: Sequence[str]
) -> Iterator[Series]:
    title, size = f"{config.site.title}: recommendations", config.feeds.entries
    about = f"What was recommended in the episodes of {config.site.title}"
    every = [path for path in newest_first if facts[path].recommendations]
    if every:
        outline = Outline("recommendations", title, about, "recommendations/")
        yield Series(outline, "recommendations", every, size)
    media: dict[str, list[str]] = {}
    for path in every:
        for medium in {item.medium: None for item in facts[path].recommendations}:
            media.setdefault(medium, []).append(path)
    for medium, paths in sorted(media.items()):
        name = f"recommendations/{medium_slug(medium)}"
        outline = Outline(name, f"{title} ({medium})", f"{about}, of the kind {medium}", f"{name}/")
        yield Series(outline, "recommendations", paths, size, medium)


def _newsletter(config: Config, issues: Mapping[str, SentIssue]) -> Series:
    """Name the feed of all issues that went out; of a newsletter that is no more, as it was called last."""
    newest = next(iter(issues.values()))
    title = config.newsletter.title if config.newsletter else newest.title
    page = NEWSLETTER_PATH.removesuffix("index.html")
    outline = Outline(f"{page}feed", title, f"The newsletter of {config.site.title}", page)
    return Series(outline, "issues", list(issues), config.feeds.entries)


def _named(
    config: Config, folder: str, about: str, groups: Mapping[str, _Group], selection: Sequence[str]
) -> Iterator[Series]:
    """Name the feeds of the chosen tags or shows, which there are also while no note has them."""
    every = {slug: group.name for slug, group in groups.items()}
    chosen = every if tuple(selection) == EVERY else {tag_slug(name): name for name in selection}
    for slug, name in sorted(chosen.items()):
        place = f"{folder}/{slug}"
        outline = Outline(place, f"{config.site.title}: {name}", about.format(name), f"{place}/")
        paths = groups[slug].paths if slug in groups else ()
        yield Series(outline, "episodes", paths, config.feeds.entries)


@dataclass(frozen=True, slots=True)
class _Group:
    """Hold the notes of a tag or show, and how it is written most often."""

    name: str
    paths: Sequence[str]


def _by_slug(paths: Sequence[str], names_of: Callable[[str], Iterable[str]]) -> dict[str, _Group]:
    found: dict[str, dict[str, None]] = {}
    names: list[str] = []
    for path in paths:
        for name in names_of(path):
            found.setdefault(tag_slug(name), {})[path] = None
            names.append(name)
    written = spellings(names)
    return {slug: _Group(written[slug], tuple(of_slug)) for slug, of_slug in found.items()}
