"""The elements that a podcast feed adds to its channel and its items."""

from __future__ import annotations

from typing import Any

import feedparser
import pytest
from hypothesis import given
from lxml import etree

from feedmaker.config import Config
from feedmaker.feeds.podcast import (
    NAMESPACES,
    channel_elements,
    item_elements,
    make_channel,
    new_guid,
)
from feedmaker.model import Chapter, Episode, Guest, Media, Soundbite
from tests.podcast.samples import (
    AUDIO,
    HOSTILE,
    SITE,
    broadcast_of,
    endorsed,
    full_episode,
    make_config,
    make_episode,
    publish,
)

FEED = "https://example.org/notes/podcast.xml"
ART = "https://example.org/notes/art.jpg"
GUID = "9b024349-ccf0-5f69-a609-6b82873eab3c"


def channel_of(config: Config, moved: bool = False) -> etree._Element:
    """Write a podcast's channel and read it back."""
    return _read(channel_elements(make_channel(config, GUID, ART), FEED, moved))


def item_of(episode: Episode, config: Config | None = None) -> etree._Element:
    """Write an episode's item and read it back."""
    media = episode.audio or AUDIO
    return _read(item_elements(broadcast_of(episode, config), media, episode.duration))


def _read(elements: list[etree._Element]) -> etree._Element:
    root = etree.Element("rss", nsmap=dict(NAMESPACES))
    root.extend(elements)
    return etree.fromstring(etree.tostring(root))


def facts(parent: etree._Element, name: str) -> list[tuple[str | None, dict[str, str]]]:
    """Return text and attributes of the children with a name such as itunes:image."""
    found = parent.findall(name, dict(NAMESPACES))
    return [
        (element.text, {str(key): str(value) for key, value in element.attrib.items()}) for element in found
    ]


def text(parent: etree._Element, name: str) -> str | None:
    """Return the text of the only child with a name."""
    ((found, attributes),) = facts(parent, name)
    assert attributes == {}
    return found


@pytest.mark.parametrize(
    ("address", "guid"),
    [
        ("https://podnews.net/rss", GUID),
        ("http://podnews.net/rss//", GUID),
        ("https://mp3s.nashownotes.com/pc20rss.xml", "917393e3-1b1e-5cef-ace4-edaa54e1f810"),
    ],
)
def test_guid_is_that_of_the_namespace(address: str, guid: str) -> None:
    """The id of a podcast is the UUID of its address, without scheme and last slashes."""
    assert new_guid(address) == guid


def test_namespaces_are_exact() -> None:
    """Programs compare the names of the namespaces letter by letter."""
    assert NAMESPACES == {
        "itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd",
        "podcast": "https://podcastindex.org/namespace/1.0",
    }


def test_least_channel_has_what_apple_and_psp_want() -> None:
    """Artwork and category alone make a podcast that directories take."""
    channel = channel_of(make_config())

    assert [(etree.QName(each).localname, each.text) for each in channel] == [
        ("image", None),
        ("category", None),
        ("explicit", "false"),
        ("author", "Jane Doe"),
        ("type", "episodic"),
        ("guid", GUID),
        ("locked", "yes"),
        ("medium", "podcast"),
    ]
    assert facts(channel, "itunes:image") == [(None, {"href": ART})]


