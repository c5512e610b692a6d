"""The group that all commands for subscribers are in, and what several of them take."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

import click

from feedmaker.cli.group import Command, cli, folder_option
from feedmaker.store.records import Status

addresses_argument = click.argument("addresses", nargs=-1, required=True, metavar="ADDRESS...")


@cli.group()
@folder_option
def subscribers() -> None:
    """Keep the list of those who get issues.

    \b
    feedmaker subscribers add ada@example.org bo@example.org
    feedmaker subscribers list
    feedmaker subscribers import people.csv --confirmed
    """


def status_option(help_text: str) -> Callable[[Command], Command]:
    """Let statuses be chosen."""
    return click.option(
        "--status", "statuses", multiple=True, type=click.Choice(get_args(Status)), help=help_text
    )
