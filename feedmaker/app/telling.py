"""Telling the publisher something: by mail through the transport, or as JSON to an address."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from urllib.parse import urlsplit

from feedmaker.app.newsletters import transport_of
from feedmaker.app.project import Project
from feedmaker.config import Config
from feedmaker.delivery.single import send_word
from feedmaker.errors import DeliveryError, FeedmakerError, FetchError
from feedmaker.fault_notices import Notice
from feedmaker.newsletter.issue import newsletter_of
from feedmaker.secrets import secret

MAIL = "mail"
NOTIFY = "FEEDMAKER_NOTIFY"
"""The variable that may hold one more address, which is a way of this name."""
_DEADLINE = 10.0


def ways(project: Project, config: Config) -> list[str]:
    """List the ways by which the publisher is told; mail is one where a newsletter can send it."""
    found = [way for way in config.scheduler.notify if way != MAIL or config.newsletter]
    is_named = project.environ.get(NOTIFY) or project.environ.get(f"{NOTIFY}_FILE")
    return list(dict.fromkeys([*found, NOTIFY] if is_named else found))


def tell(project: Project, config: Config, way: str, notice: Notice, now: datetime) -> None:
    """Tell the publisher something by one way; raise `FeedmakerError` where that fails."""
    if way == MAIL:
        _mail(project, config, notice, now)
    else:
        _post(project, way, notice)


def shown(way: str) -> str:
    """Name a way in a log; addresses often hold a key, so of these only the host."""
    return way if way in (MAIL, NOTIFY) else urlsplit(way).netloc


def _mail(project: Project, config: Config, notice: Notice, now: datetime) -> None:
    letter = newsletter_of(config)
    with closing(transport_of(project, config)) as transport:
        receipt = send_word(letter, transport, notice.name, notice.subject, notice.text, now)
    if not receipt.accepted:
        raise DeliveryError(receipt.reply)


def _post(project: Project, way: str, notice: Notice) -> None:
    from feedmaker.fetch import post_json

    named = secret(NOTIFY, project.environ) if way == NOTIFY else None
    address = named.reveal() if named else way
    try:
        # Who runs such a service often does so at home.
        post_json(address, notice.data, deadline=_DEADLINE, private=True)
    except FetchError as error:
        raise FeedmakerError(error.reason or "it cannot be reached") from None
