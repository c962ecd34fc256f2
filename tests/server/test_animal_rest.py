"""Sound surfaces are found sound, and every kind of damage is noticed."""

from __future__ import annotations

import numpy as np
import pytest

from bestiary.animal.default import default_model
from bestiary.server.authoring.surface import face_neighbours
from bestiary.server.evaluate.animal_rest import SurfaceCheck, blend_intersections, single_fans

TETRAHEDRON = np.array([[0, 2, 1], [0, 1, 3], [1, 2, 3], [0, 3, 2]])


@pytest.fixture(scope="module")
def check() -> SurfaceCheck:
    return SurfaceCheck(default_model())


def test_neighbours_share_an_edge_the_other_way_round():
    for face, across in zip(TETRAHEDRON, face_neighbours(TETRAHEDRON), strict=True):
        for k in range(3):
            edge = {int(face[k]), int(face[(k + 1) % 3])}
            assert edge <= set(TETRAHEDRON[across[k]].tolist())


def test_open_and_branching_surfaces_are_refused():
    with pytest.raises(ValueError, match="not closed"):
        face_neighbours(TETRAHEDRON[:3])
    with pytest.raises(ValueError, match="not manifold"):
        face_neighbours(np.concatenate([TETRAHEDRON, TETRAHEDRON[:1]]))


def test_two_bodies_joined_in_a_point_are_not_one_surface():
    assert single_fans(TETRAHEDRON)
    pinched = np.concatenate([TETRAHEDRON, np.array([0, 4, 5, 6])[TETRAHEDRON]])
    assert face_neighbours(pinched).shape == (8, 3) and not single_fans(pinched)


def test_the_shipped_animal_is_one_closed_manifold_surface():
    faces = np.asarray(default_model().faces, dtype=np.int64)
    assert face_neighbours(faces).shape == faces.shape and single_fans(faces)


def test_damage_is_noticed(check: SurfaceCheck):
    sound = check.model.rest().vertices
    before = check.health(sound)
    assert before.asymmetry < 1e-5 and before.flipped == 0 and before.degenerate == 0
    pushed = sound.copy()
    leg = sound[:, 1] > 0.05
    pushed[leg & (sound[:, 2] < -0.2), 1] -= 0.25  # the left legs through the right ones
    hurt = check.health(pushed)
    assert hurt.intersecting > before.intersecting and hurt.asymmetry > 0.05
    flat = sound.copy()
    flat[check.faces[0, 1]] = flat[check.faces[0, 0]]
    assert check.health(flat).degenerate > 0


def test_blends_are_drawn_anew_only_with_another_seed(check: SurfaceCheck):
    one, again, other = (blend_intersections(check.model, 3, np.random.default_rng(seed)) for seed in (0, 0, 1))
    assert one == again and set(one) != set(other) and all(0 <= share <= 1 for share in one.values())
