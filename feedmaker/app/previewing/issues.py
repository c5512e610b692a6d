"""Issues as they would go out: the next one, made now, and those that are drafted and wait."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Literal

from feedmaker.app.newsletters import choose, stored
from feedmaker.app.project import Project
from feedmaker.build.build import Build
from feedmaker.config import Config, Newsletter
from feedmaker.content import Content
from feedmaker.errors import UsageError
from feedmaker.model import Publication
from feedmaker.newsletter.gate import check_issue
from feedmaker.newsletter.issue import compose
from feedmaker.newsletter.message import Letter
from feedmaker.newsletter.mjml import render_html
from feedmaker.newsletter.plain_text import render_text
from feedmaker.store import Issue
from feedmaker.templating import Templates

NEXT = "next"
LIMIT = 100_000
_READER = "reader@example.com"
_NO_SECTION = 'schedule.yaml has no "newsletter" section; see docs/configuration.md#newsletter'

Kind = Literal["next", "sample", "drafted"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Say what the checks have to say of an issue, and the cure."""

    code: str
    message: str
    cure: str
    severity: Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Kept:
    """Hold what the state database knows of issues: those that wait, and which episodes any has carried."""

    waiting: tuple[Issue, ...] = ()
    carried: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IssueView:
    """Show an issue; `why` says how it came to be this one, `size` counts the bytes of its HTML as sent.

    `headers` are those of a message to a sample reader, decoded; `message` is all of it.
    """

    name: str
    kind: Kind
    why: str
    sender: str
    subject: str
    preheader: str
    html: str
    text: str
    size: int
    limit: int
    cuts: tuple[str, ...]
    findings: tuple[Finding, ...]
    headers: tuple[tuple[str, str], ...]
    raw_headers: str
    message: bytes


@dataclass(frozen=True, slots=True)
class _Proof:
    subject: str
    preheader: str
    html: str
    text: str
    cuts: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


def kept_issues(project: Project) -> Kept:
    """Read what the state database knows; one that is not there yet is not made."""
    if not (project.state / "state.db").exists():
        return Kept()
    with stored(project) as store:
        return Kept(tuple(store.issues("sending", "draft")), tuple(store.carried_episodes()))


def next_issue(build: Build, kept: Kept, now: datetime) -> IssueView:
    """Make the issue of all news, or, where there is none, of the newest episode as a sample.

    Raises `UsageError` where there is no newsletter, or no episode.
    """
    letter = _letter(build.config)
    chosen = list(choose(build, dict.fromkeys(kept.carried, ""), 0))
    kind: Kind = "next" if chosen else "sample"
    sample = build.material.newest_first[:1]
    if not chosen and not sample:
        raise UsageError("there is no episode yet; save a note in episodes/ and it shows here at once")
    proof = _proof(build.publications(chosen or sample), build.config, build.templates)
    return _view(NEXT, kind, _why(len(chosen)), letter, proof, now)


def drafted_issue(issue: Issue, config: Config, now: datetime) -> IssueView:
    """Show an issue as it was frozen when it was drafted."""
    proof = _Proof(issue.subject, issue.preheader, issue.html, issue.text)
    why = f"Drafted on {issue.drafted_at.astimezone(config.site.zone):%Y-%m-%d at %H:%M}, and frozen since."
    return _view(issue.slug, "drafted", why, _letter(config), proof, now)


def _proof(entries: Sequence[tuple[Publication, Content]], config: Config, templates: Templates) -> _Proof:
    """Make both parts of an issue and let them pass the gate."""
    content = compose(entries, config)
    html, text = render_html(content, templates), render_text(content, templates)
    check_issue(content, html, text)
    return _Proof(content.subject, content.preheader, html, text)


def _letter(config: Config) -> Newsletter:
    if config.newsletter is None:
        raise UsageError(_NO_SECTION)
    return config.newsletter


def _why(news: int) -> str:
    if news:
        return f"Carries {news} {'episode' if news == 1 else 'episodes'} that no issue has carried yet."
    return "There is no news: every episode is back catalogue, or an issue has carried it. This is a sample."


def _view(name: str, kind: Kind, why: str, letter: Newsletter, proof: _Proof, now: datetime) -> IssueView:
    written = Letter(letter, subject=proof.subject, html=proof.html, text=proof.text)
    # The id is an example: a message gets its own, which stays, when it is queued.
    message = written.addressed(_READER, f"<an-example@{letter.sender.email.rpartition('@')[2]}>", now)
    raw, _, _ = message.partition(b"\r\n\r\n")
    parsed = message_from_bytes(message, EmailMessage, policy=default)
    (part,) = [part for part in parsed.walk() if part.get_content_type() == "text/html"]
    return IssueView(
        name,
        kind,
        why,
        letter.sender.name,
        proof.subject,
        proof.preheader,
        proof.html,
        proof.text,
        size=len(str(part.get_payload())),
        limit=LIMIT,
        cuts=proof.cuts,
        findings=proof.findings,
        headers=tuple((header, str(value)) for header, value in parsed.items()),
        raw_headers=raw.decode("ascii"),
        message=message,
    )
