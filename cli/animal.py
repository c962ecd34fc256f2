"""`bestiary animal list | show | convert`: which species a model knows, what it holds, and models as `.npz` files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional

from .console import CliError, need_file, out, print_table

if TYPE_CHECKING:
    from ..animal.model import AnimalModel


def list_animals(model: Path | None = None) -> None:
    """List the species and families whose names can be given as hints.

    Args:
        model: A model file; without it the open animal that Bestiary ships.
    """
    loaded = load(model)
    if not loaded.species and not loaded.families:
        out.print(f"{loaded.name} names no species: shapes come from the photo alone.")
        return
    rows = [
        [name, species.family, f"{species.shoulder_height_m:.2f} m", f"{species.body_length_m:.2f} m"]
        for name, species in sorted(loaded.species.items(), key=lambda item: (item[1].family, item[0]))
    ]
    print_table(f"{loaded.name}: species", ["species", "family", "shoulder height", "body length"], rows)
    out.print(f"families: {', '.join(sorted(loaded.families)) or 'none'}")


def show(model: Annotated[Path | None, Positional] = None) -> None:
    """Show what a model file holds.

    Args:
        model: A model file: `.npz`, or a SMAL or SMAL+ `.pkl`. Without it the open animal that Bestiary ships.
    """
    loaded = load(model)
    optional = {
        "pose directions": loaded.posedirs is not None,
        "joint regressor": loaded.J_regressor is not None,
        "left-right mirror": loaded.vertex_mirror is not None,
        "joint limits": loaded.joint_limits is not None,
    }
    rows = [
        ["id", loaded.model_id],
        ["vertices", str(loaded.n_vertices)],
        ["faces", str(len(loaded.faces))],
        ["joints", f"{loaded.n_joints}{' (SMAL)' if loaded.is_smal_profile else ''}"],
        ["shape directions", str(loaded.n_betas)],
        ["keypoints", str(loaded.n_keypoints)],
        ["species", str(len(loaded.species))],
        ["metres per unit", f"{loaded.metres_per_unit:.4g}"],
        ["has", ", ".join(name for name, there in optional.items() if there) or "none of the optional parts"],
        ["has not", ", ".join(name for name, there in optional.items() if not there) or "all is there"],
        ["source", loaded.source or "not said"],
        ["licence", loaded.licence or "not said"],
    ]
    print_table(loaded.name, ["", ""], rows)


def convert(
    source: Annotated[Path, Positional],
    target: Annotated[Path, Positional],
    keypoints: Path | None = None,
    name: str | None = None,
    licence: str | None = None,
    metres_per_unit: float | None = None,
) -> None:
    """Convert a model to Bestiary's `.npz`.

    SMAL and SMAL+ pickles are read by a reader that builds arrays and nothing else: no code in the file is run.

    Args:
        source: A SMAL or SMAL+ `.pkl`, an avian-mesh `.json`, or an `.npz`.
        target: The `.npz` to write.
        keypoints: JSON of the model's keypoints: {"left_eye": [vertex numbers], ...}; replaces those it has.
        name: What the model is to be called.
        licence: The model's licence, kept in the file.
        metres_per_unit: The length of a model unit, if the file's is not right.
    """
    from ..animal.convert import convert as convert_file
    from ..animal.convert import summary

    if target.suffix != ".npz":
        raise CliError(f"{target} does not end in .npz.", f"Call it {target.with_suffix('.npz')}.")
    need_file(source, "The model")
    if keypoints is not None:
        need_file(keypoints, "The file of keypoints")
    made = convert_file(source, target, keypoints, name, licence, metres_per_unit)
    for line in summary(made, source):
        out.print(line, markup=False, highlight=False)
    out.print(f"Written to {target}.", markup=False)


def load(path: Path | None) -> AnimalModel:
    """The model of a file, or the open animal. Raises CliError when there is no such file, ModelError for a bad one."""
    if path is None:
        from ..animal.default import default_model

        return default_model()
    from ..animal.model_file import open_model

    return open_model(need_file(path, "The model"))
