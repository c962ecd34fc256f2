"""From a config file to a result: what `python -m bestiary.server.train` and `bestiary train` both call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from ...animal.npz import write_json
from .checkpoint import sweep
from .distributed import joined
from .loop import Result, Say, check_folder, run
from .settings import SettingsError, config_hash, read_config, read_training
from .task import Shipping
from .tasks import make_task


def explain(error: BaseException) -> str:
    """One line about an error that the user can put right, or "" for a fault of the program."""
    if isinstance(error, ValueError) and type(error).__module__.startswith("bestiary."):
        return str(error)
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    if isinstance(error, torch.OutOfMemoryError):
        return "The GPU's memory is full: take smaller batches."
    return ""


def outcome(result: Result, out: Path) -> str:
    """How a training ended, and how to go on with it."""
    status = result.status
    error = "" if status.best_error is None else f" Best error {status.best_error:.6g} at step {status.best_step:,}."
    if result.finished:
        why = f"{status.since_best} validations were no better" if result.stopped_by == "patience" else "all steps done"
        return f"Finished at step {status.step:,} ({why}) after {status.seconds:.0f} s.{error} Everything is in {out}."
    return f"Stopped at step {status.step:,}; the checkpoint is in {out}. To go on: the same command with --resume.{error}"


def config_of(path: Path, steps: int | None = None, overrides: Sequence[str] = ()) -> dict[str, Any]:
    """The config in `path` with what the command line changes, its `[training]` checked. Raises SettingsError."""
    config = read_config(path, [*overrides, *([] if steps is None else [f"training.steps={steps}"])])
    read_training(config)
    if not isinstance(config.setdefault("task", {}), dict):
        raise SettingsError(f"[task] must be a table with a kind, not {config['task']!r}")
    return config


def train(
    config: dict[str, Any],
    out: Path,
    device: str = "auto",
    resume: bool = False,
    minutes: float = 0.0,
    say: Say = print,
    progress: Callable[[float, str], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> Result:
    """Make the config's task, train it into `out`, and ship its best weights so far into `out/weights`.

    The other arguments are `loop.run`'s and `distributed.pick_device`'s. Under torchrun every process calls this.
    """
    settings = read_training(config)
    with joined(device) as (world, name):
        check_folder(out, config, resume)
        if world.main:
            out.mkdir(parents=True, exist_ok=True)
            sweep(out)
            write_json(out / "config.json", {"hash": config_hash(config), "config": config})
        torch.manual_seed(settings.seed)  # the first weights
        task = make_task(config, name, world.rank)
        result = run(
            task,
            settings,
            out,
            say,
            config=config,
            resume=resume,
            world=world,
            progress=progress if world.main else None,
            stop=stop,
            minutes=minutes,
        )
        if world.main and result.status.best_error is not None and isinstance(task, Shipping):
            task.ship(out / "weights", task.network, result.record())
            say(f"weights in {out / 'weights'}")
    return result
