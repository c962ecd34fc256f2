"""The pose in a .glb: node transforms that differ from the bind pose, which Blender's exporter does not write.

Blender's exporter either writes the rest pose and drops the present one, or makes the present one the rest pose. glTF
can hold both, the skin's bind matrices and the nodes' own transforms, and viewers show the latter. So the file is
exported at rest, and here the pose is put on its nodes: a bone node's transform is its rest transform, then the bone's
own rotation and shift.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..animal.rotations import matrix_from_quaternion, quaternion_from_matrix

Array = NDArray[np.float64]

_MAGIC, _JSON = 0x46546C67, 0x4E4F534A
Pose = Mapping[str, tuple[Array, Array]]
"""Bone name → its quaternion (4,), w first, and location (3,), both in the bone's own rest axes."""


def write_pose(path: Path, poses: Mapping[str, Pose]) -> None:
    """Pose the skeletons of a .glb in place: poses maps the name of each skeleton's node to the pose of its bones.

    Raises ValueError when the file is no binary glTF 2.0, or a skeleton or bone is not in it.
    """
    document, rest = split(path.read_bytes())
    nodes = document.get("nodes", [])
    for armature, pose in poses.items():
        top = next((node for node in nodes if node.get("name") == armature and node.get("children")), None)
        if top is None:
            raise ValueError(f"{path}: holds no skeleton named {armature!r}")
        bones = _below(nodes, top)
        for bone, (quaternion, location) in pose.items():
            if bone not in bones:
                raise ValueError(f"{path}: the skeleton {armature!r} has no bone {bone!r}")
            _turn(bones[bone], quaternion, location)
    path.write_bytes(join(document, rest))


def _below(nodes: list[dict[str, Any]], top: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """All nodes under one, by name."""
    found: dict[str, dict[str, Any]] = {}
    waiting = list(top["children"])
    while waiting:
        node = nodes[waiting.pop()]
        found[node.get("name", "")] = node
        waiting.extend(node.get("children", ()))
    return found


def _turn(node: dict[str, Any], quaternion: Array, location: Array) -> None:
    x, y, z, w = node.get("rotation", (0.0, 0.0, 0.0, 1.0))
    rest = matrix_from_quaternion(np.array([w, x, y, z]))
    w, x, y, z = quaternion_from_matrix(rest @ matrix_from_quaternion(quaternion)).tolist()
    node["rotation"] = [x, y, z, w]
    node["translation"] = (np.array(node.get("translation", (0.0, 0.0, 0.0))) + rest @ location).tolist()


def split(data: bytes) -> tuple[dict[str, Any], bytes]:
    """The JSON of a .glb, and the chunks after it as they stand. Raises ValueError when it is none."""
    if len(data) < 20:
        raise ValueError("not a binary glTF file: too short")
    magic, version, _length, size, kind = struct.unpack_from("<5I", data)
    if (magic, version, kind) != (_MAGIC, 2, _JSON) or 20 + size > len(data):
        raise ValueError("not a binary glTF 2.0 file")
    return json.loads(data[20:20 + size]), data[20 + size:]


def join(document: dict[str, Any], rest: bytes) -> bytes:
    """A .glb of a JSON document and the chunks after it."""
    text = json.dumps(document, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    return struct.pack("<5I", _MAGIC, 2, 20 + len(text) + len(rest), len(text), _JSON) + text + rest
