"""glTF through Blender's own exporter: each clip an animation of its own name, a key a frame, times exact to the last digit.

Blender's exporter multiplies the frame rate by its base where it should divide, so at 23.976 frames a second all times would be
wrong. The stage therefore counts in whole frames a second, and the times in the file are put right afterwards.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from . import compat
from .export import ExportError
from .export_meshes import MeshPlan
from .export_sampling import Sampled
from .export_stage import Actor, Look
from .glb_pose import join, split


def check() -> None:
    """Raise ExportError when this Blender cannot write glTF."""
    if not compat.has_operator(bpy.ops.export_scene.gltf, "io_scene_gltf2"):
        raise ExportError("This Blender has no glTF exporter: enable the add-on glTF 2.0 format in the preferences")


def look(_unit: str) -> Look:
    """As in Blender: the exporter turns it to Y up without a node of its own; glTF is in metres."""
    return Look(np.eye(3), meshes=MeshPlan())


def first_frame(_clip: Sampled) -> int:
    """Animations begin at 0."""
    return 0


def write(path: Path, scene: bpy.types.Scene, actors: Sequence[Actor], _clips: Sequence[Sampled], fps: float, _unit: str) -> None:
    """Write what stands on the stage; the context is the stage's. A `.gltf` file has everything inside it too."""
    whole = max(1, round(fps))
    scene.render.fps, scene.render.fps_base = whole, 1.0
    shapes = any(mesh.data.shape_keys is not None for actor in actors for mesh in actor.meshes)
    binary = path if path.suffix.lower() == ".glb" else path.with_suffix(".glb")
    bpy.ops.export_scene.gltf(**compat.supported(bpy.ops.export_scene.gltf, {
        "filepath": str(binary), "export_format": "GLB", "check_existing": False, "use_active_scene": True, "use_selection": False,
        "use_visible": False, "use_renderable": False, "export_apply": False, "export_yup": True, "export_extras": False,
        "export_cameras": False, "export_lights": False, "export_skins": True, "export_all_influences": False,
        "export_influence_nb": 4, "export_def_bones": False, "export_rest_position_armature": True, "export_current_frame": False,
        "export_morph": shapes, "export_morph_normal": False, "export_morph_animation": shapes, "export_morph_reset_sk_data": True,
        "export_animations": True, "export_animation_mode": "NLA_TRACKS", "export_force_sampling": True, "export_frame_step": 1,
        "export_frame_range": False, "export_anim_slide_to_zero": True, "export_negative_frame": "SLIDE",
        "export_optimize_animation_size": False, "export_optimize_animation_keep_anim_armature": True,
        "export_optimize_animation_keep_anim_object": False, "export_reset_pose_bones": True, "export_leaf_bone": False,
        "export_hierarchy_flatten_bones": False, "export_bake_animation": False, "export_merge_animation": "NLA_TRACK"}))
    document, chunks = split(binary.read_bytes())
    if len(document.get("buffers", ())) == 1 and document.get("animations"):
        chunks = chunks[:8] + _retimed(document, bytearray(chunks[8:]), fps)
    binary.write_bytes(join(document, chunks))
    if binary != path:
        _write_text(path, document, chunks[8:])
        binary.unlink()


def _retimed(document: dict[str, Any], data: bytearray, fps: float) -> bytes:
    """Put every animation's times on whole frames of `fps`, in place; Blender wrote them for whole frames a second."""
    whole = max(1, round(fps))
    for number in {sampler["input"] for animation in document["animations"] for sampler in animation["samplers"]}:
        accessor = document["accessors"][number]
        view = document["bufferViews"][accessor["bufferView"]]
        start = view.get("byteOffset", 0) + accessor.get("byteOffset", 0)
        times = np.frombuffer(data, "<f4", accessor["count"], start).astype(np.float64)
        exact = (np.rint(times * whole) / fps).astype("<f4")
        data[start : start + 4 * len(exact)] = exact.tobytes()
        accessor["min"], accessor["max"] = [float(exact.min())], [float(exact.max())]
    return bytes(data)


def _write_text(path: Path, document: dict[str, Any], data: bytes) -> None:
    import base64

    size = document["buffers"][0]["byteLength"]
    document["buffers"][0]["uri"] = "data:application/octet-stream;base64," + base64.b64encode(data[:size]).decode()
    path.write_text(json.dumps(document, separators=(",", ":")), encoding="utf-8")
