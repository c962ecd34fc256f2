"""Place the animal's named points by clicking on the photo."""

from bpy.types import Operator

from ..point_editor import PointEditor
from ..point_names import asking_order
from ..session import redraw
from .image_tool import MOVES, PASSED_ON, ImageTool

REACH = 10.0
"""Pixels of the screen (times its scale) within which the mouse takes hold of a point."""


class BESTIARY_OT_place_points(ImageTool, Operator):
    """Click the animal's points in the photo, one after the other. Left and right are the animal's own.
    Five well chosen points and a box are enough"""

    bl_idname = "bestiary.place_points"
    bl_label = "Place Points"
    bl_options = {"UNDO"}

    keys_text = (
        "Click: place    Drag: move    Space: skip    Backspace: undo    X: delete    F: swap left and right    "
        "Up/Down: choose a point    L: list    Tab: next animal    Enter: end"
    )

    def invoke(self, context, _event):
        """Show the photo and wait for clicks."""
        begun = self.begin(context)
        if begun is None:
            self.report({"ERROR"}, "There is no room for an Image Editor in this window")
            return {"CANCELLED"}
        self.state, image = begun
        self.editors = {}
        self.dragged = None
        self.state.editor = self._editor(image)
        context.window.cursor_modal_set("CROSSHAIR")
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context, event):
        """Mouse and keys, until Enter or Esc."""
        found = self.find(context, self.state)
        if found is None:
            self.leave(context)
            return {"FINISHED"}
        area, region, image = found
        view = self.view(context, area, region, image, self.state)
        over = self.follow_mouse(event, region, area, self.state)
        editor = self.state.editor = self._editor(image)
        area.tag_redraw()
        if view is None or (event.type in PASSED_ON and not event.ctrl):
            return {"PASS_THROUGH"}
        if event.value == "PRESS" and event.type in {"RET", "NUMPAD_ENTER", "ESC"}:
            self.leave(context)
            return {"FINISHED"}
        if event.value == "PRESS" and event.type == "Z" and event.ctrl:
            # Also when the mouse is elsewhere: Blender's own undo would take the photo away under the tool.
            editor.redo() if event.shift else editor.undo()
            return self._written(image)
        here = view.to_photo(event.mouse_x - region.x, event.mouse_y - region.y)
        if self.dragged is not None:
            return self._drag(event, view, image, here)
        if not over:
            return {"PASS_THROUGH"}
        reach = REACH * context.preferences.system.ui_scale / max(view.scale_x, 1e-9)
        self.state.hovered = editor.nearest(*here, reach)
        if event.type == "LEFTMOUSE" and event.value in {"PRESS", "DOUBLE_CLICK"}:
            return self._press(view, image, here)
        if event.value == "PRESS":
            return self._key(event, image)
        # Moves go on to the interface, so that the button which started the tool takes its tooltip back.
        return {"PASS_THROUGH" if event.type in MOVES else "RUNNING_MODAL"}

    def _editor(self, image):
        """The active animal's points; made anew when something else has changed them meanwhile."""
        index = image.bestiary.active_animal
        animal = image.bestiary.active()
        points = animal.as_dict()
        editor = self.editors.get(index)
        if editor is None or (rounded(editor.points) != rounded(points) and self.dragged is None):
            editor = self.editors[index] = PointEditor(asking_order(), points.items())
        return editor

    def _written(self, image):
        image.bestiary.active().set_points(self.state.editor.points)
        redraw()
        return {"RUNNING_MODAL"}

    def _press(self, view, image, here):
        """Take hold of a point, choose one in the list, or place the next."""
        state, editor = self.state, self.state.editor
        state.note = ""
        x, y = state.mouse
        for name, left, bottom, right, top in state.rows:
            if left <= x <= right and bottom <= y <= top:
                editor.choose(name)
                return {"RUNNING_MODAL"}
        if state.hovered is not None:
            editor.begin_move()
            self.dragged = state.hovered
        elif not view.holds(*here):
            state.note = "Outside the photo: Space skips a hidden point"
        else:
            # The button is still down: the new point follows the mouse until it is released.
            self.dragged = state.hovered = editor.place(*here)
        return self._written(image)

    def _drag(self, event, view, image, here):
        self.state.editor.move(self.dragged, *view.clamped(*here))
        if event.type == "LEFTMOUSE" and event.value == "RELEASE":
            self.dragged = None
        return self._written(image)

    def _key(self, event, image):
        state, editor = self.state, self.state.editor
        state.note = ""
        key = event.type
        if key == "BACK_SPACE":
            editor.undo()
        elif key in {"SPACE", "S"}:
            editor.skip()
        elif key in {"X", "DEL"}:
            if state.hovered is not None:
                editor.remove(state.hovered)
                state.hovered = None
            else:
                state.note = "Put the mouse on the point to delete"
        elif key == "F":
            state.note = "" if editor.swap_sides() else "None of the points has a side"
        elif key in {"UP_ARROW", "DOWN_ARROW"}:
            editor.step(-1 if key == "UP_ARROW" else 1)
        elif key == "L":
            state.show_list = not state.show_list
        elif key == "TAB":
            return self._next_animal(image)
        return self._written(image)

    def _next_animal(self, image):
        marks = image.bestiary
        marks.active_animal = (marks.active_animal + 1) % len(marks.animals)
        self.state.editor = self._editor(image)
        self.state.note = f"Now: {marks.active().name}" if len(marks.animals) > 1 else "There is one animal in the list"
        return {"RUNNING_MODAL"}


def rounded(points):
    """Points as they compare: Blender keeps positions in single precision."""
    return {name: (round(x, 2), round(y, 2)) for name, (x, y) in points.items()}
