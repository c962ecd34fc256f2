"""A step's equations solved nearly exactly: all frames' directions and roots, joined through time by smoothness, and lengths.

What is left out (that a planted foot's frames are about one place) conjugate gradients make good in a few rounds.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .banded import BlockBand
from .bones import Tree

MOST_BONES = 110
"""With more bones than this each bone is solved for itself: a frame's matrix grows with their square."""
_CHUNK = 1 << 23
_DOUBLE_BYTES = 1 << 31
"""Factors larger than this are kept in single precision."""


@dataclass(frozen=True, eq=False)
class Curvature:
    """What the Gauss-Newton matrix is made of, in the camera's axes of each frame.

    moves (F, 3, n): how a joint moves with each unknown that carries it; carried (J, n) 1 where it does; the unknowns are
    two turns of each bone, then the root's three places. blocks (J, F, 3, 3): each joint's own curvature; centred (J, F): the
    part of it that counts from the weighted middle. still (3, J, J): smoothness of second differences in time; link (F - 2,).
    feet (K,) joints that rest (K, F - 1) from a frame to the next, or None.
    """

    moves: Tensor
    carried: Tensor
    blocks: Tensor
    centred: Tensor
    still: Tensor
    link: Tensor
    feet: Tensor | None = None
    rest: Tensor | None = None


def moves_of(tree: Tree, basis: Tensor, bone_lengths: Tensor, R: Tensor) -> tuple[Tensor, Tensor]:
    """`Curvature.moves` and `.carried` of bones with bases (B, F, 3, 2) and lengths (B, 1), seen by cameras R (F or 1, 3, 3)."""
    bones, frames = basis.shape[:2]
    turned = (R @ (basis * bone_lengths[..., None, None])).permute(1, 2, 0, 3).reshape(frames, 3, 2 * bones)
    carried = torch.cat([tree.above.repeat_interleave(2, 1), torch.ones_like(tree.above[:, :1]).expand(-1, 3)], 1)
    return torch.cat([turned, R.expand(frames, 3, 3)], 2), carried


