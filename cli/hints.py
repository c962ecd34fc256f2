"""Reads what a user knows of a photo: keypoint files, boxes and masks, in the forms that people have them in.

A keypoint file is JSON (docs/files.md has examples): one animal's hints, `{"animals": [hints, …]}`, or a COCO file
whose images are named like the photo. Points are pixels; the centre of the top-left pixel is (0.5, 0.5).
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .console import CliError, need_file, say

if TYPE_CHECKING:
    from ..wire.reconstruction import AnimalInput

MAX_FILE_BYTES = 256 * 2**20
FORMS = "docs/files.md shows the forms of a keypoint file."
HINT_KEYS = ("keypoints", "keypoint_set", "box", "mask", "species", "family", "label")
SHARED_KEYS = ("keypoint_set", "species", "family")
PASSED_OVER = ("id", "image_id", "category_id", "score", "area", "iscrowd", "num_keypoints", "source", "info", "comment")
"""What files from elsewhere say beside the hints and what changes nothing here."""


def read_hints(
    photo: Path,
    keypoints: Path | None = None,
    masks: tuple[Path, ...] = (),
    boxes: tuple[str, ...] = (),
    species: str | None = None,
    family: str | None = None,
    keypoint_set: str | None = None,
) -> list[AnimalInput]:
    """The hints of every animal in the photo, from the file and the command line, which wins where both speak.

    The first mask and the first box are the first animal's, and so on. Raises CliError.
    """
    from ..wire.reconstruction import AnimalInput

    animals = []
    if keypoints is not None:
        animals = _read_keypoint_file(keypoints, photo, keypoint_set, species or family)
    for _ in range(len(animals), max(1, len(masks), len(boxes))):
        animals.append(AnimalInput())
    result = []
    for index, animal in enumerate(animals):
        changes: dict[str, Any] = {}
        if index < len(masks):
            changes["mask"] = read_mask(masks[index])
        if index < len(boxes):
            changes["box"] = parse_box(boxes[index])
        if species is not None:
            changes["species"] = species
        if family is not None:
            changes["family"] = family
        if keypoint_set is not None:
            changes["keypoint_set"] = keypoint_set
        result.append(replace(animal, **changes))
    return result


def parse_box(text: str) -> tuple[float, float, float, float]:
    """`x0,y0,x1,y1` in pixels. Raises CliError."""
    try:
        values = [float(part) for part in text.replace(" ", "").split(",")]
        x0, y0, x1, y1 = values
    except ValueError:
        raise CliError(f"The box {text!r} is not x0,y0,x1,y1.", "For example --box 40,60,520,400, in pixels.") from None
    return x0, y0, x1, y1


def read_mask(path: Path) -> np.ndarray:
    """A mask picture (any format Pillow reads) as uint8 (H, W), 1 where it is not black. Raises CliError."""
    from PIL import Image

    need_file(path, "The mask")
    try:
        with Image.open(path) as image:
            values = np.asarray(image.convert("RGBA"))
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise CliError(f"The mask {path} cannot be read: {error}.", "Save it as a PNG, white on black.") from None
    return ((values[..., :3].max(-1) > 0) & (values[..., 3] > 0)).astype(np.uint8)


def _read_keypoint_file(
    path: Path, photo: Path, keypoint_set: str | None = None, kind: str | None = None
) -> list[AnimalInput]:
    """The animals of a file; `keypoint_set` and `kind` (species or family) are what the command line says."""
    need_file(path, "The keypoint file")
    if path.stat().st_size > MAX_FILE_BYTES:
        raise CliError(f"{path} is larger than {MAX_FILE_BYTES >> 20} MiB.", "Cut out the photo's own part.")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise CliError(f"{path} is not JSON: {error}.", FORMS) from None
    if not isinstance(content, Mapping):
        raise CliError(f"{path} holds a {type(content).__name__}; an object is needed.", FORMS)
    if "annotations" in content and "images" in content:
        return _from_coco(content, path, photo, keypoint_set, kind)
    listed = content.get("animals", [content])
    if not isinstance(listed, list) or not all(isinstance(entry, Mapping) for entry in listed):
        raise CliError(f'"animals" in {path} must be a list of objects.', FORMS)
    if "animals" in content:
        _refuse_unknown(content, ("animals", *SHARED_KEYS), path)
    return [_from_entry({**_shared(content), **entry}, path) for entry in listed]


def _shared(content: Mapping[str, Any]) -> dict[str, Any]:
    """What stands once beside the list of animals and holds for all of them."""
    return {key: content[key] for key in SHARED_KEYS if key in content}


def _refuse_unknown(entry: Mapping[str, Any], allowed: tuple[str, ...], path: Path) -> None:
    """Raise CliError for a key that says nothing here: a misspelt hint must not be passed over in silence."""
    for key in entry:
        if key in allowed or key in PASSED_OVER:
            continue
        if _is_keypoint_name(key):
            advice = 'Points go under "keypoints": {"keypoints": {"nose": [90, 475]}}'
        elif key == "bbox":
            advice = 'Boxes are called "box" and hold [x0, y0, x1, y1].'
        elif key in HINT_KEYS:
            advice = 'Put it into each object of the list "animals".'
        else:
            near = difflib.get_close_matches(key.lower(), allowed, 1)
            advice = f'Did you mean "{near[0]}"?' if near else f"Known keys: {', '.join(allowed)}."
        raise CliError(f"{key!r} in {path} is not a known key.", advice)


def _is_keypoint_name(key: str) -> bool:
    from ..animal.keypoint_sets import KEYPOINT_SETS
    from ..animal.keypoints import KeypointError, resolve

    try:
        resolve(key)
    except KeypointError:
        return any(key in known.points for known in KEYPOINT_SETS.values())
    return True


def _from_entry(entry: Mapping[str, Any], path: Path) -> AnimalInput:
    from ..wire.reconstruction import AnimalInput

    _refuse_unknown(entry, HINT_KEYS, path)
    words: dict[str, str | None] = {}
    for key in ("keypoint_set", "species", "family", "label"):
        value = entry.get(key)
        if value is not None and not isinstance(value, str):
            raise CliError(f"{key!r} in {path} must be text.", FORMS)
        words[key] = value
    box = entry.get("box")
    if box is not None and not (isinstance(box, list) and len(box) == 4 and all(_is_number(v) for v in box)):
        raise CliError(f'"box" in {path} must be [x0, y0, x1, y1].', FORMS)
    mask = entry.get("mask")
    if mask is not None and not isinstance(mask, str):
        raise CliError(f'"mask" in {path} must be the path of a picture.', FORMS)
    return AnimalInput(
        keypoints=_points(entry.get("keypoints"), path),
        keypoint_set=words["keypoint_set"],
        box=tuple(box) if box is not None else None,
        mask=read_mask(path.parent / mask) if mask is not None else None,
        species=words["species"],
        family=words["family"],
        label=words["label"] or "",
    )


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _points(value: Any, path: Path) -> Any:
    """Names to (x, y[, confidence]), or an array (K, 3) of rows in a set's order; null points are left out."""
    if value is None:
        return None
    if isinstance(value, Mapping):
        return {str(name): _point(name, point, path) for name, point in value.items() if point is not None}
    if isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
        return {str(item.get("name")): _point(item.get("name"), item, path) for item in value}
    if isinstance(value, list) and value and all(_is_number(item) for item in value) and len(value) % 3 == 0:
        return np.asarray(value, dtype=float).reshape(-1, 3)
    if isinstance(value, list):
        unknown = (np.nan, np.nan, 0.0)
        rows = [unknown if row is None else _point(index, row, path) for index, row in enumerate(value)]
        return np.array([(*row, 1.0)[:3] for row in rows], dtype=float).reshape(-1, 3)
    raise CliError(f'"keypoints" in {path} must be an object or a list.', FORMS)


