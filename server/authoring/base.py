"""The template animal: surface, joints, skinning weights and named points, in model units with the feet level.

Everything that authoring adds later (registered animals, breeds, shape space, skinning, coats) starts from this one
surface and shares its topology.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from .eyes import LID
from .landmarks import NAMES, keypoint_groups
from .population import Shape, Stance
from .proportions import expand
from .skeleton import place_joints, skinning_weights
from .source import read_skin, skin_bytes, weld
from .surface import adjacency, fill_smoothly, self_intersecting_faces, smooth
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
    """Relax the surroundings of faces that cut each other, symmetrically, until none do or the rounds are spent.

    Folds that relaxing only shrinks (the crumpled root of a tail too short to see) are cut out at the end: ever wider
    patches around them are spanned anew by the membrane over their border.
    """
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
    near = adjacency(faces, len(vertices))
    for rings in range(1, 7):
        bad = self_intersecting_faces(vertices, faces)
        if not bad.any():
            break
        patch = np.isin(np.arange(len(vertices)), faces[bad])
        for _ in range(rings):
            patch = patch | patch[mirror] | (near @ patch > 0)
        vertices = fill_smoothly(vertices, faces, patch)
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
    groups = keypoint_groups(template.vertices, weights, joints, mirror, template.left_eye[LID:])
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


def write_template(out: Path, package: Path | None) -> None:
    """Save the template as an .npz for a quick look or a quick start: surface, rig, mirror, keypoint groups, eyes.

    keypoint_vertices holds all groups one after another, group k being keypoint_offsets[k]:keypoint_offsets[k + 1].
    left_eye, right_eye are masks (V,) of the eyeballs.
    """
    stance, mirror, groups = make_stance(package)
    warp = stance.warp
    eyes = np.zeros((2, len(mirror)), dtype=bool)
    for mask, name in zip(eyes, ("left_eye", "right_eye"), strict=True):
        mask[groups[NAMES.index(name)]] = True
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_suffix(".part.npz")
    np.savez_compressed(
        part, vertices=warp.vertices, faces=warp.faces, joints=warp.joints, weights=warp.weights, mirror=mirror,
        lips=warp.lips, left_eye=eyes[0], right_eye=eyes[1], keypoint_names=np.array(NAMES),
        keypoint_vertices=np.concatenate(groups), keypoint_offsets=np.cumsum([0, *(len(g) for g in groups)]),
        withers=stance.withers, chest=stance.chest,
    )  # fmt: skip
    part.replace(out)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bestiary.server.authoring.base", description="Save the template.")
    parser.add_argument("--package", type=Path, help="dm_control wheel or unpacked folder (default: the installed one)")
    parser.add_argument("--out", type=Path, required=True, help="the .npz to write")
    options = parser.parse_args()
    write_template(options.out, options.package)
