"""Signing up, confirming, choosing and leaving over real HTTP."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from datetime import timedelta
from typing import get_args

import pytest

from feedmaker.store import Consent, Status, Wishes
from tests.signup.conftest import ANN, CHOICES, DAY, ELSEWHERE, NOW, ONE_CLICK, Serve, Served

HOUR = timedelta(hours=1)


# Asking


def test_person_signs_up_and_confirms(served: Served) -> None:
    """The form brings a mail, its link a page with a button, and the button an active subscriber."""
    answer = served.ask("  Ann@Example.ORG ")
    mail = served.mailbox.next()
    person = served.person(ANN)
    assert person
    link = re.search(r"http\S+", mail.get_content())
    assert link

    shown = served.client.get(link[0])
    done = served.client.post(link[0])

    assert (answer.status_code, shown.status_code, done.status_code) == (200, 200, 200)
    assert "Look into your mailbox" in answer.text
    assert person.status == "pending"
    assert person.consent == Consent(
        "form",
        "Send me The Lamp Letter. Each mail has a link by which I can leave at any time.",
    )
    assert (person.added_at, person.asked_at, person.confirmed_at) == (NOW, NOW, None)
    assert "<button>" in shown.text
    assert "You are subscribed" in done.text
    active = served.person(ANN)
    assert active
    assert (active.status, active.confirmed_at, active.consent) == ("active", NOW, person.consent)


def test_confirmation_mail_says_who_asked_what_and_when(served: Served) -> None:
    """It is plain text from the newsletter's sender, marked as automatic, and says what to do if it errs."""
    served.ask(ANN, headers={"Origin": ELSEWHERE})

    mail = served.mailbox.next()

    assert mail["To"] == ANN
    assert mail["From"] == "Orla Finch <letter@lamp.example.org>"
    assert mail["Subject"] == "Please confirm: The Lamp Letter"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content_type() == "text/plain"
    text = " ".join(mail.get_content().split())
    assert "on 23 November 2026 at 09:00 CET" in text
    assert f"to get The Lamp Letter at this address, on {ELSEWHERE}. If it was you" in text
    assert "If it was not you, ignore this message" in text
    assert "List-Unsubscribe" not in mail


def everybody(served: Served) -> list[str]:
    """Return an address for everything that can be known of one."""
    for status in get_args(Status):
        served.add(f"{status}@example.org", status)
        served.add(f"{status}-just-now@example.org", status, NOW)
    served.ask("waiting@example.org")
    with served.store() as store:
        store.add_subscriber("erased@example.org", NOW - 9 * DAY)
        store.erase_subscriber("erased@example.org", NOW - DAY)
    names = [
        *get_args(Status),
        *(f"{status}-just-now" for status in get_args(Status)),
        *("waiting", "erased", "unknown"),
    ]
    return [f"{name}@example.org" for name in names]


@pytest.mark.parametrize("as_json", [False, True], ids=["form", "JSON"])
def test_every_address_gets_the_same_answer(served: Served, as_json: bool) -> None:
    """Whatever is known of an address, status, headers and body are the same."""
    answers = set()
    for address in everybody(served):
        url = f"{served.address}subscribe"
        fields = {"email": address}
        answer = served.client.post(url, json=fields) if as_json else served.client.post(url, data=fields)
        headers = tuple(item for item in answer.headers.items() if item[0] != "date")
        answers.add((answer.status_code, headers, answer.content))

    ((status, _, _),) = answers
    assert status == (202 if as_json else 200)


def test_mail_goes_only_to_whom_it_may(served: Served) -> None:
    """Nobody who is subscribed, complained or is suppressed is asked, nor whose status is new."""
    for address in everybody(served):
        served.ask(address)

    asked = {mail["To"].partition("@")[0] for mail in served.mails()}

    assert asked == {"pending", "unsubscribed", "bounced", "waiting", "erased", "unknown"}


