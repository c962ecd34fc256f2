"""Where an animal's left, front and up are, and which bones are each other's mirror image, from a rig's joints alone.

The plane of symmetry is the one about which most joints have a counterpart. It stands upright; which of its two directions is
forward is decided later, when the legs are known.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .bone_words import Words, twin_key, words_of
from .rig_shape import RigError, RigShape

Array = NDArray[np.float64]

_NEAR = 0.05
"""Of the rig's size: how far from its mirror image a joint may lie and still count."""


@dataclass(frozen=True, eq=False)
class Joints:
    """A skeleton in a frame of its own: z up, x along the plane of symmetry, y across it, its size 1.

    shape: the skeleton. places (J, 3) of the bones' heads, mended where a file left them out. tips (J, 3): where bones end: at
    their tails where those are to be trusted, else their heads. parents (J,): the tree, loose pieces joined on. words (J,). twins
    (J,): the
    bone on the other side; itself on the midline, -1 where there is none. floor: where the world's z = 0 lies.
    """

    shape: RigShape
    places: Array
    tips: Array
    parents: NDArray[np.int_]
    words: tuple[Words, ...]
    twins: NDArray[np.int_]
    floor: float = -np.inf

    @cached_property
    def children(self) -> tuple[tuple[int, ...], ...]:
        """The bones below each bone."""
        return children_of(self.parents)

    @cached_property
    def order(self) -> list[int]:
        """Bones, parents first."""
        return order_of(self.parents, self.children)

    @cached_property
    def below(self) -> NDArray[np.bool_]:
        """(J, J) whether bone [j] is bone [i] or hangs somewhere below it."""
        return below_of(self.parents, self.order)

    def above(self, bone: int) -> list[int]:
        """The bone and all that it hangs on, up to the root."""
        path = []
        while bone >= 0:
            path.append(int(bone))
            bone = int(self.parents[bone])
        return path


def children_of(parents: NDArray[np.int_]) -> tuple[tuple[int, ...], ...]:
    """The bones that hang on each bone."""
    below: list[list[int]] = [[] for _ in parents]
    for child, parent in enumerate(parents):
        if parent >= 0:
            below[parent].append(child)
    return tuple(map(tuple, below))


def order_of(parents: NDArray[np.int_], children: tuple[tuple[int, ...], ...]) -> list[int]:
    """Bones, parents first."""
    order = [int(bone) for bone in np.flatnonzero(parents < 0)]
    for bone in order:
        order.extend(children[bone])
    return order


def below_of(parents: NDArray[np.int_], order: list[int]) -> NDArray[np.bool_]:
    """(J, J) whether bone [j] is bone [i] or hangs somewhere below it."""
    below = np.eye(len(parents), dtype=bool)
    for bone in reversed(order):
        if parents[bone] >= 0:
            below[parents[bone]] |= below[bone]
    return below


def joints_of(shape: RigShape, up: Array) -> Joints:
    """Put a skeleton into its own frame; up (3,) is the world's direction that the animal calls up.

    Raises RigError where it has no extent.
    """
    heads = shape.heads @ shape.to_world[:3, :3].T
    tails = shape.tails @ shape.to_world[:3, :3].T
    stray = np.linalg.norm(shape.heads, axis=1) < 1e-9 * max(float(np.abs(shape.heads).max(initial=0.0)), 1e-30)
    heads = _mended(heads, stray, shape)
    size = float(np.ptp(heads, axis=0).max(initial=0.0))
    if not np.isfinite(size) or size <= 0:
        raise RigError("all bones of this rig start at one place; a skeleton of an animal is needed")
    turn = _upright(up)
    heads, tails = heads @ turn.T / size, tails @ turn.T / size
    tips = np.where(_tails_count(shape, heads, tails), tails, heads)
    parents = _joined(shape, heads, tips, tails)
    words = tuple(words_of(name) for name in shape.names)
    lateral, offset = _symmetry(heads, parents, words, shape.names)
    across = np.array([[lateral[1], -lateral[0], 0.0], [lateral[0], lateral[1], 0.0], [0.0, 0.0, 1.0]])
    shift = np.array([0.0, offset, 0.0])
    floor = -float(shape.to_world[:3, 3] @ up) / size
    places, tips = heads @ across.T - shift, tips @ across.T - shift
    return Joints(shape, places, tips, parents, words, _twins(places, tips, parents, words, shape.names), floor)


