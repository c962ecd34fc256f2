"""Herds in the formats that others train on: COCO, Animal3D's JSON (an entry an animal) and SAM 3D Animal's (an entry a picture).

    merge([folder, …], file, "coco", keypoints="ap10k", split=0.9)

Files are written as they are read, so memory stays flat; each is written whole or not at all. Paths in a file are seen
from the folder that the file lies in.

Ids depend on the picture alone (its options, seed and name), so they stay the same whatever it is merged with. In
Animal3D's formats the camera is at the origin (OpenCV axes, R = I, t = 0): pose[0] and trans are turned into its axes, and
lengths are model units of each animal, which look the same in the picture; `metres_per_unit` stands beside them.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from PIL import Image

from ...animal import masks
from ...animal.default import default_model
from ...animal.keypoint_sets import KEYPOINT_SETS, KeypointSet, keypoint_set
from ...animal.keypoints import SKELETON, SUPERSET
from ...animal.model import AnimalModel
from ...animal.npz import whole_file
from ...animal.placing import transform_parameters
from .fields import RecordError
from .records import Animal, Dataset, Record, read_dataset

FORMATS = ("coco", "animal3d", "sam3d")
_SHAPE = 20  # Animal3D keeps the first betas in `shape` and the others in `shape_extra`
_NEVER_ZERO = 1e-12  # readers of Animal3D's files take a zero in a pose for a missing pose

Progress = Callable[[float, str], None]


@dataclass(frozen=True, eq=False)
class Source:
    """One picture of one data set, with its ids: key, the same wherever it is merged; number, the same as a whole number."""

    herd: Dataset
    name: str
    key: str

    @property
    def number(self) -> int:
        """44 bits, so that with an animal's id they fit into the whole numbers of a double."""
        return int(self.key[:11], 16)

    @property
    def share(self) -> float:
        """0..1, evenly spread over pictures and the same for ever: which part of a split the picture belongs to."""
        return int(self.key[-12:], 16) / 16.0**12


def sources(folders: Sequence[str | Path]) -> list[Source]:
    """The pictures of all data sets, in order. Raises RecordError when two are the same picture, or sets do not go together."""
    found: list[Source] = []
    seen: dict[int, str] = {}
    for folder in folders:
        herd = read_dataset(folder)
        if found and (herd.model_id, herd.keypoint_names) != (found[0].herd.model_id, found[0].herd.keypoint_names):
            raise RecordError(f"{folder}: its model or keypoints are others than those of {found[0].herd.folder}; merge them apart")
        about = json.dumps([herd.model_id, herd.engine, _plain_options(herd.options)], sort_keys=True)
        for name in herd.names:
            source = Source(herd, name, hashlib.sha256(f"{about}\n{name}".encode()).hexdigest())
            if source.number in seen:
                raise RecordError(f"{folder}: picture {name} is also in {seen[source.number]}: one data set given twice, or copied")
            seen[source.number] = str(folder)
            found.append(source)
    if not found:
        raise RecordError(f"{', '.join(map(str, folders)) or 'no folder'}: there are no records to merge")
    return found


def _plain_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """What a picture depends on: not how many there are, where they lie or which share of them one machine made."""
    return {name: value for name, value in options.items() if name not in ("images", "out", "shard", "workers", "cluster")}


