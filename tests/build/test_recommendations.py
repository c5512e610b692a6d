"""Recommendations through whole builds: their feeds, and what is recommended again."""

from __future__ import annotations

import pytest
from lxml import html as lxml_html

from tests.build.documents import HOME, document, ids, recommended, root_of
from tests.content.reader import read_html
from tests.projects import BODY, FIRST, LATER, MUCH_LATER, PAID, ProjectFolder

DISCLOSURE = "We get a share when you buy through a marked link."
CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"


def shown(html: str) -> str:
    """Return the text of HTML in one line."""
    return " ".join(lxml_html.fragment_fromstring(html, create_parent=True).text_content().split())


def again(name: str, *, book: str, more: str = "") -> str:
    """Write a note that recommends a book under a name; `more` is a line of its own about it."""
    line = f"by Marta Quill · recommended · book\n\n{more}"
    body = BODY.format(word=name).replace("by Marta Quill · recommended · book\n", line)
    return body.replace(f"The Book of {name}", book)


@pytest.fixture
def built(project: ProjectFolder) -> ProjectFolder:
    """Build two notes that recommend the same book, one after the other, with paid links."""
    project.schedule(PAID)
    project.note("fog", date="2019-01-01")
    project.build(FIRST)
    project.note("mist", body=again("Mist", book="The Book of Fog"), date="2020-01-01")
    assert not project.build(LATER).diagnostics
    return project


def test_entry_holds_all_that_was_said(built: ProjectFolder) -> None:
    """An entry has the quote, speaker, time, episode, buy link and disclosure; its title is the thing."""
    item = recommended(built.files())["Fog"]

    text = shown(item["content_html"])
    assert item["title"] == "The Book of Fog by Marta Quill"
    assert "I read it twice, and and then again." in text
    assert "— Marta Quill (00:12:05)" in text
    assert "From Fog (Keepers · 1 January 2019)" in text
    assert f'<a href="{HOME}episodes/fog/#the-book-of-fog">Fog</a>' in item["content_html"]
    (link,) = lxml_html.fromstring(item["content_html"]).xpath("//a[contains(@href, 'tag=lamp-21')]")
    assert (link.get("rel"), link.tail.strip()) == ("sponsored nofollow", "(paid link)")
    assert text.count(DISCLOSURE) == 1
    assert text.index(DISCLOSURE) < text.index("(paid link)")
    assert item["_recommendation"]["recommendation"]["quote"] == {
        "text": "I read it twice, and and then again.",
        "speaker": "Marta Quill",
        "at_in_seconds": 725,
    }
    assert item["url"] == f"{HOME}episodes/fog/#the-book-of-fog"


def test_formats_say_the_same(built: ProjectFolder) -> None:
    """RSS, Atom and JSON Feed have the same ids, titles and contents in the same order."""
    files = built.files()
    wanted = [(item["id"], item["title"], item["content_html"]) for item in recommended(files).values()]
    rss = root_of(files["recommendations.xml"]).findall("channel/item")
    atom = root_of(files["recommendations.atom"]).findall("{*}entry")

    assert len(wanted) == 2
    assert [(each.findtext("guid"), each.findtext("title"), each.findtext(CONTENT)) for each in rss] == wanted
    assert [
        tuple(each.findtext(f"{{*}}{name}") for name in ("id", "title", "content")) for each in atom
    ] == wanted


def test_each_recommendation_of_a_note_is_an_entry(project: ProjectFolder) -> None:
    """They have ids and addresses of their own, and stand in the feed of their medium too."""
    lantern = "### A lantern\n\nrecommended · product\n"
    project.note("fog", body=f"{BODY.format(word='Fog')}\n{lantern}\n{lantern}")

    project.build(FIRST)

    files, episode = project.files(), project.entries()["episodes/fog.md"]["id"]
    keys = ("the-book-of-fog", "a-lantern", "a-lantern-2")
    for path in document("recommendations"):
        assert ids(path, files[path]) == [f"{episode}#{key}" for key in keys]
    assert ids("", files["recommendations/book.xml"]) == [f"{episode}#{keys[0]}"]
    assert ids("", files["recommendations/product.atom"]) == [f"{episode}#{key}" for key in keys[1:]]
    page = read_html(files["episodes/fog/index.html"])
    assert [card.attributes["id"] for card in page.find("section", class_="card")] == list(keys)


def test_feeds_name_earlier_episodes_only(built: ProjectFolder) -> None:
    """What was once sent never changes because somebody recommends the thing again."""
    fog, mist = (recommended(built.files())[name] for name in ("Fog", "Mist"))

    assert (
        f'<li>by Marta Quill in <a href="{HOME}episodes/fog/#the-book-of-fog">Fog</a></li>'
        in mist["content_html"]
    )
    assert [mention["title"] for mention in mist["_recommendation"]["also"]] == ["Fog"]
    assert "Also recommended" not in fog["content_html"]
    assert "also" not in fog["_recommendation"]


