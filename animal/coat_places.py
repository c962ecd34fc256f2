"""Where on a body a layer of its coat lies, told in coordinates that every four-legged animal has.

A place is a union of boxes. A box names a part of the body and bounds on these coordinates of the skin:

* `axial`: along the animal, -1 tail tip, 0 tail base, 1 base of the neck, 2 back of the skull, 3 nose.
* `up`: across the trunk, neck, head or tail, 0 its underside, 1 its upper midline.
* `side`: 0 on the midline, 1 at the widest of the body there.
* `leg`: height on a leg, 0 the ground, 1 the line of the belly.
* `eye`, `nose`: distance from the nearer eye and from the nose's tip, in lengths of the head.
* `ear`: 0 where the ear begins, 1 its tip.
* `limb`: 0 on the trunk, 1 where a leg alone moves the skin; shoulder and thigh lie between.

`coat_fields` measures these on a model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

PARTS = ("all", "body", "trunk", "neck", "head", "ears", "tail", "legs", "front_legs", "hind_legs")
COORDINATES = ("axial", "up", "side", "leg", "eye", "nose", "ear", "limb")


@dataclass(frozen=True)
class Box:
    """A part of the body between bounds: coordinate → (least, most); None leaves that side open."""

    part: str
    bounds: Mapping[str, tuple[float | None, float | None]] = field(default_factory=dict)


def _box(part: str, **bounds: tuple[float | None, float | None]) -> Box:
    return Box(part, bounds)


_LEGS = _box("legs", leg=(None, 0.98))
_EARS = _box("ears", ear=(-0.2, None))
_TAIL = _box("tail", axial=(None, 0.02))

BOXES: dict[str, tuple[Box, ...]] = {
    "everywhere": (_box("all"),),
    # trunk
    "trunk": (_box("trunk"),),
    "body": (_box("body"),),
    "belly": (_box("trunk", up=(None, 0.22), limb=(None, 0.3)),),
    "underparts": (_box("body", up=(None, 0.3), axial=(None, 2.2), limb=(None, 0.35)),),
    "lower_half": (_box("body", up=(None, 0.5)), _LEGS),
    "back": (_box("body", up=(0.72, None), axial=(-0.05, 1.9)),),
    "mantle": (_box("body", up=(0.55, None), axial=(-0.1, None)), _box("tail", up=(0.3, None))),
    "dorsal_stripe": (_box("body", side=(None, 0.16), up=(0.8, None), axial=(-0.1, 1.95)),),
    "twin_stripes": (_box("body", side=(0.12, 0.5), up=(0.72, None), axial=(-0.05, 2.35)),
                     _box("head", side=(None, 0.55), up=(0.8, None), axial=(2.0, 2.35)),
                     _box("body", side=(None, 0.5), up=(0.7, None), axial=(1.35, 2.1))),
    "saddle": (_box("trunk", up=(0.5, None), axial=(0.02, 0.95)),),
    "saddle_blanket": (_box("trunk", up=(0.4, None), axial=(0.0, 0.8)),),
    "blanket": (_box("trunk", up=(0.12, None), axial=(-0.4, 0.66)), _box("hind_legs", leg=(1.08, None))),
    "flank_band": (_box("trunk", up=(0.2, 0.36), axial=(0.12, 0.86), limb=(None, 0.7)),),
    "flank": (_box("trunk", up=(0.2, 0.55), axial=(0.1, 0.9)),),
    "rump": (_box("body", axial=(-0.2, 0.09), up=(0.2, None)), _box("hind_legs", leg=(1.0, None), axial=(None, 0.02))),
    "rump_patch": (_box("all", axial=(-0.12, 0.045), up=(0.25, 1.2), side=(None, 0.75)),),
    "hindquarters": (_box("trunk", axial=(None, 0.3)), _box("hind_legs", leg=(0.85, None))),
    "hind_half": (_box("body", axial=(None, 0.52), up=(0.3, None)),),
    "shoulders": (_box("trunk", axial=(0.72, 1.1)), _box("front_legs", leg=(0.9, None))),
    "shoulder_band": (_box("trunk", axial=(0.74, 1.02)), _box("front_legs",)),
    "forequarters": (_box("body", axial=(0.62, 2.0)), _box("front_legs", leg=(0.75, None))),
    "fore_half": (_box("body", axial=(0.55, None)), _box("front_legs",), _EARS),
    "cape": (_box("body", axial=(0.62, 1.6), up=(0.3, None)),),
    "hump": (_box("trunk", axial=(0.7, 1.1), up=(0.75, None)),),
    # neck
    "neck": (_box("body", axial=(1.02, 2.06)),),
    "throat": (_box("body", axial=(0.98, 2.2), up=(None, 0.35)),),
    "throat_patch": (_box("body", axial=(1.35, 2.02), up=(None, 0.35)),),
    "chest": (_box("body", axial=(0.9, 1.5), up=(None, 0.45)),),
    "breast": (_box("body", axial=(0.98, 1.3), up=(0.04, 0.3)),),
    "crest": (_box("body", axial=(0.95, 2.12), up=(0.8, None), side=(None, 0.5)),),
    "nape": (_box("body", axial=(1.2, 2.1), up=(0.6, None)),),
    "ruff": (_box("body", axial=(1.0, 2.12)), _box("head", axial=(1.9, 2.32), up=(None, 0.75))),
    "lion_mane": (_box("body", axial=(0.86, 2.08)), _box("head", axial=(1.9, 2.22)), _box("trunk", axial=(0.7, 1.0), up=(None, 0.3))),
    "collar": (_box("body", axial=(1.25, 1.65)),),
    # head
    "head": (_box("head"), _EARS),
    "face": (_box("head", axial=(2.3, None)),),
    "points_face": (_box("head", nose=(None, 0.72)),),
    "muzzle": (_box("head", axial=(2.66, None)),),
    "snout": (_box("head", axial=(2.5, None)),),
    "chin": (_box("head", axial=(2.35, None), up=(None, 0.3)),),
    "cheeks": (_box("head", axial=(2.05, 2.62), up=(None, 0.45)),),
    "lower_face": (_box("head", axial=(2.1, None), up=(None, 0.42)),),
    "forehead": (_box("head", axial=(2.2, 2.6), up=(0.72, None)),),
    "crown": (_box("head", axial=(1.95, 2.4), up=(0.65, None)),),
    "blaze": (_box("head", axial=(2.22, None), side=(None, 0.3), up=(0.6, None)),),
    "bridge": (_box("head", axial=(2.5, 2.9), side=(None, 0.4), up=(0.6, None)),),
    "eye_mask": (_box("head", eye=(None, 0.2), up=(0.35, 0.9)), _box("head", axial=(2.3, 2.6), up=(0.4, 0.66))),
    "eye_patch": (_box("head", eye=(None, 0.17)),),
    "eye_ring": (_box("head", eye=(None, 0.12)),),
    "eye_stripe": (_box("body", axial=(1.8, 2.85), up=(0.56, 0.78), side=(0.3, None)),),
    "brow": (_box("head", eye=(None, 0.14), up=(0.74, None)),),
    "tear_line": (_box("head", axial=(2.52, 2.86), up=(0.4, 0.56), side=(0.4, None)),),
    "nose_ring": (_box("head", nose=(None, 0.2)),),
    # ears
    "ears": (_EARS,),
    "ear_tips": (_box("ears", ear=(0.62, None)),),
    # legs
    "legs": (_LEGS,),
    "upper_legs": (_box("legs", leg=(0.7, None)),),
    "lower_legs": (_box("legs", leg=(None, 0.62)),),
    "stockings": (_box("legs", leg=(None, 0.42)),),
    "socks": (_box("legs", leg=(None, 0.25)),),
    "feet": (_box("legs", leg=(None, 0.12)),),
    "front_legs": (_box("front_legs", leg=(None, 1.1)),),
    "hind_legs": (_box("hind_legs", leg=(None, 1.1)),),
    "zebra_legs": (_LEGS, _box("hind_legs", leg=(0.9, None)), _box("trunk", axial=(-0.1, 0.12))),
    # tail
    "tail": (_TAIL,),
    "tail_end": (_box("tail", axial=(None, -0.6)),),
    "tail_tip": (_box("tail", axial=(None, -0.8)),),
    "tail_top": (_box("tail", up=(0.55, None)),),
    "tail_under": (_box("tail", up=(None, 0.45)), _box("all", axial=(-0.25, 0.03), up=(None, 0.5), side=(None, 0.5))),
}  # fmt: skip

PLACES = tuple(BOXES)
"""The names a layer may give as its place."""
