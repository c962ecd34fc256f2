"""The shape space: exact where it must be, symmetric to the last bit, in standard deviations; solver, sliders, cache."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bestiary.animal.model_file import load_model
from bestiary.server.authoring.landmarks import NAMES
from bestiary.server.authoring.measures import Number, Ruler
from bestiary.server.authoring.population import Stance, draw_individuals, mixed_stance
from bestiary.server.authoring.proportions import expand
from bestiary.server.authoring.skeleton import joint_mirror
from bestiary.server.authoring.sliders import SLIDERS, slider_fields
from bestiary.server.authoring.solve import EXACT, Wanted, expected, solve, targets
from bestiary.server.authoring.space import FLIP, Half, error_curve, families, inside, joint_regressor, learn
from bestiary.server.authoring.stages import cached
from bestiary.server.authoring.warp import Warp

FILE = Path(__file__).resolve().parents[2] / "animal" / "data" / "open_animal.npz"
MIRROR = np.array([0, 1, 2, 5, 6, 3, 4])  # three vertices on the midline, two pairs


def herd(rng: np.random.Generator, count: int, ranks: int = 6) -> np.ndarray:
    """Symmetric random surfaces (count, 7, 3) of a low-dimensional kind."""
    half = Half.of(MIRROR)
    modes = rng.standard_normal((ranks, len(half.chosen), 3)) * 2.0 ** -np.arange(ranks)[:, None, None]
    return half.mirrored(np.tensordot(rng.standard_normal((count, ranks)), modes, axes=1))


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1))
def test_half_keeps_distances_and_comes_back(seed):
    animals = herd(np.random.default_rng(seed), 4)
    half = Half.of(MIRROR)
    rows = half.flat(animals)
    assert np.linalg.norm(rows[0] - rows[1]) == pytest.approx(np.linalg.norm(animals[0] - animals[1]))
    assert np.abs(half.whole(rows) - animals).max() < 1e-12


@settings(max_examples=15)
@given(st.integers(0, 2**32 - 1))
def test_space_is_exact_symmetric_and_in_standard_deviations(seed):
    rng = np.random.default_rng(seed)
    animals = herd(rng, 60)
    exact = np.concatenate([animals.mean(axis=0, keepdims=True), herd(rng, 2)])
    space = learn(exact, animals, MIRROR, 8, 1.0, np.ones(len(exact)))
    assert space.directions.dtype == np.float16
    assert np.array_equal(space.directions[MIRROR] * FLIP[:, None].astype(np.float16), space.directions)
    assert np.array_equal(space.mean[MIRROR] * FLIP.astype(np.float32), space.mean)
    assert space.error(exact).max() < 0.01
    betas = space.project(np.concatenate([exact, animals]))
    assert np.sqrt((betas**2).mean(axis=0)) == pytest.approx(np.ones(betas.shape[1]), rel=0.1)
    assert (np.diff(space.explained) <= 1e-12).all()
    curve = error_curve(space, exact, (1, 4, 8))
    assert (np.diff(curve.mean(axis=1)) < 0).all()


def test_what_must_be_exact_wins_over_the_crowd():
    rng = np.random.default_rng(3)
    crowd, odd = herd(rng, 80, 12), herd(rng, 1)
    exact = np.concatenate([crowd.mean(axis=0, keepdims=True), odd])
    space = learn(exact, crowd, MIRROR, 5, 1.0, np.ones(2))
    assert space.error(odd)[0] < 0.2 * space.error(crowd).mean()


def test_families_are_proper_distributions():
    betas = np.random.default_rng(0).standard_normal((5, 4))
    found = families(betas, ["canid", "canid", "felid", "canid", "felid"], 0.1 * np.eye(4))
    assert list(found) == ["canid", "felid", "quadruped"]
    assert found["felid"][0] == pytest.approx(betas[[2, 4]].mean(axis=0))
    for _, covariance in found.values():
        assert np.linalg.eigvalsh(covariance).min() > 0


def test_inside_of_a_tetrahedron():
    vertices = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
    faces = np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]])
    assert inside(np.array([[0.1, 0.1, 0.1], [0.5, 0.5, 0.5], [-0.1, 0.1, 0.1]]), vertices, faces).tolist() == [True, False, False]


@pytest.fixture(scope="module")
def dog():
    """Stance, ruler and mirror on the shipped model's dog."""
    model = load_model(FILE)
    shape = model.rest(model.species["dog"].betas)
    groups = [np.flatnonzero(model.keypoint_matrix[model.keypoint_names.index(name)]) for name in NAMES]
    points = {name: shape.vertices[group].mean(axis=0) for name, group in zip(NAMES, groups, strict=True)}
    lips = np.array([points["left_mouth_corner"], (points["upper_jaw"] + points["chin"]) / 2]) * (1, 0, 1)
    warp = Warp(shape.vertices, model.faces, shape.joints, model.weights, lips)
    stance = Stance(warp, groups[NAMES.index("withers")], groups[NAMES.index("chest")])
    return stance, Ruler.on(shape.vertices, shape.joints, model.weights, model.vertex_mirror, groups), model.vertex_mirror


