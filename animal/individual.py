"""One animal as an animator describes it: a species, perhaps mixed with another, a shape of its own, sliders, an age.

The description is a few plain values, whatever the model; `betas` turns them into the model's shape parameters. Nothing
here knows Blender: the command line and scripts describe animals in the same words.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .model import AnimalModel
from .species import find_species

Array = NDArray[np.float64]

YOUNG = {"head_size": 0.8, "leg_length": 0.35, "muzzle_length": -0.8, "ear_size": 0.35, "neck_length": -0.35, "girth": -0.3,
         "trunk_length": -0.25, "muzzle_width": 0.1}  # fmt: skip
"""What a newborn's sliders stand at on top of its own, where the model has these sliders."""

_YOUNG_SIZE = 0.5  # of a newborn, over the grown animal's shoulder height
_WITHIN_SPECIES = 0.35  # individuals of a species differ by this share of how the species of its family do
_FALLBACK_SLIDERS = 12
_FALLBACK_REACH = 2.5
_REACH = 6.0  # standard deviations that the shape space is trusted to, or as far as the model's own species go


class ShapeWarning(UserWarning):
    """A shape outside of what the model was made for."""


@dataclass(frozen=True)
class Individual:
    """How an animal is described.

    species, other: names in the model; blend 0..1 how much of the other. seed, variation: a random individual; variation
    0 is the typical animal, 1 differs as individuals do. sliders: name → -1..1, 0 is as the species is; youth 0..1, 1
    newborn. height_m: at the shoulder when grown, or 0 for the species' own.
    """

    species: str
    other: str = ""
    blend: float = 0.0
    seed: int = 0
    variation: float = 0.0
    sliders: Mapping[str, float] = field(default_factory=dict)
    youth: float = 0.0
    height_m: float = 0.0


@dataclass(frozen=True)
class Sliders:
    """The shape sliders of a model: names, directions (S, B) of one unit, ranges (S, 2) that -1 and 1 stand for."""

    names: tuple[str, ...]
    directions: Array
    ranges: Array

    def offset(self, values: Mapping[str, float]) -> Array:
        """(B,) what the sliders add to the betas. Values beyond -1..1 are clamped; names that there are not are left out."""
        x = np.array([np.clip(float(values.get(name, 0.0)), -1.0, 1.0) for name in self.names])
        return np.where(x > 0, x * self.ranges[:, 1], -x * self.ranges[:, 0]) @ self.directions


def sliders_of(model: AnimalModel) -> Sliders:
    """The sliders that a model carries, or its first directions of variation as shape 1, shape 2, …"""
    if model.slider_names:
        assert model.slider_directions is not None and model.slider_ranges is not None
        return Sliders(tuple(model.slider_names), model.slider_directions, model.slider_ranges)
    count = min(_FALLBACK_SLIDERS, model.n_betas)
    names = tuple(f"shape_{i + 1}" for i in range(count))
    return Sliders(names, np.eye(count, model.n_betas), np.tile([-_FALLBACK_REACH, _FALLBACK_REACH], (count, 1)))


def base_betas(model: AnimalModel, who: Individual) -> Array:
    """(B,) the betas before sliders and youth: species, blend and what makes the individual.

    Raises SpeciesError, with near names, for a species that the model does not know.
    """
    share = float(np.clip(who.blend, 0.0, 1.0)) if who.other else 0.0
    one = find_species(who.species, model.species)
    betas = one.betas.copy()
    spread = _spread(model, one.family)
    if share:
        two = find_species(who.other, model.species)
        betas = (1 - share) * betas + share * two.betas
        spread = (1 - share) * spread + share * _spread(model, two.family)
    if who.variation > 0:
        draw = np.random.default_rng(abs(int(who.seed))).standard_normal(len(betas))
        betas = betas + _WITHIN_SPECIES * min(float(who.variation), 2.0) * spread @ draw
    return clamped(model, betas)


