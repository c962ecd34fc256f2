"""A coat: the colours of an animal and where they lie, as plain data that travels in a model's file.

A coat is a ground colour that turns lighter underneath, and layers over it, painted in order: each a colour in a place
of the body (`coat_places`), solid or in a pattern. Eyes, nose, lips, feet and hair belong to it too.
Colours are sRGB, 0..1, kept to 8 bits, and may be given as "#rrggbb"; `linear` turns one into linear light.
Lengths are in body lengths (base of the tail to base of the neck), so a coat fits an animal of any size.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, fields
from typing import Any

from .coat_places import PLACES

Colour = tuple[float, float, float]
ColourLike = Colour | str
"""What a colour may be given as; the fields of a Coat or Layer always hold a Colour once it is made."""

PATTERNS = ("solid", "spots", "dapples", "rosettes", "stripes", "tabby", "brindle", "patches", "net", "rings", "flecks")
"""What a layer may look like inside its place.

solid fills it; spots, dapples (soft) and rosettes (broken rings with a darker middle); stripes run round body, legs and
tail, tabby ones thin and broken, brindle ones faint and ragged; rings are even bands; patches are large islands as on
cattle; net fills cells and leaves lines between them, as on a giraffe; flecks are single hairs and small blots.
"""

PUPILS = ("round", "slit", "bar")
_MOST_LAYERS = 16


@dataclass(frozen=True)
class Layer:
    """One colour over what lies below it.

    where: a name of PLACES. pattern: one of PATTERNS. scale: from one stripe, spot or patch to the next, in body
    lengths. cover: share of the place that the pattern colours, 0..1. edge: width over which the place's border fades;
    ragged: how far that border wanders (both body lengths). warp: how irregular the pattern is, 0..1. strength: 0..1.
    """

    where: str
    colour: ColourLike
    pattern: str = "solid"
    scale: float = 0.1
    cover: float = 0.5
    edge: float = 0.02
    ragged: float = 0.0
    warp: float = 0.35
    strength: float = 1.0

    def __post_init__(self) -> None:
        _one_of("where", self.where, PLACES)
        _one_of("pattern", self.pattern, PATTERNS)
        object.__setattr__(self, "colour", colour(self.colour, "colour"))
        for name, low, high in (("scale", 0.005, 2.0), ("cover", 0.0, 1.0), ("edge", 0.0, 1.0), ("ragged", 0.0, 1.0),
                                ("warp", 0.0, 1.0), ("strength", 0.0, 1.0)):
            object.__setattr__(self, name, _number(name, getattr(self, name), low, high))


@dataclass(frozen=True)
class Tuft:
    """Longer hair at a place (mane, ruff, tail brush, beard): length in body lengths, curl 0 straight to 1 woolly."""

    where: str
    length: float
    curl: float = 0.0

    def __post_init__(self) -> None:
        _one_of("where", self.where, PLACES)
        object.__setattr__(self, "length", _number("length", self.length, 0.0, 2.0))
        object.__setattr__(self, "curl", _number("curl", self.curl, 0.0, 1.0))


@dataclass(frozen=True)
class Coat:
    """The colours of one kind of animal.

    base: flanks and back; under: belly and inner legs (countershading; the same as base for none); contrast: how much
    darker than base the upper side turns, 0..1. layers: painted over it in order. nose, lips, eye (the iris), pad;
    hoof: the colour of hooves or toenails, or None for paws with pads. pupil: one of PUPILS.
    fur: hair length in body lengths, 0 for bare skin; curl 0..1; tufts: where hair is longer.
    Raises ValueError naming the field that is wrong.
    """

    base: ColourLike
    under: ColourLike
    layers: tuple[Layer, ...] = ()
    contrast: float = 0.25
    nose: ColourLike = (26 / 255, 21 / 255, 21 / 255)
    lips: ColourLike = (31 / 255, 23 / 255, 23 / 255)
    eye: ColourLike = (64 / 255, 33 / 255, 13 / 255)
    pad: ColourLike = (33 / 255, 26 / 255, 26 / 255)
    hoof: ColourLike | None = None
    pupil: str = "round"
    fur: float = 0.02
    curl: float = 0.0
    tufts: tuple[Tuft, ...] = ()

    def __post_init__(self) -> None:
        for name in ("base", "under", "nose", "lips", "eye", "pad"):
            object.__setattr__(self, name, colour(getattr(self, name), name))
        if self.hoof is not None:
            object.__setattr__(self, "hoof", colour(self.hoof, "hoof"))
        _one_of("pupil", self.pupil, PUPILS)
        for name, high in (("contrast", 1.0), ("fur", 0.5), ("curl", 1.0)):
            object.__setattr__(self, name, _number(name, getattr(self, name), 0.0, high))
        for name, kind in (("layers", Layer), ("tufts", Tuft)):
            rows = getattr(self, name)
            if not isinstance(rows, list | tuple) or not all(isinstance(row, kind) for row in rows):
                raise ValueError(f"{name}: must be a sequence of {kind.__name__}")
            if len(rows) > _MOST_LAYERS:
                raise ValueError(f"{name}: at most {_MOST_LAYERS}, got {len(rows)}")
            object.__setattr__(self, name, tuple(rows))

    @property
    def pattern(self) -> str:
        """The pattern one would name first: that of the widest patterned layer, or "plain"."""
        marked = [layer for layer in self.layers if layer.pattern not in ("solid", "flecks")]
        broad = [layer for layer in marked if layer.where in ("everywhere", "body", "trunk", "mantle")]
        return (broad or marked)[0].pattern if marked else "plain"

    @property
    def inner_ear(self) -> Colour:
        """Thin hair over rosy skin inside the ears: of the ears' own colour where they have one, else of the underside's."""
        own = [layer.colour for layer in self.layers if layer.where == "ears" and layer.pattern == "solid"]
        hair = colour(own[-1] if own else self.under)
        red, green, blue = (0.65 * h + 0.35 * s for h, s in zip(hair, (0.72, 0.5, 0.45), strict=True))
        return (red, green, blue) if max(hair) > 0.3 else hair  # black ears are black inside

    def to_json(self) -> str:
        """The coat as one line of JSON; what has its default value is left out, colours are "#rrggbb"."""
        return json.dumps(_plain(self), separators=(",", ":"))


def coat_from_json(text: str) -> Coat:
    """The coat of `Coat.to_json`. Raises ValueError naming the field that is missing, unknown or wrong."""
    try:
        data = json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"coat: not JSON ({error})") from None
    data = _record("coat", data, Coat)
    for name, kind in (("layers", Layer), ("tufts", Tuft)):
        rows = data.get(name, [])
        if not isinstance(rows, list):
            raise ValueError(f"{name}: must be a list, got {type(rows).__name__}")
        made = []
        for i, row in enumerate(rows[: _MOST_LAYERS + 1]):
            try:
                made.append(kind(**_record("entry", row, kind)))
            except ValueError as error:
                raise ValueError(f"{name}[{i}].{error}") from None
        data[name] = tuple(made)
    return Coat(**data)


def colour(value: Any, name: str = "colour") -> Colour:
    """An sRGB colour, 0..1 in steps of 1/255, from "#rrggbb" or three numbers 0..1; ValueError names the field."""
    if isinstance(value, str):
        if not re.fullmatch(r"#[0-9a-fA-F]{6}", value):
            raise ValueError(f"{name}: a colour is #rrggbb, got {value[:20]!r}")
        red, green, blue = bytes.fromhex(value[1:])
        return red / 255, green / 255, blue / 255
    if not isinstance(value, list | tuple) or len(value) != 3:
        raise ValueError(f"{name}: a colour is #rrggbb or three numbers, got {str(value)[:40]!r}")
    red, green, blue = (round(255 * _number(name, channel, 0.0, 1.0)) / 255 for channel in value)
    return red, green, blue


def linear(value: ColourLike) -> Colour:
    """An sRGB colour in linear light (IEC 61966-2-1)."""
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour(value))
    return red, green, blue


def _plain(record: Coat | Layer | Tuft) -> dict[str, Any]:
    """A record's fields that differ from their defaults, as JSON values."""
    colours = {"base", "under", "nose", "lips", "eye", "pad", "hoof", "colour"}
    given: dict[str, Any] = {}
    for entry in fields(record):
        value = getattr(record, entry.name)
        if value == entry.default or (entry.name in ("layers", "tufts") and not value):
            continue
        if entry.name in ("layers", "tufts"):
            value = [_plain(row) for row in value]
        elif entry.name in colours:
            value = "#" + bytes(round(255 * channel) for channel in value).hex()
        given[entry.name] = value
    return given


def _record(name: str, data: Any, kind: type) -> dict[str, Any]:
    """`data` when it is an object with the fields of a dataclass, all of them known and none missing."""
    if not isinstance(data, dict):
        raise ValueError(f"{name}: must be an object, got {type(data).__name__}")
    known = {entry.name for entry in fields(kind)}
    for key in data:
        if key not in known:
            raise ValueError(f"{str(key)[:40]}: no such field of a {kind.__name__}")
    needed = {"base", "under"} if kind is Coat else {"where", "colour"} if kind is Layer else {"where", "length"}
    for key in sorted(needed - set(data)):
        raise ValueError(f"{key}: is missing")
    return dict(data)


def _number(name: str, value: Any, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or not low <= value <= high:
        raise ValueError(f"{name}: must be a number from {low} to {high}, got {str(value)[:40]}")
    return float(value)


def _one_of(name: str, value: Any, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ValueError(f"{name}: unknown {str(value)[:40]!r}; known: {', '.join(known)}")
