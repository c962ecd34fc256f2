"""The match of one side of the body given to the other side."""

from bpy.props import EnumProperty
from bpy.types import Operator

from ...scene.retarget.rig_shape import RigError
from .. import retarget_match as match
from .. import retarget_preview
from .match_bones import SIDE_ITEMS


class BESTIARY_OT_mirror_bones(Operator):
    """Give the legs and the ear of one side the bones that mirror those of the other side"""

    bl_idname = "bestiary.mirror_bones"
    bl_label = "Mirror the Match"
    bl_options = {"REGISTER", "UNDO"}

    side: EnumProperty(name="Rig", items=SIDE_ITEMS, description="Whose bones they are")
    start: EnumProperty(
        name="From",
        items=(("LEFT", "Left to Right", "The left side is right"), ("RIGHT", "Right to Left", "The right side is right")),
        description="Which side is kept",
    )

    @classmethod
    def poll(cls, context):
        """With something matched."""
        if len(context.scene.bestiary_retarget.parts):
            return True
        cls.poll_message_set("Press Match Bones first, or pick bones")
        return False

    def execute(self, context):
        """By names, else by places."""
        settings, side = context.scene.bestiary_retarget, self.side.lower()
        try:
            found = match.mirror(settings, side, self.start.lower())
        except RigError as error:
            self.report({"ERROR"}, match.sentence(error))
            return {"CANCELLED"}
        retarget_preview.stop()
        words = f"{found} bones of the {'right' if self.start == 'LEFT' else 'left'} side"
        self.report({"INFO"} if found else {"WARNING"}, words if found else "No bone of this rig mirrors another one")
        return {"FINISHED"}
