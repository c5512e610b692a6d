"""The files of docs/deploy/ work: commands in them exist, and what can be run here is run."""

from __future__ import annotations

import configparser
import fcntl
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from feedmaker.cli import cli
from feedmaker.notes.folder import scan
from tests.docs.documents import ROOT
from tests.projects import ProjectFolder, run_process
from tests.servers import program

DEPLOY = ROOT / "docs" / "deploy"
PROGRAM = "/opt/feedmaker/bin/feedmaker"
NOTES = "/srv/notes"
HERE = Path(sys.executable).with_name("feedmaker")
SERVICES = {"feedmaker.service": "run", "feedmaker-tick.service": "tick", "feedmaker-serve.service": "serve"}
UNITS = (*SERVICES, "feedmaker-tick.timer")


def text_of(name: str) -> str:
    """Read a file of docs/deploy/."""
    return (DEPLOY / name).read_text("utf-8")


def understood(words: list[str]) -> str:
    """Return the name of the command that a command line calls; fail where it does not exist like that."""
    context = cli.make_context("feedmaker", list(words))
    name, command, rest = cli.resolve_command(context, [*context._protected_args, *context.args])
    assert name
    assert command
    command.make_context(name, rest, parent=context)
    return name


def test_wrong_command_is_noticed() -> None:
    """A command or option that does not exist is an error, or the tests below would prove nothing."""
    for words in (["tock"], ["tick", "--nwo", "1"], ["run", "too", "much"]):
        with pytest.raises(click.UsageError):
            understood(words)


# cron


def cron_line() -> tuple[str, str]:
    """Return the fields and the command of the crontab's line."""
    (line,) = (line for line in text_of("crontab").splitlines() if re.match(r"[*\d]", line))
    fields = re.match(r"(?:\S+\s+){5}", line)
    assert fields
    return fields[0].strip(), line[fields.end() :]


