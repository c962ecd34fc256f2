"""Putting a posed animal on the ground: the body leans as the ground does, and the feet meet it.

The body settles as a stiff thing would: the tilt, within bounds, at which its weight sinks lowest without going into the ground.
Then each leg that carries weight is lengthened or shortened by small turns until its foot is down, and a tail or muzzle that would
be in the ground is turned up. A few of the vertices are enough for all that, so it takes milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...animal.model import AnimalModel
from ...animal.rotations import axis_angle_from_matrix, matrix_from_axis_angle
from .limbs import joints_of, move_foot, spread_turn, turn_leg, turned_joint
from .plan import Terrain

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

LEGS = (("LLeg1", "LLeg2", "LLeg3", "LFoot"), ("RLeg1", "RLeg2", "RLeg3", "RFoot"),
        ("LLegBack1", "LLegBack2", "LLegBack3", "LFootBack"), ("RLegBack1", "RLegBack2", "RLegBack3", "RFootBack"))
"""The joints of the four legs from the top down: left fore, right fore, left hind, right hind."""

SUNK = 0.006  # of the shoulder height: as deep as soles press into the ground
SWUNG = 0.05  # of the shoulder height: a foot this far up, in a pose of which nothing is said, is in the air
LEAN = {"stand": 0.10, "sit": 0.30, "lie": 0.08}  # rise over run by which a body may lean against the slope of the ground
UPRIGHT = 0.4  # sine of the trunk's angle from which on what rests is sitting
CLEAR = 0.01  # of the shoulder height: head and tail stay so far above the ground
BOW = 0.07  # radians that a grazing animal with a short neck bows
STEEPEST = 0.45  # rise over run beyond which a body does not follow the ground
_ENOUGH = 770  # vertices are looked at, spread over the body, and all of the feet
_WITHIN = 0.6  # of its weights: a vertex that belongs to a foot, the head or the tail


@dataclass(frozen=True, eq=False)
class Body:
    """One animal's shape, ready to be posed often: few vertices, chosen once.

    light: a model of the chosen vertices alone in this animal's shape. feet: rows of the four feet among them, or nothing for a
    skeleton without SMAL's legs; legs (4, 4): their joints; limbs: rows of the four legs as a whole. head (with the neck), face,
    tail, trunk: rows too; solid: rows of all but the tail and its root. shoulder: height in model units.
    """

    light: AnimalModel
    feet: tuple[Rows, ...]
    legs: NDArray[np.int64]
    limbs: tuple[Rows, ...]
    head: Rows
    face: Rows
    tail: Rows
    trunk: Rows
    solid: Rows
    shoulder: float

    @classmethod
    def of(cls, model: AnimalModel, betas: ArrayLike) -> Body:
        """The body of `betas` (B,)."""
        rest = model.rest(betas).vertices
        names = {name: j for j, name in enumerate(model.joint_names)}
        weights = np.asarray(model.weights)
        known = all(name in names for leg in LEGS for name in leg)
        legs = np.array([[names[name] for name in leg] for leg in LEGS] if known else np.zeros((0, 4)), np.int64)
        of_feet = weights[:, legs[:, 3]] > _WITHIN
        if not of_feet.any(axis=0).all():  # legs by name alone
            legs, of_feet = legs[:0], of_feet[:, :0]
        few = np.arange(len(weights)) % max(1, len(weights) // _ENOUGH) == 0
        chosen = np.flatnonzero(of_feet.any(axis=1) | few)
        joints = model.J if model.J_regressor is None else model.J_regressor @ rest
        light = AnimalModel(
            model.name, rest[chosen], np.zeros((len(chosen), 3, 0)), np.zeros((0, 3), np.int32), weights[chosen], model.parents,
            joints, posedirs=None if model.posedirs is None else model.posedirs[chosen], joint_names=model.joint_names,
            joint_limits=model.joint_limits)

        def share(*starts: str) -> Array:
            columns = [j for j, name in enumerate(model.joint_names) if name.startswith(starts)]
            return weights[chosen][:, columns].sum(axis=1)

        low = float(rest[:, 2].min())
        if "withers" in model.keypoint_names:
            high = float(model.keypoint_matrix[model.keypoint_names.index("withers")] @ rest[:, 2])
        else:
            high = low + 0.75 * float(np.ptp(rest[:, 2]))
        # An animal that walks on its heels touches the ground with what belongs to the joint above the foot.
        feet = tuple(np.flatnonzero(weights[chosen][:, leg[2:]].sum(axis=1) > _WITHIN) for leg in legs)
        limbs = tuple(np.flatnonzero(weights[chosen][:, leg].sum(axis=1) > _WITHIN) for leg in legs)
        head, tail = share("Neck", "Head", "Mouth", "LEar", "REar"), share("Tail")
        return cls(light, feet, legs, limbs, np.flatnonzero(head > _WITHIN), np.flatnonzero(share("Head", "Mouth") > _WITHIN),
                   np.flatnonzero(tail > 0.3), np.flatnonzero(share("pelvis", "spine") > _WITHIN),
                   np.flatnonzero(tail < 0.05), max(high - low, 1e-6))


def stand(
    model: AnimalModel,
    betas: ArrayLike,
    pose: ArrayLike,
    metres_per_unit: float,
    terrain: Terrain,
    place_xy: ArrayLike,
    yaw: float,
    *,
    raised: ArrayLike | None = None,
    resting: bool = False,
    muzzle: float | None = None,
    limits: ArrayLike | None = None,
    body: Body | None = None,
) -> tuple[Array, Array]:
    """The pose (J, 3) and trans (3,), model units, at which the animal stands at `place_xy` (2,) metres and faces `yaw` (0: +x).

    pose (J, 3): what its root says about pitch and roll is kept, its heading is not. raised (4,): how far each foot is in the air
    in shoulder heights, None to guess. resting: it lies, or sits when its pose holds the trunk up: then its body comes down and
    its legs fold over the ground. muzzle: bring the head's lowest point so many shoulder heights above the ground, as far as the
    neck can. limits (J, 3, 2): the turns that legs, neck and tail may take, None for the model's. body: `Body.of(model, betas)`,
    when it is at hand.
    """
    body = Body.of(model, betas) if body is None else body
    return _Standing(body, terrain, np.asarray(place_xy, np.float64), float(metres_per_unit), limits, resting).settle(
        np.array(pose, np.float64), yaw, raised, muzzle)


def feet_above(model: AnimalModel, vertices: ArrayLike, terrain: Terrain) -> Array:
    """(4,) metres between the lowest point of each foot and the ground, of vertices (V, 3) metres in the world; negative: sunk."""
    vertices = np.asarray(vertices, np.float64)
    names = {name: j for j, name in enumerate(model.joint_names)}
    found = []
    for leg in LEGS:
        mine = vertices[np.asarray(model.weights)[:, [names[leg[2]], names[leg[3]]]].sum(axis=1) > _WITHIN]
        found.append(float((mine[:, 2] - terrain.height(mine[:, :2])).min()))
    return np.array(found)


class _Standing:
    """One animal being put down at one place: state that the steps share."""

    def __init__(self, body: Body, terrain: Terrain, place: Array, scale: float, limits: ArrayLike | None, resting: bool):
        self.posture = "lie" if resting else "stand"
        self.body, self.place, self.scale = body, place, scale
        self.ground = _Ground(terrain, place, 1.5 * scale * float(np.abs(body.light.v_template[:, :2]).max()))
        self.shoulder = body.shoulder * scale
        bounds = body.light.joint_limits if limits is None else np.asarray(limits, np.float64)
        self.limits = np.tile([-np.pi, np.pi], (body.light.n_joints, 3, 1)) if bounds is None else bounds

    def settle(self, pose: Array, yaw: float, raised: ArrayLike | None, muzzle: float | None) -> tuple[Array, Array]:
        """The pose and trans at which the animal stands."""
        heading = matrix_from_axis_angle(pose[0])
        own = _about_z(-np.arctan2(heading[1, 0], heading[0, 0])) @ heading
        if self.posture == "lie" and own[2, 0] > UPRIGHT:
            self.posture = "sit"
        upright = _about_z(yaw) @ own
        pose[0] = axis_angle_from_matrix(upright)
        wanted = self._wanted(pose, raised)
        self.slope = self._ground_slope(yaw)
        pose = self._lean(pose, upright, wanted, self._folding())
        if len(self.body.legs):
            pose = self._with_legs(pose, upright, wanted)
        if muzzle is not None:
            pose = self._bowed(self._reach_down(pose, muzzle), wanted, muzzle)
        pose = self._turn_up(pose, self.body.tail, "Tail1")
        pose = self._turn_up(pose, self.body.head, "Neck")
        down = self._down(self._posed(pose), wanted)
        shift = np.append(self.place - self._middle(pose), -down)
        return pose, shift / self.scale

    # -- measuring --------------------------------------------------------------------------------------------------------

    def _posed(self, pose: Array) -> Array:
        """Chosen vertices (n, 3) in metres in the world, over the right place, at whatever height."""
        vertices = self.body.light.forward(None, pose).vertices * self.scale
        vertices[:, :2] += self.place - self._middle(pose)
        return vertices

    def _middle(self, pose: Array) -> Array:
        """(2,) metres: what of the animal comes to `place`: the middle of its trunk."""
        joints = joints_of(self.body.light, matrix_from_axis_angle(pose))[0] * self.scale
        names = self.body.light.joint_names
        trunk = [j for j, name in enumerate(names) if name.startswith(("pelvis", "spine"))] or [0]
        return joints[trunk].mean(axis=0)[:2]

    def _above(self, vertices: Array) -> Array:
        """(n,) metres of vertices over the ground below them."""
        return vertices[:, 2] - self.ground.height(vertices[:, :2])

    def _wanted(self, pose: Array, raised: ArrayLike | None) -> Array:
        """(4,) metres that each foot shall be above the ground."""
        if not len(self.body.legs) or self.posture != "stand":
            return np.zeros(len(self.body.legs))
        if raised is not None:
            return np.clip(np.asarray(raised, np.float64), 0.0, 1.0) * self.shoulder
        soles = self._soles(self._posed(pose)[:, 2])
        up = soles - soles.min()
        return np.where(up > SWUNG * self.shoulder, up, 0.0)

    def _soles(self, above: Array) -> Array:
        """(4,) the lowest of `above` (n,) on each foot."""
        return np.array([above[rows].min() for rows in self.body.feet])

    def _ground_slope(self, yaw: float) -> Array:
        """(2,) rise over run of the ground below the body along the world's x and y."""
        reach = self.shoulder * np.linspace(-0.6, 0.6, 5)
        along, aside = np.meshgrid(reach, 0.4 * reach)
        turn = _about_z(yaw)[:2, :2]
        offsets = np.stack([along.ravel(), aside.ravel()], axis=1) @ turn.T
        height = self.ground.height(self.place + offsets)
        plane = np.linalg.lstsq(np.column_stack([offsets, np.ones(len(offsets))]), height, rcond=None)[0][:2]
        steep = float(np.linalg.norm(plane))
        return plane * min(1.0, STEEPEST / max(steep, 1e-9))

    # -- steps ------------------------------------------------------------------------------------------------------------

    def _with_legs(self, pose: Array, upright: Array, wanted: Array) -> Array:
        """Bring the legs to the ground: those that carry reach for it, those of what rests fold over it."""
        every = range(len(self.body.legs))
        if self.posture == "stand":
            for _ in range(2):
                pose = self._bend_legs(pose, wanted, every)
            return pose
        folding = every if self.posture == "lie" else every[2:]
        for _ in range(5):
            pose = self._fold_legs(pose, folding)
        pose = self._lean(pose, upright, wanted, ())
        if self.posture == "sit":
            for _ in range(2):
                pose = self._bend_legs(pose, wanted, every[:2])
        return pose

    def _lean(self, pose: Array, upright: Array, wanted: Array, without: tuple[Rows, ...]) -> Array:
        """Tilt the body until its weight is as low as the ground lets it, within bounds of the ground's slope; `without` carry nothing."""
        change = np.zeros(2)
        for _ in range(2):
            pose[0] = axis_angle_from_matrix(_tilted(self.slope + change) @ upright)
            vertices = self._posed(pose)
            heights = self._above(vertices)
            for rows, up in zip(self.body.feet, wanted, strict=True):
                heights[rows] -= up
            above = np.full(len(heights), np.inf)
            above[self.body.solid] = heights[self.body.solid]
            for rows in without:
                above[rows] = np.inf
            # What sits leans on its forelegs too, so its weight counts from further ahead.
            ahead = 0.3 * self.shoulder * upright[:2, 0] if self.posture == "sit" else 0.0
            points = vertices[:, :2] - self.place - ahead
            low = _lowest_in_cells(points, above, self.shoulder / 8)
            change = change + _deepest(points[low], above[low], -change, LEAN[self.posture])
        pose[0] = axis_angle_from_matrix(_tilted(self.slope + change) @ upright)
        return pose

    def _folding(self) -> tuple[Rows, ...]:
        """Rows of the legs that do not carry: all when it lies, the hind ones when it sits."""
        return {"stand": (), "sit": self.body.limbs[2:], "lie": self.body.limbs}[self.posture]

    def _bend_legs(self, pose: Array, wanted: Array, which: range) -> Array:
        """Lengthen and shorten legs until every foot is where it is wanted."""
        above = self._above(self._posed(pose))
        off = self._soles(above) - wanted
        if self.posture == "stand":
            # A straight leg cannot grow: the body comes down to the middle of them, and the others bend.
            off = off - (0.35 * off.max() + 0.65 * off.min())
        else:
            off = off - float(above[self.body.solid].min())
        turns = matrix_from_axis_angle(pose)
        for leg, height in zip(self.body.legs[which], off[which], strict=True):
            if abs(height) > 0.002 * self.shoulder:
                move_foot(self.body.light, turns, leg, -height / self.scale, self.limits)
        bent = axis_angle_from_matrix(turns)
        bent[0] = pose[0]
        return bent

    def _fold_legs(self, pose: Array, which: range) -> Array:
        """Turn legs that would be in the ground out of it, and feet that would hang in the air down to it."""
        vertices = self._posed(pose)
        above = self._above(vertices)
        above = above - self._floor(above)
        places, orient = joints_of(self.body.light, matrix_from_axis_angle(pose))
        places = places * self.scale
        places[:, :2] += self.place - self._middle(pose)
        turns = matrix_from_axis_angle(pose)
        for k in which:
            leg, limb, foot = self.body.legs[k], self.body.limbs[k], self.body.feet[k]
            deep, sole = limb[np.argmin(above[limb])], foot[np.argmin(above[foot])]
            rise = {int(deep): max(-float(above[deep]), 0.0)}
            rise[int(sole)] = -float(above[sole])
            rows, wanted = list(rise), np.array(list(rise.values()))
            if np.abs(wanted).max() < 0.01 * self.shoulder:
                continue
            turn_leg(self.body.light, turns, leg, (places, orient, vertices), rows, wanted, 0.04 * self.shoulder, self.limits)
        bent = axis_angle_from_matrix(turns)
        bent[0] = pose[0]
        return bent

    def _turn_up(self, pose: Array, rows: Rows, joint: str) -> Array:
        """Turn head or tail up about its first joint until it is out of the ground."""
        names = self.body.light.joint_names
        if not len(rows) or joint not in names:
            return pose
        number = names.index(joint)
        vertices = self._posed(pose)
        above = self._above(vertices)
        wanted = self._floor(above) + CLEAR * self.shoulder
        if above[rows].min() >= wanted:
            return pose
        origin, axis = self._hinge(pose, number)
        # A positive turn about the animal's left takes what is ahead down and what is behind up.
        angles = np.linspace(0.0, 1.5, 31) * (1.0 if joint.startswith("Tail") else -1.0)
        turned = np.einsum("aij,nj->ani", matrix_from_axis_angle(angles[:, None] * axis), vertices[rows] - origin)
        heights = (turned[..., 2] + origin[2] - (vertices[rows, 2] - above[rows])).min(axis=1)
        best = angles[np.argmin(np.where(heights >= wanted, np.abs(angles), 10.0 + wanted - heights))]
        return spread_turn(self.body.light, pose, number, float(best), self.limits)

    def _reach_down(self, pose: Array, share: float) -> Array:
        """Turn neck and head so that the muzzle comes `share` of the shoulder height above the ground, as far as they can."""
        names = self.body.light.joint_names
        if not len(self.body.face) or "Neck" not in names or "Head" not in names:
            return pose
        neck, head = names.index("Neck"), names.index("Head")
        vertices = self._posed(pose)
        above = self._above(vertices)
        ground = vertices[self.body.face, 2] - above[self.body.face] + self._floor(above)
        (at_neck, axis), (at_head, _) = self._hinge(pose, neck), self._hinge(pose, head)
        face = vertices[self.body.face] - at_head
        muzzle = face[np.argmax(np.linalg.norm(face, axis=1))]
        ahead = np.cross(axis, (0.0, 0.0, 1.0))
        bend = [np.linspace(*np.clip(self.limits[j, 1] - pose[j, 1], -2.2, 2.2), 27) for j in (neck, head)]
        of_neck, of_head = (matrix_from_axis_angle(angles[:, None] * axis) for angles in bend)
        both = np.einsum("aij,bjk->abik", of_neck, of_head)
        place = at_neck + np.einsum("aij,j->ai", of_neck, at_head - at_neck)
        low = (np.einsum("abj,nj->abn", both[..., 2, :], face) + place[:, None, None, 2] - ground).min(axis=2)
        miss = low / self.shoulder - share
        # The muzzle is not tucked between the forelegs, and of what is left the least turning is best.
        tucked = np.maximum(-(np.einsum("abij,j->abi", both, muzzle) @ ahead) / np.linalg.norm(muzzle) - 0.1, 0.0)
        turning = np.abs(bend[0])[:, None] + np.abs(bend[1])
        cost = np.where(miss < 0, -4.0 * miss, miss) + 0.8 * tucked + 0.02 * turning
        first, second = np.unravel_index(int(np.argmin(cost)), cost.shape)
        pose = turned_joint(pose, neck, float(bend[0][first]), self.limits)
        return turned_joint(pose, head, float(bend[1][second]), self.limits)

    def _bowed(self, pose: Array, wanted: Array, share: float) -> Array:
        """Where the neck is too short to reach the ground, the shoulders come down too: the body bows and the forelegs bend."""
        if not len(self.body.face) or not self.body.feet:
            return pose
        above = self._above(self._posed(pose))
        miss = (float(above[self.body.face].min()) - self._floor(above)) / self.shoulder - share
        if miss < 0.03:
            return pose
        root = matrix_from_axis_angle(pose[0])
        pose[0] = axis_angle_from_matrix(matrix_from_axis_angle(root[:, 1] * min(miss, BOW)) @ root)
        for _ in range(2):
            pose = self._bend_legs(pose, wanted, range(4))
        return self._reach_down(pose, share)

    def _hinge(self, pose: Array, joint: int) -> tuple[Array, Array]:
        """Where a joint is, metres in the world, and the animal's left there: (3,) each."""
        places, orient = joints_of(self.body.light, matrix_from_axis_angle(pose))
        origin = places[joint] * self.scale
        origin[:2] += self.place - self._middle(pose)
        return origin, orient[self.body.light.parents[joint]] @ np.array([0.0, 1.0, 0.0])

    def _floor(self, above: Array) -> float:
        """The height at which the ground will be: where the lowest foot is now, or whatever else the animal rests on."""
        lowest = [float(above[self.body.trunk].min())] if len(self.body.trunk) else [float(above.min())]
        if self.posture != "lie" and self.body.feet:
            lowest += [float(above[rows].min()) for rows in self.body.feet[:4 if self.posture == "stand" else 2]]
        return min(lowest)

    def _down(self, vertices: Array, wanted: Array) -> float:
        """Metres by which the animal must come down for its soles, or its belly, to touch."""
        above = self._above(vertices)
        press = SUNK * self.shoulder
        lowest = float(above[self.body.solid].min())
        if not len(self.body.legs):
            return lowest + press
        if self.posture != "stand":
            return min(self._floor(above) + 2 * press, lowest + 0.02 * self.shoulder)
        soles = self._soles(above) - wanted
        carry = soles[wanted <= 1e-9] if (wanted <= 1e-9).any() else soles
        # Half of what is left uneven is sunk and half floats, but nothing sinks deeper than a hoof.
        middle = float(carry.min()) + min(0.5 * float(np.ptp(carry)), 0.012 * self.shoulder) + press
        return min(middle, lowest + 0.02 * self.shoulder)


