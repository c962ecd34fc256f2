"""`bestiary animal list | show | convert`: which species a model knows, what it holds, and models as `.npz` files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional

from .console import CliError, need_file, out, print_table

if TYPE_CHECKING:
    from ..animal.model import AnimalModel

MODEL_SUFFIXES = (".npz", ".pkl", ".json")
PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg")


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


def show(
    animal: Annotated[str | None, Positional] = None,
    model: Path | None = None,
    out: Path | None = None,
    size: int = 640,
) -> None:
    """Show an animal: a species, by its name, or what a model file holds.

    Args:
        animal: A species such as `horse`, or a model file: `.npz`, or a SMAL or SMAL+ `.pkl`. Without it the open
            animal that Bestiary ships.
        model: The model file that knows the species; without it the open animal.
        out: Picture to write, `.png` or `.jpg`: the species from the side and from three quarters in front.
        size: Width of each of the two views, pixels.
    """
    if animal is not None and (Path(animal).suffix in MODEL_SUFFIXES or Path(animal).is_file()):
        if out is not None:
            raise CliError("--out draws a species, not a file.", "Say which: bestiary animal show horse --model FILE --out horse.png")
        show_model(load(Path(animal)))
    elif animal is None:
        show_model(load(model))
    else:
        show_species(load(model), animal, out, size)


def show_species(model: AnimalModel, name: str, path: Path | None, size: int) -> None:
    """What a model knows of a species, and its picture."""
    from ..animal.species import find_species

    if path is not None and path.suffix.lower() not in PICTURE_SUFFIXES:
        raise CliError(f"{path} is no picture's name.", f"End it in one of {', '.join(PICTURE_SUFFIXES)}.")
    if not 64 <= size <= 4096:
        raise CliError(f"A size of {size} pixels cannot be drawn.", "Take 64 to 4096.")
    species = find_species(name, model.species)
    rows = [
        ["family", species.family],
        ["shoulder height", f"{species.shoulder_height_m:.2f} m"],
        ["body length", f"{species.body_length_m:.2f} m (point of the shoulder to the rump)"],
        ["coat", "none" if species.coat is None else ", ".join(dict.fromkeys(
            ["plain", *(f"{layer.pattern} on {layer.where}" for layer in species.coat.layers)]))],
        ["wears", ", ".join(dict.fromkeys(part.kind for part in species.parts)) or "nothing"],
    ]  # fmt: skip
    print_table(species.name, ["", ""], rows)
    if path is not None:
        from PIL import Image

        from ..animal.likeness import species_portrait

        draft = path.with_name(f".{path.stem}.part{path.suffix}")
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(species_portrait(model, species, size)).save(draft)
        draft.replace(path)
        out.print(f"Drawn to {path}.", markup=False)


def show_model(loaded: AnimalModel) -> None:
    """What a model holds, as a table."""
    optional = {
        "pose directions": loaded.posedirs is not None,
        "joint regressor": loaded.J_regressor is not None,
        "left-right mirror": loaded.vertex_mirror is not None,
        "joint limits": loaded.joint_limits is not None,
        "texture coordinates": loaded.uv is not None,
        "sliders": bool(loaded.slider_names),
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
