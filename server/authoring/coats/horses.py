"""Coats of horses and their kin."""

from __future__ import annotations

from ....animal.coats import Layer, Tuft
from .hoofed import hoofed

WHITE = "#f1eee7"
PALE_HOOF = "#8d7d68"

_HORSE_HAIR = (Tuft("crest", 0.2), Tuft("tail", 0.4))


EQUIDS = {
    "horse": hoofed(
        "#7c4422",
        "#8d5430",
        Layer("stockings", "#17110e", edge=0.1),
        Layer("crest", "#120d0b", edge=0.02),
        Layer("tail", "#120d0b"),
        Layer("muzzle", "#2b1b14", edge=0.08),
        Layer("blaze", WHITE, edge=0.015),
        tufts=_HORSE_HAIR,
    ),
    "draft_horse": hoofed(
        "#3d2618",
        "#472e1e",
        Layer("stockings", WHITE, edge=0.05, ragged=0.03),
        Layer("blaze", WHITE, edge=0.02),
        Layer("muzzle", "#d9c9bd", edge=0.04),
        Layer("crest", "#120d0b"),
        Layer("tail", "#120d0b"),
        hoof=PALE_HOOF,
        tufts=(*_HORSE_HAIR, Tuft("socks", 0.09)),
    ),
    "shetland_pony": hoofed(
        "#8a4f27",
        "#9a6338",
        Layer("everywhere", WHITE, "patches", 0.6, 0.45),
        Layer("crest", "#e6d7b8"),
        Layer("tail", "#e6d7b8"),
        Layer("socks", WHITE, edge=0.03),
        fur=0.04,
        tufts=(Tuft("crest", 0.28), Tuft("tail", 0.4), Tuft("crown", 0.15)),
    ),
    "donkey": hoofed(
        "#857d76",
        "#d9d3ca",
        Layer("muzzle", "#efebe4", edge=0.03),
        Layer("eye_ring", "#efebe4", edge=0.05, strength=0.6),
        Layer("belly", "#e2ddd4", edge=0.06),
        Layer("dorsal_stripe", "#3b342f", edge=0.015),
        Layer("crest", "#3b342f"),
        Layer("tail_end", "#2c2622"),
        Layer("ear_tips", "#2c2622", edge=0.06),
        fur=0.03,
        tufts=(Tuft("crest", 0.06), Tuft("tail_end", 0.13)),
    ),
    "zebra": hoofed(
        "#f1eee6",
        "#f6f4ee",
        Layer("everywhere", "#14110f", "rings", 0.1, 0.5, warp=0.6),
        Layer("breast", "#f1eee6", edge=0.1),
        Layer("muzzle", "#1c1714", edge=0.04),
        Layer("ear_tips", "#14110f"),
        Layer("tail_end", "#14110f"),
        Layer("belly", "#f6f4ee", edge=0.08),
        contrast=0.03,
        tufts=(Tuft("crest", 0.08), Tuft("tail_end", 0.16)),
    ),
    "przewalski_horse": hoofed(
        "#c2965a",
        "#ecdfc4",
        Layer("muzzle", "#f0e8d8", edge=0.04),
        Layer("stockings", "#2c2019", edge=0.08),
        Layer("crest", "#211812"),
        Layer("tail_end", "#211812", edge=0.1),
        Layer("dorsal_stripe", "#4a3320", edge=0.02),
        Layer("belly", "#efe3ca", edge=0.08),
        fur=0.03,
        tufts=(Tuft("crest", 0.07), Tuft("tail_end", 0.25)),
    ),
}
