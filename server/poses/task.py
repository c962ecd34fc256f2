"""Learning poses from poses that are drawn, used once and thrown away. What is watched is the error on poses kept aside by their seed.

A configuration has, beside `[training]`:

    [network]  width, blocks, seen (see `PoseNetwork`)
    [data]     see `Drawing`
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ...animal.motion import MotionError, load_motion
from .generator import PoseGenerator, Poses
from .losses import joint_error, pose_loss
from .network import NetworkError, PoseNetwork
from .ranges import space_of
from .single_frame import lift_frames
from .skeletons import PAPER, PoseSpace
from .spherical import camera_axes
from .weights import save_pose_weights

CHECKED = 2000
CHECK_SEED = 20_260_101


class TaskError(ValueError):
    """A configuration that cannot be learned from; the message names the field."""


@dataclass(frozen=True)
class Drawing:
    """What poses are drawn, the table `[data]`.

    skeleton: "paper" (the 16-node animal), or a motion file whose first frame is any animal at rest (x forward, z up); wide: its
    ranges' width. batch: poses a step. uniform: share of them with the paper's lengths, the others' are about the rest lengths.
    upright: share that stand rather than being turned any way. near: the nearest viewer, in longest edges, 0 for the
    paper's orthographic view. noise: of the points, one standard deviation as a share of the mean distance from the root.
    hidden: share of poses with missing points (a quarter of them on average), which a network with `seen` learns to bear.
    """

    skeleton: str = "paper"
    wide: float = 1.0
    batch: int = 500
    uniform: float = 1.0
    upright: float = 0.0
    near: float = 0.0
    noise: float = 0.0
    hidden: float = 0.0

    def __post_init__(self) -> None:
        if not 2 <= self.batch <= 1 << 20:
            raise TaskError(f"data.batch: 2 poses at least, 1,048,576 at most, got {self.batch}")
        for name in ("uniform", "upright", "hidden", "noise"):
            if not 0 <= getattr(self, name) <= 1:
                raise TaskError(f"data.{name}: must be 0 to 1, is {getattr(self, name)}")
        if self.near < 0 or self.wide <= 0:
            raise TaskError(f"data.near: must not be negative, and data.wide positive; they are {self.near} and {self.wide}")


@dataclass(frozen=True)
class PoseBatch:
    """points (B, J, 2), seen (B, J), positions (B, J, 3), vectors (B, E, 3)."""

    points: Tensor
    seen: Tensor
    positions: Tensor
    vectors: Tensor


class PoseSource:
    """Batches as a `Drawing` describes them, on one device."""

    def __init__(self, space: PoseSpace, drawing: Drawing, device: torch.device | str) -> None:
        self.drawing = drawing
        self.generators: list[tuple[float, PoseGenerator]] = []
        for lengths, share in (("uniform", drawing.uniform), ("anatomical", 1 - drawing.uniform)):
            for turning, part in (("any", 1 - drawing.upright), ("upright", drawing.upright)):
                if share * part > 0:
                    self.generators.append((share * part, PoseGenerator(space, device, lengths, turning, drawing.near or None)))

    def draw(self, count: int, generator: torch.Generator) -> PoseBatch:
        """`count` poses with their points blurred and hidden."""
        parts: list[Poses] = []
        left = count
        for number, (share, one) in enumerate(self.generators, 1):
            size = left if number == len(self.generators) else min(left, round(share * count))
            if size:
                parts.append(one.draw(size, generator))
                left -= size
        points, positions, vectors = (torch.cat([getattr(p, name) for p in parts]) for name in ("points", "positions", "vectors"))
        device, drawing = points.device, self.drawing
        size = points.norm(dim=-1).mean(dim=1)[:, None, None]
        if drawing.noise:
            points = points + drawing.noise * size * torch.randn(points.shape, generator=generator, device=device)
        seen = torch.ones_like(points[..., 0])
        if drawing.hidden:
            some = torch.rand((count, 1), generator=generator, device=device) < drawing.hidden
            share = 0.5 * torch.rand((count, 1), generator=generator, device=device)
            gone = some & (torch.rand(seen.shape, generator=generator, device=device) < share)
            gone[:, :2] &= ~gone.all(dim=1, keepdim=True)
            seen = (~gone).to(points.dtype)
        return PoseBatch(points, seen, positions, vectors)


class PoseTask:
    """See `server/train/task.py`."""

    def __init__(self, config: Mapping[str, Any], device: torch.device | str, rank: int = 0) -> None:
        data = dict(config.get("data", {}))
        unknown = set(data) - set(Drawing.__dataclass_fields__)
        if unknown:
            raise TaskError(f"data.{sorted(unknown)[0]}: is not known; there are {', '.join(Drawing.__dataclass_fields__)}")
        try:
            self.drawing = Drawing(**data)
        except TypeError as error:
            raise TaskError(f"data: {error}") from None
        self.device = torch.device(device)
        self.space = _space(self.drawing)
        torch.manual_seed(int(dict(config.get("training", {})).get("seed", 0)))
        try:
            self.network = PoseNetwork(self.space, **dict(config.get("network", {}))).to(device)
        except (TypeError, NetworkError) as error:
            raise TaskError(f"network: {error}") from None
        if self.drawing.hidden and not self.network.uses_seen:
            raise TaskError("data.hidden: a network without `seen` cannot know what is missing; set network.seen = true or hidden = 0")
        self.source = PoseSource(self.space, self.drawing, self.device)
        self.pairs = torch.tensor(self.space.pairs, device=self.device).reshape(-1, 2)

    def batch(self, generator: torch.Generator) -> PoseBatch:
        """Poses never seen before."""
        return self.source.draw(self.drawing.batch, generator)

    def loss(self, network: nn.Module, batch: PoseBatch) -> dict[str, Tensor]:
        """Equation 11."""
        return pose_loss(network(batch.points, batch.seen), batch.vectors, self.pairs)

    def validate(self, network: nn.Module) -> dict[str, float]:
        """The losses and the joints' error on poses like the trained ones, on whole and sharp ones, and of flat poses."""
        generator = torch.Generator(device=self.device).manual_seed(CHECK_SEED)
        found = self._check(network, self.source.draw(CHECKED, generator), "")
        if self.drawing.noise or self.drawing.hidden:
            clean = PoseSource(self.space, Drawing(**{**self.drawing.__dict__, "noise": 0.0, "hidden": 0.0}), self.device)
            found |= self._check(network, clean.draw(CHECKED, generator), "clean_")
        return found

    def _check(self, network: nn.Module, batch: PoseBatch, name: str) -> dict[str, float]:
        with torch.no_grad():
            local = network(batch.points, batch.seen)
            parts = pose_loss(local, batch.vectors, self.pairs)
            found = self.network.positions(local)
            numbers = {f"{name}{key}": value for key, value in parts.items()}
            numbers[f"{name}error"] = joint_error(found, batch.positions).mean()
            numbers[f"{name}mpjpe"] = (found - batch.positions).norm(dim=-1).mean()
            flat = torch.stack([batch.points[..., 0], torch.zeros_like(batch.points[..., 0]), batch.points[..., 1]], dim=-1)
            numbers[f"{name}flat_error"] = joint_error(flat, batch.positions).mean()
        return {key: float(value) for key, value in numbers.items()}

    def ship(self, folder: Path, network: PoseNetwork, card: dict[str, Any]) -> None:
        """The weights in half precision with their card, which says how they do on poses of other kinds too."""
        purpose = (f"The 2D points of one frame to a pose of {len(self.space.skeleton)} joints: the network of the pose synthesis paper, "
                   "the engine that looks at single frames.")
        data = "endless synthetic poses (server/poses), each used once; no recordings"
        save_pose_weights(folder, network, {"purpose": purpose, "data": data, **card, "drawing": self.drawing.__dict__,
                                            "held_out": held_out(network, self.space)})


