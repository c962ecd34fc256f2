"""Bone lengths that stay: joints' rotations found so that a skeleton of fixed bones passes where the joints were seen.

Equations 2 to 4 of "Animal lifting in space and time" (section 3.1.2): forward kinematics of rotations by Rodrigues' formula with one
set of bones for all frames of a clip, Adam on the distance to the joints and on how far joints move between frames. All frames of
all clips of a skeleton are solved together. The search begins where each joint alone fits its children best, not at zero: that is nearly
the solution, and some tens of steps do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ....animal.rotations import axis_angle_from_matrix
from ....animal.skeleton import Skeleton

Array = NDArray[np.float64]

_HINT = 1e-3  # how much a joint's parent says of a turn that the joint's children leave open
_BATCH = 512  # frames that are solved together; more do not fit a processor's cache


@dataclass(frozen=True)
class KinematicsSettings:
    """steps and rate (radians) of Adam; smoothness: the lambda of equation 3.

    lengths: "first": the bones of the first frame, as the paper has it; "median": their directions, with the median of
    each bone's length over the clip, which a bad first frame does not spoil.
    """

    steps: int = 80
    rate: float = 0.01
    smoothness: float = 0.02
    lengths: Literal["first", "median"] = "median"


def with_fixed_bones(
    skeleton: Skeleton, clips: Sequence[Array], settings: KinematicsSettings | None = None, device: str = "cpu"
) -> list[Array]:
    """Clips (F_i, J, 3) of one skeleton, each with bones of one length in all its frames, joints as near as that allows."""
    settings = settings or KinematicsSettings()
    done: list[Array] = []
    batch: list[Array] = []
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # batches are small: threads would wait for one another more than they work
    try:
        for number, clip in enumerate(clips):
            batch.append(clip)
            if number + 1 == len(clips) or sum(map(len, batch)) + len(clips[number + 1]) > _BATCH:
                done += _solved(skeleton, batch, settings, device)
                batch = []
    finally:
        torch.set_num_threads(threads)
    return done


def bones_at_rest(skeleton: Skeleton, clip: Array, lengths: str) -> Array:
    """(J, 3) from each joint's parent to it, 0 at the root: in the first frame, at their own or at the clip's median length."""
    parents = np.array(skeleton.parents)
    offsets = clip - clip[:, parents]
    offsets[:, skeleton.root] = 0.0
    bones = offsets[0]
    if lengths == "median":
        wanted, own = np.median(np.linalg.norm(offsets, axis=-1), axis=0), np.linalg.norm(bones, axis=-1)
        bones = bones * np.divide(wanted, own, out=np.ones_like(own), where=own > 1e-9)[:, None]
    return bones


def _solved(skeleton: Skeleton, clips: Sequence[Array], settings: KinematicsSettings, device: str) -> list[Array]:
    # Every animal is solved at size 1, so that rates and distances mean the same for a mouse and an elephant.
    sizes = np.array([max(float(np.ptp(clip, axis=1).max()), 1e-9) for clip in clips])
    which = np.repeat(np.arange(len(clips)), [len(clip) for clip in clips])
    seen = np.concatenate([clip / size for clip, size in zip(clips, sizes, strict=True)])
    bones = np.stack([bones_at_rest(skeleton, clip / size, settings.lengths) for clip, size in zip(clips, sizes, strict=True)])[which]
    chain = Chain(skeleton)
    target = torch.tensor(seen, dtype=torch.float32, device=device)
    offsets = torch.tensor(bones, dtype=torch.float32, device=device)
    turns = chain.first_guess(target, offsets).requires_grad_()
    root = target[:, skeleton.root].clone().requires_grad_()
    same = torch.tensor(which[1:] == which[:-1], device=device)  # neighbouring frames of one clip
    optimiser = torch.optim.Adam([turns, root], lr=settings.rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, max(settings.steps, 1), eta_min=0.02 * settings.rate)
    for _ in range(settings.steps):
        optimiser.zero_grad(set_to_none=True)
        joints = chain.forward(turns, root, offsets)
        loss = _length(joints - target).sum()
        loss = loss + settings.smoothness * _length(joints[1:] - joints[:-1])[same].sum()
        loss.backward()
        optimiser.step()
        schedule.step()
    with torch.no_grad():
        joints = chain.forward(turns.double(), root.double(), torch.tensor(bones, device=device)).cpu().numpy()
    return [joints[which == number] * size for number, size in enumerate(sizes)]


def _length(vectors: Tensor) -> Tensor:
    """(…,) lengths of vectors (…, 3), with a gradient at 0."""
    return (vectors.square().sum(dim=-1) + 1e-12).sqrt()


def rodrigues(turns: Tensor) -> Tensor:
    """Rotation matrices (…, 3, 3) of axis-angles (…, 3) in radians."""
    square = turns.square().sum(dim=-1, keepdim=True).unsqueeze(-1)
    angle = (square + 1e-12).sqrt()
    x, y, z = turns.unbind(-1)
    none = torch.zeros_like(x)
    cross = torch.stack([none, -z, y, z, none, -x, -y, x, none], dim=-1).reshape(*turns.shape, 3)
    eye = torch.eye(3, dtype=turns.dtype, device=turns.device)
    return eye + torch.sin(angle) / angle * cross + (1 - torch.cos(angle)) / (square + 1e-12) * (cross @ cross)


class Chain:
    """A skeleton's joints level by level, so that forward kinematics takes as many steps as the tree is deep.

    Only joints with children turn anything: `inner`, (I,) of them, in the order of the levels.
    """

    def __init__(self, skeleton: Skeleton) -> None:
        self.parents = np.array(skeleton.parents)
        depth = np.zeros(len(skeleton), np.int64)
        for joint in skeleton.order[1:]:
            depth[joint] = depth[self.parents[joint]] + 1
        has_child = np.isin(np.arange(len(skeleton)), self.parents)
        # Of each level first those that turn others, so that these are a slice of it.
        self.levels = [np.concatenate([level[has_child[level]], level[~has_child[level]]])
                       for level in (np.flatnonzero(depth == at) for at in range(int(depth.max()) + 1))]  # fmt: skip
        self.turning = [int(has_child[level].sum()) for level in self.levels]
        self.inner = np.concatenate([level[:count] for level, count in zip(self.levels, self.turning, strict=True)])
        place = {int(joint): at for level in self.levels for at, joint in enumerate(level)}
        self.above = [torch.tensor([place[int(self.parents[joint])] for joint in level]) for level in self.levels[1:]]
        self.back = torch.tensor(np.argsort(np.concatenate(self.levels)))

    def forward(self, turns: Tensor, root: Tensor, offsets: Tensor) -> Tensor:
        """Joints (F, J, 3) of the inner joints' axis-angles (F, I, 3), the root's places (F, 3) and bones (F, J, 3); equation 2."""
        local = rodrigues(turns).split(self.turning, dim=1)
        orient, place = local[0], root[:, None]
        places = [place]
        for number, above in enumerate(self.above, 1):
            above = above.to(root.device)
            held = orient.index_select(1, above)
            bones = offsets[:, self.levels[number]].unsqueeze(-1)
            place = place.index_select(1, above) + (held @ bones).squeeze(-1)
            orient = held[:, : self.turning[number]] @ local[number]
            places.append(place)
        return torch.cat(places, dim=1).index_select(1, self.back.to(root.device))

    def first_guess(self, joints: Tensor, offsets: Tensor) -> Tensor:
        """Axis-angles (F, I, 3): each joint turned, from the root outward, so that its children lie best where they are seen.

        What the children of a joint leave open (the twist of a bone with one child) is as its parent has it.
        """
        world: dict[int, Tensor] = {-1: torch.eye(3, dtype=torch.float64, device=joints.device).expand(len(joints), 3, 3)}
        turns = []
        for joint in self.inner:
            held = world[int(self.parents[joint])]
            children = np.flatnonzero(self.parents == joint)
            at, rest = (joints[:, children] - joints[:, [joint]]).double(), offsets[:, children].double()
            hint = _HINT * rest.square().sum(dim=(1, 2)).clamp(min=1e-12)[:, None, None] * held
            u, _, vh = torch.linalg.svd(at.transpose(1, 2) @ rest + hint)
            sign = torch.linalg.det(u @ vh)
            u = torch.cat([u[..., :2], u[..., 2:] * sign[:, None, None]], dim=-1)
            world[int(joint)] = u @ vh
            turns.append(_axis_angle(held.transpose(-1, -2) @ world[int(joint)]))
        return torch.stack(turns, dim=1).float() if turns else joints.new_zeros(len(joints), 0, 3)


def _axis_angle(matrix: Tensor) -> Tensor:
    """Axis-angles (F, 3) of rotation matrices (F, 3, 3)."""
    return torch.tensor(axis_angle_from_matrix(matrix.cpu().numpy()), dtype=matrix.dtype, device=matrix.device)
