"""What stands on each page."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from feedmaker.catalogue import Listed, Mention
from feedmaker.config import Author
from feedmaker.content import render
from feedmaker.disclosure import check_disclosure
from feedmaker.errors import TemplateError
from feedmaker.model import Chapter, Episode, Media, Span, prose
from feedmaker.notes.note import Named
from feedmaker.pages import (
    ArchiveRow,
    Around,
    FeedLink,
    archive_page,
    episode_page,
    index_page,
    stylesheet,
    tag_slug,
)
from feedmaker.templating import Templates
from tests.content.episodes import PAID_SHOP, full_episode
from tests.content.reader import Element, read_html
from tests.pages.site import ADDRESS, MERCHANTS, MORNING, PACKAGED, SITE, TIDES, entry, publish, row

FULL = full_episode(lambda field: f"<{field}>")


def main_of(page: bytes) -> Element:
    """Return what a page is about."""
    return read_html(page).one("main")


def test_episode_page_has_title_facts_and_body() -> None:
    """Under title and facts stands the whole note, element by element as the feeds show it."""
    publication, content = entry(FULL)

    article = main_of(episode_page(PACKAGED, SITE, publication, content)).one("article")

    assert article.one("h1").text == "<title>"
    assert article.one("p", class_="facts").text == "<show> · 1 March 2019 · 1h 2m 3s"
    note, plain = article.one("div", class_="note"), read_html(content.html)
    shown = [(e.tag, e.text) for e in note.walk() if e.tag != "section"]
    assert shown == [(e.tag, e.text) for e in plain.walk()]
    assert [a.attributes for a in note.find("a")] == [a.attributes for a in plain.find("a")]


def test_page_title_names_episode_and_site() -> None:
    """A tab, a bookmark and a shared link say which episode of which site it is, in words of the note."""
    page = read_html(episode_page(PACKAGED, SITE, *entry(FULL)))

    assert page.one("title").text == "<title> · Harbour Notes"
    assert page.one("meta", name="description").attributes["content"] == "<dek><dek link>"
    assert page.one("meta", property="og:title").attributes["content"] == "<title>"
    assert page.one("meta", property="og:image").attributes["content"] == FULL.image


def test_description_is_short() -> None:
    """Search results show a line or two, so a long dek is cut."""
    long = replace(TIDES, dek=prose("water " * 100))
    page = read_html(episode_page(PACKAGED, SITE, *entry(long)))

    description = page.one("meta", name="description").attributes["content"] or ""
    assert 280 < len(description) <= 300


@pytest.mark.parametrize(
    ("published", "updated", "times"),
    [
        (MORNING, MORNING, [("2024-05-06T08:00:00Z", "6 May 2024")]),
        (
            MORNING,
            datetime(2024, 6, 1, 7, 30, tzinfo=UTC),
            [("2024-05-06T08:00:00Z", "6 May 2024"), ("2024-06-01T07:30:00Z", "1 June 2024")],
        ),
        (
            datetime(2024, 12, 31, 23, 30, tzinfo=UTC),
            datetime(2024, 12, 31, 23, 30, tzinfo=UTC),
            [("2024-12-31T23:30:00Z", "1 January 2025")],
        ),
    ],
    ids=["never updated", "updated", "the new year begins earlier in Berlin"],
)
def test_times_are_exact_for_machines_and_local_for_people(
    published: datetime, updated: datetime, times: list[tuple[str, str]]
) -> None:
    """Publishing and updating times are days of the site's zone, with the moment in UTC behind them."""
    publication = publish(TIDES, published=published, updated=updated)

    page = main_of(episode_page(PACKAGED, SITE, publication, render(TIDES, MERCHANTS)))

    assert [(t.attributes["datetime"], t.text) for t in page.find("time")] == times


def test_article_is_in_the_language_of_the_episode() -> None:
    """A note in another language than the site's says so; others say nothing."""
    german = read_html(episode_page(PACKAGED, SITE, *entry(FULL)))
    plain = read_html(episode_page(PACKAGED, SITE, *entry(TIDES)))

    assert (german.one("html").attributes["lang"], german.one("article").attributes["lang"]) == ("en", "de")
    assert "lang" not in plain.one("article").attributes


