"""Body measurements of real species, and the same measurements taken on a shaped animal.

The table (`measures.csv`) holds one number a row, in metres. It has typical values of adults as the named works commonly
give them, recalled and rounded, not checked page by page; what is judged from general anatomy says `estimate`. A number
is only comparable when both sides measure the same thing, so `MEASURES` says how each is published and `Ruler` takes it
there on the surface.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .landmarks import NAMES
from .skeleton import INDEX

TABLE = Path(__file__).parent / "measures.csv"
COLUMNS = ("species", "measure", "value", "unit", "low", "high", "source", "note")
# As published, and where that is on the model.
MEASURES = {
    "shoulder_height": "ground to the highest point of the withers, standing: `withers` above the lowest point of the fore feet",
    "trunk_length": "point of the shoulder to point of the buttock, level: foremost point of `chest` to the hindmost of the rump",
    "head_body_length": "snout to tail base along the back: polyline nose, nape, withers, back_middle, back_end, tail_base",
    "tail_length": "base to tip of the fleshy tail: polyline `tail_base`, `tail_middle`, `tail_tip`; 0 for none to be seen",
    "head_length": "poll, midway from `nape` to the ears' bases, to muzzle, straight: to `nose`, to `chin` for elephants",
    "skull_length": "greatest length of the skull: the head's length over 1.06, for the nose's and the poll's soft tissue",
    "neck_length": "poll to withers, straight: `nape` to `withers`",
    "elbow_height": "ground to the point of the elbow (length of the fore leg): `left_elbow` above the fore foot's lowest point",
    "chest_depth": "withers to breastbone behind the elbow, plumb: `withers` above the middle of the chest's floor there",
    "ear_length": "notch to tip, straight: 1.2 times `left_ear_base` to `left_ear_tip`, for the notch lies low beside the skull",
    "hind_foot_length": "heel to the tip of the longest toe: joints LegBack3, FootBack, then the foremost point of the paw",
}  # fmt: skip
LENGTHS = ("trunk_length", "head_body_length")  # what proportions are taken over: the first that the table has
# Of every species one of these five slots is kept out of solving: exactly a fifth, and never a whole limb.
SLOTS = {
    "elbow_height": 0, "neck_length": 1, "tail_length": 2, "head_length": 3, "skull_length": 3, "chest_depth": 4,
    "ear_length": 0, "hind_foot_length": 3,
}  # fmt: skip
SOFT_TISSUE = 1.06  # head over skull
NOTCH = 1.2  # an ear from its notch, hidden in the fur beside the skull, over what stands free of the head
TRUNKED = ("elephantid",)  # families whose nose hangs
SHORTEST, LONGEST = 0.001, 10.0  # metres: what is outside is a slip of the unit
NO_TAIL = 0.04  # of the body's length: a tail shorter than this counts as none
BACK = ("nose", "nape", "withers", "back_middle", "back_end", "tail_base")


class TableError(ValueError):
    """A row of the table that cannot be used; the message names the row and the field."""


@dataclass(frozen=True)
class Number:
    """One published number: metres; low and high are the usual range of adults, or None."""

    species: str
    measure: str
    value: float
    low: float | None
    high: float | None
    source: str
    note: str

    @property
    def estimated(self) -> bool:
        """Whether it is judged from anatomy and not taken from a work."""
        return self.source == "estimate"

    @property
    def kept_out(self) -> bool:
        """Whether solving never sees it: a fixed fifth of the proportions, by a hash of the species' name."""
        slot = int.from_bytes(hashlib.sha256(self.species.encode()).digest()[:4], "big") % 5
        return SLOTS.get(self.measure) == slot


Table = dict[str, dict[str, Number]]


def read_table(path: Path = TABLE, known: Collection[str] | None = None) -> Table:
    """Numbers by species and measure; `known` are the species there may be. Raises TableError naming row and field."""
    with path.open(newline="", encoding="utf-8") as stream:
        return parse_table(stream, known)


