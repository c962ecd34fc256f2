"""Retargeting as an animator has it: operators from two rigs to a new action, the list of bones, files, the ghost, and bad input."""

import json
import time

import numpy as np
import pytest

bpy = pytest.importorskip("bpy", reason="bpy is not installed")
pytestmark = pytest.mark.blender


def armature(name, bones, size=1.0):
    """An armature of (name, parent, head, tail), active and selected alone."""
    data = bpy.data.armatures.new(name)
    item = bpy.data.objects.new(name, data)
    bpy.context.scene.collection.objects.link(item)
    select(item)
    bpy.ops.object.mode_set(mode="EDIT")
    for bone, parent, head, tail in bones:
        made = data.edit_bones.new(bone)
        made.head, made.tail = size * np.array(head), size * np.array(tail)
        made.parent = data.edit_bones[parent] if parent else None
    bpy.ops.object.mode_set(mode="OBJECT")
    return item


def select(*items):
    """These objects alone, the last one active."""
    for other in bpy.context.view_layer.objects:
        other.select_set(other in items)
    bpy.context.view_layer.objects.active = items[-1]
    bpy.context.scene.frame_set(bpy.context.scene.frame_current)  # as they are drawn


def hand_rig(kind="german_horse", size=1.0):
    """A rig of `quadruped_rigs` as an armature object that looks along -y, as artists build them."""
    import quadruped_rigs

    shape = getattr(quadruped_rigs, kind)().shape(turn=-np.pi / 2, size=size)
    names = shape.names
    bones = [(name, names[parent] if parent >= 0 else "", shape.heads[i], shape.tails[i])
             for i, (name, parent) in enumerate(zip(names, shape.parents, strict=True))]
    return armature(kind, bones)


def dog(clip="dog_walk"):
    """An animal of ours that plays a clip that ships."""
    from bestiary.animal.clips import load_shipped_clip
    from bestiary.scene.action import key_clip

    assert bpy.ops.bestiary.create_animal("EXEC_DEFAULT", True, species="dog") == {"FINISHED"}
    item = bpy.context.active_object
    key_clip(item, load_shipped_clip(clip), bpy.context.scene, name=clip)
    return item


@pytest.fixture
def rigs(addon):
    """(source, target): a walking dog of ours and a horse that nobody has seen, both selected, the horse active."""
    bpy.context.scene.render.fps = 30
    source, target = dog(), hand_rig()
    select(source, target)
    return source, target


def choices():
    return bpy.context.scene.bestiary_retarget


def run(name, **settings):
    """An operator with undo, as a button runs it; errors are exceptions here."""
    return getattr(bpy.ops.bestiary, name)("EXEC_DEFAULT", True, **settings)


def session():
    from bestiary.addon.session import session

    return session


def curves(action):
    from bestiary.scene.compat import action_curves

    return action_curves(action)


def feet(item, bones, frames):
    """(F, n, 3) where bones' heads are in the world."""
    found = []
    for frame in frames:
        bpy.context.scene.frame_set(frame)
        found.append([item.matrix_world @ item.pose.bones[bone].head for bone in bones])
    return np.array(found)


def test_two_selected_rigs_the_active_one_gets_the_motion(rigs):
    source, target = rigs
    assert run("retarget") == {"FINISHED"}
    assert (choices().source, choices().target, choices().action.name) == (source, target, "dog_walk")
    strip = target.animation_data.nla_tracks[0].strips[0]
    assert target.animation_data.action is None and strip.action.name == "german_horse dog_walk"
    words = " ".join(session().summary)
    assert target.name in words and "frames" in words and "slide" in words and not session().error
    moved = feet(target, [bone.name for bone in choices().row("front_left_toes").target[:1]], (1, 6, 12))
    assert np.ptp(moved, axis=0).max() > 0.02


def test_the_flow_by_its_buttons_and_one_undo(rigs):
    from scene_snapshot import snapshot

    assert run("take_selected_rigs") == {"FINISHED"}
    assert run("match_bones") == {"FINISHED"}
    assert len(session().summary) == 2 and all("parts" in line for line in session().summary)
    bpy.ops.ed.undo_push(message="matched")
    before = snapshot(bpy)
    assert run("retarget") == {"FINISHED"}
    after = snapshot(bpy)
    changed = {key for key in after if after[key] != before.get(key)}
    assert changed == {"actions", "animation german_horse", "action german_horse dog_walk", "bones german_horse"}  # it shows the first pose
    bpy.ops.ed.undo()
    assert snapshot(bpy) == before
    bpy.ops.ed.redo()
    assert snapshot(bpy) == after


