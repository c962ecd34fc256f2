"""Scores of many clips, added up as the paper adds them: every clip counts alike within its species, every species within the mean."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from .lift_clips import SeenClip, animal_of
from .lift_methods import Prediction
from .lift_metrics import score
from .report import markdown_table, write_text

HEADLINES = {"sa_mpjpe": "SA-MPJPE", "fa_mpjpe": "FA-MPJPE", "sa_mpve": "SA-MPVE"}
"""The paper's three numbers, in the order of its Table 1."""


@dataclass
class Tally:
    """rows: for each method, for each clip its category and the numbers of `lift_metrics.score`."""

    rows: dict[str, list[tuple[str, dict[str, float]]]] = field(default_factory=dict)

    def add(self, method: str, category: str, numbers: Mapping[str, float]) -> None:
        """One clip's numbers."""
        self.rows.setdefault(method, []).append((category, dict(numbers)))

    def add_clip(self, clip: SeenClip, predictions: Mapping[str, Prediction]) -> None:
        """All methods' predictions of one clip against its truth."""
        for name, prediction in predictions.items():
            self.add(name, clip.category, score(prediction.positions, clip.truth, clip.tracks.skeleton))

    @property
    def species(self) -> list[str]:
        """The animals of any method (`lift_clips.animal_of`), in alphabetical order."""
        return sorted({animal_of(category) for clips in self.rows.values() for category, _ in clips})

    def of_species(self, method: str, animal: str, number: str) -> float:
        """The mean over the clips of an animal, on all its rigs; nan where there is none."""
        return mean_of(numbers.get(number, math.nan) for category, numbers in self.rows.get(method, []) if animal_of(category) == animal)

    def of_category(self, method: str, category: str, number: str) -> float:
        """The mean over the clips of a category; nan where there is none."""
        return mean_of(numbers.get(number, math.nan) for name, numbers in self.rows.get(method, []) if name == category)

    def mean(self, method: str, number: str) -> float:
        """The mean over species."""
        return mean_of(self.of_species(method, animal, number) for animal in self.species)

    def means(self, method: str) -> dict[str, float]:
        """The means over species of every number that the method has."""
        names = {name for _, numbers in self.rows.get(method, []) for name in numbers}
        return {name: self.mean(method, name) for name in sorted(names)}

    def keep_best(self, number: str = "sa_mpjpe") -> dict[str, str]:
        """Of methods called NAME@SETTING keep the one with the least mean of `number`, as NAME; gives NAME → SETTING."""
        chosen: dict[str, str] = {}
        for name in sorted({method.partition("@")[0] for method in self.rows if "@" in method}):
            tried = [method for method in self.rows if method.startswith(f"{name}@")]
            best = min(tried, key=lambda method: (math.isnan(self.mean(method, number)), self.mean(method, number)))
            chosen[name] = best.partition("@")[2]
            kept = self.rows[best]
            for method in tried:
                del self.rows[method]
            self.rows[name] = kept
        return chosen


def species_table(tally: Tally, methods: Sequence[str]) -> str:
    """The paper's Table 1: for each of its three numbers a block with a row for each method and a column for each animal."""
    species = tally.species
    rows = [[title, method, *(tally.of_species(method, animal, number) for animal in species), tally.mean(method, number)]
            for number, title in HEADLINES.items() for method in methods]
    return markdown_table(["mm", "method", *species, "mean"], rows)


def method_table(tally: Tally, methods: Sequence[str], parameters: Mapping[str, int]) -> str:
    """One row for each method: the three numbers and what else goes wrong."""
    columns = ["method", "parameters, M", *HEADLINES.values(), "SA % of size", "camera axes", "bones vary %", "jitter / true jitter",
               "mirrored %"]  # fmt: skip
    rows = []
    for method in methods:
        found = tally.means(method)
        shaking = found.get("jitter", math.nan) / max(found.get("jitter_truth", math.nan), 1e-9)
        count = parameters.get(method)
        rows.append([method, "–" if count is None else count / 1e6, *(found.get(number, math.nan) for number in HEADLINES),
                     found.get("sa_percent", math.nan), found.get("camera_mpjpe", math.nan),
                     100 * found.get("bone_variation", math.nan), shaking, 100 * found.get("swapped_share", math.nan)])  # fmt: skip
    return markdown_table(columns, rows)


def write_species(path: Path, tallies: Mapping[str, Tally]) -> None:
    """Every number of every method and category as CSV, one row each; `tallies` by what was given, such as "noisy"."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["given", "method", "animal", "category", "clips", *(names := _numbers(tallies))])
    for given, tally in tallies.items():
        for method, clips in tally.rows.items():
            for category in sorted({category for category, _ in clips}):
                values = [f"{tally.of_category(method, category, name):.6g}" for name in names]
                count = sum(name == category for name, _ in clips)
                writer.writerow([given, method, animal_of(category), category, count, *values])
    write_text(path, stream.getvalue())


def _numbers(tallies: Mapping[str, Tally]) -> list[str]:
    return sorted({name for tally in tallies.values() for clips in tally.rows.values() for _, numbers in clips for name in numbers})


def mean_of(values: Iterable[float]) -> float:
    """The mean of those that are known; nan without any."""
    known = [value for value in values if math.isfinite(value)]
    return float(np.mean(known)) if known else math.nan
