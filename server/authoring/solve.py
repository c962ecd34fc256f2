"""Species whose proportions are the published ones: a few traits solved for the table's numbers.

Each authored breed is where the search starts and what it is held to. Damped Gauss-Newton (Levenberg 1944) with numeric
derivatives over the traits of `UNKNOWNS` and the animal's size in metres minimises the squared errors of the logarithms of
all measures. A fifth of the numbers is kept out; in their place stands what relatives and size let one expect: a Gaussian
process over family and the logarithm of height (Rasmussen and Williams 2006, eq. 2.25 and 2.26), with its own uncertainty.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .measures import NO_TAIL, SOFT_TISSUE, Number, Ruler, Table, body_length, values
from .population import Stance
from .proportions import SHAFTS, on
from .skeleton import SPINE, TAIL
from .warp import parameter_vector

# What may change, and by how much (standard deviation of the logarithm) it usually leaves the authored value.
UNKNOWNS: dict[str, tuple[float, dict[str, float]]] = {
    "leg_length": (0.5, on(SHAFTS, "length")),
    "upper_arm": (0.15, on(("Leg1",), "length")),
    "trunk_depth": (0.3, on(SPINE, "depth")),
    "neck_length": (0.4, on(("Neck",), "length")),
    "head_size": (0.35, on(("Head", "Muzzle"), "length", "depth", "width")),
    "tail_length": (1.2, {**on(TAIL, "length"), **on(TAIL, "depth", "width", by=0.5)}),  # a stump is thin as well
    "ear_length": (0.5, {**on(("Ear",), "length"), **on(("Ear",), "depth", "width", by=0.6)}),  # nearly in proportion
    "hind_foot": (0.2, {"LegBack3.length": 1.0, "FootBack.length": 0.4}),  # the paw mostly keeps its shape
}
EXACT = 0.01  # standard deviation of the logarithm that a number of the table is met with
LIMITS = (-3.5, 1.8)  # of the logarithm of any trait
STEP = 0.35  # the largest change of a logarithm in one iteration
HEAD = ("head_length", "skull_length")
# Tails and ears differ freely among relatives: for those kept out, the author's own eye stands.
AUTHORED = ("tail_length", "ear_length")


@dataclass(frozen=True)
class Wanted:
    """A measure to meet: metres, and the standard deviation of its logarithm."""

    value: float
    spread: float


@dataclass(frozen=True)
class Solved:
    """A species' shape: warp parameters (P,), vertices (V, 3), joints (35, 3), metres per unit, measures in metres."""

    parameters: np.ndarray
    vertices: np.ndarray
    joints: np.ndarray
    metres_per_unit: float
    measures: dict[str, float]


def expected(table: Table, families: Mapping[str, str]) -> dict[str, dict[str, Wanted]]:
    """What the numbers kept out are thought to be, by species and measure, from the numbers that are not.

    families: family of each species. Ratios to the shoulder's height, heads and skulls together.
    """
    result: dict[str, dict[str, Wanted]] = {}
    rows = [number for numbers in table.values() for number in numbers.values()]
    for kind in sorted({_kind(row.measure) for row in rows if row.kept_out}):
        known = [row for row in rows if _kind(row.measure) == kind and not row.kept_out and row.value > 0]
        asked = [row for row in rows if _kind(row.measure) == kind and row.kept_out]
        mean, spread = _regress(known, asked, table, families)
        for row, middle, deviation in zip(asked, mean, spread, strict=True):
            value = np.exp(middle) * _height(table, row) / _tissue(row.measure)
            result.setdefault(row.species, {})[row.measure] = Wanted(float(value), float(deviation))
    return result


def _kind(measure: str) -> str:
    return "head_length" if measure in HEAD else measure


def _tissue(measure: str) -> float:
    return SOFT_TISSUE if measure == "skull_length" else 1.0


def _height(table: Table, row: Number) -> float:
    return table[row.species]["shoulder_height"].value


