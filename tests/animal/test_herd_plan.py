"""Herds before Blender: options, who is drawn, the paper's layout, and that a picture depends on seed and index alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bestiary.animal.default import default_model
from bestiary.animal.species import Species, SpeciesError
from bestiary.blender_scripts.herd import draw, herd3d
from bestiary.blender_scripts.herd.options import OptionError, Options, options_of, read_command
from bestiary.blender_scripts.herd.plan import GROUNDS, Plan, PlannedAnimal, generator
from bestiary.blender_scripts.herd.planner import Planner
from random_models import random_model


@pytest.fixture(scope="module")
def plans() -> list[Plan]:
    """Twelve pictures of the layout herd3d."""
    planner = Planner.of(default_model(), Options(images=12, seed=5))
    return [planner.plan(index) for index in range(12)]


def _numbers(plan: Plan) -> list[Any]:
    rows: list[Any] = [plan.camera.K.tolist(), plan.camera.t.tolist(), plan.surroundings, plan.terrain, plan.lens]
    for animal in plan.animals:
        assert isinstance(animal, PlannedAnimal)
        rows += [animal.who, animal.betas.tolist(), animal.pose.tolist(), animal.trans.tolist(), animal.metres_per_unit]
    return rows


def test_a_picture_depends_on_seed_and_index_alone(plans: list[Plan]) -> None:
    alone = Planner.of(default_model(), Options(images=3, seed=5)).plan(2)
    assert _numbers(alone) == _numbers(plans[2])
    assert _numbers(Planner.of(default_model(), Options(images=3, seed=6)).plan(2)) != _numbers(plans[2])


def test_herd3d_is_as_the_paper_says(plans: list[Plan]) -> None:
    for plan in plans:
        unit = plan.animals[0].metres_per_unit  # type: ignore[union-attr]
        assert plan.camera.K[0, 0] == pytest.approx(2.2 * plan.camera.width)
        depths, across = [], []
        for animal in plan.animals:
            assert isinstance(animal, PlannedAnimal) and animal.metres_per_unit == unit
            posed = default_model().forward(animal.betas, animal.pose, animal.trans)
            seen = plan.camera.to_camera(unit * posed.vertices)
            pixels = plan.camera.project(unit * posed.vertices)
            inside = ((pixels >= 0) & (pixels < (plan.camera.width, plan.camera.height))).all(axis=1)
            assert np.ptp(pixels, axis=0).max() >= 31 and inside.mean() >= 0.45
            middle = plan.camera.to_camera(unit * posed.joints[:7].mean(axis=0)) / unit
            depths.append(middle[2])
            across.append(middle[0] / middle[2])
            ground = plan.terrain.height(unit * posed.vertices[:, :2])
            above = unit * posed.vertices[:, 2] - ground
            assert -0.12 * unit < above.min() < 0.08 * unit  # on the ground
            assert (seen[:, 2] > 0).all()
        assert min(depths) > 6.5 and max(depths) < 51.5 and np.ptp(depths) < 31.5
        assert np.abs(across).max() < (1.5 + 1.5) / 8


def test_animals_stand_apart_in_the_paper_s_bins() -> None:
    for seed in range(50):
        rng = generator(seed, 0)
        count = int(rng.integers(2, 9))
        columns = np.sort(herd3d._columns(rng, count))
        assert len(columns) == count and np.abs(columns).max() < 1
        width = 2.0 / (2 * count + 1)
        assert np.diff(columns).min() > 1.9 * width - 1e-9  # never in neighbouring bins
        intervals = herd3d._depths(rng, count)
        assert np.ptp(intervals) <= 30.0 + 1e-9 and intervals.min() >= 8.0 and intervals.max() <= 50.0


def test_every_species_is_drawn_and_a_family_can_be_asked_for() -> None:
    model = default_model()
    rng = np.random.default_rng(0)
    pool = draw.species_pool(model)
    seen = {animal.who.species for _ in range(150) for animal in draw.draw_herd(model, rng, 4, pool, 0.2)}
    assert len(seen) > 0.7 * len(pool)
    felids = draw.species_pool(model, families=("felid",))
    assert "lion" in felids and "wolf" not in felids
    herd = draw.draw_herd(model, rng, 8, felids, 0.0)
    assert {animal.family for animal in herd} == {"felid"} and all(animal.who.youth == 0 for animal in herd)
    pure = [animal for animal in herd if not animal.who.other]
    assert all(0.9 < animal.shoulder_m / model.species[animal.who.species].shoulder_height_m < 1.1 for animal in pure)


def test_unknown_species_say_what_is_near() -> None:
    with pytest.raises(SpeciesError, match="wolf"):
        draw.species_pool(default_model(), ("wulf",))
    with pytest.raises(SpeciesError, match="felid"):
        draw.species_pool(default_model(), families=("felidae",))


def test_indoors_is_for_small_house_animals() -> None:
    model, rng = default_model(), np.random.default_rng(1)
    elephants = draw.draw_herd(model, rng, 3, ("asian_elephant",) if "asian_elephant" in model.species else ("african_elephant",), 0.0)
    cats = draw.draw_herd(model, rng, 3, ("cat",), 0.0)
    assert "floor" not in {draw.draw_ground(rng, elephants, "natural") for _ in range(200)}
    assert set(GROUNDS) == {draw.draw_ground(rng, cats, "natural") for _ in range(400)}
    assert draw.draw_ground(rng, cats, "herd3d", ("snow",)) == "snow"


@pytest.mark.parametrize("size", [(32, 32), (2000, 33), (33, 700)])
@pytest.mark.parametrize("layout", ["herd3d", "natural"])
def test_a_picture_of_any_shape_gets_an_animal(size: tuple[int, int], layout: str) -> None:
    plan = Planner.of(default_model(), Options(images=1, seed=1, animals=(2, 2), resolution=size, layout=layout, young=1.0)).plan(0)
    assert (plan.camera.width, plan.camera.height) == size and len(plan.animals) >= 1
    animal = plan.animals[0]
    assert isinstance(animal, PlannedAnimal)
    pixels = plan.camera.project(animal.metres_per_unit * default_model().forward(animal.betas, animal.pose, animal.trans).vertices)
    assert ((pixels >= 0) & (pixels < size)).all(axis=1).any()


@pytest.mark.parametrize("layout", ["herd3d", "natural"])
def test_a_model_that_is_no_quadruped_can_be_planned(layout: str) -> None:
    model = random_model(1, joints=6, vertices=60, betas=4, species={
        name: Species(name, "bugs", np.zeros(4), height, 2 * height) for name, height in (("stick insect", 0.05), ("robin", 0.1))})
    plan = Planner.of(model, Options(images=1, animals=(2, 3), layout=layout)).plan(0)
    assert {animal.family for animal in plan.animals if isinstance(animal, PlannedAnimal)} == {"bugs"}
    with pytest.raises(SpeciesError, match="carries no species"):
        Planner.of(random_model(1), Options())


# -- options ----------------------------------------------------------------------------------------------------------


def test_the_command_line(tmp_path: Path) -> None:
    run = read_command(["--out", str(tmp_path), "--images", "20", "--animals", "2:5", "--species", "wolf, red fox",
                        "--resolution", "320x240", "--shard", "2/4", "--layout", "natural"])
    assert run.options.animals == (2, 5) and run.options.species == ("wolf", "red fox") and run.options.size == (320, 240)
    assert run.indices() == [1, 5, 9, 13, 17]
    shares = [read_command(["--out", "x", "--images", "9", "--shard", f"{k}/4"]).indices() for k in range(1, 5)]
    assert sorted(index for share in shares for index in share) == list(range(9))
    assert options_of(json.loads(json.dumps(run.options.to_json()))) == run.options
    chosen = [read_command(["--out", "x", "--images", "9", "--only", "7,1,4,1", "--shard", f"{k}/2"]).indices() for k in (1, 2)]
    assert chosen == [[1, 7], [4]]


def test_a_configuration_file_and_the_command_line_over_it(tmp_path: Path) -> None:
    config = tmp_path / "herd.json"
    config.write_text(json.dumps({"images": 7, "animals": "1:3", "depth-of-field": True, "young": 1}))
    options = read_command(["--out", "x", "--config", str(config), "--images", "9"]).options
    assert (options.images, options.animals, options.depth_of_field, options.young) == (9, (1, 3), True, 1.0)


@pytest.mark.parametrize(("words", "said"), [
    (["--layout", "heap"], "herd3d"), (["--engine", "luxcore"], "cycles"), (["--animals", "0:3"], "--animals"),
    (["--animals", "3:99"], "8"),
    (["--animals", "few"], "few"), (["--shard", "5/4"], "quarter"), (["--images", "0"], "--images"),
    (["--resolution", "999999"], "--resolution"),
    (["--grounds", "lava"], "grass"), (["--colour", "red"], "--colour"), (["--asset-share", "3"], "0 to 1"), (["--only", "77"], "--only"),
    (["--only", ","], "no picture"), (["--species", ","], "names nothing"), (["--resolution", "320x0"], "--resolution"),
    (["--resolution", "8192"], "64000000"), (["--young", "nan"], "--young"), (["--young", "5"], "--young"),
    (["--threads", "-4"], "--threads"),
    (["--shard", "0/0"], "quarter"),
])  # fmt: skip
def test_bad_options_say_what_is_known(words: list[str], said: str) -> None:
    with pytest.raises(OptionError, match=said):
        read_command(["--out", "x", "--images", "5", *words] if words[0] != "--images" else ["--out", "x", *words])


def test_out_is_needed_and_configurations_are_checked(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="--out"):
        read_command([])
    for text in ("[1, 2]", "{", '{"images": "many"}', '{"speed": 3}', '{"animals": [1, 2, 3]}', '{"noise": "yes"}',
                 "[" * 100_000, '{"images": ' + "9" * 5000 + "}", '{"young": NaN}', '{"animals": "few"}', " " * (1 << 20) + "{}"):
        path = tmp_path / "bad.json"
        path.write_text(text)
        with pytest.raises(OptionError):
            read_command(["--out", "x", "--config", str(path)])


_values = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
                       lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=2), max_leaves=4)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from([*Options.__dataclass_fields__, "else"]), _values, max_size=3))
def test_any_configuration_makes_options_or_a_clear_refusal(values: dict[str, Any]) -> None:
    try:
        options = options_of(values)
    except OptionError as error:
        assert str(error)
    else:
        assert options_of(json.loads(json.dumps(options.to_json()))) == options
