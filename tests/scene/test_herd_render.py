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
from conftest import blender_programs

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
    out = tmp_path / "killed"
    kill_often(out, 3, "--images", "4", "--seed", "11", *SMALL)
    done = render(out, "--images", "4", "--seed", "11", *SMALL)
    assert done.returncode == 0, done.stderr
    assert files(out) == files(herd)
    again = render(out, "--images", "4", "--seed", "11", *SMALL)
    assert "0 rendered, 4 passed over" in again.stdout


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("layout", ["herd3d", "natural"])
def test_ten_kills_and_four_shards_give_the_set_of_one_run(tmp_path: Path, layout: str) -> None:
    words = ("--images", "16", "--seed", "21", "--resolution", "160", "--samples", "2", "--layout", layout)
    assert render(tmp_path / "one", *words).returncode == 0
    for k in (3, 1, 4, 2):
        assert render(tmp_path / "four", *words, "--shard", f"{k}/4").returncode == 0
    kill_often(tmp_path / "killed", 10, *words)
    assert render(tmp_path / "killed", *words).returncode == 0
    one = files(tmp_path / "one")
    assert files(tmp_path / "four") == one and files(tmp_path / "killed") == one


def kill_often(out: Path, times: int, *words: str) -> None:
    """Start a run and kill it soon after its next picture, so many times; whatever record is there is whole."""
    draw = random.Random(1)
    for _ in range(times):
        command = [sys.executable, str(SCRIPT), "--out", str(out), *words]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 60
        before = len(list(out.glob("records/[0-9]*.json")))
        while process.poll() is None and time.monotonic() < until and len(list(out.glob("records/[0-9]*.json"))) <= before:
            time.sleep(0.02)
        time.sleep(draw.uniform(0, 1.5))
        process.send_signal(signal.SIGKILL)
        process.wait()
        for path in out.glob("records/[0-9]*.json"):
            record = json.loads(path.read_text())
            assert (out / record["image"]).stat().st_size > 0


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


@pytest.mark.real_blender
@pytest.mark.timeout(400)
@pytest.mark.parametrize("program", blender_programs(), ids=" ".join)
def test_a_real_blender_gives_codes_and_the_same_files_twice(tmp_path: Path, program: list[str]) -> None:
    bare = (*program, "-b", "-P", str(SCRIPT), "--")
    for name in ("one", "two"):
        done = render(tmp_path / name, "--images", "2", "--seed", "11", *SMALL, program=bare)
        assert done.returncode == 0, done.stdout + done.stderr
    assert files(tmp_path / "one") == files(tmp_path / "two")
    (tmp_path / "one" / "records" / "000001.json").write_text("{ half")
    assert render(tmp_path / "one", "--images", "2", "--seed", "11", *SMALL, program=bare).returncode == 1
    done = render(tmp_path / "none", "--species", "wulf", program=bare)
    assert done.returncode == 2 and "error: " in done.stderr and "wolf" in done.stderr and not (tmp_path / "none").exists()
    out = tmp_path / "stopped"
    words = ["--out", str(out), "--images", "2", "--resolution", "512", "--samples", "4000", "--animals", "1:1"]
    process = subprocess.Popen([*bare, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
    until = time.monotonic() + 60
    while not (out / "dataset.json").exists() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.1)
    time.sleep(6)  # in the middle of the first picture
    os.killpg(process.pid, signal.SIGINT)
    said = process.communicate(timeout=30)[0]
    assert process.returncode == 130 and "goes on from here" in said, said
    assert not list(out.glob("failed/*"))


def test_lost_truth_is_rendered_again(herd: Path, tmp_path: Path) -> None:
    import shutil

    out = tmp_path / "lost"
    shutil.copytree(herd, out)
    (out / "truth" / "000000_ids.png").unlink()
    cut = out / "truth" / "000002_depth.png"
    cut.write_bytes(cut.read_bytes()[:-20])
    done = render(out, "--images", "4", "--seed", "11", *SMALL)
    assert done.returncode == 0 and "2 rendered, 2 passed over" in done.stdout
    assert files(out) == files(herd)


def test_two_processes_at_the_same_share_do_each_other_no_harm(herd: Path, tmp_path: Path) -> None:
    out = tmp_path / "both"
    command = [sys.executable, str(SCRIPT), "--out", str(out), "--images", "4", "--seed", "11", *SMALL]
    both = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=150)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert files(out) == files(herd)


def test_a_folder_may_be_called_anything(herd: Path, tmp_path: Path) -> None:
    """Blender fills in what stands in braces and numbers what has a #."""
    out = tmp_path / "a {b} #1 %d {{c é"
    done = render(out, "--images", "1", "--seed", "11", *SMALL)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (out / "images" / "000000.png").read_bytes() == (herd / "images" / "000000.png").read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == [out.name]


