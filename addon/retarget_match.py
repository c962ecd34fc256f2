"""Whose bone is whose, as the sidebar's list has it: found in the rigs, put into rows, read from them, told in words."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from ..scene.retarget import map_files
from ..scene.retarget.body_map import LEGS, BodyMap
from ..scene.retarget.matching import match_body, missing
from ..scene.retarget.reading import read_shape, skeleton_of
from ..scene.retarget.rig_shape import RigError, RigShape
from .user_files import user_folder

SIDES = ("target", "source")
UNSURE = 0.6
"""Bones that were matched with less confidence are shown with a question mark."""


def label(part: str) -> str:
    """A part's name for people: "Left Front Leg" for "front_left", "Cannon" for "front_left_cannon"."""
    for leg in LEGS:
        if part == leg:
            end, side = leg.split("_")
            return f"{side} {end} leg".title()
        if part.startswith(f"{leg}_"):
            return part.removeprefix(f"{leg}_").title()
    return part.replace("_", " ").title()


def row_label(part: str) -> str:
    """The same for a row of the list: a leg is one by its place there."""
    return part.replace("_", " ").title() if part in LEGS else label(part)


def short(bone: str) -> str:
    """A bone's name without what Rigify puts before it."""
    return bone.removeprefix("ORG-").removeprefix("DEF-")


def chain_text(names: list[str]) -> str:
    """The bones of a part in few letters."""
    if len(names) < 2:
        return short(names[0]) if names else ""
    return f"{short(names[0])} … {len(names)}"


def sentence(error: object) -> str:
    """Words of an error as a sentence: a first word that is no name begins with a capital."""
    words = str(error)
    first = words.partition(" ")[0]
    return words[:1].upper() + words[1:] if first.isalpha() else words


def rig_of(settings: Any, side: str) -> bpy.types.Object:
    """The armature of a side. Raises RigError with what to do where there is none."""
    item = getattr(settings, side)
    if item is None:
        raise RigError("Choose the source, the armature that moves" if side == "source"
                       else "Choose the target, the rig that is to get the motion")
    if item.type != "ARMATURE":
        raise RigError(f"“{item.name}” is no armature")
    return item


def find_map(item: bpy.types.Object, known: bool = True) -> BodyMap:
    """The parts of a rig: by a preset that knows its bones, the user's before those that ship, else found.

    Raises RigError for what is no four-legged animal.
    """
    shape = read_shape(item)
    preset = map_files.preset_for(shape, (preset_folder(),)) if known else None
    return preset if preset is not None else match_body(shape, item.name)


def preset_folder() -> Path:
    """Where the user's own presets are."""
    return user_folder("rigs")


def set_map(settings: Any, side: str, body: BodyMap) -> None:
    """Put the parts of one rig into the rows."""
    settings.make_rows()
    settings.clear_side(side)
    for row in settings.parts:
        if not row.heading:
            fill(row, side, body[row.name], body.confidence)
    setattr(settings, f"{side}_from", body.source)


def fill(row: Any, side: str, names: Iterable[str], confidence: Any = None) -> None:
    """Make these the bones of a row on one side."""
    bones = getattr(row, side)
    bones.clear()
    for name in names:
        bone = bones.add()
        bone.name, bone.confidence = name, float((confidence or {}).get(name, 1.0))


def map_of(settings: Any, side: str) -> BodyMap:
    """The parts of one rig as the rows have them. Raises RigError when nothing was matched, or a bone is in two rows."""
    if not settings.matched(side):
        raise RigError(f"The {side}'s bones are not matched yet: press Match Bones")
    rows = [row for row in settings.parts if not row.heading]
    bones = {row.name: tuple(bone.name for bone in getattr(row, side)) for row in rows}
    confidence = {bone.name: bone.confidence for row in rows for bone in getattr(row, side)}
    item = getattr(settings, side)
    return BodyMap(bones, item.name if item else "", getattr(settings, f"{side}_from"), confidence)


def edited(settings: Any, side: str) -> None:
    """Remember that somebody changed the rows."""
    setattr(settings, f"{side}_from", "edited")


def mapped_bones(body: BodyMap) -> int:
    """How many bones have a part."""
    return sum(len(chain) for chain in body.bones.values())


def state(row: Any) -> str:
    """What a row's sign says: "both", "unsure", "still" (the source has no such part), "unused" (the target has none), or "none"."""
    if len(row.target) and len(row.source):
        least = min(bone.confidence for side in SIDES for bone in getattr(row, side))
        return "both" if least >= UNSURE else "unsure"
    return "still" if len(row.target) else "unused" if len(row.source) else "none"


def leg_state(settings: Any, leg: str) -> str:
    """The same for a leg; "bad" where a rig has no such leg at all."""
    rows = [row for row in settings.parts if row.group == leg]
    if any(settings.matched(side) and sum(bool(len(getattr(row, side))) for row in rows) < 2 for side in SIDES):
        return "bad"
    states = {state(row) for row in rows}
    return "unsure" if "unsure" in states else "both" if "both" in states else min(states)


