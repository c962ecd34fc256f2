"""The midline of an animal: its spine between the legs, the neck and head before it, the tail behind, and what only carries it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .body_frame import Joints
from .bone_words import LINK

Array = NDArray[np.float64]


@dataclass
class Midline:
    """Bones by part, each from the hips outward (spine: hips to chest)."""

    root: list[int] = field(default_factory=list)
    spine: list[int] = field(default_factory=list)
    neck: list[int] = field(default_factory=list)
    head: list[int] = field(default_factory=list)
    jaw: list[int] = field(default_factory=list)
    tail: list[int] = field(default_factory=list)
    ears: tuple[list[int], list[int]] = field(default_factory=lambda: ([], []))

    @property
    def taken(self) -> set[int]:
        """All bones that have a part."""
        return {*self.root, *self.spine, *self.neck, *self.head, *self.jaw, *self.tail, *self.ears[0], *self.ears[1]}


@dataclass(frozen=True)
class Stance:
    """Where the legs are, x forward: the bones that they hang on (-1: none; hind_loose: by nearness only), their bones, the x of
    fore and hind legs, and the
    height of the trunk and of the ground."""

    front_on: int
    hind_on: int
    hind_loose: bool
    legs: frozenset[int]
    front_x: float
    hind_x: float
    trunk_z: float
    ground_z: float

    @property
    def length(self) -> float:
        """From hind to fore legs."""
        return max(self.front_x - self.hind_x, 1e-3)


def midline_of(joints: Joints, stance: Stance) -> Midline:
    """Sort the bones that are on no side. Any part may come out empty."""
    body = Midline()
    _find_spine(joints, stance, body)
    free = _free(joints, stance, body)
    _find_tail(joints, stance, body, free)
    free -= set(body.tail)
    _find_neck(joints, stance, body, free)
    _find_face(joints, body)
    body.spine.sort(key=lambda bone: (round(_reach(joints, bone), 4), joints.places[bone, 0]))
    return body


def _free(joints: Joints, stance: Stance, body: Midline) -> set[int]:
    """Midline bones without a part."""
    taken = body.taken | stance.legs
    # The rest of a skeleton in motion is a pose, and poses are not symmetric.
    off = 0.25 if any(name.endswith(LINK) for name in joints.shape.names) else 0.06
    return {bone for bone in range(len(joints.places)) if bone not in taken and joints.twins[bone] in (bone, -1)
            and abs(joints.places[bone, 1]) < off and not any(joints.twins[up] not in (up, -1) for up in joints.above(bone))}


def _find_spine(joints: Joints, stance: Stance, body: Midline) -> None:
    """The bones between what fore and hind legs hang on, without those that only carry the animal from the ground."""
    front, hind = ([bone for bone in joints.above(on) if bone not in stance.legs] for on in (stance.front_on, stance.hind_on))
    shared = [bone for bone in front if bone in set(hind)]
    top = shared[0] if shared else -1
    path = [*hind[:hind.index(top) + 1 if shared else len(hind)], *reversed(front[:front.index(top) if shared else len(front)])]
    while len(path) > 1 and path[0] == stance.hind_on and _is_tail(joints, stance, path[0], path[1]):
        path.pop(0)
    above = joints.above(top)[1:] if shared else []
    # Bones above both that lie behind the hips go on with the back; others carry the animal.
    while above and _lies_behind(joints, stance, above[0], path[0]):
        path.insert(0, above.pop(0))
    carried = [bone for bone in path if _carries(joints, stance, bone)]
    body.root = sorted({*above, *carried}, key=joints.order.index)
    body.spine = [bone for bone in path if bone not in carried]
    while len(body.spine) > 1 and body.spine[-1] == stance.front_on and _is_neck(joints, stance, body.spine[-1]):
        body.spine.pop()
    if not body.spine:
        _grow_spine(joints, stance, body)


def _lies_behind(joints: Joints, stance: Stance, bone: int, following: int) -> bool:
    """Whether a bone is the hips' own: as high as the trunk, and behind the next bone of the back."""
    place, ahead = joints.places[bone], joints.places[following]
    high = place[2] > stance.ground_z + 0.6 * (stance.trunk_z - stance.ground_z)
    return bool(high and ahead[0] - place[0] > 0.04 * stance.length)


