"""Body maps as files: presets for all rigs with the same bone names, those that ship and those that users save.

A preset is JSON: `{"format": "bestiary-rig/1", "label": "…", "bones": {"spine": ["…"], …}}`. Files are strangers': size, keys and
types are checked, and what is wrong is said with the file's name and the field's.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from .body_frame import joints_of
from .body_map import LEGS, PARTS, BodyMap
from .bone_words import twin_key, words_of
from .reading import skeleton_of
from .rig_shape import RigError, RigShape

FORMAT = "bestiary-rig/1"
SHIPPED = Path(__file__).parent / "presets"
MAX_BYTES = 1 << 20
MAX_BONES = 4000
MAX_NAME = 256
ENOUGH = 0.9
"""The share of a preset's trunk and leg bones that a rig must have for the preset to be meant for it; tails and ears differ within
a family."""
_LOOSE = ("tail", "jaw", "left_ear", "right_ear")
_FEWEST = 12
_KEYS = {"format", "label", "bones"}


def save_map(path: str | Path, body: BodyMap) -> Path:
    """Write a map as a preset, whole or not at all; gives the path. Raises RigError where the file cannot be written."""
    path = Path(path)
    text = json.dumps({"format": FORMAT, "label": body.label, "bones": {part: list(names) for part, names in body.bones.items()}},
                      indent=1, ensure_ascii=False) + "\n"  # fmt: skip
    unfinished = None
    try:
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}.", delete=False) as stream:
            unfinished = Path(stream.name)
            stream.write(text)
        os.chmod(unfinished, 0o644)
        os.replace(unfinished, path)
    except OSError as error:
        if unfinished is not None:
            unfinished.unlink(missing_ok=True)
        raise RigError(f"{path.name} could not be written ({error.strerror or error}); choose another folder") from error
    return path


def load_map(path: str | Path) -> BodyMap:
    """The map of a preset file; its source is the file's name. Raises RigError naming the file and the field that is wrong."""
    path = Path(path)
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise RigError(f"{path.name} could not be opened ({error.strerror or error})") from error
    if len(data) > MAX_BYTES:
        raise RigError(f"{path.name} is larger than {MAX_BYTES} bytes and no preset of a rig")
    try:
        value = json.loads(data.decode("utf-8-sig"), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise RigError(f"{path.name} is no JSON ({str(error)[:120]})") from error
    try:
        return _read(value, path.stem)
    except RigError as error:
        raise RigError(f"{path.name}: {error}") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON in which no key comes twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key comes twice")
    return found


def _read(value: Any, name: str) -> BodyMap:
    if not isinstance(value, dict):
        raise RigError("a preset must be an object with format, label and bones")
    if value.get("format") != FORMAT:
        raise RigError(f"format: must be {FORMAT!r}, is {str(value.get('format'))[:60]!r}")
    if unknown := sorted(map(str, set(value) - _KEYS)):
        raise RigError(f"{unknown[0][:60]}: is not known; there are {', '.join(sorted(_KEYS))}")
    label, bones = value.get("label", ""), value.get("bones")
    if not isinstance(label, str) or len(label) > MAX_NAME:
        raise RigError(f"label: must be text of at most {MAX_NAME} letters")
    if not isinstance(bones, dict):
        raise RigError("bones: must be an object of lists, one for each part of the body")
    for part, names in bones.items():
        if part not in PARTS:
            raise RigError(f"bones.{str(part)[:60]}: is no part of the body; the parts are {', '.join(PARTS)}")
        if not isinstance(names, list) or not all(isinstance(bone, str) and 0 < len(bone) <= MAX_NAME for bone in names):
            raise RigError(f"bones.{part}: must be a list of bones' names")
    if sum(map(len, bones.values())) > MAX_BONES:
        raise RigError(f"bones: more than {MAX_BONES} bones")
    return BodyMap({part: tuple(names) for part, names in bones.items()}, label, name)


def presets(folders: Iterable[str | Path] = ()) -> list[Path]:
    """The preset files of these folders (a user's) and, after them, those that ship."""
    return [path for folder in (*map(Path, folders), SHIPPED) for path in sorted(folder.glob("*.json"))]


def preset_for(shape: RigShape, folders: Iterable[str | Path] = ()) -> BodyMap | None:
    """The preset that fits a rig best by its bones' names, without bones that the rig lacks; None where none fits well enough.

    folders: a user's, which win where they fit as well as what ships. Files that cannot be read are passed over.
    """
    names = set(shape.names)
    best: tuple[float, int, BodyMap] | None = None
    for path in presets(folders):
        try:
            body = load_map(path)
        except RigError:
            continue
        every = [bone for part, chain in body.bones.items() if part not in _LOOSE for bone in chain]
        there = sum(bone in names for bone in every)
        share = there / max(len(every), 1)
        whole = all(len(body.on(shape).leg(leg)) >= 2 for leg in LEGS)
        if share < ENOUGH or there < _FEWEST or not whole:
            continue
        if best is None or (share, there) > best[:2]:
            best = share, there, body
    return best[2].on(shape) if best else None


def mirrored(body: BodyMap, shape: RigShape) -> BodyMap:
    """The map with each empty part of one side filled from the other side, by the bones' names or else by the rig's symmetry.

    Bones that have a part already stay where they are.
    """
    twins = _twins(shape)
    filled = dict(body.bones)
    taken = {bone for chain in filled.values() for bone in chain}
    for part in PARTS:
        other = part.replace("left", "\0").replace("right", "left").replace("\0", "right")
        if other == part or filled.get(part) or not filled.get(other):
            continue
        chain = [twins.get(bone, "") for bone in filled[other]]
        chain = [bone for bone in chain if bone and bone not in taken]
        if chain:
            filled[part] = tuple(chain)
            taken.update(chain)
    return BodyMap(filled, body.label, "edited", body.confidence)


def _twins(shape: RigShape) -> dict[str, str]:
    """Bone → the bone on the other side."""
    keys: dict[tuple[str, int], str] = {}
    for name in shape.names:
        if side := words_of(name).side:
            keys.setdefault((twin_key(name), side), name)
    found = {name: keys[key, -side] for (key, side), name in keys.items() if (key, -side) in keys}
    try:
        skeleton = skeleton_of(shape)
        joints = joints_of(skeleton, np.array([0.0, 0.0, 1.0]))
    except RigError:
        return found
    names = skeleton.names
    pairs = {names[bone]: names[twin] for bone, twin in enumerate(joints.twins) if twin not in (-1, bone)}
    return {**pairs, **found}
