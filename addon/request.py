"""What the animator marked, as the question that goes to the server, and the server's answer as animals to build.

No bpy here: plain values in, plain values out. Large photos are sent averaged down; positions are divided on the way
out and the camera is multiplied on the way back, so both ends speak of the pixels that they see.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..animal.cameras import Camera
from ..animal.placing import AnimalPose
from .picture import PictureError, averaged, shrink_factor

if TYPE_CHECKING:
    from ..wire.reconstruction import AnimalInput, Reconstruction


@dataclass
class MarkedAnimal:
    """One animal of the photo as the animator marked it; pixels from the photo's top-left corner."""

    label: str = ""
    species: str | None = None
    family: str | None = None
    box: tuple[float, float, float, float] | None = None
    points: dict[str, tuple[float, float]] = field(default_factory=dict)
    mask: NDArray[np.uint8] | None = None


@dataclass
class Question:
    """Everything that a reconstruction needs, copied out of Blender: the thread that sends it never looks back.

    picture (H, W, 3) uint8 RGB in full size; focal_px of the full picture, or None when unknown.
    """

    picture: NDArray[np.uint8]
    animals: list[MarkedAnimal]
    focal_px: float | None = None


@dataclass
class Answer:
    """What came back: animals and the camera in pixels of the full photo, and lines that say how well it went."""

    animals: list[AnimalPose]
    camera: Camera
    model_id: str
    model_name: str
    summary: list[str]
    warnings: list[str]


def check(question: Question) -> None:
    """Raises PictureError when the marks cannot be sent, in words of the interface."""
    height, width = question.picture.shape[:2]
    if not question.animals:
        raise PictureError("No animal is marked in the photo", "Add one to the list and draw its box")
    for number, animal in enumerate(question.animals, start=1):
        name = animal.label or f"Animal {number}"
        if not (animal.points or animal.box or animal.mask is not None):
            raise PictureError(f"{name} has neither a box nor points", "Draw its box, or place some points")
        if animal.mask is not None:
            if animal.mask.shape != (height, width):
                size = f"{animal.mask.shape[1]} x {animal.mask.shape[0]}"
                raise PictureError(
                    f"The mask of {name} is {size} pixels, the photo {width} x {height}",
                    "Choose a mask of the photo's size, or none",
                )
            if not animal.mask.any():
                raise PictureError(f"The mask of {name} is empty", "White (or opaque) pixels are the animal")


def _input(animal: MarkedAnimal, factor: int) -> AnimalInput:
    from ..wire.reconstruction import AnimalInput

    mask = None if animal.mask is None else averaged(animal.mask, factor) > 127
    return AnimalInput(
        keypoints={name: (x / factor, y / factor) for name, (x, y) in animal.points.items()} or None,
        box=animal.box and [value / factor for value in animal.box],
        mask=mask,
        species=animal.species,
        family=animal.family,
        label=animal.label,
    )


def call_arguments(question: Question) -> tuple[dict[str, Any], int]:
    """The arguments of `wire.Client.reconstruct` for a question, and the factor by which its picture was shrunk."""
    check(question)
    height, width = question.picture.shape[:2]
    factor = shrink_factor(width, height)
    arguments: dict[str, Any] = {
        "image": averaged(question.picture, factor),
        "animals": [_input(animal, factor) for animal in question.animals],
        "focal": None if question.focal_px is None else question.focal_px / factor,
        "options": {"overlay": False},  # Blender shows the animals over the photo itself
    }
    return arguments, factor


def full_camera(K: NDArray, R: NDArray, t: NDArray, factor: int, width: int, height: int) -> Camera:
    """The camera of the full photo, from the one fitted to the photo averaged down by `factor`."""
    K = np.array(K, np.float64)
    K[:2] *= factor
    return Camera(K, np.asarray(R, np.float64), np.asarray(t, np.float64), width, height)


def read_answer(result: Reconstruction, factor: int, width: int, height: int) -> Answer:
    """A `wire` reconstruction as animals and camera of the full photo (width x height pixels)."""
    animals, summary, warnings = [], [], []
    for number, one in enumerate(result.animals, start=1):
        label = one.label or f"Animal {number}"
        animals.append(
            AnimalPose(
                betas=np.asarray(one.betas, np.float64),
                pose=np.asarray(one.pose, np.float64),
                trans=np.asarray(one.trans, np.float64),
                metres_per_unit=float(one.metres_per_unit),
                label=label,
                species=one.species,
                warnings=tuple(one.warnings),
            )
        )
        facts = []
        if one.keypoint_error_px is not None:
            facts.append(f"points {one.keypoint_error_px * factor:.1f} px off")
        if one.iou is not None:
            facts.append(f"outline {100 * one.iou:.0f} % covered")
        summary.append(f"{label}: {', '.join(facts) or 'done'}")
        warnings += [f"{label}: {warning}" for warning in one.warnings]
    camera = full_camera(result.camera_K, result.camera_R, result.camera_t, factor, width, height)
    return Answer(animals, camera, result.model_id, result.model_name, summary, warnings)
