"""What a project's host is told: rules for web servers, and what stays at an address that was left."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from feedmaker.app.project import Project
from feedmaker.disk import explained
from feedmaker.errors import UsageError
from feedmaker.moved import MARK, moved_files
from feedmaker.publish import Output
from feedmaker.serving import REDIRECTS_PATH, Server, is_current_feed, rules_for

__all__ = ["Server", "leave_behind", "rules"]


def rules(project: Project, server: Server) -> str:
    """Write the rules of a web server for this project."""
    feeds = [path for path in _published(project) if is_current_feed(path)]
    return rules_for(server, project.config(), feeds)


def leave_behind(project: Project, folder: Path) -> Sequence[str]:
    """Write what is to be put at the old address into `folder`; return the paths of files that are new there.

    Raises `UsageError` where the project has not moved or is not built, or where `folder` holds other things.
    """
    site = project.config().site
    if not site.moved_from:
        raise UsageError(
            "schedule.yaml does not say where the site was before; write it into site.moved_from"
        )
    paths = _published(project)
    if not paths:
        raise UsageError(f"{project.public} is empty; run `feedmaker build` first")
    _check_folder(project, folder)
    with Output.open(folder) as output:
        files = list(moved_files(site, paths, lambda path: (project.public / path).read_bytes()))
        for artifact in files:
            output.stage(artifact, "")
        output.commit([artifact.path for artifact in files])
        return output.written


def _check_folder(project: Project, folder: Path) -> None:
    """See that nothing is overwritten but what an earlier call wrote."""
    inside = folder.resolve()
    if inside.is_relative_to(project.public.resolve()):
        raise UsageError(f"{folder} is part of public/, which holds the site itself; name another folder")
    if not folder.exists():
        return
    with explained(folder):
        is_empty = next(folder.iterdir(), None) is None
    if not is_empty and not _is_ours(folder):
        raise UsageError(f"{folder} holds other files; name a folder that is empty or not there yet")


def _is_ours(folder: Path) -> bool:
    try:
        return (folder / REDIRECTS_PATH).read_bytes().startswith(MARK.encode())
    except OSError:
        return False


def _published(project: Project) -> list[str]:
    """Return the paths of all files below public/, but for those that no reader should see."""
    root = project.public
    with explained(root):
        files = (path.relative_to(root) for path in root.rglob("*") if path.is_file())
        return sorted(path.as_posix() for path in files if not path.parts[0].startswith("."))