class Banded:
    """The inverse of the matrix over directions and roots: rows (F, n, k) -> (F, n, k)."""

    def __init__(self, c: Curvature) -> None:
        frames, _, n = c.moves.shape
        kind = torch.float64 if 24 * frames * n * n < _DOUBLE_BYTES else torch.float32
        diagonal = torch.empty(frames, n, n, dtype=kind)
        first = torch.empty(max(frames - 1, 0), n, n, dtype=kind)
        second = torch.empty(max(frames - 2, 0), n, n, dtype=kind)
        still = torch.einsum("ja,xjk,kb->xab", c.carried, c.still, c.carried)
        padded = torch.cat([c.link.new_zeros(2), c.link, c.link.new_zeros(2)])
        own = (padded[:-2] + 4 * padded[1:-1] + padded[2:])[:frames]
        next_one = -2 * (padded[1:-2] + padded[2:-1])
        size = max(1, _CHUNK // (n * n))
        for i in range(0, frames, size):
            part = slice(i, i + size)
            diagonal[part] = (_data(c, part) + own[part, None, None] * _between(c.moves[part], still, c.moves[part])).to(kind)
            for shift, out, weight in ((1, first, next_one), (2, second, c.link)):
                later = c.moves[i + shift : i + size + shift]
                here = slice(i, i + len(later))
                joined = weight[here, None, None] * _between(later, still, c.moves[here])
                if shift == 1 and c.feet is not None and c.rest is not None:
                    joined -= _resting(c, later, c.moves[here], c.rest[:, here])
                out[here] = joined.to(kind)
        self.factor = BlockBand(diagonal.numpy(), first.numpy(), second.numpy())

    def __call__(self, rows: Tensor) -> Tensor:
        """The solution for right sides."""
        kind = self.factor.inverse.dtype
        return torch.from_numpy(self.factor.solve(rows.numpy().astype(kind))).to(rows.dtype)


def _between(rows: Tensor, weight: Tensor, columns: Tensor) -> Tensor:
    """Σ over axes of rows (f, 3, n) x weight (3, n, n) x columns (f, 3, n) -> (f, n, n)."""
    out = rows[:, 0, :, None] * weight[0] * columns[:, 0, None, :]
    for axis in (1, 2):
        out += rows[:, axis, :, None] * weight[axis] * columns[:, axis, None, :]
    return out


def _resting(c: Curvature, later: Tensor, here: Tensor, rest: Tensor) -> Tensor:
    """(f, n, n): what joins the unknowns of two frames in which feet rest, rows of the later one."""
    carried = c.carried[c.feet][None, :, None]  # (1, K, 1, n)
    rows = (later[:, None] * carried * rest.T[:, :, None, None]).flatten(1, 2)
    return rows.transpose(1, 2) @ (here[:, None] * carried).flatten(1, 2)


def _data(c: Curvature, part: slice) -> Tensor:
    """(f, n, n): the frames' own matrices."""
    moves, blocks, centred = c.moves[part], c.blocks[:, part], c.centred[:, part]
    frames, _, n = moves.shape
    bones = (n - 3) // 2
    above = c.carried[:, : n - 3 : 2]
    flat = blocks.permute(0, 2, 3, 1).reshape(len(above), -1)
    pairs = (above[:, :, None] * above[:, None, :]).reshape(len(above), -1)  # joints below both bones
    shared = (pairs.T @ flat).reshape(bones, bones, 3, 3, frames).permute(4, 2, 3, 0, 1).contiguous()
    turns = moves[..., : n - 3].reshape(frames, 3, bones, 2)
    H = moves.new_empty(frames, n, n)
    own = H[:, : n - 3, : n - 3].unflatten(1, (bones, 2)).unflatten(3, (bones, 2))
    for i in (0, 1):
        left = [sum(turns[:, x, :, i, None] * shared[:, x, y] for x in range(3)) for y in range(3)]
        for k in (0, 1):
            own[:, :, i, :, k] = sum(left[y] * turns[:, y, None, :, k] for y in range(3))
    below = (above.T @ flat).reshape(bones, 3, 3, frames).permute(3, 0, 1, 2)
    root = moves[..., n - 3 :]
    side = torch.einsum("fxbi,fbxy,fyr->fbir", turns, below, root).reshape(frames, n - 3, 3)
    H[:, : n - 3, n - 3 :], H[:, n - 3 :, : n - 3] = side, side.transpose(1, 2)
    H[:, n - 3 :, n - 3 :] = root.transpose(1, 2) @ blocks.sum(0) @ root
    # The term about the weighted middle does not feel that all joints move together.
    middle = moves * (centred.T @ c.carried)[:, None, :]
    return H - middle.transpose(1, 2) @ middle / centred.sum(0).clamp(min=1e-12)[:, None, None]


class Separate:
    """For very many joints: each bone's and each root's own small matrix, rows (F, n, k) -> (F, n, k)."""

    def __init__(self, c: Curvature) -> None:
        frames, _, n = c.moves.shape
        whole = c.blocks + torch.diag_embed(6 * c.still.diagonal(dim1=1, dim2=2).T)[:, None]
        below = (c.carried[:, : n - 3 : 2].T @ whole.reshape(len(whole), -1)).reshape(-1, frames, 3, 3)
        turns = c.moves[..., : n - 3].reshape(frames, 3, -1, 2).permute(2, 0, 1, 3)
        own = turns.transpose(-1, -2) @ below @ turns
        tiny = 1e-9 * own.diagonal(dim1=-2, dim2=-1).amax(-1)[..., None, None] + 1e-12
        self.bones = torch.linalg.inv(own + tiny * torch.eye(2, dtype=own.dtype))
        root = c.moves[..., n - 3 :]
        self.roots = torch.linalg.inv(root.transpose(1, 2) @ whole.sum(0) @ root)

    def __call__(self, rows: Tensor) -> Tensor:
        """The solution for right sides."""
        frames, n, k = rows.shape
        bones = rows[:, : n - 3].reshape(frames, -1, 2, k).transpose(0, 1)
        return torch.cat([(self.bones @ bones).transpose(0, 1).reshape(frames, n - 3, k), self.roots @ rows[:, n - 3 :]], 1)


def inverse_of(c: Curvature) -> Banded | Separate:
    """The better of the two that the number of bones allows."""
    return Banded(c) if c.moves.shape[2] - 3 <= 2 * MOST_BONES else Separate(c)
