"""Handles on the head: named landmarks that an author may pull, each a smooth displacement of the whole face.

A landmark stands at a place given relative to the skull (along nose-ward, left, up; in lengths from the skull's joint to the
nose) and is snapped to the surface. Pulling one moves the space around it, the others staying where they are: radial
basis interpolation with the multiquadric sqrt(r^2 + c^2) and a constant (Hardy 1971; Wendland, Scattered Data
Approximation, 2005, chapter 8). It bends space and not the surface, so lips that touch move together and stay shut. It is
linear in the pulls, so every axis of a landmark is one field (V, 3), and the parameters stay one flat vector.

Units: one is the length of the head. Axes: x toward the nose, y away from the middle (left and right alike), z up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .skeleton import INDEX, step
from .surface import smooth

MIDLINE = {
    "nose_tip": (1.00, 0.0, 0.00), "nose_bridge": (0.77, 0.0, 0.09), "stop": (0.60, 0.0, 0.17),
    "forehead": (0.38, 0.0, 0.32), "crown": (0.18, 0.0, 0.33), "nape": (-0.08, 0.0, 0.17),
    "upper_lip": (0.93, 0.0, -0.11), "chin": (0.86, 0.0, -0.15), "lower_jaw": (0.60, 0.0, -0.25),
    "throat_top": (0.33, 0.0, -0.29),
}  # fmt: skip
PAIRED = {
    "eye": (0.502, 0.156, 0.196), "brow": (0.46, 0.13, 0.28), "cheek": (0.38, 0.23, 0.06),
    "temple": (0.30, 0.20, 0.24), "jaw_angle": (0.22, 0.20, -0.17), "muzzle_side": (0.68, 0.13, 0.02),
    "whisker_pad": (0.86, 0.10, -0.05), "nostril": (0.97, 0.06, 0.01), "mouth_corner": (0.615, 0.18, -0.12),
    "ear_front": (0.22, 0.18, 0.25), "ear_back": (0.03, 0.20, 0.17),
}  # fmt: skip
GROUPS = {"eye": 10}  # landmarks that are the middle of several vertices
HANDLES = (
    *(f"head.{name}.{axis}" for name in MIDLINE for axis in "xz"),
    *(f"head.{name}.{axis}" for name in PAIRED for axis in "xyz"),
)
# Fields that no single landmark gives: size of the eyes; the ears' outline from pointed to round; a tuft at their tips.
FORMS = ("eye.size", "ear.round", "ear.tuft")
FIELDS = (*HANDLES, *FORMS)
ROUNDING = 0.10  # c of the multiquadric, in head lengths: how blunt the tip of a pull is
ANCHORS = 14  # points of the neck that never move
ROUND_WIDENS, ROUND_BLUNTS = 0.6, 0.20  # how much wider a round ear is near its tip, and lower, in its length
EAR_PULL = 0.12  # how much of an ear's own extent a pull sees: ears are carried, hardly bent
MIRROR = np.array([1.0, -1.0, 1.0])


@dataclass(frozen=True)
class HeadFrame:
    """Where the head is: origin (3,), axes (3, 3) as rows nose-ward, left, up, and the length from origin to nose."""

    origin: np.ndarray
    axes: np.ndarray
    length: float

    def local(self, points: np.ndarray) -> np.ndarray:
        """Points (..., 3) in head lengths along the frame's axes."""
        return (points - self.origin) @ self.axes.T / self.length

    def world(self, local: np.ndarray) -> np.ndarray:
        """The inverse of `local`."""
        return self.origin + self.length * np.asarray(local) @ self.axes


def head_frame(skull: np.ndarray, nose: np.ndarray) -> HeadFrame:
    """The frame of a head whose skull joint (3,) and nose (3,) lie on the middle plane."""
    length = float(np.linalg.norm(nose - skull))
    along = (nose - skull) / length
    left = np.array([0.0, 1.0, 0.0])
    return HeadFrame(skull, np.stack([along, left, np.cross(along, left)]), length)


def locate(vertices: np.ndarray, weights: np.ndarray, frame: HeadFrame) -> dict[str, np.ndarray]:
    """The vertices (indices) that make each landmark, on the left side or the middle of a surface (V, 3).

    weights (V, 35). Snapping asks for vertices of the head alone, so that no landmark lands on an ear's tip or the neck.
    """
    held = weights[:, [INDEX["Head"], INDEX["Mouth"]]].sum(axis=1) > 0.4
    local = frame.local(vertices)
    places = {}
    for name, place in {**MIDLINE, **PAIRED}.items():
        distance = np.linalg.norm(local - place, axis=1)
        allowed = held & (np.abs(local[:, 1]) < 1e-6 if name in MIDLINE else local[:, 1] > 1e-6)
        order = np.argsort(np.where(allowed, distance, np.inf), kind="stable")
        places[name] = np.sort(order[: GROUPS.get(name, 1)])
    return places


