"""`data check` passes what is true and finds what is not, by its own way of working it out."""

from __future__ import annotations

import ast
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bestiary.animal import masks
from bestiary.animal.rotations import matrix_from_axis_angle
from bestiary.cli.main import run as bestiary
from bestiary.server.data import check
from bestiary.server.data.fields import RecordError
from bestiary.server.data.volumes import shared_volume, volume
from herd_folder import turned, write_herd_folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_herd_folder(tmp_path_factory.mktemp("herds") / "herd", 3, 0, 320)


@pytest.fixture
def own(folder: Path, tmp_path: Path) -> Path:
    """A copy to spoil."""
    return Path(shutil.copytree(folder, tmp_path / "herd"))


def change(folder: Path, edit: Callable[[dict[str, Any]], None], name: str = "000001") -> None:
    file = folder / "records" / f"{name}.json"
    record = json.loads(file.read_text())
    edit(record)
    file.write_text(json.dumps(record))


def test_a_true_data_set_holds_every_limit(folder: Path, tmp_path: Path) -> None:
    result = check.run(folder, tmp_path / "out")
    assert not result.broken and not result.problems and not result.corrupt
    metrics = json.loads((tmp_path / "out/metrics.json").read_text())
    assert metrics["reprojection_px_max"] < 1e-6 and metrics["mask_iou_min_all"] == 1.0
    assert 0 < metrics["depth_error_percent_max"] < 0.1  # steps of a millimetre
    assert metrics["visibility_agreement"] == 1.0 and metrics["pictures"] == 3
    assert "| reprojection_px_max |" in (tmp_path / "out/table.md").read_text()
    assert Image.open(tmp_path / "out/worst_depth.png").width >= 320


def test_two_processes_find_the_same_as_one(folder: Path, tmp_path: Path) -> None:
    one, two = check.run(folder, tmp_path / "1", workers=1), check.run(folder, tmp_path / "2", workers=2)
    one.metrics.pop("seconds"), two.metrics.pop("seconds")
    assert json.dumps(one.metrics) == json.dumps(two.metrics) and one.worst == two.worst


def broken(folder: Path, tmp_path: Path) -> str:
    return "; ".join(check.run(folder, tmp_path / "out").broken)


def test_a_shifted_keypoint_is_found(own: Path, tmp_path: Path) -> None:
    def edit(record: dict[str, Any]) -> None:
        record["animals"][0]["keypoints"][5][0] += 0.8

    change(own, edit)
    assert "reprojection_px_max is 0.8" in broken(own, tmp_path)


def test_a_turned_body_is_found_in_points_masks_and_depth(own: Path, tmp_path: Path) -> None:
    def edit(record: dict[str, Any]) -> None:
        animal = record["animals"][0]
        animal["pose"] = turned(matrix_from_axis_angle([0.0, 0.0, 1.0]), animal["pose"])

    change(own, edit)
    result = check.run(own, tmp_path / "out")
    text = "; ".join(result.broken)
    for measure in ("reprojection_px_max", "keypoints_3d_error_m_max", "mask_outline_px_max", "visible_outline_px_max"):
        assert measure in text
    assert result.worst["mask_iou_min_all"][0][1:] == ("000001", 1)
    assert Image.open(tmp_path / "out/worst_masks.png").height == 320


@pytest.mark.parametrize(("steps", "found"), [(1, False), (3, True)])
def test_a_mask_may_differ_by_a_pixel_at_its_outline_and_no_more(own: Path, tmp_path: Path, steps: int, found: bool) -> None:
    from scipy.ndimage import binary_dilation

    def edit(record: dict[str, Any]) -> None:
        animal = record["animals"][0]
        whole = binary_dilation(masks.decode(animal["mask"]), iterations=steps)
        animal |= {"mask": masks.encode(whole), "area": int(whole.sum()), "box": masks.box(whole)}
        animal["visible_fraction"] = animal["area_visible"] / animal["area"]

    change(own, edit)
    assert ("mask_outline_px_max" in broken(own, tmp_path)) is found


def test_a_mask_with_a_hole_in_the_middle_is_found(own: Path, tmp_path: Path) -> None:
    def edit(record: dict[str, Any]) -> None:
        animal = record["animals"][0]
        whole = masks.decode(animal["mask"])
        rows, columns = np.nonzero(whole)
        whole[round(rows.mean()), round(columns.mean())] = False
        animal |= {"mask": masks.encode(whole), "area": int(whole.sum())}

    change(own, edit)
    assert "mask_outline_px_max" in broken(own, tmp_path)


def test_depth_of_another_scale_is_found(own: Path, tmp_path: Path) -> None:
    def edit(record: dict[str, Any]) -> None:
        record["depth"]["metres_per_step"] *= 1.02

    change(own, edit)
    assert "depth_error_percent_max is 2.0" in broken(own, tmp_path)


def test_ids_that_are_not_the_visible_mask_are_found(own: Path, tmp_path: Path) -> None:
    ids = np.array(Image.open(own / "truth/000001_ids.png"))
    ids[ids == 1] = 77
    Image.fromarray(ids).save(own / "truth/000001_ids.png")
    result = check.run(own, tmp_path / "out")
    text = "; ".join(result.broken)
    assert "ids_known" in text and "ids_agree" in text and "areas_agree" in text and "visible_fraction_error_max" in text
    assert any("000001: " in problem and "77" in problem for problem in result.problems)


@pytest.mark.parametrize(("field", "measure"), [
    ("visible_fraction", "visible_fraction_error_max"), ("box", "box_px_max"), ("facing", "facing_agreement"),
    ("left_to_right", "left_to_right_agreement"), ("depth_order", "depth_order_agreement"), ("v", "visibility_agreement")])  # fmt: skip
