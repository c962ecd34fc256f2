"""The public keypoint sets as tables into the superset: which of our points each of theirs is, by what it marks.

The same word marks different places in different sets. AP-10K's "shoulder" and "elbow" sit where Animal3D has elbow
and wrist, its "hip" and "knee" where Animal3D has knee and ankle (the published conversions agree on this);
StanfordExtra's and AnimalPose's "top" of a leg or "elbow" is the elbow in front and the knee behind. So names of a
set are read through its table, and only names without a set through `keypoints.resolve`.

AwA's ends were measured on its 10,052 annotations: `neck_base` is nearer the ears than `neck_end` in 97 %, `throat_base`
nearer the jaw than `throat_end` in 97 %, `back_base` nearer the nose than `back_end` in 98 %. Its front "thai" stands at
half the height of the back, just under the belly line's start (the elbow), its "knee" at 28 % (the wrist); behind, 52 %
(the knee) and 32 % (the ankle).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .keypoints import INDEX, SUPERSET, KeypointError, resolve
from .keypoints import _plain as plain_name


@dataclass(frozen=True)
class KeypointSet:
    """One set: `points` are its own names in its own order, `superset` (n,) our index of each or -1.

    `sigmas` (n,) are the set's published tolerances for object keypoint similarity, None where none were published.
    """

    name: str
    points: tuple[str, ...]
    superset: tuple[int, ...]
    sigmas: tuple[float, ...] | None = None

    def __len__(self) -> int:
        return len(self.points)

    @property
    def unmapped(self) -> tuple[str, ...]:
        """Names of the set's points that no point of ours stands for."""
        return tuple(name for name, index in zip(self.points, self.superset, strict=True) if index < 0)

    @property
    def mirror(self) -> NDArray[np.int64]:
        """(n,) the index of each point's counterpart on the other side, its own on the midline."""
        place = {name: i for i, name in enumerate(self.points)}
        return np.array([place.get(other_side(name), i) for i, name in enumerate(self.points)])

    def index(self, name: str) -> int:
        """The row of a point by the set's own name, or else by ours; spelling matters as little as in `resolve`.

        "L_Elbow" is AP-10K's own left_elbow, which is our left_wrist. Raises KeypointError.
        """
        plain = plain_name(name)
        for row, point in enumerate(self.points):
            if plain_name(point) == plain:
                return row
        try:
            return self.superset.index(resolve(name))
        except (KeypointError, ValueError):
            raise KeypointError(f"{self.name} has no point '{name}'; it has {', '.join(self.points)}") from None

    def to_superset(self, values: ArrayLike) -> NDArray[np.float64]:
        """Rows (…, n, d) of the set as rows (…, 44, d) of the superset, nan where the set has no such point."""
        values = np.asarray(values, np.float64)
        if values.ndim < 2 or values.shape[-2] != len(self):
            raise KeypointError(f"{self.name} has {len(self)} points, got an array of shape {values.shape}")
        result = np.full((*values.shape[:-2], len(SUPERSET), values.shape[-1]), np.nan)
        rows = [row for row, index in enumerate(self.superset) if index >= 0]
        result[..., [self.superset[row] for row in rows], :] = values[..., rows, :]
        return result

    def from_superset(self, values: ArrayLike) -> NDArray[np.float64]:
        """Rows (…, 44, d) of the superset as rows (…, n, d) of the set, nan for what cannot be mapped."""
        values = np.asarray(values, np.float64)
        if values.ndim < 2 or values.shape[-2] != len(SUPERSET):
            raise KeypointError(f"the superset has {len(SUPERSET)} points, got an array of shape {values.shape}")
        index = np.array(self.superset)
        return np.where((index >= 0)[:, None], values[..., np.maximum(index, 0), :], np.nan)


_SIDES = {"left": "right", "right": "left", "Left": "Right", "Right": "Left", "L": "R", "R": "L"}


def other_side(name: str) -> str:
    """The name of the point on the animal's other side, in the spelling of any set; the name itself on the midline."""
    return re.sub(r"(?<![A-Za-z])(left|right|Left|Right|L|R)(?![A-Za-z])", lambda m: _SIDES[m[1]], name)


def _set(name: str, table: Mapping[str, str | None], sigmas: Sequence[float] | None = None) -> KeypointSet:
    indices = tuple(-1 if ours is None else INDEX[ours] for ours in table.values())
    return KeypointSet(name, tuple(table), indices, None if sigmas is None else tuple(sigmas))


def _sided(front: Mapping[str, str], hind: Mapping[str, str], order: str) -> dict[str, str]:
    """Stanford's legs: order "lf lr rf rr" and for each the same three points."""
    sides, ends = {"l": "left", "r": "right"}, {"f": ("front", front), "r": ("rear", hind)}
    table = {}
    for leg in order.split():
        side, (end, points) = sides[leg[0]], ends[leg[1]]
        table |= {f"{side.title()} {end} leg: {part}": f"{side}_{ours}" for part, ours in points.items()}
    return table


