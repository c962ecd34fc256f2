"""Registration: the template's surface and skeleton laid onto other animals' surfaces.

Each source animal (`sources`) is met in two steps: the skeleton's bones are moved, stretched and thickened until the
template roughly covers it (`coarse`), then every vertex is drawn onto it, as stiffly as the fit allows (`fine`). The tail
is brought to the template's pose and the result to the template's frame (`finish`); what is left between the two surfaces is measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Registered:
    """One source in the template's topology and frame: vertices (V, 3), joints (35, 3) in model units, measured errors."""

    name: str
    vertices: np.ndarray
    joints: np.ndarray
    errors: dict[str, float]


def save_registered(path: Path, animals: list[Registered]) -> None:
    """Write all sources into one .npz, replacing it in one go."""
    path.parent.mkdir(parents=True, exist_ok=True)
    keys = sorted(animals[0].errors)
    part = path.with_suffix(".part.npz")
    np.savez_compressed(
        part, names=np.array([animal.name for animal in animals]),
        vertices=np.round([animal.vertices for animal in animals], 7),
        joints=np.round([animal.joints for animal in animals], 7), error_names=np.array(keys),
        errors=np.array([[animal.errors[key] for key in keys] for animal in animals]),
    )  # fmt: skip
    part.replace(path)


def load_registered(path: str | Path) -> dict[str, Registered]:
    """Registered sources by name, as `python -m bestiary.server.authoring.registration` wrote them."""
    with np.load(path, allow_pickle=False) as file:
        keys = [str(key) for key in file["error_names"]]
        rows = zip(file["names"], file["vertices"], file["joints"], file["errors"], strict=True)
        return {
            str(name): Registered(str(name), vertices, joints, dict(zip(keys, map(float, errors), strict=True)))
            for name, vertices, joints, errors in rows
        }
