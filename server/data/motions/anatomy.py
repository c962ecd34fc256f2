"""One skeleton of named anatomical points for every animal whose keypoints are known, as AnimalSyn3D has one for its own.

The superset's points lie on the skin; here they are hung on one another as bones would be, with four points inside the
body made of them: the pelvis between the hips, the spine, the head between eyes and ears, and between the shoulders.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ....animal.keypoints import INDEX
from ....animal.skeleton import Skeleton

Array = NDArray[np.float64]

MADE = {
    "pelvis": (("left_hip", 0.5), ("right_hip", 0.5)),
    "spine": (("back_middle", 0.7), ("belly", 0.3)),
    "thorax": (("left_shoulder", 0.3), ("right_shoulder", 0.3), ("withers", 0.4)),
    "head": (("left_eye", 0.25), ("right_eye", 0.25), ("left_ear_base", 0.25), ("right_ear_base", 0.25)),
}
"""Points inside the body and the keypoints they are means of."""

BONES = (
    ("pelvis", ""), ("spine", "pelvis"), ("thorax", "spine"), ("neck", "thorax"), ("head", "neck"), ("nose", "head"), ("chin", "head"),
    ("left_eye", "head"), ("right_eye", "head"),
    ("left_ear_base", "head"), ("left_ear_tip", "left_ear_base"), ("right_ear_base", "head"), ("right_ear_tip", "right_ear_base"),
    ("left_shoulder", "thorax"), ("left_elbow", "left_shoulder"), ("left_wrist", "left_elbow"), ("left_front_paw", "left_wrist"),
    ("right_shoulder", "thorax"), ("right_elbow", "right_shoulder"), ("right_wrist", "right_elbow"), ("right_front_paw", "right_wrist"),
    ("left_hip", "pelvis"), ("left_knee", "left_hip"), ("left_ankle", "left_knee"), ("left_hind_paw", "left_ankle"),
    ("right_hip", "pelvis"), ("right_knee", "right_hip"), ("right_ankle", "right_knee"), ("right_hind_paw", "right_ankle"),
    ("tail_base", "pelvis"), ("tail_middle", "tail_base"), ("tail_tip", "tail_middle"),
)  # fmt: skip
"""Each point and the one it hangs on."""


def anatomical(keypoints: Array) -> tuple[Skeleton, Array]:
    """The skeleton of those points that there are, and its joints (F, J, 3), of the superset's keypoints (F, 44, 3), nan for none.

    A point whose parent is missing hangs on that one's parent. Raises ValueError where there is no pelvis.
    """
    known = np.isfinite(keypoints).all(axis=(0, 2))
    points: dict[str, Array] = {}
    for name, _ in BONES:
        parts = MADE.get(name, ((name, 1.0),))
        if all(known[INDEX[part]] for part, _ in parts):
            points[name] = np.sum([share * keypoints[:, INDEX[part]] for part, share in parts], axis=0)
    if "pelvis" not in points:
        raise ValueError("the hips are not known, so there is no skeleton to hang on them")
    above = dict(BONES)
    names = list(points)
    parents = []
    for name in names:
        parent = above[name]
        while parent and parent not in points:
            parent = above[parent]
        parents.append(names.index(parent) if parent else -1)
    return Skeleton(tuple(names), tuple(parents)), np.stack([points[name] for name in names], axis=1)
