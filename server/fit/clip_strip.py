"""An animated clip at a glance: some of its frames with the skinned animals, as the camera saw them and from another side.

Rings are the tracks. The second row looks from the side of the first animal, and stands still while it moves; the third looks at
it from ahead.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ...animal.cameras import Camera
from ...animal.model import AnimalModel
from ...animal.tracks import Tracks
from ..overlay import OverlayAnimal, draw_surfaces
from .clip import ClipFit

Array = NDArray[np.float64]

CELL = (260, 200)
FINER = 2
_TITLE = 26
_RING = (210, 30, 60)
_GROUND = (236, 236, 236)


def draw_clip_strip(model: AnimalModel, fit: ClipFit, tracks: Sequence[Tracks] = (), columns: int = 6, title: str = "") -> Image.Image:
    """The picture, `columns` frames wide at most. tracks: of the animals, in their order. Raises ValueError when nothing is known."""
    known = np.flatnonzero(np.any([np.isfinite(animal.trans[:, 0]) for animal in fit.animals], axis=0))
    if not len(known):
        raise ValueError("no frame of the clip is known")
    frames = known[np.unique(np.linspace(0, len(known) - 1, max(1, min(columns, len(known)))).round().astype(int))]
    bodies = [_bodies(model, fit, int(f)) for f in frames]
    image = Image.new("RGB", (CELL[0] * len(frames), _TITLE + 3 * CELL[1]), "white")
    font = ImageFont.load_default(13)
    pen = ImageDraw.Draw(image)
    pen.text((8, 6), title or "clip", fill="black", font=font)
    views = [_seen(fit, frames, tracks, bodies), _beside(fit, frames, bodies), _ahead(fit, frames, bodies)]
    for row, (word, cameras) in enumerate(zip(("camera", "from its side", "from ahead"), views, strict=True)):
        for column, frame in enumerate(frames):
            points = _rings(fit, tracks, int(frame), cameras[column]) if row == 0 else np.zeros((0, 2))
            picture = _cell(model, cameras[column], bodies[column], points, ground=row > 0)
            image.paste(picture, (CELL[0] * column, _TITLE + CELL[1] * row))
            if row == 0:
                text = f"frame {frame + fit.first}, {frame / fit.fps:.2f} s"
                pen.text((CELL[0] * (column + 1) - 6, _TITLE + 2), text, fill=(110, 110, 110), font=font, anchor="ra")
        pen.text((8, _TITLE + CELL[1] * row + 2), word, fill=(110, 110, 110), font=font)
    return image


def _bodies(model: AnimalModel, fit: ClipFit, frame: int) -> list[Array]:
    """The vertices (V, 3) in metres of the animals that are known in a frame; nan for the others."""
    found = []
    for animal in fit.animals:
        if np.isfinite(animal.trans[frame, 0]):
            found.append(model.forward(animal.betas, animal.poses[frame], animal.trans[frame]).vertices * animal.metres_per_unit)
        else:
            found.append(np.full((model.n_vertices, 3), np.nan))
    return found


def _cell(model: AnimalModel, camera: Camera, bodies: list[Array], rings: Array, ground: bool) -> Image.Image:
    size = CELL[0] * FINER, CELL[1] * FINER
    canvas = np.full((size[1], size[0], 3), 255.0, np.float32)
    if ground:
        canvas[_below_horizon(camera, size)] = _GROUND
    there = [OverlayAnimal(body, model.faces) for body in bodies if np.isfinite(body).all() and (camera.to_camera(body)[:, 2] > 1e-3).all()]
    canvas = draw_surfaces(canvas, camera, camera.K, there)
    picture = Image.fromarray(canvas.round().astype(np.uint8))
    pen = ImageDraw.Draw(picture)
    for x, y in rings[np.isfinite(rings).all(axis=1)]:
        pen.ellipse([x - 6, y - 6, x + 6, y + 6], outline=_RING, width=3)
    return picture.reduce(FINER)


def _below_horizon(camera: Camera, size: tuple[int, int]) -> NDArray[np.bool_]:
    """(h, w) where a camera looks at the ground."""
    x, y = np.meshgrid(np.arange(size[0]) + 0.5, np.arange(size[1]) + 0.5)
    rays = np.stack([x, y, np.ones_like(x)], -1) @ np.linalg.inv(camera.K).T
    return (rays @ camera.R)[..., 2] < 0


def _crop(camera: Camera, middle: Array, width: float) -> Camera:
    """The part of a camera's picture about a pixel (2,) and so many pixels wide, as large as a cell."""
    scale = CELL[0] * FINER / width
    K = camera.K.copy()
    K[:2, 2] -= middle
    K[:2] *= scale
    K[0, 2] += CELL[0] * FINER / 2
    K[1, 2] += CELL[1] * FINER / 2
    return Camera(K, camera.R, camera.t, CELL[0] * FINER, CELL[1] * FINER)


