"""NLA strips of an animal whose bones get other keys: each strip's action is read by itself, and what is made of it takes its place.

On the same rig a strip keeps everything but its action; on another one it is made again, at the same place on a track of the same name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np

from .. import compat
from ..retarget import wiring
from ..retarget.keys import bone_of
from ..retarget.rig_shape import RigError, RigShape
from ..retarget.sampling import read_motion
from .motion import Array, Posed

_ADDING = ("ADD", "SUBTRACT", "MULTIPLY", "COMBINE")
_SETTINGS = ("action_frame_start", "action_frame_end", "scale", "repeat", "extrapolation", "blend_type", "use_auto_blend", "blend_in",
             "blend_out", "mute", "use_reverse", "use_sync_length", "use_animated_time", "use_animated_time_cyclic",
             "use_animated_influence", "frame_start_raw", "frame_end_raw")
_CHANNELS = ("location", "rotation_quaternion", "rotation_axis_angle", "rotation_euler", "scale")


@dataclass(frozen=True)
class Clip:
    """One action that strips of a rig play. slot: of the action, None before Blender 4.4; strips: all that play it in one way. keyed:
    bones of the rig that it keys. posed: what it does by itself; frames (F,): of the action. adds: whether it adds to other strips."""

    action: bpy.types.Action
    slot: Any
    strips: tuple[bpy.types.NlaStrip, ...]
    keyed: frozenset[str]
    posed: Posed
    frames: Array
    adds: bool


def has_strips(armature: bpy.types.Object) -> bool:
    """Whether a rig has NLA strips."""
    data = armature.animation_data
    return data is not None and any(len(track.strips) for track in data.nla_tracks)


def check_tweaking(armature: bpy.types.Object) -> None:
    """Raise RigError for a rig one of whose strips is being edited: Blender holds its actions back until that ends."""
    if armature.animation_data is not None and armature.animation_data.use_tweak_mode:
        raise RigError(f"a strip of “{armature.name}” is being edited; leave the NLA Editor's tweak mode first (Tab in that editor)")


def read_clips(armature: bpy.types.Object, shape: RigShape, scene: bpy.types.Scene, with_object: bool) -> tuple[Clip, ...]:
    """The clips of a rig's strips on the bones of `shape`; actions that key no bone are left out.

    with_object: what the object itself does is part of the motion, as another rig needs it. Raises RigError for clips that are too long.
    """
    found: dict[tuple[Any, ...], list[bpy.types.NlaStrip]] = {}
    for strip in _strips(armature):
        if strip.type == "CLIP" and strip.action is not None:
            slot = getattr(strip, "action_slot", None)
            kind = strip.action, None if slot is None else slot.identifier, strip.blend_type in _ADDING
            found.setdefault(kind, []).append(strip)
    clips = []
    for (*_, adds), strips in found.items():
        action, slot = strips[0].action, getattr(strips[0], "action_slot", None)
        keyed = keyed_bones(armature, action, slot)
        if keyed:
            with at_rest(armature):
                motion = read_motion(armature, shape, action, scene=scene, slot=slot, with_object=with_object)
            clips.append(Clip(action, slot, tuple(strips), keyed, Posed(shape, motion.rotations, motion.heads), motion.frames, adds))
    return tuple(clips)


def keyed_bones(armature: bpy.types.Object, action: bpy.types.Action, slot: Any) -> frozenset[str]:
    """The bones of a rig that an action moves or turns; sliders do not count."""
    return frozenset(name for name in named_bones(action, slot, _CHANNELS) if name in armature.pose.bones)


def named_bones(action: bpy.types.Action, slot: Any, channels: tuple[str, ...] = ("",)) -> set[str]:
    """The bones that an action has curves for, of channels that end with one of these; of all without any."""
    return {bone_of(curve.data_path) for curve in compat.action_curves(action, slot) if curve.data_path.endswith(channels)} - {""}


def moved_by(armature: bpy.types.Object, bones: dict[str, str | None], keyed: Iterable[str]) -> set[str]:
    """Of `bones` (each with the one that it hangs on, or None) those that keys of `keyed` bones move by themselves."""
    above = wiring.above(armature, idle=True)
    keyed = set(keyed)
    return {bone for bone, parent in bones.items()
            if keyed & (({bone} | above[bone]) - (set() if parent is None else {parent} | above[parent]))}


def keep_actions(armature: bpy.types.Object) -> None:
    """Let a rig's actions stay in the file when nothing plays them any more."""
    data = armature.animation_data
    for action in () if data is None else (data.action, *(strip.action for strip in _strips(armature))):
        if action is not None:
            action.use_fake_user = True


def name_all(clips: Iterable[Clip]) -> str:
    """The clips' actions, to be told."""
    return ", ".join(f"“{clip.action.name}”" for clip in clips)


