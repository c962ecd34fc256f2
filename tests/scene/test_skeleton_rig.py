"""A motion becomes a rig: every joint where the motion has it, at its own time; the camera sees the tracks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from bestiary.animal.cameras import Camera
from bestiary.animal.motion import Motion
from bestiary.animal.skeleton import Skeleton
from bestiary.animal.tracks import Tracks
from bestiary.scene.skeleton_bones import bones_of, places_of

pytestmark = pytest.mark.blender

Make = Callable[..., Motion]

DOG = Skeleton(
    ("pelvis", "spine", "neck", "nose", "left_ear", "right_ear", "left_elbow", "left_front_paw", "right_elbow",
     "right_front_paw", "left_hip", "left_hind_paw", "right_hip", "right_hind_paw", "tail"),
    (-1, 0, 1, 2, 2, 2, 1, 6, 1, 8, 0, 10, 0, 12, 0))
REST = np.array([
    (0, 0, .6), (.4, 0, .62), (.7, 0, .75), (.95, 0, .7), (.72, .08, .85), (.72, -.08, .85), (.45, .1, .35), (.45, .1, .02),
    (.45, -.1, .35), (.45, -.1, .02), (0, .1, .5), (-.1, .1, .02), (0, -.1, .5), (-.1, -.1, .02), (-.35, 0, .75)])


@pytest.fixture
def motion() -> Make:
    """A dog of sticks that turns on its way and moves every limb by itself; bone lengths stay unless `stretch`."""

    def make(frames: int = 24, fps: float = 30.0, stretch: float = 0.0, seed: int = 0, **more: Any) -> Motion:
        from bestiary.animal.rotations import matrix_from_axis_angle

        rng = np.random.default_rng(seed)
        t = np.linspace(0, 1, frames)
        turn = np.zeros((frames, 15, 3, 3)) + np.eye(3)
        places = np.zeros((frames, 15, 3))
        yaw = 0.7 + 5.0 * t
        for joint in DOG.order:
            swing = rng.normal(size=3) * 0.5 * np.sin(2 * np.pi * (t * rng.uniform(0.5, 2.0) + rng.uniform()))[:, None]
            above = DOG.parents[joint]
            if above < 0:
                swing = swing * 0.2 + yaw[:, None] * [0, 0, 1]
                places[:, joint] = np.stack([3 + 2 * t, -1 + t**2, 0.6 + 0.05 * np.sin(9 * t)], axis=1)
                turn[:, joint] = matrix_from_axis_angle(swing)
                continue
            turn[:, joint] = turn[:, above] @ matrix_from_axis_angle(swing)
            offset = REST[joint] - REST[above]
            longer = 1 + stretch * np.sin(7 * t + joint)
            places[:, joint] = places[:, above] + (turn[:, joint] @ offset) * longer[:, None]
        return Motion(places, DOG, fps, **{"label": "Rex", **more})

    return make


@pytest.fixture
def camera() -> Camera:
    return Camera.look_at((7.0, -3.0, 1.5), (4.0, -0.5, 0.5), 900.0, 640, 480)


def _play(bpy: Any, item: Any, time: float, names: tuple[str, ...] = DOG.names) -> np.ndarray:
    """Where the joints are when the scene plays at `time`."""
    from bestiary.scene.skeleton_rig import joint_places

    bpy.context.scene.frame_set(int(np.floor(time)), subframe=float(time - np.floor(time)))
    return joint_places(item, names)


def _build(motion: Motion, **options: Any) -> Any:
    from bestiary.scene.skeleton_rig import MotionOptions, build_motion, skeletons

    return skeletons(build_motion(motion, "clip", MotionOptions(**options)))[0]


def _seen(bpy: Any, item: Any, points: np.ndarray) -> np.ndarray:
    """Where a camera has world points (N, 3) in the render: (N, 2) pixels from the top left."""
    from bpy_extras.object_utils import world_to_camera_view
    from mathutils import Vector

    bpy.context.view_layer.update()
    scene = bpy.context.scene
    part = np.array([world_to_camera_view(scene, item, Vector(p)) for p in points.tolist()])
    return np.stack([part[:, 0] * scene.render.resolution_x, (1 - part[:, 1]) * scene.render.resolution_y], axis=1)


@pytest.mark.parametrize("stretch", [0.0, 0.1])
@pytest.mark.parametrize(("fps", "scene_fps"), [(30.0, 24), (29.97, 30), (24.0, 30), (120.0, 24)])
def test_every_joint_is_where_the_motion_has_it(
        blender: Any, motion: Make, fps: float, scene_fps: int, stretch: float) -> None:
    scene = blender.context.scene
    scene.render.fps = scene_fps
    clip = motion(fps=fps, stretch=stretch)
    item = _build(clip, start=10.0)
    for frame in (0, 1, 7, 12, 23):
        expected = clip.positions[frame]
        np.testing.assert_allclose(_play(blender, item, 10 + frame * scene_fps / fps), expected, atol=1e-4)


@pytest.mark.parametrize("seed", range(20))
def test_bones_alone_reach_every_joint_of_any_tree(seed: int) -> None:
    rng = np.random.default_rng(seed)
    joints = int(rng.integers(1, 40))
    parents = [-1] + [int(rng.integers(max(0, j - 5), j)) for j in range(1, joints)]
    skeleton = Skeleton(tuple(f"joint {j}" for j in range(joints)), tuple(parents))
    places = np.zeros((9, joints, 3))
    for j in range(1, joints):
        way = rng.normal(size=3) + 0.8 * rng.normal(size=(9, 3))
        length = 0.0 if rng.random() < 0.1 else rng.uniform(0.05, 0.5)
        places[:, j] = places[:, parents[j]] + way / np.linalg.norm(way, axis=1, keepdims=True) * length
    clip = Motion(places, skeleton, 30.0)
    solved = bones_of(clip)
    np.testing.assert_allclose(places_of(solved), places, atol=1e-9)
    lengths = np.linalg.norm(solved.layout.tails - solved.layout.heads, axis=1)
    assert lengths.min() > 1e-4 and len(set(solved.layout.names)) == len(lengths)
    still = [solved.joint_bones[j] for j in range(1, joints)]
    assert not solved.moved[:, still].any(), "constant lengths need no places, turns are enough"


def test_bones_turn_smoothly_also_where_the_animal_turns_round(motion: Make) -> None:
    solved = bones_of(motion(frames=120))
    steps = np.swapaxes(solved.turns[:-1], -1, -2) @ solved.turns[1:]
    angle = np.arccos(np.clip((np.trace(steps, axis1=-2, axis2=-1) - 1) / 2, -1, 1))
    assert np.degrees(angle.max()) < 15


def test_frames_and_joints_that_are_not_known_get_no_keys(blender: Any, motion: Make) -> None:
    from bestiary.scene import compat

    clip = motion()
    places = clip.positions.copy()
    places[5:9] = np.nan
    places[15, DOG.names.index("nose")] = np.nan
    places[:, DOG.names.index("tail")] = np.nan
    clip = Motion(places, DOG, 30.0)
    scene = blender.context.scene
    scene.render.fps = 30
    item = _build(clip, start=1.0)
    curves = {(c.data_path, c.array_index): [p.co[0] for p in c.keyframe_points]
              for c in compat.action_curves(item.animation_data.action)}
    assert curves['pose.bones["pelvis"].location', 0] == [1, 2, 3, 4, 5, *range(10, 25)]
    neck = curves['pose.bones["neck"].rotation_quaternion', 0]
    assert neck == [1, 2, 3, 4, 5, *range(10, 16), *range(17, 25)]
    assert "tail" not in item.data.bones
    names = tuple(name for name in DOG.names if name not in ("tail", "nose"))
    for frame in (4, 9, 15, 20):
        known = [DOG.names.index(name) for name in names]
        np.testing.assert_allclose(_play(blender, item, 1 + frame, names), places[frame, known], atol=1e-4)


def test_the_users_scene_stays_as_it_was(blender: Any, motion: Make, camera: Camera) -> None:
    scene = blender.context.scene
    before = (scene.render.fps, scene.render.fps_base, scene.frame_start, scene.frame_end, scene.frame_current,
              scene.render.resolution_x, scene.camera, blender.context.active_object, blender.context.mode,
              [item.name for item in blender.context.selected_objects], len(blender.data.scenes))
    _build(motion(fps=29.97, cameras=(camera,)))
    after = (scene.render.fps, scene.render.fps_base, scene.frame_start, scene.frame_end, scene.frame_current,
             scene.render.resolution_x, scene.camera, blender.context.active_object, blender.context.mode,
             [item.name for item in blender.context.selected_objects], len(blender.data.scenes))
    assert after == before


def test_the_scene_takes_the_footages_rate_range_and_frame_when_asked(blender: Any, motion: Make, camera: Camera) -> None:
    from bestiary.scene import compat

    scene = blender.context.scene
    item = _build(motion(fps=29.97, cameras=(camera,)), match_scene=True)
    assert scene.render.fps / scene.render.fps_base == pytest.approx(29.97, rel=1e-6)
    assert (scene.frame_start, scene.frame_end) == (1, 24)
    assert (scene.render.resolution_x, scene.render.resolution_y) == (640, 480)
    keys = [p.co[0] for p in compat.action_curves(item.animation_data.action)[0].keyframe_points]
    assert keys == list(range(1, 25)), "keys on whole frames"


def test_one_undo_takes_everything_back(blender: Any, motion: Make, camera: Camera) -> None:
    kinds = ("objects", "armatures", "meshes", "cameras", "actions", "collections")
    blender.ops.ed.undo_push(message="before")
    before = {kind: len(getattr(blender.data, kind)) for kind in kinds}
    clip = motion(cameras=(camera,))
    _build(clip, tracks=Tracks(camera.project(clip.positions), DOG, 30.0, width=640, height=480))
    blender.ops.ed.undo_push(message="built")
    blender.ops.ed.undo()
    assert {kind: len(getattr(blender.data, kind)) for kind in kinds} == before


@pytest.mark.parametrize("moving", [False, True])
def test_the_camera_sees_the_joints_where_the_tracks_are(blender: Any, motion: Make, camera: Camera, moving: bool) -> None:
    clip = motion()
    if moving:
        cameras = tuple(Camera.look_at((7.0, -3.0 + 0.1 * f, 1.5), clip.positions[f, 0], 900.0 + 10 * f, 640, 480)
                        for f in range(24))
    else:
        cameras = (camera,)
    clip = motion(cameras=cameras)
    tracks = np.array([clip.camera(f).project(clip.positions[f]) for f in range(24)])
    tracks[10, 3] = np.nan
    scene = blender.context.scene
    item = _build(clip, tracks=Tracks(tracks, DOG, 30.0, width=640, height=480), match_scene=True)
    circles = next(o for o in blender.data.objects if o.type == "ARMATURE" and o != item)
    for frame in (0, 10, 23):
        places = _play(blender, item, 1 + frame)
        np.testing.assert_allclose(_seen(blender, scene.camera, places), clip.camera(frame).project(clip.positions[frame]),
                                   atol=0.5)
        evaluated = circles.evaluated_get(blender.context.evaluated_depsgraph_get())
        marks = np.array([evaluated.matrix_world @ bone.head for bone in evaluated.pose.bones])
        known = np.isfinite(tracks[frame, :, 0])
        np.testing.assert_allclose(_seen(blender, scene.camera, marks)[known], tracks[frame][known], atol=0.5)
        sizes = np.array([bone.matrix.to_scale().x for bone in evaluated.pose.bones])
        np.testing.assert_allclose(sizes, known.astype(float), atol=1e-5)


@pytest.mark.parametrize(("scene_fps", "start"), [(30, 1.0), (24, 1.0), (60, 5.5)])
def test_the_footage_plays_in_time_with_the_keys(
        blender: Any, motion: Make, camera: Camera, tmp_path: Any, scene_fps: int, start: float) -> None:
    from bestiary.scene.footage import Film

    for number in range(7, 40):
        image = blender.data.images.new("frame", 8, 8)
        image.filepath_raw, image.file_format = str(tmp_path / f"dog_{number:04d}.png"), "PNG"
        image.save()
        blender.data.images.remove(image)
    scene = blender.context.scene
    scene.render.fps = scene_fps
    clip = motion(cameras=(camera,), frame_numbers=np.arange(3, 27))
    _build(clip, film=Film(tmp_path / "dog_0007.png"), start=start)
    data = next(o for o in blender.data.objects if o.type == "CAMERA" and o.name.startswith("clip")).data
    shown = []
    for time in np.arange(np.ceil(start), start + 20 * scene_fps / 30):
        scene.frame_set(int(time))
        user = data.evaluated_get(blender.context.evaluated_depsgraph_get()).background_images[0].image_user
        shown.append((time, min(time - user.frame_start + 1, user.frame_duration) + user.frame_offset))
    for time, picture in shown:
        assert picture == 7 + 3 + np.floor((time - start) * 30 / scene_fps + 0.5), (time, picture)


def test_bones_have_sides_that_blender_mirrors_and_lie_about_the_middle(blender: Any, motion: Make) -> None:
    item = _build(motion())
    bones = item.data.bones
    assert {c.name for c in item.data.collections} == {"Left", "Right", "Middle"}
    left, right = bones["left_elbow"], bones["right_elbow"]
    assert left.head_local.x > right.head_local.x, "the left side on +X of the armature"
    assert left.color.palette != right.color.palette
    assert bones["left_front_paw"].parent == left and "left_hip_link" in bones and "right_hip_link" in bones
    assert bones["neck"].parent == bones["spine"] and bones["neck"].use_connect


def test_a_rigs_own_clip_needs_no_links(motion: Make) -> None:
    """Children that keep their place beside one another hang on one bone, as in the rig that the clip came from."""
    from bestiary.animal.rotations import matrix_from_axis_angle

    rng = np.random.default_rng(0)
    turns = matrix_from_axis_angle(rng.normal(size=(12, 15, 3)) * 0.4)
    places = np.zeros((12, 15, 3))
    whole = turns.copy()
    for joint in DOG.order:
        above = DOG.parents[joint]
        if above >= 0:
            places[:, joint] = places[:, above] + whole[:, above] @ (REST[joint] - REST[above])
            whole[:, joint] = whole[:, above] @ turns[:, joint]
    solved = bones_of(Motion(places, DOG, 30.0))
    assert sorted(solved.layout.names) == sorted(DOG.names)


def test_how_sure_it_is_and_where_it_came_from_stay_with_the_rig(blender: Any, motion: Make) -> None:
    from bestiary.scene.skeleton_rig import read_record

    sure = np.linspace(0.01, 0.05, 24)[:, None] * np.ones(15)
    item = _build(motion(uncertainty=sure, species="dog", source="footage", fps=29.97))
    record = read_record(item)
    assert (record.label, record.species, record.source, record.fps, record.frames) == ("Rex", "dog", "footage", 29.97, 24)
    _play(blender, item, 1.0)
    evaluated = item.evaluated_get(blender.context.evaluated_depsgraph_get())
    assert evaluated.pose.bones["nose"]["uncertainty"] == pytest.approx(0.01, abs=1e-6)


def test_one_frame_one_joint_and_nothing_known(blender: Any, motion: Make) -> None:
    clip = motion(frames=1)
    np.testing.assert_allclose(_play(blender, _build(clip), 1.0), clip.positions[0], atol=1e-4)
    point = Motion(np.array([[[1.0, 2.0, 0.5]], [[2.0, 2.0, 0.5]]]), Skeleton(("nose",), (-1,)), 30.0)
    np.testing.assert_allclose(_play(blender, _build(point), 1 + 24 / 30, ("nose",)), [[2.0, 2.0, 0.5]], atol=1e-4)
    count = len(blender.data.objects)
    with pytest.raises(ValueError, match="no joint is known"):
        _build(Motion(np.full((3, 15, 3), np.nan), DOG, 30.0))
    assert len(blender.data.objects) == count


def test_footage_that_cannot_be_read_leaves_nothing_behind(blender: Any, motion: Make, camera: Camera, tmp_path: Any) -> None:
    from bestiary.scene.footage import Film, FootageError

    (tmp_path / "words.mp4").write_text("no film")
    before = len(blender.data.objects), len(blender.data.actions), len(blender.data.images), blender.context.scene.render.fps
    for name in ("words.mp4", "absent.mov"):
        with pytest.raises(FootageError, match=name):
            _build(motion(cameras=(camera,), fps=50.0), film=Film(tmp_path / name), match_scene=True)
    scene = blender.context.scene
    assert (len(blender.data.objects), len(blender.data.actions), len(blender.data.images), scene.render.fps) == before
