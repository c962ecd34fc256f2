"""Coordinates on the skin in which coats are told: along the animal, across it, up its legs.

They follow the skeleton through the skinning weights: each joint measures along its own bone, and a vertex takes the
mean of its joints' measures, so they bend with neck and tail and are smooth wherever the weights are. They need SMAL's
joint names and a few keypoints, not any particular mesh. `coat_places` says what each coordinate means.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .coat_places import BOXES, Box
from .model import SMAL_JOINTS, AnimalModel

Array = NDArray[np.float64]

_J = {name: i for i, name in enumerate(SMAL_JOINTS)}
_TRUNK = ("pelvis", "pelvis0", "spine", "spine0", "spine1", "spine2", "spine3")
_TAIL = tuple(f"Tail{k}" for k in range(1, 8))
_HEAD = ("Head", "Mouth")
_FRONT = tuple(f"{side}{part}" for side in "LR" for part in ("Leg1", "Leg2", "Leg3", "Foot"))
_HIND = tuple(f"{side}{part}" for side in "LR" for part in ("LegBack1", "LegBack2", "LegBack3", "FootBack"))
_EARS = ("LEar", "REar")
NEEDED_KEYPOINTS = ("left_eye", "nose", "left_ear_tip")

# Body lengths that one unit of a coordinate is worth on an average animal: makes bounds of all kinds comparable.
_WORTH = {"axial": 0.5, "up": 0.4, "side": 0.13, "leg": 0.4, "eye": 0.35, "nose": 0.35, "ear": 0.15, "limb": 0.12}
_PART_WORTH = 0.12
_BINS = np.linspace(-1.0, 3.0, 41)


@dataclass(frozen=True)
class BodyFields:
    """Coordinates of V vertices: `at` maps each name of COORDINATES to (V,), `parts` each name of PARTS to (V,) 0..1.

    skin_up (V,): how far the skin faces up, -1..1. head_length: in the units of the vertices.
    """

    at: Mapping[str, Array]
    parts: Mapping[str, Array]
    skin_up: Array
    head_length: float

    def inside(self, place: str) -> Array:
        """(V,) how far inside a place each vertex lies, in body lengths: positive inside, 0 on its border."""
        return np.max([self._box(box) for box in BOXES[place]], axis=0)

    def _box(self, box: Box) -> Array:
        depth = _PART_WORTH * (self.parts[box.part] - 0.5)
        if box.part == "all":
            depth = np.ones_like(depth)
        for name, (least, most) in box.bounds.items():
            for bound, sign in ((least, 1.0), (most, -1.0)):
                if bound is not None:
                    depth = np.minimum(depth, sign * (self.at[name] - bound) * _WORTH[name])
        return depth


def can_measure(model: AnimalModel) -> bool:
    """Whether a model has the joints and keypoints that coats need."""
    return model.is_smal_profile and set(NEEDED_KEYPOINTS) <= set(model.keypoint_names)


def model_fields(model: AnimalModel) -> BodyFields:
    """The fields of a model's mean shape. The model must satisfy `can_measure`."""
    joints = model.J if model.J_regressor is None else model.J_regressor @ model.v_template
    points = dict(zip(model.keypoint_names, model.keypoint_matrix @ model.v_template, strict=True))
    return body_fields(model.v_template, model.faces, joints, model.weights, points)


def body_fields(
    vertices: Array, faces: NDArray[np.int32], joints: Array, weights: Array, points: Mapping[str, Array]
) -> BodyFields:
    """Measure a resting animal: vertices (V, 3), faces (F, 3), joints (35, 3), weights (V, 35), points name → (3,)."""
    share = {name: weights[:, [_J[joint] for joint in joints_of]].sum(axis=1) for name, joints_of in
             (("tail", _TAIL), ("neck", ("Neck",)), ("head", _HEAD), ("ears", _EARS), ("front", _FRONT), ("hind", _HIND))}
    axial, height = _chart(vertices, joints, weights, points)
    up, side = _across(vertices, axial, height, share["ears"] + share["front"] + share["hind"] < 0.4)
    ground = vertices[:, 2].min()
    trunk_middle = (np.abs(axial - 0.5) < 0.2) & (share["front"] + share["hind"] < 0.3)
    belly = vertices[trunk_middle, 2].min()
    leg = (vertices[:, 2] - ground) / (belly - ground)
    below = np.clip((1.25 - leg) / 0.3, 0.0, 1.0)  # shoulder and haunch above the belly line count as trunk
    folded = np.abs(vertices) * (0, 1, 0) + vertices * (1, 0, 1)
    head_length = float(np.linalg.norm(joints[_J["Head"]] - points["nose"]))
    eye, nose = (np.linalg.norm(folded - points[name], axis=1) / head_length for name in ("left_eye", "nose"))
    root, tip = joints[_J["LEar"]], points["left_ear_tip"]
    ear = (folded - root) @ (tip - root) / max(float((tip - root) @ (tip - root)), 1e-12)
    front, hind = share["front"] * below, share["hind"] * below
    trunk = 1.0 - share["tail"] - share["neck"] - share["head"] - share["ears"] - front - hind
    parts = {"all": np.ones(len(vertices)), "body": trunk + share["neck"] + share["head"], "trunk": trunk,
             "neck": share["neck"], "head": share["head"], "ears": share["ears"], "tail": share["tail"],
             "legs": front + hind, "front_legs": front, "hind_legs": hind}
    at = {"axial": axial, "up": up, "side": side, "leg": leg, "eye": eye, "nose": nose, "ear": ear,
          "limb": share["front"] + share["hind"]}
    return BodyFields(at, parts, vertex_normals(vertices, faces)[:, 2], head_length)


