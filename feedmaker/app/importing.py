"""Taking over a feed of another system: its items become notes, under their old ids, dates and addresses."""

from __future__ import annotations

import os
import resource
import shutil
import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING

from feedmaker.app.project import Project
from feedmaker.disk import explained, write_durably
from feedmaker.errors import FeedmakerError, UsageError
from feedmaker.importing.conversion import Conversion, Converted, Report, convert
from feedmaker.importing.notes import Terms
from feedmaker.listing import EPISODES
from feedmaker.lock import Entry, Lock, dump_lock, slug_of
from feedmaker.uri import is_web_address

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

MOST_BYTES = 20_000_000
PATIENCE = 600.0
_MOST_MEMORY = 3_000_000_000
_WAITING = "import"


@dataclass(frozen=True, slots=True)
class Imported:
    """Tell what an import did: the notes it wrote, how many items were there already, what went wrong.

    `failed` pairs titles or paths with reasons; `lost` says what could not be carried over. `address` is
    where the feed was read from, None for a file; `more` is where the feed says that older items are.
    """

    title: str
    address: str | None
    home: str | None
    written: Sequence[str]
    known: int
    failed: Sequence[tuple[str, str]]
    lost: Sequence[Report]
    more: str | None


@dataclass(frozen=True, slots=True)
class _Source:
    """Hold a feed's bytes, the content type that came with them, and where they are from."""

    data: bytes
    content_type: str = ""
    address: str | None = None


def import_feed(project: Project, source: str, now: datetime) -> Imported:
    """Make notes and entries of the lock from a feed, a file or an address.

    What the lock knows already is left as it is, and no file is overwritten. Raises `UsageError` where there
    is no such file, `FetchError`, and `FeedmakerError` where the source is no feed.
    """
    found = _read(source)
    with project.working():
        finished, stuck = _finish(project)
        lock, terms = _state(project, now)
        try:
            conversion = _converted(found, terms)
        except FeedmakerError as error:
            raise FeedmakerError(f"{_shown(source)}: {error}") from error
        entries, notes = _placed(project, lock, conversion.notes)
        written, blocked = _kept(project, lock, entries, notes)
    failed = tuple(dict.fromkeys((*stuck, *conversion.failed, *blocked)))
    return Imported(
        conversion.title,
        found.address,
        conversion.home,
        (*finished, *written),
        conversion.known,
        failed,
        conversion.lost,
        conversion.more,
    )


def _shown(source: str) -> str:
    from feedmaker.fetch import shown_address

    return shown_address(source) if is_web_address(source.lower()) else source


def _read(source: str) -> _Source:
    """Read a feed; an address is allowed to be private, for it is the user who gives it."""
    if is_web_address(source.lower()):
        from feedmaker.fetch import fetch

        answer = fetch(source, limit=MOST_BYTES, private=True)
        return _Source(answer.body, answer.headers.get("content-type", ""), answer.url)
    path = Path(source)
    if not path.is_file():
        raise UsageError(
            f"{source}: there is no such file; name a file, or an address with https:// before it"
        )
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{source}: cannot be read ({error.strerror}); mend that first") from error
    if len(data) > MOST_BYTES:
        raise UsageError(f"{source}: more than {MOST_BYTES:,} bytes; cut it into several feeds")
    return _Source(data)


def _state(project: Project, now: datetime) -> tuple[Lock, Terms]:
    """Return the lock, and what of the project decides how items become notes.

    A project that was never built has no lock; then its notes get the entries that its first build would
    give them, for the lock that an import begins would make news of them.
    """
    site = project.config().site
    reading, resolution = project.survey(now)
    facts = reading.facts.values()
    lock = project.lock() or resolution.lock
    terms = Terms(
        address=site.address,
        language=site.language,
        author=site.author.name,
        zone=site.zone.key,
        now=now,
        known=frozenset({*lock.entries, *(note.id for note in facts if note.id)}),
        taken=frozenset((note.show, note.title, note.aired) for note in facts),
    )
    return lock, terms


