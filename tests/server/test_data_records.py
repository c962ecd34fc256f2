"""A herd folder is read into typed values, and what is wrong in it is said with file and field."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bestiary.animal import masks
from bestiary.server.data.records import Dataset, RecordError, read_dataset
from herd_folder import write_herd_folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_herd_folder(tmp_path_factory.mktemp("herds") / "herd", 2, 0, 160, assets=True)


def spoilt(folder: Path, place: list[Any], value: Any) -> Dataset:
    """The data set with one value of its first record replaced (or removed by `del`)."""
    file = folder / "records" / "000000.json"
    record = json.loads(file.read_text())
    inner = record
    for key in place[:-1]:
        inner = inner[key]
    if value == "del":
        del inner[place[-1]]
    else:
        inner[place[-1]] = value
    file.write_text(json.dumps(record))
    return read_dataset(folder)


@pytest.fixture
def own(folder: Path, tmp_path: Path) -> Path:
    """A copy to spoil."""
    import shutil

    return Path(shutil.copytree(folder, tmp_path / "herd"))


def test_a_record_says_what_was_written(folder: Path) -> None:
    herd = read_dataset(folder)
    assert herd.names == ("000000", "000001")
    record = herd.record("000000")
    written = json.loads((folder / "records/000000.json").read_text())
    assert [animal.species for animal in record.animals] == [animal["species"] for animal in written["animals"]]
    first = record.animals[0]
    assert np.array_equal(first.pose, written["animals"][0]["pose"])
    assert first.keypoints.shape == (44, 3) and first.joints.shape == (35, 3)
    assert herd.image(record).shape == (120, 160, 3)
    ids, depth = herd.ids(record), herd.depth(record)
    for animal in record.animals:
        assert np.array_equal(masks.decode(animal.mask_visible), ids == animal.id)
        assert np.isfinite(depth[ids == animal.id]).all()


def test_an_animal_of_an_asset_pack_has_a_mesh_and_no_shape(folder: Path) -> None:
    herd = read_dataset(folder)
    record = herd.record("000000")
    box = record.animals[-1]
    assert box.asset == "boxes/goat" and box.betas is None and box.joint_names == ("spine", "head")
    assert np.isnan(box.keypoints[:, :2]).all() and not box.keypoints[:, 2].any()
    vertices, faces = herd.meshes(record)[box.id]
    assert vertices.shape[1] == 3 and faces.max() < len(vertices)


@pytest.mark.parametrize(("place", "value", "says"), [
    (["width"], "del", "width: is missing"), (["width"], True, "width: must be a whole number"), (["width"], 10**9, "width"),
    (["format"], "bestiary-herd/9", "format"), (["id"], "000007", "id"), (["layout"], "heap", "known are herd3d and natural"),
    (["camera", "K"], [[1, 0], [0, 1]], "camera.K: must be finite numbers"),
    (["camera", "R"], [[2, 0, 0], [0, 1, 0], [0, 0, 1]], "rotation"),
    (["camera", "t"], [0, float("nan"), 0], "camera.t"), (["image"], "../../etc/passwd", "within the data set's folder"),
    (["image"], "/etc/passwd", "within the data set's folder"), (["depth", "metres_per_step"], 0, "depth.metres_per_step"),
    (["animals"], {}, "animals: must be a list"), (["animals", 0], 3, r"animals\[0\]: must be an object"),
    (["animals", 0, "pose"], [[0, 0, 0]], r"animals\[0\].pose"), (["animals", 0, "betas"], [0.0] * 5000, "limit is 4096"),
    (["animals", 0, "betas"], [[0.0]], "betas"), (["animals", 0, "betas"], [10**400], "betas"),
    (["animals", 0, "metres_per_unit"], -1, "metres_per_unit"), (["animals", 0, "model_id"], "feed", "the data set's is"),
    (["animals", 0, "who"], None, "who: is missing"), (["animals", 0, "keypoints"], [[0, 0, 7]] * 44, "visibility must be"),
    (["animals", 0, "mask"], {"size": [5, 5], "counts": ""}, "the picture's"),
    (["animals", 0, "mask", "counts"], "\x01", "character that stands for nothing"), (["animals", 0, "facing"], "up", "known are right"),
    (["animals", 0, "id"], 0, "id"), (["animals", 0, "visible_fraction"], 1.5, "from 0 to 1"),
    (["left_to_right"], [9], "no animal's id"), (["left_to_right"], [1, 1], "twice"), (["depth_order"], [[1]], "pairs"),
    (["animals", 0, "box"], [0, 0, -1, 5], "size below 0")])  # fmt: skip
def test_what_is_wrong_is_said_with_file_and_field(own: Path, place: list[Any], value: Any, says: str) -> None:
    herd = spoilt(own, place, value)
    with pytest.raises(RecordError, match=says) as error:
        herd.record("000000")
    assert "records/000000.json" in str(error.value)
    herd.record("000001")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", '{"format": 3}', "[" * 100000])
def test_a_file_that_is_no_record_is_refused(own: Path, text: str) -> None:
    (own / "records/000001.json").write_text(text)
    with pytest.raises(RecordError, match="000001"):
        read_dataset(own).record("000001")
    (own / "dataset.json").write_text(text)
    with pytest.raises(RecordError, match=r"dataset\.json"):
        read_dataset(own)


def test_pictures_are_held_against_the_record_before_they_are_decoded(own: Path) -> None:
    herd = read_dataset(own)
    record = herd.record("000000")
    Image.new("L", (64, 64)).save(own / record.ids)
    with pytest.raises(RecordError, match="is 64 x 64 pixels, the record says 160 x 120"):
        herd.ids(record)
    Image.new("RGB", (160, 120)).save(own / record.ids)
    with pytest.raises(RecordError, match="holds RGB pixels"):
        herd.ids(record)
    whole = (own / record.depth).read_bytes()
    (own / record.depth).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(RecordError, match="damaged"):
        herd.depth(record)
    (own / record.image).unlink()
    with pytest.raises(RecordError, match="is missing"):
        herd.image(record)


def test_a_mesh_with_an_index_too_far_is_refused(own: Path) -> None:
    herd = read_dataset(own)
    record = herd.record("000000")
    number = record.animals[-1].id
    assert record.meshes is not None
    np.savez(own / record.meshes, **{f"vertices_{number}": np.zeros((3, 3)), f"faces_{number}": np.array([[0, 1, 3]])})
    with pytest.raises(RecordError, match="outside the 3 vertices"):
        herd.meshes(record)


WEIRD = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2))  # fmt: skip


@given(data=st.data())
@settings(max_examples=150)
def test_any_value_anywhere_is_read_or_refused(folder: Path, data: st.DataObject) -> None:
    """No other error than RecordError, whatever one value of a record is replaced by."""
    from bestiary.server.data.fields import Fields
    from bestiary.server.data.records import _record

    record = copy.deepcopy(json.loads((folder / "records/000000.json").read_text()))
    inner, depth = record, 0
    while True:
        key = data.draw(st.sampled_from(sorted(inner)) if isinstance(inner, dict) else st.integers(0, len(inner) - 1))
        depth += 1
        if not isinstance(inner[key], (dict, list)) or not inner[key] or depth > 4 or data.draw(st.booleans()):
            inner[key] = data.draw(WEIRD)
            break
        inner = inner[key]
    try:
        _record(Fields(record, "records/000000.json"), "000000", read_dataset(folder))
    except RecordError as error:
        assert "records/000000.json" in str(error)
