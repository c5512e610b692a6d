"""Programs that look for dangerous links open every address of a mail, and of the pages behind.

Nothing may come of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from html import unescape
from urllib.parse import urldefrag, urljoin

import httpx

from feedmaker.app.drafting import draft
from feedmaker.newsletter.issue import newsletter_of
from feedmaker.newsletter.message import Letter
from tests.projects import FIRST, LATER
from tests.signup.conftest import ANN, NOW, Served, link_of

_ADDRESS = re.compile(r"https?://[^\s\"'<>]+")
_LINK = re.compile(r'(?:href|src|action)="([^"]*)"')


def issue_to_ann(served: Served) -> bytes:
    """Draft an issue of the project and write the message that a subscriber gets."""
    folder = served.folder
    folder.note("bells")
    folder.build(FIRST)
    folder.note("lamps", word="Lamps")
    folder.build(LATER)
    drafted = draft(served.project, LATER).issue
    assert drafted
    letter = Letter(
        newsletter_of(served.desk.config), subject=drafted.subject, html=drafted.html, text=drafted.text
    )
    return letter.addressed(ANN, "<1@lamp.example.org>", NOW, served.reader_token(served.add(ANN)))


def addresses(message: bytes, served: Served) -> Iterator[str]:
    """Yield every address in the headers and parts of a message that leads to the pages."""
    mail = message_from_bytes(message, policy=policy.default)
    parts = [part.get_content() for part in mail.walk() if not part.is_multipart()]
    for text in (*map(str, mail.values()), *parts):
        for found in _ADDRESS.findall(unescape(text)):
            if found.startswith(served.address):
                yield found


def visit(served: Served, begun: set[str]) -> dict[str, int]:
    """Open addresses by HEAD and GET, and all that their pages lead to below the pages' own address."""
    codes: dict[str, int] = {}
    waiting = sorted(begun)
    while waiting:
        address = waiting.pop()
        served.client.head(address)
        reply = served.client.get(address, headers={"User-Agent": "LinkGuard/1.0"})
        codes[address] = reply.status_code
        for found in _LINK.findall(reply.text):
            target = urldefrag(urljoin(address, unescape(found))).url
            if target.startswith(served.address) and target not in codes and target not in waiting:
                waiting.append(target)
    return codes


def test_issue_names_the_ways_out(served: Served) -> None:
    """Both headers of RFC 8058 are there, on one line each, and both parts lead to leaving and choosing."""
    raw = issue_to_ann(served)
    mail = message_from_bytes(raw, policy=policy.default)
    person = served.person(ANN)
    assert person
    token = served.reader_token(person)

    assert f"\r\nList-Unsubscribe: <{served.address}leave/{token}>\r\n".encode() in raw
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in raw
    for kind in ("plain", "html"):
        body = mail.get_body((kind,))
        assert body
        for page in ("leave", "choose"):
            assert f"{served.address}{page}/{token}" in unescape(body.get_content())


def test_opening_every_link_changes_nothing(served: Served) -> None:
    """HEAD and GET of all that an issue, a confirmation mail and their pages lead to change nothing."""
    message = issue_to_ann(served)
    served.ask("bo@example.org")
    confirmation = served.mailbox.next()
    begun = {*addresses(message, served), *addresses(bytes(confirmation), served), served.address}
    before = served.rows()

    codes = visit(served, begun)

    kinds = {address.removeprefix(served.address).partition("/")[0] for address in codes}
    assert {"leave", "choose", "confirm", "style.css", "", "subscribe"} <= kinds
    assert set(codes.values()) == {200}
    assert served.rows() == before


def test_what_the_headers_say_works(served: Served) -> None:
    """A mail program that does as the headers say unsubscribes the reader, after any scanning and twice."""
    mail = message_from_bytes(issue_to_ann(served), policy=policy.default)
    address = str(mail["List-Unsubscribe"]).strip("<>")
    visit(served, {address})
    name, _, value = str(mail["List-Unsubscribe-Post"]).partition("=")

    for _ in range(2):
        # A client of its own: without cookies and without a connection that anything is known of.
        reply = httpx.post(address, data={name: value}, follow_redirects=False)
        assert reply.status_code == 200

    person = served.person(ANN)
    assert person
    assert person.status == "unsubscribed"


def test_published_page_of_an_issue_is_nobodys_own(served: Served) -> None:
    """The issue in the archive leads to no page of one reader, whatever its mail does."""
    issue_to_ann(served)
    with served.store() as store:
        (issue,) = store.issues()

    assert served.address not in issue.page
    assert served.address in issue.html


def test_confirmation_holds_one_link(served: Served) -> None:
    """Nothing else in that mail leads anywhere but to the privacy page."""
    served.ask(ANN)
    mail = served.mailbox.next()

    assert _ADDRESS.findall(mail.get_content()) == [
        served.address + link_of(mail, served.address),
        "https://lamp.example.org/privacy",
    ]