def landmark(vertices: np.ndarray, places: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    """The place (3,) of a landmark; those of the middle lie on it exactly."""
    point = vertices[places[name]].mean(axis=0)
    return point * (1.0, 0.0, 1.0) if name in MIDLINE else point


def spread_out(points: np.ndarray, count: int) -> np.ndarray:
    """Indices of `count` points (n, 3) far from one another: each next one is the farthest from those chosen."""
    chosen = [int(np.argmin(points[:, 0]))]
    distance = np.full(len(points), np.inf)
    while len(chosen) < min(count, len(points)):
        distance = np.minimum(distance, np.linalg.norm(points - points[chosen[-1]], axis=1))
        chosen.append(int(np.argmax(distance)))
    return np.array(chosen)


def cardinal_functions(centres: np.ndarray, points: np.ndarray, rounding: float) -> np.ndarray:
    """(n, V): function k is 1 at centre k (n, 3), 0 at the others, evaluated at points (V, 3)."""
    n = len(centres)
    system = np.zeros((n + 1, n + 1))
    system[:n, :n] = np.sqrt(((centres[:, None] - centres[None]) ** 2).sum(axis=2) + rounding**2)
    system[n, :n] = system[:n, n] = 1.0
    coefficients = np.linalg.solve(system, np.eye(n + 1)[:, :n])
    reach = np.sqrt(((points[:, None] - centres[None]) ** 2).sum(axis=2) + rounding**2)
    return (np.concatenate([reach, np.ones((len(points), 1))], axis=1) @ coefficients).T


def head_fields(
    vertices: np.ndarray, faces: np.ndarray, joints: np.ndarray, weights: np.ndarray, shares: np.ndarray,
    places: Mapping[str, np.ndarray], ear_tip: np.ndarray,
) -> dict[str, np.ndarray]:  # fmt: skip
    """Every name of FIELDS with its displacement (V, 3) for a parameter of 1, in the surface's unit.

    shares (V,) is how far a vertex belongs to the head; ear_tip (3,) the left ear's.
    """
    frame = head_frame(joints[INDEX["Head"]], landmark(vertices, places, "nose_tip"))
    local = frame.local(vertices)
    middle = frame.local(np.stack([landmark(vertices, places, name) for name in MIDLINE]))
    left = frame.local(np.stack([landmark(vertices, places, name) for name in PAIRED]))
    border = np.flatnonzero((shares > 0.02) & (shares < 0.2) & (local[:, 1] >= 0))
    anchors = local[border[spread_out(local[border], ANCHORS)]]
    anchors = np.concatenate([anchors, anchors * MIRROR])
    anchors = np.unique(np.round(anchors, 9), axis=0)
    centres = np.concatenate([middle, left, left * MIRROR, anchors])
    carried = local
    for ear, flip in (("LEar", np.ones(3)), ("REar", MIRROR)):
        base = frame.local(joints[INDEX["LEar"]] * flip)
        share = smooth(weights[:, INDEX[ear]], faces, 4)[:, None]
        carried = carried + (1 - EAR_PULL) * share * (base - local)
    functions = cardinal_functions(centres, carried, ROUNDING)
    mask = smooth(step(shares, 0.45, 0.4), faces, 3)
    functions = functions * mask
    fields: dict[str, np.ndarray] = {}
    for index, name in enumerate(MIDLINE):
        for axis in (0, 2):
            fields[f"head.{name}.{'xyz'[axis]}"] = frame.length * functions[index][:, None] * frame.axes[axis]
    for index, name in enumerate(PAIRED, start=len(MIDLINE)):
        one, other = functions[index], functions[index + len(PAIRED)]
        for axis in range(3):
            amount = one - other if axis == 1 else one + other
            fields[f"head.{name}.{'xyz'[axis]}"] = frame.length * amount[:, None] * frame.axes[axis]
    fields["eye.size"] = eye_field(vertices, landmark(vertices, places, "eye"), frame)
    fields |= ear_fields(vertices, joints[INDEX["LEar"]], ear_tip, weights)
    return fields


def eye_field(vertices: np.ndarray, eye: np.ndarray, frame: HeadFrame) -> np.ndarray:
    """(V, 3) that grows both eyes about their middle; 1 doubles them."""
    total = np.zeros_like(vertices)
    for flip in (np.ones(3), MIRROR):
        away = vertices - eye * flip
        distance = np.linalg.norm(away, axis=1) / frame.length
        total += (1 - step(distance, 0.10, 0.055))[:, None] * away
    return total


def ear_fields(vertices: np.ndarray, base: np.ndarray, tip: np.ndarray, weights: np.ndarray) -> dict[str, np.ndarray]:
    """`ear.round` widens the outer ear toward a half disc; `ear.tuft` draws its tip out."""
    length = float(np.linalg.norm(tip - base))
    axis = (tip - base) / length
    rounded, tufted = np.zeros_like(vertices), np.zeros_like(vertices)
    for joint, flip in (("LEar", np.ones(3)), ("REar", MIRROR)):
        share = weights[:, INDEX[joint]]
        offset = vertices * flip - base
        along = offset @ axis / length
        across = offset - length * along[:, None] * axis
        ear = share > 0.9
        wide = np.linalg.svd(across[ear], full_matrices=False)[2][0]  # the direction in which the ear is broadest
        aside = across @ wide - outline_middle(along, across @ wide, ear)
        change = (ROUND_WIDENS * step(along, 0.66, 0.3) * aside)[:, None] * wide
        change -= (ROUND_BLUNTS * length * np.clip(along - 0.5, 0, None) ** 2 / 0.25)[:, None] * axis
        rounded += share[:, None] * change * flip
        tufted += (share * length * np.clip((along - 0.8) / 0.2, 0, None) ** 2)[:, None] * axis * flip
    return {"ear.round": rounded, "ear.tuft": tufted}


def outline_middle(along: np.ndarray, aside: np.ndarray, ear: np.ndarray, bins: int = 10) -> np.ndarray:
    """The middle (V,) between an ear's two edges at each height, from bins over its length."""
    heights = np.linspace(0.15, 0.95, bins)
    middles = np.full(bins, np.nan)
    for k, height in enumerate(heights):
        inside = ear & (np.abs(along - height) < 0.08)
        if inside.sum() > 2:
            middles[k] = (aside[inside].min() + aside[inside].max()) / 2
    known = ~np.isnan(middles)
    return np.interp(along, heights[known], middles[known])
