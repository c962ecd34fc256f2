"""Make tracks that have just been read the scene's: one undo step."""

import bpy
from bpy.types import Operator

from ..footage import PendingTracks, fill
from ..session import session


class BESTIARY_OT_take_tracks(Operator):
    """Take the tracks that were read"""

    bl_idname = "bestiary.take_tracks"
    bl_label = "Import Tracks"
    bl_options = {"UNDO", "INTERNAL"}

    @classmethod
    def poll(cls, _context):
        """With tracks that wait."""
        return isinstance(session.pending, PendingTracks)

    def execute(self, context):
        """List their animals in the scene that asked."""
        pending = session.pending
        scene = bpy.data.scenes.get(pending.scene) or context.scene
        fill(scene.bestiary_footage, pending)
        return {"FINISHED"}
