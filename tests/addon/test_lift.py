"""From tracks to a motion in Blender, without a window, against a real server."""

import json
import threading

import numpy as np
import pytest

bpy = pytest.importorskip("bpy", reason="bpy is not installed")
pytestmark = pytest.mark.blender

from tracked_dog import NAMES, animal, blocks, import_tracks, walk  # noqa: E402


@pytest.fixture
def write(tmp_path):
    """Writes a file of tracks and gives its path."""

    def make(*animals, name="dog.json"):
        path = tmp_path / name
        path.write_text(json.dumps({"format": "bestiary-tracks/1", "animals": list(animals)}))
        return path

    return make


@pytest.fixture
def footage(addon, server):
    """The scene's footage, the server set."""
    addon.address = server
    return bpy.context.scene.bestiary_footage


def lift():
    return bpy.ops.bestiary.lift("EXEC_DEFAULT", True)


def skeleton():
    from bestiary.scene.skeleton_rig import skeletons

    return skeletons(bpy.context.scene.collection)[0]


def test_import_lists_the_animals_and_says_what_was_assumed(footage, write):
    import_tracks(write(animal("Rex"), animal("Bella", walk(7))))
    assert [(a.name, a.joints, a.frames) for a in footage.animals] == [("Rex", 8, 20), ("Bella", 8, 7)]
    assert footage.active().name == "Rex" and footage.animals[0].fps == pytest.approx(29.97)
    table = write(name="plain.csv")
    table.write_text("frame,name,x,y\n" + "".join(f"{f},{n},{x},{y}\n" for f, row in enumerate(walk(5))
                                                    for n, (x, y) in zip(NAMES, row, strict=True)))
    import_tracks(table)
    assert [a.name for a in footage.animals] == ["plain"] and "30 are assumed" in footage.notes


def test_twelve_animals_in_one_file(footage, write):
    import_tracks(write(*[animal(f"cow {i}", walk() + i) for i in range(12)]))
    assert len(footage.animals) == 12
    footage.active_animal = 7
    lift()
    assert skeleton().name == "cow 7"


@pytest.mark.parametrize(("name", "data", "message"), [
    ("photo.json", b"\x89PNG\r\n\x1a\n", "PNG picture"), ("empty.csv", b"", "empty"), ("cut.json", b'{"format": "bestiary', "cut off"),
    ("words.csv", b"this is\nno table", "words.csv"), ("clip.mp4", b"\0\0\0\x20ftypisom", "movie"),
])
def test_a_file_that_holds_no_tracks_is_told_and_changes_nothing(footage, tmp_path, name, data, message):
    from bestiary.addon.session import session

    (tmp_path / name).write_bytes(data)
    with pytest.raises(RuntimeError, match=message):
        import_tracks(tmp_path / name)
    assert not footage.animals and session.about == "footage"
    with pytest.raises(RuntimeError, match=r"absent\.json"):
        import_tracks(tmp_path / "absent.json")


def test_hdf5_is_read_by_the_server(footage, tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "mouse.h5", "w") as file:
        file["tracks"] = walk().transpose(2, 1, 0)[None]
        file["node_names"] = [name.encode() for name in NAMES]
        file["track_names"] = [b"mouse"]
    import_tracks(tmp_path / "mouse.h5")
    assert [(a.joints, a.frames) for a in footage.animals] == [(8, 20)]
    lift()
    assert set(NAMES) <= set(skeleton().data.bones.keys())


def test_lift_builds_a_skeleton_that_the_camera_sees_on_the_tracks(footage, write):
    from bpy_extras.object_utils import world_to_camera_view

    from bestiary.addon.session import session
    from bestiary.scene.skeleton_rig import joint_places, read_record

    scene = bpy.context.scene
    before = (scene.render.fps, scene.frame_start, scene.frame_end, scene.camera, scene.render.resolution_x, scene.frame_current)
    import_tracks(write(animal()))
    bpy.ops.ed.undo_push(message="before")
    count = blocks()
    assert lift() == {"FINISHED"}
    assert (scene.render.fps, scene.frame_start, scene.frame_end, scene.camera, scene.render.resolution_x,
            scene.frame_current) == before
    rig = skeleton()
    assert read_record(rig).fps == pytest.approx(29.97) and session.summary == ["Rex: 20 frames, 8 joints, points 0.0 px off"]
    camera = next(item for item in bpy.data.objects if item.type == "CAMERA")
    scene.render.resolution_x, scene.render.resolution_y = 640, 480
    for frame in (0, 19):
        time = 1 + frame * scene.render.fps / 29.97
        scene.frame_set(int(time), subframe=time % 1)
        places = joint_places(rig, tuple(NAMES))
        from mathutils import Vector

        seen = [world_to_camera_view(scene, camera, Vector(p)) for p in places.tolist()]
        np.testing.assert_allclose([(640 * v.x, 480 * (1 - v.y)) for v in seen], walk()[frame], atol=0.5)
    bpy.ops.ed.undo()
    assert blocks() == count
    bpy.ops.ed.redo()
    assert len(bpy.data.armatures) == 2


