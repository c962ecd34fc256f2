"""Put controls on the animal that is active, and take them off again."""

from bpy.types import Operator

from ...scene.controls.build import has_controls
from ...scene.controls.keeping import add_controls, remove_controls
from ...scene.retarget.rig_shape import RigError
from ..rigs import can_change, selected_rig


class BESTIARY_OT_add_controls(Operator):
    """Give this animal controls for animating: feet with IK, knees, torso, chest, neck, head, look-at and tail. Its motion stays"""

    bl_idname = "bestiary.add_controls"
    bl_label = "Add Controls"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        """With one armature that has none yet."""
        item = selected_rig(cls, context)
        if item is not None and has_controls(item):
            cls.poll_message_set("This animal has controls already")
            return False
        return item is not None and can_change(cls, item)

    def execute(self, context):
        """Controls on top of the animal's own bones; an action moves over to them."""
        try:
            report = add_controls(selected_rig(None, context), scene=context.scene)
        except RigError as error:
            self.report({"ERROR"}, _sentence(error))
            return {"CANCELLED"}
        # One line: the status bar shows the last one only.
        self.report({"INFO"}, "; ".join((f"{len(report.controls)} controls added", *report.messages)))
        return {"FINISHED"}


class BESTIARY_OT_remove_controls(Operator):
    """Take the controls off this animal; what they made of its motion stays, on its own bones"""

    bl_idname = "bestiary.remove_controls"
    bl_label = "Remove Controls"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        """With an animal that has controls."""
        item = selected_rig(cls, context)
        if item is not None and not has_controls(item):
            cls.poll_message_set("This animal has no controls")
            return False
        return item is not None and can_change(cls, item)

    def execute(self, context):
        """The controls' motion becomes keys of the bones."""
        try:
            report = remove_controls(selected_rig(None, context), scene=context.scene)
        except RigError as error:
            self.report({"ERROR"}, _sentence(error))
            return {"CANCELLED"}
        self.report({"INFO"}, "; ".join(("Controls removed", *report.messages)))
        return {"FINISHED"}


def _sentence(what: object) -> str:
    text = str(what)
    return text[:1].upper() + text[1:]
