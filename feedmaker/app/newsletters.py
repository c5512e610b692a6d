"""The newsletter of a project: draft, list, show, send; and who gets it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from feedmaker.app.project import BuildReport, Project, silent
from feedmaker.delivery.addresses import normalise
from feedmaker.delivery.deliver import deliver
from feedmaker.delivery.transports import Transport, open_transport
from feedmaker.disk import write_durably
from feedmaker.errors import DeliveryError, UsageError
from feedmaker.lock import Entry, Lock, dump_lock
from feedmaker.newsletter.gate import CLIP_LIMIT, check_issue
from feedmaker.newsletter.issue import compose
from feedmaker.newsletter.mjml import render_html
from feedmaker.newsletter.plain_text import render_text
from feedmaker.secrets import secret
from feedmaker.store import Issue, Store, open_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from feedmaker.build.build import Build

LATEST = "latest"


@dataclass(frozen=True, slots=True)
class Draft:
    """Tell what became of drafting; `issue` is None where there was nothing to carry."""

    issue: Issue | None
    build: BuildReport

    @property
    def clipped(self) -> bool:
        """Tell whether Gmail would cut the end of the issue off, where readers unsubscribe."""
        return self.issue is not None and len(self.issue.html.encode()) > CLIP_LIMIT


@dataclass(frozen=True, slots=True)
class Sending:
    """Tell what became of sending; `already` where all of it had been sent before.

    `refused` names whom the transport did not take a message for, and what it said.
    """

    issue: Issue
    already: bool
    counts: Mapping[str, int]
    refused: Sequence[tuple[str, str]] = ()

    @property
    def failed(self) -> int:
        """Count the messages that did not go out for good."""
        return self.counts.get("failed", 0) + self.counts.get("unknown", 0)


@contextmanager
def stored(project: Project) -> Iterator[Store]:
    """Open the project's state database."""
    with open_store(project.state / "state.db") as store:
        yield store


def draft(project: Project, now: datetime, backlog: int = 0) -> Draft:
    """Build, then freeze an issue of all episodes that no issue has carried.

    The back catalogue, which the first build found, is not news; `backlog` takes that many of its newest
    episodes on purpose.
    """
    with project.working():
        return draft_within(project, now, backlog)


def draft_within(project: Project, now: datetime, backlog: int = 0) -> Draft:
    """Do what `draft` does, for a caller that holds the work lock."""
    with project.built(now) as (report, build), stored(project) as store:
        chosen = choose(build, store.carried_episodes(), backlog)
        issue = _freeze(build, store, chosen, now) if chosen else None
        _note_in_lock(project, build.lock, store.carried_episodes())
    return Draft(issue, report)


def _note_in_lock(project: Project, lock: Lock, carried: Mapping[str, str]) -> None:
    """Repeat in the lock which news issues have carried, so that a lost database mails none of it twice.

    The back catalogue is left out: nothing of it is mailed but on purpose.
    """
    news = {
        name: replace(entry, issue=carried[name])
        for name, entry in lock.entries.items()
        if name in carried and not entry.backlog and not entry.issue
    }
    if news:
        write_durably(project.lock_path, dump_lock(replace(lock, entries={**lock.entries, **news})).encode())


def choose(build: Build, carried: Mapping[str, str], backlog: int) -> dict[str, Entry]:
    """Choose what an issue carries, the newest first: all news, and some of the back catalogue."""
    chosen: dict[str, Entry] = {}
    left = backlog
    for path in build.material.newest_first:
        entry = build.material.entries[path]
        if entry.id in carried or entry.issue:
            continue
        if not entry.backlog:
            chosen[path] = entry
        elif left:
            chosen[path] = entry
            left -= 1
    return chosen


def _freeze(build: Build, store: Store, chosen: Mapping[str, Entry], now: datetime) -> Issue:
    content = compose(build.publications(list(chosen)), build.config)
    html = render_html(content, build.templates)
    text = render_text(content, build.templates)
    check_issue(content, html, text)
    return store.add_issue(
        now.astimezone(build.config.site.zone).date(),
        subject=content.subject,
        preheader=content.preheader,
        html=html,
        text=text,
        episode_ids=[entry.id for entry in chosen.values()],
        now=now,
    )


