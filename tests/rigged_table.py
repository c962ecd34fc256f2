"""A rigged animal for tests, made of points around its bones, as a glTF file: a body, a head, four legs of two bones, a foot on a control.

The left hind foot hangs on a control of its own beside the animal's tree, as rigs for inverse kinematics have it; a pole moves nothing.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np

# Bone, parent, head in the animal's axes (x forward, y left, z up); glTF has (y, z, x).
BONES = (
    ("Root", "", (0, 0, 0)), ("Hips", "Root", (-0.4, 0, 0.6)), ("Chest", "Hips", (0.2, 0, 0.6)), ("Head", "Chest", (0.5, 0, 0.7)),
    ("Arm.L", "Chest", (0.3, 0.15, 0.5)), ("Hand.L", "Arm.L", (0.3, 0.15, 0.2)),
    ("Arm.R", "Chest", (0.3, -0.15, 0.5)), ("Hand.R", "Arm.R", (0.3, -0.15, 0.2)),
    ("Leg.L", "Hips", (-0.4, 0.15, 0.5)), ("Leg.R", "Hips", (-0.4, -0.15, 0.5)), ("Foot.R", "Leg.R", (-0.4, -0.15, 0.2)),
    ("Control.L", "", (-0.4, 0.15, 0.2)), ("Foot.L", "Control.L", (-0.4, 0.15, 0.2)), ("Pole.L", "Root", (-1.5, 0.15, 0.4)),
)  # fmt: skip
NAMES = tuple(name for name, _, _ in BONES)
HEADS = np.array([head for _, _, head in BONES], np.float64)
_TIPS = {"Head": (0.8, 0, 0.75), "Hand.L": (0.3, 0.15, 0), "Hand.R": (0.3, -0.15, 0), "Foot.L": (-0.4, 0.15, 0), "Foot.R": (-0.4, -0.15, 0),
         "Chest": (0.5, 0, 0.7), "Hips": (0.2, 0, 0.6), "Arm.L": (0.3, 0.15, 0.2), "Arm.R": (0.3, -0.15, 0.2),
         "Leg.L": (-0.4, 0.15, 0.2), "Leg.R": (-0.4, -0.15, 0.2)}  # fmt: skip
_ABOVE = {"Chest": "Hips", "Head": "Chest", "Arm.L": "Chest", "Hand.L": "Arm.L", "Arm.R": "Chest", "Hand.R": "Arm.R", "Leg.L": "Hips",
          "Leg.R": "Hips", "Foot.R": "Leg.R", "Foot.L": "Leg.L"}  # fmt: skip


def skin() -> tuple[np.ndarray, np.ndarray]:
    """vertices (V, 3) in the animal's axes and weights (V, B): rings along each bone, shared with the bone above at its head."""
    places, weights = [], []
    for name, tip in _TIPS.items():
        head, bone = HEADS[NAMES.index(name)], NAMES.index(name)
        for along in np.linspace(0.0, 1.0, 6):
            for x, y in ((0.04, 0), (-0.04, 0), (0, 0.04), (0, -0.04)):
                row = np.zeros(len(NAMES))
                row[bone] = 1.0
                if along == 0.0 and name in _ABOVE:
                    row[bone] = row[NAMES.index(_ABOVE[name])] = 0.5
                side = np.array([0, x, y]) if abs(tip[2] - head[2]) < 0.2 else np.array([x, y, 0])
                places.append(head + along * (np.array(tip) - head) + side)
                weights.append(row)
    return np.array(places), np.array(weights)


def write_table(path: Path, clips: dict[str, np.ndarray] | None = None, fps: float = 24.0, scale: float = 1.0) -> Path:
    """Write a .glb whose clips turn the head by angles (F,) in radians, up and down; scale: units for a metre."""
    clips = {"nod": 0.6 * np.sin(np.linspace(0, 2 * np.pi, 25))} if clips is None else clips
    binary, views, accessors = bytearray(), [], []

    def put(array: np.ndarray, kind: str, code: int) -> int:
        binary.extend(b"\0" * (-len(binary) % 4))
        views.append({"buffer": 0, "byteOffset": len(binary), "byteLength": array.nbytes})
        accessors.append({"bufferView": len(views) - 1, "componentType": code, "count": len(array), "type": kind})
        binary.extend(array.tobytes())
        return len(accessors) - 1

    vertices, weights = skin()
    heads = scale * HEADS[:, [1, 2, 0]]
    parents = [NAMES.index(parent) if parent else -1 for _, parent, _ in BONES]
    most = np.argsort(-weights, axis=1)[:, :4]
    inverse = np.repeat(np.eye(4, dtype="<f4")[None], len(NAMES), axis=0)
    inverse[:, 3, :3] = -heads  # stored column by column
    attributes = {"POSITION": put((scale * vertices[:, [1, 2, 0]]).astype("<f4"), "VEC3", 5126),
                  "JOINTS_0": put(most.astype("u1"), "VEC4", 5121),
                  "WEIGHTS_0": put(np.take_along_axis(weights, most, axis=1).astype("<f4"), "VEC4", 5126)}  # fmt: skip
    triangles = put(np.arange(len(vertices) // 3 * 3, dtype="<u2"), "SCALAR", 5123)
    bind = put(inverse, "MAT4", 5126)
    animations = []
    for name, angles in clips.items():
        times = put((np.arange(len(angles)) / fps).astype("<f4"), "SCALAR", 5126)
        turns = np.stack([np.sin(angles / 2), 0 * angles, 0 * angles, np.cos(angles / 2)], axis=1)
        values = put(turns.astype("<f4"), "VEC4", 5126)
        animations.append({"name": name, "samplers": [{"input": times, "output": values}],
                           "channels": [{"sampler": 0, "target": {"node": NAMES.index("Head"), "path": "rotation"}}]})  # fmt: skip
    nodes: list[dict[str, Any]] = []
    for bone, name in enumerate(NAMES):
        place = heads[bone] - (heads[parents[bone]] if parents[bone] >= 0 else 0)
        children = [other for other, parent in enumerate(parents) if parent == bone]
        nodes.append({"name": name, "translation": place.tolist(), **({"children": children} if children else {})})
    nodes.append({"name": "Body", "mesh": 0, "skin": 0})
    document = {
        "asset": {"version": "2.0"}, "buffers": [{"byteLength": len(binary)}], "bufferViews": views, "accessors": accessors,
        "nodes": nodes, "skins": [{"joints": list(range(len(NAMES))), "inverseBindMatrices": bind}],
        "meshes": [{"primitives": [{"attributes": attributes, "indices": triangles}]}], "animations": animations,
    }  # fmt: skip
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    body = struct.pack("<I4s", len(text), b"JSON") + text
    data = bytes(binary) + b"\0" * (-len(binary) % 4)
    body += struct.pack("<I4s", len(data), b"BIN\0") + data
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(struct.pack("<4sII", b"glTF", 2, 12 + len(body)) + body)
    return path
