"""A feed document read, whatever its format. Pure."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Literal

from feedmaker.lint.common import MAX_BYTES
from feedmaker.lint.documents import ATOM, Document, make_document, misspelt_namespaces, tag_of
from feedmaker.lint.findings import START, Path, Problem, Spot, shown
from feedmaker.lint.json_text import JsonText
from feedmaker.lint.xml_text import XmlText

if TYPE_CHECKING:
    from lxml import etree

    from feedmaker.lint.findings import At

Kind = Literal["rss", "atom", "json", "opml", "chapters"]
_MOST_NAMESPACES = 20
_BOM_AND_SPACE = re.compile(rb"(\xef\xbb\xbf)?[ \t\r\n]*")
_ROOTS: Mapping[str, Kind] = {"rss": "rss", f"{{{ATOM}}}feed": "atom", "opml": "opml"}
_PAGE = re.compile(r"\s*<(!doctype\s+html|html)\b", re.IGNORECASE)
_SITEMAPS = tuple(
    f"{{http://www.sitemaps.org/schemas/sitemap/0.9}}{name}" for name in ("urlset", "sitemapindex")
)
_OLD_ATOM = "{http://purl.org/atom/ns#}feed"
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}RDF"


@dataclass(frozen=True, slots=True)
class Parsed:
    """Hold a document: its kind, None where nobody knows, and what was wrong before any meaning."""

    kind: Kind | None
    problems: list[Problem] = field(default_factory=list)
    xml: Document | None = None
    json: JsonText | None = None

    def spot(self, at: At) -> Spot:
        """Return the place of a part of the document."""
        if isinstance(at, Spot):
            return at
        if isinstance(at, tuple):
            return self.json.spot(at) if self.json else START
        return self.xml.spot(at) if self.xml else START

    def where(self, at: At) -> str | None:
        """Return the title or id of the item that a part is in."""
        if isinstance(at, Spot):
            return None
        if isinstance(at, tuple):
            return _json_where(self.value, at)
        return self.xml.where(at) if self.xml else None

    @property
    def is_sitemap(self) -> bool:
        """Tell a list of pages for search engines, which stands beside feeds and is none."""
        return self.xml is not None and self.xml.root.tag in _SITEMAPS

    @property
    def value(self) -> Mapping[str, object]:
        """Return what a JSON document says; an empty object for all others."""
        value = self.json.value if self.json else None
        return value if isinstance(value, dict) else {}


def parse(data: bytes, url: str | None = None, now: datetime | None = None) -> Parsed:
    """Read a document; whatever the bytes are, this ends soon and raises nothing."""
    if len(data) > MAX_BYTES:
        what = f"the document has {len(data):,} bytes, more than {MAX_BYTES:,}"
        return Parsed(None, [Problem("not-checked", what, START)])
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _in_utf_16(data, url, now)
    begin = _BOM_AND_SPACE.match(data)
    if data[begin.end() if begin else 0 :][:1] in (b"{", b"["):
        return _parse_json(data)
    if b"<" in data:
        return _parse_xml(data, url, now)
    what = "the document is empty" if not data.strip() else "the document is neither XML nor JSON"
    return Parsed(None, [Problem("unknown-format", what, START)])


def _in_utf_16(data: bytes, url: str | None, now: datetime | None) -> Parsed:
    text = data.decode("utf-16", "replace")
    parsed = parse(text.removeprefix("\ufeff").encode("utf-8", "replace"), url, now)
    if not any(problem.code == "other-encoding" for problem in parsed.problems):
        parsed.problems.insert(0, Problem("other-encoding", "the document is UTF-16", START))
    return parsed


def _parse_json(data: bytes) -> Parsed:
    source = JsonText(data)
    value = source.value
    if value is None and source.problems:
        return Parsed(None, source.problems)
    if isinstance(value, dict) and "items" not in value and "chapters" in value:
        return Parsed("chapters", source.problems, json=source)
    if isinstance(value, dict) and _is_json_feed(value):
        return Parsed("json", source.problems, json=source)
    what = "the document is JSON, but no JSON Feed and no chapters"
    return Parsed(None, [*source.problems, Problem("unknown-format", what, START)], json=source)


def _is_json_feed(value: Mapping[str, object]) -> bool:
    version = str(value.get("version", ""))
    return version.startswith("https://jsonfeed.org/") or bool({"items", "feed_url"} & set(value))


def _parse_xml(data: bytes, url: str | None, now: datetime | None) -> Parsed:
    source = XmlText(data)
    root = None if source.is_refused else source.parse()
    if root is not None:
        root = _with_right_namespaces(source, root)
    if root is None:
        return Parsed(None, _told_apart(source))
    document = make_document(source, root, url, now)
    kind = _ROOTS.get(str(root.tag))
    if _is_old(root):
        what = f"the document is {_old_name(root)}"
        return Parsed(None, [*source.problems, Problem("old-format", what, root)], document)
    if kind is None:
        what = f"the document begins with <{shown(tag_of(root))[1:-1]}>"
        return Parsed(None, [*source.problems, Problem("unknown-format", what, root)], document)
    return Parsed(kind, source.problems, document)


def _with_right_namespaces(source: XmlText, root: etree._Element) -> etree._Element | None:
    wrong = False
    for address, meant in islice(misspelt_namespaces(root), _MOST_NAMESPACES):
        wrong = True
        source.mend_namespace(address, meant)
    if (namespace := _namespace_of_rss(root)) is not None:
        source.drop_namespace(namespace)
        wrong = True
    return source.parse() if wrong else root


def _namespace_of_rss(root: etree._Element) -> str | None:
    namespace, _, name = str(root.tag).rpartition("}")
    return namespace[1:] if namespace and name == "rss" and root.prefix is None else None


def _told_apart(source: XmlText) -> list[Problem]:
    """Say of a web page that it is one, instead of how it breaks the rules of XML."""
    if _PAGE.match(source.text):
        return [Problem("unknown-format", "the document is a web page", START)]
    return source.problems


def _is_old(root: etree._Element) -> bool:
    return root.tag in (_OLD_ATOM, _RDF) or (
        root.tag == "rss" and root.get("version", "2.0").startswith("0.")
    )


def _old_name(root: etree._Element) -> str:
    if root.tag == _RDF:
        return "RSS 1.0 or 0.90"
    return "Atom 0.3" if root.tag == _OLD_ATOM else f"RSS {shown(root.get('version', ''))}"


def _json_where(value: Mapping[str, object], at: Path) -> str | None:
    if len(at) < 2 or at[0] != "items" or not isinstance(at[1], int):
        return None
    items = value.get("items")
    item = items[at[1]] if isinstance(items, list) and at[1] < len(items) else None
    if not isinstance(item, dict):
        return None
    return next((text for name in ("title", "id") if isinstance(text := item.get(name), str) and text), None)
