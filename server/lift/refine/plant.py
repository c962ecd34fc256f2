"""Feet made to stand exactly: the least turn of bones and shift of the root that puts each planted joint where it belongs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .bones import Tree
from .contacts import Contact
from .solve import State, frames_of

Array = NDArray[np.float64]

BLEND_SECONDS = 0.1
_ROOT_STIFFNESS = 4.0
"""The root gives way this much less readily than a bone's end."""
_CHUNK = 512


def targets(X: Array, contacts: Sequence[Contact], places: Array, blend: int) -> tuple[Array, NDArray[np.bool_]]:
    """Where joints X (F, J, 3) have to be, (F, J, 3), and which, (F, J): in `places` (N, 3) during contacts; before and after,
    the way to there fades over `blend` frames, so that a foot does not jump."""
    goal, held = X.copy(), np.zeros(X.shape[:2], bool)
    fade = np.zeros(X.shape[:2])
    for contact, place in zip(contacts, places, strict=True):
        for step in range(1, blend + 1):
            share = 0.5 + 0.5 * np.cos(np.pi * step / (blend + 1))
            for frame, edge in ((contact.first - step, contact.first), (contact.last + step, contact.last)):
                if 0 <= frame < len(X) and not held[frame, contact.joint] and share > fade[frame, contact.joint]:
                    goal[frame, contact.joint] = X[frame, contact.joint] + share * (place - X[edge, contact.joint])
                    fade[frame, contact.joint] = share
        goal[contact.first : contact.last + 1, contact.joint] = place
        held[contact.first : contact.last + 1, contact.joint] = True
    return goal, held | (fade > 0)


def plant(tree: Tree, state: State, goal: Array, wanted: NDArray[np.bool_], rounds: int = 30, within: float = 1e-7) -> State:
    """The nearest motion whose wanted (F, J) joints are at goal (F, J, 3): Newton's steps of least size, frame by frame."""
    joints = np.flatnonzero(wanted.any(0))
    if not len(joints):
        return state
    frames = np.flatnonzero(wanted.any(1))
    root, directions = state.root.clone(), state.directions.clone()
    lengths = state.lengths[tree.group]
    above = tree.above[joints]
    for i in range(0, len(frames), _CHUNK):
        part = torch.as_tensor(frames[i : i + _CHUNK])
        aim = torch.as_tensor(goal[frames[i : i + _CHUNK]][:, joints])
        mask = torch.as_tensor(wanted[frames[i : i + _CHUNK]][:, joints])
        root[part], directions[:, part] = _plant(above, lengths, root[part], directions[:, part], aim, mask, rounds, within)
    return State(root, directions, state.lengths)


def _plant(above: Tensor, lengths: Tensor, root: Tensor, directions: Tensor, aim: Tensor, mask: Tensor, rounds: int,
           within: float) -> tuple[Tensor, Tensor]:
    frames, feet = mask.shape
    bones = len(lengths)
    for _ in range(rounds):
        at = root[:, None] + torch.einsum("kb,bfx->fkx", above, directions * lengths[:, None, None])
        off = torch.where(mask[..., None], aim - at, 0.0).reshape(frames, -1)
        if float(off.abs().max()) < within:
            break
        basis = frames_of(directions)  # (B, f, 3, 2): unknowns are how far each bone's end moves
        C = torch.einsum("kb,bfxi->fkxbi", above, basis).reshape(frames, feet, 3, 2 * bones)
        C = torch.cat([C, torch.eye(3, dtype=C.dtype).expand(frames, feet, 3, 3) / _ROOT_STIFFNESS], 3)
        C = torch.where(mask[..., None, None], C, 0.0).reshape(frames, 3 * feet, -1)
        square = C @ C.transpose(1, 2)
        free = torch.where(mask.repeat_interleave(3, 1), 1e-6, 1.0)
        move = (C.transpose(1, 2) @ torch.linalg.solve(square + torch.diag_embed(free), off)[..., None])[..., 0]
        turns = move[:, : 2 * bones].reshape(frames, bones, 2).transpose(0, 1) / lengths[:, None, None]
        turns = turns / torch.clamp(turns.norm(dim=-1, keepdim=True) / 0.5, min=1.0)
        directions = torch.nn.functional.normalize(directions + (basis @ turns[..., None])[..., 0], dim=-1)
        root = root + move[:, 2 * bones :] / _ROOT_STIFFNESS
    return root, directions
