"""A feed as readers show it: each format read back from its bytes, item beside item."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from feedmaker.feeds.feed import atom_id
from feedmaker.feeds.outline import NAMES, Format
from feedmaker.feeds.reading import Facts, read_atom, read_json, read_rss

_READERS: Mapping[Format, Callable[[bytes], tuple[Facts, list[Facts]]]] = {
    "rss": read_rss,
    "atom": read_atom,
    "json": read_json,
}
_COMPARED = ("title", "url", "date", "summary", "content", "tags", "authors", "recordings")


@dataclass(frozen=True, slots=True)
class Cell:
    """Show one item in one format."""

    title: str
    url: str
    date: str
    summary: str
    content: str
    tags: tuple[str, ...]
    authors: tuple[str, ...]
    recordings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """Show one item in all formats, in the order of the columns; `differs` names what is not the same."""

    id: str
    cells: tuple[Cell | None, ...]
    differs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FeedView:
    """Show a feed: a column for each format, a row for each item."""

    name: str
    title: str
    description: str
    formats: tuple[Format, ...]
    columns: tuple[str, ...]
    paths: tuple[str, ...]
    sizes: tuple[int, ...]
    rows: tuple[Row, ...]


def feed_view(name: str, files: Mapping[Format, tuple[str, bytes]], zone: ZoneInfo) -> FeedView:
    """Read the documents of a feed, by format their path and bytes, and set them side by side."""
    read = {kind: _READERS[kind](data) for kind, (_, data) in files.items()}
    by_format = {
        kind: {atom_id(str(item["id"])): _cell(item, zone) for item in items}
        for kind, (_, items) in read.items()
    }
    ids = dict.fromkeys(identity for cells in by_format.values() for identity in cells)
    head = next(head for head, _ in read.values())
    return FeedView(
        name,
        str(head["title"] or ""),
        str(head["description"] or ""),
        tuple(files),
        tuple(NAMES[kind] for kind in files),
        tuple(path for path, _ in files.values()),
        tuple(len(data) for _, data in files.values()),
        tuple(_row(identity, [by_format[kind].get(identity) for kind in files]) for identity in ids),
    )


def _row(identity: str, cells: list[Cell | None]) -> Row:
    present = [cell for cell in cells if cell]
    differs = [name for name in _COMPARED if len({getattr(cell, name) for cell in present}) > 1]
    if len(present) < len(cells):
        differs.insert(0, "presence")
    return Row(identity, tuple(cells), tuple(differs))


def _cell(item: Facts, zone: ZoneInfo) -> Cell:
    published = item["time of publishing"]
    date = f"{published.astimezone(zone):%Y-%m-%d %H:%M}" if isinstance(published, datetime) else ""
    return Cell(
        title=str(item["title"] or ""),
        url=_address(item),
        date=date,
        summary=str(item["summary"] or ""),
        content=str(item["content"] or ""),
        tags=tuple(map(str, _list(item["tags"]))),
        authors=tuple(_name(author) for author in _list(item["authors"])),
        recordings=tuple(str(address) for address, *_ in _list(item["recordings"])),
    )


def _address(item: Facts) -> str:
    """Return the address of an item's page; Atom has it among its links."""
    links = _list(item.get("link to the page", []))
    return str(links[0][0] if links else item.get("url") or "")


def _name(author: object) -> str:
    return str(author[0] if isinstance(author, tuple) else author)


def _list(value: object) -> list[Any]:
    return cast("list[Any]", value)
