"""Which task a config asks for: its `[task] kind`. A kind's own file is imported only when it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from .settings import SettingsError
from .task import Task

KINDS = {"lift": "..lift.task", "pose": "..poses.task"}
"""kind → module; each has `make_task(config, device, rank) -> Task`."""


def make_task(config: dict[str, Any], device: str, rank: int = 0) -> Task:
    """The task that `config["task"]["kind"]` names, its network on `device`, built by the kind's own module.

    `rank` is the number of this process among several; only 0 should speak or write. Raises SettingsError for a kind
    that does not exist.
    """
    kind = config.get("task", {}).get("kind")
    if kind not in KINDS:
        raise SettingsError(f"[task] kind = {kind!r}: there are {', '.join(KINDS)}")
    return import_module(KINDS[kind], __package__).make_task(config, device, rank)
