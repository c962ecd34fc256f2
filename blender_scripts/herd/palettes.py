"""The colours of a place and its season: what grows there, in which greens and browns, and how its air and light look.

A ground may be one of several places (grass: a spring pasture, a summer hillside, a dry savanna, autumn); the animals and the
seed say which.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .habitats import ANYWHERE, suiting
from .plan import Surroundings
from .shapes import rgb

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Palette:
    """name; soil (3,); grass: root and tip (2, 3) of most blades, dry (2, 3) of others and their share; leaves (N, 3); stone (3,);
    trees and bushes: names in `trees.KINDS`; forest 0..1: how wooded the distance is; snow 0..1 on what faces up; flowers:
    petal colours (N, 3)."""

    name: str
    soil: Array
    grass: Array
    dry: Array
    dryness: float
    leaves: Array
    stone: Array
    trees: tuple[str, ...]
    bushes: tuple[str, ...]
    forest: float
    snow: float = 0.0
    flowers: Array | None = None


def _colours(*codes: str) -> Array:
    return np.array([rgb(code) for code in codes])


_STRAW = _colours("#7d6c3f", "#c9b47a")
_PETALS = _colours("#f4f2ec", "#f0cf3a", "#c9342b", "#6f7fd0", "#d67fb0", "#8a54a8")
_GREENS = _colours("#56732c", "#648036", "#4a6629", "#748a3c")
_SPRUCE = _colours("#2f4a2c", "#38543a", "#2a4230")

_PLACES = {
    "pasture": Palette(
        "pasture",
        rgb("#5b4732"),
        _colours("#36501a", "#7fa13c"),
        _colours("#6d6a30", "#b5ad62"),
        0.12,
        _GREENS,
        rgb("#8d8880"),
        ("broadleaf", "broadleaf", "conifer"),
        ("bush",),
        0.6,
    ),
    "hillside": Palette(
        "hillside",
        rgb("#6b5438"),
        _colours("#455522", "#93a04c"),
        _STRAW,
        0.38,
        _colours("#5d7030", "#70803a", "#4b5f2a"),
        rgb("#9a9084"),
        ("broadleaf", "conifer"),
        ("bush", "scrub"),
        0.5,
    ),
    "savanna": Palette(
        "savanna",
        rgb("#8a6440"),
        _colours("#6d6030", "#b9a25c"),
        _colours("#857040", "#d8c48c"),
        0.6,
        _colours("#5b6a2e", "#6d7636", "#7a7c40"),
        rgb("#97806a"),
        ("acacia", "acacia", "bare"),
        ("scrub", "bush"),
        0.25,
    ),
    "autumn": Palette(
        "autumn",
        rgb("#54402b"),
        _colours("#4b5322", "#98984a"),
        _STRAW,
        0.35,
        _colours("#b5702a", "#c8902f", "#94502a", "#7d7a34", "#a88432"),
        rgb("#86817a"),
        ("broadleaf", "broadleaf", "bare"),
        ("bush", "scrub"),
        0.65,
    ),
    "meadow": Palette(
        "meadow",
        rgb("#54452f"),
        _colours("#3f5820", "#8fac4a"),
        _colours("#7b7238", "#cbbd78"),
        0.25,
        _GREENS,
        rgb("#8d8880"),
        ("broadleaf", "conifer"),
        ("bush",),
        0.6,
        0.0,
        _PETALS,
    ),
    "desert": Palette(
        "desert",
        rgb("#cda874"),
        _colours("#7d6c40", "#c2ad70"),
        _colours("#8d7848", "#d8c490"),
        0.7,
        _colours("#80804e", "#8f8a5a"),
        rgb("#a98560"),
        ("bare",),
        ("scrub",),
        0.02,
    ),
    "beach": Palette(
        "beach",
        rgb("#d3bf98"),
        _colours("#5f6a36", "#a5a868"),
        _colours("#94834f", "#d6c894"),
        0.45,
        _colours("#5c6e36", "#73803f"),
        rgb("#8e8478"),
        ("acacia", "bare"),
        ("scrub", "bush"),
        0.06,
    ),
    "winter": Palette(
        "winter",
        rgb("#e9eef5"),
        _colours("#6b5f40", "#a8966a"),
        _STRAW,
        0.8,
        _SPRUCE,
        rgb("#77767a"),
        ("conifer", "conifer", "bare"),
        ("scrub",),
        0.8,
        0.75,
    ),
    "mountain": Palette(
        "mountain",
        rgb("#7b7266"),
        _colours("#4c5728", "#8f9650"),
        _STRAW,
        0.45,
        _colours("#3d5430", "#4a5f34"),
        rgb("#8b857c"),
        ("conifer", "conifer", "bare"),
        ("scrub", "bush"),
        0.5,
    ),
    "canyon": Palette(
        "canyon",
        rgb("#a06a45"),
        _colours("#66602f", "#aa9a58"),
        _STRAW,
        0.6,
        _colours("#5d6638", "#6c7040"),
        rgb("#a8714e"),
        ("bare",),
        ("scrub",),
        0.1,
    ),
    "lake": Palette(
        "lake",
        rgb("#6a5a42"),
        _colours("#3a5220", "#86a044"),
        _colours("#77703a", "#bdb26c"),
        0.25,
        _GREENS,
        rgb("#807c76"),
        ("broadleaf", "conifer"),
        ("bush",),
        0.85,
    ),
    "waterhole": Palette(
        "waterhole",
        rgb("#8d6d48"),
        _colours("#6d6434", "#b5a560"),
        _colours("#857242", "#d2c088"),
        0.5,
        _colours("#5b6a2e", "#717838"),
        rgb("#917c68"),
        ("acacia", "acacia", "bare"),
        ("scrub", "bush"),
        0.3,
    ),
    "woods": Palette(
        "woods",
        rgb("#4a3a28"),
        _colours("#3d4a22", "#75893f"),
        _colours("#5f4f2e", "#95804e"),
        0.4,
        _GREENS,
        rgb("#7f7b74"),
        ("broadleaf", "conifer", "broadleaf"),
        ("bush", "scrub"),
        1.25,
    ),
    "jungle": Palette(
        "jungle",
        rgb("#5a4028"),
        _colours("#2f4f1e", "#6f9a3a"),
        _colours("#5d6030", "#95924c"),
        0.1,
        _colours("#3d6426", "#4f7a2e", "#5f8436"),
        rgb("#77746c"),
        ("broadleaf",),
        ("bush", "bush"),
        1.3,
    ),
    "steppe": Palette(
        "steppe",
        rgb("#84704c"),
        _colours("#6c6a36", "#a9a460"),
        _colours("#8a7a48", "#d2c28c"),
        0.55,
        _colours("#6b7038", "#7c7a40"),
        rgb("#958c7e"),
        ("bare",),
        ("scrub",),
        0.03,
    ),
    "tundra": Palette(
        "tundra",
        rgb("#6b5c46"),
        _colours("#5c5a2e", "#98904c"),
        _colours("#7d5530", "#b5854a"),
        0.5,
        _colours("#6d5a2c", "#8a5a30", "#5a6234"),
        rgb("#87857f"),
        ("bare",),
        ("scrub",),
        0.0,
    ),
    "icefield": Palette(
        "icefield",
        rgb("#eaf0f6"),
        _colours("#6b6444", "#a89c72"),
        _STRAW,
        0.9,
        _SPRUCE,
        rgb("#7d8086"),
        ("bare",),
        ("scrub",),
        0.0,
        0.8,
    ),
    "indoors": Palette(
        "indoors",
        rgb("#8a6a48"),
        _colours("#3a5a24", "#6f9a3e"),
        _STRAW,
        0.0,
        _colours("#3f6630", "#527a38"),
        rgb("#9a958c"),
        ("broadleaf",),
        ("bush",),
        0.0,
    ),
}
_OF = {
    "grass": ("pasture", "hillside", "savanna", "pasture", "autumn", "woods", "steppe", "jungle", "tundra"),
    "meadow": ("meadow",),
    "sand": ("desert", "beach", "desert"),
    "snow": ("winter", "icefield"),
    "rock": ("mountain", "mountain", "canyon"),
    "water": ("lake", "waterhole", "lake"),
    "floor": ("indoors",),
}


def palette_of(surroundings: Surroundings, kinds: Sequence[str] = ()) -> Palette:
    """The place that the seed chooses for this ground, mostly one that suits animals of these habitats."""
    rng = np.random.default_rng([surroundings.seed, 2])
    names = _OF[surroundings.ground]
    if rng.random() >= ANYWHERE:
        names = suiting(kinds, names)
    return _PLACES[names[int(rng.integers(len(names)))]]
