"""A motion carried from one animal's rig onto another's: `retarget`, the whole way in its order. Numpy only.

Turns are carried over part by part, the body is set at a height at which the legs can stand, the feet are kept where the source's
stand, heads that went down go down, and everything else follows what it hangs on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...animal.rotations import rotation_between
from . import feet, ground, reaching
from .body import Body
from .body_map import LEGS, BodyMap
from .contacts import Contacts, find_contacts, told
from .ik import reach_goals
from .loops import closed, padded
from .pose import follow, motion_of, place, turns_of
from .rig_shape import RigMotion, RigShape
from .smoothing import smooth, smooth_motion
from .standing import standing
from .transfer import carry_over, flat_footed, leg_path
from .turns import about_left, about_z, yaw_of

Array = NDArray[np.float64]

_SURGE = 0.08
"""Leg lengths that the body may go along with its standing feet, so that its legs need not bend to reach them."""
_PACES = {-1: (0.9, 0.8, 0.72), 1: (1.1,)}
"""Shares of the speed that the ratio of the legs gives, tried in turn while they suit the target's legs better: a short step on legs
that reach is liked better than a long one for which the body must sink."""
_SUPPLE = 0.2
"""How stiff a cannon is whose source is of another kind, beside the bones above it."""
_SUITS = 0.04
"""Leg lengths that the feet may be taken from their own ways, on average, before another speed is tried."""
PATHS = ("keep", "in_place", "travel")


@dataclass(frozen=True)
class RetargetOptions:
    """How `retarget` carries a motion over.

    path: "keep" the source's; "in_place": without its way over the ground; "travel": a walk on the spot moves on.
    path_scale: of the way over the ground; None for the ratio of the legs, or about it where the ground goes by. contacts: feet
    that stand are kept standing. ground: nothing goes below it. head_reach: a head that went to the ground goes to the ground.
    smooth: seconds, 0 for none.
    follows: bones of the target that cannot turn on their own and go with what carries them.
    """

    path: str = "keep"
    path_scale: float | None = None
    contacts: bool = True
    ground: bool = True
    head_reach: bool = True
    smooth: float = 0.0
    follows: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.path not in PATHS:
            raise ValueError(f"path is one of {', '.join(PATHS)}, not {self.path!r}")


@dataclass(frozen=True, eq=False)
class Retargeted:
    """motion: of all bones of the target's shape. contacts (F, 4) bool: the source's, in the order of LEGS, of feet that it stands on.
    ground_velocity (3,): of the ground under an animal that walks on the spot, in the target's armature units a second; ground: its
    height along the target's up. scale: of lengths. warnings: for people."""

    motion: RigMotion
    contacts: NDArray[np.bool_]
    ground_velocity: Array
    ground: float
    scale: float
    warnings: tuple[str, ...] = ()


def retarget(
    motion: RigMotion, source_map: BodyMap, target_shape: RigShape, target_map: BodyMap, options: RetargetOptions | None = None,
) -> Retargeted:
    """The motion on the target's rig, at the same times. Raises RigError for maps that lack a leg or the spine."""
    options = options or RetargetOptions()
    frames = len(motion.frames)
    whole, pad = padded(motion, source_map)
    if options.smooth > 0:
        whole = smooth_motion(whole, options.smooth)
    stance = standing(whole, source_map)
    source, target = stance.body, Body(target_shape, target_map)
    turns, heads = turns_of(source, whole, stance.axes)
    scale = ground.leg_scale(source, target)
    found = _contacts(source, turns, heads, whole)
    carried, own = carry_over(source, target, turns, heads)
    own[[target_shape.index[name] for name in options.follows if name in target_shape.index]] = False
    work = _Work(source, target, turns, heads, found, scale, motion.fps, options)
    out, places, velocity = work.run(carried, own)
    like = RigMotion(target_shape, np.zeros((len(out), len(target_shape), 3, 3)), np.zeros((len(out), len(target_shape), 3)),
                     motion.fps, whole.frames, motion.name, motion.cyclic)
    done = closed(motion_of(target, out, places, like), motion, pad, frames)
    warnings = (*stance.warnings, *work.warnings)
    return Retargeted(done, work.kept()[pad : pad + frames], target.axes @ velocity, target.ground, scale, warnings)


