"""The sidebar: photo, animals, points, Reconstruct, server. The same panels in the 3D view and in the Image Editor; what is
for footage stands in `footage_panel`."""

import bpy
from bpy.types import Panel, UIList

from .marks import current_photo, is_photo
from .models import ModelUnavailable, current_model, species_and_family
from .network import draw_offline, offline_advice
from .point_names import shown_name
from .preferences import NotEnabled, draw_start_stop, preferences
from .session import session
from .text import characters, lines
from .user_files import PACKAGE


class BESTIARY_UL_animals(UIList):
    """The animals of a photo: name and what is marked of it."""

    def draw_item(self, _context, layout, _data, item, _icon, _active_data, _active_property):
        """Name, kind, and small signs for box, mask and the number of points."""
        row = layout.row(align=True)
        row.prop(item, "name", text="", emboss=False, icon="OUTLINER_OB_ARMATURE")
        side = row.row(align=True)
        side.alignment = "RIGHT"
        if item.mask:
            side.label(text="", icon="MOD_MASK")
        side.label(text="", icon="MESH_PLANE" if item.has_box else "BLANK1")
        count = len(item.points)
        side.label(text=f"{count} pt" if count else "")


class BESTIARY_UL_points(UIList):
    """The points of an animal, with their names as they read on screen."""

    def draw_item(self, _context, layout, _data, item, _icon, _active_data, _active_property):
        """The name on the left, the place in pixels on the right."""
        row = layout.row()
        row.label(text=shown_name(item.name), icon="DOT")
        side = row.row()
        side.alignment = "RIGHT"
        side.active = False
        side.label(text=f"{item.position[0]:.0f}, {item.position[1]:.0f}")


class _PhotoPanel:
    bl_label = "Photo"

    def draw(self, context):
        """Which photo."""
        layout = self.layout
        choices = context.scene.bestiary
        layout.template_ID(choices, "photo", open="bestiary.open_photo")
        if context.space_data.type == "IMAGE_EDITOR":
            image = context.space_data.image
            if is_photo(image) and image != choices.photo:
                layout.operator("bestiary.use_photo", icon="IMAGE_DATA")
        elif choices.photo is None:
            lines(layout, "Open a photo, or drop its file here", characters(context), icon="INFO")
        photo = current_photo(context)
        if photo is None:
            return
        row = layout.row()
        row.label(text=f"{photo.size[0]} x {photo.size[1]} pixels")
        if context.space_data.type == "VIEW_3D":
            row.operator("bestiary.show_photo", text="Show", icon="IMAGE")


class _AnimalsPanel:
    bl_label = "Animals"

    @classmethod
    def poll(cls, context):
        """With a photo."""
        return current_photo(context) is not None

    def draw(self, context):
        """The list, and what is known of the active animal."""
        layout = self.layout
        marks = current_photo(context).bestiary
        row = layout.row()
        row.template_list("BESTIARY_UL_animals", "", marks, "animals", marks, "active_animal", rows=2, maxrows=5)
        side = row.column(align=True)
        side.operator("bestiary.add_animal", text="", icon="ADD")
        side.operator("bestiary.remove_animal", text="", icon="REMOVE")
        animal = marks.active()
        if animal is None:
            return
        column = layout.column()
        column.use_property_split = True
        column.use_property_decorate = False
        row = column.row()
        problem = kind_problem(animal.kind)
        row.alert = bool(problem)
        row.prop(animal, "kind", placeholder="Unknown")
        if problem:
            lines(column, problem, characters(context))
        _draw_marks(layout, animal)


def kind_problem(kind: str) -> str:
    """What to say below the search field: the model cannot be read, or does not know this kind; empty when all is well."""
    try:
        species_and_family(kind, current_model(preferences().model_path))
    except ModelUnavailable as error:
        return f"{error.message}. {error.advice}"
    except NotEnabled as error:
        return str(error)
    except ValueError:
        return "The model does not know this one. Pick one from the list, or leave it empty"
    return ""


def _draw_marks(layout: bpy.types.UILayout, animal) -> None:
    """Box, points and mask: each is one row that says whether it is there."""
    column = layout.column(align=True)
    row = column.row(align=True)
    row.scale_y = 1.25
    row.operator("bestiary.draw_box", text="Redraw Box" if animal.has_box else "Draw Box", icon="SELECT_SET")
    if animal.has_box:
        row.operator("bestiary.clear_box", text="", icon="X")
    row = column.row(align=True)
    row.scale_y = 1.25
    row.operator("bestiary.place_points", text="Place Points", icon="EYEDROPPER")
    if animal.points:
        row.operator("bestiary.swap_sides", text="", icon="MOD_MIRROR")
        row.operator("bestiary.clear_points", text="", icon="X")
    layout.template_ID(animal, "mask", open="bestiary.open_mask", text="Mask")


