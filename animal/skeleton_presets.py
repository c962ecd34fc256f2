"""Skeletons for lists of joint names: of the public keypoint sets, of files that users write, and guesses for all others.

A public set's bones follow from what its points mark (`anatomy.py`). Unknown names are joined by what their words say and,
where the words say nothing, by the shortest bones that keep their length: a minimum spanning tree over the tracks themselves.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .anatomy import connect, number_of, part_of, words_of
from .keypoint_sets import KEYPOINT_SETS, KeypointSet
from .keypoints import SUPERSET
from .npz import read_json
from .skeleton import MAX_JOINTS, Skeleton, SkeletonError
from .tracks import TracksError

Array = NDArray[np.float64]

RAT23 = ("Snout", "EarL", "EarR", "SpineF", "SpineM", "SpineL", "TailBase", "ShoulderL", "ElbowL", "WristL", "HandL", "ShoulderR",
         "ElbowR", "WristR", "HandR", "HipL", "KneeL", "AnkleL", "FootL", "HipR", "KneeR", "AnkleR", "FootR")  # fmt: skip
"""The markers of the rat that STAC and DANNCE publish, in the order of their files."""

TOP_VIEW_MOUSE = (
    "nose", "left_ear", "right_ear", "left_ear_tip", "right_ear_tip", "left_eye", "right_eye", "neck", "mid_back", "mouse_center",
    "mid_backend", "mid_backend2", "mid_backend3", "tail_base", "tail1", "tail2", "tail3", "tail4", "tail5", "left_shoulder",
    "left_midside", "left_hip", "right_shoulder", "right_midside", "right_hip", "tail_end", "head_midpoint",
)  # fmt: skip
"""The points of DeepLabCut's SuperAnimal-TopViewMouse, in its order; several lie along the back under words for one place."""
_TOP_VIEW_BACK = ("neck", "mid_back", "mouse_center", "mid_backend", "mid_backend2", "mid_backend3", "tail_base")

PRESETS = (*KEYPOINT_SETS, "rat23", "superanimal_topviewmouse")
"""Names that `preset` knows."""

ADVICE = ('A skeleton file is JSON: {"names": ["hip", "knee"], "bones": [["hip", "knee"]], "root": "hip"}, '
          "or the name of a preset: " + ", ".join(PRESETS) + ".")  # fmt: skip
_MAX_BYTES = 1 << 20
_ACROSS = 3.0  # how much longer a guessed bone from the left side to the right one counts
_FEWEST = 3  # frames that must show both ends of a guessed bone


def preset(name: str) -> Skeleton:
    """The skeleton of a public keypoint set by its name, whatever its spelling ("AP-10K"). Raises TracksError."""
    wanted = _letters(name)
    found = next((known for known in PRESETS if _letters(known) == wanted), None)
    if found is None:
        raise TracksError(f"No skeleton is called '{name[:80]}'.", "Known ones: " + ", ".join(PRESETS) + ".")
    return _presets()[found]


def preset_of(names: Sequence[str]) -> tuple[str, Skeleton] | None:
    """The public set with just these joints (in any order and spelling) and its skeleton in the order and spelling of `names`."""
    wanted = sorted(map(_letters, names))
    for known, skeleton in _presets().items():
        if len(skeleton) == len(names) and sorted(map(_letters, skeleton.names)) == wanted:
            place = [_letters(name) for name in skeleton.names]
            kept = skeleton.keep([place.index(_letters(name)) for name in names])
            return known, Skeleton(tuple(names), kept.parents)
    return None


@cache
def _presets() -> dict[str, Skeleton]:
    found = {name: _of_set(known) for name, known in KEYPOINT_SETS.items()}
    found["rat23"] = guess_skeleton(RAT23)
    back = [*pairwise(_TOP_VIEW_BACK), ("mid_back", "left_shoulder"), ("mid_back", "right_shoulder")]
    bones = [(TOP_VIEW_MOUSE.index(a), TOP_VIEW_MOUSE.index(b)) for a, b in back]
    found["superanimal_topviewmouse"] = guess_skeleton(TOP_VIEW_MOUSE, bones=bones)
    return found


def _of_set(known: KeypointSet) -> Skeleton:
    """A public set's skeleton; BADJA's rows that nobody annotated are left out."""
    parts = {point: SUPERSET[index] if index >= 0 else part_of(point) for point, index in zip(known.points, known.superset, strict=True)}
    return _anatomical({point: part for point, part in parts.items() if part is not None})


def _anatomical(parts: Mapping[str, str]) -> Skeleton:
    """The skeleton of named joints of which each is another part."""
    names = {part: i for i, part in enumerate(parts.values())}
    bones, root = connect(list(parts.values()))
    return Skeleton.from_edges(list(parts), [(names[a], names[b]) for a, b in bones], names[root])


