"""Which way an animal faces, in a word and in degrees, as the viewer sees it.

The heading is an angle in the camera's horizontal plane: 0 degrees to the right, 90 away from the viewer, 180 to the left,
270 towards the viewer. Eight words share the circle, each for 45 degrees around its own direction.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

FACINGS = ("right", "away-right", "away", "away-left", "left", "towards-left", "towards", "towards-right")
"""The words in the order of the angle: word i stands for 45 i degrees."""


def facing_word(yaw_degrees: float) -> str:
    """The word of FACINGS for a heading in degrees (any number of turns): 0 right, 90 away."""
    if not math.isfinite(yaw_degrees):
        raise ValueError(f"a heading must be a finite number of degrees, got {yaw_degrees}")
    return FACINGS[math.floor((yaw_degrees % 360.0) / 45.0 + 0.5) % 8]


def heading(forward_cam: ArrayLike, up_cam: ArrayLike | None = None) -> tuple[str, float]:
    """(word, yaw in degrees in [0, 360)) of an animal's forward direction (3,) in camera axes (x right, y down, z forward).

    What `forward_cam` has of up and down does not count. `up_cam` (3,) is the world's up in camera axes (`R @ (0, 0, 1)`):
    with it the heading is taken on the ground, so that it stays right for a camera that looks down steeply; without it
    up is the camera's own. A direction that points straight up or down counts as towards the viewer or away, as it looks.
    """
    forward = _direction(forward_cam, "forward_cam")
    up = np.array([0.0, -1.0, 0.0]) if up_cam is None else _direction(up_cam, "up_cam")
    # Away along the ground; a camera that looks straight down sees "away" upward in its picture.
    axis = np.array([0.0, 0.0, 1.0])
    away = axis - (axis @ up) * up
    if np.linalg.norm(away) < 1e-6:
        away = np.array([0.0, -1.0, 0.0])
    away = away / np.linalg.norm(away)
    right = np.cross(away, up)
    x, z = float(forward @ right), float(forward @ away)
    if math.hypot(x, z) < 1e-9:
        x, z = 0.0, float(forward[2]) or -1.0
    yaw = round(math.degrees(math.atan2(z, x)) % 360.0, 6) % 360.0
    return facing_word(yaw), yaw


def _direction(vector: ArrayLike, name: str) -> np.ndarray:
    """`vector` (3,) at length 1; ValueError naming it when it has no direction."""
    array = np.asarray(vector, np.float64)
    if array.shape != (3,) or not np.isfinite(array).all() or not (length := np.linalg.norm(array)) > 0:
        raise ValueError(f"{name} must be three finite numbers that are not all zero, got {vector}")
    return array / length
