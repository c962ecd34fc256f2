"""The joints of any rig: its bones without helpers and doubles, each where its skin bends, and the tips of its limbs.

What a bone is for is read from the vertices it moves. Bones that move none (targets of inverse kinematics, poles,
controls) are left out, and what hung on them hangs on the bone above, or else on the bone whose vertices it shares: so feet
that hang on a control come back to their legs.
Bones whose joints coincide are one. Each joint is the mean of the vertices that its bone and the bone above share,
or the bone's own head where they share none; a bone without others below it gets a tip where its vertices are furthest away.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ....animal.skeleton import Skeleton
from .skinning import BoundMesh

Array = NDArray[np.float64]

HOLDS = 0.25  # a bone holds the vertices that it has so much weight of
MOVES, SHARE = 2, 0.002  # a bone matters when it holds so many, and such a share of all
MERGED = 0.025  # of the animal's size: joints that are nearer to their parent are one with it
ASTRAY = 0.08  # of the size: a mean of shared vertices that is further from the bone's head is not its joint
SHARED = 0.15  # what two bones' weights of a vertex multiply to (root) where it counts as shared
TIP = 0.04  # of the size: how long a limb's last bone is at least to get a tip
FAR = 0.16  # of the size: a head that is so far from all vertices of its bone is a control's
MAX_JOINTS = 128

_SIDE = re.compile(r"(.*?)([._][lrLR])?")  # a name and what it ends in: `Leg`, `.L`
_WORDS = re.compile(r"[._ ]?(left|right|(?<![A-Za-z])[lr])(?![A-Za-z])", re.IGNORECASE)  # what a name says of its side


@dataclass(frozen=True, eq=False)
class RigJoints:
    """A skeleton over a BoundMesh; blends (K, B, 4) say where its joints go, rest (K, 3) where they are at rest."""

    skeleton: Skeleton
    blends: Array
    rest: Array


def joints_of(mesh: BoundMesh) -> RigJoints:
    """The joints that matter of a rig, as a tree. Raises ValueError for a mesh that no bone moves, or one of too many bones."""
    parents = _tree(mesh)
    used = [bone for bone in _ordered(parents) if parents[bone] >= -1]
    if not used:
        raise ValueError("no bone of this rig moves a vertex")
    draft = _Draft(mesh)
    place: dict[int, int] = {}  # bone -> joint
    for bone in used:
        parent = place[parents[bone]] if parents[bone] >= 0 else -1
        row, head = _location(mesh, bone, parents[bone])
        at = row @ mesh.vertices + head @ mesh.heads
        twin = draft.near(at, parent)
        place[bone] = draft.add(mesh.names[bone], parent, row, head, at) if twin < 0 else twin
        if twin >= 0:
            draft.names[twin] = _joined(draft.names[twin], mesh.names[bone])
    for bone in used:
        if not any(parents[other] == bone for other in used):
            row = _tip(mesh, bone, draft.rest[place[bone]])
            at = row @ mesh.vertices
            if np.linalg.norm(at - draft.rest[place[bone]]) > TIP * mesh.size:
                stem, side = _SIDE.fullmatch(mesh.names[bone]).groups(default="")  # type: ignore[union-attr]
                draft.add(f"{stem}_tip{side}", place[bone], row, np.zeros(len(mesh.names)), at)
    if len(draft.names) > MAX_JOINTS:
        raise ValueError(f"has {len(draft.names)} joints, more than {MAX_JOINTS}")
    skeleton = _sided(_short(draft.names), draft.parents, np.array(draft.rest))
    return RigJoints(skeleton, mesh.blends(np.array(draft.rows), np.array(draft.heads)), np.array(draft.rest))


class _Draft:
    """Joints while they are being found: names, parents, weights over vertices and over bones' heads, places at rest."""

    def __init__(self, mesh: BoundMesh) -> None:
        self.close = MERGED * mesh.size
        self.names: list[str] = []
        self.parents: list[int] = []
        self.rows: list[Array] = []
        self.heads: list[Array] = []
        self.rest: list[Array] = []

    def add(self, name: str, parent: int, row: Array, head: Array, at: Array) -> int:
        for values, value in zip((self.names, self.parents, self.rows, self.heads, self.rest), (name, parent, row, head, at), strict=True):
            values.append(value)  # type: ignore[attr-defined]
        return len(self.names) - 1

    def near(self, at: Array, parent: int) -> int:
        """The parent, or another of its children, where a joint coincides with one of them; else -1."""
        kin = [parent, *(joint for joint, above in enumerate(self.parents) if above == parent)] if parent >= 0 else []
        away = [float(np.linalg.norm(at - self.rest[joint])) for joint in kin]
        return kin[int(np.argmin(away))] if kin and min(away) < self.close else -1


