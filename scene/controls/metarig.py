"""A Rigify metarig for a four-legged rig: which bone becomes which of Rigify's, and what Rigify is to make of it.

Its joints lie where the rig's lie. Chains that Rigify wants in one piece (spine, neck with head, tail, legs) are joined: a bone ends
where the next begins. Bones of no part become plain copies, so that nothing that moves skin is lost.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from .. import compat
from ..retarget.body_map import LEGS, SEGMENTS, BodyMap
from ..retarget.rig_shape import RigError, RigShape

Array = NDArray[np.float64]

_LEG_NAMES = {"front": ("shoulder", "front_thigh", "front_shin", "front_foot", "front_toe"),
              "hind": ("hip", "thigh", "shin", "foot", "toe")}
_ROWS = {"Head": 1, "Spine": 3, "Spine (Tweak)": 4, "Tail": 5, "Tail (Tweak)": 6, "Extra": 18}
_COLOURS = {"IK": 2, "FK": 5, "Tweak": 4, "Special": 3, "Extra": 6}


@dataclass(frozen=True)
class MetaBone:
    """One bone of a metarig. name; source: the rig's bone it is made for; parent: a name, "" for none; head, tail (3,); z (3,) for
    its roll. joined: it begins where its parent ends. kind: Rigify's type, "" inside a chain; options: its parameters; group: bone
    collection, fk and tweak: those of its controls."""

    name: str
    source: str
    parent: str
    head: Array
    tail: Array
    z: Array
    joined: bool = False
    kind: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    group: str = "Spine"
    fk: str = ""
    tweak: str = ""


def plan_metarig(shape: RigShape, body: BodyMap) -> tuple[MetaBone, ...]:
    """The metarig of a rig at rest, parents first. Raises RigError for one that Rigify's animals have no type for."""
    body = body.on(shape)
    if len(body["spine"]) < 2:
        raise RigError("Rigify needs a spine of at least two bones")
    names = _names(shape, body)
    chains = _chains(shape, body)
    made, following = [], {}
    for chain in chains:
        for above, below in zip(chain.bones[:-1], chain.bones[1:], strict=True):
            following[above] = below
    heads = {bone: chain for chain in chains for bone in chain.bones[:1]}
    inside = {bone: chain for chain in chains for bone in chain.bones}
    for index, bone in enumerate(shape.names):
        if bone not in names:
            continue
        above = int(shape.parents[index])
        while above >= 0 and shape.names[above] not in names:
            above = int(shape.parents[above])
        chain, following_bone = inside.get(bone), following.get(bone)
        tail = shape.heads[shape.index[following_bone]] if following_bone else shape.tails[index]
        if np.linalg.norm(tail - shape.heads[index]) < 1e-6:
            raise RigError(f"the bone {bone!r} has no length between its joints; Rigify cannot use it")
        first = heads.get(bone)
        made.append(MetaBone(
            names[bone], bone, names[shape.names[above]] if above >= 0 else "", shape.heads[index], tail, shape.axes[index][:, 2],
            joined=chain is not None and first is None,
            kind=first.kind if first else "" if chain else "basic.super_copy",
            options=dict(first.options) if first else {} if chain else {"make_widget": True, "make_deform": True},
            group=chain.group if chain else "Head" if _near_head(bone, body) else "Extra",
            fk=first.fk if first else "", tweak=first.tweak if first else ""))
    return tuple(made)


@dataclass(frozen=True)
class _Chain:
    bones: tuple[str, ...]
    kind: str
    options: dict[str, Any]
    group: str
    fk: str
    tweak: str