def test_one_mail_a_day(served: Served) -> None:
    """Who asks again gets no second mail within a day, and another link after it."""
    first = served.confirm_link(ANN)
    served.clock.now = NOW + DAY - timedelta(seconds=1)
    served.ask(ANN)
    assert served.mails() == []
    served.clock.now = NOW + DAY

    second = served.confirm_link(ANN)

    assert second != first
    assert served.get(first).status_code == served.post(first).status_code == 404
    assert served.post(second).status_code == 200


def test_same_answer_takes_the_same_writes(served: Served) -> None:
    """A known address costs a transaction like an unknown one: each asking leaves a row and nothing less."""
    for number, address in enumerate((ANN, "active@example.org", "complained@example.org"), 1):
        if address != ANN:
            served.add(address, "active" if number == 2 else "complained")
        served.ask(address)
        with closing(sqlite3.connect(served.project.store_path)) as database:
            assert database.execute("SELECT count(*) FROM signups").fetchone() == (number,)


def test_what_is_no_address_is_told(served: Served) -> None:
    """The form comes back with a word about it and what was typed, and nothing is written."""
    before = served.rows()
    for typed in (
        *(
            "",
            "ann",
            "ann@",
            "@example.org",
            "ann@example",
            "a b@example.org",
            "ann@example.org, bo@example.org",
        ),
        *("ann@example.org\nBcc: bo@example.org", f"{'a' * 65}@example.org", "ann@[127.0.0.1]", "a@b..org"),
    ):
        answer = served.ask(typed)
        as_json = served.client.post(f"{served.address}subscribe", json={"email": typed})

        assert (answer.status_code, as_json.status_code) == (422, 422), typed
        assert 'role="alert"' in answer.text
        assert as_json.json()["error"].startswith("This is no address that mail can be sent to.")
    assert served.rows() == before


def test_typed_markup_stays_text(served: Served) -> None:
    """What was typed comes back escaped."""
    answer = served.ask('"><script>alert(1)</script>')

    assert "<script" not in answer.text
    assert "&lt;script&gt;" in answer.text


def test_robot_is_thanked_and_forgotten(served: Served) -> None:
    """Who fills in the field that nobody sees is answered like all others, and gets nothing."""
    good = served.ask("bo@example.org")
    answer = served.post("subscribe", f"email={ANN}", "website=https://spam.example")

    assert (answer.status_code, answer.content) == (good.status_code, good.content)
    assert [mail["To"] for mail in served.mails()] == ["bo@example.org"]
    assert served.person(ANN) is None


@pytest.mark.parametrize("filled", [1, 0, True, ["x"], {"a": "x"}, "x"])
def test_robot_may_fill_in_anything_in_json(served: Served, filled: object) -> None:
    """What is no text gives it away as well."""
    answer = served.client.post(f"{served.address}subscribe", json={"email": ANN, "website": filled})

    assert answer.status_code == 202
    assert served.person(ANN) is None


@pytest.mark.parametrize("empty", ["", " ", None, [], {}])
def test_script_may_send_the_hidden_field_empty(served: Served, empty: object) -> None:
    """Nobody has filled it in then."""
    served.client.post(f"{served.address}subscribe", json={"email": ANN, "website": empty})

    assert served.person(ANN)


def test_erased_person_comes_back_by_confirming(served: Served) -> None:
    """Asking alone does not end it that somebody is erased; their own confirmation does."""
    with served.store() as store:
        store.add_subscriber(ANN, NOW)
        store.erase_subscriber(ANN, NOW)
    link = served.confirm_link(ANN)
    with served.store() as store:
        assert store.count_erased() == 1
        served.post(link)
        assert store.count_erased() == 0


def test_json_in_other_forms_is_refused(served: Served) -> None:
    """What is no object of JSON, or in no form that is known, is refused with a reason."""
    url = f"{served.address}subscribe"
    json = {"Content-Type": "application/json"}

    for body in (b"", b"[]", b'"a"', b"{", b"[" * 9000, b"\xff"):
        answer = served.client.post(url, content=body, headers=json)
        assert (answer.status_code, list(answer.json())) == (400, ["error"])
    assert served.client.post(url, json={"email": [ANN]}).status_code == 422
    assert served.client.post(url, content=b"{}", headers={"Content-Type": "text/plain"}).status_code == 415
    assert served.client.post(url, files={"email": b"x"}).status_code == 400