def _converted(source: _Source, terms: Terms) -> Conversion:
    """Convert in a process of its own: whatever a hostile feed does to a parser, it ends.

    Raises `FeedmakerError` where the parser breaks or is not done in time.
    """
    import multiprocessing

    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    arguments = (theirs, source.data, source.content_type, source.address or "", terms)
    process = context.Process(target=_convert, args=arguments, daemon=True)
    process.start()
    theirs.close()
    try:
        if not ours.poll(PATIENCE):
            raise FeedmakerError(f"not read within {PATIENCE:g} seconds; cut it into several feeds")
        result: Conversion | Exception = ours.recv()
    except (EOFError, OSError) as error:
        raise FeedmakerError("the parser broke on it; check whether it is a feed") from error
    finally:
        process.kill()
        process.join()
        ours.close()
    if isinstance(result, Exception):
        raise result
    return result


def _convert(pipe: Connection, data: bytes, content_type: str, base: str, terms: Terms) -> None:
    """Convert, and send the result or the error to whoever waits for it."""
    with suppress(OSError, ValueError):  # where the system knows no such limit, there is none
        resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
    result: Conversion | Exception
    try:
        result = convert(data, content_type, base, terms)
    except FeedmakerError as error:
        result = FeedmakerError(str(error))
    except MemoryError:
        result = FeedmakerError("it takes more memory than a feed may; cut it into several feeds")
    except Exception as error:  # noqa: BLE001 - a fault of ours, for whose report the traceback is needed
        result = RuntimeError("".join(traceback.format_exception(error)))
    pipe.send(result)


def _placed(
    project: Project, lock: Lock, notes: Iterable[Converted]
) -> tuple[dict[str, Entry], dict[str, str]]:
    """Give every note a slug and a path of its own; return the entries by id and the texts by path."""
    slugs = {entry.slug for entry in lock.entries.values()}
    paths = {entry.source for entry in lock.entries.values()}
    entries: dict[str, Entry] = {}
    texts: dict[str, str] = {}
    for note in notes:
        slug = next(slug for slug in _slugs(note) if slug not in slugs)
        path = next(
            path
            for path in _numbered(f"{EPISODES}/{note.aired.isoformat()}-{slug}", ".md")
            if path not in paths and not os.path.lexists(project.folder / path)
        )
        slugs.add(slug)
        paths.add(path)
        texts[path] = note.text
        entries[note.id] = Entry(
            id=note.id,
            slug=slug,
            source=path,
            aired=note.aired,
            published=note.published,
            updated=note.updated,
            digest=note.digest,
            backlog=True,
        )
    return entries, texts


def _slugs(note: Converted) -> Iterator[str]:
    base = slug_of(note.title) or "episode"
    first = [note.slug] if note.slug else []
    return chain(first, (base,), _numbered(f"{base}-{note.aired.isoformat()}"))


def _numbered(base: str, ending: str = "") -> Iterator[str]:
    yield f"{base}{ending}"
    yield from (f"{base}-{number}{ending}" for number in count(2))


def _kept(
    project: Project, lock: Lock, entries: Mapping[str, Entry], texts: Mapping[str, str]
) -> tuple[list[str], list[tuple[str, str]]]:
    """Write notes and lock so that a process killed at any moment loses nothing.

    A note without its entry would be news under a new id, and an entry without its note would be forgotten
    by the next import, which knows its id. So the notes are first written where no build looks; then the
    lock takes all entries in one step; and only then the notes are moved to their places. What is found
    waiting later is moved if the lock knows it, and is of no use otherwise.
    """
    waiting = project.state / _WAITING
    for path, text in texts.items():
        target = waiting / path
        with explained(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text.encode())
    if not entries:
        return [], []
    os.sync()
    saved = Lock(lock.since, {**lock.entries, **entries})
    write_durably(project.lock_path, dump_lock(saved).encode())
    return _finish(project)


def _finish(project: Project) -> tuple[list[str], list[tuple[str, str]]]:
    """Move the notes that wait for it to their places; return which were moved, and which cannot be."""
    waiting = project.state / _WAITING
    lock = project.lock()
    expected = {entry.source for entry in lock.entries.values()} if lock else set()
    moved: list[str] = []
    stuck: list[tuple[str, str]] = []
    for file in sorted(waiting.glob(f"{EPISODES}/*.md")):
        path = file.relative_to(waiting).as_posix()
        target = project.folder / path
        if path not in expected:
            continue
        if os.path.lexists(target):
            stuck.append((path, "a file of this name is there; move it away and import again"))
            continue
        with explained(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            file.rename(target)
        moved.append(path)
    if not stuck:
        shutil.rmtree(waiting, ignore_errors=True)
    return moved, stuck
