"""From FK to IK and back for one leg, without a jump: at this frame, or for a range of frames."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from .. import compat
from ..retarget.body_map import LEGS
from ..retarget.keys import bone_path
from ..retarget.reading import keep, read_shape
from ..retarget.rig_shape import RigError, RigShape
from ..retarget.sampling import read_motion
from ..retarget.writing import check_writable
from . import build
from .keeping import pose_channels, posed_now, write_channels
from .layout import ROOT, Plan
from .motion import Channels, Posed, leg_channels, own_channels

Array = NDArray[np.float64]

MOST_FRAMES = 20_000


def legs_of(armature: bpy.types.Object) -> dict[str, str]:
    """The legs of a rig with controls that can be switched: names of `LEGS` → their foot controls."""
    if not build.has_controls(armature):
        return {}
    found = {leg: f"CTL-foot_{leg.split('_')[0]}.{'L' if leg.endswith('left') else 'R'}" for leg in LEGS}
    return {leg: foot for leg, foot in found.items() if foot in armature.pose.bones and build.SWITCH in armature.pose.bones[foot]}


def snap(armature: bpy.types.Object, leg: str, to: str, *, scene: bpy.types.Scene | None = None) -> None:
    """Switch one leg to "IK" or "FK" as it stands now: what leads it takes over its pose. Channels that are animated get a key.

    leg: of `LEGS`. Raises RigError for a rig without controls or this leg, or one that cannot be changed.
    """
    scene = scene or bpy.context.scene
    plan = _checked(armature, leg, to)
    posed = posed_now(armature, _shape(armature))
    channels = _channels(plan, leg, posed, to)
    pose_channels(armature, channels)
    foot = armature.pose.bones[plan.legs[leg].foot]
    foot[build.SWITCH] = float(to == "FK")
    armature.update_tag()
    _key_animated(armature, channels, foot, scene)


def snap_range(armature: bpy.types.Object, leg: str, to: str, first: int, last: int, *, scene: bpy.types.Scene | None = None) -> int:
    """Switch one leg to "IK" or "FK" from frame `first` to `last`; it moves as before. Gives how many frames were keyed.

    Keys of what leads it now are written at every frame of the range; outside of it keys stay, and the switch is as it was. Raises
    RigError as `snap` does, and for a range that is empty or too long.
    """
    scene = scene or bpy.context.scene
    plan = _checked(armature, leg, to)
    if not first <= last:
        raise RigError(f"the range ends (frame {last}) before it begins (frame {first})")
    if last - first >= MOST_FRAMES:
        raise RigError(f"{last - first + 1} frames are too many; choose at most {MOST_FRAMES}")
    shape, foot = _shape(armature), plan.legs[leg].foot
    action = armature.animation_data.action if armature.animation_data is not None else None
    frames = _frames(action, first, last)
    try:
        motion = read_motion(armature, shape, frames=frames, scene=scene)
        posed = Posed(shape, motion.rotations, motion.heads)
    except RigError:  # nothing moves it
        still = posed_now(armature, shape)
        posed = Posed(shape, np.repeat(still.axes, len(frames), axis=0), np.repeat(still.heads, len(frames), axis=0))
    path = f'{bone_path(foot)}["{build.SWITCH}"]'
    held = float(armature.pose.bones[foot][build.SWITCH])
    curves = [] if action is None else compat.action_curves(action, compat.own_slot(action, armature))
    old = next((curve for curve in curves if curve.data_path == path), None)
    before, after = (held, held) if old is None else (old.evaluate(first - 1), old.evaluate(last + 1))
    curves = compat.Curves(action or bpy.data.actions.new(armature.name), armature, over=True)
    write_channels(armature, curves, _channels(plan, leg, posed, to), frames)
    switch = [(first, float(to == "FK")), (last + 1, after)]
    if old is None or first <= old.range()[0]:
        switch.insert(0, (first - 1, before))
    curves.write(path, np.array([[value] for _, value in switch]), np.array([float(frame) for frame, _ in switch]), foot, "CONSTANT")
    return len(frames)


def _frames(action: bpy.types.Action | None, first: int, last: int) -> Array:
    """Every whole frame of the range, and every time between them that has a key: clips of another frame rate have theirs there."""
    times = [np.arange(first, last + 1, dtype=np.float64)]
    for curve in () if action is None else compat.action_curves(action):
        flat = np.empty(2 * len(curve.keyframe_points), dtype=np.float32)
        curve.keyframe_points.foreach_get("co", flat)
        times.append(flat[::2].astype(np.float64))
    every = np.unique(np.round(np.concatenate(times), 3))
    return every[(every >= first) & (every <= last)]


def _checked(armature: bpy.types.Object, leg: str, to: str) -> Plan:
    if to not in ("IK", "FK"):
        raise RigError(f"a leg is switched to IK or FK, not to {to!r}")
    check_writable(armature)
    build.record(armature)
    plan = build.plan_of(armature)
    if leg not in plan.legs or leg not in legs_of(armature):
        raise RigError(f"“{armature.name}” has no foot control for the leg {leg!r}")
    return plan


def _shape(armature: bpy.types.Object) -> RigShape:
    """The rig's own bones and the root control."""
    shape, own = read_shape(armature), build.own_shape(armature)
    return keep(shape, [k for k, name in enumerate(shape.names) if name in own.index or name == ROOT])


def _channels(plan: Plan, leg: str, posed: Posed, to: str) -> Channels:
    parts = plan.legs[leg]
    if to == "FK":
        made = own_channels(posed, (parts.upper, parts.lower, *((parts.cannon,) if parts.cannon else ()), *parts.toes))
        return made
    rest = plan.bone(ROOT)
    turn = posed.of(ROOT)[0] @ rest.axes.T
    return leg_channels(plan, parts, posed, (turn, posed.of(ROOT)[1] - turn @ rest.head))


def _key_animated(armature: bpy.types.Object, channels: Channels, foot: Any, scene: bpy.types.Scene) -> None:
    """A key at this frame for what is animated already: without one the next change of frame would undo the switch."""
    data = armature.animation_data
    if data is None or data.action is None:
        return
    moving = {curve.data_path for curve in compat.action_curves(data.action, compat.own_slot(data.action, armature))}
    frame = scene.frame_current_final
    for name in {*channels.turns, *channels.places}:
        bone = armature.pose.bones[name]
        rotation = {"QUATERNION": "rotation_quaternion", "AXIS_ANGLE": "rotation_axis_angle"}.get(bone.rotation_mode, "rotation_euler")
        for channel in ("location", rotation):
            if f"{bone_path(name)}.{channel}" in moving:
                bone.keyframe_insert(channel, frame=frame, group=name)
    if f'{bone_path(foot.name)}["{build.SWITCH}"]' in moving:
        foot.keyframe_insert(f'["{build.SWITCH}"]', frame=frame, group=foot.name)
