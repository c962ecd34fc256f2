"""Which bones are the four legs: pairs of limbs that reach from the trunk to the ground, and which pair walks in front."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .body_frame import Joints
from .rig_shape import RigError

Array = NDArray[np.float64]


class TwoLegsError(RigError):
    """A rig that stands well on two legs and has no others: it is not a lying animal either."""


@dataclass(frozen=True)
class LimbPair:
    """A limb at +y and its twin: chains of bones from the trunk down, as long as each other; score: how much they are legs;
    stands: how much by where they are alone, 0 to 1."""

    first: tuple[int, ...]
    second: tuple[int, ...]
    score: float
    stands: float


def limb_pairs(joints: Joints) -> list[LimbPair]:
    """All pairs of limbs, the most leg-like first."""
    tops = []
    for bone, twin in enumerate(joints.twins):
        if twin < 0 or twin == bone:
            continue
        parent = joints.parents[bone]
        if parent >= 0 and joints.twins[parent] not in (-1, parent):
            continue
        middle, other = joints.below[bone] @ joints.places[:, 1], joints.below[twin] @ joints.places[:, 1]
        if middle < other or (middle == other and bone > twin):
            continue
        tops.append((bone, int(twin)))
    floor = _floor(joints, tops)
    height = _tallest(joints, tops, floor)
    found = []
    for top, twin in tops:
        chain = leg_chain(joints, top)
        other = tuple(int(joints.twins[bone]) for bone in chain)
        if -1 in other:
            other = leg_chain(joints, twin)
            chain, other = chain[:len(other)], other[:len(chain)]
        found.append(LimbPair(chain, other, *_legness(joints, chain, floor, max(height, 1e-6))))
    return sorted(found, key=lambda pair: -pair.score)


def leg_chain(joints: Joints, top: int) -> tuple[int, ...]:
    """The bones from the top of a limb down: always on to the branch that leads lowest, not into single digits."""
    chain = [top]
    lowest = np.where(joints.below, joints.places[:, 2][None], np.inf).min(axis=1)
    reach = joints.below.sum(axis=1)
    while below := joints.children[chain[-1]]:
        if len(below) > 1:
            alike = [bone for bone in below if reach[bone] >= 0.5 * max(reach[list(below)])]
            if len(alike) > 2 and joints.places[list(alike), 2].max() < 0.15 and len(chain) >= 3:
                if len(chain) >= 4:
                    break
                # A hand that has fingers only: the middle one stands for them.
                alike.sort(key=lambda bone: joints.places[bone, 1])
                chain.append(alike[len(alike) // 2])
                continue
        chain.append(min(below, key=lambda bone: (lowest[bone] - 0.01 * min(int(reach[bone]), 4), bone)))
    return tuple(chain)


def without_tip(joints: Joints, pair: LimbPair) -> LimbPair:
    """A pair without last bones that are named as the mark of a chain's end."""
    if len(pair.first) > 2 and joints.words[pair.first[-1]].tip and not joints.children[pair.first[-1]]:
        return LimbPair(pair.first[:-1], pair.second[:-1], pair.score, pair.stands)
    return pair


def leg_end(joints: Joints, last: int) -> Array:
    """Where a leg ends (3,): at the middle of what hangs on its last bone, else at that bone's tip."""
    below = joints.children[last]
    if below:
        return joints.places[list(below)].mean(axis=0)
    head, above = joints.places[last], joints.parents[last]
    step = joints.tips[last] - head
    # Importers give last bones any length.
    longest = float(np.linalg.norm(head - joints.places[above])) if above >= 0 else 0.0
    length = float(np.linalg.norm(step))
    return head + step * (min(length, longest) / length) if length > 1e-9 else head


def _floor(joints: Joints, tops: list[tuple[int, int]]) -> float:
    """The height that the limbs which come down furthest come down to."""
    ends = [joints.places[joints.below[top], 2].min() for top, _ in tops if joints.below[top].sum() > 1]
    return float(min(ends, default=joints.places[:, 2].min()))