def test_multipart_form_is_read(served: Served) -> None:
    """A form may be sent in either form that browsers have."""
    answer = served.client.post(f"{served.address}subscribe", files={"email": (None, ANN)})

    assert answer.status_code == 200
    assert served.mailbox.next()["To"] == ANN


# Confirming


def test_confirming_twice_is_fine(served: Served) -> None:
    """The second time says the same and changes nothing."""
    link = served.confirm_link(ANN)
    first = served.post(link)
    served.clock.now += HOUR
    before = served.rows()

    second = served.post(link)

    assert (second.status_code, second.text) == (200, first.text)
    assert "You are subscribed" in served.get(link).text
    assert served.rows() == before


def test_old_link_does_not_subscribe_again(served: Served) -> None:
    """Who has left stays away, whoever presses the button of the first mail."""
    link = served.confirm_link(ANN)
    served.post(link)
    person = served.person(ANN)
    assert person
    served.post(f"leave/{served.reader_token(person)}")

    assert served.get(link).status_code == served.post(link).status_code == 404
    left = served.person(ANN)
    assert left
    assert (left.status, left.reason) == ("unsubscribed", "left on the page")


def test_link_works_for_seven_days(served: Served) -> None:
    """It works until a second before that, and then says kindly that it is too old."""
    late, later = served.confirm_link(ANN), served.confirm_link("bo@example.org")
    served.clock.now = NOW + 7 * DAY - timedelta(seconds=1)
    assert served.post(late).status_code == 200
    served.clock.now = NOW + 7 * DAY

    answer = served.post(later)

    assert answer.status_code == 404
    assert "To the sign-up form" in answer.text
    bo = served.person("bo@example.org")
    assert bo
    assert bo.status == "pending"


def test_token_is_good_for_one_purpose(served: Served) -> None:
    """No token of an issue confirms, and none of a confirmation mail leaves or chooses."""
    link = served.confirm_link(ANN)
    token = link.removeprefix("confirm/")
    bo = served.reader_token(served.add("bo@example.org"))

    assert served.post(f"leave/{token}").status_code == 404
    assert served.post(f"choose/{token}").status_code == 404
    assert served.post(f"confirm/{bo}").status_code == 404
    ann = served.person(ANN)
    assert ann
    assert ann.status == "pending"


def test_tokens_survive_new_keys_until_old_ones_are_forgotten(served: Served) -> None:
    """A link works when keys have changed, and no more when its key is gone."""
    person = served.add(ANN)
    token = served.reader_token(person)
    with served.store() as store:
        store.add_key(NOW)
    assert served.get(f"leave/{token}").status_code == 200
    with served.store() as store:
        store.forget_keys()

    assert served.get(f"leave/{token}").status_code == 404
    assert served.get(f"leave/{served.reader_token(person)}").status_code == 200


@pytest.mark.parametrize("path", ["confirm", "leave", "choose"])
def test_damaged_token_is_answered_kindly(served: Served, path: str) -> None:
    """It is 404 with a page that says what to do, whatever the token is, and nothing changes."""
    before = served.rows()
    for token in (
        *("x", "TOKEN.SIGNATURE", "a.b.c", "%00", "%0d%0aX: y", "é", "%ff", "'%20OR%201=1", "." * 999),
        *("..", "%2e%2e", "..%2f..%2fschedule.yaml", "%2fetc%2fpasswd"),
    ):
        for answer in (served.get(f"{path}/{token}"), served.post(f"{path}/{token}")):
            assert answer.status_code in (404, 405), token
            assert re.search(
                "<h1.*>(This link does not work|There is nothing here|Not like this)", answer.text
            )
    assert served.rows() == before


