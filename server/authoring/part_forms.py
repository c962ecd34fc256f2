"""The forms that parts come in: horns along a curve, a bow or a corkscrew, antlers with tines and palms, kinds of hair.

Lengths are head lengths (ear to nose) in the head's frame: forward, outward, up (see `animal.parts`). Drawn after the
descriptions of horn and antler forms in field guides. The table of species is in `parts`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from ...animal.parts import Hair, Part, Tube

Point = tuple[float, float, float]

DARK, BLACK, GREY, PALE, AMBER = "#3b3129", "#1c1917", "#5b5347", "#b9a98a", "#b98a4a"
_ANTLER, _ANTLER_TIP, _IVORY = "#6b5138", "#c9b592", "#e6dcc0"


def _taper(path: Sequence[Point], root: float, tip: float = 0.0, power: float = 1.0) -> tuple[float, ...]:
    """Radii from root to tip, by the distance along the path; a higher power keeps the tube stout for longer."""
    steps = [0.0]
    for a, b in itertools.pairwise(path):
        steps.append(steps[-1] + math.dist(a, b))
    return tuple(round(tip + (root - tip) * (1 - (step / steps[-1]) ** power), 4) for step in steps)


def _rounded(path: Sequence[Point]) -> tuple[Point, ...]:
    return tuple((round(x, 3), round(y, 3), round(z, 3)) for x, y, z in path)


def horns(
    path: Sequence[Point],
    root: float,
    colour: str = DARK,
    *,
    tip_colour: str = BLACK,
    rings: int = 0,
    ring_height: float = 0.12,
    power: float = 1.4,
    tip: float = 0.006,
    anchor: str = "brow",
    offset: Point = (0, 0, 0),
    flat: float = 1.0,
    normal: Point = (0.0, 0.0, 1.0),
    radii: tuple[float, ...] = (),
) -> Part:
    """A pair of horns along one centre line."""
    tube = Tube(_rounded(path), radii or _taper(path, root, tip, power), flat, normal, rings, ring_height)
    return Part("horn", colour, tip_colour, anchor, offset, tubes=(tube,))


def arc(radius: float, start: float, sweep: float, spread: float, points: int = 8, grow: float = 0.0) -> list[Point]:
    """A bow in the plane of the skull: from `start` degrees (0 forward, 90 up) over `sweep`, drifting outward by `spread`.

    grow: how much wider the bow is at its end, head lengths.
    """
    path = []
    for i in range(points):
        t = i / (points - 1)
        angle, r = math.radians(start + sweep * t), radius + grow * t
        path.append(
            (
                r * math.cos(angle) - radius * math.cos(math.radians(start)),
                spread * t,
                r * math.sin(angle) - radius * math.sin(math.radians(start)),
            )
        )
    return path


def spiral(
    axis: Point, length: float, turns: float, radius: float, phase: float = 0.0, points: int = 26
) -> list[Point]:
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


def _antlers(
    beam: Sequence[Point],
    root: float,
    tines: Sequence[tuple[Sequence[Point], float]],
    *,
    tip: float = 0.02,
    palms: Sequence[Tube] = (),
    anchor: str = "brow",
    offset: Point = (-0.1, -0.02, 0.0),
) -> Part:
    """A pair of antlers: beam, tines with the radius of their roots, palms."""
    tubes = [Tube(_rounded(beam), _taper(beam, root, tip, 1.3))]
    tubes += [Tube(_rounded(path), _taper(path, radius, 0.006, 1.5)) for path, radius in tines]
    return Part("antler", _ANTLER, _ANTLER_TIP, anchor, offset, tubes=(*tubes, *palms))


def tusks(
    path: Sequence[Point], root: float, *, lower: bool = False, offset: Point = (0, 0, 0), power: float = 1.5
) -> Part:
    """A pair of tusks: at the upper lip, or on the lower jaw."""
    return Part(
        "tusk",
        _IVORY,
        _IVORY,
        "lower_lip" if lower else "upper_lip",
        offset,
        on_jaw=lower,
        tubes=(Tube(_rounded(path), _taper(path, root, 0.004, power)),),
    )


def mane(colour: str, *hair: Hair, tip: str = "", kind: str = "mane") -> Part:
    """Hair of one colour, which may be another at the tips."""
    return Part(kind, colour, tip, hair=hair)


def hanging_mane(colour: str, length: float = 0.5) -> tuple[Part, ...]:
    """A horse's mane, forelock and tail."""
    return (
        mane(
            colour,
            Hair("crest", length, 0.085, 340, 0.25, 0.9, 0.2),
            Hair("forelock", 0.7 * length, 0.06, 60, 0.3, 0.6, 0.2),
        ),
        mane(colour, Hair("tail", 0.35 + length, 0.1, 220, 0.04, 1.0, 0.2), kind="brush"),
    )


