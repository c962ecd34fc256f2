"""Which part of the surface each vertex is: what materials, hair and the texture layout go by.

Regions are told from the skeleton, the keypoints and the coat's body coordinates (`animal.coat_fields`), never from
vertex indices, so they hold on any template. All are exactly symmetric. Small features (eye, nose, hoof) are crisp to
an edge length, broad ones (belly, mane) fade.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ...animal.coat_fields import BodyFields, body_fields
from .skeleton import INDEX
from .surface import averaging, vertex_normals

NAMES = (
    "eye", "eyelid", "nose", "mouth", "ear_inner", "hoof", "pad", "muzzle", "face", "head", "ears", "throat", "neck", "mane",
    "back", "belly", "trunk", "rump", "front_legs", "hind_legs", "feet", "tail", "tail_tip",
)  # fmt: skip

_PLACES = {
    "muzzle": "muzzle", "face": "face", "head": "head", "ears": "ears", "throat": "throat", "neck": "neck", "mane": "crest",
    "back": "back", "belly": "belly", "trunk": "trunk", "rump": "rump_patch", "front_legs": "front_legs",
    "hind_legs": "hind_legs", "feet": "socks", "tail": "tail", "tail_tip": "tail_tip",
}  # fmt: skip
_FADE = 0.05  # body lengths over which a broad region fades


def regions(
    vertices: np.ndarray, faces: np.ndarray, mirror: np.ndarray, joints: np.ndarray, weights: np.ndarray,
    keypoints: Mapping[str, Sequence[int]],
) -> tuple[tuple[str, ...], np.ndarray]:  # fmt: skip
    """Names (R,) and weights (V, R) in [0, 1], symmetric.

    vertices (V, 3) at rest, faces (F, 3), mirror (V,) each vertex's image, joints (35, 3), weights (V, 35) of skinning;
    keypoints: superset name → the vertices whose mean it is.
    """
    points = {name: vertices[list(group)].mean(axis=0) for name, group in keypoints.items()}
    fields = body_fields(vertices, faces, joints, weights, points)
    normals = vertex_normals(vertices, faces)
    found = {name: _step(-_FADE / 2, _FADE / 2, fields.inside(place)) for name, place in _PLACES.items()}
    found["eye"], found["eyelid"] = _eye(vertices, mirror, keypoints["left_eye"], fields)
    found["nose"] = _nose(vertices, normals, points, fields)
    found["mouth"] = _mouth(vertices, faces, weights, fields)
    inward = normals @ np.array([0.8, 0.0, 0.1]) + 0.6 * np.abs(normals[:, 1]) * np.sign(normals[:, 1] * vertices[:, 1])
    found["ear_inner"] = _step(0.25, 0.6, inward) * found["ears"] * _step(0.0, 0.15, fields.at["ear"])
    foot = _step(0.4, 0.6, fields.parts["legs"])
    found["hoof"] = foot * _step(0.105, 0.09, fields.at["leg"])
    found["pad"] = foot * _step(0.05, 0.03, fields.at["leg"]) * _step(-0.3, -0.7, normals[:, 2])
    table = np.stack([found[name] for name in NAMES], axis=1)
    return NAMES, np.round(np.clip((table + table[mirror]) / 2, 0.0, 1.0), 4)


def _eye(
    vertices: np.ndarray, mirror: np.ndarray, group: Sequence[int], fields: BodyFields
) -> tuple[np.ndarray, np.ndarray]:
    """The eyeball's patch: the keypoint's own vertices and what lies as near; and the ring of lids about it."""
    left = np.asarray(list(group))
    folded = vertices * (1, 0, 1) + np.abs(vertices) * (0, 1, 0)
    centre = vertices[left].mean(axis=0)
    distance = np.linalg.norm(folded - centre, axis=1)
    radius = min(float(distance[left].max()) * 1.02, 0.09 * fields.head_length)
    eye = (distance <= 0.9 * radius) & (fields.parts["head"] > 0.5)
    eye[left] |= distance[left] <= radius
    near = _step(2.4 * radius, 1.3 * radius, distance) * (fields.parts["head"] > 0.5)
    return eye.astype(float), near * ~eye


def _nose(vertices: np.ndarray, normals: np.ndarray, points: Mapping[str, np.ndarray], fields: BodyFields) -> np.ndarray:
    """The bare pad at the tip of the muzzle: near its foremost point, above the lips, facing forward or sideways."""
    jaw = 0.5 * (points["upper_jaw"][2] + points["nose"][2]) if "upper_jaw" in points else -np.inf
    near = _step(0.13, 0.09, fields.at["nose"]) * _step(0.35, 0.5, fields.parts["head"])
    above = _step(-0.03, 0.03, (vertices[:, 2] - jaw) / fields.head_length)
    return near * above * _step(-0.4, 0.0, normals[:, 0])


def _mouth(vertices: np.ndarray, faces: np.ndarray, weights: np.ndarray, fields: BodyFields) -> np.ndarray:
    """Lips and the inside of the mouth: where skull and jaw weights meet at the front of the head."""
    jaw, skull = weights[:, INDEX["Mouth"]], weights[:, INDEX["Head"]]
    mean = averaging(faces, len(vertices))
    contrast = np.sqrt(np.maximum(mean @ jaw**2 - (mean @ jaw) ** 2, 0.0))
    meeting = np.maximum(4 * jaw * skull, contrast / max(float(contrast.max()), 1e-9))
    return _step(0.55, 0.9, meeting) * _step(2.45, 2.6, fields.at["axial"])


def _step(start: float, end: float, value: np.ndarray) -> np.ndarray:
    """0 at `start`, 1 at `end` (which may be the smaller), smooth between."""
    part = np.clip((value - start) / (end - start), 0.0, 1.0)
    return part * part * (3 - 2 * part)
