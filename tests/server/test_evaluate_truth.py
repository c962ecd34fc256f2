"""Rendered animals: the truth is where it is said to be, the draws repeat, and scores mean what they are called."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bestiary.animal.cameras import Camera
from bestiary.animal.keypoints import INDEX, MIRROR, SUGGESTED_ORDER, SUPERSET
from bestiary.animal.rasterise import rasterise
from bestiary.animal.rotations import matrix_from_axis_angle
from bestiary.server.evaluate import rigs, sheet, truth_render, truth_scenes, truth_scores

UP = np.array([0.0, 0.0, 1.0])


def animal_points(seed: int = 0) -> np.ndarray:
    """A made-up animal, x forward: left points at y > 0, mirror images at y < 0, some asymmetry of pose."""
    rng = np.random.default_rng(seed)
    points = rng.uniform([-1, 0.05, 0], [1, 0.3, 1], (len(SUPERSET), 3))
    for i, name in enumerate(SUPERSET):
        if name.startswith("right_"):
            points[i] = points[MIRROR[i]] * [1, -1, 1]
        elif not name.startswith("left_"):
            points[i, 1] = 0.0
    points[INDEX["tail_base"]], points[INDEX["neck_base"]] = [-1, 0, 0.8], [1, 0, 0.8]
    return points + rng.normal(0, 0.01, points.shape)


# -- scores --------------------------------------------------------------------------------------------------------------


@given(seed=st.integers(0, 1000), scale=st.floats(0.2, 5.0))
def test_the_truth_in_another_size_and_place_is_perfect(seed: int, scale: float) -> None:
    truth = animal_points(seed)
    score = truth_scores.score_3d(scale * truth + [3, 2, 1], truth, UP)
    assert score.error == pytest.approx(0.0, abs=1e-9)
    assert score.direction_error == pytest.approx(0.0, abs=1e-3)
    assert not score.front_back and not score.left_right


def test_turned_round_is_a_front_back_flip() -> None:
    truth = animal_points()
    turned = truth @ matrix_from_axis_angle([0, 0, np.pi]).T
    score = truth_scores.score_3d(turned, truth, UP)
    assert score.front_back and score.direction_error > 170
    assert score.error == pytest.approx(0.0, abs=1e-9)  # alignment forgives it: that is why flips are counted


def test_a_slightly_wrong_heading_is_no_flip() -> None:
    truth = animal_points()
    score = truth_scores.score_3d(truth @ matrix_from_axis_angle([0, 0, np.radians(40)]).T, truth, UP)
    assert score.direction_error == pytest.approx(40, abs=1)
    assert not score.front_back and not score.left_right


def test_swapped_sides_are_a_left_right_flip() -> None:
    truth = animal_points()
    score = truth_scores.score_3d(truth[np.asarray(MIRROR)], truth, UP)
    assert score.left_right and not score.front_back


def test_points_the_model_lacks_do_not_matter() -> None:
    truth, found = animal_points(), animal_points()
    found[INDEX["chin"]], truth[INDEX["withers"]] = np.nan, np.nan
    assert truth_scores.score_3d(found, truth, UP).error == pytest.approx(0.0, abs=1e-9)


def test_without_a_neck_there_is_no_direction() -> None:
    points = animal_points()
    points[[INDEX["neck_base"], INDEX["withers"], INDEX["neck"]]] = np.nan
    with pytest.raises(ValueError, match="neck_base"):
        truth_scores.body_direction(points)


def test_the_mean_of_similar_animals_is_that_animal() -> None:
    rng = np.random.default_rng(1)
    base = animal_points()
    truths = [rng.uniform(0.5, 2) * base @ matrix_from_axis_angle(rng.normal(size=3)).T + rng.normal(size=3) for _ in range(4)]
    truths[0][INDEX["nose"]] = np.nan  # a rig without a nose
    mean = truth_scores.mean_animal(truths)
    errors = truth_scores.constant_errors({"mean": mean, "other": animal_points(5)}, truths, truths)
    assert errors["mean"] == pytest.approx(0.0, abs=1e-6)
    assert errors["other"] > 0.1


# -- rigs and pictures ---------------------------------------------------------------------------------------------------


@pytest.mark.data
@pytest.mark.parametrize("name", rigs.rig_names())
def test_points_of_a_rig_lie_where_an_animal_has_them(shared_data: Path, name: str) -> None:
    rig = rigs.load_rig(shared_data / "rigs", name)
    points = rig.pose(None).keypoints
    known = np.isfinite(points).all(axis=1)
    assert known.sum() >= 30

    def at(point: str) -> np.ndarray:
        return points[INDEX[point]]

    length = at("nose")[0] - at("tail_base")[0]
    assert 0.4 < length < 4.0  # metres
    mirrored = points[np.asarray(MIRROR)] * [1, -1, 1]
    assert np.abs(mirrored - points)[known].max() < 0.04 * length
    assert all(points[i, 1] > 0 for i, point in enumerate(SUPERSET) if point.startswith("left_") and known[i])
    assert at("nose")[0] > at("left_eye")[0] > at("withers")[0] > at("back_middle")[0] > at("tail_base")[0]
    assert at("left_shoulder")[2] > at("left_elbow")[2] > at("left_wrist")[2] > at("left_front_paw")[2]
    assert at("left_hip")[2] > at("left_knee")[2] > at("left_ankle")[2] > at("left_hind_paw")[2]
    assert at("withers")[2] > at("left_shoulder")[2] and at("back_middle")[2] > at("belly")[2] > at("left_ankle")[2]
    assert at("left_front_paw")[0] > at("left_hind_paw")[0] + 0.3 * length
    assert at("left_ear_tip")[2] > at("left_eye")[2] > at("chin")[2]
    # In other poses the points stay with the mesh: inside its box.
    clip = sorted(rig.clips)[0]
    pose = rig.pose(clip, 0.3)
    low, high = pose.vertices.min(axis=0), pose.vertices.max(axis=0)
    assert (pose.keypoints[known] >= low - 0.05 * length).all() and (pose.keypoints[known] <= high + 0.05 * length).all()


def test_a_rig_that_is_not_in_the_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(rigs.RigError, match="no such rig"):
        rigs.load_rig(tmp_path, "dragon.glb")
    with pytest.raises(rigs.RigError, match="holds none"):
        list(truth_scenes.truth_pictures(tmp_path, 1, np.random.default_rng(0)))


@pytest.mark.data
def test_pictures_repeat_and_their_truth_agrees(shared_data: Path) -> None:
    folder = shared_data / "rigs"
    pictures = list(truth_scenes.truth_pictures(folder, 4, np.random.default_rng(3), 160))
    again = list(truth_scenes.truth_pictures(folder, 4, np.random.default_rng(3), 160))
    for one, other in zip(pictures, again, strict=True):
        assert (one.rig, one.clip, one.seconds) == (other.rig, other.clip, other.seconds)
        np.testing.assert_array_equal(one.pixels, other.pixels)
        np.testing.assert_array_equal(one.mask, other.mask)
    assert len({picture.rig for picture in pictures}) == 4
    for picture in pictures:
        height, width = picture.mask.shape
        assert max(width, height) == 160
        np.testing.assert_allclose(picture.camera.project(picture.keypoints), picture.pixels)
        seen = picture.pixels[picture.visible]
        assert len(seen) >= 8 and (seen >= 0).all() and (seen < [width, height]).all()
        rows, columns = np.nonzero(picture.mask)
        assert picture.box.tolist() == [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        drawn = rasterise(picture.camera.to_camera(picture.animal.vertices), picture.animal.faces, picture.camera.K,
                          width, height).silhouette
        assert not (picture.mask & ~drawn).any()
        assert (picture.mask == drawn).all() or picture.occluders
        hints = truth_scenes.clicked(picture, SUGGESTED_ORDER, 5)
        assert np.isfinite(hints).all(axis=1).sum() == 5 and picture.visible[np.isfinite(hints).all(axis=1)].all()
        assert np.isfinite(truth_scenes.clicked(picture, SUGGESTED_ORDER, None)).all(axis=1).sum() == picture.visible.sum()
        assert truth_render.shade(picture).shape == (height, width, 3)


def cube_picture() -> truth_scenes.TruthPicture:
    """A red cube in front of a tall blue wall, under a camera that is rolled and off-centre."""
    corners = np.array([[x, y, z] for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (0.2, 1.2)])
    faces = np.array([[0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [0, 4, 5], [0, 5, 1], [2, 3, 7], [2, 7, 6],
                      [0, 2, 6], [0, 6, 4], [1, 5, 7], [1, 7, 3]], dtype=np.int32)
    camera = Camera.look_at([4.0, 2.5, 1.6], [0.2, 0.0, 0.9], 150.0, 120, 90)
    K = camera.K.copy()
    K[:2, 2] += [9.0, -6.0]
    roll = matrix_from_axis_angle([0.0, 0.0, 0.2])
    camera = Camera(K, roll @ camera.R, roll @ camera.t, 120, 90)
    cube = truth_scenes.Solid(corners, faces, np.tile([0.9, 0.02, 0.02], (8, 1)))
    nothing = np.full((len(SUPERSET), 3), np.nan)
    return truth_scenes.TruthPicture(
        "cube", "cube", "none", 0.0, "cube", camera, cube, nothing, nothing[:, :2], np.zeros(len(SUPERSET), dtype=bool),
        np.zeros((90, 120), dtype=bool), np.zeros(4), np.array([0.0, 0.6, -0.8]))


def red(image: np.ndarray) -> np.ndarray:
    colours = image.astype(float)
    return (colours[..., 0] > 1.6 * colours[..., 1]) & (colours[..., 0] > 1.6 * colours[..., 2])


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    return np.count_nonzero(a & b) / np.count_nonzero(a | b)


def test_plain_shading_shows_the_animal_where_it_is() -> None:
    picture = cube_picture()
    camera = picture.camera
    drawn = rasterise(camera.to_camera(picture.animal.vertices), picture.animal.faces, camera.K, 120, 90).silhouette
    assert drawn.sum() > 500
    assert overlap(red(truth_render.shade(picture)), drawn) > 0.99


@pytest.mark.blender
def test_blender_shows_the_animal_where_it_is() -> None:
    assert importlib.util.find_spec("bpy")
    picture = cube_picture()
    camera = picture.camera
    drawn = rasterise(camera.to_camera(picture.animal.vertices), picture.animal.faces, camera.K, 120, 90).silhouette
    (image,) = truth_render.render_all([picture], samples=4)
    assert image.shape == (90, 120, 3)
    assert overlap(red(image), drawn) > 0.93  # shadowed faces and the edge pixels of few samples


def test_a_side_view_and_a_sheet(tmp_path: Path) -> None:
    picture = cube_picture()
    view = sheet.side_view(picture.animal.vertices, picture.animal.faces, picture.camera, 90.0, 64)
    filled = (view != np.array(sheet.BACKGROUND)).any(axis=2)
    assert view.shape == (64, 64, 3) and 0.1 < filled.mean() < 0.8
    sheet.write_sheet(tmp_path / "sheet.jpg", [[view, view], [view]], ["one", "two"], 64)
    assert (tmp_path / "sheet.jpg").stat().st_size > 500
