"""Stop the server that this Blender started."""

from bpy.types import Operator

from .. import local_server
from ..session import redraw, session


class BESTIARY_OT_stop_server(Operator):
    """Stop the server that this Blender started"""

    bl_idname = "bestiary.stop_server"
    bl_label = "Stop Server"

    @classmethod
    def poll(cls, _context):
        """With a server to stop."""
        return local_server.current is not None

    def execute(self, _context):
        """Politely first."""
        local_server.stop_current()
        session.server_line = ""
        redraw()
        return {"FINISHED"}
