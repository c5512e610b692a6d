"""Mail servers on this machine: a real Dovecot, and one that answers by a script, with all its faults."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from imaplib import IMAP4
from pathlib import Path
from types import TracebackType

import pytest
import trustme

from tests.servers import free_port

USER = "bounces@lamps.example"
PASSWORD = 't\'ön \\ "hidden" %41'
NAME = "mail.lamps.example"


@dataclass(frozen=True)
class Dovecot:
    """Hold a Dovecot that listens, with the file of the authority that signed its certificate."""

    port: int
    tls_port: int
    authority: Path

    def append(self, message: bytes, folder: str = "INBOX", flags: str = "") -> None:
        """Put a message into a folder, which is made where it is missing."""
        with self._logged_in() as client:
            client.create(f'"{folder}"')
            status, _ = client.append(f'"{folder}"', f"({flags})", "", message)
            assert status == "OK"

    def flags(self, folder: str = "INBOX") -> list[str]:
        """Return the flags of each message, in the order of their UIDs."""
        with self._logged_in() as client:
            client.select(f'"{folder}"', readonly=True)
            _, found = client.fetch("1:*", "(FLAGS)")
        return [
            line.decode().partition("FLAGS (")[2].partition(")")[0]
            for line in found
            if isinstance(line, bytes)
        ]

    @contextmanager
    def _logged_in(self) -> Iterator[IMAP4]:
        with IMAP4("127.0.0.1", self.port, timeout=60) as client:
            client.authenticate("PLAIN", lambda _: f"\0{USER}\0{PASSWORD}".encode())
            yield client


@contextmanager
def dovecot() -> Iterator[Dovecot]:
    """Run a Dovecot of our own: nothing of it lies outside a folder that is removed afterwards."""
    program = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if program is None:
        pytest.fail(
            "dovecot is not installed, so reading bounces by IMAP was not tried: install dovecot-imapd"
        )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)  # Dovecot gives up root's rights
        running = Dovecot(free_port(), free_port(), folder / "authority.pem")
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(running.authority))
        certificate = authority.issue_cert(NAME)
        certificate.private_key_and_cert_chain_pem.write_to_path(str(folder / "server.pem"))
        (folder / "passwords").write_text(f"{USER}:{{PLAIN}}{PASSWORD}\n", "utf-8")
        (folder / "conf").write_text(_configuration(folder, running), "utf-8")
        server = subprocess.Popen([program, "-F", "-c", str(folder / "conf")], stdin=subprocess.DEVNULL)
        try:
            _wait_for(running.tls_port, server, folder / "log")
            yield running
        finally:
            server.terminate()
            server.wait(60)


def _configuration(folder: Path, running: Dovecot) -> str:
    """Write what Dovecot 2.3 is told: as root it keeps mail as somebody else; no fault costs time."""
    is_root = os.geteuid() == 0
    owner = pwd.getpwnam("nobody") if is_root else pwd.getpwuid(os.geteuid())
    mail = folder / "mail"
    mail.mkdir()
    os.chown(mail, owner.pw_uid, owner.pw_gid)
    users = (
        "" if is_root else f"default_internal_user = {owner.pw_name}\ndefault_login_user = {owner.pw_name}\n"
    )
    return f"""
base_dir = {folder}/run
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
mail_location = maildir:{mail}/box
first_valid_uid = 1
ssl = yes
ssl_cert = <{folder}/server.pem
ssl_key = <{folder}/server.pem
auth_mechanisms = plain login
auth_username_format = %Lu
auth_failure_delay = 0
{users}
passdb {{
  driver = passwd-file
  args = username_format=%u {folder}/passwords
}}
userdb {{
  driver = static
  args = uid={owner.pw_uid} gid={owner.pw_gid} home={mail}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {running.port}
  }}
  inet_listener imaps {{
    port = {running.tls_port}
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
"""


def _wait_for(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(200):
        if server.poll() is not None:
            break
        with socket.socket() as tried:
            tried.settimeout(0.1)
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return
        threading.Event().wait(0.05)
    pytest.fail(f"dovecot does not listen: {log.read_text('utf-8') if log.exists() else 'it wrote no log'}")


HANG_UP = b"hang up"
SILENCE = b"silence"


@dataclass
class Scripted:
    """Answer like a mail server whose folder holds `messages`, except where `faults` says otherwise.

    The keys of `faults` are beginnings of commands, such as `UID FETCH 2`; each value is the whole answer,
    with TAG for the command's tag, or one of HANG_UP and SILENCE. What clients said is in `heard`.
    """

    messages: list[bytes] = field(default_factory=list)
    faults: dict[str, bytes] = field(default_factory=dict)
    capabilities: str = "IMAP4rev1 AUTH=PLAIN"
    greeting: bytes = b"* OK ready\r\n"
    heard: list[str] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)

    def __enter__(self) -> Scripted:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._clients: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        for client in self._clients:
            client.close()
        self._thread.join(60)
        self._socket.close()
        assert not self._thread.is_alive()

    @property
    def place(self) -> str:
        """Return the address at which it is read."""
        return f"imap://bounces%40lamps.example@127.0.0.1:{self.port}/INBOX"

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            self._clients.append(client)
            with client, client.makefile("rb") as lines:
                try:
                    self._talk(client, lines)
                except OSError:
                    continue

    def _talk(self, client: socket.socket, lines: object) -> None:
        client.sendall(self.greeting)
        for line in lines:  # type: ignore[attr-defined]
            tag, _, command = line.decode("utf-8", "replace").strip().partition(" ")
            self.heard.append(command)
            fault = next((said for begun, said in self.faults.items() if command.startswith(begun)), None)
            if fault == HANG_UP:
                return
            if fault == SILENCE:
                continue
            if fault is None and command.startswith("AUTHENTICATE"):
                client.sendall(b"+ \r\n")
                self.heard.append(lines.readline().decode().strip())  # type: ignore[attr-defined]
            client.sendall(
                fault.replace(b"TAG", tag.encode()) if fault is not None else self._answer(tag, command)
            )

    def _answer(self, tag: str, command: str) -> bytes:
        number = int(command.split()[2]) if command.startswith(("UID FETCH", "UID STORE")) else 0
        unseen = " ".join(str(uid) for uid in range(1, len(self.messages) + 1) if uid not in self.seen)
        said = b""
        if command.startswith("CAPABILITY"):
            said = f"* CAPABILITY {self.capabilities}\r\n".encode()
        elif command.startswith("SELECT"):
            said = f"* {len(self.messages)} EXISTS\r\n".encode()
        elif command.startswith("UID SEARCH"):
            said = f"* SEARCH {unseen}\r\n".encode()
        elif command.startswith("UID FETCH"):
            data = self.messages[number - 1]
            said = b"* %d FETCH (UID %d BODY[]<0> {%d}\r\n%s)\r\n" % (number, number, len(data), data)
        elif command.startswith("UID STORE"):
            self.seen.add(number)
        elif command.startswith("LOGOUT"):
            said = b"* BYE\r\n"
        return said + f"{tag} OK done\r\n".encode()
