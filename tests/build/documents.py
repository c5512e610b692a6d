"""What tests of builds ask of documents and pages, read without our own code; and a full project."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import urldefrag, urljoin

from lxml import etree
from lxml import html as lxml_html
from PIL import Image

from feedmaker.sent import CarriedEpisode
from tests.issues import save_issue
from tests.projects import PAID, ProjectFolder

HOME = "https://lamp.example.org/notes/"
FORMATS = ("xml", "atom", "json")
MAIN = ("feed.xml", "atom.xml", "feed.json")
LINK = "{http://www.w3.org/2005/Atom}link"
DELETED = "{http://purl.org/atompub/tombstones/1.0}deleted-entry"
ITUNES = "{http://www.itunes.com/dtds/podcast-1.0.dtd}"
PODCAST = "{https://podcastindex.org/namespace/1.0}"
OWNER = "owner: {name: Orla Finch, email: owner@lamp.example.org}"
PODCAST_SECTION = f"podcast: {{image: artwork.png, category: Arts > Books, {OWNER}}}\n"
FULL = f"""\
{PAID}{PODCAST_SECTION}feeds: {{entries: 2, tags: all, shows: all}}
push: {{hubs: https://hub.example.net/, automatic: false}}
serving: {{compress: [gzip, brotli]}}
"""
# Of what an issue carried, this alone is never taken back.
GULLS = CarriedEpisode("Gulls", "https://gulls.example.net/talk", ("They learn.",))
_IN_TEXT = re.compile(rf"{re.escape(HOME)}[^\s\"'<>\\)]*")


def document(name: str = "") -> tuple[str, ...]:
    """Name the three documents of a feed, or of one volume of its archive."""
    return tuple(f"{name}.{ending}" for ending in FORMATS) if name else MAIN


def is_json(path: str) -> bool:
    """Tell a JSON Feed from the other formats."""
    return path.endswith(".json")


def root_of(data: bytes) -> etree._Element:
    """Read an XML document."""
    return etree.fromstring(data)


def ids(path: str, data: bytes) -> list[str]:
    """Return the ids of a document's items, in their order."""
    if is_json(path):
        return [item["id"] for item in json.loads(data)["items"]]
    root = root_of(data)
    found = [*root.iterfind("channel/item/guid"), *root.iterfind("{*}entry/{*}id")]
    return [element.text or "" for element in found]


def feed_links(data: bytes, rel: str) -> list[str]:
    """Return where a feed in XML leads to by a relation."""
    root = root_of(data)
    head = root.find("channel") if root.tag == "rss" else root
    assert head is not None
    return [link.get("href", "") for link in head.iterfind(LINK) if link.get("rel") == rel]


def previous(path: str, data: bytes) -> str | None:
    """Return the address of the document with what is older."""
    if is_json(path):
        found: str | None = json.loads(data).get("next_url")
        return found
    links = feed_links(data, "prev-archive")
    return links[0] if links else None


def chain(files: dict[str, bytes], path: str) -> dict[str, list[str]]:
    """Follow a feed into its archive; return the ids in each document, by path."""
    found: dict[str, list[str]] = {}
    following: str | None = path
    while following:
        assert following not in found, "the archive leads in a circle"
        found[following] = ids(following, files[following])
        address = previous(following, files[following])
        following = address.removeprefix(HOME) if address else None
    return found


def tombstones(data: bytes) -> list[str]:
    """Return the ids of what an Atom document says was taken back."""
    return [element.get("ref", "") for element in root_of(data).iterfind(DELETED)]


def recommended(files: dict[str, bytes], path: str = "recommendations.json") -> dict[str, dict[str, Any]]:
    """Return the items of a feed of recommendations by the titles of their episodes."""
    items = json.loads(files[path])["items"]
    return {item["_recommendation"]["episode"]["title"]: item for item in items}


def artwork(side: int = 1400, *, mode: str = "RGB", shade: int = 30) -> bytes:
    """Draw artwork of one colour."""
    out = io.BytesIO()
    Image.new(mode, (side, side), shade).save(out, "PNG")
    return out.getvalue()


def recording(name: str, *more: str) -> str:
    """Write the keys of a note with a recording."""
    url = f"https://media.example.net/{name}.mp3"
    return "\n".join((f"audio: {{url: '{url}', length: 1234567}}", "duration: 45m", *more))


def fill(project: ProjectFolder) -> None:
    """Save a project that has all that a build can write."""
    project.schedule(FULL)
    project.write("artwork.png", artwork())
    project.note("bells", keys=recording("bells", "tags: [Sound, C++]"), date="2019-01-01")
    project.note("fog", keys="tags: [sound]", date="2019-02-01", word="Fog & mist")
    project.note("gulls", keys="url: https://gulls.example.net/talk\n" + recording("gulls"), word="Bells")
    project.note("horns", keys=recording("horns", "chapters: [{at: '00:00:00', title: Low}]"))
    project.note("lamps", keys="tags: [größe]", date="2020-02-29")
    path = project.note("storm", date="2021-06-01")
    project.edit(path, "show: Keepers", "show: Watchers")
    save_issue(project, episodes=(GULLS,))
    save_issue(project, "2026-10-23", subject="Oil & water", episodes=(GULLS,))


def links(path: str, data: bytes) -> Iterator[str]:
    """Yield the absolute addresses within the site that a file leads to."""
    is_page = path.endswith(".html")
    for found in _IN_TEXT.findall(unescape(data.decode())):
        # In the data for machines on a page, fragments name things and no places.
        yield urldefrag(found)[0] if is_page else unescape(found)
    if is_page:
        base = HOME + path.removesuffix("index.html")
        root = lxml_html.document_fromstring(data, parser=lxml_html.HTMLParser(encoding="utf-8"))
        for _, _, address, _ in root.iterlinks():
            absolute = urljoin(base, address)
            if absolute.startswith(HOME):
                yield absolute


def is_there(files: dict[str, bytes], address: str) -> bool:
    """Tell whether an address within the site is that of a file, and its fragment of a place in it."""
    place, fragment = urldefrag(address)
    path = place.removeprefix(HOME)
    path += "index.html" if not path or path.endswith("/") else ""
    if path not in files:
        return False
    return not fragment or f'id="{fragment}"'.encode() in files[path]
