"""Feet that are not paws: hooves, cloven hooves, and the round columns of the giants, as fields of the warp.

Each field is the foot redrawn (see `caps`) minus the foot as it is, so that an amount of 1 gives the clean new foot on any
base, and a registered hoof loses its spike. Sizes follow the leg above; the sole lies flat on the ground the foot stood on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .caps import cut_cap, redraw, tube
from .skeleton import INDEX

if TYPE_CHECKING:
    from .warp import Warp

KINDS = ("hoof", "cloven", "pillar")
FIELDS = tuple(f"feet.{kind}" for kind in KINDS)
MIRROR = np.array([1.0, -1.0, 1.0])
FEET = (("Leg2", "Leg3", "Foot"), ("LegBack2", "LegBack3", "FootBack"))
# Rings of a hoof from the fetlock down: share of the height above the ground, share of the forward slope, length and
# width over the cannon's radius, and how far the ring is set back below its centre.
HOOF = np.array([
    (1.00, 0.00, 1.25, 1.15), (0.85, 0.12, 1.22, 1.12), (0.70, 0.30, 1.10, 1.02), (0.56, 0.50, 1.10, 1.02),
    (0.48, 0.62, 1.25, 1.18), (0.45, 0.66, 1.38, 1.28), (0.20, 0.88, 1.60, 1.45), (0.00, 1.00, 1.75, 1.58),
])  # fmt: skip
# Of a pillar: share of the way from the lower foreleg to the ground, and radius over the radius at the start.
PILLAR = np.array([(0.0, 1.0), (0.25, 1.0), (0.5, 1.02), (0.72, 1.08), (0.88, 1.22), (0.96, 1.27), (1.0, 1.2)])
PILLAR_TOP = 0.5  # where along the second bone of the leg a pillar starts
SOLE_RINGS = (0.75, 0.5, 0.25, 0.0)
SLOPE = 0.35  # of the foot's height: how far forward the sole stands from the fetlock
CLEFT = 0.30  # depth of the cleft over the radius
CLEFT_WIDTH = 0.30  # radians


def lowest_ring(warp: Warp, mask: np.ndarray) -> float:
    """The level of the ground under some vertices."""
    return float(warp.vertices[mask, 2].min())


def shaft_radius(points: np.ndarray) -> float:
    """Radius of a limb's shaft from its surface points (n, 3): half the geometric mean of its typical extents."""
    levels = np.quantile(points[:, 2], [0.25, 0.75])
    middle = points[(points[:, 2] >= levels[0]) & (points[:, 2] <= levels[1])]
    # The shaft leans: its lean is taken out before the extents are read.
    fit = np.polyfit(middle[:, 2], middle[:, :2], 1)
    rest = middle[:, :2] - middle[:, 2:] * fit[0] - fit[1]
    return float(0.5 * np.sqrt(np.prod(np.quantile(rest, 0.96, axis=0) - np.quantile(rest, 0.04, axis=0))))


def foot_grid(ring: np.ndarray, ground: float, radius: float, profile: np.ndarray, slope: float) -> np.ndarray:
    """The tube (K, M, 3) of one foot: from the border's points (m, 3) along a profile to a flat sole on the ground."""
    start = ring.mean(axis=0)
    height = start[2] - ground
    fine = np.linspace(0, 1, 25)
    knots = np.linspace(0, 1, len(profile))
    rows = np.stack([np.interp(fine, knots, column) for column in profile.T], axis=1)
    sole = np.repeat(rows[-1:], len(SOLE_RINGS), axis=0)
    sole[:, 2:] *= np.array(SOLE_RINGS)[:, None]
    rows = np.concatenate([rows, sole])
    centres = np.stack(
        [start[0] + slope * height * rows[:, 1], np.full(len(rows), start[1]), ground + height * rows[:, 0]], axis=1
    )
    count = len(rows)
    return tube(centres, np.tile([1.0, 0, 0], (count, 1)), np.tile([0, 1.0, 0], (count, 1)), radius * rows[:, 2:])


def cleave(grid: np.ndarray, first: int) -> np.ndarray:
    """The tube (K, M, 3) with a cleft at the front (and a smaller one behind) that opens from ring `first` downward."""
    k, m = grid.shape[:2]
    angle = np.arange(m) * 2 * np.pi / m
    wrapped = np.abs(np.angle(np.exp(1j * angle)))
    notch = np.exp(-((wrapped / CLEFT_WIDTH) ** 2)) + 0.35 * np.exp(-(((np.pi - wrapped) / CLEFT_WIDTH) ** 2))
    opening = np.clip((np.arange(k) - first) / (0.25 * k), 0, 1)
    middle = grid.mean(axis=1, keepdims=True)
    return middle + (grid - middle) * (1 - CLEFT * opening[:, None] * notch)[:, :, None]


