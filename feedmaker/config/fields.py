"""The kinds of values that `schedule.yaml` holds, each with its check and its form for editors. Pure."""

from __future__ import annotations

import re
from datetime import time
from difflib import get_close_matches
from typing import Annotated, Any, Literal, get_args
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from feedmaker.config.colours import COLOUR
from feedmaker.config.mail_server import mail_server
from feedmaker.cron import parse_cron
from feedmaker.plain_times import INTERVAL, minutes_of, parse_when
from feedmaker.text import LANGUAGE_TAG
from feedmaker.uri import web_address

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)
CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
MERCHANT_NAME = re.compile(r"[a-z][a-z0-9-]*")
SECRET = re.compile(r"password|passwd|secret|token|api_?key", re.IGNORECASE)
_SPAN = re.compile(r"([0-9]{1,5})\s*(s|secs?|seconds?|m|mins?|minutes?|h|hours?)")
_BARE_SECONDS = re.compile("[0-9]{1,5}")
_RATE = re.compile(r"([0-9]{1,7})\s*(?:per|/)\s*(second|minute|hour|day)")
_UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
_SECONDS = {"s": 1, "m": 60, "h": 3600}
_HOST_PORT = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]*):(?P<port>[0-9]{1,5})")
_LAST_PORT = 65_535
_NOT_IN_A_LINE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]")
_NOT_IN_A_PATH = re.compile("[\x00-\x1f\x7f\"'`{}\\\\?#%*\ufffd]")
_FILE = re.compile(r"[^/\\:?#]+(/[^/\\:?#]+)*")
TRANSPORTS = ("outbox", "smtp", "smtps", "resend", "listmonk")
MAIL_PICTURES = (".png", ".jpg", ".jpeg", ".gif")
_WORDS = re.compile(r"\{(query|name|creator|product)\}")


