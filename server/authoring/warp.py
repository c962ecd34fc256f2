"""Change a quadruped's proportions: lengths, girths and angles of its parts, and soft bumps on its surface.

Every bone scales about its own start along three axes (length, depth, width) and may turn about the left axis; children are
carried along without inheriting the scale. A vertex follows its bones by smooth weights. Some bones SMAL lacks: the outer
halves of the ears, so that ears can hang, and muzzle and chin, which split the face from the skull; both of these start
on the line of the lips and the chin adds its own change to the muzzle's, so that the mouth stays shut. Left and right
always change alike.

Beside the bones there are displacement fields, added to the surface before the bones move it: soft bumps of the trunk, the
handles of the head (`head.py`) and, where those modules are there, what `feet.py` and `giants.py` add.

Parameters are one flat vector: logarithms of factors, radians for `pitch` (about y), `roll` (about x) and `yaw` (about z),
shares of the trunk's length for `bump`, of the head's length for `head`.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import ModuleType

import numpy as np

from . import head
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


def field_modules() -> list[ModuleType]:
    """The modules that add fields of their own: each has FIELDS (names) and extra_fields(warp) -> {name: (V, 3)}."""
    names = [f"{__package__}.{name}" for name in ("feet", "giants")]
    return [importlib.import_module(name) for name in names if importlib.util.find_spec(name)]


EXTRA_FIELDS = tuple(name for module in field_modules() for name in module.FIELDS)
FIELDS = (*(f"bump.{name}" for name in BUMPS), *head.FIELDS, *EXTRA_FIELDS)
PARAMETERS = (
    *(f"{part}.{axis}" for part in PARTS for axis in AXES),
    *("Ear.roll", "Ear.yaw", "EarTip.roll", "EarTip.yaw"),
    *FIELDS,
)
POSITION = {name: index for index, name in enumerate(PARAMETERS)}
FIELD_POSITIONS = np.array([POSITION[name] for name in FIELDS])
MIRROR = np.array([1.0, -1.0, 1.0])
EAR_FOLD = 0.35  # of the ear's length: where a hanging ear bends


def parameter_vector(values: Mapping[str, float]) -> np.ndarray:
    """A flat vector (P,) with the named parameters set; KeyError names an unknown one."""
    vector = np.zeros(len(PARAMETERS))
    for name, value in values.items():
        vector[POSITION[name]] = value
    return vector


def rotation(axis: int, angle: np.ndarray) -> np.ndarray:
    """Rotation matrices (N, 3, 3) about x (0), y (1) or z (2) by angles (N,)."""
    c, s = np.cos(angle), np.sin(angle)
    i, j = (axis + 1) % 3, (axis + 2) % 3
    matrix = np.tile(np.eye(3), (len(angle), 1, 1))
    matrix[:, i, i] = matrix[:, j, j] = c
    matrix[:, i, j], matrix[:, j, i] = -s, s
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
    """The machinery for one rest surface: call `apply` with a parameter vector, `apply_many` with several.

    vertices (V, 3), faces (F, 3), joints (35, 3), weights (V, 35) in any one unit; symmetric. lips (2, 3): the middle
    between the mouth's corners and the front of the closed lips. template: the warp of another surface of the same
    topology whose landmarks and vertex shares are taken over, since the same vertices are the same places there.
    """

    vertices: np.ndarray
    faces: np.ndarray
    joints: np.ndarray
    weights: np.ndarray
    lips: np.ndarray
    template: Warp | None = None
    places: dict[str, np.ndarray] = field(init=False)  # vertices of each landmark of the head, and of nose and ear tip
    origins: np.ndarray = field(init=False)  # (39, 3) where each node starts
    parents: np.ndarray = field(init=False)
    frames: np.ndarray = field(init=False)  # (39, 3, 3)
    shares: np.ndarray = field(init=False)  # (V, 39) sums to 1
    fields: np.ndarray = field(init=False)  # (n, V, 3) in the order of FIELDS

    def __post_init__(self) -> None:
        joints, ear = self.joints, INDEX["LEar"]
        object.__setattr__(self, "places", self.template.places if self.template else self._places())
        fold = joints[ear] + EAR_FOLD * (self.ear_tip() - joints[ear])
        origins = np.concatenate([joints, [self.lips[0], self.lips[0], fold, fold * MIRROR]])
        object.__setattr__(self, "origins", origins)
        parents = np.concatenate([PARENTS, [INDEX["Head"], INDEX["Mouth"], ear, INDEX["REar"]]])
        object.__setattr__(self, "parents", parents)
        object.__setattr__(self, "shares", self.template.shares if self.template else self._shares())
        object.__setattr__(self, "frames", self._frames(self.nose()))
        object.__setattr__(self, "fields", self._fields())

    def on(self, vertices: np.ndarray, joints: np.ndarray) -> Warp:
        """The same machinery on another surface (V, 3) of this topology with its joints (35, 3)."""
        ends = (("mouth_corner",), ("upper_lip", "chin"))
        moved = [
            np.mean([head.landmark(vertices - self.vertices, self.places, name) for name in names], axis=0)
            for names in ends
        ]
        lips = self.lips + np.array(moved) * (1.0, 0.0, 1.0)
        return Warp(vertices, self.faces, joints, self.weights, lips, self)

    def nose(self) -> np.ndarray:
        """The tip of the nose (3,), on the middle plane."""
        return self.vertices[self.places["nose"][0]] * (1.0, 0.0, 1.0)

    def ear_tip(self) -> np.ndarray:
        """The left ear's tip (3,)."""
        return self.vertices[self.places["ear_tip"][0]]

    def _places(self) -> dict[str, np.ndarray]:
        """Vertices of the landmarks, found on this surface: the foremost point is the nose, the ear's highest its tip."""
        above = self.vertices[:, 2] - self.joints[INDEX["LEar"], 2]
        nose = int(np.argmax(self.vertices[:, 0]))
        tip = int(np.argmax(self.weights[:, INDEX["LEar"]] * above))
        frame = head.head_frame(self.joints[INDEX["Head"]], self.vertices[nose] * (1.0, 0.0, 1.0))
        found = head.locate(self.vertices, self.weights, frame)
        return {**found, "nose": np.array([nose]), "ear_tip": np.array([tip])}

    def _shares(self) -> np.ndarray:
        """How much of every node a vertex follows (V, 39): the smoothed weights, face and ears split in two."""
        v, j = self.vertices, self.joints
        skull, mouth, ear = INDEX["Head"], INDEX["Mouth"], INDEX["LEar"]
        forward, tip = self.nose() - j[skull], self.ear_tip() - j[ear]
        along = (v - j[skull]) @ forward / (forward @ forward)
        face = step(along, (self.lips[0] - j[skull]) @ forward / (forward @ forward), 0.22)
        smoothed = smooth(self.weights, self.faces, 20)
        shares = np.concatenate([smoothed, np.zeros((len(v), len(EXTRA)))], axis=1)
        splits = [(skull, MUZZLE, face), (mouth, CHIN, face)]
        for bone, extra, flip in ((ear, LEFT_TIP, np.ones(3)), (INDEX["REar"], RIGHT_TIP, MIRROR)):
            up = (v * flip - j[ear]) @ tip / (tip @ tip)
            splits.append((bone, extra, step(up, EAR_FOLD, 0.2)))
        for bone, extra, share in splits:
            shares[:, extra] = shares[:, bone] * share
            shares[:, bone] -= shares[:, extra]
        return shares / shares.sum(axis=1, keepdims=True)

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

    def _fields(self) -> np.ndarray:
        """Every displacement field (n, V, 3) for a parameter of 1, in the order of FIELDS."""
        parts = [INDEX[name] for name in ("Head", "Mouth", "LEar", "REar")] + list(
            range(len(JOINT_NAMES), len(NODE_NAMES))
        )
        belongs = self.shares[:, parts].sum(axis=1)
        named = dict(zip((f"bump.{name}" for name in BUMPS), self._bumps(), strict=True))
        named |= head.head_fields(
            self.vertices, self.faces, self.joints, self.weights, belongs, self.places, self.ear_tip()
        )
        for module in field_modules():
            named |= module.extra_fields(self)
        return np.stack([named[name] for name in FIELDS])

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
        """Matrices (N, 39, 3, 3) and new origins (N, 39, 3) of the nodes for parameter vectors (N, P)."""
        count = len(parameters)
        matrices, turned = np.zeros((2, count, len(self.origins), 3, 3))
        places = np.zeros((count, *self.origins.shape))

        def total(names: tuple[str, ...], axis: str) -> np.ndarray:
            return parameters[:, [POSITION[f"{name}.{axis}"] for name in names]].sum(axis=1)

        for node, parent in enumerate(self.parents):
            part, sign = part_of(node), -1.0 if side_of(node) == "R" else 1.0
            sources = FOLLOWS.get(part, (part,))
            scale = np.exp(np.stack([total(sources, axis) for axis in AXES[:3]], axis=1))
            turn = rotation(1, total(() if part in ("Mouth", "EarTip") else sources, "pitch"))
            if part in ("Ear", "EarTip"):
                turn = rotation(2, sign * total((part,), "yaw")) @ turn
                turn = rotation(0, sign * total((part,), "roll")) @ turn
            turned[:, node] = turned[:, parent] @ turn if parent >= 0 else turn
            frame = self.frames[node]
            matrices[:, node] = turned[:, node] @ ((frame * scale[:, None]) @ frame.T)
            places[:, node] = self.origins[node]
            if parent >= 0:
                places[:, node] = places[:, parent] + matrices[:, parent] @ (self.origins[node] - self.origins[parent])
        return matrices, places

    def apply_many(self, parameters: np.ndarray, keep_trunk: bool = True) -> tuple[np.ndarray, np.ndarray]:
        """Vertices (N, V, 3) and joints (N, 35, 3) of the animals changed by parameter vectors (N, P); see `apply`."""
        parameters = np.asarray(parameters, np.float64)
        matrices, places = self.transforms(parameters)
        surface = self.vertices + np.tensordot(parameters[:, FIELD_POSITIONS], self.fields, axes=1)
        offsets = places - np.einsum("bnij,nj->bni", matrices, self.origins)
        affine = np.concatenate([matrices, offsets[..., None]], axis=3)  # (N, 39, 3, 4)
        blended = np.matmul(self.shares, affine.reshape(len(affine), -1, 12)).reshape(len(affine), -1, 3, 4)
        vertices = np.einsum("bvij,bvj->bvi", blended[..., :3], surface) + blended[..., 3]
        joints = places[:, : len(JOINT_NAMES)]
        if keep_trunk:
            first, last = INDEX["pelvis"], INDEX["spine3"]
            own = np.linalg.norm(self.joints[last] - self.joints[first])
            ratio = (own / np.linalg.norm(joints[:, last] - joints[:, first], axis=1))[:, None, None]
            middle = (joints[:, first] + joints[:, last])[:, None] / 2
            shift = (self.joints[first] + self.joints[last]) / 2 - ratio * middle
            vertices, joints = ratio * vertices + shift, ratio * joints + shift
        return vertices, joints

    def apply(self, parameters: np.ndarray, keep_trunk: bool = True) -> tuple[np.ndarray, np.ndarray]:
        """Vertices (V, 3) and joints (35, 3) of the animal changed by a parameter vector (P,).

        keep_trunk scales and moves the result so that pelvis and spine3 stay as far apart, and their middle where it was.
        """
        vertices, joints = self.apply_many(np.asarray(parameters)[None], keep_trunk)
        return vertices[0], joints[0]
