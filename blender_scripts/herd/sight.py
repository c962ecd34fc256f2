"""What the camera sees of the land, in numbers: which places are in the picture, how large things come out, who would be hidden.

Everything scattered in a picture goes through here, so that nothing is built that nobody sees, nothing stands in an
animal, and nothing but the occluders hides more of one than its feet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...animal.cameras import Camera

Array = NDArray[np.float64]

_SAMPLE = 160  # vertices of a body that stand for it in distances
_TURN = 2 * np.pi


@dataclass(frozen=True, eq=False)
class Body:
    """One animal as an obstacle: footprint (S, 2) and points (S, 3) in metres, height above its lowest point, its place in the
    picture (left, top, right, bottom in pixels; nan behind the camera) and its nearest depth."""

    points: Array
    middle: Array
    low: float
    height: float
    box: Array
    depth: float

    @classmethod
    def of(cls, vertices: Array, camera: Camera) -> Body:
        """From all its vertices (V, 3) in metres in the world."""
        vertices = np.asarray(vertices, np.float64)
        points = vertices[:: max(1, len(vertices) // _SAMPLE)]
        seen = camera.to_camera(points)
        pixels = camera.project(points)
        good = seen[:, 2] > 1e-6
        box = np.concatenate([pixels[good].min(0), pixels[good].max(0)]) if good.any() else np.full(4, np.nan)
        low = float(vertices[:, 2].min())
        depth = float(seen[good, 2].min()) if good.any() else np.inf
        return cls(points, points[:, :2].mean(0), low, float(vertices[:, 2].max()) - low, box, depth)


class Sight:
    """The camera over the land, with the animals in it.

    eye (3,); heading in radians; half: the half angle (radians, about the eye's foot) that holds the picture's ground; above:
    metres of the eye over the ground; focal in pixels, not above what a picture of `_SHARPEST` pixels has.
    """

    def __init__(self, camera: Camera, bodies: Sequence[Array], floor: float, scale: float) -> None:
        """floor: z of the ground below the camera, roughly; scale: metres of a typical body."""
        self.camera, self.scale = camera, scale
        self.bodies = [Body.of(vertices, camera) for vertices in bodies]
        self.eye = camera.position
        self.above = max(float(self.eye[2] - floor), 0.02 * scale)
        self.focal = float(camera.K[0, 0]) * min(1.0, 900.0 / max(camera.width, camera.height))
        self.heading, self.half = self._spread()
        self._points = np.concatenate([b.points for b in self.bodies]) if self.bodies else np.empty((0, 3))

    def _spread(self) -> tuple[float, float]:
        """Heading and half angle of what the picture shows, seen from above."""
        camera = self.camera
        u, v = np.meshgrid(np.linspace(0, camera.width, 17), np.linspace(0, camera.height, 17))
        rays = camera.unproject(np.stack([u, v], -1), 1.0) - self.eye
        middle = camera.R[2] if abs(camera.R[2, 2]) < 0.95 else -camera.R[1]
        heading = float(np.arctan2(middle[1], middle[0]))
        if camera.R[2, 2] < -0.95:
            return heading, np.pi
        away = (np.arctan2(rays[..., 1], rays[..., 0]) - heading + np.pi) % _TURN - np.pi
        return heading, float(min(np.pi, np.abs(away).max() + 0.03))

    def camera_start(self) -> float:
        """Metres over the ground from the camera's foot to the nearest ground in the picture."""
        camera = self.camera
        corners = np.array([[x, y] for x in (0.0, 0.5, 1.0) for y in (0.0, 0.5, 1.0)]) * (camera.width, camera.height)
        rays = camera.unproject(corners, 1.0) - self.eye
        down = rays[:, 2] < -1e-4
        if not down.any() or camera.R[2, 2] < -0.9:
            return 0.02 * self.scale
        reach = -np.linalg.norm(rays[down, :2], axis=1) / rays[down, 2] * self.above
        return float(max(0.55 * reach.min(), 0.02 * self.scale))

    @property
    def farthest(self) -> float:
        """Metres over the ground from the camera to the farthest animal; a few bodies where there is none."""
        if not len(self._points):
            return 6.0 * self.scale
        return float(np.linalg.norm(self._points[:, :2] - self.eye[:2], axis=1).max())

    @property
    def nearest(self) -> float:
        """Metres over the ground from the camera to the nearest animal."""
        if not len(self._points):
            return 3.0 * self.scale
        return float(np.linalg.norm(self._points[:, :2] - self.eye[:2], axis=1).min())

    def distance(self, places: Array) -> Array:
        """(N,) metres over the ground from the camera's foot to places (N, 2…)."""
        return np.linalg.norm(places[:, :2] - self.eye[:2], axis=1)

    def clearance(self, places: Array) -> Array:
        """(N,) metres over the ground from places (N, 2…) to the nearest body; infinite where there is none."""
        nearest = np.full(len(places), np.inf)
        for body in self.bodies:
            radius = np.linalg.norm(body.points[:, :2] - body.middle, axis=1).max()
            rough = np.linalg.norm(places[:, :2] - body.middle, axis=1) - radius
            close = np.flatnonzero(rough < np.minimum(nearest, 2.0 * radius + self.scale))
            nearest = np.minimum(nearest, np.maximum(rough, 0.5 * radius))
            for part in np.array_split(close, len(close) // 4000 + 1):
                away = places[part, None, :2] - body.points[None, :, :2]
                nearest[part] = np.minimum(nearest[part], np.sqrt((away**2).sum(2).min(1)))
        return nearest

    def sector(self, rng: np.random.Generator, count: int, start: float, end: float, margin: float = 0.0) -> Array:
        """(N, 2) places evenly over the ground that the picture may show, between these distances (metres over the ground)."""
        half = min(np.pi, self.half + margin)
        radius = np.sqrt(rng.uniform(start**2, max(end, start + 1e-6) ** 2, count))
        angle = self.heading + rng.uniform(-half, half, count)
        return self.eye[:2] + radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])

    def area(self, start: float, end: float, margin: float = 0.0) -> float:
        """Square metres that `sector` covers."""
        return min(np.pi, self.half + margin) * max(0.0, end**2 - start**2)

    def visible(self, places: Array, height: Array | float, margin: float = 0.06) -> NDArray[np.bool_]:
        """(N,) whether what stands at places (N, 3), this many metres tall, comes into the picture or near its edge.

        margin: of the picture's width, beside the plant's own size.
        """
        camera = self.camera
        foot, depth = camera.project(places), camera.to_camera(places)[:, 2]
        top = camera.project(places + np.column_stack([np.zeros((len(places), 2)), np.broadcast_to(height, len(places))]))
        with np.errstate(invalid="ignore", divide="ignore"):
            reach = margin * camera.width + camera.K[0, 0] * np.broadcast_to(height, len(places)) / np.maximum(depth, 1e-6)
            inside = (foot[:, 0] > -reach) & (foot[:, 0] < camera.width + reach)
            inside &= (np.fmax(foot[:, 1], top[:, 1]) > -reach) & (np.fmin(foot[:, 1], top[:, 1]) < camera.height + reach)
        return (depth > 0) & inside

    def pixels(self, places: Array, metres: float = 1.0) -> Array:
        """(N,) how many pixels (of a picture of 900 at most) a length comes out as at places (N, 3)."""
        return self.focal * metres / np.maximum(np.linalg.norm(places - self.eye, axis=1), 1e-6)

    def room(self, places: Array, height: Array, width: Array, share: float) -> Array:
        """(N,) factors 0..1 that things at places (N, 3), height and width (N,) metres, must shrink by to hide no animal.

        share: of an animal's height in the picture, from its feet up, that may vanish behind them.
        """
        camera = self.camera
        foot, depth = camera.project(places), camera.to_camera(places)[:, 2]
        top = camera.project(places + np.column_stack([np.zeros((len(places), 2)), height]))
        half = 0.5 * camera.K[0, 0] * width / np.maximum(depth, 1e-6)
        factor = np.ones(len(places))
        for body in self.bodies:
            if not np.isfinite(body.box).all():
                continue
            left, high, right, low = body.box
            limit = low - share * (low - high)
            between = (depth > 0) & (depth < body.depth + 0.3 * body.height)
            between &= (foot[:, 0] + half > left) & (foot[:, 0] - half < right) & (top[:, 1] < limit)
            rise = np.maximum(foot[:, 1] - top[:, 1], 1e-9)
            factor = np.where(between, np.minimum(factor, np.clip((foot[:, 1] - limit) / rise, 0.0, 1.0)), factor)
        return np.where(depth > 0, factor, np.where(np.isnan(factor), 0.0, factor))
