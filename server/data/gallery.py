"""A herd data set as one web page: pictures, what is known of them, filters and statistics, with nothing to fetch.

    told = write_gallery("out/herd", "herd.html", limit=500)

The page is `gallery_page.html` with its style, its scripts (`gallery_draw.js`, `gallery_plots.js` and the others of SCRIPTS) and
the data in it. Text of records is data to the page, never markup: it stands as JSON in which every `<` is escaped, the
scripts write it as text only, and the page's own policy runs no other script and fetches nothing.
"""

from __future__ import annotations

import base64
import hashlib
import html
import io
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from PIL import Image

from ...animal.default import default_model
from ...animal.model import AnimalModel
from ...animal.npz import whole_file
from .fields import RecordError
from .gallery_overlays import Meshes, asset_mesh, box, depth_code, mask_code, mask_grid, points
from .records import Animal, Dataset, Record, read_dataset
from .statistics import group_of

DEFAULT_LIMIT = 1000
MAX_LIMIT = 5000
"""The most pictures of one page: some 300 MB, which is as much as a browser opens gladly."""
SIDES = ((120, 800), (400, 640), (MAX_LIMIT, 512))
"""Up to so many pictures, each is embedded so many pixels large."""
QUALITY = 75
MAX_NOTES = 50
SCRIPTS = ("gallery_draw.js", "gallery_plots.js", "gallery_page.js", "gallery_large.js", "gallery_start.js")
"""In this order: they share one scope, and the last one begins."""
_HERE = Path(__file__).parent
_WRITES = "give the folder that `bestiary render herd` wrote"


class GalleryError(ValueError):
    """A folder that no gallery can be made of; the message says why and what to do."""


@dataclass(frozen=True)
class Told:
    """What was written: the page, how many of the folder's pictures it holds, its size, and what had to be left out."""

    path: Path
    pictures: int
    pictures_there: int
    animals: int
    bytes: int
    left_out: tuple[str, ...]

    @property
    def bytes_a_picture(self) -> float:
        """Mean size of a picture with all its overlays, bytes."""
        return self.bytes / max(self.pictures, 1)


