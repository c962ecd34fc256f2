"""Hands and eyes in a real Blender window: simulated mouse and keys, buttons found by asking, screenshots.

For the stories `drive_window.py` and `drive_faults.py`, which run inside Blender:

    blender --factory-startup --enable-event-simulate -p 0 0 1600 900 --python tests/addon/drive_window.py -- \
        --photo fox.png --hints fox.json --server tcp://… --out DIR

Buttons are not clicked at known places: the mouse moves down the sidebar and Blender is asked which button is under it,
so the same stories work where the interface is laid out otherwise.
"""

import argparse
import json
import subprocess
import sys
import traceback
from pathlib import Path

import bpy

MODULE = "bl_ext.user_default.bestiary"


def part(name):
    """A module of the installed add-on."""
    return sys.modules[f"{MODULE}.addon.{name}"]


class Driver:
    """Hands and eyes: each method yields the seconds to wait before the next thing is done."""

    def __init__(self, options):
        self.options = options
        self.out = Path(options.out)
        self.shots = 0
        self.x = self.y = 0

    @property
    def window(self):
        return bpy.context.window_manager.windows[0]

    def area(self, kind):
        return next(area for area in self.window.screen.areas if area.type == kind)

    def region(self, area_kind, region_kind="WINDOW"):
        return next(region for region in self.area(area_kind).regions if region.type == region_kind)

    def in_view(self):
        """The context of a command that is called from the 3D view."""
        region = self.region("VIEW_3D")
        return bpy.context.temp_override(window=self.window, area=self.area("VIEW_3D"), region=region)

    def move(self, x, y):
        """The mouse to a place in the window."""
        self.x, self.y = int(x), int(y)
        self.window.event_simulate(type="MOUSEMOVE", value="NOTHING", x=self.x, y=self.y)

    def press(self, key, value="PRESS", **more):
        self.window.event_simulate(type=key, value=value, x=self.x, y=self.y, **more)

    def tap(self, key, **more):
        """A key or button, down and up."""
        self.press(key, "PRESS", **more)
        more.pop("unicode", None)
        self.press(key, "RELEASE", **more)

    def click(self, x, y):
        self.move(x, y)
        yield 0.15
        self.tap("LEFTMOUSE")
        yield 0.3

    def drag(self, start, end):
        self.move(*start)
        yield 0.2
        self.press("LEFTMOUSE")
        for step in range(1, 6):
            self.move(start[0] + (end[0] - start[0]) * step / 5, start[1] + (end[1] - start[1]) * step / 5)
            yield 0.1
        self.press("LEFTMOUSE", "RELEASE")
        yield 0.3

    def type(self, text):
        for letter in text:
            self.tap(letter.upper(), unicode=letter)
            yield 0.1

    def shot(self, name):
        """A screenshot of the whole screen, from the X server: Blender's own is black there."""
        yield 1.0
        self.shots += 1
        path = self.out / f"{self.shots:02d}_{name}.png"
        subprocess.run(["import", "-window", "root", str(path)], check=True)

    def look_for(self, wanted, area_kind="VIEW_3D", below=0):
        """Move down the sidebar until the button under the mouse is the wanted one: an operator or a property.

        What is not there is looked for again with the sidebar scrolled down, then up, and with patience: a busy machine
        is slow to say which button is under the mouse.
        """
        bpy.context.window_manager.clipboard = ""
        for pause, wheel in ((0.06, None), (0.06, "WHEELDOWNMOUSE"), (0.06, "WHEELUPMOUSE"), (0.25, None)):
            region = self.region(area_kind, "UI")
            self.move(region.x + region.width * 0.5, region.y + region.height - 10)  # a heading: a list would scroll itself
            yield 0.1
            for _ in range(12 if wheel else 0):
                self.tap(wheel)
                yield 0.05
            for across in (0.5, 0.8, 0.25, 0.67, 0.745):
                for y in range(region.y + region.height - 20 - below, region.y + 10, -9):
                    self.move(region.x + region.width * across, y)
                    yield pause
                    if wanted in self.under_mouse(area_kind, region):
                        return
        raise AssertionError(f"no button for {wanted} in the sidebar of {area_kind}")

    def under_mouse(self, area_kind, region):
        """The Python command or data path of the button under the mouse, or an empty text."""
        with bpy.context.temp_override(window=self.window, area=self.area(area_kind), region=region):
            for ask in (bpy.ops.ui.copy_python_command_button, bpy.ops.ui.copy_data_path_button):
                if ask.poll():
                    if ask is bpy.ops.ui.copy_data_path_button:
                        ask(full_path=True)
                    else:
                        ask()
                    return bpy.context.window_manager.clipboard
        return ""

    def push(self, wanted, area_kind="VIEW_3D"):
        """Find a button and click it."""
        yield from self.look_for(wanted, area_kind)
        yield 0.2
        self.tap("LEFTMOUSE")
        yield 0.8

    def on_photo(self, x, y):
        """Photo pixels → window pixels, by what Blender itself says of its view."""
        region, image = self.region("IMAGE_EDITOR"), bpy.context.scene.bestiary.photo
        u, v = x / image.size[0], 1 - y / image.size[1]
        a, b = region.view2d.region_to_view(0, 0), region.view2d.region_to_view(region.width, region.height)
        return (
            region.x + (u - a[0]) / (b[0] - a[0]) * region.width,
            region.y + (v - a[1]) / (b[1] - a[1]) * region.height,
        )


def open_sidebar(driver, area_kind="VIEW_3D"):
    """The sidebar with the add-on's tab in front."""
    region = driver.region(area_kind)
    driver.area(area_kind).spaces.active.show_region_ui = True
    driver.move(region.x + region.width * 0.4, region.y + region.height * 0.5)
    yield 0.5
    sidebar = driver.region(area_kind, "UI")
    if hasattr(sidebar, "active_panel_category"):
        sidebar.active_panel_category = "Bestiary"
    yield 0.5


def start(driver):
    """Past the splash screen, into an empty scene with the add-on enabled and its server set."""
    yield 3.0
    driver.move(800, 450)
    driver.tap("ESC")
    yield 1.0
    bpy.ops.preferences.addon_enable(module=MODULE)
    bpy.context.preferences.addons[MODULE].preferences.address = driver.options.server
    for item in list(bpy.data.objects):
        bpy.data.objects.remove(item)
    yield from open_sidebar(driver)


def run(story):
    """Run a story, a generator that yields the seconds to wait and returns its outcome, then quit Blender."""
    parser = argparse.ArgumentParser()
    for name in ("photo", "hints", "server", "out"):
        parser.add_argument(f"--{name}", required=True)
    driver = Driver(parser.parse_args(sys.argv[sys.argv.index("--") + 1 :]))
    steps = story(driver)

    def tick():
        try:
            return next(steps)
        except StopIteration as end:
            outcome = end.value
        except Exception:
            outcome = {"failed": traceback.format_exc()}
            subprocess.run(["import", "-window", "root", str(driver.out / "failed.png")], check=False)
        (driver.out / "outcome.json").write_text(json.dumps(outcome, indent=1), "utf-8")
        bpy.ops.wm.quit_blender()
        return None

    bpy.app.timers.register(tick, first_interval=1.0, persistent=True)
