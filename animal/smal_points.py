"""Keypoints for models that come without any: SMAL's published vertices, points derived from its shape, a user's map.

SMAL's mesh is recognised by this signature: the published keypoint vertices lie on the body parts they should,
going by the skinning weights. Counting vertices would mistake any other mesh of 3,889 vertices for SMAL.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from .keypoints import SUPERSET, KeypointError, resolve
from .model import SMAL_JOINTS, AnimalModel, ModelError

# The 26 Animal3D points: vertices whose mean is the point, and the joints that may carry them.
# Source: the public Animal3D/SMAL tooling, listed with the parts in the project's reference notes.
_PUBLISHED: dict[str, tuple[tuple[int, ...], str]] = {
    "left_eye": ((1068, 1080, 1029, 1226), "Head"),
    "right_eye": ((2660, 3030, 2675, 3038), "Head"),
    "chin": ((910,), "Mouth Head"),
    "left_front_paw": ((360, 1203, 1235, 1230), "LFoot LLeg3"),
    "right_front_paw": ((3188, 3156, 2327, 3183), "RFoot RLeg3"),
    "left_hind_paw": ((1976, 1974, 1980, 856), "LFootBack LLegBack3"),
    "right_hind_paw": ((3854, 2820, 3852, 3858), "RFootBack RLegBack3"),
    "tail_base": ((452, 1811), "pelvis pelvis0 Tail1"),
    "left_elbow": ((416, 235, 182), "LLeg1 LLeg2"),
    "right_elbow": ((2156, 2382, 2203), "RLeg1 RLeg2"),
    "left_knee": ((829,), "LLegBack1 LLegBack2"),
    "right_knee": ((2793,), "RLegBack1 RLegBack2"),
    "left_shoulder": ((60, 114, 186, 59), "spine3 LLeg1"),
    "right_shoulder": ((2091, 2037, 2036, 2160), "spine3 RLeg1"),
    "left_wrist": ((384, 799, 1169, 431), "LLeg2 LLeg3"),
    "right_wrist": ((2351, 2763, 2397, 3127), "RLeg2 RLeg3"),
    "left_ankle": ((221, 104), "LLegBack2 LLegBack3"),
    "right_ankle": ((2754, 2192), "RLegBack2 RLegBack3"),
    "neck": ((191, 1158, 3116, 2165), "Neck Head spine3"),
    "tail_tip": ((28, 1109, 1110, 1111, 1835, 1836, 3067, 3068, 3069), "Tail7 Tail6"),
    "left_ear_base": ((498, 499, 500, 501, 502, 503), "LEar Head"),
    "right_ear_base": ((2463, 2464, 2465, 2466, 2467, 2468), "REar Head"),
    "left_mouth_corner": ((764, 915, 916, 917, 934, 935, 956), "Head Mouth"),
    "right_mouth_corner": ((2878, 2879, 2880, 2897, 2898, 2919, 3751), "Head Mouth"),
    "nose": ((0, 464, 465, 726, 1824, 2429, 2430, 2690), "Head"),
    "tail_middle": ((1039, 1845, 1846, 1870, 1879, 1919, 2997, 3761, 3762), "Tail3 Tail4 Tail5"),
}
_LEAST_MATCHES = 23  # of 26; a mesh numbered in another way puts one in three or four on a fitting part


def has_smal_mesh(model: AnimalModel) -> bool:
    """Whether this is SMAL's own mesh: its skeleton, and the published vertices on the parts where they belong."""
    if not model.is_smal_profile or model.n_vertices <= max(max(ids) for ids, _ in _PUBLISHED.values()):
        return False
    matches = 0
    for ids, parts in _PUBLISHED.values():
        carried = model.weights[list(ids)].mean(axis=0)
        matches += SMAL_JOINTS[int(carried.argmax())] in parts.split()
    return matches >= _LEAST_MATCHES


