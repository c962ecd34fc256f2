"""Elephants, rhinos, hippos and tapirs: on pillars, with trunk or snout."""

from __future__ import annotations

from .breed import Breed

BARREL = {"quaternius_cow": 0.65}
HALF = {"quaternius_cow": 0.4}
PILLARS = {
    "feet.pillar": 1.0, "cannon_length": -0.35, "leg_girth": 0.35, "thigh_girth": 0.30, "hind_straight": 0.1,
    "tail_droop": 0.7, "tail_girth": 0.2, "groin": 0.04,
}  # fmt: skip
ELEPHANT = {
    **PILLARS, "leg_girth": 0.68, "thigh_girth": 0.45, "neck_girth": 0.25, "neck_pitch": -0.1,
    "giants.trunk": 1.0, "giants.fan_ear": 1.15, "head_pitch": 0.30, "head_width": 0.30, "head_depth": 0.15,
    "head.crown.z": 0.06, "head.forehead.z": 0.10, "head.stop.z": 0.10, "head.nose_bridge.z": 0.05,
    "head.cheek.y": 0.05, "head.temple.y": 0.04, "Chin.length": -0.5, "ear_low": 0.06, "loin": 0.05, "loin_width": 0.1,
    "hump": 0.04, "belly": 0.03, "muzzle_length": -0.25, "eye.size": -0.35, "hind_straight": 0.15, "croup": 0.03,
}  # fmt: skip
RHINO = {
    **PILLARS, "neck_girth": 0.15, "neck_pitch": 0.22, "head_pitch": 0.25, "giants.hump_shoulders": 0.12, "belly": 0.07,
    "brisket": 0.03, "trunk_width": 0.2, "eye.size": -0.4, "head_width": 0.15, "head_depth": 0.15, "snout_width": 0.05,
    "head.stop.z": -0.08, "head.nose_bridge.z": 0.02, "head.crown.z": -0.03, "head.forehead.z": -0.10,
    "head.temple.y": -0.03, "head.upper_lip.z": -0.05, "head.nose_tip.x": 0.02,
    "ear_length": -0.2, "ear_width": 0.1, "ear_round": 0.5, "loin": 0.02,
    "croup": 0.03, "muzzle_length": 0.30, "muzzle_girth": 0.15, "loin_width": 0.1,
}  # fmt: skip
HIPPO = {
    **PILLARS, "neck_girth": 0.08, "neck_pitch": 0.12, "head_pitch": 0.08, "belly": 0.04, "brisket": 0.05, "groin": 0.03,
    "tail_length": -1.0,
    "trunk_width": 0.35, "head_width": 0.45, "head_depth": 0.32, "muzzle_length": 0.34, "muzzle_girth": 0.22, "head.crown.z": -0.05,
    "head.forehead.z": -0.10,
    "snout_width": 0.07, "chin_deep": 0.06, "jowls": 0.05, "eye.size": -0.3, "head.eye.z": 0.06, "head.brow.z": 0.07,
    "ear_length": -1.1, "ear_width": -0.7, "ear_round": 0.6, "head.stop.z": -0.04,
    "head.cheek.y": 0.02, "withers": -0.03, "loin_width": 0.15, "croup": 0.05,
    "thigh_girth": 0.45, "loin": 0.03,
}  # fmt: skip
BREEDS: dict[str, Breed] = {
    "elephant": Breed("elephantid", ELEPHANT, HALF),
    "asian_elephant": Breed("elephantid", {
        **ELEPHANT, "giants.fan_ear": 0.65, "head.crown.z": 0.13, "head.forehead.z": 0.14, "hump": 0.09, "loin": 0.03,
        "croup": 0.0}, HALF),
    "rhino": Breed("rhinocerotid", RHINO, BARREL),
    "black_rhino": Breed("rhinocerotid", {
        **RHINO, "giants.hump_shoulders": 0.05, "snout_width": -0.02, "chin_deep": 0.0, "head.upper_lip.z": -0.05,
        "head.upper_lip.x": 0.05, "muzzle_length": 0.12, "neck_pitch": 0.12, "head_pitch": 0.15}, BARREL),
    "indian_rhino": Breed("rhinocerotid", {
        **RHINO, "giants.hump_shoulders": 0.03, "snout_width": 0.03, "giants.folds": 1.2, "brisket": 0.05,
        "giants.throat_mane": 0.5, "neck_pitch": 0.14}, BARREL),
    "hippo": Breed("hippopotamid", HIPPO, BARREL),
    "pygmy_hippo": Breed("hippopotamid", {
        **HIPPO, "head_width": 0.25, "head_depth": 0.15, "snout_width": 0.04, "leg_girth": 0.25,
        "chin_deep": 0.03, "muzzle_length": 0.1, "muzzle_girth": 0.1, "trunk_width": 0.25}, BARREL),
    "malayan_tapir": Breed("tapirid", {
        **PILLARS, "feet.pillar": 0.8, "leg_girth": 0.12, "thigh_girth": 0.2, "neck_girth": 0.10, "neck_pitch": 0.12,
        "giants.proboscis": 1.0, "head_pitch": 0.15, "belly": 0.05, "loin": 0.02, "croup": 0.04, "trunk_width": 0.12,
        "ear_round": 0.6, "ear_width": -0.05, "ear_length": -0.2, "giants.crest": 0.8, "tail_length": -2.0,
        "eye.size": -0.2, "head.crown.z": 0.05, "head_depth": 0.1}, HALF),
}  # fmt: skip
