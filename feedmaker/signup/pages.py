"""The pages of `feedmaker serve`, the form for other sites, and the mail that asks for confirmation.

Pure apart from templates. Addresses in pages are relative, so that they hold behind any proxy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from feedmaker.config import Config, Signup
from feedmaker.errors import UsageError
from feedmaker.newsletter.issue import newsletter_of
from feedmaker.newsletter.plain_text import wrap
from feedmaker.signup.rules import VALID, Standing, offers_digest, other_language, other_topics
from feedmaker.signup.words import consent_text, masked
from feedmaker.store.records import Consent, Status, Subscriber, Wishes
from feedmaker.templating import Templates
from feedmaker.text import alike, direction


@dataclass(frozen=True, slots=True)
class Choice:
    """Show something to choose: the value that a form sends, its name, and whether it is chosen."""

    value: str
    name: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Mail:
    """Hold what a mail says."""

    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Say that something is not possible and what to do; `reason` is a word that templates can go by."""

    reason: str
    heading: str
    text: str


def signup_of(config: Config) -> Signup:
    """Return the section about signing up; raise `UsageError` where `schedule.yaml` has none."""
    if config.signup is None:
        raise UsageError('schedule.yaml has no "signup" section; see docs/signup.md')
    return config.signup


class Pages:
    """Write the pages of a project; all methods raise `TemplateError` where a template is at fault."""

    def __init__(self, templates: Templates, config: Config) -> None:
        self._templates = templates
        self._config = config
        self._signup = signup_of(config)
        self.consent = consent_text(config)

    def form(self, fault: str = "", typed: str = "") -> str:
        """Write the form; after a fault with what was typed."""
        return self._page("form", "", fault=fault, typed=typed)

    def sent(self) -> str:
        """Write what everybody is told who has asked, whatever becomes of it."""
        return self._page("sent", "")

    def confirm(self, standing: Standing, person: Subscriber) -> str:
        """Write what the link in a confirmation mail shows: the button, or that it was pressed before."""
        return self._page(
            "confirm",
            "../",
            standing=standing,
            address=masked(person.address),
            consent=person.consent.text or self.consent,
        )

    def leave(self, person: Subscriber, token: str) -> str:
        """Write what the link in an issue shows: the button, or that this person gets none."""
        return self._page("leave", "../", address=masked(person.address), status=person.status, token=token)

    def choose(self, person: Subscriber, token: str, *, is_saved: bool = False) -> str:
        """Write what somebody can choose, and what they have chosen."""
        return self._page(
            "choose",
            "../",
            address=masked(person.address),
            status=person.status,
            token=token,
            is_saved=is_saved,
            **_choices(person.wishes, self._signup),
        )

    def message(self, refused: Refused, root: str = "") -> str:
        """Write a page that says that something is not possible, and what to do."""
        return self._page("message", root, refused=refused)

    def style(self) -> str:
        """Write the stylesheet of all pages."""
        if not self._templates.is_template("signup/style.css"):
            return self._templates.source("signup/style.css")
        return self._templates.render("signup/style.css", signup=self._signup)

    def embedded(self) -> str:
        """Write the form for a page of another site, as HTML that works by itself."""
        return self._render("form-elsewhere.html")

    def mail(self, link: str, asked_at: datetime, site: str) -> Mail:
        """Write the mail that asks for confirmation; the first line of its template is the subject.

        `site` is where somebody asked, or empty where that is not known.
        """
        written = self._render("confirm.txt", link=link, asked_at=asked_at, site=site, wrap=wrap)
        subject, _, text = written.partition("\n")
        return Mail(subject.strip(), text.strip() + "\n")

    def _page(self, name: str, root: str, **context: Any) -> str:
        language = self._config.site.language
        return self._render(f"{name}.html", root=root, direction=direction(language), **context)

    def _render(self, name: str, **context: Any) -> str:
        shared = {
            "site": self._config.site,
            "newsletter": newsletter_of(self._config),
            "signup": self._signup,
            "consent": self.consent,
            "days": VALID.days,
        }
        return self._templates.render(f"signup/{name}", **{**shared, **context})


def _choices(wishes: Wishes, signup: Signup) -> dict[str, list[Choice]]:
    """List what can be chosen; a list is empty where there is nothing to choose.

    `others` are topics that are not on offer, and that this person has all the same.
    """
    cadences = (("each", "Each issue"), ("digest", "A weekly digest"))
    other, own = other_language(wishes, signup), (wishes.language or "").casefold()
    languages = (("", "Any"), *signup.languages.items(), *([(other, other)] if other else []))
    return {
        "cadences": [Choice(value, name, value == wishes.cadence) for value, name in cadences]
        if offers_digest(wishes, signup)
        else [],
        "shows": _topics("show", signup.topics, wishes),
        "tags": _topics("tag", signup.topics, wishes),
        "others": _topics("", other_topics(wishes, signup), wishes),
        "languages": [Choice(value, name, value.casefold() == own) for value, name in languages]
        if signup.languages
        else [],
    }


def _topics(kind: str, topics: Sequence[str], wishes: Wishes) -> list[Choice]:
    own = set(map(alike, wishes.topics))
    return [
        Choice(topic, topic.partition(":")[2], alike(topic) in own)
        for topic in topics
        if topic.startswith(kind)
    ]


def every_page(pages: Pages, now: datetime) -> Iterator[Callable[[], object]]:
    """Yield what makes each page and mail in each form, so that faults of templates are found early."""
    statuses: tuple[Status, ...] = ("active", "unsubscribed")
    for status in statuses:
        yield partial(pages.leave, _somebody(status, now), "TOKEN")
        yield partial(pages.choose, _somebody(status, now), "TOKEN", is_saved=True)
    standings: tuple[Standing, ...] = ("waiting", "confirmed")
    for standing in standings:
        yield partial(pages.confirm, standing, _somebody("pending", now))
    yield partial(pages.form, "fault", "typed")
    yield pages.sent
    yield partial(pages.message, Refused("lost", "heading", "text"))
    yield pages.style
    yield pages.embedded
    yield partial(pages.mail, "https://example.org/", now, "https://example.org")


def _somebody(status: Status, now: datetime) -> Subscriber:
    wishes = Wishes("digest", ("show:Some", "tag:some"), "en")
    consent = Consent("form", "words")
    return Subscriber(
        "ann@example.org", status, now, "", consent, now, now, None, wishes, id=1, token=consent.source
    )