def test_points_that_are_never_seen_are_left_out_by_name(footage, write):
    from bestiary.addon.session import session

    points = walk()
    points[:, 7] = np.nan
    points[5:9] = np.nan
    import_tracks(write(animal(points=points)))
    lift()
    assert "tail_base" in session.warnings[0] and "tail_base" not in skeleton().data.bones
    assert session.summary[0].startswith("Rex: 16 of 20 frames, 7 joints")


def test_one_frame_will_do(footage, write):
    import_tracks(write(animal(points=walk(1))))
    assert lift() == {"FINISHED"}


def test_set_up_scene_gives_it_the_footages_rate_length_and_size(footage, write):
    import_tracks(write(animal()))
    footage.match_scene = True
    lift()
    scene = bpy.context.scene
    assert scene.render.fps / scene.render.fps_base == pytest.approx(29.97, rel=1e-6)
    assert (scene.frame_start, scene.frame_end, scene.render.resolution_x, scene.render.resolution_y) == (1, 20, 640, 480)
    assert scene.camera is not None


def test_what_the_animator_says_goes_before_what_the_file_says(footage, write, addon):
    from bestiary.scene.skeleton_rig import read_record

    import_tracks(write(animal()))
    footage.use_fps, footage.fps = True, 50.0
    footage.kind, footage.use_lens, footage.lens_mm, footage.match_scene = "Fox", True, 72.0, True
    path = write(name="chain.json")
    path.write_text(json.dumps({"names": ["tail_base", "withers", "nose"], "bones": [["tail_base", "withers"], ["withers", "nose"]]}))
    footage.skeleton = str(path)
    lift()
    record = read_record(skeleton())
    assert (record.fps, record.species) == (50.0, "fox") and set(record.bones) == {"tail_base", "withers", "nose"}
    camera = next(item for item in bpy.data.objects if item.type == "CAMERA")
    assert camera.data.lens == pytest.approx(72.0, rel=1e-4)


def test_the_size_is_the_species_or_what_the_animator_says(footage, write, addon):
    from bestiary.addon.models import current_model
    from bestiary.addon.operators.lift import lift_options

    import_tracks(write(animal()))
    assert "metres" not in lift_options(footage, addon)
    footage.kind = "Fox"
    said = lift_options(footage, addon)
    assert said["metres"] == current_model().species["fox"].shoulder_height_m and said["measures"] == "height"
    footage.use_size, footage.size_m, footage.measures = True, 1.5, "length"
    said = lift_options(footage, addon)
    assert (said["metres"], said["measures"]) == (1.5, "length")


@pytest.mark.parametrize(("change", "message"), [
    ({"skeleton": "centaur"}, "centaur"), ({"kind": "unicorn"}, "unicorn"), ({"film": "/nowhere/film.mp4"}, "no film"),
])
def test_choices_that_cannot_be_met_are_told_before_anything_is_sent(footage, write, change, message):
    import_tracks(write(animal()))
    for name, value in change.items():
        setattr(footage, name, value)
    with pytest.raises(RuntimeError, match=message):
        lift()
    assert not bpy.data.armatures


def test_a_lens_needs_the_pictures_size(footage, write):
    import_tracks(write(animal(width=None, height=None)))
    footage.use_lens = True
    with pytest.raises(RuntimeError, match="how large the picture is"):
        lift()


def test_a_film_that_blender_cannot_read_does_not_cost_the_motion(footage, write, tmp_path):
    from bestiary.addon.session import session

    (tmp_path / "dog.mp4").write_text("no film")
    import_tracks(write(animal(), name="dogDLC_resnet50.json"))
    assert footage.film == str(tmp_path / "dog.mp4"), "the movie beside the tracks is found"
    assert lift() == {"FINISHED"}
    assert "film is not shown" in session.warnings[0] and skeleton()


