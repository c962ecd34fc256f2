"""Coats of dogs, cats, bears, martens, hyenas and their kin. See `coats`."""

from __future__ import annotations

from ...animal.coats import Coat, Layer, Tuft

BLACK, DARK, WHITE, CREAM = "#171310", "#2e241d", "#f1eee7", "#e9dcc3"
AMBER, BROWN_EYE, BLUE_EYE, GREEN_EYE = "#b5812c", "#4a2a14", "#7fb2d8", "#a3a84c"
PINK_NOSE, TAN = "#b97f74", "#b0713c"


def _points(colour: str, edge: float = 0.16) -> tuple[Layer, ...]:
    """Dark face, ears, legs and tail that fade into the body."""
    return tuple(Layer(where, colour, edge=edge) for where in ("points_face", "ears", "stockings", "tail"))


def _wild_dog(base: str, under: str, back: str, *layers: Layer, contrast: float = 0.35, fur: float = 0.035) -> Coat:
    """A wolf-like coat: grizzled darker back, pale cheeks and throat, dark tail tip."""
    return Coat(base, under, (
        Layer("mantle", back, edge=0.12, ragged=0.03, strength=0.75), Layer("mantle", back, "flecks", 0.02, 0.5, edge=0.1),
        Layer("cheeks", under, edge=0.05), Layer("lower_face", under, edge=0.04), Layer("throat", under, edge=0.08),
        Layer("tail_tip", BLACK, edge=0.06), *layers), contrast, eye=AMBER, fur=fur,
        tufts=(Tuft("tail", 0.09), Tuft("ruff", 0.07)))


