"""Make the image of an Image Editor the scene's photo."""

from bpy.types import Operator

from ..marks import is_photo


class BESTIARY_OT_use_photo(Operator):
    """Take the picture that this editor shows as the photo with the animals"""

    bl_idname = "bestiary.use_photo"
    bl_label = "Use This Picture"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        """In an Image Editor that shows a picture."""
        space = context.space_data
        return space is not None and space.type == "IMAGE_EDITOR" and is_photo(space.image)

    def execute(self, context):
        """Set the scene's photo; it gets its first animal."""
        context.scene.bestiary.photo = context.space_data.image
        if not context.space_data.image.bestiary.animals:
            context.space_data.image.bestiary.add_animal()
        return {"FINISHED"}
