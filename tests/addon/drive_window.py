"""A whole session of an animator in a real window: from an empty file to a rig, with screenshots.

Run by Blender, see `window_driver.py`; `test_window.py` does that. Writes `outcome.json` and `NN_name.png`.
"""

import json
import sys
import time
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).resolve().parent))

from window_driver import MODULE, open_sidebar, part, run, start

POINTS = ("nose", "right_front_paw", "left_front_paw", "left_hind_paw", "right_hind_paw")
"""The five clicks; what the tool asks for besides is skipped with the space bar."""
PATIENCE = 120.0


def story(driver):
    """The whole flow. Yields seconds to wait."""
    options, hints = driver.options, json.loads(Path(driver.options.hints).read_text("utf-8"))
    outcome = {"version": bpy.app.version_string}
    yield from start(driver)
    yield from driver.shot("panel_empty")
    with bpy.context.temp_override(window=driver.window, area=driver.area("VIEW_3D")):
        bpy.ops.bestiary.open_photo(filepath=options.photo)
    photo = bpy.context.scene.bestiary.photo
    yield 1.0

    yield from driver.push("bestiary.draw_box")
    yield 1.5
    box = hints["box"]
    yield from driver.drag(driver.on_photo(box[0], box[1]), driver.on_photo(box[2], box[3]))
    yield 0.5
    marked = photo.bestiary.animals[0]
    outcome["box_error"] = max(abs(a - b) for a, b in zip(marked.box, box, strict=True)) if marked.has_box else None

    yield from driver.push(".kind")
    yield from driver.type(hints["species"])
    yield from driver.shot("species")
    driver.tap("RET")
    yield 0.8
    outcome["kind"] = marked.kind
    yield from driver.shot("box")

    yield from place_points(driver, photo, hints["keypoints"], outcome)
    outcome["offline_at_first"] = not bpy.app.online_access
    yield from driver.push("extensions.userpref_allow_online")
    yield 0.5

    yield from driver.push("bestiary.reconstruct")
    seen = set()
    began = time.monotonic()
    session = part("session").session
    shown = False
    while session.busy and time.monotonic() - began < PATIENCE:
        seen.add(session.task.stage)
        if not shown and session.task.fraction > 0.2:
            shown = True
            yield from driver.shot("progress")
            continue
        yield 0.1
    outcome["stages"] = sorted(seen - {""})
    outcome["error"] = session.error
    yield 2.0
    rigs = [item.name for item in bpy.data.objects if item.type == "ARMATURE"]
    outcome["rigs"], outcome["summary"] = rigs, list(session.summary)
    yield from look_at(driver, rigs)
    yield from open_sidebar(driver, "IMAGE_EDITOR")
    yield from driver.shot("image_editor")
    driver.area("IMAGE_EDITOR").spaces.active.show_region_ui = False

    outcome["undo"] = yield from undo_and_redo(driver)
    yield from show_preferences(driver)
    return outcome


def look_at(driver, rigs):
    """The rig by itself, then through the photo's camera."""
    view = driver.region("VIEW_3D")
    middle = view.x + view.width / 2, view.y + view.height / 2
    driver.area("VIEW_3D").spaces.active.show_region_ui = False
    for name in rigs:
        bpy.data.objects[name].select_set(True)
    driver.move(*middle)
    yield 0.5
    driver.tap("NUMPAD_PERIOD")
    yield 2.0
    yield from driver.shot("result")
    yield from open_sidebar(driver)
    yield from driver.push("view3d.view_camera")
    driver.area("VIEW_3D").spaces.active.show_region_ui = False
    driver.move(*middle)
    yield 0.5
    driver.tap("HOME")
    yield 1.5
    yield from driver.shot("camera")


def place_points(driver, photo, keypoints, outcome):
    """Five points: some wrong on purpose, to use undo, skip and swap too."""
    yield from driver.push("bestiary.place_points")
    yield 1.0
    order = part("point_names").asking_order()
    state = part("tool_state")
    yield from driver.click(*driver.on_photo(*keypoints["nose"]))
    yield from driver.click(*driver.on_photo(20, 20))  # the tail is not there
    driver.tap("Z", ctrl=True)
    yield 0.4
    wanted = [name for name in POINTS if name in keypoints]
    done = 1
    for name in order:
        if done == len(wanted):
            break
        if state.running.editor.next_name != name or name in ("nose",):
            continue
        if name not in wanted:
            driver.tap("SPACE")
            yield 0.3
            continue
        yield from driver.click(*driver.on_photo(*keypoints[name]))
        done += 1
        if done == 3:
            driver.move(*driver.on_photo(400, 300))
            yield from driver.shot("points")
    driver.tap("F")
    yield 0.3
    driver.tap("F")
    yield 0.3
    driver.move(*driver.on_photo(430, 420))
    yield from driver.shot("points_done")
    driver.tap("RET")
    yield 0.8
    placed = photo.bestiary.animals[0].as_dict()
    outcome["points"] = {name: list(position) for name, position in placed.items()}
    outcome["point_error"] = max(
        max(abs(a - b) for a, b in zip(position, keypoints[name], strict=True)) for name, position in placed.items()
    )


def show_preferences(driver):
    """The add-on's preferences, in the place of the 3D view."""
    bpy.context.preferences.active_section = "ADDONS"
    bpy.context.window_manager.addon_search = "Bestiary"
    area = driver.area("VIEW_3D")
    area.type = "PREFERENCES"
    yield 1.0
    with bpy.context.temp_override(window=driver.window, area=area):
        bpy.ops.preferences.addon_expand(module=MODULE)
        bpy.ops.bestiary.check_server()
    yield 1.0
    yield from driver.shot("preferences")


def undo_and_redo(driver):
    """Ctrl-Z takes the rig away in one step and Ctrl-Shift-Z brings it back."""
    counts = [len(bpy.data.armatures)]
    for more in ({}, {"shift": True}):
        driver.tap("Z", ctrl=True, **more)
        yield 1.5
        counts.append(len(bpy.data.armatures))
    return counts


run(story)
