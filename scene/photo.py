"""The photo as a Blender image, the right way up.

Phones store photos sideways with a note which way to turn them (EXIF orientation). Everything that looks at the picture
heeds the note, Blender does not: such a photo becomes an image of turned pixels, packed into the file, which remembers the
file that it came from.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path

import bpy
import numpy as np
from numpy.typing import NDArray

_HEAD = 256 * 1024  # EXIF stands before the picture's data
_ORIENTATION = 0x0112

SOURCE = "bestiary_source"
"""Custom property of a turned photo: the absolute path of its file, which a packed image has no other place for."""


class PhotoError(ValueError):
    """A photo that Blender cannot show; the message says why."""


def load_photo(path: str | Path) -> bpy.types.Image:
    """The photo as an image data-block, upright. Raises PhotoError when the file is not there or is no picture."""
    path = Path(path).absolute()
    if not path.is_file():
        raise PhotoError(f"{path}: there is no such file")
    try:
        image = bpy.data.images.load(str(path), check_existing=False)
    except RuntimeError as error:
        raise PhotoError(f"{path}: Blender cannot read it as a picture ({error})") from None
    if not image.size[0] or not image.size[1]:
        bpy.data.images.remove(image)
        raise PhotoError(f"{path}: Blender cannot read it as a picture")
    orientation = exif_orientation(path)
    if orientation == 1:
        return image
    try:
        turned = _turned(image, orientation, path.name)
        turned[SOURCE] = str(path)
        return turned
    finally:
        bpy.data.images.remove(image)


def source_file(image: bpy.types.Image) -> str:
    """The absolute path of the file that an image was loaded from by `load_photo`, empty when it has none."""
    path = image.get(SOURCE, "")
    if not path and image.source == "FILE":
        path = bpy.path.abspath(image.filepath)
    return os.path.abspath(path) if isinstance(path, str) and path else ""


def exif_orientation(path: str | Path) -> int:
    """1 to 8 as EXIF has it (1 is upright); 1 for files without the note or with one that cannot be read."""
    try:
        with open(path, "rb") as file:
            head = file.read(_HEAD)
        return _orientation(head)
    except (OSError, struct.error, ValueError):
        return 1


def _orientation(head: bytes) -> int:
    """Walk the segments of a JPEG's head to EXIF's first directory."""
    place = 2
    while head[:2] == b"\xff\xd8" and place + 4 <= len(head):
        marker, length = struct.unpack_from(">HH", head, place)
        if marker >> 8 != 0xFF or marker == 0xFFDA:
            break
        if marker == 0xFFE1 and head[place + 4:place + 10] == b"Exif\0\0":
            return _orientation_of_tiff(head[place + 10:place + 2 + length])
        place += 2 + length
    return 1


def _orientation_of_tiff(tiff: bytes) -> int:
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return 1
    (start,) = struct.unpack_from(order + "I", tiff, 4)
    (count,) = struct.unpack_from(order + "H", tiff, start)
    for entry in range(count):
        tag, _kind, _n, value = struct.unpack_from(order + "HHIH", tiff, start + 2 + 12 * entry)
        if tag == _ORIENTATION:
            return value if 1 <= value <= 8 else 1
    return 1


def upright(pixels: NDArray[np.float32], orientation: int) -> NDArray[np.float32]:
    """Stored pixels (H, W, C), top row first, turned and mirrored as EXIF orientation 1..8 asks."""
    if orientation in (2, 4, 5, 7):
        pixels = pixels[:, ::-1]
    turns = {3: 2, 4: 2, 5: 1, 6: 3, 7: 3, 8: 1}.get(orientation, 0)
    return np.ascontiguousarray(np.rot90(pixels, turns))


def _turned(image: bpy.types.Image, orientation: int, name: str) -> bpy.types.Image:
    width, height = image.size
    pixels = np.empty(width * height * image.channels, dtype=np.float32)
    image.pixels.foreach_get(pixels)
    # Blender's first row is the bottom one.
    pixels = upright(pixels.reshape(height, width, -1)[::-1], orientation)[::-1]
    result = bpy.data.images.new(name, pixels.shape[1], pixels.shape[0], alpha=image.channels == 4)
    result.colorspace_settings.name = image.colorspace_settings.name
    if pixels.shape[2] != result.channels:
        rgba = np.ones((*pixels.shape[:2], result.channels), dtype=np.float32)
        rgba[..., : pixels.shape[2]] = pixels
        pixels = rgba
    result.pixels.foreach_set(np.ascontiguousarray(pixels).ravel())
    result.update()
    result.pack()
    return result
