"""Who is in a picture: species, individuals, ages, coats, and what is around them, drawn from a generator.

A herd is mostly of one species, sometimes of one family, sometimes mixed; every species of the pool is as likely as any
other. Nothing here says where an animal stands or what it does: that is the layouts' business.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...animal.individual import Individual, betas_of, metres_per_unit, shoulder_height
from ...animal.model import AnimalModel
from ...animal.species import SpeciesError, find_family, find_species
from .habitats import ANYWHERE, ground_weights, habitat, kept_by_people
from .plan import GROUNDS, LIGHTS, Surroundings

Array = NDArray[np.float64]

_ONE_SPECIES, _ONE_FAMILY = 0.55, 0.3  # shares of pictures; the rest is mixed
_SIZES = 0.05  # standard deviation of an individual's shoulder height, of its species'
_BLENDS = 0.08  # share of animals that are between two species of a family
_OTHER_COATS = 0.25  # share of domestic animals that wears the coat of another breed
_BREEDS = (
    ("dog", "labrador", "german_shepherd", "greyhound", "dachshund", "border_terrier", "rhodesian_ridgeback", "weimaraner",
     "golden_retriever", "husky", "bulldog", "great_dane", "chihuahua", "corgi"),
    ("cow", "bull", "highland_cattle", "zebu"), ("horse", "draft_horse", "shetland_pony"), ("cat", "siamese_cat"), ("llama", "alpaca"),
)  # fmt: skip
_INDOORS = ("canid", "felid", "rodent", "lagomorph", "mustelid")
_LARGEST_INDOORS = 0.75  # metres at the shoulder


@dataclass(frozen=True, eq=False)
class Drawn:
    """One animal before it stands anywhere: betas (B,), its size, the species whose coat it wears, the parts it lacks."""

    who: Individual
    family: str
    coat: str
    without: tuple[str, ...]
    betas: Array
    metres_per_unit: float
    shoulder_m: float
    body_m: float


def species_pool(model: AnimalModel, species: Sequence[str] = (), families: Sequence[str] = ()) -> tuple[str, ...]:
    """The names to draw from: those asked for and those of the families asked for, or all. Raises SpeciesError."""
    if not model.species:
        raise SpeciesError(f"The model {model.name!r} carries no species, so there is nothing to draw a herd from. "
                           "Give one with species (`bestiary animal show` lists them), or leave --model out.")
    named = [find_species(name, model.species).name for name in species]
    groups = [find_family(name, model.families).name for name in families]
    of_families = [name for name, kind in model.species.items() if kind.family in groups]
    for group in groups:
        if not any(model.species[name].family == group for name in of_families):
            raise SpeciesError(f"The family {group!r} has no species in this model.")
    pool = tuple(dict.fromkeys([*named, *of_families]))
    return pool or tuple(model.species)


def draw_herd(model: AnimalModel, rng: np.random.Generator, count: int, pool: Sequence[str], young: float) -> list[Drawn]:
    """`count` animals of the pool's species; `young` is the share of animals that are not grown."""
    first = str(rng.choice(pool))
    family = model.species[first].family
    mixture = rng.random()
    if mixture < _ONE_SPECIES:
        names = [first] * count
    else:
        kin = [name for name in pool if model.species[name].family == family] if mixture < _ONE_SPECIES + _ONE_FAMILY else list(pool)
        names = [first, *(str(name) for name in rng.choice(kin, size=count - 1))]
    return [draw_animal(model, rng, name, pool, young if k or count == 1 else 0.0) for k, name in enumerate(names)]


def draw_animal(model: AnimalModel, rng: np.random.Generator, name: str, pool: Sequence[str], young: float) -> Drawn:
    """One individual of a species: its own shape, age, size and coat."""
    kind = model.species[name]
    kin = [other for other in pool if other != name and model.species[other].family == kind.family]
    other, blend = "", 0.0
    if kin and rng.random() < _BLENDS:
        other, blend = str(rng.choice(kin)), float(rng.uniform(0.15, 0.45))
    youth = float(rng.uniform(0.35, 0.9)) if rng.random() < young else 0.0
    seed, variation = int(rng.integers(2**31)), float(rng.uniform(0.6, 1.2))
    height = shoulder_height(model, Individual(name, other, blend)) * float(np.exp(np.clip(rng.normal(0, _SIZES), -0.12, 0.12)))
    who = Individual(name, other, blend, seed, variation, youth=youth, height_m=round(height, 4))
    coat = name
    breeds = next((group for group in _BREEDS if name in group), ())
    other_breeds = [breed for breed in breeds if breed != name and breed in model.species]
    if other_breeds and rng.random() < _OTHER_COATS:
        coat = str(rng.choice(other_breeds))
    betas = betas_of(model, who)
    scale = metres_per_unit(model, who)
    without = ("antler", "horn", "tusk") if youth > 0.5 else ()
    joints = model.rest(betas).joints
    return Drawn(who, kind.family, coat, without, betas, scale, shoulder_height(model, who),
                 float(np.ptp(joints[:, 0])) * scale)


def draw_ground(rng: np.random.Generator, herd: Sequence[Drawn], layout: str, allowed: Sequence[str] = ()) -> str:
    """What they stand on: one of `allowed` (of GROUNDS), or what suits the animals; only small house animals are indoors."""
    kept = layout != "herd3d" and kept_by_people([a.who.species for a in herd])
    indoors = kept and all(a.family in _INDOORS and a.shoulder_m < _LARGEST_INDOORS for a in herd)
    chances = {"grass": 0.3, "meadow": 0.17, "sand": 0.13, "snow": 0.1, "rock": 0.12, "water": 0.1, "floor": 0.12 if indoors else 0.0}
    names = [name for name in GROUNDS if name in allowed] if allowed else list(GROUNDS)
    weights = np.array([chances[name] for name in names])
    if rng.random() >= ANYWHERE:
        suited = ground_weights([habitat(a.who.species, a.family) for a in herd], names, weights) * (weights > 0)
        weights = suited if suited.sum() > 0 else weights
    weights = np.maximum(weights, 0.01 if allowed else 0.0)
    return str(rng.choice(names, p=weights / weights.sum()))


def draw_surroundings(
    rng: np.random.Generator, ground: str, view: float, lights: Sequence[str] = (), background: str | None = None
) -> Surroundings:
    """What is around: the sun stands where it lights what the camera sees, against it in one picture of eight.

    view: the camera's heading in radians (azimuth from +x towards +y); lights: those to choose from, all without them.
    """
    chances = dict(zip(LIGHTS, (0.45, 0.27, 0.16, 0.12), strict=True))
    names = [name for name in LIGHTS if name in lights] if lights else list(LIGHTS)
    weights = np.array([chances[name] for name in names])
    light = str(rng.choice(names, p=weights / weights.sum()))
    aside = rng.uniform(np.radians(25), np.radians(155)) * rng.choice([-1.0, 1.0])
    azimuth = view + np.pi + (aside if rng.random() > 0.125 else np.pi + rng.normal(0, 0.4))
    elevation = rng.uniform(np.radians(2), np.radians(9)) if light == "dusk" else rng.uniform(np.radians(18), np.radians(68))
    occluders = int(rng.choice([0, 1, 2, 3], p=[0.45, 0.3, 0.17, 0.08]))
    density, seed = float(rng.uniform(0.35, 1.0)), int(rng.integers(2**31))
    return Surroundings(ground, light, float((azimuth + np.pi) % (2 * np.pi) - np.pi), float(elevation), density,
                        0 if ground == "floor" else occluders, seed, background)
