"""Weasels, skunks, raccoons, hyenas, mongooses and their like: low or sloping bodies, pointed or blunt faces."""

from __future__ import annotations

from .breed import Breed

MUSTELID = {
    "plantigrade": 0.45, "cannon_length": -0.45, "hind_bent": 0.12, "fore_bent": 0.08, "leg_girth": 0.30,
    "foot_size": 0.15, "loin_depth": 0.28, "groin": 0.04, "neck_girth": 0.30, "neck_pitch": 0.35, "neck_length": -0.1,
    "head_width": 0.14, "muzzle_length": -0.40, "muzzle_girth": -0.04, "ear_round": 1.0, "ear_length": -0.8,
    "ear_yaw": 0.5, "ear_roll": 0.35, "tail_droop": 0.55, "tail_girth": 0.6, "eye_size": 0.0, "head.stop.z": 0.025,
    "skull_round": -0.03, "cheeks": 0.02, "ear_low": 0.045, "ear_width": 0.0, "back_arch": 0.2,
}  # fmt: skip
MASKED = {  # raccoons and coatis: hunched, flat feet, a sharp face
    "plantigrade": 0.75, "cannon_length": -0.35, "hind_bent": 0.12, "fore_bent": 0.08, "trunk_slope": 0.08,
    "loin_depth": 0.30, "groin": 0.06, "trunk_width": 0.12, "neck_girth": 0.28, "neck_pitch": 0.35,
    "neck_length": -0.1, "foot_length": 0.15, "leg_girth": 0.12, "ear_round": 0.7, "ear_width": 0.25, "ear_low": 0.04,
    "ear_roll": 0.15, "ear_yaw": 0.3, "tail_droop": 0.45, "thigh_girth": 0.2, "back_arch": 0.4,
}  # fmt: skip
HYENA = {
    "trunk_slope": -0.20, "croup_slope": 0.08, "neck_length": 0.15, "neck_girth": 0.48, "neck_pitch": 0.10,
    "head_width": 0.18, "head_depth": 0.08, "muzzle_length": -0.14, "muzzle_girth": 0.22, "head.stop.z": 0.03,
    "chin_deep": 0.015, "jaw_line": 0.03, "cheeks": 0.035, "ear_width": 0.35, "leg_girth": 0.10, "thigh_girth": -0.08,
    "chest_depth": 0.10, "loin_depth": 0.14, "groin": 0.02, "tail_droop": 0.95, "trunk_width": 0.08, "withers": 0.03,
    "foreleg_length": 0.05, "tail_plume": 0.5, "tail_girth": 0.2, "tail_brush": 0.0,
}  # fmt: skip

