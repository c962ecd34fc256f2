"""From where a skeleton is to be to what is keyed: own turns and moves of every handle, for all frames at once. Numpy only.

Each handle's axes are wanted ones, so its base is known as soon as the handles that it stands on are: no frame is evaluated.
A base that follows nothing rigidly (the tweaks of a neck that stretches) is learned from some evaluated frames.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ...animal.rotations import axis_angle_from_matrix, matrix_from_axis_angle, rotation_between
from .eulers import euler_from_matrix, matrix_from_euler
from .handles import Handle, Handles
from .rig_shape import RigMotion
from .wiring import CopiedTurn

Array = NDArray[np.float64]

_FINE = 0.05  # what carries the whole animal is moved for this part of what others are moved for

@dataclass
class Solved:
    """By handle: axes (F, 3, 3) and heads (F, 3) in armature space; turns (F, 3, 3) and moves (F, 3) are what to key.

    unknown: handles whose base is not known yet; waiting: those that stand on them.
    """

    axes: dict[str, Array] = field(default_factory=dict)
    heads: dict[str, Array] = field(default_factory=dict)
    turns: dict[str, Array] = field(default_factory=dict)
    moves: dict[str, Array] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Known:
    """Where bases were found to stand that follow nothing rigidly: turns, axes (F, 3, 3) and places (F, 3) by handle."""

    turns: dict[str, Array] = field(default_factory=dict)
    axes: dict[str, Array] = field(default_factory=dict)
    places: dict[str, Array] = field(default_factory=dict)


def solve(handles: Handles, motion: RigMotion, slack: float, known: Known | None = None, upon: Solved | None = None) -> Solved:
    """What to key on each handle so that the skeleton moves as `motion`.

    slack: a bone whose head is nearer than this (armature units) to where it is wanted is not moved. upon: other handles, solved
    before, that these may stand on.
    """
    known = known or Known()
    result = Solved() if upon is None else Solved(dict(upon.axes), dict(upon.heads))
    local: dict[str, Array] = {}
    count = len(motion.frames)
    for handle in handles.handles:
        base_axes, base_head, rails = _base(handle, result, count, known)
        sure_turn = handle.base.exact[0] or handle.name in known.turns
        sure_place = handle.base.exact[1] or handle.name in known.places
        if not (sure_turn or handle.wants is None) or not (sure_place or handle.pins is None):
            result.unknown.append(handle.name)
        elif handle.base.place_by in (*result.unknown, *result.waiting):
            result.waiting.append(handle.name)
        axes = base_axes if handle.wants is None else _wanted_axes(handle, motion)
        if handle.wants is not None:
            local[handle.name] = np.swapaxes(base_axes, -1, -2) @ axes
            result.turns[handle.name] = _own_turn(handle.channels.copied, local)[0] @ local[handle.name] @ _own_turn(
                handle.channels.copied, local)[1]
        result.axes[handle.name] = axes
        result.heads[handle.name] = base_head
        if handle.pins is not None and sure_place:
            goal = _goal(handle, motion)
            away = goal - base_head
            if np.abs(away).max() > (_FINE * slack if handle.wide else slack):
                result.moves[handle.name] = np.einsum("fba,fb->fa", rails, away)
                result.heads[handle.name] = goal
    return result


def _base(handle: Handle, solved: Solved, count: int, known: Known) -> tuple[Array, Array, Array]:
    """Axes and head of a handle's base, and the axes its moves count along, for all frames."""
    base = handle.base
    above = np.eye(3) if base.turn_by is None else solved.axes[base.turn_by]
    turns = known.turns.get(handle.name, np.broadcast_to(above @ base.turn, (count, 3, 3)))
    if base.place_by is None:
        head = np.broadcast_to(base.place, (count, 3))
    else:
        head = solved.heads[base.place_by] + solved.axes[base.place_by] @ base.place
    rails = known.axes.get(handle.name)
    if rails is None:
        under = np.eye(3) if handle.axes_by is None else solved.axes[handle.axes_by]
        rails = np.broadcast_to(under @ handle.axes, (count, 3, 3))
    return turns, known.places.get(handle.name, head), rails


def _wanted_axes(handle: Handle, motion: RigMotion) -> Array:
    """(F, 3, 3) how a handle is to be turned; one that turns a whole row points where the row ends."""
    bone = motion.shape.index[handle.wants]
    axes = motion.rotations[:, bone] @ handle.offset
    if handle.chord is None:
        return axes
    end = motion.shape.index[handle.chord]
    rest = motion.shape.axes[bone].T @ (motion.shape.heads[end] - motion.shape.heads[bone])
    return rotation_between(motion.rotations[:, bone] @ rest, motion.heads[:, end] - motion.heads[:, bone]) @ axes


def _goal(handle: Handle, motion: RigMotion) -> Array:
    bone = motion.shape.index[handle.pins]
    return motion.heads[:, bone] + motion.rotations[:, bone] @ handle.reach


