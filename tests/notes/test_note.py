"""Notes as a whole: what identifies one, and where its keys are."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmaker.marked_yaml import Mark
from feedmaker.model import (
    Chapter,
    Episode,
    Guest,
    Link,
    Media,
    Quote,
    Recommendation,
    Soundbite,
    prose,
)
from feedmaker.notes.note import Facts, Named, Note, content_digest, facts_of, key_mark, parse_note
from feedmaker.notes.writing import write_markdown
from tests.notes.strategies import episodes, fuzz

DATA = Path(__file__).parent / "data"
EPISODE = Episode(
    "Night Trains",
    "The Sleeper",
    date(2022, 3, 4),
    guests=(Guest("Ida Moe"),),
    reveals=(prose("No driver."),),
    recommendations=(
        Recommendation("own", "book", "A Rug", quote=Quote("warm", "Ida", 0), link=Link("amazon:A Rug")),
    ),
)


def test_facts_tell_a_note_from_others() -> None:
    """The facts of a note are what front matter says of it, and the hash of what readers see."""
    note = Note("episodes/a.md", replace(EPISODE, id="x:1", slug="s", published=date(2022, 3, 5), draft=True))

    assert note.facts == Facts(
        path="episodes/a.md",
        digest=content_digest(EPISODE),
        show="Night Trains",
        title="The Sleeper",
        aired=date(2022, 3, 4),
        id="x:1",
        slug="s",
        published=date(2022, 3, 5),
        draft=True,
        recommendations=(Named("A Rug", "book", speaker="Ida", kind="own"),),
        moments=True,
    )


def test_facts_hold_what_a_note_is_found_by() -> None:
    """The facts of a note name its tags, its recording, whether it has moments, and what it recommends."""
    rug = Recommendation(
        "own", "product", "A Rug", "Ola Moe", creator_inferred=True, same_as=("Carpet",), not_same_as=("Mat",)
    )
    audio = Media("https://a.example/a.mp3", "audio/mpeg")
    facts = facts_of("a.md", replace(EPISODE, recommendations=(rug,), tags=("rails",), audio=audio))

    named = Named("A Rug", "product", "Ola Moe", True, ("Carpet",), ("Mat",), "Ida Moe", "own")
    assert (facts.recommendations, facts.tags, facts.audio, facts.moments) == (
        (named,),
        ("rails",),
        audio.url,
        False,
    )


@pytest.mark.parametrize(
    ("guests", "quote", "speaker"),
    [
        ((Guest("Ida"),), None, "Ida"),
        ((Guest("Ida"),), Quote("warm"), "Ida"),
        ((Guest("Ida"),), Quote("warm", "Ola"), "Ola"),
        ((Guest("Ida"), Guest("Ola")), Quote("warm"), None),
        ((), None, None),
    ],
)
def test_speaker_is_the_one_who_is_known(
    guests: tuple[Guest, ...], quote: Quote | None, speaker: str | None
) -> None:
    """Who recommends is who said the quote, or else the only guest."""
    item = replace(EPISODE.recommendations[0], quote=quote)

    found = facts_of("a.md", replace(EPISODE, guests=guests, recommendations=(item,)))

    assert found.recommendations[0].speaker == speaker


def test_broken_note_has_no_facts() -> None:
    """Asking a broken note for its facts is a fault of the program."""
    with pytest.raises(ValueError, match=r"a\.md is not valid"):
        Note("a.md", None).facts  # noqa: B018 - it raises


@pytest.mark.parametrize("path", sorted(DATA.glob("*.txt")), ids=lambda path: path.stem)
def test_digest_survives_conversion(path: Path) -> None:
    """A page export and its Markdown form are the same to readers."""
    episode = parse_note(path.name, path.read_bytes()).episode
    assert episode is not None
    again = parse_note("a.md", write_markdown(episode).encode()).episode
    assert again is not None

    assert content_digest(again) == content_digest(episode)


# The digests are in every lock file: if one of these changes, every episode everywhere looks edited.
@pytest.mark.parametrize(
    ("episode", "digest"),
    [
        (Episode("A", "B", date(2022, 3, 4)), "d385254fced532dace8e7d83e7ff5e56"),
        (EPISODE, "ad71e0e0184b0e6d41a965fb787223b9"),
    ],
    ids=["least", "more"],
)
def test_digest_is_the_same_for_ever(episode: Episode, digest: str) -> None:
    """The hash of an episode does not change between versions of the program."""
    assert content_digest(episode) == digest


@pytest.mark.parametrize(
    "change",
    [
        {"show": "X"},
        {"title": "X"},
        {"aired": date(2022, 3, 5)},
        {"duration": 1},
        {"dek": prose("X")},
        {"guests": (Guest("Ida Moe", "X"),)},
        {"reveals": (prose("No  driver."),)},
        {"takeaways": EPISODE.reveals, "reveals": ()},
        {"recommendations": ()},
        {"recommendations": (replace(EPISODE.recommendations[0], quote=Quote("warm", "Ida")),)},
        {"recommendations": (replace(EPISODE.recommendations[0], creator="X", creator_inferred=True),)},
        {"tags": ("x",)},
        {"url": "https://a.example/"},
        {"language": "no"},
        {"explicit": True},
        {"explicit": False},
        {"season": 1},
        {"transcripts": (Media("https://a.example/t", "text/vtt"),)},
        {"hosts": (Guest("Ola Moe"),)},
        {"chapters": (Chapter(0, "X"),)},
        {"soundbites": (Soundbite(0, 45, "X"),)},
        {"recommendations": (replace(EPISODE.recommendations[0], same_as=("X",)),)},
        {"recommendations": (replace(EPISODE.recommendations[0], not_same_as=("X",)),)},
    ],
    ids=str,
)
def test_digest_changes_with_what_readers_see(change: dict[str, object]) -> None:
    """Every change that readers can see changes the hash, down to a time of 0 seconds."""
    assert content_digest(replace(EPISODE, **change)) != content_digest(EPISODE)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change",
    [
        {"id": "x:1"},
        {"slug": "x"},
        {"draft": True},
        {"highlights": (0,)},
        {"corrections": ("Six tons.",)},
        {"published": date(2022, 3, 5)},
        {"updated": datetime(2022, 3, 5, tzinfo=UTC)},
    ],
    ids=str,
)
def test_digest_ignores_what_readers_do_not_see(change: dict[str, object]) -> None:
    """What only steers publishing leaves the hash alone."""
    assert content_digest(replace(EPISODE, **change)) == content_digest(EPISODE)  # type: ignore[arg-type]


@fuzz(100)
@given(episodes(), episodes())
def test_digests_differ_as_episodes_do(one: Episode, other: Episode) -> None:
    """Two episodes have one hash only if readers cannot tell them apart."""
    hidden = {
        "id": None,
        "slug": None,
        "published": None,
        "updated": None,
        "draft": False,
        "highlights": (),
        "corrections": (),
    }
    same = replace(one, **hidden) == replace(other, **hidden)  # type: ignore[arg-type]

    assert (content_digest(one) == content_digest(other)) == same
    assert facts_of("a.md", one).digest == content_digest(one)


@pytest.mark.parametrize(
    ("text", "key", "mark"),
    [
        ("---\nshow: A\nid:  x\n---\nid: y\n", "id", Mark(3, 6)),
        ("---\r\nshow: A\r\n'slug' : x\r\n---\r\n", "slug", Mark(3, 10)),
        ("\ufeff---\nslug:\n  x\n---\n", "slug", Mark(3, 3)),
        ("---\nshow: A\n---\ntitle: y\n", "title", Mark(1, 1)),
        ("A · 2022-03-04\n\ntitle: y\n", "title", Mark(1, 1)),
        ("", "title", Mark(1, 1)),
    ],
)
def test_key_is_found(text: str, key: str, mark: Mark) -> None:
    """The value of a key is found in the front matter and nowhere else."""
    assert key_mark(text.encode(), key) == mark


@fuzz(100)
@given(st.binary(max_size=100))
def test_any_bytes_have_a_place_for_a_key(data: bytes) -> None:
    """Looking for a key in what is no note finds its beginning."""
    assert key_mark(data, "title").line >= 1
