"""Elephants, rhinos, hippos and tapirs: on pillars, with trunk or snout."""

from __future__ import annotations

from .breed import Breed

PILLARS = {
    "feet.pillar": 1.0, "cannon_length": -0.35, "leg_girth": 0.50, "thigh_girth": 0.40, "hind_straight": 0.62,
    "pastern_straight": 0.15, "loin_depth": 0.45, "groin": 0.08, "tail_droop": 0.95, "tail_girth": 0.1,
}  # fmt: skip
ELEPHANT = {
    **PILLARS, "leg_girth": 0.72, "thigh_girth": 0.45, "neck_girth": 0.55, "neck_pitch": -0.05, "neck_length": -0.3,
    "giants.trunk": 1.0, "giants.fan_ear": 1.0, "head_pitch": 0.40, "head_width": 0.35, "head_depth": 0.15,
    "head.crown.z": 0.06, "head.forehead.z": 0.10, "head.stop.z": 0.10, "head.nose_bridge.z": 0.05,
    "head.cheek.y": 0.05, "head.temple.y": 0.04, "Chin.length": -0.5, "ear_low": 0.10, "loin": 0.04, "loin_width": 0.1,
    "belly": 0.04, "trunk_width": 0.25, "muzzle_length": -0.25, "eye.size": -0.35, "hind_straight": 0.75,
}  # fmt: skip
RHINO = {
    **PILLARS, "neck_girth": 0.60, "neck_pitch": 0.35, "head_pitch": 0.25, "giants.hump_shoulders": 0.10, "belly": 0.09,
    "brisket": 0.03, "trunk_width": 0.35, "eye.size": -0.4, "muzzle_girth": 0.25, "snout_width": 0.06, "chin_deep": 0.05,
    "head.stop.z": -0.06, "head.nose_bridge.z": 0.02, "head.crown.z": 0.10, "head.nape.z": 0.05, "head.forehead.z": 0.02,
    "ear_length": -0.2, "ear_width": 0.1, "ear_round": 0.5, "jaw_line": 0.06, "head.nose_tip.z": -0.05,
    "head.throat_top.z": -0.1, "loin": 0.02,
}  # fmt: skip
HIPPO = {
    **PILLARS, "neck_girth": 0.85, "neck_pitch": 0.45, "head_pitch": 0.10, "belly": 0.14, "brisket": 0.06,
    "trunk_width": 0.45, "muzzle_girth": 0.45, "snout_width": 0.12, "chin_deep": 0.10, "jowls": 0.08,
    "head.nose_tip.x": -0.06, "head.upper_lip.z": -0.04, "eye.size": -0.3, "head.eye.z": 0.06, "head.brow.z": 0.07,
    "ear_length": -1.1, "ear_width": -0.7, "ear_round": 0.6, "head.stop.z": -0.05, "jaw_line": 0.10,
    "head.throat_top.z": -0.1, "head.cheek.y": 0.06,
}  # fmt: skip
BREEDS: dict[str, Breed] = {
    "elephant": Breed("elephantid", ELEPHANT),
    "asian_elephant": Breed("elephantid", {
        **ELEPHANT, "giants.fan_ear": 0.60, "head.crown.z": 0.13, "head.forehead.z": 0.14, "hump": 0.05, "loin": 0.02}),
    "rhino": Breed("rhinocerotid", RHINO),
    "black_rhino": Breed("rhinocerotid", {
        **RHINO, "giants.hump_shoulders": 0.04, "snout_width": 0.0, "chin_deep": 0.02, "head.upper_lip.z": -0.05,
        "head.upper_lip.x": 0.04, "muzzle_length": -0.1, "neck_pitch": 0.25}),
    "indian_rhino": Breed("rhinocerotid", {
        **RHINO, "giants.hump_shoulders": 0.03, "snout_width": 0.03, "giants.folds": 1.0, "brisket": 0.05,
        "giants.throat_mane": 0.5}),
    "hippo": Breed("hippopotamid", HIPPO),
    "pygmy_hippo": Breed("hippopotamid", {
        **HIPPO, "muzzle_girth": 0.15, "snout_width": 0.05, "belly": 0.09, "neck_pitch": 0.4, "leg_girth": 0.35,
        "chin_deep": 0.04}),
    "malayan_tapir": Breed("tapirid", {
        **PILLARS, "feet.pillar": 0.7, "leg_girth": 0.15, "thigh_girth": 0.25, "neck_girth": 0.45, "neck_pitch": 0.25,
        "giants.proboscis": 1.0, "head_pitch": 0.15, "belly": 0.06, "loin": 0.02, "croup": 0.03, "trunk_width": 0.2,
        "ear_round": 0.5, "ear_width": -0.1, "ear_length": -0.3, "giants.crest": 0.8, "tail_length": -2.0,
        "eye.size": -0.2, "head.crown.z": 0.05, "hind_straight": 0.4}),
}  # fmt: skip
