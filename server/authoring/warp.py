"""Change a quadruped's proportions: lengths, girths and angles of its parts, and soft bumps on its surface.

Every bone scales about its own start along three axes (length, depth, width) and may turn about the left axis; children are
carried along without inheriting the scale. A vertex follows its bones by smooth weights. Some bones SMAL lacks: the outer
halves of the ears, so that ears can hang, and muzzle and chin, which split the face from the skull; both of these start
on the line of the lips and the chin adds its own change to the muzzle's, so that the mouth stays shut. Left and right
always change alike.

Parameters are one flat vector: logarithms of factors, radians for `pitch` (about y), `roll` (about x) and `yaw` (about z),
shares of the trunk's length for `bump`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from .skeleton import INDEX, JOINT_NAMES, PARENTS, SPINE, TAIL, step
from .surface import smooth, vertex_normals

LIMB_PARTS = ("Leg1", "Leg2", "Leg3", "Foot", "LegBack1", "LegBack2", "LegBack3", "FootBack")
EXTRA = ("Muzzle", "Chin", "LEarTip", "REarTip")
NODE_NAMES = (*JOINT_NAMES, *EXTRA)
MUZZLE, CHIN, LEFT_TIP, RIGHT_TIP = range(len(JOINT_NAMES), len(NODE_NAMES))
PARTS = (*SPINE, "Neck", "Head", *LIMB_PARTS, *TAIL, "Ear", "Muzzle", "Chin")
# Whose parameters a part sums up, where not its own.
FOLLOWS = {"Mouth": ("Head",), "Chin": ("Muzzle", "Chin"), "EarTip": ("Ear",)}
# Soft bumps: place along the trunk (pelvis 0, spine3 1), side (the normal's z: above 1, below -1), width along the trunk.
BUMPS = {
    "withers": (1.02, 1.0, 0.22), "hump": (0.55, 1.0, 0.22), "croup": (-0.05, 1.0, 0.25), "loin": (0.30, 1.0, 0.25),
    "belly": (0.45, -1.0, 0.30), "groin": (0.10, -1.0, 0.25), "brisket": (0.95, -1.0, 0.22), "flank": (0.45, 0.0, 0.35),
}  # fmt: skip
AXES = ("length", "depth", "width", "pitch")
PARAMETERS = (
    *(f"{part}.{axis}" for part in PARTS for axis in AXES),
    *("Ear.roll", "EarTip.roll", "EarTip.yaw"),
    *(f"bump.{name}" for name in BUMPS),
)
POSITION = {name: index for index, name in enumerate(PARAMETERS)}
MIRROR = np.array([1.0, -1.0, 1.0])
EAR_FOLD = 0.35  # of the ear's length: where a hanging ear bends


def parameter_vector(values: Mapping[str, float]) -> np.ndarray:
    """A flat vector (P,) with the named parameters set; KeyError names an unknown one."""
    vector = np.zeros(len(PARAMETERS))
    for name, value in values.items():
        vector[POSITION[name]] = value
    return vector


def rotation(axis: int, angle: float) -> np.ndarray:
    """Rotation matrix (3, 3) about x (0), y (1) or z (2)."""
    c, s = np.cos(angle), np.sin(angle)
    i, j = (axis + 1) % 3, (axis + 2) % 3
    matrix = np.eye(3)
    matrix[i, i] = matrix[j, j] = c
    matrix[i, j], matrix[j, i] = -s, s
    return matrix


def bone_frame(direction: np.ndarray) -> np.ndarray:
    """Columns length, depth, width: the bone's direction, and the left axis made square to it as width."""
    along = direction / np.linalg.norm(direction)
    width = np.array([0.0, 1.0, 0.0]) - along[1] * along
    width /= np.linalg.norm(width)
    return np.stack([along, np.cross(width, along), width], axis=1)


def side_of(node: int) -> str:
    """ "L", "R" or "" for a node."""
    name = NODE_NAMES[node]
    return name[0] if name[1:2].isupper() and name[0] in "LR" else ""


