"""Hoofed animals and the giants."""

from __future__ import annotations

from .breed import Breed

HOOFED = {
    "cannon_length": 0.35, "foot_length": -0.75, "foot_size": 0.15, "pastern_straight": 0.35,
    "hind_straight": 0.10, "upper_leg_length": -0.05, "tail_droop": 0.75, "leg_girth": 0.05,
}  # fmt: skip
EQUID = {
    **HOOFED, "neck_length": 0.42, "neck_girth": 0.30, "neck_depth": 0.15, "neck_pitch": 0.05, "head_size": 0.18,
    "muzzle_length": 0.22, "muzzle_girth": 0.20, "jaw_depth": 0.15, "head_pitch": 0.42, "ear_length": -0.05,
    "loin_depth": 0.28, "tail_length": -0.15, "tail_girth": 0.55, "tail_brush": 0.45, "groin": 0.05,
    "thigh_girth": 0.18, "leg_girth": 0.0, "croup": 0.015,
}  # fmt: skip
BOVID = {
    **HOOFED, "neck_length": -0.02, "neck_girth": 0.22, "neck_depth": 0.20, "neck_pitch": 0.22, "head_size": 0.16,
    "muzzle_length": 0.15, "muzzle_girth": 0.38, "head_width": 0.06, "head_pitch": 0.40, "ear_roll": 0.95,
    "ear_length": -0.1, "loin_depth": 0.42, "belly": 0.035, "groin": 0.08, "brisket": 0.03, "tail_girth": 0.1,
    "tail_length": -0.1, "hind_straight": 0.15, "thigh_girth": 0.10, "leg_girth": 0.10,
}  # fmt: skip
CERVID = {
    **HOOFED, "neck_length": 0.28, "neck_girth": -0.02, "neck_pitch": -0.05, "head_size": -0.05,
    "muzzle_length": 0.12, "muzzle_girth": 0.10, "head_pitch": 0.30, "ear_roll": 0.55, "ear_length": 0.15,
    "loin_depth": 0.12, "tail_length": -1.15, "leg_girth": -0.25, "groin": 0.01,
}  # fmt: skip
SUID = {
    **HOOFED, "cannon_length": -0.25, "foot_length": -0.55, "foot_size": 0.05, "neck_length": -0.55,
    "neck_girth": 0.42, "neck_pitch": 0.35, "head_size": 0.22, "muzzle_length": 0.30, "muzzle_girth": 0.12,
    "jaw_depth": 0.15, "head_pitch": 0.18, "ear_length": -0.25, "ear_pitch": -0.3, "loin_depth": 0.50,
    "belly": 0.04, "groin": 0.11, "tail_length": -0.75, "leg_girth": 0.15, "thigh_girth": 0.15,
}  # fmt: skip

BREEDS: dict[str, Breed] = {
    "horse": Breed("equid", EQUID),
    "donkey": Breed("equid", {
        **EQUID, "neck_length": 0.25, "neck_girth": 0.22, "ear_length": 0.45, "tail_girth": 0.25,
        "head_size": 0.24}),
    "zebra": Breed("equid", {
        **EQUID, "neck_length": 0.28, "neck_girth": 0.34, "ear_length": 0.15, "tail_girth": 0.25, "belly": 0.025}),
    "cow": Breed("bovid", BOVID),
    "bull": Breed("bovid", {
        **BOVID, "neck_girth": 0.48, "withers": 0.05, "chest_depth": 0.12, "head_width": 0.16, "leg_girth": 0.20,
        "belly": 0.0}),
    "sheep": Breed("bovid", {
        **BOVID, "neck_length": 0.10, "neck_girth": 0.35, "neck_pitch": 0.05, "head_size": 0.05,
        "muzzle_girth": 0.15, "tail_length": -0.7, "leg_girth": 0.0}),
    "goat": Breed("bovid", {
        **BOVID, "neck_length": 0.18, "neck_girth": 0.0, "neck_pitch": -0.02, "head_size": -0.02,
        "muzzle_girth": 0.15, "tail_length": -1.1, "tail_droop": -0.2, "leg_girth": -0.05, "brisket": 0.0}),
    "deer": Breed("cervid", CERVID),
    "stag": Breed("cervid", {
        **CERVID, "neck_girth": 0.22, "chest_depth": 0.08, "withers": 0.02}),
    "moose": Breed("cervid", {
        **CERVID, "neck_length": -0.05, "neck_girth": 0.28, "neck_pitch": 0.20, "withers": 0.08,
        "muzzle_length": 0.40, "muzzle_girth": 0.40, "head_size": 0.18, "chest_depth": 0.16, "leg_girth": -0.12}),
    "camel": Breed("camelid", {
        **HOOFED, "neck_length": 0.72, "neck_girth": -0.05, "neck_pitch": 0.12, "head_size": -0.02,
        "muzzle_length": 0.12, "muzzle_girth": 0.25, "head_pitch": 0.12, "hump": 0.22, "ear_length": -0.5,
        "foot_length": -0.35, "foot_size": 0.25, "groin": -0.02, "tail_length": -0.3}),
    "pig": Breed("suid", SUID),
    "wild_boar": Breed("suid", {
        **SUID, "withers": 0.06, "chest_depth": 0.12, "head_size": 0.34, "muzzle_length": 0.42, "belly": 0.0,
        "loin_depth": 0.15, "tail_length": -0.4, "ear_pitch": 0.1}),
    "giraffe": Breed("giraffid", {
        **HOOFED, "neck_length": 1.35, "neck_girth": 0.10, "neck_pitch": -0.20, "head_size": 0.05,
        "muzzle_length": 0.20, "muzzle_girth": 0.08, "head_pitch": 0.38, "back_rise": 0.30, "chest_depth": 0.22,
        "ear_roll": 0.5, "ear_length": -0.1, "withers": 0.03, "leg_girth": 0.0}),
}  # fmt: skip
