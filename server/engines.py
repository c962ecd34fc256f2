"""Which engines a worker has. The heavy imports happen in here, in the worker's process only."""

from __future__ import annotations

from .engine import Engine


def make_engines(model_path: str | None, device: str) -> dict[str, Engine]:
    """Build every engine on ``device`` (``cpu``, ``cuda:0``, …), by name.

    Args:
        model_path: the animal model's file; None = the open animal that the project ships.

    Raises:
        Exception: whatever a model file or device refuses; the worker reports it and ends.
    """
    from .echo import EchoEngine
    from .fit.engine import FitEngine
    from .lift.engine import LiftEngine

    engines: list[Engine] = [FitEngine(model_path, device), LiftEngine(device, folders=False), EchoEngine()]
    return {engine.name: engine for engine in engines}


def make_echo(model_path: str | None, device: str) -> dict[str, Engine]:
    """The diagnostic engine alone, for a server whose transport is to be measured: neither model nor torch."""
    from .echo import EchoEngine

    return {"echo": EchoEngine()}
