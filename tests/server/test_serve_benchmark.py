"""The benchmark of the way through the server: real servers, a few jobs, numbers that add up."""

from __future__ import annotations

import json
import os

import psutil
import pytest

import serving
from bestiary.benchmarks.serve import run


def test_it_measures_and_writes(tmp_path):
    assert serving.QUICK  # shares its search path for modules
    metrics = run(tmp_path, repeats=4, megabytes=0.5, rounds=1, litserve=False)
    assert metrics["jobs"] == 4
    assert metrics["overhead_ms_median"] == metrics["server_ms_median"] - metrics["in_process_ms_median"] > 0
    assert set(json.loads((tmp_path / "metrics.json").read_text())) == set(metrics)
    assert "Bestiary's server" in (tmp_path / "table.md").read_text()


@pytest.mark.slow
def test_litserve_answers_the_same(tmp_path):
    pytest.importorskip("litserve")
    metrics = run(tmp_path, repeats=2, megabytes=0.1, rounds=1)
    assert metrics["litserve_json_ms_median"] > 0 and metrics["litserve_raw_ms_median"] > 0
    group = os.getpgid(0)  # the servers' children stay in it when they are orphaned
    commands = [" ".join(p.info["cmdline"] or []) for p in psutil.process_iter(["cmdline"]) if pgid_of(p.pid) == group]
    assert not any("litserve_echo.py" in command for command in commands)


def pgid_of(pid):
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None
