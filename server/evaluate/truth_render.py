"""Turns pictures of known truth into pixels: by Blender in a process of its own, or, where there is none, by plain shading.

The scores do not depend on which: hints and truth come from the geometry. The pixels are what one looks at.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ...animal.rasterise import rasterise
from .truth_scenes import Solid, TruthPicture

SCRIPT = Path(__file__).resolve().parents[2] / "blender_scripts" / "render_rig.py"
GROUNDS = ((0.26, 0.33, 0.10), (0.45, 0.38, 0.25), (0.30, 0.30, 0.30), (0.80, 0.82, 0.85))
"""Linear colours of meadow, sand, road and snow; pictures take turns."""
SKY = (0.75, 0.84, 0.95)


def render_all(pictures: Sequence[TruthPicture], samples: int = 12, blender: str | None = None) -> list[NDArray[np.uint8]]:
    """uint8 (H, W, 3) for every picture.

    blender: a Blender program; None takes Blender as a Python module if this Python has it, else plain shading.
    Raises RuntimeError with Blender's last words when it fails.
    """
    if blender:
        command = [blender, "-b", "--factory-startup", "--python", str(SCRIPT), "--"]
    elif importlib.util.find_spec("bpy"):
        command = [sys.executable, str(SCRIPT)]
    else:
        return [shade(picture) for picture in pictures]
    with tempfile.TemporaryDirectory() as folder:
        jobs, out = Path(folder) / "jobs", Path(folder) / "out"
        jobs.mkdir()
        for number, picture in enumerate(pictures):
            write_job(jobs / f"{picture.name}.npz", picture, GROUNDS[number % len(GROUNDS)])
        run = subprocess.run([*command, "--jobs", str(jobs), "--out", str(out), "--samples", str(samples)],
                             capture_output=True, text=True, check=False)
        missing = [picture.name for picture in pictures if not (out / f"{picture.name}.png").exists()]
        if run.returncode or missing:
            raise RuntimeError(f"rendering failed ({run.returncode}): {(run.stdout + run.stderr)[-2000:]}")
        return [np.asarray(Image.open(out / f"{picture.name}.png").convert("RGB")) for picture in pictures]


def write_job(path: Path, picture: TruthPicture, ground: Sequence[float]) -> None:
    """What render_rig.py reads; see there for the arrays."""
    camera = picture.camera
    arrays = {"K": camera.K, "R": camera.R, "t": camera.t, "size": np.array([camera.width, camera.height]),
              "sun": picture.sun, "ground_colour": np.array(ground)}
    for i, solid in enumerate((picture.animal, *picture.occluders)):
        arrays |= {f"vertices_{i}": solid.vertices, f"faces_{i}": solid.faces, f"colours_{i}": solid.colours}
    np.savez(path, **arrays)


def shade(picture: TruthPicture) -> NDArray[np.uint8]:
    """The picture without Blender: flat light, plain ground and sky."""
    camera = picture.camera
    height, width = picture.mask.shape
    canvas = np.zeros((height, width, 3))
    canvas[:] = SKY
    canvas[height // 3 :] = GROUNDS[0]
    nearest = np.full((height, width), np.inf)
    for solid in (picture.animal, *picture.occluders):
        raster = rasterise(camera.to_camera(solid.vertices), solid.faces, camera.K, width, height)
        front = raster.depth < nearest
        nearest[front] = raster.depth[front]
        canvas[front] = _lit(solid, picture.sun)[raster.face[front]]
    return (255 * np.clip(canvas, 0.0, 1.0) ** (1 / 2.2)).round().astype(np.uint8)


def _lit(solid: Solid, sun: NDArray[np.float64]) -> NDArray[np.float64]:
    """Linear colours (F, 3) of the faces in the sun."""
    corners = solid.vertices[solid.faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    light = 0.35 + 0.65 * np.clip(-normals @ sun, 0.0, 1.0)
    return solid.colours[solid.faces].mean(axis=1) * light[:, None]
