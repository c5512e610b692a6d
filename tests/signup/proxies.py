"""Real web servers in front of the pages, set up as docs/signup.md says, and clients that reach them."""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import trustme

from feedmaker.serving import Server
from tests.docs.documents import ROOT, blocks
from tests.servers import apache_text, caddy_text, daemon, free_port, nginx_text
from tests.signup.conftest import PATIENCE

HOST = "undertone.example.org"
HEADINGS: dict[Server, str] = {"nginx": "Behind nginx", "caddy": "Behind Caddy", "apache": "Behind Apache"}
_INNER = "127.0.0.1:8025"


def example(server: Server) -> str:
    """Return the one configuration that the docs give for a server."""
    page = (ROOT / "docs" / "signup.md").read_text("utf-8")
    section = page.partition(f"## {HEADINGS[server]}\n")[2].partition("\n## ")[0]
    (text,) = (block.text for block in blocks(section) if block.language == server)
    assert _INNER in text
    return text


@dataclass(frozen=True)
class Proxy:
    """Hold a server that listens, the folder of all that it writes, and whom its certificate is from."""

    port: int
    folder: Path
    authority: trustme.CA
    logs_requests: bool

    def said(self) -> str:
        """Return all that the server has logged so far."""
        logs = [self.folder / "said", *self.folder.glob("*.log")]
        return "".join(path.read_text("utf-8", "replace") for path in logs)

    @contextmanager
    def client(self, address: str = "127.7.0.1") -> Iterator[httpx.Client]:
        """Make a client that comes from an address of this machine's own network, 127.0.0.0/8."""
        trusted = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.authority.configure_trust(trusted)
        reaching = _Reaching(self.port, verify=trusted, local_address=address)
        with httpx.Client(transport=reaching, timeout=PATIENCE) as client:
            yield client


class _Reaching(httpx.HTTPTransport):
    """Reach every host at one port of this machine, as if its name led there."""

    def __init__(self, port: int, *, verify: ssl.SSLContext, local_address: str) -> None:
        super().__init__(verify=verify, local_address=local_address)
        self._port = port

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; its header Host and the name that the certificate must have stay as they are."""
        return super().handle_request(
            httpx.Request(
                request.method,
                request.url.copy_with(host="127.0.0.1", port=self._port),
                headers=request.headers,
                stream=request.stream,
                extensions={**request.extensions, "sni_hostname": request.url.host},
            )
        )


def _nginx(folder: Path, port: int, text: str) -> str:
    http, mark, inside = text.partition("# in server { … }")
    assert mark
    server = f"""listen 127.0.0.1:{port} ssl; server_name {HOST}; root {folder}/root;
ssl_certificate {folder}/pem; ssl_certificate_key {folder}/pem;
access_log {folder}/access.log;"""
    return nginx_text(folder, f"{http} server {{ {server}\n# {inside} }}")


def _caddy(folder: Path, port: int, text: str) -> str:
    options, mark, inside = text.partition(f"{HOST} {{\n")
    assert mark
    own = f"auto_https disable_redirects\nhttps_port {port}\ndefault_bind 127.0.0.1\n"
    site = f"{mark}tls {folder}/pem {folder}/pem\n{inside}".replace("/srv/www", f"{folder}/root")
    return caddy_text(folder, site, own + options.strip().removeprefix("{").removesuffix("}"))


def _apache(folder: Path, port: int, text: str) -> str:
    rest = f"""
Define APACHE_LOG_DIR {folder}
LogFormat "%h %l %u %t \\"%r\\" %>s %O \\"%{{Referer}}i\\" \\"%{{User-Agent}}i\\"" combined
Listen 127.0.0.1:{port}
<VirtualHost *:{port}>
ServerName {HOST}
DocumentRoot {folder}/root
<Directory {folder}/root>
Require all granted
</Directory>
SSLEngine on
SSLCertificateFile {folder}/pem
{text}
</VirtualHost>"""
    return apache_text(folder, rest, "socache_shmcb ssl proxy proxy_http")


_TEXTS = {"nginx": _nginx, "caddy": _caddy, "apache": _apache}


@contextmanager
def proxy(server: Server, inner: int, text: str) -> Iterator[Proxy]:
    """Run a server as `text`, an example, says; its pages are served at port `inner`."""
    with tempfile.TemporaryDirectory() as name:
        folder, authority = Path(name), trustme.CA()
        folder.chmod(0o755)  # servers give up root's rights
        certificate = authority.issue_cert(HOST)
        certificate.private_key_and_cert_chain_pem.write_to_path(str(folder / "pem"))
        (folder / "root").mkdir()
        (folder / "root" / "index.html").write_text("The site itself.\n", "utf-8")
        found = Proxy(free_port(), folder, authority, logs_requests=server != "caddy")
        filled = _TEXTS[server](folder, found.port, text.replace(_INNER, f"127.0.0.1:{inner}"))
        with daemon(server, folder, filled):
            yield found
