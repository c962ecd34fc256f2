"""The joints of any rig: its bones without helpers and doubles, each where its skin bends, and the tips of its limbs.

What a bone is for is read from the vertices it moves. Bones that move none and carry none that do (targets of inverse
kinematics, poles, controls) are left out. Where a foot hangs on such a control it is hung on the bone whose vertices it shares.
Bones whose joints coincide are one. Each joint is the mean of the vertices that its bone and the bone above share,
or the bone's own head where they share none; a bone without others below it gets a tip where its vertices are furthest away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ....animal.skeleton import Skeleton
from .skinning import BoundMesh

Array = NDArray[np.float64]

MOVES = 0.5  # vertices' worth of weight below which a bone moves nothing
MERGED = 0.025  # of the animal's size: joints that are nearer to their parent are one with it
ASTRAY = 0.08  # of the size: a mean of shared vertices that is further from the bone's head is not its joint
SHARED = 0.15  # what two bones' weights of a vertex multiply to (root) where it counts as shared
TIP = 0.04  # of the size: how long a limb's last bone is at least to get a tip
MAX_JOINTS = 128


@dataclass(frozen=True, eq=False)
class RigJoints:
    """A skeleton over a BoundMesh; blends (K, B, 4) say where its joints go, rest (K, 3) where they are at rest."""

    skeleton: Skeleton
    blends: Array
    rest: Array


def joints_of(mesh: BoundMesh) -> RigJoints:
    """The joints that matter of a rig, as a tree. Raises ValueError for a mesh that no bone moves."""
    parents = _tree(mesh)
    used = [bone for bone in _ordered(parents) if parents[bone] >= -1]
    if not used:
        raise ValueError("no bone of this rig moves a vertex")
    rows, heads, names, above = [], [], [], []
    place: dict[int, int] = {}  # bone -> joint
    rest: list[Array] = []

    def add(name: str, parent: int, row: Array, head: Array, at: Array) -> int:
        rows.append(row), heads.append(head), names.append(name), above.append(parent), rest.append(at)
        return len(names) - 1

    none, no_row = np.zeros(len(mesh.names)), np.zeros(len(mesh.vertices))
    for bone in used:
        parent = place[parents[bone]] if parents[bone] >= 0 else -1
        row = _shared(mesh, bone, parents[bone])
        head = none.copy()
        if row is None:
            head[bone], row = 1.0, no_row
        at = mesh.heads[bone] if head.any() else row @ mesh.vertices
        if parent >= 0 and np.linalg.norm(at - rest[parent]) < MERGED * mesh.size:
            place[bone] = parent
            continue
        place[bone] = add(mesh.names[bone], parent, row, head, at)
    for bone in used:
        if not any(parents[other] == bone for other in used):
            row = _tip(mesh, bone, rest[place[bone]])
            at = row @ mesh.vertices
            if np.linalg.norm(at - rest[place[bone]]) > TIP * mesh.size:
                add(f"{_stem(mesh.names[bone])}_tip{_suffix(mesh.names[bone])}", place[bone], row, none, at)
    keep = list(range(min(len(names), MAX_JOINTS)))
    positions = np.array([rest[k] for k in keep])
    skeleton = _sided([names[k] for k in keep], [above[k] for k in keep], positions)
    return RigJoints(skeleton, mesh.blends(np.array([rows[k] for k in keep]), np.array([heads[k] for k in keep])), positions)


def _tree(mesh: BoundMesh) -> list[int]:
    """Each bone's parent among the bones that matter, -1 at the root, -2 for bones that do not."""
    count = len(mesh.names)
    own = mesh.weights.sum(axis=0) > MOVES
    matters = own.copy()
    for bone in reversed(_ordered(list(mesh.parents))):
        if matters[bone] and mesh.parents[bone] >= 0:
            matters[mesh.parents[bone]] = True
    overlap = mesh.weights.T @ mesh.weights
    below = [_below(mesh.parents, bone) for bone in range(count)]
    parents = [parent if matters[bone] else -2 for bone, parent in enumerate(mesh.parents)]
    main = int(np.argmax([own[sorted(below[bone])].sum() if mesh.parents[bone] < 0 else -1 for bone in range(count)]))
    for bone in range(count):
        if parents[bone] != -1 or bone == main:
            continue
        # A second root: it hangs, by its first bone that moves vertices, on what shares most of its own vertices.
        mine = sorted(below[bone])
        others = [other for other in range(count) if other not in below[bone] and own[other]]
        if not others:
            continue
        shared = overlap[np.ix_(mine, others)]
        row, column = np.unravel_index(int(shared.argmax()), shared.shape)
        if shared[row, column] <= 0:
            away = np.linalg.norm(mesh.heads[mine][:, None] - mesh.heads[others][None], axis=-1)
            row, column = np.unravel_index(int(away.argmin()), away.shape)
        parents[mine[row]] = others[column]
        for other in mine:  # controls above it are no bones
            if other != mine[row] and mine[row] in below[other]:
                parents[other] = -2
    return _trimmed(mesh, parents, own)


