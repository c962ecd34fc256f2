"""The animal as a torch module: shape, pose and place in, vertices and joints out, differentiable and batched on any device.

Computes what `AnimalModel.forward` computes, and what `smplx.lbs.lbs` computes plus `trans`. What makes it cheap:

* mean shape, pose correctives and betas are one matrix product with one table of directions;
* joints come from a regressor applied to the shape directions beforehand, so they need no vertices;
* the kinematic chain is resolved for all joints at once by doubling (each step joins every joint to the ancestor
  twice as far away), so a tree of depth 11 takes 4 steps, not 34;
* skinning blends 3x4 transforms in blocks that stay in the cache, coordinates in planes (x of all vertices, then y, then z),
  and its backward pass blends them again instead of keeping 16 numbers per vertex and animal.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from ..animal.model import AnimalModel, ModelError

_BLOCK_FLOATS = {"cpu": 1 << 20, "cuda": 1 << 26}
"""How many numbers of blended transforms exist at a time: about what a cache holds; on a GPU, 256 MB."""


class BodyOutput(NamedTuple):
    """Posed animals in model units: vertices (N, V', 3) and joints (N, J, 3)."""

    vertices: Tensor
    joints: Tensor


class Body(nn.Module):
    """`AnimalModel` in torch.

    model: the animal; device, dtype: where and how to compute (float64 for checks); vertex_ids (V',): only these
    vertices are computed, in this order (joints stay exact, they do not depend on vertices). The model's arrays are
    buffers without gradient, left out of `state_dict`.
    """

    weights: Tensor
    directions: Tensor
    joint_rest: Tensor
    joint_directions: Tensor

    def __init__(self, model: AnimalModel, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32,
                 vertex_ids: ArrayLike | None = None) -> None:
        super().__init__()
        ids = np.arange(model.n_vertices) if vertex_ids is None else np.asarray(vertex_ids, dtype=np.int64)
        self.n_vertices, self.n_joints, self.n_betas = len(ids), model.n_joints, model.n_betas
        self.has_pose_directions = model.posedirs is not None and bool(np.any(model.posedirs))

        # One table for everything linear, rows in the order mean, pose, shape: fewer betas are then a prefix of it.
        rows = [model.v_template[ids][..., None]]
        if model.posedirs is not None and self.has_pose_directions:
            rows.append(model.posedirs[ids])
        rows.append(model.shapedirs[ids])
        table = np.concatenate(rows, axis=2)                                    # (V', 3, 1 + P + B)
        self._add("directions", table.transpose(2, 1, 0), device, dtype)       # (1 + P + B, 3, V')

        # A last "joint" that moves every vertex with weight 1 carries trans.
        self._add("weights", np.vstack([model.weights[ids].T, np.ones(len(ids))]), device, dtype)   # (J + 1, V')

        rest, shape = model.J, np.zeros((model.n_joints, 3, model.n_betas))
        if model.J_regressor is not None:
            rest = model.J_regressor @ model.v_template
            shape = np.einsum("jv,vcb->jcb", model.J_regressor, model.shapedirs, optimize=True)
        # Joint J is a spare one at the origin that never turns: the parent of the root, and what carries trans.
        rest = np.vstack([rest, np.zeros(3)])
        shape = np.concatenate([shape, np.zeros((1, 3, model.n_betas))])
        self.joints_move = bool(np.any(shape))
        self._add("joint_rest", rest.reshape(-1), device, dtype)                                   # (3(J + 1),)
        self._add("joint_directions", shape.reshape(rest.size, model.n_betas).T, device, dtype)           # (B, 3(J + 1))

        parents = np.append(np.where(model.parents < 0, model.n_joints, model.parents), model.n_joints)
        self.register_buffer("parents", torch.as_tensor(parents, dtype=torch.long, device=device), persistent=False)
        hops = _doubling(parents)
        for i, hop in enumerate(hops):
            self.register_buffer(f"hop_{i}", torch.as_tensor(hop, dtype=torch.long, device=device), persistent=False)
        self.n_hops = len(hops)
        self._add("identity", np.eye(3), device, dtype)
        self._add("cross", _CROSS, device, dtype)

    def _add(self, name: str, array: np.ndarray, device: torch.device | str, dtype: torch.dtype) -> None:
        tensor = torch.as_tensor(np.ascontiguousarray(array), dtype=dtype, device=device)
        self.register_buffer(name, tensor, persistent=False)

    def forward(self, betas: Tensor | None = None, pose: Tensor | None = None, trans: Tensor | None = None, *,
                rotations: Tensor | None = None) -> BodyOutput:
        """Pose N animals.

        betas (N or 1, B') with B' <= B; pose (N or 1, J, 3) axis-angle radians, or rotations (N or 1, J, 3, 3) instead;
        trans (N or 1, 3) model units. None stands for zeros. Differentiable once in all of them.
        Raises ModelError on a shape that does not fit.
        """
        shape, turns, place = self._inputs(betas, pose, trans, rotations)
        n = next((int(x.shape[0]) for x in (shape, turns, place) if x.shape[0] != 1), 1)
        transforms, joints = self._skeleton(shape, turns, place, n)
        features = [self.joint_rest.new_ones(1, 1).expand(n, 1)]
        if self.has_pose_directions:
            features.append((turns[:, 1:] - self.identity).flatten(1).expand(n, -1))
        features.append(shape.expand(n, -1))
        coefficients = torch.cat(features, dim=1)
        keep = torch.is_grad_enabled() and (coefficients.requires_grad or transforms.requires_grad)
        vertices: Tensor = _Skinning.apply(coefficients, transforms, self.directions, self.weights, keep)  # type: ignore
        return BodyOutput(vertices, joints)

    def _inputs(self, betas: Tensor | None, pose: Tensor | None, trans: Tensor | None,
                rotations: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """Checked betas (·, B'), rotations (·, J, 3, 3) and trans (·, 3)."""
        empty = self.joint_rest
        shape: Tensor = empty.new_zeros(1, 0) if betas is None else betas
        place: Tensor = empty.new_zeros(1, 3) if trans is None else trans
        if shape.ndim != 2 or shape.shape[1] > self.n_betas:
            raise ModelError(f"betas: needs (N, at most {self.n_betas}), got {tuple(shape.shape)}")
        if place.ndim != 2 or place.shape[1] != 3:
            raise ModelError(f"trans: needs (N, 3), got {tuple(place.shape)}")
        if rotations is not None and pose is not None:
            raise ModelError("pose: give either pose or rotations, not both")
        turns: Tensor = self._rotations(pose) if rotations is None else rotations
        if turns.ndim != 4 or turns.shape[1:] != (self.n_joints, 3, 3):
            raise ModelError(f"rotations: needs (N, {self.n_joints}, 3, 3), got {tuple(turns.shape)}")
        sizes = [int(x.shape[0]) for x in (shape, turns, place)]
        if len(set(sizes) - {1}) > 1:
            raise ModelError(f"batch: betas, pose and trans have {sizes[0]}, {sizes[1]} and {sizes[2]} rows")
        return shape, turns, place

    def _rotations(self, pose: Tensor | None) -> Tensor:
        axis_angle: Tensor = self.joint_rest.new_zeros(1, self.n_joints, 3) if pose is None else pose
        if axis_angle.ndim != 3 or axis_angle.shape[1:] != (self.n_joints, 3):
            raise ModelError(f"pose: needs (N, {self.n_joints}, 3), got {tuple(axis_angle.shape)}")
        return self.matrices(axis_angle)

    def matrices(self, pose: Tensor) -> Tensor:
        """Rodrigues' formula: axis-angle (…, 3) → rotation matrices (…, 3, 3), with exact gradients at zero too."""
        angle2 = (pose * pose).sum(-1, keepdim=True)
        # Below 1e-4 rad both factors are 1 and 1/2 up to rounding, and their gradients vanish.
        angle = angle2.clamp_min(1e-8).sqrt()
        half = torch.sin(0.5 * angle) / angle
        cross = (pose @ self.cross).unflatten(-1, (3, 3))
        outer = pose.unsqueeze(-1) * pose.unsqueeze(-2)
        sine, versine = (torch.sin(angle) / angle).unsqueeze(-1), (2.0 * half * half).unsqueeze(-1)
        straight = 1.0 - versine * angle2.unsqueeze(-1)
        return straight * self.identity + sine * cross + versine * outer

    def _skeleton(self, betas: Tensor, rotations: Tensor, trans: Tensor, n: int) -> tuple[Tensor, Tensor]:
        """Skinning transforms (N, 3, 4, J + 1), the last one trans, and posed joints (N, J, 3)."""
        if self.joints_move and betas.shape[1]:
            joints = torch.addmm(self.joint_rest, betas, self.joint_directions[: betas.shape[1]])
        else:
            joints = self.joint_rest.unsqueeze(0)
        joints = joints.unflatten(1, (self.n_joints + 1, 3))
        bones = joints - joints.index_select(1, self.parents)

        # Transforms relative to the parent; row 3 stays (0, 0, 0, 1), joint J stays the identity.
        local = rotations.new_zeros(n, self.n_joints + 1, 4, 4)
        local[:, :-1, :3, :3] = rotations
        local[:, -1, :3, :3] = self.identity
        local[..., :3, 3] = bones
        local[..., 3, 3] = 1.0
        for i in range(self.n_hops):
            local = local.index_select(1, getattr(self, f"hop_{i}")) @ local

        orient, origin = local[..., :3, :3], local[..., :3, 3]
        shift = origin - (orient @ joints.unsqueeze(-1)).squeeze(-1)
        transforms = torch.cat([orient, shift.unsqueeze(-1)], dim=-1).permute(0, 2, 3, 1).contiguous()
        carrier = torch.zeros_like(transforms[..., -1])
        carrier[:, :, 3] = trans
        transforms = torch.cat([transforms[..., :-1], carrier.unsqueeze(-1)], dim=-1)
        return transforms, origin[:, :-1] + trans.unsqueeze(1)


_CROSS = np.zeros((3, 9))
"""(3, 9): a vector times this is its cross-product matrix, row by row."""
for _axis, _row, _column in ((0, 2, 1), (1, 0, 2), (2, 1, 0)):
    _CROSS[_axis, 3 * _row + _column], _CROSS[_axis, 3 * _column + _row] = 1.0, -1.0


def _doubling(parents: np.ndarray) -> list[np.ndarray]:
    """For a tree whose root hangs on a last, spare node: the ancestors 1, 2, 4, … steps up, until all reach the spare one."""
    hops, spare = [], len(parents) - 1
    hop = parents
    while (hop != spare).any():
        hops.append(hop)
        hop = hop[hop]
    return hops


class _Skinning(torch.autograd.Function):
    """Blend shapes and linear blend skinning in one step, keeping only the shaped vertices for the backward pass.

    coefficients (N, K) times directions[:K] (K, 3, V) are the shaped vertices; transforms (N, 3, 4, J) weighted by
    weights (J, V) carry them to their place. Gives vertices (N, V, 3). Directions and weights get no gradient.
    """

    @staticmethod
    def forward(ctx: Any, coefficients: Tensor, transforms: Tensor, directions: Tensor, weights: Tensor,
                keep: bool) -> Tensor:
        n, v = len(coefficients), weights.shape[1]
        rows = directions[: coefficients.shape[1]].flatten(1)
        shaped = (coefficients @ rows).view(n, 3, v)
        vertices = torch.empty_like(shaped) if keep else shaped
        buffer, size = _block_buffer(transforms, weights)
        for start in range(0, n, size):
            block = slice(start, min(start + size, n))
            blended = _blend(transforms[block], weights, buffer)
            points = shaped[block].unsqueeze(2)                                        # (b, 3, 1, V)
            placed = blended[:, :, 3]
            for axis in range(3):
                placed.addcmul_(blended[:, :, axis], points[:, axis])
            vertices[block] = placed
        if keep:
            ctx.save_for_backward(shaped, transforms, rows, weights)
        return vertices.transpose(1, 2)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor | None, None, None, None]:
        shaped, transforms, rows, weights = ctx.saved_tensors
        n, _, v = shaped.shape
        wants_shape, wants_transforms = ctx.needs_input_grad[:2]
        grad_shaped = torch.empty_like(shaped) if wants_shape else None
        grad_transforms = torch.empty_like(transforms) if wants_transforms else None
        buffer, size = _block_buffer(transforms, weights)
        for start in range(0, n, size):
            block = slice(start, min(start + size, n))
            pull = grad[block].transpose(1, 2).contiguous().unsqueeze(2)             # (b, 3, 1, V)
            if grad_shaped is not None:
                blended = _blend(transforms[block], weights, buffer)[:, :, :3]
                out = grad_shaped[block]
                torch.mul(blended[:, 0], pull[:, 0], out=out)
                out.addcmul_(blended[:, 1], pull[:, 1]).addcmul_(blended[:, 2], pull[:, 2])
            if grad_transforms is not None:
                outer = buffer[: 12 * len(pull)].view(len(pull), 3, 4, v)
                torch.mul(pull, shaped[block].unsqueeze(1), out=outer[:, :, :3])
                outer[:, :, 3] = pull.squeeze(2)
                torch.mm(outer.view(12 * len(pull), v), weights.T, out=grad_transforms[block].view(12 * len(pull), -1))
        grad_coefficients = None if grad_shaped is None else grad_shaped.flatten(1) @ rows.T
        return grad_coefficients, grad_transforms, None, None, None


def _block_buffer(transforms: Tensor, weights: Tensor) -> tuple[Tensor, int]:
    """Room (12 b, V) for the blended transforms of b animals, and b."""
    v = weights.shape[1]
    limit = _BLOCK_FLOATS.get(weights.device.type, _BLOCK_FLOATS["cpu"])
    size = min(len(transforms), max(1, limit // (12 * max(v, 1))))
    return weights.new_empty(12 * size, v), max(size, 1)


def _blend(transforms: Tensor, weights: Tensor, buffer: Tensor) -> Tensor:
    """The transform of every vertex: (b, 3, 4, J) and (J, V) → (b, 3, 4, V), written into `buffer`."""
    out = buffer[: 12 * len(transforms)]
    torch.mm(transforms.reshape(12 * len(transforms), len(weights)), weights, out=out)
    return out.view(len(transforms), 3, 4, weights.shape[1])


def keypoint_vertices(model: AnimalModel) -> tuple[np.ndarray, np.ndarray]:
    """The vertices that a model's keypoints rest on, for `Body(vertex_ids=…)`: ids (U,) and the matrix (K, U) over them."""
    matrix = model.keypoint_matrix
    assert matrix is not None                                    # the model fills it, with no rows if it has no points
    ids = np.flatnonzero(np.any(matrix != 0, axis=0))
    return ids, matrix[:, ids]
