"""The command line: options, output and exit codes. No rules; those are in `feedmaker.app`."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from feedmaker import __version__
from feedmaker.app.project import BuildReport, Project, find_project
from feedmaker.errors import DiagnosedError, Diagnostic, FeedmakerError, UsageError

Command = TypeVar("Command", bound=Callable[..., Any])
_MANY = 50
_FOLDER_HELP = "Project folder; without it the nearest one with a schedule.yaml."


def main() -> None:
    """Run the command line and end the process with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Notes speak any language, and a terminal that does not must not end the work.
            stream.reconfigure(errors="backslashreplace")
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code: 0 done, 1 failed, 2 wrong usage, 75 busy."""
    try:
        result = cli.main(list(arguments), prog_name="feedmaker", standalone_mode=False)
    except DiagnosedError as error:
        click.echo("\n".join(map(str, error.diagnostics)), err=True)
        return error.exit_code
    except FeedmakerError as error:
        click.echo(f"feedmaker: {error}", err=True)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return 130
    except OSError as error:
        click.echo(f"feedmaker: {_told_by_disk(error)}", err=True)
        return 1
    except Exception as error:  # noqa: BLE001 - a fault of ours: kept for a report, not thrown at the user
        return _report_fault(error)
    return result if isinstance(result, int) else 0


def _told_by_disk(error: OSError) -> str:
    parts = (error.filename, error.strerror or error)
    return ": ".join(str(part) for part in parts if part)


def _report_fault(error: Exception) -> int:
    import tempfile
    import traceback

    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="feedmaker-", suffix=".log", delete=False, encoding="utf-8", errors="backslashreplace"
        ) as file:
            traceback.print_exception(error, file=file)
        report = f"please report {file.name}"
    except OSError as failure:
        report = f"and there is no report of it: {_told_by_disk(failure)}"
    click.echo(f"feedmaker: a fault of the program ({error!r}); {report}", err=True)
    return 1


def _chosen_folder(context: click.Context, _parameter: click.Parameter, value: str | None) -> None:
    if value is not None:
        context.ensure_object(dict)["folder"] = value


def _folder_option(command: Command) -> Command:
    """Let -C stand after the command too."""
    return click.option(
        "-C", "folder", metavar="DIR", expose_value=False, callback=_chosen_folder, help=_FOLDER_HELP
    )(command)


_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "--version", message="feedmaker %(version)s")
@_folder_option
def cli() -> None:
    """Turn a folder of episode notes into feeds, pages and a newsletter.

    \b
    feedmaker init site          make a folder that builds at once
    feedmaker -C site new "A title"
    feedmaker -C site check      what is wrong, by file, line and column
    feedmaker -C site build      write feeds and pages to site/public
    feedmaker -C site status     what is published, held back, due next
    """


def _folder() -> Path:
    chosen = (click.get_current_context().obj or {}).get("folder")
    if chosen is None:
        return find_project(Path.cwd())
    folder = Path(chosen)
    if not folder.is_dir():
        raise UsageError(f"{folder}: there is no such folder")
    if not (folder / "schedule.yaml").is_file():
        raise UsageError(f"{folder} holds no schedule.yaml; `feedmaker init {folder}` makes one")
    return folder


def _project() -> Project:
    return Project(_folder(), os.environ)


def _now() -> datetime:
    return datetime.now(UTC)


# Beginning


@cli.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
def init(folder: Path) -> None:
    """Make a project folder that builds at once.

    \b
    feedmaker init site
    feedmaker -C site build
    """
    from feedmaker.app.starting import init_folder

    folder = Path((click.get_current_context().obj or {}).get("folder", ".")) / folder
    for path in init_folder(folder, _now().date()):
        click.echo(f"wrote {path}")
    click.echo(f"Next: put your site's name and address into {folder / 'schedule.yaml'}, drop notes into")
    click.echo(f"{folder / 'episodes'}, and run: feedmaker -C {folder} build")


@cli.command()
@click.argument("title")
@_folder_option
def new(title: str) -> None:
    """Write the skeleton of a note with this TITLE, marked as a draft.

    \b
    feedmaker new "How bridges sing (Ada Poe)"
    """
    from feedmaker.app.starting import new_note

    project = _project()
    path = new_note(project.folder, title, project.config().site.title, _now().date())
    click.echo(f"wrote {path}; write into it, then remove the line `draft: true`")


@cli.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Write to this file, which must not exist."
)
def convert(file: Path, output: Path | None) -> None:
    """Write the Markdown form of a page export.

    \b
    feedmaker convert export.txt                      print it
    feedmaker convert export.txt -o episodes/it.md    keep it
    """
    from feedmaker.app.starting import converted, keep_converted

    text, warnings = converted(file)
    for diagnostic in warnings:
        click.echo(str(diagnostic), err=True)
    if output is None:
        _print_text(text)
    else:
        keep_converted(output, text)


@cli.command()
def schema() -> None:
    """Print the JSON Schema of schedule.yaml, for editors.

    \b
    feedmaker schema > schedule.schema.json
    """
    from feedmaker.app.starting import schema_text

    _print_text(schema_text())


# Building


@cli.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to print faults."
)
@_folder_option
def check(paths: tuple[Path, ...], form: str) -> int:
    """Say what is wrong with schedule.yaml and notes, by file, line and column.

    Exits with 0 if nothing is, 1 if there are errors, 2 for wrong usage. Every code in brackets is explained
    in docs/diagnostics.md.

    \b
    feedmaker check
    feedmaker check episodes/new.md --format json
    """
    diagnostics = _project().check(paths, _now())
    if form == "json":
        _print_json([diagnostic.to_data() for diagnostic in diagnostics])
    else:
        for diagnostic in diagnostics:
            click.echo(str(diagnostic))
        click.echo(_counted(diagnostics), err=True)
    return int(any(diagnostic.is_error for diagnostic in diagnostics))


def _counted(diagnostics: Sequence[Diagnostic]) -> str:
    errors = sum(diagnostic.is_error for diagnostic in diagnostics)
    return f"{_number(errors, 'error')}, {_number(len(diagnostics) - errors, 'warning')}"


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


@cli.command()
@_json_option
@_folder_option
def build(as_json: bool) -> int:
    """Write feeds and pages to public/, and what was published to feedmaker.lock.

    Only what has changed is written. A note with errors is held back, or keeps its last good version; all
    others go out, and the exit code is 1.

    \b
    feedmaker build
    feedmaker build --json
    """
    project = _project()
    with _progress() as progress:
        report = project.build(_now(), progress)
    _tell_faults(report)
    if as_json:
        _print_json(_build_data(report))
    else:
        _tell_build(project, report)
    return int(report.failed)


def _tell_faults(report: BuildReport) -> None:
    for diagnostic in report.diagnostics:
        click.echo(str(diagnostic), err=True)


def _tell_build(project: Project, report: BuildReport) -> None:
    from feedmaker.scheduler import told

    click.echo(told(report))
    if report.written:
        click.echo(f"wrote {_number(len(report.written), 'file')} to {project.public}")
        click.echo(f"  feeds  {project.public / 'feed.xml'}, atom.xml, feed.json")
        click.echo(f"  pages  {project.public / 'index.html'}")
    for held in report.held:
        click.echo(f"held back: {held.path}: {held.reason}")


def _build_data(report: BuildReport) -> dict[str, Any]:
    return asdict(report) | {
        "failed": report.failed,
        "diagnostics": [diagnostic.to_data() for diagnostic in report.diagnostics],
    }


@cli.command()
@_json_option
@_folder_option
def status(as_json: bool) -> int:
    """Say what is published, what is held back and why, what ran, and what comes next.

    \b
    feedmaker status
    feedmaker status --json
    """
    from feedmaker.app.status import status as look
    from feedmaker.scheduler import next_runs

    project, now = _project(), _now()
    found = look(project, now)
    config = project.config()
    coming = sorted(
        ((due, job.name, job.run) for job, due in next_runs(config, now)), key=lambda item: item[0]
    )
    if as_json:
        jobs = [{"job": name, "run": what, "due_at": due} for due, name, what in coming]
        _print_json(asdict(found) | {"next": jobs})
        return 0
    click.echo(f"{_number(found.published, 'episode')} published, {found.news} not yet in an issue")
    for path in found.unbuilt:
        click.echo(f"not built yet: {path}")
    for held in found.held:
        click.echo(f"held back: {held.path}: {held.reason}")
    for diagnostic in found.diagnostics:
        click.echo(str(diagnostic))
    issues = ", ".join(f"{count} {state}" for state, count in found.issues.items()) or "none"
    click.echo(f"issues: {issues}; {_number(found.subscribers, 'subscriber')}")
    zone = config.site.zone
    for run in found.runs:
        said = f": {run.summary}" if run.summary else ""
        click.echo(f"ran   {run.due_at.astimezone(zone):%Y-%m-%d %H:%M}  {run.job}  {run.state}{said}")
    for due, name, what in coming:
        click.echo(f"next  {due.astimezone(zone):%Y-%m-%d %H:%M %Z}  {name}  {what}")
    return 0


# The newsletter


@cli.group()
@_folder_option
def newsletter() -> None:
    """Draft, read and send issues of the newsletter.

    \b
    feedmaker newsletter draft
    feedmaker newsletter show latest
    feedmaker newsletter send latest
    """


@newsletter.command()
@click.option(
    "--backlog", metavar="N", type=click.IntRange(min=0), default=0, help="Take N of the back catalogue too."
)
@_json_option
@_folder_option
def draft(backlog: int, as_json: bool) -> int:
    """Build, then freeze an issue of all episodes that no issue has carried.

    What the first build ever found is the back catalogue and no news; --backlog takes its newest N.

    \b
    feedmaker newsletter draft
    feedmaker newsletter draft --backlog 3
    """
    from feedmaker.app.newsletters import draft as make
    from feedmaker.app.newsletters import issue_data

    made = make(_project(), _now(), backlog)
    _tell_faults(made.build)
    if as_json:
        _print_json({"issue": issue_data(made.issue) if made.issue else None})
    elif made.issue is None:
        click.echo("nothing new to draft; --backlog N takes episodes of the back catalogue")
    else:
        click.echo(f"drafted issue {made.issue.slug}: {made.issue.subject}")
        click.echo(f"  read it  feedmaker newsletter show {made.issue.slug}")
        click.echo(f"  send it  feedmaker newsletter send {made.issue.slug}")
    return 0


@newsletter.command("list")
@_json_option
@_folder_option
def list_issues(as_json: bool) -> None:
    """List all issues, the oldest first.

    \b
    feedmaker newsletter list
    feedmaker newsletter list --json
    """
    from feedmaker.app.newsletters import issue_data, issues

    found = issues(_project())
    if as_json:
        _print_json([issue_data(issue) for issue in found])
        return
    for issue in found:
        click.echo(f"{issue.slug}  {issue.state:7}  {issue.subject}")
    if not found:
        click.echo("no issues yet; `feedmaker newsletter draft` makes one")


@newsletter.command()
@click.argument("issue")
@click.option("--html", "part", flag_value="html", help="Print the HTML part.")
@click.option("--text", "part", flag_value="text", help="Print the text part.")
@_folder_option
def show(issue: str, part: str | None) -> None:
    """Print an issue: ISSUE is its slug, or latest.

    \b
    feedmaker newsletter show latest
    feedmaker newsletter show 2026-11-23 --html > issue.html
    """
    from feedmaker.app.newsletters import find_issue

    found = find_issue(_project(), issue)
    if part is None:
        click.echo(
            f"Issue: {found.slug} ({found.state})\nSubject: {found.subject}\nPreheader: {found.preheader}\n"
        )
    _print_text(found.html if part == "html" else found.text)


@newsletter.command()
@click.argument("issue")
@_json_option
@_folder_option
def send(issue: str, as_json: bool) -> int:
    """Send an issue to every subscriber, each once: ISSUE is its slug, or latest.

    Called again, it sends what is left, if anything. Where mail goes is `delivery.transport` in
    schedule.yaml, or FEEDMAKER_TRANSPORT in the environment.

    \b
    feedmaker newsletter send latest
    """
    from feedmaker.app.newsletters import issue_data
    from feedmaker.app.newsletters import send as deliver

    with _progress() as progress:
        sending = deliver(_project(), issue, _now(), progress)
    if as_json:
        _print_json(
            {"issue": issue_data(sending.issue), "already": sending.already, "counts": sending.counts}
        )
    elif sending.already:
        click.echo(f"issue {sending.issue.slug} is sent already; nobody gets it twice")
    elif not sum(sending.counts.values()):
        click.echo("there are no subscribers; `feedmaker subscribers add ADDRESS` adds one")
    else:
        said = ", ".join(f"{count} {state}" for state, count in sending.counts.items() if count)
        click.echo(f"issue {sending.issue.slug}: {said}")
    return int(sending.failed > 0)


@cli.group()
@_folder_option
def subscribers() -> None:
    """Keep the list of those who get issues.

    \b
    feedmaker subscribers add ada@example.org bo@example.org
    feedmaker subscribers list
    """


@subscribers.command()
@click.argument("addresses", nargs=-1, required=True, metavar="ADDRESS...")
@_folder_option
def add(addresses: tuple[str, ...]) -> None:
    """Add people who asked for issues.

    \b
    feedmaker subscribers add ada@example.org
    """
    from feedmaker.app.newsletters import add_subscribers

    added = add_subscribers(_project(), addresses, _now())
    click.echo(f"{_number(len(added), 'subscriber')} added, {len(addresses) - len(added)} there already")


@subscribers.command("list")
@_json_option
@_folder_option
def list_subscribers(as_json: bool) -> None:
    """Print all addresses, one to a line.

    \b
    feedmaker subscribers list
    feedmaker subscribers list --json
    """
    from feedmaker.app.newsletters import subscribers as everybody

    found = everybody(_project())
    if as_json:
        _print_json(found)
        return
    for address in found:
        click.echo(address)


@subscribers.command()
@click.argument("addresses", nargs=-1, required=True, metavar="ADDRESS...")
@_folder_option
def remove(addresses: tuple[str, ...]) -> int:
    """Remove people; they get no further issue.

    \b
    feedmaker subscribers remove ada@example.org
    """
    from feedmaker.app.newsletters import remove_subscribers

    removed = remove_subscribers(_project(), addresses)
    click.echo(f"{_number(len(removed), 'subscriber')} removed")
    missing = len(addresses) - len(removed)
    if missing:
        click.echo(f"{missing} not on the list", err=True)
    return int(missing > 0)


# The schedule


@cli.command()
@click.option(
    "--now", "moment", metavar="TIME", help="Act as if it were this time, for example 2026-11-27T09:00."
)
@_json_option
@_folder_option
def tick(moment: str | None, as_json: bool) -> int:
    """Run what is due, once, and end: for cron.

    Exits with 0 if all went well or nothing was due, 1 if something failed, 75 if another feedmaker is at
    work. With --now the jobs run for real, recorded under the times they would be due.

    \b
    * * * * * feedmaker -C /srv/notes tick
    """
    from feedmaker.scheduler import tick as run_due

    project = _project()
    outcomes = run_due(project, _moment(project, moment) if moment else _now())
    if as_json:
        _print_json([asdict(outcome) for outcome in outcomes])
        return int(any(outcome.failed for outcome in outcomes))
    for outcome in outcomes:
        word = "failed" if outcome.failed else "done"
        click.echo(f"{outcome.job} {word}: {outcome.summary}", err=outcome.failed)
    return int(any(outcome.failed for outcome in outcomes))


def _moment(project: Project, text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f'--now "{text}" is no time; expected for example 2026-11-27T09:00') from None
    return moment if moment.tzinfo else moment.replace(tzinfo=project.config().site.zone)


@cli.command("run")
@_folder_option
def run_daemon() -> None:
    """Watch the notes and run jobs when they are due, until stopped (SIGTERM or Ctrl-C).

    A saved note is published within seconds, once its file has stopped changing.

    \b
    feedmaker -C /srv/notes run
    """
    import signal

    from feedmaker.scheduler import Daemon

    daemon = Daemon(_project(), lambda line: click.echo(f"{_now():%Y-%m-%d %H:%M:%SZ} {line}"), _now)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: daemon.stop())
    daemon.run()


# Output


def _print_text(text: str) -> None:
    """Print what other programs read, in UTF-8 wherever it goes."""
    click.echo(text.encode("utf-8", "backslashreplace"), nl=False)


def _print_json(data: object) -> None:
    _print_text(json.dumps(data, ensure_ascii=False, indent=2, default=_plain) + "\n")


def _plain(value: object) -> object:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """Show a bar for long work, and only to a person."""
    if not sys.stderr.isatty():
        yield lambda *_: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        tasks: dict[str, Any] = {}

        def advance(what: str, done: int, total: int) -> None:
            if total >= _MANY:
                tasks.setdefault(what, None)
                if tasks[what] is None:
                    tasks[what] = bar.add_task(what, total=total)
                bar.update(tasks[what], completed=done)

        yield advance
