"""What pages say to machines, in the words of schema.org."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from feedmaker.model import Chapter, Episode, Guest, Link, Media, Quote, Recommendation
from feedmaker.pages import episode_page, index_page
from tests.content.reader import read_html
from tests.pages.site import ADDRESS, MORNING, PACKAGED, SITE, TIDES, entry, fact_on, facts_on, publish

KERAS = Recommendation(
    "recommended", "product", "Tide table", "Harbour Office", quote=Quote("It never lies.", "Jo", 95)
)
EPISODE = replace(
    TIDES,
    season=2,
    number=7,
    guests=(Guest("Jo", "Pilot", "https://jo.example.org/"),),
    hosts=(Guest("Ada"),),
    tags=("sea",),
    recommendations=(KERAS,),
    chapters=(Chapter(0, "Ebb"), Chapter(60, "Flood")),
    audio=Media("https://a.example.org/a.mp3", "audio/mpeg", 99),
    transcripts=(Media("https://a.example.org/t.vtt", "text/vtt"),),
    image="https://a.example.org/i.png",
)


def told(episode: Episode) -> dict[str, Any]:
    """Return what the page of an episode says of it."""
    return fact_on(read_html(episode_page(PACKAGED, SITE, *entry(episode))), "PodcastEpisode")


def named(item: Recommendation) -> dict[str, Any]:
    """Return what a page says of one recommendation, without its address."""
    (found,) = told(replace(TIDES, recommendations=(item,)))["mentions"]
    del found["@id"]
    return dict(found)


def test_episode_is_a_podcast_episode() -> None:
    """Title, show, day of airing, length, people and tags are told, and nothing that is absent."""
    said = told(EPISODE)

    assert {
        key: value for key, value in said.items() if key not in ("associatedMedia", "hasPart", "mentions")
    } == {
        "@type": "PodcastEpisode",
        "@id": f"{ADDRESS}episodes/tides/#episode_facts",
        "name": "Tides",
        "url": f"{ADDRESS}episodes/tides/",
        "description": "Why the water comes back.",
        "datePublished": "2020-02-02",
        "duration": "PT1H",
        "inLanguage": "en",
        "image": "https://a.example.org/i.png",
        "episodeNumber": 7,
        "partOfSeries": {"@type": "PodcastSeries", "name": "Shoreline"},
        "partOfSeason": {"@type": "PodcastSeason", "seasonNumber": 2},
        "actor": [
            {"@type": "Person", "name": "Jo", "description": "Pilot", "url": "https://jo.example.org/"},
            {"@type": "Person", "name": "Ada"},
        ],
        "author": [{"@type": "Person", "name": "Ada"}],
        "keywords": ["sea"],
    }
    bare = Episode("Shoreline", "Tides", date(2020, 2, 2))
    assert set(told(bare)) == {
        *("@type", "@id", "name", "url", "description", "datePublished", "inLanguage", "partOfSeries")
    }


def test_recordings_and_chapters_are_told() -> None:
    """The recording has its address, type and size, and its chapters begin and end."""
    said = told(replace(EPISODE, video="https://a.example.org/v"))

    assert said["associatedMedia"] == [
        {
            "@type": "AudioObject",
            "contentUrl": "https://a.example.org/a.mp3",
            "encodingFormat": "audio/mpeg",
            "contentSize": "99",
            "duration": "PT1H",
            "caption": [
                {
                    "@type": "MediaObject",
                    "contentUrl": "https://a.example.org/t.vtt",
                    "encodingFormat": "text/vtt",
                }
            ],
        },
        {"@type": "VideoObject", "name": "Tides", "url": "https://a.example.org/v"},
    ]
    assert [(clip["name"], clip["startOffset"], clip["endOffset"]) for clip in said["hasPart"]] == [
        ("Ebb", 0, 60),
        ("Flood", 60, 3600),
    ]
    assert said["hasPart"][1]["url"] == "https://a.example.org/v#t=60"


def test_recommendation_has_its_quote() -> None:
    """What was recommended is mentioned with the words, who said them, and the moment in the episode."""
    (said,) = told(EPISODE)["mentions"]

    assert said == {
        "@id": f"{ADDRESS}episodes/tides/#tide-table",
        "@type": "Product",
        "name": "Tide table",
        "brand": {"@type": "Brand", "name": "Harbour Office"},
        "subjectOf": {
            "@type": "Quotation",
            "text": "It never lies.",
            "creator": {"@type": "Person", "name": "Jo"},
            "isBasedOn": {
                "@type": "Clip",
                "startOffset": 95,
                "url": "https://a.example.org/a.mp3#t=95",
                "partOfEpisode": {"@id": f"{ADDRESS}episodes/tides/#episode_facts"},
            },
        },
    }


def test_quote_without_speaker_and_time_is_based_on_the_episode() -> None:
    """A quote of which nothing more is known is still one of this episode."""
    said = named(replace(KERAS, quote=Quote("It never lies.")))

    assert said["subjectOf"] == {
        "@type": "Quotation",
        "text": "It never lies.",
        "isBasedOn": {"@id": f"{ADDRESS}episodes/tides/#episode_facts"},
    }


@pytest.mark.parametrize(
    ("medium", "said"),
    [
        ("book", {"@type": "Book", "author": {"@type": "Person", "name": "C"}}),
        ("paper", {"@type": "ScholarlyArticle", "author": {"@type": "Person", "name": "C"}}),
        ("product", {"@type": "Product", "brand": {"@type": "Brand", "name": "C"}}),
        ("film", {"@type": "Movie", "creator": "C"}),
        ("media", {"@type": "CreativeWork", "creator": "C"}),
        ("walk in the park", {"@type": "Thing"}),
    ],
)
def test_medium_decides_the_type(medium: str, said: dict[str, Any]) -> None:
    """Media that we know have the nearest type; of others nothing is claimed."""
    assert named(Recommendation("recommended", medium, "N", "C")) == said | {"name": "N"}


def test_guesses_and_paid_links_are_not_told() -> None:
    """Machines get no creator that was only inferred, and no address by which somebody earns."""
    guessed = Recommendation("own", "book", "N", "C", creator_inferred=True, link=Link("shop:"))
    page = episode_page(PACKAGED, SITE, *entry(replace(TIDES, recommendations=(guessed,))))

    assert named(guessed) == {"@type": "Book", "name": "N"}
    assert "shop.example.com" not in read_html(page).one("script").text


@pytest.mark.parametrize(
    ("seconds", "length"), [(59, "PT59S"), (3600, "PT1H"), (5100, "PT1H25M"), (36061, "PT10H1M1S")]
)
def test_length_is_a_duration(seconds: int, length: str) -> None:
    """Lengths are written as ISO 8601 has them."""
    assert told(replace(TIDES, duration=seconds))["duration"] == length
    assert "duration" not in told(replace(TIDES, duration=None))


def test_page_has_dates_and_an_author_of_its_own() -> None:
    """The notes were published and edited on other days than the episode, and by somebody else."""
    edited = publish(EPISODE, updated=datetime(2024, 6, 1, 7, 30, tzinfo=UTC))
    said = fact_on(read_html(episode_page(PACKAGED, SITE, edited, entry(EPISODE)[1])), "WebPage")

    assert (said["datePublished"], said["dateModified"]) == (
        "2024-05-06T10:00:00+02:00",
        "2024-06-01T09:30:00+02:00",
    )
    assert datetime.fromisoformat(said["datePublished"]) == MORNING
    assert said["author"] == {"@type": "Person", "name": "Ada Moss", "url": "https://moss.example.net/"}
    assert said["mainEntity"] == {"@id": told(EPISODE)["@id"]}


def test_front_page_tells_of_site_and_show() -> None:
    """The front page is the site's; where all its episodes are of one show, it says which."""
    other = replace(TIDES, show="Other")
    one = read_html(index_page(PACKAGED, SITE, [entry(TIDES), entry(EPISODE, "b")]))
    two = read_html(index_page(PACKAGED, SITE, [entry(TIDES), entry(other, "b")]))
    none = read_html(index_page(PACKAGED, SITE, []))

    assert fact_on(one, "WebSite")["url"] == ADDRESS
    assert fact_on(one, "PodcastSeries") == {"@type": "PodcastSeries", "name": "Shoreline"}
    assert [item["url"] for item in fact_on(one, "ItemList")["itemListElement"]] == [
        f"{ADDRESS}episodes/tides/",
        f"{ADDRESS}episodes/b/",
    ]
    assert not [node for node in facts_on(two) if node["@type"] == "PodcastSeries"]
    assert [node["@type"] for node in facts_on(none)] == ["WebSite"]
