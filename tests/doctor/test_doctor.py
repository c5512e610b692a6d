"""`feedmaker doctor` and `feedmaker dkim-key`, as publishers use them."""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from feedmaker.app import doctor as wiring
from feedmaker.delivery.signing import new_key
from feedmaker.doctor import asking
from feedmaker.doctor.relay import Greeting
from tests.conftest import Cli
from tests.doctor.servers import Authority, mail_server, web_server
from tests.doctor.zones import FAILING, name_server
from tests.projects import SCHEDULE, ProjectFolder, run_process

DOMAIN = "lamp.lighthouse-notes.net"
KEY = new_key("rsa")
TOPICS = ["SPF", "DKIM", "DMARC", "DMARC", "MX", "PTR", "relay", "unsubscribe", "postal"]


@dataclass
class World:
    """Everything around a project, as it should be; tests break it."""

    project: ProjectFolder
    page: str
    relay: str
    delivery: str = "delivery:\n  dkim: [{selector: '2026'}]\n"
    letter: str = ""
    names: dict[str, dict[str, list[str]]] = field(default_factory=dict)

    def examine(self, cli: Cli, *options: str) -> Any:
        """Write the settings, serve the names, and run the command."""
        settings = SCHEDULE.replace("lamp.example.org", DOMAIN)
        letter = self.letter or f"  unsubscribe: {self.page}/200/leave\n"
        self.project.schedule(self.delivery, settings + letter)
        with name_server(self.names) as server:
            return cli(
                "-C", self.project.root, "doctor", "--nameserver", server, "--ip", "203.0.113.7", *options
            )

    def codes(self, cli: Cli) -> dict[str, str]:
        """Return of each finding that is not good its code and what it says."""
        found = json.loads(self.examine(cli, "--json").out)["findings"]
        return {each["code"]: each["what"] for each in found if each["level"] != "ok"}


