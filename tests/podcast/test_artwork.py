"""Artwork: what directories refuse, and files that mean harm."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from feedmaker.artwork import artwork_advice, artwork_faults


def draw(path: Path, side: tuple[int, int] = (1400, 1400), mode: str = "RGB", **options: Any) -> Path:
    """Save a picture of one colour."""
    Image.new(mode, side).save(path, **options)
    return path


def png_of(width: int, height: int) -> bytes:
    """Make a PNG that claims a size and holds next to nothing."""
    chunks = ((b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(b"")))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in (*chunks, (b"IEND", b""))
    )


def encoded(kind: str) -> bytes:
    """Return the bytes of a sound picture."""
    buffer = BytesIO()
    Image.new("RGB", (1400, 1400)).save(buffer, kind)
    return buffer.getvalue()


@pytest.mark.parametrize("name", ["a.jpg", "a.JPEG", "a.png"])
@pytest.mark.parametrize("side", [1400, 3000])
def test_sound_artwork_has_no_fault(tmp_path: Path, name: str, side: int) -> None:
    """JPEG and PNG of 1400 to 3000 pixels are taken."""
    path = draw(tmp_path / name, (side, side))

    assert artwork_faults(path) == []
    assert artwork_advice(path) == []


@pytest.mark.parametrize(
    ("side", "faults"),
    [
        ((1399, 1399), ["the picture has 1399 × 1399 pixels; directories want 1400 to 3000 pixels a side"]),
        ((3001, 3001), ["the picture has 3001 × 3001 pixels; directories want 1400 to 3000 pixels a side"]),
        ((1400, 1500), ["the picture is 1400 × 1500 pixels; cut it square"]),
        (
            (1400, 3001),
            [
                "the picture is 1400 × 3001 pixels; cut it square",
                "the picture has 1400 × 3001 pixels; directories want 1400 to 3000 pixels a side",
            ],
        ),
        (
            (200, 100),
            [
                "the picture is 200 × 100 pixels; cut it square",
                "the picture has 200 × 100 pixels; directories want 1400 to 3000 pixels a side",
            ],
        ),
    ],
)
def test_wrong_size_is_named(tmp_path: Path, side: tuple[int, int], faults: list[str]) -> None:
    """Pictures that are not square, too small or too large are faults, all said at once."""
    assert artwork_faults(draw(tmp_path / "a.png", side)) == faults


@pytest.mark.parametrize(
    ("name", "mode", "colours"),
    [
        ("a.png", "L", "shades of grey"),
        ("a.png", "1", "black and white"),
        ("a.png", "P", "a palette"),
        ("a.png", "RGBA", "RGB with transparency"),
        ("a.png", "LA", "shades of grey with transparency"),
        ("a.jpg", "CMYK", "CMYK, for print"),
        ("a.png", "I;16", "I;16"),
    ],
)
def test_other_colours_than_rgb_are_named(tmp_path: Path, name: str, mode: str, colours: str) -> None:
    """Directories want RGB without transparency."""
    assert artwork_faults(draw(tmp_path / name, mode=mode)) == [
        f"the colours are {colours}; save the picture in RGB without transparency"
    ]


def test_ending_tells_the_type(tmp_path: Path) -> None:
    """A JPEG that is called a PNG is refused, and the other way round."""
    png = draw(tmp_path / "a.jpg", format="PNG")
    jpeg = draw(tmp_path / "b", format="JPEG")

    assert artwork_faults(png) == ['the file is a PNG, but its name ends in ".jpg"; let it end in .png']
    assert artwork_faults(jpeg) == ['the file is a JPEG, but its name ends in ""; let it end in .jpg']


def test_jpeg_with_a_second_picture_is_a_jpeg(tmp_path: Path) -> None:
    """Cameras put a preview beside the picture, which changes nothing."""
    path = draw(tmp_path / "a.jpg", format="MPO", save_all=True, append_images=[Image.new("RGB", (64, 64))])

    assert artwork_faults(path) == []


@pytest.mark.parametrize(
    "content", [b"", b"text", b"<svg/>", b"GIF89a", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"]
)
def test_what_is_no_picture_is_said(tmp_path: Path, content: bytes) -> None:
    """Other files and beginnings of pictures have one fault."""
    path = tmp_path / "a.jpg"
    path.write_bytes(content)

    assert artwork_faults(path) == ["the file is neither a JPEG nor a PNG; save the picture as one of them"]


def test_gif_is_refused(tmp_path: Path) -> None:
    """A sound picture of another type is refused too."""
    assert artwork_faults(draw(tmp_path / "a.gif", mode="P")) == [
        "the file is neither a JPEG nor a PNG; save the picture as one of them"
    ]


def test_missing_file_is_said(tmp_path: Path) -> None:
    """A file that is not there has a fault of its own; a folder cannot be read."""
    (folder,) = artwork_faults(tmp_path)

    assert artwork_faults(tmp_path / "a.jpg") == ["there is no such file"]
    assert folder.startswith("the picture cannot be read (")


@pytest.mark.parametrize("side", [3000, 12_000, 60_000, 2**31 - 1])
def test_bomb_is_not_unpacked(tmp_path: Path, side: int) -> None:
    """A tiny file that claims to be huge is a fault, found without the memory that it asks for."""
    path = tmp_path / "a.png"
    path.write_bytes(png_of(side, side))

    (fault,) = artwork_faults(path)

    assert fault.startswith("the picture has" if side > 3000 else "the picture cannot be read")


@given(st.sampled_from(["PNG", "JPEG"]), st.data())
def test_damaged_picture_is_a_fault_and_no_crash(kind: str, data: st.DataObject) -> None:
    """Whatever is cut off or overwritten, there are sentences and no exception."""
    content = bytearray(encoded(kind))
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=4)):
        content[place] = data.draw(st.integers(0, 255))
    size = data.draw(st.integers(0, len(content)))
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"a.{kind.lower()}"
        path.write_bytes(content[:size])

        assert all(isinstance(fault, str) for fault in artwork_faults(path))


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_truncated_picture_is_said(tmp_path: Path, kind: str) -> None:
    """A file whose end is missing cannot be read."""
    path = tmp_path / f"a.{kind.lower()}"
    content = encoded(kind)
    path.write_bytes(content[: len(content) // 2])

    (fault,) = artwork_faults(path)

    assert fault.startswith("the picture cannot be read (")


def test_large_file_is_advice(tmp_path: Path) -> None:
    """Directories take a file of more than 512 kB, but it is slow to load."""
    path = draw(tmp_path / "a.png")
    with path.open("ab") as file:
        file.write(b"\0" * (512 * 1024 - path.stat().st_size))

    assert artwork_advice(path) == []

    with path.open("ab") as file:
        file.write(b"\0" * 1024)

    assert artwork_faults(path) == []
    assert artwork_advice(path) == ["the picture has 513 kB; directories advise at most 512"]
