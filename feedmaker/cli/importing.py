"""The command that takes over a feed of another system."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from feedmaker.cli.group import cli, current_time, folder_option, get_project, json_option
from feedmaker.cli.output import counted, print_json

if TYPE_CHECKING:
    from feedmaker.app.importing import Imported


@cli.command(name="import")
@click.argument("feed", metavar="FEED")
@json_option
@folder_option
def import_(feed: str, as_json: bool) -> int:
    """Make notes of another system's FEED, a file or an address, under their old ids, dates and links.

    RSS, RSS 1.0, Atom and JSON Feed are read, in any encoding. What is there already stays as it is, so the
    command may be run again. Exits with 1 if an item could not be imported.

    \b
    feedmaker import https://old.example.org/feed.xml
    feedmaker import old-feed.xml
    """
    from feedmaker.app.importing import import_feed

    imported = import_feed(get_project(), feed, current_time())
    if as_json:
        print_json(asdict(imported))
    else:
        _tell(imported)
    return int(bool(imported.failed))


def _tell(imported: Imported) -> None:
    known = f"; {counted(imported.known, 'item')} known already" if imported.known else ""
    click.echo(f"{imported.title or 'the feed'}: {counted(len(imported.written), 'note')} written{known}")
    for name, reason in imported.failed:
        click.echo(f"not imported: {name}: {reason}", err=True)
    if imported.lost:
        click.echo("could not be carried over:")
    for lost in imported.lost:
        examples = f" ({'; '.join(lost.examples)})" if lost.examples else ""
        click.echo(f"  {lost.count} × {lost.what}{examples}")
    if imported.more:
        click.echo(f"Older items are at {imported.more}; import that too.")
    if imported.written:
        where = imported.address or "the old feed's address"
        click.echo(f"Next: run feedmaker build; then let {where} redirect (301) to the new feed,")
        click.echo("and keep the old pages, or let their addresses redirect: readers have links to them.")
