"""What a Rigify rig of ours has beyond what Rigify makes: put on when it is made, and again after Rigify's own Generate took it off.

DEF bones are turned whole, as the animal's own bones are, and helper bones tell pose correctives what each bone does beside its parent.
All of it is written on the rig, so that neither the animal nor the metarig is needed.
"""

from __future__ import annotations

import json
from typing import Any

import bpy

from .. import compat
from ..retarget.rig_shape import RigError, RigShape
from .metarig import MetaBone

KEY = "bestiary_rigify"
"""The custom property, on the generated rig, that says which bone of its animal is which, and what it wears."""
ANIMAL = "bestiary_rigify_animal"
"""The custom property that points at the animal it was made of: whatever that is called by now."""

SCRIPT = "bestiary_after_generate.py"
_LINES = """# Rigify runs this after Generate: Bestiary puts back what Generate takes off its rigs.
import bpy
if hasattr(bpy.types, "BESTIARY_OT_mend_rigify"):
    bpy.ops.bestiary.mend_rigify()
"""
_GROUP = "Bestiary helpers"
_TWIST = "Bestiary twist"


def record(rig: bpy.types.Object) -> dict[str, Any]:
    """What is written on a rig: "bones" (of the animal → Rigify's), "limbs" and "helpers". Raises RigError for another rig."""
    try:
        found = json.loads(rig[KEY])
        return {"bones": {str(ours): str(theirs) for ours, theirs in found["bones"].items()},
                "limbs": [str(name) for name in found.get("limbs", ())], "helpers": list(found.get("helpers", ()))}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RigError(f"“{rig.name}” was not made by Convert to Rigify") from error


def dress(rig: bpy.types.Object, animal: bpy.types.Object, plan: tuple[MetaBone, ...], shape: RigShape, bones: list[str]) -> None:
    """Write on a new rig what it was made of, and put it on. shape: the animal's own bones; bones: those that need helpers."""
    names = {bone.source: bone.name for bone in plan}
    helpers = []
    for bone in bones:
        index = shape.index[bone]
        above = int(shape.parents[index])
        helpers.append({"bone": names[bone], "above": names.get(shape.names[above], "") if above >= 0 else "",
                        "head": shape.heads[index].tolist(), "tail": shape.tails[index].tolist(), "z": shape.axes[index][:, 2].tolist()})
    limbs = [bone.name for bone in plan if bone.kind.startswith("limbs.")]
    rig[ANIMAL] = animal
    rig[KEY] = json.dumps({"bones": names, "limbs": limbs, "helpers": helpers})
    mend(rig)


def lacks(rig: Any) -> bool:
    """Whether a rig of ours has lost something that `mend` would put back; False for linked ones, and for what says nothing readable."""
    if getattr(rig, "type", "") != "ARMATURE" or KEY not in rig or rig.library is not None or rig.data.library is not None:
        return False
    try:
        about = record(rig)
    except RigError:  # a panel asks with every redraw
        return False
    held = (_held(rig, limb) for limb in about["limbs"])
    return bool(_lost(rig, about)) or any(bone is not None and _TWIST not in bone.constraints for bone in held)


def mend(rig: bpy.types.Object) -> None:
    """Put on a rig what it lacks; what is there stays. Raises RigError for a rig that was not made by `to_rigify`."""
    about = record(rig)
    for bone in rig.data.bones:
        if bone.name.startswith("DEF-"):
            bone.bbone_segments = 1  # Rigify bends them into curves
    for limb in about["limbs"]:
        held = _held(rig, limb)
        if held is not None and _TWIST not in held.constraints:
            # Rigify keeps the turn of a leg's first bone about its own length out of its upper half.
            _copy_turn(rig, held, f"ORG-{limb}", _TWIST)
    helpers = _lost(rig, about)
    if helpers:
        _add_helpers(rig, helpers)
        _wake_drivers(rig)


def mend_after_generate(metarig: bpy.types.Object) -> None:
    """Let Rigify call for `mend` whenever it generates from this metarig; without Bestiary nothing is called."""
    text = next((one for one in bpy.data.texts if one.library is None and one.as_string() == _LINES), None)
    if text is None:  # one of that name that says something else is not ours to run
        text = bpy.data.texts.new(SCRIPT)
        text.write(_LINES)
    metarig.data.rigify_finalize_script = text


def _lost(rig: bpy.types.Object, about: dict[str, Any]) -> list[dict[str, Any]]:
    """The helpers that a rig has not, of bones that it still has."""
    bones = rig.data.bones
    return [helper for helper in about["helpers"] if _beside(helper) not in bones and f"DEF-{helper['bone']}" in bones]


def _held(rig: bpy.types.Object, limb: str) -> Any:
    """The helper of Rigify's that turns a limb's upper half."""
    return rig.pose.bones.get(f"MCH-{limb[:-2]}_tweak{limb[-2:]}")


def _beside(helper: dict[str, Any]) -> str:
    return f"MCH-beside-{helper['bone']}"


def _add_helpers(rig: bpy.types.Object, helpers: list[dict[str, Any]]) -> None:
    """For each bone one helper on its DEF bone that lies as the animal's did, and one on its parent's that turns as the first stands."""
    from mathutils import Vector

    with compat.edit_mode([rig]):
        made = rig.data.edit_bones
        for told in helpers:
            holders = (f"MCH-as-{told['bone']}", f"DEF-{told['bone']}"), (_beside(told), f"DEF-{told['above']}")
            for name, holder in holders:
                helper = made.get(name) or made.new(name)
                helper.use_deform, helper.inherit_scale = False, "NONE"
                helper.head, helper.tail = Vector(told["head"]), Vector(told["tail"])
                helper.align_roll(Vector(told["z"]))
                helper.parent = made.get(holder)
    group = rig.data.collections_all.get(_GROUP) or rig.data.collections.new(_GROUP)
    group.is_visible = False
    for told in helpers:
        _copy_turn(rig, rig.pose.bones[_beside(told)], f"MCH-as-{told['bone']}", "Bestiary helper")
        for name in (f"MCH-as-{told['bone']}", _beside(told)):
            group.assign(rig.data.bones[name])


def _wake_drivers(rig: bpy.types.Object) -> None:
    """Let drivers of shape keys that look at the rig try again: Blender gives one up for good once its bone was missing."""
    for keys in bpy.data.shape_keys:
        for curve in keys.animation_data.drivers if keys.animation_data is not None else ():
            if any(target.id == rig for variable in curve.driver.variables for target in variable.targets):
                curve.driver.expression = curve.driver.expression


def _copy_turn(rig: bpy.types.Object, bone: bpy.types.PoseBone, source: str, name: str) -> None:
    turned = bone.constraints.new("COPY_ROTATION")
    turned.name, turned.target, turned.subtarget = name, rig, source
    turned.target_space = turned.owner_space = "POSE"
