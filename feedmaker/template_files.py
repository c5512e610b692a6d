"""Where templates stand on disk. Apart from Jinja2, so that an unchanged build need not import it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

_HIDDEN = (".", "~", "#")


def packaged_folder() -> Path:
    """Find the default templates: inside an installed package, or at the top of a checkout."""
    package = Path(__file__).parent
    installed = package / "templates"
    return installed if installed.is_dir() else package.parent / "templates"


def own_templates(folder: Path) -> list[str]:
    """List the names of the templates in a project's `folder`, without what editors leave behind."""
    files = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(
        path.as_posix()
        for path in files
        if not any(part.startswith(_HIDDEN) for part in path.parts) and not path.name.endswith("~")
    )


def template_files(folder: Path) -> Iterator[Path]:
    """List all template files, those of the project's `folder` first, in a fixed order."""
    for place in dict.fromkeys((folder, packaged_folder())):
        yield from sorted(path for path in place.rglob("*") if path.is_file())
