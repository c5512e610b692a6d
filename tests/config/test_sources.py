"""The section `sources`, as people write it."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
import yaml

from feedmaker.config import Config, parse_config
from feedmaker.config_schema import config_schema
from feedmaker.errors import ConfigError

SITE = {"title": "Tides", "address": "https://tides.example.org/", "author": "Ines Falk"}
PIER = {"name": "pier", "feed": "https://pier.example.org/feed.xml"}
ONE_WAY = 'needs exactly one of "feed", "sitemap" and "pages"; found '


def read(*sources: Any, **more: Any) -> Config:
    """Read a schedule with these sources, of which editors must think the same."""
    data = {"site": SITE, "sources": list(sources), **more}
    text = yaml.safe_dump(data, allow_unicode=True)
    try:
        config = parse_config(text)
    except ConfigError:
        raise
    jsonschema.validate(data, config_schema())
    return config


def faults(*sources: Any, **more: Any) -> list[str]:
    """Return what is wrong with a schedule with these sources."""
    with pytest.raises(ConfigError) as raised:
        read(*sources, **more)
    return [fault.message for fault in raised.value.diagnostics]


def test_source_needs_little() -> None:
    """A name and one of three ways to list pages are enough."""
    feed, sitemap, pages = read(
        PIER,
        {"name": "b", "sitemap": "https://pier.example.org/sitemap.xml"},
        {"name": "c", "pages": "https://pier.example.org/a"},
    ).sources

    assert (feed.place, feed.private, feed.only, feed.pause) == ("pier", False, None, 0.2)
    assert sitemap.sitemap == "https://pier.example.org/sitemap.xml"
    assert pages.pages == ("https://pier.example.org/a",)


def test_source_is_what_it_lists() -> None:
    """Another feed or another choice of pages makes another source; name, folder and pages do not."""
    first, other = read(PIER | {"only": "/a"}, PIER | {"name": "b"}).sources
    same, more = read(
        PIER | {"name": "d", "folder": "e", "private": True},
        {"name": "f", "pages": ["https://pier.example.org/b"]},
    ).sources

    assert first.definition != other.definition == same.definition
    assert more.definition == read({"name": "f", "pages": []}).sources[0].definition


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ({"name": "a"}, f"sources.1: {ONE_WAY}none"),
        (PIER | {"sitemap": "https://pier.example.org/"}, f'sources.1: {ONE_WAY}"feed" and "sitemap"'),
        (PIER | {"url": "x"}, 'unknown key "url"; known here are: '),
        (PIER | {"feed": "ftp://pier.example.org/"}, "sources.1.feed: expected a web address"),
        (PIER | {"feed": "https://me:word@pier.example.org/"}, "sources.1.feed: an address here cannot hold"),
        (PIER | {"folder": "../else"}, "sources.1.folder: expected a folder"),
        (PIER | {"folder": "/else"}, "sources.1.folder: expected a folder"),
        (PIER | {"folder": "a/.b"}, "sources.1.folder: expected a folder"),
        (PIER | {"pause": "soon"}, "sources.1.pause: expected a number"),
        (PIER | {"pause": "nan"}, "sources.1.pause: expected a number"),
        (PIER | {"pause": -1}, "sources.1.pause: expected at least 0"),
        (PIER | {"pause": 3600}, "sources.1.pause: expected at most 60"),
        (PIER | {"private": "yes"}, "sources.1.private: expected true or false"),
        (PIER | {"name": "The pier"}, "sources.1.name: expected small letters"),
        (5, "sources.1: expected keys and values"),
    ],
)
def test_fault_of_a_source_is_told(source: Any, said: str) -> None:
    """Each mistake is named with its place and what is expected."""
    found = faults(source)

    assert len(found) == 1
    assert found[0].startswith(said) or said.startswith('unknown key "url"')


def test_name_belongs_to_one_source() -> None:
    """Two sources cannot have one name, for what is known of them stands under it."""
    assert faults(PIER, dict(PIER)) == ['sources.2.name: "pier" is the name of another source already']


def test_job_that_collects_needs_sources() -> None:
    """`run: collect` without the section is an error, for us and for editors."""
    job = {"name": "fetch", "run": "collect", "every": "1 hour"}
    assert read(PIER, jobs=[job]).jobs[0].run == "collect"

    data = {"site": SITE, "jobs": [job]}
    with pytest.raises(ConfigError, match='needs a section "sources"'):
        parse_config(yaml.safe_dump(data))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, config_schema())


@pytest.mark.parametrize("ways", [{}, {"feed": "https://a.example", "pages": []}])
def test_editors_know_that_there_is_one_way(ways: dict[str, Any]) -> None:
    """The schema refuses a source that lists its pages in no way or in two."""
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"site": SITE, "sources": [{"name": "a", **ways}]}, config_schema())
