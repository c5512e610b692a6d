"""The archive: whatever happens to the notes of a folder, what a volume says stays what it was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedmaker.content import render
from feedmaker.feeds import atom, rss
from feedmaker.feeds.feed import Tombstone, make_feed
from feedmaker.feeds.items import episode_item
from feedmaker.history import History, age, sealed, split, taken_back
from feedmaker.lock import Entry, Lock, Resolution, dump_lock, parse_lock, publication, resolve
from feedmaker.notes.note import Facts
from tests.feeds.samples import MAIN, SET_UP, bare_episode, make_config

CONFIG = make_config()
DAY = datetime(2026, 3, 2, 10, tzinfo=UTC)
AIRED = date(2019, 5, 4)


def note(number: int, **changes: object) -> Facts:
    """Make the facts of a note."""
    made = Facts(f"episodes/{number:03}.md", f"digest {number}", "Tide Talk", f"Tide {number}", AIRED)
    return replace(made, **changes)  # type: ignore[arg-type]  # tests change any field


def build(lock: Lock | None, notes: Iterable[Facts], size: int, day: int = 0) -> Resolution:
    """Build on a day, as the next process would: with the lock as it is on disk."""
    kept = parse_lock(dump_lock(lock)) if lock else None
    resolution = resolve(kept, notes, frozenset(), CONFIG.site, DAY + timedelta(days=day))
    return sealed(resolution, size)


def newest_first(resolution: Resolution) -> list[Entry]:
    """Return what is published, in the order of feeds."""
    return sorted(resolution.published.values(), key=age)


def history_of(resolution: Resolution, size: int) -> History[Entry]:
    """Cut what is published into the feed and the volumes of its archive."""
    return split(newest_first(resolution), size, lambda entry: entry.archive)


def numbers(resolution: Resolution) -> dict[int, int | None]:
    """Return the volume of each published note, by its number."""
    return {int(path[9:12]): entry.archive for path, entry in resolution.published.items()}


def shown(history: History[Entry]) -> tuple[list[int], dict[int, list[int]]]:
    """Return the numbers of the notes in the feed, and in each volume."""

    def of(entries: Sequence[Entry]) -> list[int]:
        return [int(entry.source[9:12]) for entry in entries]

    return of(history.current), {number: of(entries) for number, entries in history.volumes}


# --- one thing at a time ----------------------------------------------------------------------------------


def test_few_notes_have_no_archive() -> None:
    """As long as the feed has room for all notes, there is no volume and none of them is in one."""
    resolution = build(None, [note(1), note(2), note(3)], size=3)

    assert set(numbers(resolution).values()) == {None}
    assert shown(history_of(resolution, 3)) == ([3, 2, 1], {})
    assert history_of(resolution, 3).before() is None


def test_note_without_room_is_sealed_with_the_oldest_others() -> None:
    """A volume is filled at once, from the oldest on, so that it never has to grow."""
    resolution = build(None, [note(n) for n in (1, 2, 3, 4)], size=3)

    assert numbers(resolution) == {1: 1, 2: 1, 3: 1, 4: None}
    assert shown(history_of(resolution, 3)) == ([4, 3, 2], {1: [3, 2, 1]})


def test_volumes_are_numbered_from_the_oldest() -> None:
    """A first build with many notes fills as many volumes as it needs."""
    resolution = build(None, [note(n) for n in range(1, 9)], size=2)
    history = history_of(resolution, 2)

    assert shown(history) == ([8, 7], {1: [2, 1], 2: [4, 3], 3: [6, 5]})
    assert [history.before(), history.before(3), history.before(2), history.before(1)] == [3, 2, 1, None]


def test_next_volume_waits_until_it_is_needed() -> None:
    """Notes that stand in a volume are shown in the feed too, until newer ones take their place."""
    lock = None
    told = []
    for day in range(1, 7):
        resolution = build(lock, [note(n) for n in range(1, day + 1)], size=2, day=day)
        lock = resolution.lock
        told.append(shown(history_of(resolution, 2)))

    assert told == [
        ([1], {}),
        ([2, 1], {}),
        ([3, 2], {1: [2, 1]}),
        ([4, 3], {1: [2, 1]}),
        ([5, 4], {1: [2, 1], 2: [4, 3]}),
        ([6, 5], {1: [2, 1], 2: [4, 3]}),
    ]


def test_backdated_note_gets_a_volume_of_its_own() -> None:
    """A note that says it is older than the archive goes into a new volume, and no old one changes."""
    lock = build(None, [note(n) for n in (1, 2, 3, 4)], size=2).lock
    late = note(9, published=date(2020, 1, 1))

    resolution = build(lock, [*(note(n) for n in (1, 2, 3, 4)), late], size=2, day=1)

    assert numbers(resolution)[9] == 2
    assert shown(history_of(resolution, 2)) == ([4, 3], {1: [2, 1], 2: [3, 9]})


def test_removed_note_leaves_its_volume() -> None:
    """The others stay where they are: no note moves up to fill the gap."""
    notes = [note(n) for n in range(1, 6)]
    lock = build(None, notes, size=2).lock

    resolution = build(lock, [one for one in notes if one != notes[0]], size=2, day=1)

    assert shown(history_of(resolution, 2)) == ([5, 4], {1: [2], 2: [4, 3]})


def test_note_that_comes_back_is_in_its_volume_again() -> None:
    """What was once in a volume is there for good."""
    notes = [note(n) for n in range(1, 6)]
    first = build(None, notes, size=2)
    without = build(first.lock, notes[1:], size=2, day=1)

    back = build(without.lock, notes, size=2, day=2)

    assert numbers(back) == numbers(first)


def test_number_of_an_emptied_volume_is_not_used_again() -> None:
    """Readers that know a volume by its address never find other notes there."""
    notes = [note(n) for n in range(1, 6)]
    lock = build(None, notes, size=2).lock

    resolution = build(lock, [note(n) for n in (5, 6, 7, 8)], size=2, day=1)

    assert set(numbers(resolution).values()) - {None} == {3}


def test_volume_that_was_emptied_leaves_the_chain() -> None:
    """The volume after it points to the one before it."""
    notes = [note(n) for n in range(1, 8)]
    lock = build(None, notes, size=2).lock

    resolution = build(lock, [note(n) for n in (1, 2, 5, 6, 7)], size=2, day=1)
    history = history_of(resolution, 2)

    assert [number for number, _ in history.volumes] == [1, 3]
    assert history.before(3) == 1


def test_feed_of_some_notes_has_the_volumes_that_hold_them() -> None:
    """A feed of a tag takes its notes from the volumes of all notes."""
    resolution = build(None, [note(n) for n in range(1, 9)], size=2)
    odd = [entry for entry in newest_first(resolution) if int(entry.source[9:12]) % 2]

    assert shown(split(odd, 2, lambda entry: entry.archive)) == ([7, 5], {1: [1], 2: [3]})


def test_notes_of_one_moment_go_by_the_day_aired_and_then_by_id() -> None:
    """Notes published at the same time stand in the order of their shows, always the same."""
    days = {1: date(2020, 1, 1), 2: date(2020, 1, 2), 3: date(2020, 1, 1)}
    published = date(2021, 1, 1)
    notes = [note(number, aired=aired, published=published) for number, aired in days.items()]

    resolution = build(None, notes, size=5)

    assert shown(history_of(resolution, 5))[0] == [2, 1, 3]


def test_tombstones_are_those_of_the_volume_or_the_last_of_all() -> None:
    """The feed tells what was taken back last, and a volume all that was taken back of it."""
    notes = [note(n) for n in range(1, 8)]
    lock = build(None, notes, size=2).lock
    for day, number in ((1, 1), (2, 3), (3, 7)):
        notes = [one for one in notes if one != note(number)]
        lock = build(lock, notes, size=2, day=day).lock

    def gone(size: int, volume: int | None) -> list[str]:
        return [entry.source[9:12] for entry in taken_back(lock.entries.values(), size, volume)]

    assert gone(2, None) == ["007", "003"]
    assert (gone(2, 1), gone(2, 2), gone(2, 3)) == (["001"], ["003"], [])


def test_smaller_feed_seals_what_falls_out_of_it() -> None:
    """A feed that is made shorter loses nothing, and volumes of another size stay what they are."""
    notes = [note(n) for n in range(1, 8)]
    lock = build(None, notes, size=4).lock

    resolution = build(lock, notes, size=2, day=1)

    assert shown(history_of(resolution, 2)) == ([7, 6], {1: [4, 3, 2, 1], 2: [6, 5]})


# --- any history ------------------------------------------------------------------------------------------


@dataclass
class Folder:
    """Hold what a person does to the notes of a folder; `touched` are the numbers changed since the build."""

    notes: dict[int, Facts] = field(default_factory=dict)
    removed: dict[int, Facts] = field(default_factory=dict)
    touched: set[int] = field(default_factory=set)
    count: int = 0

    def do(self, what: str, choice: int) -> None:
        """Do one thing to one of the notes, if there is one that it can be done to."""
        if what in ("write", "write of old"):
            self.count += 1
            old = {"published": date(2020, 1, 1 + choice % 28)} if what == "write of old" else {}
            self.notes[self.count] = note(self.count, **old)
            return
        source = self.removed if what == "bring back" else self.notes
        if not source:
            return
        number = sorted(source)[choice % len(source)]
        found = source[number]
        self.touched.add(number)
        if what == "edit":
            self.notes[number] = replace(found, digest=f"{found.digest} edited")
        elif what == "redate":
            self.notes[number] = replace(found, published=date(2019 + choice % 9, 2, 3))
        elif what == "remove":
            self.removed[number] = self.notes.pop(number)
        else:
            self.notes[number] = self.removed.pop(number)


DEEDS = st.tuples(
    st.sampled_from(
        ["write", "write", "write", "write of old", "edit", "redate", "remove", "remove", "bring back"]
    ),
    st.integers(0, 40),
)
STORIES = st.lists(st.lists(DEEDS, max_size=6), min_size=2, max_size=8)


def documents(resolution: Resolution, notes: Mapping[int, Facts], size: int) -> dict[int | None, bytes]:
    """Write all documents of the feed in the formats that can point to each other."""
    history = history_of(resolution, size)
    volumes: list[tuple[int | None, Sequence[Entry]]] = [(None, history.current), *history.volumes]
    return {
        volume: _document(resolution, notes, entries, volume, history.before(volume), size)
        for volume, entries in volumes
    }


def _document(
    resolution: Resolution,
    notes: Mapping[int, Facts],
    entries: Sequence[Entry],
    volume: int | None,
    previous: int | None,
    size: int,
) -> bytes:
    items = []
    for entry in entries:
        episode = bare_episode(title=notes[int(entry.source[9:12])].digest)
        found = publication(entry, episode, CONFIG.site)
        items.append(episode_item(CONFIG.site, found, render(episode, {})))
    gone = taken_back(resolution.lock.entries.values(), size, volume)
    stones = tuple(Tombstone(entry.id, entry.gone) for entry in gone if entry.gone)
    feed = make_feed(CONFIG, MAIN, items, since=SET_UP, volume=volume, previous=previous, tombstones=stones)
    return atom.to_bytes(feed) + rss.to_bytes(feed)


def check_completeness(resolution: Resolution, size: int) -> None:
    """Check that every live note is in a document that can be reached from the feed."""
    history = history_of(resolution, size)
    reached, number = list(history.current), history.before()
    volumes, visited = dict(history.volumes), []
    while number is not None:
        visited.append(number)
        reached += volumes[number]
        number = history.before(number)
    assert visited == sorted(volumes, reverse=True)
    assert {entry.id for entry in reached} == {entry.id for entry in resolution.published.values()}
    assert list(history.current) == newest_first(resolution)[:size]


@settings(max_examples=120)
@given(STORIES, st.integers(1, 4))
def test_whatever_happens_no_volume_changes_for_another_note(
    story: list[list[tuple[str, int]]], size: int
) -> None:
    """Nothing is lost, no note changes its volume, and a volume's bytes change for its own notes alone.

    The one exception is its link to the volume before it, where that was emptied or filled again.
    """
    folder, lock = Folder(), None
    homes: dict[int, int] = {}
    before: dict[int | None, bytes] = {}
    chain: dict[int, int | None] = {}
    for day, deeds in enumerate(story):
        for what, choice in deeds:
            folder.do(what, choice)
        resolution = build(lock, folder.notes.values(), size, day)
        lock = resolution.lock

        check_completeness(resolution, size)
        known = numbers(resolution)
        assert all(known.get(number, home) == home for number, home in homes.items())
        homes |= {number: home for number, home in known.items() if home}
        assert max(Counter(homes.values()).values(), default=0) <= size

        after = documents(resolution, folder.notes, size)
        history = history_of(resolution, size)
        links = {number: history.before(number) for number, _ in history.volumes}
        touched = {homes.get(number) for number in folder.touched}
        for volume, data in before.items():
            if volume is not None and volume in after and volume not in touched:
                assert after[volume] == data or links[volume] != chain[volume]
        if not folder.removed and not folder.touched:
            assert before.keys() <= after.keys()
        before, chain = after, links
        folder.touched.clear()

        again = build(lock, folder.notes.values(), size, day + 1)
        assert (again.lock, again.published) == (resolution.lock, resolution.published)


@settings(max_examples=60)
@given(STORIES, st.lists(st.integers(1, 5), min_size=8, max_size=8))
def test_nothing_is_lost_when_the_size_of_feeds_changes(
    story: list[list[tuple[str, int]]], sizes: list[int]
) -> None:
    """Feeds may be made shorter and longer: each note stays in its volume, and all can be reached."""
    folder, lock = Folder(), None
    homes: dict[int, int] = {}
    for day, (deeds, size) in enumerate(zip(story, sizes, strict=False)):
        for what, choice in deeds:
            folder.do(what, choice)
        resolution = build(lock, folder.notes.values(), size, day)
        lock = resolution.lock

        check_completeness(resolution, size)
        known = numbers(resolution)
        assert all(known.get(number, home) == home for number, home in homes.items())
        homes |= {number: home for number, home in known.items() if home}


@settings(max_examples=25)
@given(st.integers(0, 25), st.integers(1, 6))
def test_notes_that_arrive_one_by_one_leave_all_volumes_as_they_are(count: int, size: int) -> None:
    """In the usual life of a feed a volume is written once."""
    lock = None
    first: dict[int | None, bytes] = {}
    for day in range(count):
        notes = {number: note(number) for number in range(day + 1)}
        resolution = build(lock, notes.values(), size, day)
        lock = resolution.lock
        for volume, data in documents(resolution, notes, size).items():
            assert volume is None or first.setdefault(volume, data) == data


@pytest.mark.parametrize("size", [1, 2, 50])
def test_sealing_twice_is_sealing_once(size: int) -> None:
    """What has a volume keeps it, and nothing else gets one."""
    once = build(None, [note(n) for n in range(1, 60)], size)

    assert sealed(once, size) == once
