"""Run feedmaker: `python -m feedmaker`, or the console script."""

from __future__ import annotations

from feedmaker.cli import main

if __name__ == "__main__":
    main()
