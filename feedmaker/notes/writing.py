"""An episode → a note in Markdown that reads back as the same episode. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

import yaml

from feedmaker.model import Chapter, Episode, Guest, Media, Recommendation, Soundbite
from feedmaker.notes.endorsement import write_byline, write_link, write_quote, write_sameness
from feedmaker.notes.prose import escape_markdown, to_markdown
from feedmaker.notes.sections import HEADINGS
from feedmaker.text import clock, spoken_duration

_Fact = Guest | Media | Chapter
_CLOSING_SIGNS = re.compile(r"(\s#*)#$")


def write_markdown(episode: Episode) -> str:
    """Write a note; `feedmaker.notes.markdown.parse_markdown` returns the same episode."""
    parts = [f"---\n{_front_matter(episode)}---", *_body(episode)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _front_matter(episode: Episode) -> str:
    transcripts = _mappings(episode.transcripts)
    values = {
        "show": episode.show,
        "title": episode.title,
        "date": episode.aired,
        "duration": spoken_duration(episode.duration) if episode.duration else None,
        "season": episode.season,
        "episode": episode.number,
        "type": episode.type,
        "explicit": episode.explicit,
        "guests": _mappings(episode.guests),
        "hosts": _mappings(episode.hosts),
        "tags": list(episode.tags),
        "highlight": [index + 1 for index in episode.highlights],
        "language": episode.language,
        "url": episode.url,
        "image": episode.image,
        "video": episode.video,
        "audio": _mapping(episode.audio) if episode.audio else None,
        "transcript": transcripts[0] if len(transcripts) == 1 else transcripts,
        "chapters": [{**_mapping(chapter), "at": clock(chapter.at)} for chapter in episode.chapters],
        "soundbites": [_soundbite(soundbite) for soundbite in episode.soundbites],
        "id": episode.id,
        "slug": episode.slug,
        "published": _moment(episode.published),
        "updated": _moment(episode.updated),
        "correction": list(episode.corrections),
        "draft": True if episode.draft else None,
    }
    kept = _without_nothing(values)
    return yaml.dump(kept, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=10**9)


class _Dumper(yaml.SafeDumper):
    """Write YAML as people do: lists are indented, and emoji stay (libyaml would escape them)."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002 - as PyYAML calls it
        super().increase_indent(flow, indentless=False)


def _without_nothing(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value not in (None, [], "")}


def _mappings(facts: Iterable[_Fact]) -> list[dict[str, Any]]:
    return [_mapping(fact) for fact in facts]


def _mapping(fact: _Fact) -> dict[str, Any]:
    """Write the members of a fact under their own names."""
    return _without_nothing(asdict(fact))


def _soundbite(soundbite: Soundbite) -> dict[str, str]:
    length = spoken_duration(soundbite.duration)
    return {"at": clock(soundbite.at), "duration": length, "title": soundbite.title}


def _moment(moment: date | datetime | None) -> date | str | None:
    return moment.isoformat() if isinstance(moment, datetime) else moment


def _body(episode: Episode) -> Iterator[str]:
    yield to_markdown(episode.dek)
    if episode.gist:
        yield f"## {HEADINGS['gist']}"
        yield from map(to_markdown, episode.gist)
    for heading, items in (
        (HEADINGS["reveals"], episode.reveals),
        (HEADINGS["takeaways"], episode.takeaways),
    ):
        if items:
            yield f"## {heading}"
            yield "\n".join(f"- {to_markdown(item)}" for item in items)
    if episode.recommendations:
        yield f"## {HEADINGS['recommendations']}"
        for item in episode.recommendations:
            yield from _recommendation(item)


def _recommendation(item: Recommendation) -> Iterator[str]:
    yield f"### {_heading(item.name)}"
    yield write_byline(item)
    if item.same_as or item.not_same_as:
        yield write_sameness(item)
    if item.quote:
        yield write_quote(item.quote)
    if item.link:
        yield write_link(item.link)


def _heading(name: str) -> str:
    """Escape a name, and the last # of those that would otherwise close the heading."""
    return _CLOSING_SIGNS.sub(r"\1\#", escape_markdown(name))
