"""Markdown notes: each way in which a person may write one."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest

from feedmaker.model import (
    Chapter,
    Episode,
    Guest,
    Link,
    Media,
    Quote,
    Recommendation,
    Soundbite,
    Span,
    plain,
    prose,
)
from feedmaker.notes.note import parse_note
from feedmaker.notes.writing import write_markdown

DATA = Path(__file__).parent / "data"
MATTER = "show: Night Trains\ntitle: The Sleeper\ndate: 2022-03-04\n"


def note(body: str = "", matter: str = "") -> str:
    """Write a note with sound front matter."""
    return f"---\n{MATTER}{matter}---\n\n{body}\n"


def read(text: str, path: str = "episodes/a.md") -> Episode:
    """Read a note that nothing is wrong with."""
    found = parse_note(path, text.encode())
    assert found.diagnostics == ()
    assert found.episode is not None
    return found.episode


def card(*lines: str) -> Recommendation:
    """Read one recommendation."""
    return read(note("\n\n".join(["## Recommended in this episode", "### A Rug", *lines]))).recommendations[0]


def test_note_of_the_manual_is_read_whole() -> None:
    """A note with everything in it gives everything."""
    episode = read((DATA / "everything.md").read_text("utf-8"))

    assert episode == Episode(
        show="Night Trains",
        title="The Sleeper",
        aired=date(2022, 3, 4),
        duration=5100,
        dek=(Span("The "), Span("dek", emphasis=True), Span(".")),
        guests=(Guest("Ida Moe", "Conductor"), Guest("Ola Moe")),
        gist=(prose("One."), prose("Two lines.")),
        reveals=(prose("No driver."), prose("No track.")),
        takeaways=((Span("A "), Span("link", href="https://a.example/"), Span(".")),),
        recommendations=(
            Recommendation(
                "recommended",
                "product",
                "A Rug",
                "Ida Moe",
                creator_inferred=True,
                quote=Quote("very warm", "Ida Moe", 3723),
                link=Link("amazon:A Rug"),
            ),
        ),
        tags=("rails", "night"),
        highlights=(1,),
        corrections=("It ran on *Fridays*.", "Ola Moe: the guard"),
        language="no",
        url="https://a.example/x",
        image="https://a.example/i.jpg",
        video="https://a.example/v",
        audio=Media("https://a.example/a.mp3", "audio/mpeg"),
        transcripts=(Media("https://a.example/t", "text/vtt", 12),),
        id="urn:note:sleeper",
        slug="the-sleeper",
        published=date(2022, 3, 5),
        updated=datetime(2022, 3, 6, 8, tzinfo=timezone(timedelta(hours=1))),
        draft=True,
    )


@pytest.mark.parametrize(
    ("written", "corrections"),
    [
        ("Six *tons*, not nine.", ("Six *tons*, not nine.",)),
        ("[Six tons., A bell]", ("Six tons.", "A bell")),
        ("1984", ("1984",)),
        ("", ()),
        ("[]", ()),
        (">\n  Six tons,\n  not nine.", ("Six tons, not nine.",)),
    ],
)
def test_correction_is_a_text_or_a_list(written: str, corrections: tuple[str, ...]) -> None:
    """One correction needs no list, and what is written anew reads back the same."""
    text = f"---\nshow: A\ntitle: B\ndate: 2026-01-02\ncorrection: {written}\n---\n"
    episode = read(text)

    assert episode.corrections == corrections
    assert read(write_markdown(episode)).corrections == corrections


def test_least_note_is_enough() -> None:
    """Show, title and date are all that a note needs."""
    assert read(note()) == Episode("Night Trains", "The Sleeper", date(2022, 3, 4))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("episodes/a.MD", note("Dek.")),
        ("episodes/a.txt", note("Dek.")),
        ("episodes/a.md", "\ufeff" + note("Dek.").replace("\n", "\r\n")),
        ("episodes/a.md", note("Dek.").replace("---\n\n", "...\n\n")),
        ("episodes/a.md", note("Dek.").replace("---\n", "---  \n")),
        ("episodes/a.md", note("# The Sleeper\n\nDek.")),
        ("episodes/a.md", note("The Sleeper\n===\n\n***\n\nDek.")),
    ],
    ids=["upper case", "text file", "windows", "dots", "blanks", "title again", "underlined title"],
)
def test_note_is_known_however_it_is_saved(path: str, text: str) -> None:
    """Endings, line ends and a repeated title change nothing."""
    assert plain(read(text, path).dek) == "Dek."


@pytest.mark.parametrize(
    "value", ["no", "1984", "1:25:00", "2016-09-27", "0x1F", "1e3", "~x", "null and void", "=", "on"]
)
def test_text_stays_text(value: str) -> None:
    """What other programs take for a number, a truth or a time is a title here."""
    assert read(note(matter=f"tags: [{value}]\n")).tags == (value,)


@pytest.mark.parametrize("value", ["yes", "true", "True", "TRUE"])
def test_draft_is_read(value: str) -> None:
    """A draft is marked by true or yes, in any case."""
    assert read(note(matter=f"draft: {value}\n")).draft


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2022-03-05", date(2022, 3, 5)),
        ("2022-03-05T08:00:00Z", datetime(2022, 3, 5, 8, tzinfo=UTC)),
        ("2022-03-05 08:30", datetime(2022, 3, 5, 8, 30)),  # noqa: DTZ001 - the site's zone is given later
        ('"2022-03-05t08:00:00+05:30"', datetime(2022, 3, 5, 8, tzinfo=timezone(timedelta(hours=5.5)))),
    ],
)
def test_moment_is_read(written: str, moment: date) -> None:
    """A publishing time is a day or a day and a time, with a zone or without."""
    assert read(note(matter=f"published: {written}\n")).published == moment


@pytest.mark.parametrize(
    ("line", "kind", "medium", "creator", "inferred"),
    [
        ("by Ida Moe · recommended · book", "recommended", "book", "Ida Moe", False),
        ("By Ida Moe (inferred)", "recommended", "product", "Ida Moe", True),
        ("the guest’s own · Board Game", "own", "board game", None, False),
        ("by Ida Moe · Host's own", "own", "product", "Ida Moe", False),
        ("own · own", "own", "own", None, False),
        ("by A · B · C · recommended · media", "recommended", "media", "A · B · C", False),
        ("by The Recommended · own · 電影", "own", "電影", "The Recommended", False),
        ("by Ida\xa0Moe\xa0·\xa0own\xa0·\xa0tea &amp; cake", "own", "tea & cake", "Ida\xa0Moe", False),
    ],
)
def test_byline_is_read(line: str, kind: str, medium: str, creator: str | None, inferred: bool) -> None:
    """Creator, kind and medium are read in that order, and each may be left out."""
    item = card(line)

    assert (item.kind, item.medium, item.creator, item.creator_inferred) == (kind, medium, creator, inferred)


@pytest.mark.parametrize(
    ("lines", "quote"),
    [
        ("> a *b* <c> &amp; [d](e)", Quote("a *b* <c> &amp; [d](e)")),
        (">a\n>b", Quote("a b")),
        ("> a\n>\n> b\n>\n> — Ida", Quote("a\n\nb", "Ida")),
        ("> a\n> -- Ida Moe (1:02)", Quote("a", "Ida Moe", 62)),
        ("> a\n> —Ida, 12:30", Quote("a", "Ida", 750)),
        ("> a\n> – 75:10", Quote("a", None, 4510)),
        ("> - one\n> - two\n>\n> — Ida, the younger", Quote("- one - two", "Ida, the younger")),
        ("> — they said\n>\n> —", Quote("— they said")),
        ("> a\nlazy", Quote("a lazy")),
        ("> two  spaces\\\n> `x`", Quote("two  spaces\\ `x`")),
        ("> 漢字\n> 漢字 kana\n> かな", Quote("漢字漢字 kana かな")),
        ("> # a\n> ```\n> — Ida", Quote("# a ```", "Ida")),
    ],
)
def test_quote_is_read_as_it_stands(lines: str, quote: Quote) -> None:
    """Nothing in a quote is markup, and its last line may say who spoke and when."""
    assert card("recommended · product", lines).quote == quote


@pytest.mark.parametrize(
    ("written", "link"),
    [
        ("[Find it on Amazon](amazon:Keras)", Link("amazon:Keras")),
        ("[Find it on My Shop](my-shop:A%20Rug%21)", Link("my-shop:A Rug!")),
        ("[Find it](<amazon:A Rug>)", Link("amazon:A Rug", "Find it")),
        ("[Find it on Amazon](amazon:product/B01)", Link("amazon:product/B01")),
        ("[Find it here](https://A.example/ä b)".replace(" b", ""), Link("https://a.example/%C3%A4")),
        ("[**The** page][1]\n\n[1]: https://a.example/", Link("https://a.example/", "The page")),
        ("<https://a.example/>", Link("https://a.example/", "https://a.example/")),
        ("[Find it on Amazon](amazon:)", Link("amazon:")),
        ("[x](amazon:100%)", Link("amazon:100%", "x")),
        ("[](amazon:Keras)", Link("amazon:Keras")),
        ("[x](amazon:%FF%00)", Link("amazon:%FF%00", "x")),
    ],
)
def test_buy_link_is_read(written: str, link: Link) -> None:
    """A buy link alone in its paragraph leads to a merchant or an address."""
    assert card("recommended · product", written).link == link


@pytest.mark.parametrize(
    ("lines", "same", "other"),
    [
        (["Same as: The Carpet"], ("The Carpet",), ()),
        (["same AS:The Carpet", "SAME AS:  the  carpet"], ("The Carpet", "the carpet"), ()),
        (["Same as: A\nNot the same as: A Rug\nSame as: B; C"], ("A", "B; C"), ("A Rug",)),
        (["Same as: A  \nSame as: B\\\nSame as: A"], ("A", "B"), ()),
        (["Same as: *A*, not B · recommended · book"], ("A, not B · recommended · book",), ()),
        (["Same as: Same as: A", "not the same as: \\*"], ("Same as: A",), ("*",)),
        (["[Same as: A](amazon:x)"], (), ()),
    ],
)
def test_other_names_are_read(lines: list[str], same: tuple[str, ...], other: tuple[str, ...]) -> None:
    """Each line names the same thing or another, each once, wherever the paragraph stands."""
    item = card("recommended · product", *lines)

    assert (item.same_as, item.not_same_as) == (same, other)
    assert card(*lines, "by Ida Moe · own · book").creator == "Ida Moe"


def test_what_podcast_programs_want_is_read() -> None:
    """Numbers, people, transcripts, chapters in order and soundbites come out as they were meant."""
    matter = """\