def guess_skeleton(
    names: Sequence[str], points: Array | None = None, bones: Sequence[tuple[int, int]] = (), root: int | None = None
) -> Skeleton:
    """A skeleton for any names.

    names (J,), unique. points (F, J, 2), or of any number of axes, nan where missing: the tracks, for joints whose names say
    nothing. bones: pairs of indices that are known beforehand. In this order, and never closing a circle: these bones;
    joints whose names mean parts of the body, as `anatomy.connect` says; numbered ones (`tail1`, `tail2`) in a row; and the
    rest by the bones that are shortest and change their length least, seen from the same side of the body. Without points
    they hang on the root. Raises SkeletonError.
    """
    if not 1 <= len(names) <= MAX_JOINTS:
        raise SkeletonError(f"a skeleton has 1 to {MAX_JOINTS} joints, not {len(names)}")
    points = None if points is None else np.asarray(points, np.float64)
    knees_in_front = any({"stifle", "hock"} & set(words_of(name)) for name in names)
    parts: dict[str, int] = {}
    for joint, name in enumerate(names):
        part = part_of(name, knees_in_front)
        if part is not None:
            parts.setdefault(part, joint)
    edges = [*bones, *_rows(names, parts, points)]
    if parts:
        anatomy, top = connect(list(parts))
        root = parts[top] if root is None else root
        edges += [(parts[a], parts[b]) for a, b in anatomy]
    if points is not None:
        edges += _steady(points, Skeleton.from_edges(list(names), [], 0).sides)
    return Skeleton.from_edges(list(names), edges, root)


_ENDS = {"tail_base": ("tail_base", "tail_tip"), "back_middle": ("withers", "back_end"), "neck": ("nape", "neck_base")}
"""Parts that people count joints along -> the parts before the first joint and after the last."""


def _rows(names: Sequence[str], parts: dict[str, int], points: Array | None) -> list[tuple[int, int]]:
    """Bones along joints that are counted (`tail_1`, `tail_2`). The ends of such rows are entered in `parts` where they lack."""
    rows: dict[str, list[tuple[int, int]]] = {}
    for joint, name in enumerate(names):
        counted = number_of(name)
        if counted is not None and joint not in parts.values():
            rows.setdefault(counted[0], []).append((counted[1], joint))
    edges: list[tuple[int, int]] = []
    for stem, row in rows.items():
        joints = [joint for _, joint in sorted(row)]
        ends = _ENDS.get(part_of(stem) or "") if stem else None
        if ends is not None:
            if ends[0] != "tail_base" and _backwards(joints, parts, points):
                joints.reverse()
            before, after = (parts.get(end) for end in ends)
            if before is None:
                parts[ends[0]] = joints[0]
            if after is None and len(joints) > 1:
                parts[ends[1]] = joints[-1]
            joints = [joint for joint in (before, *joints, after) if joint is not None]
        edges += pairwise(joints)
    return edges


def _backwards(joints: list[int], parts: Mapping[str, int], points: Array | None) -> bool:
    """Whether the first of a row of joints lies nearer to the tail than the last one, and so farther from the nose."""
    ends = [next((parts[part] for part in some if part in parts), None)
            for some in (("nose", "forehead", "nape", "neck"), ("tail_base", "back_end", "tail_tip"))]  # fmt: skip
    if points is None or len(joints) < 2 or None in ends:
        return False
    nose, tail = (points[:, end] for end in ends)
    with np.errstate(invalid="ignore"):
        along = np.linalg.norm(points[:, [joints[0], joints[-1]]] - nose[:, None], axis=-1)
        along -= np.linalg.norm(points[:, [joints[0], joints[-1]]] - tail[:, None], axis=-1)
    known = along[np.isfinite(along).all(axis=1)]
    return len(known) > 0 and bool(np.median(known[:, 0] - known[:, 1]) > 0)


