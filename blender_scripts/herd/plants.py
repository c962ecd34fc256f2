"""What grows around the animals: grass in three degrees of detail, flowers, bushes, stones among them, trees to the horizon.

All of it is copies of a few shapes. How many, and how detailed, follows from how large they come out in the picture, so a
herd of mice and a herd of elephants cost the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import bpy
import numpy as np
from numpy.typing import NDArray

from .build import scatter, shape_object
from .ground import patches
from .land import Land, noise, smooth
from .palettes import Palette
from .shapes import UP, Shape, blades, joined, leaves, rgb
from .sight import Sight
from .stones import rock
from .trees import KINDS

Array = NDArray[np.float64]

# Metres of grass, its greatest height over a body's length near one, share of the ground it covers, share of an animal's height
# that it may hide, height of what stands above it.
_GRASS = {
    "grass": (0.11, 0.075, 1.0, 0.1),
    "meadow": (0.36, 0.2, 1.0, 0.26),
    "sand": (0.22, 0.12, 0.012, 0.12),
    "snow": (0.16, 0.1, 0.015, 0.12),
    "rock": (0.12, 0.08, 0.2, 0.1),
    "water": (0.14, 0.09, 0.75, 0.12),
}

_SMALL = 0.4  # metres of a body for which grass is a wood


@dataclass(frozen=True, eq=False)
class Garden:
    """Where plants are put: the scene, the land, its palette, and the materials leaf, wood, stone of every shape."""

    scene: bpy.types.Scene
    land: Land
    palette: Palette
    materials: Sequence[bpy.types.Material]
    kept: bool = True  # by people: then there may be fences

    @property
    def sight(self) -> Sight:
        return self.land.sight

    @property
    def scale(self) -> float:
        """Metres of a typical body."""
        return self.land.plan.scale

    @property
    def density(self) -> float:
        return float(np.clip(self.land.plan.surroundings.density, 0.0, 1.0))

    def rng(self, number: int) -> np.random.Generator:
        """The generator of one kind of thing."""
        return np.random.default_rng([self.land.seed, number])

    def grounded(self, places: Array) -> Array:
        """(N, 3) places (N, 2) on the ground."""
        return np.column_stack([places, self.land.height(places)])

    def dry_land(self, places: Array, margin: float) -> NDArray[np.bool_]:
        """(N,) whether places are `margin` metres from the water at least."""
        return self.land.wet(places) < -margin

    def plant(
        self, name: str, shapes: Sequence[Shape], kind: NDArray[np.int64], places: Array, scales: Array, turns: Array, far: bool = False
    ) -> None:
        """Copies of shapes: kind (N,) says which of them stands at places (N, 3). far: too small to shade or light anything."""
        for k, shape in enumerate(shapes):
            mine = np.flatnonzero(kind == k)
            if len(mine):
                item = shape_object(self.scene, f"{name} {k + 1}", shape, self.materials)
                item.visible_shadow = item.visible_diffuse = not far
                scatter(self.scene, item, places[mine], scales[mine], turns[mine])


def grow(garden: Garden) -> None:
    """Everything that grows and lies about, but for what occludes on purpose."""
    if garden.land.ground == "floor":
        return
    if garden.density > 0:
        grass(garden)
        if garden.scale < _SMALL:
            undergrowth(garden)
        if garden.land.ground == "meadow" or garden.palette.name in ("pasture", "lake"):
            flowers(garden)
        bushes(garden)
    stones(garden)
    trees(garden)


# --- grass ---------------------------------------------------------------------------------------------------------


def _tufts(garden: Garden, tall: float) -> list[list[Shape]]:
    """Shapes of grass of this height in metres: [near, middle, far], each a list; the last third of a list is dry."""
    rng, p = garden.rng(30), garden.palette
    meadow = garden.land.ground == "meadow"
    root, tip = p.grass
    near = []
    for k in range(4):
        warm = 1.0 + 0.12 * rng.normal(size=3)
        near.append(
            blades(
                rng,
                34,
                tall * (1.0, 0.75, 1.15, 0.6)[k],
                tall * (0.4, 0.5, 0.3, 0.5)[k],
                tall * (0.045, 0.06, 0.035, 0.075)[k] * (0.6 if meadow else 1),
                root,
                tip * warm,
                (0.5, 0.8, 0.35, 0.9)[k],
                4,
            )
        )
    near.append(joined([near[0], _seeded(rng, 7, tall * (1.45 if meadow else 1.25), 0.35 * tall, p)]))
    near += [
        blades(rng, 26, tall * 1.05, 0.35 * tall, 0.035 * tall, p.dry[0], p.dry[1], 0.55, 4),
        joined(
            [blades(rng, 18, tall * 0.8, 0.4 * tall, 0.04 * tall, p.dry[0], p.dry[1], 0.9, 4), _seeded(rng, 6, 1.35 * tall, 0.3 * tall, p)]
        ),
    ]
    middle = [blades(rng, 110, tall, 1.3 * tall, 0.075 * tall, root, tip, 0.55, 2) for _ in range(2)]
    middle.append(blades(rng, 100, 1.1 * tall, 1.3 * tall, 0.07 * tall, p.dry[0], p.dry[1], 0.6, 2))
    far = [blades(rng, 240, tall, 4.4 * tall, 0.2 * tall, root, tip, 0.5, 1) for _ in range(2)]
    far.append(blades(rng, 220, 1.1 * tall, 4.4 * tall, 0.19 * tall, p.dry[0], p.dry[1], 0.5, 1))
    return [near, middle, far]


def _seeded(rng: np.random.Generator, count: int, tall: float, spread: float, p: Palette) -> Shape:
    """Stalks with ears of seed, higher than the grass."""
    stalks = blades(rng, count, tall, spread, 0.014 * tall, p.grass[0], p.dry[1] * 0.8, 0.35, 4, 0.3)
    tops = stalks.vertices.reshape(count, -1, 3)[:, -1]
    t = rng.uniform(-0.17, 0.02, (count, 14))
    at = tops[:, None] + np.stack([rng.normal(0, 0.006, t.shape), rng.normal(0, 0.006, t.shape), t], -1) * tall
    puff = np.broadcast_to(UP, (count * 14, 3))
    return joined([stalks, leaves(rng, at.reshape(-1, 3), 0.055 * tall, p.dry[1] * 0.9, puff, -1.5, 0.35)])


def grass(garden: Garden) -> None:
    """Tufts near, small lawns further off, large ones beyond, until they would be smaller than a pixel or two."""
    land, sight, scale = garden.land, garden.sight, garden.scale
    real, most, cover, hidden = _GRASS[land.ground]
    tall = float(np.clip(real, 0.012 * scale, most * scale))
    if scale < _SMALL:
        cover *= 0.3  # moss and seedlings: the grass itself is `undergrowth`
    shapes = _tufts(garden, tall)
    begin = sight.camera_start()
    ends = [sight.focal * tall / px for px in (13.0, 4.5, 1.3)]
    spacing, most_copies = (0.5, 1.7, 5.2), (5200, 3600, 2600)
    start = begin
    for level in range(3):
        end = min(ends[level], 400.0)
        step = spacing[level] * tall / np.sqrt(cover)
        fits = np.sqrt(start**2 + most_copies[level] * step**2 / max(min(np.pi, sight.half), 1e-3))
        end = min(end, fits)
        if end <= start:
            continue
        rng = garden.rng(31 + level)
        count = int(min(most_copies[level], sight.area(start, end) / step**2) * garden.density**0.6)
        _lawn(garden, rng, shapes[level], level, sight.sector(rng, count, start, end), (start, end), tall, hidden)
        start = end


def _lawn(
    garden: Garden,
    rng: np.random.Generator,
    shapes: list[Shape],
    level: int,
    places: Array,
    zone: tuple[float, float],
    tall: float,
    hidden: float,
) -> None:
    """Tufts of one degree of detail at those places (N, 2) that are grown over."""
    land, sight, scale = garden.land, garden.sight, garden.scale
    count = len(places)
    draw, turn, size = rng.random((4, count)), rng.uniform(0, 2 * np.pi, count), rng.uniform(0.65, 1.3, count)
    bare, dry = patches(land, places)
    sparse = {"grass": 0.55, "meadow": 0.4, "water": 0.7}.get(land.ground, 0.3)
    keep = (draw[0] > sparse * bare) & garden.dry_land(places, 0.12 * scale)
    if level == 2:
        keep &= draw[3] > 0.9 * smooth(sight.distance(places), 0.6 * zone[1], zone[1])
    places, draw, turn, size, dry, bare = places[keep], draw[:, keep], turn[keep], size[keep], dry[keep], bare[keep]
    spots = garden.grounded(places)
    seen = sight.visible(spots, 2.0 * tall)
    spots, draw, turn, size, dry, bare = spots[seen], draw[:, seen], turn[seen], size[seen], dry[seen], bare[seen]
    # Grass grows higher away from the animals, and in clumps.
    clump = 1.0 + 0.35 * noise(spots, 9 * tall, land.seed, 17, 2)
    clear = sight.clearance(spots)
    size = (
        size
        * clump
        * (0.75 + 0.25 * smooth(clear, 0.1 * scale, 0.5 * scale) + 0.45 * smooth(clear, 0.6 * scale, 2.5 * scale))
        * (1 - 0.35 * bare)
    )
    width = np.array([s.width for s in shapes])
    height = np.array([s.height for s in shapes])
    third = max(1, len(shapes) // 3)
    arid = draw[1] < np.clip(garden.palette.dryness * 1.8 * dry, 0.0, 0.95)
    kind = np.where(arid, len(shapes) - third + (draw[2] * third).astype(int), (draw[2] * (len(shapes) - third)).astype(int))
    fit = sight.room(spots, height[kind] * size, np.minimum(width[kind], 2 * tall) * size, hidden)
    good = fit > 0.3
    garden.plant(("Grass", "Lawn", "Far grass")[level], shapes, kind[good], spots[good], (size * fit)[good], turn[good], level == 2)


def undergrowth(garden: Garden) -> None:
    """Around small animals: blades, leaves of plantain and dead leaves of their real size, huge to them."""
    land, sight, scale, p = garden.land, garden.sight, garden.scale, garden.palette
    rng = garden.rng(35)
    lush = land.ground in ("grass", "meadow", "water")
    shapes = [blades(rng, 16, 0.15, 0.018, 0.0055, p.grass[0], p.grass[1], 0.75, 6, 0.6, 0.4) for _ in range(3)]
    shapes += [
        blades(rng, 12, 0.12, 0.015, 0.0045, p.dry[0], p.dry[1], 0.9, 6, 0.6, 0.4),
        blades(rng, 9, 0.075, 0.006, 0.022, p.grass[0], p.grass[1] * 0.8, 1.1, 6, 0.4, 0.5),
    ]
    fallen = np.column_stack([rng.uniform(-0.03, 0.03, (3, 2)), np.full(3, 0.004)])
    browns = np.array([rgb("#4f3826"), rgb("#6a4d30"), rgb("#3f2f22")])
    dead = leaves(rng, fallen, 0.045, browns, np.broadcast_to(UP, (3, 3)), 0.0, 0.55)
    shapes.append(Shape.of(dead.vertices * (1, 1, 0.35) + (0, 0, 0.004), dead.faces, dead.paint, dead.puff))
    start, end = sight.camera_start(), max(5 * sight.farthest, 4.0)
    count = int((1500 if lush else 130) * (0.3 + garden.density) * max(1.0, sight.half / 0.5))
    radius = np.exp(rng.uniform(np.log(start), np.log(end), count))
    angle = sight.heading + rng.uniform(-1, 1, count) * min(np.pi, sight.half)
    places = sight.eye[:2] + radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    kind, turn, size = (
        rng.choice(len(shapes), count, p=(0.22, 0.21, 0.19, 0.16, 0.13, 0.09)),
        rng.uniform(0, 2 * np.pi, count),
        rng.uniform(0.6, 1.3, count),
    )
    clump = noise(places, 0.22, land.seed, 36, 2) + rng.normal(0, 0.25, count)
    keep = ((clump > 0.05) | (kind == 5)) & garden.dry_land(places, 0.2 * scale)
    spots, kind, turn, size = garden.grounded(places[keep]), kind[keep], turn[keep], size[keep]
    height, width = (np.array([getattr(s, which) for s in shapes])[kind] * size for which in ("height", "width"))
    fit = sight.room(spots, height, 0.6 * width, 0.14)
    good = (
        (fit > 0.35) & sight.visible(spots, height) & (sight.clearance(spots) > np.where(kind == 5, 0.03, 0.35 * width * fit + 0.1 * scale))
    )
    good &= np.linalg.norm(spots - sight.eye, axis=1) > 1.2 * height * fit
    garden.plant("Undergrowth", shapes, kind[good], spots[good], (size * fit)[good], turn[good])


def flowers(garden: Garden) -> None:
    """Flowers in drifts, each of one colour."""
    land, sight, scale = garden.land, garden.sight, garden.scale
    real, most, _, hidden = _GRASS[land.ground]
    tall = float(np.clip(real, 0.012 * scale, most * scale)) * 1.25
    rng = garden.rng(40)
    petals = garden.palette.flowers if garden.palette.flowers is not None else np.array([rgb("#f4f2ec"), rgb("#f0cf3a")])
    chosen = petals[rng.permutation(len(petals))[:4]]
    shapes = [_flower(rng, tall * rng.uniform(0.8, 1.15), colour, garden.palette) for colour in chosen]
    begin, end = sight.camera_start(), sight.focal * tall / 3.5
    count = int(min(4500, 1.5 * sight.area(begin, end) / tall**2) * garden.density * (1.0 if land.ground == "meadow" else 0.15))
    radius = begin + (min(max(end, begin), 200.0) - begin) * rng.random(count) ** 1.4  # more of them near
    angle = sight.heading + rng.uniform(-1, 1, count) * min(np.pi, sight.half)
    places = sight.eye[:2] + radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    turn, size, draw = rng.uniform(0, 2 * np.pi, count), rng.uniform(0.7, 1.25, count), rng.random(count)
    drift = np.stack([noise(places, 7 * tall + 0.8 * scale, land.seed, 41 + k, 2) for k in range(len(shapes))])
    kind = drift.argmax(0)
    keep = (draw < 1.6 * np.clip(drift.max(0) - 0.05, 0, 1)) & garden.dry_land(places, 0.3 * scale)
    spots = garden.grounded(places[keep])
    kind, turn, size = kind[keep], turn[keep], size[keep]
    height = np.array([s.height for s in shapes])[kind] * size
    fit = sight.room(spots, height, 0.3 * height, hidden)
    good = (fit > 0.35) & sight.visible(spots, height) & (sight.clearance(spots) > 0.04 * scale)
    garden.plant("Flower", shapes, kind[good], spots[good], (size * fit)[good], turn[good])


def _flower(rng: np.random.Generator, tall: float, colour: Array, p: Palette) -> Shape:
    """Two or three flowers on stalks: a dish of petals about a button, some leaves below."""
    parts = [blades(rng, 10, 0.4 * tall, 0.12 * tall, 0.05 * tall, p.grass[0], p.grass[1], 0.7, 3)]
    yellow = colour[0] > 0.7 and colour[1] > 0.55 and colour[2] < 0.2
    button = rgb("#b98a1e") if yellow else rgb("#d8a923")
    for _ in range(int(rng.integers(2, 4))):
        stalk = blades(rng, 1, tall, 0.1 * tall, 0.02 * tall, p.grass[0], p.grass[1] * 0.8, 0.25, 4, 0.3)
        top = stalk.vertices[-1]
        radius, count = tall * rng.uniform(0.06, 0.1), int(rng.integers(6, 11))
        angle = np.arange(count) * 2 * np.pi / count
        lean = rng.normal(0, 0.35, 2)
        around = np.column_stack([np.cos(angle), np.sin(angle)])
        side = np.column_stack([-around[:, 1], around[:, 0]]) * 1.3 / count

        def dish(xy: Array, rise: float, top: Array = top, lean: Array = lean, radius: float = radius) -> Array:
            return top + radius * np.column_stack([xy, rise + xy @ lean])

        vertices = np.stack(
            [dish(0.15 * around, 0.0), dish(0.75 * around - 1.6 * side, 0.16), dish(around, 0.2), dish(0.75 * around + 1.6 * side, 0.16)], 1
        )
        faces = (np.array([(0, 1, 2), (0, 2, 3)])[None] + 4 * np.arange(count)[:, None, None]).reshape(-1, 3)
        tint = np.repeat(colour * rng.uniform(0.8, 1.05, (count, 1)), 4, 0)
        ring = np.concatenate([dish(0.28 * around, 0.06), dish(np.zeros((1, 2)), 0.16)])
        fan = np.column_stack([np.arange(count), (np.arange(count) + 1) % count, np.full(count, count)])
        parts += [stalk, Shape.of(vertices.reshape(-1, 3), faces, tint, UP), Shape.of(ring, fan, button, UP)]
    return joined(parts)


# --- bushes, stones, trees -------------------------------------------------------------------------------------------


def bushes(garden: Garden) -> None:
    """Bushes beside and behind the animals, never in front of one."""
    land, sight, scale = garden.land, garden.sight, garden.scale
    rng = garden.rng(50)
    names = list(dict.fromkeys(garden.palette.bushes))
    shapes = [KINDS[name](rng, garden.palette.leaves * 0.85, 2, garden.palette.snow, 1.0) for name in names for _ in range(2)]
    factor = float(np.clip(0.8 * scale, 0.45, 1.5))
    if scale < _SMALL:
        factor *= 0.8
    count = int(
        {"grass": 46, "meadow": 40, "sand": 30, "snow": 30, "rock": 46, "water": 60}[land.ground] * garden.density * sight.half / 0.5
    )
    start, end = max(0.5 * sight.nearest, sight.camera_start(), 5.0 * factor), max(4.0 * land.near, 30.0)
    radius = start + (end - start) * rng.random(count) ** 1.3
    angle = sight.heading + rng.uniform(-1, 1, count) * min(np.pi, sight.half)
    places = sight.eye[:2] + radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    kind, turn, size = (
        rng.integers(len(shapes), size=count),
        rng.uniform(0, 2 * np.pi, count),
        factor * np.exp(rng.normal(-0.1, 0.4, count)),
    )
    _, dry = patches(land, places)
    keep = (dry + rng.uniform(-0.6, 0.6, count) < 0.55) & garden.dry_land(places, 0.8 * factor)
    spots, kind, turn, size = garden.grounded(places[keep]), kind[keep], turn[keep], size[keep]
    _stand_clear(garden, "Bush", shapes, kind, spots, size, turn, 0.12)


def _stand_clear(
    garden: Garden,
    name: str,
    shapes: Sequence[Shape],
    kind: NDArray[np.int64],
    spots: Array,
    size: Array,
    turn: Array,
    share: float,
) -> None:
    """Plant those that come into the picture, stand in no animal and hide no more of one than `share` of its height."""
    sight = garden.sight
    height = np.array([s.height for s in shapes])[kind] * size
    width = np.array([s.width for s in shapes])[kind] * size
    good = sight.visible(spots, np.maximum(height, width)) & (sight.clearance(spots) > 0.55 * width + 0.12 * garden.scale)
    good &= sight.room(spots, height, width, share) > 0.999
    # Nothing stands on the camera's toes either.
    good &= np.linalg.norm(spots - sight.eye, axis=1) > 1.5 * np.maximum(width, 0.6 * height)
    garden.plant(name, shapes, kind[good], spots[good], size[good], turn[good])


def stones(garden: Garden) -> None:
    """Stones of all sizes lying about, small ones most."""
    land, sight, scale = garden.land, garden.sight, garden.scale
    rng = garden.rng(60)
    colours = [garden.palette.stone * f for f in (1.0, 0.8, 1.15)]
    shapes = [rock(rng, colour, 1, 0.8 if land.ground == "rock" else 0.45) for colour in colours]
    amount, largest = {
        "grass": (60, 0.3),
        "meadow": (25, 0.3),
        "sand": (110, 0.25),
        "snow": (30, 0.5),
        "rock": (900, 1.0),
        "water": (240, 0.35),
    }[land.ground]
    count = int(amount * (0.5 if land.ground != "rock" else 1.0) * max(1.0, sight.half / 0.4))
    start = sight.camera_start()
    end = max(2.5 * land.near, 6 * start)
    radius = np.exp(rng.uniform(np.log(start), np.log(end), count))
    angle = sight.heading + rng.uniform(-1, 1, count) * min(np.pi, sight.half)
    places = sight.eye[:2] + radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    size = 0.025 * scale * np.exp(rng.exponential(0.75, count))
    size = np.minimum(size, largest * scale) * (1.0 + 0.8 * (radius > land.near))
    keep = garden.dry_land(places, -0.6 * scale) if land.water is not None else np.ones(count, bool)
    keep &= noise(places, 3 * scale, land.seed, 61, 2) + rng.normal(0, 0.35, count) > (-0.4 if land.ground == "rock" else 0.0)
    spots, size = garden.grounded(places[keep]), size[keep]
    kind, turn = rng.integers(len(shapes), size=len(spots)), rng.uniform(0, 2 * np.pi, len(spots))
    spots[:, 2] -= 0.1 * size
    fit = sight.room(spots, 0.7 * size, size, 0.1)
    good = (fit > 0.2) & sight.visible(spots, size) & (sight.clearance(spots) > 0.6 * size + 0.01 * scale)
    garden.plant("Stone", shapes, kind[good], spots[good], (size * np.minimum(fit, 1))[good], turn[good])


def trees(garden: Garden) -> None:
    """Single trees beyond the animals, woods on the hills."""
    land, sight, p = garden.land, garden.sight, garden.palette
    rng = garden.rng(70)
    fine = [KINDS[name](rng, p.leaves, 2, p.snow, 1.0 + 0.5 * (k % 2)) for k, name in enumerate(p.trees[:2])]
    coarse = [KINDS[name](rng, p.leaves * 0.92, 1, p.snow, 1.0 + 0.4 * (k % 2)) for k, name in enumerate(p.trees)]
    distant = [KINDS[name](rng, p.leaves * 0.9, 0, p.snow, 1.0 + 0.4 * (k % 2)) for k, name in enumerate(p.trees)]
    start = max(1.25 * sight.farthest, sight.farthest + 8.0, 20.0)
    count = 2600
    near = rng.random(count) < 0.06 + 0.1 * garden.density
    radius = np.where(
        near, start * (1 + 2.5 * rng.random(count) ** 1.2), np.exp(rng.uniform(np.log(max(2.0 * start, 70.0)), np.log(720.0), count))
    )
    angle = sight.heading + rng.uniform(-1, 1, count) * min(np.pi, sight.half + 0.05)
    places = sight.eye[:2] + radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    woods = noise(places, 130.0, land.seed, 15, 4) - rng.normal(0, 0.06, count) > 0.75 - 1.1 * p.forest
    lonely = rng.random(count) < 0.05 * p.forest + 0.004
    keep = np.where(near, rng.random(count) < 0.2 * (0.1 + p.forest) * sight.half / 0.45, woods | lonely)
    keep &= garden.dry_land(places, 2.0) & ((radius > 1.6 * start) | near)
    chosen = np.flatnonzero(keep)[:300]
    spots = garden.grounded(places[chosen])
    size = np.exp(rng.normal(0.0, 0.22, len(chosen)))
    turn = rng.uniform(0, 2 * np.pi, len(chosen))
    tall, pick = sight.pixels(spots, 10.0), rng.random(len(chosen))  # pixels
    kind = np.where(tall > 170.0, (pick * len(fine)).astype(int), len(fine) + (pick * len(coarse)).astype(int))
    kind = np.where(tall < 60.0, len(fine) + len(coarse) + (pick * len(distant)).astype(int), kind)
    _stand_clear(garden, "Tree", [*fine, *coarse, *distant], kind, spots, size, turn, 0.0)
