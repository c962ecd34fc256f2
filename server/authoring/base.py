"""The template animal: surface, joints, skinning weights and named points, in model units with the feet level.

Everything that authoring adds later (registered animals, breeds, shape space, skinning, coats) starts from this one
surface and shares its topology.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .landmarks import NAMES, keypoint_groups
from .population import Shape, Stance
from .proportions import expand
from .skeleton import place_joints, skinning_weights
from .source import read_skin, skin_bytes, weld
from .surface import self_intersecting_faces, smooth
from .template import build_template
from .warp import Warp

SCALE = 2.05  # model units per source metre: nose to tail tip about 2.5, as in SMAL
NOSE_X = 0.69  # where SMAL's nose is
MIDDLE_Z = 0.02
REST_SHAPE = Shape(height=0.92, depth=0.44, width=0.31)
# From the source's tall hound to a medium dog standing square.
REST = {
    "hind_straight": 0.22, "LegBack1.pitch": -0.20, "LegBack3.pitch": 0.20, "neck_pitch": 0.28,
    "neck_girth": 0.05, "ear_length": -0.2, "ear_pitch": 0.2, "leg_girth": 0.1, "muzzle_girth": 0.12,
    "muzzle_length": -0.05, "head_size": 0.05, "tail_droop": -0.10, "tail_girth": 0.40,
}  # fmt: skip


def smooth_folds(vertices: np.ndarray, faces: np.ndarray, mirror: np.ndarray, rounds: int = 40) -> np.ndarray:
    """Relax the surroundings of faces that cut each other, symmetrically, until none do or the rounds are spent."""
    for _ in range(rounds):
        bad = self_intersecting_faces(vertices, faces)
        if not bad.any():
            break
        touched = np.zeros(len(vertices))
        touched[faces[bad].ravel()] = 1.0
        touched = np.maximum(touched, touched[mirror])
        amount = np.minimum(1.0, 2.0 * smooth(touched, faces, 1))[:, None]
        vertices = vertices + 0.6 * amount * (smooth(vertices, faces, 1, 1.0) - vertices)
        vertices = (vertices + vertices[mirror] * (1.0, -1.0, 1.0)) / 2
    return vertices


def lip_line(vertices: np.ndarray, groups: list[np.ndarray]) -> np.ndarray:
    """Middle between the mouth's corners and middle of the lips' front, (2, 3) with y = 0."""
    ends = (("left_mouth_corner", "right_mouth_corner"), ("upper_jaw", "chin"))
    means = [[vertices[groups[NAMES.index(name)]].mean(axis=0) for name in pair] for pair in ends]
    return np.mean(means, axis=1) * (1.0, 0.0, 1.0)


def make_stance(package: Path | None) -> tuple[Stance, np.ndarray, list[np.ndarray]]:
    """The template in model units as a Stance, its vertex_mirror, and the keypoint groups."""
    template = build_template(weld(read_skin(skin_bytes(package))))
    joints, faces, mirror = place_joints(template), template.faces, template.mirror
    weights = skinning_weights(template, joints)
    groups = keypoint_groups(template.vertices, weights, joints, mirror)
    withers, chest = groups[NAMES.index("withers")], groups[NAMES.index("chest")]
    lips = lip_line(template.vertices, groups)
    source = Stance(Warp(template.vertices, faces, joints, weights, lips), withers, chest)
    _, vertices, joints = source.level(source.meet(expand(REST), REST_SHAPE))
    vertices, joints = SCALE * vertices, SCALE * joints
    middle = (vertices[:, 2].min() + vertices[:, 2].max()) / 2
    shift = np.array([NOSE_X - vertices[:, 0].max(), 0.0, MIDDLE_Z - middle])
    vertices = smooth_folds(vertices + shift, faces, mirror)
    lips = lip_line(vertices, groups)
    return Stance(Warp(vertices, faces, joints + shift, weights, lips), withers, chest), mirror, groups
