"""The script that plays motions without a window: as a bare file, in the module and in real Blender programs."""

from __future__ import annotations

import json
import os
import re
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bestiary.animal.cameras import Camera
from bestiary.animal.motion import Motion, save_motion
from bestiary.animal.skeleton import Skeleton
from bestiary.animal.tracks import Tracks, save_tracks
from conftest import ROOT, blender_programs

SCRIPT = ROOT / "blender_scripts" / "import_motion.py"
BIRD = Skeleton(("hip", "neck", "beak", "left_wing", "right_wing", "left_foot", "right_foot"), (-1, 0, 1, 0, 0, 0, 0))


def _motion(frames: int = 30, **more: object) -> Motion:
    """A bird of sticks that hops along and flaps, 24 frames a second."""
    t = np.linspace(0, 6, frames)
    rest = np.array([(0, 0, .3), (.1, 0, .4), (.2, 0, .42), (0, .3, .3), (0, -.3, .3), (0, .05, 0), (0, -.05, 0)])
    places = np.repeat(rest[None], frames, axis=0) + np.stack([0.1 * t, 0 * t, 0.05 * abs(np.sin(t))], axis=1)[:, None]
    places[:, 3:5, 1] = 0.3 * np.cos(t)[:, None] * [1, -1]
    places[:, 3:5, 2] += 0.3 * np.sin(t)[:, None]
    return Motion(places, BIRD, 23.976, **{"label": "Bird", **more})


def _run(command: list[str], arguments: list[str]) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=300, env=clean, cwd=ROOT, check=False)


def _files(folder: Path) -> list[str]:
    camera = Camera.look_at((2.0, -2.0, 1.0), (0.3, 0.0, 0.3), 700.0, 320, 240)
    motion = _motion(cameras=(camera,))
    save_motion(folder / "bird.npz", motion)
    save_tracks(folder / "tracks.json", [Tracks(camera.project(motion.positions), BIRD, motion.fps, width=320, height=240)])
    return [str(folder / "bird.npz"), "--tracks", str(folder / "tracks.json"),
            "--blend", str(folder / "out.blend"), "--glb", str(folder / "out.glb")]


def _glb(path: Path) -> dict:
    data = path.read_bytes()
    return json.loads(data[20:20 + struct.unpack_from("<I", data, 12)[0]])


def _check(done: subprocess.CompletedProcess[str], folder: Path) -> None:
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    assert done.returncode == 0 and lines, done.stdout[-3000:] + done.stderr[-3000:]
    assert json.loads(lines[-1])["frames"] == 30
    document = _glb(folder / "out.glb")
    names = {node["name"] for node in document["nodes"]}
    assert set(BIRD.names) <= names and len(document["animations"]) == 1 and len(document["cameras"]) == 1
    assert not any("tracks" in name for name in names), "the circles are for the eye only"
    times = [a for a in document["accessors"] if a.get("max") and a["type"] == "SCALAR"]
    assert max(a["max"][0] for a in times) == pytest.approx(29 / 23.976, abs=0.06)
    assert (folder / "out.blend").stat().st_size > 50_000


@pytest.mark.blender
def test_in_blender_as_a_module(tmp_path: Path) -> None:
    _check(_run([sys.executable, str(SCRIPT)], _files(tmp_path)), tmp_path)


@pytest.mark.blender
def test_several_motions_stand_beside_one_another(tmp_path: Path) -> None:
    for name in ("one", "two"):
        save_motion(tmp_path / f"{name}.npz", _motion(label=name))
    files = [str(tmp_path / "one.npz"), str(tmp_path / "two.npz"), "--glb", str(tmp_path / "out.glb")]
    done = _run([sys.executable, str(SCRIPT)], files)
    assert done.returncode == 0, done.stderr
    document = _glb(tmp_path / "out.glb")
    where = {node["name"]: node.get("translation", [0, 0, 0])[0] for node in document["nodes"]}
    assert where["two"] - where["one"] > 0.6


@pytest.mark.real_blender
@pytest.mark.parametrize("program", blender_programs(), ids=lambda words: "-".join(Path(w).name for w in words))
def test_in_a_real_blender(program: list[str], tmp_path: Path) -> None:
    start = [*program, "--background", "--factory-startup", "--python-exit-code", "3"]
    _check(_run([*start, "--python", str(SCRIPT), "--"], [*_files(tmp_path), "--render", str(tmp_path / "out.png")]), tmp_path)
    assert (tmp_path / "out.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    check = str(ROOT / "tests" / "scene" / "check_skeleton.py")
    done = _run([*program, "--background", str(tmp_path / "out.blend"), "--python-exit-code", "3", "--python", check, "--"],
                [str(tmp_path / "bird.npz")])
    found = re.search(r"CHECKED (\S+)", done.stdout)
    assert found and float(found[1]) < 1e-4, done.stdout + done.stderr


@pytest.mark.blender
@pytest.mark.parametrize(("name", "text"), [("absent.npz", None), ("words.npz", "no motion")])
def test_what_is_no_motion_ends_with_a_message(tmp_path: Path, name: str, text: str | None) -> None:
    if text:
        (tmp_path / name).write_text(text)
    done = _run([sys.executable, str(SCRIPT)], [str(tmp_path / name)])
    assert done.returncode != 0 and name.split(".")[0] in done.stderr and "Traceback" not in done.stderr
