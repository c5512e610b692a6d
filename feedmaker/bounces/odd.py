"""Bounces that are no reports in the sense of RFC 3464, read by `flufl.bounce`.

That is kept by the people of Mailman. It knows the forms of qmail, Exim, Exchange, AOL, Yahoo and many that
are older. All of it stands behind this module: it is annotated only in part, has no bounds of its own and
raises on some broken messages. Pure.
"""

from __future__ import annotations

import logging
from email import message_from_bytes

_SIZE_LIMIT = 64 * 1024
_LINE_LIMIT = 2000
_WIDTH_LIMIT = 1000
_NOT_ASCII = bytes(range(128, 256))


def failed_addresses(data: bytes) -> list[str]:
    """Return the addresses that a bounce says have failed for good, in their order; none where it says none.

    What `flufl.bounce` takes for a warning that a message is late counts for nothing.
    """
    from flufl.bounce import all_failures

    # It writes down each detector that it tries, and the traceback of each that fails.
    logging.getLogger("flufl.bounce").disabled = True
    try:
        _late, failed = all_failures(message_from_bytes(_tamed(data)))
    except Exception:  # noqa: BLE001 - code of others on bytes of others: what it cannot read says nothing
        return []
    return sorted(address.decode("ascii", "replace") for address in failed)


def _tamed(data: bytes) -> bytes:
    """Cut what makes the detectors slow, and put ? for bytes outside ASCII, on which they raise."""
    lines = data[:_SIZE_LIMIT].translate(bytes.maketrans(_NOT_ASCII, b"?" * len(_NOT_ASCII))).split(b"\n")
    return b"\n".join(line[:_WIDTH_LIMIT] for line in lines[:_LINE_LIMIT])
