"""Coats of rodents, rabbits and hares."""

from __future__ import annotations

from ....animal.coats import Coat, Layer, Tuft

BLACK = "#171310"
WHITE = "#f1eee7"
PINK = "#c79a8d"


SMALL = {
    "rabbit": Coat(
        "#8a7459",
        "#e5dccb",
        (
            Layer("back", "#5d4c3a", "flecks", 0.03, 0.5, edge=0.1),
            Layer("tail_under", WHITE),
            Layer("nape", "#a5713f", edge=0.15, strength=0.5),
            Layer("eye_ring", "#ddd0b8", edge=0.03, strength=0.5),
        ),
        0.2,
        nose="#93776a",
        eye="#2c1a10",
        fur=0.04,
    ),
    "hare": Coat(
        "#a07c4f",
        "#efe7d8",
        (
            Layer("back", "#5f4a31", "flecks", 0.03, 0.5, edge=0.1),
            Layer("ear_tips", BLACK, edge=0.04),
            Layer("tail_top", BLACK),
            Layer("tail_under", WHITE),
        ),
        0.25,
        nose="#8a6f5f",
        eye="#b98636",
        fur=0.035,
    ),
    "mouse": Coat(
        "#7d6a55",
        "#d3c8b8",
        (Layer("ears", "#b78f7f"), Layer("tail", "#b78f7f", edge=0.03), Layer("feet", "#c9a294")),
        0.2,
        nose=PINK,
        eye="#0e0b0a",
        pad=PINK,
        fur=0.03,
    ),
    "rat": Coat(
        "#6d5c4c",
        "#a79c8e",
        (Layer("tail", "#a87f73", edge=0.03), Layer("feet", "#b78f83"), Layer("ears", "#a87f73")),
        0.2,
        nose=PINK,
        eye="#0e0b0a",
        pad=PINK,
        fur=0.035,
    ),
    "squirrel": Coat(
        "#a64f1f",
        "#f3ead9",
        (Layer("underparts", "#f3ead9", edge=0.03), Layer("tail", "#b65c24")),
        0.2,
        eye="#140d09",
        fur=0.03,
        tufts=(Tuft("tail", 0.3), Tuft("ear_tips", 0.1)),
    ),
    "guinea_pig": Coat(
        "#b5682d",
        "#f0e8da",
        (
            Layer("everywhere", "#f2ede2", "patches", 0.5, 0.45),
            Layer("hindquarters", "#241a15", ragged=0.08),
            Layer("blaze", "#f2ede2"),
            Layer("muzzle", "#f2ede2", edge=0.03),
        ),
        0.1,
        nose=PINK,
        eye="#140d09",
        fur=0.05,
    ),
    "capybara": Coat(
        "#8a603a",
        "#a4804f",
        (Layer("snout", "#5d412a", edge=0.08), Layer("feet", "#4f3826", edge=0.06)),
        0.2,
        nose="#3c2b21",
        eye="#20140d",
        hoof="#3a2d25",
        fur=0.03,
    ),
    "beaver": Coat(
        "#5a3b22",
        "#6e4d30",
        (Layer("tail", "#2a231f", edge=0.03), Layer("feet", "#2e2620", edge=0.05)),
        0.2,
        eye="#140d09",
        fur=0.035,
    ),
    "marmot": Coat(
        "#9a7a50",
        "#b98f58",
        (
            Layer("crown", "#4a3a2b", edge=0.06),
            Layer("muzzle", "#cbb999", edge=0.04),
            Layer("back", "#5d4a35", "flecks", 0.04, 0.5, edge=0.1),
            Layer("tail_end", "#33271d", edge=0.08),
        ),
        0.2,
        eye="#140d09",
        fur=0.05,
        tufts=(Tuft("tail", 0.08),),
    ),
    "hamster": Coat(
        "#c78d45",
        "#f4efe4",
        (
            Layer("underparts", "#f4efe4", edge=0.05),
            Layer("lower_face", "#f4efe4", edge=0.03),
            Layer("dorsal_stripe", "#8a5b2b", edge=0.04, strength=0.6),
        ),
        0.15,
        nose=PINK,
        eye="#0e0b0a",
        pad=PINK,
        fur=0.05,
    ),
}