def _trimmed(mesh: BoundMesh, parents: list[int], own: NDArray[np.bool_]) -> list[int]:
    """Without roots that move nothing and carry one bone alone: the skeleton begins where the animal does."""
    while True:
        roots = [bone for bone, parent in enumerate(parents) if parent == -1]
        children = [bone for bone, parent in enumerate(parents) if roots and parent == roots[0]]
        if len(roots) != 1 or own[roots[0]] or len(children) != 1:
            return parents
        parents[roots[0]], parents[children[0]] = -2, -1


def _ordered(parents: Sequence[int]) -> list[int]:
    """Bones with parents first."""
    order = [bone for bone, parent in enumerate(parents) if parent == -1]
    children: dict[int, list[int]] = {}
    for bone, parent in enumerate(parents):
        children.setdefault(parent, []).append(bone)
    for bone in order:
        order.extend(children.get(bone, []))
    return order


def _below(parents: Sequence[int], top: int) -> set[int]:
    """A bone and all that hang on it."""
    found = {top}
    for bone in _ordered(parents):
        if parents[bone] in found:
            found.add(bone)
    return found


def _shared(mesh: BoundMesh, bone: int, parent: int) -> Array | None:
    """(V,) weights of the vertices that bend between a bone and its parent; None where they say nothing about the joint."""
    if parent < 0:
        return None
    both = np.sqrt(mesh.weights[:, bone] * mesh.weights[:, parent])
    both = np.where(both >= SHARED, both, 0.0)
    if np.count_nonzero(both) < 3:
        return None
    row = both / both.sum()
    at = row @ mesh.vertices
    return row if np.linalg.norm(at - mesh.heads[bone]) < ASTRAY * mesh.size else None


def _tip(mesh: BoundMesh, bone: int, start: Array) -> Array:
    """(V,) weights of the few vertices of a bone that are furthest from its joint."""
    mine = np.flatnonzero(mesh.weights[:, bone] > 0.5)
    if not len(mine):
        mine = np.flatnonzero(mesh.weights[:, bone] >= 0.5 * mesh.weights[:, bone].max())
    away = np.linalg.norm(mesh.vertices[mine] - start, axis=1)
    far = mine[away >= np.sort(away)[-min(4, len(away))] - 1e-9]
    row = np.zeros(len(mesh.vertices))
    row[far] = 1.0 / len(far)
    return row


def _stem(name: str) -> str:
    return name[:-2] if name[-2:].lower() in (".l", ".r", "_l", "_r") else name


def _suffix(name: str) -> str:
    return name[-2:] if _stem(name) != name else ""


def _sided(names: Sequence[str], parents: Sequence[int], rest: Array) -> Skeleton:
    """The skeleton with unique names; where most of those that say left lie on the right, the sides are exchanged."""
    unique: list[str] = []
    for name in names:
        number = 1
        while (name if number == 1 else f"{name}_{number}") in unique:
            number += 1
        unique.append(name if number == 1 else f"{name}_{number}")
    skeleton = Skeleton(tuple(unique), tuple(parents))
    if float(skeleton.sides @ rest[:, 1]) >= 0:
        return skeleton
    return Skeleton(tuple(unique[other] for other in skeleton.mirror), tuple(parents))
