"""Open a motion from disk, such as `bestiary lift` writes or a folder of motions holds: no server is needed."""

import bpy
from bpy.props import BoolProperty, StringProperty
from bpy.types import Operator

from ...animal.motion import load_motion
from ...scene.skeleton_rig import MotionOptions, build_motion
from ..motions import keep_camera
from ..session import session


class BESTIARY_OT_open_motion(Operator):
    """Open a skeleton in motion (.npz with its .json) as an armature with an action"""

    bl_idname = "bestiary.open_motion"
    bl_label = "Open Motion"
    bl_options = {"REGISTER", "UNDO"}

    filepath: StringProperty(name="Motion", description="The motion's file", subtype="FILE_PATH")
    filter_glob: StringProperty(default="*.npz", options={"HIDDEN"})
    match_scene: BoolProperty(
        name="Set Up Scene",
        description="Give the scene the motion's frame rate and length and, where it has a camera, that camera",
    )

    def invoke(self, context, _event):
        """Ask for the file."""
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context):
        """One collection, named after the file or the animal."""
        path = bpy.path.abspath(self.filepath)
        session.clear_message("footage")
        try:
            motion = load_motion(path)
            name = motion.label or bpy.path.display_name_from_filepath(path) or "Motion"
            keep_camera(build_motion(motion, name, MotionOptions(match_scene=self.match_scene), context.scene))
        except (OSError, ValueError) as error:
            self.report({"ERROR"}, session.fail(error))
            return {"CANCELLED"}
        return {"FINISHED"}
