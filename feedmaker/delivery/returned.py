"""What a report does: it is matched with a delivery of ours, written down, and its person judged.

A report counts only where the key of a delivery proves it, or a reader's token, which nobody can guess; and
once, however often it comes in. When more of an issue come back than people can have gone away, those are
held, and people whom the first few of them took off the list are put back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import unquote

from feedmaker.addresses import domain_of
from feedmaker.bounces.kinds import kind_of
from feedmaker.bounces.report import Kind, Report
from feedmaker.bounces.rules import History, Share, Verdict, is_outage, verdict
from feedmaker.delivery.readers import reader_of
from feedmaker.store import Delivery, Issue, Status, Store, Subscriber
from feedmaker.tokens import Tokens

_BECOMES: dict[Verdict, Status] = {
    "bounced": "bounced",
    "complained": "complained",
    "unsubscribed": "unsubscribed",
}
_LASTING: dict[Status, frozenset[Status]] = {
    "bounced": frozenset({"bounced", "unsubscribed", "complained", "suppressed"}),
    "complained": frozenset({"complained", "suppressed"}),
    "unsubscribed": frozenset({"unsubscribed", "complained", "suppressed"}),
}
"""What stays as it is, whatever somebody would become: what people said themselves counts for more."""
_WEIGHED: tuple[Kind, ...] = ("hard", "soft")
_NOBODY = Share(0, 0)
_TOKEN_SIGNS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")


@dataclass(slots=True)
class Tally:
    """Count what reports did: people by what became of them, those put back, and reports of nobody's.

    `asking` are addresses on the list that are said to want to leave, without proof.
    """

    people: Counter[str] = field(default_factory=Counter)
    put_back: int = 0
    strangers: int = 0
    asking: list[str] = field(default_factory=list)


class _Shares:
    """Know of one issue how many people at which domain were tried, and from how many it came back.

    `is_news` from the beginning, and again whenever an outage shows, at a domain or of all, that did not.
    """

    def __init__(self, store: Store, issue_id: int) -> None:
        self.slug = store.slug_of(issue_id)
        self.is_news = True
        self._tried = Counter(store.tried_by_domain(issue_id))
        self._returned = {kind: Counter(store.returned_by_domain(issue_id, kind)) for kind in _WEIGHED}
        self._outages: set[tuple[Kind, str | None]] = set()

    def add(self, kind: Kind, domain: str) -> None:
        """Count one more person from whom it came back hard or soft."""
        self._returned[kind][domain] += 1
        showing: set[tuple[Kind, str | None]] = set()
        if is_outage(self.of_domain(kind, domain), _NOBODY):
            showing.add((kind, domain))
        if is_outage(_NOBODY, self.of_issue(kind)):
            showing.add((kind, None))
        self.is_news = self.is_news or not showing <= self._outages
        self._outages |= showing

    def of_domain(self, kind: Kind, domain: str) -> Share:
        """Return the share at a domain."""
        return Share(self._tried[domain], self._returned.get(kind, Counter())[domain])

    def of_issue(self, kind: Kind) -> Share:
        """Return the share among all."""
        return Share(self._tried.total(), self._returned.get(kind, Counter()).total())


class Judge:
    """Take reports, and do what they call for."""

    def __init__(self, store: Store, now: datetime) -> None:
        self.tally = Tally()
        self._store, self._now = store, now
        self._tokens = Tokens(store.keys())
        self._shares: dict[int, _Shares] = {}
        self._weighed: set[int] = set()

    def take(self, reports: Iterable[Report]) -> None:
        """Write down the reports of one message, or of one call, and judge the people they are about."""
        matched: dict[tuple[int, Kind], tuple[Delivery, Report]] = {}
        for report in reports:
            delivery = _delivery_of(self._store, report)
            if delivery is None:
                self._take_word(report)
                continue
            # Of several, as from an alias, the one counts that is about the delivery's own address.
            key = (delivery.id, report.kind)
            if key not in matched or report.address == delivery.address:
                matched[key] = delivery, report
        for delivery, report in matched.values():
            self._take_one(delivery, report)

    def take_refusals(self, issue: Issue) -> None:
        """Judge those who were refused while an issue was handed over, as if their messages had come back."""
        for delivery in self._store.refusals(issue.id):
            said = delivery.reply or ""
            report = Report(kind_of(None, said), delivery.address, delivery.key, delivery.message_id, said)
            self._take_one(delivery, report)

    def finish(self) -> None:
        """Put back who was taken off the list by the first few of an outage; stop an issue that bounces.

        Call it in the transaction of what was taken. A report counts only once, so what a program that died
        in between has left would wait for another one about that issue, which may never come.
        """
        for issue_id in self._weighed:
            shares = self._shares_of(issue_id)
            whole = shares.of_issue("hard")
            if is_outage(_NOBODY, whole):
                self._store.stop_sending(issue_id, f"{whole.returned} of {whole.tried} messages bounced")
            # An outage that is known holds whoever else comes back, so there is nobody more to look for.
            if shares.is_news:
                self._put_back_from(issue_id, shares)
        self._weighed.clear()

    def _put_back_from(self, issue_id: int, shares: _Shares) -> None:
        for delivery, how in self._store.bounced_by(issue_id, f"{shares.slug}: "):
            kind: Kind = "hard" if how == "hard" else "soft"
            person = _person_of(self._store, delivery)
            if person and verdict(kind, self._history(delivery, kind)) == "held":
                reason = f"{shares.slug}: put back, too many came back at once"
                self._store.set_status(person.id, "active", reason, self._now)
                self.tally.put_back += 1
        shares.is_news = False

    def _take_word(self, report: Report) -> None:
        """Believe people who want no more mail without the key of a delivery, where they show their token.

        Anybody can name an address, or send from it, and so could empty the list. Whether its owner asks to
        leave is for the publisher to find out.
        """
        if report.kind not in ("complaint", "leave"):
            self.tally.strangers += 1
            return
        known = (reader_of(self._store, self._tokens, part) for part in _parts(report))
        person = next(filter(None, known), None)
        if person is None:
            self.tally.strangers += 1
            if report.kind == "leave":
                self._note_asking(report.address or "")
            return
        became: Verdict = "complained" if report.kind == "complaint" else "unsubscribed"
        self._change(person, became, report.diagnosis or "asked to leave by mail")

    def _note_asking(self, address: str) -> None:
        person = self._store.subscriber(address.lower())
        if (
            person
            and person.status not in _LASTING["unsubscribed"]
            and person.address not in self.tally.asking
        ):
            self.tally.asking.append(person.address)

    def _take_one(self, delivery: Delivery, report: Report) -> None:
        shares = self._shares_of(delivery.issue_id)
        if not self._store.add_bounce(delivery.id, report.kind, report.diagnosis, self._now):
            return
        if report.kind in _WEIGHED:
            shares.add(report.kind, domain_of(delivery.address))
            self._weighed.add(delivery.issue_id)
        person = _person_of(self._store, delivery)
        became = verdict(report.kind, self._history(delivery, report.kind))
        if person is None or became == "nothing":
            return
        if became == "held":
            self.tally.people["held"] += 1
        else:
            self._change(person, became, f"{shares.slug}: {report.diagnosis or report.kind}")

    def _change(self, person: Subscriber, became: Verdict, reason: str) -> None:
        status = _BECOMES[became]
        if person.status not in _LASTING[status]:
            self._store.set_status(person.id, status, reason, self._now)
            self.tally.people[status] += 1

    def _shares_of(self, issue_id: int) -> _Shares:
        if issue_id not in self._shares:
            self._shares[issue_id] = _Shares(self._store, issue_id)
        return self._shares[issue_id]

    def _history(self, delivery: Delivery, kind: Kind) -> History:
        """Count what is on record round a delivery of which something came back."""
        shares, row = self._shares_of(delivery.issue_id), (0, timedelta())
        if kind == "soft" and delivery.subscriber_id is not None:
            row = self._store.soft_row(delivery.subscriber_id)
        domain = shares.of_domain(kind, domain_of(delivery.address))
        return History(*row, domain=domain, issue=shares.of_issue(kind))


def _delivery_of(store: Store, report: Report) -> Delivery | None:
    """Find the delivery that a report is about, by the key in the return path, or else in the Message-ID."""
    local = (report.message_id or "").strip("<>").rpartition("@")[0]
    for key in filter(None, (report.key, local.rpartition(".")[2])):
        if found := store.delivery_of(key):
            return found
    return None


def _parts(report: Report) -> list[str]:
    """Return what may be tokens in the address for leaving."""
    address = unquote(report.unsubscribe or "")
    return "".join(sign if sign in _TOKEN_SIGNS else " " for sign in address).split()


def _person_of(store: Store, delivery: Delivery) -> Subscriber | None:
    """Return the subscriber that a delivery was for, unless that one has another address now."""
    person = store.subscriber(delivery.address)
    return person if person and person.id == delivery.subscriber_id else None
