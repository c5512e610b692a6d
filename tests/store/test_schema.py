"""The tables, the migrations that make them, and the versions between."""

from __future__ import annotations

import ast
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from feedmaker.errors import StoreError
from feedmaker.store import (
    Consent,
    Frozen,
    Lease,
    Owed,
    Sending,
    Status,
    Subscriber,
    Wishes,
    open_store,
    schema,
)
from feedmaker.store.tables import metadata

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
FROZEN = Frozen("S", "P", "H", "T", "A", 1, [], [], {})


def described(path: Path) -> dict[str, str]:
    """Return what the database itself says of its tables and indexes, without white space."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    return {name: "".join(sql.split()) for name, sql in rows if name != "alembic_version"}


def set_version(path: Path, version: str) -> None:
    """Pretend that another program has brought the tables to a version."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (version,))


def test_migrations_make_the_tables_that_the_queries_see(tmp_path: Path) -> None:
    """A database made by all migrations is the one that the tables describe."""
    with open_store(tmp_path / "migrated.db"):
        pass
    engine = create_engine(f"sqlite:///{tmp_path / 'described.db'}")
    metadata.create_all(engine)
    engine.dispose()

    migrated = described(tmp_path / "migrated.db")

    assert migrated == described(tmp_path / "described.db")
    assert {
        "subscribers",
        "old_tokens",
        "issues",
        "carried",
        "corrected",
        "deliveries",
        "runs",
        "faults",
    } <= migrated.keys()


def at_version(path: Path, version: str) -> None:
    """Make the database that an earlier program left."""
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, version)
    engine.dispose()


def test_tokens_are_given_to_all_there_are(tmp_path: Path) -> None:
    """Each person gets a token, and another one later; their deliveries keep the first, which tells whose."""
    path = tmp_path / "state.db"
    at_version(path, "0001")
    people = [(1, "ann@example.org"), (3, "bob@example.org"), (7, "cy@example.org")]
    sent = [(1, 1, "ann@example.org"), (2, None, "gone@example.org"), (3, 3, "bob@example.org")]
    with closing(sqlite3.connect(path)) as before, before:
        before.executemany("INSERT INTO subscribers VALUES (?, ?, '2026-11-23T08:00:00Z')", people)
        before.execute("DELETE FROM subscribers WHERE id = 7")
        before.execute("INSERT INTO issues VALUES (1, 'a', 's', 'p', 'h', 't', 'sending', '2026', NULL)")
        for row in sent:
            before.execute("INSERT INTO deliveries VALUES (?, 1, ?, ?, '<1@a>', '2026', 'queued', 'r')", row)

    with open_store(path) as store:
        store.add_subscriber("dan@example.org", NOW)
        ann, bob, dan = store.subscribers()
    with closing(sqlite3.connect(path)) as after:
        rows = after.execute("SELECT id, subscriber_id, address, token, state FROM deliveries").fetchall()
        broken = after.execute("PRAGMA foreign_key_check").fetchall()
    with open_store(path) as store:
        readers = [store.subscriber_of_old(row[3]) for row in rows]
        assert store.subscriber_of_old(ann.token) is None

    assert [(person.id, person.address) for person in (ann, bob, dan)] == [
        *people[:2],
        (8, "dan@example.org"),
    ]
    assert [(row[:3], row[4]) for row in rows] == [(row, "queued") for row in sent]
    assert readers == [ann, None, bob]
    assert len({ann.token, bob.token, dan.token, *(row[3] for row in rows)}) == 6
    assert not any(person.token.startswith("-") for person in (ann, bob))
    assert broken == []