def problems(settings: Any) -> list[str]:
    """What the rows lack, in plain words; empty when all is well."""
    found = []
    for side in SIDES:
        if not settings.matched(side) or getattr(settings, side) is None:
            continue
        lacking = missing(map_of(settings, side))
        name = getattr(settings, side).name
        vital = [part for part in lacking if part == "spine" or part.endswith("leg")]
        rest = [part for part in lacking if part not in vital]
        if vital:
            found.append(f"{name}: no {_listed(vital, 'or')} found. It cannot do without: select the bones in Pose Mode, pick them below")
        if rest and side == "target":
            found.append(f"{name}: no {_listed(rest, 'or')} found; its {_listed(rest, 'and')} will not bend. "
                         "If there are bones for it, pick them below")
        elif rest:
            found.append(f"{name}: no {_listed(rest, 'or')} found; the target's {_listed(rest, 'and')} will go along with the body")
    return found


def _listed(words: list[str], last: str) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"


def skeleton_bone(item: bpy.types.Object, shape: RigShape, name: str) -> str | None:
    """The bone of a rig's skeleton that a control stands for: itself, the one of its name, or the one that lies in the same place."""
    if name in shape.index:
        return name
    bone = item.data.bones.get(name)
    if bone is None:
        return None
    plain = name
    for mark in ("DEF-", "MCH-", "tweak_", "_fk", "_ik", "_tweak", "_master"):
        plain = plain.replace(mark, "")
    if f"ORG-{plain}" in shape.index:
        return f"ORG-{plain}"
    head, tail = np.array(bone.head_local), np.array(bone.tail_local)
    size = float(np.ptp(shape.heads, axis=0).max()) or 1.0
    near = np.linalg.norm(shape.heads - head, axis=1) + 0.2 * np.linalg.norm(shape.tails - tail, axis=1)
    best = int(near.argmin())
    return shape.names[best] if near[best] < 0.01 * size else None


def picked_bones(context: bpy.types.Context, item: bpy.types.Object) -> list[str]:
    """The bones of a rig's skeleton that are selected in Pose Mode, from the trunk outwards. Raises RigError with what to do."""
    chosen = [bone.name for bone in context.selected_pose_bones or () if bone.id_data == item]
    active = context.active_pose_bone
    if not chosen and active is not None and active.id_data == item:
        chosen = [active.name]
    if not chosen:
        raise RigError(f"Select bones of “{item.name}” in Pose Mode first")
    shape = skeleton_of(read_shape(item))
    found = {name: skeleton_bone(item, shape, name) for name in chosen}
    lost = [name for name, bone in found.items() if bone is None]
    if lost:
        raise RigError(f"“{lost[0]}” is a control that stands for no bone of the animal: pick the bone that it moves")
    return sorted({bone for bone in found.values() if bone is not None}, key=shape.index.__getitem__)


def give(settings: Any, side: str, part: str, names: list[str]) -> None:
    """Make these the bones of a part on one side, and of no other part."""
    for row in settings.parts:
        bones = getattr(row, side)
        if any(bone.name in names for bone in bones):
            kept = [(bone.name, bone.confidence) for bone in bones if bone.name not in names]
            fill(row, side, [name for name, _ in kept], dict(kept))
    fill(settings.row(part), side, names)
    edited(settings, side)


def mirror(settings: Any, side: str, start: str = "left") -> int:
    """Give the other side's parts the bones that mirror those of one ("left" or "right"); gives how many were found."""
    item, end = rig_of(settings, side), "right" if start == "left" else "left"
    body = map_of(settings, side)
    half = {part: chain for part, chain in body.bones.items() if end not in part}
    whole = map_files.mirrored(BodyMap(half, body.label, "edited", body.confidence), read_shape(item))
    set_map(settings, side, whole)
    return sum(len(chain) for part, chain in whole.bones.items() if end in part)


def bones_of_row(settings: Any, row: Any, side: str) -> list[str]:
    """The bones of a row, or of all rows below a heading."""
    rows = [one for one in settings.parts if one.group == row.name] if row.heading else [row]
    return [bone.name for one in rows for bone in getattr(one, side)]


def visible_bones(item: bpy.types.Object, names: Iterable[str]) -> list[str]:
    """For each bone of a skeleton one that can be seen in the view: itself, or a control in its place."""
    from ..scene import compat

    found = []
    for name in names:
        bone = item.data.bones.get(name)
        if bone is None:
            continue
        plain = short(name)
        stem, dot, end = plain.partition(".")
        tries = [name, *(f"{stem}_{kind}{dot}{end}" for kind in ("fk", "tweak", "ik")), plain]
        seen = [one for one in tries if one in item.data.bones and compat.bone_seen(item, one)]
        found += seen[:1]
    return list(dict.fromkeys(found))
