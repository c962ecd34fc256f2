"""Animals standing: a warp that keeps all feet on the ground, and random individuals around authored ones.

Individuals differ from their kind in broad traits, in every single parameter of the warp, and by smooth ripples of the
surface. They are what the shape directions are learned from. All draws come from a passed generator.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import eigsh

from .proportions import FORE, HIND, TRAITS, expand, noise_scale
from .skeleton import INDEX, SPINE
from .surface import adjacency, smooth, vertex_normals
from .warp import POSITION, Warp

HIND_LENGTHS = [POSITION[f"{part}.length"] for part in HIND[:3]]
DEPTHS = [POSITION[f"{part}.depth"] for part in SPINE]
WIDTHS = [POSITION[f"{part}.width"] for part in SPINE]
ALL_LENGTHS = HIND_LENGTHS + [POSITION[f"{part}.length"] for part in FORE[:3]]


@dataclass(frozen=True)
class Shape:
    """Height at the withers, chest depth and trunk width, each over the length from chest to rump."""

    height: float
    depth: float
    width: float


@dataclass(frozen=True)
class Stance:
    """A warp that also puts the hind feet on the level of the fore feet and can meet a wanted height."""

    warp: Warp
    withers: np.ndarray  # vertex indices
    chest: np.ndarray
    fore_soles: np.ndarray = field(init=False)
    hind_soles: np.ndarray = field(init=False)
    rump: np.ndarray = field(init=False)
    trunk: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        weights = self.warp.weights
        for name, parts, least in (
            ("fore_soles", ("LFoot", "RFoot"), 0.8),
            ("hind_soles", ("LFootBack", "RFootBack"), 0.8),
            ("trunk", ("spine0", "spine1", "spine2", "spine3"), 0.75),
            ("rump", ("pelvis", "LLegBack1", "RLegBack1"), 0.7),
        ):
            held = weights[:, [INDEX[part] for part in parts]].sum(axis=1)
            object.__setattr__(self, name, np.flatnonzero(held > least))

    def on(self, vertices: np.ndarray, joints: np.ndarray) -> Stance:
        """The same on another surface (V, 3) of the topology with its joints (35, 3)."""
        return Stance(self.warp.on(vertices, joints), self.withers, self.chest)

    def level_many(self, parameters: np.ndarray, rounds: int = 4) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Hind bones lengthened or shortened until all feet stand level.

        parameters (N, P). Gives them changed, and vertices (N, V, 3) and joints (N, 35, 3).
        """
        parameters = np.array(parameters, np.float64)
        for _ in range(rounds):
            vertices, joints = self.warp.apply_many(parameters)
            hind = vertices[:, self.hind_soles, 2].min(axis=1)
            reach = joints[:, INDEX["LLegBack1"], 2] - hind
            wanted = np.maximum(reach + hind - vertices[:, self.fore_soles, 2].min(axis=1), 0.2 * reach)
            parameters[:, HIND_LENGTHS] += np.clip(np.log(wanted / reach), -0.4, 0.4)[:, None]
        return (parameters, *self.warp.apply_many(parameters))

    def level(self, parameters: np.ndarray, rounds: int = 4) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """As `level_many` for one animal: parameters (P,), vertices (V, 3), joints (35, 3)."""
        parameters, vertices, joints = self.level_many(np.asarray(parameters)[None], rounds)
        return parameters[0], vertices[0], joints[0]

    def height_and_length(self, vertices: np.ndarray) -> tuple[float, float]:
        """Height at the withers above the soles, and length from chest to rump, in the vertices' unit."""
        height = vertices[self.withers, 2].mean() - vertices[self.fore_soles, 2].min()
        return float(height), float(vertices[self.chest, 0].max() - vertices[self.rump, 0].min())

    def measure(self, vertices: np.ndarray) -> Shape:
        """The proportions of a shaped surface (V, 3)."""
        height, length = self.height_and_length(vertices)
        depth = vertices[self.withers, 2].mean() - vertices[self.trunk, 2].min()
        return Shape(height / length, depth / length, float(np.ptp(vertices[self.trunk, 1])) / length)

    def meet(self, parameters: np.ndarray, wanted: Shape) -> np.ndarray:
        """Parameters with leg length, trunk depth and trunk width changed until the proportions are as wanted, feet level."""
        parameters = parameters.copy()
        for _ in range(20):
            parameters, vertices, joints = self.level(parameters, 2)
            found = self.measure(vertices)
            _, length = self.height_and_length(vertices)
            leg = joints[INDEX["LLeg1"], 2] - vertices[self.fore_soles, 2].min()
            reach = leg + (wanted.height - found.height) * length
            parameters[ALL_LENGTHS] += 0.7 * np.clip(np.log(max(reach, 0.1 * leg) / leg), -0.3, 0.3)
            parameters[DEPTHS] += 0.7 * np.clip(np.log(wanted.depth / found.depth), -0.2, 0.2)
            parameters[WIDTHS] += 0.7 * np.clip(np.log(wanted.width / found.width), -0.2, 0.2)
        return self.level(parameters)[0]


