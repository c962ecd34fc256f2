"""Turns as keys: a pose bone's own rotation channels in the mode that the user gave it, whole clips at a time."""

from __future__ import annotations

import re

import bpy
import numpy as np
from numpy.typing import NDArray

from ...animal.rotations import axis_angle_from_matrix, quaternion_from_matrix
from .. import compat
from .eulers import continuous_euler, euler_from_matrix
from .turns import continuous

Array = NDArray[np.float64]

_BONE = re.compile(r'^pose\.bones\["((?:[^"\\]|\\.)*)"\]')


def bone_path(bone: str) -> str:
    """Where a pose bone stands under its object, for F-curves."""
    return f'pose.bones["{bpy.utils.escape_identifier(bone)}"]'


def bone_of(path: str) -> str:
    """The bone whose channel an F-curve's data path is, or an empty text."""
    found = _BONE.match(path)
    return bpy.utils.unescape_identifier(found[1]) if found else ""


def write_turns(bone: bpy.types.PoseBone, curves: compat.Curves, turns: Array, frames: Array) -> bool:
    """Key a bone's own turns (F, 3, 3) in the rotation mode that it has; locked channels get no keys. Gives whether there were any."""
    mode, path = bone.rotation_mode, bone_path(bone.name)
    free = [axis for axis in range(3) if not bone.lock_rotation[axis]]
    if mode == "QUATERNION":
        whole = [0, *(axis + 1 for axis in free)]
        if bone.lock_rotations_4d and bone.lock_rotation_w:
            whole = whole[1:]
        curves.write(f"{path}.rotation_quaternion", continuous(quaternion_from_matrix(turns)), frames, bone.name, indices=whole)
    elif mode == "AXIS_ANGLE":
        around = axis_angle_from_matrix(turns)
        size = np.linalg.norm(around, axis=1, keepdims=True)
        axis = np.where(size > 1e-9, around / np.maximum(size, 1e-9), [0.0, 1.0, 0.0])
        # Axis and angle have two signs for one turn; the nearer one to the frame before leaves no spin between keys.
        flips = np.cumprod(np.where(np.einsum("fi,fi->f", axis[1:], axis[:-1]) < 0, -1.0, 1.0))
        signs = np.r_[1.0, flips][:, None]
        curves.write(f"{path}.rotation_axis_angle", np.concatenate([size * signs, axis * signs], axis=1), frames, bone.name)
    else:
        angles = continuous_euler(euler_from_matrix(turns, mode), mode)
        curves.write(f"{path}.rotation_euler", angles, frames, bone.name, indices=free)
    return len(free) < 3