def test_whatever_else_a_record_says_is_held_against_the_picture(own: Path, tmp_path: Path, field: str, measure: str) -> None:
    def edit(record: dict[str, Any]) -> None:
        animal = record["animals"][0]
        if field == "visible_fraction":
            animal[field] = animal[field] * 0.9
        elif field == "box":
            animal[field][2] += 3
        elif field == "facing":
            opposite = {"left": "right", "right": "left", "towards": "away", "away": "towards"}
            animal[field] = "-".join(opposite[word] for word in animal[field].split("-"))
        elif field == "v":
            for other in record["animals"]:
                for point in other["keypoints"]:
                    point[2] = {0: 1, 1: 2, 2: 1}[point[2]]
        else:
            record[field] = [pair[::-1] for pair in record[field]] if field == "depth_order" else record[field][::-1]

    change(own, edit, "000000")
    assert measure in broken(own, tmp_path)


def test_one_animal_inside_another_is_found(own: Path, tmp_path: Path) -> None:
    def edit(record: dict[str, Any]) -> None:
        one, two = record["animals"][:2]
        for name in ("betas", "pose", "trans", "metres_per_unit", "species", "who", "without", "keypoints", "keypoints_3d"):
            two[name] = one[name]

    change(own, edit)
    assert "overlap_percent_max is 99." in broken(own, tmp_path)


def test_corrupt_records_are_named_and_the_rest_is_checked(own: Path, tmp_path: Path) -> None:
    (own / "records/000000.json").write_text('{"format": "bestiary-herd/1"')
    (own / "truth/000002_normals.png").write_bytes(b"\x89PNG nothing")
    (own / "images/.000007.png.abc.tmp").write_bytes(b"")
    (own / "images/000009.png").write_bytes(b"")
    result = check.run(own, tmp_path / "out")
    assert result.corrupt == ["000000", "000002"]
    assert result.metrics["reprojection_px_max"] < 1e-6
    assert result.metrics["left_over_files"] == 1 and result.metrics["pictures_without_record"] == 1
    assert any("normals" in problem for problem in result.problems)
    table = (tmp_path / "out/table.md").read_text()
    assert "- 000000" in table and "**no**" in table


def test_numbers_beyond_all_measure_are_a_corrupt_record(own: Path, tmp_path: Path) -> None:
    def edit(record: dict[str, Any]) -> None:
        record["animals"][0]["betas"][0] = 1e300
        record["animals"][0]["trans"] = [1e308, 0, 0]

    change(own, edit)
    with np.errstate(all="ignore"):
        result = check.run(own, tmp_path / "out")
    assert result.broken


def test_the_command_ends_with_0_1_or_2(own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "out")
    assert bestiary(["data", "check", str(own), "--out", out, "--workers", "1"]) == 0
    (own / "records/000001.json").write_text("[]")
    assert bestiary(["data", "check", str(own), "--out", out, "--workers", "1"]) == 1
    said = capsys.readouterr()
    assert "corrupt is 1" in said.err and "000001" in said.err
    assert bestiary(["data", "check", str(tmp_path), "--out", out]) == 2
    assert "holds no dataset.json" in capsys.readouterr().err
    assert bestiary(["data", "check", str(own), "--out", out, "--workers", "0"]) == 2
    about = json.loads((own / "dataset.json").read_text()) | {"model_id": "0123456789abcdef"}
    (own / "dataset.json").write_text(json.dumps(about))
    assert bestiary(["data", "check", str(own), "--out", out]) == 2
    assert "--model" in capsys.readouterr().err


def test_a_folder_without_records_says_so(own: Path, tmp_path: Path) -> None:
    shutil.rmtree(own / "records")
    with pytest.raises(RecordError, match="no records"):
        check.run(own, tmp_path / "out")


def test_stopping_leaves_at_once(folder: Path, tmp_path: Path) -> None:
    for workers in (1, 2):
        with pytest.raises(KeyboardInterrupt):
            check.run(folder, tmp_path / "out", workers=workers, stop=lambda: True)
    assert not (tmp_path / "out/metrics.json").exists()


def test_a_limit_takes_pictures_evenly(folder: Path) -> None:
    assert check.spread(("a", "b", "c", "d", "e", "f"), 3) == ("a", "c", "e")
    assert check.spread(("a", "b"), 5) == ("a", "b")


def test_the_checker_shares_no_code_with_the_renderer(root: Path) -> None:
    for file in (root / "server/data").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
            assert "blender_scripts" not in module and "scene" not in module.split("."), file.name


@pytest.mark.parametrize(("apart", "share"), [(0.0, 1.0), (0.5, 0.6328), (1.0, 0.3125), (1.9, 0.003625), (2.1, 0.0)])
def test_the_shared_volume_of_two_balls_is_known(apart: float, share: float) -> None:
    trimesh = pytest.importorskip("trimesh")
    ball = trimesh.creation.icosphere(4, 1.0)
    vertices, faces = np.array(ball.vertices), np.array(ball.faces)
    assert volume(vertices, faces) == pytest.approx(ball.volume)
    found = shared_volume((vertices, faces), (vertices + [0.0, apart, 0.0], faces)) / ball.volume
    assert found == pytest.approx(share, abs=0.004)


def test_boxes_share_what_they_share_whichever_way_they_lie() -> None:
    trimesh = pytest.importorskip("trimesh")
    box = trimesh.creation.box((2.0, 1.0, 3.0))
    vertices, faces = np.array(box.vertices), np.array(box.faces)
    assert shared_volume((vertices, faces), (vertices + [1.0, 0.5, 1.5], faces)) == pytest.approx(6.0 / 8)
    assert shared_volume((vertices, faces), (vertices + [2.0, 0.0, 0.0], faces)) == 0.0  # they touch
