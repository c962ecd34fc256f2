"""What `bestiary reconstruct` says of a result: missing numbers as such, and warnings where they are seen."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from bestiary.cli.reconstruct import Target, show, summarise, write_json
from bestiary.wire import Animal, Reconstruction


def test_what_was_not_measured_is_null_and_warnings_are_under_the_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    animal = Animal(
        np.zeros(2), np.zeros((1, 3)), np.zeros(3), 1.0, np.zeros((0, 3)),
        species="dog", score=math.nan, warnings=["The box [alone] leaves the direction open."],
    )  # fmt: skip
    result = Reconstruction("0" * 16, "a model", ["root"], [], [animal], np.eye(3), np.eye(3), np.zeros(3), 80, 60)
    summary = summarise(result, Path("photo.png"), "tcp://127.0.0.1:8755", 1.0)
    summary["files"] = ["animal.npz"]
    write_json(tmp_path / "summary.json", summary)
    (read,) = json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))["animals"]
    assert (read["score"], read["keypoint_error_px"], read["iou"]) == (None, None, None)
    show(summary, Target(tmp_path))
    lines = capsys.readouterr().out.splitlines()
    warned = lines.index("warning: dog: The box [alone] leaves the direction open.")
    assert lines[warned - 1].startswith("└") and "nan" not in "".join(lines)
