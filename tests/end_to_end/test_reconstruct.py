"""The whole way without Blender: the command, a real server process, the fit, and the files that come out."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bestiary.animal.cameras import Camera
from bestiary.animal.clips import load_clip
from bestiary.animal.default import default_model
from bestiary.server.overlay import OverlayAnimal, draw_overlay
from bestiary.server.results import clip_silhouette
from bestiary.wire import Client
from bestiary.wire.local import LocalServer

POINTS = ("nose", "tail_base", "left_front_paw", "right_front_paw", "left_hind_paw", "right_hind_paw", "withers")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with LocalServer(devices=["cpu"]) as running:
        yield running.address


@pytest.fixture(scope="module")
def subject(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a drawn picture of an animal (`photo.png`), its hints (`hints.json`) and its mask (`mask.png`)."""
    folder = tmp_path_factory.mktemp("subject")
    model = default_model()
    posed = model.forward(0.4 * np.ones(2))
    metres = model.metres_per_unit
    vertices = posed.vertices * metres
    middle = (vertices.min(0) + vertices.max(0)) / 2
    size = np.ptp(vertices, axis=0).max()
    camera = Camera.look_at(middle + size * np.array([0.8, -2.2, 0.6]), middle, 380.0, 320, 240)
    animal = OverlayAnimal(vertices, model.faces)
    Image.fromarray(draw_overlay(np.full((240, 320, 3), 140, np.uint8), camera, [animal])).save(folder / "photo.png")
    blank = np.zeros((240, 320, 3), np.uint8)
    Image.fromarray((draw_overlay(blank, camera, [animal]).max(2) > 0).astype(np.uint8) * 255).save(folder / "mask.png")
    pixels = camera.project(posed.keypoints * metres)
    known = dict(zip(model.keypoint_names, pixels.tolist(), strict=True))
    box = [*camera.project(vertices).min(0).tolist(), *camera.project(vertices).max(0).tolist()]
    hints = {"species": "dog", "box": box, "keypoints": {name: known[name] for name in POINTS if name in known}}
    (folder / "hints.json").write_text(json.dumps(hints), encoding="utf-8")
    return folder


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "bestiary", "reconstruct", *map(str, arguments)]


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=170, check=False,
        env={**os.environ, "COLUMNS": "160", "NO_COLOR": "1"},
    )  # fmt: skip


def test_a_photo_becomes_files(server: str, subject: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = run(subject / "photo.png", "--keypoints", subject / "hints.json", "--mask", subject / "mask.png",
               "--server", server, "--out", out, "--no-blender")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert {path.name for path in out.iterdir()} == {"animal.npz", "animal.json", "overlay.png", "summary.json"}
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    assert summary["model_id"] == default_model().model_id and len(summary["animals"]) == 1
    clip = load_clip(out / "animal.npz")
    clip.check_model(default_model())
    assert clip.species == "dog" and clip.cameras["photo"].width == 320
    mask = np.asarray(Image.open(subject / "mask.png")) > 0
    found = clip_silhouette(clip, default_model())
    assert (mask & found).sum() / (mask | found).sum() > 0.75
    feet = clip.frame(0).posed(default_model()).vertices[:, 2].min()
    assert abs(feet) < 0.05
    assert Image.open(out / "overlay.png").size == (320, 240)


def test_two_animals_and_a_second_run_into_the_same_folder(server: str, subject: Path, tmp_path: Path) -> None:
    hints = json.loads((subject / "hints.json").read_text(encoding="utf-8"))
    two = tmp_path / "two.json"
    two.write_text(json.dumps({"animals": [{**hints, "label": "first"}, {**hints, "label": "second"}]}), encoding="utf-8")
    out = tmp_path / "out"
    done = run(subject / "photo.png", "--keypoints", two, "--server", server, "--out", out, "--no-blender")
    assert done.returncode == 0, done.stderr
    assert load_clip(out / "animal_2.npz").label == "second"
    done = run(subject / "photo.png", "--keypoints", subject / "hints.json", "--server", server, "--out", out, "--no-blender")
    assert done.returncode == 0, done.stderr
    assert not (out / "animal_2.npz").exists() and (out / "animal.npz").exists()


def write(folder: Path, name: str, data: bytes) -> Path:
    (folder / name).write_bytes(data)
    return folder / name


def test_pictures_that_cannot_be_used(server: str, subject: Path, tmp_path: Path) -> None:
    whole = (subject / "photo.png").read_bytes()
    Image.new("RGB", (1, 1)).save(tmp_path / "dot.png")
    bad = [
        write(tmp_path, "cut.png", whole[: len(whole) // 2]),
        write(tmp_path, "text.png", b"this is no picture"),
        write(tmp_path, "empty.png", b""),
        tmp_path / "dot.png",
    ]
    for path in bad:
        done = run(path, "--keypoints", subject / "hints.json", "--server", server, "--out", tmp_path / "out", "--no-blender")
        assert done.returncode == 2 and "error:" in done.stderr and "what to do:" in done.stderr, (path, done.stderr)
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"keypoints": {"left_frnt_paw": [10, 10]}}, "left_front_paw"),
        ({"keypoint_set": "no_such_set"}, "no_such_set"),
        ({"species": "unicorn"}, "unicorn"),
        ({"mask": "small.png"}, "mask"),
        ({"mask": "black.png"}, "mask"),
    ],
)
def test_hints_that_cannot_be_used(server: str, subject: Path, tmp_path: Path, change: dict, word: str) -> None:
    Image.new("L", (16, 16), 255).save(tmp_path / "small.png")
    Image.new("L", (320, 240), 0).save(tmp_path / "black.png")
    hints = json.loads((subject / "hints.json").read_text(encoding="utf-8"))
    path = tmp_path / "hints.json"
    path.write_text(json.dumps({**hints, **change}), encoding="utf-8")
    done = run(subject / "photo.png", "--keypoints", path, "--server", server, "--out", tmp_path / "out", "--no-blender")
    assert done.returncode == 2 and word in done.stderr and "Traceback" not in done.stderr, done.stderr


@pytest.mark.skipif(os.name == "nt", reason="no SIGINT to send")
def test_interrupting_cancels_the_job(server: str, subject: Path, tmp_path: Path) -> None:
    process = subprocess.Popen(
        command(subject / "photo.png", "--keypoints", subject / "hints.json", "--server", server, "--out", tmp_path / "out"),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    with Client(server) as client:

        def busy() -> bool:
            return any(worker.state == "busy" for worker in client.status().workers)

        wait_until(busy)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
        assert process.returncode == 130, said
        assert "ancel" in said and "Traceback" not in said
        wait_until(lambda: not busy())
    assert not (tmp_path / "out" / "animal.npz").exists()


def wait_until(condition, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.05)
