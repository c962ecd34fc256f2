"""What the lifting networks are trained to make small, and the alignment that goes before it.

Equations are those of Object-Agnostic 3D Lifting in Space and Time. Padding (joints, frames) never counts.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .inputs import Lifted, Windows


def rotation_between(source: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """The rotations (…, 3, 3), det +1, that take centred points source (…, K, 3) nearest to target: target ~ source @ R
    (eq. 13). weight (…, K). Computed in float32 without gradient: it is where the minimum is, so its own change adds nothing to first
    order, and the SVD's derivative explodes where two singular values are alike."""
    with torch.no_grad(), torch.autocast(source.device.type, enabled=False):
        product = (source.float() * weight[..., None]).transpose(-1, -2) @ target.float()
        u, _, vt = torch.linalg.svd(product)
        sign = torch.ones_like(product[..., 0])
        sign[..., 2] = torch.linalg.det(u @ vt)
        return (u * sign[..., None, :]) @ vt


def centred(points: Tensor, weight: Tensor) -> Tensor:
    """points (…, K, 3) about their weighted mean; weight (…, K)."""
    total = weight.sum(-1, keepdim=True).clamp(min=1e-9)
    return points - ((points * weight[..., None]).sum(-2) / total).unsqueeze(-2)


def scale_between(source: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """The factors (…) that take centred source (…, K, 3) nearest to target; with gradient."""
    dot = (source * target * weight[..., None]).sum((-1, -2))
    return dot / (source.square() * weight[..., None]).sum((-1, -2)).clamp(min=1e-9)


def align_frames(positions: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """positions (B, T, J, 3), each frame centred, turned and scaled to its target (eqs 13, 14)."""
    source, goal = centred(positions, weight), centred(target, weight)
    turned = source @ rotation_between(source, goal, weight)
    return turned * scale_between(turned, goal, weight)[..., None, None]


def align_windows(positions: Tensor, target: Tensor, weight: Tensor, turn: bool = True) -> Tensor:
    """positions (B, T, J, 3), each frame centred, with one scale and (`turn`) one rotation for each window (eq. 17)."""
    source, goal = centred(positions, weight), centred(target, weight)
    b, t, j, _ = source.shape
    flat, flat_goal, flat_weight = (x.reshape(b, t * j, *x.shape[3:]) for x in (source, goal, weight))
    turned = flat @ rotation_between(flat, flat_goal, flat_weight) if turn else flat
    return (turned * scale_between(turned, flat_goal, flat_weight)[..., None, None]).view(b, t, j, 3)


def weight_of(windows: Windows) -> Tensor:
    """(B, T, J) 1 for what counts, 0 for padding."""
    return (windows.joints[:, None] & windows.frames[..., None]).to(windows.points.dtype)


def paper_loss(lifted: Lifted, windows: Windows, velocity: float, procrustes: bool) -> dict[str, Tensor]:
    """Squared errors after alignment of each frame and squared errors of velocities (eqs 15, 16), means in place of sums.

    procrustes False: in camera axes as they come (Table 6's other rows).
    """
    target, weight = _target(windows), weight_of(windows)
    goal = centred(target, weight)
    ours = align_frames(lifted.positions, target, weight) if procrustes else centred(lifted.positions, weight)
    pose = _mean((ours - goal).square().sum(-1), weight)
    speed = _mean((_steps(ours) - _steps(goal)).square().sum(-1), weight[:, 1:] * weight[:, :-1])
    return {"loss": pose + velocity * speed, "pose": pose.detach(), "velocity": speed.detach()}


def motionbert_loss(lifted: Lifted, windows: Windows, velocity: float = 20.0, scaled: float = 0.5) -> dict[str, Tensor]:
    """MotionBERT's: mean distance, velocities, and distance after one scale for each frame."""
    target, weight = _target(windows), weight_of(windows)
    goal, ours = centred(target, weight), centred(lifted.positions, weight)
    pose = _mean(_length(ours - goal), weight)
    speed = _mean(_length(_steps(ours) - _steps(goal)), weight[:, 1:] * weight[:, :-1])
    fitted = ours * scale_between(ours, goal, weight)[..., None, None]
    size = _mean(_length(fitted - goal), weight)
    return {"loss": pose + velocity * speed + scaled * size, "pose": pose.detach(), "velocity": speed.detach()}


def bestiary_loss(
    lifted: Lifted, windows: Windows, velocity: float = 5.0, bones: float = 0.5, aligned: float = 1.0, sure: float = 0.2,
) -> dict[str, Tensor]:
    """Ours: distances in camera axes and after one rotation and scale for the window, velocities, the spread of each bone's
    length over the window, and the likelihood of the errors under a Laplace distribution of the scale that the network gives.

    A window's scale is matched before all but the likelihood, since size and depth cannot be told apart.
    """
    target, weight = _target(windows), weight_of(windows)
    goal = centred(target, weight)
    ours = align_windows(lifted.positions, target, weight, turn=False)
    pose = _mean(_length(ours - goal), weight)
    turned = _mean(_length(align_windows(lifted.positions, target, weight) - goal), weight)
    speed = _mean(_length(_steps(ours) - _steps(goal)), weight[:, 1:] * weight[:, :-1])
    spread = _bone_spread(ours, windows, weight)
    parts = {"pose": pose, "turned": turned, "velocity": speed, "bones": spread}
    loss = pose + aligned * turned + velocity * speed + bones * spread
    if lifted.log_b is not None:
        log_b = lifted.log_b.clamp(-6, 3)
        error = (ours - goal).abs().sum(-1).detach()
        doubt = _mean(error * torch.exp(-log_b) + 3 * log_b, weight)
        parts["doubt"] = doubt
        loss = loss + sure * doubt
    return {"loss": loss, **{name: value.detach() for name, value in parts.items()}}


def _bone_spread(positions: Tensor, windows: Windows, weight: Tensor) -> Tensor:
    """Mean over bones of the standard deviation of their lengths over the window."""
    upper = torch.triu(windows.adjacency, diagonal=1) & windows.joints[:, None] & windows.joints[:, :, None]
    window, first, second = upper.nonzero(as_tuple=True)
    if not len(window):
        return positions.new_zeros(())
    length = _length(positions[window, :, first] - positions[window, :, second])
    share = weight[window, :, first]
    total = share.sum(1).clamp(min=1)
    mean = (length * share).sum(1, keepdim=True) / total[:, None]
    return (((length - mean).square() * share).sum(1) / total + 1e-8).sqrt().mean()


def _target(windows: Windows) -> Tensor:
    if windows.target is None:
        raise ValueError("these windows have no target to learn from")
    return windows.target


def _steps(x: Tensor) -> Tensor:
    return x[:, 1:] - x[:, :-1]


def _length(x: Tensor) -> Tensor:
    return (x.square().sum(-1) + 1e-10).sqrt()


def _mean(values: Tensor, weight: Tensor) -> Tensor:
    return (values * weight).sum() / weight.sum().clamp(min=1)
