"""The section `sources` of `schedule.yaml`: where notes from elsewhere are. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field

from feedmaker.config.fields import JobName, Part, Text, Truth, WebAddress, WebAddresses, folder_form

WAYS = ("feed", "sitemap", "pages")


class Source(Part):
    """Pages of notes elsewhere, which become notes here."""

    # `parse_config` sees to it that just one of `feed`, `sitemap` and `pages` is set.
    name: JobName = Field(description="Name of the source, in small letters, digits and hyphens.")
    feed: WebAddress | None = Field(
        default=None, description="Address of an RSS, Atom or JSON feed whose items link to the pages."
    )
    sitemap: WebAddress | None = Field(
        default=None, description="Address of a sitemap, or of an index of sitemaps."
    )
    pages: WebAddresses = Field(default=(), description="Addresses of pages: one, or a list of them.")
    only: Text | None = Field(
        default=None,
        description="Beginning of the addresses to take, or of their paths; with * a pattern.",
    )
    folder: Annotated[Text, folder_form()] | None = Field(
        default=None, description="Folder of the notes below episodes/; without it the name."
    )
    private: Truth = Field(
        default=False, description="Whether addresses may lead into this machine or its network."
    )
    pause: float = Field(
        default=0.2,
        ge=0,
        le=60,
        allow_inf_nan=False,
        description="Seconds from one request to a host to the next.",
    )

    @property
    def place(self) -> str:
        """Return the folder of the notes below episodes/."""
        return self.folder or self.name

    @property
    def definition(self) -> str:
        """Say what the source lists; with another definition it is another source."""
        return "\n".join((self.feed or self.sitemap or "", self.only or ""))


def source_faults(sources: Any) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Find what is wrong between the keys of sources: where, and what."""
    first: dict[str, int] = {}
    for index, source in enumerate(sources if isinstance(sources, list) else ()):
        if not isinstance(source, Mapping) or not source:
            continue
        ways = [key for key in WAYS if key in source]
        if len(ways) != 1:
            found = " and ".join(f'"{way}"' for way in ways) or "none"
            said = f'needs exactly one of "feed", "sitemap" and "pages"; found {found}'
            yield ("sources", index), f"sources.{index + 1}: {said}"
        name = source.get("name")
        if isinstance(name, str) and first.setdefault(name, index) != index:
            said = f'"{name[:40]}" is the name of another source already'
            yield ("sources", index, "name"), f"sources.{index + 1}.name: {said}"
