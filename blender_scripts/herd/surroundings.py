"""Everything in a picture but the animals and the camera: ground, sky, sun, plants, occluders and props, from the plan alone.

The same plan makes the same scene: every number is drawn from the plan's seed. Animals come in as vertices, so that nothing
grows through them and nothing but the occluders hides more than their feet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import bpy
import numpy as np
from numpy.typing import NDArray

from .ground import new_ground, new_water
from .habitats import habitat, kept_by_people
from .indoors import room
from .land import Land
from .materials import Air, leaf, rough
from .meter import exposure
from .palettes import Palette, palette_of
from .plan import GROUNDS, LIGHTS, AssetAnimal, Plan
from .plants import Garden, grow
from .props import fences, occluders
from .sight import Sight
from .sky import air_of, develop, new_sun, new_world, use_picture, weather_of

Array = NDArray[np.float64]


def build_surroundings(scene: bpy.types.Scene, plan: Plan, bodies: Sequence[Array] = (), plants: bool = True) -> None:
    """Build what is around the animals into a scene, set its world and how its pictures are developed.

    bodies: for every animal its vertices (V, 3) in metres in the world. plants: whether anything grows; fences and what
    stands before the animals are there in any case. Raises ValueError for a ground or light that there is
    not, and for a background that is no picture.
    """
    around = plan.surroundings
    if around.ground not in GROUNDS or around.light not in LIGHTS:
        raise ValueError(
            f"There is no ground {around.ground!r} with light {around.light!r}; grounds are {', '.join(GROUNDS)}, "
            f"lights {', '.join(LIGHTS)}."
        )
    eye = plan.camera.position
    sight = Sight(plan.camera, bodies, float(plan.terrain.height(eye[:2])), plan.scale)
    land, palette, weather = Land(plan, sight), palette_of(around, _habitats(plan)), weather_of(around)
    air = air_of(weather)
    if around.ground != "floor":
        weather = replace(weather, exposure=exposure(land, palette, weather))
    develop(scene, around, weather)
    new_sun(scene, around, weather)
    if around.background is not None:
        use_picture(scene, around.background, plan.camera, around, weather)
    else:
        new_world(scene, around, weather, palette.soil if around.ground in ("sand", "snow", "floor") else palette.grass.mean(0))
    ground = new_ground(scene, land, palette, air)
    kept = kept_by_people([name for name, _ in _who(plan)])
    garden = Garden(scene, land, palette, _materials(palette, plan, air), kept)
    if around.background is not None:
        ground.is_shadow_catcher = True
        occluders(garden)
        return
    if land.water is not None:
        new_water(scene, land, palette, air)
    if around.ground == "floor":
        room(garden)
    if plants:
        grow(garden)
    if kept:
        fences(garden)
    occluders(garden)


def _who(plan: Plan) -> list[tuple[str, str]]:
    """Species and family of every animal."""
    return [(a.species, "") if isinstance(a, AssetAnimal) else (a.who.species, a.family) for a in plan.animals]


def _habitats(plan: Plan) -> list[str]:
    """Where the animals live, one for every animal."""
    return [habitat(*one) for one in _who(plan)]


def _materials(palette: Palette, plan: Plan, air: Air) -> tuple[bpy.types.Material, bpy.types.Material, bpy.types.Material]:
    """Leaf, wood and stone, which all shapes wear in this order."""
    return (
        leaf("Leaf", palette.grass.mean(0), air, max(2.0, 3.0 * plan.scale)),
        rough("Wood", (0.2, 0.15, 0.1), air, 0.06, 0.006, (1.0, 1.0, 0.18), 0.7 * palette.snow),
        rough("Stone", palette.stone, air, 0.1, 0.02, snow=palette.snow, contrast=0.3),
    )
