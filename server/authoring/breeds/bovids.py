"""Cattle, sheep, goats and antelopes, from registered cattle and deer. Horns are parts of their own."""

from __future__ import annotations

from .breed import Breed

COW = {"quaternius_cow": 0.7, "quaternius_bull": 0.3}
BULL = {"quaternius_bull": 0.7, "quaternius_cow": 0.3}
GOAT = {"quaternius_deer": 0.55, "quaternius_cow": 0.45}
SHEEP = {"quaternius_cow": 0.6, "quaternius_deer": 0.4}
ANTELOPE = {"quaternius_deer": 0.75, "quaternius_cow": 0.25}
HEAVY = {"quaternius_deer": 0.3, "quaternius_horse": 0.3, "quaternius_cow": 0.4}
LONG_FACE = {"quaternius_deer": 0.4, "quaternius_horse": 0.4, "quaternius_cow": 0.2}
GAZELLE = {"quaternius_deer": 1.0}
CATTLE = {
    "feet.cloven": 1.0, "tail_droop": 0.7, "tail_girth": -0.1, "giants.dewlap": 0.35, "muzzle_girth": 0.10,
    "snout_width": 0.02, "belly": 0.02,
}  # fmt: skip
SMALL = {"feet.cloven": 1.0, "tail_droop": 0.4}
BREEDS: dict[str, Breed] = {
    "cow": Breed("bovid", {**CATTLE, "belly": 0.04, "groin": 0.03, "leg_girth": -0.05, "loin_width": 0.08}, COW),
    "bull": Breed("bovid", {
        **CATTLE, "neck_girth": 0.25, "giants.crest": 1.2, "chest_width": 0.15, "brisket": 0.04, "leg_girth": 0.12,
        "head_width": 0.12, "thigh_girth": 0.15, "giants.dewlap": 0.6}, BULL),
    "highland_cattle": Breed("bovid", {
        **CATTLE, "giants.wool": 0.55, "giants.skirt": 0.35, "neck_girth": 0.25, "leg_girth": 0.28, "head_width": 0.15,
        "giants.throat_mane": 0.5, "head.forehead.z": 0.05, "muzzle_length": -0.1}, COW),
    "zebu": Breed("bovid", {
        **CATTLE, "giants.hump_withers": 0.9, "giants.dewlap": 1.5, "ear_length": 0.3, "leg_girth": -0.1,
        "ear_roll": 0.3, "muzzle_length": 0.1, "head_width": -0.05}, COW),
    "water_buffalo": Breed("bovid", {
        **CATTLE, "giants.dewlap": 0.1, "trunk_width": 0.18, "belly": 0.06, "neck_girth": 0.1, "neck_pitch": 0.1,
        "head_pitch": -0.15, "muzzle_girth": 0.2, "leg_girth": 0.15, "withers": 0.02}, COW),
    "african_buffalo": Breed("bovid", {
        **CATTLE, "neck_girth": 0.25, "trunk_width": 0.12, "brisket": 0.04, "ear_length": 0.35, "ear_width": 0.3,
        "ear_roll": 0.4, "muzzle_girth": 0.2, "head_width": 0.1, "neck_pitch": 0.08, "leg_girth": 0.1, "withers": 0.03,
        "giants.dewlap": 0.2}, BULL),
    "bison": Breed("bovid", {
        **CATTLE, "giants.hump_shoulders": 1.1, "giants.cape": 0.8, "giants.throat_mane": 1.3, "neck_pitch": 0.30,
        "head_pitch": 0.25, "head_width": 0.18, "head.forehead.z": 0.08, "head.crown.z": 0.06, "loin_width": -0.15,
        "loin_depth": -0.10, "thigh_girth": -0.1, "leg_girth": 0.05, "chest_depth": 0.1, "head_depth": 0.12}, BULL),
    "yak": Breed("bovid", {
        **CATTLE, "giants.hump_shoulders": 0.55, "giants.skirt": 0.85, "giants.wool": 0.45, "neck_pitch": 0.2,
        "giants.throat_mane": 0.8, "tail_droop": 1.2, "tail_curl": -0.4, "tail_girth": 0.1, "leg_girth": 0.2, "head_width": 0.1}, BULL),
    "gaur": Breed("bovid", {
        **CATTLE, "giants.hump_shoulders": 0.65, "neck_girth": 0.28, "giants.dewlap": 0.8, "chest_width": 0.15,
        "thigh_girth": 0.15, "leg_girth": 0.02, "head.forehead.z": 0.06, "giants.crest": 0.8, "loin_width": 0.05}, BULL),
    "muskox": Breed("bovid", {
        **CATTLE, "giants.hump_shoulders": 0.45, "giants.skirt": 1.3, "giants.wool": 0.9, "neck_girth": 0.35,
        "neck_pitch": 0.25, "giants.throat_mane": 0.8, "head_width": 0.12, "leg_girth": 0.15, "tail_length": -1.5,
        "ear_length": -0.6, "thigh_girth": 0.2}, BULL),
    "sheep": Breed("bovid", {
        **SMALL, "giants.wool": 1.5, "neck_girth": 0.15, "trunk_width": 0.2, "belly": 0.03, "roman_nose": 0.05,
        "muzzle_girth": -0.1, "ear_roll": 0.5, "leg_girth": -0.15, "tail_girth": 0.4, "tail_length": -0.6, "head_width": -0.05}, SHEEP),
    "bighorn_sheep": Breed("bovid", {
        **SMALL, "neck_girth": 0.35, "chest_width": 0.15, "trunk_width": 0.12, "roman_nose": 0.05, "tail_length": -1.0,
        "ear_length": -0.4, "thigh_girth": 0.12, "leg_girth": 0.05, "head_width": 0.1}, SHEEP),
    "goat": Breed("bovid", {
        **SMALL, "neck_girth": 0.05, "belly": 0.05, "roman_nose": 0.03, "tail_droop": -0.9, "ear_roll": 0.4,
        "ear_length": 0.1, "head.chin.z": -0.04, "loin_width": 0.05}, GOAT),
    "ibex": Breed("bovid", {
        **SMALL, "neck_girth": 0.25, "trunk_width": 0.12, "chest_depth": 0.05, "leg_girth": 0.15, "belly": 0.02,
        "tail_length": -0.8, "ear_length": -0.3, "head.chin.z": -0.05, "brisket": 0.03}, GOAT),
    "mountain_goat": Breed("bovid", {
        **SMALL, "giants.hump_shoulders": 0.35, "giants.wool": 0.6, "giants.throat_mane": 0.6, "giants.skirt": 0.2,
        "leg_girth": 0.45, "thigh_girth": 0.3, "neck_girth": 0.2, "neck_pitch": 0.15, "head.chin.z": -0.08,
        "ear_length": -0.1, "muzzle_length": 0.15, "tail_length": -1.0}, GOAT),
    "thomsons_gazelle": Breed("bovid", {
        **SMALL, "leg_girth": -0.28, "neck_girth": -0.05, "ear_length": 0.1, "muzzle_girth": -0.1, "groin": -0.02,
        "head_size": -0.05}, GAZELLE),
    "impala": Breed("bovid", {**SMALL, "leg_girth": -0.22, "neck_girth": 0.05, "muzzle_length": 0.08}, GAZELLE),
    "wildebeest": Breed("bovid", {
        **SMALL, "giants.hump_shoulders": 0.35, "withers": 0.03, "neck_girth": 0.15, "neck_pitch": 0.15, "muzzle_length": 0.32,
        "snout_width": 0.035, "giants.throat_mane": 1.0, "giants.crest": 0.8, "leg_girth": -0.08, "loin_depth": -0.05,
        "tail_length": 0.2, "tail_brush": 0.6, "tail_droop": 0.8, "ear_roll": 0.6, "croup_slope": 0.1}, LONG_FACE),
    "oryx": Breed("bovid", {
        **SMALL, "neck_girth": 0.22, "chest_width": 0.1, "withers": 0.02, "tail_brush": 0.7, "tail_droop": 0.8,
        "ear_roll": 0.3, "leg_girth": -0.05, "giants.crest": 0.5, "tail_length": 0.4}, HEAVY),
    "kudu": Breed("bovid", {
        **SMALL, "ear_length": 0.35, "ear_width": 0.4, "ear_roll": 0.2, "giants.crest": 0.8, "giants.throat_mane": 0.7,
        "withers": 0.05, "leg_girth": -0.12, "neck_girth": 0.12, "muzzle_length": 0.1}, ANTELOPE),
    "blackbuck": Breed("bovid", {**SMALL, "leg_girth": -0.3, "neck_girth": 0.05, "ear_length": 0.1}, GAZELLE),
    "saiga": Breed("bovid", {
        **SMALL, "giants.proboscis": 0.6, "muzzle_girth": 0.25, "head_pitch": 0.15, "head.nose_bridge.z": 0.11, "head.stop.z": 0.05,
        "head.nose_tip.z": -0.06, "head.nose_tip.x": 0.02, "head.muzzle_side.y": 0.08,
        "head.nostril.z": -0.03, "head.nostril.y": 0.03, "leg_girth": -0.18,
        "neck_girth": 0.2, "giants.wool": 0.25, "ear_length": -0.3, "tail_length": -0.6, "neck_pitch": 0.12}, ANTELOPE),
    "sable_antelope": Breed("bovid", {
        **SMALL, "neck_girth": 0.28, "giants.crest": 1.3, "withers": 0.04, "chest_width": 0.1, "tail_brush": 0.6,
        "tail_droop": 0.8, "ear_length": 0.3, "ear_roll": 0.4, "tail_length": 0.4}, HEAVY),
    "pronghorn": Breed("antilocaprid", {
        **SMALL, "leg_girth": -0.2, "trunk_width": 0.15, "neck_girth": 0.1, "belly": 0.02, "muzzle_girth": 0.08,
        "tail_length": -0.5, "eye.size": 0.2}, ANTELOPE),
}  # fmt: skip
