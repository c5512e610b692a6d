"""A real Postfix on this machine, with a mailbox for each reader and a log that can be read as evidence.

Its parts run under names of their own, so it has to be started by root.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

DOMAIN = "box.example.org"
_PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))
_SERVICES = """\
{port}     inet  n - n - -  smtpd
cleanup    unix  n - n - 0  cleanup
qmgr       unix  n - n 1 1  qmgr
rewrite    unix  - - n - -  trivial-rewrite
bounce     unix  - - n - 0  bounce
defer      unix  - - n - 0  bounce
trace      unix  - - n - 0  bounce
proxymap   unix  - - n - -  proxymap
anvil      unix  - - n - 1  anvil
error      unix  - - n - -  error
retry      unix  - - n - -  error
discard    unix  - - n - -  discard
virtual    unix  - n n - -  virtual
postlog    unix-dgram n - n - 1 postlogd
"""


@dataclass(frozen=True)
class Postfix:
    """Hold a server that listens on loopback, where its log is and where its mailboxes are."""

    port: int
    log: Path
    boxes: Path

    def delivered(self, readers: Sequence[str]) -> dict[str, int]:
        """Count the messages in the mailbox of each reader."""
        return {
            reader: sum(1 for folder in ("new", "cur") for _ in (self.boxes / reader / folder).glob("*"))
            for reader in readers
        }


@contextmanager
def postfix(readers: Sequence[str]) -> Iterator[Postfix]:
    """Run a Postfix that takes mail for these readers at `DOMAIN`."""
    program = shutil.which("postfix", path=_PATH)
    if program is None:
        pytest.skip(
            "postfix is not installed, so a real mail server was NOT TRIED; install it and run this again"
        )
    if os.geteuid() != 0:
        pytest.skip("postfix is started by root only, so a real mail server was NOT TRIED; run this as root")
    with tempfile.TemporaryDirectory() as name, socket.socket() as free:
        folder = Path(name)
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        _configure(folder, port, readers)
        free.close()
        command = [program, "-c", str(folder / "etc")]
        with (folder / "said").open("wb") as said:
            started = subprocess.run(
                [*command, "start"],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                timeout=60,
                check=False,
            )
        assert started.returncode == 0, (folder / "said").read_text("utf-8")
        try:
            _wait_for(port)
            yield Postfix(port, folder / "mail.log", folder / "boxes")
        finally:
            subprocess.run([*command, "stop"], capture_output=True, timeout=60, check=False)


def _configure(folder: Path, port: int, readers: Sequence[str]) -> None:
    folder.chmod(0o755)  # servers give up root's rights
    owner = pwd.getpwnam("postfix")
    nobody = pwd.getpwnam("nobody")
    for part in ("etc", "queue", "data", "boxes"):
        (folder / part).mkdir()
    os.chown(folder / "data", owner.pw_uid, owner.pw_gid)
    os.chown(folder / "boxes", nobody.pw_uid, nobody.pw_gid)
    boxes = "".join(f"{reader}@{DOMAIN} {reader}/\n" for reader in readers)
    (folder / "etc/boxes").write_text(boxes, "utf-8")
    (folder / "etc/master.cf").write_text(_SERVICES.format(port=f"127.0.0.1:{port}"), "utf-8")
    (folder / "etc/main.cf").write_text(
        f"""
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/mail.log
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = relay.example.net
mydestination =
mynetworks = 127.0.0.0/8
smtpd_peername_lookup = no
smtpd_relay_restrictions = permit_mynetworks, reject
virtual_mailbox_domains = {DOMAIN}
virtual_mailbox_base = {folder}/boxes
virtual_mailbox_maps = texthash:{folder}/etc/boxes
virtual_uid_maps = static:{nobody.pw_uid}
virtual_gid_maps = static:{nobody.pw_gid}
virtual_minimum_uid = 1
""",
        "utf-8",
    )


def _wait_for(port: int) -> None:
    """Return when somebody listens; `postfix start` comes back a moment before."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError("postfix does not listen")
