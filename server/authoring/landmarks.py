"""The named points of the animal: which vertices' mean each keypoint of the superset is.

Places are given in the source's metres (x forward, y left, z up) near the surface; the nearest vertices that belong to the
right body part make the group. Right points mirror left ones; groups of the midline are closed under mirroring.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .skeleton import INDEX

NAMES = (
    "left_eye", "right_eye", "chin", "left_front_paw", "right_front_paw", "left_hind_paw", "right_hind_paw",
    "tail_base", "left_elbow", "right_elbow", "left_knee", "right_knee", "left_shoulder", "right_shoulder",
    "left_wrist", "right_wrist", "left_ankle", "right_ankle", "neck", "tail_tip", "left_ear_base", "right_ear_base",
    "left_mouth_corner", "right_mouth_corner", "nose", "tail_middle", "left_ear_tip", "right_ear_tip", "withers",
    "throat", "back_middle", "back_end", "belly", "left_hip", "right_hip", "nape", "neck_base", "throat_top",
    "throat_base", "upper_jaw", "left_flank", "right_flank", "forehead", "chest",
)  # fmt: skip


@dataclass(frozen=True)
class Place:
    """Where to look: a point, how many vertices, and optionally which joints must hold them (weight above 0.5 in sum)."""

    point: tuple[float, float, float]
    count: int
    joints: tuple[str, ...] = ()


PLACES = {
    "chin": Place((0.440, 0.0, 0.646), 3, ("Mouth",)),
    "left_elbow": Place((0.126, 0.080, 0.292), 5),
    "left_knee": Place((-0.287, 0.090, 0.310), 5),
    "left_shoulder": Place((0.185, 0.100, 0.425), 5),
    "left_mouth_corner": Place((0.382, 0.030, 0.655), 4),
    "upper_jaw": Place((0.450, 0.0, 0.652), 3, ("Head",)),
    "left_hip": Place((-0.322, 0.100, 0.470), 5),
    "left_flank": Place((-0.060, 0.100, 0.440), 5),
    "throat": Place((0.305, 0.0, 0.585), 3),
    "throat_top": Place((0.330, 0.0, 0.630), 3),
    "throat_base": Place((0.262, 0.0, 0.480), 3),
    "chest": Place((0.245, 0.0, 0.400), 3),
    "nape": Place((0.235, 0.0, 0.715), 3),
    "neck_base": Place((0.155, 0.0, 0.590), 3),
    "withers": Place((0.100, 0.0, 0.560), 3),
    "back_middle": Place((-0.080, 0.0, 0.560), 3),
    "back_end": Place((-0.240, 0.0, 0.560), 3),
    "forehead": Place((0.345, 0.0, 0.755), 3, ("Head",)),
    "belly": Place((-0.060, 0.0, 0.330), 3),
    "tail_base": Place((-0.388, 0.0, 0.510), 3),
}
LOWEST_SHARE = 0.8  # of a paw's height


def nearest(vertices: np.ndarray, allowed: np.ndarray, place: Place, mirror: np.ndarray) -> np.ndarray:
    """The group of one place; on the midline it is closed under mirroring."""
    distance = np.linalg.norm(vertices - place.point, axis=1)
    if place.point[1] != 0.0:
        allowed = allowed & (vertices[:, 1] > 0)
    order = np.argsort(np.where(allowed, distance, np.inf), kind="stable")[: place.count]
    return np.unique(np.concatenate([order, mirror[order]])) if place.point[1] == 0.0 else np.sort(order)


def band(along: np.ndarray, allowed: np.ndarray, centre: float, half: float) -> np.ndarray:
    """Allowed vertices within a band of a coordinate, widened until it holds at least six."""
    while True:
        chosen = np.flatnonzero(allowed & (np.abs(along - centre) < half))
        if len(chosen) >= 6:
            return chosen
        half *= 1.3


def limb_groups(v: np.ndarray, w: np.ndarray, joints: np.ndarray) -> dict[str, np.ndarray]:
    """Rings at carpus and hock, paws, ear base and ear tip of the left side."""
    groups = {}
    left = v[:, 1] > 0
    for name, joint, above in (("left_wrist", "LLeg3", "LLeg2"), ("left_ankle", "LLegBack3", "LLegBack2")):
        limb = left & (w[:, INDEX[joint]] + w[:, INDEX[above]] > 0.7)
        groups[name] = band(v[:, 2], limb, joints[INDEX[joint], 2], 0.008)
    for name, joint in (("left_front_paw", "LFoot"), ("left_hind_paw", "LFootBack")):
        paw = left & (w[:, INDEX[joint]] > 0.8)
        groups[name] = np.flatnonzero(paw & (v[:, 2] < LOWEST_SHARE * v[paw, 2].max()))
    ear = left & (w[:, INDEX["LEar"]] > 0.9)
    base, tip = joints[INDEX["LEar"]], v[ear][np.argmax(v[ear, 2])]
    along = (v - base) @ (tip - base) / ((tip - base) @ (tip - base))
    groups["left_ear_tip"] = np.flatnonzero(ear)[np.argsort(-along[ear], kind="stable")[:3]]
    groups["left_ear_base"] = band(along, left & (w[:, INDEX["LEar"]] > 0.25), 0.12, 0.06)
    return groups


def middle_groups(v: np.ndarray, w: np.ndarray, joints: np.ndarray) -> dict[str, np.ndarray]:
    """Nose, neck, and the rings of the tail."""
    groups = {"nose": np.argsort(-v[:, 0], kind="stable")[:7]}
    start, end = joints[INDEX["Neck"]], joints[INDEX["Head"]]
    along = (v - start) @ (end - start) / ((end - start) @ (end - start))
    groups["neck"] = band(along, w[:, INDEX["Neck"]] > 0.6, 0.55, 0.05)
    groups["tail_tip"] = np.argsort(v[:, 0], kind="stable")[:5]
    tail = w[:, [INDEX[f"Tail{k}"] for k in range(1, 8)]].sum(axis=1) > 0.9
    middle = joints[INDEX["Tail4"]]
    direction = joints[INDEX["Tail5"]] - joints[INDEX["Tail3"]]
    groups["tail_middle"] = band((v - middle) @ direction / np.linalg.norm(direction), tail, 0.0, 0.006)
    return groups


def keypoint_groups(
    v: np.ndarray, w: np.ndarray, joints: np.ndarray, mirror: np.ndarray, left_eye: np.ndarray
) -> list[np.ndarray]:
    """Vertex indices for every name of NAMES, in order; v (V, 3) and joints (35, 3) in the source's metres.

    left_eye holds the vertices of the left eyeball.
    """
    groups = limb_groups(v, w, joints) | {"left_eye": np.sort(left_eye)}
    for name, group in middle_groups(v, w, joints).items():
        groups[name] = np.unique(np.concatenate([group, mirror[group]]))
    for name, place in PLACES.items():
        held = np.ones(len(v), bool)
        if place.joints:
            held = w[:, [INDEX[joint] for joint in place.joints]].sum(axis=1) > 0.5
        groups[name] = nearest(v, held, place, mirror)
    for name in list(groups):
        if name.startswith("left_"):
            groups["right_" + name[5:]] = mirror[groups[name]]
    return [groups[name] for name in NAMES]
