"""The skinned body and its exact derivatives: where chosen vertices are, and how they move with every parameter.

A Levenberg-Marquardt step needs Jacobians, not gradients. For linear blend skinning they are cheap in closed form: a
joint's rotation moves a point about that joint by the share of its skinning weight that hangs below the joint, and
shape moves it through the blended rotation. Pose correctives (posedirs) move points but are left out of the
derivatives, where they are second-order.

Everything is in camera axes and model units, for n hypotheses at once; `k` shape coordinates per animal.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
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
        self.posedirs = None if model.posedirs is None else self._tensor(model.posedirs).flatten(0, 1)
        below = torch.eye(len(self.parents), dtype=self.dtype, device=self.device)
        for j in reversed(range(1, len(self.parents))):
            below[self.parents[j]] += below[j]
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

    def shaped(self, h: Hypotheses, ids: Tensor | None = None) -> Tensor:
        """Vertices (n, m, 3) before skinning, with pose correctives: all of them, or those of ids (n, m)."""
        if ids is None:
            x = self.template[h.animal] + torch.einsum("nvck,nk->nvc", self.directions[h.animal], h.z)
        else:
            a = h.animal[:, None]
            x = self.template[a, ids] + torch.einsum("nvck,nk->nvc", self.directions[a, ids], h.z)
        if self.posedirs is None:
            return x
        feature = (rodrigues(h.theta) - torch.eye(3, dtype=self.dtype, device=self.device)).flatten(1)
        offsets = (feature @ self.posedirs.T).reshape(len(h), -1, 3)
        return x + (offsets if ids is None else offsets.gather(1, ids[..., None].expand(-1, -1, 3)))

    def vertices(self, h: Hypotheses, s: Skeletons | None = None) -> Tensor:
        """All vertices (n, V, 3), without derivatives."""
        s = self.skeletons(h) if s is None else s
        shift = s.o - (s.G @ s.rest[..., None])[..., 0]
        affine = torch.cat([s.G, shift[..., None]], -1).flatten(2)
        blended = (self.weights @ affine).unflatten(-1, (3, 4))
        return (blended[..., :3] @ self.shaped(h)[..., None])[..., 0] + blended[..., 3]

    def points(self, h: Hypotheses, s: Skeletons, ids: Tensor) -> tuple[Tensor, Tensor]:
        """Vertices ids (n, m): where they are (n, m, 3), and their derivatives (n, m, 3, P) by all parameters."""
        w = self.weights[ids]
        x = self.shaped(h, ids)
        shift = s.o - (s.G @ s.rest[..., None])[..., 0]
        carried = torch.einsum("njab,nmb->nmja", s.G, x) + shift[:, None]
        carried = carried * w[..., None]
        place = carried.sum(2)
        arm = torch.einsum("ji,nmic->nmjc", self.below, carried) - (w @ self.below.T)[..., None] * s.o[:, None]
        axes = s.axes.transpose(-1, -2)[:, None]
        turn = torch.linalg.cross(axes, arm[..., None, :].expand(*arm.shape[:3], 3, 3), dim=-1)
        turn = turn.flatten(2, 3).transpose(-1, -2)
        blended = torch.einsum("nmj,njab->nmab", w, s.G)
        shape = blended @ self.directions[h.animal[:, None], ids] + torch.einsum("nmj,njck->nmck", w, s.drift)
        slide = torch.eye(3, dtype=self.dtype, device=self.device).expand(*place.shape, 3)
        still = torch.zeros(*place.shape, 1, dtype=self.dtype, device=self.device)
        return place, torch.cat([turn, slide, shape, still], -1)
