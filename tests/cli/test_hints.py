"""Keypoint files, boxes and masks as people have them, and what is said about the ones that cannot be read."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bestiary.cli.console import CliError
from bestiary.cli.hints import parse_box, read_hints, read_mask

PHOTO = Path("photo.jpg")


def write(folder: Path, content: object) -> Path:
    path = folder / "hints.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_one_animal(tmp_path: Path) -> None:
    content = {
        "species": "dog",
        "box": [1, 2, 30, 40],
        "keypoints": {"nose": [3, 4], "chin": [5, 6, 0.5], "tail_base": None, "throat": {"x": 7, "y": 8}},
    }
    (animal,) = read_hints(PHOTO, write(tmp_path, content))
    assert animal.species == "dog" and animal.box == (1, 2, 30, 40)
    assert animal.keypoints == {"nose": (3, 4), "chin": (5, 6, 0.5), "throat": (7, 8, 1.0)}


def test_several_animals_share_what_stands_beside_them(tmp_path: Path) -> None:
    content = {"keypoint_set": "ap10k", "species": "cow", "animals": [{"label": "a"}, {"species": "horse"}]}
    first, second = read_hints(PHOTO, write(tmp_path, content))
    assert (first.keypoint_set, first.species, first.label) == ("ap10k", "cow", "a")
    assert (second.keypoint_set, second.species) == ("ap10k", "horse")


@pytest.mark.parametrize("rows", [[[1, 2, 1], [0, 0, 0], [3, 4, 1]], [1, 2, 1, 0, 0, 0, 3, 4, 1], [[1, 2], None, [3, 4]]])
def test_rows_in_a_sets_order(tmp_path: Path, rows: list) -> None:
    (animal,) = read_hints(PHOTO, write(tmp_path, {"keypoint_set": "ap10k", "keypoints": rows}))
    points = np.asarray(animal.keypoints)
    assert points.shape == (3, 3)
    np.testing.assert_array_equal(points[[0, 2]], [[1, 2, 1], [3, 4, 1]])
    assert points[1, 2] == 0


def test_coco(tmp_path: Path) -> None:
    content = {
        "images": [{"id": 7, "file_name": "train/photo.jpg"}, {"id": 8, "file_name": "other.jpg"}],
        "categories": [{"id": 1, "name": "dog", "keypoints": ["nose", "left_eye"]}],
        "annotations": [
            {"image_id": 7, "category_id": 1, "keypoints": [10, 20, 2, 0, 0, 0], "bbox": [1, 2, 30, 40]},
            {"image_id": 8, "category_id": 1, "keypoints": [1, 1, 2, 1, 1, 2]},
        ],
    }
    (animal,) = read_hints(PHOTO, write(tmp_path, content))
    assert animal.keypoints == {"nose": (10, 20)} and animal.box == (1, 2, 31, 42)
    assert (animal.label, animal.species) == ("dog", "dog")
    content["categories"][0]["name"] = "Unicorn"
    (animal,) = read_hints(PHOTO, write(tmp_path, content))
    assert (animal.label, animal.species) == ("Unicorn", None)
    with pytest.raises(CliError, match=r"no animal in an image called cat\.jpg"):
        read_hints(Path("cat.jpg"), write(tmp_path, content))


@pytest.mark.data
def test_a_coco_file_is_read_in_its_own_sets_names(shared_data: Path) -> None:
    """AP-10K's "left_shoulder" is another place than ours: the set must be known by its names."""
    path = shared_data / "photos" / "ap10k" / "test_ap10k.json"
    for photo in ("000000000004.jpg", "000000037516.jpg"):
        animals = read_hints(Path(photo), path)
        assert animals and all(animal.keypoint_set == "ap10k" for animal in animals)
        assert all(animal.keypoints for animal in animals)
    chosen = read_hints(Path(photo), path, keypoint_set="animalpose", species="dog")
    assert all(animal.keypoint_set == "animalpose" and animal.species == "dog" for animal in chosen)


