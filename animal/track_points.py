"""Tracks as the model's own points: which of our named points each tracked one is, by its keypoint set or else by its name."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .anatomy import part_of, words_of
from .keypoint_sets import KEYPOINT_SETS
from .keypoints import INDEX, SUPERSET
from .skeleton_presets import preset_of
from .tracks import Tracks, TracksError

Array = NDArray[np.float64]

FEWEST = 4
"""So many different points of an animal must be known by name before its body can be told from them."""

_PERSON = {"left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip",
           "left_knee", "right_knee", "left_ankle", "right_ankle"}  # fmt: skip
_FACE = {"nose", "left_eye", "right_eye", "left_ear_base", "right_ear_base"}


def superset_rows(names: Sequence[str]) -> list[int]:
    """The row in the superset of each tracked point, -1 for those that no point of ours stands for.

    Names that make up a public set are read through that set's table, others by what their words say. Of two points of one
    meaning the first counts.
    """
    known = preset_of(names)
    chosen = KEYPOINT_SETS.get(known[0]) if known is not None else None
    horse = any({"stifle", "hock"} & set(words_of(name)) for name in names)
    rows: list[int] = []
    for name in names:
        if chosen is not None:
            row = chosen.superset[chosen.index(name)]
        else:
            row = INDEX.get(part_of(name, horse) or "", -1)
        rows.append(row if row not in rows else -1)
    return rows


def superset_points(tracks: Tracks) -> tuple[Array, list[str]]:
    """Points (F, 44, 3) x, y in pixels and confidence, nan and 0 where there is none; and the names that were left out.

    Raises TracksError where too few points are ones that an animal's body has, or where they are a person's.
    """
    names = tracks.skeleton.names
    rows = superset_rows(names)
    used = [(joint, row) for joint, row in enumerate(rows) if row >= 0 and tracks.seen[:, joint].any()]
    if len(used) < FEWEST:
        found = ", ".join(SUPERSET[row] for _, row in used) or "none"
        raise TracksError(
            f"Only {len(used)} of the {len(names)} tracked points are points of an animal's body ({found}); {FEWEST} are needed.",
            "Name the points after what they mark, such as nose, withers, tail_base, left_front_paw, or choose their keypoint set.")
    parts = {SUPERSET[row] for _, row in used}
    if parts >= _PERSON and parts <= _PERSON | _FACE:
        raise TracksError("The tracked points are a person's: shoulders to wrists, hips to ankles, and no paw, back or tail.",
                          "Animals on four legs can be animated; take an animal's keypoint set, such as ap10k.")
    points = np.full((len(tracks), len(SUPERSET), 3), np.nan)
    points[..., 2] = 0.0
    for joint, row in used:
        points[:, row, :2] = tracks.points[:, joint]
        points[:, row, 2] = np.where(tracks.seen[:, joint], np.asarray(tracks.confidence)[:, joint], 0.0)
    return points, [name for name, row in zip(names, rows, strict=True) if row < 0]
