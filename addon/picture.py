"""A Blender image as the plain picture that is sent: what the animator sees and clicks on is what the server gets.

The pixels go as Blender shows them, top row first, never the file's bytes: Blender does not turn a photo by its EXIF
tag and other readers do, and packed, generated and float images have no file at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import bpy

LONGEST_SIDE = 2048
"""Larger photos are averaged down before sending: a fit gains nothing from more pixels, the network loses time."""
MOST_PIXELS = 120_000_000
"""Blender hands out 16 bytes a pixel: beyond this a photo would take gigabytes."""


class PictureError(ValueError):
    """An image cannot be used; `message` says why, `advice` what to do."""

    def __init__(self, message: str, advice: str) -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice


def shrink_factor(width: int, height: int, longest: int = LONGEST_SIDE) -> int:
    """The whole number by which a picture is averaged down so that its longer side is at most `longest`."""
    return max(1, -(-max(width, height) // longest))


def averaged(picture: NDArray, factor: int) -> NDArray:
    """Means over blocks of `factor` x `factor` pixels of (H, W, …) → (H // factor, W // factor, …), same dtype.

    Rows and columns left over at the bottom and the right are dropped, so positions measured from the top-left corner
    are simply divided by `factor`.
    """
    if factor == 1:
        return picture
    height, width = picture.shape[0] // factor, picture.shape[1] // factor
    if not height or not width:
        raise PictureError("The photo is far too narrow", "Crop it to the animal")
    blocks = picture[: height * factor, : width * factor].reshape(height, factor, width, factor, *picture.shape[2:])
    return np.rint(blocks.mean(axis=(1, 3), dtype=np.float32)).astype(picture.dtype)


def _float_pixels(image: bpy.types.Image) -> NDArray[np.float32]:
    """(H, W, C) as Blender holds them, turned so that the first row is the top one."""
    width, height = image.size
    if not width or not height:
        raise PictureError(
            f"Blender cannot read the photo “{image.name}”", "Check that its file is still there, or open another photo"
        )
    if width * height > MOST_PIXELS:
        raise PictureError(
            f"The photo is too large: {width} x {height} pixels", "Scale it down to at most 10,000 pixels a side"
        )
    channels = max(image.channels, 1)
    pixels = np.empty(width * height * channels, np.float32)
    try:
        image.pixels.foreach_get(pixels)
    except (RuntimeError, TypeError) as error:
        raise PictureError(f"Blender gives no pixels of “{image.name}”: {error}", "Open a plain photo") from None
    return pixels.reshape(height, width, channels)[::-1]


def rgb_pixels(image: bpy.types.Image) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 RGB of an image as it looks on screen, top row first; transparent parts stand on mid grey.

    Raises PictureError for an image without pixels, or too large a one.
    """
    pixels = _float_pixels(image)
    channels = pixels.shape[2]
    colour = pixels[..., :3] if channels >= 3 else np.repeat(pixels[..., :1], 3, axis=2)
    if image.is_float:
        # Float images are held in scene-linear light; photos are looked at through the sRGB curve.
        linear = np.clip(np.nan_to_num(colour), 0.0, 1.0)
        colour = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    if channels == 4 and image.alpha_mode != "NONE":
        alpha = np.clip(pixels[..., 3:], 0.0, 1.0)
        if alpha.min() < 1.0:
            colour = colour * alpha + 0.5 * (1.0 - alpha)
    return np.ascontiguousarray(np.rint(np.clip(colour, 0.0, 1.0) * 255.0).astype(np.uint8))


def mask_pixels(image: bpy.types.Image) -> NDArray[np.uint8]:
    """(H, W) uint8, 255 where the mask says "animal": its alpha if it has a see-through part, else its brightness.

    Raises PictureError for an image without pixels.
    """
    pixels = _float_pixels(image)
    if pixels.shape[2] == 4 and pixels[..., 3].min() < 0.5:
        inside = pixels[..., 3] > 0.5
    else:
        inside = pixels[..., :3].mean(axis=2) > 0.5
    return np.ascontiguousarray(np.where(inside, np.uint8(255), np.uint8(0)))
