"""The shape of the land: the plan's terrain where the animals are, hills towards the horizon, and a shore where there is water.

Plain numbers. Near the animals the height is `Terrain.height` itself; whatever is added begins well beyond them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .plan import Plan
from .sight import Sight

Array = NDArray[np.float64]

FAR = 880.0
"""Metres to the end of the land; cameras see 1000."""

_HILLS = {"grass": (55.0, 0.2), "meadow": (60.0, 0.3), "sand": (38.0, 0.0), "snow": (170.0, 0.8), "rock": (150.0, 0.9),
          "water": (70.0, 0.35), "floor": (0.0, 0.0)}  # metres of rise at the horizon, share of sharp ridges  # fmt: skip


def smooth(x: Array, start: float, end: float) -> Array:
    """0 at start, 1 at end, smooth between."""
    part = np.clip((x - start) / (end - start), 0.0, 1.0)
    return part * part * (3.0 - 2.0 * part)


def noise(places: Array, size: float, seed: int, channel: int, octaves: int = 3) -> Array:
    """(N,) smooth noise within -1..1 over the ground at places (N, 2…); features are about `size` metres.

    `animal.noise` in the plane: a picture needs millions of values, and a square has half the corners of a cube.
    """
    total, weight = np.zeros(len(places)), 0.0
    salt = (0x9E3779B9 * (channel + 1) + 0x85EBCA6B * (seed % 65521)) & 0xFFFFFFFF
    for octave in range(octaves):
        at = places[:, :2] * (2.0**octave / size) + 17.0 * octave
        cell = np.floor(at)
        part = at - cell
        ease = part * part * (3.0 - 2.0 * part)
        x, y = cell.astype(np.int64).astype(np.uint32).T
        corners = [[_hash(x + np.uint32(i), y + np.uint32(j), salt) for j in (0, 1)] for i in (0, 1)]
        low, high = (c[0] + (c[1] - c[0]) * ease[:, 1] for c in corners)
        total += (2.0 * (low + (high - low) * ease[:, 0]) - 1.0) * 0.5**octave
        weight += 0.5**octave
    return total / weight


def _hash(x: NDArray[np.uint32], y: NDArray[np.uint32], salt: int) -> Array:
    """(N,) numbers 0..1 for lattice points."""
    mixed = x * np.uint32(0x8DA6B343) ^ y * np.uint32(0xD8163841) ^ np.uint32(salt)
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        mixed = (mixed ^ (mixed >> np.uint32(shift))) * np.uint32(factor)
    return (mixed ^ (mixed >> np.uint32(16))) * (1.0 / 4294967296.0)


class Land:
    """Heights and kinds of ground for one plan.

    water: z of the water's surface, or None. near: metres from the camera up to which the land is the terrain alone.
    """

    def __init__(self, plan: Plan, sight: Sight) -> None:
        self.plan, self.sight = plan, sight
        self.ground, self.seed = plan.surroundings.ground, plan.surroundings.seed
        self.near = max(1.5 * sight.farthest, 12.0 * plan.scale, 6.0)
        rng = np.random.default_rng([self.seed, 1])
        rise, self._ridges = _HILLS[self.ground]
        self._rise = rise * float(rng.uniform(0.6, 1.3))
        self._start = max(self.near, 45.0)
        self.water: float | None = None
        self._shore = self._choose_shore(rng) if self.ground == "water" else None

    def _choose_shore(self, rng: np.random.Generator) -> tuple[Array, float]:
        """Direction (2,) towards the water and how far along it (metres) the shore lies, clear of every foot."""
        sight, scale = self.sight, self.plan.scale
        points = np.concatenate([b.points for b in sight.bodies]) if sight.bodies else np.array([[*sight.eye[:2], 0.0]])
        # Behind the animals mostly, sometimes to a side; before them where there is room for it.
        turn = float(rng.choice([0.0, 0.5, -0.5, 1.1, -1.1])) + float(rng.normal(0, 0.1))
        if sight.nearest > 3.0 * scale and rng.random() < 0.5:
            turn += np.pi
        towards = np.array([np.cos(sight.heading + turn), np.sin(sight.heading + turn)])
        reach = float((points[:, :2] @ towards).max())
        places = points[:: max(1, len(points) // 200), :2]
        self.water = float(self.plan.terrain.height(places).min()) - 0.05 * scale
        return towards, reach + float(rng.uniform(0.75, 1.2)) * scale

    def wet(self, places: Array) -> Array:
        """(N,) metres that places (N, 2…) lie beyond the shore; negative on land."""
        if self._shore is None:
            return np.full(len(places), -np.inf)
        towards, start = self._shore
        along = places[:, :2] @ towards - start
        bend = noise(places, 5.0 * self.plan.scale, self.seed, 3) * 0.9 * self.plan.scale
        far = noise(places, 40.0 * self.plan.scale + 20.0, self.seed, 4) * 6.0 * self.plan.scale
        return along + np.minimum(bend, 0.3 * self.plan.scale) + np.minimum(far, 0.0)

    def height(self, places: Array) -> Array:
        """(N,) z of the ground at places (N, 2…)."""
        places = places[:, :2]
        z = self.plan.terrain.height(places)
        radius = self.sight.distance(places)
        # The terrain's noise is for where one can walk: it dies away before the horizon.
        z = z * (1.0 - 0.8 * smooth(radius, 3 * self.near, 10 * self.near))
        if self._rise > 0:
            z = z + self._hills(places, radius)
        if self._shore is not None:
            z = self._sunk(places, z)
        return z

    def _hills(self, places: Array, radius: Array) -> Array:
        z = np.zeros(len(places))
        far = np.flatnonzero(radius > self._start)
        if not len(far):
            return z
        at, away = places[far], radius[far]
        soft = 0.5 + 0.5 * noise(at, 330.0, self.seed, 5, 4)
        sharp = 1.0 - np.abs(noise(at, 260.0, self.seed, 6, 2)) * 1.6
        shape = (1 - self._ridges) * soft + self._ridges * np.clip(sharp, 0.0, 1.0) ** 1.5
        z[far] = self._rise * smooth(away, self._start, 760.0) * (0.12 + 1.1 * shape)
        swell = 0.012 * np.minimum(away - self._start, 120.0) * noise(at, 60.0 + self._start, self.seed, 7, 2)
        z[far] += swell * smooth(away, self._start, 2 * self._start)
        return z

    def _sunk(self, places: Array, z: Array) -> Array:
        """The land going down under the water beyond the shore, and coming up again on the other side."""
        assert self.water is not None
        scale = self.plan.scale
        beyond = self.wet(places)
        width = max(90.0, 30.0 * scale)
        down = smooth(beyond, -0.4 * scale, 0.5 * scale) * (1.0 - smooth(beyond, width, 1.7 * width))
        bed = self.water - np.clip(0.25 * beyond, 0.02 * scale, 2.0)
        dry = np.maximum(z, self.water + 0.02 * scale) if scale else z
        # Only far from the animals may the land be lifted out of the water: at their feet it is the terrain.
        lifted = np.where(self.sight.clearance(places) > scale, dry, z)
        return (1 - down) * lifted + down * np.minimum(bed, z)
