"""What is handed in to be lifted and what comes back: tracks and motions as numpy values.

:func:`build_lift` makes the message of the arguments of ``Client.lift``, :func:`build_reading` that of
``Client.read_tracks``; :func:`read_lifted` and :func:`read_tracks_result` make numpy values of the answers.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from .errors import BadInput, BadMessage
from .frames import MAX_PART_BYTES
from .messages import (
    MAX_JOINTS,
    MAX_TRACK_FRAMES,
    MAX_TRACK_POINTS,
    AnimateRequest,
    LiftRequest,
    LiftResult,
    ReadTracksRequest,
    TrackedAnimal,
    TracksResult,
)

Options = Mapping[str, float | int | bool | str]


class TracksLike(Protocol):
    """The tracks of one animal, such as an ``animal.tracks.Tracks``; attributes as in :class:`TrackedPoints`, the names and
    parents in ``skeleton``."""

    @property
    def points(self) -> Any: ...
    @property
    def confidence(self) -> Any: ...
    @property
    def skeleton(self) -> Any: ...
    @property
    def fps(self) -> float: ...


class CameraLike(Protocol):
    """A camera, such as an ``animal.cameras.Camera``: x_cam = R x_world + t in metres, pixels = K x_cam."""

    @property
    def K(self) -> Any: ...
    @property
    def R(self) -> Any: ...
    @property
    def t(self) -> Any: ...


@dataclass
class TrackedPoints:
    """The tracks of one animal.

    Attributes:
        points: (F, J, 2) pixels, x right, y down; nan where missing.
        names, parents: of the J joints; parents are indices into names, -1 at the root.
        fps: frames a second.
        confidence: (F, J) 0..1, or None: all that is there is sure.
        width, height, focal: pixels, or None.
        frame_numbers: (F,) where the frames lie in the footage, or None: 0, 1, 2, …
    """

    points: np.ndarray
    names: Sequence[str]
    parents: Sequence[int]
    fps: float
    confidence: np.ndarray | None = None
    width: int | None = None
    height: int | None = None
    focal: float | None = None
    label: str = ""
    source: str = ""
    frame_numbers: np.ndarray | None = None


@dataclass
class ReadTracks:
    """What a file holds: the animals, what kind of file it is, and what was assumed, in plain sentences."""

    file_kind: str
    animals: list[TrackedPoints]
    notes: list[str] = field(default_factory=list)


@dataclass
class Lifted:
    """The motion of one animal's skeleton in the world (Z up, metres).

    Attributes:
        positions: (F, J, 3) metres, nan where not known; names, parents of the J joints that were seen at all.
        points: (F, J, 2) pixels: the tracks as they were used, swapped sides put right; nan where missing.
        frame_numbers: (F,) where the frames lie in the footage.
        uncertainty: (F, J) metres, one standard deviation, or None.
        contacts: (F, J) bool, the joint rests on the ground, or None.
        camera_K, camera_R, camera_t: (C, 3, 3), (C, 3, 3), (C, 3): x_cam = R x_world + t, pixels = K x_cam; C is 0 (none), 1 (it
            stands still) or F.
        swaps: (first frame, last frame, joints) whose left and right the tracks had mixed up.
        facts: how well it went, by name.
    """

    positions: np.ndarray
    names: list[str]
    parents: list[int]
    fps: float
    points: np.ndarray
    frame_numbers: np.ndarray
    uncertainty: np.ndarray | None
    contacts: np.ndarray | None
    camera_K: np.ndarray
    camera_R: np.ndarray
    camera_t: np.ndarray
    width: int = 0
    height: int = 0
    label: str = ""
    species: str | None = None
    network: str = ""
    swaps: list[tuple[int, int, list[str]]] = field(default_factory=list)
    facts: dict[str, float | int | bool | str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    seconds: float = 0.0


def build_lift(
    tracks: TracksLike | TrackedPoints, *, cameras: Sequence[CameraLike] = (), engine: str = "lift", options: Options | None = None
) -> tuple[LiftRequest, dict[str, np.ndarray]]:
    """Make the message and its arrays. cameras: where they are known, one that stands or one for each frame, in metres.

    Raises BadInput naming what does not fit.
    """
    arrays: dict[str, np.ndarray] = {}
    animal = pack_animal(tracks, 0, arrays)
    request = LiftRequest(animal, engine=engine, options=dict(options or {}))
    if cameras:
        pack_cameras(cameras, len(arrays[animal.points]), arrays)
        request.K, request.R, request.t = "K", "R", "t"
    return request, arrays


def pack_cameras(cameras: Sequence[CameraLike], frames: int, arrays: dict[str, np.ndarray]) -> None:
    """Put cameras among the arrays as ``K``, ``R`` and ``t``. Raises BadInput unless there is one, or one for each frame."""
    if len(cameras) not in (1, frames):
        raise BadInput(f"There are {len(cameras)} cameras for {frames} frames.", "Give one, one for each frame, or none.")
    for name in ("K", "R", "t"):
        arrays[name] = np.stack([_floats(getattr(camera, name), f"The camera's {name}") for camera in cameras])


def pack_animal(tracks: TracksLike | TrackedPoints, number: int, arrays: dict[str, np.ndarray]) -> TrackedAnimal:
    """The message of one animal's tracks; its frames go into ``arrays``. Raises BadInput."""
    tree: Any = getattr(tracks, "skeleton", tracks)
    names, parents = [str(name) for name in tree.names], [int(parent) for parent in tree.parents]
    points = _floats(tracks.points, "The points")
    if points.ndim != 3 or points.shape[2] != 2 or points.shape[1] != len(names) or len(parents) != len(names):
        raise BadInput(f"The points have the shape {points.shape} and there are {len(names)} names and {len(parents)} parents.",
                       "Give points (frames, joints, 2), and a name and a parent for each joint.")  # fmt: skip
    frames, joints = points.shape[:2]
    if not (0 < frames <= MAX_TRACK_FRAMES and 0 < joints <= MAX_JOINTS and frames * joints <= MAX_TRACK_POINTS):
        raise BadInput(
            f"There are {frames} frames of {joints} joints; {MAX_TRACK_FRAMES} frames, {MAX_JOINTS} joints and "
            f"{MAX_TRACK_POINTS} points in all can be sent.",
            "Cut the footage into parts.",
        )
    sure = np.ones((frames, joints)) if tracks.confidence is None else _floats(tracks.confidence, "The confidences")
    if sure.shape != (frames, joints):
        raise BadInput(f"The confidences have the shape {sure.shape}, not {(frames, joints)}.", "Give one for each point.")
    if not math.isfinite(tracks.fps) or tracks.fps <= 0:
        raise BadInput(f"The frame rate is {tracks.fps}.", "Give the footage's frames a second, such as 30.")
    arrays[f"points/{number}"] = np.concatenate([points, sure[..., None]], axis=-1).astype(np.float32)
    numbers = getattr(tracks, "frame_numbers", None)
    if numbers is not None:
        arrays[f"numbers/{number}"] = np.ascontiguousarray(numbers, dtype=np.int64)
    focal = getattr(tracks, "focal", None)
    return TrackedAnimal(
        points=f"points/{number}", names=names, parents=parents, fps=float(tracks.fps),
        numbers=None if numbers is None else f"numbers/{number}",
        width=_size(tracks, "width"), height=_size(tracks, "height"), focal_px=None if focal is None else float(focal),
        label=str(getattr(tracks, "label", ""))[:256], source=str(getattr(tracks, "source", ""))[:4096],
    )  # fmt: skip


