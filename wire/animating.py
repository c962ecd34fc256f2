"""What is handed in to be animated and what comes back: tracks of a clip's animals, and the animals in motion, as numpy values.

:func:`build_animate` makes the message of the arguments of ``Client.animate``; :func:`read_animated` makes numpy values of an
answer, and of what progress brings of it while later frames are still computed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from .errors import BadInput, BadMessage
from .lifting import CameraLike, Options, TrackedPoints, TracksLike, _array, pack_animal, pack_cameras
from .messages import MAX_ANIMALS, MAX_TRACK_POINTS, AnimatedAnimal, AnimateRequest, AnimateResult


@dataclass
class MovingAnimal:
    """One animal of a clip, in model units (see ``messages``).

    Attributes:
        betas: (B,) its shape, the same in all frames.
        poses: (F, J, 3) axis-angle, radians, and trans: (F, 3); nan in frames that are not known (yet).
        metres_per_unit: vertices in metres = metres_per_unit * model.forward(betas, poses[f], trans[f]).vertices.
        keypoints_2d: (F, K, 3) x, y in pixels, and 1 where the model has the point or 0.
        facts: how well it went, by name.
    """

    betas: np.ndarray
    poses: np.ndarray
    trans: np.ndarray
    metres_per_unit: float
    keypoints_2d: np.ndarray
    label: str = ""
    species: str | None = None
    family: str | None = None
    facts: dict[str, float | int | bool | str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    @property
    def known(self) -> np.ndarray:
        """(F,) bool: the frames that are known."""
        return np.asarray(np.isfinite(self.poses).all(axis=(1, 2)) & np.isfinite(self.trans).all(axis=1))


@dataclass
class Animated:
    """The animals of a clip, all on the frames ``first``, ``first`` + 1, … of the footage, and the cameras that see them.

    Attributes:
        camera_K, camera_R, camera_t: (C, 3, 3), (C, 3, 3), (C, 3): x_cam = R x_world + t in metres, pixels = K x_cam; C is 1 (it
            stands still) or F.
    """

    model_id: str
    model_name: str
    joint_names: list[str]
    keypoint_names: list[str]
    animals: list[MovingAnimal]
    camera_K: np.ndarray
    camera_R: np.ndarray
    camera_t: np.ndarray
    fps: float
    first: int = 0
    width: int = 0
    height: int = 0
    seconds: float = 0.0

    @property
    def frames(self) -> int:
        """How many frames the clip has."""
        return len(self.animals[0].poses)


def build_animate(
    tracks: Sequence[TracksLike | TrackedPoints], *, species: Sequence[str | None] | str | None = None,
    family: Sequence[str | None] | str | None = None, cameras: Sequence[CameraLike] = (), engine: str = "fit",
    options: Options | None = None,
) -> tuple[AnimateRequest, dict[str, np.ndarray]]:  # fmt: skip
    """Make the message and its arrays.

    tracks: one for each animal. species, family: one for each, or one for all. cameras: where they are known, one that stands or one for
    each frame of the first animal's tracks, in metres. Raises BadInput naming what does not fit.
    """
    tracks = list(tracks)
    if not 1 <= len(tracks) <= MAX_ANIMALS:
        raise BadInput(f"There are the tracks of {len(tracks)} animals.", f"Give those of 1 to {MAX_ANIMALS} animals.")
    arrays: dict[str, np.ndarray] = {}
    animals = [pack_animal(one, number, arrays) for number, one in enumerate(tracks)]
    if sum(arrays[animal.points][..., 0].size for animal in animals) > MAX_TRACK_POINTS:
        raise BadInput(f"There are more than {MAX_TRACK_POINTS} points in all.", "Cut the footage into parts.")
    kinds, families = _for_each(species, len(tracks), "species"), _for_each(family, len(tracks), "families")
    request = AnimateRequest(animals, kinds, families, engine=engine, options=dict(options or {}))
    if cameras:
        pack_cameras(cameras, len(arrays[animals[0].points]), arrays)
        request.K, request.R, request.t = "K", "R", "t"
    return request, arrays


def _for_each(value: Sequence[str | None] | str | None, count: int, what: str) -> list[str | None]:
    if value is None or isinstance(value, str):
        return [value] * count
    if len(value) != count:
        raise BadInput(f"There are {len(value)} {what} for {count} animals.", "Give one for each, None where it is not known.")
    return list(value)


def read_animated(result: AnimateResult, arrays: Mapping[str, np.ndarray]) -> Animated:
    """Numpy values of an answer. Raises BadMessage when an array is missing or does not fit."""
    if not result.animals or not math.isfinite(result.fps) or result.fps <= 0:
        raise BadMessage(f"The result has {len(result.animals)} animals and {result.fps} frames a second.")
    joints, points = len(result.joint_names), len(result.keypoint_names)
    frames = len(_array(arrays, result.animals[0].trans, np.float32, (None, 3)))
    animals = [_animal(one, arrays, frames, joints, points) for one in result.animals]
    K, R = (_array(arrays, name, np.float64, (None, 3, 3)) for name in (result.K, result.R))
    t = _array(arrays, result.t, np.float64, (None, 3))
    if not frames or not len(K) == len(R) == len(t) or len(K) not in (1, frames):
        raise BadMessage(f"There are {len(K)}, {len(R)} and {len(t)} cameras for {frames} frames.")
    return Animated(result.model_id, result.model_name, list(result.joint_names), list(result.keypoint_names), animals, K, R, t,
                    result.fps, result.first, result.width, result.height, result.seconds)  # fmt: skip


def _animal(one: AnimatedAnimal, arrays: Mapping[str, np.ndarray], frames: int, joints: int, points: int) -> MovingAnimal:
    if not math.isfinite(one.metres_per_unit) or one.metres_per_unit <= 0:
        raise BadMessage(f"An animal has {one.metres_per_unit} metres a unit.")
    return MovingAnimal(
        _array(arrays, one.betas, np.float32, (None,)), _array(arrays, one.poses, np.float32, (frames, joints, 3)),
        _array(arrays, one.trans, np.float32, (frames, 3)), one.metres_per_unit,
        _array(arrays, one.keypoints_2d, np.float32, (frames, points, 3)), one.label, one.species, one.family, dict(one.facts),
        list(one.warnings),
    )  # fmt: skip
