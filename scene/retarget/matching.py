"""Which bone is which part of the body, for any four-legged rig: from its tree, its geometry, its symmetry, and its names where
they help.

First the plane of symmetry and the pairs of limbs, then the two pairs that stand on the ground; every way round (which pair is in
front) is thought through to the end, and the one that makes the better animal is the answer. A preset is not needed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .body_frame import Joints, joints_of
from .body_map import LEGS, SEGMENTS, BodyMap
from .bone_words import LINK, joint_segment
from .leg_finding import LimbPair, TwoLegsError, leg_end, limb_pairs, two_pairs, without_tip
from .leg_segments import LegChain, segments_of
from .reading import skeleton_of
from .rig_shape import RigError, RigShape
from .trunk import Midline, Stance, midline_of

Array = NDArray[np.float64]

MAX_BONES = 2000


@dataclass(frozen=True)
class _Answer:
    """One way to see the rig: the pairs as front and hind legs with their bones' segments, the midline; doubt: less is better."""

    joints: Joints
    front: LimbPair
    hind: LimbPair
    cuts: tuple[tuple[int, ...], tuple[int, ...]]
    body: Midline
    doubt: float


def match_body(shape: RigShape, label: str = "") -> BodyMap:
    """Find the parts of the body in a rig (or in its `skeleton_of`), in any rest pose that stands on four legs.

    Parts that the rig does not have stay empty: `missing` names those that matter. Bones of ears, wings, antlers, saddles and the
    like get no part. Raises RigError, with what to do, for a rig that is not four-legged.
    """
    if not len(shape):
        raise RigError("this rig has no bones; choose the rig of a four-legged animal")
    skeleton = skeleton_of(shape)
    if len(skeleton) > MAX_BONES:
        raise RigError(f"this rig has {len(skeleton)} bones; no animal needs more than {MAX_BONES}")
    if len(skeleton) < 5 or not np.isfinite(skeleton.heads).all():
        raise RigError("this rig has too few bones for an animal with four legs; choose another, or set its parts by hand")
    answer = _upright_answer(skeleton)
    return _as_map(answer, label)


def _upright_answer(skeleton: RigShape) -> _Answer:
    """The best answer for whatever direction is up. The world's z is believed unless another makes much more of a standing animal.

    Raises the error of the world's z where there is none.
    """
    failed: RigError | None = None
    best: tuple[float, _Answer] | None = None
    for turn, up in enumerate(_ups(skeleton)):
        try:
            answer = _best_answer(joints_of(skeleton, up))
        except RigError as error:
            failed = failed or error
            continue
        stands = answer.front.stands, answer.hind.stands
        if isinstance(failed, TwoLegsError) and min(stands) < 0.7:
            continue  # a person does not become an animal by lying down
        good = sum(stands) - answer.doubt / 20.0 + 0.5 * (turn == 0)
        if best is None or good > best[0]:
            best = good, answer
        if turn == 0 and min(stands) > 0.8:
            break
    if best is None:
        raise failed or RigError("no four-legged animal was found in this rig")
    return best[1]


def missing(body: BodyMap) -> tuple[str, ...]:
    """What a map lacks that motion needs, in words for people: ("head", "left front leg", …); empty when all is there."""
    lacking = [part for part in ("spine", "neck", "head", "tail") if not body[part]]
    for leg in LEGS:
        if len(body.leg(leg)) < 2:
            end, side = leg.split("_")
            lacking.append(f"{side} {end} leg")
    return tuple(lacking)


def _ups(shape: RigShape) -> list[Array]:
    """Directions that may be up, in the world: its z, else the armature's axes (an importer may have left the rig lying)."""
    turn = shape.to_world[:3, :3]
    axes = [turn @ axis * sign for axis in np.eye(3) for sign in (1.0, -1.0)]
    ups = [np.array([0.0, 0.0, 1.0])]
    for axis in sorted(axes, key=lambda axis: -axis[2]):
        length = float(np.linalg.norm(axis))
        if length > 0 and all(axis @ other < 0.99 * length for other in ups):
            ups.append(axis / length)
    return ups


def _best_answer(joints: Joints) -> _Answer:
    first, second = (without_tip(joints, pair) for pair in two_pairs(joints, limb_pairs(joints)))
    answers = [_think(_facing(joints, front, hind), front, hind) for front, hind in ((first, second), (second, first))]
    return min(answers, key=lambda answer: answer.doubt)


def _facing(joints: Joints, front: LimbPair, hind: LimbPair) -> Joints:
    """The joints turned so that the front legs are ahead (+x) of the hind legs."""
    ahead = joints.places[[*front.first, *front.second], 0].mean() - joints.places[[*hind.first, *hind.second], 0].mean()
    if ahead >= 0:
        return joints
    turn = np.array([-1.0, -1.0, 1.0])
    return replace(joints, places=joints.places * turn, tips=joints.tips * turn)


