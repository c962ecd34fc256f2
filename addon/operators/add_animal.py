"""Add an animal to the photo's list."""

from bpy.types import Operator

from ..marks import current_photo


class BESTIARY_OT_add_animal(Operator):
    """Add another animal that is in the photo"""

    bl_idname = "bestiary.add_animal"
    bl_label = "Add Animal"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        """With a photo."""
        return current_photo(context) is not None

    def execute(self, context):
        """The new animal becomes the active one."""
        current_photo(context).bestiary.add_animal()
        return {"FINISHED"}
