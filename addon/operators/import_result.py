"""Build the animals of a result that has just come in: one undo step."""

import bpy
from bpy.types import Operator

from ...scene.animals import BuildOptions, build_animals
from ..results import Pending
from ..session import session


class BESTIARY_OT_import_result(Operator):
    """Build the animals that the server has sent"""

    bl_idname = "bestiary.import_result"
    bl_label = "Import Animals"
    bl_options = {"UNDO", "INTERNAL"}

    @classmethod
    def poll(cls, _context):
        """With a result that waits."""
        return isinstance(session.pending, Pending)

    def execute(self, context):
        """One collection, named after the photo, in the scene that asked."""
        pending = session.pending
        answer = pending.answer
        scene = bpy.data.scenes.get(pending.scene) or context.scene
        try:
            build_animals(
                answer.animals,
                answer.camera,
                bpy.data.images.get(pending.photo),
                pending.model,
                real_size=pending.real_size,
                name=bpy.path.display_name_from_filepath(pending.photo) or "Animals",
                options=BuildOptions(match_render=pending.match_render),
                scene=scene,
            )
        except ValueError as error:  # SceneError: the message says what is wrong with the result
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}
