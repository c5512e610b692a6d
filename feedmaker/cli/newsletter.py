"""Commands for the newsletter."""

from __future__ import annotations

import click

from feedmaker.cli.group import cli, current_time, folder_option, get_project, json_option
from feedmaker.cli.output import print_json, print_text, progress_bar, tell_faults


@cli.group()
@folder_option
def newsletter() -> None:
    """Draft, read and send issues of the newsletter.

    \b
    feedmaker newsletter draft
    feedmaker newsletter show latest
    feedmaker newsletter send latest
    """


@newsletter.command()
@click.option(
    "--backlog", metavar="N", type=click.IntRange(min=0), default=0, help="Take N of the back catalogue too."
)
@json_option
@folder_option
def draft(backlog: int, as_json: bool) -> int:
    """Build, then freeze an issue of all episodes that no issue has carried.

    What the first build ever found is the back catalogue and no news; --backlog takes its newest N.

    \b
    feedmaker newsletter draft
    feedmaker newsletter draft --backlog 3
    """
    from feedmaker.app.newsletters import draft as make
    from feedmaker.app.newsletters import issue_data

    made = make(get_project(), current_time(), backlog)
    tell_faults(made.build)
    if as_json:
        print_json({"issue": issue_data(made.issue) if made.issue else None})
    elif made.issue is None:
        click.echo("nothing new to draft; --backlog N takes episodes of the back catalogue")
    else:
        click.echo(f"drafted issue {made.issue.slug}: {made.issue.subject}")
        click.echo(f"  read it  feedmaker newsletter show {made.issue.slug}")
        click.echo(f"  send it  feedmaker newsletter send {made.issue.slug}")
    if made.clipped:
        click.echo("warning: the HTML is so long that Gmail cuts off its end; draft fewer episodes", err=True)
    return 0


@newsletter.command("list")
@json_option
@folder_option
def list_issues(as_json: bool) -> None:
    """List all issues, the oldest first.

    \b
    feedmaker newsletter list
    feedmaker newsletter list --json
    """
    from feedmaker.app.newsletters import issue_data, issues

    found = issues(get_project())
    if as_json:
        print_json([issue_data(issue) for issue in found])
        return
    for issue in found:
        click.echo(f"{issue.slug}  {issue.state:7}  {issue.subject}")
    if not found:
        click.echo("no issues yet; `feedmaker newsletter draft` makes one")


@newsletter.command()
@click.argument("issue")
@click.option("--html", "part", flag_value="html", help="Print the HTML part.")
@click.option("--text", "part", flag_value="text", help="Print the text part.")
@folder_option
def show(issue: str, part: str | None) -> None:
    """Print an issue: ISSUE is its slug, or latest.

    \b
    feedmaker newsletter show latest
    feedmaker newsletter show 2026-11-23 --html > issue.html
    """
    from feedmaker.app.newsletters import find_issue

    found = find_issue(get_project(), issue)
    if part is None:
        click.echo(
            f"Issue: {found.slug} ({found.state})\nSubject: {found.subject}\nPreheader: {found.preheader}\n"
        )
    print_text(found.html if part == "html" else found.text)


@newsletter.command()
@click.argument("issue")
@json_option
@folder_option
def send(issue: str, as_json: bool) -> int:
    """Send an issue to every subscriber, each once: ISSUE is its slug, or latest.

    Called again, it sends what is left, if anything. Where mail goes is `delivery.transport` in
    schedule.yaml, or FEEDMAKER_TRANSPORT in the environment.

    \b
    feedmaker newsletter send latest
    """
    from feedmaker.app.newsletters import issue_data
    from feedmaker.app.newsletters import send as deliver

    with progress_bar() as progress:
        sending = deliver(get_project(), issue, current_time(), progress)
    if as_json:
        print_json({"issue": issue_data(sending.issue), "already": sending.already, "counts": sending.counts})
    elif sending.already:
        click.echo(f"issue {sending.issue.slug} is sent already; nobody gets it twice")
    elif not sum(sending.counts.values()):
        click.echo("there are no subscribers; `feedmaker subscribers add ADDRESS` adds one")
    else:
        said = ", ".join(f"{count} {state}" for state, count in sending.counts.items() if count)
        click.echo(f"issue {sending.issue.slug}: {said}")
    for address, reply in sending.refused:
        click.echo(f"not sent to {address}: {reply}", err=True)
    return int(sending.failed > 0 and not sending.already)