def test_full_channel_says_everything() -> None:
    """Each fact of the configuration has its element."""
    channel = channel_of(
        make_config(
            push={"podping": True},
            explicit=True,
            type="serial",
            author="The Doe Sisters",
            owner={"name": "Ann", "email": "ann@example.org"},
            copyright="© Doe",
            hosts=[
                "Ann",
                {"name": "Bo", "url": "https://bo.example/?a=1&b=2", "image": "https://bo.example/b.png"},
            ],
            locked=False,
            medium="audiobook",
            funding=[
                {"url": "https://give.example/a", "text": "Give"},
                {"url": "https://give.example/b", "text": "More"},
            ],
            license="cc-by-4.0",
            txt=[{"text": "S6lpp-7ZCn8", "purpose": "verify"}, {"text": "plain"}],
            update_frequency={"text": "weekly", "rrule": "FREQ=WEEKLY", "complete": True},
            complete=True,
        )
    )

    assert text(channel, "itunes:explicit") == "true"
    assert text(channel, "itunes:type") == "serial"
    assert text(channel, "itunes:author") == "The Doe Sisters"
    assert text(channel, "itunes:complete") == "Yes"
    assert text(channel, "itunes:owner/itunes:name") == "Ann"
    assert text(channel, "itunes:owner/itunes:email") == "ann@example.org"
    assert text(channel, "copyright") == "© Doe"
    assert text(channel, "podcast:medium") == "audiobook"
    assert facts(channel, "podcast:locked") == [("no", {"owner": "ann@example.org"})]
    assert facts(channel, "podcast:person") == [
        ("Ann", {"role": "host", "group": "cast"}),
        (
            "Bo",
            {
                "role": "host",
                "group": "cast",
                "img": "https://bo.example/b.png",
                "href": "https://bo.example/?a=1&b=2",
            },
        ),
    ]
    assert facts(channel, "podcast:funding") == [
        ("Give", {"url": "https://give.example/a"}),
        ("More", {"url": "https://give.example/b"}),
    ]
    assert facts(channel, "podcast:license") == [("cc-by-4.0", {})]
    assert facts(channel, "podcast:txt") == [("S6lpp-7ZCn8", {"purpose": "verify"}), ("plain", {})]
    assert facts(channel, "podcast:updateFrequency") == [
        ("weekly", {"rrule": "FREQ=WEEKLY", "complete": "true"})
    ]
    assert facts(channel, "podcast:podping") == [(None, {"usesPodping": "true"})]


def test_licence_of_ones_own_has_its_address() -> None:
    """A licence that no list knows is a name beside an address."""
    channel = channel_of(make_config(license={"name": "Mine", "url": "https://example.org/mine"}))

    assert facts(channel, "podcast:license") == [("Mine", {"url": "https://example.org/mine"})]


def test_subcategory_stands_in_its_category() -> None:
    """Apple wants subcategories nested and names in attributes."""
    channel = channel_of(make_config(category=["Arts > Books", "Technology"]))

    assert [
        (each.get("text"), [child.get("text") for child in each])
        for each in channel.findall("itunes:category", dict(NAMESPACES))
    ] == [("Arts", ["Books"]), ("Technology", [])]


def test_rule_begins_at_the_time_of_the_site() -> None:
    """A day without a time zone means the site's, and the rule keeps that zone."""
    config = Config.model_validate(
        {
            "site": {**SITE, "timezone": "Europe/Berlin"},
            "podcast": {
                "image": ART,
                "category": "Arts",
                "update_frequency": {"text": "w", "rrule": "FREQ=WEEKLY", "start": "2026-11-27T09:30"},
            },
        }
    )

    ((_, attributes),) = facts(channel_of(config), "podcast:updateFrequency")

    assert attributes["dtstart"] == "2026-11-27T09:30:00+01:00"


def test_moved_podcast_names_its_new_address() -> None:
    """Only a podcast that has moved sends programs to its new address."""
    assert text(channel_of(make_config(), moved=True), "itunes:new-feed-url") == FEED
    assert facts(channel_of(make_config()), "itunes:new-feed-url") == []


def test_title_and_description_come_from_the_podcast_or_the_site() -> None:
    """What the section leaves open, the site says."""
    named = make_channel(make_config(title="Pod", description="About it."), GUID, ART)
    bare = make_channel(make_config(), GUID, ART)

    assert (named.title, named.description, named.image) == ("Pod", "About it.", ART)
    assert (bare.title, bare.description) == (SITE["title"], SITE["description"])


def test_no_podcast_without_its_section() -> None:
    """Asking for a podcast that is not configured is a mistake of the caller."""
    config = Config.model_validate({"site": SITE})

    with pytest.raises(ValueError, match="without its section"):
        make_channel(config, GUID, ART)
    with pytest.raises(ValueError, match="without its section"):
        broadcast_of(make_episode(), config)


