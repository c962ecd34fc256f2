"""A rig's match from a file."""

import bpy
from bpy.props import EnumProperty, StringProperty
from bpy.types import Operator

from ...scene.retarget import map_files
from ...scene.retarget.reading import read_shape
from ...scene.retarget.rig_shape import RigError
from .. import retarget_match as match
from .. import retarget_preview
from .match_bones import SIDE_ITEMS


class BESTIARY_OT_load_match(Operator):
    """Load which bones of this rig are which part of the body. Bones that it does not have are left out"""

    bl_idname = "bestiary.load_match"
    bl_label = "Load Match"
    bl_options = {"REGISTER", "UNDO"}

    side: EnumProperty(name="Rig", items=SIDE_ITEMS, description="Whose bones they are")
    filepath: StringProperty(name="File", description="A match that was saved", subtype="FILE_PATH", options={"SKIP_SAVE"})
    filter_glob: StringProperty(default="*.json", options={"HIDDEN"})

    @classmethod
    def poll(cls, context):
        """With a rig."""
        settings = context.scene.bestiary_retarget
        if settings.source is None and settings.target is None:
            cls.poll_message_set("Choose a source or a target first")
            return False
        return True

    def invoke(self, context, _event):
        """Ask for the file, beginning where matches are saved."""
        if not self.filepath:
            self.filepath = str(match.preset_folder()) + "/"
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context):
        """Into the list."""
        return load(self, context, self.side.lower(), bpy.path.abspath(self.filepath))


def load(operator: Operator, context: bpy.types.Context, side: str, path: str) -> set[str]:
    """Put a preset into the list and say how much of it the rig has; the result of the operator."""
    settings = context.scene.bestiary_retarget
    try:
        item = match.rig_of(settings, side)
        body = map_files.load_map(path)
        there = body.on(read_shape(item))
        if not there.bones:
            raise RigError(f"“{item.name}” has none of the bones of {body.label or body.source}: it is a match for another rig")
    except RigError as error:
        operator.report({"ERROR"}, match.sentence(error))
        return {"CANCELLED"}
    match.set_map(settings, side, there)
    retarget_preview.stop()
    lost = match.mapped_bones(body) - match.mapped_bones(there)
    words = f"{item.name}: {match.mapped_bones(there)} bones of {body.label or body.source}"
    operator.report({"WARNING"} if lost else {"INFO"}, words + (f"; {lost} are not in this rig" if lost else ""))
    return {"FINISHED"}
