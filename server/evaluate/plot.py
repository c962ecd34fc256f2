"""Line charts with Pillow: enough for a curve beside a table, without a plotting library."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

COLOURS = ("#1f5f9e", "#c8501e", "#2f8a4e", "#8a4fa3", "#8c6d1f", "#4a4a4a")
FINER = 2  # drawn so many times larger, then reduced: smooth lines


def line_plot(
    path: Path,
    series: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    x_label: str,
    y_label: str,
    log_x: bool = False,
    size: tuple[int, int] = (640, 400),
) -> None:
    """Write a PNG of named curves (x, y); y starts at zero. log_x: equal ratios of x are equally far apart.

    Points that are not finite (or not positive on a logarithmic axis) are left out. Raises ValueError without any point.
    """
    curves = {name: _known(x, y, log_x) for name, (x, y) in series.items()}
    every = np.concatenate([points for points in curves.values() if len(points)] or [np.zeros((0, 2))])
    if not len(every):
        raise ValueError("there is no point to draw")
    width, height = (FINER * n for n in size)
    font = ImageFont.load_default(12 * FINER)
    box = (64 * FINER, 14 * FINER, width - 16 * FINER, height - 52 * FINER)
    low, high = float(every[:, 0].min()), float(every[:, 0].max())
    high = high if high > low else low + 1.0
    least, most = min(0.0, float(every[:, 1].min()) * 1.05), max(0.0, float(every[:, 1].max()) * 1.05)
    ticks = _ticks(least, most if most > least else least + 1.0)
    image = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(image)

    def place(points: np.ndarray) -> list[tuple[float, float]]:
        across = (points[:, 0] - low) / (high - low) * (box[2] - box[0]) + box[0]
        down = box[3] - (points[:, 1] - ticks[0]) / (ticks[-1] - ticks[0]) * (box[3] - box[1])
        return list(zip(across.tolist(), down.tolist(), strict=True))

    for value in ticks:
        ((_, y),) = place(np.array([[low, value]]))
        draw.line([(box[0], y), (box[2], y)], fill="#dddddd", width=FINER)
        draw.text((box[0] - 6 * FINER, y), f"{value:.4g}", fill="#333333", font=font, anchor="rm")
    for value in _powers(low, high) if log_x else _ticks(low, high):
        if low <= value <= high:
            ((x, _),) = place(np.array([[value, ticks[0]]]))
            draw.line([(x, box[3]), (x, box[3] + 4 * FINER)], fill="#888888", width=FINER)
            text = f"{10**value:.4g}" if log_x else f"{value:.4g}"
            draw.text((x, box[3] + 7 * FINER), text, fill="#333333", font=font, anchor="ma")
    draw.text(((box[0] + box[2]) / 2, height - 8 * FINER), x_label, fill="black", font=font, anchor="mb")
    _upright(image, y_label, font, (box[1] + box[3]) // 2)
    for number, (name, points) in enumerate(curves.items()):
        colour = COLOURS[number % len(COLOURS)]
        if len(points) > 1:
            draw.line(place(points), fill=colour, width=2 * FINER, joint="curve")
        for x, y in place(points):
            draw.ellipse([x - 3 * FINER, y - 3 * FINER, x + 3 * FINER, y + 3 * FINER], fill=colour)
        at = (box[2] - 8 * FINER, box[1] + (6 + 17 * number) * FINER)
        draw.text(at, name, fill=colour, font=font, anchor="rt")
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}")
    image.resize(size, Image.Resampling.LANCZOS).save(draft, "PNG", optimize=True)
    draft.replace(path)


def _known(x: Sequence[float], y: Sequence[float], log_x: bool) -> np.ndarray:
    """The points (n, 2) that can be drawn, in order of x; log10 of x where that is asked for."""
    points = np.stack([np.asarray(x, np.float64), np.asarray(y, np.float64)], axis=1)
    if log_x:
        points = points[points[:, 0] > 0] if len(points) else points
        points[:, 0] = np.log10(points[:, 0])
    points = points[np.isfinite(points).all(axis=1)]
    return points[np.argsort(points[:, 0], kind="stable")]


def _ticks(low: float, high: float) -> list[float]:
    """Round values from below `low` to above `high`, about five."""
    raw = (high - low) / 5
    power = 10 ** math.floor(math.log10(raw))
    step = min((k * power for k in (1, 2, 2.5, 5, 10)), key=lambda s: abs(s - raw))
    first = math.floor(low / step)
    return [k * step for k in range(first, math.ceil(high / step - 1e-9) + 1)]


def _powers(low: float, high: float) -> list[float]:
    """Logarithms of 1, 2, 5, 10, … within the range."""
    decades = range(math.floor(low), math.ceil(high) + 1)
    return [decade + math.log10(k) for decade in decades for k in (1, 2, 5)]


def _upright(image: Image.Image, text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, middle: int) -> None:
    """Text along the left border, read from below."""
    left, top, right, bottom = font.getbbox(text)
    label = Image.new("RGB", (int(right - left) + 4, int(bottom - top) + 6), "white")
    ImageDraw.Draw(label).text((2 - left, 2 - top), text, fill="black", font=font)
    turned = label.rotate(90, expand=True)
    image.paste(turned, (2, middle - turned.height // 2))
