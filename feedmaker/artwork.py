"""Artwork that is a file of the publisher's: whether podcast directories take it.

The rules are Apple's (podcasters.apple.com/support/896-artwork-requirements): JPEG or PNG with the ending of
its type, square, 1400 to 3000 pixels, colours in RGB.
"""

from __future__ import annotations

import struct
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

SIDE = (1400, 3000)
"""The least and the most pixels of a side."""
ADVISED_BYTES = 512 * 1024

_ENDINGS = {"JPEG": (".jpg", ".jpeg"), "PNG": (".png",)}
_MODES = {
    "L": "shades of grey",
    "1": "black and white",
    "P": "a palette",
    "RGBA": "RGB with transparency",
    "LA": "shades of grey with transparency",
    "CMYK": "CMYK, for print",
}


def artwork_faults(path: Path) -> list[str]:
    """Say why directories would refuse a file as artwork; an empty list means that they take it.

    A damaged file, or one that would fill the memory when unpacked, has a fault like any other.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            # Pillow warns of sizes, which are faults anyway, and of odd metadata, which nobody looks at.
            warnings.simplefilter("ignore")
            with Image.open(path, formats=list(_ENDINGS)) as image:
                return list(_faults(image, path.suffix.lower()))
    except FileNotFoundError:
        return ["there is no such file"]
    except UnidentifiedImageError:
        return ["the file is neither a JPEG nor a PNG; save the picture as one of them"]
    except Image.DecompressionBombError:
        return [_wrong_size("far too many pixels")]
    except (OSError, EOFError, ValueError, SyntaxError, struct.error, zlib.error) as error:
        return [f"the picture cannot be read ({error}); save it again"]


def artwork_advice(path: Path) -> list[str]:
    """Say what directories take, but advise against; the file is there."""
    size = path.stat().st_size
    if size <= ADVISED_BYTES:
        return []
    return [f"the picture has {size // 1024} kB; directories advise at most {ADVISED_BYTES // 1024}"]


def _faults(image: Image, ending: str) -> Iterator[str]:
    # A JPEG that holds a second picture has a name of its own.
    kind = "JPEG" if image.format == "MPO" else str(image.format)
    if ending not in _ENDINGS[kind]:
        yield f'the file is a {kind}, but its name ends in "{ending}"; let it end in {_ENDINGS[kind][0]}'
    width, height = image.size
    least, most = SIDE
    if width != height:
        yield f"the picture is {width} × {height} pixels; cut it square"
    if not (least <= width <= most and least <= height <= most):
        yield _wrong_size(f"{width} × {height} pixels")
    else:
        # Only now is it known that the pixels have room in memory.
        image.load()
    if image.mode != "RGB":
        found = _MODES.get(image.mode, image.mode)
        yield f"the colours are {found}; save the picture in RGB without transparency"


def _wrong_size(found: str) -> str:
    least, most = SIDE
    return f"the picture has {found}; directories want {least} to {most} pixels a side"
