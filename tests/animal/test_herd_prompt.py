"""Captions of herds say what the record says, most important first, and stay short."""

from __future__ import annotations

import copy
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bestiary.animal.cameras import Camera
from bestiary.animal.default import default_model
from bestiary.blender_scripts.herd.nouns import article, doing_word, noun, plural
from bestiary.blender_scripts.herd.plan import GROUNDS, LIGHTS
from bestiary.blender_scripts.herd.prompt import compose
from bestiary.blender_scripts.herd.words import FACINGS, facing_word, heading

LIMIT = 120


def animal(number: int, species: str = "wolf", **more: Any) -> dict[str, Any]:
    who = {"species": species, "other": "", "blend": 0.0, "youth": more.pop("youth", 0.0)}
    return {"id": number, "species": species, "family": "canid", "doing": "walk", "facing": "left", "who": who, "coat": species,
            "without": [], "area_visible": 900, "visible_fraction": 1.0, "in_frame_fraction": 1.0, "depth_m": 10.0, **more}  # fmt: skip


def record(*animals: dict[str, Any], ground: str = "snow", light: str = "overcast", height: float = 1.6, focal: float = 1500.0) -> dict:
    camera = Camera.look_at((0.0, -12.0, height), (0.0, 0.0, 0.5), focal, 1000, 750)
    return {"width": 1000, "height": 750, "camera": {"K": camera.K.tolist(), "R": camera.R.tolist(), "t": camera.t.tolist()},
            "lens": {"f_number": 0.0, "focus_m": 0.0, "exposure_s": 0.0, "noise": 0.0},
            "scene": {"ground": ground, "light": light, "sun_azimuth": 0.0, "sun_elevation": 0.7, "occluders": 0, "background": None},
            "left_to_right": [entry["id"] for entry in animals], "animals": list(animals)}  # fmt: skip


def test_a_wolf_and_her_cub_are_told_in_the_order_they_stand() -> None:
    text = compose(record(animal(2, doing="lie", facing="towards", visible_fraction=0.6, youth=0.9), animal(1, youth=0.0)))
    assert text.startswith("A photograph of a wolf and her cub in snow under an overcast sky; from left to right: ")
    assert "a wolf cub lying, facing the viewer, partly hidden; a wolf walking left" in text


def test_what_all_have_in_common_is_said_once() -> None:
    three = [animal(i) for i in (1, 2, 3)]
    assert compose(record(*three)).startswith("A photograph of three wolves walking in snow under an overcast sky; all heading left.")
    three[2]["facing"] = "away"
    assert "; from left to right: two heading left, one heading away." in compose(record(*three))


def test_the_order_is_the_records_not_the_lists() -> None:
    one = record(animal(1, "cow"), animal(2, "horse"))
    other = copy.deepcopy(one)
    other["animals"].reverse()
    assert compose(one) == compose(other)
    other["left_to_right"].reverse()
    assert compose(one) != compose(other)


def test_an_animal_that_nothing_is_seen_of_is_not_mentioned() -> None:
    text = compose(record(animal(1, "cow"), animal(2, "horse", area_visible=0)))
    assert "cow" in text and "horse" not in text
    assert "without animals" in compose(record(animal(1, area_visible=0)))


@pytest.mark.parametrize(
    ("height", "focal", "words"),
    [(0.2, 700, ("close to the ground", "25 mm wide-angle lens")), (1.6, 1400, ("a person's eye level", "50 mm lens")),
     (6.0, 3900, ("looking down from 6 metres above", "140 mm telephoto lens")), (30.0, 1400, ("looking steeply down",)),
     (200.0, 1400, ("looking straight down",))],
)  # fmt: skip
def test_the_camera_in_a_photographers_words(height: float, focal: float, words: tuple[str, ...]) -> None:
    text = compose(record(animal(1), height=height, focal=focal))
    assert all(word in text for word in words), text


def test_the_sun_stands_where_the_picture_shows_it() -> None:
    def lit(azimuth: float) -> str:
        one = record(animal(1), light="sun")
        one["scene"]["sun_azimuth"] = azimuth
        return compose(one)

    # The camera looks along +y, so +x is to the right.
    assert "sunlight from the right" in lit(0.0) and "sunlight from the left" in lit(np.pi)
    assert "against the sun" in lit(np.pi / 2) and "the sun behind the camera" in lit(-np.pi / 2)


def test_lens_coat_and_missing_horns() -> None:
    one = record(animal(1, "cow", coat="zebra", without=["horn", "brush"]))
    one["lens"].update(f_number=2.0, exposure_s=0.05)
    text = compose(one)
    assert "coloured like a zebra and without horns" in text and "a shallow depth of field and slight motion blur" in text
    assert "brush" not in text


def test_a_cross_of_two_species() -> None:
    one = animal(1)
    one["who"].update(other="husky", blend=0.5)
    assert "a wolf-husky cross" in compose(record(one))


