"""The sections `podcast`, `push` and `serving`, and what the feeds are cut by, as people write them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, get_args, get_origin
from uuid import UUID

import pytest
import yaml
from pydantic import BaseModel

from feedmaker.categories import CATEGORIES
from feedmaker.config import Config, Funding, License, Person, parse_config
from feedmaker.errors import ConfigError

SITE = {"title": "Tides", "address": "https://tides.example.org/", "author": "Ines Falk"}
PODCAST = {"image": "artwork.jpg", "category": "Arts > Books"}
TRUTH = "expected true or false (not yes, no or clean)"


def read(**data: Any) -> Config:
    """Read a schedule of these sections."""
    return parse_config(yaml.safe_dump({"site": SITE, **data}, allow_unicode=True))


def podcast(**keys: Any) -> Any:
    """Read a schedule with a podcast of these keys, and return its section."""
    return read(podcast=PODCAST | keys).podcast


def faults(**data: Any) -> list[str]:
    """Return what is wrong with a schedule of these sections, without places and codes."""
    with pytest.raises(ConfigError) as raised:
        read(**data)
    return [fault.message for fault in raised.value.diagnostics]


def podcast_faults(**keys: Any) -> list[str]:
    """Return what is wrong with a podcast of these keys, without its name before each."""
    return [fault.removeprefix("podcast.") for fault in faults(podcast=PODCAST | keys)]


def test_nothing_new_is_asked_of_a_schedule() -> None:
    """Without the sections there is no podcast, nobody is told, and nothing is put beside the feeds."""
    config = read()

    assert config.podcast is None
    assert (config.push.hubs, config.push.podping, config.push.podcast_index) == ((), None, None)
    assert (config.push.automatic, config.serving.netlify, config.serving.compress) == (True, False, ())
    assert (config.feeds.tags, config.feeds.shows, config.feeds.recommendations) == ((), (), True)
    assert (config.site.image, config.site.moved_from) == (None, ())


def test_podcast_needs_artwork_and_a_category() -> None:
    """Artwork and category are all that a podcast has to say; an empty section means that there is none."""
    assert faults(podcast={}) == ['"podcast.category" is missing', '"podcast.image" is missing']
    assert read(podcast=None).podcast is None
    assert podcast().categories == ("Arts > Books",)
    assert (podcast().explicit, podcast().locked, podcast().type) == (False, True, "episodic")


@pytest.mark.parametrize("name", [*CATEGORIES, *(f"{a} > {b}" for a in CATEGORIES for b in CATEGORIES[a])])
def test_every_category_is_known(name: str) -> None:
    """Each category and subcategory of Apple Podcasts is accepted as it is spelt."""
    assert podcast(category=name).categories == (name,)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("arts", '"arts" is no category of Apple Podcasts; write Arts, letter by letter'),
        ("Tv & film", '"Tv & film" is no category of Apple Podcasts; write TV & Film, letter by letter'),
        ("Health and Fitness", "write Health & Fitness, letter by letter"),
        ("Books", '"Books" is no category of Apple Podcasts; write Arts > Books'),
        ("Arts > books", '"books" is no subcategory of Arts; write Arts > Books, letter by letter'),
        ("Arts > Zzzz", '"Zzzz" is no subcategory of Arts; known are Books, Design,'),
        ("Technology > Podcasting", '"Podcasting" is no subcategory of Technology; write Technology alone'),
        ("Arts > Books > Novels", "a category has one subcategory at most; write Arts > Books"),
        ("Arts >", '"" is no subcategory of Arts'),
        ("Zzzz", "known are Arts, Business,"),
    ],
)
def test_category_names_the_right_spelling(written: str, said: str) -> None:
    """A category that Apple does not have is refused with the spelling that was meant."""
    (fault,) = podcast_faults(category=written)

    assert said in fault


def test_blanks_around_a_category_do_not_count() -> None:
    """A category has one form, however its parts are spaced, and a list keeps its order."""
    assert podcast(category=["Arts>Books", " Comedy "]).categories == ("Arts > Books", "Comedy")


@pytest.mark.parametrize("word", ["yes", "no", "clean", "True", "1", "explicit"])
@pytest.mark.parametrize("key", ["explicit", "locked", "complete"])
def test_truth_is_true_or_false(key: str, word: str) -> None:
    """What directories would refuse is refused here, with the two words that are right."""
    assert podcast_faults(**{key: word}) == [f"{key}: {TRUTH}"]


def test_names_stand_for_what_they_name() -> None:
    """Hosts, licence and frequency may be given by a text alone."""
    section = podcast(hosts="Ines Falk", license="cc-by-4.0", update_frequency="every other Friday")

    assert section.hosts == (Person(name="Ines Falk"),)
    assert section.license == License(name="cc-by-4.0")
    assert section.update_frequency.text == "every other Friday"


def test_podcast_holds_what_was_written() -> None:
    """Every longer form keeps all that it says."""
    section = podcast(
        hosts=["Ines Falk", {"name": "Ada Poe", "url": "https://a.example/"}],
        funding=[{"url": "https://give.example/", "text": "Give"}],
        guid="917393E3-1B1E-5CEF-ACE4-EDAA54E1F810",
        update_frequency={"text": "x", "rrule": "FREQ=WEEKLY;BYDAY=FR", "start": "2026-11-27T09:00+00:00"},
    )

    assert [host.name for host in section.hosts] == ["Ines Falk", "Ada Poe"]
    assert section.funding == (Funding(url="https://give.example/", text="Give"),)
    assert section.guid == UUID("917393e3-1b1e-5cef-ace4-edaa54e1f810")
    assert section.update_frequency.start == datetime(2026, 11, 27, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"image": "../art.jpg"}, "image: expected an address, or a file of this folder such as artwork.jpg"),
        ({"image": "/srv/art.jpg"}, "image: expected an address, or a file of this folder"),
        ({"image": "art\\new.jpg"}, "image: expected an address, or a file of this folder"),
        ({"image": "ftp://a.example/art.jpg"}, "image: expected a web address such as"),
        ({"image": "https://ann:hunter2@a.example/art.jpg"}, "image: an address here cannot hold"),
        ({"guid": "my podcast"}, "guid: expected a UUID such as 917393e3"),
        ({"license": "CC-BY-4.0"}, "license: expected an identifier of SPDX in small letters"),
        (
            {"update_frequency": {"text": "x", "rrule": "weekly"}},
            "update_frequency.rrule: expected a recurrence",
        ),
        (
            {"update_frequency": {"text": "x", "start": "Friday"}},
            "update_frequency.start: expected a date, or",
        ),
        ({"update_frequency": {"text": "x", "start": "5"}}, "update_frequency.start: expected a date, or"),
        ({"hosts": ["x" * 129]}, "hosts.1.name: expected at most 128 characters"),
        ({"txt": [{"text": "x" * 4001}]}, "txt.1.text: expected at most 4,000 characters"),
        ({"funding": {"url": "https://a.example", "text": "x"}}, "funding: expected a list"),
        ({"type": "weekly"}, "type: expected 'episodic' or 'serial'"),
        ({"owner": {"name": "I"}}, '"podcast.owner.email" is missing'),
        ({"entries": 4000}, "entries: expected at most 3000"),
    ],
)
def test_what_no_directory_would_take_is_refused(keys: dict[str, Any], said: str) -> None:
    """Each value that programs would stumble over is refused with what would be right."""
    (fault,) = podcast_faults(**keys)

    assert fault.startswith(said)
    assert "hunter2" not in fault


def test_artwork_may_stand_in_a_folder() -> None:
    """Artwork is an address, or a file below the project's folder."""
    assert podcast(image="art/front cover.png").image == "art/front cover.png"
    assert podcast(image="https://a.example/art.jpg").image == "https://a.example/art.jpg"


