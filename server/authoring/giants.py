"""What no sound change of proportions gives: a trunk, fan ears, humps, dewlaps, capes of hair, as fields of the warp.

Noses and ears are redrawn as tubes (see `caps`): a field is the new shape minus the old, so an amount of 1 gives it whole.
The others are soft bumps in places given along the trunk (pelvis 0, spine3 1), along the neck (its root 0, the skull 1) and
across (in half-widths of the trunk). All are symmetric, and linear in their amount as every field of the warp.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from . import head
from .caps import cut_cap, redraw, tube
from .skeleton import INDEX, SPINE, step
from .surface import smooth, vertex_normals

if TYPE_CHECKING:
    from .warp import Warp

MIRROR = np.array([1.0, -1.0, 1.0])
NOSES = ("trunk", "proboscis", "snout")
# Humps: place along the trunk, half-width along it, half-width across it, height over the trunk's length.
HUMPS = {
    "hump": (0.47, 0.22, 0.62, 0.42), "hump_front": (0.80, 0.14, 0.50, 0.42), "hump_rear": (0.26, 0.14, 0.50, 0.40),
    "hump_withers": (1.02, 0.13, 0.45, 0.22), "hump_shoulders": (0.88, 0.36, 1.00, 0.30),
}  # fmt: skip
FIELDS = tuple(
    f"giants.{name}"
    for name in (*NOSES, "fan_ear", *HUMPS, "dewlap", "crest", "throat_mane", "skirt", "wool", "cape", "folds")
)
NOSE_START = 0.74  # of the head's length: where a trunk leaves the face
PALATE = -0.3  # the roof of the mouth looks down more than this and is no part of a trunk
EAR_ROOT = 0.45  # weight of the ear's joint above which the ear is redrawn
EAR_LENGTH = 1.35  # of an elephant's ear over its head's length


def nose_path(kind: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Directions below the head's axis (radians), steps and radii of a nose's rings, over the head's length."""
    s = np.linspace(0, 1, 40)
    if kind == "trunk":  # hangs, and curls a little forward at its tip
        angle = 1.45 * step(s, 0.18, 0.18) - 0.55 * step(s, 0.85, 0.2)
        return angle, np.full(40, 1.75 / 39), np.interp(s, [0, 0.1, 0.35, 1], [0.20, 0.18, 0.11, 0.05])
    if kind == "snout":  # a pig's: straight, and a flat disk at its end
        return (
            -0.25 * s,
            np.full(40, 0.36 / 39),
            np.interp(s, [0, 0.5, 0.88, 0.93, 1], [0.15, 0.112, 0.10, 0.118, 0.118]),
        )
    angle = 1.1 * step(s, 0.45, 0.4)
    return angle, np.full(40, 0.52 / 39), np.interp(s, [0, 0.3, 0.75, 1], [0.14, 0.12, 0.085, 0.07])


def closed(radii: np.ndarray, rings: int = 4) -> np.ndarray:
    """Radii (K,) with a flat end added: rings that shrink to a point."""
    return np.concatenate([radii, radii[-1] * np.linspace(1, 0, rings + 1)[1:]])


