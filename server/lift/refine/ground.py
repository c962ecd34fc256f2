"""Which way is up, and where the ground is: from legs, from feet that stand, and from how cameras are held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ....animal.skeleton import Skeleton
from .contacts import Contact, places_of
from .feet import leg_top

Array = NDArray[np.float64]

USUAL_PITCH = np.radians(5.0)
"""Cameras look a little down on animals; how far off that and a level horizon are, below."""
PITCH_SPREAD = np.radians(15.0)
ROLL_SPREAD = np.radians(4.0)
LEG_SPREAD = np.radians(12.0)
"""Between the mean direction of all legs and the vertical."""
CONTACT_SPREAD = 0.05
"""Of contacts about the ground, in units."""
DEPTH_SPREAD = 0.02
"""Of their depth, as a share of it."""
SAME_HEIGHT = 0.08
"""Kinds of feet whose joints differ by less (in units) stand equally high."""
ON_THE_GROUND = 0.12
"""A foot that stands farther than this from where its kind usually does stands on something else."""


@dataclass(frozen=True)
class Ground:
    """A plane: up · x = height, up (3,) a unit vector, x in units in the camera's axes or the world's."""

    up: Array
    height: float

    def heights(self, X: Array) -> Array:
        """Heights (…) of points (…, 3) above the plane."""
        return X @ self.up - self.height


def level_ground(up: Array, X: Array, feet: Sequence[int]) -> Ground:
    """The plane under the lowest places of the feet (or of all joints) X (F, J, 3)."""
    low = np.quantile((X[:, list(feet)] if len(feet) else X) @ up, 0.05, axis=0)
    return Ground(up, float(np.median(low) if len(feet) else np.quantile(low, 0.05)))


def find_up(skeleton: Skeleton, X: Array, feet: Sequence[int], contacts: Sequence[Contact] = ()) -> Array:
    """Up (3,) in the axes of a camera that does not turn, for joints X (F, J, 3) in units.

    The most probable tilt, given that cameras are held level, that legs on the whole point down, and that feet that
    stand (`contacts`) are in one plane. Without feet the camera alone tells.
    """
    places = places_of(X, contacts)
    kind = kinds(skeleton, contacts)
    n = 2 + (int(kind.max()) + 1 if len(kind) else 0)
    unknown = np.zeros(n)  # how far up leans to the right and ahead, and the height of each kind of foot
    unknown[1] = -USUAL_PITCH
    legs = _legs_lean(skeleton, X, feet)
    for _ in range(12):
        rows, values = _held_level(n)
        if legs is not None:
            rows += [np.eye(n)[0] / legs[2], np.eye(n)[1] / legs[2]]
            values += [legs[0] / legs[2], legs[1] / legs[2]]
        if len(places) >= 3:
            more, theirs = _one_plane(places, kind, unknown)
            rows, values = rows + more, values + theirs
            rows += [(np.eye(n)[k] - np.r_[0, 0, np.full(n - 2, 1.0 / (n - 2))]) / CONTACT_SPREAD for k in range(2, n)]
            values += [0.0] * (n - 2)
        unknown = np.asarray(np.linalg.lstsq(np.array(rows), np.array(values), rcond=None)[0], np.float64)
        unknown[:2] = np.clip(unknown[:2], -1.5, 1.5)
    up = np.array([unknown[0], -1.0, unknown[1]])
    return up / np.linalg.norm(up)


def contact_heights(skeleton: Skeleton, X: Array, contacts: Sequence[Contact], up: Array) -> tuple[float, list[float]]:
    """The ground's height, and the height of each contact: its kind's, where that is not the ground's; nan for one that
    is clearly higher or lower than others of its kind and so stands on something."""
    kind = kinds(skeleton, contacts)
    own = places_of(X, contacts) @ up
    usual = np.array([np.median(own[kind == k]) for k in range(int(kind.max()) + 1)])
    ground = float(usual.min())
    usual = np.where(usual - ground < SAME_HEIGHT, ground, usual)
    return ground, np.where(np.abs(own - usual[kind]) < ON_THE_GROUND, usual[kind], np.nan).tolist()


def kinds(skeleton: Skeleton, contacts: Sequence[Contact]) -> NDArray[np.int64]:
    """(N,) numbers from 0: contacts of one foot and of its mirror image are of one kind (a heel is higher than a toe)."""
    first = [min(c.joint, int(skeleton.mirror[c.joint])) for c in contacts]
    order = sorted(set(first))
    return np.array([order.index(joint) for joint in first], np.int64)


def _held_level(n: int) -> tuple[list[Array], list[float]]:
    """Rows and values (in spreads) for how cameras are held."""
    return [np.eye(n)[0] / ROLL_SPREAD, np.eye(n)[1] / PITCH_SPREAD], [0.0, -USUAL_PITCH / PITCH_SPREAD]


def _legs_lean(skeleton: Skeleton, X: Array, feet: Sequence[int]) -> Array | None:
    """(3,): how far up leans to the right and ahead if legs on the whole point straight down, and how sure that is (a spread);
    None if they say nothing. Legs that change their direction, as when an animal lies down, say less."""
    if not feet:
        return None
    legs = np.stack([X[:, leg_top(skeleton, foot)] - X[:, foot] for foot in feet]).sum(0)  # (F, 3)
    long = np.linalg.norm(legs, axis=1, keepdims=True)
    body = np.median(legs / np.maximum(long, 1e-9), axis=0)
    if -body[1] < 0.5:  # it lies, or is seen from above or below
        return None
    wide = np.median(np.linalg.norm(np.cross(legs / np.maximum(long, 1e-9), body), axis=1)) * 1.5
    return np.array([body[0] / -body[1], body[2] / -body[1], np.hypot(LEG_SPREAD, wide)])


def _one_plane(places: Array, kind: NDArray[np.int64], unknown: Array) -> tuple[list[Array], list[float]]:
    """One row for each contact: y = lean · (x, z) - height, robust, and never worth more than a few contacts of each kind."""
    lean, height = unknown[:2], unknown[2:]
    spread = np.hypot(CONTACT_SPREAD, lean[1] * DEPTH_SPREAD * np.linalg.norm(places, axis=1))
    if height.any():
        off = places[:, [0, 2]] @ lean - places[:, 1] - height[kind]
        spread = spread * np.sqrt(1.0 + (off / (2.0 * spread)) ** 2)
    # A foot's errors in depth are alike in all its contacts.
    spread = spread * np.sqrt(np.maximum(np.bincount(kind)[kind] / 4.0, 1.0))
    rows, values = [], []
    for place, k, s in zip(places, kind, spread, strict=True):
        row = np.zeros(len(unknown))
        row[0], row[1], row[2 + k] = place[0], place[2], -1.0
        rows.append(row / s)
        values.append(float(place[1] / s))
    return rows, values
