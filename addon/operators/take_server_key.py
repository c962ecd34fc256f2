"""Put the server's public key into this computer's key folder."""

import os
from pathlib import Path

import bpy
from bpy.props import StringProperty
from bpy.types import Operator

from ..preferences import preferences
from ..session import redraw
from ..user_files import user_folder


class BESTIARY_OT_take_server_key(Operator):
    """Pick the file server.public that the keeper of the server gave you"""

    bl_idname = "bestiary.take_server_key"
    bl_label = "Add Server's Key"

    filepath: StringProperty(name="Key", description="The server's public key, server.public", subtype="FILE_PATH")
    filter_glob: StringProperty(default="*.public", options={"HIDDEN"})

    def invoke(self, context, _event):
        """Ask for the file."""
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, _context):
        """Check that it is a key, then copy its public half."""
        from ...wire.errors import KeyProblem
        from ...wire.keys import read_key

        prefs = preferences()
        source = Path(bpy.path.abspath(self.filepath))
        try:
            public = read_key(source).public
        except KeyProblem as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        if not prefs.key_folder:
            prefs.key_folder = str(user_folder("keys"))
        target = Path(prefs.key_path) / "server.public"
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.resolve() != target.resolve():
            temporary = target.with_suffix(".tmp")
            temporary.write_text(f"public = {public}\n", "ascii")
            os.replace(temporary, target)
        redraw()
        self.report({"INFO"}, "The server's key is in place")
        return {"FINISHED"}
