"""The room that indoor animals are in: walls with windows, a ceiling, furniture along the far wall, a rug.

The ceiling stops the sun and is seen, but lets the sky's light in: a soft light without the noise of a closed room.
"""

from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np
from numpy.typing import NDArray

from .build import new_mesh, new_object, shape_object
from .materials import rough
from .plants import Garden
from .shapes import Shape, box, joined, rgb
from .stones import crate, pot
from .trees import KINDS

Array = NDArray[np.float64]

_FABRICS = ("#6f7f8c", "#8c4f3f", "#5f6f55", "#b09a78", "#4a4f63", "#9c8f80")
_WOODS = ("#8a6242", "#c2a074", "#5a4030", "#ece6da")


@dataclass(frozen=True, eq=False)
class _Room:
    """A box in metres ahead of the world's origin along the view (near, far) and across it (left, right), from low to high."""

    forward: Array
    near: float
    far: float
    left: float
    right: float
    low: float
    high: float

    def at(self, ahead: float, across: float) -> Array:
        """World x, y."""
        return ahead * self.forward + across * np.array([-self.forward[1], self.forward[0]])

    @property
    def turn(self) -> float:
        """Radians by which the far wall runs along x."""
        return float(np.arctan2(self.forward[0], -self.forward[1]))


def room(garden: Garden) -> None:
    """Build the room about camera and animals."""
    land, scene = garden.land, garden.scene
    rng = garden.rng(91)
    space = _measure(garden, rng)
    wall = rgb(str(rng.choice(["#d9d2c4", "#c3cfc0", "#d8bf9c", "#b3c2cf", "#e2dcd2", "#cf9f84"])))
    plaster = rough("Plaster", wall, None, 0.35, 0.003, contrast=0.04)
    timber = rough("Timber", rgb("#e4ded2"), None, 0.05, 0.0008, (0.25, 1.0, 1.0), contrast=0.09, roughness=0.5)
    corners = [(space.near, space.left), (space.far, space.left), (space.far, space.right), (space.near, space.right)]
    a = land.plan.surroundings.sun_azimuth
    side = space.at(0.0, 1.0)
    sunny = int(np.argmax([n @ (np.cos(a), np.sin(a)) for n in (-side, space.forward, side)]))
    parts = []
    for k in range(4):
        windows = k == sunny or (k < 3 and rng.random() < 0.5)
        # Seen from inside, a wall runs to the right with its thickness beyond it.
        start, end = space.at(*corners[(k + 1) % 4]), space.at(*corners[k])
        parts.append(_wall(start, end, space.low - 0.3, space.high, space.low, windows, wall))
    item = shape_object(scene, "Walls", joined(parts), [plaster, plaster, timber])
    _flat(item)
    ceiling = np.array([[*space.at(*c), space.high] for c in corners])
    mesh = new_mesh("Ceiling", ceiling, np.array([[0, 1, 2, 3]]), False, np.tile(rgb("#e8e4dc"), (4, 1)))
    lid = new_object(scene, "Ceiling", mesh, [plaster])
    lid.visible_diffuse = False
    _furnish(garden, rng, space, (timber, plaster))


def _measure(garden: Garden, rng: np.random.Generator) -> _Room:
    """How large the room must be: all animals, the camera, and some way to the walls."""
    sight, land = garden.sight, garden.land
    points = np.concatenate([*(b.points for b in sight.bodies), sight.eye[None]])
    forward = np.array([np.cos(sight.heading), np.sin(sight.heading)])
    ahead, across = points[:, :2] @ forward, points[:, :2] @ np.array([-forward[1], forward[0]])
    margin = float(rng.uniform(0.9, 1.6)) + 0.8 * garden.scale
    near, far = ahead.min() - 0.4, max(ahead.max() + margin, ahead.min() + 3.0)
    wide = max(np.ptp(across) / 2 + margin, 0.5 * (far - near) * np.tan(min(sight.half, 1.0)) + 0.8, 1.8)
    middle = 0.5 * (across.min() + across.max())
    low = float(land.height(points[:, :2]).min()) - 0.005
    high = low + max(2.6, float(points[:, 2].max() - low) + 0.8)
    return _Room(forward, float(near), float(far), float(middle - wide), float(middle + wide), low, high)


def _flat(item: bpy.types.Object) -> None:
    """Sharp edges for a mesh object."""
    polygons = item.data.polygons
    polygons.foreach_set("use_smooth", np.zeros(len(polygons), bool))