def _carries(joints: Joints, stance: Stance, bone: int) -> bool:
    """Whether a bone between the legs is no part of the back: it stands low, or leads nowhere and says so."""
    if joints.places[bone, 2] < stance.ground_z + 0.55 * (stance.trunk_z - stance.ground_z):
        return True
    below = [joints.places[child] for child in joints.children[bone] if joints.twins[child] in (child, -1)]
    still = all(abs(place[0] - joints.places[bone, 0]) < 0.03 * stance.length for place in below)
    return joints.parents[bone] < 0 and len(below) > 1 and still


def _is_neck(joints: Joints, stance: Stance, bone: int) -> bool:
    """Whether the bone that the fore legs hang on is the neck's all the same: some rigs hang shoulders there."""
    return joints.words[bone].part == "neck" or (joints.places[bone, 0] > stance.front_x and joints.words[bone].part != "spine")


def _is_tail(joints: Joints, stance: Stance, bone: int, following: int) -> bool:
    """Whether the bone that the hind legs were hung on, as the nearest, is the tail's; lifted skeletons call their one bone of the back
    after the joint that it begins at."""
    if joints.parents[following] == bone and joints.places[following, 0] - joints.places[bone, 0] > 0.4 * stance.length:
        return False
    return joints.words[bone].part == "tail" or (
        stance.hind_loose and joints.parents[bone] == following and joints.places[bone, 0] < joints.places[following, 0])


def _grow_spine(joints: Joints, stance: Stance, body: Midline) -> None:
    """Find the back beside bones that legs and back all hang on: the longest chain from hind to fore legs."""
    starts = body.root or [bone for bone in range(len(joints.places)) if joints.parents[bone] < 0]
    while True:
        options = [child for bone in starts for child in joints.children[bone]
                   if child not in stance.legs and child not in body.root
                   and joints.twins[child] in (child, -1) and _is_back(joints, stance, child)]
        if not options:
            return
        chosen = max(options, key=lambda bone: (joints.below[bone].sum(), -bone))
        body.spine.append(chosen)
        starts = [chosen]


def _reach(joints: Joints, bone: int) -> float:
    """The x of the middle of a bone."""
    return float(joints.places[bone, 0] + end_of(joints, bone)[0]) / 2


def end_of(joints: Joints, bone: int) -> Array:
    """Where a bone of the midline ends: at its largest child on the midline, else at its tip."""
    below = [child for child in joints.children[bone] if joints.twins[child] == child]
    if not below:
        return joints.tips[bone]
    chosen = max(below, key=lambda child: (joints.below[child].sum(), np.linalg.norm(joints.places[child] - joints.places[bone]),
                                           -child))
    return joints.places[chosen]


def _is_back(joints: Joints, stance: Stance, bone: int) -> bool:
    """Whether a bone of the midline is part of the back: along it, between hind and fore legs, with something behind it."""
    word = joints.words[bone]
    place, end = joints.places[bone], end_of(joints, bone)
    if joints.below[bone].sum() == 1 and len(joints.shape) > 12 and word.part != "spine":
        return False
    if word.extra or word.tip or word.part in ("neck", "head", "tail"):
        return False
    if min(place[2], end[2]) < stance.ground_z + 0.6 * (stance.trunk_z - stance.ground_z):
        return False
    middle = (place[0] + end[0]) / 2
    if place[0] < stance.hind_x - 0.25 * stance.length and end[0] <= place[0]:
        return False
    if end[0] < place[0] and place[0] < stance.hind_x + 0.1 * stance.length:
        return False
    rise = float(np.degrees(np.arctan2(end[2] - place[2], abs(end[0] - place[0]) + 1e-9)))
    neckness = 4.0 * (middle - stance.front_x) / stance.length + (rise - 20.0) / 30.0 - 0.3 * (word.part == "spine")
    return neckness < 0.0


