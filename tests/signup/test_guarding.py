"""Who may ask and how often, what every answer has, and how the pages live beside other programs."""

from __future__ import annotations

import re
import sqlite3
import threading
from contextlib import closing
from datetime import timedelta
from itertools import count, takewhile
from pathlib import Path

import pytest

from feedmaker.signup.limits import NETWORK_AN_HOUR, TOTAL_AN_HOUR
from feedmaker.tokens import Tokens
from tests.signup.conftest import ANN, DAY, ELSEWHERE, NOW, ONE_CLICK, Serve, Served

HOUR = timedelta(hours=1)


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
    for mails in (1, 1, 1, 0):
        answers.add(served.ask(ANN).content)
        assert [mail["To"] for mail in served.mails()] == [ANN] * mails
        with served.store() as store:
            store.erase_subscriber(ANN, NOW)

    assert len(answers) == 1


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
