"""Show in the 3D view, as a ghost, how the target will move, while smoothing and the other choices are set."""

import threading

from bpy.types import Operator

from ...scene.retarget.rig_shape import RigError
from .. import retarget_match as match
from .. import retarget_preview, retargeting
from ..session import redraw, session


class BESTIARY_OT_preview_retarget(Operator):
    """Show the target's bones as they will move, in the 3D view, and follow every change of the choices; press again to stop.
    In grey: with the choices as they were at first. Nothing is written"""

    bl_idname = "bestiary.preview_retarget"
    bl_label = "Preview"

    @classmethod
    def poll(cls, context):
        """With two rigs, while nothing else runs."""
        settings = context.scene.bestiary_retarget
        if retarget_preview.shown():
            return True
        if session.busy:
            cls.poll_message_set("Something is running already")
            return False
        if settings.source is None or settings.target is None:
            cls.poll_message_set("Choose a source and a target first")
            return False
        return True

    def execute(self, context):
        """Off where it is on; else the clip is read once, and the ghost follows."""
        if retarget_preview.shown():
            retarget_preview.stop()
            return {"FINISHED"}
        session.clear_message("retarget")
        settings = context.scene.bestiary_retarget
        try:
            retargeting.ready(settings)
            question = retargeting.begin(settings, context.scene).wait(lambda _fraction, _stage: None, threading.Event())
        except RigError as error:
            self.report({"ERROR"}, session.fail(RigError(match.sentence(error))))
            return {"CANCELLED"}
        retarget_preview.start(retarget_preview.Preview(question))
        redraw()
        return {"FINISHED"}
