"""Give a part of the body the bones that are selected on the rig."""

from bpy.props import EnumProperty, StringProperty
from bpy.types import Operator

from ...scene.retarget.rig_shape import RigError
from .. import retarget_match as match
from .. import retarget_preview
from .match_bones import SIDE_ITEMS


class BESTIARY_OT_pick_bones(Operator):
    """Take the bones that are selected in Pose Mode for this part, from the trunk outwards. Controls stand for the bones they move"""

    bl_idname = "bestiary.pick_bones"
    bl_label = "Pick Selected Bones"
    bl_options = {"REGISTER", "UNDO"}

    side: EnumProperty(name="Rig", items=SIDE_ITEMS, description="Whose bones they are")
    part: StringProperty(name="Part", description="The part of the body; empty: the one chosen in the list", options={"SKIP_SAVE"})

    @classmethod
    def poll(cls, context):
        """In Pose Mode, with a part to give them to."""
        part = context.scene.bestiary_retarget.active()
        if part is None:
            cls.poll_message_set("Press Match Bones first")
            return False
        if not context.selected_pose_bones and context.active_pose_bone is None:
            cls.poll_message_set("Go into Pose Mode and select the bones of this part")
            return False
        return True

    def execute(self, context):
        """The bones leave the part they had."""
        settings, side = context.scene.bestiary_retarget, self.side.lower()
        part = settings.row(self.part) if self.part else settings.active()
        try:
            if part is None or part.heading:
                raise RigError("Choose a part in the list, not a whole leg: unfold it")
            item = match.rig_of(settings, side)
            names = match.picked_bones(context, item)
        except RigError as error:
            self.report({"ERROR"}, match.sentence(error))
            return {"CANCELLED"}
        match.give(settings, side, part.name, names)
        retarget_preview.stop()
        self.report({"INFO"}, f"{item.name}, {match.label(part.name)}: {', '.join(names)}")
        return {"FINISHED"}
