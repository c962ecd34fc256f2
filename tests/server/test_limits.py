"""Joint limits: left and right alike, families as anatomy has them, and never narrower than what was seen."""

from __future__ import annotations

import numpy as np

from bestiary.server.authoring.limits import FAMILIES, family_limits, joint_limits
from bestiary.server.authoring.skeleton import INDEX, joint_mirror


def _width(family: str | None, joint: str, axis: int) -> float:
    low, high = joint_limits(family)[INDEX[joint], axis]
    return float(high - low)


def test_every_family_is_symmetric_and_holds_the_rest_pose() -> None:
    mirror = joint_mirror()
    for family in (None, *FAMILIES):
        limits = joint_limits(family)
        swapped = limits[mirror].copy()
        swapped[:, [0, 2]] = -swapped[:, [0, 2], ::-1]
        np.testing.assert_allclose(swapped, limits)
        assert (limits[..., 0] <= 0).all() and (limits[..., 1] >= 0).all()
        assert (limits[..., 1] > limits[..., 0]).all()


def test_families_differ_as_their_anatomy_does() -> None:
    assert _width("felid", "spine1", 1) > _width(None, "spine1", 1) > _width("equid", "spine1", 1)
    assert _width("equid", "LLeg3", 2) < 0.2 < _width("primate", "LLeg3", 2), "hooves do not turn over"
    assert _width("elephantid", "LLegBack2", 1) < _width("canid", "LLegBack2", 1)
    assert _width("giraffid", "Neck", 1) > _width("hippopotamid", "Neck", 1)


def test_what_was_seen_lies_inside_with_its_mirror_image() -> None:
    poses = np.random.default_rng(0).normal(size=(40, 35, 3)) * 0.6
    limits = family_limits(["canid", "felid", "quadruped"], {"canid": poses})
    for seen in (poses, poses[:, joint_mirror()] * (-1.0, 1.0, -1.0)):
        for row in (0, 2):
            assert (seen[:, 1:] > limits[row, 1:, :, 0]).all() and (seen[:, 1:] < limits[row, 1:, :, 1]).all()
    np.testing.assert_array_equal(limits[1], joint_limits("felid"))
    np.testing.assert_array_equal(limits[:, 0], family_limits(["any"] * 3)[:, 0])