def betas_of(model: AnimalModel, who: Individual) -> Array:
    """(B,) the whole shape of an individual, kept inside what the model was made for. Raises SpeciesError."""
    return clamped(model, base_betas(model, who) + shape_offset(model, who))


def shape_offset(model: AnimalModel, who: Individual) -> Array:
    """(B,) what sliders and youth add to the betas."""
    sliders = sliders_of(model)
    young = {name: value * float(np.clip(who.youth, 0.0, 1.0)) for name, value in YOUNG.items()}
    return sliders.offset(who.sliders) + sliders.offset(young)


def shoulder_height(model: AnimalModel, who: Individual) -> float:
    """Metres at the shoulder: the height asked for, or the species' own (blended evenly by ratio); less when young."""
    height = float(who.height_m)
    if not height > 0:
        height = find_species(who.species, model.species).shoulder_height_m
        if who.other and who.blend > 0:
            other = find_species(who.other, model.species).shoulder_height_m
            height = float(height ** (1 - who.blend) * other**who.blend)
    return height * (1.0 - (1.0 - _YOUNG_SIZE) * float(np.clip(who.youth, 0.0, 1.0)))


def metres_per_unit(model: AnimalModel, who: Individual) -> float:
    """Metres for one model unit, so that the individual has its height before its sliders: long legs make it taller."""
    betas = base_betas(model, who)
    rest = model.rest(betas)
    low = float(rest.vertices[:, 2].min())
    if "withers" in model.keypoint_names:
        high = float(rest.keypoints[model.keypoint_names.index("withers")][2])
    else:
        high = low + 0.75 * (float(rest.vertices[:, 2].max()) - low)
    return shoulder_height(model, who) / max(high - low, 1e-6)


def reach(model: AnimalModel) -> Array:
    """(B,) how far from 0 each beta may go: six standard deviations, or a little further than the model's species do."""
    furthest = np.zeros(model.n_betas)
    for species in model.species.values():
        furthest = np.maximum(furthest, np.abs(species.betas))
    return np.maximum(_REACH, 1.1 * furthest)


def clamped(model: AnimalModel, betas: Array) -> Array:
    """(B,) betas kept within `reach`."""
    limit = _limits(_Key(model))
    return np.clip(betas, -limit, limit)


def warn_out_of_range(model: AnimalModel, betas: Array) -> bool:
    """Warn, once a call, when betas lie outside `reach`; gives whether they do."""
    limit = _limits(_Key(model))[: len(betas)]
    far = np.flatnonzero(np.abs(betas) > limit)
    if len(far):
        worst = int(far[np.argmax(np.abs(betas[far]) / limit[far])])
        warnings.warn(f"{len(far)} betas lie outside the range of the model {model.name!r} (beta {worst} is {betas[worst]:.3g}, "
                      f"usual up to ±{limit[worst]:.3g}): the shape may fold into itself", ShapeWarning, stacklevel=2)
    return bool(len(far))


class _Key:
    """A model as a key of a cache: by identity, since comparing its arrays would be slow."""

    def __init__(self, model: AnimalModel) -> None:
        self.model = model

    def __hash__(self) -> int:
        return id(self.model)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and other.model is self.model


@lru_cache(maxsize=4)
def _limits(key: _Key) -> Array:
    return reach(key.model)


@lru_cache(maxsize=64)
def _family_spread(key: _Key, family: str) -> Array:
    group = key.model.families.get(family)
    if group is None:
        return np.eye(key.model.n_betas)
    covariance = group.covariance + 1e-9 * np.eye(key.model.n_betas) * max(1.0, float(np.trace(group.covariance)))
    return np.asarray(np.linalg.cholesky(covariance), dtype=np.float64)


def _spread(model: AnimalModel, family: str) -> Array:
    """(B, B) a lower triangular root of the family's covariance; of the identity for a family without one."""
    return _family_spread(_Key(model), family)
