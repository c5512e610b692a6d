"""Signing up, confirming, choosing and leaving over real HTTP."""

from __future__ import annotations

import re
import sqlite3
import threading
from contextlib import closing
from datetime import timedelta
from itertools import count, takewhile
from pathlib import Path
from typing import get_args

import pytest

from feedmaker.signup.limits import NETWORK_AN_HOUR, TOTAL_AN_HOUR
from feedmaker.store import Consent, Status, Wishes
from feedmaker.tokens import Tokens
from tests.signup.conftest import CHOICES, DAY, ELSEWHERE, NOW, Serve, Served

ANN = "ann@example.org"
ONE_CLICK = "List-Unsubscribe=One-Click"
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
        "I want to get The Lamp Letter by e-mail. Each mail has a link by which I can leave at any time.",
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
    assert f"(by form at {ELSEWHERE})" in text
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


def test_erased_person_comes_back_by_confirming(served: Served) -> None:
    """Asking alone does not end it that somebody is erased; their own confirmation does."""
    with served.store() as store:
        store.add_subscriber(ANN, NOW)
        store.erase_subscriber(ANN, NOW)
    link = served.confirm_link(ANN)
    with served.store() as store:
        assert store.is_erased(ANN)
        served.post(link)
        assert not store.is_erased(ANN)


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


def test_empty_form_chooses_everything(served: Served) -> None:
    """No tick means all topics, and no word the usual."""
    person = served.add(ANN)
    with served.store() as store:
        store.set_wishes(person.id, Wishes("digest", ("tag:bells",), "de"))

    served.post(f"choose/{served.reader_token(person)}")

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


# Who may ask


