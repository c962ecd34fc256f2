"""The command trains, stops when asked, tells how to go on, and runs on a machine that has torch and little else."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

import sine_task
from bestiary.cli.main import run as bestiary
from bestiary.server.train import tasks
from bestiary.server.train.__main__ import main
from bestiary.server.train.checkpoint import LAST, read
from bestiary.server.train.distributed import DeviceError, pick_device

SCRIPT = Path(sine_task.__file__)
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}


@pytest.fixture(autouse=True)
def _sine(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tasks, "KINDS", dict(tasks.KINDS))
    sine_task.register()
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def config(folder: Path, task: str = "", training: str = "", kind: str = "sine") -> Path:
    path = folder / "sine.toml"
    path.write_text(
        f'[task]\nkind = "{kind}"\n{task}\n[training]\nsteps = 20\nlr = 0.01\nvalidate_every = 10\ncheckpoint_every = 8\n{training}\n'
    )
    return path


def words(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def test_a_config_becomes_weights(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = tmp_path / "out"
    assert main([str(config(tmp_path)), "--out", str(out), "--device", "cpu", "--set", "training.lr=0.02"]) == 0
    said = capsys.readouterr().out
    assert "100% step 20 of 20" in said and "Finished at step 20" in said
    card = json.loads((out / "result.json").read_text())
    assert card["config"]["training"]["lr"] == 0.02
    assert json.loads((out / "config.json").read_text()) == {"hash": card["config_hash"], "config": card["config"]}
    assert (out / "weights" / "shipped.txt").read_text() == str(card["best_error"])


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--set", "training.lr=-1"], r"\[training\] lr = -1.0: must be at least"),
        (["--set", "task.kind=sing"], r"\[task\] kind = 'sing': there are lift, pose"),
        (["--set", "training.task.kind=1"], r"no field task"),
        (["--device", "cuda:99"], "this torch sees"),
        (["--device", "toaster"], "--device toaster: write cpu"),
        (["--steps", "0"], "steps = 0"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], message: str):
    assert main([str(config(tmp_path)), "--out", str(tmp_path / "out"), *more]) == 2
    said = capsys.readouterr().err
    assert re.search(message, said) and "Traceback" not in said and said.startswith("error: ")


def test_a_config_that_is_not_there_and_a_task_that_is_no_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main([str(tmp_path / "none.toml"), "--out", str(tmp_path / "out")]) == 2
    (tmp_path / "odd.toml").write_text("task = 5")
    assert main([str(tmp_path / "odd.toml"), "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert "none.toml" in said and "[task] must be a table" in said


def test_a_fault_of_the_program_is_not_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sine_task.SineTask, "batch", lambda *what: [][1])
    with pytest.raises(IndexError):
        main([str(config(tmp_path)), "--out", str(tmp_path / "out")])


def test_ctrl_c_writes_a_checkpoint_and_says_how_to_go_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = tmp_path / "out"
    path = config(tmp_path, "interrupt = 5")
    assert main([str(path), "--out", str(out)]) == 130
    said = capsys.readouterr().out
    assert "Stopped at step 5" in said and "the same command with --resume" in said
    assert read(out / LAST)[1]["status"]["step"] == 5
    assert main([str(path), "--out", str(out), "--resume"]) == 130  # its fifth batch again
    assert main([str(path), "--out", str(out)]) == 2
    assert main([str(config(tmp_path, "interrupt = 99")), "--out", str(out), "--resume"]) == 2
    said = capsys.readouterr()
    assert "Stopped at step 10" in said.out and "task.interrupt: 5 → 99" in said.err


def test_the_verb_trains_and_ctrl_c_stops_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    sine_task.register("lift")
    out, path = tmp_path / "out", config(tmp_path, "interrupt = 15", kind="lift")
    command = ["train", "lift", "--config", str(path), "--out", str(out)]
    assert bestiary([*command, "--device", "cpu", "--set", "training.ema=0.5", "--set", "training.log_every=2"]) == 130
    said = words(capsys.readouterr().out)
    assert "Stopped at step 15" in said and "--resume" in said
    assert bestiary([*command, "--resume"]) == 2  # the config is another one without --set
    assert "training.ema: 0.5 → 'not given'" in words(capsys.readouterr().err)
    assert bestiary([*command, "--resume", "--set", "training.ema=0.5"]) == 0
    assert "Finished at step 20" in words(capsys.readouterr().out)


def test_the_verb_and_the_config_must_agree(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = config(tmp_path, kind="lift")
    assert bestiary(["train", "pose", "--config", str(path), "--out", str(tmp_path / "out")]) == 2
    assert "kind = 'lift', and this trains 'pose'" in words(capsys.readouterr().err)
    assert bestiary(["train", "lift", "--config", str(tmp_path / "no.toml"), "--out", str(tmp_path / "out")]) == 2
    assert "was not found" in words(capsys.readouterr().err)


def test_sigterm_writes_a_checkpoint(tmp_path: Path):
    out = tmp_path / "out"
    command = [sys.executable, str(SCRIPT), str(config(tmp_path)), "--out", str(out), "--steps", "10000000"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT)
    try:
        until = time.monotonic() + 60
        while not (out / LAST).exists() and time.monotonic() < until:
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130 and "Stopped at step" in said
    step = read(out / LAST)[1]["status"]["step"]
    assert f"Stopped at step {step:,}" in said
    assert main([str(config(tmp_path)), "--out", str(out), "--resume", "--steps", str(step + 5)]) == 0


def test_devices_are_named_and_missing_ones_refused():
    assert pick_device("cpu") == "cpu"
    if not torch.cuda.is_available():
        assert pick_device("auto") == "cpu"
        with pytest.raises(DeviceError, match="sees 0 CUDA devices"):
            pick_device("cuda")


BARE = """
import importlib, importlib.util, pkgutil, sys
for name in ("msgspec", "zmq", "tyro", "rich", "diffusers", "transformers", "pycocotools", "bpy", "av", "ray"):
    sys.modules[name] = None  # importing it fails
