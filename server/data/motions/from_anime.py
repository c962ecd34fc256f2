"""Motions of DeformingThings4D's meshes: each joint the mean of the vertices that a user's markers name.

A file `foxZED_Attack1.anime` is the clip Attack1 of the model foxZED; the first set of markers that fits its name is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ....animal.anime_file import AnimeError, AnimeMesh, read_anime
from ....animal.markers import Markers, MarkersError, read_markers
from ....animal.motion import Motion
from .folder import Entry, MotionsError, plain_name
from .sources import LeftOut

MAX_FILES = 20_000
LICENCE = "DeformingThings4D's own terms: for research, not to be passed on"


def from_anime(folder: Path, markers: Path | None) -> Iterator[Entry | LeftOut]:
    """All motions of the `.anime` files at or below a folder. Raises MotionsError without markers, MarkersError for bad ones."""
    if markers is None:
        raise MotionsError("the meshes of .anime files have no joints: a file of markers must say which vertices make them")
    sets = read_markers(markers)
    paths = [folder] if folder.is_file() else sorted(folder.rglob("*.anime"))
    for path in paths[:MAX_FILES]:
        chosen = next((one for one in sets if one.fit(path.stem) or one.fit(path.parent.name)), None)
        if chosen is None:
            yield LeftOut(path.name, "no set of markers is for this model")
            continue
        try:
            mesh = read_anime(path)
            chosen.check(len(mesh.vertices))
        except (AnimeError, MarkersError, OSError) as error:
            yield LeftOut(path.name, str(error).removeprefix(f"{path.name}: "))
            continue
        yield _entry(path, mesh, chosen)


def _entry(path: Path, mesh: AnimeMesh, markers: Markers) -> Entry:
    positions = mesh.means(list(markers.groups))
    up = 2 if markers.up == "z" else 1
    tall = float(np.ptp(mesh.vertices[:, up]))
    if markers.height_m is not None and tall > 0:
        positions = positions * (markers.height_m / tall)
    if up == 1:
        positions = positions[..., [2, 0, 1]]  # cyclic: the hand stays
    model, _, clip = path.stem.partition("_")
    motion = Motion(positions, markers.skeleton, markers.fps, label=path.stem, species=markers.species or model,
                    source=f"DeformingThings4D ({path.name})", licence=LICENCE, details={"clip": clip})  # fmt: skip
    return Entry(plain_name(f"dt4d_{path.stem}"), f"dt4d_{plain_name(model)}", f"dt4d/{path.stem}", motion)
