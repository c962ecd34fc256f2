"""What each species wears besides its skin: horns, antlers, tusks, manes, beards and tufts.

Drawn after the descriptions of horn and antler forms in field guides; lengths are in head lengths (ear to nose) in the
head's frame: forward, outward, up (see `animal.parts`). Horned kinds whose sexes differ show the horned sex, but where
the name is the female's (cow: short horns; deer: none; lioness: no mane).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from ...animal.parts import Hair, Part, Tube

Point = tuple[float, float, float]

_DARK, _BLACK, _GREY, _PALE, _AMBER = "#3b3129", "#1c1917", "#5b5347", "#b9a98a", "#b98a4a"
_ANTLER, _ANTLER_TIP, _IVORY = "#6b5138", "#c9b592", "#e6dcc0"


def _taper(path: Sequence[Point], root: float, tip: float = 0.0, power: float = 1.0) -> tuple[float, ...]:
    """Radii from root to tip, by the distance along the path; a higher power keeps the tube stout for longer."""
    steps = [0.0]
    for a, b in itertools.pairwise(path):
        steps.append(steps[-1] + math.dist(a, b))
    return tuple(round(tip + (root - tip) * (1 - (step / steps[-1]) ** power), 4) for step in steps)


def _rounded(path: Sequence[Point]) -> tuple[Point, ...]:
    return tuple((round(x, 3), round(y, 3), round(z, 3)) for x, y, z in path)


def _horns(path: Sequence[Point], root: float, colour: str = _DARK, *, tip_colour: str = _BLACK, rings: int = 0,
           ring_height: float = 0.12, power: float = 1.4, tip: float = 0.006, anchor: str = "brow", offset: Point = (0, 0, 0),
           flat: float = 1.0, normal: Point = (0.0, 0.0, 1.0), radii: tuple[float, ...] = ()) -> Part:  # fmt: skip
    """A pair of horns along one centre line."""
    tube = Tube(_rounded(path), radii or _taper(path, root, tip, power), flat, normal, rings, ring_height)
    return Part("horn", colour, tip_colour, anchor, offset, tubes=(tube,))


def _arc(radius: float, start: float, sweep: float, spread: float, points: int = 8, grow: float = 0.0) -> list[Point]:
    """A bow in the plane of the skull: from `start` degrees (0 forward, 90 up) over `sweep`, drifting outward by `spread`.

    grow: how much wider the bow is at its end, head lengths.
    """
    path = []
    for i in range(points):
        t = i / (points - 1)
        angle, r = math.radians(start + sweep * t), radius + grow * t
        path.append((r * math.cos(angle) - radius * math.cos(math.radians(start)), spread * t,
                     r * math.sin(angle) - radius * math.sin(math.radians(start))))
    return path


def _spiral(axis: Point, length: float, turns: float, radius: float, phase: float = 0.0, points: int = 26) -> list[Point]:
    """A corkscrew about a straight axis, opening up from nothing at the root. phase: degrees."""
    size = math.hypot(*axis)
    a = [c / size for c in axis]
    across = [-a[1], a[0], 0.0]
    size = math.hypot(*across)
    b = [c / size for c in across]
    c = [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
    path = []
    for i in range(points):
        t = i / (points - 1)
        angle, r = 2 * math.pi * turns * t + math.radians(phase), radius * min(1.0, 3.0 * t) * (1 - 0.45 * t)
        u, v = r * (math.cos(angle)), r * math.sin(angle)
        path.append(tuple(length * t * a[k] + u * b[k] + v * c[k] for k in range(3)))
    return path  # type: ignore[return-value]


def _antlers(beam: Sequence[Point], root: float, tines: Sequence[tuple[Sequence[Point], float]], *, tip: float = 0.02,
             palms: Sequence[Tube] = (), anchor: str = "brow", offset: Point = (-0.1, -0.02, 0.0)) -> Part:  # fmt: skip
    """A pair of antlers: beam, tines with the radius of their roots, palms."""
    tubes = [Tube(_rounded(beam), _taper(beam, root, tip, 1.3))]
    tubes += [Tube(_rounded(path), _taper(path, radius, 0.006, 1.5)) for path, radius in tines]
    return Part("antler", _ANTLER, _ANTLER_TIP, anchor, offset, tubes=(*tubes, *palms))


def _tusks(path: Sequence[Point], root: float, *, lower: bool = False, offset: Point = (0, 0, 0), power: float = 1.5) -> Part:
    return Part("tusk", _IVORY, _IVORY, "lower_lip" if lower else "upper_lip", offset, on_jaw=lower,
                tubes=(Tube(_rounded(path), _taper(path, root, 0.004, power)),))


def _mane(colour: str, *hair: Hair, tip: str = "", kind: str = "mane") -> Part:
    return Part(kind, colour, tip, hair=hair)


def _hanging_mane(colour: str, length: float = 0.5) -> tuple[Part, ...]:
    """A horse's mane, forelock and tail."""
    return (
        _mane(colour, Hair("crest", length, 0.16, 140, 0.28, 0.9, 0.2), Hair("forelock", 0.7 * length, 0.09, 26, 0.3, 0.6, 0.2)),
        _mane(colour, Hair("tail", 2.0 * length, 0.2, 80, 0.12, 0.8, 0.2), kind="brush"))


