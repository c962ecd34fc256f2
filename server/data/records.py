"""A herd folder as typed values: `dataset.json`, and one record for each picture, every field checked as it is read.

    herd = read_dataset(folder)
    for name in herd.names:
        record = herd.record(name)
        depth = herd.depth(record)

docs/files.md, "Herds", says what the fields mean. Nothing large is allocated before its size was judged.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ...animal import masks
from ...animal.cameras import Camera
from ...animal.individual import Individual
from ...animal.npz import read_json, read_npz
from .fields import Array, Fields, RecordError

FORMAT = "bestiary-herd/1"
LAYOUTS = ("herd3d", "natural")
MAX_ANIMALS = 255
"""As many as the ids of an 8 bit picture."""
MAX_JOINTS = 1024
MAX_BETAS = 4096
MAX_SIDE = 20_000
MAX_PIXELS = 64_000_000
MAX_RECORD_BYTES = 1 << 25
MAX_VERTICES = 1 << 21
DEPTH_FAR = 65535
FACING = ("right", "away-right", "away", "away-left", "left", "towards-left", "towards", "towards-right")
"""The eight words for a heading, one for every 45 degrees from 0, to the right, by way of 90, away."""

_NAME = re.compile(r"[0-9A-Za-z_-]{1,64}")


@dataclass(frozen=True, eq=False)
class Animal:
    """One animal of a picture.

    betas (B,), pose (J, 3), trans (3,) and metres_per_unit are None for an animal of an asset pack, whose name is `asset`; its
    family may be "".
    keypoints (K, 3) x, y, v and keypoints_3d (K, 3) world metres: rows of nan (v 0) where there is none; joints alike.
    box, box_visible: x, y, width, height or None. mask, mask_visible: COCO run lengths of the picture's size.
    """

    id: int
    species: str
    family: str
    label: str
    doing: str
    who: Individual | None
    coat: str | None
    without: tuple[str, ...]
    model_id: str | None
    betas: Array | None
    pose: Array | None
    trans: Array | None
    metres_per_unit: float | None
    asset: str | None
    clip: str
    keypoints: Array
    keypoints_3d: Array
    joints: Array
    joints_3d: Array
    joint_names: tuple[str, ...]
    joint_parents: tuple[int, ...]
    box: tuple[float, ...] | None
    box_visible: tuple[float, ...] | None
    mask: Mapping[str, Any]
    mask_visible: Mapping[str, Any]
    area: int
    area_visible: int
    visible_fraction: float
    in_frame_fraction: float
    depth_m: float
    facing: str
    yaw: float


@dataclass(frozen=True, eq=False)
class Record:
    """One picture. Files are paths within the data set's folder, or None where there is none."""

    name: str
    index: int
    seed: int
    layout: str
    width: int
    height: int
    image: str
    depth: str
    metres_per_step: float
    ids: str
    normals: str | None
    canny: str | None
    control_depth: str | None
    meshes: str | None
    camera: Camera
    lens: Mapping[str, float]
    scene: Mapping[str, Any]
    prompt: str
    left_to_right: tuple[int, ...]
    depth_order: tuple[tuple[int, int], ...]
    animals: tuple[Animal, ...]

    @property
    def files(self) -> dict[str, str]:
        """The picture's files by what they are: image, depth, ids, …"""
        named = {"image": self.image, "depth": self.depth, "ids": self.ids, "normals": self.normals, "canny": self.canny,
                 "control_depth": self.control_depth, "meshes": self.meshes}  # fmt: skip
        return {name: file for name, file in named.items() if file is not None}


