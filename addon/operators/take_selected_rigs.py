"""The two selected armatures as source and target, as Blender users expect: the active one gets, the other one gives."""

import bpy
from bpy.types import Operator

from ...scene.retarget.rig_shape import RigError
from .. import retarget_match as match
from ..session import redraw, session


def rigs_selected(context: bpy.types.Context) -> list[bpy.types.Object]:
    """The selected armatures, and those that move selected meshes; the active one's last."""
    def rig(item: bpy.types.Object) -> bpy.types.Object | None:
        return item if item.type == "ARMATURE" else item.find_armature() if item.type == "MESH" else None

    active = context.active_object
    items = sorted(context.selected_objects, key=lambda item: item == active)
    found = [rig(item) for item in items]
    if context.mode == "POSE":
        found += [item for item in context.objects_in_mode if item != active] + [active]
    last = {item: at for at, item in enumerate(found) if item is not None}
    return sorted(last, key=last.__getitem__)


def take_selected(context: bpy.types.Context) -> None:
    """Fill what is empty from the selection. Raises RigError where it is not clear what is meant."""
    settings, rigs = context.scene.bestiary_retarget, rigs_selected(context)
    if len(rigs) == 2:
        settings.source, settings.target = rigs
    elif len(rigs) == 1 and settings.target is None and rigs[0] != settings.source:
        settings.target = rigs[0]
    elif len(rigs) == 1 and settings.source is None and rigs[0] != settings.target:
        settings.source = rigs[0]
    else:
        raise RigError(f"{len(rigs) or 'No'} armature{'s are' if len(rigs) != 1 else ' is'} selected: select the one that moves, then "
                       "your own rig with Shift, so that it is the active one")


class BESTIARY_OT_take_selected_rigs(Operator):
    """Take the two selected armatures: the active one is the target, the other one the source"""

    bl_idname = "bestiary.take_selected_rigs"
    bl_label = "Use Selected"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        """With an armature selected."""
        if context.scene is not None and rigs_selected(context):
            return True
        cls.poll_message_set("Select the armature that moves, then your own rig with Shift")
        return False

    def execute(self, context):
        """Source and target."""
        session.clear_message("retarget")
        try:
            take_selected(context)
        except RigError as error:
            self.report({"ERROR"}, session.fail(RigError(match.sentence(error))))
            return {"CANCELLED"}
        redraw()
        settings = context.scene.bestiary_retarget
        if settings.source and settings.target:
            self.report({"INFO"}, f"From “{settings.source.name}” to “{settings.target.name}”")
        return {"FINISHED"}
