"""A skeleton's motion as a rig: an armature whose action puts every joint where the motion has it, and what the footage showed.

Keys stand at the motion's own times: where the scene has another frame rate they fall between its frames, and nothing of
the scene is changed unless that is asked for. Frames in which a joint is not known get no key.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import bpy
import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..animal.motion import Motion
from ..animal.rotations import quaternion_from_matrix
from ..animal.tracks import Tracks
from . import armature, compat, footage
from .all_or_nothing import all_or_nothing
from .frames import ARMATURE_AXES, RestFrame, continuous, turn_about_z
from .skeleton_bones import BoneMotion, bones_of

Array = NDArray[np.float64]

KEY = "bestiary_motion"
"""The custom property, on the armature object, that says what it was made from."""
UNCERTAINTY = "uncertainty"
"""The custom property of a bone, with keys: how far its head may be off, in metres."""
CONTACT = "contact"
"""The custom property of a bone, with keys: 1 while its head rests on the ground."""
_MEANINGS = {UNCERTAINTY: "How far the joint may be off, in metres (one standard deviation)",
             CONTACT: "1 while the joint rests on the ground, else 0"}
_THICK = 0.009
"""How thick bones are drawn, as a part of the skeleton's size."""
_PLAIN = RestFrame(1.0, np.zeros(3))


@dataclass(frozen=True)
class MotionOptions:
    """How `build_motion` places a motion.

    start: the scene's frame at which the motion's first frame plays; None = the scene's first. film: the footage, shown
    behind the camera's view. tracks: what was seen of the joints, shown as circles before the camera. match_scene: give
    the scene the motion's frame rate and range and, where there is a camera, its resolution, and make it the active one.
    uncertainty: keep the motion's uncertainty as keys of a custom property of each bone, as its contacts are for joints that have any.
    """

    start: float | None = None
    film: footage.Film | None = None
    tracks: Tracks | None = None
    match_scene: bool = False
    uncertainty: bool = True


@dataclass(frozen=True)
class MotionRecord:
    """What an armature object was made from: bones (J,) by joint name, fps of the motion, and at which scene frame it begins."""

    label: str
    species: str
    source: str
    licence: str
    fps: float
    start: float
    frames: int
    bones: dict[str, str]


def build_motion(
    motion: Motion, name: str = "Motion", options: MotionOptions | None = None, scene: bpy.types.Scene | None = None,
) -> bpy.types.Collection:
    """Build a motion as an armature with an action in one new collection of `scene` (default: the context's).

    Where the motion has cameras, a collection below it holds the camera, still or moving, with the footage behind its view
    and the tracks before it. Selection, mode, frame, frame rate and render settings stay as they were (but see `options`). No
    undo step is pushed. Raises ValueError for a motion without any known joint, FootageError for footage that cannot be read;
    nothing that was made until then is left in the file.
    """
    options, scene = options or MotionOptions(), scene or bpy.context.scene
    solved = bones_of(motion)
    with all_or_nothing(scene):
        if options.match_scene:
            match_scene(scene, motion)
        start = float(scene.frame_start if options.start is None else options.start)
        times = key_frames(motion.frame_numbers, motion.fps, scene, start)
        if options.match_scene:
            scene.frame_start, scene.frame_end = int(np.floor(times[0])), max(int(np.ceil(times[-1])), int(np.floor(times[0])))
        collection = bpy.data.collections.new(name)
        scene.collection.children.link(collection)
        item = new_skeleton(solved, motion.label or name)
        collection.objects.link(item)
        key_skeleton(item, solved, times, name)
        if options.uncertainty and motion.uncertainty is not None:
            key_property(item, solved, motion, times, UNCERTAINTY, motion.uncertainty)
        if motion.contacts is not None:
            key_property(item, solved, motion, times, CONTACT, np.where(motion.contacts.any(axis=0), motion.contacts, np.nan))
        write_record(item, solved, motion, start)
        if motion.cameras:
            footage.show(motion, times, collection, scene, name, options.film, options.tracks, options.match_scene)
    return collection


def key_frames(numbers: ArrayLike, fps: float, scene: bpy.types.Scene, start: float) -> Array:
    """The scene's frames (F,) at which frames of footage play, the first at `start`: exact times, whatever the scene's rate."""
    rate = scene.render.fps / scene.render.fps_base
    places = np.asarray(numbers, dtype=np.float64)
    times = start + (places - places[0]) * rate / fps
    # Blender keeps fps_base to seven digits: a time that misses a whole frame by no more is that frame.
    whole = np.rint(times)
    return np.where(np.abs(times - whole) < 1e-6 * np.maximum(np.abs(times - start), 100.0), whole, times)


def match_scene(scene: bpy.types.Scene, motion: Motion) -> None:
    """Give the scene a motion's frame rate: a whole number over a base, as Blender has it."""
    whole = max(1, round(motion.fps))
    scene.render.fps, scene.render.fps_base = whole, whole / motion.fps


