"""Take an animal off the photo's list."""

from bpy.types import Operator

from ..marks import current_photo


class BESTIARY_OT_remove_animal(Operator):
    """Take this animal and its marks off the list. Nothing in the scene is deleted"""

    bl_idname = "bestiary.remove_animal"
    bl_label = "Remove Animal"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        """With an animal in the list."""
        photo = current_photo(context)
        return photo is not None and photo.bestiary.active() is not None

    def execute(self, context):
        """The one before it becomes the active one."""
        marks = current_photo(context).bestiary
        index = min(marks.active_animal, len(marks.animals) - 1)
        marks.animals.remove(index)
        marks.active_animal = max(0, min(index, len(marks.animals) - 1))
        return {"FINISHED"}
