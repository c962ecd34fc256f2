"""All animals that the shape space must know exactly: every species with its measures met, and every registered source.

Each is a clean surface: symmetric, its folds relaxed, its feet on the ground. Individuals are drawn around each of them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from .base import smooth_folds
from .breeds import BREEDS, Breed
from .docking import SHORT, Docking
from .measures import TRUNKED, Ruler, Table, read_table
from .population import Stance, draw_individuals, mixed_stance, surface_modes
from .proportions import expand
from .skeleton import INDEX, TAIL, joint_mirror
from .solve import Wanted, solve
from .space import Space, learn
from .surface import averaging, face_neighbours, flipped_faces, self_intersecting_faces

FLIP = np.array([1.0, -1.0, 1.0])
RELAXING, STEPS = 12, 2  # rounds at most, and steps of smoothing in each
AFTER = 1  # rounds more once nothing cuts: surfaces that only just part would meet again in rounding
TAIL_STEP, TAIL_STEPS = 0.12, 10  # radians by which a tail that cuts the body or the ground is raised, and how often
LIFT = {"tail_droop": -0.5, "tail_curl": 0.5}  # how a tail leaves the ground: half from its root, half by its bend
CLEARANCE = 0.006  # of the trunk's length: how far above the soles a tail ends
TIPS = (0.85, 0.7, 0.55, 0.4)  # where along the tail its rounded end may begin
TIP_ROUGHNESS = 5.0  # how much more than rounding a tail must bear: the space is coarser there than on the whole body
SETTLING = 8  # times the space is learned anew
ROUNDING = 4e-5  # of the trunk's length: what half precision may move a vertex by
Sources = Mapping[str, tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Authored:
    """One species: its family, surface (V, 3), joints (35, 3), metres per unit, measures in metres, share of bad faces."""

    family: str
    parameters: np.ndarray
    vertices: np.ndarray
    joints: np.ndarray
    metres_per_unit: float
    measures: dict[str, float]
    folded: float


def measured_breeds(table: Table | None = None, breeds: Mapping[str, Breed] = BREEDS) -> tuple[dict[str, Breed], Table]:
    """The breeds that the table has measures of, and the table of these; read from the file by default."""
    table = read_table() if table is None else table
    known = {name: breed for name, breed in breeds.items() if name in table}
    return known, {name: table[name] for name in known}


def symmetric(points: np.ndarray, mirror: np.ndarray) -> np.ndarray:
    """The mean of points (..., n, 3) and their mirror image; mirror (n,)."""
    return (points + points[..., mirror, :] * FLIP) / 2


class Studio:
    """The template with everything that is done on it: stances by base mixture, the ruler, individuals."""

    def __init__(self, template: Stance, mirror: np.ndarray, groups: list[np.ndarray], sources: Sources) -> None:
        self.template, self.mirror, self.groups = template, mirror, groups
        self.sources = dict(sources)
        warp = template.warp
        self.faces = warp.faces
        self.average = averaging(warp.faces, len(warp.vertices))
        self.neighbours = face_neighbours(warp.faces)
        rough = ROUNDING * template.height_and_length(warp.vertices)[1]
        shakes = rough * np.random.default_rng(0).standard_normal((2, *warp.vertices.shape))
        self.shakes = symmetric(shakes, mirror) * np.sqrt(2)
        self.tail = warp.weights[:, [INDEX[name] for name in TAIL]].sum(axis=1) > 0.5
        self.ruler = Ruler.on(warp.vertices, warp.joints, warp.weights, mirror, groups)
        self.docking = Docking(warp)
        self.modes = surface_modes(warp, mirror)
        self._stances: dict[tuple[tuple[str, float], ...], Stance] = {}

    def without(self, names: Collection[str]) -> Studio:
        """The same studio that knows nothing of some sources."""
        sources = {name: parts for name, parts in self.sources.items() if name not in names}
        return Studio(self.template, self.mirror, self.groups, sources)

    @property
    def length(self) -> float:
        """The template's trunk from chest to rump, model units."""
        return self.template.height_and_length(self.template.warp.vertices)[1]

    def stance(self, base: Mapping[str, float]) -> Stance:
        """The stance on a mixture of sources."""
        key = tuple(sorted(base.items()))
        if key not in self._stances:
            self._stances[key] = mixed_stance(self.template, self.sources, base)
        return self._stances[key]

    def relaxed(self, vertices: np.ndarray) -> np.ndarray:
        """The surface (V, 3) without folds, as far as smoothing about the faces that cut helps; symmetric.

        A place once smoothed stays soft for some rounds, so that one fold is not moved into the next.
        """
        touched, left = np.zeros(len(vertices)), RELAXING
        while left:
            bad = self.unsound(vertices)
            if not bad.any():
                if not touched.any():
                    return vertices
                left = min(left, AFTER)
            left -= 1
            touched *= 0.9
            touched[self.faces[bad].ravel()] = 1.0
            touched = np.maximum(touched, touched[self.mirror])
            amount = 0.6 * np.minimum(1.0, touched + self.average @ touched)[:, None]
            for _ in range(STEPS):
                vertices = vertices + amount * (self.average @ vertices - vertices)
            vertices = symmetric(vertices, self.mirror)
        return smooth_folds(vertices, self.faces, self.mirror, rounds=0)  # what is left is spanned anew

    def unsound(self, vertices: np.ndarray, roughness: float = 1.0) -> np.ndarray:
        """Mask (F,) of the faces folded over, and of those that cut another or would if each vertex moved by its rounding."""
        bad = self_intersecting_faces(vertices, self.faces) | flipped_faces(vertices, self.faces, self.neighbours)
        for shake in self.shakes:
            bad |= self_intersecting_faces(vertices + roughness * shake, self.faces)
        return bad

    def faults(self, vertices: np.ndarray) -> int:
        """How many faces cut another or are folded over."""
        cutting = self_intersecting_faces(vertices, self.faces)
        return int((cutting | flipped_faces(vertices, self.faces, self.neighbours)).sum())

    def folded(self, vertices: np.ndarray) -> float:
        """Share of the faces that cut another."""
        return float(self_intersecting_faces(vertices, self.faces).mean())

    def buried(self, vertices: np.ndarray) -> bool:
        """Whether the tail of an animal (V, 3) hangs below its soles."""
        ground = vertices[self.ruler.ground, 2].min() + CLEARANCE * self.length
        return bool(vertices[self.tail, 2].min() < ground)

    def docked(self, vertices: np.ndarray, joints: np.ndarray) -> np.ndarray:
        """The animal (V, 3) with joints (35, 3), its tail a smooth nub where there is next to none, and never crumpled."""

        def measure(name: str, surface: np.ndarray) -> float:
            return float(self.ruler.measure(surface[None], joints[None])[name][0])

        tail = measure("tail_length", vertices)
        if tail > SHORT * measure("head_body_length", vertices):
            return self.tipped(vertices)
        return self.docking.docked(vertices, lambda surface: measure("tail_length", surface), tail)

    def tipped(self, vertices: np.ndarray) -> np.ndarray:
        """The animal (V, 3), its tail rounded off from as near to the tip as makes it sound."""

        def crumpled(surface: np.ndarray) -> int:
            return int(self.tail[self.faces[self.unsound(surface, TIP_ROUGHNESS)]].all(axis=1).sum())

        best, least = vertices, crumpled(vertices)
        for root in TIPS:
            if not least:
                break
            tried = self.docking.tipped(vertices, root)
            if crumpled(tried) < least:
                best, least = tried, crumpled(tried)
        return best

    def author(self, breed: Breed, wanted: Mapping[str, Wanted]) -> Authored:
        """One species, from its breed and what its measures should be (see `solve.targets`)."""
        stance, trunked = self.stance(breed.base), breed.family in TRUNKED
        start = expand(breed.traits)
        for _ in range(TAIL_STEPS):
            solved = solve(stance, self.ruler, start, wanted, trunked)
            if self.buried(solved.vertices):
                start = start + TAIL_STEP * expand(LIFT)
                continue
            bad = self_intersecting_faces(solved.vertices, self.faces)
            if not self.tail[self.faces[bad]].any():
                break
            start = start + expand({"tail_droop": -TAIL_STEP})
        vertices = self.relaxed(self.docked(symmetric(solved.vertices, self.mirror), solved.joints))
        joints = symmetric(solved.joints, joint_mirror())
        found = self.ruler.measure(vertices[None], joints[None], trunked)
        measures = {name: solved.metres_per_unit * float(value[0]) for name, value in found.items()}
        return Authored(
            breed.family, solved.parameters, vertices, joints, solved.metres_per_unit, measures, self.folded(vertices)
        )

    def individuals(
        self, breeds: Mapping[str, Breed], authored: Mapping[str, Authored], each: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray, list[str]]:
        """Random individuals: vertices (N, V, 3) float32, joints (N, 35, 3), and which species or source each is of."""
        vertices, joints, kinds = [], [], []
        centres = [(name, self.stance(breeds[name].base), animal.parameters) for name, animal in authored.items()]
        centres += [(name, self.stance({name: 1.0}), expand({})) for name in self.sources]
        for name, stance, parameters in centres:
            v, j = draw_individuals(stance, parameters, self.modes, each, rng)
            if name in authored:  # what relaxing changed, each individual has too
                _, plain, _ = stance.level(parameters, 1)
                v = v + (authored[name].vertices - plain)
            vertices.append(symmetric(v, self.mirror).astype(np.float32))
            joints.append(j)
            kinds += [name] * each
        return np.concatenate(vertices), np.concatenate(joints), kinds

    def settle(
        self, exact: np.ndarray, individuals: np.ndarray, count: int, judged: int, rounds: int = SETTLING
    ) -> tuple[Space, np.ndarray]:
        """The space learned so that the first `judged` shapes come back sound, and the exact surfaces (M, V, 3) changed for it.

        A surface that is sound may cut itself once its last hundredths of a percent are lost (lips, eyelids, a tail on the
        thigh): what comes back folded is relaxed and takes the surface's place, and whatever is close to it is held more
        firmly. Of all rounds the one that gives the soundest shapes counts.
        """
        exact, strict = exact.copy(), np.ones(len(exact))
        exact[:] = [self.relaxed(surface) if self.unsound(surface).any() else surface for surface in exact]
        best: tuple[int, Space, np.ndarray] | None = None
        for _ in range(rounds):
            space = learn(exact, individuals, self.mirror, count, self.length, strict)
            shapes = space.shape(space.project(exact))
            faults = np.array([self.faults(shape) for shape in shapes])
            badness = int((faults[:judged] ** 2).sum())
            if best is None or badness < best[0]:
                best = badness, space, exact.copy()
            poor = [index for index, shape in enumerate(shapes) if self.unsound(shape).any()]
            if not poor or rounds == 1:
                break
            for index in poor:
                strict[index] /= 2
                if faults[index]:
                    exact[index] = self.relaxed(shapes[index])
        if best is None:
            raise ValueError("settling takes at least one round")
        return best[1], best[2]
