"""Feet that are not paws: hooves, cloven hooves, and the round columns of the giants, as fields of the warp.

Each field is the foot redrawn (see `caps`) minus the foot as it is, so that an amount of 1 gives the clean new foot on any
base, and a registered hoof loses its spike. Sizes follow the leg above; the sole lies flat on the ground the foot stood on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .caps import cut_cap, redraw, tube
from .skeleton import INDEX, step
from .surface import smooth

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
# Of a pillar's foot: as of a hoof, the radius being the column's.
PILLAR = np.array([
    (1.00, 0.00, 1.00, 1.00), (0.75, 0.20, 1.02, 1.02), (0.45, 0.55, 1.10, 1.08), (0.22, 0.90, 1.20, 1.16),
    (0.08, 1.00, 1.24, 1.20), (0.00, 1.00, 1.20, 1.16),
])  # fmt: skip
PILLAR_SLOPE = 0.15
IRONING = {"Leg2": 8, "LegBack2": 6}  # steps of smoothing of a leg that becomes a column
# Where on the column it is half itself, and over what width it becomes so.
PILLAR_FADE = {"Leg2": (0.15, 0.15), "LegBack2": (0.2, 0.2)}
PILLAR_TOP = {"Leg2": 0.0, "LegBack2": 0.35}  # where along the second bone of the leg the column starts
MIDDLING = 4.0  # fortieths of a column over which its line and radius are means
CURVE = {"Leg2": 1, "LegBack2": 3}  # degree of the line: a column has no knees
STOUT = 1.1  # a column over the leg it is made of
GROWTH = (0.5, 3.0)  # least and most of its own distance from the line that a vertex of a column is moved to
EASING = 3  # steps of smoothing of what a column moves
SOLE_RINGS = (0.75, 0.5, 0.25, 0.0)
SLOPE = 0.35  # of the foot's height: how far forward the sole stands from the fetlock
PADS_FROM = 0.3  # where down the fore leg, from the elbow, pads may be
PROUD = 1.2  # over the usual radius: what stands out more is a pad
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


def column_field(
    warp: Warp, v: np.ndarray, side: str, bones: tuple[str, str, str], flip: np.ndarray
) -> tuple[np.ndarray, float]:
    """Displacement (V, 3) of v (V, 3), in the flipped frame, that rounds one lower leg to a column; its radius.

    Every vertex keeps its place along the leg, and so its joints.
    """
    held = np.stack([warp.weights[:, INDEX[side + name]] for name in bones])
    knee, hock, foot = (warp.joints[INDEX[side + name]] * flip for name in bones)
    start = knee + PILLAR_TOP[bones[0]] * (hock - knee)
    bend = np.linspace(0, 1, 41)[:, None]
    straight = np.where(bend < 0.5, start + 2 * bend * (hock - start), hock + (2 * bend - 1) * (foot - hock))
    round_ = (1 - bend) ** 2 * start + 2 * bend * (1 - bend) * hock + bend**2 * foot
    line = 0.5 * straight + 0.5 * round_

    def seen(points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Which place on the line is nearest, and the way from the line to each point, and its length."""
        nearest = np.argmin(((points[:, None] - line[None]) ** 2).sum(axis=2), axis=1)
        along = np.gradient(line, axis=0)
        along /= np.linalg.norm(along, axis=1, keepdims=True)
        away = points - line[nearest]
        away -= (away * along[nearest]).sum(axis=1, keepdims=True) * along[nearest]
        return nearest, away, np.linalg.norm(away, axis=1)

    leg = held.sum(axis=0) > 0.6
    # Creases of the leg, which would stay along the column, are ironed out before it is rounded.
    ironed = smooth(v, warp.faces, IRONING[bones[0]])
    # The line through the joints runs near the skin at the hock: it is moved into the flesh's middle.
    for _ in range(2):
        nearest, _, _ = seen(ironed)
        kept = leg & (nearest > 0) & (nearest < 40)
        near = np.exp(-(((np.arange(41)[:, None] - nearest[kept]) / MIDDLING) ** 2))
        line = line + near @ (ironed[kept] - line[nearest[kept]]) / near.sum(axis=1, keepdims=True)
        line = np.stack([np.polyval(np.polyfit(bend[:, 0], c, CURVE[bones[0]]), bend[:, 0]) for c in line.T], axis=1)
    nearest, _, distance = seen(v)  # ironing has made the leg thinner
    kept = leg & (nearest > 0) & (nearest < 40)
    near = np.exp(-(((np.arange(41)[:, None] - nearest[kept]) / MIDDLING) ** 2))
    usual = near @ distance[kept] / near.sum(axis=1)
    shaft = max(STOUT * float(np.median(usual[18:36])), 0.9 * float(usual[:8].mean()))
    share = smooth(np.where(leg, step(nearest / 40, *PILLAR_FADE[bones[0]]), 0.0), warp.faces, 5)
    column = ironed
    for easing in (0, EASING):
        nearest, away, distance = seen(smooth(column, warp.faces, easing))
        radius = np.maximum(usual, shaft)[nearest]  # never a waist above the column
        radius += (shaft - radius) * step(nearest / 40, 0.6, 0.3)
        column = smooth(column, warp.faces, easing)
        column = column + (np.clip(radius / np.maximum(distance, 0.05 * radius), *GROWTH) - 1)[:, None] * away
    return share[:, None] * (column - v), shaft


