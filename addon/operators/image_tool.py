"""What the tools in the Image Editor have in common: where they run, when they must end, which keys pass."""

from __future__ import annotations

import bpy

from .. import tool_state
from ..image_view import View, fit_photo, main_region, photo_area
from ..marks import current_photo
from ..tool_state import ToolState

PASSED_ON = {
    "MIDDLEMOUSE", "WHEELUPMOUSE", "WHEELDOWNMOUSE", "WHEELINMOUSE", "WHEELOUTMOUSE", "TRACKPADPAN", "TRACKPADZOOM",
    "MOUSEROTATE", "MOUSESMARTZOOM", "HOME", "NUMPAD_PLUS", "NUMPAD_MINUS", "NUMPAD_1", "NUMPAD_2", "NUMPAD_4",
    "NUMPAD_8", "TIMER", "TIMER_REPORT", "TIMER_REGION", "WINDOW_DEACTIVATE", "NDOF_MOTION", "N", "T",
}  # fmt: skip
"""Events that stay Blender's: zoom, pan, timers, opening a sidebar."""

MOVES = {"MOUSEMOVE", "INBETWEEN_MOUSEMOVE"}


class ImageTool:
    """Base of the modal tools. Keeps no Blender data between events: undo and file loading make it stale."""

    keys_text = ""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """With a window, a photo, and no other tool running."""
        photo = current_photo(context)
        return context.window is not None and photo is not None and photo.size[0] > 0 and tool_state.running is None

    def begin(self, context: bpy.types.Context) -> tuple[ToolState, bpy.types.Image] | None:
        """Show the photo and note where the tool runs; None when there is no room for an editor."""
        image = current_photo(context)
        known = {area.as_pointer() for area in context.window.screen.areas if area.type == "IMAGE_EDITOR"}
        area = photo_area(context, image)
        if area is None:
            return None
        if context.scene.bestiary.photo is None:
            context.scene.bestiary.photo = image
        if image.bestiary.active() is None:
            image.bestiary.add_animal()
        state = ToolState(area.as_pointer(), image.name, fresh=area.as_pointer() not in known)
        context.workspace.status_text_set(self.keys_text)
        return tool_state.start(state), image

    def find(self, context: bpy.types.Context, state: ToolState):
        """(area, region, image) of the tool as they are now, or None when any of them has gone."""
        image = bpy.data.images.get(state.image)
        for area in context.window.screen.areas if context.window else ():
            if area.as_pointer() == state.area and area.type == "IMAGE_EDITOR" and image is not None:
                region = main_region(area)
                if region is not None and area.spaces.active.image == image and image.bestiary.active() is not None:
                    return area, region, image
        return None

    def follow_mouse(
        self, event: bpy.types.Event, region: bpy.types.Region, area: bpy.types.Area, state: ToolState
    ) -> bool:
        """Note the mouse's place; False when it is not over the photo's region."""
        x, y = event.mouse_x - region.x, event.mouse_y - region.y
        over = 0 <= x < region.width and 0 <= y < region.height
        for other in area.regions:  # sidebars and toolbars lie over the main region
            if other != region and other.type != "WINDOW" and other.width > 1 and other.height > 1:
                across = other.x <= event.mouse_x < other.x + other.width
                over = over and not (across and other.y <= event.mouse_y < other.y + other.height)
        state.mouse = (float(x), float(y)) if over else None
        return over

    def view(self, context: bpy.types.Context, area: bpy.types.Area, region: bpy.types.Region, image, state: ToolState):
        """The photo's `View`; a new editor shows the whole photo first."""
        if state.fresh and region.width > 1:
            state.fresh = False
            fit_photo(context, area)
        return View.of(region, image)

    def leave(self, context: bpy.types.Context) -> None:
        """Clear what the tool has put on screen."""
        tool_state.stop()
        if context.workspace is not None:
            context.workspace.status_text_set(None)
        if context.window is not None:
            context.window.cursor_modal_restore()
            for area in context.window.screen.areas:
                if area.type in {"IMAGE_EDITOR", "VIEW_3D"}:
                    area.tag_redraw()

    def cancel(self, context: bpy.types.Context) -> None:
        """Blender ends the tool: another file is loaded, the window closes."""
        self.leave(context)
