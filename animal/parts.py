"""Horns, antlers, tusks, manes and beards: what an animal wears besides its skin, as data.

A part says where it sits and how it grows, in lengths of the head, so that it fits any shape that the animal takes.
Hard parts are *tubes*: a centre line with radii, drawn for the animal's left side and mirrored. Soft parts are *hair*:
tufts rooted in a named area of the skin. `part_shapes` makes meshes of them.

Frame of the head (see `part_shapes.head_frame`): forward along the skull to the nose, outward from the midline, up out
of the forehead. One unit is the length of the skull.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

KINDS = ("horn", "antler", "tusk", "mane", "beard", "tuft", "brush")
"""What a part can be; the name an animator switches it on and off by."""

ANCHORS = ("brow", "poll", "forehead", "snout", "upper_lip", "lower_lip")
"""Where tubes begin: above the eye, between the ears, above the eyes on the midline, on the nose, at the mouth's sides."""

AREAS = ("crest", "forelock", "ruff", "cheeks", "chin", "throat", "chest", "hump", "flanks", "ear_tips", "tail", "tail_tip")
"""Where hair grows: the neck's upper line, the forehead, all around the neck, and so on."""

COAT = "coat"
"""The colour that says: as the coat is there."""

_MOST_POINTS = 64
_MOST_TUBES = 64
_MOST_TUFTS = 2000
_FAR = 20.0  # head lengths; no horn or hair reaches further


class PartError(ValueError):
    """A part that cannot be used; the message begins with the field that is wrong."""


@dataclass(frozen=True)
class Tube:
    """A tapered tube of a hard part on the animal's left.

    path: (n, 3) points of the centre line from the anchor on: forward, outward, up, in head lengths; n >= 2. A smooth
    curve runs through them. radii: (n,) head lengths; the end is closed to a point. flat: thickness over breadth of the
    cross-section, 1 for round, small for palms. normal: the way that a flat tube's broad side faces (forward, outward,
    up). rings: ridges along the tube, of relative height ring_height.
    """

    path: tuple[tuple[float, float, float], ...]
    radii: tuple[float, ...]
    flat: float = 1.0
    normal: tuple[float, float, float] = (0.0, 0.0, 1.0)
    rings: int = 0
    ring_height: float = 0.12

    def __post_init__(self) -> None:
        path = _rows("path", self.path)
        if not 2 <= len(path) <= _MOST_POINTS:
            raise PartError(f"path: needs 2 to {_MOST_POINTS} points, got {len(path)}")
        radii = tuple(_number("radii", value, 0.0, _FAR) for value in _sequence("radii", self.radii))
        if len(radii) != len(path):
            raise PartError(f"radii: one is needed for each of the {len(path)} points of path, got {len(radii)}")
        if max(radii) <= 0:
            raise PartError("radii: at least one must be above 0")
        normal = _triple("normal", self.normal)
        if not math.hypot(*normal) > 1e-6:
            raise PartError("normal: must not be zero")
        _set(self, path=path, radii=radii, normal=normal, flat=_number("flat", self.flat, 0.02, 1.0),
             rings=_count("rings", self.rings, 0, 100), ring_height=_number("ring_height", self.ring_height, 0.0, 1.0))


@dataclass(frozen=True)
class Hair:
    """Tufts of hair rooted in an area of the skin.

    length, width: of a tuft, head lengths. count: tufts on both sides together. lift: 0 lies along the skin, 1 stands
    straight out of it. fall: how much the tufts hang down, 0..1. ragged: how much lengths and directions differ, 0..1.
    """

    area: str
    length: float
    width: float
    count: int
    lift: float = 0.4
    fall: float = 0.5
    ragged: float = 0.25

    def __post_init__(self) -> None:
        if self.area not in AREAS:
            raise PartError(f"area: {str(self.area)[:40]!r} is none of {', '.join(AREAS)}")
        _set(self, length=_number("length", self.length, 1e-3, _FAR), width=_number("width", self.width, 1e-3, _FAR),
             count=_count("count", self.count, 1, _MOST_TUFTS),
             **{name: _number(name, getattr(self, name), 0.0, 1.0) for name in ("lift", "fall", "ragged")})