def test_text_runs_in_its_own_direction() -> None:
    """Each text of a note may be right-to-left on its own, and a quote is so as a whole."""
    article = main_of(episode_page(PACKAGED, SITE, *entry(FULL))).one("article")

    note = article.one("div", class_="note")
    blocks = (note, *note.find("section"))
    children = [child for block in blocks for child in block.children if isinstance(child, Element)]
    paragraphs = [child for child in children if child.tag == "p"]
    assert paragraphs
    for text in (*article.find("h1"), *note.find("h3"), *note.find("li"), *paragraphs):
        assert text.attributes == {"dir": "auto"}, text.text
    assert note.one("blockquote").attributes == {"dir": "auto"}
    assert [p.attributes for p in note.one("blockquote").find("p")] == [{}, {}]


def test_recording_and_transcript_are_linked() -> None:
    """What the note links to can be heard, watched and read from its page; absent things are absent."""
    page = main_of(episode_page(PACKAGED, SITE, *entry(FULL)))
    bare = main_of(episode_page(PACKAGED, SITE, *entry(TIDES)))

    assert page.one("audio").attributes["src"] == "https://a.example.org/a.mp3?a=1&b=2"
    assert "controls" in page.one("audio").attributes
    assert [(a.text, a.attributes["href"]) for a in page.one("ul", class_="media").find("a")] == [
        ("Listen", "https://a.example.org/a.mp3?a=1&b=2"),
        ("Watch", "https://a.example.org/v?a=1&b=2"),
        ("Read the transcript", "https://a.example.org/t.vtt"),
    ]
    assert not bare.find("ul", class_="media")
    assert not bare.find("audio")


def test_transcripts_are_told_apart_by_their_form() -> None:
    """Where there are several transcripts, each link says what one gets."""
    types = ("text/vtt", "text/html", "application/x-subrip", "application/epub+zip")
    several = tuple(Media(f"https://a.example.org/{number}", kind) for number, kind in enumerate(types))

    page = main_of(episode_page(PACKAGED, SITE, *entry(replace(TIDES, transcripts=several))))

    links = page.one("ul", class_="media").find("a")
    assert [(a.text, a.attributes["type"]) for a in links] == [
        ("Transcript as WebVTT", "text/vtt"),
        ("Transcript as a page", "text/html"),
        ("Transcript as SubRip", "application/x-subrip"),
        ("Transcript as application/epub+zip", "application/epub+zip"),
    ]


def test_chapters_lead_into_the_recording() -> None:
    """A chapter has its time, which leads there where there is a recording, and its title."""
    chapters = (Chapter(0, "Ebb"), Chapter(750, "Flood", "https://a.example.org/flood"))
    heard = replace(TIDES, chapters=chapters, audio=Media("https://a.example.org/a.mp3", "audio/mpeg"))

    lines = main_of(episode_page(PACKAGED, SITE, *entry(heard))).one("ol", class_="chapters").find("li")
    silent = main_of(episode_page(PACKAGED, SITE, *entry(replace(TIDES, chapters=chapters))))

    assert [line.text for line in lines] == ["00:00:00 Ebb", "00:12:30 Flood"]
    assert [[a.attributes["href"] for a in line.find("a")] for line in lines] == [
        ["https://a.example.org/a.mp3#t=0"],
        ["https://a.example.org/a.mp3#t=750", "https://a.example.org/flood"],
    ]
    assert [a.text for a in silent.one("ol", class_="chapters").find("a")] == ["Flood"]
    assert not main_of(episode_page(PACKAGED, SITE, *entry(TIDES))).find("ol", class_="chapters")


def test_recommendations_have_addresses() -> None:
    """Each card can be linked to by its key, or by the slug of its name where nobody gives a key."""
    publication, content = entry(FULL)
    twice = replace(TIDES, recommendations=(FULL.recommendations[2], FULL.recommendations[2]))

    keyed = main_of(episode_page(PACKAGED, SITE, publication, content, ("a", "b", "c")))
    unkeyed = main_of(episode_page(PACKAGED, SITE, *entry(twice)))

    cards = keyed.find("section", class_="card")
    assert [(card.attributes["id"], card.one("h3").text) for card in cards] == [
        ("a", "<name>"),
        ("b", "<own name>"),
        ("c", "<no link>"),
    ]
    first, second = (card.attributes["id"] or "" for card in unkeyed.find("section", class_="card"))
    assert (first.startswith("no-link"), second) == (True, f"{first}-2")


def mention(number: int, speaker: str | None = "Ada", address: str | None = None) -> Mention:
    """Make a mention of something in another note."""
    note = Listed(
        f"{number}.md", address or f"{ADDRESS}episodes/n{number}/", f"Note {number}", "Show", date(2020, 1, 1)
    )
    return Mention(note, f"key-{number}", Named("Name", "book", speaker=speaker))


