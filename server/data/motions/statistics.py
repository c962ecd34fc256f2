"""What is in a folder of motions: clips, frames, joints, speeds, and how far bones changed their length before and after.

`write_statistics` writes `table.md`, `metrics.json`, charts, and `skeletons.png` with every category's skeleton.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ....animal.npz import whole_file
from ...evaluate.report import markdown_table, write_metrics, write_text
from ..bars import bar_chart, sheet
from .folder import FPS, Entry
from .mend import size_of
from .sheet import write_sheet
from .sources import LeftOut

Array = NDArray[np.float64]

COLUMNS = ("category", "clips", "of these for tests", "frames", "joints", "size m", "speed sizes/s",
           "bone lengths vary % before", "after", "moved % of size")  # fmt: skip
_LONG = 20  # letters of a name that fit beside a bar
_SHORT = 0.01  # of the size: shorter bones say nothing about how lengths vary


@dataclass
class Made:
    """What became of the sources: entries, what was left out, the names for testing; by name the bones' lengths (F, J - 1) before
    they were made one, and how far each joint was moved for it (F, J), in shares of the animal's size."""

    entries: list[Entry] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    test: set[str] = field(default_factory=set)
    before: dict[str, Array] = field(default_factory=dict)
    moved: dict[str, Array] = field(default_factory=dict)

    def reasons(self) -> Counter[str]:
        """Why clips and files were left out, counted."""
        return Counter(item.reason for item in self.left_out)


@dataclass(frozen=True)
class Row:
    """One category in numbers; speeds in sizes a second, variations and moves in per cent."""

    category: str
    clips: int
    tests: int
    frames: int
    joints: int
    size: float
    speed: float
    before: float
    after: float
    moved: float

    def cells(self) -> list[str | int | float]:
        """As COLUMNS has them."""
        return [self.category, self.clips, self.tests, self.frames, self.joints, self.size, self.speed, self.before, self.after,
                self.moved]  # fmt: skip


def variation(lengths: Array, size: float) -> float:
    """How far bones change their length, lengths (F, B): mean over bones of their standard deviation over their mean, in %."""
    mean = lengths.mean(axis=0)
    long = mean > _SHORT * size
    return float(100.0 * (lengths.std(axis=0)[long] / mean[long]).mean()) if long.any() else 0.0


def rows_of(made: Made) -> list[Row]:
    """A row for each category, by name, and one for all."""
    kinds: dict[str, list[Entry]] = {}
    for entry in made.entries:
        kinds.setdefault(entry.category, []).append(entry)
    return [*(_row(kind, kinds[kind], made) for kind in sorted(kinds)), _row("all", made.entries, made)]


def _row(category: str, entries: Sequence[Entry], made: Made) -> Row:
    sizes = [size_of(entry.motion.positions) for entry in entries]
    before = [variation(made.before[entry.name], size) for entry, size in zip(entries, sizes, strict=True) if entry.name in made.before]
    after = [variation(entry.motion.bone_lengths(), size) for entry, size in zip(entries, sizes, strict=True)]
    moved = [float(made.moved[entry.name].mean()) for entry in entries if entry.name in made.moved]
    return Row(
        category, len(entries), sum(entry.name in made.test for entry in entries), sum(len(entry.motion) for entry in entries),
        round(float(np.median([len(entry.motion.skeleton) for entry in entries]))), float(np.median(sizes)),
        float(np.mean([_speed(entry, size) for entry, size in zip(entries, sizes, strict=True)])),
        float(np.mean(before)) if before else float("nan"), float(np.mean(after)), 100.0 * float(np.mean(moved)) if moved else 0.0,
    )  # fmt: skip


def _speed(entry: Entry, size: float) -> float:
    """Mean speed of a clip's joints in sizes of the animal a second."""
    steps = np.linalg.norm(np.diff(entry.motion.positions, axis=0), axis=-1)
    return float(steps.mean() * entry.motion.fps / size)


def write_statistics(out: Path, made: Made) -> list[Row]:
    """Write the table, the numbers, the charts and the sheet of skeletons into `out`; gives the table's rows."""
    rows = rows_of(made)
    left = "".join(f"- {reason}: {count}\n" for reason, count in made.reasons().most_common())
    text = f"# Motions\n\n{markdown_table(COLUMNS, [row.cells() for row in rows])}\nAt {FPS:g} frames a second. "
    text += "Size: the longest side of the box of an animal's joints. Speed: the mean over all joints and frames. Bone lengths: standard "
    text += "deviation over mean, mean over bones. Moved: how far joints were moved for their bones to be of one length.\n"
    write_text(out / "table.md", text + (f"\nLeft out:\n\n{left}" if left else ""))
    metrics = {f"{row.category}_{name}": float(getattr(row, name)) for row in rows for name in ("clips", "tests", "frames", "joints",
               "size", "speed", "before", "after", "moved")}  # fmt: skip
    write_metrics(out, {"categories": float(len(rows) - 1), "left_out": float(len(made.left_out)), **metrics})
    _charts(out, rows[:-1], made)
    write_sheet(out / "skeletons.png", made.entries)
    return rows


def _charts(out: Path, rows: Sequence[Row], made: Made) -> None:
    names = [row.category if len(row.category) <= _LONG else f"…{row.category[1 - _LONG :]}" for row in rows]
    charts = {
        "clips": bar_chart(names, [row.clips for row in rows], "Clips by category"),
        "frames": bar_chart(names, [row.frames for row in rows], "Frames by category"),
    }
    for name, title, values, edges in (
        ("joints", "Clips by number of joints", [len(entry.motion.skeleton) for entry in made.entries],
         (0, 10, 20, 25, 30, 35, 40, 50, 60, 80, 128)),
        ("lengths", "Clips by frames", [len(entry.motion) for entry in made.entries],
         (0, 15, 30, 45, 60, 90, 120, 180, 240, 480, 20000)),
        ("variation", "Clips by how far bones changed their length, before",
         [variation(made.before[entry.name], size_of(entry.motion.positions)) for entry in made.entries if entry.name in made.before],
         (0, 0.1, 0.2, 0.5, 1, 2, 3, 5, 10, 100)),
        ("speeds", "Clips by mean speed of the joints, sizes a second",
         [_speed(entry, size_of(entry.motion.positions)) for entry in made.entries], (0, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 100)),
    ):  # fmt: skip
        counts = np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0]
        bins = [f"{low:g} to {high:g}" for low, high in pairwise(edges)]
        charts[name] = bar_chart(bins, [int(count) for count in counts], title)
    for name, chart in charts.items():
        with whole_file(out / f"{name}.png") as stream:
            chart.save(stream, "PNG", optimize=True)
    sheet(out / "charts.png", list(charts.values()))
