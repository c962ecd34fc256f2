"""Deer, and the giraffe and okapi, from registered deer. Antlers are parts of their own."""

from __future__ import annotations

from .breed import Breed

DEER = {"quaternius_deer": 1.0}
STAG = {"quaternius_stag": 0.6, "quaternius_deer": 0.4}
STURDY = {"quaternius_deer": 0.7, "quaternius_cow": 0.3}
TALL = {"quaternius_deer": 0.5, "quaternius_horse": 0.5}
CERVID = {"feet.cloven": 1.0, "tail_droop": 0.3, "leg_girth": -0.08}
BREEDS: dict[str, Breed] = {
    "deer": Breed("cervid", CERVID, DEER),
    "stag": Breed("cervid", {
        **CERVID, "neck_girth": 0.25, "giants.throat_mane": 0.8, "chest_depth": 0.06, "withers": 0.02, "leg_girth": 0.0}, STAG),
    "roe_deer": Breed("cervid", {
        **CERVID, "leg_girth": -0.2, "croup": 0.03, "muzzle_length": -0.15, "ear_length": 0.1, "ear_width": 0.2,
        "tail_length": -1.5, "neck_girth": -0.05, "trunk_width": 0.05}, DEER),
    "fallow_deer": Breed("cervid", {**CERVID, "leg_girth": -0.15, "tail_length": 0.4, "neck_girth": 0.08}, DEER),
    "axis_deer": Breed("cervid", {**CERVID, "leg_girth": -0.12, "tail_length": 0.4, "muzzle_length": 0.06}, DEER),
    "white_tailed_deer": Breed("cervid", {
        **CERVID, "leg_girth": -0.2, "tail_length": 0.5, "tail_girth": 0.6, "ear_length": 0.15, "ear_width": 0.15}, DEER),
    "moose": Breed("cervid", {
        **CERVID, "giants.hump_shoulders": 0.55, "muzzle_length": 0.35, "muzzle_girth": 0.32, "head.upper_lip.z": -0.09,
        "head.nose_tip.z": -0.05,
        "head.nose_bridge.z": 0.09, "snout_width": 0.05, "head.nose_tip.x": 0.03, "neck_girth": 0.25,
        "neck_pitch": 0.18, "giants.dewlap": 1.0, "chest_depth": 0.1, "leg_girth": -0.12, "tail_length": -1.5,
        "head_pitch": -0.1}, STURDY),
    "reindeer": Breed("cervid", {
        **CERVID, "giants.throat_mane": 1.1, "neck_pitch": 0.22, "neck_girth": 0.2, "muzzle_girth": 0.18, "ear_length": -0.35,
        "foot_size": 0.25, "leg_girth": 0.08, "giants.wool": 0.25, "tail_length": -0.8, "belly": 0.02}, STURDY),
    "giraffe": Breed("giraffid", {
        **CERVID, "neck_length": 1.0, "neck_girth": 0.40, "neck_pitch": -0.02, "head_pitch": 0.05, "back_rise": 0.25,
        "croup_slope": 0.12, "chest_depth": 0.12, "withers": 0.04, "leg_girth": 0.12, "muzzle_length": 0.15,
        "ear_roll": 0.2, "tail_brush": 0.7, "tail_droop": 0.8, "tail_length": 0.6, "head.crown.z": 0.05}, TALL),
    "okapi": Breed("giraffid", {
        **CERVID, "neck_length": 0.2, "neck_girth": 0.25, "back_rise": 0.15, "croup_slope": 0.08, "ear_length": 0.1,
        "ear_width": 0.45, "ear_round": 0.3, "muzzle_length": 0.15, "leg_girth": 0.05, "trunk_width": 0.1,
        "tail_length": 0.5, "tail_droop": 0.8}, TALL),
}  # fmt: skip
