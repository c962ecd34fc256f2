"""Left and right mixed up in tracks, found and put right: who tracks points often takes one leg for the other.

For a pair of joints only the difference between them tells of a swap: it changes its sign. For each limb (all its pairs
together), and then for each pair, the most probable signs are those with which the difference moves evenly and bones
do not become too long: a Kalman filter of constant velocity for each way the last frames may have been, and a Viterbi
search over frames. A change of sign costs; so what moves evenly anyway, and what cannot be told, stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ....animal.skeleton import Skeleton
from ....animal.tracks import Tracks
from .noise import noise_level
from .wild import extent_of, without_doubted

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

CHANGE = 9.0
"""What a change of sides costs, as a negative log likelihood, for a limb; and for one pair of joints alone, below."""
CHANGE_ALONE = 14.0
PER_FRAME = 0.02
"""What each frame costs that is taken for swapped: most of a clip is right."""
FARTHEST = 16.0
"""A point costs at most this: farther off it is simply wrong."""
HEAVY = 2.0
"""Gaits jerk: accelerations are taken to spread this much wider than most of them do."""
LONGEST_BRIDGE_S = 0.4
"""After a longer gap the difference may be anything."""
_MEMORY = 3


@dataclass(frozen=True)
class Swap:
    """Joints (both sides of each pair) whose sides were exchanged from frame `first` to frame `last` (indices), both included."""

    joints: tuple[int, ...]
    first: int
    last: int


def find_swaps(tracks: Tracks) -> tuple[Tracks, list[Swap]]:
    """The tracks with swapped sides put right, and what was put right, by first frame.

    Only a change of sides can be seen, so the sides that most of a clip's frames have stay. Tracks without pairs, or
    without a change that stands out, come back as they are. Points of little confidence have no say.
    """
    limbs = limbs_of(tracks.skeleton)
    found: list[Swap] = []
    for groups, price in ((limbs, CHANGE), ([[pair] for limb in limbs if len(limb) > 1 for pair in limb], CHANGE_ALONE)):
        sure = without_doubted(tracks)
        suspects = [group for group in groups if _suspect(sure, group)]
        if suspects:
            swapped = _most_probable(sure, suspects, price)
            tracks, more = _put_right(tracks, suspects, swapped)
            found += more
    return tracks, sorted(found, key=lambda swap: (swap.first, swap.joints))


def limbs_of(skeleton: Skeleton) -> list[list[tuple[int, int]]]:
    """Pairs (left, right) of joints, those of a limb together: those that hang on one pair; single pairs on one joint (ears, eyes)."""
    mirror, parents, sides = skeleton.mirror, skeleton.parents, skeleton.sides
    limbs: dict[tuple[str, int], list[tuple[int, int]]] = {}
    tops: dict[int, list[tuple[int, int]]] = {}
    for joint in skeleton.order:
        other = int(mirror[joint])
        if other == joint or mirror[other] != joint or sides[joint] < 0 or (sides[joint] == 0 and other < joint):
            continue
        top = joint
        while parents[top] >= 0 and mirror[parents[top]] not in (parents[top], top):
            top = parents[top]
        tops.setdefault(min(top, int(mirror[top])), []).append((joint, other))
    for top, pairs in tops.items():
        key = ("limb", top) if len(pairs) > 1 else ("on", parents[top])
        limbs.setdefault(key, []).extend(pairs)
    return list(limbs.values())


# --- what is measured ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Differences:
    """values (F, P, 2): right minus left of P pairs, in units of the animal's extent; known (F, P); long (F,): what bones that
    are too long cost more if the pairs were swapped; pace, noise (P,): spreads of acceleration and of measurement."""

    values: Array
    known: Mask
    long: Array
    pace: Array
    noise: Array


def _differences(tracks: Tracks, group: Sequence[tuple[int, int]]) -> _Differences:
    left, right = np.array(group).T
    size = extent_of(tracks)
    values = (tracks.points[:, right] - tracks.points[:, left]) / size
    known = np.isfinite(values[..., 0])
    values = np.where(known[..., None], values, 0.0)
    noise = noise_level(tracks.points / size, tracks.seen)
    pace = np.array([_pace(values[:, p], known[:, p], noise) for p in range(len(group))])
    return _Differences(values, known, _too_long(tracks, group), pace, np.full(len(group), np.hypot(2**0.5 * noise, 0.01)))


def _pace(values: Array, known: Mask, noise: float) -> float:
    """How much a difference (F, 2) accelerates in a frame, per coordinate, whatever sides its frames have.

    The larger of two views of it: four of five second differences, their signs chosen to make them small, are below 1.8 of this;
    and so are three of five, signs as they are, below 1.35 (Rayleigh's distribution).
    """
    a, b, c = values[2:], values[1:-1], values[:-2]
    together = known[2:] & known[1:-1] & known[:-2]
    if together.sum() < 4:
        return 0.1
    ways = np.stack([np.linalg.norm(a - s * 2 * b + t * c, axis=1) for s in (1, -1) for t in (1, -1)])[:, together]
    usual = max(float(np.quantile(ways.min(0), 0.8)) / 1.8, float(np.quantile(ways[0], 0.6)) / 1.35)
    return max(np.sqrt(max(usual**2 - 12 * noise**2, 0.25 * usual**2)), 0.005) * HEAVY


def _too_long(tracks: Tracks, group: Sequence[tuple[int, int]]) -> Array:
    """(F,): how much likelier the sides as they are make the lengths of bones between pairs, as a difference of negative logs."""
    parents, inside = tracks.skeleton.parents, {joint for pair in group for joint in pair}
    cost = np.zeros(len(tracks))
    for left, right in group:
        above, other = parents[left], parents[right]
        if above < 0 or other < 0 or above == other or above in inside or tracks.skeleton.mirror[above] != other:
            continue
        P = tracks.points

        def length(a: int, b: int, P: Array = P) -> Array:
            return np.linalg.norm(P[:, a] - P[:, b], axis=1)

        own = np.stack([length(left, above), length(right, other)], 1)
        crossed = np.stack([length(left, other), length(right, above)], 1)
        usual = own[np.isfinite(own)]
        if len(usual) < 10:
            continue
        most = 1.15 * max(float(np.quantile(usual, 0.9)), 1e-9)
        off = [np.minimum(np.maximum(x / most - 1.0, 0.0) / 0.1, 3.0) ** 2 / 2 for x in (crossed, own)]
        both = np.isfinite(own).all(1) & np.isfinite(crossed).all(1)
        cost += np.where(both, np.nan_to_num(off[0] - off[1]).sum(1), 0.0)
    return cost


def _suspect(tracks: Tracks, group: Sequence[tuple[int, int]]) -> bool:
    """Whether there is any frame in which the group would move more evenly with its sides exchanged."""
    d = _differences(tracks, group)
    if len(d.values) < 3:
        return False
    gain = np.zeros(len(d.values))
    for p in range(d.values.shape[1]):
        at = np.flatnonzero(d.known[:, p])
        if len(at) < 3:
            continue
        x, gap = d.values[at, p], np.diff(at).astype(float)
        ahead = x[1:-1] + (x[1:-1] - x[:-2]) * np.minimum(gap[1:] / gap[:-1], 3.0)[:, None]
        S = (d.pace[p] * gap[1:] ** 2) ** 2 + 6 * d.noise[p] ** 2
        own, other = ((x[2:] - ahead) ** 2).sum(1) / S, ((-x[2:] - ahead) ** 2).sum(1) / S
        np.add.at(gain, at[2:], np.minimum(own / 2, FARTHEST) - np.minimum(other / 2, FARTHEST))
    return bool((gain > 2.0).any() or (np.minimum(d.long, 0.0).sum() < -CHANGE))


# --- the search ---------------------------------------------------------------------------------------------------------


def _most_probable(tracks: Tracks, groups: Sequence[Sequence[tuple[int, int]]], price: float) -> Mask:
    """(F, G): in which frames each group is swapped."""
    frames, count = len(tracks), len(groups)
    most = max(len(group) for group in groups)
    D, known = np.zeros((frames, count, most, 2)), np.zeros((frames, count, most), bool)
    pace, noise, long = np.ones((count, most)), np.ones((count, most)), np.zeros((frames, count))
    for g, group in enumerate(groups):
        d = _differences(tracks, group)
        n = len(group)
        D[:, g, :n], known[:, g, :n], pace[g, :n], noise[g, :n], long[:, g] = d.values, d.known, d.pace, d.noise, d.long
    numbers = np.asarray(tracks.frame_numbers)
    usual = float(np.median(np.diff(numbers))) if frames > 1 else 1.0
    steps = np.diff(numbers, prepend=numbers[0] - usual) / usual
    search = _Search(count, most, pace, noise, price, LONGEST_BRIDGE_S * tracks.fps / usual)
    for frame in range(frames):
        search.add(D[frame], known[frame], float(steps[frame]), long[frame])
    return search.swapped()


class _Search:
    """Viterbi's search with a filter for each of the ways (signs of the last frames) that may lead to the best path.

    Arrays are (G groups, W ways, P pairs, …). A way's number has the last frame's sign in its lowest bit.
    """

    def __init__(self, groups: int, pairs: int, pace: Array, noise: Array, price: float, bridge: float) -> None:
        ways = 1 << _MEMORY
        self.cost = np.full((groups, ways), np.inf)
        self.cost[:, [0, ways - 1]] = 0.0, price  # to begin or end swapped costs as much as to become so
        self.place = np.zeros((groups, ways, pairs, 2))
        self.speed = np.zeros((groups, ways, pairs, 2))
        self.cov = np.zeros((groups, ways, pairs, 3))  # of place, of both, of speed
        self.cov[..., 0] = np.inf
        self.q, self.r = (pace**2)[:, None], (noise**2)[:, None]
        self.price, self.bridge = price, bridge
        self.age = np.zeros((groups, pairs))
        self.back: list[NDArray[np.int8]] = []
        number = np.arange(ways)
        # New way w comes from one of two old ones: those whose last signs are w's last but one.
        self.origin = np.stack([number >> 1, (number >> 1) | (1 << (_MEMORY - 1))], 1)
        self.sign = np.where(number & 1, -1.0, 1.0)
        self.bit = (number & 1).astype(float)
        self.changed = ((number & 1) != ((number >> 1) & 1)).astype(float)

    def add(self, D: Array, known: Mask, step: float, long: Array) -> None:
        """The next frame's differences D (G, P, 2), where known (G, P), `step` frames after the last; long (G,)."""
        self._predict(step)
        gone = self.age > self.bridge
        self.cov[np.broadcast_to(gone[:, None], self.cov.shape[:3]), 0] = np.inf
        fresh = ~np.isfinite(self.cov[..., 0])
        S = np.where(fresh, 1.0, self.cov[..., 0]) + self.r
        signed = self.sign[None, :, None, None] * D[:, None]  # of the new ways
        cost = np.empty((*self.cost.shape, 2))
        for choice in (0, 1):
            old = self.origin[:, choice]
            square = ((signed - self.place[:, old]) ** 2).sum(-1) / S[:, old]
            off = np.where(known[:, None] & ~fresh[:, old], np.minimum(square / 2, FARTHEST), 0.0).sum(-1)
            cost[..., choice] = self.cost[:, old] + off
        cost += (self.price * self.changed + self.bit * PER_FRAME)[None, :, None] + (long[:, None] * self.bit)[..., None]
        choice = cost.argmin(-1)
        self.cost = np.take_along_axis(cost, choice[..., None], -1)[..., 0]
        old = np.where(choice == 0, self.origin[:, 0], self.origin[:, 1])
        self.back.append(old.astype(np.int8))
        rows = np.arange(len(old))[:, None]
        self.place, self.speed, self.cov = self.place[rows, old], self.speed[rows, old], self.cov[rows, old]
        self._correct(signed, known)
        self.age = np.where(known, 0.0, self.age + step)

    def _predict(self, step: float) -> None:
        self.place = self.place + step * self.speed
        a, b, c = np.moveaxis(self.cov, -1, 0)
        with np.errstate(invalid="ignore"):
            self.cov = np.stack([a + 2 * step * b + step**2 * c + self.q * step**4 / 4, b + step * c + self.q * step**3 / 2,
                                 c + self.q * step**2], -1)

    def _correct(self, signed: Array, known: Mask) -> None:
        """Take the measurement into the filters; one that is far off is left out, but makes them less sure."""
        fresh = ~np.isfinite(self.cov[..., 0])
        a, b, c = np.moveaxis(self.cov, -1, 0)
        a = np.where(fresh, 1.0, a)
        S = a + self.r
        off = signed - self.place
        near = known[:, None] & ~fresh & ((off**2).sum(-1) / S / 2 < FARTHEST)
        first = known[:, None] & fresh
        gain, drift = np.where(near, a / S, 0.0), np.where(near, b / S, 0.0)
        self.place = np.where(first[..., None], signed, self.place + gain[..., None] * off)
        self.speed = np.where(first[..., None], 0.0, self.speed + drift[..., None] * off)
        far = known[:, None] & ~fresh & ~near
        kept = np.stack([a - gain * a, b - gain * b, c - drift * b], -1)
        kept[..., 0] += np.where(far, S, 0.0)
        start = np.stack([np.broadcast_to(self.r, a.shape), np.zeros_like(a), np.broadcast_to(16 * self.q + 0.01, a.shape)], -1)
        self.cov = np.where(first[..., None], start, np.where(fresh[..., None], self.cov, kept))

    def swapped(self) -> Mask:
        """(F, G): the best path's signs."""
        way = (self.cost + self.price * self.bit).argmin(1)
        rows = np.arange(len(way))
        out = np.zeros((len(self.back), len(way)), bool)
        for frame in range(len(self.back) - 1, -1, -1):
            out[frame] = way & 1
            way = self.back[frame][rows, way]
        return out


def _put_right(tracks: Tracks, groups: Sequence[Sequence[tuple[int, int]]], swapped: Mask) -> tuple[Tracks, list[Swap]]:
    points, confidence = tracks.points.copy(), np.array(tracks.confidence)
    found = []
    for group, frames in zip(groups, swapped.T, strict=True):
        joints = np.array(group)
        if frames.sum() > 0.5 * len(frames):
            frames = ~frames
        seen = np.isfinite(points[:, joints.ravel(), 0]).any(1)
        edges = np.flatnonzero(np.diff(np.concatenate([[0], frames.view(np.int8), [0]]))).reshape(-1, 2)
        for first, end in edges:
            if not seen[first:end].any():
                continue
            found.append(Swap(tuple(joints.ravel().tolist()), int(first), int(end) - 1))
            ours, theirs = joints.ravel(), joints[:, ::-1].ravel()
            points[first:end, ours] = points[first:end, theirs]
            confidence[first:end, ours] = confidence[first:end, theirs]
    return (replace(tracks, points=points, confidence=confidence), found) if found else (tracks, [])
