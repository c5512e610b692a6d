"""The section `signup` of `schedule.yaml`: where people sign up and leave on the web. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_network
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from feedmaker.config.fields import (
    FolderAddress,
    HostPort,
    Language,
    Part,
    Text,
    Truth,
    WebAddress,
    each_once,
    form,
    one_or_many,
)
from feedmaker.text import LANGUAGE_TAG
from feedmaker.uri import is_local, web_address

MOST_SIGNS = 200
"""How long the address may be, so that one line of a header holds it with a token (RFC 5322, 2.1.1)."""

TAKEN = frozenset({"subscribe", "confirm", "leave", "choose", "events", "style.css"})
"""What the paths of the pages begin with, below the address."""

_TOPIC = re.compile(r"(show|tag):\S.*")
_USUAL_PORTS = {"http": 80, "https": 443}
_LOCAL = r"http://(localhost|127(\.[0-9]{1,3}){3}|\[::1\])(:[0-9]+)?"


def origin_of(address: str) -> str:
    """Return the origin of a web address as browsers write it (RFC 6454, 6.2)."""
    parts = urlsplit(address)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    port = "" if parts.port in (None, _USUAL_PORTS.get(parts.scheme)) else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"


def _secured(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme == "http" and not is_local(parts.hostname or ""):
        raise ValueError("expected an https address; http is for this machine itself, to try it out")
    first = parts.path.strip("/").partition("/")[0]
    if first in TAKEN:
        raise ValueError(
            f"the path begins with /{first}, which is a page of its own; choose another name than "
            + ", ".join(sorted(TAKEN))
        )
    if len(value) > MOST_SIGNS:
        raise ValueError(f"expected at most {MOST_SIGNS} characters, for it stands in a header of each mail")
    return value


def _network(value: str) -> str:
    try:
        return str(ip_network(value, strict=False))
    except ValueError:
        raise ValueError(
            f'"{value[:60]}" is no address or network; expected for example 127.0.0.1 or 10.0.0.0/8'
        ) from None


def _origin(value: str) -> str:
    address = web_address(value)
    if urlsplit(address)._replace(scheme="", netloc="").geturl() not in ("", "/"):
        raise ValueError("expected a site without a path, such as https://example.org")
    return origin_of(address)


def _topic(value: str) -> str:
    if not _TOPIC.fullmatch(value):
        raise ValueError(f'"{value[:60]}" is no topic; expected show:NAME or tag:NAME')
    return value


SignupAddress = Annotated[
    FolderAddress, AfterValidator(_secured), form(rf"(https://[^\s@/?#]+|{_LOCAL})(/[^?#]*)?")
]
Network = Annotated[str, AfterValidator(_network), form(r"[0-9A-Fa-f.:]+(/[0-9]{1,3})?")]
Origin = Annotated[str, AfterValidator(_origin), form(r"https?://[^\s@/?#]+/?")]
Topic = Annotated[Text, AfterValidator(_topic), form(_TOPIC.pattern)]


class Signup(Part):
    """Where people sign up, choose and leave, and what they are shown."""

    address: SignupAddress = Field(
        description="Where the pages are reached from outside, for example https://example.org/letter/."
    )
    listen: HostPort = Field(
        default="127.0.0.1:8025", description="Where `feedmaker serve` listens: HOST:PORT."
    )
    consent: Text | None = Field(
        default=None, description="What people agree to, shown beside the button; without one, plain words."
    )
    privacy: WebAddress | None = Field(
        default=None, description="Page that says what becomes of what people enter."
    )
    proxies: Annotated[tuple[Network, ...], one_or_many(Network)] = Field(
        default=("127.0.0.0/8", "::1/128"),
        description="Addresses or networks of proxies whose X-Forwarded-For is believed.",
    )
    origins: Annotated[tuple[Origin, ...], one_or_many(Origin)] = Field(
        default=(),
        description="Sites besides your own that may hold the form, and use it from scripts.",
    )
    topics: Annotated[tuple[Topic, ...], AfterValidator(each_once), one_or_many(Topic)] = Field(
        default=(),
        description="Shows and tags that people may choose: show:NAME or tag:NAME.",
        json_schema_extra={"uniqueItems": True},
    )
    languages: Mapping[Language, Text] = Field(
        default={},
        description="Languages that people may choose: tags, each with its name.",
        json_schema_extra={"propertyNames": {"pattern": f"^{LANGUAGE_TAG}$"}},
    )
    digest: Truth = Field(
        default=False, description="Whether people may have a weekly digest in place of each issue."
    )

    @property
    def leaving(self) -> str:
        """Return where readers leave, with {token} where the token of each goes."""
        return f"{self.address}leave/{{token}}"

    @property
    def choosing(self) -> str | None:
        """Return where readers choose what they get, with {token}; None where there is nothing to choose."""
        has_choices = self.digest or self.topics or self.languages
        return f"{self.address}choose/{{token}}" if has_choices else None