def _upright_mane(colour: str, length: float, tip: str = "", count: int = 220) -> Part:
    return _mane(colour, Hair("crest", length, 0.13, count, 0.97, 0.0, 0.1), tip=tip)


def _brush(colour: str, length: float = 0.35, width: float = 0.12, count: int = 36) -> Part:
    """The tassel at the end of a tail."""
    return _mane(colour, Hair("tail_tip", length, width, count, 0.14, 0.35, 0.3), kind="brush")


def _beard(colour: str, length: float, count: int = 24, area: str = "chin", width: float = 0.12) -> Part:
    return _mane(colour, Hair(area, length, width, count, 0.25, 0.8, 0.3), kind="beard")


def _ear_tufts(colour: str, length: float) -> Part:
    return _mane(colour, Hair("ear_tips", length, 0.07, 8, 0.08, 0.0, 0.2), kind="tuft")


def _palm(path: Sequence[Point], radii: tuple[float, ...], normal: Point) -> Tube:
    return Tube(_rounded(path), radii, 0.13, normal)


_STAG = _antlers(
    [(0, 0, 0), (-0.28, 0.26, 0.45), (-0.55, 0.62, 1.0), (-0.58, 0.84, 1.6), (-0.35, 0.86, 2.2)], 0.075,
    [([(-0.03, 0.03, 0.08), (0.25, 0.1, 0.2), (0.48, 0.14, 0.5)], 0.05), ([(-0.17, 0.16, 0.3), (0.12, 0.27, 0.5), (0.28, 0.32, 0.82)], 0.045),
     ([(-0.53, 0.58, 0.95), (-0.22, 0.74, 1.15), (-0.08, 0.76, 1.48)], 0.05), ([(-0.55, 0.85, 1.75), (-0.78, 0.92, 2.05), (-0.8, 0.9, 2.3)], 0.045),
     ([(-0.52, 0.85, 1.85), (-0.42, 1.08, 2.1), (-0.34, 1.12, 2.36)], 0.045)])  # fmt: skip
