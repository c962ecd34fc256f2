"""`bestiary evaluate fit | truth`: how good the reconstructions are, as numbers, a table and pictures."""

from __future__ import annotations

from pathlib import Path

from .console import CliError


def fit(data: Path, out: Path = Path("out/evaluate_fit"), model: Path | None = None, limit: int | None = None) -> None:
    """Score the fit on annotated real photos.

    Args:
        data: Folder of a data set with annotations, such as StanfordExtra's.
        out: Folder for metrics.json, table.md and the pictures.
        model: Animal model file; without it the open animal.
        limit: Only so many photos.
    """
    need_folder(data)
    raise CliError("not there yet")


def truth(data: Path, out: Path = Path("out/evaluate_truth"), model: Path | None = None) -> None:
    """Score the fit on rendered animals whose 3D pose is known.

    Args:
        data: Folder of rigged animals (glTF).
        out: Folder for metrics.json, table.md and the pictures.
        model: Animal model file; without it the open animal.
    """
    need_folder(data)
    raise CliError("not there yet")


def need_folder(path: Path) -> Path:
    """`path`, or CliError when there is no such folder."""
    if not path.is_dir():
        raise CliError(f"There is no folder {path}.", "Check --data.")
    return path