def part_of(node: int) -> str:
    """The part a node belongs to: its name without the side."""
    return NODE_NAMES[node].removeprefix(side_of(node))


@dataclass(frozen=True)
class Warp:
    """The machinery for one rest surface: call `apply` with a parameter vector.

    vertices (V, 3), faces (F, 3), joints (35, 3), weights (V, 35) in any one unit; symmetric. lips (2, 3): the middle
    between the mouth's corners and the front of the closed lips.
    """

    vertices: np.ndarray
    faces: np.ndarray
    joints: np.ndarray
    weights: np.ndarray
    lips: np.ndarray
    origins: np.ndarray = field(init=False)  # (39, 3) where each node starts
    parents: np.ndarray = field(init=False)
    frames: np.ndarray = field(init=False)  # (39, 3, 3)
    shares: np.ndarray = field(init=False)  # (V, 39) sums to 1
    bumps: np.ndarray = field(init=False)  # (n, V, 3)

    def __post_init__(self) -> None:
        head, mouth = INDEX["Head"], INDEX["Mouth"]
        v, j = self.vertices, self.joints
        nose = v[np.argmax(v[:, 0])] * (1, 0, 1)
        muzzle = chin = self.lips[0]
        ear = INDEX["LEar"]
        ear_tip = self.ear_tip()
        fold = j[ear] + EAR_FOLD * (ear_tip - j[ear])
        origins = np.concatenate([j, [muzzle, chin, fold, fold * MIRROR]])
        parents = np.concatenate([PARENTS, [head, mouth, ear, INDEX["REar"]]])
        smoothed = smooth(self.weights, self.faces, 20)
        along = (v - j[head]) @ (nose - j[head]) / ((nose - j[head]) @ (nose - j[head]))
        start = (muzzle - j[head]) @ (nose - j[head]) / ((nose - j[head]) @ (nose - j[head]))
        face = step(along, start, 0.22)
        shares = np.concatenate([smoothed, np.zeros((len(v), len(EXTRA)))], axis=1)
        splits = [(head, MUZZLE, face), (mouth, CHIN, face)]
        for bone, extra, flip in ((ear, LEFT_TIP, np.ones(3)), (INDEX["REar"], RIGHT_TIP, MIRROR)):
            up = (v * flip - j[ear]) @ (ear_tip - j[ear]) / ((ear_tip - j[ear]) @ (ear_tip - j[ear]))
            splits.append((bone, extra, step(up, EAR_FOLD, 0.2)))
        for bone, extra, share in splits:
            shares[:, extra] = shares[:, bone] * share
            shares[:, bone] -= shares[:, extra]
        object.__setattr__(self, "origins", origins)
        object.__setattr__(self, "parents", parents)
        object.__setattr__(self, "shares", shares / shares.sum(axis=1, keepdims=True))
        object.__setattr__(self, "frames", self._frames(nose))
        object.__setattr__(self, "bumps", self._bumps())

    def ear_tip(self) -> np.ndarray:
        """The left ear's highest point (3,)."""
        above = self.vertices[:, 2] - self.joints[INDEX["LEar"], 2]
        return self.vertices[np.argmax(self.weights[:, INDEX["LEar"]] * above)]

    def _frames(self, nose: np.ndarray) -> np.ndarray:
        """The axes along which each node scales (39, 3, 3)."""
        frames = np.zeros((len(self.origins), 3, 3))
        for node in range(len(self.origins)):
            part = part_of(node)
            children = np.flatnonzero(self.parents == node)
            if part in SPINE or part in ("Foot", "FootBack"):
                direction = np.array([1.0, 0.0, 0.0])
            elif part in ("Muzzle", "Chin"):
                direction = self.lips[1] - self.lips[0]
            elif part in ("Head", "Mouth"):
                direction = nose - self.origins[INDEX["Head"]]
            elif part in ("Ear", "EarTip"):
                direction = (self.ear_tip() - self.origins[INDEX["LEar"]]) * (MIRROR if side_of(node) == "R" else 1.0)
            elif len(children):
                direction = self.origins[children[0]] - self.origins[node]
            else:
                direction = self.origins[node] - self.origins[self.parents[node]]
            frames[node] = bone_frame(direction)
        return frames

    def _bumps(self) -> np.ndarray:
        """Unit displacement fields (n, V, 3) on trunk vertices, smooth and symmetric."""
        start, end = self.joints[INDEX["pelvis"]], self.joints[INDEX["spine3"]]
        length = end[0] - start[0]
        along = (self.vertices[:, 0] - start[0]) / length
        normals = smooth(vertex_normals(self.vertices, self.faces), self.faces, 6)
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
        trunk = self.shares[:, [INDEX[name] for name in SPINE]].sum(axis=1) + 0.5 * self.shares[:, INDEX["Neck"]]
        trunk = smooth(step(trunk, 0.55, 0.4), self.faces, 4)
        fields = []
        for place, side, width in BUMPS.values():
            facing = np.clip(1 - np.abs(normals[:, 2] - side) / 1.1, 0, None) ** 1.5
            amount = smooth(np.exp(-(((along - place) / width) ** 2)) * facing * trunk, self.faces, 6)
            amount /= amount.max()
            direction = normals * (1, 1, 0) if side == 0 else np.array([0.0, 0.0, side])
            fields.append(length * amount[:, None] * direction)
        return np.stack(fields)

    def transforms(self, parameters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Matrices (39, 3, 3) and new origins (39, 3) of the nodes for a parameter vector (P,)."""
        matrices, turned = np.zeros((len(self.origins), 3, 3)), np.zeros((len(self.origins), 3, 3))
        places = np.zeros_like(self.origins)
        for node, parent in enumerate(self.parents):
            part = part_of(node)
            sources = FOLLOWS.get(part, (part,))
            scale = np.exp([sum(parameters[POSITION[f"{name}.{axis}"]] for name in sources) for axis in AXES[:3]])
            pitched = () if part in ("Mouth", "EarTip") else sources
            turn = rotation(1, sum(parameters[POSITION[f"{name}.pitch"]] for name in pitched))
            if part in ("Ear", "EarTip"):
                sign = -1.0 if side_of(node) == "R" else 1.0
                if part == "EarTip":
                    turn = rotation(2, sign * parameters[POSITION["EarTip.yaw"]]) @ turn
                turn = rotation(0, sign * parameters[POSITION[f"{part}.roll"]]) @ turn
            turned[node] = (turned[parent] if parent >= 0 else np.eye(3)) @ turn
            frame = self.frames[node]
            matrices[node] = turned[node] @ (frame * scale) @ frame.T
            if parent >= 0:
                places[node] = places[parent] + matrices[parent] @ (self.origins[node] - self.origins[parent])
            else:
                places[node] = self.origins[node]
        return matrices, places

    def apply(self, parameters: np.ndarray, keep_trunk: bool = True) -> tuple[np.ndarray, np.ndarray]:
        """Vertices (V, 3) and joints (35, 3) of the changed animal.

        keep_trunk scales and moves the result so that pelvis and spine3 stay as far apart, and their middle where it was.
        """
        matrices, places = self.transforms(parameters)
        amounts = parameters[[POSITION[f"bump.{name}"] for name in BUMPS]]
        surface = self.vertices + np.tensordot(amounts, self.bumps, axes=1)
        offsets = places - np.einsum("nij,nj->ni", matrices, self.origins)
        vertices = np.einsum("vn,nij,vj->vi", self.shares, matrices, surface, optimize=True) + self.shares @ offsets
        joints = places[: len(JOINT_NAMES)]
        if keep_trunk:
            first, last = INDEX["pelvis"], INDEX["spine3"]
            ratio = np.linalg.norm(self.joints[last] - self.joints[first]) / np.linalg.norm(
                joints[last] - joints[first]
            )
            shift = (self.joints[first] + self.joints[last]) / 2 - ratio * (joints[first] + joints[last]) / 2
            vertices, joints = ratio * vertices + shift, ratio * joints + shift
        return vertices, joints