def _regress(
    known: list[Number], asked: list[Number], table: Table, families: Mapping[str, str]
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation (n,) of the logarithms of the ratios asked for."""
    y = np.log([row.value * _tissue(row.measure) / _height(table, row) for row in known])

    def features(rows: list[Number]) -> tuple[np.ndarray, np.ndarray]:
        return np.log([_height(table, row) for row in rows]), np.array([families[row.species] for row in rows])

    (size, kin), (size_asked, kin_asked) = features(known), features(asked)

    def covariance(a: np.ndarray, b: np.ndarray, kin_a: np.ndarray, kin_b: np.ndarray) -> np.ndarray:
        near = (a[:, None] - b) ** 2
        same = kin_a[:, None] == kin_b
        return 0.06 * np.exp(-near / 2) + same * (0.06 + 0.04 * np.exp(-near / (2 * 0.4**2)))

    gram = covariance(size, size, kin, kin) + 0.012 * np.eye(len(y))
    cross = covariance(size_asked, size, kin_asked, kin)
    mean = y.mean() + cross @ np.linalg.solve(gram, y - y.mean())
    own = np.diag(covariance(size_asked, size_asked, kin_asked, kin_asked)) + 0.012
    return mean, np.sqrt(own - np.einsum("ij,ji->i", cross, np.linalg.solve(gram, cross.T)))


def targets(numbers: Mapping[str, Number], guessed: Mapping[str, Wanted]) -> dict[str, Wanted]:
    """What to solve one species for: the table's numbers, and what is expected in place of those kept out."""
    wanted = {}
    for name, number in numbers.items():
        if number.kept_out:
            wanted |= {} if name in AUTHORED else {name: guessed[name]}
        elif number.value == 0:
            wanted[name] = Wanted(0.7 * NO_TAIL * body_length(values(numbers)), 0.2)
        else:
            wanted[name] = Wanted(number.value, EXACT)
    return wanted


def solve(
    stance: Stance, ruler: Ruler, start: np.ndarray, wanted: Mapping[str, Wanted], trunked: bool = False, rounds: int = 8
) -> Solved:
    """Change the traits of one animal, from its authored parameters (P,), until its measures are as wanted."""
    names = list(wanted)
    goal = np.log([wanted[name].value for name in names])
    rigour = 1 / np.array([wanted[name].spread for name in names])
    # A tail or ear without a number keeps its length, or it would be bent to serve what hangs on its root.
    free = [name not in AUTHORED or name in wanted for name in UNKNOWNS]
    basis = np.stack([may * parameter_vector(parts) for may, (_, parts) in zip(free, UNKNOWNS.values(), strict=True)])
    prior = 1 / np.array([spread for spread, _ in UNKNOWNS.values()])
    traits, parameters, step = np.zeros(len(basis)), start, 1e-3
    size = 0.0
    for round_ in range(rounds):
        trial = parameters + np.concatenate([np.zeros((1, basis.shape[1])), step * basis])
        levelled, vertices, joints = stance.level_many(trial, 2 if round_ else 4)
        found = ruler.measure(vertices, joints, trunked)
        logs = np.log([np.maximum(found[name], 1e-6) for name in names]).T  # (1 + unknowns, measures)
        if not round_:
            size = float(np.average(goal - logs[0], weights=rigour))
        error = logs[0] + size - goal
        slope = np.concatenate([(logs[1:] - logs[0]).T / step, np.ones((len(names), 1))], axis=1) * rigour[:, None]
        system = np.concatenate([slope, np.append(np.diag(prior), np.zeros((len(prior), 1)), axis=1)])
        right = -np.concatenate([error * rigour, traits * prior])
        change = np.linalg.lstsq(system, right, rcond=None)[0]
        moved = np.clip(traits + np.clip(change[:-1], -STEP, STEP), *LIMITS) - traits
        parameters, traits, size = levelled[0] + moved @ basis, traits + moved, size + float(change[-1])
        if np.abs(change).max() < 1e-3:
            break
    parameters, vertices, joints = stance.level(parameters)
    scale = float(np.exp(size))
    found = ruler.measure(vertices[None], joints[None], trunked)
    return Solved(parameters, vertices, joints, scale, {name: scale * float(value[0]) for name, value in found.items()})
