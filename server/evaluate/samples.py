"""Annotated photos as they come from public data sets: points, box, mask and species of one animal each.

Two layouts are read: StanfordExtra's (`annotations.json`, a list with `img_path`, `joints`, `img_bbox`, `seg`) and
COCO's (`*.json` with `images`, `annotations` and `categories` with keypoint names, as AP-10K and its kin have it).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as rle

from ...animal.keypoint_sets import KEYPOINT_SETS
from ...animal.keypoints import SUPERSET, KeypointError, resolve

Array = NDArray[np.float64]


class DataError(ValueError):
    """Annotations that cannot be read; the message names the file and what is wrong."""


@dataclass(frozen=True)
class AnnotatedAnimal:
    """One animal in one photo: keypoints (44, 2) pixels, nan where not annotated; box x0, y0, x1, y1; mask (H, W) or None."""

    name: str
    image: Path
    width: int
    height: int
    keypoints: Array
    box: Array
    mask: NDArray[np.bool_] | None
    species: str | None


def read_samples(folder: Path) -> list[AnnotatedAnimal]:
    """All annotated animals whose picture is there, below `folder`. Raises DataError when there is none."""
    samples: list[AnnotatedAnimal] = []
    for path in sorted(folder.glob("*.json")):
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise DataError(f"{path}: cannot be read ({error})") from None
        try:
            if isinstance(content, list):
                samples += [_stanford(folder, entry) for entry in content]
            elif isinstance(content, dict) and {"images", "annotations"} <= content.keys():
                samples += _coco(folder, content)
        except (KeyError, TypeError, IndexError, AttributeError) as error:
            raise DataError(f"{path}: an annotation lacks or misplaces {error}") from None
    found = [sample for sample in samples if sample.image.is_file()]
    if not found:
        raise DataError(f"{folder}: no annotations in StanfordExtra's or COCO's layout with their pictures")
    return found


def decode_rle(counts: str, width: int, height: int) -> NDArray[np.bool_]:
    """The mask (H, W) of a COCO run-length string."""
    return rle.decode({"size": [height, width], "counts": counts.encode()}).astype(bool)


def _stanford(folder: Path, entry: Mapping[str, Any]) -> AnnotatedAnimal:
    width, height = int(entry["img_width"]), int(entry["img_height"])
    joints = np.array(entry["joints"], dtype=np.float64)
    rows = KEYPOINT_SETS["stanford_extra"].superset
    x, y, w, h = (float(value) for value in entry["img_bbox"])
    return AnnotatedAnimal(
        name=Path(entry["img_path"]).stem, image=_image(folder, entry["img_path"]), width=width, height=height,
        keypoints=_superset(joints, rows), box=np.array([x, y, x + w, y + h]),
        mask=decode_rle(entry["seg"], width, height) if entry.get("seg") else None, species="dog")


def _coco(folder: Path, content: Mapping[str, Any]) -> list[AnnotatedAnimal]:
    images = {image["id"]: image for image in content["images"]}
    categories = {category["id"]: category for category in content.get("categories", [])}
    samples = []
    for entry in content["annotations"]:
        image, category = images[entry["image_id"]], categories.get(entry.get("category_id"), {})
        width, height = int(image["width"]), int(image["height"])
        points = np.array(entry["keypoints"], dtype=np.float64).reshape(-1, 3)
        x, y, w, h = (float(value) for value in entry["bbox"])
        name = category.get("name")
        samples.append(AnnotatedAnimal(
            name=f"{Path(image['file_name']).stem}_{entry['id']}", image=_image(folder, image["file_name"]), width=width,
            height=height, keypoints=_superset(points, _rows(category.get("keypoints", []), len(points))),
            box=np.array([x, y, x + w, y + h]), mask=_segmentation(entry.get("segmentation"), width, height),
            species=name.replace(" ", "_").lower() if name else None))
    return samples


def _rows(names: list[str], count: int) -> tuple[int, ...]:
    """The superset row of each of `count` points, by their set if their number is a known set's, else by name."""
    sets = [KEYPOINT_SETS[name] for name in ("ap10k", "animalpose", "animal_kingdom", "animal3d", "animal_world")]
    for known in sets:
        if len(known.points) == count and len(names) in (0, count):
            return known.superset
    return tuple(_row(name) for name in names)


def _row(name: str) -> int:
    try:
        return resolve(name)
    except KeypointError:
        return -1


def _superset(points: Array, rows: tuple[int, ...]) -> Array:
    """Points (n, 3) with visibility → (44, 2) in the superset's order, nan where there is none."""
    result = np.full((len(SUPERSET), 2), np.nan)
    for (x, y, visible), row in zip(points, rows, strict=True):
        if row >= 0 and visible > 0:
            result[row] = x, y
    return result


def _segmentation(value: Any, width: int, height: int) -> NDArray[np.bool_] | None:
    """COCO polygons or run lengths → (H, W), None when there are none."""
    if not value:
        return None
    if isinstance(value, list):
        return rle.decode(rle.merge(rle.frPyObjects(value, height, width))).astype(bool)
    encoded = rle.frPyObjects(value, height, width) if isinstance(value["counts"], list) else value
    return rle.decode(encoded).astype(bool)


def _image(folder: Path, name: str) -> Path:
    """Where a picture lies: below the folder itself, `images/` or `data/`."""
    candidates = [folder / name, folder / "images" / name, folder / "data" / name]
    return next((path for path in candidates if path.is_file()), candidates[0])
