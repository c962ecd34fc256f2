"""Where the controls of a four-legged rig lie, from its rest pose and its body's parts. Numpy only.

The rig's own bones stay what an animator turns for FK, and keep their keys; controls come on top of them. Torso, chest, neck, head and
tail *add* to what the bones do by themselves; a foot *replaces* what its leg does, as far as its slider says.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..retarget.body_map import LEGS, BodyMap
from ..retarget.rig_shape import RigError, RigShape
from ..retarget.turns import frame_of, unit
from .legs import LegParts, leg_geometry

Array = NDArray[np.float64]

CONTROL, HELPER = "CTL-", "MCH-"
"""How the names of controls begin, and of the bones between them and the rig's own that nobody needs to see."""

ROOT, TORSO, HIPS, CHEST, NECK, HEAD, LOOK, TAIL, TAIL_TIP = (
    CONTROL + name for name in ("root", "torso", "hips", "chest", "neck", "head", "look", "tail", "tail_tip"))


@dataclass(frozen=True)
class ControlBone:
    """One bone to add. head (3,), axes (3, 3) with columns x, y, z and length, armature space. parent: its name, of the rig's own bones or
    of one added before it; None = none. shape: of `widgets`, "" for helpers; group: its bone collection; side 1 left, -1 right, 0 middle.
    size: of the shape, armature units; lift: how far above the bone it is drawn, along z. moves: whether it can be moved as well as
    turned; turns: whether it can be turned."""

    name: str
    parent: str | None
    head: Array
    axes: Array
    length: float
    shape: str = ""
    group: str = "Helpers"
    side: int = 0
    size: float = 0.0
    lift: float = 0.0
    moves: bool = False
    turns: bool = True


@dataclass(frozen=True)
class Chain:
    """Bones that one control turns, each by its share. control: its name. bones: of the rig, from the trunk outwards. source: the added
    bone whose own turn they copy."""

    control: str
    source: str
    bones: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """What is added to a rig: bones, parents before children; hips: the rig's bone that carries the animal; chains; legs by the names of
    `LEGS`. look: the rig's bones that look at the target, each with its share of the slider, and `look_axis` ("TRACK_Y", …) of the head.
    """

    bones: tuple[ControlBone, ...]
    hips: str
    chains: tuple[Chain, ...]
    legs: dict[str, LegParts]
    look: tuple[tuple[str, float], ...] = ()
    look_axis: str = "TRACK_Y"
    messages: tuple[str, ...] = ()

    def bone(self, name: str) -> ControlBone:
        """The added bone of this name."""
        return next(bone for bone in self.bones if bone.name == name)


def plan_controls(shape: RigShape, body: BodyMap) -> Plan:
    """Lay the controls of a rig at rest. Raises RigError for a rig without hips, or none of whose legs can have a foot control."""
    body = body.on(shape)
    if not body["spine"]:
        raise RigError("this rig has no spine; set its parts by hand first")
    builder = _Builder(shape, body)
    builder.trunk()
    builder.head()
    builder.tail()
    for leg in LEGS:
        builder.leg(leg)
    if not builder.legs:
        raise RigError("no leg of this rig can have a foot control: " + "; ".join(builder.messages))
    return Plan(tuple(builder.bones), body["spine"][0], tuple(builder.chains), builder.legs, tuple(builder.look), builder.look_axis,
                tuple(builder.messages))


