"""Tables 2-6 of the paper and its tests on unseen animals and rigs, each from one command: train what is missing, score, write.

    2        networks that saw one animal only against networks that saw all
    3        attention over joints alone against attention over time too
    4        how many frames a joint looks back and ahead
    5        how a frame's time is told
    6        with and without Procrustes alignment in the loss
    ood      every animal left out in turn, and tested on (Figure 4 left, Table 9)
    rig      trained on rigs with few joints, tested on rigs with more (Figure 4 right, Table 10)
    missing  trained with points missing, tested with ever more of them missing (Figure 6)

Everything is trained by one configuration, a lifter's; the others get the same width and about the same number of parameters.
A run lies in `OUT/runs` under a name that ends in a hash of its configuration: what was trained for one table serves another, a
finished run is not trained again, a broken one goes on.
"""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np

from ...animal.npz import read_json, write_json
from ..data.motions.folder import read_rows
from ..lift import weights
from ..lift.networks import make_network, parameters_of
from ..train.settings import config_hash, read_training
from ..train.start import train
from .lift_clips import LEFT_OUT, SeenClip, animal_of, read_clips, with_missing, with_noise
from .lift_methods import network as network_method
from .lift_tally import HEADLINES, Tally, mean_of
from .report import markdown_table, write_metrics, write_text

Say = Callable[[str], None]
Config = dict[str, Any]
CONFIG = Path(weights.__file__).parent / "configs" / "small_lifter.toml"
FULL = 0
"""What `alpha` is in a configuration where a joint looks at all frames."""
LABELS = {"lifter": "Lifter", "lfm": "3D-LFM", "dstformer": "DSTformer", "bestiary": "Bestiary"}
TRAINED_MISSING = 0.3
"""`data.missing` with which about a tenth of all points is missing while training, as in section 4.1."""
SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)


class TableError(ValueError):
    """A table that cannot be made; the message says why."""


@dataclass(frozen=True)
class Row:
    """One row of a table: what stands in its first cells, and what is trained and tested for it.

    parts: pairs of changes to the configuration ("table.key" → value) and patterns of categories to test on (none: all). A row of
    several parts (an animal each) is the mean of them. missing: share of points that are missing in the test.
    """

    cells: tuple[str, ...]
    kind: str
    parts: tuple[tuple[Mapping[str, Any], tuple[str, ...]], ...] = (({}, ()),)
    missing: float = 0.0


