"""Commands for the newsletter."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

import click

from feedmaker.cli.group import cli, current_time, folder_option, get_project, json_option, moment_of
from feedmaker.cli.output import (
    ending_in_order,
    kind_of,
    print_json,
    print_json_list,
    print_text,
    progress_bar,
    standing,
    summed_up,
    tell_faults,
)
from feedmaker.errors import BusyError

if TYPE_CHECKING:
    from feedmaker.app.project import Project
    from feedmaker.app.sending import Decision, SendReport
    from feedmaker.store.records import DeliveryState, Issue

STATES = ("queued", "sending", "sent", "deferred", "failed", "suppressed", "unknown")


@cli.group()
@folder_option
def newsletter() -> None:
    """Draft, judge and send issues of the newsletter.

    \b
    feedmaker newsletter draft
    feedmaker newsletter show latest
    feedmaker newsletter approve latest
    """


@newsletter.command()
@click.option(
    "--backlog", metavar="N", type=click.IntRange(min=0), default=0, help="Take N of the back catalogue too."
)
@click.option("--digest", is_flag=True, help="Draft the issue of those who get the digest.")
@json_option
@folder_option
def draft(backlog: int, digest: bool, as_json: bool) -> int:
    """Build, then freeze an issue of all episodes that no issue has carried.

    What the first build ever found is the back catalogue and no news; --backlog takes its newest N. With
    --digest it is all news that no digest has carried; the first takes that of the last seven days.

    \b
    feedmaker newsletter draft
    feedmaker newsletter draft --backlog 3
    feedmaker newsletter draft --digest
    """
    from feedmaker.app.drafting import draft as make
    from feedmaker.app.newsletters import issue_data

    if digest and backlog:
        raise click.UsageError("--backlog does not go with --digest, which carries news only")
    project = get_project()
    made = make(project, current_time(), backlog, "digest" if digest else "each")
    tell_faults(made.build)
    if as_json:
        print_json({"issue": issue_data(made.issue) if made.issue else None, "reason": made.reason})
    elif made.issue is None:
        click.echo(f"nothing to draft: {made.reason}")
    else:
        click.echo(f"drafted {kind_of(made.issue.cadence)} {made.issue.slug}: {made.issue.subject}")
        _tell_fit(project, made.issue)
        _tell_ways(made.issue)
    return 0


def _tell_fit(project: Project, issue: Issue) -> None:
    """Say how large an issue is, what was left out, and what the checks find in it."""
    from feedmaker.app.judging import findings_of
    from feedmaker.app.newsletters import size_of

    click.echo(f"  {size_of(issue)}")
    for cut in issue.cuts:
        click.echo(f"  left out to fit: {cut}")
    for finding in findings_of(project, issue):
        click.echo(f"  {finding}")


def _tell_ways(issue: Issue) -> None:
    for what, command in (
        ("read it", "show"),
        ("approve it", "approve"),
        ("make it anew", "edit"),
        ("send it now", "send"),
    ):
        click.echo(f"  {what:13} feedmaker newsletter {command} {issue.slug}")


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

    project = get_project()
    found = issues(project)
    if as_json:
        print_json([issue_data(issue) for issue in found])
        return
    states = [_state(project, issue) for issue in found]
    width = max(map(len, states), default=0)
    for issue, state in zip(found, states, strict=True):
        kind = "digest: " if issue.cadence == "digest" else ""
        click.echo(f"{issue.slug}  {state:{width}}  {kind}{issue.subject}")
    if not found:
        click.echo("no issues yet; `feedmaker newsletter draft` makes one")


def _state(project: Project, issue: Issue) -> str:
    """Say how an issue stands, when it goes out, and how far it has got."""
    from feedmaker.app.sending import how_far

    stands = standing(issue.state, issue.due_at, project.config().site.zone)
    return ", ".join(filter(None, (stands, how_far(project, issue))))


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
    from feedmaker.app.newsletters import find_issue, part_of

    project = get_project()
    found = find_issue(project, issue)
    if part is None:
        click.echo(f"{kind_of(found.cadence).title()}: {found.slug} ({_state(project, found)})")
        click.echo(f"Subject: {found.subject}\nPreheader: {found.preheader}\n")
    print_text(part_of(found, "html" if part == "html" else "text"))


@newsletter.command()
@click.argument("issue")
@click.option("--links", is_flag=True, help="Ask over HTTP whether links answer, too.")
@json_option
@folder_option
def check(issue: str, links: bool, as_json: bool) -> int:
    """Say what is wrong with an issue, and the cure: ISSUE is its slug, or latest.

    Exits with 1 if there is an error, with which no issue is approved; docs/newsletter.md explains each code
    in brackets. --links also asks whether the links answer, which is remembered: for a day where they do.

    \b
    feedmaker newsletter check latest
    feedmaker newsletter check latest --links
    """
    from feedmaker.app.judging import judge

    with progress_bar() as progress:
        found, findings = judge(get_project(), issue, current_time(), progress, links=links)
    if as_json:
        print_json({"issue": found.slug, "findings": findings})
    else:
        for finding in findings:
            click.echo(f"{found.slug}: {finding}")
        click.echo(summed_up([finding.is_error for finding in findings]), err=True)
    return int(any(finding.is_error for finding in findings))


@newsletter.command()
@click.argument("issue")
@click.argument("address")
@folder_option
def test(issue: str, address: str) -> None:
    """Send an issue to one ADDRESS, marked as a test: ISSUE is its slug, or latest.

    It goes the way that all mail goes. Nothing is recorded, and its link to unsubscribe does nothing.

    \b
    feedmaker newsletter test latest me@example.org
    """
    from feedmaker.app.sending import send_test

    reply = send_test(get_project(), issue, address, current_time())
    click.echo(f"sent to {address}: {reply}")


@newsletter.command()
@click.argument("issue")
@click.option("--at", "moment", metavar="TIME", help="When it goes out, for example 2026-11-27T09:00.")
@json_option
@folder_option
def approve(issue: str, moment: str | None, as_json: bool) -> None:
    """Release an issue that waits for review: ISSUE is its slug, or latest.

    It goes out at TIME, or when the schedule has a "newsletter send" next; if that time has passed already,
    with the next tick, or within a minute where the daemon runs.

    \b
    feedmaker newsletter approve latest
    feedmaker newsletter approve 2026-11-27 --at 2026-11-27T09:00
    """
    from feedmaker.app.newsletters import issue_data
    from feedmaker.app.reviewing import approve as release

    project = get_project()
    at: datetime | None = moment_of(project, "--at", moment) if moment else None
    found = release(project, issue, current_time(), at)
    if as_json:
        print_json(issue_data(found))
    elif found.due_at:
        click.echo(f"issue {found.slug} is {_state(project, found)}")
    else:
        click.echo(f"issue {found.slug} is approved; no job sends it, so do it by hand:")
        click.echo(f"  feedmaker newsletter send {found.slug}")


@newsletter.command()
@click.argument("issue")
@click.option("--subject", metavar="TEXT", help="Use this subject.")
@click.option("--preheader", metavar="TEXT", help="Use this preheader.")
@click.option("--intro", metavar="TEXT", help="Use this text at the top, in Markdown.")
@click.option("--without", metavar="SLUG", multiple=True, help="Leave this episode for the next issue.")
@json_option
@folder_option
def edit(issue: str, without: tuple[str, ...], as_json: bool, **wording: str | None) -> None:
    """Make an issue anew from the notes as they are now: ISSUE is its slug, or latest.

    It waits for review again. Mend a note or a template first, or give words of your own; an empty TEXT
    brings the usual ones back.

    \b
    feedmaker newsletter edit latest
    feedmaker newsletter edit latest --subject "The bell that rang by itself" --without bells
    """
    from feedmaker.app.drafting import edit as rewrite
    from feedmaker.app.newsletters import issue_data

    said = {name: text for name, text in wording.items() if text is not None}
    project = get_project()
    found = rewrite(project, issue, current_time(), said, without)
    if as_json:
        print_json(issue_data(found))
        return
    click.echo(f"made issue {found.slug} anew: {found.subject}")
    _tell_fit(project, found)
    _tell_ways(found)


@newsletter.command()
@click.argument("issue")
@folder_option
def skip(issue: str) -> None:
    """Keep an issue from going out; its episodes are not mailed by another: ISSUE is its slug, or latest.

    One that is on its way goes to nobody more.

    \b
    feedmaker newsletter skip latest
    """
    from feedmaker.app.reviewing import skip as drop

    found = drop(get_project(), issue, current_time())
    if found.state == "sent":
        click.echo(f"issue {found.slug} goes to nobody any more; who got it, `newsletter deliveries` says")
        return
    click.echo(f"issue {found.slug} is skipped; `feedmaker newsletter edit {found.slug}` takes it up again")


_transport_option = click.option(
    "--transport", metavar="ADDRESS", help="Send by this, for example smtp://127.0.0.1:2525."
)


@newsletter.command()
@click.argument("issue")
@_transport_option
@click.option("--allow-late", is_flag=True, help="Send the rest of an issue that was cut off long ago.")
@json_option
@folder_option
def send(issue: str, transport: str | None, allow_late: bool, as_json: bool) -> int:
    """Send an issue to every subscriber now, each once: ISSUE is its slug, or latest.

    Who names an issue here has approved it. Called again, it sends what is left, if anything; several may do
    so at once. Where mail goes is `delivery.transport` in schedule.yaml, or FEEDMAKER_TRANSPORT in the
    environment.

    \b
    Exits with 0 when everybody has got it, 1 when somebody has not, or nobody can say, and 75 when some
    messages were put off by their server: call it again later, or leave that to the jobs.

    \b
    feedmaker newsletter send latest
    feedmaker newsletter send 2026-11-23 --transport smtp://127.0.0.1:2525
    """
    from feedmaker.app.newsletters import issue_data
    from feedmaker.app.sending import BY_HAND, Choices
    from feedmaker.app.sending import send as deliver

    project = get_project()
    try:
        with progress_bar() as progress, ending_in_order(progress) as told:
            choices = Choices(
                transport, by_hand=True, late=allow_late, patience=BY_HAND, on_wait=progress.wait
            )
            sending = deliver(project, issue, current_time(), told, choices=choices)
    except KeyboardInterrupt:
        click.echo("stopped; the same command goes on from here", err=True)
        raise
    if as_json:
        data = {"issue": issue_data(sending.issue), "already": sending.already, "counts": sending.counts}
        print_json(data | {"next_at": sending.next_at, "claimed_until": sending.claimed_until})
    else:
        _tell_sending(project, sending)
    for address, reply in sending.refused:
        click.echo(f"not sent to {address}: {reply}", err=True)
    if sending.counts.get("unknown") or (sending.failed and not sending.already):
        return 1
    return BusyError.exit_code if sending.left else 0


def _tell_sending(project: Project, sending: SendReport) -> None:
    from feedmaker.app.newsletters import NOBODY
    from feedmaker.app.sending import said_of_claims

    slug, counts, zone = sending.issue.slug, sending.counts, project.config().site.zone
    if sending.already:
        click.echo(f"issue {slug} is sent already; nobody gets it twice")
    elif sending.issue.state == "sent" and not any(counts.values()):
        click.echo(f"issue {slug} went to nobody: no subscriber has chosen any of its topics")
    elif not any(counts.values()):
        click.echo(f"nothing is sent: {NOBODY[sending.issue.cadence]}")
    else:
        said = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
        click.echo(f"issue {slug}: {said}")
    if sending.claimed_until:
        click.echo(said_of_claims(slug, counts["sending"], sending.claimed_until, zone))
    if sending.next_at:
        click.echo(f"what is deferred is tried again from {sending.next_at.astimezone(zone):%H:%M:%S} on")
    if counts.get("unknown"):
        click.echo(f"nobody can say whether {counts['unknown']} went out; see `feedmaker newsletter resolve`")


@newsletter.command()
@click.argument("issue")
@click.option("--state", "states", type=click.Choice(STATES), multiple=True, help="Only those in this state.")
@click.option("--addresses", is_flag=True, help="Print addresses alone, one to a line.")
@json_option
@folder_option
def deliveries(issue: str, states: tuple[DeliveryState, ...], addresses: bool, as_json: bool) -> None:
    """Say who got an issue, and who did not, and why: ISSUE is its slug, or latest.

    \b
    feedmaker newsletter deliveries latest
    feedmaker newsletter deliveries latest --state failed --state unknown
    feedmaker newsletter deliveries latest --state sent --addresses
    """
    from feedmaker.app.newsletters import delivery_data
    from feedmaker.app.sending import deliveries as recorded

    found = recorded(get_project(), issue, states)
    if as_json:
        print_json_list(map(delivery_data, found))
        return
    for delivery in found:
        if addresses:
            click.echo(delivery.address)
        else:
            click.echo(f"{delivery.state:10}  {delivery.address}  {delivery.reply or ''}".rstrip())


@newsletter.command()
@click.argument("issue")
@click.option(
    "--as",
    "decision",
    type=click.Choice(["sent", "failed", "again"]),
    help="Decide for all of them: they got it, they did not, or send it again.",
)
@click.option("--failed", is_flag=True, help="Send it again to those for whom it was refused.")
@_transport_option
@json_option
@folder_option
def resolve(issue: str, decision: Decision | None, failed: bool, transport: str | None, as_json: bool) -> int:
    """Find out about messages of which nobody can say whether they went out: ISSUE is its slug, or latest.

    Such a message was under way when its sender died or its connection broke. Evidence decides: the log that
    `delivery.relay_log` names, or that the transport knows a repeat from a new message. Else
    `delivery.on_unknown` says what happens, or you do with --as. Exits with 1 while there are any left.
    --failed is for another kind: it lets those have the issue again whose server refused it for good, say
    because of a blocklist that you are not on any more.

    \b
    feedmaker newsletter resolve latest
    feedmaker newsletter resolve latest --as again
    """
    from feedmaker.app.newsletters import delivery_data, issue_data
    from feedmaker.app.sending import resolve as find_out

    found = find_out(get_project(), issue, decision, transport, failed=failed)
    if as_json:
        left = [delivery_data(delivery) for delivery in found.left]
        print_json({**asdict(found), "issue": issue_data(found.issue), "left": left})
        return int(bool(found.left))
    click.echo(
        f"issue {found.issue.slug}: {found.sent} resolved, {found.again} to be sent again, "
        f"{len(found.left)} unknown"
    )
    for delivery in found.left:
        click.echo(f"unknown     {delivery.address}  {delivery.reply or ''}".rstrip())
    if found.again:
        click.echo(f"  send them    feedmaker newsletter send {found.issue.slug}")
    return int(bool(found.left))


@newsletter.command()
@click.argument("places", nargs=-1, metavar="[PLACE...]")
@json_option
@folder_option
def bounces(places: tuple[str, ...], as_json: bool) -> int:
    """Read what came back of issues, and take off the list whose mailboxes are gone, or who complained.

    PLACE is maildir:FOLDER or imaps://USER@HOST/FOLDER, and without one those of `delivery.bounces`; `-`
    reads one message from standard input, for a mail server that pipes it in, and ends with 75 if it has to
    be handed over again.

    Whoever asked to leave in a message that anybody could have sent is named, and stays on the list; the exit
    code is 1 then, too, but not for a message that was piped in.

    \b
    feedmaker newsletter bounces
    feedmaker newsletter bounces maildir:/home/letter/Maildir
    feedmaker newsletter bounces - < bounce.eml
    """
    import sys

    from feedmaker.app.bounces import read_pipe, read_places
    from feedmaker.crash import keep
    from feedmaker.errors import FeedmakerError

    is_pipe, now = places == ("-",), current_time()
    try:
        project = get_project()
        taken = read_pipe(project, sys.stdin.buffer, now) if is_pipe else read_places(project, places, now)
    except Exception as error:
        # A mail server returns or drops what fails for good, and nothing of this is the message's fault.
        if not is_pipe:
            raise
        click.echo(f"feedmaker: {error if isinstance(error, FeedmakerError) else keep(error)}", err=True)
        return BusyError.exit_code
    if as_json:
        print_json(taken)
    elif not is_pipe:
        click.echo(taken.summary)
    faults = [*taken.faults, *filter(None, [taken.asking()])]
    for fault in faults:
        click.echo(f"feedmaker: {fault}", err=True)
    return int(bool(faults) and not is_pipe)
