"""What is in a herd, counted from its records: species, animals a picture, visible fractions, headings, sizes and distances.

`run` writes `metrics.json`, `table.md`, `table.tex` (the table of `paper.py`) and a chart of each distribution.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from scipy.stats import chi2

from ...animal.rotations import matrix_from_axis_angle
from ..evaluate.report import markdown_table, write_metrics, write_text
from .charts import write_charts
from .fields import RecordError
from .paper import as_latex, as_markdown, paper_rows
from .records import FACING, Animal, Dataset, Record, read_dataset

_PITCH = 15.0  # degrees, the paper's
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
            "species", "families", "animals", "facing", "doing", "ground", "light", "layout", "family_pictures")}
        self.species_of: dict[str, Counter[str]] = {}
        """Family → its species, counted."""

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
        self.put("height_px", record.height)
        self.counts["family_pictures"].update({group_of(animal) for animal in record.animals})
        depths = []
        for animal in record.animals:
            self.counts["species"][animal.species] += 1
            self.counts["families"][group_of(animal)] += 1
            self.species_of.setdefault(group_of(animal), Counter())[animal.species] += 1
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
                self.put("pitch_deg", pitch)
        if depths:
            self.put("depth_span_units", max(depths) - min(depths))


def run(
    folder: str | Path,
    out: str | Path,
    progress: Callable[[float, str], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Statistics:
    """Count a data set and write `metrics.json`, `table.md`, `table.tex` and charts into `out`.

    Raises RecordError for a folder without records.
    """
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
    write_text(out / "table.md", _table(herd, result, gathered))
    write_text(out / "table.tex", as_latex(paper_rows(result.metrics), herd.folder.resolve().name))
    write_charts(out, result.counts, gathered.lists, FACING)
    return result


def group_of(animal: Animal) -> str:
    """The animal's family; animals of an asset pack that tells none are counted under the pack."""
    return animal.family or f"pack {(animal.asset or 'unnamed').split('/')[0]}"


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
    counts, lists = gathered.counts, {name: np.array(values) for name, values in gathered.lists.items()}
    none = np.zeros(0)
    seen, pitch, several = lists.get("visible_fraction", none), lists.get("pitch_deg", none), lists.get("animals_per_picture", none) >= 2
    metrics: dict[str, float] = {
        "pictures": len(herd.names) - corrupt, "failed": len(herd.failed), "corrupt": corrupt, "animals": counts["species"].total(),
        "species": len(counts["species"]), "families": sum(not name.startswith("pack ") for name in counts["families"]),
        "several_share": _share(several), "species_evenness": _evenness(counts["species"].values()),
        "heading_evenness": _evenness([counts["facing"][word] for word in FACING]),
        **headings([counts["facing"][word] for word in FACING], np.radians(lists.pop("yaw", none))),
        "pitch_within_15_share": _share(np.abs(pitch) <= _PITCH)}  # fmt: skip
    for name, array in sorted(lists.items()):
        for word, measure in (("mean", np.mean), ("median", np.median), ("min", np.min), ("max", np.max)):
            metrics[f"{name}_{word}"] = float(measure(array))
    for share, low, high in _VISIBLE:
        metrics[f"visible_share_{share}"] = _share((seen > low) & (seen <= high))
    for word in FACING:
        metrics[f"facing_share_{word.replace('-', '_')}"] = counts["facing"][word] / max(counts["facing"].total(), 1)
    for name in ("touching_median", "touching_min", "touching_max"):
        metrics.pop(name, None)
    return {name: float(value) for name, value in metrics.items()}


def _share(which: np.ndarray) -> float:
    """How many of them, 0..1; nan of none."""
    return float(which.mean()) if len(which) else math.nan


def headings(counted: Sequence[int], yaw: np.ndarray) -> dict[str, float]:
    """How evenly headings are spread, from how many animals there are in each eighth of the circle and yaw (N,) in radians.

    heading_share_min, heading_share_max: the emptiest and the fullest eighth. heading_even_p: how often headings drawn evenly, and each
    by itself, would be as uneven (chi-squared); animals of a group that walk together are not drawn so. heading_resultant: length of
    the mean direction, 1 when all are alike.
    """
    number, every = sum(counted), np.array(counted, np.float64)
    if not number:
        return dict.fromkeys(("heading_share_min", "heading_share_max", "heading_even_p", "heading_resultant"), math.nan)
    even = number / len(every)
    squared = float(((every - even) ** 2).sum() / even)
    return {"heading_share_min": float(every.min() / number), "heading_share_max": float(every.max() / number),
            "heading_even_p": float(chi2.sf(squared, len(every) - 1)),
            "heading_resultant": float(np.hypot(np.cos(yaw).mean(), np.sin(yaw).mean()))}  # fmt: skip


def _evenness(counts: Iterable[int]) -> float:
    """1 when all are as frequent, 0 when there is one alone: the entropy over that of an even share."""
    values = np.array(list(counts), np.float64)
    if len(values) < 2 or not values.sum():
        return math.nan
    share = values[values > 0] / values.sum()
    return float(-(share * np.log(share)).sum() / np.log(len(values)))


def _table(herd: Dataset, result: Statistics, gathered: _Gathered) -> str:
    """What `table.md` says."""
    metrics, counts, name = result.metrics, result.counts, herd.folder.resolve().name
    layouts = ", ".join(f"{count:,} of layout {layout}" for layout, count in sorted(counts["layout"].items()))
    parts = [f"# {name}\n\n{layouts}; model {herd.model_name}, engine {herd.engine}.\n\n## Beside Herd3D\n",
             as_markdown(paper_rows(metrics), name),
             "Herd3D: what the paper of SAM 3D Animal states (section 4), mostly how things are drawn. Its pitch, distance and depth are "
             "those of its layout; those of the layout natural are its own. Our pitch is that of the posed body: the ground's lean and "
             "that of the pose itself (an animal that rears or sits) together.\n",
             "## Families\n", _families(counts, gathered)]  # fmt: skip
    for title in ("species", "doing", "ground", "light"):
        of = "pictures" if title in ("ground", "light") else "animals"
        rows = [[word.replace("_", " "), count] for word, count in _ordered(counts[title])]
        parts += [f"## {title.capitalize()}\n", markdown_table([title, of], rows)]
    parts += ["## All numbers\n", markdown_table(["measure", "value"], [[word, f"{value:.4g}"] for word, value in metrics.items()])]
    if result.corrupt:
        parts.append("## Corrupt\n\n" + "\n".join(f"- {text}" for text in result.corrupt) + "\n")
    return "\n".join(parts)


def _families(counts: dict[str, Counter[str]], gathered: _Gathered) -> str:
    """Families as the paper's table 4 shows them: by the pictures that show one, with the species that are most frequent."""
    rows = []
    for family, pictures in _ordered(counts["family_pictures"]):
        species = [f"{name.replace('_', ' ')} ({count})" for name, count in _ordered(gathered.species_of[family])[:4]]
        more = len(gathered.species_of[family]) - len(species)
        rows.append([family, pictures, counts["families"][family], ", ".join(species) + (f" and {more} more" if more else "")])
    return markdown_table(["family", "pictures", "animals", "species (animals)"], rows)


def _ordered(counted: Counter[str]) -> list[tuple[str, int]]:
    """The most frequent first, equal ones by name."""
    return sorted(counted.items(), key=lambda item: (-item[1], item[0]))