def with_known_keypoints(model: AnimalModel) -> AnimalModel:
    """`model` with keypoints: SMAL's published ones on SMAL's mesh, and else those that joint names stand for."""
    if model.keypoint_names:
        return model
    if has_smal_mesh(model):
        named = with_keypoints(model, {name: ids for name, (ids, _) in _PUBLISHED.items()})
        return _added(named, _derived(named))
    return _added(model, _joint_points(model))


def with_keypoints(model: AnimalModel, groups: Mapping[str, Sequence[int]]) -> AnimalModel:
    """`model` with the keypoints of a user's map: name (or a known alias) -> vertices whose mean is the point.

    Replaces all keypoints of the model. Raises ModelError naming the point that is unknown, empty or outside.
    """
    names, rows = [], []
    for name, ids in groups.items():
        try:
            known = SUPERSET[resolve(str(name))]
        except KeypointError as error:
            raise ModelError(f"keypoints: {error}") from error
        if known in names:
            raise ModelError(f"keypoints: {known} is given twice, the second time as '{name}'")
        wanted = list(ids) if isinstance(ids, list | tuple) else []
        fits = all(isinstance(i, int) and 0 <= i < model.n_vertices and not isinstance(i, bool) for i in wanted)
        if not wanted or not fits:
            wish = f"a list of vertices from 0 to {model.n_vertices - 1}"
            raise ModelError(f"keypoints: '{name}' needs {wish}, got {str(ids)[:80]}")
        names.append(known)
        row = np.zeros(model.n_vertices)
        np.add.at(row, wanted, 1.0 / len(wanted))
        rows.append(row)
    return replace(model, keypoint_names=tuple(names), keypoint_matrix=np.array(rows) if rows else None)


def _matrix(model: AnimalModel) -> np.ndarray:
    return np.zeros((0, model.n_vertices)) if model.keypoint_matrix is None else model.keypoint_matrix


def _added(model: AnimalModel, rows: Mapping[str, np.ndarray]) -> AnimalModel:
    """`model` with further points, each a row of vertex weights; points it has already stay."""
    fresh = {name: row for name, row in rows.items() if name not in model.keypoint_names}
    if not fresh:
        return model
    matrix = np.concatenate([_matrix(model), np.array(list(fresh.values()))])
    return replace(model, keypoint_names=(*model.keypoint_names, *fresh), keypoint_matrix=matrix)


def _derived(model: AnimalModel) -> dict[str, np.ndarray]:
    """Points of SMAL's mesh that nobody published but that its shape gives: ear tips and the line of the back."""
    vertices, joints = model.v_template, dict(zip(model.joint_names, model.J, strict=True))
    points = dict(zip(model.keypoint_names, _matrix(model) @ vertices, strict=True))
    rows: dict[str, np.ndarray] = {}
    for side, joint in (("left", "LEar"), ("right", "REar")):
        ear = model.weights[:, SMAL_JOINTS.index(joint)]
        if ear.max() > 0.5:
            reach = np.where(ear > 0.5, np.linalg.norm(vertices - joints[joint], axis=1), -1.0)
            rows[f"{side}_ear_tip"] = _one(model, int(reach.argmax()))
    shoulder = (points["left_shoulder"][0] + points["right_shoulder"][0]) / 2
    hip = (joints["LLegBack1"][0] + joints["RLegBack1"][0]) / 2
    body = np.isin(model.weights.argmax(axis=1), range(7))  # pelvis and spine
    for name, x, up in (
        ("withers", shoulder, 1),
        ("back_middle", (shoulder + hip) / 2, 1),
        ("back_end", hip, 1),
        ("belly", (shoulder + hip) / 2, -1),
    ):
        found = _midline(vertices, body, x, up)
        if found is not None:
            rows[name] = _one(model, found)
    return rows


