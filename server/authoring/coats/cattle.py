"""Coats of cattle, buffalo and their kin."""

from __future__ import annotations

from ....animal.coats import Layer, Tuft
from .hoofed import hoofed

WHITE = "#f1eee7"


CATTLE = {
    "cow": hoofed(
        "#f3f0ea",
        "#f5f2ec",
        Layer("everywhere", "#171412", "patches", 0.55, 0.55),
        Layer("head", "#171412", edge=0.03),
        Layer("ears", "#171412"),
        Layer("blaze", WHITE, edge=0.015),
        Layer("stockings", "#f3f0ea", edge=0.04, ragged=0.02),
        Layer("tail_end", WHITE),
        Layer("muzzle", "#cfa79a", edge=0.03),
        contrast=0.03,
        nose="#c99a8c",
        hoof="#6b5a4a",
        tufts=(Tuft("tail_tip", 0.13),),
    ),
    "bull": hoofed(
        "#43261a",
        "#4a2c1e",
        Layer("forequarters", "#21130d", edge=0.15),
        Layer("lower_legs", "#23150f", edge=0.1),
        Layer("nose_ring", "#b59b86", edge=0.02),
        Layer("tail_end", "#17100c"),
        tufts=(Tuft("crown", 0.04, 0.8), Tuft("tail_tip", 0.12)),
    ),
    "highland_cattle": hoofed(
        "#b5652a",
        "#b96c30",
        Layer("muzzle", "#d0a184", edge=0.04),
        contrast=0.2,
        nose="#c08b78",
        hoof="#5d4a3a",
        fur=0.14,
        tufts=(Tuft("crown", 0.3), Tuft("crest", 0.18), Tuft("belly", 0.2), Tuft("tail_end", 0.25)),
    ),
    "zebu": hoofed(
        "#c9c5be",
        "#e9e6df",
        Layer("forequarters", "#8b8680", edge=0.2),
        Layer("hump", "#6e6963", edge=0.12),
        Layer("face", "#75706a", edge=0.1),
        Layer("tail_end", "#211c19"),
        Layer("socks", "#7a756e", edge=0.06),
        tufts=(Tuft("tail_tip", 0.12),),
    ),
    "water_buffalo": hoofed(
        "#3d3a3b",
        "#4a4646",
        Layer("stockings", "#8d857c", edge=0.08),
        Layer("throat_patch", "#8b837a", edge=0.03, strength=0.7),
        contrast=0.15,
        fur=0.01,
    ),
    "african_buffalo": hoofed(
        "#2a211d",
        "#2f2520",
        Layer("face", "#1d1714", edge=0.08),
        Layer("ears", "#3c2f28"),
        contrast=0.15,
        fur=0.012,
        tufts=(Tuft("ears", 0.06), Tuft("tail_tip", 0.09)),
    ),
    "bison": hoofed(
        "#7d5530",
        "#5b3b22",
        Layer("fore_half", "#38251a", edge=0.12, ragged=0.03),
        Layer("head", "#21160f", edge=0.08),
        Layer("chin", "#17100c"),
        Layer("cape", "#5d3d24", edge=0.1),
        Layer("legs", "#2b1c13", edge=0.1),
        contrast=0.15,
        fur=0.05,
        tufts=(
            Tuft("cape", 0.13, 0.6),
            Tuft("crown", 0.16, 0.7),
            Tuft("chin", 0.2),
            Tuft("front_legs", 0.12),
            Tuft("crest", 0.13),
        ),
    ),
    "yak": hoofed(
        "#1f1916",
        "#17120f",
        Layer("muzzle", "#8b8179", edge=0.03),
        Layer("back", "#3c2f27", edge=0.1),
        contrast=0.1,
        fur=0.1,
        tufts=(Tuft("belly", 0.35), Tuft("flank_band", 0.3), Tuft("tail", 0.35), Tuft("chest", 0.3)),
    ),
    "gaur": hoofed(
        "#2b1d17",
        "#2f201a",
        Layer("stockings", "#d9c9a8", edge=0.03),
        Layer("crown", "#9a8a74", edge=0.06),
        Layer("muzzle", "#a89a8b", edge=0.03),
        contrast=0.12,
    ),
    "muskox": hoofed(
        "#3a2a1f",
        "#2b1f18",
        Layer("saddle", "#a8906c", edge=0.06),
        Layer("stockings", "#d3c5aa", edge=0.05),
        Layer("muzzle", "#cfc3ae", edge=0.03),
        contrast=0.15,
        fur=0.11,
        tufts=(Tuft("belly", 0.38), Tuft("flank_band", 0.35), Tuft("ruff", 0.25), Tuft("chest", 0.3)),
    ),
}
