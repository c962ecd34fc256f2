"""The sidebar for retargeting: two rigs and a clip, the button; below it whose bone is whose, and how the motion is carried over."""

import bpy
from bpy.types import Menu, Panel, UIList

from . import retarget_match as match
from . import retarget_preview
from .operators.bake_live import live_target
from .panels import draw_progress
from .session import session
from .text import characters, lines

_SIGNS = {"both": "CHECKMARK", "unsure": "QUESTION", "still": "REMOVE", "unused": "REMOVE", "none": "BLANK1", "bad": "ERROR"}


class BESTIARY_UL_matched_parts(UIList):
    """The parts of the body with their bones in the target and in the source; legs unfold."""

    def draw_item(self, context, layout, settings, item, _icon, _active_data, _active_property):
        """A sign, the part, the target's bones and the source's."""
        row = layout.row(align=True)
        state = match.leg_state(settings, item.name) if item.heading else match.state(item)
        row.label(text="", icon=_SIGNS[state])
        split = row.split(factor=_part_width(context), align=True)
        name = split.row(align=True)
        if item.heading:
            name.prop(item, "unfolded", text="", emboss=False, icon="DOWNARROW_HLT" if item.unfolded else "RIGHTARROW")
        elif item.group:
            name.label(text="", icon="BLANK1")
        name.label(text=match.row_label(item.name))
        bones = split.row(align=True)
        bones.active = state not in ("none", "still", "unused")
        for side in match.SIDES:
            names = match.bones_of_row(settings, item, side)
            bones.label(text=_in_row(context, item, names))

    def filter_items(self, _context, data, propname):
        """Folded legs hide their segments; the list's own search looks for parts and bones."""
        rows, wanted = getattr(data, propname), self.filter_name.lower()
        folded = {row.name for row in rows if row.heading and not row.unfolded}
        flags = []
        for row in rows:
            words = [match.label(row.group), match.label(row.name), *(bone.name for side in match.SIDES for bone in getattr(row, side))]
            shown = any(wanted in word.lower() for word in words) if wanted else row.group not in folded
            flags.append(self.bitflag_filter_item if shown else 0)
        return flags, []


def _narrow(context: bpy.types.Context) -> bool:
    """Whether the sidebar is too narrow for bones' names in the list; they stand below it then."""
    return characters(context) < 46


def _part_width(context: bpy.types.Context) -> float:
    return 0.58 if _narrow(context) else 0.36


def _in_row(context: bpy.types.Context, item, names: list[str]) -> str:
    if not names:
        return "–"
    if _narrow(context) or item.heading:
        return str(len(names)) if _narrow(context) else f"{len(names)} bones"
    return match.chain_text(names)


class BESTIARY_MT_match(Menu):
    """What can be done with the whole match."""

    bl_idname = "BESTIARY_MT_match"
    bl_label = "Match"

    def draw(self, context):
        """Found anew, mirrored, from and to files."""
        layout = self.layout
        for side in match.SIDES:
            layout.operator("bestiary.match_bones", text=f"Match the {side.title()} Again", icon="FILE_REFRESH").side = side.upper()
        layout.separator()
        for side in match.SIDES:
            for start, end in (("left", "right"), ("right", "left")):
                text = f"{side.title()}: {start.title()} to {end.title()}"
                entry = layout.operator("bestiary.mirror_bones", text=text, icon="MOD_MIRROR")
                entry.side, entry.start = side.upper(), start.upper()
        layout.separator()
        layout.operator_context = "INVOKE_DEFAULT"
        for side in match.SIDES:
            layout.operator("bestiary.save_match", text=f"Save the {side.title()}'s...", icon="EXPORT").side = side.upper()
            layout.operator("bestiary.load_match", text=f"Load the {side.title()}'s...", icon="IMPORT").side = side.upper()
        layout.separator()
        for side in match.SIDES:
            layout.operator_menu_enum("bestiary.use_known_rig", f"{side}_rig", text=f"The {side.title()} Is")


