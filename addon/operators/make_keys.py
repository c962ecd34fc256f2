"""Make this computer's key for a server on another machine."""

from bpy.types import Operator

from ..preferences import preferences
from ..session import redraw
from ..user_files import user_folder


class BESTIARY_OT_make_keys(Operator):
    """Make this computer's own key. Give the file client.public to the keeper of the server, never client.secret"""

    bl_idname = "bestiary.make_keys"
    bl_label = "Make Key"

    def execute(self, _context):
        """Existing keys are never overwritten."""
        from ...wire.errors import KeyProblem
        from ...wire.keys import make_client_keys

        prefs = preferences()
        if not prefs.key_folder:
            prefs.key_folder = str(user_folder("keys"))
        try:
            make_client_keys(prefs.key_path)
        except KeyProblem as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        redraw()
        self.report({"INFO"}, f"Key made. Give the server's keeper the file client.public in {prefs.key_folder}")
        return {"FINISHED"}
