"""Commands for what happens around the files: telling hubs, serving, moving."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING

import click

from feedmaker.cli.group import cli, current_time, folder_option, get_project, json_option
from feedmaker.cli.output import counted, print_json, print_text

if TYPE_CHECKING:
    from feedmaker.app.serving import Server


@cli.command()
@json_option
@folder_option
def ping(as_json: bool) -> int:
    """Tell hubs and podcast services which feeds have changed.

    A build does so by itself, unless push.automatic is false: then do it once the new files are where
    readers find them. What fails is tried again for two days. Exits with 0 if all were told or nothing was
    due, 1 if not.

    \b
    rsync -a public/ host:/srv/www/ && feedmaker ping
    feedmaker ping --json
    """
    from feedmaker.app.pushing import next_due, summed_up
    from feedmaker.app.pushing import ping as tell

    project, now = get_project(), current_time()
    outcomes = tell(project, now)
    failed = any(outcome.state != "told" for outcome in outcomes)
    if as_json:
        print_json(outcomes)
        return int(failed)
    for state, line in summed_up(outcomes):
        click.echo(line, err=state != "told")
    if not outcomes:
        due = next_due(project)
        then = f"; the next try is due {due.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if due else ""
        click.echo(f"nothing to tell{then}")
    return int(failed)


@cli.command()
@click.argument("server", type=click.Choice(["nginx", "caddy", "apache", "netlify"]))
@folder_option
def rules(server: Server) -> None:
    """Print rules for the web server that serves public/: media types, caching, links to hubs.

    Use them as a file that the server's own configuration includes, or as .htaccess for Apache. For netlify
    they are a file _headers, which Cloudflare Pages reads too; with serving.netlify a build writes it.

    \b
    feedmaker rules nginx > /etc/nginx/snippets/notes.conf
    feedmaker rules caddy > /etc/caddy/notes.caddy
    feedmaker rules apache > /srv/www/notes/.htaccess
    feedmaker rules netlify > public/_headers
    """
    from feedmaker.app.serving import rules as write

    print_text(write(get_project(), server))


@cli.command()
@click.argument("target", metavar="DIR", type=click.Path(path_type=Path))
@folder_option
def moved(target: Path) -> None:
    """Write what is to be put at the site's old address, into the folder DIR.

    It holds redirects for several web servers, and for hosts that have none a page in the place of each page
    and a copy of each feed. Write the old address into site.moved_from first, and build.

    \b
    feedmaker moved left-behind
    """
    from feedmaker.app.serving import leave_behind

    project = get_project()
    written = leave_behind(project, target)
    click.echo(f"wrote {counted(len(written), 'file')} to {target}")
    click.echo(f"Next: put what it holds at {' and '.join(project.config().site.moved_from)}")
