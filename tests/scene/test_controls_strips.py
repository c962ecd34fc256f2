"""Animals whose motion sits in NLA strips: with controls, without them again, and as a Rigify rig they move as they did."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bestiary.animal.clips import load_shipped_clip

from .test_controls import assert_same, seen

pytestmark = pytest.mark.blender

FRAMES = np.arange(1, 60, 4)
FADING = (FRAMES >= 39) & (FRAMES <= 45)
"""While a strip fades in, feet go straight to where they will stand, and bones would turn there: the two differ."""


@pytest.fixture(scope="module")
def open_model() -> Any:
    from bestiary.animal.default import DEFAULT_MODEL_PATH
    from bestiary.animal.model_file import load_model

    return load_model(DEFAULT_MODEL_PATH)


@pytest.fixture
def wolf(blender: Any, open_model: Any) -> Any:
    """A wolf that walks in a strip that repeats, then sits in another; over it one strip that turns the head and one that lifts a paw."""
    from bestiary.animal.individual import Individual
    from bestiary.scene import action, creature

    item = creature.create(open_model, Individual("wolf"))
    made = {}
    for clip in ("wolf_walk", "dog_sit"):
        action.key_clip(item, load_shipped_clip(clip), blender.context.scene)
        made[clip] = item.animation_data.action
        made[clip].name = clip
        item.animation_data.action = None
    made["look"] = keyed(blender, item, {"head": (0.9, 0.1, 0.0, 0.4)})
    made["paw"] = keyed(blender, item, {"leg_front_1.L": (0.9, 0.4, 0.0, 0.1), "leg_front_2.L": (0.9, -0.3, 0.0, 0.0)})
    body = lane(item, "body")
    walk = strip(body, "walk", 3, made["wolf_walk"])
    walk.frame_end = 35
    sit = strip(body, "sit", 40, made["dog_sit"])
    sit.extrapolation, sit.blend_in = "HOLD_FORWARD", 4
    for name, start in (("look", 8), ("paw", 20)):
        over = strip(lane(item, name), name, start, made[name])
        over.extrapolation = "NOTHING"
    return item


def lane(item: Any, name: str) -> Any:
    track = item.animation_data.nla_tracks.new()
    track.name = name
    return track


def strip(track: Any, name: str, start: int, action: Any) -> Any:
    made = track.strips.new(name, start, action)
    if hasattr(made, "action_slot") and made.action_slot is None:
        made.action_slot = action.slots[0]
    return made


def keyed(blender: Any, item: Any, turns: dict[str, Any]) -> Any:
    """An action that turns some bones from rest and back in 16 frames."""
    for bone, turn in turns.items():
        for frame, values in ((1, (1, 0, 0, 0)), (8, turn), (16, (1, 0, 0, 0))):
            item.pose.bones[bone].rotation_quaternion = values
            item.pose.bones[bone].keyframe_insert("rotation_quaternion", frame=frame)
        item.pose.bones[bone].rotation_quaternion = (1, 0, 0, 0)
    made = item.animation_data.action
    made.name = next(iter(turns))
    item.animation_data.action = None
    return made


def layout(item: Any) -> list[Any]:
    """Tracks and strips as the NLA Editor shows them."""
    names = ("name", "frame_start", "frame_end", "repeat", "scale", "action_frame_start", "action_frame_end", "blend_type", "extrapolation",
             "blend_in", "blend_out", "influence", "mute", "use_reverse")
    return [(track.name, track.mute, [tuple(getattr(one, name) for name in names) for one in track.strips])
            for track in item.animation_data.nla_tracks]


def shown(blender: Any, body: Any, read: Any) -> np.ndarray:
    found = []
    for frame in FRAMES:
        blender.context.scene.frame_set(int(frame))
        found.append(read(body))
    return np.array(found)


def test_strips_move_over_to_controls_and_back(wolf: Any, blender: Any) -> None:
    from bestiary.scene.controls.keeping import add_controls, remove_controls

    want, tracks, actions = seen(wolf, FRAMES), layout(wolf), {one.name for one in blender.data.actions}
    assert np.ptp(want[1], axis=0).max() > 0.1
    report = add_controls(wolf)
    assert any("wolf_walk" in message for message in report.messages), report.messages
    got = seen(wolf, FRAMES)
    assert_same(wolf, (got[0][~FADING], got[1][~FADING]), (want[0][~FADING], want[1][~FADING]))
    assert layout(wolf) == tracks
    foot = wolf.pose.bones["CTL-foot_front.L"]
    blender.context.scene.frame_set(5)
    assert foot["IK_FK"] == 0.0
    blender.context.scene.frame_set(28)
    assert foot["IK_FK"] == 1.0
    remove_controls(wolf)
    assert_same(wolf, seen(wolf, FRAMES), want)
    assert layout(wolf) == tracks and actions <= {one.name for one in blender.data.actions}


def test_strips_become_strips_of_the_rigify_rig_and_come_back(wolf: Any, blender: Any, world_vertices: Any) -> None:
    from bestiary.scene import rig
    from bestiary.scene.controls.convert import from_rigify, to_rigify
    from bestiary.scene.controls.generating import turn_rigify_on

    turn_rigify_on()
    body = rig.body_of(wolf)
    want, tracks = shown(blender, body, world_vertices), layout(wolf)
    height = np.ptp(want[0][:, 2])
    made = to_rigify(wolf)
    assert layout(made.rig) == tracks and layout(wolf) == tracks and not made.messages
    assert made.rig.animation_data.action is None
    got = shown(blender, made.meshes[0], world_vertices)
    assert np.linalg.norm(got - want, axis=-1)[~FADING].max() < 0.002 * height
    report = from_rigify(made.rig)
    assert report.frames > 30 and layout(wolf) == tracks
    played = {one.action.name for track in wolf.animation_data.nla_tracks for one in track.strips}
    assert played.isdisjoint({"head", "wolf_walk"})
    back = shown(blender, body, world_vertices)
    assert np.linalg.norm(back - want, axis=-1)[~FADING].max() < 0.002 * height


def test_what_cannot_be_carried_over_is_said(wolf: Any, blender: Any) -> None:
    from bestiary.scene.controls.convert import to_rigify
    from bestiary.scene.controls.generating import turn_rigify_on
    from bestiary.scene.controls.keeping import add_controls
    from bestiary.scene.retarget.rig_shape import RigError

    turn_rigify_on()
    wolf.location = (0.0, 0.0, 0.0)
    wolf.keyframe_insert("scale", frame=1)
    moves = wolf.animation_data.action
    moves.name = "moves"
    curves = moves.fcurves if hasattr(moves, "fcurves") else moves.layers[0].strips[0].channelbags[0].fcurves
    curves.remove(curves[0])
    wolf.animation_data.action = None
    strip(lane(wolf, "place"), "place", 1, moves)
    wolf.animation_data.nla_tracks["look"].strips[0].blend_type = "COMBINE"
    messages = to_rigify(wolf).messages
    assert any("“place”" in message and "no keys" in message for message in messages), messages
    assert any("“head”" in message and "added" in message for message in messages), messages
    wolf.hide_viewport = False
    assert any("“head”" in message and "stays on the bones" in message for message in add_controls(wolf).messages)
    blender.context.view_layer.objects.active = wolf
    wolf.animation_data.use_tweak_mode = True
    if wolf.animation_data.use_tweak_mode:
        with pytest.raises(RigError, match="tweak"):
            to_rigify(wolf)


def test_an_action_that_also_adds_still_moves_over_where_it_does_not(wolf: Any) -> None:
    from bestiary.scene.controls.keeping import add_controls

    walk = wolf.animation_data.nla_tracks["body"].strips["walk"]
    action = walk.action
    adding = strip(lane(wolf, "more"), "more", 70, action)
    adding.blend_type = "COMBINE"
    add_controls(wolf)
    assert walk.action != action and walk.action.name.endswith(" controls")
    assert adding.action == action


def test_no_action_of_the_user_is_lost_on_the_way(wolf: Any, blender: Any) -> None:
    """Neither one that gives its strip to another, nor those of an animal that goes: Blender saves no action without users."""
    from bestiary.scene.controls.convert import from_rigify, to_rigify
    from bestiary.scene.controls.generating import turn_rigify_on

    turn_rigify_on()
    walk = wolf.animation_data.nla_tracks["body"].strips["walk"].action
    made = to_rigify(wolf)
    walk.name = "my own walk"
    from_rigify(made.rig)
    assert wolf.animation_data.nla_tracks["body"].strips["walk"].action != walk and walk.users
    playing = [one.action for track in wolf.animation_data.nla_tracks for one in track.strips]
    to_rigify(wolf, keep=False)
    assert all(action.users for action in playing)


def test_a_new_strip_finds_its_place_before_those_that_are_there(wolf: Any) -> None:
    """Blender plays strips in the order in which a track has them."""
    from bestiary.scene.controls.strips import copy_strips

    body, other = wolf.animation_data.nla_tracks["body"], wolf.copy()
    before = layout(other)
    there = other.animation_data.nla_tracks["body"].strips
    there.remove(there["walk"])
    swaps = {one: (one.action, getattr(one, "action_slot", None)) for one in body.strips}
    assert not [words for words in copy_strips(wolf, other, swaps) if "body" in words]
    assert layout(other) == before


def test_an_active_action_over_strips_keys_what_it_keyed(wolf: Any, blender: Any) -> None:
    """The strips under it still show everywhere else."""
    from bestiary.scene.controls.keeping import add_controls

    head = next(track for track in wolf.animation_data.nla_tracks if track.name == "look")
    wolf.animation_data.action = head.strips[0].action
    wolf.animation_data.nla_tracks.remove(head)
    want = seen(wolf, FRAMES[:8])
    add_controls(wolf)
    assert_same(wolf, seen(wolf, FRAMES[:8]), want)
