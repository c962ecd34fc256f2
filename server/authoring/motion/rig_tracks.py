"""What a rig does over time: its keypoints, and how far each of its bones has turned since it stood still.

Points of two animals never lie on the same spots, but a turn is a turn in both: positions say where the feet are, turns
say how the rest moves, twist included.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ....animal.gltf import SkinnedMesh, to_world
from ....animal.keypoints import SUPERSET
from ...evaluate.rigs import Rig

Array = NDArray[np.float64]

FPS = 30.0
# Our joint -> the rig's bones that may stand for it, the first that the rig has counts. Left side; the right mirrors it.
_QUATERNIUS_TRUNK = {
    "pelvis": ("Back",), "spine": ("Torso",), "spine0": ("Torso2",), "spine3": ("Torso3",),
    "Neck": ("Neck2",), "Head": ("Head",), "LEar": ("Ear2.L",),
    "Tail1": ("Tail2",), "Tail3": ("Tail4", "Tail3"), "Tail5": ("Tail6",), "Tail7": ("Tail8", "Tail7"),
    "LLegBack1": ("BackLeg.L",), "LLegBack2": ("BackUpperLeg.L",), "LLegBack3": ("BackLowerLeg.L",),
    "LFootBack": ("FFB.L",), "LLeg1": ("FrontUpperLeg.L",), "LFoot": ("FF.L",),
}  # fmt: skip
BONES: dict[str, dict[str, tuple[str, ...]]] = {
    # These legs have two bones before the foot. A canine's second is forearm and metacarpus in one ...
    "quaternius_canine": {**_QUATERNIUS_TRUNK, "LLeg2": ("FrontLowerLeg.L",)},
    # ... a hoofed animal's first is upper arm and forearm in one, and the second starts at the carpus.
    "quaternius_hoofed": {**_QUATERNIUS_TRUNK, "LLeg2": ("FrontUpperLeg.L",), "LLeg3": ("FrontLowerLeg.L",)},
    "mesh2motion_fox": {
        "pelvis": ("Hips",), "spine": ("Spine_1",), "spine1": ("Spine_2",), "spine3": ("Spine_2.001",),
        "Neck": ("Spine_4",), "Head": ("Head",), "Mouth": ("Chin",), "LEar": ("Ear_L",),
        "Tail1": ("Tail_Base",), "Tail2": ("Tail_Mid",), "Tail5": ("Tail_Mid.001",), "Tail7": ("Tail_End",),
        "LLeg1": ("Front_Leg_Upper_L",), "LLeg2": ("Front_Leg_Lower_L",), "LFoot": ("Front_Leg_Foot_L",),
        "LLegBack1": ("Back_Leg_Upper_L",), "LLegBack2": ("Back_Leg_Lower_L",), "LLegBack3": ("Back_Leg_Ankle_L",),
        "LFootBack": ("Back_Leg_Foot_1_L",),
    },
    "mesh2motion_horse": {
        "pelvis": ("hips",), "pelvis0": ("spine_1",), "spine0": ("spine_2",), "spine2": ("spine_3",),
        "Neck": ("spine_5",), "Head": ("head",), "Mouth": ("mouth",), "LEar": ("ear_1_l",),
        "Tail1": ("tail_1",), "Tail3": ("tail_2",), "Tail5": ("tail_3",), "Tail7": ("tail_4",),
        "LLeg1": ("front_humerus_l",), "LLeg2": ("front_leg_upper_l",), "LLeg3": ("front_leg_lower_l",),
        "LFoot": ("front_leg_ankle_l",), "LLegBack1": ("back_leg_upper_l",), "LLegBack2": ("back_leg_lower_l",),
        "LLegBack3": ("back_leg_ankle_l",), "LFootBack": ("back_leg_foot_l",),
    },
}  # fmt: skip


@dataclass(frozen=True)
class Track:
    """A clip of a rig at FPS: keypoints (F, 44, 3) metres in world axes, nan where the rig has no such point; turns
    {our joint: (F, 3, 3)} how its bone has turned, in world axes, since the rig's stance."""

    name: str
    keypoints: Array
    turns: dict[str, Array]

    def __len__(self) -> int:
        return len(self.keypoints)


