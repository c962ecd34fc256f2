"""From the marks on a Blender image to the plain question that is sent."""

from __future__ import annotations

import bpy

from .models import species_and_family
from .picture import PictureError, mask_pixels, rgb_pixels
from .request import MarkedAnimal, Question


def current_photo(context: bpy.types.Context) -> bpy.types.Image | None:
    """The photo that a panel or tool is about: the one an Image Editor shows, else the scene's."""
    space = context.space_data
    if space is not None and space.type == "IMAGE_EDITOR" and is_photo(space.image):
        return space.image
    return context.scene.bestiary.photo


def is_photo(image: bpy.types.Image | None) -> bool:
    """Whether an image can be a photo: not a render result, not a compositor's viewer."""
    return image is not None and image.type not in {"RENDER_RESULT", "COMPOSITING"}


def question_of(image: bpy.types.Image, model) -> Question:
    """Copy an image and its marks out of Blender. `model` knows the names of species and families.

    Raises PictureError with words for the animator.
    """
    marks = image.bestiary
    animals = []
    for animal in marks.animals:
        try:
            species, family = species_and_family(animal.kind, model)
        except ValueError as error:
            raise PictureError(f"{animal.name}: {error}", "Pick one from the list, or leave the field empty") from None
        animals.append(
            MarkedAnimal(
                label=animal.name,
                species=species,
                family=family,
                box=tuple(animal.box) if animal.has_box else None,
                points=animal.as_dict(),
                mask=mask_pixels(animal.mask) if animal.mask else None,
            )
        )
    picture = rgb_pixels(image)
    # A full-frame sensor is 36 mm wide; Blender, like us, measures it along the photo's longer side.
    focal = marks.lens_mm / 36.0 * max(image.size) if marks.use_lens else None
    return Question(picture, animals, focal)
