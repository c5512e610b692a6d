"""Whether links answer: real servers on this machine, the pages of a build, and a memory with a clock."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta

import pytest

from feedmaker.app import links
from feedmaker.app.drafting import draft
from feedmaker.app.links import BAD_FOR, GOOD_FOR, link_findings
from feedmaker.fetch import probe
from feedmaker.newsletter.checks import Finding
from feedmaker.store import Issue
from tests.projects import LATER, ProjectFolder
from tests.test_fetch import Talk, answer, serving

SITE = "https://lamp.example.org/notes/"


@pytest.fixture(autouse=True)
def _without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "PAUSE", 0)


@pytest.fixture
def issue(project: ProjectFolder) -> Issue:
    """Draft an issue of one note."""
    project.build()
    project.note("fog")
    drafted = draft(project.open(), LATER).issue
    assert drafted
    return drafted


def by_path(connection: socket.socket, request: str) -> None:
    """Answer as the path says."""
    method, path, _ = request.split(" ", 2)
    name = path[1:].partition("?")[0]
    if name == "dropped" or (name == "head-dropped" and method == "HEAD"):
        return
    if name == "no-head" and method == "HEAD":
        connection.sendall(answer(b"", "405 Method Not Allowed"))
    elif name in ("301", "302"):
        connection.sendall(answer(b"", f"{name} Moved", "Location: /200"))
    elif name == "far":
        connection.sendall(answer(b"", "301 Moved", "Location: /302"))
    else:
        status = name if name.isdecimal() else "200"
        connection.sendall(answer(b"" if method == "HEAD" else b"x" * 5_000_000, f"{status} Said"))


def linking(issue: Issue, addresses: Sequence[str]) -> Issue:
    """Let an issue have these links and no other."""
    return replace(issue, html="".join(f'<a href="{address}">words</a>' for address in addresses))


def asked(project: ProjectFolder, issue: Issue, *addresses: str) -> list[Finding]:
    """Check links at a moment, those into this machine too."""
    opened = project.open()
    return link_findings(opened, opened.config(), linking(issue, addresses), LATER, private=True)


def told(project: ProjectFolder, issue: Issue, path: str, talk: Talk = by_path) -> str:
    """Return what is said of a link to a server, without its address; nothing where it is good."""
    with serving(talk) as server:
        found = asked(project, issue, server.address + path)
    return "".join(f"{each.code}: {each.message}".replace(server.address, "") for each in found)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("200", ""),
        ("no-head", ""),
        ("head-dropped", ""),
        ("302", ""),
        ("far", ""),
        ("301", "link-moved: 301 has moved for good to 200"),
        ("404", "dead-link: 404: the answer was 404 Not Found"),
        ("410", "dead-link: 410: the answer was 410 Gone"),
        ("403", "link-not-checked: 403: the answer was 403 Forbidden"),
        ("429", "link-not-checked: 429: the answer was 429 Too Many Requests"),
        ("500", "link-not-checked: 500: the answer was 500 Internal Server Error"),
        ("799", "link-not-checked: 799: the answer was 799"),
        ("dropped", "link-not-checked: dropped: the answer is damaged; try again later, or tell its owner"),
    ],
)
def test_answers_are_told_apart(project: ProjectFolder, issue: Issue, path: str, said: str) -> None:
    """What is gone is an error; what cannot be known, or has moved for good, is a warning."""
    assert told(project, issue, path) == said


def test_slow_server_is_not_waited_for(
    project: ProjectFolder, issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A link that does not answer in its time is a warning."""
    monkeypatch.setattr(links, "PATIENCE", 0.2)
    over = threading.Event()

    def wait(_connection: socket.socket, _request: str) -> None:
        over.wait(10)

    said = told(project, issue, "slow", wait)
    over.set()

    assert said.startswith("link-not-checked: slow: no complete answer within 0.2 seconds")


