"""Add > Mesh > Animal: an animal made to order at the 3D cursor."""

import bpy
from bpy.props import BoolProperty, CollectionProperty, FloatProperty, IntProperty, StringProperty
from bpy.types import Operator, PropertyGroup

from ...animal.individual import Individual, sliders_of
from ...scene import creature
from ..creatures import fill, model_or_none, search_species
from ..models import ModelUnavailable, current_model
from ..preferences import NotEnabled, preferences

_SPECIES = {"search": search_species, "search_options": {"SUGGESTION"}, "options": {"SKIP_SAVE"}}


class BESTIARY_PG_amount(PropertyGroup):
    """What a slider of the new animal stands at; `name` is the model's."""

    value: FloatProperty(
        name="Value",
        description="0 is as the species is, -1 and 1 are the least and the most that look right",
        min=-1.0,
        max=1.0,
        step=5,
        precision=2,
    )


class BESTIARY_OT_create_animal(Operator):
    """Add an animal: a rig with its skin, ready to be posed, whose shape stays adjustable in the sidebar"""

    bl_idname = "bestiary.create_animal"
    bl_label = "Add Animal"
    bl_options = {"REGISTER", "UNDO"}

    species: StringProperty(
        name="Species", description="What animal to add. Type a few letters", default="dog", **_SPECIES
    )
    coat: StringProperty(name="Coat", description="The species whose coat it wears; empty for its own", **_SPECIES)
    height: FloatProperty(
        name="Shoulder Height",
        description="Height at the shoulder; 0 for the species' real height",
        min=0.0,
        soft_max=4.0,
        max=20.0,
        subtype="DISTANCE",
        options={"SKIP_SAVE"},
    )
    youth: FloatProperty(
        name="Youth",
        description="0 is grown, 1 newborn: smaller, with a larger head and longer legs",
        min=0.0,
        max=1.0,
        subtype="FACTOR",
        options={"SKIP_SAVE"},
    )
    parts: BoolProperty(
        name="Horns and Mane",
        description="Add the horns, antlers, tusks, mane or beard of the species",
        default=True,
        options={"SKIP_SAVE"},
    )
    other: StringProperty(name="Blend With", description="Another species to mix in; empty for none", **_SPECIES)
    blend: FloatProperty(
        name="Blend",
        description="How much of the other species",
        min=0.0,
        max=1.0,
        default=0.5,
        subtype="FACTOR",
        options={"SKIP_SAVE"},
    )
    variation: FloatProperty(
        name="Individuality",
        description="0 is the typical animal of its kind; 1 differs from it as individuals do",
        min=0.0,
        max=2.0,
        options={"SKIP_SAVE"},
    )
    seed: IntProperty(
        name="Seed",
        description="Which individual: the same seed is always the same animal",
        min=0,
        options={"SKIP_SAVE"},
    )
    sliders: CollectionProperty(name="Sliders", description="The shape", type=BESTIARY_PG_amount, options={"SKIP_SAVE"})

    @classmethod
    def poll(cls, context):
        """In object mode, as everything that adds objects of its own."""
        if context.mode != "OBJECT":
            cls.poll_message_set("Switch to Object Mode to add an animal")
            return False
        return True

    def execute(self, context):
        """Build it, and make it the selected and active object as Blender's own Add operators do."""
        try:
            model = current_model(preferences().model_path)
        except ModelUnavailable as error:
            self.report({"ERROR"}, f"{error.message}. {error.advice}")
            return {"CANCELLED"}
        except NotEnabled as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        self._list_sliders(sliders_of(model).names)
        names = [creature.known_name(model, text) for text in (self.species, self.other, self.coat)]
        who = Individual(
            names[0],
            names[1],
            self.blend if names[1] else 0.0,
            self.seed,
            self.variation,
            {entry.name: entry.value for entry in self.sliders if entry.value},
            self.youth,
            self.height,
        )
        try:
            item = creature.create(
                model,
                who,
                coat=names[2],
                without=() if self.parts else creature.kinds_of(model, who),
                location=context.scene.cursor.location,
                scene=context.scene,
            )
        except ValueError as error:  # an unknown species: the message offers the nearest names
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        fill(item)
        for selected in context.selected_objects:
            selected.select_set(False)
        item.select_set(True)
        context.view_layer.objects.active = item
        return {"FINISHED"}

    def _list_sliders(self, names):
        """One entry for each slider of the model, those that were given first as they were given."""
        given = {entry.name: entry.value for entry in self.sliders}
        if list(given) == list(names):
            return
        self.sliders.clear()
        for name in names:
            entry = self.sliders.add()
            entry.name, entry.value = name, given.get(name, 0.0)

    def draw(self, context):
        """Species first, then what is changed most."""
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        column = layout.column()
        column.prop(self, "species")
        column.prop(self, "coat", placeholder="Its own")
        column.prop(self, "height")
        real = (
            creature.height(context.active_object, model_or_none())
            if self.height <= 0 and context.active_object
            else 0.0
        )
        if real > 0:
            row = column.row()
            row.alignment = "RIGHT"
            row.active = False
            row.label(text=f"real height, {real:.2f} m")
        column.prop(self, "youth")
        column.prop(self, "parts")
        column = layout.column(heading="Mix")
        column.prop(self, "other", placeholder="Nothing")
        if self.other:
            column.prop(self, "blend")
        column = layout.column(heading="Individual")
        column.prop(self, "variation")
        if self.variation > 0:
            column.prop(self, "seed")
        column = layout.column(align=True, heading="Shape")
        for entry in self.sliders:
            column.prop(entry, "value", text=entry.name.replace("_", " ").title(), slider=True)


class BESTIARY_OT_search_animal(Operator):
    """Find an animal by its name"""

    bl_idname = "bestiary.search_animal"
    bl_label = "Search Animal"
    bl_options = {"INTERNAL"}
    bl_property = "species"

    def _items(self, _context):
        items = [(name, name, "") for name in search_species(None, None, "")]
        # Blender keeps no copy of the texts: without this they would be freed under it.
        BESTIARY_OT_search_animal.kept = items or [("NONE", "No animal model", "")]
        return BESTIARY_OT_search_animal.kept

    species: bpy.props.EnumProperty(name="Species", description="What animal to add", items=_items)

    @classmethod
    def poll(cls, context):
        """As adding one."""
        return BESTIARY_OT_create_animal.poll(context)

    def invoke(self, context, _event):
        """A list that narrows while one types."""
        context.window_manager.invoke_search_popup(self)
        return {"CANCELLED"}

    def execute(self, _context):
        """Hand over to the operator that adds it: that one can be adjusted afterwards."""
        return bpy.ops.bestiary.create_animal("EXEC_DEFAULT", True, species=self.species)