def test_foreign_pages_cannot_make_visitors_ask(served: Served) -> None:
    """A form on a page that is not named is refused; own pages, named ones and plain programs pass."""
    cases: list[tuple[dict[str, str], int]] = [
        ({}, 200),
        ({"Origin": "https://lamp.example.org"}, 200),
        ({"Origin": ELSEWHERE, "Sec-Fetch-Site": "cross-site"}, 200),
        ({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, 200),
        ({"Origin": "null"}, 200),
        ({"Origin": "null", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "http://lamp.example.org"}, 403),
        ({"Origin": f"{ELSEWHERE}.evil.example"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
    ]
    for number, (headers, status) in enumerate(cases):
        address = f"p{number}@example.org"

        assert served.ask(address, headers=headers).status_code == status, headers
        assert (served.person(address) is not None) == (status == 200)


def test_scripts_of_named_sites_may_use_json(served: Served) -> None:
    """A browser asks first, and is let through for the sites that may; others are not."""
    url = f"{served.address}subscribe"
    asking = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}

    good = served.client.options(url, headers={"Origin": ELSEWHERE, **asking})
    bad = served.client.options(url, headers={"Origin": "https://evil.example", **asking})
    done = served.client.post(url, json={"email": ANN}, headers={"Origin": ELSEWHERE})

    assert (good.status_code, good.headers["access-control-allow-origin"]) == (200, ELSEWHERE)
    assert "access-control-allow-credentials" not in good.headers
    assert bad.status_code == 400
    assert "access-control-allow-origin" not in bad.headers
    assert (done.status_code, done.headers["access-control-allow-origin"]) == (202, ELSEWHERE)
    person = served.person(ANN)
    assert person
    assert person.consent.source == f"JSON at {ELSEWHERE}"


def crowd(served: Served, network: str) -> None:
    """Let so many ask from a network that it has reached its limit."""
    with served.store() as store, store.transaction():
        for number in range(NETWORK_AN_HOUR):
            store.add_signup(f"p{number}@example.org", network, NOW)


def coming_from(chain: str) -> dict[str, str]:
    """Return the header in which a proxy says who asks."""
    return {"X-Forwarded-For": chain}


def test_network_is_held_back(served: Served) -> None:
    """After so many in an hour a network is refused, on the page and in JSON; others are not, nor later."""
    crowd(served, "198.51.100.0/24")
    before, mine = served.rows(), coming_from("198.51.100.7")

    page = served.ask(ANN, headers=mine)
    json = served.client.post(f"{served.address}subscribe", json={"email": ANN}, headers=mine)

    assert (page.status_code, page.headers["retry-after"]) == (429, "3600")
    assert (json.status_code, list(json.json())) == (429, ["error"])
    assert served.rows() == before
    assert "too many requests to sign up from one network\n" in served.log
    assert served.ask(ANN, headers=coming_from("198.51.101.7")).status_code == 200
    served.clock.now = NOW + HOUR
    assert served.ask("bo@example.org", headers=mine).status_code == 200


def test_networks_are_counted_as_they_come(served: Served) -> None:
    """The last one that a network may send is answered, and the next one is not."""
    with served.store() as store, store.transaction():
        for number in range(NETWORK_AN_HOUR - 1):
            store.add_signup(f"p{number}@example.org", "2001:db8:0:100::/56", NOW)

    codes = [served.ask(ANN, headers=coming_from(f"2001:db8:0:1{n}::1")).status_code for n in ("aa", "ff")]

    assert codes == [200, 429]


def test_proxy_that_does_not_say_who_asks_is_told_of(served: Served) -> None:
    """Where all come from the proxy itself, the log says what is amiss."""
    crowd(served, "127.0.0.0/24")

    assert served.ask(ANN).status_code == 429
    assert "that of a proxy: let it say in X-Forwarded-For who asks" in served.log


def test_proxies_alone_say_who_asks(serve_pages: Serve) -> None:
    """Without a proxy to believe, the header is nothing but words."""
    served = serve_pages("  proxies: []\n")
    crowd(served, "127.0.0.0/24")

    assert served.ask(ANN, headers=coming_from("203.0.113.1")).status_code == 429


def test_forged_beginning_of_the_header_does_not_help(served: Served) -> None:
    """What a client has put into the header stands before what the proxy adds, which alone counts."""
    crowd(served, "198.51.100.0/24")

    assert served.ask(ANN, headers=coming_from("10.99.0.1, 198.51.100.8")).status_code == 429
    assert served.ask(ANN, headers=coming_from("198.51.100.8, 10.99.0.1")).status_code == 200


def test_all_together_are_held_back(served: Served) -> None:
    """When very many ask in an hour, nobody is let in, and everybody is told."""
    with served.store() as store, store.transaction():
        for number in range(TOTAL_AN_HOUR):
            store.add_signup(f"p{number}@example.org", f"n{number}", NOW)

    answer = served.ask(ANN)

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "3600")
    served.clock.now = NOW + HOUR
    assert served.ask(ANN).status_code == 200


def test_address_is_held_back_without_a_word(served: Served) -> None:
    """Who is erased between three mails gets no fourth that day, and nobody is told."""
    answers = set()
    for _ in range(4):
        answers.add(served.ask(ANN).content)
        with served.store() as store:
            store.erase_subscriber(ANN, NOW)

    assert len(answers) == 1
    assert [mail["To"] for mail in served.mails()] == [ANN] * 3


# What every answer has


def test_every_answer_keeps_browsers_strict(served: Served) -> None:
    """Nothing is framed, run, loaded from elsewhere, told to others or kept; there are no cookies."""
    token = served.reader_token(served.add(ANN))
    answers = [served.get(path) for path in ("", "subscribe", f"leave/{token}", f"choose/{token}", "nowhere")]
    answers += [served.ask("x"), served.ask("bo@example.org"), served.post(f"leave/{token}", ONE_CLICK)]
    for answer in answers:
        headers = answer.headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none';")
        assert "script-src" not in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert "set-cookie" not in headers
        assert "server" not in headers
        assert not re.findall(r'(?:src|href|action)="(?!https://lamp\.example\.org/)\w+://', answer.text)


def test_search_engines_may_find_the_form_alone(served: Served) -> None:
    """Pages with a token are nobody's to list."""
    token = served.reader_token(served.add(ANN))

    robots = [served.get(path).headers["x-robots-tag"] for path in ("", f"leave/{token}", "nowhere")]

    assert robots == ["all", "noindex", "noindex"]


def test_only_post_changes_anything(served: Served) -> None:
    """Every other method leaves the state database as it is, and HEAD answers like GET without a body."""
    token = served.reader_token(served.add(ANN))
    link = served.confirm_link("bo@example.org")
    before = served.rows()
    for path in ("", "subscribe", link, f"leave/{token}", f"choose/{token}", "style.css", "nowhere"):
        shown, head = served.get(path), served.client.head(f"{served.address}{path}")
        assert (head.status_code, head.content) == (shown.status_code, b"")
        assert head.headers["content-length"] == str(len(shown.content))
        for method in ("PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"):
            answer = served.client.request(method, f"{served.address}{path}")
            assert answer.status_code in (204, 404, 405)

    assert served.rows() == before


def test_addresses_are_masked(served: Served) -> None:
    """No page shows more of an address than its owner needs."""
    person = served.add(ANN)
    token = served.reader_token(person)
    link = served.confirm_link("bo@example.org")
    for path in (f"leave/{token}", f"choose/{token}", link):
        for answer in (served.get(path), served.post(path)):
            assert answer.status_code == 200
            assert "…@e….org" in answer.text
            assert "ann@" not in answer.text
            assert "example.org" not in answer.text.replace("lamp.example.org", "")


def test_pages_answer_with_and_without_their_path(served: Served) -> None:
    """A proxy may leave the path of the outer address in place, or take it away."""
    token = served.reader_token(served.add(ANN))
    bare = served.address.removesuffix("letter/")
    for path in ("", "style.css", f"leave/{token}"):
        assert served.client.get(bare + path).content == served.get(path).content
    assert served.client.get(bare + "letter/letter/").status_code == 404


def test_log_names_nobody(served: Served) -> None:
    """It says what was asked for and how it ended, without address, token or IP."""
    link = served.confirm_link(ANN)
    served.post(link)
    served.get(f"leave/{served.reader_token(served.add('bo@example.org'))}?email={ANN}")
    served.get("somebody@example.org")
    assert served.mails() == []

    lines = [line.partition("Z ")[2] for line in served.log.splitlines()]

    assert "POST /subscribe 200" in lines
    assert "POST /confirm/… 200" in lines
    assert "GET /leave/… 200" in lines
    assert "GET /… 404" in lines
    assert not re.search(r"@|example|127\.0\.0\.1|203\.0", served.log)
    assert link.removeprefix("confirm/") not in served.log


# Beside others


def test_busy_database_is_told_and_nothing_is_lost(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another program holds the database, people are asked to come again, and reading goes on."""
    monkeypatch.setattr("feedmaker.store.database.BUSY_SECONDS", 0.05)
    token = served.reader_token(served.add(ANN))
    with closing(sqlite3.connect(served.project.store_path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        busy = [
            served.ask("bo@example.org"),
            served.post(f"leave/{token}", ONE_CLICK),
            served.client.post(f"{served.address}subscribe", json={"email": "bo@example.org"}),
        ]
        read = served.get(f"leave/{token}")
        other.execute("ROLLBACK")

    assert [(answer.status_code, answer.headers["retry-after"]) for answer in busy] == [(503, "10")] * 3
    assert "Please try again" in busy[0].text
    assert busy[2].json()["error"].startswith("Please try again")
    assert "Traceback" not in "".join(answer.text for answer in busy)
    assert read.status_code == 200
    assert "another program holds it" in served.log
    assert served.ask("bo@example.org").status_code == 200
    assert served.mailbox.next()["To"] == "bo@example.org"


def test_many_at_once_are_all_served(served: Served) -> None:
    """Requests at the same time, while another program writes, all end well and none twice."""
    codes: list[int] = []
    done = threading.Event()

    def ask(number: int) -> None:
        code = 503
        while code == 503:  # which asks to come again
            header = coming_from(f"198.51.{number}.7")
            code = served.ask(f"p{number}@example.org", headers=header).status_code
        codes.append(code)

    def write() -> None:
        with served.store() as store:
            for number in takewhile(lambda _: not done.is_set(), count()):
                store.add_subscriber(f"other-{number}@example.org", NOW)

    writer = threading.Thread(target=write)
    writer.start()
    threads = [threading.Thread(target=ask, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    done.set()
    writer.join(30)

    assert codes == [200] * 12
    assert sorted(mail["To"] for mail in served.mails()) == sorted(f"p{n}@example.org" for n in range(12))


def test_fault_of_ours_is_kept_and_told_without_a_traceback(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever met it reads that it was our fault, the log says where the report is, and all go on."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def fail(*_: object) -> None:
        raise RuntimeError("planted")

    with monkeypatch.context() as planted:
        planted.setattr(served.desk, "ask", fail)
        page = served.ask(ANN)
        json = served.client.post(f"{served.address}subscribe", json={"email": ANN})
    with monkeypatch.context() as planted:
        planted.setattr(served.desk.pages, "message", fail)
        bare = served.get("nowhere")

    assert [answer.status_code for answer in (page, json, bare)] == [500] * 3
    assert "That is our fault" in page.text
    assert "That is our fault" in json.json()["error"]
    assert "planted" not in page.text + json.text + bare.text
    assert served.log.count("please report") == 3
    assert len(list(tmp_path.glob("feedmaker-*.log"))) == 3
    assert served.ask(ANN).status_code == 200


def test_confirming_lets_ticks_look_again(served: Served) -> None:
    """An issue may have waited for the first subscriber, so the next tick looks."""
    link = served.confirm_link(ANN)
    wake = served.project.folder / ".feedmaker" / "wake"
    wake.unlink(missing_ok=True)

    served.get(link)
    assert not wake.exists()
    served.post(link)
    assert wake.exists()


def test_asking_forgets_what_is_old(served: Served) -> None:
    """Who asked a day ago is forgotten, and so is a new address that nobody confirmed for a month."""
    served.ask(ANN)
    served.add("bo@example.org", "unsubscribed")
    served.ask("bo@example.org")
    served.clock.now = NOW + 31 * DAY

    served.ask("cat@example.org")

    assert served.person(ANN) is None
    bo = served.person("bo@example.org")
    assert bo
    assert (bo.status, bo.reason) == ("pending", "asked, before that unsubscribed")
    with closing(sqlite3.connect(served.project.store_path)) as database:
        assert database.execute("SELECT count(*) FROM signups").fetchone() == (1,)


def test_confirm_word_of_another_person_is_worth_nothing(served: Served) -> None:
    """A token that is signed for a person who is not there confirms nobody."""
    with served.store() as store:
        token = Tokens(store.keys()).sign("confirm", f"nobody.{int(NOW.timestamp())}")

    assert served.post(f"confirm/{token}").status_code == 404
