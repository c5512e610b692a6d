"""What becomes of a person from whom something came back, and the brake where an outage speaks.

Receivers have answered that nobody exists: for hours in December 2020, Gmail called living mailboxes unknown
(550 5.1.1). No single message tells such an hour from the truth, but the numbers do: of people who confirmed
their addresses, few vanish between two issues. Pure: counts in, a verdict out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from feedmaker.bounces.report import Kind

Verdict = Literal["nothing", "held", "bounced", "complained", "unsubscribed"]

SOFT_ISSUES = 5
"""How many issues in a row have to come back softly before a person is taken off the list,"""
SOFT_TIME = timedelta(days=14)
"""and how long it is from the first of them to the last."""

FEW = 10
"""How many people of one issue have to bounce before their share says anything."""
DOMAIN_PERCENT = 10
"""Which share of the people at one domain may bounce in one issue."""
ISSUE_PERCENT = 5
"""Which share of all the people whom an issue went to may bounce; large providers warn senders at 5 %."""


@dataclass(frozen=True, slots=True)
class Share:
    """Count people, for one issue: all those who were tried so far, and those from whom it came back.

    *Tried* means handed over or refused, not waiting. *Returned* means that a report of the same kind, hard
    or soft, is on record; the one at hand counts, too.
    """

    tried: int
    returned: int


@dataclass(frozen=True, slots=True)
class History:
    """Hold what is on record where a report about a person comes in.

    `soft_issues` counts the issues in a row, this one included, that came back softly from this person, and
    `soft_for` is the time from the first of them to this one. An issue between them that did not come back
    ends the row, and so does a report *delivered*. `domain` counts the people at this person's domain in this
    issue, and `issue` all those it went to.
    """

    soft_issues: int
    soft_for: timedelta
    domain: Share
    issue: Share


def verdict(kind: Kind, history: History) -> Verdict:
    """Decide what a report does to the person it is about.

    *bounced*, *complained* and *unsubscribed* take the person off the list. *held* means that the report
    would, but so many came back that somebody has to look first; the person stays.

    The first few of an outage come before it shows. So ask again, for everybody whom an issue made *bounced*,
    once later reports about it are in: who is *held* by then is put back. Asking again changes nothing else.
    """
    if kind == "complaint":
        return "complained"
    if kind == "leave":
        return "unsubscribed"
    is_lasting = history.soft_issues >= SOFT_ISSUES and history.soft_for >= SOFT_TIME
    if kind == "hard" or (kind == "soft" and is_lasting):
        return "held" if is_outage(history.domain, history.issue) else "bounced"
    return "nothing"


def is_outage(domain: Share, issue: Share) -> bool:
    """Tell whether so many people bounced, of a domain or of an issue, that it cannot be their doing."""
    return _exceeds(domain, DOMAIN_PERCENT) or _exceeds(issue, ISSUE_PERCENT)


def _exceeds(share: Share, percent: int) -> bool:
    return share.returned >= FEW and share.returned * 100 > share.tried * percent
