"""A picture of a surface without any renderer: smooth shading, sun, sky and a shadow on the ground, in numpy.

For showing an animal where no Blender is at hand: on the command line, on contact sheets, beside a measurement.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .cameras import Camera
from .rasterise import Raster, rasterise

Array = NDArray[np.float64]

BACKGROUND = (0.80, 0.82, 0.84)  # linear light
GROUND = (0.72, 0.74, 0.75)
PLAIN = (0.52, 0.42, 0.31)
SUN = np.array([0.36, 0.42, 0.83])
"""Where the sun stands as the eye sees it: to its right, behind it, above (unit vector in the turned camera's axes)."""
SUN_STRENGTH, SKY_STRENGTH, GROUND_STRENGTH = 0.80, 0.34, 0.14
LENS = 4.0  # focal length over the picture's width: a long lens, as for a portrait
MARGIN = 1.12


def portrait(
    vertices: ArrayLike,
    faces: ArrayLike,
    colours: ArrayLike | None = None,
    azimuth: float = 40.0,
    elevation: float = 12.0,
    width: int = 512,
    height: int = 384,
    fill: float = 1.0,
    focus: ArrayLike | None = None,
    reach: float | None = None,
) -> NDArray[np.uint8]:
    """Picture (height, width, 3), sRGB, of a surface that stands on its lowest point.

    vertices (V, 3), z up, x forward; colours (V, 3) linear light, or None for plain clay. azimuth: degrees from straight
    ahead (0) toward the animal's left (90); elevation: degrees above level. The whole surface fits, or, with
    focus (3,) and reach, what lies within `reach` of that point. fill: drawn so many times finer, then averaged.
    """
    vertices, faces = np.asarray(vertices, np.float64), np.asarray(faces)
    paint = np.broadcast_to(PLAIN, vertices.shape) if colours is None else np.asarray(colours, np.float64)
    finer = max(1, round(2 * fill))
    camera = _camera(vertices, azimuth, elevation, width * finer, height * finer, focus, reach)
    sun = _sun(camera)
    picture = _backdrop(camera, vertices, faces, sun)
    seen = camera.to_camera(vertices)
    raster = rasterise(seen, faces, camera.K, camera.width, camera.height)
    rows, columns = np.nonzero(raster.silhouette)
    share, corners = _barycentric(camera, raster, seen, faces, rows, columns)
    normals = _interpolated(_vertex_normals(vertices, faces), corners, share)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    picture[rows, columns] = _interpolated(paint, corners, share) * _light(normals, sun)[:, None]
    picture = picture.reshape(height, finer, width, finer, 3).mean(axis=(1, 3))
    return (255 * _srgb(picture) + 0.5).astype(np.uint8)


def _camera(
    vertices: Array, azimuth: float, elevation: float, width: int, height: int, focus: ArrayLike | None, reach: float | None
) -> Camera:
    """A camera that sees the surface from that side and is filled by it."""
    a, e = np.radians(azimuth), np.radians(elevation)
    direction = np.array([np.cos(a) * np.cos(e), np.sin(a) * np.cos(e), np.sin(e)])
    right = np.array([-np.sin(a), np.cos(a), 0.0])
    up = np.cross(direction, right)
    if focus is None or reach is None:
        centre = (vertices.min(axis=0) + vertices.max(axis=0)) / 2
        offset = vertices - centre
        aside = np.maximum(np.abs(offset @ right), np.abs(offset @ up) * width / height)
        distance = float((MARGIN * 2 * LENS * aside + offset @ direction).max())
    else:
        centre = np.asarray(focus, np.float64)
        distance = MARGIN * 2 * LENS * float(reach) * max(1.0, width / height)
    return Camera.look_at(centre + distance * direction, centre, LENS * width, width, height)


def _sun(camera: Camera) -> Array:
    """Unit vector to the sun in the world: right of the eye and behind it, so that form is seen."""
    back = camera.position - _looked_at(camera)
    back = back * (1, 1, 0) / np.linalg.norm(back[:2])
    right = np.array([-back[1], back[0], 0.0])
    sun = SUN[0] * right + SUN[1] * back + SUN[2] * np.array([0.0, 0.0, 1.0])
    return sun / np.linalg.norm(sun)


def _looked_at(camera: Camera) -> Array:
    return camera.position + camera.R[2]


def _backdrop(camera: Camera, vertices: Array, faces: NDArray, sun: Array) -> Array:
    """Sky over ground (H, W, 3), linear light, with the surface's shadow on the ground."""
    picture = np.broadcast_to(np.array(BACKGROUND), (camera.height, camera.width, 3)).copy()
    floor = vertices[:, 2].min()
    shadow = vertices - (vertices[:, 2:] - floor) * (sun / sun[2])
    shadow[:, 2] = floor
    size = 40 * np.ptp(vertices, axis=0).max()
    middle = vertices.mean(axis=0)
    ground = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * size + middle[:2]
    ground = np.concatenate([ground, np.full((4, 1), floor)], axis=1)
    seen = rasterise(camera.to_camera(ground), [[0, 1, 2], [0, 2, 3]], camera.K, camera.width, camera.height)
    far = np.clip(seen.depth / np.linalg.norm(camera.position - middle) - 1.0, 0.0, 1.0)[..., None]
    picture = np.where(seen.silhouette[..., None], (1 - far) * GROUND + far * BACKGROUND, picture)
    dark = rasterise(camera.to_camera(shadow), faces, camera.K, camera.width, camera.height).silhouette
    return picture * (1.0 - 0.42 * _blurred(dark.astype(np.float64), max(1, camera.width // 160)))[..., None]


def _blurred(image: Array, radius: int) -> Array:
    """Image (H, W) averaged over a square of 2 radius + 1, twice."""
    for _ in range(2):
        for axis in (0, 1):
            padded = np.pad(image, [(radius + 1, radius) if k == axis else (0, 0) for k in (0, 1)], mode="edge")
            total = np.cumsum(padded, axis=axis)
            width = 2 * radius + 1
            upper = np.take(total, np.arange(width, total.shape[axis]), axis=axis)
            image = (upper - np.take(total, np.arange(total.shape[axis] - width), axis=axis)) / width
    return image


def _barycentric(
    camera: Camera, raster: Raster, seen: Array, faces: NDArray, rows: NDArray, columns: NDArray
) -> tuple[Array, NDArray]:
    """Shares (P, 3) of the corners (P, 3, vertex indices) at the covered pixels."""
    corners = faces[raster.face[rows, columns]]
    pixels = np.stack([columns + 0.5, rows + 0.5, np.ones(len(rows))], axis=1)
    place = pixels @ np.linalg.inv(camera.K).T * raster.depth[rows, columns][:, None]
    a, b, c = (seen[corners[:, k]] for k in range(3))
    normal = np.cross(b - a, c - a)
    square = np.maximum((normal**2).sum(axis=1), 1e-30)
    second = (np.cross(place - a, c - a) * normal).sum(axis=1) / square
    third = (np.cross(b - a, place - a) * normal).sum(axis=1) / square
    share = np.clip(np.stack([1 - second - third, second, third], axis=1), 0.0, 1.0)
    return share / share.sum(axis=1, keepdims=True), corners


def _interpolated(values: Array, corners: NDArray, share: Array) -> Array:
    return np.einsum("pk,pkd->pd", share, values[corners])


def _vertex_normals(vertices: Array, faces: NDArray) -> Array:
    """Area-weighted normals (V, 3), not of unit length."""
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    cross = np.cross(b - a, c - a)
    normals = np.zeros_like(vertices)
    for k in range(3):
        for axis in range(3):
            normals[:, axis] += np.bincount(faces[:, k], cross[:, axis], len(vertices))
    return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-30)


def _light(normals: Array, sun: Array) -> Array:
    """How much light falls on surfaces of these normals (P,)."""
    up = (normals[:, 2] + 1) / 2
    return SUN_STRENGTH * np.clip(normals @ sun, 0, None) + SKY_STRENGTH * up + GROUND_STRENGTH * (1 - up) + 0.05


def _srgb(linear: Array) -> Array:
    linear = np.clip(linear, 0.0, 1.0)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
