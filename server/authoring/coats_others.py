"""Coats of rodents, hares, primates, marsupials, anteaters and the aardvark. See `coats`."""

from __future__ import annotations

from ...animal.coats import Coat, Layer, Tuft

BLACK, DARK, WHITE = "#171310", "#2e241d", "#f1eee7"
PINK = "#c79a8d"

SMALL = {
    "rabbit": Coat("#8a7459", "#e5dccb", (Layer("back", "#5d4c3a", "flecks", 0.03, 0.5, edge=0.1), Layer("tail_under", WHITE),
                   Layer("nape", "#a5713f", edge=0.08), Layer("eye_ring", "#ddd0b8", edge=0.03)), 0.2, nose=PINK, eye="#2c1a10", fur=0.04),
    "hare": Coat("#a07c4f", "#efe7d8", (Layer("back", "#5f4a31", "flecks", 0.03, 0.5, edge=0.1), Layer("ear_tips", BLACK, edge=0.04),
                 Layer("tail_top", BLACK), Layer("tail_under", WHITE)), 0.25, nose=PINK, eye="#b98636", fur=0.035),
    "mouse": Coat("#7d6a55", "#d3c8b8", (Layer("ears", "#b78f7f"), Layer("tail", "#b78f7f", edge=0.03), Layer("feet", "#c9a294")),
                  0.2, nose=PINK, eye="#0e0b0a", pad=PINK, fur=0.03),
    "rat": Coat("#6d5c4c", "#a79c8e", (Layer("tail", "#a87f73", edge=0.03), Layer("feet", "#b78f83"), Layer("ears", "#a87f73")),
                0.2, nose=PINK, eye="#0e0b0a", pad=PINK, fur=0.035),
    "squirrel": Coat("#a64f1f", "#f3ead9", (Layer("underparts", "#f3ead9", edge=0.03), Layer("tail", "#b65c24")), 0.2,
                     eye="#140d09", fur=0.03, tufts=(Tuft("tail", 0.3), Tuft("ear_tips", 0.1))),
    "guinea_pig": Coat("#b5682d", "#f0e8da", (Layer("everywhere", "#f2ede2", "patches", 0.5, 0.45), Layer("hindquarters", "#241a15", ragged=0.08),
                       Layer("blaze", "#f2ede2"), Layer("muzzle", "#f2ede2", edge=0.03)), 0.1, nose=PINK, eye="#140d09", fur=0.05),
    "capybara": Coat("#8a603a", "#a4804f", (Layer("snout", "#5d412a", edge=0.08), Layer("feet", "#4f3826", edge=0.06)), 0.2,
                     nose="#3c2b21", eye="#20140d", hoof="#3a2d25", fur=0.03),
    "beaver": Coat("#5a3b22", "#6e4d30", (Layer("tail", "#2a231f", edge=0.03), Layer("feet", "#2e2620", edge=0.05)), 0.2,
                   eye="#140d09", fur=0.035),
    "marmot": Coat("#9a7a50", "#b98f58", (Layer("crown", "#4a3a2b", edge=0.06), Layer("muzzle", "#cbb999", edge=0.04),
                   Layer("back", "#5d4a35", "flecks", 0.04, 0.5, edge=0.1), Layer("tail_end", "#33271d", edge=0.08)), 0.2,
                   eye="#140d09", fur=0.05, tufts=(Tuft("tail", 0.08),)),
    "hamster": Coat("#c78d45", "#f4efe4", (Layer("underparts", "#f4efe4", edge=0.05), Layer("lower_face", "#f4efe4", edge=0.03),
                    Layer("dorsal_stripe", "#8a5b2b", edge=0.04, strength=0.6)), 0.15, nose=PINK, eye="#0e0b0a", pad=PINK, fur=0.05),
}  # fmt: skip

