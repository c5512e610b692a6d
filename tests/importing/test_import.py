"""`feedmaker import` on real project folders, with real files and a real server."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from feedmaker.app import importing
from feedmaker.app.importing import Imported, import_feed
from feedmaker.cli import run
from feedmaker.disk import write_durably
from feedmaker.errors import FeedmakerError, OutputError
from feedmaker.importing import conversion
from feedmaker.lock import Entry, parse_lock
from feedmaker.notes.note import content_digest, parse_note
from feedmaker.notes.writing import write_markdown
from tests.importing.samples import DATA, RSS
from tests.projects import FIRST, LATER, ProjectFolder, run_process

Cli = Callable[..., Any]


def take(project: ProjectFolder, source: str | Path = DATA / "rss.xml") -> Imported:
    """Import a feed into a project."""
    return import_feed(project.open(), str(source), FIRST)


def entries(project: ProjectFolder) -> dict[str, Entry]:
    """Read the entries of the lock by id."""
    return dict(parse_lock(project.lock().decode()).entries)


def notes(project: ProjectFolder) -> dict[str, bytes]:
    """Read all notes by path."""
    found = sorted((project.root / "episodes").rglob("*.md"))
    return {path.relative_to(project.root).as_posix(): path.read_bytes() for path in found}


@contextmanager
def served(data: bytes, content_type: str) -> Iterator[str]:
    """Serve a feed on this machine and hand out its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/feeds/all.xml"
        server.shutdown()
        thread.join()


def test_feed_becomes_notes_and_entries(project: ProjectFolder) -> None:
    """Each item is a note that reads back, and an entry under its old id and dates that is no news."""
    found = take(project)

    written = notes(project)
    assert (
        list(written) == sorted(found.written) == sorted(entry.source for entry in entries(project).values())
    )
    assert "episodes/2011-05-04-foam-salt-again.md" in written
    for entry in entries(project).values():
        note = parse_note(entry.source, written[entry.source])
        assert note.episode is not None
        assert entry.digest == content_digest(note.episode)
        assert entry.aired == note.episode.aired
        assert entry.published == note.episode.published
        assert entry.backlog
        assert note.episode.id in (None, entry.id)
    assert entries(project)["12345 abc"].slug == "foam-salt-again"


def test_second_import_adds_nothing(project: ProjectFolder) -> None:
    """What was imported is known by its id, also where its note was edited, moved or removed."""
    take(project)
    moved, edited, removed = sorted((project.root / "episodes").glob("*.md"))
    moved.rename(moved.with_name("elsewhere.md"))
    edited.write_text(edited.read_text("utf-8").replace("title: ", "title: New "), "utf-8")
    removed.unlink()
    before = notes(project), project.lock()

    found = take(project)

    assert (found.written, found.known) == ((), 3)
    assert (notes(project), project.lock()) == before


def test_subscribers_notice_nothing(project: ProjectFolder) -> None:
    """The feeds that are built after an import have the old ids, dates and addresses."""
    take(project)

    report = project.build(LATER)

    items = {item["id"]: item for item in json.loads((project.public / "feed.json").read_bytes())["items"]}
    assert not report.failed
    assert set(items) == set(entries(project))
    assert items["12345 abc"]["url"] == "https://old.example.org/2011/foam?x=1&y=%C3%BC"
    assert items["12345 abc"]["date_published"] == "2011-05-03T22:39:21Z"
    assert items["12345 abc"]["date_modified"] == "2011-05-03T22:39:21Z"


def test_feed_of_our_own_is_known(project: ProjectFolder) -> None:
    """Importing the feed of this very project adds nothing; into another it gives the same notes."""
    project.note("bells")
    project.note("tides", date="2020-01-02")
    project.build()
    feed = project.public / "feed.json"
    assert take(project, feed).written == ()
    other = ProjectFolder(project.root.with_name("other"))
    other.schedule()

    take(other, feed)

    ours, theirs = entries(project), entries(other)
    assert {(entry.id, entry.slug, entry.digest) for entry in ours.values()} == {
        (entry.id, entry.slug, entry.digest) for entry in theirs.values()
    }