def parse_table(lines: Iterable[str], known: Collection[str] | None = None) -> Table:
    """As `read_table`, from lines of text."""
    reader = csv.DictReader(lines, strict=True)
    table: Table = {}
    try:
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise TableError(f"row 1: the columns must be {', '.join(COLUMNS)}")
        for row in reader:
            number = _number(row, f"row {reader.line_num}", known)
            if number.measure in table.setdefault(number.species, {}):
                raise TableError(f"row {reader.line_num}: measure: {number.species} has {number.measure} twice")
            table[number.species][number.measure] = number
    except csv.Error as error:
        raise TableError(f"row {reader.line_num}: not a table ({error})") from None
    for species, numbers in table.items():
        for wanted in (("shoulder_height",), LENGTHS):
            if not set(wanted) & set(numbers):
                raise TableError(f"{species}: measure: {' or '.join(wanted)} is missing")
    return table


def _number(row: Mapping[str | None, str | None], where: str, known: Collection[str] | None) -> Number:
    if None in row or None in row.values():
        raise TableError(f"{where}: note: {len(COLUMNS)} fields are needed")
    text = {str(key): str(value).strip() for key, value in row.items()}
    species, measure = text["species"], text["measure"]
    if not species or (known is not None and species not in known):
        raise TableError(f"{where}: species: no species is called {species[:60]!r}")
    if measure not in MEASURES:
        raise TableError(f"{where}: measure: {measure[:60]!r} is none of {', '.join(MEASURES)}")
    if text["unit"] != "m":
        raise TableError(f"{where}: unit: must be m, is {text['unit'][:20]!r}")
    if not text["source"]:
        raise TableError(f"{where}: source: every number needs one, or `estimate`")
    value = _length(text["value"], f"{where}: value", measure == "tail_length")
    low, high = (_length(text[name], f"{where}: {name}", False) if text[name] else None for name in ("low", "high"))
    if (low is not None and low > value) or (high is not None and high < value):
        raise TableError(f"{where}: low: {value:g} m lies outside {low} to {high} m")
    return Number(species, measure, value, low, high, text["source"], text["note"])


def _length(text: str, where: str, may_be_none: bool) -> float:
    try:
        value = float(text)
    except ValueError:
        raise TableError(f"{where}: {text[:20]!r} is not a number") from None
    if not (SHORTEST <= value <= LONGEST or (may_be_none and value == 0)):
        raise TableError(f"{where}: {value:g} m is no length of an animal's part; lengths are in metres")
    return value


def body_length(numbers: Mapping[str, float]) -> float:
    """What proportions are taken over: the trunk's length where it is known, else head and body."""
    return next(numbers[name] for name in LENGTHS if name in numbers)


def values(numbers: Mapping[str, Number]) -> dict[str, float]:
    """Metres by measure."""
    return {name: number.value for name, number in numbers.items()}


