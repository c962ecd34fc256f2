"""Makes an AnimalModel of the arrays that third-party files hold, whatever their order, axes and omissions.

One place for what SMAL, SMAL+, SMILify, PIG_model and avian-mesh files leave open: missing pose directions, a
regressor that is empty, weights stored the other way round, joints listed before their parents.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .model import SMAL_JOINTS, SMAL_PARENTS, AnimalModel, ModelError
from .model_file import as_indices, check_sizes

_ROUNDED_WEIGHTS = 0.01  # PIG_model keeps three decimals of each weight, and its rows sum to 0.998 to 1.002


def assemble(
    *,
    name: str,
    v_template: np.ndarray,
    faces: np.ndarray,
    weights: np.ndarray,
    kintree: np.ndarray,
    shapedirs: np.ndarray | None = None,
    posedirs: np.ndarray | None = None,
    J_regressor: np.ndarray | None = None,
    J: np.ndarray | None = None,
    joint_names: Sequence[str] = (),
    static_joints: bool = False,
    vertex_mirror: np.ndarray | None = None,
    extras: Mapping[str, Any] | None = None,
) -> AnimalModel:
    """Check and order the parts of a model and build it.

    kintree is (2, J) (parents over joint ids) or (J,) parents, the root's being -1 or the largest unsigned number.
    weights may be (J, V), posedirs (V, 3, P), (3V, P) or (P, 3V), all zero or empty; J_regressor all zero or empty,
    then J (J, 3) stands still. Joints are reordered so that parents come first. `extras` goes to AnimalModel.
    Raises ModelError naming the field.
    """
    v_template, faces = _matrix("v_template", v_template, 3), np.asarray(faces)
    parents = parents_of(kintree)
    vertices, joints = len(v_template), len(parents)
    shapedirs = _shapedirs(shapedirs, vertices)
    check_sizes(vertices, joints, shapedirs.shape[2])
    weights = _weights(weights, vertices, joints)
    regressor = None if static_joints else _regressor(J_regressor, vertices, joints)
    if regressor is not None:
        rest = regressor @ v_template
    elif J is not None and np.shape(J) == (joints, 3):
        rest = np.asarray(J, np.float64)
    else:
        raise ModelError(f"J_regressor: is empty, and J does not hold a place for each of the {joints} joints")
    directions = _posedirs(posedirs, vertices, joints)
    if joint_names and len(joint_names) != joints:
        raise ModelError(f"J_names: {len(joint_names)} names for {joints} joints")
    names = tuple(joint_names)
    if not names and tuple(parents) == SMAL_PARENTS:
        names = SMAL_JOINTS

    order, parents = parents_first(parents)
    if order[0] != 0 and directions is not None:
        raise ModelError("posedirs: the root is not joint 0, so its pose directions cannot be told apart")
    if directions is not None:
        blocks = directions.reshape(vertices, 3, joints - 1, 9)
        directions = blocks[:, :, np.asarray(order[1:], dtype=int) - 1].reshape(vertices, 3, -1)
    return AnimalModel(
        name=name,
        v_template=v_template,
        shapedirs=shapedirs,
        faces=_faces(faces, vertices),
        weights=weights[:, order],
        parents=parents,
        J=rest[order],
        posedirs=directions,
        J_regressor=None if regressor is None else regressor[order],
        joint_names=tuple(names[i] for i in order) if names else (),
        vertex_mirror=_mirror(vertex_mirror, vertices),
        **dict(extras or {}),
    )


def parents_of(kintree: np.ndarray) -> np.ndarray:
    """(J,) parents by joint number from SMAL's (2, J) table or a plain list of parents."""
    kintree = np.asarray(kintree)
    if kintree.ndim == 2 and kintree.shape[0] == 2 and kintree.shape[1] >= 1:
        table = as_indices(kintree, "kintree_table")
        column = {int(joint): i for i, joint in enumerate(table[1])}
        if len(column) != table.shape[1]:
            raise ModelError("kintree_table: a joint is listed twice in its second row")
        unknown = [int(parent) for parent in table[0] if parent >= 0 and int(parent) not in column]
        if unknown:
            raise ModelError(f"kintree_table: joint {unknown[0]} is a parent but not a joint")
        return np.array([column.get(int(parent), -1) for parent in table[0]], np.int32)
    if kintree.ndim == 1 and len(kintree):
        return as_indices(kintree, "parents")
    raise ModelError(f"kintree_table: must be (2, J) or a list of parents, got shape {kintree.shape}")