def test_subscribers_of_an_earlier_program_are_active(tmp_path: Path) -> None:
    """Before there was a status whoever was on the list had been added by hand, and got issues."""
    path = tmp_path / "state.db"
    at_version(path, "0004")
    with closing(sqlite3.connect(path)) as before, before:
        before.execute(
            "INSERT INTO subscribers VALUES (3, 'ann@example.org', 'T0ken', '2026-11-23T08:00:00Z')"
        )

    with open_store(path) as store:
        (ann,) = store.subscribers()
        reader = store.subscriber_of_old("T0ken")
        store.erase_subscriber("ann@example.org", NOW)
        nobody = store.subscriber_of_old("T0ken")

    by_hand = Consent("added by hand")
    assert ann == Subscriber(
        *("ann@example.org", "active", NOW, "added by hand", by_hand, NOW),
        confirmed_at=NOW,
        id=3,
        token=ann.token,
    )
    assert (reader, nobody) == (ann, None)
    assert ann.token != "T0ken"


def test_issues_keep_what_points_at_them(tmp_path: Path) -> None:
    """Issues of an earlier program keep everything, and so do their deliveries and episodes."""
    path = tmp_path / "state.db"
    at_version(path, "0002")
    day = "2026-11-23T08:00:00Z"
    old = [
        (1, "a", "S1", "P1", "<p>é</p>", "é\r\n", "sent", day, day),
        (2, "b", "S2", "P2", "<p>b</p>", "b\n", "sending", day, None),
        (5, "c", "S3", "P3", "<p>c</p>", "c\n", "draft", day, None),
    ]
    with closing(sqlite3.connect(path)) as before, before:
        before.executemany("INSERT INTO issues VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", old)
        before.executemany("INSERT INTO carried VALUES (?, ?)", [("one", 1), ("two", 2), ("three", 5)])
        before.execute("INSERT INTO subscribers VALUES (1, 'ann@example.org', 'T0ken', ?)", (day,))
        row = "INSERT INTO deliveries VALUES (?, ?, 1, 'ann@example.org', 'T0ken', ?, ?, ?, NULL)"
        before.execute(row, (1, 1, "<1@a>", day, "sent"))
        before.execute(row, (2, 2, "<2@a>", day, "queued"))

    with open_store(path) as store:
        found = store.issues()
        owners = store.carried_episodes()
        left = [[one.message_id for one in store.deliveries(issue.id)] for issue in found]
        claimed = store.claim_deliveries(2, Lease("me", NOW, NOW), NOW, 1)
        added = store.add_issue(store.free_slug(NOW.date()), FROZEN, ["four"], NOW)
        with pytest.raises(StoreError, match="is in issue b already"):
            store.add_issue("again", FROZEN, ["two"], NOW)
    with closing(sqlite3.connect(path)) as after:
        broken = after.execute("PRAGMA foreign_key_check").fetchall()
        after.execute("PRAGMA foreign_keys = ON")
        with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
            after.execute("DELETE FROM issues WHERE id = 1")

    told = [
        (
            one.id,
            one.slug,
            one.subject,
            one.preheader,
            one.html,
            one.text,
            one.state,
            one.drafted_at,
            one.sent_at,
        )
        for one in found
    ]
    assert told == [(*row[:7], NOW, NOW if row[8] else None) for row in old]
    assert {(one.page, one.due_at, *map(len, (one.cuts, one.contents, one.wording))) for one in found} == {
        ("", None, 0, 0, 0)
    }
    assert [one.size for one in found] == [8, 8, 8]
    assert owners == {"one": "a", "two": "b", "three": "c"}
    assert left == [["<1@a>"], ["<2@a>"], []]
    assert [one.message_id for one in claimed] == ["<2@a>"]
    assert added.id == 6
    assert broken == []


