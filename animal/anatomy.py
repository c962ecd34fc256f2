"""Which part of a four-limbed animal a joint's name means, and how such parts hang together.

One tree of all parts, with rough lengths, serves every list of names: parts that a list lacks melt into their nearest
neighbour that it has, and what is left is a tree of the list's own joints. Sides never melt into one another. Names are
read as people write them: `L_F_Paw`, `earL`, `leftbackpaw`, `tail_3`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from .keypoints import SUPERSET, KeypointError, resolve

ROOT = "back_end"
"""The part that a whole animal hangs on: where the hind legs and the tail begin."""

# Part: (the part it hangs on, how far that is away), in lengths of the back. Only the order of the lengths matters.
_MIDLINE = {
    "back_middle": ("back_end", 0.35), "withers": ("back_middle", 0.4), "neck_base": ("withers", 0.1), "neck": ("neck_base", 0.2),
    "nape": ("neck", 0.2), "forehead": ("nape", 0.15), "nose": ("forehead", 0.12), "upper_jaw": ("nose", 0.04),
    "chin": ("nose", 0.08), "throat_top": ("nape", 0.14), "throat": ("neck", 0.14), "throat_base": ("neck_base", 0.2),
    "chest": ("withers", 0.35), "belly": ("back_middle", 0.3), "tail_base": ("back_end", 0.12),
    "tail_middle": ("tail_base", 0.25), "tail_tip": ("tail_middle", 0.25),
}  # fmt: skip
_SIDED = {
    "eye": ("forehead", 0.07), "ear_base": ("nape", 0.08), "ear_tip": ("ear_base", 0.1), "antler_base": ("forehead", 0.09),
    "antler_tip": ("antler_base", 0.3), "mouth_corner": ("nose", 0.1), "scapula": ("withers", 0.08),
    "shoulder": ("scapula", 0.12), "elbow": ("shoulder", 0.2), "wrist": ("elbow", 0.2), "front_fetlock": ("wrist", 0.13),
    "front_paw": ("front_fetlock", 0.07), "front_toe": ("front_paw", 0.05), "hip": ("back_end", 0.15), "knee": ("hip", 0.2),
    "ankle": ("knee", 0.2), "hind_fetlock": ("ankle", 0.13), "hind_paw": ("hind_fetlock", 0.07), "hind_toe": ("hind_paw", 0.05),
    "flank": ("back_middle", 0.2), "wing": ("withers", 0.25), "wing_tip": ("wing", 0.5),
}  # fmt: skip


def _tree() -> dict[str, tuple[str, float]]:
    tree = dict(_MIDLINE)
    for side in ("left_", "right_"):
        for part, (above, length) in _SIDED.items():
            tree[side + part] = (side + above if above in _SIDED else above, length)
    return tree


TREE = _tree()
"""Part -> (the part it hangs on, the length between them). `ROOT` hangs on nothing."""
PARTS = (ROOT, *TREE)


def side_of(part: str) -> int:
    """+1 for a part on the left, -1 on the right, 0 on the midline."""
    return 1 if part.startswith("left_") else -1 if part.startswith("right_") else 0


def connect(parts: Sequence[str]) -> tuple[list[tuple[str, str]], str]:
    """The bones between these parts (each of `PARTS`, at least one, none twice), and which of them is the root.

    Every part that is lacking belongs to its nearest part that is there, on its own limb or the midline (a part of the
    midline only to parts of the midline, while there are any); bones between what belongs together vanish.
    """
    owner = {part: _owner(part, tuple(parts)) for part in PARTS}
    bones = []
    for part, (above, _) in TREE.items():
        a, b = owner[part], owner[above]
        if a != b and (a, b) not in bones and (b, a) not in bones:
            bones.append((a, b))
    return bones, owner[ROOT]


def _owner(part: str, parts: tuple[str, ...]) -> str:
    """The part that a lacking one belongs to: in its own branch, or else what the midline where that begins belongs to."""
    if part in parts:
        return part
    if side_of(part):
        top = _branch(part)
        middle = _owner(TREE[top][0], parts)
        choice = [middle, *(other for other in parts if side_of(other) and _branch(other) == top)]
    else:
        choice = [other for other in parts if side_of(other) == 0]
        if not choice:  # the whole midline melts into one joint, so that both sides hang on the same
            part, choice = ROOT, list(parts)
    away = _distances(part)
    return min(choice, key=lambda other: (away[other], parts.index(other)))


def _branch(part: str) -> str:
    """The first part of the branch that a part of either side lies on: the one that hangs on the midline."""
    while side_of(TREE[part][0]):
        part = TREE[part][0]
    return part


@cache
def _distances(start: str) -> dict[str, float]:
    """How far every part is from one of them, along the tree."""
    near: dict[str, list[tuple[str, float]]] = {part: [] for part in PARTS}
    for part, (above, length) in TREE.items():
        near[part].append((above, length))
        near[above].append((part, length))
    found = {start: 0.0}
    queue = [start]
    for part in queue:
        for other, length in near[part]:
            if other not in found:
                found[other] = found[part] + length
                queue.append(other)
    return found


# --- names ------------------------------------------------------------------------------------------------------------

_SIDES = {"left": "left", "l": "left", "lt": "left", "right": "right", "r": "right", "rt": "right", "near": "left",
          "off": "right"}  # fmt: skip
_FRONT = {"front", "fore", "f", "anterior", "forelimb", "foreleg", "frontleg", "thoracic"}
_HIND = {"hind", "rear", "back", "b", "h", "posterior", "hindlimb", "hindleg", "rearleg", "backleg", "pelvic"}
_IDLE = {"joint", "leg", "limb", "point", "center", "centre", "top", "body", "keypoint", "kp", "marker", "bone", "of", "the"}

# A word of a name -> the part that it means.
_WORDS = {
    "nose": "nose", "snout": "nose", "muzzle": "nose", "beak": "nose", "bill": "nose", "rostrum": "nose", "eye": "eye",
    "ear": "ear_base", "earbase": "ear_base", "eartip": "ear_tip", "earend": "ear_tip", "head": "forehead", "skull": "forehead",
    "forehead": "forehead", "crown": "forehead", "poll": "forehead", "nape": "nape", "occiput": "nape", "neck": "neck",
    "chin": "chin", "jaw": "chin", "mandible": "chin", "mouth": "upper_jaw", "antler": "antler_base", "horn": "antler_base",
    "throat": "throat", "withers": "withers", "wither": "withers", "chest": "chest", "thorax": "chest", "sternum": "chest",
    "breast": "chest", "belly": "belly", "abdomen": "belly", "flank": "flank", "midside": "flank", "scapula": "scapula",
    "shoulder": "shoulder", "humerus": "shoulder", "thigh": "hip", "thai": "hip", "femur": "hip", "fetlock": "hind_fetlock",
    "elbow": "elbow", "wrist": "wrist", "carpus": "wrist", "carpal": "wrist", "hip": "hip", "knee": "knee", "stifle": "knee",
    "ankle": "ankle", "hock": "ankle", "heel": "ankle", "tarsus": "ankle", "tail": "tail_base", "tailbase": "tail_base",
    "tailtip": "tail_tip", "tailend": "tail_tip", "rump": "back_end", "croup": "back_end", "sacrum": "back_end",
    "pelvis": "back_end", "hips": "back_end", "centroid": "back_middle", "torso": "back_middle", "trunk": "back_middle",
    "spine": "back_middle", "back": "back_middle", "wing": "wing", "wingtip": "wing_tip", "forepaw": "front_paw",
    "forefoot": "front_paw", "hand": "front_paw", "hindpaw": "hind_paw", "hindfoot": "hind_paw",
}  # fmt: skip
_FEET = {"paw", "foot", "hoof", "feet"}
_TOES = {"toe", "toes", "claw", "finger", "digit"}
_PLACES = {
    "ear_base": {"tip": "ear_tip", "end": "ear_tip"}, "antler_base": {"tip": "antler_tip", "end": "antler_tip"},
    "tail_base": {"tip": "tail_tip", "end": "tail_tip", "mid": "tail_middle", "middle": "tail_middle", "midpoint": "tail_middle"},
    "neck": {"base": "neck_base", "top": "nape"}, "chin": {"upper": "upper_jaw"}, "upper_jaw": {"corner": "mouth_corner"},
    "back_middle": {"base": "withers", "upper": "withers", "front": "withers", "f": "withers", "anterior": "withers",
                    "end": "back_end", "lower": "back_end", "rear": "back_end", "hind": "back_end", "posterior": "back_end",
                    "l": "back_end"},
    "wing": {"tip": "wing_tip", "end": "wing_tip"},
}  # fmt: skip
_GLUED = sorted({*_WORDS, *_FEET, *_TOES, *_FRONT, *_HIND, "left", "right", "near", "off", "base", "tip", "end", "mid", "middle", "l", "r"},
                key=len, reverse=True)  # fmt: skip


def words_of(name: str) -> list[str]:
    """A name's words in small letters: split at signs, at changes of case, before digits, and where known words are glued."""
    text = re.sub(r"(?<=[a-z])(?=[A-Z0-9])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[0-9])(?=[A-Za-z])", " ", name[:200])
    words: list[str] = []
    for word in re.split(r"[^a-z0-9]+", text.lower()):
        words.extend(_unglue(word) if word else [])
    return words