def test_an_old_blender_is_told_before_anything_it_lacks(tmp_path: Path) -> None:
    """A module that says it is Blender 3.6 and can do nothing; the script itself must be readable by its Python."""
    import ast

    ast.parse(SCRIPT.read_text(), feature_version=(3, 7))
    (tmp_path / "bpy.py").write_text("class app:\n    version = (3, 6, 5)\n    version_string = '3.6.5'\n")
    done = subprocess.run([sys.executable, str(SCRIPT), "--out", str(tmp_path / "out")], capture_output=True, text=True, timeout=60,
                          env={**os.environ, "PYTHONPATH": str(tmp_path)}, check=False)
    assert done.returncode == 2 and done.stderr == "error: Blender 3.6.5 is too old: 4.2 is the oldest that works.\n"
    assert not (tmp_path / "out").exists()


def test_hair_is_refused_for_a_model_that_cannot_grow_it(tmp_path: Path) -> None:
    from dataclasses import replace

    from bestiary.animal.model_file import save_model

    save_model(replace(default_model(), uv=None, uv_faces=None, posedirs=None), tmp_path / "bare.npz")
    done = render(tmp_path / "out", "--model", str(tmp_path / "bare.npz"), "--hair")
    assert done.returncode == 2 and "--hair" in done.stderr and not (tmp_path / "out").exists()
    done = render(tmp_path / "out", "--model", str(tmp_path / "bare.npz"), "--images", "1", *SMALL)
    assert done.returncode == 0, done.stdout + done.stderr


def test_machines_with_other_paths_share_a_data_set(tmp_path: Path) -> None:
    import shutil

    from bestiary.animal.default import DEFAULT_MODEL_PATH

    for k, name in ((1, "one"), (2, "two")):
        (tmp_path / name).mkdir()
        shutil.copy(DEFAULT_MODEL_PATH, tmp_path / name / f"{name}.npz")
        done = render(tmp_path / "out", "--images", "2", "--shard", f"{k}/2", "--model", str(tmp_path / name / f"{name}.npz"), *SMALL)
        assert done.returncode == 0, done.stderr
    text = (tmp_path / "out" / "dataset.json").read_text()
    assert str(tmp_path) not in text and "sources" in text
    done = render(tmp_path / "out", "--images", "2", "--shard", "2/2", "--assets", "/nowhere", *SMALL)
    assert done.returncode == 2


def test_blur_by_motion_lies_about_the_truth(blender: Any, tmp_path: Path) -> None:
    """The picture of a moving animal is spread evenly to both sides of where the truth has it."""
    from dataclasses import replace

    from PIL import Image

    from bestiary.blender_scripts.herd.options import Options
    from bestiary.blender_scripts.herd.passes import render_picture, render_truth
    from bestiary.blender_scripts.herd.plan import Lens, PlannedAnimal
    from bestiary.blender_scripts.herd.planner import Planner
    from bestiary.blender_scripts.herd.store import Store
    from bestiary.blender_scripts.herd.workshop import Workshop

    model = default_model()
    options = Options(images=1, seed=4, animals=(1, 1), resolution=(320, 320), samples=48, species=("wolf",))
    plan = Planner.of(model, options).plan(0)
    animal = plan.animals[0]
    assert isinstance(animal, PlannedAnimal)
    metres = 40 / plan.camera.K[0, 0] * plan.camera.to_camera(animal.metres_per_unit * animal.trans)[2]  # 40 pixels
    moving = replace(animal, velocity=tuple(48 * metres * plan.camera.R[0]))
    plan = replace(plan, lens=Lens(exposure_s=1 / 48), animals=(moving,))
    workshop = Workshop(model, options, Store(tmp_path))
    scene = workshop.build(plan, [workshop.menagerie.body(moving)])
    light = blender.data.materials.new("light")
    nodes = light.node_tree.nodes
    shader = next(node for node in nodes if node.type == "BSDF_PRINCIPLED")
    shader.inputs["Base Color"].default_value = (0, 0, 0, 1)
    shader.inputs["Emission Color"].default_value = (1, 1, 1, 1)
    shader.inputs["Emission Strength"].default_value = 1.0
    scene.world, scene.view_settings.view_transform = None, "Raw"
    for item in scene.objects:
        item.hide_render = item.pass_index == 0 and item.type != "CAMERA"
        for slot in item.material_slots:
            slot.material = light
    render_picture(scene, tmp_path / "picture.png")
    ids = render_truth(scene, tmp_path / "truth").ids
    bright = np.asarray(Image.open(tmp_path / "picture.png").convert("L")).astype(float).sum(axis=0)
    columns = np.arange(320) + 0.5
    assert (bright > 0).sum() > (ids > 0).any(axis=0).sum() + 25  # blurred
    assert abs(bright @ columns / bright.sum() - (ids > 0).sum(axis=0) @ columns / (ids > 0).sum()) < 2.5
