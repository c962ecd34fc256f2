"""Horses, asses and zebras, from the registered horse."""

from __future__ import annotations

from .breed import Breed

HORSE = {"quaternius_horse": 1.0}
ASS = {"quaternius_horse": 0.4, "quaternius_donkey": 0.6}
EQUID = {
    "feet.hoof": 1.0, "tail_droop": 1.2, "tail_curl": -0.4, "tail_girth": 0.0, "tail_brush": 0.0,
    "head_depth": 0.05, "jaw_line": 0.02, "neck_girth": 0.08,
    "neck_depth": 0.10, "giants.crest": 0.3,
}  # fmt: skip
BREEDS: dict[str, Breed] = {
    "horse": Breed("equid", EQUID, HORSE),
    "draft_horse": Breed("equid", {
        **EQUID, "leg_girth": 0.32, "foot_size": 0.38, "neck_girth": 0.22, "trunk_width": 0.28, "thigh_girth": 0.22,
        "giants.crest": 0.7, "chest_width": 0.15, "croup": 0.03, "head_depth": 0.12, "roman_nose": 0.03}, HORSE),
    "shetland_pony": Breed("equid", {
        **EQUID, "belly": 0.06, "neck_girth": 0.28, "giants.crest": 0.9, "trunk_width": 0.25, "leg_girth": 0.12,
        "ear_length": -0.3, "head_depth": 0.12, "tail_girth": 0.1, "groin": 0.03}, HORSE),
    "donkey": Breed("equid", {
        **EQUID, "ear_length": 0.45, "ear_width": 0.2, "tail_girth": -0.3, "tail_brush": 0.3, "belly": 0.04,
        "groin": 0.03, "head_depth": 0.12, "muzzle_girth": 0.12, "leg_girth": -0.05, "croup": 0.01}, ASS),
    "zebra": Breed("equid", {
        **EQUID, "neck_girth": 0.16, "giants.crest": 1.0, "ear_round": 0.4, "ear_width": 0.25, "ear_length": 0.1,
        "belly": 0.04, "tail_girth": -0.3, "trunk_width": 0.12, "muzzle_girth": 0.06}, HORSE),
    "przewalski_horse": Breed("equid", {
        **EQUID, "neck_girth": 0.28, "giants.crest": 1.0, "head_depth": 0.18, "muzzle_girth": 0.15, "belly": 0.05,
        "trunk_width": 0.2, "leg_girth": 0.1, "tail_girth": -0.1, "roman_nose": 0.02}, HORSE),
}  # fmt: skip
