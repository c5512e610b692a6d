"""The section `podcast` of `schedule.yaml`: what directories and podcast programs want to know. Pure."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from feedmaker.categories import CATEGORIES, nearest_category
from feedmaker.config.fields import (
    LongText,
    MailAddress,
    Part,
    Picture,
    Rule,
    ShortText,
    Text,
    Truth,
    WebAddress,
    form,
    not_empty,
    one_or_many,
    text_for,
)

_LICENSE = r"[a-z0-9][a-z0-9.+-]*"


def _category(value: str) -> str:
    """Check a category of Apple Podcasts, or both written as Arts > Books; letter case counts."""
    name, *children = (part.strip() for part in value.split(">"))
    if name not in CATEGORIES:
        raise ValueError(f'"{name[:40]}" is no category of Apple Podcasts; {_category_hint(name)}')
    if len(children) > 1:
        raise ValueError(f"a category has one subcategory at most; write {name} > {children[0]}")
    for child in children:
        if child not in CATEGORIES[name]:
            raise ValueError(f'"{child[:40]}" is no subcategory of {name}; {_child_hint(name, child)}')
    return " > ".join((name, *children))


def _category_hint(name: str) -> str:
    near = nearest_category(name)
    if near:
        return f"write {near}, letter by letter"
    parents = ((parent, nearest_category(name, parent)) for parent in CATEGORIES)
    found = next((f"write {parent} > {child}" for parent, child in parents if child), None)
    return found or f"known are {', '.join(CATEGORIES)}"


def _child_hint(name: str, child: str) -> str:
    near = nearest_category(child, name)
    if near:
        return f"write {name} > {near}, letter by letter"
    known = ", ".join(CATEGORIES[name])
    return f"known are {known}" if known else f"write {name} alone, which has none"


def _moment(value: object) -> object:
    """Read a time as it stands in a rule; a number is none."""
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        raise ValueError("expected a date, or a date and time, such as 2026-11-23T08:00") from None


def _uuid(value: object) -> object:
    try:
        return UUID(value) if isinstance(value, str) else value
    except ValueError:
        raise ValueError("expected a UUID such as 917393e3-1b1e-5cef-ace4-edaa54e1f810") from None


Category = Annotated[Text, AfterValidator(_category)]
Categories = Annotated[tuple[Category, ...], not_empty, one_or_many(Category, least=1)]
Moment = Annotated[datetime, BeforeValidator(_moment, json_schema_input_type=str)]
Identity = Annotated[UUID, BeforeValidator(_uuid, json_schema_input_type=UUID)]


class Person(Part):
    """Name somebody who is heard in every episode."""

    name: ShortText = Field(description="Name of the host; at most 128 characters.")
    url: WebAddress | None = Field(default=None, description="Page about the host.")
    image: WebAddress | None = Field(default=None, description="Address of a picture of the host.")


class Owner(Part):
    """Name who answers for the podcast; directories write there to see who owns it."""

    name: Text = Field(description="Name of the owner.")
    email: MailAddress = Field(description="E-mail address of the owner; everybody can read it.")


class Funding(Part):
    """Say where listeners can give."""

    url: WebAddress = Field(description="Where listeners can give.")
    text: ShortText = Field(description="What the link says; at most 128 characters.")


class License(Part):
    """Name the licence of the recordings."""

    name: ShortText = Field(
        description="Identifier of SPDX in small letters such as cc-by-4.0, or any name beside url."
    )
    url: WebAddress | None = Field(default=None, description="Where the licence can be read.")

    @model_validator(mode="after")
    def _is_known_or_told(self) -> License:
        if self.url is None and not re.fullmatch(_LICENSE, self.name):
            raise ValueError(
                "expected an identifier of SPDX in small letters such as cc-by-4.0, or name and url"
            )
        return self


class Txt(Part):
    """Hold a text for machines, such as one that proves whose feed it is."""

    text: LongText = Field(description="The text; at most 4,000 characters.")
    purpose: ShortText | None = Field(default=None, description="What it is for, for example verify.")


class Frequency(Part):
    """Say how often there is a new episode."""

    text: ShortText = Field(description="In words, for example every other Friday; at most 128 characters.")
    rrule: Rule | None = Field(default=None, description="As a recurrence rule, for example FREQ=WEEKLY.")
    start: Moment | None = Field(default=None, description="When the rule begins: a date, or date and time.")
    complete: Truth = Field(default=False, description="Whether there will be no more episodes.")


Host = Annotated[Person, text_for("name", ShortText, Person)]
Licence = Annotated[License, text_for("name", Annotated[str, form(_LICENSE)], License)]
HowOften = Annotated[Frequency, text_for("text", ShortText, Frequency)]


class Podcast(Part):
    """What the podcast feed says of the podcast."""

    title: Text | None = Field(default=None, description="Title of the podcast; without one, the site's.")
    description: LongText | None = Field(
        default=None,
        description="What the podcast is about, in at most 4,000 characters; without one, the site's.",
    )
    image: Picture = Field(
        description="Artwork, 1400 to 3000 pixels square, JPEG or PNG: an address, or a file of this folder."
    )
    categories: Categories = Field(
        alias="category", description="A category of Apple Podcasts such as Arts > Books, or a list of them."
    )
    explicit: Truth = Field(default=False, description="Whether it is for adults only; notes may differ.")
    type: Literal["episodic", "serial"] = Field(
        default="episodic", description="episodic, newest first; or serial, to be heard from the beginning."
    )
    author: Text | None = Field(default=None, description="Who makes it; without one, the site's author.")
    owner: Owner | None = Field(default=None, description="Who answers for it: name and email.")
    copyright: Text | None = Field(default=None, description="Copyright notice.")
    hosts: Annotated[tuple[Host, ...], one_or_many(Host)] = Field(
        default=(), description="Who is heard in every episode: a name, or a list of names or of more."
    )
    guid: Identity | None = Field(
        default=None, description="podcast:guid from an earlier host; without one, it is made once and kept."
    )
    locked: Truth = Field(default=True, description="Whether other hosts must not import the feed.")
    medium: Literal["podcast", "music", "video", "film", "audiobook", "course"] = Field(
        default="podcast", description="What the recordings are."
    )
    funding: tuple[Funding, ...] = Field(default=(), description="Where listeners can give: url and text.")
    license: Licence | None = Field(
        default=None,
        description="Licence of the recordings: an identifier such as cc-by-4.0, or name, url.",
    )
    txt: tuple[Txt, ...] = Field(default=(), description="Texts for machines: text and purpose.")
    update_frequency: HowOften | None = Field(
        default=None, description="How often there is a new episode: a text, or text, rrule and start."
    )
    complete: Truth = Field(default=False, description="Whether there will be no more episodes.")
    entries: int = Field(
        default=100, ge=1, le=3000, description="How many of the newest episodes the podcast feed holds."
    )