def test_a_coco_category_that_is_no_species_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = {
        "images": [{"id": 7, "file_name": "photo.jpg"}],
        "categories": [{"id": 1, "name": "unicorn", "keypoints": ["nose"]}],
        "annotations": [{"image_id": 7, "category_id": 1, "keypoints": [10, 20, 2]}],
    }
    (animal,) = read_hints(PHOTO, write(tmp_path, content))
    assert animal.keypoint_set is None and "unicorn" in capsys.readouterr().err
    read_hints(PHOTO, write(tmp_path, content), species="horse")
    assert capsys.readouterr().err == ""
    content["categories"][0]["keypoints"] = ["nose", "nose"]
    with pytest.raises(CliError, match="twice"):
        read_hints(PHOTO, write(tmp_path, content))


@pytest.mark.parametrize(
    ("content", "advice"),
    [
        ({"nose": [90, 475]}, 'Points go under "keypoints": {"keypoints": {"nose": [90, 475]}}'),
        ({"L_Eye": [90, 475]}, 'Points go under "keypoints"'),
        ({"specie": "dog"}, 'Did you mean "species"?'),
        ({"bbox": [0, 0, 5, 5]}, "x0, y0, x1, y1"),
        ({"animals": [{"species": "dog"}], "box": [0, 0, 5, 5]}, '"animals"'),
        ({"zzz": 1}, "Known keys"),
    ],
)
def test_unknown_keys_are_refused(tmp_path: Path, content: dict, advice: str) -> None:
    with pytest.raises(CliError, match="is not a known key") as caught:
        read_hints(PHOTO, write(tmp_path, content))
    assert advice in caught.value.advice


def test_what_coco_says_beside_the_hints_is_passed_over(tmp_path: Path) -> None:
    (animal,) = read_hints(PHOTO, write(tmp_path, {"id": 3, "area": 5.0, "iscrowd": 0, "species": "dog"}))
    assert animal.species == "dog"


def test_the_command_line_wins_and_adds_animals(tmp_path: Path) -> None:
    path = write(tmp_path, {"species": "dog", "keypoints": {"nose": [1, 2]}})
    first, second = read_hints(PHOTO, path, boxes=("0,0,5,5", "5,5,9,9"), species="fox")
    assert first.species == second.species == "fox"
    assert first.keypoints == {"nose": (1, 2)} and second.keypoints is None
    assert second.box == (5, 5, 9, 9)


def test_no_hint_at_all_is_one_animal() -> None:
    assert len(read_hints(PHOTO)) == 1


@pytest.mark.parametrize("mode", ["L", "1", "RGB", "RGBA", "P", "I;16"])
def test_masks_of_any_mode(tmp_path: Path, mode: str) -> None:
    values = np.zeros((4, 6), np.uint8)
    values[1:3, 2:5] = 255
    if mode == "I;16":
        image = Image.fromarray(values.astype(np.uint16) * 257)
    else:
        image = Image.fromarray(values).convert(mode)
    image.save(tmp_path / "mask.png")
    mask = read_mask(tmp_path / "mask.png")
    np.testing.assert_array_equal(mask, values // 255)


@given(st.text(max_size=30))
def test_boxes_are_read_or_refused(text: str) -> None:
    try:
        assert len(parse_box(text)) == 4
    except CliError as error:
        assert error.advice


KEYS = st.sampled_from(
    ["animals", "keypoints", "keypoint_set", "box", "species", "label", "images", "annotations", "categories", "id"]
    + ["image_id", "file_name", "bbox", "name", "x", "y", "nose"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=20,
)


@given(JSON)
def test_any_json_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: object) -> None:
    path = write(tmp_path_factory.mktemp("json"), content)
    try:
        assert read_hints(PHOTO, path)
    except CliError as error:
        assert error.message


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"3"])
def test_files_that_are_no_json(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "hints.json"
    path.write_bytes(content)
    with pytest.raises(CliError):
        read_hints(PHOTO, path)
