"""An animal as it is seen: its body in its coat, with what it wears on top, as one coloured surface.

    dressing = Dressing(model)
    picture = portrait(*dressing.dress(model.species["tiger"]), azimuth=90)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .coat_fields import can_measure, vertex_normals
from .coat_painting import CoatPainter
from .coats import Coat, linear
from .hair_tufts import TUFT_ALONG
from .model import AnimalModel
from .part_shapes import PartMesh, has_face
from .parts import COAT
from .portrait import PLAIN, portrait
from .species import Species

Array = NDArray[np.float64]


class Dressing:
    """Puts coats and parts on the animals of one model; a model that cannot carry them stays as it is."""

    def __init__(self, model: AnimalModel) -> None:
        self.model = model
        self.painter = CoatPainter(model) if can_measure(model) else None

    def dress(
        self, species: Species, betas: ArrayLike | None = None, finer: bool = False
    ) -> tuple[Array, NDArray[np.int32], Array]:
        """Vertices (n, 3) in model units at rest, faces (m, 3), and colours (n, 3) in linear light.

        betas: of an individual, instead of the species' own. finer: four faces for each of the model's, so that stripes
        and spots are sharper than the model's vertices stand apart.
        """
        model = self.model
        betas = species.betas if betas is None else np.asarray(betas, np.float64)
        rest = model.rest(betas)
        vertices, faces, colours = rest.vertices, model.faces, np.tile(PLAIN, (model.n_vertices, 1))
        ends = np.zeros((0, 2), np.int32)
        if finer:
            vertices, faces, ends = _quartered(vertices, faces)
            colours = np.tile(PLAIN, (len(vertices), 1))
        if species.coat is not None and self.painter is not None:
            surface = self.painter.surface(species.coat, betas)
            if finer:
                surface = surface.at(ends[:, [0, 1, 1]], np.tile([0.5, 0.5, 0.0], (len(ends), 1)))
            colours = self.painter.paint(species.coat, surface)
        if species.parts and has_face(model):
            mesh = PartMesh.of(model, species.parts)
            faces = np.concatenate([faces, mesh.faces + len(vertices)])
            vertices = np.concatenate([vertices, mesh.vertices(rest)])
            coat: ArrayLike = PLAIN
            if species.coat is not None and self.painter is not None:
                coat = coat_at_parts(mesh, self.painter, species.coat, betas)
            colours = np.concatenate([colours, part_colours(mesh, coat)])
        return vertices, faces, colours


def _quartered(vertices: Array, faces: NDArray[np.int32]) -> tuple[Array, NDArray[np.int32], NDArray[np.int32]]:
    """Each face cut in four: vertices, faces, and (n, 2) which two of the old vertices each new one lies between.

    The middles of edges are lifted onto the smooth surface (Vlachos et al., "Curved PN triangles", 2001, equation 2).
    """
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    ends, which = np.unique(edges, axis=0, return_inverse=True)
    normals = vertex_normals(vertices, faces)
    (a, b), (na, nb) = vertices[ends].transpose(1, 0, 2), normals[ends].transpose(1, 0, 2)
    rise = ((b - a) * na).sum(axis=1, keepdims=True) * na + ((a - b) * nb).sum(axis=1, keepdims=True) * nb
    ab, bc, ca = (which.reshape(3, -1) + len(vertices)).astype(np.int32)
    first, second, third = faces.T
    cut = np.stack([first, ab, ca, ab, second, bc, ca, bc, third, ab, bc, ca], axis=1).reshape(-1, 3)
    own = np.repeat(np.arange(len(vertices))[:, None], 2, axis=1)
    return np.concatenate([vertices, (a + b) / 2 - rise / 8]), cut, np.concatenate([own, ends]).astype(np.int32)


def coat_at_parts(mesh: PartMesh, painter: CoatPainter, coat: Coat, betas: ArrayLike) -> Array:
    """(n, 3) linear light: for each vertex of the parts the coat where its tuft is rooted; for hard parts the coat's base.

    So the mane of a striped animal is striped.
    """
    colours = np.tile(np.array(linear(coat.base)), (len(mesh.along), 1))
    surface = painter.surface(coat, betas)
    for number, rooted in enumerate(mesh.roots):
        if rooted and COAT in (mesh.parts[number].colour, mesh.parts[number].tip_colour):
            painted = [painter.paint(coat, surface.at(hair.corners, hair.shares)) for hair in rooted]
            colours[mesh.part == number] = np.repeat(np.concatenate(painted), len(TUFT_ALONG), axis=0)
    return colours


def part_colours(mesh: PartMesh, coat: ArrayLike = PLAIN) -> Array:
    """Colours (n, 3), linear light, of the vertices of an animal's parts, blending from root to tip.

    coat: linear light, (3,) or (n, 3), of what has the coat's colour.
    """
    own = np.broadcast_to(np.asarray(coat, np.float64), (len(mesh.along), 3))

    def tones(names: list[str]) -> Array:
        table = np.array([(0.0, 0.0, 0.0) if name == COAT else linear(name) for name in names]).reshape(-1, 3)
        as_coat = np.array([name == COAT for name in names], dtype=bool)
        return np.where(as_coat[mesh.part, None], own, table[mesh.part])

    share = np.clip(mesh.along, 0.0, 1.0)[:, None] ** 1.5
    root = tones([part.colour for part in mesh.parts])
    return (1 - share) * root + share * tones([part.tip_colour or part.colour for part in mesh.parts])


def species_portrait(model: AnimalModel, species: Species, size: int = 512) -> NDArray[np.uint8]:
    """A species from the left and from three quarters in front, side by side (size * 3/4, 2 size, 3), sRGB."""
    dressed = Dressing(model).dress(species, finer=True)
    views = [portrait(*dressed, azimuth=azimuth, elevation=rise, width=size, height=size * 3 // 4)
             for azimuth, rise in ((90.0, 4.0), (38.0, 10.0))]  # fmt: skip
    return np.concatenate(views, axis=1)
