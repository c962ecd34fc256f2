"""From tracks to animals in motion in Blender, without a window, against a real server."""

import threading
import time

import numpy as np
import pytest

bpy = pytest.importorskip("bpy", reason="bpy is not installed")
pytestmark = pytest.mark.blender

from tracked_dog import NAMES, animal, blocks, import_tracks, walk  # noqa: E402


@pytest.fixture
def write(tmp_path):
    """Writes a file of tracks and gives its path."""
    import json

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


def animate():
    return bpy.ops.bestiary.animate("EXEC_DEFAULT", True)


def rigs():
    from bestiary.scene import rig

    return rig.rigs(bpy.context.scene.collection)


def keys(item):
    """The frames at which a rig is keyed."""
    from bestiary.scene import compat

    return sorted({round(point.co[0], 3) for curve in compat.action_curves(item.animation_data.action) for point in curve.keyframe_points})


def test_one_animal_walks_where_the_server_says_and_nothing_else_changes(footage, write):
    from bestiary.addon.session import session
    from bestiary.scene import rig

    scene = bpy.context.scene
    before = (scene.render.fps, scene.frame_start, scene.frame_end, scene.camera, scene.render.resolution_x, scene.frame_current)
    import_tracks(write(animal(fps=24.0)))
    footage.kind = "dog"
    assert animate() == {"FINISHED"}
    assert (scene.render.fps, scene.frame_start, scene.frame_end, scene.camera, scene.render.resolution_x, scene.frame_current) == before
    (item,) = rigs()
    assert item.name == "Rex" and rig.read_record(item).species == "dog" and rig.body_of(item) is not None
    assert session.summary == ["Rex: 20 frames, points 1.5 px off"] and session.warnings == []
    places = []
    for frame in (1, 20):
        scene.frame_set(frame)
        bpy.context.view_layer.update()
        places.append(np.array(item.matrix_world @ item.pose.bones[0].head))
    np.testing.assert_allclose(places[1] - places[0], [0.05 * 19 * 0.25, 0.0, 0.0], atol=1e-4)
    assert [one.type for one in bpy.data.objects].count("CAMERA") == 1
    assert any(one.name == "Rex tracks" for one in bpy.data.objects), "the tracks are shown before the camera"


def test_frames_keep_their_times_and_unseen_ones_get_no_key(footage, write):
    points = walk(20)
    points[8:12] = np.nan
    import_tracks(write(animal(points=points, fps=30.0)))
    animate()
    (item,) = rigs()
    rate = bpy.context.scene.render.fps / bpy.context.scene.render.fps_base
    found = keys(item)
    assert len(found) == 16 and found[0] == 1.0 and found[1] == pytest.approx(1 + rate / 30, abs=1e-3)
    assert found[-1] == pytest.approx(1 + 19 * rate / 30, abs=1e-3)
    gap = np.diff(found).max()
    assert gap == pytest.approx(5 * rate / 30, abs=1e-2)


def test_only_animals_that_are_ticked_are_made_each_of_its_own_kind(footage, write):
    from bestiary.scene import rig

    import_tracks(write(*[animal(f"cow {i}", walk() + i) for i in range(12)]))
    footage.kind = "cow"
    bpy.ops.bestiary.choose_tracked()
    with pytest.raises(RuntimeError, match="No animal is switched on"):
        animate()
    for i in (3, 7):
        footage.animals[i].use = True
    footage.animals[7].kind = "Horse"
    animate()
    assert [(item.name, rig.read_record(item).species) for item in rigs()] == [("cow 3", "cow"), ("cow 7", "horse")]
    bpy.ops.bestiary.choose_tracked()
    animate()
    assert len(rigs()) == 14, "all twelve besides"


def test_one_undo_step(footage, write):
    import_tracks(write(animal()))
    bpy.ops.ed.undo_push(message="before")
    count = blocks()
    animate()
    assert len(rigs()) == 1
    bpy.ops.ed.undo()
    assert blocks() == count


def test_set_up_scene_and_film(footage, write, tmp_path):
    image = bpy.data.images.new("film", 64, 48)
    for number in range(1, 4):
        image.filepath_raw, image.file_format = str(tmp_path / f"shot{number:04}.png"), "PNG"
        image.save()
    bpy.data.images.remove(image)
    import_tracks(write(animal(fps=29.97)))
    footage.match_scene, footage.film = True, str(tmp_path / "shot0001.png")
    animate()
    scene = bpy.context.scene
    assert scene.render.fps / scene.render.fps_base == pytest.approx(29.97, abs=1e-4)
    assert (scene.frame_start, scene.frame_end, scene.render.resolution_x) == (1, 20, 640) and scene.camera is not None
    assert scene.camera.data.background_images[0].image.source == "SEQUENCE"


def test_one_frame(footage, write):
    import_tracks(write(animal(points=walk(1))))
    animate()
    assert keys(rigs()[0]) == [1.0]