def parents_first(parents: np.ndarray) -> tuple[list[int], np.ndarray]:
    """An order of the joints with every parent before its children, and the parents in that order.

    The order given is kept where it will do. A root may also be its own parent. Raises ModelError for a tree with
    a cycle or with several roots.
    """
    count = len(parents)
    parents = np.where(parents == np.arange(count), -1, parents)
    if (parents >= count).any():
        raise ModelError(f"kintree_table: a parent is outside the {count} joints")
    roots = np.flatnonzero(parents < 0)
    if len(roots) != 1:
        raise ModelError(f"kintree_table: one root is needed, there are {len(roots)}")
    order: list[int] = []
    placed = [False] * count
    waiting = list(range(count))
    while waiting:
        later = []
        for joint in waiting:
            if parents[joint] < 0 or placed[parents[joint]]:
                placed[joint] = True
                order.append(joint)
            else:
                later.append(joint)
        if len(later) == len(waiting):
            raise ModelError("kintree_table: the joints form a ring, not a tree")
        waiting = later
    if order[0] != roots[0]:  # cannot happen: only the root can come first
        raise ModelError("kintree_table: the root is missing")
    place = {joint: i for i, joint in enumerate(order)}
    return order, np.array([place.get(int(parents[joint]), -1) for joint in order], np.int32)


def _matrix(field: str, array: np.ndarray, columns: int) -> np.ndarray:
    array = np.asarray(array, np.float64)
    if array.ndim != 2 or array.shape[1] != columns or not len(array):
        raise ModelError(f"{field}: must have shape (n, {columns}), got {array.shape}")
    return array


def _shapedirs(array: np.ndarray | None, vertices: int) -> np.ndarray:
    if array is None or np.size(array) == 0:
        return np.zeros((vertices, 3, 0))
    if array.ndim == 2 and array.shape[0] == 3 * vertices:
        array = array.reshape(vertices, 3, -1)
    if array.ndim != 3 or array.shape[:2] != (vertices, 3):
        raise ModelError(f"shapedirs: must have shape ({vertices}, 3, B), got {array.shape}")
    return array


def _weights(weights: np.ndarray, vertices: int, joints: int) -> np.ndarray:
    weights = np.asarray(weights, np.float64)
    if weights.shape == (joints, vertices) and joints != vertices:
        weights = weights.T
    if weights.shape != (vertices, joints):
        raise ModelError(f"weights: must have shape ({vertices}, {joints}), got {weights.shape}")
    if not np.isfinite(weights).all() or weights.min() < -1e-3:
        raise ModelError("weights: must be finite and not negative")
    worst = np.abs(weights.sum(axis=1) - 1.0).max()
    if worst > _ROUNDED_WEIGHTS:
        raise ModelError(f"weights: every vertex's weights must sum to 1, one is off by {worst:.3g}")
    weights = np.maximum(weights, 0.0)
    return weights / weights.sum(axis=1, keepdims=True)


def _regressor(regressor: np.ndarray | None, vertices: int, joints: int) -> np.ndarray | None:
    """(J, V) float64, or None when there is nothing in it."""
    if regressor is None or np.size(regressor) == 0:
        return None
    regressor = np.asarray(regressor, np.float64)
    if regressor.shape == (vertices, joints) and joints != vertices:
        regressor = regressor.T
    if regressor.shape != (joints, vertices):
        raise ModelError(f"J_regressor: must have shape ({joints}, {vertices}), got {regressor.shape}")
    if not regressor.any():
        return None
    if not regressor.any(axis=1).all():
        raise ModelError("J_regressor: some joints have an empty row and others do not")
    return regressor


def _posedirs(posedirs: np.ndarray | None, vertices: int, joints: int) -> np.ndarray | None:
    if posedirs is None or np.size(posedirs) == 0 or not np.any(posedirs):
        return None
    features = 9 * (joints - 1)
    if posedirs.shape == (vertices, 3, features):
        return posedirs
    if posedirs.shape == (3 * vertices, features):
        return posedirs.reshape(vertices, 3, features)
    if posedirs.shape == (features, 3 * vertices):
        return posedirs.T.reshape(vertices, 3, features)
    raise ModelError(f"posedirs: must have shape ({vertices}, 3, {features}), got {posedirs.shape}")


def _faces(faces: np.ndarray, vertices: int) -> np.ndarray:
    faces = as_indices(np.asarray(faces), "f")
    if faces.ndim != 2 or faces.shape[1] != 3 or not len(faces):
        raise ModelError(f"f: must have shape (F, 3), got {faces.shape}")
    if faces.min() < 0 or faces.max() >= vertices:
        raise ModelError(f"f: names vertex {faces.max()}, there are {vertices}")
    return faces


def _mirror(mirror: np.ndarray | None, vertices: int) -> np.ndarray | None:
    """The mirror table if it is one: (V,) and its own inverse; else None, since nothing depends on it."""
    if mirror is None or np.shape(mirror) != (vertices,):
        return None
    mirror = as_indices(mirror, "vertex_mirror")
    if mirror.min() < 0 or mirror.max() >= vertices or (mirror[mirror] != np.arange(vertices)).any():
        return None
    return mirror
