"""The light meter: how bright what the camera looks at will be, from the plan alone, and the exposure that makes a picture of it.

Rays through a grid over the picture find ground, animal or sky; each gets the light that falls there times what it returns. The
middle of the picture counts most, as in a real camera, and snow and dusk keep some of their own brightness.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .ground import paint
from .land import Land
from .palettes import Palette
from .sky import Weather, sun_direction

Array = NDArray[np.float64]

_GRID = 24
_GREY = 0.19  # luminance that comes out as the middle of the picture's range
_ANIMAL = 0.2  # what a coat returns, on average
# What is left of the ground's light among blades and stones, and stops by which a ground or a light may differ from the middle.
_SHADE = {"grass": 0.55, "meadow": 0.5, "water": 0.6, "rock": 0.65, "sand": 1.0, "snow": 1.0}
_DEEP = 0.45  # … where grass is a wood, because the animals are small
_KEPT = {"snow": 0.55, "sand": 0.45}
_KEPT_LIGHT = {"dusk": -0.45, "overcast": -0.1}
_MOST = (-1.2, 3.2)  # stops


def exposure(land: Land, palette: Palette, weather: Weather) -> float:
    """Stops for this picture out of doors, rounded so that machines agree."""
    around = land.plan.surroundings
    brightness, weight = _looked_at(land, palette, weather)
    mean = float(np.exp((np.log(np.maximum(brightness, 1e-3)) * weight).sum() / weight.sum()))
    stops = np.log2(_GREY / mean) + _KEPT.get(land.ground, 0.0) + _KEPT_LIGHT.get(around.light, 0.0)
    return round(float(np.clip(stops, *_MOST)), 2)


def _looked_at(land: Land, palette: Palette, weather: Weather) -> tuple[Array, Array]:
    """(N,) luminance of what the camera sees in every cell of the grid, and (N,) how much it counts."""
    camera, sight = land.plan.camera, land.sight
    at = (np.arange(_GRID) + 0.5) / _GRID
    u, v = (a.ravel() for a in np.meshgrid(at * camera.width, at * camera.height))
    rays = camera.unproject(np.column_stack([u, v]), 1.0) - sight.eye
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    off = np.hypot(u / camera.width - 0.5, v / camera.height - 0.55)
    weight = np.exp(-0.5 * (off / 0.33) ** 2)
    towards = sun_direction(land.plan.surroundings)
    sky = _grey(0.5 * (weather.zenith + weather.horizon) + 0.15 * weather.glow)
    lamp = weather.sun * _grey(weather.sun_colour)
    down = rays[:, 2] < -0.02
    places = sight.eye[:2] - rays[:, :2] * (sight.above / np.minimum(rays[:, 2], -0.02))[:, None]
    colour = paint(land, palette, places, land.height(places)) @ _LUMINANCE
    small = land.plan.scale < 0.4 and land.ground in ("grass", "meadow", "water")
    ground = colour * _SHADE.get(land.ground, 1.0) * (_DEEP if small else 1.0) * (lamp * towards[2] / np.pi + sky)
    light = np.where(down, ground, sky)
    weight = np.where(down, weight, 0.25 * weight)
    facing = -rays @ towards  # 1: the sun is behind the camera
    animal = _ANIMAL * (lamp * np.clip(0.25 + 0.4 * facing, 0.03, 0.6) / np.pi + 0.6 * sky + 0.25 * ground)
    for body in sight.bodies:
        if np.isfinite(body.box).all():
            left, top, right, low = body.box
            inside = (u > left) & (u < right) & (v > top) & (v < low)
            light = np.where(inside, np.sqrt(light * animal), light)
            weight = np.where(inside, 1.5 * weight, weight)
    return light, weight


_LUMINANCE = np.array([0.2126, 0.7152, 0.0722])


def _grey(colour: Array) -> float:
    return float(colour @ _LUMINANCE)