def test_subscribers_and_deliveries_go_on(tmp_path: Path) -> None:
    """People of an earlier program are active; what it was sending when it died is unknown."""
    path, day = tmp_path / "state.db", "2026-11-23T08:00:00Z"
    at_version(path, "0004")
    with closing(sqlite3.connect(path)) as before, before:
        row = (1, "a", "S", "P", "H", "T", "A", 1, "[]", "[]", "{}", "sending", day, None, None)
        before.execute(f"INSERT INTO issues VALUES ({', '.join('?' * len(row))})", row)
        before.execute("INSERT INTO carried VALUES ('one', 1)")
        for number, state in enumerate(("sent", "sending", "queued"), 1):
            address = f"reader-{number}@example.org"
            before.execute("INSERT INTO subscribers VALUES (?, ?, ?, ?)", (number, address, address, day))
            sent = (number, 1, number, address, address, f"<{number}@a>", day, state, "said")
            before.execute(f"INSERT INTO deliveries VALUES ({', '.join('?' * len(sent))})", sent)
        before.execute("DELETE FROM subscribers WHERE id = 3")
        before.execute("INSERT INTO subscribers VALUES (3, 'reader-3@example.org', 't', ?)", (day,))
        before.execute("INSERT INTO subscribers VALUES (7, 'gone@example.org', 'g', ?)", (day,))
        before.execute("DELETE FROM subscribers WHERE id = 7")

    with open_store(path) as store:
        people = list(store.subscribers())
        sending = store.sending(1)
        lost = store.expire_deliveries(1, Lease("me", NOW, NOW))
        rows = list(store.deliveries(1))
        store.add_subscriber("new@example.org", NOW)
        ids = [person.id for person in store.subscribers()]

    assert {(person.status, person.confirmed_at, person.wishes.cadence) for person in people} == {
        ("active", NOW, "each")
    }
    assert ids == [1, 2, 3, 8]
    assert sending == Sending(1, 3, NOW, NOW, None)
    assert lost == 1
    assert [(row.state, row.attempts, row.message_id) for row in rows] == [
        ("sent", 1, "<1@a>"),
        ("unknown", 1, "<2@a>"),
        ("queued", 0, "<3@a>"),
    ]
    assert len({row.key for row in rows}) == 3


def test_who_was_pending_before_is_owed_nothing(tmp_path: Path) -> None:
    """Nobody who asked an earlier program is mailed by this one, until they ask again."""
    path, day = tmp_path / "state.db", "2026-11-23T08:00:00Z"
    at_version(path, "0005")
    statuses: dict[int, Status] = {1: "pending", 2: "active", 7: "pending"}
    with closing(sqlite3.connect(path)) as before, before:
        before.execute("INSERT INTO consents VALUES (1, 'I want it.')")
        for number, status in statuses.items():
            named = (number, f"{number}@example.org", f"T{number}", status, day, "asked", "form", 1)
            row = (*named, day, day, None, "each", "[]", "de")
            before.execute(f"INSERT INTO subscribers VALUES ({', '.join('?' * len(row))})", row)

    with open_store(path) as store:
        people = list(store.subscribers())
        owed = store.count_owed(), store.next_owed(), store.claim_owed(NOW, NOW)
        store.ask_subscriber("7@example.org", Consent("form"), NOW)
        claimed = store.claim_owed(NOW, NOW)

    assert people == [
        Subscriber(
            *(f"{number}@example.org", status, NOW, "asked", Consent("form", "I want it."), NOW, NOW),
            wishes=Wishes(language="de"),
            id=number,
            token=f"T{number}",
        )
        for number, status in statuses.items()
    ]
    assert owed == (0, None, None)
    assert claimed == Owed(7, "7@example.org", 1, NOW)


def test_what_was_put_off_before_keeps_its_count(tmp_path: Path) -> None:
    """Deliveries that an earlier program left half-way go on where they were."""
    path, day = tmp_path / "state.db", "2026-11-23T08:00:00Z"
    at_version(path, "0006")
    states = {"deferred": 3, "queued": 2, "sending": 0, "unknown": 1}
    with closing(sqlite3.connect(path)) as before, before:
        before.execute("PRAGMA foreign_keys = OFF")
        for number, (state, excused) in enumerate(states.items(), 1):
            row = (number, 1, None, f"{number}@a", "T", f"k{number}", "<1@a>", day, state, None, None, None)
            values = (*row, excused + 1, excused, 0, None, day)
            before.execute(f"INSERT INTO deliveries VALUES ({', '.join('?' * len(values))})", values)

    with open_store(path) as store:
        rows = list(store.deliveries(1))

    assert [(row.state, row.deferrals, row.handed_at) for row in rows] == [
        ("deferred", 3, None),
        ("queued", 0, None),
        ("sending", 0, NOW),
        ("unknown", 0, NOW),
    ]


