"""Commands for the schedule."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from feedmaker.cli.group import cli, current_time, folder_option, get_project, json_option, moment_of
from feedmaker.cli.output import counted, print_json, progress_bar

if TYPE_CHECKING:
    from feedmaker.app.jobs import Plan
    from feedmaker.scheduler.simulate import Event, Simulation

_MINUTE = "%a %Y-%m-%d %H:%M %Z"
_MOST_CHANGES = 10
_USUAL_SPAN = timedelta(days=30)


@cli.command()
@click.option(
    "--now", "moment", metavar="TIME", help="Act as if it were this time, for example 2026-11-27T09:00."
)
@json_option
@folder_option
def tick(moment: str | None, as_json: bool) -> int:
    """Run what is due, once, and end: for cron.

    Exits with 0 if all went well or nothing was due, 1 if something failed, 75 if another feedmaker is at
    work. With --now the jobs run for real, recorded under the times they would be due.

    \b
    * * * * * feedmaker -C /srv/notes tick >/dev/null
    """
    import signal

    from feedmaker.app.pushing import lines_of_ping
    from feedmaker.scheduler.runs import Terms
    from feedmaker.scheduler.tick import tick as run_due

    project = get_project()
    terms = Terms(current_time)
    signal.signal(signal.SIGTERM, lambda *_: terms.stopping.set())
    now = moment_of(project, "--now", moment) if moment else current_time()
    outcomes = run_due(project, now, terms)
    for line in lines_of_ping(project, current_time()):
        click.echo(line, err=True)
    if as_json:
        print_json([asdict(outcome) for outcome in outcomes])
        return int(any(outcome.failed for outcome in outcomes))
    for outcome in outcomes:
        click.echo(f"{outcome.job} {outcome.state}: {outcome.summary}", err=outcome.failed)
    return int(any(outcome.failed for outcome in outcomes))


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
    notes = [f"was due {event.due_at:{_MINUTE}}"] if event.due_at != event.time else []
    if event.moved:
        notes.append("when clocks have gone forward")
    if event.until:
        notes.append(f"{event.runs:,} times until {event.until:{_MINUTE}}")
    more = f" ({'; '.join(notes)})" if notes else ""
    lines = [f"{event.time:{_MINUTE}}  {event.job} {event.state}: {event.summary}{more}"]
    changes = [change for change in event.changes if change not in event.summary]
    lines += changes[:_MOST_CHANGES]
    if len(changes) > _MOST_CHANGES:
        lines.append(f"and {len(changes) - _MOST_CHANGES:,} more")
    return "\n    ".join(lines)


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


@cli.command()
@click.argument("names", metavar="[NAME]...", nargs=-1)
@json_option
@folder_option
def jobs(names: tuple[str, ...], as_json: bool) -> None:
    """Say what each job runs, when, and its next ten due times, in the site's zone and in UTC.

    \b
    feedmaker jobs
    feedmaker jobs letter --json
    """
    from feedmaker.app.jobs import plans

    found = plans(get_project().config(), names, current_time())
    if as_json:
        print_json([asdict(plan) for plan in found])
        return
    if not found:
        click.echo("schedule.yaml has no jobs")
    for plan in found:
        click.echo(f"{plan.job}: {plan.run}, {plan.when}")
        for line in _lines(plan):
            click.echo(f"  {line}")


def _lines(plan: Plan) -> Iterator[str]:
    """Write due times in two columns."""
    if not plan.next:
        yield "never again"
    local = [f"{due.local:%a %Y-%m-%d %H:%M %Z}" for due in plan.next]
    width = max(map(len, local), default=0)
    for text, due in zip(local, plan.next, strict=True):
        moved = "  when clocks have gone forward" if due.moved else ""
        yield f"{text:{width}}  {due.due_at:%Y-%m-%d %H:%M} UTC{moved}"


@cli.command("run")
@click.option("--json", "as_json", is_flag=True, help="Write the log as JSON, an object to a line.")
@folder_option
def run_daemon(as_json: bool) -> None:
    """Watch the notes and run jobs when they are due, until stopped (SIGTERM or Ctrl-C).

    A saved note is published within seconds, once its file has stopped changing. A changed schedule.yaml is
    taken up by itself, or with SIGHUP.

    \b
    feedmaker -C /srv/notes run
    feedmaker -C /srv/notes run --json
    """
    from feedmaker.scheduler.service import serve

    serve(get_project(), current_time, as_json=as_json)