def _unglue(word: str) -> list[str]:
    """`leftbackpaw` → left, back, paw; a word that is not wholly made of known ones stays whole.

    A single letter counts only at either end, so that `lpaw` is split and `all` is not.
    """
    if word in _WORDS or word in _FEET or len(word) < 4 or word.isdigit():
        pair = re.fullmatch(r"([lr])([fhb])|([fhb])([lr])", word)
        return list(word) if pair else [word]

    def cut(rest: str, depth: int) -> list[str] | None:
        if not rest:
            return []
        for known in _GLUED if depth < 5 else ():
            if rest.startswith(known) and not (len(known) == 1 and depth > 0 and len(rest) > 1):
                tail = cut(rest[len(known) :], depth + 1)
                if tail is not None:
                    return [known, *tail]
        return None

    return cut(word, 0) or [word]


def part_of(name: str, knees_in_front: bool = False) -> str | None:
    """The part of `PARTS` that a joint's name means, None where it does not say.

    knees_in_front: knees are the wrists, as horse people say who call the hind leg's joints stifle and hock.
    """
    if knees_in_front and "knee" in words_of(name) and not _HIND & set(words_of(name)):
        name = re.sub("knee", " wrist", name, flags=re.IGNORECASE)
    try:
        return SUPERSET[resolve(name)]
    except KeypointError:
        pass
    words = words_of(name)
    if any(word.isdigit() for word in words):
        return None
    side, words = _take_side(words)
    part = _unsided([word for word in words if word not in _IDLE]) or _unsided(words)
    if part in _SIDED:
        return f"{side}_{part}" if side else None
    return None if side else part


