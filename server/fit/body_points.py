"""The skinned body and its exact derivatives: where chosen vertices are, and how they move with every parameter.

A Levenberg-Marquardt step needs Jacobians, not gradients. For linear blend skinning they are cheap in closed form: a
joint's rotation moves a point about that joint by the share of its skinning weight that hangs below the joint, and
shape moves it through the blended rotation. Pose correctives (posedirs) move points but are left out of the
derivatives, where they are second-order.

Everything is in camera axes and model units, for n hypotheses at once; `k` shape coordinates per animal.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...animal.model import AnimalModel


@dataclass(frozen=True)
class Hypotheses:
    """n guesses at once, of any of the animals in an image.

    animal (n,) which animal each belongs to; R0 (n, 3, 3) root rotation into the camera; theta (n, J-1, 3) the other
    joints' axis-angle; trans (n, 3); z (n, k) shape coordinates in standard deviations of the animal's shape prior;
    pitch (n,) how far the camera looks down, radians.
    """

    animal: Tensor
    R0: Tensor
    theta: Tensor
    trans: Tensor
    z: Tensor
    pitch: Tensor

    def __len__(self) -> int:
        return len(self.animal)

    @property
    def n_parameters(self) -> int:
        return 3 + 3 * self.theta.shape[1] + 3 + self.z.shape[1] + 1

    def __getitem__(self, keep: Tensor) -> Hypotheses:
        return Hypotheses(*(getattr(self, name)[keep] for name in self.__dataclass_fields__))

    def moved(self, step: Tensor) -> Hypotheses:
        """The hypotheses after a step (n, P), laid out as root (3), theta (3(J-1)), trans (3), z (k), pitch (1)."""
        joints, k = self.theta.shape[1], self.z.shape[1]
        root, theta, trans, z, pitch = step.split([3, 3 * joints, 3, k, 1], dim=1)
        return replace(self, R0=self.R0 @ rodrigues(root), theta=self.theta + theta.reshape(self.theta.shape),
                       trans=self.trans + trans, z=self.z + z, pitch=self.pitch + pitch[:, 0])

    def where(self, accept: Tensor, other: Hypotheses) -> Hypotheses:
        """`self` where accept (n,) holds, `other` elsewhere."""
        def pick(name: str) -> Tensor:
            mine, theirs = getattr(self, name), getattr(other, name)
            return torch.where(accept.reshape(-1, *[1] * (mine.ndim - 1)), mine, theirs)
        return Hypotheses(*(pick(name) for name in self.__dataclass_fields__))


def cross_matrix(v: Tensor) -> Tensor:
    """K (…, 3, 3) with `K w = v x w` for v (…, 3)."""
    x, y, z = v.unbind(-1)
    zero = torch.zeros_like(x)
    return torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).reshape(*v.shape[:-1], 3, 3)


def rodrigues(v: Tensor) -> Tensor:
    """Axis-angle (…, 3) → rotation matrices (…, 3, 3)."""
    angle = v.norm(dim=-1).clamp_min(1e-12)[..., None, None]
    K = cross_matrix(v)
    return torch.eye(3, dtype=v.dtype, device=v.device) + K * (angle.sin() / angle) + K @ K * ((1 - angle.cos()) / angle**2)


def right_jacobian(v: Tensor) -> Tensor:
    """J (…, 3, 3) with `exp(v + d) = exp(v) exp(J d)` to first order (Chirikjian 2011, eq. 10.86)."""
    angle = v.norm(dim=-1).clamp_min(1e-5)[..., None, None]
    K = cross_matrix(v)
    eye = torch.eye(3, dtype=v.dtype, device=v.device)
    return eye - K * ((1 - angle.cos()) / angle**2) + K @ K * ((angle - angle.sin()) / angle**3)


@dataclass(frozen=True)
class Skeletons:
    """The posed skeletons of n hypotheses: orientation G (n, J, 3, 3), place o (n, J, 3), rest joints (n, J, 3), axes
    (n, J, 3, 3) about which each rotation parameter turns, and drift (n, J, 3, k): what a point carried rigidly by a
    joint gains from shape beyond its own."""

    G: Tensor
    o: Tensor
    rest: Tensor
    axes: Tensor
    drift: Tensor


def _spread_vertices(vertices: NDArray[np.float64], count: int) -> NDArray[np.intp]:
    """Indices of `count` vertices spread over the body, the tips of limbs, ears and tail first (farthest-point sampling)."""
    picked = [int(np.argmax(((vertices - vertices.mean(0)) ** 2).sum(1)))]
    distance = np.full(len(vertices), np.inf)
    while len(picked) < min(count, len(vertices)):
        distance = np.minimum(distance, ((vertices - vertices[picked[-1]]) ** 2).sum(1))
        picked.append(int(distance.argmax()))
    return np.array(picked)


def _tail_weight(model: AnimalModel) -> NDArray[np.float64]:
    """(V,) how much each vertex hangs on the tail's joints."""
    tail = ["tail" in name.lower() for name in model.joint_names]
    return np.asarray(model.weights)[:, tail].sum(1)


