"""A request and its arrays, made to fit each other before an engine sees them.

What is wrong here is wrong whatever the engine: a frame that is named and not there, an array of the wrong kind.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeVar

import msgspec
import numpy as np

from ..wire.messages import AnimalHints, Keypoint, ReadTracksRequest, ReconstructRequest
from .engine import JobFailure

_ROW = re.compile(r"#(\d{1,4})")


RequestT = TypeVar("RequestT")


def check(request: RequestT, frames: Mapping[str, np.ndarray]) -> RequestT:
    """The request as an engine gets it. Raises JobFailure for what is wrong with it whatever the engine."""
    if isinstance(request, ReconstructRequest):
        return check_request(request, frames)
    if isinstance(request, ReadTracksRequest) and _frame(frames, request.file, "The file").ndim != 1:
        raise JobFailure("bad_request", "The file is no list of bytes.", "This is a fault of the client; update it.")
    return request


def check_request(request: ReconstructRequest, frames: Mapping[str, np.ndarray]) -> ReconstructRequest:
    """The request with its keypoints named.

    A keypoint called ``#7`` is row 7 of its ``keypoint_set`` (how clients send arrays): it gets that point's name.

    Raises:
        JobFailure: a frame is missing, of the wrong kind or the mask of two animals, or a row that its set has not.
    """
    if request.image is not None:
        image = _frame(frames, request.image, "The image")
        if image.ndim != 1 and (image.ndim != 3 or image.shape[2] != 3):
            raise JobFailure(
                "bad_image", f"The image has the shape {image.shape}.",
                "Send uint8 (N,), an encoded file, or (H, W, 3), raw RGB.",
            )  # fmt: skip
    masks = [animal.mask for animal in request.animals if animal.mask is not None]
    shared = next((name for place, name in enumerate(masks) if name in masks[:place]), None)
    if shared is not None:  # a small message could otherwise ask for as many copies of a mask as it names animals
        raise JobFailure("bad_mask", f"The frame {shared!r} is the mask of more than one animal.",
                         "Send each animal a mask of its own.")  # fmt: skip
    animals = [_check_animal(animal, index, frames) for index, animal in enumerate(request.animals)]
    return msgspec.structs.replace(request, animals=animals)


def _frame(frames: Mapping[str, np.ndarray], name: str, what: str) -> np.ndarray:
    array = frames.get(name)
    if array is None:
        raise JobFailure("bad_request", f"{what} is said to be in the frame {name!r}, which did not come.",
                         "This is a fault of the client; update it.")  # fmt: skip
    if array.dtype != np.uint8:
        raise JobFailure("bad_request", f"{what} is {array.dtype}, not uint8.", "Convert it to 8 bits.")
    return array


def _check_animal(animal: AnimalHints, index: int, frames: Mapping[str, np.ndarray]) -> AnimalHints:
    which = animal.label or f"animal {index + 1}"
    if animal.mask is not None:
        mask = _frame(frames, animal.mask, f"The mask of {which}")
        if mask.ndim != 2:
            raise JobFailure("bad_mask", f"The mask of {which} has the shape {mask.shape}, not (H, W).",
                             "Send one value per pixel.")  # fmt: skip
    if not any(point.name.startswith("#") for point in animal.keypoints):
        return animal
    from ..animal.keypoint_sets import KEYPOINT_SETS

    known = KEYPOINT_SETS.get(animal.keypoint_set or "")
    if known is None:
        raise JobFailure(
            "unknown_keypoint_set", f"{which}: keypoints came as rows of {animal.keypoint_set!r}, an unknown set.",
            f"Known sets: {', '.join(KEYPOINT_SETS)}.",
        )  # fmt: skip
    return msgspec.structs.replace(animal, keypoints=[_named(point, known.points, which) for point in animal.keypoints])


def _named(point: Keypoint, names: tuple[str, ...], which: str) -> Keypoint:
    match = _ROW.fullmatch(point.name)
    if match is None:
        return point
    row = int(match[1])
    if row >= len(names):
        raise JobFailure("unknown_keypoint", f"{which}: there is no keypoint row {row}; the set has {len(names)}.",
                         "Check that the array is in the order of its keypoint set.")  # fmt: skip
    return msgspec.structs.replace(point, name=names[row])
