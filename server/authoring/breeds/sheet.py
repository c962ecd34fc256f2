"""A page of authored species, to look at while authoring: each from the side and from three-quarter front, and its head.

    python -m bestiary.server.authoring.breeds.sheet --package dm_control-1.0.50-py3-none-any.whl --names cat,lion --out x.jpg

Plain clay shading by the package's own rasteriser: what cannot be told apart here will not be told apart by its coat alone.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from ....animal.rasterise import rasterise
from ..base import make_stance
from ..measures import TRUNKED, Ruler, read_table
from ..population import Stance
from ..proportions import expand
from ..skeleton import INDEX
from ..solve import expected, solve, targets
from ..surface import self_intersecting_faces, vertex_normals
from . import BREEDS

DISTANCE = 1000.0  # how far the camera stands: so far that the view is all but parallel
PAPER, CLAY = np.array([246.0, 245.0, 241.0]), np.array([196.0, 181.0, 164.0])
LIGHT, SKY = np.array([-0.35, -0.55, -0.75]), 0.30  # camera axes (y down, z away), and the share of light from above
VIEWS = ((1.45, -90.0, 3.0), (0.85, -38.0, 10.0))  # breadth over height, turn about z, view from above (degrees)
HEAD_VIEWS = ((-90.0, 2.0), (-50.0, 6.0), (0.0, 4.0))


def camera_axes(turn: float, above: float) -> np.ndarray:
    """Rows right, down, away of a camera looking at the animal: turn 0 sees its face, -90 its right side (degrees)."""
    a, b = np.deg2rad(turn), np.deg2rad(above)
    toward = np.array([np.cos(a) * np.cos(b), np.sin(a) * np.cos(b), np.sin(b)])
    right = np.array([-np.sin(a), np.cos(a), 0.0])
    return np.stack([right, -np.cross(toward, right), -toward])


def shade(vertices: np.ndarray, faces: np.ndarray, turn: float, above: float, width: int, height: int) -> np.ndarray:
    """A picture (height, width, 3) uint8 of a surface that fills the frame, normals interpolated over each face."""
    axes = camera_axes(turn, above)
    points = vertices @ axes.T
    low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
    scale = 0.94 * min(width / (high[0] - low[0]), height / (high[1] - low[1]))
    return shade_at(points, vertex_normals(vertices, faces) @ axes.T, faces, (low + high) / 2, scale, (width, height))


def shade_at(
    points: np.ndarray, normals: np.ndarray, faces: np.ndarray, centre: np.ndarray, scale: float, size: tuple[int, int]
) -> np.ndarray:
    """Shade points (V, 3) in camera axes; `centre` (2,) is drawn in the middle, `scale` pixels a unit."""
    width, height = size
    camera = points + np.array([-centre[0], -centre[1], DISTANCE])
    focal = scale * DISTANCE
    raster = rasterise(
        camera, faces, np.array([[focal, 0.0, width / 2], [0.0, focal, height / 2], [0.0, 0.0, 1.0]]), width, height
    )
    row, column = np.nonzero(raster.silhouette)
    shown = faces[raster.face[row, column]]
    a, b, c = (camera[shown[:, k], :2] for k in range(3))
    at = np.stack([column + 0.5 - width / 2, row + 0.5 - height / 2], axis=1) / scale
    area = np.cross(b - a, c - a)
    area = np.where(np.abs(area) < 1e-12, 1e-12, area)
    second, third = np.cross(at - a, c - a) / area, np.cross(b - a, at - a) / area
    shares = np.clip(np.stack([1 - second - third, second, third], axis=1), 0.0, 1.0)
    normal = np.einsum("nk,nkd->nd", shares, normals[shown])
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    lit = np.clip(normal @ (LIGHT / np.linalg.norm(LIGHT)), 0.0, 1.0)
    above = 0.5 - 0.5 * normal[:, 1]
    brightness = 0.16 + SKY * above + 0.62 * lit
    image = np.broadcast_to(PAPER, (height, width, 3)).copy()
    image[row, column] = np.clip(CLAY * brightness[:, None] * 1.12, 0, 255)
    return image.astype(np.uint8)


def head_of(vertices: np.ndarray, faces: np.ndarray, held: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The part (vertices, faces) of a surface whose vertices are all held by the mask."""
    kept = faces[held[faces].all(axis=1)]
    used, inverse = np.unique(kept, return_inverse=True)
    return vertices[used], inverse.reshape(kept.shape)


