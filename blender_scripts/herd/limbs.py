"""Turning the joints of legs, neck and tail by small amounts, never beyond what they allow.

A turn about the animal's left is made in the axes of the joint's parent. Where a joint already stands beyond its limits
it may stay, but goes no further.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...animal.model import AnimalModel
from ...animal.rotations import axis_angle_from_matrix, matrix_from_axis_angle

Array = NDArray[np.float64]


def joints_of(light: AnimalModel, turns: Array) -> tuple[Array, Array]:
    """Places (J, 3) in model units and orientations (J, 3, 3) of the joints for turns (J, 3, 3), trans left out."""
    orient, place = turns.copy(), np.array(light.J)
    for j, parent in enumerate(light.parents):
        if parent >= 0:
            orient[j] = orient[parent] @ turns[j]
            place[j] = place[parent] + orient[parent] @ (light.J[j] - light.J[parent])
    return place, orient


def move_foot(light: AnimalModel, turns: Array, leg: NDArray[np.int64], rise: float, limits: Array) -> None:
    """Turn the joints of one leg (changes `turns` (J, 3, 3)) so that its foot rises by `rise` model units, its sole as level as before."""
    place, _ = joints_of(light, turns)
    goal = place[leg[3]] + (0.0, 0.0, rise)
    left = np.array([0.0, 1.0, 0.0])
    for _ in range(4):
        place, orient = joints_of(light, turns)
        axes = np.stack([orient[light.parents[j]] @ left for j in leg[:3]])
        ahead = np.cross(axes[0], (0.0, 0.0, 1.0))
        ahead /= max(float(np.linalg.norm(ahead)), 1e-9)
        across = np.stack([ahead, (0.0, 0.0, 1.0)])
        moves = across @ np.cross(axes, place[leg[3]] - place[leg[:3]]).T  # (2, 3) of the foot per radian
        miss = across @ (goal - place[leg[3]])
        length = float(np.linalg.norm(place[leg[3]] - place[leg[0]]))
        if np.linalg.norm(miss) < 1e-3 * length:
            break
        damping = (0.06 * length) ** 2 * np.eye(2)
        turn = np.clip(moves.T @ np.linalg.solve(moves @ moves.T + damping, miss), -0.35, 0.35)
        before = axis_angle_from_matrix(turns[leg[:3]])
        for j, amount, now in zip(leg[:3], turn, before, strict=True):
            wanted = axis_angle_from_matrix(matrix_from_axis_angle(amount * left) @ turns[j])
            low, high = np.minimum(limits[j, :, 0], now), np.maximum(limits[j, :, 1], now)
            turns[j] = matrix_from_axis_angle(np.clip(wanted, low, high))
        _keep_sole(light, turns, leg, orient, limits)


def turn_leg(
    light: AnimalModel, turns: Array, leg: NDArray[np.int64], now: tuple[Array, Array, Array], rows: list[int], rise: Array,
    damping: float, limits: Array,
) -> None:
    """Turn the joints of one leg (changes `turns` (J, 3, 3)) so that its vertices `rows` (k) rise by about `rise` (k,).

    now: places (J, 3), orientations (J, 3, 3) and vertices (n, 3), in one unit of length, which is that of `rise` and `damping` too.
    """
    places, orient, vertices = now
    left = np.array([0.0, 1.0, 0.0])
    axes = np.stack([orient[light.parents[j]] @ left for j in leg])
    arms = vertices[rows][:, None] - places[leg]
    # A joint moves what hangs on it and on the joints below it.
    hang = np.cumsum(light.weights[rows][:, leg][:, ::-1], axis=1)[:, ::-1]
    moves = np.cross(axes[None], arms)[..., 2] * hang
    turn = np.clip(moves.T @ np.linalg.solve(moves @ moves.T + damping**2 * np.eye(len(rows)), rise), -0.3, 0.3)
    for j, amount in zip(leg, turn, strict=True):
        before = axis_angle_from_matrix(turns[j])
        wanted = axis_angle_from_matrix(matrix_from_axis_angle(amount * left) @ turns[j])
        low, high = np.minimum(limits[j, :, 0], before), np.maximum(limits[j, :, 1], before)
        turns[j] = matrix_from_axis_angle(np.clip(wanted, low, high))


def _keep_sole(light: AnimalModel, turns: Array, leg: NDArray[np.int64], before: Array, limits: Array) -> None:
    """Turn the foot back by what the leg above it has turned."""
    _, orient = joints_of(light, turns)
    foot = leg[3]
    now = axis_angle_from_matrix(turns[foot])
    back = axis_angle_from_matrix(orient[light.parents[foot]].T @ before[foot])
    low, high = np.minimum(limits[foot, :, 0], now), np.maximum(limits[foot, :, 1], now)
    turns[foot] = matrix_from_axis_angle(np.clip(back, low, high))


def turned_joint(pose: Array, joint: int, angle: float, limits: Array) -> Array:
    """The pose with one joint turned by `angle` about the animal's left, within its limits."""
    pose, now = pose.copy(), pose[joint]
    turn = matrix_from_axis_angle(np.array([0.0, angle, 0.0])) @ matrix_from_axis_angle(now)
    low, high = np.minimum(limits[joint, :, 0], now), np.maximum(limits[joint, :, 1], now)
    pose[joint] = np.clip(axis_angle_from_matrix(turn), low, high)
    return pose


def spread_turn(light: AnimalModel, pose: Array, first: int, angle: float, limits: Array) -> Array:
    """Turn joint `first` by `angle` about the animal's left; what its limits do not allow goes to the next joints of the chain."""
    left = angle
    joint: int | None = first
    for _ in range(3):
        if joint is None or abs(left) < 1e-6:
            break
        before = float(pose[joint, 1])
        pose = turned_joint(pose, joint, left, limits)
        left -= float(pose[joint, 1]) - before
        after = [j for j, parent in enumerate(light.parents)
                 if parent == joint and not light.joint_names[j].startswith(("Mouth", "L", "R"))]
        joint = after[0] if after else None
    return pose
