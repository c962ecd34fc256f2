"""What a gallery draws over a picture, made small: masks, points, coarse meshes and depth as short text for a page.

A page holds a thousand pictures, so everything is at the size at which it is looked at.
"""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from ...animal.cameras import Camera
from ...animal.masks import MaskError, decode, encode
from ...animal.model import AnimalModel, ModelError
from .records import Animal

Array = NDArray[np.float64]

MASK_SIDE = 512
"""Masks are scaled down to this many pixels along the longer side."""
DEPTH_SIDE = 224
DEPTH_FAR = 48
"""Grey of what is farthest: well above the 0 of nothing at all, which a JPEG blurs."""
MESH_VERTICES = (280, 640)
"""At most how many vertices a coarse mesh has, of an animal that is small in the picture and of a large one."""
_NORMALS = 0.05  # of the body's size: how far apart opposite sides count
_SHAPES = 8  # species whose shapes decide which vertices stay
_MOST_THINNED = 4000  # vertices of an asset's mesh that are looked at one by one
_LARGE = 0.33  # share of the picture's longer side from which an animal gets the finer mesh
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_SAFE = {48 + i: letter for i, letter in enumerate(_LETTERS)}  # COCO's own characters include < and \


@dataclass(frozen=True)
class CoarseMesh:
    """A mesh with few vertices: `kept` (n,) which of the old ones stay, `faces` (m, 3) between those."""

    kept: NDArray[np.int64]
    faces: NDArray[np.int64]


def coarse(shapes: Sequence[Array], faces: ArrayLike, about: int) -> CoarseMesh:
    """A mesh of at most so many vertices, spread as far from each other as they can be; every other one joins its nearest.

    shapes: places (V, 3) of the same vertices, of one body or of several that shall all look right; faces (F, 3). The
    normals count a little as distance, so that the two sides of a leg do not become one.
    """
    faces = np.asarray(faces, np.int64)
    features = np.concatenate([_features(np.asarray(shape, np.float64), faces) for shape in shapes], axis=1).astype(np.float32)
    first = int(np.square(features - features.mean(axis=0)).sum(axis=1).argmax())
    kept, owner = [first], np.zeros(len(features), np.int64)
    away = np.square(features - features[first]).sum(axis=1)
    while len(kept) < min(about, len(features)):
        farthest = int(away.argmax())
        distance = np.square(features - features[farthest]).sum(axis=1)
        nearer = distance < away
        owner[nearer], away[nearer] = len(kept), distance[nearer]
        kept.append(farthest)
    merged = owner[faces]
    a, b, c = merged.T
    merged = merged[(a != b) & (b != c) & (c != a)]
    once = np.unique(np.sort(merged, axis=1), axis=0, return_index=True)[1] if len(merged) else np.zeros(0, np.int64)
    return CoarseMesh(np.array(kept), merged[np.sort(once)])


def _features(vertices: Array, faces: NDArray[np.int64]) -> Array:
    """(V, 6) places as shares of the body's size, and normals."""
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    across, normals = np.cross(b - a, c - a), np.zeros_like(vertices)
    for corner in faces.T:
        np.add.at(normals, corner, across)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    return np.concatenate([vertices / max(float(np.ptp(vertices, axis=0).max()), 1e-9), _NORMALS * normals], axis=1)


def _thinned(vertices: Array, faces: NDArray[np.int64], most: int) -> tuple[Array, NDArray[np.int64]]:
    """A mesh whose vertices within a cell of a grid are one, with cells as small as leave at most so many (or all, if they are few)."""
    small = max(float(np.ptp(vertices, axis=0).max()), 1e-9) / 1000.0
    while len(vertices) > most:
        cell = np.floor((vertices - vertices.min(axis=0)) / small).astype(np.int64)
        side = int(cell.max()) + 1
        _, first, owner = np.unique((cell[:, 0] * side + cell[:, 1]) * side + cell[:, 2], return_index=True, return_inverse=True)
        vertices, faces, small = vertices[first], owner.reshape(-1)[faces], 1.5 * small
    return vertices, faces