BREEDS: dict[str, Breed] = {
    "badger": Breed("mustelid", {
        **MUSTELID, "trunk_width": 0.58, "belly": 0.02, "muzzle_length": -0.15, "muzzle_girth": -0.16,
        "head_width": 0.04, "leg_girth": 0.42, "neck_girth": 0.40, "foot_length": 0.2, "back_arch": 0.22,
        "tail_plume": 0.4, "tail_girth": 0.2, "tail_brush": 0.0, "tail_droop": 0.5, "tail_length": -0.81,
        "ear_length": -0.07}),
    "otter": Breed("mustelid", {
        **MUSTELID, "tail_girth": 1.0, "Tail1.depth": 0.35, "Tail1.width": 0.35, "Tail2.depth": 0.2,
        "Tail2.width": 0.2, "tail_brush": -0.2, "neck_girth": 0.52, "muzzle_length": -0.60, "muzzle_girth": 0.20,
        "snout_width": 0.03, "head_depth": -0.14, "head_width": 0.24, "foot_size": 0.32, "trunk_width": 0.10,
        "skull_round": -0.05, "back_arch": 0.25, "tail_droop": 0.05, "tail_curl": 0.25, "ear_low": 0.02,
        "ear_width": -0.2, "ear_round": 0.5, "tail_length": 0.26, "ear_length": -0.7}),
    "stoat": Breed("mustelid", {
        **MUSTELID, "trunk_width": -0.22, "neck_length": 0.25, "neck_girth": 0.30, "muzzle_length": -0.55,
        "tail_girth": 0.45, "tail_brush": 0.2, "leg_girth": 0.05, "eye_size": 0.3, "loin_depth": 0.20, "groin": 0.02,
        "neck_pitch": 0.1, "back_arch": 0.35, "tail_droop": 0.15, "tail_curl": 0.15, "hind_bent": 0.05,
        "tail_plume": 0.3, "tail_length": -0.16, "ear_length": -0.2, "ear_low": 0.06}),
    "wolverine": Breed("mustelid", {
        **MUSTELID, "trunk_width": 0.42, "leg_girth": 0.5, "foot_size": 0.36, "muzzle_length": -0.22,
        "muzzle_girth": 0.06, "head_width": 0.20, "belly": 0.02, "plantigrade": 0.6, "tail_plume": 0.9,
        "tail_girth": 0.4, "tail_brush": 0.0, "back_arch": 0.25, "ear_low": 0.04, "tail_length": -0.54,
        "ear_length": -0.4}),
    "honey_badger": Breed("mustelid", {
        **MUSTELID, "trunk_width": 0.34, "head_width": 0.16, "muzzle_length": -0.35, "muzzle_girth": 0.10,
        "leg_girth": 0.40, "neck_girth": 0.50, "tail_girth": 0.5, "foot_length": 0.3, "head_depth": -0.06,
        "tail_droop": 0.1, "ear_low": 0.06, "tail_length": -0.62, "ear_length": -0.99}),
    "skunk": Breed("mephitid", {
        **MUSTELID, "tail_droop": -1.0, "tail_curl": 0.1, "head_size": -0.05, "muzzle_length": -0.30,
        "muzzle_girth": -0.22, "trunk_width": 0.30, "belly": 0.03, "trunk_slope": 0.10, "leg_girth": 0.14,
        "tail_plume": 1.3, "tail_girth": 0.55, "tail_brush": 0.0, "ear_low": 0.05, "back_arch": 0.32,
        "tail_length": 0.32, "ear_length": -0.01}),
    "raccoon": Breed("procyonid", {
        **MASKED, "muzzle_length": -0.35, "muzzle_girth": -0.26, "head_width": 0.22, "cheeks": 0.09,
        "trunk_width": 0.24, "belly": 0.03, "eye_size": 0.2, "skull_round": 0.01, "stop": 0.01, "tail_plume": 0.5,
        "tail_girth": 0.5, "tail_brush": 0.0, "tail_droop": 0.2, "tail_curl": 0.2, "tail_length": 0.0,
        "ear_length": 0.0, "ear_width": 0.35, "ear_low": 0.06}),
    "coati": Breed("procyonid", {
        **MASKED, "muzzle_length": 0.5, "muzzle_girth": -0.34, "head.nose_tip.z": 0.05, "head.nose_tip.x": 0.06,
        "head.nostril.z": 0.03, "head.stop.z": 0.03, "tail_girth": 0.85, "tail_brush": -0.05, "tail_droop": -1.1,
        "tail_curl": 0.0, "Tail3.pitch": 0.2, "Tail4.pitch": 0.3, "Tail5.pitch": 0.45, "Tail6.pitch": 0.6,
        "Tail7.pitch": 0.4, "loin_depth": 0.2, "hind_bent": 0.2, "ear_low": 0.10, "ear_width": -0.3, "ear_round": 0.5,
        "back_arch": 0.25, "tail_length": 0.75, "ear_length": -0.14}),
    "red_panda": Breed("ailurid", {
        **MASKED, "muzzle_length": -0.68, "muzzle_girth": -0.05, "head_width": 0.30, "cheeks": 0.10,
        "skull_round": 0.035, "ear_round": -0.25, "ear_width": 0.65, "ear_roll": 0.45, "ear_low": 0.03,
        "trunk_width": 0.16, "trunk_slope": 0.03, "leg_girth": 0.32, "foot_size": 0.2, "eye_size": 0.25,
        "tail_plume": 0.6, "tail_girth": 0.6, "tail_brush": 0.0, "back_arch": 0.25, "tail_droop": 0.05,
        "tail_curl": 0.2, "tail_length": 0.42, "ear_length": 0.53}),
    "spotted_hyena": Breed("hyaenid", {
        **HYENA, "ear_round": 1.1, "ear_width": 0.35, "ear_roll": 0.25, "tail_length": -0.71, "ear_length": 0.26}),
    "striped_hyena": Breed("hyaenid", {
        **HYENA, "ear_round": -0.3, "ear_width": 0.30, "muzzle_girth": 0.10, "neck_girth": 0.42, "head_width": 0.10,
        "leg_girth": 0.0, "withers": 0.06, "tail_plume": 0.9, "tail_brush": 0.0, "tail_girth": 0.1,
        "tail_length": -0.47, "ear_length": 0.53}),
    "meerkat": Breed("herpestid", {
        "plantigrade": 0.7, "hind_bent": 0.2, "fore_bent": 0.15, "cannon_length": -0.35, "muzzle_length": -0.42,
        "muzzle_girth": -0.45, "head_width": 0.18, "skull_round": 0.04, "ear_round": 0.9, "ear_width": -0.2,
        "ear_roll": 0.6, "ear_low": 0.10, "trunk_width": -0.1, "loin_depth": 0.2, "chest_depth": 0.05, "groin": 0.0,
        "tail_girth": 0.1, "tail_brush": -0.2, "tail_droop": 0.0, "neck_girth": 0.15, "leg_girth": 0.15, "belly": 0.0,
        "back_arch": 0.2, "tail_length": 0.65, "ear_length": -0.14, "eye_size": 0.25, "eyes_front": 0.005,
        "trunk_slope": -0.12, "LegBack1.pitch": -0.2, "LegBack3.pitch": 0.2}),
    "genet": Breed("viverrid", {
        "muzzle_length": -0.22, "muzzle_girth": -0.30, "head_width": 0.04, "ear_round": 0.45, "ear_width": 0.45,
        "ear_roll": 0.1, "neck_length": 0.05, "neck_pitch": 0.30, "neck_girth": 0.10, "trunk_width": -0.16,
        "loin_depth": 0.18, "tail_girth": 0.7, "tail_brush": 0.2, "leg_girth": 0.0, "cannon_length": -0.25,
        "hind_bent": 0.16, "fore_bent": 0.08, "head.stop.z": 0.02, "back_arch": 0.08, "tail_droop": 0.15,
        "tail_curl": 0.15, "tail_length": 0.7, "ear_length": 0.2, "eye_size": 0.25, "eyes_front": 0.005,
        "ear_low": 0.03}),
}  # fmt: skip
