"""Bring the photo up in an Image Editor."""

from bpy.types import Operator

from ..image_view import photo_area
from ..marks import current_photo


class BESTIARY_OT_show_photo(Operator):
    """Show the photo in an Image Editor, beside the 3D view if none is open"""

    bl_idname = "bestiary.show_photo"
    bl_label = "Show Photo"

    @classmethod
    def poll(cls, context):
        """With a window and a photo."""
        return context.window is not None and current_photo(context) is not None

    def execute(self, context):
        """Find an editor, or make room for one."""
        return {"FINISHED"} if photo_area(context, current_photo(context)) else {"CANCELLED"}
