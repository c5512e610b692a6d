"""While another program holds the state database: who only looks is served, and the log says it once."""

from __future__ import annotations

import io
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from feedmaker.app.signup import Asking, SignupDesk
from feedmaker.signs.log import Log
from feedmaker.signup.limits import Refusal
from feedmaker.web.outage import Outage
from tests.signup.conftest import ANN, NOW, ONE_CLICK, PATIENCE, Served

MANY = 60
AT_ONCE = 32


@contextmanager
def held(served: Served) -> Iterator[None]:
    """Hold the state database as another program that writes does."""
    with closing(sqlite3.connect(served.project.store_path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("UPDATE subscribers SET reason = 'being written'")
        try:
            yield
        finally:
            other.execute("ROLLBACK")


def told(served: Served, words: str) -> int:
    """Count the lines of the log with some words in them."""
    return sum(words in line for line in served.log.splitlines())


def test_pages_that_only_read_wait_for_nobody_who_writes(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many wait to write, the pages to confirm, leave and choose are shown at once."""
    monkeypatch.setattr("feedmaker.store.database.BUSY_SECONDS", PATIENCE)
    token, link = served.reader_token(served.add(ANN)), served.confirm_link("bo@example.org")
    waiting, answers = threading.Semaphore(0), []
    ask = SignupDesk.ask

    def seen(desk: SignupDesk, asking: Asking) -> Refusal | None:
        waiting.release()
        return ask(desk, asking)

    def sign_up(number: int) -> None:
        header = {"X-Forwarded-For": f"198.51.{number}.7"}
        answers.append(served.ask(f"p{number}@example.org", headers=header).status_code)

    monkeypatch.setattr(SignupDesk, "ask", seen)
    threads = [threading.Thread(target=sign_up, args=(number,)) for number in range(MANY)]
    with held(served):
        for thread in threads:
            thread.start()
        for _ in range(AT_ONCE):
            assert waiting.acquire(timeout=PATIENCE)
        pages = [served.get(path) for path in (link, f"leave/{token}", f"choose/{token}") * 3]
        answered = len(answers)
    for thread in threads:
        thread.join(PATIENCE)

    assert [page.status_code for page in pages] == [200] * 9
    assert answered == 0
    assert answers == [200] * MANY


def test_outage_is_told_when_it_begins_and_when_it_is_over(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log says once why many are turned away, and once how many; the next outage is another."""
    monkeypatch.setattr("feedmaker.store.database.BUSY_SECONDS", 0.05)
    token = served.reader_token(served.add(ANN))
    for outage in (1, 2):
        with held(served):
            assert [served.ask("bo@example.org").status_code for _ in range(4)] == [503] * 4
            assert served.get(f"choose/{token}").status_code == 200
            assert served.post(f"choose/{token}", "cadence=each").status_code == 503
            assert told(served, "another program holds it") == outage
            assert told(served, "can be used again") == outage - 1
        assert served.get(f"choose/{token}").status_code == 200
        assert told(served, "can be used again") == outage - 1
        for _ in range(2):
            assert served.post(f"choose/{token}", "cadence=each").status_code == 200
            assert told(served, "can be used again; requests that were turned away: 5") == outage


@pytest.mark.parametrize("page", ["confirm", "choose", "leave"])
def test_busy_database_tells_no_good_token_from_others(
    served: Served, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    """Whoever posts something meanwhile gets one answer, whether somebody has the token or nobody."""
    monkeypatch.setattr("feedmaker.store.database.BUSY_SECONDS", 0.05)
    good = served.reader_token(served.add(ANN))
    if page == "confirm":
        good = served.confirm_link("bo@example.org").removeprefix("confirm/")
    with held(served):
        first, second = (served.post(f"{page}/{token}", ONE_CLICK) for token in (good, "x" * len(good)))

    assert (first.status_code, first.text) == (second.status_code, second.text)
    assert first.status_code == 503


def test_another_reason_is_told_too() -> None:
    """What is wrong is said again when it is something else, and all who met either are counted."""
    said = io.BytesIO()
    outage = Outage(Log(said, lambda: NOW))
    outage.end()
    for why in ("busy", "busy", "full", "full"):
        outage.turn_away(why)
    outage.end()
    outage.end()

    lines = [line.partition("Z ")[2] for line in said.getvalue().decode().splitlines()]
    assert lines == [
        "error: busy",
        "error: full",
        "the state database can be used again; requests that were turned away: 4",
    ]
