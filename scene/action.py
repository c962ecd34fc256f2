"""Motion as an action: keys of every bone and of the root's place, written in bulk, at the clip's own times.

A clip of another frame rate than the scene's keeps its timing: its keys fall between frames, and nothing of the scene is
changed. Rotations are quaternions that never take the long way round.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy
import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import compat, rig
from .frames import bone_transforms, continuous

if TYPE_CHECKING:
    from ..animal.clips import AnimalClip

Array = NDArray[np.float64]


def key_clip(
    armature: bpy.types.Object, clip: AnimalClip, scene: bpy.types.Scene, start: float = 1.0, name: str | None = None,
) -> bpy.types.Action:
    """Give a rig the motion of a clip of its own model, the clip's first frame at `start`.

    Frames in which the animal was not seen (nan) get no keys. Raises ValueError for another model's clip, or when the
    animal is never seen.
    """
    record = rig.read_record(armature)
    if record is None or clip.model_id not in ("", record.model_id):
        raise ValueError(f"{armature.name} was not made from the clip's model ({clip.model_id})")
    rate = scene.render.fps / scene.render.fps_base
    frames = start + np.arange(len(clip.poses)) * rate / clip.fps
    seen = np.isfinite(clip.poses).all(axis=(1, 2)) & np.isfinite(clip.trans).all(axis=1)
    return key_motion(armature, clip.poses[seen], clip.trans[seen], frames[seen], name or armature.name)


def key_motion(
    armature: bpy.types.Object, poses: ArrayLike, trans: ArrayLike, frames: ArrayLike, name: str,
) -> bpy.types.Action:
    """Make an action of poses (F, J, 3) axis-angle and trans (F, 3), model units in the world, with keys at frames (F,).

    The armature object stays where it stands; all motion is the bones'. The new action becomes the rig's.
    """
    record = rig.read_record(armature)
    if record is None:
        raise ValueError(f"{armature.name} is not an animal of Bestiary")
    poses, trans, frames = (np.asarray(a, dtype=np.float64) for a in (poses, trans, frames))
    if poses.shape != (len(frames), len(record.bones), 3) or trans.shape != (len(frames), 3) or not len(frames):
        raise ValueError(f"poses {poses.shape}, trans {trans.shape} and frames {frames.shape} do not fit each other "
                         f"and the rig's {len(record.bones)} bones")
    quaternions, location = bone_transforms(
        record.frame, poses, trans, rig.root_joint(armature, record), rig.rest_axes(armature, record),
        np.array(armature.matrix_basis))
    quaternions = continuous(quaternions)
    action = bpy.data.actions.new(name)
    curves = compat.Curves(action, armature)
    for j, bone in enumerate(record.bones):
        armature.pose.bones[bone].rotation_mode = "QUATERNION"
        path = f'pose.bones["{bpy.utils.escape_identifier(bone)}"]'
        curves.write(f"{path}.rotation_quaternion", quaternions[:, j], frames, bone)
        if j == 0:
            curves.write(f"{path}.location", location, frames, bone)
    return action
