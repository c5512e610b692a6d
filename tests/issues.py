"""Issues that went out, for tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from html import escape
from typing import Any

from feedmaker.sent import CarriedEpisode, SentIssue, dump_sent
from tests.projects import ProjectFolder

SITE = "https://lamp.example.org/notes/"
SENT = datetime(2026, 10, 30, 8, 15, tzinfo=UTC)
BELLS = CarriedEpisode("Bells & horns", f"{SITE}episodes/bells/", ("Nobody had measured bells before.",))


def page(subject: str = "A bell", more: str = "") -> str:
    """Write the page of an issue; `more` is HTML to stand in it."""
    style = '<link rel="stylesheet" href="../../style.css">'
    head = f'<meta charset="utf-8"><title>{escape(subject)}</title>{style}'
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head><body>{more}</body></html>\n'


def make_issue(slug: str = "2026-10-30", **facts: Any) -> SentIssue:
    """Make an issue that went out; `facts` win over the sample's own."""
    subject = facts.get("subject", "Nobody had measured bells before.")
    sample = SentIssue(
        slug=slug,
        site=SITE,
        title="The Lamp Letter",
        subject=subject,
        preheader="The second lamp was never lit · Recommended: The Book of Bells",
        language="en",
        sent_at=SENT,
        episodes=(BELLS,),
        page=page(subject),
    )
    return replace(sample, **facts)


def save_issue(project: ProjectFolder, slug: str = "2026-10-30", **facts: Any) -> SentIssue:
    """Save the file of an issue in a project, looking a while old."""
    issue = make_issue(slug, **facts)
    project.write(f"issues/{slug}.json", dump_sent(issue))
    return issue
