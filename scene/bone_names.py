"""Bone names that Blender can mirror: a table for SMAL's skeleton, a rule for every other.

Blender pairs bones whose names differ by a side at their end (`ear.L`, `ear.R`) or by left and right; SMAL's `LEar`
is neither.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from ..animal.model import AnimalModel, mirrored_name

# SMAL's joints, in its order. Legs count from the shoulder or hip downward, spine and tail from the pelvis outward.
SMAL_BONES = (
    "pelvis", "spine_1", "spine_2", "spine_3", "spine_4", "spine_5", "chest",
    "leg_front_1.L", "leg_front_2.L", "leg_front_3.L", "paw_front.L",
    "leg_front_1.R", "leg_front_2.R", "leg_front_3.R", "paw_front.R",
    "neck", "head",
    "leg_hind_1.L", "leg_hind_2.L", "leg_hind_3.L", "paw_hind.L",
    "leg_hind_1.R", "leg_hind_2.R", "leg_hind_3.R", "paw_hind.R",
    "tail_1", "tail_2", "tail_3", "tail_4", "tail_5", "tail_6", "tail_7", "jaw", "ear.L", "ear.R")

_GROUPS = (("leg_front", "Front legs"), ("paw_front", "Front legs"), ("leg_hind", "Hind legs"), ("paw_hind", "Hind legs"),
           ("tail", "Tail"), ("head", "Head"), ("jaw", "Head"), ("ear", "Head"), ("neck", "Trunk"), ("", "Trunk"))
_MAX_BYTES = 63  # Blender's limit for a name


def bone_names(model: AnimalModel) -> tuple[str, ...]:
    """One name for every joint, in the model's order, all different, left and right recognisable to Blender.

    Models with another skeleton than SMAL's keep their names, but a side is moved to the end: `LWing` → `Wing.L`.
    """
    if model.is_smal_profile:
        return SMAL_BONES
    return mirrored_bone_names(model.joint_names, [
        mirrored_name(name) if model.joint_mirror[j] != j else name for j, name in enumerate(model.joint_names)])


def mirrored_bone_names(names: Sequence[str], twins: Sequence[str]) -> tuple[str, ...]:
    """Bone names for joints, all different; `twins` are the joints' names on the other side, on the midline their own."""
    return _distinct([_fit(_sided(name, twin)) for name, twin in zip(names, twins, strict=True)])


def bone_groups(model: AnimalModel) -> tuple[str, ...]:
    """The bone collection of every joint: by part of the body for SMAL's skeleton, by side for any other."""
    if model.is_smal_profile:
        return tuple(next(group for start, group in _GROUPS if name.startswith(start)) for name in SMAL_BONES)
    return tuple({1: "Left", -1: "Right", 0: "Middle"}[side] for side in sides(model))


def sides(model: AnimalModel) -> np.ndarray:
    """(J,) 1 for joints of a left-right pair on the left (+y) at rest, -1 for those on the right, 0 for all others."""
    mirror = np.asarray(model.joint_mirror)
    across = np.asarray(model.J)[:, 1] - np.asarray(model.J)[mirror, 1]
    return np.where(mirror == np.arange(len(mirror)), 0, np.where(across >= 0, 1, -1))


def _sided(name: str, twin: str) -> str:
    """`name` with its side at the end as Blender writes it; names that hold the word left or right are fine as they are."""
    if re.search("left|right", name, re.IGNORECASE) and re.match("(?i)(left|right)|.*(left|right)$", name):
        return name
    spot = next((i for i, (a, b) in enumerate(zip(name, twin, strict=False)) if a != b), None)
    if spot is None:
        return name
    word = re.match("(?i)left|right", name[spot:])
    length = len(word.group()) if word else 1
    side = name[spot].upper()
    stem = (name[:spot] + name[spot + length:]).strip("._- ")
    return f"{stem}.{side}" if stem else name


def _fit(name: str) -> str:
    """`name` cut to what Blender stores, its side kept."""
    if len(name.encode()) <= _MAX_BYTES:
        return name
    stem, tail = (name[:-2], name[-2:]) if name[-2:] in (".L", ".R") else (name, "")
    return stem.encode()[: _MAX_BYTES - len(tail)].decode(errors="ignore") + tail


def _distinct(names: Sequence[str]) -> tuple[str, ...]:
    """`names` with a number put into those that occur already."""
    taken: set[str] = set()
    result = []
    for name in names:
        stem, tail = (name[:-2], name[-2:]) if name[-2:] in (".L", ".R") else (name, "")
        number, candidate = 2, name
        while candidate in taken:
            candidate = _fit(f"{stem[: _MAX_BYTES - 8]}_{number}{tail}")
            number += 1
        taken.add(candidate)
        result.append(candidate)
    return tuple(result)
