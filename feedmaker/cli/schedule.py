"""Commands for the schedule: running it, and when what is due."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from feedmaker.cli.group import cli, current_time, folder_option, get_project, json_option, moment_of
from feedmaker.cli.output import print_json
from feedmaker.errors import BusyError
from feedmaker.idle import is_idle

if TYPE_CHECKING:
    from datetime import datetime

    from feedmaker.app.jobs import Plan
    from feedmaker.app.project import Project
    from feedmaker.scheduler.tick import Outcome
    from feedmaker.signs.log import Event, Level


@cli.command("tick")
@click.option(
    "--now", "moment", metavar="TIME", help="Act as if it were this time, for example 2026-11-27T09:00."
)
@json_option
@folder_option
def tick_once(moment: str | None, as_json: bool) -> int:
    """Run what is due, once, and end: for cron.

    Exits with 0 if all went well or nothing was due, 1 if something failed, 75 if another feedmaker is at
    work. With --now the jobs run for real, recorded under the times they would be due.

    \b
    * * * * * feedmaker -C /srv/notes tick >/dev/null
    """
    from feedmaker.app.outcome import reasons
    from feedmaker.app.pushing import lines_of_ping

    project = get_project()
    now = moment_of(project, "--now", moment) if moment else current_time()
    try:
        outcomes = [] if is_idle(str(project.folder), now.timestamp()) else _do_what_is_due(project, now)
    except BusyError as error:
        # cron mails what stands on standard error, and this is no failure.
        click.echo(f"feedmaker: {error}", err=as_json)
        return error.exit_code
    for line in lines_of_ping(project, current_time()):
        click.echo(line, err=True)
    if as_json:
        print_json([asdict(outcome) for outcome in outcomes])
        return int(any(outcome.failed for outcome in outcomes))
    for outcome in outcomes:
        said = [
            f"{outcome.job} {outcome.state}: {outcome.summary}",
            *reasons(outcome.summary, outcome.causes),
        ]
        click.echo("\n    ".join(said), err=outcome.failed)
    return int(any(outcome.failed for outcome in outcomes))


def _do_what_is_due(project: Project, now: datetime) -> list[Outcome]:
    """Tick; SIGTERM ends that between two messages, and what is left is handed back."""
    import signal

    from feedmaker.scheduler.runs import Interrupted, Terms
    from feedmaker.scheduler.tick import tick

    terms = Terms(current_time, told=_say_untold)
    signal.signal(signal.SIGTERM, lambda *_: terms.stopping.set())
    try:
        return tick(project, now, terms)
    except Interrupted:
        raise BusyError("told to stop; the next tick goes on from here") from None


def _say_untold(event: Event, message: str, _level: Level) -> None:
    """Say what the publisher could not be told; what was told needs no more words."""
    if event == "notice.failed":
        click.echo(message, err=True)


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
