"""What a rig does, frame by frame: copies of it play its clips in a scene of their own, and are read there.

Whatever moves the rig counts (keys, strips, constraints, drivers, a moving parent), and nothing of it is touched: what plays are
copies, in a scene that nobody sees.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import bpy
import numpy as np
from numpy.typing import NDArray

from . import compat
from .export_clips import Clip, whole_frames

Array = NDArray[np.float64]
KINDS = ("scenes", "objects", "armatures", "meshes", "actions", "collections", "materials", "images")


@dataclass(frozen=True)
class Player:
    """A copy of a rig and of the meshes that it moves: `meshes` are pairs of the user's mesh object and its copy."""

    source: bpy.types.Object
    armature: bpy.types.Object
    meshes: tuple[tuple[bpy.types.Object, bpy.types.Object], ...]


@dataclass(frozen=True)
class Sampled:
    """One clip of one rig. world (F, B, 4, 4): of every bone, in the armature's order, columns with the object's scale in them;
    objects (F, 4, 4): the armature object's own matrices. values: by the place of a mesh in its player, the values (F, K) of its shape
    keys. bones (B,): their names. first: the scene's frame of the first sample."""

    name: str
    bones: tuple[str, ...]
    first: float
    world: Array
    objects: Array
    values: dict[int, Array] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.world)


@contextmanager
def cleared(kinds: Sequence[str] = KINDS) -> Iterator[None]:
    """Take every data-block of these kinds that the block has made out of the file again, whether it fails or not."""
    before = {item.as_pointer() for kind in kinds for item in getattr(bpy.data, kind)}
    try:
        yield
    finally:
        # A scene by itself: only so does Blender see to it that no window or context is left with it.
        for scene in [scene for scene in bpy.data.scenes if scene.as_pointer() not in before]:
            bpy.data.scenes.remove(scene)
        bpy.data.batch_remove([item for kind in kinds for item in getattr(bpy.data, kind) if item.as_pointer() not in before])


def new_scene(name: str, user: bpy.types.Scene, fps: float) -> bpy.types.Scene:
    """An empty scene of so many frames a second, with the user's units and render size."""
    made = bpy.data.scenes.new(name)
    made.render.fps = max(1, round(fps))
    made.render.fps_base = made.render.fps / fps
    made.render.resolution_x, made.render.resolution_y = user.render.resolution_x, user.render.resolution_y
    return made


def new_player(armature: bpy.types.Object, meshes: Sequence[bpy.types.Object], scene: bpy.types.Scene) -> Player:
    """Copy a rig and its meshes into a scene; drivers, constraints and modifiers that looked at the rig look at the copy."""
    copy = _copy(armature)
    copy.data.pose_position = "POSE"
    copy.hide_viewport = copy.hide_render = False  # what is hidden is not evaluated
    scene.collection.objects.link(copy)
    pairs = []
    for item in meshes:
        twin = _copy(item)
        twin.hide_viewport = twin.hide_render = False
        scene.collection.objects.link(twin)
        if twin.parent == armature:
            twin.parent = copy
        for modifier in twin.modifiers:
            if getattr(modifier, "object", None) == armature:
                modifier.object = copy
            modifier.show_viewport = modifier.show_viewport and modifier.type != "ARMATURE"
        _point_drivers(twin.data.shape_keys, armature, copy)
        pairs.append((item, twin))
    for owner in (copy, *copy.pose.bones):
        for constraint in owner.constraints:
            if getattr(constraint, "target", None) == armature:
                constraint.target = copy
    _point_drivers(copy, armature, copy)
    return Player(armature, copy, tuple(pairs))


def _copy(item: bpy.types.Object) -> bpy.types.Object:
    """A copy of an object with data of its own, both of this file, whatever the original is linked from or overrides."""
    copy = item.copy()
    copy.data = item.data.copy()
    for block in (copy, copy.data):
        if block.override_library is not None:
            block.make_local(clear_liboverride=True)
    return copy


def _point_drivers(owner: bpy.types.ID | None, old: bpy.types.ID, new: bpy.types.ID) -> None:
    if owner is None or owner.animation_data is None:
        return
    for curve in owner.animation_data.drivers:
        for variable in curve.driver.variables:
            for target in variable.targets:
                if target.id == old:
                    target.id = new


def frame_times(clip: Clip, scene_fps: float, fps: float) -> Array:
    """The scene's frames (F,) at which a clip is sampled for a file of `fps` frames a second: none beyond its last."""
    first, last = whole_frames(clip)
    if abs(fps / scene_fps - 1.0) < 1e-7:
        return np.arange(first, last + 1, dtype=np.float64)
    start, end = max(clip.first, -1e9), clip.last
    return start + np.arange(int(np.floor((end - start) * fps / scene_fps + 1e-3)) + 1) * scene_fps / fps


def sample(player: Player, clips: Sequence[Clip], scene: bpy.types.Scene, scene_fps: float, fps: float) -> list[Sampled]:
    """Play the clips of a rig in the scene that holds its copy, and read them at `fps` frames a second; scene_fps: the user's scene's."""
    armature, found = player.armature, []
    data = armature.animation_data
    muted = [] if data is None else [track.mute for track in data.nla_tracks]
    own = None if data is None else (data.action, getattr(data, "action_slot", None))
    basis = [bone.matrix_basis.copy() for bone in armature.pose.bones]
    for clip in clips:
        if clip.action is not None:
            for bone in armature.pose.bones:  # what another clip has keyed and this one has not must not stay
                bone.matrix_basis.identity()
            compat.play(armature, clip.action, clip.slot if clip.slot is not True else None)
            for track in armature.animation_data.nla_tracks:
                track.mute = True
        found.append(_read(player, clip.name, scene, frame_times(clip, scene_fps, fps)))
        if clip.action is not None and data is not None and own is not None:
            for track, mute in zip(data.nla_tracks, muted, strict=True):
                track.mute = mute
            data.action = own[0]
            if own[0] is not None and own[1] is not None:
                data.action_slot = own[1]
        for bone, matrix in zip(armature.pose.bones, basis, strict=True):
            bone.matrix_basis = matrix
    return found


def _read(player: Player, name: str, scene: bpy.types.Scene, times: Array) -> Sampled:
    count = len(player.armature.pose.bones)
    world, objects = np.empty((len(times), count, 4, 4)), np.empty((len(times), 4, 4))
    keyed = {i: twin.data.shape_keys for i, (_, twin) in enumerate(player.meshes) if twin.data.shape_keys is not None}
    values = {i: np.empty((len(times), len(keys.key_blocks)), dtype=np.float32) for i, keys in keyed.items()}
    flat = np.empty(16 * count, dtype=np.float32)
    layer = scene.view_layers[0]
    for f, time in enumerate(times):
        scene.frame_set(int(np.floor(time)), subframe=float(time - np.floor(time)))
        graph = layer.depsgraph
        evaluated = player.armature.evaluated_get(graph)
        evaluated.pose.bones.foreach_get("matrix", flat)
        objects[f] = np.array(evaluated.matrix_world)
        world[f] = objects[f] @ flat.reshape(count, 4, 4).transpose(0, 2, 1)
        for i, keys in keyed.items():
            keys.evaluated_get(graph).key_blocks.foreach_get("value", values[i][f])
    return Sampled(name, tuple(player.armature.pose.bones.keys()), float(times[0]), world, objects, values)