def play_instead(strips: Iterable[bpy.types.NlaStrip], action: bpy.types.Action, slot: Any) -> None:
    """Let strips play another action; all else of them stays, and what they played stays in the file."""
    for strip in strips:
        if strip.action is not None and strip.action != action:
            strip.action.use_fake_user = True
        strip.action = action
        if slot is not None:
            strip.action_slot = slot


@contextmanager
def at_rest(armature: bpy.types.Object) -> Iterator[None]:
    """A rig's bones stand at rest, so that an action that keys some of them is seen by itself; afterwards they stand as they stood."""
    kept = [(bone, name, tuple(getattr(bone, name))) for bone in armature.pose.bones for name in _CHANNELS]
    for bone in armature.pose.bones:
        bone.matrix_basis.identity()
    try:
        yield
    finally:
        for bone, name, values in kept:
            setattr(bone, name, values)


def copy_strips(source: bpy.types.Object, target: bpy.types.Object, made: dict[Any, tuple[bpy.types.Action, Any]]) -> list[str]:
    """Give `target` the tracks and strips of `source`. made: by clip strip (`Clip.strips`) the action and slot that it is to play.

    A strip of the same name, track and start that the target has already plays the new action from now; gives what could not be copied.
    """
    messages, swaps = [], {strip.as_pointer(): pair for strip, pair in made.items()}
    data = target.animation_data or target.animation_data_create()
    for track in source.animation_data.nla_tracks if source.animation_data is not None else ():
        lane = next((one for one in data.nla_tracks if one.name == track.name), None)
        fresh = lane is None
        for strip in track.strips:
            if strip.as_pointer() not in swaps:
                messages.append(f"the strip “{strip.name}” of the track “{track.name}” was not carried over: {_reason(strip)}")
                continue
            if lane is None:
                lane = data.nla_tracks.new()
                lane.name = track.name
            action, slot = swaps[strip.as_pointer()]
            there = next((one for one in lane.strips if one.name == strip.name and abs(one.frame_start - strip.frame_start) < 0.01), None)
            if there is not None:
                play_instead([there], action, slot)
            elif any(one.frame_start < strip.frame_end and strip.frame_start < one.frame_end for one in lane.strips):
                messages.append(f"the strip “{strip.name}” found its place on the track “{track.name}” taken")
            else:
                _make(lane, strip, action, slot)
        if fresh and lane is not None:
            lane.mute, lane.lock = track.mute, track.lock
            if track.is_solo:
                lane.is_solo = True
    return messages


def _strips(armature: bpy.types.Object) -> Iterator[bpy.types.NlaStrip]:
    """All strips, those in meta strips too."""
    waiting = [strip for track in (armature.animation_data.nla_tracks if armature.animation_data is not None else ())
               for strip in track.strips]
    while waiting:
        strip = waiting.pop(0)
        yield strip
        waiting = [*strip.strips, *waiting]


def _reason(strip: bpy.types.NlaStrip) -> str:
    if strip.type == "CLIP":
        return "it has no keys for the animal's bones"
    kind = {"TRANSITION": "transition", "META": "meta strip", "SOUND": "sound"}.get(strip.type, strip.type)
    return f"a {kind} can only be made by hand (NLA Editor > Add)"


def _make(lane: bpy.types.NlaTrack, strip: bpy.types.NlaStrip, action: bpy.types.Action, slot: Any) -> None:
    """A strip as another one, between those that are there."""
    end = max([strip.frame_end, *(one.frame_end for one in lane.strips)])
    later = [(one, one.frame_start_raw, one.frame_end_raw) for one in lane.strips if one.frame_start > strip.frame_start]
    # It is made where it fits whatever its length, as Blender refuses overlaps; later ones wait behind it, as Blender does not sort them.
    away = end - min([0.0, *(start for _, start, _ in later)]) + float(np.ptp(action.frame_range)) + 10.0
    for one, start, stop in later:
        one.frame_end_raw, one.frame_start_raw = stop + away, start + away
    copy = lane.strips.new(strip.name, int(np.ceil(end)) + 1, action)
    if slot is not None:
        copy.action_slot = slot
    copy.name, copy.select = strip.name, strip.select
    for name in _SETTINGS:
        setattr(copy, name, getattr(strip, name))
    for one, start, stop in later:
        one.frame_start_raw, one.frame_end_raw = start, stop
    for name, animated in (("influence", strip.use_animated_influence), ("strip_time", strip.use_animated_time)):
        curve, mine = strip.fcurves.find(name), copy.fcurves.find(name)
        if not animated:
            setattr(copy, name, getattr(strip, name))
        elif curve is not None and mine is not None:
            compat.copy_keys(curve, mine)