def also_of(*mentions: Mention) -> Element | None:
    """Return what the first card of a page says of other mentions."""
    publication, content = entry(FULL)
    page = episode_page(PACKAGED, SITE, publication, content, also=(mentions, (), ()))
    found = main_of(page).find("p", class_="also")
    return found[0] if found else None


def test_other_mentions_stand_below_a_recommendation() -> None:
    """A card says who else recommended the thing and where, in the order given, and leads to that card."""
    elsewhere = mention(3, address="https://elsewhere.example.com/x")

    also = also_of(mention(1), mention(2, speaker=None), elsewhere)

    assert also is not None
    assert also.text == "Also recommended by Ada in Note 1, in Note 2, by Ada in Note 3"
    assert [a.attributes["href"] for a in also.find("a")] == [
        "../../episodes/n1/#key-1",
        "../../episodes/n2/#key-2",
        "https://elsewhere.example.com/x",
    ]
    assert also_of() is None


def test_few_other_mentions_are_named() -> None:
    """Of many other mentions the first five are named, and a page is the same when more come."""
    also = also_of(*map(mention, range(12)))

    assert also is not None
    assert [a.text for a in also.find("a")] == [f"Note {n}" for n in range(5)] + ["in others"]
    assert also.find("a")[-1].attributes["href"] == "../../recommendations/"


def test_disclosure_stands_before_the_first_card() -> None:
    """The page tells of paid links before it shows one, between the heading and the cards."""
    html = episode_page(PACKAGED, SITE, *entry(FULL)).decode()

    assert html.index(">Recommended in") < html.index(PAID_SHOP.disclosure) < html.index('class="card"')
    assert html.count(PAID_SHOP.disclosure) == 1
    check_disclosure("page", html, entry(FULL)[1].links)


def test_show_is_linked_where_it_has_a_page() -> None:
    """The show in the line of facts leads to its page, if there is one."""
    publication, content = entry(TIDES)

    linked, plain = (
        main_of(episode_page(PACKAGED, SITE, publication, content, has_show_page=has)).one(
            "p", class_="facts"
        )
        for has in (True, False)
    )

    assert linked.text == plain.text == "Shoreline · 2 February 2020 · 1h"
    assert [a.attributes["href"] for a in linked.find("a")] == ["../../shows/shoreline/"]
    assert not plain.find("a")


def test_picture_of_a_page_is_the_episodes_or_else_the_sites() -> None:
    """A shared link shows the picture of the episode; without one, that of the site; or none."""
    site = SITE.model_copy(update={"image": "https://a.example.org/site.png"})

    def picture(page: bytes) -> list[str | None]:
        return [meta.attributes["content"] for meta in read_html(page).find("meta", property="og:image")]

    assert picture(episode_page(PACKAGED, site, *entry(FULL))) == [FULL.image]
    assert picture(episode_page(PACKAGED, site, *entry(TIDES))) == ["https://a.example.org/site.png"]
    assert picture(episode_page(PACKAGED, SITE, *entry(TIDES))) == []


def test_feeds_of_a_page_can_be_chosen() -> None:
    """A page announces the feeds it is given, under the titles that they have, and shows their addresses."""
    usual = FeedLink("RSS", "application/rss+xml", "feed.xml", "Harbour Notes (RSS)")
    feeds = (usual, FeedLink("RSS", "application/rss+xml", "tags/sea.xml", "Harbour Notes: sea (RSS)"))
    page = read_html(index_page(PACKAGED, SITE, [], Around(feeds)))

    last = page.find("link", rel="alternate")[-1].attributes
    assert (last["title"], last["href"]) == ("Harbour Notes: sea (RSS)", f"{ADDRESS}tags/sea.xml")
    first, second = page.one("ul", class_="feeds").find("li")
    assert first.text == f"RSS {ADDRESS}feed.xml"
    assert second.text == f"Harbour Notes: sea (RSS) {ADDRESS}tags/sea.xml"
    assert second.one("a").attributes["href"] == "./tags/sea.xml"


def test_tags_are_shown() -> None:
    """The tags of a note stand below it and lead to their pages."""
    tagged = main_of(episode_page(PACKAGED, SITE, *entry(FULL)))

    line = tagged.one("p", class_="tags")
    assert line.text == "Tagged <tag>, <second tag>"
    assert [a.attributes["href"] for a in line.find("a")] == [
        f"../../tags/{tag_slug('<tag>')}/",
        f"../../tags/{tag_slug('<second tag>')}/",
    ]
    assert "Tagged" not in main_of(episode_page(PACKAGED, SITE, *entry(TIDES))).text


