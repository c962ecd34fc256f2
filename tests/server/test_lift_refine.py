"""From a network's shapes to a motion: bones keep their lengths, the camera sees the tracks, feet stand, gaps stay unknown."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bestiary.animal.skeleton import Skeleton
from bestiary.animal.tracks import Tracks, TracksError
from bestiary.server.evaluate.lift_metrics import bone_variation, sa_mpjpe, sa_mpve
from bestiary.server.lift.pipeline import LiftSettings, lift
from bestiary.server.lift.refine import RefineSettings, find_swaps, refine_clip
from bestiary.server.lift.windows import LiftedClip
from walking import filmed, walk


def oracle(motion, camera, tracks, wrong: float = 0.0, seed: int = 0) -> LiftedClip:
    """What a network would say that is `wrong` by so much of the animal's size, in its own units."""
    seen = camera.to_camera(motion.positions)
    centred = seen - seen.mean(axis=1, keepdims=True)
    points = camera.project(motion.positions)
    centre = points.mean(axis=1)
    unit = float(seen[..., 2].mean() / camera.K[0, 0])  # metres a pixel at the animal's depth
    scale = float(np.sqrt(((points - centre[:, None]) ** 2).sum(axis=-1).mean()))
    shapes = centred / unit / scale
    shapes = shapes + wrong * np.random.default_rng(seed).normal(size=shapes.shape)
    return LiftedClip(shapes, np.full(shapes.shape[:2], max(wrong, 0.02)), scale, centre)


@pytest.fixture(scope="module")
def walked():
    motion, stands = walk(80)
    tracks, camera = filmed(motion, noise=2.0)
    return motion, stands, tracks, camera


@pytest.fixture(scope="module")
def refined(walked):
    motion, _, tracks, camera = walked
    lifted = oracle(motion, camera, tracks, wrong=0.1)
    return lifted, refine_clip(tracks, lifted, float(camera.K[0, 0]))


def in_camera(motion) -> np.ndarray:
    return motion.camera(0).to_camera(motion.positions)


def test_bones_keep_their_lengths_and_errors_shrink(walked, refined) -> None:
    motion, _, _, camera = walked
    lifted, result = refined
    truth = camera.to_camera(motion.positions) * 1000
    assert bone_variation(result.positions, motion.skeleton.bones) < 1e-3
    assert sa_mpjpe(in_camera(result), truth) < 0.7 * sa_mpjpe(lifted.positions, truth)
    assert sa_mpve(in_camera(result), truth) < 0.3 * sa_mpve(lifted.positions, truth)


def test_the_camera_sees_the_tracks(walked, refined) -> None:
    _, _, tracks, _ = walked
    _, result = refined
    off = np.linalg.norm(result.camera(0).project(result.positions) - tracks.points, axis=-1)
    assert np.nanmedian(off) < 5.0 and result.details["error_px"] < 8.0


def test_it_stands_upright_on_the_ground(walked, refined) -> None:
    _, result = refined
    names = result.skeleton.names
    paws = [i for i, name in enumerate(names) if "paw" in name]
    low = result.positions[:, paws, 2]
    size = np.ptp(result.positions[0], axis=0).max()
    assert abs(np.quantile(low, 0.1)) < 0.1 * size
    assert result.positions[..., 2].mean() > 0.2 * size  # the body is above the feet
    assert result.details["contacts"]


def test_planted_feet_stand_still(walked, refined) -> None:
    _, result = refined
    for contact in result.details["contacts"]:
        joint = result.skeleton.names.index(contact["joint"])
        path = result.positions[contact["first"] : contact["last"] + 1, joint, :2]
        assert np.ptp(path, axis=0).max() < 0.03


def test_size_is_what_it_was_said_to_be(walked) -> None:
    motion, _, tracks, camera = walked
    lifted = oracle(motion, camera, tracks)
    small, large = (refine_clip(tracks, lifted, settings=RefineSettings(metres=metres)) for metres in (0.5, 2.0))
    ratio = np.median(large.bone_lengths() / small.bone_lengths())
    assert ratio == pytest.approx(4.0, rel=1e-2)


