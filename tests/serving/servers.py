"""Real web servers on this machine, each given the rules that are made for it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import pytest

from feedmaker.config import Config
from feedmaker.serving import Server, rules_for
from tests.servers import apache_text, caddy_text, daemon, free_port, nginx_text


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


def _nginx(folder: Path, port: int, rules: str) -> str:
    module = Path("/usr/lib/nginx/modules/ngx_http_brotli_static_module.so")
    if "brotli_static" in rules and not module.exists():
        pytest.skip("nginx has no module for brotli, so brotli_static was NOT TRIED; install it")
    load = f"load_module {module};" if "brotli_static" in rules else ""
    place = f"listen 127.0.0.1:{port}; root {folder}/root; include {folder}/rules;"
    return nginx_text(folder, f"access_log off; server {{ {place} }}", load)


def _caddy(folder: Path, port: int, rules: str) -> str:
    site = f"http://127.0.0.1:{port} {{\n    root * {folder}/root\n    import {folder}/rules\n}}\n"
    return caddy_text(folder, site)


def _apache(folder: Path, port: int, rules: str) -> str:
    rest = f"""Listen 127.0.0.1:{port}
DocumentRoot {folder}/root
<Directory {folder}/root>
    AllowOverride All
    Require all granted
</Directory>"""
    return apache_text(folder, rest, "headers rewrite")


_TEXTS: dict[Server, Callable[[Path, int, str], str]] = {"nginx": _nginx, "caddy": _caddy, "apache": _apache}


@contextmanager
def running(server: Server, rules: str, fill: Callable[[Path], object], place: str) -> Iterator[Running]:
    """Run a server with these rules on a folder that `fill` fills; Apache's stand at `place` in it."""
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        folder.chmod(0o755)  # servers give up root's rights
        (folder / "root").mkdir()
        fill(folder / "root")
        (folder / "rules").write_text(rules, "utf-8")
        if server == "apache":
            (folder / "root" / place.strip("/") / ".htaccess").write_text(rules, "utf-8")
        with daemon(server, folder, _TEXTS[server](folder, port, rules)):
            yield Running(port, folder / "root")


@contextmanager
def serving(server: Server, config: Config, place: str, fill: Callable[[Path], object]) -> Iterator[Running]:
    """Run a server with the rules that are made for it."""
    with running(server, rules_for(server, config, ()), fill, place) as found:
        yield found