CANIDS = {
    "dog": Coat("#9a6434", "#d9b487", (Layer("muzzle", DARK, edge=0.05), Layer("ears", "#5b3a20"),
                Layer("feet", "#e2d3bb", edge=0.03), Layer("chest", "#e2d3bb", edge=0.05, ragged=0.02),
                Layer("tail_tip", "#e2d3bb", edge=0.03)), 0.35),
    "labrador": Coat("#e0bb7c", "#efdcb4", (Layer("ears", "#cf9f5c", edge=0.05),), 0.2, eye=BROWN_EYE, fur=0.02),
    "german_shepherd": Coat("#b07a41", "#c8a06c", (
        Layer("saddle_blanket", BLACK, edge=0.06, ragged=0.04), Layer("back", BLACK, edge=0.06, ragged=0.03),
        Layer("mantle", BLACK, edge=0.08, ragged=0.03, strength=0.9), Layer("snout", BLACK, edge=0.05, ragged=0.02),
        Layer("ears", DARK), Layer("tail_top", BLACK, edge=0.05)), 0.2, eye=BROWN_EYE, fur=0.035,
        tufts=(Tuft("tail", 0.08), Tuft("ruff", 0.05))),
    "greyhound": Coat("#6e7076", "#8b8c90", (Layer("chest", WHITE, edge=0.03, ragged=0.02), Layer("feet", WHITE, edge=0.02),
                      Layer("bridge", WHITE, edge=0.02)), 0.2, fur=0.008),
    "dachshund": Coat("#1d1613", "#2a1d14", (Layer("socks", "#a05f2b", edge=0.04), Layer("lower_face", "#a05f2b", edge=0.03),
                      Layer("brow", "#a05f2b"), Layer("chest", "#a05f2b", edge=0.04), Layer("tail_under", "#8a5126")),
                      0.1, fur=0.008),
    "border_terrier": Coat("#a5793f", "#c9a877", (Layer("mantle", "#5b4a38", "flecks", 0.03, 0.65, edge=0.1),
                           Layer("ears", "#3c2d22"), Layer("muzzle", "#33261e", edge=0.05)), 0.2, fur=0.03, curl=0.5),
    "rhodesian_ridgeback": Coat("#a85a26", "#bd7440", (Layer("dorsal_stripe", "#6b3314", edge=0.02, strength=0.9),
                                Layer("muzzle", "#2b1a12", edge=0.06), Layer("ears", "#7c3f1c")), 0.25, fur=0.01),
    "weimaraner": Coat("#8a7a70", "#9a8b80", (Layer("ears", "#76675d"),), 0.15, eye="#c0a468", nose="#6b5a52", fur=0.008),
    "golden_retriever": Coat("#c88f47", "#e3bf84", (Layer("ears", "#b27635"),), 0.25, fur=0.045, eye=BROWN_EYE, tufts=(
        Tuft("tail_under", 0.16), Tuft("chest", 0.09), Tuft("belly", 0.08))),
    "husky": Coat("#5b5f66", WHITE, (
        Layer("mantle", "#383b41", edge=0.08, ragged=0.03), Layer("underparts", WHITE, edge=0.06, ragged=0.03),
        Layer("lower_legs", WHITE, edge=0.06), Layer("lower_face", WHITE, edge=0.03), Layer("brow", WHITE, edge=0.02),
        Layer("muzzle", WHITE, edge=0.04), Layer("tail_under", WHITE, edge=0.04)), 0.2, eye=BLUE_EYE, fur=0.05,
        tufts=(Tuft("tail", 0.13), Tuft("ruff", 0.08))),
    "bulldog": Coat("#c0874f", WHITE, (Layer("underparts", WHITE, edge=0.04, ragged=0.03), Layer("lower_legs", WHITE, edge=0.05),
                    Layer("blaze", WHITE, edge=0.02), Layer("muzzle", WHITE, edge=0.03), Layer("neck", WHITE, ragged=0.05),
                    Layer("trunk", "#9a6232", "brindle", 0.06, 0.4, strength=0.6)), 0.15, fur=0.008),
    "poodle": Coat("#2a2625", "#353030", (), 0.1, fur=0.06, curl=1.0, tufts=(
        Tuft("crown", 0.15, 1.0), Tuft("tail_end", 0.15, 1.0), Tuft("ears", 0.12, 0.9))),
    "corgi": Coat("#c07a35", WHITE, (Layer("underparts", WHITE, edge=0.03, ragged=0.02), Layer("collar", WHITE, edge=0.04),
                  Layer("chest", WHITE, edge=0.03), Layer("lower_legs", WHITE, edge=0.04), Layer("blaze", WHITE, edge=0.02),
                  Layer("muzzle", WHITE, edge=0.03), Layer("rump_patch", "#dfb27c", edge=0.04)), 0.2, fur=0.03,
                  tufts=(Tuft("ruff", 0.06), Tuft("tail", 0.06))),
    "dalmatian": Coat("#f2f0ea", "#f5f3ee", (Layer("everywhere", "#15120f", "spots", 0.12, 0.3, warp=0.8),
                      Layer("ears", "#15120f", "spots", 0.05, 0.6)), 0.05, fur=0.008),
    "great_dane": Coat("#b98d57", "#cba672", (Layer("snout", "#1d1613", edge=0.06), Layer("eye_ring", "#1d1613", edge=0.04),
                       Layer("ears", "#2e2118", edge=0.03)), 0.2, fur=0.006),
    "chihuahua": Coat("#cf9b5e", "#ecd6b1", (Layer("chest", CREAM, edge=0.04), Layer("ears", "#b98247"),
                      Layer("muzzle", CREAM, edge=0.04)), 0.2, fur=0.012),
    "wolf": _wild_dog("#8b8173", "#d8cfbf", "#4a453f", Layer("lower_legs", "#c3b39a", edge=0.12)),
    "coyote": _wild_dog("#a98c66", "#e1d5bf", "#6c5c47", Layer("lower_legs", "#b98a55", edge=0.12), Layer("ears", "#a4713f"),
                        Layer("muzzle", "#a27347", edge=0.06)),
    "african_wild_dog": Coat("#33281f", "#3b2c20", (
        Layer("body", "#b8813d", "patches", 0.16, 0.5), Layer("legs", "#b8813d", "patches", 0.14, 0.4),
        Layer("body", "#eee3cd", "patches", 0.13, 0.3), Layer("legs", "#eee3cd", "patches", 0.12, 0.42),
        Layer("crown", "#c19a5f", edge=0.03), Layer("neck", "#b99457", ragged=0.05, strength=0.8),
        Layer("snout", "#191411", edge=0.05), Layer("ears", "#221a15"), Layer("tail", "#b8813d"), Layer("tail_end", "#f3efe4"),
    ), 0.05, eye=BROWN_EYE, fur=0.012, tufts=(Tuft("tail_end", 0.08),)),
    "fox": Coat("#c4601d", "#f2ece0", (
        Layer("lower_face", "#f5f0e6", edge=0.03), Layer("throat", "#f5f0e6", edge=0.05, ragged=0.02),
        Layer("belly", "#efe3d0", edge=0.05), Layer("stockings", "#1b1411", edge=0.05, ragged=0.02),
        Layer("ear_tips", "#1b1411", edge=0.04), Layer("tail_tip", "#f7f3ea", edge=0.03, ragged=0.03)),
        0.25, eye=AMBER, pupil="slit", fur=0.05, tufts=(Tuft("tail", 0.17), Tuft("ruff", 0.07))),
    "arctic_fox": Coat("#eef0f1", "#f6f6f4", (), 0.06, eye="#7a4a1c", pupil="slit", fur=0.08,
                       tufts=(Tuft("tail", 0.16), Tuft("ruff", 0.09))),
    "fennec_fox": Coat("#dcb981", "#f5ead4", (Layer("lower_face", "#f7efdf", edge=0.03), Layer("lower_legs", "#f0dfbf", edge=0.1),
                       Layer("tail_tip", DARK, edge=0.05), Layer("tear_line", "#a5713c", edge=0.03, strength=0.6)),
                       0.25, eye="#2e1a0f", fur=0.045, tufts=(Tuft("tail", 0.13),)),
    "maned_wolf": Coat("#c06a2a", "#cf8748", (
        Layer("lower_legs", "#17120f", edge=0.06, ragged=0.02), Layer("crest", "#17120f", edge=0.03, ragged=0.02),
        Layer("hump", "#17120f", edge=0.05), Layer("throat_patch", WHITE, edge=0.03), Layer("muzzle", "#241812", edge=0.05),
        Layer("tail_end", WHITE, edge=0.05)), 0.2, eye=AMBER, fur=0.05, tufts=(Tuft("crest", 0.13), Tuft("tail", 0.1))),
}  # fmt: skip

