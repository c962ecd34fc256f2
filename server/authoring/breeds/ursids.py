"""Bears: heavy limbs set flat on the ground, a broad skull, small round ears, next to no tail."""

from __future__ import annotations

from .breed import Breed

BEAR = {
    "plantigrade": 0.75, "cannon_length": -0.55, "leg_girth": 0.50, "thigh_girth": 0.30, "foot_size": 0.30,
    "foot_length": 0.20, "loin_depth": 0.38, "trunk_width": 0.28, "neck_girth": 0.48,
    "neck_length": -0.20, "neck_pitch": 0.35, "muzzle_length": -0.25,
    "muzzle_girth": -0.02, "stop": 0.02, "skull_round": 0.02, "cheeks": 0.05, "eye_size": -0.30, "ear_round": 1.0,
    "ear_roll": 0.10, "ear_yaw": 0.25, "chin_deep": 0.01,
    "jaw_line": 0.02, "hind_bent": 0.05, "ear_width": 0.05, "ear_low": 0.03, "groin": 0.06, "belly": 0.02,
    "head_width": 0.32, "head_depth": 0.2, "ear_apart": 0.01, "tail_curl": 0.0, "tail_brush": 0.0,
    "tail_girth": -0.8, "tail_droop": 0.6,
}  # fmt: skip

BREEDS: dict[str, Breed] = {
    "bear": Breed("ursid", {
        **BEAR, "withers": 0.07, "stop": 0.04, "neck_girth": 0.58, "foot_length": 0.28,
        "head.nose_tip.z": 0.015, "head_width": 0.38, "tail_length": -2.01, "ear_length": -0.07}),
    "black_bear": Breed("ursid", {
        **BEAR, "withers": -0.01, "croup": 0.02, "stop": 0.0, "head.stop.z": 0.02,
        "neck_girth": 0.40,
        "leg_girth": 0.42, "muzzle_length": -0.14, "tail_length": -1.86, "ear_length": 0.11}),
    "polar_bear": Breed("ursid", {
        **BEAR, "neck_length": 0.15, "neck_girth": 0.34, "head_width": 0.08, "head_size": -0.05, "cheeks": 0.02,
        "muzzle_length": -0.05, "muzzle_girth": 0.06, "stop": -0.01, "head.stop.z": 0.03, "skull_round": 0.0,
        "trunk_slope": 0.06, "croup": 0.03, "foot_size": 0.42, "leg_girth": 0.58, "neck_pitch": 0.25,
        "tail_length": -2.19, "ear_length": -0.38}),
    "panda": Breed("ursid", {
        **BEAR, "cheeks": 0.11, "skull_round": 0.05, "muzzle_length": -0.60,
        "ear_roll": 0.25, "neck_length": -0.35, "trunk_width": 0.36, "belly": 0.05, "stop": 0.015,
        "head.jaw_angle.z": -0.03, "head_size": 0.1, "head_width": 0.44, "head_depth": 0.32, "tail_length": -1.72,
        "ear_length": 0.05}),
    "sun_bear": Breed("ursid", {
        **BEAR, "muzzle_length": -0.42, "leg_girth": 0.40, "neck_girth": 0.34,
        "trunk_width": 0.18, "foot_length": 0.32, "skull_round": 0.0, "head_width": 0.30, "stop": 0.0,
        "foot_size": 0.35, "ear_low": 0.05, "tail_length": -2.42, "ear_length": -0.48}),
}  # fmt: skip
