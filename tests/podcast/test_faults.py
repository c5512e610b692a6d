"""What podcast programs will not show, said before anybody wonders."""

from __future__ import annotations

from typing import Any

import pytest

from feedmaker.feeds.podcast import PLAYED, channel_faults, note_faults, shared_recordings
from feedmaker.model import Chapter, Media, Soundbite
from tests.podcast.samples import AUDIO, endorsed, make_episode, make_section


def codes(**facts: Any) -> list[tuple[str, str]]:
    """Return key and code of what is said of an episode."""
    return [(fault.key, fault.code) for fault in note_faults(make_episode(**facts), make_section())]


def recording(url: str = AUDIO.url, kind: str = AUDIO.type, length: int | None = 1) -> dict[str, Any]:
    """Make the fact that an episode has a recording."""
    return {"audio": Media(url, kind, length)}


def test_sound_episode_has_no_fault() -> None:
    """An episode with all its facts is in every program."""
    assert (
        codes(image="https://example.org/a.jpg", transcripts=(Media("https://a.example/a.vtt", "text/vtt"),))
        == []
    )


def test_note_without_recording_is_no_matter_of_podcast_programs() -> None:
    """What is not in the podcast feed has nothing that they could refuse."""
    assert codes(audio=None, title="t" * 300, duration=None) == []


@pytest.mark.parametrize(("ending", "kind"), PLAYED.items())
def test_what_apple_plays_is_sound(ending: str, kind: str) -> None:
    """Each of Apple's types passes with its ending, also in capitals and before a query."""
    assert codes(**recording(f"https://media.example/a.{ending.upper()}?x=1", kind)) == []


@pytest.mark.parametrize(
    ("facts", "code", "said"),
    [
        (recording(length=None), "recording-length", "add its `length` in bytes"),
        (recording("http://media.example/a.mp3"), "recording-address", "https"),
        (recording("https://media.example/listen"), "recording-address", "one of .mp3, .m4a,"),
        (recording("https://media.example/listen?file=a.mp3"), "recording-address", "one of .mp3, .m4a,"),
        (recording("https://media.example/a.m4a", "audio/ogg"), "recording-type", "plays no audio/ogg"),
        (recording("https://media.example/a.m4a"), "recording-type", "ends in .m4a, which is audio/x-m4a"),
    ],
)
def test_recording_that_programs_refuse_is_said(facts: dict[str, Any], code: str, said: str) -> None:
    """Each fault of a recording has one message, at the key `audio`."""
    (fault,) = note_faults(make_episode(**facts), make_section())

    assert (fault.key, fault.code) == ("audio", code)
    assert said in fault.message


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        ({"duration": None}, ("duration", "no-duration")),
        ({"title": "t" * 256}, ("title", "long-title")),
        ({"image": "https://example.org/a.webp"}, ("image", "bad-artwork")),
        (
            {"transcripts": (Media("https://a.example/a.doc", "application/msword"),)},
            ("transcript", "transcript-type"),
        ),
        ({"chapters": (Chapter(0, "a"), Chapter(5100, "b"))}, ("chapters", "after-the-end")),
        ({"soundbites": (Soundbite(5100, 20, "b"),)}, ("soundbites", "after-the-end")),
        ({"recommendations": (endorsed("Keras", 5100), endorsed("Liftlib"))}, ("duration", "after-the-end")),
    ],
)
def test_fact_that_programs_do_not_show_is_said(facts: dict[str, Any], found: tuple[str, str]) -> None:
    """Each fault has its key in the front matter and its code."""
    assert codes(**facts) == [found]


def test_what_just_fits_is_not_said() -> None:
    """The limits themselves are allowed."""
    assert (
        codes(title="t" * 255, chapters=(Chapter(5099, "b"),), soundbites=(Soundbite(5099, 20, "b"),)) == []
    )


@pytest.mark.parametrize(
    ("kind", "facts", "said"),
    [
        ("serial", {}, ["no-number"]),
        ("serial", {"type": "full"}, ["no-number"]),
        ("serial", {"type": "trailer"}, []),
        ("serial", {"number": 1}, []),
        ("episodic", {}, []),
    ],
)
def test_episodes_of_a_serial_need_numbers(kind: str, facts: dict[str, Any], said: list[str]) -> None:
    """Programs put a serial in the order of its numbers; trailers and bonuses need none."""
    assert [fault.code for fault in note_faults(make_episode(**facts), make_section(type=kind))] == said


def test_shared_recording_is_said_at_the_later_notes() -> None:
    """Apple shows one of the episodes with the same recording, so the others are named."""
    addresses = [("a.md", "a.mp3"), ("b.md", "b.mp3"), ("c.md", "a.mp3"), ("d.md", "a.mp3")]

    found = list(shared_recordings(addresses))

    assert [path for path, _ in found] == ["c.md", "d.md"]
    assert {(fault.key, fault.code) for _, fault in found} == {("audio", "shared-recording")}
    assert {fault.message.split()[0] for _, fault in found} == {"a.md"}


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        ({}, []),
        ({"image": "art.webp"}, []),
        ({"image": "https://example.org/a.JPEG"}, []),
        ({"image": "http://example.org/a.jpg"}, [("image", "bad-artwork")]),
        ({"image": "https://example.org/a.jpg?x=1"}, [("image", "bad-artwork")]),
        ({"title": "t" * 256, "author": "a" * 256}, [("title", "long-title"), ("author", "long-title")]),
        ({"title": "t" * 255, "author": "a" * 255}, []),
    ],
)
def test_podcast_that_directories_refuse_is_said(facts: dict[str, Any], found: list[tuple[str, str]]) -> None:
    """An address of artwork and long names are looked at; a file is looked at by itself."""
    assert [(fault.key, fault.code) for fault in channel_faults(make_section(**facts))] == found
