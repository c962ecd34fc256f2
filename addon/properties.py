"""What the animator marks in a photo, kept with the photo's image: it is undone, saved and copied with the file."""

import re

import bpy
from bpy.props import (
    BoolProperty,
    CollectionProperty,
    FloatProperty,
    FloatVectorProperty,
    IntProperty,
    PointerProperty,
    StringProperty,
)
from bpy.types import PropertyGroup

from .models import FAMILY_MARK, ModelUnavailable, current_model, kinds
from .preferences import NotEnabled, preferences

AUTOMATIC_NAME = re.compile(r"Animal \d+")


def search_kinds(_self, _context, edit_text):
    try:
        known = kinds(current_model(preferences().model_path))
    except (ModelUnavailable, NotEnabled):  # the panel shows it, and a search that raises is only noise in the console
        return []
    text = edit_text.strip().lower()
    return [kind for kind in known if text in kind.lower()]


def _photo_changed(self, _context):
    """A photo that is looked at for the first time gets its first animal."""
    if self.photo is not None and not self.photo.bestiary.animals:
        self.photo.bestiary.add_animal()


def _kind_changed(self, _context):
    """An animal that was not given a name of its own is called what it is."""
    kind = self.kind.removesuffix(FAMILY_MARK).strip()
    if not kind or (not AUTOMATIC_NAME.fullmatch(self.name) and self.name.rstrip(" 0123456789") != self.named_after):
        return
    taken = {animal.name for animal in self.id_data.bestiary.animals if animal != self}
    name, number = kind, 2
    while name in taken:
        name, number = f"{kind} {number}", number + 1
    self.name, self.named_after = name, kind


class BESTIARY_PG_point(PropertyGroup):
    """A named point (`name` is the keypoint's) at `position`, pixels from the photo's top-left corner."""

    position: FloatVectorProperty(
        name="Position",
        description="Where the point is, in pixels from the photo's top left corner",
        size=2,
        precision=1,
    )


class BESTIARY_PG_animal(PropertyGroup):
    """One animal of a photo; `name` is what it will be called in the scene."""

    kind: StringProperty(
        name="Species",
        description="What animal it is, as near as you know: a species or a family. Leave it empty if you do not know",
        search=search_kinds,
        search_options={"SUGGESTION"},
        update=_kind_changed,
    )
    named_after: StringProperty(
        name="Named After", description="The species that this animal's name was made from", options={"HIDDEN"}
    )
    has_box: BoolProperty(name="Has a Box", description="Whether a box was drawn around this animal")
    box: FloatVectorProperty(
        name="Box",
        description="Left, top, right, bottom in pixels from the photo's top left corner",
        size=4,
        precision=1,
    )
    mask: PointerProperty(
        name="Mask",
        description="Optional image of the photo's size that is white (or opaque) where the animal is",
        type=bpy.types.Image,
    )
    points: CollectionProperty(
        name="Points", description="The named points that were placed on this animal", type=BESTIARY_PG_point
    )
    active_point: IntProperty(name="Point", description="The point that is picked in the list", min=0)

    def as_dict(self) -> dict[str, tuple[float, float]]:
        """The placed points, name → (x, y)."""
        return {point.name: (point.position[0], point.position[1]) for point in self.points}

    def set_points(self, points: dict[str, tuple[float, float]]) -> None:
        """Replace the points, keeping those that stay as they are."""
        if points == self.as_dict():
            return
        self.points.clear()
        for name, position in points.items():
            point = self.points.add()
            point.name = name
            point.position = position


class BESTIARY_PG_photo(PropertyGroup):
    """The marks of one photo."""

    animals: CollectionProperty(
        name="Animals", description="The animals that are marked in this photo", type=BESTIARY_PG_animal
    )
    active_animal: IntProperty(name="Animal", description="The animal that is being marked", min=0)
    use_lens: BoolProperty(
        name="Known Lens",
        description="Switch on if you know the lens that the photo was taken with; otherwise it is guessed",
    )
    lens_mm: FloatProperty(
        name="Focal Length",
        description="Focal length as on a full-frame (36 mm wide) camera. Photo programs call it “35 mm equivalent”",
        default=50.0,
        min=4.0,
        soft_max=400.0,
        max=5000.0,
        subtype="DISTANCE_CAMERA",
    )

    def add_animal(self) -> BESTIARY_PG_animal:
        """One more animal, made the active one, under a name that is free."""
        taken = {animal.name for animal in self.animals}
        number = len(taken) + 1
        while f"Animal {number}" in taken:
            number += 1
        animal = self.animals.add()
        animal.name = f"Animal {number}"
        if len(self.animals) > 1:
            animal.kind = self.animals[-2].kind
        self.active_animal = len(self.animals) - 1
        return animal

    def active(self) -> BESTIARY_PG_animal | None:
        """The animal that is being marked, or None when there is none."""
        if not self.animals:
            return None
        return self.animals[min(self.active_animal, len(self.animals) - 1)]


class BESTIARY_PG_scene(PropertyGroup):
    """The scene's choices: which photo, and how its animals come into the scene."""

    photo: PointerProperty(
        name="Photo", description="The photo with the animals", type=bpy.types.Image, update=_photo_changed
    )
    real_size: BoolProperty(
        name="Real Size",
        description="Build the animals in metres, as large as they really are. Otherwise about 2.5 units long",
        default=True,
    )
    match_render: BoolProperty(
        name="Set Up Render",
        description="Give the scene the photo's resolution and make the matching camera the active one",
        default=True,
    )


CLASSES = (BESTIARY_PG_point, BESTIARY_PG_animal, BESTIARY_PG_photo, BESTIARY_PG_scene)


def register() -> None:
    """Hang the marks on images and the choices on scenes."""
    bpy.types.Image.bestiary = PointerProperty(type=BESTIARY_PG_photo)
    bpy.types.Scene.bestiary = PointerProperty(type=BESTIARY_PG_scene)


def unregister() -> None:
    """Take them off again; what was saved in a file stays there."""
    del bpy.types.Image.bestiary
    del bpy.types.Scene.bestiary
