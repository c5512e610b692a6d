"""Beginning: a folder, a note, a page export as Markdown."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from feedmaker.notes.lines import visible
from feedmaker.notes.note import parse_note
from tests.conftest import Cli
from tests.projects import ProjectFolder, run_process

EXPORT = """\
Home Keepers Notes
Keepers · 2019-05-04 · 1h 2m

Fog seen from the gallery

A keeper on fog & horns.

Fog seen from the gallery
The guest

Ida Marsh — Fog watcher

Big reveals

• Fog has no smell.

Recommended in this episode

Guest’s ownBook

The Book of Fog

Ida Marsh (inferred)

“I wrote it it in a week” — Ida Marsh 00:26:09
Find it on Amazon
"""


class EditorLoader(yaml.SafeLoader):
    """Read YAML 1.2 as editors do, for which `on` is a word and no truth value."""


EditorLoader.yaml_implicit_resolvers = {
    sign: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for sign, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


# init


def test_new_folder_checks_and_builds_at_once(tmp_path: Path, cli: Cli) -> None:
    """After init, check finds nothing, and build writes feeds and pages, without a question or an edit."""
    made = cli("init", tmp_path / "site")
    site = ProjectFolder(tmp_path / "site")

    assert (made.code, made.err) == (0, "")
    assert {path.name for path in site.root.iterdir()} == {
        *("schedule.yaml", "schedule.schema.json", ".gitignore", "episodes")
    }
    assert cli("-C", site.root, "check").code == 0
    assert cli("-C", site.root, "build").code == 0
    assert {"feed.xml", "atom.xml", "feed.json", "index.html"} <= set(site.files())
    assert cli("-C", site.root, "status").code == 0


def test_example_note_of_a_new_folder_can_be_published(tmp_path: Path, cli: Cli) -> None:
    """The example is a draft; without that line it comes out."""
    cli("init", tmp_path / "site")
    site = ProjectFolder(tmp_path / "site")
    example = site.root / "episodes" / "example.md"
    example.write_text(example.read_text("utf-8").replace("draft: true\n", ""), "utf-8")

    assert cli("-C", site.root, "build").code == 0
    assert list(site.items()) == ["An example to copy"]


def test_words_at_the_end_of_init_can_be_followed(
    tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command that init names works from where it was called, with -C too."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sites").mkdir()

    for words in (("init", "one"), ("-C", "sites", "init", "two")):
        command = re.search(r"run: feedmaker (.*)\n", cli(*words).out)
        assert command
        assert cli(*command[1].split()).code == 0

    assert (tmp_path / "sites" / "two" / "public" / "feed.xml").exists()


def test_second_init_changes_nothing(tmp_path: Path, cli: Cli) -> None:
    """A folder that is a project already is refused as wrong usage, and every file stays."""
    site = ProjectFolder(tmp_path / "site")
    cli("init", site.root)
    site.write("schedule.yaml", "mine: yes\n")
    (site.root / ".gitignore").unlink()

    done = cli("init", site.root)

    assert (done.code, done.out) == (2, "")
    assert "schedule.yaml exists already; nothing was changed" in done.err
    assert (site.root / "schedule.yaml").read_text("utf-8") == "mine: yes\n"
    assert not (site.root / ".gitignore").exists()


def test_init_keeps_files_that_are_there(tmp_path: Path, cli: Cli) -> None:
    """In a folder with files of its own only the missing ones are written, and named."""
    site = ProjectFolder(tmp_path / "site")
    site.write(".gitignore", "mine\n")
    site.write("episodes/example.md", "mine too\n")

    done = cli("init", site.root)

    assert done.code == 0
    assert (site.root / ".gitignore").read_text("utf-8") == "mine\n"
    assert (site.root / "episodes" / "example.md").read_text("utf-8") == "mine too\n"
    wrote = [line.removeprefix("wrote ") for line in done.out.splitlines() if line.startswith("wrote ")]
    assert wrote == [str(site.root / name) for name in ("schedule.yaml", "schedule.schema.json")]


@pytest.mark.parametrize("inside", ["", "deeper"])
def test_init_over_a_file_is_an_error(tmp_path: Path, cli: Cli, inside: str) -> None:
    """A file where the folder should be is named, and stays."""
    place = tmp_path / "site"
    place.write_text("mine", "utf-8")

    done = cli("init", place / inside)

    assert done.code == 1
    assert re.match(rf"feedmaker: {place}.*a file stands where a folder belongs", done.err)
    assert place.read_text("utf-8") == "mine"


def test_schema_of_a_new_folder_is_the_one_that_is_printed(tmp_path: Path, cli: Cli) -> None:
    """schedule.schema.json equals `feedmaker schema`, is sound, and the schedule beside it keeps to it."""
    cli("init", tmp_path / "site")
    printed = cli("schema").out
    schedule = (tmp_path / "site" / "schedule.yaml").read_text("utf-8")

    assert (tmp_path / "site" / "schedule.schema.json").read_text("utf-8") == printed
    jsonschema.Draft202012Validator.check_schema(json.loads(printed))
    jsonschema.validate(yaml.load(schedule, Loader=EditorLoader), json.loads(printed))
    assert schedule.startswith("# yaml-language-server: $schema=schedule.schema.json\n")


def test_state_of_a_new_folder_stays_out_of_version_control(tmp_path: Path, cli: Cli) -> None:
    """.gitignore names what is made and keeps addresses of people out; the lock is not among it."""
    cli("init", tmp_path / "site")

    lines = (tmp_path / "site" / ".gitignore").read_text("utf-8").splitlines()

    assert {"/.feedmaker/", "/outbox/", "/public/"} <= set(lines)
    assert not any("lock" in line for line in lines if not line.startswith("#"))


# new


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("How fog sings (Ida Marsh)", "how-fog-sings-ida-marsh"),
        ("  spaces \t and\nlines ", "spaces-and-lines"),
        ("Über Nebel: #1 – 'so' \"what\"?", "uber-nebel-1-so-what"),
        ("霧", "wu"),
        ("🦉", "episode"),
        ("---", "episode"),
        ("null", "null"),
        ("2019-05-04", "2019-05-04"),
        ("{{ 7 * 7 }} {% raw %}", "7-7-raw"),
        ("../../etc/passwd", "etc-passwd"),
        ("a" * 300, "a" * 80),
        ("long words " * 30, None),
        ("bell\x07 and escape\x1b[31m", None),
    ],
)
def test_skeleton_passes_check(project: ProjectFolder, cli: Cli, title: str, name: str | None) -> None:
    """Whatever the title, the new note is sound, a draft, and holds the title but for white space."""
    done = cli("-C", project.root, "new", "--", title)

    assert (done.code, done.err) == (0, "")
    (path,) = (project.root / "episodes").iterdir()
    assert name is None or path.name == f"{name}.md"
    assert str(path) in done.out
    assert cli("-C", project.root, "check").out == ""
    episode = parse_note("episodes/x.md", path.read_bytes()).episode
    assert episode
    assert episode.draft
    assert episode.title == visible(" ".join(title.split()))


def test_new_overwrites_nothing(project: ProjectFolder, cli: Cli) -> None:
    """A title whose file is there is wrong usage."""
    cli("-C", project.root, "new", "Fog")
    path = project.write("episodes/fog.md", "mine")

    done = cli("-C", project.root, "new", "Fog!")

    assert (done.code, done.out) == (2, "")
    assert f"{path} exists already" in done.err
    assert path.read_text("utf-8") == "mine"


@pytest.mark.parametrize("title", ["", "   ", "\n"])
def test_new_needs_a_title(project: ProjectFolder, cli: Cli, title: str) -> None:
    """An empty title is wrong usage, and no file appears."""
    done = cli("-C", project.root, "new", title)

    assert done.code == 2
    assert "needs a title" in done.err
    assert not (project.root / "episodes").exists()


def test_title_that_is_no_text_makes_a_sound_note(project: ProjectFolder) -> None:
    """Bytes on the command line that are no UTF-8 do not end in a traceback or half a file."""
    done = run_process("new", "caf\udce9", cwd=project.root)

    assert (done.code, done.err) == (0, "")
    assert run_process("check", cwd=project.root).code == 0


# convert


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """Save a page export."""
    path = tmp_path / "export.txt"
    path.write_text(EXPORT, "utf-8")
    return path


def test_converted_note_says_the_same(export: Path, cli: Cli) -> None:
    """On standard output stands Markdown that reads back as the same episode, and nothing else."""
    done = cli("convert", export)

    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("---\nshow: Keepers\n")
    before, after = parse_note("a.txt", EXPORT.encode()), parse_note("a.md", done.out.encode())
    assert after.diagnostics == ()
    assert after.episode == before.episode
    assert "it it" in done.out


def test_converted_note_is_kept_where_it_is_wanted(project: ProjectFolder, export: Path, cli: Cli) -> None:
    """-o writes a file, in a folder that may be new; the note is published from there."""
    done = cli("convert", export, "-o", project.root / "episodes" / "2019" / "fog.md")

    assert (done.code, done.out, done.err) == (0, "", "")
    assert cli("-C", project.root, "build").code == 0
    assert list(project.items()) == ["Fog seen from the gallery"]


def test_convert_overwrites_nothing(tmp_path: Path, export: Path, cli: Cli) -> None:
    """A file that is there stays, and the exit code says wrong usage."""
    target = tmp_path / "fog.md"
    target.write_text("mine", "utf-8")

    done = cli("convert", export, "-o", target)

    assert (done.code, done.out) == (2, "")
    assert done.err == f"feedmaker: {target} exists already; nothing was written\n"
    assert target.read_text("utf-8") == "mine"


def test_convert_tells_what_it_leaves_out(tmp_path: Path, export: Path, cli: Cli) -> None:
    """Text that has no place in a note is named on standard error; the rest is converted."""
    export.write_text(EXPORT.replace("\nFind it on Amazon", "\nFind it on Amazon\nNew: mugs!"), "utf-8")

    done = cli("convert", export)

    assert done.code == 0
    assert re.fullmatch(rf"{export}:\d+:1: warning: .*New: mugs!.*\n", done.err)
    assert "mugs" not in done.out


def test_export_with_errors_is_not_converted(tmp_path: Path, export: Path, cli: Cli) -> None:
    """Its faults are told with their places, and no file appears."""
    export.write_text(EXPORT.replace("2019-05-04", "2019-15-04"), "utf-8")
    target = tmp_path / "fog.md"

    done = cli("convert", export, "-o", target)

    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(f"{export}:2:")
    assert not target.exists()


@pytest.mark.parametrize("name", ["gone.txt", "."])
def test_convert_needs_a_file(tmp_path: Path, cli: Cli, name: str) -> None:
    """A missing file, or a folder, is wrong usage."""
    done = cli("convert", tmp_path / name)

    assert (done.code, done.out) == (2, "")
    assert "there is no such file" in done.err


def test_converted_letters_are_utf8_everywhere(export: Path, tmp_path: Path) -> None:
    """A terminal of few letters does not damage what is written to a file."""
    export.write_text(EXPORT.replace("Ida Marsh", "Ína 日本"), "utf-8")

    done = run_process("convert", export, cwd=tmp_path, environ={"PYTHONIOENCODING": "ascii"})

    assert done.code == 0
    assert "Ína 日本" in done.out


def test_new_note_is_about_the_show_that_the_others_are_about(tmp_path: Path, cli: Cli) -> None:
    """The skeleton names the usual show of the folder, and before there is one the site's title."""
    cli("init", tmp_path / "site")
    cli("-C", tmp_path / "site", "new", "First")
    (tmp_path / "site" / "episodes" / "page.txt").write_text(EXPORT, "utf-8")
    cli("-C", tmp_path / "site", "new", "Second")

    shows = [
        (tmp_path / "site" / "episodes" / name).read_text("utf-8").split("\n")[1]
        for name in ("first.md", "second.md")
    ]
    assert shows == ["show: My episode notes", "show: Keepers"]
