"""From the source skin to a template surface: mouth closed, symmetric, of exactly SMAL's size.

The source's mouth stands open with the tongue out. The inside of the mouth is replaced by a shallow pocket and the jaw is
turned shut; then one half is simplified, with more vertices kept where species differ (feet, face), and mirrored.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from .source import Skin, mirror_index
from .surface import (
    adjacency,
    fill_smoothly,
    left_half,
    mirror_half,
    seen_from_outside,
    signed_volume,
    simplify_half,
    smooth,
)

N_FACES_HALF = 3887  # gives SMAL's 3,889 vertices and 7,774 faces when mirrored
JAW_HINGE = np.array([-0.043, 0.0, 0.05])  # metres, from the jaw bone's head; where the source's own jaw joint is
JAW_CLOSING = np.deg2rad(26.0)
POCKET_DEPTH = 0.035  # metres
# The left eye, in the source's metres: centre of the socket's opening, which way it faces, how deep its floor may lie.
EYE = np.array([0.366, 0.031, 0.711])
EYE_OUTWARD = np.array([0.45, 0.88, 0.15])
EYE_FLOOR = -0.002


@dataclass(frozen=True)
class Template:
    """The welded source and its simplified, mouth-shut version (both metres, symmetric)."""

    source: Skin
    vertices: np.ndarray
    faces: np.ndarray
    mirror: np.ndarray
    weights: np.ndarray  # (V, B) over the source's bones


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
    """How dearly each place is kept in simplifying, (V,)."""
    value = np.ones(len(skin.vertices))
    for side in "LR":
        value += 2.0 * skin.column(f"lower_leg_{side}", f"foot_{side}", f"toe_{side}", f"lower_arm_{side}")
        value += 5.0 * skin.column(f"hand_{side}") + 1.0 * skin.column(f"finger_{side}")
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


def raise_eyes(vertices: np.ndarray) -> np.ndarray:
    """The floors of the empty eye sockets brought up to just below the lids, on both sides."""
    vertices = vertices.copy()
    for side in (1.0, -1.0):
        mirrored = np.array([1.0, side, 1.0])
        outward = EYE_OUTWARD / np.linalg.norm(EYE_OUTWARD) * mirrored
        offset = vertices - EYE * mirrored
        height = offset @ outward
        aside = np.linalg.norm(offset - height[:, None] * outward, axis=1)
        floor = (np.linalg.norm(offset, axis=1) < 0.016) & (aside < 0.0085) & (height < EYE_FLOOR)
        vertices[floor] += (EYE_FLOOR - height[floor])[:, None] * outward
    return vertices


def build_template(skin: Skin) -> Template:
    """Simplify one half to 3,887 faces, mirror it, and only then shut the mouth.

    While the mouth stands open the two lips are apart, so nothing is handed from one to the other by nearness.
    """
    pocket, hidden = pocket_mouth(skin)
    hidden = hidden & hidden[mirror_index(skin.vertices)]
    half_v, half_f, used = left_half(pocket.vertices, pocket.faces)
    v, f = simplify_half(half_v, half_f, importance(pocket, hidden)[used], N_FACES_HALF)
    vertices, faces, mirror = mirror_half(v, f)
    if signed_volume(vertices, faces) < 0:
        faces = faces[:, ::-1]
    weights = interpolate(vertices, pocket, pocket.weights)
    follow = weights[:, skin.bone_names.index("jaw")]
    vertices = turn_jaw(vertices, (follow + follow[mirror]) / 2, skin.head("jaw") + JAW_HINGE, -JAW_CLOSING)
    vertices = raise_eyes(vertices)
    return Template(skin, vertices, np.ascontiguousarray(faces), mirror, weights)