def test_solver_meets_measures_and_stands_level(dog):
    stance, ruler, _ = dog
    wanted = {"shoulder_height": 0.9, "trunk_length": 0.8, "neck_length": 0.4, "tail_length": 0.3, "chest_depth": 0.38,
              "elbow_height": 0.54, "head_length": 0.3}  # fmt: skip
    solved = solve(stance, ruler, expand({}), {name: Wanted(value, EXACT) for name, value in wanted.items()})
    for name, value in wanted.items():
        assert solved.measures[name] == pytest.approx(value, rel=0.03), name
    fore, hind = (solved.vertices[soles, 2].min() for soles in (stance.fore_soles, stance.hind_soles))
    assert abs(fore - hind) < 0.01


def test_kept_out_numbers_are_never_seen():
    def number(species: str, measure: str, value: float) -> Number:
        return Number(species, measure, value, None, None, "a book", "")

    table: dict[str, dict[str, Number]] = {}
    families_of = {}
    for k in range(40):
        name = f"beast{k}"
        families_of[name] = "beasts"
        height = 0.2 + 0.05 * k
        table[name] = {"shoulder_height": number(name, "shoulder_height", height), "trunk_length": number(name, "trunk_length", height),
                       "neck_length": number(name, "neck_length", 0.5 * height)}  # fmt: skip
    hidden = [name for name in table if table[name]["neck_length"].kept_out]
    assert hidden
    before = expected(table, families_of)
    for name in hidden:
        table[name]["neck_length"] = number(name, "neck_length", 7.0)
    after = expected(table, families_of)
    assert before == after
    for name in hidden:
        assert before[name]["neck_length"].value == pytest.approx(0.5 * table[name]["shoulder_height"].value, rel=0.1)
        assert targets(table[name], after[name])["neck_length"].spread > 3 * EXACT


def test_mixture_leaves_out_what_is_unknown(dog):
    stance, _, _ = dog
    moved = (stance.warp.vertices * 1.2, stance.warp.joints * 1.2)
    assert mixed_stance(stance, {}, {"horse": 1.0}) is stance
    half = mixed_stance(stance, {"horse": moved}, {"horse": 0.5})
    assert np.allclose(half.warp.vertices, 1.1 * stance.warp.vertices)
    alone = mixed_stance(stance, {"horse": moved}, {"horse": 0.5, "cow": 0.5})
    assert np.allclose(alone.warp.joints, moved[1])


def test_regressor_is_local_symmetric_and_positive(dog):
    stance, _, mirror = dog
    parameters = np.stack([expand({"leg_length": x, "neck_length": y}) for x in (-0.2, 0, 0.2) for y in (-0.2, 0.2)])
    _, vertices, joints = stance.level_many(parameters)
    regressor = joint_regressor(vertices, joints, mirror, np.ones(len(vertices)))
    assert regressor.min() >= 0 and regressor.sum(axis=1) == pytest.approx(np.ones(35))
    assert np.array_equal(regressor[joint_mirror()][:, mirror], regressor)
    assert np.linalg.norm(np.einsum("jv,nvd->njd", regressor, vertices) - joints, axis=2).max() < 0.03
    assert (regressor > 0).sum(axis=1).max() <= 240


def test_cache_answers_only_for_the_same_inputs(tmp_path):
    calls = []

    def make():
        calls.append(1)
        return {"x": np.arange(len(calls))}

    first = cached(tmp_path, "stage", [np.ones(3), "a"], make, ("stages",))
    assert np.array_equal(cached(tmp_path, "stage", [np.ones(3), "a"], make, ("stages",))["x"], first["x"])
    assert len(calls) == 1
    cached(tmp_path, "stage", [np.ones(3), "b"], make, ("stages",))
    cached(None, "stage", [np.ones(3), "b"], make, ())
    assert len(calls) == 3


def test_sliders_do_what_they_say_and_no_more(dog):
    stance, ruler, mirror = dog
    rng = np.random.default_rng(5)
    modes = np.zeros((1, *stance.warp.vertices.shape))
    vertices, joints = draw_individuals(stance, expand({}), modes, 150, rng, 1.0)
    vertices = (vertices + vertices[:, mirror] * FLIP) / 2
    space = learn(vertices[:1], vertices, mirror, 80, 1.0, np.ones(1))
    regressor = joint_regressor(vertices[::5], joints[::5], mirror, np.ones(len(vertices[::5])))
    fields = slider_fields(space, regressor, stance, ruler)
    assert list(fields["slider_names"]) == list(SLIDERS)
    assert (fields["slider_ranges"][:, 0] < 0).all() and (fields["slider_ranges"][:, 1] > 0).all()

    def measures(betas: np.ndarray) -> dict[str, float]:
        shape = space.shape(betas)[None]
        return {name: float(value[0]) for name, value in ruler.measure(shape, (regressor @ shape[0])[None]).items()}

    plain = measures(np.zeros(space.directions.shape[-1]))
    for name in ("leg_length", "neck_length", "head_size", "tail_length"):
        direction = fields["slider_directions"][list(SLIDERS).index(name)].astype(float)
        changed = measures(0.4 * direction)
        for measure in SLIDERS[name].held:
            wanted = 0.4 * SLIDERS[name].change if measure == SLIDERS[name].measure else 0.0
            assert np.log(changed[measure] / plain[measure]) == pytest.approx(wanted, abs=0.03), (name, measure)
