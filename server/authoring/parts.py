"""What each species wears besides its skin: horns, antlers, tusks, manes, beards and tufts.

Horned kinds whose sexes differ show the horned sex, but where the name is the female's (cow: short horns; deer: none;
lioness: no mane). The forms are in `part_forms`; lengths are head lengths.
"""

from __future__ import annotations

from ...animal.parts import Hair, Part, Tube
from .part_forms import (
    AMBER,
    AXIS,
    BLACK,
    BULL_HORN,
    DARK,
    FALLOW,
    GREY,
    MOOSE,
    OSSICONE,
    PALE,
    REINDEER,
    ROE,
    STAG,
    WHITETAIL,
    arc,
    beard,
    brush,
    ear_tufts,
    hanging_mane,
    horns,
    mane,
    rhino_horn,
    skirt,
    spiral,
    tusks,
    upright_mane,
)

PARTS: dict[str, tuple[Part, ...]] = {
    # bovids
    "bull": (horns(BULL_HORN, 0.095, PALE), brush("#1d1712")),
    "cow": (horns([(0, 0, 0), (0.02, 0.14, 0.06), (0.1, 0.26, 0.14)], 0.065, PALE), brush("#e4ddd0")),
    "highland_cattle": (
        horns([(0, 0, 0), (0.0, 0.36, -0.02), (0.12, 0.8, 0.05), (0.22, 1.14, 0.32), (0.16, 1.26, 0.66)], 0.09, PALE),
        mane(
            "#7a4420",
            Hair("forelock", 0.62, 0.096, 88, 0.35, 0.9, 0.35),
            Hair("flanks", 0.4, 0.132, 374, 0.2, 0.9, 0.4),
            Hair("throat", 0.35, 0.12, 140, 0.25, 0.9, 0.4),
            Hair("chest", 0.4, 0.12, 80, 0.25, 0.9, 0.4),
            tip="#a5652f",
        ),
        brush("#7a4420", 0.45),
    ),
    "zebu": (
        horns([(0, 0, 0), (-0.1, 0.16, 0.24), (-0.16, 0.27, 0.6), (-0.05, 0.22, 0.92)], 0.085, GREY),
        brush(BLACK),
    ),
    "water_buffalo": (
        horns(
            [(0, 0, 0), (-0.16, 0.4, -0.02), (-0.52, 0.76, 0.02), (-0.95, 0.8, 0.22), (-1.22, 0.56, 0.42)],
            0.14,
            DARK,
            rings=14,
            flat=0.6,
            normal=(0.3, 0, 1),
        ),
        brush(BLACK, 0.25),
    ),
    "african_buffalo": (
        horns(
            [
                (0.0, 0.0, 0.05),
                (-0.03, 0.28, 0.1),
                (-0.06, 0.58, -0.12),
                (0.0, 0.86, -0.08),
                (0.0, 0.96, 0.24),
                (-0.06, 0.8, 0.48),
            ],
            0.2,
            DARK,
            radii=(0.2, 0.19, 0.12, 0.085, 0.055, 0.008),
            flat=0.7,
            rings=10,
            ring_height=0.06,
            offset=(0.02, -0.2, 0),
        ),
        brush(BLACK, 0.25),
    ),
    "bison": (
        horns([(0, 0, 0), (-0.02, 0.2, 0.02), (0.0, 0.34, 0.16), (0.0, 0.32, 0.36)], 0.085, BLACK),
        mane(
            "#2c1c12",
            Hair("forelock", 0.24, 0.08, 140, 0.4, 0.3, 0.35),
            Hair("ruff", 0.34, 0.11, 800, 0.14, 0.6, 0.35),
            Hair("chest", 0.45, 0.12, 120, 0.3, 0.9, 0.3),
            tip="#4a3220",
        ),
        beard("#21150e", 0.5, 90, width=0.08),
        brush("#21150e", 0.25),
    ),
    "yak": (
        horns([(0, 0, 0), (0.0, 0.32, 0.02), (0.12, 0.6, 0.16), (0.14, 0.68, 0.5), (-0.02, 0.58, 0.82)], 0.085, GREY),
        mane(
            "#1d1713",
            skirt(0.75),
            Hair("chest", 0.6, 0.144, 80, 0.25, 0.9, 0.3),
            Hair("throat", 0.35, 0.12, 120, 0.3, 0.9, 0.3),
            Hair("forelock", 0.3, 0.06, 80, 0.4, 0.6, 0.3),
            tip="#2f2620",
        ),
        mane("#1d1713", Hair("tail", 0.7, 0.12, 120, 0.06, 1.0, 0.2), kind="brush"),
    ),
    "gaur": (
        horns([(0, 0, 0), (0.0, 0.28, 0.08), (0.02, 0.5, 0.36), (0.02, 0.4, 0.72)], 0.11, "#a89662"),
        brush(BLACK, 0.25),
    ),
    "muskox": (
        horns(
            [
                (0.0, 0.02, 0.03),
                (0.0, 0.2, 0.02),
                (0.02, 0.36, -0.25),
                (0.1, 0.43, -0.5),
                (0.3, 0.48, -0.5),
                (0.4, 0.47, -0.28),
            ],
            0.16,
            "#8b7a5e",
            radii=(0.15, 0.15, 0.1, 0.075, 0.05, 0.008),
            flat=0.6,
            offset=(0, -0.14, 0),
        ),
        mane(
            "#2a1e16",
            skirt(0.95),
            Hair("chest", 0.8, 0.156, 80, 0.25, 0.9, 0.3),
            Hair("throat", 0.6, 0.144, 180, 0.3, 0.9, 0.3),
            tip="#3d2d21",
        ),
    ),
    "bighorn_sheep": (
        horns(
            arc(0.36, 40, 350, 0.42, 14, 0.06),
            0.14,
            "#8a7458",
            tip_colour="#6d5a44",
            rings=24,
            power=1.8,
            flat=0.85,
            normal=(0, 1, 0),
            offset=(0, -0.06, 0),
        ),
    ),
    "goat": (
        horns(arc(0.8, 20, 75, 0.3, 6), 0.075, GREY, rings=10, flat=0.7, normal=(0, 1, 0), offset=(0, -0.04, 0)),
        beard("coat", 0.42, 40, width=0.05),
    ),
    "ibex": (
        horns(
            arc(1.12, 25, 130, 0.62, 10, 0.2),
            0.11,
            "#5d5143",
            rings=18,
            ring_height=0.3,
            power=2.0,
            flat=0.75,
            normal=(0, 1, 0),
            offset=(0, -0.06, 0),
        ),
        beard("#3c3025", 0.26, 36, width=0.05),
    ),
    "mountain_goat": (
        horns(arc(0.9, 15, 45, 0.1, 5), 0.06, BLACK, rings=5, offset=(-0.05, -0.04, 0)),
        beard("#eae4d6", 0.45, 70),
        mane("#eee8da", Hair("chest", 0.35, 0.096, 60), Hair("throat", 0.25, 0.096, 100)),
    ),
    "thomsons_gazelle": (
        horns(
            [(0, 0, 0), (-0.16, 0.06, 0.46), (-0.5, 0.14, 0.92), (-0.72, 0.2, 1.3), (-0.68, 0.2, 1.6)],
            0.075,
            BLACK,
            rings=20,
            ring_height=0.22,
            offset=(-0.05, -0.05, 0),
        ),
        brush(BLACK, 0.25, 0.052, 40),
    ),
    "impala": (
        horns(
            [
                (0, 0, 0),
                (-0.1, 0.26, 0.36),
                (-0.5, 0.56, 0.85),
                (-0.72, 0.5, 1.45),
                (-0.5, 0.36, 1.92),
                (-0.38, 0.34, 2.2),
            ],
            0.075,
            BLACK,
            rings=20,
            ring_height=0.2,
            offset=(-0.05, -0.04, 0),
        ),
    ),
    "wildebeest": (
        horns(
            [(0.0, 0.02, 0.02), (-0.03, 0.3, -0.02), (0.0, 0.62, -0.06), (0.05, 0.8, 0.18), (0.0, 0.68, 0.5)],
            0.13,
            DARK,
            radii=(0.13, 0.11, 0.075, 0.05, 0.006),
            offset=(0, -0.14, 0),
        ),
        mane("#16130f", Hair("crest", 0.4, 0.072, 160, 0.5, 0.7, 0.25)),
        beard("#201b16", 0.45, 160, "throat"),
        mane("#16130f", Hair("tail", 0.6, 0.084, 100, 0.15, 0.8, 0.25), kind="brush"),
    ),
    "oryx": (
        horns(
            [(0, 0, 0), (-0.5, 0.07, 0.5), (-1.25, 0.18, 1.1), (-2.2, 0.34, 1.6)],
            0.075,
            BLACK,
            rings=24,
            power=1.8,
            offset=(-0.04, -0.05, 0),
        ),
        mane(BLACK, Hair("tail", 0.5, 0.072, 80, 0.12, 0.8, 0.2), kind="brush"),
    ),
    "kudu": (
        horns(
            spiral((-0.72, 0.5, 0.62), 2.6, 2.4, 0.32, 200),
            0.095,
            "#4d4136",
            tip_colour="#d8ccb2",
            power=1.6,
            offset=(-0.05, -0.05, 0),
        ),
        upright_mane("#4a3a2c", 0.14),
        beard("#6a5442", 0.26, 120, "throat", 0.055),
    ),
    "blackbuck": (
        horns(
            spiral((-0.62, 0.42, 0.75), 2.6, 3.6, 0.17, 180, 34),
            0.08,
            DARK,
            rings=28,
            ring_height=0.18,
            offset=(-0.05, -0.05, 0),
        ),
    ),
    "saiga": (
        horns(
            [(0, 0, 0), (-0.06, 0.1, 0.34), (-0.2, 0.2, 0.7), (-0.22, 0.16, 1.05), (-0.1, 0.1, 1.28)],
            0.07,
            AMBER,
            tip_colour="#7a5a33",
            rings=14,
            ring_height=0.2,
            offset=(-0.05, -0.04, 0),
        ),
    ),
    "sable_antelope": (
        horns(arc(1.3, 25, 115, 0.4, 9, 0.15), 0.1, BLACK, rings=30, ring_height=0.16, power=1.8, offset=(0, -0.06, 0)),
        upright_mane(BLACK, 0.26),
        mane(BLACK, Hair("tail_tip", 0.4, 0.072, 60), kind="brush"),
    ),
    "pronghorn": (
        Part(
            "horn",
            BLACK,
            DARK,
            "brow",
            (0, 0, 0),
            tubes=(
                Tube(
                    ((0, 0, 0), (-0.02, 0.08, 0.42), (0.0, 0.13, 0.8), (-0.2, 0.1, 1.05)),
                    (0.09, 0.085, 0.06, 0.008),
                    0.6,
                    (0, 1, 0),
                ),
                Tube(((-0.01, 0.09, 0.42), (0.14, 0.1, 0.62), (0.18, 0.1, 0.78)), (0.07, 0.05, 0.006), 0.6, (0, 1, 0)),
            ),
        ),
        mane("#4a3525", Hair("crest", 0.2, 0.06, 120, 0.7, 0.2, 0.2)),
    ),
    # deer
    "stag": (STAG, mane("#5a4028", Hair("throat", 0.3, 0.078, 260, 0.25, 0.85, 0.35), tip="#43301f")),
    "moose": (MOOSE,),
    "reindeer": (REINDEER, beard("#d9d2c4", 0.3, 200, "throat", 0.08)),
    "fallow_deer": (FALLOW,),
    "white_tailed_deer": (WHITETAIL,),
    "roe_deer": (ROE,),
    "axis_deer": (AXIS,),
    # giraffes
    "giraffe": (OSSICONE, upright_mane("#6a3f1e", 0.16, count=600), brush(BLACK, 0.9, 0.08, 90)),
    "okapi": (
        Part(
            "horn",
            "coat",
            GREY,
            "brow",
            (-0.05, -0.03, 0),
            tubes=(Tube(((0, 0, 0), (-0.08, 0.015, 0.12), (-0.2, 0.03, 0.24)), (0.05, 0.036, 0.012)),),
        ),
        brush(BLACK, 0.16, 0.039, 36),
    ),
    # rhinos, elephants, pigs
    "rhino": (rhino_horn(0.56, 0.13, (0.02, 0, 0)), rhino_horn(0.22, 0.11, (-0.24, 0, 0))),
    "black_rhino": (rhino_horn(0.75, 0.15, (0.06, 0, 0)), rhino_horn(0.5, 0.13, (-0.24, 0, 0))),
    "indian_rhino": (rhino_horn(0.34, 0.16, (0.04, 0, 0)),),
    "elephant": (
        tusks([(0, 0, 0), (0.26, 0.06, -0.1), (0.52, 0.1, -0.08), (0.74, 0.11, 0.06), (0.88, 0.09, 0.24)], 0.08),
        brush(BLACK, 0.3, 0.052, 36),
    ),
    "asian_elephant": (
        tusks([(0, 0, 0), (0.24, 0.04, -0.06), (0.48, 0.07, -0.02), (0.66, 0.07, 0.12)], 0.06),
        brush(BLACK, 0.3, 0.052, 36),
    ),
    "wild_boar": (
        tusks(
            [(0, 0, 0), (0.05, 0.06, 0.06), (0.04, 0.09, 0.13), (-0.03, 0.09, 0.18)],
            0.026,
            lower=True,
            offset=(0.08, 0, 0),
        ),
        mane("#2a221c", Hair("crest", 0.16, 0.042, 220, 0.7, 0.0, 0.3)),
        brush("#2a221c", 0.14, 0.033, 32),
    ),
    "warthog": (
        tusks([(0, 0, 0), (0.1, 0.16, -0.02), (0.14, 0.3, 0.1), (0.02, 0.32, 0.3)], 0.05, offset=(0.1, 0, 0)),
        tusks([(0, 0, 0), (0.04, 0.08, 0.06), (0.0, 0.1, 0.15)], 0.03, lower=True, offset=(0.06, 0, 0)),
        mane("#4a2c1c", Hair("crest", 0.34, 0.048, 220, 0.5, 0.5, 0.3)),
        brush("#3a2a20", 0.16, 0.033, 32),
    ),
    "red_river_hog": (
        tusks([(0, 0, 0), (0.04, 0.06, 0.05), (0.0, 0.08, 0.1)], 0.022, lower=True, offset=(0.08, 0, 0)),
        upright_mane("#efe8da", 0.14),
        mane("#efe8da", Hair("ear_tips", 0.26, 0.05, 16, 0.08, 0.95, 0.3), kind="tuft"),
        mane("#d9d0c0", Hair("cheeks", 0.12, 0.03, 240, 0.06, 0.6, 0.3)),
    ),
    # horses
    "horse": hanging_mane("#17110d"),
    "draft_horse": hanging_mane("#d9cbb0", 0.55),
    "shetland_pony": hanging_mane("#3a2617", 0.7),
    "przewalski_horse": (
        upright_mane("#1d1611", 0.2),
        mane("#1d1611", Hair("tail", 0.7, 0.096, 120, 0.12, 0.8, 0.2), kind="brush"),
    ),
    "zebra": (upright_mane("coat", 0.2), brush(BLACK, 0.4)),
    "donkey": (upright_mane("#2c2621", 0.13), brush("#2c2621", 0.35)),
    # cats, dogs, hyenas, bears
    "lion": (
        mane(
            "#7a4d22",
            Hair("ruff", 0.66, 0.125, 700, 0.28, 0.5, 0.3),
            Hair("cheeks", 0.4, 0.1, 260, 0.2, 0.5, 0.3),
            Hair("crest", 0.5, 0.13, 140, 0.5, 0.3, 0.3),
            tip="#3a2212",
        ),
        mane(
            "#3a2416",
            Hair("chest", 0.55, 0.14, 160, 0.28, 0.7, 0.3),
            Hair("throat", 0.55, 0.14, 160, 0.3, 0.7, 0.3),
            tip="#22150c",
        ),
        brush("#2b1a10", 0.22),
    ),
    "lioness": (brush("#2b1a10", 0.18, 0.065, 60),),
    "lynx": (ear_tufts(BLACK, 0.28), mane("coat", Hair("cheeks", 0.28, 0.06, 240, 0.15, 0.5, 0.3), tip="#5a5148")),
    "caracal": (ear_tufts(BLACK, 0.4),),
    "maned_wolf": (mane(BLACK, Hair("crest", 0.26, 0.072, 180, 0.6, 0.2, 0.3)),),
    "striped_hyena": (mane("#6d6252", Hair("crest", 0.32, 0.078, 320, 0.75, 0.1, 0.3), tip=BLACK),),
    "golden_retriever": (
        mane("coat", Hair("chest", 0.3, 0.084, 60, 0.2, 0.9, 0.3), Hair("tail", 0.4, 0.084, 120, 0.15, 0.9, 0.3)),
    ),
    "poodle": (
        mane(
            "coat",
            Hair("forelock", 0.2, 0.13, 160, 0.95, 0.0, 0.3),
            Hair("tail_tip", 0.16, 0.12, 160, 0.95, 0.0, 0.3),
            Hair("cheeks", 0.16, 0.12, 160, 0.5, 0.4, 0.3),
            Hair("chest", 0.22, 0.14, 160, 0.7, 0.2, 0.3),
        ),
    ),
    # goats' cousins in the trees and others
    "mandrill": (beard("#c99a3a", 0.3, 60), mane("#4d4634", Hair("cheeks", 0.28, 0.07, 300, 0.18, 0.4, 0.3))),
    "baboon": (mane("#6a5f45", Hair("ruff", 0.32, 0.085, 640, 0.16, 0.6, 0.3)),),
    "squirrel": (ear_tufts("#7a3a1c", 0.32),),
    "red_panda": (mane("#efe6da", Hair("cheeks", 0.2, 0.05, 320, 0.1, 0.25, 0.3)),),
    "giant_anteater": (mane("#3c352d", Hair("tail", 0.7, 0.1, 320, 0.2, 0.9, 0.3), kind="brush"),),
    "skunk": (mane("#f0ece4", Hair("tail", 0.62, 0.1, 320, 0.3, 0.25, 0.35), kind="brush", tip="#3a3636"),),
    "bactrian_camel": (
        beard("#4a3320", 0.32, 220, "throat", 0.08),
        mane("#5b3f27", Hair("forelock", 0.18, 0.072, 60, 0.5, 0.4, 0.3)),
    ),
    "sheep": (mane("#e9e1cf", Hair("forelock", 0.16, 0.12, 90, 0.8, 0.1, 0.3)),),
    "alpaca": (mane("coat", Hair("forelock", 0.3, 0.13, 160, 0.8, 0.1, 0.3), Hair("cheeks", 0.16, 0.12, 140, 0.5, 0.2, 0.3)),),
    "camel": (beard("#8f6a40", 0.2, 220, "throat", 0.06),),
}
"""The parts of every species that has any, by its name in the species table."""
