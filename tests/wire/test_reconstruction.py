"""What a caller hands in becomes a request; what comes back becomes numpy values."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from bestiary.wire import AnimalInput
from bestiary.wire import messages as m
from bestiary.wire.errors import BadInput, BadMessage
from bestiary.wire.reconstruction import build_request, read_result

PIXELS = np.zeros((20, 30, 3), np.uint8)


def test_images_from_path_bytes_and_pixels(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"some bytes")
    for image in (tmp_path / "a.jpg", str(tmp_path / "a.jpg"), b"some bytes", np.frombuffer(b"some bytes", np.uint8)):
        request, arrays = build_request(image)
        assert arrays[request.image].tobytes() == b"some bytes"
        assert len(request.animals) == 1
    assert build_request(PIXELS)[1]["image"].shape == (20, 30, 3)
    assert build_request(PIXELS[:, :, 0])[1]["image"].shape == (20, 30, 3)
    assert build_request(np.zeros((20, 30, 4), np.uint8))[1]["image"].shape == (20, 30, 3)


@pytest.mark.parametrize(
    "image", [PIXELS.astype(float), np.zeros((2, 2, 2), np.uint8), b"", "no/such/file.jpg", np.zeros((0, 3), np.uint8)]
)
def test_images_that_cannot_be_sent(image):
    with pytest.raises(BadInput):
        build_request(image)


def test_hints_without_an_image_need_its_size():
    with pytest.raises(BadInput, match="size"):
        build_request(None)
    request, arrays = build_request(None, size=(640, 480))
    assert (request.image, request.width, request.height, arrays) == (None, 640, 480, {})


def test_one_animal():
    request, arrays = build_request(
        PIXELS, {"nose": (1, 2), "tail_base": (3, 4, 0.5)}, (0, 1, 20, 19), PIXELS[:, :, 0] + 255, "dog", focal=900
    )
    (animal,) = request.animals
    assert animal.keypoints == [m.Keypoint("nose", 1, 2), m.Keypoint("tail_base", 3, 4, 0.5)]
    assert (animal.box, animal.species, animal.family, request.focal_px) == ((0, 1, 20, 19), "dog", None, 900)
    assert arrays[animal.mask].dtype == np.uint8 and arrays[animal.mask].all()


def test_rows_of_a_set_are_sent_by_number_and_unseen_ones_are_not_sent():
    points = np.array([[1, 2, 1], [np.nan, 2, 1], [5, 6, 0], [7, 8, 0.3]])
    request, _ = build_request(PIXELS, points, keypoint_set="ap10k")
    (animal,) = request.animals
    assert animal.keypoint_set == "ap10k"
    assert animal.keypoints == [m.Keypoint("#0", 1, 2, 1), m.Keypoint("#3", 7, 8, 0.3)]
    with pytest.raises(BadInput, match="no names"):
        build_request(PIXELS, points)
    assert build_request(PIXELS, points[:, :2].tolist(), keypoint_set="ap10k")[0].animals[0].keypoints[0].name == "#0"


def test_several_animals():
    masks = np.zeros((2, 20, 30), bool)
    request, _ = build_request(PIXELS, [{"nose": (1, 1)}, None], [None, (1, 2, 3, 4)], masks, ["dog", "cat"])
    assert [a.species for a in request.animals] == ["dog", "cat"]
    assert [len(a.keypoints) for a in request.animals] == [1, 0]
    assert [a.box for a in request.animals] == [None, (1, 2, 3, 4)]
    assert len({a.mask for a in request.animals}) == 2
    both, _ = build_request(PIXELS, boxes=np.array([[0, 0, 5, 5], [5, 5, 9, 9]]), species="dog")
    assert [a.species for a in both.animals] == ["dog", "dog"]


def test_hints_that_do_not_fit_each_other():
    with pytest.raises(BadInput, match="boxes"):
        build_request(PIXELS, [{}, {}, {}], [(0, 0, 1, 1), (0, 0, 1, 1)])
    with pytest.raises(BadInput, match="both"):
        build_request(PIXELS, species="dog", animals=[AnimalInput()])
    with pytest.raises(BadInput, match="numbers"):
        build_request(PIXELS, boxes=(1, 2, 3))
    with pytest.raises(BadInput, match="mask"):
        build_request(PIXELS, animals=[AnimalInput(mask=np.zeros(5))])
    with pytest.raises(BadInput, match="nose"):
        build_request(PIXELS, {"nose": (1,)})


@pytest.mark.parametrize(
    ("arguments", "message", "advice"),
    [
        ({"focal": "35 mm"}, "focal length '35 mm'", "pixels"),
        ({"focal": -3}, "not positive", "pixels"),
        ({"focal": [1, 2]}, "focal length", "pixels"),
        ({"keypoints": {"nose": ("a", 2)}}, "'nose' of animal 1 is not made of numbers", "(x, y)"),
        ({"keypoints": {"nose": 4}}, "'nose' of animal 1", "(x, y)"),
        ({"keypoints": [["a", "b"]], "keypoint_set": "ap10k"}, "'#0' of animal 1", "(x, y)"),
        ({"boxes": (1, 2, 3, "x")}, "box of animal 1", "x0, y0, x1, y1"),
        ({"masks": np.zeros(5)}, "mask of animal 1", "Give (H, W) for one animal or (N, H, W)"),
        ({"animals": [AnimalInput(), AnimalInput(box=(1, 2))]}, "box of animal 2", "x0, y0, x1, y1"),
        ({"image": Image.new("RGB", (30, 20))}, "The image is a Image", "numpy.asarray"),
        ({"image": "no/such/file.jpg"}, "cannot be read", "path"),
    ],
)
def test_what_cannot_be_sent_is_said_with_advice(arguments, message, advice):
    with pytest.raises(BadInput) as caught:
        build_request(**{"image": PIXELS, **arguments})
    assert message in caught.value.message and advice in caught.value.advice


def result_of(**changes):
    arrays = {"b": np.ones(4, np.float32), "p": np.ones((2, 3), np.float32), "t": np.ones(3, np.float32),
              "k": np.ones((1, 3), np.float32), **changes}  # fmt: skip
    animal = m.ReconstructedAnimal("b", "p", "t", "k", 0.5, "rex", warnings=["w"])
    message = m.ReconstructResult("id", "name", ["a", "b"], ["nose"], [animal], np.eye(3).tolist(), np.eye(3).tolist(),
                                  [0, 0, 1], 30, 20, 0.1)  # fmt: skip
    return message, arrays


def test_results_become_numpy():
    result = read_result(*result_of())
    (animal,) = result.animals
    assert (animal.label, animal.metres_per_unit, animal.warnings) == ("rex", 0.5, ["w"])
    assert animal.pose.shape == (2, 3) and animal.pose.flags.writeable
    assert result.camera_K.shape == (3, 3) and result.camera_t.tolist() == [0, 0, 1]


@pytest.mark.parametrize(
    "changes", [{"p": np.ones((3, 3))}, {"t": np.ones(4)}, {"k": np.ones(3)}, {"b": np.ones((1, 4))}]
)
def test_results_of_another_shape_are_refused(changes):
    with pytest.raises(BadMessage):
        read_result(*result_of(**changes))
