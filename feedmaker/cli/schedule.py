"""Commands for the schedule."""

from __future__ import annotations

from dataclasses import asdict

import click

from feedmaker.cli.group import cli, current_time, folder_option, get_project, json_option, moment_of
from feedmaker.cli.output import print_json
from feedmaker.errors import BusyError


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
    from feedmaker.app.pushing import lines_of_ping
    from feedmaker.scheduler import tick as run_due

    project = get_project()
    try:
        outcomes = run_due(project, moment_of(project, "--now", moment) if moment else current_time())
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
        word = "failed" if outcome.failed else "done"
        click.echo(f"{outcome.job} {word}: {outcome.summary}", err=outcome.failed)
    return int(any(outcome.failed for outcome in outcomes))


@cli.command("run")
@folder_option
def run_daemon() -> None:
    """Watch the notes and run jobs when they are due, until stopped (SIGTERM or Ctrl-C).

    A saved note is published within seconds, once its file has stopped changing.

    \b
    feedmaker -C /srv/notes run
    """
    import signal

    from feedmaker.scheduler import Daemon

    daemon = Daemon(get_project(), _log, current_time)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: daemon.stop())
    daemon.run()


def _log(line: str) -> None:
    click.echo(f"{current_time():%Y-%m-%d %H:%M:%SZ} {line}")
