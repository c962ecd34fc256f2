"""How a rig's bones hang together beyond parents: what moves what through constraints, and which channels an animator can key.

Read from a rig as the depsgraph evaluated it, so that influences which drivers set are the true ones.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

_TURNING = {"COPY_TRANSFORMS", "COPY_ROTATION", "TRACK_TO", "DAMPED_TRACK", "LOCKED_TRACK", "STRETCH_TO", "IK", "SPLINE_IK", "TRANSFORM",
            "ACTION", "PIVOT", "FOLLOW_PATH", "TRANSFORM_CACHE"}
_MOVING = {"COPY_TRANSFORMS", "COPY_LOCATION", "IK", "SPLINE_IK", "TRANSFORM", "ACTION", "PIVOT", "FOLLOW_PATH", "LIMIT_DISTANCE",
           "SHRINKWRAP", "CLAMP_TO", "TRANSFORM_CACHE"}
_SWITCH = re.compile(r"(^|[^a-z])(ik[\W_]*fk|fk[\W_]*ik)([^a-z]|$)", re.IGNORECASE)


@dataclass(frozen=True)
class CopiedTurn:
    """A bone's Copy Rotation that only adds to its own keys: of which bone, its axes and signs, order, and on which side.

    before: the copied turn stands before the bone's own.
    """

    bone: str
    axes: tuple[float, float, float]
    order: str
    before: bool


@dataclass(frozen=True)
class Channels:
    """What of a bone can be keyed: turns, moves; free (3,) the turning axes that are not locked; copied where a constraint adds."""

    turns: bool
    moves: bool
    free: tuple[bool, bool, bool]
    copied: CopiedTurn | None


def is_switch(name: str) -> bool:
    """Whether a custom property of this name switches between IK and FK."""
    return _SWITCH.search(name) is not None


def working(constraint: Any) -> bool:
    """Whether a constraint does anything now."""
    return bool(constraint.enabled and not constraint.mute and constraint.influence > 1e-6 and constraint.is_valid)


def channels(bone: Any) -> Channels:
    """What of an evaluated pose bone can be keyed and then shows in its pose."""
    own = [constraint for constraint in bone.constraints if working(constraint)]
    copied = [found for found in map(_copied, own) if found is not None]
    fixed = any(one.type in _TURNING and _copied(one) is None for one in own) or len(copied) > 1
    free = tuple(not lock for lock in bone.lock_rotation)
    stuck = bone.bone.use_connect and bone.parent is not None
    moves = not any(bone.lock_location) and not stuck and not any(one.type in _MOVING for one in own)
    return Channels(any(free) and not fixed, moves, (free[0], free[1], free[2]), copied[0] if copied else None)


def _copied(constraint: Any) -> CopiedTurn | None:
    """What a Copy Rotation adds to the bone's own turn, or None where it does something else."""
    if constraint.type != "COPY_ROTATION" or constraint.mix_mode not in ("BEFORE", "AFTER") or constraint.influence < 1.0:
        return None
    if constraint.owner_space != "LOCAL" or constraint.target_space != "LOCAL" or not constraint.subtarget:
        return None
    signs = [0.0 if not use else -1.0 if turned else 1.0 for use, turned in (
        (constraint.use_x, constraint.invert_x), (constraint.use_y, constraint.invert_y), (constraint.use_z, constraint.invert_z))]
    order = constraint.euler_order
    return CopiedTurn(constraint.subtarget, (signs[0], signs[1], signs[2]), "XYZ" if order == "AUTO" else order,
                      constraint.mix_mode == "BEFORE")


def above(item: Any, idle: bool = False) -> dict[str, set[str]]:
    """Bone → all bones of an evaluated armature that move it, by parents and working constraints, near or far.

    idle: count constraints that do nothing now as well.
    """
    direct = {bone.name: _direct(item, bone, idle) for bone in item.pose.bones}
    for bone in item.pose.bones:  # an IK chain moves with its end
        for one in bone.constraints:
            if one.type in ("IK", "SPLINE_IK") and (idle or working(one)):
                link, left = bone, one.chain_count or len(direct)
                while link is not None and left:
                    direct[link.name] |= _targets(item, one, idle) | ({bone.name} - {link.name})
                    link, left = link.parent, left - 1
    found: dict[str, set[str]] = {}
    for start in direct:
        seen: set[str] = set()
        waiting = list(direct[start])
        while waiting:
            name = waiting.pop()
            if name not in seen:
                seen.add(name)
                if name in found:
                    seen |= found[name]
                else:
                    waiting += direct[name]
        found[start] = seen
    return found


def _direct(item: Any, bone: Any, idle: bool) -> set[str]:
    result = {bone.parent.name} if bone.parent is not None else set()
    for one in bone.constraints:
        if idle or working(one):
            result |= _targets(item, one, idle)
    return result


def _targets(item: Any, constraint: Any, idle: bool) -> set[str]:
    """The bones of the rig itself that a constraint looks at."""
    if constraint.type == "ARMATURE":
        pairs = [(one.target, one.subtarget) for one in constraint.targets if idle or one.weight > 1e-6]
    else:
        pairs = [(getattr(constraint, "target", None), getattr(constraint, "subtarget", "")),
                 (getattr(constraint, "pole_target", None), getattr(constraint, "pole_subtarget", ""))]
    return {name for target, name in pairs if target is not None and target.name == item.name and name in item.pose.bones}
