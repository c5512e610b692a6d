"""Whether the links of an issue answer: looked up on disk or asked over HTTP, and remembered for a while."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from html import escape
from http import HTTPStatus
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag, urlsplit

from feedmaker.app.project import Project, silent
from feedmaker.config import Config
from feedmaker.disk import explained, write_durably
from feedmaker.errors import FetchError
from feedmaker.newsletter.checks import Finding, addresses, finding
from feedmaker.reading import Progress
from feedmaker.store import Issue

GOOD_FOR = timedelta(days=1)
BAD_FOR = timedelta(minutes=10)
DEADLINE = 60.0
"""Seconds for all links together."""

PATIENCE = 10.0
"""Seconds for one link."""

PAUSE = 0.25
"""Seconds between two questions to one host."""

_TOGETHER = 8
_GONE = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)
_BUSY = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
_NOT_ASKED = "was not asked; its host wanted rest, or the time was up"


@dataclass(frozen=True, slots=True)
class Answer:
    """Hold what was heard of an address, and when.

    `status` is 0 where no answer came; `moved_to` is where it has moved for good, `said` what went wrong.
    """

    at: datetime
    status: int
    moved_to: str = ""
    said: str = ""

    def holds(self, now: datetime) -> bool:
        """Tell whether it need not be asked again."""
        is_good = 0 < self.status < HTTPStatus.BAD_REQUEST
        return timedelta(0) <= now - self.at < (GOOD_FOR if is_good else BAD_FOR)


def link_findings(
    project: Project,
    config: Config,
    issue: Issue,
    now: datetime,
    progress: Progress = silent,
    *,
    private: bool = False,
) -> list[Finding]:
    """Find the links of an issue that lead nowhere, or elsewhere for good.

    What a build has written is looked up in `public/`, for it may not be on the site yet; the issue's own
    page comes when it goes out. `private` allows addresses that only this machine or its network can reach.
    """
    site = config.site.address
    own_page = f"{site}newsletter/{issue.slug}/"
    wanted = [address for address in addresses(issue.html, config) if address != own_page]
    built = {address: page for address in wanted if (page := _built_page(project.public, site, address))}
    asked = list(dict.fromkeys(urldefrag(address)[0] for address in wanted if address not in built))
    answers = _answers(project.state / "links.json", asked, now, progress, private=private)
    told = [*_place_findings(built)]
    for address in asked:
        told += _answer_findings(address, answers.get(address))
    return told


def _built_page(public: Path, site: str, address: str) -> Path | None:
    """Return the file of the site that an address leads to, if a build has written it."""
    path = unquote(urlsplit(address).path.removeprefix(urlsplit(site).path)).lstrip("/")
    if not address.startswith(site) or ".." in path.split("/"):
        return None
    files = (public / path, public / path / "index.html")
    # Other than a Path's own method, this one does not mind a name that is too long.
    return next((file for file in files if os.path.isfile(file)), None)  # noqa: PTH113


def _place_findings(built: Mapping[str, Path]) -> Iterator[Finding]:
    """Look for the places in pages that addresses name behind a #."""
    for address, page in built.items():
        place = unquote(urldefrag(address)[1])
        if place and page.suffix == ".html" and f'id="{escape(place)}"' not in page.read_text("utf-8"):
            yield finding("dead-link", f"{address}: the page has no such place")


def _answer_findings(address: str, answer: Answer | None) -> Iterator[Finding]:
    if answer is None:
        yield finding("link-not-checked", f"{address} {_NOT_ASKED}")
    elif answer.status in _GONE:
        yield finding("dead-link", f"{address}: the answer was {_named(answer.status)}")
    elif answer.said:
        yield finding("link-not-checked", answer.said)
    elif answer.status >= HTTPStatus.BAD_REQUEST:
        yield finding("link-not-checked", f"{address}: the answer was {_named(answer.status)}")
    elif answer.moved_to:
        yield finding("link-moved", f"{address} has moved for good to {answer.moved_to}")


def _named(status: int) -> str:
    with suppress(ValueError):
        return f"{status} {HTTPStatus(status).phrase}"
    return str(status)


def _answers(
    cache: Path, wanted: Sequence[str], now: datetime, progress: Progress, *, private: bool
) -> dict[str, Answer]:
    """Return what is known of addresses, having asked where nothing is; what was not asked is missing."""
    known = {address: answer for address, answer in _remembered(cache).items() if answer.holds(now)}
    unknown = [address for address in wanted if address not in known]
    if unknown:
        known |= _ask(unknown, now, progress, private=private)
        _remember(cache, known)
    return known


def _remembered(cache: Path) -> dict[str, Answer]:
    """Read the cache; one that cannot be read is as good as none."""
    try:
        found = json.loads(cache.read_bytes())
        return {address: _parsed(answer) for address, answer in found.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}


def _parsed(answer: Mapping[str, Any]) -> Answer:
    at = datetime.fromisoformat(answer["at"])
    return Answer(at, int(answer["status"]), str(answer["moved_to"]), str(answer["said"]))


def _remember(cache: Path, known: Mapping[str, Answer]) -> None:
    data = {address: asdict(answer) | {"at": answer.at.isoformat()} for address, answer in known.items()}
    with explained(cache.parent):
        cache.parent.mkdir(parents=True, exist_ok=True)
    write_durably(cache, json.dumps(data, indent=1).encode())


def _ask(wanted: Sequence[str], now: datetime, progress: Progress, *, private: bool) -> dict[str, Answer]:
    """Ask several hosts at a time, each for one address after the other."""
    end = time.monotonic() + DEADLINE
    by_host = [list(group) for _, group in groupby(sorted(wanted, key=_host), _host)]
    answers: dict[str, Answer] = {}
    done = 0
    with ThreadPoolExecutor(_TOGETHER) as pool:
        tasks = {pool.submit(_ask_host, group, end, now, private=private): len(group) for group in by_host}
        for task in as_completed(tasks):
            answers |= task.result()
            done += tasks[task]
            progress("asking for links", done, len(wanted))
    return answers


def _host(address: str) -> str:
    return urlsplit(address).netloc.lower()


def _ask_host(wanted: Sequence[str], end: float, now: datetime, *, private: bool) -> dict[str, Answer]:
    """Ask one host, until it wants rest or the time is up."""
    answers: dict[str, Answer] = {}
    for number, address in enumerate(wanted):
        time.sleep(PAUSE if number else 0)
        left = end - time.monotonic()
        if left <= 0:
            break
        answers[address] = _asked(address, min(left, PATIENCE), now, private=private)
        if answers[address].status in _BUSY:
            break
    return answers


def _asked(address: str, seconds: float, now: datetime, *, private: bool) -> Answer:
    from feedmaker.fetch import probe

    try:
        found = probe(address, deadline=seconds, private=private)
    except FetchError as error:
        return Answer(now, 0, said=str(error))
    return Answer(now, found.status, found.url if found.moved else "")
