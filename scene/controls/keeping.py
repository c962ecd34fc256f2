"""Controls added and removed with the motion kept: an action on the rig's own bones becomes keys on the controls, and back.

An action that was there stays in the file as it is; a copy of it gets the new keys, in bulk, at the same frames. Of NLA strips each
action is carried over by itself, and the strip plays the copy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import nullcontext
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
from .layout import CONTROL, TORSO, Plan
from .motion import Channels, Posed, leg_channels, own_channels, trunk_channels
from .strips import (
    Clip,
    at_rest,
    check_tweaking,
    has_strips,
    keyed_bones,
    moved_by,
    name_all,
    named_bones,
    play_instead,
    read_clips,
)

Array = NDArray[np.float64]

_STILL = 1e-5  # of the rig's size: places nearer to rest than this get no keys
_LEAST_TURN, _LEAST_MOVE = np.radians(0.05), 1e-3  # radians, of the rig's size: less is no movement


@dataclass(frozen=True)
class KeepReport:
    """What was done. controls: names of the controls added or removed; action: that the rig plays now, None without; frames: how many
    were keyed; messages: what the user should know."""

    controls: tuple[str, ...]
    action: bpy.types.Action | None
    frames: int
    messages: tuple[str, ...]


def add_controls(armature: bpy.types.Object, body: BodyMap | None = None, *, scene: bpy.types.Scene | None = None) -> KeepReport:
    """Put controls on a rig; its pose, or its active action and those of its NLA strips, move over to them. The feet are led by IK then.

    body: its parts, found where None. Strips whose actions key no bone, or that add to other strips, play what they played. No undo step
    is pushed. Raises RigError for a rig that has controls, is linked, shares its bones, is being edited, or is not four-legged; it is as
    it was then.
    """
    scene = scene or bpy.context.scene
    if build.has_controls(armature):
        raise RigError(f"“{armature.name}” has controls already; remove them first to make them anew")
    build.check(armature)
    check_tweaking(armature)
    body = body or build.body_map(armature)
    plan = build.plan_of(armature, body)
    shape = build.own_shape(armature)
    posed, frames, action = read_posed(armature, shape, scene)
    clips, adding = _sorted(read_clips(armature, shape, scene, with_object=False))
    build.build(armature, plan, body, scene)
    try:
        messages = list(plan.messages)
        if adding:
            messages.append(f"what is added to other strips stays on the bones, where feet on IK do not show it: {name_all(adding)}")
        swaps = key_clips(armature, clips, " controls", lambda clip: control_channels(plan, clip.posed, clip.keyed), ())
        kept = [f"“{action.name}”"] if action is not None else []
        if action is None:
            pose_channels(armature, all_channels(plan, posed))
        else:
            channels, switches = control_channels(plan, posed, active_keys(armature))
            action = key_copy(armature, action, channels, frames, f"{action.name} controls", (), switches=switches)
        kept += [name_all(clips)] if clips else []
        if kept:
            messages.append(f"the motion as it was is kept in {', '.join(kept)}")
        swaps()
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
    check_tweaking(armature)
    shape, plan = build.own_shape(armature), build.plan_of(armature)
    posed, frames, action = read_posed(armature, shape, scene)
    clips = [clip for clip in read_clips(armature, shape, scene, with_object=False)
             if named_bones(clip.action, clip.slot) & set(about["bones"])]
    moved = {plan.hips, *(name for chain in plan.chains for name in chain.bones)}
    for parts in plan.legs.values():
        moved |= {parts.upper, parts.lower, *parts.toes} | ({parts.cannon} if parts.cannon else set())
    names = tuple(name for name in shape.names if name in moved)
    made = {id(clip): bone_channels(armature, clip.posed, names, clip.keyed) for clip in clips}
    channels = bone_channels(armature, posed, names, active_keys(armature) if action is not None else None)
    build.take_off(armature)
    gone = tuple(about["bones"])
    swaps = key_clips(armature, clips, " bones", lambda clip: (made[id(clip)], {}), gone)
    kept = ([f"“{action.name}”"] if action is not None else []) + ([name_all(clips)] if clips else [])
    if action is None:
        pose_channels(armature, channels)
    else:
        action = key_copy(armature, action, channels, frames, action.name.removesuffix(" controls") + " bones", gone)
    swaps()
    messages = (f"the keys of the controls are kept in {', '.join(kept)}",) if kept else ()
    return KeepReport(gone, action, 0 if action is None else len(frames), messages)


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


def read_posed(armature: bpy.types.Object, shape: RigShape, scene: bpy.types.Scene, with_object: bool = False,
               ) -> tuple[Posed, Array, Any]:
    """What a rig's own bones do: poses, frames (F,), and the active action; without one, the pose that it shows now.

    with_object: what the object itself does is part of the motion, as another rig needs it.
    """
    data = armature.animation_data
    action = None if data is None else data.action
    if action is not None:
        try:
            with at_rest(armature) if has_strips(armature) else nullcontext():
                motion = read_motion(armature, shape, scene=scene, with_object=with_object)
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


def active_keys(armature: bpy.types.Object) -> frozenset[str] | None:
    """The bones that the active action keys where it plays over NLA strips; None where it plays alone: then it says where all bones are."""
    action = armature.animation_data.action if has_strips(armature) else None
    return None if action is None else keyed_bones(armature, action, compat.own_slot(action, armature))


def control_channels(plan: Plan, posed: Posed, keyed: frozenset[str] | None) -> tuple[Channels, dict[str, float]]:
    """Channels of the controls for a motion, and the legs' switches by foot control, for an action that keys these bones; None = all.

    Legs that are keyed without the body that carries them stay on FK: where their feet are to stand depends on other strips.
    """
    channels = all_channels(plan, posed)
    if keyed is None:
        return channels, {}
    names, switches = set(keyed), {}
    if plan.hips in keyed:
        names.add(TORSO)
    for chain in plan.chains:
        if keyed & {*chain.bones}:
            names |= {chain.control, *chain.bones}
    for parts in plan.legs.values():
        if plan.hips in keyed:
            names |= {parts.foot, parts.heel, *parts.toe_controls, *parts.twists, f"{CONTROL}{parts.label}"}
            switches[parts.foot] = 0.0
        elif keyed & {parts.upper, parts.lower, parts.cannon, *parts.toes}:
            switches[parts.foot] = 1.0
    return only(channels, names), switches


def bone_channels(armature: bpy.types.Object, posed: Posed, names: tuple[str, ...], keyed: frozenset[str] | None) -> Channels:
    """Channels of these of a rig's own bones, for an action that keys `keyed` bones, controls among them; None = all of them."""
    channels = own_channels(posed, names)
    if keyed is None:
        return channels
    shape = posed.shape
    above = {name: shape.names[shape.parents[shape.index[name]]] if shape.parents[shape.index[name]] >= 0 else None for name in names}
    return only(channels, moved_by(armature, above, keyed) | not_still(channels, shape))


