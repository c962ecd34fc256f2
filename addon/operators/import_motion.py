"""Build a motion that has just come in: one undo step."""

from pathlib import Path

import bpy
from bpy.types import Operator

from ...scene.footage import Film, FootageError
from ...scene.skeleton_rig import MotionOptions, build_motion
from ..motions import PendingMotion, keep_camera
from ..session import session


class BESTIARY_OT_import_motion(Operator):
    """Build the motion that the server has sent"""

    bl_idname = "bestiary.import_motion"
    bl_label = "Import Motion"
    bl_options = {"UNDO", "INTERNAL"}

    @classmethod
    def poll(cls, _context):
        """With a motion that waits."""
        return isinstance(session.pending, PendingMotion)

    def execute(self, context):
        """One collection, named after the animal, in the scene that asked."""
        pending = session.pending
        answer = pending.answer
        scene = bpy.data.scenes.get(pending.scene) or context.scene
        film = Film(Path(pending.film), pending.first) if pending.film else None
        try:
            keep_camera(self._build(scene, pending, answer, film))
        except FootageError as error:  # the motion is worth having without the film
            session.warnings = [f"The film is not shown: {error}"]
            keep_camera(self._build(scene, pending, answer, None))
        except ValueError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}

    @staticmethod
    def _build(scene, pending, answer, film):
        options = MotionOptions(pending.start, film, answer.tracks, pending.match_scene)
        return build_motion(answer.motion, pending.name, options, scene)
