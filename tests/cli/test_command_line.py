"""What holds for every command: folders, exit codes, help, and errors without tracebacks."""

from __future__ import annotations

import fcntl
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import click
import pytest

from feedmaker import __version__
from feedmaker.cli import cli as group
from feedmaker.cli.group import MODULES
from tests.conftest import Cli
from tests.projects import FIRST, HEAVY, ROOT, SCHEDULE, ProjectFolder, run_process

PASSWORD = "hunter2-very-secret"


@pytest.fixture
def site(project: ProjectFolder) -> ProjectFolder:
    """Make a project with one note."""
    project.note("fog")
    return project


# Which folder


def test_folder_is_chosen_before_or_after_the_command(site: ProjectFolder, cli: Cli) -> None:
    """-C stands in either place, and the later one wins."""
    assert cli("-C", site.root, "build").code == 0
    assert cli("build", "-C", site.root).out == "1 published, nothing changed\n"
    assert cli("-C", "/nowhere", "build", "-C", site.root).code == 0


@pytest.mark.parametrize("words", [("newsletter", "list"), ("subscribers", "list")])
def test_folder_is_chosen_anywhere_in_a_group(site: ProjectFolder, cli: Cli, words: tuple[str, str]) -> None:
    """In a group of commands -C may stand before, between and after."""
    for at in range(3):
        assert cli(*words[:at], "-C", site.root, *words[at:]).code == 0


def test_nearest_folder_with_a_schedule_is_the_project(
    site: ProjectFolder, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without -C a command works from any folder inside, and the innermost project counts."""
    inner = ProjectFolder(site.root / "drawer" / "inner")
    inner.schedule()
    (inner.root / "deep" / "er").mkdir(parents=True)
    monkeypatch.chdir(inner.root / "deep" / "er")
    assert cli("build").code == 0
    assert (inner.public / "feed.xml").exists()
    monkeypatch.chdir(site.root / "episodes")
    assert cli("build").code == 0
    assert (site.public / "feed.xml").exists()


def test_outside_any_project_is_wrong_usage(
    tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is no project, the error says how to make one."""
    monkeypatch.chdir(tmp_path)

    done = cli("build")

    assert (done.code, done.out) == (2, "")
    assert re.fullmatch(
        r"feedmaker: no schedule\.yaml in .* or any folder above; run `feedmaker init.*\n", done.err
    )


@pytest.mark.parametrize("make", [True, False])
def test_folder_without_a_schedule_is_wrong_usage(tmp_path: Path, cli: Cli, *, make: bool) -> None:
    """A folder that is named and holds no project, or is not there, is named in the error."""
    place = tmp_path / "empty"
    if make:
        place.mkdir()

    done = cli("-C", place, "build")

    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"feedmaker: {place}")


# How commands end


@pytest.mark.parametrize(
    "arguments",
    [
        ("buidl",),
        ("build", "--fast"),
        ("build", "too", "many"),
        ("new",),
        ("check", "--format", "xml"),
        ("newsletter",),
        ("newsletter", "draft", "--backlog", "many"),
        ("newsletter", "show", "2020-01-01"),
        ("subscribers", "add"),
        ("subscribers", "add", "not an address"),
        ("convert", "nowhere.txt"),
        (),
    ],
)
def test_wrong_usage_ends_with_2(site: ProjectFolder, cli: Cli, arguments: tuple[str, ...]) -> None:
    """What cannot be meant is exit code 2 and some words on standard error."""
    done = cli("-C", site.root, *arguments)

    assert (done.code, done.out) == (2, "")
    assert done.err.strip()


def test_error_in_a_note_ends_with_1_and_the_rest_goes_out(site: ProjectFolder, cli: Cli) -> None:
    """The fault is on standard error with its place; the summary and what is held back on standard output."""
    site.note("storm", keys="dration: 1h")

    done = cli("-C", site.root, "build")

    assert done.code == 1
    assert done.err == (
        'episodes/storm.md:5:1: error: unknown key "dration"; did you mean "duration"? [unknown-key]\n'
    )
    assert "held back: episodes/storm.md: has errors; not published\n" in done.out
    assert list(site.items()) == ["Fog"]


def test_build_reports_to_machines(site: ProjectFolder, cli: Cli) -> None:
    """--json prints one value with all that the build did."""
    site.note("storm", keys="dration: 1h")
    site.note("calm", keys="draft: true")

    report = json.loads(cli("-C", site.root, "build", "--json").out)

    assert report["published"] == 1
    assert report["failed"]
    assert report["new"] == ["episodes/fog.md"]
    assert {"path": "episodes/calm.md", "reason": "draft: true"} in report["held"]
    assert [fault["code"] for fault in report["diagnostics"]] == ["unknown-key"]
    assert "feed.xml" in report["written"]


