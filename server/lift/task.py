"""Learning to lift: which motions, which windows, which loss, and what is watched while training.

A configuration has, beside `[training]`:

    [network]  kind = "lifter" | "lfm" | "dstformer" | "bestiary", and its settings
    [data]     motions = folder; split = "train"; only, leave_out = categories (* for any text); batch = windows a step;
               lengths = window lengths to draw from, a batch of short ones has more of them (default: `frames` alone);
               synthetic = share of steps with endless poses; fixed_views = cameras per motion where they are fixed;
               any field of `sampling.Drawing`
    [loss]     velocity, procrustes (canonical networks), or the weights of `losses.bestiary_loss`

What is watched is the SA-MPJPE in millimetres (mean of the categories) on every eighth clip of the training split, which is then
not trained on; test clips are never looked at.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ...animal.motion import Motion
from ..data.motions.cameras import paper_camera
from ..data.motions.folder import Entry, Split, read_motions
from ..poses.motion import endless_motions
from .inputs import Windows
from .losses import align_windows, bestiary_loss, centred, motionbert_loss, paper_loss, weight_of
from .networks import DSTformer, make_network
from .sampling import Drawing, MotionStore, Rig, see
from .weights import save_weights

HELD_BACK = 8


class TaskError(ValueError):
    """A configuration that cannot be learned from; the message names the field."""


class LiftTask:
    """See `server/train/task.py`. config: the tables `network`, `data`, `loss`; the seed draws cameras and first weights."""

    def __init__(self, config: Mapping[str, Any], device: torch.device | str, seed: int = 0) -> None:
        network, data = dict(config.get("network", {})), dict(config.get("data", {}))
        if "kind" not in network or "motions" not in data:
            raise TaskError("network.kind and data.motions must be given")
        torch.manual_seed(seed)
        self.device = torch.device(device)
        self.network = make_network(network.pop("kind"), **network).to(device)
        self.weights = dict(config.get("loss", {}))
        self.batch_size = int(data.pop("batch", 8))
        self.synthetic = float(data.pop("synthetic", 0.0))
        self.lengths = [int(length) for length in data.pop("lengths", ())]
        views = int(data.pop("fixed_views", 1))
        entries = chosen(Path(data.pop("motions")), data.pop("split", "train"), data.pop("only", None), data.pop("leave_out", None))
        known = {f.name for f in fields(Drawing)}
        if unknown := set(data) - known:
            raise TaskError(f"data.{sorted(unknown)[0]}: is not known; there are {', '.join(sorted(known))}")
        try:
            self.drawing = Drawing(**data)
        except (TypeError, ValueError) as error:
            raise TaskError(f"data.{error}") from None
        learned, watched = held_back(entries)
        self.store = make_store(learned, device, seed, views if self.drawing.cameras == "fixed" else 0)
        self.checks = _checks(watched or learned, self.drawing, device, seed)

    def batch(self, generator: torch.Generator) -> Windows:
        """Windows of motions, or now and then of synthetic ones."""
        count, drawing = self.batch_size, self.drawing
        if self.lengths:
            place = int(torch.randint(len(self.lengths), (), generator=generator, device=generator.device))
            count = max(1, count * drawing.frames // self.lengths[place])
            drawing = replace(drawing, frames=self.lengths[place])
        if self.synthetic and torch.rand((), generator=generator, device=generator.device) < self.synthetic:
            return self._synthetic(count, drawing, generator)
        windows = self.store.windows(count, drawing, generator)
        if isinstance(self.network, DSTformer):  # its joints' places must not come to mean anything
            windows = windows.permuted(torch.randperm(windows.points.shape[2], device=self.device, generator=generator))
        return windows

    def loss(self, network: nn.Module, batch: Windows) -> dict[str, Tensor]:
        """See `losses`."""
        lifted = network(batch)
        if self.network.kind == "bestiary":
            return bestiary_loss(lifted, batch, **self.weights)
        if self.network.kind == "dstformer":
            return motionbert_loss(lifted, batch, **self.weights)
        return paper_loss(lifted, batch, float(self.weights.get("velocity", 1.0)), self.network.canonical)

    def ship(self, folder: Path, network: nn.Module, card: dict[str, Any]) -> None:
        """Write weights and card of a finished training."""
        save_weights(folder, network, card)

    @torch.no_grad()
    def validate(self, network: nn.Module) -> dict[str, float]:
        """SA-MPJPE in mm, the mean of the categories, in `error`, and its velocity error in `velocity`."""
        sums: dict[str, list[tuple[float, float]]] = defaultdict(list)
        for categories, windows in self.checks:
            ours = align_windows(network(windows).positions, windows.target, weight := weight_of(windows))
            goal = centred(windows.target, weight)
            each = ((ours - goal).norm(dim=-1) * weight).sum((1, 2)) / weight.sum((1, 2)) * windows.mm
            both = weight[:, 1:] * weight[:, :-1]
            steps = ((ours - goal)[:, 1:] - (ours - goal)[:, :-1]).norm(dim=-1)
            speed = (steps * both).sum((1, 2)) / both.sum((1, 2)).clamp(min=1) * windows.mm
            for category, error, velocity in zip(categories, each.tolist(), speed.tolist(), strict=True):
                sums[category].append((error, velocity))
        means = np.array([np.mean(values, axis=0) for values in sums.values()])
        return {"error": float(means[:, 0].mean()), "velocity": float(means[:, 1].mean())}

    def _synthetic(self, count: int, drawing: Drawing, generator: torch.Generator) -> Windows:
        made = endless_motions(count, drawing.frames, 30.0, generator, self.device, max_joints=drawing.max_joints)
        frames = torch.ones(made.positions.shape[:2], dtype=torch.bool, device=self.device)
        drawing = replace(drawing, cameras="random")
        return see(made.positions, frames, Rig(made.joints, made.adjacency, made.sides), drawing, generator)


def chosen(folder: Path, split: Split | None, only: Sequence[str] | None, leave_out: Sequence[str] | None) -> list[Entry]:
    """The entries of a folder of motions whose categories are wanted. Raises TaskError when none is left."""
    entries = [entry for entry in read_motions(folder, split or None)
               if (not only or _named(entry, only)) and not _named(entry, leave_out or ())]
    if not entries:
        raise TaskError(f"data: {folder} has no motions of split '{split}' in the wanted categories")
    return entries


def _named(entry: Entry, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(entry.category, pattern) for pattern in patterns)


def held_back(entries: Sequence[Entry]) -> tuple[list[Entry], list[Entry]]:
    """What is learned from and what is watched: every HELD_BACK-th clip (by `source_key`, in the order of names), with all that
    was made of it."""
    keys = sorted({entry.source_key for entry in entries})
    watched = set(keys[HELD_BACK // 2 :: HELD_BACK])
    return [e for e in entries if e.source_key not in watched], [e for e in entries if e.source_key in watched]


def make_store(entries: Sequence[Entry], device: torch.device | str, seed: int, views: int) -> MotionStore:
    """Motions on the device, categories drawn by the square root of how many clips they have; with `views` fixed cameras each."""
    count: dict[str, int] = defaultdict(int)
    for entry in entries:
        count[entry.category] += 1
    weights = [count[entry.category] ** -0.5 for entry in entries]
    motions: list[Motion] = [entry.motion for entry in entries]
    if not views:
        return MotionStore(motions, device, weights=weights)
    rng = np.random.default_rng([seed, 1])
    cameras = [paper_camera(motion.positions, rng) for motion in motions for _ in range(views)]
    repeated = [motion for motion in motions for _ in range(views)]
    return MotionStore(repeated, device, cameras, np.repeat(weights, views).tolist())


def _checks(entries: Sequence[Entry], drawing: Drawing, device: torch.device | str, seed: int) -> list[tuple[list[str], Windows]]:
    """Windows of held-back clips through the paper's cameras with its noise, on their own rigs; the first frames of each.

    Rigs of many points are left out where rigs are not drawn anew: no network that is compared could be made for them alone.
    """
    fair = Drawing(frames=drawing.frames, noise_px=3.0)
    small = [e for e in entries if len(e.motion.skeleton) <= 64] or list(entries)
    found = []
    for first in range(0, len(small), 16):
        part = small[first : first + 16]
        store = make_store(part, "cpu", seed + 7, 1)
        generator = torch.Generator().manual_seed(seed + first)
        which = torch.arange(len(part))
        positions, frames = store._stretch(which, fair, generator)
        rig = Rig(store.joints, store.adjacency, store.sides)
        windows = see(positions, frames, rig, fair, generator, store._fixed(which))
        found.append(([entry.category for entry in part], windows.to(device)))
    return found


def make_task(config: Mapping[str, Any], device: torch.device | str, rank: int = 0) -> LiftTask:
    """See `server/train/tasks.py`. Every process draws the same cameras and first weights."""
    return LiftTask(config, device, int(config.get("training", {}).get("seed", 0)))