def _think(joints: Joints, front: LimbPair, hind: LimbPair) -> _Answer:
    """All parts of the rig if `front` are its front legs."""
    stance = _stance(joints, front, hind)
    body = midline_of(joints, stance)
    chains = [_chain(joints, pair, stance, on) for pair, on in ((front, stance.front_on), (hind, stance.hind_on))]
    cuts, costs = zip(*(_told(joints, pair) or segments_of(chain, end, _said(joints, pair)) for chain, end, pair in
                        zip(chains, ("front", "hind"), (front, hind), strict=True)), strict=True)
    doubt = 0.35 * sum(costs) + _end_doubt(joints, front, "front") + _end_doubt(joints, hind, "hind")
    doubt += _midline_doubt(joints, stance, body) + _side_doubt(joints, front, hind) + _toe_doubt(joints, front, hind)
    return _Answer(joints, front, hind, cuts, body, float(doubt))


def _stance(joints: Joints, front: LimbPair, hind: LimbPair) -> Stance:
    places = joints.places
    legs = frozenset(int(bone) for pair in (front, hind) for chain in (pair.first, pair.second)
                     for bone in np.flatnonzero(joints.below[chain[0]]))
    ground = float(places[[*front.first, *hind.first], 2].min())
    tops = [max(places[list(pair.first), 2]) for pair in (front, hind)]
    if 0.0 < ground - joints.floor < 0.2 * (float(np.mean(tops)) - ground):
        ground = joints.floor
    shoulder = [bone for bone in (*front.first, *front.second) if places[bone, 2] > ground + 0.4 * (max(tops) - ground)]
    xs = [float(places[shoulder or list(front.first), 0].max()), float(np.median(places[[*hind.first[1:], *hind.second[1:]], 0]))]
    return Stance(int(joints.parents[front.first[0]]), int(joints.parents[hind.first[0]]),
                  bool(joints.shape.parents[hind.first[0]] < 0), legs, xs[0], xs[1],
                  float(np.mean(tops)), ground)


def _chain(joints: Joints, pair: LimbPair, stance: Stance, on: int) -> LegChain:
    """The legs of a pair, the mean of both, in shares of the trunk's height."""
    flip = np.array([1.0, -1.0, 1.0])
    both = [np.concatenate([joints.places[list(chain)], leg_end(joints, chain[-1])[None]]) for chain in (pair.first, pair.second)]
    mean = (both[0] + both[1] * flip) / 2
    lengths = [np.linalg.norm(np.diff(leg, axis=0), axis=1) for leg in both]
    drop = [float(leg[0, 2] - leg[:, 2].min()) for leg in both]
    apart = float(np.abs(both[0] - both[1] * flip)[:, [0, 2]].max())
    if min(d / max(length[:-1].sum(), 1e-9) for d, length in zip(drop, lengths,
                                                                 strict=True)) < 0.5 or apart > 0.35 * lengths[0].sum():
        # A rest pose that lies or leaps: how far down the leg a joint is says what its height cannot.
        down = np.concatenate([[0.0], np.cumsum((lengths[0] + lengths[1]) / 2)])
        mean[:, 0], mean[:, 2] = 0.0, (down[-1] - down)
        ground, top = 0.0, float(down[-1])
    else:
        ground = min(float(mean[:, 2].min()), stance.ground_z)
        top = max(float(mean[:, 2].max()), float(joints.places[on, 2]) if on >= 0 else -np.inf)
    height = max(min(top - ground, 1.25 * float(mean[:, 2].max() - ground)), 1e-6)
    mean[:, 2] -= ground
    wide = float(np.abs(mean[:, 1]).max())
    return LegChain(pair.first, mean / height, 1.0 - abs(float(mean[0, 1])) / wide if wide > 1e-6 else 0.0)


def _said(joints: Joints, pair: LimbPair) -> list:
    """What the names of a pair's bones say, from the trunk down."""
    return [joints.words[a] if joints.words[a].segment else joints.words[b] for a, b in zip(pair.first, pair.second, strict=True)]


def _told(joints: Joints, pair: LimbPair) -> tuple[tuple[int, ...], float] | None:
    """The segments of a pair in one of Bestiary's skeletons in motion, whose names are joints' and can be believed; else None."""
    names = [joints.shape.names[bone] for bone in pair.first]
    found = [joint_segment(name) for name in names]
    if not names[0].endswith(LINK) or not all(found):
        return None
    cut = tuple(SEGMENTS.index(segment) for segment in found)
    return (cut, 0.0) if sorted(cut) == list(cut) else None


def _end_doubt(joints: Joints, pair: LimbPair, end: str) -> float:
    """What names say against a pair being at this end."""
    said = [joints.words[bone].end for bone in (*pair.first, *pair.second) if joints.words[bone].end]
    return 5.0 * float(np.mean([1.0 if word != end else -1.0 for word in said])) if said else 0.0