class _Sidebar:
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Bestiary"


class BESTIARY_PT_retarget(_Sidebar, Panel):
    """From one rig onto another."""

    bl_idname = "BESTIARY_PT_retarget"
    bl_label = "Retarget"
    bl_order = 4

    def draw(self, context):
        """The two rigs, the clip, and the two buttons."""
        layout, settings = self.layout, context.scene.bestiary_retarget
        column = layout.column()
        column.use_property_split = True
        column.use_property_decorate = False
        column.prop(settings, "source", icon="OUTLINER_OB_ARMATURE")
        if settings.source is not None:
            row = column.row()
            row.alert = settings.action is None
            row.prop(settings, "action")
            if sum(slot.target_id_type in ("OBJECT", "UNSPECIFIED") for slot in getattr(settings.action, "slots", ())) > 1:
                column.prop(settings, "slot", placeholder="The One That Plays")
        column.prop(settings, "target", icon="OUTLINER_OB_ARMATURE")
        if settings.source is None or settings.target is None:
            layout.operator("bestiary.take_selected_rigs", icon="RESTRICT_SELECT_OFF")
            lines(layout, "Choose the armature that moves and your own rig, or select both, yours last", characters(context), icon="INFO")
        column = layout.column(align=True)
        if session.busy and session.about == "retarget":
            draw_progress(layout)
            return
        column.operator("bestiary.match_bones", icon="GROUP_BONE").side = "BOTH"
        row = column.row(align=True)
        row.scale_y = 1.6
        row.operator("bestiary.retarget", icon="ARMATURE_DATA")
        _draw_live(context, column)
        _draw_words(context, layout, settings)


def _draw_live(context: bpy.types.Context, layout: bpy.types.UILayout) -> None:
    """What can be done with constraints that follow the source."""
    if live_target(context) is not None:
        row = layout.row(align=True)
        row.operator("bestiary.bake_live", icon="ACTION")
        row.operator("bestiary.remove_live", icon="X")


def _draw_words(context: bpy.types.Context, layout: bpy.types.UILayout, settings) -> None:
    """The last error or result, and what the match lacks."""
    width = characters(context)
    if session.about == "retarget" and session.error:
        box = layout.box()
        lines(box, session.error, width, icon="ERROR")
        if session.advice:
            lines(box, session.advice, width, icon="INFO")
    elif session.about == "retarget" and (session.summary or session.warnings):
        box = layout.box()
        for number, line in enumerate(session.summary):
            lines(box, line, width, icon="BLANK1" if number else "CHECKMARK")
        for line in session.warnings:
            lines(box, line, width, icon="INFO")
    for line in match.problems(settings):
        lines(layout, line, width, icon="ERROR")


class BESTIARY_PT_retarget_bones(_Sidebar, Panel):
    """Whose bone is whose."""

    bl_idname = "BESTIARY_PT_retarget_bones"
    bl_label = "Bones"
    bl_parent_id = "BESTIARY_PT_retarget"

    @classmethod
    def poll(cls, context):
        """Once something is matched."""
        settings = context.scene.bestiary_retarget
        return any(settings.matched(side) for side in match.SIDES)

    def draw_header_preset(self, _context):
        """What can be done with the whole match."""
        self.layout.menu("BESTIARY_MT_match", text="", icon="DOWNARROW_HLT")

    def draw(self, context):
        """The list, what can be done with it, and the chosen part with its bones."""
        layout, settings = self.layout, context.scene.bestiary_retarget
        column = layout.column(align=True)
        head = column.row(align=True)
        head.active = False
        head.label(text="", icon="BLANK1")
        split = head.split(factor=_part_width(context), align=True)
        split.label(text="Part")
        names = split.row(align=True)
        names.label(text="Target")
        names.label(text="Source")
        column.template_list("BESTIARY_UL_matched_parts", "", settings, "parts", settings, "active_part", rows=8, maxrows=12)
        part = settings.active()
        if part is None:
            return
        box = layout.box().column(align=True)
        box.label(text=_full_label(part), icon="BONE_DATA")
        for name in match.SIDES:
            _draw_side(context, box, settings, part, name)


