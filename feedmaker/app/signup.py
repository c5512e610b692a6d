"""Signing up, confirming, choosing and leaving, in a project: each in one short transaction.

Whatever is known of an address, asking does the same writes and gives the same answer; mail goes out later,
by another thread.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from feedmaker.addresses import normalise
from feedmaker.app.bounces import take_reports
from feedmaker.app.newsletters import stored, transport_of
from feedmaker.app.project import Project
from feedmaker.bounces.webhooks import SECRET, ForgedError, events, signing_key
from feedmaker.delivery.confirm import Confirmation, write_confirmation
from feedmaker.delivery.readers import reader_of
from feedmaker.errors import BusyError, GateError, UsageError
from feedmaker.newsletter.issue import newsletter_of
from feedmaker.secrets import secret
from feedmaker.signup.limits import DAY, HOUR, Recent, Refusal, network_of, refusal
from feedmaker.signup.origins import site_of
from feedmaker.signup.pages import Pages, every_page, signup_of
from feedmaker.signup.rules import (
    KEPT,
    Asked,
    Standing,
    asked_of,
    chosen,
    confirm_word,
    may_be_asked,
    standing,
)
from feedmaker.store import Consent, Store, Subscriber
from feedmaker.templating import Templates
from feedmaker.tokens import Tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOM = 200
"""How many mails may wait that are due."""


@dataclass(frozen=True, slots=True)
class Asking:
    """Hold that somebody asks to sign up: with which address, as typed, from which IP address, by what.

    `source` says how they came to ask, for the record of their consent. What is `from_robot` only counts.
    """

    typed: str
    client: str
    source: str
    from_robot: bool = False


class SignupDesk:
    """Do what the pages of a project ask for; may be used by any number of threads.

    Settings, templates and secrets are read once. All methods raise `StoreError` where the state database is
    busy or cannot be used; nothing has changed then.
    """

    def __init__(self, project: Project, clock: Callable[[], datetime]) -> None:
        """Read and try settings, templates and the secret of events, and bring the state database up to date.

        Raises `ConfigError`, `TemplateError`, and `UsageError` without the sections, with a transport that
        cannot be opened, or with a secret that is none.
        """
        self.project = project
        self.clock = clock
        self.config = project.config()
        self._letter = newsletter_of(self.config)
        self.settings = signup_of(self.config)
        self.pages = Pages(Templates(project.templates), self.config)
        for make in every_page(self.pages, clock()):
            make()
        transport_of(project, self.config).close()
        self._secret = secret(SECRET, project.environ)
        if self._secret:
            signing_key(self._secret)
        with stored(project) as store:
            store.keys()

    def ask(self, asking: Asking) -> Refusal | None:
        """Take down that somebody wants to sign up, and owe them a confirmation mail where that may be.

        Returns which limit refused it, if one did. Raises `UsageError` for what is no address that mail can
        be sent to, and `BusyError` where too many mails wait.
        """
        now = self.clock()
        address = self._reachable(asking.typed, now)
        network = network_of(asking.client)
        with stored(self.project) as store, store.transaction():
            # What is put off for hours keeps nobody else out.
            if store.count_owed(now) >= ROOM:
                raise BusyError("too many confirmation mails wait to be sent; try again later")
            recent = Recent(*store.count_signups(address, network, now - DAY, now - HOUR))
            refused = refusal(recent)
            if refused in ("network", "total"):
                return refused
            store.forget_signups(now - DAY, now - KEPT)
            store.add_signup(address, network, now)
            may_be = may_be_asked(store.subscriber(address), now) and not (asking.from_robot or refused)
            consent = Consent(asking.source, self.pages.consent)
            store.ask_subscriber(address, consent, now, may_be_asked=may_be)
        return refused

    def _reachable(self, typed: str, now: datetime) -> str:
        """Return an address in its normal form, if a message can be written to it."""
        address = normalise(typed)
        try:
            write_confirmation(self._letter, address, subject="?", text="", token="", date=now)
        except GateError as error:
            raise UsageError(str(error)) from error
        return address

    def mail(self, store: Store, address: str) -> Confirmation | None:
        """Write the mail that asks somebody to confirm, the same each time.

        None where they wait for none any more, or its link is too old.
        """
        person = store.subscriber(address)
        if person is None or person.asked_at is None:
            return None
        if standing(Asked(person.token, person.asked_at), person, self.clock()) != "waiting":
            return None
        token = Tokens(store.keys()).sign("confirm", confirm_word(person))
        asked_at = person.asked_at.astimezone(self.config.site.zone)
        link = f"{self.settings.address}confirm/{token}"
        mail = self.pages.mail(link, asked_at, site_of(person.consent.source))
        return write_confirmation(
            self._letter, address, subject=mail.subject, text=mail.text, token=token, date=asked_at
        )

    def standing(self, token: str) -> tuple[Standing, Subscriber | None]:
        """Say how far the link of a confirmation mail is, and whose it is. Changes nothing."""
        with stored(self.project) as store:
            return self._standing(store, token)

    def confirm(self, token: str) -> tuple[Standing, Subscriber | None]:
        """Do what the link of a confirmation mail is for; doing it twice is as good as once."""
        with self._writing() as store:
            found, person = self._standing(store, token)
            if found == "waiting" and person and person.asked_at:
                store.confirm_subscriber(person.token, person.asked_at, self.clock())
                found, person = self._standing(store, token)
        if found == "confirmed":
            # An issue may have waited for somebody who gets it.
            self.project.wake_ticks()
        return found, person

    def _standing(self, store: Store, token: str) -> tuple[Standing, Subscriber | None]:
        word = Tokens(store.keys()).word("confirm", token)
        asked = asked_of(word) if word else None
        if asked is None:
            return "void", None
        person = store.subscriber_of(asked.token)
        return standing(asked, person, self.clock()), person

    def reader(self, token: str) -> Subscriber | None:
        """Find whose token stands in the links of an issue; None for one not ours. Changes nothing."""
        with stored(self.project) as store:
            return self._reader(store, token)

    def leave(self, token: str, reason: str) -> Subscriber | None:
        """Unsubscribe whose token it is, and return them as they are then; None for a token not ours."""
        with self._writing() as store:
            person = self._reader(store, token)
            if person is None:
                return None
            store.leave(person.token, reason, self.clock())
            return store.subscriber_of(person.token)

    def choose(self, token: str, form: Mapping[str, Sequence[str]]) -> Subscriber | None:
        """Change what somebody gets, by a form; return them as they are then. None for a token not ours."""
        with self._writing() as store:
            person = self._reader(store, token)
            if person is None or person.status != "active":
                return person
            store.set_wishes(person.id, chosen(person.wishes, form, self.settings))
            person = store.subscriber_of(person.token)
        # A digest may have waited for somebody who gets it.
        self.project.wake_ticks()
        return person

    def take_events(self, body: bytes, headers: Mapping[str, str]) -> None:
        """Do what an event of the provider calls for, byte for byte as it came.

        Raises `ForgedError` where it is not signed with the secret, or none is set.
        """
        if self._secret is None:
            raise ForgedError(f"{SECRET} is not set")
        now = self.clock()
        take_reports(self.project, events(body, headers, self._secret, now), now)

    @contextmanager
    def _writing(self) -> Iterator[Store]:
        """Open the state database to write, whoever asks: a busy one must not tell good tokens apart."""
        with stored(self.project) as store, store.transaction():
            yield store

    def _reader(self, store: Store, token: str) -> Subscriber | None:
        return reader_of(store, Tokens(store.keys()), token)


def embedded_form(project: Project) -> str:
    """Write the form for other sites; raise `UsageError` where `schedule.yaml` has no such section."""
    return Pages(Templates(project.templates), project.config()).embedded()
