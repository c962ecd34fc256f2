"""The algebra between an animal's parameters and a Blender rig: frames, heading, bone-local rotations. Numpy only.

Three frames meet here.

* *Animal frame*, model units: x forward, y left, z up; where betas, pose and trans live.
* *Armature space*, Blender units: the animal looks along -Y, its left is +X, up is +Z, the feet of its rest pose stand
  on Z = 0 and the point between them is the origin. `p_armature = unit * A (p_animal + shift)`.
* *World*: the armature object stands on the ground under the animal's root, upright, turned about Z to the animal's
  heading. What is left (height, pitch, roll) is the root bone's.

A model's joint rotations are about axes that are the animal frame's at rest; a Blender bone rotates about its own rest
axes. With R0 the bone's rest axes in armature space (columns), a rotation R of the joint is `R0ᵀ (A R Aᵀ) R0` of the bone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..animal.rotations import (
    axis_angle_from_matrix,
    matrix_from_axis_angle,
    matrix_from_quaternion,
    quaternion_from_matrix,
)

Array = NDArray[np.float64]

# Animal frame (x forward, y left) to armature space (forward -Y, left +X): a quarter turn about Z.
ARMATURE_AXES = np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])


@dataclass(frozen=True)
class RestFrame:
    """How an animal's rest pose lies in armature space: `p_armature = unit * A (p_animal + shift)`.

    unit: Blender units per model unit. shift (3,): model units, puts the rest feet on Z = 0 around the origin.
    """

    unit: float
    shift: Array

    @classmethod
    def standing(cls, rest_vertices: ArrayLike, unit: float) -> RestFrame:
        """The frame in which these rest vertices (V, 3) stand on Z = 0, the middle of their footprint at the origin."""
        vertices = np.asarray(rest_vertices, dtype=np.float64)
        low, high = vertices[:, 2].min(), vertices[:, 2].max()
        feet = vertices[vertices[:, 2] <= low + 0.05 * (high - low)]
        middle = (feet.min(axis=0) + feet.max(axis=0)) / 2
        return cls(unit, np.array([-middle[0], -middle[1], -low]))

    def points(self, points: ArrayLike) -> Array:
        """Points (…, 3) of the animal frame → armature space."""
        return self.unit * (np.asarray(points, dtype=np.float64) + self.shift) @ ARMATURE_AXES.T

    def model_points(self, points: ArrayLike) -> Array:
        """Points (…, 3) of armature space → the animal frame, model units."""
        return np.asarray(points, dtype=np.float64) @ ARMATURE_AXES / self.unit - self.shift


def turn_about_z(angle: float) -> Array:
    """The rotation (3, 3) by `angle` radians about +Z."""
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


def heading(root_rotation: ArrayLike) -> float:
    """The direction an animal looks in, radians about +Z from world x: of a root rotation (3, 3) in the world.

    An animal that looks straight up or down has none: there its back's direction decides.
    """
    R = np.asarray(root_rotation, dtype=np.float64)
    forward = R[:, 0] if np.hypot(R[0, 0], R[1, 0]) > 1e-3 else -np.sign(R[2, 0]) * R[:, 2]
    return float(np.arctan2(forward[1], forward[0]))


def object_matrix(frame: RestFrame, pose_root: ArrayLike, trans: ArrayLike, root_joint: ArrayLike) -> Array:
    """Where the armature object stands: matrix_world (4, 4), upright, on Z = 0, turned to the animal's heading.

    pose_root (3,) axis-angle of the root, trans (3,), root_joint (3,) its rest place, model units: the object is put
    where the root bone needs no sideways shift.
    """
    axes = turn_about_z(heading(matrix_from_axis_angle(pose_root))) @ ARMATURE_AXES.T
    root_world = frame.unit * (np.asarray(root_joint, dtype=np.float64) + np.asarray(trans, dtype=np.float64))
    matrix = np.eye(4)
    matrix[:3, :3] = axes
    matrix[:3, 3] = root_world - axes @ frame.points(root_joint)
    matrix[2, 3] = 0.0
    return matrix


def bone_transforms(
    frame: RestFrame, pose: ArrayLike, trans: ArrayLike, root_joint: ArrayLike, rest_axes: ArrayLike, matrix: ArrayLike,
) -> tuple[Array, Array]:
    """Bone-local pose of an animal: quaternions (…, J, 4), w first, and the root bone's location (…, 3).

    pose (…, J, 3) axis-angle, trans (…, 3) and root_joint (3,) in model units; rest_axes (J, 3, 3) the bones' rest axes
    in armature space (columns); matrix (4, 4) the armature object's matrix_world, without scale.
    """
    rest_axes = np.asarray(rest_axes, dtype=np.float64)
    matrix = np.asarray(matrix, dtype=np.float64)
    turns = matrix_from_axis_angle(pose)
    in_armature = ARMATURE_AXES @ turns @ ARMATURE_AXES.T
    in_armature[..., 0, :, :] = matrix[:3, :3].T @ turns[..., 0, :, :] @ ARMATURE_AXES.T
    quaternions = quaternion_from_matrix(np.swapaxes(rest_axes, -1, -2) @ in_armature @ rest_axes)
    root_world = frame.unit * (np.asarray(root_joint) + np.asarray(trans, dtype=np.float64))
    root_armature = (root_world - matrix[:3, 3]) @ matrix[:3, :3]
    return quaternions, (root_armature - frame.points(root_joint)) @ rest_axes[0]


def model_parameters(
    frame: RestFrame, quaternions: ArrayLike, location: ArrayLike, root_joint: ArrayLike, rest_axes: ArrayLike,
    matrix: ArrayLike,
) -> tuple[Array, Array]:
    """The way back of `bone_transforms`: pose (…, J, 3) axis-angle and trans (…, 3) in model units."""
    rest_axes = np.asarray(rest_axes, dtype=np.float64)
    matrix = np.asarray(matrix, dtype=np.float64)
    in_armature = rest_axes @ matrix_from_quaternion(quaternions) @ np.swapaxes(rest_axes, -1, -2)
    turns = ARMATURE_AXES.T @ in_armature @ ARMATURE_AXES
    turns[..., 0, :, :] = matrix[:3, :3] @ in_armature[..., 0, :, :] @ ARMATURE_AXES
    root_armature = frame.points(root_joint) + np.asarray(location, dtype=np.float64) @ rest_axes[0].T
    root_world = root_armature @ matrix[:3, :3].T + matrix[:3, 3]
    return axis_angle_from_matrix(turns), root_world / frame.unit - np.asarray(root_joint, dtype=np.float64)


def continuous(quaternions: ArrayLike) -> Array:
    """The same rotations (F, …, 4) with signs chosen so that each frame is the nearer of the two to the one before.

    Without it, curves between two keys may run the long way round.
    """
    q = np.array(quaternions, dtype=np.float64)
    flips = np.where(np.einsum("f...i,f...i->f...", q[1:], q[:-1]) < 0, -1.0, 1.0)
    q[1:] *= np.cumprod(flips, axis=0)[..., None]
    return q
