"""Commands for the list of those who get issues, and those who must not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

import click

from feedmaker.cli.group import cli, current_time, folder_option, get_project, json_option
from feedmaker.cli.output import counted, print_json, print_json_list
from feedmaker.cli.subscriber_figures import stats
from feedmaker.cli.subscriber_files import export, import_, status_option
from feedmaker.errors import UsageError

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from feedmaker.store.records import Cadence, Mailed, Status, Subscriber

CADENCES = ("each", "digest")

_BECAME: dict[Status, str] = {
    "unsubscribed": "unsubscribed",
    "bounced": "was taken off for bounces",
    "complained": "complained of spam",
    "suppressed": "was suppressed",
}

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


for _command in (export, import_, stats):
    subscribers.add_command(_command)


@subscribers.command()
@addresses_argument
@click.option("--again", is_flag=True, help="Add those too who have left, and asked again since.")
@folder_option
def add(addresses: tuple[str, ...], again: bool) -> int:
    """Add people who asked you for issues.

    Whoever has left, bounced, complained or been suppressed is not added, and the exit code is 1, unless you
    say --again. Somebody who had themselves erased can be added like a stranger.

    \b
    feedmaker subscribers add ada@example.org
    feedmaker subscribers add bo@example.org --again
    """
    from feedmaker.app.people import add_subscribers

    found = add_subscribers(get_project(), addresses, current_time(), again=again)
    back = f", {len(found.back)} back" if found.back else ""
    click.echo(f"{counted(len(found.added), 'subscriber')} added{back}, {len(found.known)} there already")
    for person in found.refused:
        since = f"{_BECAME[person.status]} on {person.status_at:%Y-%m-%d}"
        click.echo(f"not added: {person.address} {since}; --again adds those who asked again", err=True)
    return int(bool(found.refused))


@subscribers.command()
@click.argument("people", nargs=-1, required=True, metavar="ADDRESS|TOKEN...")
@folder_option
def remove(people: tuple[str, ...]) -> int:
    """Unsubscribe people, by address or by the token of their unsubscribe link; they get no further issue.

    They stay on record as unsubscribed, so that no import brings them back. Exits with 1 if somebody was not
    on the list.

    \b
    feedmaker subscribers remove ada@example.org
    feedmaker subscribers remove -- "$token"
    """
    from feedmaker.app.people import remove_subscribers

    removed = remove_subscribers(get_project(), people, current_time())
    click.echo(f"{counted(len(removed), 'subscriber')} removed")
    missing = [who for who in dict.fromkeys(people) if who not in removed]
    if missing:
        click.echo(f"not on the list: {', '.join(missing)}", err=True)
    return int(bool(missing))


@subscribers.command()
@addresses_argument
@folder_option
def suppress(addresses: tuple[str, ...]) -> None:
    """Never mail people again, on the list or not: no import and no sign-up form brings them in.

    Only `subscribers add --again` does, for somebody who has asked you for it.

    \b
    feedmaker subscribers suppress ada@example.org
    """
    from feedmaker.app.people import suppress_subscribers

    found = suppress_subscribers(get_project(), addresses, current_time())
    suppressed = sum(found.values())
    click.echo(f"{suppressed} suppressed, {len(found) - suppressed} already")


@subscribers.command("list")
@status_option("Those of a status instead; may stand several times.")
@json_option
@folder_option
def list_subscribers(statuses: tuple[Status, ...], as_json: bool) -> None:
    """Print the addresses of those who get issues, one to a line, in the order in which they came.

    Those are the active ones. `subscribers export` prints all of them, with all there is to know.

    \b
    feedmaker subscribers list
    feedmaker subscribers list --status unsubscribed --status suppressed
    feedmaker subscribers list --json
    """
    from feedmaker.app.people import subscribers as everybody

    found = (person.address for person in everybody(get_project(), statuses or ("active",)))
    if as_json:
        print_json_list(found)
        return
    for address in found:
        click.echo(address)


@subscribers.command()
@click.argument("address", metavar="ADDRESS")
@json_option
@folder_option
def show(address: str, as_json: bool) -> None:
    """Print all that is on record of a person: what they agreed to and when, their wishes, and what they got.

    This is what the law lets them ask for.

    \b
    feedmaker subscribers show ada@example.org
    feedmaker subscribers show ada@example.org --json > ada.json
    """
    from feedmaker.app.people import show_subscriber
    from feedmaker.signs.plain import harmless

    project = get_project()
    person, mailed = show_subscriber(project, address)
    if as_json:
        data = asdict(person)
        del data["token"]  # whoever has it can act for that person
        print_json(data | {"deliveries": [asdict(one) for one in mailed]})
        return
    for line in _described(person, mailed, project.config().site.zone):
        click.echo(harmless(line))


def _described(person: Subscriber, mailed: Sequence[Mailed], zone: ZoneInfo) -> Iterator[str]:
    yield person.address
    yield f"status     {person.status} since {_time(person.status_at, zone)}: {person.reason}"
    yield f"source     {person.consent.source}"
    yield f"agreed to  {person.consent.text or '(no text on record)'}"
    yield f"added      {_time(person.added_at, zone)}"
    yield f"asked      {_time(person.asked_at, zone)}"
    yield f"confirmed  {_time(person.confirmed_at, zone)}"
    yield f"wishes     {_wished(person)}"
    yield f"got        {counted(len(mailed), 'issue') if mailed else 'nothing yet'}"
    for one in mailed:
        state = ", ".join([one.state, *one.returned])
        reply = f": {one.reply}" if one.reply else ""
        yield f"  {one.issue}  {state}  {_time(one.state_at, zone)}  {one.subject}{reply}"


def _wished(person: Subscriber) -> str:
    wishes = person.wishes
    every = "every issue" if wishes.cadence == "each" else "the digest"
    return f"{every}; on {', '.join(wishes.topics) or 'all topics'}; in {wishes.language or 'any language'}"


def _time(moment: datetime | None, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M %Z}" if moment else "-"


@subscribers.command("set")
@click.argument("address", metavar="ADDRESS")
@click.option("--cadence", type=click.Choice(CADENCES), help="Every issue, or the digest.")
@click.option(
    "--topic",
    "topics",
    multiple=True,
    metavar="TOPIC",
    help="Only this, as show:NAME or tag:NAME; may stand several times.",
)
@click.option("--all-topics", is_flag=True, help="Everything again.")
@click.option("--language", metavar="TAG", help="Language tag, such as de or pt-BR.")
@folder_option
def set_(
    address: str, cadence: Cadence | None, topics: tuple[str, ...], all_topics: bool, language: str | None
) -> None:
    """Change what a person wishes: how often, on which topics, in which language.

    What you do not name stays as it is; the topics that you name take the place of those there were.

    \b
    feedmaker subscribers set ada@example.org --cadence digest
    feedmaker subscribers set ada@example.org --topic "show:Keepers" --topic tag:fog
    feedmaker subscribers set ada@example.org --all-topics --language de
    """
    from feedmaker.app.people import said_of_topics, set_wishes

    if topics and all_topics:
        raise UsageError("--topic and --all-topics exclude each other")
    if not (topics or all_topics or cadence or language):
        raise UsageError("say what to change: --cadence, --topic, --all-topics or --language")
    project = get_project()
    person = set_wishes(project, address, cadence, topics if topics or all_topics else None, language)
    click.echo(f"{person.address}: {_wished(person)}")
    for said in said_of_topics(project, person.wishes.topics if topics else (), current_time()):
        click.echo(said, err=True)


@subscribers.command()
@addresses_argument
@folder_option
def erase(addresses: tuple[str, ...]) -> int:
    """Erase people, as privacy law lets them ask for: their record, and their address wherever it stands.

    That is the state database and the outbox. It stays on record that an issue went to somebody, and a hash
    of the address, so that no import brings it back. Not reached are copies that you made (backups, exports),
    and logs of mail servers. To keep somebody from ever signing up again, suppress instead. Exits with 1 if
    somebody was not on the list.

    \b
    feedmaker subscribers erase ada@example.org
    """
    from feedmaker.app.people import erase_subscribers

    found = erase_subscribers(get_project(), addresses, current_time())
    messages = f", and {counted(found.messages, 'message')} in the outbox" if found.messages else ""
    click.echo(f"{counted(len(found.erased), 'subscriber')} erased{messages}")
    click.echo("not reached: backups and exports that you made, logs of mail servers")
    if not found.through:
        click.echo(
            "addresses stay in a file beside the state database until other programs that read it are done",
            err=True,
        )
    if found.strangers:
        click.echo(f"not on the list: {', '.join(found.strangers)}; no import brings them in", err=True)
    return int(bool(found.strangers))


@subscribers.command("rotate-keys")
@click.option("--forget-old", is_flag=True, help="Make no new key, but forget all others than the newest.")
@folder_option
def rotate_keys(forget_old: bool) -> None:
    """Sign the links in mail with a new key from now on; those in older mail stay good.

    Do so now and then, and at once when somebody may have seen the state database or a backup. --forget-old
    makes links good for nothing that older keys signed: people cannot leave by them any more, and the law of
    some countries asks that they can for weeks. So rotate first, and forget some months later, when mail has
    gone out with the new key; or at once if the old one is known to others.

    \b
    feedmaker subscribers rotate-keys
    feedmaker subscribers rotate-keys --forget-old
    """
    from feedmaker.app import people

    if forget_old:
        forgotten = people.forget_keys(get_project())
        click.echo(f"{counted(forgotten, 'key')} forgotten; links that they signed are good no more")
    else:
        people.rotate_keys(get_project(), current_time())
        click.echo("links are signed with a new key from now on; those in older mail stay good")