def _seen(fit: ClipFit, frames: NDArray[np.int64], tracks: Sequence[Tracks], bodies: list[list[Array]]) -> list[Camera]:
    """The footage's camera, its picture cut about the animals, with one scale for all frames."""
    boxes, cameras = [], []
    for frame, bodies_now in zip(frames, bodies, strict=True):
        camera = fit.cameras[int(frame) if len(fit.cameras) > 1 else 0]
        points = np.concatenate([camera.project(body) for body in bodies_now])
        low, high = np.nanmin(points, axis=0), np.nanmax(points, axis=0)
        boxes.append(((low + high) / 2, high - low))
        cameras.append(camera)
    span = np.max([size for _, size in boxes], axis=0)
    width = 1.12 * max(span[0], span[1] * CELL[0] / CELL[1])
    return [_crop(camera, middle, width) for camera, (middle, _) in zip(cameras, boxes, strict=True)]


def _beside(fit: ClipFit, frames: NDArray[np.int64], bodies: list[list[Array]]) -> list[Camera]:
    """Cameras that look at each frame's first animal from its right, a little from above."""
    return _around(bodies, fit, frames, np.array([0.0, -1.0, 0.25]))


def _ahead(fit: ClipFit, frames: NDArray[np.int64], bodies: list[list[Array]]) -> list[Camera]:
    return _around(bodies, fit, frames, np.array([1.0, -0.55, 0.35]))


def _around(bodies: list[list[Array]], fit: ClipFit, frames: NDArray[np.int64], way: Array) -> list[Camera]:
    from ...animal.rotations import matrix_from_axis_angle

    who = next(i for i, animal in enumerate(fit.animals) if animal.done)
    known = [f for f in frames if np.isfinite(fit.animals[who].trans[f, 0])]
    facing = np.median([matrix_from_axis_angle(fit.animals[who].poses[f, 0])[:2, 0] for f in known], axis=0)
    facing = facing / max(np.linalg.norm(facing), 1e-9)
    axes = np.array([[facing[0], -facing[1], 0.0], [facing[1], facing[0], 0.0], [0.0, 0.0, 1.0]])
    reach = max(float(np.ptp(body[who], axis=0).max()) for body in bodies if np.isfinite(body[who]).all())
    ground = [float(np.nanmin(body[who][:, 2])) for body in bodies if np.isfinite(body[who]).all()]
    cameras = []
    for body in bodies:
        chosen = body[who] if np.isfinite(body[who]).all() else next(b for b in body if np.isfinite(b).all())
        middle = (chosen.min(0) + chosen.max(0)) / 2
        middle[2] = np.median(ground) + 0.35 * reach
        position = middle + axes @ (way / np.linalg.norm(way)) * 4.0 * reach
        cameras.append(Camera.look_at(position, middle, 3.3 * CELL[0] * FINER, CELL[0] * FINER, CELL[1] * FINER))
    return cameras


def _rings(fit: ClipFit, tracks: Sequence[Tracks], frame: int, camera: Camera) -> Array:
    """The tracked points (N, 2) of a frame in a cut picture."""
    whole = fit.cameras[frame if len(fit.cameras) > 1 else 0]
    found = [np.zeros((0, 2))]
    for one in tracks:
        row = np.flatnonzero(np.asarray(one.frame_numbers) == frame + fit.first)
        if len(row):
            points = one.points[row[0]]
            rays = np.concatenate([points, np.ones((len(points), 1))], axis=1) @ np.linalg.inv(whole.K).T
            found.append((rays @ camera.K.T)[:, :2])
    return np.concatenate(found)