def _own_turn(copied: CopiedTurn | None, local: dict[str, Array]) -> tuple[Array, Array]:
    """What undoes a copied turn on the left and on the right of a bone's local one."""
    if copied is None or copied.bone not in local:
        return np.eye(3), np.eye(3)
    angles = euler_from_matrix(local[copied.bone], copied.order) * np.array(copied.axes)
    undo = np.swapaxes(matrix_from_euler(angles, copied.order), -1, -2)
    return (undo, np.eye(3)) if copied.before else (np.eye(3), undo)


def telling(handles: Handles, names: list[str], solved: Solved, most: int) -> NDArray[np.int_]:
    """At most `most` frames (rising) whose poses differ most in what the bases of `names` may depend on."""
    features = np.concatenate([_features(handles, handles[name], solved) for name in names], axis=1)
    count = len(features)
    if count <= most:
        return np.arange(count)
    # Each next frame is the one farthest from all that are taken.
    rows = [0]
    far = np.full(count, np.inf)
    while len(rows) < most:
        far = np.minimum(far, np.linalg.norm(features - features[rows[-1]], axis=1))
        rows.append(int(np.argmax(far)))
    return np.unique(rows)


def learn(handles: Handles, names: list[str], solved: Solved, rows: NDArray[np.int_], turns: dict[str, Array],
          axes: dict[str, Array], places: dict[str, Array]) -> Known:
    """Bases of `names` for all frames from those seen at some of them.

    rows (n,): the frames seen; turns, axes (n, 3, 3) and places (n, 3): what was seen, by handle. Seen from the handle that it hangs on,
    a base is taken to be a smooth function of where the other handles above it are.
    """
    known = Known()
    for name in names:
        handle = handles[name]
        from_axes, from_head = _stand(handle, solved)
        features = _features(handles, handle, solved)
        back = np.swapaxes(from_axes[rows], -1, -2)
        place = np.einsum("fab,fb->fa", back, places[name] - from_head[rows])
        known.places[name] = from_head + np.einsum("fab,fb->fa", from_axes, _smooth(features, rows, place))
        for seen, kept in ((turns, known.turns), (axes, known.axes)):
            beside = back @ seen[name]
            middle = beside[len(beside) // 2]
            small = axis_angle_from_matrix(middle.T @ beside)
            kept[name] = from_axes @ middle @ matrix_from_axis_angle(_smooth(features, rows, small))
    return known


def _stand(handle: Handle, solved: Solved) -> tuple[Array, Array]:
    by = handle.base.place_by
    if by is None:
        count = len(next(iter(solved.axes.values())))
        return np.repeat(np.eye(3)[None], count, axis=0), np.zeros((count, 3))
    return solved.axes[by], solved.heads[by]


def _features(handles: Handles, handle: Handle, solved: Solved) -> Array:
    """(F, n) where the other handles above this one are, seen from the one it hangs on: turns in radians, places in rigs' lengths."""
    axes, head = _stand(handle, solved)
    by = handle.base.place_by
    below = () if by is None else handles.upstream[by]
    parts = []
    for other in handles.upstream[handle.name]:
        if other in (handle.name, by) or other in below or other not in solved.axes:
            continue
        place = np.einsum("fba,fb->fa", axes, solved.heads[other] - head)
        parts.append(place / max(float(np.linalg.norm(place, axis=1).mean()), 1e-9))
        parts.append(axis_angle_from_matrix(np.swapaxes(axes, -1, -2) @ solved.axes[other]))
    return np.concatenate(parts, axis=1) if parts else np.zeros((len(head), 0))


def _smooth(features: Array, rows: NDArray[np.int_], seen: Array) -> Array:
    """(F, n) values for all frames from those seen (len(rows), n): a spline over the features' main directions through all of them."""
    if len(rows) == len(features):
        return seen
    middle = features[rows].mean(axis=0)
    _, size, ways = np.linalg.svd(features[rows] - middle, full_matrices=False)
    ways = ways[(size > 1e-5) & (np.arange(len(size)) < 8)]
    own = (features - middle) @ ways.T
    flat = np.concatenate([np.ones((len(own), 1)), own], axis=1)
    if len(rows) < 2 * flat.shape[1]:
        flat = flat[:, :1]
    bend = np.linalg.norm(own[:, None] - own[rows][None], axis=-1) ** 3
    count, more = len(rows), flat.shape[1]
    system = np.zeros((count + more, count + more))
    system[:count, :count] = bend[rows] + 1e-9 * np.eye(count)
    system[:count, count:], system[count:, :count] = flat[rows], flat[rows].T
    right = np.concatenate([seen, np.zeros((more, seen.shape[1]))])
    weights = np.linalg.lstsq(system, right, rcond=None)[0]
    return np.concatenate([bend, flat], axis=1) @ weights
