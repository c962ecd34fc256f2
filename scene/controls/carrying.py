"""What an animal does, on a Rigify rig that was made for it: its active action or pose, and the actions of its NLA strips."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import bpy
import numpy as np

from ...animal.rotations import matrix_from_axis_angle
from .. import compat
from ..retarget.body_map import BodyMap
from ..retarget.keys import bone_of, bone_path
from ..retarget.reading import keep as keep_bones
from ..retarget.reading import read_shape, skeleton_of
from ..retarget.rig_shape import RigMotion, RigShape
from ..retarget.sampling import read_motion
from ..retarget.writing import Prepared, WriteOptions, Written, prepared, write_prepared
from .keeping import active_keys, read_posed, write_channels
from .metarig import MetaBone
from .motion import Array, Channels, Posed
from .strips import copy_strips, has_strips, name_all, read_clips

_LEAST_TURN = np.radians(0.05)  # a pose nearer to rest than this needs no key
_STILL = 1e-3


def carry_over(rig: bpy.types.Object, armature: bpy.types.Object, plan: tuple[MetaBone, ...], body: BodyMap, scene: bpy.types.Scene,
               shape: RigShape) -> tuple[dict[str, float], list[str], bpy.types.Action | None]:
    """Give a new Rigify rig what an animal does: an action, or the pose that it stands in as one, and its NLA strips.

    plan: what the rig was made of; body: the animal's parts; shape: its own bones. Gives the largest errors of all that was written (see
    `WriteReport`), messages, and the rig's active action. Raises RigError for an animal that cannot be read.
    """
    posed, frames, action = read_posed(armature, shape, scene, with_object=True)
    clips, messages = read_clips(armature, shape, scene, with_object=True), []
    still = np.abs(posed.axes - posed.shape.axes).max() < _LEAST_TURN and np.abs(posed.heads - posed.shape.heads).max() < 1e-5
    alone = action is None and (still or bool(clips))
    if alone and not clips:
        return {}, [], None
    skeleton = skeleton_of(read_shape(rig))
    names = {bone.source: f"ORG-{bone.name}" for bone in plan}
    target = BodyMap({part: tuple(names[bone] for bone in bones if bone in names) for part, bones in body.bones.items()})
    mapped = {bone for part in target.bones.values() for bone in part}
    errors, made, written = {}, {}, None
    if clips:
        _follow(rig)
    with prepared(rig, skeleton, target if mapped >= set(names.values()) else None) as ready:
        writer = _Writer(ready, plan, {theirs: ours for ours, theirs in names.items()}, body["spine"][0], scene)
        for clip in clips:
            result = writer.write(clip.posed, clip.frames, f"{clip.action.name} Rigify", clip.keyed, clip.adds)
            _worst(errors, messages, result)
            made |= dict.fromkeys(clip.strips, (result.action, result.slot))
        if not alone:
            name = f"{armature.name} pose" if action is None else f"{action.name} Rigify"
            written = writer.write(posed, frames, name, active_keys(armature), False)
            _worst(errors, messages, written)
    if written is None:
        compat.assign(rig, None)
    if has_strips(armature):
        messages += copy_strips(armature, rig, made)
    adding = [clip for clip in clips if clip.adds]
    if adding:
        messages.append(f"what is added to other strips may look a little different: {name_all(adding)}")
    return errors, messages, None if written is None else written.action


def carried(posed: Posed, target: RigShape, source_of: dict[str, str], fps: float, frames: Array, name: str) -> RigMotion:
    """The motion of bones that lie elsewhere in the same body: each is carried along by its source, others by what they hang on.

    posed: F poses; source_of: bones of `target` → bones of `posed`; frames (F,). Armature space.
    """
    count = len(posed.axes)
    axes, heads = np.empty((count, len(target), 3, 3)), np.empty((count, len(target), 3))
    turns: list[tuple[Array, Array]] = []
    for index, bone in enumerate(target.names):
        source, above = source_of.get(bone), int(target.parents[index])
        if source is not None:
            turn = posed.turns(source)
            at = posed.shape.index[source]
            shift = posed.heads[:, at] - turn @ posed.shape.heads[at]
        elif above >= 0:
            turn, shift = turns[above]
        else:
            turn, shift = np.broadcast_to(np.eye(3), (count, 3, 3)), np.zeros((count, 3))
        turns.append((turn, shift))
        axes[:, index] = turn @ target.axes[index]
        heads[:, index] = turn @ target.heads[index] + shift
    return RigMotion(target, axes, heads, fps, frames, name)


def _follow(rig: bpy.types.Object) -> None:
    """Let neck and head turn along with the body, as the animal's do: else a strip that only turns the head would hold it in the world."""
    for bone in rig.pose.bones:
        for name in ("neck_follow", "head_follow"):
            if name in bone:
                bone[name] = 1.0
    rig.update_tag()