@dataclass(frozen=True)
class Table:
    """Rows under the names of their first cells; about: a line above them."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    about: str


@dataclass(frozen=True)
class Work:
    """What tables are made from.

    config: of a lifter (`server/lift/task.py`); motions: the folder; seeds: how many trainings a row is the mean of; steps: of
    each, None as configured; animals: only these in tables 2 and ood (all, when none are named).
    """

    config: Config
    motions: Path
    out: Path
    seeds: int = 1
    steps: int | None = None
    device: str = "cpu"
    animals: Sequence[str] = ()
    say: Say = field(default=lambda text: None)

    @property
    def leave_out(self) -> list[str]:
        """Patterns of categories that are neither learned nor tested."""
        return list(self.config.get("data", {}).get("leave_out", LEFT_OUT))

    def rows(self) -> list[dict[str, Any]]:
        """The entries of the folder that are wanted."""
        return [row for row in read_rows(self.motions)
                if not any(fnmatchcase(row["category"], pattern) for pattern in self.leave_out)]

    def categories(self) -> dict[str, list[str]]:
        """For each animal its categories; animals with clips on both sides of the split, of `animals` where they are named."""
        sides: dict[str, set[str]] = {}
        found: dict[str, set[str]] = {}
        for row in self.rows():
            animal = animal_of(row["category"])
            sides.setdefault(animal, set()).add(row["split"])
            found.setdefault(animal, set()).add(row["category"])
        full = {animal: sorted(found[animal]) for animal in sorted(found) if sides[animal] == {"train", "test"}}
        unknown = set(self.animals) - set(full)
        if unknown or not full:
            raise TableError(f"no clips to learn and test {', '.join(sorted(unknown)) or 'anything'}; there are {', '.join(full)}")
        return {name: full[name] for name in self.animals or full}


def run(work: Work, name: str) -> dict[str, float]:
    """Make one table: train what is not trained, write OUT/tables/NAME.md, bring OUT/table.md and metrics.json up to date, and give
    the numbers. Raises TableError."""
    if name not in TABLES:
        raise TableError(f"there is no table {name}; there are {', '.join(TABLES)}")
    table = TABLES[name](work)
    found = [row_scores(work, row) for row in table.rows]
    steps = read_training(run_config(work, "lifter", {}, 0)).steps
    text = f"## Table {table.name}\n\n{table.about}\n\n{form(table, found)}\n"
    text += f"{work.seeds} seed{'s' * (work.seeds != 1)}, at most {steps:,} steps each, noise of 3 px.\n"
    write_text(work.out / "tables" / f"{name}.md", text)
    made = [work.out / "tables" / f"{known}.md" for known in TABLES]
    write_text(work.out / "table.md", "\n".join(["# Lifting: what makes the difference\n", *(
        path.read_text(encoding="utf-8") for path in made if path.is_file())]))  # fmt: skip
    metrics = {}
    for row, scores in zip(table.rows, found, strict=True):
        key = "_".join([f"table{name}" if name.isdigit() else name, *(_plain(cell) for cell in row.cells)])
        for number in HEADLINES:
            metrics[f"{number}_{key}"], metrics[f"{number}_std_{key}"] = _mean_std([one[number] for one in scores])
    path = work.out / "metrics.json"
    before = read_json(path, TableError) if path.is_file() else {}
    write_metrics(work.out, {**{key: math.nan if value is None else value for key, value in before.items()}, **metrics})
    return metrics


def form(table: Table, found: Sequence[Sequence[Mapping[str, float]]]) -> str:
    """The paper's form: FA-MPJPE, SA-MPJPE, SA-MPVE, each with the standard deviation over seeds where there are several."""
    order = ("fa_mpjpe", "sa_mpjpe", "sa_mpve")
    rows = []
    for row, scores in zip(table.rows, found, strict=True):
        cells = []
        for number in order:
            mean, deviation = _mean_std([one[number] for one in scores])
            cells.append(f"{mean:.1f}" + (f" ± {deviation:.2f}" if len(scores) > 1 else "") if math.isfinite(mean) else "–")
        rows.append([*row.cells, *cells])
    return markdown_table([*table.columns, *(f"{HEADLINES[number]} ↓" for number in order)], rows)


def row_scores(work: Work, row: Row) -> list[dict[str, float]]:
    """The three numbers of a row, for each seed: the mean over its parts."""
    found = []
    for seed in range(work.seeds):
        parts = [part_scores(work, row, change, only, seed) for change, only in row.parts]
        found.append({number: mean_of(part[number] for part in parts) for number in HEADLINES})
    return found


def part_scores(work: Work, row: Row, change: Mapping[str, Any], only: Sequence[str], seed: int) -> dict[str, float]:
    """Train one network if it is not trained, and test it; what was tested before is read from the run's folder."""
    folder = trained(work, row.kind, change, seed)
    key = json.dumps(["3px", sorted(only), work.leave_out, row.missing, str(work.motions)])
    path = folder / "scores.json"
    known = read_json(path, TableError) if path.is_file() else {}
    if key not in known:
        net, _ = weights.load_network(folder / "weights", work.device)
        method = network_method(row.kind, net, work.device, facing=False)
        tally = Tally()
        for clip in given_clips(work, only, row.missing):
            tally.add_clip(clip, method(clip.tracks))
        known[key] = {number: tally.mean(row.kind, number) if tally.rows else math.nan for number in HEADLINES}
        known[key] = {number: value if math.isfinite(value) else None for number, value in known[key].items()}
        write_json(path, known)
    return {number: math.nan if known[key][number] is None else float(known[key][number]) for number in HEADLINES}


