"""Sites that are slow, broken, hostile or busy: each is told, none stops the others, nothing half gets in."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from feedmaker.crawl import LONGEST_REST
from feedmaker.sources.pages import PAGE_LIMIT
from tests.projects import FIRST, LATER
from tests.sources.conftest import Collector
from tests.sources.elsewhere import Elsewhere, elsewhere, page

HOUR = timedelta(hours=1)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
BODY = page().encode()
Talk = Callable[[Any], None]


def saying(*parts: bytes) -> Talk:
    """Answer with these bytes and hang up."""

    def talk(handler: Any) -> None:
        for part in parts:
            handler.wfile.write(part)

    return talk


def dripping(handler: Any) -> None:
    """Send a byte now and then, for as long as somebody reads."""
    handler.wfile.write(HEAD + b"Content-Length: 100000\r\n\r\n")
    while True:
        handler.wfile.write(b"x")
        time.sleep(0.05)


def resetting(handler: Any) -> None:
    """Break off amid the body."""
    handler.wfile.write(HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY[:500])


BROKEN: dict[str, tuple[Talk, str]] = {
    "cut off": (resetting, "damaged"),
    "garbage": (saying(b"\x16\x03\x01 what?\r\n\r\n"), "damaged"),
    "nothing": (saying(), "damaged"),
    "chunked garbage": (saying(HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n" + BODY), "damaged"),
    "chunks without an end": (saying(HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n<html\r\n"), "damaged"),
    "gzip that is none": (saying(HEAD + b"Content-Encoding: gzip\r\n\r\n" + BODY), "damaged"),
    "gzip cut off": (saying(HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(BODY)[:-20]), "damaged"),
    "packed otherwise": (saying(HEAD + b"Content-Encoding: br\r\n\r\n" + BODY), "not asked for"),
    "bomb": (
        saying(HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b" " * (PAGE_LIMIT * 40))),
        "more than 5,000,000 bytes",
    ),
    "huge": (saying(HEAD + b"\r\n" + b" " * PAGE_LIMIT + BODY), "more than 5,000,000 bytes"),
    "loop": (saying(b"HTTP/1.1 302 Found\r\nLocation: /broken\r\nContent-Length: 0\r\n\r\n"), "5 redirects"),
    "to a file": (
        saying(b"HTTP/1.1 301 Gone\r\nLocation: file:///etc/passwd\r\n\r\n"),
        "only https:// and http://",
    ),
    "to nowhere": (saying(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"), "leads nowhere"),
    "odd status": (saying(b"HTTP/1.1 799 Odd\r\nContent-Length: 0\r\n\r\n"), "799"),
    "forbidden": (saying(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"), "403 Forbidden"),
    "never changed": (saying(b"HTTP/1.1 304 Same\r\n\r\n"), "was never here"),
}


@pytest.mark.parametrize("way", BROKEN)
def test_broken_answer_is_told_and_stops_nobody(collector: Collector, site: Elsewhere, way: str) -> None:
    """One page that cannot be had fails by itself; nothing of it is kept, and it may come back."""
    talk, said = BROKEN[way]
    site.put("/good", page("Good"))
    address = site.talk("/broken", talk)
    collected = collector.adopt("/broken", "/good")

    assert (collected.changes, collected.failed) == (["new episodes/pier/good.md"], True)
    (failed,) = (outcome for outcome in collected.outcomes if outcome.state == "failed")
    assert failed.address == address
    assert said in failed.reason
    assert list(collector.files("originals")) == ["originals/pier/good.html"]
    site.put("/broken", page("Mended"))
    assert collector.collect(LATER).changes == ["new episodes/pier/broken.md"]


def test_slow_answers_end(collector: Collector, site: Elsewhere) -> None:
    """A page that hangs and one that drips take no longer than there is time; the rest comes first."""
    over = threading.Event()

    def hanging(_: Any) -> None:
        over.wait(30)

    site.put("/robots.txt", "", "text/plain")
    site.talk("/hangs", hanging)
    site.talk("/drips", dripping)
    with elsewhere() as other:
        other.put("/good", page("Good"))
        collector.sources({"pages": [site.at("/hangs"), site.at("/drips"), other.at("/good")]})
        begun = time.monotonic()
        collected = collector.collect(seconds=2)
    over.set()

    assert time.monotonic() - begun < 15
    assert collected.changes == ["new episodes/pier/good.md"]
    slow = [outcome for outcome in collected.outcomes if outcome.state == "failed"]
    assert len(slow) == 2
    assert all("no complete answer within" in outcome.reason for outcome in slow)
    assert [cause.key for cause in collected.causes] == [f"host {site.address}"]


def test_redirect_into_a_private_network_is_refused(collector: Collector, site: Elsewhere) -> None:
    """What a source may not ask for, it may not be sent to either."""
    with elsewhere() as inner:
        inner.put("/secret", page("Secret"))
        collector.sources({"pages": inner.at("/secret"), "private": False})
        collected = collector.collect()

    (outcome,) = collected.outcomes
    assert (outcome.state, inner.asked) == ("failed", [])
    assert "leads into a private network" in outcome.reason


def retry_after(moment: datetime, form: str) -> dict[str, str]:
    """Write an hour's rest as seconds or as a date."""
    return {"Retry-After": "3600" if form == "seconds" else format_datetime(moment + HOUR, usegmt=True)}


