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


def bone_seen(armature: bpy.types.Object, name: str) -> bool:
    """Whether a bone is shown: not hidden (on PoseBone since 5.0), and in no bone collection or one that is."""
    bone, posed = armature.data.bones[name], armature.pose.bones[name]
    hidden = posed.hide if hasattr(posed, "hide") else bone.hide
    owners = bone.collections
    return not hidden and (not len(owners) or any(one.is_visible_effectively for one in owners))


def use_nodes(owner: bpy.types.Material | bpy.types.World) -> None:
    """Give a material or world its node tree; from 5.0 they always have one, and asking for it is deprecated."""
    if owner.node_tree is None:
        owner.use_nodes = True


class Curves:
    """The F-curves of one data-block's part of an action: a channelbag since 4.4's slots, the action itself before."""

    def __init__(self, action: bpy.types.Action, owner: bpy.types.ID, assign: bool = True, over: bool = False) -> None:
        """Write to the part of `action` that drives `owner`, in a slot of its own where actions have slots.

        assign: make the action the owner's active one; without it the owner stays as it is (`slot`, or None, is for later).
        over: into curves that may be there; their keys from the first to the last frame written go, all others stay.
        """
        self.action, self.over = action, over
        self.slot: Any = None
        self.written: set[str] = set()
        if assign:
            data = owner.animation_data or owner.animation_data_create()
            data.action = action
        if not hasattr(action, "slots"):
            self._bag: Any = action
            self._groups = action.groups
            return
        made = (data.action_slot if assign else None) or action.slots.new(id_type=owner.id_type, name=owner.name)
        if assign:
            data.action_slot = made
        self.slot = made
        layer = action.layers[0] if len(action.layers) else action.layers.new("Layer")
        strip = layer.strips[0] if len(layer.strips) else layer.strips.new(type="KEYFRAME")
        self._bag = strip.channelbag(made, ensure=True)
        self._groups = self._bag.groups

    def write(
        self, path: str, values: NDArray[np.float64], frames: NDArray[np.float64], group: str, interpolation: str = "LINEAR",
        indices: Iterable[int] | None = None,
    ) -> None:
        """Keys for one property: values (F, n) at frames (F,), straight lines between them, shown under `group`.

        indices: only these of the n channels.
        """
        channels = self._groups.get(group) or self._groups.new(group)
        self.written.add(path)
        there = {curve.array_index: curve for curve in self._bag.fcurves if curve.data_path == path} if self.over else {}
        for index in range(values.shape[1]) if indices is None else indices:
            kept = _read_keys(there[index], frames) if index in there else None
            if kept is not None:
                self._bag.fcurves.remove(there[index])
            curve = self._bag.fcurves.new(path, index=index)
            curve.group = channels
            points = curve.keyframe_points
            points.add(len(frames))
            points.foreach_set("co", np.stack([frames, values[:, index]], axis=1).astype(np.float32).ravel())
            kind = bpy.types.Keyframe.bl_rna.properties["interpolation"].enum_items[interpolation].value
            points.foreach_set("interpolation", np.full(len(frames), kind, dtype=np.int32))
            if kept is not None:
                _add_keys(curve, kept)
            curve.update()


_KEY_PARTS = {"co": 2, "handle_left": 2, "handle_right": 2}
_KEY_KINDS = ("interpolation", "handle_left_type", "handle_right_type")


def _read_keys(curve: bpy.types.FCurve, without: NDArray[np.float64]) -> dict[str, NDArray[Any]]:
    """All that a curve's keys are, but for those between the first and the last of these frames."""
    points, found = curve.keyframe_points, {}
    for name, width in _KEY_PARTS.items():
        flat = np.empty(width * len(points), dtype=np.float32)
        points.foreach_get(name, flat)
        found[name] = flat.reshape(-1, width)
    for name in _KEY_KINDS:
        found[name] = np.empty(len(points), dtype=np.int32)
        points.foreach_get(name, found[name])
    at = found["co"][:, 0]
    stays = (at < without[0] - 1e-3) | (at > without[-1] + 1e-3)
    return {name: values[stays] for name, values in found.items()}


