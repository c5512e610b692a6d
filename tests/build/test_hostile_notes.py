"""Hostile notes through the whole line: in every output they are text, the same text, and nothing else."""

from __future__ import annotations

import email
import email.policy
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import feedparser
import pytest
from hypothesis import given, settings
from lxml import etree
from lxml import html as lxml_html

from feedmaker.app.drafting import draft
from feedmaker.app.people import add_subscribers
from feedmaker.app.sending import send
from feedmaker.model import Episode, Guest, Link, Quote, Recommendation, prose
from feedmaker.notes.lines import visible
from feedmaker.notes.writing import write_markdown
from tests.content.episodes import hostile_text
from tests.content.reader import Element, read_html
from tests.projects import FIRST, LATER, PAID, ProjectFolder

TEXTS = {
    "calm": "calm",
    "script": "<script>alert(1)</script>",
    "handler": "<img src=x onerror=alert(1)>",
    "attribute": '" onmouseover="alert(1)" x=\'',
    "expression": "{{ 7 * 7 }} {{ site }}",
    "statement": "{% raw %} {% endblock %} {# gone #}",
    "cdata": "]]> <![CDATA[ x ]]>",
    "comment": "--> <!-- gone -->",
    "conditional": "<!--[if mso]> x <![endif]-->",
    "instruction": "<?php phpinfo() ?>",
    "entities": "&amp; &lt;b&gt; &#60; &nbsp; & &copy",
    "angles": "1 < 2 > 0 << 3",
    "markdown": "**a** _b_ `c` [d](https://e.example) ![f](g) ~~h~~ # *",
    "address": "javascript:alert(1) data:text/html,x vbscript:x",
    "right to left": "\u202eمرحبا\u202c שלום",
    "emoji": "👩‍🚀🦉 e\u0301 ﷽",
    "blanks": "a\u00a0b\u200bc\u3000d\u2009e",
    "long word": "w" * 200,
    "percent": "100 % %s %(x)s %0 \\n \\ \\\\ $HOME `id`",
    "nothing": "null None nil undefined NaN false 0 ~",
    "mail": "x@y.example\\r\\nBcc: z@y.example =?utf-8?q?x?=",
    "yaml": "a: b # c -d ? e | f > g @ h ` i & j * k ! l",
    "replaced": "\ufffd",
}
FORBIDDEN = {"script", "iframe", "object", "embed", "form", "img", "svg", "math", "base", "frame", "input"}
EXPORT = """\
Home {show} Notes
{show} · 2019-05-04 · 1h 2m

{title}

{dek}

{title}
The guest

{guest} — {bio}

The gist

{gist}

Big reveals

• {reveal}

Things worth remembering

• {takeaway}

Recommended in this episode

RecommendedBook

{name}

{creator}

“{quote}” — {speaker} 00:26:09
Find it on Amazon
"""
FIELDS = re.findall(r"\{(\w+)\}", EXPORT)
# A page export shows by a quotation mark where a quote ends and its speaker begins; no more of them here.
IN_EXPORT = {"attribute": "' onmouseover='alert(1)' x=y", "long word": "w" * 60}


@dataclass(frozen=True)
class Said:
    """Hold the texts of one note by field."""

    texts: dict[str, str]

    def __getitem__(self, name: str) -> str:
        return self.texts[name]

    @classmethod
    def everywhere(cls, text: str, title: str, thing: str | None = None) -> Said:
        """Put a text into every field, each with a word of its own before it; `thing` into what it names."""
        texts = {name: f"{name} {text}" for name in (*FIELDS, "tag")}
        thing = text if thing is None else thing
        return cls(
            texts | {"title": f"{title} {text}", "name": f"name {thing}", "creator": f"creator {thing}"}
        )

    def markdown(self) -> str:
        """Write the note as Markdown."""
        return write_markdown(
            Episode(
                show=self["show"],
                title=self["title"],
                aired=date(2019, 5, 4),
                duration=3720,
                dek=prose(self["dek"]),
                guests=(Guest(self["guest"], self["bio"]),),
                gist=(prose(self["gist"]),),
                reveals=(prose(self["reveal"]),),
                takeaways=(prose(self["takeaway"]),),
                recommendations=(
                    Recommendation(
                        "recommended",
                        "book",
                        self["name"],
                        self["creator"],
                        quote=Quote(self["quote"], self["speaker"], 1569),
                        link=Link("amazon:"),
                    ),
                ),
                tags=(self["tag"],),
            )
        )

    def export(self) -> str:
        """Write the note as a page export, which has no tags."""
        return EXPORT.format(**self.texts)

    def data(self) -> dict[str, object]:
        """Return what the JSON feed has to say, but for the address of the link."""
        return {
            "show": self["show"],
            "aired": "2019-05-04",
            "duration_in_seconds": 3720,
            "guests": [{"name": self["guest"], "bio": self["bio"]}],
            "gist": self["gist"],
            "reveals": [self["reveal"]],
            "takeaways": [self["takeaway"]],
            "recommendations": [
                {
                    "kind": "recommended",
                    "medium": "book",
                    "name": self["name"],
                    "creator": self["creator"],
                    "creator_inferred": False,
                    "quote": {"text": self["quote"], "speaker": self["speaker"], "at_in_seconds": 1569},
                    "paid": True,
                }
            ],
        }


