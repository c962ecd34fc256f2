"""What shape to expect of an animal: from its species, its family, or of any quadruped."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...animal.model import AnimalModel
from ...animal.species import SpeciesError, plain_name, prior_for
from ..engine import JobFailure
from .hints import FitHints

Array = NDArray[np.float64]

SHAPE_DIMENSIONS = 40
"""Principal directions of the surface that a photo may move: further ones are below what it can tell."""


def shape_prior(model: AnimalModel, hints: FitHints, which: str) -> tuple[Array, Array]:
    """The prior of one animal's betas: mean (B,) and basis (B, k), betas = mean + basis z with z ~ N(0, 1).

    A model without species or families of its own has a standard normal prior, whatever the hints say.
    Raises JobFailure naming the nearest known name where species or family are unknown.
    """
    known = bool(model.species) or bool(model.families)
    try:
        family = prior_for(hints.species, hints.family, model.species, model.families) if known else None
    except SpeciesError as error:
        code = "unknown_species" if hints.species else "unknown_family"
        raise JobFailure(code, f"{which}: {error}", _advice(model, hints)) from None
    if family is None:
        return np.zeros(model.n_betas), np.eye(model.n_betas)[:, :SHAPE_DIMENSIONS]
    return np.asarray(family.mean, dtype=np.float64), surface_directions(model, family.covariance)[:, :SHAPE_DIMENSIONS]


def surface_directions(model: AnimalModel, covariance: Array) -> Array:
    """Basis (B, B) of betas with a covariance (B, B), betas = basis z with z ~ N(0, 1): the principal components of the
    surface, what moves its vertices most first. (Betas of one size may move the whole trunk or an eyelid.)
    """
    values, vectors = np.linalg.eigh(np.asarray(covariance, dtype=np.float64))
    root = vectors * np.sqrt(np.maximum(values, 1e-8))
    offsets = np.asarray(model.shapedirs, dtype=np.float64).reshape(-1, model.n_betas)
    turn = np.linalg.eigh(root.T @ (offsets.T @ offsets) @ root)[1][:, ::-1]
    return root @ turn


def _advice(model: AnimalModel, hints: FitHints) -> str:
    if hints.species and plain_name(hints.species) in model.families:
        return f"'{hints.species}' is a family: give it as the family, not as the species."
    return "Take a relative of it, or its family; `bestiary animal list` shows all. Or leave it out."


def pad(bases: list[Array]) -> Array:
    """Bases (B, k_i) of several animals as one array (N, B, max k), missing directions zero."""
    k = max(1, max(basis.shape[1] for basis in bases))
    return np.stack([np.pad(basis, ((0, 0), (0, k - basis.shape[1]))) for basis in bases])