class RigTracks:
    """A rig with its bones matched to our joints; `stance` is the moment that all turns are counted from."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        mesh = rig.meshes[0]
        names = set(mesh.joint_names)
        table = BONES[_skeleton_of(mesh)]
        sided = table | {"R" + ours[1:]: tuple(_right(bone) for bone in bones) for ours, bones in table.items()
                         if ours.startswith("L")}  # fmt: skip
        found = {ours: next((bone for bone in bones if bone in names), None) for ours, bones in sided.items()}
        self.bones = {ours: mesh.joint_names.index(bone) for ours, bone in found.items() if bone is not None}
        starts = np.cumsum([0, *(len(m.vertices) for m in rig.meshes)])
        self._blends = [_blend(m, rig.vertex_rows[:, a : a + len(m.vertices)])
                        for m, a in zip(rig.meshes, starts, strict=False)]  # fmt: skip
        self._has = (rig.vertex_rows.sum(axis=1) + rig.joint_rows.sum(axis=1)) > 0
        self.stance = self._sample("Idle" if "Idle" in rig.clips else None, np.zeros(1))

    @property
    def clips(self) -> list[str]:
        """Names of all clips that show a living animal."""
        return [name for name in sorted(self.rig.clips) if not any(w in name.lower() for w in ("death", "fall", "rest"))]

    def track(self, clip: str) -> Track:
        """A clip at FPS, both ends included. Raises GltfError for an unknown one."""
        frames = round(self.rig.clips[clip] * FPS) + 1
        keypoints, bones = self._sample(clip, np.linspace(0.0, self.rig.clips[clip], frames))
        return Track(clip, keypoints, self._turns(bones))

    def standing(self) -> Track:
        """The stance as a clip of one frame, every turn the identity."""
        keypoints, bones = self.stance
        return Track("stance", keypoints, self._turns(bones))

    def _turns(self, bones: Array) -> dict[str, Array]:
        still = self.stance[1][0]
        return {ours: bones[:, b] @ still[b].T for ours, b in self.bones.items()}

    def _sample(self, clip: str | None, times: Array) -> tuple[Array, Array]:
        """Keypoints (T, 44, 3) in metres and the bones' orientations (T, B, 3, 3) in world axes."""
        points = np.zeros((len(times), len(SUPERSET), 3))
        for mesh, blend in zip(self.rig.meshes, self._blends, strict=True):
            skin = mesh.joint_matrices(clip, times) @ mesh.inverse_bind
            points += np.einsum("tjab,kjb->tka", skin[..., :3, :], blend)
        first = self.rig.meshes[0].joint_matrices(clip, times)
        points += np.einsum("kj,tja->tka", self.rig.joint_rows, first[..., :3, 3])
        points = to_world(points) * self.rig.metres_per_unit
        points[:, ~self._has] = np.nan
        turn = first[..., [2, 0, 1], :3]
        return points, turn / np.linalg.norm(turn, axis=-2, keepdims=True)


def _skeleton_of(mesh: SkinnedMesh) -> str:
    """Which table of BONES a rig's joints belong to."""
    names = mesh.joint_names
    if "hips" in names:
        return "mesh2motion_horse"
    if "Hips" in names:
        return "mesh2motion_fox"
    # Quaternius' canines and hoofed animals share their bones' names; only canines' ears hang on the neck.
    ear = names.index("Ear1.L") if "Ear1.L" in names else -1
    on_neck = ear >= 0 and names[mesh.joint_parents[ear]].startswith("Neck")
    return "quaternius_canine" if on_neck else "quaternius_hoofed"


def _right(bone: str) -> str:
    """The bone's name on the other side."""
    return bone[:-2] + {".L": ".R", "_L": "_R", "_l": "_r"}.get(bone[-2:], bone[-2:])


def _blend(mesh: SkinnedMesh, rows: Array) -> Array:
    """(K, J, 4): how much of which place every joint's matrix carries into each keypoint."""
    homogeneous = np.concatenate([mesh.vertices, np.ones((len(mesh.vertices), 1))], axis=1)
    blend = np.zeros((len(rows), len(mesh.joint_nodes), 4))
    for k in range(len(rows)):
        used = np.flatnonzero(rows[k])
        for column in range(mesh.joint_indices.shape[1]):
            share = rows[k, used] * mesh.joint_weights[used, column]
            np.add.at(blend[k], mesh.joint_indices[used, column], share[:, None] * homogeneous[used])
    return blend