PRIMATES = {
    "baboon": Coat("#86775a", "#a0916f", (Layer("mantle", "#5d523d", "flecks", 0.03, 0.55, edge=0.1), Layer("snout", "#3a302b", edge=0.05),
                   Layer("feet", "#2c2521", edge=0.06), Layer("rump_patch", "#a87468", edge=0.03, strength=0.8)), 0.2, nose="#2e2623",
                   eye="#8a5a24", fur=0.04, tufts=(Tuft("ruff", 0.08),)),
    "macaque": Coat("#8b7a5c", "#c9bca3", (Layer("face", "#c99684", edge=0.05), Layer("rump_patch", "#c27d70", edge=0.03, strength=0.6)),
                    0.25, nose="#b98272", lips="#a5695c", eye="#8a5a24", fur=0.035),
    "gorilla": Coat("#211e20", "#1b191a", (Layer("saddle", "#8d8c8d", edge=0.12, ragged=0.03), Layer("face", "#17151a", edge=0.04)), 0.1,
                    nose="#141214", eye="#3a2212", fur=0.05),
    "chimpanzee": Coat("#1c1917", "#24201d", (Layer("face", "#7b5a49", edge=0.05), Layer("ears", "#8a6654"), Layer("feet", "#4a3a32", edge=0.06)),
                       0.05, nose="#5d4439", lips="#6e5042", eye="#4a2a14", fur=0.05),
    "mandrill": Coat("#6a6044", "#b5a981", (
        Layer("mantle", "#4d4632", "flecks", 0.03, 0.5, edge=0.1), Layer("chin", "#d89b3c", edge=0.04), Layer("snout", "#5c8ec4", edge=0.03),
        Layer("bridge", "#d0261f", edge=0.015), Layer("nose_ring", "#d0261f", edge=0.02), Layer("rump", "#9a6fae", edge=0.05),
        Layer("rump_patch", "#c94a4f", edge=0.03), Layer("feet", "#2c2521", edge=0.06)), 0.2, nose="#c4231d", eye="#9a5a24", fur=0.05,
        tufts=(Tuft("ruff", 0.09), Tuft("chin", 0.12))),
    "ring_tailed_lemur": Coat("#8f8a86", "#e6e3dd", (
        Layer("back", "#8d7766", edge=0.1, strength=0.6), Layer("head", "#f0eeea", edge=0.03), Layer("crown", "#4a4644", edge=0.03),
        Layer("eye_patch", "#141112", edge=0.015), Layer("muzzle", "#141112", edge=0.03), Layer("tail", "#f2f0ec"),
        Layer("tail", "#141112", "rings", 0.115, 0.52, warp=0.03), Layer("tail_tip", "#141112"), Layer("feet", "#c9c5bf", edge=0.05)), 0.12,
        eye="#d28a22", fur=0.04, tufts=(Tuft("tail", 0.08),)),
}  # fmt: skip

ODD_ONES = {
    "tasmanian_devil": Coat("#17141a", "#1a1719", (Layer("chest", "#f2efe8", edge=0.02, ragged=0.02), Layer("ears", "#8d4a44"),
                            Layer("muzzle", "#4a3a38", edge=0.05)), 0.04, eye="#17100c", fur=0.03),
    "thylacine": Coat("#b38a58", "#d9c39c", (Layer("hind_half", "#1f1711", "rings", 0.085, 0.42, edge=0.05, warp=0.25),
                      Layer("rump", "#1f1711", "rings", 0.085, 0.42, edge=0.05, warp=0.25)), 0.25, eye="#4a2a14", fur=0.015),
    "aardvark": Coat("#a48a6e", "#a98f74", (Layer("legs", "#5b4a3b", edge=0.12), Layer("ears", "#b5968a"), Layer("snout", "#b29a80", edge=0.08)),
                     0.1, nose="#9a7a6c", eye="#17100c", hoof="#4a3f36", fur=0.006),
    "giant_anteater": Coat("#57493c", "#3a3029", (
        Layer("shoulders", "#17130f", edge=0.04), Layer("throat", "#17130f", edge=0.04), Layer("flank", "#17130f", edge=0.06, strength=0.5),
        Layer("nape", "#8d7e6a", edge=0.08, strength=0.6), Layer("front_legs", "#d9d0bf", edge=0.06), Layer("tail", "#42352a")), 0.15,
        nose="#1d1815", eye="#17100c", hoof="#2b241f", fur=0.06, tufts=(Tuft("tail", 0.35), Tuft("dorsal_stripe", 0.09))),
}  # fmt: skip

OTHERS: dict[str, Coat] = {**SMALL, **PRIMATES, **ODD_ONES}