def nose_field(warp: Warp, kind: str) -> np.ndarray:
    """Displacement (V, 3) of the upper muzzle to a trunk (to the ground, nearly), a tapir's proboscis or a pig's snout."""
    source = warp.template or warp
    seen = head.head_frame(source.joints[INDEX["Head"]], source.nose()).local(source.vertices)
    frame = head.head_frame(source.joints[INDEX["Head"]], source.nose())
    palate = smooth(vertex_normals(source.vertices, warp.faces), warp.faces, 3) @ frame.axes[2] < PALATE
    above = (source.weights[:, INDEX["Head"]] > 0.5) & ~palate
    cap = cut_cap(warp.faces, above & (seen[:, 0] > NOSE_START), int(warp.places["nose"][0]))
    frame = head.head_frame(warp.joints[INDEX["Head"]], warp.nose())
    along, up = frame.axes[0], frame.axes[2]
    angle, steps, radii = nose_path(kind)
    # A head that already points down has less far to turn to the vertical.
    hang = np.arccos(np.clip(-along[2], -1, 1)) / (np.pi / 2)
    angle = angle * hang
    directions = np.cos(angle)[:, None] * along - np.sin(angle)[:, None] * up
    lifts = np.sin(angle)[:, None] * along + np.cos(angle)[:, None] * up
    start = warp.vertices[cap.ring].mean(axis=0) * (1, 0, 1)
    walked = np.concatenate([[0.0], steps[1:]])
    centres = start + frame.length * np.cumsum(walked[:, None] * directions, axis=0)
    radii = frame.length * closed(radii)
    rest = len(radii) - len(centres)
    centres, lifts = (np.concatenate([part, np.repeat(part[-1:], rest, axis=0)]) for part in (centres, lifts))
    sides = np.tile([0.0, 1.0, 0.0], (len(radii), 1))
    corners = (len(steps) - 1,) if kind == "snout" else ()
    grid = tube(centres, lifts, sides, np.stack([radii, radii], axis=1))
    return redraw(warp.vertices, cap, grid, corners, 0.15 if kind == "trunk" else 0.5, kind == "trunk")


def fan_grid(ring: np.ndarray, length: float) -> np.ndarray:
    """The tube (K, M, 3) of a left fan ear from its root's points (m, 3): a thin plate, back and out, lower than its root."""
    s = np.linspace(0, 1, 36)
    back, tall, thick = np.array([[-0.80, 0.60, 0.0], [0.0, 0.0, 1.0], [-0.60, -0.80, 0.0]])
    rise = np.pi / 2 * (1 - step(s, 0.10, 0.09))[:, None]  # the ear leaves the head upward and bends back
    along, across = np.cos(rise) * back + np.sin(rise) * tall, np.cos(rise) * tall - np.sin(rise) * back
    half = length * 0.50 * np.interp(s, [0.18, 0.4, 0.6, 0.8, 0.92, 1], [0.45, 1.0, 1.0, 0.78, 0.5, 0.2])
    root = 0.5 * np.array([np.ptp(ring @ across[0]), np.ptp(ring @ thick)])
    half += (root[0] - half[0]) * np.clip(1 - s / 0.18, 0, 1)
    plate = np.interp(s, [0, 0.2, 1], [root[1], 0.065 * length, 0.04 * length])
    sink = length * 0.46 * step(s, 0.30, 0.24)
    bow = length * 0.06 * np.sin(np.pi * s)  # the plate is a little hollow
    steps = 0.95 * length / (len(s) - 1) * along
    centres = ring.mean(axis=0) + np.cumsum(steps, axis=0) - steps[0] - sink[:, None] * tall + bow[:, None] * thick
    radii = np.stack([half, plate], axis=1)
    tail = radii[-1] * np.linspace(1, 0, 4)[1:, None]
    centres, across = (np.concatenate([part, np.repeat(part[-1:], 3, axis=0)]) for part in (centres, across))
    return tube(centres, across, np.tile(thick, (len(centres), 1)), np.concatenate([radii, tail]))


def ear_field(warp: Warp) -> np.ndarray:
    """Displacement (V, 3) of both ears to an elephant's fans, about as tall as the head is long."""
    length = EAR_LENGTH * float(np.linalg.norm(warp.nose() - warp.joints[INDEX["Head"]]))
    field = np.zeros_like(warp.vertices)
    for side, flip in (("L", np.ones(3)), ("R", MIRROR)):
        weights = warp.weights[:, INDEX[side + "Ear"]]
        seed = int(np.argmax(weights))
        cap = cut_cap(warp.faces, weights > EAR_ROOT, seed)
        v = warp.vertices * flip
        field += redraw(v, cap, fan_grid(v[cap.ring], length), blend=0.15, evenly=True) * flip
    return field


