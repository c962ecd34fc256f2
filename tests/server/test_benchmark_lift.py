"""The benchmark of lifting compares like with like, and its report holds what it promises."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from bestiary.benchmarks import lift as benchmark
from bestiary.server.lift import layers

TINY = {"full_lifter": {"kind": "lifter", "width": 16, "heads": 2, "time_layers": 1, "space_layers": 1},
        "small_bestiary": {"kind": "bestiary", "width": 16, "heads": 2, "time_layers": 1, "space_layers": 1}}  # fmt: skip


@pytest.fixture(autouse=True)
def _tiny(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(benchmark, "networks", lambda: TINY)
    monkeypatch.setattr(benchmark, "ATTENTION_FRAMES", (48, 160))
    monkeypatch.setattr(benchmark, "PIPELINES", ())


def test_blocks_and_one_mask_say_the_same():
    q, k, v = torch.randn(3, 2, 2, 160, 8, generator=torch.Generator().manual_seed(0)).unbind(0)
    blocks = layers.banded_attention(q, k, v, 8, None)
    with benchmark.one_mask():
        masked = layers.banded_attention(q, k, v, 8, None)
    torch.testing.assert_close(blocks, masked, atol=1e-5, rtol=1e-5)
    assert layers.DIRECT < 160  # as before


def test_the_report(tmp_path: Path):
    metrics = benchmark.run(tmp_path, frames=60, seconds=0.01, threads=1, longest=0, device="cpu")
    assert json.loads((tmp_path / "metrics.json").read_text()).keys() == metrics.keys()
    assert metrics["fps_cpu_full_lifter"] > 0 and metrics["fps_cpu_small_bestiary"] > 0
    assert metrics["attention_speedup_cpu_160"] > 0 and (tmp_path / "attention_cpu.png").is_file()
    assert "| full lifter |" in (tmp_path / "table.md").read_text()


@pytest.mark.parametrize("way", ["windows", "one call", "one call, mask"])
def test_memory_is_that_of_a_call(way: str, capsys: pytest.CaptureFixture):
    benchmark.report_peak(json.dumps({"way": way, "frames": 120, "device": "cpu", "threads": 1}))
    assert float(capsys.readouterr().out) >= 1


def test_every_network_that_is_trained_is_measured(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.undo()
    found = benchmark.networks()
    assert {f"{size}_{kind}" for size in ("full", "small") for kind in benchmark.KINDS} == found.keys()
    assert benchmark.made(found["small_lifter"], "cpu").kind == "lifter"
