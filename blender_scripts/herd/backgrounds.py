"""The user's own pictures behind a herd: those of a folder that Blender can load, by their headers alone.

Only the first bytes are believed, and only after they are checked: kind, size in pixels, and that the file ends where a
picture ends. A folder with some unusable files works; what was left out is kept with the reason.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

MAX_FILES = 100_000
MAX_BYTES = 128 << 20
MAX_SIDE = 16384
MAX_PIXELS = 1 << 26
LEAST_SIDE = 64

ENDINGS = (".png", ".jpg", ".jpeg")
_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_END = b"\x00\x00\x00\x00IEND\xaeB`\x82"
_TAIL = 1 << 16  # cameras write notes behind the end of a JPEG, rarely more than this


class BackgroundError(ValueError):
    """A folder without usable pictures, or a picture that is none; the message says why."""


@dataclass(frozen=True)
class Background:
    """A picture: where it is, and its size in pixels."""

    path: Path
    width: int
    height: int


@dataclass(frozen=True)
class Backgrounds:
    """The pictures of a folder, sorted by name; refused: names of files left out, with the reason."""

    folder: Path
    pictures: tuple[Background, ...]
    refused: Mapping[str, str] = field(default_factory=dict)

    def choose(self, rng: np.random.Generator) -> Background:
        """One of the pictures, all equally likely. The choice depends on rng and the file names alone."""
        return self.pictures[int(rng.integers(len(self.pictures)))]


def open_backgrounds(folder: str | Path) -> Backgrounds:
    """The usable PNG and JPEG pictures directly in a folder. Raises BackgroundError (a ValueError) when there are none."""
    folder = Path(folder)
    if not folder.is_dir():
        raise BackgroundError(f"{folder} is no folder; --backgrounds wants a folder of pictures")
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in ENDINGS and not path.name.startswith("."))
    if len(paths) > MAX_FILES:
        raise BackgroundError(f"{folder} holds {len(paths)} pictures, the limit is {MAX_FILES}")
    pictures: list[Background] = []
    refused: dict[str, str] = {}
    for path in paths:
        try:
            pictures.append(Background(path, *picture_size(path)))
        except (BackgroundError, OSError) as error:
            refused[path.name] = str(error)
    if not pictures:
        reasons = "; ".join(f"{name}: {why}" for name, why in list(refused.items())[:3])
        raise BackgroundError(f"{folder} holds no usable picture ({reasons or 'PNG and JPEG files are looked for'})")
    return Backgrounds(folder, tuple(pictures), refused)


def picture_size(path: Path) -> tuple[int, int]:
    """Width and height in pixels of a PNG or JPEG file. Raises BackgroundError for anything else and beyond the limits."""
    if not path.is_file():
        raise BackgroundError("no file")
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise BackgroundError(f"{size} bytes, the limit is {MAX_BYTES}")
    data = path.read_bytes()
    if data.startswith(_PNG):
        width, height = _png_size(data)
    elif data.startswith(b"\xff\xd8\xff"):
        width, height = _jpeg_size(data)
    else:
        raise BackgroundError("neither PNG nor JPEG, whatever its name says")
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise BackgroundError(f"{width} x {height} pixels, the limit is {MAX_SIDE} a side and {MAX_PIXELS} in all")
    if min(width, height) < LEAST_SIDE:
        raise BackgroundError(f"{width} x {height} pixels are too few for a background")
    return width, height


def _png_size(data: bytes) -> tuple[int, int]:
    if len(data) < 33 or data[8:16] != b"\x00\x00\x00\rIHDR":
        raise BackgroundError("a PNG without its header")
    if _PNG_END not in data[-_TAIL:]:
        raise BackgroundError("a PNG that is cut off")
    return struct.unpack(">II", data[16:24])


def _jpeg_size(data: bytes) -> tuple[int, int]:
    """From the frame header, found by stepping from marker to marker."""
    at = 2
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            break
        kind = data[at + 1]
        if kind == 0xFF:  # padding
            at += 1
            continue
        if kind == 0x01 or 0xD0 <= kind <= 0xD8:  # markers without content
            at += 2
            continue
        if kind in (0xD9, 0xDA):  # the picture itself, before any frame header
            break
        (length,) = struct.unpack_from(">H", data, at + 2)
        if length < 2:
            break
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):
            return _jpeg_frame(data, at + 4, length - 2)
        at += 2 + length
    raise BackgroundError("a JPEG without a frame header")


def _jpeg_frame(data: bytes, at: int, length: int) -> tuple[int, int]:
    if length < 6 or at + 6 > len(data):
        raise BackgroundError("a JPEG that is cut off")
    bits, height, width, colours = struct.unpack_from(">BHHB", data, at)
    if bits != 8 or colours not in (1, 3):
        raise BackgroundError(f"a JPEG of {colours} channels with {bits} bits; 1 or 3 with 8 are read (save it as RGB)")
    if b"\xff\xd9" not in data[-_TAIL:]:
        raise BackgroundError("a JPEG that is cut off")
    return width, height
