"""Forget the active animal's box."""

from bpy.types import Operator

from ..marks import current_photo


class BESTIARY_OT_clear_box(Operator):
    """Forget the box around this animal"""

    bl_idname = "bestiary.clear_box"
    bl_label = "Clear Box"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        """With a box to forget."""
        photo = current_photo(context)
        animal = photo and photo.bestiary.active()
        return bool(animal and animal.has_box)

    def execute(self, context):
        """Only the box goes; points and species stay."""
        current_photo(context).bestiary.active().has_box = False
        return {"FINISHED"}
