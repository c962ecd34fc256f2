"""Reads the bird of avian-mesh (Badger et al. 2020): a JSON file with mesh, skeleton, skinning and 12 points.

The file's axes are x right, y forward, z up; here x forward, y left, z up. The bird measures about 20 units from
bill to tail, a cowbird about 20 cm, so a unit is a centimetre.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .assemble import assemble
from .model import AnimalModel, ModelError
from .npz import read_json
from .pickle_values import to_array

# The 12 rows of vert2kpt in the file's order; told by where they lie on the mesh. None: no such point here.
_POINTS = (
    "nose", "left_eye", "right_eye", "throat", "nape", None, None,
    "left_hind_paw", "right_hind_paw", "tail_tip", "left_wrist", "right_wrist",
)  # fmt: skip


def read_bird_json(path: str | Path) -> AnimalModel:
    """Read an avian-mesh JSON. Raises ModelError naming the part that is missing or does not fit."""
    path = Path(path)
    values = read_json(path, ModelError)
    for key in ("V", "F", "J", "weights", "kintree_table"):
        if not isinstance(values, dict) or key not in values:
            raise ModelError(f"{path.name}: no model; the JSON of a bird has V, F, J, weights and kintree_table")
    vertices = _turned(to_array(values["V"], "V"), "V")
    names, rows = [], []
    points = to_array(values["vert2kpt"], "vert2kpt") if "vert2kpt" in values else np.zeros((0, len(vertices)))
    if points.ndim != 2 or points.shape[1:] != (len(vertices),):
        raise ModelError(f"vert2kpt: must have a column for each of the {len(vertices)} vertices, got {points.shape}")
    if len(points) == len(_POINTS):
        for name, row in zip(_POINTS, points.astype(np.float64), strict=True):
            if name is not None and row.sum() > 0:
                names.append(name)
                rows.append(row / row.sum())
    return assemble(
        name=path.stem,
        v_template=vertices,
        faces=to_array(values["F"], "F"),
        weights=to_array(values["weights"], "weights"),
        kintree=to_array(values["kintree_table"], "kintree_table"),
        J=_turned(to_array(values["J"], "J"), "J"),
        vertex_mirror=_pairs(values.get("lr", []), len(vertices)),
        extras={
            "keypoint_names": tuple(names),
            "keypoint_matrix": np.array(rows) if rows else None,
            "metres_per_unit": 0.01,
            "source": f"avian-mesh by Marc Badger and Yufu Wang, converted from {path.name}",
            "licence": "MIT",
        },
    )


def _turned(points: np.ndarray, field: str) -> np.ndarray:
    """(N, 3) from x right, y forward, z up to x forward, y left, z up."""
    if points.ndim != 2 or points.shape[1] != 3:
        raise ModelError(f"{field}: must have shape (n, 3), got {points.shape}")
    return np.stack([points[:, 1], -points[:, 0], points[:, 2]], axis=1).astype(np.float64)


def _pairs(pairs: object, vertices: int) -> np.ndarray | None:
    """The mirror table from pairs of vertices; those in no pair lie on the midline."""
    if not pairs:
        return None
    table = to_array(pairs, "lr")
    if table.ndim != 2 or table.shape[1] != 2 or table.dtype.kind not in "iu":
        raise ModelError(f"lr: must be pairs of vertices, got shape {table.shape}")
    if table.min() < 0 or table.max() >= vertices:
        raise ModelError("lr: names a vertex that is not there")
    mirror = np.arange(vertices)
    mirror[table[:, 0]], mirror[table[:, 1]] = table[:, 1], table[:, 0]
    return mirror
