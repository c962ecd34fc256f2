"""Add > Mesh > Animal and the sidebar's sliders, in Blender without a window."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy", reason="bpy is not installed")
pytestmark = pytest.mark.blender


def add(**settings):
    """The operator with undo, as the menu runs it; gives the armature. Errors are exceptions here."""
    assert bpy.ops.bestiary.create_animal("EXEC_DEFAULT", True, **settings) == {"FINISHED"}
    return bpy.context.active_object


def blocks():
    kinds = (
        "objects",
        "armatures",
        "meshes",
        "collections",
        "materials",
        "shape_keys",
        "scenes",
        "images",
        "node_groups",
    )
    return {kind: len(getattr(bpy.data, kind)) for kind in kinds}


def record(item):
    from bestiary.scene.rig import read_record

    return read_record(item)


def heads(item):
    return np.array([item.data.bones[name].head_local for name in record(item).bones])


def joints(item):
    """Where the model says that the rest joints are, for the betas on the shape keys."""
    from bestiary.animal.default import default_model
    from bestiary.scene import rig

    return record(item).frame.points(default_model().rest(rig.read_betas(item, record(item))).joints)


def test_an_animal_is_added_at_the_cursor_active_and_selected(addon):
    bpy.context.scene.cursor.location = (1, 2, 0)
    bpy.ops.mesh.primitive_cube_add()
    cube = bpy.context.active_object
    horse = add(species="Horse")
    assert tuple(horse.location) == (1, 2, 0) and horse.type == "ARMATURE"
    assert bpy.context.selected_objects == [horse] and len(cube.data.vertices) == 8
    assert record(horse).species == "horse"
    np.testing.assert_allclose(heads(horse), joints(horse), atol=2e-3)


def test_undo_leaves_nothing_and_redo_brings_it_back(addon):
    bpy.ops.ed.undo_push(message="before")
    before = blocks()
    name = add(species="stag").name
    bpy.ops.ed.undo()
    assert blocks() == before
    bpy.ops.ed.redo()
    again = bpy.data.objects[name]
    assert again.bestiary.species == "Stag" and len(again.bestiary.sliders)


def test_a_name_that_is_not_known_suggests_one_and_adds_nothing(addon):
    before = blocks()
    for wrong in ({"species": "hrose"}, {"species": "dog", "other": "hrose"}, {"species": "dog", "coat": "hrose"}):
        with pytest.raises(RuntimeError, match="Did you mean horse"):
            add(**wrong)
    assert blocks() == before


def test_names_are_taken_as_people_write_them(addon):
    assert add(species="german  SHEPHERD").bestiary.species == "German Shepherd"


def test_sliders_given_to_the_operator_stand_in_the_sidebar(addon):
    from bestiary.animal.default import default_model
    from bestiary.animal.individual import sliders_of

    name = sliders_of(default_model()).names[2]
    dog = add(species="dog", sliders=[{"name": name, "value": 0.5}])
    assert dog.bestiary.sliders[name].value == pytest.approx(0.5)


def test_a_slider_moves_the_mesh_and_the_bones_follow(addon):
    dog = add(species="dog")
    before = heads(dog)
    for entry in dog.bestiary.sliders:
        entry.value = 0.8
    assert np.abs(heads(dog) - before).max() > 0.01
    np.testing.assert_allclose(heads(dog), joints(dog), atol=2e-3)
    np.testing.assert_allclose(record(dog).betas, [*_betas(dog)], atol=1e-5)
    bpy.ops.bestiary.reset_shape()
    np.testing.assert_allclose(heads(dog), before, atol=2e-3)


def _betas(item):
    from bestiary.scene import rig

    return rig.read_betas(item, record(item))


def test_sliders_and_typed_numbers_end_at_their_limits(addon):
    from bestiary.animal.default import default_model
    from bestiary.animal.individual import reach

    dog = add(species="dog", other="elephant", blend=1.0)
    for entry in dog.bestiary.sliders:
        entry.value = 1000.0
        assert entry.value == 1.0
    assert (np.abs(_betas(dog)) <= reach(default_model()) + 1e-4).all()


def test_the_sidebar_changes_species_size_and_mix(addon):
    animal = add(species="fox")
    group = animal.bestiary
    group.species = "wolf"
    assert record(animal).betas[0] == pytest.approx(_betas(animal)[0])
    assert group.height == pytest.approx(0.78, abs=0.1)
    group.height = 2.0
    high = max(p[2] for p in joints(animal))
    group.height = 1.0
    assert max(p[2] for p in joints(animal)) == pytest.approx(high / 2, rel=1e-3)
    group.other = "Bear"
    group.blend = 0.5
    assert group.blend == 0.5 and animal.bestiary.other == "Bear"


def test_a_typing_error_in_the_sidebar_changes_nothing_and_is_told(addon):
    from bestiary.addon.creatures import problems

    animal = add(species="fox")
    before = _betas(animal)
    animal.bestiary.species = "wlof"
    assert "wolf" in problems[animal.name] and animal.bestiary.species == "Fox"
    np.testing.assert_array_equal(_betas(animal), before)
    animal.bestiary.species = "wolf"
    assert animal.name not in problems


def test_pose_mode_and_pose_are_kept_while_shaping(addon):
    dog = add(species="dog")
    bpy.ops.object.mode_set(mode="POSE")
    bone = dog.pose.bones["neck"]
    bone.rotation_quaternion = (0.9, 0.3, 0.1, 0.0)
    turned = bone.rotation_quaternion.to_matrix()
    dog.bestiary.sliders[0].value = 0.7
    assert dog.mode == "POSE" and bpy.context.mode == "POSE"
    assert np.abs(np.array(turned) - np.array(bone.rotation_quaternion.to_matrix())).max() < 0.3
    assert bpy.ops.bestiary.create_animal.poll() is False


def test_another_individual_of_its_kind(addon):
    dog = add(species="dog")
    before = _betas(dog)
    bpy.ops.bestiary.random_animal()
    assert np.abs(_betas(dog) - before).max() > 0.02
    seed, one = dog.bestiary.seed, _betas(dog)
    dog.bestiary.seed = seed + 1
    dog.bestiary.seed = seed
    np.testing.assert_allclose(_betas(dog), one, atol=1e-4)


def test_an_animal_from_a_photo_gets_sliders_and_stays_as_it_is(addon):
    from bestiary.animal.default import default_model
    from bestiary.animal.placing import AnimalPose
    from bestiary.scene.animals import build_animals

    model = default_model()
    rng = np.random.default_rng(0)
    seen = AnimalPose(
        rng.normal(size=model.n_betas) * 0.3, rng.normal(size=(35, 3)) * 0.1, np.zeros(3), 0.4, "Rex", "dog"
    )
    build_animals([seen], None, None, model)
    rex = bpy.data.objects["Rex"]
    bpy.context.view_layer.objects.active = rex
    assert not rex.bestiary.ready()
    before = heads(rex)
    bpy.ops.bestiary.shape_animal()
    assert rex.bestiary.ready()
    np.testing.assert_allclose(heads(rex), before, atol=1e-5)
    rex.bestiary.sliders[0].value = 0.5
    assert record(rex).metres_per_unit == pytest.approx(0.4)
    rex.bestiary.sliders[0].value = 0.0
    np.testing.assert_allclose(heads(rex), before, atol=5e-3)


def test_an_animal_of_unknown_kind_is_taken_for_the_nearest(addon):
    from bestiary.animal.default import default_model
    from bestiary.animal.placing import AnimalPose
    from bestiary.scene.animals import build_animals

    model = default_model()
    seen = AnimalPose(model.species["camel"].betas + 0.01, np.zeros((35, 3)), np.zeros(3), 1.0, "It")
    build_animals([seen], None, None, model)
    bpy.context.view_layer.objects.active = bpy.data.objects["It"]
    bpy.ops.bestiary.shape_animal()
    assert bpy.data.objects["It"].bestiary.species == "Camel"


def test_every_species_is_in_one_menu_and_no_menu_is_long(addon):
    from bestiary.addon.add_menu import grouped
    from bestiary.animal.default import default_model

    menus = grouped(default_model())
    listed = [name for names in menus.values() for name in names]
    assert sorted(listed) == sorted(default_model().species)
    assert max(map(len, menus.values())) <= 25
    assert hasattr(bpy.types, "BESTIARY_MT_add_animal")


def test_search_offers_species_by_name_and_by_family(addon):
    from bestiary.addon.creatures import search_species

    assert "German Shepherd" in search_species(None, None, "shep")
    assert "Tiger" in search_species(None, None, "felid")
    assert bpy.ops.bestiary.search_animal("EXEC_DEFAULT", species="Tiger") == {"FINISHED"}
    assert bpy.context.active_object.bestiary.species == "Tiger"
