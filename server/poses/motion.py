"""Endless motions: clips of animals that never were, each with a skeleton of its own, drawn by the thousand.

They are mixed into a lifter's training so that it learns how bones move, and not how one rig is built. Bones keep their lengths,
feet that carry stay where they are, and no two clips share a skeleton.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from .acting import act
from .packing import pack
from .plans import KINDS, draw_animals
from .trees import tree_motions

MAX_COUNT = 100_000


class EndlessMotions(NamedTuple):
    """B clips of F frames of skeletons of up to J joints; what is padding has False in `joints`.

    positions (B, F, J, 3) float32 metres in the world (Z up; the ground is z = 0), 0 in padding. joints (B, J) bool.
    adjacency (B, J, J) bool: bones, and the diagonal of joints that are there. sides (B, J) int64: +1 left, -1 right, 0 neither.
    parents (B, J) int64, -1 at each root and in padding. kinds (B,) int64: which of the names KINDS + ("tree",).
    """

    positions: Tensor
    joints: Tensor
    adjacency: Tensor
    sides: Tensor
    parents: Tensor
    kinds: Tensor


def endless_motions(
    count: int, frames: int, fps: float, generator: torch.Generator, device: torch.device | str | None = None, *,
    max_joints: int = 40, kinds: dict[str, float] | None = None, gait: str | None = None,
) -> EndlessMotions:
    """Draw `count` clips of `frames` frames at fps. The same generator state gives the same clips.

    generator: on the device that computes (a CPU generator for the CPU). device: where the result goes; without it, it stays.
    max_joints: joints of the largest skeleton. kinds: how often each of KINDS and "tree" is drawn; without it as KINDS says.
    gait: one of gaits.GAITS for every animal, or "stand" or "free". Raises ValueError for what cannot be drawn.
    """
    if not 1 <= count <= MAX_COUNT or not 1 <= frames <= 100_000 or not fps > 0 or not 8 <= max_joints <= 128:
        raise ValueError(f"cannot draw {count} clips of {frames} frames at {fps} fps with {max_joints} joints at most: "
                         "ask for at least one clip and one frame, a positive fps and 8 to 128 joints")
    names = (*KINDS, "tree")
    odds = kinds if kinds is not None else {**{name: weight for name, (_, weight, _) in KINDS.items()}, "tree": 0.5}
    unknown = set(odds) - set(names)
    if unknown or sum(odds.values()) <= 0:
        raise ValueError(f"no kind is called {', '.join(sorted(unknown))}; kinds are {', '.join(names)}" if unknown else "no kind is drawn")
    numbers = _numbers([float(odds.get(name, 0.0)) for name in names], count, generator)
    clips: list[EndlessMotions] = []
    for index, (name, number) in enumerate(zip(names, numbers, strict=True)):
        if number and name == "tree":
            clips.append(EndlessMotions(*tree_motions(number, frames, fps, max_joints, generator), torch.full((number,), index)))
        elif number:
            animals = draw_animals(name, number, generator)
            points = act(animals, frames, fps, generator, gait)
            clips.append(EndlessMotions(*pack(animals, points, max_joints, generator), torch.full((number,), index)))
    whole = _join(clips, generator)
    return whole if device is None else EndlessMotions(*(x.to(device) for x in whole))


def _numbers(odds: list[float], count: int, generator: torch.Generator) -> list[int]:
    """How many clips of each kind: what the odds say, as whole numbers, and the rest drawn."""
    weights = torch.tensor(odds)
    share = weights / weights.sum() * count
    numbers = share.floor().long()
    left = count - int(numbers.sum())
    if left:
        seed = int(torch.randint(2**31, (1,), generator=generator, device=generator.device))
        odd = (share - numbers).clamp_min(1e-9) * (weights > 0)
        drawn = torch.multinomial(odd, left, replacement=False, generator=torch.Generator().manual_seed(seed))
        numbers[drawn] += 1
    return numbers.tolist()


def _join(clips: list[EndlessMotions], generator: torch.Generator) -> EndlessMotions:
    """All clips in one batch, shuffled, padded to the largest skeleton."""
    size = max(clip.joints.shape[1] for clip in clips)
    device = clips[0].positions.device

    def pad(x: Tensor, axes: tuple[int, ...], value: float | bool = 0) -> Tensor:
        widths = [0, 0] * x.ndim
        for axis in axes:
            widths[2 * (x.ndim - 1 - axis) + 1] = size - x.shape[axis]
        return torch.nn.functional.pad(x, widths, value=value)

    whole = [torch.cat([pad(clip[i].to(device), axes, value) for clip in clips])
             for i, (axes, value) in enumerate([((2,), 0.0), ((1,), False), ((1, 2), False), ((1,), 0), ((1,), -1), ((), 0)])]
    order = torch.randperm(len(whole[0]), generator=generator, device=generator.device)
    return EndlessMotions(*(x[order] for x in whole))
