"""Commands for the list of those who get issues."""

from __future__ import annotations

import click

from feedmaker.cli.group import cli, current_time, folder_option, get_project, json_option
from feedmaker.cli.output import counted, print_json


@cli.group()
@folder_option
def subscribers() -> None:
    """Keep the list of those who get issues.

    \b
    feedmaker subscribers add ada@example.org bo@example.org
    feedmaker subscribers list
    """


@subscribers.command()
@click.argument("addresses", nargs=-1, required=True, metavar="ADDRESS...")
@folder_option
def add(addresses: tuple[str, ...]) -> None:
    """Add people who asked for issues.

    \b
    feedmaker subscribers add ada@example.org
    """
    from feedmaker.app.newsletters import add_subscribers

    added = add_subscribers(get_project(), addresses, current_time())
    click.echo(f"{counted(len(added), 'subscriber')} added, {len(addresses) - len(added)} there already")


@subscribers.command("list")
@json_option
@folder_option
def list_subscribers(as_json: bool) -> None:
    """Print all addresses, one to a line.

    \b
    feedmaker subscribers list
    feedmaker subscribers list --json
    """
    from feedmaker.app.newsletters import subscribers as everybody

    found = everybody(get_project())
    if as_json:
        print_json(found)
        return
    for address in found:
        click.echo(address)


@subscribers.command()
@click.argument("people", nargs=-1, required=True, metavar="ADDRESS|TOKEN...")
@folder_option
def remove(people: tuple[str, ...]) -> int:
    """Remove people, by address or by the token of their unsubscribe link; they get no further issue.

    \b
    feedmaker subscribers remove ada@example.org
    feedmaker subscribers remove -- "$token"
    """
    from feedmaker.app.newsletters import remove_subscribers

    removed = remove_subscribers(get_project(), people)
    click.echo(f"{counted(len(removed), 'subscriber')} removed")
    missing = [who for who in people if who not in removed]
    if missing:
        click.echo(f"not on the list: {', '.join(missing)}", err=True)
    return int(bool(missing))
