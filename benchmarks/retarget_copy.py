"""What simple retargeters do, to compare with: every bone takes over the turn of its partner, and the hips go as far as the size says.

Partners are the bones of one part, matched by their place in it. Turns are those since the rest pose, in the world; nothing is done about
contacts, ground or rest poses.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..scene.retarget.body_map import PARTS, BodyMap
from ..scene.retarget.rig_shape import RigMotion, RigShape

Array = NDArray[np.float64]


def copy_rotations(motion: RigMotion, source: BodyMap, shape: RigShape, target: BodyMap, turn: Array, scale: float) -> dict[str, Array]:
    """Where the target's bones begin in its armature's space, by name (F, 3).

    turn (3, 3): from the source's armature space to the target's; scale: of the way that the hips go.
    """
    partner = {}
    for part in PARTS:
        here, there = source[part], target[part]
        for i, bone in enumerate(there):
            if here:
                partner[bone] = here[min(i * len(here) // len(there), len(here) - 1)]
    turns = motion.rotations @ np.swapaxes(motion.shape.axes, -1, -2)
    hips_here, hips_there = source["spine"][0], target["spine"][0]
    way = motion.heads[:, motion.shape.index[hips_here]] - motion.shape.heads[motion.shape.index[hips_here]]
    moved = scale * way @ turn.T
    own: dict[int, Array] = {}
    heads = np.empty((len(motion.frames), len(shape), 3))
    for bone, name in enumerate(shape.names):
        parent = shape.parents[bone]
        if name in partner:
            own[bone] = turn @ turns[:, motion.shape.index[partner[name]]] @ turn.T
        else:
            own[bone] = own[parent] if parent >= 0 else np.broadcast_to(np.eye(3), (len(motion.frames), 3, 3))
        if name == hips_there or (parent < 0 and name in partner):
            heads[:, bone] = shape.heads[bone] + moved
        elif parent < 0:
            heads[:, bone] = shape.heads[bone]
        else:
            heads[:, bone] = heads[:, parent] + own[parent] @ (shape.heads[bone] - shape.heads[parent])
    return {name: heads[:, bone] for bone, name in enumerate(shape.names)}
