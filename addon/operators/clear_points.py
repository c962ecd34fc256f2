"""Delete all points of the active animal."""

from bpy.types import Operator

from ..marks import current_photo


class BESTIARY_OT_clear_points(Operator):
    """Delete all points of this animal"""

    bl_idname = "bestiary.clear_points"
    bl_label = "Clear Points"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        """With points to delete."""
        photo = current_photo(context)
        animal = photo and photo.bestiary.active()
        return bool(animal and animal.points)

    def execute(self, context):
        """The box and the species stay."""
        current_photo(context).bestiary.active().points.clear()
        return {"FINISHED"}
