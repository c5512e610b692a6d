"""`feedmaker backup`: a whole copy of the state database, whoever writes to it meanwhile."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from sqlite3 import connect

import pytest

from feedmaker.store import open_store
from tests.conftest import Cli
from tests.projects import ROOT, ProjectFolder

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
# Adds two people in each transaction until it is ended, and says how many pairs there are.
WRITER = """
import pathlib, sys
from datetime import UTC, datetime
from itertools import count
from feedmaker.store import open_store

with open_store(pathlib.Path(sys.argv[1]), durable=False) as store:
    for number in count():
        with store.transaction():
            for name in ("left", "right"):
                store.add_subscriber(f"{name}-{number}@example.org", datetime.now(UTC))
        print(number + 1, flush=True)
"""


@pytest.fixture
def state(project: ProjectFolder) -> Path:
    """Make a state database with one subscriber."""
    path = project.root / ".feedmaker" / "state.db"
    with open_store(path) as store:
        store.add_subscriber("ann@example.org", NOW)
    return path


def addresses(path: Path) -> list[str]:
    """Read who is in a database, as another program does."""
    with closing(connect(path)) as found:
        return [row[0] for row in found.execute("SELECT address FROM subscribers ORDER BY id")]


def test_copy_is_whole_while_another_process_writes(
    project: ProjectFolder, cli: Cli, state: Path, tmp_path: Path
) -> None:
    """Each copy is of one moment, is complete up to there, and holds up nobody for long."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", WRITER, str(state)]
    copied = 0
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE) as writer:
        try:
            for number in range(5):
                # The writer has gone on since the last copy.
                assert any(int(line) > copied for line in writer.stdout or ())
                copy = tmp_path / f"{number}.db"
                assert cli("-C", project.root, "backup", copy).code == 0
                names = [address.partition("@")[0] for address in addresses(copy)[1:]]
                before, copied = copied, len(names) // 2
                assert names == [f"{side}-{n}" for n in range(copied) for side in ("left", "right")]
                assert copied > before
            assert writer.poll() is None
        finally:
            writer.kill()


def test_copy_is_private_and_alone(project: ProjectFolder, cli: Cli, state: Path, tmp_path: Path) -> None:
    """Only its owner may read it, whatever the umask, and nothing is left beside it."""
    copy = tmp_path / "copies" / "state-1.db"
    before = os.umask(0)
    try:
        done = cli("-C", project.root, "backup", copy)
    finally:
        os.umask(before)

    assert done.code == 0
    assert [path.name for path in copy.parent.iterdir()] == ["state-1.db"]
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert done.out == (
        f"{copy}: {copy.stat().st_size:,} bytes, copied and checked\n"
        f"to put it back: stop feedmaker, remove {state} and {state}-*, copy it there\n"
    )


def test_copy_can_be_put_back(project: ProjectFolder, cli: Cli, state: Path, tmp_path: Path) -> None:
    """Done as the command says, the list is what it was."""
    told = json.loads(cli("-C", project.root, "backup", tmp_path / "copy.db", "--json").out)
    cli("-C", project.root, "subscribers", "add", "bo@example.org")

    for path in (state, state.with_name("state.db-wal"), state.with_name("state.db-shm")):
        path.unlink(missing_ok=True)
    shutil.copy(told["file"], told["source"])

    assert cli("-C", project.root, "subscribers", "list").out == "ann@example.org\n"
    assert told == {
        "file": str(tmp_path / "copy.db"),
        "size": (tmp_path / "copy.db").stat().st_size,
        "source": str(state),
    }


def test_nothing_is_written_over(project: ProjectFolder, cli: Cli, state: Path, tmp_path: Path) -> None:
    """A file, a folder or a link that is there stays, and the command is wrong."""
    (tmp_path / "file").write_text("mine", "utf-8")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")

    for name in ("file", "link", ""):
        done = cli("-C", project.root, "backup", tmp_path / name)
        assert (done.code, done.out) == (2, "")
        assert done.err == (
            f"feedmaker: {tmp_path / name} is there already; name a file that is not, "
            "for no backup is written over\n"
        )

    assert (tmp_path / "file").read_text("utf-8") == "mine"
    assert not (tmp_path / "nowhere").exists()


def test_name_that_is_taken_meanwhile_stays(
    project: ProjectFolder, cli: Cli, state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who makes the file while the copy is checked keeps it."""
    monkeypatch.setattr(
        "feedmaker.app.backup.check_database", lambda _: (tmp_path / "copy.db").write_text("mine", "utf-8")
    )

    assert cli("-C", project.root, "backup", tmp_path / "copy.db").code == 2

    assert (tmp_path / "copy.db").read_text("utf-8") == "mine"
    assert not list(tmp_path.glob(".copy*"))


def test_damaged_copy_is_no_backup(project: ProjectFolder, cli: Cli, state: Path, tmp_path: Path) -> None:
    """What cannot be read through is not kept, and the text says so."""
    whole = state.read_bytes()
    state.write_bytes(whole[:8192] + b"\xff" * (len(whole) - 8192))

    done = cli("-C", project.root, "backup", tmp_path / "copy.db")

    assert done.code == 1
    assert "it is damaged" in done.err
    assert not list(tmp_path.glob("*copy*"))


def test_emptied_database_is_no_backup(project: ProjectFolder, cli: Cli, state: Path, tmp_path: Path) -> None:
    """Without a byte or without a table, there is nothing to put back, and no copy that looks like one."""
    state.write_bytes(b"")
    bare = cli("-C", project.root, "backup", tmp_path / "copy.db")
    state.unlink()
    with closing(connect(state)) as made:
        made.execute("PRAGMA journal_mode=WAL")
    void = cli("-C", project.root, "backup", tmp_path / "copy.db")

    assert (bare.code, void.code) == (1, 1)
    assert f"{state}: it is empty" in bare.err
    assert "it is a copy of nothing" in void.err
    assert not list(tmp_path.glob("*copy*"))


def test_nothing_to_copy_is_said(project: ProjectFolder, cli: Cli, tmp_path: Path) -> None:
    """A project without a state database gets none by this."""
    done = cli("-C", project.root, "backup", tmp_path / "copy.db")

    assert (done.code, "there is no state database yet" in done.err) == (2, True)
    assert not (project.root / ".feedmaker").exists()


def test_place_that_cannot_be_written_is_said(
    project: ProjectFolder, cli: Cli, state: Path, tmp_path: Path
) -> None:
    """The text names the file and the way out."""
    (tmp_path / "file").write_text("", "utf-8")

    done = cli("-C", project.root, "backup", tmp_path / "file" / "copy.db")

    assert done.code == 1
    assert "copy.db" in done.err
