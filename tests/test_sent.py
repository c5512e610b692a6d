"""The file of an issue that went out: what it holds, and what keeps one from being used."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from feedmaker.config import Config, Newsletter, Theme
from feedmaker.errors import GateError, OutputError, UsageError
from feedmaker.newsletter.leaving import TOKEN_SLOT
from feedmaker.sent import (
    CarriedEpisode,
    DamagedIssueError,
    dump_facts,
    dump_sent,
    facts_of,
    parse_sent,
    sent_issue,
    summary_html,
)
from feedmaker.sent_files import keep
from tests.issues import BELLS, SENT, SITE, make_issue, page

PATH = "issues/2026-10-30.json"
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
CONFIG = Config.model_validate(
    {"site": {"title": "Lamps", "address": SITE, "author": "Orla Finch", "language": "en-IE"}}
)
LETTER = Newsletter.model_validate(
    {"title": "The  Lamp", "from": {"name": "O", "email": "o@lamp.example.org"}, "postal_address": "1 Pier"}
)
OTHER = dump_sent(make_issue(sent_at=SENT - timedelta(1), page=page("Other")))
LETTERS = CONFIG.model_copy(update={"newsletter": LETTER})


@dataclass(frozen=True)
class Drafted:
    """Stand for an issue as the state database has it."""

    slug: str = "2026-10-30"
    subject: str = "A bell"
    preheader: str = ""
    contents: Sequence[Mapping[str, Any]] = ()
    page: str = field(default_factory=page)


def changed(**members: Any) -> bytes:
    """Write the file of the sample with other members; None leaves one out."""
    data = json.loads(dump_sent(make_issue())) | members
    kept = {key: value for key, value in data.items() if value is not None}
    return json.dumps(kept, indent=2).encode()


def faults(data: bytes, path: str = PATH) -> list[str]:
    """Return what is said of a damaged file, each with its place."""
    with pytest.raises(DamagedIssueError) as caught:
        parse_sent(path, data)
    return [str(diagnostic) for diagnostic in caught.value.diagnostics]


def test_file_is_read_as_it_was_written() -> None:
    """All that an issue says comes back, and its file is the same each time."""
    issue = make_issue(subject="<script> ]]> {{ 7 }} “ναι” 🦉 \u202eمرحبا", preheader="")

    text = dump_sent(issue)

    assert parse_sent(PATH, text.encode()) == issue
    assert dump_sent(parse_sent(PATH, text.encode())) == text
    assert text.startswith('{\n  "version": 1,\n  "slug": "2026-10-30",\n')
    assert text.endswith("}\n")
    assert "🦉" in text


def test_facts_are_all_but_the_page() -> None:
    """What the index keeps of an issue is everything except its page."""
    issue = make_issue()

    assert facts_of(dump_facts(issue)) == make_issue(page="")
    assert "DOCTYPE" not in dump_facts(issue)


def test_issue_is_made_of_what_it_carried() -> None:
    """Titles, addresses and the reveals that lead; texts on one line, the time in whole seconds of UTC."""
    contents = [
        {"title": "One\n", "url": f"{SITE}one/", "reveals": ["a\nb", " "]},
        {"title": "Two", "url": f"{SITE}two/", "reveals": []},
    ]
    east = SENT.astimezone(timezone(timedelta(hours=5))) + timedelta(milliseconds=750)

    issue = sent_issue(LETTERS, Drafted(subject=" a\tbell\u0007 ", contents=contents), east)

    assert (issue.title, issue.subject, issue.language) == ("The Lamp", "a bell␇", "en-IE")
    assert issue.sent_at == SENT
    assert issue.sent_at.tzinfo is UTC
    assert issue.episodes == (
        CarriedEpisode("One", f"{SITE}one/", ("a b",)),
        CarriedEpisode("Two", f"{SITE}two/"),
    )
    assert parse_sent(PATH, dump_sent(issue).encode()) == issue


def test_topics_do_not_stand_in_the_file() -> None:
    """What an issue is addressed by is nothing that the archive shows: the file is the same without."""
    contents = [{"title": "One", "url": f"{SITE}one/", "reveals": ["a"]}]
    with_topics = [content | {"topics": ["show:Keepers", "tag:oil"]} for content in contents]

    plain, topical = (
        dump_sent(sent_issue(LETTERS, Drafted(contents=each), SENT)) for each in (contents, with_topics)
    )

    assert topical == plain


def test_without_a_newsletter_nothing_goes_out() -> None:
    """There is nothing to keep where no newsletter is configured."""
    with pytest.raises(UsageError, match="newsletter"):
        sent_issue(CONFIG, Drafted(), SENT)


@given(subject=TEXTS, preheader=TEXTS, title=TEXTS, reveal=TEXTS)
def test_summary_says_each_text_once(subject: str, preheader: str, title: str, reveal: str) -> None:
    """Whatever a text is, the summary is well-formed and shows that text and no element of it."""
    contents = [{"title": title or "A", "url": f"{SITE}a/?b&c", "reveals": [reveal]}]
    drafted = Drafted(subject=subject or "A", preheader=preheader, contents=contents)
    issue = sent_issue(LETTERS, drafted, SENT)

    root = etree.fromstring(f"<div>{summary_html(issue)}</div>")

    shown = [line for line in "".join(map(str, root.itertext())).split("\n") if line]
    wanted = [issue.preheader or issue.subject, issue.episodes[0].title, *issue.episodes[0].reveals]
    assert shown == [line for text in wanted for line in text.split("\n") if line]
    assert {str(element.tag) for element in root.iter()} <= {"div", "p", "a", "ul", "li"}
    assert [a.get("href") for a in root.iter("a")] == [f"{SITE}a/?b&c"]


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"slug": "../x"}, '3:3: error: "slug" is not the name of the file'),
        ({"slug": "2026-10-31"}, '3:3: error: "slug" is not the name of the file'),
        ({"site": "javascript:x/"}, '4:3: error: "site" is not the address of a folder'),
        ({"site": "https://lamp.example.org"}, '4:3: error: "site" is not the address of a folder'),
        ({"subject": " \n"}, '6:3: error: "subject" is empty'),
        ({"subject": None}, '1:1: error: "subject" is not a text'),
        ({"preheader": 3}, '7:3: error: "preheader" is not a text'),
        ({"language": "en us"}, '8:3: error: "language" is not a language tag'),
        ({"sent_at": "2026-10-30"}, '9:3: error: "sent_at" is not a time with a zone'),
        ({"sent_at": "2026-10-30T08:00:00"}, '9:3: error: "sent_at" is not a time with a zone'),
        ({"episodes": [{"title": "A"}]}, '10:3: error: "episodes" are not titles'),
        ({"episodes": [{"title": "A", "url": "data:x", "reveals": []}]}, '10:3: error: "episodes"'),
        ({"logo": "lamp.png"}, '20:3: error: "logo" is not the address of a picture'),
        ({"version": 2}, "2:3: error: version 2, and this feedmaker reads 1; update feedmaker"),
        ({"subject": "\ud800"}, "1:1: error: this is no text in UTF-8"),
    ],
)
def test_fault_is_told_with_its_place(members: Mapping[str, Any], said: str) -> None:
    """A value that cannot be used is named with file, line and column."""
    assert [found for found in faults(changed(**members)) if found.startswith(f"{PATH}:{said}")]


@pytest.mark.parametrize("data", [b"", b"[]", b"\xff", b"[" * 100_000, b'{"version": 1', b"<<<<<<< HEAD\n{}"])
def test_file_that_is_no_issue_is_told(data: bytes) -> None:
    """What cannot be read at all is one fault, with what to do."""
    (fault,) = faults(data)

    assert "bring back the file from version control" in fault
    assert fault.endswith("[damaged-issue]")


def test_all_faults_are_told_at_once() -> None:
    """Nobody has to mend one fault to hear of the next."""
    assert len(faults(changed(site="x", language="?", episodes=None, page="<p>"))) == 4


@pytest.mark.parametrize(
    "more",
    [
        f'<a href="https://lamp.example.org/leave?t={TOKEN_SLOT}">Leave</a>',
        "<script>1</script>",
        '<img src="https://pixel.example.net/a.gif" alt="">',
        '<img src="//pixel.example.net/a.gif" alt="">',
        '<img srcset="a.png 1x, https://pixel.example.net/b.png 2x" alt="">',
        '<link rel="preload stylesheet" href="https://fonts.example.net/a.css">',
        "<style>@import 'https://fonts.example.net/a.css';</style>",
        "<style>p { background: URL( 'https://fonts.example.net/a.png') }</style>",
        '<p style="background:url(https://fonts.example.net/a.png)">A</p>',
        '<svg><image href="https://pixel.example.net/a.gif"/></svg>',
        '<iframe src="a.html"></iframe>',
        '<form action="a"></form>',
        '<p onclick="x()">A</p>',
        '<a href="java\nscript:x()">A</a>',
        '<a href="data:text/html,x">A</a>',
        '<meta http-equiv="Refresh" content="0; url=https://other.example.net/">',
        '<base href="https://other.example.net/">',
        '<object data="a.svg"></object>',
        '<video poster="https://pixel.example.net/a.gif"></video>',
        '<table background="https://pixel.example.net/a.gif"></table>',
    ],
)
def test_page_that_is_personal_or_loads_from_elsewhere_is_refused(more: str, tmp_path: Path) -> None:
    """Neither is it written, nor is it shown where it was written into the file."""
    issue = make_issue(page=page(more=more))

    assert all('"page" ' in fault for fault in faults(dump_sent(issue).encode()))
    with pytest.raises(GateError, match='"page" '):
        keep(tmp_path, issue)
    assert not (tmp_path / PATH).exists()


@pytest.mark.parametrize(
    "more",
    [
        '<a href="https://shop.example.net/?a=1">Shop</a> <a href="mailto:o@lamp.example.org">Write</a>',
        f'<img src="{SITE}logo.png" alt=""><img src="../logo.png" alt="">',
        '<img src="data:image/png;base64,AAAA" alt="">',
        f'<link rel="canonical" href="{SITE}"><link rel="alternate" href="https://other.example/feed.xml">',
        '<script type="application/ld+json">{"url": "https://other.example/"}</script>',
        "<p style='color: red'>A token and an unsubscribe address, List-Unsubscribe</p>",
    ],
)
def test_page_of_the_site_itself_is_kept(more: str, tmp_path: Path) -> None:
    """Links lead anywhere; what is loaded stands on the site or in the page."""
    assert keep(tmp_path, make_issue(page=page(more=more)))


def test_logo_of_the_publisher_may_stand_elsewhere(tmp_path: Path) -> None:
    """The picture that is configured when an issue goes out is loaded from where it is; nothing else is."""
    logo = "https://pictures.example.net/lamp.png"
    letter = LETTER.model_copy(update={"theme": Theme(logo=logo)})
    config = CONFIG.model_copy(update={"newsletter": letter})
    pixel = '<img src="https://a.example.net/" alt="">'

    kept = sent_issue(config, Drafted(page=page(more=f'<img src="{logo}" alt="">')), SENT)

    assert keep(tmp_path, kept)
    assert parse_sent(PATH, (tmp_path / PATH).read_bytes()) == kept
    with pytest.raises(GateError, match="from elsewhere"):
        keep(tmp_path, sent_issue(config, Drafted(slug="2026-10-31", page=page(more=pixel)), SENT))


def test_kept_file_stays(tmp_path: Path) -> None:
    """A file is written once; calling again, also later or after a word was mended, leaves it alone."""
    assert keep(tmp_path, make_issue())
    assert (tmp_path / PATH).read_text("utf-8") == dump_sent(make_issue())
    assert not keep(tmp_path, make_issue())
    assert not keep(tmp_path, make_issue(sent_at=SENT + timedelta(hours=1)))
    assert (tmp_path / PATH).read_text("utf-8") == dump_sent(make_issue())

    mended = dump_sent(make_issue(preheader="Mended"))
    (tmp_path / PATH).write_text(mended, "utf-8")

    assert not keep(tmp_path, make_issue())
    assert (tmp_path / PATH).read_text("utf-8") == mended


@pytest.mark.parametrize(
    "there",
    [dump_sent(make_issue(sent_at=SENT - timedelta(1), page=page("Other"))), "{"],
    ids=["other", "damaged"],
)
def test_file_of_another_issue_is_not_overwritten(there: str, tmp_path: Path) -> None:
    """What went out once is not lost to an issue of the same name."""
    (tmp_path / "issues").mkdir()
    (tmp_path / PATH).write_text(there, "utf-8")

    with pytest.raises(OutputError, match="move it away"):
        keep(tmp_path, make_issue())

    assert (tmp_path / PATH).read_text("utf-8") == there


def test_time_of_a_mended_file_is_read_in_any_zone() -> None:
    """A publisher may write another zone; readers get UTC."""
    assert parse_sent(PATH, changed(sent_at="2026-10-30T10:15:00+02:00")).sent_at == datetime(
        2026, 10, 30, 8, 15, tzinfo=UTC
    )


def test_texts_of_a_mended_file_are_put_on_one_line() -> None:
    """Line breaks and control characters, which feeds cannot hold, become blanks and signs."""
    episodes = [{"title": "B\nells", "url": BELLS.url, "reveals": ["", " a  b "]}]

    issue = parse_sent(PATH, changed(subject="a\u0000b\n c", episodes=episodes))

    assert issue.subject == "a␀b c"
    assert issue.episodes == (CarriedEpisode("B ells", BELLS.url, ("a b",)),)
