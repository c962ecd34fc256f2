"""The benchmark of the torch body: both sides compute the same, and the report holds what it promises."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from bestiary.animal.model import AnimalModel
from bestiary.animal.model_file import save_model

pytest.importorskip("smplx")
from bestiary.benchmarks import body as benchmark


@pytest.fixture
def model(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    weights = rng.random((40, 4))
    regressor = rng.random((4, 40))
    template = rng.normal(size=(40, 3))
    regressor /= regressor.sum(axis=1, keepdims=True)
    animal = AnimalModel(
        name="blob", v_template=template, shapedirs=0.1 * rng.normal(size=(40, 3, 3)), faces=np.array([[0, 1, 2]]),
        weights=weights / weights.sum(axis=1, keepdims=True), parents=np.array([-1, 0, 1, 1]), J=regressor @ template,
        J_regressor=regressor, source="a test", licence="CC0-1.0")
    save_model(animal, tmp_path / "blob.npz")
    return tmp_path / "blob.npz"


@pytest.mark.parametrize("correctives", [False, True])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_both_sides_agree(model: Path, correctives: bool) -> None:
    case = benchmark.Case(3, True, correctives)
    animal = benchmark._prepared(benchmark._open(model), case)
    inputs, pull = benchmark.inputs_for(animal, case, 0)
    results = []
    for side in benchmark.SIDES:
        outputs = benchmark.forward_of(side, animal)(*inputs)
        results.append((*outputs, *torch.autograd.grad(outputs, inputs, pull)))
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-4)


def test_the_report(model: Path, tmp_path: Path) -> None:
    metrics = benchmark.run(tmp_path / "out", model, batches=(1, 2), seconds=0.01, memory=False)
    assert json.loads((tmp_path / "out" / "metrics.json").read_text()).keys() == metrics.keys()
    for key in ("b1", "grad_b1", "b2", "grad_b2", "b1_correctives", "grad_b2_correctives"):
        assert metrics[f"speedup_{key}"] == pytest.approx(metrics[f"ms_smplx_{key}"] / metrics[f"ms_bestiary_{key}"])
    assert "| 2 | yes | yes |" in (tmp_path / "out" / "table.md").read_text()


def test_peak_memory_grows_with_the_batch(model: Path) -> None:
    small, large = (benchmark._peak_in_process("bestiary", benchmark.Case(n, False, False), model, 1, 0) for n in (1, 40_000))
    assert large > 40_000 * 40 * 3 * 4  # the vertices alone
    assert large > 10 * small
