"""`schedule.yaml`: what a person configures, as one validated, frozen tree.

Reads no files, no environment and no clock: `parse_config` takes the text. Every fault is reported with its
place; unknown keys name the nearest known one. Secrets do not belong here (see `feedmaker.secrets`), so an
address that holds a password is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time
from difflib import get_close_matches
from typing import Annotated, Any, Literal, get_args
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails

from feedmaker.cron import parse_cron
from feedmaker.errors import ConfigError, Diagnostic
from feedmaker.marked_yaml import Document, Mark, Path, load
from feedmaker.text import LANGUAGE_TAG, nearest
from feedmaker.uri import web_address

CONFIG_NAME = "schedule.yaml"
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)
CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
_INTERVAL = re.compile(r"([0-9]{1,5})\s*(m|mins?|minutes?|h|hours?|d|days?)")
_MINUTES = {"m": 1, "h": 60, "d": 1440}
_NOT_IN_A_LINE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]")
_WORDS = re.compile(r"\{(query|name|creator|product)\}")
MERCHANT_NAME = re.compile(r"[a-z][a-z0-9-]*")
_SECRET = re.compile(r"password|passwd|secret|token|api_?key", re.IGNORECASE)
_ELSEWHERE = "secrets stand in the environment, see docs/configuration.md#secrets"


def _formed(expression: str, expected: str) -> AfterValidator:
    """Make a check for texts of one form."""
    pattern = re.compile(expression)

    def check(value: str) -> str:
        if not pattern.fullmatch(value):
            raise ValueError(f"expected {expected}")
        return value

    return AfterValidator(check)


def _shown(expression: str) -> Any:
    """Describe the form of a text to editors, as far as JSON Schema can."""
    return Field(json_schema_extra={"pattern": f"^{expression}$"})


def _folder_address(value: str) -> str:
    value = web_address(value)
    if urlsplit(value).query or urlsplit(value).fragment:
        raise ValueError("expected the address of a folder, without ? and #")
    return value if value.endswith("/") else value + "/"


def _timezone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        known = False
    else:
        # What a machine calls its own zone is another zone elsewhere.
        known = value[:1].isupper()
    if known:
        return value
    near = get_close_matches(value, available_timezones(), n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise ValueError(f"expected the name of a time zone such as Europe/Berlin{hint}")


def _clock(value: object) -> object:
    if isinstance(value, str):
        found = CLOCK.fullmatch(value)
        if not found:
            raise ValueError('expected a time of day such as "08:30"')
        return time(int(found[1]), int(found[2]))
    return value


def _one_line(value: str) -> str:
    if _NOT_IN_A_LINE.search(value):
        raise ValueError("expected one line of text")
    return value


def _holding(name: str) -> AfterValidator:
    """Make a check for addresses that hold a word in braces."""

    def check(value: str) -> str:
        if "{" + name + "}" not in value:
            raise ValueError(f"expected an address that holds {{{name}}}")
        bare = _WORDS.sub("x", value)
        if "{" in bare or "}" in bare:
            raise ValueError("the only words in braces are {query}, {name}, {creator} and {product}")
        web_address(bare)
        return value

    return AfterValidator(check)


def _interval(value: str) -> str:
    if not _minutes(value):
        raise ValueError(f'"{value[:40]}" is no interval; expected for example 15 minutes or 6 hours')
    return value


def _minutes(value: str) -> int | None:
    found = _INTERVAL.fullmatch(value.strip().lower())
    return int(found[1]) * _MINUTES[found[2][0]] if found else None


def _cron(value: str) -> str:
    parse_cron(value)
    return value


def _transport(value: str) -> str:
    parts = urlsplit(value)
    if parts.password or _SECRET.search(parts.query):
        raise ValueError("a password cannot stand here; set FEEDMAKER_TRANSPORT instead")
    if not value.startswith("outbox:"):
        raise ValueError("expected outbox: or outbox:FOLDER")
    return value


def _one_or_many(value: object) -> object:
    return [value] if isinstance(value, str) else value


_WEB = r"https?://[^\s@/?#]+([/?#].*)?"
_MAIL = r"[^\s@<>,;:\"]+@[^\s@<>,;:\"]+\.[^\s@<>,;:\"]+"
_PARAMETER = r"[A-Za-z0-9_.~-]+"
_LEAVING = r"(https://|mailto:)[\x21-\x7e]+"
_JOB_NAME = r"[a-z0-9][a-z0-9-]{0,40}"

Text = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(_one_line), _shown(r".*\S.*")
]
WebAddress = Annotated[str, AfterValidator(web_address), _shown(_WEB)]
FolderAddress = Annotated[str, AfterValidator(_folder_address), _shown(r"https?://[^\s@/?#]+(/[^?#]*)?")]
SearchAddress = Annotated[str, _holding("query"), _shown(r"https?://.*\{query\}.*")]
ProductAddress = Annotated[str, _holding("product"), _shown(r"https?://.*\{product\}.*")]
MailAddress = Annotated[str, _formed(_MAIL, "an e-mail address such as letter@example.org"), _shown(_MAIL)]
Language = Annotated[
    str, _formed(LANGUAGE_TAG, "a language tag such as en, de or pt-BR"), _shown(LANGUAGE_TAG)
]
Parameter = Annotated[str, _formed(_PARAMETER, "letters, digits, . _ ~ and -"), _shown(_PARAMETER)]
Leaving = Annotated[str, _formed(_LEAVING, "an https or mailto address"), _shown(_LEAVING)]
JobName = Annotated[str, _formed(_JOB_NAME, "small letters, digits and hyphens"), _shown(_JOB_NAME)]
Interval = Annotated[str, AfterValidator(_interval), _shown(rf"\s*{_INTERVAL.pattern}\s*")]
CronText = Annotated[str, AfterValidator(_cron), _shown(r"\s*(@[a-z]+|\S+(\s+\S+){4})\s*")]
Clock = Annotated[time, BeforeValidator(_clock)]
Weekdays = Annotated[tuple[Weekday, ...], Field(min_length=1), BeforeValidator(_one_or_many)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Author(_Part):
    """Who writes the notes; readers see the name on every entry."""

    name: Text = Field(description="Name of the author.")
    email: MailAddress | None = Field(default=None, description="E-mail address of the author.")
    url: WebAddress | None = Field(default=None, description="Page about the author.")


class Site(_Part):
    """What the feeds and pages say of themselves."""

    title: Text = Field(description="The name of the site and of its feeds.")
    address: FolderAddress = Field(
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
    search: SearchAddress = Field(
        description="Address of a search, with {query}; {name} and {creator} are known too."
    )
    product: ProductAddress | None = Field(
        default=None, description="Address of one product, with {product}."
    )
    tag: Parameter | None = Field(
        default=None, description="Partner tag; with one, links are paid and say so."
    )
    tag_parameter: Parameter = Field(
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

    name: Text = Field(description="Name of the sender.")
    email: MailAddress = Field(description="E-mail address of the sender.")


class Newsletter(_Part):
    """What an issue says of itself."""

    title: Text = Field(description="Name of the newsletter.")
    sender: Mailbox = Field(alias="from", description="Who sends it: name and email.")
    postal_address: Text = Field(description="Postal address of the sender, which the law asks for.")
    unsubscribe: Leaving | None = Field(
        default=None,
        description="Where readers leave: an https or mailto address; without one, a mail to the sender.",
    )


class Delivery(_Part):
    """What carries the newsletter."""

    transport: Annotated[str, AfterValidator(_transport)] = Field(
        default="outbox:",
        description="outbox: writes .eml files to the folder outbox/; outbox:FOLDER writes them elsewhere.",
    )


class Job(_Part):
    """One line of the schedule: what runs, and when."""

    # `parse_config` sees to it that just one of `every`, `cron` and `at` is set, and `on` only beside `at`.
    name: JobName = Field(description="Name of the job, in small letters, digits and hyphens.")
    run: Literal["build", "newsletter draft", "newsletter send"] = Field(
        description='build; "newsletter draft"; or "newsletter send", which drafts and sends.'
    )
    every: Interval | None = Field(
        default=None, description="Interval, for example 15 minutes, 6 hours or 1 day."
    )
    on: Weekdays | None = Field(default=None, description="Weekday, or a list of weekdays; goes with at.")
    at: Clock | None = Field(default=None, description='Time of day, for example "09:00"; alone, every day.')
    cron: CronText | None = Field(
        default=None, description='Five fields as in crontab, for example "30 7 * * mon-fri", or @daily.'
    )

    @property
    def minutes(self) -> int | None:
        """Return the interval of `every` in minutes, or None where it is absent."""
        return _minutes(self.every) if self.every else None


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


def parse_config(text: str, path: str = CONFIG_NAME) -> Config:
    """Read the text of `schedule.yaml`.

    Raises `ConfigError` with every fault and its place; `path` is the file's name in them.
    """
    document = load(text)
    faults = [_fault(path, found.mark, found.code, found.message) for found in document.faults]
    data = _without_nulls(document.value)
    config = None
    try:
        config = Config.model_validate({} if data is None else data, by_alias=True, by_name=False)
    except ValidationError as error:
        faults += [_diagnostic(path, document, detail) for detail in error.errors()]
    faults += [_fault(path, mark, "bad-value", said) for mark, said in _together(document, data)]
    if not document.complete:
        # What stands after the place where reading stopped is not missing.
        faults = [fault for fault in faults if fault.code != "missing-key"]
    if config is None or faults:
        raise ConfigError(faults)
    return config


def _without_nulls(value: Any, path: Path = ()) -> Any:
    """Drop keys that were left empty, so that they mean the default; a merchant's name alone means much."""
    if isinstance(value, dict):
        if path == ("merchants",):
            value = {key: {} if item is None else item for key, item in value.items()}
        items = ((key, _without_nulls(item, (*path, key))) for key, item in value.items())
        return {key: item for key, item in items if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item, (*path, index)) for index, item in enumerate(value)]
    return value


