"""`schedule.yaml`: what a person configures, as one validated, frozen tree.

Reads no files, no environment and no clock: `parse_config` takes the text. Every fault is reported with its
place; unknown keys name the nearest known one. Secrets do not belong here (see `feedmaker.secrets`), so an
address that holds a password is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from difflib import get_close_matches
from types import UnionType
from typing import Annotated, Any, Literal, Self, get_args
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails

from feedmaker.errors import ConfigError, Diagnostic
from feedmaker.marked_yaml import Document, load
from feedmaker.uri import web_address

CONFIG_NAME = "schedule.yaml"
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_INTERVAL = re.compile(r"(\d{1,5})\s*(m|min|minutes?|h|hours?|d|days?)")
_MAIL = re.compile(r"[^\s@<>,;:\"]+@[^\s@<>,;:\"]+\.[^\s@<>,;:\"]+")
_PLAIN_HEADER = re.compile(r"[^\x00-\x1f\x7f]+")


def _folder_address(value: str) -> str:
    value = web_address(value)
    if urlsplit(value).query or urlsplit(value).fragment:
        raise ValueError("expected the address of a folder, without ? and #")
    return value if value.endswith("/") else value + "/"


def _language(value: str) -> str:
    if not _LANGUAGE.fullmatch(value):
        raise ValueError("expected a language tag such as en, de or pt-BR")
    return value


def _timezone(value: str) -> str:
    if value not in available_timezones():
        near = get_close_matches(value, available_timezones(), n=1, cutoff=0.5)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise ValueError(f"expected the name of a time zone such as Europe/Berlin{hint}")
    return value


def _clock(value: object) -> object:
    if isinstance(value, str):
        found = _CLOCK.fullmatch(value)
        if not found:
            raise ValueError('expected a time of day such as "08:30"')
        return time(int(found[1]), int(found[2]))
    return value


def _mail_address(value: str) -> str:
    if not _MAIL.fullmatch(value):
        raise ValueError("expected an e-mail address such as letter@example.org")
    return value


def _header_text(value: str) -> str:
    if not _PLAIN_HEADER.fullmatch(value):
        raise ValueError("expected one line of text")
    return value


def _holding(*names: str) -> AfterValidator:
    def check(value: str) -> str:
        for name in names:
            if "{" + name + "}" not in value:
                raise ValueError(f"expected an address that holds {{{name}}}")
        bare = re.sub(r"\{(query|name|creator|product)\}", "x", value)
        if "{" in bare or "}" in bare:
            raise ValueError("the only words in braces are {query}, {name}, {creator} and {product}")
        web_address(bare)
        return value

    return AfterValidator(check)


def _one_or_many(value: object) -> object:
    return [value] if isinstance(value, str) else value


Text = Annotated[str, Field(min_length=1), AfterValidator(_header_text)]
WebAddress = Annotated[str, AfterValidator(web_address)]
MailAddress = Annotated[str, AfterValidator(_mail_address)]
Language = Annotated[str, AfterValidator(_language)]
Clock = Annotated[time, BeforeValidator(_clock)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Author(_Part):
    """Who writes the notes; readers see the name on every entry."""

    name: Text
    email: MailAddress | None = None
    url: WebAddress | None = None


class Site(_Part):
    """What the feeds and pages say of themselves."""

    title: Text = Field(description="The name of the site and of its feeds.")
    address: Annotated[str, AfterValidator(_folder_address)] = Field(
        description="Where the folder public/ is served, for example https://example.org/notes/."
    )
    description: Text = Field(default="Episode notes", description="One sentence under the title.")
    author: Author = Field(description="Who writes the notes: a name, or name, email and url.")
    language: Language = Field(
        default="en", description="Language tag of the notes, for example en or pt-BR."
    )
    timezone: Annotated[str, AfterValidator(_timezone)] = Field(
        default="UTC", description="Name of the time zone in which dates and jobs are meant."
    )
    publish_at: Clock = Field(
        default=time(8), description='Time of day for a note whose "published" is only a date.'
    )

    @model_validator(mode="before")
    @classmethod
    def _author_by_name(cls, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("author"), str):
            return data | {"author": {"name": data["author"]}}
        return data

    @property
    def zone(self) -> ZoneInfo:
        """Return the time zone as an object."""
        return ZoneInfo(self.timezone)

    def at_publishing_time(self, day: date | datetime) -> datetime:
        """Give a date the default time, and a naive time the zone, of the site."""
        if isinstance(day, datetime):
            return day if day.tzinfo else day.replace(tzinfo=self.zone)
        return datetime.combine(day, self.publish_at, self.zone)


class Feeds(_Part):
    """How the feeds are cut."""

    entries: int = Field(
        default=50, ge=1, le=1000, description="How many of the newest episodes a feed holds."
    )


class Merchant(_Part):
    """How a buy link is made, and what may carry it."""

    name: Text = Field(description='What readers see: "Find it on NAME".')
    search: Annotated[str, _holding("query")] = Field(
        description="Address of a search, with {query}; {name} and {creator} are known too."
    )
    product: Annotated[str, _holding("product")] | None = Field(
        default=None, description="Address of one product, with {product}."
    )
    tag: Annotated[str, Field(pattern=r"^[\w.~-]+$")] | None = Field(
        default=None, description="Partner tag; with one, links are paid and say so."
    )
    tag_parameter: Annotated[str, Field(pattern=r"^[\w.~-]+$")] = Field(
        default="tag", description="Name under which the partner tag stands in the address."
    )
    mail: Literal["page", "direct", "none"] = Field(
        default="page",
        description="What the newsletter links to: the episode's page, the merchant, or nothing.",
    )
    disclosure: Text = Field(
        default="Links marked (paid link) earn us a commission if you buy; the price stays the same.",
        description="Sentence that stands before the first paid link.",
    )


class Mailbox(_Part):
    """Name the sender of the newsletter."""

    name: Text
    email: MailAddress


class Newsletter(_Part):
    """What an issue says of itself."""

    title: Text = Field(description="Name of the newsletter.")
    sender: Mailbox = Field(alias="from", description="Who sends it: name and email.")
    postal_address: Text = Field(description="Postal address of the sender, which the law asks for.")
    unsubscribe: Annotated[str, Field(pattern=r"^(https://|mailto:)[\x21-\x7e]+$")] | None = Field(
        default=None,
        description="Where readers leave: an https or mailto address; without one, a mail to the sender.",
    )


class Delivery(_Part):
    """What carries the newsletter."""

    transport: str = Field(
        default="outbox:",
        description="outbox: writes .eml files to the folder outbox/; outbox:FOLDER writes them elsewhere.",
    )

    @model_validator(mode="after")
    def _no_password(self) -> Self:
        parts = urlsplit(self.transport)
        if parts.password:
            raise ValueError("transport: a password cannot stand here; set FEEDMAKER_TRANSPORT instead")
        return self


class Job(_Part):
    """One line of the schedule: what runs, and when."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,40}$")] = Field(
        description="Name of the job, in small letters, digits and hyphens."
    )
    run: Literal["build", "newsletter draft", "newsletter send"] = Field(
        description='build; "newsletter draft"; or "newsletter send", which drafts and sends.'
    )
    every: str | None = Field(default=None, description="Interval, for example 15 minutes, 6 hours or 1 day.")
    on: Annotated[tuple[Literal[WEEKDAYS], ...], BeforeValidator(_one_or_many)] | None = Field(  # type: ignore[valid-type]
        default=None, description="Weekday, or a list of weekdays; goes with at."
    )
    at: Clock | None = Field(default=None, description='Time of day, for example "09:00"; alone, every day.')
    cron: str | None = Field(
        default=None, description='Five fields as in crontab, for example "30 7 * * mon-fri".'
    )

    @model_validator(mode="after")
    def _one_trigger(self) -> Self:
        ways = [self.every is not None, self.cron is not None, self.at is not None]
        if sum(ways) != 1 or (self.on and self.at is None):
            raise ValueError('a job needs exactly one of "every", "cron", or "at" (with or without "on")')
        if self.every is not None and not self.minutes:
            raise ValueError(
                f'every: "{self.every}" is no interval; expected for example 15 minutes or 6 hours'
            )
        return self

    @property
    def minutes(self) -> int | None:
        """Return the interval of `every` in minutes, or None where it is absent or unreadable."""
        found = _INTERVAL.fullmatch((self.every or "").strip().lower())
        if not found:
            return None
        return int(found[1]) * {"m": 1, "h": 60, "d": 1440}[found[2][0]]


