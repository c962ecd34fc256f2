"""Masks as evidence: the outline of the posed body against the outline of the mask, matched both ways.

An outline is points with outward normals. The body's comes from a small rendering of each hypothesis, so that only the
true outline counts and not folds inside it; each of its points is a vertex, which the solver can move. Outlines that
say nothing are left out: along the picture's border, and where another animal's mask adjoins.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree

from ...animal.rasterise import rasterise

Array = NDArray[np.float64]

GRID = 112
"""Longer side in pixels of the window in which outlines are compared."""

MATCHES = 224
"""Outline points used of each side, so that a hypothesis has at most twice as many matches."""


@dataclass(frozen=True)
class Outline:
    """Points (m, 2) in pixels of the photo with outward unit normals (m, 2)."""

    points: Array
    normals: Array


@dataclass(frozen=True)
class Window:
    """A part of the photo on a coarse grid: photo pixel = origin + grid pixel * step."""

    origin: Array
    step: float
    width: int
    height: int

    @classmethod
    def around(cls, box: Array, margin: float = 0.3, grid: int = GRID) -> Window:
        size = (box[2:] - box[:2]).max()
        low, high = box[:2] - margin * size, box[2:] + margin * size
        step = float((high - low).max() / grid)
        width, height = np.ceil((high - low) / step).astype(int)
        return cls(low, step, int(width), int(height))

    def intrinsics(self, K: Array) -> Array:
        """The camera K (3, 3) of the photo, made to draw into the window."""
        scaled = K.copy()
        scaled[:2, 2] -= self.origin
        scaled[:2] /= self.step
        return scaled

    def sample(self, mask: NDArray[np.bool_], outside: bool = False) -> NDArray[np.bool_]:
        """The mask of the photo at the centres of the window's pixels."""
        x = np.floor(self.origin[0] + (np.arange(self.width) + 0.5) * self.step).astype(int)
        y = np.floor(self.origin[1] + (np.arange(self.height) + 0.5) * self.step).astype(int)
        inside = ((y >= 0) & (y < mask.shape[0]))[:, None] & ((x >= 0) & (x < mask.shape[1]))[None]
        picked = mask[np.clip(y, 0, mask.shape[0] - 1)[:, None], np.clip(x, 0, mask.shape[1] - 1)[None]]
        return np.where(inside, picked, outside)

    def to_photo(self, pixels: Array) -> Array:
        return self.origin + pixels * self.step


def outline(mask: NDArray[np.bool_], window: Window) -> tuple[Outline, NDArray[np.intp]]:
    """The outline of a mask (h, w) in the window's grid, and the flat indices of its pixels.

    Points are centres of the mask's border pixels, pushed out by half a pixel along the normal.
    """
    padded = np.pad(mask, 1)
    inner = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    rows, columns = np.nonzero(mask & ~inner)
    smooth = gaussian_filter(mask.astype(np.float64), 1.5, mode="constant")
    slope_y, slope_x = np.gradient(smooth)
    normals = -np.stack([slope_x[rows, columns], slope_y[rows, columns]], -1)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    centres = np.stack([columns, rows], -1) + 0.5 + 0.5 * normals
    return Outline(window.to_photo(centres), normals), rows * mask.shape[1] + columns


