"""The controls of a leg's IK side, keyed so that an animator can switch from FK to IK without a jump.

They are found like the others, in a copy that is switched to IK: the foot's control is the one on which the toes' base stands there,
others are found by the bones that turn with them, and a bone with one free axis swings the knee around.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ...animal.rotations import matrix_from_axis_angle, rotation_between
from . import wiring
from .body_map import LEGS, BodyMap
from .channels import Solved
from .handles import Handle, Handles, Probe, based, handle_for
from .rig_shape import RigMotion, RigShape
from .turns import unit
from .twin import Twin

Array = NDArray[np.float64]

_ROUNDS = 8


@dataclass(frozen=True)
class Swivel:
    """A control that swings a knee around the line from hip to ankle: hip, knee and ankle are skeleton bones, by their heads.

    line, bend (3,): from hip to ankle and from hip to knee at rest, in the axes of the control's base.
    """

    handle: Handle
    hip: str
    knee: str
    ankle: str
    line: Array
    bend: Array


@dataclass(frozen=True)
class IkControls:
    """handles: of the feet, each after those that it stands on. swivels: what turns the knees. switches: those that go to IK."""

    handles: Handles
    swivels: tuple[Swivel, ...]
    switches: tuple[tuple[str, str, float], ...]


def find_ik(twin: Twin, shape: RigShape, body: BodyMap | None, handles: Handles, seed: int = 1) -> IkControls | None:
    """The IK controls of a rig whose copy stands switched to FK; the copy is left switched to IK. None where it has no switch."""
    switches = tuple((bone, key, 1.0 - value) for bone, key, value in handles.switches if wiring.is_switch(key))
    if not switches or body is None:
        return None
    twin.read()
    before = wiring.above(twin.evaluated)
    for bone, key, value in switches:
        twin.set_property(bone, key, value)
    twin.read()
    after = wiring.above(twin.evaluated)
    can = {bone.name: wiring.channels(bone) for bone in twin.evaluated.pose.bones}
    known = [handle.name for handle in handles.handles]
    legs, new = [], []
    for leg in LEGS:
        chain = [name for name in body.leg(leg) if name in shape.index]
        old = set().union(*(before[name] for name in chain)) if chain else set()
        now = set().union(*(after[name] for name in chain)) if chain else set()
        fresh = [name for name in twin.names if name in now - old and name not in known and (can[name].turns or can[name].moves)]
        if fresh:
            legs.append((chain, fresh))
            new += fresh
    if not legs:
        return None
    probe = Probe(twin, shape, np.random.default_rng(seed), [*known, *new], [name for name in new if can[name].moves], spread=0.15)
    made: list[Handle] = []
    swivels: list[Swivel] = []
    for chain, fresh in legs:
        found, swing = _leg(probe, handles, chain, fresh)
        made += found
        swivels += swing
    names = [*known, *(handle.name for handle in made)]
    upstream = {bone: tuple(name for name in names if name in probe.above[bone]) for bone in twin.names}
    return IkControls(Handles(tuple(made), (), (), (), upstream), tuple(swivels), switches)


def _leg(probe: Probe, handles: Handles, chain: list[str], fresh: list[str]) -> tuple[list[Handle], list[Swivel]]:
    """Handles and swivels of one leg: chain, its skeleton bones from the trunk; fresh, the controls that only IK has."""
    foot = _foot(probe, handles, chain, fresh)
    if foot is None:
        return [], []
    result = [foot]
    for bone in chain:
        nearby = [name for name in fresh if name in probe.turns and name != foot.name]
        found = [name for name, _ in probe.fitting(probe.turn(bone), nearby) if name is not None]
        if found and found[0] not in [handle.name for handle in result]:
            result.append(handle_for(probe, found[0], bone))
    known = [handle.name for handle in handles.handles]
    names = [*known, *(handle.name for handle in result)]
    ready = [based(probe, handle, [name for name in names if name in probe.above[handle.name] and name != handle.name])
             for handle in sorted(result, key=lambda handle: len(probe.above[handle.name]))]
    swivels = []
    for name in fresh:
        can = probe.channels[name]
        knees = [k for k in range(len(chain) - 2) if name in probe.above[chain[k]]]
        if can.turns and sum(can.free) == 1 and can.free[1] and knees:
            made = replace(handle_for(probe, name, chain[knees[0]]), wants=None)
            base = based(probe, made, [other for other in known if other in probe.above[name]])
            if base.base.exact[0]:
                joints = chain[knees[0]:knees[0] + 3]
                hip, knee, ankle = (probe.rest_heads[probe.twin.index[joint]] for joint in joints)
                above = np.eye(3) if base.base.turn_by is None else probe.rest_axes[probe.twin.index[base.base.turn_by]]
                axes = above @ base.base.turn
                swivels.append(Swivel(base, joints[0], joints[1], joints[2], axes.T @ (ankle - hip), axes.T @ (knee - hip)))
    return ready, swivels


def _foot(probe: Probe, handles: Handles, chain: list[str], fresh: list[str]) -> Handle | None:
    """The control that carries the foot: what the base of the toes' handle turns with when the leg is on IK."""
    movers = [name for name in fresh if name in probe.turns and name in probe.moves]
    for handle in reversed(handles.handles):
        if handle.wants not in chain or handle.name not in probe.turns or handle.base.turn_by is None:
            continue
        stood = handles[handle.base.turn_by].wants
        turns = probe.turn(handle.name) @ np.swapaxes(probe.turns[handle.name], -1, -2)
        found = [name for name, _ in probe.fitting(turns, movers) if name is not None]
        if found and stood is not None:
            return replace(handle_for(probe, found[0], stood), pins=stood)
    for bone in reversed(chain):
        found = [name for name, _ in probe.fitting(probe.turn(bone), movers) if name is not None]
        if found:
            return replace(handle_for(probe, found[0], bone), pins=bone)
    return None


def swing(swivel: Swivel, motion: RigMotion, solved: Solved) -> Array:
    """Angles (F,) that turn a swivel so that the knee comes to where it is wanted."""
    base = swivel.handle.base
    hip, knee, ankle = motion.shape.of([swivel.hip, swivel.knee, swivel.ankle])
    above = np.eye(3) if base.turn_by is None else solved.axes[base.turn_by]
    axes = np.broadcast_to(above @ base.turn, (len(motion.frames), 3, 3))
    line = unit(motion.heads[:, ankle] - motion.heads[:, hip])
    wanted = motion.heads[:, knee] - motion.heads[:, hip]
    angles = np.zeros(len(motion.frames))
    for _ in range(_ROUNDS):
        # The leg as it rests on the control, brought onto the line by the shortest way; its knee then has this far to go.
        turned = axes @ matrix_from_axis_angle(angles[:, None] * np.array([0.0, 1.0, 0.0]))
        knees = np.einsum("fab,fb->fa", rotation_between(turned @ swivel.line, line), turned @ swivel.bend)
        off = np.arctan2(np.einsum("fa,fa->f", np.cross(knees, wanted), line),
                         np.einsum("fa,fa->f", knees, wanted) - np.einsum("fa,fa->f", knees, line) * np.einsum("fa,fa->f", wanted, line))
        angles = angles + off
    return np.unwrap(angles)
