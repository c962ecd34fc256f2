"""One process or several: torchrun starts them, gloo or NCCL joins them, and only the first one speaks and writes.

Without torchrun's environment every function here does nothing, at no cost.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import torch
from torch import Tensor, nn
from torch import distributed as dist
from torch.nn.parallel import DistributedDataParallel

_PATIENCE = timedelta(hours=1)  # a validation by the first process, for which the others wait


class DeviceError(ValueError):
    """A device that is not there."""


@dataclass(frozen=True)
class World:
    """Which of how many processes this is."""

    rank: int = 0
    size: int = 1

    @property
    def main(self) -> bool:
        """Whether this process is the one that validates, speaks and writes."""
        return self.rank == 0

    def any(self, *flags: bool) -> tuple[bool, ...]:
        """Each flag, true where any process said so."""
        if self.size == 1:
            return flags
        values = torch.tensor(flags, dtype=torch.int32, device=_device())
        dist.all_reduce(values, dist.ReduceOp.MAX)
        return tuple(bool(value) for value in values.tolist())

    def from_first(self, value: float) -> float:
        """The first process's `value`."""
        if self.size == 1:
            return value
        values = torch.tensor([value], dtype=torch.float64, device=_device())
        dist.broadcast(values, 0)
        return float(values)

    def gather(self, state: Tensor) -> list[Tensor]:
        """Every process's uint8 tensor (n,), of one length, on the CPU."""
        if self.size == 1:
            return [state]
        mine = state.to(_device())
        found = [torch.empty_like(mine) for _ in range(self.size)]
        dist.all_gather(found, mine)
        return [one.cpu() for one in found]

    def wrap(self, network: nn.Module, unused: bool) -> nn.Module:
        """The network with gradients averaged over all processes; itself when there is one."""
        if self.size == 1:
            return network
        device = next(network.parameters()).device
        ids = [device.index] if device.type == "cuda" else None
        return DistributedDataParallel(network, device_ids=ids, find_unused_parameters=unused)


def _device() -> str:
    return "cuda" if dist.get_backend() == "nccl" else "cpu"


def pick_device(name: str, local_rank: int = 0) -> str:
    """A device's full name: "auto" is CUDA where there is one, "cuda" the one of this process.

    Raises DeviceError when it is not there.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError as bad:
        raise DeviceError(f"--device {name}: write cpu, cuda or cuda:0") from bad
    if device.type == "cuda":
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        index = local_rank if device.index is None else device.index
        if index >= count:
            raise DeviceError(f"--device {name}: this torch sees {count} CUDA devices; take cpu, or one of those")
        return f"cuda:{index}"
    if device.type != "cpu":
        raise DeviceError(f"--device {name}: write cpu, cuda or cuda:0")
    return str(device)


@contextmanager
def joined(device: str) -> Iterator[tuple[World, str]]:
    """This process among those that torchrun started (RANK, WORLD_SIZE, LOCAL_RANK), and its device."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield World(), pick_device(device)
        return
    if device.startswith("cuda:"):
        raise DeviceError(f"--device {device}: with torchrun every process takes its own GPU; write --device cuda")
    name = pick_device(device, int(os.environ["LOCAL_RANK"]))
    if name.startswith("cuda"):
        torch.cuda.set_device(name)
    dist.init_process_group("nccl" if name.startswith("cuda") else "gloo", timeout=_PATIENCE)
    try:
        yield World(dist.get_rank(), dist.get_world_size()), name
    finally:
        dist.destroy_process_group()


def leaves_some_out(network: nn.Module, loss, world: World) -> bool:
    """Whether some weights get no gradient from `loss(network)`, which DistributedDataParallel must know beforehand.

    Tried on a copy, with the random state put back.
    """
    if world.size == 1:
        return False
    trial = copy.deepcopy(network)
    device = next(network.parameters()).device
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        loss(trial).backward()
    found = any(parameter.requires_grad and parameter.grad is None for parameter in trial.parameters())
    return world.any(found)[0]