@dataclass(frozen=True, eq=False)
class Dataset:
    """A herd folder: what its pictures have in common, and their names in order. Records are read when asked for."""

    folder: Path
    model_id: str
    model_name: str
    joint_names: tuple[str, ...]
    parents: tuple[int, ...]
    keypoint_names: tuple[str, ...]
    skeleton: tuple[tuple[int, int], ...]
    visibility_tolerance: float
    engine: str
    blender: str
    options: Mapping[str, Any]
    names: tuple[str, ...]
    failed: tuple[str, ...] = field(default=())

    def record(self, name: str) -> Record:
        """The record of one picture. Raises RecordError naming the field, OSError when it is not there."""
        where = f"records/{name}.json"
        value = read_json(self.folder / where, lambda text: RecordError(f"records/{text}"), MAX_RECORD_BYTES)
        return _record(Fields(value, where), name, self)

    def path(self, file: str) -> Path:
        """Where a file of a record is."""
        return self.folder / file

    def image(self, record: Record) -> NDArray[np.uint8]:
        """The picture (H, W, 3)."""
        return self._pixels(record, record.image, ("RGB", "RGBA", "L"), "RGB").astype(np.uint8)

    def depth_steps(self, record: Record) -> NDArray[np.int64]:
        """(H, W) depth in steps of `metres_per_step` as written: 0 nothing there, DEPTH_FAR further."""
        return self._pixels(record, record.depth, ("I;16", "I;16B", "I")).astype(np.int64)

    def depth(self, record: Record) -> Array:
        """(H, W) metres along the camera's axis; inf where nothing is, or where it is further than can be written."""
        steps = self.depth_steps(record)
        return np.where((steps <= 0) | (steps >= DEPTH_FAR), np.inf, steps * record.metres_per_step)

    def ids(self, record: Record) -> NDArray[np.uint8]:
        """(H, W) the id of the animal that each pixel shows, 0 for none."""
        return self._pixels(record, record.ids, ("L",)).astype(np.uint8)

    def other_files(self, record: Record) -> list[str]:
        """What is wrong with the pictures that no measure reads (normals, edges, …), one text each."""
        wrong = []
        for file, mode in ((record.normals, "RGB"), (record.canny, "L"), (record.control_depth, "L")):
            try:
                if file is not None:
                    self._pixels(record, file, (mode,))
            except RecordError as error:
                wrong.append(str(error))
        return wrong

    def meshes(self, record: Record) -> dict[int, tuple[Array, NDArray[np.int32]]]:
        """Vertices (V, 3) in the world and faces (F, 3) of the animals of asset packs, by id."""
        if record.meshes is None:
            return {}
        where = record.meshes
        try:
            arrays = read_npz(self.path(where), lambda text: RecordError(f"{where}: {text}"), 3 * MAX_VERTICES)
        except FileNotFoundError:
            raise RecordError(f"{where}: is missing") from None
        found = {}
        for animal in record.animals:
            if animal.asset is not None:
                found[animal.id] = _mesh(arrays, animal.id, where)
        return found

    def _pixels(self, record: Record, file: str, modes: tuple[str, ...], convert: str | None = None) -> NDArray[Any]:
        """The pixels of a file whose size and kind were held against the record before they are decoded."""
        try:
            with Image.open(self.path(file), formats=["PNG", "JPEG"]) as picture:
                if picture.size != (record.width, record.height):
                    size = f"{picture.size[0]} x {picture.size[1]}"
                    raise RecordError(f"{file}: is {size} pixels, the record says {record.width} x {record.height}")
                if picture.mode not in modes:
                    raise RecordError(f"{file}: holds {picture.mode} pixels, {' or '.join(modes)} is needed")
                return np.array(picture.convert(convert) if convert else picture)
        except FileNotFoundError:
            raise RecordError(f"{file}: is missing") from None
        except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
            if isinstance(error, RecordError):
                raise
            raise RecordError(f"{file}: damaged or no picture ({str(error)[:100] or type(error).__name__})") from None