NOTES = {
    f"{name} ({form})": Said.everywhere(text, f"title of {form}", TEXTS[name])
    for form, texts in (("md", TEXTS), ("txt", TEXTS | IN_EXPORT))
    for name, text in texts.items()
}
OTHER_FORM = {"md": "txt", "txt": "md"}


@dataclass(frozen=True)
class Outputs:
    """Hold what a site says, read by programs that are not ours."""

    items: dict[str, dict[str, Any]]
    rss: dict[str, etree._Element]
    atom: dict[str, etree._Element]
    pages: dict[str, bytes]
    files: dict[str, bytes]


def read_outputs(project: ProjectFolder) -> Outputs:
    """Read the three feeds and the pages, by the title of each episode."""
    files = project.files()
    rss = etree.fromstring(files["feed.xml"]).findall("channel/item")
    atom = etree.fromstring(files["atom.xml"]).findall("{*}entry")
    items = project.items()
    home = "https://lamp.example.org/notes/"
    return Outputs(
        items,
        {item.findtext("title", ""): item for item in rss},
        {entry.findtext("{*}title", ""): entry for entry in atom},
        {title: files[f"{item['url'].removeprefix(home)}index.html"] for title, item in items.items()},
        files,
    )


IN_ONE_ISSUE = 6


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> ProjectFolder:
    """Build a site of all hostile notes, in both forms, and mail them to one subscriber, a few at a time."""
    project = ProjectFolder(tmp_path_factory.mktemp("hostile") / "site")
    project.schedule(f"  whole_episodes: {IN_ONE_ISSUE}\n{PAID}feeds: {{entries: 100}}\n")
    project.build(FIRST)
    add_subscribers(project.open(), ["ann@post.example"], LATER)
    for number, (name, said) in enumerate(NOTES.items(), 1):
        form = "md" if name.endswith("(md)") else "txt"
        project.write(f"episodes/{number:02}.{form}", said.markdown() if form == "md" else said.export())
        if number % IN_ONE_ISSUE == 0 or number == len(NOTES):
            made = draft(project.open(), LATER)
            assert not made.build.diagnostics
            assert made.issue
            assert not made.issue.cuts
            send(project.open(), made.issue.slug, LATER)
    return project


@pytest.fixture(scope="module")
def outputs(site: ProjectFolder) -> Outputs:
    """Read the site of all hostile notes."""
    return read_outputs(site)


every_note = pytest.mark.parametrize("name", NOTES)


def without_address(data: dict[str, Any]) -> dict[str, Any]:
    """Leave out what the note does not say itself."""
    found = json.loads(json.dumps(data))
    del found["about"]
    for item in found["recommendations"]:
        address = item.pop("url")
        assert re.fullmatch(r"https://www\.amazon\.com/s\?k=[\w%.~-]+&tag=lamp-21", address)
    return dict(found)


def check_feeds(said: Said, outputs: Outputs, tags: list[str]) -> None:
    """Check that the three feeds say what the note says, and the same."""
    title = said["title"]
    item, rss, atom = outputs.items[title], outputs.rss[title], outputs.atom[title]
    summary = folded(said["dek"])
    assert without_address(item["_episode_notes"]) == said.data()
    assert item["summary"] == atom.findtext("{*}summary") == summary
    description = lxml_html.fragment_fromstring(rss.findtext("description", ""), create_parent=True)
    assert description.text_content() == summary
    assert len(description) == 0
    assert item.get("tags", []) == [tag.text for tag in rss.findall("category")] == tags
    assert [tag.get("term") for tag in atom.findall("{*}category")] == tags
    content = item["content_html"]
    assert rss.findtext("{http://purl.org/rss/1.0/modules/content/}encoded") == content
    assert atom.findtext("{*}content") == content
    check_note(said, read_html(content))


