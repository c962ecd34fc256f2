"""Annotated photos: both layouts are read, points are held back as promised, and scores are of what was not given."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pycocotools import mask as rle

from bestiary.animal.keypoints import INDEX, SUGGESTED_ORDER
from bestiary.server.evaluate import photos, report
from bestiary.server.evaluate.samples import DataError, read_samples


def stanford_folder(folder: Path) -> Path:
    """One photo of 40 x 30 with two points and a mask of 6 x 5 in StanfordExtra's layout."""
    mask = np.zeros((30, 40), dtype=np.uint8, order="F")
    mask[10:15, 20:26] = 1
    joints = [[0.0, 0.0, 0.0]] * 24
    joints[0], joints[16] = [21.0, 14.0, 1.0], [25.5, 10.5, 1.0]  # left front paw, nose
    entry = {"img_path": "breed/a.jpg", "img_width": 40, "img_height": 30, "joints": joints, "img_bbox": [20, 10, 6, 5],
             "is_multiple_dogs": False, "seg": rle.encode(mask)["counts"].decode()}
    (folder / "images" / "breed").mkdir(parents=True)
    Image.new("RGB", (40, 30)).save(folder / "images" / "breed" / "a.jpg")
    (folder / "annotations.json").write_text(json.dumps([entry, {**entry, "img_path": "breed/absent.jpg"}]))
    return folder


def test_stanford_layout(tmp_path: Path) -> None:
    (sample,) = read_samples(stanford_folder(tmp_path))  # the second picture is not there
    assert (sample.name, sample.width, sample.height, sample.species) == ("a", 40, 30, "dog")
    assert sample.mask is not None and sample.mask.sum() == 30 and sample.mask[10:15, 20:26].all()
    assert sample.box.tolist() == [20, 10, 26, 15]
    known = np.flatnonzero(np.isfinite(sample.keypoints).all(axis=1))
    assert set(known) == {INDEX["left_front_paw"], INDEX["nose"]}
    assert sample.keypoints[INDEX["nose"]].tolist() == [25.5, 10.5]


def test_coco_layout(tmp_path: Path) -> None:
    Image.new("RGB", (50, 20)).save(tmp_path / "b.png")
    content = {
        "images": [{"id": 7, "file_name": "b.png", "width": 50, "height": 20}],
        "categories": [{"id": 3, "name": "Polar Bear", "keypoints": ["nose", "tail root", "third eye"]}],
        "annotations": [{"id": 1, "image_id": 7, "category_id": 3, "bbox": [1, 2, 10, 8],
                         "keypoints": [5, 6, 2, 7, 8, 0, 1, 1, 2], "segmentation": [[2, 2, 8, 2, 8, 6, 2, 6]]}]}
    (tmp_path / "coco.json").write_text(json.dumps(content))
    (sample,) = read_samples(tmp_path)
    assert sample.species == "polar_bear" and sample.box.tolist() == [1, 2, 11, 10]
    assert sample.mask is not None and sample.mask.shape == (20, 50) and sample.mask.sum() == 24
    known = np.flatnonzero(np.isfinite(sample.keypoints).all(axis=1))
    assert known.tolist() == [INDEX["nose"]]  # the tail root is not visible, and nobody has a third eye


@pytest.mark.parametrize("content", ["{", "[{}]", '{"images": [], "annotations": [{}]}', "{}", "[3]"])
def test_annotations_that_cannot_be_read_are_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "bad.json").write_text(content)
    with pytest.raises(DataError, match=r"bad\.json|no annotations"):
        read_samples(tmp_path)


@pytest.mark.data
def test_the_real_sets(shared_data: Path) -> None:
    dogs = read_samples(shared_data / "photos" / "stanford_extra")
    assert len(dogs) == 15
    for dog in dogs:
        assert dog.mask is not None and dog.mask.shape == (dog.height, dog.width)
        rows, columns = np.nonzero(dog.mask)
        extent = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        assert np.abs(np.array(extent) - dog.box).max() <= 0.1 * max(dog.width, dog.height)
        known = np.isfinite(dog.keypoints).all(axis=1)
        assert known.sum() >= 10
    others = read_samples(shared_data / "photos" / "ap10k")
    assert len(others) == 2 and all(np.isfinite(other.keypoints).all(axis=1).sum() >= 10 for other in others)


@given(known=st.lists(st.booleans(), min_size=44, max_size=44), points=st.sampled_from(["all", "half", 0, 3, 5, 10]),
       seed=st.integers(0, 99))
def test_given_points_are_annotated_ones_and_no_more_than_asked(known: list[bool], points: int | str, seed: int) -> None:
    keypoints = np.where(np.array(known)[:, None], 1.0, np.nan) * np.ones(2)
    chosen = photos.choose_points(keypoints, points, np.random.default_rng(seed))
    again = photos.choose_points(keypoints, points, np.random.default_rng(seed))
    assert (chosen == again).all() and not (chosen & ~np.array(known)).any()
    if points == "all":
        assert chosen.sum() == sum(known)
    elif points == "half":
        assert chosen.sum() == sum(known) // 2
    else:
        asked = [name for name in SUGGESTED_ORDER if known[INDEX[name]]][: int(points)]
        assert set(np.flatnonzero(chosen)) == {INDEX[name] for name in asked}


def test_unknown_conditions_are_refused(tmp_path: Path) -> None:
    from bestiary.animal.default import default_model

    with pytest.raises(ValueError, match="fivee"):
        photos.run(stanford_folder(tmp_path), tmp_path / "out", default_model(), conditions=("fivee",))


@pytest.mark.slow
def test_a_whole_run_writes_its_files(tmp_path: Path, shared_data: Path) -> None:
    from bestiary.animal.default import default_model

    metrics = photos.run(shared_data / "photos" / "stanford_extra", tmp_path, default_model(), limit=1,
                         conditions=("all", "half"))
    written = json.loads((tmp_path / "metrics.json").read_text())
    assert written.keys() == metrics.keys()
    for name in ("iou_mean", "iou_min", "pck_mask_0.10", "pck_heldout_0.10"):
        assert 0.0 <= written[name] <= 1.0
    assert (tmp_path / "table.md").read_text().count("\n|") >= 4
    assert Image.open(tmp_path / "contact_sheet.jpg").width > 400


def test_a_report_has_no_nan(tmp_path: Path) -> None:
    report.write_metrics(tmp_path / "new", {"a": float("nan"), "b": 2, "c": 0.5})
    assert json.loads((tmp_path / "new" / "metrics.json").read_text()) == {"a": None, "b": 2.0, "c": 0.5}
    assert report.markdown_table(["x", "y"], [["n", 0.12345], ["m", float("nan")]]).splitlines()[2:] == [
        "| n | 0.123 |", "| m | – |"]
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["metrics.json"]