def _add_keys(curve: bpy.types.FCurve, keys: dict[str, NDArray[Any]]) -> None:
    """Put keys of `_read_keys` into a curve that has others; the caller updates it."""
    if not len(keys["co"]):
        return
    mine = _read_keys(curve, np.array([np.inf, -np.inf]))
    order = np.argsort(np.concatenate([mine["co"][:, 0], keys["co"][:, 0]]), kind="stable")
    curve.keyframe_points.add(len(keys["co"]))
    for name in (*_KEY_KINDS, *_KEY_PARTS):  # handles last: their types move them
        curve.keyframe_points.foreach_set(name, np.concatenate([mine[name], keys[name]])[order].ravel())


def copy_keys(source: bpy.types.FCurve, target: bpy.types.FCurve) -> None:
    """Give a curve the keys of another one in place of its own."""
    target.keyframe_points.clear()
    _add_keys(target, _read_keys(source, np.array([np.inf, -np.inf])))
    target.update()


def assign(owner: bpy.types.ID, action: bpy.types.Action | None, slot: Any = None) -> None:
    """Make an action, through its slot where actions have slots, the active one of a data-block; None takes it away."""
    if action is None and owner.animation_data is None:
        return
    data = owner.animation_data or owner.animation_data_create()
    data.action = action
    if slot is not None:
        data.action_slot = slot


def add_strip(
    owner: bpy.types.ID, track: str, name: str, start: float, action: bpy.types.Action, slot: Any = None,
) -> bpy.types.NlaStrip:
    """Put an action on a new NLA track of a data-block, its first key at frame `start`; its active action and tracks stay.

    Nothing plays outside of the strip.
    """
    data = owner.animation_data or owner.animation_data_create()
    lane = data.nla_tracks.new()
    lane.name = track
    strip = lane.strips.new(name, int(np.floor(start)), action)
    strip.extrapolation = "NOTHING"
    if slot is not None:
        strip.action_slot = slot
    # Strips begin at whole frames only when they are made; keys keep their exact times.
    length = strip.frame_end - strip.frame_start
    strip.frame_start_raw, strip.frame_end_raw = start, start + length
    return strip


def action_curves(action: bpy.types.Action, slot: Any = None) -> list[bpy.types.FCurve]:
    """All F-curves of an action, whatever slot they are in, or those of one slot."""
    if not hasattr(action, "layers"):
        return list(action.fcurves)
    bags = (bag for layer in action.layers for strip in layer.strips for bag in strip.channelbags
            if slot is None or bag.slot_handle == slot.handle)
    return [curve for bag in bags for curve in bag.fcurves]


def drop_curves(action: bpy.types.Action, slot: Any, starts: tuple[str, ...]) -> None:
    """Remove the F-curves, of one slot where actions have slots, whose data path begins with one of `starts`."""
    if not hasattr(action, "layers"):
        bags = [action]
    else:
        bags = [bag for layer in action.layers for strip in layer.strips for bag in strip.channelbags
                if slot is None or bag.slot_handle == slot.handle]
    for bag in bags:
        for curve in [curve for curve in bag.fcurves if curve.data_path.startswith(starts)]:
            bag.fcurves.remove(curve)


def own_slot(action: bpy.types.Action, owner: bpy.types.ID) -> Any:
    """The slot of an action that plays, or would play, for a data-block: its active one, one of its name, or the first that suits.

    None where actions have no slots, or none suits.
    """
    if not hasattr(action, "slots"):
        return None
    data = owner.animation_data
    if data is not None and data.action == action and data.action_slot is not None:
        return data.action_slot
    suitable = [slot for slot in action.slots if slot.target_id_type in (owner.id_type, "UNSPECIFIED")]
    named = [slot for slot in suitable if slot.name_display == owner.name]
    return next(iter(named + suitable), None)


def play(owner: bpy.types.ID, action: bpy.types.Action, slot: Any = None) -> None:
    """Make an action the active one of a data-block, in a slot of its where actions have slots (the first that suits without `slot`)."""
    data = owner.animation_data or owner.animation_data_create()
    data.action = action
    if hasattr(data, "action_slot") and (slot is not None or data.action_slot is None):
        suitable = [one for one in action.slots if one.target_id_type in (owner.id_type, "UNSPECIFIED")]
        data.action_slot = slot if slot is not None else suitable[0] if suitable else None


