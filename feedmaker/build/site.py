"""The pages of a build: which there are, what each is made from, and how it is made."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property, partial

from feedmaker import pages
from feedmaker.build.feeds import NEWEST
from feedmaker.build.material import Material, Planned, key_of
from feedmaker.catalogue import Thing
from feedmaker.disclosure import check_disclosure
from feedmaker.feeds.outline import FEED_STYLE_PATH, MEDIA_TYPES, NAMES
from feedmaker.pages import ArchiveRow, Around, FeedLink, Place, ThingList, Topic
from feedmaker.series import Series
from feedmaker.serving import HEADERS_PATH, REDIRECTS_PATH, netlify_headers, netlify_redirects
from feedmaker.templating import Templates


class SitePlans:
    """Plan the pages."""

    def __init__(self, material: Material, templates: Templates, series: Sequence[Series]) -> None:
        self._material = material
        self._templates = templates
        self._site = material.config.site
        self._series = series
        self._letters = next((each for each in series if each.kind == "issues"), None)
        feeds = _links(each for each in series if each.kind == "podcast" or not each.outline.name)
        signup = material.config.signup.address if material.config.signup else None
        self._around = Around(feeds, has_issues=self._letters is not None, signup=signup)
        self._environment = key_of(material.environment, repr(self._around))
        self._own_feeds = _links_by_page(series)
        self._rows = {
            path: ArchiveRow(material.address(path), facts.title, facts.show, facts.aired)
            for path in material.newest_first
            for facts in (material.facts[path],)
        }
        # A row stands in several lists, whose keys tell what it says.
        self._said = {row: f"{row.url}\0{row.title}\0{row.show}\0{row.aired}" for row in self._rows.values()}
        shows = pages.topics((row, (row.show,)) for row in self._rows.values())
        tags = pages.topics((row, material.facts[path].tags) for path, row in self._rows.items())
        self._has_shows = len(shows) > 1
        self._shows = self._with_feeds("shows", shows, shows if self._has_shows else ())
        self._tags = self._with_feeds("tags", tags, tags)

    def planned(self) -> Iterator[Planned]:
        """Plan all pages, in the order in which they are moved to their places: what links to it last."""
        yield from self._episodes()
        yield from self._lists()
        yield from self._recommendations()
        yield self._index()
        yield from self._issues()
        yield from self._for_programs()
        if self._material.config.serving.netlify:
            yield from self._for_host()

    def _episodes(self) -> Iterator[Planned]:
        material, several = self._material, self._has_shows
        shown = key_of("page", self._environment, repr(several))
        for path, entry in material.entries.items():
            if not material.facts[path].url:
                also = repr(material.also(path)) if material.catalogue.is_shared(path) else ""
                key = key_of(shown, material.key(path), also)
                make = partial(self._episode, path, has_show_page=several)
                yield Planned(pages.episode_path(entry.slug), key, make, entry.archive or NEWEST)

    def _episode(self, path: str, *, has_show_page: bool) -> bytes:
        """Write the page of a note and see that it tells of paid links."""
        material = self._material
        published, content = material.rendered(path)
        data = pages.episode_page(
            self._templates,
            self._site,
            published,
            content,
            material.keys(path),
            material.also(path),
            self._around,
            has_show_page=has_show_page,
        )
        check_disclosure(f"the page of {path}", data.decode(), content.links)
        return data

    def _index(self) -> Planned:
        newest = self._material.newest_first[: self._material.config.feeds.entries]
        key = key_of("index", self._environment, *map(self._material.key, newest))

        def make() -> bytes:
            entries = map(self._material.rendered, newest)
            return pages.index_page(self._templates, self._site, entries, self._around)

        return Planned(pages.INDEX_PATH, key, make, NEWEST)

    def _with_feeds(self, folder: str, known: Sequence[Topic], shown: Sequence[Topic]) -> list[Topic]:
        """Add the tags or shows that have a feed, which leads to their page even if nothing is on it."""
        topics = {topic.slug: topic for topic in shown}
        there = {topic.slug: topic for topic in known}
        for each in self._series:
            place, _, slug = each.outline.name.rpartition("/")
            if place == folder and slug not in topics:
                name = each.outline.title.removeprefix(f"{self._site.title}: ")
                topics[slug] = there.get(slug, Topic(slug, name, ()))
        return list(topics.values())

    def _lists(self) -> Iterator[Planned]:
        """Plan the lists of episodes: all, by tag, by show."""
        rows = list(self._rows.values())
        make = partial(pages.archive_page, self._templates, self._site, rows, self._around)
        yield Planned(pages.ARCHIVE_PATH, self._key_of_rows(rows, "archive"), make)
        for tag in self._tags:
            yield self._topic(pages.tag_path(tag.name), tag, pages.tag_page)
        for show in self._shows:
            yield self._topic(pages.show_path(show.name), show, pages.show_page)
        counts = repr([(tag.slug, tag.name, len(tag.rows)) for tag in self._tags])
        make = partial(pages.tags_page, self._templates, self._site, self._tags, self._around)
        yield Planned(pages.TAGS_PATH, key_of("tags", self._environment, counts), make)

    def _topic(self, path: str, topic: Topic, page: Callable[..., bytes]) -> Planned:
        """Plan the page of a tag or show, which announces the feed of its own before the others."""
        own = self._links_of(path)
        key = self._key_of_rows(topic.rows, "topic", topic.name, repr(own))
        return Planned(path, key, partial(page, self._templates, self._site, topic, self._announcing(own)))

    @cached_property
    def _things_listed(self) -> list[ThingList]:
        return pages.thing_lists(self._material.catalogue)

    def _recommendations(self) -> Iterator[Planned]:
        for things in self._things_listed:
            medium = pages.things_path(things.medium) if things.medium else pages.RECOMMENDATIONS_PATH
            own = self._links_of(medium)
            others = repr((things.total, things.media, things.years, own))
            key = key_of("things", self._environment, others, *map(self._key_of_thing, things.things))
            yield Planned(things.path, key, partial(self._things, things, self._announcing(own)))

    def _things(self, things: ThingList, around: Around) -> bytes:
        return pages.recommendations_page(self._templates, self._site, things, around)

    def _issues(self) -> Iterator[Planned]:
        """Plan the pages of issues that went out, which stay what they are, and the list of them."""
        letters, sent = self._letters, self._material.sent
        if letters is None:
            return
        for path in letters.paths:
            place, key = pages.issue_path(sent.issues[path].slug), key_of("issue", sent.raw[path])
            yield Planned(place, key, partial(self._material.issue_page, path))
        title, own = letters.outline.title, self._links_of(pages.NEWSLETTER_PATH)
        issues, around = [sent.issues[path] for path in letters.paths], self._announcing(own)
        key = key_of("issues", self._environment, title, repr(own), *map(sent.raw.__getitem__, letters.paths))
        make = partial(pages.newsletter_page, self._templates, self._site, title, issues, around)
        yield Planned(pages.NEWSLETTER_PATH, key, make)

    def _for_programs(self) -> Iterator[Planned]:
        """Plan what browsers and crawlers ask for besides."""
        site, templates, environment = self._site, self._templates, self._environment
        yield Planned(
            pages.STYLE_PATH, key_of("style", environment), lambda: pages.stylesheet(templates, site)
        )
        yield Planned(
            FEED_STYLE_PATH, key_of("feed", environment), lambda: pages.feed_stylesheet(templates, site)
        )
        yield Planned(pages.ROBOTS_PATH, key_of("robots", environment), lambda: pages.robots(site))
        lists, issues = [pages.address_of(site, path) for path in self._listed], self._places_of_issues
        notes = map(self._material.key, self._own_pages)
        key = key_of("sitemap", environment, *lists, *map(repr, issues), *notes)
        for path in pages.sitemap_paths(len(lists) + len(issues) + len(self._own_pages)):
            yield Planned(path, key, partial(self._sitemap, path))

    def _sitemap(self, path: str) -> bytes:
        return pages.sitemap(self._site, self._places, path)

    def _for_host(self) -> Iterator[Planned]:
        """Plan what hosts such as Netlify take their rules from."""
        config = self._material.config
        feeds = [path for series in self._series for path in series.outline.paths().values()]
        for path, text in (
            (HEADERS_PATH, netlify_headers(config, feeds)),
            (REDIRECTS_PATH, netlify_redirects(config)),
        ):
            if text:
                yield Planned(path, key_of(path, text), partial(text.encode))

    @cached_property
    def _listed(self) -> list[str]:
        """Return where the lists stand."""
        return [
            *(pages.INDEX_PATH, pages.ARCHIVE_PATH, pages.TAGS_PATH),
            *(pages.tag_path(tag.name) for tag in self._tags),
            *(pages.show_path(show.name) for show in self._shows),
            *(things.path for things in self._things_listed),
            *([pages.NEWSLETTER_PATH] if self._letters else []),
        ]

    @cached_property
    def _own_pages(self) -> list[str]:
        """Return the notes that have a page of ours."""
        return [path for path in self._material.newest_first if not self._material.facts[path].url]

    @cached_property
    def _places(self) -> list[Place]:
        material = self._material
        notes = (Place(material.address(path), material.entries[path].updated) for path in self._own_pages)
        lists = (Place(pages.address_of(self._site, path)) for path in self._listed)
        return [*lists, *self._places_of_issues, *notes]

    @cached_property
    def _places_of_issues(self) -> list[Place]:
        issues = self._material.sent.issues.values()
        return [
            Place(pages.address_of(self._site, pages.issue_path(issue.slug)), issue.sent_at)
            for issue in issues
        ]

    def _announcing(self, own: Sequence[FeedLink]) -> Around:
        """Announce the feeds of a page before those that every page announces."""
        return replace(self._around, feeds=[*own, *self._around.feeds])

    def _links_of(self, page: str) -> list[FeedLink]:
        """Return the feeds whose page for people stands at a path."""
        return self._own_feeds.get(page.removesuffix("index.html"), [])

    def _key_of_rows(self, rows: Iterable[ArchiveRow], *others: str) -> str:
        return key_of(self._environment, *others, *map(self._said.__getitem__, rows))

    def _key_of_thing(self, thing: Thing) -> str:
        key_of_note = self._material.key
        return " ".join([key_of_note(mention.note.path) + mention.key for mention in thing.mentions])


def _links(series: Iterable[Series]) -> list[FeedLink]:
    """Name the documents of feeds, each with a title that no other has."""
    return [
        FeedLink(name, MEDIA_TYPES[kind], path, f"{each.outline.title} ({name})")
        for each in series
        for kind, path in each.outline.paths().items()
        for name in ("podcast" if each.kind == "podcast" else NAMES[kind],)
    ]


def _links_by_page(series: Iterable[Series]) -> dict[str, list[FeedLink]]:
    """Gather the feeds other than the main one by the pages that announce them."""
    found: dict[str, list[FeedLink]] = defaultdict(list)
    for each in series:
        if each.outline.name:
            found[each.outline.page] += _links((each,))
    return dict(found)
