"""What is found in an issue before it goes out, each thing with its cure. Pure.

Both parts are read anew, so it is all the same whether the issue is a proof or was frozen long ago.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from feedmaker.config import Config
from feedmaker.errors import Severity
from feedmaker.merchants import paid_links
from feedmaker.newsletter.fit import LIMIT
from feedmaker.newsletter.gate import Fault, Wanted, issue_faults
from feedmaker.newsletter.issue import newsletter_of
from feedmaker.newsletter.leaving import TOKEN_SLOT, for_nobody, unsubscribe_address
from feedmaker.newsletter.reading import HtmlPart, Passage
from feedmaker.newsletter.subject import PREHEADER_LEAST, SUBJECT_LIMIT
from feedmaker.text import shorten
from feedmaker.uri import is_web_address

_LONG = 24
_SHOWN = 60
_ADDRESS = re.compile(r"(?:https?://|mailto:)[!#-;=?-~\x7f]+")
_NUMBER = re.compile(r"\[\d+\]")
_MARKER = re.compile(r"\A\s*(?:\d+[.)]|[*•-])\s")
_UNWORDY = re.compile(r"[\W_]+")
_LEFT_OVER = re.compile(r"\{\{|\{%")
_ENDS = ".,;:!?)]}'\"»”’"


class Issue(Protocol):
    """Hold what is checked: a proof, or an issue from the state database."""

    @property
    def subject(self) -> str:
        """Return the subject."""

    @property
    def preheader(self) -> str:
        """Return what stands behind the subject in a list of mails."""

    @property
    def html(self) -> str:
        """Return the HTML part."""

    @property
    def text(self) -> str:
        """Return the text part."""

    @property
    def size(self) -> int:
        """Return the bytes of the HTML part as it is sent."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Say what is wrong with an issue, and what to do about it; errors keep it from being approved."""

    code: str
    severity: Severity
    message: str
    cure: str

    def __str__(self) -> str:
        return f"{self.severity}: {self.message}; {self.cure} [{self.code}]"

    @property
    def is_error(self) -> bool:
        """Tell errors, which keep an issue from being approved, from warnings, which do not."""
        return self.severity == "error"


_AGAIN = "make the issue anew with `feedmaker newsletter edit`, and mend the templates if it stays"
_TEMPLATE = "mend the templates, then make the issue anew with `feedmaker newsletter edit`"
_ANEW = "mend the note or the intro, then make the issue anew with `feedmaker newsletter edit`"
CURES: dict[str, tuple[Severity, str]] = {
    "empty-subject": ("error", "give one with `feedmaker newsletter edit --subject`"),
    "long-subject": ("warning", "give a shorter one with `feedmaker newsletter edit --subject`"),
    "no-preheader": ("warning", "give one with `feedmaker newsletter edit --preheader`"),
    "short-preheader": ("warning", "say more with `feedmaker newsletter edit --preheader`"),
    "repeated-subject": ("warning", "go on from the subject with `feedmaker newsletter edit --preheader`"),
    "preheader-not-first": ("warning", _TEMPLATE),
    "empty-part": ("error", _AGAIN),
    "no-way-out": ("error", _AGAIN),
    "no-postal-address": ("error", _AGAIN),
    "undisclosed": ("error", _AGAIN),
    "remote-content": ("error", _AGAIN),
    "too-large": ("error", "make the issue anew with `feedmaker newsletter edit`, which shortens it"),
    "no-language": ("error", "give `<mjml>` in the template a `lang`, such as `{{ issue.language }}`"),
    "empty-section": ("warning", "take the heading out of the template where nothing stands under it"),
    "empty-heading": ("warning", "take the heading out of the template where it has no words"),
    "skipped-heading": ("warning", "use the next level in the template, for readers who go by headings"),
    "no-alt": ("error", 'say in `alt="…"` what the picture shows; `alt=""` where it only decorates'),
    "wordless-link": ("error", "put words between `<a>` and `</a>`, or `alt` words into the picture there"),
    "bare-address": ("warning", "write `[words](address)` in the note or the intro, then make it anew"),
    "relative-link": ("error", "begin the address with `https://`, for a mail has no place of its own"),
    "insecure-link": ("warning", "write `https://` in the note or the template, then make it anew"),
    "left-over": ("error", "mend the address in the template; only feedmaker's own words are filled in"),
    "link-not-in-text": ("warning", _TEMPLATE),
    "link-not-in-html": ("warning", _TEMPLATE),
    "words-not-in-text": ("warning", _TEMPLATE),
    "words-not-in-html": ("warning", _TEMPLATE),
    "dead-link": ("error", _ANEW),
    "link-moved": ("warning", "write the new address into the note or the intro, then make it anew"),
    "link-not-checked": ("warning", "open it in a browser to be sure, or check again later"),
}
"""Of each finding its severity and its cure; docs/newsletter.md explains them."""


