"""One frame's points to one pose: the 2D-to-3D network of the pose synthesis paper, for any fixed skeleton.

A layer to 1,024, three residual blocks of two such layers with batch normalisation and ReLU, a layer to the edges' r,
theta and phi; a sigmoid keeps lengths between 0 and 1, the longest edge's being 1 (section 3.3.3). The paper says how large poses are,
but not how they are brought to one size in a picture; here the root is put at 0 and the mean distance of the seen points from it is 1.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ...animal.skeleton import Skeleton
from .skeletons import PAPER, PoseSpace
from .spherical import positions_of, vectors_of


class NetworkError(ValueError):
    """A network that cannot be made; the message names the setting."""


class _Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        parts: list[nn.Module] = []
        for _ in range(2):
            parts += [nn.Linear(width, width), nn.BatchNorm1d(width), nn.ReLU(inplace=True)]
        self.layers = nn.Sequential(*parts)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


class PoseNetwork(nn.Module):
    """points (B, J, 2), x right and z up, and seen (B, J), 0 or 1 → local (B, E, 3): r in 0..1, theta and phi in radians.

    space: the skeleton. seen: whether the network is told which points are missing (the paper's is not, and needs them all).
    """

    kind = "single_frame"

    def __init__(self, space: PoseSpace = PAPER, width: int = 1024, blocks: int = 3, seen: bool = False) -> None:
        super().__init__()
        joints, edges = len(space.skeleton), len(space.children)
        if edges < 1 or not 8 <= width <= 8192 or not 1 <= blocks <= 32:
            raise NetworkError(f"width {width} must be 8 to 8192, blocks {blocks} 1 to 32, edges {edges} at least 1")
        self.space, self.width, self.n_blocks, self.uses_seen = space, width, blocks, seen
        self.first = nn.Linear((3 if seen else 2) * joints, width)
        self.blocks = nn.Sequential(*(_Block(width) for _ in range(blocks)))
        self.last = nn.Linear(width, 3 * edges)
        self.register_buffer("reach", torch.tensor(space.reach, dtype=torch.float32), persistent=False)

    @property
    def settings(self) -> dict[str, Any]:
        """What `network_of` makes it from again."""
        space = self.space
        return {"names": list(space.skeleton.names), "parents": list(space.skeleton.parents), "low": space.low.tolist(),
                "high": space.high.tolist(), "lengths": None if space.lengths is None else space.lengths.tolist(),
                "width": self.width, "blocks": self.n_blocks, "seen": self.uses_seen}

    def forward(self, points: Tensor, seen: Tensor | None = None) -> Tensor:
        """See the class; without `seen` all points are there. Points that are not seen count as lying on the root."""
        if seen is None:
            seen = torch.ones_like(points[..., 0])
        inputs = normalised(points, seen, self.space.skeleton.root)[0]
        if self.uses_seen:
            inputs = torch.cat([inputs, seen[..., None].to(inputs.dtype)], dim=-1)
        out = self.last(self.blocks(self.first(inputs.flatten(1)))).float().unflatten(1, (3, -1))
        return torch.stack([torch.sigmoid(out[:, 0]), out[:, 1], out[:, 2]], dim=-1)

    def positions(self, local: Tensor) -> Tensor:
        """(B, J, 3) x right, y away, z up of what `forward` gives, the root at 0."""
        return positions_of(vectors_of(local), self.reach)


def normalised(points: Tensor, seen: Tensor, root: int) -> tuple[Tensor, Tensor, Tensor]:
    """points (B, J, 2) about the root, their mean distance from it 1; and the centre (B, 1, 2) and scale (B, 1, 1) taken out.

    Where the root is not seen, the mean of the seen points is the centre. Points not seen become 0.
    """
    there = (seen > 0).to(points.dtype)[..., None]
    number = there.sum(dim=1, keepdim=True).clamp_min(1.0)
    points = torch.where(there > 0, points, torch.zeros_like(points))
    centre = torch.where(there[:, root : root + 1] > 0, points[:, root : root + 1], points.sum(dim=1, keepdim=True) / number)
    points = (points - centre) * there
    scale = (points.norm(dim=-1, keepdim=True).sum(dim=1, keepdim=True) / number).clamp_min(1e-9)
    return points / scale, centre, scale


def network_of(settings: dict[str, Any]) -> PoseNetwork:
    """The network that `settings` describe. Raises NetworkError for what describes none."""
    try:
        skeleton = Skeleton(tuple(settings["names"]), tuple(settings["parents"]))
        space = PoseSpace(skeleton, settings["low"], settings["high"], settings["lengths"])
        return PoseNetwork(space, int(settings["width"]), int(settings["blocks"]), bool(settings["seen"]))
    except (KeyError, TypeError, ValueError) as error:
        raise NetworkError(f"settings: {error}") from None
