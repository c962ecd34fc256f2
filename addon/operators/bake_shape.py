"""Bake the shape of the active animal, or of any rig's meshes, into the mesh."""

from bpy.types import Operator

from ...scene.bake_shape import BakeError, bake_shape
from ...scene.export_clip import armatures_of
from ..creatures import model_or_none


class BESTIARY_OT_bake_shape(Operator):
    """Make the shape that the animal has now its mesh's own, and remove the shape keys. Bones, skin, motion and pose shapes stay"""

    bl_idname = "bestiary.bake_shape"
    bl_label = "Bake Shape"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        """With an armature, or a mesh that one moves."""
        if context.active_object is not None and armatures_of([context.active_object], context.scene):
            return True
        cls.poll_message_set("Select an animal or a rig")
        return False

    def invoke(self, context, event):
        """Ask first: the sliders go."""
        return context.window_manager.invoke_confirm(self, event)

    def execute(self, context):
        """In place, and say what was lost."""
        item = armatures_of([context.active_object], context.scene)[0]
        try:
            done = bake_shape(item, model_or_none(), context.scene)
        except BakeError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        group = getattr(item, "bestiary", None)
        if group is not None:
            group.sliders.clear()
            group.parts.clear()
        self.report({"INFO"}, "; ".join(done.lost))
        return {"FINISHED"}
