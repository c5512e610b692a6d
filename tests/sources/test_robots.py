"""robots.txt as RFC 9309 has it."""

from __future__ import annotations

import pytest

from feedmaker.sources.robots import LIMIT, LONGEST_PAUSE, Rules, robots_text

HOST = "https://pier.example.org"


@pytest.mark.parametrize(
    ("text", "path", "allowed"),
    [
        ("", "/a", True),
        ("User-agent: *\nDisallow: /", "/a", False),
        ("User-agent: *\nDisallow:", "/a", True),
        ("User-agent: *\nDisallow: /\n\nUser-agent: FeedMaker\nDisallow: /private", "/a", True),
        ("User-agent: feedmaker\nDisallow: /a\n\nUser-agent: *\nAllow: /", "/a", False),
        ("User-agent: *\nDisallow: /notes/\nAllow: /notes/open/", "/notes/open/1", True),
        ("User-agent: *\nDisallow: /*.html$", "/notes/1.html", False),
        ("User-agent: *\nDisallow: /*.html$", "/notes/1.html?x", True),
        ("User-agent: *\nDisallow: /a%3cd.html", "/a%3Cd.html", False),
        ("\ufeffUser-agent: *\r\nDisallow: /a # this\r\n", "/ab", False),
        ("Disallow: /a", "/a", True),
    ],
)
def test_rules_are_those_of_the_standard(text: str, path: str, allowed: bool) -> None:
    """Our own group counts before that for all, the longest rule wins, * and $ mean what they should."""
    rules = Rules(robots_text(200, text.encode()) or "")

    assert rules.allow(f"{HOST}{path}") is allowed


@pytest.mark.parametrize(
    ("status", "means"), [(404, ""), (403, ""), (410, ""), (429, None), (500, None), (503, None)]
)
def test_missing_rules_allow_and_illness_forbids(status: int, means: str | None) -> None:
    """A host that has no rules may be asked; one that cannot tell them is left alone."""
    assert robots_text(status) == means


def test_rules_are_read_up_to_a_limit() -> None:
    """At least 500 KiB are read, and no more than somewhat beyond."""
    rules = b"User-agent: *\nDisallow: /a\n"
    inside, beyond = rules.rjust(500 * 1024, b"\n"), rules.rjust(LIMIT + len(rules), b"\n")

    assert not Rules(robots_text(200, inside) or "").allow(f"{HOST}/a")
    assert Rules(robots_text(200, beyond) or "").allow(f"{HOST}/a")


@pytest.mark.parametrize(
    ("said", "seconds"), [("2", 2), ("0.5", 0.5), ("86400", LONGEST_PAUSE), ("x", 0), ("-1", 0)]
)
def test_delay_is_kept_within_reason(said: str, seconds: float) -> None:
    """A host may ask for a pause, though not for a day."""
    assert Rules(f"User-agent: *\nCrawl-delay: {said}\n").pause == seconds
