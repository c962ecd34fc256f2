"""USD through Blender's own exporter: UsdSkel with one clip, at the scene's own frame numbers and frame rate.

A UsdSkel file holds one animation for a skeleton. Names of bones become USD's: letters, digits and underscores.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import bpy
import numpy as np

from . import compat
from .export import ExportError
from .export_meshes import MeshPlan
from .export_sampling import Sampled
from .export_stage import Actor, Look


def check() -> None:
    """Raise ExportError when this Blender cannot write USD."""
    if not compat.has_operator(bpy.ops.wm.usd_export):
        raise ExportError("This build of Blender has no USD: use one from blender.org, or choose glTF or FBX")


def look(_unit: str) -> Look:
    """Z up and metres, both of which a USD file says of itself."""
    return Look(np.eye(3), meshes=MeshPlan())


def first_frame(clip: Sampled) -> int:
    """USD keeps the scene's frame numbers."""
    return round(clip.first)


def write(path: Path, scene: bpy.types.Scene, actors: Sequence[Actor], _clips: Sequence[Sampled], _fps: float, _unit: str) -> None:
    """Write what stands on the stage; the context is the stage's."""
    for actor in actors:  # USD takes the animation's name from the active action
        track = actor.armature.animation_data.nla_tracks[0]
        compat.play(actor.armature, track.strips[0].action)
        track.mute = True
    scene.unit_settings.system, scene.unit_settings.scale_length = "METRIC", 1.0
    bpy.ops.wm.usd_export(**compat.supported(bpy.ops.wm.usd_export, {
        "filepath": str(path), "check_existing": False, "selected_objects_only": False, "visible_objects_only": False,
        "export_animation": True, "export_armatures": True, "only_deform_bones": False, "export_shapekeys": True,
        "export_meshes": True, "export_hair": False, "export_uvmaps": True, "export_normals": True, "export_materials": True,
        "export_cameras": False, "export_lights": False, "convert_world_material": False, "evaluation_mode": "RENDER",
        "use_instancing": False, "merge_parent_xform": False, "export_custom_properties": False,
        "convert_orientation": path.suffix == ".usdz", "root_prim_path": "/root"}))
