"""Trees of any shape, and any rig at all, in smooth random motion about how they rest."""

from __future__ import annotations

import torch
from torch import Tensor

from .noise import smooth_noise, uniform


def ancestors(parents: Tensor) -> Tensor:
    """(…, J, J) float: 1 where the second joint is the first one or above it; parents (…, J), -1 at roots.

    The product with the bones' vectors gives the joints' places: equation 5 for all joints and poses at once.
    """
    size = parents.shape[-1]
    reach = torch.nn.functional.one_hot(parents.clamp_min(0), size).float() * (parents >= 0)[..., None]
    reach = reach + torch.eye(size, device=parents.device)
    for _ in range(max(size - 1, 1).bit_length()):
        reach = (reach @ reach).clamp_max(1.0)
    return reach


def turned(vectors: Tensor, turns: Tensor) -> Tensor:
    """Vectors (…, 3) turned by rotation vectors (…, 3) in radians (Rodrigues)."""
    square = (turns * turns).sum(-1, keepdim=True)
    angle = square.clamp_min(1e-12).sqrt()
    sine, versine = torch.sin(angle) / angle, (1 - torch.cos(angle)) / square.clamp_min(1e-12)
    cross = torch.linalg.cross(turns, vectors, dim=-1)
    return vectors + sine * cross + versine * torch.linalg.cross(turns, cross, dim=-1)


def tree_motions(count: int, frames: int, fps: float, most: int, generator: torch.Generator) -> tuple[Tensor, ...]:
    """Positions, joints, adjacency, sides, parents as in `EndlessMotions` of random trees of 8 to `most` joints."""
    from .motion import adjacency_of

    device = generator.device
    size = torch.randint(8, most + 1, (count, 1), generator=generator, device=device)
    index = torch.arange(most, device=device)
    joints = index < size
    # Mostly chains; some joints begin a branch a little way back.
    back = torch.randint(1, 9, (count, most), generator=generator, device=device)
    back = torch.where(torch.rand((count, most), generator=generator, device=device) < 0.65, 1, back)
    parents = torch.where(joints, (index - torch.minimum(back, index)).expand(count, -1), -1)
    parents[:, 0] = -1
    way = torch.randn((count, most, 3), generator=generator, device=device)
    reach = ancestors(parents)
    way = torch.nn.functional.normalize(reach @ way * 0.5 + way, dim=-1)
    length = torch.exp(0.4 * torch.randn((count, most, 1), generator=generator, device=device))
    bones = way * length * (joints & (parents >= 0))[..., None] * torch.exp(uniform((count, 1, 1), -3.0, -1.0, generator))
    positions = sway(bones, reach, frames, fps, generator, uniform((count, 1, 1, 1), 0.1, 0.45, generator))
    positions[..., 2] -= torch.where(joints[:, None], positions[..., 2], torch.inf).amin((1, 2))[:, None, None]
    positions = positions * joints[:, None, :, None]
    return positions, joints, adjacency_of(parents, joints), torch.zeros_like(parents), parents


def sway(bones: Tensor, reach: Tensor, frames: int, fps: float, generator: torch.Generator, wide: Tensor | float) -> Tensor:
    """Positions (B, F, J, 3) of trees whose bones (B, J, 3) turn smoothly, each with all that hangs on it.

    reach (B, J, J): `ancestors`; wide: how far a joint turns against its parent, radians, broadcast to (B, F, J, 3).
    """
    count, size = bones.shape[:2]
    device = bones.device
    tempo = uniform((count, 1), 0.4, 1.6, generator)
    times = tempo * torch.arange(frames, device=device) / fps
    turns = smooth_noise(times, 3 * size, (0.1, 1.2), generator).unflatten(-1, (size, 3)) * wide
    turns = reach[:, None] @ turns
    moved = turned(bones[:, None].expand_as(turns), turns)
    drift = smooth_noise(times, 3, (0.1, 0.5), generator)[:, :, None] * bones.norm(dim=-1).mean(1)[:, None, None, None]
    return reach[:, None] @ moved + drift