def _full_label(part) -> str:
    return f"{match.label(part.group)}: {match.label(part.name)}" if part.group else match.label(part.name)


def _draw_side(context: bpy.types.Context, layout: bpy.types.UILayout, settings, part, side: str) -> None:
    """One rig's bones of a part, with the buttons that change them."""
    row = layout.row(align=True)
    row.label(text=side.title())
    names = match.bones_of_row(settings, part, side)
    words = ", ".join(match.short(name) for name in names)
    if len(words) > characters(context) - 20:
        words = match.chain_text(names)
    text = row.row()
    text.active = bool(names)
    text.label(text=words or "No bone")
    tools = row.row(align=True)
    tools.alignment = "RIGHT"
    for operator, icon in (("select_bones", "RESTRICT_SELECT_OFF"), ("pick_bones", "EYEDROPPER"), ("clear_bones", "X")):
        if part.heading and operator == "pick_bones":
            continue
        tools.operator(f"bestiary.{operator}", text="", icon=icon).side = side.upper()


class BESTIARY_PT_retarget_motion(_Sidebar, Panel):
    """How the motion is carried over."""

    bl_idname = "BESTIARY_PT_retarget_motion"
    bl_label = "Motion"
    bl_parent_id = "BESTIARY_PT_retarget"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context):
        """Way, feet, smoothing with its preview, loop, rate."""
        layout, settings = self.layout, context.scene.bestiary_retarget
        layout.use_property_split = True
        layout.use_property_decorate = False
        column = layout.column()
        column.prop(settings, "path")
        row = column.row(heading="Scale of the Way")
        row.prop(settings, "use_path_scale", text="")
        inner = row.row()
        inner.active = settings.use_path_scale
        inner.prop(settings, "path_scale", text="")
        column = layout.column(heading="Ground")
        column.prop(settings, "contacts")
        column.prop(settings, "ground")
        column.prop(settings, "head_reach")
        column = layout.column()
        row = column.row(align=True)
        row.prop(settings, "smooth")
        shown = retarget_preview.shown()
        row.operator("bestiary.preview_retarget", text="", icon="HIDE_OFF" if shown else "HIDE_ON", depress=shown)
        if retarget_preview.words():
            lines(column, retarget_preview.words(), characters(context), icon="INFO")
        column.prop(settings, "cycle")
        row = column.row(heading="Clip's Own Rate")
        row.prop(settings, "use_fps", text="")
        inner = row.row()
        inner.active = settings.use_fps
        inner.prop(settings, "fps", text="")
        column.prop(settings, "whole_frames")


class BESTIARY_PT_retarget_result(_Sidebar, Panel):
    """How the motion is written."""

    bl_idname = "BESTIARY_PT_retarget_result"
    bl_label = "Result"
    bl_parent_id = "BESTIARY_PT_retarget"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context):
        """Strip, action or constraints; keys."""
        layout, settings = self.layout, context.scene.bestiary_retarget
        layout.use_property_split = True
        layout.use_property_decorate = False
        column = layout.column()
        column.prop(settings, "result")
        if settings.result != "LIVE":
            column.prop(settings, "name_new", placeholder="The Clip's")
        column.prop(settings, "legs")
        if settings.result != "LIVE":
            row = column.row(heading="Fewer Keys")
            row.prop(settings, "reduce", text="")
            inner = row.row()
            inner.active = settings.reduce
            inner.prop(settings, "reduce_degrees", text="Off by")


CLASSES = (
    BESTIARY_UL_matched_parts,
    BESTIARY_MT_match,
    BESTIARY_PT_retarget,
    BESTIARY_PT_retarget_bones,
    BESTIARY_PT_retarget_motion,
    BESTIARY_PT_retarget_result,
)
