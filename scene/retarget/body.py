"""A rig as an animal: where its front is, how long its legs are, and which bone carries which.

Everything here is in the animal's own axes (x forward, y left, z up), in the armature's units, so that two rigs can be compared
whatever axes and scale they were built in. Places of joints are the heads of bones; tails are trusted only where nothing else
is known, since imported rigs have bones that point anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from .body_map import EARS, LEGS, SEGMENTS, BodyMap
from .rig_shape import RigError, RigShape
from .turns import unit

Array = NDArray[np.float64]

CHAINS = ("spine", "neck", "head", "jaw", "tail", *EARS)
_NEAR_AXIS = np.cos(np.radians(30.0))
_LONGEST_TIP = 0.16
"""Of a leg's length: the most that its last bone may reach beyond its head where only a guess is at hand."""
_LOW = 0.08
"""Leg lengths above the ground in which a joint is one of a foot that stands on it."""


@dataclass(frozen=True, eq=False)
class Leg:
    """A leg without its girdle: bones (n,) from the top down, their segments (n,), and where the last one ends at rest (3,).

    girdle (g,): the bones above. ball: place in `bones` of the one that stands on the ground. names: the joints at the bones' heads.
    """

    name: str
    girdle: tuple[int, ...]
    bones: tuple[int, ...]
    segments: tuple[str, ...]
    tip: Array

    @property
    def front(self) -> bool:
        return self.name.startswith("front")

    def joint(self, segment: str) -> int | None:
        """Place in `bones` of the first bone of a segment."""
        return self.segments.index(segment) if segment in self.segments else None