def test_every_species_ground_and_light_in_eight_at_once_stays_short() -> None:
    names = sorted(default_model().species)
    rng = np.random.default_rng(0)
    for start in range(0, len(names), 8):
        group = [animal(i + 1, names[(start + i) % len(names)], doing=str(rng.choice(["walk", "graze", "lie", "stand_up"])),
                        facing=str(rng.choice(FACINGS)), visible_fraction=float(rng.uniform(0.2, 1)), youth=float(rng.uniform(0, 1)),
                        depth_m=float(rng.uniform(8, 50)), without=["horn", "mane"]) for i in range(8)]  # fmt: skip
        text = compose(record(*group, ground=str(rng.choice(GROUNDS)), light=str(rng.choice(LIGHTS)), height=float(rng.uniform(0, 60))))
        assert len(text.split()) <= LIMIT, text
        assert "_" not in text and "  " not in text and " ," not in text and "; ;" not in text and ", ," not in text, text
        assert "from left to right" in text


plain_values = st.none() | st.booleans() | st.floats(-1e6, 1e6) | st.text(max_size=20)
json_values = st.recursive(plain_values, lambda inner: st.lists(inner, max_size=3))


@given(
    youth=json_values, doing=st.text(max_size=30), facing=st.text(max_size=10), species=st.text(max_size=300), fraction=json_values,
    without=st.lists(st.text(max_size=5), max_size=3), count=st.integers(1, 40),
)  # fmt: skip
def test_odd_records_still_give_a_short_text(**odd: Any) -> None:
    count = odd.pop("count")
    one = animal(1, odd["species"], doing=odd["doing"], facing=odd["facing"], visible_fraction=odd["fraction"], without=odd["without"])
    one["who"]["youth"] = odd["youth"]
    herd = record(*[{**one, "id": i} for i in range(count)])
    text = compose(herd)
    assert text and len(text.split()) <= LIMIT and text == compose(json.loads(json.dumps(herd)))


@pytest.mark.parametrize(
    ("one", "many"),
    [("wolf", "wolves"), ("muskox", "muskoxen"), ("ox", "oxen"), ("roe deer", "roe deer"), ("fox", "foxes"), ("pony", "ponies"),
     ("calf", "calves"), ("donkey", "donkeys"), ("Highland cow", "Highland cows"), ("mouse", "mice"), ("lynx", "lynxes"),
     ("Przewalski's horse", "Przewalski's horses"), ("African buffalo", "African buffalo"), ("elephant calf", "elephant calves")],
)  # fmt: skip
def test_plurals(one: str, many: str) -> None:
    assert plural(one) == many


def test_names_and_participles() -> None:
    assert noun("german_shepherd") == "German Shepherd" and noun("cow", "bovid", 0.9) == "calf"
    assert noun("elephant", "elephantid", 0.7) == "elephant calf" and noun("wolf", "canid", 0.4) == "young wolf"
    assert article("African wild dog") == "an African wild dog" and article("zebra") == "a zebra" and article("ibex") == "an ibex"
    words = {"walk": "walking", "graze": "grazing", "lie": "lying", "run": "running", "sit": "sitting", "sleep": "sleeping", "": "standing",
             "jump": "jumping", "play": "playing", "stand_up": "getting up", "walking": "walking", "trot": "trotting"}  # fmt: skip
    assert {verb: doing_word(verb) for verb in words} == words


def test_facing_words_share_the_circle() -> None:
    assert [facing_word(45.0 * i) for i in range(8)] == list(FACINGS)
    assert facing_word(22.0) == "right" and facing_word(23.0) == "away-right" and facing_word(-90.0) == "towards" == facing_word(270.0)
    assert facing_word(360.0 - 1e-12) == "right"


@pytest.mark.parametrize(("forward", "word"), [((1, 0, 0), "right"), ((0, 0.4, 1), "away"), ((-1, 0, 0), "left"), ((0, 0, -1), "towards"),
                                               ((-1, -0.3, -1), "towards-left")])  # fmt: skip
def test_heading_in_the_camera(forward: tuple[float, ...], word: str) -> None:
    assert heading(forward)[0] == word


@given(turn=st.floats(0, 359.99), pitch=st.floats(0.0, 89.9))
def test_heading_on_the_ground_does_not_depend_on_how_far_the_camera_looks_down(turn: float, pitch: float) -> None:
    a, p = np.radians(turn), np.radians(pitch)
    camera = Camera.look_at((0.0, -10 * np.cos(p), 10 * np.sin(p)), (0.0, 0.0, 0.0), 1000.0, 100, 100)
    forward = camera.R @ [np.cos(a), np.sin(a), 0.0]
    found = heading(forward, camera.R @ [0.0, 0.0, 1.0])[1]
    assert abs((found - turn + 180.0) % 360.0 - 180.0) < 1e-4


def test_no_direction_is_refused() -> None:
    with pytest.raises(ValueError, match="forward_cam"):
        heading((0.0, 0.0, 0.0))
    with pytest.raises(ValueError, match="finite"):
        facing_word(float("nan"))
