"""Blender's Rigify at work on a metarig of ours, out of the user's sight: nothing of their scene, selection or mode changes."""

from __future__ import annotations

from contextlib import suppress

import bpy

from .. import compat
from ..retarget.rig_shape import RigError
from .metarig import MetaBone, build_metarig

MODULE = "rigify"


def rigify_is_on() -> bool:
    """Whether Blender's add-on Rigify is switched on."""
    return MODULE in bpy.context.preferences.addons and hasattr(bpy.types.PoseBone, "rigify_type")


def turn_rigify_on() -> None:
    """Switch Rigify on, in the preferences too: it needs its own there. Raises RigError where it is missing."""
    if rigify_is_on():
        return
    with suppress(RuntimeError):  # the message below says more
        bpy.ops.preferences.addon_enable(module=MODULE)
    if not rigify_is_on():
        raise RigError("Blender's add-on Rigify could not be switched on; it comes with Blender: see Preferences > Add-ons")


def generate(name: str, plan: tuple[MetaBone, ...], home: bpy.types.Collection, scene: bpy.types.Scene,
             ) -> tuple[bpy.types.Object, bpy.types.Object]:
    """Build the metarig and the rig that Rigify makes of it, both in the collection `home`; gives (rig, metarig), the metarig hidden.

    Raises RigError when Rigify is off, or cannot make a rig; what was made until then is the caller's to remove.
    """
    if not rigify_is_on():
        raise RigError("Blender's add-on Rigify is off; switch it on in Preferences > Add-ons (it comes with Blender), then try again")
    metarig = build_metarig(f"{name} metarig", plan)
    metarig.data.rigify_rig_basename = f"{name} Rigify"
    lent = bpy.data.scenes.new("bestiary rigify")
    try:
        lent.collection.objects.link(metarig)
        layer = lent.view_layers[0]
        layer.objects.active = metarig
        metarig.select_set(True, view_layer=layer)
        with compat.window_shows(lent):
            try:
                bpy.ops.pose.rigify_generate()
            except RuntimeError as error:
                raise RigError(f"Rigify could not make a rig of this animal: {str(error).removeprefix('Error: ').strip()}") from error
        rig = metarig.data.rigify_target_rig
        if rig is None:
            raise RigError("Rigify made no rig of this animal; its own message is in Blender's console")
        for item in (rig, metarig):
            item.select_set(False, view_layer=layer)  # an object takes its selection along into other scenes
        for collection in list(lent.collection.children):
            collection.hide_viewport = collection.hide_render = True
            scene.collection.children.link(collection)
    finally:
        bpy.data.scenes.remove(lent)
    for item in (rig, metarig):
        home.objects.link(item)
    metarig.hide_viewport = metarig.hide_render = True
    return rig, metarig