def _tallest(joints: Joints, tops: list[tuple[int, int]], floor: float) -> float:
    """How high the tallest limb that comes down to the floor begins: antlers and wings begin higher, but stay there."""
    found = [0.0]
    for top, _ in tops:
        heights = joints.places[joints.below[top], 2] - floor
        if len(heights) > 1 and heights.min() < 0.3 * joints.places[top, 2] - 0.3 * floor:
            found.append(float(heights.max()))
    return max(found)


def _legness(joints: Joints, chain: tuple[int, ...], floor: float, height: float) -> tuple[float, float]:
    """With and without names: 1 for a limb that comes all the way down from the trunk to the ground, 0 for one that does
    neither."""
    places = joints.places[list(chain)]
    low = min(float(places[:, 2].min()), float(joints.tips[chain[-1], 2]))
    drop = float(places[:, 2].max()) - low
    words = [joints.words[bone] for bone in chain]
    stands = score = min(drop / height, 1.0) * float(np.exp(-((max(low - floor, 0.0) / (0.3 * height)) ** 2)))
    if len(chain) == 1:
        score *= 0.5
    if sum(word.extra for word in words) > len(words) / 2:
        score *= 0.3
    named = sum(word.limb and not word.extra for word in words)
    if named or any(word.end for word in words):
        score += 0.15
    # Legs of an animal that lies or leaps in its rest pose are still called legs.
    return (max(score, 0.6) if named >= 2 and named >= 0.6 * len(words) else score), stands


def two_pairs(joints: Joints, pairs: list[LimbPair]) -> tuple[LimbPair, LimbPair]:
    """The two pairs of legs, in no order. Raises RigError where there are not two."""
    legs = [pair for pair in pairs if pair.score > 0.4]
    if legs:
        longest = max(_length(joints, pair) for pair in legs)
        legs = [pair for pair in legs if (_length(joints, pair) > 0.4 * longest or _named(joints, pair)) and len(pair.first) >= 2]
    if len(legs) < 2:
        standing = len(legs) == 1 and legs[0].stands > 0.75 and len(legs[0].first) > 2
        raise (TwoLegsError if standing else RigError)(_lacking(len(legs), pairs))
    first = legs[0]
    apart = [pair for pair in legs[1:] if abs(_middle(joints, pair) - _middle(joints, first)) > 0.08]
    if not apart:
        raise RigError("all legs of this rig stand at one place; check that its rest pose is a standing animal")
    if any(pair.score > 0.85 for pair in apart[1:]):
        pairs_named = [pair for pair in legs if any(joints.words[bone].end or joints.words[bone].segment for bone in pair.first)]
        if len(pairs_named) != 2 and len(legs) > 2 and legs[2].score > 0.9 * legs[1].score and _length(joints,
                                                                                                       legs[2]) > 0.75 * longest:
            raise RigError(f"this rig has {2 * len(legs)} legs; only animals with four can be matched, so set its parts by hand")
    return first, apart[0]


def _named(joints: Joints, pair: LimbPair) -> bool:
    """Whether most bones of a pair are called a leg's."""
    return sum(joints.words[bone].limb for bone in pair.first) > 0.6 * len(pair.first)


def _length(joints: Joints, pair: LimbPair) -> float:
    places = joints.places[list(pair.first)]
    return float(np.ptp(places[:, 2]))


def _middle(joints: Joints, pair: LimbPair) -> float:
    return float(joints.places[list(pair.first), 0].mean())


def _lacking(found: int, pairs: list[LimbPair]) -> str:
    todo = "choose the rig of a four-legged animal in a standing rest pose, or set its parts by hand"
    if found == 1:
        return f"this rig stands on two legs (a person, a bird, a fish?), and four are needed; {todo}"
    if pairs:
        return f"no legs that reach the ground were found in this rig (a fish, or wings?); {todo}"
    return f"no pair of limbs was found in this rig (a snake, or a single bone?); {todo}"
