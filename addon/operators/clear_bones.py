"""Take the bones away from a part of the body."""

from bpy.props import EnumProperty
from bpy.types import Operator

from .. import retarget_match as match
from .. import retarget_preview
from .match_bones import SIDE_ITEMS, part_chosen


class BESTIARY_OT_clear_bones(Operator):
    """This part has no bones in this rig, or none that are to move; on a leg's heading: all of the leg"""

    bl_idname = "bestiary.clear_bones"
    bl_label = "Clear Bones"
    bl_options = {"REGISTER", "UNDO"}

    side: EnumProperty(name="Rig", items=SIDE_ITEMS, description="Whose bones they are")

    @classmethod
    def poll(cls, context):
        """With a part chosen in the list."""
        return part_chosen(cls, context)

    def execute(self, context):
        """The row stays, empty."""
        settings, side = context.scene.bestiary_retarget, self.side.lower()
        part = settings.active()
        rows = [row for row in settings.parts if row.group == part.name] if part.heading else [part]
        for row in rows:
            getattr(row, side).clear()
        match.edited(settings, side)
        retarget_preview.stop()
        return {"FINISHED"}
