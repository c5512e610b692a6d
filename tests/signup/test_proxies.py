"""The web servers that docs/signup.md names, set up as it says: what people get through them."""

from __future__ import annotations

import re
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, replace
from email import message_from_bytes, policy
from urllib.parse import urljoin

import httpx
import lxml.html
import pytest

from feedmaker.serving import Server
from feedmaker.signup.limits import NETWORK_AN_HOUR
from feedmaker.store import Wishes
from tests.projects import ProjectFolder
from tests.servers import SERVERS, free_port
from tests.signup.conftest import ANN, BLOG, CHOICES, ELSEWHERE, ONE_CLICK, SIGNUP, Serve, Served, link_of
from tests.signup.proxies import HOST, Proxy, example, proxy
from tests.signup.test_command import started
from tests.signup.test_events import call, sent

ADDRESS = f"https://{HOST}/letter/"
MOST = 16_384
BOUNDARY = "=_one_click"
MULTIPART = (
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n'
    f"--{BOUNDARY}--\r\n"
)


@dataclass(frozen=True)
class Behind:
    """Hold pages that are reached through a web server only, and that server."""

    served: Served
    proxy: Proxy


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> Server:
    """Choose a web server."""
    name: Server = request.param
    return name


@pytest.fixture
def behind(server: Server, serve_pages: Serve) -> Iterator[Behind]:
    """Serve pages behind a web server; the proxy is the one address from which it is believed who asks."""
    inside = serve_pages(f"  proxies: 127.0.0.1\n{BLOG}{CHOICES}", address=ADDRESS)
    with proxy(server, inside.port, example(server)) as running, running.client() as client:
        yield Behind(replace(inside, client=client), running)


def test_whole_way(behind: Behind) -> None:
    """Somebody signs up, confirms, chooses and leaves, at the outer address and without a detour."""
    served = behind.served
    form = served.get("")
    asked = served.ask(ANN)
    mail = served.mailbox.next()
    link = link_of(mail, ADDRESS)
    answers = [form, asked, served.get(link), served.post(link)]
    person = served.person(ANN)
    assert person
    assert person.status == "active"
    path = served.reader_token(person)
    answers += [served.get(f"choose/{path}"), served.post(f"choose/{path}", "cadence=digest")]
    chosen = served.person(ANN)
    assert chosen
    assert chosen.wishes == Wishes("digest")
    answers += [served.get(f"leave/{path}"), served.post(f"leave/{path}")]
    left = served.person(ANN)
    assert left
    assert left.status == "unsubscribed"

    assert [answer.status_code for answer in answers] == [200] * len(answers)
    for answer in answers:
        page = lxml.html.document_fromstring(answer.text)
        for element in page.xpath("//*[@href or @src or @action]"):
            (led,) = (element.get(name) for name in ("href", "src", "action") if element.get(name))
            assert urljoin(str(answer.url), led).startswith((ADDRESS, "https://lamp.example.org/", "data:,"))
        (style,) = page.xpath("//link[@rel='stylesheet']/@href")
        sheet = served.client.get(urljoin(str(answer.url), style))
        assert (sheet.status_code, sheet.headers["content-type"]) == (200, "text/css; charset=utf-8")
    assert "127.0.0.1" not in mail.as_string() + "".join(answer.text for answer in answers)


def test_mail_programs_leave_by_one_click(behind: Behind) -> None:
    """Both forms that RFC 8058 allows arrive, and are answered without a redirect."""
    served = behind.served
    kinds = {
        "application/x-www-form-urlencoded": ONE_CLICK,
        f"multipart/form-data; boundary={BOUNDARY}": MULTIPART,
    }
    for number, (kind, body) in enumerate(kinds.items()):
        person = served.add(f"p{number}@example.org")
        path = f"leave/{served.reader_token(person)}"

        answer = served.client.post(ADDRESS + path, content=body, headers={"Content-Type": kind})

        assert (answer.status_code, answer.text) == (200, "You are unsubscribed.\n")
        left = served.person(person.address)
        assert left
        assert (left.status, left.reason) == ("unsubscribed", "left by one click")