class MaskEvidence:
    """The mask of one animal, ready to be compared with bodies.

    mask (H, W) of this animal; others (H, W), true where other animals are; box (4,) around the mask.
    """

    def __init__(self, mask: NDArray[np.bool_], others: NDArray[np.bool_], box: Array) -> None:
        self.window = Window.around(box)
        self.grid = self.window.sample(mask)
        height, width = mask.shape
        self.frame = np.array([width, height], dtype=np.float64)
        self.hidden = self.window.sample(others)
        line, _ = outline(self.grid, self.window)
        keep = self.tells(line)
        self.line = Outline(line.points[keep], line.normals[keep])
        self.tree = cKDTree(self._features(self.line)) if len(self.line.points) else None

    def tells(self, line: Outline) -> NDArray[np.bool_]:
        """Which outline points tell where the body ends: neither at the picture's border nor beside another animal."""
        step = 1.5 * self.window.step
        inside = ((line.points > step) & (line.points < self.frame - step)).all(1)
        beyond = line.points + line.normals * step
        cell = ((beyond - self.window.origin) / self.window.step).astype(int)
        cell = np.clip(cell, 0, [self.window.width - 1, self.window.height - 1])
        return inside & ~self.hidden[cell[:, 1], cell[:, 0]]

    def _features(self, line: Outline) -> Array:
        """Place and direction together, so that a front leg is not matched with the back edge of a hind one."""
        reach = 0.12 * self.window.step * GRID
        return np.concatenate([line.points, line.normals * reach], axis=1)

    def render(self, vertices: Array, faces: NDArray[np.int32], K: Array) -> tuple[NDArray[np.bool_], NDArray[np.int32]]:
        """Silhouette and face indices (h, w) of a body (V, 3) in camera axes, in the window."""
        raster = rasterise(vertices, faces, self.window.intrinsics(K), self.window.width, self.window.height)
        return raster.silhouette, raster.face

    def overlap(self, silhouette: NDArray[np.bool_]) -> float:
        """Intersection over union with the mask, other animals' pixels and what lies outside the picture left out."""
        x = self.window.origin[0] + (np.arange(self.window.width) + 0.5) * self.window.step
        y = self.window.origin[1] + (np.arange(self.window.height) + 0.5) * self.window.step
        frame = ((y > 0) & (y < self.frame[1]))[:, None] & ((x > 0) & (x < self.frame[0]))[None]
        valid = frame & ~(self.hidden & ~self.grid)
        union = ((silhouette | self.grid) & valid).sum()
        return float((silhouette & self.grid & valid).sum() / union) if union else 0.0

    def match(self, vertices: Array, pixels: Array, faces: NDArray[np.int32], K: Array, rng: np.random.Generator,
              ) -> tuple[NDArray[np.intp], Array, Array, Array]:
        """Pairs of a vertex and a point of the mask's outline that it should lie on.

        vertices (V, 3) in camera axes and pixels (V, 2) of one hypothesis. Gives ids (2 MATCHES,), targets (…, 2),
        normals (…, 2) and weights (…), zero where there is no pair.
        """
        ids = np.zeros(2 * MATCHES, dtype=np.intp)
        targets, normals, weights = np.zeros((2 * MATCHES, 2)), np.zeros((2 * MATCHES, 2)), np.zeros(2 * MATCHES)
        silhouette, face = self.render(vertices, faces, K)
        if self.tree is None or not silhouette.any():
            return ids, targets, normals, weights
        line, cells = outline(silhouette, self.window)
        corners = faces[face.reshape(-1)[cells]]
        nearest = np.linalg.norm(pixels[corners] - line.points[:, None], axis=2).argmin(1)
        rim = corners[np.arange(len(corners)), nearest]
        # A vertex counts where its outline pixel is, shifted by how far the vertex lies inside that pixel's place.
        tree = cKDTree(self._features(line))
        pick = rng.permutation(len(self.line.points))[:MATCHES]
        back = tree.query(self._features(Outline(self.line.points[pick], self.line.normals[pick])))[1]
        n = len(pick)
        offset = pixels[rim[back]] - line.points[back]
        ids[:n], targets[:n], normals[:n], weights[:n] = rim[back], self.line.points[pick] + offset, self.line.normals[pick], 1.0 / n
        keep = np.flatnonzero(self.tells(line))
        keep = rng.permutation(keep)[:MATCHES]
        if len(keep):
            there = self.tree.query(self._features(Outline(line.points[keep], line.normals[keep])))[1]
            span = slice(MATCHES, MATCHES + len(keep))
            offset = pixels[rim[keep]] - line.points[keep]
            ids[span], targets[span] = rim[keep], self.line.points[there] + offset
            normals[span], weights[span] = self.line.normals[there], 1.0 / len(keep)
        return ids, targets, normals, weights
