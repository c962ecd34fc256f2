"""The comparison with real animals: distances mean what they say, and a true pose is found."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np

from bestiary.animal.default import default_model
from bestiary.animal.keypoint_sets import keypoint_set
from bestiary.animal.pose_prior import gaussian
from bestiary.server.evaluate.pose_coverage import RealAnimals, distances, measure, nearest_view, read_animals


def test_distance_ignores_place_and_size_alone() -> None:
    rng = np.random.default_rng(0)
    points = rng.uniform(0, 1, (4, 44, 2))
    seen = rng.random((4, 44)) < 0.6
    real = RealAnimals(points, seen)
    table = distances(real, 3.0 * points + 5.0)
    assert table.shape == (4, 4) and np.diag(table).max() < 1e-3
    assert (table + np.eye(4) > 0.05).all()
    turned = distances(real, points[..., ::-1])
    assert np.diag(turned).min() > 0.05, "a turned picture is another pose"


def test_distance_is_the_least_squares_one() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(1, 44, 2)), rng.uniform(0, 1, (1, 44, 2))
    y += 0.3 * x
    best = min(np.sqrt(((s * (x[0] - x[0].mean(0)) + y[0].mean(0) - y[0]) ** 2).sum(1).mean())
               for s in np.linspace(0, 1, 2001))  # fmt: skip
    found = distances(RealAnimals(y, np.ones((1, 44), bool)), x)[0, 0]
    assert abs(found - best) < 1e-4


def test_a_seen_sample_is_found_among_others() -> None:
    points = np.random.default_rng(2).normal(size=(6, 44, 3))
    seen = np.stack([points[..., 1], -points[..., 2]], -1)
    # A camera at azimuth 0 has y to its right; a level one is 2 degrees off the nearest of ours.
    table = nearest_view(RealAnimals(seen - seen.min(1, keepdims=True), np.ones((6, 44), bool)), points)
    assert (table.argmin(1) == np.arange(6)).all()


def test_numbers_and_curves(tmp_path: Path) -> None:
    table, model = keypoint_set("awa"), default_model()
    rng = np.random.default_rng(3)
    entries = [{"animal": name, "clean_bbox": [0, 0, 200, 100],
                "keypoints": np.c_[rng.uniform(0, 200, (len(table), 2)), np.full(len(table), 2)].ravel().tolist()}
               for name in ("wolf", "wolf", "horse", "yeti")]  # fmt: skip
    data = {"annotations": entries, "categories": [{"keypoints": list(table.points)}]}
    path = tmp_path / "dataset.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    animals = read_animals(path, {"canid", "equid", "quadruped"})
    assert {name: len(a.points) for name, a in animals.items()} == {"canid": 2, "equid": 1, "quadruped": 1}
    prior = gaussian(np.zeros((34, 3)), 0.01 * np.eye(102))
    metrics, curves = measure(model, prior, {"canid": animals["canid"]}, 4, 0)
    assert metrics["animals"] == 2 and metrics["mixture_coverage_percent"] > 0
    values = curves["mixture"][1]
    assert all(a >= b for a, b in pairwise(values)), "more samples never cover less"
