"""Primates on four legs, long limbs, flat feet and hands, eyes in front, a short or hanging face."""

from __future__ import annotations

from .breed import Breed

PRIMATE = {
    "plantigrade": 1.1, "cannon_length": -0.45, "hind_straight": 0.22, "foot_length": 0.20, "leg_girth": 0.22,
    "loin_depth": 0.26, "groin": 0.04, "neck_length": -0.40, "neck_girth": 0.30, "neck_pitch": 0.05,
    "head_pitch": 0.20, "head_depth": 0.14, "head_width": 0.18, "muzzle_length": -0.75, "muzzle_girth": 0.05,
    "skull_round": 0.06, "head.nose_tip.x": -0.08, "head.nose_tip.z": -0.01, "head.stop.z": 0.02, "ear_round": 1.0,
    "ear_back": 0.06, "ear_low": 0.12, "ear_roll": 0.6, "ear_yaw": 0.4, "ear_width": 0.25, "thigh_girth": 0.26,
    "trunk_width": 0.08, "jaw_line": 0.03, "ear_length": -0.5, "eyes_front": 0.04, "eye_size": 0.05,
    "head.eye.y": -0.015, "head.chin.x": 0.04, "head.upper_lip.x": 0.04, "head.chin.z": -0.03,
    "head.upper_lip.z": -0.03,
}  # fmt: skip
APE = {  # a barrel chest high on long heavy arms, short bent legs, no tail
    **PRIMATE, "foreleg_length": 0.3, "hind_straight": 0.20, "thigh_girth": 0.40, "chest_width": 0.28,
    "trunk_width": 0.36, "neck_girth": 0.60, "neck_length": -0.5, "head.brow.x": 0.09, "head.brow.z": 0.02,
    "loin_depth": 0.40, "muzzle_girth": 0.10, "chin_deep": 0.03, "foot_size": 0.2, "neck_pitch": 0.2, "groin": 0.07,
    "Leg1.depth": 0.20, "Leg1.width": 0.25, "Leg2.depth": 0.15, "Leg2.width": 0.15, "chest_length": 0.1,
    "trunk_slope": -0.55, "croup_slope": 0.15, "leg_girth": 0.5, "chest_depth": 0.1, "belly": 0.03, "tail_curl": 0.0,
    "tail_brush": 0.0, "tail_girth": 0.0, "tail_droop": 0.2, "tail_length": -2.7, "head.nose_tip.x": -0.13,
    "head.nose_bridge.x": -0.03,
}  # fmt: skip

BREEDS: dict[str, Breed] = {
    "baboon": Breed("primate", {
        **PRIMATE, "muzzle_length": 0.10, "muzzle_girth": -0.02, "head.nose_tip.x": 0.0, "stop": 0.04,
        "head.brow.x": 0.05, "skull_round": 0.01, "trunk_slope": -0.14, "Tail3.pitch": -0.6, "Tail4.pitch": -0.5,
        "chest_depth": 0.10, "neck_girth": 0.50, "head_pitch": 0.35, "tail_girth": 0.35, "chin_deep": 0.03,
        "tail_droop": -0.85, "tail_length": 0.52, "ear_length": -0.14}),
    "macaque": Breed("primate", {
        **PRIMATE, "muzzle_length": -0.62, "tail_droop": 0.4, "tail_girth": 0.1, "head.brow.x": 0.03,
        "trunk_slope": -0.05, "head_size": 0.05, "tail_length": -0.11, "ear_length": -0.3}),
    "gorilla": Breed("primate", {
        **APE, "head.forehead.z": 0.02, "chest_width": 0.36, "trunk_width": 0.58, "muzzle_length": -0.75,
        "head_depth": 0.24, "jaw_line": 0.06, "head.brow.x": 0.12, "head.crown.z": 0.06, "head_width": 0.24,
        "leg_girth": 0.72, "Leg1.depth": 0.40, "Leg1.width": 0.45, "Leg2.depth": 0.30, "Leg2.width": 0.30,
        "foot_size": 0.4, "ear_width": 0.1, "thigh_girth": 0.55, "trunk_slope": -0.5, "belly": 0.0,
        "neck_girth": 0.72, "neck_depth": 0.15, "chest_length": 0.15, "loin_depth": 0.35, "ear_length": -1.0,
        "chest_depth": 0.0, "groin": 0.05}),
    "chimpanzee": Breed("primate", {
        **APE, "ear_roll": 0.5, "muzzle_length": -0.62, "skull_round": 0.05, "neck_girth": 0.48, "trunk_width": 0.24,
        "leg_girth": 0.42, "trunk_slope": -0.42, "ear_width": 0.5, "ear_low": 0.10, "ear_length": -0.1}),
    "mandrill": Breed("primate", {
        **PRIMATE, "muzzle_length": 0.08, "muzzle_girth": 0.12, "roman_nose": 0.03, "snout_width": 0.035,
        "head.nose_tip.x": 0.0, "stop": 0.02, "head.brow.x": 0.06, "skull_round": 0.02, "cheeks": 0.06,
        "trunk_slope": -0.16, "neck_girth": 0.68, "chest_depth": 0.14, "chest_width": 0.18, "leg_girth": 0.24,
        "tail_droop": -0.8, "head_size": 0.12, "head_pitch": 0.35, "trunk_width": 0.20, "chin_deep": 0.03,
        "tail_girth": 0.2, "tail_length": -1.5, "ear_length": -0.14}),
    "ring_tailed_lemur": Breed("primate", {
        **PRIMATE, "muzzle_length": -0.30, "muzzle_girth": -0.34, "head.nose_tip.x": 0.0, "skull_round": 0.03,
        "ear_low": 0.05, "ear_back": 0.03, "ear_roll": 0.3, "ear_round": 0.3, "ear_width": 0.75, "tail_girth": 0.8,
        "tail_brush": 0.2, "tail_droop": -1.1, "Tail3.pitch": -0.25, "Tail4.pitch": -0.3, "Tail5.pitch": -0.35,
        "tail_curl": 0.0, "trunk_slope": 0.12, "hind_straight": 0.0, "hind_bent": 0.10, "trunk_width": -0.02,
        "leg_girth": -0.02, "back_arch": 0.16, "head_pitch": 0.1, "tail_length": 1.07, "ear_length": 0.2,
        "eyes_front": 0.02, "eye_size": 0.3}),
}  # fmt: skip