AMAZON = Merchant(
    name="Amazon",
    search="https://www.amazon.com/s?k={query}",
    product="https://www.amazon.com/dp/{product}",
)


class Config(_Part):
    """Hold all of `schedule.yaml`."""

    site: Site
    feeds: Feeds = Feeds()
    merchants: Mapping[str, Merchant] = Field(
        default={}, description="Shops that buy links name; amazon is known without being configured."
    )
    newsletter: Newsletter | None = None
    delivery: Delivery = Delivery()
    jobs: tuple[Job, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _known_merchants(cls, data: Any) -> Any:
        """Fill in what a merchant that we know leaves out."""
        if not isinstance(data, dict):
            return data
        merchants = data.get("merchants") or {}
        if not isinstance(merchants, dict):
            return data
        known = AMAZON.model_dump(exclude_unset=True)
        amazon = merchants.get("amazon") or {}
        merged = known | amazon if isinstance(amazon, dict) else amazon
        return data | {"merchants": {**merchants, "amazon": merged}}

    @model_validator(mode="after")
    def _sound_as_a_whole(self) -> Self:
        names = [job.name for job in self.jobs]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice:
            raise ValueError(f'jobs: two jobs are called "{twice}"; a name tells which has run')
        wrong = next((key for key in self.merchants if not re.fullmatch(r"[a-z][a-z0-9-]*", key)), None)
        if wrong is not None:
            raise ValueError(f'merchants: "{wrong}" is not a merchant name; use small letters and hyphens')
        needs = next((job.name for job in self.jobs if job.run != "build" and not self.newsletter), None)
        if needs:
            raise ValueError(f'jobs: "{needs}" needs a "newsletter" section')
        return self


def parse_config(text: str, path: str = CONFIG_NAME) -> Config:
    """Read the text of `schedule.yaml`.

    Raises `ConfigError` with every fault and its place; `path` is the file's name in them.
    """
    document = load(text)
    faults = [Diagnostic(path, f.mark.line, f.mark.column, f.code, f.message) for f in document.faults]
    if document.value is not None or not faults:
        try:
            config = Config.model_validate(_without_nulls(document.value or {}))
        except ValidationError as error:
            faults += [_diagnostic(path, document, detail) for detail in error.errors()]
        else:
            if not faults:
                return config
    raise ConfigError(faults)


def config_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of `schedule.yaml`, for editors."""
    schema = Config.model_json_schema(by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "feedmaker schedule.yaml"
    definitions = schema["$defs"]
    site = definitions["Site"]["properties"]
    site["author"] = {"anyOf": [{"type": "string"}, site["author"]]}
    on = definitions["Job"]["properties"]["on"]["anyOf"]
    on.insert(0, {"enum": list(WEEKDAYS)})
    for owner, name in (("Site", "publish_at"), ("Job", "at")):
        _replace_times(definitions[owner]["properties"][name])
    definitions["Merchant"]["required"] = []
    return schema


def _replace_times(schema: dict[str, Any]) -> None:
    """Describe a time of day the way it is written, HH:MM, not as RFC 3339 has it."""
    for part in (schema, *schema.get("anyOf", ())):
        if part.get("format") == "time":
            del part["format"]
            part["pattern"] = f"^{_CLOCK.pattern}$"
    if "default" in schema and schema["default"]:
        schema["default"] = schema["default"][:5]


def _without_nulls(value: Any) -> Any:
    """Drop keys that were left empty, so that they mean the default."""
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value


def _diagnostic(path: str, document: Document, detail: ErrorDetails) -> Diagnostic:
    """Turn one fault of pydantic into one of ours, with the place in the file."""
    where = tuple(part for part in detail["loc"] if _is_written(part))
    name = ".".join(str(part + 1) if isinstance(part, int) else part for part in where)
    kind = detail["type"]
    if kind == "extra_forbidden":
        mark = document.where_key(where)
        return Diagnostic(path, mark.line, mark.column, "unknown-key", _unknown_key(where))
    mark = document.where(where)
    if kind == "missing":
        return Diagnostic(path, mark.line, mark.column, "missing-key", f'"{name}" is missing')
    if kind == "value_error":
        said = detail["msg"].removeprefix("Value error, ")
    else:
        said = _expected(detail)
    message = f"{name}: {said}" if name else said
    return Diagnostic(path, mark.line, mark.column, "bad-value", message)


def _is_written(part: str | int) -> bool:
    """Tell the parts of a path that stand in the file from those that pydantic adds for unions."""
    return isinstance(part, int) or "[" not in part


def _expected(detail: ErrorDetails) -> str:
    context = detail.get("ctx", {})
    words = {
        "model_type": "expected keys and values",
        "mapping_type": "expected keys and values",
        "tuple_type": "expected a list",
        "string_type": "expected text",
        "string_too_short": "expected some text",
        "int_parsing": "expected a whole number",
        "int_type": "expected a whole number",
        "literal_error": f"expected {context.get('expected', '')}",
        "greater_than_equal": f"expected at least {context.get('ge', '')}",
        "less_than_equal": f"expected at most {context.get('le', '')}",
        "string_pattern_mismatch": f"does not have the form {context.get('pattern', '')}",
        "time_type": 'expected a time of day such as "08:30"',
    }
    return words.get(detail["type"], detail["msg"])


def _unknown_key(path: Sequence[str | int]) -> str:
    known = _known_keys(path[:-1])
    unknown = str(path[-1])
    near = get_close_matches(unknown, known, n=1, cutoff=0.5)
    hint = f'did you mean "{near[0]}"?' if near else "known here: " + ", ".join(known)
    return f'unknown key "{unknown}"; {hint}'


def _known_keys(path: Sequence[str | int]) -> list[str]:
    """List the keys that may stand at a path."""
    model: Any = Config
    for part in path:
        model = _inner(model, part)
        if model is None:
            return []
    return [field.alias or name for name, field in model.model_fields.items()]


def _inner(model: Any, part: str | int) -> Any:
    """Follow one step of a path from a model, a mapping or a list to the model inside."""
    if isinstance(part, int) or not (isinstance(model, type) and issubclass(model, BaseModel)):
        return _first_model(get_args(model)) if not isinstance(model, type) else model
    for name, field in model.model_fields.items():
        if part in (name, field.alias):
            annotation = field.annotation
            if isinstance(annotation, type):
                return annotation
            models = [arg for arg in get_args(annotation) if arg is not type(None)]
            return models[0] if isinstance(annotation, UnionType) else annotation
    return None


def _first_model(arguments: Sequence[Any]) -> Any:
    return next((arg for arg in arguments if isinstance(arg, type) and issubclass(arg, BaseModel)), None)
