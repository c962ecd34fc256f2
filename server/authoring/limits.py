"""How far each joint of the default animal may turn, about x (roll), y (flexion) and z (yaw), in radians.

Own figures, from what quadrupeds' joints are known to do, for a model whose rest is a standing stance; they are meant as
generous bounds for a soft prior. Axes are world-aligned at rest: a positive turn about y swings what hangs down backward
and what points forward down.
"""

from __future__ import annotations

import numpy as np

from .skeleton import INDEX, JOINT_NAMES, SPINE, joint_mirror

SPINE_LIMIT = ((-0.18, 0.18), (-0.22, 0.26), (-0.22, 0.22))
# Given for the left side: about x, about y, about z.
LIMITS: dict[str, tuple[tuple[float, float], ...]] = {
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
    "Neck": ((-0.50, 0.50), (-0.75, 1.25), (-0.95, 0.95)),
    "Head": ((-0.60, 0.60), (-0.80, 1.00), (-0.80, 0.80)),
    "Tail1": ((-0.30, 0.30), (-1.10, 1.60), (-0.90, 0.90)),
    **{f"Tail{k}": ((-0.30, 0.30), (-0.80, 0.80), (-0.80, 0.80)) for k in range(2, 8)},
    "Mouth": ((-0.04, 0.04), (-0.06, 0.75), (-0.06, 0.06)),
    "LEar": ((-1.90, 0.50), (-1.10, 1.10), (-0.90, 0.90)),
}


def joint_limits() -> np.ndarray:
    """Bounds (35, 3, 2); the right side mirrors the left exactly (x and z turns change sign)."""
    limits = np.zeros((len(JOINT_NAMES), 3, 2))
    for name, ranges in LIMITS.items():
        limits[INDEX[name]] = ranges
    for index, partner in enumerate(joint_mirror()):
        if JOINT_NAMES[index].startswith("R"):
            left = limits[partner]
            limits[index] = np.stack([-left[0, ::-1], left[1], -left[2, ::-1]])
    return limits
