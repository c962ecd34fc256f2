"""Animals with next to no tail: the tail's tube becomes one smooth nub. And tails whose tips have crumpled get round ones.

A long tail shrunk to a stub keeps all its rings, crumpled into one another. Here every vertex of the tube has a height
along it and an angle about it, read off the template once; on an animal they are laid out on half an ellipsoid that stands
on the tail's root, or on a ring nearer to the tip. Rings keep their order, so nothing folds, and where the tube leaves what
was kept it is joined smoothly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from .skeleton import INDEX, TAIL, step
from .surface import smooth
from .warp import Warp

SHORT = 0.11  # of head and body: shorter tails are nubs
ROOT, BLEND = 0.11, 0.06  # where along the tail the nub begins, and over how much it is joined to the body
DROOP = 0.8  # how far a nub leans down from straight out
CAP = 0.925  # where along the tail its rounded end begins, whose vertices are told apart by how far they are off the middle line
ROUNDS, SOFTENED = 3, 6  # corrections of the nub's length; steps of smoothing where it meets the body


@dataclass(frozen=True)
class Docking:
    """Lays the tails of animals on the topology of a template's warp out as nubs."""

    template: Warp
    along: np.ndarray = field(init=False)  # (V,) 0 at the first tail joint, 1 at the tip
    angle: np.ndarray = field(init=False)  # (V,) about the tail, radians
    tail: np.ndarray = field(init=False)  # (V,) bool
    breadth: np.ndarray = field(init=False)  # (V,) distance off the middle line over that where the rounded end begins

    def __post_init__(self) -> None:
        warp = self.template
        held = warp.weights[:, [INDEX[name] for name in TAIL]].sum(axis=1)
        tip = warp.vertices[np.argmin(np.where(held > 0.5, warp.vertices[:, 0], np.inf))] * (1.0, 0.0, 1.0)
        line = np.concatenate([warp.joints[[INDEX[name] for name in TAIL]], [tip]])
        along, offset, forward = project(warp.vertices, line)
        upward = np.cross(forward, [0.0, 1.0, 0.0])
        object.__setattr__(self, "along", along)
        object.__setattr__(self, "angle", np.arctan2(offset[:, 1], (offset * upward).sum(axis=1)))
        object.__setattr__(self, "tail", held > 0.3)
        off = np.linalg.norm(offset, axis=1)
        begins = off[(held > 0.3) & (np.abs(along - CAP) < 0.02)].mean()
        object.__setattr__(self, "breadth", np.clip(off / begins, 0.0, 1.0))

    def nub(self, vertices: np.ndarray, length: float) -> np.ndarray:
        """The animal (V, 3) with a nub that stands out by `length` in its unit."""
        centre, upward, left = self._ring(vertices, ROOT)
        outward = np.cross(left, upward)
        outward /= np.linalg.norm(outward)
        outward = outward * (np.sign(-outward[0]) or 1.0) + DROOP * np.array([0.0, 0.0, -1.0])
        target = self._cap(centre, upward, left, outward / np.linalg.norm(outward) * length, ROOT)
        share = np.where(self.tail, step(self.along, ROOT, BLEND), 0.0)[:, None]
        result = vertices + share * (target - vertices)
        near = np.where(self.tail, 1 - step(self.along, 3 * ROOT, ROOT), 0.0)
        near = smooth(near, self.template.faces, 3)[:, None]
        return result + near * (smooth(result, self.template.faces, SOFTENED) - result)

    def tipped(self, vertices: np.ndarray, root: float) -> np.ndarray:
        """The animal (V, 3) with a tail of the same length that is rounded off from `root` on, 0 at its root, 1 at its tip."""
        centre, upward, left = self._ring(vertices, root)
        tip = vertices[self.tail & (self.along > CAP)].mean(axis=0) * (1.0, 0.0, 1.0)
        outward = tip - centre
        reach = np.linalg.norm(outward)
        outward /= reach
        upward = upward - (upward @ outward) * outward  # the ring stands square on the tail
        end = ((vertices[self.tail & (self.along > root)] - centre) @ outward).max()
        target = self._cap(centre, upward, left, outward * max(end, reach), root)
        share = np.where(self.tail, step(self.along, root, BLEND), 0.0)[:, None]
        return vertices + share * (target - vertices)

    def _ring(self, vertices: np.ndarray, at: float) -> np.ndarray:
        """Centre, upward and left radius of the tail (3, 3) where it has gone `at` of its way."""
        ring = np.flatnonzero(self.tail & (np.abs(self.along - at) < BLEND))
        terms = np.stack([np.ones(len(ring)), np.cos(self.angle[ring]), np.sin(self.angle[ring])], axis=1)
        return np.linalg.lstsq(terms, vertices[ring], rcond=None)[0] * ([1, 0, 1], [1, 0, 1], [0, 1, 0])

    def _cap(
        self, centre: np.ndarray, upward: np.ndarray, left: np.ndarray, reach: np.ndarray, root: float
    ) -> np.ndarray:
        """Where every vertex (V, 3) comes to lie on half an ellipsoid that stands on a ring and reaches out by a vector."""
        # Each ring at the height below which lies its share of the half sphere's area: faces come out alike in size.
        beyond = np.sum(self.tail & (self.along > CAP)) / np.sum(self.tail & (self.along > root))
        height = np.arcsin((1 - beyond) * np.clip((self.along - root) / (CAP - root), 0.0, 1.0))
        height = np.where(self.along > CAP, np.arccos(self.breadth * np.cos(height)), height)[:, None]
        rim = np.cos(self.angle)[:, None] * upward + np.sin(self.angle)[:, None] * left
        return centre + np.cos(height) * rim + np.sin(height) * reach

    def docked(self, vertices: np.ndarray, measure: Callable[[np.ndarray], float], wanted: float) -> np.ndarray:
        """The animal (V, 3) with a nub such that `measure` of its surface gives the wanted tail length, both in its unit."""
        length = wanted
        for _ in range(ROUNDS):
            found = measure(self.nub(vertices, length))
            length = float(np.clip(length + wanted - found, 0.25 * wanted, 2 * wanted))
        return self.nub(vertices, length)


def project(points: np.ndarray, line: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points (n, 3) on a polyline (k, 3): share of its length (n,), offset from it (n, 3), its direction there (n, 3)."""
    starts, spans = line[:-1], np.diff(line, axis=0)
    lengths = np.linalg.norm(spans, axis=1)
    share = np.clip(np.einsum("nkd,kd->nk", points[:, None] - starts, spans) / lengths**2, 0.0, 1.0)
    feet = starts + share[:, :, None] * spans
    nearest = np.linalg.norm(points[:, None] - feet, axis=2).argmin(axis=1)
    rows = np.arange(len(points))
    before = np.concatenate([[0.0], np.cumsum(lengths)])
    along = (before[nearest] + share[rows, nearest] * lengths[nearest]) / before[-1]
    return along, points - feet[rows, nearest], (spans / lengths[:, None])[nearest]