def test_long_gaps_stay_unknown_and_short_ones_are_bridged(walked) -> None:
    motion, _, tracks, camera = walked
    points = tracks.points.copy()
    points[10:15], points[40:70] = np.nan, np.nan
    gappy = Tracks(points, tracks.skeleton, tracks.fps, None, tracks.width, tracks.height)
    result = refine_clip(gappy, oracle(motion, camera, tracks))
    known = np.isfinite(result.positions).all(axis=(1, 2))
    assert known[:40].all() and not known[40:70].any() and known[70:].all()


def test_uncertainty_grows_where_nothing_is_seen(walked) -> None:
    motion, _, tracks, camera = walked
    points = tracks.points.copy()
    points[30:50, 5] = np.nan
    result = refine_clip(Tracks(points, tracks.skeleton, tracks.fps), oracle(motion, camera, tracks))
    assert result.uncertainty is not None and result.uncertainty[40, 5] >= result.uncertainty[5, 5]


def exchanged(tracks: Tracks, first: int, last: int, words: tuple[str, ...]) -> Tracks:
    points = tracks.points.copy()
    for i, name in enumerate(tracks.skeleton.names):
        if any(word in name for word in words):
            points[first:last, i] = tracks.points[first:last, tracks.skeleton.mirror[i]]
    return Tracks(points, tracks.skeleton, tracks.fps, tracks.confidence, tracks.width, tracks.height)


def test_exchanged_legs_are_put_right() -> None:
    motion, _ = walk(90)
    tracks, _ = filmed(motion, azimuth=40.0, noise=1.0)
    legs = tuple(name for name in tracks.skeleton.names if "front" in name or "fore" in name) or ("shoulder", "elbow")
    mixed = exchanged(tracks, 30, 55, legs)
    mended, swaps = find_swaps(mixed)
    before = np.linalg.norm(mixed.points - tracks.points, axis=-1) > 3
    after = np.linalg.norm(mended.points - tracks.points, axis=-1) > 3
    assert swaps and after.sum() < 0.3 * before.sum()


@pytest.mark.parametrize("azimuth", [0.0, 60.0, 90.0, 180.0])
def test_good_tracks_are_left_alone(azimuth: float) -> None:
    motion, _ = walk(120)
    tracks, _ = filmed(motion, azimuth=azimuth, noise=2.0)
    mended, swaps = find_swaps(tracks)
    assert not swaps and np.array_equal(mended.points, tracks.points, equal_nan=True)


def chain(joints: int) -> Skeleton:
    return Skeleton(tuple(f"p{i}" for i in range(joints)), tuple(range(-1, joints - 1)))


@settings(max_examples=15)
@given(frames=st.integers(1, 12), joints=st.integers(3, 8), share=st.floats(0, 0.9), seed=st.integers(0, 999), still=st.booleans())
def test_whatever_is_tracked_a_motion_comes_back(frames: int, joints: int, share: float, seed: int, still: bool) -> None:
    rng = np.random.default_rng(seed)
    points = rng.uniform(0, 500, (1 if still else frames, joints, 2)).repeat(frames if still else 1, axis=0)
    points[rng.random(points.shape[:2]) < share] = np.nan
    try:
        motion = lift(Tracks(points, chain(joints), 25.0))
    except TracksError as error:
        assert error.message and error.advice
        return
    known = np.isfinite(motion.positions).all(axis=-1)
    assert len(motion) == frames and known.any() and motion.fps == 25.0


def test_too_little_to_lift_is_said() -> None:
    points = np.full((5, 4, 2), np.nan)
    for change in (lambda p: None, lambda p: p.__setitem__((slice(None), slice(0, 2)), 3.0), lambda p: p.__setitem__(slice(None), 7.0)):
        tried = points.copy()
        change(tried)
        with pytest.raises(TracksError) as caught:
            lift(Tracks(tried, chain(4), 25.0))
        assert caught.value.advice
    with pytest.raises(TracksError, match="smooth"):
        LiftSettings(smooth=-1)
