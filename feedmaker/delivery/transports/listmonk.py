"""listmonk: mail handed to its transactional API, for those who have it as their way out.

Written after https://listmonk.app/docs/apis/transactional/ and https://listmonk.app/docs/templating/. It has
no idempotency keys, so where an answer is lost nobody can say whether the message went out.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from feedmaker.delivery.transports.base import Envelope, Receipt
from feedmaker.delivery.transports.content import read
from feedmaker.delivery.transports.http import (
    HttpTransport,
    Question,
    Turnstile,
    address_of,
    encoded,
    needed,
)
from feedmaker.errors import UsageError
from feedmaker.secrets import Secret

USER = "FEEDMAKER_LISTMONK_USER"
TOKEN = "FEEDMAKER_LISTMONK_TOKEN"  # noqa: S105 - the name of the variable, not what it holds
TEMPLATE = "{{ .Tx.Data.body | Safe }}"
"""The whole body that the template in listmonk needs to have."""

_PARAMETER = re.compile("template=([1-9][0-9]{0,8})")


def payload(message: bytes, envelope: Envelope, template: int) -> Mapping[str, Any]:
    """Make the body of POST /api/tx from a finished message.

    listmonk runs what stands in subject and texts as templates. So the words travel as data, and the
    templates only name them: braces in a note stay braces. All headers are kept, Date and Message-ID too, and
    bounces go to the envelope's sender. Raises `DeliveryError` for a message that it could not carry whole.
    """
    content = read(message)
    headers = {**content.headers, "Return-Path": envelope.sender}
    made: dict[str, Any] = {
        "subscriber_mode": "external",
        "subscriber_emails": [envelope.recipient],
        "template_id": template,
        "from_email": content.origin,
        "subject": "{{ .Tx.Data.subject }}",
        "headers": [{name: value} for name, value in headers.items()],
    }
    if content.html is None:
        return {
            **made,
            "content_type": "plain",
            "data": {"subject": content.subject, "body": content.text},
        }
    return {
        **made,
        "content_type": "html",
        "altbody": "{{ .Tx.Data.text }}",
        "data": {"subject": content.subject, "body": content.html, "text": content.text},
    }


def opened(transport: str, width: int, environ: Mapping[str, str]) -> Listmonk:
    """Open `listmonk:https://HOST/?template=NUMBER`.

    Raises `UsageError` where the address cannot be used, or the user or the token is not set.
    """
    address = address_of(transport)
    number = _PARAMETER.fullmatch(address.query)
    if number is None:
        raise UsageError(
            "expected ?template= and the template's number at the end of the address of listmonk:"
        )
    base = address._replace(query="").geturl()
    return Listmonk(base, int(number[1]), needed(USER, environ), needed(TOKEN, environ), width)


class Listmonk(HttpTransport):
    """Send through listmonk, which puts what it takes into a queue of its own."""

    provider = "listmonk"
    variables = (USER, TOKEN)

    def __init__(
        self,
        address: str,
        template: int,
        user: Secret,
        token: Secret,
        width: int,
        turnstile: Turnstile | None = None,
    ) -> None:
        pair = b64encode(f"{user.reveal()}:{token.reveal()}".encode("ascii")).decode("ascii")
        super().__init__(width, [token, Secret(pair)], turnstile)
        self._address = f"{address}api/tx"
        self._template = template
        self._pair = Secret(pair)

    def question(self, message: bytes, envelope: Envelope) -> Question:
        """Write the request."""
        headers = {"Authorization": f"Basic {self._pair.reveal()}", "Content-Type": "application/json"}
        return Question(self._address, headers, encoded(payload(message, envelope, self._template)))

    def taken(self, said: Mapping[str, Any]) -> str | None:
        """Tell that listmonk has queued the message; it gives no id."""
        return "queued by listmonk" if said.get("data") is True else None

    def refused(self, status: int, said: Mapping[str, Any], told: str) -> Receipt | None:  # noqa: ARG002
        """Leave it to the status, for its messages are in whatever language it is set to."""
        return None
