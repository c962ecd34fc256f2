"""What is known of a kind of animal before it is seen: its shape in a model's betas, its size, and how its family varies.

A `Species` is one point in shape space with real measures; a `Family` is a normal distribution over betas. Both belong to
one model: betas of one model are never read as another's.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from .coats import Coat
    from .parts import Part

T = TypeVar("T")
# Everyday names of what a model may carry under another name; used only when the name itself is not there.
ALIASES = {
    "puppy": "dog", "hound": "dog", "canine": "canid", "kitten": "cat", "feline": "felid", "mare": "horse", "stallion": "horse",
    "foal": "horse", "pony": "horse", "equine": "equid", "mule": "donkey", "ox": "bull", "cattle": "cow", "calf": "cow",
    "bovine": "bovid", "lamb": "sheep", "ewe": "sheep", "ram": "sheep", "reindeer": "stag", "elk": "moose", "doe": "deer",
    "boar": "wild_boar", "hog": "pig", "swine": "pig", "hare": "rabbit", "dromedary": "camel", "hippopotamus": "hippo",
    "rhinoceros": "rhino", "lioness": "lion", "alsatian": "german_shepherd", "labrador_retriever": "labrador",
    "dachshund_dog": "dachshund", "any": "quadruped", "animal": "quadruped",
}  # fmt: skip


class SpeciesError(ValueError):
    """A species or family that the model does not know; the message offers the nearest names."""


@dataclass(frozen=True)
class Species:
    """One kind of animal: betas (B,) in the model's units, height at the withers and chest-to-rump length in metres.

    coat is how it is coloured, or None; parts are what it carries besides its body (horns, antlers, tusks, a mane).
    """

    name: str
    family: str
    betas: NDArray[np.float64]
    shoulder_height_m: float
    body_length_m: float
    coat: Coat | None = None
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True)
class Family:
    """A distribution over shapes: mean (B,) and covariance (B, B) of the betas.

    joint_limits (J, 3, 2) are the family's own smallest and largest turns in radians, or None for the model's.
    """

    name: str
    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]
    joint_limits: NDArray[np.float64] | None = None


def plain_name(name: str) -> str:
    """A name in lower case with single underscores: "German  Shepherd" and "german-shepherd" become "german_shepherd"."""
    return re.sub(r"[^a-z0-9]+", "_", name.strip().lower()).strip("_")


def suggestions(name: str, known: Mapping[str, object], count: int = 3) -> list[str]:
    """The known names nearest to `name` in spelling, best first; may be empty."""
    by_plain = {plain_name(key): key for key in known}
    return [by_plain[key] for key in difflib.get_close_matches(plain_name(name), list(by_plain), n=count, cutoff=0.5)]


def _find(name: str, known: Mapping[str, T], kind: str) -> T:
    by_plain = {plain_name(key): key for key in known}
    wanted = plain_name(name)
    wanted = wanted if wanted in by_plain else ALIASES.get(wanted, wanted)
    if wanted in by_plain:
        return known[by_plain[wanted]]
    near = suggestions(name, known)
    if not known:
        advice = f"This model carries no {kind}."
    elif near:
        advice = f"Did you mean {' or '.join(near)}?"
    else:
        advice = f"Known: {', '.join(sorted(known))}."
    raise SpeciesError(f"Unknown {kind} {name[:60]!r}. {advice}")


def find_species(name: str, species: Mapping[str, Species]) -> Species:
    """The species of that name (case, spaces, dashes and common synonyms do not matter); SpeciesError offers near names."""
    return _find(name, species, "species")


def find_family(name: str, families: Mapping[str, Family]) -> Family:
    """The family of that name; SpeciesError offers near names."""
    return _find(name, families, "family")


def prior_for(
    species: str | None, family: str | None, all_species: Mapping[str, Species], families: Mapping[str, Family]
) -> Family | None:
    """The distribution over shapes that the hints allow, or None when there is no hint and no "quadruped" family.

    A species narrows its family's distribution to its own betas as mean, with half of the family's covariance.
    """
    if species is not None:
        kind = find_species(species, all_species)
        group = families.get(kind.family)
        covariance = 0.5 * group.covariance if group is not None else np.eye(len(kind.betas))
        return Family(kind.name, kind.betas, covariance, group.joint_limits if group is not None else None)
    if family is not None:
        return find_family(family, families)
    return families.get("quadruped")