def _together(document: Document, data: Any) -> Iterator[tuple[Mark, str]]:
    """Find what is wrong between parts that may each be right."""
    if not isinstance(data, dict):
        return
    for name in _mapping(data.get("merchants")):
        if not MERCHANT_NAME.fullmatch(name):
            said = f'merchants: "{name[:40]}" is not a merchant name; use small letters, digits and hyphens'
            yield document.where_key(("merchants", name)), said
    jobs = data.get("jobs")
    first: dict[str, int] = {}
    for index, job in enumerate(jobs if isinstance(jobs, list) else ()):
        yield from _job_faults(document, index, _mapping(job), "newsletter" in data)
        called = _mapping(job).get("name")
        if isinstance(called, str) and first.setdefault(called, index) != index:
            line = document.where(("jobs", first[called])).line
            said = f'"{called[:40]}" is the job of line {line} already; a name tells which has run'
            yield document.where(("jobs", index, "name")), f"jobs.{index + 1}.name: {said}"


def _job_faults(
    document: Document, index: int, job: Mapping[str, Any], has_newsletter: bool
) -> Iterator[tuple[Mark, str]]:
    path = ("jobs", index)
    name = f"jobs.{index + 1}"
    ways = [key for key in ("every", "cron", "at") if key in job]
    if job and len(ways) != 1:
        found = " and ".join(f'"{way}"' for way in ways) or "none"
        yield document.where(path), f'{name}: needs exactly one of "every", "cron" and "at"; found {found}'
    if "on" in job and "at" not in job:
        yield document.where_key((*path, "on")), f'{name}: "on" goes with "at", the time of day'
    if str(job.get("run")).startswith("newsletter ") and not has_newsletter:
        yield document.where((*path, "run")), f'{name}: needs a section "newsletter"'


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _diagnostic(path: str, document: Document, detail: ErrorDetails) -> Diagnostic:
    """Turn one fault of pydantic into one of ours, with the place in the file."""
    where = detail["loc"]
    name = ".".join(str(part + 1) if isinstance(part, int) else part[:40] for part in where)
    kind = detail["type"]
    if kind == "extra_forbidden":
        mark, code, message = document.where_key(where), "unknown-key", _unknown_key(where)
    elif kind == "missing":
        mark, code, message = document.where_key(where), "missing-key", f'"{name}" is missing'
    else:
        mark, code = document.where(where), "bad-value"
        message = f"{name}: {_expected(detail)}" if name else _expected(detail)
    return _fault(path, mark, code, message)


