"""Swap the active animal's left and right points."""

from bpy.types import Operator

from ..marks import current_photo
from ..point_editor import PointEditor
from ..point_names import asking_order


class BESTIARY_OT_swap_sides(Operator):
    """Swap left and right of all points of this animal. Left is the animal's own left, as if you rode on it"""

    bl_idname = "bestiary.swap_sides"
    bl_label = "Swap Left and Right"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        """With points to swap."""
        photo = current_photo(context)
        animal = photo and photo.bestiary.active()
        return bool(animal and animal.points)

    def execute(self, context):
        """Points on the midline stay as they are."""
        animal = current_photo(context).bestiary.active()
        editor = PointEditor(asking_order(), animal.as_dict().items())
        if not editor.swap_sides():
            self.report({"INFO"}, "None of the points has a side")
            return {"CANCELLED"}
        animal.set_points(editor.points)
        return {"FINISHED"}
