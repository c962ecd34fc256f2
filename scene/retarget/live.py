"""Retargeting that stays live: a hidden guide carries the motion, and constraints on the target's handles copy it until it is baked.

The guide is an armature object of ours, a child of the target, with one loose bone for each handle; its action can be edited, the
constraints' influence changed, and the solved motion written anew. One call bakes it to keys, one takes everything away.
"""

from __future__ import annotations

import json
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from .. import armature as rigs
from .. import compat
from ..all_or_nothing import all_or_nothing
from . import writing
from .body_map import BodyMap
from .channels import Solved, solve
from .checking import leg_length
from .handles import Handles
from .keys import bone_path, write_turns
from .rig_shape import RigError, RigMotion
from .twin import twin_of

Array = NDArray[np.float64]

KEY = "bestiary_live"
"""The custom property of a guide that says what it moves."""
CONSTRAINT = "Bestiary guide"
_SLACK = 0.002


def go_live(ready: writing.Prepared, motion: RigMotion) -> bpy.types.Object:
    """Let a target that was tried out follow a motion through constraints; gives the guide. A guide it had before is taken away.

    Switches that the handles need are keyed on an NLA track of their own. Raises RigError.
    """
    target = ready.armature
    remove_live(target)
    with all_or_nothing(bpy.context.scene):
        solved = solve(ready.handles, motion, _SLACK * leg_length(motion.shape, ready.body))
        guide = _guide(target, ready, solved, motion)
        kept = []
        try:
            for handle in ready.handles.handles:
                turns, moves = handle.name in solved.turns, handle.name in solved.moves
                for kind in ("COPY_ROTATION",) * turns + ("COPY_LOCATION",) * moves:
                    kept.append((handle.name, _follow(target, guide, handle.name, kind)))
            track = _switch(target, ready.handles, motion)
        except BaseException:  # an interrupted one leaves no constraint behind either
            _release(target, kept)
            raise
    body = None if ready.body is None else {part: list(chain) for part, chain in ready.body.bones.items()}
    guide[KEY] = json.dumps({"constraints": kept, "track": track, "name": motion.name, "fps": motion.fps, "body": body,
                             "frames": motion.frames.tolist(), "switches": ready.handles.switches, "off": ready.handles.off})
    return guide


def guide_of(target: bpy.types.Object) -> bpy.types.Object | None:
    """The guide that moves a rig, or None."""
    return next((item for item in bpy.data.objects if item.parent == target and KEY in item), None)


def bake_live(target: bpy.types.Object, options: writing.WriteOptions | None = None) -> writing.Written:
    """Key what a live rig shows now, edits and all, and take the guide away. Raises RigError where it is not live."""
    from .reading import read_shape, skeleton_of

    guide = guide_of(target)
    if guide is None:
        raise RigError(f"“{target.name}” follows no guide; retarget it live first")
    record = json.loads(guide[KEY])
    shape = skeleton_of(read_shape(target))
    frames = np.array(record["frames"])
    with twin_of(target) as twin:
        for bone, key, value in record["switches"]:
            twin.set_property(bone, key, value)
        for bone, name in record["off"]:
            twin.item.pose.bones[bone].constraints[name].influence = 0.0
        axes, heads = twin.read_many(frames)
        bones = [twin.index[name] for name in shape.names]
    motion = RigMotion(shape, axes[:, bones], heads[:, bones], record["fps"], frames, record["name"])
    remove_live(target)
    body = None if record["body"] is None else BodyMap({part: tuple(chain) for part, chain in record["body"].items()})
    return writing.write_motion(target, motion, body, options)


def remove_live(target: bpy.types.Object) -> bool:
    """Take a rig's guide, its constraints and its track away, if it has them; gives whether it had."""
    guide = guide_of(target)
    if guide is None:
        return False
    record = json.loads(guide[KEY])
    _release(target, record["constraints"])
    data = target.animation_data
    for track in list(data.nla_tracks) if data is not None else ():
        if track.name == record["track"]:
            actions = [strip.action for strip in track.strips if strip.action is not None]
            data.nla_tracks.remove(track)
            bpy.data.batch_remove([action for action in actions if not action.users])
    action = guide.animation_data.action if guide.animation_data is not None else None
    bones = guide.data
    bpy.data.objects.remove(guide)
    bpy.data.armatures.remove(bones)
    if action is not None and not action.users:
        bpy.data.actions.remove(action)
    return True


def _release(target: bpy.types.Object, kept: list[Any]) -> None:
    for bone, name in kept:
        found = target.pose.bones[bone].constraints.get(name) if bone in target.pose.bones else None
        if found is not None:
            target.pose.bones[bone].constraints.remove(found)


def _guide(target: bpy.types.Object, ready: writing.Prepared, solved: Solved, motion: RigMotion) -> bpy.types.Object:
    """The guide with its bones and its action."""
    name = f"{target.name} guide"
    guide = rigs.new_armature(name)
    home = target.users_collection[0] if target.users_collection else bpy.context.scene.collection
    if not home.is_editable:
        home = bpy.context.scene.collection
    home.objects.link(guide)
    guide.parent = target
    used = [handle.name for handle in ready.handles.handles if handle.name in solved.turns or handle.name in solved.moves]
    rests = {one: np.array(target.data.bones[one].matrix_local, dtype=np.float64) for one in used}
    with compat.edit_mode([guide]):
        from mathutils import Matrix

        for one in used:
            bone = guide.data.edit_bones.new(one)
            bone.tail = (0.0, target.data.bones[one].length, 0.0)
            bone.matrix = Matrix(rests[one].tolist())
    action = bpy.data.actions.new(f"{motion.name or target.name} guide")
    curves = compat.Curves(action, guide)
    for one in used:
        rest = rests[one]
        bone = guide.pose.bones[one]
        bone.rotation_mode = "QUATERNION"
        write_turns(bone, curves, rest[:3, :3].T @ solved.axes[one], motion.frames)
        moved = np.einsum("ba,fb->fa", rest[:3, :3], solved.heads[one] - rest[:3, 3])
        curves.write(f"{bone_path(one)}.location", moved, motion.frames, one)
    guide.hide_viewport = guide.hide_render = True
    return guide


def _follow(target: bpy.types.Object, guide: bpy.types.Object, bone: str, kind: str) -> str:
    """Constrain a bone to the guide's one of its name, in the armature's own space; gives the constraint's name."""
    made = target.pose.bones[bone].constraints.new(kind)
    made.name = CONSTRAINT
    made.target, made.subtarget = guide, bone
    # Both armatures stand at the same place, so this holds however their object is scaled and turned.
    made.owner_space = made.target_space = "POSE"
    return made.name


def _switch(target: bpy.types.Object, handles: Handles, motion: RigMotion) -> str | None:
    """Key the switches that the handles need on a track of their own; gives its name."""
    if not handles.switches and not handles.off:
        return None
    action = bpy.data.actions.new(f"{target.name} switches")
    curves = compat.Curves(action, target, assign=False)
    writing.write_switches(curves, handles, float(motion.frames[0]))
    strip = compat.add_strip(target, CONSTRAINT, action.name, float(motion.frames[0]), action, curves.slot)
    strip.extrapolation = "HOLD"
    return CONSTRAINT
