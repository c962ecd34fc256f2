"""From the source skin to a template surface: mouth closed, symmetric, of exactly SMAL's size.

The source's mouth stands open with the tongue out. The inside of the mouth is replaced by a shallow pocket and the jaw is
turned shut; then one half is simplified, with more vertices kept where species differ (feet, face), and mirrored.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial import cKDTree

from .eyes import Socket, set_eye
from .source import Skin, mirror_index
from .surface import (
    adjacency,
    fill_smoothly,
    left_half,
    mirror_half,
    relax_slivers,
    seen_from_outside,
    signed_volume,
    simplify_half,
    smooth,
)

N_FACES_HALF = 3887  # gives SMAL's 3,889 vertices and 7,774 faces when mirrored
JAW_HINGE = np.array([-0.043, 0.0, 0.05])  # metres, from the jaw bone's head; where the source's own jaw joint is
JAW_CLOSING = np.deg2rad(26.0)
POCKET_DEPTH = 0.035  # metres
# The left eye, in the source's metres.
EYE = Socket(centre=(0.368, 0.033, 0.711), outward=(0.45, 0.88, 0.15), hole=0.0115, radius=0.0082, lift=0.0032, sunk=0.0012)
EAR_MIDDLE = 0.79  # metres: half-way up the standing ears
PIT_RADIUS = 0.0215  # the empty sockets and the dents about them lie within this distance of the eyes


@dataclass(frozen=True)
class Template:
    """The welded source and its simplified, mouth-shut version (both metres, symmetric)."""

    source: Skin
    vertices: np.ndarray
    faces: np.ndarray
    mirror: np.ndarray
    weights: np.ndarray  # (V, B) over the source's bones
    left_eye: np.ndarray  # (eyes.PATCH,) vertex indices: lid, eyeball's edge, iris, centre


def about_y(angle: float) -> np.ndarray:
    """Rotation matrix about y; a positive angle turns x toward -z (nose down)."""
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])


def turn_jaw(vertices: np.ndarray, weight: np.ndarray, hinge: np.ndarray, angle: float) -> np.ndarray:
    """Vertices with the jaw turned about its hinge; weight (V,) is how far each follows."""
    turned = (vertices - hinge) @ about_y(angle).T + hinge
    return vertices + weight[:, None] * (turned - vertices)


def largest_patch(mask: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """The largest edge-connected part of a vertex mask (V,)."""
    from scipy.sparse.csgraph import connected_components

    inside = np.flatnonzero(mask)
    _, label = connected_components(adjacency(faces, len(mask))[inside][:, inside], directed=False)
    result = np.zeros_like(mask)
    result[inside[label == np.argmax(np.bincount(label))]] = True
    return result


def mouth_inside(skin: Skin, shut: np.ndarray) -> np.ndarray:
    """Mask (V,) of what cannot be seen once the mouth is shut."""
    head = skin.column("skull", "jaw") > 0.2
    faces = skin.faces[head[skin.faces].all(axis=1)]
    hidden = head & (seen_from_outside(shut, faces, 0.0008, slack=1.5) < 0.02)
    hidden = smooth(hidden.astype(float), skin.faces, 4) > 0.5
    return largest_patch(hidden, skin.faces)


def pocket_mouth(skin: Skin) -> tuple[Skin, np.ndarray]:
    """The skin, mouth still open, with a smooth pocket for tongue and palate; also the mask (V,) of that pocket."""
    follow = skin.column("jaw")
    inside = mouth_inside(skin, turn_jaw(skin.vertices, follow, skin.head("jaw") + JAW_HINGE, -JAW_CLOSING))
    vertices = fill_smoothly(skin.vertices, skin.faces, inside)
    bump = fill_smoothly(np.zeros((len(vertices), 1)), skin.faces, inside, load=1.0)[:, 0]
    vertices[:, 0] -= POCKET_DEPTH * np.sqrt(bump / bump.max())
    weights = fill_smoothly(skin.weights, skin.faces, inside)
    return Skin(vertices, skin.faces, skin.bone_names, skin.bone_heads, weights), inside


def importance(skin: Skin, hidden: np.ndarray) -> np.ndarray:
    """How dearly each place is kept in simplifying, (V,): feet, face, the lips about the `hidden` mouth, the ears' tips."""
    value = np.ones(len(skin.vertices))
    lips = smooth(hidden.astype(float), skin.faces, 6)
    value += 6.0 * lips * (1 - lips)
    sides = np.stack([np.ones_like(value), np.where(skin.vertices[:, 1] < 0, -1.0, 1.0), np.ones_like(value)], axis=1)
    eyes = np.linalg.norm(sides * skin.vertices - EYE.centre, axis=1)
    value += 2.0 * np.exp(-((eyes / 0.02) ** 2))
    value += 2.0 * np.clip((skin.vertices[:, 2] - EAR_MIDDLE) / (skin.vertices[:, 2].max() - EAR_MIDDLE), 0, 1)
    for side in "LR":
        value += 2.0 * skin.column(f"lower_leg_{side}", f"foot_{side}", f"toe_{side}", f"lower_arm_{side}")
        value += 5.0 * skin.column(f"hand_{side}") + 2.0 * skin.column(f"finger_{side}")
        value += 2.0 * skin.column(f"foot_{side}")
    value += 1.2 * skin.column("skull", "jaw")
    value[hidden] = 0.12
    return smooth(value, skin.faces, 3)


