"""Bounces as a real Postfix writes them: sent to a server that refuses, they come back to their keys."""

from __future__ import annotations

import os
import re
import shutil
import smtplib
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from feedmaker.bounces.places import piped, waiting_at
from feedmaker.bounces.reading import reports_in
from feedmaker.bounces.report import return_address
from tests.docs.documents import blocks
from tests.servers import free_port

BASE = "letter@lamps.example"
REPLIES = {
    "unknown@harbour.example": "550 5.1.1 no such user",
    "full@harbour.example": "552 5.2.2 mailbox is full",
    "blocked@harbour.example": "554 5.7.1 192.0.2.10 stands on a list of ours",
    "there@harbour.example": "250 ok",
}
KINDS = {
    "unknown@harbour.example": "hard",
    "full@harbour.example": "soft",
    "blocked@harbour.example": "outage",
    "there@harbour.example": "delivered",
    "nobody@lamps.example": "hard",
}
DAEMONS = """
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


class Harbour:
    """Take or refuse each recipient, as the table says."""

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Answer for one recipient."""
        if REPLIES[address].startswith("250"):
            envelope.rcpt_tos.append(address)
        return REPLIES[address]


@dataclass(frozen=True)
class Relay:
    """Hold a Postfix that listens, and the folder below which its mail lies."""

    port: int
    folder: Path


@contextmanager
def postfix(main: str = "", master: str = "") -> Iterator[Relay]:
    """Run a Postfix of our own, which sends to one server and keeps mail of lamps.example in a Maildir.

    What is given is added to `main.cf` and `master.cf`, where FOLDER stands for the folder of it all.
    """
    program = shutil.which("postfix", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        pytest.fail("postfix is not installed, so its bounces were not tried: install the package postfix")
    if os.geteuid() != 0:
        pytest.skip("only root can start Postfix, so its bounces were NOT TRIED")
    harbour = Controller(Harbour(), hostname="127.0.0.1", port=free_port())
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        folder.chmod(0o755)
        for made, owner in (("conf", "root"), ("spool", "root"), ("data", "postfix"), ("mail", "nobody")):
            (folder / made).mkdir()
            shutil.chown(folder / made, owner)
        (folder / "conf/main.cf").write_text(_configuration(folder, harbour.port) + main, "utf-8")
        (folder / "conf/master.cf").write_text(
            DAEMONS.format(port=port) + master.replace("FOLDER", name), "utf-8"
        )
        command = [program, "-c", str(folder / "conf")]
        harbour.start()
        started = subprocess.run([*command, "start"], check=False, capture_output=True, timeout=60)
        assert started.returncode == 0, started.stderr.decode() + (folder / "log").read_text("utf-8")
        try:
            yield Relay(port, folder)
        finally:
            subprocess.run([*command, "stop"], check=False, capture_output=True, timeout=60)
            harbour.stop()


def _configuration(folder: Path, harbour: int) -> str:
    return f"""
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.lamps.example
mydestination =
mynetworks = 127.0.0.0/8
recipient_delimiter = +
alias_maps =
default_transport = error:no mail leaves this machine
transport_maps = inline:{{ harbour.example=smtp:[127.0.0.1]:{harbour} }}
virtual_mailbox_domains = lamps.example
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = inline:{{ letter@lamps.example=letter/ }}
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions = permit_mynetworks, reject
smtpd_reject_unlisted_recipient = no
"""


def wait_until(is_done: Callable[[], bool], relay: Relay) -> None:
    """Wait for what Postfix does, at most half a minute."""
    for _ in range(300):
        if is_done():
            return
        threading.Event().wait(0.1)
    pytest.fail((relay.folder / "log").read_text("utf-8"))


def test_bounces_of_a_real_relay_are_read() -> None:
    """Each outcome comes back to the key of its delivery, with our Message-ID and of the right kind."""
    with postfix() as relay:
        with smtplib.SMTP("127.0.0.1", relay.port, timeout=60) as client:
            for number, address in enumerate(KINDS):
                message = f"Message-ID: <issue.{number}@lamps.example>\nSubject: Lamps\n\nHello\n"
                sender = return_address(BASE, f"key{number}")
                client.sendmail(sender, address, message, rcpt_options=["NOTIFY=SUCCESS,FAILURE"])
        wait_until(lambda: len(list(relay.folder.glob("mail/letter/new/*"))) == len(KINDS), relay)
        messages = list(waiting_at("maildir:mail/letter", relay.folder, {}))
        reports = [report for message in messages for report in reports_in(message.data, BASE)]

    assert {(report.address, report.kind) for report in reports} == set(KINDS.items())
    for report in reports:
        number = list(KINDS).index(report.address or "")
        assert (report.key, report.message_id) == (f"key{number}", f"<issue.{number}@lamps.example>")


def test_pipe_is_set_up_as_the_docs_say() -> None:
    """With the documented lines a bounce reaches the program, and the address at which it arrived with it."""
    page = (Path(__file__).parents[2] / "docs/bounces.md").read_text("utf-8")
    section = page.partition("### A pipe from Postfix")[2].partition("###")[0]
    service, settings = (block.text for block in blocks(section))
    service = re.sub("user=.*", "user=nobody argv=/usr/bin/tee FOLDER/mail/piped", service)
    bounce = (Path(__file__).parent / "returned/qmail-unknown-user.eml").read_text("utf-8")
    bounce = re.sub("(?m)^(Delivered-To|To): .*\n", "", bounce.replace("Return-Path: <>\n", ""))
    with postfix(settings.replace("example.org", "lamps.example"), service) as relay:
        with smtplib.SMTP("127.0.0.1", relay.port, timeout=60) as client:
            client.sendmail("", "letter+key1@lamps.example", bounce)
        wait_until(lambda: "relay=feedmaker" in (relay.folder / "log").read_text("utf-8"), relay)
        with (relay.folder / "mail/piped").open("rb") as file:
            (message,) = piped(file)

    assert b"\nX-Original-To: letter+key1@lamps.example\n" in message.data
    assert {(report.kind, report.key) for report in reports_in(message.data, BASE)} == {("hard", "key1")}
