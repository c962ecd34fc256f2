"""PIG_model (An et al. 2023, MIT): the scanned mini pig of the MAMMAL project, read from its pickle without executing it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ....animal.pickle_reader import read_pickle
from ....animal.pickle_values import to_array
from ..source import SourceError
from .sources import PARTS, Source, soft_parts

FILE = "PIG_full.pkl"
MAX_BYTES = 64 * 2**20
# The body parts of body_parts.txt, numbered from 1: trunk, head and neck, ears, legs, tail.
PART_NUMBERS = {"fore_left": (5,), "fore_right": (6,), "hind_left": (7,), "hind_right": (8,), "tail": (9,), "ears": (3, 4)}
JOINTS = {
    "LLeg1": 14, "LLeg2": 15, "LLeg3": 16, "LFoot": 17, "LLegBack1": 55, "LLegBack2": 56, "LLegBack3": 57, "LFootBack": 58,
    "LEar": 31, "Tail1": 46,
}  # fmt: skip
EYE = np.array([0.372, 0.0, -0.005])  # x and z of the open lids; their y is taken from the surface


def load_pig(folder: Path) -> Source:
    """The pig in its rest pose; SourceError when the file is not there or not what was expected."""
    path = folder / FILE
    if not path.is_file() or path.stat().st_size > MAX_BYTES:
        raise SourceError(f"{folder} holds no usable {FILE} (PIG_model of the MAMMAL project).")
    data = read_pickle(path.read_bytes())
    if not isinstance(data, dict):
        raise SourceError(f"{path} is not PIG_model.")
    try:
        vertices, faces, joints, numbers = (
            to_array(data[key], key) for key in ("vertices", "faces_vert", "t_pose_joints", "body_parts")
        )
    except (KeyError, ValueError) as error:
        raise SourceError(f"{path} is not PIG_model: {error}") from error
    faces = faces.astype(np.int64)
    if faces.size == 0 or faces.min() < 0 or faces.max() >= len(vertices) or len(joints) <= max(JOINTS.values()):
        raise SourceError(f"{path} is not PIG_model: its arrays do not fit each other.")
    parts = np.zeros((len(vertices), len(PARTS)))
    for part, known in PART_NUMBERS.items():
        parts[:, PARTS.index(part)] = np.isin(numbers.ravel(), known)
    # The tail's part reaches over the rump.
    parts[:, PARTS.index("tail")] *= vertices[:, 0] < joints[JOINTS["Tail1"], 0]
    side = np.where([name.startswith("L") for name in JOINTS], 1.0, 0.0)
    places = {name: np.abs(joints[k] * (0, s, 0)) + joints[k] * (1, 0, 1) for (name, k), s in zip(JOINTS.items(), side, strict=True)}
    nose = vertices[np.argmax(vertices[:, 0])] * (1, 0, 1)
    near = (np.linalg.norm((vertices - EYE)[:, ::2], axis=1) < 0.012) & (vertices[:, 1] > 0)
    eye = np.array([EYE[0], vertices[near, 1].mean(), EYE[2]])
    return Source("pig_model", vertices, faces, soft_parts(parts, vertices, faces), places, nose, eye)
