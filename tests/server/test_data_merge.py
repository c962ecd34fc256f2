"""Merged herds load where others' tools load them, say the same as the records, and are written whole or not at all."""

from __future__ import annotations

import json
import re
import shutil
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bestiary.animal import masks
from bestiary.animal.cameras import project
from bestiary.animal.default import default_model
from bestiary.animal.keypoint_sets import keypoint_set
from bestiary.cli.main import run as bestiary
from bestiary.server.data import statistics, tars
from bestiary.server.data.fields import RecordError
from bestiary.server.data.merge import merge, sources
from bestiary.server.data.records import FACING, read_dataset
from herd_folder import write_herd_folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_herd_folder(tmp_path_factory.mktemp("herds") / "herd", 3, 0, 200)


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_herd_folder(tmp_path_factory.mktemp("herds") / "other", 2, 7, 160, assets=True)


def loaded(file: Path) -> Any:
    return json.loads(file.read_text())


# -- COCO -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("points", ["animal3d", "ap10k", "superset"])
def test_coco_loads_with_pycocotools_and_says_what_the_records_say(folder: Path, other: Path, tmp_path: Path, points: str) -> None:
    from pycocotools.coco import COCO

    file = tmp_path / "coco.json"
    counts = merge([folder, other], file, "coco", points)[str(file)]
    coco = COCO(str(file))
    assert len(coco.imgs) == counts["images"] == 5 and len(coco.anns) == counts["animals"]
    for number, image in coco.imgs.items():
        picture = (file.parent / image["file_name"]).resolve()
        assert Image.open(picture).size == (image["width"], image["height"])
        herd = read_dataset(picture.parents[1])
        record = herd.record(picture.stem)
        ids = herd.ids(record)
        animals = {animal.id: animal for animal in record.animals}
        for annotation in coco.loadAnns(coco.getAnnIds(number)):
            animal = animals[annotation["id"] % 256]
            assert np.array_equal(coco.annToMask(annotation), ids == animal.id) and annotation["area"] == animal.area_visible
            assert tuple(annotation["bbox"]) == animal.box_visible and annotation["iscrowd"] == 0
            category = coco.cats[annotation["category_id"]]
            assert category["name"] == animal.species
            rows = np.array(annotation["keypoints"]).reshape(-1, 3)
            assert len(rows) == len(category["keypoints"]) and (rows[:, 2] > 0).sum() == annotation["num_keypoints"]
            if points == "superset":
                seen = animal.keypoints[:, 2] > 0
                assert np.array_equal(rows[seen], animal.keypoints[seen])
            elif points == "ap10k" and animal.asset is None:
                nose = animal.keypoints[herd.keypoint_names.index("nose")]
                assert np.array_equal(rows[category["keypoints"].index("nose")], nose if nose[2] else [0, 0, 0])
            assert np.array_equal(masks.decode(annotation["segmentation_whole"]), masks.decode(animal.mask))


def test_coco_evaluates_a_perfect_answer_as_perfect(folder: Path, tmp_path: Path) -> None:
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    merge([folder], tmp_path / "coco.json")
    truth = COCO(str(tmp_path / "coco.json"))
    answer = truth.loadRes([{key: ann[key] for key in ("image_id", "category_id", "segmentation", "bbox")} | {"score": 1.0}
                            for ann in truth.anns.values()])  # fmt: skip
    for kind in ("segm", "bbox"):
        scores = COCOeval(truth, answer, kind)
        scores.evaluate(), scores.accumulate(), scores.summarize()
        assert scores.stats[0] == pytest.approx(1.0)


def test_ids_do_not_depend_on_what_else_is_merged(folder: Path, other: Path, tmp_path: Path) -> None:
    merge([folder], tmp_path / "one.json")
    merge([other, folder], tmp_path / "two.json")
    one, two = loaded(tmp_path / "one.json"), loaded(tmp_path / "two.json")
    for key in ("images", "annotations"):
        every = {entry["id"] for entry in two[key]}
        assert {entry["id"] for entry in one[key]} <= every and max(every) < 2**53
    species = {entry["name"]: entry["id"] for entry in two["categories"]}
    assert all(species[entry["name"]] == entry["id"] for entry in one["categories"])
    moved = Path(shutil.copytree(folder, tmp_path / "elsewhere"))
    merge([moved], tmp_path / "three.json")
    assert [entry["id"] for entry in loaded(tmp_path / "three.json")["images"]] == [entry["id"] for entry in one["images"]]


def test_a_split_is_by_picture_and_the_same_for_ever(tmp_path: Path) -> None:
    herd = write_herd_folder(tmp_path / "herd", 8, 3, 64)
    merge([herd], tmp_path / "a.json", split=0.5)
    train, val = loaded(tmp_path / "a_train.json"), loaded(tmp_path / "a_val.json")
    sides = [{entry["id"] for entry in side["images"]} for side in (train, val)]
    assert len(sides[0]) + len(sides[1]) == 8 and not sides[0] & sides[1] and all(sides)
    assert not (tmp_path / "a.json").exists()
    merge([herd], tmp_path / "b.json", split=0.9)
    assert sides[0] <= {entry["id"] for entry in loaded(tmp_path / "b_train.json")["images"]}  # no picture changes from train to val


