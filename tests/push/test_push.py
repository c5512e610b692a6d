"""Who is told of changed feeds, when it is tried again, and what is kept meanwhile."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from feedmaker.config import Push
from feedmaker.push import TOKEN, Outcome, deliver, next_due, queue
from tests.projects import ROOT
from tests.push.hub import Hub, Told, listening

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
SITE = "https://lamp.example.org/notes/"
FEEDS = [SITE + "feed.xml", SITE + "atom.xml"]
PODCAST = SITE + "podcast.xml"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def hub() -> Iterator[Hub]:
    """Run a hub."""
    with listening() as running:
        yield running


@pytest.fixture
def pings(tmp_path: Path) -> Path:
    """Name a queue that is not there yet."""
    return tmp_path / ".feedmaker" / "pings.json"


def waiting(path: Path) -> list[tuple[str, str]]:
    """Return service and topic of what waits."""
    notices = json.loads(path.read_bytes())["notices"] if path.exists() else []
    return [(notice["service"], notice["topic"]) for notice in notices]


def states(outcomes: list[Outcome]) -> list[tuple[str, str]]:
    """Return what became of which feed."""
    return [(outcome.state, outcome.topic) for outcome in outcomes]


def test_hub_is_told_of_each_changed_feed_once(hub: Hub, pings: Path) -> None:
    """A hub gets one form for each feed that changed, by both names that hubs read, and then nothing more."""
    assert queue(pings, FEEDS, Push(hubs=(hub.address,)), [], NOW) is None

    outcomes = deliver(pings, NOW, {})

    assert states(outcomes) == [("told", topic) for topic in sorted(FEEDS)]
    assert hub.told == [
        Told("POST", "/hub", {"hub.mode": "publish", "hub.url": topic, "hub.topic": topic}, None)
        for topic in sorted(FEEDS)
    ]
    assert not pings.exists()
    assert deliver(pings, NOW, {}) == []


def test_every_hub_is_told(pings: Path) -> None:
    """With two hubs both hear of a feed, whatever becomes of the other."""
    with listening() as one, listening() as other:
        other.status = 500
        queue(pings, FEEDS[:1], Push(hubs=(one.address, other.address)), [], NOW)

        assert sorted(states(deliver(pings, NOW, {}))) == [("told", FEEDS[0]), ("waits", FEEDS[0])]
        assert one.topics == other.topics == FEEDS[:1]
        assert waiting(pings) == [("websub", FEEDS[0])]


def test_podcast_services_hear_of_podcasts_only(hub: Hub, pings: Path) -> None:
    """Podping and the Podcast Index are called plainly, with a token where one is wanted."""
    push = Push(podping=hub.address + "/p/", podcast_index=hub.address + "/notify?source=us")
    queue(pings, [*FEEDS, PODCAST], push, [PODCAST], NOW, "audiobook")

    outcomes = deliver(pings, NOW, {TOKEN: "hunter2"})

    assert [outcome.state for outcome in outcomes] == ["told", "told"]
    assert sorted(hub.told, key=lambda told: told.path) == [
        Told("GET", "/hub/notify", {"source": "us", "url": PODCAST}, None),
        Told("GET", "/hub/p/", {"reason": "update", "medium": "audiobook", "url": PODCAST}, "hunter2"),
    ]


def test_topic_with_signs_of_its_own_arrives_whole(hub: Hub, pings: Path) -> None:
    """An address with a query stays one value of the form or query."""
    topic = "https://lamp.example.org/feed.xml?a=b&c=%20d+e#f"
    queue(pings, [topic], Push(hubs=(hub.address,), podcast_index=hub.address), [topic], NOW)

    deliver(pings, NOW, {})

    assert hub.topics == [topic, topic]


@pytest.mark.parametrize(
    ("attempt", "minutes"), [(1, 1), (2, 5), (3, 30), (4, 120), (5, 360), (6, 360), (9, 360)]
)
def test_failure_is_tried_again_later_and_later(hub: Hub, pings: Path, attempt: int, minutes: int) -> None:
    """After each failure the pause grows, from a minute to six hours, and nothing happens before it ends."""
    hub.status, now = 500, NOW
    queue(pings, FEEDS[:1], Push(hubs=(hub.address,)), [], NOW)
    for _ in range(attempt - 1):
        (outcome,) = deliver(pings, now, {})
        assert outcome.due is not None
        now = outcome.due

    (outcome,) = deliver(pings, now, {})

    due = now + minutes * MINUTE
    assert outcome.due == next_due(pings) == due
    assert len(hub.told) == attempt
    assert deliver(pings, due - MINUTE / 60, {}) == []
    hub.status = 202
    assert states(deliver(pings, due, {})) == [("told", FEEDS[0])]
    assert len(hub.told) == attempt + 1


def test_hub_that_stays_dead_is_given_up_after_two_days(pings: Path) -> None:
    """A notice is dropped with a word when its next try would come more than two days after the change."""
    queue(pings, FEEDS[:1], Push(hubs=(dead_address(),)), [], NOW)
    now, tries = NOW, 0
    while True:
        (outcome,) = deliver(pings, now, {})
        tries += 1
        if outcome.due is None:
            break
        now = outcome.due

    assert outcome.state == "dropped"
    assert "cannot be reached" in outcome.message
    assert str(outcome).endswith("given up")
    assert timedelta(days=1) < now - NOW <= timedelta(days=2)
    assert 5 < tries < 15
    assert not pings.exists()


def dead_address() -> str:
    """Return an address of this machine where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}/hub"


