"""The moments of a recording: chapters and soundbites, from front matter and from timed quotes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedmaker.feeds.chapters import chapters_json, chapters_of, chapters_path, soundbites_of
from feedmaker.model import Chapter, Episode, Media, Soundbite
from tests.podcast.samples import AUDIO, HOSTILE, PAGE, endorsed, full_episode, make_episode, publish


def times_and_titles(episode: Episode) -> list[tuple[int, str]]:
    """Return what matters most of an episode's chapters."""
    return [(chapter.at, chapter.title) for chapter in chapters_of(episode)]


def read_chapters(episode: Episode, keys: tuple[str, ...] = ()) -> dict[str, Any]:
    """Write an episode's chapters and read them as any program would."""
    document = json.loads(chapters_json(publish(episode), "The <podcast>", keys))
    assert isinstance(document, dict)
    return document


def test_quotes_make_chapters_between_those_of_the_front_matter() -> None:
    """Both kinds of chapters stand in one list, in the order of their times."""
    episode = make_episode(
        chapters=(Chapter(0, "Hello"), Chapter(600, "Lifts")),
        recommendations=(endorsed("Keras", 900), endorsed("Mine", 300, kind="own"), endorsed("Untimed")),
    )

    assert times_and_titles(episode) == [
        (0, "Hello"),
        (300, "Guest’s own: Mine"),
        (600, "Lifts"),
        (900, "Recommended: Keras"),
    ]


def test_front_matter_wins_where_both_begin_at_one_second() -> None:
    """A second has one chapter: that of the front matter, or else that of the first quote."""
    episode = make_episode(
        chapters=(Chapter(0, "Hello"), Chapter(600, "Lifts")),
        recommendations=(endorsed("Keras", 600), endorsed("One", 700), endorsed("Two", 700)),
    )

    assert times_and_titles(episode) == [(0, "Hello"), (600, "Lifts"), (700, "Recommended: One")]


def test_first_chapter_begins_with_the_recording() -> None:
    """Where none begins at 0, one with the title of the episode does."""
    assert times_and_titles(make_episode(recommendations=(endorsed("Keras", 5),))) == [
        (0, "Deep & <wide>"),
        (5, "Recommended: Keras"),
    ]


def test_episode_without_times_has_no_chapters() -> None:
    """Nothing is made of nothing, and of what begins when the recording has ended neither."""
    late = make_episode(chapters=(Chapter(5100, "Late"),), recommendations=(endorsed("Keras", 6000),))

    assert chapters_of(make_episode(recommendations=(endorsed("Keras"),))) == ()
    assert chapters_of(late) == ()


@given(
    st.lists(st.integers(0, 200)),
    st.lists(st.integers(0, 200), unique=True),
    st.none() | st.integers(1, 150),
)
def test_chapters_ascend_from_zero_within_the_recording(
    spoken: list[int], written: list[int], duration: int | None
) -> None:
    """Whatever the times are, chapters begin at 0, each at a later second, and before the end."""
    episode = make_episode(
        duration=duration,
        chapters=tuple(Chapter(at, "c") for at in sorted(written)),
        recommendations=tuple(endorsed("r", at) for at in spoken),
    )

    times = [chapter.at for chapter in chapters_of(episode)]

    wanted = {at for at in (*spoken, *written) if duration is None or at < duration}
    assert times == sorted(wanted | {0} if wanted else wanted)


def test_document_has_the_members_of_the_format() -> None:
    """JSON chapters 1.2: version, chapters with startTime and title, and whose they are."""
    episode = make_episode(
        chapters=(Chapter(60, "Lifts", "https://example.org/lifts", "https://example.org/lift.png"),),
        recommendations=(endorsed("Untimed"), endorsed("Keras", 3743)),
    )

    assert read_chapters(episode, ("untimed", "keras")) == {
        "version": "1.2.0",
        "title": "Deep & <wide>",
        "podcastName": "The <podcast>",
        "fileName": "a.mp3",
        "chapters": [
            {"startTime": 0, "title": "Deep & <wide>"},
            {
                "startTime": 60,
                "title": "Lifts",
                "url": "https://example.org/lifts",
                "img": "https://example.org/lift.png",
            },
            {"startTime": 3743, "title": "Recommended: Keras", "url": f"{PAGE}#keras"},
        ],
    }


