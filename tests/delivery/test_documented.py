"""The provider that docs/adding-a-transport.md shows works as it is shown."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from feedmaker.delivery.transports import Receipt
from feedmaker.errors import DeliveryError
from tests.delivery.providers import ENVELOPE, MESSAGE, MESSAGE_ID, instead, listening, lose_answer, said
from tests.docs.documents import ROOT, blocks

SHOWN = [
    block.text
    for block in blocks((ROOT / "docs/adding-a-transport.md").read_text("utf-8"))
    if block.language == "python"
]


def example() -> dict[str, Any]:
    """Run the example and return what it defines."""
    (text,) = SHOWN
    defined: dict[str, Any] = {"__name__": "harbour"}
    exec(compile(text, "docs/adding-a-transport.md", "exec"), defined)
    return defined


def test_example_sends() -> None:
    """The documented class hands a message over, and keeps the provider's ticket."""
    with listening(lambda asked: said(200, {"ticket": "T7"})) as provider:
        transport = example()["opened"](f"harbour:{provider.address}", 2, {"FEEDMAKER_HARBOUR_KEY": "hush"})
        receipt = transport.send(MESSAGE, ENVELOPE)
        transport.close()

    assert receipt == Receipt("sent", "ticket T7")
    (asked,) = provider.asked
    assert (asked.path, asked.headers["x-once"]) == ("/post", MESSAGE_ID)
    assert asked.data["text"] == "Silt\n"
    assert transport.remembers == timedelta(hours=1)


def test_example_has_all_outcomes() -> None:
    """With no more than what is shown, refusals, lost answers and wrong keys are told apart."""
    with listening(lambda asked: said(200, {"ticket": "T7"})) as provider:
        transport = example()["opened"](f"harbour:{provider.address}", 2, {"FEEDMAKER_HARBOUR_KEY": "hush"})
        provider.faults.extend(
            [
                instead(said(422, {"code": "mailbox", "message": "no such box"})),
                lose_answer,
                instead(said(408, {})),
                instead(said(403, {"message": "hush is no key"})),
            ]
        )
        receipts = [transport.send(MESSAGE, ENVELOPE) for _ in range(3)]
        with pytest.raises(DeliveryError, match=r"403 \*\*\* is no key.*check FEEDMAKER_HARBOUR_KEY"):
            transport.send(MESSAGE, ENVELOPE)
        transport.close()

    assert [receipt.outcome for receipt in receipts] == ["failed", "unknown", "deferred"]
    assert receipts[0].reply == "422 no such box"