def run_by_cron(project: ProjectFolder) -> subprocess.CompletedProcess[str]:
    """Run the crontab's command the way cron does: by sh, with next to no environment."""
    command = cron_line()[1].replace(PROGRAM, str(HERE)).replace(NOTES, str(project.root))
    assert "%" not in command, "cron reads it as the end of a line"
    environ = {"HOME": str(project.root), "PATH": "/usr/bin:/bin", "SHELL": "/bin/sh"}
    return subprocess.run(
        ["/bin/sh", "-c", command],
        cwd="/",
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


@pytest.fixture
def scheduled(project: ProjectFolder) -> ProjectFolder:
    """Make a project with a job that is due."""
    project.schedule("jobs: [{name: publish, run: build, every: 1 day}]\n")
    project.note("fog")
    return project


def test_cron_line_is_understood() -> None:
    """It stands for each minute, and its command is a tick."""
    fields, command = cron_line()

    assert fields == "* * * * *"
    assert understood(shlex.split(command.partition(">")[0])[1:]) == "tick"


def test_cron_mails_failures_only(scheduled: ProjectFolder) -> None:
    """Nothing is printed for a job that ran, an idle tick, or work that another does; a failure is."""
    first, idle = run_by_cron(scheduled), run_by_cron(scheduled)
    scheduled.note("bells")
    with (scheduled.root / ".feedmaker" / "work.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        busy = run_by_cron(scheduled)
    scheduled.schedule("nonsense: 1\n")
    failed = run_by_cron(scheduled)

    assert "Fog" in (scheduled.public / "feed.xml").read_text("utf-8")
    assert [(done.returncode, done.stdout) for done in (first, idle, busy)] == [(0, ""), (0, ""), (75, "")]
    assert failed.returncode == 1
    assert "nonsense" in failed.stdout


# systemd


def unit(name: str) -> Mapping[str, Mapping[str, str]]:
    """Parse a unit; a key that stands in it twice is an error."""
    parser = configparser.RawConfigParser(delimiters="=", comment_prefixes="#")
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # systemd's keys are what they are
    parser.read_string(text_of(name))
    return parser


@pytest.mark.parametrize(("name", "command"), SERVICES.items())
def test_units_call_commands_that_exist(name: str, command: str) -> None:
    """A service calls feedmaker with a folder that it may write to."""
    service = unit(name)["Service"]
    words = shlex.split(service["ExecStart"])

    assert words[0] == PROGRAM
    assert understood(words[1:]) == command
    assert service["ReadWritePaths"] in words


def test_busy_tick_is_no_failure_of_its_unit() -> None:
    """The timer starts the service beside it, for which exit code 75 is fine."""
    assert unit("feedmaker-tick.service")["Service"]["SuccessExitStatus"] == "75"
    assert set(unit("feedmaker-tick.timer")["Timer"]) == {"OnCalendar", "AccuracySec"}


def test_services_are_confined_alike() -> None:
    """What the one may not do the others may not either."""
    one, *others = (dict(unit(name)["Service"]) for name in SERVICES)
    own = {"Type", "ExecStart", "ExecReload", "WatchdogSec", "Restart", "RestartSec", "TimeoutStopSec"}
    own |= {"RestartPreventExitStatus", "SuccessExitStatus", "TimeoutStartSec"}

    shared = {key: one[key] for key in one.keys() - own}
    assert [{key: each[key] for key in each.keys() - own} for each in others] == [shared] * len(others)


def test_systemd_understands_the_units(tmp_path: Path) -> None:
    """It knows every key and value, and says nothing."""
    for name in UNITS:
        (tmp_path / name).write_text(text_of(name).replace(PROGRAM, str(HERE)), "utf-8")

    done = subprocess.run(
        [program("systemd-analyze"), "verify", "--man=no", *(tmp_path / name for name in UNITS)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("name", SERVICES)
def test_systemd_finds_services_well_confined(name: str) -> None:
    """Where 100 stands for a service that may do everything, it reckons 20 at most."""
    done = subprocess.run(
        [program("systemd-analyze"), "security", "--offline=true", "--threshold=20", DEPLOY / name],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr


# A container


def instructions() -> list[tuple[str, str]]:
    """Return the instructions of the Containerfile with what follows them."""
    lines = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", text_of("Containerfile"), flags=re.MULTILINE))
    parts = (line.partition(" ") for line in lines.splitlines() if line)
    return [(word, rest) for word, _, rest in parts]


def test_image_holds_a_program_that_builds(tmp_path: Path, scheduled: ProjectFolder) -> None:
    """What is copied into it, put where it belongs, builds with the command it ends with."""
    found = dict(instructions())
    for sources, _, target in (rest.rpartition(" ") for word, rest in instructions() if word == "COPY"):
        for source in map(ROOT.joinpath, sources.split()):
            if source.is_dir():
                shutil.copytree(source, tmp_path / target.strip("/"), dirs_exist_ok=True)
            else:
                assert source.is_file()
    environ = dict(part.split("=", 1) for part in found["ENV"].split())
    program = tmp_path / environ["PYTHONPATH"].strip("/")
    start, words = json.loads(found["ENTRYPOINT"]), json.loads(found["CMD"])

    done = subprocess.run(
        [sys.executable, *start[1:], "build"],
        cwd=scheduled.root,
        env={**os.environ, "PYTHONPATH": str(program)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert understood(words) == "run"
    assert scan(program / "feedmaker", "templates", (".mjml",))


def test_image_runs_as_nobody_in_particular() -> None:
    """It ends as the user that it makes, in the folder that is its volume, and is asked how it is."""
    found = dict(instructions())

    assert f"--uid {found['USER']} " in found["RUN"]
    assert found["VOLUME"] == found["WORKDIR"] == "/notes"
    assert json.loads(found["HEALTHCHECK"].partition("CMD ")[2])[0] == json.loads(found["ENTRYPOINT"])[0]


# GitHub Actions


def workflow() -> Any:
    """Parse the workflow."""
    return yaml.safe_load(text_of("pages.yml"))


def steps() -> dict[str, dict[str, str]]:
    """Return the steps of the workflow that run something, by name."""
    return {step["name"]: step for step in workflow()["jobs"]["publish"]["steps"] if "run" in step}


def git(*words: str, cwd: Path) -> str:
    """Run git and return what it printed, without the settings of this machine's user."""
    environ = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    done = subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", *words],
        cwd=cwd,
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def run_step(name: str, workspace: Path) -> subprocess.CompletedProcess[str]:
    """Run a step the way GitHub does, with this environment's Python first on PATH."""
    step = steps()[name]
    environ = {
        **os.environ,
        "PATH": f"{HERE.parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "GITHUB_OUTPUT": str(workspace / "output"),
        "GIT_CONFIG_GLOBAL": os.devnull,
    }
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        cwd=workspace / step.get("working-directory", ""),
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=600,
        check=False,
    )


@pytest.fixture
def origin(scheduled: ProjectFolder, tmp_path: Path) -> Path:
    """Make a repository that holds a project folder."""
    origin = tmp_path / "origin.git"
    git("init", "--quiet", "--bare", "--initial-branch=main", str(origin), cwd=tmp_path)
    scheduled.write(".gitignore", "/.feedmaker/\n/public/\n")
    git("init", "--quiet", "--initial-branch=main", cwd=scheduled.root)
    git("add", ".", cwd=scheduled.root)
    git("commit", "--quiet", "--message", "Notes", cwd=scheduled.root)
    git("push", "--quiet", str(origin), "main", cwd=scheduled.root)
    return origin


def published(origin: Path, workspace: Path) -> list[int]:
    """Run the steps of the workflow in a fresh clone, until one fails, and return their exit codes."""
    workspace.mkdir()
    git("clone", "--quiet", str(origin), "notes", cwd=workspace)
    codes = []
    for name in ("Build", "Keep what was published", "Tell hubs"):
        codes.append(run_step(name, workspace).returncode)
        if codes[-1]:
            break
    return codes


def test_workflow_keeps_the_lock(origin: Path, tmp_path: Path) -> None:
    """The first run commits the lock; the next, on another machine, publishes the same without a commit."""
    assert published(origin, tmp_path / "first") == [0, 0, 0]
    assert published(origin, tmp_path / "second") == [0, 0, 0]

    log = git("log", "--format=%an %s", "main", cwd=origin).splitlines()
    assert log == ["feedmaker Keep what was published", "a Notes"]
    assert (tmp_path / "first" / "output").read_text("utf-8") == "changed=true\n"
    assert not (tmp_path / "second" / "output").exists()
    feeds = [(tmp_path / run / "notes/public/feed.xml").read_bytes() for run in ("first", "second")]
    assert feeds[0] == feeds[1]


def test_workflow_publishes_nothing_while_a_note_is_broken(
    scheduled: ProjectFolder, origin: Path, tmp_path: Path
) -> None:
    """The step that builds fails, and none follows."""
    scheduled.write("episodes/bad.md", "---\ntitle: x\n---\n")
    git("add", ".", cwd=scheduled.root)
    git("commit", "--quiet", "--message", "More", cwd=scheduled.root)
    git("push", "--quiet", str(origin), "main", cwd=scheduled.root)

    assert published(origin, tmp_path / "run") == [1]


def test_workflow_calls_what_exists() -> None:
    """Its commands are feedmaker's, its file of versions is there, and its outputs have a step."""
    called = [
        shlex.split(step["run"].partition("-m feedmaker ")[2])
        for step in steps().values()
        if "-m feedmaker" in step["run"]
    ]

    assert [understood(words) for words in called] == ["build", "ping"]
    assert {ROOT / path for path in re.findall(r"program/(\S+)", text_of("pages.yml"))} == {
        ROOT / "requirements" / "run.txt"
    }
    ids = {step.get("id") for step in workflow()["jobs"]["publish"]["steps"]}
    assert set(re.findall(r"steps\.(\w+)\.", text_of("pages.yml"))) <= ids


def test_hubs_wait_for_the_command(scheduled: ProjectFolder) -> None:
    """With `push.automatic: false` a build tells nobody, which is what the workflow builds upon."""
    scheduled.schedule("push: {hubs: 'http://127.0.0.1:9/', automatic: false}\n")

    done = run_process("build", cwd=scheduled.root)

    assert (done.code, done.err) == (0, "")
    assert (scheduled.root / ".feedmaker" / "pings.json").exists()