def held_out(network: PoseNetwork, space: PoseSpace, count: int = CHECKED) -> dict[str, dict[str, float]]:
    """Losses and errors on whole and sharp poses of each kind: of the paper, turned any way, upright, seen from near.

    error: `losses.joint_error` of what the single-frame engine makes of them (x and y are the points'), flat_error: of depth 0.
    """
    device = next(network.parameters()).device
    pairs = torch.tensor(space.pairs, device=device).reshape(-1, 2)
    kinds: dict[str, dict[str, Any]] = {"paper": {}}
    if space.lengths is not None:
        kinds |= {"any_way": {"lengths": "anatomical"}, "upright": {"lengths": "anatomical", "turning": "upright"},
                  "near": {"lengths": "anatomical", "turning": "upright", "near": 5.0}}
    found = {}
    for name, kind in kinds.items():
        poses = PoseGenerator(space, device, **kind).draw(count, torch.Generator(device=device).manual_seed(CHECK_SEED + 1))
        with torch.no_grad():
            parts = pose_loss(network(poses.points), poses.vectors, pairs)
        true = camera_axes(poses.positions)
        flat = torch.stack([poses.points[..., 0], -poses.points[..., 1], torch.zeros_like(true[..., 2])], dim=-1)
        lifted = torch.as_tensor(lift_frames(network, flat[..., :2].cpu().numpy()), dtype=true.dtype, device=device)
        numbers = {**parts, "error": joint_error(lifted, true).mean(), "flat_error": joint_error(flat, true).mean()}
        found[name] = {key: round(float(value), 4) for key, value in numbers.items()}
    return found


def _space(drawing: Drawing) -> PoseSpace:
    if drawing.skeleton == "paper":
        return PAPER
    try:
        motion = load_motion(drawing.skeleton)
        return space_of(motion.skeleton, motion.positions[0], drawing.wide)
    except (MotionError, OSError, ValueError) as error:
        raise TaskError(f"data.skeleton: {error}") from None


def make_task(config: Mapping[str, Any], device: torch.device | str, rank: int = 0) -> PoseTask:
    """What `server/train` asks for by `[task] kind = "pose"`. Raises TaskError."""
    return PoseTask(config, device, rank)
