"""Is a shape of the animal a sound surface? Closed, manifold, symmetric, no face folded over, flat or cutting another.

Shares are of the faces; lengths are told in body lengths (chest to rump, as the model's own measure of an animal).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...animal.model import AnimalModel
from ..authoring.surface import face_neighbours, flipped_faces
from .intersections import FaceContacts

Array = NDArray[np.float64]
Say = Callable[[str], None]

THIN = 1e-3
"""A face is degenerate when its smallest height is below this share of its longest edge."""


@dataclass(frozen=True)
class Health:
    """What is wrong with one shape: shares of the faces, and the largest left-right difference over the animal's length."""

    intersecting: float
    flipped: float
    degenerate: float
    asymmetry: float


class SurfaceCheck:
    """The checks of one model's surface; shapes differ, the faces and who neighbours whom do not."""

    def __init__(self, model: AnimalModel) -> None:
        self.model = model
        self.faces = np.asarray(model.faces, dtype=np.int64)
        self.neighbours = face_neighbours(self.faces)
        self.contacts = FaceContacts(self.faces)

    def health(self, vertices: Array) -> Health:
        """The shares for a shape (V, 3)."""
        corners = vertices[self.faces]
        cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        area2 = np.linalg.norm(cross, axis=1)
        longest = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2).max(axis=1)
        asymmetry = np.nan
        if self.model.vertex_mirror is not None:
            apart = vertices[self.model.vertex_mirror] * (1.0, -1.0, 1.0) - vertices
            asymmetry = float(np.abs(apart).max() / np.ptp(vertices[:, 0]))
        return Health(
            intersecting=self.contacts.share(vertices),
            flipped=float(flipped_faces(vertices, self.faces, self.neighbours).mean()),
            degenerate=float((area2 < THIN * longest**2).mean()),
            asymmetry=asymmetry,
        )


def single_fans(faces: NDArray[np.int64]) -> bool:
    """Whether the faces about every vertex form one ring: no two sheets that touch in a point."""
    following = {}
    for a, b, c in faces.tolist():
        following[a, b], following[b, c], following[c, a] = c, a, b
    rings, left = 0, set(following)
    while left:
        rings += 1
        a, b = start = left.pop()
        while (a, following[a, b]) != start:
            b = following[a, b]
            left.discard((a, b))
    return rings == int(faces.max()) + 1


def species_health(model: AnimalModel, say: Say = lambda text: None) -> dict[str, Health]:
    """The health of every species at rest."""
    check = SurfaceCheck(model)
    found = {}
    for name, kind in model.species.items():
        found[name] = check.health(model.rest(kind.betas).vertices)
        say(f"{name}: {100 * found[name].intersecting:.2f} % of faces cut others")
    return found


def blend_intersections(model: AnimalModel, pairs: int, rng: np.random.Generator) -> dict[tuple[str, str], float]:
    """Share of the faces that cut others, half-way between random pairs of species."""
    check, names = SurfaceCheck(model), list(model.species)
    found: dict[tuple[str, str], float] = {}
    while len(found) < min(pairs, len(names) * (len(names) - 1) // 2):
        i, j = sorted(rng.choice(len(names), 2, replace=False))
        first, second = names[i], names[j]
        if (first, second) not in found:
            betas = (model.species[first].betas + model.species[second].betas) / 2
            found[first, second] = check.contacts.share(model.rest(betas).vertices)
    return found