def test_scripts_ask_in_json(behind: Behind) -> None:
    """A browser may ask first, and answers say for which site they are."""
    client, url = behind.served.client, f"{ADDRESS}subscribe"
    asking = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}

    first = client.options(url, headers={"Origin": ELSEWHERE, **asking})
    done = client.post(url, json={"email": ANN}, headers={"Origin": ELSEWHERE})
    wrong = client.post(url, json={"email": "ann"})

    assert [answer.headers.get("access-control-allow-origin") for answer in (first, done)] == [ELSEWHERE] * 2
    assert (done.status_code, done.json()) == (202, {"status": "look into your mailbox"})
    assert (wrong.status_code, list(wrong.json())) == (422, ["error"])


def test_address_without_its_slash_leads_to_the_form(behind: Behind) -> None:
    """Who types it like that arrives; the site beside it is served as before."""
    client = behind.served.client

    form = client.get(ADDRESS.rstrip("/"), follow_redirects=True)

    assert (form.status_code, form.url.host, form.url.path) == (200, HOST, "/letter/")
    assert form.url.scheme == "https"
    assert 'action="subscribe"' in form.text
    assert client.get(f"https://{HOST}/").text == "The site itself.\n"


def test_nobody_hides_behind_headers(behind: Behind) -> None:
    """Who asks is known by where they come from, and a network that asks too often is held back.

    They come from some addresses, so that a limit of the web server for each of them is not what counts.
    """
    served, codes = behind.served, []
    with ExitStack() as stack:
        neighbours = [stack.enter_context(behind.proxy.client(f"127.7.0.{n}")) for n in range(1, 6)]
        for number in range(NETWORK_AN_HOUR + 1):
            forged = [
                ("X-Forwarded-For", f"10.{number}.0.1"),
                ("X-Forwarded-For", f"10.0.{number}.1, 192.0.2.{number}"),
                ("X-Real-IP", f"10.{number}.0.1"),
                ("Forwarded", f"for=10.{number}.0.1"),
            ]
            asking = replace(served, client=neighbours[number % len(neighbours)])
            codes.append(asking.ask(f"p{number}@example.org", headers=forged).status_code)
        page = replace(served, client=neighbours[0]).ask(ANN).text
        other = stack.enter_context(behind.proxy.client("127.8.0.1"))

        assert replace(served, client=other).ask(ANN).status_code == 200

    assert codes == [200] * NETWORK_AN_HOUR + [429]
    assert "Too many requests came from your network." in page
    assert "that of a proxy" not in served.log


@pytest.mark.parametrize("server", ["nginx"])
def test_limits_of_the_example_hold(behind: Behind) -> None:
    """Who asks for the form in one go is held back after eleven times; those who leave never are."""
    served = behind.served
    token = served.reader_token(served.add(ANN))

    leaving = {served.post(f"leave/{token}", ONE_CLICK).status_code for _ in range(40)}
    asking = [served.get("subscribe").status_code for _ in range(40)]

    assert leaving == {200}
    assert asking[:11] == [200] * 11
    assert set(asking[11:]) >= {429}
    assert set(asking) == {200, 429}


def test_body_has_a_bound(behind: Behind) -> None:
    """What feedmaker takes passes, one byte more and much more do not; that is told each time."""
    served = behind.served
    token = served.reader_token(served.add(ANN))
    typed = {"Content-Type": "application/x-www-form-urlencoded"}
    for path in ("subscribe", "events/resend", f"leave/{token}"):
        for is_chunked in (False, True):
            codes = []
            for size in (MOST + 1, 100 * MOST, MOST):
                body = b"x" * size
                content = iter([body]) if is_chunked else body
                codes.append(served.client.post(ADDRESS + path, content=content, headers=typed).status_code)

            assert codes[:2] == [413, 413], path
            assert codes[2] in (200, 401, 422), path


@pytest.mark.usefixtures("provider_secret")
def test_provider_can_call(behind: Behind) -> None:
    """Its events arrive byte for byte with their signature, up to what feedmaker takes."""
    served = behind.served
    about = sent(served)

    assert [call(served, about, more=more) for more in (15_900, 4_000, 0)] == [200] * 3

    person = served.person(ANN)
    assert person
    assert person.status == "bounced"


