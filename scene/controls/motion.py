"""A motion of a rig's own bones as channels of its controls, exactly: what controls cannot hold stays on the bones. Numpy only."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ...animal.rotations import axis_angle_from_matrix, matrix_from_axis_angle
from ..retarget.rig_shape import RigShape
from ..retarget.turns import power, unit
from .layout import CONTROL, TORSO, Plan
from .legs import LegParts, hinge_axes, knee_way

Array = NDArray[np.float64]

_MOST = np.radians(150.0)  # of one control: beyond half a turn nobody can say which way it goes


@dataclass
class Channels:
    """By bone: turns (F, 3, 3) and places (F, 3), both in the bone's own rest axes, as Blender's channels have them."""

    turns: dict[str, Array] = field(default_factory=dict)
    places: dict[str, Array] = field(default_factory=dict)


@dataclass(frozen=True)
class Posed:
    """F poses of a rig's own bones. axes (F, J, 3, 3) and heads (F, J, 3) in armature space."""

    shape: RigShape
    axes: Array
    heads: Array

    def of(self, bone: str) -> tuple[Array, Array]:
        """Axes (F, 3, 3) and heads (F, 3) of one bone."""
        index = self.shape.index[bone]
        return self.axes[:, index], self.heads[:, index]

    def turns(self, bone: str) -> Array:
        """(F, 3, 3) the turns of a bone since rest, in armature axes."""
        index = self.shape.index[bone]
        return self.axes[:, index] @ self.shape.axes[index].T


def trunk_channels(plan: Plan, posed: Posed) -> Channels:
    """Torso, chest, neck, head and tail of a motion, with the root, hips control and every slider at rest; and what stays on the bones."""
    made, shape = Channels(), posed.shape
    torso, hips = plan.bone(TORSO), shape.index[plan.hips]
    above = int(shape.parents[hips])
    turn, start = posed.turns(plan.hips), np.broadcast_to(shape.heads[hips], (len(posed.heads), 3))
    if above >= 0:
        carried = posed.turns(shape.names[above])
        turn = turn @ np.swapaxes(carried, -1, -2)
        start = posed.heads[:, above] + carried @ (shape.heads[hips] - shape.heads[above])
    move = posed.heads[:, hips] - np.einsum("fij,fj->fi", turn, start)
    made.turns[TORSO] = torso.axes.T @ turn @ torso.axes
    made.places[TORSO] = (np.einsum("fij,j->fi", turn, torso.head) + move - torso.head) @ torso.axes
    made.turns[plan.hips] = np.broadcast_to(np.eye(3), turn.shape)
    made.places[plan.hips] = np.zeros((len(turn), 3))
    left = {name: _own_turn(posed, name) for chain in plan.chains for name in chain.bones}
    for k, chain in enumerate(plan.chains):
        shared = {name for later in plan.chains[k + 1:] for name in later.bones}
        first = [name for name in chain.bones if name not in shared] or list(chain.bones)
        whole = left[first[0]]
        for name in first[1:]:
            whole = whole @ left[name]
        share = power(whole, 1.0 / len(first))
        around = axis_angle_from_matrix(share) * len(chain.bones)
        if np.linalg.norm(around, axis=1).max() > _MOST:
            around, share = np.zeros_like(around), np.broadcast_to(np.eye(3), share.shape)
        axes = plan.bone(chain.control).axes
        made.turns[chain.control] = axes.T @ matrix_from_axis_angle(around) @ axes
        for name in chain.bones:
            left[name] = np.swapaxes(share, -1, -2) @ left[name]
    for name, turns in left.items():
        axes = shape.axes[shape.index[name]]
        made.turns[name] = axes.T @ turns @ axes
    return made


def _own_turn(posed: Posed, bone: str) -> Array:
    """(F, 3, 3) what a bone turns beside what it hangs on, in armature axes at rest."""
    above = int(posed.shape.parents[posed.shape.index[bone]])
    if above < 0:
        return posed.turns(bone)
    return np.swapaxes(posed.turns(posed.shape.names[above]), -1, -2) @ posed.turns(bone)


def leg_channels(plan: Plan, parts: LegParts, posed: Posed, root: tuple[Array, Array]) -> Channels:
    """Foot, heel, toes, knee and twists that make IK stand where the leg stands. root: the root control's turns (F, 3, 3) since rest and
    its shift (F, 3): a point p of the rest pose is carried to turn @ p + shift."""
    made, shape = Channels(), posed.shape
    foot, pole = plan.bone(parts.foot), plan.bone(f"{CONTROL}{parts.label}")
    last = parts.cannon or parts.lower
    turns, heads = posed.turns(last), posed.of(last)[1]
    index = shape.index[last]
    ball = heads + np.einsum("fij,j->fi", turns, parts.foot_head - shape.heads[index])
    stands = posed.turns(parts.toes[0]) if parts.toes else turns
    _put(made, foot.name, stands, ball, foot.head, foot.axes, root)
    for toe, control in zip(parts.toes, parts.toe_controls, strict=True):
        rest = shape.axes[shape.index[toe]]
        made.turns[control] = rest.T @ np.swapaxes(stands, -1, -2) @ posed.turns(toe) @ rest
    if parts.cannon:
        heel = plan.bone(parts.heel)
        made.turns[heel.name] = heel.axes.T @ np.swapaxes(stands, -1, -2) @ turns @ heel.axes
    upper, lower = posed.of(parts.upper), posed.of(parts.lower)
    ankle = heads if parts.cannon else ball
    joints = np.stack([upper[1], lower[1], ankle], axis=1)
    knee = knee_way(joints, np.einsum("fij,j->fi", posed.turns(parts.upper), parts.knee))
    spot = joints[:, 1] + unit(knee) * parts.reach
    made.places[pole.name] = (np.einsum("fji,fj->fi", root[0], spot - root[1]) - pole.head) @ pole.axes
    hinges = hinge_axes(joints, knee)
    for k, (name, own) in enumerate(zip(parts.twists, (upper[0], lower[0]), strict=True)):
        made.turns[name] = np.swapaxes(hinges[:, k] @ parts.chain_axes[k].T @ parts.twist_axes[k], -1, -2) @ own
    return made


def _put(made: Channels, name: str, turns: Array, heads: Array, rest_head: Array, rest_axes: Array, root: tuple[Array, Array]) -> None:
    """Channels of a control that hangs on the root: turned by turns (F, 3, 3) since rest, its head at heads (F, 3)."""
    back = np.swapaxes(root[0], -1, -2)
    made.turns[name] = rest_axes.T @ back @ turns @ rest_axes
    made.places[name] = (np.einsum("fij,fj->fi", back, heads - root[1]) - rest_head) @ rest_axes


def own_channels(posed: Posed, bones: tuple[str, ...]) -> Channels:
    """What these bones of the rig would be keyed with if nothing but their parents moved them."""
    made, shape = Channels(), posed.shape
    for name in bones:
        index = shape.index[name]
        axes, above = shape.axes[index], int(shape.parents[index])
        made.turns[name] = axes.T @ _own_turn(posed, name) @ axes
        if above < 0:
            off = posed.heads[:, index] - shape.heads[index]
        else:
            carried = posed.turns(shape.names[above])
            off = np.einsum("fji,fj->fi", carried, posed.heads[:, index] - posed.heads[:, above])
            off = off - (shape.heads[index] - shape.heads[above])
        made.places[name] = off @ axes
    return made
