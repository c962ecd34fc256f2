"""Two small rigs and the rodent: the Khronos fox (mesh CC0), Mesh2Motion's horse (CC0) and dm_control's rodent (Apache-2.0).

Their eyes, and ears where no bone says, are read off the surface by hand once, in the files' own units.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ....animal.gltf import read_gltf, to_world
from ..source import Skin, SourceError, read_skin, skin_bytes
from .sources import PARTS, Source, dense_weights, mark_ears, soft_parts, weld

RODENT_PATH = "dm_control/locomotion/walkers/assets/rodent_walker_skin.skn"
RODENT_JAW = np.deg2rad(47.0)  # its mouth stands wide open


@dataclass(frozen=True)
class Plan:
    """How to read a rig: bone prefix (left, without side) -> part, bone -> joint, left eye, left ear's root and tip."""

    path: str
    parts: Mapping[str, tuple[str, ...]]
    joints: Mapping[str, str]
    eye: tuple[float, float, float]
    ear: tuple[tuple[float, float, float], tuple[float, float, float]]


FOX = Plan(
    "khronos_fox/Fox.glb",
    {
        "fore_left": ("b_LeftUpperArm", "b_LeftForeArm", "b_LeftHand"), "fore_right": ("b_RightUpperArm", "b_RightForeArm", "b_RightHand"),
        "hind_left": ("b_LeftLeg02", "b_LeftFoot"), "hind_right": ("b_RightLeg02", "b_RightFoot"), "tail": ("b_Tail",),
    },
    {
        "b_LeftUpperArm_06": "LLeg1", "b_LeftUpperArm_09": "LLeg1", "b_LeftForeArm_010": "LLeg2", "b_LeftHand_011": "LFoot",
        "b_LeftLeg02_016": "LLegBack2", "b_LeftFoot01_017": "LLegBack3", "b_LeftFoot02_018": "LFootBack", "b_Tail01_012": "Tail1",
    },
    (57.0, 5.0, 61.8), ((49.8, 7.0, 67.0), (50.5, 11.5, 78.9)),
)  # fmt: skip
HORSE = Plan(
    "mesh2motion/models-variation_fox-horse.glb",
    {
        "fore_left": ("Front_Leg_Lower_L", "Front_Leg_Ankle_L", "Front_Leg_Foot_L", "Front_Leg_Upper_L"),
        "fore_right": ("Front_Leg_Lower_R", "Front_Leg_Ankle_R", "Front_Leg_Foot_R", "Front_Leg_Upper_R"),
        "hind_left": ("Back_Leg_Lower_L", "Back_Leg_Ankle_L", "Back_Leg_Foot_L", "Back_Leg_Foot_1_L"),
        "hind_right": ("Back_Leg_Lower_R", "Back_Leg_Ankle_R", "Back_Leg_Foot_R", "Back_Leg_Foot_1_R"), "tail": ("Tail_",),
    },
    {
        "Front_Leg_Upper_L": "LLeg2", "Front_Leg_Lower_L": "LLeg3", "Front_Leg_Ankle_L": "LFoot",
        "Back_Leg_Lower_L": "LLegBack2", "Back_Leg_Ankle_L": "LLegBack3", "Back_Leg_Foot_L": "LFootBack", "Tail_Base": "Tail1",
    },
    (1.13, 0.10, 1.805), ((1.03, 0.085, 1.94), (1.04, 0.11, 2.05)),
)  # fmt: skip


