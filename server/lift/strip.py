"""A lifted motion at a glance: some of its frames as the camera saw them, from the side, and from above, as one picture.

Blue is the animal's left, orange its right. Rings are the tracks; where the motion has a camera, the skeleton is drawn over
them as that camera sees it. Side and top turn with the animal, whose front is to the left; grey haloes are its own uncertainty.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ...animal.anatomy import part_of
from ...animal.motion import Motion
from ...animal.skeleton import Skeleton
from ...animal.tracks import Tracks

Array = NDArray[np.float64]

CELL = (200, 165)
"""Width and height of one frame's picture, pixels before FINER."""
FINER = 2
"""Drawn so many times larger, then reduced: smooth lines."""
_TITLE, _MARGIN, _LABEL = 26, 10, 16
_LEFT, _RIGHT, _MIDDLE, _RING = (31, 95, 200), (225, 110, 20), (60, 60, 60), (25, 160, 75)
_FRONT = ("nose", "forehead", "nape", "neck", "neck_base", "withers")
_BACK = ("tail_base", "back_end", "tail_middle")


@dataclass(frozen=True)
class _Row:
    """One row: a word, flat points (N, J, 2) with y down for each cell, rings (N, J, 2) or None, haloes (N, J) or None, and
    the height (N,) of the ground's line or None; all in one unit for the whole row."""

    word: str
    points: Array
    rings: Array | None = None
    haloes: Array | None = None
    ground: Array | None = None


def draw_strip(motion: Motion, tracks: Tracks | None = None, columns: int = 8, title: str = "") -> Image.Image:
    """The picture, `columns` frames wide at most (fewer for shorter clips).

    tracks: what the motion was lifted from; their frames are found by their numbers, their joints by their names.
    """
    known = np.flatnonzero(np.isfinite(motion.positions[..., 0]).any(axis=1))
    if not len(known):
        raise ValueError("no joint of the motion is known in any frame")
    frames = known[np.unique(np.linspace(0, len(known) - 1, max(1, min(columns, len(known)))).round().astype(int))]
    rows = _rows(motion, tracks, frames)
    width = _MARGIN * 2 + CELL[0] * len(frames)
    height = _TITLE + CELL[1] * len(rows) + _MARGIN
    image = Image.new("RGB", (width * FINER, height * FINER), "white")
    pen = ImageDraw.Draw(image)
    large, small = ImageFont.load_default(13 * FINER), ImageFont.load_default(10 * FINER)
    pen.text((_MARGIN * FINER, 6 * FINER), title or motion.label or "motion", fill="black", font=large)
    for line, row in enumerate(rows):
        top = _TITLE + line * CELL[1]
        scale = _scale(row)
        pen.text((_MARGIN * FINER, (top + 2) * FINER), row.word, fill=(120, 120, 120), font=small)
        for column, frame in enumerate(frames):
            corner = np.array([_MARGIN + column * CELL[0], top])
            _draw_cell(pen, motion.skeleton, row, column, corner, scale)
            if line == 0:
                numbers = np.asarray(motion.frame_numbers)
                text = f"frame {numbers[frame]}, {(numbers[frame] - numbers[0]) / motion.fps:.2f} s"
                pen.text(((corner[0] + CELL[0] - 8) * FINER, (top + 2) * FINER), text, fill=(120, 120, 120), font=small, anchor="ra")
    return image.reduce(FINER)


def _rows(motion: Motion, tracks: Tracks | None, frames: NDArray[np.int64]) -> list[_Row]:
    positions = motion.positions[frames]
    haloes = None if motion.uncertainty is None else motion.uncertainty[frames]
    rows = []
    rings = None if tracks is None else _matched(motion, tracks, frames)
    if motion.cameras:
        seen = np.stack([motion.cameras[frame if len(motion.cameras) > 1 else 0].project(positions[i])
                         for i, frame in enumerate(frames)])  # fmt: skip
        rows.append(_Row("camera", seen, rings))
    elif rings is not None:
        rows.append(_Row("tracks", rings, rings))
    ahead = headings(motion)[frames]
    across = np.stack([-ahead[:, 1], ahead[:, 0]], axis=1)
    middle = np.nanmean(positions, axis=1, keepdims=True)
    along = -((positions - middle)[..., :2] * ahead[:, None]).sum(axis=-1)  # the front is to the left
    side = ((positions - middle)[..., :2] * across[:, None]).sum(axis=-1)
    rows.append(_Row("side", np.stack([along, -positions[..., 2]], axis=-1), None, haloes, np.zeros(len(frames))))
    # Seen from above with the front to the left, the animal's left is below.
    rows.append(_Row("above", np.stack([along, side], axis=-1), None, haloes))
    return rows


def headings(motion: Motion) -> Array:
    """(F, 2) where the animal looks in the ground's plane, unit vectors: from its hind part to its front part by the joints'
    names, else along its longest horizontal extent; smoothed over half a second. Frames that do not tell take their neighbours'."""
    parts = [part_of(name) for name in motion.skeleton.names]
    ends = [np.array([i for i, part in enumerate(parts) if part in some], int) for some in (_FRONT, _BACK)]
    flat = motion.positions[..., :2]
    with np.errstate(invalid="ignore"):
        if all(len(end) for end in ends):
            ahead = _mean(flat[:, ends[0]]) - _mean(flat[:, ends[1]])
        else:
            ahead = _longest(flat)
    known = np.flatnonzero(np.isfinite(ahead).all(axis=1) & (np.abs(ahead).max(axis=1) > 1e-9))
    if not len(known):
        return np.tile([1.0, 0.0], (len(flat), 1))
    steps = np.arange(len(flat))
    filled = np.stack([np.interp(steps, known, ahead[known, axis]) for axis in range(2)], axis=1)
    reach = max(1, round(motion.fps / 4))
    kernel = np.ones(2 * reach + 1) / (2 * reach + 1)
    padded = np.pad(filled, ((reach, reach), (0, 0)), mode="edge")
    smooth = np.stack([np.convolve(padded[:, axis], kernel, "valid") for axis in range(2)], axis=1)
    length = np.linalg.norm(smooth, axis=1, keepdims=True)
    return np.where(length > 1e-9, smooth / np.maximum(length, 1e-9), [1.0, 0.0])