def check_note(said: Said, note: Element) -> None:
    """Check that the HTML of a note holds its texts, each in its place."""
    assert [heading.text for heading in note.find("h3")] == [said["name"]]
    assert [quote.text for quote in note.find("blockquote")] == [said["quote"]]
    assert [bullet.text for bullet in note.find("li")] == [said["reveal"], said["takeaway"]]
    paragraphs = [paragraph.text for paragraph in note.find("p")]
    assert {
        said["dek"],
        said["gist"],
        f"{said['guest']} — {said['bio']}",
        f"by {said['creator']} · recommended · book",
        f"— {said['speaker']} (00:26:09)",
    } <= set(paragraphs)


def check_page(said: Said, page: Element, tags: list[str]) -> None:
    """Check that the page of a note shows its title, facts, texts and tags."""
    assert page.one("h1").text == said["title"]
    assert page.one("title").text == f"{said['title']} · Lighthouse Notes"
    assert page.one("p", class_="facts").text == f"{said['show']} · 4 May 2019 · 1h 2m"
    assert [tag.text for tag in page.find("a", rel="tag")] == tags
    check_note(said, page.one("div", class_="note"))


@every_note
def test_feeds_say_what_the_note_says(name: str, outputs: Outputs) -> None:
    """Titles, summaries, tags, contents and data are the note's own characters, in all three formats."""
    check_feeds(NOTES[name], outputs, [NOTES[name]["tag"]] if name.endswith("(md)") else [])


@every_note
def test_page_says_what_the_note_says(name: str, outputs: Outputs) -> None:
    """The page shows each text where it belongs, character by character."""
    page = read_html(outputs.pages[NOTES[name]["title"]])

    check_page(NOTES[name], page, [NOTES[name]["tag"]] if name.endswith("(md)") else [])


@every_note
def test_page_has_the_elements_of_a_calm_note(name: str, outputs: Outputs) -> None:
    """No text adds an element or an attribute, for a strict parser and for a forgiving one."""
    calm = NOTES[f"calm ({name[-4:].strip('()')})"]
    page, expected = (outputs.pages[said["title"]] for said in (NOTES[name], calm))

    assert read_html(page).skeleton() == read_html(expected).skeleton()
    assert list(harmful(page)) == []


@every_note
def test_page_names_the_note_that_recommends_the_same(name: str, outputs: Outputs) -> None:
    """Title and speaker of another note stand on this one's page as text, with a link to it."""
    form = name[-4:].strip("()")
    other = NOTES[name.replace(f"({form})", f"({OTHER_FORM[form]})")]
    also = read_html(outputs.pages[NOTES[name]["title"]]).one("p", class_="also")

    assert also.text == f"Also recommended by {other['speaker']} in {other['title']}"
    address = outputs.items[other["title"]]["url"].removeprefix("https://lamp.example.org/notes/")
    assert (also.one("a").attributes["href"] or "").startswith(f"../../{address}#")


def is_data(element: etree._Element) -> bool:
    """Tell data for machines, which no browser runs, and which no text has broken."""
    is_json = element.get("type") == "application/ld+json" and set(element.attrib) == {"type"}
    return is_json and isinstance(json.loads(element.text or ""), dict)


def harmful(html: bytes | str) -> Iterator[str]:
    """Name what could run or load, as the forgiving parser of a browser sees it."""
    root = lxml_html.document_fromstring(html, parser=lxml_html.HTMLParser(encoding="utf-8"))
    for element in root.iter():
        if element.tag in FORBIDDEN and not is_data(element):
            yield str(element.tag)
        for attribute, value in element.attrib.items():
            if attribute.startswith("on") or re.match(r"\s*(javascript|data|vbscript):", str(value)):
                yield str((element.tag, attribute, value))


def test_lists_name_every_note(outputs: Outputs) -> None:
    """Front page and archive hold all titles as text and link to each page; no list holds what runs."""
    titles = {said["title"] for said in NOTES.values()}
    front, archive = (read_html(outputs.files[path]) for path in ("index.html", "episodes/index.html"))

    assert {heading.one("a").text for heading in front.find("h2") if heading.find("a")} == titles
    assert titles <= {link.text for link in archive.find("a")}
    lists = [path for path in outputs.files if path.endswith(".html") and path not in outputs.pages]
    assert {"recommendations/index.html", "tags/index.html"} <= set(lists)
    for path in lists:
        assert list(harmful(outputs.files[path])) == [], path