def panel(name: str, vertices: np.ndarray, faces: np.ndarray, held: np.ndarray, size: int) -> Image.Image:
    """One animal: body from the side and the front, head three times, its name and its self-intersecting faces."""
    views = [shade(vertices, faces, turn, above, int(broad * size), size) for broad, turn, above in VIEWS]
    head = head_of(vertices, faces, held)
    half = size // 2
    blank = np.broadcast_to(PAPER.astype(np.uint8), (size - half, half, 3))
    heads = [shade(*head, turn, above, half, half) for turn, above in HEAD_VIEWS]
    views += [np.concatenate(heads[:2], axis=0), np.concatenate([heads[2], blank], axis=0)]
    image = Image.fromarray(np.concatenate(views, axis=1))
    count = int(self_intersecting_faces(vertices, faces).sum())
    ImageDraw.Draw(image).text((6, 4), f"{name}  ({count})" if count else name, fill=(40, 40, 40), font_size=size // 14)
    return image


def page(shapes: Mapping[str, tuple[np.ndarray, np.ndarray]], held: np.ndarray, columns: int, size: int) -> Image.Image:
    """All panels on one page; shapes: name to (vertices (V, 3), faces (F, 3)); held (V,) marks the head."""
    panels = [panel(name, vertices, faces, held, size) for name, (vertices, faces) in shapes.items()]
    width, height = panels[0].size
    rows = -(-len(panels) // columns)
    sheet = Image.new("RGB", (columns * width, rows * height), tuple(PAPER.astype(int)))
    for index, image in enumerate(panels):
        sheet.paste(image, (index % columns * width, index // columns * height))
    return sheet


def solved(stance: Stance, ruler: Ruler, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Vertices (V, 3) of breeds on the template, brought to their measures; those without measures as authored."""
    table = read_table()
    known = {name: table[name] for name in BREEDS if name in table}
    guessed = expected(known, {name: breed.family for name, breed in BREEDS.items()})
    shapes = {}
    for name in names:
        start = expand(BREEDS[name].traits)
        if name in known:
            wanted = targets(known[name], guessed.get(name, {}))
            shapes[name] = solve(stance, ruler, start, wanted, BREEDS[name].family in TRUNKED).vertices
        else:
            shapes[name] = stance.level(start)[1]
    return shapes


def main(arguments: list[str] | None = None) -> int:
    """Command line: bring the named breeds (all by default) to their measures and write the page."""
    parser = argparse.ArgumentParser(prog="python -m bestiary.server.authoring.breeds.sheet", description=__doc__)
    parser.add_argument("--package", type=Path, help="dm_control wheel or unpacked folder (default: the installed one)")
    parser.add_argument("--names", default=",".join(BREEDS), help="species, or a family, separated by commas")
    parser.add_argument("--out", type=Path, required=True, help="the picture to write")
    parser.add_argument("--columns", type=int, default=2)
    parser.add_argument("--size", type=int, default=240, help="height of one animal in pixels")
    options = parser.parse_args(arguments)
    asked = options.names.split(",")
    names = [name for name, breed in BREEDS.items() if name in asked or breed.family in asked]
    if not names:
        parser.error(f"no species or family is called {options.names!r}")
    stance, mirror, groups = make_stance(options.package)
    warp = stance.warp
    ruler = Ruler.on(warp.vertices, warp.joints, warp.weights, mirror, groups)
    held = warp.weights[:, [INDEX[name] for name in ("Head", "Mouth", "LEar", "REar")]].sum(axis=1) > 0.3
    shapes = {name: (surface, warp.faces) for name, surface in solved(stance, ruler, names).items()}
    page(shapes, held, options.columns, options.size).save(options.out)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