def test_an_active_action_a_name_and_a_way_on_the_spot(rigs):
    run("match_bones")
    settings = choices()
    settings.result, settings.name_new, settings.path = "ACTION", "trot home", "in_place"
    assert run("retarget") == {"FINISHED"}
    target = settings.target
    assert target.animation_data.action.name == "trot home" and not target.animation_data.nla_tracks
    hips = feet(target, [settings.row("spine").target[0].name], range(1, 20, 3))
    assert np.ptp(hips[:, 0, :2], axis=0).max() < 0.2


def test_keys_stand_on_whole_frames_and_the_speed_stays(rigs):
    source, target = rigs
    scene = bpy.context.scene
    length = source.animation_data.action.curve_frame_range[1] - source.animation_data.action.curve_frame_range[0]
    choices().source, choices().target = rigs
    settings = choices()
    settings.use_fps, settings.fps, settings.result = True, 30.0, "ACTION"
    scene.render.fps = 24
    assert run("retarget") == {"FINISHED"}
    times = [point.co[0] for point in max(curves(target.animation_data.action), key=lambda c: len(c.keyframe_points)).keyframe_points]
    assert np.allclose(times, np.round(times)) and abs((times[-1] - times[0]) / 24 - length / 30) < 1 / 24


def test_fewer_keys_hold_the_bound(rigs):
    target = rigs[1]
    settings = choices()
    settings.result = "ACTION"
    run("retarget")
    full = target.animation_data.action
    bones = [bone.name for bone in target.pose.bones]
    expected = feet(target, bones, range(1, 30, 4))
    settings.reduce, settings.reduce_degrees = True, 0.5
    run("retarget")
    thin = target.animation_data.action
    count = [sum(len(curve.keyframe_points) for curve in curves(action)) for action in (full, thin)]
    assert count[1] < 0.7 * count[0] and any(str(count[1]) in line for line in session().summary)
    off = np.linalg.norm(feet(target, bones, range(1, 30, 4)) - expected, axis=-1)
    assert 0 < off.max() < 0.06 * max(target.dimensions)


def test_the_legs_of_rigify_play_fk_or_ik(addon):
    from bestiary.benchmarks import rigify_rigs

    source, target = dog(), rigify_rigs.generated("horse")
    settings = choices()
    settings.source, settings.target, settings.result = source, target, "ACTION"
    paws = {}
    for kind in ("FK", "IK"):
        settings.legs = kind
        assert run("retarget") == {"FINISHED"} and "no IK" not in " ".join(session().summary)
        paws[kind] = feet(target, ["DEF-r_toe.L" if "DEF-r_toe.L" in target.pose.bones else "ORG-shin.L"], (1, 5, 9, 13))
    switches = [curve for curve in curves(target.animation_data.action) if "IK_FK" in curve.data_path]
    assert switches and all(curve.evaluate(1) == 0.0 for curve in switches)
    assert np.linalg.norm(paws["IK"] - paws["FK"], axis=-1).max() < 0.02


def test_a_loop_is_cut(rigs):
    choices().cycle, choices().result = True, "ACTION"
    settings = choices()
    clip = settings.action or rigs[0].animation_data.action
    for curve in curves(clip):  # three strides one after the other
        modifier = curve.modifiers.new("CYCLES")
        modifier.mode_before = modifier.mode_after = "REPEAT"
    clip.use_frame_range, clip.frame_start, clip.frame_end = True, 1, 80
    assert run("retarget") == {"FINISHED"}
    assert any("Loop of" in line for line in session().summary)


