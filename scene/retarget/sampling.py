"""An armature's action read as arrays: from its curves where that is exact, else frame by frame from what Blender evaluates.

Most clips only key bones, and then Blender's own arithmetic of parents is done here for all frames at once. Where constraints or
drivers move a bone, Blender is asked for every frame. Either way the scene is as it was afterwards: frame, action and all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from ...animal.rotations import matrix_from_axis_angle, matrix_from_quaternion
from .. import compat
from ..skeleton_rig import CONTACT
from .rig_shape import RigError, RigMotion, RigShape

Array = NDArray[np.float64]

MOST_FRAMES = 200_000
_BONE = re.compile(r'^pose\.bones\["((?:[^"\\]|\\.)*)"\]\.(\w+)$')
_TOLD = re.compile(rf'^pose\.bones\["((?:[^"\\]|\\.)*)"\]\["{CONTACT}"\]$')
_MOVING = ("location", "rotation_quaternion", "rotation_euler", "rotation_axis_angle", "scale")


def read_motion(
    armature: Any, shape: RigShape, action: Any = None, frames: Sequence[float] | None = None, scene: Any = None, slot: Any = None,
    with_object: bool = True,
) -> RigMotion:
    """The motion of an armature object as its action plays it, on the bones of `shape` (all of its bones or some).

    action: another one than the armature's own. frames: the scene's frames to read (rising, any fractions); without them the
    action's own key times where they are evenly spaced, else its whole frames. The motion's fps is that of these samples. What
    the object itself does is part of the motion, seen from where it stood when `shape` was read. slot: another one of the action's
    than the one that plays, or would play, for the armature. with_object: without it only what the bones do is read.
    Raises RigError without an action, for one without keys or only with NLA strips, or for a range of too many frames.
    """
    scene = scene or bpy.context.scene
    action = chosen_action(armature, action)
    slot = slot or compat.own_slot(action, armature)
    curves = _curves(armature, action, slot)
    times = np.asarray(frames, dtype=np.float64) if frames is not None else sample_times(action, curves)
    if not 0 < len(times) <= MOST_FRAMES:
        raise RigError(f"{len(times)} frames are to be read; between 1 and {MOST_FRAMES} can be")
    if len(times) > 1 and not (np.diff(times) > 0).all():
        raise RigError("the frames to read must rise")
    step = float(np.median(np.diff(times))) if len(times) > 1 else 1.0
    fps = scene.render.fps / scene.render.fps_base / step
    lost = [name for name in shape.names if name not in armature.pose.bones]
    if lost:
        raise RigError(f"{armature.name!r} has no bone {lost[0]!r}")
    if is_plain(armature, shape):
        matrices = _from_curves(armature, curves, times)
        wanted = [armature.pose.bones.find(name) for name in shape.names]
        matrices = matrices[:, wanted]
        shift = _object_motion(armature, shape, curves, times)
    else:
        matrices, shift = _from_scene(armature, shape, action, times, scene, slot)
    if shift is not None and with_object:
        matrices = shift[:, None] @ matrices
    return RigMotion(shape, unsheared(matrices[..., :3, :3]), matrices[..., :3, 3], fps, times, action.name,
                     standing=_standing(shape, action, slot, times))


def chosen_action(armature: Any, action: Any = None) -> Any:
    """The action to read. Raises RigError when there is none, saying what to do."""
    data = armature.animation_data
    if action is None and data is not None:
        action = data.action
    if action is None:
        if data is not None and any(len(track.strips) for track in data.nla_tracks):
            raise RigError(f"{armature.name!r} is moved by NLA strips only; bake them to an action (Pose > Animation > Bake Action)")
        raise RigError(f"{armature.name!r} has no action; give it the clip that is to be carried over")
    return action


def clip_times(armature: Any, action: Any = None, slot: Any = None) -> Array:
    """(F,) the scene's frames that `read_motion` reads where it is told none. Raises RigError as it does."""
    action = chosen_action(armature, action)
    return sample_times(action, _curves(armature, action, slot or compat.own_slot(action, armature)))