def build_reading(
    file: str | os.PathLike[str] | bytes, file_name: str = "", *, fps: float | None = None, size: tuple[int, int] | None = None,
    focal: float | None = None, skeleton: str | None = None, min_confidence: float = 0.0, engine: str = "lift",
) -> tuple[ReadTracksRequest, dict[str, np.ndarray]]:  # fmt: skip
    """Make the message that has the server read a file of tracks: a path, or its bytes. Raises BadInput."""
    if isinstance(file, bytes):
        data, name = file, file_name or "tracks"
    else:
        path = Path(file)
        name = file_name or path.name
        try:
            if path.stat().st_size > MAX_PART_BYTES:
                raise BadInput(f"The file {path} has {path.stat().st_size >> 20} MiB; the limit is {MAX_PART_BYTES >> 20} MiB.",
                               "Cut the footage into parts, or convert it to JSON.")  # fmt: skip
            data = path.read_bytes()
        except OSError as error:
            raise BadInput(f"The file {path} cannot be read: {error.strerror or error}.", "Check the path.") from None
    if not data or len(data) > MAX_PART_BYTES:
        raise BadInput(f"The file {name} has {len(data)} bytes.", f"1 to {MAX_PART_BYTES} can be sent.")
    width, height = size or (None, None)
    request = ReadTracksRequest("file", name[:256], fps, width, height, focal, skeleton, min_confidence, engine)
    return request, {"file": np.frombuffer(data, np.uint8)}


