"""Which bone of a leg is which segment: thought as an anatomist would, by how high the joints are and which way they bend.

A knee bends forward, an elbow and a hock backward; a horse's hock is high, a bear's heel is on the ground. All ways to cut the
leg's bones into segments are weighed against that, and against what the names say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .body_map import SEGMENTS
from .bone_words import Words

Array = NDArray[np.float64]

_GIRDLE, _UPPER, _LOWER, _CANNON, _TOES = range(5)
# Of the trunk's height: how high the joints below girdle, upper, lower and cannon are for animals on hooves, on toes, and on soles.
_HEIGHTS = {"front": ((0.72, 0.57, 0.34, 0.14), (0.73, 0.53, 0.20, 0.06), (0.75, 0.47, 0.10, 0.04)),
            "hind": ((0.90, 0.67, 0.42, 0.14), (0.90, 0.58, 0.28, 0.06), (0.90, 0.50, 0.10, 0.04))}
_WIDTHS = (0.20, 0.10, 0.08, 0.05)
"""How far each of those may be off."""
_CONVEX = {"front": (1.0, -1.0, 0.0, 0.0), "hind": (-0.5, 1.0, -1.0, 0.0)}
"""Which way the leg is convex there."""
_FOOT = (0.10, 0.08)
"""Where the lower segment meets the toes when there is nothing between them."""
_LACKING = (0.4, 9.0, 9.0, 2.0, 2.8)
_STUB = 0.36
"""Of the bone below: a thigh is not as short as that."""


@dataclass(frozen=True)
class LegChain:
    """The bones of a leg from the trunk down: bones (n,), joints (n + 1, 3) their heads and the last one's end, x forward,
    in shares of the trunk's height above the ground. inward: how far the first joint is towards the midline, 0 to 1."""

    bones: tuple[int, ...]
    joints: Array
    inward: float


def segments_of(leg: LegChain, end: str, words: Sequence[Words]) -> tuple[tuple[int, ...], float]:
    """The segment (index into SEGMENTS) of each bone of a leg at the "front" or "hind" end, and what is left to doubt (a cost)."""
    said = _named(words)
    bends = _bends(leg.joints)
    return min((_best_cut(leg, end, foot, bends, said) for foot in range(3)), key=lambda cut: cut[1])


def _best_cut(leg: LegChain, end: str, foot: int, bends: Array, said: Sequence[str]) -> tuple[tuple[int, ...], float]:
    """The best segments for one kind of foot, and their cost."""
    # best[s]: the cheapest way to give the bones up to here segments whose last is s.
    best = {segment: (sum(_LACKING[:segment]) + _bone_cost(leg, 0, segment, end, said), (segment,)) for segment in range(5)}
    for bone in range(1, len(leg.bones)):
        following: dict[int, tuple[float, tuple[int, ...]]] = {}
        for segment in range(5):
            cost, path = min(
                (cost + _joint_cost(leg, bone, before, segment, end, foot, bends[bone]) + sum(_LACKING[before + 1:segment]),
                 (*path, segment))
                for before, (cost, path) in best.items() if before <= segment)
            following[segment] = (cost + _bone_cost(leg, bone, segment, end, said), path)
        best = following
    total, path = min((cost + sum(_LACKING[last + 1:]) + _end_cost(leg, last), path) for last, (cost, path) in best.items())
    return path, float(total)


def _bends(joints: Array) -> Array:
    """(n + 1,) degrees by which the leg is convex to the front at each joint, seen from the side; 0 at its ends."""
    steps = np.diff(joints[:, [0, 2]], axis=0)
    bends = np.zeros(len(joints))
    for k in range(1, len(steps)):
        above, under = steps[k - 1], steps[k]
        if min(np.linalg.norm(above), np.linalg.norm(under)) > 0.02:
            # Going down, a turn from forward to backward leaves the joint in front.
            bends[k] = np.degrees(np.arctan2(above[1] * under[0] - above[0] * under[1], above @ under))
    return bends


def _joint_cost(leg: LegChain, bone: int, before: int, segment: int, end: str, foot: int, bend: float) -> float:
    """Of a joint above `bone` between two segments, or within one."""
    if before == segment:
        return 0.15 if segment == _TOES else 0.9 + 1.0 * (segment == _GIRDLE) + min((bend / 25.0) ** 2, 3.0)
    height, width = (_HEIGHTS[end][foot][before], _WIDTHS[before]) if segment == before + 1 else _FOOT
    cost = min(((leg.joints[bone, 2] - height) / width) ** 2, 3.5)
    return float(cost - _CONVEX[end][before] * np.clip(bend / 20.0, -3.0, 3.0))


def _bone_cost(leg: LegChain, bone: int, segment: int, end: str, said: Sequence[str]) -> float:
    joints = leg.joints
    lengths = np.linalg.norm(np.diff(joints, axis=0), axis=1)
    cost = 0.0
    if segment == _UPPER and bone + 1 < len(leg.bones) and lengths[bone] < _STUB * lengths[bone + 1]:
        cost += 6.0
    if segment == _GIRDLE:
        cost += max(0.0, (0.62 - joints[bone, 2]) / 0.1) ** 2 + (0.0 if bone or leg.inward > 0.5 else 0.3)
    elif segment == _UPPER and bone == 0:
        cost += 0.4 * (leg.inward > 0.7) + max(0.0, (joints[bone, 2] - 0.95) / 0.15) * (end == "front")
    elif segment == _TOES:
        cost += max(0.0, (joints[bone, 2] - 0.2) / 0.07) ** 2
    elif segment == _CANNON:
        cost += max(0.0, (joints[bone, 2] - 0.52) / 0.08) ** 2
    if said[bone]:
        named = SEGMENTS.index(said[bone])
        cost += -2.0 if named == segment else 1.0 * min(abs(named - segment), 2)
    return cost


def _end_cost(leg: LegChain, last: int) -> float:
    """Where the last bone ends: a leg without toes should not stop far above the ground."""
    return 0.0 if last == _TOES else max(0.0, 0.04 - leg.joints[-2, 2]) / 0.02


def _named(words: Sequence[Words]) -> list[str]:
    """What names say of each bone's segment; nothing where two bones far from each other both claim to be the upper one."""
    said = [word.segment for word in words]
    if said.count("upper") > 1 and len(said) > 3:
        said = ["" if one in ("upper", "lower") else one for one in said]
    return ["" if one == "girdle" and "girdle" in said[:k] else one for k, one in enumerate(said)]