# Leaving


@pytest.mark.parametrize("kind", ["form", "multipart"])
def test_one_click_leaves_at_once(served: Served, kind: str) -> None:
    """A mail program's POST, in either form, without cookies and from nowhere, is answered 200 and counts."""
    token = served.reader_token(served.add(ANN))
    url = f"{served.address}leave/{token}"
    body = {"List-Unsubscribe": "One-Click"}

    for _ in range(2):
        if kind == "form":
            answer = served.client.post(url, data=body, follow_redirects=False)
        else:
            answer = served.client.post(url, files={name: (None, value) for name, value in body.items()})
        assert (answer.status_code, answer.text) == (200, "You are unsubscribed.\n")
        assert "set-cookie" not in answer.headers

    person = served.person(ANN)
    assert person
    assert (person.status, person.reason) == ("unsubscribed", "left by one click")


def test_old_mail_still_leads_here(served: Served) -> None:
    """An earlier program did not sign tokens; what it gave out is good, a new one unsigned is not."""
    ann, bo = served.add(ANN), served.add("bo@example.org")
    with closing(sqlite3.connect(served.project.store_path)) as other, other:
        other.execute("INSERT INTO old_tokens VALUES ('0ld', ?)", (ann.id,))

    for token in ("0ld", bo.token):
        served.post(f"leave/{token}", ONE_CLICK)

    people = [served.person(one.address) for one in (ann, bo)]
    assert [person and person.status for person in people] == ["unsubscribed", "active"]


def test_one_click_tells_nothing_of_tokens(served: Served) -> None:
    """A token that is forged, unknown, spent or good is answered alike."""
    good = served.reader_token(served.add(ANN))
    gone = served.add("bo@example.org")
    erased = served.reader_token(gone)
    with served.store() as store:
        store.erase_subscriber("bo@example.org", NOW)

    answers = [served.post(f"leave/{token}", ONE_CLICK) for token in (good, good, erased, f"{good}x", "test")]

    seen = {
        (
            answer.status_code,
            answer.content,
            tuple(item for item in answer.headers.items() if item[0] != "date"),
        )
        for answer in answers
    }
    assert len(seen) == 1


def test_any_post_leaves(served: Served) -> None:
    """Mail programs that do not keep to the rule are understood: to post to that address is to leave."""
    for kind in ("text/plain", "application/json", "multipart/form-data", "image/png"):
        person = served.add(f"{kind.replace('/', '-')}@example.org")
        url = f"{served.address}leave/{served.reader_token(person)}"

        answer = served.client.post(url, content=ONE_CLICK.encode(), headers={"Content-Type": kind})

        assert answer.status_code == 200
        left = served.person(person.address)
        assert left
        assert left.status == "unsubscribed"


def test_leaving_stays_left_whatever_the_status_was(served: Served) -> None:
    """Whoever gets mail, waits or bounced is unsubscribed; who complained or is suppressed stays that."""
    found = {}
    for status in get_args(Status):
        person = served.add(f"{status}@example.org", status)
        served.post(f"leave/{served.reader_token(person)}", ONE_CLICK)
        after = served.person(person.address)
        assert after
        found[status] = after.status

    gone = dict.fromkeys(("pending", "active", "bounced", "unsubscribed"), "unsubscribed")
    assert found == gone | {"complained": "complained", "suppressed": "suppressed"}


def test_leave_page_offers_less_mail_where_there_is_a_choice(serve_pages: Serve) -> None:
    """The link stands there only if something can be chosen."""
    for more, has_link in (("", False), (CHOICES, True)):
        served = serve_pages(more)
        token = served.reader_token(served.add(ANN))

        page = served.get(f"leave/{token}").text

        assert (f'href="../choose/{token}"' in page) == has_link


# Choosing


