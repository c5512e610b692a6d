"""`feedmaker.lock` on disk: it reads back, merges well, and says where it is damaged."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedmaker.errors import LockError
from feedmaker.lock import Entry, Lock, dump_lock, parse_lock

SINCE = datetime(2026, 3, 2, 10, tzinfo=UTC)
ENTRY = Entry(
    "tag:tides.example.org,2026-03-02:ebb",
    "ebb",
    "episodes/ebb.md",
    date(2019, 5, 4),
    SINCE,
    SINCE + timedelta(hours=1),
    "d1",
)
OTHER = replace(ENTRY, id="tag:tides.example.org,2026-03-02:flow", slug="flow", source="episodes/flow.md")


def lock_of(*entries: Entry) -> Lock:
    """Make a lock of entries."""
    return Lock(SINCE, {entry.id: entry for entry in entries})


TEXT = dump_lock(lock_of(ENTRY, OTHER))

_TIMES = st.datetimes(datetime(1850, 1, 1), datetime(9998, 12, 31), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=0)
)
_TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
_ENTRIES = st.builds(
    Entry,
    id=_TEXTS,
    slug=st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True),
    source=_TEXTS,
    aired=st.dates(date(1850, 1, 1)),
    published=_TIMES,
    updated=_TIMES,
    digest=_TEXTS,
    backlog=st.booleans(),
    issue=st.none() | _TEXTS,
)


@settings(max_examples=200)
@given(
    st.builds(
        lambda since, entries: replace(lock_of(*entries), since=since), _TIMES, st.lists(_ENTRIES, max_size=4)
    )
)
def test_lock_reads_back(lock: Lock) -> None:
    """Any lock is the same after it was written, and is written the same again."""
    text = dump_lock(lock)

    assert parse_lock(text) == lock
    assert dump_lock(parse_lock(text)) == text


def test_lock_has_one_note_to_a_line_in_the_order_of_publishing() -> None:
    """Each note has a line of its own, so that version control shows and merges what changed."""
    later = replace(OTHER, published=SINCE + timedelta(days=1), updated=SINCE + timedelta(days=1))

    lines = dump_lock(lock_of(later, ENTRY)).splitlines()

    assert [json.loads(line.rstrip(","))["slug"] for line in lines[1:-1]] == ["ebb", "flow"]
    assert (lines[0], lines[-1]) == ('{"version": 1, "since": "2026-03-02T10:00:00Z", "notes": [', "]}")
    assert parse_lock(dump_lock(lock_of())) == lock_of()


def test_other_zones_are_read_as_utc() -> None:
    """A time that somebody wrote with another zone is the same moment."""
    zone = timezone(timedelta(hours=5, minutes=30))
    text = TEXT.replace("2026-03-02T10:00:00Z", SINCE.astimezone(zone).isoformat())

    assert parse_lock(text) == lock_of(ENTRY, OTHER)


def _damaged(text: str) -> str:
    with pytest.raises(LockError) as caught:
        parse_lock(text)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "feedmaker.lock:1:1: error: Expecting value; bring back the last good one from version control"),
        ("[]", "feedmaker.lock:1:1: error: this is no lock file"),
        ("null", "feedmaker.lock:1:1: error: this is no lock file"),
        ('{"version": 1}', "feedmaker.lock:1:1: error: this is no lock file"),
        ("[" * 100_000, "feedmaker.lock:1:1: error: this is no lock file"),
        ('{"version": ' + "9" * 5000 + "}", "feedmaker.lock:1:1: error: this is no lock file"),
        (TEXT[:-4], "feedmaker.lock:3:"),
        (TEXT.replace("},\n", "}\n"), "feedmaker.lock:3:1: error: Expecting ',' delimiter"),
        (
            TEXT.replace('"version": 1', '"version": 2'),
            "feedmaker.lock:1:1: error: version 2, and this feedmaker reads 1; update feedmaker",
        ),
        (
            TEXT.replace('"since": "2026', '"since": "soon'),
            'feedmaker.lock:1:1: error: "since" is not a time with a zone',
        ),
        (
            TEXT.replace('00Z", "notes"', '00", "notes"'),
            'feedmaker.lock:1:1: error: "since" is not a time with a zone',
        ),
        (
            TEXT.replace('"slug": "flow"', '"slug": 7'),
            'feedmaker.lock:3:1: error: "slug" of this note is not a text',
        ),
        (
            TEXT.replace('"slug": "flow", ', ""),
            'feedmaker.lock:3:1: error: "slug" of this note is not a text',
        ),
        (
            TEXT.replace('"slug": "flow"', '"slug": "../flow"'),
            'feedmaker.lock:3:1: error: "slug" of this note cannot stand in an address',
        ),
        (
            TEXT.replace("2019-05-04", "2019-15-04"),
            'feedmaker.lock:2:1: error: "aired", "published" or "updated"',
        ),
        (
            TEXT.replace("11:00:00Z", "11:00:00"),
            'feedmaker.lock:2:1: error: "aired", "published" or "updated"',
        ),
        (
            TEXT.replace('"d1"}\n', '"d1", "issue": 3}\n'),
            'feedmaker.lock:3:1: error: "issue" of this note is not a text',
        ),
        (TEXT.replace("\n]", ",\n3]"), "feedmaker.lock:4:1: error: this is no entry of a note"),
    ],
)
def test_damage_is_told_with_its_place_and_cure(text: str, said: str) -> None:
    """A lock that cannot be trusted is refused, with the line and what to do."""
    message = _damaged(text)

    assert message.startswith(said)
    assert message.endswith(("mend this line", "update feedmaker"))


@pytest.mark.parametrize(("marks", "line"), [("<<<<<<< ours", 2), ("=======", 3), (">>>>>>> theirs", 2)])
def test_marks_of_a_merge_are_named(marks: str, line: int) -> None:
    """A merge that was left unsolved is told as that, with how to solve it."""
    lines = TEXT.split("\n")

    message = _damaged("\n".join([*lines[: line - 1], marks, *lines[line - 1 :]]))

    assert message == (
        f"feedmaker.lock:{line}:1: error: a merge left its marks here; keep the lines of both sides "
        "without these marks, with a comma after each line but the last"
    )


@settings(max_examples=200)
@given(st.text(max_size=30) | st.integers(0, len(TEXT)).map(lambda end: TEXT[:end]))
def test_any_text_is_a_lock_or_damaged(text: str) -> None:
    """Whatever stands in the file, it is a lock or an error that says so."""
    try:
        parse_lock(text)
    except LockError as error:
        assert str(error).startswith("feedmaker.lock:")  # noqa: PT017 - most texts are damaged, not all


def test_both_lines_of_a_merge_make_one_entry() -> None:
    """Where two branches published one note, the later edit counts, and no issue carries it twice."""
    ours = replace(ENTRY, updated=SINCE + timedelta(days=2), digest="d2", backlog=True)
    theirs = replace(ENTRY, issue="2026-03-06")
    text = dump_lock(Lock(SINCE, {"1": ours, "2": theirs}))

    assert parse_lock(text).entries == {ENTRY.id: replace(ours, issue="2026-03-06", backlog=False)}


@pytest.mark.parametrize(
    "edit",
    [
        lambda text: text.replace("},\n", "} ,\n"),
        lambda text: text.replace("},\n", "}, "),
        lambda text: text.replace("},\n", "},\n\n"),
        lambda text: text.replace("},\n", "}, ").replace("\n]", "\n\n]"),
        lambda text: text.replace("\n]}\n", "]}\n\n\n"),
        lambda text: text.replace(", ", ",\n"),
        lambda text: json.dumps(json.loads(text), indent=1),
        lambda text: json.dumps(json.loads(text)),
    ],
    ids=["space", "one line", "empty line", "as many lines", "end", "members", "indented", "flat"],
)
def test_lines_of_any_shape_are_written_in_ours(edit: Callable[[str], str]) -> None:
    """Who formats the file in another way changes nothing, and the next build writes it as ever."""
    changed = edit(TEXT)
    assert changed != TEXT

    assert dump_lock(parse_lock(changed)) == TEXT


def test_changed_entry_gets_a_new_line() -> None:
    """A line that was read stays, and that of an entry which changed is made anew."""
    read = parse_lock(TEXT)
    later = replace(read.entries[OTHER.id], issue="2026-03-06")

    text = dump_lock(replace(read, entries={**read.entries, later.id: later}))

    assert text == dump_lock(lock_of(ENTRY, replace(OTHER, issue="2026-03-06")))
