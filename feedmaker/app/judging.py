"""Judging an issue before it goes out: what the checks find in it, as it stands in the state database."""

from __future__ import annotations

from datetime import datetime

from feedmaker.app.newsletters import find_issue
from feedmaker.app.project import Project, silent
from feedmaker.errors import GateError
from feedmaker.newsletter.checks import Finding, find, sorted_findings
from feedmaker.reading import Progress
from feedmaker.store import Issue


def findings_of(project: Project, issue: Issue) -> list[Finding]:
    """Return what is found in an issue, errors first."""
    return find(issue, project.config())


def refuse_faulty(project: Project, issue: Issue) -> None:
    """Raise `GateError`, naming what is wrong and the cure, where the checks find an error in an issue."""
    errors = [str(finding) for finding in findings_of(project, issue) if finding.is_error]
    if errors:
        way = f"mend that, then `feedmaker newsletter edit {issue.slug}` makes it anew"
        raise GateError("\n".join([f"issue {issue.slug} cannot go out; {way}:", *errors]))


def judge(
    project: Project, slug: str, now: datetime, progress: Progress = silent, *, links: bool = False
) -> tuple[Issue, list[Finding]]:
    """Return an issue and what is found in it, errors first; with `links` also those that do not answer.

    Raises `UsageError` where there is no such issue.
    """
    config, issue = project.config(), find_issue(project, slug)
    found = find(issue, config)
    if links:
        from feedmaker.app.links import link_findings

        # Who asks has written the notes: links to places on a network of one's own are as good as others.
        more = link_findings(project, config, issue, now, progress, private=True)
        found = sorted_findings([*found, *more])
    return issue, found
