"""Everything of an open Blender file that a careful tool leaves alone, as plain values to compare."""

from __future__ import annotations

from typing import Any

import numpy as np

_KINDS = ("objects", "armatures", "actions", "meshes", "collections", "scenes", "materials", "cameras", "texts", "worlds")


def snapshot(bpy: Any) -> dict[str, Any]:
    """Names of data-blocks, the scene's settings, selection, modes, and every object's transform, bones, pose and animation."""
    from bestiary.scene import compat

    scene, layer = bpy.context.scene, bpy.context.view_layer
    found: dict[str, Any] = {kind: sorted(item.name for item in getattr(bpy.data, kind)) for kind in _KINDS}
    found["scene"] = (scene.name, scene.frame_current, scene.frame_subframe, scene.frame_start, scene.frame_end, scene.render.fps,
                      scene.render.fps_base, scene.use_preview_range, layer.name,
                      layer.objects.active.name if layer.objects.active else None, bpy.context.mode)
    found["selected"] = sorted(item.name for item in layer.objects if item.select_get())
    for item in bpy.data.objects:
        shown = item.name in layer.objects and item.hide_get()
        found[f"object {item.name}"] = (
            item.mode, item.hide_viewport, item.hide_render, shown, item.rotation_mode, item.parent.name if item.parent else None,
            *np.round(np.array(item.matrix_basis).ravel(), 6), *np.round(np.array(item.matrix_parent_inverse).ravel(), 6))
        if item.type == "ARMATURE":
            found[f"bones {item.name}"] = _bones(item)
        if item.animation_data is not None:
            found[f"animation {item.name}"] = _animation(item.animation_data)
    for action in bpy.data.actions:
        curves = compat.action_curves(action)
        found[f"action {action.name}"] = (
            len(curves), sorted((curve.data_path, curve.array_index, len(curve.keyframe_points), curve.mute, curve.select,
                                 round(sum(point.co[1] for point in curve.keyframe_points), 4)) for curve in curves))
    return found


def _bones(item: Any) -> list[Any]:
    rows = []
    for bone in item.pose.bones:
        owner = bone if hasattr(bone, "select") else bone.bone
        rows.append((bone.name, owner.select, bone.hide if hasattr(bone, "hide") else None, bone.bone.hide, bone.rotation_mode,
                     tuple(bone.lock_location), tuple(bone.lock_rotation), bone.bone.bbone_segments,
                     *np.round([*bone.location, *bone.rotation_quaternion, *bone.rotation_euler, *bone.scale], 5),
                     [(one.name, one.type, round(one.influence, 5), one.mute) for one in bone.constraints],
                     sorted((key, value) for key, value in bone.items() if isinstance(value, (int, float)))))
    return rows


def _animation(data: Any) -> tuple[Any, ...]:
    slot = getattr(data, "action_slot", None)
    return (data.action.name if data.action else None, slot.name_display if slot else None, data.use_nla,
            [(track.name, track.mute, track.is_solo, track.lock, [(strip.name, strip.frame_start, strip.frame_end, strip.mute)
                                                                   for strip in track.strips]) for track in data.nla_tracks],
            sorted((driver.data_path, driver.array_index) for driver in data.drivers))