def test_command_itself_stands_behind_it(project: ProjectFolder) -> None:
    """`feedmaker serve`, started as the docs say, is reached from outside, and its mail leads there again."""
    port = free_port()
    project.schedule(SIGNUP.format(address=ADDRESS, more=f'  listen: "127.0.0.1:{port}"\n'))
    with started(project) as (process, _), proxy("nginx", port, example("nginx")) as running:
        with running.client() as client:
            assert client.post(f"{ADDRESS}subscribe", data={"email": ANN}).status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0

    mail = (project.root / "outbox" / "confirm" / f"{ANN}.eml").read_bytes()
    assert link_of(message_from_bytes(mail, policy=policy.default), ADDRESS).startswith("confirm/")


# What is kept of it


def hang_up(listening: socket.socket, stop: threading.Event) -> None:
    """Take calls and end them without a word."""
    while not stop.is_set():
        with closing(listening.accept()[0]) as client, suppress(OSError):
            client.recv(1)


@pytest.fixture(params=["nobody there", "hangs up"])
def broken(request: pytest.FixtureRequest) -> Iterator[int]:
    """Return a port at which nobody answers."""
    if request.param == "nobody there":
        yield free_port()
        return
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=hang_up, args=(listening, stop))
        thread.start()
        yield listening.getsockname()[1]
        stop.set()
        socket.create_connection(listening.getsockname()).close()
        thread.join()


def visit(client: httpx.Client, token: str) -> list[int]:
    """Ask for everything that has a token in its address, in all ways; return the statuses.

    Each has a connection of its own, because Apache ends older ones without a word when nobody answers it.
    """
    codes, alone = [], {"Connection": "close"}
    for path in (f"confirm/{token}", f"leave/{token}", f"choose/{token}"):
        url = ADDRESS + path
        codes.append(client.get(url, headers=alone).status_code)
        bodies = ("x=1", "x" * 2 * MOST)
        codes += [client.post(url, content=body, headers=alone).status_code for body in bodies]
    return codes


def said_after_all(running: Proxy, client: httpx.Client) -> str:
    """Return what a web server has logged when it has logged one request more, if it does log any."""
    client.get(f"https://{HOST}/the-last")
    for _ in range(200 if running.logs_requests else 0):
        if "/the-last" in running.said():
            break
        threading.Event().wait(0.05)
    said = running.said()
    assert ("/the-last" in said) == running.logs_requests
    return said


def test_tokens_are_in_no_log(behind: Behind) -> None:
    """Neither program writes them down, whatever is asked for; what else is asked of the site it may."""
    served = behind.served
    token = served.reader_token(served.add(ANN))

    codes = visit(served.client, token)

    assert set(codes) == {200, 404, 413}
    assert token not in said_after_all(behind.proxy, served.client) + served.log
    assert "POST /leave/… 200" in served.log


def test_tokens_are_in_no_log_when_nobody_answers(server: Server, broken: int) -> None:
    """Nor does the web server when it has something to complain of."""
    with proxy(server, broken, example(server)) as running, running.client() as client:
        codes = visit(client, "0a1b2c3d4e5f")

        said = said_after_all(running, client)
    assert set(codes) - {413} in ({502}, {503})
    assert "0a1b2c3d4e5f" not in said
    assert server != "caddy" or '"uri":"/letter/leave/…"' in said


def test_path_may_stay_as_it_is(serve_pages: Serve) -> None:
    """Without a slash at the end of `proxy_pass` the whole path arrives, which is as good."""
    inside = serve_pages(address=ADDRESS)
    text = re.sub(r"(proxy_pass http://[0-9.:]+)/\w*;", r"\1;", example("nginx"))
    assert text != example("nginx")
    with proxy("nginx", inside.port, text) as running, running.client() as client:
        served = replace(inside, client=client)

        assert 'action="subscribe"' in served.get("").text
        assert served.ask(ANN).status_code == 200