@pytest.mark.parametrize("status", [400, 403, 404, 410])
def test_refusal_is_final(hub: Hub, pings: Path, status: int) -> None:
    """A hub that will not hear of a feed is not asked again, but of other feeds."""
    hub.status = status
    queue(pings, FEEDS, Push(hubs=(hub.address,)), [], NOW)

    outcomes = deliver(pings, NOW, {})

    assert states(outcomes) == [("dropped", topic) for topic in sorted(FEEDS)]
    assert {outcome.message for outcome in outcomes} == {f"the answer was {status}"}
    assert hub.topics == sorted(FEEDS)
    assert not pings.exists()


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
def test_passing_trouble_is_not_final(hub: Hub, pings: Path, status: int) -> None:
    """A hub that is busy or broken is asked again in a minute."""
    hub.status = status
    queue(pings, FEEDS[:1], Push(hubs=(hub.address,)), [], NOW)

    (outcome,) = deliver(pings, NOW, {})

    assert (outcome.state, outcome.due) == ("waits", NOW + MINUTE)


@pytest.mark.parametrize(
    ("said", "due"),
    [
        ("7200", NOW + timedelta(hours=2)),
        ("30", NOW + MINUTE / 2),
        (format_datetime(NOW + timedelta(hours=3), usegmt=True), NOW + timedelta(hours=3)),
        (format_datetime(NOW - timedelta(hours=3), usegmt=True), NOW + MINUTE),
        ("soon", NOW + MINUTE),
        ("-5", NOW + MINUTE),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_hub_may_say_when(hub: Hub, pings: Path, status: int, said: str, due: datetime) -> None:
    """Retry-After in both of its forms says when to come again; what is none is ignored."""
    hub.status, hub.headers = status, {"Retry-After": said}
    queue(pings, FEEDS, Push(hubs=(hub.address,)), [], NOW)

    outcomes = deliver(pings, NOW, {})

    assert [outcome.due for outcome in outcomes] == [due, due]
    assert len(hub.told) == 1, "a hub that is busy is not asked about the next feed"


def test_hub_that_asked_to_wait_is_left_alone_by_new_changes(hub: Hub, pings: Path) -> None:
    """What a busy hub asked for holds for feeds too that change meanwhile."""
    push = Push(hubs=(hub.address,))
    hub.status, hub.headers = 429, {"Retry-After": "3600"}
    queue(pings, FEEDS[:1], push, [], NOW)
    deliver(pings, NOW, {})

    queue(pings, FEEDS, push, [], NOW + MINUTE)

    assert deliver(pings, NOW + 2 * MINUTE, {}) == []
    hub.status = 202
    assert len(deliver(pings, NOW + timedelta(hours=1), {})) == 2


def test_hub_that_asks_for_more_than_two_days_is_given_up(hub: Hub, pings: Path) -> None:
    """A notice does not live longer because a hub says so."""
    hub.status, hub.headers = 503, {"Retry-After": "9" * 40}
    queue(pings, FEEDS[:1], Push(hubs=(hub.address,)), [], NOW)

    assert states(deliver(pings, NOW, {})) == [("dropped", FEEDS[0])]


def test_new_change_is_told_at_once_and_once(hub: Hub, pings: Path) -> None:
    """A feed that changes while its notice waits after a failure is told of at once, by one notice."""
    push = Push(hubs=(hub.address,))
    hub.status = 500
    queue(pings, FEEDS[:1], push, [], NOW)
    deliver(pings, NOW, {})
    hub.status = 202

    queue(pings, FEEDS[:1], push, [], NOW + MINUTE / 4)

    assert waiting(pings) == [("websub", FEEDS[0])]
    assert states(deliver(pings, NOW + MINUTE / 4, {})) == [("told", FEEDS[0])]


def test_feed_that_changes_while_its_hub_is_told_is_told_of_again(hub: Hub, pings: Path) -> None:
    """The hub may have fetched the old text, so what was queued during a delivery survives it."""
    push = Push(hubs=(hub.address,))
    hub.before = lambda: queue(pings, FEEDS[:1], push, [], NOW + MINUTE)
    queue(pings, FEEDS, push, [], NOW)

    deliver(pings, NOW, {})

    assert waiting(pings) == [("websub", FEEDS[0])]
    assert next_due(pings) == NOW + MINUTE


def test_services_that_are_configured_no_longer_are_forgotten(hub: Hub, pings: Path) -> None:
    """A hub that was taken out of schedule.yaml hears nothing more, though notices waited for it."""
    queue(pings, FEEDS, Push(hubs=(hub.address, "https://other.example/")), [], NOW)

    queue(pings, [], Push(hubs=(hub.address,)), [], NOW)
    assert len(waiting(pings)) == 2
    queue(pings, [], Push(), [], NOW)

    assert not pings.exists()
    assert deliver(pings, NOW, {}) == []


def test_nobody_to_tell_leaves_no_trace(pings: Path) -> None:
    """Without hubs and services a build writes nothing for them."""
    assert queue(pings, FEEDS, Push(), [PODCAST], NOW) is None

    assert not pings.parent.exists()
    assert next_due(pings) is None


def test_slow_hub_holds_nobody_longer_than_the_deadline(hub: Hub, pings: Path) -> None:
    """A hub that never answers costs its own share of time, and the others are told meanwhile."""
    ended = threading.Event()
    hub.before = ended.wait
    with listening() as quick:
        queue(pings, FEEDS, Push(hubs=(hub.address, quick.address)), [], NOW)
        began = time.monotonic()
        outcomes = deliver(pings, NOW, {}, total=20.0, each=0.3)
        took = time.monotonic() - began
        ended.set()

    assert took < 20.0
    assert sorted(outcome.state for outcome in outcomes) == ["told", "told", "waits", "waits"]
    assert quick.topics == sorted(FEEDS)
    assert len(hub.told) == 1, "a hub that does not answer is not asked about the next feed"


def test_what_there_was_no_time_for_is_due_still(hub: Hub, pings: Path) -> None:
    """A notice that was not even tried waits without a pause and loses none of its tries."""
    queue(pings, FEEDS, Push(hubs=(hub.address,)), [], NOW)
    before = pings.read_bytes()

    outcomes = deliver(pings, NOW, {}, total=0.0)

    assert [(outcome.state, outcome.message) for outcome in outcomes] == [
        ("waits", "no time was left for it")
    ] * 2
    assert hub.told == []
    assert pings.read_bytes() == before


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"version": 2, "notices": []}',
        b'{"version": 1, "notices": [5]}',
        b'{"version": 1, "notices": {"a": 1}}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_damaged_queue_is_begun_anew(hub: Hub, pings: Path, damage: bytes) -> None:
    """A damaged file loses what waited in it, says so, and stops nothing."""
    push = Push(hubs=(hub.address,))
    pings.parent.mkdir()
    pings.write_bytes(damage)

    warning = queue(pings, FEEDS[:1], push, [], NOW)

    assert warning is not None
    assert "pings.json was damaged and has been begun anew" in warning
    assert states(deliver(pings, NOW, {})) == [("told", FEEDS[0])]
    pings.write_bytes(damage)
    assert next_due(pings) is not None
    (outcome,) = deliver(pings, NOW, {})
    assert (outcome.state, pings.exists()) == ("dropped", False)
    assert "damaged" in str(outcome)


@pytest.mark.parametrize(
    "change",
    [
        {"service": "smoke"},
        {"service": ["websub"]},
        {"address": "file:///etc/passwd"},
        {"address": None},
        {"topic": 5},
        {"since": "2026-11-23T08:00:00"},
        {"due": "soon"},
        {"attempts": "1"},
    ],
)
def test_notice_that_nobody_wrote_is_damage(hub: Hub, pings: Path, change: dict[str, object]) -> None:
    """Nothing in the file is taken on trust."""
    queue(pings, FEEDS[:1], Push(hubs=(hub.address,)), [], NOW)
    data = json.loads(pings.read_bytes())
    data["notices"][0] |= change
    pings.write_text(json.dumps(data), "utf-8")

    (outcome,) = deliver(pings, NOW, {})

    assert (outcome.state, hub.told) == ("dropped", [])


def test_token_is_asked_for_and_the_notice_kept(hub: Hub, pings: Path) -> None:
    """Without a token Podping is not called; the notice waits until there is one."""
    queue(pings, [], Push(podping=hub.address), [PODCAST], NOW)

    (outcome,) = deliver(pings, NOW, {})

    assert outcome.state == "waits"
    assert outcome.message == "FEEDMAKER_PODPING_TOKEN is not set; see docs/serving.md#push"
    assert hub.told == []
    assert states(deliver(pings, NOW + MINUTE, {TOKEN: "hunter2"})) == [("told", PODCAST)]


def test_token_may_stand_in_a_file(hub: Hub, pings: Path, tmp_path: Path) -> None:
    """The token comes from a file where platforms hand it over as one; a file that is not there is said."""
    queue(pings, [], Push(podping=hub.address), [PODCAST], NOW)
    (outcome,) = deliver(pings, NOW, {f"{TOKEN}_FILE": str(tmp_path / "token")})
    assert outcome.state == "waits"
    assert "cannot read" in outcome.message
    (tmp_path / "token").write_text("hunter2\n", "utf-8")

    deliver(pings, NOW + MINUTE, {f"{TOKEN}_FILE": str(tmp_path / "token")})

    assert hub.told[0].authorization == "hunter2"


@pytest.mark.parametrize("status", [401, 403])
def test_token_that_is_refused_can_be_mended(hub: Hub, pings: Path, status: int) -> None:
    """A wrong token is said, and the notice waits for the right one."""
    hub.status = status
    queue(pings, [], Push(podping=hub.address), [PODCAST], NOW)

    (outcome,) = deliver(pings, NOW, {TOKEN: "hunter2"})

    assert outcome.state == "waits"
    assert outcome.message == "FEEDMAKER_PODPING_TOKEN was refused; check it"


def test_token_does_not_travel_in_the_open(pings: Path) -> None:
    """A token is sent over https only, but for services on this machine."""
    queue(pings, [], Push(podping="http://podping.example/"), [PODCAST], NOW)

    (outcome,) = deliver(pings, NOW, {TOKEN: "hunter2"})

    assert "a token must not travel over http" in outcome.message


@pytest.mark.parametrize("status", [200, 403, 500])
def test_token_shows_nowhere(hub: Hub, pings: Path, status: int) -> None:
    """No file, outcome or message holds the token, however the call ends."""
    hub.status = status
    queue(pings, [], Push(podping=hub.address + "?key=swordfish"), [PODCAST], NOW)

    outcomes = deliver(pings, NOW, {TOKEN: "hunter2"})

    written = b"".join(path.read_bytes() for path in pings.parent.iterdir())
    assert b"hunter2" not in written
    assert "hunter2" not in repr(outcomes) + "".join(map(str, outcomes))
    assert "swordfish" not in repr(outcomes) + "".join(map(str, outcomes))


def test_public_name_may_not_lead_into_a_private_network(hub: Hub, pings: Path) -> None:
    """A hub by a public name that leads to this machine is refused; one written as its address is not."""
    port = hub.address.rpartition(":")[2]
    queue(pings, FEEDS[:1], Push(hubs=(f"http://{socket.gethostname()}:{port}",)), [], NOW)

    (outcome,) = deliver(pings, NOW, {})

    assert outcome.state == "waits"
    assert hub.told == []


def test_changes_noted_at_once_are_all_kept(pings: Path) -> None:
    """Processes that write into the queue at the same time lose nothing of each other."""
    program = (
        "import sys; from datetime import datetime; from pathlib import Path\n"
        "from feedmaker.config import Push; from feedmaker.push import queue\n"
        "for number in range(20):\n"
        "    topic = f'https://a.example/{sys.argv[2]}-{number}.xml'\n"
        "    push = Push(hubs=('https://hub.example/',))\n"
        "    queue(Path(sys.argv[1]), [topic], push, [], datetime.fromisoformat(sys.argv[3]))\n"
    )
    with ExitStack() as stack:
        for name in "abc":
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", program, str(pings), name, NOW.isoformat()],
                    env={**os.environ, "PYTHONPATH": str(ROOT)},
                )
            )

    assert len(waiting(pings)) == len(set(waiting(pings))) == 60
