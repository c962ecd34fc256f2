"""The named points of an animal's surface, in one fixed order into which every public set is a table.

The first 26 are Animal3D's, in its order (Xu et al. 2023), then points that other sets annotate. Left and right are the
animal's own. Keypoints lie on the skin; skeleton joints are another thing and never share an array with them.
`keypoint_sets.py` holds the tables of the public sets.
"""

from __future__ import annotations

import difflib
import re

import numpy as np

SUPERSET = (
    "left_eye", "right_eye", "chin", "left_front_paw", "right_front_paw", "left_hind_paw", "right_hind_paw", "tail_base",
    "left_elbow", "right_elbow", "left_knee", "right_knee", "left_shoulder", "right_shoulder", "left_wrist", "right_wrist",
    "left_ankle", "right_ankle", "neck", "tail_tip", "left_ear_base", "right_ear_base",
    "left_mouth_corner", "right_mouth_corner", "nose", "tail_middle",
    "left_ear_tip", "right_ear_tip", "withers", "throat", "back_middle", "back_end", "belly", "left_hip", "right_hip",
    "nape", "neck_base", "throat_top", "throat_base", "upper_jaw", "left_flank", "right_flank", "forehead", "chest")
INDEX = {name: i for i, name in enumerate(SUPERSET)}


def mirror_keypoint(name: str) -> str:
    """The point on the animal's other side: left_eye → right_eye; points on the midline are their own mirror."""
    if name.startswith("left_"):
        return "right_" + name[5:]
    return "left_" + name[6:] if name.startswith("right_") else name


MIRROR = np.array([INDEX[mirror_keypoint(name)] for name in SUPERSET])
"""(44,) the index of each point's mirror image."""

_SIDED_LINES = (
    ("nose", "eye"), ("eye", "ear_base"), ("ear_base", "ear_tip"), ("nose", "mouth_corner"), ("mouth_corner", "chin"),
    ("ear_base", "nape"), ("withers", "shoulder"), ("shoulder", "elbow"), ("elbow", "wrist"), ("wrist", "front_paw"),
    ("back_end", "hip"), ("hip", "knee"), ("knee", "ankle"), ("ankle", "hind_paw"))
_MIDLINES = (
    ("nose", "forehead"), ("forehead", "nape"), ("nape", "neck_base"), ("neck_base", "withers"), ("withers", "back_middle"),
    ("back_middle", "back_end"), ("back_end", "tail_base"), ("tail_base", "tail_middle"), ("tail_middle", "tail_tip"),
    ("chin", "throat_top"), ("throat_top", "throat"), ("throat", "throat_base"), ("throat_base", "chest"), ("chest", "belly"))


def _lines() -> tuple[tuple[int, int], ...]:
    """The lines to draw between points, as pairs of indices, the sided ones on both sides."""
    pairs = [(INDEX[a], INDEX[b]) for a, b in _MIDLINES]
    for side in ("left_", "right_"):
        for a, b in _SIDED_LINES:
            pairs.append((INDEX.get(side + a, INDEX.get(a, -1)), INDEX.get(side + b, INDEX.get(b, -1))))
    return tuple(pairs)


SKELETON = _lines()
"""Pairs of superset indices to join by a line when points are drawn."""

SUGGESTED_ORDER = (
    "nose", "tail_base", "left_front_paw", "right_front_paw", "left_hind_paw", "right_hind_paw", "left_eye", "right_eye",
    "withers", "left_ear_base", "right_ear_base", "left_knee", "right_knee", "left_elbow", "right_elbow",
    "left_ankle", "right_ankle", "left_wrist", "right_wrist", "tail_tip", "left_ear_tip", "right_ear_tip", "throat", "chin",
    "left_shoulder", "right_shoulder", "left_hip", "right_hip", "neck", "back_middle", "belly", "tail_middle")
"""The order in which points are asked for: the first ones tell most about where the animal is and which way it faces."""

ALIASES = {
    "lower_jaw": "chin", "jaw": "chin", "nose_tip": "nose", "snout": "nose", "tail_root": "tail_base", "tail_start": "tail_base",
    "root_of_tail": "tail_base", "tailbase": "tail_base", "tail_end": "tail_tip", "tailtip": "tail_tip", "tail_mid": "tail_middle",
    "tail_midpoint": "tail_middle", "left_forefoot": "left_front_paw", "left_hind_foot": "left_hind_paw",
    "left_front_foot": "left_front_paw", "left_front_hoof": "left_front_paw", "left_hind_hoof": "left_hind_paw",
    "left_back_paw": "left_hind_paw",
    "left_f_paw": "left_front_paw", "left_fore_paw": "left_front_paw", "left_b_paw": "left_hind_paw", "left_h_paw": "left_hind_paw",
    "left_back_foot": "left_hind_paw", "left_rear_paw": "left_hind_paw",
    "left_forelimb_elbow": "left_elbow", "left_front_elbow": "left_elbow", "left_hind_knee": "left_knee", "left_stifle": "left_knee",
    "left_back_knee": "left_knee", "left_upper_forelimb": "left_shoulder", "left_fore_wrist": "left_wrist",
    "left_carpus": "left_wrist", "left_front_wrist": "left_wrist", "left_hind_ankle": "left_ankle", "left_hock": "left_ankle",
    "left_heel": "left_ankle", "left_ear": "left_ear_base", "left_earbase": "left_ear_base", "left_earend": "left_ear_tip",
    "left_eartip": "left_ear_tip", "left_lip_corner": "left_mouth_corner", "neck_midpoint": "neck", "neck_mid": "neck",
    "middle_back": "back_middle", "anterior_back": "withers", "posterior_back": "back_end", "croup": "back_end",
    "abdomen": "belly", "abdomen_midpoint": "belly", "belly_bottom": "belly", "head_top": "forehead", "breast": "chest"}


class KeypointError(ValueError):
    """A point's name that is not known; the message suggests the nearest one."""


def _plain(name: str) -> str:
    """Lower case with single underscores, sides spelt out and in front: `L-F Paw` → `left_f_paw`, `Paw.R` → `right_paw`."""
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.strip())
    words = [word for word in re.split(r"[^a-z0-9]+", text.lower()) if word]
    sides = {"l": "left", "r": "right", "left": "left", "right": "right"}
    for i, word in enumerate(words):
        if word in sides:
            return "_".join([sides[word], *words[:i], *words[i + 1:]])
    return "_".join(words)


_NAMES = dict(INDEX)
for _alias, _name in ALIASES.items():
    _NAMES[_alias] = INDEX[_name]
    _NAMES[mirror_keypoint(_alias)] = INDEX[mirror_keypoint(_name)]


def resolve(name: str) -> int:
    """The superset index of a point by its name or a known alias; case, spaces and dashes do not matter.

    Raises KeypointError with the nearest known name.
    """
    plain = _plain(name)
    if plain in _NAMES:
        return _NAMES[plain]
    near = difflib.get_close_matches(plain, _NAMES, n=1, cutoff=0.6)
    hint = f"; did you mean '{near[0]}'?" if near else f"; known names are {', '.join(SUPERSET)}"
    raise KeypointError(f"no keypoint is called '{name}'{hint}")