class Places:
    """Where every vertex lies: along trunk and neck, across, and which way it faces; built once for all bumps."""

    def __init__(self, warp: Warp) -> None:
        joints, shares = warp.joints, warp.shares
        pelvis, chest = joints[INDEX["pelvis"]], joints[INDEX["spine3"]]
        self.length = float(chest[0] - pelvis[0])
        self.along = (warp.vertices[:, 0] - pelvis[0]) / self.length
        root, skull = joints[INDEX["Neck"]], joints[INDEX["Head"]]
        self.neck = (warp.vertices - root) @ (skull - root) / ((skull - root) @ (skull - root))
        self.normals = smooth(vertex_normals(warp.vertices, warp.faces), warp.faces, 6)
        self.normals /= np.maximum(np.linalg.norm(self.normals, axis=1, keepdims=True), 1e-9)
        self.of_neck = shares[:, INDEX["Neck"]]
        self.of_trunk = shares[:, [INDEX[name] for name in SPINE]].sum(axis=1)
        thighs = [INDEX[side + name] for side in "LR" for name in ("Leg1", "LegBack1")]
        self.of_thighs = shares[:, thighs].sum(axis=1)
        half = np.abs(warp.vertices[self.of_trunk > 0.7, 1]).max()
        self.across = warp.vertices[:, 1] / half
        self.faces = warp.faces

    def soft(self, amount: np.ndarray, steps: int = 4) -> np.ndarray:
        """Amounts (V,) smoothed over the surface, their greatest kept."""
        peak = np.abs(amount).max()
        amount = smooth(amount, self.faces, steps)
        return amount * peak / max(np.abs(amount).max(), 1e-9)


def bumps(at: Places) -> dict[str, np.ndarray]:
    """Humps, dewlap, crest, manes, skirt, wool, cape and folds, each (V, 3)."""
    up, along = np.array([0.0, 0.0, 1.0]), at.along
    above = step(at.normals[:, 2], 0.15, 0.45)
    below = step(-at.normals[:, 2], 0.10, 0.5)
    torso = np.clip(at.of_trunk + at.of_neck, 0, 1)
    named = {}
    for name, (place, wide, across, height) in HUMPS.items():
        shape = np.exp(-(np.abs((along - place) / wide) ** 2.4) - np.abs(at.across / across) ** 2)
        named[name] = height * at.soft(shape * above * torso)[:, None] * up
    middle = np.exp(-((at.across / 0.30) ** 2))
    throat = step(at.neck, 0.0, 0.6) * 0.0 + np.exp(-(((at.neck - 0.25) / 0.55) ** 2))
    front = at.of_neck + at.of_trunk * step(along, 1.0, 0.2)
    named["dewlap"] = -0.22 * at.soft(middle * throat * below * front)[:, None] * up
    named["throat_mane"] = -0.25 * at.soft(np.exp(-((at.across / 0.8) ** 2)) * throat * below * front)[:, None] * up
    ridge = np.exp(-((at.across / 0.22) ** 2)) * step(at.neck, 0.05, 0.25) * step(-at.neck, -0.95, 0.2)
    named["crest"] = 0.10 * at.soft(ridge * above * at.of_neck)[:, None] * at.normals * (1, 0, 1)
    under = below * at.of_trunk * step(along, -0.1, 0.15)
    named["skirt"] = -0.28 * at.soft(under, 6)[:, None] * up
    fleece = at.soft(np.clip(torso + 0.7 * at.of_thighs, 0, 1), 6)
    named["wool"] = 0.10 * fleece[:, None] * at.normals
    named["cape"] = 0.14 * at.soft(fleece * step(along, 0.75, 0.35), 6)[:, None] * at.normals
    seam = sum(np.exp(-(((along - place) / 0.045) ** 2)) for place in (0.10, 0.72))
    named["folds"] = -0.05 * (seam * np.clip(torso + at.of_thighs, 0, 1))[:, None] * at.normals
    return {name: at.length * field for name, field in named.items()}


def extra_fields(warp: Warp) -> dict[str, np.ndarray]:
    """Every field of this file by its parameter's name, each (V, 3) on the warp's surface."""
    fields = {kind: nose_field(warp, kind) for kind in NOSES} | {"fan_ear": ear_field(warp)} | bumps(Places(warp))
    return {f"giants.{name}": field for name, field in fields.items()}
