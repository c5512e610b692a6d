"""The command line: options, output and exit codes. No rules; those are in `feedmaker.app`."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence

import click

from feedmaker import crash
from feedmaker.cli import collecting, importing, newsletter, preview, schedule, serving, site, subscribers
from feedmaker.cli.group import cli
from feedmaker.errors import DiagnosedError, FeedmakerError

__all__ = [
    "cli",
    "collecting",
    "importing",
    "main",
    "newsletter",
    "preview",
    "run",
    "schedule",
    "serving",
    "site",
    "subscribers",
]


def main() -> None:
    """Run the command line and end the process with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Notes speak any language, and a terminal that does not must not end the work.
            stream.reconfigure(errors="backslashreplace")
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code: 0 done, 1 failed, 2 wrong usage, 75 busy."""
    try:
        result = cli.main(list(arguments), prog_name="feedmaker", standalone_mode=False)
    except DiagnosedError as error:
        click.echo("\n".join(map(str, error.diagnostics)), err=True)
        return error.exit_code
    except FeedmakerError as error:
        click.echo(f"feedmaker: {error}", err=True)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return 130
    except BrokenPipeError:
        # Whoever reads has read enough; Python would complain again when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        click.echo(f"feedmaker: {crash.told_by_disk(error)}", err=True)
        return 1
    except Exception as error:  # noqa: BLE001 - a fault of ours: kept for a report, not thrown at the user
        click.echo(f"feedmaker: {crash.keep(error)}", err=True)
        return 1
    return result if isinstance(result, int) else 0
