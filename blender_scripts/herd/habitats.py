"""Where animals live: which grounds suit a species, which places (`palettes`) on such a ground, and whether people keep it.

Chances only, by species where it is known, else by family; part of the pictures is left to chance, so that a network does not
learn that camels mean sand. Pure data, so a test can read it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

ANYWHERE = 0.15
"""Share of pictures in which the animals are not asked."""

# Relative chances of grounds, then of places on any ground that has them.
_GROUNDS: dict[str, dict[str, float]] = {
    "farm": {"grass": 5, "meadow": 3, "floor": 1, "snow": 0.4, "water": 0.5},
    "house": {"grass": 3, "meadow": 1.5, "floor": 4, "snow": 0.5, "sand": 0.4},
    "wood": {"grass": 5, "meadow": 1.5, "snow": 1.2, "rock": 0.8, "water": 1},
    "savanna": {"grass": 6, "water": 1.6, "sand": 0.6, "rock": 0.4},
    "desert": {"sand": 6, "rock": 1.5, "grass": 0.8},
    "mountain": {"rock": 5, "grass": 1.5, "snow": 1.5, "meadow": 0.6},
    "steppe": {"grass": 5, "meadow": 1, "sand": 1, "snow": 0.6, "rock": 0.5},
    "tundra": {"snow": 5, "grass": 2, "rock": 1},
    "ice": {"snow": 1},
    "jungle": {"grass": 4, "water": 2, "meadow": 1},
    "bank": {"water": 5, "grass": 2, "meadow": 0.7},
}  # fmt: skip
_PLACES = {
    "farm": ("pasture", "hillside", "autumn", "meadow"),
    "house": ("pasture", "hillside", "autumn", "meadow", "beach"),
    "wood": ("woods", "woods", "autumn", "meadow", "winter", "lake", "mountain"),
    "savanna": ("savanna", "waterhole", "desert", "canyon"),
    "desert": ("desert", "canyon", "savanna"),
    "mountain": ("mountain", "hillside", "meadow", "winter"),
    "steppe": ("steppe", "meadow", "desert", "winter", "mountain"),
    "tundra": ("tundra", "winter", "icefield", "mountain"),
    "ice": ("icefield",),
    "jungle": ("jungle", "meadow"),
    "bank": ("lake", "woods", "meadow"),
}
_FAMILIES = {
    "bovid": "savanna", "antilocaprid": "steppe", "camelid": "desert", "canid": "wood", "cervid": "wood", "giraffid": "savanna",
    "equid": "farm", "felid": "wood", "elephantid": "savanna", "rhinocerotid": "savanna", "hippopotamid": "savanna",
    "tapirid": "jungle", "primate": "jungle", "lagomorph": "farm", "rodent": "house", "marsupial": "wood", "orycteropodid": "savanna",
    "myrmecophagid": "savanna", "suid": "wood", "tayassuid": "desert", "ursid": "wood", "mustelid": "wood", "mephitid": "wood",
    "procyonid": "wood", "ailurid": "wood", "hyaenid": "savanna", "herpestid": "desert", "viverrid": "jungle",
}  # fmt: skip
_SPECIES = {
    **dict.fromkeys(("cow", "bull", "highland_cattle", "zebu", "sheep", "goat", "pig", "llama", "alpaca", "horse", "draft_horse",
                     "shetland_pony", "donkey", "rabbit", "water_buffalo"), "farm"),
    **dict.fromkeys(("dog", "labrador", "german_shepherd", "greyhound", "dachshund", "border_terrier", "rhodesian_ridgeback",
                     "weimaraner", "golden_retriever", "husky", "bulldog", "poodle", "corgi", "dalmatian", "great_dane", "chihuahua",
                     "cat", "siamese_cat", "guinea_pig", "hamster", "mouse", "rat"), "house"),
    **dict.fromkeys(("bighorn_sheep", "ibex", "mountain_goat", "yak", "snow_leopard", "marmot", "puma"), "mountain"),
    **dict.fromkeys(("bison", "saiga", "przewalski_horse", "coyote", "hare", "bactrian_camel", "maned_wolf"), "steppe"),
    **dict.fromkeys(("muskox", "reindeer", "arctic_fox", "wolverine"), "tundra"),
    **dict.fromkeys(("oryx", "fennec_fox", "camel"), "desert"),
    **dict.fromkeys(("gaur", "indian_rhino", "asian_elephant", "tiger", "leopard", "jaguar", "okapi", "pygmy_hippo", "sun_bear",
                     "panda", "red_river_hog", "axis_deer", "coati"), "jungle"),
    **dict.fromkeys(("zebra", "lion", "lioness", "cheetah", "serval", "caracal", "african_wild_dog", "warthog", "baboon",
                     "honey_badger", "blackbuck"), "savanna"),
    **dict.fromkeys(("capybara", "beaver", "otter"), "bank"),
    **dict.fromkeys(("squirrel", "lynx", "wild_boar"), "wood"),
    "polar_bear": "ice", "ring_tailed_lemur": "savanna",
}  # fmt: skip


def habitat(species: str, family: str = "") -> str:
    """The kind of land where a species lives; `farm` and `house` are people's. An unknown one may be anywhere: ""."""
    return _SPECIES.get(species) or _FAMILIES.get(family, "")


def kept_by_people(species: Sequence[str]) -> bool:
    """Whether all of these live with people, so that there may be fences."""
    return bool(species) and all(_SPECIES.get(name) in ("farm", "house") for name in species)


def ground_weights(kinds: Sequence[str], grounds: Sequence[str], usual: Array) -> Array:
    """(N,) chances of the grounds for animals of these habitats: the mean of what suits each; `usual` (N,) where none is known."""
    rows = [np.array([_GROUNDS[kind].get(ground, 0.0) for ground in grounds]) for kind in kinds if kind]
    rows = [row / row.sum() for row in rows if row.sum() > 0]
    return np.mean(rows, axis=0) if rows else usual


def suiting(kinds: Sequence[str], places: Sequence[str]) -> tuple[str, ...]:
    """Those of the places that suit most of the animals; all of them where none suits any."""
    scores = [sum(place in _PLACES.get(kind, ()) for kind in kinds) for place in places]
    if not kinds:
        return tuple(places)
    return tuple(place for place, score in zip(places, scores, strict=True) if score == max(scores))
