"""Where templates stand on disk. Apart from Jinja2, so that an unchanged build need not import it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path


def packaged_folder() -> Path:
    """Find the default templates: inside an installed package, or at the top of a checkout."""
    package = Path(__file__).parent
    installed = package / "templates"
    return installed if installed.is_dir() else package.parent / "templates"


def template_files(folder: Path) -> Iterator[Path]:
    """List all template files, those of the project's `folder` first, in a fixed order."""
    for place in dict.fromkeys((folder, packaged_folder())):
        yield from sorted(path for path in place.rglob("*") if path.is_file())
