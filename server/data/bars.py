"""Bar charts with Pillow: counts by name or by bin, as PNG, beside the line charts of `evaluate/plot.py`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from ...animal.npz import whole_file

_COLOUR, _INK, _GRID = "#1f5f9e", "#303030", "#d8d8d8"


def bar_plot(path: Path, names: Sequence[str], values: Sequence[float], title: str, expected: float | None = None) -> None:
    """Write horizontal bars, one for each name, from the top. expected: a value that is marked by a line, such as an even share."""
    row, left, right, top = 20, 150, 90, 34
    width, height = 640, top + row * max(len(names), 1) + 14
    image = Image.new("RGB", (width, height), "white")
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(12)
    draw.text((10, 8), title, fill=_INK, font=ImageFont.load_default(14))
    most = max([*values, expected or 0.0, 1e-9])
    reach = width - left - right
    for i, (name, value) in enumerate(zip(names, values, strict=True)):
        y = top + row * i
        draw.text((left - 8, y + 3), name[:22], fill=_INK, font=font, anchor="ra")
        draw.rectangle((left, y + 3, left + reach * value / most, y + row - 4), fill=_COLOUR)
        draw.text((left + reach * value / most + 6, y + 3), f"{value:g}", fill=_INK, font=font)
    if expected is not None:
        x = left + reach * expected / most
        draw.line((x, top, x, height - 14), fill="#c8501e", width=2)
    draw.line((left, top, left, height - 14), fill=_GRID)
    with whole_file(path) as stream:
        image.save(stream, "PNG")