def test_nothing_is_asked_when_the_time_is_up(
    project: ProjectFolder, issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All links together have a deadline; what is left is told, and not remembered."""
    monkeypatch.setattr(links, "DEADLINE", 0)
    with serving(by_path) as server:
        (found,) = asked(project, issue, f"{server.address}200")

    assert (found.code, "was not asked" in found.message, server.asked) == ("link-not-checked", True, [])
    assert json.loads((project.root / ".feedmaker" / "links.json").read_bytes()) == {}


def test_head_is_asked_first_and_no_body_is_read(project: ProjectFolder, issue: Issue) -> None:
    """GET follows only where HEAD is answered badly, and never where a server is asked too much."""
    with serving(by_path) as server:
        asked(project, issue, *(f"{server.address}{path}" for path in ("200", "no-head", "429")))

    assert [request.split(" HTTP")[0] for request in server.asked] == [
        "HEAD /200",
        "HEAD /no-head",
        "GET /no-head",
        "HEAD /429",
    ]


def test_host_that_wants_rest_is_left_alone(project: ProjectFolder, issue: Issue) -> None:
    """After 429 or 503 nothing more is asked there, and other hosts still are."""
    with serving(by_path) as busy, serving(by_path) as other:
        addresses = [f"{busy.address}{path}" for path in ("429", "404", "a")]
        found = asked(project, issue, *addresses, f"{other.address}404")

    assert len(busy.asked) == 1
    assert sorted(each.code for each in found) == [
        "dead-link",
        "link-not-checked",
        "link-not-checked",
        "link-not-checked",
    ]


def test_one_host_is_asked_for_one_thing_at_a_time(project: ProjectFolder, issue: Issue) -> None:
    """Hosts are asked side by side, each for one address after the other."""
    now, most = 0, 0
    lock = threading.Lock()
    met = threading.Barrier(2, timeout=60)

    def count(connection: socket.socket, request: str) -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        by_path(connection, request)
        with lock:
            now -= 1

    def meet(connection: socket.socket, request: str) -> None:
        met.wait()
        by_path(connection, request)

    with ExitStack() as stack:
        one = stack.enter_context(serving(count))
        asked(project, issue, *(f"{one.address}{number}" for number in range(200, 208)))
        two = [stack.enter_context(serving(meet)) for _ in range(2)]
        assert asked(project, issue, *(f"{server.address}200" for server in two)) == []

    assert (len(one.asked), most) == (8, 1)


def test_answers_are_remembered(project: ProjectFolder, issue: Issue) -> None:
    """A good answer holds for a day and a bad one for ten minutes, by the clock that is given."""
    opened = project.open()
    with serving(by_path) as server:
        linked = linking(issue, [f"{server.address}200#a", f"{server.address}404", f"{server.address}200#b"])

        def look(after: timedelta) -> tuple[int, list[str]]:
            before = len(server.asked)
            found = link_findings(opened, opened.config(), linked, LATER + after, private=True)
            return len(server.asked) - before, [each.code for each in found]

        second = timedelta(seconds=1)
        assert look(timedelta(0)) == (3, ["dead-link"])
        assert look(BAD_FOR - second) == (0, ["dead-link"])
        assert look(BAD_FOR) == (2, ["dead-link"])
        assert look(GOOD_FOR - second) == (2, ["dead-link"])
        assert look(GOOD_FOR) == (1, ["dead-link"])
        assert look(-second) == (3, ["dead-link"])


@pytest.mark.parametrize("data", [b"", b"[]", b'{"a": 1}', b'{"a": {"at": "soon"}}', b"\xff", b"null"])
def test_damaged_memory_is_as_good_as_none(project: ProjectFolder, issue: Issue, data: bytes) -> None:
    """It is written anew."""
    (project.root / ".feedmaker" / "links.json").write_bytes(data)

    assert told(project, issue, "404") == "dead-link: 404: the answer was 404 Not Found"
    assert told(project, issue, "200") == ""


def test_pages_of_a_build_are_looked_up_on_disk(project: ProjectFolder, issue: Issue) -> None:
    """They may not be on the site yet; the place behind a # has to be there, and nothing is asked."""
    page = f"{SITE}episodes/fog/"
    html = (project.public / "episodes" / "fog" / "index.html").read_text("utf-8")
    place = html.partition(' id="')[2].partition('"')[0]
    own = f"{SITE}newsletter/{issue.slug}/"

    assert place
    assert asked(project, issue, SITE, page, f"{page}?a=1#{place}", f"{SITE}feed.xml", own) == []
    (found,) = asked(project, issue, f"{page}#nowhere")
    assert (found.code, found.message) == ("dead-link", f"{page}#nowhere: the page has no such place")


@pytest.mark.parametrize(
    "path", ["%2e%2e/schedule.yaml", "../schedule.yaml", "%00", "a" * 5000, "/etc/hosts"]
)
def test_no_address_leads_out_of_the_site(project: ProjectFolder, path: str) -> None:
    """What is no page of the build is not looked up elsewhere."""
    assert links._built_page(project.public, SITE, SITE + path) is None


def test_only_public_addresses_are_asked(project: ProjectFolder, issue: Issue) -> None:
    """A link into a private network is never followed, and told."""
    opened = project.open()
    with serving(by_path) as server:
        (found,) = link_findings(opened, opened.config(), linking(issue, [f"{server.address}200"]), LATER)

    assert (found.code, server.asked) == ("link-not-checked", [])
    assert "leads into a private network" in found.message


def test_probe_tells_where_it_ended() -> None:
    """Address and status are those at the end of all redirects, and only lasting ones have moved it."""
    with serving(by_path) as server:
        at = {path: probe(server.address + path, private=True) for path in ("301", "far", "200")}

    assert {
        path: (found.url.rpartition("/")[2], found.status, found.moved) for path, found in at.items()
    } == {
        "301": ("200", 200, True),
        "far": ("200", 200, False),
        "200": ("200", 200, False),
    }


def test_probe_reads_no_body() -> None:
    """A body without an end does not matter."""

    def endless(connection: socket.socket, request: str) -> None:
        head = "200 OK" if request.startswith("GET") else "501 Not Implemented"
        connection.sendall(f"HTTP/1.1 {head}\r\nContent-Length: 999999999999\r\n\r\n".encode())

    with serving(endless) as server:
        assert probe(server.address, private=True, deadline=10).status == 200
