"""Cancel what runs."""

from bpy.types import Operator

from ..session import redraw, session


class BESTIARY_OT_cancel(Operator):
    """Stop waiting and tell the server to stop. Nothing in the scene changes"""

    bl_idname = "bestiary.cancel"
    bl_label = "Cancel"

    @classmethod
    def poll(cls, _context):
        """While something runs that was not cancelled yet."""
        return session.busy and not session.task.cancelling

    def execute(self, _context):
        """The operator that watches the task ends it."""
        session.task.cancel()
        redraw()
        return {"FINISHED"}
