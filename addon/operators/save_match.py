"""Keep a rig's match as a file, for every rig with the same bones."""

import bpy
from bpy.props import BoolProperty, EnumProperty, StringProperty
from bpy.types import Operator

from ...scene.retarget import map_files
from ...scene.retarget.rig_shape import RigError
from .. import retarget_match as match
from .match_bones import SIDE_ITEMS


class BESTIARY_OT_save_match(Operator):
    """Save which bones of this rig are which part of the body. Kept in the folder that is offered, it is used by itself for
    every rig with the same bones"""

    bl_idname = "bestiary.save_match"
    bl_label = "Save Match"

    side: EnumProperty(name="Rig", items=SIDE_ITEMS, description="Whose bones are saved")
    filepath: StringProperty(name="File", description="Where to write", subtype="FILE_PATH")
    filename_ext = ".json"
    filter_glob: StringProperty(default="*.json", options={"HIDDEN"})
    check_existing: BoolProperty(name="Confirm", default=True, options={"HIDDEN", "SKIP_SAVE"})

    @classmethod
    def poll(cls, context):
        """With something matched."""
        if len(context.scene.bestiary_retarget.parts):
            return True
        cls.poll_message_set("Press Match Bones first, or pick bones")
        return False

    def invoke(self, context, _event):
        """Ask for the file; its name is the rig's."""
        item = getattr(context.scene.bestiary_retarget, self.side.lower())
        name = bpy.path.clean_name(item.name) if item is not None else "rig"
        self.filepath = str(match.preset_folder() / f"{name}.json")
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context):
        """The file, whole or not at all."""
        path = bpy.path.ensure_ext(bpy.path.abspath(self.filepath), ".json")
        try:
            body = match.map_of(context.scene.bestiary_retarget, self.side.lower())
            done = map_files.save_map(path, body)
        except RigError as error:
            self.report({"ERROR"}, match.sentence(error))
            return {"CANCELLED"}
        self.report({"INFO"}, f"{done.name}: {match.mapped_bones(body)} bones")
        return {"FINISHED"}
