"""The command that counts subscribers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from feedmaker.cli.group import current_time, folder_option, get_project, json_option
from feedmaker.cli.output import counted, print_json

if TYPE_CHECKING:
    from feedmaker.app.figures import Figures
    from feedmaker.store.records import Month, Reach

_WIDTH = 40


@click.command()
@json_option
@folder_option
def stats(as_json: bool) -> None:
    """Count subscribers by status, wishes and domain, who joined and left each month, and how far issues got.

    \b
    feedmaker subscribers stats
    feedmaker subscribers stats --json
    """
    from feedmaker.app.figures import figures

    found = figures(get_project(), current_time())
    if as_json:
        print_json(asdict(found))
        return
    for line in _lines(found):
        click.echo(line)


def _lines(found: Figures) -> Iterator[str]:
    yield counted(found.statuses.get("active", 0), "active subscriber")
    others: dict[str, int] = {name: count for name, count in found.statuses.items() if name != "active"}
    if found.erased:
        others["erased"] = found.erased
    yield from _counts("others", others)
    if found.asked:
        share = round(100 * found.confirmed / found.asked)
        owed = f"; {counted(found.owed, 'mail')} still to be sent" if found.owed else ""
        yield f"confirmed  {share} % of {found.asked:,} who were asked to{owed}"
    yield from _counts("cadence", found.cadences)
    yield from _counts("language", {name or "none chosen": count for name, count in found.languages.items()})
    yield from _counts("domains", found.domains)
    yield ""
    yield from _plot(found.months)
    if found.issues:
        yield ""
        yield from _table(found.issues)


def _counts(name: str, counts: Mapping[str, int]) -> Iterator[str]:
    if counts:
        yield f"{name:<9}  " + ", ".join(f"{value} {count:,}" for value, count in counts.items())


def _plot(months: Sequence[Month]) -> Iterator[str]:
    """Draw a bar for each month, plus signs for those who joined and minus signs for those who left."""
    most = max([month.joined + month.left for month in months] + [_WIDTH])
    yield "month      joined      left"
    for month in months:
        bar = "+" * _length(month.joined, most) + "-" * _length(month.left, most)
        yield f"{month.month}  {month.joined:>8,}  {month.left:>8,}  {bar}".rstrip()


def _length(count: int, most: int) -> int:
    """Return how long a bar is; whoever is there shows."""
    return max(int(count > 0), count * _WIDTH // most)


def _table(issues: Sequence[Reach]) -> Iterator[str]:
    yield "issue            sent  failed  suppressed  bounced  complaints  open"
    for issue in issues:
        counts = issue.counts
        open_ = counts.pending + counts.unknown
        yield (
            f"{issue.issue:<12}  {counts.sent:>7,} {counts.failed:>7,} {counts.suppressed:>11,}"
            f" {issue.bounced:>8,} {issue.complained:>11,} {open_:>5,}"
        )
