"""`bestiary demo` as a first user runs it: a rendered fox, a server of its own, a rig in a real Blender."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bestiary.animal.clips import load_clip
from bestiary.animal.default import default_model
from bestiary.animal.gltf import read_gltf

pytestmark = pytest.mark.blender

LOOK = """
import bpy, json, sys
bpy.ops.wm.open_mainfile(filepath=sys.argv[1])
rigs = [item for item in bpy.data.objects if item.type == "ARMATURE"]
meshes = [item for item in bpy.data.objects if item.type == "MESH" and item.data.shape_keys]
camera = bpy.context.scene.camera
print("LOOK " + json.dumps({
    "bones": [len(rig.data.bones) for rig in rigs],
    "vertices": [len(mesh.data.vertices) for mesh in meshes],
    "skinned": [any(m.type == "ARMATURE" for m in mesh.modifiers) for mesh in meshes],
    "backgrounds": len(camera.data.background_images),
    "size": [bpy.context.scene.render.resolution_x, bpy.context.scene.render.resolution_y],
}))
"""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("torch", reason="the server needs torch")
    out = tmp_path_factory.mktemp("demo") / "a folder"  # with a space, as on many desks
    done = subprocess.run(
        [sys.executable, "-m", "bestiary", "demo", "--out", str(out)],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=170, check=False,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "160"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "written to" in done.stdout
    return out


def test_it_writes_what_it_says(demo: Path) -> None:
    wanted = {"overlay.png", "animal.npz", "animal.json", "animal.blend", "animal.glb", "summary.json"}
    assert wanted <= {path.name for path in demo.iterdir()}
    summary = json.loads((demo / "summary.json").read_text(encoding="utf-8"))
    assert set(summary["files"]) | {"summary.json"} == wanted
    assert summary["animals"][0]["species"] == "fox"


def test_the_animal_covers_the_silhouette_that_it_never_saw(demo: Path) -> None:
    summary = json.loads((demo / "summary.json").read_text(encoding="utf-8"))
    assert summary["sample"]["iou_truth"] > 0.6


def test_the_blend_holds_a_rig_and_the_photos_camera(demo: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOOK, str(demo / "animal.blend")], capture_output=True, text=True, check=False
    )
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("LOOK ")]
    found = json.loads(line.removeprefix("LOOK "))
    assert len(found["bones"]) == 1 and found["bones"][0] >= 35
    assert found["vertices"] == [default_model().n_vertices] and found["skinned"] == [True]
    assert found["backgrounds"] == 1 and found["size"] == [800, 600]


def test_the_glb_is_a_rig_for_other_programs(demo: Path) -> None:
    (mesh,) = read_gltf(demo / "animal.glb").skinned_meshes
    assert len(mesh.joint_names) >= 35 and len(mesh.faces) == len(default_model().faces)
    clip = load_clip(demo / "animal.npz")
    vertices = clip.frame(0).posed(default_model()).vertices
    assert vertices[:, 2].min() == pytest.approx(0.0, abs=0.05)


def test_it_takes_a_photo_of_ones_own(demo: Path, tmp_path: Path) -> None:
    sample = demo / "sample"
    done = subprocess.run(
        [sys.executable, "-m", "bestiary", "demo", "--out", str(tmp_path / "own"), "--photo", str(sample / "photo.png")]
        + ["--keypoints", str(sample / "keypoints.json"), "--mask", str(sample / "mask.png")],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=170, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    summary = json.loads((tmp_path / "own" / "summary.json").read_text(encoding="utf-8"))
    assert summary["animals"][0]["iou"] > 0.75