def test_rows_are_picked_cleared_mirrored_and_shown(rigs):
    _source, target = rigs
    run("match_bones")
    settings = choices()
    want = {row.name: [bone.name for bone in row.target] for row in settings.parts}
    settings.active_part = settings.parts.find("hind_left_upper")
    assert run("select_bones", side="TARGET") == {"FINISHED"}
    assert bpy.context.mode == "POSE" and bpy.context.active_object == target
    assert [bone.name for bone in bpy.context.selected_pose_bones] == want["hind_left_upper"]
    assert run("clear_bones", side="TARGET") == {"FINISHED"} and not settings.row("hind_left_upper").target
    assert settings.target_from == "edited"
    assert run("pick_bones", side="TARGET") == {"FINISHED"}
    assert [bone.name for bone in settings.row("hind_left_upper").target] == want["hind_left_upper"]
    settings.active_part = settings.parts.find("hind_right")
    run("clear_bones", side="TARGET")
    assert not any(settings.row(f"hind_right_{part}").target for part in ("girdle", "upper", "lower", "cannon", "toes"))
    assert run("mirror_bones", side="TARGET", start="LEFT") == {"FINISHED"}
    assert {row.name: [bone.name for bone in row.target] for row in settings.parts} == want


def test_a_picked_bone_leaves_the_part_that_it_had(rigs):
    run("match_bones")
    settings = choices()
    neck = settings.row("neck").target[0].name
    settings.active_part = settings.parts.find("neck")
    run("select_bones", side="TARGET")
    assert run("pick_bones", side="TARGET", part="jaw") == {"FINISHED"}
    assert neck in [bone.name for bone in settings.row("jaw").target]
    assert neck not in [bone.name for bone in settings.row("neck").target]


def test_controls_of_rigify_stand_for_the_bones_that_they_move(addon):
    from bestiary.addon import retarget_match as match
    from bestiary.benchmarks import rigify_rigs
    from bestiary.scene.retarget.reading import read_shape, skeleton_of

    horse = rigify_rigs.generated("horse")
    shape = skeleton_of(read_shape(horse))
    for control, bone in (("thigh_fk.L", "ORG-thigh.L"), ("neck.001", "ORG-neck.001"), ("ORG-head", "ORG-head")):
        if control in horse.data.bones:
            assert match.skeleton_bone(horse, shape, control) == bone
    choices().target = horse
    assert run("match_bones", side="TARGET") == {"FINISHED"}
    choices().active_part = choices().parts.find("hind_left")
    assert run("select_bones", side="TARGET") == {"FINISHED"}
    chosen = [bone.name for bone in bpy.context.selected_pose_bones]
    assert chosen and all(not name.startswith("ORG-") for name in chosen)


def test_matches_are_saved_loaded_and_used_by_themselves(rigs, tmp_path, monkeypatch):
    from bestiary.addon import retarget_match as match

    monkeypatch.setattr(match, "preset_folder", lambda: tmp_path)
    run("match_bones")
    settings = choices()
    target = {row.name: [bone.name for bone in row.target] for row in settings.parts}
    path = tmp_path / "my horse.json"
    assert bpy.ops.bestiary.save_match(filepath=str(path), side="TARGET") == {"FINISHED"}
    assert json.loads(path.read_text("utf-8"))["format"] == "bestiary-rig/1"
    settings.clear_side("target")
    assert bpy.ops.bestiary.load_match("EXEC_DEFAULT", True, filepath=str(path), side="TARGET") == {"FINISHED"}
    assert {row.name: [bone.name for bone in row.target] for row in settings.parts} == target
    run("match_bones", side="TARGET")
    assert settings.target_from == "my horse"
    with pytest.raises(RuntimeError, match="none of the bones"):
        bpy.ops.bestiary.load_match(filepath=str(path), side="SOURCE")
    (tmp_path / "bad.json").write_text('{"format": "bestiary-rig/1", "bones": {"wheel": []}}')
    with pytest.raises(RuntimeError, match="wheel"):
        bpy.ops.bestiary.load_match(filepath=str(tmp_path / "bad.json"), side="TARGET")
    assert {row.name: [bone.name for bone in row.target] for row in settings.parts} == target


def test_a_known_rig_is_chosen_from_those_that_ship(rigs):
    from bestiary.addon.operators.use_known_rig import known_rigs

    run("take_selected_rigs")
    found = {title: path for path, title, _ in known_rigs(None, None)}
    assert len(found) >= 12
    assert run("use_known_rig", source_rig=found["Bestiary animal (SMAL)"]) == {"FINISHED"}
    assert choices().source_from == "bestiary" and choices().matched("source") and not choices().matched("target")


