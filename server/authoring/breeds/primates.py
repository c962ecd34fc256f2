"""Primates on four legs, long limbs, flat feet and hands, eyes in front, a short or hanging face."""

from __future__ import annotations

from .breed import Breed

PRIMATE = {
    "plantigrade": 0.9, "cannon_length": -0.35, "hind_bent": 0.10, "foot_length": 0.35, "leg_girth": 0.10,
    "loin_depth": 0.22,
    "groin": 0.03, "neck_length": -0.30, "neck_girth": 0.22, "neck_pitch": 0.10, "head_pitch": 0.20,
    "head_depth": 0.14,
    "head_width": 0.14, "muzzle_length": -0.75, "muzzle_girth": 0.05, "skull_round": 0.06,

    "head.nose_tip.x": -0.08, "head.nose_tip.z": -0.01,

    "head.stop.z": 0.02, "ear_round": 1.0, "ear_back": 0.03, "ear_roll": 0.45,
    "ear_yaw": 0.4, "ear_width": 0.30, "thigh_girth": 0.1, "trunk_width": 0.05, "jaw_line": 0.03, "ear_low": 0.06,
    "ear_length": -0.3, "eyes_front": 0.04, "eye_size": 0.05, "head.eye.y": -0.015, "head.chin.x": 0.04,
    "head.upper_lip.x": 0.04, "head.chin.z": -0.03, "head.upper_lip.z": -0.03,
}  # fmt: skip
APE = {
    **PRIMATE, "foreleg_length": 0.25, "hind_bent": 0.18, "thigh_girth": 0.25,
    "chest_width": 0.25, "trunk_width": 0.28, "neck_girth": 0.55, "neck_length": -0.35,

    "head.brow.x": 0.09, "head.brow.z": 0.02, "loin_depth": 0.35, "muzzle_girth": 0.20, "chin_deep": 0.03,
    "foot_size": 0.2, "neck_pitch": 0.25, "groin": 0.06, "Leg1.depth": 0.25, "Leg1.width": 0.25,
    "Leg2.depth": 0.15, "Leg2.width": 0.15, "chest_length": 0.1, "trunk_slope": -0.45,
    "leg_girth": 0.5, "chest_depth": 0.1, "tail_length": -1.5, "belly": 0.0, "tail_curl": 0.0,
    "tail_brush": 0.0, "tail_girth": -1.1, "tail_droop": 0.2,
}  # fmt: skip

BREEDS: dict[str, Breed] = {
    "baboon": Breed("primate", {
        **PRIMATE, "muzzle_length": -0.02, "muzzle_girth": 0.02, "head.nose_tip.x": 0.0, "stop": 0.04,
        "head.brow.x": 0.05,
        "skull_round": 0.01, "trunk_slope": -0.12, "Tail3.pitch": -0.6, "Tail4.pitch": -0.5, "chest_depth": 0.08,
        "neck_girth": 0.40, "head_pitch": 0.30, "tail_girth": 0.1, "chin_deep": 0.03,
        "tail_droop": -0.85, "tail_length": 0.52, "ear_length": -0.14}),
    "macaque": Breed("primate", {
        **PRIMATE, "muzzle_length": -0.60, "tail_droop": 0.4, "tail_girth": 0.1, "head.brow.x": 0.03,
        "trunk_slope": -0.04, "tail_length": -0.11, "ear_length": 0.02}),
    "gorilla": Breed("primate", {
        **APE, "head.forehead.z": 0.02, "chest_width": 0.35, "trunk_width": 0.40,
        "muzzle_length": -0.62, "head_depth": 0.26, "jaw_line": 0.06,
        "head.brow.x": 0.12,
        "head.crown.z": 0.08, "leg_girth": 0.75, "Leg1.depth": 0.55, "Leg1.width": 0.5, "Leg2.depth": 0.35,
        "Leg2.width": 0.35, "foot_size": 0.4, "ear_width": -0.2, "thigh_girth": 0.4, "trunk_slope": -0.5,
        "withers": 0.0, "neck_girth": 0.6, "chest_length": 0.2, "tail_length": -2.7, "ear_length": -0.7}),
    "chimpanzee": Breed("primate", {
        **APE, "ear_roll": 0.35, "muzzle_length": -0.50, "skull_round": 0.04,

        "neck_girth": 0.42, "trunk_width": 0.18, "leg_girth": 0.4, "trunk_slope": -0.4, "belly": 0.0,
        "ear_width": 0.3, "tail_length": -2.7, "ear_length": 0.11}),
    "mandrill": Breed("primate", {
        **PRIMATE, "muzzle_length": -0.05, "muzzle_girth": 0.16, "roman_nose": 0.03, "snout_width": 0.035,
        "head.nose_tip.x": 0.0,
        "stop": 0.02, "head.brow.x": 0.06, "skull_round": 0.02, "cheeks": 0.06, "trunk_slope": -0.14,
        "neck_girth": 0.62,
        "chest_depth": 0.12, "chest_width": 0.16, "leg_girth": 0.22, "tail_droop": -0.8,
        "head_size": 0.12,
        "head_pitch": 0.30, "trunk_width": 0.16, "chin_deep": 0.03, "tail_girth": 0.0, "tail_length": -1.5,
        "ear_length": -0.14}),
    "ring_tailed_lemur": Breed("primate", {
        **PRIMATE, "muzzle_length": -0.32, "muzzle_girth": -0.28, "head.nose_tip.x": 0.0, "skull_round": 0.03,
        "ear_low": 0.05,
        "ear_round": 0.3, "ear_width": 0.55,
        "tail_girth": 0.8,
        "tail_brush": 0.2, "tail_droop": -1.1, "Tail3.pitch": -0.25, "Tail4.pitch": -0.3, "Tail5.pitch": -0.35,
        "tail_curl": 0.0,
        "trunk_slope": 0.10, "hind_bent": 0.20, "trunk_width": -0.05, "leg_girth": -0.02, "back_arch": 0.12,
        "head_pitch": 0.1, "tail_length": 1.07, "ear_length": 0.33, "eyes_front": 0.02, "eye_size": 0.3}),
}  # fmt: skip
