"""What herds cost: the truth beside the bare picture, building beside rendering, the pace of the presets, and how it all grows.

Every number is of one run of `render_herd.py` in a process of its own, from the report that it writes itself. "Bare" is the
time of the picture's own render, which a user of Blender would wait for without any truth. Growth: time and memory from one
to eight animals, and memory over a long run of small pictures.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from ..server.evaluate.plot import line_plot
from ..server.evaluate.report import markdown_table, write_metrics, write_text

SCRIPT = Path(__file__).resolve().parents[1] / "blender_scripts" / "render_herd.py"
LAYOUTS = ("herd3d", "natural")
PARTS = ("plan", "build", "picture", "truth", "write")
ANIMALS = (1, 2, 4, 8)
LONG = (10, 30, 100, 300, 1000)
"""Pictures after which memory is looked at."""

Report = list[dict[str, float]]


def run(
    out: Path, blender: Sequence[str] | None = None, images: int = 6, long: int = 1000, workbench: bool = True,
    say: Callable[[str], None] = print,
) -> dict[str, float]:
    """Measure and write metrics.json, table.md and the plots to `out`; gives the metrics.

    blender: the start of a command line: a Python with bpy, or a Blender program up to `--`; this Python without it. images: of
    each measurement. long: pictures of the long run, 0 for none. workbench: it needs a graphics driver.
    """
    start = list(blender) if blender else [sys.executable, str(SCRIPT)]
    out.mkdir(parents=True, exist_ok=True)
    metrics: dict[str, float] = {}
    rows = []
    for layout in LAYOUTS:
        say(f"{layout}: Cycles, 512 x 512, 32 samples")
        seconds = _sums(_report(start, images, "--layout", layout, "--resolution", "512", "--samples", "32"))
        metrics.update(_cost(layout, seconds))
        rows.append([layout, *(seconds[part] / images for part in PARTS), metrics[f"{layout}_truth_over_bare"],
                     metrics[f"{layout}_with_truth_over_bare"], metrics[f"{layout}_building_share"]])
        say(f"{layout}: preset train")
        metrics[f"{layout}_train_images_a_minute"] = _pace(_report(start, 2 * images, "--layout", layout, "--preset", "train"))
    if workbench:
        say("workbench: 512 x 512, four animals")
        report = _report(start, 2 * images, "--engine", "workbench", "--resolution", "512", "--animals", "4:4")
        metrics["workbench_images_a_minute"] = _pace(report)
    say("one to eight animals")
    _grow_animals(start, images, out, metrics)
    if long:
        say(f"{long} pictures in one process")
        _grow_images(start, long, out, metrics)
    write_metrics(out, metrics)
    columns = ["Cycles, 512², 32 samples", *(f"{part}, s" for part in PARTS), "truth / bare", "with truth / bare", "building / all"]
    write_text(out / "table.md", markdown_table(columns, rows) + "\n" + markdown_table(["", "value"], [[k, v] for k, v in metrics.items()]))
    return metrics


def _report(start: Sequence[str], images: int, *words: str) -> Report:
    """Render pictures somewhere and give what each cost; the first, which loads everything, is left out."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [*start, "--out", f"{folder}/herd", "--images", str(images + 1), "--seed", "1", "--report", str(report), *words]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False)
        if done.returncode or not report.is_file():
            raise RuntimeError(f"render_herd.py ended with {done.returncode}: {done.stderr.strip()[-500:]}")
        return json.loads(report.read_text(encoding="utf-8"))[1:]


def _sums(report: Report) -> dict[str, float]:
    return {part: sum(row[part] for row in report) for part in PARTS}


def _pace(report: Report) -> float:
    return 60.0 * len(report) / sum(_sums(report).values())


def _cost(layout: str, seconds: dict[str, float]) -> dict[str, float]:
    bare, truth = seconds["picture"], seconds["truth"] + seconds["write"]
    return {
        f"{layout}_bare_seconds": bare, f"{layout}_truth_over_bare": truth / bare, f"{layout}_with_truth_over_bare": (bare + truth) / bare,
        f"{layout}_building_share": seconds["build"] / sum(seconds.values()),
        f"{layout}_planning_share": seconds["plan"] / sum(seconds.values()),
    }


def _grow_animals(start: Sequence[str], images: int, out: Path, metrics: dict[str, float]) -> None:
    series: dict[str, list[float]] = {part: [] for part in PARTS}
    memory = []
    for count in ANIMALS:
        report = _report(start, images, "--animals", f"{count}:{count}", "--resolution", "256", "--samples", "4", "--grounds", "grass")
        for part, value in _sums(report).items():
            series[part].append(value / images)
        memory.append(max(row["memory_mb"] for row in report))
        metrics[f"seconds_of_{count}_animals"] = sum(values[-1] for values in series.values())
        metrics[f"memory_mb_of_{count}_animals"] = memory[-1]
    lines = {part: (ANIMALS, values) for part, values in series.items()}
    line_plot(out / "growth_animals.png", lines, "animals", "seconds a picture (256 px, 4 samples)")


def _grow_images(start: Sequence[str], count: int, out: Path, metrics: dict[str, float]) -> None:
    report = _report(start, count, "--resolution", "64", "--samples", "1")
    memory = np.array([row["memory_mb"] for row in report])
    seconds = np.cumsum([sum(row[part] for part in PARTS) for row in report])
    for after in (n for n in LONG if n <= count):
        near = slice(max(0, after - 10), after)
        metrics[f"memory_mb_after_{after}"] = float(np.median(memory[near]))
        metrics[f"seconds_after_{after}"] = float(seconds[after - 1])
    line_plot(out / "growth_images.png", {"memory": (range(1, count + 1), memory.tolist())}, "pictures", "MB")
