"""How a source stands: by its rest pose where an animal could stand so, else by the frame of its clip in which it stands best.

Rigs come in rest poses of all kinds: upright as people are, lying, or with bones that were put anywhere. What a bone does is
measured from how the animal stands, so such a rest pose would be carried into every frame.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .body import Body
from .body_map import LEGS, BodyMap
from .rig_shape import RigMotion, RigShape

Array = NDArray[np.float64]

_GOOD = 0.55


@dataclass(frozen=True, eq=False)
class Stance:
    """body: the animal as it stands; axes (J, 3, 3): of its bones then, armature space; warnings: for people."""

    body: Body
    axes: Array
    warnings: tuple[str, ...] = ()


def standing(motion: RigMotion, parts: BodyMap) -> Stance:
    """The rest pose, or where no animal could stand so, the clip's frame that stands best, turned to face as the rest pose does."""
    shape = motion.shape
    body = Body(shape, parts)
    axes = _world_axes(shape)
    stands = score(body, body.heads[None])[0] >= _GOOD
    if stands and axes[:, 2] @ body.axes[:, 2] > 0.5:
        return Stance(body, shape.axes)
    # Its legs do not say where up is, or another way than the world does: is there a frame in which it stands in the world?
    scores = score(body, motion.heads @ axes)
    best = int(np.argmax(scores))
    if stands and scores[best] < _GOOD:
        return Stance(body, shape.axes)
    if scores[best] <= score(body, (shape.heads @ axes)[None])[0] + 0.1:
        return Stance(body, shape.axes, ("the source's rest pose is not a standing one, and no frame of the clip is better",))
    heads = motion.heads[best]
    turned = Body(shape, parts, heads=heads)
    turned = Body(shape, parts, axes=_facing(turned, axes), heads=heads)
    warning = f"the source's rest pose is not a standing one; frame {motion.frames[best]:g} of the clip is taken for it"
    return Stance(turned, motion.rotations[best], (warning,))


def score(body: Body, heads: Array) -> Array:
    """(F,) 0 to 1 how much an animal stands, its joints at heads (F, J, 3), z up: legs stretched and upright, back level."""
    parts = []
    for leg in LEGS:
        bones = list(body.legs[leg].bones)
        joints = heads[:, bones]
        length = np.linalg.norm(np.diff(joints, axis=1), axis=-1).sum(axis=1)
        parts.append(np.clip((joints[:, 0, 2] - joints[:, -1, 2]) / np.maximum(length, 1e-9), 0.0, 1.0))
    tops = np.stack([heads[:, body.legs[leg].bones[0]] for leg in LEGS], axis=1)
    back = tops[:, :2].mean(axis=1) - tops[:, 2:].mean(axis=1)
    level = 1.0 - np.abs(back[:, 2]) / np.maximum(np.linalg.norm(back, axis=-1), 1e-9)
    return np.min(parts, axis=0) * np.clip(2.0 * level, 0.0, 1.0)


def _world_axes(shape: RigShape) -> Array:
    """(3, 3) columns: some level direction, the one across, and the world's up, in armature space."""
    world = shape.to_world[:3, :3]
    up = np.linalg.solve(world, [0.0, 0.0, 1.0]) if abs(np.linalg.det(world)) > 1e-12 else np.array([0.0, 0.0, 1.0])
    up = up / np.linalg.norm(up)
    spare = np.eye(3)[int(np.argmin(np.abs(up)))]
    first = np.cross(spare, up)
    first /= np.linalg.norm(first)
    return np.stack([first, np.cross(up, first), up], axis=1)


def _facing(body: Body, axes: Array) -> Array:
    """Axes with the world's up and the body's forward."""
    up = axes[:, 2]
    forward = body.axes[:, 0] - up * (body.axes[:, 0] @ up)
    forward /= np.linalg.norm(forward)
    return np.stack([forward, np.cross(up, forward), up], axis=1)

