"""The command that fetches notes from elsewhere."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from feedmaker.cli.group import cli, current_time, folder_option, get_project, json_option
from feedmaker.cli.output import print_json, progress_bar

if TYPE_CHECKING:
    from feedmaker.app.collected_notes import Outcome
    from feedmaker.app.collecting import Collected


@cli.command()
@click.argument("names", metavar="[NAME]...", nargs=-1)
@json_option
@folder_option
def collect(names: tuple[str, ...], as_json: bool) -> int:
    """Fetch the pages of all sources of schedule.yaml, or of those that are named, and make notes of them.

    Pages that have not changed cost a question each. Notes that were edited or removed here stay as they are.
    Exits with 1 if a page or a source could not be read, and with 75 if another collection is under way.

    \b
    feedmaker collect
    feedmaker collect elsewhere
    """
    from feedmaker.app.collecting import collect as collect_now

    with progress_bar() as progress:
        collected = collect_now(get_project(), current_time(), progress, names)
    if as_json:
        print_json({**asdict(collected), "summary": collected.summary})
    else:
        _tell(collected)
    return int(collected.failed)


def _tell(collected: Collected) -> None:
    """Say what became of which page; what many pages have in common is said once."""
    alike: dict[tuple[str, str], list[Outcome]] = {}
    for outcome in collected.outcomes:
        for diagnostic in outcome.diagnostics:
            click.echo(str(diagnostic), err=True)
        if outcome.reason:
            alike.setdefault((outcome.state, outcome.reason), []).append(outcome)
    for (state, reason), outcomes in alike.items():
        first = outcomes[0].path or outcomes[0].address
        more = f" and {len(outcomes) - 1:,} more" if len(outcomes) > 1 else ""
        click.echo(f"{state}: {first}{more}: {reason}", err=state == "failed")
    for change in collected.changes:
        click.echo(change)
    for name, reason in collected.faults:
        click.echo(f"source {name}: {reason}", err=True)
    click.echo(collected.summary)
