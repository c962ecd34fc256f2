"""The sliders of an animal as properties of its armature object.

They hold nothing themselves: reading asks the description that the armature keeps, writing changes the animal. So they
can never disagree with it, whatever is undone, copied or appended.
"""

import bpy
from bpy.props import (
    BoolProperty,
    CollectionProperty,
    FloatProperty,
    IntProperty,
    PointerProperty,
    StringProperty,
)
from bpy.types import PropertyGroup

from ..scene import creature
from ..scene.rig import read_record
from .creatures import apply, change, fill, individual, model_or_none, search_species, shown


def _of(field, low, high):
    """Getter and setter of a number of the description; Blender itself does not hold typed ones to their limits."""

    def read(self):
        return getattr(individual(self.id_data), field)

    def write(self, value):
        change(self.id_data, **{field: min(max(value, low), high)})

    return {"get": read, "set": write}


def _species(field):
    """Getter and setter of a species' name, as it reads on screen."""

    def read(self):
        return shown(getattr(individual(self.id_data), field))

    def write(self, value):
        change(self.id_data, **{field: creature.known_name(model_or_none(), value)})
        fill(self.id_data)

    return {"get": read, "set": write}


def _read_slider(self):
    return individual(self.id_data).sliders.get(self.name, 0.0)


def _write_slider(self, value):
    sliders = dict(individual(self.id_data).sliders)
    sliders[self.name] = min(max(value, -1.0), 1.0)
    change(self.id_data, sliders=sliders)


def _read_worn(self):
    found = creature.read_creature(self.id_data)
    return found is not None and self.name not in found.without


def _write_worn(self, value):
    item, model = self.id_data, model_or_none()
    if model is not None:
        apply(item, lambda: creature.wear(item, model, self.name, value))


def _read_height(self):
    return creature.height(self.id_data, model_or_none())


def _write_height(self, value):
    change(self.id_data, height_m=min(max(value, 0.0), 20.0))


def _read_coat(self):
    found = creature.read_creature(self.id_data)
    return shown(found.coat) if found is not None else ""


def _write_coat(self, value):
    item, model = self.id_data, model_or_none()
    if model is not None:
        apply(item, lambda: creature.recoat(item, model, creature.known_name(model, value)))


class BESTIARY_PG_slider(PropertyGroup):
    """One slider of the animal model; `name` is the model's."""

    value: FloatProperty(
        name="Value",
        description="0 is as the species is, -1 and 1 are the least and the most that look right",
        min=-1.0,
        max=1.0,
        step=5,
        precision=2,
        get=_read_slider,
        set=_write_slider,
    )


class BESTIARY_PG_part(PropertyGroup):
    """One kind of part that the species wears; `name` is the kind."""

    worn: BoolProperty(name="Worn", description="Whether the animal wears this", get=_read_worn, set=_write_worn)


class BESTIARY_PG_creature(PropertyGroup):
    """What an animal in the scene is: hung on every object, filled for armatures of animals."""

    species: StringProperty(
        name="Species",
        description="What animal this is",
        search=search_species,
        search_options={"SUGGESTION"},
        **_species("species"),
    )
    other: StringProperty(
        name="Blend With",
        description="Another species to mix in; empty for none",
        search=search_species,
        search_options={"SUGGESTION"},
        **_species("other"),
    )
    blend: FloatProperty(
        name="Blend",
        description="How much of the other species",
        min=0.0,
        max=1.0,
        subtype="FACTOR",
        **_of("blend", 0.0, 1.0),
    )
    coat: StringProperty(
        name="Coat",
        description="The species whose coat it wears; empty for its own",
        search=search_species,
        search_options={"SUGGESTION"},
        get=_read_coat,
        set=_write_coat,
    )
    height: FloatProperty(
        name="Shoulder Height",
        description="Height at the shoulder, before long or short legs",
        min=0.0,
        soft_max=4.0,
        max=20.0,
        subtype="DISTANCE",
        get=_read_height,
        set=_write_height,
    )
    youth: FloatProperty(
        name="Youth",
        description="0 is grown, 1 newborn: smaller, with a larger head and longer legs",
        min=0.0,
        max=1.0,
        subtype="FACTOR",
        **_of("youth", 0.0, 1.0),
    )
    variation: FloatProperty(
        name="Individuality",
        description="How far this individual is from the typical animal of its kind",
        min=0.0,
        max=2.0,
        **_of("variation", 0.0, 2.0),
    )
    seed: IntProperty(
        name="Seed",
        description="Which individual: the same seed is always the same animal",
        min=0,
        **_of("seed", 0, 2**31 - 1),
    )
    sliders: CollectionProperty(name="Sliders", description="The shape", type=BESTIARY_PG_slider)
    parts: CollectionProperty(name="Parts", description="Horns, mane and so on", type=BESTIARY_PG_part)

    def ready(self) -> bool:
        """Whether this armature has its sliders."""
        armature = self.id_data
        return armature is not None and read_record(armature) is not None and len(self.sliders) > 0 and creature.KEY in armature


CLASSES = (BESTIARY_PG_slider, BESTIARY_PG_part, BESTIARY_PG_creature)


def register() -> None:
    """Hang it on objects."""
    bpy.types.Object.bestiary = PointerProperty(type=BESTIARY_PG_creature)


def unregister() -> None:
    """Take it off; what makes the animal stays in the file."""
    del bpy.types.Object.bestiary
