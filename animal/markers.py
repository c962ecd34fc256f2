"""Virtual markers: which vertices of a mesh make each joint, and which joints hang together, in a JSON of the user's.

    {"format": "bestiary-markers/1",
     "sets": [{"models": ["foxZED"], "species": "fox", "height_m": 0.4, "up": "z", "fps": 30, "root": "pelvis",
               "joints": {"nose": [12, 40, 41], "neck": [200, 210], ...},
               "edges": [["nose", "neck"], ...]}]}

A set is used for the meshes whose file or folder begins with one of its models; without models, for all. height_m: how tall the mesh's
box is in the first frame, in metres; without it units are metres. up: "z" or "y". Only joints and edges are needed.
A single set may also stand alone as the file's object.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .npz import read_json
from .skeleton import MAX_JOINTS, Skeleton, SkeletonError

FORMAT = "bestiary-markers/1"
MAX_SETS = 1000
MAX_VERTICES = 100_000


class MarkersError(ValueError):
    """Markers that cannot be used; the message names the set and the field."""


@dataclass(frozen=True, eq=False)
class Markers:
    """skeleton of J joints; groups: for each joint the indices of its vertices, at least one; models that they are for."""

    skeleton: Skeleton
    groups: tuple[NDArray[np.int64], ...]
    models: tuple[str, ...] = ()
    species: str = ""
    height_m: float | None = None
    up: str = "z"
    fps: float = 30.0

    def fit(self, name: str) -> bool:
        """Whether they are for a mesh of this name."""
        return not self.models or any(name.lower().startswith(model.lower()) for model in self.models)

    def check(self, vertices: int) -> None:
        """Raise MarkersError where a group names a vertex that a mesh of so many does not have."""
        for name, group in zip(self.skeleton.names, self.groups, strict=True):
            if group.max() >= vertices:
                raise MarkersError(f"joints: '{name}' names vertex {int(group.max())}, the mesh has {vertices}")


def read_markers(path: str | Path) -> list[Markers]:
    """The sets of a file. Raises MarkersError, or OSError when it cannot be opened."""
    path = Path(path)
    return parse_markers(read_json(path, MarkersError), path.name)


def parse_markers(about: Any, name: str = "markers") -> list[Markers]:
    """The sets of a value read from JSON. Raises MarkersError."""
    if not isinstance(about, dict) or about.get("format", FORMAT) != FORMAT:
        raise MarkersError(f"{name}: is no {FORMAT} file")
    sets = about.get("sets", [about])
    if not isinstance(sets, list) or not 1 <= len(sets) <= MAX_SETS:
        raise MarkersError(f"{name}: sets must be a list of 1 to {MAX_SETS}")
    return [_set(entry, f"{name}, set {number + 1}") for number, entry in enumerate(sets)]


def _set(about: Any, where: str) -> Markers:
    if not isinstance(about, dict):
        raise MarkersError(f"{where}: must be an object")
    joints, edges = about.get("joints"), about.get("edges")
    if not isinstance(joints, dict) or not 1 <= len(joints) <= MAX_JOINTS:
        raise MarkersError(f"{where}: joints must be an object of 1 to {MAX_JOINTS} joints, each a list of vertices")
    if not isinstance(edges, list) or not all(isinstance(edge, list) and len(edge) == 2 for edge in edges):
        raise MarkersError(f"{where}: edges must be a list of pairs of joints' names")
    place = {name: number for number, name in enumerate(joints)}
    lost = next((end for edge in edges for end in edge if not isinstance(end, str) or end not in place), None)
    if lost is not None:
        raise MarkersError(f"{where}: edges name '{str(lost)[:60]}', which is no joint")
    root = about.get("root")
    if root is not None and (not isinstance(root, str) or root not in place):
        raise MarkersError(f"{where}: root names '{str(root)[:60]}', which is no joint")
    try:
        skeleton = Skeleton.from_edges(tuple(place), [(place[a], place[b]) for a, b in edges], None if root is None else place[root])
    except SkeletonError as error:
        raise MarkersError(f"{where}: {error}") from None
    models = about.get("models", [])
    if not isinstance(models, list) or not all(isinstance(model, str) and model for model in models):
        raise MarkersError(f"{where}: models must be a list of names")
    if about.get("up", "z") not in ("y", "z"):
        raise MarkersError(f"{where}: up must be y or z")
    return Markers(skeleton, tuple(_group(joints[name], f"{where}: joint '{name[:60]}'") for name in skeleton.names), tuple(models),
                   str(about.get("species") or "")[:100], _positive(about, "height_m", None, where), str(about.get("up", "z")),
                   _positive(about, "fps", 30.0, where) or 30.0)  # fmt: skip


def _group(value: Any, where: str) -> NDArray[np.int64]:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_VERTICES:
        raise MarkersError(f"{where}: must be a list of vertices, at least one")
    if not all(isinstance(vertex, int) and not isinstance(vertex, bool) and 0 <= vertex < 1 << 31 for vertex in value):
        raise MarkersError(f"{where}: vertices are whole numbers from 0")
    return np.array(value, np.int64)


def _positive(about: Mapping[str, Any], name: str, default: float | None, where: str) -> float | None:
    value = about.get(name, default)
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value) or value <= 0:
        raise MarkersError(f"{where}: {name} must be a positive number")
    return float(value)
