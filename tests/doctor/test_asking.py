"""What is asked of real servers on loopback: names, mail, pages."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from feedmaker.doctor import asking
from feedmaker.doctor.answers import UnansweredError
from feedmaker.doctor.asking import Resolver, greet, look_at, public_addresses
from feedmaker.doctor.relay import Relay
from feedmaker.errors import UsageError
from tests.doctor.servers import NOW, Authority, mail_server, web_server
from tests.doctor.zones import FAILING, Names, name_server

NAMES: Names = {
    "quay.test": {
        "TXT": ["v=spf1 -all", "ü" * 200, ""],
        "MX": ["10 mx.quay.test", "20 far.test"],
        "A": ["203.0.113.7", "203.0.113.8"],
        "AAAA": ["2001:db8::7"],
    },
    "silent.test": {"MX": ["0 "]},
    "alias.test": {"CNAME": ["quay.test"]},
    "7.113.0.203.in-addr.arpa": {"PTR": ["mx.quay.test"]},
}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Make an authority."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def trust(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this machine trust the authority."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.trusted))


@pytest.fixture
def closed() -> Iterator[int]:
    """Return a port at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.fixture
def mute(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Return a port at which somebody listens and says nothing, and be patient for a moment only."""
    monkeypatch.setattr(asking, "DEADLINE", 0.2)
    monkeypatch.setattr(asking, "_PATIENCE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        port = tcp.getsockname()[1]
        udp.bind(("127.0.0.1", port))
        yield port


# Names


def test_records_of_every_kind_are_read() -> None:
    """Texts come in one piece, and names without a dot at their end."""
    with name_server(NAMES) as server:
        resolver = Resolver(server)

        assert sorted(resolver.ask("quay.test", "TXT")) == ["", "v=spf1 -all", "ü" * 200]
        assert sorted(resolver.ask("Quay.Test", "MX")) == ["10 mx.quay.test", "20 far.test"]
        assert sorted(resolver.ask("quay.test", "A")) == ["203.0.113.7", "203.0.113.8"]
        assert resolver.ask("quay.test", "AAAA") == ("2001:db8::7",)
        assert resolver.ask("7.113.0.203.in-addr.arpa", "PTR") == ("mx.quay.test",)
        assert resolver.ask("silent.test", "MX") == ("0 ",)


def test_alias_is_followed() -> None:
    """Keys of DKIM are often kept by a provider, under an alias."""
    with name_server(NAMES) as server:
        assert "v=spf1 -all" in Resolver(server).ask("alias.test", "TXT")


@pytest.mark.parametrize("name", ["gone.test", "silent.test"])
def test_what_is_not_there_is_nothing(name: str) -> None:
    """No such name, and no record of that kind, are answers too."""
    with name_server(NAMES) as server:
        assert Resolver(server).ask(name, "TXT") == ()


@pytest.mark.parametrize("name", [FAILING, f"_dmarc.{FAILING}", "a..b", f"{'x' * 64}.test", "ü" * 70])
def test_what_nobody_knows_is_told_as_that(name: str) -> None:
    """A name server that fails, and a name that cannot be one, are no answers; others still get theirs."""
    with name_server(NAMES) as server:
        resolver = Resolver(server)
        with pytest.raises(UnansweredError, match="the DNS has no answer about TXT of"):
            resolver.ask(name, "TXT")

        assert resolver.ask("quay.test", "AAAA") == ("2001:db8::7",)


def test_question_is_asked_once() -> None:
    """What was answered is known, after the server is gone too."""
    with name_server(NAMES) as server:
        resolver = Resolver(server)
        with ThreadPoolExecutor(4) as pool:
            answers = set(pool.map(lambda _: resolver.ask("quay.test", "AAAA"), range(20)))

    assert answers == {("2001:db8::7",)}
    assert resolver.ask("quay.test", "AAAA") == ("2001:db8::7",)


def test_silence_is_waited_for_once(mute: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no name server has ever answered, the next question does not wait."""
    resolver = Resolver(f"127.0.0.1:{mute}")
    with pytest.raises(UnansweredError, match="no name server answers"):
        resolver.ask("quay.test", "A")
    monkeypatch.setattr(resolver, "_asked", lambda *_: pytest.fail("it was asked again"))

    with pytest.raises(UnansweredError, match="no name server answers"):
        resolver.ask("quay.test", "TXT")


@pytest.mark.skipif(sys.platform == "darwin", reason="it does not read that file")
def test_machine_without_a_name_server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine that knows no name server is one where nothing can be asked."""
    import dns.resolver

    read = dns.resolver.Resolver.read_resolv_conf
    monkeypatch.setattr(
        dns.resolver.Resolver, "read_resolv_conf", lambda self, _: read(self, str(tmp_path / "gone"))
    )

    with pytest.raises(UnansweredError, match="no name server to ask"):
        Resolver().ask("quay.test", "A")


@pytest.mark.parametrize("text", ["", ":53", "[::1", "127.0.0.1:99999", "no-such-host.invalid:0x"])
def test_unsound_name_server_is_refused(text: str) -> None:
    """The text says what is expected."""
    with pytest.raises(UsageError, match=r"--nameserver .* is no server; expected for example 9\.9\.9\.9"):
        Resolver(text)


# Mail


@pytest.mark.parametrize("login", [True, False])
@pytest.mark.usefixtures("trust")
def test_starttls_is_used(authority: Authority, login: bool) -> None:
    """What is offered after STARTTLS counts, and the certificate is looked at."""
    with mail_server(authority.context(), login=login) as port:
        found = greet(Relay("smtp", "127.0.0.1", port))

    assert found.certificate
    assert found.certificate.until == NOW + timedelta(days=90)
    assert (found.fault, found.address, found.is_near, found.has_login) == ("", "127.0.0.1", True, login)


@pytest.mark.usefixtures("trust")
def test_tls_from_the_beginning(authority: Authority) -> None:
    """smtps: has no STARTTLS."""
    with mail_server(authority.context(), at_once=True, login=True) as port:
        found = greet(Relay("smtps", "127.0.0.1", port))

    assert found.certificate
    assert found.certificate.until
    assert found.has_login


@pytest.mark.parametrize("smtputf8", [True, False])
@pytest.mark.usefixtures("trust")
def test_offer_of_smtputf8_is_heard(authority: Authority, smtputf8: bool) -> None:
    """Whether it takes addresses in letters of all scripts is what it says after STARTTLS."""
    with mail_server(authority.context(), smtputf8=smtputf8) as port:
        assert greet(Relay("smtp", "127.0.0.1", port)).has_smtputf8 == smtputf8


def test_server_without_tls() -> None:
    """It has no certificate."""
    with mail_server() as port:
        found = greet(Relay("smtp", "127.0.0.1", port))

    assert (found.fault, found.certificate, found.has_login) == ("", None, False)


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize(
    ("days", "address", "said"),
    [(-1, "127.0.0.1", "certificate has expired"), (90, "127.0.0.2", "IP address mismatch")],
)
@pytest.mark.usefixtures("trust")
def test_bad_certificate_is_told(
    authority: Authority, days: int, address: str, said: str, at_once: bool
) -> None:
    """Whose certificate has ended, or is somebody else's, is told with the reason."""
    with mail_server(authority.context(days, address), at_once=at_once) as port:
        found = greet(Relay("smtps" if at_once else "smtp", "127.0.0.1", port))

    assert found.certificate
    assert said in found.certificate.fault
    assert found.address == "127.0.0.1"


def test_untrusted_certificate_is_told(authority: Authority) -> None:
    """An authority that nobody knows does not count."""
    with mail_server(authority.context()) as port:
        found = greet(Relay("smtp", "127.0.0.1", port))

    assert found.certificate
    assert "unable to get local issuer certificate" in found.certificate.fault


def test_closed_port_is_told(closed: int) -> None:
    """Nobody listens there."""
    assert greet(Relay("smtp", "127.0.0.1", closed)).fault == "Connection refused"


@pytest.mark.parametrize("host", ["a..b", "x" * 70])
def test_impossible_name_is_told(host: str) -> None:
    """What can be no name is looked up nowhere."""
    assert greet(Relay("smtp", host, 25)).fault == "no server can have that name"
    assert look_at(f"https://{host}/").fault == "no server can have that name"


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_silent_server_is_left(mute: int, scheme: str) -> None:
    """A server that says nothing does not hold the doctor up."""
    found = greet(Relay(scheme, "127.0.0.1", mute))

    assert found.fault == "no answer within 0.2 seconds"
    assert found.address == "127.0.0.1"


def test_server_that_refuses_is_quoted() -> None:
    """A server that wants nobody says why."""
    with socket.create_server(("127.0.0.1", 0)) as listening, ThreadPoolExecutor(1) as pool:

        def refuse() -> None:
            for _ in range(2):
                connection, _ = listening.accept()
                with connection:
                    connection.sendall(b"554 go away\r\n")

        pool.submit(refuse)
        found = greet(Relay("smtp", "127.0.0.1", listening.getsockname()[1]))

    assert found.fault == "554 go away"


# Pages


@pytest.mark.usefixtures("trust")
def test_page_is_only_looked_at(authority: Authority) -> None:
    """HEAD does, and nothing is posted."""
    with web_server(authority.context(20)) as (address, server):
        found = look_at(f"{address}/200/leave?token=test")

    assert (found.status, found.moved_to, found.fault) == (200, "", "")
    assert found.certificate.until == NOW + timedelta(days=20)
    assert server.asked == ["HEAD /200/leave?token=test"]


@pytest.mark.parametrize(("path", "status"), [("404/a", 404), ("500/a", 500)])
@pytest.mark.usefixtures("trust")
def test_status_of_a_page_is_told(authority: Authority, path: str, status: int) -> None:
    """Where HEAD is refused GET decides."""
    with web_server(authority.context()) as (address, server):
        found = look_at(f"{address}/{path}")

    assert (found.status, found.fault) == (status, "")
    assert server.asked == [f"HEAD /{path}", f"GET /{path}"]


@pytest.mark.usefixtures("trust")
def test_redirect_is_told_without_what_is_secret(authority: Authority) -> None:
    """Where it leads is told, without the query."""
    with web_server(authority.context()) as (address, _):
        found = look_at(f"{address}/to/200/new?token=test")

    assert (found.status, found.moved_to) == (200, f"{address}/200/new?…")


@pytest.mark.parametrize(
    ("days", "address", "said"),
    [(-1, "127.0.0.1", "certificate has expired"), (90, "127.0.0.2", "IP address mismatch")],
)
@pytest.mark.usefixtures("trust")
def test_bad_certificate_of_a_page_is_told(authority: Authority, days: int, address: str, said: str) -> None:
    """No mail service would go there."""
    with web_server(authority.context(days, address)) as (url, server):
        found = look_at(f"{url}/200/leave")

    assert "its certificate is not valid" in found.fault
    assert said in found.fault
    assert server.asked == []


def test_page_that_is_not_there_is_told(closed: int) -> None:
    """Nobody listens there."""
    assert look_at(f"https://127.0.0.1:{closed}/").fault == "Connection refused"


def test_page_of_a_silent_server_is_left(mute: int) -> None:
    """A server that says nothing does not hold the doctor up."""
    assert look_at(f"https://127.0.0.1:{mute}/").fault == "no answer within 0.2 seconds"


def test_only_public_addresses_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """What only this machine and its network can reach is no address that mail leaves from."""
    monkeypatch.setattr(asking, "_ELSEWHERE", ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")))

    assert public_addresses() == ()
