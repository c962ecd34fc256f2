"""Pictures that steer a generator: Canny's edges (Canny 1986), edges of the geometry itself, and near-to-far as grey.

`edges` finds them in a grey picture. `control_edges` reads them off the truth: an animal's outline, its inner contours
(a leg before the belly, the fold of a shoulder) and whatever stands before it, but no texture of coat or ground. Lines are white on
black, one pixel wide, as ControlNets learn them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Mask = NDArray[np.bool_]
Array = NDArray[np.float32]

CREASE_DEGREES = 42.0
"""Neighbouring pixels of a body whose surfaces differ by more make an edge; by half of it, next to one."""
STEP_OF_BODY = 0.07
"""So does a step in depth of this share of the body's own extent in depth (at least of `STEP_OF_DISTANCE` of the distance)."""
STEP_OF_DISTANCE = 0.004
OCCLUDER_STEP = 0.12
"""A thing before an animal is drawn as far as what is behind it lies this much farther, of the distance."""
OCCLUDER_WIDTH = 0.008
"""Thinner things (blades of grass, twigs) are left out; of the picture's longer side."""
SPECK = 0.012
"""Shorter lines (of hair, of facets, of a hoof between blades of grass) are left out; of the picture's longer side."""
MAX_PIXELS = 1 << 26


def edges(grey: ArrayLike, low: float = 60.0, high: float = 140.0, sigma: float = 1.2) -> NDArray[np.uint8]:
    """Canny's edges of a grey picture (H, W): 255 on an edge, else 0.

    sigma: of the Gaussian in pixels, 0 for none. low, high: thresholds on the length of the gradient by Sobel's 3 x 3 masks (a
    sharp step of s grey levels gives 4 s before smoothing). An edge is a ridge of the gradient that is above `low` and connected to
    a pixel above `high`.
    """
    picture = np.asarray(grey, np.float32)
    if picture.ndim != 2 or not 0 < picture.size <= MAX_PIXELS:
        raise ValueError(f"edges are found in a grey picture (H, W) of at most {MAX_PIXELS} pixels, not {picture.shape}")
    if not (np.isfinite([low, high, sigma]).all() and 0 <= low <= high and 0 <= sigma <= 100):
        raise ValueError(f"edges need 0 <= low <= high and a sigma of 0 to 100, got {low}, {high}, {sigma}")
    if not np.isfinite(picture).all():
        raise ValueError("the picture holds values that are not finite")
    gx, gy = sobel(smooth(picture, sigma))
    strength = np.hypot(gx, gy)
    ridge = _ridge(strength, gx, gy, max(low, 1e-6))
    return _white(connected(ridge, ridge & (strength >= high)))


def smooth(picture: Array, sigma: float) -> Array:
    """Gaussian of sigma pixels over a picture (H, W), its border repeated outward."""
    if sigma <= 0:
        return picture
    reach = max(1, int(np.ceil(3.0 * sigma)))
    taps = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2).astype(np.float32)
    taps /= taps.sum()
    for axis in (0, 1):
        size = picture.shape[axis]
        pad = [(reach, reach) if a == axis else (0, 0) for a in (0, 1)]
        padded = np.pad(picture, pad, mode="edge")
        parts = [padded[i : i + size] if axis == 0 else padded[:, i : i + size] for i in range(2 * reach + 1)]
        picture = taps[reach] * parts[reach]
        for i in range(reach):  # the mask is symmetric
            picture += taps[i] * (parts[i] + parts[-1 - i])
    return picture


def sobel(picture: Array) -> tuple[Array, Array]:
    """Sobel's gradients along x and y (H, W), border repeated."""
    p = np.pad(picture, 1, mode="edge")
    down = p[:-2] + 2 * p[1:-1] + p[2:]
    across = p[:, :-2] + 2 * p[:, 1:-1] + p[:, 2:]
    return down[:, 2:] - down[:, :-2], across[2:] - across[:-2]


