"""Commands for the domain that sends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from feedmaker.cli.group import cli, current_time, folder_option, get_project, json_option
from feedmaker.cli.output import print_json, summed_up

if TYPE_CHECKING:
    from feedmaker.doctor.findings import Finding

_COLOURS = {"ok": "green", "warning": "yellow", "error": "red"}


@cli.command()
@click.option("--nameserver", metavar="HOST[:PORT]", help="Ask this name server instead of the system's.")
@click.option("--ip", "address", metavar="ADDRESS", help="The address from which your mail leaves.")
@json_option
@folder_option
def doctor(nameserver: str | None, address: str | None, as_json: bool) -> int:
    """Examine the domain that sends, and say what to put into the DNS.

    Looks at SPF, DKIM, DMARC, MX and PTR records, at the mail server and at the page where readers leave.
    Sends no mail. Exits with 1 if there is an error; docs/deliverability.md explains each code in brackets.

    \b
    feedmaker doctor
    feedmaker doctor --nameserver 9.9.9.9 --ip 203.0.113.7
    """
    from feedmaker.app.doctor import examine

    found = examine(get_project(), current_time(), nameserver, address)
    if as_json:
        print_json({"findings": found})
    else:
        for each in found:
            click.echo("\n".join(_told(each)))
        click.echo(summed_up([each.is_error for each in found if each.level != "ok"]), err=True)
    return int(any(each.is_error for each in found))


def _told(found: Finding) -> Iterator[str]:
    """Write a finding in a line, with reason and cure below; what stands in the DNS can be anything."""
    from feedmaker.signs.plain import harmless

    level = click.style(f"{found.level}:", fg=_COLOURS[found.level], bold=True)
    yield f"{level} {found.topic}: {harmless(found.what)}" + (f" [{found.code}]" if found.cure else "")
    if found.cure:
        yield f"  why  {found.why}"
        yield f"  do   {found.cure}"
    if found.record:
        yield f"  DNS  {harmless(str(found.record))}"


@cli.command("dkim-key")
@click.argument("selector")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--ed25519", is_flag=True, help="Make a key of Ed25519 instead of RSA.")
@folder_option
def dkim_key(selector: str, file: Path, ed25519: bool) -> None:
    """Make a key to sign mail with, and say what to do with it.

    SELECTOR names the key in the DNS, for example a year. The private key is written into FILE, which must
    not exist and which only you can read then.

    \b
    feedmaker dkim-key 2026 ~/dkim-2026.pem
    """
    from feedmaker.app.doctor import make_key

    made = make_key(get_project(), selector, file, "ed25519" if ed25519 else "rsa")
    click.echo(f"wrote {made.path}, which only you can read")
    click.echo(f"\nPublish in the DNS:\n\n{made.record}\n")
    click.echo(f"Write into schedule.yaml:\n\ndelivery:\n  dkim:\n    - selector: {made.selector}\n")
    click.echo(f"Set where feedmaker runs:\n\n{made.variable}={made.path}\n")
    click.echo("Then `feedmaker doctor` says whether all of it is right.")
