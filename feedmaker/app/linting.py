"""Checking feeds: those that a build has written, or any other by its file or address."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from feedmaker.app.project import Project, silent
from feedmaker.errors import UsageError

if TYPE_CHECKING:
    from feedmaker.fetch import Fetched
    from feedmaker.lint.findings import Finding
    from feedmaker.reading import Progress

Told = tuple[str, "Finding"]
_SUFFIXES = (".xml", ".atom", ".json", ".opml")
_FRONT_PAGE = "index.html"


def check_built(project: Project, now: datetime, progress: Progress = silent) -> list[Told]:
    """Check all feeds that stand in public/, alone and together; raise `UsageError` where none does.

    Returns each finding with the path of the file that it is in.
    """
    from feedmaker.lint.check import lint_set

    paths = [project.public / _FRONT_PAGE] if (project.public / _FRONT_PAGE).exists() else []
    paths += sorted(path for path in project.public.rglob("*") if path.suffix in _SUFFIXES)
    if not paths:
        raise UsageError(f"{project.public} is empty; run `feedmaker build` first")
    files = {}
    for number, path in enumerate(paths):
        progress("reading", number, len(paths))
        files[path.relative_to(project.public).as_posix()] = path.read_bytes()
    progress("reading", len(paths), len(paths))
    found = lint_set(files, project.config().site.address, now)
    return [(f"public/{path}", finding) for path, findings in found.items() for finding in findings]


def check_targets(targets: Sequence[str], now: datetime) -> list[Told]:
    """Check feeds by their files or addresses, each alone; return each finding with the feed that it is in.

    Raises `UsageError` where there is no such file, and `FetchError` where an address does not answer.
    """
    return [told for target in targets for told in _check_target(target, now)]


def _check_target(target: str, now: datetime) -> Iterator[Told]:
    from feedmaker.lint.check import lint_feed

    if target.startswith(("http://", "https://")):
        address = _without_password(target)
        yield from ((address, finding) for finding in _check_address(address, now))
        return
    try:
        data = Path(target).read_bytes()
    except OSError as error:
        raise UsageError(f"{target}: {error.strerror}; expected a file or an address") from error
    yield from ((target, finding) for finding in lint_feed(data, now=now))


def _without_password(target: str) -> str:
    from feedmaker.uri import web_address

    try:
        return web_address(target)
    except ValueError as error:
        raise UsageError(f"{target.partition('@')[2] or target}: {error}") from error


def _check_address(address: str, now: datetime) -> list[Finding]:
    """Check what a server answers, and what it answers when it is asked again."""
    from feedmaker.fetch import fetch
    from feedmaker.lint.check import lint_conditional_response, lint_response

    answer = fetch(address, private=True)
    findings = lint_response(answer.url, answer.status, answer.headers, answer.body, now)
    known = _validators(answer)
    if known:
        again = fetch(answer.url, private=True, headers=known)
        findings += lint_conditional_response(again.status, again.body)
    return findings


def _validators(answer: Fetched) -> dict[str, str]:
    """Return the headers that ask for a document only if it has changed (RFC 9110, section 13)."""
    pairs = (("etag", "If-None-Match"), ("last-modified", "If-Modified-Since"))
    return {asked: answer.headers[said] for said, asked in pairs if said in answer.headers}