def merge(
    folders: Sequence[str | Path],
    file: str | Path,
    format: str = "coco",
    keypoints: str = "animal3d",
    split: float | None = None,
    model: AnimalModel | None = None,
    progress: Progress | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> dict[str, dict[str, int]]:
    """Write data sets as one file, or with `split` (the share of the first) as FILE_train.json and FILE_val.json.

    keypoints: a public set's name, or superset; Animal3D's formats have their own 26. model: None for the open animal.
    Gives for each file written how many images and animals it holds, and how many animals were left out (not seen at all,
    or without parameters). Raises RecordError naming the record that cannot be read; then none of the files is written.
    """
    if format not in FORMATS:
        raise RecordError(f"there is no format {format!r}; known are {', '.join(FORMATS)}")
    if split is not None and not 0.0 < split < 1.0:
        raise RecordError(f"a split of {split} leaves one side empty; take a share between 0 and 1")
    pictures, file = sources(folders), Path(file)
    # Readers of Animal3D's files know its 26 points alone.
    points = points_of(keypoints if format == "coco" else "animal3d")
    loaded = default_model() if model is None else model
    if format != "coco" and pictures[0].herd.model_id != loaded.model_id:
        raise RecordError(f"{pictures[0].herd.folder}: its animals are of the model {pictures[0].herd.model_name!r}, this is "
                          f"{loaded.name!r}: give the model's file with --model")
    parts = {file: pictures}
    if split is not None:
        parts = {file.with_name(f"{file.stem}_{side}{file.suffix}"): [p for p in pictures if (p.share < split) == (side == "train")]
                 for side in ("train", "val")}  # fmt: skip
    categories, done, counts = categories_of(pictures, loaded, stop), 0, {}
    with ExitStack() as stack:  # all files appear together, when all records were read
        for target, chosen in parts.items():
            writer = _WRITERS[format](stack.enter_context(whole_file(target)), target, points, categories, loaded)
            for source in chosen:
                if stop():
                    raise KeyboardInterrupt
                writer.add(source, source.herd.record(source.name))
                done += 1
                if progress is not None:
                    progress(done / len(pictures), f"{done} of {len(pictures)}")
            counts[str(target)] = writer.close()
    return counts


def points_of(name: str) -> KeypointSet:
    """A public keypoint set, or all points of the superset."""
    if name == "superset":
        return KeypointSet("superset", SUPERSET, tuple(range(len(SUPERSET))))
    try:
        return keypoint_set(name)
    except ValueError:
        raise RecordError(f"there is no keypoint set {name!r}; known are {', '.join(KEYPOINT_SETS)}") from None


def categories_of(pictures: Sequence[Source], model: AnimalModel, stop: Callable[[], bool] = lambda: False) -> dict[str, int]:
    """Species → id: its place, from 1, among the model's species by name; those that the model lacks follow.

    So the model's own species have the same id in every file.
    """
    found: set[str] = set()
    for source in pictures:
        if stop():
            raise KeyboardInterrupt
        found.update(animal.species for animal in source.herd.record(source.name).animals)
    return {name: i for i, name in enumerate([*sorted(model.species), *sorted(found - set(model.species))], 1)}


def lines_of(points: KeypointSet) -> list[list[int]]:
    """The pairs of a set's points to join by a line, counted from 1 as COCO does."""
    place = {index: row for row, index in enumerate(points.superset, 1) if index >= 0}
    return [[place[a], place[b]] for a, b in SKELETON if a in place and b in place]


# -- writers ----------------------------------------------------------------------------------------------------------


class _Writer:
    """Writes one JSON file piece by piece."""

    def __init__(self, stream: IO[bytes], target: Path, points: KeypointSet, categories: Mapping[str, int], model: AnimalModel) -> None:
        self.stream, self.target, self.points, self.categories, self.model = stream, target, points, categories, model
        self.images = self.animals = self.left_out = 0
        self.begin()

    def begin(self) -> None:
        """Write what comes first."""

    def add(self, source: Source, record: Record) -> None:
        """Write one picture."""
        raise NotImplementedError

    def close(self) -> dict[str, int]:
        """Write what comes last; how many there are."""
        return {"images": self.images, "animals": self.animals, "left_out": self.left_out}

    def text(self, text: str) -> None:
        """Write text."""
        self.stream.write(text.encode())

    def item(self, stream: IO[bytes], value: Any, first: bool) -> None:
        """Write one entry of a list, a line for each."""
        stream.write((("\n" if first else ",\n") + json.dumps(value, ensure_ascii=False, allow_nan=False)).encode())

    def path(self, source: Source, file: str) -> str:
        """A file of a data set as seen from where this one is written."""
        return Path(os.path.relpath(source.herd.path(file).resolve(), self.target.parent.resolve())).as_posix()

    def about(self) -> str:
        return ("Rendered by Bestiary. Camera: pinhole, OpenCV axes (x right, y down, z forward), intrinsics K in pixels, the centre of "
                "the top-left pixel is (0.5, 0.5).")  # fmt: skip


class CocoWriter(_Writer):
    """COCO: images, annotations and categories. Annotations wait in a file of their own while images are written."""

    def begin(self) -> None:
        self.waiting = tempfile.TemporaryFile()  # noqa: SIM115  closed with the writer
        info = {"description": f"{self.about()} segmentation, bbox and area are of what is seen; segmentation_whole and bbox_whole "
                "of the whole animal. R and t of an image take world metres into the camera.", "version": "1"}  # fmt: skip
        entries = [{"id": number, "name": name, "supercategory": self._family(name), "keypoints": list(self.points.points),
                    "skeleton": lines_of(self.points)} for name, number in self.categories.items()]  # fmt: skip
        self.text(f'{{"info": {json.dumps(info)}, "licenses": [], "categories": {json.dumps(entries)}, "images": [')

    def _family(self, species: str) -> str:
        return self.model.species[species].family if species in self.model.species else "animal"

    def add(self, source: Source, record: Record) -> None:
        camera = record.camera
        self.item(self.stream, {
            "id": source.number, "file_name": self.path(source, record.image), "width": record.width, "height": record.height,
            "depth_file": self.path(source, record.depth), "metres_per_step": record.metres_per_step, "caption": record.prompt,
            "K": camera.K.tolist(), "R": camera.R.tolist(), "t": camera.t.tolist()}, self.images == 0)  # fmt: skip
        self.images += 1
        for animal in record.animals:
            if animal.box_visible is None:
                self.left_out += 1
                continue
            points = np.nan_to_num(self.points.from_superset(animal.keypoints))
            points[points[:, 2] == 0] = 0.0
            self.item(self.waiting, {
                "id": source.number * 256 + animal.id, "image_id": source.number, "category_id": self.categories[animal.species],
                "bbox": list(animal.box_visible), "area": animal.area_visible, "iscrowd": 0, "segmentation": dict(animal.mask_visible),
                "keypoints": [value for x, y, v in points.tolist() for value in (x, y, int(v))],
                "num_keypoints": int((points[:, 2] > 0).sum()), "bbox_whole": None if animal.box is None else list(animal.box),
                "segmentation_whole": dict(animal.mask), "visible_fraction": animal.visible_fraction, "facing": animal.facing},
                self.animals == 0)  # fmt: skip
            self.animals += 1

    def close(self) -> dict[str, int]:
        self.text('\n], "annotations": [')
        self.waiting.seek(0)
        while piece := self.waiting.read(1 << 20):
            self.stream.write(piece)
        self.waiting.close()
        self.text("\n]}\n")
        return super().close()


class Animal3dWriter(_Writer):
    """Animal3D: `data` with one entry for each animal; its visible mask is a picture in a folder beside the file."""

    layout = "One entry for each animal."

    def begin(self) -> None:
        self.folder = self.target.with_name(f"{self.target.stem}_masks")
        words = (f"{self.about()} {self.layout} pose, trans and keypoint_3d are in the camera's axes, lengths in model units of each "
                 "animal (times metres_per_unit: metres); vertices = forward(shape + shape_extra, pose, trans). keypoint_2d: x, y, 1 in "
                 "the frame, else 0. bbox: x, y, width, height of what is seen. A zero of a pose is written as 1e-12.")  # fmt: skip
        info = {"description": words, "model_id": self.model.model_id, "model": self.model.name, "keypoints": list(self.points.points),
                "categories": dict(self.categories)}  # fmt: skip
        self.text(f'{{"info": {json.dumps(info)}, "data": [')

    def add(self, source: Source, record: Record) -> None:
        for animal in self._usable(record):
            mask = self.folder / f"{source.key[:12]}_{animal.id}.png"
            _write_mask(mask, masks.decode(animal.mask_visible))
            entry = {"img_path": self.path(source, record.image), "mask_path": f"{self.folder.name}/{mask.name}",
                     "width": record.width, "height": record.height, "K": record.camera.K.tolist()}  # fmt: skip
            self.item(self.stream, entry | self.parameters(animal, record, True), self.animals == 0)
            self.animals += 1
        self.images += 1

    def close(self) -> dict[str, int]:
        self.text("\n]}\n")
        return super().close()

    def _usable(self, record: Record) -> list[Animal]:
        """The animals with parameters that something is seen of."""
        usable = [animal for animal in record.animals if animal.box_visible is not None and animal.betas is not None]
        self.left_out += len(record.animals) - len(usable)
        return usable

    def parameters(self, animal: Animal, record: Record, halved: bool) -> dict[str, Any]:
        """What both formats say of an animal. halved: the shape in two lists, as Animal3D has it."""
        assert animal.betas is not None and animal.pose is not None and animal.trans is not None and animal.metres_per_unit is not None
        camera, scale = record.camera, animal.metres_per_unit
        rest = self.model.rest(animal.betas).joints[0]
        pose, trans = transform_parameters(camera.R, camera.t / scale, animal.pose, animal.trans, rest)
        pose = np.where(pose == 0.0, _NEVER_ZERO, pose)
        flat = self.points.from_superset(animal.keypoints)
        flat = np.where(flat[:, 2:] > 0, flat, 0.0)
        flat[:, 2] = np.minimum(flat[:, 2], 1.0)
        places = camera.to_camera(np.nan_to_num(self.points.from_superset(animal.keypoints_3d))) / scale
        betas = animal.betas.tolist()
        shape = {"shape": betas[:_SHAPE], "shape_extra": betas[_SHAPE:]} if halved else {"shape": betas}
        assert animal.box_visible is not None
        return {"keypoint_2d": np.nan_to_num(flat).tolist(), "keypoint_3d": places.tolist(), "bbox": list(animal.box_visible),
                "pose": pose.ravel().tolist(), **shape, "trans": trans.tolist(), "metres_per_unit": scale,
                "supercategory": self.categories[animal.species], "category": animal.species, "family": animal.family,
                "visible_fraction": animal.visible_fraction}  # fmt: skip


class Sam3dWriter(Animal3dWriter):
    """SAM 3D Animal: `data` with one entry for each picture, lists over its animals, one merged mask (white where any is)."""

    layout = "One entry for each picture, lists over its animals; instance_mask_path shows each animal's number, from 1."

    def add(self, source: Source, record: Record) -> None:
        usable = self._usable(record)
        if not usable:
            return
        merged = np.zeros((record.height, record.width), np.uint8)
        for number, animal in enumerate(usable, 1):
            merged[masks.decode(animal.mask_visible)] = number
        name = source.key[:12]
        _write_mask(self.folder / f"{name}.png", merged > 0)
        _write_png(self.folder / f"{name}_instances.png", merged)
        each = [self.parameters(animal, record, False) for animal in usable]
        self.item(self.stream, {
            "img_path": self.path(source, record.image), "mask_path": f"{self.folder.name}/{name}.png",
            "instance_mask_path": f"{self.folder.name}/{name}_instances.png", "width": record.width, "height": record.height,
            "num_animals": len(each), "K": record.camera.K.tolist(), **{key: [one[key] for one in each] for key in each[0]}},
            self.images == 0)  # fmt: skip
        self.images += 1
        self.animals += len(each)


_WRITERS: dict[str, type[_Writer]] = {"coco": CocoWriter, "animal3d": Animal3dWriter, "sam3d": Sam3dWriter}


def _write_mask(path: Path, mask: np.ndarray) -> None:
    """A mask (H, W) as 8 bit grey, 255 inside."""
    _write_png(path, mask.astype(np.uint8) * np.uint8(255))


def _write_png(path: Path, pixels: np.ndarray) -> None:
    with whole_file(path) as stream:
        Image.fromarray(pixels).save(stream, "PNG")


