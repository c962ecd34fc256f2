"""What stands before the animals on purpose, and fences in the distance.

An occluder is tried at a place between camera and animal, what it hides is counted on the animals' own vertices, and it stays
only where it hides something and no animal loses half of itself.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .build import scatter, shape_object
from .plants import Garden
from .shapes import Shape, blades, box, joined, rgb
from .sight import Body
from .stones import crate, fence, post, pot, rock, stump
from .trees import KINDS

Array = NDArray[np.float64]

_MOST_HIDDEN = 0.4
_TRIES = 40
_COLUMNS = 24
# How much smaller and larger than it comes a thing may be; what people make has its size.
_SIZES = {
    "bush": (0.25, 1.6),
    "scrub": (0.25, 1.6),
    "rock": (0.03, 3.0),
    "tall grass": (0.15, 1.6),
    "dry grass": (0.15, 1.3),
    "reeds": (0.3, 1.6),
    "conifer": (0.12, 0.8),
}


def occluders(garden: Garden) -> None:
    """As many things before the animals as the plan asks for, or as find a place."""
    sight = garden.sight
    wanted = int(garden.land.plan.surroundings.occluders)
    if wanted <= 0 or not sight.bodies:
        return
    rng = garden.rng(80)
    hidden = [np.zeros(len(body.points), bool) for body in sight.bodies]
    standing: list[tuple[Array, float]] = []
    for number in range(min(wanted, 40)):
        shape, name = _occluder(garden, rng)
        found = _place(garden, rng, shape, _SIZES.get(name, (0.75, 1.25)), hidden, standing)
        if found is None:
            continue
        spot, size, turn, masks = found
        hidden = [a | b for a, b in zip(hidden, masks, strict=True)]
        standing.append((spot[:2], 0.5 * shape.width * size))
        item = shape_object(garden.scene, f"Occluder {name} {number + 1}", shape, garden.materials)
        item.location, item.scale, item.rotation_euler = spot, (size, size, size), (0.0, 0.0, turn)


def _place(
    garden: Garden,
    rng: np.random.Generator,
    shape: Shape,
    sizes: tuple[float, float],
    hidden: list[NDArray[np.bool_]],
    standing: list[tuple[Array, float]],
) -> tuple[Array, float, float, list[NDArray[np.bool_]]] | None:
    """A place (3,), size and turn where the shape hides a part of an animal, with what it hides of each; None if there is none."""
    sight = garden.sight
    for _ in range(_TRIES):
        body = sight.bodies[int(rng.integers(len(sight.bodies)))]
        if not np.isfinite(body.box).all():
            continue
        size = float(np.clip(body.height * rng.uniform(0.35, 1.1) / shape.height, *sizes))
        radius = 0.5 * shape.width * size
        target = body.points[int(rng.integers(len(body.points)))]
        towards = target[:2] - sight.eye[:2]
        away = np.linalg.norm(towards)
        part = rng.uniform(0.45, 0.97)
        place = sight.eye[:2] + towards * part
        side = np.array([-towards[1], towards[0]]) / max(away, 1e-6)
        place = place + side * rng.normal(0, 0.5) * (radius + 0.2 * garden.scale)
        spot = garden.grounded(place[None])[0]
        near = np.linalg.norm(spot - sight.eye)
        if sight.clearance(spot[None])[0] < 1.05 * radius + 0.06 * garden.scale or near < 2.5 * max(radius, 0.5 * size * shape.height):
            continue
        if garden.land.wet(spot[None])[0] > 0.3 * garden.scale or any(
            np.linalg.norm(spot[:2] - p) < 0.8 * (r + radius) for p, r in standing
        ):
            continue
        turn = rng.uniform(0, 2 * np.pi)
        masks = [_covered(garden, shape.moved(spot, size, turn), spot, b) for b in sight.bodies]
        total = [float((old | new).mean()) for old, new in zip(hidden, masks, strict=True)]
        gained = max(float((new & ~old).mean()) for old, new in zip(hidden, masks, strict=True))
        if gained > 0.05 and max(t if m.any() else 0.0 for t, m in zip(total, masks, strict=True)) < _MOST_HIDDEN:
            return spot, size, turn, masks
    return None


def _covered(garden: Garden, shape: Shape, spot: Array, body: Body) -> NDArray[np.bool_]:
    """(S,) which of a body's points lie behind a shape as the camera sees it: within its outline, taken in columns."""
    camera = garden.sight.camera
    none = np.zeros(len(body.points), bool)
    if camera.to_camera(spot[None])[0, 2] > body.depth + body.height:
        return none
    outline = camera.project(shape.vertices[:: max(1, len(shape.vertices) // 3000)])
    outline = outline[np.isfinite(outline).all(1)]
    if not len(outline):
        return none
    left, right = outline[:, 0].min(), outline[:, 0].max() + 1e-6
    column = np.minimum(((outline[:, 0] - left) / (right - left) * _COLUMNS).astype(int), _COLUMNS - 1)
    top, low = np.full(_COLUMNS, np.inf), np.full(_COLUMNS, -np.inf)
    np.minimum.at(top, column, outline[:, 1])
    np.maximum.at(low, column, outline[:, 1])
    pixels = camera.project(body.points)
    inside = (pixels[:, 0] >= left) & (pixels[:, 0] < right)
    mine = np.clip(np.nan_to_num((pixels[:, 0] - left) / (right - left)) * _COLUMNS, 0, _COLUMNS - 1).astype(int)
    return inside & (pixels[:, 1] > top[mine]) & (pixels[:, 1] < low[mine])


def _occluder(garden: Garden, rng: np.random.Generator) -> tuple[Shape, str]:
    """One thing that may stand on this ground, at its own size."""
    p, ground = garden.palette, garden.land.ground
    names = {
        "grass": ("bush", "rock", "post", "tall grass", "stump", "fence"),
        "meadow": ("tall grass", "bush", "post", "tall grass", "fence"),
        "sand": ("scrub", "rock", "dry grass"),
        "snow": ("rock", "scrub", "post", "conifer", "fence"),
        "rock": ("rock", "rock", "scrub", "bush"),
        "water": ("reeds", "rock", "tall grass", "bush"),
        "floor": ("crate", "pot", "crate", "box"),
    }[ground]
    if not garden.kept:
        names = tuple(name for name in names if name not in ("post", "fence"))
    name = str(rng.choice(names))
    if garden.scale < 0.25 and ground not in ("floor",) and name in ("post", "fence", "stump", "bush", "conifer"):
        name = str(rng.choice(("tall grass", "rock")))
    if name in ("bush", "scrub", "conifer"):
        return KINDS[name](rng, p.leaves * 0.85, 2, p.snow, 1.0), name
    if name == "rock":
        return rock(rng, p.stone * rng.uniform(0.8, 1.15), 2, 0.7), name
    if name == "stump":
        return stump(rng), name
    if name == "post":
        return post(rng), name
    if name == "fence":
        pieces = [fence(rng, 3, w).moved((2.0 * k, 0.0, 0.0)) for k, w in enumerate(rng.uniform(0.5, 0.9, 2))]
        return joined([*pieces, post(rng).moved((4.0, 0.0, -0.05))]).moved((-2.0, 0.0, 0.0)), name
    if name == "crate":
        return crate(rng), name
    if name == "box":
        return box((0.5, 0.36, 0.34), rgb("#a88258") * rng.uniform(0.8, 1.1), (0, 0, 0.17)), name
    if name == "pot":
        return pot(rng, KINDS["bush"](rng, p.leaves, 2, 0.0, 1.0).moved(scale=0.55)), name
    if name == "reeds":
        return blades(rng, 46, 1.5, 0.35, 0.026, p.grass[0], p.grass[1], 0.3, 5, 0.5, 0.4), name
    root, tip = p.dry if name == "dry grass" or rng.random() < p.dryness else p.grass
    return blades(rng, 60, 0.9, 0.16, 0.018, root, tip, 0.6, 5, 0.5, 0.5), name


def fences(garden: Garden) -> None:
    """Now and then a fence across the land behind the animals."""
    land, sight = garden.land, garden.sight
    rng = garden.rng(90)
    if land.ground not in ("grass", "meadow", "snow") or rng.random() > 0.3 or garden.palette.name == "savanna":
        return
    start = sight.farthest * rng.uniform(1.15, 1.6) + max(3.0, 1.5 * garden.scale) + (8.0 if garden.scale < 0.4 else 0.0)
    if start > 120.0:
        return
    turn = sight.heading + np.pi / 2 + rng.normal(0, 0.25)
    middle = sight.eye[:2] + start * np.array([np.cos(sight.heading), np.sin(sight.heading)])
    half = int(min(60, 1.3 * start * np.tan(min(sight.half, 1.2)) / 2 + 4))
    along = 2.0 * np.arange(-half, half + 1)[:, None] * np.array([np.cos(turn), np.sin(turn)])
    spots = garden.grounded(middle + along)
    shapes = [fence(rng, 2, w) for w in rng.uniform(0.3, 1.0, 3)]
    kind = rng.integers(3, size=len(spots))
    clear = (sight.clearance(spots) > 2.3) & (sight.room(spots, np.full(len(spots), 1.3), np.full(len(spots), 2.2), 0.0) > 0.999)
    for k, shape in enumerate(shapes):
        mine = clear & (kind == k)
        if mine.any():
            item = shape_object(garden.scene, f"Fence {k + 1}", shape, garden.materials)
            scatter(garden.scene, item, spots[mine], np.ones(mine.sum()), np.full(mine.sum(), turn))
