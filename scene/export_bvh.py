"""BVH through Blender's own exporter: one skeleton and its motion, Y up as all other programs expect it.

The exporter writes armature space as it is, so the stage's armature stands turned to Y up at the world's origin. It rounds the frame
time to a microsecond; here it is written as exact as a number can be.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import bpy

from . import compat
from .export import ExportError
from .export_sampling import Sampled
from .export_stage import Y_UP, Actor, Look


def check() -> None:
    """Raise ExportError when this Blender cannot write BVH."""
    if not compat.has_operator(bpy.ops.export_anim.bvh, "io_anim_bvh"):
        raise ExportError("This Blender has no BVH exporter: enable the add-on BioVision Motion Capture format in the preferences")


def look(unit: str) -> Look:
    """Y up, one root, names that a line of words can hold, and no object transform: BVH has none."""
    return Look(Y_UP, 100.0 if unit == "CM" else 1.0, single_root=True, plain_names=True, at_origin=True)


def first_frame(_clip: Sampled) -> int:
    """BVH counts frames from the first."""
    return 0


def write(path: Path, scene: bpy.types.Scene, actors: Sequence[Actor], _clips: Sequence[Sampled], fps: float, _unit: str) -> None:
    """Write the first rig of the stage; the context is the stage's."""
    bpy.ops.export_anim.bvh(**compat.supported(bpy.ops.export_anim.bvh, {
        "filepath": str(path), "check_existing": False, "global_scale": 1.0, "frame_start": scene.frame_start,
        "frame_end": scene.frame_end, "rotate_mode": "ZXY", "root_transform_only": not actors[0].moving}))
    lines = path.read_text(encoding="utf-8").split("\n")
    place = next(number for number, line in enumerate(lines) if line.startswith("Frame Time:"))
    lines[place] = f"Frame Time: {1.0 / fps:.12g}"
    path.write_text("\n".join(lines), encoding="utf-8", newline="\n")