# -- Animal3D ---------------------------------------------------------------------------------------------------------


def reprojected(pose: list[float], shape: list[float], trans: list[float], K: list[list[float]]) -> np.ndarray:
    """Where a reader of the file sees the 26 points: the model's forward before a camera at the origin."""
    posed = default_model().forward(shape, np.reshape(pose, (-1, 3)), trans)
    points = default_model().superset_matrix @ posed.vertices
    return project(points, np.array(K))[:26]


def test_animal3d_entries_project_where_their_keypoints_are(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "out" / "a3d.json"
    counts = merge([folder], file, "animal3d")[str(file)]
    entries = loaded(file)["data"]
    assert len(entries) == counts["animals"] > 3
    for entry in entries:
        assert len(entry["pose"]) == 105 and len(entry["shape"]) == 20 and len(entry["shape"] + entry["shape_extra"]) == 145
        assert all(entry["pose"]), "a zero is read as a missing pose"
        flat = np.array(entry["keypoint_2d"])
        assert flat.shape == (26, 3) and np.shape(entry["keypoint_3d"]) == (26, 3)
        there = flat[:, 2] > 0
        found = reprojected(entry["pose"], entry["shape"] + entry["shape_extra"], entry["trans"], entry["K"])
        assert np.abs(found - flat[:, :2])[there].max() < 1e-3
        again = project(np.array(entry["keypoint_3d"]), np.array(entry["K"]))
        assert np.abs(again - flat[:, :2])[there].max() < 1e-3
        mask = np.array(Image.open(file.parent / entry["mask_path"]))
        assert mask.dtype == np.uint8 and set(np.unique(mask)) <= {0, 255} and masks.box(mask > 0) == entry["bbox"]
        assert (file.parent / entry["img_path"]).is_file() and isinstance(entry["supercategory"], int)


def test_sam3d_entries_hold_all_animals_of_a_picture(folder: Path, other: Path, tmp_path: Path) -> None:
    file = tmp_path / "multi.json"
    counts = merge([folder, other], file, "sam3d")[str(file)]
    entries = loaded(file)["data"]
    assert sum(entry["num_animals"] for entry in entries) == counts["animals"]
    assert counts["left_out"] >= 2, "the animals of the asset pack have no parameters"
    for entry in entries:
        n = entry["num_animals"]
        for key, shape in (("pose", (n, 105)), ("shape", (n, 145)), ("trans", (n, 3)), ("keypoint_2d", (n, 26, 3)), ("bbox", (n, 4))):
            assert np.shape(entry[key]) == shape
        merged = np.array(Image.open(file.parent / entry["mask_path"]))
        each = np.array(Image.open(file.parent / entry["instance_mask_path"]))
        assert np.array_equal(merged > 0, each > 0) and each.max() == n
        for number, box in enumerate(entry["bbox"], 1):
            assert masks.box(each == number) == box
    assert keypoint_set("animal3d").points[0] in loaded(file)["info"]["keypoints"]


# -- what goes wrong --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", ["coco", "animal3d", "sam3d"])
def test_a_corrupt_record_leaves_no_file_and_the_old_one_in_place(folder: Path, tmp_path: Path, format: str) -> None:
    herd, file = Path(shutil.copytree(folder, tmp_path / "herd")), tmp_path / "out" / "merged.json"
    merge([herd], file, format)
    before = file.read_bytes()
    (herd / "records/000002.json").write_text("{}")
    with pytest.raises(RecordError, match="000002"):
        merge([herd], file, format)
    assert file.read_bytes() == before
    assert not [path for path in file.parent.rglob("*") if path.suffix == ".tmp"]


def test_the_same_picture_twice_is_refused(folder: Path, tmp_path: Path) -> None:
    copied = Path(shutil.copytree(folder, tmp_path / "copy"))
    with pytest.raises(RecordError, match="one data set given twice, or copied"):
        sources([folder, copied])


@pytest.mark.parametrize(("options", "says"), [
    (["--keypoints", "fish"], "no keypoint set 'fish'"), (["--split", "1.5"], "between 0 and 1"), (["--format", "voc"], "voc"),
    (["--shard-size", "0", "--webdataset", "w"], "shard of 0")])  # fmt: skip
def test_a_wrong_option_says_what_would_be_right(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], options: list[str], says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    try:
        assert bestiary(["data", "merge", str(folder), "--out", "x.json", *options]) == 2
    except SystemExit as left:  # the command line's own parser
        assert left.code == 2
    said = capsys.readouterr()
    assert says in (said.err + said.out).replace("\n", " ")


def test_nothing_to_write_says_so(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert bestiary(["data", "merge", str(folder)]) == 2
    assert "--webdataset" in capsys.readouterr().err


# -- shards -----------------------------------------------------------------------------------------------------------


def test_shards_hold_the_files_as_they_are_and_nothing_of_the_machine(folder: Path, other: Path, tmp_path: Path) -> None:
    shards = tars.write_shards([folder, other], tmp_path / "a", 2)
    assert [path.name for path in shards] == ["herd-000000.tar", "herd-000001.tar", "herd-000002.tar"]
    keys: list[str] = []
    for shard in shards:
        with tarfile.open(shard) as tar:
            members = tar.getmembers()
            names = [member.name for member in members]
            order = list(dict.fromkeys(name.split(".")[0] for name in names))
            assert names == [name for key in order for name in sorted(n for n in names if n.split(".")[0] == key)]
            keys += order
            assert all((m.mtime, m.uid, m.gid, m.uname, m.mode) == (0, 0, 0, "", 0o644) for m in members)
            if order[0] == "00_000000":
                stream = tar.extractfile("00_000000.depth.png")
                assert stream is not None and stream.read() == (folder / "truth/000000_depth.png").read_bytes()
                stream = tar.extractfile("00_000000.json")
                assert stream is not None and json.load(stream)["id"] == "000000"
    assert keys == ["00_000000", "00_000001", "00_000002", "01_000000", "01_000001"]
    for shard in folder.rglob("*"):
        shard.touch()
    again = tars.write_shards([folder, other], tmp_path / "b", 2)
    assert [path.read_bytes() for path in shards] == [path.read_bytes() for path in again]


def test_one_herd_keeps_its_pictures_names(folder: Path, tmp_path: Path) -> None:
    with tarfile.open(tars.write_shards([folder], tmp_path, 10)[0]) as tar:
        assert {"000001.png", "000001.json", "000001.depth.png", "000001.ids.png", "000001.normals.png"} <= set(tar.getnames())


def test_shards_are_whole_or_not_there(folder: Path, tmp_path: Path) -> None:
    herd = Path(shutil.copytree(folder, tmp_path / "herd"))
    (herd / "truth/000001_ids.png").unlink()
    with pytest.raises(RecordError, match=r"000001_ids\.png is missing"):
        tars.write_shards([herd], tmp_path / "out", 1)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["herd-000000.tar"]
    tars.write_shards([folder], tmp_path / "many", 1)
    with pytest.raises(RecordError, match="other shards"):
        tars.write_shards([folder], tmp_path / "many", 2)


# -- statistics -------------------------------------------------------------------------------------------------------


def test_statistics_count_what_the_records_hold(folder: Path, tmp_path: Path) -> None:
    result = statistics.run(folder, tmp_path)
    herd = read_dataset(folder)
    animals = [animal for name in herd.names for animal in herd.record(name).animals]
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert metrics["animals"] == len(animals) == result.counts["species"].total()
    assert metrics["species"] == len({animal.species for animal in animals})
    assert metrics["visible_fraction_mean"] == pytest.approx(np.mean([animal.visible_fraction for animal in animals]))
    assert sum(metrics[f"facing_share_{word.replace('-', '_')}"] for word in FACING) == pytest.approx(1.0)
    shares = [metrics[f"visible_share_{name}"] for name in ("hidden", "under_30", "under_70", "under_99", "whole")]
    assert sum(shares) == pytest.approx(1.0)
    table = (tmp_path / "table.md").read_text()
    assert f"| animals | {len(animals)} | – |" in table and "Herd3D" in table
    for name in ("species", "families", "animals_per_picture", "facing", "visible_fraction", "box_share", "distance", "pitch"):
        assert Image.open(tmp_path / f"{name}.png").width == 1280
    assert Image.open(tmp_path / "charts.png").width == 2560


def test_the_table_for_a_paper_is_latex_whatever_the_folder_is_called(folder: Path, tmp_path: Path) -> None:
    herd = Path(shutil.copytree(folder, tmp_path / "my_herd & 50% more"))
    statistics.run(herd, tmp_path / "out")
    lines = (tmp_path / "out/table.tex").read_text().splitlines()
    assert lines[0] == r"\begin{tabular}{lll}" and lines[-1] == r"\end{tabular}"
    assert r"my\_herd \& 50\% more" in lines[2]
    rows = [line for line in lines if line.endswith(r"\\")]
    assert all(len(re.findall(r"(?<!\\)&", row)) == 2 and not re.search(r"(?<!\\)[%#]", row) for row in rows)


def test_headings_that_are_alike_are_told_from_even_ones() -> None:
    even = statistics.headings([25] * 8, np.radians(np.arange(0, 360, 1.8)))
    sideways = statistics.headings([80, 7, 7, 6, 80, 7, 7, 6], np.radians([0.0, 180.0] * 100))
    assert even["heading_resultant"] < 1e-6 and even["heading_even_p"] == 1.0 and even["heading_share_max"] == 0.125
    assert sideways["heading_resultant"] < 1e-6 and sideways["heading_even_p"] < 1e-6 and sideways["heading_share_max"] == 0.4


def test_statistics_go_on_past_a_corrupt_record(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    herd = Path(shutil.copytree(folder, tmp_path / "herd"))
    (herd / "records/000001.json").write_text("nothing")
    assert bestiary(["data", "statistics", str(herd), "--out", str(tmp_path / "out")]) == 1
    assert json.loads((tmp_path / "out/metrics.json").read_text())["pictures"] == 2
    assert "000001" in capsys.readouterr().err