def _ridge(strength: Array, gx: Array, gy: Array, low: float) -> Mask:
    """(H, W) where the strength is above `low` and largest along the gradient, compared between the pixels that it points at."""
    height, width = strength.shape
    padded = np.pad(strength, 1).ravel()
    y, x = np.nonzero(strength >= low)
    here, dx, dy = strength[y, x], gx[y, x], gy[y, x]
    flat = (y + 1) * (width + 2) + x + 1
    steep = np.abs(dy) > np.abs(dx)
    along = np.where(steep, np.sign(dy) * (width + 2), np.sign(dx)).astype(np.int64)
    aside = np.where(steep, np.sign(dx), np.sign(dy) * (width + 2)).astype(np.int64)
    long, short = np.maximum(np.abs(dx), np.abs(dy)), np.minimum(np.abs(dx), np.abs(dy))
    share = short / np.maximum(long, 1e-20)
    ahead = (1 - share) * padded[flat + along] + share * padded[flat + along + aside]
    behind = (1 - share) * padded[flat - along] + share * padded[flat - along - aside]
    slack = 1e-5 * here  # of two that are equally strong the one ahead is kept, whatever the last bit says
    keep = (here > ahead + slack) & (here >= behind - slack)
    ridge = np.zeros((height, width), bool)
    ridge[y[keep], x[keep]] = True
    return ridge


def connected(weak: Mask, strong: Mask) -> Mask:
    """The pixels of `weak` (H, W) that are connected, over eight neighbours within it, to one of `strong`."""
    places, root = _components(weak)
    chosen = np.zeros(len(places), bool)
    chosen[root[strong.ravel()[places]]] = True
    return _marked(weak, places, chosen[root])


def _without_specks(lines: Mask, least: int) -> Mask:
    """Lines (H, W) without those of fewer than `least` connected pixels."""
    places, root = _components(lines)
    return _marked(lines, places, np.bincount(root, minlength=len(places))[root] >= least)


