"""The characters of an XML document: encoding, declaration, references, well-formedness. Pure.

Each fault is reported and mended, so that the rest of the document is looked at too.
"""

from __future__ import annotations

import codecs
import re
from html.entities import html5

from lxml import etree

from feedmaker.lint.findings import START, Problem, Spot, parse_rules, shown, spot_at

RULES = parse_rules(
    """
    not-utf-8 error 1 XML 1.0, 4.3.3
        The bytes of a feed are UTF-8.
        save the document as UTF-8, or correct what wrote it
    other-encoding warning 1 RSS Profile, 2; RFC 8259, 8.1
        A feed is written in UTF-8, which every reader knows.
        write UTF-8 and say so in the declaration
    byte-order-mark warning 1 XML 1.0, F; RFC 8259, 8.1
        A feed begins without a byte order mark, which some readers take for text.
        save the document as UTF-8 without a mark
    text-before-declaration error 1 XML 1.0, 2.8
        Nothing stands before the XML declaration, not even an empty line.
        begin the document with <?xml
    declaration-missing warning 1 XML 1.0, 2.8
        A feed begins with an XML declaration that names its encoding.
        begin the document with <?xml version="1.0" encoding="UTF-8"?>
    bad-character error 1 XML 1.0, 2.2; RFC 8259, 8.2
        A feed holds no control characters and no halves of characters.
        take it out of the text
    bare-ampersand error 1 XML 1.0, 2.4
        An ampersand in XML begins a reference, and stands for nothing else.
        write &#x26; where a plain ampersand is meant
    html-entity error 1 XML 1.0, 4.1
        XML knows no HTML entity but &amp; &lt; &gt; &quot; and &apos;.
        write the character itself, or its number
    doctype error 1 known readers
        A feed has no document type: readers refuse its declarations, which can be made to harm them.
        take the <!DOCTYPE out
    namespace-undeclared error 15 Namespaces in XML 1.0, 5
        Every prefix is declared.
        declare the prefix on the root element with xmlns:
    namespace-misspelt error 15 Apple, podcast requirements; PSP-1
        The addresses of namespaces are exact, with case, http and slash, for readers compare them as text.
        write the address as the format has it
    rss-namespace error 2 RSS 2.0, extending RSS
        The elements of RSS itself are in no namespace.
        take xmlns="..." out of the root element
    not-well-formed error 1,2 XML 1.0, 2.1
        A feed is well-formed XML.
        correct the place; most readers show nothing of a feed that is not well-formed
    """
)
# Codecs that turn bytes into text at once; others unpack or escape, and some take their time.
_TEXT_CODECS = (
    "ascii",
    "big5",
    "cp",
    "euc_",
    "gb",
    "iso8859",
    "johab",
    "koi8",
    "mac-",
    "ptcp",
    "shift_jis",
    "tis",
)
_UTF8 = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
_DECLARED = re.compile(rb"[^<]{0,1000}<\?xml\b[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
_BEFORE = re.compile(r"[^<]+(?=<\?xml\s)")
_DECLARATION = re.compile(r"<\?xml\s")
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_DOCTYPE = re.compile(r"<!DOCTYPE\b[^>\[]*(?P<subset>\[)?>?")
_AMPERSAND = re.compile(
    r"<!\[CDATA\[(?:.*?\]\]>|.*)|<!--(?:.*?-->|.*)|<\?(?:.*?\?>|.*)"
    r"|&(?:#(?P<number>\d{1,9}|x[0-9A-Fa-f]{1,8});|(?P<name>[A-Za-z][A-Za-z0-9]{0,40};)|)",
    re.DOTALL,
)
_IN_XML = frozenset({"amp;", "lt;", "gt;", "quot;", "apos;"})
_UNDECLARED = {201, 202}
_ENOUGH = 250


class XmlText:
    """Read the text of an XML document, noting and mending what is wrong with it.

    `text` is the mended text, without what stood before the declaration; `lines_before` counts its lines.
    `is_refused` tells a text that is not safe to parse.
    """

    def __init__(self, data: bytes) -> None:
        self.problems: list[Problem] = []
        self.lines_before = 0
        self.is_refused = False
        self.text = self._decode(data)
        self._begin()
        self._replace_bad_characters()
        self._drop_doctype()
        if not self.is_refused:
            self.text = _AMPERSAND.sub(self._mend_reference, self.text)

    def parse(self) -> etree._Element | None:
        """Parse the mended text; where it is not well-formed, note that and return None."""
        try:
            return etree.fromstring(self.text.encode(), new_parser())
        except etree.XMLSyntaxError as error:
            line, column = error.position
            code = "namespace-undeclared" if error.code in _UNDECLARED else "not-well-formed"
            what = f"the XML cannot be read: {shown(_reason(error))}"
            self.problems.append(Problem(code, what, Spot(line + self.lines_before, max(column, 1))))
            return None

    def mend_namespace(self, wrong: str, right: str) -> None:
        """Note a namespace that is nearly right, and write the right one in its place."""
        self._note("namespace-misspelt", f"a namespace is {shown(wrong)}, not {shown(right)}", 0)
        for quote in "\"'":
            self.text = self.text.replace(f"{quote}{wrong}{quote}", f"{quote}{right}{quote}")

    def drop_namespace(self, name: str) -> None:
        """Note that RSS was put into a namespace, and take it out."""
        self._note("rss-namespace", f"the elements are in the namespace {shown(name)}", 0)
        for quote in "\"'":
            declaration = f"xmlns={quote}{name}{quote}"
            self.text = self.text.replace(declaration, " " * len(declaration))

    def _note(self, code: str, what: str, offset: int) -> None:
        # To find a place takes time in proportion to the text, and nobody reads so many.
        if len(self.problems) > _ENOUGH:
            return
        spot = spot_at(self.text, offset)
        self.problems.append(Problem(code, what, Spot(spot.line + self.lines_before, spot.column)))

    def _decode(self, data: bytes) -> str:
        if data.startswith(codecs.BOM_UTF8):
            self.problems.append(Problem("byte-order-mark", "the document begins with U+FEFF", START))
            data = data.removeprefix(codecs.BOM_UTF8)
        found = _DECLARED.match(data)
        name = found[1].decode() if found else "utf-8"
        if name.lower() in _UTF8:
            return self._decode_utf8(data)
        self.problems.append(Problem("other-encoding", f"the document is declared as {shown(name)}", START))
        return data.decode(_codec(name), "replace")

    def _decode_utf8(self, data: bytes) -> str:
        try:
            return data.decode()
        except UnicodeDecodeError as error:
            before = data[: error.start].decode()
            what = f"the byte 0x{data[error.start]:02X} is not UTF-8"
            self.problems.append(Problem("not-utf-8", what, spot_at(before, len(before))))
            return data.decode("utf-8", "replace")

    def _begin(self) -> None:
        before = _BEFORE.match(self.text)
        if before:
            what = "an empty line or a space" if before[0].isspace() else shown(before[0])
            self._note("text-before-declaration", f"{what} stands before the XML declaration", 0)
            self.lines_before = before[0].count("\n")
            self.text = self.text[before.end() :]
        elif not _DECLARATION.match(self.text):
            self._note("declaration-missing", "the document has no XML declaration", 0)
            stripped = self.text.lstrip()
            self.lines_before = self.text.count("\n", 0, len(self.text) - len(stripped))
            self.text = stripped

    def _replace_bad_characters(self) -> None:
        found = _NOT_IN_XML.search(self.text)
        if found:
            self._note("bad-character", f"the text holds the character {_name(ord(found[0]))}", found.start())
            self.text = _NOT_IN_XML.sub("\ufffd", self.text)

    def _drop_doctype(self) -> None:
        found = _DOCTYPE.search(self.text)
        # Within CDATA or a comment it is text, which lxml tells better than we do.
        root = re.search(r"<[A-Za-z_]", self.text)
        if found and not (root and root.start() < found.start()):
            self._note("doctype", "the document has a document type", found.start())
            self.is_refused = found["subset"] is not None
            blank = re.sub(r"[^\n]", " ", found[0])
            self.text = self.text[: found.start()] + blank + self.text[found.end() :]

    def _mend_reference(self, found: re.Match[str]) -> str:
        number, name = found["number"], found["name"]
        if not found[0].startswith("&") or name in _IN_XML:
            return found[0]
        if number:
            return self._mend_number(found)
        if name and name in html5:
            self._note("html-entity", f"XML does not know {shown(found[0])}", found.start())
            return "".join(f"&#{ord(character)};" for character in html5[name])
        self._note("bare-ampersand", "an ampersand stands alone", found.start())
        return found[0].replace("&", "&#x26;")

    def _mend_number(self, found: re.Match[str]) -> str:
        number = found["number"]
        point = int(number[1:], 16) if number.startswith("x") else int(number)
        if point <= 0x10FFFF and not _NOT_IN_XML.match(chr(point)):
            return found[0]
        self._note("bad-character", f"the text refers to the character {_name(point)}", found.start())
        return "&#xFFFD;"


def new_parser() -> etree.XMLParser:
    """Return an XML parser that fetches nothing, expands nothing and gives up on huge trees."""
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
    )


def _codec(name: str) -> str:
    """Return the decoder for an encoding, among those that are made of text and quick."""
    try:
        codec = codecs.lookup(name).name
    except LookupError:
        return "utf-8"
    return codec if codec.startswith(_TEXT_CODECS) else "utf-8"


def _name(point: int) -> str:
    return f"U+{point:04X}"


def _reason(error: etree.XMLSyntaxError) -> str:
    """Return the parser's message without the place, which a finding names itself."""
    return re.sub(r", line \d+, column \d+$", "", str(error.msg))