class Part(BaseModel):
    """Be a section of `schedule.yaml`: frozen, and without keys that nobody knows."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def _formed(expression: str, expected: str) -> AfterValidator:
    """Make a check for texts of one form."""
    pattern = re.compile(expression)

    def check(value: str) -> str:
        if not pattern.fullmatch(value):
            raise ValueError(f"expected {expected}")
        return value

    return AfterValidator(check)


def form(expression: str) -> Any:
    """Describe the form of a text to editors, as far as JSON Schema can."""
    return Field(json_schema_extra={"pattern": f"^{expression}$"})


def _folder_address(value: str) -> str:
    value = web_address(value)
    if urlsplit(value).query or urlsplit(value).fragment:
        raise ValueError("expected the address of a folder, without ? and #")
    if _NOT_IN_A_PATH.search(unquote(urlsplit(value).path)):
        # Web servers are given this path in their own languages.
        raise ValueError("expected a path without quotation marks, braces, backslashes and the signs * % ? #")
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


def folder_form() -> AfterValidator:
    """Make a check for folders inside another one."""
    return _formed(_FOLDER, "a folder such as elsewhere or elsewhere/tides, without dots at the beginning")


def _interval(value: str) -> str:
    if not minutes_of(value):
        raise ValueError(f'"{value[:40]}" is no interval; expected for example 15 minutes or 6 hours')
    return value


def _span(value: str) -> str:
    found = _SPAN.fullmatch(value.strip().lower())
    if not found or not int(found[1]):
        raise ValueError(f'"{value[:40]}" is no span of time; expected for example 60 seconds or 5 minutes')
    return value


def seconds_of(value: str) -> int:
    """Read a span of time such as 60 seconds, which is known to be one."""
    number, unit, *_ = *re.findall(r"[0-9]+|[a-z]", value.lower())[:2], "s"
    return int(number) * _SECONDS[unit]


def _short_span(value: str) -> str:
    if not _BARE_SECONDS.fullmatch(value.strip()) and not _SPAN.fullmatch(value.strip().lower()):
        raise ValueError(f'"{value[:40]}" is no span of time; expected for example 2 minutes, 60 s or 0')
    return value


def _lasting(value: str) -> str:
    if not seconds_of(value):
        raise ValueError("expected at least a second")
    return value


def _rate(value: str) -> str:
    found = _RATE.fullmatch(value.strip().lower())
    if not found or not int(found[1]):
        raise ValueError(f'"{value[:40]}" is no rate; expected for example 20 per second or 5000 per hour')
    return value


def seconds_per_message(value: str) -> float:
    """Read a rate such as 20 per second, which is known to be one, as the seconds from one to the next."""
    number, unit = re.findall(r"[0-9]+|(?:second|minute|hour|day)", value.lower())
    return _UNITS[unit] / int(number)


def _mail_place(value: str) -> str:
    parts = urlsplit(value)
    if parts.password:
        raise ValueError("a password cannot stand here; set FEEDMAKER_BOUNCES_PASSWORD instead")
    if parts.scheme == "maildir" and value.partition(":")[2]:
        return value
    if parts.scheme not in ("imaps", "imap") or not parts.hostname or not parts.username:
        raise ValueError("expected maildir:FOLDER or imaps://USER@HOST/FOLDER")
    return value


def _host_and_port(value: str) -> str:
    found = _HOST_PORT.fullmatch(value)
    if not found or int(found["port"]) > _LAST_PORT:
        raise ValueError(f'"{value[:60]}" is no place to listen at; expected for example 127.0.0.1:9464')
    return value


def _told(value: str) -> str:
    if value != "mail" and not re.fullmatch(_WEB, value):
        raise ValueError("expected mail, or a web address that is sent JSON")
    return value


def _cron(value: str) -> str:
    parse_cron(value)
    return value


def _when(value: str) -> str:
    parse_when(value)
    return value


def service(address: str) -> BeforeValidator:
    """Let `true` stand for the well-known address of a service, and `false` for none."""

    def chosen(value: object) -> object:
        if value in ("true", True):
            return address
        if value in ("false", False):
            return None
        if not isinstance(value, str) or not value.startswith(("https://", "http://")):
            raise ValueError(f"expected true, false or an address such as {address}")
        return value

    return BeforeValidator(chosen, json_schema_input_type=bool | WebAddress)


def _transport(value: str) -> str:
    parts = urlsplit(value)
    if parts.password or SECRET.search(parts.query):
        raise ValueError("a password cannot stand here; set FEEDMAKER_TRANSPORT instead")
    scheme, _, rest = value.partition(":")
    if scheme not in TRANSPORTS:
        raise ValueError(
            "expected outbox:, outbox:FOLDER, smtp://HOST:PORT, smtps://HOST, resend: or listmonk:"
        )
    if scheme in ("smtp", "smtps"):
        mail_server(value)
    if scheme == "listmonk":
        web_address(rest)
    return value


def _picture(value: str) -> str:
    if "://" in value:
        return web_address(value)
    if not _FILE.fullmatch(value) or ".." in value.split("/"):
        raise ValueError("expected an address, or a file of this folder such as artwork.jpg")
    return value


def _mail_picture(value: str) -> str:
    if "://" in value:
        if not value.lower().startswith("https:"):
            raise ValueError(
                "expected an https address, or a file of this folder: mail shows no http picture"
            )
    elif not value.lower().endswith(MAIL_PICTURES):
        raise ValueError("expected a picture that mail programs show: a PNG, JPEG or GIF file")
    return value


def _truth(value: object) -> object:
    """Read true or false, which are the words that feeds have too."""
    words = {"true": True, "false": False}
    if isinstance(value, bool):
        return value
    if not isinstance(value, str) or value not in words:
        raise ValueError("expected true or false (not yes, no or clean)")
    return words[value]


def _one_or_many(value: object) -> object:
    return [value] if isinstance(value, str) else value


def one_or_many(one: Any, *, least: int = 0) -> BeforeValidator:
    """Let one text stand for a list of it, in the file and for editors; `least` is what a list must hold."""
    many = Annotated[tuple[one, ...], Field(min_length=least)]
    return BeforeValidator(_one_or_many, json_schema_input_type=one | many)


def _some(values: tuple[object, ...]) -> tuple[object, ...]:
    # Pydantic's own rule would also count a list whose only member is wrong as empty.
    if not values:
        raise ValueError("expected at least one")
    return values


not_empty = AfterValidator(_some)


def each_once(value: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse a list in which something stands twice."""
    twice = next((name for name in value if value.count(name) > 1), None)
    if twice:
        raise ValueError(f"{twice} stands there twice")
    return value


def text_for(key: str, text: Any, whole: Any) -> BeforeValidator:
    """Let a text stand for a section with only that `key`, in the file and for editors."""
    return BeforeValidator(
        lambda value: {key: value} if isinstance(value, str) else value, json_schema_input_type=text | whole
    )


_WEB = r"https?://[^\s@/?#]+([/?#].*)?"
_MAIL = r"[^\s@<>,;:\"]+@[^\s@<>,;:\"]+\.[^\s@<>,;:\"]+"
_PARAMETER = r"[A-Za-z0-9_.~-]+"
_LEAVING = r"(mailto:[!-z|~]+|https://[!-\"$-.0->@-z|~]+([/?]([!-\"$-z|~]|\{token\})*)?(#[!-z|~]*)?)"
_JOB_NAME = r"[a-z0-9][a-z0-9-]{0,40}"
_LOGO = (
    r"(https://[^\s@/?#]+([/?#].*)?|[^/\\:?#]+(/[^/\\:?#]+)*\.([Pp][Nn][Gg]|[Jj][Pp][Ee]?[Gg]|[Gg][Ii][Ff]))"
)
_LABEL = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_SELECTOR = rf"{_LABEL}(\.{_LABEL})*"
_DOMAIN = rf"({_LABEL}\.)+{_LABEL}"
_SOME = form(r".*\S.*")
_FONTS = r"('[A-Za-z0-9 -]+'|[A-Za-z-]+)(, *('[A-Za-z0-9 -]+'|[A-Za-z-]+))*"
_FOLDER = r"[^/\\:?*#.~][^/\\:?*#]*(/[^/\\:?*#.~][^/\\:?*#]*)*"
_RULE = r"([A-Z-]+=[^=;\s]+;)*FREQ=[A-Z]+(;[A-Z-]+=[^=;\s]+)*"

