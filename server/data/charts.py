"""The charts of a data set's statistics, one PNG for each distribution, and all of them on one sheet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image

from ...animal.npz import whole_file
from .bars import bar_chart, sheet

_MOST = 30  # species that are shown
_BINNED = (
    ("visible_fraction", "visible_fraction", np.linspace(0.0, 1.0, 11), (100, " %"), "Animals by visible fraction",
     "of the animal's own outline within the frame"),
    ("box_share", "box_share", np.array([0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0]), (100, " %"),
     "Animals by the longer side of the box", "of the picture's longer side"),
    ("distance", "depth_units", np.array([0.0, 4, 8, 15, 22, 29, 36, 43, 50, 100]), (1, ""), "Animals by distance",
     "model units along the camera's axis (the paper's t_z)"),
    ("pitch", "pitch_deg", np.arange(-45.0, 46.0, 10.0), (1, "°"), "Animals by pitch of the body",
     "degrees, nose up; ground and pose together"),
)  # fmt: skip
"""Chart, which numbers, edges of the bins, their factor and unit, title, a line below it."""
_DEGREES = "0° to the picture's right, 90° away from the viewer; line: an even share"


def write_charts(
    out: Path, counts: Mapping[str, Counter[str]], lists: Mapping[str, Sequence[float]], facing: Sequence[str]
) -> None:
    """Write species.png, families.png, animals_per_picture.png, facing.png, … and charts.png into `out`.

    counts: what is counted by name; lists: what is measured, one number for each animal. facing: the words of a heading, by 45 degrees.
    """
    charts = {}
    charts["animals_per_picture"] = bar_chart(*_animals(counts["animals"]), "Pictures by number of animals")
    headings = [counts["facing"][word] for word in facing]
    names = [f"{word} ({45 * i}°)" for i, word in enumerate(facing)]
    charts["facing"] = bar_chart(names, headings, "Animals by heading", _DEGREES, sum(headings) / len(facing))
    for name, values, edges, (times, unit), title, about in _BINNED:
        charts[name] = _binned(lists.get(values, ()), edges, times, unit, title, about)
    charts["families"] = bar_chart(*_most(counts["families"]), "Animals by family", total=counts["families"].total())
    species = counts["species"]
    about = f"the {_MOST} most frequent of {len(species)}" if len(species) > _MOST else f"all {len(species)}"
    charts["species"] = bar_chart(*_most(species), "Animals by species", about, total=species.total())
    for name, chart in charts.items():
        with whole_file(out / f"{name}.png") as stream:
            chart.save(stream, "PNG", optimize=True)
    sheet(out / "charts.png", list(charts.values()))


def _animals(counted: Counter[str]) -> tuple[list[str], list[int]]:
    """All numbers of animals from none or 1 to the most, those that no picture has too."""
    there = {int(name): count for name, count in counted.items()}
    numbers = range(min([1, *there]), max([1, *there]) + 1)
    return [str(number) for number in numbers], [there.get(number, 0) for number in numbers]


def _most(counted: Counter[str]) -> tuple[list[str], list[int]]:
    """The most frequent names with their counts."""
    chosen = sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:_MOST]
    return [name.replace("_", " ") for name, _ in chosen], [count for _, count in chosen]


def _binned(
    numbers: Sequence[float], edges: np.ndarray, times: float, unit: str, title: str, about: str
) -> Image.Image:
    """A chart of how many numbers lie between each two edges (E,); what lies beyond counts in the outermost bins."""
    found = np.histogram(np.clip(np.asarray(numbers, np.float64), edges[0], edges[-1]), edges)[0]
    bins = [f"{times * low:g} to {times * high:g}{unit}" for low, high in pairwise(edges)]
    return bar_chart(bins, [int(count) for count in found], title, about)
