"""Coats of hoofed animals, elephants, rhinos, hippos and tapirs. See `coats`."""

from __future__ import annotations

from ...animal.coats import Coat, Layer, Tuft

BLACK, DARK, WHITE, CREAM = "#171310", "#33261d", "#f1eee7", "#e8dcc4"
HORN, PALE_HOOF = "#2c2520", "#8d7d68"
BROWN_EYE = "#2f1c11"


def _hoofed(base: str, under: str, *layers: Layer, contrast: float = 0.2, nose: str = "#241d1a", hoof: str = HORN, fur: float = 0.012,
            curl: float = 0.0, tufts: tuple[Tuft, ...] = ()) -> Coat:
    """A coat with dark eyes, barred pupils and hooves."""
    return Coat(base, under, layers, contrast, nose, "#4a3a33", BROWN_EYE, hoof=hoof, pupil="bar", fur=fur, curl=curl, tufts=tufts)


_HORSE_HAIR = (Tuft("crest", 0.2), Tuft("tail", 0.4))

EQUIDS = {
    "horse": _hoofed("#7c4422", "#8d5430", Layer("stockings", "#17110e", edge=0.1), Layer("crest", "#120d0b", edge=0.02),
                     Layer("tail", "#120d0b"), Layer("muzzle", "#2b1b14", edge=0.08), Layer("blaze", WHITE, edge=0.015), tufts=_HORSE_HAIR),
    "draft_horse": _hoofed("#3d2618", "#472e1e", Layer("stockings", WHITE, edge=0.05, ragged=0.03), Layer("blaze", WHITE, edge=0.02),
                           Layer("muzzle", "#d9c9bd", edge=0.04), Layer("crest", "#120d0b"), Layer("tail", "#120d0b"), hoof=PALE_HOOF,
                           tufts=(*_HORSE_HAIR, Tuft("socks", 0.09))),
    "shetland_pony": _hoofed("#8a4f27", "#9a6338", Layer("everywhere", WHITE, "patches", 0.6, 0.45), Layer("crest", "#e6d7b8"),
                             Layer("tail", "#e6d7b8"), Layer("socks", WHITE, edge=0.03), fur=0.04, tufts=(Tuft("crest", 0.28), Tuft("tail", 0.4), Tuft("crown", 0.15))),
    "donkey": _hoofed("#857d76", "#d9d3ca", Layer("muzzle", "#efebe4", edge=0.03), Layer("eye_ring", "#efebe4", edge=0.03),
                      Layer("belly", "#e2ddd4", edge=0.06), Layer("dorsal_stripe", "#3b342f", edge=0.015), Layer("crest", "#3b342f"),
                      Layer("tail_end", "#2c2622"), Layer("ear_tips", "#2c2622", edge=0.06), fur=0.03, tufts=(Tuft("crest", 0.06), Tuft("tail_end", 0.13))),
    "zebra": _hoofed("#f1eee6", "#f6f4ee", Layer("everywhere", "#14110f", "rings", 0.105, 0.5, warp=0.45), Layer("muzzle", "#1c1714", edge=0.04),
                     Layer("ear_tips", "#14110f"), Layer("tail_end", "#14110f"), Layer("belly", "#f6f4ee", edge=0.08),
                     contrast=0.03, tufts=(Tuft("crest", 0.08), Tuft("tail_end", 0.16))),
    "przewalski_horse": _hoofed("#c2965a", "#ecdfc4", Layer("muzzle", "#f0e8d8", edge=0.04), Layer("stockings", "#2c2019", edge=0.08),
                                Layer("crest", "#211812"), Layer("tail_end", "#211812", edge=0.1), Layer("dorsal_stripe", "#4a3320", edge=0.02),
                                Layer("belly", "#efe3ca", edge=0.08), fur=0.03, tufts=(Tuft("crest", 0.07), Tuft("tail_end", 0.25))),
}  # fmt: skip

