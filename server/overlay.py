"""Draws what was understood over the photo: the animals, shaded and translucent, and the points given and found.

The picture is for people: what they clicked is a ring, where the animal has that point is a dot, and a line joins them.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import Image, ImageDraw

from ..animal.cameras import Camera
from ..animal.model import AnimalModel
from ..animal.rasterise import rasterise

COLOURS = ((70, 150, 255), (255, 140, 40), (90, 200, 90), (230, 90, 160), (150, 110, 240), (240, 200, 40))
"""RGB of the first, second, … animal; they repeat."""
OPACITY = 0.62
LIGHT = np.array([-0.35, -0.75, -0.56])  # from the upper left behind the camera, OpenCV axes


def _no_points() -> np.ndarray:
    return np.zeros((0, 2))


@dataclass(frozen=True)
class OverlayAnimal:
    """One animal to draw.

    vertices (V, 3) in the world, metres; faces (F, 3). given (N, 2) pixels of the hints and fitted (N, 2) pixels of the
    same points on the animal; rows with nan are not drawn. Either may be empty.
    """

    vertices: np.ndarray
    faces: np.ndarray
    given: np.ndarray = field(default_factory=_no_points)
    fitted: np.ndarray = field(default_factory=_no_points)


def draw_overlay(
    image: np.ndarray, camera: Camera, animals: Sequence[OverlayAnimal], max_side: int = 1280
) -> np.ndarray:
    """The photo with the animals over it.

    image: uint8 (H, W, 3), as large as the camera says. A photo with a side longer than max_side is scaled down.
    Returns uint8 (h, w, 3).
    """
    if image.shape[:2] != (camera.height, camera.width):
        raise ValueError(f"the photo is {image.shape[:2]}, the camera's picture {(camera.height, camera.width)}")
    scale = min(1.0, max_side / max(image.shape[:2]))
    width, height = max(1, round(camera.width * scale)), max(1, round(camera.height * scale))
    picture = Image.fromarray(image)
    if scale < 1.0:
        picture = picture.resize((width, height), Image.Resampling.LANCZOS)
    stretch = np.array([width / camera.width, height / camera.height])
    K = camera.K.copy()
    K[:2] *= stretch[:, None]
    canvas = draw_surfaces(np.asarray(picture, dtype=np.float32), camera, K, animals)
    picture = Image.fromarray(canvas.round().astype(np.uint8))
    pen = ImageDraw.Draw(picture)
    size = max(2.0, max(width, height) / 220)
    for number, animal in enumerate(animals):
        _draw_points(pen, animal, COLOURS[number % len(COLOURS)], stretch, size)
    return np.asarray(picture)


def overlay_png(
    image: np.ndarray,
    model: AnimalModel,
    camera: Camera,
    vertices: Sequence[np.ndarray],
    fitted: Sequence[np.ndarray],
    given: Sequence[np.ndarray],
) -> bytes:
    """A PNG file of the photo with the fitted animals over it.

    image: uint8 (H, W, 3). One entry per animal in each list: vertices (V, 3) of `model` in the world, metres; fitted
    (K, 2+) pixels of the points on the animal and given (K, 2+) of the hints, nan where there is none. A fitted point is
    drawn only where a hint was given.
    """
    animals = []
    for surface, found, hints in zip(vertices, fitted, given, strict=True):
        clicked = np.asarray(hints, dtype=np.float64)[:, :2]
        there = np.isfinite(clicked).all(axis=1)
        animals.append(OverlayAnimal(surface, model.faces, clicked[there], np.asarray(found)[there, :2]))
    return encode_png(draw_overlay(image, camera, animals))


def encode_png(image: np.ndarray) -> bytes:
    """uint8 (H, W, 3) or (H, W) → the bytes of a PNG file."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()


