"""Delete the point that is picked in the list."""

from bpy.types import Operator

from ..marks import current_photo


class BESTIARY_OT_remove_point(Operator):
    """Delete the point that is picked in the list"""

    bl_idname = "bestiary.remove_point"
    bl_label = "Delete Point"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        """With a point picked."""
        photo = current_photo(context)
        animal = photo and photo.bestiary.active()
        return bool(animal and 0 <= animal.active_point < len(animal.points))

    def execute(self, context):
        """The one before it is picked then."""
        animal = current_photo(context).bestiary.active()
        animal.points.remove(animal.active_point)
        animal.active_point = max(0, animal.active_point - 1)
        return {"FINISHED"}