@pytest.mark.parametrize("form", ["seconds", "date"])
@pytest.mark.parametrize("status", [429, 503])
def test_host_that_wants_rest_gets_it(collector: Collector, site: Elsewhere, status: int, form: str) -> None:
    """Until the time that a busy host names nothing of it is asked, in later collections either."""
    paths = [f"/{number}" for number in range(8)]
    for path in paths:
        site.put(path, page(f"Bell {path}"))
    collector.adopt(*paths)
    for path in paths:
        site.put(path, "later", status=status, headers=retry_after(FIRST, form))
    site.paths()

    first = collector.collect(FIRST)
    asked = [path for path in site.paths() if path != "/sitemap.xml"]
    soon = collector.collect(FIRST + HOUR - timedelta(minutes=1))

    assert 1 <= len(asked) <= 2  # one for each connection
    assert first.failed == (status == 503)
    assert {outcome.state for outcome in first.outcomes} <= {"skipped", "failed"}
    assert site.paths() == []
    assert {outcome.reason for outcome in soon.outcomes} == {
        f"{site.address} wants to be left alone until 2026-11-02 09:00 UTC"
    }
    for path in paths:
        site.put(path, page(f"Bell {path}"))
    assert collector.collect(FIRST + HOUR + timedelta(minutes=1)).summary == "8 unchanged"


def test_rest_is_no_longer_than_a_week(collector: Collector, site: Elsewhere) -> None:
    """A server that names a time in years is asked again before."""
    site.put("/a", "later", status=429, headers={"Retry-After": "999999999"})
    collector.adopt("/a")
    site.put("/a", page())

    assert collector.collect(FIRST + LONGEST_REST - HOUR).changes == []
    assert collector.collect(FIRST + LONGEST_REST + HOUR).changes == ["new episodes/pier/a.md"]


def test_host_that_fails_again_and_again_is_left_alone(collector: Collector, site: Elsewhere) -> None:
    """After three failures in a row the rest of a host's pages waits for the next time, as one cause."""
    paths = [f"/{number}" for number in range(30)]
    for path in paths:
        site.put(path, "oops", status=500)
    collected = collector.adopt(*paths)

    assert len(site.paths()) <= 6
    assert len(collected.outcomes) == 30
    assert f"host {site.address}" in {cause.key for cause in collected.causes}
    assert len(collected.causes) <= 6


