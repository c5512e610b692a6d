"""Places on this machine: a Maildir and a pipe, and what a crash leaves behind."""

from __future__ import annotations

import io
import mailbox
import os
import subprocess
import sys
from pathlib import Path

import pytest

from feedmaker.bounces.parts import SIZE_LIMIT
from feedmaker.bounces.places import Returned, piped, waiting_at
from feedmaker.errors import MailboxError


@pytest.fixture
def maildir(tmp_path: Path) -> Path:
    """Make an empty Maildir, as its inventor's programs do."""
    mailbox.Maildir(tmp_path / "bounces", create=True)
    return tmp_path / "bounces"


def put(folder: Path, name: str, text: str = "") -> Path:
    """Deliver a message."""
    path = folder / name
    path.write_text(text or f"Subject: {path.name}\n\n", "utf-8")
    return path


def waiting(folder: Path, place: str = "maildir:bounces") -> list[Returned]:
    """Return the messages that wait in a Maildir of a project."""
    return list(waiting_at(place, folder, {}))


def names(folder: Path) -> set[str]:
    """Return where the messages of a Maildir lie."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_messages_come_oldest_first(maildir: Path) -> None:
    """New messages are handed out by the time in their names, whole, and stay until they are done."""
    for name in (
        "new/1700000009.b.host",
        "new/1700000001.a.host",
        "cur/1700000005.c.host:2,",
        "tmp/1.d.host",
    ):
        put(maildir, name)
    before = names(maildir)
    found = [returned.data for returned in waiting(maildir.parent)]

    assert [data.split(b"\n")[0].split()[1][:10] for data in found] == [
        b"1700000001",
        b"1700000005",
        b"1700000009",
    ]
    assert names(maildir) == before


def test_handled_message_is_seen(maildir: Path) -> None:
    """`done` moves a message to cur with the flag S, beside those that it has; nothing else changes."""
    put(maildir, "new/1.a.host", "A: b\n\nnew\n")
    put(maildir, "cur/2.b.host:2,FR", "A: b\n\nanswered\n")
    put(maildir, "cur/3.c.host:2,S")
    for returned in waiting(maildir.parent):
        returned.done()

    assert names(maildir) == {"cur/1.a.host:2,S", "cur/2.b.host:2,FRS", "cur/3.c.host:2,S"}
    assert (maildir / "cur/1.a.host:2,S").read_text("utf-8") == "A: b\n\nnew\n"
    assert waiting(maildir.parent) == []
    assert {message.get_flags() for message in mailbox.Maildir(maildir)} == {"S", "FRS"}


def test_message_that_was_not_done_comes_again(maildir: Path) -> None:
    """Whoever is killed between reading and writing down finds the message again."""
    for name in ("new/1.a.host", "new/2.b.host"):
        put(maildir, name)
    first, second = waiting(maildir.parent)
    first.done()

    assert [returned.data for returned in waiting(maildir.parent)] == [second.data]


def test_message_that_somebody_else_took_is_no_fault(maildir: Path) -> None:
    """Two readers of one Maildir do not fail: neither at reading nor at marking."""
    gone = put(maildir, "new/2.b.host")
    put(maildir, "new/1.a.host")
    messages = waiting_at("maildir:bounces", maildir.parent, {})
    returned = next(messages)
    gone.rename(maildir / "cur/2.b.host:2,S")
    (maildir / "new/1.a.host").rename(maildir / "cur/1.a.host:2,S")
    returned.done()

    assert list(messages) == []


def test_unreadable_message_blocks_no_other(maildir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All others are handed out, and then it is said which one could not be read."""
    for name in ("new/1.a.host", "new/2.b.host", "new/3.c.host"):
        put(maildir, name)
    real = Path.open

    def refusing(path: Path, _mode: str) -> object:
        if path.name == "2.b.host":
            raise PermissionError(13, "Permission denied")
        return real(path, "rb")

    monkeypatch.setattr(Path, "open", refusing)
    messages = waiting_at("maildir:bounces", maildir.parent, {})

    assert [next(messages).data[9:10], next(messages).data[9:10]] == [b"1", b"3"]
    with pytest.raises(
        MailboxError, match=r"2\.b\.host: Permission denied; 1 of the messages cannot be read"
    ):
        next(messages)


def test_message_that_cannot_be_marked_is_told(maildir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the disk refuses, `done` says so, and the message waits."""
    path = put(maildir, "new/1.a.host")
    (returned,) = waiting(maildir.parent)

    def refusing(source: Path, target: Path) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "rename", refusing)
    with pytest.raises(MailboxError, match=r"1\.a\.host: cannot be marked as seen: Read-only file system"):
        returned.done()
    assert path.exists()


def test_what_is_no_message_is_left_alone(maildir: Path) -> None:
    """Hidden files, folders and links to nowhere are nobody's bounce."""
    put(maildir, "new/.hidden")
    (maildir / "new/folder").mkdir()
    (maildir / "new/link").symlink_to(maildir / "nowhere")

    assert waiting(maildir.parent) == []


def test_large_message_is_read_in_part(maildir: Path) -> None:
    """Of a message of any size only the beginning is read."""
    put(maildir, "new/1.a.host", "A: b\n\n" + "x" * (SIZE_LIMIT * 2))

    assert [len(returned.data) for returned in waiting(maildir.parent)] == [SIZE_LIMIT]


def test_folder_that_is_no_maildir_is_named(tmp_path: Path) -> None:
    """The text names the folder and what is missing."""
    with pytest.raises(MailboxError, match="nowhere: cannot read it as a Maildir, with folders new and cur"):
        waiting(tmp_path, "maildir:nowhere")


def test_maildir_may_lie_anywhere(maildir: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A relative folder lies in the project, an absolute one where it says."""
    put(maildir, "new/1.a.host")

    assert len(waiting(tmp_path_factory.mktemp("elsewhere"), f"maildir:{maildir}")) == 1


def test_pipe_hands_out_one_message() -> None:
    """A message from a pipe is handed out whole, and marking it changes nothing."""
    (returned,) = piped(io.BytesIO(b"A: b\n\nhello\n"))
    returned.done()

    assert returned.data == b"A: b\n\nhello\n"


@pytest.mark.parametrize("nothing", [b"", b"\n \r\n"])
def test_empty_pipe_hands_out_nothing(nothing: bytes) -> None:
    """Where nothing is written there is no message."""
    assert list(piped(io.BytesIO(nothing))) == []


def test_pipe_is_read_to_its_end() -> None:
    """A server that writes a large message into a real pipe can write all of it."""
    program = (
        "import sys; from feedmaker.bounces.places import piped;"
        "(returned,) = piped(sys.stdin.buffer); print(len(returned.data))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        input=b"A: b\n\n" + b"x" * (SIZE_LIMIT * 4),
        capture_output=True,
        check=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )

    assert (int(ran.stdout), ran.stderr) == (SIZE_LIMIT, b"")
