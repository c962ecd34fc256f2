"""The loop learns, goes on exactly where it was broken off, and says so when it cannot learn."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from torch import nn

from bestiary.server.train import loop
from bestiary.server.train.checkpoint import CheckpointError, load_best, read
from bestiary.server.train.log import read_log
from bestiary.server.train.loop import Result, TrainingError, run
from bestiary.server.train.settings import SettingsError, Training
from bestiary.server.train.task import Shipping, Task, batch_length
from sine_task import SineTask


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


class Ear:
    """Hears what is said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(self, text: str) -> None:
        self.lines.append(text)

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


def quick(**changed: Any) -> Training:
    return Training(**{"steps": 20, "lr": 0.01, "warmup": 4, "validate_every": 7, "checkpoint_every": 6, "log_every": 3, **changed})


def train(out: Path, training: Training, task: SineTask, **more: Any) -> Result:
    return run(task, training, out, Ear(), **more)


def after(steps: int):
    """A wish to stop once so many steps are made."""
    asked = 0

    def stop() -> bool:
        nonlocal asked
        asked += 1
        return asked >= steps

    return stop


def test_the_sine_is_learned_and_everything_is_left_to_look_at(tmp_path: Path):
    task, heard = SineTask(), Ear()
    assert isinstance(task, Task) and isinstance(task, Shipping)
    training = quick(steps=600, warmup=20, ema=0.98, validate_every=100, log_every=20)
    result = run(task, training, tmp_path, heard, config={"training": {"lr": 0.01}, "task": {"kind": "sine"}})
    assert result.finished and result.stopped_by == "steps"
    assert result.status.best_error < 0.02 < result.status.curve[0][1]
    assert "the best so far" in heard.text and "parameters on cpu" in heard.text
    for name in ("curve.png", "loss.png"):
        assert Image.open(tmp_path / name).size == (640, 400)
    lines = read_log(tmp_path / "log.jsonl")
    steps = [line for line in lines if "loss" in line]
    assert [line["step"] for line in steps] == list(range(20, 601, 20))
    assert steps[-1]["loss"] < 0.05 * steps[0]["loss"]
    assert {"mean_error", "grad_norm", "lr", "samples_per_second", "seconds", "skipped"} <= steps[0].keys()
    assert len([line for line in lines if "validation" in line]) == 6
    card = json.loads((tmp_path / "result.json").read_text())
    assert card == json.loads(json.dumps(result.record()))
    assert card["step"] == 600 and card["samples"] == 600 * 32 and card["seed"] == 0 and card["finished"]
    assert card["device"] == "cpu" and card["torch"] == torch.__version__ and len(card["config_hash"]) == 16
    assert card["best_error"] == min(error for _, error in card["curve"]) == card["validation"]["error"]


def test_at_the_end_the_network_holds_the_best_weights_in_evaluation_mode(tmp_path: Path):
    task = SineTask()
    result = train(tmp_path, quick(steps=60, lr=0.1, ema=0.9, validate_every=15), task)
    fresh = SineTask(seed=1)
    record = load_best(tmp_path, fresh.network)
    assert record["step"] == result.status.best_step and not task.network.training
    for network in (task.network, fresh.network.eval()):
        with torch.no_grad():
            assert task.validate(network)["error"] == result.status.best_error


@pytest.mark.parametrize(
    ("training", "net"),
    [
        ({}, {}),
        ({"ema": 0.9}, {"dropout": 0.3, "norm": True}),
        ({"schedule": "constant", "clip_norm": 0.0}, {"dropout": 0.1, "unused": True}),
        ({"precision": "bf16", "ema": 0.5}, {"dropout": 0.2}),
    ],
    ids=["plain", "average-dropout-norm", "constant-unused", "bf16"],
)
@pytest.mark.parametrize("broken_at", [10, 13])
def test_ten_steps_and_ten_more_are_twenty(tmp_path: Path, training: dict, net: dict, broken_at: int):
    whole, first, second = SineTask(**net), SineTask(**net), SineTask(**net, seed=5)  # its own first weights must not matter
    settings = quick(**training)
    train(tmp_path / "whole", settings, whole)
    broken = train(tmp_path / "broken", settings, first, stop=after(broken_at))
    assert broken.stopped_by == "signal" and not broken.finished and broken.status.step == broken_at
    torch.rand(17)  # what others draw in between does not matter either
    resumed = train(tmp_path / "broken", settings, second, resume=True)
    assert first.losses + second.losses == whole.losses
    assert resumed.status.curve == json.loads((tmp_path / "whole/result.json").read_text())["curve"]
    for name in ("last", "best"):
        a, b = (read(tmp_path / run_ / f"{name}.safetensors")[0] for run_ in ("whole", "broken"))
        assert a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a)

    def log(folder: str) -> list[dict]:
        clock = ("samples_per_second", "seconds")
        return [{k: v for k, v in line.items() if k not in clock} for line in read_log(tmp_path / folder / "log.jsonl")]

    assert log("whole") == log("broken")