import bestiary.server.train as package
for module in pkgutil.iter_modules(package.__path__):
    if module.name != "__main__":
        importlib.import_module(f"{package.__name__}.{module.name}")
from bestiary.server.train.tasks import KINDS
for module in KINDS.values():
    if importlib.util.find_spec(module, package.__name__):
        importlib.import_module(module, package.__name__)
from bestiary.server.train.__main__ import main
sys.exit(main(["--help"]))
"""


def test_it_needs_neither_the_wire_nor_the_command_line():
    ended = subprocess.run([sys.executable, "-c", BARE], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert "--resume" in ended.stdout


def torchrun(arguments: list[str], processes: int = 2) -> str:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc_per_node={processes}", str(SCRIPT), *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT, timeout=150)
    assert ended.returncode == 0, ended.stderr[-3000:]
    return ended.stdout


@pytest.mark.slow
def test_two_processes_train_one_network_and_resume_exactly(tmp_path: Path):
    net = f'dropout = 0.1\nunused = true\ntrace = "{tmp_path}"'
    path = config(tmp_path, net, 'schedule = "constant"\nema = 0.9\nlog_every = 5')
    arguments = [str(path), "--device", "cpu", "--out"]
    said = torchrun([*arguments, str(tmp_path / "whole")])
    assert said.count("Finished at step 20") == 1 and "2 × cpu" in said  # only the first process speaks
    first, second = (float((tmp_path / f"batch{rank}.txt").read_text()) for rank in (0, 1))
    assert first != second
    torchrun([*arguments, str(tmp_path / "broken"), "--steps", "10"])
    assert "goes on from step 10" in torchrun([*arguments, str(tmp_path / "broken"), "--resume"])
    (whole, record), (broken, _) = (read(tmp_path / name / LAST) for name in ("whole", "broken"))
    assert whole.keys() == broken.keys() and all(torch.equal(whole[name], broken[name]) for name in whole)
    assert record["processes"] == 2 and record["status"]["samples"] == 20 * 2 * 32
    alone = [str(path), "--out", str(tmp_path / "whole"), "--resume", "--steps", "30"]
    assert main(alone) == 0 and read(tmp_path / "whole" / LAST)[1]["status"]["step"] == 30


@pytest.mark.slow
def test_two_processes_learn_as_well_as_one(tmp_path: Path):
    path = config(tmp_path, training="ema = 0.95\nlog_every = 100")
    torchrun([str(path), "--device", "cpu", "--out", str(tmp_path / "out"), "--steps", "400", "--set", "training.validate_every=100"])
    card = json.loads((tmp_path / "out/result.json").read_text())
    assert card["best_error"] < 0.05 and card["processes"] == 2
