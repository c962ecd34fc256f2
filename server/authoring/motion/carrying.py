"""A motion carried over to an animal of another build: the legs' bones keep their directions, and folded legs find room.

Turns are counted from a species' own stance. A cat stands with its knees bent, so a fox's crouch, turn for turn, would fold
its shanks into its thighs: of legs it is where each bone points that is carried over, of all else the turns. Flesh that is
thicker than that of the animal the motion was made for may still meet or be pinched; what little opening of legs and tail mends
it is found by a search over one frame, and given to the others as far as they are like it.
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
from ...evaluate.deformation import limb_loops
from ...evaluate.intersections import FaceContacts
from .gaits import LEGS

Array = NDArray[np.float64]

ENOUGH = 0.012  # strain that is let be: the share of the faces that cut others, and what pinched limbs add to it
ROOM, PINCH = 0.66, 0.3  # share of its cross-section that a limb should keep; what each lacking share adds
ROUNDS, LOOKED_AT = 3, 12  # how often the worst of so many frames is mended
STEPS = (0.5, 0.24, 0.12)  # radians that a joint is turned by in one trial, sweep by sweep
EFFORT = 0.004  # what a squared radian costs, as strain
SINKING = 0.3  # what a leg costs that comes out lower than the body lay, as strain per withers' height
LIKENESS = 0.35  # radians of mean difference of the turns at which a frame is no longer like the searched one


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
    """Poses (F, J, 3) whose legs and tail are opened where an animal's flesh is strained by more than `ENOUGH`."""
    flesh = Flesh(model, betas)
    tried = np.unique(np.linspace(0, len(poses) - 1, LOOKED_AT).round().astype(int))
    strain = np.array([flesh.strain(flesh.posed(poses[frame])) for frame in tried])
    for _ in range(ROUNDS):
        if strain.max() <= ENOUGH:
            break
        worst = int(tried[strain.argmax()])
        turn = flesh.opening(poses[worst])
        used = np.flatnonzero(turn.any(axis=1))
        if not len(used):
            break
        apart = np.linalg.norm(poses[:, used] - poses[worst, used], axis=2).mean(axis=1)
        opened = poses + np.clip(1.0 - apart / LIKENESS, 0.0, 1.0)[:, None, None] * turn
        found = np.array([flesh.strain(flesh.posed(opened[frame])) for frame in tried])
        if found.max() >= strain.max():  # mending one frame has spoilt another
            break
        poses, strain = opened, found
    return poses


class Flesh:
    """How strained one animal's surface is in a pose, and which turns of legs and tail ease it."""

    def __init__(self, model: AnimalModel, betas: Array) -> None:
        self.model, self.betas = model, betas
        self.contacts, self.loops = FaceContacts(model.faces), limb_loops(model, betas)
        rest = model.rest(betas).vertices
        self.tall = float(np.ptp(rest[:, 2]))
        self.areas = [float(loop.area(rest)) for loop in self.loops]

    def posed(self, pose: Array) -> Array:
        """The surface (V, 3) in a pose (J, 3), where the pose's root stands."""
        return self.model.forward(self.betas, pose).vertices

    def strain(self, surface: Array) -> float:
        """The share of the faces that cut others, and what limbs thinner than `ROOM` of their rest add to it."""
        thinnest = min((float(loop.area(surface)) / area for loop, area in zip(self.loops, self.areas, strict=True)), default=1.0)
        return self.contacts.share(surface) + PINCH * max(0.0, ROOM - thinnest)

    def opening(self, pose: Array) -> Array:
        """Turns (J, 3) to add to a pose so that it strains less: a pattern search (Hooke and Jeeves 1961)."""
        ground = self.posed(pose)[:, 2].min()

        def cost(turn: Array) -> float:
            surface = self.posed(pose + turn)
            sunk = max(0.0, ground - surface[:, 2].min()) / self.tall
            return self.strain(surface) + EFFORT * float((turn**2).sum()) + SINKING * sunk

        turn = np.zeros_like(pose)
        best = cost(turn)
        for step in STEPS:
            for move in _moves(self.model, pose):
                for way in (step, -step):
                    found = cost(turn + way * move)
                    if found < best:
                        turn, best = turn + way * move, found
                        break
        return turn


def _moves(model: AnimalModel, pose: Array) -> list[Array]:
    """What a search tries on a pose, each (J, 3): unfolding a pair of legs or the tail; bending one joint of a leg, or
    against the next; spreading a leg."""
    index = {name: joint for joint, name in enumerate(model.joint_names)}
    legs = [[index[name] for name in leg] for leg in LEGS.values()]
    tail = [joint for name, joint in index.items() if name.startswith("Tail")]
    moves = []
    for part in (legs[2] + legs[3], legs[0] + legs[1], tail):
        moves.append(np.zeros_like(pose))
        moves[-1][part] = -pose[part]
    unit = np.zeros((model.n_joints, 3, model.n_joints, 3))
    np.einsum("jxjx->jx", unit)[:] = 1.0
    for leg in legs:
        moves += [unit[joint, 1] for joint in leg]
        moves += [unit[joint, 1] - unit[below, 1] for joint, below in pairwise(leg)]
        moves.append(unit[leg[0], 0])
    return moves
