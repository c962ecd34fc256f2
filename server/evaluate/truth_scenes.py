"""Pictures whose truth is known: a rigged animal in some pose, a camera, sometimes something in the way.

All draws come from one generator, so a seed gives the same pictures anywhere. The animals are third-party rigs that the
project's own model was not made from; views go all round, camera heights from a dog's eye to a ladder, lenses from
wide to tele.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...animal.cameras import Camera
from ...animal.keypoints import INDEX
from ...animal.rasterise import rasterise
from .rigs import Rig, RigError, load_rig, rig_names

Array = NDArray[np.float64]
LYING = ("Death", "Fall", "Sleep", "lay_to_idle", "Rest Pose", "Rest_Pose")
"""Clips left out: the animal is dead, falling or asleep on the ground, or stands in the modeller's rest pose."""
SEEN_WITHIN = 0.06
"""A point counts as seen when the surface in front of it is nearer than it by at most this share of the animal's length:
joints lie inside limbs, and a person clicks them all the same."""


@dataclass(frozen=True)
class Solid:
    """A mesh in the world: vertices (V, 3) metres, faces (F, 3), linear colours (V, 3)."""

    vertices: Array
    faces: NDArray[np.int32]
    colours: Array


@dataclass(frozen=True)
class TruthPicture:
    """One picture and all that is true of it.

    keypoints (44, 3) world metres, nan where the rig has none; pixels (44, 2); visible (44,); mask (H, W) of the
    animal's visible part; box x0, y0, x1, y1 of that part; occluders; sun (3,) the direction light travels.
    """

    name: str
    rig: str
    clip: str
    seconds: float
    species: str
    camera: Camera
    animal: Solid
    keypoints: Array
    pixels: Array
    visible: NDArray[np.bool_]
    mask: NDArray[np.bool_]
    box: Array
    sun: Array
    occluders: tuple[Solid, ...] = field(default=())


def truth_pictures(folder: Path, count: int, rng: np.random.Generator, size: int = 640) -> Iterator[TruthPicture]:
    """`count` pictures of the rigs below `folder`, all rigs in turn; the longer side of a picture has `size` pixels.

    Raises RigError when none of the rigs is there.
    """
    names = [name for name in rig_names() if (folder / name).is_file()]
    if not names:
        raise RigError(f"{folder}: holds none of {', '.join(rig_names())}")
    rigs: dict[str, Rig] = {}
    turn = rng.uniform(0.0, 2 * np.pi)
    for number in range(count):
        name = names[number % len(names)]
        if name not in rigs:
            rigs[name] = load_rig(folder, name)
        # Directions go round by the golden angle, so that any number of pictures covers all sides evenly.
        turn += np.pi * (3.0 - np.sqrt(5.0))
        yield _picture(f"{number:03d}", rigs[name], turn + rng.normal(0.0, 0.1), size, rng)


def _picture(name: str, rig: Rig, azimuth: float, size: int, rng: np.random.Generator) -> TruthPicture:
    """One picture; drawn again until the animal can be seen well enough to be worth asking about."""
    for _ in range(50):
        picture = _draw(name, rig, azimuth, size, rng)
        if picture is not None:
            return picture
    raise RigError(f"{rig.name}: no view shows it well enough")


def _draw(name: str, rig: Rig, azimuth: float, size: int, rng: np.random.Generator) -> TruthPicture | None:
    clips = sorted(clip for clip in rig.clips if clip not in LYING)
    clip = clips[rng.integers(len(clips))]
    seconds = float(rng.uniform(0.0, rig.clips[clip]))
    pose = rig.pose(clip, seconds)
    low, high = pose.vertices.min(axis=0), pose.vertices.max(axis=0)
    shift = -np.array([(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, 0.0])
    vertices, keypoints = pose.vertices + shift, pose.keypoints + shift
    length = float(np.linalg.norm(high - low))

    width, height = (size, size * 3 // 4) if rng.random() < 0.75 else (size * 3 // 4, size)
    focal = float(np.exp(rng.uniform(np.log(0.8), np.log(3.0)))) * max(width, height)
    elevation = float(rng.triangular(-5.0, 8.0, 35.0)) * np.pi / 180
    camera = _camera(vertices, azimuth, elevation, focal, width, height, rng)
    if camera.position[2] < 0.05 * length:
        return None  # below the ground
    animal = Solid(vertices, rig.faces, rig.colours)
    occluders = _occluders(camera, vertices, rng) if rng.random() < 0.3 else ()

    depth = rasterise(camera.to_camera(vertices), rig.faces, camera.K, width, height).depth
    front = np.full(depth.shape, np.inf)
    for solid in occluders:
        front = np.minimum(front, rasterise(camera.to_camera(solid.vertices), solid.faces, camera.K, width, height).depth)
    silhouette = np.isfinite(depth)
    mask = silhouette & (depth <= front)
    if np.count_nonzero(mask) < max(0.5 * np.count_nonzero(silhouette), 0.02 * width * height):
        return None
    pixels = camera.project(keypoints)
    visible = _visible(camera.to_camera(keypoints)[:, 2], pixels, np.minimum(depth, front), SEEN_WITHIN * length)
    if np.count_nonzero(visible) < 8:
        return None
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    box = np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], dtype=np.float64)
    sun = np.array([*rng.uniform(-0.7, 0.7, 2), -1.0])
    return TruthPicture(name, rig.name, clip, seconds, rig.species, camera, animal, keypoints, pixels, visible, mask, box,
                        sun / np.linalg.norm(sun), occluders)


