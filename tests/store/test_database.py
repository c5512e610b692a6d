"""The file: transactions as a second connection sees them, and errors that say what to do."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from datetime import UTC, datetime
from inspect import getmembers
from pathlib import Path
from subprocess import PIPE, Popen
from unittest.mock import Mock

import pytest

from feedmaker.errors import StoreError
from feedmaker.store import (
    Addressed,
    Consent,
    Delivery,
    Ending,
    Fault,
    Frozen,
    Lease,
    Owed,
    Person,
    Settlement,
    Store,
    Wishes,
    open_store,
)
from feedmaker.store.database import Database, check_database, copy_database

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
FROZEN = Frozen("S", "P", "H", "T", "A", 1, [], [], {})
LEASE = Lease("me", NOW, NOW)
ENDING = Ending("done", "3 files", 0.5)
FAULT = Fault("build", "cause", "text", NOW, None, None)
ANN = "ann@example.org"
ADDRESSED = Addressed(1, ANN, "T0ken", "key", "<1@example.org>")
SETTLEMENT = Settlement(1, 1, "sent", "ok")
DELIVERY = Delivery(
    *(1, 1, 1, ANN, "T0ken", "key", "<1@example.org>", NOW, "unknown", None, None, None),
    *(1, 0, 0, None, NOW, 0, NOW),
)
OWED = Owed(1, ANN, 1, NOW)
PERSON = Person("ann@example.org", "active", NOW, "form", Consent("form"), NOW)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Name the file of a state database."""
    return tmp_path / ".feedmaker" / "state.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    """Open an empty store."""
    with open_store(path) as opened:
        yield opened


@pytest.fixture
def other(path: Path, store: Store) -> Iterator[sqlite3.Connection]:
    """Open a second connection that waits for nobody."""
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
        yield connection


def addresses(connection: sqlite3.Connection) -> list[str]:
    """Read the subscribers the way another program does."""
    return [row[0] for row in connection.execute("SELECT address FROM subscribers ORDER BY id")]


def add_issue(store: Store, episode: str = "tag:one") -> int:
    """Freeze an issue that carries one episode."""
    return store.add_issue("2026-11-23", FROZEN, [episode], NOW).id


def test_write_is_committed_when_the_method_returns(store: Store, other: sqlite3.Connection) -> None:
    """A second connection sees what one method wrote."""
    store.add_subscriber("ann@example.org", NOW)

    assert addresses(other) == ["ann@example.org"]


def test_transaction_is_seen_whole_or_not_at_all(store: Store, other: sqlite3.Connection) -> None:
    """Nothing inside a transaction commits before its end, reading included."""
    with store.transaction():
        store.add_subscriber("ann@example.org", NOW)
        assert [person.address for person in store.subscribers()] == ["ann@example.org"]
        store.add_subscriber("bob@example.org", NOW)
        assert addresses(other) == []

    assert addresses(other) == ["ann@example.org", "bob@example.org"]


def test_error_takes_the_whole_transaction_back(store: Store, other: sqlite3.Connection) -> None:
    """Whatever is raised inside leaves no trace, and the store can be used on."""
    with suppress(RuntimeError), store.transaction():
        store.add_subscriber("ann@example.org", NOW)
        raise RuntimeError

    store.add_subscriber("bob@example.org", NOW)

    assert addresses(other) == ["bob@example.org"]


def test_transaction_holds_the_write_lock_from_its_beginning(store: Store, other: sqlite3.Connection) -> None:
    """Two who read and then write cannot both go by what they read."""
    with store.transaction(), pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("BEGIN IMMEDIATE")


def test_reading_holds_no_lock(store: Store, other: sqlite3.Connection) -> None:
    """After a method that only reads, anybody may write."""
    assert len(store.keys()) == 1

    other.execute("INSERT INTO keys (use, secret, made_at) VALUES ('links', '5a', '2026-11-23T08:00:00Z')")

    assert len(store.keys()) == 2


def test_opening_takes_no_locks_from_who_has_it_open(
    path: Path, store: Store, other: sqlite3.Connection
) -> None:
    """The log of changes stays for as long as anybody has it open, whichever threads come and go."""
    store.add_subscriber(ANN, NOW)
    assert addresses(other) == [ANN]
    with open_store(path):
        pass

    # Another process that comes and goes removes the log if it believes that it is the last one.
    last = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT 1 FROM runs'); c.close()"
    subprocess.run([sys.executable, "-c", last, str(path)], check=True)

    assert path.with_name("state.db-wal").exists()


def test_commits_survive_a_power_cut(path: Path) -> None:
    """The file is in WAL mode, every commit is synchronised, references hold, what is deleted is zeroed."""
    database = Database(path)
    with database.reading() as connection:
        asked = ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
        answers = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in asked]
    database.close()

    assert answers == ["wal", 2, 1, 1]


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_files_are_for_their_owner_only(path: Path, umask: int) -> None:
    """Nobody else may read the addresses, whatever the umask: in the file, beside it, or in a copy."""
    before = os.umask(umask)
    try:
        with open_store(path) as store:
            store.add_subscriber("ann@example.org", NOW)
            copy_database(path, path.with_name("copy.db"))
            modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    finally:
        os.umask(before)

    names = ["state.db", "state.db-wal", "state.db-shm", "copy.db"]
    assert modes == dict.fromkeys(names, 0o600)


@pytest.mark.parametrize(("mode", "kept"), [(0o644, 0o600), (0o660, 0o600), (0o444, 0o400)])
def test_copy_that_was_put_back_becomes_private(path: Path, mode: int, kept: int) -> None:
    """A file that others may read is closed to them when it is opened; its owner may do what they could."""
    with open_store(path):
        pass
    path.chmod(mode)

    with suppress(StoreError), open_store(path):
        pass

    assert stat.S_IMODE(path.stat().st_mode) == kept


def test_log_is_emptied_unless_somebody_reads(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was changed stands in the file beside the database until the last who reads older data is done."""
    monkeypatch.setattr("feedmaker.store.database.BUSY_SECONDS", 0.01)
    with open_store(path) as store, closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM subscribers").fetchall()
        store.add_subscriber(ANN, NOW)

        assert not store.empty_log()
        assert ANN.encode() in path.with_name("state.db-wal").read_bytes()
        other.execute("COMMIT")
        assert store.empty_log()
        assert path.with_name("state.db-wal").read_bytes() == b""


