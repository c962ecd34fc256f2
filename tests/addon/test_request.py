"""From marks to the wire's arguments, and from its answer to animals: large photos, masks, wrong marks."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bestiary.addon.picture import PictureError, averaged, shrink_factor
from bestiary.addon.request import MarkedAnimal, Question, call_arguments, read_answer
from bestiary.animal.cameras import Camera, intrinsics
from bestiary.wire.reconstruction import build_request

pytestmark = pytest.mark.blender


def photo(width=40, height=30):
    return np.arange(height * width * 3, dtype=np.uint8).reshape(height, width, 3)


def test_a_small_photo_is_sent_as_it_is():
    animal = MarkedAnimal("Rex", "dog", None, (1, 2, 30, 20), {"nose": (5.5, 6.5)}, np.full((30, 40), 255, np.uint8))
    arguments, factor = call_arguments(Question(photo(), [animal], focal_px=50.0))
    request, arrays = build_request(**arguments)
    assert factor == 1 and request.focal_px == 50.0
    assert np.array_equal(arrays["image"], photo())
    hints = request.animals[0]
    assert (hints.label, hints.species, hints.box) == ("Rex", "dog", (1.0, 2.0, 30.0, 20.0))
    assert (hints.keypoints[0].name, hints.keypoints[0].x, hints.keypoints[0].y) == ("nose", 5.5, 6.5)
    assert arrays[hints.mask].all()


@given(st.integers(1, 20_000), st.integers(1, 20_000))
def test_the_shrunk_photo_is_never_too_long(width, height):
    factor = shrink_factor(width, height)
    assert max(width, height) / factor <= 2048
    assert factor == 1 or max(width, height) / (factor - 1) > 2048


def test_a_large_photo_is_averaged_and_its_camera_comes_back_in_full_pixels():
    picture = np.zeros((3001, 4500, 3), np.uint8)
    picture[300:330, 600:630] = 255
    animal = MarkedAnimal(points={"nose": (615.0, 315.0)}, mask=np.full((3001, 4500), 255, np.uint8))
    arguments, factor = call_arguments(Question(picture, [animal], focal_px=3000.0))
    assert factor == 3 and arguments["image"].shape == (1000, 1500, 3) and arguments["focal"] == 1000.0
    x, y = arguments["animals"][0].keypoints["nose"]
    assert arguments["image"][int(y), int(x)].tolist() == [255, 255, 255]
    assert arguments["animals"][0].mask.shape == (1000, 1500)

    small = Camera(intrinsics(1000.0, 1500, 1000), np.eye(3), np.array([0.1, 0.2, 3.0]), 1500, 1000)
    result = SimpleNamespace(
        animals=[], camera_K=small.K, camera_R=small.R, camera_t=small.t, model_id="x", model_name="y"
    )
    camera = read_answer(result, factor, 4500, 3001).camera
    point = np.array([[0.3, -0.2, 1.0]])
    assert np.allclose(camera.project(point), 3 * small.project(point))
    assert (camera.width, camera.height) == (4500, 3001)


def test_averaging_keeps_means_and_drops_the_rest():
    picture = np.array([[0, 10, 99], [20, 30, 99], [99, 99, 99]], np.uint8)
    assert averaged(picture, 2).tolist() == [[15]]
    with pytest.raises(PictureError, match="narrow"):
        averaged(np.zeros((1, 5000), np.uint8), 3)


@pytest.mark.parametrize(
    ("animals", "message"),
    [
        ([], "No animal"),
        ([MarkedAnimal("Rex")], "Rex has neither"),
        ([MarkedAnimal("Rex", mask=np.zeros((30, 40), np.uint8))], "mask of Rex is empty"),
        ([MarkedAnimal("Rex", mask=np.ones((40, 30), np.uint8))], "30 x 40 pixels, the photo 40 x 30"),
    ],
)
def test_marks_that_cannot_be_sent_are_told_by_name(animals, message):
    with pytest.raises(PictureError, match=message) as caught:
        call_arguments(Question(photo(), animals))
    assert caught.value.advice


def test_the_summary_speaks_in_pixels_of_the_full_photo():
    one = SimpleNamespace(
        betas=np.zeros(3), pose=np.zeros((4, 3)), trans=np.zeros(3), metres_per_unit=0.3, label="", species=None,
        warnings=["the tail is a guess"], keypoint_error_px=2.0, iou=0.876,
    )  # fmt: skip
    result = SimpleNamespace(
        animals=[one], camera_K=np.eye(3), camera_R=np.eye(3), camera_t=np.zeros(3), model_id="x", model_name="y"
    )
    answer = read_answer(result, 2, 100, 50)
    assert answer.summary == ["Animal 1: points 4.0 px off, outline 88 % covered"]
    assert answer.warnings == ["Animal 1: the tail is a guess"]
    assert answer.animals[0].betas.dtype == np.float64
