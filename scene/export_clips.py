"""The clips of a rig: which actions an export writes, under which names, over which frames.

A clip is what plays on one rig between two frames: its active action, the strips of its NLA tracks, or any action of the file
that moves bones which it has. What plays without an action (constraints, drivers) is a clip of the scene's frames.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

import bpy

from . import compat

ACTIVE, NLA, ALL = "ACTIVE", "NLA", "ALL"
CLIP, SCENE, FRAME = "CLIP", "SCENE", "FRAME"
_BONE = re.compile(r'pose\.bones\["((?:[^"\\]|\\.)*)"\]')
_NEAR = 1e-3  # frames; a key that misses a whole frame by less is on it


@dataclass(frozen=True)
class Clip:
    """What plays on a rig from frame `first` to `last` of the scene (both played, `last` may be no whole frame).

    action None stands for whatever plays on the rig as it is in the scene. slot: of the action, where it has slots.
    """

    name: str
    action: bpy.types.Action | None
    slot: Any
    first: float
    last: float


class NoClip(ValueError):
    """A rig without anything to play; the message says what to do."""


def clips_of(armature: bpy.types.Object, which: str, frames: str, scene: bpy.types.Scene) -> list[Clip]:
    """The clips of a rig, the active one first, no name twice.

    which: ACTIVE, what plays in the scene; NLA, that and each strip of the NLA tracks; ALL, every action of the file that moves
    bones of this rig. frames: CLIP, from a clip's first key to its last; SCENE, the scene's range for what plays; FRAME, the
    present frame alone. Raises NoClip.
    """
    if frames == FRAME:
        return [Clip("pose", None, None, float(scene.frame_current), float(scene.frame_current))]
    found = _playing(armature, frames, scene)
    data = armature.animation_data
    if which in (NLA, ALL) and data is not None:
        for track in data.nla_tracks:
            found += [_of_action(strip.action, getattr(strip, "action_slot", None), strip.name, strip.action_frame_start,
                                 strip.action_frame_end) for strip in track.strips if strip.action is not None]
    if which == ALL:
        found += [_of_action(action, slot, action.name) for action in bpy.data.actions
                  if (slot := _slot_that_fits(action, armature)) is not None]
    if not found:
        raise NoClip(f"{armature.name} has no action. Give it one, or export the scene's frames or the present pose")
    return _distinct(found)


def _playing(armature: bpy.types.Object, frames: str, scene: bpy.types.Scene) -> list[Clip]:
    """What plays on a rig in the scene: its action, the mix of its strips, or anything at all when the scene's frames are asked for."""
    data = armature.animation_data
    action = None if data is None else data.action
    strips = [] if data is None else [strip for track in data.nla_tracks if not track.mute for strip in track.strips if not strip.mute]
    if frames == SCENE:
        name = action.name if action else strips[0].name if len(strips) == 1 else armature.name
        return [Clip(name, None, None, float(scene.frame_start), float(scene.frame_end))]
    if action is not None and data is not None:
        # The range is this action's, but what plays may be mixed with strips below it: it is sampled as it stands.
        first, last = action_range(action, getattr(data, "action_slot", None))
        return [Clip(action.name, None, None, first, last)] if math.isfinite(first) else []
    if not strips:
        return []
    name = strips[0].name if len(strips) == 1 else armature.name
    return [Clip(name, None, None, min(s.frame_start for s in strips), max(s.frame_end for s in strips))]


def action_range(action: bpy.types.Action, slot: Any = None) -> tuple[float, float]:
    """First and last frame of an action: the range that was set by hand, else its first and last key; infinite without keys."""
    if action.use_frame_range:
        return action.frame_start, action.frame_end
    curves = [curve for curve in compat.action_curves(action, slot) if len(curve.keyframe_points)]
    ends = [curve.range() for curve in curves]
    return min((end[0] for end in ends), default=math.inf), max((end[1] for end in ends), default=-math.inf)


def whole_frames(clip: Clip) -> tuple[int, int]:
    """The whole frames of a clip: none outside it, and at least one."""
    first = math.ceil(clip.first - _NEAR)
    return first, max(first, math.floor(clip.last + _NEAR))


def _of_action(action: bpy.types.Action, slot: Any, name: str, first: float = math.nan, last: float = math.nan) -> Clip:
    if math.isnan(first):
        first, last = action_range(action, slot if hasattr(action, "slots") else None)
    return Clip(name, action, slot, first, last)


def _slot_that_fits(action: bpy.types.Action, armature: bpy.types.Object) -> Any:
    """The slot of an action that moves bones of this rig and none that it has not; True where actions have no slots; else None."""
    for slot in getattr(action, "slots", (True,)):
        if slot is not True and slot.target_id_type not in ("OBJECT", "UNSPECIFIED"):
            continue
        curves = compat.action_curves(action, None if slot is True else slot)
        bones = {match[1].replace('\\"', '"').replace("\\\\", "\\") for curve in curves if (match := _BONE.match(curve.data_path))}
        if bones and all(name in armature.pose.bones for name in bones):
            return slot
    return None


def _distinct(clips: list[Clip]) -> list[Clip]:
    """Each action once, those that share a name numbered, those without keys left out."""
    kept: dict[str, Clip] = {}
    seen: set[str] = set()
    for clip in clips:
        if not (math.isfinite(clip.first) and math.isfinite(clip.last)):
            continue
        key = clip.action.name_full if clip.action is not None else f"{clip.name}"
        if key in seen:
            continue
        seen |= {key}
        name, number = clip.name, 2
        while name in kept:
            name, number = f"{clip.name} {number}", number + 1
        kept[name] = Clip(name, clip.action, clip.slot, clip.first, clip.last)
    return list(kept.values())