def write_gallery(
    folder: str | Path,
    out: str | Path | None = None,
    limit: int = DEFAULT_LIMIT,
    model: AnimalModel | None = None,
    progress: Callable[[float, str], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Told:
    """Write a herd data set's gallery; `out` is `gallery.html` in the folder unless given.

    limit: the most pictures; of more, as many are taken evenly from first to last, and the page says so. model: the
    model of the animals, the open animal unless given; animals of another one are shown without a mesh.
    progress(fraction, stage) is called after each picture; once cancelled() is true, KeyboardInterrupt is raised and an
    earlier page stays as it was. Raises GalleryError for a folder without records or a limit beyond 1 to 5,000,
    RecordError for a damaged dataset.json. Pictures that cannot be read are left out and named.
    """
    if not 1 <= limit <= MAX_LIMIT:
        raise GalleryError(f"a gallery of {limit} pictures cannot be made; a limit is 1 to {MAX_LIMIT}")
    herd = _dataset(Path(folder))
    chosen = evenly(herd.names, limit)
    path = herd.folder / "gallery.html" if out is None else Path(out)
    meshes = Meshes(default_model() if model is None else model)
    side = next(side for most, side in SIDES if len(chosen) <= most)
    index: list[dict[str, Any]] = []
    notes: list[str] = []
    with whole_file(path) as stream:
        before, after = _page(herd.folder.resolve().name)
        stream.write(before.encode("utf-8", "replace"))
        for number, name in enumerate(chosen):
            if cancelled is not None and cancelled():
                raise KeyboardInterrupt
            try:
                about, overlay, photo = _picture(herd, name, meshes, side, notes)
            except (RecordError, OSError) as error:
                notes.append(_plain(error, name))
            else:
                _write_block(stream, f"overlay-{len(index)}", overlay)
                stream.write(f'<script type="text/plain" id="photo-{len(index)}">{photo}</script>\n'.encode())
                index.append(about)
            if progress is not None:
                progress((number + 1) / len(chosen), f"{number + 1} of {len(chosen)} pictures")
        if not index:
            raise GalleryError(f"no picture of {folder} can be shown; the first: {notes[0]}")
        _write_block(stream, "herd", {**_common(herd, meshes, len(chosen), notes), "pictures": index})
        stream.write(after.encode())
        size = stream.tell()
    return Told(path, len(index), len(herd.names), sum(len(about["animals"]) for about in index), size, tuple(notes))


def _dataset(folder: Path) -> Dataset:
    if not folder.is_dir():
        raise GalleryError(f"{folder} is no folder; {_WRITES}")
    try:
        herd = read_dataset(folder)
    except FileNotFoundError:
        raise GalleryError(f"{folder} is no herd data set, it has no dataset.json; {_WRITES}") from None
    if not herd.names:
        raise GalleryError(f"{folder} has no picture yet: there is no records/*.json; {_WRITES}")
    return herd


def evenly(names: tuple[str, ...], most: int) -> tuple[str, ...]:
    """At most so many of the names, evenly from the first to the last."""
    if len(names) <= most:
        return names
    return tuple(names[i * len(names) // most] for i in range(most))


def _picture(herd: Dataset, name: str, meshes: Meshes, side: int, notes: list[str]) -> tuple[dict[str, Any], dict[str, Any], str]:
    """One record for the page: what filters and statistics need, the overlays, and the picture as base64 of a JPEG.

    Raises RecordError or OSError for a record or picture that cannot be shown; a depth or mesh file that cannot be read
    is left out and noted.
    """
    record = herd.record(name)
    photo = _photo(herd.image(record), side)
    depth, assets = None, {}
    try:
        depth = depth_code(herd.depth(record))
    except (RecordError, OSError) as error:
        notes.append(_plain(error, name))
    try:
        assets = {number: asset_mesh(*mesh, record.camera) for number, mesh in herd.meshes(record).items()}
    except (RecordError, OSError) as error:
        notes.append(_plain(error, name))
    drawn = [_overlay(animal, meshes.of(animal, record.camera) or assets.get(animal.id)) for animal in record.animals]
    return _about(record), {"grid": mask_grid(record.width, record.height), "depth": depth, "animals": drawn}, photo


def _photo(pixels: np.ndarray, side: int) -> str:
    """A picture (H, W, 3), at most `side` pixels along its longer side, as base64 of a JPEG."""
    photo = Image.fromarray(pixels)
    scale = min(1.0, side / max(photo.size))
    if scale < 1.0:
        small = (max(1, round(photo.width * scale)), max(1, round(photo.height * scale)))
        photo = photo.resize(small, Image.Resampling.LANCZOS)
    stream = io.BytesIO()
    photo.save(stream, "JPEG", quality=QUALITY, optimize=True, progressive=True)
    return base64.b64encode(stream.getvalue()).decode("ascii")


def _about(record: Record) -> dict[str, Any]:
    """What the page always has at hand of a picture."""
    camera, scene = record.camera, record.scene
    return {
        "id": record.name, "index": record.index, "seed": str(record.seed), "layout": record.layout, "file": record.image,
        "width": record.width, "height": record.height, "prompt": record.prompt,
        "ground": _text(scene.get("ground")), "light": _text(scene.get("light")), "occluders": _number(scene.get("occluders")),
        "lens": {key: _number(value) for key, value in record.lens.items()},
        "camera": {
            "focal": round(float(camera.K[0, 0]), 2), "centre": [round(float(value), 2) for value in camera.K[:2, 2]],
            "position": [round(float(value), 2) for value in camera.position],
            "pitch": round(math.degrees(math.asin(float(np.clip(camera.R[2, 2], -1.0, 1.0)))), 1),
        },
        "animals": [_animal(animal) for animal in record.animals],
    }  # fmt: skip


def _animal(animal: Animal) -> dict[str, Any]:
    """What filters, statistics and the list beside a picture need of an animal."""
    whole = animal.box
    return {
        "id": animal.id, "species": animal.species, "family": group_of(animal), "label": animal.label, "doing": animal.doing,
        "facing": animal.facing, "clip": animal.clip, "asset": animal.asset or "", "yaw": round(animal.yaw, 1),
        "visible": round(animal.visible_fraction, 4), "in_frame": round(animal.in_frame_fraction, 4),
        "depth": round(animal.depth_m, 3), "youth": round(animal.who.youth, 2) if animal.who else None,
        "side": round(max(whole[2:]), 1) if whole else None,
        "middle": [round(whole[0] + whole[2] / 2, 1), round(whole[1] + whole[3] / 2, 1)] if whole else None,
    }  # fmt: skip


def _overlay(animal: Animal, mesh: dict[str, Any] | None) -> dict[str, Any]:
    """What is drawn over the picture for one animal."""
    return {
        "id": animal.id, "box": box(animal.box), "boxSeen": box(animal.box_visible),
        "whole": mask_code(animal.mask), "seen": mask_code(animal.mask_visible),
        "keypoints": points(animal.keypoints), "joints": points(animal.joints),
        "parents": animal.joint_parents if animal.asset is not None else None, "mesh": mesh,
    }  # fmt: skip


def _common(herd: Dataset, meshes: Meshes, chosen: int, notes: list[str]) -> dict[str, Any]:
    """What all pictures have in common: names, the lines between points, the faces of the coarse meshes, and what to tell."""
    return {
        "name": herd.folder.resolve().name, "model_name": herd.model_name, "engine": herd.engine, "blender": herd.blender,
        "keypoint_names": herd.keypoint_names, "joint_names": herd.joint_names, "parents": herd.parents, "skeleton": herd.skeleton,
        "meshes": meshes.page(), "model_fits": herd.model_id == meshes.model.model_id,
        "there": len(herd.names), "chosen": chosen, "failed": len(herd.failed), "notes": notes[:MAX_NOTES], "notes_count": len(notes),
    }  # fmt: skip


def _text(value: Any) -> str:
    return value[:200] if isinstance(value, str) else ""


def _number(value: Any) -> float | None:
    return round(float(value), 4) if type(value) in (int, float) and abs(value) < 1e12 else None


def _plain(error: Exception, name: str) -> str:
    """An error for the list of what was left out."""
    return str(error)[:300] if isinstance(error, RecordError) else f"{name}: {error.strerror if isinstance(error, OSError) else error}"


def _write_block(stream: IO[bytes], name: str, value: Any) -> None:
    """A block of data in the page: JSON that ends no element whatever it holds."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    for letter in "<>&":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    stream.write(f'<script type="application/json" id="{name}">{text}</script>\n'.encode())


def _page(title: str) -> tuple[str, str]:
    """The page before and after its data."""
    read = {name: (_HERE / name).read_text(encoding="utf-8") for name in ("gallery_page.html", "gallery_page.css", *SCRIPTS)}
    script = '(() => {\n"use strict";\n' + "\n".join(read[name] for name in SCRIPTS) + "\n})();\n"
    style = read["gallery_page.css"]
    policy = (
        f"default-src 'none'; img-src data:; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    # The title comes last, so that no place to fill is looked for in it.
    filled = {"policy": html.escape(policy, quote=False), "style": style, "script": script, "title": html.escape(f"{title} · herd")}
    before, after = read["gallery_page.html"].split("{{data}}")
    for key, value in filled.items():
        before, after = before.replace("{{" + key + "}}", value), after.replace("{{" + key + "}}", value)
    return before, after


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
