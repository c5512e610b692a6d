"""The files of issues that went out, in the folder `issues/`: written once, and read when they change."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from feedmaker.disk import explained, write_durably
from feedmaker.errors import DiagnosedError, Diagnostic, GateError, OutputError
from feedmaker.index import DamagedIndexError, Index, Seen
from feedmaker.listing import ISSUE_SUFFIXES, UNTRUSTED, is_fresh
from feedmaker.notes.folder import NoteFile, scan
from feedmaker.reading import NOT_A_FILE, below_unreadable, unreadable
from feedmaker.sent import (
    ISSUES,
    DamagedIssueError,
    SentIssue,
    dump_facts,
    dump_sent,
    facts_of,
    issue_file,
    page_of,
    parse_sent,
)


@dataclass(slots=True)
class Sent:
    """Hold the issues that went out, by the paths of their files, each without its page.

    They and `raw`, a hash of the bytes, are those of the last good text; `broken` names the files whose
    present text is not that.
    """

    issues: dict[str, SentIssue] = field(default_factory=dict)
    raw: dict[str, str] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    read: dict[str, tuple[Seen, bytes]] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)

    @property
    def newest_first(self) -> list[str]:
        """Return the paths in the order of lists and feeds."""
        ordered = sorted(self.issues, reverse=True)
        return sorted(ordered, key=lambda path: self.issues[path].sent_at, reverse=True)


def keep(folder: Path, issue: SentIssue) -> bool:
    """Write the file of an issue into a project folder, durably; return whether it was not there yet.

    A file of this issue that is there already stays as it is. Raises `GateError` where the page holds
    something personal or loads from elsewhere, and `OutputError` where the file cannot be written or is that
    of another issue: what went out once is never overwritten.
    """
    name, data = issue_file(issue.slug), dump_sent(issue).encode()
    try:
        parse_sent(name, data)
    except DamagedIssueError as error:
        raise GateError(f"the issue cannot stand in the archive; mend the templates:\n{error}") from error
    path = folder / name
    with explained(path):
        path.parent.mkdir(exist_ok=True)
        there = path.read_bytes() if path.exists() else None
    if there is None:
        write_durably(path, data)
    elif there != data and not _is_of(issue, name, there):
        way = "move it away, or bring back the right one, and try again"
        raise OutputError(f"{path}: this is not the issue that is going out; {way}")
    return there is None


def take_back(folder: Path, slug: str, page: str) -> None:
    """Remove the file of an issue that nobody has got: one whose sending was cut off before it began.

    The file of another issue, known by its page, stays as it is. Raises `OutputError` where it cannot be
    removed.
    """
    name = issue_file(slug)
    path = folder / name
    with explained(path), suppress(FileNotFoundError, DamagedIssueError):
        if parse_sent(name, path.read_bytes()).page == page:
            path.unlink()


def _is_of(issue: SentIssue, name: str, data: bytes) -> bool:
    """Tell whether a file is that of an issue: begun at the same time, or begun again, with the same page."""
    try:
        there = parse_sent(name, data)
        return there.sent_at == issue.sent_at or there.page == issue.page
    except DiagnosedError:
        return False


def read_sent(folder: Path, files: Sequence[NoteFile], index: Index, began: int, *, trusted: bool) -> Sent:
    """Read the files that have changed since the index was made; take the facts of the others from there.

    A file that cannot be used now keeps its last good text, where the index has one. `trusted` says that the
    index was made by this program, and `began` is the time in nanoseconds from before the files were looked
    at.
    """
    sent, known = Sent(), index.issues()
    for file in files:
        seen = known.get(file.path)
        if trusted and seen is not None and seen.is_of(file):
            _take(file.path, _known(seen), seen.raw, sent)
        else:
            _read(folder, file, sent, began)
    hidden = below_unreadable(known, files)
    for path in sorted({*sent.broken, *hidden} & set(known)):
        _keep_last_good(known[path], index, sent)
    sent.broken |= hidden
    sent.gone = sorted(set(known) - {file.path for file in files} - hidden)
    return sent


def sent_page(index: Index, path: str) -> bytes:
    """Return the page of an issue that went out, as the index has it."""
    return page_of(index.text(path))


def sent_diagnostics(folder: Path) -> Iterator[Diagnostic]:
    """Report what is wrong with the issues that went out."""
    for file in scan(folder, ISSUES, ISSUE_SUFFIXES):
        sent = Sent()
        _read(folder, file, sent, 0)
        yield from sent.diagnostics


def _read(folder: Path, file: NoteFile, sent: Sent, began: int) -> None:
    try:
        data = (folder / file.path).read_bytes() if file.regular else None
        reason = NOT_A_FILE
    except OSError as error:
        data, reason = None, str(error.strerror)
    if data is None:
        _miss(file.path, [unreadable(file.path, reason)], sent)
        return
    try:
        issue = parse_sent(file.path, data)
    except DamagedIssueError as error:
        _miss(file.path, error.diagnostics, sent)
        return
    if is_fresh(file, began):
        # It may change within a step of the clock.
        file = NoteFile(file.path, UNTRUSTED, UNTRUSTED, UNTRUSTED)
    raw = hashlib.blake2b(data, digest_size=16).hexdigest()
    seen = Seen(file.path, file.size, file.mtime_ns, file.inode, raw, dump_facts(issue))
    sent.read[file.path] = (seen, data)
    _take(file.path, issue, raw, sent)


def _miss(path: str, diagnostics: Sequence[Diagnostic], sent: Sent) -> None:
    sent.diagnostics += diagnostics
    sent.broken.add(path)


def _known(seen: Seen) -> SentIssue:
    try:
        return facts_of(seen.facts)
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedIndexError(f"an entry of the index is damaged ({error!r})") from error


def _take(path: str, issue: SentIssue, raw: str, sent: Sent) -> None:
    sent.issues[path] = replace(issue, page="")
    sent.raw[path] = raw


def _keep_last_good(seen: Seen, index: Index, sent: Sent) -> None:
    """Take an issue from its last good text, unless it is not good by today's rules."""
    with suppress(DamagedIssueError):
        _take(seen.path, parse_sent(seen.path, index.text(seen.path)), seen.raw, sent)