season: 2
episode: 07
type: trailer
explicit: no
hosts:
  - Ola Moe
  - {name: Ida Moe, bio: Conductor, url: https://A.example/ida, image: https://a.example/ida.jpg}
transcript:
  - https://a.example/t.srt
  - {url: https://a.example/t, type: Text/VTT, length: 12}
chapters:
  - {at: "75:10", title: The end, url: https://a.example/end, image: https://a.example/end.jpg}
  - {at: 0:00, title: 1984}
soundbites:
  - {at: 00:12:30, duration: 1m 10s, reveal: 1}
  - {at: 0:00, duration: 15s, title: no}
"""
    episode = read(note("## Big reveals\n\n- No *driver*,\n  no track.", matter))

    assert (episode.season, episode.number, episode.type, episode.explicit) == (2, 7, "trailer", False)
    assert episode.hosts == (
        Guest("Ola Moe"),
        Guest("Ida Moe", "Conductor", "https://a.example/ida", "https://a.example/ida.jpg"),
    )
    assert episode.transcripts == (
        Media("https://a.example/t.srt", "application/x-subrip"),
        Media("https://a.example/t", "text/vtt", 12),
    )
    assert episode.chapters == (
        Chapter(0, "1984"),
        Chapter(4510, "The end", "https://a.example/end", "https://a.example/end.jpg"),
    )
    assert episode.soundbites == (
        Soundbite(750, 70, "No driver, no track."),
        Soundbite(0, 15, "no"),
    )


def test_parts_of_a_recommendation_come_in_any_order() -> None:
    """Quote, link and byline are known by their form."""
    item = card("[Find it on Amazon](amazon:x)", "> a", "own · book")

    assert (item.link, item.quote, item.kind) == (Link("amazon:x"), Quote("a"), "own")


def test_markup_that_may_run_becomes_text() -> None:
    """HTML is text, links that run are gone, and what they said stays, with a warning for each."""
    text = note(
        "a <script>b</script> [c](javascript:d) [e](//f) <g@h.example> {{ i }} ]]>\n\n<iframe src=j>\nk"
    )
    found = parse_note("a.md", text.encode())

    assert found.episode is not None
    assert found.episode.dek == (
        Span("a <script>b</script> c e "),
        Span("g@h.example", href="mailto:g@h.example"),
        Span(" {{ i }} ]]> <iframe src=j> k"),
    )
    assert {item.code for item in found.diagnostics} == {"unusable-link", "flattened"}


def test_wrapped_lines_are_joined_as_their_script_wants() -> None:
    """A line break is a space, but none between signs of scripts that part no words."""
    assert plain(read(note("one\ntwo 漢字\n漢字\nthree")).dek) == "one two 漢字漢字 three"


def test_page_export_is_converted_to_what_a_person_would_write() -> None:
    """The Markdown form of a page export is the one that the manual shows."""
    episode = parse_note("a.txt", (DATA / "whole_page.txt").read_bytes()).episode

    assert episode is not None
    assert write_markdown(episode) == (DATA / "whole_page.md").read_text("utf-8")


def test_written_note_is_readable() -> None:
    """A note is written without escapes that nobody needs, and with those that somebody does."""
    episode = Episode(
        "No: Show",
        "😀 no",
        date(2022, 3, 4),
        dek=(Span("It's 5 * 3 (or <so>), "), Span("snake_case", strong=True), Span(" & [so] on. # 1")),
        reveals=(prose("1. not a list"), prose("- nor this"), prose("C#")),
        recommendations=(
            Recommendation(
                "own",
                "book",
                "# 1",
                quote=Quote("- x"),
                link=Link("https://a.example/(x)", "Get it"),
                same_as=("No. 1", "One; 1"),
                not_same_as=("# 1",),
            ),
        ),
        explicit=False,
        transcripts=(Media("https://a.example/t", "text/vtt"),),
        chapters=(Chapter(0, "On"),),
        soundbites=(Soundbite(750, 75, "Off"),),
    )

    assert write_markdown(episode) == (
        "---\nshow: 'No: Show'\ntitle: 😀 no\ndate: 2022-03-04\nexplicit: false\n"
        "transcript:\n  url: https://a.example/t\n  type: text/vtt\n"
        "chapters:\n  - at: 00:00:00\n    title: 'On'\n"
        "soundbites:\n  - at: 00:12:30\n    duration: 1m 15s\n    title: 'Off'\n---\n\n"
        "It's 5 \\* 3 (or \\<so>), **snake_case** & \\[so\\] on. # 1\n\n"
        "## Big reveals\n\n- 1\\. not a list\n- \\- nor this\n- C#\n\n"
        "## Recommended in this episode\n\n### \\# 1\n\nthe guest’s own · book\n\n"
        "Same as: No. 1\nSame as: One; 1\nNot the same as: \\# 1\n\n> - x\n>\n> —\n\n"
        "[Get it](<https://a.example/(x)>)\n"
    )


def test_tag_in_several_spellings_is_one() -> None:
    """Capitals, spaces and hyphens make no difference; the first spelling stands."""
    tags = "tags: [Deep Sea, deep-sea, DEEP  SEA, C, C++]"
    text = f"---\nshow: S\ntitle: T\ndate: 2024-05-06\n{tags}\n---\n\nDek.\n"

    note = parse_note("a.md", text.encode())

    assert note.episode is not None
    assert note.episode.tags == ("Deep Sea", "C", "C++")