def _chains(shape: RigShape, body: BodyMap) -> list[_Chain]:
    """What Rigify makes in one piece."""
    spine = body["spine"]
    found = [_Chain(spine, "spines.basic_spine", {"pivot_pos": max(1, len(spine) // 2), "make_fk_controls": True}, "Spine", "Spine (Tweak)",
                    "Spine (Tweak)")]
    head = (*body["neck"], *body["head"][:1])
    if head:
        joint = shape.index[head[0]]
        on_spine = np.linalg.norm(shape.heads[joint] - shape.tails[shape.index[spine[-1]]]) < 1e-4
        found.append(_Chain(head, "spines.super_head", {"connect_chain": bool(on_spine and body["neck"])}, "Head", "", "Spine (Tweak)"))
    if len(body["tail"]) > 1:
        # With axes copied, each control of the tail would add to all after it, and a tail curled by hand could not be said in keys.
        options = {"connect_chain": False, "copy_rotation_axes": (False, False, False)}
        found.append(_Chain(body["tail"], "spines.basic_tail", options, "Tail", "", "Tail (Tweak)"))
    for leg in LEGS:
        end, side = leg.split("_")
        bones = tuple(body[f"{leg}_{segment}"][0] for segment in SEGMENTS[1:] if len(body[f"{leg}_{segment}"]) == 1)
        tail = f"{'Arm' if end == 'front' else 'Leg'}.{side[0].upper()}"
        if len(bones) != 4:
            raise RigError(f"the {side} {end} leg lacks one of upper bone, lower bone, cannon and toes; "
                           "Rigify's paws need all four, once each")
        found.append(_Chain(bones, f"limbs.{'front' if end == 'front' else 'rear'}_paw",
                            {"segments": 1, "bbones": 1, "rotation_axis": "automatic", "ik_local_location": False}, f"{tail} (IK)",
                            f"{tail} (FK)", f"{tail} (Tweak)"))
    for chain in found:
        for above, below in zip(chain.bones[:-1], chain.bones[1:], strict=True):
            if shape.parents[shape.index[below]] != shape.index[above]:
                raise RigError(f"{below!r} does not hang on {above!r}; Rigify needs them in one chain")
    return found


def _names(shape: RigShape, body: BodyMap) -> dict[str, str]:
    """Rigify's usual names for the bones of the body, their own for all others that move skin."""
    named: dict[str, str] = {}
    for part, word in (("spine", "spine"), ("neck", "neck"), ("tail", "tail"), ("jaw", "jaw"), ("left_ear", "ear"), ("right_ear", "ear")):
        side = {"left_ear": ".L", "right_ear": ".R"}.get(part, "")
        for k, bone in enumerate(body[part]):
            named[bone] = f"{word}{f'.{k:03d}' if k and not side else f'_{k}' if k else ''}{side}"
    named |= {bone: "head" if not k else f"head_{k}" for k, bone in enumerate(body["head"])}
    for leg in LEGS:
        end, side = leg.split("_")
        for segment, word in zip(SEGMENTS, _LEG_NAMES[end], strict=True):
            for k, bone in enumerate(body[f"{leg}_{segment}"]):
                named[bone] = f"{word}{f'_{k}' if k else ''}.{side[0].upper()}"
    for index, bone in enumerate(shape.names):
        if bone not in named and shape.deform[index] and bone not in body["root"]:
            named[bone] = bone if bone not in named.values() and bone != "root" else f"{bone}_part"
    return named


def _near_head(bone: str, body: BodyMap) -> bool:
    return bone in (*body["jaw"], *body["left_ear"], *body["right_ear"], *body["head"])


# -- in Blender -------------------------------------------------------------------------------------------------------


def build_metarig(name: str, plan: tuple[MetaBone, ...]) -> bpy.types.Object:
    """An armature object of the plan, in no collection. Rigify must be on."""
    from mathutils import Vector

    data = bpy.data.armatures.new(name)
    item = bpy.data.objects.new(name, data)
    with compat.edit_mode([item]):
        for bone in plan:
            made = data.edit_bones.new(bone.name)
            made.head, made.tail = Vector(bone.head.tolist()), Vector(bone.tail.tolist())
            made.align_roll(Vector(bone.z.tolist()))
            if bone.parent:
                made.parent = data.edit_bones[bone.parent]
                made.use_connect = bone.joined
    groups = {group: data.collections.new(group) for group in _groups(plan)}
    _colours(data)
    for group, made in groups.items():
        made.rigify_ui_row = _row(group)
        made.rigify_color_set_id = next((number for word, number in _COLOURS.items() if f"({word})" in group), 3)
    for bone in plan:
        posed = item.pose.bones[bone.name]
        groups[bone.group].assign(posed)
        posed.rotation_mode = "QUATERNION"
        posed.rigify_type = bone.kind
        for option, value in bone.options.items():
            if hasattr(posed.rigify_parameters, option):
                setattr(posed.rigify_parameters, option, value)
        for kind, group in (("fk", bone.fk), ("tweak", bone.tweak)):
            refs = getattr(posed.rigify_parameters, f"{kind}_coll_refs", None)
            if group and refs is not None:
                refs.add().set_collection(groups[group])
                # Without this Rigify puts them beside the others, whatever the list says.
                setattr(posed.rigify_parameters, f"{kind}_layers_extra", True)
    return item


def _groups(plan: tuple[MetaBone, ...]) -> list[str]:
    found = {group for bone in plan for group in (bone.group, bone.fk, bone.tweak) if group}
    return sorted(found, key=_row)


def _row(group: str) -> int:
    if group in _ROWS:
        return _ROWS[group]
    limb = 7 if group.startswith("Arm") else 12
    return limb + {"(IK)": 0, "(FK)": 1, "(Tweak)": 2}[group.split(" ")[1]]


def _colours(data: bpy.types.Armature) -> None:
    """Rigify's usual colour sets."""
    from mathutils import Color

    for name, normal in (("Root", (0.44, 0.18, 0.42)), ("IK", (0.60, 0.0, 0.0)), ("Special", (0.96, 0.79, 0.05)),
                         ("Tweak", (0.04, 0.21, 0.58)), ("FK", (0.12, 0.57, 0.04)), ("Extra", (0.97, 0.25, 0.09))):
        made = data.rigify_colors.add()
        made.name, made.normal = name, Color(normal)
        made.active, made.select = Color((0.55, 1.0, 1.0)), Color((0.31, 0.78, 1.0))
        made.standard_colors_lock = True
