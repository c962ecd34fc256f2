"""Give an animal that came from a photo the sliders, and the small buttons beside them."""

import random

from bpy.types import Operator

from ...scene import creature
from ..creatures import active_rig, apply, change, fill, individual
from ..models import ModelUnavailable, current_model
from ..preferences import NotEnabled, preferences


class _OnAnimal:
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        """With an animal that may be changed."""
        item = active_rig(context)
        return item is not None and item.library is None and item.mode != "EDIT"


class BESTIARY_OT_shape_animal(_OnAnimal, Operator):
    """Give this animal sliders for its shape; it stays as it is until one is moved"""

    bl_idname = "bestiary.shape_animal"
    bl_label = "Adjust Shape"

    def execute(self, context):
        """Write a description that says what stands there."""
        item = active_rig(context)
        try:
            creature.describe(item, current_model(preferences().model_path))
        except ModelUnavailable as error:
            self.report({"ERROR"}, f"{error.message}. {error.advice}")
            return {"CANCELLED"}
        except (NotEnabled, ValueError) as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        fill(item)
        return {"FINISHED"}


class BESTIARY_OT_random_animal(_OnAnimal, Operator):
    """Make this animal another individual of its kind"""

    bl_idname = "bestiary.random_animal"
    bl_label = "Another Individual"

    def execute(self, context):
        """A new seed."""
        item = active_rig(context)
        change(item, seed=random.randrange(10_000), variation=individual(item).variation or 1.0)
        return {"FINISHED"}


class BESTIARY_OT_reset_shape(_OnAnimal, Operator):
    """Put all sliders of this animal back to 0"""

    bl_idname = "bestiary.reset_shape"
    bl_label = "Reset Sliders"

    def execute(self, context):
        """No sliders, grown up."""
        change(active_rig(context), sliders={}, youth=0.0)
        return {"FINISHED"}


class BESTIARY_OT_settle_animal(_OnAnimal, Operator):
    """Lay the bones anew for the shape that the shape keys have now"""

    bl_idname = "bestiary.settle_animal"
    bl_label = "Fit Bones to Shape"

    def execute(self, context):
        """At once, also after shape keys were moved by hand."""
        item = active_rig(context)
        try:
            model = current_model(preferences().model_path)
        except (ModelUnavailable, NotEnabled) as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        apply(item, lambda: creature.settle(item, model))
        return {"FINISHED"}


CLASSES = (BESTIARY_OT_shape_animal, BESTIARY_OT_random_animal, BESTIARY_OT_reset_shape, BESTIARY_OT_settle_animal)