def interpolate(points: np.ndarray, skin: Skin, values: np.ndarray, neighbours: int = 4) -> np.ndarray:
    """Values (V, D) of the skin at nearby points (P, 3), weighted by inverse distance."""
    distance, index = cKDTree(skin.vertices).query(points, k=neighbours)
    share = 1.0 / np.maximum(distance, 1e-5) ** 2
    share /= share.sum(axis=1, keepdims=True)
    return np.einsum("pk,pkd->pd", share, values[index])


def close_sockets(skin: Skin) -> Skin:
    """The skin with a smooth membrane over both empty eye sockets."""
    pit = np.zeros(len(skin.vertices), dtype=bool)
    for side in (1.0, -1.0):
        pit |= np.linalg.norm(skin.vertices - np.multiply(EYE.centre, (1.0, side, 1.0)), axis=1) < PIT_RADIUS
    return replace(skin, vertices=fill_smoothly(skin.vertices, skin.faces, pit))


def half_with_eye(vertices: np.ndarray, faces: np.ndarray, value: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One half simplified and its eye set in: (vertices, N_FACES_HALF faces, indices of the eye's patch).

    The cut takes an unknown number of vertices away, each worth two faces, so the simplification's aim is searched.
    """
    aim = N_FACES_HALF - 2 * 20
    for _ in range(12):
        v, f, patch = set_eye(*simplify_half(vertices, faces, value, aim), EYE)
        if len(f) == N_FACES_HALF:
            return v, f, patch
        aim += N_FACES_HALF - len(f)
    raise RuntimeError("No aim of the simplification leaves the right number of faces beside the eye.")


def build_template(skin: Skin) -> Template:
    """Simplify one half to 3,887 faces, mirror it, and only then shut the mouth.

    While the mouth stands open the two lips are apart, so nothing is handed from one to the other by nearness.
    """
    pocket, hidden = pocket_mouth(skin)
    pocket = close_sockets(pocket)
    hidden = hidden & hidden[mirror_index(skin.vertices)]
    half_v, half_f, used = left_half(pocket.vertices, pocket.faces)
    v, f, eye = half_with_eye(half_v, half_f, importance(pocket, hidden)[used])
    vertices, faces, mirror = mirror_half(v, f)
    if signed_volume(vertices, faces) < 0:
        faces = faces[:, ::-1]
    weights = interpolate(vertices, pocket, pocket.weights)
    follow = weights[:, skin.bone_names.index("jaw")]
    vertices = turn_jaw(vertices, (follow + follow[mirror]) / 2, skin.head("jaw") + JAW_HINGE, -JAW_CLOSING)
    vertices = relax_slivers(vertices, faces, mirror)
    return Template(skin, vertices, np.ascontiguousarray(faces), mirror, weights, eye)
