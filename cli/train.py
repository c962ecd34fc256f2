"""`bestiary train lift | pose`: train a network from a config; Ctrl-C writes a checkpoint, `--resume` goes on from it."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Annotated

from tyro.conf import UseAppendAction, arg

from .console import CliError, need_file, running, say
from .console import out as standard_output

Overrides = Annotated[tuple[str, ...], UseAppendAction, arg(name="set", metavar="table.key=value")]


def lift(
    config: Path,
    out: Path,
    device: str = "auto",
    resume: bool = False,
    steps: int | None = None,
    minutes: float = 0.0,
    overrides: Overrides = (),
) -> int:
    """Train the network that turns 2D tracks into 3D motion. Several GPUs: torchrun, see docs/researchers.md.

    Args:
        config: TOML file with the tables task, training, and the task's own.
        out: Folder for checkpoints, log, curves and weights.
        device: cpu, cuda, cuda:0; auto is CUDA where there is one.
        resume: Go on from the checkpoint in --out, if there is one.
        steps: Instead of the config's.
        minutes: Stop with a checkpoint after so long; 0 never.
        overrides: Instead of what the config says; repeatable.
    """
    return _train("lift", config, out, device, resume, steps, minutes, overrides)


def pose(
    config: Path,
    out: Path,
    device: str = "auto",
    resume: bool = False,
    steps: int | None = None,
    minutes: float = 0.0,
    overrides: Overrides = (),
) -> int:
    """Train the network that turns the 2D points of a single frame into a 3D pose.

    Args:
        config: TOML file with the tables task, training, and the task's own.
        out: Folder for checkpoints, log, curves and weights.
        device: cpu, cuda, cuda:0; auto is CUDA where there is one.
        resume: Go on from the checkpoint in --out, if there is one.
        steps: Instead of the config's.
        minutes: Stop with a checkpoint after so long; 0 never.
        overrides: Instead of what the config says; repeatable.
    """
    return _train("pose", config, out, device, resume, steps, minutes, overrides)


def _train(
    kind: str, path: Path, folder: Path, device: str, resume: bool, steps: int | None, minutes: float, overrides: tuple[str, ...]
) -> int:
    from ..server.train.signals import wish_to_stop
    from ..server.train.start import config_of, outcome, train

    config = config_of(need_file(path, "The config"), steps, overrides)
    found = config["task"].setdefault("kind", kind)
    if found != kind:
        raise CliError(f"{path} says [task] kind = {found!r}, and this trains {kind!r}.", "Take the verb or the config that fits.")
    with running(f"train {kind}") as job, wish_to_stop(job.cancel, (signal.SIGTERM,)):
        result = train(config, folder, device, resume, minutes, say=say, progress=job.progress, stop=job.cancel.is_set)
    standard_output.print(outcome(result, folder))
    return 130 if result.stopped_by == "signal" else 0
