"""What is left at an old address: redirects on real servers, pages and feeds for hosts that have none."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

import lxml.html
import pytest

from feedmaker.config import Config, Site
from feedmaker.moved import moved_files
from feedmaker.serving import Server
from tests.conftest import Cli
from tests.projects import SCHEDULE, ProjectFolder
from tests.serving.servers import running

OLD = "https://old.example/"
NEW = "https://lamp.example.org/notes/"
PATHS = [
    "index.html",
    "episodes/lamps/index.html",
    "feed.xml",
    "tags/sea.atom",
    "feeds.opml",
    "style.css",
    "archive/1.xml",
]
FILES: dict[Server, str] = {"nginx": "nginx.conf", "caddy": "Caddyfile", "apache": ".htaccess"}


def site(*old: str, address: str = NEW, **more: str) -> Site:
    """Configure a site that has moved."""
    about = {"title": "Lamps", "address": address, "author": "Orla Finch", "moved_from": old or (OLD,)}
    return Config.model_validate({"site": about | more}).site


def left(moved: Site) -> dict[str, str]:
    """Return the texts that are put at the old address."""
    files = moved_files(moved, PATHS, lambda path: f"the bytes of {path}".encode())
    return {artifact.path: artifact.data.decode() for artifact in files}


def test_pages_and_current_feeds_have_something_in_their_place() -> None:
    """Each page has a page and each current feed and the list of them a copy; the rest is left behind."""
    found = left(site())

    rules = {"_redirects", ".htaccess", "nginx.conf", "Caddyfile"}
    assert set(found) - rules == set(PATHS) - {"style.css", "archive/1.xml"}
    assert found["feed.xml"] == "the bytes of feed.xml"
    assert found["tags/sea.atom"] == "the bytes of tags/sea.atom"


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("index.html", NEW),
        ("episodes/lamps/index.html", NEW + "episodes/lamps/"),
        ("a b/c.html", NEW + "a%20b/c.html"),
    ],
)
def test_page_leads_to_where_it_stands_now(path: str, address: str) -> None:
    """Search engines, browsers and people each find the new address, and the page says its language."""
    (artifact,) = (each for each in moved_files(site(), [path], lambda _: b"") if each.path == path)
    page = lxml.html.document_fromstring(artifact.data.decode())

    assert page.get("lang") == "en"
    assert page.xpath("string(//link[@rel='canonical']/@href)") == address
    assert page.xpath("string(//meta[@http-equiv='refresh']/@content)") == f"0; url={address}"
    assert [(link.get("href"), link.text) for link in page.xpath("//main//a")] == [(address, address)]
    assert page.xpath("string(//h1)") == "This page has moved"


def test_title_changes_nothing_but_its_own_text() -> None:
    """A title with signs of HTML stands on the page as it was written, in its own language."""
    title = '</span><script>alert("1")</script> {{ x }} & ]]> -->'
    text = left(site(title=title, language="pt-BR"))["index.html"]
    page = lxml.html.document_fromstring(text)

    assert page.xpath("//script") == []
    assert page.xpath("string(//span[@lang='pt-BR'])") == title


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        ([OLD], NEW, [f"/* {NEW}:splat 301!", f"/* {NEW}:splat 301"]),
        (["https://old.example/a/"], NEW, [f"/a/* {NEW}:splat 301!", f"/a/* {NEW}:splat 301"]),
        ([OLD, "https://older.example/"], NEW, [f"/* {NEW}:splat 301!", f"/* {NEW}:splat 301"]),
        (
            ["https://lamp.example.org/"],
            NEW,
            ["/notes/* /notes/:splat 200", f"/* {NEW}:splat 301!", f"/* {NEW}:splat 301"],
        ),
    ],
)
def test_hosts_with_a_file_of_redirects_get_one(old: list[str], new: str, lines: list[str]) -> None:
    """The rules force the redirect where a file is there too, and leave a site inside its old place alone."""
    found = left(site(*old, address=new))["_redirects"].splitlines()

    assert found[1:] == lines


@pytest.fixture(params=list(FILES))
def server(request: pytest.FixtureRequest) -> Server:
    """Choose a server."""
    name: Server = request.param
    return name


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (OLD, NEW),
        ("https://old.example/a b/", "https://lamp.example.org/"),
        ("https://lamp.example.org/old/", NEW),
        ("https://lamp.example.org/notes/old/", NEW),
        ("https://old.example/x/", "https://lamp.example.org/caf%C3%A9$1/"),
    ],
)
def test_real_servers_redirect_every_path(server: Server, old: str, new: str) -> None:
    """What stood at the old address is found at the new one, for good, and nothing gets into a header."""
    moved = site(old, address=new)
    prefix = urlsplit(moved.moved_from[0]).path
    folder = unquote(prefix)

    def fill(root: Path) -> None:
        (root / folder.strip("/")).mkdir(parents=True, exist_ok=True)

    with running(server, left(moved)[FILES[server]], fill, folder) as found:
        for path in ("", "feed.xml", "episodes/lamps/", "tags/deep-sea.atom", "archive/1.xml"):
            answer = found.get(prefix + path)
            location = answer.headers.get("location", "")

            assert answer.status == 301, path
            assert location.replace("%24", "$") == moved.address + path
        hostile = found.get(f"{prefix}a%0D%0AEvil:%20b")
        assert "evil" not in hostile.headers


def test_real_servers_do_not_go_round(server: Server) -> None:
    """A site that moved into a folder of its old address is served, and not redirected again and again."""
    moved = site("https://lamp.example.org/", address=NEW)

    def fill(root: Path) -> None:
        (root / "notes").mkdir()
        (root / "notes" / "feed.xml").write_text("news", "utf-8")

    rules = left(moved)[FILES[server]]
    if server == "nginx":
        rules += "location /notes/ { }\n"  # the site's own rules, which its server has anyway
    if server == "caddy":
        rules += "file_server\n"
    with running(server, rules, fill, "/") as found:
        assert found.get("/feed.xml").headers["location"] == NEW + "feed.xml"
        assert (found.get("/notes/feed.xml").status, found.get("/notes/feed.xml").body) == (200, b"news")


@pytest.fixture
def moving(project: ProjectFolder) -> ProjectFolder:
    """Make a project that has moved, with some files that a build has written."""
    project.schedule(text=SCHEDULE.replace("  author:", f"  moved_from: {OLD}\n  author:"))
    for path in PATHS:
        project.write(f"public/{path}", f"the bytes of {path}")
    project.write("public/.feedmaker-new/index.html", "half")
    return project


def test_command_writes_the_folder_and_says_what_next(
    moving: ProjectFolder, cli: Cli, tmp_path: Path
) -> None:
    """One call writes all that is to be uploaded; another writes only what has changed."""
    target = tmp_path / "left-behind"

    first = cli("-C", moving.root, "moved", target)
    second = cli("-C", moving.root, "moved", target)

    assert (first.code, first.err) == (0, "")
    assert first.out == f"wrote 9 files to {target}\nNext: put what it holds at {OLD}\n"
    assert second.out.startswith("wrote 0 files")
    written = {path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file()}
    assert written == set(left(site()))
    moving.write("public/feed.xml", "news")
    assert cli("-C", moving.root, "moved", target).out.startswith("wrote 1 file ")
    assert (target / "feed.xml").read_text("utf-8") == "news"


@pytest.mark.parametrize("inside", [".", "left"])
def test_command_does_not_write_into_the_site(moving: ProjectFolder, cli: Cli, inside: str) -> None:
    """The site itself is never overwritten by what is left of it."""
    before = moving.files()

    ran = cli("-C", moving.root, "moved", moving.public / inside)

    assert ran.code == 2
    assert "is part of public/" in ran.err
    assert moving.files() == before


def test_command_does_not_write_among_other_files(moving: ProjectFolder, cli: Cli, tmp_path: Path) -> None:
    """A folder with files of somebody else stays as it is; an empty one is taken."""
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "index.html").write_text("mine", "utf-8")
    (tmp_path / "empty").mkdir()

    ran = cli("-C", moving.root, "moved", tmp_path / "full")

    assert ran.code == 2
    assert "holds other files" in ran.err
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["index.html"]
    assert cli("-C", moving.root, "moved", tmp_path / "empty").code == 0
    assert cli("-C", moving.root, "moved", moving.root).code == 2


def test_command_needs_something_that_moved(project: ProjectFolder, moving: ProjectFolder, cli: Cli) -> None:
    """Without an old address or without a site the command says which step is missing."""
    project.schedule()
    ran = cli("-C", project.root, "moved", project.root / "left")
    assert (ran.code, "site.moved_from" in ran.err) == (2, True)

    project.schedule(text=SCHEDULE.replace("  author:", f"  moved_from: {OLD}\n  author:"))
    for path in PATHS:
        (project.public / path).unlink()
    ran = cli("-C", project.root, "moved", project.root / "left")
    assert (ran.code, "run `feedmaker build` first" in ran.err) == (2, True)


def test_file_in_the_way_is_an_error(moving: ProjectFolder, cli: Cli, tmp_path: Path) -> None:
    """A file where the folder should be is said, without a traceback."""
    (tmp_path / "left").write_text("mine", "utf-8")

    ran = cli("-C", moving.root, "moved", tmp_path / "left")

    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith(f"feedmaker: {tmp_path / 'left'}: Not a directory; ")
    assert ran.err.endswith("move it away\n")