def test_copy_is_checked(path: Path, store: Store) -> None:
    """A whole copy passes and has nothing beside it; a damaged one, or another file, is refused."""
    store.add_subscriber("ann@example.org", NOW)
    copy = path.with_name("copy.db")
    copy_database(path, copy)

    check_database(copy)
    assert [file.name for file in path.parent.glob("copy*")] == ["copy.db"]

    whole = copy.read_bytes()
    for broken in (whole[:8192] + b"\xff" * (len(whole) - 8192), b"Dear diary, " * 100):
        copy.write_bytes(broken)
        with pytest.raises(StoreError, match=r"copy\.db: it is"):
            check_database(copy)


WRITES: dict[str, Callable[[Store], object]] = {
    "add_subscriber": lambda store: store.add_subscriber("ann@example.org", NOW),
    "set_status": lambda store: store.set_status(1, "bounced", "why", NOW),
    "set_wishes": lambda store: store.set_wishes(1, Wishes()),
    "erase_subscriber": lambda store: store.erase_subscriber("ann@example.org", NOW),
    "readmit_subscriber": lambda store: store.readmit_subscriber(1, NOW),
    "suppress_subscriber": lambda store: store.suppress_subscriber("ann@example.org", "by hand", NOW),
    "take_over": lambda store: store.take_over([PERSON], 0),
    "ask_subscriber": lambda store: store.ask_subscriber("ann@example.org", Consent("form"), NOW),
    "claim_owed": lambda store: store.claim_owed(NOW, NOW),
    "settle_owed": lambda store: store.settle_owed(OWED, NOW),
    "confirm_subscriber": lambda store: store.confirm_subscriber("T0ken", NOW, NOW),
    "leave": lambda store: store.leave("T0ken", "left", NOW),
    "add_signup": lambda store: store.add_signup("ann@example.org", "192.0.2.0/24", NOW),
    "forget_signups": lambda store: store.forget_signups(NOW, NOW),
    "add_key": lambda store: store.add_key(NOW),
    "forget_keys": lambda store: store.forget_keys(),
    "add_issue": add_issue,
    "rewrite_issue": lambda store: store.rewrite_issue(1, FROZEN, ["tag:one"], None),
    "approve_issue": lambda store: store.approve_issue(1, NOW),
    "add_corrections": lambda store: store.add_corrections(1, [("tag:one", "5ac4")]),
    "drop_corrections": lambda store: store.drop_corrections(1),
    "mark_issue": lambda store: store.mark_issue(1, "sent", NOW),
    "open_sending": lambda store: store.open_sending(1, [ADDRESSED], NOW, NOW),
    "stop_sending": lambda store: store.stop_sending(1, "why"),
    "resume_sending": lambda store: store.resume_sending(1),
    "touch_sending": lambda store: store.touch_sending(1, NOW),
    "claim_deliveries": lambda store: store.claim_deliveries(1, LEASE, NOW, 1),
    "settle_deliveries": lambda store: store.settle_deliveries(1, "me", [SETTLEMENT], NOW),
    "renew_deliveries": lambda store: store.renew_deliveries(1, LEASE),
    "expire_deliveries": lambda store: store.expire_deliveries(1, LEASE),
    "resolve_delivery": lambda store: store.resolve_delivery(DELIVERY, "sent", "ok", NOW),
    "add_bounce": lambda store: store.add_bounce(1, "hard", "550", NOW),
    "skip_deliveries": lambda store: store.skip_deliveries(1, NOW),
    "requeue_failed": lambda store: store.requeue_failed(1, "why", NOW),
    "claim_run": lambda store: store.claim_run("build", NOW, NOW, LEASE),
    "renew_run": lambda store: store.renew_run("build", NOW, LEASE),
    "give_back_run": lambda store: store.give_back_run("build", NOW, "me"),
    "finish_run": lambda store: store.finish_run("build", NOW, "me", NOW, ENDING),
    "record_run": lambda store: store.record_run("build", NOW, "me", ENDING),
    "forget_runs": lambda store: store.forget_runs(NOW),
    "forget_runs_from": lambda store: store.forget_runs_from(NOW),
    "save_fault": lambda store: store.save_fault(FAULT),
    "drop_fault": lambda store: store.drop_fault(FAULT),
}
READS: dict[str, Callable[[Store], object]] = {
    "subscribers": lambda store: list(store.subscribers()),
    "subscriber": lambda store: store.subscriber("ann@example.org"),
    "subscriber_of": lambda store: store.subscriber_of("T0ken"),
    "subscriber_of_old": lambda store: store.subscriber_of_old("T0ken"),
    "count_subscribers": lambda store: store.count_subscribers(),
    "keys": lambda store: store.keys(),
    "count_signups": lambda store: store.count_signups("a@b.example", "192.0.2.0/24", NOW, NOW),
    "count_owed": lambda store: store.count_owed(),
    "next_owed": lambda store: store.next_owed(),
    "has_subscribers": lambda store: store.has_subscribers("each"),
    "newest_subscriber": lambda store: store.newest_subscriber(),
    "count_cadences": lambda store: store.count_cadences(),
    "count_languages": lambda store: store.count_languages(),
    "count_domains": lambda store: store.count_domains(10),
    "count_erased": lambda store: store.count_erased(),
    "count_asked": lambda store: store.count_asked(),
    "count_months": lambda store: store.count_months(NOW),
    "reach": lambda store: store.reach(10),
    "mailed_to": lambda store: store.mailed_to(1),
    "free_slug": lambda store: store.free_slug(NOW.date()),
    "episodes_of": lambda store: store.episodes_of(1),
    "carried_corrections": lambda store: store.carried_corrections(but_of=1),
    "issue": lambda store: store.issue("2026-11-23"),
    "issues": lambda store: store.issues(),
    "slugs": lambda store: store.slugs(),
    "mailed_episodes": lambda store: store.mailed_episodes(),
    "carried_episodes": lambda store: store.carried_episodes(),
    "sending": lambda store: store.sending(1),
    "deliveries": lambda store: list(store.deliveries(1)),
    "delivery_of": lambda store: store.delivery_of("key"),
    "refusals": lambda store: list(store.refusals(1)),
    "tried_by_domain": lambda store: store.tried_by_domain(1),
    "returned_by_domain": lambda store: store.returned_by_domain(1, "hard"),
    "soft_row": lambda store: store.soft_row(1),
    "bounced_by": lambda store: store.bounced_by(1, "2026-11-23: "),
    "slug_of": lambda store: store.slug_of(1),
    "last_sent": lambda store: store.last_sent(1, NOW),
    "next_expiry": lambda store: store.next_expiry(1),
    "next_attempt": lambda store: store.next_attempt(1),
    "counts": lambda store: store.counts(1),
    "sent_issue": lambda store: store.sent_issue(NOW, "each"),
    "first_drafted": lambda store: store.first_drafted("each"),
    "last_run": lambda store: store.last_run("build", NOW),
    "recent_runs": lambda store: store.recent_runs(1),
    "unfinished_runs": lambda store: store.unfinished_runs(),
    "faults": lambda store: store.faults(),
}


