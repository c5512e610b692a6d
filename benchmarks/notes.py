"""A folder of invented notes, as many as are asked for and the same every time."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from random import Random

EXPORT_EVERY = 50
_SCHEDULE = """\
site:
  title: Measured notes
  address: https://bench.example.org/
  author: Nobody
jobs:
  - {name: yearly, run: build, cron: "0 0 1 1 *"}
"""
_MARKDOWN = """\
---
show: {show}
title: {title}
date: {aired}
duration: 1h 25m
guests:
  - name: {guest}
    bio: {bio}
tags: [{tag}]
---

{dek}

## The gist

{gist}

## Big reveals

{reveals}

## Things worth remembering

{takeaways}

## Recommended in this episode

{cards}
"""
_CARD = """\
### {name}

by {creator} · recommended · {medium}

> {quote}
>
> — {speaker}, {time}

[Find it on Amazon](<amazon:{name}>)
"""
_EXPORT = """\
Home {show} Notes
{show} · {aired} · 1h 25m

{title}

{dek}

{title}
The guest

{guest} — {bio}

The gist

{gist}

Big reveals

{reveals}

Things worth remembering

{takeaways}

Recommended in this episode

{cards}
"""
_EXPORT_CARD = """\
Recommended{medium}

{name}

{creator}

“{quote}” — {speaker} {time}
Find it on Amazon"""
_FIRST_DAY = date(1996, 1, 1)
_GROUPED = 500
_SHOWS = ("The Long Bench", "Small Machines", "Harbour Radio", "Second Reading")
_SYLLABLES = ("ba", "ce", "di", "fo", "gu", "la", "me", "ni", "po", "ru", "sta", "tre", "vi", "kal", "lim")


def write_folder(folder: Path, count: int) -> None:
    """Write a project of `count` notes of about 4 KB, in folders of 500; 2 % of them are page exports."""
    (folder / "schedule.yaml").write_text(_SCHEDULE, "utf-8")
    for number in range(count):
        place = folder / "episodes" / f"{number // _GROUPED:03}"
        place.mkdir(parents=True, exist_ok=True)
        is_export = number % EXPORT_EVERY == EXPORT_EVERY - 1
        text = page_export(number) if is_export else markdown(number)
        (place / f"{number:05}{'.txt' if is_export else '.md'}").write_text(text, "utf-8")


def markdown(number: int) -> str:
    """Write note `number` in Markdown."""
    words = _Words(number)
    cards = [_CARD.format(medium=medium, **words.card()) for medium in ("book", "product", "media")]
    return _MARKDOWN.format(
        reveals=words.bullets("- {} *{}* {}", 6),
        takeaways=words.bullets("- {} **{}** {}", 7),
        cards="\n".join(cards),
        **words.facts(number),
    )


def page_export(number: int) -> str:
    """Write note `number` the way a published page comes out as text."""
    words = _Words(number)
    cards = [_EXPORT_CARD.format(medium=medium, **words.card()) for medium in ("Book", "Product", "Media")]
    return _EXPORT.format(
        reveals=words.bullets("  • {} {} {}", 6),
        takeaways=words.bullets("  • {} {} {}", 7),
        cards="\n".join(cards),
        **words.facts(number),
    )


class _Words:
    """Invent words, always the same ones for a number."""

    def __init__(self, number: int) -> None:
        self._random = Random(number)

    def facts(self, number: int) -> dict[str, object]:
        return {
            "show": self._random.choice(_SHOWS),
            "title": f"{self._name()} and {self._word()} {number}",
            "aired": _FIRST_DAY + timedelta(days=number),
            "guest": self._name(),
            "bio": self._sentence(),
            "tag": self._word(),
            "dek": self._paragraph(2),
            "gist": self._paragraph(5),
        }

    def card(self) -> dict[str, str]:
        return {
            "name": self._name(),
            "creator": self._name(),
            "quote": self._paragraph(2),
            "speaker": self._name(),
            "time": f"00:{self._random.randint(0, 59):02}:{self._random.randint(0, 59):02}",
        }

    def bullets(self, form: str, count: int) -> str:
        return "\n".join(
            form.format(self._sentence(), self._word(), self._sentence().lower()) for _ in range(count)
        )

    def _paragraph(self, sentences: int) -> str:
        return " ".join(self._sentence() for _ in range(sentences))

    def _sentence(self) -> str:
        words = " ".join(self._word() for _ in range(self._random.randint(9, 15)))
        return f"{words.capitalize()}."

    def _name(self) -> str:
        return f"{self._word().title()} {self._word().title()}"

    def _word(self) -> str:
        return "".join(self._random.choices(_SYLLABLES, k=self._random.randint(1, 4)))
