"""A skeleton: named joints that hang on one another as a tree, in any order, for any animal.

Each joint has one parent, and exactly one, the root, has none (-1). Which side a joint is on is read from its name
(`left_paw`, `Paw.R`, `EarL`, `LLeg1`) where the name of the other side's joint is there as well.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

MAX_JOINTS = 512

_SWAPS = {"left": "right", "right": "left", "l": "r", "r": "l"}
_WORD = re.compile(r"left|right|(?<![a-z])[lr](?![a-z])", re.IGNORECASE)  # left_paw, Paw.R, frontleft
_GLUED = re.compile(r"(?<![A-Z])[LR](?=[A-Z][a-z])|(?<=[a-z0-9])[LR](?![A-Za-z])")  # LLeg1, EarL


class SkeletonError(ValueError):
    """A skeleton that is no tree; the message names the joint."""


@dataclass(frozen=True)
class Skeleton:
    """The tree of J joints: names (J,), unique, and parents (J,), indices into names, -1 at the one root.

    Raises SkeletonError for no joint or more than MAX_JOINTS, two joints of one name, a parent that is not there, no root, two
    roots, or joints that hang on one another in a circle.
    """

    names: tuple[str, ...]
    parents: tuple[int, ...]

    def __post_init__(self) -> None:
        names = tuple(str(name) for name in self.names)
        if not 1 <= len(names) <= MAX_JOINTS:
            raise SkeletonError(f"a skeleton has 1 to {MAX_JOINTS} joints, not {len(names)}")
        if len(self.parents) != len(names):
            raise SkeletonError(f"{len(self.parents)} parents for {len(names)} joints")
        twice = next((name for i, name in enumerate(names) if name in names[:i]), None)
        if twice is not None:
            raise SkeletonError(f"two joints are called '{twice}'")
        parents = tuple(int(parent) for parent in self.parents)
        for name, parent in zip(names, parents, strict=True):
            if not -1 <= parent < len(names):
                raise SkeletonError(f"the parent of '{name}' is joint {parent}, which is not there")
        roots = [name for name, parent in zip(names, parents, strict=True) if parent < 0]
        if len(roots) > 1:
            raise SkeletonError(f"a skeleton has one root, this one has {len(roots)}: {', '.join(roots[:5])}")
        object.__setattr__(self, "names", names)
        object.__setattr__(self, "parents", parents)
        reached = set(self.order)
        if len(reached) < len(names):
            lost = [name for i, name in enumerate(names) if i not in reached]
            raise SkeletonError(f"these joints hang on one another in a circle: {', '.join(lost[:5])}")

    @classmethod
    def from_edges(
        cls, names: Sequence[str], edges: Sequence[tuple[int, int]], root: int | None = None,
        positions: NDArray[np.float64] | None = None,
    ) -> Skeleton:
        """The tree of bones (E, 2) without direction, seen from `root`, or from the middle of the tree without one.

        Edges that would close a circle (the last ones of each) are left out. Parts that no edge joins are joined to the
        rest by their nearest joints, by positions (J, d) where they are given (rows with nan are far from all), else at the root.
        """
        count = len(names)
        group = list(range(count))

        def find(i: int) -> int:
            while group[i] != i:
                group[i] = group[group[i]]
                i = group[i]
            return i

        near: list[list[int]] = [[] for _ in range(count)]

        def join(a: int, b: int) -> None:
            group[find(a)] = find(b)
            near[a].append(b)
            near[b].append(a)

        for a, b in edges:
            if not (0 <= a < count and 0 <= b < count):
                raise SkeletonError(f"a bone joins {a} and {b}, of {count} joints")
            if find(a) != find(b):
                join(a, b)
        start = root if root is not None else _middle(near)
        if not 0 <= start < count:
            raise SkeletonError(f"the root is joint {start}, of {count}")
        while True:
            apart = [i for i in range(count) if find(i) != find(start)]
            if not apart:
                break
            join(*_nearest(apart, [i for i in range(count) if find(i) == find(start)], start, positions))
        parents = [-1] * count
        queue, seen = [start], {start}
        for joint in queue:
            for other in near[joint]:
                if other not in seen:
                    seen.add(other)
                    parents[other] = joint
                    queue.append(other)
        return cls(tuple(names), tuple(parents))

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def root(self) -> int:
        """The joint that hangs on nothing."""
        return self.parents.index(-1) if -1 in self.parents else -1

    @cached_property
    def order(self) -> tuple[int, ...]:
        """All joints that the root reaches, each after its parent."""
        children: dict[int, list[int]] = {}
        for joint, parent in enumerate(self.parents):
            children.setdefault(parent, []).append(joint)
        order = list(children.get(-1, []))
        for joint in order:
            order.extend(children.get(joint, []))
        return tuple(order)

    @cached_property
    def bones(self) -> NDArray[np.int64]:
        """(J - 1, 2): child and parent of every bone, in the order of `order`."""
        return np.array([(j, self.parents[j]) for j in self.order if self.parents[j] >= 0], np.int64).reshape(-1, 2)

    @cached_property
    def adjacency(self) -> NDArray[np.bool_]:
        """(J, J) true for joints that share a bone, and on the diagonal."""
        matrix = np.eye(len(self), dtype=bool)
        child, parent = self.bones.T
        matrix[child, parent] = matrix[parent, child] = True
        return matrix

    @cached_property
    def mirror(self) -> NDArray[np.int64]:
        """(J,) the index of each joint's counterpart on the other side by name, its own on the midline."""
        place = {name: i for i, name in enumerate(self.names)}
        return np.array([next((place[other] for other in _others(name) if other in place), i)
                         for i, name in enumerate(self.names)])

    @cached_property
    def sides(self) -> NDArray[np.int64]:
        """(J,) +1 for joints on the animal's left, -1 on its right, 0 on the midline or where names do not say."""
        return np.array([_side(name) if other != i else 0
                         for i, (name, other) in enumerate(zip(self.names, self.mirror, strict=True))])

    def keep(self, joints: Sequence[int]) -> Skeleton:
        """The skeleton of these joints alone, in this order; each hangs on its nearest ancestor that is left.

        Where several have none left, the first of them (nearest to the root) carries the others.
        """
        new = {old: i for i, old in enumerate(joints)}
        parents: dict[int, int] = {}
        top: int | None = None
        for joint in (j for j in self.order if j in new):
            above = self.parents[joint]
            while above >= 0 and above not in new:
                above = self.parents[above]
            if above < 0:
                above, top = (-1 if top is None else top), (joint if top is None else top)
            parents[joint] = above
        return Skeleton(tuple(self.names[j] for j in joints),
                        tuple(-1 if parents[j] < 0 else new[parents[j]] for j in joints))