def given_clips(work: Work, only: Sequence[str], missing: float) -> Iterable[SeenClip]:
    """The test clips as every table sees them: the paper's cameras and noise, seed 0."""
    clips = read_clips(work.motions, only=only, leave_out=work.leave_out)
    if not clips:
        raise TableError(f"{work.motions} has no test clip of {', '.join(only) or 'any category'}")
    return [with_missing(with_noise(clip), missing) for clip in clips]


def trained(work: Work, kind: str, change: Mapping[str, Any], seed: int) -> Path:
    """The folder of a finished run; it is trained, or goes on, where it is not finished."""
    config = run_config(work, kind, change, seed)
    folder = work.out / "runs" / f"{kind}-s{seed}-{config_hash(config)[:10]}"
    if not _finished(folder, read_training(config).steps):
        work.say(f"{folder.name}: training ({', '.join(f'{key}={value}' for key, value in change.items()) or 'as configured'})")
        result = train(config, folder, work.device, resume=True, say=work.say)
        if not result.finished:
            raise TableError(f"{folder.name} was broken off ({result.stopped_by}); the same command goes on from there")
    return folder


def _finished(folder: Path, steps: int) -> bool:
    if not (folder / "weights" / "card.json").is_file() or not (folder / "result.json").is_file():
        return False
    result = read_json(folder / "result.json", TableError)
    return bool(result.get("finished")) and (result.get("stopped_by") == "patience" or int(result.get("step", 0)) >= steps)