Text = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(_one_line), _SOME
]
ShortText = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=128),
    AfterValidator(_one_line),
    _SOME,
]
LongText = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=4000),
    AfterValidator(_one_line),
    _SOME,
]
WebAddress = Annotated[str, AfterValidator(web_address), form(_WEB)]
FolderAddress = Annotated[str, AfterValidator(_folder_address), form(r"https?://[^\s@/?#]+(/[^?#]*)?")]
SearchAddress = Annotated[str, _holding("query"), form(r"https?://.*\{query\}.*")]
ProductAddress = Annotated[str, _holding("product"), form(r"https?://.*\{product\}.*")]
MailAddress = Annotated[str, _formed(_MAIL, "an e-mail address such as letter@example.org"), form(_MAIL)]
Timezone = Annotated[str, AfterValidator(_timezone)]
Transport = Annotated[str, AfterValidator(_transport)]
Language = Annotated[str, _formed(LANGUAGE_TAG, "a language tag such as en, de or pt-BR"), form(LANGUAGE_TAG)]
Parameter = Annotated[str, _formed(_PARAMETER, "letters, digits, . _ ~ and -"), form(_PARAMETER)]
Leaving = Annotated[
    str,
    _formed(_LEAVING, "an https or mailto address; {token} may stand in an https one, behind the host"),
    form(_LEAVING),
]
JobName = Annotated[str, _formed(_JOB_NAME, "small letters, digits and hyphens"), form(_JOB_NAME)]
Interval = Annotated[str, AfterValidator(_interval), form(rf"\s*{INTERVAL.pattern}\s*")]
Span = Annotated[str, AfterValidator(_span), form(rf"\s*{_SPAN.pattern}\s*")]
_SHORT_SPAN = form(rf"\s*([0-9]{{1,5}}|{_SPAN.pattern})\s*")
ShortSpan = Annotated[
    Annotated[str, AfterValidator(_short_span), _SHORT_SPAN],
    BeforeValidator(
        lambda value: str(value) if isinstance(value, int) else value,
        json_schema_input_type=Annotated[str, _SHORT_SPAN] | Annotated[int, Field(ge=0, le=99_999)],
    ),
]
Lease = Annotated[ShortSpan, AfterValidator(_lasting)]
Rate = Annotated[str, AfterValidator(_rate), form(rf"\s*{_RATE.pattern.replace('?:', '')}\s*")]
MailPlace = Annotated[
    str, AfterValidator(_mail_place), form(r"(maildir:.+|imaps?://[^\s@/]+@[^\s@/]+(/.*)?)")
]
Selector = Annotated[str, _formed(_SELECTOR, "letters, digits, hyphens and dots"), form(_SELECTOR)]
Domain = Annotated[str, _formed(_DOMAIN, "a domain such as example.org"), form(_DOMAIN)]
HostPort = Annotated[str, AfterValidator(_host_and_port), form(_HOST_PORT.pattern.replace("?P<port>", ""))]
Told = Annotated[str, AfterValidator(_told), form(f"(mail|{_WEB})")]
Picture = Annotated[Text, AfterValidator(_picture)]
Colour = Annotated[
    str, _formed(COLOUR.pattern, "six hexadecimal digits such as #0b5a78"), form(COLOUR.pattern)
]
Logo = Annotated[Picture, AfterValidator(_mail_picture), form(_LOGO)]
FontNames = Annotated[
    str, _formed(_FONTS, "names of fonts such as 'Segoe UI', Arial, sans-serif"), form(_FONTS)
]
Rule = Annotated[str, _formed(_RULE, "a recurrence rule such as FREQ=WEEKLY;BYDAY=FR"), form(_RULE)]
CronText = Annotated[str, AfterValidator(_cron), form(r"\s*(@[a-z]+|\S+(\s+\S+){4})\s*")]
When = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200), AfterValidator(_when), _SOME]
Clock = Annotated[
    time, BeforeValidator(_clock, json_schema_input_type=Annotated[str, form(f"({CLOCK.pattern})")])
]
Truth = Annotated[bool, BeforeValidator(_truth, json_schema_input_type=bool)]
FolderAddresses = Annotated[tuple[FolderAddress, ...], one_or_many(FolderAddress)]
WebAddresses = Annotated[tuple[WebAddress, ...], one_or_many(WebAddress)]
Weekdays = Annotated[tuple[Weekday, ...], not_empty, one_or_many(Weekday, least=1)]