def test_guest_s_own_thing_is_not_also_recommended(built: ProjectFolder) -> None:
    """Whose own it is does not recommend it; the note that does is named there all the same."""
    body = again("Haze", book="The Book of Fog").replace("· recommended ·", "· the guest’s own ·")
    built.note("haze", body=body, date="2020-02-02")

    built.build(MUCH_LATER)

    files = built.files()
    also = recommended(files)["Haze"]["_recommendation"]["also"]
    assert [mention["title"] for mention in also] == ["Mist", "Fog"]
    assert b"Haze" not in files["episodes/fog/index.html"]


def test_pages_name_earlier_and_later_episodes(built: ProjectFolder) -> None:
    """A page can be written again, so it tells of all episodes that recommend the same."""
    said = {
        name: read_html(built.files()[f"episodes/{name}/index.html"]).one("p", class_="also").text
        for name in ("fog", "mist")
    }

    assert said == {
        "fog": "Also recommended by Marta Quill in Mist",
        "mist": "Also recommended by Marta Quill in Fog",
    }


def test_recommending_again_rewrites_pages_and_current_feeds_alone(project: ProjectFolder) -> None:
    """Of what was there, the pages of those episodes are written, lists and current feeds; no archive."""
    project.schedule("feeds: {entries: 1}\n")
    for name in ("ash", "fog", "gulls"):
        project.note(name)
    project.note("mist", body=again("Mist", book="The Book of Fog"))
    project.build(FIRST)
    before = project.stamps()
    project.note("haze", body=again("Haze", book="the book of fog!"))

    project.build(LATER)

    written = project.written_since(before) & before.keys()
    pages = {f"episodes/{name}/index.html" for name in ("fog", "mist")}
    lists = {
        "index.html",
        "episodes/index.html",
        "recommendations/index.html",
        "recommendations/newest/index.html",
    }
    of_books = {"recommendations/book/index.html", "recommendations/book/newest/index.html"}
    feeds = {*document(), *document("recommendations"), *document("recommendations/book")}
    assert written == pages | lists | of_books | feeds | {"sitemap.xml"}
    assert {path for path in before if path.startswith("archive/")}


def test_renamed_recommendation_keeps_its_id(built: ProjectFolder) -> None:
    """A name that is mended later is the same entry, at the same place of the page."""
    before = recommended(built.files())["Fog"]
    built.edit("episodes/fog.md", "### The Book of Fog", "### A Book on Fogs")

    built.build(MUCH_LATER)

    after = recommended(built.files())["Fog"]
    assert after["title"] == "A Book on Fogs by Marta Quill"
    assert (after["id"], after["url"]) == (before["id"], before["url"])
    page = read_html(built.files()["episodes/fog/index.html"])
    assert page.one("section", class_="card").attributes["id"] == "the-book-of-fog"


def test_id_of_a_renamed_recommendation_is_not_given_to_another(built: ProjectFolder) -> None:
    """A new recommendation under the old name is a new entry."""
    before = recommended(built.files())["Fog"]["id"]
    built.edit("episodes/fog.md", "### The Book of Fog", "### A Book on Fogs")
    built.build(MUCH_LATER)
    path = built.root / "episodes" / "fog.md"
    built.write("episodes/fog.md", f"{path.read_text('utf-8')}\n### The Book of Fog\n\nrecommended · book\n")

    built.build(MUCH_LATER.replace(hour=9))

    found = [each for each in ids("", built.files()["recommendations.xml"]) if each.startswith(before)]
    assert found == [before, f"{before}-2"]


@pytest.mark.parametrize(
    ("book", "more", "is_same"),
    [
        ("The Fog Book", "", False),
        ("The Fog Book", "Same as: The Book of Fog\n", True),
        ("The Book of Fog", "", True),
        ("The Book of Fog", "Not the same as: The Book of Fog\n", False),
    ],
)
def test_note_says_what_is_the_same(project: ProjectFolder, book: str, more: str, *, is_same: bool) -> None:
    """A line in a note joins two names, or parts one name, in feeds, pages and lists."""
    project.note("fog")
    project.build(FIRST)
    project.note("mist", body=again("Mist", book=book, more=more))
    assert not project.build(LATER).diagnostics

    files = project.files()
    assert ("also" in recommended(files)["Mist"]["_recommendation"]) == is_same
    for name in ("fog", "mist"):
        page = read_html(files[f"episodes/{name}/index.html"])
        assert bool(page.find("p", class_="also")) == is_same
    assert (b"Recommended twice" in files["recommendations/index.html"]) == is_same


def test_without_recommendations_there_are_no_such_feeds(project: ProjectFolder) -> None:
    """Notes that recommend nothing make no feed of nothing; the page says so."""
    project.note("fog", body="Fog.\n\n## Big reveals\n\n- It is wet.\n")

    project.build(FIRST)

    assert not [
        path for path in project.files() if path.startswith("recommendations") and not path.endswith("html")
    ]
    assert "recommendations/index.html" in project.files()


def test_feeds_of_recommendations_can_be_turned_off(built: ProjectFolder) -> None:
    """Without them their files go, and pages and lists do not lead there any more."""
    built.schedule(f"{PAID}feeds: {{recommendations: false}}\n")

    built.build(MUCH_LATER)

    files = built.files()
    assert not [path for path in files if path.startswith("recommendations") and not path.endswith(".html")]
    assert not [path for path, data in files.items() if b"recommendations.xml" in data]
    assert "recommendations/index.html" in files
