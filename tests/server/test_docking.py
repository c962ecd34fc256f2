"""Nubs in place of tails: as long as asked, free of folds, and nothing but the tail changed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bestiary.animal.model_file import load_model
from bestiary.server.authoring.docking import Docking
from bestiary.server.authoring.landmarks import NAMES
from bestiary.server.authoring.measures import Ruler
from bestiary.server.authoring.skeleton import INDEX, TAIL
from bestiary.server.authoring.warp import Warp
from bestiary.server.evaluate.intersections import FaceContacts

FILE = Path(__file__).parents[2] / "animal" / "data" / "open_animal.npz"


@pytest.fixture(scope="module")
def dog():
    """The warp, the ruler and the mirror of the shipped model's dog."""
    model = load_model(FILE)
    shape = model.rest(model.species["dog"].betas)
    groups = [np.flatnonzero(model.keypoint_matrix[model.keypoint_names.index(name)]) for name in NAMES]
    points = {name: shape.vertices[group].mean(axis=0) for name, group in zip(NAMES, groups, strict=True)}
    lips = np.array([points["left_mouth_corner"], (points["upper_jaw"] + points["chin"]) / 2]) * (1, 0, 1)
    warp = Warp(shape.vertices, model.faces, shape.joints, model.weights, lips)
    return warp, Ruler.on(shape.vertices, shape.joints, model.weights, model.vertex_mirror, groups), model.vertex_mirror


@pytest.mark.parametrize("share", [0.15, 0.3])
def test_a_nub_is_as_long_as_asked_and_sound(dog, share):
    warp, ruler, mirror = dog

    def tail(surface: np.ndarray) -> float:
        return float(ruler.measure(surface[None], warp.joints[None])["tail_length"][0])

    wanted = share * tail(warp.vertices)
    nub = Docking(warp).docked(warp.vertices, tail, wanted)
    assert tail(nub) == pytest.approx(wanted, rel=0.15)
    away = warp.weights[:, [INDEX[name] for name in TAIL]].sum(axis=1) < 0.05
    extent = np.ptp(warp.vertices[:, 0])
    assert np.abs(nub - warp.vertices)[away].max() < 0.01 * extent
    assert np.allclose(nub[mirror] * (1, -1, 1), nub, atol=1e-3 * extent)
    held = warp.weights[:, [INDEX[name] for name in TAIL]].sum(axis=1) > 0.5
    bad = FaceContacts(warp.faces).mask(nub) & held[warp.faces].any(axis=1)
    assert bad.mean() < 0.001
