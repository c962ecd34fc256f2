"""The authored species: how each differs from the template dog, and how large adults are.

Traits are in the units of `proportions.py`. Leg length and the trunk's depth and width are not among them: they are solved
from measures. Height at the withers and length from chest to rump are typical adults' in metres; depth is the chest's over
the height, width the trunk's greatest over the length; all from general knowledge.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Breed:
    """A species or breed: family, height and length in metres, depth / height, width / length, and traits."""

    family: str
    height: float
    length: float
    depth: float
    width: float
    traits: dict[str, float]


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
FELID = {
    "muzzle_length": -0.55, "muzzle_girth": 0.22, "head_width": 0.20, "head_size": -0.08, "head_pitch": 0.02,
    "ear_length": -0.45, "ear_width": 0.1, "neck_length": -0.22, "neck_pitch": 0.25, "tail_length": 0.15,
    "tail_girth": 0.45, "tail_brush": 0.35, "tail_droop": 0.45, "tail_curl": 0.3, "leg_girth": 0.18,
    "foot_size": 0.12, "loin_depth": 0.10, "cannon_length": -0.15, "hind_straight": -0.12, "groin": 0.015,
}  # fmt: skip
SUID = {
    **HOOFED, "cannon_length": -0.25, "foot_length": -0.55, "foot_size": 0.05, "neck_length": -0.55,
    "neck_girth": 0.42, "neck_pitch": 0.35, "head_size": 0.22, "muzzle_length": 0.30, "muzzle_girth": 0.12,
    "jaw_depth": 0.15, "head_pitch": 0.18, "ear_length": -0.25, "ear_pitch": -0.3, "loin_depth": 0.50,
    "belly": 0.04, "groin": 0.11, "tail_length": -0.75, "leg_girth": 0.15, "thigh_girth": 0.15,
}  # fmt: skip

BREEDS: dict[str, Breed] = {
    "dog": Breed("canid", 0.55, 0.58, 0.48, 0.33, {}),
    "labrador": Breed("canid", 0.57, 0.61, 0.50, 0.37, {
        "leg_girth": 0.22, "neck_girth": 0.15, "neck_length": -0.12, "head_width": 0.14, "muzzle_girth": 0.22,
        "muzzle_length": -0.08, "ear_roll": 1.05, "ear_fold": 1.15, "ear_length": 0.22, "tail_girth": 0.35, "loin_depth": 0.12,
        "groin": 0.02}),
    "german_shepherd": Breed("canid", 0.62, 0.69, 0.47, 0.33, {
        "neck_girth": 0.16, "ear_width": 0.1, "tail_girth": 0.5, "tail_droop": 0.55, "hind_straight": -0.15,
        "croup_slope": 0.08, "leg_girth": 0.08, "loin_depth": 0.06}),
    "greyhound": Breed("canid", 0.72, 0.71, 0.49, 0.28, {
        "chest_depth": 0.14, "loin_depth": -0.14, "groin": -0.03, "leg_girth": -0.16, "head_width": -0.14,
        "muzzle_girth": -0.12, "muzzle_length": 0.12, "neck_length": 0.14, "ear_roll": 0.5, "ear_pitch": -0.7,
        "ear_length": -0.3, "tail_droop": 0.55, "tail_girth": -0.1, "loin": 0.012, "ear_fold": 0.5}),
    "dachshund": Breed("canid", 0.22, 0.38, 0.58, 0.32, {
        "leg_girth": 0.05, "foot_size": -0.10, "head_size": -0.02, "ear_roll": 1.05, "ear_fold": 1.15, "ear_length": 0.4,
        "ear_width": 0.2, "muzzle_length": 0.05, "neck_girth": 0.0, "chest_depth": 0.08, "tail_length": -0.2}),
    "border_terrier": Breed("canid", 0.34, 0.36, 0.48, 0.33, {
        "head_width": 0.18, "muzzle_length": -0.35, "muzzle_girth": 0.10, "ear_roll": 0.9, "ear_length": -0.2,
        "neck_length": -0.10, "tail_length": -0.45, "tail_droop": -0.6, "leg_girth": 0.2, "head_size": 0.12, "ear_fold": 1.2}),
    "rhodesian_ridgeback": Breed("canid", 0.66, 0.69, 0.48, 0.33, {
        "neck_girth": 0.08, "ear_roll": 1.05, "ear_fold": 1.15, "head_width": 0.04, "muzzle_girth": 0.12, "chest_depth": 0.06,
        "leg_girth": 0.06, "ear_length": 0.2}),
    "weimaraner": Breed("canid", 0.64, 0.65, 0.49, 0.31, {
        "ear_roll": 1.05, "ear_fold": 1.15, "ear_length": 0.38, "ear_width": 0.2, "muzzle_girth": 0.12, "chest_depth": 0.08,
        "loin_depth": -0.06, "groin": -0.01, "tail_length": -0.35}),
    "golden_retriever": Breed("canid", 0.57, 0.61, 0.51, 0.38, {
        "leg_girth": 0.28, "neck_girth": 0.25, "neck_length": -0.10, "head_width": 0.14, "muzzle_girth": 0.18,
        "muzzle_length": -0.08, "ear_roll": 1.05, "ear_fold": 1.15, "tail_girth": 0.75, "tail_brush": 0.2, "groin": 0.03,
        "thigh_girth": 0.12, "ear_length": 0.25}),
    "wolf": Breed("canid", 0.78, 0.85, 0.46, 0.31, {
        "neck_girth": 0.25, "neck_pitch": 0.22, "tail_girth": 0.65, "tail_droop": 0.6, "ear_length": -0.25,
        "head_size": 0.08, "leg_girth": 0.06, "foot_size": 0.12, "tail_length": -0.15}),
    "fox": Breed("canid", 0.38, 0.45, 0.43, 0.30, {
        "muzzle_girth": -0.22, "muzzle_length": 0.02, "ear_length": 0.15, "ear_width": 0.2, "tail_girth": 0.85,
        "tail_brush": 0.35, "tail_length": 0.15, "neck_pitch": 0.22, "neck_girth": 0.12, "leg_girth": -0.08,
        "tail_droop": 0.3, "head_size": 0.06}),
    "cat": Breed("felid", 0.25, 0.31, 0.43, 0.31, {
        **FELID, "ear_length": -0.15, "leg_girth": 0.05, "neck_length": -0.30}),
    "lion": Breed("felid", 1.05, 1.30, 0.50, 0.33, {
        **FELID, "muzzle_length": -0.25, "muzzle_girth": 0.32, "head_size": 0.12, "ear_length": -0.9,
        "neck_girth": 0.30, "leg_girth": 0.32, "foot_size": 0.25, "tail_girth": 0.15, "tail_brush": 0.0,
        "jaw_depth": 0.15}),
    "tiger": Breed("felid", 0.95, 1.25, 0.52, 0.34, {
        **FELID, "muzzle_length": -0.30, "muzzle_girth": 0.30, "head_size": 0.06, "ear_length": -0.9,
        "neck_girth": 0.22, "leg_girth": 0.34, "foot_size": 0.25, "tail_girth": 0.30}),
    "horse": Breed("equid", 1.60, 1.62, 0.46, 0.35, EQUID),
    "donkey": Breed("equid", 1.15, 1.20, 0.46, 0.34, {
        **EQUID, "neck_length": 0.25, "neck_girth": 0.22, "ear_length": 0.45, "tail_girth": 0.25,
        "head_size": 0.24}),
    "zebra": Breed("equid", 1.30, 1.34, 0.49, 0.37, {
        **EQUID, "neck_length": 0.28, "neck_girth": 0.34, "ear_length": 0.15, "tail_girth": 0.25, "belly": 0.025}),
    "cow": Breed("bovid", 1.40, 1.60, 0.53, 0.37, BOVID),
    "bull": Breed("bovid", 1.50, 1.75, 0.56, 0.39, {
        **BOVID, "neck_girth": 0.48, "withers": 0.05, "chest_depth": 0.12, "head_width": 0.16, "leg_girth": 0.20,
        "belly": 0.0}),
    "sheep": Breed("bovid", 0.72, 0.84, 0.56, 0.43, {
        **BOVID, "neck_length": 0.10, "neck_girth": 0.35, "neck_pitch": 0.05, "head_size": 0.05,
        "muzzle_girth": 0.15, "tail_length": -0.7, "leg_girth": 0.0}),
    "goat": Breed("bovid", 0.75, 0.82, 0.49, 0.35, {
        **BOVID, "neck_length": 0.18, "neck_girth": 0.0, "neck_pitch": -0.02, "head_size": -0.02,
        "muzzle_girth": 0.15, "tail_length": -1.1, "tail_droop": -0.2, "leg_girth": -0.05, "brisket": 0.0}),
    "deer": Breed("cervid", 0.95, 1.00, 0.46, 0.32, CERVID),
    "stag": Breed("cervid", 1.20, 1.26, 0.47, 0.33, {
        **CERVID, "neck_girth": 0.22, "chest_depth": 0.08, "withers": 0.02}),
    "moose": Breed("cervid", 1.95, 1.80, 0.45, 0.34, {
        **CERVID, "neck_length": -0.05, "neck_girth": 0.28, "neck_pitch": 0.20, "withers": 0.08,
        "muzzle_length": 0.40, "muzzle_girth": 0.40, "head_size": 0.18, "chest_depth": 0.16, "leg_girth": -0.12}),
    "camel": Breed("camelid", 1.85, 1.60, 0.44, 0.37, {
        **HOOFED, "neck_length": 0.72, "neck_girth": -0.05, "neck_pitch": 0.12, "head_size": -0.02,
        "muzzle_length": 0.12, "muzzle_girth": 0.25, "head_pitch": 0.12, "hump": 0.22, "ear_length": -0.5,
        "foot_length": -0.35, "foot_size": 0.25, "groin": -0.02, "tail_length": -0.3}),
    "pig": Breed("suid", 0.75, 1.05, 0.56, 0.36, SUID),
    "wild_boar": Breed("suid", 0.85, 1.05, 0.55, 0.33, {
        **SUID, "withers": 0.06, "chest_depth": 0.12, "head_size": 0.34, "muzzle_length": 0.42, "belly": 0.0,
        "loin_depth": 0.15, "tail_length": -0.4, "ear_pitch": 0.1}),
    "bear": Breed("ursid", 1.00, 1.30, 0.54, 0.40, {
        "cannon_length": -0.45, "leg_girth": 0.48, "foot_size": 0.42, "foot_length": 0.15, "loin_depth": 0.45,
        "neck_girth": 0.55, "neck_length": -0.22, "neck_pitch": 0.38, "head_size": 0.16, "head_width": 0.20,
        "muzzle_length": -0.22, "muzzle_girth": 0.12, "ear_length": -0.85, "ear_width": 0.05, "tail_length": -1.7,
        "tail_girth": 0.35, "tail_droop": 0.7, "thigh_girth": 0.42, "withers": 0.04, "groin": 0.1, "belly": 0.04,
        "hind_straight": 0.10}),
    "rabbit": Breed("lagomorph", 0.17, 0.26, 0.58, 0.42, {
        "cannon_length": -0.05, "foot_length": 0.45, "foot_size": 0.15, "ear_length": 0.75, "ear_width": 0.15,
        "ear_pitch": 0.55, "neck_length": -0.65, "neck_girth": 0.15, "head_size": 0.22, "head_width": 0.10,
        "muzzle_length": -0.50, "muzzle_girth": 0.15, "tail_length": -1.4, "tail_girth": 0.8, "tail_droop": -0.3,
        "hind_straight": -0.32, "thigh_girth": 0.30, "loin_depth": 0.30, "croup": 0.08, "groin": 0.07,
        "loin": 0.03}),
    "elephant": Breed("elephantid", 2.90, 2.75, 0.50, 0.46, {
        "cannon_length": -0.65, "leg_girth": 0.62, "foot_length": -0.60, "foot_size": 0.42,
        "pastern_straight": 0.45, "hind_straight": 0.42, "loin_depth": 0.55, "groin": 0.12, "neck_length": -0.75,
        "neck_girth": 0.50, "neck_pitch": 0.10, "head_size": 0.52, "head_width": 0.12, "head_depth": 0.25,
        "head_pitch": 0.25, "ear_length": 0.75, "ear_width": 0.95, "ear_roll": 0.9, "muzzle_girth": -0.45,
        "Muzzle.length": 1.15, "Muzzle.pitch": 0.85, "Chin.length": -1.4, "Chin.pitch": -0.8, "tail_length": -0.25,
        "tail_droop": 0.85, "thigh_girth": 0.5, "hump": 0.03, "belly": 0.05}),
    "giraffe": Breed("giraffid", 2.80, 2.00, 0.40, 0.34, {
        **HOOFED, "neck_length": 1.35, "neck_girth": 0.10, "neck_pitch": -0.20, "head_size": 0.05,
        "muzzle_length": 0.20, "muzzle_girth": 0.08, "head_pitch": 0.38, "back_rise": 0.30, "chest_depth": 0.22,
        "ear_roll": 0.5, "ear_length": -0.1, "withers": 0.03, "leg_girth": 0.0}),
    "hippo": Breed("hippopotamid", 1.50, 2.50, 0.74, 0.42, {
        "cannon_length": -0.55, "leg_girth": 0.62, "foot_length": -0.30, "foot_size": 0.40,
        "pastern_straight": 0.35, "hind_straight": 0.25, "loin_depth": 0.62, "belly": 0.09, "groin": 0.13,
        "neck_length": -0.55, "neck_girth": 0.6, "neck_pitch": 0.52, "head_size": 0.42, "head_width": 0.12,
        "muzzle_length": 0.12, "muzzle_girth": 0.50, "jaw_depth": 0.20, "head_pitch": 0.20, "ear_length": -1.0,
        "tail_length": -0.9, "tail_droop": 0.8, "thigh_girth": 0.5, "brisket": 0.04, "loin_width": 0.1,
        "chest_depth": -0.05}),
    "rhino": Breed("rhinocerotid", 1.65, 2.45, 0.64, 0.40, {
        "cannon_length": -0.50, "leg_girth": 0.55, "foot_length": -0.35, "foot_size": 0.38,
        "pastern_straight": 0.35, "hind_straight": 0.22, "loin_depth": 0.55, "belly": 0.07, "groin": 0.12,
        "neck_length": -0.35, "neck_girth": 0.62, "neck_pitch": 0.48, "head_size": 0.36, "muzzle_length": 0.30,
        "muzzle_girth": 0.22, "head_pitch": 0.40, "ear_length": -0.35, "tail_length": -0.6, "tail_droop": 0.8,
        "withers": 0.06, "thigh_girth": 0.45, "brisket": 0.03}),
}  # fmt: skip
