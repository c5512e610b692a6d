"""The command group, and how every command finds its project."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from feedmaker import __version__
from feedmaker.errors import UsageError

if TYPE_CHECKING:
    from feedmaker.app.project import Project

Command = TypeVar("Command", bound=Callable[..., Any])
MODULES = {
    "backup": "backup",
    "build": "site",
    "check": "site",
    "collect": "collecting",
    "convert": "site",
    "dkim-key": "doctor",
    "doctor": "doctor",
    "import": "importing",
    "init": "site",
    "jobs": "schedule",
    "log": "runlog",
    "moved": "serving",
    "new": "site",
    "newsletter": "newsletter",
    "ping": "serving",
    "preview": "preview",
    "rules": "serving",
    "run": "schedule",
    "schema": "site",
    "serve": "serve",
    "signup-form": "serve",
    "simulate": "simulating",
    "status": "site",
    "subscribers": "subscribers",
    "tick": "schedule",
}
"""In which module of this package each command stands."""
_FOLDER_HELP = "Project folder; without it the nearest one with a schedule.yaml."


class _Commands(click.Group):
    """Hold the commands; a module is imported when one of its commands, or the list of all, is asked for."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command by its name."""
        # For a mistyped name click looks at all names to find what was meant.
        for module in {MODULES[cmd_name]} if cmd_name in MODULES else set(MODULES.values()):
            import_module(f"feedmaker.cli.{module}")
        return super().get_command(ctx, cmd_name)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click says what it gives
        """Return the names of all commands, sorted."""
        return sorted(MODULES)


def _chosen_folder(context: click.Context, _parameter: click.Parameter, value: str | None) -> None:
    if value is not None:
        context.ensure_object(dict)["folder"] = value


def folder_option(command: Command) -> Command:
    """Let -C stand after the command too."""
    return click.option(
        "-C", "folder", metavar="DIR", expose_value=False, callback=_chosen_folder, help=_FOLDER_HELP
    )(command)


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "--version", message="feedmaker %(version)s")
@folder_option
def cli() -> None:
    """Turn a folder of episode notes into feeds, pages and a newsletter.

    \b
    feedmaker init site          make a folder that builds at once
    feedmaker -C site new "A title"
    feedmaker -C site check      what is wrong, by file, line and column
    feedmaker -C site build      write feeds and pages to site/public
    feedmaker -C site status     what is published, held back, due next
    """


def _folder() -> Path:
    from feedmaker.app.project import find_project

    chosen = (click.get_current_context().obj or {}).get("folder")
    if chosen is None:
        return find_project(Path.cwd())
    folder = Path(chosen)
    if not folder.is_dir():
        raise UsageError(f"{folder}: there is no such folder")
    if not (folder / "schedule.yaml").is_file():
        raise UsageError(f"{folder} holds no schedule.yaml; `feedmaker init {folder}` makes one")
    return folder


def get_project() -> Project:
    """Return the project that -C names, or the nearest one; raise `UsageError` where there is none."""
    from feedmaker.app.project import Project

    return Project(_folder(), os.environ)


def moment_of(project: Project, option: str, text: str) -> datetime:
    """Read a time that was given to an option, in the site's zone where it names none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f'{option} "{text}" is no time; expected for example 2026-11-27T09:00') from None
    return moment if moment.tzinfo else moment.replace(tzinfo=project.config().site.zone)


def current_time() -> datetime:
    """Read the time that rules go by; everything further in is told it."""
    return datetime.now(UTC)
