"""Trees and bushes, grown by number: a trunk, boughs, twigs, and leaves where the light is.

Every tree is one mesh of a few thousand small real leaves (no transparent textures, which are slow), dark inside the crown
and bright at its rim. Metres; the foot is at the origin.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from .shapes import UP, Shape, joined, leaves, rgb, tubes

Array = NDArray[np.float64]

BARK, PALE_BARK = rgb("#5a4a3c"), rgb("#c9c3b8")
SNOW = rgb("#f1f4f8")


def _bows(start: Array, direction: Array, length: Array, knots: int, lift: float, rng: np.random.Generator, wild: float) -> Array:
    """(N, K, 3) curved paths from start (N, 3) along direction (N, 3) for length (N,), bending up by `lift`."""
    t = np.linspace(0, 1, knots)[None, :, None]
    path = start[:, None] + direction[:, None] * length[:, None, None] * t
    path = path + UP * (lift * length[:, None, None] * t**2)
    wander = np.cumsum(rng.normal(0, wild / knots, (len(start), knots, 3)), 1) * length[:, None, None]
    wander[:, 0] = 0.0
    return path + wander


def _out(rng: np.random.Generator, count: int, climb: Array | float) -> Array:
    """(N, 3) unit directions all around, evenly turned, rising by `climb` (z over the horizontal)."""
    angle = np.arange(count) * 2.39996 + rng.normal(0, 0.3, count)
    rise = np.broadcast_to(climb, count)
    direction = np.column_stack([np.cos(angle), np.sin(angle), rise])
    return direction / np.linalg.norm(direction, axis=1, keepdims=True)


def _crown(
    rng: np.random.Generator,
    clumps: Array,
    size: Array,
    per: int,
    leaf: float,
    colours: Array,
    snow: float,
    flat: float = 0.75,
) -> Shape:
    """Leaves around clumps (N, 3) of radius size (N,): bright towards the outside of the crown, dark within.

    snow 0..1: how much of what faces up is white.
    """
    middle = clumps.mean(0)
    ball = rng.normal(size=(len(clumps), per, 3))
    ball *= rng.uniform(0, 1, (len(clumps), per, 1)) ** 0.45 / np.linalg.norm(ball, axis=2, keepdims=True)
    places = (clumps[:, None] + ball * size[:, None, None] * np.array([1, 1, flat])).reshape(-1, 3)
    from_middle = places - middle
    reach = np.abs(from_middle).max(0) + 1e-9
    whole = from_middle / reach
    puff = whole * 0.8 + ball.reshape(-1, 3) * 0.6 + 0.25 * UP
    puff /= np.linalg.norm(puff, axis=1, keepdims=True) + 1e-9
    local = (ball.reshape(-1, 3) * np.array([0.35, 0.35, 1.0])).sum(1)
    depth = np.clip(0.5 + 0.55 * np.linalg.norm(whole, axis=1) + 0.3 * local, 0.3, 1.45)[:, None]
    tint = 1.3 * np.repeat(colours[rng.integers(len(colours), size=len(clumps))], per, 0)
    colour = tint * depth
    white = rng.random((len(places), 1)) < snow * np.clip(0.3 + local, 0, 1)[:, None]
    return leaves(rng, places, leaf, np.where(white, SNOW * (0.5 + 0.5 * depth), colour), puff)


def broadleaf(rng: np.random.Generator, colours: Array, fine: int = 1, snow: float = 0.0, tall: float = 1.0) -> Shape:
    """A tree such as oak or lime, about 9 m tall; `tall` above 1 is slimmer. fine: leaves for 0 the horizon, 1 far, 2 near."""
    height = 9.0 * rng.uniform(0.85, 1.15)
    bare = height * rng.uniform(0.2, 0.32)
    trunk = _bows(np.zeros((1, 3)), UP[None], np.array([0.75 * height]), 8, 0.0, rng, 0.12)
    thick = 0.26 * np.linspace(1, 0.25, 8) * (1 + 0.7 * np.exp(-np.arange(8) * 1.2))
    count = 13
    at = np.linspace(bare, 0.72 * height, count)
    start = np.column_stack([np.interp(at, trunk[0, :, 2], trunk[0, :, k]) for k in range(3)])
    level = (at - bare) / (0.72 * height - bare)
    length = height * (0.36 - 0.2 * level) * rng.uniform(0.8, 1.2, count) / tall
    boughs = _bows(start, _out(rng, count, 0.35 + 1.1 * level), length, 5, 0.2, rng, 0.25)
    ends = boughs[:, 2:].reshape(-1, 3)
    twigs = np.repeat(ends, 2, 0)
    tips = twigs + (_out(rng, len(twigs), rng.uniform(-0.2, 0.9, len(twigs)))) * (0.085 * height * rng.uniform(0.6, 1.5, (len(twigs), 1)))
    wood = [
        tubes(trunk, thick[None], BARK, 9),
        tubes(boughs, 0.085 * np.linspace(1, 0.25, 5)[None] * (length / length.max())[:, None], BARK * 0.9, 5),
        tubes(np.stack([twigs, tips], 1), np.full((len(twigs), 2), 0.014), BARK * 0.8, 3),
    ]
    size = 0.085 * height * rng.uniform(0.7, 1.35, len(tips))
    per, leaf = ((14, 0.62), (46, 0.34), (110, 0.2))[fine]
    return joined([_crown(rng, tips, size, per, leaf, colours, snow), *wood])


def conifer(rng: np.random.Generator, colours: Array, fine: int = 1, snow: float = 0.0, tall: float = 1.0) -> Shape:
    """A spruce, about 11 m tall: whorls of drooping boughs with needles along both sides."""
    height = 11.0 * rng.uniform(0.85, 1.15)
    levels = (16, 26, 42)[fine]
    part = np.linspace(0.07, 0.985, levels)
    per = np.maximum(4, (9 * (1 - part) + 4)).astype(int)
    level = np.clip(np.repeat(part, per) + rng.normal(0, 0.008, per.sum()), 0.03, 0.99)
    count = len(level)
    length = (0.205 * height * (1 - level) ** 0.85 + 0.12) * rng.uniform(0.7, 1.15, count) / tall
    start = np.column_stack([np.zeros((count, 2)), level * height])
    boughs = _bows(start, _out(rng, count, -0.28 + 0.85 * level), length, 5, 0.1, rng, 0.1)
    sprigs = (4, 8, 26)[fine]
    t = rng.uniform(0.12, 1.0, (count, sprigs)) * 4
    low = np.minimum(t.astype(int), 3)
    rows = np.arange(count)[:, None]
    roots = boughs[rows, low] + (boughs[rows, low + 1] - boughs[rows, low]) * (t - low)[..., None]
    along = (boughs[:, -1] - boughs[:, 0]) / length[:, None]
    side = np.cross(along, UP)[:, None] * rng.choice([-1.0, 1.0], (count, sprigs, 1))
    grow = along[:, None] * 0.75 + side * rng.uniform(0.3, 1.0, (count, sprigs, 1)) + UP * rng.normal(-0.18, 0.2, (count, sprigs, 1))
    long = (0.42, 0.42, 0.32)[fine] * length[:, None, None] * (1.1 - 0.6 * t[..., None] / 4) + 0.16
    ends = roots + grow * long * 0.8
    half = np.cross(grow, UP + rng.normal(0, 0.35, grow.shape)) * (0.1 * long + 0.03) * (1.9, 1.0, 0.6)[fine]
    middle = roots + 0.45 * (ends - roots)
    droop = UP * 0.05 * long
    vertices = np.stack([roots, middle - half - droop, ends - droop, middle + half - droop], 2).reshape(-1, 3)
    n = count * sprigs
    faces = (np.array([(0, 1, 2), (0, 2, 3)])[None] + 4 * np.arange(n)[:, None, None]).reshape(-1, 3)
    outer = (t / 4)[..., None]
    tint = colours[rng.integers(len(colours), size=(count, 1))] * (0.5 + 1.0 * outer) * rng.uniform(0.8, 1.2, (count, sprigs, 1))
    white = rng.random((count, sprigs, 1)) < snow * (0.35 + 0.5 * outer)
    tint = np.where(white, SNOW * (0.6 + 0.4 * outer), tint)
    radial = along * np.array([1, 1, 0])
    puff = np.broadcast_to((0.8 * radial + 0.55 * UP)[:, None], roots.shape)
    needles = Shape.of(vertices, faces, np.repeat(tint.reshape(-1, 3), 4, 0), np.repeat(puff.reshape(-1, 3), 4, 0))
    path = np.column_stack([np.zeros((6, 2)), np.linspace(0, 0.97 * height, 6)])[None]
    return joined([needles, tubes(path, 0.17 * np.linspace(1, 0.08, 6)[None], BARK, 7)])


def acacia(rng: np.random.Generator, colours: Array, fine: int = 1, snow: float = 0.0, tall: float = 1.0) -> Shape:
    """A tree of the savanna, about 6 m tall, flat above: forked stems under wide shelves of leaves."""
    height = 6.2 * rng.uniform(0.85, 1.2)
    forks = int(rng.integers(5, 8))
    stem = _bows(np.zeros((1, 3)), UP[None], np.array([0.36 * height]), 4, 0.0, rng, 0.3)
    length = height * rng.uniform(0.62, 0.85, forks)
    arms = _bows(np.repeat(stem[0, -1:], forks, 0), _out(rng, forks, rng.uniform(0.7, 1.3, forks)), length, 6, -0.1, rng, 0.3)
    top = height * rng.uniform(0.86, 1.0, forks)
    twigs = np.repeat(arms[:, 3:].reshape(-1, 3), 6, 0)
    roof = np.repeat(np.repeat(top, 3), 6)
    spread = rng.normal(0, 0.16 * height, (len(twigs), 2))
    tips = np.column_stack(
        [twigs[:, :2] + spread, roof + rng.normal(0, 0.035 * height, len(twigs)) - 0.35 * np.linalg.norm(spread, axis=1) * 0.4]
    )
    wood = [
        tubes(stem, 0.2 * np.linspace(1.25, 0.8, 4)[None], BARK, 8),
        tubes(arms, 0.11 * np.linspace(1, 0.3, 6)[None].repeat(forks, 0), BARK, 5),
        tubes(np.stack([twigs, tips], 1), np.array([[0.025, 0.008]]).repeat(len(twigs), 0), BARK * 0.8, 3),
    ]
    per, leaf = ((12, 0.37), (40, 0.2), (90, 0.12))[fine]
    return joined([_crown(rng, tips, 0.1 * height * rng.uniform(0.6, 1.2, len(tips)), per, leaf, colours, snow, 0.28), *wood])


def bare(rng: np.random.Generator, colours: Array, fine: int = 1, snow: float = 0.0, tall: float = 1.0) -> Shape:
    """A tree without leaves, about 7 m tall: three generations of branches."""
    height = 7.0 * rng.uniform(0.85, 1.2)
    bark = rgb("#6e6258") if rng.random() < 0.6 else rgb("#8c8378")
    trunk = _bows(np.zeros((1, 3)), UP[None], np.array([0.85 * height]), 8, 0.0, rng, 0.25)
    at = rng.uniform(0.25, 0.98, 15)
    start = np.column_stack([np.interp(at * 7, np.arange(8), trunk[0, :, k]) for k in range(3)])
    long = height * (0.42 - 0.26 * at)
    boughs = _bows(start, _out(rng, 15, 0.7 + 0.6 * at), long, 6, 0.15, rng, 0.35)
    first = np.repeat(boughs[:, 2:].reshape(-1, 3), 3, 0)
    twigs = _bows(
        first, _out(rng, len(first), rng.uniform(0.2, 1.6, len(first))), 0.13 * height * rng.uniform(0.5, 1.2, len(first)), 4, 0.1, rng, 0.4
    )
    second = np.repeat(twigs[:, 1:].reshape(-1, 3), 2, 0)
    fine_twigs = _bows(
        second,
        _out(rng, len(second), rng.uniform(0.0, 1.8, len(second))),
        0.05 * height * rng.uniform(0.5, 1.3, len(second)),
        3,
        0.1,
        rng,
        0.3,
    )
    parts = [
        (trunk, 0.19 * np.linspace(1.2, 0.2, 8), 8),
        (boughs, 0.07 * np.linspace(1, 0.2, 6), 5),
        (twigs, 0.02 * np.linspace(1, 0.4, 4), 3),
        (fine_twigs, 0.009 * np.linspace(1, 0.5, 3), 3),
    ]
    shapes = [
        tubes(path, np.broadcast_to(radius, path.shape[:2]), bark * (1.0 if k == 0 else 0.85), sides)
        for k, (path, radius, sides) in enumerate(parts)
    ]
    return joined(shapes)


def bush(rng: np.random.Generator, colours: Array, fine: int = 1, snow: float = 0.0, tall: float = 1.0) -> Shape:
    """A bush about 1.2 m tall, leafy down to the ground."""
    count = 26 if fine == 1 else 34
    direction = _out(rng, count, rng.uniform(0.15, 2.2, count))
    length = rng.uniform(0.55, 1.1, count)
    stems = _bows(np.zeros((count, 3)), direction, length, 5, 0.1, rng, 0.3)
    tips = stems[:, 2:].reshape(-1, 3)
    tips[:, 2] = np.maximum(tips[:, 2], 0.1)
    wood = tubes(stems, np.broadcast_to(0.016 * np.linspace(1, 0.4, 5), (count, 5)), BARK * 0.9, 4)
    per, leaf = ((10, 0.16), (30, 0.095), (48, 0.07))[fine]
    return joined([_crown(rng, tips, rng.uniform(0.12, 0.26, len(tips)), per, leaf, colours, snow, 0.85), wood])


def scrub(rng: np.random.Generator, colours: Array, fine: int = 1, snow: float = 0.0, tall: float = 1.0) -> Shape:
    """A dry bush of thin twigs with few leaves, about 0.7 m tall."""
    count = 34
    stems = _bows(np.zeros((count, 3)), _out(rng, count, rng.uniform(0.3, 2.4, count)), rng.uniform(0.4, 0.8, count), 5, 0.05, rng, 0.5)
    first = np.repeat(stems[:, 1:].reshape(-1, 3), 2, 0)
    twigs = _bows(first, _out(rng, len(first), rng.uniform(-0.1, 1.6, len(first))), rng.uniform(0.1, 0.25, len(first)), 3, 0.0, rng, 0.4)
    wood = [
        tubes(stems, np.broadcast_to(0.009 * np.linspace(1, 0.4, 5), (count, 5)), rgb("#8a7a64"), 4),
        tubes(twigs, np.full(twigs.shape[:2], 0.0035), rgb("#9a8a70"), 3),
    ]
    return joined([_crown(rng, twigs[:, -1], np.full(len(twigs), 0.05), 3, 0.05, colours, snow), *wood])


Grower = Callable[[np.random.Generator, Array, int, float, float], Shape]
KINDS: dict[str, Grower] = {"broadleaf": broadleaf, "conifer": conifer, "acacia": acacia, "bare": bare, "bush": bush, "scrub": scrub}