def read_dataset(folder: str | Path) -> Dataset:
    """Read `dataset.json` and the names of the records. Raises RecordError, or FileNotFoundError for a folder without it."""
    folder = Path(folder)
    where = "dataset.json"
    fields = Fields(read_json(folder / where, RecordError, MAX_RECORD_BYTES), where)
    _check_format(fields)
    joints, keypoints = fields.texts("joint_names", MAX_JOINTS), fields.texts("keypoint_names")
    parents = fields.integers("parents", -1, MAX_JOINTS)
    if len(parents) != len(joints):
        raise fields.error("parents", f"{len(parents)} for {len(joints)} joints")
    return Dataset(
        folder, fields.text("model_id"), fields.text("model_name"), joints, parents, keypoints,
        tuple(_pair(fields, "skeleton", pair, len(keypoints) - 1) for pair in fields.list("skeleton", 4096)),
        fields.number("visibility_tolerance", 0.0, 1.0), fields.text("engine"), fields.text("blender"),
        fields.child("options").value, _names(folder / "records"), _names(folder / "failed"))  # fmt: skip


def _names(folder: Path) -> tuple[str, ...]:
    """The names of the records of a folder, in order; files with other names are none of ours."""
    found = folder.glob("*.json") if folder.is_dir() else ()
    return tuple(sorted(path.stem for path in found if _NAME.fullmatch(path.stem)))


def _check_format(fields: Fields) -> None:
    if fields.text("format") != FORMAT:
        raise fields.error("format", f"is {fields.text('format')!r}, this reads {FORMAT!r}")


def _record(fields: Fields, name: str, herd: Dataset) -> Record:
    _check_format(fields)
    if fields.text("id") != name:
        raise fields.error("id", f"is {fields.text('id')!r}, the file is called {name!r}")
    width, height = fields.integer("width", 1, MAX_SIDE), fields.integer("height", 1, MAX_SIDE)
    if width * height > MAX_PIXELS:
        raise fields.error("width", f"{width} x {height} pixels are too many, the limit is {MAX_PIXELS}")
    layout = fields.text("layout")
    if layout not in LAYOUTS:
        raise fields.error("layout", f"is {layout!r}, known are {' and '.join(LAYOUTS)}")
    animals = tuple(_animal(entry, herd, width, height) for entry in fields.children("animals", MAX_ANIMALS))
    numbers = [animal.id for animal in animals]
    if len(set(numbers)) != len(numbers):
        raise fields.error("animals", "two of them have the same id")
    depth, order = fields.child("depth"), fields.list("depth_order", MAX_ANIMALS**2)
    camera = _camera(fields.child("camera"), width, height)

    def file(key: str) -> str:
        return _file(fields, key)

    record = Record(
        name=name, index=fields.integer("index", 0, 1 << 53), seed=fields.integer("seed", -(1 << 63), 1 << 64), layout=layout,
        width=width, height=height, image=file("image"), depth=_file(depth, "file"),
        metres_per_step=depth.number("metres_per_step", 1e-9, 1e3), ids=file("ids"), normals=fields.optional("normals", file),
        canny=fields.optional("canny", file), control_depth=fields.optional("control_depth", file), meshes=fields.optional("meshes", file),
        camera=camera, lens=_lens(fields), scene=dict(fields.child("scene").value), prompt=fields.text("prompt"),
        left_to_right=fields.integers("left_to_right", 1, MAX_ANIMALS),
        depth_order=tuple(_pair(fields, "depth_order", pair, MAX_ANIMALS) for pair in order), animals=animals)  # fmt: skip
    for key, found in (("left_to_right", record.left_to_right), ("depth_order", [i for pair in record.depth_order for i in pair])):
        unknown = [number for number in found if number not in numbers]
        if unknown:
            raise fields.error(key, f"names {unknown[0]}, which is no animal's id")
    if len(set(record.left_to_right)) != len(record.left_to_right):
        raise fields.error("left_to_right", "names an animal twice")
    return record


def _lens(fields: Fields) -> dict[str, float]:
    lens = fields.child("lens")
    return {name: lens.number(name, 0.0) for name in ("f_number", "focus_m", "exposure_s", "noise")}


