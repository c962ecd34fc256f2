"""Open a photo from disk: picked in the file browser, dropped on the sidebar, or named by a script."""

import os

import bpy
from bpy.props import BoolProperty, CollectionProperty, StringProperty
from bpy.types import FileHandler, Operator, OperatorFileListElement

from ...scene.photo import PhotoError, load_photo, source_file

EXTENSIONS = ".jpg;.jpeg;.png;.tif;.tiff;.bmp;.webp;.tga;.exr;.hdr"


class BESTIARY_OT_open_photo(Operator):
    """Open a photo with one or more animals in it"""

    bl_idname = "bestiary.open_photo"
    bl_label = "Open Photo"
    bl_options = {"REGISTER", "UNDO"}

    filepath: StringProperty(name="Photo", description="The photo's file", subtype="FILE_PATH")
    directory: StringProperty(subtype="DIR_PATH", options={"HIDDEN", "SKIP_SAVE"})
    files: CollectionProperty(type=OperatorFileListElement, options={"HIDDEN", "SKIP_SAVE"})
    filter_image: BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    filter_folder: BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})

    def invoke(self, context, _event):
        """Ask for the file, unless it was dropped."""
        if self.directory and self.files:
            self.filepath = os.path.join(self.directory, self.files[0].name)
            return self.execute(context)
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context):
        """Load the image, make it the scene's photo, and show it if an Image Editor is open."""
        path = os.path.abspath(bpy.path.abspath(self.filepath))
        try:
            image = self._already_open(path) or load_photo(path)
        except PhotoError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        context.scene.bestiary.photo = image
        if context.window is not None:
            for area in context.window.screen.areas:
                if area.type == "IMAGE_EDITOR":
                    area.spaces.active.image = image
                    break
        return {"FINISHED"}

    @staticmethod
    def _already_open(path):
        """The image of this file if it was opened before, so that its marks are found again."""
        for image in bpy.data.images:
            if source_file(image) == path and image.size[0]:
                return image
        return None


class BESTIARY_FH_photo(FileHandler):
    """Takes photos that are dropped on a sidebar; elsewhere Blender does what it always does."""

    bl_idname = "BESTIARY_FH_photo"
    bl_label = "Photo of an animal for Bestiary"
    bl_import_operator = "bestiary.open_photo"
    bl_file_extensions = EXTENSIONS

    @classmethod
    def poll_drop(cls, context):
        """Only on the sidebar of a 3D view or an Image Editor."""
        return (
            context.area is not None
            and context.area.type in {"VIEW_3D", "IMAGE_EDITOR"}
            and context.region is not None
            and context.region.type == "UI"
        )
