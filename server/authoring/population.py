"""Many animals, and the shape directions that span them.

Random quadrupeds are drawn around the authored species and around no species at all; the principal components of their
vertex offsets, each scaled to one standard deviation, are the model's `shapedirs`. All draws come from a passed generator.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy import sparse
from scipy.optimize import nnls
from scipy.sparse.linalg import eigsh

from .proportions import FORE, HIND, TRAITS, expand, noise_scale
from .skeleton import INDEX, JOINT_NAMES, SPINE, joint_mirror
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
        fore = weights[:, [INDEX["LFoot"], INDEX["RFoot"]]].sum(axis=1) > 0.8
        hind = weights[:, [INDEX["LFootBack"], INDEX["RFootBack"]]].sum(axis=1) > 0.8
        rump = weights[:, [INDEX["pelvis"], INDEX["LLegBack1"], INDEX["RLegBack1"]]].sum(axis=1) > 0.7
        object.__setattr__(self, "fore_soles", np.flatnonzero(fore))
        object.__setattr__(self, "hind_soles", np.flatnonzero(hind))
        trunk = weights[:, [INDEX[name] for name in ("spine0", "spine1", "spine2", "spine3")]].sum(axis=1) > 0.75
        object.__setattr__(self, "trunk", np.flatnonzero(trunk))
        object.__setattr__(self, "rump", np.flatnonzero(rump))

    def level(self, parameters: np.ndarray, rounds: int = 4) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Hind bones lengthened or shortened until all feet stand level: (parameters, vertices, joints)."""
        parameters = parameters.copy()
        for _ in range(rounds):
            vertices, joints = self.warp.apply(parameters)
            gap = vertices[self.hind_soles, 2].min() - vertices[self.fore_soles, 2].min()
            reach = joints[INDEX["LLegBack1"], 2] - vertices[self.hind_soles, 2].min()
            parameters[HIND_LENGTHS] += np.clip(np.log(max(reach + gap, 0.2 * reach) / reach), -0.4, 0.4)
        return (parameters, *self.warp.apply(parameters))

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


def random_traits(rng: np.random.Generator, size: float = 1.0) -> np.ndarray:
    """Warp parameters (P,) of traits drawn at `size` standard deviations, with noise on every single parameter."""
    traits = {name: size * spread * rng.standard_normal() for name, (spread, _) in TRAITS.items()}
    bulk, height = rng.standard_normal(2) * size
    for name, share in (("trunk_width", 0.10), ("trunk_depth", 0.05), ("leg_girth", 0.16), ("neck_girth", 0.10)):
        traits[name] += share * bulk
    for name, share in (("leg_length", 0.12), ("neck_length", 0.14), ("cannon_length", 0.06)):
        traits[name] += share * height
    return expand(traits) + size * noise_scale() * rng.standard_normal(len(noise_scale()))


def draw_parameters(
    rng: np.random.Generator, authored: Sequence[np.ndarray], common: np.ndarray, size: float = 1.0
) -> np.ndarray:
    """One random animal's parameters: mostly around a blend of two authored species, else around the template.

    common holds how often each authored species is drawn, summing to 1.
    """
    if len(authored) and rng.random() < 0.6:
        first, second = rng.choice(len(authored), size=2, p=common)
        share = rng.uniform(0.0, 0.5)
        centre = (1 - share) * authored[first] + share * authored[second]
        return rng.uniform(0.5, 1.15) * centre + random_traits(rng, 0.5 * size)
    return random_traits(rng, size)


def surface_modes(warp: Warp, mirror: np.ndarray, count: int = 60) -> np.ndarray:
    """Smooth symmetric displacements along the normals (count, V, 3), unit root mean square."""
    n = len(warp.vertices)
    matrix = adjacency(warp.faces, n)
    stiff = sparse.diags(np.asarray(matrix.sum(axis=1)).ravel()) - matrix
    _, vectors = eigsh(stiff.tocsc(), k=2 * count + 10, sigma=-1e-3, v0=np.ones(n))
    even = (vectors + vectors[mirror]) / 2
    even = even[:, np.linalg.norm(even, axis=0) > 0.9][:, 1 : count + 1]
    even *= np.sqrt(n) / np.linalg.norm(even, axis=0)
    normals = smooth(vertex_normals(warp.vertices, warp.faces), warp.faces, 3)
    return even.T[:, :, None] * normals


