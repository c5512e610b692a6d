"""`feedmaker.lock`: what has been published, so that readers are never told twice. Pure.

The file is JSON with one note to a line, so that version control shows and merges it well. Entries are never
removed: an id is never used again, and a note that comes back comes back under its own. Only a note that is
given another `id:` takes its entry along.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

from feedmaker.errors import LockError
from feedmaker.text import utc

LOCK_NAME = "feedmaker.lock"
VERSION = 1
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_SLUGS = re.compile(rf"{_SLUG.pattern}(?: {_SLUG.pattern})*")
_MERGE = re.compile(r"^(?:<{7}|={7}|>{7})", re.MULTILINE)
_ENCODER = json.JSONEncoder(ensure_ascii=False)
_TEXTS = ("id", "slug", "source", "digest")
_END = ["]}", ""]
_RESTORE = "bring back the last good one from version control, or mend this line"


@dataclass(frozen=True, slots=True)
class Entry:
    """Remember one published note.

    `source` is where the note was last seen. `backlog` marks what the first build ever found: published,
    but no news. `issue` names the issue of the newsletter that carried it, `archive` the volume of the feeds'
    archive that holds it for good, and `gone` is when it was taken back. `recommendations` has the key by
    which readers know each of its recommendations, beside the one that its present name would get. `line` is
    how the file has it; an entry that was replaced has none.
    """

    id: str
    slug: str
    source: str
    aired: date
    published: datetime
    updated: datetime
    digest: str
    backlog: bool = False
    issue: str | None = None
    archive: int | None = None
    gone: datetime | None = None
    recommendations: tuple[tuple[str, str], ...] = ()
    line: str = field(default="", init=False, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Lock:
    """Hold all entries, by id; `since` is when the first build ran.

    `podcast` is the podcast:guid, which stays when the feed moves.
    """

    since: datetime
    entries: Mapping[str, Entry]
    podcast: str | None = None


def parse_lock(text: str) -> Lock:
    """Read a lock file; raise `LockError` where it is damaged: guessing would publish everything anew."""
    try:
        data = json.loads(text)
    except (RecursionError, ValueError) as error:
        raise _unreadable(text, error) from error
    if not isinstance(data, dict) or not isinstance(data.get("notes"), list):
        raise _damaged(1, 1, "this is no lock file")
    if data.get("version") != VERSION:
        wrong = f"version {data.get('version')!r}, and this feedmaker reads {VERSION}"
        raise _damaged(1, 1, wrong, "update feedmaker")
    since = _moment(data.get("since"))
    if since is None:
        raise _damaged(1, 1, '"since" is not a time with a zone')
    entries: dict[str, Entry] = {}
    lines = text.split("\n")
    for line, note in enumerate(data["notes"], 2):
        entry = _entry(note, min(line, len(lines)))
        before = entries.get(entry.id)
        entries[entry.id] = _merged(before, entry) if before else entry
    if len(entries) == len(data["notes"]) == len(lines) - 3 and lines[-2:] == _END:
        _keep_lines(entries.values(), lines[1:-2])
    podcast = data.get("podcast")
    return Lock(since, entries, podcast if isinstance(podcast, str) else None)


def _unreadable(text: str, error: RecursionError | ValueError) -> LockError:
    """Say why a file is no JSON; the marks of a merge never are."""
    merge = _MERGE.search(text)
    if merge:
        hint = "keep the lines of both sides without these marks, with a comma after each line but the last"
        return _damaged(text.count("\n", 0, merge.start()) + 1, 1, "a merge left its marks here", hint)
    if isinstance(error, json.JSONDecodeError):
        return _damaged(error.lineno, error.colno, error.msg)
    return _damaged(1, 1, "this is no lock file")


def _keep_lines(entries: Collection[Entry], lines: Sequence[str]) -> None:
    """Keep the lines of as many entries, which need not be made again as long as they stay what they are.

    Where each line begins with its own entry, it holds that and no other.
    """
    if all(map(_is_of, lines, entries)):
        for entry, line in zip(entries, lines, strict=True):
            object.__setattr__(entry, "line", line.removesuffix(","))


def _is_of(line: str, entry: Entry) -> bool:
    """Tell whether a line begins and ends as `dump_lock` writes that of an entry."""
    begins = line.startswith(f'{{"id": {_ENCODER.encode(entry.id)}, "slug": "{entry.slug}", ')
    return begins and line.endswith(("}", "},"))


def _damaged(line: int, column: int, wrong: str, hint: str = _RESTORE) -> LockError:
    return LockError(f"{LOCK_NAME}:{line}:{column}: error: {wrong}; {hint}")


def _merged(one: Entry, other: Entry) -> Entry:
    """Choose between two entries of one id, as a merge of two branches leaves them: the later knows more."""
    newer = max(one, other, key=lambda entry: (entry.updated, entry.digest))
    return replace(
        newer,
        issue=one.issue or other.issue,
        backlog=one.backlog and other.backlog,
        archive=one.archive or other.archive,
    )


def dump_lock(lock: Lock) -> str:
    """Write a lock file, one note to a line, in the order of publishing."""
    ordered = sorted(lock.entries.values(), key=lambda entry: (entry.published, entry.id))
    lines = ",\n".join([entry.line or _ENCODER.encode(_data(entry)) for entry in ordered])
    notes = f"[\n{lines}\n]" if lines else "[]"
    podcast = f'"podcast": {json.dumps(lock.podcast)}, ' if lock.podcast else ""
    return f'{{"version": {VERSION}, "since": "{utc(lock.since)}", {podcast}"notes": {notes}}}\n'


def _entry(data: Any, line: int) -> Entry:
    """Read one entry; what it holds becomes addresses and paths, so nothing is taken on trust."""
    if not isinstance(data, dict):
        raise _damaged(line, 1, "this is no entry of a note")
    for name in _TEXTS:
        value = data.get(name)
        if not value or not isinstance(value, str):
            raise _damaged(line, 1, f'"{name}" of this note is not a text')
    if not _SLUG.fullmatch(data["slug"]):
        raise _damaged(line, 1, '"slug" of this note cannot stand in an address')
    published, updated = _moment(data.get("published")), _moment(data.get("updated"))
    aired = _day(data.get("aired"))
    if published is None or updated is None or aired is None:
        raise _damaged(line, 1, '"aired", "published" or "updated" of this note is not a date')
    issue, archive = data.get("issue"), data.get("archive")
    if not isinstance(issue, str | None) or not isinstance(archive, int | None):
        raise _damaged(line, 1, '"issue" of this note is not a text, or "archive" not a number')
    return Entry(
        data["id"],
        data["slug"],
        data["source"],
        aired,
        published,
        updated,
        data["digest"],
        backlog=data.get("backlog") is True,
        issue=issue,
        archive=archive,
        gone=_moment(data["gone"]) if "gone" in data else None,
        recommendations=_key_pairs(data.get("recommendations", ()), line),
    )


def _key_pairs(data: Any, line: int) -> tuple[tuple[str, str], ...]:
    """Read keys; one that is what its name makes stands alone, another beside that."""
    try:
        # Nearly all stand alone, and asking once for all of them is three times as fast.
        joined = " ".join(data)
        if _SLUGS.fullmatch(joined) and joined.count(" ") == len(data) - 1:
            return tuple(zip(data, data, strict=True))
    except TypeError:
        pass
    pairs = [tuple(item) if isinstance(item, list) else (item, item) for item in data or ()]
    texts = [text for pair in pairs for text in pair]
    sound = all(isinstance(text, str) and _SLUG.fullmatch(text) for text in texts)
    if not sound or any(len(pair) != 2 for pair in pairs):
        raise _damaged(line, 1, '"recommendations" of this note are not keys')
    return tuple((key, made) for key, made in pairs)


def _moment(value: Any) -> datetime | None:
    """Read a time with a zone, as UTC."""
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is UTC:
            return moment
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (OverflowError, TypeError, ValueError):
        return None


def _day(value: Any) -> date | None:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        return None


def _data(entry: Entry) -> dict[str, Any]:
    data: dict[str, Any] = {
        "id": entry.id,
        "slug": entry.slug,
        "source": entry.source,
        "aired": entry.aired.isoformat(),
        "published": utc(entry.published),
        "updated": utc(entry.updated),
        "digest": entry.digest,
    }
    if entry.backlog:
        data["backlog"] = True
    if entry.issue:
        data["issue"] = entry.issue
    if entry.archive:
        data["archive"] = entry.archive
    if entry.gone:
        data["gone"] = utc(entry.gone)
    if entry.recommendations:
        data["recommendations"] = [key if key == made else [key, made] for key, made in entry.recommendations]
    return data
