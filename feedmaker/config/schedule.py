"""`schedule.yaml`: what a person configures, as one validated, frozen tree.

Reads no files, no environment and no clock: `parse_config` takes the text. Every fault is reported with its
place; unknown keys name the nearest known one. Secrets do not belong here (see `feedmaker.secrets`), so an
address that holds a password is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self, get_args

from pydantic import BaseModel, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from feedmaker.config.delivery import Delivery
from feedmaker.config.fields import MERCHANT_NAME, SECRET, Part
from feedmaker.config.newsletter import Newsletter, theme_faults
from feedmaker.config.podcast import Podcast
from feedmaker.config.scheduling import Scheduler
from feedmaker.config.sections import (
    AMAZON,
    WAYS,
    Feeds,
    Job,
    Merchant,
    Push,
    Serving,
    Site,
)
from feedmaker.config.signup import Signup
from feedmaker.config.sources import Source, source_faults
from feedmaker.errors import ConfigError, Diagnostic
from feedmaker.marked_yaml import Document, Mark, Path, load
from feedmaker.text import nearest

_ELSEWHERE = "secrets stand in the environment, see docs/configuration.md#secrets"
_SECTIONS = {"newsletter": "newsletter", "collect": "sources"}
CONFIG_NAME = "schedule.yaml"


class Config(Part):
    """Hold all of `schedule.yaml`."""

    site: Site
    feeds: Feeds = Feeds()
    podcast: Podcast | None = None
    push: Push = Push()
    serving: Serving = Serving()
    merchants: Mapping[str, Merchant] = Field(
        default={}, description="Shops that buy links name; amazon is known without being configured."
    )
    newsletter: Newsletter | None = None
    signup: Signup | None = None
    delivery: Delivery = Delivery()
    scheduler: Scheduler = Scheduler()
    sources: tuple[Source, ...] = ()
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
    def _leaving_where_people_sign_up(self) -> Self:
        """Let readers leave on the pages of `feedmaker serve` where the file names no other place."""
        if not self.signup or not self.newsletter or self.newsletter.unsubscribe:
            return self
        letter = self.newsletter.model_copy(update={"unsubscribe": self.signup.leaving})
        return self.model_copy(update={"newsletter": letter})


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
    for name in ("podping", "podcast_index"):
        if _mapping(data.get("push")).get(name, "false") != "false" and "podcast" not in data:
            yield document.where(("push", name)), f'push.{name}: needs a section "podcast"'
    for where, said in theme_faults(_mapping(_mapping(data.get("newsletter")).get("theme"))):
        yield document.where(("newsletter", "theme", *where)), f"newsletter.theme.{'.'.join(where)}: {said}"
    if "signup" in data and "newsletter" not in data:
        yield document.where_key(("signup",)), 'signup: needs a section "newsletter"'
    for path, said in source_faults(data.get("sources")):
        yield document.where(path), said
    jobs = data.get("jobs")
    first: dict[str, int] = {}
    for index, job in enumerate(jobs if isinstance(jobs, list) else ()):
        yield from _job_faults(document, index, _mapping(job), data)
        called = _mapping(job).get("name")
        if isinstance(called, str) and first.setdefault(called, index) != index:
            line = document.where(("jobs", first[called])).line
            said = f'"{called[:40]}" is the job of line {line} already; a name tells which has run'
            yield document.where(("jobs", index, "name")), f"jobs.{index + 1}.name: {said}"


def _job_faults(
    document: Document, index: int, job: Mapping[str, Any], data: Mapping[str, Any]
) -> Iterator[tuple[Mark, str]]:
    path = ("jobs", index)
    name = f"jobs.{index + 1}"
    ways = [key for key in WAYS if key in job]
    if job and len(ways) != 1:
        found = " and ".join(f'"{way}"' for way in ways) or "none"
        known = '"when", "every", "cron" and "at"'
        yield document.where(path), f"{name}: needs exactly one of {known}; found {found}"
    if "on" in job and "at" not in job:
        yield document.where_key((*path, "on")), f'{name}: "on" goes with "at", the time of day'
    needed = _SECTIONS.get(str(job.get("run")).partition(" ")[0])
    if needed and needed not in data:
        yield document.where((*path, "run")), f'{name}: needs a section "{needed}"'


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _diagnostic(path: str, document: Document, detail: ErrorDetails) -> Diagnostic:
    """Turn one fault of pydantic into one of ours, with the place in the file."""
    where, kind = detail["loc"], detail["type"]
    if where[-1:] == ("[key]",) and kind != "extra_forbidden":
        where = where[:-1]  # pydantic's word for a key that is wrong itself
    name = ".".join(str(part + 1) if isinstance(part, int) else part[:40] for part in where)
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
        "string_type": "expected text",
        "string_too_short": "expected some text",
        "string_too_long": f"expected at most {context.get('max_length', 0):,} characters",
        "int_parsing": "expected a whole number",
        "int_type": "expected a whole number",
        "float_parsing": "expected a number",
        "finite_number": "expected a number",
        "literal_error": f"expected {context.get('expected', '')}",
        "greater_than_equal": f"expected at least {context.get('ge', '')}",
        "less_than_equal": f"expected at most {context.get('le', '')}",
        "time_type": 'expected a time of day such as "08:30"',
    }
    return words.get(detail["type"], detail["msg"].removeprefix("Value error, "))


def _unknown_key(path: Sequence[str | int]) -> str:
    unknown = str(path[-1])[:60]
    if SECRET.search(unknown):
        return f'unknown key "{unknown}"; {_ELSEWHERE}'
    known = [field.alias or name for name, field in _model_at(path[:-1]).model_fields.items()]
    return f'unknown key "{unknown}"; {nearest(unknown, known)}'


def _model_at(path: Sequence[str | int]) -> type[BaseModel]:
    """Find the section at a path, past what a person names or counts."""
    model: type[BaseModel] = Config
    for step in path:
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        if step in fields:
            model = next(_models(fields[str(step)].annotation), model)
    return model


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)