def run_config(work: Work, kind: str, change: Mapping[str, Any], seed: int) -> Config:
    """The configuration of one run: the lifter's, with the network of `kind` at about its number of parameters, and changes."""
    config = copy.deepcopy(work.config)
    config.setdefault("task", {"kind": "lift"})
    config["network"] = network_settings(dict(config["network"]), kind)
    config.setdefault("data", {})["motions"] = str(work.motions)
    config["data"]["leave_out"] = work.leave_out
    training = config.setdefault("training", {})
    training["seed"] = seed
    if work.steps is not None:
        training["steps"] = work.steps
        training["warmup"] = min(int(training.get("warmup", 0)), work.steps // 10)
    for key, value in change.items():
        table, _, name = key.partition(".")
        config.setdefault(table, {})[name] = value
    return config


def network_settings(lifter: Config, kind: str) -> Config:
    """A network of `kind` with the lifter's width, heads and ratio, and as many layers as bring it nearest to its parameters."""
    if lifter.get("kind") != "lifter":
        raise TableError("[network] kind: tables are made from the configuration of a lifter")
    if kind == "lifter":
        return dict(lifter)
    shared = {name: lifter[name] for name in ("width", "heads", "ratio") if name in lifter}
    wanted = parameters_of(make_network(**lifter))
    layers = {"lfm": "space_layers", "dstformer": "depth"}[kind]

    def distance(count: int) -> int:
        return abs(parameters_of(make_network(kind, **shared, **{layers: count})) - wanted)

    best = 1
    while distance(best + 1) < distance(best):
        best += 1
    return {"kind": kind, **shared, layers: best}


def table2(work: Work) -> Table:
    """Single-category against multi-category training."""
    animals = work.categories()
    rows = []
    for kind in ("dstformer", "lfm", "lifter"):
        alone = tuple(({"data.only": categories}, tuple(categories)) for categories in animals.values())
        together = tuple(({}, tuple(categories)) for categories in animals.values())
        rows += [Row((LABELS[kind], "–"), kind, alone), Row((LABELS[kind], "✓"), kind, together)]
    return Table("2", ("Method", "MC"), tuple(rows),
                 f"Trained on one category against all of them (MC), mean of {len(animals)} animals: {', '.join(animals)}.")  # fmt: skip


def table3(work: Work) -> Table:
    """Space alone against time: as in the paper, without a window."""
    rows = (Row(("Space",), "lfm"), Row(("Time",), "lifter", (({"network.alpha": FULL}, ()),)), Row(("Time, window",), "lifter"))
    return Table("3", ("Model",), rows, "Attention over joints alone, against attention over time and joints.")


def table4(work: Work) -> Table:
    """The reach of attention over time."""
    reaches = (2, 4, 8, 16, FULL)
    rows = tuple(Row(("–" if alpha == FULL else str(alpha),), "lifter", (({"network.alpha": alpha}, ()),)) for alpha in reaches)
    return Table("4", ("α",), rows, "Frames that a joint looks back and ahead; – is without a constraint.")


def table5(work: Work) -> Table:
    """How time is told."""
    ways = {"–": "none", "Learned": "learned", "Analytical": "fourier"}
    rows = tuple(Row((label,), "lifter", (({"network.time": way}, ()),)) for label, way in ways.items())
    return Table("5", ("Temporal embedding",), rows, "How a frame's time is told to the network.")


def table6(work: Work) -> Table:
    """Procrustes alignment in the loss."""
    rows = tuple(Row((LABELS[kind], mark), kind, (({"network.canonical": canonical}, ()),))
                 for kind in ("lfm", "lifter") for mark, canonical in (("–", False), ("✓", True)))  # fmt: skip
    return Table("6", ("Model", "Procrustes"), rows, "Trained in camera axes, and with each frame aligned to the truth.")


def ood(work: Work) -> Table:
    """Each animal left out in turn, beside the network that saw all."""
    animals = work.categories()
    rows = []
    for kind in ("dstformer", "lfm", "lifter"):
        unseen = tuple(({"data.leave_out": [*work.leave_out, *categories]}, tuple(categories)) for categories in animals.values())
        seen = tuple(({}, tuple(categories)) for categories in animals.values())
        rows += [Row((LABELS[kind], "unseen"), kind, unseen), Row((LABELS[kind], "seen"), kind, seen)]
    return Table("ood", ("Method", "animal"), tuple(rows),
                 f"Each of {len(animals)} animals left out of training in turn, with all its rigs: {', '.join(animals)}.")  # fmt: skip


def rig(work: Work) -> Table:
    """Rigs with more joints than any that was seen: the half with the most."""
    joints: dict[str, int] = {}
    for row in work.rows():
        joints[row["category"]] = max(joints.get(row["category"], 0), int(row.get("joints", 0)))
    most = int(np.median(list(joints.values()))) if joints else 0
    larger = tuple(sorted(category for category, count in joints.items() if count > most))
    if not larger:
        raise TableError("rigs of more joints than any seen need rigs of different size")
    change = {"data.leave_out": [*work.leave_out, *larger]}
    rows = []
    for kind in ("lfm", "lifter"):
        rows += [Row((LABELS[kind], "unseen"), kind, ((change, larger),)), Row((LABELS[kind], "seen"), kind, (({}, larger),))]
    return Table("rig", ("Method", "rigs"), tuple(rows),
                 f"Trained on rigs of at most {most} joints, tested on {len(larger)} of up to {max(joints.values())}. The DSTformer "
                 "has no places for more joints than it has seen.")  # fmt: skip


def missing(work: Work) -> Table:
    """Trained with a tenth of the points missing, tested with more."""
    rows = tuple(Row((LABELS[kind], f"{share:.0%}"), kind, (({"data.missing": TRAINED_MISSING}, ()),), share)
                 for kind in ("lfm", "lifter") for share in SHARES)  # fmt: skip
    return Table("missing", ("Method", "missing"), rows, "Trained with points missing, tested with a share of every frame's missing.")


TABLES: dict[str, Callable[[Work], Table]] = {
    "2": table2, "3": table3, "4": table4, "5": table5, "6": table6, "ood": ood, "rig": rig, "missing": missing,
}  # fmt: skip


def _plain(cell: str) -> str:
    """A cell as part of a metric's name."""
    words = cell.lower().replace("✓", "yes").replace("–", "no").replace("%", "")
    return "".join(letter if letter.isalnum() else "_" for letter in words)


def _mean_std(values: Sequence[float]) -> tuple[float, float]:
    """Mean, and standard deviation with n - 1 (nan for one value)."""
    known = [value for value in values if math.isfinite(value)]
    return mean_of(known), float(np.std(known, ddof=1)) if len(known) > 1 else math.nan
