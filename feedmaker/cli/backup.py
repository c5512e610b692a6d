"""The command that copies the state database."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from feedmaker.cli.group import cli, folder_option, get_project, json_option
from feedmaker.cli.output import print_json


@cli.command()
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@json_option
@folder_option
def backup(file: Path, as_json: bool) -> None:
    """Copy the state database (subscribers, issues, deliveries, runs) to a new FILE, while others use it.

    The copy is of one moment and is read through once; only its owner may read it. To put it back, stop
    feedmaker, remove .feedmaker/state.db and the files beside it whose names begin with state.db-, and copy
    FILE to .feedmaker/state.db. What happened since is forgotten then: who unsubscribed since is on the list
    again, and an issue that was still to go out goes out again; so look at `feedmaker newsletter list` first.

    \b
    feedmaker backup state-2026-11-27.db
    """
    from feedmaker.app.backup import back_up

    copied = back_up(get_project(), file)
    if as_json:
        print_json(asdict(copied))
        return
    click.echo(f"{copied.file}: {copied.size:,} bytes, copied and checked")
    click.echo(f"to put it back: stop feedmaker, remove {copied.source} and {copied.source}-*, copy it there")