def _mean(points: Array) -> Array:
    """(F, 2) means over joints that are known; nan where none is."""
    known = np.isfinite(points[..., 0])
    total = np.where(known[..., None], points, 0.0).sum(axis=1)
    return np.where(known.any(axis=1)[:, None], total / np.maximum(known.sum(axis=1), 1)[:, None], np.nan)


def _longest(flat: Array) -> Array:
    """(F, 2) the longest direction of each frame's points, not turning round from one frame to the next."""
    result = np.full((len(flat), 2), np.nan)
    before = np.array([1.0, 0.0])
    for frame, points in enumerate(flat):
        known = points[np.isfinite(points[:, 0])]
        if len(known) > 1:
            axis = np.linalg.svd(known - known.mean(axis=0), full_matrices=False)[2][0]
            before = axis if axis @ before >= 0 else -axis
            result[frame] = before
    return result


def _matched(motion: Motion, tracks: Tracks, frames: NDArray[np.int64]) -> Array:
    """(N, J, 2) the tracks in the frames and joints of the motion, nan where they have none."""
    place = {int(number): row for row, number in enumerate(np.asarray(tracks.frame_numbers))}
    joints = [tracks.skeleton.names.index(name) if name in tracks.skeleton.names else -1 for name in motion.skeleton.names]
    result = np.full((len(frames), len(joints), 2), np.nan)
    for i, number in enumerate(np.asarray(motion.frame_numbers)[frames]):
        row = place.get(int(number))
        if row is not None:
            result[i] = np.where(np.array(joints)[:, None] >= 0, tracks.points[row, joints], np.nan)
    return result


def _middles(row: _Row) -> Array:
    """(N, 2) what stands in the middle of each cell."""
    points = row.points if row.rings is None else np.concatenate([row.points, row.rings], axis=1)
    points = np.where(np.isfinite(points), points, np.nan)
    empty = ~np.isfinite(points).any(axis=(1, 2))
    points = np.where(empty[:, None, None], 0.0, points)
    middle = (np.nanmin(points, axis=1) + np.nanmax(points, axis=1)) / 2
    if row.ground is not None:  # one height for all cells, so that jumps are seen
        low, high = min(0.0, float(np.nanmin(points[..., 1]))), float(np.nanmax(points[..., 1]))
        middle[:, 1] = (low + max(high, 0.0)) / 2
    return middle


def _scale(row: _Row) -> float:
    """Pixels before FINER in one of the row's units, so that every cell has room."""
    points = row.points if row.rings is None else np.concatenate([row.points, row.rings], axis=1)
    away = np.abs(points - _middles(row)[:, None])
    away = np.where(np.isfinite(away), away, 0.0).max(axis=(0, 1))
    room = np.array([CELL[0], CELL[1] - _LABEL]) / 2 - 8
    return float((room / np.maximum(away, 1e-9)).min())


def _draw_cell(pen: ImageDraw.ImageDraw, skeleton: Skeleton, row: _Row, column: int, corner: NDArray[np.int64], scale: float) -> None:
    centre = corner + np.array([CELL[0] / 2, (CELL[1] + _LABEL) / 2])
    middle = _middles(row)[column]

    def place(points: Array) -> Array:
        return ((points - middle) * scale + centre) * FINER

    if row.ground is not None:
        y = place(np.array([0.0, row.ground[column]]))[1]
        pen.line([((corner[0] + 6) * FINER, y), ((corner[0] + CELL[0] - 6) * FINER, y)], fill=(205, 205, 205), width=FINER)
    points = place(row.points[column])
    known = np.isfinite(points).all(axis=1)
    if row.haloes is not None:
        for joint in np.flatnonzero(known & np.isfinite(row.haloes[column])):
            _disc(pen, points[joint], min(row.haloes[column][joint] * scale, CELL[1] / 4) * FINER, fill=(228, 228, 228))
    for child, parent in skeleton.bones:
        if known[child] and known[parent]:
            ends = [tuple(points[parent]), tuple(points[child])]
            pen.line(ends, fill=_colour(skeleton, child), width=round(1.8 * FINER))
    for joint in np.flatnonzero(known):
        _disc(pen, points[joint], 1.8 * FINER, fill=_colour(skeleton, int(joint)))
    if row.rings is not None:
        for ring in place(row.rings[column]):
            if np.isfinite(ring).all():
                _disc(pen, ring, 3.4 * FINER, outline=_RING)


def _colour(skeleton: Skeleton, joint: int) -> tuple[int, int, int]:
    return (_MIDDLE, _LEFT, _RIGHT)[int(skeleton.sides[joint])]


def _disc(pen: ImageDraw.ImageDraw, at: Array, radius: float, fill: tuple[int, int, int] | None = None,
          outline: tuple[int, int, int] | None = None) -> None:  # fmt: skip
    box = [at[0] - radius, at[1] - radius, at[0] + radius, at[1] + radius]
    pen.ellipse(box, fill=fill, outline=outline, width=FINER)
