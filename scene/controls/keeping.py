"""Controls added and removed with the motion kept: an action on the rig's own bones becomes keys on the controls, and back.

The action that was there stays in the file as it is; a copy of it gets the new keys, in bulk, at the same frames.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from .. import compat
from ..retarget.body_map import BodyMap
from ..retarget.keys import bone_path, write_turns
from ..retarget.rig_shape import RigError, RigShape
from ..retarget.sampling import read_motion
from . import build
from .layout import Plan
from .motion import Channels, Posed, leg_channels, own_channels, trunk_channels

Array = NDArray[np.float64]

_STILL = 1e-5  # of the rig's size: places nearer to rest than this get no keys


@dataclass(frozen=True)
class KeepReport:
    """What was done. controls: names of the controls added or removed; action: that the rig plays now, None without; frames: how many
    were keyed; messages: what the user should know."""

    controls: tuple[str, ...]
    action: bpy.types.Action | None
    frames: int
    messages: tuple[str, ...]


def add_controls(armature: bpy.types.Object, body: BodyMap | None = None, *, scene: bpy.types.Scene | None = None) -> KeepReport:
    """Put controls on a rig; its pose, or its active action, moves over to them. The feet are led by IK then.

    body: its parts, found where None. NLA strips stay on the bones, and the feet on FK for them. No undo step is pushed. Raises RigError
    for a rig that has controls, is linked, shares its bones, is being edited, or is not four-legged; it is as it was then.
    """
    scene = scene or bpy.context.scene
    if build.has_controls(armature):
        raise RigError(f"“{armature.name}” has controls already; remove them first to make them anew")
    build.check(armature)
    body = body or build.body_map(armature)
    plan = build.plan_of(armature, body)
    shape = build.own_shape(armature)
    posed, frames, action = read_posed(armature, shape, scene)
    build.build(armature, plan, body, scene)
    try:
        channels = all_channels(plan, posed)
        messages = list(plan.messages)
        if action is None:
            if not _has_strips(armature):
                pose_channels(armature, channels)
            else:
                for parts in plan.legs.values():
                    armature.pose.bones[parts.foot][build.SWITCH] = 1.0
                messages.append("the NLA strips still move the bones themselves, so the feet are on FK")
        else:
            messages.append(f"the motion as it was is kept in the action “{action.name}”")
            action = key_copy(armature, action, channels, frames, f"{action.name} controls", ())
    except BaseException:  # an interrupted one leaves no control behind either
        build.take_off(armature)
        raise
    return KeepReport(tuple(bone.name for bone in plan.bones if bone.shape), action, 0 if action is None else len(frames), tuple(messages))


def remove_controls(armature: bpy.types.Object, *, scene: bpy.types.Scene | None = None) -> KeepReport:
    """Take the controls off a rig; what they make of the pose, or of the active action, is what its own bones do afterwards.

    No undo step is pushed. Raises RigError for a rig without controls, or one that cannot be changed.
    """
    scene = scene or bpy.context.scene
    about = build.record(armature)
    build.check(armature)
    shape, plan = build.own_shape(armature), build.plan_of(armature)
    posed, frames, action = read_posed(armature, shape, scene)
    moved = {plan.hips, *(name for chain in plan.chains for name in chain.bones)}
    for parts in plan.legs.values():
        moved |= {parts.upper, parts.lower, *parts.toes} | ({parts.cannon} if parts.cannon else set())
    channels = own_channels(posed, tuple(name for name in shape.names if name in moved))
    build.take_off(armature)
    messages = ()
    if action is None:
        pose_channels(armature, channels)
    else:
        messages = (f"the keys of the controls are kept in the action “{action.name}”",)
        action = key_copy(armature, action, channels, frames, action.name.removesuffix(" controls") + " bones", tuple(about["bones"]))
    return KeepReport(tuple(about["bones"]), action, 0 if action is None else len(frames), messages)


def posed_now(armature: bpy.types.Object, shape: RigShape) -> Posed:
    """The pose that a rig shows now, one frame."""
    bpy.context.view_layer.update()
    flat = np.empty(16 * len(armature.pose.bones), dtype=np.float32)
    armature.pose.bones.foreach_get("matrix", flat)
    # Blender keeps matrices column by column.
    matrices = flat.reshape(-1, 4, 4).transpose(0, 2, 1).astype(np.float64)
    chosen = matrices[[armature.pose.bones.find(name) for name in shape.names]]
    axes = chosen[:, :3, :3] / np.linalg.norm(chosen[:, :3, :3], axis=1, keepdims=True)
    return Posed(shape, axes[None], chosen[None, :, :3, 3])


def read_posed(armature: bpy.types.Object, shape: RigShape, scene: bpy.types.Scene) -> tuple[Posed, Array, Any]:
    """What a rig's own bones do: poses, frames (F,), and the action; without one, the pose that it shows now."""
    data = armature.animation_data
    action = None if data is None else data.action
    if action is not None:
        try:
            motion = read_motion(armature, shape, scene=scene)
            return Posed(shape, motion.rotations, motion.heads), motion.frames, action
        except RigError:  # an action that keys no bone: of sliders, say
            action = None
    return posed_now(armature, shape), np.array([float(scene.frame_current)]), None


