"""Pictures that are files of the project: where they stand on the site, and the logo of the newsletter."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from feedmaker.build.material import Planned, key_of
from feedmaker.config import Config
from feedmaker.errors import ConfigError
from feedmaker.logo import logo_faults
from feedmaker.uri import is_web_address


def picture_path(name: str, image: str, data: bytes) -> str:
    """Name a picture by its bytes: another picture has another address, which nobody has kept a copy of."""
    digest = hashlib.blake2b(data, digest_size=6).hexdigest()
    return f"{name}-{digest}{PurePosixPath(image).suffix.lower()}"


class Logo:
    """Put the logo of the newsletter onto the site, so that mail can show it; `address` is where, or None.

    Raises `ConfigError` where it cannot be shown.
    """

    def __init__(self, folder: Path, config: Config) -> None:
        logo = config.newsletter.theme.logo if config.newsletter else None
        self.address, self._path, self._data = logo, "", b""
        if faults := logo_faults(folder, config):
            raise ConfigError(faults)
        if logo and not is_web_address(logo):
            self._data = (folder / logo).read_bytes()
            self._path = f"newsletter/{picture_path('logo', logo, self._data)}"
            self.address = config.site.address + self._path

    def planned(self) -> Iterator[Planned]:
        """Plan the logo, where it is a file of the project."""
        if self._path:
            yield Planned(self._path, key_of("logo", self._path), lambda: self._data)
