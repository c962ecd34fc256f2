"""What makes quadrupeds differ: a few broad traits, each spread over many parts of the warp.

A trait is in the units of the warp: 0.3 of `leg_length` makes every leg bone e^0.3 times as long. `TRAITS` says how a
trait acts and how widely it varies over the population.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .skeleton import SPINE, TAIL
from .warp import LIMB_PARTS, PARAMETERS, POSITION, parameter_vector

FORE, HIND = LIMB_PARTS[:4], LIMB_PARTS[4:]
SHAFTS = ("Leg1", "Leg2", "Leg3", "LegBack1", "LegBack2", "LegBack3")
CHEST, LOIN = ("spine1", "spine2", "spine3"), ("pelvis0", "spine", "spine0")


def on(parts: tuple[str, ...], *axes: str, by: float = 1.0) -> dict[str, float]:
    """The same amount on some axes of some parts."""
    return {f"{part}.{axis}": by for part in parts for axis in axes}


# name: (standard deviation over the population, what one unit does)
TRAITS: dict[str, tuple[float, dict[str, float]]] = {
    "leg_length": (0.20, on(SHAFTS, "length")),
    "foreleg_length": (0.08, on(FORE[:3], "length")),
    "cannon_length": (0.22, on(("Leg3", "LegBack3"), "length")),
    "upper_leg_length": (0.10, on(("Leg1", "LegBack1"), "length")),
    "leg_girth": (0.25, on(("Leg2", "Leg3", "LegBack2", "LegBack3"), "depth", "width")),
    "thigh_girth": (0.18, on(("Leg1", "LegBack1"), "depth", "width")),
    "foot_size": (0.25, on(("Foot", "FootBack"), "length", "depth", "width")),
    "foot_length": (0.22, on(("Foot", "FootBack"), "length")),
    "hind_straight": (
        0.16, {"LegBack1.pitch": 0.6, "LegBack2.pitch": -1.3, "LegBack3.pitch": 0.75, "FootBack.pitch": -0.05}),
    "pastern_straight": (0.20, {"Leg3.pitch": 1.0, "Foot.pitch": -0.9}),
    "trunk_depth": (0.16, on(SPINE, "depth")),
    "trunk_width": (0.20, on(SPINE, "width")),
    "chest_depth": (0.10, on(CHEST, "depth")),
    "chest_width": (0.10, on(CHEST, "width")),
    "loin_depth": (0.12, on(LOIN, "depth")),
    "loin_width": (0.10, on((*LOIN, "pelvis"), "width")),
    "chest_length": (0.10, on(CHEST, "length")),
    "rump_size": (0.10, on(("pelvis",), "length", "depth", "width")),
    # The whole trunk turned, shoulders up for less than 0; legs, neck and tail keep their directions.
    "trunk_slope": (0.04, {
        "pelvis.pitch": 1.0, "LegBack1.pitch": -1.0, "Leg1.pitch": -1.0, "Neck.pitch": -1.0, "Tail1.pitch": -0.7}),
    # The hind foot laid down toward the heel, and legs bent under the body, as in bears and in rabbits.
    "plantigrade": (0.08, {"LegBack3.pitch": -1.0, "FootBack.pitch": 1.0}),
    "hind_bent": (0.10, {"LegBack1.pitch": -0.8, "LegBack2.pitch": 1.5, "LegBack3.pitch": -0.7}),
    "fore_bent": (0.06, {"Leg1.pitch": 0.8, "Leg2.pitch": -1.2, "Leg3.pitch": 0.4}),
    # A hunched back: up from the tail and down again to the shoulders.
    "back_arch": (0.05, {
        "pelvis.pitch": -1.0, **on(SPINE[1:], "pitch", by=1 / 3), "LegBack1.pitch": 1.0, "Leg1.pitch": -1.0,
        "Neck.pitch": -1.0, "Tail1.pitch": 0.7}),
    "croup_slope": (
        0.06, {"pelvis.pitch": 1.0, "pelvis0.pitch": -1.0, "LegBack1.pitch": -1.0, "Tail1.pitch": -0.5}),
    "back_rise": (
        0.05, {"pelvis0.pitch": -0.33, "spine0.pitch": -0.33, "spine2.pitch": -0.34, "Leg1.pitch": 1.0, "Neck.pitch": 0.5}),
    "neck_length": (0.25, on(("Neck",), "length")),
    "neck_girth": (0.22, on(("Neck",), "depth", "width")),
    "neck_depth": (0.12, on(("Neck",), "depth")),
    "neck_pitch": (0.22, {"Neck.pitch": 1.0, "Head.pitch": -1.0}),
    "head_pitch": (0.15, {"Head.pitch": 1.0}),
    "head_size": (0.22, on(("Head", "Muzzle"), "length", "depth", "width")),
    "head_width": (0.14, on(("Head", "Muzzle"), "width")),
    "head_depth": (0.12, on(("Head", "Muzzle"), "depth")),
    "muzzle_length": (0.26, on(("Muzzle",), "length")),
    "muzzle_girth": (0.20, on(("Muzzle",), "depth", "width")),
    "jaw_depth": (0.12, on(("Chin",), "depth")),
    "ear_length": (0.28, on(("Ear",), "length")),
    "ear_width": (0.18, on(("Ear",), "width", "depth")),
    "ear_roll": (0.30, {"Ear.roll": -1.0}),
    "ear_fold": (0.25, {"EarTip.roll": -1.0, "EarTip.yaw": 0.7}),
    "ear_pitch": (0.25, {"Ear.pitch": -1.0}),
    "ear_size": (0.15, on(("Ear",), "length", "width", "depth")),
    "ear_yaw": (0.20, {"Ear.yaw": 1.0}),
    "ear_round": (0.35, {"ear.round": 1.0}),
    "ear_tuft": (0.10, {"ear.tuft": 1.0}),
    "ear_apart": (0.03, {"head.ear_front.y": 1.0, "head.ear_back.y": 1.0}),
    "ear_low": (0.04, {"head.ear_front.z": -1.0, "head.ear_back.z": -1.0, "head.ear_front.y": 0.5, "head.ear_back.y": 0.5}),
    "ear_back": (0.03, {"head.ear_front.x": -1.0, "head.ear_back.x": -1.0}),
    "eye_size": (0.10, {"eye.size": 1.0}),
    "eyes_front": (0.03, {"head.eye.x": 1.0, "head.brow.x": 0.8, "head.temple.x": 0.4}),
    "skull_round": (0.04, {
        "head.forehead.z": 1.0, "head.forehead.x": 0.4, "head.crown.z": 0.7, "head.temple.y": 0.6, "head.brow.z": 0.4}),
    "stop": (0.03, {"head.stop.z": -1.0, "head.nose_bridge.z": -0.4, "head.forehead.z": 0.6, "head.brow.z": 0.6}),
    "roman_nose": (0.03, {"head.stop.z": 0.7, "head.nose_bridge.z": 1.0}),
    "cheeks": (0.04, {"head.cheek.y": 1.0, "head.jaw_angle.y": 0.8}),
    "jowls": (0.03, {"head.whisker_pad.y": 1.0, "head.mouth_corner.y": 0.7}),
    "snout_width": (0.03, {"head.muzzle_side.y": 1.0, "head.whisker_pad.y": 1.0, "head.nostril.y": 0.6}),
    "chin_deep": (0.03, {"head.chin.z": -0.5, "head.upper_lip.z": -0.5, "head.lower_jaw.z": -1.0}),
    "jaw_line": (0.03, {"head.jaw_angle.z": -1.0, "head.throat_top.z": -0.8, "head.lower_jaw.z": -0.5}),
    "tail_length": (0.30, on(TAIL, "length")),
    "tail_girth": (0.22, on(TAIL, "depth", "width")),
    "tail_brush": (0.15, on(TAIL[3:], "depth", "width")),
    "tail_plume": (0.12, {
        f"Tail{k}.{axis}": by
        for k, by in enumerate((0.2, 0.6, 1.0, 1.1, 1.0, 0.7, 0.3), start=1)
        for axis in ("depth", "width")}),
    "tail_droop": (0.28, {"Tail1.pitch": -1.0}),
    "tail_curl": (0.30, {"Tail3.pitch": 0.5, "Tail5.pitch": 0.5}),
    "withers": (0.020, {"bump.withers": 1.0}),
    "hump": (0.020, {"bump.hump": 1.0}),
    "croup": (0.020, {"bump.croup": 1.0}),
    "loin": (0.012, {"bump.loin": 1.0}),
    "belly": (0.035, {"bump.belly": 1.0}),
    "groin": (0.025, {"bump.groin": 1.0}),
    "brisket": (0.025, {"bump.brisket": 1.0}),
    "flank": (0.025, {"bump.flank": 1.0}),
}  # fmt: skip
# How much single parameters vary beside the traits, by axis.
NOISE = {
    "length": 0.05, "depth": 0.05, "width": 0.05, "pitch": 0.025, "roll": 0.1, "yaw": 0.1, "withers": 0.005,
    "x": 0.01, "y": 0.01, "z": 0.01, "size": 0.05, "round": 0.1,
}  # fmt: skip


def expand(traits: Mapping[str, float]) -> np.ndarray:
    """The warp's parameter vector (P,) for named traits; a name of the warp itself ("Leg3.length") may stand among them."""
    total = np.zeros(len(PARAMETERS))
    for name, amount in traits.items():
        if name in TRAITS:
            total += amount * parameter_vector(TRAITS[name][1])
        else:
            total += parameter_vector({name: amount})
    return total


def noise_scale() -> np.ndarray:
    """Standard deviation (P,) of each single parameter."""
    scale = np.array([NOISE.get(name.split(".")[-1], 0.004) for name in PARAMETERS])
    scale[[POSITION[name] for name in ("Chin.length", "Chin.width", "Chin.pitch")]] = 0.0  # or the lips would part
    return scale