def _components(mask: Mask) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The flat places (n,) of a mask's pixels and for each the number of one that stands for all it is connected to.

    Neighbours' labels are hooked together and shortened until they agree: a few rounds however long the lines are.
    """
    places = np.flatnonzero(mask)
    number = np.full(mask.shape, -1, np.int64)
    number.ravel()[places] = np.arange(len(places))
    pairs = []
    diagonals = ((np.s_[:-1, :-1], np.s_[1:, 1:]), (np.s_[:-1, 1:], np.s_[1:, :-1]))
    for a, b in (_neighbours(0), _neighbours(1), *diagonals):
        both = mask[a] & mask[b]
        pairs.append(np.stack([number[a][both], number[b][both]]))
    one, two = np.concatenate(pairs, axis=1)
    root = np.arange(len(places))
    while True:
        first, second = root[one], root[two]
        differ = first != second
        if not differ.any():
            return places, root
        one, two, first, second = one[differ], two[differ], first[differ], second[differ]
        np.minimum.at(root, np.maximum(first, second), np.minimum(first, second))
        while (root[root] != root).any():
            root = root[root]


def _marked(like: Mask, places: NDArray[np.int64], values: Mask) -> Mask:
    """A mask (H, W) that is true at the flat places where values (n,) is."""
    result = np.zeros(like.shape, bool)
    result.ravel()[places] = values
    return result


def control_edges(depth: ArrayLike, normals: ArrayLike, ids: ArrayLike) -> NDArray[np.uint8]:
    """Edges of the geometry (H, W), 255 on an edge: outlines and inner contours of animals, and what stands before them.

    depth (H, W) metres along the camera's axis, inf, nan or 0 where nothing is; normals (H, W, 3) in camera axes, zeros where nothing
    is; ids (H, W), 0 for no animal. A line runs on the nearer side of its edge.
    """
    depth, normals, ids = np.asarray(depth, np.float32), np.asarray(normals, np.float32), np.asarray(ids)
    if ids.ndim != 2 or depth.shape != ids.shape or normals.shape != (*ids.shape, 3) or ids.size > MAX_PIXELS:
        raise ValueError(f"need depth (H, W), normals (H, W, 3) and ids (H, W), got {depth.shape}, {normals.shape}, {ids.shape}")
    with np.errstate(divide="ignore"):
        near = np.where(np.isfinite(depth) & (depth > 0), 1.0 / depth, 0.0).astype(np.float32)
    least = max(4, round(SPECK * max(ids.shape)))
    lines = _occluders(near, ids)
    box = _around(ids)
    near, normals, ids = near[box], normals[box], ids[box]
    outline, inner = np.zeros(ids.shape, bool), np.zeros(ids.shape, np.float32)
    limit = _steps(near, ids)
    for axis in (0, 1):
        _outline(outline, near, ids, axis)
        _contours(inner, near, normals, ids, limit, axis)
    lines[box] |= outline | _without_specks(_thin(connected(inner >= 0.5, inner >= 1.0)), least)
    return _white(_without_specks(_thin(lines), least))


def _around(ids: NDArray) -> tuple[slice, slice]:
    """The rows and columns that hold animals, and one more on each side."""
    rows, columns = (np.flatnonzero((ids > 0).any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return slice(0), slice(0)
    return slice(max(0, rows[0] - 1), rows[-1] + 2), slice(max(0, columns[0] - 1), columns[-1] + 2)


def _steps(near: Array, ids: NDArray) -> Array:
    """(H, W) the step in 1/depth that makes an edge on each body."""
    limit = np.full(ids.shape, np.inf, np.float32)
    for number in np.unique(ids[ids > 0]):
        body = ids == number
        values = near[body]
        values = values[values > 0]
        if len(values):
            far, close = np.percentile(values, (3, 97))
            limit[body] = max(STEP_OF_BODY * (close - far), STEP_OF_DISTANCE * float(np.median(values)))
    return limit


def _outline(lines: Mask, near: Array, ids: NDArray, axis: int) -> None:
    """Mark in `lines` the pixels beside borders of ids along an axis: the animal's own, or of two animals the nearer one's."""
    a, b = _neighbours(axis)
    other = ids[a] != ids[b]
    first = np.where((ids[a] == 0) | (ids[b] == 0), ids[b] == 0, near[a] >= near[b])
    lines[a] |= other & first
    lines[b] |= other & ~first


def _contours(strength: Array, near: Array, normals: Array, ids: NDArray, limit: Array, axis: int) -> None:
    """Raise `strength` at steps and folds within a body along an axis: 1 is an edge. The nearer pixel has it.

    1/depth is linear in the picture over a plane, so a step tells itself from a slope by its neighbours, which a slope shares.
    """
    if ids.shape[axis] < 4:
        return
    a, b = _neighbours(axis)
    inside = (ids[a] > 0) & (ids[a] == ids[b])
    step = near[b] - near[a]
    slope = np.zeros_like(step)
    for shift in (1, -1):
        beside = np.roll(step, shift, axis)
        slope = np.where((np.sign(beside) == np.sign(step)) & (np.abs(beside) > np.abs(slope)), beside, slope)
    jump = np.maximum(np.abs(step) - np.abs(slope), 0.0)
    along = normals[a] * normals[b]
    turn = 1.0 - (along[..., 0] + along[..., 1] + along[..., 2])
    # Where a surface is seen edge-on every bump turns it far, and the outline is near anyway.
    facing = np.clip(-2.0 * np.maximum(normals[a][..., 2], normals[b][..., 2]), 0.0, 1.0)
    fold = facing * turn / np.float32(1.0 - np.cos(np.radians(CREASE_DEGREES)))
    # Of a fold that is spread over several pixels only the sharpest place counts.
    peak = (fold >= np.roll(fold, 1, axis)) & (fold > np.roll(fold, -1, axis))
    crack = np.where(inside, np.maximum(jump / np.minimum(limit[a], limit[b]), np.where(peak, fold, 0.0)), 0.0)
    # At the picture's border the neighbours came round from the other side.
    for side in (np.s_[:1], np.s_[-1:]):
        crack[side if axis == 0 else (slice(None), side)] = 0.0
    strength[a] = np.maximum(strength[a], np.where(step <= 0, crack, 0.0))
    strength[b] = np.maximum(strength[b], np.where(step <= 0, 0.0, crack))


def _neighbours(axis: int) -> tuple[Any, Any]:
    """What picks each pixel and the next one along an axis."""
    return (np.s_[:-1], np.s_[1:]) if axis == 0 else (np.s_[:, :-1], np.s_[:, 1:])


def _occluders(near: Array, ids: NDArray) -> Mask:
    """(H, W) outlines of things that stand before animals, from where they cut an animal off to where they end."""
    nothing = ids == 0
    if not (~nothing).any() or not nothing.any():
        return np.zeros(ids.shape, bool)
    reach = max(1, round(OCCLUDER_WIDTH * max(ids.shape) / 2))
    broad = np.where(nothing, _opened(np.where(nothing, near, 0.0), reach), 0.0)  # blades and twigs are gone
    weak, cut = np.zeros(ids.shape, bool), np.zeros(ids.shape, bool)
    for a, b in (_neighbours(0), _neighbours(1)):
        for here, there in ((a, b), (b, a)):
            stands = broad[here] > (1.0 + OCCLUDER_STEP) * near[there]
            weak[here] |= stands & nothing[there]
            cut[here] |= stands & ~nothing[there]
    return connected(weak | cut, cut) & nothing


def _opened(values: Array, reach: int) -> Array:
    """Grey opening (H, W) by a square of 2 reach + 1 pixels: what is bright and narrower goes."""
    return _extreme(_extreme(values, reach, np.minimum), reach, np.maximum)


def _extreme(values: Array, reach: int, choose: np.ufunc) -> Array:
    """The least or the largest value (H, W) within `reach` pixels along both axes."""
    for axis in (0, 1):
        pad = [(reach, reach) if a == axis else (0, 0) for a in (0, 1)]
        padded = np.pad(values, pad, mode="edge")
        size = values.shape[axis]
        values = padded[:size] if axis == 0 else padded[:, :size]
        for i in range(1, 2 * reach + 1):
            values = choose(values, padded[i : i + size] if axis == 0 else padded[:, i : i + size])
    return values


def _thin(lines: Mask) -> Mask:
    """Staircases lose their corners, so that lines are one pixel wide; what was connected over eight neighbours stays so."""
    lines = lines.copy()
    for flip_y, flip_x in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
        view = lines[::flip_y, ::flip_x]
        p = np.pad(view, 1)
        up, right, down, left = p[:-2, 1:-1], p[1:-1, 2:], p[2:, 1:-1], p[1:-1, :-2]
        view &= ~(up & right & ~p[:-2, 2:] & ~down & ~left & ~p[2:, :-2])
    return lines


def control_depth(depth: ArrayLike) -> NDArray[np.uint8]:
    """Near white, far black, nothing 0 (H, W): 1/depth between robust limits, as depth ControlNets learn it.

    depth (H, W) metres; inf, nan or 0 where nothing is. What is there is at least 1, so that the far stays apart from the sky.
    """
    depth = np.asarray(depth, np.float32)
    if depth.ndim != 2 or depth.size > MAX_PIXELS:
        raise ValueError(f"depth must be (H, W) with at most {MAX_PIXELS} pixels, not {depth.shape}")
    there = np.isfinite(depth) & (depth > 0)
    picture = np.zeros(depth.shape, np.uint8)
    if not there.any():
        return picture
    near = 1.0 / depth[there]
    far, close = np.percentile(near, (0.5, 99.0))
    span = float(close - far)
    share = np.clip((near - far) / span, 0.0, 1.0) if span > 1e-6 * float(close) else np.full(near.shape, 0.5)
    picture[there] = np.rint(1.0 + 254.0 * share).astype(np.uint8)
    return picture


def _white(lines: Mask) -> NDArray[np.uint8]:
    """255 where a line is."""
    return lines.astype(np.uint8) * np.uint8(255)
