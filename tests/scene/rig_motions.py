"""Motions made up for a skeleton: smooth random turns of its mapped bones and a path, without any source."""

from __future__ import annotations

from typing import Any

import numpy as np

from bestiary.animal.rotations import matrix_from_axis_angle
from bestiary.scene.retarget.body_map import LEGS, PARTS, BodyMap
from bestiary.scene.retarget.rig_shape import RigMotion, RigShape


def forward(shape: RigShape, local: np.ndarray, path: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Axes (F, J, 3, 3) and heads (F, J, 3) of own turns (F, J, 3, 3) beside the parents; roots are moved by path (F, 3)."""
    axes, heads = np.empty_like(local), np.empty(local.shape[:3])
    for bone, parent in enumerate(shape.parents):
        if parent < 0:
            axes[:, bone] = shape.axes[bone] @ local[:, bone]
            heads[:, bone] = shape.heads[bone] + path
            continue
        rest = shape.axes[parent].T
        axes[:, bone] = axes[:, parent] @ (rest @ shape.axes[bone]) @ local[:, bone]
        heads[:, bone] = heads[:, parent] + axes[:, parent] @ (rest @ (shape.heads[bone] - shape.heads[parent]))
        if np.linalg.norm(shape.tails[bone] - shape.heads[parent]) < 1e-3 * np.ptp(shape.heads, axis=0).max():
            # Laid towards what it hangs on: it turns about its tail.
            heads[:, bone] = heads[:, parent] + axes[:, bone] @ (shape.axes[bone].T @ (shape.heads[bone] - shape.heads[parent]))
    return axes, heads


def random_motion(shape: RigShape, body: BodyMap | None, frames: int = 100, seed: int = 0, size: float = 0.25,
                  fps: float = 24.0, hinges: bool = True) -> RigMotion:
    """A motion that goes on at the pace of a walk; bones of no part stay at rest beside their parents.

    hinges: bones of a leg below its uppermost bone swing about the armature's x axis alone, as an animal's do; girdles stay.
    """
    rng = np.random.default_rng(seed)
    time = np.arange(frames) / fps
    waves = rng.normal(size=(3, len(shape), 3))
    speeds, starts = rng.uniform(2.0, 8.0, size=(3, len(shape), 3)), rng.uniform(0, 6.28, size=(3, len(shape), 3))
    vectors = size / np.sqrt(3) * (waves * np.sin(time[:, None, None, None] * speeds + starts)).sum(axis=1)
    mapped = {name for part in PARTS for name in body[part]} if body is not None else set(shape.names)
    vectors[:, [name not in mapped for name in shape.names]] = 0.0
    for leg in LEGS if body is not None and hinges else ():
        chain = [name for name in body.leg(leg) if name in shape.index]
        for name in chain:
            bone = shape.index[name]
            if name in body[f"{leg}_girdle"]:
                vectors[:, bone] = 0.0
            elif name not in body[f"{leg}_upper"]:
                vectors[:, bone] = (vectors[:, bone] @ np.ones(3) / np.sqrt(3))[:, None] * shape.axes[bone].T[:, 0]
    length = float(np.ptp(shape.heads, axis=0).max())
    path = np.stack([0.02 * length * np.sin(3 * time), -0.3 * length * time, 0.02 * length * np.sin(5 * time)], axis=1)
    axes, heads = forward(shape, matrix_from_axis_angle(vectors), path)
    return RigMotion(shape, axes, heads, fps, 1.0 + np.arange(frames), "random walk")


def twist_of(armature: Any, bone: str) -> tuple[float, ...]:
    """All channels of a pose bone, to see whether they changed."""
    item = armature.pose.bones[bone]
    return (*item.location, *item.rotation_quaternion, *item.rotation_euler, *item.rotation_axis_angle, *item.scale)