def _curves(armature: Any, action: Any, slot: Any) -> dict[tuple[str, str], dict[int, Any]]:
    """F-curves by (bone, property) and index; the object's own have bone "". Raises RigError for an action that moves nothing here."""
    found: dict[tuple[str, str], dict[int, Any]] = {}
    bones = armature.pose.bones
    for curve in compat.action_curves(action, slot):
        match = _BONE.match(curve.data_path)
        bone, channel = (bpy.utils.unescape_identifier(match[1]), match[2]) if match else ("", curve.data_path)
        if channel in _MOVING and (not bone or bone in bones) and not curve.mute and len(curve.keyframe_points) + _samples(curve):
            found.setdefault((bone, channel), {})[curve.array_index] = curve
    if not found:
        raise RigError(f"the action {action.name!r} has no key for any bone of {armature.name!r}")
    return found


def _standing(shape: RigShape, action: Any, slot: Any, times: Array) -> NDArray[np.bool_] | None:
    """(F, J) whether bones rest on the ground, as lifted skeletons keep it in a property of their bones; None where nothing says so."""
    found = None
    for curve in compat.action_curves(action, slot):
        match = _TOLD.match(curve.data_path)
        bone = bpy.utils.unescape_identifier(match[1]) if match else ""
        if bone in shape.index and not curve.mute and len(curve.keyframe_points):
            found = np.zeros((len(times), len(shape)), dtype=bool) if found is None else found
            found[:, shape.index[bone]] = evaluate(curve, times) > 0.5
    return found


def _samples(curve: Any) -> int:
    return len(curve.sampled_points)


def sample_times(action: Any, curves: dict[tuple[str, str], dict[int, Any]]) -> Array:
    """(F,) the frames at which a clip was made: its key times where they are evenly spaced, else whole frames."""
    low, high = action.frame_range if action.use_frame_range else action.curve_frame_range
    keys = [_keys(curve)[0] for group in curves.values() for curve in group.values() if len(curve.keyframe_points)]
    if keys:
        longest = max(keys, key=len)
        steps = np.diff(longest)
        if len(longest) > 2:
            step = float(np.median(steps))
            even = np.abs(steps - step).max() < 0.02 * step and 0.2 < step < 2.5
            # Other curves may have fewer keys, but theirs must lie on the same times.
            if even and abs(longest[0] - low) < 0.5 * step and abs(longest[-1] - high) < 0.5 * step:
                return np.linspace(longest[0], longest[-1], len(longest))
    if high - low > MOST_FRAMES:
        raise RigError(f"the action {action.name!r} has {high - low:.0f} frames; at most {MOST_FRAMES} can be read")
    whole = np.arange(np.ceil(low - 1e-4), np.floor(high + 1e-4) + 1.0)
    return whole if len(whole) else np.array([float(low)])