@pytest.mark.parametrize(("change", "message"), [
    ({"names": [f"thing {c}" for c in "abcdefgh"]}, "points of an animal's body"), ({"label": "refused"}, "contradict"),
])
def test_tracks_that_cannot_be_animated_change_nothing(footage, write, change, message):
    if "names" in change:
        made = {**animal(), "names": change["names"]}
    else:
        made = animal(**change)
    import_tracks(write(made))
    count = blocks()
    with pytest.raises(RuntimeError, match=message):
        animate()
    assert blocks() == count


def test_a_film_that_is_missing_and_a_species_that_is_none(footage, write):
    import_tracks(write(animal()))
    footage.film = "/nowhere/film.mp4"
    with pytest.raises(RuntimeError, match="no film"):
        animate()
    footage.film, footage.kind = "", "unicorn"
    with pytest.raises(RuntimeError, match="unicorn"):
        animate()
    assert not rigs()


def test_a_person_is_no_animal(footage, write):
    sides = [f"{side}_{part}" for part in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle") for side in ("left", "right")]
    names = ["nose", "left_eye", "right_eye", "left_ear", "right_ear", *sides]
    points = np.random.default_rng(0).uniform(50, 400, (5, len(names), 2))
    import_tracks(write({**animal(points=points), "names": names, "parents": [-1] + [0] * (len(names) - 1)}))
    with pytest.raises(RuntimeError, match="person"):
        animate()


def test_what_is_done_is_seen_before_the_end_and_kept_when_it_is_cancelled(footage, write):
    """As the modal operator does it: in a thread, with the preview, cancelled half-way."""
    from bestiary.addon import clip_preview
    from bestiary.addon.animating import AnimateQuestion
    from bestiary.addon.background import Task
    from bestiary.addon.clips import PendingClip, finish_clip
    from bestiary.addon.conversation import Server
    from bestiary.addon.conversation import animate as ask
    from bestiary.addon.footage import recall
    from bestiary.addon.lifting import LiftQuestion
    from bestiary.addon.models import current_model
    from bestiary.addon.preferences import preferences
    from bestiary.addon.session import session

    path = write(animal("slow"))
    import_tracks(path)
    model = current_model("")
    question = AnimateQuestion([LiftQuestion(recall(str(path)).tracks[0])], ["slow"], ["dog"], [None], model)
    preview = clip_preview.ClipPreview(model, 1.0, 1.0)
    assert preview.current(1.0) == []
    task = Task(lambda progress, cancel: ask(question, Server(preferences().address), progress, cancel, preview.take)).start()
    end = time.monotonic() + 20
    while preview.answer is None and time.monotonic() < end:
        task.drain()
        time.sleep(0.02)
    assert preview.answer is not None and preview.answer.done == 10
    assert preview.frame_at(5.0) == 4 and preview.frame_at(18.0) == 9, "the last that is done, where it is not yet"
    ((corners, bright),) = preview.current(5.0)
    assert corners.shape == (len(model.faces), 3, 3) and np.isfinite(corners).all() and (bright > 0.3).all()
    assert corners[..., 2].min() == pytest.approx(0.0, abs=1e-4)
    task.cancel()
    while task.outcome is None and time.monotonic() < end:
        task.drain()
        time.sleep(0.02)
    assert task.outcome.cancelled and task.outcome.value.done == 10
    said = []
    pending = PendingClip("Scene", "slow", model, "", 0, None, False, task.outcome.value)
    assert finish_clip(pending, True, lambda kind, text: said.append(text))
    assert len(keys(rigs()[0])) == 10 and session.warnings[0].startswith("Cancelled: what was done is kept, 10 of 20")


def test_stopping_before_anything_is_done_gives_nothing(footage, write):
    from bestiary.addon.animating import AnimateQuestion
    from bestiary.addon.conversation import Server
    from bestiary.addon.conversation import animate as ask
    from bestiary.addon.footage import recall
    from bestiary.addon.lifting import LiftQuestion
    from bestiary.addon.models import current_model
    from bestiary.addon.preferences import preferences

    path = write(animal("mute"))
    import_tracks(path)
    cancel = threading.Event()
    cancel.set()
    question = AnimateQuestion([LiftQuestion(recall(str(path)).tracks[0])], ["Rex"], [None], [None], current_model(""))
    assert ask(question, Server(preferences().address), None, cancel) is None


def test_the_markers_of_a_movie_clip(footage, tmp_path):
    image = bpy.data.images.new("film", 64, 48)
    for number in range(1, 6):
        image.filepath_raw, image.file_format = str(tmp_path / f"run{number:04}.png"), "PNG"
        image.save()
    bpy.data.images.remove(image)
    clip = bpy.data.movieclips.load(str(tmp_path / "run0001.png"))
    for joint, name in enumerate(NAMES):
        track = clip.tracking.objects[0].tracks.new(name=name, frame=1)
        for frame in range(1, 6):
            track.markers.insert_frame(frame, co=(0.1 + 0.1 * joint, 0.5 + 0.01 * frame))
    from bestiary.addon.footage import PendingTracks, fill, read_clip

    found = read_clip(clip, bpy.context.scene)
    fill(footage, PendingTracks("Scene", found, "", clip.name))
    animate()
    (item,) = rigs()
    assert len(keys(item)) == 5