def without_pads(warp: Warp) -> np.ndarray:
    """Displacement (V, 3) that draws in what stands out from the fore legs' shafts below the elbow.

    These are the template's carpal pads and dewclaws: hoofed legs have none, and on a registered leg they lie crumpled.
    """
    field = np.zeros_like(warp.vertices)
    for side, flip in (("L", np.ones(3)), ("R", MIRROR)):
        v = warp.vertices * flip
        held = warp.weights[:, [INDEX[side + name] for name in ("Leg2", "Leg3", "Foot")]].sum(axis=1) > 0.5
        elbow, ground = float(warp.joints[INDEX[side + "Leg2"], 2]), float(v[held, 2].min())
        down = (elbow - v[held, 2]) / (elbow - ground)
        levels = np.linspace(PADS_FROM, 1.0, 20)
        near = np.exp(-(((down - levels[:, None]) / 0.05) ** 2))
        middles = near @ v[held, :2] / near.sum(axis=1, keepdims=True)
        middle = np.stack([np.interp(down, levels, column) for column in middles.T], axis=1)
        out = v[held, :2] - middle
        radius = np.linalg.norm(out, axis=1)
        usual = near @ np.minimum(radius, 1.3 * np.median(radius)) / near.sum(axis=1)
        most = PROUD * np.interp(down, levels, usual)
        shrunk = np.minimum(1.0, most / np.maximum(radius, 1e-9))
        fade = step(down, PADS_FROM, 0.2)[:, None]
        moved = np.zeros_like(v)
        moved[held, :2] = fade * (shrunk - 1)[:, None] * out
        touched = np.minimum(1.0, 2 * smooth((np.abs(moved).sum(axis=1) > 0).astype(float), warp.faces, 3))[:, None]
        moved += touched * (smooth(v + moved, warp.faces, 6) - v - moved)
        field += moved * flip
    return field


def foot_field(warp: Warp, kind: str) -> np.ndarray:
    """Displacement (V, 3) of all four feet to a `hoof`, `cloven` or `pillar` foot; symmetric."""
    pads = without_pads(warp)
    field = pads.copy()
    ground_of = (warp.template or warp).vertices[:, 2]
    for bones in FEET:
        for side, flip in (("L", np.ones(3)), ("R", MIRROR)):
            v = (warp.vertices + pads) * flip
            foot, shaft = (warp.weights[:, INDEX[side + name]] for name in bones[:0:-1])
            lowest = int(np.argmin(np.where(foot > 0.5, ground_of, np.inf)))
            cap = cut_cap(warp.faces, foot > 0.5, lowest)
            ground, radius = float(v[foot > 0.5, 2].min()), shaft_radius(v[shaft > 0.5])
            profile, slope = HOOF, SLOPE
            if kind == "pillar":
                column, radius = column_field(warp, v, side, bones, flip)
                v, profile, slope = v + column, PILLAR, PILLAR_SLOPE
            grid = foot_grid(v[cap.ring], ground, radius, profile, slope)
            if kind == "cloven":
                grid = cleave(grid, 10)
            v = v + redraw(v, cap, grid, (len(grid) - len(SOLE_RINGS) - 1,))
            field += (v - (warp.vertices + pads) * flip) * flip
    return field


def extra_fields(warp: Warp) -> dict[str, np.ndarray]:
    """Every field of this file by its parameter's name, each (V, 3) on the warp's surface."""
    return {f"feet.{kind}": foot_field(warp, kind) for kind in KINDS}
