"""Real web servers on this machine, each given the rules that are made for it.

Each is started as a daemon, which returns when it listens, and ended by its own process id.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import pytest

from feedmaker.config import Config
from feedmaker.serving import Server, rules_for

Setup = Callable[[Path, int, str], tuple[list[str], str]]


@dataclass(frozen=True)
class Answer:
    """Hold what a server said; the names of headers are in small letters."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Running:
    """Hold a server that listens, and the folder that it serves."""

    port: int
    root: Path

    def get(self, path: str, method: str = "GET", **headers: str) -> Answer:
        """Ask for a path; underscores in the names of headers stand for hyphens."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, headers={"Accept-Encoding": "identity"} | named)
            response = connection.getresponse()
            found: dict[str, str] = {}
            for name, value in response.getheaders():
                key = name.lower()
                found[key] = f"{found[key]}, {value}" if key in found else value
            return Answer(response.status, found, response.read())
        finally:
            connection.close()


def program(*names: str) -> str:
    """Find a server; say plainly that it was not tried where it is not installed."""
    path = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))
    found = next(filter(None, (shutil.which(name, path=path) for name in names)), None)
    if found is None:
        pytest.skip(
            f"{names[0]} is not installed, so its rules were NOT TRIED; install it and run this again"
        )
    return found


def _nginx(folder: Path, port: int, rules: str) -> tuple[list[str], str]:
    modules = Path("/usr/lib/nginx/modules/ngx_http_brotli_static_module.so")
    if "brotli_static" in rules and not modules.exists():
        pytest.skip("nginx has no module for brotli, so brotli_static was NOT TRIED; install it")
    load = f"load_module {modules};" if "brotli_static" in rules else ""
    user = "user root;" if os.geteuid() == 0 else ""
    temporary = "".join(
        f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    text = f"""
{load} {user} pid {folder}/pid; error_log {folder}/error.log; events {{ }}
http {{
    {temporary} access_log off; default_type application/octet-stream; include /etc/nginx/mime.types;
    server {{ listen 127.0.0.1:{port}; root {folder}/root; include {folder}/rules; }}
}}
"""
    return [program("nginx"), "-p", str(folder), "-c", f"{folder}/conf", "-e", f"{folder}/error.log"], text


def _caddy(folder: Path, port: int, rules: str) -> tuple[list[str], str]:
    text = f"""{{
    admin unix/{folder}/admin
}}
http://127.0.0.1:{port} {{
    root * {folder}/root
    import {folder}/rules
}}
"""
    command = [program("caddy"), "start", "--config", f"{folder}/conf", "--adapter", "caddyfile"]
    return [*command, "--pidfile", f"{folder}/pid"], text


def _apache(folder: Path, port: int, rules: str) -> tuple[list[str], str]:
    names = "mpm_event authz_core mime dir headers setenvif rewrite alias"
    modules = Path("/usr/lib/apache2/modules")
    load = "\n".join(f"LoadModule {name}_module {modules}/mod_{name}.so" for name in names.split())
    user = "User www-data\nGroup www-data" if os.geteuid() == 0 else ""
    text = f"""{load}
{user}
ServerName localhost
Listen 127.0.0.1:{port}
PidFile {folder}/pid
ErrorLog {folder}/error.log
TypesConfig /etc/mime.types
DocumentRoot {folder}/root
<Directory {folder}/root>
    AllowOverride All
    Require all granted
</Directory>
"""
    return [program("apache2", "httpd"), "-f", f"{folder}/conf", "-k", "start"], text


_SETUPS: dict[Server, Setup] = {"nginx": _nginx, "caddy": _caddy, "apache": _apache}


@contextmanager
def running(server: Server, rules: str, fill: Callable[[Path], object], place: str) -> Iterator[Running]:
    """Run a server with these rules on a folder that `fill` fills; Apache's stand at `place` in it."""
    with tempfile.TemporaryDirectory() as name, socket.socket() as free:
        folder = Path(name)
        folder.chmod(0o755)  # servers give up root's rights
        (folder / "root").mkdir()
        fill(folder / "root")
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        command, text = _SETUPS[server](folder, port, rules)
        (folder / "rules").write_text(rules, "utf-8")
        (folder / "conf").write_text(text, "utf-8")
        if server == "apache":
            (folder / "root" / place.strip("/") / ".htaccess").write_text(rules, "utf-8")
        free.close()
        with (folder / "said").open("wb") as said:  # a pipe would stay open for as long as the server runs
            started = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                timeout=60,
                check=False,
                env={**os.environ, "HOME": name, "XDG_DATA_HOME": name, "XDG_CONFIG_HOME": name},
            )
        assert started.returncode == 0, (folder / "said").read_text("utf-8")
        try:
            yield Running(port, folder / "root")
        finally:
            os.kill(int((folder / "pid").read_text()), signal.SIGTERM)


@contextmanager
def serving(server: Server, config: Config, place: str, fill: Callable[[Path], object]) -> Iterator[Running]:
    """Run a server with the rules that are made for it."""
    with running(server, rules_for(server, config, ()), fill, place) as found:
        yield found
