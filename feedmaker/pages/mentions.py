"""Links to where something was recommended. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from feedmaker.catalogue import Mention
from feedmaker.config import Site
from feedmaker.pages.paths import href


@dataclass(frozen=True, slots=True)
class MentionLink:
    """Hold what a page shows of a mention: who, in which episode, when, and where that can be read.

    `is_own` tells what is the guest's own from what is recommended.
    """

    href: str
    speaker: str | None
    is_own: bool
    title: str
    show: str
    aired: date


def mention_link(site: Site, root: str, mention: Mention) -> MentionLink:
    """Lead from a page to a mention; `root` leads from the page to the folder that holds the site."""
    note = mention.note
    address = href(site, root, note.address)
    # Only a page of ours has the recommendation under its key.
    if note.address.startswith(site.address):
        address += f"#{mention.key}"
    return MentionLink(
        address, mention.named.speaker, mention.named.kind == "own", note.title, note.show, note.aired
    )