def test_after_a_kill_the_log_forgets_what_the_checkpoint_does_not_know(tmp_path: Path):
    class Killed(Exception):
        pass

    def kill() -> bool:
        kill.steps += 1  # type: ignore[attr-defined]
        if kill.steps == 11:  # type: ignore[attr-defined]
            raise Killed
        return False

    kill.steps = 0  # type: ignore[attr-defined]
    with pytest.raises(Killed):
        train(tmp_path, quick(), SineTask(), stop=kill)
    assert [line["step"] for line in read_log(tmp_path / "log.jsonl")][-1] == 9  # the checkpoint is of step 6
    with (tmp_path / "log.jsonl").open("a") as stream:
        stream.write('{"step": 10, "los')
    heard = Ear()
    run(SineTask(), quick(), tmp_path, heard, resume=True)
    assert "goes on from step 6" in heard.text
    assert [line["step"] for line in read_log(tmp_path / "log.jsonl") if "loss" in line] == [3, 6, 9, 12, 15, 18, 20]


def test_two_processes_draw_differently_and_two_runs_the_same(tmp_path: Path):
    one, again, other = SineTask(), SineTask(), SineTask()
    train(tmp_path / "a", quick(steps=2), one)
    train(tmp_path / "b", quick(steps=2), again)
    train(tmp_path / "c", quick(steps=2, seed=1), other)
    assert torch.equal(one.inputs[1], again.inputs[1]) and not torch.equal(one.inputs[1], other.inputs[1])
    draws = [loop.Draws(torch.device("cpu"), 0, rank) for rank in (0, 1)]
    values = [torch.rand(4, generator=each.generator) for each in draws]
    assert not torch.equal(*values)


def test_a_loss_that_is_not_finite_costs_its_step_and_nothing_else(tmp_path: Path):
    task, heard = SineTask(bad=(5, 9)), Ear()
    result = run(task, quick(steps=300, ema=0.9, log_every=50, validate_every=100), tmp_path, heard)
    assert result.status.skipped == 2 and result.status.best_error < 0.1
    assert "step 5: loss nan" in heard.text
    lines = read_log(tmp_path / "log.jsonl")
    assert [line["step"] for line in lines if "loss_was" in line] == [5, 9]
    assert all(line["loss"] < 2 for line in lines if "loss" in line)  # means are over the good steps
    assert all(bool(p.isfinite().all()) for p in task.network.parameters())


def test_many_bad_steps_in_a_row_stop_with_advice_and_a_sound_checkpoint(tmp_path: Path):
    task = SineTask(bad=tuple(range(9, 100)))
    with pytest.raises(TrainingError, match=r"4 steps in a row .*Lower \[training\] lr"):
        train(tmp_path, quick(max_skipped=4, steps=50), task)
    result = train(tmp_path, quick(max_skipped=4, steps=50), SineTask(), resume=True)
    assert result.finished and result.status.step == 50


def test_patience_ends_a_training_that_no_longer_gets_better(tmp_path: Path):
    class Worse(SineTask):
        def validate(self, network: nn.Module) -> dict[str, float]:
            return {"error": 1.0 + len(self.inputs) if len(self.inputs) > 10 else 5.0}

    result = train(tmp_path, quick(steps=500, validate_every=5, patience=3), Worse())
    assert result.stopped_by == "patience" and result.finished
    assert (result.status.step, result.status.best_step) == (20, 5)
    more = train(tmp_path, quick(steps=500, validate_every=5, patience=3), Worse(), resume=True)
    assert more.status.step == 20
    assert train(tmp_path, quick(steps=30, validate_every=5), Worse(), resume=True).stopped_by == "steps"


