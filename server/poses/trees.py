"""Trees of any shape, and any rig at all, in smooth random motion about how they rest."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from ...animal.skeleton import Skeleton
from .acting import standing
from .noise import smooth_noise, uniform
from .packing import Packed, adjacency_of, kept, pack
from .plans import KINDS, draw_animals
from .ranges import widths_of


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


def tree_motions(count: int, frames: int, fps: float, most: int, generator: torch.Generator) -> Packed:
    """Positions, joints, adjacency, sides, parents as in `EndlessMotions` of random trees of 8 to `most` joints."""
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


def random_tree(generator: torch.Generator, kind: str | None = None, most: int = 40) -> tuple[Skeleton, NDArray[np.float64]]:
    """A skeleton of 8 to `most` named joints and its rest positions (J, 3): metres, x forward, y left, z up, feet at z = 0.

    kind: one of KINDS, or "tree" for one like no animal; without it any, as often as KINDS says. The same generator state
    gives the same tree. Raises ValueError for an unknown kind.
    """
    names = (*KINDS, "tree")
    if kind is None:
        odds = torch.tensor([*(share for _, share, _ in KINDS.values()), 0.5], device=generator.device)
        kind = names[int(torch.multinomial(odds, 1, generator=generator))]
    if kind == "tree":
        positions, joints, _, _, parents = (x[0] for x in tree_motions(1, 1, 1.0, most, generator))
        count = int(joints.sum())
        skeleton = Skeleton(tuple(f"joint_{i}" for i in range(count)), tuple(parents[:count].tolist()))
        return skeleton, positions[0, :count].double().cpu().numpy()
    if kind not in KINDS:
        raise ValueError(f"no kind is called {kind}; kinds are {', '.join(names)}")
    animals = draw_animals(kind, 1, generator)
    places, joints, _, _, parents = (x[0] for x in pack(animals, standing(animals)[:, None], most, generator, turned=0.0))
    count = int(joints.sum())
    rest = places[0, :count].double().cpu().numpy()
    names_left = [name for name, here in zip(animals.plan.names, kept(animals, most)[0].tolist(), strict=True) if here]
    return Skeleton(tuple(names_left), tuple(parents[:count].tolist())), rest


def rig_motions(
    skeleton: Skeleton, rest: ArrayLike, count: int, frames: int, fps: float, generator: torch.Generator, wide: float = 0.5,
) -> Tensor:
    """Smooth random motions (count, F, J, 3) of any rig about its rest positions (J, 3), in their unit, bones of constant length.

    Each joint turns by up to `wide` times what `ranges.WIDTHS` gives its part, and all that hangs on it turns too.
    Raises ValueError for rest positions of another shape.
    """
    places = torch.as_tensor(np.asarray(rest, np.float64), dtype=torch.float32, device=generator.device)
    if places.shape != (len(skeleton), 3) or not bool(torch.isfinite(places).all()):
        raise ValueError(f"rest: must be ({len(skeleton)}, 3) finite numbers, got {tuple(places.shape)}")
    parents = torch.tensor(skeleton.parents, device=generator.device)
    bones = torch.where((parents >= 0)[:, None], places - places[parents.clamp_min(0)], 0.0)
    widths = torch.as_tensor(widths_of(skeleton), dtype=torch.float32, device=generator.device)
    reach = ancestors(parents)[None].expand(count, -1, -1)
    moved = sway(bones[None].expand(count, -1, -1), reach, frames, fps, generator, wide * widths[:, None])
    return moved + places[skeleton.root]
