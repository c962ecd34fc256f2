"""Pigs, boars and peccaries. Tusks are parts of their own."""

from __future__ import annotations

from .breed import Breed

PIG = {"pig_model": 0.6, "quaternius_cow": 0.4}
BOAR = {"pig_model": 0.5, "quaternius_cow": 0.35}
SUID = {
    "feet.cloven": 1.0, "giants.snout": 1.0, "neck_girth": 0.10, "neck_pitch": 0.12, "head_pitch": 0.05,
    "head.cheek.y": 0.07, "eye.size": -0.25, "tail_length": -0.5,
    "tail_girth": -0.5, "head_depth": 0.12, "belly": 0.05, "trunk_width": 0.15, "leg_girth": 0.05, "head.stop.z": -0.03,
    "head.nape.z": 0.04,
}  # fmt: skip
BREEDS: dict[str, Breed] = {
    "pig": Breed("suid", {
        **SUID, "ear_width": 0.35, "ear_pitch": -0.5, "loin_width": 0.1, "belly": 0.07, "groin": 0.05, "croup": 0.03,
        "thigh_girth": 0.2, "muzzle_length": -0.2, "loin": 0.02}, PIG),
    "wild_boar": Breed("suid", {
        **SUID, "giants.hump_shoulders": 0.42, "giants.crest": 1.0, "muzzle_length": 0.05, "loin_depth": -0.15,
        "loin_width": -0.12, "leg_girth": -0.1, "ear_length": -0.1, "ear_round": 0.3, "muzzle_girth": -0.05, "belly": 0.02,
        "giants.wool": 0.2, "neck_pitch": 0.2}, BOAR),
    "warthog": Breed("suid", {
        **SUID, "muzzle_length": 0.12, "muzzle_girth": 0.15, "snout_width": 0.05, "head.cheek.y": 0.14, "leg_girth": -0.15,
        "loin_depth": -0.1, "giants.crest": 1.2, "head.brow.z": 0.05, "head.eye.z": 0.05, "ear_length": -0.2,
        "tail_length": 0.4, "belly": 0.03, "neck_pitch": 0.2, "head_width": 0.1}, BOAR),
    "red_river_hog": Breed("suid", {
        **SUID, "muzzle_length": 0.02, "ear_length": 0.3, "ear_tuft": 0.7, "ear_roll": 0.3, "giants.crest": 0.6,
        "leg_girth": -0.1, "belly": 0.04}, BOAR),
    "peccary": Breed("tayassuid", {
        **SUID, "giants.hump_shoulders": 0.12, "giants.wool": 0.35, "leg_girth": -0.3, "tail_length": -2.0,
        "ear_length": -0.3, "ear_round": 0.4, "muzzle_length": -0.05, "neck_girth": 0.15, "head_size": 0.05}, BOAR),
}  # fmt: skip