class _PointsPanel:
    bl_label = "Points"
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context):
        """With an animal."""
        photo = current_photo(context)
        return photo is not None and photo.bestiary.active() is not None

    def draw_header_preset(self, context):
        """How many there are."""
        self.layout.label(text=str(len(current_photo(context).bestiary.active().points)))

    def draw(self, context):
        """The list of placed points."""
        animal = current_photo(context).bestiary.active()
        if not animal.points:
            lines(self.layout, "None yet. A box and five points are enough", characters(context))
            return
        row = self.layout.row()
        row.template_list("BESTIARY_UL_points", "", animal, "points", animal, "active_point", rows=4)
        row.column(align=True).operator("bestiary.remove_point", text="", icon="REMOVE")


class _ReconstructPanel:
    bl_label = "Reconstruct"

    @classmethod
    def poll(cls, context):
        """With a photo."""
        return current_photo(context) is not None

    def draw(self, context):
        """Choices, the button or the progress, and what came of it."""
        layout = self.layout
        choices, marks = context.scene.bestiary, current_photo(context).bestiary
        column = layout.column(align=True)
        column.prop(choices, "real_size")
        column.prop(choices, "match_render")
        row = column.row(align=True)
        row.prop(marks, "use_lens")
        if marks.use_lens:
            row.prop(marks, "lens_mm", text="")
        draw_start(layout, "bestiary.reconstruct", "ARMATURE_DATA")
        draw_messages(context, layout, "photo")


def draw_start(layout: bpy.types.UILayout, operator: str, icon: str) -> None:
    """The large button that has the server do something; while something runs, how far that is."""
    if session.busy:
        draw_progress(layout)
        return
    column = layout.column()
    column.scale_y = 1.6
    column.active = offline_advice() is None
    column.operator(operator, icon=icon)


def draw_progress(layout: bpy.types.UILayout) -> None:
    """A bar with the stage in it, and Cancel."""
    task = session.task
    column = layout.column(align=True)
    column.label(text=session.title)
    stage = "Cancelling" if task.cancelling else task.stage or "Starting"
    column.progress(factor=task.fraction, type="BAR", text=stage)
    column.operator("bestiary.cancel", icon="CANCEL")


def draw_messages(context: bpy.types.Context, layout: bpy.types.UILayout, about: str) -> None:
    """The last error with its advice, or the last result with its warnings, of this panel; offline advice before all."""
    width = characters(context)
    draw_offline(layout, width)
    if session.about not in (about, ""):
        return
    if session.error:
        box = layout.box()
        lines(box, session.error, width, icon="ERROR")
        if session.advice:
            lines(box, session.advice, width, icon="INFO")
        if session.no_server and not session.busy:
            draw_start_stop(box)
    elif session.summary or session.warnings:
        box = layout.box()
        for line in session.summary:
            lines(box, line, width, icon="CHECKMARK")
        if about == "footage":
            if bpy.ops.bestiary.look_through.poll():
                box.operator("bestiary.look_through", icon="VIEW_CAMERA")
        elif context.space_data.type == "VIEW_3D" and context.scene.camera is not None:
            box.operator("view3d.view_camera", text="Look Through the Camera", icon="VIEW_CAMERA")
        for line in session.warnings:
            lines(box, line, width, icon="ERROR")


class _ServerPanel:
    bl_label = "Server"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context):
        """Is it there, start, stop, where the rest is set."""
        layout = self.layout
        try:
            prefs = preferences()
        except NotEnabled as error:
            layout.label(text=str(error), icon="ERROR")
            return
        layout.prop(prefs, "address", text="")
        column = layout.column(align=True)
        column.operator("bestiary.check_server", icon="QUESTION")
        draw_start_stop(column)
        alone = current_photo(context) is None and context.scene.bestiary_footage.active() is None
        if session.busy and alone:
            draw_progress(layout)
        if session.server_line:
            lines(layout.box(), session.server_line, characters(context), icon="INFO")
        if alone:
            draw_messages(context, layout, "")
        layout.operator("preferences.addon_show", text="More in Preferences", icon="PREFERENCES").module = PACKAGE


def in_places(body: type, order: int, spaces: tuple[str, ...]) -> list[type]:
    """The panel classes of a body, one for the sidebar of each of these editors."""
    made = []
    for space in spaces:
        name = f"BESTIARY_PT_{body.__name__.strip('_').removesuffix('Panel').lower()}_{_MARKS[space]}"
        contents = {
            "bl_idname": name,
            "bl_space_type": space,
            "bl_region_type": "UI",
            "bl_category": "Bestiary",
            "bl_order": order,
            "__doc__": body.__doc__,
        }
        made.append(type(name, (body, Panel), contents))
    return made


_MARKS = {"VIEW_3D": "view", "IMAGE_EDITOR": "image", "CLIP_EDITOR": "clip"}
BODIES = (_PhotoPanel, _AnimalsPanel, _PointsPanel, _ReconstructPanel)
CLASSES = (
    BESTIARY_UL_animals,
    BESTIARY_UL_points,
    *(panel for order, body in enumerate(BODIES) for panel in in_places(body, order, ("VIEW_3D", "IMAGE_EDITOR"))),
    *in_places(_ServerPanel, 5, ("VIEW_3D", "IMAGE_EDITOR", "CLIP_EDITOR")),
)
