"""An animal as a Rigify rig, and the motion of that rig back on the animal."""

import bpy
from bpy.props import BoolProperty
from bpy.types import Operator

from ...scene.controls import convert, generating, mending
from ...scene.controls.strips import has_strips
from ...scene.retarget.rig_shape import RigError
from ..rigs import can_change, make_active, out_of_pose_mode, selected_rig


class BESTIARY_OT_convert_to_rigify(Operator):
    """Make a Rigify rig that fits this animal, with its skin and its motion"""

    bl_idname = "bestiary.convert_to_rigify"
    bl_label = "Convert to Rigify"
    bl_options = {"REGISTER", "UNDO"}

    keep: BoolProperty(
        name="Keep Animal", description="Hide the animal instead of replacing it; motion can be brought back to it", default=True)
    turn_on: BoolProperty(name="Turn On Rigify", description="Switch on Blender's add-on Rigify if it is off", default=False)

    @classmethod
    def poll(cls, context):
        """With an animal that is no Rigify rig."""
        item = selected_rig(cls, context)
        if item is not None and convert.KEY in item:
            cls.poll_message_set("This is a Rigify rig already")
            return False
        return item is not None and can_change(cls, item)

    def invoke(self, context, _event):
        """Ask before another add-on is switched on."""
        if generating.rigify_is_on():
            return self.execute(context)
        self.turn_on = True  # pressing the button says yes
        return context.window_manager.invoke_props_dialog(self, title="Rigify is off. Turn it on?", confirm_text="Turn On and Convert")

    def draw(self, _context):
        """What matters; whether to turn Rigify on is what the dialog itself asks."""
        self.layout.prop(self, "keep")

    def execute(self, context):
        """The new rig stands where the animal stands, and is active."""
        item = selected_rig(None, context)
        name = item.name
        with out_of_pose_mode(context):
            try:
                if self.turn_on:
                    generating.turn_rigify_on()
                made = convert.to_rigify(item, keep=self.keep, scene=context.scene)
            except (RigError, RuntimeError) as error:
                self.report({"ERROR"}, str(error)[:1].upper() + str(error)[1:])
                return {"CANCELLED"}
            make_active(context, made.rig)
        moving = made.action is not None or has_strips(made.rig)
        self.report({"INFO"}, f"“{made.rig.name}” has the skin" + (" and the motion" if moving else "") + f" of “{name}”")
        for message in made.messages:
            self.report({"WARNING"}, message[:1].upper() + message[1:])
        return {"FINISHED"}


class BESTIARY_OT_motion_from_rigify(Operator):
    """Bring the motion of this Rigify rig back to the animal that it was made of; the animal is shown, the Rigify rig hidden"""

    bl_idname = "bestiary.motion_from_rigify"
    bl_label = "Motion Back to the Animal"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        """With a rig that Convert to Rigify has made."""
        item = selected_rig(cls, context)
        if item is not None and convert.KEY not in item:
            cls.poll_message_set("Select a rig that was made by Convert to Rigify")
            return False
        return item is not None

    def execute(self, context):
        """An action of the animal's own."""
        item = selected_rig(None, context)
        name = item.name
        with out_of_pose_mode(context):
            try:
                animal = convert.animal_of(item)
                report = convert.from_rigify(item, animal, scene=context.scene)
            except RigError as error:
                self.report({"ERROR"}, str(error)[:1].upper() + str(error)[1:])
                return {"CANCELLED"}
            make_active(context, animal)
        does = f"moves as “{name}” does: {report.frames} frames" if report.frames else f"stands as “{name}” does"
        self.report({"INFO"}, f"“{animal.name}” {does}; “{name}” is hidden")
        for message in report.messages:
            self.report({"WARNING"}, message[:1].upper() + message[1:])
        return {"FINISHED"}


class BESTIARY_OT_mend_rigify(Operator):
    """Put back what Rigify's Generate took off rigs of Convert to Rigify: helpers of pose correctives, legs that turn whole"""

    bl_idname = "bestiary.mend_rigify"
    bl_label = "Restore Helpers"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, _context):
        """All rigs that lack something: Rigify calls this after Generate without saying for which."""
        rigs = [item for item in bpy.data.objects if mending.lacks(item)]
        for item in rigs:
            try:
                mending.mend(item)
            except (RigError, RuntimeError) as error:  # an error here would break off Generate of another rig
                self.report({"WARNING"}, f"“{item.name}” was not restored: {error}")
        return {"FINISHED"} if rigs else {"CANCELLED"}


CLASSES = (BESTIARY_OT_convert_to_rigify, BESTIARY_OT_motion_from_rigify, BESTIARY_OT_mend_rigify)
