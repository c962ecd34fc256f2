"""The geometry of one leg under IK, at rest and in motion: which plane it bends in, where its knee points. Numpy only.

IK bends two bones, the upper and the lower one, as one hinge: their helpers' x axis is the hinge. What a real leg does besides
(turning about its own length) is the twist controls'. The cannon is turned by the heel control, about the ball of the foot.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..retarget.body_map import BodyMap
from ..retarget.rig_shape import RigError, RigShape
from ..retarget.turns import frame_of, unit

Array = NDArray[np.float64]

_LEAST_BEND = np.radians(25.0)  # of the helpers at rest: IK needs to see which way they bend
_STRAIGHT = np.radians(1.0)


@dataclass(frozen=True)
class LegParts:
    """A leg of a rig and the names of what is added to it.

    upper, lower: the rig's bones that IK bends; cannon: the bone between them and the toes, "" where there is none; toes: those that
    hang on it. joints (3, 3): heads of upper, lower and of what follows. foot_head (3,): the ball of the foot. toe_along (3,). chain_axes
    (2, 3, 3): rest axes of the two helpers; rest_axes (2, 3, 3): what IK makes of them while the leg is at rest; twist_axes (2, 3, 3).
    lengths (2,). pole (3,): where the knee points. length: of the whole leg. knee (3,): the way from the leg's line to its knee.
    """

    upper: str
    lower: str
    cannon: str
    toes: tuple[str, ...]
    label: str
    foot: str
    heel: str
    toe_controls: tuple[str, ...]
    target: str
    chain: tuple[str, str]
    twists: tuple[str, str]
    joints: Array
    foot_head: Array
    toe_along: Array
    chain_axes: Array
    rest_axes: Array
    twist_axes: Array
    lengths: tuple[float, float]
    pole: Array
    reach: float
    length: float
    knee: Array


def leg_geometry(shape: RigShape, body: BodyMap, leg: str, up: Array, forward: Array) -> LegParts:
    """Lay one leg's IK. Raises RigError, naming the leg, for one that has no upper and lower bone of its own."""
    end, side = leg.split("_")
    words = f"the {side} {end} leg"
    upper, lower, cannon, toes = (body[f"{leg}_{segment}"] for segment in ("upper", "lower", "cannon", "toes"))
    if len(upper) != 1 or len(lower) != 1:
        raise RigError(f"{words} has {len(upper)} upper and {len(lower)} lower bones; foot IK needs one of each")
    a, b = shape.index[upper[0]], shape.index[lower[0]]
    if shape.parents[b] != a:
        raise RigError(f"{lower[0]!r} of {words} does not hang on {upper[0]!r}")
    middle = cannon[0] if cannon and shape.parents[shape.index[cannon[0]]] == b else ""
    last = shape.index[middle] if middle else b
    joints = np.array([shape.heads[a], shape.heads[b], shape.heads[last] if middle else shape.tails[b]])
    hanging = tuple(toe for toe in toes if shape.parents[shape.index[toe]] == last)
    foot_head = shape.heads[shape.index[hanging[0]]] if len(hanging) == 1 else shape.tails[last]
    along = shape.tails[shape.index[hanging[0]]] - foot_head if hanging else forward
    lengths = float(np.linalg.norm(joints[1] - joints[0])), float(np.linalg.norm(joints[2] - joints[1]))
    if min(lengths) < 1e-6:
        raise RigError(f"{words} has a bone without length")
    whole = sum(lengths) + float(np.linalg.norm(foot_head - joints[2]))
    knee = knee_way(joints[None], forward * (1.0 if end == "hind" else -1.0))[0]
    chain_axes = _bent(joints, lengths, knee)
    rest_axes = hinge_axes(joints[None], knee[None])[0]
    own = np.stack([shape.axes[a], shape.axes[b]])
    twist_axes = chain_axes @ np.swapaxes(rest_axes, -1, -2) @ own
    tail = f"{end}.{'L' if side == 'left' else 'R'}"
    return LegParts(
        upper[0], lower[0], middle, hanging, f"knee_{tail}" if end == "hind" else f"elbow_{tail}", f"CTL-foot_{tail}",
        f"CTL-heel_{tail}", tuple(f"CTL-toes{'' if len(hanging) == 1 else k + 1}_{tail}" for k in range(len(hanging))),
        f"MCH-ankle_{tail}", (f"MCH-upper_{tail}", f"MCH-lower_{tail}"), (f"CTL-twist_upper_{tail}", f"CTL-twist_lower_{tail}"),
        joints, foot_head, along, chain_axes, rest_axes, twist_axes, lengths, joints[1] + knee * 0.7 * whole, 0.7 * whole, whole, knee)


def knee_way(joints: Array, usual: Array) -> Array:
    """(F, 3) unit: from the line between a leg's ends, joints (F, 3, 3), to its knee; `usual` (3,) or (F, 3) where the leg is straight."""
    line = unit(joints[:, 2] - joints[:, 0])
    off = joints[:, 1] - joints[:, 0]
    off = off - line * np.einsum("fi,fi->f", off, line)[:, None]
    size = np.linalg.norm(joints[:, 1] - joints[:, 0], axis=1)
    usual = np.broadcast_to(usual, line.shape)
    spare = unit(usual - line * np.einsum("fi,fi->f", usual, line)[:, None])
    straight = np.linalg.norm(off, axis=1) < np.sin(_STRAIGHT) * size
    return np.where(straight[:, None], spare, unit(off))


def hinge_axes(joints: Array, knee: Array) -> Array:
    """Axes (F, 2, 3, 3) of the two helpers under IK: along the bones of joints (F, 3, 3), x the hinge for knees pointing to knee (F, 3)."""
    hinge = np.cross(knee, joints[:, 2] - joints[:, 0])
    along = np.stack([joints[:, 1] - joints[:, 0], joints[:, 2] - joints[:, 1]], axis=1)
    return frame_of(along, np.broadcast_to(hinge[:, None], along.shape))


def _bent(joints: Array, lengths: tuple[float, float], knee: Array) -> Array:
    """Rest axes (2, 3, 3) of the helpers: as the leg is, or bent more where it is too straight for IK to know which way."""
    line = unit(joints[2] - joints[0])
    first, second = unit(joints[1] - joints[0]), unit(joints[2] - joints[1])
    bend = float(np.arccos(np.clip(first @ second, -1.0, 1.0)))
    if bend < _LEAST_BEND:
        far = np.sqrt(lengths[0] ** 2 + lengths[1] ** 2 + 2 * lengths[0] * lengths[1] * np.cos(_LEAST_BEND))
        cos = (lengths[0] ** 2 + far ** 2 - lengths[1] ** 2) / (2 * lengths[0] * far)
        corner = joints[0] + lengths[0] * (line * cos + knee * np.sqrt(max(0.0, 1.0 - cos ** 2)))
        joints = np.array([joints[0], corner, joints[0] + line * far])
    return hinge_axes(joints[None], knee[None])[0]
