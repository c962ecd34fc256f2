"""The surfaces of a record's animals, worked out from the record and the model alone: skin by the model's forward, parts on top.

Horns, manes and their kin are laid on the shaped animal at rest and carried by the joints, as everywhere in Bestiary.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...animal.individual import Individual
from ...animal.model import AnimalModel
from ...animal.part_shapes import PartMesh, has_face
from ...animal.rotations import matrix_from_axis_angle
from .fields import Array, RecordError
from .records import Animal

_KEPT = 64  # part meshes that are remembered


@dataclass(frozen=True, eq=False)
class Surface:
    """An animal's surface in metres in the world: vertices (n, 3), faces (m, 3); the first `n_skin` vertices and `n_skin_faces`
    faces are its body's. keypoints (K, 3) and joints (J, 3) likewise; None for an animal of an asset pack."""

    vertices: Array
    faces: NDArray[np.int32]
    n_skin: int
    n_skin_faces: int
    keypoints: Array | None
    joints: Array | None

    @property
    def skin(self) -> tuple[Array, NDArray[np.int32]]:
        """Vertices and faces of the body alone: a closed surface."""
        return self.vertices[: self.n_skin], self.faces[: self.n_skin_faces]

    @property
    def extent(self) -> float:
        """Metres: the largest extent of the body's vertices along the world's axes."""
        return float(np.ptp(self.vertices[: self.n_skin], axis=0).max())


class Surfaces:
    """Makes surfaces of one model's animals."""

    def __init__(self, model: AnimalModel) -> None:
        self.model = model
        self._worn: dict[tuple[str, tuple[str, ...]], PartMesh | None] = {}

    def of(self, animal: Animal, meshes: dict[int, tuple[Array, NDArray[np.int32]]]) -> Surface:
        """The surface of one animal; meshes are those of the record's asset animals. Raises RecordError for what does not fit."""
        if animal.asset is not None:
            if animal.id not in meshes:
                raise RecordError(f"animal {animal.id}: {animal.asset} has no mesh: the record names no file of meshes")
            vertices, faces = meshes[animal.id]
            return Surface(vertices, faces, len(vertices), len(faces), None, None)
        model, scale = self.model, animal.metres_per_unit
        assert animal.betas is not None and animal.pose is not None and animal.trans is not None and scale is not None
        assert animal.who is not None
        if len(animal.betas) > model.n_betas or len(animal.pose) != model.n_joints:
            raise RecordError(f"animal {animal.id}: {len(animal.betas)} betas and {len(animal.pose)} joints, the model "
                              f"{model.name!r} has {model.n_betas} and {model.n_joints}")
        posed = model.forward(animal.betas, animal.pose, animal.trans)
        vertices, faces, worn = scale * posed.vertices, model.faces, self._parts(animal.who, animal.without)
        if worn is not None:
            vertices = np.concatenate([vertices, scale * self._carried(worn, animal)])
            faces = np.concatenate([faces, worn.faces + model.n_vertices])
        keypoints = np.full((len(model.superset_matrix), 3), np.nan)
        there = model.superset_matrix.any(axis=1)
        keypoints[there] = scale * (model.superset_matrix[there] @ posed.vertices)
        return Surface(vertices, faces, model.n_vertices, len(model.faces), keypoints, scale * posed.joints)

    def _parts(self, who: Individual, without: tuple[str, ...]) -> PartMesh | None:
        """What an individual wears: the parts of the species it has most of, without those left off."""
        key = (who.other if who.other and who.blend > 0.5 else who.species, without)
        if key not in self._worn:
            species = self.model.species.get(key[0])
            parts = tuple(part for part in species.parts if part.kind not in without) if species and has_face(self.model) else ()
            while len(self._worn) >= _KEPT:
                self._worn.pop(next(iter(self._worn)))
            self._worn[key] = PartMesh.of(self.model, parts) if parts else None
        return self._worn[key]

    def _carried(self, worn: PartMesh, animal: Animal) -> Array:
        """(n, 3) the vertices of parts in model units, moved from the rest shape by the joints that they are weighted to."""
        model, rest = self.model, self.model.rest(animal.betas)
        turns = matrix_from_axis_angle(np.asarray(animal.pose))
        moves = np.tile(np.eye(4), (model.n_joints, 1, 1))  # of each joint, from rest to pose
        for joint, parent in enumerate(model.parents):
            own = np.eye(4)
            own[:3, :3] = turns[joint]
            own[:3, 3] = rest.joints[joint] - turns[joint] @ rest.joints[joint]
            moves[joint] = own if parent < 0 else moves[parent] @ own
        points = np.column_stack([worn.vertices(rest), np.ones(len(worn.along))])
        return np.einsum("nj,jab,nb->na", worn.weights, moves[:, :3], points, optimize=True) + np.asarray(animal.trans)
