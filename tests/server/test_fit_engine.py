"""The engine over the wire's messages: what comes back, and words for what cannot be used."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from bestiary.server.engine import JobContext, JobFailure
from bestiary.server.fit.engine import FitEngine
from bestiary.wire.messages import AnimalHints, Keypoint, ReconstructRequest


@pytest.fixture(scope="module")
def engine() -> FitEngine:
    return FitEngine()


def picture(width: int = 64, height: int = 48) -> np.ndarray:
    stream = io.BytesIO()
    Image.new("RGB", (width, height), (90, 120, 60)).save(stream, "PNG")
    return np.frombuffer(stream.getvalue(), np.uint8)


def hints(**changes: object) -> AnimalHints:
    values = {"keypoints": [Keypoint("nose", 50, 15), Keypoint("tail_base", 12, 18), Keypoint("L_F_Paw", 44, 40)],
              "box": (8.0, 8.0, 56.0, 42.0), "species": "dog"}
    return AnimalHints(**{**values, **changes})  # type: ignore[arg-type]


def test_a_job_gives_finite_arrays_an_overlay_and_progress(engine: FitEngine) -> None:
    seen: list[tuple[float, str]] = []
    context = JobContext(report=lambda fraction, stage, preview: seen.append((fraction, stage)))
    request = ReconstructRequest(image="photo", animals=[hints(), hints(label="second", species=None, family="felid")])
    result, arrays = engine.run(request, {"photo": picture()}, context)
    assert [fraction for fraction, _ in seen] == sorted(fraction for fraction, _ in seen) and len(seen) > 5
    assert result.model_id == engine.model.model_id and len(result.animals) == 2
    for animal in result.animals:
        assert arrays[animal.betas].shape == (145,) and arrays[animal.pose].shape == (35, 3)
        assert all(np.isfinite(arrays[name]).all() for name in (animal.betas, animal.pose, animal.trans, animal.keypoints_2d))
        assert animal.metres_per_unit > 0
    assert result.animals[1].label == "second" and result.animals[0].family == "canid"
    assert Image.open(io.BytesIO(arrays[result.overlay].tobytes())).size == (64, 48)


def test_no_picture_is_needed_when_its_size_is_known(engine: FitEngine) -> None:
    result, _ = engine.run(ReconstructRequest(width=64, height=48, animals=[hints()]), {}, JobContext())
    assert result.overlay is None and (result.width, result.height) == (64, 48)


@pytest.mark.parametrize(("code", "request_"), [
    ("no_animals", ReconstructRequest(width=64, height=48)),
    ("no_image", ReconstructRequest(animals=[hints()])),
    ("unknown_keypoint", ReconstructRequest(width=64, height=48, animals=[hints(keypoints=[Keypoint("nos", 1, 1)])])),
    ("unknown_keypoint_set", ReconstructRequest(width=64, height=48, animals=[hints(keypoint_set="coco_person")])),
    ("unknown_species", ReconstructRequest(width=64, height=48, animals=[hints(species="gryphon")])),
    ("focal", ReconstructRequest(width=64, height=48, animals=[hints()], focal_px=1e-3)),
    ("no_hints", ReconstructRequest(width=64, height=48, animals=[AnimalHints(species="dog")])),
    ("box_empty", ReconstructRequest(width=64, height=48, animals=[hints(box=(900.0, 900.0, 950.0, 950.0))]))])
def test_what_cannot_be_used_is_said(engine: FitEngine, code: str, request_: ReconstructRequest) -> None:
    with pytest.raises(JobFailure) as caught:
        engine.run(request_, {}, JobContext())
    assert caught.value.code == code and caught.value.message and caught.value.advice


@pytest.mark.parametrize(("code", "mask"), [
    ("mask_empty", np.zeros((48, 64), np.uint8)), ("mask_size", np.ones((64, 48), np.uint8))])
def test_masks_that_do_not_fit_the_picture(engine: FitEngine, code: str, mask: np.ndarray) -> None:
    request = ReconstructRequest(image="photo", animals=[hints(mask="mask")])
    with pytest.raises(JobFailure) as caught:
        engine.run(request, {"photo": picture(), "mask": mask}, JobContext())
    assert caught.value.code == code


def test_points_without_numbers_are_missing_and_points_outside_are_mentioned(engine: FitEngine) -> None:
    points = [Keypoint("nose", 50, 15), Keypoint("chin", float("nan"), 3), Keypoint("left_eye", 4000, 15)]
    result, _ = engine.run(ReconstructRequest(width=64, height=48, animals=[hints(keypoints=points)]), {}, JobContext())
    assert any("left_eye" in warning for warning in result.animals[0].warnings)
