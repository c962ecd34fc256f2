"""Cats: a round head with a short muzzle, large eyes in front, small round ears, a long even tail, soft big paws."""

from __future__ import annotations

from .breed import Breed

FELID = {
    "muzzle_length": -0.55, "muzzle_girth": -0.02, "head_width": 0.20, "head_depth": 0.10, "head_pitch": 0.12,
    "skull_round": 0.03, "cheeks": 0.06, "jowls": 0.04, "head.stop.z": 0.045, "head.nose_bridge.z": 0.01,
    "head.nose_tip.z": 0.0, "head.nose_tip.x": -0.06, "head.jaw_angle.z": -0.04, "head.lower_jaw.z": -0.02,
    "head.nostril.y": -0.01, "head.nostril.x": -0.02, "head.muzzle_side.y": 0.02, "head.eye.y": 0.015,
    "ear_width": 0.10, "ear_round": 0.4, "ear_roll": 0.0, "ear_yaw": 0.10, "ear_low": 0.055, "neck_length": -0.20,
    "neck_pitch": 0.30, "neck_girth": 0.16, "tail_girth": 0.35, "tail_brush": 0.30, "tail_droop": 0.55,
    "tail_curl": 0.35, "leg_girth": 0.22, "foot_size": 0.05, "chest_depth": -0.06, "loin_depth": 0.16,
    "cannon_length": -0.25, "hind_straight": -0.15, "hind_bent": 0.10, "groin": 0.03, "loin": 0.01,
    "thigh_girth": 0.12, "eyes_front": 0.02, "eye_size": 0.2, "head.chin.x": 0.05, "head.chin.z": -0.025,
    "head.upper_lip.x": 0.04, "head.upper_lip.z": -0.025,
}  # fmt: skip
BIG_CAT = {  # a longer, flatter face with a broad nose, small eyes and ears; a heavy chest, heavy paws
    **FELID, "muzzle_length": -0.52, "muzzle_girth": 0.06, "head_depth": 0.14, "head_width": 0.24, "ear_round": 0.6,
    "ear_low": 0.07, "neck_girth": 0.30, "leg_girth": 0.34, "foot_size": 0.24, "chest_depth": 0.02,
    "tail_brush": 0.10, "tail_girth": 0.25, "head.jaw_angle.z": -0.05, "head_size": 0.2, "jowls": 0.05,
    "chin_deep": 0.02, "loin_depth": 0.2, "eye_size": 0.15,
}  # fmt: skip
SMALL_CAT = {  # large upright ears and large eyes in a short round face
    **FELID, "skull_round": 0.04, "muzzle_length": -0.85, "muzzle_girth": -0.30, "cheeks": 0.07, "ear_round": -0.4,
    "ear_roll": -0.1, "ear_yaw": 0.0, "ear_low": 0.03, "ear_width": 0.2, "leg_girth": 0.12, "foot_size": 0.0,
    "eye_size": 0.5, "eyes_front": 0.025, "head.nose_tip.x": -0.09, "head.nostril.y": -0.025, "head.nostril.x": -0.04,
    "head.upper_lip.x": 0.05, "head.chin.x": 0.06,
}  # fmt: skip
BREEDS: dict[str, Breed] = {
    "cat": Breed("felid", {
        **SMALL_CAT, "tail_length": 0.26, "ear_length": 0.3, "neck_girth": 0.0, "ear_width": 0.05, "ear_round": -0.6,
        "head_width": 0.24}),
    "siamese_cat": Breed("felid", {
        **SMALL_CAT, "muzzle_length": -0.55, "muzzle_girth": -0.28, "head_width": 0.0, "cheeks": 0.01,
        "ear_width": 0.4, "ear_round": -0.4, "ear_roll": -0.05, "leg_girth": -0.06, "neck_girth": -0.05,
        "neck_length": 0.0, "tail_girth": 0.0, "tail_brush": 0.0, "trunk_width": -0.12, "skull_round": 0.0,
        "tail_length": 0.32, "eye_size": 0.35, "ear_length": 0.4}),
    "lion": Breed("felid", {
        **BIG_CAT, "head_width": 0.24, "chin_deep": 0.03, "neck_girth": 0.42, "chest_depth": 0.08, "withers": 0.02,
        "tail_girth": 0.0, "tail_brush": 0.0, "muzzle_length": -0.42, "tail_length": 0.07, "ear_length": -0.14}),
    "lioness": Breed("felid", {
        **BIG_CAT, "chin_deep": 0.02, "neck_girth": 0.22, "tail_girth": 0.0, "tail_brush": 0.0,
        "muzzle_length": -0.48, "head_depth": 0.08, "tail_length": 0.11, "ear_length": -0.07, "ear_width": 0.0}),
    "tiger": Breed("felid", {
        **BIG_CAT, "cheeks": 0.08, "head_depth": 0.16, "belly": 0.02, "neck_girth": 0.28, "tail_girth": 0.35,
        "tail_length": 0.11, "ear_length": -0.36}),
    "leopard": Breed("felid", {
        **BIG_CAT, "muzzle_length": -0.60, "muzzle_girth": 0.0, "neck_girth": 0.16, "leg_girth": 0.24,
        "eye_size": 0.25, "head_width": 0.20, "tail_girth": 0.35, "chest_depth": -0.02, "tail_length": 0.32,
        "ear_length": -0.07, "loin_depth": 0.14, "ear_width": 0.05}),
    "jaguar": Breed("felid", {
        **BIG_CAT, "muzzle_length": -0.60, "muzzle_girth": 0.12, "head_width": 0.34, "cheeks": 0.09, "head_size": 0.3,
        "neck_girth": 0.46, "leg_girth": 0.5, "trunk_width": 0.24, "belly": 0.035, "loin_depth": 0.24,
        "tail_girth": 0.3, "tail_length": -0.06, "ear_length": -0.4, "chest_depth": 0.06}),
    "cheetah": Breed("felid", {
        **FELID, "muzzle_length": -0.80, "head_size": -0.10, "skull_round": 0.045, "ear_round": 0.7, "ear_roll": 0.2,
        "ear_width": 0.1, "leg_girth": -0.14, "thigh_girth": -0.04, "foot_size": -0.02, "chest_depth": 0.2,
        "loin_depth": -0.12, "groin": -0.02, "trunk_width": -0.18, "neck_girth": -0.06, "neck_length": -0.05,
        "cannon_length": 0.05, "hind_bent": 0.0, "neck_pitch": 0.20, "withers": 0.02, "loin": 0.02,
        "tail_girth": 0.25, "tail_length": 0.21, "ear_length": -0.1}),
    "snow_leopard": Breed("felid", {
        **BIG_CAT, "muzzle_length": -0.62, "skull_round": 0.04, "tail_girth": 1.05, "tail_brush": 0.3,
        "leg_girth": 0.40, "foot_size": 0.38, "neck_girth": 0.28, "ear_round": 0.8, "belly": 0.02, "tail_length": 0.64,
        "ear_length": -0.22, "head_size": 0.1}),
    "puma": Breed("felid", {
        **FELID, "head_size": 0.1, "muzzle_length": -0.74, "muzzle_girth": -0.12, "eye_size": 0.35, "ear_width": 0.0,
        "skull_round": 0.035, "cheeks": 0.07, "head.nose_tip.x": -0.08, "ear_round": 0.35, "tail_girth": 0.4,
        "neck_length": -0.1, "leg_girth": 0.20, "thigh_girth": 0.22, "hind_straight": -0.1,
        "tail_length": 0.26, "ear_length": 0.11}),
    "lynx": Breed("felid", {
        **SMALL_CAT, "cheeks": 0.09, "jaw_line": 0.05, "ear_tuft": 0.08, "ear_round": -0.2, "ear_roll": -0.15,
        "leg_girth": 0.30, "foot_size": 0.3, "tail_girth": 0.65, "tail_brush": 0.2, "neck_girth": 0.28,
        "tail_droop": 0.3, "tail_curl": 0.0, "croup": 0.02, "trunk_slope": 0.03, "cannon_length": 0.0, "belly": 0.02,
        "tail_length": -0.97, "ear_length": 0.44, "eye_size": 0.3, "ear_width": 0.25}),
    "serval": Breed("felid", {
        **SMALL_CAT, "ear_width": 0.55, "ear_round": 0.2, "ear_roll": -0.45, "ear_apart": -0.015, "ear_low": 0.0,
        "muzzle_length": -0.70, "head_width": 0.12, "head_size": -0.2, "leg_girth": -0.08, "neck_length": 0.15,
        "neck_pitch": 0.15, "cannon_length": 0.15,
        "hind_bent": 0.0, "cheeks": 0.02, "trunk_width": -0.12, "tail_girth": 0.2, "tail_length": -0.22,
        "ear_length": 0.95, "eye_size": 0.35}),
    "caracal": Breed("felid", {
        **SMALL_CAT, "ear_tuft": 0.1, "ear_round": -0.35, "ear_roll": -0.1, "muzzle_length": -0.70,
        "leg_girth": 0.12, "neck_girth": 0.10, "tail_girth": 0.25, "hind_bent": 0.05, "tail_length": -0.28,
        "ear_length": 0.65, "eye_size": 0.3, "ear_width": 0.25}),
}  # fmt: skip