def upright_mane(colour: str, length: float, tip: str = "", count: int = 420) -> Part:
    """Short stiff hair along the neck's upper line."""
    return mane(colour, Hair("crest", length, 0.09, count, 0.97, 0.0, 0.1), tip=tip)


def brush(colour: str, length: float = 0.35, width: float = 0.07, count: int = 80) -> Part:
    """The tassel at the end of a tail."""
    return mane(colour, Hair("tail_tip", length, width, count, 0.14, 0.35, 0.3), kind="brush")


def beard(colour: str, length: float, count: int = 60, area: str = "chin", width: float = 0.07) -> Part:
    return mane(colour, Hair(area, length, width, count, 0.25, 0.8, 0.3), kind="beard")


def ear_tufts(colour: str, length: float) -> Part:
    return mane(colour, Hair("ear_tips", length, 0.07, 8, 0.08, 0.0, 0.2), kind="tuft")


def _palm(path: Sequence[Point], radii: tuple[float, ...], normal: Point) -> Tube:
    return Tube(_rounded(path), radii, 0.13, normal)


STAG = _antlers(
    [(0, 0, 0), (-0.28, 0.26, 0.45), (-0.55, 0.62, 1.0), (-0.58, 0.84, 1.6), (-0.35, 0.86, 2.2)],
    0.075,
    [
        ([(-0.03, 0.03, 0.08), (0.25, 0.1, 0.2), (0.48, 0.14, 0.5)], 0.05),
        ([(-0.17, 0.16, 0.3), (0.12, 0.27, 0.5), (0.28, 0.32, 0.82)], 0.045),
        ([(-0.53, 0.58, 0.95), (-0.22, 0.74, 1.15), (-0.08, 0.76, 1.48)], 0.05),
        ([(-0.55, 0.85, 1.75), (-0.78, 0.92, 2.05), (-0.8, 0.9, 2.3)], 0.045),
        ([(-0.52, 0.85, 1.85), (-0.42, 1.08, 2.1), (-0.34, 1.12, 2.36)], 0.045),
    ],
)
MOOSE = _antlers(
    [(0, 0, 0), (-0.03, 0.3, 0.0), (-0.1, 0.55, 0.08)],
    0.075,
    [
        ([(-0.42, 0.8, 0.22), (-0.68, 0.95, 0.42), (-0.72, 1.0, 0.62)], 0.06),
        ([(-0.45, 1.0, 0.4), (-0.66, 1.25, 0.66), (-0.62, 1.3, 0.86)], 0.06),
        ([(-0.35, 1.15, 0.5), (-0.42, 1.45, 0.8), (-0.36, 1.5, 1.0)], 0.06),
        ([(-0.18, 1.15, 0.5), (-0.12, 1.48, 0.74), (-0.08, 1.54, 0.94)], 0.06),
        ([(0.0, 1.0, 0.38), (0.1, 1.3, 0.58), (0.12, 1.36, 0.76)], 0.055),
        ([(0.02, 0.8, 0.24), (0.24, 1.05, 0.36), (0.28, 1.1, 0.54)], 0.05),
        ([(-0.05, 0.5, 0.07), (0.25, 0.62, 0.1), (0.5, 0.6, 0.3)], 0.055),
        ([(0.1, 0.57, 0.09), (0.36, 0.8, 0.16), (0.48, 0.86, 0.36)], 0.04),
    ],
    tip=0.06,
    palms=(
        _palm(
            [(-0.06, 0.45, 0.05), (-0.16, 0.72, 0.18), (-0.22, 1.02, 0.38), (-0.22, 1.36, 0.64)],
            (0.1, 0.4, 0.5, 0.3),
            (0.0, -0.5, 0.86),
        ),
    ),
)
FALLOW = _antlers(
    [(0, 0, 0), (-0.25, 0.22, 0.42), (-0.52, 0.48, 0.95)],
    0.07,
    [
        ([(-0.03, 0.03, 0.08), (0.22, 0.1, 0.22), (0.42, 0.14, 0.52)], 0.045),
        ([(-0.42, 0.4, 0.78), (-0.14, 0.5, 0.98), (-0.02, 0.52, 1.28)], 0.045),
        ([(-0.78, 0.66, 1.35), (-1.0, 0.7, 1.45), (-1.1, 0.72, 1.6)], 0.05),
        ([(-0.85, 0.7, 1.6), (-1.06, 0.74, 1.75), (-1.12, 0.75, 1.92)], 0.05),
        ([(-0.82, 0.74, 1.85), (-0.98, 0.78, 2.05), (-1.0, 0.78, 2.2)], 0.05),
        ([(-0.66, 0.76, 2.0), (-0.72, 0.8, 2.2), (-0.68, 0.8, 2.36)], 0.05),
    ],
    tip=0.06,
    palms=(
        _palm(
            [(-0.48, 0.45, 0.88), (-0.62, 0.62, 1.25), (-0.7, 0.72, 1.65), (-0.66, 0.76, 2.05)],
            (0.07, 0.17, 0.25, 0.13),
            (0.0, 1.0, -0.2),
        ),
    ),
)
REINDEER = _antlers(
    [(0, 0, 0), (-0.42, 0.25, 0.32), (-0.85, 0.58, 0.8), (-0.85, 0.86, 1.5), (-0.45, 0.95, 2.1), (0.0, 0.85, 2.4)],
    0.06,
    [
        ([(-0.03, 0.02, 0.06), (0.3, 0.04, 0.22), (0.6, 0.03, 0.3)], 0.05),
        ([(0.3, 0.04, 0.22), (0.5, 0.05, 0.42), (0.58, 0.05, 0.58)], 0.035),
        ([(-0.25, 0.16, 0.2), (0.1, 0.36, 0.5), (0.35, 0.42, 0.85)], 0.045),
        ([(0.12, 0.37, 0.52), (0.35, 0.44, 0.6), (0.5, 0.44, 0.78)], 0.035),
        ([(-0.9, 0.78, 1.25), (-1.15, 0.82, 1.4), (-1.25, 0.82, 1.6)], 0.035),
        ([(-0.7, 0.92, 1.8), (-0.72, 1.0, 2.15), (-0.6, 1.02, 2.4)], 0.04),
        ([(-0.4, 0.94, 2.14), (-0.32, 1.0, 2.4), (-0.16, 1.0, 2.62)], 0.035),
    ],
)
WHITETAIL = _antlers(
    [(0, 0, 0), (-0.25, 0.22, 0.3), (-0.38, 0.55, 0.62), (-0.1, 0.82, 0.95), (0.32, 0.78, 1.12), (0.62, 0.55, 1.18)],
    0.06,
    [
        ([(-0.06, 0.05, 0.1), (-0.02, 0.08, 0.32), (0.06, 0.1, 0.48)], 0.035),
        ([(-0.36, 0.48, 0.55), (-0.4, 0.6, 0.98), (-0.3, 0.62, 1.3)], 0.045),
        ([(-0.12, 0.8, 0.92), (-0.12, 0.82, 1.3), (-0.04, 0.8, 1.55)], 0.045),
        ([(0.25, 0.79, 1.1), (0.3, 0.78, 1.35), (0.36, 0.75, 1.5)], 0.035),
    ],
)
ROE = _antlers(
    [(0, 0, 0), (-0.06, 0.08, 0.5), (-0.12, 0.14, 0.95), (-0.06, 0.16, 1.3)],
    0.075,
    [
        ([(-0.08, 0.1, 0.58), (0.14, 0.14, 0.75), (0.22, 0.14, 0.98)], 0.045),
        ([(-0.11, 0.14, 0.88), (-0.32, 0.18, 1.0), (-0.4, 0.18, 1.18)], 0.04),
    ],
)
AXIS = _antlers(
    [(0, 0, 0), (-0.38, 0.3, 0.45), (-0.68, 0.68, 1.1), (-0.58, 0.82, 1.9), (-0.28, 0.72, 2.5)],
    0.065,
    [
        ([(-0.04, 0.04, 0.06), (0.22, 0.12, 0.25), (0.38, 0.12, 0.65)], 0.045),
        ([(-0.62, 0.8, 1.72), (-0.78, 0.68, 2.0), (-0.76, 0.62, 2.2)], 0.04),
    ],
)

BULL_HORN = [(0, 0, 0), (0.0, 0.2, 0.04), (0.08, 0.42, 0.12), (0.2, 0.52, 0.32)]
OSSICONE = Part(
    "horn",
    "coat",
    BLACK,
    "poll",
    (0.1, 0.04, 0),
    tubes=(Tube(((0, 0, 0), (-0.05, 0.015, 0.14), (-0.11, 0.03, 0.3)), (0.07, 0.048, 0.055)),),
)


def rhino_horn(height: float, root: float, offset: Point) -> Part:
    """One horn on the nose, leaning forward and hooked back."""
    path = [(0, 0, 0), (0.1 * height, 0, 0.35 * height), (0.06 * height, 0, 0.7 * height), (-0.12 * height, 0, height)]
    return Part(
        "horn",
        "#6a6358",
        "#4a453d",
        "snout",
        offset,
        mirrored=False,
        tubes=(Tube(_rounded(path), _taper(path, root, 0.01, 0.85)),),
    )


def skirt(length: float) -> Hair:
    """Long hair hanging from the flanks."""
    return Hair("flanks", length, 0.15, 420, 0.14, 0.9, 0.3)
