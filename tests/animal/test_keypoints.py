"""The superset of keypoints: its names, mirror and lines, and how public names find their way into it."""

from __future__ import annotations

import numpy as np
import pytest

from bestiary.animal.keypoints import INDEX, MIRROR, SKELETON, SUGGESTED_ORDER, SUPERSET, KeypointError, resolve


def test_mirror_swaps_sides_and_nothing_else() -> None:
    np.testing.assert_array_equal(MIRROR[MIRROR], np.arange(len(SUPERSET)))
    for i, name in enumerate(SUPERSET):
        sided = name.startswith(("left_", "right_"))
        assert (MIRROR[i] != i) == sided
        assert SUPERSET[MIRROR[i]].split("_", 1)[-1] == name.split("_", 1)[-1] or not sided


def test_lines_join_known_points_and_are_symmetric() -> None:
    lines = {frozenset(pair) for pair in SKELETON}
    assert all(0 <= i < len(SUPERSET) for pair in SKELETON for i in pair)
    assert lines == {frozenset(int(MIRROR[i]) for i in pair) for pair in lines}


def test_suggested_order_names_each_point_once() -> None:
    assert len(set(SUGGESTED_ORDER)) == len(SUGGESTED_ORDER)
    assert set(SUGGESTED_ORDER) <= set(SUPERSET)


@pytest.mark.parametrize(("name", "expected"), [
    ("nose", "nose"), ("Left Eye", "left_eye"), ("L_Eye", "left_eye"), ("eye_left", "left_eye"), ("Tail_root", "tail_base"),
    ("R_EarBase", "right_ear_base"), ("rightStifle", "right_knee"),
    ("Hock.R", "right_ankle"), ("right-hind-foot", "right_hind_paw"), ("L_F_Paw", "left_front_paw"),
    ("R_B_Paw", "right_hind_paw")])
def test_public_names_are_understood(name: str, expected: str) -> None:
    assert SUPERSET[resolve(name)] == expected


def test_unknown_names_suggest_the_nearest() -> None:
    with pytest.raises(KeypointError, match="left_elbow"):
        resolve("left_elbo")
    with pytest.raises(KeypointError, match="known names"):
        resolve("zzz")
    assert INDEX["nose"] == 24
