"""Reading the notes of a folder: only those that have changed, and never losing one that broke.

What did not change is known from the index; what cannot be read now keeps its last good text there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from pathlib import Path
from typing import Any

from feedmaker import __version__
from feedmaker.config import Config
from feedmaker.cores import cores_for, pieces_of, shared
from feedmaker.errors import Diagnostic
from feedmaker.index import DamagedIndexError, Index, Seen
from feedmaker.listing import UNTRUSTED, is_fresh
from feedmaker.lock import Resolution
from feedmaker.marked_yaml import Mark, mark_at
from feedmaker.merchants import shop_links, unknown_merchants
from feedmaker.model import Episode
from feedmaker.notes.decoding import with_line_feeds
from feedmaker.notes.folder import NoteFile
from feedmaker.notes.note import Facts, Named, Note, key_mark, parse_note
from feedmaker.podcast_faults import with_podcast
from feedmaker.settling import BeingWrittenError, read_settled

Progress = Callable[[str, int, int], None]


@dataclass(slots=True)
class Reading:
    """Hold all notes of a folder: the facts of those that can be published, and what is wrong with any.

    `facts` and `raw`, a hash of the bytes, are those of the last good text; `broken` names the notes whose
    present text is not that. `rules` is a key of what the notes were read by.
    """

    rules: str
    facts: dict[str, Facts] = field(default_factory=dict)
    raw: dict[str, str] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    read: dict[str, tuple[Seen, bytes]] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)
    episodes: dict[str, Episode] = field(default_factory=dict)

    @property
    def writing(self) -> set[str]:
        """Return the notes that were left alone because another program was writing them."""
        return {diagnostic.path for diagnostic in self.diagnostics if diagnostic.code == "being-written"}

    @property
    def unknown(self) -> set[str]:
        """Return the notes of which nothing can be published, not even a last good text."""
        return self.broken - set(self.facts)

    def add(self, part: Reading) -> None:
        """Add what was read of other notes."""
        self.facts |= part.facts
        self.raw |= part.raw
        self.diagnostics += part.diagnostics
        self.broken |= part.broken
        self.read |= part.read
        self.episodes |= part.episodes


def read_notes(
    folder: Path, files: Sequence[NoteFile], index: Index, config: Config, began: int, progress: Progress
) -> Reading:
    """Read the notes that have changed since the index was made; take the facts of the others from there.

    Where the program or the merchants have changed, every note is read again. A note that cannot be read
    now keeps its last good text, where the index has one. `began` is the time in nanoseconds from before the
    files were looked at.
    """
    reading = Reading(_rules(config))
    known = index.notes()
    trusted = index.reader() == reading.rules
    unchanged: list[Seen] = []
    todo = []
    for file in files:
        seen = known.get(file.path)
        if trusted and seen is not None and seen.is_of(file):
            unchanged.append(seen)
        else:
            todo.append(file)
    _take(unchanged, reading)
    _read_all(folder, todo, reading, config, began, progress)
    hidden = below_unreadable(known, files)
    for path in sorted({*reading.broken, *hidden} & set(known)):
        _keep_last_good(path, known[path], index, reading, trusted=trusted)
    reading.broken |= hidden
    reading.gone = sorted(set(known) - {file.path for file in files} - hidden)
    return reading


def _rules(config: Config) -> str:
    """Fingerprint what decides, besides its text, whether a note is valid and what its facts are."""
    rules = config.model_dump_json(include={"merchants", "podcast"})
    return hashlib.blake2b(f"{__version__}\0{rules}".encode(), digest_size=16).hexdigest()


def below_unreadable(known: dict[str, Seen], files: Sequence[NoteFile]) -> set[str]:
    """Name the files of folders that cannot be listed now: nobody knows whether they are gone."""
    folders = tuple(f"{file.path}/" for file in files if not file.regular)
    return {path for path in known if path.startswith(folders)}


def _read_all(
    folder: Path, files: Sequence[NoteFile], reading: Reading, config: Config, began: int, progress: Progress
) -> None:
    """Read notes, on every core where there are many: handing over a note takes a third of reading it."""

    def read(piece: Sequence[NoteFile]) -> Reading:
        part = Reading(reading.rules)
        for file in piece:
            _read_note(folder, file, part, config, began)
        return part

    cores = cores_for(len(files))
    for part in shared(pieces_of(files), cores, read) if cores > 1 else ():
        reading.add(part)
        progress("reading", len(reading.read), len(files))
    rest = [file for file in files if file.path not in reading.read and file.path not in reading.broken]
    for number, file in enumerate(rest, len(files) - len(rest)):
        progress("reading", number, len(files))
        _read_note(folder, file, reading, config, began)
    progress("reading", len(files), len(files))


def _read_note(folder: Path, file: NoteFile, reading: Reading, config: Config, began: int) -> None:
    data, note = _note(folder, file)
    if data is not None:
        note = with_podcast(with_merchants(note, data, config), data, config)
    reading.diagnostics += note.diagnostics
    if note.episode is None or data is None:
        reading.broken.add(file.path)
        return
    facts = note.facts
    raw = hashlib.blake2b(data, digest_size=16).hexdigest()
    reading.episodes[file.path] = note.episode
    reading.facts[file.path] = facts
    reading.raw[file.path] = raw
    if is_fresh(file, began) or note.diagnostics:
        # It may change within a step of the clock; and what it warns of is to be said by the next build too.
        file = NoteFile(file.path, UNTRUSTED, UNTRUSTED, UNTRUSTED)
    seen = Seen(file.path, file.size, file.mtime_ns, file.inode, raw, _facts_text(facts))
    reading.read[file.path] = (seen, data)


def _note(folder: Path, file: NoteFile) -> tuple[bytes | None, Note]:
    try:
        data = read_settled(folder / file.path) if file.regular else None
        reason = NOT_A_FILE
    except BeingWrittenError:
        said = "another program is writing it; it is taken when that is done"
        return None, Note(file.path, None, (Diagnostic(file.path, 1, 1, "being-written", said, "warning"),))
    except OSError as error:
        data, reason = None, str(error.strerror)
    if data is None:
        return None, Note(file.path, None, (unreadable(file.path, reason),))
    return data, parse_note(file.path, data)


NOT_A_FILE = "it is no file that may be opened, or its name is not UTF-8"


def unreadable(path: str, reason: str) -> Diagnostic:
    """Report a note that the disk does not hand out."""
    return Diagnostic(path, 1, 1, "unreadable-file", f"cannot be read: {reason}; mend that or remove it")


def _keep_last_good(path: str, seen: Seen, index: Index, reading: Reading, *, trusted: bool) -> None:
    """Take the facts of a note's last good text, unless it is not good by today's rules."""
    if trusted:
        _take([seen], reading)
        return
    note = parse_note(path, index.text(path))
    if note.episode is not None:
        reading.facts[path] = note.facts
        reading.raw[path] = seen.raw


def with_merchants(note: Note, data: bytes, config: Config) -> Note:
    """Add to a note what is wrong with its links to shops under this configuration.

    A note is published without such a link, with a warning: a page export names whichever shop its page did.
    """
    if note.episode is None:
        return note
    found = []
    for item, message in unknown_merchants(note.episode, config.merchants):
        target = item.link.target if item.link else item.name
        found.append(_link_warning(note.path, data, "unknown-merchant", message, target, item.name))
    for address, message in shop_links(note.episode, config.merchants):
        found.append(_link_warning(note.path, data, "shop-link", message, address))
    return Note(note.path, note.episode, tuple(sorted((*note.diagnostics, *found))))


def _link_warning(path: str, data: bytes, code: str, message: str, *sought: str) -> Diagnostic:
    """Place a warning at the first of the sought texts that stands in the note."""
    text = with_line_feeds(data.decode("utf-8-sig", "replace"))
    offset = next((place for word in sought if (place := text.find(word)) >= 0), 0)
    mark = mark_at(text, offset)
    return Diagnostic(path, mark.line, mark.column, code, message, "warning")


def clash_diagnostics(folder: Path, resolution: Resolution) -> Iterator[Diagnostic]:
    """Give each clash between notes its place in the file that is held back."""
    for clash in resolution.clashes:
        try:
            mark = key_mark((folder / clash.path).read_bytes(), clash.key)
        except OSError:
            mark = Mark(1, 1)
        yield Diagnostic(clash.path, mark.line, mark.column, clash.code, clash.message)


def _facts_text(facts: Facts) -> str:
    """Write facts as a JSON list, in the order of their fields."""
    values = [getattr(facts, item.name) for item in fields(facts)]
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"), default=_iso)


def _iso(moment: date) -> str:
    """Write a day, or a day and its time, which `date.isoformat` itself would drop."""
    return moment.isoformat()


def _take(unchanged: Sequence[Seen], reading: Reading) -> None:
    """Take the facts of notes as the index has them; as one text, which is read twice as fast."""
    try:
        rows = json.loads(f"[{','.join([seen.facts for seen in unchanged])}]")
        for seen, row in zip(unchanged, rows, strict=True):
            reading.facts[seen.path] = _facts(row)
            reading.raw[seen.path] = seen.raw
    except (TypeError, ValueError) as error:
        raise DamagedIndexError(f"an entry of the index is damaged ({error!r})") from error


def _facts(row: Sequence[Any]) -> Facts:
    path, digest, show, title, aired, name, slug, published, updated, draft, url, named, tags, *rest = row
    audio, moments, corrections = rest
    return Facts(
        path,
        digest,
        show,
        title,
        date.fromisoformat(aired),
        name,
        slug,
        _time(published),
        _time(updated),
        draft,
        url,
        tuple([_named(item) for item in named]),
        tuple(tags),
        audio,
        moments,
        tuple(corrections),
    )


def _time(text: str | None) -> date | datetime | None:
    if text is None:
        return None
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)


def _named(row: Sequence[Any]) -> Named:
    name, medium, creator, inferred, same_as, not_same_as, speaker, kind = row
    return Named(name, medium, creator, inferred, tuple(same_as), tuple(not_same_as), speaker, kind)