def test_front_page_shows_the_given_episodes() -> None:
    """Each episode has its title as a link, its facts, its summary and its leading reveal, in given order."""
    entries = [entry(TIDES), entry(FULL, "other")]

    first, second = main_of(index_page(PACKAGED, SITE, entries)).find("article")

    assert (first.one("h2").text, first.one("a").attributes["href"]) == ("Tides", "./episodes/tides/")
    assert [p.text for p in first.find("p")] == [
        "Shoreline · 2 February 2020 · 1h",
        "Why the water comes back.",
        "Big reveal",
        "The first tide table was a song.",
    ]
    assert second.find("p")[-1].one("em").text == "<second reveal>", "the highlighted reveal leads"
    assert second.attributes["lang"] == "de"


@pytest.mark.parametrize(
    ("episode", "paragraphs"),
    [
        (replace(TIDES, reveals=()), ["Why the water comes back."]),
        (replace(TIDES, dek=()), ["The first tide table was a song."]),
        (replace(TIDES, dek=(), reveals=(prose("water " * 200),)), ["water " * 82 + "water…"]),
        (replace(TIDES, dek=(), reveals=()), []),
        (
            replace(TIDES, dek=(), highlights=(1,)),
            ["The first tide table was a song.", "Big reveal", "The moon is late."],
        ),
        (
            replace(TIDES, dek=(Span("Said "), Span("before", strong=True)), reveals=(prose("Said before"),)),
            ["Said before"],
        ),
    ],
    ids=[
        "no reveal",
        "reveal sums up",
        "long reveal sums up",
        "nothing",
        "other reveal leads",
        "equal words",
    ],
)
def test_front_page_says_nothing_twice(episode: Episode, paragraphs: list[str]) -> None:
    """A reveal that already is the summary, and facts that would be, are not repeated."""
    page = main_of(index_page(PACKAGED, SITE, [entry(episode)]))

    assert [p.text for p in page.one("article").find("p")][1:] == paragraphs


def test_front_page_has_no_paid_link() -> None:
    """Without a disclosure on the front page, nothing there is paid."""
    publication, content = entry(FULL)
    page = index_page(PACKAGED, SITE, [(publication, content)]).decode()

    assert PAID_SHOP.disclosure in content.html
    assert "(paid link)" not in page
    assert "sponsored" not in page
    assert "shop.example.com" not in page


def test_front_page_leads_to_all_episodes() -> None:
    """From the newest episodes one gets to all of them, and an empty site says that it is."""
    page = main_of(index_page(PACKAGED, SITE, []))

    assert page.one("h1").text == "Harbour Notes"
    assert page.one("p", class_="lead").text == "What was said by the water."
    assert "Nothing has been published yet." in page.text
    assert page.one("a").attributes["href"] == "./episodes/"


def test_archive_has_a_line_per_episode() -> None:
    """A line has date, show and title, in this order."""
    page = main_of(archive_page(PACKAGED, SITE, [row(publish(FULL))]))

    line = page.one("ul", class_="archive").one("li")
    assert line.text == "1 March 2019 <show> <title>"
    assert line.one("time").attributes == {"datetime": "2019-03-01"}
    assert line.one("a").attributes["href"] == "../episodes/tides/"


def test_archive_is_grouped_by_year_from_the_newest() -> None:
    """Years and days go backwards, and what aired on one day keeps the order it came in."""
    days = {"a": date(2019, 12, 31), "b": date(2021, 1, 1), "c": date(2019, 1, 1), "d": date(2019, 12, 31)}
    rows = [ArchiveRow(f"{ADDRESS}episodes/{name}/", name, "Shoreline", day) for name, day in days.items()]

    page = main_of(archive_page(PACKAGED, SITE, rows))

    groups = zip(page.find("h2"), page.find("ul", class_="archive"), strict=True)
    assert [(year.text, [a.text for a in lines.find("a")]) for year, lines in groups] == [
        ("2021", ["b"]),
        ("2019", ["a", "d", "c"]),
    ]
    assert [(a.text, a.attributes["href"]) for a in page.one("nav").find("a")] == [
        ("2021", "#y2021"),
        ("2019", "#y2019"),
    ]


def test_archive_of_one_year_needs_no_list_of_years() -> None:
    """A list of years appears where there is something to choose."""
    one = main_of(archive_page(PACKAGED, SITE, [row(publish(TIDES))]))
    none = main_of(archive_page(PACKAGED, SITE, []))

    assert not one.find("nav")
    assert "Nothing has been published yet." in none.text


