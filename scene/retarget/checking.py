"""Does the rig do what it was told: some frames are evaluated, and the skeleton is compared with the motion that was wanted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .. import compat
from .body_map import LEGS, PARTS, BodyMap
from .rig_shape import RigMotion, RigShape
from .twin import Twin

Array = NDArray[np.float64]


def leg_length(shape: RigShape, body: BodyMap | None) -> float:
    """The mean length of the legs at rest from the upper bone down, armature units; a third of the rig's size where none is known."""
    lengths = []
    for leg in LEGS if body is not None else ():
        chain = [shape.index[name] for name in body.leg(leg) if name in shape.index and name not in body[f"{leg}_girdle"]]
        if len(chain) > 1:
            lengths.append(float(np.linalg.norm(shape.tails[chain] - shape.heads[chain], axis=1).sum()))
    if lengths:
        return float(np.mean(lengths))
    return float(np.ptp(shape.heads, axis=0).max()) / 3 or 1.0


def check(twin: Twin, curves: compat.Curves, motion: RigMotion, body: BodyMap | None, leg: float, most: int) -> dict[str, float]:
    """Play the curves at up to `most` frames. Errors of mapped bones' directions in degrees and heads in percent of the leg's length.

    A bone's direction is where its child's head lies, where one stands at its end, else its own y axis.
    """
    count = len(motion.frames)
    rows = np.unique(np.linspace(0, count - 1, min(count, most)).astype(np.int_))
    axes, heads = posed(twin, curves, motion, rows)
    errors = compare(motion, body, leg, rows, axes, heads)
    return {f"{name}_{kind}": float(getattr(values, kind)()) for name, values in errors.items() for kind in ("mean", "max")}


def posed(twin: Twin, curves: compat.Curves, motion: RigMotion, rows: NDArray[np.int_]) -> tuple[Array, Array]:
    """The skeleton as the rig shows it: axes (n, J, 3, 3) and heads (n, J, 3) at rows (n,) of the motion's frames."""
    twin.play(curves)
    axes, heads = twin.read_many(motion.frames[rows])
    twin.play(None)
    bones = [twin.index[name] for name in motion.shape.names]
    return axes[:, bones], heads[:, bones]


def compare(motion: RigMotion, body: BodyMap | None, leg: float, rows: NDArray[np.int_], axes: Array, heads: Array) -> dict[str, Array]:
    """`direction_degrees` and `head_percent` (n, bones) between a motion and what the rig showed at `rows`."""
    shape = motion.shape
    mapped = [name for name in shape.names if body is None or any(name in body[part] for part in PARTS)]
    bones = shape.of(mapped)
    wanted, got = directions(shape, motion.rotations[rows], motion.heads[rows]), directions(shape, axes, heads)
    cos = np.einsum("nja,nja->nj", wanted[:, bones], got[:, bones])
    cross = np.linalg.norm(np.cross(wanted[:, bones], got[:, bones]), axis=-1)
    away = np.linalg.norm(heads[:, bones] - motion.heads[rows][:, bones], axis=-1)
    return {"direction_degrees": np.degrees(np.arctan2(cross, cos)), "head_percent": 100 * away / leg}


def directions(shape: RigShape, axes: Array, heads: Array) -> Array:
    """Where bones point (n, J, 3): to the child that stands at their end, else along their own y axis."""
    result = axes[..., 1].copy()
    size = float(np.ptp(shape.heads, axis=0).max()) or 1.0
    for bone, children in enumerate(shape.children):
        for child in children:
            if np.linalg.norm(shape.heads[child] - shape.tails[bone]) < 1e-3 * size:
                along = heads[:, child] - heads[:, bone]
                length = np.linalg.norm(along, axis=-1, keepdims=True)
                result[:, bone] = np.where(length > 1e-9, along / np.maximum(length, 1e-9), result[:, bone])
                break
    return result
