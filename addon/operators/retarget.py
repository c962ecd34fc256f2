"""Carry the source's motion over to the target without holding Blender up: read, worked out beside Blender, written in one step."""

import bpy
from bpy.types import Operator

from ...scene.retarget.rig_shape import RigError
from .. import retarget_match as match
from .. import retarget_preview, retargeting
from ..results import deliver
from ..session import redraw, session
from .take_selected_rigs import rigs_selected, take_selected
from .waiting import Waiting

_SEEN = 0.15  # seconds that the last words before Blender is busy with the keys need to be drawn


class BESTIARY_OT_retarget(Waiting, Operator):
    """Carry the source's motion over to the target, your own rig, as a new action. Bones that are not matched yet are matched first.
    Escape cancels"""

    bl_idname = "bestiary.retarget"
    bl_label = "Retarget"
    title = "Retargeting"
    about = "retarget"

    @classmethod
    def poll(cls, context):
        """With two rigs, one at a time."""
        settings = context.scene.bestiary_retarget
        chosen = (settings.source is not None) + (settings.target is not None)
        if chosen < 2 and len(rigs_selected(context)) < 2:
            cls.poll_message_set("Choose a source and a target, or select the armature that moves and then your own rig")
            return False
        if chosen == 2 and settings.action is None and not _plays(settings.source):
            cls.poll_message_set(f"“{settings.source.name}” has no action: choose the clip that is to be carried over")
            return False
        return super().poll(context)

    def prepare(self, context):
        """Both rigs, the clip and the choices, copied out of Blender."""
        settings = context.scene.bestiary_retarget
        try:
            if settings.source is None or settings.target is None:
                take_selected(context)
            retargeting.ready(settings)
            self.reading = retargeting.begin(settings, context.scene)
        except RigError as error:
            raise RigError(match.sentence(error)) from error
        reading, live = self.reading, settings.result == "LIVE"
        options = retargeting.write_options(settings, f"{settings.target.name} {clip_name(settings)}")

        finish = retargeting.finish_options(settings)

        def work(progress, cancel):
            question = reading.wait(progress, cancel)
            if question is None:
                return None
            progress(0.5, f"Carrying over {len(question.times)} frames")
            solved = retargeting.carry_over(question)
            progress(0.9, "Writing the keys; Blender waits meanwhile")
            cancel.wait(_SEEN)
            return solved

        def build(solved):
            retarget_preview.stop()
            pending = retargeting.PendingRetarget(reading.question, solved, options, finish, live, [], [])
            return deliver(pending, bpy.ops.bestiary.write_retarget, pending.words, pending.warnings, self.report)

        return work, build

    def modal(self, context, event):
        """Escape leaves everything as it was, at once."""
        if event.type == "ESC" and event.value == "PRESS" and session.task is self.task:
            session.stop(0.0)
            session.summary = ["Cancelled"]
            self.report({"INFO"}, "Retargeting cancelled; nothing was changed")
            redraw()
            return {"CANCELLED"}
        if event.type == "TIMER" and session.task is self.task:
            self.reading.advance()
        return super().modal(context, event)


def _plays(item) -> bool:
    return item.animation_data is not None and item.animation_data.action is not None


def clip_name(settings) -> str:
    """What the clip is called."""
    action = settings.action or settings.source.animation_data.action
    return action.name