def test_document_of_an_episode_without_a_file_names_none() -> None:
    """What is not known is absent, not null."""
    chapters = (Chapter(60, "Lifts"),)

    assert "fileName" not in read_chapters(make_episode(audio=None, chapters=chapters))
    assert "fileName" not in read_chapters(
        make_episode(audio=Media("https://media.example/", "audio/mpeg"), chapters=chapters)
    )


@given(HOSTILE)
def test_any_text_survives_in_the_document(text: str) -> None:
    """Titles come back as they were, as far as 128 characters on one line go."""
    document = read_chapters(full_episode(text), ("a", "b"))

    titles = [chapter["title"] for chapter in document["chapters"]]
    assert document["title"] == text
    assert [title.split() for title in titles] == [text.split(), text.split(), f"Recommended: {text}".split()]


def test_long_titles_are_shortened() -> None:
    """Titles of chapters and soundbites have at most 128 characters."""
    episode = make_episode(
        title="episode " * 40,
        chapters=(Chapter(60, "chapter " * 40),),
        soundbites=(Soundbite(70, 30, "bite " * 40),),
        recommendations=(endorsed("name " * 40, 3743, "quote " * 40),),
    )

    chapters = read_chapters(episode)["chapters"]

    titles = [*(chapter["title"] for chapter in chapters), *(bite.title for bite in soundbites_of(episode))]
    assert [title.split()[0] for title in titles] == ["episode", "chapter", "Recommended:", "bite", "quote"]
    assert all(100 < len(title) <= 128 and title.endswith("…") for title in titles)
    (_, chapter) = read_chapters(make_episode(chapters=(Chapter(60, "x" * 200),)))["chapters"]
    assert len(chapter["title"]) == 128


def test_chapters_stand_beside_the_page() -> None:
    """The file has a steady path below that of its episode."""
    assert chapters_path("e1") == "episodes/e1/chapters.json"


@pytest.mark.parametrize(
    ("words", "seconds"), [(1, 15), (37, 15), (40, 16), (100, 40), (300, 120), (10_000, 120)]
)
def test_quote_makes_a_soundbite_as_long_as_its_words(words: int, seconds: int) -> None:
    """People say five words in two seconds; programs expect 15 to 120 seconds."""
    episode = make_episode(recommendations=(endorsed("Keras", 60, "w " * words),))

    (bite,) = soundbites_of(episode)

    assert (bite.at, bite.duration) == (60, seconds)


def test_soundbite_is_titled_by_its_quote() -> None:
    """What a soundbite plays is what its title says."""
    (bite,) = soundbites_of(make_episode(recommendations=(endorsed("Keras", 60, "So\n\nit is."),)))

    assert bite.title == "So it is."


def test_soundbites_of_the_front_matter_win() -> None:
    """A second has one soundbite, that of the front matter before that of a quote."""
    written = (Soundbite(300, 20, "Second"), Soundbite(60, 30, "First"))
    quotes = (endorsed("Keras", 60), endorsed("One", 90, "One."), endorsed("Two", 90, "Two."))

    found = soundbites_of(make_episode(soundbites=written, recommendations=quotes))

    assert found == (Soundbite(60, 30, "First"), Soundbite(90, 15, "One."), Soundbite(300, 20, "Second"))


def test_soundbites_end_with_the_recording() -> None:
    """What would go on after the end is cut there; what begins there, or a quote just before, is left out."""
    episode = make_episode(
        duration=100,
        soundbites=(Soundbite(80, 30, "Cut"), Soundbite(100, 30, "Late")),
        recommendations=(endorsed("Keras", 95), endorsed("Late", 200)),
    )

    assert soundbites_of(episode) == (Soundbite(80, 20, "Cut"),)


def test_soundbites_need_a_recording() -> None:
    """Without audio there is nothing to play."""
    episode = make_episode(recommendations=(endorsed("Keras", 60),), audio=None)

    assert soundbites_of(episode) == ()
    assert len(soundbites_of(make_episode(recommendations=(endorsed("Keras", 60),), audio=AUDIO))) == 1