def _middle(near: list[list[int]]) -> int:
    """The joint from which the farthest joint of the largest part is nearest; the first of equals."""

    def depths(start: int) -> dict[int, int]:
        found = {start: 0}
        for joint in (queue := [start]):
            for other in near[joint]:
                if other not in found:
                    found[other] = found[joint] + 1
                    queue.append(other)
        return found

    parts = [depths(i) for i in range(len(near))]
    largest = max((len(part) for part in parts), default=0)
    return min((i for i, part in enumerate(parts) if len(part) == largest), key=lambda i: max(parts[i].values()), default=0)


def _nearest(
    apart: list[int], rest: list[int], start: int, positions: NDArray[np.float64] | None
) -> tuple[int, int]:
    if positions is None:
        return apart[0], start
    away = np.linalg.norm(positions[apart][:, None] - positions[rest][None], axis=-1)
    away = np.where(np.isfinite(away), away, np.inf)
    if not np.isfinite(away).any():
        return apart[0], start
    row, column = np.unravel_index(int(away.argmin()), away.shape)
    return apart[row], rest[column]


def _swap(text: str) -> str:
    other = _SWAPS[text.lower()]
    return other.upper() if text.isupper() else other.capitalize() if text[0].isupper() else other


def _others(name: str) -> list[str]:
    """How the joint on the other side may be called."""
    return [pattern.sub(lambda m: _swap(m[0]), name) for pattern in (_WORD, _GLUED) if pattern.search(name)]


def _side(name: str) -> int:
    found = _WORD.search(name) or _GLUED.search(name)
    return 0 if found is None else 1 if found[0].lower() in ("left", "l") else -1
