"""The section `signup`: what it says by itself, and what follows from it for the newsletter."""

from __future__ import annotations

import pytest
import yaml

from feedmaker.config import Config, parse_config
from feedmaker.errors import ConfigError
from feedmaker.newsletter.leaving import (
    TOKEN_SLOT,
    choosing_address,
    is_one_click,
    unsubscribe_address,
)
from feedmaker.signup.words import consent_text
from tests.projects import SCHEDULE

OUTER = "https://lamp.example.org/letter/"


def read(*, letter: str = "", **keys: object) -> Config:
    """Read a schedule with such a section, and some more of the newsletter's."""
    signup = yaml.safe_dump({"signup": {"address": OUTER} | keys})
    return parse_config(f"{SCHEDULE}{letter}{signup}")


def faults(**keys: object) -> list[str]:
    """Return what is wrong with such a section."""
    with pytest.raises(ConfigError) as raised:
        parse_config(SCHEDULE + yaml.safe_dump({"signup": {"address": OUTER} | keys}))
    return [fault.message for fault in raised.value.diagnostics]


def test_address_is_all_that_is_needed() -> None:
    """Everything else has a default: loopback, the own site, nothing to choose."""
    signup = read().signup
    assert signup

    assert (signup.listen, signup.proxies) == ("127.0.0.1:8025", ("127.0.0.0/8", "::1/128"))
    assert (signup.origins, signup.topics, signup.languages, signup.digest) == ((), (), {}, False)
    assert (signup.privacy, signup.consent, signup.choosing) == (None, None, None)


def test_readers_leave_where_people_sign_up() -> None:
    """The newsletter gets the address of the page to leave, with one click, unless it names another."""
    letter, own = read().newsletter, read(letter="  unsubscribe: https://a.example/leave\n").newsletter
    assert letter
    assert own

    assert unsubscribe_address(letter, "T0") == f"{OUTER}leave/T0"
    assert is_one_click(letter)
    assert unsubscribe_address(own, "T0") == "https://a.example/leave?token=T0"


def test_pages_of_this_machine_can_be_tried() -> None:
    """With an http address of this machine the links in mail work, one click included."""
    letter = read(address="http://127.0.0.1:8025").newsletter
    assert letter

    assert unsubscribe_address(letter, "T0") == "http://127.0.0.1:8025/leave/T0"
    assert is_one_click(letter)


def test_choosing_has_an_address_where_there_is_a_choice() -> None:
    """Any of the three things to choose brings the link into each mail."""
    assert choosing_address(read(), TOKEN_SLOT) is None
    for config in (read(digest=True), read(topics="tag:a"), read(languages={"de": "Deutsch"})):
        assert choosing_address(config, "T0") == f"{OUTER}choose/T0"


def test_consent_names_the_newsletter() -> None:
    """The usual words say what comes and that one can leave; the publisher's own take their place."""
    usual = consent_text(read())

    assert "The Lamp Letter" in usual
    assert "leave" in usual
    assert consent_text(read(consent="Send me The Lamp.")) == "Send me The Lamp."


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"address": "http://lamp.example.org/"}, "signup.address: expected an https address; http is for"),
        (
            {"address": f"https://lamp.example.org/{'a' * 200}/"},
            "signup.address: expected at most 200 characters",
        ),
        ({"proxies": ["10.0.0.0/33"]}, 'signup.proxies.1: "10.0.0.0/33" is no address or network'),
        ({"origins": ["https://a.example/b"]}, "signup.origins.1: expected a site without a path"),
        ({"topics": ["bells"]}, 'signup.topics.1: "bells" is no topic; expected show:NAME or tag:NAME'),
        ({"topics": ["tag:a", "tag:a"]}, "signup.topics: tag:a stands there twice"),
        ({"languages": {"x!": "X"}}, "signup.languages.x!: expected a language tag such as en"),
    ],
)
def test_fault_says_what_was_expected(keys: dict[str, object], said: str) -> None:
    """Each fault names its key and what belongs there."""
    (fault,) = faults(**keys)

    assert fault.startswith(said)


def test_networks_and_origins_are_read_as_they_are_meant() -> None:
    """A network may be named by any address in it, and an origin with the port that it has anyway."""
    signup = read(
        proxies=["10.1.2.3/8", "::1"], origins=["HTTPS://B.example:443/", "http://c.example:80"]
    ).signup
    assert signup

    assert signup.proxies == ("10.0.0.0/8", "::1/128")
    assert signup.origins == ("https://b.example", "http://c.example")


def test_newsletter_is_needed() -> None:
    """There is nothing to sign up for without one."""
    with pytest.raises(ConfigError) as raised:
        parse_config(f"{SCHEDULE.partition('newsletter:')[0]}signup: {{address: '{OUTER}'}}\n")

    assert [fault.message for fault in raised.value.diagnostics] == ['signup: needs a section "newsletter"']


@pytest.mark.parametrize("word", ["choose", "confirm", "events", "leave", "style.css", "subscribe"])
def test_address_is_none_of_the_pages_own(word: str) -> None:
    """A path that begins like a page would be taken for it by a proxy that keeps paths; all are told."""
    for path in (word, f"{word}/", f"{word}/letter/"):
        (fault,) = faults(address=f"https://tides.example.org/{path}")

        assert fault.startswith(f"signup.address: the path begins with /{word}, which is a page of its own")
        assert fault.endswith("choose, confirm, events, leave, style.css, subscribe")
    assert read(address=f"https://tides.example.org/{word}r/").signup
