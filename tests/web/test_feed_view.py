"""Feeds side by side: what the formats say differently is marked."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from feedmaker.app.previewing.feeds import FeedView, feed_view
from feedmaker.feeds.outline import Format
from tests.projects import ProjectFolder

ZONE = ZoneInfo("Europe/Berlin")
FILES: dict[Format, str] = {"rss": "feed.xml", "atom": "atom.xml", "json": "feed.json"}


def view(project: ProjectFolder, **changed: tuple[bytes, bytes]) -> FeedView:
    """Show the main feed of a project, some formats of which were changed after they were built."""
    files = {}
    for kind, path in FILES.items():
        old, new = changed.get(kind, (b"", b""))
        data = (project.public / path).read_bytes()
        assert old in data
        files[kind] = path, data.replace(old, new) if old else data
    return feed_view("", files, ZONE)


def test_equal_formats_stand_in_rows(project: ProjectFolder) -> None:
    """Each item has a cell of each format, with equal facts, in the order of the feed."""
    project.note("bells", date="2020-01-01")
    project.note("lamps")
    project.build()

    feed = view(project)

    assert feed.columns == ("RSS", "Atom", "JSON Feed")
    assert [[cell and cell.title for cell in row.cells] for row in feed.rows] == [
        ["Bells"] * 3,
        ["Lamps"] * 3,
    ]
    assert [row.differs for row in feed.rows] == [(), ()]
    assert feed.sizes == tuple((project.public / path).stat().st_size for path in FILES.values())


def test_difference_is_named(project: ProjectFolder) -> None:
    """A title, a text or a whole item that only one format has otherwise is marked in its row."""
    project.note("bells")
    project.build()

    assert view(project, atom=(b">Bells<", b">Bell<")).rows[0].differs == ("title",)
    assert view(project, json=(b"Oil floats", b"Oil sinks")).rows[0].differs == ("content",)
    other = view(project, rss=(b"</guid>", b"2</guid>"))
    assert [row.differs for row in other.rows] == [("presence",), ("presence",)]
