"""The script that builds rigs without a window: as a bare file, in the module and in real Blender programs."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bestiary.animal.cameras import Camera
from bestiary.animal.clips import AnimalClip, clip_of_pose, save_clip
from bestiary.animal.default import default_model
from bestiary.animal.placing import AnimalPose
from conftest import ROOT, blender_programs

SCRIPT = ROOT / "blender_scripts" / "import_animals.py"


def _files(folder: Path) -> list[Path]:
    """Two animals of the open model, the second one walking for 10 frames, not seen in the third."""
    model = default_model()
    camera = Camera.look_at((4.0, 3.0, 1.5), (0.0, 0.0, 0.4), 900.0, 640, 480)
    rng = np.random.default_rng(0)
    still = AnimalPose(rng.normal(size=20), rng.normal(size=(35, 3)) * 0.1, np.array([0.0, 1.0, 0.8]), 0.5, "still", "dog")
    save_clip(clip_of_pose(model, still, camera), folder / "still.npz")
    poses = rng.normal(size=(1, 35, 3)) * 0.2 * np.linspace(-1, 1, 10)[:, None, None]
    trans = np.linspace([0.0, -1.0, 0.8], [2.0, -1.0, 0.8], 10)
    poses[2] = np.nan
    save_clip(AnimalClip(poses, trans, np.zeros(145), 12.0, model.model_id, label="walking"), folder / "walking.npz")
    return [folder / "still.npz", folder / "walking.npz"]


def _run(command: list[str], folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """The script without this environment's Python paths; `command` is up to where its own arguments begin."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    files = [str(path) for path in _files(folder)]
    return subprocess.run([*command, *files, *more], capture_output=True, text=True, timeout=300, env=clean,
                          cwd=ROOT, check=False)


def _check(done: subprocess.CompletedProcess[str], folder: Path) -> None:
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    assert done.returncode == 0 and lines, done.stdout[-3000:] + done.stderr[-3000:]
    said = json.loads(lines[-1])
    assert said["animals"] == 2
    data = (folder / "out.glb").read_bytes()
    document = json.loads(data[20:20 + struct.unpack_from("<I", data, 12)[0]])
    assert [len(skin["joints"]) for skin in document["skins"]] == [35, 35]
    assert {"still", "walking"} <= {node["name"] for node in document["nodes"]}
    assert len(document["animations"]) >= 1 and len(document["cameras"]) == 1
    assert (folder / "out.blend").stat().st_size > 100_000


@pytest.mark.blender
def test_in_blender_as_a_module(tmp_path: Path) -> None:
    outputs = ["--blend", str(tmp_path / "out.blend"), "--glb", str(tmp_path / "out.glb")]
    _check(_run([sys.executable, str(SCRIPT)], tmp_path, *outputs), tmp_path)


@pytest.mark.real_blender
@pytest.mark.parametrize("program", blender_programs(), ids=lambda words: "-".join(Path(w).name for w in words))
def test_in_a_real_blender(program: list[str], tmp_path: Path) -> None:
    start = [*program, "--background", "--factory-startup", "--python-exit-code", "1", "--python", str(SCRIPT), "--"]
    outputs = ["--blend", str(tmp_path / "out.blend"), "--glb", str(tmp_path / "out.glb"),
               "--render", str(tmp_path / "out.png"), "--samples", "1"]
    _check(_run(start, tmp_path, *outputs), tmp_path)
    assert (tmp_path / "out.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


@pytest.mark.blender
def test_a_file_of_another_model_ends_with_a_message(tmp_path: Path) -> None:
    stranger = AnimalClip(np.zeros((1, 35, 3)), np.zeros((1, 3)), np.zeros(3), 1.0, "0123456789abcdef", "a stranger")
    save_clip(stranger, tmp_path / "stranger.npz")
    done = subprocess.run([sys.executable, str(SCRIPT), str(tmp_path / "stranger.npz")], capture_output=True, text=True,
                          timeout=120, cwd=ROOT, check=False)
    assert done.returncode != 0 and "a stranger" in done.stderr and "Traceback" not in done.stderr
