"""Events of a provider that calls: believed where they are signed, and acted upon."""

from __future__ import annotations

import hmac
import json
from base64 import b64encode
from datetime import date

import pytest

from feedmaker.bounces.webhooks import SECRET
from feedmaker.delivery.audience import open_ledger
from feedmaker.store import Frozen
from tests.conftest import Cli
from tests.projects import ProjectFolder
from tests.signup.conftest import ANN, KEY, NOW, SIGNUP, Serve, Served

FROZEN = Frozen("S", "P", "H", "T", "A", 1, [], [], {})


def sent(served: Served) -> str:
    """Send an issue to Ann, and return its Message-ID."""
    served.add(ANN)
    with served.store() as store:
        issue = store.add_issue(store.free_slug(date(2026, 11, 23)), FROZEN, ["one"], NOW)
        assert open_ledger(store, issue, "letter@lamp.example.org", NOW, NOW)
        (row,) = store.deliveries(issue.id)
        return row.message_id


def call(served: Served, message_id: str, key: bytes = KEY, more: int = 0) -> int:
    """Tell of a bounce as the provider does, with so many words more; return the status of the answer."""
    headers = [{"name": "X-Feedmaker-Message-ID", "value": message_id}]
    bounce = {"type": "Permanent", "message": "550 5.1.1 no such user" + "." * more}
    event = {"type": "email.bounced", "data": {"to": [ANN], "headers": headers, "bounce": bounce}}
    body, moment = json.dumps(event).encode(), str(int(served.clock.now.timestamp()))
    made = hmac.digest(key, f"msg_1.{moment}.".encode() + body, "sha256")
    signed = {
        "svix-id": "msg_1",
        "svix-timestamp": moment,
        "svix-signature": f"v1,{b64encode(made).decode()}",
    }
    return served.client.post(served.address + "events/resend", content=body, headers=signed).status_code


@pytest.fixture
def known(provider_secret: None, serve_pages: Serve) -> Served:
    """Serve pages that know the secret of the provider."""
    return serve_pages()


def test_signed_event_takes_its_person_off_the_list(known: Served) -> None:
    """A bounce that the provider tells of counts like one in a mailbox; told again it changes nothing."""
    message_id = sent(known)

    assert (call(known, message_id), call(known, message_id)) == (200, 200)

    person = known.person(ANN)
    assert person
    assert (person.status, person.reason) == ("bounced", "2026-11-23: 550 5.1.1 no such user")


def test_event_that_is_not_signed_is_not_believed(known: Served) -> None:
    """Whoever has not got the secret changes nobody, and hears so; the log says it."""
    assert call(known, sent(known), b"another key, made up here") == 401

    person = known.person(ANN)
    assert person
    assert person.status == "active"
    assert "was not believed" in known.log


def test_without_a_secret_no_event_is_believed(served: Served) -> None:
    """Nothing is open that was not switched on."""
    assert call(served, sent(served)) == 401


@pytest.mark.parametrize("secret", ["whsec_", "hunter2!", "whsec_hunter2"])
def test_unsound_secret_is_told_before_anybody_is_answered(
    project: ProjectFolder, cli: Cli, monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    """The server does not start, so that no event is lost to it; the text does not repeat what is set."""
    monkeypatch.setenv(SECRET, secret)
    project.schedule(SIGNUP.format(address="http://127.0.0.1:1/", more=""))

    # With a secret that is not looked at, it would end for want of a place.
    ran = cli("-C", project.root, "serve", "--listen", "nowhere")

    assert (ran.code, f"{SECRET} is no secret of a webhook" in ran.err) == (2, True)
    assert "hunter2" not in ran.err
