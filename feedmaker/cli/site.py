"""Commands for notes, feeds and pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from feedmaker.cli.group import cli, current_time, folder_option, get_project, json_option
from feedmaker.cli.output import (
    counted,
    kind_of,
    print_json,
    print_text,
    progress_bar,
    standing,
    summed_up,
    tell_faults,
)

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from feedmaker.app.project import BuildReport, Project
    from feedmaker.store.records import Fault

_MOST_FAULTS = 10


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
    for path in init_folder(folder, current_time().date()):
        click.echo(f"wrote {path}")
    click.echo(f"Next: put your site's name and address into {folder / 'schedule.yaml'}, drop notes into")
    click.echo(f"{folder / 'episodes'}, and run: feedmaker -C {folder} build")


@cli.command()
@click.argument("title")
@folder_option
def new(title: str) -> None:
    """Write the skeleton of a note with this TITLE, marked as a draft.

    \b
    feedmaker new "How bridges sing (Ada Poe)"
    """
    from feedmaker.app.starting import new_note, usual_show

    project = get_project()
    now = current_time()
    today = now.astimezone(project.config().site.zone).date()
    path = new_note(project.folder, title, usual_show(project, now), today)
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
        print_text(text)
    else:
        keep_converted(output, text)


@cli.command()
def schema() -> None:
    """Print the JSON Schema of schedule.yaml, for editors.

    \b
    feedmaker schema > schedule.schema.json
    """
    from feedmaker.app.starting import schema_text

    print_text(schema_text())


@cli.command()
@click.argument("paths", nargs=-1)
@click.option(
    "--feeds", "of_feeds", is_flag=True, help="Check feeds: the built ones, or files and addresses."
)
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to print faults."
)
@folder_option
def check(paths: tuple[str, ...], of_feeds: bool, form: str) -> int:
    """Say what is wrong with schedule.yaml, notes and templates, or with feeds, by file, line and column.

    Exits with 0 if nothing is, 1 if there are errors, 2 for wrong usage. Every code in brackets is explained
    in docs/diagnostics.md, and those of feeds with their sources in docs/feed-rules.md.

    \b
    feedmaker check
    feedmaker check episodes/new.md --format json
    feedmaker check templates/newsletter/issue.mjml
    feedmaker check --feeds
    feedmaker check --feeds https://example.org/feed.xml
    """
    if of_feeds:
        return _check_feeds(paths, form)
    diagnostics = get_project().check([Path(path) for path in paths], current_time())
    if form == "json":
        print_json([diagnostic.to_data() for diagnostic in diagnostics])
    else:
        for diagnostic in diagnostics:
            click.echo(str(diagnostic))
        click.echo(summed_up([diagnostic.is_error for diagnostic in diagnostics]), err=True)
    return int(any(diagnostic.is_error for diagnostic in diagnostics))


def _check_feeds(targets: Sequence[str], form: str) -> int:
    from feedmaker.app.linting import check_built, check_targets

    with progress_bar() as progress:
        now = current_time()
        told = check_targets(targets, now) if targets else check_built(get_project(), now, progress)
    if form == "json":
        print_json([{"path": path, **finding.to_data()} for path, finding in told])
    else:
        for path, finding in told:
            click.echo(finding.text(path))
        click.echo(summed_up([finding.is_error for _, finding in told]), err=True)
    return int(any(finding.is_error for _, finding in told))


@cli.command()
@json_option
@folder_option
def build(as_json: bool) -> int:
    """Write feeds and pages to public/, and what was published to feedmaker.lock.

    Only what has changed is written. A note with errors is held back, or keeps its last good version; all
    others go out, and the exit code is 1.

    \b
    feedmaker build
    feedmaker build --json
    """
    project = get_project()
    with progress_bar() as progress:
        report = project.build(current_time(), progress)
    tell_faults(report)
    if as_json:
        print_json(_build_data(report))
    else:
        _tell_build(project, report)
    _tell_hubs(project)
    return int(report.failed)


def _tell_hubs(project: Project) -> None:
    """Tell hubs what has changed; where that fails it is tried again later, and the build is done anyway."""
    from feedmaker.app.pushing import lines_of_ping

    for line in lines_of_ping(project, current_time()):
        click.echo(line, err=True)


def _tell_build(project: Project, report: BuildReport) -> None:
    click.echo(report.summary)
    if report.written:
        click.echo(f"wrote {counted(len(report.written), 'file')} to {project.public}")
        click.echo(f"  feeds  {project.public / 'feed.xml'}, atom.xml, feed.json")
        click.echo(f"  pages  {project.public / 'index.html'}")
    if report.unfed:
        click.echo(
            f"{counted(report.unfed, 'note')} with a recording: a section `podcast` makes a podcast feed"
        )
    for held in report.held:
        click.echo(f"held back: {held.path}: {held.reason}")


def _build_data(report: BuildReport) -> dict[str, Any]:
    return asdict(report) | {
        "failed": report.failed,
        "diagnostics": [diagnostic.to_data() for diagnostic in report.diagnostics],
    }


@cli.command()
@json_option
@folder_option
def status(as_json: bool) -> int:
    """Say what is published, what is held back and why, what ran, and what comes next.

    \b
    feedmaker status
    feedmaker status --json
    """
    from feedmaker.app.runlog import holder, state_of
    from feedmaker.app.status import status as look
    from feedmaker.scheduler.tick import next_runs

    project, now = get_project(), current_time()
    found = look(project, now)
    config = project.config()
    coming = sorted(
        ((due, job.name, job.run) for job, due in next_runs(config, now)), key=lambda item: item[0]
    )
    if as_json:
        jobs = [{"job": name, "run": what, "due_at": due} for due, name, what in coming]
        print_json(asdict(found) | {"next": jobs})
        return 0
    click.echo(f"{counted(found.published, 'episode')} published, {found.news} not yet in an issue")
    for path in found.unbuilt:
        click.echo(f"not built yet: {path}")
    for held in found.held:
        click.echo(f"held back: {held.path}: {held.reason}")
    for diagnostic in found.diagnostics:
        click.echo(str(diagnostic))
    issues = ", ".join(f"{count} {state}" for state, count in found.issues.items()) or "none"
    others = ", ".join(f"{count:,} {status}" for status, count in found.others.items())
    also = f" ({others})" if others else ""
    click.echo(f"issues: {issues}; {counted(found.subscribers, 'subscriber')}{also}")
    zone = config.site.zone
    for issue in found.waiting:
        stands = ", ".join(filter(None, (standing(issue.state, issue.due_at, zone), issue.far)))
        click.echo(f"{kind_of(issue.cadence)} {issue.issue} {stands}: {issue.subject}")
    for fault in found.faults[:_MOST_FAULTS]:
        click.echo(_fault_line(fault, zone))
    if len(found.faults) > _MOST_FAULTS:
        click.echo(f"fault … and {len(found.faults) - _MOST_FAULTS} more")
    for run in found.runs:
        said = f": {run.summary.splitlines()[0]}" if run.summary else ""
        click.echo(f"ran   {run.due_at.astimezone(zone):%Y-%m-%d %H:%M}  {run.job}  {run.state}{said}")
    for run in found.running:
        by = f", {state_of(run, config, now)} by {holder(run)}" if holder(run) else ", handed back"
        click.echo(f"now   {run.started_at.astimezone(zone):%Y-%m-%d %H:%M}  {run.job}{by}")
    for due, name, what in coming:
        last = found.last.get(name)
        ran = f"; last {last.due_at.astimezone(zone):%Y-%m-%d %H:%M} {last.state}" if last else ""
        click.echo(f"next  {due.astimezone(zone):%Y-%m-%d %H:%M %Z}  {name}  {what}{ran}")
    return 0


def _fault_line(fault: Fault, zone: ZoneInfo) -> str:
    """Write a fault in a line: since when, whether the publisher knows, in what, and the first it says."""
    told = f"told {fault.told_at.astimezone(zone):%Y-%m-%d %H:%M}" if fault.told_at else "not told"
    first = next(iter(fault.text.splitlines()), "")
    return f"fault {fault.since.astimezone(zone):%Y-%m-%d %H:%M}  {fault.job}  {told}: {first}"