@pytest.mark.parametrize("path", ["feed.xml", "atom.xml"])
def test_feed_reader_gets_every_note(path: str, outputs: Outputs) -> None:
    """A feed reader finds nothing to complain of, all ids, and contents equal to those of the JSON feed."""
    found = feedparser.parse(outputs.files[path], sanitize_html=False, resolve_relative_uris=False)

    assert not found.bozo
    assert {entry.id: entry.content[0].value for entry in found.entries} == {
        item["id"]: item["content_html"] for item in outputs.items.values()
    }


def test_feeds_hold_nothing_that_runs(outputs: Outputs) -> None:
    """The contents have the elements of a note and links; nothing else."""
    endorsed = json.loads(outputs.files["recommendations.json"])["items"]
    assert len(endorsed) == len(NOTES)
    for item in (*outputs.items.values(), *endorsed):
        assert list(harmful(item["content_html"])) == []
        tags = {tag for tag, _ in read_html(item["content_html"]).skeleton()}
        assert tags <= {"p", "h2", "h3", "ul", "li", "strong", "blockquote", "small", "a"}


# Mail


@dataclass(frozen=True)
class Mail:
    """Hold messages as a mail program decodes them; `text` and `shown` are what all of them say."""

    messages: list[Any]
    html: list[str]
    text: str
    shown: str


@pytest.fixture(scope="module")
def mail(site: ProjectFolder) -> Mail:
    """Read the messages that the subscriber got."""
    messages: list[Any] = [
        email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        for path in (site.root / "outbox").rglob("*.eml")
    ]
    texts, html = zip(*([part.get_content() for part in one.iter_parts()] for one in messages), strict=True)
    shown = [lxml_html.document_fromstring(page).text_content() for page in html]
    return Mail(messages, list(html), folded(" ".join(texts)), folded(" ".join(shown)))


def folded(text: str) -> str:
    """Fold white space the way line breaks and HTML do, and no other."""
    return re.sub(r"[ \t\r\n]+", " ", text)


def trimmed(text: str) -> str:
    """Fold what reading folds in a line, line separators among it."""
    return folded(re.sub("[\u0085\u2028\u2029]", " ", text))


@every_note
def test_mail_says_what_the_note_says(name: str, mail: Mail) -> None:
    """Both parts hold titles, reveals, names, quotes and speakers unchanged."""
    said = NOTES[name]
    fields = ("show", "title", "dek", "reveal", "takeaway", "name", "creator", "quote", "speaker")
    for text in (*map(said.__getitem__, fields), " ".join(said["gist"].split())):
        assert text in mail.shown, f"{text} is not in the HTML part"
        assert text in mail.text, f"{text} is not in the text part"


def test_mail_holds_nothing_that_runs(mail: Mail) -> None:
    """No HTML part has a script, picture, form or handler, whatever the notes say."""
    assert [list(harmful(page)) for page in mail.html] == [[] for _ in mail.html]


def test_mail_has_the_headers_of_every_mail(mail: Mail) -> None:
    """No text of a note adds a header or a recipient."""
    for message in mail.messages:
        assert set(message.keys()) == {
            *("Date", "To", "Message-ID", "From", "Subject", "MIME-Version", "Content-Type"),
            *("List-Id", "List-Unsubscribe", "Precedence", "Auto-Submitted"),
        }
        assert message["To"] == "ann@post.example"


# Notes that nobody wrote with care: the hostile text stands in the Markdown as it is

RAW = """\
---
show: "{escapes}"
title: "{name} {escapes}"
date: 2019-05-04
guests: [{{name: "{escapes}", bio: "{escapes}"}}]
tags: ["{escapes}"]
---

Dek {text}

[a](javascript:alert(1)) <javascript:alert(1)> ![p](data:text/html,x) [ref] [rel](//x) [up](../x)
[JS](JaVaScRiPt:x)

[ref]: data:text/html;base64,PHM+

## The gist

{text}

<div onclick="alert(1)">{text}</div>

## Big reveals

- {text}

## Recommended in this episode

### Name {text}

> {text}
>
> — {text}, 00:01:00

[Buy it](javascript:alert(1))

### Other name

> {text}

[Buy it](data:text/html;base64,PHM+)
"""
ESCAPES = r"a\r\nBcc: x\x07\0\u202E\u2028<script>alert(1)</script>]]>{{ 7 }}"


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Outputs:
    """Build a site of notes that hold hostile texts as they are."""
    project = ProjectFolder(tmp_path_factory.mktemp("raw") / "site")
    project.schedule(PAID)
    for number, (name, text) in enumerate(TEXTS.items()):
        note = RAW.format(name=name, text=text, escapes=ESCAPES)
        project.write(f"episodes/{number:02}.md", note)
    report = project.build(FIRST)
    assert not report.failed, [str(fault) for fault in report.diagnostics]
    assert report.published == len(TEXTS)
    return read_outputs(project)


