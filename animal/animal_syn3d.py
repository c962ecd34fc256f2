"""AnimalSyn3D's files: one JSON for each clip with the joints that were found on a mesh of DeformingThings4D.

Read are `model` ("foxZED"), `animation`, `connections` (pairs of joints), and `optimised_joints` (F, J, 3), Z up, in the mesh's units.
Joints have no names in the files; the table below has them for the 13 animals of the data set, as its authors' lists of bones call
them (Fusco et al., "Object Agnostic 3D Lifting in Space and Time", section 3.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .npz import read_json
from .skeleton import MAX_JOINTS, Skeleton, SkeletonError

MAX_FRAMES = 100_000

_HEAD = "spine left_eye right_eye right_ear left_ear nose right_shoulder left_shoulder"
_TALL = "spine left_eye right_eye right_ear right_ear_tip left_ear left_ear_tip nose right_shoulder left_shoulder"
_FORE = "right_elbow right_wrist right_front_paw left_elbow left_wrist left_front_paw"
_FOX = f"{_HEAD} {_FORE} pelvis left_hip right_hip left_knee left_ankle right_knee right_ankle left_hind_paw right_hind_paw"
_HIND = "left_knee left_ankle left_hind_paw right_knee right_ankle right_hind_paw"
_ANTLERS = "right_antler_base right_antler_tip left_antler_base left_antler_tip"
_RABBIT = f"{_TALL} right_elbow right_wrist left_elbow left_wrist pelvis left_hip right_hip {_HIND} tail neck"

NAMES: dict[str, tuple[str, ...]] = {model: tuple(names.split()) for model, names in {
    "foxZED": f"{_FOX} tail_middle tail_tip neck",
    "pumaRW": f"{_FOX} tail_middle tail_tip neck",
    "elkML": f"{_FOX} tail_middle tail_tip neck",
    "deerOMG": f"{_FOX} tail neck {_ANTLERS}",
    "moose6OK9": f"{_HEAD} {_FORE} pelvis left_hip right_hip {_HIND} tail {_ANTLERS} neck",
    "bear3EP": f"{_HEAD} right_elbow right_front_paw left_elbow left_front_paw pelvis left_hip right_hip left_knee left_hind_paw "
               "right_knee right_hind_paw tail neck",
    "bunnyQ": _RABBIT,
    "rabbit7L6": _RABBIT,
    "bucksYJL": f"{_TALL} {_FORE} pelvis left_hip right_hip {_HIND} tail neck",
    "tigerD8H": f"{_HEAD} right_elbow right_front_paw left_wrist left_front_paw pelvis left_hip right_hip {_HIND} "
                "tail_base tail_middle tail_tip right_wrist left_elbow neck",
    "raccoonVGG": "spine left_eye right_eye right_ear left_ear right_ear_tip left_ear_tip nose right_shoulder left_shoulder "
                  "right_elbow left_elbow right_wrist left_wrist right_front_paw left_front_paw pelvis right_hip left_hip "
                  "right_knee left_knee right_ankle left_ankle right_hind_paw left_hind_paw tail_base tail_tip neck",
    "doggieMN5": f"{_HEAD} right_elbow left_elbow right_front_paw left_front_paw pelvis right_hip left_hip right_knee left_knee "
                 "right_ankle left_ankle tail_base tail_tip neck",
    "chickenDC": "nose left_eye right_eye neck spine right_shoulder right_elbow left_shoulder left_elbow pelvis right_hip left_hip "
                 "right_knee right_ankle right_foot left_knee left_ankle left_foot tail",
}.items()}  # fmt: skip
"""The joints of each model, in the files' order."""


class AnimalSyn3DError(ValueError):
    """A file that is none of AnimalSyn3D's; the message names the field."""


@dataclass(frozen=True, eq=False)
class SynClip:
    """One clip: positions (F, J, 3), Z up, in the mesh's units, of the joints of a skeleton; model and animation as the file has them."""

    model: str
    animation: str
    skeleton: Skeleton
    positions: NDArray[np.float64]


def read_animal_syn3d(path: str | Path) -> SynClip:
    """A clip from its file. Raises AnimalSyn3DError naming file and field, or OSError when it cannot be opened."""
    path = Path(path)
    try:
        return parse_animal_syn3d(read_json(path, AnimalSyn3DError, max_bytes=1 << 28))
    except AnimalSyn3DError as error:
        raise AnimalSyn3DError(f"{path.name}: {error}") from error


def parse_animal_syn3d(about: Any) -> SynClip:
    """A clip from a value read from JSON. Raises AnimalSyn3DError."""
    if not isinstance(about, dict):
        raise AnimalSyn3DError("must be an object")
    if "optimised_joints" not in about:
        raise AnimalSyn3DError("optimised_joints are missing: it may be a file of labels, whose joints lie in DeformingThings4D's meshes")
    positions = _numbers(about["optimised_joints"], "optimised_joints")
    if positions.ndim != 3 or positions.shape[2] != 3 or not 1 <= positions.shape[1] <= MAX_JOINTS or not 1 <= len(positions) <= MAX_FRAMES:
        raise AnimalSyn3DError(f"optimised_joints: must be frames of joints of three numbers, got {positions.shape}")
    if not np.isfinite(positions).all():
        raise AnimalSyn3DError("optimised_joints: must be finite")
    edges = _numbers(about.get("connections", []), "connections")
    if edges.size and (edges.ndim != 2 or edges.shape[1] != 2 or (edges != np.round(edges)).any() or np.abs(edges).max() > MAX_JOINTS):
        raise AnimalSyn3DError("connections: must be pairs of joints")
    model = str(about.get("model", ""))[:100]
    count = positions.shape[1]
    names = NAMES.get(model, ())
    if len(names) != count:
        names = tuple(f"joint_{number}" for number in range(count))
    root = names.index("pelvis") if "pelvis" in names else None
    try:
        skeleton = Skeleton.from_edges(names, [(int(a), int(b)) for a, b in edges], root, positions[0])
    except SkeletonError as error:
        raise AnimalSyn3DError(f"connections: {error}") from None
    return SynClip(model, str(about.get("animation", ""))[:100], skeleton, positions)


def _numbers(value: Any, name: str) -> NDArray[np.float64]:
    if not isinstance(value, list):
        raise AnimalSyn3DError(f"{name}: must be a list")
    try:
        return np.array(value, np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise AnimalSyn3DError(f"{name}: not an array of numbers ({error})") from None
