"""The sidebar's panel for the animal that is active: what it is, and the sliders of its shape."""

from bpy.types import Panel

from ..scene import creature
from ..scene.rig import BAKED_KEY, read_record
from .creatures import active_rig, model_or_none, problems
from .text import characters, lines


class _Shape:
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Bestiary"


class BESTIARY_PT_shape(_Shape, Panel):
    """What the active animal is."""

    bl_idname = "BESTIARY_PT_shape"
    bl_label = "Animal Shape"
    bl_order = 2

    @classmethod
    def poll(cls, context):
        """With an animal."""
        return active_rig(context) is not None

    def draw(self, context):
        """Species, mix, individual; or why not."""
        layout, item, model = self.layout, active_rig(context), model_or_none()
        width = characters(context)
        if model is None or read_record(item).model_id != model.model_id:
            lines(
                layout,
                "This animal was made with another animal model. Choose that one in the preferences",
                width,
                icon="INFO",
            )
            return
        if item is not None and BAKED_KEY in item:
            lines(layout, "The shape of this animal is baked into its mesh", width, icon="INFO")
            return
        group = item.bestiary
        if not group.ready():
            layout.operator("bestiary.shape_animal", icon="MOD_SIMPLEDEFORM")
            return
        layout.use_property_split = True
        layout.use_property_decorate = False
        column = layout.column()
        column.prop(group, "species")
        column.prop(group, "coat", placeholder="Its own")
        column.prop(group, "height")
        column.prop(group, "youth")
        column = layout.column()
        column.prop(group, "other", placeholder="Nothing")
        if group.other:
            column.prop(group, "blend")
        row = layout.row(align=True)
        row.prop(group, "variation")
        row.operator("bestiary.random_animal", text="", icon="FILE_REFRESH")
        if group.variation > 0:
            layout.prop(group, "seed")
        if group.parts:
            column = layout.column(heading="Wears")
            for entry in group.parts:
                column.prop(entry, "worn", text=entry.name.capitalize())
        if item.name in problems:
            lines(layout.box(), problems[item.name], width, icon="ERROR")


class BESTIARY_PT_sliders(_Shape, Panel):
    """The sliders of the active animal."""

    bl_idname = "BESTIARY_PT_sliders"
    bl_label = "Sliders"
    bl_parent_id = "BESTIARY_PT_shape"

    @classmethod
    def poll(cls, context):
        """With an animal that has sliders."""
        item = active_rig(context)
        return item is not None and item.bestiary.ready()

    def draw(self, context):
        """One row each."""
        layout, item, model = self.layout, active_rig(context), model_or_none()
        column = layout.column(align=True)
        for entry in item.bestiary.sliders:
            column.prop(entry, "value", text=entry.name.replace("_", " ").title(), slider=True)
        row = layout.row(align=True)
        row.operator("bestiary.reset_shape", icon="LOOP_BACK")
        if model is not None and not creature.is_settled(item, model):
            row.operator("bestiary.settle_animal", text="Fit Bones", icon="BONE_DATA")


CLASSES = (BESTIARY_PT_shape, BESTIARY_PT_sliders)