class Meshes:
    """The coarse meshes of one model, at both sizes, and of the animals of asset packs."""

    def __init__(self, model: AnimalModel) -> None:
        self.model = model
        names = sorted(model.species)
        chosen = [names[i * len(names) // _SHAPES] for i in range(min(_SHAPES, len(names)))]
        shapes = [model.v_template, *(model.rest(model.species[name].betas).vertices for name in chosen)]
        self.levels = [coarse(shapes, model.faces, about) for about in MESH_VERTICES]

    def page(self) -> list[list[int]]:
        """The faces of both sizes, flat, as the page holds them once."""
        return [[int(i) for i in level.faces.ravel()] for level in self.levels]

    def of(self, animal: Animal, camera: Camera) -> dict[str, Any] | None:
        """The mesh of one animal of a record as the camera sees it, or None when this model cannot pose it."""
        if animal.model_id != self.model.model_id or animal.metres_per_unit is None:
            return None
        try:
            vertices = self.model.forward(animal.betas, animal.pose, animal.trans).vertices * animal.metres_per_unit
        except ModelError:
            return None
        level = int(_extent(camera, vertices) >= _LARGE)
        seen = _seen_mesh(vertices[self.levels[level].kept], camera)
        return None if seen is None else {**seen, "level": level}


def asset_mesh(vertices: Array, faces: NDArray[np.int32], camera: Camera) -> dict[str, Any] | None:
    """The coarse mesh of an asset pack's animal: vertices (V, 3) in the world, faces (F, 3)."""
    if not len(vertices) or not len(faces):
        return None
    vertices, some = _thinned(vertices, faces.astype(np.int64), _MOST_THINNED)
    few = coarse([vertices], some, MESH_VERTICES[0])
    seen = _seen_mesh(vertices[few.kept], camera)
    return None if seen is None else {**seen, "faces": [int(i) for i in few.faces.ravel()]}


def _extent(camera: Camera, vertices: Array) -> float:
    """The longer side of what is seen of the vertices, as a share of the picture's longer side."""
    pixels = camera.project(vertices)
    pixels = pixels[np.isfinite(pixels).all(axis=1)]
    return float(np.ptp(pixels, axis=0).max()) / max(camera.width, camera.height) if len(pixels) else 0.0


def _seen_mesh(vertices: Array, camera: Camera) -> dict[str, Any] | None:
    """Places in the picture and depths as base64 of uint16 triples; None when all of it is behind the camera.

    x and y run over five times the picture, from two of it before the left and upper border; 65535 is no place.
    """
    z = camera.to_camera(vertices)[:, 2]
    share = (camera.project(vertices) / [camera.width, camera.height] + 2.0) / 5.0
    there = np.isfinite(share).all(axis=1) & (share >= 0).all(axis=1) & (share <= 1).all(axis=1)
    if not there.any():
        return None
    near, far = float(z[there].min()), float(z[there].max())
    code = np.full((len(vertices), 3), 65535, "<u2")
    code[there, :2] = np.rint(share[there] * 65534)
    code[there, 2] = np.rint((z[there] - near) / max(far - near, 1e-9) * 65535)
    return {"at": base64.b64encode(code.tobytes()).decode("ascii"), "near": round(near, 4), "far": round(far, 4)}


def mask_grid(width: int, height: int) -> tuple[int, int]:
    """Width and height of the masks on the page."""
    scale = min(1.0, MASK_SIDE / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def mask_code(run_lengths: Mapping[str, Any]) -> str | None:
    """Run lengths scaled to `mask_grid`, in letters that need no escaping; None for an empty mask or none at all."""
    try:
        mask = decode(run_lengths)
    except MaskError:
        return None
    if not mask.any():
        return None
    height, width = mask.shape
    size = mask_grid(width, height)
    if size != (width, height):
        small = Image.fromarray(mask.astype(np.uint8) * 255).resize(size, Image.Resampling.BOX)
        mask = np.asarray(small) >= 128
    return str(encode(mask)["counts"]).translate(_SAFE)


def points(rows: Array) -> list[list[float] | int]:
    """Points (n, 3) x, y, v with tenths of pixels; 0 where there is none, or where it is absurdly far away."""
    near = np.abs(np.nan_to_num(rows, nan=np.inf)).max(axis=1, initial=0.0) < 1e6
    return [[round(float(x), 1), round(float(y), 1), int(v)] if there else 0 for (x, y, v), there in zip(rows, near, strict=True)]


def box(value: tuple[float, ...] | None) -> list[float] | None:
    """x, y, width, height in tenths of pixels."""
    return None if value is None else [round(number, 1) for number in value]


def depth_code(depth: Array) -> dict[str, Any] | None:
    """A small grey JPEG of depth (H, W) in metres, near bright, on the scale of 1/depth; with `near` and `far` in metres.

    Grey runs from DEPTH_FAR, far, to 255, near; it is 0 where depth is inf. None when that is everywhere.
    """
    every = max(1, math.ceil(max(depth.shape) / DEPTH_SIDE))
    inverse = 1.0 / depth[every // 2 :: every, every // 2 :: every]
    there = inverse > 0
    if not there.any():
        return None
    low, high = (float(value) for value in np.quantile(inverse[there], (0.02, 0.999)))
    share = np.clip((inverse - low) / max(high - low, 1e-12), 0.0, 1.0)
    shade = np.rint(DEPTH_FAR + share * (255 - DEPTH_FAR))
    stream = io.BytesIO()
    Image.fromarray(np.where(there, shade, 0).astype(np.uint8)).save(stream, "JPEG", quality=60, optimize=True)
    return {"jpeg": base64.b64encode(stream.getvalue()).decode("ascii"), "near": round(1 / high, 2), "far": round(1 / low, 2)}