def test_least_item_has_no_empty_element() -> None:
    """What a note does not say is not in its item."""
    item = item_of(make_episode(duration=None))

    assert [(each.tag.rpartition("}")[2], each.text) for each in item if isinstance(each.tag, str)] == [
        ("title", "Deep & <wide>"),
        ("episodeType", "full"),
        ("explicit", "false"),
    ]


def test_full_item_says_everything() -> None:
    """Each fact of the front matter has its element."""
    item = item_of(
        make_episode(
            season=2,
            number=7,
            type="bonus",
            explicit=True,
            image="https://example.org/e1.PNG",
            transcripts=(Media("https://media.example/a.vtt", "text/vtt"),),
            chapters=(Chapter(60, "Lifts"),),
            soundbites=(Soundbite(70, 30, "Why"),),
        )
    )

    assert text(item, "itunes:season") == text(item, "podcast:season") == "2"
    assert text(item, "itunes:episode") == text(item, "podcast:episode") == "7"
    assert text(item, "itunes:episodeType") == "bonus"
    assert text(item, "itunes:explicit") == "true"
    assert text(item, "itunes:duration") == "5100"
    assert facts(item, "itunes:image") == [(None, {"href": "https://example.org/e1.PNG"})]
    assert facts(item, "podcast:transcript") == [
        (
            None,
            {"url": "https://media.example/a.vtt", "type": "text/vtt", "language": "en", "rel": "captions"},
        )
    ]
    assert facts(item, "podcast:chapters") == [
        (
            None,
            {
                "url": "https://example.org/notes/episodes/e1/chapters.json",
                "type": "application/json+chapters",
            },
        )
    ]
    assert facts(item, "podcast:soundbite") == [("Why", {"startTime": "70.0", "duration": "30.0"})]


def test_explicit_of_the_note_wins() -> None:
    """A note may differ from its podcast, in either direction."""
    explicit = make_config(explicit=True)

    assert text(item_of(make_episode(), explicit), "itunes:explicit") == "true"
    assert text(item_of(make_episode(explicit=False), explicit), "itunes:explicit") == "false"


def test_item_restates_all_people() -> None:
    """An item's people replace the channel's, so hosts come again, or those of the note instead."""
    config = make_config(hosts=["Ann"])
    guests = (Guest("Zoë", "bio", "https://zoe.example/", "https://zoe.example/z.jpg"),)

    usual = facts(item_of(make_episode(guests=guests), config), "podcast:person")
    other = facts(item_of(make_episode(hosts=(Guest("Bo"),)), config), "podcast:person")

    assert usual == [
        ("Ann", {"role": "host", "group": "cast"}),
        (
            "Zoë",
            {
                "role": "guest",
                "group": "cast",
                "img": "https://zoe.example/z.jpg",
                "href": "https://zoe.example/",
            },
        ),
    ]
    assert other == [("Bo", {"role": "host", "group": "cast"})]


def test_best_transcript_stands_first() -> None:
    """Captions come before text, whatever the order in the note, and what nobody knows comes last."""
    types = (
        "text/plain",
        "application/x-thing",
        "application/json",
        "text/html",
        "application/x-subrip",
        "text/vtt",
    )
    transcripts = tuple(Media(f"https://media.example/{number}", kind) for number, kind in enumerate(types))

    found = facts(item_of(make_episode(transcripts=transcripts, language="de")), "podcast:transcript")

    assert [attributes["type"] for _, attributes in found] == [*reversed(types[2:]), "text/plain", types[1]]
    assert [attributes.get("rel") for _, attributes in found] == ["captions"] * 2 + [None] * 4
    assert {attributes["language"] for _, attributes in found} == {"de"}


def test_timed_quote_makes_soundbite_and_chapters() -> None:
    """A quote that says when it was spoken can be jumped to and played."""
    item = item_of(make_episode(recommendations=(endorsed("Keras", 3743, "It just works."),)))

    assert facts(item, "podcast:soundbite") == [
        ("It just works.", {"startTime": "3743.0", "duration": "15.0"})
    ]
    assert len(facts(item, "podcast:chapters")) == 1


