"""Motions made of others: a trot from the leg cycles of a walk, a rest from one moment.

In a walk the feet come down one after another, a quarter of the cycle apart; in a trot the diagonal pairs together (Muybridge,
Animals in Motion, 1899). The legs' own cycles differ less than their order, so each is shifted until it is in step.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ....animal.model import AnimalModel

Array = NDArray[np.float64]

LEGS = {"LLeg": ("LLeg1", "LLeg2", "LLeg3", "LFoot"), "RLeg": ("RLeg1", "RLeg2", "RLeg3", "RFoot"),
        "LLegBack": ("LLegBack1", "LLegBack2", "LLegBack3", "LFootBack"),
        "RLegBack": ("RLegBack1", "RLegBack2", "RLegBack3", "RFootBack")}  # fmt: skip
DIAGONALS = {"LLeg": 0.0, "RLegBack": 0.0, "RLeg": 0.5, "LLegBack": 0.5}
QUICKER = 0.55
"""A trot's cycle over a walk's; dogs and cattle of one size take about half the time for a stride."""
SWING = 1.2
"""How much wider the legs turn about their mean."""
SWAY_LEFT = 0.3
"""What is left of the trunk's own turns: a trot is the steadiest of gaits."""


def trot(model: AnimalModel, poses: Array, trans: Array) -> tuple[Array, Array]:
    """Poses (F', J, 3) and trans (F', 3) of a trot from a walk's cycle (F, J, 3), (F, 3) whose last frame is its first."""
    cycle, places = poses[:-1], trans[:-1]
    frames = max(round(len(cycle) * QUICKER), 8)
    at = np.linspace(0.0, 1.0, frames, endpoint=False)
    index = {name: i for i, name in enumerate(model.joint_names)}
    mean = cycle.mean(axis=0)
    result = mean + SWAY_LEFT * (_at(cycle, at) - mean)
    for leg, step in DIAGONALS.items():
        joints = [index[name] for name in LEGS[leg]]
        swing = cycle[:, joints[0], 1]
        phase = np.angle(np.fft.rfft(swing)[1]) / (2 * np.pi)
        result[:, joints] = mean[joints] + SWING * (_at(cycle[:, joints], at + step - phase) - mean[joints])
    place = np.broadcast_to(places.mean(axis=0), (frames, 3)).copy()
    return np.concatenate([result, result[:1]]), np.concatenate([place, place[:1]])


def hold(model: AnimalModel, pose: Array, place: Array, frames: int = 90) -> tuple[Array, Array]:
    """A pose (J, 3) at a place (3,) kept for `frames` that loop: the chest breathes twice, the head looks about once."""
    poses = np.repeat(pose[None], frames + 1, axis=0)
    turn = np.linspace(0.0, 2 * np.pi, frames + 1)
    index = {name: i for i, name in enumerate(model.joint_names)}
    poses[:, index["Neck"], 1] += 0.03 * np.sin(2 * turn)
    poses[:, index["Neck"], 2] += 0.10 * np.sin(turn)
    poses[:, index["Head"], 2] += 0.15 * np.sin(turn - 0.4)
    poses[:, index["LEar"], 2] += 0.12 * np.sin(3 * turn)
    poses[:, index["REar"], 2] -= 0.12 * np.sin(2 * turn)
    return poses, np.repeat(place[None], frames + 1, axis=0)


def _at(cycle: Array, at: Array) -> Array:
    """A cycle (F, …) at places (n,) of it, 1 being once round; straight between frames."""
    place = (at % 1.0) * len(cycle)
    first = np.floor(place).astype(int) % len(cycle)
    share = (place - np.floor(place)).reshape(-1, *[1] * (cycle.ndim - 1))
    return (1 - share) * cycle[first] + share * cycle[(first + 1) % len(cycle)]