def test_an_error_that_is_no_number_is_never_the_best(tmp_path: Path):
    class Lost(SineTask):
        def validate(self, network: nn.Module) -> dict[str, float]:
            return {"error": float("nan") if len(self.inputs) != 14 else 0.5}

    result = train(tmp_path, quick(), Lost())
    assert result.status.best_error == 0.5 and result.status.curve == [[14, 0.5]]
    assert json.loads((tmp_path / "result.json").read_text())["best_step"] == 14


def test_the_minutes_are_kept(tmp_path: Path):
    result = train(tmp_path, quick(steps=10**6, checkpoint_every=10**6), SineTask(), minutes=0.002)
    assert result.stopped_by == "time" and 0 < result.status.step < 10**6 and result.status.seconds < 5
    assert train(tmp_path, quick(steps=result.status.step), SineTask(), resume=True).finished


def test_the_average_is_what_is_validated(tmp_path: Path):
    plain, averaged = SineTask(), SineTask()
    train(tmp_path / "plain", quick(), plain)
    train(tmp_path / "averaged", quick(ema=0.9), averaged)
    assert all(network is plain.network for network in plain.validated)
    assert not any(network is averaged.network for network in averaged.validated)
    assert plain.losses == averaged.losses
    tensors = read(tmp_path / "averaged/last.safetensors")[0]
    name = "layers.0.weight"
    assert not torch.equal(tensors[f"network/{name}"], tensors[f"average/{name}"])


def test_validation_does_not_disturb_what_is_drawn(tmp_path: Path):
    often, seldom = SineTask(dropout=0.5), SineTask(dropout=0.5)
    train(tmp_path / "often", quick(validate_every=1), often)
    train(tmp_path / "seldom", quick(validate_every=20), seldom)
    assert often.losses == seldom.losses
    noises = {line["validation"]["noise"] for line in read_log(tmp_path / "often/log.jsonl") if "validation" in line}
    assert len(noises) == 1  # and every validation draws the same


def test_gradients_are_clipped_and_frozen_weights_stay(tmp_path: Path):
    class Steep(SineTask):
        def loss(self, network: nn.Module, batch: dict) -> dict:
            return {name: 1e6 * value for name, value in super().loss(network, batch).items()}

    class Watched(loop._Trainer):
        longest = 0.0

        def _step(self, *how: Any) -> Any:
            step = self.optimiser.step

            def look(*args: Any, **more: Any) -> Any:
                grads = [p.grad for p in self.names if p.grad is not None]
                Watched.longest = max(Watched.longest, float(torch.stack([g.norm() for g in grads]).norm()))
                return step(*args, **more)

            self.optimiser.step = look  # type: ignore[method-assign]
            try:
                return super()._step(*how)
            finally:
                self.optimiser.step = step  # type: ignore[method-assign]

    task = Steep()
    trainer = Watched(task, quick(clip_norm=0.5, weight_decay=0.5), tmp_path, Ear(), {}, loop.World())
    trainer.train(lambda *what: None, lambda: False, 0.0)
    assert 0.4 < Watched.longest < 0.5001
    assert torch.equal(task.network.frozen, torch.ones(3))  # type: ignore[arg-type]


