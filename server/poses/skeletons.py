"""Skeletons whose bones are directions: each bone's polar angle and azimuth, and the range in which an animal can hold it.

After the pose synthesis paper, section 3.3: a pose is (r, theta, phi) of every edge against fixed axes, theta measured from
straight up, phi around the vertical, and the valid poses of an upright animal are those with every angle in its range. Here the
animal looks along x, its left is y; the paper's looks along -y, so its azimuths are ours less a quarter turn.

The paper draws its 16 nodes in a figure and does not name them. These were chosen so that the public keypoint sets have them:
four on the backbone, and each limb's three joints below the trunk.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ...animal.skeleton import Skeleton

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PoseSpace:
    """All poses of one skeleton. E = J - 1 edges in the order of `skeleton.bones`, each named by its lower joint.

    low, high (E, 2): smallest and largest theta and phi in radians of an upright animal, high >= low; they may leave
    0..pi and -pi..pi where a range goes through straight down or straight back. lengths (E,): of the animal at rest, the longest
    1, or None where nothing is known of them. Raises ValueError for other shapes or crossed ranges.
    """

    skeleton: Skeleton
    low: Array
    high: Array
    lengths: Array | None = None

    def __post_init__(self) -> None:
        edges = len(self.skeleton) - 1
        for name in ("low", "high"):
            value = np.array(getattr(self, name), np.float64)
            if value.shape != (edges, 2) or not np.isfinite(value).all():
                raise ValueError(f"{name}: must be ({edges}, 2) finite numbers, got {value.shape}")
            object.__setattr__(self, name, value)
        if (self.high < self.low).any():
            raise ValueError(f"high: is below low for '{self.edge_names[int((self.high < self.low).any(1).argmax())]}'")
        if self.lengths is not None:
            lengths = np.array(self.lengths, np.float64)
            if lengths.shape != (edges,) or not (lengths >= 0).all() or not np.isfinite(lengths).all():
                raise ValueError(f"lengths: must be ({edges},) numbers of at least 0")
            object.__setattr__(self, "lengths", lengths / max(lengths.max(initial=0.0), 1e-12))

    @cached_property
    def children(self) -> NDArray[np.int64]:
        """(E,) the lower joint of every edge."""
        return self.skeleton.bones[:, 0]

    @cached_property
    def edge_names(self) -> tuple[str, ...]:
        """(E,)"""
        return tuple(self.skeleton.names[joint] for joint in self.children)

    @cached_property
    def reach(self) -> Array:
        """(J, E): 1 for the edges between the root and a joint. Its product with the edges' vectors is equation 5 for all joints."""
        place = {int(joint): edge for edge, joint in enumerate(self.children)}
        reach = np.zeros((len(self.skeleton), len(place)))
        for joint in self.skeleton.order[1:]:
            reach[joint] = reach[self.skeleton.parents[joint]]
            reach[joint, place[joint]] = 1.0
        return reach

    @cached_property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """Edges of the same part on the left and on the right: the set l of equation 8."""
        place = {int(joint): edge for edge, joint in enumerate(self.children)}
        mirror, sides = self.skeleton.mirror, self.skeleton.sides
        return tuple((edge, place[int(mirror[joint])]) for joint, edge in place.items()
                     if sides[joint] > 0 and int(mirror[joint]) in place)


# theta and phi in degrees of the middle and the left; the right's phi is the left's with the other sign.
_RANGES: dict[str, tuple[str, tuple[float, float], tuple[float, float]]] = {
    "head": ("neck", (10, 115), (-60, 60)),
    "nose": ("head", (55, 160), (-70, 70)),
    "tail_base": ("neck", (65, 120), (150, 210)),
    "left_elbow": ("neck", (115, 170), (10, 175)),
    "left_wrist": ("left_elbow", (90, 205), (-25, 35)),
    "left_front_paw": ("left_wrist", (85, 210), (150, 210)),
    "left_knee": ("tail_base", (95, 190), (-5, 60)),
    "left_ankle": ("left_knee", (90, 190), (150, 205)),
    "left_hind_paw": ("left_ankle", (100, 215), (-30, 30)),
}


def _paper_space() -> PoseSpace:
    names, parents, ranges = ["neck"], [-1], {}
    for side in ("left", "right"):
        for name, (parent, theta, phi) in _RANGES.items():
            if side == "right" and not name.startswith("left"):
                continue
            name, parent = name.replace("left", side), parent.replace("left", side)
            names.append(name)
            parents.append(names.index(parent))
            ranges[name] = (theta, phi if side == "left" else (-phi[1], -phi[0]))
    skeleton = Skeleton(tuple(names), tuple(parents))
    table = np.radians([ranges[names[joint]] for joint in skeleton.bones[:, 0]])
    rest = {"head": 0.55, "nose": 0.3, "tail_base": 1.0, "elbow": 0.42, "wrist": 0.33, "front_paw": 0.28, "knee": 0.4, "ankle": 0.36,
            "hind_paw": 0.3}
    lengths = [rest[names[joint].removeprefix("left_").removeprefix("right_")] for joint in skeleton.bones[:, 0]]
    return PoseSpace(skeleton, table[:, :, 0], table[:, :, 1], np.array(lengths))


PAPER = _paper_space()
"""The 16-node animal, rooted at the neck."""
