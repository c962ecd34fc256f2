"""Find a Python on this machine that can run the server."""

from bpy.types import Operator

from ..local_server import ServerProblem, find_python
from ..preferences import preferences


class BESTIARY_OT_find_python(Operator):
    """Look for a Python on this machine that can run a server"""

    bl_idname = "bestiary.find_python"
    bl_label = "Find Python"

    def execute(self, context):
        """Ask the likely ones, the first that fits is taken."""
        if context.window is not None:
            context.window.cursor_set("WAIT")
        try:
            facts = find_python()
        except ServerProblem as problem:
            self.report({"ERROR"}, f"{problem.message}. {problem.advice}")
            return {"CANCELLED"}
        finally:
            if context.window is not None:
                context.window.cursor_set("DEFAULT")
        preferences().python = facts.path
        self.report({"INFO"}, f"Python {facts.version[0]}.{facts.version[1]} at {facts.path}")
        return {"FINISHED"}
