"""What may still be done to an action that was just written: fewer keys, and which side of the legs' switches plays."""

from __future__ import annotations

import re

import bpy
import numpy as np
from numpy.typing import NDArray

from .. import compat
from .reduction import keys_of_turns, keys_of_values
from .wiring import is_switch
from .writing import Written

Array = NDArray[np.float64]

_SWITCH = re.compile(r'^pose\.bones\["((?:[^"\\]|\\.)*)"\]\["((?:[^"\\]|\\.)*)"\]$')


def fewer_keys(written: Written, degrees: float, leg: float) -> tuple[int, int]:
    """Leave out keys without any bone turning by more than `degrees` for itself; gives the number of keys before and after.

    leg: a length in the armature's units: what is keyed in places stays within so much of it. Between keys lie straight lines.
    """
    groups: dict[str, list[bpy.types.FCurve]] = {}
    for curve in compat.action_curves(written.action, written.slot):
        groups.setdefault(curve.data_path, []).append(curve)
    before = after = 0
    for path, curves in groups.items():
        curves.sort(key=lambda curve: curve.array_index)
        count = len(curves[0].keyframe_points)
        before += count * len(curves)
        kept = count
        if count > 2 and all(len(curve.keyframe_points) == count for curve in curves):
            keys = np.stack([_read(curve) for curve in curves])
            chosen = _chosen(path, keys[0, :, 0], keys[..., 1].T, degrees, leg)
            kept = len(chosen)
            if kept < count:
                for curve, rows in zip(curves, keys, strict=True):
                    _replace(curve, rows[chosen])
        after += kept * len(curves)
    return before, after


def _chosen(path: str, frames: Array, values: Array, degrees: float, leg: float) -> NDArray[np.int_]:
    """Of keys at frames (F,) with values (F, n) those to keep."""
    if path.endswith("rotation_quaternion") and values.shape[1] == 4:
        return keys_of_turns(values, frames, degrees)
    if path.endswith("location"):
        return keys_of_values(values, frames, leg * np.radians(degrees))
    return keys_of_values(values, frames, np.radians(degrees))


def _read(curve: bpy.types.FCurve) -> Array:
    flat = np.empty(2 * len(curve.keyframe_points), dtype=np.float32)
    curve.keyframe_points.foreach_get("co", flat)
    return flat.astype(np.float64).reshape(-1, 2)


def _replace(curve: bpy.types.FCurve, keys: Array) -> None:
    """Give a curve these keys (n, 2) alone, with straight lines between them."""
    points = curve.keyframe_points
    points.clear()
    points.add(len(keys))
    points.foreach_set("co", keys.astype(np.float32).ravel())
    linear = bpy.types.Keyframe.bl_rna.properties["interpolation"].enum_items["LINEAR"].value
    points.foreach_set("interpolation", np.full(len(keys), linear, dtype=np.int32))
    curve.update()


def play_ik(written: Written) -> bool:
    """Turn the keyed switches of the legs to IK, which has keys of its own; false where the rig has no IK controls."""
    if not written.report.ik:
        return False
    switched = False
    for curve in compat.action_curves(written.action, written.slot):
        found = _SWITCH.match(curve.data_path)
        if not found or not is_switch(bpy.utils.unescape_identifier(found[2])):
            continue
        for point in curve.keyframe_points:
            point.co[1] = 1.0 - point.co[1]
        curve.update()
        switched = True
    return switched
