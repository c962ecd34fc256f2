"""How animals of a group are placed to each other: in a line, abreast, in a loose bunch, face to face, some before and some behind.

Places are found one after another, each beside those that stand already, with room for the bodies: a body counts as a rod
with round ends. Young animals keep to a grown one of their kind, small animals stand on the viewer's side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .standing import Body

Array = NDArray[np.float64]

SHAPES = ("line", "abreast", "bunch", "facing", "layers")
TIGHTEST = 0.02  # of the smaller body's length: room between bodies that are not to touch
_TRIES = 24


@dataclass(frozen=True)
class Rod:
    """The room a standing body takes, metres: how far it reaches back and ahead of its middle, and half its width."""

    back: float
    front: float
    half: float

    @classmethod
    def of(cls, body: Body, scale: float) -> Rod:
        """Of a body, `scale` metres to the model unit."""
        light = body.light
        vertices = light.v_template[body.solid] * scale
        trunk = [j for j, name in enumerate(light.joint_names) if name.startswith(("pelvis", "spine"))] or [0]
        middle = float(light.J[trunk, 0].mean()) * scale
        half = float(np.percentile(np.abs(vertices[:, 1]), 97))
        return cls(middle - float(vertices[:, 0].min()), float(vertices[:, 0].max()) - middle, half)

    @property
    def length(self) -> float:
        return self.back + self.front


@dataclass(frozen=True)
class Place:
    """Where one animal shall stand: (x, y) metres and heading, radians from +x."""

    x: float
    y: float
    yaw: float

    @property
    def xy(self) -> Array:
        return np.array([self.x, self.y])


@dataclass(frozen=True, eq=False)
class Group:
    """What is asked of a group.

    rods (N): the bodies; young_of (N): the index of the grown animal that a young one keeps to, or -1; shape: one of SHAPES; heading:
    where the group goes, radians; together: whether all face that way; viewer: direction from the group to the camera, radians;
    spread: 1 usual, more is looser.
    """

    rods: Sequence[Rod]
    young_of: Sequence[int]
    shape: str
    heading: float
    together: bool
    viewer: float
    spread: float = 1.0


def arrange(rng: np.random.Generator, group: Group) -> list[Place]:
    """A place for every animal, in their order; bodies may come near each other but leave TIGHTEST between them."""
    count = len(group.rods)
    places: list[Place | None] = [None] * count
    # The largest first; the young after those they keep to.
    order = sorted(range(count), key=lambda k: (group.young_of[k] >= 0, -group.rods[k].length, k))
    bend = float(rng.normal(0.0, 0.10))
    placed: list[int] = []
    for number, k in enumerate(order):
        wider = group
        for attempt in range(_TRIES * 8):
            place = _propose(rng, wider, k, number, placed, places, bend)
            room = min((_room(group.rods[k], place, group.rods[j], places[j]) for j in placed), default=np.inf)
            if room >= TIGHTEST * group.rods[k].length:
                break
            if attempt % 4 == 3:
                wider = replace(wider, spread=wider.spread * 1.08)
        places[k] = place
        placed.append(k)
    return [place for place in places if place is not None]


def room_between(one: Rod, at: Place, other: Rod, there: Place) -> float:
    """Metres between two bodies on the ground; negative when they meet."""
    return _room(one, at, other, there)


def _propose(
    rng: np.random.Generator, group: Group, k: int, number: int, placed: list[int], places: Sequence[Place | None], bend: float
) -> Place:
    rod = group.rods[k]
    yaw = group.heading + float(rng.normal(0.0, 0.22)) if group.together else float(rng.uniform(-np.pi, np.pi))
    if not placed:
        return Place(0.0, 0.0, group.heading if group.together else yaw)
    parent = group.young_of[k]
    if parent >= 0 and places[parent] is not None:
        return _beside(rng, rod, group.rods[parent], places[parent], group.spread)
    last = placed[-1]
    shape = group.shape
    if shape == "facing":
        shape = "bunch" if number % 2 == 0 else "face"
    if shape == "line":
        return _behind(rng, rod, group.rods[last], places[last], bend, group.spread)
    if shape == "abreast":
        return _beside(rng, rod, group.rods[last], places[last], 1.6 * group.spread)
    if shape == "face":
        return _before(rng, rod, group.rods[last], places[last], group.spread)
    if shape == "layers" and number == (len(group.rods) + 1) // 2:
        return _away(rng, group, rod, yaw)
    near = placed[int(rng.integers(len(placed)))]
    if shape == "layers":
        half = (len(group.rods) + 1) // 2
        mine = placed[:half] if number < half else placed[half:]
        near = mine[int(rng.integers(len(mine)))]
    return _around(rng, group, rod, group.rods[near], places[near], yaw, rod.length < 0.5 * max(r.length for r in group.rods))


def _behind(rng: np.random.Generator, rod: Rod, ahead: Rod, there: Place | None, bend: float, spread: float) -> Place:
    """In single file, on a path that bends by `bend` radians from animal to animal."""
    assert there is not None
    gap = (0.06 + 0.5 * float(rng.beta(1.2, 2.5))) * rod.length * spread
    yaw = there.yaw + bend + float(rng.normal(0.0, 0.06))
    distance = ahead.back + rod.front + gap
    aside = float(rng.normal(0.0, 0.25)) * (rod.half + ahead.half)
    back = 0.5 * (there.yaw + yaw)
    return Place(there.x - distance * np.cos(back) - aside * np.sin(back), there.y - distance * np.sin(back) + aside * np.cos(back), yaw)


def _beside(rng: np.random.Generator, rod: Rod, other: Rod, there: Place | None, spread: float) -> Place:
    """At its side, half a step ahead or behind, going the same way."""
    assert there is not None
    side = 1.0 if rng.random() < 0.5 else -1.0
    aside = side * (rod.half + other.half) * (1.0 + 0.7 * float(rng.random()) * spread + 0.15 * spread)
    along = float(rng.uniform(-0.5, 0.4)) * other.length
    yaw = there.yaw + float(rng.normal(0.0, 0.18))
    c, s = np.cos(there.yaw), np.sin(there.yaw)
    return Place(there.x + along * c - aside * s, there.y + along * s + aside * c, yaw)


def _before(rng: np.random.Generator, rod: Rod, other: Rod, there: Place | None, spread: float) -> Place:
    """Nose to nose, or nearly."""
    assert there is not None
    distance = other.front + rod.front + (0.02 + 0.25 * float(rng.random())) * rod.length * spread
    way = there.yaw + float(rng.normal(0.0, 0.12))
    yaw = way + np.pi + float(rng.normal(0.0, 0.25))
    return Place(there.x + distance * np.cos(way), there.y + distance * np.sin(way), yaw)


def _around(
    rng: np.random.Generator, group: Group, rod: Rod, other: Rod, there: Place | None, yaw: float, small: bool
) -> Place:
    """Somewhere about another; a small animal on the side of the viewer, where it is not hidden."""
    assert there is not None
    way = group.viewer + float(rng.normal(0.0, 0.5)) if small else float(rng.uniform(-np.pi, np.pi))
    distance = 0.5 * (rod.length + other.length) * (0.45 + 0.75 * float(rng.random())) * group.spread
    return Place(there.x + distance * np.cos(way), there.y + distance * np.sin(way), yaw)


def _away(rng: np.random.Generator, group: Group, rod: Rod, yaw: float) -> Place:
    """The first of those behind: a few body lengths further from the viewer."""
    largest = max(r.length for r in group.rods)
    back, aside = float(rng.uniform(1.2, 4.0)) * largest * group.spread, float(rng.normal(0.0, 0.6)) * largest
    c, s = np.cos(group.viewer), np.sin(group.viewer)
    return Place(-back * c - aside * s, -back * s + aside * c, yaw)


def _room(rod: Rod, at: Place, other: Rod, there: Place | None) -> float:
    assert there is not None
    a, b = _spine(rod, at), _spine(other, there)
    return float(np.linalg.norm(a[:, None] - b[None], axis=2).min()) - rod.half - other.half


def _spine(rod: Rod, at: Place) -> Array:
    """(7, 2) points along the rod, its round ends left out."""
    reach = np.linspace(min(rod.half - rod.back, 0.0), max(rod.front - rod.half, 0.0), 7)
    return at.xy + reach[:, None] * (np.cos(at.yaw), np.sin(at.yaw))
