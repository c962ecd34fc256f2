"""The buttons of the panel Controls: what they do, and what they say where they cannot."""

from pathlib import Path

import pytest

bpy = pytest.importorskip("bpy")
np = pytest.importorskip("numpy")

pytestmark = pytest.mark.blender


@pytest.fixture
def fox(addon):
    """A fox that walks, active and selected."""
    from bestiary.animal.clips import load_shipped_clip
    from bestiary.animal.default import DEFAULT_MODEL_PATH
    from bestiary.animal.individual import Individual
    from bestiary.animal.model_file import load_model
    from bestiary.scene import action, creature

    item = creature.create(load_model(DEFAULT_MODEL_PATH), Individual("fox"))
    action.key_clip(item, load_shipped_clip("fox_walk"), bpy.context.scene)
    bpy.context.view_layer.objects.active = item
    item.select_set(True)
    return item


def test_controls_come_switch_and_go(fox):
    """One operator after the other, on the animal's mesh too."""
    from bestiary.scene import rig

    assert not bpy.ops.bestiary.remove_controls.poll() and not bpy.ops.bestiary.snap_leg.poll()
    assert bpy.ops.bestiary.add_controls() == {"FINISHED"}
    assert not bpy.ops.bestiary.add_controls.poll()
    assert bpy.ops.bestiary.snap_leg(leg="all", to="FK") == {"FINISHED"}
    assert [bone["IK_FK"] for bone in fox.pose.bones if "IK_FK" in bone] == [1.0] * 4
    assert bpy.ops.bestiary.snap_leg(leg="hind_left", to="IK", use_range=True, first=1, last=9) == {"FINISHED"}
    bpy.context.view_layer.objects.active = rig.body_of(fox)
    assert bpy.ops.bestiary.remove_controls() == {"FINISHED"}
    assert not [bone for bone in fox.data.bones if bone.name.startswith(("CTL-", "MCH-"))]


def test_a_range_that_ends_before_it_begins_is_refused(fox):
    """The message says so, and nothing is keyed."""
    bpy.ops.bestiary.add_controls()
    with pytest.raises(RuntimeError, match="ends"):
        bpy.ops.bestiary.snap_leg(leg="hind_left", to="FK", use_range=True, first=9, last=1)


def test_rigify_there_and_back(fox):
    """Off, it is asked for; on, the rig is made and gives its motion back."""
    assert bpy.ops.bestiary.convert_to_rigify(turn_on=True) == {"FINISHED"}
    assert fox.hide_viewport
    made = next(item for item in bpy.data.objects if "bestiary_rigify" in item)
    bpy.context.view_layer.objects.active = made
    assert not bpy.ops.bestiary.convert_to_rigify.poll()
    assert bpy.ops.bestiary.motion_from_rigify() == {"FINISHED"}
    assert not fox.hide_viewport


def test_what_generate_takes_off_is_put_back(fox):
    """Rigify's own button, pressed again: the skin's correctives follow the action that is chosen again."""
    from bestiary.scene import correctives, rig
    from bestiary.scene.controls.mending import lacks

    block = rig.body_of(fox).shape_key_add(name=f"{correctives.KEY_PREFIX}neck 0", from_mix=False)
    block.slider_min, block.slider_max = -10.0, 10.0
    correctives._drive(block, fox, "neck", "2*x*w+y*z")
    bpy.ops.bestiary.convert_to_rigify(turn_on=True)
    made = next(item for item in bpy.data.objects if "bestiary_rigify" in item)
    metarig = next(item for item in bpy.data.objects if item.type == "ARMATURE" and item.data.rigify_target_rig == made)
    mesh, action, name = next(item for item in made.children if item.type == "MESH"), made.animation_data.action, block.name

    def shown():
        values, skin = [], []
        for frame in (1, 7, 13):
            bpy.context.scene.frame_set(frame)
            seen = mesh.evaluated_get(bpy.context.evaluated_depsgraph_get())
            values.append(seen.data.shape_keys.evaluated_get(bpy.context.evaluated_depsgraph_get()).key_blocks[name].value)
            skin.append([tuple(vertex.co) for vertex in seen.data.vertices])
        return values, skin

    values, skin = shown()
    assert max(values) - min(values) > 0.01 and not lacks(made)
    metarig.hide_viewport = False
    bpy.context.view_layer.objects.active = metarig
    bpy.ops.pose.rigify_generate()
    assert not lacks(made)
    made.animation_data_create().action = action
    if hasattr(action, "slots"):
        made.animation_data.action_slot = action.slots[0]
    for got, want in zip(shown(), (values, skin), strict=True):
        assert np.allclose(got, want, atol=1e-3)


def test_nothing_to_do_without_a_rig_or_in_edit_mode(fox):
    """The buttons are grey."""
    bpy.ops.object.mode_set(mode="EDIT")
    assert not bpy.ops.bestiary.add_controls.poll() and not bpy.ops.bestiary.convert_to_rigify.poll()
    bpy.ops.object.mode_set(mode="OBJECT")
    bpy.context.view_layer.objects.active = None
    assert not bpy.ops.bestiary.add_controls.poll()


@pytest.mark.real_blender
@pytest.mark.parametrize("version", ["5.2", "4.3"])
def test_in_a_real_blender(version, tmp_path):
    """The same steps in Blender programs, without a window."""
    import subprocess

    tool = Path("/work/shared/tools/blender")
    if not tool.exists() or not Path(f"/opt/blender/{version}/usr/bin/blender").exists():
        pytest.skip(f"no Blender {version} here")
    here = Path(__file__).resolve().parent
    done = subprocess.run(
        [tool, version, "-b", "--factory-startup", "--python-exit-code", "1", "--python", here / "check_controls.py"],
        capture_output=True, text=True, timeout=170, cwd=here.parents[1])  # fmt: skip
    assert "controls checked" in done.stdout, done.stdout[-2000:] + done.stderr[-2000:]