def not_still(channels: Channels, shape: RigShape) -> set[str]:
    """The bones that are turned or moved at any frame."""
    away = _LEAST_MOVE * float(np.ptp(shape.heads, axis=0).max())
    return {name for name, turns in channels.turns.items() if np.abs(turns - np.eye(3)).max() > _LEAST_TURN} | {
        name for name, places in channels.places.items() if np.abs(places).max() > away}


def only(channels: Channels, names: Iterable[str]) -> Channels:
    """The channels of these bones."""
    names = set(names)
    return Channels({name: turns for name, turns in channels.turns.items() if name in names},
                    {name: places for name, places in channels.places.items() if name in names})


def _sorted(clips: Iterable[Clip]) -> tuple[list[Clip], list[Clip]]:
    """Clips that say where bones are, and those that add to others."""
    clips = list(clips)
    return [clip for clip in clips if not clip.adds], [clip for clip in clips if clip.adds]


def key_clips(
    armature: bpy.types.Object, clips: Iterable[Clip], word: str, channels_of: Callable[[Clip], tuple[Channels, dict[str, float]]],
    gone: tuple[str, ...],
) -> Callable[[], None]:
    """Copies of the clips' actions with new keys, as `key_copy` makes them; gives what lets the strips play them.

    word: what the copies' names end with, in place of what such a copy's own name ends with.
    """
    data, made = armature.animation_data, []
    kept = (data.action, getattr(data, "action_slot", None)) if data is not None else (None, None)
    try:
        for clip in clips:
            channels, switches = channels_of(clip)
            name = clip.action.name.removesuffix(" controls").removesuffix(" bones") + word
            action = key_copy(armature, clip.action, channels, clip.frames, name, gone, clip.slot, switches)
            made.append((clip.strips, action, getattr(data, "action_slot", None)))
    finally:
        compat.assign(armature, *kept)

    def swap() -> None:
        for strips, action, slot in made:
            play_instead(strips, action, slot)
    return swap


def key_copy(armature: bpy.types.Object, action: bpy.types.Action, channels: Channels, frames: Array, name: str, gone: tuple[str, ...],
             slot: Any = None, switches: dict[str, float] | None = None) -> bpy.types.Action:
    """A copy of the action, the rig's active one from now, in which these channels' curves are new.

    gone: bones whose curves go. slot: of the action, the rig's own where None. switches: of legs by foot control, keyed once.
    """
    names = {*channels.turns, *channels.places, *gone}
    slot = slot or compat.own_slot(action, armature)
    handle = None if slot is None else slot.handle
    action.use_fake_user = True
    made = action.copy()
    made.name, made.use_fake_user = name, False
    own = None if handle is None else next(one for one in made.slots if one.handle == handle)
    compat.play(armature, made, own)
    compat.drop_curves(made, own, tuple(map(bone_path, names)))
    key_all(armature, compat.Curves(made, armature), channels, switches or {}, frames)
    return made


def key_all(armature: bpy.types.Object, curves: compat.Curves, channels: Channels, switches: dict[str, float], frames: Array) -> None:
    """Key channels at frames (F,), and the legs' switches (by foot control) once."""
    write_channels(armature, curves, channels, frames)
    for foot, value in switches.items():
        curves.write(f'{bone_path(foot)}["{build.SWITCH}"]', np.array([[value]]), frames[:1], foot, "CONSTANT")


def write_channels(armature: bpy.types.Object, curves: compat.Curves, channels: Channels, frames: Array) -> None:
    """Key channels at frames (F,); places that stay at rest get no keys."""
    size = max(armature.dimensions) or 1.0
    for name, turns in channels.turns.items():
        write_turns(armature.pose.bones[name], curves, turns, frames)
    for name, places in channels.places.items():
        if np.abs(places).max() > _STILL * size or not all(armature.pose.bones[name].lock_location):
            curves.write(f"{bone_path(name)}.location", places, frames, name)
