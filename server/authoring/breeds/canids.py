"""Dogs, wolves and foxes: what sets a breed apart is its muzzle, ears, tail, depth of chest and length of leg."""

from __future__ import annotations

from .breed import Breed

DOG = {"loin_depth": 0.08, "groin": 0.012, "neck_girth": 0.10, "leg_girth": 0.10, "trunk_width": 0.04}
HANGING = {
    "ear_roll": 1.5, "ear_fold": 0.5, "ear_width": 0.15, "ear_length": 0.15,
}  # fmt: skip
GUN_DOG = {
    **DOG, **HANGING, "head_width": 0.08, "muzzle_girth": 0.14, "stop": 0.015, "chin_deep": 0.02, "jowls": 0.015,
}  # fmt: skip
WILD = {
    **DOG, "neck_girth": 0.24, "neck_pitch": 0.22, "tail_droop": 0.75, "ear_width": 0.35, "cheeks": 0.02,
    "eye_size": -0.05, "ear_apart": -0.02, "ear_roll": -0.1, "tail_girth": 0.3, "tail_brush": 0.0, "tail_plume": 0.7,
    "ear_round": 0.1,
}  # fmt: skip
FOX = {
    **WILD, "muzzle_girth": -0.22, "muzzle_length": -0.02, "ear_width": 0.6, "ear_round": -0.1, "leg_girth": -0.06,
    "cheeks": 0.045, "head_size": 0.08, "neck_girth": 0.12, "tail_droop": 0.45, "eye_size": 0.12, "hind_bent": 0.06,
    "tail_girth": 0.3, "tail_brush": 0.0, "tail_plume": 1.15,
}  # fmt: skip

