"""Points that cannot be right are left out; fast ones, exchanged ones and slow doubts are not."""

from dataclasses import replace

import numpy as np
import pytest

from bestiary.animal.tracks import Tracks
from bestiary.server.evaluate.lift_metrics import sa_mpjpe
from bestiary.server.lift.pipeline import lift
from bestiary.server.lift.refine import find_swaps, without_wild
from walking import filmed, walk


def spoilt(tracks: Tracks, share: float, pixels: float, confidence: float = 1.0, seed: int = 4) -> tuple[Tracks, np.ndarray]:
    """Some points moved by so many pixels, and which; their confidence."""
    rng = np.random.default_rng(seed)
    bad = rng.random(tracks.points.shape[:2]) < share
    points, sure = tracks.points.copy(), np.array(tracks.confidence)
    way = rng.normal(size=(bad.sum(), 2))
    points[bad] += pixels * way / np.linalg.norm(way, axis=1, keepdims=True)
    sure[bad] = confidence
    return replace(tracks, points=points, confidence=sure), bad


def test_wild_points_are_left_out_and_no_others() -> None:
    motion, _ = walk(90)
    tracks, _ = filmed(motion, noise=2.0)
    mixed, bad = spoilt(tracks, 0.03, 150.0)
    mended, count = without_wild(mixed)
    left_out = mixed.seen & ~mended.seen
    assert count == left_out.sum() and not (left_out & ~bad).any() and left_out.sum() > 0.9 * bad.sum()
    assert without_wild(replace(mixed, frame_numbers=5 * np.arange(90)))[1] == 0  # too far apart to tell
    assert not find_swaps(mended)[1]  # two wild points look like a change of sides


@pytest.mark.parametrize(("gait", "fps"), [("walk", 30.0), ("trot", 30.0), ("gallop", 30.0), ("trot", 15.0), ("gallop", 15.0)])
def test_fast_legs_are_not_wild(gait: str, fps: float) -> None:
    pace = {"walk": {}, "trot": {"speed": 2.0, "cycle": 0.45, "duty": 0.45}, "gallop": {"speed": 3.0, "cycle": 0.4, "duty": 0.28}}
    motion, _ = walk(60, gait=gait, fps=fps, **pace[gait])
    for azimuth in (10.0, 50.0, 90.0):
        tracks, _ = filmed(motion, azimuth=azimuth, noise=1.0, distance=25.0)
        assert without_wild(tracks)[1] <= 0.002 * tracks.seen.sum()


def test_exchanged_legs_are_left_to_the_search_for_swaps() -> None:
    motion, _ = walk(60)
    tracks, _ = filmed(motion, noise=1.0)
    points = tracks.points.copy()
    legs = [i for i, name in enumerate(tracks.skeleton.names) if "hind" in name]
    points[30:32, legs] = tracks.points[30:32][:, [tracks.skeleton.mirror[i] for i in legs]]
    mended, _ = without_wild(replace(tracks, points=points))
    assert (tracks.seen & ~mended.seen).sum() <= 2
    assert find_swaps(mended)[1]


def test_points_of_little_confidence_spoil_nothing() -> None:
    motion, _ = walk(60)
    tracks, camera = filmed(motion, noise=2.0)
    mixed, _ = spoilt(replace(tracks, focal=None), 0.15, 70.0, 0.1)
    result = lift(mixed)
    truth = 1000 * camera.to_camera(motion.positions)
    found = [1000 * motion_.camera(0).to_camera(motion_.positions) for motion_ in (result, lift(replace(tracks, focal=None)))]
    spoiled, whole = (float(np.mean(sa_mpjpe(positions, truth))) for positions in found)
    assert spoiled < 1.3 * whole and not result.details["swaps"] and result.details["wild_points"] > 50
    assert any("left out" in text for text in result.details["warnings"])


def test_little_confidence_alone_is_no_reason() -> None:
    motion, _ = walk(60)
    tracks, _ = filmed(motion, noise=1.0)
    sure = np.array(tracks.confidence)
    sure[::3] = 0.1
    assert without_wild(replace(tracks, confidence=sure))[1] == 0