_MOOSE = _antlers(
    [(0, 0, 0), (-0.03, 0.3, 0.0), (-0.1, 0.55, 0.08)], 0.075,
    [([(-0.42, 0.8, 0.22), (-0.68, 0.95, 0.42), (-0.72, 1.0, 0.62)], 0.06), ([(-0.45, 1.0, 0.4), (-0.66, 1.25, 0.66), (-0.62, 1.3, 0.86)], 0.06),
     ([(-0.35, 1.15, 0.5), (-0.42, 1.45, 0.8), (-0.36, 1.5, 1.0)], 0.06), ([(-0.18, 1.15, 0.5), (-0.12, 1.48, 0.74), (-0.08, 1.54, 0.94)], 0.06),
     ([(0.0, 1.0, 0.38), (0.1, 1.3, 0.58), (0.12, 1.36, 0.76)], 0.055), ([(0.02, 0.8, 0.24), (0.24, 1.05, 0.36), (0.28, 1.1, 0.54)], 0.05),
     ([(-0.05, 0.5, 0.07), (0.25, 0.62, 0.1), (0.5, 0.6, 0.3)], 0.055), ([(0.1, 0.57, 0.09), (0.36, 0.8, 0.16), (0.48, 0.86, 0.36)], 0.04)],
    tip=0.06, palms=(_palm([(-0.08, 0.48, 0.06), (-0.18, 0.75, 0.2), (-0.22, 1.0, 0.38), (-0.22, 1.22, 0.56)], (0.07, 0.26, 0.36, 0.2), (0.0, -0.5, 0.86)),))  # fmt: skip
_FALLOW = _antlers(
    [(0, 0, 0), (-0.25, 0.22, 0.42), (-0.52, 0.48, 0.95)], 0.07,
    [([(-0.03, 0.03, 0.08), (0.22, 0.1, 0.22), (0.42, 0.14, 0.52)], 0.045), ([(-0.42, 0.4, 0.78), (-0.14, 0.5, 0.98), (-0.02, 0.52, 1.28)], 0.045),
     ([(-0.78, 0.66, 1.35), (-1.0, 0.7, 1.45), (-1.1, 0.72, 1.6)], 0.05), ([(-0.85, 0.7, 1.6), (-1.06, 0.74, 1.75), (-1.12, 0.75, 1.92)], 0.05),
     ([(-0.82, 0.74, 1.85), (-0.98, 0.78, 2.05), (-1.0, 0.78, 2.2)], 0.05), ([(-0.66, 0.76, 2.0), (-0.72, 0.8, 2.2), (-0.68, 0.8, 2.36)], 0.05)],
    tip=0.06, palms=(_palm([(-0.48, 0.45, 0.88), (-0.62, 0.62, 1.25), (-0.7, 0.72, 1.65), (-0.66, 0.76, 2.05)], (0.07, 0.17, 0.25, 0.13), (0.0, 1.0, -0.2)),))  # fmt: skip
_REINDEER = _antlers(
    [(0, 0, 0), (-0.42, 0.25, 0.32), (-0.85, 0.58, 0.8), (-0.85, 0.86, 1.5), (-0.45, 0.95, 2.1), (0.0, 0.85, 2.4)], 0.06,
    [([(-0.03, 0.02, 0.06), (0.3, 0.04, 0.22), (0.6, 0.03, 0.3)], 0.05), ([(0.3, 0.04, 0.22), (0.5, 0.05, 0.42), (0.58, 0.05, 0.58)], 0.035),
     ([(-0.25, 0.16, 0.2), (0.1, 0.36, 0.5), (0.35, 0.42, 0.85)], 0.045), ([(0.12, 0.37, 0.52), (0.35, 0.44, 0.6), (0.5, 0.44, 0.78)], 0.035),
     ([(-0.9, 0.78, 1.25), (-1.15, 0.82, 1.4), (-1.25, 0.82, 1.6)], 0.035), ([(-0.7, 0.92, 1.8), (-0.72, 1.0, 2.15), (-0.6, 1.02, 2.4)], 0.04),
     ([(-0.4, 0.94, 2.14), (-0.32, 1.0, 2.4), (-0.16, 1.0, 2.62)], 0.035)])  # fmt: skip
