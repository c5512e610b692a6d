"""The sitemap and robots.txt."""

from __future__ import annotations

from datetime import UTC, datetime

from lxml import etree

from feedmaker.pages import Place, robots, sitemap, sitemap_paths
from tests.pages.site import ADDRESS, MORNING, SITE

LATER = datetime(2024, 6, 1, 7, 30, tzinfo=UTC)


def read(data: bytes) -> tuple[str, list[tuple[str, str | None]]]:
    """Return the name of a sitemap's root, and the address and time of each thing in it."""
    root = etree.fromstring(data)
    name = etree.QName(root)
    assert name.namespace == "http://www.sitemaps.org/schemas/sitemap/0.9"
    return name.localname, [(child.findtext("{*}loc") or "", child.findtext("{*}lastmod")) for child in root]


def test_sitemap_lists_pages_with_their_last_change() -> None:
    """Each page stands in it with its address, and with a time where one is known."""
    places = [Place(f"{ADDRESS}a/?x=1&y=<2>", MORNING), Place(ADDRESS)]

    assert sitemap_paths(2) == ["sitemap.xml"]
    assert read(sitemap(SITE, places)) == (
        "urlset",
        [(f"{ADDRESS}a/?x=1&y=<2>", "2024-05-06T08:00:00Z"), (ADDRESS, None)],
    )


def test_empty_site_has_a_sitemap() -> None:
    """A sitemap of nothing is still one."""
    assert sitemap_paths(0) == ["sitemap.xml"]
    assert read(sitemap(SITE, [])) == ("urlset", [])


def test_large_sitemap_is_cut_into_volumes() -> None:
    """A file holds 50,000 addresses at most; of more pages the first file is an index of the others."""
    places = [
        Place(f"{ADDRESS}{number}/", LATER if number == 50_000 else MORNING) for number in range(50_001)
    ]

    index, first, second = (read(sitemap(SITE, places, path)) for path in sitemap_paths(len(places)))

    assert sitemap_paths(50_000) == ["sitemap.xml"]
    assert sitemap_paths(50_001) == ["sitemap.xml", "sitemap-1.xml", "sitemap-2.xml"]
    assert index == (
        "sitemapindex",
        [
            (f"{ADDRESS}sitemap-1.xml", "2024-05-06T08:00:00Z"),
            (f"{ADDRESS}sitemap-2.xml", "2024-06-01T07:30:00Z"),
        ],
    )
    assert (first[0], len(first[1]), first[1][-1][0]) == ("urlset", 50_000, f"{ADDRESS}49999/")
    assert second == ("urlset", [(f"{ADDRESS}50000/", "2024-06-01T07:30:00Z")])


def test_robots_file_names_the_sitemap() -> None:
    """Nobody is shut out, and the sitemap is found by its absolute address."""
    assert robots(SITE).decode().splitlines() == [
        "User-agent: *",
        "Allow: /",
        "",
        f"Sitemap: {ADDRESS}sitemap.xml",
    ]