@dataclass(frozen=True)
class Population:
    """Offsets (N, V, 3) from the template and joints (N, 35, 3) of drawn animals."""

    offsets: np.ndarray
    joints: np.ndarray


def draw_population(
    stance: Stance, authored: Sequence[np.ndarray], common: np.ndarray, mirror: np.ndarray, count: int,
    rng: np.random.Generator,
) -> Population:  # fmt: skip
    """Draw `count` animals (see `draw_parameters`); small surface modes are added so that individuals of one build still differ."""
    warp = stance.warp
    modes = surface_modes(warp, mirror)
    extent = np.ptp(warp.joints[:, 0])
    offsets = np.zeros((count, *warp.vertices.shape), dtype=np.float32)
    joints = np.zeros((count, len(JOINT_NAMES), 3))
    for index in range(count):
        _, vertices, joints[index] = stance.level(draw_parameters(rng, authored, common), 3)
        wobble = 0.0011 * extent * rng.standard_normal(len(modes)) / np.sqrt(1 + 0.1 * np.arange(len(modes)))
        offsets[index] = vertices + np.tensordot(wobble, modes, axes=1) - warp.vertices
    return Population(offsets, joints)


def principal_directions(offsets: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Directions (V, 3, count), one standard deviation each, and the share of variance each explains (count,)."""
    flat = offsets.reshape(len(offsets), -1).astype(np.float64)
    flat = flat - flat.mean(axis=0)
    values, vectors = np.linalg.eigh(flat @ flat.T)
    order = np.argsort(values)[::-1][:count]
    directions = flat.T @ vectors[:, order]  # column norm: the singular value
    directions /= np.sqrt(len(offsets) - 1)
    directions *= np.sign(directions[np.abs(directions).argmax(axis=0), np.arange(count)])
    return directions.reshape(*offsets.shape[1:], count), values[order] / values.sum()


def joint_regressor(warp: Warp, population: Population, mirror: np.ndarray, candidates: int = 120) -> np.ndarray:
    """Non-negative, symmetric J_regressor (35, V), rows sum to 1, fitted to the joints of the drawn animals."""
    chosen = np.linspace(0, len(population.offsets) - 1, 60).astype(int)
    vertices = np.concatenate([warp.vertices[None], warp.vertices + population.offsets[chosen]])
    joints = np.concatenate([warp.joints[None], population.joints[chosen]])
    regressor = np.zeros((len(JOINT_NAMES), len(mirror)))
    partner = joint_mirror()
    for joint in range(len(JOINT_NAMES)):
        if JOINT_NAMES[joint].startswith("R"):
            continue
        near = np.argsort(np.linalg.norm(warp.vertices - warp.joints[joint], axis=1), kind="stable")[:candidates]
        if partner[joint] == joint:
            near = np.unique(np.concatenate([near, mirror[near]]))
        emphasis = np.ones(len(vertices))
        emphasis[0] = 5.0
        system = (emphasis[:, None, None] * vertices[:, near]).transpose(0, 2, 1).reshape(-1, len(near))
        right = (emphasis[:, None] * joints[:, joint]).reshape(-1)
        system = np.concatenate([system, np.full((1, len(near)), 100.0), 0.02 * np.eye(len(near))])
        solution, _ = nnls(system, np.concatenate([right, [100.0], np.zeros(len(near))]))
        regressor[joint, near] = solution / solution.sum()
        if partner[joint] == joint:
            regressor[joint] = (regressor[joint] + regressor[joint][mirror]) / 2
        else:
            regressor[partner[joint]] = regressor[joint][mirror]
    return regressor