def read_lifted(result: LiftResult, arrays: Mapping[str, np.ndarray]) -> Lifted:
    """Numpy values of an answer. Raises BadMessage when an array is missing or does not fit."""
    joints = len(result.names)
    if len(result.parents) != joints or not math.isfinite(result.fps) or result.fps <= 0:
        raise BadMessage(f"The result has {joints} joints, {len(result.parents)} parents and {result.fps} frames a second.")
    positions = _array(arrays, result.positions, np.float32, (None, joints, 3))
    count = len(positions)
    K, R, t = read_cameras(result, arrays, count)
    return Lifted(
        positions, list(result.names), list(result.parents), result.fps,
        _array(arrays, result.points, np.float32, (count, joints, 2)), _array(arrays, result.numbers, np.int64, (count,)),
        None if result.uncertainty is None else _array(arrays, result.uncertainty, np.float32, (count, joints)),
        None if result.contacts is None else _array(arrays, result.contacts, np.bool_, (count, joints)),
        K, R, t, result.width, result.height, result.label, result.species, result.network,
        [(swap.first, swap.last, list(swap.names)) for swap in result.swaps], dict(result.facts), list(result.warnings),
        result.seconds,
    )  # fmt: skip


def read_cameras(
    message: LiftRequest | LiftResult | AnimateRequest, arrays: Mapping[str, np.ndarray], frames: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """K (C, 3, 3), R (C, 3, 3), t (C, 3) of a message about so many frames; C is 0, 1 or their number. Raises BadMessage."""
    if message.K is None or message.R is None or message.t is None:
        return np.zeros((0, 3, 3)), np.zeros((0, 3, 3)), np.zeros((0, 3))
    K, R = (_array(arrays, name, np.float64, (None, 3, 3)) for name in (message.K, message.R))
    t = _array(arrays, message.t, np.float64, (None, 3))
    if not len(K) == len(R) == len(t) or len(K) not in (0, 1, frames):
        raise BadMessage(f"There are {len(K)}, {len(R)} and {len(t)} cameras for {frames} frames.")
    return K, R, t


def read_tracks_result(result: TracksResult, arrays: Mapping[str, np.ndarray]) -> ReadTracks:
    """Numpy values of an answer. Raises BadMessage when an array is missing or does not fit."""
    return ReadTracks(result.file_kind, [unpack_animal(animal, arrays) for animal in result.animals], list(result.notes))


def unpack_animal(animal: TrackedAnimal, arrays: Mapping[str, np.ndarray]) -> TrackedPoints:
    """Numpy values of one animal's message. Raises BadMessage when an array is missing or does not fit."""
    if len(animal.parents) != len(animal.names):
        raise BadMessage(f"There are {len(animal.parents)} parents for {len(animal.names)} joints.")
    values = _array(arrays, animal.points, np.float32, (None, len(animal.names), 3))
    if not 0 < len(values) <= MAX_TRACK_FRAMES or values.shape[0] * values.shape[1] > MAX_TRACK_POINTS:
        raise BadMessage(f"There are {len(values)} frames of {values.shape[1]} joints.",
                         f"1 to {MAX_TRACK_FRAMES} frames and {MAX_TRACK_POINTS} points in all can be sent.")  # fmt: skip
    numbers = None if animal.numbers is None else _array(arrays, animal.numbers, np.int64, (len(values),))
    return TrackedPoints(values[..., :2], list(animal.names), list(animal.parents), animal.fps, values[..., 2], animal.width,
                         animal.height, animal.focal_px, animal.label, animal.source, numbers)  # fmt: skip


def _array(arrays: Mapping[str, np.ndarray], name: str, dtype: type, shape: tuple[int | None, ...]) -> np.ndarray:
    found = arrays.get(name)
    if found is None:
        raise BadMessage(f"The frame {name!r} did not come.")
    if found.dtype != dtype or found.ndim != len(shape) or any(
        want not in (None, have) for want, have in zip(shape, found.shape, strict=True)
    ):
        wanted = ", ".join("…" if n is None else str(n) for n in shape)
        raise BadMessage(f"The frame {name!r} is {found.dtype} {found.shape}, not {np.dtype(dtype).name} ({wanted}).")
    return np.array(found)


def _floats(values: Any, what: str) -> np.ndarray:
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise BadInput(f"{what} are no array of numbers.", "Give a numpy array.") from None


def _size(tracks: Any, name: str) -> int | None:
    value = getattr(tracks, name, None)
    return None if value is None else int(value)