def flow(vertices: Array, joints: Array, weights: Array) -> Array:
    """(V,) the coordinate whose levels run round trunk, neck, head and tail as rings, and round the legs; body lengths.

    It is 0 at the tail's base and grows forward, falls along the tail, and grows down each leg from its top. For a
    shaped animal at rest: vertices (V, 3), joints (35, 3), weights (V, 35).
    """
    length = body_length(joints)
    axial, _ = _chart(vertices, joints, weights, None)
    for legs, root in ((_FRONT, "LLeg1"), (_HIND, "LLegBack1")):
        share = weights[:, [_J[name] for name in legs]].sum(axis=1)
        start = joints[_J[root]]
        top = float((start - joints[_J["Tail1"]]) @ _unit(joints[_J["Neck"]] - joints[_J["Tail1"]])) / length
        down = np.maximum(start[2] - vertices[:, 2], 0.0) / length
        lower = np.clip(down / 0.25, 0.0, 1.0) * share
        axial = (1.0 - lower) * axial + lower * (top + down)
    return axial


def body_length(joints: Array) -> float:
    """Base of the tail to base of the neck, the unit of all lengths in a coat."""
    return max(float(np.linalg.norm(joints[_J["Neck"]] - joints[_J["Tail1"]])), 1e-9)


def vertex_normals(vertices: Array, faces: NDArray[np.int32]) -> Array:
    """Area-weighted unit normals (V, 3)."""
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    cross = np.cross(b - a, c - a)
    normals = np.zeros_like(vertices)
    for k in range(3):
        np.add.at(normals, faces[:, k], cross)
    return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)


def _unit(vector: Array) -> Array:
    return vector / max(float(np.linalg.norm(vector)), 1e-12)


def _chart(vertices: Array, joints: Array, weights: Array, points: Mapping[str, Array] | None) -> tuple[Array, Array]:
    """Along the animal and above its chain of bones, (V,) each.

    With `points` the first is `axial` (0 tail base, 1 neck base, 2 skull, 3 nose); without, it is in body lengths.
    """
    unit = body_length(joints)
    tail, neck, head = joints[_J["Tail1"]], joints[_J["Neck"]], joints[_J["Head"]]
    forward = _unit(neck - tail)
    face = _unit(points["nose"] - head) if points is not None else _unit(joints[_J["Mouth"]] - head)
    neck_size, tail_size = np.linalg.norm(head - neck), np.linalg.norm(joints[[_J[name] for name in _TAIL]][-1] - tail) * 7 / 6
    face_size = np.linalg.norm(points["nose"] - head) if points is not None else unit
    sizes = (unit, float(neck_size), float(face_size), float(tail_size)) if points is not None else (unit,) * 4
    rows = dict.fromkeys((*_TRUNK, *_FRONT, *_HIND), (tail, 0.0, forward, sizes[0]))
    rows["Neck"] = (neck, 1.0, _unit(head - neck), sizes[1])
    start = 1.0 + float(neck_size / sizes[1])
    rows |= dict.fromkeys((*_HEAD, *_EARS), (head, start, face, sizes[2]))
    passed = 0.0
    for k, name in enumerate(_TAIL):
        at = joints[_J[name]]
        following = joints[_J[_TAIL[k + 1]]] if k + 1 < len(_TAIL) else 2 * at - joints[_J[_TAIL[k - 1]]]
        rows[name] = (at, passed, _unit(at - following), sizes[3])
        passed -= float(np.linalg.norm(following - at) / sizes[3])
    along, above = np.zeros(len(vertices)), np.zeros(len(vertices))
    for name, (origin, value, direction, size) in rows.items():
        offset, held = vertices - origin, weights[:, _J[name]]
        upward = _unit(np.array([-direction[2], 0.0, direction[0]]))
        along += held * (value + offset @ direction / size)
        above += held * (offset @ upward)
    return along, above


def _across(vertices: Array, axial: Array, height: Array, counted: NDArray[np.bool_]) -> tuple[Array, Array]:
    """`up` and `side` (V,): height between the lowest and highest skin there, and |y| over the greatest there."""
    low, high, wide = (np.full(len(_BINS), np.nan) for _ in range(3))
    half = 0.6 * (_BINS[1] - _BINS[0])
    for k, centre in enumerate(_BINS):
        here = counted & (np.abs(axial - centre) < half)
        if here.sum() >= 4:
            low[k], high[k] = height[here].min(), height[here].max()
            wide[k] = np.abs(vertices[here, 1]).max()
    # Between the hind legs, and at the breast, the trunk's underside goes on level: thighs and arms are no belly.
    low[(_BINS > -0.05) & (_BINS < 0.3)] = low[np.argmin(np.abs(_BINS - 0.3))]
    known = np.isfinite(low) & np.isfinite(high)
    curves = []
    for values in (low, high, wide):
        filled = np.interp(_BINS, _BINS[known], values[known])
        smoothed = np.convolve(np.pad(filled, 1, mode="edge"), (0.25, 0.5, 0.25), mode="valid")
        curves.append(np.interp(axial, _BINS, smoothed))
    up = (height - curves[0]) / np.maximum(curves[1] - curves[0], 1e-9)
    return np.clip(up, -1.0, 1.5), np.abs(vertices[:, 1]) / np.maximum(curves[2], 1e-9)
