"""The table of species' parts: every entry fits into a model file, and its horns do not run through the animal."""

import json

import pytest

from bestiary.animal.default import default_model
from bestiary.animal.part_shapes import PartMesh
from bestiary.animal.parts import part_from_json
from bestiary.server.authoring.parts import PARTS

HORNLESS = ("deer", "lioness", "hippo", "pygmy_hippo", "pig", "sheep", "tiger", "dog")


def test_the_famous_ones_are_there_and_the_bare_ones_are_not():
    kinds = {name: {part.kind for part in parts} for name, parts in PARTS.items()}
    for name, kind in (("stag", "antler"), ("moose", "antler"), ("bull", "horn"), ("elephant", "tusk"), ("lion", "mane"), ("horse", "mane"),
                       ("goat", "beard"),
                       ("lynx", "tuft"), ("giraffe", "horn"), ("rhino", "horn"), ("warthog", "tusk"), ("cow", "brush")):  # fmt: skip
        assert kind in kinds[name], name
    for name in HORNLESS:
        assert not kinds.get(name, set()) & {"horn", "antler", "tusk"}, name
    assert "mane" not in kinds["lioness"]


def test_indian_rhinos_have_one_horn_and_african_ones_two():
    assert [len(PARTS[name]) for name in ("rhino", "black_rhino", "indian_rhino")] == [2, 2, 1]


@pytest.mark.parametrize("name", sorted(PARTS))
def test_parts_fit_a_model_file_and_any_animal(name):
    assert sum(len(part.to_json()) for part in PARTS[name]) < 8000
    for part in PARTS[name]:
        assert part_from_json(json.dumps(json.loads(part.to_json()))) == part
    model = default_model()
    mesh = PartMesh.of(model, PARTS[name])
    assert 0 < len(mesh.faces) < 25_000
    assert set(mesh.part.tolist()) == set(range(len(PARTS[name])))