def _contacts(source: Body, turns: Array, heads: Array, motion: RigMotion) -> Contacts:
    """Contacts of the source's feet by the point of each that is put on the ground, or as the clip says."""
    points, heights = [], []
    for leg in source.legs.values():
        at = feet.ball(source, leg)
        points.append(leg_path(leg, source, turns, heads)[:, at])
        heights.append(source.joints(leg)[at, 2] - source.ground)
    places, rest = np.stack(points, axis=1), np.array(heights)
    found = find_contacts(places, rest, source.size, motion.fps, ground.middle(source, heads))
    if motion.standing is None:
        return found
    said = [motion.standing[:, source.below(leg)].any(axis=1) for leg in source.legs.values()]
    return told(found, places, rest, source.size, np.stack(said, axis=1))


@dataclass(frozen=True, eq=False)
class _Plan:
    """turns (F, J, 3, 3), with feet that stand flat; heads (F, J, 3) and hips (F, 3): of the body as it goes, the hips sunk so that the
    legs reach; goals (F, 4, 3): of the feet; velocity (3,): of the ground; cost: how far the feet are taken from their own ways."""

    turns: Array
    heads: Array
    hips: Array
    goals: Array
    velocity: Array
    cost: float


class _Work:
    """One retargeting on its way: what its steps share."""

    def __init__(self, source: Body, target: Body, turns: Array, heads: Array, found: Contacts, scale: float, fps: float,
                 options: RetargetOptions) -> None:
        self.source, self.target, self.turns, self.heads = source, target, turns, heads
        self.found, self.scale, self.fps, self.options = found, scale, fps, options
        self.stands = found.feet & self._stretched() if options.contacts else np.zeros_like(found.feet)
        self.warnings: list[str] = []
        self.balls = {name: feet.ball(target, leg) for name, leg in target.legs.items()}
        self.heights = {name: float(target.joints(leg)[self.balls[name], 2]) for name, leg in target.legs.items()}

    def _stretched(self) -> NDArray[np.bool_]:
        """(F, 4) whether the source's legs are not folded under it: an animal that lies does not stand on its feet."""
        columns = []
        for leg in self.source.legs.values():
            at = feet.ball(self.source, leg)
            path, rest = leg_path(leg, self.source, self.turns, self.heads), self.source.joints(leg)
            columns.append(path[:, 0, 2] - path[:, at, 2] > 0.4 * (rest[0, 2] - rest[at, 2]))
        return np.stack(columns, axis=1)

    def kept(self) -> NDArray[np.bool_]:
        """(F, 4) the source's contacts, without feet of folded legs, which are not kept where they are."""
        return self.stands if self.options.contacts else self.found.feet

    def run(self, turns: Array, own: NDArray[np.bool_]) -> tuple[Array, Array, Array]:
        """Turns, heads and the ground's velocity on the target; turns (F, J, 3, 3) are the carried ones."""
        target = self.target
        follow(target, turns, own)
        held = np.stack([feet.weights(self.stands[:, k], 0.1 * self.fps) for k in range(4)], axis=1)
        plan = self._plan(turns, own, held, 1.0)
        for faster in (-1, 1):
            for pace in _PACES[faster] if plan.cost > _SUITS * target.size and self._goes() else ():
                other = self._plan(turns, own, held, pace)
                if other.cost > 0.95 * plan.cost:
                    break
                plan = other
        turns, moved = self._all_legs(plan.turns, plan.hips, own, plan.goals, held)
        if self.options.head_reach or self.options.ground:
            self._heads_and_tails(turns, plan.heads, own, moved)
        follow(target, turns, own)
        return turns, place(target, turns, moved), plan.velocity

    def _goes(self) -> bool:
        """Whether the ground goes under the animal, at a speed that may be chosen for the target's legs."""
        free = self.options.path_scale is None and self.options.path != "travel"
        return free and bool(self.found.velocity.any() and self.stands.any())

    def _plan(self, turns: Array, own: NDArray[np.bool_], held: Array, pace: float) -> _Plan:
        """How the body goes and where the feet are to be, at a share `pace` of the speed that the ratio of the legs gives."""
        target, turns = self.target, turns.copy()
        hips, velocity = self._path(turns, pace)
        turns, heads = self._level(turns, place(target, turns, hips), own, held)
        goals, paths, surge = self._goals(turns, heads, velocity, held)
        heads = heads + surge[:, None]
        tops = np.stack([heads[:, target.legs[leg].bones[0]] for leg in LEGS], axis=1)
        reach = np.array([0.992 * self._length(leg) for leg in LEGS])
        drop = ground.drop_to_reach(tops, goals, reach, held, target.size, self.fps)[:, None] * np.array([0.0, 0.0, 1.0])
        moved = heads[:, target.chains["spine"][0]] - drop
        apart = goals - paths - (surge - drop)[:, None]
        return _Plan(turns, heads, moved, goals, velocity, float(np.linalg.norm(apart, axis=-1).mean()))

    def _path(self, turns: Array, pace: float) -> tuple[Array, Array]:
        """Where the hips go (F, 3), and the ground's velocity (3,)."""
        source, target, scale = self.source, self.target, self.scale
        way = ground.middle(source, self.heads)
        start = np.mean(source.trunk, axis=0)
        over = scale * pace if self.options.path_scale is None else self.options.path_scale
        velocity = self.found.velocity * over
        floor = self.found.ground if self.options.contacts or self.options.ground else source.ground
        shift = (way - np.r_[start[:2], floor]) * np.array([over, over, scale])
        if self.options.path == "in_place" and len(shift) > 1:
            travel = smooth(shift[:, :2], 0.6 * self.fps)
            if self._straight(shift):
                travel = np.linspace(0, 1, len(shift))[:, None] * (shift[-1, :2] - shift[0, :2])
                velocity = velocity - np.r_[(shift[-1, :2] - shift[0, :2]) * self.fps / (len(shift) - 1), 0.0]
            shift[:, :2] -= travel
        elif self.options.path == "travel":
            shift -= velocity * (np.arange(len(shift)) / self.fps)[:, None]
            velocity = np.zeros(3)
        there = np.mean(target.trunk, axis=0)
        centre = np.r_[there[:2], target.ground] + shift
        still = place(target, turns, np.zeros((len(turns), 3)))
        return centre - ground.middle(target, still), velocity

    def _straight(self, shift: Array) -> bool:
        """Whether a path goes on along one line at one speed, but for its sway."""
        line = np.linspace(0, 1, len(shift))[:, None] * (shift[-1, :2] - shift[0, :2]) + shift[0, :2]
        return bool(np.abs(shift[:, :2] - line).max() < 0.35 * self.target.size)

    def _paths(self, turns: Array, heads: Array) -> dict[str, Array]:
        """(F, n + 1, 3) of each leg, where its joints are; of feet of another kind, where the source's feet are."""
        paths = {}
        for name, leg in self.target.legs.items():
            path, here = leg_path(leg, self.target, turns, heads), self.source.legs[name]
            if flat_footed(self.source, here) != flat_footed(self.target, leg):
                # Bones of a sole and of a pastern do not answer each other, but where the foot goes is the same.
                at, there = feet.ball(self.source, here), self.balls[name]
                rest, own = self.source.joints(here), self.target.joints(leg)
                way = leg_path(here, self.source, self.turns, self.heads)
                moved = (way[:, at] - way[:, 0] - rest[at] + rest[0]) * self.scale
                path[:, there] = path[:, 0] + own[there] - own[0] + moved
            paths[name] = path
        return paths

    def _level(self, turns: Array, heads: Array, own: NDArray[np.bool_], held: Array) -> tuple[Array, Array]:
        """The body raised and tipped so that standing feet are about on the ground, and no joint is in it."""
        target = self.target
        first = target.chains["spine"][0]
        if self.options.contacts and held.any():
            paths = self._paths(turns, heads)
            lift = np.stack([self.heights[leg] - paths[leg][:, self.balls[leg], 2] for leg in LEGS], axis=1)
            # Folded legs say nothing about the body's height: an animal that lies keeps its place above the ground.
            stretched = np.stack([paths[leg][:, 0, 2] - paths[leg][:, self.balls[leg], 2] for leg in LEGS], axis=1)
            weight = held * np.clip(stretched / (0.5 * target.size) - 0.6, 0.0, 1.0)
            hind, front = target.trunk
            rise, pitch = ground.level(lift, weight, target.size, float(np.linalg.norm(front - hind)), self.fps)
            heading = about_z(yaw_of(turns[:, first]))
            tip = heading @ about_left(-pitch) @ np.swapaxes(heading, -1, -2)
            trunk = [*target.chains["spine"], *(bone for leg in target.legs.values() for bone in leg.girdle)]
            centre = ground.middle(target, heads)
            turns = turns.copy()
            turns[:, trunk] = tip[:, None] @ turns[:, trunk]
            follow(target, turns, own)
            heads = place(target, turns, heads[:, first])
            back = centre - ground.middle(target, heads) + rise[:, None] * np.array([0.0, 0.0, 1.0])
            heads = place(target, turns, heads[:, first] + back)
        if self.options.ground:
            bones = [*target.chains["spine"], *(bone for leg in target.legs.values() for bone in leg.bones[:2])]
            up = ground.keep_inside(heads, bones, target.floor + 0.01 * target.size, self.fps)
            if up.any():
                heads = place(target, turns, heads[:, first] + up[:, None] * np.array([0.0, 0.0, 1.0]))
        return turns, heads

    def _goals(self, turns: Array, heads: Array, velocity: Array, held: Array) -> tuple[Array, Array, Array]:
        """(F, 4, 3) where the balls of the feet are to be and where they would be, and how far the body goes along with them (F, 3).

        Feet that stand are turned flat in `turns`.
        """
        target, goals, paths = self.target, [], []
        ways = self._paths(turns, heads)
        for number, name in enumerate(LEGS):
            leg, at, stands = target.legs[name], self.balls[name], self.stands[:, number]
            path = ways[name][:, at]
            goal, firm = feet.pinned(path, stands, self.heights[name], velocity, self.fps, ways[name][:, 0], 0.985 * self._length(name))
            lowest = np.zeros(len(goal))
            if at < len(leg.bones):
                foot = leg.bones[at]
                turns[:, foot] = feet.flat_turns(turns[:, foot], stands, firm)
                turns[:, list(leg.bones[at + 1 :])] = turns[:, foot, None]
                lowest = (turns[:, foot, 2] @ (target.sole(leg) - target.heads[foot]).T).min(axis=1)
                # A foot has a pad or a hoof's heel under its joint, which points at its toes do not show.
                lowest = np.minimum(lowest, target.ground - self.heights[name] + 0.008 * target.size)
            if self.options.ground:
                goal = feet.above_ground(goal, lowest, target.ground, firm, 0.004 * target.size)
            goals.append(goal)
            paths.append(path)
        offsets = np.stack(goals, axis=1) - np.stack(paths, axis=1)
        surge = np.stack([ground.weighted_follow(offsets[..., axis], held, self.fps, slow=0.03) for axis in (0, 1)], axis=1)
        most = _SURGE * target.size
        along = np.c_[most * np.tanh(0.6 * surge / most), np.zeros(len(surge))]
        return np.stack(goals, axis=1), np.stack(paths, axis=1), along

    def _all_legs(self, turns: Array, hips: Array, own: NDArray[np.bool_], goals: Array, held: Array) -> tuple[Array, Array]:
        """Turns with all balls at their goals (F, 4, 3), and hips (F, 3) raised where knees and hocks would be in the ground.

        Feet that are not held (F, 4) are raised with them.
        """
        target, goals = self.target, goals.copy()
        for again in (True, True, True, False):
            heads, bent = place(target, turns, hips), turns.copy()
            for number, leg in enumerate(LEGS):
                self._reach(bent, heads, leg, goals[:, number])
            if not (again and self.options.ground):
                break
            follow(target, bent, own)
            heads, lowest = place(target, bent, hips), target.floor - 0.002 * target.size
            ups = np.stack([ground.keep_inside(heads, list(target.legs[leg].bones), lowest, self.fps) for leg in LEGS], axis=1)
            if ups.max() < 0.003 * target.size:
                break
            goals[..., 2] += (1.0 - held) * np.minimum(ups, 0.1 * target.size)
            up = ground.spread((held * ups).max(axis=1), self.fps)
            hips = hips + np.minimum(up, 0.06 * target.size)[:, None] * np.array([0.0, 0.0, 1.0])
        return bent, hips

    def _length(self, name: str) -> float:
        leg, at = self.target.legs[name], self.balls[name]
        return float(np.linalg.norm(np.diff(self.target.joints(leg)[: at + 1], axis=0), axis=1).sum())

    def _reach(self, turns: Array, heads: Array, name: str, goals: Array) -> None:
        """Turn the bones of a leg, in `turns`, so that its ball is at goals (F, 3)."""
        target = self.target
        leg, at = target.legs[name], self.balls[name]
        bones, joints = list(leg.bones[:at]), target.joints(leg)
        links = np.diff(joints[: at + 1], axis=0)
        lengths = np.linalg.norm(links, axis=1)
        vectors = np.einsum("fnij,nj->fni", turns[:, bones], links)
        before = vectors / np.maximum(lengths, 1e-12)[:, None]
        rest = links / np.maximum(lengths, 1e-12)[:, None]
        heading = turns[:, bones[0]]
        side = about_z(yaw_of(turns[:, target.chains["spine"][0]])) @ np.array([0.0, 1.0, 0.0])
        bends = np.einsum("fij,nj->fni", heading, rest)
        # A sole and a pastern do not answer each other: what is above them is kept, they make up for it.
        kind = flat_footed(self.source, self.source.legs[name]) == flat_footed(target, leg)
        stiff = None if kind else np.array([_SUPPLE if segment == "cannon" else 1.0 for segment in leg.segments[:at]])
        after = reach_goals(before, lengths, goals - heads[:, bones[0]], bends, side, stiff)
        turns[:, bones] = rotation_between(before, after) @ turns[:, bones]

    def _heads_and_tails(self, turns: Array, heads: Array, own: NDArray[np.bool_], hips: Array) -> None:
        """Lower the head as far as the source's went, and keep head and tail out of the ground, in `turns`."""
        source, target, floor = self.source, self.target, self.target.ground
        follow(target, turns, own)
        heads = place(target, turns, hips)
        here, there = source.muzzle(), target.muzzle()
        neck = [bone for bone in target.chains["neck"] or target.chains["head"][:1] if bone not in target.under_legs]
        if here is not None and there is not None and neck:
            head = target.chains["head"][0]
            now = (heads[:, head] + turns[:, head] @ (there - target.heads[head]))[:, 2]
            wanted, share = now, np.zeros(len(now))
            if self.options.head_reach:
                height, share = reaching.lowered(source, self.turns, self.heads, self.found.ground, here)
                wanted = floor + height * self.scale
            lowest = floor if self.options.ground else -np.inf
            wanted = reaching.blend_height(now, wanted, share, lowest, self.fps)
            wanted = np.where(np.abs(wanted - now) < 1e-9, np.nan, wanted)
            # The head keeps its gaze; where the neck turns, only its place changes.
            line = (*neck, head) if neck[-1] != head else neck
            if not np.isnan(wanted).all():
                reaching.lower_neck(turns, heads, target, line, there, wanted)
        tail = target.chains["tail"]
        if tail and self.options.ground:
            reaching.raise_tail(turns, heads, target, tail, floor)
