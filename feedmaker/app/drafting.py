"""Drafting: an issue of what is new is made, checked and frozen, and made anew until it goes out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from hashlib import blake2b
from typing import TYPE_CHECKING

from feedmaker.app.newsletters import find, stored
from feedmaker.app.project import BuildReport, Project
from feedmaker.disk import write_durably
from feedmaker.errors import UsageError
from feedmaker.lock import Entry, Lock, dump_lock
from feedmaker.model import plain
from feedmaker.newsletter.issue import Correction, Occasion, Reference, Story, Wording
from feedmaker.newsletter.proof import Proof, make_proof
from feedmaker.notes.lines import one_line, visible
from feedmaker.notes.prose import inline
from feedmaker.sent_files import take_back
from feedmaker.store import Frozen, Issue, Store

if TYPE_CHECKING:
    from feedmaker.build.build import Build

_USUAL = Wording()
MOST_CORRECTIONS = 20
_OPEN = ("draft", "approved", "skipped")


@dataclass(frozen=True, slots=True)
class Draft:
    """Tell what became of drafting; where `issue` is None, `reason` says why there was nothing to carry."""

    issue: Issue | None
    build: BuildReport
    reason: str = ""


def draft(project: Project, now: datetime, backlog: int = 0) -> Draft:
    """Build, then freeze an issue of all episodes that no issue has carried.

    The back catalogue, which the first build found, is not news; `backlog` takes that many of its newest
    episodes on purpose.
    """
    with project.working():
        return draft_within(project, now, backlog)


def draft_within(project: Project, now: datetime, backlog: int = 0, due_at: datetime | None = None) -> Draft:
    """Do what `draft` does, for a caller that holds the work lock; the issue is to go out at `due_at`."""
    with project.built(now) as (report, build), stored(project) as store:
        chosen = choose(build, store.carried_episodes(), backlog)
        issue = _freeze(build, store, chosen, now, due_at) if chosen else None
        _note_in_lock(project, build.lock, store.carried_episodes())
        reason = "" if issue else why_nothing(build, len(report.held), store.carried_episodes())
    return Draft(issue, report, reason)


def edit(
    project: Project, slug: str, now: datetime, wording: Mapping[str, str], without: Sequence[str] = ()
) -> Issue:
    """Make an issue anew from the notes, settings and templates as they are now; it waits for review again.

    `wording` replaces subject, preheader or intro, an empty text bringing back the usual one. Episodes that
    are named in `without`, by slug, are news for the next issue. Raises `UsageError` where the issue has gone
    out, or would be empty.
    """
    with project.working(), project.built(now) as (_, build), stored(project) as store:
        issue = find(store, slug)
        if issue.state not in _OPEN:
            raise UsageError(f"issue {issue.slug} is {issue.state}; what has gone out cannot be edited")
        before = store.episodes_of(issue.id)
        chosen = _kept(build, issue, before, without)
        own = {name: visible(one_line(text)) for name, text in wording.items()}
        said = Wording(**{**issue.wording, **own})
        corrections = due_corrections(build, store, issue.id)
        freed = set(before) - {entry.id for entry in chosen.values()}
        proof = make_proof(
            stories(build, list(chosen)),
            build.config,
            build.templates,
            occasion(build, issue.slug, issue.due_at or issue.drafted_at, said, corrections),
        )
        take_back(project.folder, issue.slug, issue.page)
        # The lock comes first: an episode that only the lock had given to an issue would be in none, ever.
        _note_in_lock(project, build.lock, store.carried_episodes(), freed)
        with store.transaction():
            ids = [entry.id for entry in chosen.values()]
            store.rewrite_issue(issue.id, _frozen(proof, said), ids, issue.due_at)
            store.add_corrections(issue.id, {*corrections, *_corrections(build, chosen)})
        return find(store, issue.slug)


def choose(build: Build, carried: Mapping[str, str], backlog: int = 0) -> dict[str, Entry]:
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


def stories(build: Build, paths: Sequence[str]) -> list[Story]:
    """Return what an issue is made of, by the paths of notes."""
    material = build.material
    return [
        Story(*material.rendered(path), keys=material.keys(path), also=material.also(path)) for path in paths
    ]


def why_nothing(build: Build, held: int, carried: Mapping[str, str]) -> str:
    """Say why there is nothing to carry, where `held` notes are held back."""
    entries = build.material.entries.values()
    mailed = sum(entry.id in carried or bool(entry.issue) for entry in entries)
    backlog = sum(entry.backlog and entry.id not in carried and not entry.issue for entry in entries)
    counts = (
        (mailed, "in an issue already"),
        (backlog, "back catalogue, published before the newsletter (--backlog N takes the newest N)"),
        (held, "held back (`feedmaker status` says why)"),
    )
    reasons = ", ".join(f"{count} {what}" for count, what in counts if count)
    return f"no episode is new: {reasons}" if reasons else "there is no episode yet"


def _kept(build: Build, issue: Issue, carried: Sequence[str], without: Sequence[str]) -> dict[str, Entry]:
    entries = {path: build.material.entries[path] for path in build.material.newest_first}
    mine = {path: entry for path, entry in entries.items() if entry.id in set(carried)}
    unknown = set(without) - {entry.slug for entry in mine.values()}
    if unknown:
        known = ", ".join(entry.slug for entry in mine.values())
        raise UsageError(f"issue {issue.slug} has no episode {', '.join(sorted(unknown))}; it has {known}")
    kept = {path: entry for path, entry in mine.items() if entry.slug not in without}
    if not kept:
        way = f"`feedmaker newsletter skip {issue.slug}` drops it"
        raise UsageError(f"issue {issue.slug} would be empty; {way}")
    return kept


def _freeze(
    build: Build, store: Store, chosen: Mapping[str, Entry], now: datetime, due_at: datetime | None
) -> Issue:
    slug = store.free_slug(now.astimezone(build.config.site.zone).date())
    corrections = due_corrections(build, store)
    about = occasion(build, slug, due_at or now, corrections=corrections)
    proof = make_proof(stories(build, list(chosen)), build.config, build.templates, about)
    with store.transaction():
        ids = [entry.id for entry in chosen.values()]
        issue = store.add_issue(slug, _frozen(proof, about.wording), ids, now, due_at)
        store.add_corrections(issue.id, {*corrections, *_corrections(build, chosen)})
    return issue


def occasion(
    build: Build,
    slug: str,
    when: datetime,
    said: Wording = _USUAL,
    corrections: Mapping[tuple[str, str], Correction] | None = None,
) -> Occasion:
    """Gather what an issue says besides its episodes."""
    letter = build.config.newsletter
    address = f"{build.config.site.address}newsletter/{slug}/"
    return Occasion(
        day=when.astimezone(build.config.site.zone).date(),
        address=address if letter and letter.archive else None,
        logo=build.logo,
        corrections=tuple((corrections or {}).values()),
        wording=said,
    )


def due_corrections(
    build: Build, store: Store, issue_id: int | None = None
) -> dict[tuple[str, str], Correction]:
    """Find corrections of notes that were mailed which no issue has carried, but for the one at hand.

    More than an issue has room for are left for the next one.
    """
    told = store.carried_corrections(but_of=issue_id)
    mailed = store.mailed_episodes()
    found: dict[tuple[str, str], Correction] = {}
    entries = {path: build.material.entries[path] for path in build.material.newest_first}
    of_mailed = {path: entry for path, entry in entries.items() if entry.id in mailed}
    for key, (path, text) in _corrections(build, of_mailed).items():
        if key not in told and len(found) < MOST_CORRECTIONS:
            publication, _ = build.material.rendered(path)
            found[key] = Correction(Reference(publication.episode.title, publication.url), inline(text))
    return found


def _corrections(build: Build, entries: Mapping[str, Entry]) -> dict[tuple[str, str], tuple[str, str]]:
    """Find the corrections that notes tell: by episode and digest, the path of the note and the words.

    Those of a note that is about to be mailed count as told, for its readers get it corrected.
    """
    return {
        (entry.id, blake2b(text.encode(), digest_size=16).hexdigest()): (path, text)
        for path, entry in entries.items()
        for text in build.material.facts[path].corrections
    }


def _frozen(proof: Proof, said: Wording) -> Frozen:
    content = proof.content
    contents = [
        {"title": view.title, "url": view.url, "reveals": [plain(reveal) for reveal in view.lead]}
        for view in content.episodes
    ]
    return Frozen(
        subject=content.subject,
        preheader=content.preheader,
        html=proof.html,
        text=proof.text,
        page=proof.page,
        size=proof.size,
        cuts=list(proof.cuts),
        contents=contents,
        wording=asdict(said),
    )


def _note_in_lock(
    project: Project, lock: Lock, carried: Mapping[str, str], freed: Collection[str] = ()
) -> None:
    """Repeat in the lock which news issues have carried, so that a lost database mails none of it twice.

    The back catalogue is left out: nothing of it is mailed but on purpose. `freed` are the ids of episodes
    that are news again.
    """
    changed = {
        name: replace(entry, issue=None if name in freed else carried[name])
        for name, entry in lock.entries.items()
        if (name in freed and entry.issue) or (name in carried and not entry.backlog and not entry.issue)
    }
    if changed:
        noted = replace(lock, entries={**lock.entries, **changed})
        write_durably(project.lock_path, dump_lock(noted).encode())
