"""What is in one picture of a herd, before Blender knows of it: plain numbers, drawn from (seed, index) alone.

World: metres, Z up, right-handed; the ground lies near z = 0 and `Terrain.height` says where exactly. Nothing here needs
Blender, so a plan can be made, checked and tested anywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...animal.cameras import Camera
from ...animal.individual import Individual
from ...animal.noise import value_noise

Array = NDArray[np.float64]

LAYOUTS = ("herd3d", "natural")
GROUNDS = ("grass", "meadow", "sand", "snow", "rock", "water", "floor")
"""What the animals stand on; `meadow` is high grass with flowers, `water` a shore, `floor` indoors."""
LIGHTS = ("sun", "cloudy", "overcast", "dusk")


@dataclass(frozen=True)
class Tilt:
    """A place where the ground leans: at `centre` (2,) by `slope` (2,) (rise over run along x and y), dying away over `radius` metres."""

    centre: tuple[float, float]
    slope: tuple[float, float]
    radius: float


@dataclass(frozen=True)
class Terrain:
    """The ground's height over the x-y plane: gentle noise, and tilts under animals.

    roughness: half the metres that the noise rises and falls at most; size: metres from one hill to the next; seed: which noise.
    """

    seed: int
    roughness: float
    size: float
    tilts: tuple[Tilt, ...] = ()

    def height(self, places: ArrayLike) -> Array:
        """z (…) in metres at places (…, 2)."""
        places = np.asarray(places, np.float64)
        flat = places.reshape(-1, 2)
        points = np.column_stack([flat / self.size, np.full(len(flat), 0.5 + 7.31 * (self.seed % 1009))])
        z = 2.0 * self.roughness * value_noise(points, 0, 3) if self.roughness > 0 else np.zeros(len(flat))
        for tilt in self.tilts:
            away = flat - np.asarray(tilt.centre)
            z = z + away @ np.asarray(tilt.slope) * np.exp(-0.5 * (away**2).sum(axis=1) / tilt.radius**2)
        return z.reshape(places.shape[:-1])

    def normal(self, places: ArrayLike, step: float = 0.05) -> Array:
        """Unit normals (…, 3) at places (…, 2), measured over `step` metres."""
        places = np.asarray(places, np.float64)
        ex, ey = np.array([step, 0.0]), np.array([0.0, step])
        rise = [(self.height(places + e) - self.height(places - e)) / (2 * step) for e in (ex, ey)]
        normal = np.stack([-rise[0], -rise[1], np.ones_like(rise[0])], axis=-1)
        return normal / np.linalg.norm(normal, axis=-1, keepdims=True)


@dataclass(frozen=True, eq=False)
class PlannedAnimal:
    """One animal of the open model (or the user's), posed and placed.

    who: as an animator would describe it. coat: the species whose coat it wears; without: kinds of parts left off.
    betas (B,), pose (J, 3) with the root's turn first, trans (3,) in model units; metres_per_unit scales about the world's
    origin: vertices in metres = metres_per_unit * forward(betas, pose, trans). family: of its species. doing: what it is at, in
    one word (walk, graze, lie, …). clip: where the pose comes from, "prior" or a clip's name with the frame. velocity
    (3,): metres a second, for motion blur.
    """

    who: Individual
    family: str
    coat: str
    without: tuple[str, ...]
    betas: Array
    pose: Array
    trans: Array
    metres_per_unit: float
    doing: str = "stand"
    clip: str = "prior"
    velocity: tuple[float, float, float] = (0.0, 0.0, 0.0)


@dataclass(frozen=True, eq=False)
class AssetAnimal:
    """An animal of an asset pack: a textured mesh that belongs to no model.

    asset: "pack/name". vertices (V, 3) in metres in the world, faces (F, 3), uv (F, 3, 2) with v up, texture: a file, joints (J, 3)
    metres in the world under `joint_names`, parents (J,). forward: which way it faces, in the world.
    """

    asset: str
    species: str
    vertices: Array
    faces: NDArray[np.int32]
    uv: Array | None
    texture: str | None
    joints: Array
    joint_names: tuple[str, ...]
    parents: tuple[int, ...]
    doing: str = "stand"
    clip: str = ""
    forward: tuple[float, float, float] = (1.0, 0.0, 0.0)


@dataclass(frozen=True)
class Surroundings:
    """What is around the animals.

    ground: one of GROUNDS; light: one of LIGHTS; sun_azimuth and sun_elevation in radians (azimuth from +x towards +y: where
    the sun stands). density 0..1: of plants. occluders: how many plants, rocks or fence posts stand before the
    animals. seed: of everything scattered. background: a picture to use in the place of sky and far land, or None.
    """

    ground: str
    light: str
    sun_azimuth: float
    sun_elevation: float
    density: float
    occluders: int
    seed: int
    background: str | None = None


@dataclass(frozen=True)
class Lens:
    """What a real camera adds, all optional: f-number (0: everything is sharp) with the distance in focus in metres, exposure
    time in seconds (0: nothing moves), and sensor noise (standard deviation at mid grey, of 1)."""

    f_number: float = 0.0
    focus_m: float = 10.0
    exposure_s: float = 0.0
    noise: float = 0.0


@dataclass(frozen=True, eq=False)
class Plan:
    """One picture: camera, animals, ground, surroundings. scale: metres of a typical body length here, for the size of plants."""

    seed: int
    index: int
    layout: str
    camera: Camera
    terrain: Terrain
    surroundings: Surroundings
    animals: tuple[PlannedAnimal | AssetAnimal, ...]
    scale: float
    lens: Lens = field(default_factory=Lens)
    words: Sequence[str] = ()


def generator(seed: int, index: int, *more: int) -> np.random.Generator:
    """The generator of one picture: no other picture's, and the same however many are rendered and where."""
    return np.random.default_rng([int(seed), int(index), *more])