def pillar_grid(ring: np.ndarray, line: np.ndarray, ground: float) -> tuple[np.ndarray, list[float]]:
    """The tube (K, M, 3) of one pillar: along the leg's bones, line (3, 3) from shaft to ground, to a flat sole.

    Also the rows of the tube where shaft and foot begin.
    """
    start, (hock, foot, tip) = ring.mean(axis=0), line
    points = np.array([start, hock, (hock + foot) / 2, foot, (*((foot + tip) / 2)[:2], ground)])
    walked = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    share = np.linspace(0, 1, 25)
    # A soft bend instead of the hock's: the leg's corners are rounded by averaging along the way.
    fine = np.linspace(-0.15, 1.15, 27)
    spread = np.clip(share[:, None] + 0.12 * fine[None, :] * np.minimum(share, 1 - share)[:, None] * 4, 0, 1)
    centres = np.stack([np.interp(spread * walked[-1], walked, points[:, k]).mean(axis=1) for k in range(3)], axis=1)
    along = np.gradient(centres, axis=0)
    along[-6:] = (0, 0, -1)  # the sole is level, and so are the rings above it
    along = np.array([along[max(k - 3, 0) : k + 4].mean(axis=0) for k in range(len(along))])
    along[-1] = (0, 0, -1)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    left = np.tile([0.0, 1.0, 0.0], (len(along), 1))
    across = np.cross(along, left)
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    radius = 0.5 * float(np.sqrt(np.ptp(ring @ across[0]) * np.ptp(ring[:, 1])))
    radii = radius * np.interp(share, *PILLAR.T)
    radii = np.concatenate([radii, radii[-1] * np.array(SOLE_RINGS)])
    rest = len(SOLE_RINGS)
    centres, across, left = (np.concatenate([part, np.repeat(part[-1:], rest, 0)]) for part in (centres, across, left))
    starts = [float(walked[k] / walked[-1] * (len(share) - 1)) for k in (1, 3)]
    return tube(centres, across, left, np.stack([radii, radii], axis=1)), starts


def foot_mask(warp: Warp, kind: str, side: str, bones: tuple[str, str, str]) -> np.ndarray:
    """Mask (V,) of the vertices of one foot that are redrawn, found where the template has them."""
    source = warp.template or warp
    upper, shaft, foot = (source.weights[:, INDEX[side + name]] for name in bones)
    if kind != "pillar":
        return foot > 0.5
    first, last = (source.joints[INDEX[side + name]] for name in bones[:2])
    along = (source.vertices - first) @ (last - first) / ((last - first) @ (last - first))
    return (foot + shaft > 0.5) | ((upper + shaft + foot > 0.9) & (along > PILLAR_TOP))


def foot_field(warp: Warp, kind: str) -> np.ndarray:
    """Displacement (V, 3) of all four feet to a `hoof`, `cloven` or `pillar` foot; symmetric."""
    field = np.zeros_like(warp.vertices)
    for bones in FEET:
        for side, flip in (("L", np.ones(3)), ("R", MIRROR)):
            v = warp.vertices * flip
            foot, shaft = (warp.weights[:, INDEX[side + name]] for name in bones[:0:-1])
            sole = (warp.template or warp).vertices[:, 2]
            lowest = int(np.argmin(np.where(foot > 0.5, sole, np.inf)))
            cap = cut_cap(warp.faces, foot_mask(warp, kind, side, bones), lowest)
            pins: tuple[tuple[float, float], ...] = ()
            ring, ground = v[cap.ring], float(v[foot > 0.5, 2].min())
            if kind == "pillar":
                line = np.array(
                    [*(warp.joints[INDEX[side + name]] * flip for name in bones[1:]), v[foot > 0.5].mean(axis=0)]
                )
                grid, starts = pillar_grid(ring, line, ground)
                held = np.stack([warp.weights[cap.inner, INDEX[side + name]] for name in bones])
                counted = np.bincount(held.argmax(axis=0), minlength=3) / len(cap.inner)
                pins = tuple(zip(np.cumsum(counted)[:2].tolist(), starts, strict=True))
            else:
                grid = foot_grid(ring, ground, shaft_radius(v[shaft > 0.5]), HOOF, SLOPE)
            if kind == "cloven":
                grid = cleave(grid, 10)
            field += redraw(v, cap, grid, (len(grid) - len(SOLE_RINGS) - 1,), pins=pins) * flip
    return field


def extra_fields(warp: Warp) -> dict[str, np.ndarray]:
    """Every field of this file by its parameter's name, each (V, 3) on the warp's surface."""
    return {f"feet.{kind}": foot_field(warp, kind) for kind in KINDS}
