"""Real web servers on this machine, each run on a configuration that a test has made.

Each is started as a daemon, which returns when it listens, and ended by its own process id.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from feedmaker.serving import Server

SERVERS: tuple[Server, ...] = ("nginx", "caddy", "apache")
_APACHE_MODULES = Path("/usr/lib/apache2/modules")


def program(*names: str) -> str:
    """Find a server; say plainly that it was not tried where it is not installed."""
    path = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))
    found = next(filter(None, (shutil.which(name, path=path) for name in names)), None)
    if found is None:
        pytest.skip(f"{names[0]} is not installed, so it was NOT TRIED; install it and run this again")
    return found


def free_port() -> int:
    """Return a port of loopback at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def nginx_text(folder: Path, http: str, load: str = "") -> str:
    """Write a configuration of nginx around what stands in its `http`."""
    user = "user root;" if os.geteuid() == 0 else ""
    temporary = "".join(
        f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return f"""
{load} {user} pid {folder}/pid; error_log {folder}/error.log; events {{ }}
http {{
    {temporary} default_type application/octet-stream; include /etc/nginx/mime.types;
    {http}
}}
"""


def caddy_text(folder: Path, sites: str, options: str = "") -> str:
    """Write a configuration of Caddy around its sites; `options` are for all of them."""
    return f"{{\n    admin unix/{folder}/admin\n{options}}}\n{sites}"


def apache_text(folder: Path, rest: str, modules: str) -> str:
    """Write a configuration of Apache that ends with `rest`, for which it needs some more modules."""
    names = f"mpm_event authz_core mime dir setenvif alias {modules}"
    load = "\n".join(f"LoadModule {name}_module {_APACHE_MODULES}/mod_{name}.so" for name in names.split())
    user = "User www-data\nGroup www-data" if os.geteuid() == 0 else ""
    return f"""{load}
{user}
ServerName localhost
PidFile {folder}/pid
ErrorLog {folder}/error.log
TypesConfig /etc/mime.types
{rest}
"""


def _command(server: Server, folder: Path) -> list[str]:
    if server == "nginx":
        return [program("nginx"), "-p", str(folder), "-c", f"{folder}/conf", "-e", f"{folder}/error.log"]
    if server == "caddy":
        command = [program("caddy"), "start", "--config", f"{folder}/conf", "--adapter", "caddyfile"]
        return [*command, "--pidfile", f"{folder}/pid"]
    return [program("apache2", "httpd"), "-f", f"{folder}/conf", "-k", "start"]


@contextmanager
def daemon(server: Server, folder: Path, text: str) -> Iterator[None]:
    """Run a server in a folder with this configuration; what it says is in the folder, too."""
    (folder / "conf").write_text(text, "utf-8")
    home = dict.fromkeys(("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"), str(folder))
    with (folder / "said").open("wb") as said:  # a pipe would stay open for as long as the server runs
        started = subprocess.run(
            _command(server, folder),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            timeout=60,
            check=False,
            env={**os.environ, **home},
        )
    assert started.returncode == 0, (folder / "said").read_text("utf-8")
    try:
        yield
    finally:
        os.kill(int((folder / "pid").read_text()), signal.SIGTERM)
