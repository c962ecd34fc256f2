"""Plans pictures: who, where, around what and through which lens, from (seed, index) alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ...animal.cameras import Camera
from ...animal.model import AnimalModel
from ...animal.rotations import matrix_from_axis_angle
from .assets import AssetPack
from .backgrounds import Backgrounds
from .contact import TOUCHING, overlap
from .draw import draw_ground, draw_herd, draw_surroundings, species_pool
from .herd3d import herd3d
from .natural import natural
from .options import Options
from .plan import AssetAnimal, Lens, Plan, PlannedAnimal, generator
from .truth import rounded, rounded_camera

Array = NDArray[np.float64]

# Metres a second of an animal with 1 m to the shoulder; others go with the root of their size (Alexander and Jayes 1983).
_SPEEDS = {"walk": 1.3, "sneak": 0.8, "trot": 3.2, "run": 8.0, "gallop": 10.0, "pounce": 4.0, "jump": 5.0}
_CANDIDATES = 6  # animals of a pack that are looked at for one place
_BLURRED, _OUT_OF_FOCUS, _NOISY = 0.6, 0.5, 0.6  # shares of the pictures that have an effect that is asked for


@dataclass(frozen=True, eq=False)
class Planner:
    """Everything that plans are drawn from. pool: names of species; pack: animals of others; backgrounds: pictures to put behind them."""

    model: AnimalModel
    options: Options
    pool: tuple[str, ...]
    pack: AssetPack | None = None
    backgrounds: Backgrounds | None = None

    @classmethod
    def of(cls, model: AnimalModel, options: Options, pack: AssetPack | None = None, backgrounds: Backgrounds | None = None) -> Planner:
        """Raises SpeciesError for a species or family that the model does not know."""
        return cls(model, options, species_pool(model, options.species, options.families), pack, backgrounds)

    def plan(self, index: int) -> Plan:
        """Picture number `index`; the same on every machine, whatever else is rendered there."""
        options, model = self.options, self.model
        rng = generator(options.seed, index)
        count = int(rng.integers(options.animals[0], options.animals[1] + 1))
        herd = draw_herd(model, rng, count, self.pool, options.share_young)
        ground = draw_ground(rng, herd, options.layout, options.grounds)
        width, height = options.size
        if options.layout == "herd3d":
            layout = herd3d(model, rng, herd, width, height)
        else:
            layout = natural(model, rng, herd, width, height, ground)
        animals: tuple[PlannedAnimal | AssetAnimal, ...] = tuple(rounded(animal) for animal in layout.animals)
        camera = rounded_camera(layout.camera)
        background = self._background(rng)
        around = draw_surroundings(rng, ground, _heading(camera), options.lights, background)
        lens = self._lens(rng, camera, layout.animals)
        plan = Plan(options.seed, index, options.layout, camera, layout.terrain, around, animals, layout.scale, lens)
        if options.motion_blur and lens.exposure_s:
            plan = replace(plan, animals=tuple(_moving(animal) for animal in plan.animals))
        return self._with_assets(plan, generator(options.seed, index, 1))

    def _background(self, rng: np.random.Generator) -> str | None:
        if self.backgrounds is None or rng.random() >= self.options.background_share:
            return None
        return str(self.backgrounds.choose(rng).path)

    def _lens(self, rng: np.random.Generator, camera: Camera, animals: Sequence[PlannedAnimal]) -> Lens:
        draws = rng.random(6)
        options, lens = self.options, Lens()
        depths = sorted(float(camera.to_camera(a.metres_per_unit * np.asarray(a.trans))[2]) for a in animals)
        if options.depth_of_field and draws[0] < _OUT_OF_FOCUS:
            sharp = depths[int(draws[1] * len(depths))]
            lens = replace(lens, f_number=round(2.0 * 2.0 ** (2.5 * draws[2]), 1), focus_m=round(max(sharp, 0.05), 3))
        if options.motion_blur and draws[3] < _BLURRED:
            lens = replace(lens, exposure_s=round(1 / 400 * 2.0 ** (4.0 * draws[4]), 5))
        if options.noise and draws[5] < _NOISY:
            lens = replace(lens, noise=round(0.008 + 0.03 * float(rng.random()) ** 2, 4))
        return lens

    def _with_assets(self, plan: Plan, rng: np.random.Generator) -> Plan:
        """In some pictures, animals of the asset pack in the places of some of the planned ones, where they have room."""
        if self.pack is None or rng.random() >= self.options.asset_share:
            return plan
        animals = list(plan.animals)
        bodies = [self._vertices(animal) for animal in animals]
        for k in range(len(animals)):
            if rng.random() < 0.5 or len(animals) == 1:
                other = self._stand_in(animals[k], bodies[k], plan, rng)
                beside = [i for i in range(len(animals)) if i != k]
                shares = [overlap(other.vertices, other.faces, bodies[i], self._faces(animals[i])) for i in beside]
                if max(shares, default=0.0) <= TOUCHING:
                    animals[k], bodies[k] = other, other.vertices
        return replace(plan, animals=tuple(animals))

    def _stand_in(self, animal: PlannedAnimal | AssetAnimal, vertices: Array, plan: Plan, rng: np.random.Generator) -> AssetAnimal:
        """An animal of the pack where a planned one would stand: as large as that one in herd3d, else one of about its size."""
        assert self.pack is not None and isinstance(animal, PlannedAnimal)
        middle = vertices[:, :2].mean(axis=0)
        reach = float(np.linalg.norm(vertices[:, :2] - middle, axis=1).max())
        size = animal.who.height_m if plan.layout == "herd3d" else None
        drawn = [self.pack.draw(rng, shoulder_m=size) for _ in range(_CANDIDATES)]
        best = min(drawn, key=lambda one: abs(np.log(one.radius / reach)))
        forward = matrix_from_axis_angle(animal.pose[0])[:, 0]
        return best.place(plan.terrain, middle, float(np.arctan2(forward[1], forward[0])))

    def _vertices(self, animal: PlannedAnimal | AssetAnimal) -> Array:
        if isinstance(animal, AssetAnimal):
            return animal.vertices
        return animal.metres_per_unit * self.model.forward(animal.betas, animal.pose, animal.trans).vertices

    def _faces(self, animal: PlannedAnimal | AssetAnimal) -> NDArray[np.int32]:
        return animal.faces if isinstance(animal, AssetAnimal) else self.model.faces


def _heading(camera: Camera) -> float:
    """The camera's heading over the ground in radians."""
    forward = camera.R[2]
    return float(np.arctan2(forward[1], forward[0]))


def _moving(animal: PlannedAnimal | AssetAnimal) -> PlannedAnimal | AssetAnimal:
    """The animal with the velocity that what it does and its size call for."""
    if isinstance(animal, AssetAnimal) or animal.doing not in _SPEEDS:
        return animal
    forward = matrix_from_axis_angle(animal.pose[0])[:, 0]
    speed = _SPEEDS[animal.doing] * float(np.sqrt(max(animal.who.height_m, 0.05)))
    forward = forward * (1, 1, 0) / max(float(np.linalg.norm(forward[:2])), 1e-6)
    return replace(animal, velocity=tuple(float(v) for v in speed * forward))
