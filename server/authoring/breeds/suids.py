"""Pigs, boars and peccaries. Tusks are parts of their own."""

from __future__ import annotations

from .breed import Breed

PIG = {"pig": 1.0}
BOAR = {"pig": 0.85}
SUID = {"feet.cloven": 1.0}
BREEDS: dict[str, Breed] = {
    "pig": Breed("suid", {**SUID, "tail_curl": 0.8}, PIG),
    "wild_boar": Breed("suid", {
        **SUID, "giants.hump_shoulders": 0.35, "giants.crest": 0.8, "muzzle_length": 0.30, "loin_depth": -0.12,
        "leg_girth": -0.1, "ear_length": -0.1, "ear_round": 0.2, "muzzle_girth": -0.08, "giants.wool": 0.15}, BOAR),
    "warthog": Breed("suid", {
        **SUID, "muzzle_length": 0.35, "snout_width": 0.05, "head.cheek.y": 0.08, "head_size": 0.1, "leg_girth": -0.15,
        "loin_depth": -0.1, "giants.crest": 0.6, "head.brow.z": 0.05, "head.eye.z": 0.05, "ear_length": -0.2,
        "tail_length": 0.3}, BOAR),
    "red_river_hog": Breed("suid", {
        **SUID, "muzzle_length": 0.2, "ear_length": 0.2, "ear_tuft": 0.6, "giants.crest": 0.4, "leg_girth": -0.1}, BOAR),
    "peccary": Breed("tayassuid", {
        **SUID, "giants.hump_shoulders": 0.15, "neck_girth": 0.1, "giants.wool": 0.2, "leg_girth": -0.25,
        "tail_length": -2.0, "ear_length": -0.3, "loin_depth": -0.05}, BOAR),
}  # fmt: skip