def test_recordings_without_a_podcast_are_pointed_out(site: ProjectFolder, cli: Cli) -> None:
    """A build says how a podcast feed comes about where notes have recordings and none is configured."""
    site.note("storm", keys="audio: https://media.example.org/storm.mp3")

    with_recording = cli("-C", site.root, "build")
    site.schedule("podcast: {image: https://media.example.org/a.png, category: Arts}\n")
    with_podcast = cli("-C", site.root, "build")

    assert "1 note with a recording: a section `podcast` makes a podcast feed" in with_recording.out
    assert "makes a podcast feed" not in with_podcast.out
    assert (site.public / "podcast.xml").exists()


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let time pass without waiting; returns how long each pause was meant to be."""
    pauses: list[float] = []
    monkeypatch.setattr(
        "feedmaker.worklock.time", SimpleNamespace(monotonic=lambda: sum(pauses), sleep=pauses.append)
    )
    return pauses


HOLD = """
import fcntl, sys
file = open(sys.argv[1], "a")
fcntl.flock(file, fcntl.LOCK_EX)
print("held", flush=True)
input()
"""


@contextmanager
def another_at_work(project: ProjectFolder) -> Iterator[None]:
    """Hold the work lock in another process."""
    path = project.root / ".feedmaker" / "work.lock"
    path.parent.mkdir(exist_ok=True)
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout
        assert holder.stdin
        holder.stdout.readline()
        yield
        holder.stdin.close()


@pytest.mark.parametrize("arguments", [("build",), ("newsletter", "draft")])
def test_busy_folder_ends_with_75(
    site: ProjectFolder, cli: Cli, no_waiting: list[float], arguments: tuple[str, ...]
) -> None:
    """While another process is at work, a command waits half a minute, then says so and changes nothing."""
    with another_at_work(site):
        done = cli("-C", site.root, *arguments)

    assert (done.code, done.out) == (75, "")
    assert done.err == "feedmaker: another feedmaker is at work in this folder; try again when it is done\n"
    assert 29 < sum(no_waiting) < 31
    assert not site.public.exists()


def test_work_lock_ends_with_its_process(site: ProjectFolder, cli: Cli) -> None:
    """The file of a lock means nothing once nobody holds it."""
    with another_at_work(site):
        pass

    assert cli("-C", site.root, "build").code == 0


def test_idle_build_does_not_wait(site: ProjectFolder, cli: Cli, no_waiting: list[float]) -> None:
    """A build that has nothing to do does not ask for the work lock."""
    site.build(FIRST)
    with another_at_work(site):
        assert cli("-C", site.root, "build").code == 0

    assert no_waiting == []


def test_lock_is_free_after_a_failure(site: ProjectFolder, cli: Cli) -> None:
    """A build that failed holds nothing."""
    site.write("templates/site/index.html", "{% broken")
    assert cli("-C", site.root, "build").code == 1
    with (site.root / ".feedmaker" / "work.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


# No tracebacks


def test_fault_of_the_program_names_a_report(
    site: ProjectFolder, cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A bug is one line that names a file, in which the traceback is; the exit code is 1."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def fail(*_: object) -> None:
        raise RuntimeError("the lamp is out")

    monkeypatch.setattr("feedmaker.pages.index_page", fail)

    done = cli("-C", site.root, "build")

    assert (done.code, done.out) == (1, "")
    found = re.fullmatch(
        r"feedmaker: a fault of the program \(RuntimeError\('the lamp is out'\)\); please report (.*)\n",
        done.err,
    )
    assert found
    report = Path(found[1]).read_text("utf-8")
    assert report.startswith("Traceback")
    assert "the lamp is out" in report
    assert Path(found[1]).stat().st_mode & 0o077 == 0


def test_fault_without_a_place_for_the_report_is_still_one_line(
    site: ProjectFolder, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the report cannot be written either, the line says so."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.NamedTemporaryFile", refuse)
    monkeypatch.setattr("feedmaker.pages.index_page", lambda *_: 1 / 0)

    done = cli("-C", site.root, "build")

    assert done.code == 1
    assert re.fullmatch(r"feedmaker: a fault of the program .*; and there is no report of it: .*\n", done.err)


def test_what_the_disk_says_is_no_fault_of_the_program(
    site: ProjectFolder, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A template that may not be read is named in one line."""

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied", "templates/site/index.html")

    monkeypatch.setattr("feedmaker.templating.Templates.digest", refuse)

    done = cli("-C", site.root, "build")

    assert (done.code, done.err) == (1, "feedmaker: templates/site/index.html: Permission denied\n")