def _midline_doubt(joints: Joints, stance: Stance, body: Midline) -> float:
    """A head with pairs (ears, eyes) is one, a tail that has them is none; names say more."""
    def pairs(bones: list[int]) -> int:
        inside = {int(k) for bone in bones for k in np.flatnonzero(joints.below[bone])}
        return sum(joints.twins[k] not in (k, -1) for k in inside - stance.legs)

    def named(bones: list[int], parts: tuple[str, ...]) -> float:
        return float(any(joints.words[bone].part in parts for bone in bones))

    fore, aft = [*body.neck, *body.head], body.tail
    doubt = -1.5 * bool(fore) - 0.3 * bool(aft) - min(0.5 * pairs(fore), 2.0) + min(0.5 * pairs(aft), 2.0)
    doubt -= 4.0 * named(fore, ("head", "neck")) - 4.0 * named(fore, ("tail",))
    doubt -= 4.0 * named(aft, ("tail",)) - 4.0 * named(aft, ("head", "neck"))
    for bones, sign in ((fore, -1.0), (aft, 0.4)):
        if bones:
            rise = float(joints.places[bones[-1], 2] - stance.trunk_z)
            doubt += sign * float(np.clip(4.0 * rise / stance.length, -0.8, 1.0))
    # A head is carried well before the legs; tails are as short as one bone.
    ahead = float(max(joints.places[bone, 0] for bone in fore) - stance.front_x) / stance.length if fore else 0.0
    doubt -= float(np.clip(4.0 * (ahead - 0.15), -0.8, 0.8))
    # Trees of bones grow from the hips more often than from the chest.
    if stance.front_on >= 0 and stance.hind_on >= 0:
        doubt += 0.4 * float(np.sign(len(joints.above(stance.hind_on)) - len(joints.above(stance.front_on))))
    return doubt - 0.15 * min(len(aft), 6) + 0.1 * max(len(fore) - 5, 0)


def _side_doubt(joints: Joints, front: LimbPair, hind: LimbPair) -> float:
    """Sides that names give, against +y being left when the animal looks to +x."""
    said = [joints.words[bone].side * np.sign(joints.places[bone, 1]) for pair in (front, hind) for bone in (*pair.first,
                                                                                                             *pair.second)]
    return -1.0 * float(np.mean(said))


def _toe_doubt(joints: Joints, front: LimbPair, hind: LimbPair) -> float:
    """Toes point forward."""
    total = 0.0
    for chain in (front.first, front.second, hind.first, hind.second):
        ends = [*joints.places[list(chain)], leg_end(joints, chain[-1])]
        step = ends[-1] - ends[-2] if np.linalg.norm(ends[-1] - ends[-2]) > 1e-3 else ends[-2] - ends[-3]
        length = float(np.linalg.norm(step))
        total += float(step[0]) / length if length > 1e-6 else 0.0
    return -0.4 * total


def _as_map(answer: _Answer, label: str) -> BodyMap:
    joints, body = answer.joints, answer.body
    names = joints.shape.names
    # Names decide which side is called left: some rigs look the other way than their artist thought.
    flipped = _side_doubt(joints, answer.front, answer.hind) > 0.5
    parts: dict[str, list[int]] = {part: getattr(body, part) for part in ("root", "spine", "neck", "head", "jaw", "tail")}
    sides = {}
    for pair in (answer.front, answer.hind):
        ahead = [joints.places[list(chain), 1].mean() for chain in (pair.first, pair.second)]
        left, right = (pair.first, pair.second) if (ahead[0] >= ahead[1]) != flipped else (pair.second, pair.first)
        sides["front" if pair is answer.front else "hind"] = left, right
    for end, cut in zip(("front", "hind"), answer.cuts, strict=True):
        for side, chain in zip(("left", "right"), sides[end], strict=True):
            for bone, segment in zip(chain, cut, strict=True):
                parts.setdefault(f"{end}_{side}_{SEGMENTS[segment]}", []).append(bone)
    if body.ears[0]:
        left, right = body.ears if (joints.places[body.ears[0][0], 1] >= 0) != flipped else body.ears[::-1]
        parts["left_ear"], parts["right_ear"] = left, right
    once: set[int] = set()
    for part, bones in sorted(parts.items(), key=lambda item: not item[0].startswith(("front", "hind"))):
        parts[part] = [bone for bone in bones if not (bone in once or once.add(bone))]
    sure = _confidence(answer)
    return BodyMap({part: tuple(names[bone] for bone in bones) for part, bones in parts.items()}, label, "matched",
                   {names[bone]: sure(part, bone) for part, bones in parts.items() for bone in bones})


def _confidence(answer: _Answer):
    """How sure a bone's part is: of a leg by its pair's score and what its name says, else by the name."""
    def sure(part: str, bone: int) -> float:
        word = answer.joints.words[bone]
        if part.startswith(("front", "hind")) and not part.endswith("ear"):
            pair = answer.front if part.startswith("front") else answer.hind
            base = 0.55 + 0.3 * min(pair.score, 1.0)
            said, is_now = word.segment, part.rsplit("_", 1)[1]
        else:
            base, said, is_now = 0.75, word.part, part
        return float(np.clip(base + (0.15 if said == is_now else -0.2 if said else 0.0), 0.05, 1.0))

    return sure