def test_document_has_no_times() -> None:
    """An enclosure that does not play, such as a PDF, has neither duration nor chapters."""
    episode = make_episode(
        audio=Media("https://media.example/a.pdf", "application/pdf"), chapters=(Chapter(60, "Lifts"),)
    )

    item = item_of(episode)

    assert facts(item, "itunes:duration") == facts(item, "podcast:chapters") == []


@pytest.mark.parametrize(
    "address",
    ["https://example.org/a.webp", "https://example.org/a.jpg?size=9", "https://example.org/a.png#x"],
)
def test_picture_that_apple_refuses_is_left_out(address: str) -> None:
    """An image whose address does not end in .jpg or .png is not in the item."""
    assert facts(item_of(make_episode(image=address)), "itunes:image") == []


def test_long_values_are_shortened() -> None:
    """Apple takes 255 characters, the podcast namespace 128 for names."""
    channel = channel_of(make_config(author="a" * 400, owner={"name": "o" * 400, "email": "a@example.org"}))
    item = item_of(make_episode(title="t" * 400, guests=(Guest("g" * 400),)))

    names = ("itunes:author", "itunes:owner/itunes:name")
    assert [len(text(channel, name) or "") for name in names] == [255, 255]
    assert len(text(item, "itunes:title") or "") == 255
    assert [len(name or "") for name, _ in facts(item, "podcast:person")] == [128]


@given(HOSTILE)
def test_any_text_is_text_in_the_elements(said: str) -> None:
    """Whatever a note says, the elements are the same and hold its words."""
    item = item_of(full_episode(said))

    words = " ".join(said.split())
    assert [each.tag for each in item] == [each.tag for each in item_of(full_episode())]
    assert (text(item, "itunes:title") or "").split() == said.split()
    assert [" ".join((found or "").split()) for found, _ in facts(item, "podcast:person")] == [words, words]
    assert [" ".join((found or "").split()) for found, _ in facts(item, "podcast:soundbite")] == [
        words,
        f"{words} {words}",
    ]


def test_elements_leave_no_namespaces_of_their_own_in_a_document() -> None:
    """The prefixes stand on the root alone, as PSP-1 asks."""
    root = etree.Element("rss", nsmap=dict(NAMESPACES))
    channel = etree.SubElement(root, "channel")
    channel.extend(channel_elements(make_channel(make_config(copyright="Doe"), GUID, ART), FEED, moved=False))
    item = etree.SubElement(channel, "item")
    item.extend(item_elements(broadcast_of(full_episode()), AUDIO, 5100))

    written = etree.tostring(root)

    assert written.count(b"xmlns:") == len(NAMESPACES)
    assert b"ns0" not in written


def test_known_reader_reads_the_elements() -> None:
    """Another program finds the facts where it looks for them."""
    root = etree.fromstring(b"<rss version='2.0'><channel><title>T</title></channel></rss>")
    config = make_config(category="Arts > Books", owner={"name": "Ann", "email": "ann@example.org"})
    root[0].extend(channel_elements(make_channel(config, GUID, ART), FEED, moved=False))
    item = etree.SubElement(root[0], "item")
    item.extend(item_elements(broadcast_of(full_episode()), AUDIO, 5100))

    found: Any = feedparser.parse(etree.tostring(root))

    assert not found.bozo
    assert found.feed.author == "Jane Doe"
    assert found.feed.image.href == ART
    assert [tag.term for tag in found.feed.tags] == ["Arts", "Books"]
    assert found.feed.publisher_detail.email == "ann@example.org"
    assert found.entries[0].itunes_duration == "5100"
    assert found.entries[0].itunes_episode == "7"
    assert found.entries[0].itunes_season == "2"


def test_notes_lead_to_the_cards_of_the_page() -> None:
    """A recommendation in the notes leads to its place on the page, by the key it has there."""
    episode = make_episode(recommendations=(endorsed("Keras"),))
    config = make_config()
    assert config.podcast is not None

    broadcast = broadcast_of(episode, config)

    assert 'href="https://example.org/notes/episodes/e1/#r0"' in broadcast.notes
    assert broadcast.title == publish(episode).episode.title