def test_episode_with_a_page_elsewhere_is_linked_there() -> None:
    """A page that lives elsewhere is what the site links to, and is the canonical one."""
    publication = publish(TIDES, url="https://elsewhere.example.com/tides")
    content = render(TIDES, MERCHANTS)

    index = main_of(index_page(PACKAGED, SITE, [(publication, content)]))
    archive = main_of(archive_page(PACKAGED, SITE, [row(publication)]))
    page = read_html(episode_page(PACKAGED, SITE, publication, content))

    assert index.find("a")[0].attributes["href"] == publication.url
    assert archive.find("a")[0].attributes["href"] == publication.url
    assert page.one("link", rel="canonical").attributes["href"] == publication.url


def test_author_is_named_on_every_page() -> None:
    """The author has a name, and a link where there is an address."""
    nameless = SITE.model_copy(update={"author": Author(name="B & B")})

    linked = read_html(index_page(PACKAGED, SITE, [])).find("footer")[-1]
    plain = read_html(index_page(PACKAGED, nameless, [])).find("footer")[-1]

    assert linked.find("p")[-1].one("a").attributes["href"] == "https://moss.example.net/"
    assert plain.find("p")[-1].text == "Notes by B & B"
    assert not plain.find("p")[-1].find("a")


def test_same_input_makes_the_same_bytes() -> None:
    """Pages read no clock: a second set of templates writes equal bytes."""
    again = Templates(Path("no-such-folder"))

    assert index_page(PACKAGED, SITE, [entry(FULL)]) == index_page(again, SITE, [entry(FULL)])
    assert episode_page(PACKAGED, SITE, *entry(FULL)) == episode_page(again, SITE, *entry(FULL))


def project(folder: Path, name: str, text: str) -> Templates:
    """Write one template of a project."""
    (folder / "site").mkdir(exist_ok=True)
    (folder / "site" / name).write_text(text, encoding="utf-8")
    return Templates(folder)


def test_project_replaces_a_block_of_every_page(tmp_path: Path) -> None:
    """A base template that builds on the packaged one changes a block on all pages and keeps the rest."""
    templates = project(
        tmp_path,
        "base.html",
        '{% extends "packaged/site/base.html" %}{% block footer %}Ours: {{ site.title }}{% endblock %}',
    )

    pages = (
        index_page(templates, SITE, [entry(TIDES)]),
        archive_page(templates, SITE, []),
        episode_page(templates, SITE, *entry(TIDES)),
    )

    for page in map(read_html, pages):
        assert page.find("footer")[-1].text.strip() == "Ours: Harbour Notes"
        assert page.one("main").find("h1")
        assert page.find("link", rel="stylesheet")


def test_project_replaces_a_whole_page(tmp_path: Path) -> None:
    """A project's own template of a page wins and gets what the packaged one gets."""
    templates = project(
        tmp_path, "episode.html", "{{ episode.title }}|{{ facts }}|{{ root }}|{{ address }}|{{ body }}"
    )
    publication, content = entry(replace(TIDES, title="<Tides>", dek=(), reveals=()))

    page = episode_page(templates, SITE, publication, content)

    facts = content.facts.removeprefix("Shoreline")
    assert page.decode() == f"&lt;Tides&gt;|{facts}|../../|{publication.url}|"


def test_broken_template_of_a_project_is_named(tmp_path: Path) -> None:
    """Names that do not exist, and what cannot be read, are errors with file and line."""
    templates = project(tmp_path, "index.html", "<p>\n{{ epsiodes }}</p>")

    with pytest.raises(
        TemplateError, match=r"^templates/site/index\.html:2:\d+: error: 'epsiodes' is undefined"
    ):
        index_page(templates, SITE, [])

    templates = project(tmp_path, "archive.html", "<p>\n\n{% for year %}</p>")
    with pytest.raises(TemplateError, match=r"^templates/site/archive\.html:3:\d+: "):
        archive_page(templates, SITE, [])


@pytest.mark.parametrize("css", ["@media print{#menu{display:none}}\n", "a::before { content: '\\201c' }\n"])
def test_plain_stylesheet_is_taken_as_it_stands(tmp_path: Path, css: str) -> None:
    """Compact CSS that looks like the comment of a template is no template."""
    assert stylesheet(project(tmp_path, "style.css", css), SITE) == css.encode()


def test_stylesheet_may_build_on_the_packaged_one(tmp_path: Path) -> None:
    """A project adds rules to the packaged stylesheet, and may use what the site says of itself."""
    css = '{% include "packaged/site/style.css" %}\nbody::after { content: "{{ site.language }}" }\n'

    made = stylesheet(project(tmp_path, "style.css", css), SITE)

    assert made == stylesheet(PACKAGED, SITE) + b'body::after { content: "en" }\n'