CATTLE = {
    "cow": _hoofed("#f3f0ea", "#f5f2ec", Layer("everywhere", "#171412", "patches", 0.62, 0.47), Layer("head", "#171412", edge=0.03),
                   Layer("ears", "#171412"), Layer("blaze", WHITE, edge=0.015), Layer("stockings", "#f3f0ea", edge=0.04, ragged=0.02),
                   Layer("tail_end", WHITE), Layer("muzzle", "#cfa79a", edge=0.03), contrast=0.03, nose="#c99a8c", hoof="#6b5a4a", tufts=(Tuft("tail_tip", 0.13),)),
    "bull": _hoofed("#43261a", "#4a2c1e", Layer("forequarters", "#21130d", edge=0.15), Layer("lower_legs", "#23150f", edge=0.1),
                    Layer("nose_ring", "#b59b86", edge=0.02), Layer("tail_end", "#17100c"), tufts=(Tuft("crown", 0.04, 0.8), Tuft("tail_tip", 0.12))),
    "highland_cattle": _hoofed("#b5652a", "#b96c30", Layer("muzzle", "#d0a184", edge=0.04), contrast=0.2, nose="#c08b78", hoof="#5d4a3a", fur=0.14,
                               tufts=(Tuft("crown", 0.3), Tuft("crest", 0.18), Tuft("belly", 0.2), Tuft("tail_end", 0.25))),
    "zebu": _hoofed("#c9c5be", "#e9e6df", Layer("forequarters", "#8b8680", edge=0.2), Layer("hump", "#6e6963", edge=0.12), Layer("face", "#75706a", edge=0.1),
                    Layer("tail_end", "#211c19"), Layer("socks", "#7a756e", edge=0.06), tufts=(Tuft("tail_tip", 0.12),)),
    "water_buffalo": _hoofed("#3d3a3b", "#4a4646", Layer("stockings", "#8d857c", edge=0.08), Layer("throat_patch", "#8b837a", edge=0.03, strength=0.7),
                             contrast=0.15, fur=0.01),
    "african_buffalo": _hoofed("#2a211d", "#2f2520", Layer("face", "#1d1714", edge=0.08), Layer("ears", "#3c2f28"), contrast=0.15, fur=0.012,
                               tufts=(Tuft("ears", 0.06), Tuft("tail_tip", 0.09))),
    "bison": _hoofed("#7d5530", "#5b3b22", Layer("fore_half", "#38251a", edge=0.12, ragged=0.03), Layer("head", "#21160f", edge=0.08), Layer("chin", "#17100c"),
                     Layer("cape", "#5d3d24", edge=0.1), Layer("legs", "#2b1c13", edge=0.1), contrast=0.15, fur=0.05,
                     tufts=(Tuft("cape", 0.13, 0.6), Tuft("crown", 0.16, 0.7), Tuft("chin", 0.2), Tuft("front_legs", 0.12), Tuft("crest", 0.13))),
    "yak": _hoofed("#1f1916", "#17120f", Layer("muzzle", "#8b8179", edge=0.03), Layer("back", "#3c2f27", edge=0.1), contrast=0.1, fur=0.1,
                   tufts=(Tuft("belly", 0.35), Tuft("flank_band", 0.3), Tuft("tail", 0.35), Tuft("chest", 0.3))),
    "gaur": _hoofed("#2b1d17", "#2f201a", Layer("stockings", "#d9c9a8", edge=0.03), Layer("crown", "#9a8a74", edge=0.06), Layer("muzzle", "#a89a8b", edge=0.03), contrast=0.12),
    "muskox": _hoofed("#3a2a1f", "#2b1f18", Layer("saddle", "#a8906c", edge=0.06), Layer("stockings", "#d3c5aa", edge=0.05), Layer("muzzle", "#cfc3ae", edge=0.03),
                      contrast=0.15, fur=0.11, tufts=(Tuft("belly", 0.38), Tuft("flank_band", 0.35), Tuft("ruff", 0.25), Tuft("chest", 0.3))),
}  # fmt: skip