def test_notes_of_a_project_that_was_never_built_stay_old(project: ProjectFolder) -> None:
    """An import begins the lock, and what was there before is back catalogue, as after a first build."""
    path = project.note("bells")

    take(project)

    assert project.entries()[path]["backlog"] is True
    assert len(project.entries()) == 4


def test_no_file_is_overwritten(project: ProjectFolder) -> None:
    """Where a file has the name of a note already, the note gets another; slugs stay apart too."""
    project.note("2011-05-04-foam-salt-again", keys="slug: foam-salt-again", date="2011-05-04")
    project.write("episodes/2011-05-04-foam-salt-again-2011-05-04.md", "mine")
    before = notes(project)

    take(project)

    after = notes(project)
    assert before.items() <= after.items()
    entry = entries(project)["12345 abc"]
    assert entry.slug == "foam-salt-again-2011-05-04"
    assert entry.source == "episodes/2011-05-04-foam-salt-again-2011-05-04-2.md"


def die(*_: Any) -> None:
    """End the process without a word."""
    os._exit(3)


def fail(pipe: Any, *_: Any) -> None:
    """Fail as a fault of ours would."""
    importing._convert(pipe, b"<rss/>", "", "", None)  # type: ignore[arg-type]


class KilledError(BaseException):
    """Stand for the end of the process."""


