"""From reconstructed animals to rigs in the scene: one call, one collection, one undo step of the operator around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import bpy

    from ..animal.cameras import Camera
    from ..animal.model import AnimalModel
    from ..animal.placing import AnimalPose


@dataclass(frozen=True)
class BuildOptions:
    """What `build_animals` may touch besides adding its own data-blocks.

    match_render: set the scene's render resolution and pixel aspect to the photo's and make its camera the scene's
    active one. key_pose: key the fitted pose at the current frame instead of only setting it. photo_opacity: of the
    photo behind the camera's view, 0..1. show_bones: draw the bones in front of the mesh.
    """

    match_render: bool = False
    key_pose: bool = False
    photo_opacity: float = 1.0
    show_bones: bool = True


def build_animals(
    animals: Sequence[AnimalPose],
    camera: Camera | None,
    photo: str | Path | None,
    model: AnimalModel,
    real_size: bool = True,
    name: str = "Animals",
    options: BuildOptions = BuildOptions(),
    scene: bpy.types.Scene | None = None,
) -> bpy.types.Collection:
    """Build the animals of one photo as rigs, with the camera that saw them, in one new collection of the scene.

    animals: parameters in model units (betas (B,), pose (J, 3) axis-angle, trans (3,), metres_per_unit) of `model`.
    camera: the photo's camera in world metres, or None for no camera. photo: the file shown behind the camera's view.
    real_size: True builds in metres. False scales animals and camera together about the world's origin so that the
    first animal has one Blender unit for one model unit (a dog some 2.5 units long); the camera still matches.
    Gives the collection, linked to `scene` (default: the context's). For every animal it holds an armature object and,
    parented to it, a skinned mesh with shape keys.

    The user's selection, active object, mode, frame, render settings and camera stay as they were (but see `options`).
    No undo step is pushed: call it from an operator with UNDO among its bl_options. Raises SceneError (a ValueError)
    for animals that do not belong to `model`, before anything is added to the file.
    """
    raise NotImplementedError
