"""SMAL's 35 joints on the template: where they sit, and which vertex follows which.

Limbs, skull and jaw take the source's own bone columns. Trunk and tail are spread along their chain by overlapping steps,
so that a vertex between two joints shares them smoothly. The ears have no source bone: theirs are made from distance along the ear.
"""

from __future__ import annotations

import numpy as np

from .source import Skin
from .surface import smooth
from .template import JAW_HINGE, Template

JOINT_NAMES = (
    "pelvis", "pelvis0", "spine", "spine0", "spine1", "spine2", "spine3",
    "LLeg1", "LLeg2", "LLeg3", "LFoot", "RLeg1", "RLeg2", "RLeg3", "RFoot", "Neck", "Head",
    "LLegBack1", "LLegBack2", "LLegBack3", "LFootBack", "RLegBack1", "RLegBack2", "RLegBack3", "RFootBack",
    "Tail1", "Tail2", "Tail3", "Tail4", "Tail5", "Tail6", "Tail7", "Mouth", "LEar", "REar",
)  # fmt: skip
PARENTS = np.array(
    [-1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 6, 11, 12, 13, 6, 15, 0, 17, 18, 19, 0, 21, 22, 23,
     0, 25, 26, 27, 28, 29, 30, 16, 16, 16]
)  # fmt: skip
INDEX = {name: index for index, name in enumerate(JOINT_NAMES)}
SPINE = ("pelvis", "pelvis0", "spine", "spine0", "spine1", "spine2", "spine3")
TAIL = tuple(f"Tail{k}" for k in range(1, 8))
LIMB_SOURCES = {
    "Leg1": "upper_arm", "Leg2": "lower_arm", "Leg3": "hand", "Foot": "finger",
    "LegBack1": "upper_leg", "LegBack2": "lower_leg", "LegBack3": "foot", "FootBack": "toe",
}  # fmt: skip
SPINE_PLACES = {  # metres in the source's frame: (x, z), along the lower edge of the vertebrae
    "pelvis": (-0.335, 0.482), "pelvis0": (-0.228, 0.500), "spine": (-0.154, 0.498), "spine0": (-0.083, 0.496),
    "spine1": (-0.012, 0.497), "spine2": (0.055, 0.498), "spine3": (0.118, 0.500), "Neck": (0.188, 0.512),
}  # fmt: skip
# The source turns its knee at the back of the leg; the stifle is in front.
LIMB_PLACES = {"LLegBack2": np.array([-0.314, 0.074, 0.303])}
EAR_BASE = np.array([0.287, 0.043, 0.722])
EAR_RADIUS = 0.036


def joint_mirror() -> np.ndarray:
    """Index (35,) of each joint's partner: L… and R… swap, the others stay."""
    other = {"L": "R", "R": "L"}
    return np.array([INDEX.get(other.get(name[0], "?") + name[1:], INDEX[name]) for name in JOINT_NAMES])


def tail_bones(skin: Skin, first: int = 1) -> list[str]:
    """Names of the source's tail vertebrae from number `first` to the tip."""
    return [name for name in skin.bone_names if name.startswith("Ca_") and int(name[3:]) >= first]


def tail_curve(skin: Skin, tip: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The tail's centre line as points (P, 3) with y = 0 and their arc lengths (P,), from vertebra 6 to the tip."""
    points = np.array([skin.head(name) for name in tail_bones(skin, 6)] + [tip])
    points[:, 1] = 0.0
    return points, np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])


def place_joints(template: Template) -> np.ndarray:
    """Joint places (35, 3) in the source's frame, mirrored exactly."""
    skin, vertices = template.source, template.vertices
    joints = np.zeros((len(JOINT_NAMES), 3))
    for name, (x, z) in SPINE_PLACES.items():
        joints[INDEX[name]] = (x, 0.0, z)
    joints[INDEX["Head"]] = skin.head("C_1")
    joints[INDEX["Mouth"]] = skin.head("jaw") + JAW_HINGE
    joints[INDEX["LEar"]] = EAR_BASE
    for ours, theirs in LIMB_SOURCES.items():
        joints[INDEX["L" + ours]] = LIMB_PLACES.get("L" + ours, skin.head(theirs + "_L"))
    points, arc = tail_curve(skin, vertices[np.argmin(vertices[:, 0])])
    for k, name in enumerate(TAIL):
        joints[INDEX[name]] = [np.interp(k / 7 * arc[-1], arc, points[:, axis]) for axis in range(3)]
    mirror = joint_mirror()
    for index, name in enumerate(JOINT_NAMES):
        if name.startswith("R"):
            joints[index] = joints[mirror[index]] * (1.0, -1.0, 1.0)
        elif mirror[index] == index:
            joints[index, 1] = 0.0
    return joints


def step(x: np.ndarray, centre: float, half_width: float) -> np.ndarray:
    """0 before, 1 after, a smooth cubic rise within half_width of the centre."""
    t = np.clip((x - centre) / (2 * half_width) + 0.5, 0.0, 1.0)
    return t * t * (3 - 2 * t)


