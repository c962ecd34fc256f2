"""Open a mask image for the active animal."""

import os

import bpy
from bpy.props import BoolProperty, StringProperty
from bpy.types import Operator

from ..marks import current_photo


class BESTIARY_OT_open_mask(Operator):
    """Open an image of the photo's size that is white, or opaque, where the animal is"""

    bl_idname = "bestiary.open_mask"
    bl_label = "Open Mask"
    bl_options = {"REGISTER", "UNDO"}

    filepath: StringProperty(name="Mask", description="The mask's file", subtype="FILE_PATH")
    filter_image: BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    filter_folder: BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})

    @classmethod
    def poll(cls, context):
        """With an animal to give it to."""
        photo = current_photo(context)
        return photo is not None and photo.bestiary.active() is not None

    def invoke(self, context, _event):
        """Ask for the file."""
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context):
        """Load the mask; its size must be the photo's."""
        photo = current_photo(context)
        path = bpy.path.abspath(self.filepath)
        try:
            mask = bpy.data.images.load(path, check_existing=True)
        except RuntimeError as error:
            self.report({"ERROR"}, str(error).strip())
            return {"CANCELLED"}
        if tuple(mask.size) != tuple(photo.size):
            sizes = f"{mask.size[0]} x {mask.size[1]} pixels, the photo {photo.size[0]} x {photo.size[1]}"
            self.report({"ERROR"}, f"{os.path.basename(path)} is {sizes}: choose a mask of the photo's size")
            if not mask.users:
                bpy.data.images.remove(mask)
            return {"CANCELLED"}
        mask.colorspace_settings.name = "Non-Color"
        photo.bestiary.active().mask = mask
        return {"FINISHED"}
