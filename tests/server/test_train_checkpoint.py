"""A checkpoint is whole or it is not there; a damaged or foreign one is refused with words, and nothing in it is ever run."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import nn

from bestiary.server.train import checkpoint
from bestiary.server.train.checkpoint import LAST, CheckpointError
from bestiary.server.train.loop import Status, check_folder

CONFIG = {"training": {"lr": 0.1}}


def written(path: Path) -> Path:
    record = {"status": {"step": 3}, "config": CONFIG, "processes": 1}
    checkpoint.write(path, {"network/weight": torch.arange(12.0).reshape(3, 4), "count": torch.tensor(5)}, record)
    return path


def test_what_is_written_is_read(tmp_path: Path):
    tensors, record = checkpoint.read(written(tmp_path / "a" / LAST))
    assert torch.equal(tensors["network/weight"], torch.arange(12.0).reshape(3, 4)) and int(tensors["count"]) == 5
    assert record["config"] == CONFIG and checkpoint.read_record(tmp_path / "a" / LAST) == record
    assert [path.name for path in (tmp_path / "a").iterdir()] == [LAST]


@given(share=st.floats(0, 1, exclude_max=True))
def test_one_that_is_cut_off_is_refused_with_its_name(tmp_path_factory: pytest.TempPathFactory, share: float):
    path = written(tmp_path_factory.mktemp("cut") / LAST)
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(CheckpointError, match=rf"{LAST} is cut off or damaged.*start anew"):
        checkpoint.read(path)
    with pytest.raises(CheckpointError, match="cut off"):
        check_folder(path.parent, CONFIG, resume=True)


@given(data=st.binary(max_size=200), place=st.integers(0, 300))
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes, place: int):
    path = written(tmp_path_factory.mktemp("bytes") / LAST)
    sound = path.read_bytes()
    for hostile in (data, sound[:place] + data + sound[place + len(data) :]):
        path.write_bytes(hostile)
        try:
            tensors, record = checkpoint.read(path)
            check_folder(path.parent, CONFIG, resume=True)
        except CheckpointError:
            continue
        assert isinstance(record, dict) and all(isinstance(tensor, torch.Tensor) for tensor in tensors.values())


def test_other_files_are_no_checkpoints(tmp_path: Path):
    path = tmp_path / LAST
    save_file({"a": torch.zeros(2)}, path)
    with pytest.raises(CheckpointError, match="no checkpoint"):
        checkpoint.read(path)
    save_file({"a": torch.zeros(2)}, path, {"bestiary": "[1, 2"})
    with pytest.raises(CheckpointError, match="damaged"):
        checkpoint.read(path)

    class Trap:
        def __reduce__(self) -> tuple:
            return os.mkdir, (str(tmp_path / "trapped"),)

    path.write_bytes(pickle.dumps(Trap()))
    with pytest.raises(CheckpointError, match="damaged"):
        checkpoint.read(path)
    torch.save({"a": Trap()}, path)
    with pytest.raises(CheckpointError, match="damaged"):
        checkpoint.read(path)
    assert not (tmp_path / "trapped").exists()


@pytest.mark.parametrize(
    "record",
    [{}, {"status": 5}, {"status": {"stp": 1}}, {"status": {"step": "x"}}, {"status": {"step": -1}}, {"status": {}, "config": 5}],
)
def test_a_record_of_another_kind_is_refused(tmp_path: Path, record: dict):
    checkpoint.write(tmp_path / LAST, {"a": torch.zeros(1)}, record)
    with pytest.raises(CheckpointError, match=r"last\.safetensors|another config"):
        check_folder(tmp_path, CONFIG, resume=True)


def test_the_weights_of_another_network_are_refused_by_name(tmp_path: Path):
    network = nn.Linear(4, 3)
    tensors = checkpoint.module_tensors("network", network)
    for other, words in (
        (nn.Linear(4, 5), r"differs in weight \(3, 4\), not \(5, 4\)"),
        (nn.Linear(4, 3, bias=False), "has besides bias"),
        (nn.Sequential(nn.Linear(4, 3)), "lacks 0.bias, 0.weight"),
    ):
        with pytest.raises(CheckpointError, match=words):
            checkpoint.load_module("network", other, tensors, tmp_path / LAST)
    optimiser = torch.optim.AdamW(network.parameters())
    network(torch.ones(2, 4)).sum().backward()
    optimiser.step()
    names = {parameter: name for name, parameter in network.named_parameters()}
    moments = checkpoint.optimiser_tensors(optimiser, names)
    moments["optimiser/weight/exp_avg"] = torch.zeros(2, 2)
    with pytest.raises(CheckpointError, match="optimiser's state of weight"):
        checkpoint.load_optimiser(optimiser, names, moments, tmp_path / LAST)


def test_tied_weights_stay_tied(tmp_path: Path):
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inward, self.outward = nn.Linear(3, 3), nn.Linear(3, 3)
            self.outward.weight = self.inward.weight

    network, other = Tied(), Tied()
    checkpoint.write(tmp_path / LAST, checkpoint.module_tensors("network", network), {})
    checkpoint.load_module("network", other, checkpoint.read(tmp_path / LAST)[0], tmp_path / LAST)
    assert other.inward.weight is other.outward.weight and torch.equal(other.inward.weight, network.inward.weight)


KILLED = """
import os, sys, torch
from pathlib import Path
from bestiary.animal import npz
from bestiary.server.train import checkpoint
path = Path(sys.argv[1])
record = {"status": {"step": 3}}
checkpoint.write(path, {"a": torch.ones(1000)}, record)
npz.os.fsync = lambda number: os._exit(9)  # as late as it can be
checkpoint.write(path, {"a": torch.zeros(1000)}, record)
"""


def test_a_kill_while_writing_leaves_the_one_before(tmp_path: Path):
    path = tmp_path / LAST
    ended = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert ended.returncode == 9
    assert len(list(tmp_path.iterdir())) == 2  # the half-written one lies beside it
    assert torch.equal(checkpoint.read(path)[0]["a"], torch.ones(1000))
    checkpoint.sweep(tmp_path)
    assert [left.name for left in tmp_path.iterdir()] == [LAST]


def test_a_full_disk_leaves_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = written(tmp_path / LAST)
    before = path.read_bytes()

    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        checkpoint.write(path, {"a": torch.zeros(1)}, {})
    assert path.read_bytes() == before and len(list(tmp_path.iterdir())) == 1


def test_the_status_survives_json():
    status = Status(step=3, best_error=0.1, curve=[[1, 0.5]], sums={"loss": [0.1 + 0.2, 3]})
    assert Status(**json.loads(json.dumps(status.__dict__))) == status
