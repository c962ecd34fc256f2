"""A copy of a rig in a scene of its own, to try things on: the user's rig, scene and depsgraph never notice.

Blender lets a copied armature's own constraints and drivers point to the copy. It starts with its bones at rest and without
animation, however the user's rig is posed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from .. import compat
from .keys import bone_path, write_turns

Array = NDArray[np.float64]

_BONE = re.compile(r'pose\.bones\["((?:[^"\\]|\\.)*)"\]')


@dataclass(eq=False)
class Twin:
    """item: the copy. scene: what it is evaluated in. names (N,) of its bones, in Blender's order; index: where each stands.
    needed: the bones that matter since `prune`."""

    item: bpy.types.Object
    scene: bpy.types.Scene
    names: tuple[str, ...]
    index: dict[str, int]
    needed: Collection[str] = ()

    @property
    def evaluated(self) -> bpy.types.Object:
        """The copy as the depsgraph made it at the last `read`."""
        return self.item.evaluated_get(self.scene.view_layers[0].depsgraph)

    def try_poses(self, turns: Mapping[str, Array], moves: Mapping[str, Array], count: int) -> tuple[Array, Array]:
        """Pose bones by own turns (n, 3, 3) and moves (n, 3), n = `count` poses: the axes (n, N, 3, 3) and heads (n, N, 3) of all."""
        frames = np.arange(count, dtype=np.float64)
        action = bpy.data.actions.new("bestiary probe")
        # Played poses are evaluated several times faster than poses that are set.
        try:
            curves = compat.Curves(action, self.item, assign=False)
            for name, turn in turns.items():
                write_turns(self.item.pose.bones[name], curves, turn, frames)
            for name, move in moves.items():
                curves.write(f"{bone_path(name)}.location", move, frames, name)
            self.play(curves)
            return self.read_many(frames)
        finally:
            self.play(None)
            bpy.data.actions.remove(action)

    def prune(self, needed: Collection[str]) -> None:
        """Take what only concerns other bones than `needed` from the copy, so that it is evaluated faster."""
        self.needed = needed
        for bone in self.item.pose.bones:
            if bone.name not in needed:
                for constraint in list(bone.constraints):
                    bone.constraints.remove(constraint)
        data = self.item.animation_data
        for driver in list(data.drivers) if data is not None else ():
            found = _BONE.match(driver.data_path)
            if found and found[1].replace('\\"', '"') not in needed:
                data.drivers.remove(driver)

    def set_property(self, bone: str, name: str, value: float) -> None:
        """Set a custom property of a bone, whole numbers where it has whole numbers."""
        held = self.item.pose.bones[bone]
        held[name] = type(held[name])(value)
        self.item.update_tag()

    def play(self, curves: compat.Curves | None) -> None:
        """Let an action's curves move the copy; None = it goes back to rest."""
        if curves is not None:
            compat.assign(self.item, curves.action, curves.slot)
        else:
            compat.assign(self.item, None)
            _rest(self.item)

    def read(self, frame: float | None = None) -> tuple[Array, Array]:
        """Evaluate, at a frame if one is given: axes (N, 3, 3) without scale, and heads (N, 3), armature space."""
        if frame is not None:
            whole = int(np.floor(frame))
            self.scene.frame_set(whole, subframe=float(frame - whole))
        else:
            self.scene.view_layers[0].update()
        flat = np.empty(16 * len(self.names), dtype=np.float32)
        self.evaluated.pose.bones.foreach_get("matrix", flat)
        # Blender keeps matrices column by column.
        matrices = flat.reshape(-1, 4, 4).transpose(0, 2, 1).astype(np.float64)
        axes = matrices[:, :3, :3]
        return axes / np.maximum(np.linalg.norm(axes, axis=1, keepdims=True), 1e-12), matrices[:, :3, 3]

    def read_many(self, frames: Array) -> tuple[Array, Array]:
        """`read` at each of frames (n,): axes (n, N, 3, 3) and heads (n, N, 3)."""
        both = [self.read(float(frame)) for frame in frames]
        return np.stack([axes for axes, _ in both]), np.stack([heads for _, heads in both])


@contextmanager
def twin_of(armature: bpy.types.Object) -> Iterator[Twin]:
    """Lend a copy of a rig, all its bones at rest, until the block ends."""
    scene = bpy.data.scenes.new("bestiary probe")
    item = armature.copy()
    data = item.data = armature.data.copy()
    try:
        _still(item)
        scene.collection.objects.link(item)
        names = tuple(bone.name for bone in item.pose.bones)
        yield Twin(item, scene, names, {name: i for i, name in enumerate(names)})
    finally:
        bpy.data.objects.remove(item)
        bpy.data.armatures.remove(data)
        bpy.data.scenes.remove(scene)


def _still(item: Any) -> None:
    """Take animation but drivers from a copied rig, show it, put its bones to rest and let them not bend."""
    moved = item.animation_data
    if moved is not None:
        moved.action = None
        for track in list(moved.nla_tracks):
            moved.nla_tracks.remove(track)
    item.hide_viewport = False
    item.data.pose_position = "POSE"
    bent = item.data.animation_data
    for driver in list(bent.drivers) if bent is not None else ():
        if driver.data_path.startswith("bones["):
            bent.drivers.remove(driver)
    for bone in item.data.bones:
        if bone.bbone_segments > 1:
            bone.bbone_segments = 1
    _rest(item)


def _rest(item: Any) -> None:
    """Put bones to rest in the channels that are not locked: rigs keep poses of their own in bones that nobody is to touch."""
    for bone in item.pose.bones:
        for axis in range(3):
            if not bone.lock_location[axis]:
                bone.location[axis] = 0.0
            if not bone.lock_scale[axis]:
                bone.scale[axis] = 1.0
        if not any(bone.lock_rotation):
            bone.rotation_quaternion = (1.0, 0.0, 0.0, 0.0)
            bone.rotation_axis_angle = (0.0, 0.0, 1.0, 0.0)
            bone.rotation_euler = (0.0, 0.0, 0.0)
        elif not all(bone.lock_rotation) and bone.rotation_mode not in ("QUATERNION", "AXIS_ANGLE"):
            for axis in range(3):
                if not bone.lock_rotation[axis]:
                    bone.rotation_euler[axis] = 0.0
