"""Turns of the source's bones become turns of the target's: part by part, whatever the counts of bones.

A turn is what a bone did since the animal stood at rest, in animal axes. Spine, neck, head and tail do on the target what
they do on the source, so it keeps its own build; the segments of the legs are laid along the source's, joint to joint.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ...animal.rotations import rotation_between
from .body import Body, Leg
from .body_map import EARS
from .turns import about_z, frame_of, mean_turn, power, unit, yaw_of

Array = NDArray[np.float64]

LEFT = np.array([0.0, 1.0, 0.0])
_UPPER_PART = ("upper", "lower", "cannon")
_CARRIED, _LOWERED = np.radians(12.0), np.radians(50.0)
"""How far a neck turns before it is laid along the source's, and over how much it then comes to be."""
_HEEL = 0.35
"""How much of a flat foot's turn a cannon takes over that stands upright, and the other way round."""


def carry_over(source: Body, target: Body, turns: Array, heads: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Turns (F, J, 3, 3) of the target's bones and which of them (J,) are its own; the others are to follow their carriers.

    turns (F, Js, 3, 3) and heads (F, Js, 3) are the source's, in its animal axes.
    """
    out = np.broadcast_to(np.eye(3), (len(turns), len(target.shape), 3, 3)).copy()
    own = np.zeros(len(target.shape), dtype=bool)

    def give(bones: tuple[int, ...], values: Array) -> None:
        out[:, list(bones)] = values
        own[list(bones)] = True

    for part in ("spine", "neck", "tail"):
        here, there = source.chains[part], target.chains[part]
        if here and there:
            give(there, resample(turns[:, list(here)], shares(source, part), shares(target, part)))
    _neckless(source, target, turns, give)
    for part in ("head", "jaw", *EARS):
        here, there = source.chains[part], target.chains[part]
        if here and there:
            spread = np.linspace(0, 1, len(here) + 1), np.linspace(0, 1, len(there) + 1)
            give(there, resample(turns[:, list(here)], *spread))
    laid = _carriage(source, target, turns)[:, None]
    tail = [bone for bone in target.chains["tail"] if own[bone]]
    out[:, tail] = out[:, tail] @ _tail_carriage(source, target, turns)[:, None]
    fore = [bone for part in ("neck", "head", "jaw", *EARS) for bone in target.chains[part] if own[bone]]
    out[:, fore] = out[:, fore] @ laid
    for name, leg in target.legs.items():
        _carry_leg(source, source.legs[name], target, leg, turns, heads, give)
    return out, own


def _carriage(source: Body, target: Body, turns: Array) -> Array:
    """(F, 3, 3) how far a neck and head that went far from where they are carried are laid along the source's.

    Small moves are done from the target's own carriage; a neck that reaches the ground from high up would fold one that is
    carried low, so the further it goes the more its direction is the source's, not its turn.
    """
    lines = []
    for body in (source, target):
        chain = body.chains["neck"] or body.chains["head"]
        end = body.muzzle()
        lines.append(np.zeros(3) if not chain or end is None else end - body.heads[chain[0]])
    if min(np.linalg.norm(line) for line in lines) < 1e-9:
        return np.broadcast_to(np.eye(3), (len(turns), 3, 3))
    whole = frame_of(lines[0], LEFT) @ frame_of(lines[1], LEFT).T
    chain = source.chains["neck"] or source.chains["head"]
    chest = turns[:, source.chains["spine"][-1]]
    line = lines[0] / np.linalg.norm(lines[0])
    middle = turns[:, chain[len(chain) // 2]]
    away = np.einsum("fi,fi->f", middle @ line, about_z(yaw_of(chest)) @ line)
    share = np.clip((np.arccos(np.clip(away, -1.0, 1.0)) - _CARRIED) / _LOWERED, 0.0, 1.0)
    share = share * share * (3 - 2 * share)
    return power(np.broadcast_to(whole, (len(turns), 3, 3)), share)


def _tail_carriage(source: Body, target: Body, turns: Array) -> Array:
    """(F, 3, 3) how far a tail that is raised or lowered far from where it is carried is laid along the source's.

    Else one that hangs and is lifted level would lift one that is level straight up. Wagging does not count.
    """
    if not source.chains["tail"] or not target.chains["tail"]:
        return np.broadcast_to(np.eye(3), (len(turns), 3, 3))
    here, there = _tail_line(source), _tail_line(target)
    chain = source.chains["tail"]
    hips, middle = turns[:, source.chains["spine"][0]], turns[:, chain[len(chain) // 2]]
    now = np.einsum("fji,fjk,k->fi", hips, middle, here)
    raised = np.arcsin(np.clip(now[:, 2], -1.0, 1.0)) - np.arcsin(np.clip(here[2], -1.0, 1.0))
    share = np.clip((np.abs(raised) - _CARRIED) / _LOWERED, 0.0, 1.0)
    share = share * share * (3 - 2 * share)
    whole = frame_of(here, LEFT) @ frame_of(there, LEFT).T
    return power(np.broadcast_to(whole, (len(turns), 3, 3)), share)


def _tail_line(body: Body) -> Array:
    """(3,) unit, which way a tail points at rest, from its base to its last joint."""
    chain = body.chains["tail"]
    ends = (body.shape.tails[list(chain)]) @ body.axes
    if body.backward[chain[-1]]:
        return unit(body.heads[chain[-1]] - ends[0])
    return unit((body.heads[chain[-1]] if len(chain) > 1 else ends[0]) - body.heads[chain[0]])


def _neckless(source: Body, target: Body, turns: Array, give: object) -> None:
    """A neck whose source has none turns half as much as the head."""
    here, there = source.chains["head"], target.chains["neck"]
    if there and here and not source.chains["neck"]:
        chest = source.chains["spine"][-1]
        pair = np.stack([turns[:, chest], turns[:, here[0]]], axis=1)
        values = [mean_turn(pair, [1 - s, s]) for s in (np.arange(len(there)) + 1) / (len(there) + 1)]
        give(there, np.stack(values, axis=1))  # type: ignore[operator]


def shares(body: Body, part: str) -> Array:
    """(n + 1,) where each bone of a chain begins and the last ends, 0 to 1 along it."""
    chain = body.chains[part]
    after = {"spine": body.chains["neck"], "neck": body.chains["head"]}.get(part, ())
    points = body.heads[list(chain)]
    if body.backward[chain[-1]] and len(chain) > 1:
        first = points[0] + (body.shape.tails[chain[0]] - body.shape.heads[chain[0]]) @ body.axes
        points, end = np.vstack([first, points[:-1]]), points[-1]
    elif after:
        end = body.heads[after[0]]
    else:
        last = chain[-1]
        along = (body.shape.tails[last] - body.shape.heads[last]) @ body.axes
        steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
        reach = float(np.linalg.norm(along))
        longest = 1.5 * steps.mean() if len(steps) else np.inf
        end = points[-1] + along * min(1.0, longest / max(reach, 1e-12))
    steps = np.linalg.norm(np.diff(np.vstack([points, end]), axis=0), axis=1)
    steps = np.maximum(steps, 1e-3 * max(steps.sum(), 1e-9))
    return np.r_[0.0, np.cumsum(steps) / steps.sum()]


def resample(turns: Array, here: Array, there: Array) -> Array:
    """Turns (F, n, 3, 3) of a chain that begins and ends at here (n + 1,) for one at there (m + 1,) → (F, m, 3, 3).

    Each bone takes the average of those that lie beside it, by the lengths they share.
    """
    low = np.maximum(there[:-1, None], here[None, :-1])
    high = np.minimum(there[1:, None], here[None, 1:])
    overlap = np.maximum(high - low, 0.0)
    if overlap.shape[0] == overlap.shape[1]:  # as many bones: one for one, so that a rig onto itself changes nothing
        off = np.abs(here - there).max() * len(there)
        if off < 0.5:
            overlap = np.eye(len(overlap))
    weights = overlap / np.maximum(overlap.sum(axis=1, keepdims=True), 1e-12)
    out = np.empty((len(turns), len(weights), 3, 3))
    for bone, weight in enumerate(weights):
        used = np.flatnonzero(weight > 1e-3)
        out[:, bone] = turns[:, used[0]] if len(used) == 1 else mean_turn(turns[:, used], weight[used])
    return out


# -- legs -----------------------------------------------------------------------------------------------------------


def _carry_leg(source: Body, here: Leg, target: Body, there: Leg, turns: Array, heads: Array, give: object) -> None:
    put = give
    assert callable(put)
    if here.girdle and there.girdle:
        spread = np.linspace(0, 1, len(here.girdle) + 1), np.linspace(0, 1, len(there.girdle) + 1)
        put(there.girdle, resample(turns[:, list(here.girdle)], *spread))
    path = leg_path(here, source, turns, heads)
    for low, high, first, last in groups(here, there):
        put(there.bones[first:last], _lay_along(source, here, target, there, turns, path, (low, high, first, last)))
    toes_here = [bone for bone, segment in zip(here.bones, here.segments, strict=True) if segment == "toes"]
    toes_there = tuple(bone for bone, segment in zip(there.bones, there.segments, strict=True) if segment == "toes")
    if toes_there:
        from_bones = toes_here or [here.bones[-1]]
        spread = np.linspace(0, 1, len(from_bones) + 1), np.linspace(0, 1, len(toes_there) + 1)
        put(toes_there, resample(turns[:, from_bones], *spread))


def leg_path(leg: Leg, body: Body, turns: Array, heads: Array) -> Array:
    """(F, n + 1, 3) where the joints of a leg and its tip are."""
    last = leg.bones[-1]
    tip = heads[:, last] + turns[:, last] @ (leg.tip - body.heads[last])
    return np.concatenate([heads[:, list(leg.bones)], tip[:, None]], axis=1)


def groups(here: Leg, there: Leg) -> list[tuple[int, int, int, int]]:
    """Stretches of two legs between the joints that both have: (first, end) in `here`, (first, end) in `there`; toes left out.

    Both legs begin at their tops, and end where their toes begin or, without toes, at their tips.
    """
    def begins(leg: Leg) -> dict[str, int]:
        return {name: at for name in _UPPER_PART if (at := leg.joint(name)) is not None}

    def end(leg: Leg) -> int:
        return sum(segment != "toes" for segment in leg.segments)

    first, second = begins(here), begins(there)
    shared = [name for name in _UPPER_PART if name in first and name in second]
    cuts = [(first[name], second[name]) for name in shared]
    if not cuts or end(here) == 0 or end(there) == 0:
        return [(0, max(end(here), 1), 0, end(there))] if end(there) else []
    cuts[0] = (0, 0)
    cuts.append((end(here), end(there)))
    stretches = []
    for (a, c), (b, d) in pairwise(cuts):
        same = here.segments[a:b] == there.segments[c:d]
        stretches += [(a + i, a + i + 1, c + i, c + i + 1) for i in range(b - a)] if same else [(a, b, c, d)]
    return stretches


def _lay_along(
    source: Body, here: Leg, target: Body, there: Leg, turns: Array, path: Array, stretch: tuple[int, int, int, int],
) -> Array:
    """Turns (F, 1 or m, 3, 3) that lay a stretch of the target's leg along the source's, its bend kept on the same side."""
    low, high, first, last = stretch
    rest_here = source.joints(here)[high] - source.joints(here)[low]
    rest_there = target.joints(there)[last] - target.joints(there)[first]
    lengths = np.linalg.norm(np.diff(source.joints(here)[low : high + 1], axis=0), axis=1)
    bones = list(here.bones[low:high])
    turn = turns[:, bones[0]] if len(bones) == 1 else mean_turn(turns[:, bones], np.maximum(lengths, 1e-9))
    chord = path[:, high] - path[:, low]
    if np.linalg.norm(rest_here) < 1e-9 or np.linalg.norm(rest_there) < 1e-9:
        return turn[:, None]
    now = np.einsum("fij,j->fi", turn, rest_here)
    turn = rotation_between(now, np.where(np.linalg.norm(chord, axis=-1, keepdims=True) > 1e-9, chord, now)) @ turn
    if here.segments[low] == "cannon" and low and flat_footed(source, here) != flat_footed(target, there):
        # A heel that lifts is no hock that folds: the target's cannon goes with the leg above it, and a little with the heel.
        above = turns[:, here.bones[low - 1]]
        return (above @ power(np.swapaxes(above, -1, -2) @ turn, np.full(len(turn), _HEEL)))[:, None]
    return (turn @ frame_of(rest_here, LEFT) @ frame_of(rest_there, LEFT).T)[:, None]


def flat_footed(body: Body, leg: Leg) -> bool:
    """Whether an animal stands on the whole foot, as bears do: the cannon lies on the ground."""
    at = leg.joint("cannon")
    if at is None:
        return False
    joints = body.joints(leg)
    end = leg.joint("toes") or len(leg.bones)
    along = joints[end] - joints[at]
    return bool(abs(along[2]) < 0.5 * np.linalg.norm(along) and joints[at, 2] - body.ground < 0.2 * body.size)
