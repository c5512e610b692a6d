"""Files on disk: written whole or not at all, and errors that name the file and the way out."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO

from feedmaker.errors import OutputError


def write_durably(path: Path, data: bytes) -> None:
    """Replace a file in one step that survives a power cut."""
    with replacing(path) as file:
        file.write(data)


@contextmanager
def replacing(path: Path, mode: int = 0o666) -> Iterator[BinaryIO]:
    """Lend a file that takes the place of another in one step, once all went well, and survives a power cut.

    A file that is not there yet gets the `mode`, less the umask; one that is keeps nothing of its own.
    """
    new = path.with_name(f".{path.name}.new")
    with explained(path):
        try:
            # What somebody else may have put there could be read by others, or lead elsewhere.
            new.unlink(missing_ok=True)
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            new.replace(path)
        except BaseException:
            new.unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)


def write_new(path: Path, text: str, mode: int = 0o666) -> None:
    """Write a file in UTF-8 that was not there; raise `FileExistsError` if it is.

    `mode` says who may read and write it, as far as the user's own settings let them.
    """
    with explained(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
    try:
        file = open(path, "xb", opener=partial(os.open, mode=mode))  # noqa: SIM115
    except FileExistsError:
        raise
    except OSError as error:
        raise _output_error(path, error) from error
    with explained(path):
        try:
            with file:
                file.write(text.encode())
        except OSError:
            path.unlink(missing_ok=True)
            raise


def name_new(new: Path, path: Path) -> None:
    """Give a finished file beside it the name `path`; raise `FileExistsError` if something has that name."""
    try:
        path.hardlink_to(new)
        new.unlink()
    except FileExistsError:
        raise
    except OSError:
        # Some file systems know no second name for a file.
        if os.path.lexists(path):
            raise FileExistsError(path) from None
        with explained(path):
            new.rename(path)
    _sync_folder(path.parent)


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what the disk says into an error that names the file and the way out."""
    try:
        yield
    except OSError as error:
        raise _output_error(path, error) from error


def _output_error(path: Path, error: OSError) -> OutputError:
    ways = {
        errno.ENOSPC: "free some space and try again; the old files are untouched",
        errno.EDQUOT: "the quota is used up; free some space and try again",
        errno.EROFS: "the disk is read-only; make it writable and try again",
        errno.EACCES: "grant write permission to the folder and try again",
        errno.EPERM: "grant write permission to the folder and try again",
        errno.ENAMETOOLONG: "set a shorter `slug:` in the note",
        errno.EISDIR: "a folder stands where the file belongs; move it away",
        errno.ENOTDIR: "a file stands where a folder belongs; move it away",
        errno.EEXIST: "a file stands where a folder belongs; move it away",
    }
    way = ways.get(error.errno or 0, "mend that and try again; the old files are untouched")
    return OutputError(f"{path}: {error.strerror or error}; {way}")


def _sync_folder(folder: Path) -> None:
    # Some file systems cannot do this with a folder; they are no worse off than before.
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
