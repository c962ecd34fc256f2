"""Contact sheets: one row per animal, so that one look tells whether the numbers mean what they say."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageDraw

from ...animal.cameras import Camera
from ...animal.rasterise import rasterise

BACKGROUND = (236, 238, 240)


def side_view(vertices: NDArray[np.float64], faces: NDArray[np.int32], camera: Camera, turn: float, size: int = 256,
              raised: float = 0.1) -> NDArray[np.uint8]:
    """What stands in front of `camera`, seen from `turn` degrees further round it: uint8 (size, size, 3).

    vertices (V, 3) world metres, Z up; raised: how far above the animal the eye stands, in radians.
    """
    centre = (vertices.min(axis=0) + vertices.max(axis=0)) / 2
    away = camera.position - centre
    angle = np.arctan2(away[1], away[0]) + np.radians(turn)
    reach = float(np.linalg.norm(np.ptp(vertices, axis=0)))
    direction = np.array([np.cos(angle) * np.cos(raised), np.sin(angle) * np.cos(raised), np.sin(raised)])
    view = Camera.look_at(centre + 3.0 * reach * direction, centre, 2.8 * size, size, size)
    seen = view.to_camera(vertices)
    raster = rasterise(seen, faces, view.K, size, size)
    corners = seen[faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    light = 0.35 + 0.65 * np.clip(normals @ np.array([-0.3, -0.7, -0.65]), 0.0, 1.0)
    picture = np.full((size, size, 3), BACKGROUND, dtype=np.uint8)
    inside = raster.face >= 0
    picture[inside] = (light[raster.face[inside], None] * np.array([225, 190, 150])).astype(np.uint8)
    return picture


def tile(picture: ArrayLike, height: int) -> Image.Image:
    """A picture scaled to `height` pixels."""
    image = Image.fromarray(np.asarray(picture, dtype=np.uint8))
    return image.resize((max(1, round(image.width * height / image.height)), height), Image.Resampling.LANCZOS)


def write_sheet(path: Path, rows: Sequence[Sequence[NDArray[np.uint8]]], captions: Sequence[str], height: int = 200,
                columns: int = 2) -> None:
    """Rows of pictures with a caption under each, in `columns` columns, as a JPEG."""
    strips = []
    for pictures, caption in zip(rows, captions, strict=True):
        tiles = [tile(picture, height) for picture in pictures]
        strip = Image.new("RGB", (sum(t.width for t in tiles) + 4 * len(tiles), height + 16), (255, 255, 255))
        x = 0
        for one in tiles:
            strip.paste(one, (x, 0))
            x += one.width + 4
        ImageDraw.Draw(strip).text((2, height + 2), caption, fill=(0, 0, 0))
        strips.append(strip)
    if not strips:
        return
    width = max(strip.width for strip in strips)
    lines = -(-len(strips) // columns)
    sheet = Image.new("RGB", (width * columns, (height + 20) * lines), (255, 255, 255))
    for i, strip in enumerate(strips):
        sheet.paste(strip, ((i % columns) * width, (i // columns) * (height + 20)))
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}")
    sheet.save(draft, "JPEG", quality=88)
    draft.replace(path)
