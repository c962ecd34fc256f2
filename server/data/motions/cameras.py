"""Cameras that keep an animal in view for a whole clip (Object-Agnostic 3D Lifting, section 3.1.3).

The camera looks at the middle of the box around all joints of all frames, from along the box's diagonal turned about the vertical by
a random angle, and steps back until everything is in the picture.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from ....animal.cameras import Camera

SIZE = 1080
FOCAL = 35.0 / 36.0 * SIZE
"""A 35 mm lens on a 36 mm sensor, in pixels."""
STEPS = np.arange(1.0, 9.75, 0.5)
"""Distances that are tried, in lengths of the diagonal."""


def paper_camera(positions: ArrayLike, rng: np.random.Generator) -> Camera:
    """The camera for positions (F, J, 3) metres, Z up, nan where unknown; draws a whole number of degrees.

    Where not even the farthest step shows everything, that one is taken. Raises ValueError when nothing is known.
    """
    points = np.asarray(positions, np.float64).reshape(-1, 3)
    points = points[np.isfinite(points).all(axis=1)]
    if not len(points):
        raise ValueError("there is no joint to look at")
    low, high = points.min(axis=0), points.max(axis=0)
    centre, diagonal = (low + high) / 2, np.maximum(high - low, 1e-6)
    yaw = math.radians(int(rng.integers(360)))
    level = math.hypot(diagonal[0], diagonal[1])
    direction = np.array([level * math.cos(yaw), level * math.sin(yaw), diagonal[2]])
    camera = Camera.look_at(centre + STEPS[0] * direction, centre, FOCAL, SIZE, SIZE)
    for step in STEPS:
        camera = Camera.look_at(centre + step * direction, centre, FOCAL, SIZE, SIZE)
        pixels = camera.project(points)
        if np.isfinite(pixels).all() and (pixels >= 0).all() and (pixels <= SIZE).all():
            break
    return camera
