"""The logo of the newsletter, where it is a file of the project: whether mail programs show it."""

from __future__ import annotations

from pathlib import Path

from feedmaker.config import CONFIG_NAME, Config
from feedmaker.errors import Diagnostic
from feedmaker.marked_yaml import load
from feedmaker.uri import is_web_address

_SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8")


def logo_faults(folder: Path, config: Config) -> list[Diagnostic]:
    """Say why the logo, where it is a file of the project, cannot be shown."""
    logo = config.newsletter.theme.logo if config.newsletter else None
    if not logo or is_web_address(logo):
        return []
    try:
        begun = (folder / logo).read_bytes()[:8]
    except OSError as error:
        said = f"{logo} cannot be read ({error.strerror}); name a file of this folder"
    else:
        if begun.startswith(_SIGNATURES):
            return []
        said = f"{logo} is no PNG, JPEG or GIF; save the picture as one, for mail programs show no other"
    mark = load((folder / CONFIG_NAME).read_text("utf-8-sig")).where(("newsletter", "theme", "logo"))
    return [Diagnostic(CONFIG_NAME, mark.line, mark.column, "bad-value", f"newsletter.theme.logo: {said}")]