_AP10K: dict[str, str | None] = {
    "left_eye": "left_eye", "right_eye": "right_eye", "nose": "nose", "neck": "neck", "root_of_tail": "tail_base",
    "left_shoulder": "left_elbow", "left_elbow": "left_wrist", "left_front_paw": "left_front_paw",
    "right_shoulder": "right_elbow", "right_elbow": "right_wrist", "right_front_paw": "right_front_paw",
    "left_hip": "left_knee", "left_knee": "left_ankle", "left_back_paw": "left_hind_paw",
    "right_hip": "right_knee", "right_knee": "right_ankle", "right_back_paw": "right_hind_paw",
}  # fmt: skip
_AP10K_SIGMAS = (0.025, 0.025, 0.026, 0.035, 0.035, 0.079, 0.072, 0.062, 0.079, 0.072, 0.062,
                 0.107, 0.087, 0.089, 0.107, 0.087, 0.089)  # fmt: skip

# In the order of AnimalPose's own JSON file.
_ANIMALPOSE: dict[str, str | None] = {
    "left_eye": "left_eye", "right_eye": "right_eye", "nose": "nose", "left_ear": "left_ear_base",
    "right_ear": "right_ear_base", "left_front_elbow": "left_elbow", "right_front_elbow": "right_elbow",
    "left_back_elbow": "left_knee", "right_back_elbow": "right_knee", "left_front_knee": "left_wrist",
    "right_front_knee": "right_wrist", "left_back_knee": "left_ankle", "right_back_knee": "right_ankle",
    "left_front_paw": "left_front_paw", "right_front_paw": "right_front_paw", "left_back_paw": "left_hind_paw",
    "right_back_paw": "right_hind_paw", "throat": "throat", "withers": "withers", "tailbase": "tail_base",
}  # fmt: skip
_ANIMALPOSE_SIGMAS = (0.025, 0.025, 0.026, 0.035, 0.035, *[0.107] * 4, *[0.087] * 4, *[0.089] * 4, 0.1, 0.1, 0.1)

_STANFORD: dict[str, str | None] = {
    **_sided(
        {"paw": "front_paw", "middle joint": "wrist", "top": "elbow"},
        {"paw": "hind_paw", "middle joint": "ankle", "top": "knee"},
        "lf lr rf rr",
    ),
    "Tail start": "tail_base", "Tail end": "tail_tip", "Base of left ear": "left_ear_base",
    "Base of right ear": "right_ear_base", "Nose": "nose", "Chin": "chin", "Left ear tip": "left_ear_tip",
    "Right ear tip": "right_ear_tip", "Left eye": "left_eye", "Right eye": "right_eye", "Withers": "withers",
    "Throat": "throat",
}  # fmt: skip

_ANIMAL_KINGDOM: dict[str, str | None] = {
    "Head_Mid_Top": "forehead", "Eye_Left": "left_eye", "Eye_Right": "right_eye", "Mouth_Front_Top": "upper_jaw",
    "Mouth_Back_Left": "left_mouth_corner", "Mouth_Back_Right": "right_mouth_corner", "Mouth_Front_Bottom": "chin",
    "Shoulder_Left": "left_shoulder", "Shoulder_Right": "right_shoulder", "Elbow_Left": "left_elbow",
    "Elbow_Right": "right_elbow", "Wrist_Left": "left_wrist", "Wrist_Right": "right_wrist",
    "Torso_Mid_Back": "back_middle", "Hip_Left": "left_hip", "Hip_Right": "right_hip", "Knee_Left": "left_knee",
    "Knee_Right": "right_knee", "Ankle_Left": "left_ankle", "Ankle_Right": "right_ankle",
    "Tail_Top_Back": "tail_base", "Tail_Mid_Back": "tail_middle", "Tail_End_Back": "tail_tip",
}  # fmt: skip

_ANIMAL_WORLD: dict[str, str | None] = {
    "left eye": "left_eye", "right eye": "right_eye", "lower jaw": "chin", "left forefoot": "left_front_paw",
    "right forefoot": "right_front_paw", "left hind foot": "left_hind_paw", "right hind foot": "right_hind_paw",
    "tail root": "tail_base", "left forelimb elbow": "left_elbow", "right forelimb elbow": "right_elbow",
    "left hind knee": "left_knee", "right hind knee": "right_knee", "left upper forelimb": "left_shoulder",
    "right upper forelimb": "right_shoulder", "left fore wrist": "left_wrist", "right fore wrist": "right_wrist",
    "left hind ankle": "left_ankle", "right hind ankle": "right_ankle", "neck midpoint": "neck",
    "tail tip": "tail_tip", "left ear base": "left_ear_base", "right ear base": "right_ear_base",
    "left mouth corner": "left_mouth_corner", "right mouth corner": "right_mouth_corner", "nose tip": "nose",
    "tail midpoint": "tail_middle", "anterior back": "withers", "middle back": "back_middle",
    "posterior back": "back_end", "abdomen midpoint": "belly",
}  # fmt: skip

