"""A task small enough for tests and yet a real training: learn the sine. As a program, it is the trainer with that task.

    python sine_task.py CONFIG.toml --out DIR …         (torchrun takes it too)
"""

from __future__ import annotations

import os
import signal
import sys
import types
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from bestiary.server.train import tasks


class Net(nn.Module):
    """Two hidden layers; with what a loop can get wrong: dropout, running means, a frozen weight, one that nobody uses."""

    def __init__(self, dropout: float, norm: bool, unused: bool) -> None:
        super().__init__()
        normed = [nn.BatchNorm1d(32)] if norm else []
        self.layers = nn.Sequential(
            nn.Linear(1, 32), *normed, nn.Tanh(), nn.Dropout(dropout), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1)
        )
        self.frozen = nn.Parameter(torch.ones(3), requires_grad=False)
        if unused:
            self.idle = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


class SineTask:
    """Regression of sin(x) on (-3, 3). `bad` steps give a loss that is not finite; at step `interrupt` a signal comes."""

    def __init__(
        self,
        dropout: float = 0.0,
        norm: bool = False,
        unused: bool = False,
        bad: tuple[int, ...] = (),
        interrupt: int = 0,
        trace: str = "",
        rank: int = 0,
        seed: int = 0,
    ) -> None:
        torch.manual_seed(seed)
        self.network: nn.Module = Net(dropout, norm, unused)
        self.bad, self.interrupt, self.trace, self.rank = bad, interrupt, trace, rank
        self.losses: list[float] = []
        self.inputs: list[Tensor] = []
        self.validated: list[nn.Module] = []
        self.shipped: dict[str, Any] = {}

    def batch(self, generator: torch.Generator) -> dict[str, Tensor]:
        x = 6 * torch.rand(32, 1, generator=generator) - 3
        self.inputs.append(x)
        if self.trace and len(self.inputs) == 2:  # the first may be a trial
            Path(self.trace, f"batch{self.rank}.txt").write_text(str(float(x[0])))
        return {"x": x, "y": torch.sin(x)}

    def loss(self, network: nn.Module, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        number = len(self.inputs)
        if number == self.interrupt:
            os.kill(os.getpid(), signal.SIGINT)
        error = network(batch["x"]) - batch["y"]
        loss = error.square().mean() * (float("nan") if number in self.bad else 1.0)
        self.losses.append(loss.item())
        return {"loss": loss, "mean_error": error.abs().mean()}

    def validate(self, network: nn.Module) -> dict[str, float]:
        assert not network.training
        self.validated.append(network)
        x = torch.linspace(-3, 3, 100)[:, None]
        return {"error": float((network(x) - torch.sin(x)).abs().mean()), "noise": float(torch.rand(()))}

    def ship(self, folder: Path, network: nn.Module, card: dict[str, Any]) -> None:
        self.shipped = {"card": card, **{name: value.clone() for name, value in network.state_dict().items()}}
        folder.mkdir(exist_ok=True)
        (folder / "shipped.txt").write_text(str(card["best_error"]))


def make_task(config: dict[str, Any], device: str, rank: int = 0) -> SineTask:
    known = {key: value for key, value in config["task"].items() if key != "kind"}
    return SineTask(**known, rank=rank)


def register(kind: str = "sine") -> None:
    """Make `[task] kind = "sine"` known (or let another kind mean it)."""
    module = types.ModuleType("sine_task_module")
    module.make_task = make_task  # type: ignore[attr-defined]
    sys.modules["sine_task_module"] = module
    tasks.KINDS[kind] = "sine_task_module"


if __name__ == "__main__":
    from bestiary.server.train.__main__ import main

    torch.set_num_threads(1)
    register()
    sys.exit(main())