class BodyPoints:
    """A model with the shape spaces of the N animals of one image: betas = mean + basis z.

    mean (N, B); basis (N, B, k).
    """

    def __init__(self, model: AnimalModel, mean: Tensor, basis: Tensor) -> None:
        self.dtype, self.device = mean.dtype, mean.device
        self.mean, self.basis = mean, basis
        self.parents = model.parents.tolist()
        self.weights = self._tensor(model.weights)
        self.faces = model.faces
        shapedirs = self._tensor(model.shapedirs)
        self.template = self._tensor(model.v_template) + torch.einsum("vcb,nb->nvc", shapedirs, mean)
        self.directions = torch.einsum("vcb,nbk->nvck", shapedirs, basis)
        if model.J_regressor is None:
            self.joints = self._tensor(model.J).expand(len(mean), -1, -1)
            self.joint_directions = torch.zeros(*self.joints.shape, basis.shape[2], dtype=self.dtype, device=self.device)
        else:
            regressor = self._tensor(model.J_regressor)
            self.joints = regressor @ self.template
            self.joint_directions = torch.einsum("jv,nvck->njck", regressor, self.directions)
        self.posedirs = None if model.posedirs is None else self._tensor(model.posedirs)
        below = torch.eye(len(self.parents), dtype=self.dtype, device=self.device)
        for j in reversed(range(1, len(self.parents))):
            below[self.parents[j]] += below[j]
        spread = _spread_vertices(model.v_template, 300)
        tail = _tail_weight(model)[spread] > 0.5
        self.hull = torch.tensor(spread, device=self.device)
        self.trunk_hull = torch.tensor(spread[~tail] if not tail.all() else spread, device=self.device)
        self.below = below  # (J, J): 1 where the column's joint is the row's or hangs from it

    def _tensor(self, array: object) -> Tensor:
        return torch.tensor(array, dtype=self.dtype, device=self.device)

    def betas(self, h: Hypotheses) -> Tensor:
        """(n, B) betas of each hypothesis."""
        return self.mean[h.animal] + torch.einsum("nbk,nk->nb", self.basis[h.animal], h.z)

    def skeletons(self, h: Hypotheses) -> Skeletons:
        """Forward kinematics with derivatives."""
        directions = self.joint_directions[h.animal]
        rest = self.joints[h.animal] + torch.einsum("njck,nk->njc", directions, h.z)
        R = torch.cat([h.R0[:, None], rodrigues(h.theta)], 1)
        G: list[Tensor] = [R[:, 0]]
        o: list[Tensor] = [rest[:, 0] + h.trans]
        d_o: list[Tensor] = [directions[:, 0]]
        for j in range(1, len(self.parents)):
            p = self.parents[j]
            G.append(G[p] @ R[:, j])
            o.append(o[p] + (G[p] @ (rest[:, j] - rest[:, p])[..., None])[..., 0])
            d_o.append(d_o[p] + G[p] @ (directions[:, j] - directions[:, p]))
        orient = torch.stack(G, 1)
        inner = torch.cat([torch.eye(3, dtype=self.dtype, device=self.device).expand(len(h), 1, 3, 3),
                           right_jacobian(h.theta)], 1)
        return Skeletons(orient, torch.stack(o, 1), rest, orient @ inner, torch.stack(d_o, 1) - orient @ directions)

    def shaped(self, h: Hypotheses, ids: Tensor) -> Tensor:
        """Vertices ids (n, m) before skinning, with pose correctives: (n, m, 3)."""
        a = h.animal[:, None]
        x = self.template[a, ids] + (self.directions[a, ids] @ h.z[:, None, :, None])[..., 0]
        if self.posedirs is None:
            return x
        feature = (rodrigues(h.theta) - torch.eye(3, dtype=self.dtype, device=self.device)).flatten(1)
        return x + (self.posedirs[ids] @ feature[:, None, :, None])[..., 0]

    def vertices(self, h: Hypotheses, s: Skeletons | None = None, ids: Tensor | None = None) -> Tensor:
        """Vertices (n, m, 3) without derivatives: all of them, or the same ids (m,) of every hypothesis."""
        s = self.skeletons(h) if s is None else s
        ids = torch.arange(len(self.weights), device=self.device) if ids is None else ids
        shift = s.o - (s.G @ s.rest[..., None])[..., 0]
        affine = torch.cat([s.G, shift[..., None]], -1).flatten(2)
        blended = (self.weights[ids] @ affine).unflatten(-1, (3, 4))
        # One animal after another: the shape directions of all hypotheses at once would be many copies of the same.
        x = torch.empty(len(h), ids.shape[0], 3, dtype=self.dtype, device=self.device)
        for a in range(len(self.template)):
            mine = h.animal == a
            x[mine] = self.template[a, ids] + torch.einsum("nk,mck->nmc", h.z[mine], self.directions[a, ids])
        if self.posedirs is not None:
            feature = (rodrigues(h.theta) - torch.eye(3, dtype=self.dtype, device=self.device)).flatten(1)
            x = x + torch.einsum("mcp,np->nmc", self.posedirs[ids], feature)
        return (blended[..., :3] @ x[..., None])[..., 0] + blended[..., 3]

    def points(self, h: Hypotheses, s: Skeletons, ids: Tensor, combine: Tensor | None = None) -> tuple[Tensor, Motion]:
        """Vertices ids (n, m), or weighted means of them by combine (K, m): places (n, m or K, 3) and how they move."""
        w = self.weights[ids]
        shift = s.o - (s.G @ s.rest[..., None])[..., 0]
        x = self.shaped(h, ids)
        # Joints last, so that the sums over what hangs below each joint are one matrix product.
        carried = (x @ s.G.permute(0, 3, 2, 1).flatten(2)).unflatten(-1, (3, -1))
        carried = (carried + shift.transpose(1, 2)[:, None]) * w[:, :, None]
        place = carried.sum(-1)
        arm = carried @ self.below.T - (w @ self.below.T)[:, :, None] * s.o.transpose(1, 2)[:, None]
        blended = (w @ s.G.flatten(2)).unflatten(-1, (3, 3))
        shape = blended @ self.directions[h.animal[:, None], ids] + (w @ s.drift.flatten(2)).unflatten(-1, s.drift.shape[2:])
        if combine is not None:
            place, shape = combine @ place, torch.einsum("km,nmcd->nkcd", combine, shape)
            arm = (combine @ arm.flatten(2)).unflatten(-1, arm.shape[2:])
        return place, Motion(arm, shape, s.axes)