@dataclass(frozen=True)
class Ruler:
    """Takes the measures on any surface of the template's topology.

    points: vertices of each named point; floor: of the chest's floor behind the elbow; rump and toes: whose extreme counts.
    """

    points: Mapping[str, np.ndarray]
    ground: np.ndarray
    floor: np.ndarray
    rump: np.ndarray
    toes: np.ndarray

    @classmethod
    def on(
        cls, vertices: np.ndarray, joints: np.ndarray, weights: np.ndarray, mirror: np.ndarray, groups: Sequence[np.ndarray]
    ) -> Ruler:  # fmt: skip
        """The ruler of a template: vertices (V, 3), joints (35, 3), weights (V, 35), mirror (V,), groups by `NAMES`."""
        points = dict[str, np.ndarray](zip(NAMES, groups, strict=True))

        def held(*names: str) -> np.ndarray:
            return weights[:, [INDEX[name] for name in names]].sum(axis=1)

        midline = mirror == np.arange(len(mirror))
        below = midline & (vertices[:, 2] < joints[INDEX["LLeg1"], 2]) & (held("spine0", "spine1", "spine2", "spine3") > 0.5)
        elbow = vertices[points["left_elbow"], 0].mean()
        floor = np.flatnonzero(below)[np.argsort(np.abs(vertices[below, 0] - elbow), kind="stable")[:6]]
        rump = np.flatnonzero(held("pelvis", "LLegBack1", "RLegBack1") > 0.7)
        paw = points["left_hind_paw"]
        toes = paw[np.argsort(-vertices[paw, 0], kind="stable")[:3]]
        return cls(points, np.concatenate([points["left_front_paw"], points["right_front_paw"]]), floor, rump, toes)

    def measure(self, vertices: np.ndarray, joints: np.ndarray, trunked: bool = False) -> dict[str, np.ndarray]:
        """Every measure (N,) of animals (N, V, 3) with joints (N, 35, 3), in their unit; trunked: the nose hangs down."""

        def at(name: str) -> np.ndarray:
            return vertices[:, self.points[name]].mean(axis=1)

        def path(places: Sequence[np.ndarray]) -> np.ndarray:
            return np.linalg.norm(np.diff(np.stack(places, axis=1), axis=1), axis=2).sum(axis=1)

        ground, withers = vertices[:, self.ground, 2].min(axis=1), at("withers")
        snout = at("chin" if trunked else "nose")
        poll = at("nape") / 2 + (at("left_ear_base") + at("right_ear_base")) / 4
        head = path([poll, snout])
        toe = vertices[:, self.toes].mean(axis=1)
        return {
            "shoulder_height": withers[:, 2] - ground,
            "trunk_length": vertices[:, self.points["chest"], 0].max(axis=1) - vertices[:, self.rump, 0].min(axis=1),
            "head_body_length": path([snout, *(at(name) for name in BACK[1:])]),
            "tail_length": path([at("tail_base"), at("tail_middle"), at("tail_tip")]),
            "head_length": head,
            "skull_length": head / SOFT_TISSUE,
            "neck_length": path([at("nape"), withers]),
            "elbow_height": at("left_elbow")[:, 2] - ground,
            "chest_depth": withers[:, 2] - vertices[:, self.floor, 2].mean(axis=1),
            "ear_length": NOTCH * path([at("left_ear_base"), at("left_ear_tip")]),
            "hind_foot_length": path([joints[:, INDEX["LLegBack3"]], joints[:, INDEX["LFootBack"]], toe]),
        }


def deviation(found: Mapping[str, float], number: Number, found_length: float, wanted_length: float) -> float:
    """How far a proportion is off the table's: found / published - 1, both over the body's length.

    A tail that is none to be seen is off by nothing while it stays shorter than NO_TAIL.
    """
    share = found[number.measure] / found_length
    if number.value == 0:
        return max(0.0, share / NO_TAIL - 1)
    return share * wanted_length / number.value - 1


def deviations(found: Mapping[str, float], numbers: Mapping[str, Number]) -> dict[str, float]:
    """`deviation` of every number of one species but its length, the shoulder's height among them."""
    wanted = values(numbers)
    name = next(name for name in LENGTHS if name in wanted)
    return {
        measure: deviation(found, number, found[name], wanted[name])
        for measure, number in numbers.items()
        if measure not in LENGTHS
    }


def summary(found: Mapping[str, Mapping[str, float]], table: Table, within: float = 0.10) -> dict[str, float]:
    """What the species' proportions show: found by species and measure, in any unit, against the table.

    `proportions_within_10_percent` counts species whose every number used in solving is met; `…_all` asks it of the
    kept-out numbers too; the kept-out errors are medians and shares over the numbers kept out.
    """
    solved, every, kept, kept_published, used = 0, 0, [], [], 0
    for species, measures in found.items():
        numbers = table[species]
        off = {name: abs(value) for name, value in deviations(measures, numbers).items()}
        inside = {name: value for name, value in off.items() if not numbers[name].kept_out}
        outside = {name: value for name, value in off.items() if numbers[name].kept_out}
        solved += max(inside.values()) <= within
        every += max(off.values()) <= within
        used += len(inside)
        kept += outside.values()
        kept_published += [value for name, value in outside.items() if not numbers[name].estimated]
    return {
        "proportions_species": len(found),
        "proportions_numbers": used + len(kept),
        "proportions_within_10_percent": solved,
        "proportions_within_10_percent_all": every,
        "proportions_kept_out": len(kept),
        "proportions_kept_out_error_median": float(np.median(kept)) if kept else 0.0,
        "proportions_kept_out_published_error_median": float(np.median(kept_published)) if kept_published else 0.0,
        "proportions_kept_out_share_within_10_percent": float(np.mean(np.array(kept) <= within)) if kept else 1.0,
    }
