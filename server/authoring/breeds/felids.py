"""Cats."""

from __future__ import annotations

from .breed import Breed

FELID = {
    "muzzle_length": -0.55, "muzzle_girth": 0.22, "head_width": 0.20, "head_size": -0.08, "head_pitch": 0.02,
    "ear_length": -0.45, "ear_width": 0.1, "neck_length": -0.22, "neck_pitch": 0.25, "tail_length": 0.15,
    "tail_girth": 0.45, "tail_brush": 0.35, "tail_droop": 0.45, "tail_curl": 0.3, "leg_girth": 0.18,
    "foot_size": 0.12, "loin_depth": 0.10, "cannon_length": -0.15, "hind_straight": -0.12, "groin": 0.015,
}  # fmt: skip

BREEDS: dict[str, Breed] = {
    "cat": Breed("felid", {
        **FELID, "ear_length": -0.15, "leg_girth": 0.05, "neck_length": -0.30}),
    "lion": Breed("felid", {
        **FELID, "muzzle_length": -0.25, "muzzle_girth": 0.32, "head_size": 0.12, "ear_length": -0.9,
        "neck_girth": 0.30, "leg_girth": 0.32, "foot_size": 0.25, "tail_girth": 0.15, "tail_brush": 0.0,
        "jaw_depth": 0.15}),
    "tiger": Breed("felid", {
        **FELID, "muzzle_length": -0.30, "muzzle_girth": 0.30, "head_size": 0.06, "ear_length": -0.9,
        "neck_girth": 0.22, "leg_girth": 0.34, "foot_size": 0.25, "tail_girth": 0.30}),
}  # fmt: skip