def test_interruption_is_quiet(site: ProjectFolder, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends with 130 and no words but an empty line."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("feedmaker.app.project.Project.build", interrupt)

    done = cli("-C", site.root, "build")

    assert (done.code, done.out, done.err.strip()) == (130, "", "")


@pytest.mark.parametrize("arguments", ["check --format json", "schema", "--help", "build --json"])
def test_reader_that_has_enough_is_no_error(site: ProjectFolder, arguments: str) -> None:
    """A pipe whose reader has gone away ends the command without a word."""
    for number in range(200):
        site.note(f"note-{number}", keys="dration: 1")
    command = [sys.executable, "-m", "feedmaker", *arguments.split()]

    with subprocess.Popen(
        command,
        cwd=site.root,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        said = process.stderr.read().decode()

    assert process.returncode == 1
    assert "Traceback" not in said
    assert "BrokenPipe" not in said


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_terminal_of_few_letters_is_no_error(site: ProjectFolder, encoding: str) -> None:
    """Words that a terminal cannot show are shown as escapes; what programs read is UTF-8 all the same."""
    site.write("episodes/ü-日本.md", "---\nshow: Ü\ntitle: 日本\ndate: x\n---\n")
    environ = {"PYTHONIOENCODING": encoding}

    text = run_process("check", cwd=site.root, environ=environ)
    data = run_process("check", "--format", "json", cwd=site.root, environ=environ)

    assert text.code == data.code == 1
    assert text.err == "1 error, 0 warnings\n"
    assert json.loads(data.out)[0]["path"] == "episodes/ü-日本.md"


# Secrets


@pytest.mark.parametrize("arguments", [("newsletter", "send", "latest"), ("build",), ("check",), ("status",)])
def test_secret_of_the_environment_is_never_shown(
    site: ProjectFolder, cli: Cli, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    """A transport with a password shows in no output, even where it cannot be used."""
    site.build(FIRST)
    assert cli("-C", site.root, "newsletter", "draft", "--backlog", "1").code == 0
    monkeypatch.setenv("FEEDMAKER_TRANSPORT", f"pigeon://orla:{PASSWORD}@mail.example.org")

    done = cli("-C", site.root, *arguments)

    assert PASSWORD not in done.out + done.err
    assert done.code == (2 if arguments[0] == "newsletter" else 0)


@pytest.mark.parametrize(
    "line",
    [
        f'delivery: {{transport: "smtp://orla:{PASSWORD}@mail.example.org"}}',
        f'newsletter: {{password: "{PASSWORD}"}}',
        f'password: "{PASSWORD}"',
    ],
)
def test_secret_in_the_schedule_is_refused_and_not_repeated(
    project: ProjectFolder, cli: Cli, line: str
) -> None:
    """A password in schedule.yaml is a fault with its place, and the message does not show it."""
    project.schedule(text=SCHEDULE.partition("newsletter:")[0] + line + "\n")

    done = cli("-C", project.root, "build")

    assert done.code == 1
    assert "schedule.yaml:" in done.err
    assert PASSWORD not in done.out + done.err


# Help


def commands(command: click.Command = group, *path: str) -> Iterator[tuple[str, ...]]:
    """Yield the words of every command."""
    yield path
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner
            yield from commands(inner, *path, name)


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_every_command_has_help_with_an_example(cli: Cli, words: tuple[str, ...]) -> None:
    """--help says what a command does and shows it in use, outside any project too."""
    done = cli(*words, "--help")

    assert (done.code, done.err) == (0, "")
    lines = [line.strip() for line in done.out.splitlines()]
    example = " ".join(("feedmaker", *words))
    assert any(re.search(rf"(^|\s){example}(\s|$)", line) or _with_folder(line, words) for line in lines[2:])
    sentence = " ".join(lines[2 : lines.index("", 2)])
    assert sentence.endswith("."), f"no sentence: {sentence}"
    assert cli(*words, "-h").out == done.out


def test_commands_stand_where_the_table_says() -> None:
    """Each command's module is in the table, so it is found, and no other is imported for it."""
    real = {
        command.name: (command.callback.__module__ if command.callback else "")
        for name in group.list_commands(click.Context(group))
        if (command := group.get_command(click.Context(group), name))
    }

    assert set(group.commands) == set(MODULES)
    assert real == {name: f"feedmaker.cli.{module}" for name, module in MODULES.items()}


def test_mistyped_command_is_understood(cli: Cli) -> None:
    """What was probably meant is named, though nothing of it was imported yet."""
    done = run_process("buidl", cwd=ROOT)

    assert done.code == 2
    assert "build" in done.err


@pytest.mark.parametrize("name", MODULES)
def test_command_imports_no_other(name: str) -> None:
    """Help for a command is there without any library but click, and without the other commands."""
    program = "import sys; from feedmaker.cli import run; run(sys.argv[1:]); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program, name, "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    modules = set(done.stdout.split("\n")[-2].split())

    assert modules & {f"feedmaker.cli.{module}" for module in MODULES.values()} == {
        f"feedmaker.cli.{MODULES[name]}"
    }
    assert not modules & {*HEAVY, "sqlite3", "hashlib", "json", "feedmaker.app.project"}


def _with_folder(line: str, words: tuple[str, ...]) -> bool:
    return bool(re.search(rf"feedmaker -C \S+ {' '.join(words)}(\s|$)", line))


def test_version_is_told(cli: Cli) -> None:
    """--version prints name and version."""
    assert cli("--version").out == f"feedmaker {__version__}\n"


def test_module_runs_as_a_program(site: ProjectFolder) -> None:
    """`python -m feedmaker` is the command, with its exit code."""
    assert run_process("build", cwd=site.root).code == 0
    assert run_process("buidl", cwd=site.root).code == 2