def all_channels(plan: Plan, posed: Posed) -> Channels:
    """Channels of all controls, and of the bones that they turn, for what the rig's own bones do."""
    channels = trunk_channels(plan, posed)
    count = len(posed.axes)
    root = np.broadcast_to(np.eye(3), (count, 3, 3)), np.zeros((count, 3))
    for parts in plan.legs.values():
        made = leg_channels(plan, parts, posed, root)
        channels.turns |= made.turns
        channels.places |= made.places
    return channels


def pose_channels(armature: bpy.types.Object, channels: Channels) -> None:
    """Set channels of one frame without keys."""
    from mathutils import Matrix

    for name in {*channels.turns, *channels.places}:
        bone, matrix = armature.pose.bones[name], np.eye(4)
        if name in channels.turns:
            matrix[:3, :3] = channels.turns[name][0]
        matrix[:3, 3] = channels.places[name][0] if name in channels.places else np.array(bone.location)
        bone.matrix_basis = Matrix(matrix.tolist())


def key_copy(armature: bpy.types.Object, action: bpy.types.Action, channels: Channels, frames: Array, name: str, gone: tuple[str, ...],
         ) -> bpy.types.Action:
    """A copy of the action, the rig's active one from now, in which these channels' curves are new. gone: bones whose curves go."""
    names = {*channels.turns, *channels.places, *gone}
    slot = compat.own_slot(action, armature)
    handle = None if slot is None else slot.handle
    action.use_fake_user = True
    made = action.copy()
    made.name, made.use_fake_user = name, False
    own = None if handle is None else next(one for one in made.slots if one.handle == handle)
    compat.play(armature, made, own)
    compat.drop_curves(made, own, tuple(map(bone_path, names)))
    write_channels(armature, compat.Curves(made, armature), channels, frames)
    return made


def write_channels(armature: bpy.types.Object, curves: compat.Curves, channels: Channels, frames: Array) -> None:
    """Key channels at frames (F,); places that stay at rest get no keys."""
    size = max(armature.dimensions) or 1.0
    for name, turns in channels.turns.items():
        write_turns(armature.pose.bones[name], curves, turns, frames)
    for name, places in channels.places.items():
        if np.abs(places).max() > _STILL * size or not all(armature.pose.bones[name].lock_location):
            curves.write(f"{bone_path(name)}.location", places, frames, name)


def _has_strips(armature: bpy.types.Object) -> bool:
    data = armature.animation_data
    return data is not None and any(len(track.strips) for track in data.nla_tracks)
