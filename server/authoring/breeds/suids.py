"""Pigs, boars and peccaries, all from the registered pig. Tusks are parts of their own."""

from __future__ import annotations

from .breed import Breed

PIG = {"pig_model": 1.0}
SUID = {"feet.cloven": 1.0, "giants.snout": 0.5, "tail_girth": -0.5, "tail_length": -0.5}
BOAR = {
    **SUID, "giants.hump_shoulders": 0.4, "giants.crest": 0.8, "loin_depth": -0.15, "loin_width": -0.15, "thigh_girth": -0.1,
    "trunk_width": -0.12, "belly": -0.02, "muzzle_length": 0.1, "neck_depth": 0.2, "neck_girth": 0.1, "neck_pitch": 0.12,
    "head_depth": 0.1, "head.cheek.y": 0.03, "tail_droop": 0.9,
}  # fmt: skip
BREEDS: dict[str, Breed] = {
    "pig": Breed("suid", {**SUID, "thigh_girth": 0.1, "neck_girth": 0.08, "ear_fold": 0.3, "ear_width": 0.2, "jowls": 0.02}, PIG),
    "wild_boar": Breed("suid", {
        **BOAR, "giants.hump_shoulders": 0.7, "giants.wool": 0.2, "ear_round": 0.3, "chest_depth": 0.08}, PIG),
    "warthog": Breed("suid", {
        **BOAR, "muzzle_girth": 0.12, "snout_width": 0.05, "head.cheek.y": 0.08, "giants.crest": 1.0,
        "head.brow.z": 0.04, "head.eye.z": 0.04, "leg_girth": -0.1, "tail_length": 0.3}, PIG),
    "red_river_hog": Breed("suid", {
        **BOAR, "ear_tuft": 0.3, "ear_low": 0.04, "ear_roll": 0.6, "leg_girth": 0.15, "tail_length": 0.3, "trunk_width": 0.2,
        "loin_depth": 0.15, "loin_width": 0.1, "belly": 0.06, "groin": 0.04, "giants.hump_shoulders": 0.2}, PIG),
    "peccary": Breed("tayassuid", {
        **BOAR, "giants.hump_shoulders": 0.2, "giants.wool": 0.3, "leg_girth": -0.35, "tail_length": -1.5,
        "tail_girth": -1.0, "ear_round": 0.4, "neck_girth": -0.1, "neck_depth": 0.0, "giants.crest": 0.3, "loin_depth": -0.05}, PIG),
}  # fmt: skip
