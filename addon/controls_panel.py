"""The sidebar's panel for animating an animal: controls, sliders of the legs and the head, Rigify."""

from bpy.types import Panel

from ..scene import rig
from ..scene.controls import build, convert, mending
from ..scene.controls.layout import HEAD, NECK
from ..scene.controls.snapping import legs_of
from .rigs import selected_rig
from .text import characters, lines


class BESTIARY_PT_controls(Panel):
    """Controls of the active animal."""

    bl_idname = "BESTIARY_PT_controls"
    bl_label = "Controls"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Bestiary"
    bl_order = 3

    @classmethod
    def poll(cls, context):
        """With an armature, or a mesh that one moves."""
        return selected_rig(None, context) is not None

    def draw(self, context):
        """What can be done with this rig."""
        layout, item = self.layout, selected_rig(None, context)
        if item is None:
            return
        if convert.KEY in item:
            layout.operator("bestiary.motion_from_rigify", icon="LOOP_BACK")
            if mending.lacks(item):
                layout.operator("bestiary.mend_rigify", icon="MODIFIER")
            return
        if not build.has_controls(item):
            column = layout.column(align=True)
            column.operator("bestiary.add_controls", icon="CON_KINEMATIC")
            column.operator("bestiary.convert_to_rigify", icon="ARMATURE_DATA")
            if rig.read_record(item) is None:
                lines(layout, "For animals on four legs, of Bestiary or any other rig", characters(context), icon="INFO")
            return
        _draw_legs(layout, item)
        _draw_sliders(layout, item)
        column = layout.column(align=True)
        column.operator("bestiary.convert_to_rigify", icon="ARMATURE_DATA")
        column.operator("bestiary.remove_controls", icon="X")


def _draw_legs(layout, item):
    """One row a leg: its name, its slider, and the buttons that switch it without a jump."""
    legs = legs_of(item)
    column = layout.column(align=True)
    column.label(text="Legs: 0 = foot (IK), 1 = bones (FK)")
    for leg, foot in legs.items():
        halves = column.split(factor=0.36, align=True)
        halves.label(text=" ".join(leg.split("_")[::-1]).capitalize())
        row = halves.split(factor=0.5, align=True)
        # Blender shows a slider's name or its value: a narrow one has no room for both.
        row.prop(item.pose.bones[foot], f'["{build.SWITCH}"]', text="", slider=True)
        buttons = row.row(align=True)
        for kind in ("IK", "FK"):
            button = buttons.operator("bestiary.snap_leg", text=kind)
            button.leg, button.to, button.use_range = leg, kind, False
    row = layout.row(align=True)
    for kind in ("IK", "FK"):
        button = row.operator("bestiary.snap_leg", text=f"{kind} for a Range", icon="ACTION")
        button.leg, button.to, button.use_range = "all", kind, True


def _draw_sliders(layout, item):
    """How neck and head follow, and how far the head looks at its target; which controls are shown."""
    column = layout.column(align=True)
    sliders = (NECK, build.FOLLOW, "Neck Follows"), (HEAD, build.FOLLOW, "Head Follows"), (HEAD, build.LOOK_AT, "Look at Target")
    for bone, name, words in sliders:
        held = item.pose.bones.get(bone)
        if held is not None and name in held:
            column.prop(held, f'["{name}"]', text=words, slider=True)
    flow = layout.grid_flow(columns=2, align=True)
    for group in item.data.collections_all:
        if group.parent is not None and group.parent.name == build.TOP and group.name != "Helpers":
            flow.prop(group, "is_visible", text=group.name, toggle=True)


CLASSES = (BESTIARY_PT_controls,)