@pytest.mark.parametrize(
    ("written", "read_as"),
    [("all", ("all",)), ("Keepers", ("Keepers",)), (["b", "a"], ("b", "a")), ([], ())],
)
@pytest.mark.parametrize("key", ["tags", "shows"])
def test_selection_is_all_or_names(key: str, written: Any, read_as: tuple[str, ...]) -> None:
    """Tags and shows that have feeds are named, one or many, or are all."""
    assert getattr(read(feeds={key: written}).feeds, key) == read_as


def test_all_stands_alone() -> None:
    """All and a name beside it contradict each other."""
    assert faults(feeds={"tags": ["all", "sound"]}) == [
        'feeds.tags: expected a list of names, or "all" and nothing beside it'
    ]


def test_services_are_known_by_true() -> None:
    """True stands for the address of a service that everybody uses, false for none of them."""
    push = read(podcast=PODCAST, push={"podping": "true", "podcast_index": "true"}).push

    assert push.podping == "https://podping.cloud/"
    assert push.podcast_index == "https://api.podcastindex.org/api/1.0/hub/pubnotify"
    assert read(push={"podping": "false"}).push.podping is None
    assert read(podcast=PODCAST, push={"podping": "https://p.example"}).push.podping == "https://p.example"


@pytest.mark.parametrize("key", ["podping", "podcast_index"])
def test_services_are_for_podcasts(key: str) -> None:
    """Announcing podcast feeds where there are none is a mistake, and it is said."""
    assert faults(push={key: "true"}) == [f'push.{key}: needs a section "podcast"']
    (fault,) = faults(podcast=PODCAST, push={key: "yes"})
    assert fault.startswith(f"push.{key}: expected true, false or an address such as https://")


def test_address_of_today_is_no_address_of_before() -> None:
    """A site cannot have moved from where it is, with or without a slash at the end."""
    site = SITE | {"moved_from": ["https://old.example", "https://tides.example.org"]}

    assert faults(site=site) == ["site.moved_from: the site is there now; write where it was before"]
    moved = read(site=SITE | {"moved_from": "https://old.example"}).site.moved_from
    assert moved == ("https://old.example/",)


def sections(model: type[BaseModel], path: tuple[str | int, ...] = ()) -> Iterator[Any]:
    """Yield the path of every section inside a model, however deep."""
    for name, field in model.model_fields.items():
        yield from inner(field.annotation, (*path, field.alias or name))


def inner(annotation: Any, path: tuple[str | int, ...]) -> Iterator[Any]:
    """Yield the paths of the sections that a type holds, with a 0 for what is counted and x for a name."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield pytest.param(path, id=".".join(map(str, path)))
        yield from sections(annotation, path)
    steps: dict[Any, tuple[str | int, ...]] = {tuple: (0,), Mapping: ("x",)}
    step = steps.get(get_origin(annotation), ())
    for argument in get_args(annotation):
        yield from inner(argument, (*path, *step))


@pytest.mark.parametrize("path", list(sections(Config)))
def test_unknown_key_is_told_in_every_section(path: tuple[str | int, ...]) -> None:
    """Whatever sections there will be, an unknown key in one names the keys of that section."""
    data: Any = {"qqqqq": "x"}
    for step in reversed(path):
        data = [data] if step == 0 else {step: data}

    with pytest.raises(ConfigError) as raised:
        parse_config(yaml.safe_dump(data))

    said = [fault.message for fault in raised.value.diagnostics if fault.code == "unknown-key"]
    assert len(said) == 1
    assert said[0].startswith('unknown key "qqqqq"; known here: ')
    assert ("timezone" in said[0]) == (path == ("site",))