def draw_surfaces(canvas: np.ndarray, camera: Camera, K: np.ndarray, animals: Sequence[OverlayAnimal]) -> np.ndarray:
    """Blend every animal's nearest surface into canvas (h, w, 3) float, and draw its outline."""
    height, width = canvas.shape[:2]
    nearest = np.full((height, width), np.inf)
    owner = np.full((height, width), -1)
    colours = np.zeros_like(canvas)
    for number, animal in enumerate(animals):
        seen = camera.to_camera(animal.vertices)
        raster = rasterise(seen, animal.faces, K, width, height)
        front = (raster.face >= 0) & (raster.depth < nearest)
        nearest[front], owner[front] = raster.depth[front], number
        shade = _shades(seen, animal.faces, raster.face[front], _rays(front, K))
        colours[front] = shade[:, None] * np.array(COLOURS[number % len(COLOURS)], np.float32)
    inside = owner >= 0
    canvas = canvas.copy()
    canvas[inside] = (1 - OPACITY) * canvas[inside] + OPACITY * np.minimum(colours[inside], 255.0)
    canvas[_outline(owner)] = 255.0
    return canvas


def _rays(front: np.ndarray, K: np.ndarray) -> np.ndarray:
    """(N, 3) directions in camera axes through the centres of the true pixels of front (H, W)."""
    rows, columns = np.nonzero(front)
    pixels = np.stack([columns + 0.5, rows + 0.5, np.ones(len(rows))], axis=1)
    return pixels @ np.linalg.inv(K).T


def _shades(seen: np.ndarray, faces: np.ndarray, hit: np.ndarray, rays: np.ndarray) -> np.ndarray:
    """(N,) brightness 0.3..1.25 where rays (N, 3) meet the faces hit (N,) of vertices in camera axes, smoothly shaded."""
    corners = seen[faces]
    sides = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    normals = np.zeros_like(seen)
    for corner in range(3):
        np.add.at(normals, faces[:, corner], np.cross(*sides))
    # Where a ray meets its triangle: each corner weighs as much as the triangle that ray and opposite side span.
    a, b, c = (corners[hit, corner] for corner in range(3))
    weights = np.stack([_triple(rays, b, c), _triple(rays, c, a), _triple(rays, a, b)], axis=1)
    normals = np.einsum("nk,nkc->nc", weights * np.sign(weights.sum(axis=1, keepdims=True)), normals[faces[hit]])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    return 0.3 + 0.95 * np.clip(normals @ (LIGHT / np.linalg.norm(LIGHT)), 0.0, 1.0)


def _triple(rays: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    return np.einsum("nk,nk->n", rays, np.cross(start, end))


def _outline(owner: np.ndarray) -> np.ndarray:
    """(H, W) true on the pixels of an animal that touch something else."""
    edge = np.zeros(owner.shape, bool)
    across, down = owner[:, 1:] != owner[:, :-1], owner[1:] != owner[:-1]
    edge[:, 1:] |= across
    edge[:, :-1] |= across
    edge[1:] |= down
    edge[:-1] |= down
    return edge & (owner >= 0)


def _draw_points(
    pen: ImageDraw.ImageDraw, animal: OverlayAnimal, colour: tuple[int, int, int], stretch: np.ndarray, size: float
) -> None:
    count = min(len(animal.given), len(animal.fitted))
    given, fitted = np.asarray(animal.given)[:, :2] * stretch, np.asarray(animal.fitted)[:, :2] * stretch
    for a, b in zip(given[:count], fitted[:count], strict=True):
        if np.isfinite(a).all() and np.isfinite(b).all():
            pen.line([*a, *b], fill=(255, 255, 255), width=max(1, round(size / 3)))
    for x, y in fitted[np.isfinite(fitted).all(axis=1)]:
        _circle(pen, x, y, size * 0.7, fill=colour, outline=(255, 255, 255))
    for x, y in given[np.isfinite(given).all(axis=1)]:
        _circle(pen, x, y, size * 1.3, fill=None, outline=(255, 255, 0))


def _circle(pen: ImageDraw.ImageDraw, x: float, y: float, radius: float, fill: tuple | None, outline: tuple) -> None:
    pen.ellipse(
        [x - radius, y - radius, x + radius, y + radius], fill=fill, outline=outline, width=max(1, round(radius / 3))
    )
