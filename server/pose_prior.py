"""The pose prior in torch: the mixture of `animal/pose_prior.py` as a module whose scores have gradients."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from ..animal.pose_prior import PosePrior


class TorchPosePrior(nn.Module):
    """Scores and samples poses (…, J-1, 3) radians; moves with `.to(device)`, holds nothing to be trained.

    Sums are kept in the dtype given here: a density over a hundred dimensions wants float64 where gradients are compared.
    """

    weights: Tensor
    means: Tensor
    whitening: Tensor
    cholesky: Tensor

    def __init__(
        self, prior: PosePrior, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32
    ) -> None:
        super().__init__()
        self.joints = prior.means.shape[1]
        flat = prior.means.reshape(prior.n_components, -1)
        arrays = {"weights": prior.weights, "means": flat, "whitening": prior.whitening, "cholesky": prior.cholesky}
        for name, array in arrays.items():
            self.register_buffer(name, torch.tensor(array, dtype=dtype, device=device))

    def component_log_densities(self, poses: Tensor) -> Tensor:
        """log(weight of m times density under m) as (…, M)."""
        off = poses.flatten(-2)[..., None, :] - self.means
        z = torch.einsum("mij,...mj->...mi", self.whitening, off)
        volume = self.cholesky.diagonal(dim1=1, dim2=2).log().sum(1)
        constant = self.weights.log() - volume - 0.5 * off.shape[-1] * math.log(2 * math.pi)
        return constant - 0.5 * (z**2).sum(-1)

    def log_prob(self, poses: Tensor) -> Tensor:
        """The logarithm of the density (…), per radian^D."""
        return self.component_log_densities(poses).logsumexp(-1)

    forward = log_prob

    def sample(self, count: int, generator: torch.Generator | None = None, temperature: float = 1.0) -> Tensor:
        """Draw poses (count, J-1, 3); `generator` lives on the prior's device."""
        which = torch.multinomial(self.weights, count, replacement=True, generator=generator)
        noise = torch.randn(
            count, self.means.shape[1], generator=generator, dtype=self.means.dtype, device=self.means.device
        )
        turned = (self.cholesky[which] @ noise[..., None])[..., 0]
        return (self.means[which] + temperature * turned).unflatten(-1, (self.joints, 3))
