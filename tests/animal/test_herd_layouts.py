"""Animals of a natural group stand on the ground, not in each other, and all are to be seen from where the camera is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bestiary.animal.default import default_model
from bestiary.animal.individual import Individual, betas_of, metres_per_unit
from bestiary.animal.rasterise import rasterise
from bestiary.animal.rotations import matrix_from_axis_angle
from bestiary.blender_scripts.herd.contact import apart, overlap, volume
from bestiary.blender_scripts.herd.draw import draw_animal, draw_ground, draw_herd, species_pool
from bestiary.blender_scripts.herd.groups import SHAPES, Group, Rod, arrange, room_between
from bestiary.blender_scripts.herd.natural import SCENES, natural
from bestiary.blender_scripts.herd.plan import Terrain, Tilt, generator
from bestiary.blender_scripts.herd.postures import CLIPS, KIND_OF_FAMILY, can_do, draw_posture, limits_of
from bestiary.blender_scripts.herd.standing import Body, feet_above, stand
from random_models import random_model

CUBE = np.array([[x, y, z] for x in (0.0, 1.0) for y in (0.0, 1.0) for z in (0.0, 1.0)])
SIDES = np.array([[0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [0, 4, 5], [0, 5, 1],
                  [2, 3, 7], [2, 7, 6], [0, 2, 6], [0, 6, 4], [1, 5, 7], [1, 7, 3]])  # fmt: skip
SPECIES = ("cow", "horse", "dachshund", "lion", "giraffe", "elephant", "rabbit", "red_panda", "warthog", "chimpanzee")


@pytest.fixture(scope="module")
def model():
    return default_model()


def animal_of(model, name, **more):
    who = Individual(name, **more)
    return betas_of(model, who), metres_per_unit(model, who), model.species[name].family


def put(model, name, doing, rng, terrain, place=(0.0, 0.0), yaw=0.0, **more):
    """Vertices in metres, heights of feet and of all vertices over the ground in shoulder heights, and the posture."""
    betas, scale, family = animal_of(model, name, **more)
    posture = draw_posture(model, rng, family, doing)
    pose, trans = stand(model, betas, posture.pose, scale, terrain, place, yaw, raised=posture.raised, resting=posture.resting,
                        muzzle=posture.muzzle, limits=limits_of(model, family))
    vertices = scale * model.forward(betas, pose, trans).vertices
    shoulder = Body.of(model, betas).shoulder * scale
    above = vertices[:, 2] - terrain.height(vertices[:, :2])
    return vertices, feet_above(model, vertices, terrain) / shoulder, above / shoulder, posture, pose


# -- contact ----------------------------------------------------------------------------------------------------------


def test_share_of_known_bodies():
    assert volume(CUBE, SIDES) == pytest.approx(1.0)
    assert overlap(CUBE, SIDES, CUBE + (0.5, 0.25, 0.0), SIDES) == pytest.approx(0.375, abs=0.01)
    assert overlap(CUBE, SIDES, 0.3 * CUBE + 0.2, SIDES) == pytest.approx(1.0, abs=0.01)
    assert overlap(CUBE, SIDES, CUBE + (0.0, 0.0, 0.99), SIDES) == pytest.approx(0.01, abs=0.001)
    assert overlap(CUBE, SIDES, CUBE + (1.01, 0.0, 0.0), SIDES) == 0.0


@settings(max_examples=25)
@given(st.tuples(*[st.floats(-1.2, 1.2)] * 3), st.floats(0.2, 3.0))
def test_share_of_boxes_is_their_common_volume(shift, size):
    other = size * CUBE + shift
    low, high = np.maximum(0.0, other.min(axis=0)), np.minimum(1.0, other.max(axis=0))
    exact = np.prod(np.maximum(high - low, 0.0)) / min(1.0, size**3)
    assert overlap(CUBE, SIDES, other, SIDES) == pytest.approx(exact, abs=0.03)
    assert overlap(other, SIDES, CUBE, SIDES) == pytest.approx(exact, abs=0.03)


def test_bodies_side_by_side(model):
    one = model.rest().vertices
    shares = [overlap(one, model.faces, one + (0.0, y, 0.0), model.faces) for y in (0.0, 0.2, 0.4, 0.54)]
    assert shares[0] == pytest.approx(1.0, abs=0.01)
    assert shares == sorted(shares, reverse=True) and shares[-1] == 0.0
    assert apart(one, one + (0.0, 0.54, 0.0)) and not apart(one, one + (0.0, 0.5, 0.0))


def test_bodies_that_are_none():
    with pytest.raises(ValueError, match="finite"):
        overlap(CUBE * np.nan, SIDES, CUBE, SIDES)
    with pytest.raises(ValueError, match=r"\(V, 3\)"):
        overlap(CUBE[:, :2], SIDES, CUBE, SIDES)
    assert overlap(CUBE * (1, 1, 0), SIDES, CUBE, SIDES) == 0.0


# -- standing ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SPECIES)
def test_feet_are_on_uneven_ground(model, name):
    rng = np.random.default_rng(1)
    _, scale, family = animal_of(model, name)
    for doing in ("stand", "walk", "graze"):
        if doing not in can_do(family):
            continue
        terrain = Terrain(int(rng.integers(999)), 0.1 * scale, 6.0 * scale)
        _, feet, above, _, _ = put(model, name, doing, rng, terrain, rng.uniform(-3, 3, 2), rng.uniform(-3, 3), youth=0.5)
        assert np.sort(feet)[1] < 0.02, (name, doing)
        assert feet.min() > -0.03 and above.min() > -0.04, (name, doing)


def test_faces_where_it_is_told_and_stands_there(model):
    rng, flat = np.random.default_rng(2), Terrain(0, 0.0, 1.0)
    for yaw in (-3.0, -1.0, 0.0, 2.0):
        vertices, _, _, _, pose = put(model, "wolf", "walk", rng, flat, (4.0, -2.0), yaw)
        ahead = matrix_from_axis_angle(pose[0])[:, 0]
        assert np.cos(np.arctan2(ahead[1], ahead[0]) - yaw) > 0.98
        assert np.linalg.norm(vertices.mean(axis=0)[:2] - (4.0, -2.0)) < 0.5


def test_leans_as_the_ground_does(model):
    uphill = Terrain(0, 0.0, 1.0, (Tilt((0.0, 0.0), (0.25, 0.0), 50.0),))
    betas, scale, family = animal_of(model, "cow")
    pose, trans = stand(model, betas, np.zeros((model.n_joints, 3)), scale, uphill, (0, 0), 0.0, limits=limits_of(model, family))
    ahead = matrix_from_axis_angle(pose[0])[:, 0]
    assert 0.12 < ahead[2] < 0.36
    feet = feet_above(model, scale * model.forward(betas, pose, trans).vertices, uphill)
    assert np.abs(feet).max() < 0.03 * 1.44


@pytest.mark.parametrize("name", ["cow", "deer", "horse", "sheep", "lion", "wolf", "cat", "pig"])
def test_what_lies_lies(model, name):
    rng = np.random.default_rng(3)
    _, _, above, posture, _ = put(model, name, "lie", rng, Terrain(5, 0.03, 8.0))
    assert posture.resting
    trunk = [j for j, joint in enumerate(model.joint_names) if joint.startswith(("pelvis", "spine"))]
    assert above[model.weights[:, trunk].sum(axis=1) > 0.6].min() < 0.16
    assert above.min() > -0.04


def test_what_sits_has_its_forefeet_down(model):
    for name in ("dog", "fox", "cat"):
        _, feet, above, posture, pose = put(model, name, "sit", np.random.default_rng(4), Terrain(1, 0.0, 1.0))
        assert posture.doing == "sit" and matrix_from_axis_angle(pose[0])[2, 0] > 0.4
        assert feet[:2].min() < 0.03 and above.min() > -0.04


def test_a_hanging_tail_is_turned_up(model):
    betas, scale, family = animal_of(model, "leopard")
    pose = np.zeros((model.n_joints, 3))
    pose[model.joint_names.index("Tail1"), 1] = -0.9
    tail = [j for j, joint in enumerate(model.joint_names) if joint.startswith("Tail")]
    mine = model.weights[:, tail].sum(axis=1) > 0.6
    before = model.forward(betas, pose).vertices[:, 2]
    assert before[mine].min() < before[~mine].min()  # below its feet
    ground = Terrain(0, 0.0, 1.0)
    pose, trans = stand(model, betas, pose, scale, ground, (0, 0), 0.0, limits=limits_of(model, family))
    after = scale * model.forward(betas, pose, trans).vertices[:, 2]
    assert after[mine].min() > -0.01


def test_turns_stay_within_limits(model):
    rng = np.random.default_rng(6)
    for doing in ("walk", "graze", "lie"):
        _, _, _, _, pose = put(model, "horse", doing, rng, Terrain(3, 0.1, 8.0))
        limits = limits_of(model, "equid")
        assert (pose[1:] >= limits[1:, :, 0] - 1e-6).all() and (pose[1:] <= limits[1:, :, 1] + 1e-6).all()


def test_a_body_without_known_legs_rests_on_its_lowest_point():
    stranger = random_model(3, joints=4, vertices=50)
    ground = Terrain(2, 0.05, 5.0)
    for resting in (False, True):
        pose, trans = stand(stranger, np.zeros(3), np.zeros((4, 3)), 0.5, ground, (1.0, 2.0), 1.0, resting=resting)
        vertices = 0.5 * stranger.forward(np.zeros(3), pose, trans).vertices
        assert abs((vertices[:, 2] - ground.height(vertices[:, :2])).min()) < 0.03


def test_every_family_can_stand_and_walk(model):
    for family in model.families:
        assert {"stand", "walk"} <= set(can_do(family))
    assert set(KIND_OF_FAMILY.values()) <= set(CLIPS)


# -- groups -----------------------------------------------------------------------------------------------------------


@settings(max_examples=40)
@given(st.sampled_from(SHAPES), st.integers(1, 8), st.integers(0, 10_000), st.booleans())
def test_a_group_leaves_room_for_bodies(shape, count, seed, together):
    rng = np.random.default_rng(seed)
    rods = [Rod(0.4 * s, 0.6 * s, 0.15 * s) for s in np.exp(rng.uniform(-2, 1, count))]
    places = arrange(rng, Group(rods, [-1] * count, shape, 0.3, together, 1.0))
    assert len(places) == count and np.isfinite([(p.x, p.y, p.yaw) for p in places]).all()
    for k in range(count):
        for j in range(k):
            assert room_between(rods[k], places[k], rods[j], places[j]) >= 0
    far = max(abs(p.x) + abs(p.y) for p in places)
    assert far < 14 * max(rod.length for rod in rods) * max(count, 2)


# -- the layout -------------------------------------------------------------------------------------------------------


def layout_of(model, seed, count, ground="grass", size=(320, 240), scene=None):
    rng = generator(seed, 0)
    return natural(model, rng, draw_herd(model, rng, count, species_pool(model), 0.3), *size, ground, scene)


@pytest.mark.parametrize("seed", range(5))
def test_everyone_stands_apart_and_is_seen(model, seed):
    layout = layout_of(model, seed, 4)
    camera, faces = layout.camera, model.faces
    assert len(layout.animals) >= 3 and (camera.width, camera.height) == (320, 240)
    assert np.allclose(camera.K, [[camera.K[0, 0], 0, 160], [0, camera.K[0, 0], 120], [0, 0, 1]])
    assert 24 <= camera.K[0, 0] / 320 * 36 <= 200
    assert camera.position[2] > layout.terrain.height(camera.position[None, :2])[0]
    bodies = [a.metres_per_unit * model.forward(a.betas, a.pose, a.trans).vertices for a in layout.animals]
    wide = camera.K + [[0, 0, 320], [0, 0, 240], [0, 0, 0]]
    for animal, body in zip(layout.animals, bodies, strict=True):
        shape = rasterise(camera.to_camera(body), faces, wide, 960, 720).silhouette
        frame = shape[240:480, 320:640]
        assert frame.sum() >= 0.5 * shape.sum()
        assert max(np.ptp(where) + 1 for where in np.nonzero(frame)) >= 32
        assert animal.doing in can_do(animal.family)
        shoulder = Body.of(model, animal.betas).shoulder * animal.metres_per_unit
        feet = feet_above(model, body, layout.terrain) / shoulder
        assert feet.min() > -0.03
        if animal.doing not in ("lie", "sit"):
            assert np.sort(feet)[1] < 0.02
    for k, body in enumerate(bodies):
        for other in bodies[:k]:
            assert overlap(body, faces, other, faces) < 0.01


def test_the_same_seed_gives_the_same_layout(model):
    one, two = layout_of(model, 11, 3), layout_of(model, 11, 3)
    assert one.terrain == two.terrain and np.array_equal(one.camera.R, two.camera.R) and np.array_equal(one.camera.t, two.camera.t)
    for a, b in zip(one.animals, two.animals, strict=True):
        assert np.array_equal(a.pose, b.pose) and np.array_equal(a.trans, b.trans) and a.doing == b.doing
    assert not np.array_equal(one.camera.t, layout_of(model, 12, 3).camera.t)


def test_indoors_the_ground_is_flat_and_nobody_grazes(model):
    rng = generator(3, 1)
    herd = draw_herd(model, rng, 3, ["cat", "dog"], 0.0)
    layout = natural(model, rng, herd, 256, 256, draw_ground(rng, herd, "natural", ["floor"]))
    assert np.ptp(layout.terrain.height(np.random.default_rng(0).uniform(-9, 9, (50, 2)))) == 0
    assert {animal.doing for animal in layout.animals}.isdisjoint({"graze", "drink"})


def test_a_young_one_keeps_to_its_kind(model):
    rng = np.random.default_rng(8)
    herd = [draw_animal(model, rng, "cow", ["cow"], young) for young in (0.0, 0.0, 1.0)]
    assert herd[2].who.youth > 0
    near = 0
    for seed in range(4):
        layout = natural(model, np.random.default_rng(seed), herd, 256, 192, "grass", "walk")
        places = [a.metres_per_unit * model.forward(a.betas, a.pose, a.trans).joints[:7].mean(axis=0) for a in layout.animals]
        young = [k for k, a in enumerate(layout.animals) if a.who.youth > 0]
        near += bool(young) and min(np.linalg.norm(places[young[0]] - p) for k, p in enumerate(places) if k != young[0]) < 2.2
    assert near >= 3


def test_what_cannot_be_had_is_said(model):
    rng = np.random.default_rng(9)
    herd = [draw_animal(model, rng, name, [name], 0.0) for name in ("elephant", "mouse")]
    layout = natural(model, rng, herd, 256, 256, "sand")
    assert [animal.who.species for animal in layout.animals] == ["elephant"]
    assert any("mouse" in note for note in layout.notes)
    with pytest.raises(ValueError, match=f"known: {next(iter(SCENES))}"):
        natural(model, rng, herd, 256, 256, "sand", "dance")
    with pytest.raises(ValueError, match="at least one"):
        natural(model, rng, [], 256, 256, "sand")


def test_even_a_tiny_picture_has_someone_in_it(model):
    layout = layout_of(model, 4, 8, size=(48, 36))
    assert 1 <= len(layout.animals) <= 8