class Body:
    """An animal's rig at rest, by its map. Raises RigError for a map without a spine or with fewer than four legs.

    shape, parts: what it was made from. axes (3, 3): columns are forward, left and up in armature space. heads (J, 3): of all
    bones, animal axes. legs: by name. size: hips to ground, the measure of all lengths. ground: height of the ground at rest.
    """

    def __init__(self, shape: RigShape, parts: BodyMap, axes: Array | None = None, heads: Array | None = None) -> None:
        """axes, heads: other ones than the rest pose's, where that is no standing pose."""
        self.shape, self.parts = shape, parts.on(shape)
        lacking = [leg for leg in LEGS if not any(self.parts[f"{leg}_{segment}"] for segment in SEGMENTS[1:])]
        if lacking:
            raise RigError(f"the map has no {lacking[0].replace('_', ' ')} leg; name its bones in the list of parts")
        if not self.parts["spine"]:
            raise RigError("the map has no spine; name its bones in the list of parts")
        self.chains = {part: tuple(int(i) for i in shape.of(self.parts[part])) for part in CHAINS}
        self.roots = tuple(int(i) for i in shape.of(self.parts["root"]))
        standing = shape.heads if heads is None else heads
        self.axes = animal_axes(shape, self.parts, standing) if axes is None else axes
        self.heads = standing @ self.axes
        self.legs = {leg: self._leg(leg) for leg in LEGS}
        self._stretch()
        feet = np.array([leg.tip[2] for leg in self.legs.values()])
        self.ground = float(np.median(np.sort(feet)[:3]))
        tops = np.array([self.heads[leg.bones[0], 2] for leg in self.legs.values()])
        self.size = float(max(np.median(tops) - self.ground, 0.1 * np.mean([self.reach(leg) for leg in LEGS]), 1e-9))

    def _leg(self, name: str) -> Leg:
        of = self.shape.of
        girdle = tuple(int(i) for i in of(self.parts[f"{name}_girdle"]))
        pairs = [(int(i), segment) for segment in SEGMENTS[1:] for i in of(self.parts[f"{name}_{segment}"])]
        bones = tuple(bone for bone, _ in pairs)
        segments = tuple(segment for _, segment in pairs)
        return Leg(name, girdle, bones, segments, self._tip(bones, segments))

    def _tip(self, bones: tuple[int, ...], segments: tuple[str, ...]) -> Array:
        """Where the last bone of a leg ends: its furthest unnamed child, or as far along itself as can be believed."""
        last, head = bones[-1], self.heads[bones[-1]]
        length = np.linalg.norm(np.diff(self.heads[list(bones)], axis=0), axis=1).sum()
        longest = _LONGEST_TIP * length if len(bones) > 2 else np.inf
        mapped = {name for chain in self.parts.bones.values() for name in chain}
        free = [c for c in self.shape.children[last] if self.shape.names[c] not in mapped]
        ends = [self.heads[c] for c in free if 1e-3 * length < np.linalg.norm(self.heads[c] - head) < 3 * longest
                and self.heads[c][2] < head[2] + 0.05 * length]
        tail = self.shape.tails[last] @ self.axes
        if ends and tail[2] < head[2] and np.linalg.norm(tail - head) < 0.35 * length:
            ends.append(tail)
        if ends:
            return max(ends, key=lambda end: float(np.linalg.norm(end - head)))
        along = (self.shape.tails[last] - self.shape.heads[last]) @ self.axes
        reach = np.linalg.norm(along)
        if reach < 1e-9 or along[2] > 0.3 * reach or not self._drawn(bones):
            return head + np.array([0.6, 0.0, -0.2]) * min(longest, 0.08 * length)
        return head + along * min(1.0, longest / reach)

    def reach(self, name: str) -> float:
        """Length of a leg along its bones."""
        leg = self.legs[name]
        return float(np.linalg.norm(np.diff(self.joints(leg), axis=0), axis=1).sum())

    def below(self, leg: Leg) -> list[int]:
        """A leg's bones and all that hang on them."""
        found = list(leg.bones)
        for bone in found:
            found += [child for child in self.shape.children[bone] if child not in found]
        return found

    def _drawn(self, bones: tuple[int, ...]) -> bool:
        """Whether the bones of a leg end where the next begin, as people draw them; importers let them point anywhere."""
        if len(bones) < 3:
            return True
        chain = list(bones)
        gaps = np.linalg.norm(self.shape.tails[chain[:-1]] - self.shape.heads[chain[1:]], axis=1)
        steps = np.linalg.norm(np.diff(self.shape.heads[chain], axis=0), axis=1)
        return bool(np.median(gaps / np.maximum(steps, 1e-12)) < 0.25)

    def sole(self, leg: Leg) -> Array:
        """(k, 3) points at rest that ride on a leg's last bone and may come to the ground: its tip, its own end, other toes."""
        last, drawn = leg.bones[-1], self._drawn(leg.bones)
        points, below = [leg.tip], [last]
        while below:
            bone = below.pop()
            below += [c for c in self.shape.children[bone] if self.carriers[c] == bone]
            points += [self.heads[bone], *([self.shape.tails[bone] @ self.axes] if drawn else [])]
        near = [p for p in points[1:] if abs(p[2] - self.ground) < 0.1 * self.size and np.linalg.norm(p - leg.tip) < 0.3 * self.size]
        return np.array([leg.tip, *near])

    def _stretch(self) -> None:
        """Legs whose last bone hangs in the air end on the ground of the others: their rig does not say where they end."""
        ground = min(float(leg.tip[2]) for leg in self.legs.values())
        for name, leg in self.legs.items():
            head = self.heads[leg.bones[-1]]
            height = head[2] - ground
            if leg.segments[-1] != "toes" and leg.tip[2] - ground > 0.12 * (self.heads[leg.bones[0], 2] - ground) and height > 0:
                self.legs[name] = replace(leg, tip=head + np.array([0.15, 0.0, -1.0]) * height)

    def joints(self, leg: Leg) -> Array:
        """(n + 1, 3): heads of a leg's bones at rest and its tip."""
        return np.vstack([self.heads[list(leg.bones)], leg.tip])

    @cached_property
    def floor(self) -> float:
        """Height of the lowest joint of the legs that is known at rest: where a rig does not say where its feet end, the skin below
        this joint ends at it. The ground's, where none is near it."""
        known = [float(self.heads[list(leg.bones), 2].min()) for leg in self.legs.values()]
        known += [float(leg.tip[2]) for leg in self.legs.values() if self._drawn(leg.bones)]
        return max(min(known), self.ground) if min(known) < self.ground + _LOW * self.size else self.ground

    @cached_property
    def carriers(self) -> NDArray[np.int_]:
        """(J,) the bone that each bone rides on when nothing turns it; -1 for the hips and for what stays where it is.

        Within a chain it is the bone before, also where the rig has it hang elsewhere (feet that hang on nothing, as IK rigs do).
        """
        shape, count = self.shape, len(self.shape)
        carriers = shape.parents.copy()
        hips, chest = self.chains["spine"][0], self.chains["spine"][-1]
        head = (self.chains["neck"] + self.chains["head"] or self.chains["spine"])[-1]
        lines = [(chest, (*self.chains["neck"], *self.chains["head"])), (hips, self.chains["tail"]), (head, self.chains["jaw"]),
                 *((head, self.chains[ear]) for ear in EARS), (None, self.chains["spine"])]
        lines += [(chest if leg.front else hips, (*leg.girdle, *leg.bones)) for leg in self.legs.values()]
        inner = {bone for _, line in lines for bone in line}
        for base, line in lines:
            for before, bone in zip((base, *line)[: len(line)], line, strict=True):
                above = self._ancestors(bone)
                if before is None:
                    carriers[bone] = -1
                elif before not in above and not (bone == line[0] and any(a in inner for a in above)):
                    carriers[bone] = before
        carriers[hips] = -1
        for root in self.roots:
            low = self.heads[root, 2] - self.ground < 0.1 * self.size
            carriers[root] = -1 if low else hips
        near = list(inner)
        for bone in range(count):
            if carriers[bone] < 0 and bone not in inner and bone not in self.roots and shape.deform[bone]:
                apart = np.linalg.norm(self.heads[near] - self.heads[bone], axis=1)
                if apart.min() < 0.15 * self.size:
                    carriers[bone] = near[int(np.argmin(apart))]
        return carriers

    @cached_property
    def under_legs(self) -> frozenset[int]:
        """The bones that carry legs: in some rigs those of the neck do."""
        found: set[int] = set()
        for leg in self.legs.values():
            above = int(self.carriers[leg.bones[0]])
            while above >= 0 and above not in found:
                found.add(above)
                above = int(self.carriers[above])
        return frozenset(found)

    @cached_property
    def backward(self) -> NDArray[np.bool_]:
        """(J,) bones that are laid towards what they hang on, as some tails are: they end where that begins, so their own turn
        says where they begin."""
        out = np.zeros(len(self.shape), dtype=bool)
        for part in ("tail", "spine", "neck"):
            chain = self.chains[part]
            for before, bone in pairwise(chain):
                apart = np.linalg.norm(self.shape.tails[bone] - self.shape.heads[before])
                length = np.linalg.norm(self.shape.tails[bone] - self.shape.heads[bone])
                out[bone] = apart < 0.05 * length
            if len(chain) > 1 and part == "tail":
                out[chain[0]] = out[chain[1]]
        return out

    def _ancestors(self, bone: int) -> list[int]:
        found, above = [], int(self.shape.parents[bone])
        while above >= 0:
            found.append(above)
            above = int(self.shape.parents[above])
        return found

    @cached_property
    def order(self) -> tuple[int, ...]:
        """All bones, carriers before what they carry."""
        depth = np.zeros(len(self.shape), dtype=np.int_)
        for bone in range(len(self.shape)):
            above, steps = int(self.carriers[bone]), 0
            while above >= 0:
                above, steps = int(self.carriers[above]), steps + 1
                if steps > len(self.shape):
                    raise RigError(f"the map goes in a circle at the bone {self.shape.names[bone]!r}")
            depth[bone] = steps
        return tuple(int(i) for i in np.argsort(depth, kind="stable"))

    @cached_property
    def trunk(self) -> tuple[Array, Array]:
        """Middle of the hind legs' and of the front legs' tops at rest (3,) each."""
        hind = np.mean([self.heads[self.legs[leg].bones[0]] for leg in LEGS[2:]], axis=0)
        front = np.mean([self.heads[self.legs[leg].bones[0]] for leg in LEGS[:2]], axis=0)
        return hind, front

    def muzzle(self) -> Array | None:
        """Where the head ends at rest (3,), or None without a head."""
        chain = self.chains["head"]
        if not chain:
            return None
        last, head = chain[-1], self.heads[chain[0]]
        along = (self.shape.tails[last] - self.shape.heads[last]) @ self.axes + self.heads[last] - head
        reach, longest = np.linalg.norm(along), 0.45 * self.size
        below = [c for c in self._below(chain[0]) if c not in chain]
        if below:
            ahead = self.heads[below] - head
            far = ahead[np.argmax(ahead[:, 0] - 0.5 * ahead[:, 2])]
            if 0.1 * self.size < np.linalg.norm(far) < 0.8 * self.size and far[0] > 0:
                return head + far
        if along[0] < 0.3 * reach or reach < 1e-9:
            along, reach = np.array([0.8, 0.0, -0.6]), 1.0
            longest = 0.3 * self.size
        return head + along / reach * min(max(reach, 0.15 * self.size), longest)

    def _below(self, bone: int) -> list[int]:
        found = list(self.shape.children[bone])
        for child in found:
            found.extend(self.shape.children[child])
        return found