def load_rig(name: str, plan: Plan, rigs: Path) -> Source | None:
    """One small rig in its bind pose, or None when the folder does not hold it."""
    path = rigs / plan.path
    if not path.is_file():
        return None
    mesh = read_gltf(path).skinned_meshes[0]
    heads = dict(zip(mesh.joint_names, to_world(np.linalg.inv(mesh.inverse_bind)[:, :3, 3]), strict=True))
    weights = dense_weights(mesh.joint_indices, mesh.joint_weights, len(mesh.joint_names))
    parts = np.zeros((len(weights), len(PARTS)))
    for part, bones in plan.parts.items():
        chosen = [k for k, bone in enumerate(mesh.joint_names) if bone.startswith(bones)]
        parts[:, PARTS.index(part)] = weights[:, chosen].sum(axis=1)
    vertices, faces, parts = weld(to_world(mesh.vertices), mesh.faces, parts)
    root, tip = (np.array(point) for point in plan.ear)
    parts = mark_ears(parts, vertices, root, tip)
    joints = {ours: heads[bone] for bone, ours in plan.joints.items() if bone in heads} | {"LEar": root}
    joints["Tail1"] = joints["Tail1"] * (1, 0, 1)
    ahead = vertices[:, 0] + 1e-3 * vertices[:, 2]
    nose = vertices[np.argmax(ahead)] * (1, 0, 1)
    return Source(name, vertices, faces, soft_parts(parts, vertices, faces), joints, nose, np.array(plan.eye))


def close_rodent(skin: Skin) -> np.ndarray:
    """Vertices (V, 3) with the jaw turned shut about its joint."""
    c, s = np.cos(-RODENT_JAW), np.sin(-RODENT_JAW)
    turn = np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])
    hinge = skin.head("jaw") * (1, 0, 1) - (0.012, 0, -0.004)
    follow = skin.column("jaw")[:, None]
    return skin.vertices + follow * ((skin.vertices - hinge) @ turn.T + hinge - skin.vertices)


def load_rodent(package: Path | None) -> Source:
    """dm_control's rat with its mouth shut."""
    skin = read_skin(skin_bytes(package, RODENT_PATH))
    names = {
        "fore": ("upper_arm", "lower_arm", "hand", "finger"), "hind": ("upper_leg", "lower_leg", "foot", "toe"),
    }  # fmt: skip
    parts = np.zeros((len(skin.vertices), len(PARTS)))
    for leg, bones in names.items():
        for side in ("left", "right"):
            chosen = [f"{bone}_{side[0].upper()}" for bone in bones]
            parts[:, PARTS.index(f"{leg}_{side}")] = skin.column(*chosen)
    tail = [bone for bone in skin.bone_names if bone.startswith("vertebra_C") and bone[10:].isdigit()]
    parts[:, PARTS.index("tail")] = skin.column(*tail)
    vertices, faces, parts = weld(close_rodent(skin), skin.faces, parts)
    root, tip = np.array((0.1085, 0.0105, 0.099)), np.array((0.0990, 0.0200, 0.1115))
    parts = mark_ears(parts, vertices, root, tip)
    pairs = {
        "LLeg1": "upper_arm", "LLeg2": "lower_arm", "LLeg3": "hand", "LFoot": "finger",
        "LLegBack1": "upper_leg", "LLegBack2": "lower_leg", "LLegBack3": "foot", "LFootBack": "toe",
    }  # fmt: skip
    joints = {ours: skin.head(f"{bone}_L") for ours, bone in pairs.items()}
    joints |= {"LEar": root, "Tail1": skin.head("vertebra_C3") * (1, 0, 1)}
    nose = vertices[np.argmax(vertices[:, 0])] * (1, 0, 1)
    return Source("rodent", vertices, faces, soft_parts(parts, vertices, faces), joints, nose, np.array((0.1158, 0.0122, 0.0932)))


def load_others(package: Path | None, rigs: Path | None) -> list[Source]:
    """The fox and the horse of the rigs' folder, and the rodent of dm_control, as far as they are there."""
    animals = [load_rig(name, plan, rigs) for name, plan in (("mesh2motion_horse", HORSE), ("khronos_fox", FOX))] if rigs else []
    found = [animal for animal in animals if animal is not None]
    if rigs and not found:
        raise SourceError(f"{rigs} holds neither {HORSE.path} nor {FOX.path}.")
    return [*found, load_rodent(package)]