def _fault(path: str, mark: Mark, code: str, message: str) -> Diagnostic:
    """Make a diagnostic, whose message may cite the file but stays in one line."""
    return Diagnostic(path, mark.line, mark.column, code, " ".join(message.split()))


def _expected(detail: ErrorDetails) -> str:
    context = detail.get("ctx", {})
    words = {
        "model_type": "expected keys and values",
        "dict_type": "expected keys and values",
        "tuple_type": "expected a list",
        "too_short": "expected at least one",
        "string_type": "expected text",
        "string_too_short": "expected some text",
        "int_parsing": "expected a whole number",
        "int_type": "expected a whole number",
        "literal_error": f"expected {context.get('expected', '')}",
        "greater_than_equal": f"expected at least {context.get('ge', '')}",
        "less_than_equal": f"expected at most {context.get('le', '')}",
        "time_type": 'expected a time of day such as "08:30"',
    }
    return words.get(detail["type"], detail["msg"].removeprefix("Value error, "))


_MODELS: Mapping[tuple[str, ...], type[BaseModel]] = {
    (): Config,
    ("site",): Site,
    ("site", "author"): Author,
    ("feeds",): Feeds,
    ("merchants", "*"): Merchant,
    ("newsletter",): Newsletter,
    ("newsletter", "from"): Mailbox,
    ("delivery",): Delivery,
    ("jobs", "*"): Job,
}


def _unknown_key(path: Sequence[str | int]) -> str:
    unknown = str(path[-1])[:60]
    if _SECRET.search(unknown):
        return f'unknown key "{unknown}"; {_ELSEWHERE}'
    model = _MODELS[_general(path[:-1])]
    known = [field.alias or name for name, field in model.model_fields.items()]
    return f'unknown key "{unknown}"; {nearest(unknown, known)}'


def _general(path: Sequence[str | int]) -> tuple[str, ...]:
    """Put a star for what a person names or counts."""
    first, *rest = (str(part) for part in path) if path else ("",)
    if not first:
        return ()
    return (first, "*") if first in ("merchants", "jobs") else (first, *rest)
