"""Run lengths are pycocotools' own, byte for byte, and hostile ones are refused in words."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bestiary.animal.masks import MaskError, area, box, decode, encode

coco = pytest.importorskip("pycocotools.mask")


def theirs(mask: np.ndarray) -> dict:
    written = coco.encode(np.asfortranarray(mask.astype(np.uint8)))
    return {"size": written["size"], "counts": written["counts"].decode()}


def blobs(height: int, width: int, seed: int) -> np.ndarray:
    """Discs with holes: long runs, short ones, and ones that grow and shrink."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    mask = np.zeros((height, width), bool)
    for _ in range(12):
        cx, cy, r = rng.uniform(0, width), rng.uniform(0, height), rng.uniform(0.5, max(1.0, height / 3))
        mask ^= (x - cx) ** 2 + (y - cy) ** 2 < r * r
    return mask


@pytest.mark.parametrize(("height", "width"), [(1, 1), (7, 5), (64, 64), (480, 640), (2000, 3000)])
def test_the_text_is_pycocotools_own(height: int, width: int) -> None:
    for mask in (blobs(height, width, 3), np.zeros((height, width), bool), np.ones((height, width), bool)):
        assert encode(mask) == theirs(mask)
        assert np.array_equal(decode(theirs(mask)), mask)
        assert area(encode(mask)) == mask.sum()


@given(arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12))))
def test_any_mask_comes_back(mask: np.ndarray) -> None:
    written = encode(mask)
    assert written == theirs(mask)
    assert np.array_equal(decode(written), mask)


@given(st.text(alphabet=[chr(c) for c in range(40, 120)], max_size=40), st.integers(0, 40), st.integers(0, 40))
def test_any_text_is_a_mask_of_the_stated_size_or_refused(counts: str, height: int, width: int) -> None:
    try:
        mask = decode({"size": [height, width], "counts": counts})
    except MaskError:
        return
    assert mask.shape == (height, width)
    assert area({"size": [height, width], "counts": counts}) == mask.sum()


@pytest.mark.parametrize(("written", "says"), [
    (None, "size"), ({}, "size"), ({"size": [2], "counts": ""}, "size"), ({"size": [2, -1], "counts": ""}, "size"),
    ({"size": [1 << 20, 1 << 20], "counts": "0"}, "too large"), ({"size": [2, 2]}, "text"),
    ({"size": [2, 2], "counts": "5"}, "outside"), ({"size": [2, 2], "counts": "3"}, "cover"),
    ({"size": [2, 2], "counts": "T"}, "cut off"), ({"size": [2, 2], "counts": "\u00e9"}, "outside|character"),
    ({"size": [2, 2], "counts": "ooooooooooo0"}, "longer"), ({"size": [2, 2], "counts": "1" * 10000}, "too many"),
    ({"size": [2, 2], "counts": [True]}, "whole numbers")])  # fmt: skip
def test_what_is_no_mask_is_refused_in_words(written: object, says: str) -> None:
    with pytest.raises(MaskError, match=says):
        decode(written)


def test_boxes_and_plain_counts() -> None:
    mask = np.zeros((6, 9), bool)
    assert box(mask) is None
    mask[2:5, 3:8] = True
    assert box(mask) == [3, 2, 5, 3]
    assert np.array_equal(decode({"size": [2, 3], "counts": [1, 2, 3]}), [[False, True, False], [True, False, False]])
