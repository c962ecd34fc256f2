"""What is in a herd, counted from its records: species, animals a picture, visible fractions, headings, sizes and distances.

Beside the numbers stand those that the paper states of Herd3D (Hu et al. 2026, section 4 and appendix B); it tells no
visible fractions and shows its headings as drawn evenly from 0 to 360 degrees.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np

from ...animal.rotations import matrix_from_axis_angle
from ..evaluate.report import markdown_table, write_metrics, write_text
from .bars import bar_plot
from .fields import RecordError
from .records import FACING, Animal, Dataset, Record, read_dataset

PAPER: dict[str, tuple[str, str]] = {
    "pictures": ("5,000", "over 5K images"), "species": ("118", "118 species"), "animals_per_picture_min": ("2", "2 to 8 an image"),
    "animals_per_picture_max": ("8", "2 to 8 an image"), "width_px": ("1024", "1024 x 1024"),
    "heading_evenness": ("1", "yaw drawn from [0, 360)"), "pitch_deg_max": ("15", "pitch drawn from [-15, 15]"),
    "depth_units_min": ("8", "t_z from 8"), "depth_units_max": ("50", "t_z to 50"),
    "depth_span_units_max": ("30", "span of a group")}  # fmt: skip
"""What the paper states: measure → its number and its words."""
_BINS = np.linspace(0.0, 1.0, 11)
_SHOWN_SPECIES = 30
_VISIBLE = (("hidden", -1.0, 0.0), ("under_30", 0.0, 0.3), ("under_70", 0.3, 0.7), ("under_99", 0.7, 0.99), ("whole", 0.99, 1.0))


@dataclass
class Statistics:
    """metrics: name → number; species, families, and the other counts by name; corrupt: records that cannot be read."""

    metrics: dict[str, float] = field(default_factory=dict)
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    corrupt: list[str] = field(default_factory=list)


class _Gathered:
    """The numbers of all records, as plain lists: a few for each animal."""

    def __init__(self) -> None:
        self.lists: dict[str, list[float]] = {}
        self.counts: dict[str, Counter[str]] = {name: Counter() for name in (
            "species", "families", "animals", "facing", "doing", "ground", "light", "layout")}

    def put(self, name: str, value: float) -> None:
        self.lists.setdefault(name, []).append(float(value))

    def add(self, record: Record) -> None:
        """Take one picture in."""
        self.counts["animals"][f"{len(record.animals):2d}"] += 1
        self.counts["layout"][record.layout] += 1
        for name in ("ground", "light"):
            self.counts[name][str(record.scene.get(name))[:40]] += 1
        self.put("animals_per_picture", len(record.animals))
        self.put("species_per_picture", len({animal.species for animal in record.animals}))
        self.put("width_px", record.width)
        depths = []
        for animal in record.animals:
            self.counts["species"][animal.species] += 1
            self.counts["families"][animal.family] += 1
            self.counts["facing"][animal.facing] += 1
            self.counts["doing"][animal.doing] += 1
            self.put("visible_fraction", animal.visible_fraction)
            self.put("in_frame_fraction", animal.in_frame_fraction)
            self.put("yaw", animal.yaw)
            self.put("depth_m", animal.depth_m)
            self.put("seen_keypoints", float((animal.keypoints[:, 2] == 2).sum()))
            if animal.box is not None:
                self.put("box_share", max(animal.box[2], animal.box[3]) / max(record.width, record.height))
                self.put("box_px", max(animal.box[2], animal.box[3]))
            if animal.metres_per_unit:
                depths.append(animal.depth_m / animal.metres_per_unit)
                self.put("depth_units", depths[-1])
            self.put("touching", float(_touches(animal, record)))
            pitch = _pitch(animal)
            if pitch is not None:
                self.put("pitch_deg", abs(pitch))
        if depths:
            self.put("depth_span_units", max(depths) - min(depths))


def run(
    folder: str | Path,
    out: str | Path,
    progress: Callable[[float, str], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Statistics:
    """Count a data set and write `metrics.json`, `table.md` and charts into `out`. Raises RecordError for a folder without records."""
    herd, out, gathered = read_dataset(folder), Path(out), _Gathered()
    if not herd.names:
        raise RecordError(f"{folder}: holds no records; was anything rendered into it?")
    result = Statistics(counts=gathered.counts)
    for done, name in enumerate(herd.names, 1):
        if stop():
            raise KeyboardInterrupt
        try:
            gathered.add(herd.record(name))
        except RecordError as error:
            result.corrupt.append(str(error))
        if progress is not None:
            progress(done / len(herd.names), f"{done} of {len(herd.names)}")
    result.metrics = _metrics(herd, gathered, len(result.corrupt))
    out.mkdir(parents=True, exist_ok=True)
    write_metrics(out, result.metrics)
    write_text(out / "table.md", _table(herd, result))
    _charts(out, gathered)
    return result


def _touches(animal: Animal, record: Record) -> bool:
    """Whether the animal's box meets another's."""
    if animal.box is None:
        return False
    x, y, width, height = animal.box
    for other in record.animals:
        if other is not animal and other.box is not None:
            ox, oy, ow, oh = other.box
            if x < ox + ow and ox < x + width and y < oy + oh and oy < y + height:
                return True
    return False


def _pitch(animal: Animal) -> float | None:
    """Degrees by which the root leans out of the level, nose up; None without a pose."""
    if animal.pose is None:
        return None
    return math.degrees(math.asin(float(np.clip(matrix_from_axis_angle(animal.pose[0])[2, 0], -1.0, 1.0))))


def _metrics(herd: Dataset, gathered: _Gathered, corrupt: int) -> dict[str, float]:
    """All numbers, flat."""
    counts = gathered.counts
    metrics: dict[str, float] = {
        "pictures": len(herd.names) - corrupt, "failed": len(herd.failed), "corrupt": corrupt, "animals": counts["species"].total(),
        "species": len(counts["species"]), "families": len(counts["families"]), "species_evenness": _evenness(counts["species"].values()),
        "heading_evenness": _evenness([counts["facing"][word] for word in FACING])}  # fmt: skip
    yaw = np.radians(gathered.lists.get("yaw", []))
    metrics["heading_resultant"] = float(np.hypot(np.cos(yaw).mean(), np.sin(yaw).mean())) if len(yaw) else math.nan
    for name, values in sorted(gathered.lists.items()):
        if name == "yaw":
            continue
        array = np.array(values)
        for word, measure in (("mean", np.mean), ("median", np.median), ("min", np.min), ("max", np.max)):
            metrics[f"{name}_{word}"] = float(measure(array))
    seen = np.array(gathered.lists.get("visible_fraction", []))
    for share, low, high in _VISIBLE:
        metrics[f"visible_share_{share}"] = float(((seen > low) & (seen <= high)).mean()) if len(seen) else math.nan
    for word in FACING:
        metrics[f"facing_share_{word.replace('-', '_')}"] = counts["facing"][word] / max(counts["facing"].total(), 1)
    metrics["width_px"] = metrics.pop("width_px_median", math.nan)
    for name in ("width_px_mean", "width_px_min", "width_px_max", "touching_median", "touching_min", "touching_max"):
        metrics.pop(name, None)
    return {name: float(value) for name, value in metrics.items()}


def _evenness(counts: Iterable[int]) -> float:
    """1 when all are as frequent, 0 when there is one alone: the entropy over that of an even share."""
    values = np.array(list(counts), np.float64)
    if len(values) < 2 or not values.sum():
        return math.nan
    share = values[values > 0] / values.sum()
    return float(-(share * np.log(share)).sum() / np.log(len(values)))


def _table(herd: Dataset, result: Statistics) -> str:
    """What `table.md` says."""
    metrics = result.metrics
    layouts = ", ".join(f"{count} {name}" for name, count in sorted(result.counts["layout"].items()))
    rows = [[name, f"{metrics[name]:.4g}" if name in metrics else "–", number, words] for name, (number, words) in PAPER.items()]
    parts = [f"# {herd.folder.name}\n\n{layouts}\n\n## Beside Herd3D\n",
             markdown_table(["measure", "here", "Herd3D", "the paper says"], rows),
             "Depth and its span are the paper's t_z, in model units; they are meant for the layout herd3d. The paper states no visible "
             "fractions.\n", "## All numbers\n",
             markdown_table(["measure", "value"], [[name, f"{value:.4g}"] for name, value in metrics.items()])]  # fmt: skip
    for title in ("families", "species", "doing", "ground", "light"):
        counted = sorted(result.counts[title].items(), key=lambda item: (-item[1], item[0]))
        of = "pictures" if title in ("ground", "light") else "animals"
        parts += [f"## {title.capitalize()}\n", markdown_table([title, of], [list(item) for item in counted])]
    if result.corrupt:
        parts.append("## Corrupt\n\n" + "\n".join(f"- {text}" for text in result.corrupt) + "\n")
    return "\n".join(parts)


def _charts(out: Path, gathered: _Gathered) -> None:
    """One picture for each distribution."""
    counts = gathered.counts
    species = sorted(counts["species"].items(), key=lambda item: (-item[1], item[0]))[:_SHOWN_SPECIES]
    title = f"Animals by species, the first {len(species)} of {len(counts['species'])}"
    bar_plot(out / "species.png", [name for name, _ in species], [count for _, count in species], title)
    animals = sorted(counts["animals"].items())
    names = [name.strip() for name, _ in animals]
    bar_plot(out / "animals_per_picture.png", names, [count for _, count in animals], "Pictures by number of animals")
    facing = [counts["facing"][word] for word in FACING]
    bar_plot(out / "facing.png", FACING, facing, "Animals by heading; line: an even share", sum(facing) / len(FACING))
    bins = [f"{low:.1f} to {high:.1f}" for low, high in pairwise(_BINS)]
    for name, title in (("visible_fraction", "Animals by visible fraction"), ("box_share", "Animals by the box's longer side")):
        binned = np.histogram(np.clip(gathered.lists.get(name, []), 0.0, 1.0), _BINS)[0]
        bar_plot(out / f"{name}.png", bins, [int(count) for count in binned], title)
