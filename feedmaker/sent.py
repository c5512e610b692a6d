"""An issue that went out: the values that its file in `issues/` holds, and that file's text. Pure.

What stands in the file is all that the archive shows, so its page and its entry in the feed stay what they
are whatever becomes of the notes, the templates and the settings.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import urljoin

from lxml import etree

from feedmaker.config import Config
from feedmaker.errors import DiagnosedError, Diagnostic, UsageError
from feedmaker.marked_yaml import Mark, mark_at
from feedmaker.newsletter.leaving import TOKEN_SLOT
from feedmaker.notes.lines import trimmed
from feedmaker.text import LANGUAGE_TAG, escape, escape_attribute, utc
from feedmaker.uri import is_web_address, safe_link

ISSUES = "issues"
VERSION = 1
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_LANGUAGE = re.compile(LANGUAGE_TAG)
_TEXTS = ("site", "title", "subject", "preheader", "language", "sent_at", "page")
_LOADING = frozenset({"background", "data", "poster", "src", "xlink:href"})
_LINKING = frozenset({"a", "area", "link"})
_RUNNING = frozenset({"applet", "base", "embed", "form", "frame", "iframe", "object", "script"})
_LINKED = frozenset({"alternate", "author", "canonical", "license", "next", "prev"})
_STYLE = re.compile(r"""url\(\s*["']?([^"')]*)|@import\s*["']?([^"';\s]*)""", re.IGNORECASE)
_RESTORE = "bring back the file from version control, or remove it to take the issue back"


class DamagedIssueError(DiagnosedError):
    """The file of an issue that went out cannot be used as it stands."""


@dataclass(frozen=True, slots=True)
class CarriedEpisode:
    """Hold what the archive says of an episode that an issue carried; `reveals` are those that led."""

    title: str
    url: str
    reveals: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SentIssue:
    """Hold an issue that went out: all texts are plain and on one line, but for `page`, a whole document.

    `site` is where the site was when it went out, and `sent_at` is when that began, in whole seconds. `logo`
    is the publisher's picture, where that stands elsewhere than on the site.
    """

    slug: str
    site: str
    title: str
    subject: str
    preheader: str
    language: str
    sent_at: datetime
    episodes: tuple[CarriedEpisode, ...]
    page: str
    logo: str | None = None

    @property
    def id(self) -> str:
        """Return the id by which readers know the issue: the address that its page had at first."""
        return self.site + self.place

    @property
    def place(self) -> str:
        """Return where the page stands below the site's address."""
        return f"newsletter/{self.slug}/"


class Drafted(Protocol):
    """Know of an issue what the archive needs."""

    @property
    def slug(self) -> str:
        """Name the issue."""

    @property
    def subject(self) -> str:
        """Return what it was announced by."""

    @property
    def preheader(self) -> str:
        """Return what stands behind the subject in lists of mail."""

    @property
    def contents(self) -> Sequence[Mapping[str, Any]]:
        """Return the title, the url and the leading reveals of each episode."""

    @property
    def page(self) -> str:
        """Return what the archive shows."""


def sent_issue(config: Config, issue: Drafted, sent_at: datetime) -> SentIssue:
    """Make what is kept of an issue; raise `UsageError` where `schedule.yaml` has no newsletter section."""
    letter = config.newsletter
    if letter is None:
        raise UsageError('schedule.yaml has no "newsletter" section; see docs/configuration.md#newsletter')
    return SentIssue(
        slug=issue.slug,
        site=config.site.address,
        title=trimmed(letter.title),
        subject=trimmed(issue.subject),
        preheader=trimmed(issue.preheader),
        language=config.site.language,
        sent_at=_in_seconds(sent_at),
        episodes=tuple(map(_episode, issue.contents)),
        page=issue.page,
        logo=letter.theme.logo if letter.theme.logo and is_web_address(letter.theme.logo) else None,
    )


def issue_file(slug: str) -> str:
    """Return where the file of an issue stands in the project folder."""
    return f"{ISSUES}/{slug}.json"


def summary_html(issue: SentIssue) -> str:
    """Write what the feed says of an issue: its preheader, and of each episode the reveals that led."""
    lines = [f"<p>{escape(issue.preheader or issue.subject)}</p>"]
    for episode in issue.episodes:
        lines.append(f'<p><a href="{escape_attribute(episode.url)}">{escape(episode.title)}</a></p>')
        if episode.reveals:
            reveals = "\n".join(f"<li>{escape(reveal)}</li>" for reveal in episode.reveals)
            lines.append(f"<ul>\n{reveals}\n</ul>")
    return "\n".join(lines)


def dump_sent(issue: SentIssue) -> str:
    """Write the file of an issue: JSON with a key to a line, the same text for the same issue."""
    return json.dumps(_data(issue) | {"page": issue.page}, indent=2, ensure_ascii=False) + "\n"


def dump_facts(issue: SentIssue) -> str:
    """Write all of an issue but its page, on one line."""
    return json.dumps(_data(issue), ensure_ascii=False)


def facts_of(text: str) -> SentIssue:
    """Read what `dump_facts` wrote, as an issue with an empty page."""
    return _issue(json.loads(text) | {"page": ""})


def page_of(data: bytes) -> bytes:
    """Return the page that a file holds which was read before, and found good."""
    page: str = json.loads(data)["page"]
    return page.encode()


def parse_sent(path: str, data: bytes) -> SentIssue:
    """Read the file of an issue; raise `DamagedIssueError` with all that is wrong, and its place.

    What it holds becomes addresses, feeds and a page, so nothing is taken on trust.
    """
    text, read = _read(path, data)
    faults = [_fault(path, _mark(text, key), said) for key, said in _faults(path, read)]
    if faults:
        raise DamagedIssueError(faults)
    return _issue(read)


def _read(path: str, data: bytes) -> tuple[str, Mapping[str, Any]]:
    try:
        text = data.decode()
        read = json.loads(text)
        # JSON can spell half a character, which no file can hold.
        json.dumps(read, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise _damaged(path, f"{error.msg}; {_RESTORE}", Mark(error.lineno, error.colno)) from error
    except UnicodeError as error:
        raise _damaged(path, f"this is no text in UTF-8; {_RESTORE}") from error
    except (RecursionError, ValueError) as error:
        raise _damaged(path, f"this is no issue that went out; {_RESTORE}") from error
    if not isinstance(read, dict):
        raise _damaged(path, f"this is no issue that went out; {_RESTORE}")
    if read.get("version") != VERSION:
        wrong = f"version {read.get('version')!r}, and this feedmaker reads {VERSION}; update feedmaker"
        raise _damaged(path, wrong, _mark(text, "version"))
    return text, read


def _damaged(path: str, said: str, mark: Mark | None = None) -> DamagedIssueError:
    return DamagedIssueError([_fault(path, mark or Mark(1, 1), said)])


def _fault(path: str, mark: Mark, said: str) -> Diagnostic:
    return Diagnostic(path, mark.line, mark.column, "damaged-issue", said)


def _mark(text: str, key: str) -> Mark:
    """Find where a key of the file stands; what is missing is told at the beginning."""
    found = re.search(rf'^\s*"{key}"', text, re.MULTILINE)
    return mark_at(text, found.end() - len(key) - 2) if found else Mark(1, 1)


def _faults(path: str, data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Say what is wrong with the values, each with the key it stands under."""
    slug = data.get("slug")
    if not isinstance(slug, str) or not _SLUG.fullmatch(slug) or path != issue_file(slug):
        yield "slug", f'"slug" is not the name of the file; {_RESTORE}'
    missing = [key for key in _TEXTS if not isinstance(data.get(key), str)]
    yield from ((key, f'"{key}" is not a text; {_RESTORE}') for key in missing)
    if missing:
        return
    for key in ("title", "subject"):
        if not trimmed(data[key]):
            yield key, f'"{key}" is empty; write what readers are to see'
    if not data["site"].endswith("/") or not _is_sound(data["site"]):
        yield "site", '"site" is not the address of a folder, such as https://example.org/notes/'
    if not _LANGUAGE.fullmatch(data["language"]):
        yield "language", '"language" is not a language tag such as en or pt-BR'
    if _moment(data["sent_at"]) is None:
        yield "sent_at", '"sent_at" is not a time with a zone, such as 2026-11-27T08:00:00Z'
    if not _are_episodes(data.get("episodes")):
        yield "episodes", f'"episodes" are not titles with addresses and reveals; {_RESTORE}'
    logo = data.get("logo")
    if logo is not None and (not isinstance(logo, str) or not _is_sound(logo)):
        yield "logo", '"logo" is not the address of a picture'
        return
    own = (data["site"], *([logo] if logo else []))
    for said in _page_faults(data["page"], f"{data['site']}newsletter/{slug}/", own):
        yield "page", f'"page" {said}; {_RESTORE}'


def _is_sound(address: str) -> bool:
    return is_web_address(address) and safe_link(address) == address


def _are_episodes(data: Any) -> bool:
    return isinstance(data, list) and all(map(_is_episode, data))


def _is_episode(data: Any) -> bool:
    if not isinstance(data, dict):
        return False
    title, url, reveals = data.get("title"), data.get("url"), data.get("reveals")
    are_texts = isinstance(reveals, list) and all(isinstance(reveal, str) for reveal in reveals)
    is_named = isinstance(title, str) and bool(trimmed(title))
    return are_texts and is_named and isinstance(url, str) and _is_sound(url)


def _page_faults(page: str, address: str, own: tuple[str, ...]) -> Iterator[str]:
    """Say what keeps a page out of the archive: a reader's own token, and what runs or comes from elsewhere.

    `address` is where the page stands, and `own` is how the addresses begin that it may load from.
    """
    if not page.lstrip()[:14].lower().startswith("<!doctype html") or "</html>" not in page.lower():
        yield "is not a whole HTML document"
        return
    if TOKEN_SLOT in page:
        yield "has a place for a reader's own token, and everybody reads it"
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, huge_tree=True)
    for element in etree.fromstring(page.encode(errors="replace"), parser).iter(etree.Element):
        # Most elements of a page have nothing to look at.
        if element.attrib or element.tag in _RUNNING or element.tag == "style":
            yield from _element_faults(element, address, own)


def _element_faults(element: etree._Element, address: str, own: tuple[str, ...]) -> Iterator[str]:
    tag, attributes = str(element.tag), {str(name): str(value) for name, value in element.items()}
    is_data = tag == "script" and attributes.get("type") == "application/ld+json"
    if tag in _RUNNING and not is_data:
        yield f"holds <{tag}>, which may run or ask for something"
    if tag == "meta" and attributes.get("http-equiv", "").strip().lower() == "refresh":
        yield "leads readers on to another page"
    for target in _loaded(tag, attributes, element.text or ""):
        if not _is_own(target, address, own):
            yield f"loads {target[:80]!r} from elsewhere"
    if any(name.startswith("on") for name in attributes):
        yield f"holds <{tag}> with an attribute that runs"
    if "".join(attributes.get("href", "").split()).lower().startswith(("javascript:", "data:", "vbscript:")):
        yield f"holds <{tag}> with an address that runs"


def _loaded(tag: str, attributes: Mapping[str, str], text: str) -> Iterator[str]:
    """Find the addresses of what a browser fetches for an element by itself."""
    yield from (attributes[name] for name in sorted(_LOADING & attributes.keys()))
    yield from (part.split()[0] for part in attributes.get("srcset", "").split(",") if part.strip())
    rel = attributes.get("rel", "").lower().split()
    if "href" in attributes and (tag not in _LINKING or (tag == "link" and not _LINKED.issuperset(rel))):
        yield attributes["href"]
    for style in (attributes.get("style", ""), text if tag == "style" else ""):
        yield from (one or other for one, other in _STYLE.findall(style))


def _is_own(target: str, address: str, own: tuple[str, ...]) -> bool:
    """Tell whether what is loaded stands in the page itself, or is the publisher's own."""
    target = target.strip()
    try:
        return target.lower().startswith("data:image/") or urljoin(address, target).startswith(own)
    except ValueError:
        return False


def _moment(text: str) -> datetime | None:
    """Read a time with a zone, as UTC."""
    try:
        moment = datetime.fromisoformat(text)
        return _in_seconds(moment) if moment.tzinfo else None
    except (OverflowError, ValueError):
        return None


def _in_seconds(moment: datetime) -> datetime:
    """Return a zoned time in UTC, as exact as every format of feeds can say it."""
    return moment.astimezone(UTC).replace(microsecond=0)


def _data(issue: SentIssue) -> dict[str, Any]:
    episodes = [
        {"title": episode.title, "url": episode.url, "reveals": list(episode.reveals)}
        for episode in issue.episodes
    ]
    return {
        "version": VERSION,
        "slug": issue.slug,
        "site": issue.site,
        "title": issue.title,
        "subject": issue.subject,
        "preheader": issue.preheader,
        "language": issue.language,
        "sent_at": utc(issue.sent_at),
        "episodes": episodes,
        **({"logo": issue.logo} if issue.logo else {}),
    }


def _issue(data: Mapping[str, Any]) -> SentIssue:
    """Make an issue of values that are sound."""
    return SentIssue(
        data["slug"],
        data["site"],
        trimmed(data["title"]),
        trimmed(data["subject"]),
        trimmed(data["preheader"]),
        data["language"],
        _in_seconds(datetime.fromisoformat(data["sent_at"])),
        tuple(map(_episode, data["episodes"])),
        data["page"],
        data.get("logo"),
    )


def _episode(data: Mapping[str, Any]) -> CarriedEpisode:
    reveals: Sequence[str] = data["reveals"]
    return CarriedEpisode(trimmed(data["title"]), data["url"], tuple(filter(None, map(trimmed, reveals))))
