"""Where the camera stands: from a crouching person's eyes to a drone, through 24 to 200 mm, so that the group fills the picture.

A viewpoint is drawn, its distance follows from how much of the picture the group shall fill, and what it would show is measured on
the vertices: how large each animal is, how much of it lies in the frame, how much others or the ground hide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...animal.cameras import Camera
from ...animal.rasterise import rasterise
from ...animal.rotations import matrix_from_axis_angle
from .plan import Terrain

Array = NDArray[np.float64]

LEAST_PIXELS = 32.0
"""Longer side of the box of the smallest animal in a picture."""
SENSOR_MM = 36.0
FOCAL_MM = (24.0, 200.0)
HIGHEST_M = 30.0  # over the group: as high as drones fly for pictures of animals

_IN_FRAME = 0.56  # of an animal's surface: a little more than the half of its picture that is asked for
_TYPICAL = (0.13, 0.68)  # of the picture's longer side: the middle animal's box
_SEEN = 0.12  # of an animal that others and the ground leave to see
_CLEAR = 0.35  # of a body length between the camera and the nearest body
_STYLES = ("eye", "high", "drone")
_CHANCES = (0.6, 0.22, 0.18)
_LOW = 128  # pixels of the picture that hiding is measured in


@dataclass(frozen=True, eq=False)
class Subject:
    """An animal as the camera looks for it: vertices (V, 3) metres in the world, length and shoulder height in metres."""

    vertices: Array
    length: float
    shoulder: float


@dataclass(frozen=True, eq=False)
class View:
    """A camera and what it shows of each animal (N): box's longer side in pixels, share in the frame, share not hidden."""

    camera: Camera
    pixels: Array
    in_frame: Array
    seen: Array

    @property
    def good(self) -> NDArray[np.bool_]:
        """(N,) whether each animal shows as it must."""
        return (self.pixels >= LEAST_PIXELS) & (self.in_frame >= _IN_FRAME) & (self.seen >= _SEEN)


def find_view(
    rng: np.random.Generator, subjects: Sequence[Subject], faces: NDArray, areas: Array, terrain: Terrain, width: int, height: int,
    viewer: float, tries: int = 14, indoors: bool = False,
) -> View:
    """The first of `tries` viewpoints that shows every animal, or the one that shows most of them well.

    viewer: the direction from the group to the camera that the group was laid out for, radians; areas (V,): of the surface at each
    vertex. indoors: no drones.
    """
    best: tuple[tuple[int, float], View] | None = None
    every = np.arange(0, len(areas), 9)
    few = [subject.vertices[every] for subject in subjects]
    share = areas[every] / areas[every].sum()
    for attempt in range(tries):
        camera = _draw(rng, subjects, few, terrain, width, height, viewer + float(rng.normal(0.0, 0.25 + 0.1 * attempt)), indoors)
        pixels, in_frame, clear = _shows(camera, few, share, min(s.length for s in subjects))
        typical = float(np.median(pixels)) / max(width, height)
        fine = clear and (pixels >= LEAST_PIXELS).all() and (in_frame >= _IN_FRAME).all()
        fine = fine and _TYPICAL[0] <= typical <= _TYPICAL[1]
        if not clear or (not fine and attempt + 1 < tries and best is not None):
            continue
        seen = _seen(camera, subjects, few, faces, terrain)
        view = View(camera, pixels, in_frame, seen)
        if fine and view.good.all():
            return view
        rank = (int(view.good.sum()), float(np.minimum(in_frame, seen).mean()))
        if best is None or rank > best[0]:
            best = (rank, view)
    if best is not None:
        return best[1]
    camera = _plain(subjects, few, terrain, width, height, viewer)
    pixels, in_frame, _ = _shows(camera, few, share, min(s.length for s in subjects))
    return View(camera, pixels, in_frame, _seen(camera, subjects, few, faces, terrain))


def _draw(
    rng: np.random.Generator, subjects: Sequence[Subject], few: Sequence[Array], terrain: Terrain, width: int, height: int,
    azimuth: float, indoors: bool,
) -> Camera:
    """A viewpoint: its style, its lens, how much the group fills, then its distance."""
    style = str(rng.choice(_STYLES, p=_CHANCES))
    if indoors and style == "drone":
        style = "high"
    low, high = np.log(FOCAL_MM[0]), np.log(FOCAL_MM[1] if style != "drone" else 90.0)
    focal = float(np.exp(rng.uniform(low, high))) / SENSOR_MM * width
    fill = float(rng.uniform(0.66, 1.12))
    length = float(np.median([subject.length for subject in subjects]))
    small = min(1.0, length / 0.9)  # small animals are photographed from nearer the ground
    if style == "eye":
        eye, lean = float(rng.uniform(0.5, 1.75)) * small, None
    elif style == "high":
        eye, lean = None, float(rng.uniform(0.15, 0.6))
    else:
        eye, lean = None, float(rng.uniform(0.45, 1.25))
    roll = float(rng.normal(0.0, np.radians(2.5))) if rng.random() < 0.25 else 0.0
    off = rng.uniform(-0.08, 0.08, size=2)
    if style == "drone":  # it shows more of what is around
        fill *= float(rng.uniform(0.75, 1.0))
    return _at_fill(few, terrain, width, height, azimuth, focal, fill, eye, lean, roll, off, length)


def _plain(subjects: Sequence[Subject], few: Sequence[Array], terrain: Terrain, width: int, height: int, azimuth: float) -> Camera:
    """What always shows the whole group: from above, a usual lens, some room around."""
    length = float(np.median([subject.length for subject in subjects]))
    return _at_fill(few, terrain, width, height, azimuth, 50.0 / SENSOR_MM * width, 0.8, None, 0.5, 0.0, np.zeros(2), length)


