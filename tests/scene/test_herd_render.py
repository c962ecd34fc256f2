"""Herds rendered by Blender: the truth is true to the pixel, runs repeat, share and resume, failures are told."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bestiary.animal import masks
from bestiary.animal.cameras import Camera
from bestiary.animal.default import default_model
from bestiary.animal.rasterise import rasterise

pytestmark = pytest.mark.blender

SCRIPT = Path(__file__).resolve().parents[2] / "blender_scripts" / "render_herd.py"
SMALL = ("--resolution", "96", "--samples", "1", "--animals", "1:3", "--lights", "overcast", "--grounds", "sand")


def render(out: Path, *words: str, program: tuple[str, ...] = (sys.executable, str(SCRIPT))) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run([*program, "--out", str(out), *words], capture_output=True, text=True, timeout=170, env=environment, check=False)


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def herd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four pictures of the layout herd3d, rendered in one run."""
    out = tmp_path_factory.mktemp("herd") / "one"
    done = render(out, "--images", "4", "--seed", "11", *SMALL)
    assert done.returncode == 0, done.stderr
    assert "4/4" in done.stdout and "images a minute" in done.stdout
    return out


def records(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in sorted((folder / "records").glob("*.json"))]


def test_the_record_gives_the_masks_and_the_depth_back(herd: Path) -> None:
    from PIL import Image

    model = default_model()
    for record in records(herd):
        view = record["camera"]
        camera = Camera(np.array(view["K"]), np.array(view["R"]), np.array(view["t"]), record["width"], record["height"])
        ids = np.asarray(Image.open(herd / record["ids"]))
        depth = np.asarray(Image.open(herd / record["depth"]["file"])).astype(float) * record["depth"]["metres_per_step"]
        for animal in record["animals"]:
            posed = model.forward(animal["betas"], animal["pose"], animal["trans"])
            scale = animal["metres_per_unit"]
            raster = rasterise(camera.to_camera(scale * posed.vertices), model.faces, camera.K, camera.width, camera.height)
            whole, seen = masks.decode(animal["mask"]), masks.decode(animal["mask_visible"])
            assert np.array_equal(seen, ids == animal["id"])
            assert (raster.silhouette & ~whole).sum() == 0
            assert (whole & ~raster.silhouette).sum() <= 0.3 * whole.sum()  # horns and manes are more
            both = seen & raster.silhouette
            if both.sum() > 20:
                error = np.abs(depth[both] / raster.depth[both] - 1)
                assert np.median(error) < 2e-3
            flat = camera.project(scale * model.superset_matrix @ posed.vertices)
            there = [k for k, row in enumerate(animal["keypoints"]) if row is not None]
            assert np.abs(flat[there] - np.array([animal["keypoints"][k][:2] for k in there])).max() < 0.01
            assert animal["area_visible"] == seen.sum()
            assert animal["visible_fraction"] == pytest.approx(seen.sum() / max(whole.sum(), 1), abs=1e-5)
        assert set(np.unique(ids)) <= {0, *(animal["id"] for animal in record["animals"])}
        assert sorted(record["left_to_right"]) == sorted(a["id"] for a in record["animals"] if a["area_visible"])
        assert len(record["depth_order"]) == len(record["animals"]) * (len(record["animals"]) - 1) // 2
        assert record["prompt"] and (herd / record["canny"]).exists() and (herd / record["normals"]).exists()


def test_dots_rendered_on_the_vertices_lie_where_the_record_says(blender: Any, tmp_path: Path) -> None:
    """Small balls at the mesh's own vertices, as Blender has them, rendered by the same camera."""
    from bestiary.blender_scripts.herd.options import Options
    from bestiary.blender_scripts.herd.passes import render_truth
    from bestiary.blender_scripts.herd.planner import Planner
    from bestiary.blender_scripts.herd.store import Store
    from bestiary.blender_scripts.herd.truth import make_record
    from bestiary.blender_scripts.herd.workshop import Workshop

    model = default_model()
    options = Options(images=1, seed=4, animals=(1, 1), resolution=(640, 640), samples=1)
    plan = Planner.of(model, options).plan(0)
    workshop = Workshop(model, options, Store(tmp_path))
    bodies = [workshop.menagerie.body(animal) for animal in plan.animals]
    scene = workshop.build(plan, bodies)
    record = make_record(plan, model, bodies, render_truth(scene, tmp_path / "first"), 0.001)
    skin = next(item for item in scene.objects if item.pass_index == 1)
    flat = np.empty(3 * len(skin.data.vertices), np.float32)
    skin.data.vertices.foreach_get("co", flat)
    points = model.superset_matrix @ flat.reshape(-1, 3).astype(np.float64)
    for item in scene.objects:
        item.hide_render = item.type != "CAMERA"
    for k, point in enumerate(points, 1):
        mesh = blender.data.meshes.new("dot")
        size = 1.5 * float(plan.camera.to_camera(point)[2]) / plan.camera.K[0, 0]  # pixels
        corners = size * np.array([(1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)])
        sides = [(0, 2, 4), (2, 1, 4), (1, 3, 4), (3, 0, 4), (2, 0, 5), (1, 2, 5), (3, 1, 5), (0, 3, 5)]
        mesh.from_pydata((point + corners).tolist(), [], sides)
        dot = blender.data.objects.new("dot", mesh)
        dot.pass_index = k
        scene.collection.objects.link(dot)
    ids = render_truth(scene, tmp_path / "second").ids
    found = 0
    for k, row in enumerate(record["animals"][0]["keypoints"], 1):
        rows, columns = np.nonzero(ids == k)
        if len(rows) >= 4 and row is not None:  # not hidden behind another dot
            found += 1
            assert abs(columns.mean() + 0.5 - row[0]) < 0.5 and abs(rows.mean() + 0.5 - row[1]) < 0.5
    assert found >= 20


