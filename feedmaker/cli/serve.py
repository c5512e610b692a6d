"""Commands for the pages where people sign up and leave."""

from __future__ import annotations

import click

from feedmaker.cli.group import cli, current_time, folder_option, get_project
from feedmaker.cli.output import counted, print_text


@cli.command()
@click.option("--listen", "place", metavar="HOST:PORT", help="Listen there; without it at signup.listen.")
@folder_option
def serve(place: str | None) -> None:
    """Serve the pages where people sign up, confirm, choose and leave, until stopped (SIGTERM or Ctrl-C).

    It belongs behind a web server that speaks https; docs/signup.md has the lines for nginx and Caddy. It
    reads schedule.yaml and templates when it starts, and works beside everything else in the folder.

    \b
    feedmaker -C /srv/notes serve
    feedmaker -C /srv/notes serve --listen 127.0.0.1:9000
    """
    import signal
    import sys
    import threading

    from feedmaker.app.posting import Post
    from feedmaker.app.signup import SignupDesk
    from feedmaker.signs.log import open_log
    from feedmaker.signs.places import shown
    from feedmaker.signs.systemd import notify
    from feedmaker.web.signup import listen
    from feedmaker.web.signup import serve as answer

    project, stop = get_project(), threading.Event()
    desk = SignupDesk(project, current_time)
    key = "--listen" if place else "signup.listen"
    with listen(place or desk.settings.listen, key) as listening:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        log = open_log(sys.stdout, project.environ, current_time)
        where = f"http://{shown(listening)}/"
        log.say(
            "signup.started", f"answering at {where}, from outside {desk.settings.address}", address=where
        )
        notify(project.environ, READY=1)
        left = answer(desk, Post(desk, log), log, listening, stop)
        owed = f"; {counted(left, 'confirmation mail')} to be sent when it runs again" if left else ""
        log.say("signup.stopped", f"stopped{owed}", "warning" if left else "info")


@cli.command("signup-form")
@folder_option
def signup_form() -> None:
    """Print the sign-up form as HTML, to be put into a page of any site.

    It needs no script. A site that is not your own has to be named in signup.origins.

    \b
    feedmaker signup-form > form.html
    """
    from feedmaker.app.signup import embedded_form

    print_text(embedded_form(get_project()))