class _Ground:
    """The height of a terrain near a place, sampled once: asking for it again costs little."""

    def __init__(self, terrain: Terrain, place: Array, reach: float, cells: int = 28):
        self.low, self.cell = place - reach, 2.0 * reach / cells
        steps = self.cell * np.arange(cells + 1)
        x, y = np.meshgrid(self.low[0] + steps, self.low[1] + steps, indexing="ij")
        self.heights = terrain.height(np.stack([x, y], axis=-1))

    def height(self, places: Array) -> Array:
        """z (n,) in metres at places (n, 2), bilinear between the samples, which lie much closer than hills do."""
        at = np.clip((places - self.low) / self.cell, 0.0, len(self.heights) - 1.001)
        column, row = at.astype(np.int64).T
        u, v = at[:, 0] - column, at[:, 1] - row
        near = (1 - v) * self.heights[column, row] + v * self.heights[column, row + 1]
        far = (1 - v) * self.heights[column + 1, row] + v * self.heights[column + 1, row + 1]
        return (1 - u) * near + u * far


def _about_z(angle: float) -> Array:
    return matrix_from_axis_angle(np.array([0.0, 0.0, angle]))


def _tilted(slope: Array) -> Array:
    """(3, 3) the shortest turn that lays the level plane on one of that slope (2,)."""
    axis = np.array([slope[1], -slope[0], 0.0])
    run = float(np.linalg.norm(axis))
    return np.eye(3) if run < 1e-9 else matrix_from_axis_angle(axis / run * np.arctan(run))


def _lowest_in_cells(points: Array, above: Array, cell: float) -> Rows:
    """Of points (n, 2), the one with the least `above` (n,) in each square of `cell` metres."""
    order = np.argsort(above, kind="stable")
    order = order[np.isfinite(above[order])]
    keys = np.floor(points[order] / cell).astype(np.int64)
    first = np.unique(keys[:, 0] * 100_003 + keys[:, 1], return_index=True)[1]
    return order[np.sort(first)]


def _deepest(points: Array, above: Array, middle: Array, bound: float) -> Array:
    """The change of slope (2,), within `bound` of `middle` (2,), at which the origin comes lowest with no point in the ground."""
    best, step = middle, bound
    for _ in range(4):
        offsets = step * np.linspace(-1.0, 1.0, 9)
        tries = best + np.stack(np.meshgrid(offsets, offsets), axis=-1).reshape(-1, 2)
        tries = np.clip(tries, middle - bound, middle + bound)
        room = (above + tries @ points.T).min(axis=1)
        # Where it makes no difference, the body stays as near to the ground's own slope as it can.
        best = tries[np.argmax(room - 1e-3 * np.linalg.norm(tries - middle, axis=1) * np.abs(points).max())]
        step /= 4
    return best
