"""Issues as they would go out: the next one, made now, and those that are drafted and wait."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Literal

from feedmaker.app.drafting import choose, due_corrections, occasion, stories, why_nothing
from feedmaker.app.newsletters import stored
from feedmaker.app.project import Project, held_notes
from feedmaker.build.build import Build
from feedmaker.config import Config
from feedmaker.errors import UsageError
from feedmaker.newsletter.checks import Finding, find
from feedmaker.newsletter.fit import LIMIT
from feedmaker.newsletter.issue import Correction, newsletter_of
from feedmaker.newsletter.leaving import for_nobody
from feedmaker.newsletter.message import Letter
from feedmaker.newsletter.proof import make_proof
from feedmaker.store import Issue

NEXT = "next"
_READER = "reader@example.com"
_TOKEN = "an-example-of-a-token"  # noqa: S105

Kind = Literal["next", "sample", "drafted"]


@dataclass(frozen=True, slots=True)
class Kept:
    """Hold what the state database knows: the issues that wait, and what any has carried.

    `slug` is what the next issue would be called.
    """

    slug: str
    waiting: tuple[Issue, ...] = ()
    carried: Mapping[str, str] = field(default_factory=dict)
    corrections: Mapping[tuple[str, str], Correction] = field(default_factory=dict)


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
class _Parts:
    """Hold what goes into the message, and what is known of its size."""

    subject: str
    preheader: str
    html: str
    text: str
    size: int
    cuts: tuple[str, ...]


def kept_issues(project: Project, build: Build, now: datetime) -> Kept:
    """Read what the state database knows; one that is not there yet is not made."""
    day = now.astimezone(build.config.site.zone).date()
    if not (project.state / "state.db").exists():
        return Kept(day.isoformat())
    with stored(project) as store:
        waiting = tuple(store.issues("sending", "approved", "draft"))
        carried = store.carried_episodes()
        return Kept(store.free_slug(day), waiting, carried, due_corrections(build, store))


def next_issue(build: Build, kept: Kept, now: datetime) -> IssueView:
    """Make the issue of all news, or, where there is none, of the newest episode as a sample.

    Raises `UsageError` where there is no newsletter, or no episode.
    """
    newsletter_of(build.config)
    chosen = list(choose(build, kept.carried))
    sample = build.material.newest_first[:1]
    if not chosen and not sample:
        raise UsageError("There is no episode yet. Save a note in episodes/, and it shows here at once.")
    about = occasion(build, kept.slug, now, corrections=kept.corrections)
    proof = make_proof(stories(build, chosen or sample), build.config, build.templates, about)
    content = proof.content
    parts = _Parts(content.subject, content.preheader, proof.html, proof.text, proof.size, proof.cuts)
    if chosen:
        count = f"{len(chosen)} {'episode' if len(chosen) == 1 else 'episodes'}"
        return _view(
            NEXT, "next", f"Carries {count} that no issue has carried yet.", parts, build.config, now
        )
    held = held_notes(build.resolution, build.reading.broken, build.reading.writing, build.config.site.zone)
    why = f"This is a sample, for {why_nothing(build, len(held), kept.carried)}."
    return _view(NEXT, "sample", why, parts, build.config, now)


def waiting_issue(issue: Issue, config: Config, now: datetime) -> IssueView:
    """Show an issue that waits, as it was frozen."""
    parts = _Parts(issue.subject, issue.preheader, issue.html, issue.text, issue.size, tuple(issue.cuts))
    drafted = f"{issue.drafted_at.astimezone(config.site.zone):%Y-%m-%d at %H:%M}"
    kind = "The digest. " if issue.cadence == "digest" else ""
    why = f"{kind}{_STATES[issue.state]} Drafted on {drafted}, and as it was then or when it was last edited."
    return _view(issue.slug, "drafted", why, parts, config, now)


_STATES = {
    "draft": "Waits for review.",
    "approved": "Approved, and goes out at its time.",
    "sending": "Is being sent.",
}


def _view(name: str, kind: Kind, why: str, parts: _Parts, config: Config, now: datetime) -> IssueView:
    letter = newsletter_of(config)
    written = Letter(letter, subject=parts.subject, html=parts.html, text=parts.text)
    # Id and token are examples: each message gets its own when it is queued.
    message_id = f"<an-example@{letter.sender.email.rpartition('@')[2]}>"
    message = written.addressed(_READER, message_id, now, _TOKEN)
    raw, _, _ = message.partition(b"\r\n\r\n")
    parsed = message_from_bytes(message, EmailMessage, policy=default)
    return IssueView(
        name,
        kind,
        why,
        letter.sender.name,
        parts.subject,
        parts.preheader,
        for_nobody(parts.html),
        for_nobody(parts.text),
        parts.size,
        LIMIT,
        parts.cuts,
        findings=tuple(find(parts, config)),
        headers=tuple((header, str(value)) for header, value in parsed.items()),
        raw_headers=raw.decode("ascii"),
        message=message,
    )
