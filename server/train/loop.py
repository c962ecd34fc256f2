"""The loop: batch, loss, step, average; now and then a log line, a validation, a checkpoint; and it can be broken off anywhere."""

from __future__ import annotations

import math
import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from . import checkpoint
from .average import Average
from .checkpoint import BEST, LAST, CheckpointError
from .distributed import World, leaves_some_out
from .draws import Draws
from .log import Log
from .settings import SettingsError, Training, config_hash, differences
from .task import Task, batch_length

Say = Callable[[str], None]
_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


class TrainingError(ValueError):
    """A training that cannot go on; the message says why and what to change."""


@dataclass
class Status:
    """Where a training is: all that a checkpoint holds besides tensors."""

    step: int = 0
    samples: int = 0
    seconds: float = 0.0
    """Taken so far, validation too, over all resumptions."""
    skipped: int = 0
    """Steps without a finite loss and gradient."""
    skipped_in_row: int = 0
    best_error: float | None = None
    best_step: int = 0
    since_best: int = 0
    """Validations since the best one."""
    curve: list[list[float]] = field(default_factory=list)
    """[step, error] of every validation."""
    sums: dict[str, list[float]] = field(default_factory=dict)
    """[sum, count] of every number since the last line of the log."""


@dataclass
class Result:
    """What a training came to; `record()` is what a model card needs."""

    status: Status
    stopped_by: str
    """"steps" and "patience": finished; "signal" and "time": broken off, a checkpoint lies there."""
    validation: dict[str, float]
    """All numbers of the best validation (empty before the first)."""
    config: dict[str, Any]
    seed: int
    device: str
    processes: int
    parameters: int

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do."""
        return self.stopped_by in ("steps", "patience")

    def record(self) -> dict[str, Any]:
        """As JSON: steps, time, best error, curve, device, versions, seed, config and its hash."""
        status = asdict(self.status)
        for name in ("sums", "skipped_in_row", "since_best"):
            del status[name]
        rest = asdict(self)
        del rest["status"]
        versions = {"torch": torch.__version__, "python": platform.python_version()}
        return {
            "format": "bestiary-training/1",
            **status,
            **rest,
            **versions,
            "finished": self.finished,
            "config_hash": config_hash(self.config),
        }


def run(
    task: Task,
    settings: Training,
    out: Path,
    say: Say = print,
    *,
    config: dict[str, Any] | None = None,
    resume: bool = False,
    world: World = World(),  # noqa: B008 (frozen)
    progress: Callable[[float, str], None] | None = None,
    stop: Callable[[], bool] | None = None,
    minutes: float = 0.0,
) -> Result:
    """Train `task.network`; at the end it holds the best weights so far. Runs on the device that it is on.

    Args:
        task: What to train; see `task.Task`.
        settings: How.
        out: Folder for last.safetensors, best.safetensors, log.jsonl, curve.png, loss.png, result.json.
        say: Gets a line about every event worth one.
        config: The whole config, kept with the checkpoint; a resumed training must have the same (but for how long it runs).
        resume: Go on from `out`'s checkpoint; the steps that follow are those of a training that never stopped, bit by bit on a
            CPU in one thread layout, and closely on a GPU, whose sums come in any order. Starts anew where there is none.
        world: This process among several.
        progress: Gets the fraction done and a short text.
        stop: Asked after every step; true writes a checkpoint and ends.
        minutes: End with a checkpoint after so long; 0 never.

    Raises CheckpointError, SettingsError, TrainingError (too many steps in a row without a finite loss).
    """
    config = {"training": asdict(settings)} if config is None else config
    check_folder(out, config, resume)
    trainer = _Trainer(task, settings, out, say if world.main else _silent, config, world)
    if resume and (out / LAST).exists():
        trainer.restore()
    result = trainer.train(progress or _silent, stop or (lambda: False), minutes)
    if world.main:
        if result.status.best_error is not None and (out / BEST).exists():
            checkpoint.load_best(out, task.network)
        task.network.eval()
        checkpoint.write_record(out / "result.json", result.record())
    return result


def check_folder(out: Path, config: dict[str, Any], resume: bool) -> None:
    """Refuse a folder that holds another training, or this one when it is not to be resumed (CheckpointError)."""
    path = out / LAST
    if not path.exists():
        return
    record = checkpoint.read_record(path)
    step = _status(record, path).step
    if not resume:
        raise CheckpointError(f"{out} already holds a training (step {step}): go on with --resume, or give another --out.")
    changed = differences(record["config"], config)
    if changed:
        more = f"\n  and {len(changed) - 8} more" if len(changed) > 8 else ""
        lines = "\n  ".join(changed[:8])
        raise CheckpointError(f"{out} holds a training of another config:\n  {lines}{more}\nPut that back, or give another --out.")


class _Trainer:
    """One training under way."""

    def __init__(self, task: Task, settings: Training, out: Path, say: Say, config: dict[str, Any], world: World) -> None:
        self.task, self.settings, self.out, self.say, self.config, self.world = task, settings, out, say, config, world
        self.device = next(task.network.parameters()).device
        _check_precision(settings, self.device)
        self.status = Status()
        self.validation: dict[str, float] = {}
        self.draws = Draws(self.device, settings.seed, world.rank)
        named = [(name, p) for name, p in task.network.named_parameters() if p.requires_grad]
        self.names = {parameter: name for name, parameter in named}
        self.optimiser = _optimiser(list(self.names), settings, self.device)
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=settings.precision == "fp16")
        self.average = Average(task.network, settings.ema) if settings.ema else None
        self.network = self._wrapped()
        self.log: Log | None = None
        self.means: dict[str, float] = {}
        self.speed = 0.0  # samples a second
        self._samples, self._busy = 0, 0.0  # in steps since the last line of the log

    def _wrapped(self) -> nn.Module:
        trial = torch.Generator(self.device)
        unused = leaves_some_out(
            self.task.network, lambda network: self.task.loss(network, self.task.batch(trial))["loss"], self.world
        )
        network = self.world.wrap(self.task.network, unused)
        return torch.compile(network) if self.settings.compile else network  # type: ignore[return-value]

    @property
    def shipped(self) -> nn.Module:
        """The network that is validated and kept: the average of the weights where there is one."""
        return self.average.network if self.average else self.task.network

    def train(self, progress: Callable[[float, str], None], stop: Callable[[], bool], minutes: float) -> Result:
        """Steps until the end, a signal, or the time is up."""
        status, settings = self.status, self.settings
        if self.world.main:
            self.log = Log(self.out, status.step)
        parameters = sum(p.numel() for p in self.names)
        many = f"{self.world.size} × " if self.world.size > 1 else ""
        self.say(f"{parameters:,} parameters on {many}{self.device}, {settings.precision}, {settings.steps:,} steps")
        self.network.train()
        before, begun = status.seconds, time.monotonic()
        stopped_by = self._ended()
        while not stopped_by:
            wanted, late = self._step(stop, 60.0 * minutes - (time.monotonic() - begun) if minutes > 0 else math.inf)
            status.seconds = before + time.monotonic() - begun
            last = status.step >= settings.steps
            if status.step % settings.log_every == 0 or last:
                self._write_line()
            if status.step % settings.validate_every == 0 or last:
                self._validate()
            stopped_by = self._ended() or ("signal" if wanted else "time" if late else "")
            if status.step % settings.checkpoint_every == 0 or stopped_by:
                self._save()
            progress(status.step / settings.steps, self._words())
        status.seconds = before + time.monotonic() - begun
        if self.log:
            self.log.draw()
        return Result(
            status, stopped_by, self.validation, self.config, settings.seed, self._device_name(), self.world.size, parameters
        )

    def _ended(self) -> str:
        if self.status.step >= self.settings.steps:
            return "steps"
        patience = self.settings.patience
        return "patience" if patience and self.status.since_best >= patience else ""

    def _step(self, stop: Callable[[], bool], seconds_left: float) -> tuple[bool, bool]:
        """One step of the optimiser, or one skipped; whether to stop, and whether the time is up."""
        status, settings, begun = self.status, self.settings, time.monotonic()
        rate = settings.lr_at(status.step)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        batch = self.task.batch(self.draws.generator)
        with torch.autocast(self.device.type, _DTYPES[settings.precision], enabled=settings.precision != "fp32"):
            losses = self.task.loss(self.network, batch)
        self.scaler.scale(losses["loss"]).backward()
        self.scaler.unscale_(self.optimiser)
        norm = nn.utils.clip_grad_norm_(list(self.names), settings.clip_norm or math.inf)
        # The only wait for the device in a step: all numbers at once.
        parts = torch.stack([norm.detach().float(), *(value.detach().float().reshape(()) for value in losses.values())])
        numbers = dict(zip(("grad_norm", *losses), parts.tolist(), strict=True))
        finite = math.isfinite(numbers["loss"]) and math.isfinite(numbers["grad_norm"])
        skip, wanted, late = self.world.any(not finite, stop(), time.monotonic() - begun > seconds_left)
        if not skip:
            self.scaler.step(self.optimiser)
            if self.average:
                self.average.update(status.step - status.skipped)
        self.scaler.update()
        self.optimiser.zero_grad(set_to_none=True)
        status.step += 1
        samples = batch_length(batch) * self.world.size
        status.samples += samples
        self._samples, self._busy = self._samples + samples, self._busy + time.monotonic() - begun
        self._count(numbers, skip)
        return wanted, late

    def _count(self, numbers: dict[str, float], skipped: bool) -> None:
        status = self.status
        if not skipped:
            status.skipped_in_row = 0
            for name, value in numbers.items():
                if math.isfinite(value):
                    total, count = status.sums.get(name, (0.0, 0))
                    status.sums[name] = [total + value, count + 1]
            return
        status.skipped += 1
        status.skipped_in_row += 1
        if self.log:
            self.log.add({"step": status.step, "skipped": status.skipped, "loss_was": str(numbers["loss"])})
        if self.scaler.is_enabled() and math.isfinite(numbers["loss"]):
            self.say(f"step {status.step}: the gradient left fp16's range; its scale is halved")
        else:
            self.say(f"step {status.step}: loss {numbers['loss']}, gradient {numbers['grad_norm']}: skipped")
        if status.skipped_in_row >= self.settings.max_skipped:
            raise TrainingError(
                f"{status.skipped_in_row} steps in a row had no finite loss and gradient (step {status.step}). Lower [training] lr, "
                f"lengthen warmup, or take precision = 'fp32'. {self.out / LAST} is from before."
            )

    def _write_line(self) -> None:
        status = self.status
        self.means = {name: total / count for name, (total, count) in status.sums.items()}
        self.speed = self._samples / max(self._busy, 1e-9)
        status.sums, self._samples, self._busy = {}, 0, 0.0
        if not self.log or not self.means:
            return
        line = {"step": status.step, **self.means, "lr": self.settings.lr_at(status.step - 1)}
        self.log.add({**line, "samples_per_second": self.speed, "seconds": status.seconds, "skipped": status.skipped})

    def _validate(self) -> None:
        """Validate what would be shipped, by the first process; keep it when it is the best so far."""
        status, network = self.status, self.shipped
        numbers: dict[str, float] = {}
        if self.world.main:
            network.eval()
            with torch.no_grad(), torch.random.fork_rng([self.device] if self.device.type == "cuda" else []):
                torch.manual_seed(self.settings.seed)
                numbers = {name: float(value) for name, value in self.task.validate(network).items()}
            if "error" not in numbers:
                raise TrainingError(f"the task's validation gives {', '.join(numbers) or 'nothing'}, but no error to watch")
        error = self.world.from_first(numbers.get("error", math.nan))
        self.task.network.train()
        better = math.isfinite(error) and (status.best_error is None or error < status.best_error)
        status.since_best = 0 if better else status.since_best + 1
        if math.isfinite(error):
            status.curve.append([status.step, error])
        if better:
            status.best_error, status.best_step = error, status.step
            self.validation = {name: value for name, value in numbers.items() if math.isfinite(value)}
        if self.world.main:
            if better:
                record = {"step": status.step, "error": error, "config": self.config}
                checkpoint.write(self.out / BEST, checkpoint.module_tensors("network", network), record)
            self._tell(numbers, error, better)

    def _tell(self, numbers: dict[str, float], error: float, better: bool) -> None:
        assert self.log is not None
        self.log.add({"step": self.status.step, "validation": numbers})
        self.log.draw()
        best = "the best so far" if better else f"best {self.status.best_error} at step {self.status.best_step}"
        self.say(f"step {self.status.step:,}: validation error {error:.6g}, {best}")

    def _save(self) -> None:
        """Write last.safetensors; every process hands in its random states."""
        states = {name: self.world.gather(state) for name, state in self.draws.states().items()}
        if not self.world.main:
            return
        tensors = checkpoint.module_tensors("network", self.task.network)
        tensors |= checkpoint.optimiser_tensors(self.optimiser, self.names)
        if self.average:
            tensors |= checkpoint.module_tensors("average", self.average.network)
        for name, every in states.items():
            tensors |= {f"random/{rank}/{name}": state for rank, state in enumerate(every)}
        record = {
            "status": asdict(self.status),
            "validation": self.validation,
            "scaler": self.scaler.state_dict(),
            "config": self.config,
            "processes": self.world.size,
        }
        checkpoint.write(self.out / LAST, tensors, record)

    def restore(self) -> None:
        """Become the training that wrote last.safetensors."""
        path = self.out / LAST
        tensors, record = checkpoint.read(path)
        checkpoint.load_module("network", self.task.network, tensors, path)
        if self.average:
            checkpoint.load_module("average", self.average.network, tensors, path)
        checkpoint.load_optimiser(self.optimiser, self.names, tensors, path)
        self.status, self.validation = _status(record, path), record.get("validation", {})
        if self.scaler.is_enabled() and record.get("scaler"):
            self.scaler.load_state_dict(record["scaler"])
        mine = checkpoint.part(f"random/{self.world.rank}", tensors)
        step = self.status.step
        if record.get("processes") != self.world.size or not self.draws.restore(mine):
            # Other random numbers than an unbroken run would have drawn, but never the same ones twice.
            self.draws = Draws(self.device, self.settings.seed, self.world.rank, step)
            self.say("other processes or another device than before: it goes on, but with new random numbers")
        self.say(f"goes on from step {step:,}")

    def _words(self) -> str:
        status = self.status
        text = f"step {status.step:,} of {self.settings.steps:,}"
        if self.means:
            text += f" · loss {self.means.get('loss', math.nan):.4g} · {self.speed:,.0f} samples/s"
        return text + (f" · best error {status.best_error:.4g}" if status.best_error is not None else "")

    def _device_name(self) -> str:
        return torch.cuda.get_device_name(self.device) if self.device.type == "cuda" else str(self.device)


def _status(record: dict[str, Any], path: Path) -> Status:
    try:
        status = Status(**record["status"])
    except (KeyError, TypeError) as bad:
        raise CheckpointError(f"{path} was written by another version of Bestiary, or is not a whole training.") from bad
    if type(status.step) is not int or status.step < 0 or not isinstance(record.get("config"), dict):
        raise CheckpointError(f"{path} is no training: step {status.step!r}, config {type(record.get('config')).__name__}.")
    return status


def _check_precision(settings: Training, device: torch.device) -> None:
    if settings.precision == "fp16" and device.type != "cuda":
        raise SettingsError(f"[training] precision = 'fp16' needs CUDA, and this runs on {device}: take bf16 or fp32")


def _optimiser(parameters: list[nn.Parameter], settings: Training, device: torch.device) -> torch.optim.Optimizer:
    """AdamW that pulls only matrices towards zero."""
    groups = [
        {"params": [p for p in parameters if p.dim() >= 2], "weight_decay": settings.weight_decay},
        {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    return torch.optim.AdamW(groups, lr=settings.lr, betas=settings.betas, fused=device.type == "cuda")


def _silent(*what: Any) -> None:
    """Says nothing."""