class _Builder:
    """Collects the bones of a plan, part by part."""

    def __init__(self, shape: RigShape, body: BodyMap) -> None:
        self.shape, self.body = shape, body
        self.bones: list[ControlBone] = []
        self.chains: list[Chain] = []
        self.legs: dict[str, LegParts] = {}
        self.look: list[tuple[str, float]] = []
        self.look_axis = "TRACK_Y"
        self.messages: list[str] = []
        spine = shape.of(body["spine"])
        # Up is the world's: an importer may have left the armature lying.
        self.up = unit(np.linalg.inv(shape.to_world[:3, :3]) @ np.array([0.0, 0.0, 1.0]))
        along = shape.tails[spine[-1]] - shape.heads[spine[0]]
        flat = along - self.up * (along @ self.up)
        if np.linalg.norm(flat) < 1e-3 * max(float(np.linalg.norm(along)), 1e-12):
            raise RigError("the spine of this rig stands upright; controls are for animals on four legs")
        self.forward = unit(flat)
        self.upright = np.stack([np.cross(self.forward, self.up), self.forward, self.up], axis=1)
        self.length = float(np.linalg.norm(along))
        self.ground = float((shape.heads @ self.up).min())
        legs = [shape.index[name] for leg in LEGS for name in body.leg(leg)]
        if legs:
            self.ground = float(min((shape.heads[legs] @ self.up).min(), (shape.tails[legs] @ self.up).min()))

    def add(self, name: str, parent: str | None, head: Array, axes: Array, length: float, **more: object) -> str:
        self.bones.append(ControlBone(name, parent, np.asarray(head, dtype=np.float64), axes, float(length), **more))
        return name

    def axes(self, bone: str) -> Array:
        return self.shape.axes[self.shape.index[bone]]

    def place(self, bone: str) -> Array:
        return self.shape.heads[self.shape.index[bone]]

    def end(self, bone: str) -> Array:
        return self.shape.tails[self.shape.index[bone]]

    def parent(self, bone: str) -> str | None:
        above = self.shape.parents[self.shape.index[bone]]
        return None if above < 0 else self.shape.names[above]

    def like(self, name: str, parent: str | None, bone: str) -> str:
        """A helper that lies where a bone of the rig does."""
        return self.add(name, parent, self.place(bone), self.axes(bone), 0.25 * float(np.linalg.norm(self.end(bone) - self.place(bone))))

    def is_chain(self, bones: tuple[str, ...]) -> bool:
        return all(self.parent(below) == above for above, below in pairwise(bones))

    def trunk(self) -> None:
        """Root on the ground, torso in the middle, hips and chest at its ends."""
        spine, size = self.body["spine"], self.length
        hips = self.place(spine[0])
        middle = (hips + self.end(spine[-1])) / 2
        floor = middle - self.up * (middle @ self.up - self.ground)
        self.add(ROOT, None, floor, self.upright, 0.4 * size, shape="ground", group="Body", size=1.1 * size, moves=True)
        self.add(TORSO, ROOT, middle, self.upright, 0.3 * size, shape="box", group="Body", size=0.5 * size, moves=True)
        self.add(HIPS, TORSO, hips, self.upright, 0.25 * size, shape="ring", group="Body", size=0.36 * size, moves=True)
        carried = self.like(HELPER + "hips", HIPS, spine[0])
        if len(spine) > 1 and self.is_chain(spine):
            self.add(CHEST, TORSO, self.place(spine[-1]), self.upright, 0.25 * size, shape="ring", group="Body", size=0.36 * size)
            source = self.add(HELPER + "chest", carried, self.place(spine[-1]), self.upright, 0.1 * size)
            self.chains.append(Chain(CHEST, source, spine[1:]))

    def following(self, control: str, bone: str, **more: object) -> str:
        """A control that follows what it hangs on as far as its slider says; gives the helper whose own turn is its turn."""
        word, above = control.removeprefix(CONTROL), self.parent(bone) or ROOT
        self.like(f"{HELPER}{word}_still", ROOT, bone)
        base = self.like(f"{HELPER}{word}_base", above, bone)
        self.add(control, base, self.place(bone), self.axes(bone), 0.6 * float(np.linalg.norm(self.end(bone) - self.place(bone))), **more)
        return self.like(HELPER + word, above, bone)

    def head(self) -> None:
        """Neck and head, and what the head looks at."""
        neck, head = self.body["neck"], self.body["head"]
        if neck and self.is_chain(neck):
            source = self.following(NECK, neck[0], shape="ring", group="Head and tail", size=0.26 * self.length)
            self.chains.append(Chain(NECK, source, neck))
        if not head:
            self.messages.append("no head was found: there is no control and nothing to look with")
            return
        first = head[0]
        source = self.following(HEAD, first, shape="ring", group="Head and tail", size=0.3 * self.length)
        self.chains.append(Chain(HEAD, source, (first,)))
        axes = self.axes(first)
        best = int(np.argmax(np.abs(axes.T @ self.forward)))
        sign = "" if axes[:, best] @ self.forward > 0 else "NEGATIVE_"
        self.look_axis = f"TRACK_{sign}{'XYZ'[best]}"
        ahead = axes[:, best] * (1 if not sign else -1)
        target = self.place(first) + ahead * 1.2 * self.length
        self.add(LOOK, ROOT, target, self.upright, 0.12 * self.length, shape="target", group="Head and tail", size=0.16 * self.length,
                 moves=True, turns=False)
        self.look = [(first, 1.0)]

    def tail(self) -> None:
        """One control for the whole tail, one for its outer half."""
        tail = self.body["tail"]
        if len(tail) < 2 or not self.is_chain(tail):
            return
        self.add(TAIL, self.parent(tail[0]) or ROOT, self.place(tail[0]), self.axes(tail[0]),
                 float(np.linalg.norm(self.end(tail[0]) - self.place(tail[0]))), shape="ring", group="Head and tail",
                 size=0.2 * self.length)
        self.chains.append(Chain(TAIL, TAIL, tail))
        if len(tail) < 4:
            return
        outer = tail[len(tail) // 2:]
        self.add(TAIL_TIP, self.parent(outer[0]), self.place(outer[0]), self.axes(outer[0]),
                 float(np.linalg.norm(self.end(outer[0]) - self.place(outer[0]))), shape="ring", group="Head and tail",
                 size=0.13 * self.length)
        self.chains.append(Chain(TAIL_TIP, TAIL_TIP, outer))

    def leg(self, leg: str) -> None:
        """Foot, heel, toes, knee, twists and the chain that IK bends."""
        try:
            parts = leg_geometry(self.shape, self.body, leg, self.up, self.forward)
        except RigError as error:
            self.messages.append(str(error))
            return
        self.legs[leg] = parts
        end, left = leg.split("_")
        side = 1 if left == "left" else -1
        size, label = 0.3 * parts.length, parts.label
        flat = parts.toe_along - self.up * (parts.toe_along @ self.up)
        flat = flat if np.linalg.norm(flat) > 0.3 * np.linalg.norm(parts.toe_along) else self.forward
        axes = frame_of(flat, np.cross(flat, self.up))
        look = {"group": f"{end.capitalize()} feet", "side": side}
        sole = 0.9 * (self.ground - float(parts.foot_head @ self.up))  # the outline lies around the paw, just above the ground
        foot = self.add(parts.foot, ROOT, parts.foot_head, axes, 0.5 * size, shape="foot", size=size, lift=sole, moves=True, **look)
        holder = foot
        if parts.cannon:
            back = self.place(parts.cannon) - parts.foot_head
            holder = self.add(parts.heel, foot, parts.foot_head, frame_of(back, self.axes(parts.cannon)[:, 0]),
                              float(np.linalg.norm(back)), shape="heel", size=0.6 * size, **look)
        for toe, control in zip(parts.toes, parts.toe_controls, strict=True):
            self.add(control, foot, self.place(toe), self.axes(toe), float(np.linalg.norm(self.end(toe) - self.place(toe))),
                     shape="ring", size=0.5 * size, **look)
        target_axes = self.axes(parts.cannon) if parts.cannon else self.axes(parts.lower)
        self.add(parts.target, holder, parts.joints[2], target_axes, 0.2 * size)
        above = self.parent(parts.upper) or ROOT
        self.add(parts.chain[0], above, parts.joints[0], parts.chain_axes[0], parts.lengths[0])
        knee = parts.joints[0] + parts.chain_axes[0][:, 1] * parts.lengths[0]
        self.add(parts.chain[1], parts.chain[0], knee, parts.chain_axes[1], parts.lengths[1])
        for k, at in enumerate((parts.joints[0], knee)):
            self.add(parts.twists[k], parts.chain[k], at, parts.twist_axes[k], 0.5 * parts.lengths[k], shape="ring",
                     group="Twist", side=side, size=0.55 * size)
        self.add(f"{CONTROL}{label}", ROOT, parts.pole, self.upright, 0.12 * parts.length, shape="ball", size=0.35 * size, moves=True,
                 turns=False, **look)