FELIDS = {
    "cat": Coat("#8d7a62", "#d5c6ad", (
        Layer("everywhere", "#2c231b", "tabby", 0.13, 0.5, warp=0.4), Layer("tail", "#2c231b", "rings", 0.13, 0.45),
        Layer("legs", "#2c231b", "stripes", 0.09, 0.4), Layer("dorsal_stripe", "#2c231b", edge=0.03, strength=0.8),
        Layer("muzzle", "#e5dccb", edge=0.04), Layer("tail_tip", "#2c231b")), 0.25, nose=PINK_NOSE, eye=GREEN_EYE,
        pupil="slit", fur=0.025),
    "siamese_cat": Coat("#e8dcc6", "#f3ebdb", _points("#3d2a20", 0.2), 0.1, eye="#5fa4dd", pupil="slit", fur=0.014),
    "lion": Coat("#c5965a", "#dfc49b", (
        Layer("lion_mane", "#6f3f1c", edge=0.06, ragged=0.04), Layer("chest", "#4b2a15", edge=0.12, ragged=0.04),
        Layer("crest", "#4b2a15", edge=0.12, ragged=0.03), Layer("chin", "#e8d6b8", edge=0.04), Layer("tail_tip", "#2c1b12")),
        0.2, nose="#8a5a50", eye="#b8862f", fur=0.014, tufts=(Tuft("lion_mane", 0.22), Tuft("tail_tip", 0.09))),
    "lioness": Coat("#c8a06a", "#e6d2ad", (Layer("muzzle", "#e3cda6", edge=0.06), Layer("chin", "#f0e6d0", edge=0.04),
                    Layer("ears", "#4a3524", "patches", 0.1, 0.4), Layer("tail_tip", "#2c1b12")), 0.25, nose="#8a5a50",
                    eye="#b8862f", fur=0.014, tufts=(Tuft("tail_tip", 0.07),)),
    "tiger": Coat("#d9771f", "#f5efe3", (
        Layer("underparts", "#f5efe3", edge=0.08, ragged=0.03), Layer("lower_face", "#f7f2e8", edge=0.04),
        Layer("brow", "#f7f2e8", edge=0.03), Layer("everywhere", "#15100d", "stripes", 0.115, 0.3, warp=0.55),
        Layer("legs", "#15100d", "stripes", 0.13, 0.22, warp=0.5), Layer("tail", "#15100d", "rings", 0.13, 0.4),
        Layer("muzzle", "#f1e3cd", edge=0.05), Layer("bridge", "#d9842f", edge=0.04), Layer("ears", "#15100d"),
        Layer("tail_tip", "#15100d")), 0.2, nose="#b9756a", eye="#c39a35", fur=0.022, tufts=(Tuft("cheeks", 0.07),)),
    "leopard": Coat("#d3a05a", "#f3ead8", (
        Layer("body", "#1a1410", "rosettes", 0.105, 0.5, warp=0.5), Layer("legs", "#1a1410", "spots", 0.07, 0.33, warp=0.6),
        Layer("head", "#1a1410", "spots", 0.045, 0.28, warp=0.6), Layer("tail", "#1a1410", "spots", 0.07, 0.4, warp=0.5),
        Layer("muzzle", "#f1e6d2", edge=0.05)), 0.25, nose="#8f5b50", eye="#bb9a3c", fur=0.018),
    "jaguar": Coat("#cf9143", "#f1e2c6", (
        Layer("body", "#140f0c", "rosettes", 0.16, 0.6, warp=0.45), Layer("legs", "#140f0c", "spots", 0.1, 0.4, warp=0.6),
        Layer("head", "#140f0c", "spots", 0.05, 0.3, warp=0.6), Layer("tail", "#140f0c", "spots", 0.1, 0.5),
        Layer("belly", "#140f0c", "spots", 0.11, 0.3), Layer("muzzle", "#efdfc4", edge=0.05)), 0.25, nose="#8f5b50",
        eye="#c19b38", fur=0.016),
    "cheetah": Coat("#d9ae6b", "#f5eede", (
        Layer("everywhere", "#17110d", "spots", 0.062, 0.26, warp=0.35), Layer("belly", "#f5eede", edge=0.06),
        Layer("muzzle", "#f3e9d5", edge=0.04), Layer("tear_line", "#120d0a", edge=0.012), Layer("tail_end", "#17110d", "rings", 0.1, 0.5),
        Layer("tail_tip", "#f5eede", edge=0.03)), 0.2, nose="#241a17", eye="#c08a2e", fur=0.014),
    "snow_leopard": Coat("#b9b5ab", "#f3f1ec", (
        Layer("body", "#34312e", "rosettes", 0.13, 0.5, warp=0.6), Layer("legs", "#34312e", "spots", 0.08, 0.32, warp=0.6),
        Layer("head", "#34312e", "spots", 0.045, 0.25), Layer("tail", "#34312e", "rings", 0.13, 0.4),
        Layer("underparts", "#f3f1ec", edge=0.08)), 0.15, nose="#a4837a", eye="#a8b48a", fur=0.05, tufts=(Tuft("tail", 0.06),)),
    "puma": Coat("#b68454", "#ecdcc2", (Layer("muzzle", "#f3ead9", edge=0.04), Layer("nose_ring", "#f3ead9", edge=0.03),
                 Layer("ears", "#3b2a1f"), Layer("tail_tip", "#2e211a", edge=0.05)), 0.3, nose="#a06a5e", eye="#b39a52", fur=0.018),
    "lynx": Coat("#a68a68", "#efe6d6", (
        Layer("body", "#3d2f24", "spots", 0.07, 0.2, warp=0.7, strength=0.75), Layer("legs", "#3d2f24", "spots", 0.055, 0.28),
        Layer("cheeks", "#efe6d6", edge=0.05), Layer("lower_face", "#f2ebde", edge=0.04), Layer("ear_tips", "#14100e"),
        Layer("tail_end", "#14100e", edge=0.04)), 0.25, nose="#a5776b", eye="#b7a350", fur=0.04,
        tufts=(Tuft("cheeks", 0.11), Tuft("ear_tips", 0.06))),
    "serval": Coat("#d3a45c", "#f4e9d3", (
        Layer("body", "#17110d", "spots", 0.085, 0.28, warp=0.5), Layer("legs", "#17110d", "spots", 0.055, 0.28),
        Layer("nape", "#17110d", "stripes", 0.3, 0.3), Layer("tail", "#17110d", "rings", 0.11, 0.45),
        Layer("ears", "#17110d"), Layer("lower_face", "#f6eedd", edge=0.03)), 0.2, eye="#b8963f", fur=0.014),
    "caracal": Coat("#b9743f", "#f0e0c6", (Layer("lower_face", "#f6ecdc", edge=0.03), Layer("ears", "#15110f"),
                    Layer("eye_ring", "#f6ecdc", edge=0.02), Layer("bridge", "#8d5429", edge=0.03)), 0.25, nose="#8a4f44",
                    eye="#a59a55", fur=0.014, tufts=(Tuft("ear_tips", 0.1),)),
}  # fmt: skip

