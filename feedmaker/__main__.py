"""Run feedmaker: `python -m feedmaker`, or the console script."""

from __future__ import annotations

import sys

from feedmaker.idle import is_idle_tick


def main() -> None:
    """Run the command line and end the process with its exit code; an idle tick needs none of it."""
    if not is_idle_tick(sys.argv[1:]):
        from feedmaker.cli import main as run

        run()


if __name__ == "__main__":
    main()
