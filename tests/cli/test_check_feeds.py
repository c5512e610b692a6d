"""`feedmaker check --feeds`: built feeds, files and addresses, as somebody at a terminal meets it."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.conftest import Cli
from tests.projects import ProjectFolder


@contextmanager
def served(body: bytes, media_type: str, *, careful: bool) -> Iterator[str]:
    """Serve a document; a careful server knows validators and packs what it sends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            unchanged = careful and self.headers["If-None-Match"] == '"1"'
            self.send_response(304 if unchanged else 200)
            self.send_header("Content-Type", media_type)
            data = b"" if unchanged else body
            if careful:
                self.send_header("ETag", '"1"')
                self.send_header("Last-Modified", "Mon, 02 Nov 2026 08:00:00 GMT")
                if data:
                    self.send_header("Content-Encoding", "gzip")
                    data = gzip.compress(data, mtime=0)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/feed.xml"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def built(project: ProjectFolder) -> ProjectFolder:
    """Build a project with every sort of feed."""
    project.schedule("feeds: {entries: 2, tags: all, shows: all}\n")
    for name in ("fog", "lamp", "oil", "tide"):
        project.note(name, keys="tags: [keepers]\n")
    project.build()
    return project


def test_own_feeds_are_clean(built: ProjectFolder, cli: Cli) -> None:
    """Nothing is wrong with what a build writes: feeds, archives, lists."""
    done = cli("-C", built.root, "check", "--feeds")

    assert (done.code, done.out, done.err) == (0, "", "0 errors, 0 warnings\n")


def test_damage_is_named_with_its_place_and_source(built: ProjectFolder, cli: Cli) -> None:
    """A finding has path, line, column, rule and where the rule is written; the exit code is 1."""
    path = built.public / "feed.xml"
    path.write_bytes(path.read_bytes().replace(b"<language>en</language>", b"", 1).replace(b"GMT", b"XYZ", 1))

    done = cli("-C", built.root, "check", "--feeds")

    assert done.code == 1
    assert done.out.startswith("public/feed.xml:")
    assert "[date-not-rfc-822; " in done.out
    assert "error" in done.err


def test_any_file_can_be_checked_without_a_project(tmp_path: Path, cli: Cli) -> None:
    """A feed of anybody's is checked where it lies; JSON holds the same."""
    feed = tmp_path / "other.xml"
    feed.write_text("<rss version='2.0'><channel><title>A & B</title></channel></rss>", "utf-8")

    done = cli("-C", tmp_path, "check", "--feeds", feed, "--format", "json")

    findings = json.loads(done.out)
    assert done.code == 1
    assert {finding["path"] for finding in findings} == {str(feed)}
    assert "bare-ampersand" in {finding["code"] for finding in findings}
    assert all(finding["source"] for finding in findings)


def test_address_is_checked_with_its_server(built: ProjectFolder, cli: Cli) -> None:
    """What a server says of a feed is checked too, and that it knows what has not changed."""
    body = built.files()["feed.xml"]
    with served(body, "application/rss+xml; charset=utf-8", careful=True) as address:
        good = cli("check", "--feeds", address)
    with served(body, "text/plain", careful=False) as address:
        bad = cli("check", "--feeds", address)

    assert good.code == 0  # it stands at another address than it says, which is a warning
    assert {line.rpartition("[")[2].partition(";")[0] for line in good.out.splitlines()} == {
        "self-link-wrong"
    }
    assert {"media-type", "etag-missing", "last-modified-missing"} <= {
        line.rpartition("[")[2].partition(";")[0] for line in bad.out.splitlines()
    }


def test_what_is_not_there_is_told(project: ProjectFolder, cli: Cli) -> None:
    """Without a build, and for a file that does not exist, a line says what to do."""
    unbuilt = cli("-C", project.root, "check", "--feeds")
    missing = cli("check", "--feeds", project.root / "none.xml")

    assert (unbuilt.code, missing.code) == (2, 2)
    assert "feedmaker build" in unbuilt.err
    assert "none.xml" in missing.err