def test_raw_text_in_markdown_runs_nowhere(raw: Outputs) -> None:
    """Whatever Markdown makes of unescaped text, no output has an element or address that runs or loads."""
    for path, data in raw.files.items():
        if path.endswith(".html"):
            assert list(harmful(data)) == [], path
        if path.endswith(".xml"):
            assert not feedparser.parse(data).bozo, path
    for item in raw.items.values():
        assert list(harmful(item["content_html"])) == []
        assert all("url" not in card for card in item["_episode_notes"]["recommendations"])


def test_escapes_in_front_matter_break_no_line(raw: Outputs) -> None:
    """Line ends and control characters that YAML writes as escapes are neither in titles nor in names."""
    for title, item in raw.items.items():
        data = item["_episode_notes"]
        for text in (title, data["show"], data["guests"][0]["name"], data["guests"][0]["bio"], *item["tags"]):
            assert not re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029]", text), ascii(text)
            assert "<script>alert(1)</script>]]>{{ 7 }}" in text


@pytest.mark.parametrize("form", ["md", "txt"])
def test_quote_keeps_separators_that_look_like_line_ends(project: ProjectFolder, form: str) -> None:
    """What parts lines for some programs and not for others stays in a quote, and out of a title."""
    said = Said.everywhere("a\u2028b\u2029c\u0085d", "title")
    project.write(f"episodes/lines.{form}", said.markdown() if form == "md" else said.export())

    project.build(FIRST)

    (item,) = project.items().values()
    assert item["title"] == "title a b c d"
    assert item["_episode_notes"]["recommendations"][0]["quote"]["text"] == said["quote"]
    for html in (item["content_html"], read_outputs(project).pages[item["title"]]):
        assert [quote.text for quote in read_html(html).find("blockquote")] == [said["quote"]]


@pytest.mark.parametrize("sign", ["\x00", "\x07", "\x1b", "\x7f", "\x9b", "\ufffe", "\uffff"])
@pytest.mark.parametrize("form", ["md", "txt"])
def test_control_characters_become_visible(project: ProjectFolder, sign: str, form: str) -> None:
    """A control character in a file is shown by a sign for it, or the file is refused as binary."""
    said = Said.everywhere("bell", "title").texts
    text = Said(said).markdown() if form == "md" else Said(said).export()
    project.write(f"episodes/bell.{form}", text.replace("bell", f"a{sign}b"))

    report = project.build(FIRST)

    if sign == "\0":
        assert [fault.code for fault in report.diagnostics] == ["binary-file"]
    else:
        assert {fault.code for fault in report.diagnostics} == {"control-character"}
        assert list(project.items()) == [f"title a{visible(sign)}b"]
        assert not any(sign.encode() in data for data in project.files().values())


@settings(max_examples=20)
@given(text=hostile_text(), other=hostile_text())
def test_any_text_comes_out_as_it_went_in(
    tmp_path_factory: pytest.TempPathFactory, text: str, other: str
) -> None:
    """From the note in its folder to feeds and page, a text of any kind is the same text."""
    fields = {name: f"{name} {other if at % 2 else text} ." for at, name in enumerate(FIELDS)}
    said = Said({name: trimmed(words) for name, words in fields.items()} | {"tag": "tag"})
    project = ProjectFolder(tmp_path_factory.mktemp("any") / "site")
    project.schedule(PAID)
    project.write("episodes/any.md", said.markdown())

    report = project.build(FIRST)

    assert not report.failed, [str(fault) for fault in report.diagnostics]
    found = read_outputs(project)
    check_feeds(said, found, ["tag"])
    check_page(said, read_html(found.pages[said["title"]]), ["tag"])
    assert list(harmful(found.pages[said["title"]])) == []
