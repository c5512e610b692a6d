"""What is published, under which id and with which dates."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from feedmaker.config import Author, Site
from feedmaker.lock import Entry, Lock, Resolution, resolve
from feedmaker.notes.note import Facts

SITE = Site(
    title="Tides",
    address="https://tides.example.org/",
    author=Author(name="Ines Falk"),
    timezone="Europe/Lisbon",
)
DAY = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
LATER = DAY + timedelta(days=5)


def facts(title: str = "Spring tides", **changes: object) -> Facts:
    """Make the facts of a note; its path and digest follow from its title."""
    slug = title.lower().replace(" ", "-")
    note = Facts(f"episodes/{slug}.md", f"digest of {title}", "Tide Talk", title, date(2019, 5, 4))
    return replace(note, **changes)  # type: ignore[arg-type]  # tests change any field


def first(*notes: Facts) -> Lock:
    """Return the lock after a first build with these notes."""
    return resolve(None, notes, frozenset(), SITE, DAY).lock


def again(
    lock: Lock | None, *notes: Facts, broken: tuple[str, ...] = (), now: datetime = LATER
) -> Resolution:
    """Resolve notes against a lock, some days later."""
    return resolve(lock, notes, frozenset(broken), SITE, now)


def only(resolution: Resolution) -> Entry:
    """Return the one entry that is published."""
    (entry,) = resolution.published.values()
    return entry


def test_first_sight_fixes_id_slug_and_times() -> None:
    """A new note is published now, under an id that names host, day and slug."""
    entry = only(again(None, facts()))

    assert entry.id == "tag:tides.example.org,2026-03-07:spring-tides"
    assert (entry.slug, entry.published, entry.updated) == ("spring-tides", LATER, LATER)


def test_what_the_first_build_finds_is_the_back_catalogue() -> None:
    """Only what the very first build finds is back catalogue; an empty first build has none."""
    lock = first(facts())
    later = again(lock, facts(), facts("Neap tides"))

    assert [entry.backlog for entry in later.published.values()] == [True, False]
    assert not only(again(first(), facts())).backlog


def test_unchanged_note_keeps_everything() -> None:
    """Time alone changes nothing: the same notes give the same lock."""
    lock = first(facts(), facts("Neap tides"))

    assert again(lock, facts(), facts("Neap tides")).lock == lock


def test_edit_moves_updated_and_nothing_else() -> None:
    """An edited note keeps its id, slug and publishing time, though its title has changed."""
    before = only(again(None, facts(), now=DAY))
    edited = facts(title="Spring tides").__class__(
        "episodes/spring-tides.md", "another digest", "Tide Talk", "Tides of spring", date(2019, 5, 4)
    )

    after = only(again(first(facts()), edited))

    assert after == replace(before, digest="another digest", updated=LATER)


@pytest.mark.parametrize("path", ["episodes/renamed.md", "episodes/2019/spring-tides.txt"])
def test_renamed_note_keeps_its_entry(path: str) -> None:
    """A file that was renamed, moved or converted, with the same content, is the same note."""
    lock = first(facts())

    after = only(again(lock, facts(path=path)))

    assert after == replace(only(again(lock, facts())), source=path)


def test_renamed_and_edited_note_is_found_by_title_and_date() -> None:
    """A note that was renamed and edited at once is known by its title and its day."""
    lock = first(facts())

    after = only(again(lock, facts(path="episodes/new.md", digest="edited")))

    assert (after.id, after.updated) == (only(again(lock, facts())).id, LATER)


def test_two_files_that_change_places_keep_their_entries() -> None:
    """Content counts more than path, so two swapped files stay themselves."""
    one, two = facts(), facts("Neap tides")
    lock = first(one, two)

    after = again(lock, replace(one, path=two.path), replace(two, path=one.path))

    assert {path: entry.slug for path, entry in after.published.items()} == {
        two.path: "spring-tides",
        one.path: "neap-tides",
    }


def test_removed_note_comes_back_under_its_old_id() -> None:
    """A removed note is not published and its entry says since when; back, it is younger than that."""
    lock = first(facts())
    without = again(lock)

    assert not without.published
    (before,), (after,) = lock.entries.values(), without.lock.entries.values()
    assert after == replace(before, gone=LATER)
    back = LATER + timedelta(days=9)
    assert only(again(without.lock, facts(), now=back)) == replace(before, updated=back)


def test_broken_note_keeps_its_entry_for_itself() -> None:
    """While a note cannot be read, no other note takes its entry."""
    lock = first(facts())

    twin = only(
        again(lock, facts(path="episodes/copy.md", digest="edited"), broken=("episodes/spring-tides.md",))
    )

    assert twin.id not in lock.entries


def test_front_matter_wins() -> None:
    """What the front matter sets (id, slug, published, updated) is what readers get."""
    note = facts(
        id="tag:old.example,2011:x",
        slug="old-address",
        published=date(2020, 1, 2),
        updated=datetime(2020, 2, 3, 4, 5, tzinfo=UTC),
    )

    entry = only(again(first(facts()), note))

    assert (entry.id, entry.slug) == ("tag:old.example,2011:x", "old-address")
    assert entry.published == datetime(2020, 1, 2, 8, 0, tzinfo=UTC)
    assert entry.updated == datetime(2020, 2, 3, 4, 5, tzinfo=UTC)


def test_updated_is_never_before_published() -> None:
    """A publishing time that was moved forward takes the time of the last edit along."""
    entry = only(again(first(facts()), facts(published=DAY + timedelta(days=1), updated=date(2001, 1, 1))))

    assert entry.updated == entry.published == DAY + timedelta(days=1)


def test_future_note_waits_until_its_time() -> None:
    """A note whose publishing time lies ahead is held back until then, and then has that time."""
    note = facts(published=datetime(2026, 3, 8, 12, 0, tzinfo=UTC))

    before = again(first(), note)
    after = again(before.lock, note, now=datetime(2026, 3, 9, tzinfo=UTC))

    assert dict(before.waiting) == {note.path: note.published}
    assert not before.published
    assert only(after).published == note.published


def test_notes_that_name_one_day_differ_in_their_change() -> None:
    """Two notes of one publishing day are published at one time, and changed a millisecond apart for good."""
    day = date(2026, 2, 1)
    one = facts(path="episodes/one.md", title="One", digest="1", published=day)
    two = facts(path="episodes/two.md", title="Two", digest="2", published=day)

    lock = first(one, two)
    later = again(lock, two, one)

    entries = sorted(lock.entries.values(), key=lambda entry: entry.updated)
    assert entries[0].published == entries[1].published == entries[0].updated
    assert entries[1].updated - entries[0].updated == timedelta(milliseconds=1)
    assert later.lock == lock


def test_draft_is_held_back() -> None:
    """A draft is not published, and one that was published leaves the feeds and keeps its entry."""
    lock = first(facts())
    held = again(lock, facts(draft=True))

    assert (list(held.drafts), dict(held.published)) == (["episodes/spring-tides.md"], {})
    (before,), (after,) = lock.entries.values(), held.lock.entries.values()
    assert after == replace(before, gone=LATER)


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("duplicate-id", {"id": "urn:note:x"}),
        ("duplicate-slug", {"slug": "same"}),
    ],
)
def test_second_of_two_equal_notes_is_held_back(code: str, changes: dict[str, object]) -> None:
    """Of two notes with one id or slug the first is published; the clash names both files."""
    resolution = again(None, facts("B", **changes), facts("A", **changes))

    (clash,) = resolution.clashes
    assert (clash.path, clash.code) == ("episodes/b.md", code)
    assert "episodes/a.md" in clash.message
    assert list(resolution.published) == ["episodes/a.md"]


def test_copy_of_a_published_note_is_held_back() -> None:
    """A file copied beside a published one is no second episode, whichever name comes first."""
    lock = first(facts())

    resolution = again(lock, facts(path="episodes/a-copy.md"), facts())

    assert [(clash.path, clash.code) for clash in resolution.clashes] == [
        ("episodes/a-copy.md", "duplicate-episode")
    ]
    assert list(resolution.published) == ["episodes/spring-tides.md"]


def test_id_of_a_published_note_cannot_be_taken() -> None:
    """A note that claims the id of another published one is held back; readers keep theirs."""
    lock = first(facts())
    (name,) = lock.entries

    resolution = again(lock, facts("Neap tides", id=name), facts())

    assert [clash.code for clash in resolution.clashes] == ["duplicate-id"]
    assert resolution.published["episodes/spring-tides.md"].id == name


def test_same_title_on_another_day_gets_an_address_of_its_own() -> None:
    """Episodes with one title are told apart by their day, the first sight keeping the plain address."""
    twin = facts(path="episodes/b.md", digest="b", aired=date(2020, 6, 7))

    resolution = again(None, facts(), twin)

    assert [entry.slug for entry in resolution.published.values()] == [
        "spring-tides",
        "spring-tides-2020-06-07",
    ]


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Überfahrt nach São Tomé", "uberfahrt-nach-sao-tome"),
        ("潮汐", "chao-xi"),
        ("🌊🌊", "episode"),
        ("Tides & <currents>", "tides-currents"),
        ("../../etc/passwd", "etc-passwd"),
    ],
)
def test_slug_is_ascii_whatever_the_title(title: str, slug: str) -> None:
    """Titles of any script become addresses in ASCII that lead nowhere else."""
    assert only(again(None, facts(title))).slug == slug


def test_long_title_is_cut_at_a_word() -> None:
    """A very long title gives an address of bearable length that ends with a whole word."""
    slug = only(again(None, facts("many words " * 40))).slug

    assert len(slug) <= 80
    assert set(slug.split("-")) == {"many", "words"}


def test_order_of_the_notes_does_not_matter() -> None:
    """The same notes give the same lock in whatever order they are found."""
    notes = [facts(f"Tide {number}", aired=date(2019, 1, 1 + number % 3)) for number in range(8)]

    assert again(None, *notes).lock == again(None, *reversed(notes)).lock


def test_notes_published_together_have_times_of_their_own() -> None:
    """Notes of one build are a second apart, the last aired newest, so that readers keep their order."""
    notes = [facts(f"Tide {number}", aired=date(2019, 1, 1 + number)) for number in range(3)]

    times = [again(None, *notes).published[note.path].published for note in notes]

    assert times == [LATER - timedelta(seconds=2), LATER - timedelta(seconds=1), LATER]


def test_edits_of_one_build_have_times_of_their_own() -> None:
    """Notes edited together are updated a second apart."""
    notes = [facts(f"Tide {number}", aired=date(2019, 1, 1 + number)) for number in range(3)]
    edited = [replace(note, digest=f"edited {note.digest}") for note in notes]

    after = again(first(*notes), *edited)

    assert len({entry.updated for entry in after.published.values()}) == 3
    assert max(entry.updated for entry in after.published.values()) == LATER


def test_new_note_is_newer_than_all_before() -> None:
    """Several new notes shortly after a build do not slip in before what was published then."""
    lock = first(facts())
    notes = [facts(f"Tide {number}", aired=date(2019, 1, 1 + number)) for number in range(5)]

    after = again(lock, facts(), *notes, now=DAY + timedelta(seconds=2))

    times = [after.published[note.path].published for note in notes]
    assert min(times) > DAY
    assert max(times) == DAY + timedelta(seconds=2)
    assert times == sorted(times)
