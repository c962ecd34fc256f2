"""FBX through Blender's own exporter, so that game engines read it without a stray turn or scale.

The stage already stands with Y up, so the file says "Y up" and no node is turned by 90 degrees; lengths are metres or centimetres
and every node's scale is 1; no leaf bones are added. Each clip is a take of its own name that begins at 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import bpy

from . import compat
from .export import ExportError
from .export_meshes import MeshPlan
from .export_sampling import Sampled
from .export_stage import Y_UP, Actor, Look


def check() -> None:
    """Raise ExportError when this Blender cannot write FBX."""
    if not compat.has_operator(bpy.ops.export_scene.fbx, "io_scene_fbx"):
        raise ExportError("This Blender has no FBX exporter: enable the add-on FBX format in the preferences")


def look(unit: str) -> Look:
    """Y up; in centimetres the stage is a hundred times as large."""
    return Look(Y_UP, 100.0 if unit == "CM" else 1.0, meshes=MeshPlan())


def first_frame(_clip: Sampled) -> int:
    """Takes begin at 0."""
    return 0


def write(path: Path, scene: bpy.types.Scene, _actors: Sequence[Actor], _clips: Sequence[Sampled], _fps: float, unit: str) -> None:
    """Write what stands on the stage; the context is the stage's."""
    # FBX counts in centimetres: a file in metres says so in its unit factor, one in centimetres needs none.
    scene.unit_settings.system, scene.unit_settings.scale_length = "METRIC", 0.01 if unit == "CM" else 1.0
    bpy.ops.export_scene.fbx(**compat.supported(bpy.ops.export_scene.fbx, {
        "filepath": str(path), "check_existing": False, "use_selection": False, "use_visible": False, "use_active_collection": False,
        "object_types": {"ARMATURE", "MESH"}, "use_mesh_modifiers": False, "mesh_smooth_type": "FACE", "use_tspace": False,
        "axis_forward": "-Z", "axis_up": "Y", "use_space_transform": False, "bake_space_transform": False,
        "global_scale": 1.0, "apply_unit_scale": True, "apply_scale_options": "FBX_SCALE_ALL",
        "add_leaf_bones": False, "primary_bone_axis": "Y", "secondary_bone_axis": "X", "use_armature_deform_only": False,
        "armature_nodetype": "NULL", "bake_anim": True, "bake_anim_use_all_bones": True, "bake_anim_use_nla_strips": True,
        "bake_anim_use_all_actions": False, "bake_anim_force_startend_keying": True, "bake_anim_step": 1.0,
        "bake_anim_simplify_factor": 0.0, "path_mode": "COPY", "embed_textures": True, "use_custom_props": False}))
