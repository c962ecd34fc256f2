"""Pinhole cameras: one photo, one camera, in OpenCV axes, with Blender's camera matrix beside it.

`x_cam = R x_world + t` in metres (x right, y down, z forward), `pixel = K x_cam / z`; the centre of the top-left pixel
is (0.5, 0.5). Blender's cameras look along their own -Z with Y up.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

# Blender camera axes expressed in OpenCV axes: y and z change sign.
_FLIP = np.diag([1.0, -1.0, -1.0])


def default_focal(width: int, height: int) -> float:
    """The focal length in pixels that is assumed of a photo that does not tell: 1.2 times its longer side (45 degrees)."""
    return 1.2 * max(width, height)


def intrinsics(focal: float, width: int, height: int) -> Array:
    """K (3, 3) in pixels with square pixels and the principal point in the middle of the picture."""
    return np.array([[focal, 0.0, width / 2.0], [0.0, focal, height / 2.0], [0.0, 0.0, 1.0]])


@dataclass(frozen=True)
class Camera:
    """A pinhole camera.

    K (3, 3) intrinsics in pixels; R (3, 3) and t (3,) take world points in metres into the camera; width and height
    in pixels.
    """

    K: Array
    R: Array
    t: Array
    width: int
    height: int

    def __post_init__(self) -> None:
        for name, shape in (("K", (3, 3)), ("R", (3, 3)), ("t", (3,))):
            value = np.array(getattr(self, name), dtype=np.float64)
            if value.shape != shape or not np.isfinite(value).all():
                raise ValueError(f"camera {name} must be {shape} and finite, got {value.shape}")
            object.__setattr__(self, name, value)
        if self.width < 1 or self.height < 1:
            raise ValueError(f"a camera needs a picture of at least 1 x 1, got {self.width} x {self.height}")

    @classmethod
    def at_origin(cls, width: int, height: int, focal: float | None = None) -> Camera:
        """The camera whose axes are the world's (OpenCV axes as world axes): where fitting starts."""
        focal = default_focal(width, height) if focal is None else focal
        return cls(intrinsics(focal, width, height), np.eye(3), np.zeros(3), width, height)

    @classmethod
    def look_at(cls, position: ArrayLike, target: ArrayLike, focal: float, width: int, height: int) -> Camera:
        """A camera at `position` (3,) that has `target` (3,) in the middle of its picture and the world's Z upward."""
        position = np.asarray(position, dtype=np.float64)
        forward = np.asarray(target, dtype=np.float64) - position
        forward /= np.linalg.norm(forward)
        # Straight down or up has no upward direction of its own; the world's x serves.
        up = np.array([0.0, 0.0, 1.0]) if abs(forward[2]) < 0.999 else np.array([1.0, 0.0, 0.0])
        right = np.cross(forward, up)
        right /= np.linalg.norm(right)
        R = np.stack([right, np.cross(forward, right), forward])
        return cls(intrinsics(focal, width, height), R, -R @ position, width, height)

    @property
    def position(self) -> Array:
        """The camera's place in the world, (3,) metres."""
        return -self.R.T @ self.t

    def to_camera(self, points: ArrayLike) -> Array:
        """World points (…, 3) in metres → camera axes (…, 3)."""
        return np.asarray(points, dtype=np.float64) @ self.R.T + self.t

    def to_world(self, points: ArrayLike) -> Array:
        """Points in camera axes (…, 3) → world points (…, 3) in metres."""
        return (np.asarray(points, dtype=np.float64) - self.t) @ self.R

    def project(self, points: ArrayLike) -> Array:
        """World points (…, 3) → pixels (…, 2); points on or behind the camera's plane give nan."""
        return project(self.to_camera(points), self.K)

    def unproject(self, pixels: ArrayLike, depth: ArrayLike) -> Array:
        """Pixels (…, 2) at camera depth z (…) in metres → world points (…, 3)."""
        pixels = np.asarray(pixels, dtype=np.float64)
        homogeneous = np.concatenate([pixels, np.ones_like(pixels[..., :1])], axis=-1)
        rays = homogeneous @ np.linalg.inv(self.K).T
        return self.to_world(rays * np.asarray(depth, dtype=np.float64)[..., None])

    def matrix_world(self) -> Array:
        """Blender's `camera.matrix_world` (4, 4) for this camera."""
        matrix = np.eye(4)
        matrix[:3, :3] = self.R.T @ _FLIP
        matrix[:3, 3] = self.position
        return matrix

    @classmethod
    def from_matrix_world(cls, matrix: ArrayLike, K: ArrayLike, width: int, height: int) -> Camera:
        """The camera of Blender's `matrix_world` (4, 4, without scale) and intrinsics K (3, 3)."""
        matrix = np.asarray(matrix, dtype=np.float64)
        R = _FLIP @ matrix[:3, :3].T
        return cls(np.asarray(K, dtype=np.float64), R, -R @ matrix[:3, 3], width, height)


def project(points: ArrayLike, K: ArrayLike) -> Array:
    """Points in camera axes (…, 3) → pixels (…, 2) by K (3, 3); nan where z is not in front of the camera."""
    points = np.asarray(points, dtype=np.float64)
    z = points[..., 2:]
    with np.errstate(divide="ignore", invalid="ignore"):
        homogeneous = np.where(z > 1e-9, points / z, np.nan)
    return homogeneous @ np.asarray(K, dtype=np.float64)[:2].T
