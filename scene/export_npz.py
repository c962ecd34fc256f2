"""The project's own files: a rig's motion as parameters of its model, or of any other armature as places of its joints.

An animal of ours becomes a clip (`animal/clips.py`: poses, trans, betas, AMASS-style), exactly what it was made from. A lifted skeleton
or a rig of any other kind becomes a motion (`animal/motion.py`: where each bone's head is, in metres).
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import bpy
import numpy as np
from numpy.typing import NDArray

from ..animal.clips import AnimalClip, save_clip
from ..animal.motion import Motion, save_motion
from ..animal.rotations import quaternion_from_matrix
from ..animal.skeleton import Skeleton
from . import rig, skeleton_rig
from .export_clips import Clip
from .export_sampling import Sampled, new_player, new_scene, sample
from .frames import RestFrame, model_parameters

Array = NDArray[np.float64]


def write(
    path: Path, armature: bpy.types.Object, clip: Clip, scene: bpy.types.Scene, scene_fps: float, fps: float,
) -> tuple[tuple[tuple[str, int], ...], float, tuple[str, ...]]:
    """Write `path` and the .json beside it; gives clips, frames a second and what the file does not hold."""
    stage = new_scene("bestiary export", scene, fps)
    played = sample(new_player(armature, [], stage), [clip], stage, scene_fps, fps)[0]
    record, lost = rig.read_record(armature), []
    with tempfile.TemporaryDirectory(prefix=f".{path.stem}-", dir=path.parent) as folder:
        partial = Path(folder) / path.name
        if record is not None:
            save_clip(clip_of(armature, record, played, fps), partial)
            if any(bone.name not in record.bones for bone in armature.data.bones):
                lost.append(f"{armature.name}: bones that were added to the animal are left out")
        else:
            save_motion(partial, motion_of(armature, played, fps, scene.unit_settings.scale_length))
            lost.append("An .npz of this rig holds where its joints are, not how bones are rolled")
        for made in (partial.with_suffix(".json"), partial):
            shutil.move(made, path.with_name(made.name))
    return ((played.name, len(played)),), fps, tuple(lost)


def clip_of(armature: bpy.types.Object, record: rig.RigRecord, played: Sampled, fps: float) -> AnimalClip:
    """The clip of the model's parameters that put every joint where the rig had it; the object's scale counts as the animal's size."""
    order = [played.bones.index(name) for name in record.bones]
    size = float(np.linalg.norm(played.objects[0, :3, :3], axis=0).mean())
    placed = played.objects.copy()
    placed[:, :3, :3] /= np.linalg.norm(placed[:, :3, :3], axis=1)[:, None]
    inverse = np.linalg.inv(placed)
    world = played.world[:, order].copy()
    world[..., :3, :3] /= np.linalg.norm(world[..., :3, :3], axis=-2)[..., None, :]
    rest = rig.rest_axes(armature, record)
    turned = np.einsum("fab,fjbc,jdc->fjad", inverse[:, :3, :3], world[..., :3, :3], rest)  # each joint's turn, armature axes
    parents = _parents(armature, record)
    local = turned.copy()
    for j, p in enumerate(parents):
        if p >= 0:
            local[:, j] = np.swapaxes(turned[:, p], -1, -2) @ turned[:, j]
    quaternions = quaternion_from_matrix(np.swapaxes(rest, -1, -2) @ local @ rest)
    frame = RestFrame(record.unit * size, np.array(record.shift))
    root = rig.root_joint(armature, record)
    heads = (inverse[:, :3, :3] @ world[:, 0, :3, 3, None])[..., 0] + inverse[:, :3, 3]
    location = (heads - frame.points(root)) @ rest[0]
    pose, trans = zip(*(model_parameters(frame, quaternions[f], location[f], root, rest, placed[f]) for f in range(len(played))),
                      strict=True)
    return AnimalClip(
        poses=np.stack(pose), trans=np.stack(trans), betas=rig.read_betas(armature, record), fps=fps, model_id=record.model_id,
        model_name=record.model_name, joint_names=_joint_names(record), parents=tuple(parents),
        metres_per_unit=record.metres_per_unit * size, label=record.label, species=record.species or None,
        details={"clip": played.name})


def _parents(armature: bpy.types.Object, record: rig.RigRecord) -> list[int]:
    places = {name: j for j, name in enumerate(record.bones)}
    bones = armature.data.bones
    return [places.get(bones[name].parent.name, -1) if bones[name].parent is not None else -1 for name in record.bones]


def _joint_names(record: rig.RigRecord) -> tuple[str, ...]:
    """The model's names of the joints where they are known to be SMAL's, else those of the bones."""
    from ..animal.model import SMAL_JOINTS
    from .bone_names import SMAL_BONES

    return tuple(SMAL_JOINTS) if tuple(record.bones) == SMAL_BONES else tuple(record.bones)


def motion_of(armature: bpy.types.Object, played: Sampled, fps: float, metres: float) -> Motion:
    """Where the joints of any armature are: of a lifted skeleton its own joints, of any other the heads of its bones.

    metres: of one Blender unit.
    """
    record = skeleton_rig.read_record(armature)
    if record is None:
        joints = {name: name for name in played.bones}
    else:
        joints = {joint: bone for joint, bone in record.bones.items() if bone in played.bones}
    place = {bone: i for i, bone in enumerate(played.bones)}
    first_of = {bone: joint for joint, bone in reversed(list(joints.items()))}
    parents: list[str | None] = []
    for bone in joints.values():
        above = armature.data.bones[bone].parent
        while above is not None and above.name not in first_of:
            above = above.parent
        parents.append(first_of[above.name] if above is not None else None)
    names = list(joints)
    positions = metres * np.stack([played.world[:, place[bone], :3, 3] for bone in joints.values()], axis=1)
    skeleton = Skeleton(tuple(names), tuple(-1 if above is None else names.index(above) for above in parents))
    about = ("", "", "") if record is None else (record.label, record.species, record.licence)
    return Motion(positions, skeleton, fps, label=about[0] or armature.name, species=about[1], licence=about[2], source=played.name)
