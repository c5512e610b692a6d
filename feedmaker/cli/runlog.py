"""The command that tells what ran."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import click

from feedmaker.cli.group import cli, current_time, folder_option, get_project, json_option, moment_of
from feedmaker.cli.output import print_json

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from feedmaker.app.project import Project
    from feedmaker.app.runlog import Entry

_LATE = 60.0
_MOST_CHANGES = 10


@cli.command()
@click.option("--job", metavar="NAME", help="Only what ran under this name.")
@click.option("--since", metavar="TIME", help='Only from then on: a day, a time, or a span such as "2 days".')
@click.option("-n", "limit", metavar="N", type=click.IntRange(1), default=20, help="How many; 20 without it.")
@json_option
@folder_option
def log(job: str | None, since: str | None, limit: int, as_json: bool) -> None:
    """Say what ran, the newest first: when, how long, what it changed, why it was skipped or failed.

    \b
    feedmaker log
    feedmaker log --job letter --since "2 days"
    """
    from feedmaker.app.runlog import entries
    from feedmaker.scheduler.tick import next_runs

    project, now = get_project(), current_time()
    config = project.config()
    start = _since(project, since, now) if since else None
    coming = {one.name: due for one, due in next_runs(config, now)}
    found = entries(project, now, coming, limit + 1, job, start)
    if as_json:
        print_json([_entry_data(entry) for entry in found[:limit]])
        return
    if not found:
        click.echo("nothing ran" + (" in that time" if since else " yet"))
    width = max((len(entry.run.job) for entry in found), default=0)
    for entry in found[:limit]:
        click.echo("\n".join(_logged(entry, width, config.site.zone)))
    if len(found) > limit:
        click.echo(f"older runs are left out; `feedmaker log -n {2 * limit}` shows more", err=True)


def _since(project: Project, text: str, now: datetime) -> datetime:
    """Read how far back to look."""
    from feedmaker.plain_times import minutes_of

    minutes = minutes_of(text.lower().removesuffix("ago"))
    return now - timedelta(minutes=minutes) if minutes else moment_of(project, "--since", text)


def _entry_data(entry: Entry) -> dict[str, object]:
    return asdict(entry.run) | {"state": entry.state, "late": entry.late, "next": entry.next}


def _logged(entry: Entry, width: int, zone: ZoneInfo) -> Iterator[str]:
    """Write a run in a line, with what more there is to say of it below."""
    from feedmaker.app.outcome import bounded
    from feedmaker.signs.plain import harmless

    run = entry.run
    lines = (run.summary or "").splitlines()
    begun = f"{run.started_at.astimezone(zone):%Y-%m-%d %H:%M}"
    took = "" if run.seconds is None else f"{run.seconds:.1f} s"
    said = "; ".join([*lines[:1], *_remarks(entry, zone)])
    yield harmless(f"{begun}  {run.job:{width}}  {entry.state:7}  {took:>8}  {said}".rstrip())
    below = bounded([*lines[1:], *run.changes], _MOST_CHANGES)
    yield from (f"    {harmless(line)}" for line in below)
    if entry.next:
        yield f"    next: {entry.next}"


def _remarks(entry: Entry, zone: ZoneInfo) -> Iterator[str]:
    from feedmaker.app.runlog import holder

    run = entry.run
    if entry.late >= _LATE:
        yield f"was due {run.due_at.astimezone(zone):%Y-%m-%d %H:%M}"
    if run.attempts > 1:
        yield f"begun {run.attempts} times"
    if run.state == "running" and holder(run):
        lasts = "lasts" if entry.state == "running" else "lasted"
        yield f"by {holder(run)}, whose claim {lasts} until {run.lease_until.astimezone(zone):%H:%M:%S}"
