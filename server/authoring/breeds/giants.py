"""Elephants, rhinos, hippos and tapirs: on pillars, with trunk or snout."""

from __future__ import annotations

from .breed import Breed

BARREL = {"pig_model": 0.75, "quaternius_cow": 0.25}
THICK = {"pig_model": 0.5, "quaternius_cow": 0.5}
HALF = {"quaternius_cow": 0.45, "quaternius_horse": 0.25}
PILLARS = {
    "feet.pillar": 1.0, "cannon_length": -0.2, "leg_girth": 0.55, "thigh_girth": 0.4, "foot_size": 0.2, "hind_straight": 0.1,
    "tail_droop": 0.9, "tail_girth": -0.2, "tail_length": -0.4, "groin": 0.02,
}  # fmt: skip
ELEPHANT = {
    **PILLARS, "cannon_length": -0.35, "leg_girth": 0.6, "thigh_girth": 0.45, "foot_size": 0.1, "neck_girth": 0.25, "neck_pitch": -0.1,
    "giants.trunk": 1.0, "giants.fan_ear": 1.0, "head_size": 0.2, "head_pitch": 0.30, "head_width": 0.35, "head_depth": 0.25,
    "head.crown.z": 0.06, "head.forehead.z": 0.10, "head.stop.z": 0.10, "head.nose_bridge.z": 0.05,
    "head.cheek.y": 0.05, "head.temple.y": 0.04, "Chin.length": -0.5, "ear_low": 0.06, "loin": 0.05, "loin_width": 0.1,
    "hump": 0.04, "belly": 0.03, "muzzle_length": -0.25, "eye.size": -0.35, "hind_straight": 0.25, "croup": 0.03,
    "tail_length": -0.2,
}  # fmt: skip
RHINO = {
    **PILLARS, "neck_girth": 0.10, "neck_length": -0.2, "neck_pitch": 0.12, "head_pitch": 0.15, "giants.hump_shoulders": 0.25,
    "brisket": 0.03, "eye.size": -0.4, "head_width": 0.05, "snout_width": 0.03, "muzzle_girth": 0.1, "muzzle_length": 0.1,
    "ear_length": -0.2, "ear_round": 0.5,
}  # fmt: skip
HIPPO = {
    **PILLARS, "neck_girth": 0.05, "neck_pitch": 0.05, "belly": 0.04, "brisket": 0.05, "tail_length": -1.0, "tail_girth": 0.2,
    "trunk_width": 0.15, "head_width": 0.25, "head_depth": 0.1, "muzzle_girth": 0.35, "snout_width": 0.07, "chin_deep": 0.05,
    "jowls": 0.05, "eye.size": -0.3, "head.eye.z": 0.04, "head.brow.z": 0.05, "ear_length": -0.9, "ear_width": -0.5,
    "ear_round": 0.6, "thigh_girth": 0.3, "leg_girth": 0.25, "cannon_length": 0.0,
}  # fmt: skip
BREEDS: dict[str, Breed] = {
    "elephant": Breed("elephantid", ELEPHANT, HALF),
    "asian_elephant": Breed("elephantid", {
        **ELEPHANT, "giants.fan_ear": 0.6, "head.crown.z": 0.13, "head.forehead.z": 0.14, "hump": 0.09, "loin": 0.03,
        "croup": 0.0}, HALF),
    "rhino": Breed("rhinocerotid", {  # a long low head, cut off square, and a hump at the nape
        **RHINO, "snout_width": 0.08, "muzzle_length": 0.35, "muzzle_girth": 0.3, "neck_pitch": 0.3, "head_pitch": 0.25,
        "head.upper_lip.z": -0.05, "chin_deep": 0.03, "giants.hump_shoulders": 0.15, "giants.hump_withers": 0.45}, THICK),
    "black_rhino": Breed("rhinocerotid", {
        **RHINO, "giants.hump_shoulders": 0.12, "snout_width": -0.02, "head.upper_lip.z": -0.05, "head.upper_lip.x": 0.05,
        "neck_pitch": 0.06, "head_pitch": 0.1}, THICK),
    "indian_rhino": Breed("rhinocerotid", {
        **RHINO, "giants.hump_shoulders": 0.1, "giants.folds": 1.6, "leg_girth": 0.65, "thigh_girth": 0.5,
        "trunk_width": 0.15, "brisket": 0.05, "giants.throat_mane": 0.25,
        "neck_pitch": 0.06}, THICK),
    "hippo": Breed("hippopotamid", HIPPO, BARREL),
    "pygmy_hippo": Breed("hippopotamid", {
        **HIPPO, "leg_girth": 0.5, "head_width": 0.12, "head_depth": 0.05, "snout_width": 0.04, "chin_deep": 0.03, "muzzle_girth": 0.2,
        "trunk_width": 0.08}, BARREL),
    "malayan_tapir": Breed("tapirid", {
        **PILLARS, "feet.pillar": 0.8, "leg_girth": 0.1, "thigh_girth": 0.1, "neck_girth": 0.10,
        "giants.proboscis": 1.0, "head_pitch": 0.1, "ear_round": 0.6, "giants.crest": 0.8, "tail_length": -1.5,
        "tail_girth": -1.0, "eye.size": -0.2}, {"pig_model": 0.5, "quaternius_cow": 0.2, "quaternius_horse": 0.15}),
}  # fmt: skip
