"""How fast keys are written: whole clips in bulk against `keyframe_insert`, what a script would use, in the same run."""

from __future__ import annotations

import time
from typing import Any

import numpy as np


def key_speed(bones: int = 35, frames: int = 1000, seed: int = 0) -> dict[str, float]:
    """Seconds for keying quaternions of a rig's bones in both ways, and their ratio. Needs bpy; an open scene stays as it is.

    Gives `write_seconds`, `keyframe_insert_seconds`, `write_speedup` and `write_difference` (the largest of the values').
    """
    import bpy

    from ..scene import compat
    from ..scene.armature import new_armature
    from ..scene.retarget.keys import write_turns

    turns = _turns(bones, frames, seed)
    times = np.arange(1, frames + 1, dtype=np.float64)
    made: list[Any] = []
    seconds = []
    for bulk in (True, False):
        rig = new_armature("speed")
        made.append(rig)
        bpy.context.scene.collection.objects.link(rig)
        with compat.edit_mode([rig]):
            for k in range(bones):
                rig.data.edit_bones.new(f"bone {k}").tail = (0.0, 0.1, 0.0)
        begun = time.perf_counter()
        if bulk:
            curves = compat.Curves(bpy.data.actions.new("bulk"), rig)
            for k, bone in enumerate(rig.pose.bones):
                write_turns(bone, curves, turns[:, k], times)
        else:
            _insert(rig, turns, times)
        seconds.append(time.perf_counter() - begun)
    values = [np.array([[point.co[1] for point in curve.keyframe_points] for curve in _sorted(rig)]) for rig in made]
    for rig in made:
        action, data = rig.animation_data.action, rig.data
        bpy.data.objects.remove(rig)
        bpy.data.armatures.remove(data)
        bpy.data.actions.remove(action)
    return {"write_seconds": seconds[0], "keyframe_insert_seconds": seconds[1], "write_speedup": seconds[1] / seconds[0],
            "write_difference": float(np.abs(values[0] - values[1]).max())}


def _turns(bones: int, frames: int, seed: int) -> np.ndarray:
    """(F, B, 3, 3) smooth random turns."""
    from ..animal.rotations import matrix_from_axis_angle

    rng = np.random.default_rng(seed)
    waves = np.sin(np.arange(frames)[:, None, None] * rng.uniform(0.05, 0.3, (bones, 3)) + rng.uniform(0, 6.3, (bones, 3)))
    return matrix_from_axis_angle(0.6 * waves)


def _insert(rig: Any, turns: np.ndarray, times: np.ndarray) -> None:
    """The same keys one by one."""
    from ..animal.rotations import quaternion_from_matrix
    from ..scene.retarget.turns import continuous

    quaternions = continuous(quaternion_from_matrix(turns))
    for frame, rows in zip(times, quaternions, strict=True):
        for bone, quaternion in zip(rig.pose.bones, rows, strict=True):
            bone.rotation_quaternion = quaternion
            bone.keyframe_insert("rotation_quaternion", frame=frame)


def _sorted(rig: Any) -> list[Any]:
    from ..scene import compat

    return sorted(compat.action_curves(rig.animation_data.action), key=lambda curve: (curve.data_path, curve.array_index))
