"""Layout `herd3d`: the random groups of Herd3D (SAM 3D Animal, section 4), on ground that leans under each animal.

Distances are in model units, as the paper's are; all animals of a picture share one length of the unit, so that all are
about as large as each other, whatever their species. The camera looks along the ground, its axis GROUND_OFFSET above the
animals' middles (t_y = 0 and the "ground alignment offset"). The paper names no focal length: with FOCAL times the picture's width a body
at the nearest distance fills 0.7 of the width, at the farthest 0.11. Places across, t_x in [-1.5, 1.5] at the nearest
distance, widen with depth, so that they mean the same place in the picture. Pitch is the lean of the ground under an animal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ...animal.cameras import Camera, intrinsics
from ...animal.clips import load_shipped_clip, shipped_clips
from ...animal.individual import shoulder_height
from ...animal.model import AnimalModel
from ...animal.pose_prior import mirror_poses
from .draw import Drawn
from .layout import Layout
from .plan import PlannedAnimal, Terrain, Tilt
from .postures import limits_of
from .standing import Body, stand

Array = NDArray[np.float64]

FOCAL = 2.2
NEAREST, FARTHEST, LONGEST_SPAN = 8.0, 50.0, 30.0
DEPTHS = (8.0, 12.0, 17.0, 23.0, 31.0, 40.0, 50.0)
"""Borders of the depth intervals that animals are drawn from."""
ACROSS, JITTER, GROUND_OFFSET, PITCH = 1.5, 1.5, 0.3, np.radians(15.0)

LEAST_PIXELS, LEAST_IN_FRAME = 32.0, 0.5
_LEAST_SHARE = 0.35  # of the width, where that is less than LEAST_PIXELS: bodies at the nearest distance are twice as long
_FROM_PRIOR = 0.5  # share of poses sampled from the model's prior; the others are frames of clips
_LYING = ("lie", "sit", "stand_up")
_TRIES = 40  # for the place of one animal, before it is left out
_ROUGHNESS, _HILLS = 0.05, 6.0  # model units
_BODY = 1.8  # model units that a body is long in the picture, more or less
_CLEAR = 0.06  # model units between the boxes of two bodies


@dataclass(frozen=True, eq=False)
class _Pose:
    """pose (J, 3) with the root at rest, what the animal does, where the pose is from, and whether it lies or sits."""

    pose: Array
    doing: str
    clip: str
    resting: bool


def random_pose(model: AnimalModel, rng: np.random.Generator, family: str) -> _Pose:
    """Any pose that the model's prior or one of its clips knows, on either side, within what the family's joints allow."""
    limits = limits_of(model, family)
    names = shipped_clips() if model.is_smal_profile else ()
    if model.pose_prior is not None and (not names or rng.random() < _FROM_PRIOR):
        turns = model.pose_prior.sample(rng, 1, 0.9, limits)[0]
        return _Pose(np.concatenate([np.zeros((1, 3)), turns]), "move", "prior", False)
    if not names:
        return _Pose(np.zeros((model.n_joints, 3)), "stand", "rest", False)
    name = str(rng.choice(names))
    clip = load_shipped_clip(name)
    frame = int(rng.integers(len(clip.poses)))
    turns, root = clip.poses[frame, 1:], clip.poses[frame, 0]
    if rng.random() < 0.5:
        turns, root = mirror_poses(turns, model.joint_mirror), root * (-1.0, 1.0, -1.0)
    if limits is not None:
        turns = np.clip(turns, limits[1:, :, 0], limits[1:, :, 1])
    doing = name.split("_", 1)[1]
    return _Pose(np.concatenate([root[None], turns]), doing, f"{name}:{frame}", doing in _LYING)


def herd3d(model: AnimalModel, rng: np.random.Generator, herd: Sequence[Drawn], width: int, height: int) -> Layout:
    """Place a herd. Animals for which no place is found after many tries are left out; there is always one."""
    unit = float(np.exp(np.mean([np.log(animal.metres_per_unit) for animal in herd])))
    bodies = [Body.of(model, animal.betas) for animal in herd]
    poses = [random_pose(model, rng, animal.family) for animal in herd]
    middle = float(np.mean([-model.rest(animal.betas).vertices[:, 2].min() for animal in herd]))
    focal = FOCAL * min(width, 2 * height)  # bodies fit a strip, too
    least = min(LEAST_PIXELS, _LEAST_SHARE * focal / FOCAL)
    camera = Camera(intrinsics(focal, width, height), np.array([[1.0, 0, 0], [0, 0, -1.0], [0, 1.0, 0]]), np.zeros(3), width, height)
    camera = replace(camera, t=-camera.R @ np.array([0.0, 0.0, unit * (middle + GROUND_OFFSET)]))
    noise = int(rng.integers(1 << 30))
    columns, depths = _columns(rng, len(herd)), _depths(rng, len(herd), focal * _BODY / least)
    placed: list[_Place] = []
    for k, animal in enumerate(herd):
        for _ in range(_TRIES):
            spot = _spot(rng, columns[k], depths[k]) * unit
            yaw, tilt = float(rng.uniform(-np.pi, np.pi)), float(np.tan(rng.uniform(-PITCH, PITCH)))
            lean = Tilt((float(spot[0]), float(spot[1])), (-tilt * np.cos(yaw), -tilt * np.sin(yaw)), 0.9 * unit)
            place = _Place(k, spot, yaw, lean)
            ground = Terrain(noise, _ROUGHNESS * unit, _HILLS * unit, (*(one.lean for one in placed), lean))
            vertices = _stood(model, animal, poses[k], bodies[k], place, ground, unit)[1]
            place = replace(place, low=vertices.min(axis=0) - _CLEAR * unit, high=vertices.max(axis=0) + _CLEAR * unit)
            if _shows(camera, vertices, least) and not any(_meet(place, other) for other in placed):
                placed.append(place)
                break
    if not placed and len(herd) > 1:  # a picture too small for so many
        return herd3d(model, rng, herd[:1], width, height)
    placed = placed or [place]
    ground = Terrain(noise, _ROUGHNESS * unit, _HILLS * unit, tuple(one.lean for one in placed))
    # Once more, since those that came later leaned the ground of the earlier ones a little too.
    animals = tuple(_stood(model, herd[one.who], poses[one.who], bodies[one.who], one, ground, unit)[0] for one in placed)
    return Layout(ground, camera, animals, 2.0 * unit)


@dataclass(frozen=True, eq=False)
class _Place:
    """Where the animal of index `who` stands: spot (2,) metres, yaw, the lean of its ground, the box of its body."""

    who: int
    spot: Array
    yaw: float
    lean: Tilt
    low: Array = field(default_factory=lambda: np.zeros(3))
    high: Array = field(default_factory=lambda: np.zeros(3))


def _stood(
    model: AnimalModel, animal: Drawn, pose: _Pose, body: Body, place: _Place, ground: Terrain, unit: float
) -> tuple[PlannedAnimal, Array]:
    """The animal at its place, and some of its vertices (n, 3) in metres."""
    turns, trans = stand(model, animal.betas, pose.pose, unit, ground, place.spot, place.yaw, resting=pose.resting,
                         limits=limits_of(model, animal.family), body=body)
    who = replace(animal.who, height_m=round(shoulder_height(model, animal.who) * unit / animal.metres_per_unit, 4))
    planned = PlannedAnimal(who, animal.family, animal.coat, animal.without, animal.betas, turns, trans, unit, pose.doing, pose.clip)
    return planned, unit * body.light.forward(None, turns, trans).vertices


def _columns(rng: np.random.Generator, count: int) -> Array:
    """(count,) places across in [-1, 1]: middles of bins of which no two are neighbours."""
    bins = 2 * count - 1 + int(rng.integers(0, 3))
    # Choosing k of n with gaps is choosing k of n - k + 1 without.
    picked = np.sort(rng.choice(bins - count + 1, size=count, replace=False)) + np.arange(count)
    return rng.permutation((picked + 0.5) / bins * 2.0 - 1.0)


def _depths(rng: np.random.Generator, count: int, farthest: float = FARTHEST) -> Array:
    """(count, 2) the depth interval of each animal, all within LONGEST_SPAN; none beyond `farthest`, where bodies are too small."""
    farthest = float(np.clip(farthest, NEAREST + 1.0, FARTHEST))
    nearest = rng.uniform(NEAREST, 0.45 * NEAREST + 0.55 * farthest) if count > 1 else NEAREST
    rows = np.stack([DEPTHS[:-1], DEPTHS[1:]], axis=1)
    rows = np.clip(rows, nearest, min(nearest + LONGEST_SPAN, farthest))
    rows = rows[rows[:, 1] - rows[:, 0] > 0.5]
    return rows[rng.integers(0, len(rows), size=count)]


def _spot(rng: np.random.Generator, column: float, interval: Array) -> Array:
    """(2,) x and distance in model units."""
    jitter = np.clip(rng.normal(0.0, JITTER / 3, size=2), -JITTER, JITTER)
    depth = float(np.clip(rng.uniform(*interval) + jitter[1], NEAREST, FARTHEST))
    return np.array([ACROSS * column * depth / NEAREST + jitter[0], depth])


def _shows(camera: Camera, vertices: Array, least: float) -> bool:
    """Whether the animal is large enough in the picture, and enough of it is there."""
    if (camera.to_camera(vertices)[:, 2] <= 0.05).any():
        return False
    pixel = camera.project(vertices)
    inside = ((pixel >= 0) & (pixel < (camera.width, camera.height))).all(axis=1)
    return bool(np.ptp(pixel, axis=0).max() >= least and inside.mean() >= LEAST_IN_FRAME)


def _meet(one: _Place, other: _Place) -> bool:
    return bool((one.low < other.high).all() and (other.low < one.high).all())
