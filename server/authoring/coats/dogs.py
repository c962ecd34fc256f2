"""Coats of dogs, wolves and foxes."""

from __future__ import annotations

from ....animal.coats import Coat, Layer, Tuft

BLACK = "#171310"
DARK = "#2e241d"
WHITE = "#f1eee7"
CREAM = "#e9dcc3"
AMBER = "#b5812c"
BROWN_EYE = "#4a2a14"
BLUE_EYE = "#7fb2d8"


def _wild_dog(base: str, under: str, back: str, *layers: Layer, contrast: float = 0.35, fur: float = 0.035) -> Coat:
    """A wolf-like coat: grizzled darker back, pale cheeks and throat, dark tail tip."""
    return Coat(
        base,
        under,
        (
            Layer("mantle", back, edge=0.12, ragged=0.03, strength=0.75),
            Layer("mantle", back, "flecks", 0.02, 0.5, edge=0.1),
            Layer("cheeks", under, edge=0.05),
            Layer("lower_face", under, edge=0.04),
            Layer("throat", under, edge=0.08),
            Layer("tail_tip", BLACK, edge=0.06),
            *layers,
        ),
        contrast,
        eye=AMBER,
        fur=fur,
        tufts=(Tuft("tail", 0.09), Tuft("ruff", 0.07)),
    )


