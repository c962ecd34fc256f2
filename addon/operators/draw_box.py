"""Draw the box around the active animal."""

from bpy.types import Operator

from .image_tool import MOVES, PASSED_ON, ImageTool

SMALLEST = 4.0
"""Pixels of the screen: a shorter drag was a slip of the hand."""


class BESTIARY_OT_draw_box(ImageTool, Operator):
    """Drag a box around the animal in the photo, as tight as you can"""

    bl_idname = "bestiary.draw_box"
    bl_label = "Draw Box"
    bl_options = {"UNDO"}

    keys_text = "Drag: box around the animal    Esc: end"

    def invoke(self, context, _event):
        """Show the photo and wait for the drag."""
        begun = self.begin(context)
        if begun is None:
            self.report({"ERROR"}, "There is no room for an Image Editor in this window")
            return {"CANCELLED"}
        self.state = begun[0]
        self.start = None
        context.window.cursor_modal_set("CROSSHAIR")
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context, event):
        """Press, drag, release."""
        found = self.find(context, self.state)
        if found is None:
            self.leave(context)
            return {"CANCELLED"}
        area, region, image = found
        view = self.view(context, area, region, image, self.state)
        over = self.follow_mouse(event, region, area, self.state)
        area.tag_redraw()
        if view is None or (event.type in PASSED_ON and self.start is None):
            return {"PASS_THROUGH"}
        if event.type in {"ESC", "RET", "NUMPAD_ENTER"} and event.value == "PRESS":
            self.leave(context)
            return {"CANCELLED"}
        here = view.clamped(*view.to_photo(event.mouse_x - region.x, event.mouse_y - region.y))
        if event.type == "LEFTMOUSE" and event.value == "PRESS":
            if not over:
                return {"PASS_THROUGH"}
            self.start = here
        elif self.start is not None and event.type == "MOUSEMOVE":
            self.state.drawn_box = (*self.start, *here)
        elif self.start is not None and event.type == "LEFTMOUSE" and event.value == "RELEASE":
            return self._finish(context, view, image, here)
        elif not over or event.type in MOVES:
            return {"PASS_THROUGH"}
        return {"RUNNING_MODAL"}

    def _finish(self, context, view, image, here):
        (x0, y0), (x1, y1) = self.start, here
        self.start = self.state.drawn_box = None
        if abs(x1 - x0) * view.scale_x < SMALLEST or abs(y1 - y0) * view.scale_y < SMALLEST:
            self.state.note = "Keep the button down and drag"
            return {"RUNNING_MODAL"}
        animal = image.bestiary.active()
        animal.box = (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
        animal.has_box = True
        self.leave(context)
        return {"FINISHED"}
