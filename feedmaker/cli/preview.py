"""The command that shows what is not published yet."""

from __future__ import annotations

import click

from feedmaker.cli.group import cli, current_time, folder_option, get_project
from feedmaker.cli.output import progress_bar


@cli.command()
@click.option(
    "--port",
    metavar="N",
    type=click.IntRange(1, 65535),
    help="Serve at this port; without it at 8765, or the next that is free.",
)
@click.option("--open", "and_open", is_flag=True, help="Open the page in the browser.")
@folder_option
def preview(port: int | None, and_open: bool) -> None:
    """Show the next issue, the pages, the feeds and what is wrong with notes, in a browser on this machine.

    The page follows what you save: notes, templates and schedule.yaml. Nothing is published or sent. Ctrl-C
    ends it.

    \b
    feedmaker preview
    feedmaker preview --open
    feedmaker preview --port 9000
    """
    import signal
    import threading

    from feedmaker.app.previewing import Preview
    from feedmaker.web.preview import listen, serve

    project, stop = get_project(), threading.Event()
    with listen(port) as listening:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        shown = Preview(project, current_time)
        with progress_bar() as progress:
            shown.warm(progress)
        address = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        click.echo(f"Preview of {project.folder}: {address} (Ctrl-C ends it)")
        if and_open:
            click.launch(address)
        serve(shown, listening, stop)