# Animals with Attributes with pose, also the points (and names) of DeepLabCut's SuperAnimal-Quadruped.
_AWA: dict[str, str | None] = {
    "nose": "nose", "upper_jaw": "upper_jaw", "lower_jaw": "chin", "mouth_end_right": "right_mouth_corner",
    "mouth_end_left": "left_mouth_corner", "right_eye": "right_eye", "right_earbase": "right_ear_base",
    "right_earend": "right_ear_tip", "right_antler_base": None, "right_antler_end": None, "left_eye": "left_eye",
    "left_earbase": "left_ear_base", "left_earend": "left_ear_tip", "left_antler_base": None, "left_antler_end": None,
    "neck_base": "nape", "neck_end": "neck_base", "throat_base": "throat_top", "throat_end": "throat_base",
    "back_base": "withers", "back_end": "back_end", "back_middle": "back_middle", "tail_base": "tail_base",
    "tail_end": "tail_tip", "front_left_thai": "left_elbow", "front_left_knee": "left_wrist",
    "front_left_paw": "left_front_paw", "front_right_thai": "right_elbow", "front_right_paw": "right_front_paw",
    "front_right_knee": "right_wrist", "back_left_knee": "left_ankle", "back_left_paw": "left_hind_paw",
    "back_left_thai": "left_knee", "back_right_thai": "right_knee", "back_right_paw": "right_hind_paw",
    "back_right_knee": "right_ankle", "belly_bottom": "belly", "body_middle_right": "right_flank",
    "body_middle_left": "left_flank",
}  # fmt: skip

# BADJA's 37 rows follow SMAL's joints; these are annotated. In every clip the rows called left here are the ones seen
# more often when the animal walks to the left of the picture. Ears are taken to be their tips.
_BADJA_ROWS = {
    8: "right_elbow", 9: "right_wrist", 10: "right_front_paw", 12: "left_elbow", 13: "left_wrist", 14: "left_front_paw",
    15: "neck_base", 18: "right_knee", 19: "right_ankle", 20: "right_hind_paw", 22: "left_knee", 23: "left_ankle",
    24: "left_hind_paw", 25: "tail_base", 28: "tail_middle", 31: "tail_tip", 32: "chin", 33: "nose",
    35: "right_ear_tip", 36: "left_ear_tip",
}  # fmt: skip
_BADJA: dict[str, str | None] = {_BADJA_ROWS.get(i, f"row_{i}"): _BADJA_ROWS.get(i) for i in range(37)}

_ALL = (
    _set("animal3d", {name: name for name in SUPERSET[:26]}),
    _set("superset", {name: name for name in SUPERSET}),
    _set("ap10k", _AP10K, _AP10K_SIGMAS),
    _set("apt36k", _AP10K, _AP10K_SIGMAS),
    _set("aptv2", _AP10K, _AP10K_SIGMAS),
    _set("animalpose", _ANIMALPOSE, _ANIMALPOSE_SIGMAS),
    _set("stanford_extra", _STANFORD),
    _set("animal_kingdom", _ANIMAL_KINGDOM, [0.025] * 23),
    _set("animal_world", _ANIMAL_WORLD),
    _set("awa", _AWA),
    _set("superanimal_quadruped", _AWA),
    _set("badja", _BADJA),
)
KEYPOINT_SETS: Mapping[str, KeypointSet] = MappingProxyType({s.name: s for s in _ALL})
"""The public sets by name."""


def keypoint_set(name: str) -> KeypointSet:
    """A public set by its name, whatever its spelling ("AP-10K", "Stanford Extra"). Raises KeypointError."""
    wanted = re.sub(r"[^a-z0-9]", "", name.lower())
    for known in _ALL:
        if re.sub(r"[^a-z0-9]", "", known.name) == wanted:
            return known
    raise KeypointError(f"no keypoint set is called '{name}'; known sets are {', '.join(KEYPOINT_SETS)}")


def from_names(names: Sequence[str], name: str = "project") -> KeypointSet:
    """The set of a DeepLabCut or SLEAP project (or any list of names): what `resolve` knows is mapped, the rest is not.

    A second name for the same point is left out, and our own name goes before an alias. Raises KeypointError when a
    name occurs twice.
    """
    if len(set(names)) != len(names):
        raise KeypointError(f"{name}: a keypoint's name occurs twice")
    found: dict[str, int] = {}
    for exact in (True, False):
        for point in names:
            if point in found or (exact and point not in INDEX):
                continue
            try:
                index = resolve(point)
            except KeypointError:
                continue
            if index not in found.values():
                found[point] = index
    return KeypointSet(name, tuple(names), tuple(found.get(point, -1) for point in names))


def set_of(names: Sequence[str]) -> KeypointSet:
    """The set that a list of names belongs to: a public one with just these names (in any order), else `from_names`.

    The result has the order of `names`.
    """
    for known in _ALL:
        if len(names) == len(known) and set(names) == set(known.points):
            rows = [known.points.index(point) for point in names]
            sigmas = None if known.sigmas is None else tuple(known.sigmas[row] for row in rows)
            return KeypointSet(known.name, tuple(names), tuple(known.superset[row] for row in rows), sigmas)
    return from_names(names)