def _keys(curve: Any) -> tuple[Array, Array]:
    flat = np.empty(2 * len(curve.keyframe_points), dtype=np.float32)
    curve.keyframe_points.foreach_get("co", flat)
    pairs = flat.astype(np.float64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def evaluate(curve: Any, times: Array) -> Array:
    """Values (F,) of an F-curve: straight lines and steps here, everything else by Blender."""
    if not len(curve.modifiers) and len(curve.keyframe_points) and curve.extrapolation == "CONSTANT":
        kinds = np.empty(len(curve.keyframe_points), dtype=np.int32)
        curve.keyframe_points.foreach_get("interpolation", kinds)
        items = bpy.types.Keyframe.bl_rna.properties["interpolation"].enum_items
        keys, values = _keys(curve)
        if (kinds[:-1] == items["LINEAR"].value).all():
            return np.interp(times, keys, values)
        if (kinds[:-1] == items["CONSTANT"].value).all():
            return values[np.clip(np.searchsorted(keys, times + 1e-6, side="right") - 1, 0, len(keys) - 1)]
    return np.array([curve.evaluate(float(time)) for time in times])


# -- from the curves ------------------------------------------------------------------------------------------------


def is_plain(armature: Any, shape: RigShape) -> bool:
    """Whether curves and parents alone say where these bones are: then thousands of frames are read about as fast as a few."""
    if armature.data.pose_position == "REST":
        return False
    driven = {match[1] for driver in (armature.animation_data.drivers if armature.animation_data else ())
              if (match := re.match(r'^pose\.bones\["((?:[^"\\]|\\.)*)"\]', driver.data_path))}
    done: set[str] = set()
    for name in shape.names:
        bone = armature.pose.bones[name]
        while bone is not None and bone.name not in done:
            done.add(bone.name)
            if any(not c.mute and c.influence > 0 for c in bone.constraints) or bone.name in driven or bone.is_in_ik_chain:
                return False
            if bone.bone.inherit_scale in ("FIX_SHEAR", "ALIGNED", "NONE_LEGACY"):
                return False
            bone = bone.parent
    return not any(not c.mute for c in armature.constraints)


def _from_curves(armature: Any, curves: dict[tuple[str, str], dict[int, Any]], times: Array) -> Array:
    """Pose matrices (F, B, 4, 4) of all bones, in the order of the armature's."""
    bones = armature.pose.bones
    out = np.empty((len(times), len(bones), 4, 4))
    index = {bone.name: i for i, bone in enumerate(bones)}
    rests = {bone.name: np.array(bone.bone.matrix_local, dtype=np.float64) for bone in bones}
    order = sorted(bones, key=lambda bone: len(bone.parent_recursive))
    for bone in order:
        basis = basis_matrices(bone, bone.name, curves, times)
        rest = rests[bone.name]
        if bone.parent is None:
            rotscale = place = np.broadcast_to(rest, basis.shape)
            if not bone.bone.use_local_location:
                place = np.broadcast_to(_only_place(rest), basis.shape)
        else:
            above, above_rest = out[:, index[bone.parent.name]], rests[bone.parent.name]
            offset = np.linalg.inv(above_rest) @ rest
            rotscale, place = _inherited(bone.bone, above, above_rest, offset)
        out[:, index[bone.name]] = rotscale @ basis
        out[:, index[bone.name], :3, 3] = np.einsum("fij,fj->fi", place[:, :3, :3], basis[:, :3, 3]) + place[:, :3, 3]
    return out


def _inherited(bone: Any, above: Array, above_rest: Array, offset: Array) -> tuple[Array, Array]:
    """What turns and scales a bone's own matrix, and what places it, (F, 4, 4) each, from its parent's pose (F, 4, 4)."""
    full = bone.use_inherit_rotation and bone.inherit_scale == "FULL"
    if full:
        rotscale = above @ offset
    else:
        base = above.copy()
        if bone.use_inherit_rotation:
            base[:, :3, :3] = unsheared(above[:, :3, :3])
        else:
            base[:, :3, :3] = above_rest[:3, :3]
            if bone.inherit_scale == "FULL":
                base[:, :3, :3] = above_rest[:3, :3] * np.linalg.norm(above[:, :3, :3], axis=1)[:, None, :]
        if bone.inherit_scale == "AVERAGE":
            base[:, :3, :3] *= np.cbrt(np.abs(np.linalg.det(above[:, :3, :3])))[:, None, None]
        rotscale = base @ offset
    if bone.use_local_location:
        return rotscale, above @ offset
    place = np.broadcast_to(np.eye(4), above.shape).copy()
    place[:, :3, :3] = above[:, :3, :3]
    place[:, :3, 3] = above[:, :3, :3] @ offset[:3, 3] + above[:, :3, 3]
    return rotscale, place


def _only_place(matrix: Array) -> Array:
    out = np.eye(4)
    out[:3, 3] = matrix[:3, 3]
    return out


def basis_matrices(owner: Any, bone: str, curves: dict[tuple[str, str], dict[int, Any]], times: Array) -> Array:
    """(F, 4, 4) the own matrix of a pose bone or, with bone "", an object; channels without keys are as they are now for the
    object and at rest for bones."""
    def channel(name: str, plain: Sequence[float]) -> Array:
        values = np.tile(np.asarray(plain, dtype=np.float64), (len(times), 1))
        for at, curve in curves.get((bone, name), {}).items():
            if at < values.shape[1]:
                values[:, at] = evaluate(curve, times)
        return values

    own = bone == ""
    out = np.broadcast_to(np.eye(4), (len(times), 4, 4)).copy()
    mode = owner.rotation_mode
    if mode == "QUATERNION":
        values = channel("rotation_quaternion", owner.rotation_quaternion if own else (1, 0, 0, 0))
        empty = np.linalg.norm(values, axis=1, keepdims=True) < 1e-9
        turn = matrix_from_quaternion(np.where(empty, [1.0, 0, 0, 0], values))
    elif mode == "AXIS_ANGLE":
        values = channel("rotation_axis_angle", owner.rotation_axis_angle if own else (0, 0, 1, 0))
        axis = values[:, 1:] / np.maximum(np.linalg.norm(values[:, 1:], axis=1, keepdims=True), 1e-12)
        turn = matrix_from_axis_angle(axis * values[:, :1])
    else:
        turn = from_euler(channel("rotation_euler", owner.rotation_euler if own else (0, 0, 0)), mode)
    out[:, :3, :3] = turn * channel("scale", owner.scale if own else (1, 1, 1))[:, None, :]
    out[:, :3, 3] = channel("location", owner.location if own else (0, 0, 0))
    return out


def from_euler(angles: Array, mode: str) -> Array:
    """Rotations (F, 3, 3) from Blender's Euler angles (F, 3), turned about the axes in the order of `mode` ("XYZ": x first)."""
    turn = np.broadcast_to(np.eye(3), (len(angles), 3, 3))
    for letter in mode:
        at = "XYZ".index(letter)
        turn = matrix_from_axis_angle(np.eye(3)[at] * angles[:, at, None]) @ turn
    return turn


def _object_motion(armature: Any, shape: RigShape, curves: dict[tuple[str, str], dict[int, Any]], times: Array) -> Array | None:
    """(F, 4, 4) how the object moves, seen from where it stood when the shape was read; None when it does not."""
    if not any(bone == "" for bone, _ in curves):
        return None
    own = np.array(armature.matrix_basis, dtype=np.float64)
    above = np.array(armature.matrix_world, dtype=np.float64) @ np.linalg.inv(own)
    deltas = np.linalg.inv(shape.to_world) @ above @ basis_matrices(armature, "", curves, times)
    return deltas


# -- from the scene -------------------------------------------------------------------------------------------------


def _from_scene(armature: Any, shape: RigShape, action: Any, times: Array, scene: Any, slot: Any) -> tuple[Array, Array]:
    """Pose matrices (F, J, 4, 4) and the object's motion (F, 4, 4) as Blender evaluates them."""
    out, shift = np.empty((len(times), len(shape), 4, 4)), np.empty((len(times), 4, 4))
    home = np.linalg.inv(shape.to_world)
    with playing(armature, action, scene, slot):
        for number, time in enumerate(times):
            scene.frame_set(int(np.floor(time)), subframe=float(time - np.floor(time)))
            graph = bpy.context.evaluated_depsgraph_get()
            seen = armature.evaluated_get(graph)
            bones = seen.pose.bones
            out[number] = [bones[name].matrix for name in shape.names]
            shift[number] = home @ np.array(seen.matrix_world, dtype=np.float64)
    return out, shift


@contextmanager
def playing(armature: Any, action: Any, scene: Any, slot: Any = None) -> Iterator[None]:
    """The armature plays just this action; afterwards the scene's frame, its action, slot and NLA are what they were."""
    data = armature.animation_data or armature.animation_data_create()
    kept = data.action, getattr(data, "action_slot", None), data.use_nla, scene.frame_current, scene.frame_subframe
    position = armature.data.pose_position
    try:
        data.use_nla = False
        if data.action != action or slot is not None:
            compat.play(armature, action, slot or compat.own_slot(action, armature))
        armature.data.pose_position = "POSE"
        yield
    finally:
        compat.assign(armature, kept[0], kept[1])
        data.use_nla = kept[2]
        armature.data.pose_position = position
        scene.frame_set(kept[3], subframe=kept[4])


def unsheared(matrices: Array) -> Array:
    """Rotations (…, 3, 3) nearest to scaled matrices: y kept, the others made square to it, as Blender does."""
    y = matrices[..., :, 1] / np.maximum(np.linalg.norm(matrices[..., :, 1], axis=-1, keepdims=True), 1e-12)
    z = matrices[..., :, 2]
    z = z - y * np.einsum("...i,...i->...", y, z)[..., None]
    z = z / np.maximum(np.linalg.norm(z, axis=-1, keepdims=True), 1e-12)
    return np.stack([np.cross(y, z), y, z], axis=-1)
