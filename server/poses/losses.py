"""What a pose should be: left as long as right, edges along the true ones and as long. Equations 8 to 11 of the pose synthesis paper."""

from __future__ import annotations

import torch
from torch import Tensor

from .spherical import vectors_of


def symmetry_loss(local: Tensor, pairs: Tensor) -> Tensor:
    """Equation 8: mean square of what left lengths differ from right ones; local (B, E, 3), pairs (n, 2) edges. 0 without pairs."""
    if not len(pairs):
        return local.sum() * 0
    r = local[..., 0]
    return (r[:, pairs[:, 0]] - r[:, pairs[:, 1]]).square().mean()


def direction_loss(local: Tensor, vectors: Tensor) -> Tensor:
    """Equation 9: minus the mean cosine between the edges of local (B, E, 3) and true vectors (B, E, 3); -1 is best."""
    along = vectors_of(torch.cat([torch.ones_like(local[..., :1]), local[..., 1:]], dim=-1))
    return -(along * torch.nn.functional.normalize(vectors, dim=-1)).sum(dim=-1).mean()


def length_loss(local: Tensor, vectors: Tensor) -> Tensor:
    """Equation 10: mean square of what lengths differ from the true vectors' (B, E, 3)."""
    return (local[..., 0] - vectors.norm(dim=-1)).square().mean()


def pose_loss(local: Tensor, vectors: Tensor, pairs: Tensor) -> dict[str, Tensor]:
    """Equation 11, "loss" = "sym" + "el" + "ed", and its parts."""
    parts = {"sym": symmetry_loss(local, pairs), "el": length_loss(local, vectors), "ed": direction_loss(local, vectors)}
    return {"loss": parts["sym"] + parts["el"] + parts["ed"], **parts}


def joint_error(found: Tensor, true: Tensor) -> Tensor:
    """(B,) mean distance of joints (B, J, 3) from the true ones once centred and scaled by least squares, as a share of the
    true pose's size (the root mean square distance of its joints from their centre)."""
    found, true = found - found.mean(dim=1, keepdim=True), true - true.mean(dim=1, keepdim=True)
    scale = (found * true).sum((1, 2)) / found.square().sum((1, 2)).clamp_min(1e-12)
    size = true.square().sum(-1).mean(-1).sqrt().clamp_min(1e-12)
    return (found * scale.clamp_min(0)[:, None, None] - true).norm(dim=-1).mean(dim=1) / size