def _upright(up: Array) -> Array:
    """A rotation (3, 3) that brings `up` to z."""
    z = up / np.linalg.norm(up)
    x = np.cross([0.0, 1.0, 0.0] if abs(z[1]) < 0.9 else [0.0, 0.0, 1.0], z)
    x /= np.linalg.norm(x)
    return np.stack([x, np.cross(z, x), z])


def _mended(heads: Array, stray: NDArray[np.bool_], shape: RigShape) -> Array:
    """Heads at the very origin are what files have for bones that they say nothing about: such a bone is put between its
    neighbours. Roots stay."""
    heads = heads.copy()
    for bone in np.flatnonzero(stray & (shape.parents >= 0)):
        above = heads[shape.parents[bone]]
        below = [heads[child] for child in shape.children[bone] if not stray[child]]
        heads[bone] = (above + np.mean(below, axis=0)) / 2 if below else above
    return heads


def _tails_count(shape: RigShape, heads: Array, tails: Array) -> bool:
    """Whether bones point at their children, so that the tails of the last ones mean something."""
    held = np.flatnonzero(shape.parents >= 0)
    above = shape.parents[held]
    to_child, to_tail = heads[held] - heads[above], tails[above] - heads[above]
    far = np.linalg.norm(to_child, axis=1) > 1e-3
    if far.sum() < 3:
        return False
    cosine = (to_child * to_tail).sum(axis=1)[far] / (np.linalg.norm(to_child, axis=1) * np.linalg.norm(to_tail,
                                                                                                        axis=1) + 1e-12)[far]
    return float((cosine > 0.9).mean()) > 0.5


def _joined(shape: RigShape, heads: Array, tips: Array, tails: Array) -> NDArray[np.int_]:
    """Parents (J,) with loose pieces hung on the bone whose end they begin at, so that what is one animal is one tree.

    Pieces without such a place, and single bones that lie on another bone (targets of constraints), stay loose.
    """
    parents = shape.parents.copy()
    roots = np.flatnonzero(parents < 0)
    if len(roots) < 2:
        return parents
    order = order_of(parents, shape.children)
    below = below_of(parents, order)
    main = max(roots, key=lambda root: (below[root].sum(), -root))
    trusted = not np.array_equal(tips, heads)
    inside = below[main].copy()
    loose = [int(root) for root in roots if root != main]
    while loose:
        # The nearest piece first, so that a leg hangs on the trunk and not on the other leg.
        found = [_place_for(root, below[root], inside, heads, tails if trusted else None, parents) for root in loose]
        off, nearest, at = min((*place, k) for k, place in enumerate(found))
        if not np.isfinite(off):
            break
        root = loose.pop(at)
        parents[root] = nearest
        inside |= below[root]
    return parents


def _place_for(root: int, piece: NDArray[np.bool_], inside: NDArray[np.bool_], heads: Array, tails: Array | None,
               parents: NDArray[np.int_]) -> tuple[float, int]:
    """How far a loose piece is from the bone of the tree that it belongs on, and which that is; infinity where it is none's."""
    alone = piece.sum() == 1
    to_head = np.where(inside, np.linalg.norm(heads - heads[root], axis=1), np.inf)
    to_tip = np.where(inside, np.linalg.norm(tails - heads[root], axis=1), np.inf) if tails is not None else np.full(len(heads),
                                                                                                                     np.inf)
    if to_tip.min() < 1e-3:
        return float(to_tip.min()), int(np.argmin(to_tip))
    if alone and to_head.min() < 1e-4:
        return np.inf, -1
    foot = _leg_above(root, inside, heads, parents)
    if foot >= 0:
        return float(to_head[foot]), foot
    nearest = int(np.argmin(to_tip)) if to_tip.min() < 0.03 else int(np.argmin(to_head))
    off = float(min(to_tip.min(), to_head.min()))
    return (off, nearest) if off < (0.03 if alone else 0.25) else (np.inf, -1)


