"""`bestiary animate`: what is written, what is kept of a clip that was cancelled, and what is said of files that cannot be used."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("torch", reason="torch is not installed")

from bestiary.animal.clips import load_clip
from bestiary.animal.default import default_model
from bestiary.animal.tracks import save_tracks
from bestiary.cli.main import run
from bestiary.server.evaluate.footage_truth import SCENES, scene


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the tracks of a walking dog, a dozen frames."""
    SCENES["dog"] = (("dog_walk", 60.0, 0.0),)
    try:
        seen = scene(default_model(), "dog", np.random.default_rng(1), 2.0, 0.4)
    finally:
        del SCENES["dog"]
    path = tmp_path_factory.mktemp("tracks") / "dog.json"
    save_tracks(path, seen.tracks)
    return path


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    def made(*arguments: object) -> tuple[int, str]:
        code = run([str(argument) for argument in arguments])
        shown = capsys.readouterr()
        return code, " ".join((shown.out + shown.err).split())

    return made


def test_a_clip_is_written(file: Path, call: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    out = tmp_path / "out"
    code, shown = call("animate", file, "--out", out, "--species", "dog", "--height", 0.5, "--no-blender")
    assert code == 0, shown
    clip = load_clip(out / "dog.npz")
    clip.check_model(default_model())
    assert np.isfinite(clip.poses).all() and clip.species == "dog" and clip.details["first_frame"] == 0 and "footage" in clip.cameras
    posed = clip.frame(3).posed(default_model())
    assert 0.3 < posed.keypoints[default_model().keypoint_names.index("withers"), 2] < 0.7
    seen = clip.cameras["footage"].project(posed.keypoints)
    rows = [i for i, name in enumerate(clip.keypoint_names) if name in default_model().keypoint_names]
    assert np.nanmedian(np.abs(clip.keypoints_2d[3, rows, :2] - seen)) < 1.0
    summary = json.loads((out / "summary.json").read_text())
    assert all((out / name).is_file() for name in summary["files"]) and summary["animals"][0]["frames"] == len(clip)
    with Image.open(out / "strip.png") as picture:
        assert picture.height > 600


def test_what_is_done_is_kept(file: Path, call: Callable[..., tuple[int, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bestiary.server.fit import clip

    monkeypatch.setattr(clip, "WINDOW", 5)
    monkeypatch.setattr(clip, "AHEAD", 2)
    store = clip.ClipFitter._store

    def stop(self: object, index: int, subject: object, h: object, start: int) -> None:
        store(self, index, subject, h, start)  # type: ignore[arg-type]
        if start > 0:
            raise clip_cancelled()

    def clip_cancelled() -> BaseException:
        from bestiary.server.engine import Cancelled

        return Cancelled()

    monkeypatch.setattr(clip.ClipFitter, "_store", stop)
    code, shown = call("animate", file, "--out", tmp_path / "out", "--no-blender")
    assert code == 0, shown
    found = load_clip(tmp_path / "out" / "dog.npz")
    assert np.isfinite(found.trans[:5]).all() and np.isnan(found.trans[5:]).all() and "were done" in shown


@pytest.mark.parametrize(("more", "message"), [
    (("--species", "unicorn"), "unicorn"), (("--poses", "guess"), "--poses fit"), (("--smooth", "-1"), "smoothness"),
    (("--height", "0"), "0 m"), (("--video", "/nowhere.mp4"), "not found"), (("--species", "dog", "cat"), "2 names"),
    (("--fps", "0"), "frame rate"),
])  # fmt: skip
def test_what_cannot_be_asked(
    file: Path, call: Callable[..., tuple[int, str]], tmp_path: Path, more: tuple[str, ...], message: str
) -> None:
    code, shown = call("animate", file, "--out", tmp_path / "out", "--no-blender", *more)
    assert code == 2 and message in shown
    assert not (tmp_path / "out").exists()