def _furnish(garden: Garden, rng: np.random.Generator, space: _Room, materials: tuple[bpy.types.Material, bpy.types.Material]) -> None:
    """Furniture along the far wall where no animal is, and a rug under the animals now and then."""
    timber, plaster = materials
    worn = [garden.materials[0], timber, timber, plaster]
    makers = (_shelf, _sofa, _table, _stand, _chest, _shelf)
    across = space.left + 0.25
    for number in range(12):
        shape = makers[int(rng.integers(len(makers)))](garden, rng)
        wide, deep = float(np.ptp(shape.vertices[:, 0])), float(np.ptp(shape.vertices[:, 1]))
        across += wide / 2
        if across + wide / 2 > space.right - 0.2:
            break
        spot = np.array([*space.at(space.far - 0.04 - deep / 2, across), space.low])
        if garden.sight.clearance(spot[None])[0] > 0.5 * float(np.hypot(wide, deep)) + 0.12:
            _flat(shape_object(garden.scene, f"Furniture {number + 1}", shape.moved(spot, 1.0, space.turn), worn))
        across += wide / 2 + rng.uniform(0.08, 0.9)
    if rng.random() < 0.5 and garden.sight.bodies:
        colour = rgb(str(rng.choice(_FABRICS)))
        middle = np.mean([b.middle for b in garden.sight.bodies], axis=0)
        size = np.array([max(1.6, 2.2 * garden.scale), max(1.1, 1.5 * garden.scale), 0.0012])
        rug = joined(
            [box(size, colour, (0, 0, 0.0)), box(size * (0.88, 0.83, 1.3), colour * 1.5 + 0.03), box(size * (0.84, 0.77, 1.6), colour)]
        )
        spot = np.array([*middle, float(garden.land.height(middle[None])[0])])
        _flat(shape_object(garden.scene, "Rug", rug.moved(spot, 1.0, space.turn + rng.normal(0, 0.1)), [plaster, plaster]))


def _wood(rng: np.random.Generator) -> Array:
    return rgb(str(rng.choice(_WOODS))) * rng.uniform(0.8, 1.1)


def _shelf(garden: Garden, rng: np.random.Generator) -> Shape:
    """A shelf with books, its open side towards +y."""
    wood, wide, tall = _wood(rng), rng.uniform(0.7, 1.2), rng.uniform(0.9, 2.0)
    rows = int(tall / 0.34)
    parts = [box((0.025, 0.3, tall), wood, (s * wide / 2, 0, tall / 2)) for s in (-1, 1)]
    parts.append(box((wide, 0.012, tall), wood * 0.7, (0, -0.145, tall / 2)))
    for k in range(rows + 1):
        z = 0.06 + k * (tall - 0.08) / rows
        parts.append(box((wide, 0.3, 0.024), wood, (0, 0, z)))
        x = -wide / 2 + 0.04
        while k < rows and x < wide / 2 - 0.06:
            w, h = rng.uniform(0.018, 0.05), rng.uniform(0.17, 0.26)
            if rng.random() < 0.85:
                book = rgb(str(rng.choice(["#7a2f2a", "#2f4a6a", "#d8cfb8", "#39573f", "#b98a3a", "#55405f", "#222226"]))) * rng.uniform(
                    0.8, 1.2
                )
                parts.append(box((w, 0.18, h), book, (x + w / 2, rng.uniform(-0.03, 0.03), z + 0.012 + h / 2)))
            x += w + 0.002
    return joined(parts)


def _sofa(garden: Garden, rng: np.random.Generator) -> Shape:
    """A sofa: cushions, back and arms."""
    cloth, wide = rgb(str(rng.choice(_FABRICS))) * rng.uniform(0.8, 1.1), rng.uniform(1.4, 2.0)
    parts = [box((wide, 0.75, 0.2), cloth * 0.85, (0, 0, 0.2)), box((wide, 0.2, 0.62), cloth * 0.9, (0, -0.3, 0.48))]
    parts += [box((0.16, 0.78, 0.5), cloth, (s * (wide / 2 - 0.02), 0, 0.33)) for s in (-1, 1)]
    for k in (-1, 1):
        parts.append(box((wide / 2 - 0.12, 0.56, 0.13), cloth * 1.08, (k * (wide / 4 - 0.04), 0.08, 0.37)))
        parts.append(box((wide / 2 - 0.14, 0.16, 0.36), cloth * 1.04, (k * (wide / 4 - 0.04), -0.15, 0.62)))
    parts += [box((0.05, 0.05, 0.1), rgb("#3a2a1e"), (x * (wide / 2 - 0.1), y * 0.3, 0.05)) for x in (-1, 1) for y in (-1, 1)]
    return joined(parts)