def new_skeleton(solved: BoneMotion, name: str) -> bpy.types.Object:
    """The armature object of a solved motion, in rest pose, standing where the motion's middle pose stands."""
    from mathutils import Matrix

    item = armature.new_armature(name)
    matrix = np.eye(4)
    matrix[:3, :3] = turn_about_z(solved.heading) @ ARMATURE_AXES.T
    matrix[:3, 3] = solved.origin
    item.matrix_basis = Matrix(matrix.tolist())
    armature.fill_armatures([(item, solved.layout, _PLAIN)])
    item.show_in_front = True
    # Boxes of one thickness: octahedra grow with their bones, and a long back would hide the animal in the film.
    item.data.display_type = "BBONE"
    thick = _THICK * float(np.ptp(solved.layout.heads, axis=0).max()) or 0.01
    for bone in item.data.bones:
        bone.bbone_x = bone.bbone_z = thick
    return item


def key_skeleton(item: bpy.types.Object, solved: BoneMotion, times: Array, name: str) -> bpy.types.Action:
    """Make the action that moves a skeleton's armature: turns, and places where bones move, each where it is known."""
    names = solved.layout.names
    rest = np.array([np.array(item.data.bones[bone].matrix_local)[:3, :3] for bone in names])
    in_armature = ARMATURE_AXES @ solved.turns @ ARMATURE_AXES.T
    above = np.stack([in_armature[:, p] if p >= 0 else np.broadcast_to(np.eye(3), in_armature[:, 0].shape)
                      for p in solved.layout.parents], axis=1)
    local = np.swapaxes(rest, -1, -2) @ np.swapaxes(above, -1, -2) @ in_armature @ rest
    shifts = np.einsum("bac,fba->fbc", rest, solved.shifts @ ARMATURE_AXES.T)
    action = bpy.data.actions.new(name)
    curves = compat.Curves(action, item)
    for b, bone in enumerate(names):
        posed = item.pose.bones[bone]
        posed.rotation_mode = "QUATERNION"
        path = f'pose.bones["{bpy.utils.escape_identifier(bone)}"]'
        known = solved.turned[:, b]
        if known.any():
            turns = continuous(quaternion_from_matrix(local[known, b]))
            curves.write(f"{path}.rotation_quaternion", turns, times[known], bone)
        moved = solved.moved[:, b]
        if moved.any():
            posed.lock_location = (False, False, False)
            curves.write(f"{path}.location", shifts[moved, b], times[moved], bone)
    return action


def key_property(
    item: bpy.types.Object, solved: BoneMotion, motion: Motion, times: Array, name: str, values: NDArray[np.floating],
) -> None:
    """Keep values (F, J) of the motion's joints as keys of a custom property of their bones; joints that are nan get none."""
    curves = compat.Curves(item.animation_data.action, item)
    stepped = name == CONTACT
    for joint, title in enumerate(solved.skeleton.names):
        column = values[:, motion.skeleton.names.index(title)].astype(np.float64)
        known = np.isfinite(column)
        if not known.any():
            continue
        keyed = np.flatnonzero(known)
        if stepped:  # keys where it changes are enough
            keyed = keyed[np.flatnonzero(np.diff(np.r_[np.nan, column[keyed]]) != 0)]
        bone = solved.layout.names[solved.joint_bones[joint]]
        posed = item.pose.bones[bone]
        posed[name] = float(column[keyed[0]])
        posed.id_properties_ui(name).update(description=_MEANINGS[name], min=0.0)
        path = f'pose.bones["{bpy.utils.escape_identifier(bone)}"]["{name}"]'
        curves.write(path, column[keyed, None], times[keyed], bone, "CONSTANT" if stepped else "LINEAR")


def write_record(item: bpy.types.Object, solved: BoneMotion, motion: Motion, start: float) -> None:
    """Keep on an armature object what it was made from."""
    bones = {name: solved.layout.names[bone] for name, bone in zip(solved.skeleton.names, solved.joint_bones, strict=True)}
    record = MotionRecord(motion.label, motion.species, motion.source, motion.licence, motion.fps, start, len(motion), bones)
    item[KEY] = json.dumps(vars(record))


def read_record(item: bpy.types.Object) -> MotionRecord | None:
    """What an armature object was made from, or None when it is no skeleton of ours."""
    text = item.get(KEY)
    if item.type != "ARMATURE" or not isinstance(text, str):
        return None
    try:
        values = json.loads(text)
        return MotionRecord(**{**values, "bones": {str(a): str(b) for a, b in values["bones"].items()}})
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def skeletons(collection: bpy.types.Collection) -> list[bpy.types.Object]:
    """The armature objects that `build_motion` made in a collection and what is below it."""
    return [item for item in collection.all_objects if read_record(item) is not None]


def joint_places(item: bpy.types.Object, names: Sequence[str]) -> Array:
    """(J, 3) where the joints of these names are now in the world, by the heads of their bones."""
    record = read_record(item)
    assert record is not None, "joint_places needs an armature that build_motion made"
    bpy.context.view_layer.update()
    evaluated = item.evaluated_get(bpy.context.evaluated_depsgraph_get())
    return np.array([evaluated.matrix_world @ evaluated.pose.bones[record.bones[name]].head for name in names])
