"""An animator's way from tracks to motion in a real window: import, lift, look, undo, with screenshots.

Run by Blender, see `window_driver.py`; `test_window.py` does that. `--photo` is the film, `--hints` the tracks beside it.
Writes `outcome.json` and `NN_name.png`.
"""

import json
import sys
import time
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).resolve().parent))

from window_driver import open_sidebar, part, run, start

PATIENCE = 600.0


def story(driver):
    """The whole flow. Yields seconds to wait."""
    outcome = {"version": bpy.app.version_string}
    yield from start(driver)
    session = part("session").session
    tracks = Path(driver.options.hints)
    with driver.in_view():  # as if the file was dropped on the sidebar
        bpy.ops.bestiary.import_tracks("INVOKE_DEFAULT", directory=str(tracks.parent), files=[{"name": tracks.name}])
    yield from until_idle(session)
    footage = bpy.context.scene.bestiary_footage
    outcome["animals"], outcome["film"] = [one.name for one in footage.animals], Path(footage.film).name
    yield 1.0
    footage.kind = "German Shepherd"
    yield from driver.shot("footage_panel")
    outcome["offline_at_first"] = not bpy.app.online_access
    yield from driver.push("extensions.userpref_allow_online")
    yield 0.5

    yield from driver.push("bestiary.lift")
    seen, shown, began = set(), False, time.monotonic()
    while session.busy and time.monotonic() - began < PATIENCE:
        seen.add(session.task.stage)
        if not shown and session.task.fraction > 0.2:
            shown = True
            yield from driver.shot("lifting")
            continue
        yield 0.05
    outcome["stages"], outcome["error"] = sorted(seen - {""}), session.error
    yield 1.0
    outcome["rigs"] = [item.name for item in bpy.data.objects if item.type == "ARMATURE"]
    outcome["summary"], outcome["fps"] = list(session.summary), bpy.context.scene.render.fps
    yield from look(driver)
    outcome["undo"] = yield from undo_and_redo(driver)
    outcome["clip"] = yield from from_clip(driver, tracks)
    return outcome


def until_idle(session):
    """Wait until nothing runs."""
    began = time.monotonic()
    while session.busy and time.monotonic() - began < PATIENCE:
        yield 0.05


def look(driver):
    """The skeleton from the side, then through its camera, a second into the motion."""
    view = driver.region("VIEW_3D")
    middle = view.x + view.width * 0.4, view.y + view.height / 2
    bpy.context.scene.frame_set(28)
    rig = next(item for item in bpy.data.objects if item.get("bestiary_motion"))
    rig.select_set(True)
    driver.move(*middle)
    yield 1.0
    bpy.context.view_layer.objects.active = rig
    with driver.in_view():
        bpy.ops.object.mode_set(mode="POSE")
        bpy.ops.pose.select_all(action="SELECT")
        bpy.ops.view3d.view_selected()
        bpy.ops.pose.select_all(action="DESELECT")
    yield 2.0
    yield from driver.shot("skeleton")
    yield from driver.push("bestiary.look_through")
    driver.move(*middle)
    yield 1.0
    with driver.in_view():
        bpy.ops.view3d.view_center_camera()
    yield 2.0
    yield from driver.shot("through_the_camera")
    bpy.context.scene.frame_set(50)
    yield from driver.shot("later")
    with driver.in_view():
        bpy.ops.object.mode_set(mode="OBJECT")


def undo_and_redo(driver):
    """Ctrl-Z takes the motion away in one step and Ctrl-Shift-Z brings it back."""
    counts = [len(bpy.data.armatures)]
    for more in ({}, {"shift": True}):
        driver.tap("Z", ctrl=True, **more)
        yield 1.5
        counts.append(len(bpy.data.armatures))
    return counts


def from_clip(driver, tracks):
    """The same points as markers of a movie clip, taken in the Movie Clip Editor; gives what the panel lists then."""
    (dog,) = json.loads(tracks.read_text("utf-8"))["animals"]
    clip = bpy.data.movieclips.load(driver.options.photo)
    width, height = clip.size
    for joint, name in enumerate(dog["names"]):
        track = clip.tracking.tracks.new(name=name, frame=1)
        for frame, row in enumerate(dog["points"]):
            marker = track.markers.insert_frame(1 + frame, co=((row[joint] or (0, 0))[0] / width, 1 - (row[joint] or (0, 0))[1] / height))
            marker.mute = row[joint] is None
    area = driver.area("VIEW_3D")
    area.type = "CLIP_EDITOR"
    area.spaces.active.clip = clip
    yield 1.0
    yield from open_sidebar(driver, "CLIP_EDITOR")
    yield from driver.push("bestiary.clip_tracks", "CLIP_EDITOR")
    yield from driver.shot("clip_editor")
    footage = bpy.context.scene.bestiary_footage
    animal = footage.active()
    return [footage.clip.name, animal.joints, animal.frames, round(animal.seen, 2), round(animal.fps)]


run(story)
