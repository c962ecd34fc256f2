"""Open a clip of the project, of AMASS's kind or of SMILify, onto the active animal: from the file browser or dropped on the 3D view."""

import os

import bpy
from bpy.props import BoolProperty, CollectionProperty, FloatProperty, StringProperty
from bpy.types import FileHandler, Operator, OperatorFileListElement

from ...scene.import_clip import ImportOptions, import_clip, is_motion
from ..creatures import active_rig
from ..models import ModelUnavailable, current_model
from ..preferences import NotEnabled, preferences


class BESTIARY_OT_open_clip(Operator):
    """Give the active animal the motion of a clip (.npz with its .json), as a new action.
    Without an active animal, the clip's own is built"""

    bl_idname = "bestiary.open_clip"
    bl_label = "Open Clip"
    bl_options = {"REGISTER", "UNDO"}

    filepath: StringProperty(name="Clip", description="The clip's file", subtype="FILE_PATH")
    directory: StringProperty(subtype="DIR_PATH", options={"HIDDEN", "SKIP_SAVE"})
    files: CollectionProperty(type=OperatorFileListElement, options={"HIDDEN", "SKIP_SAVE"})
    filter_glob: StringProperty(default="*.npz", options={"HIDDEN"})
    fps: FloatProperty(
        name="Frame Rate",
        default=0.0,
        min=0.0,
        max=1000.0,
        description="Frames a second of a file that does not say it; 0 for what the file says",
    )
    y_up: BoolProperty(name="Y Is Up", description="In the file's world Y points up, as with many trackers")
    match_scene: BoolProperty(name="Set Up Scene", description="Give the scene the clip's frame rate and length")
    new_animal: BoolProperty(name="New Animal", description="Build the clip's own animal, whichever is active")

    def invoke(self, context, _event):
        """Ask for the file, unless it was dropped."""
        if self.directory and self.files:
            self.filepath = os.path.join(self.directory, self.files[0].name)
            return self.execute(context)
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context):
        """One action on the active animal, or one new animal."""
        path = bpy.path.abspath(self.filepath)
        item = None if self.new_animal else active_rig(context)
        try:
            if is_motion(path):
                return bpy.ops.bestiary.open_motion(filepath=path, match_scene=self.match_scene)
            if item is not None and item.library is not None:
                raise ValueError(f"{item.name} is linked from another file: make it local or override it first")
            model = current_model(preferences().model_path) if item is None else None
            options = ImportOptions(self.fps, self.y_up, match_scene=self.match_scene)
            item, action, notes = import_clip(path, item, model, options, context.scene)
        except ModelUnavailable as error:
            self.report({"ERROR"}, f"{error.message}. {error.advice}")
            return {"CANCELLED"}
        except (OSError, ValueError, NotEnabled) as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        for note in notes:
            self.report({"WARNING"}, note)
        first, last = action.frame_range
        self.report({"INFO"}, f"{item.name} plays {action.name}: frames {first:.4g} to {last:.4g}")
        return {"FINISHED"}


class BESTIARY_FH_clip(FileHandler):
    """Takes clips and motions that are dropped on a 3D view."""

    bl_idname = "BESTIARY_FH_clip"
    bl_label = "Clip of an animal for Bestiary"
    bl_import_operator = "bestiary.open_clip"
    bl_file_extensions = ".npz"

    @classmethod
    def poll_drop(cls, context):
        """Anywhere in a 3D view."""
        return context.area is not None and context.area.type == "VIEW_3D"
