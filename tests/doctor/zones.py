"""Names for tests: as a value for the rules, and served by a real name server on loopback."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Thread

import dns.flags
import dns.message
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from dns.rdtypes.ANY.TXT import TXT

from feedmaker.doctor.answers import Type, UnansweredError

Names = Mapping[str, Mapping[str, Sequence[str]]]
FAILING = "failing.test"
"""A domain of which nobody knows anything."""


class Zone:
    """Answer from a table: of each name its records by type, as `Dns.ask` returns them."""

    def __init__(self, names: Names) -> None:
        self.names = {name.lower(): records for name, records in names.items()}
        self.asked: list[tuple[str, str]] = []

    def ask(self, name: str, kind: Type) -> tuple[str, ...]:
        """Return what the table has."""
        self.asked.append((name, kind))
        if name.endswith(FAILING):
            raise UnansweredError(f"nobody knows {name}")
        return tuple(self.names.get(name.lower(), {}).get(kind, ()))


def _record(kind: str, value: str) -> dns.rdata.Rdata:
    """Make a record; a text has strings of at most 255 bytes."""
    if kind == "TXT":
        data = value.encode()
        strings = [data[at : at + 255] for at in range(0, max(len(data), 1), 255)]
        return TXT(dns.rdataclass.IN, dns.rdatatype.TXT, strings)
    return dns.rdata.from_text("IN", kind, f"{value}." if kind in ("MX", "PTR") else value)


def _answer(query: dns.message.Message, names: Names) -> dns.message.Message:
    """Answer one question, following no more than one alias."""
    response = dns.message.make_response(query)
    (question,) = query.question
    name = question.name.to_text(omit_final_dot=True).lower()
    kind = dns.rdatatype.to_text(question.rdtype)
    if name.endswith(FAILING):
        response.set_rcode(dns.rcode.SERVFAIL)
        return response
    response.flags |= dns.flags.AA
    owner = question.name
    for alias in names.get(name, {}).get("CNAME", ()):
        response.answer.append(dns.rrset.from_text(owner, 60, "IN", "CNAME", f"{alias}."))
        name, owner = alias, dns.name.from_text(alias)
    values = names.get(name, {}).get(kind, ())
    if values:
        response.answer.append(
            dns.rrset.from_rdata_list(owner, 60, [_record(kind, value) for value in values])
        )
    elif not any(known == name or known.endswith(f".{name}") for known in names):
        response.set_rcode(dns.rcode.NXDOMAIN)
    return response


@contextmanager
def name_server(names: Names) -> Iterator[str]:
    """Serve a table over UDP, and return HOST:PORT."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))

        def serve() -> None:
            while True:
                data, peer = listening.recvfrom(4096)
                if not data:
                    return
                listening.sendto(_answer(dns.message.from_wire(data), names).to_wire(), peer)

        thread = Thread(target=serve)
        thread.start()
        port = listening.getsockname()[1]
        try:
            yield f"127.0.0.1:{port}"
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
                last.sendto(b"", ("127.0.0.1", port))
            thread.join()
