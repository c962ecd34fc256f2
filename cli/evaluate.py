"""`bestiary evaluate animal | fit | truth`: how good the animal and the reconstructions are: numbers, a table, pictures."""

from __future__ import annotations

from pathlib import Path

from .benchmark import show
from .console import CliError, say


def animal(
    out: Path = Path("out/evaluate_animal"),
    model: Path | None = None,
    data: Path | None = None,
    build: Path | None = None,
    sources: Path | None = None,
    sections: tuple[str, ...] = (),
    seed: int = 0,
) -> None:
    """Score the animal model: sound surfaces, true proportions, how general its shapes are, how well it bends.

    Args:
        out: Folder for metrics.json, table.md and the pictures.
        model: Animal model file; without it the open animal.
        data: Folder with rigs and annotations of others, for what compares with them.
        build: Folder in which `make animal` left its stages, for what compares with the sources.
        sources: Folder with the packages that `make animal` downloads, for what compares with the sources.
        sections: Only these: rest, blends, proportions, registration, left_out, zeroad, motion, coverage.
        seed: Of all draws.
    """
    from ..server.evaluate import animal as evaluation
    from .animal import load

    for folder in (data, build, sources):
        if folder is not None:
            need_folder(folder)
    unknown = set(sections) - set(evaluation.SECTIONS)
    if unknown:
        raise CliError(f"There is no section {', '.join(sorted(unknown))}.", f"There are {', '.join(evaluation.SECTIONS)}.")
    show(evaluation.run(evaluation.Inputs(load(model), out, data, build, sources, seed, say), sections), out)


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