@pytest.mark.parametrize("step", range(1, 9))
def test_killed_at_any_step_it_is_completed_by_the_next(
    project: ProjectFolder, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """A process that ends at any step loses nothing: the next import leaves what one alone would have."""
    whole = ProjectFolder(project.root.with_name("whole"))
    whole.schedule()
    take(whole)
    steps = iter(range(1, 99))
    real: dict[str, Callable[..., Any]] = {
        "write": Path.write_bytes,
        "lock": write_durably,
        "move": Path.rename,
    }

    def dying(name: str) -> Callable[..., Any]:
        def act(*arguments: Any, **options: Any) -> Any:
            if next(steps) == step:
                raise KilledError
            return real[name](*arguments, **options)

        return act

    with monkeypatch.context() as patched, suppress(KilledError):
        patched.setattr(Path, "write_bytes", dying("write"))
        patched.setattr("feedmaker.app.importing.write_durably", dying("lock"))
        patched.setattr(Path, "rename", dying("move"))
        take(project)
    take(project)

    assert (notes(project), project.lock()) == (notes(whole), whole.lock())
    assert not (project.root / ".feedmaker" / "import").exists()


def test_note_whose_place_was_taken_meanwhile_waits(
    project: ProjectFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that came to stand in a note's place stays; the note waits until it was moved away."""
    path = "episodes/2011-05-04-foam-salt-again.md"

    def saved(*arguments: Any) -> None:
        write_durably(*arguments)
        project.write(path, "mine")

    with monkeypatch.context() as patched:
        patched.setattr("feedmaker.app.importing.write_durably", saved)
        found = take(project)
    assert found.failed == ((path, "a file of this name is there; move it away and import again"),)
    assert notes(project)[path] == b"mine"
    assert take(project).failed == found.failed

    (project.root / path).rename(project.root / "mine.md")

    assert take(project).written == (path,)
    assert b"Foam" in notes(project)[path]


def test_disk_that_is_full_changes_nothing(project: ProjectFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """An import that cannot write says so, and leaves no note and no lock."""

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", full)
        with pytest.raises(OutputError, match="free some space"):
            take(project)

    assert notes(project) == {}
    assert not (project.root / "feedmaker.lock").exists()


def test_feed_is_fetched_from_its_address(project: ProjectFolder) -> None:
    """An address is fetched, on this machine too; encoding and links go by what the server says."""
    item = "<item><title>Ё</title><link>/1</link></item>"
    text = f'<rss version="2.0"><channel><title>Ж</title>{item}</channel></rss>'
    with served(text.encode("koi8-r"), "text/xml; charset=koi8-r") as address:
        found = take(project, address)

    (entry,) = entries(project).values()
    assert found.title == "Ж"
    assert found.address == address
    assert entry.id == address.replace("feeds/all.xml", "1")


def test_parser_that_never_ends_is_stopped(project: ProjectFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A feed that keeps a parser busy for ever is an error after a time."""
    monkeypatch.setattr(importing, "PATIENCE", 0.0)

    with pytest.raises(FeedmakerError, match=r"rss.xml: not read within 0 seconds; cut it"):
        take(project)


def test_parser_that_dies_is_an_error(project: ProjectFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A feed that ends the process of its parser does not end the program."""
    monkeypatch.setattr(importing, "_convert", die)

    with pytest.raises(FeedmakerError, match="the parser broke on it"):
        take(project)


def test_fault_of_ours_is_not_swallowed(project: ProjectFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody expected comes back with the place where it happened, for a report."""
    monkeypatch.setattr(importing, "_convert", fail)

    with pytest.raises(RuntimeError, match=r"(?s)Traceback.*conversion.py.*AttributeError"):
        take(project)


def test_item_that_no_note_can_hold_is_told(
    project: ProjectFolder, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An item that cannot become a note is named with the reason; the others are imported."""
    monkeypatch.setattr(
        "feedmaker.importing.conversion.write_markdown",
        lambda episode: "x" if episode.title == "Shell" else write_markdown(episode),
    )
    monkeypatch.setattr(
        importing, "_converted", lambda source, terms: conversion.convert(source.data, "", "", terms)
    )

    done = cli("-C", project.root, "import", DATA / "rss.xml")

    assert done.code == 1
    assert "not imported: Shell: " in done.err
    assert len(notes(project)) == 2


def test_command_tells_what_was_done(project: ProjectFolder, cli: Cli) -> None:
    """The command says how many notes it wrote, what was lost where, and what to do with the old feed."""
    done = cli("import", "-C", project.root, DATA / "rss.xml")

    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("Kelp & Tides: 3 notes written\ncould not be carried over:\n")
    assert "  1 × dates that cannot be read (Words without a title go on.: sometime in May)\n" in done.out
    assert "Older items are at https://old.example.org/feeds/all.xml?page=2; import that too." in done.out
    assert "redirect (301) to the new feed" in done.out


def test_command_prints_json(project: ProjectFolder, cli: Cli) -> None:
    """Machines get the same as data."""
    cli("import", "-C", project.root, DATA / "rss.xml")
    done = cli("import", "-C", project.root, DATA / "feed.json", "--json")

    data = json.loads(done.out)
    assert (data["title"], data["known"], data["failed"]) == ("Kelp & Tides", 1, [])
    assert len(data["written"]) == 1
    assert {"what", "count", "examples"} == set(data["lost"][0])


@pytest.mark.parametrize(
    ("source", "code", "said"),
    [
        ("missing.xml", 2, "missing.xml: there is no such file; name a file, or an address"),
        (".", 2, ".: there is no such file"),
        ("https://[", 1, "there is no such host; check the address"),
        ("http://ann:hush@127.0.0.1:9/x?hush", 1, "http://127.0.0.1:9/x?…: cannot be reached"),
    ],
)
def test_source_that_cannot_be_read_is_told(
    project: ProjectFolder, cli: Cli, source: str, code: int, said: str
) -> None:
    """A source that is not there is an error in a line, without its password."""
    done = cli("-C", project.root, "import", source)

    assert done.code == code
    assert said in done.err
    assert "hush" not in done.err


def test_source_that_is_no_feed_is_told(project: ProjectFolder, cli: Cli) -> None:
    """A web page is refused with its name, and nothing is written."""
    page = project.write("page.html", "<!doctype html><p>hi")
    huge = project.write("huge.xml", b" " * (importing.MOST_BYTES + 1))

    done, larger = cli("-C", project.root, "import", page), cli("-C", project.root, "import", huge)

    assert done.code == 1
    assert done.err.startswith(f"feedmaker: {page}: this is a web page; look for the address of the feed")
    assert larger.code == 2
    assert "more than 20,000,000 bytes" in larger.err
    assert not (project.root / "feedmaker.lock").exists()


def test_installed_program_imports(project: ProjectFolder) -> None:
    """The command works in a process of its own, as it is run."""
    feed = project.write("old.xml", RSS)

    done = run_process("import", feed, cwd=project.root)

    assert (done.code, done.err) == (0, "")
    assert "3 notes written" in done.out


def test_command_is_registered() -> None:
    """The command is part of the command line."""
    assert run(["import", "--help"]) == 0
