"""What a researcher hands in and gets back: pictures, hints and reconstructed animals as numpy values.

:func:`build_request` makes the message of the arguments of ``Client.reconstruct``; :func:`read_result` makes a
:class:`Reconstruction` of the answer.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .errors import BadInput, BadMessage
from .frames import MAX_PART_BYTES
from .messages import AnimalHints, EchoResult, Keypoint, ReconstructRequest, ReconstructResult

ImageLike = str | os.PathLike | bytes | np.ndarray
Box = Sequence[float] | np.ndarray
Keypoints = Mapping[str, Sequence[float]] | np.ndarray | Sequence[Keypoint]


@dataclass
class AnimalInput:
    """The hints of one animal, as arrays.

    Attributes:
        keypoints: name -> (x, y) or (x, y, confidence) in pixels; or (K, 3) in the order of ``keypoint_set``.
        keypoint_set: the public set that the names or rows belong to; None = the superset and its aliases.
        box: x0, y0, x1, y1 in pixels.
        mask: (H, W), as large as the image; non-zero = animal.
        species, family: names that ``bestiary animal list`` shows.
        label: what to call this animal in the result.
    """

    keypoints: Keypoints | None = None
    keypoint_set: str | None = None
    box: Box | None = None
    mask: np.ndarray | None = None
    species: str | None = None
    family: str | None = None
    label: str = ""


@dataclass
class Animal:
    """One reconstructed animal, in model units (see ``messages``).

    Attributes:
        betas: (B,) shape coefficients of the model ``Reconstruction.model_id``.
        pose: (J, 3) axis-angle, radians; pose[0] turns the animal in the Z-up world.
        trans: (3,).
        metres_per_unit: vertices in metres = metres_per_unit * model.forward(betas, pose, trans).vertices.
        keypoints_2d: (K, 3) x, y in pixels, and 1 where the model has the point or 0 where it has none (whether it is
            hidden is not told), in the order of ``Reconstruction.keypoint_names``.
        score: 0..1, how well the hints are met; keypoint_error_px and iou where there was something to compare with.
    """

    betas: np.ndarray
    pose: np.ndarray
    trans: np.ndarray
    metres_per_unit: float
    keypoints_2d: np.ndarray
    label: str = ""
    species: str | None = None
    family: str | None = None
    score: float = 0.0
    keypoint_error_px: float | None = None
    iou: float | None = None
    warnings: list[str] = field(default_factory=list)


@dataclass
class Reconstruction:
    """The animals of one image and the camera that sees them.

    Attributes:
        camera_K: (3, 3) intrinsics in pixels; camera_R (3, 3), camera_t (3,) metres: x_cam = R @ x_world + t (OpenCV
            axes: x right, y down, z forward; world Z up).
        overlay: uint8 (N,), a PNG file of the photo with the animals drawn over it, or None.
    """

    model_id: str
    model_name: str
    joint_names: list[str]
    keypoint_names: list[str]
    animals: list[Animal]
    camera_K: np.ndarray
    camera_R: np.ndarray
    camera_t: np.ndarray
    width: int
    height: int
    seconds: float = 0.0
    overlay: np.ndarray | None = None


@dataclass
class Echo:
    """Answer of the diagnostic engine: the number of bytes that came in, and the arrays if they were asked for."""

    nbytes: int
    arrays: dict[str, np.ndarray]


def build_request(
    image: ImageLike | None,
    keypoints: Any = None,
    boxes: Any = None,
    masks: Any = None,
    species: Any = None,
    family: Any = None,
    focal: float | None = None,
    animals: Sequence[AnimalInput | AnimalHints] | None = None,
    *,
    keypoint_set: str | None = None,
    size: tuple[int, int] | None = None,
    engine: str = "fit",
    options: Mapping[str, float | int | bool | str] | None = None,
) -> tuple[ReconstructRequest, dict[str, np.ndarray]]:
    """Make the message and its arrays.

    Every hint is one animal's or a list with one value (or None) per animal. ``animals`` takes their place when given.

    Args:
        image: a path, the bytes of an encoded file, or uint8 (H, W), (H, W, 3) or (H, W, 4) pixels. None: hints alone,
            ``size`` = (width, height) is needed then.
        keypoints: a mapping, a (K, 2) or (K, 3) array with ``keypoint_set``, or a list of those.
        boxes: x0, y0, x1, y1 in pixels, or (N, 4).
        masks: (H, W), or a list of masks or (N, H, W).
        species, family: a name or a list of names.
        focal: focal length in pixels, if known.

    Raises:
        BadInput: a value cannot be read; the message names it.
    """
    arrays: dict[str, np.ndarray] = {}
    if image is not None:
        arrays["image"] = _image_frame(image)
    elif size is None:
        raise BadInput("There is neither an image nor its size.", "Give image=… or size=(width, height).")
    if animals is None:
        animals = _animals(keypoints, boxes, masks, species, family, keypoint_set)
    elif any(hint is not None for hint in (keypoints, boxes, masks, species, family)):
        raise BadInput("Hints were given both one by one and as animals=….", "Use one of the two ways.")
    request = ReconstructRequest(
        image="image" if image is not None else None,
        width=int(size[0]) if size is not None and image is None else None,
        height=int(size[1]) if size is not None and image is None else None,
        animals=[_hints(animal, number, arrays) for number, animal in enumerate(animals, start=1)],
        focal_px=_focal(focal),
        engine=engine,
        options=dict(options or {}),
    )
    return request, arrays


def read_result(result: ReconstructResult | EchoResult, arrays: Mapping[str, np.ndarray]) -> Reconstruction | Echo:
    """Make numpy values of an answer. Raises BadMessage when an array is missing or has another shape."""
    if isinstance(result, EchoResult):
        return Echo(result.nbytes, dict(arrays))
    joints, points = len(result.joint_names), len(result.keypoint_names)

    def array(name: str, shape: tuple[int | None, ...]) -> np.ndarray:
        found = arrays.get(name)
        if found is None or len(found.shape) != len(shape):
            raise BadMessage(f"The result has no array {name!r} of shape {shape}.")
        if any(want not in (None, have) for want, have in zip(shape, found.shape, strict=True)):
            raise BadMessage(f"The array {name!r} of the result has the shape {found.shape}, not {shape}.")
        return np.array(found, dtype=np.float32)

    animals = [
        Animal(
            betas=array(a.betas, (None,)),
            pose=array(a.pose, (joints, 3)),
            trans=array(a.trans, (3,)),
            metres_per_unit=a.metres_per_unit,
            keypoints_2d=array(a.keypoints_2d, (points, 3)),
            label=a.label,
            species=a.species,
            family=a.family,
            score=a.score,
            keypoint_error_px=a.keypoint_error_px,
            iou=a.iou,
            warnings=list(a.warnings),
        )
        for a in result.animals
    ]
    return Reconstruction(
        result.model_id, result.model_name, result.joint_names, result.keypoint_names, animals,
        _matrix(result.K, (3, 3)), _matrix(result.R, (3, 3)), _matrix(result.t, (3,)),
        result.width, result.height, result.seconds,
        None if result.overlay is None else arrays.get(result.overlay),
    )  # fmt: skip


def _matrix(values: Any, shape: tuple[int, ...]) -> np.ndarray:
    try:
        return np.asarray(values, dtype=np.float64).reshape(shape)
    except ValueError as error:
        raise BadMessage(f"The camera of the result is not {shape}: {error}.") from None


def _focal(value: Any) -> float | None:
    if value is None:
        return None
    (focal,) = _numbers([value], f"The focal length {value!r}", "Give one number, the focal length in pixels.")
    if not 0 < focal < float("inf"):
        raise BadInput(f"The focal length {value!r} is not positive.", "Give it in pixels, or None if it is not known.")
    return focal


def _numbers(values: Any, what: str, advice: str) -> list[float]:
    """The values as floats; BadInput says that `what` is no number, or no row of numbers."""
    try:
        return [float(value) for value in values]
    except (TypeError, ValueError):
        raise BadInput(f"{what} is not made of numbers.", advice) from None


def _image_frame(image: ImageLike) -> np.ndarray:
    if isinstance(image, np.ndarray):
        if image.dtype != np.uint8 or image.ndim not in (1, 2, 3) or image.size == 0:
            raise BadInput(
                f"The image is {image.dtype} {image.shape}; uint8 (H, W), (H, W, 3) or (H, W, 4) is needed.",
                "Scale to 0..255 and convert with .astype('uint8'), or hand in the path of a file.",
            )
        if image.ndim == 1:
            return image
        if image.ndim == 2:
            return np.repeat(image[:, :, None], 3, axis=2)
        if image.shape[2] not in (3, 4):
            raise BadInput(f"The image has {image.shape[2]} channels; 3 (RGB) or 4 (RGBA) are possible.")
        return image[:, :, :3]
    if isinstance(image, (bytes, bytearray, memoryview)):
        data = bytes(image)
    elif not isinstance(image, (str, os.PathLike)):
        raise BadInput(
            f"The image is a {type(image).__name__}; a path, a file's bytes or uint8 pixels are needed.",
            "Of a PIL picture hand in numpy.asarray(picture.convert('RGB')).",
        )
    else:
        path = Path(image)
        try:
            if path.stat().st_size > MAX_PART_BYTES:
                raise BadInput(
                    f"{path} has {path.stat().st_size >> 20} MiB; the limit is {MAX_PART_BYTES >> 20} MiB.",
                    "Save a smaller copy of the picture.",
                )
            data = path.read_bytes()
        except OSError as error:
            raise BadInput(
                f"The image {path} cannot be read: {error.strerror or error}.",
                "Check the path: it counts from the folder that the script runs in.",
            ) from None
    if not data:
        raise BadInput("The image is empty (0 bytes).", "Check that the file was written completely.")
    return np.frombuffer(data, dtype=np.uint8)


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple))


def _animals(
    keypoints: Any, boxes: Any, masks: Any, species: Any, family: Any, keypoint_set: str | None
) -> list[AnimalInput]:
    """Turn "one value or a list per animal" into one AnimalInput per animal; no hint at all is one animal."""
    columns = {
        "keypoints": _column(keypoints, _is_list(keypoints) and not _is_keypoint_list(keypoints)),
        "boxes": _column(boxes, boxes is not None and len(boxes) > 0 and not np.isscalar(boxes[0])),
        "masks": _column(masks, _is_list(masks) or np.ndim(masks) == 3),
        "species": _column(species, _is_list(species)),
        "family": _column(family, _is_list(family)),
    }
    count = max([1, *(len(values) for values in columns.values())])
    for name, values in columns.items():
        if len(values) not in (0, 1, count) or (len(values) == 1 < count and name not in ("species", "family")):
            raise BadInput(
                f"There are {len(values)} {name} for {count} animals.",
                "Give one value per animal, None where there is none.",
            )

    def pick(name: str, index: int) -> Any:
        values = columns[name]
        return values[index if len(values) > 1 else 0] if values else None

    return [
        AnimalInput(
            pick("keypoints", i), keypoint_set, pick("boxes", i), pick("masks", i),
            pick("species", i), pick("family", i),
        )
        for i in range(count)
    ]  # fmt: skip


def _is_keypoint_list(value: Any) -> bool:
    """Whether this list is the keypoints of one animal: structs or number rows, not mappings or (K, 3) arrays."""
    return len(value) > 0 and all(
        isinstance(item, Keypoint) or (_is_list(item) and item and np.isscalar(item[0])) for item in value
    )


def _column(value: Any, several: bool) -> list[Any]:
    if value is None:
        return []
    return list(value) if several else [value]


def _hints(animal: AnimalInput | AnimalHints, number: int, arrays: dict[str, np.ndarray]) -> AnimalHints:
    if isinstance(animal, AnimalHints):
        return animal
    mask_name = None
    if animal.mask is not None:
        mask = np.asarray(animal.mask)
        if mask.ndim == 3 and mask.shape[2] in (1, 3, 4):
            mask = mask[:, :, 0]
        if mask.ndim != 2:
            raise BadInput(
                f"The mask of animal {number} has the shape {mask.shape}; (H, W) is needed.",
                "Give (H, W) for one animal or (N, H, W).",
            )
        mask_name = f"mask{number}"
        arrays[mask_name] = (mask != 0).astype(np.uint8)
    box = None
    if animal.box is not None:
        what, advice = f"The box of animal {number}", "Give x0, y0, x1, y1 in pixels."
        values = _numbers(animal.box, what, advice)
        if len(values) != 4:
            raise BadInput(f"{what} has {len(values)} numbers; x0, y0, x1, y1 are needed.", advice)
        box = (values[0], values[1], values[2], values[3])
    return AnimalHints(
        keypoints=_keypoints(animal.keypoints, animal.keypoint_set, number),
        keypoint_set=animal.keypoint_set,
        box=box,
        mask=mask_name,
        species=animal.species,
        family=animal.family,
        label=animal.label,
    )


def _keypoints(value: Keypoints | None, keypoint_set: str | None, number: int) -> list[Keypoint]:
    """One animal's keypoints as structs. Rows of an array are named ``#0``, ``#1``, …: places in ``keypoint_set``.

    Rows with nan or confidence 0 are left out: they are how files say "not seen".
    """
    if value is None:
        return []
    if isinstance(value, Mapping):
        named = [(str(name), point) for name, point in value.items()]
    elif len(value) and isinstance(value[0], Keypoint):
        return [point for point in value if isinstance(point, Keypoint)]
    else:
        if keypoint_set is None:
            raise BadInput(
                f"The keypoints of animal {number} have no names.",
                "Give a mapping of names to points, or keypoint_set='ap10k' (or another set) with the array.",
            )
        named = [(f"#{row}", point) for row, point in enumerate(value)]
    points: list[Keypoint] = []
    for name, point in named:
        what = f"The keypoint {name!r} of animal {number}"
        numbers = _numbers(point, what, "Give (x, y) or (x, y, confidence) in pixels.")
        if len(numbers) not in (2, 3):
            raise BadInput(f"{what} has {len(numbers)} numbers.", "Give (x, y) or (x, y, confidence) in pixels.")
        missing = name.startswith("#") and (np.isnan(numbers[:2]).any() or (len(numbers) == 3 and numbers[2] <= 0))
        if not missing:
            points.append(Keypoint(name, *numbers))
    return points
