"""How far each joint of the open animal may turn, about x (roll), y (flexion) and z (yaw), in radians.

Own figures, from what quadrupeds' joints are known to do, for a model whose rest is a standing stance; they are meant as
generous bounds for a soft prior and for sampling. Axes are world-aligned at rest: a positive turn about y swings what
hangs down backward and what points forward down. `FAMILIES` says where a family differs, and `family_limits` widens what
stands here until the clips of that family's rigs lie inside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from .skeleton import INDEX, JOINT_NAMES, SPINE, TAIL, joint_mirror

Ranges = tuple[tuple[float, float], ...]

SPINE_LIMIT = ((-0.18, 0.18), (-0.22, 0.26), (-0.22, 0.22))
# Given for the left side: about x, about y, about z.
LIMITS: dict[str, Ranges] = {
    "pelvis": ((-3.15, 3.15),) * 3,
    **dict.fromkeys(SPINE[1:], SPINE_LIMIT),
    "LLeg1": ((-0.45, 0.60), (-0.95, 0.90), (-0.40, 0.40)),
    "LLeg2": ((-0.15, 0.15), (-1.75, 0.30), (-0.20, 0.20)),
    "LLeg3": ((-0.20, 0.20), (-0.45, 1.85), (-0.20, 0.20)),
    "LFoot": ((-0.20, 0.20), (-1.10, 1.30), (-0.20, 0.20)),
    "LLegBack1": ((-0.45, 0.65), (-1.10, 0.85), (-0.40, 0.40)),
    "LLegBack2": ((-0.15, 0.15), (-0.55, 1.40), (-0.25, 0.25)),
    "LLegBack3": ((-0.15, 0.15), (-1.45, 0.65), (-0.20, 0.20)),
    "LFootBack": ((-0.20, 0.20), (-1.10, 1.30), (-0.20, 0.20)),
    "Neck": ((-0.50, 0.50), (-0.75, 1.60), (-0.95, 0.95)),
    "Head": ((-0.60, 0.60), (-1.00, 1.00), (-0.80, 0.80)),
    "Tail1": ((-0.30, 0.30), (-1.10, 1.60), (-0.90, 0.90)),
    **{f"Tail{k}": ((-0.30, 0.30), (-0.80, 0.80), (-0.80, 0.80)) for k in range(2, 8)},
    "Mouth": ((-0.01, 0.01), (0.00, 0.75), (-0.01, 0.01)),  # the rest's mouth is shut
    "LEar": ((-1.90, 0.50), (-1.10, 1.10), (-0.90, 0.90)),
}

_SUPPLE_BACK: dict[str, Ranges] = dict.fromkeys(SPINE[1:], ((-0.22, 0.22), (-0.30, 0.38), (-0.30, 0.30)))
_STIFF_BACK: dict[str, Ranges] = dict.fromkeys(SPINE[1:], ((-0.10, 0.10), (-0.12, 0.15), (-0.12, 0.12)))
_RIGID_BACK: dict[str, Ranges] = dict.fromkeys(SPINE[1:], ((-0.06, 0.06), (-0.08, 0.10), (-0.08, 0.08)))
# Ungulates' carpus, hock and fetlock are hinges: they hardly roll or yaw, and the shoulder blade holds the upper arm in.
_HINGED_LEGS: dict[str, Ranges] = {
    "LLeg1": ((-0.25, 0.35), (-0.95, 0.90), (-0.20, 0.20)),
    "LLeg3": ((-0.06, 0.06), (-0.15, 2.00), (-0.05, 0.05)),
    "LFoot": ((-0.08, 0.08), (-1.30, 1.50), (-0.05, 0.05)),
    "LLegBack1": ((-0.30, 0.45), (-1.10, 0.85), (-0.25, 0.25)),
    "LLegBack3": ((-0.06, 0.06), (-1.45, 0.65), (-0.05, 0.05)),
    "LFootBack": ((-0.08, 0.08), (-1.30, 1.50), (-0.05, 0.05)),
}
# Paws that grip and climb turn over; the whole limb swings out.
_GRASPING_LEGS: dict[str, Ranges] = {
    "LLeg1": ((-0.55, 1.10), (-1.30, 1.20), (-0.60, 0.60)),
    "LLeg2": ((-0.40, 0.40), (-1.90, 0.45), (-0.40, 0.40)),
    "LLeg3": ((-0.45, 0.45), (-0.80, 1.85), (-0.40, 0.40)),
    "LLegBack1": ((-0.55, 1.00), (-1.30, 1.00), (-0.60, 0.60)),
}
# Pillar legs stand nearly straight and stay so.
_PILLAR_LEGS: dict[str, Ranges] = {
    "LLeg1": ((-0.25, 0.25), (-0.70, 0.65), (-0.15, 0.15)),
    "LLeg2": ((-0.08, 0.08), (-1.00, 0.15), (-0.08, 0.08)),
    "LLeg3": ((-0.08, 0.08), (-0.20, 1.20), (-0.08, 0.08)),
    "LFoot": ((-0.08, 0.08), (-0.40, 0.50), (-0.08, 0.08)),
    "LLegBack1": ((-0.25, 0.25), (-0.75, 0.60), (-0.15, 0.15)),
    "LLegBack2": ((-0.08, 0.08), (-0.20, 0.95), (-0.08, 0.08)),
    "LLegBack3": ((-0.08, 0.08), (-0.90, 0.30), (-0.08, 0.08)),
    "LFootBack": ((-0.08, 0.08), (-0.40, 0.50), (-0.08, 0.08)),
}
_SHORT_NECK: dict[str, Ranges] = {"Neck": ((-0.25, 0.25), (-0.45, 0.70), (-0.45, 0.45)),
                                  "Head": ((-0.40, 0.40), (-0.60, 0.80), (-0.55, 0.55))}  # fmt: skip
_GRAZING_NECK: dict[str, Ranges] = {"Neck": ((-0.50, 0.50), (-0.80, 2.00), (-1.00, 1.00))}
_SMALL_TAIL: dict[str, Ranges] = dict.fromkeys(TAIL[1:], ((-0.15, 0.15), (-0.40, 0.40), (-0.40, 0.40)))
_UNGULATE: dict[str, Ranges] = {**_STIFF_BACK, **_HINGED_LEGS, **_GRAZING_NECK}

FAMILIES: dict[str, Mapping[str, Ranges]] = {
    "felid": {**_SUPPLE_BACK, "LLeg1": ((-0.50, 0.80), (-1.15, 1.05), (-0.50, 0.50)),
              "LLeg3": ((-0.40, 0.40), (-0.60, 1.85), (-0.35, 0.35))},
    "viverrid": _SUPPLE_BACK, "herpestid": _SUPPLE_BACK, "mustelid": _SUPPLE_BACK,
    "procyonid": {**_SUPPLE_BACK, **_GRASPING_LEGS}, "ailurid": {**_SUPPLE_BACK, **_GRASPING_LEGS},
    "ursid": {**_GRASPING_LEGS, **_SMALL_TAIL}, "primate": {**_SUPPLE_BACK, **_GRASPING_LEGS},
    "rodent": _SUPPLE_BACK, "marsupial": {},
    "lagomorph": {**_SUPPLE_BACK, **_SMALL_TAIL, "LLegBack2": ((-0.15, 0.15), (-0.80, 1.60), (-0.25, 0.25)),
                  "LLegBack3": ((-0.15, 0.15), (-1.80, 0.80), (-0.20, 0.20))},
    "equid": _UNGULATE, "bovid": _UNGULATE, "cervid": {**_UNGULATE, **_SMALL_TAIL},
    "antilocaprid": {**_UNGULATE, **_SMALL_TAIL}, "camelid": _UNGULATE,
    "giraffid": {**_UNGULATE, "Neck": ((-0.35, 0.35), (-0.45, 2.20), (-0.80, 0.80)),
                 "Head": ((-0.40, 0.40), (-1.20, 1.00), (-0.60, 0.60))},
    "suid": {**_STIFF_BACK, **_HINGED_LEGS, **_SHORT_NECK}, "tayassuid": {**_STIFF_BACK, **_HINGED_LEGS, **_SHORT_NECK},
    "tapirid": {**_STIFF_BACK, **_SHORT_NECK, **_SMALL_TAIL},
    "hippopotamid": {**_RIGID_BACK, **_PILLAR_LEGS, **_SHORT_NECK, **_SMALL_TAIL,
                     "Mouth": ((-0.01, 0.01), (0.00, 1.60), (-0.01, 0.01))},
    "elephantid": {**_RIGID_BACK, **_PILLAR_LEGS, **_SHORT_NECK, "LEar": ((-0.60, 0.60), (-0.60, 0.60), (-1.30, 1.30))},
    "rhinocerotid": {**_RIGID_BACK, **_PILLAR_LEGS, "Neck": ((-0.25, 0.25), (-0.45, 0.90), (-0.45, 0.45))},
}  # fmt: skip
"""Left-side ranges that replace the general ones; a family not named here has the general ones."""

MARGIN = 0.05
"""Radians that limits reach beyond the widest turn seen in a clip."""


def joint_limits(family: str | None = None) -> np.ndarray:
    """Bounds (35, 3, 2) of any quadruped or of a family; the right side mirrors the left (x and z turns change sign)."""
    limits = np.zeros((len(JOINT_NAMES), 3, 2))
    for name, ranges in {**LIMITS, **FAMILIES.get(family or "", {})}.items():
        limits[INDEX[name]] = ranges
    for index, partner in enumerate(joint_mirror()):
        if JOINT_NAMES[index].startswith("R"):
            left = limits[partner]
            limits[index] = np.stack([-left[0, ::-1], left[1], -left[2, ::-1]])
    return limits


def family_limits(families: Sequence[str], seen: Mapping[str, np.ndarray] | None = None) -> np.ndarray:
    """Bounds (G, 35, 3, 2) of families by name, widened to hold the poses seen {family: (F, 35, 3)} and their mirror
    images, with MARGIN to spare where they go beyond. The root is free. "quadruped" holds whatever any family was seen to do."""
    result = np.array([joint_limits(family) for family in families])
    mirror = joint_mirror()
    for row, family in enumerate(families):
        known = [poses for name, poses in (seen or {}).items() if family in (name, "quadruped")]
        for poses in known:
            both = np.concatenate([poses, poses[:, mirror] * (-1.0, 1.0, -1.0)])
            low, high = both.min(axis=0)[1:], both.max(axis=0)[1:]
            least, most = result[row, 1:, :, 0], result[row, 1:, :, 1]
            result[row, 1:, :, 0] = np.where(low < least, low - MARGIN, least)
            result[row, 1:, :, 1] = np.where(high > most, high + MARGIN, most)
    return result