class _Writer:
    """Writes one action after the other on a rig that was tried out once."""

    def __init__(self, ready: Prepared, plan: tuple[MetaBone, ...], source_of: dict[str, str], hips: str, scene: bpy.types.Scene) -> None:
        self.ready, self.plan, self.source_of, self.hips, self.scene = ready, plan, source_of, hips, scene
        self.rig = ready.armature

    def write(self, posed: Posed, frames: Array, name: str, keyed: frozenset[str] | None, adds: bool) -> Written:
        """A motion as the rig's active action. keyed: the animal's bones that it keys, None = all; adds: whether to other strips."""
        for bone in self.rig.pose.bones:  # the action before has left its last pose
            bone.matrix_basis.identity()
        fps = self.scene.render.fps / self.scene.render.fps_base
        motion = carried(posed, self.ready.shape, self.source_of, fps, frames, name)
        whole = keyed is None or self.hips in keyed
        written = write_prepared(self.ready, motion, WriteOptions(name=name, nla=False, ik=whole and not adds))
        written.action.use_fake_user = True  # Rigify's Generate takes actions off the rig
        _turn_tweaks(self.rig, self.plan, posed, frames, self.scene)
        if keyed is not None:
            self._thin(written, keyed, adds)
        return written

    def _thin(self, written: Written, keyed: frozenset[str], adds: bool) -> None:
        """Take the keys of bones that an action leaves to the strips under it out of what was made of it."""
        kept = {handle.name for handle in self.ready.handles.handles
                if {self.source_of.get(handle.wants or ""), self.source_of.get(handle.pins or "")} & keyed}
        curves = [curve for curve in compat.action_curves(written.action, written.slot) if bone_of(curve.data_path)]
        moving = {bone_of(curve.data_path) for curve in curves if _moves(curve)}
        gone = {bone_path(bone_of(curve.data_path)) + "." for curve in curves if bone_of(curve.data_path) not in kept | moving}
        if adds:  # what is switched already would be switched twice
            gone |= {curve.data_path for curve in curves if curve.data_path.endswith('"]')}
        compat.drop_curves(written.action, written.slot, tuple(gone))


def _moves(curve: Any) -> bool:
    """Whether a bone's curve ever leaves the bone's rest."""
    if curve.data_path.endswith('"]'):
        return False
    rest = 1.0 if curve.data_path.endswith("scale") or (curve.data_path.endswith("quaternion") and curve.array_index == 0) else 0.0
    values = np.empty(2 * len(curve.keyframe_points), dtype=np.float32)
    curve.keyframe_points.foreach_get("co", values)
    return bool(np.abs(values[1::2] - rest).max() > _STILL)


def _worst(errors: dict[str, float], messages: list[str], written: Written) -> None:
    """Keep the largest errors, and each message once."""
    for name, value in written.report.errors.items():
        errors[name] = max(value, errors.get(name, 0.0))
    messages += [message for message in written.report.messages if message not in messages]


def _turn_tweaks(rig: bpy.types.Object, plan: Iterable[MetaBone], posed: Posed, frames: Array, scene: bpy.types.Scene) -> None:
    """Key the turn of tweak controls about their bones where Rigify would have the skin turn along with the bone before."""
    pairs = {}
    for bone in plan:
        constraints = rig.pose.bones[f"DEF-{bone.name}"].constraints
        tweaks = [c.subtarget for c in constraints if c.type == "COPY_TRANSFORMS" and "tweak" in c.subtarget]
        if tweaks and rig.pose.bones[tweaks[0]].custom_shape is not None:
            pairs[bone.source] = f"DEF-{bone.name}", tweaks[0]
    whole = read_shape(rig)
    shape = keep_bones(whole, sorted(whole.index[skin] for skin, _ in pairs.values()))
    shown = read_motion(rig, shape, frames=frames.tolist(), scene=scene)
    made = Channels()
    for source, (skin, tweak) in pairs.items():
        wanted = posed.turns(source) @ shape.axes[shape.index[skin]]
        now = shown.rotations[:, shape.index[skin]]
        # The skin's bone swings from where its tweak points to where the next tweak is; a turn about the bone goes along.
        about = np.swapaxes(now, -1, -2) @ wanted
        angle = np.arctan2(about[:, 0, 2] - about[:, 2, 0], about[:, 0, 0] + about[:, 2, 2])
        if np.abs(angle).max() > _LEAST_TURN:
            made.turns[tweak] = matrix_from_axis_angle(angle[:, None] * np.array([0.0, 1.0, 0.0]))
    write_channels(rig, compat.Curves(rig.animation_data.action, rig, over=True), made, frames)
