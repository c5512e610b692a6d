"""Commands that take over a list of subscribers from a file, and write one."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from feedmaker.cli.group import Command, current_time, folder_option, get_project, json_option
from feedmaker.cli.output import counted, print_json, progress_bar
from feedmaker.errors import UsageError

if TYPE_CHECKING:
    from feedmaker.app.people_files import Rejects
    from feedmaker.store.records import Status, Taken

GONE = ("unsubscribed", "bounced", "complained", "suppressed")
STATUSES = ("pending", "active", *GONE)  # the store has them too, but takes long to import

_MOST_TOLD = 20
_UNCONFIRMED = (
    "import takes people who have confirmed that they want issues, where you can show that; then say "
    "--confirmed. Whoever has not confirmed gets a confirmation mail by the sign-up form only"
)


def status_option(help_text: str) -> Callable[[Command], Command]:
    """Let statuses be chosen."""
    return click.option("--status", "statuses", multiple=True, type=click.Choice(STATUSES), help=help_text)


@click.command("import")
@click.argument("file", metavar="FILE")
@click.option("--confirmed", is_flag=True, help="They have agreed, and that is on record elsewhere.")
@click.option("--source", metavar="TEXT", help="Where they agreed, where the file does not say it.")
@click.option("--consent", metavar="TEXT", help="The words they agreed to, where the file does not say them.")
@click.option(
    "--status",
    type=click.Choice(GONE),
    help="What everybody in FILE is, for files that hold only those who left.",
)
@click.option(
    "--rejects", metavar="PATH", type=click.Path(path_type=Path), help="Write all rejected rows there."
)
@json_option
@folder_option
def import_(
    file: str,
    confirmed: bool,
    source: str | None,
    consent: str | None,
    status: Status | None,
    rejects: Path | None,
    as_json: bool,
) -> int:
    """Take over a list of subscribers from a CSV FILE, or from standard input as -.

    The first line names the columns, one of them address or email; the others may be status, source, consent,
    added_at, confirmed_at, cadence, topics, language, or those of listmonk, Mailchimp, Buttondown, Ghost and
    Substack. Whoever is on the list already stays as they are. Whoever has left, here or there, stays away.
    What was interrupted can be called again. Exits with 1 if a row was rejected.

    \b
    feedmaker subscribers import people.csv --confirmed --source "old newsletter, 2024"
    feedmaker subscribers import left.csv --confirmed --status unsubscribed
    """
    from feedmaker.app.outcome import bounded
    from feedmaker.app.people import said_of_topics
    from feedmaker.app.people_files import ForeignList, import_subscribers, rejects_in

    if not confirmed:
        raise UsageError(_UNCONFIRMED)
    if rejects and rejects.exists() and Path(file).exists() and rejects.samefile(file):
        raise UsageError(f"{rejects} is the list itself; name another file for what is rejected")
    project, name = get_project(), "standard input" if file == "-" else Path(file).name
    with (
        _opened(file) as (opened, size),
        rejects_in(rejects, as_json=as_json) as rejected,
        progress_bar() as bar,
    ):
        found = ForeignList(opened, size, source or f"imported from {name}", consent, status)
        taken, topics = import_subscribers(project, found, current_time(), rejected, bar)
    if as_json:
        first = [asdict(one) for one in rejected.first]
        print_json(asdict(taken) | {"rejected": rejected.count, "rejects": first})
    else:
        click.echo(_told(taken, rejected.count))
    _tell_rejects(name, rejected, rejects)
    for said in bounded(said_of_topics(project, sorted(topics), current_time()), _MOST_TOLD):
        click.echo(said, err=True)
    return int(bool(rejected.count))


@contextmanager
def _opened(file: str) -> Iterator[tuple[BinaryIO, int]]:
    """Open a file, and tell how many bytes it has, or 0."""
    if file == "-":
        yield sys.stdin.buffer, 0
        return
    try:
        opened = Path(file).open("rb")  # noqa: SIM115 - closed below
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}; name a CSV file, or - for standard input") from error
    with opened:
        yield opened, os.fstat(opened.fileno()).st_size


def _told(taken: Taken, rejected: int) -> str:
    parts = (
        (taken.known, "known already"),
        (taken.repeated, "more than once in the file"),
        (taken.left, "taken off the list, for they left elsewhere"),
        (taken.barred, "had left, and are now kept off for good"),
        (taken.kept_out, "kept out, for they left here or were erased"),
        (rejected, "rejected"),
    )
    more = "".join(f"; {count:,} {what}" for count, what in parts if count)
    return f"{counted(taken.added, 'subscriber')} added{more}"


def _tell_rejects(name: str, rejects: Rejects, path: Path | None) -> None:
    from feedmaker.signs.plain import harmless

    for one in rejects.first:
        click.echo(harmless(f"{name}:{one.line}: {one.reason}"), err=True)
    more = rejects.count - len(rejects.first)
    if more or (path and rejects.count):
        where = f"all of them are in {path}" if path else "--rejects PATH writes all of them to a file"
        click.echo(f"{f'… and {more:,} more; ' if more else ''}{where}", err=True)


@click.command()
@click.argument("file", required=False, metavar="[FILE]", type=click.Path(path_type=Path))
@status_option("Only those of a status; may stand several times.")
@folder_option
def export(file: Path | None, statuses: tuple[Status, ...]) -> None:
    """Write all subscribers with all there is to know as CSV, to FILE or to standard output.

    `subscribers import` reads it back without loss. Only its owner may read FILE, which is there whole or not
    at all. A cell that a spreadsheet would run has an apostrophe in front.

    \b
    feedmaker subscribers export people.csv
    feedmaker subscribers export --status active | wc -l
    """
    from feedmaker.app.people_files import export_subscribers, write_subscribers

    project = get_project()
    if file is None or file == Path("-"):
        output = sys.stdout.buffer
        write_subscribers(project, output, statuses)
        output.flush()
        return
    with progress_bar() as bar:
        count = export_subscribers(project, file, statuses, bar)
    click.echo(f"{counted(count, 'subscriber')} written to {file}")
