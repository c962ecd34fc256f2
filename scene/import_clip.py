"""A clip of the project, of AMASS's kind or of SMILify on a rig of ours, as an action; or as a new animal where there is no rig."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np

from ..animal.clips import ClipError
from ..animal.foreign_clips import ForeignClip, Target, read_foreign_clip
from ..animal.model import SMAL_JOINTS, AnimalModel
from ..animal.npz import read_npz
from . import action, animals, rig
from .all_or_nothing import all_or_nothing
from .bone_names import SMAL_BONES


@dataclass(frozen=True)
class ImportOptions:
    """How a clip comes in: fps of a file that does not say it (0: as it says); y_up: its world has Y up; start: the scene's frame of
    its first frame, None for the scene's first; match_scene: give the scene its frame rate and length."""

    fps: float = 0.0
    y_up: bool = False
    start: float | None = None
    match_scene: bool = False


def import_clip(
    path: str | Path, armature: bpy.types.Object | None, model: AnimalModel | None = None, options: ImportOptions | None = None,
    scene: bpy.types.Scene | None = None,
) -> tuple[bpy.types.Object, bpy.types.Action, tuple[str, ...]]:
    """Give a rig the motion of a clip as a new action; without a rig, build the clip's animal, of `model`. Gives rig, action and notes.

    Keys stand at the clip's own times; the rig keeps its shape and its object stays where it is. Raises ClipError, which says what to
    do (another model, no frame rate, Python objects in the file, nothing but nan), or OSError; nothing is left in the file then.
    """
    options, scene = options or ImportOptions(), scene or bpy.context.scene
    if armature is None:
        if model is None:
            raise ClipError("Select the animal that is to move")
        found = read_foreign_clip(path, None, options.fps, options.y_up)
        found.clip.check_model(model)
    else:
        found = read_foreign_clip(path, target_of(armature), options.fps, options.y_up)
    with all_or_nothing(scene):
        if armature is None:
            assert model is not None
            armature = _build(found, model, Path(path).stem, scene)
        if options.match_scene:
            _match(scene, found.clip.fps)
        before = armature.animation_data.action if armature.animation_data is not None else None
        start = float(scene.frame_start if options.start is None else options.start)
        made = action.key_clip(armature, found.clip, scene, start, str(found.clip.details.get("clip") or Path(path).stem))
        if before is not None and not before.users:
            before.use_fake_user = True  # what the rig did until now must not be lost when the file is saved
        if options.match_scene:
            scene.frame_start, scene.frame_end = int(start), max(int(start), int(np.ceil(made.frame_range[1] - 1e-3)))
    return armature, made, found.notes


def is_motion(path: str | Path) -> bool:
    """Whether a file is the motion of a skeleton (`bestiary-motion/1`) and no clip. Raises ClipError or OSError as reading does."""
    found = read_npz(Path(path).with_suffix(".npz"), ClipError, wanted=("positions", "poses"))
    return "positions" in found and "poses" not in found


def target_of(armature: bpy.types.Object) -> Target:
    """What a clip must fit to be played by a rig. Raises ClipError when it is none of ours."""
    record = rig.read_record(armature)
    if record is None:
        raise ClipError(f"{armature.name} is not an animal of Bestiary: select one, or import the clip alone and retarget it")
    names = ((tuple(SMAL_JOINTS),) if tuple(record.bones) == SMAL_BONES else ()) + (tuple(record.bones),)
    return Target(record.model_id, names, rig.root_joint(armature, record))


def _build(found: ForeignClip, model: AnimalModel, name: str, scene: bpy.types.Scene) -> bpy.types.Object:
    clip = found.clip
    first = int(np.argmax(np.isfinite(clip.poses).all(axis=(1, 2)) & np.isfinite(clip.trans).all(axis=1)))
    return rig.rigs(animals.build_animals([clip.frame(first)], None, None, model, name=name, scene=scene))[0]


def _match(scene: bpy.types.Scene, fps: float) -> None:
    scene.render.fps = max(1, round(fps))
    scene.render.fps_base = scene.render.fps / fps
