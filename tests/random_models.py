"""Small models of random numbers: every field present, nothing about them an animal."""

from __future__ import annotations

import numpy as np

from bestiary.animal.model import AnimalModel


def random_model(seed: int, joints: int = 5, vertices: int = 20, betas: int = 3, *, pose_blend: bool = True,
                 static: bool = False, **fields: object) -> AnimalModel:
    """A small model of random numbers: every field present, nothing about it an animal."""
    rng = np.random.default_rng(seed)
    weights = rng.random((vertices, joints)) + 0.05
    regressor = rng.random((joints, vertices))
    parents = np.array([-1, *(int(rng.integers(0, j)) for j in range(1, joints))])
    template = rng.normal(size=(vertices, 3))
    regressor /= regressor.sum(1, keepdims=True)
    values: dict[str, object] = {
        "name": "random", "v_template": template, "shapedirs": rng.normal(size=(vertices, 3, betas)) * 0.1,
        "faces": rng.integers(0, vertices, (30, 3)), "weights": weights / weights.sum(1, keepdims=True), "parents": parents,
        "J": rng.normal(size=(joints, 3)) if static else regressor @ template,
        "posedirs": rng.normal(size=(vertices, 3, 9 * (joints - 1))) * 0.01 if pose_blend else None,
        "J_regressor": None if static else regressor}
    return AnimalModel(**{**values, **fields})  # type: ignore[arg-type]
