"""Retargeting without a manual map: eight clips onto twelve rigs, measured in Blender on the final rigs, beside a plain copy of rotations.

The clips, the rigs and the truth about their bones stand in `retarget_rigs` and `retarget_truth`; what is measured, in `retarget_measure`,
shares no code with what is measured. Blender runs in a process of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ..server.evaluate.report import markdown_table, write_metrics, write_text

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "rigs"
Rows = list[dict[str, Any]]


def run(out: Path, data: Path = DATA, say: Callable[[str], object] = print) -> dict[str, float]:
    """Measure and write metrics.json and table.md to `out`; gives the metrics.

    data: the folder of the developers' rigs; what is not there is left out and counted in `rigs` and `clips`.
    """
    out.mkdir(parents=True, exist_ok=True)
    say("clips onto rigs, in Blender")
    _in_blender(out, data)
    found = json.loads((out / "rows.json").read_text(encoding="utf-8"))
    rows = [row for row in found["rows"] if "error" not in row]
    failed = [row for row in found["rows"] if "error" in row]
    metrics = {**summary(rows), **found["numbers"], "failed": float(len(failed))}
    write_metrics(out, metrics)
    write_text(out / "table.md", report(rows, failed))
    return metrics


def _in_blender(out: Path, data: Path) -> None:
    package = __package__.rpartition(".")[0]
    root = Path(sys.modules[package].__file__ or ".").parent.parent
    paths = [str(root), *filter(None, sys.path)]
    code = f"import sys; sys.path[:0] = {paths!r}; from {package}.benchmarks import retarget_blender; retarget_blender.main(*sys.argv[1:])"
    with (out / "blender.log").open("w", encoding="utf-8") as log:
        done = subprocess.run([sys.executable, "-c", code, str(out), str(data)], stdout=log, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        last = (out / "blender.log").read_text(encoding="utf-8")[-2000:]
        raise RuntimeError(f"the part that runs in Blender failed:\n{last}")


def summary(rows: Rows) -> dict[str, float]:
    """Means over all pairs, and the worst of what must not happen anywhere. Percent are of the leg's length."""
    def mean(name: str) -> float:
        return float(np.mean([row[name] for row in rows])) if rows else float("nan")

    each = {row["rig"]: row["bones_matched"] for row in rows}
    metrics = {"pairs": float(len(rows)), "rigs": float(len(each)), "clips": float(len({row["clip"] for row in rows})),
               "bones_matched_percent": 100 * float(np.mean(list(each.values()))) if each else float("nan"),
               "contact_frames_percent": 100 * mean("contacts"), "solver_contact_frames_percent": 100 * mean("solver_contacts")}
    for prefix in ("", "copy_"):
        metrics[f"{prefix}limb_angle_degrees_mean"] = mean(f"{prefix}angle")
        metrics[f"{prefix}foot_slide_percent"] = 100 * mean(f"{prefix}slide")
        metrics[f"{prefix}foot_slide_percent_worst"] = 100 * max((row[f"{prefix}slide"] for row in rows), default=float("nan"))
        metrics[f"{prefix}ground_penetration_percent"] = 100 * max((row[f"{prefix}sunk"] for row in rows), default=float("nan"))
        metrics[f"{prefix}ground_penetration_percent_mean"] = 100 * mean(f"{prefix}sunk")
    return metrics


def report(rows: Rows, failed: Rows) -> str:
    """Tables by clip and by rig, the worst pairs, and what failed."""
    columns = ["", "limbs °", "copy °", "slide %", "copy %", "contacts %", "sunk %", "copy %"]
    text = "Per cent are of the leg's length (slide: a frame); contacts of all frames and feet; sunk is the deepest in any frame.\n\n"
    for by, title in (("clip", "Clips"), ("rig", "Rigs")):
        lines = [[name, *_line([row for row in rows if row[by] == name])] for name in dict.fromkeys(row[by] for row in rows)]
        text += f"## {title}\n\n{markdown_table(columns, lines)}\n"
    for name, title in (("angle", "largest limb angle"), ("slide", "most sliding"), ("sunk", "deepest")):
        worst = max(rows, key=lambda row: row[name], default=None)
        if worst is not None:
            value = worst[name] if name == "angle" else 100 * worst[name]
            text += f"- {title}: {worst['clip']} on {worst['rig']}, {value:.2f}\n"
    return text + "".join(f"- failed: {row['clip']} on {row['rig']}: {row['error']}\n" for row in failed)


def _line(rows: Rows) -> list[float]:
    def mean(name: str, scale: float = 100.0) -> float:
        return scale * float(np.mean([row[name] for row in rows]))

    return [mean("angle", 1.0), mean("copy_angle", 1.0), mean("slide"), mean("copy_slide"), mean("contacts"),
            100 * max(row["sunk"] for row in rows), 100 * max(row["copy_sunk"] for row in rows)]
