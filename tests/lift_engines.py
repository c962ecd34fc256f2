"""The engine factory for tests of lifting: the real engine alone."""

from __future__ import annotations

from bestiary.server.echo import EchoEngine
from bestiary.server.lift.engine import LiftEngine


def make(model_path, device):
    """The engine as a server has it."""
    import torch

    torch.set_num_threads(1)
    return {engine.name: engine for engine in (LiftEngine(device, folders=False), EchoEngine())}
