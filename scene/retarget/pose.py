"""Where bones go: forward kinematics over what carries what, in animal axes, and the way in and out of a rig's own axes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .body import Body
from .rig_shape import RigMotion

Array = NDArray[np.float64]


def turns_of(body: Body, motion: RigMotion, rest: Array | None = None) -> tuple[Array, Array]:
    """Turns (F, J, 3, 3) since rest and heads (F, J, 3) of a motion, in animal axes. rest (J, 3, 3): other axes than the rest pose's."""
    rest = body.shape.axes if rest is None else rest
    return body.axes.T @ motion.rotations @ np.swapaxes(rest, -1, -2) @ body.axes, motion.heads @ body.axes


def motion_of(body: Body, turns: Array, heads: Array, like: RigMotion) -> RigMotion:
    """The motion of a rig whose bones turn by turns (F, J, 3, 3) and are at heads (F, J, 3), with the times of `like`."""
    rotations = body.axes @ turns @ body.axes.T @ body.shape.axes
    return RigMotion(body.shape, rotations, heads @ body.axes.T, like.fps, like.frames, like.name, like.cyclic)


def follow(body: Body, turns: Array, own: NDArray[np.bool_]) -> None:
    """Give bones that are not turned on their own (own (J,) False) the turns of what carries them, in place."""
    for bone in body.order:
        if not own[bone] and body.carriers[bone] >= 0:
            turns[:, bone] = turns[:, body.carriers[bone]]


def place(body: Body, turns: Array, hips: Array) -> Array:
    """Heads (F, J, 3) of all bones with the first bone of the spine at hips (F, 3). What nothing carries stays at rest."""
    heads = np.empty((len(turns), len(body.shape), 3))
    first = body.chains["spine"][0]
    for bone in body.order:
        above = body.carriers[bone]
        if bone == first:
            heads[:, bone] = hips
        elif above < 0:
            heads[:, bone] = body.heads[bone]
        else:
            link = body.heads[bone] - body.heads[above]
            if not body.backward[bone]:
                heads[:, bone] = heads[:, above] + turns[:, above] @ link
            else:
                own = (body.shape.heads[bone] - body.shape.tails[bone]) @ body.axes
                heads[:, bone] = heads[:, above] + turns[:, above] @ (link - own) + turns[:, bone] @ own
    return heads