def _point(name: object, value: Any, path: Path) -> tuple[float, ...]:
    if isinstance(value, Mapping):
        value = [value.get("x"), value.get("y"), value.get("confidence", 1.0)]
    if not isinstance(value, list) or len(value) not in (2, 3) or not all(_is_number(number) for number in value):
        raise CliError(f"The keypoint {name!r} in {path} is not [x, y] or [x, y, confidence].", FORMS)
    return tuple(float(number) for number in value)


def _from_coco(
    content: Mapping[str, Any], path: Path, photo: Path, keypoint_set: str | None, kind: str | None
) -> list[AnimalInput]:
    """The photo's animals of a COCO keypoint file; visibility 0 means that the point is not known."""
    from ..wire.reconstruction import AnimalInput

    try:
        ids = {image["id"] for image in content["images"] if Path(image["file_name"]).name == photo.name}
        categories = {entry["id"]: entry for entry in content.get("categories", [])}
        found = [entry for entry in content["annotations"] if entry["image_id"] in ids]
        animals = []
        for entry in found:
            category = categories.get(entry.get("category_id"), {})
            names, flat = category.get("keypoints", []), entry.get("keypoints", [])
            rows = np.asarray(flat, dtype=float).reshape(-1, 3)
            points = {name: (x, y) for name, (x, y, seen) in zip(names, rows, strict=False) if seen > 0}
            box = entry.get("bbox")
            corners = None if box is None else (box[0], box[1], box[0] + box[2], box[1] + box[3])
            name = str(category.get("name", ""))
            animals.append(
                AnimalInput(
                    keypoints=points,
                    keypoint_set=keypoint_set or _public_set(names, path),
                    box=corners,
                    species=_known_species(name, kind),
                    label=name,
                )
            )
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise CliError(f"{path} is not a COCO keypoint file: {error!r}.", FORMS) from None
    if not animals:
        raise CliError(f"{path} has no animal in an image called {photo.name}.", "Is it the file of this photo?")
    return animals


def _public_set(names: list[str], path: Path) -> str | None:
    """The public set that a category's names are, by its name: the same word marks different places in different sets.

    None for other lists, whose names are then read as Bestiary's own. Raises CliError.
    """
    from ..animal.keypoint_sets import KEYPOINT_SETS, set_of
    from ..animal.keypoints import KeypointError

    try:
        found = set_of(names).name
    except KeypointError as error:
        raise CliError(f"The keypoint names of {path} cannot be used: {error}.", FORMS) from None
    return found if found in KEYPOINT_SETS else None


def _known_species(category: str, kind: str | None) -> str | None:
    """A data set's category as a species of the open animal, if it is one; else a note, unless `kind` was given."""
    from ..animal.default import default_model

    name = category.strip().lower().replace(" ", "_")
    if name in default_model().species:
        return name
    if name and kind is None:
        say(f"The category {category!r} is no species of the open animal: give --species (`bestiary animal list`).")
    return None
