"""The same named points of many poses: where they are and how they move, without a vertex.

A named point is a weighted mean of vertices, and a skinned vertex a weighted mean of what its joints carry. Gathered by point and
joint, what each joint carries of each point is one fixed table times shape and pose: a hundred rows in the place of
hundreds of vertices in every frame. Gives what `BodyPoints.points` gives for one animal.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .body_points import BodyPoints, Hypotheses, Motion, Skeletons, rodrigues


class PointTable:
    """The points that `combine` (K, V) makes of the vertices of animal 0 of a body."""

    def __init__(self, body: BodyPoints, combine: Tensor) -> None:
        self.points, self.body = len(combine), body
        used = torch.nonzero(combine.abs().sum(0) > 0)[:, 0]
        share, weights = combine[:, used], body.weights[used]
        by_joint = torch.einsum("km,mj->kj", share.abs(), weights)
        self.point, self.joint = torch.nonzero(by_joint > 1e-9, as_tuple=True)
        gather = share[self.point] * weights[:, self.joint].T  # (pairs, m)
        self.weight = gather.sum(1)
        self.k = body.directions.shape[-1]
        columns = [body.template[0, used][..., None], body.directions[0, used]]
        if body.posedirs is not None:
            columns.append(body.posedirs[used])
        self.table = torch.einsum("pm,mci->pci", gather, torch.cat(columns, -1))
        self.shapes = self.table[..., 1:1 + self.k]

    def __call__(self, h: Hypotheses, s: Skeletons) -> tuple[Tensor, Motion]:
        """Places (n, K, 3) of the points in poses h, and how they move with every parameter."""
        n, J = s.o.shape[:2]
        features = [h.z.new_ones(n, 1), h.z]
        if self.body.posedirs is not None:
            features.append((rodrigues(h.theta) - torch.eye(3, dtype=h.z.dtype, device=h.z.device)).flatten(1))
        local = (torch.cat(features, 1) @ self.table.flatten(0, 1).T).unflatten(1, (-1, 3))
        turn = s.G[:, self.joint]
        shift = (s.o - (s.G @ s.rest[..., None])[..., 0])[:, self.joint]
        carried = (turn @ local[..., None])[..., 0] + self.weight[:, None] * shift
        # What a turn moves is what hangs below it: points by joints first, then one product for all.
        dense = carried.new_zeros(n, self.points, J, 3)
        dense[:, self.point, self.joint] = carried
        share = carried.new_zeros(self.points, J)
        share[self.point, self.joint] = self.weight
        below = self.body.below.T
        arm = dense.transpose(2, 3) @ below - (share @ below)[:, None] * s.o.transpose(1, 2)[:, None]
        moved = turn @ self.shapes + self.weight[:, None, None] * s.drift[:, self.joint]
        shape = moved.new_zeros(n, self.points, 3, self.k).index_add_(1, self.point, moved)
        return dense.sum(2), Motion(arm, shape, s.axes)
