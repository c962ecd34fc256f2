"""Write a motion that was carried over: one undo step."""

from bpy.types import Operator

from ...scene.retarget.rig_shape import RigError
from .. import retarget_match as match
from .. import retargeting
from ..session import session


class BESTIARY_OT_write_retarget(Operator):
    """Write the motion that was carried over onto the target"""

    bl_idname = "bestiary.write_retarget"
    bl_label = "Retarget"
    bl_options = {"UNDO", "INTERNAL"}

    @classmethod
    def poll(cls, _context):
        """With a motion that waits."""
        return isinstance(session.pending, retargeting.PendingRetarget)

    def execute(self, context):
        """A new action, and where it is to play."""
        try:
            retargeting.write(session.pending)
        except RigError as error:
            self.report({"ERROR"}, match.sentence(error))
            return {"CANCELLED"}
        return {"FINISHED"}
