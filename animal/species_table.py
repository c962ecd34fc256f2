"""The species and families of a model as arrays of its file.

    species_names (S,)   species_families (S,)   species_betas (S, B)   species_shoulder_height, _body_length (S,) metres
    species_coats (S,)   species_parts (S,) JSON, "" for none: see `coats.py` and `parts.py`; both may be absent
    family_names (G,)   family_means (G, B)   family_covariances (G, B, B)   family_joint_limits (G, J, 3, 2) or absent
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np

from .coats import Coat, coat_from_json
from .model import AnimalModel, ModelError
from .parts import Part, part_from_json
from .species import Family, Species

SPECIES_KEYS = (
    "species_names", "species_families", "species_betas", "species_shoulder_height", "species_body_length",
    "species_coats", "species_parts", "family_names", "family_means", "family_covariances", "family_joint_limits",
)  # fmt: skip
MAX_PARTS = 64
Arrays = dict[str, np.ndarray]


def read_species(
    arrays: Arrays, numbers: Callable[[Arrays, str], np.ndarray], texts: Callable[[Arrays, str], tuple[str, ...]]
) -> tuple[dict[str, Species], dict[str, Family]]:
    """Species and families by name; numbers and texts read one array as floats and as names.

    Raises ModelError naming the field that is missing or does not fit.
    """
    names, groups = texts(arrays, "species_names"), texts(arrays, "family_names")

    def table(field: str, rows: int, dims: int) -> np.ndarray:
        if field not in arrays or arrays[field].ndim != dims or len(arrays[field]) != rows:
            raise ModelError(f"{field}: missing or of the wrong shape for {rows} names")
        return numbers(arrays, field)

    def lines(field: str) -> tuple[str, ...]:
        found = texts(arrays, field) or ("",) * len(names)
        if len(found) != len(names):
            raise ModelError(f"{field}: one is needed for each of species_names")
        return found

    species: dict[str, Species] = {}
    families: dict[str, Family] = {}
    if names:
        kin = texts(arrays, "species_families")
        if len(kin) != len(names):
            raise ModelError("species_families: one family is needed for each of species_names")
        betas = table("species_betas", len(names), 2)
        heights = table("species_shoulder_height", len(names), 1)
        lengths = table("species_body_length", len(names), 1)
        coats, parts = lines("species_coats"), lines("species_parts")
        for i, name in enumerate(names):
            species[name] = Species(name, kin[i], betas[i], float(heights[i]), float(lengths[i]),
                                    _coat(coats[i], name), _parts(parts[i], name))  # fmt: skip
    if groups:
        means, spreads = table("family_means", len(groups), 2), table("family_covariances", len(groups), 3)
        if spreads.shape[1:] != (means.shape[1], means.shape[1]):
            raise ModelError("family_covariances: must be (G, B, B) for family_means (G, B)")
        limits = table("family_joint_limits", len(groups), 4) if "family_joint_limits" in arrays else [None] * len(groups)
        families = {name: Family(name, means[i], spreads[i], limits[i]) for i, name in enumerate(groups)}
    return species, families


def species_arrays(model: AnimalModel) -> Arrays:
    """The arrays that `read_species` reads; none for a model without species and families."""
    arrays: Arrays = {}
    if model.species:
        kinds = list(model.species.values())
        arrays["species_names"] = np.array(list(model.species), dtype=np.str_)
        arrays["species_families"] = np.array([kind.family for kind in kinds], dtype=np.str_)
        arrays["species_betas"] = np.array([kind.betas for kind in kinds], dtype=np.float32)
        arrays["species_shoulder_height"] = np.array([kind.shoulder_height_m for kind in kinds], dtype=np.float32)
        arrays["species_body_length"] = np.array([kind.body_length_m for kind in kinds], dtype=np.float32)
        if any(kind.coat for kind in kinds):
            arrays["species_coats"] = np.array([kind.coat.to_json() if kind.coat else "" for kind in kinds], dtype=np.str_)
        if any(kind.parts for kind in kinds):
            arrays["species_parts"] = np.array([parts_to_json(kind.parts) for kind in kinds], dtype=np.str_)
    if model.families:
        families = list(model.families.values())
        arrays["family_names"] = np.array(list(model.families), dtype=np.str_)
        arrays["family_means"] = np.array([family.mean for family in families], dtype=np.float32)
        arrays["family_covariances"] = np.array([family.covariance for family in families], dtype=np.float32)
        limits = [family.joint_limits for family in families]
        if all(limit is not None for limit in limits):
            arrays["family_joint_limits"] = np.array(limits, dtype=np.float32)
    return arrays


def parts_to_json(parts: tuple[Part, ...]) -> str:
    """Parts as a JSON list of their own JSON; "" for none."""
    return json.dumps([json.loads(part.to_json()) for part in parts]) if parts else ""


def _coat(text: str, species: str) -> Coat | None:
    try:
        return coat_from_json(text) if text else None
    except ValueError as error:
        raise ModelError(f"species_coats: {species}: {error}") from None


def _parts(text: str, species: str) -> tuple[Part, ...]:
    try:
        listed: Any = json.loads(text) if text else []
        if not isinstance(listed, list) or len(listed) > MAX_PARTS:
            raise ValueError(f"not a list of at most {MAX_PARTS} parts")
        return tuple(part_from_json(json.dumps(part)) for part in listed)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"species_parts: {species}: {error}") from None
