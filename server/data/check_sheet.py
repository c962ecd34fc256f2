"""Pictures of the worst that a check has found: masks that differ, depth that is wrong, each cropped to its animal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ...animal import masks
from .check_picture import Seen, depth_errors, look
from .fields import RecordError
from .records import Dataset, Record
from .surfaces import Surfaces

TILE = 320  # pixels of a tile's side
_SHOWN = 4
_BOTH, _WRITTEN, _DRAWN = (70, 170, 90), (230, 60, 40), (60, 110, 240)
_FULL_PERCENT = 2.0  # the depth error that is drawn in full red

Case = tuple[float, str, int]
Draw = Callable[[Dataset, Record, Seen], NDArray[np.uint8]]


def draw_worst(herd: Dataset, surfaces: Surfaces, worst: Mapping[str, Sequence[Case]], out: Path) -> None:
    """Write `worst_masks.png` and `worst_depth.png` where there is something to see; old ones are taken away."""
    for name, measure, draw in (("worst_masks.png", "mask_iou_min_all", _masks), ("worst_depth.png", "depth_error_percent_max", _depth)):
        tiles = []
        for value, picture, number in worst.get(measure, ())[:_SHOWN]:
            if measure.startswith("mask") and value >= 1.0:
                continue
            tile = _tile(herd, surfaces, picture, number, draw)
            if tile is not None:
                tiles.append(_labelled(tile, f"{picture} animal {number}: {value:.4f}"))
        path = out / name
        if not tiles:
            path.unlink(missing_ok=True)
            continue
        sheet = Image.new("RGB", (TILE * len(tiles), TILE), "white")
        for i, tile in enumerate(tiles):
            sheet.paste(tile, (TILE * i, 0))
        draft = out / f".{name}.tmp"
        sheet.save(draft, "PNG")
        draft.replace(path)


def _tile(herd: Dataset, surfaces: Surfaces, picture: str, number: int, draw: Draw) -> Image.Image | None:
    """One case, cropped and scaled; None for what cannot be read any more."""
    try:
        record = herd.record(picture)
        seen = next(one for one in look(herd, record, surfaces) if one.animal.id == number)
        pixels = draw(herd, record, seen)
    except (RecordError, OSError, StopIteration):
        return None
    box = masks.box(seen.whole | seen.raster.silhouette)
    if box is None:
        return None
    x, y, width, height = box
    side, middle = max(width, height) + 8, (x + width / 2, y + height / 2)
    left, top = round(middle[0] - side / 2), round(middle[1] - side / 2)
    return Image.fromarray(pixels).crop((left, top, left + side, top + side)).resize((TILE, TILE), Image.Resampling.NEAREST)


def _masks(herd: Dataset, record: Record, seen: Seen) -> NDArray[np.uint8]:
    """The picture with what both say tinted green, what is only written red, only drawn blue."""
    pixels = herd.image(record).astype(np.float64)
    drawn = seen.raster.silhouette
    written = seen.whole
    for where, colour, share in ((written & drawn, _BOTH, 0.4), (written & ~drawn, _WRITTEN, 1.0), (drawn & ~written, _DRAWN, 1.0)):
        pixels[where] = (1 - share) * pixels[where] + share * np.array(colour)
    return pixels.astype(np.uint8)


def _depth(herd: Dataset, record: Record, seen: Seen) -> NDArray[np.uint8]:
    """The picture in grey, the depth's error from green to red where it was judged."""
    pixels = np.repeat(herd.image(record).mean(axis=2, keepdims=True) * 0.6, 3, axis=2)
    errors, judged = depth_errors(record, seen, herd.ids(record), herd.depth_steps(record))
    share = np.clip(errors[judged] / _FULL_PERCENT, 0, 1)[:, None]
    pixels[judged] = (1 - share) * np.array(_BOTH) + share * np.array(_WRITTEN)
    return pixels.astype(np.uint8)


def _labelled(tile: Image.Image, text: str) -> Image.Image:
    draw = ImageDraw.Draw(tile)
    draw.rectangle((0, 0, TILE, 18), fill="black")
    draw.text((4, 3), text, fill="white", font=ImageFont.load_default(11))
    return tile
