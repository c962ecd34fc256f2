"""Importing a herd: 8 animals with all shape keys, in every Blender that is found, by the script an import runs.

Each Blender builds the same 8 animals of different species from files three times, in a process of its own; the
fastest counts, since what else runs on the machine only ever slows it down. Measured is `build_animals`, the work of
one undo step: armatures, meshes, vertex groups, shape keys, materials, camera.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..animal.cameras import Camera
from ..animal.clips import clip_of_pose, save_clip
from ..animal.default import default_model
from ..animal.placing import AnimalPose

SCRIPT = Path(__file__).resolve().parents[1] / "blender_scripts" / "import_animals.py"
REPEATS = 3


def run(out: Path, blenders: Sequence[Sequence[str]] | None = None, animals: int = 8) -> dict[str, float]:
    """Measure and write metrics.json and table.md to `out`; gives `seconds_<version>` for every Blender.

    blenders: starts of command lines, each either a Python that has bpy (`[python]`) or a Blender program
    (`[blender]`, `[tool, "5.2"]`); without them this Python, if it has bpy, and `blender` on the path.
    """
    out.mkdir(parents=True, exist_ok=True)
    metrics: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        files = write_herd(Path(folder), animals)
        for start in blenders if blenders is not None else found():
            runs = [build(start, files) for _ in range(REPEATS)]
            version = str(runs[0]["blender"]).split()[0]
            metrics[f"seconds_{version}"] = min(float(run["seconds_import"]) for run in runs)
    metrics["animals"] = float(animals)
    metrics["shape_keys"] = float(default_model().n_betas)
    (out / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf-8")
    rows = [f"| {name[8:]} | {value:.2f} |" for name, value in metrics.items() if name.startswith("seconds_")]
    head = f"| Blender | seconds for {animals} animals with {default_model().n_betas} shape keys |\n| --- | --- |\n"
    (out / "table.md").write_text(head + "\n".join(rows) + "\n", encoding="utf-8")
    return metrics


def found() -> list[list[str]]:
    """This Python when it has bpy, and the program `blender` when it is on the path."""
    import importlib.util
    import shutil

    starts = [[sys.executable]] if importlib.util.find_spec("bpy") else []
    return starts + ([[program]] if (program := shutil.which("blender")) else [])


def write_herd(folder: Path, count: int) -> list[Path]:
    """`count` animals of different species, standing in a row, as files."""
    model, rng = default_model(), np.random.default_rng(0)
    camera = Camera.look_at((12.0, 0.0, 3.0), (0.0, 0.0, 0.5), 1500.0, 1600, 900)
    species = list(model.species.values()) or [None]
    files = []
    for k in range(count):
        entry = species[k % len(species)]
        betas = rng.normal(size=model.n_betas) if entry is None else entry.betas
        pose = rng.normal(size=(model.n_joints, 3)) * 0.1
        trans = np.array([0.0, 2.0 * k - count, -model.rest(betas).vertices[:, 2].min()])
        animal = AnimalPose(betas, pose, trans, model.metres_per_unit, f"animal {k + 1}")
        files.append(folder / f"animal_{k + 1}.npz")
        save_clip(clip_of_pose(model, animal, camera), files[-1])
    return files


def build(start: Sequence[str], files: Sequence[Path]) -> dict[str, Any]:
    """One run of the script in one Blender: what its line of JSON says. Raises RuntimeError with its last words."""
    # A Python is told from a Blender program by its name: `python3.11`, `pypy`.
    if "python" in Path(start[0]).name.lower():
        command = [*start, str(SCRIPT), *map(str, files)]
    else:
        command = [*start, "--background", "--factory-startup", "--python-exit-code", "1", "--python", str(SCRIPT),
                   "--", *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=600, check=False,
                          cwd=SCRIPT.parents[1])
    for line in reversed(done.stdout.splitlines()):
        if line.startswith("{"):
            return json.loads(line)
    raise RuntimeError(f"{' '.join(start)} did not build the animals:\n{(done.stdout + done.stderr)[-2000:]}")
