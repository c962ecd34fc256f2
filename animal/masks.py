"""Masks as COCO run lengths, in numpy alone: `{"size": [height, width], "counts": "…"}`.

Runs go down the columns and begin with one of background, which may be empty. From the fourth on each run is written as
its difference to the one two before, six bits a character: five of the number, the lowest first, and one that says more
follow. The same mask gives the same text as pycocotools.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

MAX_PIXELS = 1 << 28
"""The largest mask that is decoded."""

_BITS = 5
_MORE = 0x20
_SIGN = 0x10
_FIRST = 48  # the character '0' stands for 0
_MOST = 7  # characters of one run: 35 bits are more than MAX_PIXELS needs, with its sign


class MaskError(ValueError):
    """Run lengths that are no mask; the message says why."""


def encode(mask: ArrayLike) -> dict[str, Any]:
    """The run lengths of mask (H, W), true where the animal is."""
    mask = np.asarray(mask)
    if mask.ndim != 2:
        raise MaskError(f"a mask has two axes, got an array of shape {mask.shape}")
    return {"size": [int(mask.shape[0]), int(mask.shape[1])], "counts": _text(_runs(mask.astype(bool)))}


def decode(run_lengths: Any) -> NDArray[np.bool_]:
    """The mask (H, W) of run lengths. Raises MaskError for what is none, before anything large is allocated."""
    height, width = _size(run_lengths)
    runs = _numbers(run_lengths.get("counts"), height * width)
    if (runs < 0).any() or runs.sum() != height * width:
        raise MaskError(f"the runs of a mask must cover its {width} x {height} pixels, these cover {int(runs.sum())}")
    inside = np.arange(len(runs)) % 2 == 1
    return np.repeat(inside, runs).reshape(width, height).T


def area(run_lengths: Any) -> int:
    """The number of pixels of a mask, without decoding it. Raises MaskError."""
    height, width = _size(run_lengths)
    return int(_numbers(run_lengths.get("counts"), height * width)[1::2].sum())


def box(mask: ArrayLike) -> list[int] | None:
    """x, y, width, height in pixels around mask (H, W), or None when it is empty."""
    mask = np.asarray(mask, bool)
    columns, rows = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
    if not len(columns):
        return None
    return [int(columns[0]), int(rows[0]), int(columns[-1] - columns[0] + 1), int(rows[-1] - rows[0] + 1)]


def _size(run_lengths: Any) -> tuple[int, int]:
    """Height and width that run lengths state."""
    size = run_lengths.get("size") if isinstance(run_lengths, dict) else None
    if not isinstance(size, (list, tuple)) or len(size) != 2 or not all(type(n) is int and n >= 0 for n in size):
        raise MaskError('a mask is {"size": [height, width], "counts": "…"}')
    if size[0] * size[1] > MAX_PIXELS:
        raise MaskError(f"a mask of {size[1]} x {size[0]} pixels is too large")
    return size[0], size[1]


def _runs(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Lengths of the runs down the columns, the first one of background."""
    flat = mask.T.ravel()
    if not len(flat):
        return np.zeros(0, np.int64)
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    start = [0, 0] if flat[0] else [0]  # a mask that begins inside has no background before it
    return np.diff(np.concatenate([start, changes, [len(flat)]]).astype(np.int64))


def _text(runs: NDArray[np.int64]) -> str:
    """Runs as characters."""
    values = runs.copy()
    values[3:] -= runs[1:-2]
    # Row k holds the k-th five bits; a number ends where the rest is all sign and the sign bit of the last five says so.
    shifts = _BITS * np.arange(_MOST)
    groups = (values[:, None] >> shifts) & 0x1F
    rest = values[:, None] >> (shifts + _BITS)
    ended = np.where(groups & _SIGN != 0, rest == -1, rest == 0)
    count = ended.argmax(axis=1) + 1
    place = np.arange(_MOST)
    groups = groups | np.where(place < count[:, None] - 1, _MORE, 0)
    return (groups[place < count[:, None]] + _FIRST).astype(np.uint8).tobytes().decode("ascii")


def _numbers(counts: Any, pixels: int) -> NDArray[np.int64]:
    """The runs (n,) of characters or of a plain list, for a mask of so many pixels."""
    if isinstance(counts, (list, tuple)):  # COCO's other way of writing them
        if len(counts) > pixels + 2 or not all(type(n) is int and 0 <= n <= pixels for n in counts):
            raise MaskError("the counts of a mask are whole numbers from 0, no more than its pixels")
        return np.array(counts, np.int64)
    if isinstance(counts, str):
        counts = counts.encode("ascii", "replace")
    if not isinstance(counts, bytes):
        raise MaskError("the counts of a mask are text")
    if len(counts) > _MOST * (pixels + 2):
        raise MaskError(f"{len(counts)} characters are too many for a mask of {pixels} pixels")
    code = np.frombuffer(counts, np.uint8).astype(np.int64) - _FIRST
    if ((code < 0) | (code > 63)).any():
        raise MaskError("the counts of a mask hold a character that stands for nothing")
    last = np.flatnonzero(code & _MORE == 0)
    if len(code) and (not len(last) or last[-1] != len(code) - 1):
        raise MaskError("the counts of a mask are cut off")
    first = np.concatenate([[0], last[:-1] + 1]).astype(np.int64) if len(last) else last
    length = last - first + 1
    if len(length) and length.max() > _MOST:
        raise MaskError("a run of a mask is longer than any picture")
    values = np.add.reduceat((code & 0x1F) << (_BITS * (np.arange(len(code)) - np.repeat(first, length))), first) if len(first) else first
    values = np.where(code[last] & _SIGN != 0, values - (np.int64(1) << (_BITS * length)), values) if len(last) else values
    return _summed(values, pixels)


def _summed(values: NDArray[np.int64], pixels: int) -> NDArray[np.int64]:
    """Differences to the run two before, from the fourth run on, added up."""
    runs = values.copy()
    if len(runs) > 3:
        # Runs 1, 3, 5, … and 2, 4, 6, … are two chains; run 0 and the first of each are written as they are.
        runs[1::2] = np.cumsum(values[1::2])
        runs[2::2] = np.cumsum(values[2::2])
    if len(runs) and (runs.min() < 0 or runs.max() > pixels):
        raise MaskError(f"a run of a mask lies outside of its {pixels} pixels")
    return runs