_WHITETAIL = _antlers(
    [(0, 0, 0), (-0.25, 0.22, 0.3), (-0.38, 0.55, 0.62), (-0.1, 0.82, 0.95), (0.32, 0.78, 1.12), (0.62, 0.55, 1.18)], 0.06,
    [([(-0.06, 0.05, 0.1), (-0.02, 0.08, 0.32), (0.06, 0.1, 0.48)], 0.035), ([(-0.36, 0.48, 0.55), (-0.4, 0.6, 0.98), (-0.3, 0.62, 1.3)], 0.045),
     ([(-0.12, 0.8, 0.92), (-0.12, 0.82, 1.3), (-0.04, 0.8, 1.55)], 0.045), ([(0.25, 0.79, 1.1), (0.3, 0.78, 1.35), (0.36, 0.75, 1.5)], 0.035)])  # fmt: skip
_ROE = _antlers(
    [(0, 0, 0), (-0.06, 0.08, 0.5), (-0.12, 0.14, 0.95), (-0.06, 0.16, 1.3)], 0.075,
    [([(-0.08, 0.1, 0.58), (0.14, 0.14, 0.75), (0.22, 0.14, 0.98)], 0.045), ([(-0.11, 0.14, 0.88), (-0.32, 0.18, 1.0), (-0.4, 0.18, 1.18)], 0.04)])  # fmt: skip
_AXIS = _antlers(
    [(0, 0, 0), (-0.38, 0.3, 0.45), (-0.68, 0.68, 1.1), (-0.58, 0.82, 1.9), (-0.28, 0.72, 2.5)], 0.065,
    [([(-0.04, 0.04, 0.06), (0.22, 0.12, 0.25), (0.38, 0.12, 0.65)], 0.045), ([(-0.62, 0.8, 1.72), (-0.78, 0.68, 2.0), (-0.76, 0.62, 2.2)], 0.04)])  # fmt: skip

_BULL_HORN = [(0, 0, 0), (0.0, 0.2, 0.04), (0.08, 0.42, 0.12), (0.2, 0.52, 0.32)]
_OSSICONE = Part("horn", "coat", _BLACK, "poll", (0.1, 0.04, 0), tubes=(
    Tube(((0, 0, 0), (-0.05, 0.015, 0.14), (-0.11, 0.03, 0.3)), (0.07, 0.048, 0.055)),))  # fmt: skip


def _rhino_horn(height: float, root: float, offset: Point) -> Part:
    path = [(0, 0, 0), (0.1 * height, 0, 0.35 * height), (0.06 * height, 0, 0.7 * height), (-0.12 * height, 0, height)]
    return Part("horn", "#6a6358", "#4a453d", "snout", offset, mirrored=False,
                tubes=(Tube(_rounded(path), _taper(path, root, 0.01, 0.85)),))  # fmt: skip


def _skirt(length: float) -> Hair:
    """Long hair hanging from the flanks."""
    return Hair("flanks", length, 0.3, 150, 0.2, 0.9, 0.25)