def test_runs_keep_what_became_of_them(tmp_path: Path) -> None:
    """Runs of an earlier program are there as they were; what it left running may be taken over at once."""
    path = tmp_path / "state.db"
    at_version(path, "0003")
    with closing(sqlite3.connect(path)) as before, before:
        moment = "2026-11-23T07:00:00Z"
        before.execute("INSERT INTO runs VALUES (4, 'build', ?, 'done', ?, ?, '3 files')", [moment] * 3)
        before.execute("INSERT INTO runs VALUES (9, 'letter', ?, 'running', ?, NULL, NULL)", [moment] * 2)

    with open_store(path) as store:
        letter, build = store.recent_runs(9)
        taken = store.claim_run("letter", letter.due_at, NOW, Lease("me", NOW, NOW))

    assert (build.job, build.state, build.summary, build.changes) == ("build", "done", "3 files", [])
    assert (taken.owner, taken.started_at) == ("me", NOW)


def test_head_is_the_newest_migration() -> None:
    """The constant that saves an import is what Alembic finds on disk, and revisions sort as they follow."""
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    script = ScriptDirectory.from_config(config)

    revisions = [revision.revision for revision in script.walk_revisions()]

    assert script.get_current_head() == schema.HEAD
    assert revisions == sorted(revisions, reverse=True)


def test_migrations_call_nothing_of_the_program() -> None:
    """What a migration does stays the same whatever becomes of the code, so it imports none of it."""
    for path in schema.MIGRATIONS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                assert not any(alias.name.startswith("feedmaker") for alias in node.names), path
            elif isinstance(node, ast.ImportFrom):
                assert not (node.module or "").startswith("feedmaker"), path


def test_current_database_is_opened_without_alembic(tmp_path: Path) -> None:
    """Where there is nothing to migrate, the import that takes longest is left out."""
    path = tmp_path / "state.db"
    with open_store(path):
        pass
    program = (
        "import pathlib, sys; from feedmaker.store import open_store\n"
        "with open_store(pathlib.Path(sys.argv[1])) as store: list(store.subscribers())\n"
        "assert 'alembic' not in sys.modules"
    )

    done = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def test_newer_database_is_refused(tmp_path: Path) -> None:
    """An older program would not know what it changes; the text names both versions and the cure."""
    path = tmp_path / "state.db"
    with open_store(path):
        pass
    set_version(path, "9001")

    with pytest.raises(
        StoreError, match=r"newer feedmaker .*at 9001, this program knows .*; update feedmaker"
    ):
        open_store(path)


def test_killed_migration_is_begun_again(tmp_path: Path) -> None:
    """Tables and version are one transaction, so a program that dies in between leaves an empty database."""
    path = tmp_path / "state.db"
    program = (
        "import os, pathlib, signal, sys; from feedmaker.store import open_store, schema\n"
        "whole = schema.upgrade\n"
        "def dies(connection): whole(connection); os.kill(os.getpid(), signal.SIGKILL)\n"
        "schema.upgrade = dies\n"
        "open_store(pathlib.Path(sys.argv[1]))"
    )

    done = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=False)

    assert done.returncode == -9, done.stderr
    assert described(path) == {}
    with open_store(path) as store:
        assert list(store.subscribers()) == []


def test_two_programs_make_one_database(tmp_path: Path) -> None:
    """Of several that find no tables at once, one makes them and the others wait for it."""
    program = (
        "import pathlib, sys; from feedmaker.store import open_store\n"
        "with open_store(pathlib.Path(sys.argv[1])): pass"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "state.db")]

    started = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    errors = [process.communicate()[1] for process in started]

    assert errors == ["", "", ""]
    with closing(sqlite3.connect(tmp_path / "state.db")) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(schema.HEAD,)]