@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_every_precision_learns(tmp_path: Path, precision: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(loop, "_check_precision", lambda *what: None)  # the same path as on a GPU, only slowly
    heard = Ear()
    result = run(SineTask(), quick(steps=400, precision=precision, ema=0.95, validate_every=200), tmp_path, heard)
    assert result.status.best_error < 0.06
    assert all(tensor.dtype == torch.float32 for tensor in read(tmp_path / "best.safetensors")[0].values())
    assert result.status.skipped < 10


def test_fp16_finds_its_scale_and_keeps_it_when_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(loop, "_check_precision", lambda *what: None)

    class Steep(SineTask):
        def loss(self, network: nn.Module, batch: dict) -> dict:
            return {name: 300 * value for name, value in super().loss(network, batch).items()}

    whole, first, second = Steep(), Steep(), Steep()
    heard = Ear()
    run(whole, quick(precision="fp16"), tmp_path / "whole", heard)
    assert "its scale is halved" in heard.text
    train(tmp_path / "broken", quick(precision="fp16"), first, stop=after(10))
    train(tmp_path / "broken", quick(precision="fp16"), second, resume=True)
    assert first.losses + second.losses == whole.losses
    scaler = read(tmp_path / "whole/last.safetensors")[1]["scaler"]
    assert scaler == read(tmp_path / "broken/last.safetensors")[1]["scaler"] and scaler["scale"] < 65536


def test_fp16_without_cuda_is_refused(tmp_path: Path):
    with pytest.raises(SettingsError, match="needs CUDA"):
        train(tmp_path, quick(precision="fp16"), SineTask())


@pytest.mark.gpu
@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_a_gpu_learns_and_goes_on(tmp_path: Path, precision: str):
    class OnGpu(SineTask):
        def __init__(self) -> None:
            super().__init__(dropout=0.1)
            self.network = self.network.cuda()

        def batch(self, generator: torch.Generator) -> dict[str, torch.Tensor]:
            x = 6 * torch.rand(32, 1, generator=generator, device="cuda") - 3
            self.inputs.append(x)
            return {"x": x, "y": torch.sin(x)}

        def validate(self, network: nn.Module) -> dict[str, float]:
            x = torch.linspace(-3, 3, 100, device="cuda")[:, None]
            return {"error": float((network(x) - torch.sin(x)).abs().mean())}

    settings = quick(steps=300, precision=precision, ema=0.9, validate_every=50)
    whole, first, second = OnGpu(), OnGpu(), OnGpu()
    result = train(tmp_path / "whole", settings, whole)
    assert result.status.best_error < 0.1 and result.device == torch.cuda.get_device_name()
    train(tmp_path / "broken", settings, first, stop=after(150))
    train(tmp_path / "broken", settings, second, resume=True)
    assert torch.equal(torch.stack(whole.inputs), torch.stack(first.inputs + second.inputs))
    assert first.losses + second.losses == pytest.approx(whole.losses, rel=0.05, abs=1e-3)


def test_a_folder_with_a_training_is_not_overwritten(tmp_path: Path):
    train(tmp_path, quick(), SineTask(), stop=after(5))
    with pytest.raises(CheckpointError, match=r"already holds a training \(step 5\).*--resume"):
        train(tmp_path, quick(), SineTask())
    with pytest.raises(CheckpointError, match=r"another config:\n  training.lr: 0.01 → 0.5\n"):
        train(tmp_path, quick(lr=0.5), SineTask(), resume=True)
    assert train(tmp_path, quick(), SineTask(), resume=True).finished
    again = SineTask()
    assert train(tmp_path, quick(), again, resume=True).status.step == 20 and not again.losses
    assert train(tmp_path, quick(steps=25), SineTask(), resume=True).status.step == 25


def test_best_weights_of_a_training_that_was_taken_away_are_not_ones_own(tmp_path: Path):
    train(tmp_path, quick(), SineTask())
    (tmp_path / "last.safetensors").unlink()
    task = SineTask(seed=3)
    result = train(tmp_path, quick(), task, stop=after(2))
    assert result.status.best_error is None
    now = read(tmp_path / "last.safetensors")[0]["network/layers.0.weight"]
    assert torch.equal(task.network.state_dict()["layers.0.weight"], now)


def test_resume_where_nothing_is_starts_anew(tmp_path: Path):
    assert train(tmp_path / "new", quick(), SineTask(), resume=True).finished


def test_a_validation_without_an_error_is_refused(tmp_path: Path):
    class Mute(SineTask):
        def validate(self, network: nn.Module) -> dict[str, float]:
            return {"accuracy": 1.0}

    with pytest.raises(TrainingError, match="accuracy, but no error"):
        train(tmp_path, quick(), Mute())


def test_samples_are_counted_in_whatever_holds_the_batch():
    class Windows:
        def __init__(self) -> None:
            self.mask, self.points = None, torch.zeros(5, 3)

    batches = {7: torch.zeros(7, 2), 3: {"a": 1.0, "b": torch.zeros(3)}, 5: (Windows(), torch.zeros(9)), 1: torch.zeros(())}
    assert [batch_length(batch) for batch in batches.values()] == list(batches)
    assert batch_length("nothing") == 1
