"""A picture of every category's skeleton: from the side in some frames and from the front in one, left red, right blue."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ....animal.npz import whole_file
from .folder import Entry

CELL = (190, 150)
FRAMES = 4
FINER = 2
_COLOURS = {0: "#555555", 1: "#c8302e", -1: "#1f5f9e"}


def write_sheet(path: Path, entries: Sequence[Entry], columns: int = 2) -> None:
    """Write a PNG with one row of drawings for each category, of its clip that moves most for its length."""
    chosen: dict[str, Entry] = {}
    for entry in entries:
        if entry.category not in chosen or _liveliness(entry) > _liveliness(chosen[entry.category]):
            chosen[entry.category] = entry
    columns = min(columns, max(len(chosen), 1))
    rows = -(-max(len(chosen), 1) // columns)
    width = CELL[0] * (FRAMES + 1)
    image = Image.new("RGB", (columns * width, rows * (CELL[1] + 18)), "white")
    for number, category in enumerate(sorted(chosen)):
        strip = draw_strip(chosen[category])
        image.paste(strip, ((number // rows) * width, (number % rows) * (CELL[1] + 18)))
    with whole_file(path) as stream:
        image.save(stream, "PNG", optimize=True)


def _liveliness(entry: Entry) -> float:
    moved = np.ptp(entry.motion.positions, axis=0).max(axis=-1)
    return float(moved.mean() / max(float(np.ptp(entry.motion.positions[0], axis=0).max()), 1e-9))


def draw_strip(entry: Entry) -> Image.Image:
    """A motion's skeleton from its left side in FRAMES frames, and from the front in the first of them."""
    motion = entry.motion
    size = ((FRAMES + 1) * CELL[0] * FINER, (CELL[1] + 18) * FINER)
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    title = f"{entry.category}: {len(motion.skeleton)} joints ({motion.label})"
    draw.text((6 * FINER, 3 * FINER), title, fill="black", font=ImageFont.load_default(11 * FINER))
    frames = np.linspace(0, len(motion) - 1, FRAMES).round().astype(int)
    points = motion.positions - motion.positions[:, :1] * [1.0, 1.0, 0.0]
    flat = [np.stack([points[f, :, 0], points[f, :, 2]], axis=-1) for f in frames]
    flat.append(np.stack([points[frames[0], :, 1], points[frames[0], :, 2]], axis=-1))
    spread = max(max(float(np.ptp(drawn, axis=0)[0]) / (CELL[0] - 14), float(np.ptp(drawn, axis=0)[1]) / (CELL[1] - 14)) for drawn in flat)
    for place, drawn in enumerate(flat):
        middle = 0.5 * (drawn.max(axis=0) + drawn.min(axis=0))
        at = (drawn - middle) / max(spread, 1e-9) * [1.0, -1.0]
        at = (at + np.array([CELL[0] * (place + 0.5), 18 + CELL[1] / 2])) * FINER
        _skeleton(draw, motion.skeleton.bones, motion.skeleton.sides, at)
    return image.resize((size[0] // FINER, size[1] // FINER), Image.Resampling.LANCZOS)


def _skeleton(draw: ImageDraw.ImageDraw, bones: NDArray[np.int64], sides: NDArray[np.int64], at: NDArray[np.float64]) -> None:
    for child, parent in bones[np.argsort(sides[bones[:, 0]])]:
        draw.line([tuple(at[parent]), tuple(at[child])], fill=_COLOURS[int(sides[child])], width=FINER)
    for joint, (x, y) in enumerate(at):
        radius = 1.6 * FINER
        draw.ellipse([x - radius, y - radius, x + radius, y + radius], fill=_COLOURS[int(sides[joint])])