def animal_axes(shape: RigShape, parts: BodyMap, heads: Array) -> Array:
    """(3, 3): columns are an animal's forward, left and up in armature space, from where its joints (J, 3) are.

    Up is the armature's axis along which the legs stand; where they stand along none it is the world's. Forward leads from the
    hips to the shoulders, level. Raises RigError where that has no direction.
    """
    def ends(leg: str) -> tuple[Array, Array]:
        chain = [heads[i] for i in shape.of(name for segment in SEGMENTS[1:] for name in parts[f"{leg}_{segment}"])]
        return chain[0], chain[-1]

    tops, feet = (np.array(points) for points in zip(*map(ends, LEGS), strict=True))
    if np.linalg.norm(tops - feet, axis=1).max() < 1e-9:
        feet = tops - np.array([shape.tails[shape.index[parts.leg(leg)[-1]]] - shape.heads[shape.index[parts.leg(leg)[-1]]]
                                for leg in LEGS])
    legs = unit(np.mean(tops - feet, axis=0))
    best = int(np.argmax(np.abs(legs)))
    if np.abs(legs[best]) >= _NEAR_AXIS:
        up = np.eye(3)[best] * np.sign(legs[best])
    else:
        world = shape.to_world[:3, :3]
        up = unit(np.linalg.solve(world, [0.0, 0.0, 1.0])) if abs(np.linalg.det(world)) > 1e-12 else np.array([0.0, 0.0, 1.0])
    forward = tops[:2].mean(axis=0) - tops[2:].mean(axis=0)
    forward = forward - up * (forward @ up)
    if np.linalg.norm(forward) < 1e-6 * max(np.ptp(heads, axis=0).max(), 1e-9):
        raise RigError("the front and the hind legs stand on one spot; check the map of the legs")
    forward = unit(forward)
    for axis in np.vstack([np.eye(3), -np.eye(3)]):  # a rig built along an axis faces along it
        if axis @ forward > np.cos(np.radians(12.0)) and abs(axis @ up) < 1e-6:
            forward = axis
    return np.stack([forward, np.cross(up, forward), up], axis=1)
