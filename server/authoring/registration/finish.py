"""The last step: a registered animal in the template's frame, on level feet, its tail in the template's pose.

The stance is kept as it is, for turning every bone to the template's spoils a species; only tails are held too differently.
"""

from __future__ import annotations

import numpy as np

from ..skeleton import INDEX, PARENTS, TAIL, joint_mirror
from ..surface import smooth
from ..warp import bone_frame
from .coarse import Coarse
from .template_parts import Base

MIRROR = np.array([1.0, -1.0, 1.0])


def follow(base: Base, coarse: Coarse, vertices: np.ndarray) -> np.ndarray:
    """The joints (35, 3) moved as the skin about them moved from the coarse to the fine surface."""
    moved = vertices - coarse.vertices
    far = np.linalg.norm(base.vertices[None] - base.joints[:, None], axis=2)
    share = base.weights.T + base.weights[:, np.maximum(PARENTS, 0)].T
    share = (share + 1e-9) * np.exp(-((far / (1.6 * far.min(axis=1, keepdims=True) + 0.01)) ** 2))
    share /= share.sum(axis=1, keepdims=True)
    joints = coarse.joints + share @ moved
    return (joints + joints[joint_mirror()] * MIRROR) / 2


def pose_tail(base: Base, vertices: np.ndarray, joints: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Vertices and joints with the tail's bones turned to the template's directions, their lengths kept."""
    chain = [INDEX[name] for name in TAIL]
    share = smooth(base.weights, base.faces, 10)
    matrices, places = np.repeat(np.eye(3)[None], len(joints), axis=0), joints.copy()
    for k, bone in enumerate(chain[:-1]):
        now, wanted = joints[chain[k + 1]] - joints[bone], base.joints[chain[k + 1]] - base.joints[bone]
        matrices[bone] = bone_frame(wanted) @ bone_frame(now).T
        places[chain[k + 1]] = places[bone] + matrices[bone] @ now
    matrices[chain[-1]] = matrices[chain[-2]]
    shifts = places - np.einsum("jab,jb->ja", matrices, joints)
    turned = np.einsum("vj,jab,vb->va", share, matrices, vertices, optimize=True) + share @ shifts
    return turned, places


def level(base: Base, vertices: np.ndarray, joints: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Turned about y until fore and hind feet stand level, then scaled and moved so that pelvis and spine3 lie as far
    apart as the template's, and their middle where the template's is."""
    for _ in range(3):
        soles = []
        for name in ("LFoot", "LFootBack"):
            foot = vertices[base.weights[:, INDEX[name]] > 0.5]
            soles.append(foot[np.argmin(foot[:, 2])])
        run, rise = soles[0][0] - soles[1][0], soles[0][2] - soles[1][2]
        angle = np.arctan2(rise, run)
        c, s = np.cos(angle), np.sin(angle)
        turn = np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])
        vertices, joints = vertices @ turn.T, joints @ turn.T
    first, last = INDEX["pelvis"], INDEX["spine3"]
    ratio = np.linalg.norm(base.joints[last] - base.joints[first]) / np.linalg.norm(joints[last] - joints[first])
    shift = (base.joints[first] + base.joints[last]) / 2 - ratio * (joints[first] + joints[last]) / 2
    return ratio * vertices + shift, ratio * joints + shift