def test_every_method_is_tried_below() -> None:
    """A method that is added to the store has to say how it fails, too."""
    methods = {name for name, value in getmembers(Store, callable) if name[0] != "_"}

    assert methods - {"transaction", "empty_log"} == WRITES.keys() | READS.keys()


@pytest.mark.parametrize("name", WRITES)
def test_locked_database_is_reported(path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Where another program writes for too long, every writing method says so and what to do."""
    monkeypatch.setattr("feedmaker.store.database.BUSY_SECONDS", 0.01)
    with open_store(path) as store, closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(
            StoreError, match=r"state\.db: another program holds it; try again when that is done"
        ):
            WRITES[name](store)


@pytest.mark.parametrize("name", [*WRITES, *READS])
def test_damaged_database_is_reported(path: Path, name: str) -> None:
    """Where the file is damaged, every method says so, and why it matters."""
    with open_store(path):
        pass
    size = path.stat().st_size
    with open_store(path) as store:
        path.write_bytes(path.read_bytes()[:100] + b"\xff" * (size - 100))

        with pytest.raises(StoreError, match=r"state\.db: it is damaged; put back a copy"):
            (WRITES | READS)[name](store)


def test_file_that_is_no_database_is_reported(tmp_path: Path) -> None:
    """A text file under the name of the database is left as it is."""
    (tmp_path / "state.db").write_text("Dear diary, " * 100, "utf-8")

    with pytest.raises(StoreError, match="it is no SQLite database"):
        open_store(tmp_path / "state.db")

    assert (tmp_path / "state.db").read_text("utf-8").startswith("Dear diary")


def test_file_that_was_emptied_is_reported(path: Path) -> None:
    """It is not taken for a new one: neither is it opened, nor copied, nor is its log of changes lost."""
    with open_store(path):
        pass
    log = path.with_name("state.db-wal")
    path.write_bytes(b"")
    log.write_bytes(b"changes")

    with pytest.raises(StoreError, match=r"state\.db: it is empty, .*; put back a copy"):
        open_store(path)
    with pytest.raises(StoreError, match=r"state\.db: it is empty, .*; put back a copy"):
        copy_database(path, path.with_name("copy.db"))

    assert (path.read_bytes(), log.read_bytes()) == (b"", b"changes")
    assert not path.with_name("copy.db").exists()


def test_creation_that_is_cut_off_is_done_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing has the name before it is a database, so nothing is in the way of the next who opens it."""
    with monkeypatch.context() as patch:
        patch.setattr("feedmaker.store.database.name_new", Mock(side_effect=KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            open_store(path)
    assert not list(path.parent.iterdir())
    Database(path).close()
    assert path.stat().st_size > 0

    with open_store(path) as store:
        assert list(store.subscribers()) == []
    assert [file.name for file in path.parent.iterdir()] == ["state.db"]


def test_processes_create_one_database(path: Path) -> None:
    """Whoever is later finds the file of the first, and everybody's subscribers are in it."""
    script = (
        "import pathlib, sys; from datetime import UTC, datetime; from feedmaker.store import open_store\n"
        "print(flush=True); sys.stdin.readline()\n"
        "with open_store(pathlib.Path(sys.argv[1])) as store:\n"
        "    store.add_subscriber(sys.argv[2], datetime.now(UTC))"
    )
    people = [f"reader-{number}@example.org" for number in range(3)]
    command = [sys.executable, "-c", script, str(path)]
    with ExitStack() as stack:
        started = [
            stack.enter_context(Popen([*command, person], stdin=PIPE, stdout=PIPE, text=True))
            for person in people
        ]
        for process in started:
            assert process.stdout
            process.stdout.readline()
        for process in started:
            process.communicate("\n")
        assert [process.returncode for process in started] == [0, 0, 0]

    with open_store(path) as store:
        assert sorted(person.address for person in store.subscribers()) == people


def test_link_leads_to_a_database_that_is_made(path: Path) -> None:
    """The file lies where the link says, and is as private there."""
    path.parent.mkdir()
    path.symlink_to("elsewhere.db")

    with open_store(path):
        pass

    assert path.is_symlink()
    assert stat.S_IMODE(path.with_name("elsewhere.db").lstat().st_mode) == 0o600


def test_folder_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    """The text names the file, the reason and where to look."""
    (tmp_path / ".feedmaker").write_text("", "utf-8")

    with pytest.raises(StoreError, match=r"state\.db: .*; check the permissions of its folder"):
        open_store(tmp_path / ".feedmaker" / "state.db")


@pytest.mark.parametrize(
    ("pragma", "advice"),
    [
        ("max_page_count=1", "the disk is full; make room and run the command again"),
        ("query_only=ON", "it cannot be written; check the permissions of the file and its folder"),
    ],
)
def test_other_failures_say_what_to_do(path: Path, pragma: str, advice: str) -> None:
    """A full disk and a file that cannot be written, as SQLite itself reports them."""
    database = Database(path)

    def fill() -> None:
        with database.transaction() as connection:
            for statement in (
                f"PRAGMA {pragma}",
                "CREATE TABLE t (c)",
                "INSERT INTO t VALUES (zeroblob(99999))",
            ):
                connection.exec_driver_sql(statement)

    with pytest.raises(StoreError) as raised:
        fill()
    database.close()

    assert str(raised.value) == f"{path}: {advice}"