SHEEP_AND_ANTELOPES = {
    "sheep": _hoofed("#e9e1cf", "#e3dac7", Layer("face", "#1c1815", edge=0.03), Layer("ears", "#1c1815"), Layer("lower_legs", "#1c1815", edge=0.03),
                     contrast=0.05, nose="#1a1614", fur=0.09, curl=1.0),
    "bighorn_sheep": _hoofed("#8d6c4c", "#ece5d8", Layer("rump_patch", WHITE, edge=0.02), Layer("muzzle", "#efe9de", edge=0.03), Layer("belly", "#efe9de", edge=0.05),
                             Layer("stockings", "#5d4632", edge=0.08), fur=0.03),
    "goat": _hoofed("#f0ece2", "#f3efe7", Layer("fore_half", "#6b452a", edge=0.03, ragged=0.05), Layer("head", "#6b452a"), Layer("ears", "#5b3a23"), Layer("blaze", WHITE, edge=0.02),
                    Layer("front_legs", "#6b452a", edge=0.03), contrast=0.08, hoof="#5d5044", fur=0.035, tufts=(Tuft("chin", 0.12),)),
    "ibex": _hoofed("#8d735a", "#e2d7c5", Layer("stockings", "#2e241d", edge=0.05), Layer("flank_band", "#3f3228", edge=0.03), Layer("belly", "#e8dfd0", edge=0.03),
                    Layer("dorsal_stripe", "#3f3228", edge=0.02), Layer("chin", "#3a2d23"), Layer("tail", "#2b211b"), fur=0.03, tufts=(Tuft("chin", 0.1),)),
    "mountain_goat": _hoofed("#efece2", "#ece7da", contrast=0.05, nose="#1a1614", hoof="#17130f", fur=0.1, tufts=(Tuft("crest", 0.14), Tuft("chin", 0.17), Tuft("upper_legs", 0.13), Tuft("chest", 0.13))),
    "thomsons_gazelle": _hoofed("#c48a4c", "#f5f1e9", Layer("belly", "#f5f1e9", edge=0.015), Layer("flank_band", "#15110e", edge=0.015), Layer("rump_patch", "#f5f1e9", edge=0.015),
                                Layer("tail", "#15110e"), Layer("lower_face", "#f3ece0", edge=0.03), Layer("tear_line", "#2a1c13", edge=0.012), Layer("forehead", "#9a5f2c", edge=0.03)),
    "impala": _hoofed("#a9622f", "#f0e6d5", Layer("flank", "#cf9a64", edge=0.04), Layer("belly", "#f4ede0", edge=0.02), Layer("lower_face", "#efe2cc", edge=0.03), Layer("brow", "#efe2cc"),
                      Layer("ear_tips", "#1c1612"), Layer("tail_top", "#241a14"), contrast=0.15),
    "wildebeest": _hoofed("#6e6a69", "#5d5856", Layer("forequarters", "#2b2523", "stripes", 0.1, 0.3, warp=0.3, strength=0.8), Layer("face", "#17130f", edge=0.05),
                          Layer("crest", "#17130f"), Layer("throat", "#1d1815", edge=0.05), Layer("tail", "#17130f"), Layer("lower_legs", "#7d6149", edge=0.1), contrast=0.15,
                          tufts=(Tuft("crest", 0.14), Tuft("throat", 0.13), Tuft("tail", 0.3))),
    "oryx": _hoofed("#a69a8c", "#f3f0ea", Layer("belly", "#f5f2ec", edge=0.015), Layer("flank_band", "#15110f", edge=0.015), Layer("upper_legs", "#15110f", edge=0.03, strength=0.95),
                    Layer("stockings", "#f3f0ea", edge=0.03), Layer("face", "#f5f2ec", edge=0.015), Layer("bridge", "#15110f", edge=0.015), Layer("eye_stripe", "#15110f", edge=0.015),
                    Layer("muzzle", "#f5f2ec", edge=0.02), Layer("dorsal_stripe", "#15110f", edge=0.015), Layer("tail", "#15110f"), contrast=0.12, tufts=(Tuft("tail", 0.25),)),
    "kudu": _hoofed("#8f7760", "#a08b74", Layer("trunk", "#efeae0", "rings", 0.13, 0.12, warp=0.25), Layer("bridge", "#efeae0", "stripes", 0.16, 0.35), Layer("muzzle", "#e2d9cb", edge=0.03),
                    Layer("crest", "#5a4636"), Layer("throat", "#6b5545", edge=0.05), contrast=0.15, tufts=(Tuft("throat", 0.12), Tuft("crest", 0.08))),
    "blackbuck": _hoofed("#2b1c14", "#f5f2ec", Layer("underparts", "#f5f2ec", edge=0.02), Layer("eye_ring", "#f5f2ec", edge=0.015), Layer("chin", "#f5f2ec", edge=0.02),
                         Layer("rump_patch", "#f5f2ec", edge=0.02), Layer("nape", "#6b4426", edge=0.1), contrast=0.1),
    "saiga": _hoofed("#c9a878", "#efe6d6", Layer("snout", "#b59877", edge=0.08), Layer("belly", "#f0e8da", edge=0.05), contrast=0.15, nose="#8d7562", fur=0.035),
    "sable_antelope": _hoofed("#1f1714", "#f5f1e8", Layer("belly", "#f5f1e8", edge=0.02), Layer("rump_patch", "#f5f1e8", edge=0.02), Layer("face", "#f5f1e8", edge=0.015),
                              Layer("bridge", "#17110e", edge=0.015), Layer("forehead", "#17110e", edge=0.03), Layer("eye_stripe", "#17110e", edge=0.015), Layer("ears", "#8d5a31"),
                              contrast=0.1, tufts=(Tuft("crest", 0.12),)),
    "pronghorn": _hoofed("#b3763c", "#f4efe4", Layer("lower_half", "#f4efe4", edge=0.03, ragged=0.01), Layer("legs", "#c08a52", edge=0.05), Layer("rump_patch", "#f7f4ec", edge=0.015),
                         Layer("throat", "#f4efe4", "stripes", 0.2, 0.5, warp=0.1), Layer("snout", "#241913", edge=0.04), Layer("cheeks", "#f4efe4", edge=0.02), contrast=0.1),
}  # fmt: skip