def test_the_engines_refusal_and_a_missing_server_are_told(footage, write, addon):
    from bestiary.addon.session import session

    import_tracks(write(animal("refused")))
    with pytest.raises(RuntimeError, match="contradict each other"):
        lift()
    assert session.advice == "Look at left and right." and session.about == "footage"
    addon.address = "tcp://127.0.0.1:9"
    with pytest.raises(RuntimeError, match="No Bestiary server answers"):
        lift()
    bpy.context.preferences.system.use_online_access = False
    with pytest.raises(RuntimeError, match="Allow Online Access"):
        lift()
    assert not bpy.data.armatures


def test_swapped_sides_are_told(footage, write):
    from bestiary.addon.session import session

    import_tracks(write(animal("swapped")))
    lift()
    assert session.warnings == ["Left and right were mixed up in the tracks and put right: frames 3 to 5"]


def test_a_cancelled_lift_ends_at_the_server_too(footage, write, server):
    from bestiary.addon.background import Task
    from bestiary.addon.conversation import Server
    from bestiary.addon.conversation import lift as ask
    from bestiary.addon.lifting import LiftQuestion
    from bestiary.animal.tracks import load_tracks
    from serving import quick_client, wait_until

    (tracks,) = load_tracks(write(animal("slow")))
    task = Task(lambda progress, cancel: ask(LiftQuestion(tracks), Server(server), progress, cancel)).start()
    wait_until(lambda: task.drain() and task.fraction > 0)
    task.cancel()
    wait_until(lambda: task.drain() and task.outcome is not None)
    assert task.outcome.cancelled
    with quick_client(server) as client:
        wait_until(lambda: client.status().workers[0].state == "idle")
    assert ask(LiftQuestion(load_tracks(write(animal()))[0]), Server(server), None, threading.Event()).summary


def test_tracks_are_read_again_in_a_file_that_was_opened_later(footage, write, tmp_path, addon):
    from bestiary.addon import footage as memory

    import_tracks(write(animal()))
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "dog.blend"))
    memory.forget()
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "dog.blend"))
    assert bpy.context.scene.bestiary_footage.active().name == "Rex"
    assert lift() == {"FINISHED"} and skeleton()


def test_a_motion_on_disk_opens_without_a_server(addon, tmp_path):
    from bestiary.animal.motion import Motion, save_motion
    from bestiary.animal.skeleton import Skeleton

    places = np.concatenate([walk(9) / 100, np.ones((9, 8, 1))], axis=2)
    save_motion(tmp_path / "dog.npz", Motion(places, Skeleton(tuple(NAMES), (-1, 0, 1, 1, 1, 0, 0, 0)), 60.0))
    assert bpy.ops.bestiary.open_motion("EXEC_DEFAULT", True, filepath=str(tmp_path / "dog.npz")) == {"FINISHED"}
    assert skeleton().name == "dog" and bpy.context.scene.render.fps == 24
    (tmp_path / "words.npz").write_text("no motion")
    with pytest.raises(RuntimeError, match="words"):
        bpy.ops.bestiary.open_motion(filepath=str(tmp_path / "words.npz"))


# --- the markers of a movie clip ------------------------------------------------------------------------------------------


@pytest.fixture
def clip(addon, tmp_path):
    """A clip of 12 numbered pictures, tracked; its third frame is the first with markers."""
    for number in range(1, 13):
        image = bpy.data.images.new("frame", 64, 48)
        image.filepath_raw, image.file_format = str(tmp_path / f"cat_{number:03d}.png"), "PNG"
        image.save()
        bpy.data.images.remove(image)
    clip = bpy.data.movieclips.load(str(tmp_path / "cat_001.png"))
    assert clip.source == "SEQUENCE"
    points = walk(10) / 10.0
    for joint, name in enumerate(NAMES):
        track = clip.tracking.tracks.new(name=name, frame=3)
        for row, (x, y) in enumerate(points[:, joint]):
            marker = track.markers.insert_frame(3 + row, co=(x / 64, 1 - y / 48))
            marker.mute = name == "nose" and row in (4, 5)
    return clip


def test_markers_of_a_movie_clip_are_tracks(footage, clip):
    from bestiary.addon.footage import read_clip

    bpy.context.scene.render.fps = 25
    (tracks,) = read_clip(clip, bpy.context.scene).tracks
    assert (tracks.width, tracks.height, tracks.fps, tracks.focal) == (64, 48, 25.0, None)
    assert tracks.frame_numbers.tolist() == list(range(2, 12)) and list(tracks.skeleton.names) == NAMES
    expected = walk(10) / 10.0
    expected[4:6, NAMES.index("nose")] = np.nan
    np.testing.assert_allclose(tracks.points, expected, atol=1e-3)
    assert tracks.skeleton.parents[NAMES.index("nose")] >= 0