def test_the_ghost_follows_the_choices_and_touches_nothing(rigs):
    from scene_snapshot import snapshot

    from bestiary.addon import retarget_preview

    run("take_selected_rigs")
    run("match_bones")
    before = snapshot(bpy)
    assert bpy.ops.bestiary.preview_retarget() == {"FINISHED"}
    ghost = retarget_preview.current()
    ghost.wait()
    rough = ghost.shown.motion.rotations
    now, first = ghost.lines(5.0)
    assert len(now) > 40 and np.allclose(now, first)
    choices().smooth = 0.4
    ghost.wait()
    assert np.abs(ghost.shown.motion.rotations - rough).max() > 0.01
    assert not np.allclose(*ghost.lines(5.0))
    assert snapshot(bpy) == before
    bpy.ops.bestiary.preview_retarget()
    assert not retarget_preview.shown()
    bpy.ops.bestiary.preview_retarget()
    assert run("retarget") == {"FINISHED"} and not retarget_preview.shown()


def test_live_then_baked_then_removed(rigs):
    target = rigs[1]
    choices().result = "LIVE"
    run("match_bones")
    assert not bpy.ops.bestiary.bake_live.poll()
    assert run("retarget") == {"FINISHED"}
    assert sum(len(bone.constraints) for bone in target.pose.bones) > 10
    assert run("bake_live") == {"FINISHED"}
    assert not any(len(bone.constraints) for bone in target.pose.bones) and target.animation_data.nla_tracks
    assert run("retarget") == {"FINISHED"} and run("remove_live") == {"FINISHED"}
    assert not any(len(bone.constraints) for bone in target.pose.bones)
    assert not [item for item in bpy.data.objects if "guide" in item.name]


SNAKE = [(f"b{i}", f"b{i - 1}" if i else "", (0, i * 0.2, 0.05), (0, (i + 1) * 0.2, 0.05)) for i in range(20)]


@pytest.mark.parametrize("kind", ["biped", "snake"])
def test_what_is_not_four_legged_is_told_and_nothing_changes(addon, kind):
    from scene_snapshot import snapshot

    from bestiary.benchmarks import rigify_rigs

    target = rigify_rigs.metarig("human") if kind == "biped" else armature("snake", SNAKE)
    target.name = "other"
    source = dog()
    select(source, target)
    before = snapshot(bpy)
    with pytest.raises(RuntimeError, match="other: "):
        run("retarget")
    assert snapshot(bpy) == before and session().error.startswith("other")


def test_a_rig_without_a_head_works_and_says_so(addon):
    from bestiary.addon import retarget_match as match

    source, target = dog(), hand_rig()
    select(source, target)
    run("match_bones")
    settings = choices()
    for part in ("head", "neck"):
        settings.active_part = settings.parts.find(part)
        run("clear_bones", side="TARGET")
    assert any("no neck or head" in line for line in match.problems(settings))
    assert run("retarget") == {"FINISHED"}


def test_a_match_without_a_leg_is_told(rigs):
    from bestiary.addon import retarget_match as match

    run("match_bones")
    settings = choices()
    settings.active_part = settings.parts.find("front_left")
    run("clear_bones", side="TARGET")
    assert any("left front leg" in line for line in match.problems(settings))
    assert match.leg_state(settings, "front_left") == "bad"
    with pytest.raises(RuntimeError, match="front left leg"):
        run("retarget")


def test_buttons_say_what_they_wait_for(addon):
    operators = bpy.ops.bestiary
    assert not any(operator.poll() for operator in (operators.retarget, operators.match_bones, operators.take_selected_rigs,
                                                    operators.pick_bones, operators.clear_bones, operators.bake_live, operators.save_match))
    with pytest.raises(RuntimeError, match="select the armature that moves"):
        operators.retarget()
    source = dog()
    with pytest.raises(RuntimeError, match="select the armature that moves"):
        operators.retarget()
    source.animation_data_clear()
    bpy.data.actions.remove(bpy.data.actions["dog_walk"])
    target = hand_rig()
    choices().source, choices().target = source, target
    with pytest.raises(RuntimeError, match="has no action"):
        operators.retarget()


def test_an_action_without_keys_and_one_rig_for_both_are_told(rigs):
    source, target = rigs
    choices().source, choices().target = source, target
    choices().action = bpy.data.actions.new("empty")
    with pytest.raises(RuntimeError, match="no key"):
        run("retarget")
    choices().action = source.animation_data.action
    choices().target = source
    with pytest.raises(RuntimeError, match="two armatures"):
        run("retarget")