CANIDS = {
    "dog": Coat(
        "#9a6434",
        "#d9b487",
        (
            Layer("muzzle", DARK, edge=0.05),
            Layer("ears", "#5b3a20"),
            Layer("feet", "#e2d3bb", edge=0.03),
            Layer("chest", "#e2d3bb", edge=0.05, ragged=0.02),
            Layer("tail_tip", "#e2d3bb", edge=0.03),
        ),
        0.35,
    ),
    "labrador": Coat("#e0bb7c", "#efdcb4", (Layer("ears", "#cf9f5c", edge=0.05),), 0.2, eye=BROWN_EYE, fur=0.02),
    "german_shepherd": Coat(
        "#b07a41",
        "#c8a06c",
        (
            Layer("saddle_blanket", BLACK, edge=0.06, ragged=0.04),
            Layer("back", BLACK, edge=0.06, ragged=0.03),
            Layer("mantle", BLACK, edge=0.08, ragged=0.03, strength=0.9),
            Layer("snout", BLACK, edge=0.05, ragged=0.02),
            Layer("ears", DARK),
            Layer("tail_top", BLACK, edge=0.05),
        ),
        0.2,
        eye=BROWN_EYE,
        fur=0.035,
        tufts=(Tuft("tail", 0.08), Tuft("ruff", 0.05)),
    ),
    "greyhound": Coat(
        "#6e7076",
        "#8b8c90",
        (
            Layer("chest", WHITE, edge=0.03, ragged=0.02),
            Layer("feet", WHITE, edge=0.02),
            Layer("bridge", WHITE, edge=0.02),
        ),
        0.2,
        fur=0.008,
    ),
    "dachshund": Coat(
        "#1d1613",
        "#2a1d14",
        (
            Layer("socks", "#a05f2b", edge=0.04),
            Layer("lower_face", "#a05f2b", edge=0.03),
            Layer("brow", "#a05f2b"),
            Layer("chest", "#a05f2b", edge=0.04),
            Layer("tail_under", "#8a5126"),
        ),
        0.1,
        fur=0.008,
    ),
    "border_terrier": Coat(
        "#a5793f",
        "#c9a877",
        (
            Layer("mantle", "#5b4a38", "flecks", 0.03, 0.65, edge=0.1),
            Layer("ears", "#3c2d22"),
            Layer("muzzle", "#33261e", edge=0.05),
        ),
        0.2,
        fur=0.03,
        curl=0.5,
    ),
    "rhodesian_ridgeback": Coat(
        "#a85a26",
        "#bd7440",
        (
            Layer("dorsal_stripe", "#6b3314", edge=0.02, strength=0.9),
            Layer("muzzle", "#2b1a12", edge=0.06),
            Layer("ears", "#7c3f1c"),
        ),
        0.25,
        fur=0.01,
    ),
    "weimaraner": Coat(
        "#8a7a70", "#9a8b80", (Layer("ears", "#76675d"),), 0.15, eye="#c0a468", nose="#6b5a52", fur=0.008
    ),
    "golden_retriever": Coat(
        "#c88f47",
        "#e3bf84",
        (Layer("ears", "#b27635"),),
        0.25,
        fur=0.045,
        eye=BROWN_EYE,
        tufts=(Tuft("tail_under", 0.16), Tuft("chest", 0.09), Tuft("belly", 0.08)),
    ),
    "husky": Coat(
        "#5b5f66",
        WHITE,
        (
            Layer("mantle", "#383b41", edge=0.08, ragged=0.03),
            Layer("underparts", WHITE, edge=0.06, ragged=0.03),
            Layer("lower_legs", WHITE, edge=0.06),
            Layer("lower_face", WHITE, edge=0.03),
            Layer("brow", "#c9cacb", edge=0.05, strength=0.7),
            Layer("muzzle", WHITE, edge=0.04),
            Layer("tail_under", WHITE, edge=0.04),
        ),
        0.2,
        eye=BLUE_EYE,
        fur=0.05,
        tufts=(Tuft("tail", 0.13), Tuft("ruff", 0.08)),
    ),
    "bulldog": Coat(
        "#c0874f",
        WHITE,
        (
            Layer("underparts", WHITE, edge=0.04, ragged=0.03),
            Layer("lower_legs", WHITE, edge=0.05),
            Layer("blaze", WHITE, edge=0.02),
            Layer("muzzle", WHITE, edge=0.03),
            Layer("neck", WHITE, ragged=0.05),
        ),
        0.15,
        fur=0.008,
    ),
    "poodle": Coat(
        "#2a2625",
        "#353030",
        (),
        0.1,
        fur=0.06,
        curl=1.0,
        tufts=(Tuft("crown", 0.15, 1.0), Tuft("tail_end", 0.15, 1.0), Tuft("ears", 0.12, 0.9)),
    ),
    "corgi": Coat(
        "#c07a35",
        WHITE,
        (
            Layer("underparts", WHITE, edge=0.03, ragged=0.02),
            Layer("collar", WHITE, edge=0.04),
            Layer("chest", WHITE, edge=0.03),
            Layer("lower_legs", WHITE, edge=0.04),
            Layer("blaze", WHITE, edge=0.02),
            Layer("muzzle", WHITE, edge=0.03),
            Layer("rump_patch", "#dfb27c", edge=0.04),
        ),
        0.2,
        fur=0.03,
        tufts=(Tuft("ruff", 0.06), Tuft("tail", 0.06)),
    ),
    "dalmatian": Coat(
        "#f2f0ea",
        "#f5f3ee",
        (Layer("everywhere", "#15120f", "spots", 0.085, 0.15, warp=0.7), Layer("ears", "#15120f", "spots", 0.05, 0.6)),
        0.05,
        fur=0.008,
    ),
    "great_dane": Coat(
        "#b98d57",
        "#cba672",
        (
            Layer("snout", "#1d1613", edge=0.06),
            Layer("eye_ring", "#1d1613", edge=0.04),
            Layer("ears", "#2e2118", edge=0.03),
        ),
        0.2,
        fur=0.006,
    ),
    "chihuahua": Coat(
        "#cf9b5e",
        "#ecd6b1",
        (Layer("chest", CREAM, edge=0.04), Layer("ears", "#b98247"), Layer("muzzle", CREAM, edge=0.04)),
        0.2,
        fur=0.012,
    ),
    "wolf": _wild_dog("#8b8173", "#d8cfbf", "#4a453f", Layer("lower_legs", "#c3b39a", edge=0.12)),
    "coyote": _wild_dog(
        "#a98c66",
        "#e1d5bf",
        "#6c5c47",
        Layer("lower_legs", "#b98a55", edge=0.12),
        Layer("ears", "#a4713f"),
        Layer("muzzle", "#a27347", edge=0.06),
    ),
    "african_wild_dog": Coat(
        "#33281f",
        "#3b2c20",
        (
            Layer("body", "#b8813d", "patches", 0.16, 0.5),
            Layer("legs", "#b8813d", "patches", 0.14, 0.4),
            Layer("body", "#eee3cd", "patches", 0.13, 0.3),
            Layer("legs", "#eee3cd", "patches", 0.12, 0.42),
            Layer("crown", "#c19a5f", edge=0.03),
            Layer("neck", "#b99457", ragged=0.05, strength=0.8),
            Layer("snout", "#191411", edge=0.05),
            Layer("ears", "#221a15"),
            Layer("tail", "#b8813d"),
            Layer("tail_end", "#f3efe4"),
        ),
        0.05,
        eye=BROWN_EYE,
        fur=0.012,
        tufts=(Tuft("tail_end", 0.08),),
    ),
    "fox": Coat(
        "#c4601d",
        "#f2ece0",
        (
            Layer("lower_face", "#f5f0e6", edge=0.03),
            Layer("throat", "#f5f0e6", edge=0.05, ragged=0.02),
            Layer("belly", "#f1e8da", edge=0.05),
            Layer("chest", "#f5f0e6", edge=0.05),
            Layer("stockings", "#1b1411", edge=0.05, ragged=0.02),
            Layer("ear_tips", "#1b1411", edge=0.04),
            Layer("tail_tip", "#f7f3ea", edge=0.03, ragged=0.03),
        ),
        0.25,
        eye=AMBER,
        pupil="slit",
        fur=0.05,
        tufts=(Tuft("tail", 0.17), Tuft("ruff", 0.07)),
    ),
    "arctic_fox": Coat(
        "#eef0f1",
        "#f6f6f4",
        (),
        0.06,
        eye="#7a4a1c",
        pupil="slit",
        fur=0.08,
        tufts=(Tuft("tail", 0.16), Tuft("ruff", 0.09)),
    ),
    "fennec_fox": Coat(
        "#dcb981",
        "#f5ead4",
        (
            Layer("lower_face", "#f7efdf", edge=0.03),
            Layer("lower_legs", "#f0dfbf", edge=0.1),
            Layer("tail_tip", DARK, edge=0.05),
            Layer("tear_line", "#a5713c", edge=0.03, strength=0.6),
        ),
        0.25,
        eye="#2e1a0f",
        fur=0.045,
        tufts=(Tuft("tail", 0.13),),
    ),
    "maned_wolf": Coat(
        "#c06a2a",
        "#cf8748",
        (
            Layer("lower_legs", "#17120f", edge=0.06, ragged=0.02),
            Layer("crest", "#17120f", edge=0.03, ragged=0.02),
            Layer("hump", "#17120f", edge=0.05),
            Layer("throat_patch", WHITE, edge=0.03),
            Layer("muzzle", "#241812", edge=0.05),
            Layer("tail_end", WHITE, edge=0.05),
        ),
        0.2,
        eye=AMBER,
        fur=0.05,
        tufts=(Tuft("crest", 0.13), Tuft("tail", 0.1)),
    ),
}