def test_a_clips_motion_plays_where_the_clip_plays(footage, clip):
    scene = bpy.context.scene
    scene.render.fps = 25
    clip.frame_start = 101
    bpy.ops.bestiary.clip_tracks()
    assert footage.clip == clip and footage.animals[0].name == "Cat 001"
    lift()
    first, last = skeleton().animation_data.action.frame_range
    assert (first, last) == (103, 112)
    camera = next(item for item in bpy.data.objects if item.type == "CAMERA").data
    user = camera.background_images[0].image_user
    assert camera.background_images[0].image.source == "SEQUENCE"
    assert 103 - user.frame_start + 1 + user.frame_offset == 3, "the third picture at the first key"


def test_a_clip_without_tracks_is_told(footage, clip):
    bpy.data.movieclips.remove(clip)
    assert not bpy.ops.bestiary.clip_tracks.poll()


def test_every_object_of_a_clip_is_an_animal(footage, clip):
    from bestiary.addon.footage import read_clip

    other = clip.tracking.objects.new("Tom")
    for name in ("nose", "tail_base"):
        track = other.tracks.new(name=name, frame=1)
        track.markers.insert_frame(2, co=(0.5, 0.25))
    found = read_clip(clip, bpy.context.scene).tracks
    assert [one.label for one in found] == ["Cat 001", "Tom"]
    np.testing.assert_allclose(found[1].points[-1], [[32, 36], [32, 36]], atol=1e-3)


def test_a_solved_camera_carries_the_motion(footage, addon, tmp_path):
    """Markers of still points seen by a camera on the move: solved by Blender, sent along, and back with the motion."""
    from bestiary.animal.cameras import Camera
    from bestiary.scene.clip_tracks import solved_cameras
    from bestiary.scene.skeleton_rig import joint_places

    for number in range(1, 13):
        image = bpy.data.images.new("frame", 640, 480)
        image.filepath_raw, image.file_format = str(tmp_path / f"pan_{number:03d}.png"), "PNG"
        image.save()
        bpy.data.images.remove(image)
    clip = bpy.data.movieclips.load(str(tmp_path / "pan_001.png"))
    points = np.random.default_rng(0).uniform(-1, 1, (30, 3))
    cameras = [Camera.look_at((5 * np.sin(0.1 * f), -5 * np.cos(0.1 * f), 1 + 0.05 * f), (0, 0, 0), 700, 640, 480) for f in range(12)]
    for number, point in enumerate(points):
        track = clip.tracking.tracks.new(name=f"point {number}", frame=1)
        for frame, camera in enumerate(cameras):
            x, y = camera.project(point)
            track.markers.insert_frame(1 + frame, co=(x / 640, 1 - y / 480))
    inside = clip.tracking.camera
    inside.units = "PIXELS"
    inside.focal_length_pixels = 700
    part = clip.tracking.objects[0]
    part.keyframe_a, part.keyframe_b = 1, 10
    window = bpy.context.window_manager.windows[0]
    area = window.screen.areas[0]
    area.type, area.spaces.active.clip = "CLIP_EDITOR", clip
    with bpy.context.temp_override(window=window, area=area, region=next(r for r in area.regions if r.type == "WINDOW")):
        bpy.ops.clip.solve_camera("EXEC_DEFAULT")
    scene = bpy.context.scene
    bundles = np.array([track.bundle for track in clip.tracking.tracks])
    for frame, camera in enumerate(solved_cameras(clip, range(12), scene)):
        np.testing.assert_allclose(camera.project(bundles), cameras[frame].project(points), atol=0.01)

    bpy.ops.bestiary.clip_tracks(clip=clip.name)
    footage.use_solved = True
    lift()
    item = next(one for one in bpy.data.objects if one.type == "CAMERA")
    assert skeleton().animation_data.action.frame_range[1] == pytest.approx(12.0)
    scene.frame_set(7)
    (expected,) = solved_cameras(clip, [6], scene)
    np.testing.assert_allclose(np.array(item.evaluated_get(bpy.context.evaluated_depsgraph_get()).matrix_world.translation),
                               expected.position, atol=1e-4)
    seen = expected.project(joint_places(skeleton(), ("point 3",)))
    np.testing.assert_allclose(seen[0], cameras[6].project(points[3]), atol=0.5)
