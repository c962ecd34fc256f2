"""Round trips: an animal in motion out of Blender as FBX, glTF, BVH and USD and back in, in every Blender that is found.

The animal is 1.5 m long, stands turned and scaled, walks over the ground, bends its joints (pose shapes) and has two clips; at 30
and at 23.976 frames a second. Measured, frame by frame: how far joints are from where they were, how far the skin is, at rest and
posed, whether frame rate, length and clip names came back. FBX is read by both of Blender's importers where there are two.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).resolve().parents[1] / "blender_scripts" / "export_round_trip.py"
RATES = (30.0, 23.976)
WORST = ("joint_error_mm", "root_error_mm", "posed_error_mm", "rest_error_mm", "length_error_frames", "fps_error", "object_scale",
         "bones_lost", "bones_added")
_TITLES = {"joint_error_mm": "joints, mm", "posed_error_mm": "skin posed, mm", "rest_error_mm": "skin at rest, mm",
           "root_error_mm": "root's way, mm", "length_error_frames": "length, frames", "fps_error": "frame rate"}


def run(
    out: Path, blenders: Sequence[Sequence[str]], rates: Sequence[float] = RATES, say: Callable[[str], None] = lambda _: None,
) -> dict[str, float]:
    """Measure and write metrics.json and table.md to `out`; gives the worst of every number over Blenders and rates.

    blenders: starts of command lines, each a Python that has bpy (`[python]`) or a Blender program (`[blender]`, `[tool, "5.2"]`).
    Raises RuntimeError with the last words of a Blender that failed.
    """
    out.mkdir(parents=True, exist_ok=True)
    runs: list[tuple[float, dict[str, Any]]] = []
    for number, start in enumerate(blenders):
        for rate in rates:
            say(f"{' '.join(start)}, {rate:g} frames a second")
            runs.append((rate, round_trip(start, out / f"files_{number}_{rate:g}", rate)))
    metrics: dict[str, float] = {"runs": float(len(runs))}
    for _, done in runs:
        for way, found in done["ways"].items():
            for name in WORST:
                if name in found:
                    metrics[f"{way}_{name}"] = max(metrics.get(f"{way}_{name}", 0.0), float(found[name]))
            if "clip_names_kept" in found:
                kept = found["clip_names_kept"] / max(found["clips_written"], 1)
                metrics[f"{way}_clip_names_kept"] = min(metrics.get(f"{way}_clip_names_kept", 1.0), kept)
    (out / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf-8")
    (out / "table.md").write_text(_table(runs), encoding="utf-8")
    return metrics


def round_trip(start: Sequence[str], folder: Path, fps: float) -> dict[str, Any]:
    """One Blender at one frame rate: what the script's line of JSON says."""
    words = ["--out", str(folder), "--fps", str(fps)]
    if "python" in Path(start[0]).name.lower():
        command = [*start, str(SCRIPT), *words]
    else:
        command = [*start, "--background", "--factory-startup", "--python-exit-code", "1", "--python", str(SCRIPT), "--", *words]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=900, check=False, cwd=SCRIPT.parents[1])
    for line in reversed(done.stdout.splitlines()):
        if line.startswith('{"blender"'):
            return json.loads(line)
    raise RuntimeError(f"{' '.join(start)} made no round trip:\n{(done.stdout + done.stderr)[-2000:]}")


def _table(runs: Sequence[tuple[float, dict[str, Any]]]) -> str:
    rows = ["| Blender | rate | format | " + " | ".join(_TITLES.values()) + " | clip names | shape keys |",
            "| --- | --- | --- " + "| --- " * (len(_TITLES) + 2) + "|"]
    skipped = []
    for rate, done in runs:
        for way, found in done["ways"].items():
            numbers = [f"{found[name]:.4f}" if name in found else "–" for name in _TITLES]
            names = f"{found['clip_names_kept']} of {found['clips_written']}" if "clip_names_kept" in found else "–"
            rows.append(f"| {done['blender']} | {rate:g} | {way} | " + " | ".join(numbers)
                        + f" | {names} | {found.get('shape_keys', '–')} |")
        skipped += [f"- {done['blender']}, {way}: {why}" for way, why in done["skipped"].items()]
    notes = "\nLeft out:\n\n" + "\n".join(dict.fromkeys(skipped)) + "\n" if skipped else ""
    return "\n".join(rows) + "\n" + notes


def found() -> list[list[str]]:
    """This Python when it has bpy, and the program `blender` when it is on the path."""
    import importlib.util
    import shutil

    starts = [[sys.executable]] if importlib.util.find_spec("bpy") else []
    return starts + ([[program]] if (program := shutil.which("blender")) else [])