@dataclass(frozen=True)
class Part:
    """Something that an animal wears: a pair of horns, a mane.

    kind: one of KINDS. colour, tip_colour: "#rrggbb" (sRGB) at the root and at the end, or "coat" for the coat's own.
    anchor: one of ANCHORS, where tubes begin; offset: (forward, outward, up) from there, head lengths, before the root
    is set onto the skin. mirrored: False for what stands on the midline. on_jaw: moves with the lower jaw. tubes: of a
    hard part; hair: of a soft one. A part has the one or the other.

    Raises PartError naming the field that does not fit.
    """

    kind: str
    colour: str = COAT
    tip_colour: str = ""
    anchor: str = "brow"
    offset: tuple[float, float, float] = (0.0, 0.0, 0.0)
    mirrored: bool = True
    on_jaw: bool = False
    tubes: tuple[Tube, ...] = ()
    hair: tuple[Hair, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise PartError(f"kind: {str(self.kind)[:40]!r} is none of {', '.join(KINDS)}")
        if self.anchor not in ANCHORS:
            raise PartError(f"anchor: {str(self.anchor)[:40]!r} is none of {', '.join(ANCHORS)}")
        for name in ("colour", "tip_colour"):
            value = getattr(self, name)
            empty = name == "tip_colour" and value == ""
            if not isinstance(value, str) or not (empty or value == COAT or re.fullmatch("#[0-9a-fA-F]{6}", value)):
                raise PartError(f"{name}: must be '#rrggbb' or '{COAT}', got {str(value)[:40]!r}")
        for name in ("mirrored", "on_jaw"):
            if not isinstance(getattr(self, name), bool):
                raise PartError(f"{name}: must be true or false")
        tubes, hair = _items("tubes", self.tubes, Tube, _MOST_TUBES), _items("hair", self.hair, Hair, _MOST_TUBES)
        if bool(tubes) == bool(hair):
            raise PartError("tubes: a part has either tubes or hair" + (", not both" if tubes else ""))
        _set(self, tubes=tubes, hair=hair, offset=_triple("offset", self.offset))

    def to_json(self) -> str:
        """The part as one line of JSON, what is as usual left out; `part_from_json` reads it back."""
        return json.dumps(_plain(self), separators=(",", ":"))


def part_from_json(text: str) -> Part:
    """The part that `Part.to_json` wrote. Raises PartError (a ValueError) naming the field that is wrong."""
    try:
        values = json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise PartError(f"part: not JSON ({str(error)[:80]})") from None
    values = _fields("part", values, Part)
    for name, kind in (("tubes", Tube), ("hair", Hair)):
        if name in values:
            items = _sequence(name, values[name])
            if len(items) > _MOST_TUBES:
                raise PartError(f"{name}: {_MOST_TUBES} at most")
            values[name] = tuple(_nested(f"{name}[{i}]", item, kind) for i, item in enumerate(items))
    return Part(**values)


def _plain(part: Part | Tube | Hair) -> dict[str, Any]:
    """The fields of a part that differ from their defaults, as JSON has them."""
    values = {}
    for name, entry in part.__dataclass_fields__.items():
        value = getattr(part, name)
        if value != entry.default:
            values[name] = [_plain(item) for item in value] if name in ("tubes", "hair") else value
    return values


def _nested(where: str, item: object, kind: type) -> Any:
    try:
        return kind(**_fields(where, item, kind))
    except PartError as error:
        message = str(error)
        raise PartError(message if message.startswith(where) else f"{where}.{message}") from None


def _fields(where: str, values: object, kind: type) -> dict[str, Any]:
    """A JSON object whose keys are the fields of `kind`, the required ones among them."""
    if not isinstance(values, Mapping):
        raise PartError(f"{where}: must be an object, got {type(values).__name__}")
    known = kind.__dataclass_fields__
    for name in values:
        if name not in known:
            raise PartError(f"{where}: has no field {str(name)[:40]!r}")
    required = {"Part": ("kind",), "Tube": ("path", "radii"), "Hair": ("area", "length", "width", "count")}[kind.__name__]
    for name in required:
        if name not in values:
            raise PartError(f"{name}: missing in {where}")
    return dict(values)


def _set(part: object, **values: object) -> None:
    """Write checked values to a frozen dataclass while it is made."""
    for name, value in values.items():
        object.__setattr__(part, name, value)


def _sequence(name: str, value: object) -> tuple[Any, ...]:
    if not isinstance(value, (list, tuple)):
        raise PartError(f"{name}: must be a list, got {type(value).__name__}")
    return tuple(value)


def _items(name: str, value: object, kind: type, most: int) -> tuple[Any, ...]:
    items = _sequence(name, value)
    if len(items) > most or not all(isinstance(item, kind) for item in items):
        raise PartError(f"{name}: must be at most {most} of {kind.__name__}")
    return items


def _number(name: str, value: object, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise PartError(f"{name}: must be a number from {low:g} to {high:g}, got {str(value)[:40]!r}")
    return float(value)


def _count(name: str, value: object, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise PartError(f"{name}: must be a whole number from {low} to {high}, got {str(value)[:40]!r}")
    return value


def _triple(name: str, value: object) -> tuple[float, float, float]:
    items = _sequence(name, value)
    if len(items) != 3:
        raise PartError(f"{name}: needs 3 numbers, got {len(items)}")
    x, y, z = (_number(name, item, -_FAR, _FAR) for item in items)
    return x, y, z


def _rows(name: str, value: object) -> tuple[tuple[float, float, float], ...]:
    return tuple(_triple(name, row) for row in _sequence(name, value))
