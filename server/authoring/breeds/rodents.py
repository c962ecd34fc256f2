"""Rabbits, rodents and other small or odd beasts: crouching on long hind feet, hunched, nearly neckless."""

from __future__ import annotations

from .breed import Breed

CROUCH = {
    "plantigrade": 0.95, "hind_bent": 0.30, "fore_bent": 0.14, "thigh_girth": 0.28, "loin_depth": 0.36, "groin": 0.07,
    "neck_length": -0.50, "neck_girth": 0.30, "neck_pitch": 0.15, "trunk_width": 0.16, "tail_droop": 0.4,
    "back_arch": 0.5, "rump_size": 0.12, "croup": 0.03, "LegBack1.pitch": -0.35, "LegBack3.pitch": 0.35,
}  # fmt: skip
HARE = {  # long hind feet folded flat under a round rump
    **CROUCH, "foot_length": 0.30, "muzzle_length": -0.52, "muzzle_girth": 0.04, "head_depth": 0.14,
    "skull_round": 0.045, "roman_nose": 0.02, "cheeks": 0.01, "head.nose_tip.z": -0.02, "ear_width": 0.20,
    "ear_length": 0.7, "ear_pitch": 0.15, "ear_roll": -0.40, "ear_yaw": -0.5, "ear_apart": -0.035, "ear_round": 0.35,
    "jaw_line": 0.01, "tail_length": -1.5, "tail_girth": 0.6, "tail_plume": 0.5, "tail_droop": 0.85, "eye_size": 0.35,
    "head.mouth_corner.x": 0.04, "head.chin.x": -0.025, "head.eye.x": -0.02, "head.eye.y": 0.01, "plantigrade": 1.28,
    "LegBack1.pitch": -0.78, "LegBack3.pitch": 0.78,
}  # fmt: skip
RODENT = {
    **CROUCH, "muzzle_length": -0.25, "muzzle_girth": -0.20, "head.lower_jaw.x": -0.04, "head.stop.z": 0.025,
    "head.nose_tip.z": -0.01, "ear_round": 1.2, "ear_width": 0.45, "ear_roll": 0.30, "ear_yaw": 0.3, "leg_girth": 0.0,
    "cannon_length": -0.25, "tail_girth": 0.0, "tail_brush": -0.25, "ear_low": 0.05, "tail_droop": -0.3,
    "tail_curl": 0.08, "hind_bent": 0.18, "eye_size": 0.2, "head.mouth_corner.x": 0.05, "head.chin.x": -0.04,
    "head.eye.y": 0.015, "ear_length": -0.2,
}  # fmt: skip
BLUNT = {  # cavies and beavers: a deep square muzzle
    **RODENT, "muzzle_length": -0.30, "muzzle_girth": 0.30, "head_depth": 0.14, "snout_width": 0.03,
    "roman_nose": 0.035, "chin_deep": 0.02, "jaw_line": 0.03, "ear_length": -0.6, "hind_bent": 0.18, "eye_size": 0.0,
    "back_arch": 0.28,
}  # fmt: skip

