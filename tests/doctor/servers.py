"""Mail and web servers on loopback, with certificates of an authority of our own."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from threading import Thread

from aiosmtpd.smtp import SMTP
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

NOW = datetime.now(UTC).replace(microsecond=0)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


class Authority:
    """Sign certificates for 127.0.0.1; its own stands in the file `trusted`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        made = self._builder("The doctor's authority", self._key, NOW + timedelta(days=400))
        made = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        made = made.add_extension(
            x509.KeyUsage(
                *(False,) * 5, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False
            ),
            critical=True,
        )
        self.trusted = folder / "authority.pem"
        self.trusted.write_bytes(made.sign(self._key, SHA256()).public_bytes(Encoding.PEM))

    def _builder(
        self, name: str, key: ec.EllipticCurvePrivateKey, until: datetime
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(_name(name))
            .issuer_name(_name("The doctor's authority"))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - timedelta(days=300))
            .not_valid_after(until)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False
            )
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        )

    def context(self, days: int = 90, address: str = "127.0.0.1") -> ssl.SSLContext:
        """Return what a server needs whose certificate is for an address, and for so many more days."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = self._builder("server", key, NOW + timedelta(days=days)).add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), critical=False
        )
        path = self._folder / f"server-{days}-{address}.pem"
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path.write_bytes(private + made.sign(self._key, SHA256()).public_bytes(Encoding.PEM))
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(path)
        return context


@contextmanager
def mail_server(
    context: ssl.SSLContext | None = None,
    *,
    at_once: bool = False,
    login: bool = False,
    smtputf8: bool = True,
) -> Iterator[int]:
    """Run a mail server and return its port; TLS begins after STARTTLS, or `at_once`."""
    loop = asyncio.new_event_loop()

    def session() -> SMTP:
        return SMTP(
            object(),
            hostname="mx.quay.test",
            loop=loop,
            enable_SMTPUTF8=smtputf8,
            tls_context=None if at_once else context,
            auth_require_tls=context is not None and not at_once,
            auth_exclude_mechanism=() if login else ("LOGIN", "PLAIN"),
        )

    secure = context if at_once else None
    server = loop.run_until_complete(loop.create_server(session, "127.0.0.1", 0, ssl=secure))
    thread = Thread(target=loop.run_forever)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()


class _Pages(BaseHTTPRequestHandler):
    """Answer as the path says: /STATUS/anything, or /to/PATH with a redirect."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer a question, and note it."""
        assert isinstance(self.server, WebServer)
        self.server.asked.append(f"{self.command} {self.path}")
        _, first, rest = self.path.split("/", 2)
        self.send_response(303 if first == "to" else int(first))
        if first == "to":
            self.send_header("Location", f"/{rest}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_POST = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class WebServer(ThreadingHTTPServer):
    """Keep what was asked for."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Pages)
        self.asked: list[str] = []

    def handle_error(self, *_: object) -> None:
        """Say nothing of clients that do not trust the certificate."""


@contextmanager
def web_server(context: ssl.SSLContext) -> Iterator[tuple[str, WebServer]]:
    """Run an https server and return its address."""
    with WebServer() as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"https://127.0.0.1:{server.server_address[1]}", server
        finally:
            server.shutdown()
            thread.join()
