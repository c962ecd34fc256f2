"""How large the animals of the game 0 A.D. are in life: their species by an actor's or a mesh's name, and where the withers are.

The game draws its animals about two and a half times as large as life.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

UNITS_PER_METRE = 2.5
"""How large the game draws what is not in `SPECIES`: median of the 19 kinds in it, 2.1 to 3.1."""

SPECIES = {
    "arctic_wolf": ("arctic_wolf", 0.78), "bear": ("bear", 1.05), "bear_black": ("black_bear", 0.85),
    "bear_brown": ("brown_bear", 1.1), "bear_white": ("polar_bear", 1.35), "bear_polar": ("polar_bear", 1.35),
    "boar": ("wild_boar", 0.85), "bull": ("bull", 1.45), "camel": ("camel", 1.85), "cattle": ("cow", 1.35), "cow": ("cow", 1.4),
    "deer": ("deer", 1.0), "donkey": ("donkey", 1.12), "elephant": ("elephant", 2.9), "fox": ("fox", 0.38),
    "fox_arctic": ("arctic_fox", 0.29), "gazelle": ("gazelle", 0.65), "giraffe": ("giraffe", 3.0), "goat": ("goat", 0.72),
    "hippopotamus": ("hippo", 1.5), "horse": ("horse", 1.58), "lion": ("lion", 1.15), "lioness": ("lioness", 1.02),
    "mastiff": ("mastiff", 0.75), "muskox": ("muskox", 1.35), "pig": ("pig", 0.8), "piglet": ("piglet", 0.3),
    "pony": ("pony", 1.25), "rhinoceros": ("rhino", 1.7), "sanga_cattle": ("sanga_cattle", 1.35), "sheep": ("sheep", 0.7),
    "tiger": ("tiger", 0.95), "wildebeest": ("wildebeest", 1.32), "wolf": ("wolf", 0.78), "zebra": ("zebra", 1.32),
    "zebu": ("zebu", 1.3),
}  # fmt: skip
"""The species of an actor's name and the height of grown ones at the withers in metres."""


def stance(vertices: Array) -> tuple[float, float]:
    """x of the front and of the hind feet of vertices (V, 3) in the animal frame."""
    feet = vertices[vertices[:, 2] < vertices[:, 2].min() + 0.12 * np.ptp(vertices[:, 2]), 0]
    middle = 0.5 * (feet.max() + feet.min())
    return float(feet[feet >= middle].mean()), float(feet[feet <= middle].mean())


def withers_of(vertices: Array, faces: NDArray[np.integer]) -> float:
    """Height of the back a little behind the front feet, above the lowest point; vertices (V, 3) in the animal frame."""
    ground, height = vertices[:, 2].min(), np.ptp(vertices[:, 2])
    front, rear = stance(vertices)
    at = front - 0.15 * (front - rear)
    corners = vertices[faces]
    start, end = corners, np.roll(corners, -1, axis=1)
    crosses = (start[..., 0] - at) * (end[..., 0] - at) < 0
    if not crosses.any():
        return float(height)
    start, end = start[crosses], end[crosses]
    share = (at - start[:, 0]) / (end[:, 0] - start[:, 0])
    return float((start[:, 2] + share * (end[:, 2] - start[:, 2])).max() - ground)


def species_of(actor: str) -> tuple[str, float | None]:
    """The species of an actor and its height at the withers in metres, None where that is not known."""
    words = [word for word in actor.lower().removeprefix("fauna_").split("_") if word]
    words = [kept for word in words if (kept := word.rstrip("0123456789"))] or [actor.lower()]
    name = "_".join(words)
    for guess in (name, "_".join(words[:2]), words[0], words[-1]):
        if guess in SPECIES:
            return SPECIES[guess]
    return name, None