def _camera(fields: Fields, width: int, height: int) -> Camera:
    K, R, t = fields.numbers("K", (3, 3)), fields.numbers("R", (3, 3)), fields.numbers("t", (3,))
    if not (K[0, 0] > 0 and K[1, 1] > 0 and np.allclose(K[2], (0, 0, 1))):
        raise fields.error("K", "must be intrinsics in pixels with the last row 0 0 1")
    if np.abs(R @ R.T - np.eye(3)).max() > 1e-4 or np.linalg.det(R) < 0:
        raise fields.error("R", "must be a rotation")
    return Camera(K, R, t, width, height)


def _file(fields: Fields, name: str) -> str:
    """A path within the folder."""
    text = fields.text(name)
    path = PurePosixPath(text)
    if not text or "\\" in text or ":" in text or "\0" in text or path.is_absolute() or ".." in path.parts:
        raise fields.error(name, f"must be a path within the data set's folder, is {text[:80]!r}")
    return text


def _pair(fields: Fields, name: str, value: Any, most: int) -> tuple[int, int]:
    if not isinstance(value, list) or len(value) != 2 or not all(type(n) is int and 0 <= n <= most for n in value):
        raise fields.error(name, f"must be pairs of whole numbers from 0 to {most}")
    return value[0], value[1]


def _animal(fields: Fields, herd: Dataset, width: int, height: int) -> Animal:
    asset, facing = fields.optional("asset", fields.text), fields.text("facing")
    if facing not in FACING:
        raise fields.error("facing", f"is {facing!r}, known are {', '.join(FACING)}")
    names, parents = herd.joint_names, herd.parents
    if asset is not None and not fields.missing("joint_names"):
        names, parents = fields.texts("joint_names", MAX_JOINTS), fields.integers("joint_parents", -1, MAX_JOINTS)
    if len(parents) != len(names):
        raise fields.error("joint_parents", f"{len(parents)} for {len(names)} joints")
    rows = len(herd.keypoint_names)
    return Animal(
        id=fields.integer("id", 1, MAX_ANIMALS), species=fields.text("species"), family=fields.optional("family", fields.text) or "",
        label=fields.text("label"), doing=fields.text("doing"), coat=fields.optional("coat", fields.text),
        without=fields.optional("without", fields.texts) or (), asset=asset, clip=fields.optional("clip", fields.text) or "",
        **_shape(fields, herd, asset is None),
        keypoints=_points(fields, "keypoints", rows, 2), keypoints_3d=_places(fields, "keypoints_3d", rows),
        joints=_points(fields, "joints", len(names), 1), joints_3d=_places(fields, "joints_3d", len(names)),
        joint_names=names, joint_parents=parents, box=_box(fields, "box"), box_visible=_box(fields, "box_visible"),
        mask=_mask(fields, "mask", width, height), mask_visible=_mask(fields, "mask_visible", width, height),
        area=fields.integer("area", 0, width * height), area_visible=fields.integer("area_visible", 0, width * height),
        visible_fraction=fields.number("visible_fraction", 0.0, 1.0), in_frame_fraction=fields.number("in_frame_fraction", 0.0, 1.0),
        depth_m=fields.number("depth_m"), facing=facing, yaw=fields.number("yaw", -360.0, 360.0))  # fmt: skip


def _shape(fields: Fields, herd: Dataset, ours: bool) -> dict[str, Any]:
    """What makes an animal of the model; nothing but who it may be for one of an asset pack."""
    who = fields.optional("who", lambda name: _individual(fields.child(name)))
    if not ours:
        return {"who": who, "model_id": None, "betas": None, "pose": None, "trans": None, "metres_per_unit": None}
    if who is None:
        raise fields.error("who", "is missing; only an animal of an asset pack has none")
    betas = fields.numbers("betas", (None,))
    if fields.text("model_id") != herd.model_id:
        raise fields.error("model_id", f"is {fields.text('model_id')!r}, the data set's is {herd.model_id!r}")
    if len(betas) > MAX_BETAS:
        raise fields.error("betas", f"{len(betas)} are too many, the limit is {MAX_BETAS}")
    return {"who": who, "model_id": herd.model_id, "betas": betas, "pose": fields.numbers("pose", (len(herd.joint_names), 3)),
            "trans": fields.numbers("trans", (3,)), "metres_per_unit": fields.number("metres_per_unit", 1e-9, 1e9)}  # fmt: skip