def _leg_above(root: int, inside: NDArray[np.bool_], heads: Array, parents: NDArray[np.int_]) -> int:
    """The end of a leg that a loose foot belongs to: games keep feet apart, as what legs reach for. -1 where there is none."""
    top, floor = float(heads[:, 2].max()), float(heads[:, 2].min())
    if heads[root, 2] > floor + 0.3 * (top - floor):
        return -1
    flat = np.linalg.norm(heads[:, :2] - heads[root, :2], axis=1)
    rise = heads[:, 2] - heads[root, 2]
    open_end = ~np.isin(np.arange(len(heads)), parents) & (rise > 0.02) & (rise < 0.4)
    off = np.where(open_end & inside, flat + 0.2 * np.abs(rise), np.inf)
    return int(np.argmin(off)) if off.min() < 0.15 and flat[np.argmin(off)] < 0.1 else -1


def _symmetry(heads: Array, parents: NDArray[np.int_], words: tuple[Words, ...], names: tuple[str, ...]) -> tuple[Array, float]:
    """The horizontal unit vector (2,) across the plane of symmetry, and where the plane lies along it."""
    pairs = _named_pairs(words, names)
    named = [(heads[i, :2] - heads[j, :2], (heads[i, :2] + heads[j, :2]) / 2) for i, j in pairs]
    spread = [item for item in named if np.linalg.norm(item[0]) > 0.01]
    candidates = _candidates(heads, parents)
    weight = np.array([np.linalg.norm(across) for across, _ in spread])
    directions = [across / np.linalg.norm(across) for across, _ in spread]
    if directions:
        candidates.append(np.average(directions, axis=0, weights=weight))
    best, answer = -np.inf, (np.array([0.0, 1.0]), 0.0)
    for lateral in candidates:
        length = np.linalg.norm(lateral)
        if length < 1e-6:
            continue
        lateral = lateral / length
        along = heads[:, :2] @ lateral
        middles = [float(middle @ lateral) for _, middle in spread] if len(spread) >= 3 else []
        for offset in {float(np.median(along)), float(along.max() + along.min()) / 2,
                       *([float(np.median(middles))] if middles else [])}:
            score = _mirror_score(heads, lateral, offset)
            if directions:
                score += 0.6 * float(np.average([abs(d @ lateral) for d in directions], weights=weight))
            if score > best + 1e-9:
                best, answer = score, (lateral, offset)
    lateral, offset = answer
    return (-lateral, -offset) if directions and np.average(directions, axis=0, weights=weight) @ lateral < 0 else answer


def _named_pairs(words: tuple[Words, ...], names: tuple[str, ...]) -> list[tuple[int, int]]:
    """(left, right) bones that names call each other's twin."""
    keys: dict[str, list[int]] = {}
    for bone, said in enumerate(words):
        if said.side:
            keys.setdefault(twin_key(names[bone]), []).append(bone)
    return [tuple(sorted(both, key=lambda b: -words[b].side)) for both in keys.values()
            if len(both) == 2 and words[both[0]].side == -words[both[1]].side]


