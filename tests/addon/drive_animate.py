"""Animate from Footage in a real window: the preview while it runs, Escape keeps what is done, one undo step, and other files meanwhile.

Run by Blender, see `window_driver.py`; `test_window.py` does that. `--hints` are tracks of an animal called `slow`, which the engine
for tests hands on by half and then works on until it is cancelled.
"""

import sys
import time
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).resolve().parent))

from window_driver import part, run, start


def begin(driver):
    """Import the tracks, press the button, and wait until half of the clip is there."""
    session, tracks = part("session").session, Path(driver.options.hints)
    with driver.in_view():
        bpy.ops.bestiary.import_tracks("INVOKE_DEFAULT", directory=str(tracks.parent), files=[{"name": tracks.name}])
    yield from until(lambda: not session.busy)
    bpy.context.scene.bestiary_footage.kind = "Dog"
    yield 1.0
    yield from driver.push("bestiary.animate")
    preview = part("clip_preview")
    yield from until(lambda: preview._shown is not None and preview._shown.answer is not None)
    return session


def until(done, seconds=60):
    """Wait for something."""
    began = time.monotonic()
    while not done() and time.monotonic() - began < seconds:
        yield 0.1
    assert done(), "it never came"


def story(driver):
    """The flow, then another file while a clip runs."""
    outcome = {"version": bpy.app.version_string}
    yield from start(driver)
    bpy.context.preferences.system.use_online_access = True
    session = yield from begin(driver)
    count = len(bpy.data.objects)
    bpy.context.scene.frame_set(6)
    view = driver.region("VIEW_3D")
    driver.move(view.x + view.width * 0.4, view.y + view.height / 2)
    yield from driver.shot("preview")
    outcome["objects_while_it_runs"] = len(bpy.data.objects) - count
    driver.tap("ESC")
    yield from until(lambda: not session.busy)
    yield 1.0
    outcome["rigs"] = [item.name for item in bpy.data.objects if item.type == "ARMATURE" and "bestiary_rig" in item]
    outcome["warnings"], outcome["preview_gone"] = list(session.warnings), part("clip_preview")._handle is None
    yield from driver.shot("kept")
    outcome["undo"] = [len(bpy.data.armatures)]
    for more in ({}, {"shift": True}):
        driver.tap("Z", ctrl=True, **more)
        yield 1.5
        outcome["undo"].append(len(bpy.data.armatures))
    session = yield from begin(driver)
    bpy.ops.wm.read_homefile(use_empty=False, load_ui=False)
    yield 1.0
    outcome["busy_after_load"], outcome["preview_after_load"] = session.busy, part("clip_preview")._handle is not None
    return outcome


run(story)
