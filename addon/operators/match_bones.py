"""Find the parts of the body in both rigs, or in one of them."""

from contextlib import suppress

from bpy.props import EnumProperty
from bpy.types import Operator

from ...scene.retarget.rig_shape import RigError
from .. import retarget_match as match
from .. import retarget_preview
from ..session import redraw, session
from .take_selected_rigs import take_selected

SIDE_ITEMS = (
    ("TARGET", "Target", "Your own rig, which gets the motion"),
    ("SOURCE", "Source", "The armature that moves"),
)


def part_chosen(operator: type[Operator], context) -> bool:
    """Whether a part is chosen in the list, for the `poll` of what works on one; says so if not."""
    if context.scene.bestiary_retarget.active() is None:
        operator.poll_message_set("Choose a part in the list")
        return False
    return True


class BESTIARY_OT_match_bones(Operator):
    """Find spine, neck, head, tail and legs in both rigs. What you changed in the list is found anew"""

    bl_idname = "bestiary.match_bones"
    bl_label = "Match Bones"
    bl_options = {"REGISTER", "UNDO"}

    side: EnumProperty(
        name="Rig", items=(*SIDE_ITEMS, ("BOTH", "Both", "Target and source")), default="BOTH",
        description="Whose bones are matched",
    )  # fmt: skip

    @classmethod
    def poll(cls, context):
        """With a rig to look at."""
        settings = context.scene.bestiary_retarget
        if session.busy:
            cls.poll_message_set("Something is running already")
            return False
        if settings.source is None and settings.target is None and not _selected(context):
            cls.poll_message_set("Choose a source and a target first, or select the two rigs")
            return False
        return True

    def execute(self, context):
        """Each rig by itself: one that cannot be matched leaves the other's match, and its own as it was."""
        settings = context.scene.bestiary_retarget
        session.clear_message("retarget")
        if settings.source is None or settings.target is None:
            with suppress(RigError):  # what is still missing is told below, rig by rig
                take_selected(context)
        words, failed = [], []
        for side in match.SIDES if self.side == "BOTH" else (self.side.lower(),):
            try:
                item = match.rig_of(settings, side)
                body = match.find_map(item, settings.presets)
            except RigError as error:
                failed.append(str(error) if getattr(settings, side) is None else f"{getattr(settings, side).name}: {error}")
                continue
            match.set_map(settings, side, body)
            words.append(f"{item.name}: {match.mapped_bones(body)} bones in {len(body.bones)} parts")
        retarget_preview.stop()
        session.summary = words
        if failed:
            session.error = ". ".join(match.sentence(line) for line in failed)
            self.report({"ERROR"}, session.error)
        else:
            self.report({"INFO"}, "; ".join(words))
        redraw()
        return {"FINISHED"} if words else {"CANCELLED"}


def _selected(context) -> bool:
    return any(item.type == "ARMATURE" for item in context.selected_objects)