DEER_AND_CAMELS = {
    "deer": _hoofed("#9a5f33", "#d6bf9c", Layer("rump_patch", "#e4cfa6", edge=0.03), Layer("lower_face", "#cdb596", edge=0.05), contrast=0.25),
    "stag": _hoofed("#84522d", "#a98d68", Layer("ruff", "#55402f", edge=0.12), Layer("rump_patch", "#dcc08e", edge=0.03), Layer("belly", "#6b503a", edge=0.08), Layer("lower_legs", "#5d412c", edge=0.1),
                    contrast=0.2, tufts=(Tuft("throat", 0.13), Tuft("ruff", 0.08))),
    "roe_deer": _hoofed("#b0652d", "#d9b98d", Layer("rump_patch", "#f3ecdf", edge=0.02), Layer("muzzle", "#2a1d16", edge=0.03), Layer("chin", "#f3ecdf", edge=0.02), contrast=0.2),
    "fallow_deer": _hoofed("#b1713a", "#efe3cd", Layer("mantle", "#f5efe2", "spots", 0.085, 0.16, warp=0.3), Layer("belly", "#f0e6d3", edge=0.05), Layer("rump_patch", "#f4eee2", edge=0.02),
                           Layer("tail_top", "#17110d"), Layer("dorsal_stripe", "#3a2417", edge=0.02), contrast=0.2),
    "axis_deer": _hoofed("#a9602a", "#f1e7d5", Layer("body", "#f8f4ea", "spots", 0.065, 0.2, warp=0.25), Layer("head", "#a9683a", edge=0.03), Layer("throat", "#f3ebdc", edge=0.04),
                         Layer("belly", "#f3ebdc", edge=0.05), Layer("dorsal_stripe", "#2e1d13", edge=0.02), Layer("muzzle", "#3a2619", edge=0.04), contrast=0.2),
    "white_tailed_deer": _hoofed("#957150", "#f0e9dd", Layer("throat_patch", "#f5f0e6", edge=0.03), Layer("chin", "#f5f0e6", edge=0.02), Layer("belly", "#f5f0e6", edge=0.05),
                                 Layer("tail_under", "#fbf8f2"), Layer("tail_top", "#7d5a3a"), Layer("eye_ring", "#e4d9c8", edge=0.02), contrast=0.25),
    "moose": _hoofed("#3d2b20", "#33241b", Layer("lower_legs", "#a2937f", edge=0.1), Layer("muzzle", "#6b5646", edge=0.08), Layer("hump", "#54402f", edge=0.12), contrast=0.12, fur=0.04,
                     tufts=(Tuft("throat_patch", 0.16), Tuft("hump", 0.08))),
    "reindeer": _hoofed("#6e5a49", "#b8ab9a", Layer("neck", "#ddd5c8", edge=0.1), Layer("throat", "#e9e3d8", edge=0.08), Layer("rump_patch", "#efeae0", edge=0.03), Layer("flank_band", "#b8a893", edge=0.06),
                        Layer("socks", "#d9cfc0", edge=0.05), Layer("muzzle", "#d0c4b4", edge=0.04), contrast=0.2, fur=0.045, tufts=(Tuft("throat", 0.16),)),
    "camel": _hoofed("#bd8f57", "#cfa976", Layer("hump", "#8a6137", edge=0.12), Layer("crest", "#8f6538", edge=0.05), contrast=0.15, nose="#9a7550", hoof="#a88963", fur=0.03,
                     tufts=(Tuft("throat", 0.08), Tuft("hump", 0.08))),
    "bactrian_camel": _hoofed("#8b5c33", "#966a41", Layer("hump", "#573620", edge=0.1), Layer("throat", "#5a3a23", edge=0.06), Layer("crown", "#5a3a23", edge=0.05), contrast=0.15, nose="#7d5c40",
                              hoof="#8b6d4c", fur=0.06, tufts=(Tuft("throat", 0.2), Tuft("crown", 0.11), Tuft("upper_legs", 0.14))),
    "llama": _hoofed("#e8dcc6", "#f0e8d8", Layer("trunk", "#8a5a35", ragged=0.06, edge=0.04), Layer("ears", "#6b4628"), Layer("muzzle", "#4a3527", edge=0.05), contrast=0.1, nose="#33271f",
                     hoof="#4a3f36", fur=0.09, curl=0.6),
    "alpaca": _hoofed("#c68f57", "#d0a06c", Layer("muzzle", "#e0c39b", edge=0.05), contrast=0.1, nose="#4a372b", hoof="#4a3f36", fur=0.12, curl=0.9,
                      tufts=(Tuft("crown", 0.16, 0.9),)),
    "giraffe": _hoofed("#ecd8ac", "#f2e6c8", Layer("body", "#96541f", "net", 0.2, 0.78, warp=0.5), Layer("upper_legs", "#96541f", "net", 0.16, 0.74, edge=0.06), Layer("face", "#d2ab74", edge=0.06),
                       Layer("crest", "#7a4218", edge=0.015), Layer("tail_end", "#1d1511"), Layer("muzzle", "#bfa37c", edge=0.06), contrast=0.08, nose="#8d7558", fur=0.01,
                       tufts=(Tuft("crest", 0.06), Tuft("tail_end", 0.2))),
    "okapi": _hoofed("#3b1f17", "#45261c", Layer("cheeks", "#b9a798", edge=0.05), Layer("face", "#5b4238", edge=0.05), Layer("muzzle", "#211612", edge=0.04), Layer("zebra_legs", "#f1ece3", "rings", 0.07, 0.5, edge=0.03, warp=0.3),
                     Layer("socks", "#f1ece3", edge=0.03), contrast=0.1, fur=0.008),
}  # fmt: skip

