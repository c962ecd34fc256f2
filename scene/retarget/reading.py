"""What Blender's armatures are at rest, as arrays: all bones, or only the skeleton that carries the animal.

Rigs made for animators bury the skeleton under controls, helpers and bones that only bend the skin. `skeleton_of` digs it
out: of a generated Rigify rig the ORG bones, of any other the bones that move skin and those between them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .rig_shape import RigError, RigShape

_ORIGINAL = "ORG-"
_HELPERS = ("DEF-", "MCH-")
_HELPER = re.compile(r"^(MCH-|DEF-|tweak_)+|_(fk|ik|tweak|parent|master)(?=\.|$)")


def read_shape(armature: Any) -> RigShape:
    """All bones of an armature object at rest, parents first. Nothing in the scene changes.

    Raises RigError for an object that is no armature.
    """
    if getattr(armature, "type", "") != "ARMATURE":
        what = "nothing" if armature is None else f"{armature.name!r}, which is no armature"
        raise RigError(f"a rig is needed, got {what}; select an armature object")
    bones = armature.data.bones
    count = len(bones)
    heads, tails, matrices = np.empty(3 * count), np.empty(3 * count), np.empty(16 * count)
    bones.foreach_get("head_local", heads)
    bones.foreach_get("tail_local", tails)
    bones.foreach_get("matrix_local", matrices)
    names = [bone.name for bone in bones]
    index = {name: i for i, name in enumerate(names)}
    parents = np.array([index[bone.parent.name] if bone.parent else -1 for bone in bones], dtype=np.int_)
    # Blender keeps matrices column by column.
    axes = matrices.reshape(count, 4, 4).transpose(0, 2, 1)[:, :3, :3]
    deform = np.array([bone.use_deform for bone in bones], dtype=bool)
    order = parents_first(parents)
    place = np.empty(count, dtype=np.int_)
    place[order] = np.arange(count)
    above = parents[order]
    return RigShape(
        tuple(names[i] for i in order), np.where(above >= 0, place[above], -1) if count else above, heads.reshape(-1, 3)[order],
        tails.reshape(-1, 3)[order], axes[order], deform[order], np.array(armature.matrix_world, dtype=np.float64))


def parents_first(parents: NDArray[np.int_]) -> NDArray[np.int_]:
    """An order (J,) of bones in which every parent comes before its children, else as they were."""
    depth = np.zeros(len(parents), dtype=np.int_)
    above = parents.copy()
    while (above >= 0).any():
        depth += above >= 0
        above = np.where(above >= 0, parents[above], -1)
    return np.argsort(depth, kind="stable")


def skeleton_of(shape: RigShape) -> RigShape:
    """The bones that carry the animal, without controls and helpers; each hangs on its nearest kept ancestor.

    Of a generated Rigify rig these are the ORG bones (whose tree is mended where Rigify hangs them on helpers); of other rigs
    the bones that move skin and those between them; all bones where none is said to move skin.
    """
    original = np.array([name.startswith(_ORIGINAL) for name in shape.names], dtype=bool)
    if original.sum() >= 3 and any(name.startswith(_HELPERS) for name in shape.names):
        return _metarig_of(shape)
    needed = shape.deform.copy()
    if not needed.any():
        return shape
    for bone in range(len(shape) - 1, -1, -1):
        if needed[bone] and shape.parents[bone] >= 0:
            needed[shape.parents[bone]] = True
    return shape if needed.all() else keep(shape, np.flatnonzero(needed))


def keep(shape: RigShape, bones: Sequence[int] | NDArray[np.int_]) -> RigShape:
    """Only these bones (rising indices); each hangs on its nearest ancestor among them."""
    bones = np.asarray(bones, dtype=np.int_)
    place = np.full(len(shape), -1, dtype=np.int_)
    place[bones] = np.arange(len(bones))
    nearest = np.full(len(shape), -1, dtype=np.int_)  # of each bone: the kept bone that it is or hangs on
    parents = np.empty(len(bones), dtype=np.int_)
    for bone in range(len(shape)):
        above = nearest[shape.parents[bone]] if shape.parents[bone] >= 0 else -1
        nearest[bone] = above
        if place[bone] >= 0:
            parents[place[bone]] = above
            nearest[bone] = place[bone]
    return RigShape(tuple(shape.names[i] for i in bones), parents, shape.heads[bones], shape.tails[bones], shape.axes[bones],
                    shape.deform[bones], shape.to_world)


def bare_name(name: str) -> str:
    """What the bone of the metarig is called that one of a Rigify rig (a control, a helper) is named after."""
    return _HELPER.sub("", name)


def _metarig_of(shape: RigShape) -> RigShape:
    """The ORG bones of a generated Rigify rig with the metarig's tree.

    Rigify hangs many of them on its own helpers. Such a bone hangs on the ORG bone at whose tail it begins, else on that which
    one of its helpers is named after.
    """
    chosen = np.array([i for i, name in enumerate(shape.names) if name.startswith(_ORIGINAL)], dtype=np.int_)
    skeleton = keep(shape, chosen)
    parents = skeleton.parents.copy()
    size = max(float(np.ptp(skeleton.heads, axis=0).max()), 1e-9)
    loose = [k for k,
             bone in enumerate(chosen) if shape.parents[bone] < 0 or not shape.names[shape.parents[bone]].startswith(_ORIGINAL)]
    parents[loose] = -1
    for k in loose:
        off = np.linalg.norm(skeleton.tails - skeleton.heads[k], axis=1)
        for other in np.flatnonzero(off < 1e-4 * size):
            if parents[k] < 0 and not _hangs_on(parents, int(other), k):
                parents[k] = other
    for k in loose:
        bone = int(shape.parents[chosen[k]])
        while parents[k] < 0 and bone >= 0:
            other = skeleton.index.get(_ORIGINAL + bare_name(shape.names[bone]), skeleton.index.get(shape.names[bone], k))
            if not _hangs_on(parents, other, k):
                parents[k] = other
            bone = int(shape.parents[bone])
    _turn_round(skeleton, parents, {k: _helpers_of(shape, int(chosen[k])) for k in loose})
    order = parents_first(parents)
    place = np.argsort(order)
    above = parents[order]
    return RigShape(tuple(skeleton.names[i] for i in order), np.where(above >= 0, place[above], -1), skeleton.heads[order],
                    skeleton.tails[order], skeleton.axes[order], skeleton.deform[order], skeleton.to_world)


def _helpers_of(shape: RigShape, bone: int) -> set[str]:
    """What the helpers that a bone hangs on are named after."""
    found = set()
    bone = int(shape.parents[bone])
    while bone >= 0:
        found.add(_ORIGINAL + _HELPER.sub("", shape.names[bone]))
        bone = int(shape.parents[bone])
    return found


def _turn_round(skeleton: RigShape, parents: NDArray[np.int_], helpers: dict[int, set[str]]) -> None:
    """Tails that Rigify lays from the tip to the hips: they hang on the hips all the same. Changes `parents`."""
    for bone in helpers:
        above = int(parents[bone])
        if above not in helpers or skeleton.names[bone] not in helpers[above] or skeleton.names[above] in helpers[bone]:
            continue
        parents[bone] = -1
        while above >= 0:
            parents[above], bone, above = bone, above, int(parents[above])


def _hangs_on(parents: NDArray[np.int_], bone: int, other: int) -> bool:
    """Whether a bone is `other` or hangs on it."""
    while bone >= 0:
        if bone == other:
            return True
        bone = int(parents[bone])
    return False
