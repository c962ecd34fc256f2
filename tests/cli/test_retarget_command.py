"""`bestiary retarget`: what it hands to Blender, and what it says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bestiary.cli import retarget as command
from bestiary.cli.main import run


def test_it_hands_on_what_was_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, target, words = tmp_path / "walk.glb", tmp_path / "horse.blend", []
    source.touch()
    target.touch()
    clip = {"action": "walk", "frames": 30, "handles": 40, "ik": 12, "errors": {"head_percent_max": 0.01}, "messages": ["mind the gap"],
            "seconds": {}}

    def script(name: str, arguments: list[str], blender: Path | None) -> str:
        words.extend([name, *arguments])
        return "noise\n" + json.dumps({"clips": [clip], "seconds": 1.5})

    monkeypatch.setattr(command, "run_script", script)
    assert run(["retarget", "--source", str(source), "--target", str(target), "--out", str(tmp_path / "out"), "--all", "--cyclic",
                "--path", "in_place", "--start", "5"]) == 0
    assert words[0] == "retarget.py" and {"--all", "--cyclic", "in_place", "5.0"} <= set(words) and "--glb" not in words
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["clips"][0]["action"] == "walk"


def test_a_file_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["retarget", "--source", str(tmp_path / "no.glb"), "--target", str(tmp_path / "no.blend")]) == 2
    assert "was not found" in capsys.readouterr().err.replace("\n", " ")