def test_other_hosts_do_not_wait(collector: Collector, site: Elsewhere) -> None:
    """A host that cannot be reached fails alone."""
    with elsewhere() as gone:
        address = gone.at("/a")
    site.put("/b", page("B"))
    collector.sources({"pages": [address, site.at("/b")]})
    collected = collector.collect()

    assert collected.changes == ["new episodes/pier/b.md"]
    assert [cause.key for cause in collected.causes] == [f"host {gone.address}"]
    assert "cannot be reached" in collected.causes[0].text


def test_robots_txt_is_asked_for_once_a_day(collector: Collector, site: Elsewhere) -> None:
    """One question a day tells what a host allows; its rules hold for lists and pages."""
    site.put("/robots.txt", "User-agent: *\nDisallow: /*.html$\n", "text/plain")
    for path in ("/a", "/b.html"):
        site.put(path, page(path))
    first = collector.adopt("/a", "/b.html")
    collector.collect(FIRST + 23 * HOUR)

    assert [asked.path for asked in site.asked].count("/robots.txt") == 1
    assert "/b.html" not in site.paths()
    assert [outcome.reason for outcome in first.outcomes if outcome.state == "skipped"] == [
        f"the robots.txt of {site.address} does not allow it"
    ]
    site.put("/robots.txt", "User-agent: feedmaker\nDisallow: /sitemap.xml\n", "text/plain")
    collected = collector.collect(FIRST + 25 * HOUR)
    assert collected.changes == ["new episodes/pier/b.md"]
    assert "does not allow it" in collected.faults[0][1]


def test_host_without_readable_rules_is_left_alone(collector: Collector, site: Elsewhere) -> None:
    """An ill host is not asked for pages, unless it told its rules before; then those hold."""
    site.put("/a", page())
    site.put("/robots.txt", "oops", status=500)
    collected = collector.adopt("/a")
    assert (site.paths(), collected.failed) == ([], True)
    assert "/robots.txt: the answer was 500" in collected.faults[0][1]

    site.put("/robots.txt", "", "text/plain")
    assert collector.collect(LATER).summary == "1 new"
    site.put("/robots.txt", "oops", status=500)
    assert collector.collect(LATER + 48 * HOUR).summary == "1 unchanged"


def test_hosts_delay_counts_over_a_shorter_pause(collector: Collector, site: Elsewhere) -> None:
    """A host that asks for a delay is asked no faster; there is no time for a second page then."""
    site.put("/robots.txt", "User-agent: *\nCrawl-delay: 25\n", "text/plain")
    for path in ("/a", "/b"):
        site.put(path, page(path))
    collector.sources({"pages": [site.at("/a"), site.at("/b")]})
    collected = collector.collect(seconds=10)

    assert (len(collected.changes), collected.left) == (1, 1)


def test_huge_list_is_refused(collector: Collector, site: Elsewhere) -> None:
    """A packed sitemap that unpacks to more than a list may have is told, and what was known stays."""
    site.put("/a", page())
    collector.adopt("/a")
    site.put("/sitemap.xml", gzip.compress(b" " * 60_000_000), "application/gzip")
    collected = collector.collect(LATER)

    assert (collected.unchanged, collected.failed) == (1, True)
    assert "50,000,000 bytes unpacked" in collected.faults[0][1]


def test_sitemaps_that_name_each_other_end(collector: Collector, site: Elsewhere) -> None:
    """Indexes in a circle, and an endless row of them, are each read once and no more than there may be."""
    site.put("/a", page())
    index = "<sitemapindex>{}</sitemapindex>"
    loc = "<sitemap><loc>{}</loc></sitemap>"
    many = "".join(loc.format(site.at(path)) for path in ("/x.xml", "/y.xml", "/sitemap.xml"))
    site.put("/x.xml", index.format(many), "application/xml")
    site.put("/y.xml", index.format(many), "application/xml")
    collector.adopt("/a")
    collector.sources({"sitemap": site.at("/x.xml")})
    site.paths()

    assert collector.collect(LATER).summary == "1 unchanged"
    assert sorted(site.paths()) == ["/a", "/sitemap.xml", "/x.xml", "/y.xml"]