def _at_fill(
    few: Sequence[Array], terrain: Terrain, width: int, height: int, azimuth: float, focal: float, fill: float, eye: float | None,
    lean: float | None, roll: float, off: Array, length: float,
) -> Camera:
    """The camera at the distance where the group fills `fill` of the picture; eye: metres above the ground, or lean: radians down."""
    points = np.concatenate(few)
    middle = 0.5 * (points.min(axis=0) + points.max(axis=0))
    reach = float(np.linalg.norm(points - middle, axis=1).max())

    def at(distance: float) -> Camera:
        return _looking(terrain, middle, distance, azimuth, focal, eye, lean, roll, off, width, height, length)

    near, far = 0.3 * length, 60.0 * reach * max(1.0, focal / width)
    for _ in range(16):
        distance = float(np.sqrt(near * far))
        if _filled(at(distance), points) > fill:
            near = distance
        else:
            far = distance
    return at(far)


def _looking(
    terrain: Terrain, middle: Array, distance: float, azimuth: float, focal: float, eye: float | None, lean: float | None, roll: float,
    off: Array, width: int, height: int, length: float,
) -> Camera:
    """A camera `distance` metres from `middle`, at its height, that has it near the middle of the picture."""
    way = np.array([np.cos(azimuth), np.sin(azimuth)])
    if eye is not None:
        ground = float(terrain.height((middle[:2] + distance * way)[None])[0])
        rise = float(np.clip((ground + eye - middle[2]) / distance, -0.25, 0.9))
        angle = float(np.arcsin(rise))
    else:
        assert lean is not None
        angle = min(lean, float(np.arcsin(min(0.95, HIGHEST_M / distance))))
    position = middle + distance * np.append(np.cos(angle) * way, np.sin(angle))
    floor = float(terrain.height(position[None, :2])[0]) + min(0.2, 0.25 * length)
    position[2] = max(position[2], floor)
    camera = Camera.look_at(position, middle, focal, width, height)
    turn = matrix_from_axis_angle(np.array([off[1] * height / focal, off[0] * width / focal, 0.0]))
    turn = matrix_from_axis_angle(np.array([0.0, 0.0, roll])) @ turn
    return Camera(camera.K, turn @ camera.R, turn @ camera.t, width, height)


def _filled(camera: Camera, points: Array) -> float:
    """How much of the picture the points span, of its width or height, whichever is more; much where they reach behind the camera."""
    seen = camera.to_camera(points)
    if seen[:, 2].min() <= 1e-6:
        return 10.0
    pixels = seen[:, :2] / seen[:, 2:] * camera.K[0, 0]
    return float((np.ptp(pixels, axis=0) / (camera.width, camera.height)).max())


def _shows(camera: Camera, few: Sequence[Array], share: Array, shortest: float) -> tuple[Array, Array, bool]:
    """(N,) longer sides of the boxes in pixels, (N,) shares in the frame, and whether nobody stands too near."""
    pixels, in_frame, nearest = [], [], np.inf
    for points in few:
        seen = camera.to_camera(points)
        nearest = min(nearest, float(np.linalg.norm(seen, axis=1).min()), float(seen[:, 2].min()))
        if seen[:, 2].min() <= 1e-6:
            return np.zeros(len(few)), np.zeros(len(few)), False
        at = seen @ camera.K.T
        at = at[:, :2] / at[:, 2:]
        size = np.ptp(np.clip(at, 0, (camera.width, camera.height)), axis=0)
        pixels.append(float(size.max()))
        in_frame.append(float(share[((at >= 0) & (at < (camera.width, camera.height))).all(axis=1)].sum()))
    return np.array(pixels), np.array(in_frame), nearest > _CLEAR * shortest


def _seen(camera: Camera, subjects: Sequence[Subject], few: Sequence[Array], faces: NDArray, terrain: Terrain) -> Array:
    """(N,) share of each animal in the frame that no other animal hides, and no hill."""
    scale = _LOW / max(camera.width, camera.height)
    width, height = max(1, round(camera.width * scale)), max(1, round(camera.height * scale))
    K = camera.K.copy()
    K[:2] *= scale
    bodies = [camera.to_camera(subject.vertices) for subject in subjects]
    raster = rasterise(np.concatenate(bodies), np.concatenate([faces + k * len(b) for k, b in enumerate(bodies)]), K, width, height)
    owner = np.where(raster.face >= 0, raster.face // len(faces), -1)
    found = []
    for k, points in enumerate(few):
        seen = camera.to_camera(points)
        at = seen @ K.T
        column, row = np.floor(at[:, :2] / np.maximum(at[:, 2:], 1e-9)).astype(np.int64).T
        inside = (seen[:, 2] > 0) & (column >= 0) & (column < width) & (row >= 0) & (row < height)
        if not inside.any():
            found.append(0.0)
            continue
        shown = owner[row[inside], column[inside]]
        hidden = (shown >= 0) & (shown != k) & (raster.depth[row[inside], column[inside]] < seen[inside, 2])
        found.append((1.0 - float(hidden.mean())) * _above_hills(camera, points[inside][::9], terrain))
    return np.array(found)


def _above_hills(camera: Camera, points: Array, terrain: Terrain) -> float:
    """Share of the points (n, 3) that no rise of the ground hides from the camera."""
    if terrain.roughness <= 0 and not terrain.tilts:
        return 1.0
    part = np.linspace(0.04, 0.96, 24)[:, None, None]
    along = camera.position + part * (points - camera.position)
    clear = along[..., 2] >= terrain.height(along[..., :2]) - 1e-3
    return float(clear.all(axis=0).mean())