def test_a_rig_linked_from_another_file_is_told_what_to_do(addon, tmp_path):
    target = hand_rig()
    bpy.data.libraries.write(str(tmp_path / "horse.blend"), {target})
    bpy.data.armatures.remove(target.data)
    source = dog()
    with bpy.data.libraries.load(str(tmp_path / "horse.blend"), link=True) as (_, into):
        into.objects = ["german_horse"]
    linked = into.objects[0]
    bpy.context.scene.collection.objects.link(linked)
    choices().source, choices().target = source, linked
    with pytest.raises(RuntimeError, match="override"):
        run("retarget")
    assert linked.animation_data is None


def test_one_frame(rigs):
    source, _target = rigs
    clip = source.animation_data.action
    for curve in curves(clip):
        while len(curve.keyframe_points) > 1:
            curve.keyframe_points.remove(curve.keyframe_points[-1])
    assert run("retarget") == {"FINISHED"}
    assert any("1 frame" in line for line in session().summary)


def test_a_long_clip_is_read_piece_by_piece_and_can_be_stopped(rigs):
    """The reading never takes Blender for long, and waits for nobody."""
    import threading

    from bestiary.addon import retargeting

    source, target = rigs
    bones = source.pose.bones
    limit = bones[5].constraints.new("LIMIT_ROTATION")  # Blender must be asked for every frame
    choices().source, choices().target = source, target
    retargeting.ready(choices())
    clip = choices().action
    clip.use_frame_range, clip.frame_start, clip.frame_end = True, 1, 400
    for curve in curves(clip):
        curve.keyframe_points[-1].co[0] = 400
    reading = retargeting.begin(choices(), bpy.context.scene)
    assert len(reading.question.times) > 300
    steps, longest = 0, 0.0
    while True:
        begun = time.perf_counter()
        more = reading.advance(0.0001)
        if not more:
            break
        if reading.fraction < 0.85:  # then the target is tried out, in one go
            longest = max(longest, time.perf_counter() - begun)
        steps += 1
    assert steps > 3 and len(reading.question.motion.frames) == len(reading.question.times)
    assert longest < 2.0
    other = retargeting.begin(choices(), bpy.context.scene)
    cancel, answers = threading.Event(), []
    thread = threading.Thread(target=lambda: answers.append(other.wait(lambda _f, _s: None, cancel)))
    thread.start()
    cancel.set()
    thread.join(5)
    assert answers == [None]
    assert limit is not None


def test_twenty_thousand_frames_of_keys_alone_are_read_in_few_pieces(rigs):
    """Going through all keys for every few frames took ten minutes."""
    from bestiary.addon import retargeting

    source, target = rigs
    choices().source, choices().target = source, target
    retargeting.ready(choices())
    for curve in curves(choices().action):
        step = curve.keyframe_points[1].co[0] - curve.keyframe_points[0].co[0]
        values = np.resize([point.co[1] for point in curve.keyframe_points], 20_000)
        curve.keyframe_points.clear()
        curve.keyframe_points.add(20_000)
        curve.keyframe_points.foreach_set("co", np.stack([1 + step * np.arange(20_000), values], axis=1).ravel().astype(np.float32))
        curve.update()
    reading = retargeting.begin(choices(), bpy.context.scene)
    pieces = 0
    while reading.advance(1e-6):
        pieces += 1
    assert 3 < pieces < 12 and len(reading.question.motion.frames) == 20_000


def test_another_rig_forgets_the_match_and_another_file_all(addon):
    from bestiary.addon import retarget_preview

    select(dog(), hand_rig())
    run("take_selected_rigs")
    run("match_bones")
    bpy.ops.bestiary.preview_retarget()
    choices().target = dog("dog_trot")
    assert not choices().matched("target") and choices().matched("source") and not retarget_preview.shown()
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    assert choices().source is None and not len(choices().parts)


def test_the_panel_goes_without_a_trace(addon):
    import addon_utils

    assert hasattr(bpy.types, "BESTIARY_PT_retarget") and hasattr(bpy.types.Scene, "bestiary_retarget")
    addon_utils.disable("bestiary", default_set=True)
    assert not hasattr(bpy.types.Scene, "bestiary_retarget")
    left = [name for name in dir(bpy.types) if name.startswith("BESTIARY_") and ("retarget" in name.lower() or "match" in name.lower())]
    assert not left
    addon_utils.enable("bestiary", default_set=True)