def push_strip(owner: bpy.types.ID, action: bpy.types.Action, name: str, start: int) -> None:
    """Put an action on an NLA track of its own, both called `name`, its first frame at `start`; nothing plays outside of it."""
    data = owner.animation_data or owner.animation_data_create()
    track = data.nla_tracks.new()
    track.name = name
    strip = track.strips.new(name, start, action)
    strip.name, strip.extrapolation = name, "NOTHING"
    if hasattr(strip, "action_slot") and strip.action_slot is None and len(action.slots):
        strip.action_slot = action.slots[0]
    if data.action is not None:
        data.action = None


@contextmanager
def edit_mode(armatures: Iterable[bpy.types.Object]) -> Iterator[list[bpy.types.Object]]:
    """Edit mode for armature objects, the user's mode, selection and active object untouched.

    Bones are only made in edit mode, and edit mode belongs to a view layer: a scene that lives as long as this block
    lends one. Gives the objects, each with its `data.edit_bones` open.
    """
    objects = list(armatures)
    posing = [item for item in objects if item.mode == "POSE"]
    hidden = [item for item in objects if item.hide_viewport]
    lent = bpy.data.scenes.new("bestiary edit")
    try:
        layer = lent.view_layers[0]
        for item in objects:
            item.hide_viewport = False  # nobody edits what is hidden
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
        for item in hidden:
            item.hide_viewport = True


def _switch(scene: bpy.types.Scene, layer: bpy.types.ViewLayer, item: bpy.types.Object, mode: str) -> None:
    layer.objects.active = item
    with bpy.context.temp_override(
            scene=scene, view_layer=layer, active_object=item, object=item, selected_objects=[item]):
        bpy.ops.object.mode_set(mode=mode)
    if item.mode != mode:
        raise RuntimeError(f"Blender did not put {item.name} into {mode} mode")


def open_window() -> bpy.types.Window | None:
    """The window that Blender works in, or None where there is none.

    Blender as a module keeps, up to 4.5, the window of a file that it has left as its context's: using that one crashes later on.
    """
    windows = list(bpy.context.window_manager.windows)
    return next((window for window in windows if window == bpy.context.window), next(iter(windows), None))


@contextmanager
def window_shows(scene: bpy.types.Scene) -> Iterator[None]:
    """Let the window show another scene until the block ends: some operators only know the active object of a window's scene.

    Mode, selection and active object of the scene that it showed stay. Raises RuntimeError where Blender has no window at all.
    """
    window = open_window()
    if window is None:
        raise RuntimeError("this needs a window, and Blender runs without any")
    shown, layer = window.scene, window.view_layer.name
    try:
        window.scene = scene
        with bpy.context.temp_override(window=window):
            yield
    finally:
        window.scene = shown
        if layer in shown.view_layers:
            window.view_layer = shown.view_layers[layer]


def enable_gltf() -> None:
    """Make sure that Blender's glTF add-on is on: it is by default, but a bare module or a user may have it off."""
    if not hasattr(bpy.types, "EXPORT_SCENE_OT_gltf"):
        bpy.ops.preferences.addon_enable(module="io_scene_gltf2")


def supported(operator: Any, settings: dict[str, Any]) -> dict[str, Any]:
    """Those of `settings` that this Blender's operator knows: exporters gain and lose options between versions."""
    known = operator.get_rna_type().properties.keys()
    return {name: value for name, value in settings.items() if name in known}


def has_operator(operator: Any, module: str = "") -> bool:
    """Whether this Blender has an operator (`bpy.ops.wm.usd_export`): some builds leave formats out. module: the add-on of Blender's own
    that brings it, which is switched on where it is off."""
    for again in (False, True):
        try:
            operator.get_rna_type()
            return True
        except (KeyError, AttributeError):
            if again or not module:
                return False
            try:
                bpy.ops.preferences.addon_enable(module=module)
            except RuntimeError:
                return False
    return False
