"""What a layout hands back: the ground, the camera and the animals, all in their places."""

from __future__ import annotations

from dataclasses import dataclass

from ...animal.cameras import Camera
from .plan import PlannedAnimal, Terrain


@dataclass(frozen=True, eq=False)
class Layout:
    """Where everything is in one picture. scale: metres of a typical body length; notes: what could not be had, in words."""

    terrain: Terrain
    camera: Camera
    animals: tuple[PlannedAnimal, ...]
    scale: float
    notes: tuple[str, ...] = ()
