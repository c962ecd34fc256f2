"""Every kind of picture that people send, sound or broken."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bestiary.server.engine import JobFailure
from bestiary.server.pictures import MAX_PIXELS, check_size, decode_image, encode_image, limit_size


@pytest.fixture
def photo():
    """uint8 (40, 60, 3): a smooth picture with a bright top-left corner."""
    y, x = np.mgrid[:40, :60]
    return np.stack([255 - 4 * x, 200 - 3 * y, x + y], axis=2).astype(np.uint8)


def encoded(picture, format="PNG", **more):
    buffer = io.BytesIO()
    picture.save(buffer, format, **more)
    return buffer.getvalue()


def png_header(width, height):
    """The start of a PNG file that claims this size."""
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = b"IDAT" + zlib.compress(b"\0" * 1000)
    parts = [struct.pack(">I", len(part) - 4) + part + struct.pack(">I", zlib.crc32(part)) for part in (body, data)]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize("format", ["PNG", "BMP", "TIFF", "PPM"])
def test_lossless_formats_come_back_as_they_were(photo, format):
    decoded = decode_image(encoded(Image.fromarray(photo), format))
    assert decoded.dtype == np.uint8 and decoded.flags.c_contiguous and decoded.flags.writeable
    np.testing.assert_array_equal(decoded, photo)


@pytest.mark.parametrize("format", ["JPEG", "WEBP"])
def test_lossy_formats_come_back_nearly(photo, format):
    decoded = decode_image(np.frombuffer(encoded(Image.fromarray(photo), format, quality=95), np.uint8))
    assert np.abs(decoded.astype(int) - photo).mean() < 3


def test_what_is_encoded_is_decoded(photo):
    np.testing.assert_array_equal(decode_image(encode_image(photo)), photo)
    assert decode_image(encode_image(photo, "JPEG")).shape == photo.shape


def test_greyscale_of_8_and_16_bits(photo):
    grey = photo[:, :, 0]
    expected = np.repeat(grey[:, :, None], 3, axis=2)
    np.testing.assert_array_equal(decode_image(encoded(Image.fromarray(grey))), expected)
    deep = Image.fromarray(grey.astype(np.uint16) * 257)
    np.testing.assert_array_equal(decode_image(encoded(deep)), expected)
    np.testing.assert_array_equal(decode_image(encoded(deep, "TIFF")), expected)


def test_16_bit_colour_png_is_scaled(photo):
    rows = b"".join(b"\0" + (row.astype(">u2") * 257).tobytes() for row in photo)
    chunks = [b"IHDR" + struct.pack(">IIBBBBB", 60, 40, 16, 2, 0, 0, 0), b"IDAT" + zlib.compress(rows), b"IEND"]
    data = b"".join(struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in chunks)
    np.testing.assert_array_equal(decode_image(b"\x89PNG\r\n\x1a\n" + data), photo)


def test_cmyk(photo):
    decoded = decode_image(encoded(Image.fromarray(photo).convert("CMYK"), "JPEG", quality=95))
    assert decoded.shape == photo.shape
    assert np.abs(decoded.astype(int) - photo).mean() < 4


def test_what_is_transparent_becomes_white(photo):
    alpha = np.full(photo.shape[:2], 255, np.uint8)
    alpha[:, 30:] = 0
    decoded = decode_image(encoded(Image.fromarray(np.dstack([photo, alpha]))))
    np.testing.assert_array_equal(decoded[:, :30], photo[:, :30])
    assert (decoded[:, 30:] == 255).all()


def test_palette_with_transparency(photo):
    picture = Image.fromarray(photo).quantize(16)
    data = encoded(picture, "PNG", transparency=0)
    assert decode_image(data).shape == photo.shape


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation_is_undone(photo, orientation):
    """The camera stored the pixels turned; the tag tells how to turn them back."""
    turned = {1: photo, 2: photo[:, ::-1], 3: photo[::-1, ::-1], 4: photo[::-1], 5: photo.swapaxes(0, 1),
              6: np.rot90(photo, 1), 7: np.rot90(photo, 1)[:, ::-1].copy(), 8: np.rot90(photo, -1)}  # fmt: skip
    turned[7] = photo[::-1, ::-1].swapaxes(0, 1)
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(Image.fromarray(np.ascontiguousarray(turned[orientation])), "PNG", exif=exif)
    np.testing.assert_array_equal(decode_image(data), photo)


def test_damaged_exif_is_passed_over(photo):
    data = encoded(Image.fromarray(photo), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff garbage", quality=95)
    assert decode_image(data).shape == photo.shape


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_truncated(photo, format):
    data = encoded(Image.fromarray(photo), format)
    with pytest.raises(JobFailure, match=r"damaged|no known picture format") as caught:
        decode_image(data[: len(data) // 2])
    assert caught.value.code == "bad_image" and caught.value.advice


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"%!PS-Adobe-3.0 EPSF-3.0\n", b"\x89PNG\r\n\x1a\n" + bytes(100), bytes(5000)]
)
def test_what_is_no_picture(data):
    with pytest.raises(JobFailure) as caught:
        decode_image(data)
    assert caught.value.code == "bad_image" and caught.value.advice


@given(st.binary(max_size=300), st.integers(0, 800))
def test_random_damage_is_a_failure_or_a_picture(noise, at):
    base = encoded(Image.fromarray(np.full((40, 40, 3), 90, np.uint8)), "JPEG")
    data = base[:at] + noise + base[at + len(noise) :]
    try:
        assert decode_image(data).ndim == 3
    except JobFailure as failure:
        assert failure.code in ("bad_image", "image_size")


def test_one_pixel_is_too_small():
    with pytest.raises(JobFailure, match="1 x 1 pixels") as caught:
        decode_image(encoded(Image.new("RGB", (1, 1))))
    assert caught.value.code == "image_size"


@pytest.mark.parametrize("size", [(20_000, 20_000), (9_000, 9_000), (60_000, 60_000), (2**31 - 1, 1)])
def test_huge_pictures_are_refused_before_they_are_allocated(size):
    data = png_header(*size)
    tracemalloc.start()
    try:
        with pytest.raises(JobFailure) as caught:
            decode_image(data)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()
    assert caught.value.code == "image_size" and "smaller" in caught.value.advice


def test_raw_pixels_have_the_same_limits(photo):
    assert limit_size(photo) is photo
    for bad in (photo[:, :, 0], photo.astype(float), photo[:4]):
        with pytest.raises(JobFailure):
            limit_size(bad)
    check_size(8_000, MAX_PIXELS // 8_000)
