"""Histories of a folder: whatever people do to their notes, readers are told the truth once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedmaker.config import Author, Site
from feedmaker.lock import Lock, Resolution, dump_lock, parse_lock, resolve
from feedmaker.notes.note import Facts

SITE = Site(title="Tides", address="https://tides.example.org/", author=Author(name="Ines Falk"))
DAY = datetime(2026, 3, 2, 10, tzinfo=UTC)


def note(path: str, title: str = "Ebb", **changes: object) -> Facts:
    """Make the facts of a note; its digest follows from its title."""
    made = Facts(f"episodes/{path}.md", f"digest of {title}", "Tide Talk", title, date(2019, 5, 4))
    return replace(made, **changes)  # type: ignore[arg-type]  # tests change any field


def build(lock: Lock | None, *notes: Facts, day: int = 0, broken: tuple[str, ...] = ()) -> Resolution:
    """Build on a day, as the next process would: with the lock as it is on disk."""
    kept = parse_lock(dump_lock(lock)) if lock else None
    return resolve(kept, notes, frozenset(broken), SITE, DAY + timedelta(days=day))


def ids(resolution: Resolution) -> dict[str, str]:
    """Return the last part of the id of each published note, by path without folder and ending."""
    entries = resolution.published.items()
    return {path[9:-3]: entry.id.rpartition(":")[2] for path, entry in entries}


def clashes(resolution: Resolution) -> list[tuple[str, str]]:
    """Return which notes are held back, and why."""
    return sorted((clash.path[9:-3], clash.code) for clash in resolution.clashes)


def test_swapped_and_edited_files_keep_to_their_content() -> None:
    """Of two swapped files one of which was edited too, the unchanged content decides."""
    lock = build(None, note("a", "Ebb"), note("b", "Flow")).lock

    after = build(lock, note("b", "Ebb"), note("a", "Flow", digest="edited"), day=1)

    assert ids(after) == {"b": "ebb", "a": "flow"}


def test_note_of_a_doubled_title_is_found_after_rename_and_edit() -> None:
    """A note whose address has its date in it is found by title and date like any other."""
    lock = build(None, note("a"), note("b", aired=date(2020, 1, 1), digest="b")).lock

    after = build(lock, note("a"), note("c", aired=date(2020, 1, 1), digest="edited"), day=1)

    assert ids(after) == {"a": "ebb", "c": "ebb-2020-01-01"}


def test_title_in_no_letters_is_found_after_rename_and_edit() -> None:
    """A title that leaves nothing for an address is known again all the same."""
    lock = build(None, note("a", "🌊")).lock

    assert ids(build(lock, note("b", "🌊", digest="edited"), day=1)) == {"b": "episode"}


def test_template_that_was_copied_and_changed_is_a_new_note() -> None:
    """A copy waits while it is equal, and is a new note once it has a title of its own."""
    lock = build(None, note("b")).lock
    copied = build(lock, note("b"), note("a"), day=1)
    changed = build(copied.lock, note("b"), note("a", "Flow"), day=2)

    assert clashes(copied) == [("a", "duplicate-episode")]
    assert ids(changed) == {"b": "ebb", "a": "flow"}
    assert changed.published["episodes/b.md"] == copied.published["episodes/b.md"]


def test_note_that_was_not_touched_stays_when_another_becomes_its_twin() -> None:
    """Of two published notes the one that was made the other's twin is held back, whichever sorts first."""
    lock = build(None, note("a", "Flow"), note("b", "Ebb")).lock

    after = build(lock, note("a", "Ebb", digest="edited"), note("b", "Ebb"), day=1)

    assert (ids(after), clashes(after)) == ({"b": "ebb"}, [("a", "duplicate-episode")])
    assert set(after.lock.entries) == set(lock.entries)


def test_entry_of_a_held_note_is_not_given_away() -> None:
    """While a note is held back, no other note takes its id."""
    lock = build(None, note("a", "Flow"), note("b", "Ebb")).lock

    after = build(lock, note("a", "Ebb", digest="edited"), note("b"), note("c", "Flow", digest="new"), day=1)

    assert ids(after) == {"b": "ebb", "c": "flow-2019-05-04"}


def test_id_of_a_broken_note_cannot_be_taken() -> None:
    """A note that claims the id of one that cannot be read now is held back until that is mended."""
    lock = build(None, note("a")).lock
    (name,) = lock.entries

    after = build(lock, note("b", "Flow", id=name), day=1, broken=("episodes/a.md",))

    assert clashes(after) == [("b", "duplicate-id")]
    assert after.lock == lock


@pytest.mark.parametrize("paths", [("a", "b"), ("b", "a")])
def test_slug_stays_with_who_has_it(paths: tuple[str, str]) -> None:
    """A note that asks for the address of a published one is held back, whichever sorts first."""
    old, new = paths
    lock = build(None, note(old, "Ebb"), note(new, "Flow")).lock

    after = build(lock, note(old, "Ebb"), note(new, "Flow", slug="ebb"), day=1)

    assert (ids(after), clashes(after)) == ({old: "ebb"}, [(new, "duplicate-slug")])


def test_asked_slug_comes_before_a_derived_one() -> None:
    """Of two new notes the one that asks for an address gets it, and the other another one."""
    after = build(None, note("a", "Ebb"), note("b", "Flow", slug="ebb"))

    assert {path[9:-3]: entry.slug for path, entry in after.published.items()} == {
        "b": "ebb",
        "a": "ebb-2019-05-04",
    }


