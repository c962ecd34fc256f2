"""Real animals: motion capture is read as it was recorded and seen from where the views say; footage is scored without any truth."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.io

from bestiary.animal.skeleton import Skeleton
from bestiary.animal.tracks import Tracks
from bestiary.server.evaluate import lift_footage, lift_methods, lift_real
from bestiary.server.evaluate.lift_methods import Prediction
from bestiary.server.lift.networks import make_network
from bestiary.server.lift.weights import save_weights
from motion_folder import walk

NAMES = ("Snout", "SpineF", "SpineM", "SpineL", "TailBase", "HandL", "HandR")
EDGES = np.array([[1, 2], [2, 3], [3, 4], [4, 5], [2, 6], [2, 7], [6, 7]])  # the last closes a circle
PLACES = np.array([[80, 0, 40], [50, 0, 50], [0, 0, 55], [-40, 0, 45], [-70, 0, 30], [50, 15, 0], [50, -15, 0.0]])


@pytest.fixture
def mocap(tmp_path: Path) -> Path:
    """40 frames of a rat of 7 markers that walks along x, as its files have it."""
    folder = tmp_path / "mocap" / "rat"
    folder.mkdir(parents=True)
    frames = PLACES + np.arange(40)[:, None, None] * [2.0, 0, 0] + [300, 100, 0]
    scipy.io.savemat(folder / "clip.mat", {"pred": np.moveaxis(frames, 1, 2)})
    names = np.empty((1, len(NAMES)), object)
    names[0] = [np.array([name]) for name in NAMES]
    scipy.io.savemat(folder / "markers.mat", {"joint_names": names, "joints_idx": EDGES.astype(np.uint8)})
    return tmp_path


def test_motion_capture_is_read_in_metres_with_its_own_bones(mocap: Path):
    (motion,) = lift_real.mocap_motions(mocap / "mocap").values()
    assert motion.skeleton.names == NAMES and len(motion.skeleton.bones) == 6
    assert motion.positions[0, 0] == pytest.approx([0.38, 0.1, 0.04]) and motion.fps == lift_real.MOCAP_FPS
    back = np.linalg.norm(np.diff(PLACES[:5], axis=0), axis=1).sum()
    assert lift_real.body_length(motion) == pytest.approx(back / 1000)


def test_views_see_the_animal_from_where_they_say(mocap: Path):
    (motion,) = lift_real.mocap_motions(mocap / "mocap").values()
    for clip in lift_real.views_of("rat", motion):
        assert (clip.tracks.points >= 0).all() and (clip.tracks.points <= 1080).all()
        assert np.ptp(clip.tracks.points, axis=(0, 1)).max() > 300  # and fills a good part of the picture
    side, above = (lift_real.view_cameras(motion, view)[0] for view in ("side", "above"))
    middle = motion.positions.mean(axis=(0, 1))
    assert abs((side.position - middle)[0]) < 0.05 * np.linalg.norm(side.position - middle)
    assert (above.position - middle)[2] > 0.9 * np.linalg.norm(above.position - middle)
    places = np.array([camera.position for camera in lift_real.view_cameras(motion, "moving")])
    assert np.linalg.norm(places[0] - places[-1]) > np.linalg.norm(places[0] - middle)


def test_a_wrong_file_is_named(mocap: Path):
    scipy.io.savemat(mocap / "mocap" / "rat" / "clip.mat", {"pred": np.zeros((5, 3, 4))})
    with pytest.raises(lift_real.RealDataError, match="rat"):
        lift_real.mocap_motions(mocap / "mocap")
    with pytest.raises(lift_real.RealDataError, match="mocap"):
        lift_real.run(mocap / "nothing", {}, mocap / "out")


def test_real_motion_capture_is_scored(mocap: Path, tmp_path: Path):
    save_weights(tmp_path / "lfm", make_network("lfm", width=16, heads=2, space_layers=1), {})
    metrics = lift_real.run(mocap, {"lfm": tmp_path / "lfm"}, tmp_path / "out")
    length = metrics["rat_length_mm"]
    assert metrics["rat_percent_of_length_flat"] == pytest.approx(100 * metrics["rat_sa_mpjpe_flat"] / length)
    views = [metrics[f"rat_sa_mpjpe_lfm_{view}"] for view in lift_real.VIEWS]
    assert metrics["rat_sa_mpjpe_lfm"] == pytest.approx(np.mean(views))
    table = (tmp_path / "out" / "table.md").read_text()
    assert "| Snout |" in table and "| mean, % of length |" in table


def footage(frames: int = 60) -> tuple[Tracks, np.ndarray]:
    """A walk as a level camera far away sees it, and its truth in camera axes, in pixels."""
    motion = walk(3, frames)
    camera = motion.positions[..., [0, 1, 2]] @ np.array([[200, 0, 0], [0, 0, 200], [0, -200, 0.0]])
    return Tracks(camera[..., :2] + 500, motion.skeleton, 30.0), camera


def test_footage_tells_a_steady_animal_from_one_that_shakes_and_flips():
    tracks, truth = footage()
    tracks = replace(tracks, confidence=np.where(np.arange(len(NAMES) + 5) == 3, 0.5, 1.0) * tracks.seen)
    rng = np.random.default_rng(0)
    flipping = truth.copy()
    flipping[20:30] = truth[20:30][:, tracks.skeleton.mirror]
    shaking = truth + rng.normal(scale=5, size=truth.shape)

    def says(positions):
        return lambda given: {"it": Prediction(positions, pixels=positions[..., :2] + 500)}

    steady, flips, shakes = (lift_footage.clip_numbers({"it": says(p)}, tracks, "walk", 0)["it"][1] for p in (truth, flipping, shaking))
    assert steady["reprojection_px"] == pytest.approx(0) and steady["flips"] == 0
    assert flips["flips"] == pytest.approx(200 / 59)
    assert shakes["jitter"] > 5 * steady["jitter"] and shakes["bone_variation"] > steady["bone_variation"]
    assert shakes["reprojection_px"] == pytest.approx(5 * np.sqrt(np.pi / 2), rel=0.1)


def test_hidden_points_are_scored_where_they_were_hidden():
    tracks, _ = footage()
    hidden = lift_footage.hide(tracks, np.random.default_rng(0))
    gone = tracks.seen & ~hidden.seen
    assert gone.sum(axis=0) == pytest.approx(lift_footage.HIDE_FRAMES)  # of 60
    (found,) = lift_footage.clip_numbers({"flat": lift_methods.flat}, tracks, "walk", 0).values()
    assert found[1]["reprojection_px"] == pytest.approx(0) and found[1]["hidden_px"] > 0


def test_sparse_footage_is_lifted_whole_and_scored_where_it_is_known():
    skeleton = Skeleton(("a", "b", "c", "d"), (-1, 0, 1, 2))
    points = np.random.default_rng(0).normal(size=(5, 4, 2)) * 100
    sparse = Tracks(points, skeleton, 30.0, frame_numbers=np.array([2, 7, 12, 17, 19]))
    whole = lift_footage.dense(sparse)
    assert len(whole) == 18 and whole.seen.any(axis=1).sum() == 5
    assert np.array_equal(whole.points[[0, 5, 10, 15, 17]], points)
    (found,) = lift_footage.clip_numbers({"flat": lift_methods.flat}, whole, "walk", 0).values()
    assert found[1]["reprojection_px"] == pytest.approx(0) and np.isnan(found[1]["jitter"])
    assert lift_footage.dense(whole) is whole


@pytest.mark.data
def test_the_rat_and_the_dog_are_there_as_the_evaluation_reads_them(shared_data: Path):
    (rat,) = lift_real.mocap_motions(shared_data / "mocap").values()
    assert rat.positions.shape == (1000, 23, 3) and 0.15 < lift_real.body_length(rat) < 0.25
    assert set(rat.skeleton.sides) == {-1, 0, 1}
    from bestiary.animal.track_files import read_tracks

    (dog,) = read_tracks(shared_data / "keypoints2d" / "badja" / "rs_dog.json").tracks
    assert len(dog) == 201 and lift_footage.picture_size(dog) > 100