def shares_along(x: np.ndarray, starts: np.ndarray, ends: float) -> np.ndarray:
    """Split along a chain: (V, n) shares that sum to 1, bone k holding starts[k] … starts[k+1]."""
    lengths = np.diff(np.append(starts, ends))
    beyond = [np.ones_like(x)]
    for k in range(1, len(starts)):
        beyond.append(step(x, starts[k], 0.8 * min(lengths[k - 1], lengths[k])))
    beyond.append(np.zeros_like(x))
    return np.stack([beyond[k] - beyond[k + 1] for k in range(len(starts))], axis=1)


def ear_share(vertices: np.ndarray, head: np.ndarray) -> np.ndarray:
    """How far (V,) each vertex belongs to the left ear."""
    left = vertices[:, 1] > 0
    tip = vertices[np.argmax(np.where(left & (head > 0.5), vertices[:, 2], -np.inf))]
    axis = (tip - EAR_BASE) / np.linalg.norm(tip - EAR_BASE)
    along = (vertices - EAR_BASE) @ axis
    aside = np.linalg.norm(vertices - EAR_BASE - along[:, None] * axis, axis=1)
    near = 1 - step(aside, EAR_RADIUS, 0.006)
    return np.where(left & (head > 0.5), step(along, 0.004, 0.014) * near, 0.0)


def raw_weights(template: Template, joints: np.ndarray) -> np.ndarray:
    """Weights (V, 35) before smoothing."""
    skin, vertices = template.source, template.vertices

    def column(*names: str) -> np.ndarray:
        return template.weights[:, [skin.bone_names.index(name) for name in names]].sum(axis=1)

    weights = np.zeros((len(vertices), len(JOINT_NAMES)))
    for ours, theirs in LIMB_SOURCES.items():
        for side in "LR":
            weights[:, INDEX[side + ours]] = column(f"{theirs}_{side}")
    weights[:, INDEX["Mouth"]] = column("jaw")
    weights[:, INDEX["Head"]] = column("skull") + 0.6 * column("C_1")
    weights[:, INDEX["Neck"]] = column("C_2", "C_3", "C_4", "C_5", "C_6") + 0.4 * column("C_1") + 0.6 * column("C_7")
    tail = column(*tail_bones(skin, 6))
    trunk = np.clip(1 - weights.sum(axis=1) - tail, 0, None)
    spine = [INDEX[name] for name in SPINE]
    weights[:, spine] += trunk[:, None] * shares_along(vertices[:, 0], joints[spine, 0], joints[INDEX["Neck"], 0])
    points, arc = tail_curve(skin, vertices[np.argmin(vertices[:, 0])])
    fine = np.linspace(0, arc[-1], 400)
    line = np.stack([np.interp(fine, arc, points[:, axis]) for axis in range(3)], axis=1)
    nearest = np.argmin(((vertices[:, None, ::2] - line[None, :, ::2]) ** 2).sum(axis=2), axis=1)
    tails = [INDEX[name] for name in TAIL]
    weights[:, tails] += tail[:, None] * shares_along(fine[nearest], np.arange(7) / 7 * arc[-1], arc[-1])
    ear = ear_share(vertices, column("skull", "jaw", "C_1", "C_2"))
    for side, share in (("L", ear), ("R", ear[template.mirror])):
        weights *= (1 - share)[:, None]
        weights[:, INDEX[side + "Ear"]] = share
    return weights / weights.sum(axis=1, keepdims=True)


def symmetrise(weights: np.ndarray, mirror: np.ndarray) -> np.ndarray:
    """Mean of the weights (V, 35) and their mirror image."""
    return (weights + weights[mirror][:, joint_mirror()]) / 2


def strongest(weights: np.ndarray, mirror: np.ndarray, keep: int = 4) -> np.ndarray:
    """The `keep` largest of each row, rescaled to sum 1; left and right keep mirrored joints exactly.

    On the midline a left-right pair is kept or dropped together, so that symmetry never costs a fifth joint.
    """
    pair = joint_mirror()
    result = np.zeros_like(weights)
    for vertex, row in enumerate(weights):
        if mirror[vertex] < vertex:
            continue
        chosen: list[int] = []
        for joint in np.argsort(-row, kind="stable"):
            group = {int(joint), int(pair[joint])} if mirror[vertex] == vertex else {int(joint)}
            if row[joint] > 0.01 and not group & set(chosen) and len(chosen) + len(group) <= keep:
                chosen += sorted(group)
        result[vertex, chosen] = row[chosen] / row[chosen].sum()
        result[mirror[vertex]] = result[vertex][pair]
    return result


def skinning_weights(template: Template, joints: np.ndarray) -> np.ndarray:
    """Smooth, symmetric weights (V, 35) with at most four joints to a vertex."""
    weights = symmetrise(smooth(raw_weights(template, joints), template.faces, 4), template.mirror)
    return strongest(weights / weights.sum(axis=1, keepdims=True), template.mirror)
