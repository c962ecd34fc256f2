"""The simplest limb: a closed tube, for tests of skinning and its measures."""

from __future__ import annotations

import numpy as np

from bestiary.server.evaluate.deformation import enclosed_volume

RADIUS, LENGTH = 0.1, 2.0


def tube(rings: int = 41, around: int = 16) -> tuple[np.ndarray, np.ndarray]:
    """A closed tube along x, its ends capped by a point: vertices (rings * around + 2, 3) and outward faces."""
    x, angle = np.linspace(0, LENGTH, rings), 2 * np.pi * np.arange(around) / around
    circle = RADIUS * np.stack([np.zeros(around), np.cos(angle), np.sin(angle)], axis=1)
    vertices = (circle[None] + x[:, None, None] * np.eye(3)[0]).reshape(-1, 3)
    faces = []
    for ring in range(rings - 1):
        for k in range(around):
            a, b = ring * around + k, ring * around + (k + 1) % around
            faces += [(a, b, b + around), (a, b + around, a + around)]
    first, last, end = len(vertices), len(vertices) + 1, (rings - 1) * around
    faces += [(first, (k + 1) % around, k) for k in range(around)]
    faces += [(last, end + k, end + (k + 1) % around) for k in range(around)]
    vertices = np.concatenate([vertices, [[-0.05, 0, 0], [LENGTH + 0.05, 0, 0]]])
    faces = np.array(faces)
    return vertices, faces if enclosed_volume(vertices, faces) > 0 else faces[:, ::-1]
