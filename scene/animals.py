"""From reconstructed animals to rigs in the scene: one call, one collection, one undo step of the operator around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np

from ..animal.cameras import Camera
from ..animal.model import AnimalModel
from ..animal.placing import AnimalPose
from . import action, armature, correctives, material, mesh, rig
from .all_or_nothing import all_or_nothing
from .bone_layout import lay_bones
from .camera import match_render, new_camera
from .frames import RestFrame
from .photo import load_photo


class SceneError(ValueError):
    """Animals that cannot be built; the message says what is wrong with them."""


@dataclass(frozen=True)
class BuildOptions:
    """What `build_animals` may touch besides adding its own data-blocks.

    match_render: set the scene's render resolution and pixel aspect to the photo's and make its camera the scene's
    active one. key_pose: key the fitted pose at the current frame instead of only setting it. photo_opacity: of the
    photo behind the camera's view, 0..1. show_bones: draw the bones in front of the mesh. correctives: add the strongest
    of the model's pose correctives, if it has any, as shape keys that the bones drive.
    """

    match_render: bool = False
    key_pose: bool = False
    photo_opacity: float = 1.0
    show_bones: bool = True
    correctives: bool = True


def build_animals(
    animals: Sequence[AnimalPose],
    camera: Camera | None,
    photo: str | Path | bpy.types.Image | None,
    model: AnimalModel,
    real_size: bool = True,
    name: str = "Animals",
    options: BuildOptions | None = None,
    scene: bpy.types.Scene | None = None,
) -> bpy.types.Collection:
    """Build the animals of one photo as rigs, with the camera that saw them, in one new collection of the scene.

    animals: parameters in model units (betas (B,), pose (J, 3) axis-angle, trans (3,), metres_per_unit) of `model`.
    camera: the photo's camera in world metres, or None for no camera. photo: the file, or the
    image that is open already, shown behind the camera's view.
    real_size: True builds in metres. False scales animals and camera together about the world's origin so that the
    first animal has one Blender unit for one model unit (a dog some 2.5 units long); the camera still matches.
    Gives the collection, linked to `scene` (default: the context's). For every animal it holds an armature object and,
    parented to it, a skinned mesh with shape keys.

    The user's selection, active object, mode, frame, render settings and camera stay as they were (but see `options`).
    No undo step is pushed: call it from an operator with UNDO among its bl_options. Raises SceneError (a ValueError)
    for animals that do not belong to `model`, before anything is added to the file. Whatever else fails half-way is
    raised too, and nothing that was made until then is left in the file.
    """
    options = options or BuildOptions()
    scene = scene or bpy.context.scene
    for index, animal in enumerate(animals):
        _check(animal, model, index)
    scale = 1.0 if real_size or not animals else 1.0 / animals[0].metres_per_unit
    with all_or_nothing(scene):
        return _build(animals, camera, photo, model, scale, name, options, scene)


def _build(
    animals: Sequence[AnimalPose], camera: Camera | None, photo: str | Path | bpy.types.Image | None, model: AnimalModel,
    scale: float, name: str, options: BuildOptions, scene: bpy.types.Scene,
) -> bpy.types.Collection:
    """`build_animals` for animals that were checked; scale is Blender units per metre."""
    if photo is None or camera is None:
        image = None
    else:
        image = photo if isinstance(photo, bpy.types.Image) else load_photo(photo)
    rigs = _build_rigs(animals, model, scale, name)
    collection = bpy.data.collections.new(name)
    scene.collection.children.link(collection)
    template, wardrobe = mesh.Template.of(model), material.Wardrobe(model)
    shapes = correctives.strongest_correctives(model) if options.correctives else ()
    pattern = None
    for index, (item, animal) in enumerate(zip(rigs, animals, strict=True)):
        body = _build_body(item, template, wardrobe, index, pattern)
        correctives.add_correctives(body, item, shapes)
        pattern = pattern or body.data
        for made in (item, body):
            collection.objects.link(made)
        item.show_in_front = options.show_bones
        if options.key_pose:
            action.key_motion(item, animal.pose[None], animal.trans[None], np.array([float(scene.frame_current)]), item.name)
        else:
            armature.pose_armature(item, animal)
    if camera is not None:
        seen_by = new_camera(f"{name} camera", camera, image, scene, scale, options.photo_opacity)
        collection.objects.link(seen_by)
        if options.match_render:
            match_render(seen_by, camera, scene)
    return collection


def _check(animal: AnimalPose, model: AnimalModel, index: int) -> None:
    """Raise SceneError, naming the animal, unless its arrays are of the model's sizes and finite."""
    who = f"animal {index + 1}{f' ({animal.label})' if animal.label else ''}"
    shapes = {"betas": (np.shape(animal.betas), len(np.shape(animal.betas)) == 1 and len(animal.betas) <= model.n_betas),
              "pose": (np.shape(animal.pose), np.shape(animal.pose) == (model.n_joints, 3)),
              "trans": (np.shape(animal.trans), np.shape(animal.trans) == (3,))}
    for field, (shape, fits) in shapes.items():
        if not fits:
            raise SceneError(f"{who}: {field} has shape {shape}, which does not fit the model {model.name!r} "
                             f"({model.n_joints} joints, {model.n_betas} betas): was it made with another model?")
        if not np.isfinite(getattr(animal, field)).all():
            raise SceneError(f"{who}: {field} holds values that are not finite")
    if not (np.isfinite(animal.metres_per_unit) and animal.metres_per_unit > 0):
        raise SceneError(f"{who}: metres_per_unit must be a positive number, got {animal.metres_per_unit}")


def _build_rigs(animals: Sequence[AnimalPose], model: AnimalModel, scale: float, name: str) -> list[bpy.types.Object]:
    """The armature objects, in rest pose, standing where the animals stand, with their records."""
    made = []
    for animal in animals:
        item = armature.new_armature(_title(animal) or name)
        betas = np.zeros(model.n_betas)
        betas[: len(animal.betas)] = animal.betas
        rest = model.rest(betas)
        frame = RestFrame.standing(rest.vertices, animal.metres_per_unit * scale)
        layout = lay_bones(model, betas)
        armature.stand(item, animal, rest.joints[0], frame)
        rig.write_record(item, rig.RigRecord(
            model.model_id, model.name, float(animal.metres_per_unit), frame.unit, tuple(frame.shift.tolist()),
            layout.names, tuple(betas.tolist()), tuple(mesh.beta_gain(betas).tolist()), animal.label, animal.species or ""))
        made.append((item, layout, frame))
    armature.fill_armatures(made)
    return [item for item, _, _ in made]


def _title(animal: AnimalPose) -> str:
    """What an animal's objects are called: its label as the user wrote it, or its species in plain words."""
    if animal.label and animal.label != animal.species:
        return animal.label
    return (animal.species or "").replace("_", " ").capitalize()


def _build_body(
    item: bpy.types.Object, template: mesh.Template, wardrobe: material.Wardrobe, index: int,
    pattern: bpy.types.Mesh | None,
) -> bpy.types.Object:
    """The skinned mesh of a rig, with its coat."""
    record = rig.read_record(item)
    assert record is not None
    body = mesh.new_body(f"{item.name} body", template, record.frame, np.array(record.betas), np.array(record.beta_gain),
                         record.bones, item, pattern)
    wardrobe.dress(body, record.species, np.array(record.betas), index, f"{item.name} fur")
    return body
