"""Where an animal stands: its parameters together, and what happens to them when the axes around it change.

SMAL's root rotation turns the body about joint 0 of its own rest shape, not about the origin, so a change of axes
changes `trans` by more than the rotation of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .model import AnimalModel, Posed
from .rotations import axis_angle_from_matrix, matrix_from_axis_angle

Array = NDArray[np.float64]


@dataclass(frozen=True)
class AnimalPose:
    """One animal at one moment: betas (B,), pose (J, 3) axis-angle, trans (3,) model units, in the Z-up world.

    Its place in metres is `metres_per_unit * model.forward(betas, pose, trans)`.
    """

    betas: Array
    pose: Array
    trans: Array
    metres_per_unit: float = 1.0
    label: str = ""
    species: str | None = None
    warnings: tuple[str, ...] = field(default=())

    def posed(self, model: AnimalModel) -> Posed:
        """Vertices, joints and keypoints in metres in the world."""
        posed = model.forward(self.betas, self.pose, self.trans)
        scale = self.metres_per_unit
        return Posed(posed.vertices * scale, posed.joints * scale, posed.keypoints * scale)


def transform_parameters(R: ArrayLike, t: ArrayLike, pose: ArrayLike, trans: ArrayLike, J0: ArrayLike) -> tuple[Array, Array]:
    """The pose and trans that put the animal where `x' = R x + t` takes it.

    R (3, 3), t (3,) in model units; pose (…, J, 3); trans (…, 3); J0 (…, 3) the rest place of joint 0 for the
    animal's betas. Exact for every vertex: the body keeps its shape, only the root turns and moves.
    """
    R, pose, J0 = np.asarray(R, np.float64), np.array(pose, np.float64), np.asarray(J0, np.float64)
    trans = (J0 + np.asarray(trans, np.float64)) @ R.T + np.asarray(t, np.float64) - J0
    pose[..., 0, :] = axis_angle_from_matrix(R @ matrix_from_axis_angle(pose[..., 0, :]))
    return pose, trans
