"""An animator's first hour with controls in a real window: put them on a walking wolf, pull a foot, convert to Rigify and come back.

Run by Blender, see `window_driver.py`; `test_window.py` does that. `--photo` and `--hints` are not used. Writes `outcome.json` and
`NN_name.png`.
"""

import sys
import time
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).resolve().parent))

from window_driver import MODULE, run, start

FOOT = "CTL-foot_front.L"


def story(driver):
    """The whole flow. Yields seconds to wait."""
    outcome = {"version": bpy.app.version_string}
    yield from start(driver)
    wolf = yield from walking_wolf(driver)
    yield from driver.shot("before")
    yield from driver.push("bestiary.add_controls")
    outcome["controls"] = sum(bone.name.startswith("CTL-") for bone in wolf.data.bones)
    outcome["action"] = wolf.animation_data.action.name
    yield from driver.shot("controls")
    with driver.in_view():
        bpy.ops.object.mode_set(mode="POSE")
        bpy.ops.ed.undo_push(message="Pose mode")
    yield from away_from_tips(driver)
    yield from driver.shot("pose")
    yield from closer(driver)
    outcome["pulled"] = yield from pull_foot(driver, wolf)
    yield from driver.push("leg='front_left', to='FK'")
    outcome["switched"] = sorted(bone["IK_FK"] for bone in wolf.pose.bones if "IK_FK" in bone)
    yield from undo(driver, lambda: not any(bone.get("IK_FK", 0.0) for bone in bpy.data.objects["Wolf"].pose.bones))
    with driver.in_view():
        bpy.ops.object.mode_set(mode="OBJECT")
        bpy.ops.ed.undo_push(message="Object mode")
    outcome |= yield from rigify_and_back(driver)
    return outcome


def walking_wolf(driver):
    """A wolf that plays the walk that is shipped, alone in the scene, seen from the side and a little in front."""
    animal = sys.modules[MODULE]
    with driver.in_view():
        bpy.ops.bestiary.create_animal("EXEC_DEFAULT", True, species="wolf")
        wolf = bpy.context.object
        clips = __import__(f"{animal.__name__}.animal.clips", fromlist=["clips"])
        action = __import__(f"{animal.__name__}.scene.action", fromlist=["action"])
        action.key_clip(wolf, clips.load_shipped_clip("wolf_walk"), bpy.context.scene)
        bpy.context.scene.frame_end = 30
        bpy.context.scene.frame_set(8)
        bpy.ops.view3d.view_axis(type="RIGHT")
        bpy.ops.view3d.view_orbit(angle=0.5, type="ORBITRIGHT")
        bpy.ops.view3d.view_orbit(angle=0.3, type="ORBITUP")
        bpy.ops.view3d.view_selected()
        bpy.ops.ed.undo_push(message="A walking wolf")
    yield 1.5
    return wolf


def away_from_tips(driver):
    """The mouse to where no tool tip is."""
    view = driver.region("VIEW_3D")
    driver.move(view.x + view.width * 0.35, view.y + view.height * 0.12)
    yield 0.5


def closer(driver):
    """The wolf as large as the view allows."""
    with driver.in_view():
        bpy.ops.pose.select_all(action="SELECT")
        for bone in bpy.context.object.pose.bones:  # the target of the head lies far ahead
            if bone.name == "CTL-look":
                (bone if hasattr(bone, "select") else bone.bone).select = False
        bpy.ops.view3d.view_selected()
        bpy.ops.pose.select_all(action="DESELECT")
    yield 1.0
    yield from driver.shot("closer")


def pull_foot(driver, wolf):
    """Click the outline of a fore foot's control, and drag it up with G; gives how far control and paw went, in metres."""
    foot = wolf.pose.bones[FOOT]
    area, region = driver.area("VIEW_3D"), driver.region("VIEW_3D")
    size, lift = foot.custom_shape_scale_xyz.x, foot.custom_shape_translation
    points = [foot.matrix @ (lift + vertex.co * size) for vertex in foot.custom_shape.data.vertices]
    from bpy_extras.view3d_utils import location_3d_to_region_2d

    seen = [location_3d_to_region_2d(region, area.spaces.active.region_3d, wolf.matrix_world @ point) for point in points]
    lowest = min(seen, key=lambda point: point.y)
    yield from driver.click(region.x + lowest.x, region.y + lowest.y)
    chosen = bpy.context.active_pose_bone.name if bpy.context.active_pose_bone else ""
    before = foot.head.copy(), wolf.pose.bones["paw_front.L"].head.copy()
    driver.tap("G")
    yield 0.3
    for step in range(1, 9):
        driver.move(region.x + lowest.x - 8 * step, region.y + lowest.y + 10 * step)
        yield 0.1
    driver.tap("LEFTMOUSE")
    yield 0.8
    yield from away_from_tips(driver)
    yield from driver.shot("pulled")
    return [chosen, (foot.head - before[0]).length, (wolf.pose.bones["paw_front.L"].head - before[1]).length]


def rigify_and_back(driver):
    """Convert, with Rigify off at first; look; one undo step; and the motion back."""
    wolf = bpy.data.objects["Wolf"]
    outcome = {"off_at_first": "rigify" not in bpy.context.preferences.addons}
    yield from driver.push("bestiary.convert_to_rigify")
    yield from driver.shot("asked")
    driver.tap("RET")
    yield from until(lambda: made() is not None)
    yield 2.0
    outcome["rig"], outcome["hidden"] = made().name, wolf.hide_viewport
    outcome["active"] = [bpy.context.view_layer.objects.active.name]
    yield from away_from_tips(driver)
    yield from driver.shot("rigify")
    yield from driver.push("bestiary.motion_from_rigify")
    outcome["shown_again"] = not wolf.hide_viewport and made().hide_viewport
    outcome["active"].append(bpy.context.view_layer.objects.active.name)
    outcome["back"] = wolf.animation_data.action.name
    yield from away_from_tips(driver)
    yield from driver.shot("back")
    for name, gone in (("undo_back", lambda: bpy.data.objects["Wolf"].hide_viewport), ("undo_convert", lambda: made() is None)):
        outcome[name] = yield from undo(driver, gone)
    return outcome


def made():
    """The rig of Convert to Rigify."""
    return next((item for item in bpy.data.objects if "bestiary_rigify" in item), None)


def undo(driver, done):
    """Ctrl-Z until something is so; gives how often, or 0 where it never is."""
    yield from away_from_tips(driver)
    for count in range(1, 7):
        driver.tap("Z", ctrl=True)
        yield 1.5
        if done():
            return count
    return 0


def until(done, seconds=90):
    """Wait for something."""
    began = time.monotonic()
    while not done() and time.monotonic() - began < seconds:
        yield 0.1
    assert done(), "it never came"


run(story)