def _individual(fields: Fields) -> Individual:
    def word(name: str) -> str:
        return fields.optional(name, fields.text) or ""

    def number(name: str) -> float:
        return 0.0 if fields.missing(name) else fields.number(name)

    sliders = {} if fields.missing("sliders") else fields.child("sliders")
    values = {name: sliders.number(name) for name in list(sliders.value)[:256]} if isinstance(sliders, Fields) else {}
    seed = 0 if fields.missing("seed") else fields.integer("seed", -(1 << 63), 1 << 64)
    return Individual(fields.text("species"), word("other"), number("blend"), seed, number("variation"), values, number("youth"),
                      number("height_m"))  # fmt: skip


def _points(fields: Fields, name: str, rows: int, most: int) -> Array:
    """x, y, v (rows, 3); rows of nan, nan, 0 where there is no point."""
    points = fields.numbers(name, (rows, 3), holes=True).copy()
    gone = ~np.isfinite(points).all(axis=1)
    points[gone] = (np.nan, np.nan, 0.0)
    if not np.isin(points[:, 2], range(most + 1)).all():
        raise fields.error(name, f"visibility must be {', '.join(map(str, range(most)))} or {most}")
    return points


def _places(fields: Fields, name: str, rows: int) -> Array:
    """World metres (rows, 3); rows of nan where there is no point."""
    points = fields.numbers(name, (rows, 3), holes=True).copy()
    points[~np.isfinite(points).all(axis=1)] = np.nan
    return points


def _box(fields: Fields, name: str) -> tuple[float, ...] | None:
    box = fields.optional(name, lambda name: fields.numbers(name, (4,)))
    if box is not None and (box[2:] < 0).any():
        raise fields.error(name, "must be x, y, width, height with no size below 0")
    return None if box is None else tuple(float(n) for n in box)


def _mask(fields: Fields, name: str, width: int, height: int) -> dict[str, Any]:
    """Run lengths that are known to be a mask of the picture's size."""
    value = fields.child(name).value
    if value.get("size") != [height, width]:
        raise fields.error(name, f"size must be [{height}, {width}], the picture's, is {str(value.get('size'))[:40]}")
    try:
        masks.area(value)
    except masks.MaskError as error:
        raise fields.error(name, str(error)) from None
    return {"size": [height, width], "counts": value["counts"]}


def _mesh(arrays: Mapping[str, NDArray[Any]], number: int, where: str) -> tuple[Array, NDArray[np.int32]]:
    """The mesh of one asset's animal, checked."""
    for name, kinds in ((f"vertices_{number}", "f"), (f"faces_{number}", "iu")):
        if name not in arrays:
            raise RecordError(f"{where}: {name}: is missing")
        array = arrays[name]
        if array.ndim != 2 or array.shape[1] != 3 or array.dtype.kind not in kinds:
            raise RecordError(f"{where}: {name}: must be (n, 3) numbers, is {array.dtype} {array.shape}")
    vertices, faces = arrays[f"vertices_{number}"].astype(np.float64), arrays[f"faces_{number}"].astype(np.int64)
    if not np.isfinite(vertices).all():
        raise RecordError(f"{where}: vertices_{number}: holds values that are not finite")
    if faces.size and (faces.min() < 0 or faces.max() >= len(vertices)):
        raise RecordError(f"{where}: faces_{number}: an index lies outside the {len(vertices)} vertices")
    return vertices, faces.astype(np.int32)
