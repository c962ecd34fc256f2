"""`bestiary evaluate fit | truth`: how good the reconstructions are, as numbers, a table and pictures."""

from __future__ import annotations

from pathlib import Path

from .benchmark import show
from .console import CliError, say


def fit(
    data: Path,
    out: Path = Path("out/evaluate_fit"),
    model: Path | None = None,
    limit: int | None = None,
    seed: int = 0,
    device: str = "cpu",
) -> None:
    """Score the fit on annotated real photos.

    Args:
        data: Folder of a data set with annotations, such as StanfordExtra's.
        out: Folder for metrics.json, table.md and the pictures.
        model: Animal model file; without it the open animal.
        limit: Only so many photos.
        seed: Of the draws of which points are given and which are scored.
        device: cpu, cuda:0, …
    """
    from ..server.evaluate import photos
    from .animal import load

    show(photos.run(need_folder(data), out, load(model), limit=limit, seed=seed, device=device, say=say), out)


def truth(
    data: Path,
    out: Path = Path("out/evaluate_truth"),
    model: Path | None = None,
    count: int = 40,
    seed: int = 0,
    blender: Path | None = None,
    device: str = "cpu",
) -> None:
    """Score the fit on rendered animals whose 3D pose is known.

    Args:
        data: Folder of rigged animals (glTF).
        out: Folder for metrics.json, table.md and the pictures.
        model: Animal model file; without it the open animal.
        count: Pictures to render.
        seed: Of the draws of animals, poses and views.
        blender: Blender program to render with; without it Blender's Python module.
        device: cpu, cuda:0, …
    """
    from ..server.evaluate import truth as evaluation
    from .animal import load

    program = None if blender is None else str(blender)
    show(evaluation.run(need_folder(data), out, load(model), count, seed, blender=program, device=device, say=say), out)


def need_folder(path: Path) -> Path:
    """`path`, or CliError when there is no such folder."""
    if not path.is_dir():
        raise CliError(f"There is no folder {path}.", "Check --data.")
    return path
