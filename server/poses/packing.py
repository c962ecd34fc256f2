"""From the places of a plan to skeletons: only the joints that are there, each with a parent, padded to one number."""

from __future__ import annotations

import torch
from torch import Tensor

from .noise import chance
from .plans import Animals

Packed = tuple[Tensor, Tensor, Tensor, Tensor, Tensor]


def pack(animals: Animals, points: Tensor, most: int, generator: torch.Generator, turned: float = 0.5) -> Packed:
    """Positions, joints, adjacency, sides, parents (see `motion.EndlessMotions`) of the places' points (B, F, P, 3).

    Places that are not there leave, and what hung on them hangs on what they hung on. most: joints of a skeleton; ends of the tree
    leave until it has no more. turned: in how many the root is another joint than the pelvis.
    """
    plan, there = animals.plan, kept(animals, most)
    device, count = points.device, len(points)
    parents = _near(plan.parents, there)
    parents = _rerooted(parents, there, generator, turned)
    size = int(there.sum(1).max())
    order = torch.argsort((~there).to(torch.uint8), dim=1, stable=True)[:, :size]
    joints = there.gather(1, order)
    new = torch.zeros_like(there, dtype=torch.long).scatter_(1, order, torch.arange(size, device=device).expand(count, -1))
    old = parents.gather(1, order)
    parent = torch.where(joints & (old >= 0), new.gather(1, old.clamp_min(0)), -1)
    sides = torch.where(joints, torch.tensor(plan.sides, device=device)[order], 0)
    chosen = points.gather(2, order[:, None, :, None].expand(-1, points.shape[1], -1, 3)) * joints[:, None, :, None]
    return chosen, joints, adjacency_of(parent, joints), sides, parent


def kept(animals: Animals, most: int) -> Tensor:
    """Places (B, P) that are joints of skeletons of at most `most` joints: ends of the tree leave first, then the last limbs' ends."""
    there = animals.there
    if animals.plan.spare:
        ends = torch.tensor(animals.plan.spare, device=there.device)
        have = there[:, ends]
        surplus = there.sum(1, keepdim=True) - most
        there = there.clone()
        there[:, ends] = have & (have.long().cumsum(1) > surplus)
    return there & (there.long().cumsum(1) <= most)


def _near(parents: tuple[int, ...], there: Tensor) -> Tensor:
    """The nearest ancestor (B, P) that is there, -1 where none is."""
    near, above = [], []
    for place, parent in enumerate(parents):
        up = near[parent] if parent >= 0 else torch.full_like(there[:, 0], -1, dtype=torch.long)
        above.append(up)
        near.append(torch.where(there[:, place], place, up))
    return torch.stack(above, 1)


def _rerooted(parents: Tensor, there: Tensor, generator: torch.Generator, share: float) -> Tensor:
    """The same trees (B, P) seen from another root in a share of them: rigs begin at the hips, the neck, the chest."""
    count = len(parents)
    weight = there.float()
    joint = torch.multinomial(weight, 1, generator=generator)
    joint = torch.where(chance((count, 1), share, generator), joint, -1)
    parents = parents.clone()
    before = torch.full_like(joint, -1)
    for _ in range(parents.shape[1]):
        walking = joint >= 0
        if not walking.any():
            break
        place = joint.clamp_min(0)
        after = parents.gather(1, place)
        parents.scatter_(1, place, torch.where(walking, before, after))
        before, joint = joint, torch.where(walking, after, -1)
    return parents


def adjacency_of(parents: Tensor, joints: Tensor) -> Tensor:
    """(B, J, J) bool: bones and the diagonal, for parents (B, J) and joints (B, J) that are there."""
    count, size = parents.shape
    bones = torch.zeros((count, size, size + 1), dtype=torch.bool, device=parents.device)
    bones.scatter_(2, torch.where(parents >= 0, parents, size)[..., None], True)
    bones = bones[..., :size]
    return bones | bones.transpose(1, 2) | torch.diag_embed(joints)
