"""A motion carried over to an animal of another build: the legs' bones keep their directions, and folded legs find room.

Turns are counted from a species' own stance. A cat stands with its knees bent, so a fox's crouch, turn for turn, would fold
its shanks into its thighs: of legs it is where each bone points that is carried over, of all else the turns. Flesh that is
thicker than that of the animal the motion was made for may still meet; what little opening of the legs mends it is found by
a search over one frame, and given to the others as far as they are like it.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ....animal.model import AnimalModel
from ....animal.rotations import (
    axis_angle_from_matrix,
    matrix_from_axis_angle,
    rotation_between,
)
from ...evaluate.intersections import FaceContacts
from .gaits import LEGS

Array = NDArray[np.float64]

ENOUGH = 0.012  # share of the faces that may cut others
ROUNDS, LOOKED_AT = 3, 8  # how often the worst of so many frames is mended
STEPS = (0.5, 0.24, 0.12)  # radians that a leg's joint is turned by in one trial, sweep by sweep
EFFORT = 0.004  # what a squared radian costs, in shares of the faces
SINKING = 0.3  # what a leg costs that comes out lower than the body lay, in shares per withers' height
LIKENESS = 0.35  # radians of mean difference of the legs' turns at which a frame is no longer like the searched one


def carried(model: AnimalModel, poses: Array, source: Array, target: Array) -> Array:
    """Poses (F, J, 3) of an animal with betas `source` for one with betas `target`: legs point where they pointed."""
    index = {name: joint for joint, name in enumerate(model.joint_names)}
    stances = [model.rest(betas).joints for betas in (target, source)]
    turns = np.broadcast_to(np.eye(3), (model.n_joints, 3, 3)).copy()
    for leg in LEGS.values():
        for name, below in pairwise(leg):  # feet stand as flat as they stood
            new, old = (joints[index[below]] - joints[index[name]] for joints in stances)
            turns[index[name]] = rotation_between(new, old)
    before = turns[np.maximum(model.parents, 0)]
    return axis_angle_from_matrix(before.transpose(0, 2, 1) @ matrix_from_axis_angle(poses) @ turns)


def relieved(model: AnimalModel, betas: Array, poses: Array) -> Array:
    """Poses (F, J, 3) whose legs are opened where more than `ENOUGH` of an animal's faces cut each other."""
    contacts = FaceContacts(model.faces)
    tried = np.unique(np.linspace(0, len(poses) - 1, LOOKED_AT).round().astype(int))

    def cut(motion: Array) -> Array:
        return np.array([contacts.share(_still(model, betas, motion[frame])) for frame in tried])

    shares = cut(poses)
    for _ in range(ROUNDS):
        if shares.max() <= ENOUGH:
            break
        worst = int(tried[shares.argmax()])
        joints, turn = _opening(model, betas, poses[worst], contacts)
        apart = np.linalg.norm(poses[:, joints] - poses[worst, joints], axis=2).mean(axis=1)
        opened = poses.copy()
        opened[:, joints] += np.clip(1.0 - apart / LIKENESS, 0.0, 1.0)[:, None, None] * turn
        found = cut(opened)
        if found.max() >= shares.max():  # mending one frame has spoilt another
            break
        poses, shares = opened, found
    return poses


def _opening(model: AnimalModel, betas: Array, pose: Array, contacts: FaceContacts) -> tuple[list[int], Array]:
    """The legs' joints and how to turn them (n, 3) so that less of one pose (J, 3) cuts: a pattern search (Hooke and
    Jeeves 1961) over unfolding both hind or both front legs, bending one joint, bending it against the
    next, and spreading a leg."""
    joints = [model.joint_names.index(name) for leg in LEGS.values() for name in leg]
    bend = np.zeros((len(joints), len(joints), 3))
    bend[np.arange(len(joints)), np.arange(len(joints)), 1] = 1.0
    against = [bend[row] - bend[row + 1] for row in range(len(joints)) if row % 4 < 3]
    spread = [np.roll(bend[row], -1, axis=1) for row in range(0, len(joints), 4)]
    unfold = [np.where(pair[:, None], -pose[joints], 0.0) for pair in (np.arange(len(joints)) >= 8, np.arange(len(joints)) < 8)]
    rest = _still(model, betas, pose)
    ground, tall = rest[:, 2].min(), np.ptp(model.rest(betas).vertices[:, 2])

    def cost(turn: Array) -> float:
        tried = pose.copy()
        tried[joints] += turn
        surface = _still(model, betas, tried)
        sunk = max(0.0, ground - surface[:, 2].min()) / tall
        return contacts.share(surface) + EFFORT * float((turn**2).sum()) + SINKING * sunk

    turn = np.zeros((len(joints), 3))
    best = cost(turn)
    for step in STEPS:
        for move in (*unfold, *bend, *against, *spread):
            for way in (step, -step):
                found = cost(turn + way * move)
                if found < best:
                    turn, best = turn + way * move, found
                    break
    return joints, turn


def _still(model: AnimalModel, betas: Array, pose: Array) -> Array:
    """The surface (V, 3) in a pose (J, 3), where the pose's root stands."""
    return model.forward(betas, pose).vertices
