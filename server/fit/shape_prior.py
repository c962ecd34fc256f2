"""What shape to expect of an animal: from its species, its family, or of any quadruped."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...animal.model import AnimalModel
from ...animal.species import UnknownNameError, find_family, find_species
from ..engine import JobFailure
from .hints import FitHints

Array = NDArray[np.float64]

SHAPE_DIMENSIONS = 40
"""Principal directions of the prior that a photo may move: further ones are below what it can tell."""

_WITHIN_SPECIES = 0.5
"""Individuals of a species spread by about half as much as those of its family."""


def shape_prior(model: AnimalModel, hints: FitHints, which: str) -> tuple[Array, Array]:
    """The prior of one animal's betas: mean (B,) and basis (B, k), betas = mean + basis z with z ~ N(0, 1).

    Raises JobFailure naming the nearest known name where species or family are unknown.
    """
    mean, covariance = np.zeros(model.n_betas), np.eye(model.n_betas)
    try:
        if hints.species and model.species:
            species = find_species(model.species, hints.species)
            mean = np.asarray(species.betas, dtype=np.float64)
            family = model.families.get(species.family)
            if family is not None:
                covariance = np.asarray(family.covariance) * _WITHIN_SPECIES
        elif hints.family and model.families:
            family = find_family(model.families, hints.family)
            mean, covariance = np.asarray(family.mean, dtype=np.float64), np.asarray(family.covariance)
    except UnknownNameError as error:
        raise JobFailure("unknown_species", f"{which}: {error}",
                         "Choose a known species or family, or leave it out.") from None
    values, vectors = np.linalg.eigh(covariance.astype(np.float64))
    order = np.argsort(values)[::-1][: min(SHAPE_DIMENSIONS, model.n_betas)]
    basis = vectors[:, order] * np.sqrt(np.maximum(values[order], 1e-8))
    return mean, basis


def pad(bases: list[Array]) -> Array:
    """Bases (B, k_i) of several animals as one array (N, B, max k), missing directions zero."""
    k = max(1, max(basis.shape[1] for basis in bases))
    return np.stack([np.pad(basis, ((0, 0), (0, k - basis.shape[1]))) for basis in bases])
