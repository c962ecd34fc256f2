"""Switch a leg between IK and FK without a jump: at this frame, or for a range of frames."""

from bpy.props import BoolProperty, EnumProperty, IntProperty
from bpy.types import Operator

from ...scene.controls.build import has_controls
from ...scene.controls.snapping import legs_of, snap, snap_range
from ...scene.retarget.body_map import LEGS
from ...scene.retarget.rig_shape import RigError
from ..rigs import can_change, selected_rig


class BESTIARY_OT_snap_leg(Operator):
    """Switch this leg between foot control (IK) and its own bones (FK); it stays as it stands"""

    bl_idname = "bestiary.snap_leg"
    bl_label = "Switch Leg"
    bl_options = {"REGISTER", "UNDO"}

    leg: EnumProperty(
        name="Leg",
        items=[*((leg, " ".join(leg.split("_")[::-1]).capitalize(), "") for leg in LEGS), ("all", "All legs", "")],
        default="all",
    )
    to: EnumProperty(name="To", items=[("IK", "IK", "The foot control leads"), ("FK", "FK", "The leg's bones are turned")])
    use_range: BoolProperty(name="Range", description="Key every frame of a range instead of this frame alone")
    first: IntProperty(name="First frame", default=1)
    last: IntProperty(name="Last frame", default=250)

    @classmethod
    def poll(cls, context):
        """With an animal that has controls."""
        item = selected_rig(cls, context)
        if item is not None and not has_controls(item):
            cls.poll_message_set("Add controls to this animal first")
            return False
        return item is not None and can_change(cls, item)

    def execute(self, context):
        """One leg after the other."""
        item = selected_rig(None, context)
        legs = list(legs_of(item)) if self.leg == "all" else [self.leg]
        try:
            for leg in legs:
                if self.use_range:
                    snap_range(item, leg, self.to, self.first, self.last, scene=context.scene)
                else:
                    snap(item, leg, self.to, scene=context.scene)
        except RigError as error:
            self.report({"ERROR"}, str(error)[:1].upper() + str(error)[1:])
            return {"CANCELLED"}
        return {"FINISHED"}

    def invoke(self, context, _event):
        """Ask for the range, from the scene's."""
        if not self.use_range:
            return self.execute(context)
        self.first, self.last = context.scene.frame_start, context.scene.frame_end
        return context.window_manager.invoke_props_dialog(self)
