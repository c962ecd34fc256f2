"""Controls put on a rig, laid anew after its shape changed, and taken off: bones, constraints, sliders and how they are drawn.

Everything that is added is listed on the armature object; nothing else of the rig is changed, but its own bones are drawn thinner.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from .. import compat, rig
from ..retarget.body_map import BodyMap
from ..retarget.matching import match_body
from ..retarget.reading import keep, read_shape
from ..retarget.rig_shape import RigError, RigShape
from ..retarget.writing import check_writable
from .layout import CONTROL, HEAD, HELPER, HIPS, LOOK, NECK, Chain, ControlBone, Plan, plan_controls
from .legs import LegParts
from .widgets import remove_unused, widget

Array = NDArray[np.float64]

KEY = rig.CONTROLS_KEY

SWITCH, FOLLOW, LOOK_AT = "IK_FK", "follow", "look_at"
"""Sliders: of a foot control (0 = the foot leads, IK; 1 = the leg's own bones do, FK), of neck and head, of the head."""

_MARK = "Bestiary "  # how the names of our constraints begin
TOP = "Controls"
"""The bone collection that holds the others."""

_GROUPS = ("Body", "Head and tail", "Front feet", "Hind feet", "Twist", "Helpers")
_HIDDEN = ("Twist", "Helpers")
_COLOURS = {1: (0.33, 0.66, 1.0), -1: (1.0, 0.42, 0.40), 0: (1.0, 0.80, 0.25)}
_ROOT_COLOUR = (0.78, 0.58, 1.0)
_POLE_ANGLE = -np.pi / 2  # of a hinge about x whose knee points away from z


def has_controls(armature: Any) -> bool:
    """Whether a rig wears our controls."""
    return getattr(armature, "type", "") == "ARMATURE" and KEY in armature


def record(armature: bpy.types.Object) -> dict[str, Any]:
    """What was added to a rig: "bones", "collections", "parts" (of its body map), "display". Raises RigError without controls."""
    if not has_controls(armature):
        raise RigError(f"“{armature.name}” has no controls; add them first")
    try:
        found = json.loads(armature[KEY])
        return {name: found[name] for name in ("bones", "collections", "parts", "display")}
    except (TypeError, ValueError, KeyError) as error:
        raise RigError(f"what “{armature.name}” says of its controls cannot be read") from error


def own_shape(armature: bpy.types.Object) -> RigShape:
    """The rig's own bones at rest, without the controls."""
    shape = read_shape(armature)
    added = set(record(armature)["bones"]) if has_controls(armature) else set()
    return keep(shape, [k for k, name in enumerate(shape.names) if name not in added])


def body_map(armature: bpy.types.Object) -> BodyMap:
    """The parts of a rig's body: those its controls were laid for, the known ones of our animals, else found.

    Raises RigError for a rig that is not four-legged.
    """
    if has_controls(armature):
        return BodyMap({part: tuple(bones) for part, bones in record(armature)["parts"].items()}, source="controls")
    animal = rig.read_record(armature)
    if animal is not None and set(_ANIMAL["spine"]) <= set(animal.bones):
        return BodyMap(_ANIMAL, "Bestiary animal", "preset")
    return match_body(own_shape(armature))


def plan_of(armature: bpy.types.Object, body: BodyMap | None = None) -> Plan:
    """Where the controls of a rig lie at its present rest pose."""
    return plan_controls(own_shape(armature), body or body_map(armature))


def check(armature: Any) -> None:
    """Raise RigError for an object that cannot be given controls, with what to do."""
    check_writable(armature)
    if armature.override_library is not None or armature.data.library is not None or not armature.data.is_editable:
        raise RigError(f"the bones of “{armature.name}” are linked from another file; add the controls there, or make them local "
                       "(Object > Relations > Make Local)")
    if armature.data.users > 1:
        raise RigError(f"“{armature.name}” shares its bones with other objects; give it its own first "
                       "(Object > Relations > Make Single User > Object & Data)")


def build(armature: bpy.types.Object, plan: Plan, body: BodyMap, scene: bpy.types.Scene) -> None:
    """Add a plan's bones and what makes them work; poses and actions are not looked at."""
    taken = [bone.name for bone in plan.bones if bone.name in armature.data.bones]
    if taken:
        raise RigError(f"“{armature.name}” already has a bone called {taken[0]!r}; it seems to have controls of its own")
    groups = [group.name for group in armature.data.collections_all]
    about = {"bones": [bone.name for bone in plan.bones], "collections": [name for name in (TOP, *_GROUPS) if name not in groups],
             "parts": dict(body.bones), "display": armature.data.display_type}
    with compat.edit_mode([armature]):
        bones = armature.data.edit_bones
        for bone in plan.bones:
            made = bones.new(bone.name)
            made.use_deform = False
            made.parent = bones[bone.parent] if bone.parent else None
            _lay(made, bone)
            made.select = made.select_head = made.select_tail = False
    armature[KEY] = json.dumps(about)
    _dress(armature, plan, scene)
    _wire(armature, plan)
    armature.data.display_type = "WIRE"


def lay_anew(armature: bpy.types.Object) -> None:
    """Move the controls to where the rig's own bones lie now; their keys, sliders and names stay."""
    plan = plan_of(armature)
    with compat.edit_mode([armature]):
        bones = armature.data.edit_bones
        for bone in plan.bones:
            if bone.name in bones:
                _lay(bones[bone.name], bone)
    for bone in plan.bones:
        if bone.name in armature.pose.bones and bone.shape:
            _draw(armature.pose.bones[bone.name], bone)


def scale_places(armature: bpy.types.Object, ratio: float) -> None:
    """Move the controls' places along with an animal that has become `ratio` times as large."""
    for name in record(armature)["bones"]:
        if name in armature.pose.bones:
            armature.pose.bones[name].location *= ratio


def take_off(armature: bpy.types.Object) -> None:
    """Remove all that `build` added."""
    about = record(armature)
    for bone in armature.pose.bones:
        for constraint in [c for c in bone.constraints if c.name.startswith(_MARK)]:
            constraint.driver_remove("influence")
            bone.constraints.remove(constraint)
    with compat.edit_mode([armature]):
        bones = armature.data.edit_bones
        for name in about["bones"]:
            if name in bones:
                bones.remove(bones[name])
    for name in reversed(about["collections"]):
        group = armature.data.collections_all.get(name)
        if group is not None and not len(group.bones):
            armature.data.collections.remove(group)
    armature.data.display_type = about["display"]
    del armature[KEY]
    if armature.animation_data is not None:
        for curve in [c for c in armature.animation_data.drivers if any(f'["{CONTROL}' in t.data_path or f'["{HELPER}' in t.data_path
                                                                        for v in c.driver.variables for t in v.targets)]:
            armature.animation_data.drivers.remove(curve)
    remove_unused()


def _lay(made: bpy.types.EditBone, bone: ControlBone) -> None:
    from mathutils import Vector

    made.use_connect = False
    made.head = Vector(bone.head.tolist())
    made.tail = Vector((bone.head + bone.axes[:, 1] * bone.length).tolist())
    made.align_roll(Vector(bone.axes[:, 2].tolist()))


def _dress(armature: bpy.types.Object, plan: Plan, scene: bpy.types.Scene) -> None:
    """Bone collections, colours, shapes, locks."""
    data = armature.data
    top = data.collections_all.get(TOP) or data.collections.new(TOP)
    groups = {name: data.collections_all.get(name) or data.collections.new(name, parent=top) for name in _GROUPS}
    for name in _HIDDEN:
        groups[name].is_visible = False
    for bone in plan.bones:
        held, posed = data.bones[bone.name], armature.pose.bones[bone.name]
        groups[bone.group].assign(held)
        posed.rotation_mode = "QUATERNION"
        if not bone.shape:
            continue
        _paint(held, _COLOURS[bone.side])
        posed.custom_shape = widget(bone.shape, scene)
        _draw(posed, bone)
        posed.lock_location = (not bone.moves,) * 3
        posed.lock_rotation = (not bone.turns,) * 3
        posed.lock_rotation_w = not bone.turns
        posed.lock_scale = (True, True, True)
    _paint(data.bones[plan.bones[0].name], _ROOT_COLOUR)


def _paint(bone: bpy.types.Bone, colour: tuple[float, float, float]) -> None:
    """Bright enough to be seen before any background; white when selected."""
    from mathutils import Color

    bone.color.palette = "CUSTOM"
    bone.color.custom.normal = Color(colour)
    bone.color.custom.select = Color(0.5 + 0.5 * part for part in colour)
    bone.color.custom.active = Color((1.0, 1.0, 1.0))


def _draw(posed: bpy.types.PoseBone, bone: ControlBone) -> None:
    posed.use_custom_shape_bone_size = bone.shape == "heel"
    posed.custom_shape_scale_xyz = (1.0, 1.0, 1.0) if bone.shape == "heel" else (bone.size,) * 3
    posed.custom_shape_translation = (0.0, 0.0, bone.lift)
    posed.bone.show_wire = True


# -- what makes them work ---------------------------------------------------------------------------------------------


def _wire(armature: bpy.types.Object, plan: Plan) -> None:
    """Sliders and constraints."""
    posed = armature.pose.bones
    hips = _constrain(posed[plan.hips], "ARMATURE", "torso")
    goal = hips.targets.new()
    goal.target, goal.subtarget = armature, HELPER + "hips"
    for name in (NECK, HEAD):
        if name in posed:
            _slider(posed[name], FOLLOW, 1.0, "How far this turns along with what it hangs on; at 0 it keeps looking the same way")
            word = name.removeprefix(CONTROL)
            still = _copy(armature, f"{HELPER}{word}_base", f"{HELPER}{word}_still", "still")
            _drive(still, armature, name, FOLLOW, lambda v: f"1 - {v}")
            _copy(armature, HELPER + word, name, "turn")
    # Constraints run from the first to the last; the inner chain's turn comes first, as `motion` takes it for granted.
    for chain in reversed(plan.chains):
        _share(armature, chain)
    if HIPS in posed and HELPER + "chest" in posed:
        _copy(armature, HELPER + "chest", CONTROL + "chest", "turn")
    if plan.look:
        _slider(posed[HEAD], LOOK_AT, 0.0, "How far the head looks at its target")
        for bone, share in plan.look:
            track = _constrain(posed[bone], "DAMPED_TRACK", "look at")
            track.target, track.subtarget, track.track_axis = armature, LOOK, plan.look_axis
            _drive(track, armature, HEAD, LOOK_AT, lambda v, share=share: v if share == 1.0 else f"{v} * {share:g}")
    for parts in plan.legs.values():
        _wire_leg(armature, parts)


def _wire_leg(armature: bpy.types.Object, parts: LegParts) -> None:
    posed = armature.pose.bones
    _slider(posed[parts.foot], SWITCH, 0.0, "0: the foot leads the leg (IK). 1: the leg's own bones are turned (FK)")
    bend = _constrain(posed[parts.chain[1]], "IK", "leg")
    bend.target, bend.subtarget = armature, parts.target
    bend.pole_target, bend.pole_subtarget = armature, f"{CONTROL}{parts.label}"
    bend.pole_angle, bend.chain_count, bend.use_stretch = _POLE_ANGLE, 2, False
    hinge = posed[parts.chain[1]]
    hinge.lock_ik_y = hinge.lock_ik_z = True
    pairs = [(parts.upper, parts.twists[0]), (parts.lower, parts.twists[1]), *zip(parts.toes, parts.toe_controls, strict=True)]
    if parts.cannon:
        pairs.append((parts.cannon, parts.target))
    for bone, source in pairs:
        _drive(_copy(armature, bone, source, "foot"), armature, parts.foot, SWITCH, lambda v: f"1 - {v}")


def _share(armature: bpy.types.Object, chain: Chain) -> None:
    """Every bone of a chain turns by its share, on top of its own keys."""
    for name in chain.bones:
        made = _constrain(armature.pose.bones[name], "COPY_ROTATION", chain.control.removeprefix(CONTROL))
        made.target, made.subtarget = armature, chain.source
        made.target_space, made.owner_space, made.mix_mode = "LOCAL_OWNER_ORIENT", "LOCAL", "BEFORE"
        made.influence = 1.0 / len(chain.bones)


def _copy(armature: bpy.types.Object, bone: str, source: str, label: str) -> Any:
    """A bone turned exactly as another stands."""
    made = _constrain(armature.pose.bones[bone], "COPY_ROTATION", label)
    made.target, made.subtarget = armature, source
    made.target_space = made.owner_space = "POSE"
    return made


def _constrain(bone: bpy.types.PoseBone, kind: str, label: str) -> Any:
    made = bone.constraints.new(kind)
    made.name, made.show_expanded = _MARK + label, False
    return made


def _slider(bone: bpy.types.PoseBone, name: str, value: float, words: str) -> None:
    bone[name] = value
    bone.id_properties_ui(name).update(min=0.0, max=1.0, soft_min=0.0, soft_max=1.0, default=value, description=words)
    bone.property_overridable_library_set(f'["{name}"]', True)


def _drive(constraint: Any, armature: bpy.types.Object, bone: str, name: str, expression: Callable[[str], str]) -> None:
    """Let a slider set a constraint's influence; the expression is so plain that Blender needs no Python for it."""
    driver = constraint.driver_add("influence").driver
    driver.type = "SCRIPTED"
    variable = driver.variables.new()
    variable.name, variable.type = "v", "SINGLE_PROP"
    variable.targets[0].id = armature
    variable.targets[0].data_path = f'pose.bones["{bone}"]["{name}"]'
    driver.expression = expression("v")


_ANIMAL = {
    "spine": ("pelvis", "spine_1", "spine_2", "spine_3", "spine_4", "spine_5", "chest"), "neck": ("neck",), "head": ("head",),
    "jaw": ("jaw",), "tail": tuple(f"tail_{k}" for k in range(1, 8)), "left_ear": ("ear.L",), "right_ear": ("ear.R",),
    **{f"{end}_{side}_{segment}": (f"leg_{end}_{k}.{side[0].upper()}" if k else f"paw_{end}.{side[0].upper()}",)
       for end in ("front", "hind") for side in ("left", "right")
       for segment, k in (("upper", 1), ("lower", 2), ("cannon", 3), ("toes", 0))},
}
