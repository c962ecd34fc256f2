"""Fits to hints whose truth is known: the model's own projections, from all around, with few points, occluded, in company."""

from __future__ import annotations

import numpy as np
import pytest

from bestiary.animal.cameras import Camera
from bestiary.animal.default import default_model
from bestiary.animal.keypoints import INDEX, MIRROR, SUPERSET
from bestiary.animal.rasterise import rasterise
from bestiary.server.engine import JobFailure
from bestiary.server.fit.hints import FitHints, mask_box
from bestiary.server.fit.image import FitResult, fit_image

WIDTH, HEIGHT = 480, 360
FIVE = ("nose", "tail_base", "left_front_paw", "right_front_paw", "left_hind_paw")


def seen_from(azimuth: float, species: str = "wolf", place: tuple[float, float] = (0.0, 0.0), elevation: float = 0.15) -> tuple[
        FitHints, np.ndarray]:
    """Hints (all points, box, mask) of a standing animal seen from `azimuth` degrees, and its points in camera axes."""
    model = default_model()
    pose = np.zeros((model.n_joints, 3))
    pose[0] = 0.0, 0.0, np.radians(azimuth)
    pose[model.joint_names.index("LLeg1"), 1], pose[model.joint_names.index("RLegBack1"), 1] = 0.25, -0.25
    posed = model.forward(model.species[species].betas, pose, [*place, 0.0])
    focal = 1.2 * WIDTH
    position = np.array([0.0, -6.0 * np.cos(elevation), 6.0 * np.sin(elevation)])
    camera = Camera.look_at(position, [0, 0, 0], focal, WIDTH, HEIGHT)
    raster = rasterise(camera.to_camera(posed.vertices), model.faces, camera.K, WIDTH, HEIGHT)
    points = np.full((len(SUPERSET), 3), np.nan)
    rows = [INDEX[name] for name in model.keypoint_names]
    points[rows, :2], points[rows, 2] = camera.project(posed.keypoints), 1.0
    truth = np.full((len(SUPERSET), 3), np.nan)
    truth[rows] = camera.to_camera(posed.keypoints)
    return FitHints(points, mask_box(raster.silhouette), raster.silhouette, species), truth


def only(hints: FitHints, names: tuple[str, ...], *, mask: bool = False) -> FitHints:
    points = np.full_like(hints.keypoints, np.nan)
    keep = [INDEX[name] for name in names]
    points[keep] = hints.keypoints[keep]
    return FitHints(points, hints.box, hints.mask if mask else None, hints.species)


def forward_of(result: FitResult, index: int = 0) -> np.ndarray:
    """From tail base to withers, in camera axes."""
    points = result.camera.to_camera(result.animals[index].keypoints_world)
    return points[INDEX["withers"]] - points[INDEX["tail_base"]]


def degrees_apart(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.degrees(np.arccos(np.clip(a @ b / np.linalg.norm(a) / np.linalg.norm(b), -1, 1))))


@pytest.mark.parametrize("azimuth", [0, 60, 90, 140, 200, 250, 270, 320])
def test_five_clicks_find_the_direction_from_all_around(azimuth: float) -> None:
    hints, truth = seen_from(azimuth)
    result = fit_image(default_model(), WIDTH, HEIGHT, [only(hints, FIVE)])
    assert degrees_apart(forward_of(result), truth[INDEX["withers"]] - truth[INDEX["tail_base"]]) < 35
    found = result.camera.to_camera(result.animals[0].keypoints_world)
    left = found[INDEX["left_hip"]] - found[INDEX["right_hip"]]
    assert left @ (truth[INDEX["left_hip"]] - truth[INDEX["right_hip"]]) > 0, "left and right are swapped"