def mixed_stance(
    template: Stance, sources: Mapping[str, tuple[np.ndarray, np.ndarray]], base: Mapping[str, float]
) -> Stance:
    """The stance on a mixture of sources (name to vertices (V, 3) and joints (35, 3)) with shares as in `base`.

    What the shares leave to 1 is the template. A name that no source has is left out and the rest, the template's share
    among them, is made to sum to 1; when nothing is left it is the template.
    """
    known = {"": (template.warp.vertices, template.warp.joints), **sources}
    shares = {name: share for name, share in base.items() if name in known and share > 0}
    shares[""] = shares.get("", 0.0) + max(0.0, 1.0 - sum(base.values()))
    total = sum(shares.values())
    if shares[""] >= total - 1e-9:
        return template
    parts = [sum(share / total * known[name][k] for name, share in shares.items()) for k in range(2)]
    return template.on(np.asarray(parts[0]), np.asarray(parts[1]))


def random_traits(rng: np.random.Generator, size: float = 1.0) -> np.ndarray:
    """Warp parameters (P,) of traits drawn at `size` standard deviations, with noise on every single parameter."""
    traits = {name: size * spread * rng.standard_normal() for name, (spread, _) in TRAITS.items()}
    bulk, height = rng.standard_normal(2) * size
    for name, share in (("trunk_width", 0.10), ("trunk_depth", 0.05), ("leg_girth", 0.16), ("neck_girth", 0.10)):
        traits[name] += share * bulk
    for name, share in (("leg_length", 0.12), ("neck_length", 0.14), ("cannon_length", 0.06)):
        traits[name] += share * height
    return expand(traits) + size * noise_scale() * rng.standard_normal(len(noise_scale()))


def surface_modes(warp: Warp, mirror: np.ndarray, count: int = 60) -> np.ndarray:
    """Smooth symmetric displacements along the normals (count, V, 3), unit root mean square."""
    n = len(warp.vertices)
    matrix = adjacency(warp.faces, n)
    stiff = sparse.diags(np.asarray(matrix.sum(axis=1)).ravel()) - matrix
    _, vectors = eigsh(stiff.tocsc(), k=2 * count + 10, sigma=-1e-3, v0=np.ones(n))
    even = (vectors + vectors[mirror]) / 2
    even = even[:, np.linalg.norm(even, axis=0) > 0.9][:, 1 : count + 1]
    even *= np.sqrt(n) / np.linalg.norm(even, axis=0)
    even *= np.sign(even[np.abs(even).argmax(axis=0), np.arange(even.shape[1])])
    normals = smooth(vertex_normals(warp.vertices, warp.faces), warp.faces, 3)
    return even.T[:, :, None] * normals


def draw_individuals(
    stance: Stance, centre: np.ndarray, modes: np.ndarray, count: int, rng: np.random.Generator, size: float = 0.5
) -> tuple[np.ndarray, np.ndarray]:
    """Vertices (N, V, 3) and joints (N, 35, 3) of individuals around one animal's parameters (P,).

    size: standard deviations of the traits; modes: see `surface_modes`, drawn so that the first ripple the most.
    """
    parameters = np.stack([centre + random_traits(rng, size) for _ in range(count)])
    _, vertices, joints = stance.level_many(parameters, 3)
    extent = np.ptp(stance.warp.joints[:, 0])
    ripples = 0.0011 * extent * rng.standard_normal((count, len(modes))) / np.sqrt(1 + 0.1 * np.arange(len(modes)))
    return vertices + np.tensordot(ripples, modes, axes=1), joints
