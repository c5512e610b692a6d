"""Drafting: an issue of what is new is made, checked and frozen, and made anew until it goes out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING

from feedmaker.app.newsletters import find, stored
from feedmaker.app.project import BuildReport, Project
from feedmaker.disk import write_durably
from feedmaker.errors import UsageError
from feedmaker.lock import Entry, Lock, dump_lock
from feedmaker.model import Episode, plain
from feedmaker.newsletter.issue import Correction, Occasion, Reference, Story, Wording, ordered
from feedmaker.newsletter.proof import Proof, make_proof
from feedmaker.notes.lines import one_line, visible
from feedmaker.notes.prose import inline
from feedmaker.sent_files import take_back
from feedmaker.store import Frozen, Issue, Store

if TYPE_CHECKING:
    from feedmaker.build.build import Build
    from feedmaker.store.records import Cadence

_USUAL = Wording()
MOST_CORRECTIONS = 20
FIRST_DIGEST = timedelta(days=7)
"""How far back the first digest looks for news."""

_OPEN = ("draft", "approved", "skipped")
_HELD = "held back (`feedmaker status` says why)"


@dataclass(frozen=True, slots=True)
class Draft:
    """Tell what became of drafting; where `issue` is None, `reason` says why there was nothing to carry."""

    issue: Issue | None
    build: BuildReport
    reason: str = ""


def draft(project: Project, now: datetime, backlog: int = 0, cadence: Cadence = "each") -> Draft:
    """Build, then freeze an issue of all episodes that no issue of its cadence has carried.

    The back catalogue, which the first build found, is not news; `backlog` takes that many of its newest
    episodes on purpose, and counts for no digest.
    """
    with project.working():
        return draft_within(project, now, backlog, cadence=cadence)


def draft_within(
    project: Project,
    now: datetime,
    backlog: int = 0,
    due_at: datetime | None = None,
    cadence: Cadence = "each",
) -> Draft:
    """Do what `draft` does, for a caller that holds the work lock; the issue is to go out at `due_at`."""
    with project.built(now) as (report, build), stored(project) as store:
        carried = store.carried_episodes(cadence)
        is_digest = cadence == "digest"
        chosen = _digested(build, store, carried, now) if is_digest else choose(build, carried, backlog)
        issue = _freeze(build, store, chosen, now, due_at, cadence) if chosen else None
        _note_in_lock(project, build.lock, store.carried_episodes())
        why = _why_no_digest if is_digest else why_nothing
        reason = "" if issue else why(build, len(report.held), carried)
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
        when = issue.due_at or issue.drafted_at
        frozen, corrections = _make(build, store, chosen, issue.slug, when, issue.cadence, said, issue.id)
        ids = [entry.id for entry in chosen.values()]
        take_back(project.folder, issue.slug, issue.page)
        if issue.cadence == "each":
            # The lock comes first: an episode that only the lock gave to an issue would be in none, ever.
            _note_in_lock(project, build.lock, store.carried_episodes(), set(before) - set(ids))
        with store.transaction():
            store.rewrite_issue(issue.id, frozen, ids, issue.due_at)
            store.add_corrections(issue.id, corrections)
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


def _digested(build: Build, store: Store, carried: Mapping[str, str], now: datetime) -> dict[str, Entry]:
    """Choose what a digest carries, the newest first: all news since a week before the first of them.

    Counted from the last one, what that left for the next would be in none.
    """
    since = (store.first_drafted("digest") or now) - FIRST_DIGEST
    entries = {path: build.material.entries[path] for path in build.material.newest_first}
    return {
        path: entry
        for path, entry in entries.items()
        if entry.id not in carried and not entry.backlog and entry.published >= since
    }


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
        (held, _HELD),
    )
    return _nothing_new(counts)


def _why_no_digest(build: Build, held: int, carried: Mapping[str, str]) -> str:
    entries = build.material.entries.values()
    digested = sum(entry.id in carried for entry in entries)
    counts = (
        (digested, "in a digest already"),
        (len(entries) - digested, "published more than a week before the first digest, or back catalogue"),
        (held, _HELD),
    )
    return _nothing_new(counts)


def _nothing_new(counts: Sequence[tuple[int, str]]) -> str:
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
    build: Build,
    store: Store,
    chosen: Mapping[str, Entry],
    now: datetime,
    due_at: datetime | None,
    cadence: Cadence,
) -> Issue:
    slug = store.free_slug(now.astimezone(build.config.site.zone).date())
    frozen, corrections = _make(build, store, chosen, slug, due_at or now, cadence)
    with store.transaction():
        ids = [entry.id for entry in chosen.values()]
        issue = store.add_issue(slug, frozen, ids, now, due_at, cadence)
        store.add_corrections(issue.id, corrections)
    return issue


def _make(
    build: Build,
    store: Store,
    chosen: Mapping[str, Entry],
    slug: str,
    when: datetime,
    cadence: Cadence,
    said: Wording = _USUAL,
    issue_id: int | None = None,
) -> tuple[Frozen, Collection[tuple[str, str]]]:
    """Make what an issue says, and name the corrections that need not be told any more.

    A digest tells none, for others read it than the issues that do; it has no page in the archive either.
    """
    found = ordered(stories(build, list(chosen)))
    if cadence == "digest":
        about = replace(occasion(build, slug, when, said), address=None)
        proof = make_proof(found, build.config, build.templates, about)
        return replace(_frozen(proof, found, said), page=""), ()
    corrections = due_corrections(build, store, issue_id)
    about = occasion(build, slug, when, said, corrections)
    proof = make_proof(found, build.config, build.templates, about)
    return _frozen(proof, found, said), {*corrections, *_corrections(build, chosen)}


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


def _frozen(proof: Proof, found: Sequence[Story], said: Wording) -> Frozen:
    content = proof.content
    contents = [
        {
            "title": view.title,
            "url": view.url,
            "reveals": [plain(reveal) for reveal in view.lead],
            "topics": _topics(story.publication.episode),
        }
        for view, story in zip(content.episodes, found, strict=False)
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


def _topics(episode: Episode) -> list[str]:
    return [f"show:{episode.show}", *(f"tag:{tag}" for tag in episode.tags)]


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