def _steady(points: Array, sides: NDArray[np.int64]) -> list[tuple[int, int]]:
    """All pairs of joints seen together, the likeliest bone first: short on average, and of a length that does not change."""
    count = points.shape[1]
    # A few frames tell as much as all of them.
    most = min(len(points), max(20, min(400, 4_000_000 // count**2)))
    points = points[np.unique(np.linspace(0, len(points) - 1, most).astype(int))]
    cost = np.full((count, count), np.inf)
    for joint in range(count):
        away = np.linalg.norm(points - points[:, joint : joint + 1], axis=-1)  # (F, J)
        seen = np.isfinite(away)
        enough = seen.sum(axis=0) >= min(_FEWEST, len(points))
        if enough.any():
            known = np.where(seen, away, np.nan)[:, enough]
            cost[joint, enough] = np.nanmedian(known, axis=0) + 2.0 * np.nanstd(known, axis=0)
    cost *= np.where(sides[:, None] * sides[None] < 0, _ACROSS, 1.0)
    a, b = np.triu_indices(count, 1)
    known = np.isfinite(cost[a, b])
    a, b = a[known], b[known]
    order = np.argsort(cost[a, b], kind="stable")
    return list(zip(a[order].tolist(), b[order].tolist(), strict=True))


# --- files that users write -------------------------------------------------------------------------------------------


def load_skeleton(path: str | Path) -> Skeleton:
    """Read a user's skeleton file (docs/files.md). Raises TracksError or OSError."""
    path = Path(path)
    return skeleton_of(read_json(path, lambda text: TracksError(f"{text}.", ADVICE), _MAX_BYTES), path.name)


def skeleton_of(value: Any, name: str = "The skeleton") -> Skeleton:
    """The skeleton of a parsed file called `name`. Raises TracksError that names the joint or bone which does not fit.

    `names` with `parents` (names, indices, null or -1 for the root), or with `bones` (or `edges`; pairs of names or of indices
    from 0) and, where it should not be the middle, a `root`.
    """
    try:
        if not isinstance(value, Mapping):
            raise SkeletonError("an object is needed")
        names = _names(value)
        if "parents" in value:
            return _from_parents(names, value["parents"], value.get("root"))
        bones = value.get("bones", value.get("edges"))
        if not isinstance(bones, list):
            raise SkeletonError("'bones' must be a list of pairs, or 'parents' a list with one entry for each joint")
        root = None if value.get("root") is None else _index(value["root"], names, "the root")
        return _from_bones(names, bones, root)
    except SkeletonError as error:
        raise TracksError(f"{name}: {error}.", ADVICE) from None


def _names(value: Mapping[str, Any]) -> list[str]:
    names = value.get("names", value.get("joint_names"))
    if not isinstance(names, list) or not all(isinstance(one, str) and 0 < len(one) <= 200 for one in names):
        raise SkeletonError("'names' must be a list of joint names")
    Skeleton(tuple(names[: MAX_JOINTS + 1]), (-1, *[0] * (min(len(names), MAX_JOINTS + 1) - 1)))  # their number, and each once
    return names


def _index(value: Any, names: Sequence[str], what: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        if 0 <= value < len(names):
            return value
        raise SkeletonError(f"{what} is joint {value}, of {len(names)} joints (counted from 0)")
    if isinstance(value, str):
        if value in names:
            return list(names).index(value)
        raise SkeletonError(f"{what} is '{value[:80]}', which is not among the names")
    raise SkeletonError(f"{what} is {json.dumps(value, default=str)[:80]}, not a name or a number")


def _from_parents(names: list[str], parents: Any, root: Any) -> Skeleton:
    if not isinstance(parents, list) or len(parents) != len(names):
        raise SkeletonError(f"'parents' must be a list with one entry for each of {len(names)} joints")
    found = [-1 if parent in (None, -1, "") and not isinstance(parent, bool) else _index(parent, names, f"the parent of '{name}'")
             for name, parent in zip(names, parents, strict=True)]  # fmt: skip
    skeleton = Skeleton(tuple(names), tuple(found))
    if root is not None and _index(root, names, "the root") != skeleton.root:
        raise SkeletonError(f"the root is '{root}', but '{names[skeleton.root]}' is the joint without a parent")
    return skeleton


def _from_bones(names: list[str], bones: list[Any], root: int | None) -> Skeleton:
    group = list(range(len(names)))
    edges: list[tuple[int, int]] = []
    for number, bone in enumerate(bones, start=1):
        if not isinstance(bone, list) or len(bone) != 2:
            raise SkeletonError(f"bone {number} is no pair of joints")
        a, b = (_index(end, names, f"an end of bone {number}") for end in bone)
        if (a, b) in edges or (b, a) in edges:
            raise SkeletonError(f"the bone from '{names[a]}' to '{names[b]}' occurs twice")
        if group[a] == group[b]:
            raise SkeletonError(f"the bone from '{names[a]}' to '{names[b]}' closes a circle")
        group = [group[a] if one == group[b] else one for one in group]
        edges.append((a, b))
    start = 0 if root is None else root
    lost = [names[i] for i in range(len(names)) if group[i] != group[start]]
    if lost:
        raise SkeletonError(f"no bone leads from '{names[start]}' to {', '.join(lost[:5])}: these joints have no parent")
    return Skeleton.from_edges(names, edges, root)


def _letters(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())
