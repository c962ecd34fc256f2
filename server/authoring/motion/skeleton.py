"""Where an animal's keypoints are in a pose, and how they and its bones' directions move with every joint.

A keypoint is a mean of skinned vertices, so it is a sum over joints of what each carries: p = sum_j G_j a_j + b_j o_j,
with G_j, o_j the joint's orientation and place and a, b constants of the shape. That holds exactly for linear blend
skinning and costs a hundredth of posing the vertices; pose correctives, which hardly move keypoints, are left out.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ....animal.model import AnimalModel
from ...fit.body_points import BodyPoints, Hypotheses, Motion, Skeletons

Array = NDArray[np.float64]


class KeypointSkeleton:
    """One animal of fixed betas (B,) with the model's superset of keypoints."""

    def __init__(self, model: AnimalModel, betas: Array) -> None:
        self.model, self.betas = model, np.asarray(betas, np.float64)
        mean = torch.tensor(self.betas[None])
        self.body = BodyPoints(model, mean, mean.new_zeros(1, model.n_betas, 0))
        rest = model.rest(self.betas)
        matrix = model.superset_matrix
        self.rest_joints, self.rest_vertices = rest.joints, rest.vertices
        self.known = matrix.any(axis=1)
        shares = matrix @ model.weights
        carried = np.einsum("kv,vj,vc->kjc", matrix, model.weights, rest.vertices, optimize=True)
        self.shares = torch.tensor(shares)
        self.arms = torch.tensor(carried - shares[..., None] * rest.joints)

    def body_length(self) -> float:
        """Extent along x at rest without the tail, model units."""
        tail = np.array(["tail" in name.lower() for name in self.model.joint_names])
        return float(np.ptp(self.rest_vertices[self.model.weights[:, tail].sum(axis=1) < 0.3, 0]))

    def start(self, count: int) -> Hypotheses:
        """`count` animals at rest."""
        like = self.arms
        eye = torch.eye(3, dtype=like.dtype).expand(count, 3, 3).clone()
        return Hypotheses(torch.zeros(count, dtype=torch.long), eye, like.new_zeros(count, self.model.n_joints - 1, 3),
                          like.new_zeros(count, 3), like.new_zeros(count, 0), like.new_zeros(count))  # fmt: skip

    def keypoints(self, s: Skeletons) -> Tensor:
        """(n, 44, 3) model units; points that the model lacks lie at 0."""
        return self._carried(s).sum(2)

    def motion(self, s: Skeletons) -> tuple[Tensor, Motion]:
        """Keypoints (n, 44, 3) and how they move."""
        carried = self._carried(s)
        below = self.body.below
        arm = torch.einsum("nkjc,aj->nkca", carried, below)
        arm = arm - torch.einsum("ka,nac->nkca", self.shares @ below.T, s.o)
        empty = arm.new_zeros(*arm.shape[:3], 0)
        return carried.sum(2), Motion(arm, empty, s.axes)

    def turning(self, s: Skeletons, joints: list[int]) -> Tensor:
        """(n, len(joints), 3, P) how the joints' orientations turn, as world rotation vectors, with every parameter."""
        n, count = len(s.G), len(self.body.parents)
        rows = s.G.new_zeros(n, len(joints), 3, 3 * count + 3 + 1)
        reach = self.body.below.T[joints]  # (m, J): 1 where the column's joint is the row's or above it
        turned = torch.einsum("ma,nacd->nmcad", reach, s.axes).flatten(3)
        rows[..., : 3 * count] = turned
        return rows

    def add_offsets(self, s: Skeletons, residual: Tensor) -> None:
        """Move every keypoint on its bones by the mean of residual (n, 44, 3) world, seen in poses s."""
        local = torch.einsum("njcd,nkc->nkjd", s.G, residual).mean(0)
        self.arms = self.arms + self.shares[..., None] * local

    def _carried(self, s: Skeletons) -> Tensor:
        return torch.einsum("njcd,kjd->nkjc", s.G, self.arms) + self.shares[:, :, None] * s.o[:, None]
