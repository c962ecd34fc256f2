"""Bar charts with Pillow: counts by name or by bin, as PNG, beside the line charts of `evaluate/plot.py`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from ...animal.npz import whole_file

WIDTH = 640
"""Pixels across, before FINER."""
FINER = 2
"""Drawn so many times larger, so that letters stay sharp in print."""
_COLOUR, _INK, _GREY, _GRID, _MARK = "#1f5f9e", "#303030", "#707070", "#d8d8d8", "#c8501e"
_ROW, _LEFT, _RIGHT, _TOP, _GAP = 20, 150, 110, 54, 24


def bar_chart(
    names: Sequence[str],
    values: Sequence[float],
    title: str,
    about: str = "",
    expected: float | None = None,
    total: float | None = None,
) -> Image.Image:
    """Horizontal bars, one for each name, from the top, each with its count and its share of all; WIDTH * FINER pixels wide.

    about: a line below the title. expected: a value that is marked by a line, such as an even share. total: of what
    shares are told; without it the sum of the values.
    """
    top = _TOP if about else _TOP - 18
    height = top + _ROW * max(len(names), 1) + 14
    image = Image.new("RGB", (WIDTH * FINER, height * FINER), "white")
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(12 * FINER)

    def text(x: float, y: float, words: str, fill: str = _INK, anchor: str = "la", size: int = 12) -> None:
        chosen = font if size == 12 else ImageFont.load_default(size * FINER)
        draw.text((x * FINER, y * FINER), words, fill=fill, font=chosen, anchor=anchor, stroke_width=2 * FINER, stroke_fill="white")

    def block(*corners: float, fill: str) -> None:
        draw.rectangle([corner * FINER for corner in corners], fill=fill)

    text(10, 8, title, size=14)
    text(10, 29, about, _GREY)
    most, total = max([*values, expected or 0.0, 1e-9]), sum(values) if total is None else total
    reach = WIDTH - _LEFT - _RIGHT
    rows = [top + _ROW * i for i in range(len(names))]
    for y, value in zip(rows, values, strict=True):
        if value:
            block(_LEFT, y + 3, _LEFT + reach * value / most, y + _ROW - 4, fill=_COLOUR)
    if expected is not None:
        x = _LEFT + reach * expected / most
        block(x - 0.5, top, x + 0.5, height - 14, fill=_MARK)
    for y, name, value in zip(rows, names, values, strict=True):
        text(_LEFT - 8, y + _ROW / 2, name[:24], anchor="rm")
        share = f" ({100 * value / total:.{0 if value == total else 1}f} %)" if value else ""
        text(_LEFT + reach * value / most + 6, y + _ROW / 2, f"{value:,g}{share}", _INK if value else _GREY, "lm")
    block(_LEFT - 1, top, _LEFT, height - 14, fill=_GRID)
    return image


def sheet(path: Path, charts: Sequence[Image.Image], columns: int = 2) -> None:
    """Write charts side by side as one picture, each into the column that is shortest by then."""
    heights = [0] * columns
    places = []
    for chart in charts:
        column = heights.index(min(heights))
        places.append((column * WIDTH * FINER, heights[column]))
        heights[column] += chart.height + _GAP
    whole = Image.new("RGB", (columns * WIDTH * FINER, max(max(heights), 1)), "white")
    for chart, place in zip(charts, places, strict=True):
        whole.paste(chart, place)
    with whole_file(path) as stream:
        whole.save(stream, "PNG", optimize=True)