def test_all_points_and_mask_are_met() -> None:
    hints, truth = seen_from(130)
    result = fit_image(default_model(), WIDTH, HEIGHT, [hints])
    animal = result.animals[0]
    size = np.sqrt(hints.mask.sum())
    error = np.linalg.norm(animal.keypoints_2d - hints.keypoints[:, :2], axis=1)
    assert np.nanmean(error < 0.1 * size) > 0.95
    assert animal.iou is not None and animal.iou > 0.85
    assert degrees_apart(forward_of(result), truth[INDEX["withers"]] - truth[INDEX["tail_base"]]) < 15


def test_feet_stand_on_the_ground_and_size_is_the_species() -> None:
    result = fit_image(default_model(), WIDTH, HEIGHT, [seen_from(100)[0]])
    animal = result.animals[0]
    assert abs(animal.vertices_world[:, 2].min()) < 0.02
    height = np.ptp(animal.vertices_world[:, 2])
    assert 0.7 < height / default_model().species["wolf"].shoulder_height_m < 2.0
    up = animal.keypoints_world[INDEX["withers"], 2] - animal.keypoints_world[INDEX["left_front_paw"], 2]
    assert up > 0
    np.testing.assert_allclose(result.camera.project(animal.keypoints_world), animal.keypoints_2d, atol=1e-6)


def test_parameters_give_the_vertices() -> None:
    model = default_model()
    animal = fit_image(model, WIDTH, HEIGHT, [only(seen_from(45)[0], FIVE)]).animals[0]
    posed = model.forward(animal.betas, animal.pose, animal.trans)
    np.testing.assert_allclose(posed.vertices * animal.metres_per_unit, animal.vertices_world, atol=1e-9)


def test_two_animals_share_one_camera_and_do_not_disturb_each_other() -> None:
    first, truth_first = seen_from(90, place=(-0.9, 0.4))
    second, truth_second = seen_from(270, place=(0.9, -0.6))
    assert first.mask is not None and second.mask is not None
    first.mask = first.mask & ~second.mask  # the second stands in front
    result = fit_image(default_model(), WIDTH, HEIGHT, [first, second])
    for index, truth in enumerate((truth_first, truth_second)):
        assert degrees_apart(forward_of(result, index), truth[INDEX["withers"]] - truth[INDEX["tail_base"]]) < 25
    assert min(animal.iou or 0 for animal in result.animals) > 0.7


def test_a_wrong_point_does_not_spoil_the_others() -> None:
    hints, _ = seen_from(90)
    spoilt = FitHints(hints.keypoints.copy(), hints.box, hints.mask, hints.species)
    spoilt.keypoints[INDEX["left_knee"], :2] += [-0.6 * (hints.box[2] - hints.box[0]), -40]
    animal = fit_image(default_model(), WIDTH, HEIGHT, [spoilt]).animals[0]
    error = np.linalg.norm(animal.keypoints_2d - hints.keypoints[:, :2], axis=1)
    assert np.nanmedian(error) < 0.05 * np.sqrt(hints.mask.sum())


def test_the_same_seed_gives_the_same_animal() -> None:
    hints = only(seen_from(30)[0], FIVE, mask=True)
    a, b = (fit_image(default_model(), WIDTH, HEIGHT, [hints], seed=3).animals[0] for _ in range(2))
    np.testing.assert_array_equal(a.betas, b.betas)
    np.testing.assert_array_equal(a.pose, b.pose)


@pytest.mark.parametrize("names", [(), ("nose",), ("nose", "chin", "left_eye")])
def test_few_points_and_a_box_are_enough(names: tuple[str, ...]) -> None:
    hints = only(seen_from(90)[0], names)
    animal = fit_image(default_model(), WIDTH, HEIGHT, [hints]).animals[0]
    assert np.isfinite(animal.vertices_world).all()
    assert np.isfinite(animal.keypoints_2d).any()


def test_cancelling_stops_and_unknown_species_are_named() -> None:
    hints = only(seen_from(90)[0], FIVE)

    class Stop(Exception):
        pass

    def stop(fraction: float, stage: str) -> None:
        if fraction > 0.3:
            raise Stop

    with pytest.raises(Stop):
        fit_image(default_model(), WIDTH, HEIGHT, [hints], progress=stop)
    hints.species = "wolff"
    with pytest.raises(JobFailure, match="wolf"):
        fit_image(default_model(), WIDTH, HEIGHT, [hints])


