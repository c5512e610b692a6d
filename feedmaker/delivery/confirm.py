"""The message that asks somebody to confirm, on its own way past the ledger: it belongs to no issue."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from feedmaker.config import Newsletter
from feedmaker.delivery.message_ids import made_id
from feedmaker.delivery.transports import Envelope, Receipt, Transport
from feedmaker.newsletter.message import plain_message

_ISSUE = "confirm"


@dataclass(frozen=True, slots=True)
class Confirmation:
    """Hold a message and its envelope; a repeat is equal byte by byte."""

    message: bytes
    envelope: Envelope


def write_confirmation(
    letter: Newsletter, recipient: str, *, subject: str, text: str, token: str, date: datetime
) -> Confirmation:
    """Write the message that asks for confirmation; `token` is another one for each that is asked for.

    Raises `GateError` where no message can be written, as to an address that it cannot hold.
    """
    sender = letter.sender.email
    message_id = made_id(sender, _ISSUE, token)
    message = plain_message(
        letter, recipient, subject=subject, text=text, message_id=message_id, date=date.replace(microsecond=0)
    )
    return Confirmation(message, Envelope(sender, recipient, _ISSUE, message_id))


def send_confirmation(confirmation: Confirmation, transport: Transport) -> Receipt:
    """Hand the message over; raise `DeliveryError` where the transport takes nothing."""
    return transport.send(confirmation.message, confirmation.envelope)
