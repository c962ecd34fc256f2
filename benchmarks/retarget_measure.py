"""What is measured of a retargeted clip: where joints are in Blender's world, by the hand-written truth. None of the solver's code.

Joints are heads of bones, in metres, z up; two rigs are compared in axes of their own: forward from the hips to the shoulders of the rest
pose. The foot is the head of a leg's last true bone.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..scene.retarget.body_map import LEGS
from .retarget_truth import Truth

Array = NDArray[np.float64]

_SEGMENTS = ("upper", "lower", "cannon", "toes")
_LOW = 0.04
"""Leg lengths above its lowest within which a foot may stand."""


END = " (end)"
"""After a bone's name: where it ends."""


@dataclass(frozen=True, eq=False)
class Limbs:
    """The joints of a rig's legs in the world: leg → segment → where its first bone begins (F, 3); feet (F, 4, 3): the last bones' heads;
    every (F, n, 3): all joints of legs, and the ends of the last bones where these are known."""

    joints: dict[str, dict[str, Array]]
    feet: Array
    every: Array


def limbs(places: dict[str, Array], truth: Truth) -> Limbs:
    """From where all bones begin (name → (F, 3))."""
    joints: dict[str, dict[str, Array]] = {}
    feet, every = [], []
    for leg in LEGS:
        bones = [(bone, part) for segment in _SEGMENTS for bone, part in truth.parts.items()
                 if part == f"{leg}_{segment}" and bone in places]
        joints[leg] = {part.removeprefix(f"{leg}_"): places[bone] for bone, part in reversed(bones)}
        every += [places[bone] for bone, _ in bones]
        every += [places[end] for end in (bones[-1][0] + END,) if end in places]
        feet.append(places[bones[-1][0]])
    return Limbs(joints, np.stack(feet, axis=1), np.stack(every, axis=1))


def axes(rest: Limbs) -> Array:
    """(3, 3): columns are forward, left and up of a rig at rest (one frame)."""
    front = np.mean([rest.joints[leg]["upper"][0] for leg in LEGS[:2]], axis=0)
    hind = np.mean([rest.joints[leg]["upper"][0] for leg in LEGS[2:]], axis=0)
    forward = (front - hind) * [1, 1, 0]
    forward /= np.linalg.norm(forward)
    return np.stack([forward, np.cross([0, 0, 1.0], forward), [0, 0, 1.0]], axis=1)


def leg_length(rest: Limbs) -> float:
    """Height of the legs' tops above the lowest foot at rest."""
    tops = [rest.joints[leg]["upper"][0, 2] for leg in LEGS]
    return float(np.median(tops) - rest.feet[0, :, 2].min())


def limb_angles(source: Limbs, target: Limbs, source_axes: Array, target_axes: Array) -> Array:
    """Degrees (F, n) between directions of segments that both rigs have with the joint at their end."""
    out = []
    for leg in LEGS:
        here, there = source.joints[leg], target.joints[leg]
        names = [name for name in _SEGMENTS if name in here or name in there]
        for first, second in pairwise(names):
            if {first, second} <= set(here) & set(there):
                one = _unit((here[second] - here[first]) @ source_axes)
                two = _unit((there[second] - there[first]) @ target_axes)
                out.append(np.degrees(np.arccos(np.clip((one * two).sum(axis=-1), -1, 1))))
    return np.stack(out, axis=1)


def _unit(vectors: Array) -> Array:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)


def stands(feet: Array, length: float, fps: float) -> tuple[NDArray[np.bool_], Array]:
    """Contacts (F, 4) of feet (F, 4, 3), and the velocity (2,) of the ground under them, zero but for animals that walk on the spot.

    Low, not rising or falling, and going about as the ground does, which goes as the low feet do on average.
    """
    low = feet[..., 2] - np.quantile(feet[..., 2], 0.05, axis=0) < _LOW * length
    if len(feet) < 3:
        return low, np.zeros(2)
    speed = np.gradient(feet, axis=0) * fps / length
    calm = low & (np.abs(speed[..., 2]) < 1.0)
    means = np.array([speed[calm[:, k], k, :2].mean(axis=0) for k in range(4) if calm[:, k].any()])
    flow = np.median(means, axis=0) if len(means) else np.zeros(2)
    pace = np.linalg.norm(flow)
    if pace < 0.25 or (means @ flow < 0).any():
        flow, pace = np.zeros(2), 0.0
    off = np.linalg.norm(speed[..., :2] - flow, axis=-1)
    return calm & (off < max(0.5, pace)), flow * length


def slides(feet: Array, contacts: NDArray[np.bool_], treadmill: bool) -> Array:
    """How far (n,) feet (F, 4, 3) move over the ground from one frame of a contact to the next.

    treadmill: the ground goes under the animal, all the time at one speed: as most of the standing feet do.
    """
    steps = np.diff(feet[..., :2], axis=0)[contacts[1:] & contacts[:-1]]
    flow = np.median(steps, axis=0) if treadmill and len(steps) else np.zeros(2)
    return np.linalg.norm(steps - flow, axis=-1)


def sunk(target: Limbs, rest: Limbs) -> float:
    """How deep the deepest joint of a leg goes below the lowest one at rest."""
    return float(max(rest.every[..., 2].min() - target.every[..., 2].min(), 0.0))