def test_the_same_seed_gives_the_same_files_in_one_run_or_in_shards(herd: Path, tmp_path: Path) -> None:
    for k in (1, 2):
        assert render(tmp_path / "two", "--images", "4", "--seed", "11", "--shard", f"{k}/2", *SMALL).returncode == 0
    one, two = files(herd), files(tmp_path / "two")
    assert sorted(one) == sorted(two)
    assert [name for name in one if one[name] != two[name]] == []


def test_a_killed_run_goes_on_and_ends_with_the_same_files(herd: Path, tmp_path: Path) -> None:
    """Killed at random moments, among them while files are being written."""
    out, draw = tmp_path / "killed", random.Random(1)
    command = [sys.executable, str(SCRIPT), "--out", str(out), "--images", "4", "--seed", "11", *SMALL]
    for _ in range(3):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 30
        before = len(list((out / "records").glob("[0-9]*.json"))) if out.exists() else 0
        while process.poll() is None and time.monotonic() < until and len(list(out.glob("records/[0-9]*.json"))) <= before:
            time.sleep(0.02)
        time.sleep(draw.uniform(0, 0.8))
        process.send_signal(signal.SIGKILL)
        process.wait()
        for path in out.glob("records/[0-9]*.json"):
            record = json.loads(path.read_text())  # whole
            assert (out / record["image"]).stat().st_size > 0
    done = render(out, "--images", "4", "--seed", "11", *SMALL)
    assert done.returncode == 0, done.stderr
    assert files(out) == files(herd)
    again = render(out, "--images", "4", "--seed", "11", *SMALL)
    assert "0 rendered, 4 passed over" in again.stdout


def test_what_fails_is_recorded_and_the_others_go_on(herd: Path, tmp_path: Path) -> None:
    import shutil

    out = tmp_path / "damaged"
    shutil.copytree(herd, out)
    (out / "records" / "000001.json").write_text("{ half")
    (out / "records" / "000003.json").unlink()
    done = render(out, "--images", "4", "--seed", "11", *SMALL)
    assert done.returncode == 1
    assert "000001" in done.stdout and "damaged" in done.stdout and "1 of 4" in done.stderr
    assert (out / "records" / "000001.json").read_text() == "{ half"
    assert (out / "records" / "000003.json").read_bytes() == (herd / "records" / "000003.json").read_bytes()


@pytest.mark.parametrize(("words", "said"), [
    (("--species", "wulf"), "wolf"), (("--layout", "pile"), "natural"), (("--assets", "/nowhere"), "/nowhere"),
    (("--backgrounds", "/nowhere"), "/nowhere"), (("--model", "/nowhere.npz"), "nowhere"), (("--wings", "2"), "--wings"),
])  # fmt: skip
def test_what_cannot_be_done_is_said_and_nothing_is_written(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    done = render(tmp_path / "none", *words)
    assert done.returncode == 2 and done.stderr.startswith("error: ") and said in done.stderr
    assert "Traceback" not in done.stderr and not (tmp_path / "none").exists()


def test_another_data_set_is_not_mixed_in(herd: Path) -> None:
    before = files(herd)
    done = render(herd, "--images", "4", "--seed", "12", *SMALL)
    assert done.returncode == 2 and "seed: 11 there, 12 now" in done.stderr
    assert files(herd) == before


@pytest.mark.parametrize(("words", "effects"), [
    (("--layout", "natural"), ("--motion-blur", "--depth-of-field", "--noise")), (("--species", "wolf"), ("--hair",)),
])  # fmt: skip
def test_a_lens_and_hair_change_the_picture_and_not_the_truth(tmp_path: Path, words: tuple[str, ...], effects: tuple[str, ...]) -> None:
    base = [*SMALL, "--images", "2", "--seed", "2", *words]
    assert render(tmp_path / "plain", *base).returncode == 0
    done = render(tmp_path / "more", *base, *effects)
    assert done.returncode == 0, done.stdout + done.stderr
    plain, more = records(tmp_path / "plain"), records(tmp_path / "more")
    for a, b in zip(plain, more, strict=True):
        assert [x["mask_visible"] for x in a["animals"]] == [x["mask_visible"] for x in b["animals"]]
        assert (tmp_path / "plain" / a["depth"]["file"]).read_bytes() == (tmp_path / "more" / b["depth"]["file"]).read_bytes()
    pictures = [[(tmp_path / name / record["image"]).read_bytes() for record in plain] for name in ("plain", "more")]
    assert pictures[0] != pictures[1]