def test_explicit_id_renames_an_entry_and_is_found_back() -> None:
    """An id in the front matter takes the place of the old one, with all that was known of it."""
    lock = build(None, note("a")).lock
    (before,) = lock.entries.values()

    renamed = build(lock, note("a", id="x:1"), day=1).lock
    removed = build(renamed, day=2).lock
    back = build(removed, note("z", "Anything", id="x:1"), day=3).lock

    assert renamed.entries == {"x:1": replace(before, id="x:1")}
    assert [entry.gone is not None for entry in removed.entries.values()] == [True]
    assert removed.entries["x:1"] == replace(renamed.entries["x:1"], gone=removed.entries["x:1"].gone)
    assert list(back.entries) == ["x:1"]
    assert back.entries["x:1"].published == before.published


def test_id_is_never_used_again() -> None:
    """A new note with the address of a removed one, on the same day, has an id of its own."""
    lock = build(None, note("a")).lock
    without = build(lock).lock

    after = build(without, note("b", "Flow", slug="ebb", aired=date(2020, 1, 1)))

    assert after.published["episodes/b.md"].slug == "ebb"
    assert ids(after) == {"b": "ebb-2"}
    assert len(after.lock.entries) == 2


def test_note_found_back_keeps_its_issue() -> None:
    """What an issue has carried stays carried through edit, rename and removal."""
    lock = build(None, note("a")).lock
    carried = Lock(
        lock.since, {name: replace(entry, issue="2026-03-06") for name, entry in lock.entries.items()}
    )

    after = build(build(carried, day=1).lock, note("b", digest="edited"), day=2)

    assert [entry.issue for entry in after.published.values()] == ["2026-03-06"]


def test_clock_that_goes_back_moves_nothing_back() -> None:
    """An edit under a clock that was set back does not make an episode older than it was."""
    lock = build(None, note("a"), day=10).lock

    after = build(lock, note("a", digest="edited"), day=3)

    (entry,) = after.published.values()
    assert entry.updated == DAY + timedelta(days=10)


def test_explicit_dates_win_in_either_direction() -> None:
    """Times in the front matter are what readers get, even where they go back, and stay when it leaves."""
    lock = build(None, note("a"), day=10).lock
    dated = build(lock, note("a", published=date(2020, 1, 1), updated=date(2020, 1, 2)), day=11)
    after = build(dated.lock, note("a"), day=12)

    for resolution in (dated, after):
        (entry,) = resolution.published.values()
        assert (entry.published, entry.updated) == (
            datetime(2020, 1, 1, 8, tzinfo=UTC),
            datetime(2020, 1, 2, 8, tzinfo=UTC),
        )


# --- any history -------------------------------------------------------------------------------------------


def _note(path: str, title: str, aired: date, edition: int, **changes: object) -> Facts:
    """Make a note whose digest tells what readers would see."""
    return note(path, title, aired=aired, digest=f"{title} of {aired}, edition {edition}", **changes)


_NOTES = st.builds(
    _note,
    path=st.sampled_from("abcde"),
    title=st.sampled_from(["Ebb", "Flow", "🌊", "Ebb 2019-05-04"]),
    aired=st.sampled_from([date(2019, 5, 4), date(2020, 1, 1)]),
    edition=st.integers(1, 2),
    id=st.sampled_from([None, None, None, "x:1", "tag:tides.example.org,2026-03-02:ebb"]),
    slug=st.sampled_from([None, None, None, "ebb", "flow"]),
    published=st.sampled_from([None, None, date(2020, 1, 1), date(2026, 3, 4)]),
    updated=st.sampled_from([None, None, datetime(2021, 1, 1, tzinfo=UTC)]),
    draft=st.sampled_from([False, False, False, True]),
)
_FOLDERS = st.lists(_NOTES, max_size=5, unique_by=lambda made: made.path)
_BROKEN = st.sets(st.sampled_from("abcde").map("episodes/{}.md".format), max_size=2)


@settings(max_examples=200)
@given(st.lists(st.tuples(_FOLDERS, _BROKEN), min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_any_history_keeps_its_promises(history: list[tuple[list[Facts], set[str]]], random: object) -> None:
    """However a folder changes, ids stay unique and alive, times in order, and every note accounted for."""
    lock = None
    for day, (folder, broken) in enumerate(history):
        notes = [made for made in folder if made.path not in broken]
        after = build(lock, *notes, day=day, broken=tuple(broken))
        shuffled = sorted(notes, key=lambda made: hash((made.path, repr(random))))

        assert build(lock, *shuffled, day=day, broken=tuple(broken)) == after
        _check(lock, notes, broken, after)
        again = build(after.lock, *notes, day=day, broken=tuple(broken))
        assert (again.lock, again.published) == (after.lock, after.published)
        lock = after.lock


def _check(before: Lock | None, notes: list[Facts], broken: set[str], after: Resolution) -> None:
    published, old = after.published, before.entries if before else {}
    held = {clash.path for clash in after.clashes} | {*after.drafts, *after.waiting}
    assert published.keys() | held == {made.path for made in notes}
    assert not published.keys() & held
    assert len({entry.id for entry in published.values()}) == len(published)
    assert len({entry.slug for entry in published.values()}) == len(published)
    for made in notes:
        entry = published.get(made.path)
        if entry is not None:
            assert after.lock.entries[entry.id] == entry
            assert entry.updated >= entry.published
            assert made.id in (None, entry.id)
            assert made.slug in (None, entry.slug)
            assert (entry.source, entry.digest, entry.aired) == (made.path, made.digest, made.aired)
    gone = old.keys() - after.lock.entries.keys()
    rekeyed = {entry.id for entry in published.values() if entry.id not in old}
    assert len(gone) <= len(rekeyed & {made.id for made in notes})
    for name, entry in old.items():
        if entry.source in broken:
            assert after.lock.entries[name] == entry