def _midline(vertices: np.ndarray, body: np.ndarray, x: float, up: int) -> int | None:
    """The body's highest (up 1) or lowest (-1) vertex near the plane of symmetry, about `x` along the trunk."""
    width = np.ptp(vertices[:, 1])
    near = body & (np.abs(vertices[:, 1]) < 0.1 * width) & (np.abs(vertices[:, 0] - x) < 0.15 * width)
    if not near.any():
        return None
    return int(np.where(near, up * vertices[:, 2], -np.inf).argmax())


def _one(model: AnimalModel, vertex: int) -> np.ndarray:
    row = np.zeros(model.n_vertices)
    row[vertex] = 1.0
    return row


# What SMAL's joints are called as points; each stands at the upper end of its bone.
_SMAL_JOINT_POINTS = {
    "LLeg2": "left_elbow", "LLeg3": "left_wrist", "LFoot": "left_front_paw",
    "RLeg2": "right_elbow", "RLeg3": "right_wrist", "RFoot": "right_front_paw",
    "LLegBack2": "left_knee", "LLegBack3": "left_ankle", "LFootBack": "left_hind_paw",
    "RLegBack2": "right_knee", "RLegBack3": "right_ankle", "RFootBack": "right_hind_paw",
    "LLeg1": "left_shoulder", "RLeg1": "right_shoulder", "LLegBack1": "left_hip", "RLegBack1": "right_hip",
    "LEar": "left_ear_base", "REar": "right_ear_base", "Tail1": "tail_base",
    "Tail4": "tail_middle", "Tail7": "tail_tip",
}  # fmt: skip


def _joint_points(model: AnimalModel) -> dict[str, np.ndarray]:
    """Points where a joint's name says which point it is: through the joint's regressor, or the vertices about it."""
    rows: dict[str, np.ndarray] = {}
    for index, joint in enumerate(model.joint_names):
        name = _SMAL_JOINT_POINTS.get(joint) if model.is_smal_profile else None
        if name is None:
            try:
                name = SUPERSET[resolve(joint)]
            except KeypointError:
                continue
        if name not in rows:
            rows[name] = _about_joint(model, index)
    return rows


# PIG_model names no joints; these are its joints by number, left (y > 0) and right, told by where they stand.
_PIG_JOINT_POINTS = {
    "shoulder": (14, 6), "elbow": (15, 7), "wrist": (16, 8), "front_paw": (18, 10), "hip": (55, 39), "knee": (56, 40),
    "ankle": (57, 41), "hind_paw": (59, 43), "eye": (25, 24), "ear_base": (31, 26), "ear_tip": (35, 30),
}  # fmt: skip


def with_pig_keypoints(model: AnimalModel) -> AnimalModel:
    """PIG_model with the keypoints that its joints stand for; any other model comes back as it is."""
    if model.n_joints != 62 or model.keypoint_names:
        return model
    rows = {}
    for point, (left, right) in _PIG_JOINT_POINTS.items():
        if model.J[left][1] <= 0 or model.J[right][1] >= 0:
            return model  # not that skeleton
        rows[f"left_{point}"], rows[f"right_{point}"] = _about_joint(model, left), _about_joint(model, right)
    rows |= {"tail_base": _about_joint(model, 46), "tail_middle": _about_joint(model, 50)}
    rows["tail_tip"] = _one(model, int(model.v_template[:, 0].argmin()))
    rows["nose"] = _one(model, int(model.v_template[:, 0].argmax()))
    return _added(model, rows)


def _about_joint(model: AnimalModel, joint: int) -> np.ndarray:
    row = model.J_regressor[joint] if model.J_regressor is not None else None
    if row is not None and row.min() > -1e-6 and abs(row.sum() - 1.0) < 1e-3:
        return np.maximum(row, 0.0) / np.maximum(row, 0.0).sum()
    distance = np.linalg.norm(model.v_template - model.J[joint], axis=1)
    nearest = np.argsort(distance, kind="stable")[: min(8, model.n_vertices)]
    result = np.zeros(model.n_vertices)
    result[nearest] = 1.0 / len(nearest)
    return result
