"""Bears and small mammals."""

from __future__ import annotations

from .breed import Breed

BREEDS: dict[str, Breed] = {
    "bear": Breed("ursid", {
        "cannon_length": -0.45, "leg_girth": 0.48, "foot_size": 0.42, "foot_length": 0.15, "loin_depth": 0.45,
        "neck_girth": 0.55, "neck_length": -0.22, "neck_pitch": 0.38, "head_size": 0.16, "head_width": 0.20,
        "muzzle_length": -0.22, "muzzle_girth": 0.12, "ear_length": -0.85, "ear_width": 0.05, "tail_length": -1.7,
        "tail_girth": 0.35, "tail_droop": 0.7, "thigh_girth": 0.42, "withers": 0.04, "groin": 0.1, "belly": 0.04,
        "hind_straight": 0.10}),
    "rabbit": Breed("lagomorph", {
        "cannon_length": -0.05, "foot_length": 0.45, "foot_size": 0.15, "ear_length": 0.75, "ear_width": 0.15,
        "ear_pitch": 0.55, "neck_length": -0.65, "neck_girth": 0.15, "head_size": 0.22, "head_width": 0.10,
        "muzzle_length": -0.50, "muzzle_girth": 0.15, "tail_length": -1.4, "tail_girth": 0.8, "tail_droop": -0.3,
        "hind_straight": -0.32, "thigh_girth": 0.30, "loin_depth": 0.30, "croup": 0.08, "groin": 0.07,
        "loin": 0.03}),
}  # fmt: skip