def _tree(mesh: BoundMesh) -> list[int]:
    """Each bone's parent among the bones that move vertices, -1 at the root, -2 for bones that move none.

    Several roots become one: beginning with the one that carries most bones, each is hung on the bone whose vertices it shares.
    """
    count = len(mesh.names)
    own = np.count_nonzero(mesh.weights > HOLDS, axis=0) >= max(MOVES, SHARE * len(mesh.vertices))
    parents = [-2] * count
    for bone in np.flatnonzero(own):
        above = mesh.parents[bone]
        while above >= 0 and not own[above]:
            above = mesh.parents[above]
        parents[bone] = above
    below = {bone: _below(parents, bone) for bone, parent in enumerate(parents) if parent == -1}
    if not below:
        return parents
    overlap = mesh.weights.T @ mesh.weights
    main = max(below, key=lambda root: len(below[root]))
    hung, apart = sorted(below[main]), [root for root in below if root != main]
    middle = np.abs(mesh.heads[:, 1]) < MERGED * mesh.size
    while apart:
        # What lies in the middle of the body hangs on the middle of the body: necks share vertices with shoulders, too.
        apt = ~(middle[apart][:, None] & ~middle[hung][None])
        shared = np.where(apt, overlap[np.ix_(apart, hung)], 0.0)
        if shared.max() <= 0:
            away = np.linalg.norm(mesh.heads[apart][:, None] - mesh.heads[hung][None], axis=-1)
            shared = np.where(apt, -away, -np.inf)
        row, column = np.unravel_index(int(shared.argmax()), shared.shape)
        root = apart.pop(int(row))
        parents[root] = hung[column]
        hung = sorted({*hung, *below[root]})
    return parents


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


def _location(mesh: BoundMesh, bone: int, parent: int) -> tuple[Array, Array]:
    """Weights over the vertices (V,) and over the bones' heads (B,) whose sum a bone's joint is.

    The vertices that bend between the bone and its parent; the bone's head where they say nothing about it; the mean of the
    vertices that it moves where its head is nowhere near them, as a control's is.
    """
    none, head = np.zeros(len(mesh.vertices)), np.zeros(len(mesh.names))
    held = mesh.weights[:, bone] > HOLDS
    if parent >= 0:
        both = np.sqrt(mesh.weights[:, bone] * mesh.weights[:, parent])
        both = np.where(both >= SHARED, both, 0.0)
        row = both / max(both.sum(), 1e-12)
        if np.count_nonzero(both) >= 3 and np.linalg.norm(row @ mesh.vertices - mesh.heads[bone]) < ASTRAY * mesh.size:
            return row, head
    if np.linalg.norm(mesh.vertices[held] - mesh.heads[bone], axis=1).min() > FAR * mesh.size:
        return held / np.count_nonzero(held), head
    head[bone] = 1.0
    return none, head


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


def _short(names: Sequence[str]) -> list[str]:
    """The names without a word that all of them begin with (`Boar_`)."""
    words = {re.match(r"[A-Za-z]+[_ .:]", name) for name in names}
    if None in words or len({word[0] for word in words if word}) != 1:
        return list(names)
    return [re.sub(r"^[A-Za-z]+[_ .:]", "", name) for name in names]


def _joined(kept: str, other: str) -> str:
    """The name of two joints that are one: without a side where they are on two, or where only one of them says a side."""
    if _WORDS.search(kept) is None:
        return kept
    return other if _WORDS.search(other) is None else _WORDS.sub("", kept) if kept != other and not _same_side(kept, other) else kept


def _same_side(one: str, other: str) -> bool:
    first, second = (_WORDS.search(name) for name in (one, other))
    return first is not None and second is not None and first[1].lower()[0] == second[1].lower()[0]


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
