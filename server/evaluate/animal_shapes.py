"""How general is the shape space? Sources it never saw, and animals of another maker, fitted with shape and pose.

A distance is the mean of both ways between the two surfaces, in percent of the fitted animal's length from nose to rump.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...animal.model import AnimalModel
from ...animal.model_file import load_model
from ...animal.npz import write_npz
from ...animal.portrait import portrait
from ..authoring.authored import Studio
from ..authoring.base import make_stance
from ..authoring.build import build_space, registered_sources, rig_arrays
from ..authoring.registration import Registered, load_registered
from ..authoring.registration.__main__ import load_sources
from .animal_fit import SurfaceFit, fit_surface, zeroad_animals

Array = NDArray[np.float64]
Say = Callable[[str], None]

COUNTS = (5, 10, 20, 40, 80, 145)
"""Numbers of directions whose error is drawn."""
INDIVIDUALS = 4
"""Drawn of each species for a space that leaves a source out: half of what the shipped space has, for the time it takes."""


KIN = (
    ("quaternius_horse", "quaternius_donkey", "quaternius_deer", "quaternius_stag"),
    ("quaternius_cow", "quaternius_bull"),
    ("quaternius_fox", "quaternius_wolf", "quaternius_husky", "quaternius_shibainu"),
)
"""Sources of one maker that share a base mesh: to leave out one and keep its twin would be no test."""


@dataclass(frozen=True)
class Target:
    """A surface to become: vertices (V, 3) x forward, y left, z up in any unit, faces (F, 3)."""

    vertices: Array
    faces: NDArray[np.int64]


@dataclass(frozen=True)
class SourceFiles:
    """Where the sources are: dm_control's wheel (None: the installed one), Quaternius' animals, other rigs, PIG_model."""

    package: Path | None
    quaternius: Path | None
    rigs: Path | None
    pig: Path | None


def kin_of(name: str, names: Collection[str]) -> tuple[str, ...]:
    """The source and those of `names` that share its maker's mesh (`KIN`)."""
    group = next((kin for kin in KIN if name in kin), (name,))
    return tuple(sorted(set(group) & set(names)))


def left_out(files: SourceFiles, build: Path, seed: int, say: Say) -> dict[str, SurfaceFit]:
    """For each source, the fit of a space that was learned without it and its kin, and without what was authored on them.

    build: folder with registered.npz. Raises OSError or SourceError for what cannot be read.
    """
    template, mirror, groups = make_stance(files.package)
    studio = Studio(template, mirror, groups, registered_sources(build / "registered.npz"))
    found: dict[str, SurfaceFit] = {}
    spaces: dict[tuple[str, ...], tuple[AnimalModel, Array]] = {}
    for source in load_sources(files.package, files.quaternius, files.rigs, files.pig):
        if source.name not in studio.sources:
            continue
        kin = kin_of(source.name, studio.sources)
        if kin not in spaces:
            built = build_space(studio, np.random.default_rng(seed), INDIVIDUALS, kin, build / "cache", settling=1)
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "without.npz"
                write_npz(path, rig_arrays(built, groups))
                spaces[kin] = load_model(path), built.betas
        model, betas = spaces[kin]
        found[source.name] = fit_surface(model, source.vertices, source.faces, starts=1, starting_betas=betas)
        say(f"without {', '.join(kin)}: {source.name} {found[source.name].distance_percent:.2f} %")
    return found


def registered_errors(build: Path) -> dict[str, Registered]:
    """The registered sources of a build by name; empty when there are none."""
    path = build / "registered.npz"
    return load_registered(path) if path.is_file() else {}


def zeroad(model: AnimalModel, folder: Path, say: Say) -> tuple[dict[str, Target], dict[str, SurfaceFit]]:
    """The 0 A.D. animals below `folder`, which nothing here learns from, and the model fitted to each."""
    targets = {name: Target(*surface) for name, surface in zeroad_animals(folder).items()}
    fits = {}
    for name, target in targets.items():
        fits[name] = fit_surface(model, target.vertices, target.faces)
        say(f"{name}: {fits[name].distance_percent:.2f} %")
    return targets, fits


def error_by_directions(model: AnimalModel, targets: Mapping[str, Target], say: Say) -> dict[int, float]:
    """Mean distance over the targets when only the first directions act; the mean shape is the only start."""
    curve = {}
    for count in (n for n in COUNTS if n <= model.n_betas):
        fits = [fit_surface(model, t.vertices, t.faces, count, 1, starting_betas=()) for t in targets.values()]
        curve[count] = float(np.mean([fit.distance_percent for fit in fits]))
        say(f"{count} directions: {curve[count]:.2f} %")
    return curve


def side_by_side(target: Target, fit: SurfaceFit, faces: NDArray[np.int32], size: int = 360) -> NDArray[np.uint8]:
    """Target above, fit below, from the left and from three quarters in front: uint8 (…, …, 3)."""
    rows = []
    for vertices, triangles in ((target.vertices, target.faces), (fit.vertices, faces)):
        views = [portrait(vertices, triangles, azimuth=a, elevation=8, width=size, height=size * 3 // 4) for a in (90, 40)]
        rows.append(np.concatenate(views, axis=1))
    return np.concatenate(rows, axis=0)
