"""The sidebar for footage: tracks, what is known of them, Lift. The same panel in the 3D view and in the Movie Clip Editor."""

import bpy
from bpy.types import UIList

from ..scene.clip_tracks import solved
from .panels import draw_messages, draw_start, in_places, kind_problem
from .session import session
from .text import characters, lines


class BESTIARY_UL_tracked(UIList):
    """The animals of the tracks: name, how many points, how much of them is known."""

    def draw_item(self, _context, layout, _data, item, _icon, _active_data, _active_property):
        """The name on the left, the numbers on the right."""
        row = layout.row(align=True)
        if len(context_animals(_context)) > 1:
            row.prop(item, "use", text="")
        row.prop(item, "name", text="", emboss=False, icon="OUTLINER_OB_ARMATURE")
        side = row.row(align=True)
        side.alignment = "RIGHT"
        side.active = False
        side.label(text=f"{item.joints} pt, {item.frames} fr, {100 * item.seen:.0f} %")


def context_animals(context):
    """The animals of the scene's tracks."""
    return context.scene.bestiary_footage.animals


class _FootagePanel:
    bl_label = "Footage"

    def draw(self, context):
        """Where the tracks come from, what they are of, and the button."""
        layout, footage = self.layout, context.scene.bestiary_footage
        column = layout.column(align=True)
        column.operator("bestiary.import_tracks", icon="IMPORT")
        column.operator("bestiary.clip_tracks", icon="TRACKER")
        animal = footage.active()
        if animal is None:
            if session.about == "footage":
                if session.busy:
                    draw_start(layout, "bestiary.lift", "ARMATURE_DATA")
                draw_messages(context, layout, "footage")
            else:
                lines(layout, "Import points that were followed through footage, or take the tracks of a movie clip",
                      characters(context), icon="INFO")  # fmt: skip
            return
        layout.template_list("BESTIARY_UL_tracked", "", footage, "animals", footage, "active_animal", rows=1, maxrows=6)
        if footage.notes:
            notes = layout.column(align=True)
            notes.active = False
            for note in footage.notes.splitlines():
                lines(notes, note, characters(context), icon="INFO")
        _draw_choices(context, layout, footage)
        draw_start(layout, "bestiary.lift", "ARMATURE_DATA")
        if not session.busy:
            column = layout.column()
            column.scale_y = 1.6
            column.operator("bestiary.animate", icon="MONKEY")
        draw_messages(context, layout, "footage")


def _draw_choices(context: bpy.types.Context, layout: bpy.types.UILayout, footage) -> None:
    """What the animator may say of the footage, and how it comes into the scene."""
    column = layout.column()
    column.use_property_split = True
    column.use_property_decorate = False
    column.prop(footage, "skeleton", placeholder="Automatic")
    row = column.row()
    problem = kind_problem(footage.kind)
    row.alert = bool(problem)
    row.prop(footage, "kind", placeholder="Unknown")
    if problem:
        lines(column, problem, characters(context))
    if len(footage.animals) > 1:
        column.prop(footage.active(), "kind", placeholder="The Same")
    if footage.clip is None:
        column.prop(footage, "film", placeholder="None")
    column = layout.column(align=True)
    for use, value in (("use_size", "size_m"), ("use_fps", "fps"), ("use_lens", "lens_mm")):
        row = column.row(align=True)
        row.prop(footage, use)
        if getattr(footage, use):
            row.prop(footage, value, text="")
        if use == "use_size" and footage.use_size:
            column.prop(footage, "measures", text="")
    column = layout.column(align=True)
    if footage.clip is not None and solved(footage.clip):
        column.prop(footage, "use_solved")
    if footage.clip is None or not footage.use_solved:
        column.prop(footage, "camera_moves")
    column.prop(footage, "feet")
    column.prop(footage, "poses")
    column.prop(footage, "match_scene")
    column.prop(footage, "smooth", slider=True)
    rate = context.scene.render.fps / context.scene.render.fps_base
    fps = footage.fps if footage.use_fps else footage.active().fps
    if not footage.match_scene and abs(rate - fps) > 1e-3:
        lines(layout, f"The footage has {fps:g} frames a second, the scene {rate:g}: keys will fall between its frames",
              characters(context), icon="INFO")  # fmt: skip


CLASSES = (BESTIARY_UL_tracked, *in_places(_FootagePanel, 4, ("VIEW_3D", "CLIP_EDITOR")))
