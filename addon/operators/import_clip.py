"""Build the animals of a clip that has just come in: one undo step."""

from pathlib import Path

import bpy
from bpy.types import Operator

from ...scene.clip_animals import ClipOptions, build_clip
from ...scene.footage import Film, FootageError
from ..clips import PendingClip
from ..motions import keep_camera
from ..session import session


class BESTIARY_OT_import_clip(Operator):
    """Build the animals that the server has animated"""

    bl_idname = "bestiary.import_clip"
    bl_label = "Import Animated Animals"
    bl_options = {"UNDO", "INTERNAL"}

    @classmethod
    def poll(cls, _context):
        """With a clip that waits."""
        return isinstance(session.pending, PendingClip)

    def execute(self, context):
        """One collection in the scene that asked."""
        pending = session.pending
        scene = bpy.data.scenes.get(pending.scene) or context.scene
        film = Film(Path(pending.film), pending.first) if pending.film else None
        try:
            keep_camera(self._build(scene, pending, film))
        except FootageError as error:  # the animals are worth having without the film
            session.warnings = [f"The film is not shown: {error}"]
            keep_camera(self._build(scene, pending, None))
        except ValueError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}

    @staticmethod
    def _build(scene, pending, film):
        answer = pending.answer
        options = ClipOptions(pending.start, film, pending.match_scene)
        return build_clip(answer.clips, answer.cameras, pending.model, pending.name, answer.first, answer.tracks, options, scene)
