"""Where templates stand on disk. Apart from Jinja2, so that an unchanged build need not import it."""

from __future__ import annotations

from pathlib import Path

from feedmaker import listing


def packaged_folder() -> Path:
    """Find the default templates: inside an installed package, or at the top of a checkout."""
    return Path(listing.packaged_templates())


def own_templates(folder: Path) -> list[str]:
    """List the names of the templates in a project's `folder`, without what editors leave behind."""
    return [
        name
        for name in listing.files_below(str(folder))
        if not any(part.startswith(listing.HIDDEN) for part in name.split("/")) and not name.endswith("~")
    ]


def template_files(folder: Path) -> list[Path]:
    """List all template files, those of the project's `folder` first, in a fixed order."""
    places = dict.fromkeys((folder, packaged_folder()))
    return [place / name for place in places for name in listing.files_below(str(place))]
