"""An independent reader of HTML, so that no test asks our own code what it wrote."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"link", "meta", "br", "img", "hr", "input"}


@dataclass
class Element:
    """Hold one element: its attributes, its children in order (text among them) and where it begins."""

    tag: str
    attributes: dict[str, str | None]
    position: int
    children: list[Element | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Return all text inside, unchanged."""
        return "".join(child if isinstance(child, str) else child.text for child in self.children)

    def walk(self) -> Iterator[Element]:
        """Yield all elements inside in the order of the document."""
        for child in self.children:
            if isinstance(child, Element):
                yield child
                yield from child.walk()

    def find(self, tag: str, **attributes: str) -> list[Element]:
        """Return all elements inside with a tag and some attributes; `class_` stands for class."""
        wanted = {name.rstrip("_"): value for name, value in attributes.items()}
        return [
            element
            for element in self.walk()
            if element.tag == tag and wanted.items() <= element.attributes.items()
        ]

    def one(self, tag: str, **attributes: str) -> Element:
        """Return the only element inside with a tag and some attributes."""
        (found,) = self.find(tag, **attributes)
        return found

    def skeleton(self) -> list[tuple[str, tuple[str, ...]]]:
        """Return tags and names of attributes without any text: what a note must never change."""
        return [(element.tag, tuple(element.attributes)) for element in self.walk()]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {}, 0)
        self.open = [self.root]
        self.count = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice: {names}"
        self.count += 1
        element = Element(tag, dict(attrs), self.count)
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].tag == tag, f"</{tag}> closes <{self.open[-1].tag}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def handle_pi(self, data: str) -> None:
        raise AssertionError(f"an instruction: {data}")

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(f"a declaration: {data}")


def read_html(html: str | bytes) -> Element:
    """Read HTML in which every element is closed where it should be; an element stands for the document."""
    reader = _Reader()
    reader.feed(html.decode("utf-8") if isinstance(html, bytes) else html)
    reader.close()
    assert reader.open == [reader.root], f"never closed: {[element.tag for element in reader.open[1:]]}"
    return reader.root
