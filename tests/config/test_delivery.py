"""The section `delivery`, as people write it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import yaml

from feedmaker.config import Delivery, parse_config
from feedmaker.config.delivery import RETURN_LIMIT
from feedmaker.errors import ConfigError

SITE = {"title": "Tides", "address": "https://tides.example.org/", "author": "Ines Falk"}
SERVER = "expected smtp://HOST, smtp://HOST:PORT or smtp://USER@HOST:PORT"


def read(**keys: Any) -> Delivery:
    """Read a schedule with these keys of the section, and return the section."""
    return parse_config(yaml.safe_dump({"site": SITE, "delivery": keys})).delivery


def fault(**keys: Any) -> str:
    """Return the one thing that is wrong with a section of these keys."""
    with pytest.raises(ConfigError) as raised:
        read(**keys)
    (found,) = raised.value.diagnostics
    return found.message


def test_nothing_is_asked_of_the_section() -> None:
    """Without it mail goes into the outbox, as fast as it can, and nobody gets two copies."""
    section = read()

    assert (section.transport, section.connections) == ("outbox:", 4)
    assert (section.pause, section.domain_pause) == (0.0, 0.0)
    assert (section.lease_time, section.grace_time) == (timedelta(minutes=1), timedelta(minutes=2))
    assert (section.on_unknown, section.stop_at) == ("hold", 50)


@pytest.mark.parametrize("sign", ["x", "é"])
def test_return_path_leaves_room_for_a_token(sign: str) -> None:
    """What would be longer than 64 octets before the @, with a delivery's own token, is told at once."""
    most = RETURN_LIMIT // len(sign.encode()) * sign
    path = f"{most}@tides.example.org"

    assert read(return_path=path).return_path == path
    assert fault(return_path=f"{sign}{path}") == (
        "delivery.return_path: expected at most 37 bytes before the @, where each message adds a +TOKEN of 27"
    )


@pytest.mark.parametrize(
    "transport",
    [
        "outbox:",
        "outbox:/var/spool/mail",
        "smtp://localhost",
        "smtp://localhost:2525",
        "smtp://[::1]:2525",
        "smtp://ann@mail.example.org:587",
        "smtp://ann@example.org@mail.example.org",
        "smtps://ann%2Fbo@mail.example.org",
    ],
)
def test_transport_may_name_a_server_and_a_user(transport: str) -> None:
    """The address is kept as it was written."""
    assert read(transport=transport).transport == transport


@pytest.mark.parametrize(
    ("transport", "said"),
    [
        ("smtp:", SERVER),
        ("smtp://", SERVER),
        ("smtp:localhost", SERVER),
        ("smtp://localhost:0", SERVER),
        ("smtp://localhost:65536", SERVER),
        ("smtp://localhost:smtp", SERVER),
        ("smtp://localhost/inbox", SERVER),
        ("smtp://localhost?x=1", SERVER),
        ("smtp://@localhost", SERVER),
        ("smtp://ann:hunter2#1@localhost", SERVER),
        ("smtp://ann:hunter2@localhost", "a password cannot stand here; set FEEDMAKER_TRANSPORT instead"),
        ("smpt://localhost", "expected outbox:, outbox:FOLDER, smtp://HOST:PORT, smtps://HOST, "),
        ("localhost", "expected outbox:, outbox:FOLDER, smtp://HOST:PORT, smtps://HOST, "),
    ],
)
def test_what_is_no_transport_is_refused(transport: str, said: str) -> None:
    """The text says what is expected and repeats nothing that may be a password."""
    found = fault(transport=transport)

    assert found.startswith(f"delivery.transport: {said}")
    assert "hunter2" not in found


@pytest.mark.parametrize(
    ("written", "pause"),
    [
        ("20 per second", 0.05),
        ("1/second", 1.0),
        (" 5000 Per Hour ", 0.72),
        ("60 / minute", 1.0),
        ("500 per day", 172.8),
    ],
)
def test_rate_is_the_time_from_one_message_to_the_next(written: str, pause: float) -> None:
    """Both rates are written alike, and each is its own."""
    assert read(rate=written).pause == pytest.approx(pause)
    assert read(rate=written).domain_pause == 0.0
    assert read(domain_rate=written).domain_pause == pytest.approx(pause)


@pytest.mark.parametrize("key", ["rate", "domain_rate"])
@pytest.mark.parametrize(
    "written", ["0 per second", "20", "20 per fortnight", "-1 per hour", "fast", 20], ids=repr
)
def test_what_is_no_rate_is_refused(key: str, written: str | int) -> None:
    """Nothing is ever a rate of none."""
    assert fault(**{key: written}) == (
        f'delivery.{key}: "{written}" is no rate; expected for example 20 per second or 5000 per hour'
    )


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("2 s", 2), ("2s", 2), (2, 2), ("90 sec", 90), ("5 minutes", 300), ("3 mins", 180), ("1 Hour", 3600)],
)
def test_times_are_short_and_a_bare_number_is_seconds(written: str | int, seconds: int) -> None:
    """Lease and grace are written alike."""
    section = read(lease=written, grace=written)

    assert section.lease_time == section.grace_time == timedelta(seconds=seconds)


@pytest.mark.parametrize("written", [0, "0", "0 s", "0 minutes"], ids=repr)
def test_grace_may_be_none_and_a_lease_not(written: str | int) -> None:
    """Who does not want to wait for evidence need not; a lease of no time would let two send the same."""
    assert read(grace=written).grace_time == timedelta()
    assert fault(lease=written) == "delivery.lease: expected at least a second"


@pytest.mark.parametrize("key", ["lease", "grace"])
@pytest.mark.parametrize("written", ["soon", "1 day", -1, 1.5, "2 s 3", True], ids=repr)
def test_what_is_no_time_is_refused(key: str, written: object) -> None:
    """The text has examples."""
    assert fault(**{key: written}).endswith("is no span of time; expected for example 2 minutes, 60 s or 0")
