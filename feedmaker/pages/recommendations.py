"""The lists of everything that was recommended. Pure apart from templates.

There is a list of all and one for each medium, each in two orders, all cut where they would grow long; and
where anything is cut, a complete list for each year.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from operator import attrgetter, itemgetter

from feedmaker.catalogue import Catalogue, Mention, Thing
from feedmaker.config import Site
from feedmaker.pages import json_ld
from feedmaker.pages.mentions import MentionLink, mention_link
from feedmaker.pages.page import AROUND, Around, Head, write_page
from feedmaker.pages.paths import RECOMMENDATIONS_PATH, address_of, root_of, things_path, year_path
from feedmaker.templating import Templates

MOST_THINGS = 200
MOST_MENTIONS = 10
_MOST_MEDIA = 20


@dataclass(frozen=True, slots=True)
class MediumCount:
    """Say how many things of a medium there are."""

    medium: str
    things: int


@dataclass(frozen=True, slots=True)
class ThingList:
    """Hold one list of recommended things, in the order in which its page at `path` shows them.

    It is a list of one `medium` or of all, the newest first or the most often recommended; or, where `year`
    is set, of what was recommended in episodes that aired in that year. `total` counts what there is, `media`
    and `years` name the other lists.
    """

    path: str
    things: tuple[Thing, ...]
    total: int
    media: tuple[MediumCount, ...]
    years: tuple[int, ...]
    medium: str | None = None
    newest: bool = False
    year: int | None = None

    @property
    def title(self) -> str:
        """Return what the list is called."""
        if self.year is not None:
            return f"Recommendations of {self.year}"
        what = f"Recommendations: {self.medium}" if self.medium else "Recommendations"
        return f"{what}, newest first" if self.newest else what


@dataclass(frozen=True, slots=True)
class ThingLine:
    """Hold what a list shows of a thing; `times` counts who recommended it, `more` the mentions not shown."""

    thing: Thing
    times: int
    mentions: Sequence[MentionLink]
    more: int


@dataclass(frozen=True, slots=True)
class Choice:
    """Hold one way to filter or order: its words, where it leads, and whether it is what the page shows."""

    words: str
    href: str
    is_current: bool
    things: int | None = None


def thing_lists(catalogue: Catalogue) -> list[ThingList]:
    """Say which lists there are; those of all things are there even while there is nothing to list."""
    every = catalogue.newest_first()
    newest_first = _by_medium(every)
    # What is recommended as often stays in that order, here and where it is gathered by media.
    most_often_first = _by_medium(sorted(every, key=attrgetter("times"), reverse=True))
    counts = (
        MediumCount(medium, len(things)) for medium, things in newest_first.items() if medium is not None
    )
    media = tuple(sorted(counts, key=lambda count: (-count.things, count.medium)))
    by_year = _by_year(every) if _is_long(every) else {}
    years = tuple(by_year)
    lists = []
    for medium, things in newest_first.items():
        for newest, order in ((False, most_often_first[medium]), (True, things)):
            path, shown = things_path(medium, newest=newest), tuple(order[:MOST_THINGS])
            lists.append(ThingList(path, shown, len(things), media, years, medium, newest))
    return lists + [
        ThingList(year_path(year), tuple(things), len(things), media, years, year=year)
        for year, things in by_year.items()
    ]


def recommendations_page(
    templates: Templates, site: Site, things: ThingList, around: Around = AROUND
) -> bytes:
    """Write one list of recommended things as HTML in UTF-8.

    Raises `TemplateError` where site/recommendations.html, or what it builds on, cannot be rendered.
    """
    root = root_of(things.path)
    head = Head(
        things.path,
        things.title,
        _description(site, things),
        _facts(site, things),
        around=around,
    )
    return write_page(
        templates,
        "site/recommendations.html",
        site,
        head,
        list=things,
        lines=[_line(site, root, thing, things.year) for thing in things.things],
        media=_media(root, things),
        orders=_orders(root, things),
        years=[Choice(str(year), _to(root, year_path(year)), year == things.year) for year in things.years],
    )


def _by_medium(things: list[Thing]) -> dict[str | None, list[Thing]]:
    """Gather things by the media that notes give them, which differ where a note says that they are one.

    All things stand under None.
    """
    found: dict[str | None, list[Thing]] = defaultdict(list, {None: things})
    for thing in things:
        mentions = thing.mentions
        if len(mentions) == 1:
            found[mentions[0].named.medium].append(thing)
        else:
            for medium in {mention.named.medium: None for mention in mentions}:
                found[medium].append(thing)
    return found


def _is_long(things: Sequence[Thing]) -> bool:
    """Tell whether some list is cut, in its things or in what it says of one."""
    return len(things) > MOST_THINGS or any(len(thing.mentions) > MOST_MENTIONS for thing in things)


def _by_year(things: Iterable[Thing]) -> dict[int, list[Thing]]:
    """Gather things by the years in which they were recommended, the last year and its last day first."""
    found: dict[int, list[tuple[date, Thing]]] = defaultdict(list)
    for thing in things:
        days = [mention.note.aired for mention in thing.mentions]
        # Sorting and parting what is but one would take most of the time.
        last_days = {day.year: day for day in sorted(days)}.values() if len(days) > 1 else days
        for day in last_days:
            found[day.year].append((day, thing))
    return {
        year: [thing for _, thing in sorted(of_year, key=itemgetter(0), reverse=True)]
        for year, of_year in sorted(found.items(), reverse=True)
    }


def _description(site: Site, things: ThingList) -> str:
    what = f"recommended in episodes of {site.title}"
    if things.year is not None:
        return f"Everything {what} that aired in {things.year}"
    kind = f"Everything of the kind {things.medium}" if things.medium else "Everything"
    return f"{kind} {what}, {'the newest first' if things.newest else 'the most often recommended first'}"


def _facts(site: Site, things: ThingList) -> tuple[json_ld.Node, ...]:
    address = address_of(site, things.path)
    trail = [("Recommendations", address_of(site, RECOMMENDATIONS_PATH))]
    if things.path != RECOMMENDATIONS_PATH:
        trail.append((things.title, address))
    # Machines get the beginning of a long list; the pages of the episodes tell them everything.
    return json_ld.thing_list(address, things.things[:MOST_THINGS]), json_ld.breadcrumbs(site, trail)


def _line(site: Site, root: str, thing: Thing, year: int | None) -> ThingLine:
    """Show the newest mentions of a thing, or on the page of a year all of that year."""
    shown: Sequence[Mention] = thing.mentions
    if year is None:
        shown = shown[-MOST_MENTIONS:]
    else:
        shown = [mention for mention in shown if mention.note.aired.year == year]
    links = [mention_link(site, root, mention) for mention in reversed(shown)]
    return ThingLine(thing, thing.times, links, len(thing.mentions) - len(links))


def _media(root: str, things: ThingList) -> list[Choice]:
    """Offer the media: all of them on the first page, and elsewhere those that most things have."""
    every = Choice("All", _to(root, things_path(newest=things.newest)), _is_of_all(things))
    shown = things.media if things.path == RECOMMENDATIONS_PATH else things.media[:_MOST_MEDIA]
    others = [Choice("Others", _to(root, RECOMMENDATIONS_PATH), False)] if shown != things.media else []
    choices = [
        Choice(
            count.medium,
            _to(root, things_path(count.medium, newest=things.newest)),
            count.medium == things.medium,
            count.things,
        )
        for count in shown
    ]
    return [every, *choices, *others]


def _orders(root: str, things: ThingList) -> list[Choice]:
    return [
        Choice(
            words, _to(root, things_path(things.medium, newest=newest)), _is_in_order(things, newest=newest)
        )
        for words, newest in (("Most recommended", False), ("Newest", True))
    ]


def _is_of_all(things: ThingList) -> bool:
    return things.medium is None and things.year is None


def _is_in_order(things: ThingList, *, newest: bool) -> bool:
    return things.year is None and things.newest is newest


def _to(root: str, path: str) -> str:
    return root + path.removesuffix("index.html")