def test_choices_are_saved(served: Served) -> None:
    """What is ticked counts, in the order of the settings; what is not on offer does not."""
    person = served.add(ANN)
    path = f"choose/{served.reader_token(person)}"
    fields = ("topic=tag:fog & <lamps>", "topic=show:Keepers", "topic=tag:secret", "language=pt-BR")

    answer = served.post(path, "cadence=digest", *fields)

    after = served.person(ANN)
    assert after
    assert after.wishes == Wishes("digest", ("show:Keepers", "tag:fog & <lamps>"), "pt-BR")
    assert "Saved." in answer.text
    checked = re.findall(r'value="([^"]*)" checked', served.get(path).text)
    assert checked == ["digest", "show:Keepers", "tag:fog &amp; &lt;lamps&gt;"]


def test_choice_is_ticked_however_it_is_written(served: Served) -> None:
    """What an import has brought in other capitals is what is on offer, and can be taken away."""
    person = served.add(ANN)
    with served.store() as store:
        store.set_wishes(person.id, Wishes("each", ("tag:Bells",)))

    page = served.get(f"choose/{served.reader_token(person)}").text

    assert re.findall(r'value="([^"]*)" checked', page) == ["each", "tag:bells"]


def test_empty_form_chooses_everything(served: Served) -> None:
    """No tick means all topics, and no word the usual."""
    person = served.add(ANN)
    with served.store() as store:
        store.set_wishes(person.id, Wishes("digest", ("tag:bells",), "de"))

    served.post(f"choose/{served.reader_token(person)}")

    after = served.person(ANN)
    assert after
    assert after.wishes == Wishes()


def test_what_is_not_on_offer_is_shown_to_who_has_it(served: Served) -> None:
    """Whoever has it sees it chosen, whatever else they save, and can take it back like anything else."""
    person = served.add(ANN)
    had = Wishes("each", ("tag:moss", "TAG:Bells"), "fr")
    with served.store() as store:
        store.set_wishes(person.id, had)
    path = f"choose/{served.reader_token(person)}"

    page = served.get(path).text
    assert re.findall(r'value="([^"]*)" checked', page) == ["each", "tag:bells", "tag:moss"]
    assert re.findall(r'value="([^"]*)" lang="[^"]*" selected', page) == ["fr"]
    assert "Also chosen" in page

    shown = re.findall(r'<input type="hidden" name="(\w+)" value="(\w+)">', page)
    fields = [f"{name}={value}" for name, value in shown]
    page = served.post(path, *fields, "topic=tag:moss", "language=fr").text
    assert re.findall(r'value="([^"]*)" checked', page) == ["each", "tag:moss"]
    kept = served.person(ANN)
    assert kept
    assert kept.wishes == Wishes("each", ("tag:moss",), "fr")

    page = served.post(path, *fields, "language=").text
    assert "moss" not in page
    assert "Also chosen" not in page
    after = served.person(ANN)
    assert after
    assert after.wishes == Wishes()


def test_who_is_no_subscriber_chooses_nothing(served: Served) -> None:
    """The page says so, and a form changes nothing."""
    person = served.add(ANN, "unsubscribed")
    path = f"choose/{served.reader_token(person)}"

    answer = served.post(path, "cadence=digest")

    assert "You get no more mail" in answer.text == served.get(path).text
    after = served.person(ANN)
    assert after == person


@pytest.mark.parametrize("status", ["unsubscribed", "suppressed", "complained"])
@pytest.mark.parametrize("page", ["choose", "leave"])
def test_only_who_has_left_is_offered_to_come_back(served: Served, page: str, status: Status) -> None:
    """Who would never be sent a mail is not told to ask for one; the others can from tomorrow on."""
    token = served.reader_token(served.add(ANN, status))

    text = served.get(f"{page}/{token}").text

    assert ("From tomorrow on you can" in text) == ("sign up again" in text) == (status == "unsubscribed")


def test_address_in_any_script_is_asked(served: Served) -> None:
    """Letters of other scripts stand before the @ as they are, and behind it as the DNS has them."""
    assert served.ask("jörg@bücher.example").status_code == 200

    assert served.mailbox.next()["To"] == "jörg@xn--bcher-kva.example"