def _take_side(words: list[str]) -> tuple[str, list[str]]:
    for i, word in enumerate(words):
        # The l of "spine l" is the lower one: lumbar, not left.
        if word in _SIDES and not (len(word) == 1 and set(words) & {"spine", "back"} and len(words) == 2):
            return _SIDES[word], [*words[:i], *words[i + 1 :]]
    return "", words


def _unsided(words: list[str]) -> str | None:
    front, hind = bool(_FRONT & set(words)), bool(_HIND & set(words))
    kinds = [word for word in words if word in _WORDS and not (word == "back" and len(words) > 1)]
    if _FEET & set(words) or _TOES & set(words):
        end = "toe" if _TOES & set(words) else "paw"
        return f"front_{end}" if front else f"hind_{end}" if hind or "foot" in words else None
    if not kinds and {"center", "centre", "body", "mid"} & set(words):
        return "back_middle"
    if not kinds and {"mid", "middle", "back", "base", "end"} >= set(words) and "back" in words:
        kinds = ["back"]
    if not kinds:
        return None
    part = _WORDS[kinds[0]]
    for word in words:
        part = _PLACES.get(part, {}).get(word, part)
    if "spine" in words and "back" in words:
        return "back_end"
    if front and part in ("knee", "ankle"):
        return "wrist"
    if hind and part in ("elbow", "shoulder"):
        return "knee" if part == "elbow" else "hip"
    return {"hip": "shoulder", "hind_fetlock": "front_fetlock"}.get(part, part) if front else part


def number_of(name: str) -> tuple[str, int] | None:
    """(`tail`, 3) of `tail_3`: the name without its only number, and the number. None without one, or with several."""
    found = re.findall(r"\d+", name[:200])
    if len(found) != 1 or len(found[0]) > 6:
        return None
    return re.sub(r"[^a-z]+", " ", re.sub(r"\d+", " ", name[:200].lower())).strip(), int(found[0])