OTHER_CARNIVORES = {
    "bear": Coat("#5d3f27", "#4a3220", (Layer("legs", "#382518", edge=0.15), Layer("snout", "#876443", edge=0.06),
                 Layer("hump", "#7a5635", edge=0.15)), 0.1, eye=BROWN_EYE, fur=0.07, tufts=(Tuft("ruff", 0.09), Tuft("hump", 0.09))),
    "black_bear": Coat("#17151a", "#1a181b", (Layer("snout", "#8c633f", edge=0.05),), 0.05, eye=BROWN_EYE, fur=0.06),
    "polar_bear": Coat("#efe8d4", "#f3eee0", (), 0.08, eye="#1d130c", nose="#17130f", pad="#262020", fur=0.06),
    "panda": Coat("#f3f1ea", "#efece3", (
        Layer("shoulder_band", "#141214", edge=0.04, ragged=0.02), Layer("legs", "#141214", edge=0.05, ragged=0.02),
        Layer("ears", "#141214"), Layer("eye_patch", "#141214", edge=0.03)), 0.04, eye="#21160f", fur=0.06),
    "sun_bear": Coat("#15120f", "#191512", (Layer("chest", "#e0a044", edge=0.02, ragged=0.03), Layer("snout", "#b28d62", edge=0.05)),
                     0.05, eye=BROWN_EYE, fur=0.015),
    "badger": Coat("#8a8880", "#1b1815", (
        Layer("mantle", "#47443f", "flecks", 0.025, 0.55, edge=0.1), Layer("underparts", "#1b1815", edge=0.04),
        Layer("legs", "#15120f", edge=0.05), Layer("head", "#f2efe8", edge=0.03), Layer("eye_stripe", "#14110f", edge=0.015),
        Layer("ears", "#14110f"), Layer("ear_tips", "#f2efe8", edge=0.02), Layer("throat", "#1b1815", edge=0.03)), 0.1, fur=0.05),
    "otter": Coat("#5f4329", "#b49a79", (Layer("throat", "#cbb798", edge=0.08), Layer("lower_face", "#cdbb9f", edge=0.04)),
                  0.25, fur=0.02),
    "stoat": Coat("#96602f", "#f4ead2", (Layer("underparts", "#f4ead2", edge=0.03), Layer("lower_face", "#f4ead2", edge=0.02),
                  Layer("tail_end", "#15110e", edge=0.05)), 0.15, fur=0.02, tufts=(Tuft("tail_end", 0.06),)),
    "wolverine": Coat("#35241a", "#2b1d15", (Layer("flank", "#b18a55", edge=0.1, ragged=0.03), Layer("rump", "#9a7647", edge=0.1),
                      Layer("crown", "#8d7658", edge=0.06), Layer("legs", "#1c130e", edge=0.08), Layer("chest", "#c9a970", edge=0.05, ragged=0.03)),
                      0.1, fur=0.07, tufts=(Tuft("tail", 0.13),)),
    "honey_badger": Coat("#15120f", "#15120f", (Layer("mantle", "#c9c6bd", edge=0.03), Layer("crown", "#dbd8cf", edge=0.03),
                         Layer("tail_end", "#15120f", edge=0.05)), 0.02, fur=0.025),
    "skunk": Coat("#121012", "#141214", (Layer("twin_stripes", "#f5f4f0", edge=0.025, ragged=0.015), Layer("blaze", "#f5f4f0", edge=0.015),
                  Layer("tail_top", "#f0efea", edge=0.06, ragged=0.05)), 0.02, fur=0.06, tufts=(Tuft("tail", 0.2),)),
    "raccoon": Coat("#7d766d", "#a39a8d", (
        Layer("mantle", "#4a453f", "flecks", 0.03, 0.5, edge=0.1), Layer("lower_face", "#e6e1d8", edge=0.03),
        Layer("brow", "#ebe7df", edge=0.03), Layer("eye_mask", "#14110f", edge=0.02), Layer("muzzle", "#dcd6cb", edge=0.03),
        Layer("ears", "#d9d3c8"), Layer("tail", "#8d857a"), Layer("tail", "#17130f", "rings", 0.13, 0.5, warp=0.05),
        Layer("feet", "#4a4038", edge=0.05)), 0.15, fur=0.05, tufts=(Tuft("tail", 0.09),)),
    "coati": Coat("#6e452b", "#a5805a", (Layer("snout", "#2e2019", edge=0.06), Layer("lower_face", "#d6c4ab", edge=0.03),
                  Layer("brow", "#d6c4ab", edge=0.02), Layer("stockings", "#241914", edge=0.06),
                  Layer("tail", "#a97d4b"), Layer("tail", "#2a1b13", "rings", 0.14, 0.5, warp=0.05)), 0.25, fur=0.03),
    "red_panda": Coat("#a8481c", "#1b120e", (
        Layer("underparts", "#1b120e", edge=0.05), Layer("legs", "#18100c", edge=0.06), Layer("lower_face", "#f5efe6", edge=0.03),
        Layer("brow", "#f5efe6", edge=0.02), Layer("ears", "#f5efe6"), Layer("tear_line", "#8a3a18", edge=0.02),
        Layer("muzzle", "#f5efe6", edge=0.03), Layer("tail", "#b5582a"), Layer("tail", "#d9a069", "rings", 0.14, 0.4, warp=0.05)),
        0.15, fur=0.05, tufts=(Tuft("tail", 0.11), Tuft("cheeks", 0.07))),
    "spotted_hyena": Coat("#b3956b", "#c6ae88", (
        Layer("body", "#3a2a1e", "spots", 0.1, 0.28, warp=0.8), Layer("legs", "#3a2a1e", "spots", 0.08, 0.25, warp=0.8),
        Layer("snout", "#2a1f19", edge=0.06), Layer("head", "#a58a63", edge=0.05, strength=0.4), Layer("tail_end", "#1d1612", edge=0.05),
        Layer("feet", "#5a4432", edge=0.08)), 0.15, fur=0.03, tufts=(Tuft("crest", 0.06),)),
    "striped_hyena": Coat("#b5a68b", "#c2b59b", (
        Layer("body", "#1c1713", "stripes", 0.16, 0.28, warp=0.5), Layer("legs", "#1c1713", "stripes", 0.11, 0.38),
        Layer("throat", "#15110f", edge=0.05), Layer("snout", "#2a221c", edge=0.06), Layer("crest", "#4a4034", edge=0.04),
        Layer("dorsal_stripe", "#4a4034", edge=0.03)), 0.12, fur=0.05, tufts=(Tuft("crest", 0.17), Tuft("dorsal_stripe", 0.14), Tuft("tail", 0.14))),
    "meerkat": Coat("#b99b72", "#dccbad", (Layer("hind_half", "#5a452f", "stripes", 0.09, 0.35, strength=0.7),
                    Layer("eye_patch", "#1d1612", edge=0.02), Layer("ears", "#1d1612"), Layer("tail_tip", "#1d1612", edge=0.06),
                    Layer("lower_face", "#e4d8c1", edge=0.04)), 0.2, fur=0.025),
    "genet": Coat("#b5a283", "#cfc1a6", (Layer("body", "#241a14", "spots", 0.085, 0.34, warp=0.4), Layer("dorsal_stripe", "#17110d", edge=0.02),
                  Layer("legs", "#241a14", "spots", 0.06, 0.25), Layer("tail", "#cbbda2"), Layer("tail", "#17110d", "rings", 0.13, 0.5, warp=0.05),
                  Layer("muzzle", "#2a1f19", edge=0.03), Layer("nose_ring", "#eee6d6", edge=0.02)), 0.15, eye="#9a6a2a", pupil="slit", fur=0.02),
}  # fmt: skip

CARNIVORES: dict[str, Coat] = {**CANIDS, **FELIDS, **OTHER_CARNIVORES}
