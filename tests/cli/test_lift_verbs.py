"""The verbs that evaluate lifting say what is wrong with a command before they do anything that takes time."""

from __future__ import annotations

from pathlib import Path

import pytest

from bestiary.cli.main import run


@pytest.mark.parametrize(("arguments", "message"), [
    ("evaluate lift --motions NO --networks a=b", "no folder"),
    ("evaluate lift --motions HERE --networks a=b a=c", "each name once"),
    ("evaluate lift --motions HERE --networks a=HERE", "no network in"),
    ("evaluate lift --motions HERE --networks a=b --sections table9", "no section table9"),
    ("evaluate lift-table --motions HERE --table 7", "no table 7"),
    ("evaluate lift-table --motions HERE --table 3 --config NO", "was not found"),
    ("evaluate lift-table --motions HERE --table 3 --seeds 0", "at least 1"),
    ("evaluate lift-table --motions HERE --table 3", "dataset.json"),
    ("evaluate lift-real --data HERE --networks a=b --sections cats", "no section cats"),
])  # fmt: skip
def test_a_wrong_command_is_explained(tmp_path: Path, capfd: pytest.CaptureFixture, arguments: str, message: str):
    places = {"HERE": str(tmp_path), "NO": str(tmp_path / "no")}
    words = arguments.split()
    for place, path in places.items():
        words = [word.replace(place, path) for word in words]
    assert run([*words, *(("--out", str(tmp_path / "out")))]) == 2
    assert message in " ".join(capfd.readouterr().err.split())
