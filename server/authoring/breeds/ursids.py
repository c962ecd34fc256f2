"""Bears: heavy limbs set flat on the ground, a broad skull, small round ears, next to no tail."""

from __future__ import annotations

from .breed import Breed

BEAR = {
    "plantigrade": 0.75, "cannon_length": -0.55, "leg_girth": 0.55, "thigh_girth": 0.42, "foot_size": 0.26,
    "foot_length": 0.12, "loin_depth": 0.60, "trunk_width": 0.46, "chest_width": 0.06, "rump_size": 0.10,
    "neck_girth": 0.72, "neck_depth": 0.10, "neck_length": -0.3, "neck_pitch": 0.40, "muzzle_length": -0.25,
    "muzzle_girth": 0.02, "stop": 0.025, "skull_round": 0.025, "cheeks": 0.09, "eye_size": -0.30, "ear_round": 1.2,
    "ear_roll": 0.05, "ear_yaw": 0.25, "ear_width": 0.25, "ear_low": 0.03, "ear_apart": 0.03, "chin_deep": 0.01,
    "jaw_line": 0.03, "hind_bent": 0.0, "groin": 0.09, "belly": 0.025, "flank": 0.02, "brisket": 0.0, "croup": 0.02,
    "head_width": 0.48, "head_depth": 0.30, "head_size": 0.05, "tail_curl": 0.0, "tail_brush": 0.0, "tail_girth": 0.0,
    "tail_droop": 0.6,
}  # fmt: skip
ROUND_EARED = {"neck_depth": 0.0, "ear_yaw": 0.7, "ear_roll": -0.2, "ear_round": 0.5, "ear_width": 0.0, "ear_pitch": -0.5}  # fmt: skip

BREEDS: dict[str, Breed] = {
    "bear": Breed("ursid", {  # a hump of muscle over the shoulders and a dished face
        **BEAR, **ROUND_EARED, "neck_girth": 0.55, "withers": 0.05, "stop": 0.05, "head.nose_bridge.z": -0.015,
        "head.nose_tip.z": 0.02, "trunk_slope": -0.03, "croup_slope": 0.10,
        "muzzle_length": -0.20, "tail_length": -2.01, "ear_length": -0.3}),
    "black_bear": Breed("ursid", {  # no hump, a straight profile, taller ears
        **BEAR, **ROUND_EARED, "withers": -0.02, "croup": 0.045, "stop": 0.0, "head.stop.z": 0.025, "muzzle_length": -0.12,
        "head_width": 0.38, "head_depth": 0.22, "neck_girth": 0.45, "leg_girth": 0.46, "trunk_width": 0.42,
        "tail_length": -1.86, "ear_length": -0.8}),
    "polar_bear": Breed("ursid", {  # a long neck, a long narrow head without a stop, the rump highest
        **BEAR, "neck_length": 0.05, "neck_girth": 0.52, "neck_depth": 0.05, "neck_pitch": 0.32, "head_width": 0.26,
        "head_depth": 0.14, "head_size": 0.05, "cheeks": 0.04, "muzzle_length": 0.0, "muzzle_girth": 0.10,
        "stop": -0.01, "head.stop.z": 0.035, "skull_round": 0.0, "trunk_slope": 0.06, "croup": 0.05,
        "foot_size": 0.38, "leg_girth": 0.62, "loin_depth": 0.42, "ear_low": 0.06, "tail_length": -2.19,
        "ear_length": -0.6, "belly": 0.0, "groin": 0.06, "trunk_width": 0.4}),
    "panda": Breed("ursid", {  # a globe of a head with a short muzzle, a round belly, short legs
        **BEAR, "cheeks": 0.13, "skull_round": 0.07, "muzzle_length": -0.65, "muzzle_girth": -0.05, "ear_roll": 0.1,
        "neck_length": -0.25, "neck_girth": 0.5, "trunk_width": 0.52, "belly": 0.01, "stop": 0.015,
        "head.jaw_angle.z": -0.05, "head_size": 0.24, "head_width": 0.52, "head_depth": 0.34, "ear_low": 0.03,
        "back_arch": 0.10, "tail_length": -1.72, "ear_length": -0.15, "neck_pitch": 0.2, "withers": -0.03,
        "ear_width": 0.4, "jaw_line": 0.0, "groin": 0.06, "loin_depth": 0.45}),
    "sun_bear": Breed("ursid", {  # sleek and lightly built, a short broad muzzle, large inturned feet, tiny ears
        **BEAR, "muzzle_length": -0.45, "muzzle_girth": 0.10, "leg_girth": 0.46, "neck_girth": 0.55,
        "trunk_width": 0.34, "foot_length": 0.26, "skull_round": 0.0, "head_width": 0.44, "stop": 0.0,
        "loin_depth": 0.5, "groin": 0.08, "foot_size": 0.34, "ear_low": 0.07, "tail_length": -2.42,
        "ear_length": -0.7, "withers": -0.03}),
}  # fmt: skip