def _chain(joints: Joints, start: int, free: set[int], better) -> list[int]:
    """The free bones from `start` outward, of several always the better one."""
    chain = [start]
    while below := [child for child in joints.children[chain[-1]] if child in free]:
        chain.append(max(below, key=better))
    return chain


def _find_tail(joints: Joints, stance: Stance, body: Midline, free: set[int]) -> None:
    """The chain that leads backward from the hips."""
    def score(bone: int) -> float:
        word = joints.words[bone]
        tips = joints.places[joints.below[bone]]
        back = stance.hind_x - float(tips[:, 0].min())
        head = any(joints.words[k].part in ("head", "neck") or joints.words[k].jaw for k in np.flatnonzero(joints.below[bone]))
        low = float(tips[:, 2].max()) < stance.ground_z + 0.25 * (stance.trunk_z - stance.ground_z)
        against = 3.0 * head + 2.0 * word.extra + 2.0 * low
        return back / stance.length + 2.0 * (word.part == "tail") - against + 0.02 * len(tips)

    starts = [bone for bone in free if joints.parents[bone] not in free
              and joints.places[bone, 0] < stance.hind_x + 0.4 * stance.length
              and (joints.parents[bone] >= 0 or joints.words[bone].part == "tail" or joints.below[bone].sum() > 1)]
    if not starts:
        return
    start = max(starts, key=score)
    if score(start) < 0.02:
        return
    chain = _chain(joints, start, free, lambda bone: (joints.words[bone].part == "tail", joints.below[bone].sum(),
                                                      -joints.places[bone, 0]))
    first = chain[0]
    # A bone that still leads to the hips, not away from them, is the hips' own.
    if len(chain) > 1 and joints.words[first].part == "spine" and joints.words[chain[1]].part == "tail":
        chain = chain[1:]
        body.spine.insert(0, first)
    body.tail = _without_tips(joints, chain)


def _without_tips(joints: Joints, chain: list[int]) -> list[int]:
    """A chain without bones that only mark its end."""
    while len(chain) > 1 and joints.words[chain[-1]].tip and not joints.children[chain[-1]]:
        chain = chain[:-1]
    return chain


def _find_neck(joints: Joints, stance: Stance, body: Midline, free: set[int]) -> None:
    """The chain that leads forward from the fore legs, up to the bone that carries ears or jaw, or the last one."""
    named = {bone for bone in free if any(joints.words[k].part in ("head", "neck") for k in np.flatnonzero(joints.below[bone]))}
    ahead = named | {bone for bone in free if float(joints.places[joints.below[bone],
                                                                  0].max()) > stance.front_x - 0.1 * stance.length
             and joints.places[bone, 2] > stance.ground_z + 0.3 * (stance.trunk_z - stance.ground_z)
             and joints.places[bone, 0] > stance.hind_x}

    def score(bone: int) -> float:
        word, inside = joints.words[bone], np.flatnonzero(joints.below[bone])
        named = any(joints.words[k].part in ("head", "neck") for k in inside)
        ears = sum(joints.twins[k] not in (k, -1) for k in inside)
        far = float(np.linalg.norm(joints.places[inside] - [stance.front_x, 0.0, stance.trunk_z], axis=1).max())
        return 3.0 * named + 2.0 * (word.part in ("head", "neck")) - 3.0 * (word.extra and word.part not in ("head", "neck")) + min(
            0.2 * ears, 1.5) + far / stance.length + 0.05 * len(inside) - 2.0 * word.tip

    starts = [bone for bone in ahead if joints.parents[bone] not in ahead]
    fore = {stance.front_on, *body.spine[-1:]}
    starts = [bone for bone in starts if joints.parents[bone] in fore and score(bone) > 0.1] or starts
    loose = [bone for bone in ahead if joints.parents[bone] not in ahead and bone not in starts]
    chain: list[int] = []
    while starts:
        start = max(starts, key=score)
        if score(start) < 0.1:
            break
        chain += _chain(joints, start, ahead, score)
        starts = [bone for bone in loose if not chain_has(joints, chain, bone) and _leads_on(joints, chain[-1], bone)]
    if not chain:
        return
    chain = _without_tips(joints, chain)
    at = _head_at(joints, chain)
    body.neck, body.head = chain[:at], [chain[at]]
    _neck_or_back(joints, stance, body)