def _camera(vertices: Array, azimuth: float, elevation: float, focal: float, width: int, height: int,
            rng: np.random.Generator) -> Camera:
    """A camera round the animal (azimuth 0 sees its face), so far away that it fills a drawn share of the picture."""
    target = (vertices.min(axis=0) + vertices.max(axis=0)) / 2
    direction = np.array([np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth), np.sin(elevation)])
    share = rng.uniform(0.5, 0.85)
    offset = rng.uniform(-0.5, 0.5, 2)
    distance = float(np.linalg.norm(np.ptp(vertices, axis=0))) * focal / min(width, height)
    for _ in range(8):
        camera = Camera.look_at(target + distance * direction, target, focal, width, height)
        pixels = camera.project(vertices)
        extent = np.nanmax(np.ptp(pixels, axis=0) / (width, height)) if np.isfinite(pixels).all() else 2.0
        distance *= extent / share
    # Move the animal off the middle, as far as it stays inside the picture.
    free = np.clip(np.array([width, height]) - np.ptp(pixels, axis=0), 0.0, None)
    centre = (pixels.min(axis=0) + pixels.max(axis=0)) / 2
    move = (np.array([width, height]) / 2 - centre + 0.9 * offset * free) * distance / focal
    return Camera(camera.K, camera.R, camera.t + np.append(move, 0.0), width, height)


def _occluders(camera: Camera, vertices: Array, rng: np.random.Generator) -> tuple[Solid, ...]:
    """A trunk or a low wall between camera and animal, over a part of it."""
    seen = camera.to_camera(vertices)
    near, extent = seen[:, 2].min(), np.ptp(seen[:, :2], axis=0)
    place = seen.min(axis=0)[:2] + rng.uniform(0.1, 0.9, 2) * extent
    z = max(0.8 * near, 0.3 * near + 0.1)
    shrink = z / seen[:, 2].mean()  # the same picture nearer to the camera
    if rng.random() < 0.5:
        half = np.array([rng.uniform(0.04, 0.1) * extent[0], 4.0 * extent[1], 0.02 * near])
        centre = np.array([place[0] * shrink, place[1] * shrink, z])
    else:
        half = np.array([0.3 * extent[0], rng.uniform(0.05, 0.12) * extent[1], 0.02 * near])
        centre = np.array([place[0] * shrink, seen[:, 1].max() * shrink, z])
    corners = centre + np.array([[x, y, w] for x in (-1, 1) for y in (-1, 1) for w in (-1, 1)]) * half * [shrink, shrink, 1]
    faces = np.array([[0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [0, 4, 5], [0, 5, 1], [2, 3, 7], [2, 7, 6],
                      [0, 2, 6], [0, 6, 4], [1, 5, 7], [1, 7, 3]], dtype=np.int32)
    colour = np.tile(rng.uniform([0.05, 0.04, 0.03], [0.25, 0.2, 0.12]), (8, 1))
    return (Solid(camera.to_world(corners), faces, colour),)


def _visible(z: Array, pixels: Array, depth: Array, reach: float) -> NDArray[np.bool_]:
    """Which points (K,) lie in the picture with nothing further in front of them than `reach` metres."""
    height, width = depth.shape
    known = np.isfinite(pixels).all(axis=1)
    column, row = np.floor(np.where(known[:, None], pixels, -1.0)).astype(int).T
    inside = known & (column >= 0) & (column < width) & (row >= 0) & (row < height)
    front = depth[np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)]
    # A point on the very outline may fall beside the silhouette: there is nothing in front of it, so it is seen.
    return inside & (z - front < reach)


def clicked(picture: TruthPicture, order: tuple[str, ...], count: int | None) -> Array:
    """The hints (44, 3) a person gives who clicks the first `count` visible points of `order`; None: all visible points."""
    hints = np.full((len(picture.pixels), 3), np.nan)
    if count is None:
        chosen = np.flatnonzero(picture.visible)
    else:
        chosen = np.array([INDEX[name] for name in order if picture.visible[INDEX[name]]][:count], dtype=int)
    hints[chosen, :2], hints[chosen, 2] = picture.pixels[chosen], 1.0
    return hints