def test_a_mirrored_picture_gives_the_mirrored_animal() -> None:
    hints = only(seen_from(60)[0], FIVE)
    mirrored = FitHints(hints.keypoints[np.asarray(MIRROR)].copy(), hints.box.copy(), None, hints.species)
    mirrored.keypoints[:, 0] = WIDTH - mirrored.keypoints[:, 0]
    mirrored.box[[0, 2]] = WIDTH - hints.box[[2, 0]]
    a, b = (forward_of(fit_image(default_model(), WIDTH, HEIGHT, [h])) for h in (hints, mirrored))
    assert degrees_apart(a * [-1, 1, 1], b) < 5


@pytest.mark.parametrize("names", [("nose", "left_eye", "left_ear_tip", "throat"), ("nose", "left_eye", "right_eye", "withers")])
def test_points_on_the_head_alone_do_not_squeeze_the_body_into_them(names: tuple[str, ...]) -> None:
    hints, _ = seen_from(170)
    points = only(hints, names)
    points.box = None
    result = fit_image(default_model(), WIDTH, HEIGHT, [points])
    pixels = result.camera.project(result.animals[0].vertices_world)
    assert np.ptp(pixels[:, 0]) > 0.6 * (hints.box[2] - hints.box[0])


def test_an_animal_is_fitted_the_same_beside_another_with_other_hints() -> None:
    points = only(seen_from(90, place=(-1.2, 0.0))[0], FIVE)
    points.box = None
    boxed = only(seen_from(270, place=(1.2, 0.0))[0], ("nose", "tail_base", "left_front_paw"))
    masked = only(seen_from(270, place=(1.2, 0.0))[0], ("nose", "tail_base"), mask=True)
    alone = fit_image(default_model(), WIDTH, HEIGHT, [points]).animals[0]
    for other in (boxed, masked):
        beside = fit_image(default_model(), WIDTH, HEIGHT, [points, other]).animals[0]
        assert np.nanmax(np.linalg.norm(beside.keypoints_2d - alone.keypoints_2d, axis=1)) < 12


def test_any_spelling_of_a_species_gives_its_size() -> None:
    hints = only(seen_from(90)[0], FIVE)
    sizes = []
    for name in ("horse", "Horse", "pony"):
        hints.species = name
        sizes.append(fit_image(default_model(), WIDTH, HEIGHT, [hints]).animals[0].metres_per_unit)
    assert np.ptp(sizes) < 1e-9 and sizes[0] > 0.8


def test_of_animals_without_a_common_ground_one_stands_and_the_others_say_so() -> None:
    near = FitHints(box=np.array([20.0, 180, 460, 350]), species="dog")
    far = FitHints(box=np.array([200.0, 10, 240, 30]), species="horse")
    animals = fit_image(default_model(), WIDTH, HEIGHT, [near, far]).animals
    heights = [abs(animal.vertices_world[:, 2].min()) for animal in animals]
    assert min(heights) < 1e-6
    for height, animal in zip(heights, animals, strict=True):
        assert height < 1e-6 or any("species" in warning for warning in animal.warnings)


def test_without_points_and_mask_there_is_no_score() -> None:
    assert np.isnan(fit_image(default_model(), WIDTH, HEIGHT, [only(seen_from(90)[0], ())]).animals[0].score)


def test_a_box_beside_a_mask_does_not_cut_it() -> None:
    hints, _ = seen_from(90)
    left, top, right, bottom = hints.box
    narrow = FitHints(hints.keypoints, np.array([left, top, left + 0.3 * (right - left), bottom]), hints.mask, "wolf")
    animal = fit_image(default_model(), WIDTH, HEIGHT, [narrow]).animals[0]
    assert animal.iou is not None and animal.iou > 0.8
    assert any("do not agree" in warning for warning in animal.warnings)