def chain_has(joints: Joints, chain: Sequence[int], bone: int) -> bool:
    """Whether a bone hangs on one of a chain."""
    return any(joints.below[other, bone] for other in chain)


def _leads_on(joints: Joints, last: int, start: int) -> bool:
    """Whether a loose bone can be what follows the last of a chain: it begins before it and near."""
    gap = joints.places[start] - joints.places[last]
    return not joints.children[last] and gap[0] > 0.0 and float(np.linalg.norm(gap)) < 0.2 and joints.words[start].part in ("",
                                                                                                                            "head")


def _neck_or_back(joints: Joints, stance: Stance, body: Midline) -> None:
    """The first bones of the neck that still lie along the back belong to it."""
    furthest = stance.front_x + 0.1 * stance.length
    while len(body.neck) > 1 and _is_back(joints, stance, body.neck[0]) and _reach(joints, body.neck[0]) < furthest:
        body.spine.append(body.neck.pop(0))


def _head_at(joints: Joints, chain: list[int]) -> int:
    """Which bone of the chain from the trunk forward is the head."""
    for at, bone in enumerate(chain):
        if joints.words[bone].part == "head" and not joints.words[bone].extra:
            return at
    for at, bone in enumerate(chain):
        pairs = [child for child in joints.children[bone] if joints.twins[child] not in (child, -1)]
        if pairs and joints.words[bone].part != "neck" and at > 0:
            # Some rigs hang ears on the last bone of the neck, beside the head.
            base = joints.places[pairs] * [1.0, 0.0, 1.0]
            off = [np.linalg.norm(base - joints.places[other], axis=1) for other in chain[at:at + 2]]
            return at + int(len(off) == 2 and bool((off[1] < off[0]).all()))
    return len(chain) - 1


def _find_face(joints: Joints, body: Midline) -> None:
    """Jaw and ears, where the head has them."""
    if not body.head:
        return
    head = body.head[0]
    taken = body.taken
    below = [bone for bone in np.flatnonzero(joints.below[head]) if bone not in taken]
    jaws = [bone for bone in [*below,
                              *joints.children[joints.parents[head]]] if joints.words[bone].jaw and joints.twins[bone] == bone
            and bone not in taken]
    if jaws:
        body.jaw = _without_tips(joints, _chain(joints, jaws[0], set(jaws), lambda bone: joints.below[bone].sum()))
    ears = [bone for bone in below if joints.words[bone].ear and joints.twins[bone] not in (bone, -1) and joints.places[bone, 1] > 0
            and not joints.words[joints.parents[bone]].ear]
    if not ears:
        ears = [bone for bone in joints.children[head] if joints.twins[bone] not in (bone, -1) and joints.places[bone, 1] > 0
                and float(joints.places[joints.below[bone], 2].max()) > joints.places[head, 2] and not joints.words[bone].extra]
    if ears:
        top = max(ears, key=lambda bone: joints.places[joints.below[bone], 2].max())
        chain = [int(bone) for bone in _chain(joints, top, set(below), lambda bone: joints.below[bone].sum())]
        chain = [bone for bone in chain if joints.twins[bone] not in (bone, -1)]
        body.ears = chain, [int(joints.twins[bone]) for bone in chain]