def find(issue: Issue, config: Config) -> list[Finding]:
    """Find what is wrong with an issue, errors first; raise `UsageError` without a newsletter section.

    `issue` is a `Proof`, or one from the state database.
    """
    part = HtmlPart(issue.html, _own(config))
    return sorted_findings(
        finding(code, message)
        for code, message in (
            *_row_faults(issue, part),
            *issue_faults(_wanted(issue, part, config), part, issue.html, issue.text),
            *_size_faults(issue),
            *_heading_faults(part),
            *_picture_faults(part),
            *_link_faults(part, config),
            *_disagreements(issue, part),
        )
    )


def finding(code: str, message: str) -> Finding:
    """Make a finding of what is wrong, under a code that has a cure."""
    severity, cure = CURES[code]
    return Finding(code, severity, for_nobody(message), cure)


def sorted_findings(findings: Iterable[Finding]) -> list[Finding]:
    """Put errors first, and leave the order else as it is."""
    return sorted(findings, key=lambda each: not each.is_error)


def addresses(html: str, config: Config) -> list[str]:
    """List the web addresses that an issue's links lead to, each once.

    Left out are those that act or earn when they are asked for: where readers leave, and paid links.
    """
    part = HtmlPart(html)
    linked = dict.fromkeys(link.address for link in part.links)
    every = [address for address in linked if is_web_address(address) and _is_whole(address)]
    paid = {link.url for link in paid_links(every, config.merchants)}
    leaving = {newsletter_of(config).unsubscribe, unsubscribe_address(newsletter_of(config), TOKEN_SLOT)}
    return [address for address in every if address not in paid | leaving and TOKEN_SLOT not in address]


def _own(config: Config) -> tuple[str, ...]:
    """List where pictures may come from: the site, and the logo that the theme names."""
    logo = newsletter_of(config).theme.logo
    return (config.site.address, *([logo] if logo and is_web_address(logo) else []))


def _wanted(issue: Issue, part: HtmlPart, config: Config) -> Wanted:
    letter = newsletter_of(config)
    found = [*(link.address for link in part.links), *_ADDRESS.findall(issue.text)]
    return Wanted(
        _own(config),
        unsubscribe_address(letter, TOKEN_SLOT),
        letter.postal_address,
        paid_links(found, config.merchants),
    )


def _row_faults(issue: Issue, part: HtmlPart) -> Iterator[Fault]:
    """Look at what stands in a list of mails."""
    subject, preheader = _folded(issue.subject), _folded(issue.preheader)
    if not subject:
        yield Fault("empty-subject", "the subject is empty")
    if len(subject) > SUBJECT_LIMIT:
        yield Fault("long-subject", f"the subject has {len(subject)} characters, more than {SUBJECT_LIMIT}")
    if not preheader:
        yield Fault("no-preheader", "there is no preheader")
    elif _bare(preheader) == _bare(subject):
        yield Fault("repeated-subject", "the preheader says the same as the subject")
    elif len(preheader) < PREHEADER_LEAST:
        said = f"the preheader has {len(preheader)} characters, fewer than {PREHEADER_LEAST}"
        yield Fault("short-preheader", said)
    if preheader and not _folded(part.flow).startswith(preheader):
        yield Fault("preheader-not-first", "the HTML part does not begin with the preheader")


def _size_faults(issue: Issue) -> Iterator[Fault]:
    if issue.size > LIMIT:
        yield Fault("too-large", f"the HTML part has {issue.size:,} bytes, more than {LIMIT:,}")


def _heading_faults(part: HtmlPart) -> Iterator[Fault]:
    if part.language.strip().lower() in ("", "und"):
        yield Fault("no-language", "the HTML part does not say which language it is in")
    before = 0
    for heading in part.headings:
        if not heading.words.strip():
            yield Fault("empty-heading", f"a heading of level {heading.level} has no words")
        elif not heading.leads:
            yield Fault("empty-section", f"nothing stands under the heading {_quoted(heading.words)}")
        if heading.level > before + 1:
            after = f"follows one of level {before}" if before else "is the first"
            said = f"the heading {_quoted(heading.words)} of level {heading.level} {after}"
            yield Fault("skipped-heading", said)
        before = heading.level