PARTS: dict[str, tuple[Part, ...]] = {
    # bovids
    "bull": (_horns(_BULL_HORN, 0.095, _PALE), _brush("#1d1712")),
    "cow": (_horns([(0, 0, 0), (0.02, 0.14, 0.06), (0.1, 0.26, 0.14)], 0.065, _PALE), _brush("#e4ddd0")),
    "highland_cattle": (
        _horns([(0, 0, 0), (0.0, 0.36, -0.02), (0.12, 0.8, 0.05), (0.22, 1.14, 0.32), (0.16, 1.26, 0.66)], 0.09, _PALE),
        _mane(
            "#7a4420", Hair("forelock", 0.62, 0.16, 44, 0.35, 0.9, 0.35), Hair("flanks", 0.4, 0.22, 170, 0.2, 0.9, 0.4),
            Hair("throat", 0.35, 0.2, 70, 0.25, 0.9, 0.4), Hair("chest", 0.4, 0.2, 40, 0.25, 0.9, 0.4), tip="#a5652f",
        ),
        _brush("#7a4420", 0.45),
    ),
    "zebu": (_horns([(0, 0, 0), (-0.1, 0.16, 0.24), (-0.16, 0.27, 0.6), (-0.05, 0.22, 0.92)], 0.085, _GREY), _brush(_BLACK)),
    "water_buffalo": (
        _horns([(0, 0, 0), (-0.16, 0.4, -0.02), (-0.52, 0.76, 0.02), (-0.95, 0.8, 0.22), (-1.22, 0.56, 0.42)], 0.14, _DARK,
               rings=14, flat=0.6, normal=(0.3, 0, 1)),
        _brush(_BLACK, 0.25),
    ),
    "african_buffalo": (
        _horns([(0.0, 0.0, 0.05), (-0.03, 0.28, 0.1), (-0.06, 0.58, -0.12), (0.0, 0.86, -0.08), (0.0, 0.96, 0.24), (-0.06, 0.8, 0.48)],
               0.2, _DARK, radii=(0.2, 0.19, 0.12, 0.085, 0.055, 0.008), flat=0.7, rings=10, ring_height=0.06, offset=(0.02, -0.2, 0)),
        _brush(_BLACK, 0.25),
    ),
    "bison": (
        _horns([(0, 0, 0), (-0.02, 0.2, 0.02), (0.0, 0.34, 0.16), (0.0, 0.32, 0.36)], 0.085, _BLACK),
        _mane("#2c1c12", Hair("forelock", 0.26, 0.16, 50, 0.6, 0.3, 0.35), Hair("ruff", 0.36, 0.22, 300, 0.35, 0.7, 0.3),
              Hair("chest", 0.45, 0.2, 60, 0.3, 0.9, 0.3), tip="#4a3220"),
        _beard("#21150e", 0.5, 36, width=0.14),
        _brush("#21150e", 0.25),
    ),
    "yak": (
        _horns([(0, 0, 0), (0.0, 0.32, 0.02), (0.12, 0.6, 0.16), (0.14, 0.68, 0.5), (-0.02, 0.58, 0.82)], 0.085, _GREY),
        _mane("#1d1713", _skirt(0.75), Hair("chest", 0.6, 0.24, 40, 0.25, 0.9, 0.3), Hair("throat", 0.35, 0.2, 60, 0.3, 0.9, 0.3),
              Hair("forelock", 0.3, 0.1, 40, 0.4, 0.6, 0.3), tip="#2f2620"),
        _mane("#1d1713", Hair("tail", 0.8, 0.24, 60, 0.2, 0.8, 0.3), kind="brush"),
    ),
    "gaur": (_horns([(0, 0, 0), (0.0, 0.28, 0.08), (0.02, 0.5, 0.36), (0.02, 0.4, 0.72)], 0.11, "#a89662"), _brush(_BLACK, 0.25)),
    "muskox": (
        _horns([(0.0, 0.02, 0.03), (0.0, 0.2, 0.02), (0.02, 0.36, -0.25), (0.1, 0.43, -0.5), (0.3, 0.48, -0.5), (0.4, 0.47, -0.28)],
               0.16, "#8b7a5e", radii=(0.15, 0.15, 0.1, 0.075, 0.05, 0.008), flat=0.6, offset=(0, -0.14, 0)),
        _mane("#2a1e16", _skirt(0.95), Hair("chest", 0.8, 0.26, 40, 0.25, 0.9, 0.3), Hair("throat", 0.6, 0.24, 90, 0.3, 0.9, 0.3), tip="#3d2d21"),
    ),
    "bighorn_sheep": (
        _horns(_arc(0.36, 40, 350, 0.42, 14, 0.06), 0.14, "#8a7458", tip_colour="#6d5a44", rings=24, power=1.8, flat=0.85,
               normal=(0, 1, 0), offset=(0, -0.06, 0)),
    ),
    "goat": (_horns(_arc(0.8, 20, 75, 0.3, 6), 0.075, _GREY, rings=10, flat=0.7, normal=(0, 1, 0), offset=(0, -0.04, 0)),
             _beard("coat", 0.42, 14, width=0.09)),
    "ibex": (
        _horns(_arc(1.12, 25, 130, 0.62, 10, 0.2), 0.11, "#5d5143", rings=18, ring_height=0.3, power=2.0, flat=0.75, normal=(0, 1, 0),
               offset=(0, -0.06, 0)),
        _beard("#3c3025", 0.26, 12, width=0.09),
    ),
    "mountain_goat": (_horns(_arc(0.9, 15, 45, 0.1, 5), 0.06, _BLACK, rings=5, offset=(-0.05, -0.04, 0)),
                      _beard("#eae4d6", 0.45, 26), _mane("#eee8da", Hair("chest", 0.35, 0.16, 30), Hair("throat", 0.25, 0.16, 50))),
    "thomsons_gazelle": (_horns([(0, 0, 0), (-0.16, 0.06, 0.46), (-0.5, 0.14, 0.92), (-0.72, 0.2, 1.3), (-0.68, 0.2, 1.6)], 0.075, _BLACK,
                                rings=20, ring_height=0.22, offset=(-0.05, -0.05, 0)), _brush(_BLACK, 0.25, 0.08, 18)),
    "impala": (_horns([(0, 0, 0), (-0.1, 0.26, 0.36), (-0.5, 0.56, 0.85), (-0.72, 0.5, 1.45), (-0.5, 0.36, 1.92), (-0.38, 0.34, 2.2)], 0.075,
                      _BLACK, rings=20, ring_height=0.2, offset=(-0.05, -0.04, 0)),),
    "wildebeest": (
        _horns([(0.0, 0.02, 0.02), (-0.03, 0.3, -0.02), (0.0, 0.62, -0.06), (0.05, 0.8, 0.18), (0.0, 0.68, 0.5)], 0.13, _DARK,
               radii=(0.13, 0.11, 0.075, 0.05, 0.006), offset=(0, -0.14, 0)),
        _mane("#16130f", Hair("crest", 0.4, 0.12, 80, 0.5, 0.7, 0.25)), _beard("#201b16", 0.45, 60, "throat"),
        _mane("#16130f", Hair("tail", 0.6, 0.14, 50, 0.15, 0.8, 0.25), kind="brush"),
    ),
    "oryx": (_horns([(0, 0, 0), (-0.5, 0.07, 0.5), (-1.25, 0.18, 1.1), (-2.2, 0.34, 1.6)], 0.075, _BLACK, rings=24, power=1.8,
                    offset=(-0.04, -0.05, 0)), _mane(_BLACK, Hair("tail", 0.5, 0.12, 40, 0.12, 0.8, 0.2), kind="brush")),
    "kudu": (_horns(_spiral((-0.72, 0.5, 0.62), 2.6, 2.4, 0.32, 200), 0.095, "#4d4136", tip_colour="#d8ccb2", power=1.6, offset=(-0.05, -0.05, 0)),
             _upright_mane("#4a3a2c", 0.14), _beard("#6a5442", 0.26, 50, "throat", 0.1)),
    "blackbuck": (_horns(_spiral((-0.62, 0.42, 0.75), 2.6, 3.6, 0.17, 180, 34), 0.08, _DARK, rings=28, ring_height=0.18, offset=(-0.05, -0.05, 0)),),
    "saiga": (_horns([(0, 0, 0), (-0.06, 0.1, 0.34), (-0.2, 0.2, 0.7), (-0.22, 0.16, 1.05), (-0.1, 0.1, 1.28)], 0.07, _AMBER, tip_colour="#7a5a33",
                     rings=14, ring_height=0.2, offset=(-0.05, -0.04, 0)),),
    "sable_antelope": (_horns(_arc(1.3, 25, 115, 0.4, 9, 0.15), 0.1, _BLACK, rings=30, ring_height=0.16, power=1.8, offset=(0, -0.06, 0)),
                       _upright_mane(_BLACK, 0.26), _mane(_BLACK, Hair("tail_tip", 0.4, 0.12, 30), kind="brush")),
    "pronghorn": (
        Part("horn", _BLACK, _DARK, "brow", (0, 0, 0), tubes=(
            Tube(((0, 0, 0), (-0.02, 0.08, 0.42), (0.0, 0.13, 0.8), (-0.2, 0.1, 1.05)), (0.09, 0.085, 0.06, 0.008), 0.6, (0, 1, 0)),
            Tube(((-0.01, 0.09, 0.42), (0.14, 0.1, 0.62), (0.18, 0.1, 0.78)), (0.07, 0.05, 0.006), 0.6, (0, 1, 0)))),
        _mane("#4a3525", Hair("crest", 0.2, 0.1, 60, 0.7, 0.2, 0.2)),
    ),
    # deer
    "stag": (_STAG, _mane("#5a4028", Hair("throat", 0.3, 0.13, 130, 0.25, 0.85, 0.35), tip="#43301f")),
    "moose": (_MOOSE, _beard("#3a2a20", 0.36, 10, "throat", 0.14)),
    "reindeer": (_REINDEER, _beard("#d9d2c4", 0.3, 70, "throat", 0.16)),
    "fallow_deer": (_FALLOW,),
    "white_tailed_deer": (_WHITETAIL,),
    "roe_deer": (_ROE,),
    "axis_deer": (_AXIS,),
    # giraffes
    "giraffe": (_OSSICONE, _upright_mane("#6a3f1e", 0.16, count=420), _brush(_BLACK, 0.9, 0.14, 40)),
    "okapi": (Part("horn", "coat", _GREY, "brow", (-0.05, -0.03, 0), tubes=(
        Tube(((0, 0, 0), (-0.08, 0.015, 0.12), (-0.2, 0.03, 0.24)), (0.05, 0.036, 0.012)),)), _brush(_BLACK, 0.16, 0.06, 16)),
    # rhinos, elephants, pigs
    "rhino": (_rhino_horn(0.95, 0.17, (0.06, 0, 0)), _rhino_horn(0.38, 0.14, (-0.26, 0, 0))),
    "black_rhino": (_rhino_horn(0.75, 0.15, (0.06, 0, 0)), _rhino_horn(0.5, 0.13, (-0.24, 0, 0))),
    "indian_rhino": (_rhino_horn(0.34, 0.16, (0.04, 0, 0)),),
    "elephant": (_tusks([(0, 0, 0), (0.4, 0.1, -0.06), (0.82, 0.2, 0.06), (1.2, 0.22, 0.32), (1.42, 0.16, 0.66)], 0.1), _brush(_BLACK, 0.3, 0.08, 16)),
    "asian_elephant": (_tusks([(0, 0, 0), (0.3, 0.06, -0.04), (0.62, 0.12, 0.06), (0.86, 0.12, 0.24)], 0.07), _brush(_BLACK, 0.3, 0.08, 16)),
    "wild_boar": (_tusks([(0, 0, 0), (0.05, 0.06, 0.06), (0.04, 0.09, 0.13), (-0.03, 0.09, 0.18)], 0.026, lower=True, offset=(0.08, 0, 0)),
                  _mane("#2a221c", Hair("crest", 0.16, 0.07, 110, 0.7, 0.0, 0.3)), _brush("#2a221c", 0.14, 0.05, 14)),
    "warthog": (_tusks([(0, 0, 0), (0.1, 0.16, -0.02), (0.14, 0.3, 0.1), (0.02, 0.32, 0.3)], 0.05, offset=(0.1, 0, 0)),
                _tusks([(0, 0, 0), (0.04, 0.08, 0.06), (0.0, 0.1, 0.15)], 0.03, lower=True, offset=(0.06, 0, 0)),
                _mane("#4a2c1c", Hair("crest", 0.34, 0.08, 110, 0.5, 0.5, 0.3)), _brush("#3a2a20", 0.16, 0.05, 14)),
    "red_river_hog": (_tusks([(0, 0, 0), (0.04, 0.06, 0.05), (0.0, 0.08, 0.1)], 0.022, lower=True, offset=(0.08, 0, 0)),
                      _upright_mane("#efe8da", 0.14), _ear_tufts("#efe8da", 0.3), _mane("#efe8da", Hair("cheeks", 0.12, 0.08, 60))),
    # horses
    "horse": _hanging_mane("#17110d"),
    "draft_horse": _hanging_mane("#d9cbb0", 0.55),
    "shetland_pony": _hanging_mane("#3a2617", 0.7),
    "przewalski_horse": (_upright_mane("#1d1611", 0.2), _mane("#1d1611", Hair("tail", 0.7, 0.16, 60, 0.12, 0.8, 0.2), kind="brush")),
    "zebra": (_upright_mane("coat", 0.2, tip=_BLACK), _brush(_BLACK, 0.4)),
    "donkey": (_upright_mane("#2c2621", 0.13), _brush("#2c2621", 0.35)),
    # cats, dogs, hyenas, bears
    "lion": (
        _mane("#7a4d22", Hair("ruff", 0.62, 0.3, 230, 0.42, 0.55, 0.3), Hair("cheeks", 0.42, 0.24, 90, 0.5, 0.4, 0.3),
              Hair("crest", 0.5, 0.24, 50, 0.6, 0.3, 0.3), tip="#3a2212"),
        _mane("#3a2416", Hair("chest", 0.55, 0.28, 50, 0.35, 0.7, 0.3), Hair("throat", 0.5, 0.26, 60, 0.35, 0.7, 0.3), tip="#22150c"),
        _brush("#2b1a10", 0.22),
    ),
    "lioness": (_brush("#2b1a10", 0.18, 0.1, 28),),
    "lynx": (_ear_tufts(_BLACK, 0.28), _mane("coat", Hair("cheeks", 0.3, 0.14, 60, 0.35, 0.5, 0.3), tip="#5a5148")),
    "caracal": (_ear_tufts(_BLACK, 0.4),),
    "maned_wolf": (_mane(_BLACK, Hair("crest", 0.26, 0.12, 90, 0.6, 0.2, 0.3)),),
    "striped_hyena": (_mane("#6d6252", Hair("crest", 0.3, 0.12, 90, 0.75, 0.1, 0.3), Hair("hump", 0.2, 0.12, 60, 0.6, 0.2, 0.3), tip=_BLACK),),
    "golden_retriever": (_mane("coat", Hair("chest", 0.3, 0.14, 30, 0.2, 0.9, 0.3), Hair("tail", 0.4, 0.14, 60, 0.15, 0.9, 0.3)),),
    # goats' cousins in the trees and others
    "mandrill": (_beard("#c99a3a", 0.3, 26), _mane("#4d4634", Hair("cheeks", 0.3, 0.13, 110, 0.35, 0.4, 0.3))),
    "baboon": (_mane("#6a5f45", Hair("ruff", 0.34, 0.16, 240, 0.3, 0.6, 0.3)),),
    "squirrel": (_ear_tufts("#7a3a1c", 0.32),),
    "red_panda": (_mane("#efe6da", Hair("cheeks", 0.24, 0.12, 50, 0.4, 0.3, 0.3)),),
    "giant_anteater": (_mane("#3c352d", Hair("tail", 0.7, 0.2, 90, 0.25, 0.9, 0.3), kind="brush"),),
    "skunk": (_mane("#f0ece4", Hair("tail", 0.8, 0.2, 70, 0.3, 0.3, 0.3), kind="brush", tip=_BLACK),),
    "bactrian_camel": (_beard("#4a3320", 0.32, 60, "throat", 0.16), _mane("#5b3f27", Hair("forelock", 0.18, 0.12, 30, 0.5, 0.4, 0.3))),
    "camel": (_beard("#7a5a38", 0.2, 40, "throat", 0.14),),
}  # fmt: skip
"""The parts of every species that has any, by its name in the species table."""
