"""What an impatient animator does while a job runs: cancels, undoes, loads another file, switches the add-on off, quits.

Run by Blender, see `window_driver.py`; `test_window.py` does that. The animal is called `slow`: the engine for tests
works on it until it is cancelled.
"""

import sys
import time
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).resolve().parent))

from window_driver import MODULE, open_sidebar, part, run, start


def begin(driver):
    """Start a job that takes for ever, and wait until it runs."""
    yield from open_sidebar(driver)
    with driver.in_view():
        bpy.ops.bestiary.open_photo(filepath=driver.options.photo)
        animal = bpy.context.scene.bestiary.photo.bestiary.active()
        animal.name, animal.box, animal.has_box = "slow", (10, 10, 300, 300), True
        bpy.ops.bestiary.reconstruct("INVOKE_DEFAULT")
    session = part("session").session
    began = time.monotonic()
    while session.busy and session.task.fraction <= 0 and time.monotonic() - began < 30:
        yield 0.1
    assert session.busy, session.error
    return session


def until_idle(session, seconds=15):
    """Wait until nothing runs."""
    began = time.monotonic()
    while session.busy and time.monotonic() - began < seconds:
        yield 0.1
    assert not session.busy, "still busy"


def story(driver):
    """One fault after the other; the last one is to quit while a job runs."""
    outcome = {"version": bpy.app.version_string}
    yield from start(driver)
    bpy.context.preferences.system.use_online_access = True

    session = yield from begin(driver)
    yield from driver.push("bestiary.cancel")
    yield from until_idle(session)
    outcome["cancelled"] = session.summary

    session = yield from begin(driver)
    driver.tap("Z", ctrl=True)
    yield 1.0
    outcome["busy_after_undo"] = session.busy
    bpy.ops.wm.read_homefile(use_empty=False, load_ui=False)
    yield 1.0
    outcome["busy_after_load"] = part("session").session.busy

    yield from begin(driver)
    thread = part("session").session.task
    bpy.ops.preferences.addon_disable(module=MODULE)
    yield 1.0
    outcome["thread_ended_after_disable"] = thread.stop(5.0)
    bpy.ops.preferences.addon_enable(module=MODULE)
    bpy.context.preferences.addons[MODULE].preferences.address = driver.options.server
    yield 1.0

    with driver.in_view():
        bpy.ops.bestiary.open_photo(filepath=driver.options.photo)
    yield from open_sidebar(driver)
    yield from driver.push("bestiary.place_points")
    yield 1.0
    yield from driver.click(*driver.on_photo(400, 300))
    outcome["placed"] = len(bpy.context.scene.bestiary.photo.bestiary.active().points)
    bpy.ops.wm.read_homefile(use_empty=False, load_ui=False)
    yield 1.0
    outcome["tool_after_load"] = part("tool_state").running is not None

    yield from begin(driver)
    return outcome


run(story)
