"""Show on the rig what a row of the list means: its bones are selected in the 3D view."""

import bpy
from bpy.props import EnumProperty
from bpy.types import Operator

from ...scene import compat
from ...scene.retarget.rig_shape import RigError
from .. import retarget_match as match
from .match_bones import SIDE_ITEMS, part_chosen


class BESTIARY_OT_select_bones(Operator):
    """Select the bones of this part on the rig, in Pose Mode; where they are hidden, the controls in their places"""

    bl_idname = "bestiary.select_bones"
    bl_label = "Select Bones"
    bl_options = {"REGISTER", "UNDO"}

    side: EnumProperty(name="Rig", items=SIDE_ITEMS, description="Whose bones they are")

    @classmethod
    def poll(cls, context):
        """With a part chosen in the list."""
        return part_chosen(cls, context)

    def execute(self, context):
        """The rig becomes the active object, in Pose Mode."""
        settings, side = context.scene.bestiary_retarget, self.side.lower()
        part = settings.active()
        try:
            item = match.rig_of(settings, side)
            names = match.bones_of_row(settings, part, side)
            if not names:
                raise RigError(f"“{item.name}” has no bone for this part: select one on the rig and pick it")
            shown = match.visible_bones(item, names)
            if not shown:
                raise RigError(f"{', '.join(names[:4])}: hidden on “{item.name}”; show their bone collection")
            _into_pose_mode(context, item)
        except RigError as error:
            self.report({"ERROR"}, match.sentence(error))
            return {"CANCELLED"}
        compat.select_bones(item, shown)
        item.data.bones.active = item.data.bones[shown[0]]
        return {"FINISHED"}


def _into_pose_mode(context: bpy.types.Context, item: bpy.types.Object) -> None:
    """Raises RigError for a rig that cannot be seen."""
    if item.mode == "POSE" and context.view_layer.objects.active == item:
        return
    if not item.visible_get():
        raise RigError(f"“{item.name}” is hidden or not in this scene: show it first")
    if context.mode != "OBJECT":
        bpy.ops.object.mode_set(mode="OBJECT")
    for other in context.selected_objects:
        other.select_set(False)
    item.select_set(True)
    context.view_layer.objects.active = item
    bpy.ops.object.mode_set(mode="POSE")
