"""Where an animal's bones lie: from every joint along the limb to the next, the last ones to the tip of what they move.

Axes of a bone, Blender's way: Y from head to tail. X is the animal's left, made perpendicular to Y, for every bone on
either side: a positive turn about local X pitches the bone forward and down (the nose of the head, the paw of a leg
backward), and poses pasted flipped come out right. Bones that run sideways (wings, an insect's legs) have Z up instead.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..animal.model import AnimalModel, Posed
from .bone_names import bone_groups, bone_names, sides

Array = NDArray[np.float64]

_LEFT, _UP = np.array([0.0, 1.0, 0.0]), np.array([0.0, 0.0, 1.0])
# Joints of SMAL's skeleton whose bone ends at a keypoint, and those with several children that lead on to one of them.
_SMAL_TIPS = {"Head": "nose", "Mouth": "chin", "LEar": "left_ear_tip", "REar": "right_ear_tip", "Tail7": "tail_tip"}
_SMAL_NEXT = {"pelvis": "pelvis0", "spine3": "Neck"}


@dataclass(frozen=True)
class BoneLayout:
    """The rest bones of an animal in the animal frame and model units, in the model's joint order.

    names, groups: one for each joint; parents (J,); heads, tails (J, 3); z_axes (J, 3) unit, what bone roll aims at;
    connected (J,) whether the bone starts where its parent ends; sides (J,) 1 left, -1 right, 0 middle.
    """

    names: tuple[str, ...]
    groups: tuple[str, ...]
    parents: NDArray[np.int32]
    heads: Array
    tails: Array
    z_axes: Array
    connected: NDArray[np.bool_]
    sides: NDArray[np.int_]


def lay_bones(model: AnimalModel, betas: ArrayLike) -> BoneLayout:
    """The bones of the animal with these betas (B',). No bone is shorter than a hundredth of the skeleton's size."""
    rest = model.rest(betas)
    heads, parents = rest.joints, model.parents
    children = [np.flatnonzero(parents == j) for j in range(model.n_joints)]
    followers = np.array([_follower(model, heads, j, children) for j in range(model.n_joints)])
    shortest = 0.01 * max(float(np.ptp(heads, axis=0).max()), 1e-3)
    owners = np.argmax(model.weights, axis=1)
    tails = np.empty_like(heads)
    for j in range(model.n_joints):
        if followers[j] >= 0:
            tails[j] = heads[followers[j]]
        else:
            tails[j] = _tip(model, rest, j, children[j], owners)
        if np.linalg.norm(tails[j] - heads[j]) < shortest:
            along = heads[j] - heads[parents[j]] if j else np.array([1.0, 0.0, 0.0])
            if np.linalg.norm(along) < 1e-9:
                along = _UP
            tails[j] = heads[j] + along / np.linalg.norm(along) * max(shortest, 0.25 * float(np.linalg.norm(along)))
    connected = np.array([j > 0 and followers[parents[j]] == j and np.array_equal(tails[parents[j]], heads[j])
                          for j in range(model.n_joints)])
    return BoneLayout(bone_names(model), bone_groups(model), parents, heads, tails, z_axes(tails - heads),
                      connected, sides(model))


def _follower(model: AnimalModel, heads: Array, j: int, children: list[NDArray[np.intp]]) -> int:
    """The child that joint j's bone points at, or -1 where it ends at a tip of its own."""
    name = model.joint_names[j]
    if model.is_smal_profile:
        if name in _SMAL_NEXT:
            return model.joint_names.index(_SMAL_NEXT[name])
        return -1 if name in _SMAL_TIPS or not len(children[j]) else int(children[j][0])
    # Of several children, one on the midline leads on (a spine, not a leg), and of those the one that carries most.
    far = [c for c in children[j] if np.linalg.norm(heads[c] - heads[j]) > 1e-6]
    middle = [c for c in far if model.joint_mirror[c] == c] or far
    if len(far) > 1 and middle is far and model.joint_mirror[j] == j:
        return -1
    return max(middle, key=lambda c: _weight_of_branch(c, children), default=-1)


def _weight_of_branch(j: int, children: list[NDArray[np.intp]]) -> int:
    return 1 + sum(_weight_of_branch(int(c), children) for c in children[j])


def _tip(model: AnimalModel, rest: Posed, j: int, children: NDArray[np.intp], owners: NDArray[np.intp]) -> Array:
    """Where a bone that leads to no other ends: its keypoint, the middle of its children, or as far as its skin goes."""
    name, head = model.joint_names[j], rest.joints[j]
    if model.is_smal_profile and _SMAL_TIPS.get(name) in model.keypoint_names:
        return rest.keypoints[model.keypoint_names.index(_SMAL_TIPS[name])]
    if len(children):
        return rest.joints[children].mean(axis=0)
    skin = rest.vertices[owners == j]
    if not len(skin):
        return head
    along = skin.mean(axis=0) - head
    length = np.linalg.norm(along)
    if length < 1e-9:
        return head
    along = along / length
    return head + along * np.max((skin - head) @ along)


def z_axes(along: Array) -> Array:
    """Unit z axes (J, 3) for bones along (J, 3): the x axis is the left, or for bones that run sideways z is up."""
    along = along / np.linalg.norm(along, axis=1, keepdims=True)
    sideways = np.abs(along @ _LEFT) > 0.9
    z = np.where(sideways[:, None], _UP - along * (along @ _UP)[:, None], np.cross(_LEFT, along))
    return z / np.linalg.norm(z, axis=1, keepdims=True)
