"""What standing feet tell: of a focal length that nobody told, and of how fast the animal's distance changes."""

from dataclasses import replace

import numpy as np
import pytest

from bestiary.server.evaluate.lift_metrics import sa_mpjpe
from bestiary.server.lift.pipeline import LiftSettings, lift
from bestiary.server.lift.refine.focal import focal_factor
from walking import filmed, walk


def seen_with(focal: float, wrong: float, **film: float):
    """Joints of a walk as they are placed with a focal length that is `wrong` times the true one; and what else the measure needs."""
    motion, _ = walk(100)
    _, camera = filmed(motion, focal=focal, **film)
    C = camera.to_camera(motion.positions)
    body = C - C.mean(axis=1, keepdims=True)
    middle = C.mean(axis=1, keepdims=True) * [1.0, 1.0, wrong]
    size = np.sqrt((body[..., :2] ** 2).sum(-1).mean())
    return motion.skeleton, (middle + body) / size, np.arange(100) / motion.fps, np.ones(98)


@pytest.mark.parametrize("wrong", [0.6, 1.0, 1.6])
def test_feet_tell_the_focal_length(wrong: float) -> None:
    assert focal_factor(*seen_with(1500.0, wrong, azimuth=50.0)) == pytest.approx(1 / wrong, rel=0.15)


def test_an_animal_that_stays_where_it_is_tells_nothing() -> None:
    skeleton, C, seconds, link = seen_with(1500.0, 1.6, azimuth=50.0)
    assert focal_factor(skeleton, C - C[:, [skeleton.root]] + C[:1, [skeleton.root]], seconds, link) == 1.0
    assert focal_factor(skeleton, C[:3], seconds[:3], link[:1]) == 1.0


def test_a_motion_gets_better_by_it() -> None:
    motion, _ = walk(90, gait="trot", speed=2.0, cycle=0.45, duty=0.45)
    tracks, camera = filmed(motion, azimuth=45.0, noise=2.0, distance=8.0)
    tracks = replace(tracks, focal=None)
    truth = 1000 * camera.to_camera(motion.positions)

    found, usual = lift(tracks), lift(tracks, settings=LiftSettings(focal=2304.0))  # the usual one of such pictures
    error, before = (float(np.mean(sa_mpjpe(one.camera(0).to_camera(one.positions), truth))) for one in (found, usual))
    assert found.details["focal_assumed"] and found.details["focal"] == pytest.approx(1500.0, rel=0.25)
    assert error < 0.85 * before


def test_feet_stand_though_the_distance_drifts() -> None:
    motion, stands = walk(90)
    tracks, _ = filmed(motion, azimuth=50.0, noise=2.0, distance=40.0, focal=6000.0)
    result = lift(replace(tracks, focal=4000.0))
    found = np.zeros_like(stands)
    for contact in result.details["contacts"]:
        found[contact["first"] : contact["last"] + 1, motion.skeleton.names.index(contact["joint"])] = True
    assert (found & stands).sum() > 0.8 * stands.sum() and (found & stands).sum() > 0.85 * found.sum()
