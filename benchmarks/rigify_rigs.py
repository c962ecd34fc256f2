"""Blender's own Rigify animals: metarigs, and the rigs generated from them."""

from __future__ import annotations

from typing import Any

METARIGS = {"horse": "horse", "wolf": "wolf", "cat": "cat", "basic_quadruped": "basic_quadruped"}
"""Our names for the four-legged ones → the end of Rigify's operators."""


def enable() -> None:
    """Turn on Blender's bundled Rigify."""
    import addon_utils

    addon_utils.enable("rigify", default_set=True)


def metarig(kind: str) -> Any:
    """The metarig of "horse", "wolf", "cat" or "basic_quadruped" (or "human", "bird", "shark"), active and in object mode."""
    import bpy

    enable()
    if bpy.context.object is not None and bpy.context.object.mode != "OBJECT":
        bpy.ops.object.mode_set(mode="OBJECT")
    getattr(bpy.ops.object, f"armature_{METARIGS.get(kind, kind)}_metarig_add")()
    bpy.ops.object.mode_set(mode="OBJECT")
    return bpy.context.object


def generated(kind: str) -> Any:
    """The rig that Rigify generates from a metarig; the metarig is removed. Takes a few seconds."""
    import bpy

    source = metarig(kind)
    before = set(bpy.data.objects)
    bpy.ops.object.mode_set(mode="POSE")
    bpy.ops.pose.rigify_generate()
    bpy.ops.object.mode_set(mode="OBJECT")
    (rig,) = (item for item in set(bpy.data.objects) - before if item.type == "ARMATURE")
    bpy.data.objects.remove(source, do_unlink=True)
    return rig
