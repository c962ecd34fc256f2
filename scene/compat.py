"""What differs between Blender 4.2 and 5.2, in one place; every other file of this room is the same for all of them.

Each function asks the running Blender what it has (an attribute, an operator), not which version it is, where it can.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray


def eevee_engine() -> str:
    """The render engine id of EEVEE: `BLENDER_EEVEE_NEXT` in 4.2 to 4.5, `BLENDER_EEVEE` from 5.0."""
    engines = bpy.types.RenderSettings.bl_rna.properties["engine"].enum_items.keys()
    return "BLENDER_EEVEE_NEXT" if "BLENDER_EEVEE_NEXT" in engines or bpy.app.version < (5, 0) else "BLENDER_EEVEE"


def select_bones(armature: bpy.types.Object, names: Iterable[str]) -> None:
    """Select just these bones of an armature in pose mode: the selection moved from Bone to PoseBone in 5.0."""
    wanted = set(names)
    for bone in armature.pose.bones:
        owner = bone if hasattr(bone, "select") else bone.bone
        owner.select = bone.name in wanted


def use_nodes(owner: bpy.types.Material | bpy.types.World) -> None:
    """Give a material or world its node tree; from 5.0 they always have one, and asking for it is deprecated."""
    if owner.node_tree is None:
        owner.use_nodes = True


class Curves:
    """The F-curves of one data-block's part of an action: a channelbag since 4.4's slots, the action itself before."""

    def __init__(self, action: bpy.types.Action, owner: bpy.types.ID) -> None:
        """Make `action` drive `owner`, in a slot of its own where actions have slots."""
        data = owner.animation_data or owner.animation_data_create()
        data.action = action
        if not hasattr(action, "slots"):
            self._bag: Any = action
            self._groups = action.groups
            return
        slot = data.action_slot or action.slots.new(id_type=owner.id_type, name=owner.name)
        data.action_slot = slot
        layer = action.layers[0] if len(action.layers) else action.layers.new("Layer")
        strip = layer.strips[0] if len(layer.strips) else layer.strips.new(type="KEYFRAME")
        self._bag = strip.channelbag(slot, ensure=True)
        self._groups = self._bag.groups

    def write(
        self, path: str, values: NDArray[np.float64], frames: NDArray[np.float64], group: str, interpolation: str = "LINEAR",
    ) -> None:
        """Keys for one property: values (F, n) at frames (F,), straight lines between them, shown under `group`."""
        channels = self._groups.get(group) or self._groups.new(group)
        for index in range(values.shape[1]):
            curve = self._bag.fcurves.new(path, index=index)
            curve.group = channels
            points = curve.keyframe_points
            points.add(len(frames))
            points.foreach_set("co", np.stack([frames, values[:, index]], axis=1).astype(np.float32).ravel())
            kind = bpy.types.Keyframe.bl_rna.properties["interpolation"].enum_items[interpolation].value
            points.foreach_set("interpolation", np.full(len(frames), kind, dtype=np.int32))
            curve.update()


def action_curves(action: bpy.types.Action) -> list[bpy.types.FCurve]:
    """All F-curves of an action, whatever slot they are in."""
    if not hasattr(action, "layers"):
        return list(action.fcurves)
    bags = (bag for layer in action.layers for strip in layer.strips for bag in strip.channelbags)
    return [curve for bag in bags for curve in bag.fcurves]


@contextmanager
def edit_mode(armatures: Iterable[bpy.types.Object]) -> Iterator[list[bpy.types.Object]]:
    """Edit mode for armature objects, the user's mode, selection and active object untouched.

    Bones are only made in edit mode, and edit mode belongs to a view layer: a scene that lives as long as this block
    lends one. Gives the objects, each with its `data.edit_bones` open.
    """
    objects = list(armatures)
    posing = [item for item in objects if item.mode == "POSE"]
    lent = bpy.data.scenes.new("bestiary edit")
    try:
        layer = lent.view_layers[0]
        for item in objects:
            lent.collection.objects.link(item)
        for item in objects:
            _switch(lent, layer, item, "EDIT")
        try:
            yield objects
        finally:
            for item in objects:
                _switch(lent, layer, item, "POSE" if item in posing else "OBJECT")
    finally:
        bpy.data.scenes.remove(lent)


def _switch(scene: bpy.types.Scene, layer: bpy.types.ViewLayer, item: bpy.types.Object, mode: str) -> None:
    layer.objects.active = item
    with bpy.context.temp_override(
            scene=scene, view_layer=layer, active_object=item, object=item, selected_objects=[item]):
        bpy.ops.object.mode_set(mode=mode)
    if item.mode != mode:
        raise RuntimeError(f"Blender did not put {item.name} into {mode} mode")


def enable_gltf() -> None:
    """Make sure that Blender's glTF add-on is on: it is by default, but a bare module or a user may have it off."""
    if not hasattr(bpy.types, "EXPORT_SCENE_OT_gltf"):
        bpy.ops.preferences.addon_enable(module="io_scene_gltf2")


def supported(operator: Any, settings: dict[str, Any]) -> dict[str, Any]:
    """Those of `settings` that this Blender's operator knows: exporters gain and lose options between versions."""
    known = operator.get_rna_type().properties.keys()
    return {name: value for name, value in settings.items() if name in known}
