"""Coats in Blender: an animal of a species wears its coat, it can be baked and recoloured, and hair grows on it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bestiary.animal.coats import Coat, Layer, Tuft, linear
from bestiary.animal.default import default_model
from bestiary.animal.model import AnimalModel
from bestiary.animal.placing import AnimalPose

pytestmark = pytest.mark.blender

RED = Coat("#c02010", "#c02010", (Layer("everywhere", "#000000", "stripes", 0.2), Layer("tail_tip", "#0000ff")), contrast=0.0,
           tufts=(Tuft("crest", 0.2),), hoof="#101010")


@pytest.fixture(scope="module")
def dressed() -> AnimalModel:
    """The default model, its dog in red."""
    model = default_model()
    return replace(model, species={**model.species, "dog": replace(model.species["dog"], coat=RED)})


def _build(model: AnimalModel, species: str = "dog") -> tuple[Any, Any]:
    from bestiary.scene import rig
    from bestiary.scene.animals import build_animals

    kind = model.species["dog"]
    animal = AnimalPose(kind.betas, np.zeros((35, 3)), np.zeros(3), 0.4, "Rex", species)
    item = rig.rigs(build_animals([animal], None, None, model))[0]
    return item, rig.body_of(item)


def _vertex_colours(body: Any) -> np.ndarray:
    attribute = body.data.color_attributes["coat"]
    flat = np.empty(4 * len(attribute.data), np.float32)
    attribute.data.foreach_get("color", flat)
    return flat.reshape(-1, 4)[:, :3]


def test_an_animal_wears_its_species_coat_and_solid_viewports_show_it(blender: Any, dressed: AnimalModel) -> None:
    _, body = _build(dressed)
    assert body.data.color_attributes.active_color.name == "coat"
    colours = _vertex_colours(body)
    tip = dressed.keypoint_matrix[dressed.keypoint_names.index("tail_tip")]
    blue, red = tip @ colours, np.quantile(colours, 0.8, axis=0)
    assert blue[2] > blue[0] and red[0] > 5 * red[2]
    black = (colours.max(axis=1) < 0.02).mean()
    assert 0.2 < black < 0.8
    assert len(body.data.materials) == 1


@pytest.mark.parametrize("species", ["", "no_such_animal", "fox"])
def test_without_a_coat_the_plain_fur_of_before_is_worn(blender: Any, dressed: AnimalModel, species: str) -> None:
    _, body = _build(replace(dressed, species={**dressed.species, "fox": replace(dressed.species["fox"], coat=None)}), species)
    assert len(body.data.materials) == 1 and "coat_rest" not in body.data.attributes
    assert np.ptp(_vertex_colours(body)) > 0.05


def test_every_colour_is_a_node_that_users_find_by_name(blender: Any, dressed: AnimalModel) -> None:
    _, body = _build(dressed)
    nodes = body.data.materials[0].node_tree.nodes
    for name in ("Base", "Under", "Layer 1 everywhere", "Layer 2 tail_tip", "Nose", "Lips", "Hoof", "Eye"):
        assert nodes[name].type == "RGB", name
    np.testing.assert_allclose(nodes["Base"].outputs[0].default_value[:3], linear(RED.base), atol=1e-6)


def test_the_mesh_has_the_models_texture_layout_and_the_coat_bakes_into_it(blender: Any, dressed: AnimalModel) -> None:
    bpy = blender
    _, body = _build(dressed)
    layer = body.data.uv_layers["UVMap"]
    flat = np.empty(2 * len(body.data.loops), np.float32)
    layer.data.foreach_get("uv", flat)
    np.testing.assert_allclose(flat.reshape(-1, 3, 2), dressed.uv[dressed.uv_faces], atol=1e-6)

    scene = bpy.context.scene
    scene.render.engine, scene.cycles.samples, scene.cycles.device = "CYCLES", 1, "CPU"
    image = bpy.data.images.new("bake", 128, 128)
    nodes = body.data.materials[0].node_tree.nodes
    target = nodes.new("ShaderNodeTexImage")
    target.image = image
    nodes.active = target
    for item in bpy.context.view_layer.objects:
        item.select_set(item == body)
    bpy.context.view_layer.objects.active = body
    bpy.ops.object.bake(type="DIFFUSE", pass_filter={"COLOR"}, margin=0)
    pixels = np.empty(128 * 128 * 4, np.float32)
    image.pixels.foreach_get(pixels)
    seen = pixels.reshape(128, 128, 4)[..., :3]
    red = (seen[..., 0] > 0.3) & (seen[..., 2] < 0.25)
    blue = (seen[..., 2] > 0.4) & (seen[..., 0] < 0.3)
    assert red.mean() > 0.08 and blue.any()


def test_hair_is_the_same_for_the_same_seed_and_follows_the_pose(blender: Any, dressed: AnimalModel) -> None:
    bpy = blender
    from bestiary.scene.hair import grow_species_hair

    item, _ = _build(dressed)

    def positions(hair: Any) -> np.ndarray:
        shown = hair.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
        flat = np.empty(3 * len(shown.attributes["position"].data), np.float32)
        shown.attributes["position"].data.foreach_get("vector", flat)
        return flat.reshape(-1, 3)

    first, again, other = (grow_species_hair(item, dressed, "dog", 300, seed) for seed in (0, 0, 1))
    bpy.context.view_layer.update()
    still = positions(first)
    assert still.shape == (1500, 3) and np.isfinite(still).all()
    np.testing.assert_array_equal(still, positions(again))
    assert not np.array_equal(still, positions(other))
    bone = next(bone for bone in item.pose.bones if bone.name.lower().startswith("neck"))
    bone.rotation_mode = "XYZ"
    bone.rotation_euler = (0.6, 0.0, 0.0)
    bpy.context.view_layer.update()
    moved = np.linalg.norm(positions(first) - still, axis=1)
    assert moved.max() > 0.02 and np.median(moved) < 0.01  # the head went, the trunk stayed


def test_bare_skin_and_unknown_species_grow_no_hair(blender: Any, dressed: AnimalModel) -> None:
    from bestiary.scene.hair import grow_species_hair

    bald = replace(RED, fur=0.0, tufts=())
    model = replace(dressed, species={**dressed.species, "dog": replace(dressed.species["dog"], coat=bald)})
    item, _ = _build(model)
    assert grow_species_hair(item, model, "dog", 100) is None
    assert grow_species_hair(item, model, "unicorn", 100) is None