def issues(project: Project) -> list[Issue]:
    """List all issues, the oldest first."""
    with stored(project) as store:
        return store.issues()


def issue_data(issue: Issue) -> dict[str, object]:
    """Return what machines are told of an issue: everything but its two parts."""
    return {name: value for name, value in asdict(issue).items() if name not in ("id", "html", "text")}


def find_issue(project: Project, slug: str) -> Issue:
    """Return an issue by its slug, or the latest; raise `UsageError` naming those there are."""
    with stored(project) as store:
        return _find(store, slug)


def _find(store: Store, slug: str) -> Issue:
    known = store.issues()
    found = known[-1:] if slug == LATEST else [issue for issue in known if issue.slug == slug]
    if not known:
        raise UsageError("there is no issue yet; `feedmaker newsletter draft` makes one")
    if not found:
        raise UsageError(
            f'there is no issue "{slug}"; there are {", ".join(issue.slug for issue in known[-5:])}'
        )
    return found[0]


def send(
    project: Project, slug: str, now: datetime, progress: Callable[[str, int, int], None] = silent
) -> Sending:
    """Send an issue to every subscriber, each once, however often this is called."""
    with project.working():
        return send_within(project, slug, now, progress)


def send_within(
    project: Project, slug: str, now: datetime, progress: Callable[[str, int, int], None] = silent
) -> Sending:
    """Do what `send` does, for a caller that holds the work lock."""
    config = project.config()
    transport = _transport(project, config.delivery.transport)
    with stored(project) as store:
        issue = _find(store, slug)
        counts = deliver(
            store, transport, issue, config, now, lambda done, total: progress("sending", done, total)
        )
        failed = (one for one in store.deliveries(issue.id) if one.state == "failed") if counts.failed else ()
        refused = [(one.address, one.reply or "no reason given") for one in failed]
        return Sending(_find(store, issue.slug), issue.state == "sent", asdict(counts), refused)


def _transport(project: Project, configured: str) -> Transport:
    """Open the transport that the environment names, or else the configuration."""
    named = secret("FEEDMAKER_TRANSPORT", project.environ)
    return open_transport(named.reveal() if named else configured, project.folder)


def add_subscribers(project: Project, addresses: Sequence[str], now: datetime) -> list[str]:
    """Add addresses and return those that are new; raise `UsageError`, adding none, if one is no address."""
    normal = [normalise(address) for address in addresses]
    with stored(project) as store:
        return [address for address in normal if store.add_subscriber(address, now)]


def remove_subscribers(project: Project, addresses: Sequence[str]) -> list[str]:
    """Remove addresses and return those that were there."""
    normal = [normalise(address) for address in addresses]
    with stored(project) as store:
        return [address for address in normal if store.remove_subscriber(address)]


def subscribers(project: Project) -> list[str]:
    """List the addresses of all subscribers in the order in which they came."""
    with stored(project) as store:
        return [subscriber.address for subscriber in store.subscribers()]


def waiting_issue(store: Store) -> Issue | None:
    """Return the oldest issue that is drafted, or being sent, and not sent."""
    return next(iter(store.issues("sending", "draft")), None)


def run_newsletter(project: Project, now: datetime, *, and_send: bool) -> str:
    """Do a newsletter job, with the work lock held, and say in a line what happened.

    Sending takes up what is drafted or half sent; only where nothing waits is a new issue drafted.
    """
    with stored(project) as store:
        waiting = waiting_issue(store) if and_send else None
    if waiting is None:
        drafted = draft_within(project, now)
        if drafted.issue is None:
            return "nothing new to draft"
        waiting = drafted.issue
        if not and_send:
            return f"drafted {waiting.slug}: {waiting.subject}"
    sending = send_within(project, waiting.slug, now)
    if not sum(sending.counts.values()):
        return f"drafted {waiting.slug}, but there are no subscribers to send it to"
    if sending.failed:
        whom = "; ".join(f"{address}: {reply}" for address, reply in sending.refused[:5])
        total = sum(sending.counts.values())
        raise DeliveryError(f"issue {waiting.slug}: {sending.failed} of {total} failed: {whom}")
    return f"sent {waiting.slug} to {sending.counts['sent']}"