def _table(garden: Garden, rng: np.random.Generator) -> Shape:
    """A side table with something on it."""
    wood, wide, tall = _wood(rng), rng.uniform(0.6, 1.1), rng.uniform(0.45, 0.75)
    parts = [box((wide, 0.45, 0.035), wood, (0, 0, tall))]
    parts += [box((0.045, 0.045, tall), wood * 0.9, (x * (wide / 2 - 0.05), y * 0.18, tall / 2)) for x in (-1, 1) for y in (-1, 1)]
    parts.append(_stand(garden, rng).moved((rng.uniform(-0.1, 0.1), 0, tall + 0.018), 0.4))
    return joined(parts)


def _stand(garden: Garden, rng: np.random.Generator) -> Shape:
    """A plant in a pot."""
    return pot(rng, KINDS["bush"](rng, garden.palette.leaves, 2, 0.0, 1.0).moved(scale=rng.uniform(0.4, 0.65)))


def _chest(garden: Garden, rng: np.random.Generator) -> Shape:
    """A chest of drawers, or crates."""
    if rng.random() < 0.35:
        return joined([crate(rng), crate(rng).moved((0.03, 0.02, 0.46), 0.85, 0.2)])
    wood, wide, tall = _wood(rng), rng.uniform(0.7, 1.1), rng.uniform(0.6, 0.95)
    parts = [box((wide, 0.42, tall), wood, (0, 0, tall / 2 + 0.04)), box((wide + 0.04, 0.46, 0.03), wood * 1.05, (0, 0, tall + 0.05))]
    rows = 3
    for k in range(rows):
        z, h = 0.04 + (k + 0.5) * tall / rows, tall / rows - 0.025
        parts += [box((wide - 0.05, 0.02, h), wood * 1.08, (0, 0.215, z)), box((0.12, 0.03, 0.015), rgb("#3a3a3a"), (0, 0.235, z))]
    return joined(parts)


def _wall(start: Array, end: Array, foot: float, top: float, floor: float, windows: bool, paint: Array) -> Shape:
    """One wall from start to end (2,), with windows in it or not, frames and skirting."""
    length = float(np.linalg.norm(end - start))
    along, thick = (end - start) / length, 0.18
    turn = float(np.arctan2(along[1], along[0]))
    count = max(1, int(length / 2.4)) if windows else 0
    wide = min(1.35, 0.6 * length / max(count, 1))
    sill, head = floor + 0.75, min(floor + 2.2, top - 0.25)
    pieces = [box((length, 0.02, 0.11), rgb("#efe9df"), (0.5 * length, 0.01, floor + 0.055), 2)]
    if not count:
        pieces.append(box((length, thick, top - foot), paint, (0.5 * length, -0.5 * thick, 0.5 * (foot + top))))
    else:
        centres = (np.arange(count) + 0.5) * length / count
        edges = np.concatenate([[0.0], np.column_stack([centres - wide / 2, centres + wide / 2]).ravel(), [length]])
        pieces += [
            box((length, thick, sill - foot), paint, (0.5 * length, -0.5 * thick, 0.5 * (foot + sill))),
            box((length, thick, top - head), paint, (0.5 * length, -0.5 * thick, 0.5 * (head + top))),
        ]
        for a, b in edges.reshape(-1, 2):
            pieces.append(box((b - a, thick, head - sill), paint, (0.5 * (a + b), -0.5 * thick, 0.5 * (sill + head))))
        for c in centres:
            white = rgb("#f1ede6")
            for x in (c - wide / 2, c, c + wide / 2):
                pieces.append(box((0.05, 0.06, head - sill), white, (x, -0.09, 0.5 * (sill + head)), 2))
            for z in (sill, 0.5 * (sill + head), head):
                pieces.append(box((wide + 0.08, 0.07, 0.05), white, (c, -0.09, z), 2))
            pieces.append(box((wide + 0.2, 0.2, 0.035), white, (c, 0.02, sill - 0.02), 2))
    return joined(pieces).moved((*start, 0.0), 1.0, turn)