def _candidates(heads: Array, parents: NDArray[np.int_]) -> list[Array]:
    """Directions (2,) between the middles of sibling subtrees of one size, longest first, and the world's axes."""
    children = children_of(parents)
    below = below_of(parents, order_of(parents, children))
    count = below.sum(axis=1)
    middles = below @ heads / count[:, None]
    found: list[tuple[float, Array]] = []
    for group in [*children, tuple(int(r) for r in np.flatnonzero(parents < 0))]:
        for i, first in enumerate(group):
            for second in group[i + 1:]:
                across = middles[first] - middles[second]
                flat = float(np.linalg.norm(across[:2]))
                if count[first] == count[second] and flat > 0.01 and abs(across[2]) < 0.3 * flat + 0.01:
                    found.append((flat * count[first], across[:2] / flat))
    found.sort(key=lambda item: -item[0])
    kept: list[Array] = [np.array([1.0, 0.0]), np.array([0.0, 1.0])]
    for _, direction in found:
        if len(kept) < 10 and all(abs(direction @ other) < 0.9998 for other in kept):
            kept.append(direction)
    return kept


def _mirror_score(heads: Array, lateral: Array, offset: float) -> float:
    """The share of joints with a counterpart behind the plane; a joint on the plane says less than a pair does."""
    side = heads[:, :2] @ lateral - offset
    mirrored = heads.copy()
    mirrored[:, :2] -= 2.0 * side[:, None] * lateral
    square = (mirrored**2).sum(axis=1)[:, None] + (heads**2).sum(axis=1)[None] - 2.0 * mirrored @ heads.T
    distance = np.sqrt(np.maximum(square.min(axis=1), 0.0))
    weight = np.where(np.abs(side) > 0.02, 1.0, 0.5)
    width = float(np.ptp(side))
    return float((weight * np.exp(-((distance / _NEAR) ** 2)) ).sum() / weight.sum()) - 0.3 * width


def _twins(places: Array, tips: Array, parents: NDArray[np.int_], words: tuple[Words, ...],
           names: tuple[str, ...]) -> NDArray[np.int_]:
    """Each bone's mirror image: the tree is walked from both sides at once, so that twins have parents that are twins."""
    children = children_of(parents)
    below = below_of(parents, order_of(parents, children))
    count = below.sum(axis=1)
    middles = below @ (places + tips) / (2.0 * count[:, None])
    twins = np.full(len(places), -1, dtype=np.int_)
    keys = [twin_key(name) for name in names]
    flip = np.array([1.0, -1.0, 1.0])

    def pair(left: tuple[int, ...], right: tuple[int, ...]) -> None:
        cost = np.array([[_apart(i, j) for j in right] for i in left]).reshape(len(left), len(right))
        while cost.size and cost.min() < 0.35:
            i, j = np.unravel_index(int(np.argmin(cost)), cost.shape)
            first, second = left[i], right[j]
            cost[i], cost[:, j] = np.inf, np.inf
            if left is right:
                cost[j], cost[:, i] = np.inf, np.inf
            twins[first], twins[second] = second, first
            pair(children[first], children[second]) if first != second else pair(children[first], children[first])

    def _apart(i: int, j: int) -> float:
        if i == j:
            if words[i].side:
                return 1.0
            return 3.0 * abs(middles[i, 1]) + 2.0 * abs(places[i, 1]) + 0.02 * (abs(middles[i, 1]) > 0.003)
        if middles[i, 1] * middles[j, 1] > 1e-6 and not words[i].side * words[j].side < 0:
            return 1.0
        told = words[i].side * words[j].side < 0 and keys[i] == keys[j]
        off = float(np.linalg.norm(middles[i] * flip - middles[j]) + 0.5 * np.linalg.norm(places[i] * flip - places[j]))
        return off * (0.2 if told else 1.0) + 0.03 * abs(int(count[i]) - int(count[j])) + 0.005 * (not told)

    roots = tuple(int(bone) for bone in np.flatnonzero(parents < 0))
    pair(roots, roots)
    for left, right in _named_pairs(words, names):
        # Names stand where a pose hides the symmetry.
        if twins[left] in (-1, left) and twins[right] in (-1, right):
            twins[left], twins[right] = right, left
    return twins