@pytest.fixture
def world(project: ProjectFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Run a mail server and a web server, and publish all that is needed."""
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.trusted))
    monkeypatch.setenv("FEEDMAKER_DKIM_KEY_2026", KEY.pem)
    with ExitStack() as stack:
        port = stack.enter_context(mail_server(authority.context(), login=True))
        page, _ = stack.enter_context(web_server(authority.context()))
        monkeypatch.setenv("FEEDMAKER_TRANSPORT", f"smtp://me:hunter2@127.0.0.1:{port}")
        names = {
            DOMAIN: {"TXT": ["v=spf1 ip4:203.0.113.7 -all"], "MX": [f"10 mx.{DOMAIN}"]},
            f"mx.{DOMAIN}": {"A": ["203.0.113.7"]},
            f"2026._domainkey.{DOMAIN}": {"TXT": [f"v=DKIM1; k=rsa; p={KEY.public}"]},
            "_dmarc.lighthouse-notes.net": {"TXT": ["v=DMARC1; p=none; rua=mailto:a@lighthouse-notes.net"]},
            "7.113.0.203.in-addr.arpa": {"PTR": [f"mx.{DOMAIN}"]},
        }
        yield World(project, page, f"127.0.0.1:{port}", names=names)


def test_all_is_well(world: World, cli: Cli) -> None:
    """Where nothing is wrong each topic says so in a line, and the exit code is 0."""
    ran = world.examine(cli)

    lines = ran.out.splitlines()
    assert (ran.code, ran.err) == (0, "0 errors, 0 warnings\n")
    assert [line.split(":")[:2] for line in lines] == [["ok", f" {topic}"] for topic in TOPICS]
    assert f"DKIM: 2026._domainkey.{DOMAIN} publishes the key that signs (RSA, 2,048 bits)" in ran.out
    assert f"the signature of {DOMAIN} and the return path at {DOMAIN} belong to {DOMAIN}" in ran.out


def test_nothing_secret_is_shown(world: World, cli: Cli) -> None:
    """Neither the password of the transport nor a key stands in what is printed."""
    ran = world.examine(cli, "--json")

    assert "hunter2" not in ran.out
    assert not any(line in ran.out for line in KEY.pem.splitlines())


def test_everything_is_missing(world: World, cli: Cli) -> None:
    """Each error is told with its reason, its cure and the record to publish, and the exit code is 1."""
    world.names.clear()

    ran = world.examine(cli)

    assert ran.code == 1
    assert ran.err == "5 errors, 0 warnings\n"
    for line in (
        f"error: SPF: {DOMAIN} has no SPF record [spf-missing]",
        "  why  Receivers cannot tell which servers may send for the domain, and large ones refuse its mail.",
        "  do   publish this record",
        f'  DNS  {DOMAIN}. TXT "v=spf1 ip4:203.0.113.7 ~all"',
        f'  DNS  _dmarc.{DOMAIN}. TXT "v=DMARC1; p=none; rua=mailto:letter@{DOMAIN}"',
        f"  DNS  7.113.0.203.in-addr.arpa. PTR mail.{DOMAIN}.",
        f"error: MX: {DOMAIN} has neither an MX record nor an address [mx-missing]",
    ):
        assert line in ran.out.splitlines()


def test_published_records_cure(world: World, cli: Cli) -> None:
    """Once all records that were told are published, nothing is wrong with them any more."""
    for name in (DOMAIN, f"2026._domainkey.{DOMAIN}", "_dmarc.lighthouse-notes.net"):
        world.names[name].pop("TXT")
    found = json.loads(world.examine(cli, "--json").out)["findings"]

    for record in (each["record"] for each in found if each["record"]):
        world.names.setdefault(record["name"], {})[record["type"]] = [record["value"]]

    assert world.codes(cli) == {}


def test_machines_get_all_of_it(world: World, cli: Cli) -> None:
    """JSON has the same findings with the same members each, the record in three parts."""
    world.names[DOMAIN].pop("TXT")

    ran = world.examine(cli, "--json")

    found = json.loads(ran.out)["findings"]
    assert (ran.code, [each["topic"] for each in found]) == (1, TOPICS)
    assert {tuple(each) for each in found} == {("code", "topic", "level", "what", "why", "cure", "record")}
    assert found[0]["record"] == {"name": DOMAIN, "type": "TXT", "value": "v=spf1 ip4:203.0.113.7 ~all"}


def test_without_a_network_the_rest_is_told(world: World, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be asked is a warning each, whatever else is found; nothing is thrown."""
    monkeypatch.setenv("FEEDMAKER_TRANSPORT", "outbox:")
    monkeypatch.setattr(asking, "_PATIENCE", 0.1)
    world.project.schedule(world.delivery, SCHEDULE.replace("lamp.example.org", DOMAIN))

    ran = cli("-C", world.project.root, "doctor", "--nameserver", "127.0.0.1:9", "--ip", "203.0.113.7")

    told = re.findall(r"^(\w+): (\w+): (.*)", ran.out, re.MULTILINE)
    assert ran.code == 0
    assert [
        topic for _, topic, what in told if what.startswith("could not be asked: no name server answers")
    ] == [*("SPF", "DKIM", "DMARC", "MX", "PTR")]


def test_what_was_found_before_the_silence_counts(world: World, cli: Cli) -> None:
    """A name server that fails for one name does not hide what others have said."""
    world.delivery = f"delivery:\n  dkim: [{{selector: '2026'}}, {{selector: '2026', domain: {FAILING}}}]\n"

    found = json.loads(world.examine(cli, "--json").out)["findings"]

    told = [(each["code"], each["what"]) for each in found if each["topic"] == "DKIM"]
    assert [code for code, _ in told] == ["ok", "not-asked"]
    assert told[1][1] == f"could not be asked: the DNS has no answer about TXT of 2026._domainkey.{FAILING}"


def test_domain_for_examples_is_told(project: ProjectFolder, cli: Cli) -> None:
    """The settings that `init` writes are an example."""
    with name_server({}) as server:
        ran = cli("-C", project.root, "doctor", "--nameserver", server)

    assert "warning: domain: lamp.example.org is a domain for examples and tests [example-domain]" in ran.out


def test_return_path_is_what_receivers_look_at(world: World, cli: Cli) -> None:
    """SPF and MX are those of the return path, and it need not be the sender's domain."""
    world.delivery += "  return_path: bounces@else.net\n"

    codes = world.codes(cli)

    assert codes["spf-missing"] == "else.net has no SPF record"
    assert codes["mx-missing"] == "else.net has neither an MX record nor an address"
    assert "dmarc-unaligned" not in codes


def test_bad_key_is_told_by_its_variable(world: World, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that is missing or damaged is an error; the return path is still aligned."""
    monkeypatch.setenv("FEEDMAKER_DKIM_KEY_2026", "hunter3")

    ran = world.examine(cli)

    assert ran.code == 1
    assert "DKIM: FEEDMAKER_DKIM_KEY_2026 is no private key in PEM that can be used [dkim-key]" in ran.out
    assert "hunter3" not in ran.out


def test_relay_on_this_machine_sends_from_its_address(
    world: World, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without --ip mail leaves by the public address of this machine, if it has one."""
    monkeypatch.setattr(wiring, "public_addresses", lambda: ("203.0.113.9",))
    world.examine(cli)
    with name_server(world.names) as server:
        ran = cli("-C", world.project.root, "doctor", "--nameserver", server)

    assert f'DNS  {DOMAIN}. TXT "v=spf1 ip4:203.0.113.7 ip4:203.0.113.9 -all"' in ran.out
    assert "error: PTR: 203.0.113.9 has no name in the DNS [ptr-missing]" in ran.out


def test_relay_for_ascii_alone_is_a_warning(world: World, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whom it cannot mail is told, with what to do, and it is no error."""
    greeting = Greeting(address="127.0.0.1", is_near=True, has_login=True)
    monkeypatch.setattr(wiring, "greet", lambda _: greeting)

    ran = world.examine(cli)

    assert (ran.code, ran.err) == (0, "0 errors, 1 warning\n")
    at = ran.out.splitlines().index(
        f"warning: relay: {world.relay} does not offer SMTPUTF8 [relay-ascii-only]"
    )
    assert "letters of other scripts before the @ get no issues" in ran.out.splitlines()[at + 1]
    assert "use a server that offers it (RFC 6531)" in ran.out.splitlines()[at + 2]


def test_relay_elsewhere_answers_for_itself(world: World, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether SPF names a relay of somebody else can only be guessed, and its names are its own affair."""
    monkeypatch.setattr(wiring, "greet", lambda _: Greeting(address="198.51.100.1"))
    world.examine(cli)
    with name_server(world.names) as server:
        ran = cli("-C", world.project.root, "doctor", "--nameserver", server)

    assert f"warning: SPF: the record of {DOMAIN} does not name 198.51.100.1 [spf-relay-unsure]" in ran.out
    assert "ok: PTR: whoever operates the relay answers" in ran.out


def test_provider_answers_for_its_servers(world: World, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider has return paths of its own, so SPF and PTR are not looked at."""
    monkeypatch.setenv("FEEDMAKER_TRANSPORT", "resend:")

    found = json.loads(world.examine(cli, "--json").out)["findings"]

    assert [each["topic"] for each in found] == ["DKIM", "DMARC", "DMARC", "MX", "unsubscribe", "postal"]


def test_who_signs_in_may_stand_in_the_environment(
    world: World, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that lets nobody log in is no good to a user who is named there."""
    monkeypatch.setenv("FEEDMAKER_SMTP_USER", "zoe77")
    with mail_server() as port:
        monkeypatch.setenv("FEEDMAKER_TRANSPORT", f"smtp://127.0.0.1:{port}")
        codes = world.codes(cli)

    assert codes == {"relay-no-login": f"127.0.0.1:{port} does not let anybody log in"}


@pytest.mark.parametrize(
    ("log", "code"), [("mail.log", None), ("gone.log", "relay-log"), ("public", "relay-log")]
)
def test_log_of_the_relay_can_be_read(world: World, cli: Cli, log: str, code: str | None) -> None:
    """Where a log is configured, it has to be a file that can be read."""
    world.project.write("mail.log", "")
    world.project.public.mkdir(exist_ok=True)
    world.delivery += f"  relay_log: {log}\n"

    assert list(world.codes(cli)) == ([code] if code else [])


def test_what_servers_say_cannot_steer_a_terminal(world: World, cli: Cli) -> None:
    """Control characters that stand in the DNS are written as escapes."""
    world.names[DOMAIN]["TXT"] = ["v=spf1 \x1b[31mred -all"]

    ran = world.examine(cli)

    assert r'"\x1b[31mred" is no word of SPF [spf-syntax]' in ran.out
    assert "\x1b" not in ran.out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--ip", "mx.test"], '--ip "mx.test" is no address; expected for example 203.0.113.7'),
        (["--nameserver", ":"], '--nameserver ":" is no server; expected for example 9.9.9.9 or [::1]:53'),
    ],
)
def test_unsound_options_are_wrong_usage(
    project: ProjectFolder, cli: Cli, options: list[str], said: str
) -> None:
    """The text says what was expected."""
    ran = cli("-C", project.root, "doctor", *options)

    assert (ran.code, ran.err) == (2, f"feedmaker: {said}\n")


def test_doctor_needs_a_newsletter(project: ProjectFolder, cli: Cli) -> None:
    """Without one there is no sender."""
    project.schedule(text=SCHEDULE.partition("newsletter:")[0])

    assert cli("-C", project.root, "doctor").code == 2


# Keys


@pytest.mark.parametrize(("options", "kind"), [([], "rsa"), (["--ed25519"], "ed25519")])
def test_new_key_signs_once_it_is_published(
    world: World, cli: Cli, monkeypatch: pytest.MonkeyPatch, options: list[str], kind: str
) -> None:
    """What the command prints is what the doctor asks for: record, setting and variable."""
    world.examine(cli)
    path = world.project.root / "keys" / "b.pem"

    ran = cli("-C", world.project.root, "dkim-key", "news.b", path, *options)

    assert ran.code == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not any(line in ran.out for line in path.read_text("utf-8").splitlines())
    variable = re.search(r"^(FEEDMAKER_\w+)=(.*)$", ran.out, re.MULTILINE)
    record = re.search(r'^(\S+)\. TXT "(.*)"$', ran.out, re.MULTILINE)
    settings = re.search(r"^delivery:\n(?: .*\n)+", ran.out, re.MULTILINE)
    assert variable
    assert record
    assert settings
    assert f"k={kind};" in record[2]
    monkeypatch.setenv(variable[1], variable[2])
    world.names[record[1]] = {"TXT": [record[2].replace('" "', "")]}
    world.delivery = settings[0]
    assert list(world.codes(cli)) == (["dkim-no-rsa"] if kind == "ed25519" else [])


def test_key_is_made_for_the_domain_that_signs(project: ProjectFolder, cli: Cli) -> None:
    """A selector that is configured for another domain is published there."""
    project.schedule("delivery:\n  dkim: [{selector: b, domain: Sign.Example.NET}]\n")

    ran = cli("-C", project.root, "dkim-key", "b", project.root / "b.pem", "--ed25519")

    assert "\nb._domainkey.sign.example.net. TXT " in ran.out


def test_key_is_never_overwritten(project: ProjectFolder, cli: Cli) -> None:
    """A file that is there stays as it is."""
    path = project.write("b.pem", "mine")

    ran = cli("-C", project.root, "dkim-key", "b", path)

    assert (ran.code, ran.err) == (2, f"feedmaker: {path} exists already; nothing was written\n")
    assert path.read_text("utf-8") == "mine"


@pytest.mark.parametrize("selector", ["", "a b", "a;b", "-a", "ü", "a" * 64])
def test_unsound_selector_is_refused(project: ProjectFolder, cli: Cli, selector: str) -> None:
    """Nothing is written for a name that cannot stand in the DNS."""
    ran = cli("-C", project.root, "dkim-key", "--", selector, project.root / "b.pem")

    assert ran.code == 2
    assert "is no selector; expected letters, digits, hyphens and dots" in ran.err
    assert not (project.root / "b.pem").exists()


def test_key_that_cannot_be_written_says_so(project: ProjectFolder) -> None:
    """The text names the file and the way out."""
    (project.root / "keys").mkdir(mode=0o500)

    ran = run_process("dkim-key", "b", "keys/b.pem", cwd=project.root, as_anybody=True)

    assert ran.code == 1
    assert "b.pem: Permission denied; grant write permission" in ran.err
