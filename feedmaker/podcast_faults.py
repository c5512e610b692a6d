"""What podcast programs will not show, and what directories refuse, with its place in the project's files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from feedmaker.artwork import artwork_advice, artwork_faults
from feedmaker.config import CONFIG_NAME, Config, Podcast
from feedmaker.errors import Diagnostic, Severity
from feedmaker.feeds.podcast import Fault, channel_faults, note_faults, shared_recordings
from feedmaker.marked_yaml import load
from feedmaker.notes.note import Facts, Note, key_mark
from feedmaker.uri import is_web_address

_MOST_NAMED = 20


def files_named(config: Config) -> list[str]:
    """Return the files of the project, besides notes and templates, that a build reads."""
    named = [
        config.podcast.image if config.podcast else None,
        config.newsletter.theme.logo if config.newsletter else None,
    ]
    return [name for name in named if name and not is_web_address(name)]


def _artwork(podcast: Podcast) -> list[str]:
    return [] if is_web_address(podcast.image) else [podcast.image]


def with_podcast(note: Note, data: bytes, config: Config) -> Note:
    """Add to a note with a recording what podcast programs will not show of it."""
    if note.episode is None or note.episode.audio is None or config.podcast is None:
        return note
    found = []
    for fault in note_faults(note.episode, config.podcast):
        mark = key_mark(data, fault.key)
        warning = Diagnostic(note.path, mark.line, mark.column, fault.code, fault.message, "warning")
        found.append(warning)
    return Note(note.path, note.episode, tuple(sorted((*note.diagnostics, *found))))


def podcast_warnings(folder: Path, config: Config, notes: Iterable[Facts]) -> Iterator[Diagnostic]:
    """Say what directories will not like of the podcast, and which notes podcast programs will not show."""
    if config.podcast is None:
        return
    notes = list(notes)
    faults = list(channel_faults(config.podcast))
    if not config.podcast.owner and not config.site.author.email:
        said = "directories write to the owner to see whose podcast it is; add `owner` with name and email"
        faults.append(Fault("", "no-owner", said))
    drawn = [folder / name for name in _artwork(config.podcast)]
    advice = [said for path in drawn if path.is_file() for said in artwork_advice(path)]
    faults += [Fault("image", "bad-artwork", said) for said in advice]
    heard = sorted((each.path, each.audio) for each in notes if each.audio)
    for note, fault in shared_recordings(heard):
        mark = key_mark(_bytes(folder / note), fault.key)
        yield Diagnostic(note, mark.line, mark.column, fault.code, fault.message, "warning")
    unheard = sorted(facts.path for facts in notes if not facts.audio)
    if unheard:
        more = f" and {len(unheard) - _MOST_NAMED} more" if len(unheard) > _MOST_NAMED else ""
        said = f"no recording, so podcast programs do not show {', '.join(unheard[:_MOST_NAMED])}{more}"
        faults.append(Fault("", "no-recording", f"{said}; the feeds of notes have all"))
    yield from _placed(folder, faults, "warning")


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def artwork_errors(folder: Path, podcast: Podcast) -> Iterator[Diagnostic]:
    """Say why directories would refuse the artwork, where it is a file of the project."""
    for name in _artwork(podcast):
        faults = artwork_faults(folder / name)
        yield from _placed(folder, [Fault("image", "bad-artwork", said) for said in faults], "error")


def _placed(folder: Path, faults: Sequence[Fault], severity: Severity) -> Iterator[Diagnostic]:
    """Give what is wrong with the section `podcast`, or one key of it, its place."""
    if not faults:
        return
    document = load((folder / CONFIG_NAME).read_text("utf-8-sig"))
    for key, code, message in faults:
        mark = document.where(("podcast", key)) if key else document.where_key(("podcast",))
        said = f"podcast.{key}: {message}" if key else message
        yield Diagnostic(CONFIG_NAME, mark.line, mark.column, code, said, severity)