BREEDS: dict[str, Breed] = {
    "rabbit": Breed("lagomorph", {
        **HARE, "cheeks": 0.05, "back_arch": 0.45, "trunk_width": 0.28, "head_size": 0.12,
        "muzzle_length": -0.75, "muzzle_girth": 0.0, "head_depth": 0.18, "neck_pitch": 0.4, "neck_girth": 0.05,
        "hind_bent": 0.35, "thigh_girth": 0.5, "loin_depth": 0.7, "groin": 0.0, "rump_size": 0.15,
        "spine.depth": 0.1, "spine0.depth": 0.15, "LegBack1.pitch": -0.85, "LegBack3.pitch": 0.85,
        "tail_girth": 0.2, "tail_plume": 0.8, "tail_droop": 1.0, "tail_length": -1.32, "ear_length": 1.08}),
    "hare": Breed("lagomorph", {
        **HARE, "hind_bent": 0.25, "leg_length": 0.15, "leg_girth": -0.15, "trunk_width": 0.0, "loin_depth": 0.52,
        "groin": 0.0, "thigh_girth": 0.3, "neck_length": -0.25, "neck_girth": 0.0, "neck_pitch": 0.25,
        "ear_width": 0.10, "ear_roll": -0.30, "muzzle_length": -0.58, "back_arch": 0.55, "tail_girth": 0.3,
        "tail_length": -1.16, "ear_length": 1.23}),
    "mouse": Breed("rodent", {
        **RODENT, "ear_width": 0.85, "foot_size": 0.05, "muzzle_girth": -0.28, "back_arch": 0.6, "tail_girth": -0.2,
        "tail_droop": -0.25, "tail_curl": 0.12, "tail_length": 0.75, "ear_length": 0.3, "eye_size": 0.3,
        "ear_low": 0.02}),
    "rat": Breed("rodent", {
        **RODENT, "muzzle_length": -0.12, "tail_girth": 0.05, "trunk_width": 0.20, "muzzle_girth": -0.12,
        "leg_girth": 0.08, "back_arch": 0.5, "tail_droop": -0.25, "tail_curl": 0.12, "tail_length": 0.6,
        "ear_length": 0.1}),
    "squirrel": Breed("rodent", {
        **RODENT, "muzzle_length": -0.45, "ear_round": -0.1, "ear_tuft": 0.3, "ear_roll": -0.1, "ear_low": 0.0,
        "tail_droop": -1.5, "tail_curl": 0.0, "trunk_width": 0.05, "skull_round": 0.02, "foot_size": 0.1,
        "cheeks": 0.02, "back_arch": 0.6, "tail_girth": 0.6, "tail_brush": 0.0, "tail_plume": 1.6, "Tail2.pitch": 0.6,
        "Tail3.pitch": 0.45, "Tail4.pitch": 0.25, "Tail5.pitch": -0.3, "Tail6.pitch": -0.75, "Tail7.pitch": -0.6,
        "tail_length": 0.6, "ear_length": 0.44, "eye_size": 0.3, "ear_width": 0.55}),
    "guinea_pig": Breed("rodent", {
        **BLUNT, "trunk_width": 0.9, "belly": 0.06, "neck_girth": 0.55, "ear_roll": 0.6, "ear_fold": 0.2,
        "ear_low": 0.09, "head_size": 0.3, "head_depth": 0.08, "muzzle_length": -0.75, "muzzle_girth": -0.05,
        "snout_width": 0.01, "head.nostril.y": -0.03, "roman_nose": 0.02, "cheeks": 0.05, "leg_girth": 0.2,
        "neck_length": -0.8, "neck_pitch": 0.45, "withers": 0.05, "back_arch": 0.38, "ear_width": -0.1,
        "hind_bent": 0.05, "plantigrade": 0.9, "thigh_girth": -0.1, "tail_curl": 0.0, "tail_brush": 0.0,
        "tail_droop": 0.5, "tail_girth": -0.6, "tail_length": -2.7, "ear_length": 0.3, "eye_size": 0.5,
        "neck_depth": 0.0, "loin_depth": 0.6, "groin": 0.06, "rump_size": 0.3, "LegBack1.pitch": -1.0,
        "LegBack3.pitch": 1.0}),
    "capybara": Breed("rodent", {
        **BLUNT, "muzzle_length": 0.0, "muzzle_girth": 0.40, "head_depth": 0.20, "trunk_width": 0.42, "belly": 0.05,
        "loin_depth": 0.45, "neck_girth": 0.62, "neck_length": -0.25, "plantigrade": 0.45, "hind_bent": 0.12,
        "leg_girth": 0.22, "ear_low": -0.02, "ear_roll": 0.15, "eye_size": -0.15, "head.eye.z": 0.04,
        "head.brow.z": 0.02, "chin_deep": 0.045, "ear_width": -0.3, "head_size": 0.1, "neck_pitch": 0.45,
        "head_pitch": 0.12, "tail_curl": 0.0, "tail_brush": 0.0, "tail_droop": 0.0, "tail_girth": -0.9,
        "tail_length": -2.7, "ear_length": -0.26, "back_arch": 0.12, "LegBack1.pitch": -0.1, "LegBack3.pitch": 0.1}),
    "beaver": Breed("rodent", {
        **BLUNT, "belly": 0.02, "loin_depth": 0.7, "tail_girth": 0.0,
        **{f"Tail{k}.width": width for k, width in zip(range(1, 8), (0.9, 1.6, 2.0, 2.1, 2.1, 2.0, 1.8), strict=True)},
        **{f"Tail{k}.depth": -0.15 for k in range(3, 8)}, "tail_brush": 0.0, "eye_size": -0.2, "ear_low": 0.03,
        "leg_girth": 0.1, "foot_size": 0.2, "hind_bent": 0.05, "plantigrade": 0.6, "ear_width": -0.2,
        "tail_curl": 0.1, "neck_length": -0.3, "tail_length": -0.28, "ear_length": -0.38, "neck_girth": 0.4,
        "trunk_width": 0.36, "thigh_girth": 0.0, "tail_droop": -0.05, "back_arch": 0.5,
        "head_size": 0.3, "Tail1.depth": 0.9, "Tail2.depth": 0.8}),
    "marmot": Breed("rodent", {
        **RODENT, "muzzle_length": -0.65, "muzzle_girth": 0.0, "trunk_width": 0.45, "belly": 0.04, "loin_depth": 0.45,
        "groin": 0.04, "leg_girth": 0.15, "thigh_girth": 0.0, "neck_girth": 0.3, "neck_pitch": 0.2, "withers": 0.03,
        "cheeks": 0.12, "head_width": 0.12, "head_depth": 0.12, "skull_round": 0.02, "eye_size": 0.4, "ear_low": 0.09,
        "ear_roll": 0.5, "back_arch": 0.35, "tail_plume": 0.8, "tail_girth": 0.3, "tail_brush": 0.0,
        "tail_droop": 0.0, "hind_bent": 0.0, "ear_width": -0.25, "tail_length": -0.4, "ear_length": -0.14,
        "head_size": 0.25, "LegBack1.pitch": -0.85, "LegBack3.pitch": 0.85}),
    "hamster": Breed("rodent", {
        **RODENT, "muzzle_length": -0.95, "muzzle_girth": -0.05, "cheeks": 0.14, "head.cheek.z": -0.04,
        "trunk_width": 0.9, "belly": 0.03, "groin": 0.03, "neck_girth": 0.5, "neck_length": -0.8, "neck_pitch": 0.45,
        "withers": 0.06, "head_size": 0.35, "head_width": 0.15, "skull_round": 0.05, "leg_girth": 0.1,
        "loin_depth": 0.5, "thigh_girth": 0.0, "back_arch": 0.5, "plantigrade": 1.1, "hind_bent": 0.1,
        "ear_width": 0.05, "ear_round": 0.9, "ear_roll": 0.6, "ear_yaw": 0.0, "ear_low": 0.08, "tail_curl": 0.0,
        "tail_brush": 0.0, "tail_droop": 0.0, "tail_girth": 0.0, "tail_length": -1.72, "ear_length": 0.0,
        "eye_size": 0.6, "rump_size": 0.2, "LegBack1.pitch": -0.8, "LegBack3.pitch": 0.8}),
    "tasmanian_devil": Breed("marsupial", {
        "head_width": 0.36, "head_depth": 0.14, "muzzle_length": -0.28, "muzzle_girth": 0.16, "jaw_line": 0.03,
        "cheeks": 0.06, "head.stop.z": 0.03, "ear_round": 0.5, "ear_width": 0.55, "ear_roll": 0.30, "ear_low": 0.03,
        "neck_girth": 0.55, "neck_length": -0.25, "neck_pitch": 0.35, "leg_girth": 0.24, "foot_size": 0.15,
        "trunk_width": 0.28, "loin_depth": 0.30, "groin": 0.06, "belly": 0.02, "chest_depth": 0.08,
        "tail_girth": 0.85, "Tail1.depth": 0.3, "Tail1.width": 0.3, "tail_droop": 0.35, "plantigrade": 0.5,
        "cannon_length": -0.35, "hind_bent": 0.12, "head_size": 0.2, "eye_size": -0.1, "tail_length": -0.04,
        "ear_length": 0.21}),
    "thylacine": Breed("marsupial", {
        "muzzle_length": 0.05, "muzzle_girth": -0.02, "head.stop.z": 0.025, "head_width": 0.02, "jaw_line": 0.015,
        "ear_round": 0.75, "ear_width": 0.15, "ear_roll": 0.1, "neck_girth": 0.24, "neck_pitch": 0.30,
        "tail_girth": 0.35, "Tail1.depth": 0.85, "Tail1.width": 0.7, "Tail2.depth": 0.6, "Tail2.width": 0.5,
        "Tail3.depth": 0.35, "Tail3.width": 0.3, "tail_brush": -0.2, "tail_droop": 0.30, "Tail3.pitch": -0.15,
        "croup_slope": 0.12, "leg_girth": 0.08, "cannon_length": -0.30, "plantigrade": 0.25, "hind_bent": 0.12,
        "loin_depth": 0.12, "groin": 0.02, "rump_size": 0.05, "tail_length": 0.11, "ear_length": 0.08}),
    "aardvark": Breed("orycteropodid", {
        "muzzle_length": 0.42, "muzzle_girth": -0.25, "head_width": -0.12, "head.nose_tip.z": -0.03,
        "head.stop.z": 0.03, "snout_width": 0.012, "ear_width": 0.30, "ear_pitch": 0.30, "ear_roll": -0.15,
        "ear_back": 0.03, "neck_length": -0.20, "neck_girth": 0.36, "neck_pitch": 0.40, "head_pitch": 0.30,
        "back_arch": 0.36, "trunk_slope": 0.06, "trunk_width": 0.26, "loin_depth": 0.42, "groin": 0.06, "belly": 0.04,
        "leg_girth": 0.40, "foot_size": 0.2, "cannon_length": -0.45, "plantigrade": 0.35, "tail_girth": 0.55,
        "Tail1.depth": 1.2, "Tail1.width": 1.1, "Tail2.depth": 0.9, "Tail2.width": 0.85, "Tail3.depth": 0.6,
        "Tail3.width": 0.55, "Tail4.depth": 0.3, "Tail4.width": 0.3, "tail_brush": -0.3, "eye_size": -0.1,
        "tail_droop": 0.35, "hind_bent": 0.0, "thigh_girth": 0.3, "ear_apart": 0.0, "tail_length": 0.11,
        "ear_length": 0.5}),
    "giant_anteater": Breed("myrmecophagid", {
        "muzzle_length": 1.05, "head.stop.z": 0.04, "head.nose_tip.z": -0.04, "cheeks": -0.05,
        "head.jaw_angle.z": 0.04, "ear_round": 0.9, "ear_low": 0.02, "ear_roll": 0.1, "eye_size": -0.35,
        "neck_length": 0.0, "neck_girth": 0.18, "neck_pitch": 0.35, "head_pitch": 0.22, "withers": 0.04,
        "trunk_slope": -0.06, "trunk_width": 0.12, "loin_depth": 0.32, "groin": 0.05, "leg_girth": 0.48,
        "thigh_girth": 0.25, "foot_size": 0.15, "cannon_length": -0.45, "plantigrade": 0.5, "tail_girth": 0.7,
        "tail_droop": 0.35, "tail_curl": 0.05, "tail_plume": 0.5, "Tail1.depth": 0.3, "Tail2.depth": 0.6,
        "Tail3.depth": 0.8, "Tail4.depth": 0.8, "Tail5.depth": 0.7, "Tail6.depth": 0.5, "hind_bent": 0.08,
        "head.muzzle_side.y": -0.04, "head.nose_bridge.z": -0.05, "head.lower_jaw.z": 0.05, "ear_width": -0.3,
        "back_arch": 0.12, "muzzle_girth": -0.35, "ear_size": -0.3, "head.nostril.y": 0.015, "head_depth": -0.2,
        "head_width": -0.2, "tail_length": 0.42, "ear_length": -1.17}),
}  # fmt: skip
