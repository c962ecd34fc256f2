"""A skeleton in motion as bones that turn: which bones its joints need, where they lie at rest, how they turn. Numpy only.

Every joint has a bone with its head there that points at the child that leads on. Where a joint has several children, one
leads on (or, on the midline between a left and a right one, the middle of them); the others hang on that bone if they
keep their place beside it in all frames, else on a *link*, a bone of its own from joint to child. So turning bones is
enough to put every joint exactly where the motion has it, as long as bone lengths are constant; only where a length changes
the bone is moved as well.

Turns have no more twist than they need: a bone swings from where its parent would carry it to where it points, and about
its own axis it turns only to bring its other children nearest (least squares).

All positions here are in the *animal frame* of `frames`: x forward, y left, z up, metres, the origin on the ground under
the root of the rest pose.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..animal.motion import Motion
from ..animal.rotations import cross_matrix, matrix_from_quaternion, quaternion_from_matrix, rotation_between
from ..animal.skeleton import Skeleton
from .bone_layout import BoneLayout, z_axes
from .bone_names import mirrored_bone_names
from .frames import continuous, turn_about_z

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

STIFF = 2e-5
"""Metres by which a joint may leave the place that turning alone gives it before its bone is moved as well."""
_GROUPS = {1: "Left", -1: "Right", 0: "Middle"}


@dataclass(frozen=True)
class BoneMotion:
    """The bones of a motion's skeleton and what they do in each frame.

    layout: B bones, parents first, in the animal frame. joint_bones: for each of `skeleton`'s J joints the bone whose head
    it is. turns (F, B, 3, 3): what turns each bone from its rest direction, in the animal frame; turned (F, B) where the
    motion says so and keys belong; elsewhere `turns` are what plays between the keys. shifts (F, B, 3): how far a bone's head
    leaves the place that its parent gives it, along the parent's axes at rest, and moved (F, B) where keys for that belong.
    heading, origin (3,): the animal frame is turned by `heading` radians about Z and stands at `origin` in the world.
    """

    skeleton: Skeleton
    layout: BoneLayout
    joint_bones: tuple[int, ...]
    turns: Array
    turned: Flags
    shifts: Array
    moved: Flags
    heading: float
    origin: Array


def bones_of(motion: Motion) -> BoneMotion:
    """Solve a motion for its bones. Joints that are known in no frame are left out; ValueError when none is known in any."""
    skeleton, world = known_joints(motion)
    known = np.isfinite(world).all(axis=-1)
    numbers = np.asarray(motion.frame_numbers, dtype=np.float64)
    filled = fill_in(world, numbers)
    rest_frame = middle_frame(filled, known)
    heading = facing(filled[rest_frame], skeleton)
    origin = np.array([*filled[rest_frame, skeleton.root, :2], 0.0])
    places = (filled - origin) @ turn_about_z(heading)
    rest = rest_pose(places, known, rest_frame, skeleton)
    solver = _Solver(skeleton, rest, places, known, numbers)
    solver.solve()
    return solver.result(heading, origin)


def known_joints(motion: Motion) -> tuple[Skeleton, Array]:
    """The skeleton of the joints that are known in some frame, and their positions (F, J', 3), nan where not known."""
    seen = np.isfinite(motion.positions).all(axis=(-1)).any(axis=0)
    if not seen.any():
        raise ValueError("no joint is known in any frame")
    keep = np.flatnonzero(seen)
    skeleton = motion.skeleton if seen.all() else motion.skeleton.keep(keep.tolist())
    return skeleton, motion.positions[:, keep]


def fill_in(positions: Array, numbers: Array) -> Array:
    """Positions (F, J, 3) of frames (F,) with what is not known taken from straight lines between the frames where it is."""
    known = np.isfinite(positions).all(axis=-1)
    return np.stack([between(positions[:, j], known[:, j], numbers) for j in range(positions.shape[1])], axis=1)


def between(values: Array, known: Flags, numbers: Array) -> Array:
    """Values (F, n) of frames (F,) as they play with keys where they are known: straight lines between, the ends held."""
    if known.all() or not known.any():
        return values
    played = values.copy()
    for column in range(values.shape[1]):
        played[:, column] = np.interp(numbers, numbers[known], values[known, column])
    return played


def played_turns(turns: Array, parent: Array, known: Flags, numbers: Array) -> Array:
    """Turns (F, 3, 3) as they play with keys where they are known: between those, against the parent's turns, quaternions
    on straight lines, as Blender has them."""
    if known.all():
        return turns
    if not known.any():
        return parent
    local = np.zeros((len(turns), 4))
    local[known] = continuous(quaternion_from_matrix(np.swapaxes(parent[known], -1, -2) @ turns[known]))
    filled = parent @ matrix_from_quaternion(between(local, known, numbers))
    return np.where(known[:, None, None], turns, filled)


def best_turns(source: Array, target: Array) -> tuple[Array, Flags]:
    """The rotations (F, 3, 3) that turn points (J, 3) nearest to (F, J, 3), both about their means (Kabsch), and where
    the points say so: not when they lie on a line."""
    spread = source - source.mean(axis=0)
    sums = np.einsum("fja,jb->fab", target - target.mean(axis=1, keepdims=True), spread)
    u, size, vt = np.linalg.svd(sums)
    sign = np.ones((len(target), 3))
    sign[:, 2] = np.sign(np.linalg.det(u @ vt))
    return (u * sign[:, None]) @ vt, size[:, 1] > 1e-6 * np.maximum(size[:, 0], 1e-30)


def middle_frame(filled: Array, known: Flags) -> int:
    """The frame whose pose is nearest to all others': of those with the most joints known, so that bones rest as they move."""
    candidates = np.flatnonzero(known.sum(axis=1) == known.sum(axis=1).max())
    poses = filled[candidates]
    turns, said = best_turns(poses[0] - poses[0].mean(axis=0), poses)
    turns[~said] = np.eye(3)
    turned = (poses - poses.mean(axis=1, keepdims=True)) @ turns
    return int(candidates[np.argmin(np.linalg.norm(turned - turned.mean(axis=0), axis=-1).sum(axis=1))])


def facing(pose: Array, skeleton: Skeleton) -> float:
    """Where a pose (J, 3) looks: radians about +Z from world x, by its left and right joints; 0 when it has none.

    Blender's mirror tools want the left side on +X of the armature; which end of the midline is the head no name needs to say.
    """
    left = np.zeros(2)
    for joint, (side, twin) in enumerate(zip(skeleton.sides, skeleton.mirror, strict=True)):
        if side > 0:
            left += pose[joint, :2] - pose[twin, :2]
    return float(np.arctan2(-left[0], left[1])) if np.hypot(*left) > 1e-9 else 0.0


def rest_pose(places: Array, known: Flags, frame: int, skeleton: Skeleton) -> Array:
    """(J, 3) the pose of one frame, each bone of the length that it has in most frames (the median where both ends are known)."""
    rest = places[frame].copy()
    for child, parent in skeleton.bones:
        both = known[:, child] & known[:, parent]
        offset = places[frame, child] - places[frame, parent]
        length = float(np.linalg.norm(offset))
        if both.any():
            lengths = np.linalg.norm(places[both, child] - places[both, parent], axis=-1)
            median = float(np.median(lengths))
            if length > 1e-9 and np.abs(lengths - median).max() > 0:
                offset = offset * (median / length)
        rest[child] = rest[parent] + offset
    return rest


def leading(skeleton: Skeleton, rest: Array, shortest: float) -> list[tuple[int, ...]]:
    """For every joint the children whose middle its bone points at: one, a left and a right of the midline, or none."""
    below = np.ones(len(skeleton), dtype=int)
    children: list[list[int]] = [[] for _ in skeleton.names]
    for child, parent in skeleton.bones[::-1]:
        below[parent] += below[child]
        children[parent].insert(0, int(child))
    result: list[tuple[int, ...]] = []
    for joint, beneath in enumerate(children):
        far = [c for c in beneath if np.linalg.norm(rest[c] - rest[joint]) > shortest]
        middle = [c for c in far if skeleton.sides[c] == 0]
        pair = tuple(far) if len(far) == 2 and skeleton.mirror[far[0]] == far[1] and skeleton.sides[joint] == 0 else ()
        if pair and np.linalg.norm(rest[list(pair)].mean(axis=0) - rest[joint]) > 0.3 * np.linalg.norm(rest[pair[0]] - rest[joint]):
            result.append(pair)
        else:
            chosen = max(middle or far, key=lambda c: (below[c], np.linalg.norm(rest[c] - rest[joint])), default=-1)
            result.append((chosen,) if chosen >= 0 else ())
    return result


@dataclass(frozen=True)
class _Bone:
    """One bone, see BoneMotion; twin: what it would be called on the other side."""

    name: str
    twin: str
    parent: int
    head: Array
    tail: Array
    side: int
    turns: Array
    turned: Flags
    shifts: Array
    moved: Flags


class _Solver:
    """Goes down the tree, parents first, and gives every joint its bone and every child that needs one its link."""

    def __init__(self, skeleton: Skeleton, rest: Array, places: Array, known: Flags, numbers: Array) -> None:
        self.skeleton, self.rest, self.places, self.known, self.numbers = skeleton, rest, places, known, numbers
        self.size = max(float(np.ptp(rest, axis=0).max()), 1e-3)
        self.shortest = 1e-3 * self.size
        self.leads = leading(skeleton, rest, self.shortest)
        self.children: list[list[int]] = [[] for _ in skeleton.names]
        for child, parent in skeleton.bones:
            self.children[parent].append(int(child))
        self.reached = np.empty_like(places)  # where the bones put the joints: errors do not add up down a limb
        self.bones: list[_Bone] = []
        self.joint_bones = [-1] * len(skeleton)

    def solve(self) -> None:
        """Fill `bones` and `joint_bones`."""
        names, twin = self.skeleton.names, self.skeleton.mirror
        body, said = best_turns(self.rest, self.places)
        body[~said] = np.eye(3)
        still = np.broadcast_to(np.eye(3), body.shape)
        hangs_on = {self.skeleton.root: -1}
        for joint in self.skeleton.order:
            parent = hangs_on[joint]
            shifts, moved = self._shifts(joint, parent)
            above = self.bones[parent].turns if parent >= 0 else still
            turns, turned = self._turns(joint, above if parent >= 0 else body, above)
            self.joint_bones[joint] = len(self.bones)
            self.bones.append(_Bone(names[joint], names[twin[joint]], parent, self.rest[joint], self._tip(joint),
                                    int(self.skeleton.sides[joint]), turns, turned, shifts, moved))
            for child in self.children[joint]:
                hangs_on[child] = self.joint_bones[joint]
                if not self._stays(child, joint, turns) and self._apart(child, joint) > self.shortest:
                    hangs_on[child] = self._link(joint, child, turns)

    def _apart(self, child: int, joint: int) -> float:
        return float(np.linalg.norm(self.rest[child] - self.rest[joint]))

    def _tip(self, joint: int) -> Array:
        """Where the bone of a joint ends at rest: at what leads on, else a short way on along its parent."""
        if self.leads[joint]:
            return self.rest[list(self.leads[joint])].mean(axis=0)
        above = self.skeleton.parents[joint]
        along = self.rest[joint] - self.rest[above] if above >= 0 else np.zeros(3)
        length = float(np.linalg.norm(along))
        if length < self.shortest:
            return self.rest[joint] + np.array([0.0, 0.0, 0.1 * self.size])
        return self.rest[joint] + along / length * np.clip(0.3 * length, 0.02 * self.size, 0.1 * self.size)

    def _shifts(self, joint: int, parent: int) -> tuple[Array, Flags]:
        """How far a joint leaves the place that its parent's bone gives it, in the parent's rest axes, and where it does.

        The root leaves its rest place, in the animal frame itself.
        """
        if parent < 0:
            self.reached[:, joint] = self.places[:, joint]
            return self.places[:, joint] - self.rest[joint], self.known[:, joint]
        above = self.skeleton.parents[joint]
        turns = self.bones[parent].turns
        carried = self.reached[:, above] + turns @ (self.rest[joint] - self.rest[above])
        away = self.places[:, joint] - carried
        known = self.known[:, joint] & self.known[:, above]
        if not (np.linalg.norm(away[known], axis=-1) > STIFF).any():
            self.reached[:, joint] = carried
            return np.zeros_like(away), np.zeros_like(known)
        shifts = between(np.einsum("fba,fb->fa", turns, away), known, self.numbers)
        self.reached[:, joint] = carried + np.einsum("fab,fb->fa", turns, shifts)
        return shifts, known

    def _turns(self, joint: int, carried: Array, parent: Array) -> tuple[Array, Flags]:
        """What turns the bone of a joint (F, 3, 3), and where the motion says so (F,).

        carried (F, 3, 3): what it turns from with least twist. parent (F, 3, 3): the turns of the bone that it hangs on.
        """
        leads = list(self.leads[joint])
        if not leads:
            return parent, np.zeros(len(self.places), dtype=bool)
        at_rest = self.rest[leads].mean(axis=0) - self.rest[joint]
        along = self.places[:, leads].mean(axis=1) - self.reached[:, joint]
        turns = swing(carried, at_rest, along)
        beside = [c for c in self.children[joint] if [c] != leads]
        if beside:
            about = along, self.rest[beside] - self.rest[joint], self.places[:, beside] - self.reached[:, joint, None]
            turns, least = twist(turns, *about), turns
            if not all(self._stays(c, joint, turns) for c in beside):
                turns = twist(least, *about, reluctance=1.0)
        known = self.known[:, joint] & self.known[:, leads].all(axis=1)
        return played_turns(turns, parent, known, self.numbers), known

    def _stays(self, child: int, joint: int, turns: Array) -> bool:
        """Whether a child is where the joint's own bone carries it, in every frame that knows both."""
        if (child,) == self.leads[joint]:
            return True  # in its direction always; a length that changes is the child's own shift
        both = self.known[:, child] & self.known[:, joint]
        carried = self.reached[both, joint] + turns[both] @ (self.rest[child] - self.rest[joint])
        return bool((np.linalg.norm(carried - self.places[both, child], axis=-1) <= STIFF).all())

    def _link(self, joint: int, child: int, turns: Array) -> int:
        """The bone from a joint to a child that moves beside the one that leads on; its number."""
        names, count = self.skeleton.names, len(self.places)
        known = self.known[:, child] & self.known[:, joint]
        turned = swing(turns, self.rest[child] - self.rest[joint], self.places[:, child] - self.reached[:, joint])
        self.bones.append(_Bone(
            _link_name(names[child]), _link_name(names[self.skeleton.mirror[child]]), self.joint_bones[joint],
            self.rest[joint], self.rest[child], int(self.skeleton.sides[child]), played_turns(turned, turns, known, self.numbers),
            known, np.zeros((count, 3)), np.zeros(count, dtype=bool)))
        return len(self.bones) - 1

    def result(self, heading: float, origin: Array) -> BoneMotion:
        """What was found, as arrays."""
        bones = self.bones
        heads, tails = np.array([b.head for b in bones]), np.array([b.tail for b in bones])
        connected = np.array([b.parent >= 0 and np.array_equal(tails[b.parent], b.head) and not b.moved.any() for b in bones])
        layout = BoneLayout(
            mirrored_bone_names([b.name for b in bones], [b.twin for b in bones]), tuple(_GROUPS[b.side] for b in bones),
            np.array([b.parent for b in bones], dtype=np.int32), heads, tails, z_axes(tails - heads), connected,
            np.array([b.side for b in bones]))
        return BoneMotion(
            self.skeleton, layout, tuple(self.joint_bones), np.stack([b.turns for b in bones], axis=1),
            np.stack([b.turned for b in bones], axis=1), np.stack([b.shifts for b in bones], axis=1),
            np.stack([b.moved for b in bones], axis=1), heading, origin)


def _link_name(name: str) -> str:
    """What the link to a joint is called, its side kept where Blender looks for it: `left_hip` → `left_hip_link`."""
    for end in (".L", ".R", ".l", ".r", "_L", "_R", "_l", "_r"):
        if name.endswith(end) and len(name) > len(end):
            return f"{name[: -len(end)]}_link{end}"
    return f"{name}_link"


def swing(carried: Array, at_rest: Array, along: Array) -> Array:
    """Turns (F, 3, 3) that point `at_rest` (3,) along (F, 3), by the least turn from what is `carried`; that itself where
    `along` has no length."""
    before = carried @ at_rest
    far = np.linalg.norm(along, axis=-1) > 1e-9
    turns = carried.copy()
    turns[far] = rotation_between(before[far], along[far]) @ carried[far]
    return turns


def twist(turns: Array, along: Array, at_rest: Array, beside: Array, reluctance: float = 0.0) -> Array:
    """The turns (F, 3, 3), turned further about `along` (F, 3) so that points at_rest (C, 3) come nearest to beside (F, C, 3).

    The least squares angle is that of the sums of the points' products across the axis; no turn where they all lie on it.
    reluctance: how much it counts not to turn at all, against the points. It keeps limbs that swing each their own way from
    throwing the bone between them about.
    """
    length = np.linalg.norm(along, axis=-1, keepdims=True)
    axis = along / np.where(length > 1e-9, length, 1.0)
    before = np.einsum("fab,cb->fca", turns, at_rest)
    flat = before - np.einsum("fca,fa->fc", before, axis)[..., None] * axis[:, None]
    cosine = np.einsum("fca,fca->f", flat, beside) + reluctance * np.einsum("fca,fca->f", flat, flat)
    sine = np.einsum("fa,fca->f", axis, np.cross(flat, beside))
    said = np.hypot(cosine, sine) > 1e-6 * max(float((at_rest**2).sum()), 1e-12)
    angle = np.where(said & (length[:, 0] > 1e-9), np.arctan2(sine, cosine), 0.0)
    cross = cross_matrix(axis)
    about = np.eye(3) + np.sin(angle)[:, None, None] * cross + (1 - np.cos(angle))[:, None, None] * (cross @ cross)
    return about @ turns


def places_of(motion: BoneMotion) -> Array:
    """The way back: where the bones put the joints, (F, J, 3) in the world. For checking, without Blender."""
    layout = motion.layout
    count = len(motion.turns)
    heads = np.empty((count, len(layout.names), 3))
    for bone, parent in enumerate(layout.parents):
        if parent < 0:
            heads[:, bone] = layout.heads[bone] + motion.shifts[:, bone]
        else:
            offset = layout.heads[bone] - layout.heads[parent] + motion.shifts[:, bone]
            heads[:, bone] = heads[:, parent] + np.einsum("fab,fb->fa", motion.turns[:, parent], offset)
    return heads[:, list(motion.joint_bones)] @ turn_about_z(motion.heading).T + motion.origin
