"""Motions of AnimalSyn3D's JSON files, at the real size of their species."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ....animal.animal_syn3d import AnimalSyn3DError, SynClip, read_animal_syn3d
from ....animal.motion import Motion
from ....animal.skeleton import Skeleton
from .folder import FPS, Entry, plain_name
from .sources import LeftOut

MAX_FILES = 20_000
LICENCE = "DeformingThings4D's own terms: for research, not to be passed on"

_SPECIES = {
    "fox": ("fox", 0.38), "puma": ("puma", 0.7), "deer": ("deer", 1.0), "elk": ("elk", 1.4), "bear": ("bear", 1.05), "bucks": ("deer", 1.0),
    "bunny": ("rabbit", 0.18), "moose": ("moose", 1.9), "rabbit": ("rabbit", 0.18), "tiger": ("tiger", 0.95), "doggie": ("dog", 0.5),
    "raccoon": ("raccoon", 0.28), "chicken": ("chicken", 0.3),
}  # fmt: skip
"""What a model's name begins with, its species and the height of its back in metres."""


def from_animal_syn3d(folder: Path) -> Iterator[Entry | LeftOut]:
    """All motions of the JSON files at or below a folder."""
    for path in sorted(folder.rglob("*.json"))[:MAX_FILES]:
        try:
            clip = read_animal_syn3d(path)
        except (AnimalSyn3DError, OSError) as error:
            yield LeftOut(path.name, str(error).removeprefix(f"{path.name}: "))
            continue
        yield _entry(path, clip)


def _entry(path: Path, clip: SynClip) -> Entry:
    model, animation = clip.model or path.parent.name, clip.animation or path.stem
    species, height = next((known for start, known in _SPECIES.items() if model.lower().startswith(start)), ("", 0.0))
    positions = clip.positions
    if height and "spine" in clip.skeleton.names:
        positions = positions * (height / max(_back(clip.skeleton, positions), 1e-9))
    name = re.sub(rf"^{re.escape(model)}_?", "", animation) or animation
    motion = Motion(positions, clip.skeleton, FPS, label=f"{model} {name}", species=species or model, source=f"AnimalSyn3D ({path.name})",
                    licence=LICENCE, details={"clip": name})  # fmt: skip
    # A clip of the meshes that it was made of is the same clip.
    return Entry(plain_name(f"syn3d_{model}_{name}"), f"syn3d_{plain_name(model)}", f"dt4d/{model}_{name}", motion)


def _back(skeleton: Skeleton, positions: NDArray[np.float64]) -> float:
    """How high the spine stands above the lowest joint, in the file's units: the median over frames."""
    return float(np.median(positions[:, skeleton.names.index("spine"), 2] - positions[..., 2].min(axis=1)))