PIGS_AND_GIANTS = {
    "pig": _hoofed("#e2a998", "#e8b8a8", contrast=0.08, nose="#d48f80", hoof="#8d6b5d", fur=0.006),
    "wild_boar": _hoofed("#4a3d33", "#3d322b", Layer("crest", "#211a15", edge=0.05), Layer("back", "#2c231d", "flecks", 0.03, 0.6, edge=0.1), Layer("cheeks", "#8a7a68", edge=0.06, strength=0.6),
                         Layer("lower_legs", "#1c1612", edge=0.08), contrast=0.15, nose="#3a2f2b", fur=0.05, tufts=(Tuft("crest", 0.1), Tuft("dorsal_stripe", 0.09), Tuft("tail_end", 0.08))),
    "warthog": _hoofed("#7d6c5d", "#8a796a", Layer("crest", "#6b3f22", edge=0.03), Layer("dorsal_stripe", "#6b3f22", edge=0.03), Layer("cheeks", "#d9d0c2", edge=0.02, strength=0.6), contrast=0.12,
                       nose="#5b4d44", fur=0.006, tufts=(Tuft("crest", 0.2), Tuft("dorsal_stripe", 0.16), Tuft("tail_end", 0.08))),
    "red_river_hog": _hoofed("#b5501d", "#b9673a", Layer("dorsal_stripe", "#f3efe6", edge=0.015), Layer("snout", "#221a17", edge=0.04), Layer("eye_ring", "#f3efe6", edge=0.02), Layer("cheeks", "#f3efe6", edge=0.03),
                             Layer("ears", "#241b17"), Layer("ear_tips", "#f3efe6", edge=0.03), Layer("socks", "#3a2a22", edge=0.06), contrast=0.12, nose="#4a3a35", fur=0.025,
                             tufts=(Tuft("dorsal_stripe", 0.07), Tuft("ear_tips", 0.12))),
    "peccary": _hoofed("#4d463f", "#57504a", Layer("collar", "#cfc7b6", edge=0.03), Layer("back", "#211d1a", "flecks", 0.03, 0.6, edge=0.1), contrast=0.12, nose="#4a3d38", fur=0.04,
                       tufts=(Tuft("crest", 0.07), Tuft("dorsal_stripe", 0.07))),
    "hippo": _hoofed("#75626a", "#c08f8a", Layer("cheeks", "#b98784", edge=0.08), Layer("lower_face", "#b98784", edge=0.1), Layer("eye_ring", "#b98784", edge=0.05), Layer("ears", "#a87672"),
                     contrast=0.15, nose="#6b5359", hoof="#5d4e52", fur=0.0),
    "pygmy_hippo": _hoofed("#35302f", "#6b5c58", Layer("lower_face", "#6e5f5b", edge=0.08), contrast=0.15, nose="#3a3231", hoof="#3a3331", fur=0.0),
    "elephant": _hoofed("#7b756f", "#7f7871", Layer("everywhere", "#9a8f82", "flecks", 0.12, 0.35, strength=0.4), contrast=0.12, nose="#6b645e", hoof="#a89c8d", fur=0.0, tufts=(Tuft("tail_tip", 0.06),)),
    "asian_elephant": _hoofed("#6a6462", "#6f6965", Layer("ears", "#a07f78", "flecks", 0.1, 0.6, strength=0.6), Layer("snout", "#9a7b74", "flecks", 0.1, 0.5, strength=0.5), contrast=0.12, nose="#7d6762",
                              hoof="#a5998c", fur=0.0, tufts=(Tuft("tail_tip", 0.06),)),
    "rhino": _hoofed("#8b8680", "#8f8983", Layer("legs", "#7a756f", "flecks", 0.1, 0.5, strength=0.4), contrast=0.12, nose="#79736d", hoof="#6b655f", fur=0.0),
    "black_rhino": _hoofed("#5d5852", "#605a54", Layer("lower_half", "#6e6459", "flecks", 0.1, 0.5, strength=0.4), contrast=0.12, nose="#4f4a45", hoof="#55504b", fur=0.0),
    "indian_rhino": _hoofed("#77706f", "#9a817c", Layer("ears", "#a58680"), Layer("everywhere", "#5f5958", "flecks", 0.045, 0.5, strength=0.5), contrast=0.1, nose="#6b6463", hoof="#615b5a", fur=0.0),
    "malayan_tapir": _hoofed("#17151a", "#191719", Layer("saddle_blanket", "#efece6", edge=0.015), Layer("ear_tips", "#efece6", edge=0.02), contrast=0.05, nose="#2b2628", hoof="#2b2729", fur=0.006),
}  # fmt: skip

HOOFED: dict[str, Coat] = {**EQUIDS, **CATTLE, **SHEEP_AND_ANTELOPES, **DEER_AND_CAMELS, **PIGS_AND_GIANTS}
