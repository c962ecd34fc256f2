"""Ranges for any rig: about how its bones rest, as wide as the part of the animal lets them be.

What a joint is part of is read from its name, and where names say nothing, from the tree: what has a partner on the other
side is a limb, by how far it is from the middle; chains in the middle are a back.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...animal.skeleton import Skeleton
from .skeletons import PoseSpace

WIDTHS = {"back": 14.0, "neck": 32.0, "head": 35.0, "face": 4.0, "ear": 25.0, "jaw": 12.0, "tail": 40.0, "girdle": 8.0, "upper": 38.0,
          "lower": 45.0, "foot": 45.0, "toe": 30.0, "wing": 50.0, "other": 25.0}  # fmt: skip
"""How far, in degrees, bones of a part turn from how they rest."""

_WORDS = (
    ("tail", "tail"), ("wing|feather", "wing"), ("toe|finger|digit|claw|phalan", "toe"), ("ear(?!th)", "ear"),
    ("jaw|chin|mouth|lip", "jaw"),
    ("eye|nose|horn|antler|tooth|teeth|tongue|tusk", "face"), ("head|skull", "head"), ("neck|nape|throat", "neck"),
    ("scapula|shoulder|clavicle|hip|pelvis|withers|belly|rib|breast", "girdle"),
    ("spine|back|chest|thorax|abdomen|body|torso|root", "back"), ("paw|foot|hoof|hand|metacarp|metatars", "foot"),
    ("wrist|ankle|carpus|hock|calf|shin|tibia|lower|forearm|radius", "lower"), ("elbow|knee|thigh|femur|humerus|upper|stifle", "upper"))
_LIMB = re.compile(r"leg|arm|limb|fore|hind|front|rear")


def parts_of(skeleton: Skeleton) -> tuple[str, ...]:
    """What each joint (J,) is part of: the keys of WIDTHS."""
    parts: list[str] = [""] * len(skeleton)
    sides = skeleton.sides
    depth = [0] * len(skeleton)
    for joint in skeleton.order:
        name, parent = skeleton.names[joint].lower(), skeleton.parents[joint]
        depth[joint] = depth[parent] + 1 if parent >= 0 and sides[joint] != 0 and sides[parent] == sides[joint] else 0
        found = next((part for pattern, part in _WORDS if re.search(pattern, name)), "")
        if not found and (sides[joint] != 0 or _LIMB.search(name)):
            found = ("girdle", "upper", "lower", "foot", "toe")[min(depth[joint], 4)]
        parts[joint] = found or ("other" if parent < 0 or parts[parent] in ("", "other") else parts[parent])
    return tuple(parts)


def space_of(skeleton: Skeleton, rest: ArrayLike, wide: float = 1.0) -> PoseSpace:
    """The poses of a skeleton about its rest positions (J, 3), any unit, x forward, y left, z up.

    wide: how many times the WIDTHS. A bone of no length may point anywhere. Raises ValueError for rest positions that are
    not finite or of another shape.
    """
    rest = np.asarray(rest, np.float64)
    if rest.shape != (len(skeleton), 3) or not np.isfinite(rest).all():
        raise ValueError(f"rest: must be ({len(skeleton)}, 3) finite numbers, got {rest.shape}")
    child, parent = skeleton.bones.T
    bones = rest[child] - rest[parent]
    length = np.linalg.norm(bones, axis=1)
    theta = np.arccos(np.clip(bones[:, 2] / np.maximum(length, 1e-12), -1, 1))
    phi = np.arctan2(bones[:, 1], bones[:, 0])
    parts = parts_of(skeleton)
    width = np.radians(wide * np.array([WIDTHS[parts[joint]] for joint in child]))
    width = np.where(length < 1e-9, np.pi, width)
    # Near straight up or down a small turn is a large change of azimuth; there theta's range goes through the pole instead.
    around = np.minimum(width / np.maximum(np.sin(theta), 0.35), np.pi)
    return PoseSpace(skeleton, np.stack([theta - width, phi - around], 1), np.stack([theta + width, phi + around], 1), length)


def widths_of(skeleton: Skeleton) -> NDArray[np.float64]:
    """(J,) how far each joint turns its bone against its parent's, radians; a bone follows its parent's turns besides."""
    return np.radians([WIDTHS[part] for part in parts_of(skeleton)])
