"""Pictures in and out: encoded bytes become upright uint8 RGB, whatever they were, or a failure that says why not.

The size is read from the file's header and judged before any pixel is allocated. Only formats that photos come in are
opened, never those that run programs (PostScript and its kin).
"""

from __future__ import annotations

import io
import warnings

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from .engine import JobFailure

MAX_PIXELS = 64_000_000
"""The most pixels of one picture: 192 MB as RGB."""
MAX_SIDE = 20_000
MIN_SIDE = 16
"""Below this there is nothing to be seen of an animal."""
FORMATS = ("JPEG", "MPO", "PNG", "WEBP", "TIFF", "BMP", "GIF", "PPM", "AVIF")

_SAVE_AGAIN = "Open it in an image program and save it again as JPEG or 8-bit PNG."


def decode_image(data: bytes | np.ndarray) -> np.ndarray:
    """Decode an image file.

    EXIF rotation is applied, 16-bit values are scaled to 8, greyscale and CMYK become RGB, what is transparent becomes
    white. Of an animation it is the first picture.

    Args:
        data: the file's bytes, or uint8 (N,).

    Returns:
        uint8 (H, W, 3), C-contiguous and writable.

    Raises:
        JobFailure: ``bad_image`` or ``image_size``.
    """
    raw = data.tobytes() if isinstance(data, np.ndarray) else bytes(data)
    if not raw:
        raise JobFailure("bad_image", "The image is empty (0 bytes).", "Check that the file was written completely.")
    Image.init()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's own warnings of size and metadata; the limits are checked here
        try:
            with Image.open(io.BytesIO(raw), formats=[name for name in FORMATS if name in Image.OPEN]) as picture:
                check_size(*picture.size)
                picture.load()
                return _to_rgb(_upright(picture))
        except Image.DecompressionBombError:
            raise _too_large("far too large") from None
        except UnidentifiedImageError:
            raise JobFailure(
                "bad_image", f"The image's {len(raw)} bytes are in no known picture format.",
                f"Send one of {', '.join(FORMATS)}; 16-bit colour TIFF is not read. {_SAVE_AGAIN}",
            ) from None  # fmt: skip
        except (OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError, OverflowError) as error:
            raise JobFailure(
                "bad_image", f"The image is damaged or incomplete ({str(error)[:200] or type(error).__name__}).",
                f"Check that the whole file was copied. {_SAVE_AGAIN}",
            ) from None  # fmt: skip


def limit_size(pixels: np.ndarray) -> np.ndarray:
    """Raw pixels, uint8 (H, W, 3), if they are within the limits; JobFailure otherwise."""
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise JobFailure(
            "bad_image", f"The raw image is {pixels.dtype} {pixels.shape}, not uint8 (H, W, 3).",
            "Convert it to 8-bit RGB, or send the encoded file.",
        )  # fmt: skip
    check_size(pixels.shape[1], pixels.shape[0])
    return pixels


def check_size(width: int, height: int) -> None:
    """Refuse (JobFailure ``image_size``) a picture that is too large or too small."""
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise _too_large(f"{width} x {height} pixels")
    if min(width, height) < MIN_SIDE:
        raise JobFailure(
            "image_size", f"The image is {width} x {height} pixels; at least {MIN_SIDE} x {MIN_SIDE} are needed.",
            "Send a larger picture, in which the animal can be seen.",
        )  # fmt: skip


def encode_image(pixels: np.ndarray, format: str = "PNG", quality: int = 90) -> np.ndarray:
    """Encode uint8 (H, W, 3) as the bytes of a PNG or JPEG file: uint8 (N,), ready to be a frame."""
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, format, quality=quality)
    return np.frombuffer(buffer.getvalue(), dtype=np.uint8)


def _too_large(what: str) -> JobFailure:
    return JobFailure(
        "image_size",
        f"The image is {what}; the limit is {MAX_PIXELS // 1_000_000} million pixels and {MAX_SIDE} a side.",
        "Send a smaller copy: 2,000 pixels along the longer side are enough.",
    )


def _upright(picture: Image.Image) -> Image.Image:
    """Apply the EXIF orientation; damaged metadata is as good as none."""
    try:
        return ImageOps.exif_transpose(picture) or picture
    except Exception:
        return picture


def _to_rgb(picture: Image.Image) -> np.ndarray:
    if picture.mode.startswith("I") or picture.mode == "F":
        grey = _eight_bits(np.asarray(picture), picture.mode)
        return np.repeat(grey[:, :, None], 3, axis=2)
    if picture.mode in ("RGBA", "RGBa", "LA", "La", "PA") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, (255, 255, 255, 255))
        picture = Image.alpha_composite(white, picture)
    return np.array(picture.convert("RGB"), dtype=np.uint8)


def _eight_bits(values: np.ndarray, mode: str) -> np.ndarray:
    """Deep greyscale (H, W) as uint8: integers count as 16-bit, fractions as 0..1."""
    if mode == "F":
        if not (np.isfinite(values).all() and values.min() >= 0 and values.max() <= 1):
            raise JobFailure("bad_image", "The image has fractional values outside 0..1.", _SAVE_AGAIN)
        return np.rint(values * 255).astype(np.uint8)
    values = values.astype(np.int64)
    if values.min() < 0 or values.max() > 65535:
        raise JobFailure("bad_image", "The image has more than 16 bits a channel.", _SAVE_AGAIN)
    return np.rint(values / 257).astype(np.uint8)
