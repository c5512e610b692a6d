"""All feeds as one OPML 2.0 subscription list (opml.org/spec2.opml). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from lxml import etree

from feedmaker.config import Site
from feedmaker.feeds.mends import rfc822
from feedmaker.feeds.outline import PODCAST, Outline

MEDIA_TYPE = "text/x-opml"


def to_bytes(site: Site, outlines: Iterable[Outline], updated: datetime) -> bytes:
    """List the RSS document of each feed; `updated` is when the list last changed.

    The texts are plain. OPML allows HTML in them, but programs show what stands there.
    """
    root = etree.Element("opml", version="2.0")
    head = etree.SubElement(root, "head")
    etree.SubElement(head, "title").text = site.title
    etree.SubElement(head, "dateCreated").text = rfc822(updated)
    etree.SubElement(head, "ownerName").text = site.author.name
    body = etree.SubElement(root, "body")
    for outline in outlines:
        attributes = {
            "type": "rss",
            "text": _title(outline),
            "title": _title(outline),
            "description": outline.description,
            "xmlUrl": site.address + outline.paths()["rss"],
            "htmlUrl": site.address + outline.page,
            "version": "RSS2",
        }
        etree.SubElement(body, "outline", attributes)
    return bytes(etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True))


def _title(outline: Outline) -> str:
    """Tell the podcast from the notes, which may have one title."""
    return f"{outline.title} (podcast)" if outline.name == PODCAST else outline.title