def _picture_faults(part: HtmlPart) -> Iterator[Fault]:
    for picture in part.pictures:
        if picture.alt is None:
            yield Fault("no-alt", f"the picture {_quoted(picture.source)} has no alt words")
        if _LEFT_OVER.search(picture.source):
            yield Fault("left-over", f"the address {_quoted(picture.source)} was not filled in")


def _link_faults(part: HtmlPart, config: Config) -> Iterator[Fault]:
    for address in dict.fromkeys(link.address for link in part.links):
        words = [link.words.strip() for link in part.links if link.address == address]
        if "" in words:
            yield Fault("wordless-link", f"the link to {_quoted(address)} has no words")
        if any(is_web_address(each) and len(each.split()) == 1 for each in words):
            yield Fault("bare-address", f"the link to {_quoted(address)} has an address for words")
        if _LEFT_OVER.search(address):
            yield Fault("left-over", f"the address {_quoted(address)} was not filled in")
        elif not _is_whole(address) and not address.startswith("#"):
            yield Fault("relative-link", f"the address {_quoted(address)} is not a whole one")
        elif _is_whole(address) and _is_insecure(address, config.site.address):
            yield Fault("insecure-link", f"the link to {_quoted(address)} is http, and the site is https")


def _is_whole(address: str) -> bool:
    try:
        return bool(urlsplit(address).scheme)
    except ValueError:
        return False


def _is_insecure(address: str, site: str) -> bool:
    parts, own = urlsplit(address), urlsplit(site)
    return (parts.scheme, own.scheme, parts.hostname) == ("http", "https", own.hostname)


def _disagreements(issue: Issue, part: HtmlPart) -> Iterator[Fault]:
    """Compare the two parts: each address, name and quote, and whatever is long enough to be told by it."""
    if not _folded(issue.text) or not _folded(part.flow):
        return  # told already
    linked = dict.fromkeys(link.address for link in part.links if _ADDRESS.match(link.address))
    listed = {address: _readings(address) for address in _ADDRESS.findall(issue.text)}
    known = set().union(*listed.values())
    html, text = _bare(part.flow), _bare(issue.text)
    shown = set().union(*map(_readings, _ADDRESS.findall(part.flow)))
    preheader = _bare(issue.preheader)
    yield from _told(
        "link-not-in-text",
        "link of the HTML part is not in the text part",
        [address for address in linked if address not in known],
    )
    yield from _told(
        "link-not-in-html",
        "address of the text part is not in the HTML part",
        [address for address, readings in listed.items() if not readings & (shown | linked.keys())],
    )
    yield from _told(
        "words-not-in-text",
        "passage of the HTML part is not in the text part",
        [each.words for each in part.passages if _is_missing(each, text) and _bare(each.words) != preheader],
    )
    yield from _told(
        "words-not-in-html",
        "line of the text part is not in the HTML part",
        [line for line in issue.text.split("\n") if _is_missing_line(line, html)],
    )


def _told(code: str, what: str, missing: Sequence[str]) -> Iterator[Fault]:
    if missing:
        others = f", and {len(missing) - 1} more" if len(missing) > 1 else ""
        yield Fault(code, f"this {what}: {_quoted(missing[0])}{others}")


def _is_missing(passage: Passage, text: str) -> bool:
    bare = _bare(passage.words)
    return (passage.weighs or len(bare) >= _LONG) and bare not in text


def _is_missing_line(line: str, html: str) -> bool:
    bare = _bare(line)
    return len(bare) >= _LONG and bare not in html and _bare(_MARKER.sub("", line, 1)) not in html


def _readings(address: str) -> set[str]:
    """List how an address in running text may be meant: with or without the marks at its end."""
    ends = len(address) - len(address.rstrip(_ENDS))
    return {address[: len(address) - count] for count in range(ends + 1)}


def _bare(text: str) -> str:
    """Reduce text to its letters and digits, without addresses and the numbers that stand for them."""
    return _UNWORDY.sub("", _NUMBER.sub(" ", _ADDRESS.sub(" ", text))).casefold()


def _folded(text: str) -> str:
    return " ".join(text.split())


def _quoted(text: str) -> str:
    return f'"{shorten(text, _SHOWN)}"'