BREEDS: dict[str, Breed] = {
    "dog": Breed("canid", {
        "loin_depth": 0.05, "neck_girth": 0.06, "leg_girth": 0.05, "tail_length": -0.19}),
    "labrador": Breed("canid", {
        **GUN_DOG, "leg_girth": 0.26, "neck_girth": 0.24, "head_width": 0.16, "muzzle_girth": 0.22,
        "muzzle_length": -0.10, "tail_girth": 0.5, "loin_depth": 0.16, "trunk_width": 0.12, "stop": 0.025,
        "tail_length": -0.16}),
    "german_shepherd": Breed("canid", {
        **DOG, "neck_girth": 0.22, "ear_width": 0.45, "tail_girth": 0.7, "tail_brush": 0.15, "tail_droop": 0.7,
        "hind_straight": -0.18, "croup_slope": 0.10, "trunk_slope": -0.06, "loin_depth": 0.06, "muzzle_length": 0.05,
        "ear_apart": -0.02, "ear_roll": -0.15, "tail_length": -0.06}),
    "greyhound": Breed("canid", {
        "chest_depth": 0.16, "loin_depth": -0.24, "groin": -0.06, "leg_girth": -0.14, "head_width": -0.20,
        "cheeks": -0.03, "muzzle_girth": -0.20, "muzzle_length": 0.15, "head.stop.z": 0.03, "neck_length": 0.14,
        "ear_roll": 0.45, "ear_pitch": -0.75, "ear_length": -0.3, "ear_fold": 0.4, "tail_droop": 0.75,
        "tail_girth": -0.15, "loin": 0.014, "back_arch": 0.06, "thigh_girth": 0.10, "trunk_width": -0.08,
        "tail_length": 0.0, "belly": -0.03, "brisket": 0.03}),
    "dachshund": Breed("canid", {
        **DOG, **HANGING, "foot_size": -0.05, "ear_length": 0.35, "ear_width": 0.25, "muzzle_length": 0.12,
        "muzzle_girth": -0.10, "head.stop.z": 0.02, "chest_depth": 0.10, "brisket": 0.02, "tail_droop": 0.2,
        "leg_girth": 0.05, "head_width": -0.06, "tail_length": -0.16}),
    "border_terrier": Breed("canid", {
        **DOG, "head_width": 0.22, "head_depth": 0.08, "muzzle_length": -0.38, "muzzle_girth": 0.12,
        "ear_length": -0.25, "neck_length": -0.05, "tail_droop": -0.65, "tail_girth": 0.3, "leg_girth": 0.16,
        "chin_deep": 0.03, "jowls": 0.03, "ear_roll": 1.1, "ear_fold": 0.5, "tail_length": -0.47}),
    "rhodesian_ridgeback": Breed("canid", {
        **GUN_DOG, "neck_girth": 0.14, "chest_depth": 0.06, "loin_depth": 0.02, "tail_droop": 0.35,
        "muzzle_length": 0.04, "tail_length": -0.11}),
    "weimaraner": Breed("canid", {
        **GUN_DOG, "ear_length": 0.32, "ear_width": 0.25, "chest_depth": 0.08, "loin_depth": -0.02, "leg_girth": 0.02,
        "muzzle_length": 0.10, "head_width": -0.02, "tail_droop": -0.2, "tail_length": -0.34}),
    "golden_retriever": Breed("canid", {
        **GUN_DOG, "leg_girth": 0.30, "neck_girth": 0.32, "head_width": 0.14, "groin": 0.03, "thigh_girth": 0.16,
        "trunk_width": 0.12, "brisket": 0.02, "loin_depth": 0.18, "tail_droop": 0.1, "tail_girth": 0.4,
        "tail_brush": 0.0, "tail_plume": 0.8, "tail_length": -0.11}),
    "husky": Breed("canid", {
        **DOG, "neck_girth": 0.34, "ear_width": 0.5, "ear_length": -0.3, "tail_droop": -1.15, "tail_curl": 0.75,
        "Tail2.pitch": 0.35, "Tail4.pitch": 0.3, "cheeks": 0.03, "leg_girth": 0.2, "muzzle_length": -0.06,
        "stop": 0.012, "trunk_width": 0.08, "loin_depth": 0.12, "foot_size": 0.1, "ear_apart": -0.02,
        "ear_roll": -0.15, "tail_girth": 0.6, "tail_brush": 0.0, "tail_plume": 1.2, "Tail3.pitch": 0.3,
        "tail_length": -0.22, "ear_round": 0.1}),
    "bulldog": Breed("canid", {
        **DOG, "head_width": 0.42, "head_depth": 0.18, "cheeks": 0.10, "ear_length": -0.45, "neck_girth": 0.6,
        "neck_length": -0.35, "trunk_width": 0.45, "chest_width": 0.22, "leg_girth": 0.55, "thigh_girth": 0.25,
        "chest_depth": 0.12, "loin_depth": 0.10, "brisket": 0.03, "eye_size": 0.2, "head.eye.y": 0.02,
        "tail_droop": 0.5, "tail_girth": 0.2, "head.lower_jaw.x": 0.01, "head.chin.z": 0.0, "muzzle_length": -0.75,
        "jowls": 0.05, "head.nose_tip.x": 0.0, "head.nose_tip.z": 0.03, "stop": 0.03, "chin_deep": 0.0,
        "ear_roll": 1.0, "ear_fold": 0.3, "muzzle_girth": 0.2, "tail_length": -1.09, "head.upper_lip.x": 0.01,
        "head.chin.x": 0.015}),
    "poodle": Breed("canid", {
        **DOG, **HANGING, "ear_length": 0.35, "ear_width": 0.7, "muzzle_length": 0.08, "muzzle_girth": -0.1,
        "head.stop.z": 0.01, "head.nape.z": 0.05, "neck_girth": 0.42, "neck_pitch": -0.15, "tail_droop": -0.9,
        "tail_girth": 0.1, "Tail5.depth": 0.7, "Tail5.width": 0.7, "Tail6.depth": 1.1, "Tail6.width": 1.1,
        "Tail7.depth": 1.1, "Tail7.width": 1.1, "leg_girth": 0.48, "chest_depth": 0.06, "trunk_width": 0.16,
        "eye_size": 0.1, "head.crown.z": 0.07, "head.forehead.z": 0.07, "head.temple.y": 0.05, "head.temple.z": 0.05,
        "head.brow.z": 0.02, "tail_length": -0.71, "head_depth": 0.12, "skull_round": 0.05, "thigh_girth": 0.2,
        "foot_size": -0.05}),
    "corgi": Breed("canid", {
        **DOG, "muzzle_length": -0.14, "muzzle_girth": -0.08, "ear_width": 0.6, "ear_round": 0.25, "neck_girth": 0.30,
        "cheeks": 0.04, "head_size": 0.10, "leg_girth": 0.22, "chest_depth": 0.08, "brisket": 0.03,
        "trunk_width": 0.14, "loin_depth": 0.18, "stop": 0.015, "tail_girth": 0.4, "ear_apart": -0.01,
        "ear_roll": -0.1, "tail_length": -1.32, "ear_length": 0.15}),
    "dalmatian": Breed("canid", {
        **GUN_DOG, "chest_depth": 0.04, "head_width": 0.02, "muzzle_girth": 0.08, "tail_droop": 0.15,
        "leg_girth": 0.06, "ear_length": 0.08, "loin_depth": 0.02, "tail_length": -0.11}),
    "great_dane": Breed("canid", {
        **GUN_DOG, "muzzle_girth": 0.20, "muzzle_length": 0.10, "head_width": -0.06, "jowls": 0.035,
        "chin_deep": 0.04, "neck_length": 0.12, "neck_pitch": -0.12, "neck_girth": 0.12, "chest_depth": 0.14,
        "loin_depth": -0.02, "groin": -0.01, "leg_girth": 0.06, "ear_length": -0.15, "stop": 0.025, "tail_droop": 0.5,
        "brisket": 0.02, "tail_length": -0.11}),
    "chihuahua": Breed("canid", {
        "stop": 0.035, "muzzle_length": -0.75, "muzzle_girth": -0.20, "ear_width": 0.75, "ear_roll": 0.05,
        "ear_low": 0.03, "ear_yaw": 0.2, "head_size": 0.12, "leg_girth": -0.22, "foot_size": -0.2,
        "neck_pitch": -0.18, "tail_droop": -0.9, "tail_curl": 0.4, "tail_girth": 0.1, "loin_depth": 0.05,
        "head_width": 0.05, "skull_round": 0.07, "eyes_front": 0.0, "tail_length": -0.28, "ear_length": 0.4,
        "eye_size": 0.25}),
    "wolf": Breed("canid", {
        **WILD, "head_width": 0.14, "head_size": 0.16, "leg_girth": 0.10, "foot_size": 0.22, "neck_girth": 0.5,
        "cheeks": 0.07, "withers": 0.015, "brisket": 0.02, "muzzle_girth": 0.12, "ear_round": 0.2,
        "tail_length": -0.22, "ear_length": 0.26, "chest_depth": 0.04, "ear_width": 0.35}),
    "coyote": Breed("canid", {
        **WILD, "muzzle_girth": -0.14, "muzzle_length": 0.04, "ear_width": 0.45, "leg_girth": -0.08,
        "tail_girth": 0.75, "neck_girth": 0.16, "tail_length": -0.22, "ear_length": 0.44}),
    "african_wild_dog": Breed("canid", {
        **WILD, "ear_round": 1.1, "ear_width": 0.75, "ear_roll": 0.15, "muzzle_length": -0.10, "muzzle_girth": 0.10,
        "head_width": 0.08, "neck_girth": 0.12, "leg_girth": -0.08, "tail_girth": 0.55, "tail_brush": 0.4,
        "loin_depth": 0.0, "chest_depth": 0.05, "tail_length": -0.22, "ear_length": 0.55}),
    "fox": Breed("canid", {
        **FOX, "tail_girth": 0.3, "tail_brush": 0.0, "tail_plume": 1.2, "tail_length": 0.26, "ear_length": 0.62}),
    "arctic_fox": Breed("canid", {
        **FOX, "muzzle_length": -0.32, "muzzle_girth": -0.05, "ear_round": 0.6, "ear_width": 0.4, "neck_girth": 0.34,
        "leg_girth": 0.16, "trunk_width": 0.22, "loin_depth": 0.22, "groin": 0.04, "cheeks": 0.065,
        "neck_length": -0.15, "belly": 0.02, "tail_girth": 0.4, "tail_brush": 0.0, "tail_plume": 1.3,
        "tail_length": 0.15, "ear_length": 0.26}),
    "fennec_fox": Breed("canid", {
        **FOX, "ear_width": 0.9, "ear_round": 0.1, "ear_roll": 0.10, "muzzle_length": -0.40, "muzzle_girth": -0.32,
        "skull_round": 0.035, "leg_girth": -0.10, "foot_size": -0.1, "cheeks": 0.03, "tail_girth": 0.3,
        "tail_brush": 0.0, "tail_plume": 1.0, "tail_length": 0.21, "ear_length": 1.13, "eye_size": 0.2}),
    "maned_wolf": Breed("canid", {
        **WILD, "leg_length": 0.25, "leg_girth": -0.26, "thigh_girth": -0.10, "ear_width": 0.6, "muzzle_length": 0.06,
        "muzzle_girth": -0.22, "neck_girth": 0.14, "neck_length": 0.1, "cannon_length": 0.15, "foot_size": -0.1,
        "trunk_width": -0.12, "tail_plume": 0.4, "tail_girth": 0.3, "tail_length": -0.22, "ear_length": 0.62}),
}  # fmt: skip
