"""The command that tries a schedule out."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import click

from feedmaker.cli.group import cli, current_time, folder_option, get_project, json_option, moment_of
from feedmaker.cli.output import counted, print_json, progress_bar

if TYPE_CHECKING:
    from feedmaker.scheduler.simulate import Event, Simulation

_MINUTE = "%a %Y-%m-%d %H:%M %Z"
_MOST_CHANGES = 10
_USUAL_SPAN = timedelta(days=30)


@cli.command()
@click.option("--from", "start", metavar="TIME", help="Begin at this time, for example 2027-01-01; else now.")
@click.option("--to", "end", metavar="TIME", help="End before this time; else after 30 days.")
@json_option
@folder_option
def simulate(start: str | None, end: str | None, as_json: bool) -> int:
    """Try the schedule out: print what would be built, drafted and sent.

    It all happens in a copy, which is removed at the end: nothing here changes, no mail goes out and nothing
    is fetched. What waits for review counts as approved. Exits with 1 if something would fail.

    \b
    feedmaker simulate
    feedmaker simulate --from 2027-01-01 --to 2028-01-01
    """
    import signal

    from feedmaker.scheduler.simulate import simulate as tried_out

    project = get_project()
    first = moment_of(project, "--from", start) if start else current_time()
    last = moment_of(project, "--to", end) if end else first + _USUAL_SPAN
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with progress_bar() as advance:
            simulation = tried_out(project, first, last, advance)
    finally:
        signal.signal(signal.SIGTERM, before)
    if as_json:
        print_json(simulation.events)
    else:
        for event in simulation.events:
            click.echo(_event_text(event))
        click.echo(_summed_up(simulation))
    return int(simulation.failed > 0)


def _event_text(event: Event) -> str:
    """Write an event: when, what, and below that what it changed."""
    from feedmaker.app.outcome import bounded

    notes = [f"was due {event.due_at:{_MINUTE}}"] if event.due_at != event.time else []
    if event.moved:
        notes.append("when clocks have gone forward")
    if event.until:
        notes.append(f"{event.runs:,} times until {event.until:{_MINUTE}}")
    more = f" ({'; '.join(notes)})" if notes else ""
    lines = [f"{event.time:{_MINUTE}}  {event.job} {event.state}: {event.summary}{more}"]
    changes = [change for change in event.changes if change not in event.summary]
    return "\n    ".join([*lines, *bounded(changes, _MOST_CHANGES)])


def _summed_up(simulation: Simulation) -> str:
    """Say in a line how much of everything there would be."""
    parts = (
        counted(simulation.builds, "build"),
        f"{counted(simulation.published, 'note')} published",
        f"{counted(simulation.drafted, 'issue')} drafted",
        f"{simulation.sent:,} sent in {counted(simulation.mails, 'mail')}",
        f"{simulation.failed:,} failed",
    )
    return f"In all: {', '.join(parts)}. Nothing has happened: this was a simulation."
