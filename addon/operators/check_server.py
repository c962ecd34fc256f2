"""Ask the server whether it is there."""

from bpy.types import Operator

from ..conversation import Server, ask_status, status_line
from ..network import OfflineError, require_access
from ..preferences import preferences
from ..session import redraw, session


class BESTIARY_OT_check_server(Operator):
    """Ask the server whether it is there, what it computes with and which animal model it uses"""

    bl_idname = "bestiary.check_server"
    bl_label = "Check Server"

    def execute(self, _context):
        """A short question: at most two seconds."""
        prefs = preferences()
        try:
            require_access()
            session.server_line = status_line(ask_status(Server(prefs.address, prefs.key_path), timeout=2.0))
            self.report({"INFO"}, session.server_line)
            return {"FINISHED"}
        except OfflineError as error:
            session.server_line = f"{error.message}. {error.advice}"
        except Exception as error:  # a wire error, a broken address, missing wheels: all are told in words
            session.server_line = str(error)
        finally:
            redraw()
        self.report({"ERROR"}, session.server_line)
        return {"CANCELLED"}