@dataclass(frozen=True)
class Motion:
    """How points (n, m) move with the parameters: arm (n, m, 3, J) from each joint's turning centre, shape
    (n, m, 3, k), and the axes (n, J, 3, 3) of turning, in columns."""

    arm: Tensor
    shape: Tensor
    axes: Tensor

    def along(self, g: Tensor) -> Tensor:
        """The derivatives (n, m, r, P) of `g · point` for directions g (n, m, r, 3).

        A turn about axis a moves the point by a x arm, and g · (a x arm) = a · (arm x g): only the r directions that are
        asked for are ever formed.
        """
        ax, ay, az = self.arm[:, :, None].unbind(-2)
        gx, gy, gz = g[..., None].unbind(-2)
        sx, sy, sz = ay * gz - az * gy, az * gx - ax * gz, ax * gy - ay * gx
        bx, by, bz = self.axes[:, None, None].unbind(-2)
        turn = (sx[..., None] * bx + sy[..., None] * by + sz[..., None] * bz).flatten(3)
        return torch.cat([turn, g, g @ self.shape, torch.zeros_like(g[..., :1])], -1)

    def take(self, index: Tensor | list[int]) -> Motion:
        """The motion of some of the points."""
        return Motion(self.arm[:, index], self.shape[:, index], self.axes)
