"""The end of live retargeting: what the rig shows becomes keys, or the constraints go without a trace."""

from bpy.types import Operator

from ...scene.retarget import live
from ...scene.retarget.rig_shape import RigError
from .. import retarget_match as match
from .. import retargeting
from ..session import redraw, session


def live_target(context):
    """The target of the panel where it follows a guide, else the active object where that does, else None."""
    chosen = context.scene.bestiary_retarget.target
    for item in (chosen, context.active_object):
        if item is not None and item.type == "ARMATURE" and live.guide_of(item) is not None:
            return item
    return None


class _Live:
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        """With a rig that follows live."""
        if session.busy:
            cls.poll_message_set("Something is running already")
            return False
        if live_target(context) is None:
            cls.poll_message_set("No rig follows live: retarget with Result set to Live Constraints first")
            return False
        return True


class BESTIARY_OT_bake_live(_Live, Operator):
    """Write what the rig shows now, with all that you changed, as keys, and take the constraints away"""

    bl_idname = "bestiary.bake_live"
    bl_label = "Bake"

    def execute(self, context):
        """To a strip, or to the active action where that is chosen."""
        item, settings = live_target(context), context.scene.bestiary_retarget
        options = retargeting.write_options(settings, f"{item.name} baked")
        if settings.result == "LIVE":
            options = retargeting.as_strip(options)
        try:
            written = live.bake_live(item, options)
        except RigError as error:
            self.report({"ERROR"}, session.fail(RigError(match.sentence(error))))
            return {"CANCELLED"}
        session.clear_message("retarget")
        first, last = written.action.curve_frame_range
        more = retargeting.finish(written, retargeting.finish_options(settings), 0.3 * max(item.dimensions))
        session.summary = [f"{item.name}: {len(written.report.handles)} bones, {last - first + 1:.0f} frames baked",
                           f"{'On the NLA track' if written.strip else 'Active action'} “{written.action.name}”",
                           *more]
        self.report({"INFO"}, "; ".join(session.summary))
        redraw()
        return {"FINISHED"}


class BESTIARY_OT_remove_live(_Live, Operator):
    """Take the constraints away, and the guide that they follow: the rig is as it was before"""

    bl_idname = "bestiary.remove_live"
    bl_label = "Remove Constraints"

    def execute(self, context):
        """Nothing is left of it."""
        item = live_target(context)
        live.remove_live(item)
        session.clear_message("retarget")
        session.summary = [f"{item.name} follows nothing any more"]
        self.report({"INFO"}, session.summary[0])
        redraw()
        return {"FINISHED"}


CLASSES = (BESTIARY_OT_bake_live, BESTIARY_OT_remove_live)
