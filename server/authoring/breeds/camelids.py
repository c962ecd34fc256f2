"""Camels and llamas: long necks carried low or high, split lips, humps."""

from __future__ import annotations

from .breed import Breed

LLAMA = {"quaternius_alpaca": 0.7, "quaternius_deer": 0.3}
CAMEL = {"quaternius_alpaca": 0.35, "quaternius_deer": 0.3, "quaternius_horse": 0.35}
BIG = {
    "feet.pillar": 0.0, "foot_size": 0.35, "foot_length": 0.1, "neck_length": 0.5, "neck_pitch": 0.25, "head_pitch": 0.0,
    "head.upper_lip.z": -0.05, "head.chin.z": -0.04, "head.crown.z": 0.03, "muzzle_girth": 0.12, "ear_length": -0.7,
    "loin_depth": -0.12, "groin": -0.03, "leg_girth": 0.05, "tail_length": 0.3, "tail_droop": 0.8, "chest_depth": 0.06,
    "head.brow.z": 0.04, "giants.throat_mane": 0.3, "trunk_width": 0.12,
}  # fmt: skip
BREEDS: dict[str, Breed] = {
    "camel": Breed("camelid", {**BIG, "giants.hump": 0.9}, CAMEL),
    "bactrian_camel": Breed("camelid", {
        **BIG, "giants.hump_front": 0.85, "giants.hump_rear": 0.85, "giants.throat_mane": 1.0, "giants.cape": 0.25,
        "leg_girth": 0.2, "giants.crest": 0.5}, CAMEL),
    "llama": Breed("camelid", {
        "foot_size": 0.1, "neck_length": 0.25, "ear_length": 0.25, "giants.wool": 0.3, "neck_girth": 0.12,
        "leg_girth": 0.05, "neck_pitch": -0.12, "tail_girth": 0.5, "feet.cloven": 0.8}, LLAMA),
    "alpaca": Breed("camelid", {
        "foot_size": 0.1, "giants.wool": 0.9, "neck_girth": 0.4, "leg_girth": 0.35, "muzzle_length": -0.25,
        "head.forehead.z": 0.10, "head.crown.z": 0.10, "head.cheek.y": 0.06, "thigh_girth": 0.2, "neck_pitch": -0.1,
        "tail_girth": 0.5, "feet.cloven": 0.8}, LLAMA),
}  # fmt: skip
