"""A skeleton in motion, on disk and in memory: where each joint of any skeleton is, frame by frame, in the world.

The `.npz` has `positions (F, J, 3)` in metres, Z up, nan where a joint is not known, `fps`, and where there is one
`uncertainty (F, J)` and `contacts (F, J)`; the `.json` beside it says what they mean: `format` (`bestiary-motion/1`), names,
parents, cameras, source.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .cameras import Camera
from .npz import read_json, read_npz, write_json, write_npz
from .skeleton import Skeleton, SkeletonError

FORMAT = "bestiary-motion/1"
MAX_FRAMES = 1_000_000

Array = NDArray[np.float64]


class MotionError(ValueError):
    """A motion that cannot be used; the message names the field."""


@dataclass(frozen=True, eq=False)
class Motion:
    """The motion of one animal's skeleton.

    positions (F, J, 3) metres in the world (Z up), nan where not known. uncertainty (F, J) metres or None: how far off (one
    standard deviation) whoever made this expects each joint to be. cameras: one for a standing camera, or one per frame, or none;
    they see the world that positions are in. contacts (F, J) bool or None: where joints rest on the ground.
    frame_numbers (F,) where the frames lie in the footage.
    Raises MotionError naming the field that does not fit.
    """

    positions: Array
    skeleton: Skeleton
    fps: float
    label: str = ""
    species: str = ""
    source: str = ""
    licence: str = ""
    uncertainty: Array | None = None
    contacts: NDArray[np.bool_] | None = None
    cameras: tuple[Camera, ...] = ()
    frame_numbers: NDArray[np.int64] | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        positions = np.array(self.positions, np.float64)
        if positions.ndim != 3 or positions.shape[1:] != (len(self.skeleton), 3):
            raise MotionError(f"positions: must be (F, {len(self.skeleton)}, 3), got {positions.shape}")
        if not 1 <= len(positions) <= MAX_FRAMES:
            raise MotionError(f"positions: 1 to {MAX_FRAMES} frames, got {len(positions)}")
        if np.isinf(positions).any():
            raise MotionError("positions: must be finite or nan")
        positions[np.isnan(positions).any(axis=-1)] = np.nan
        numbers = np.arange(len(positions)) if self.frame_numbers is None else np.array(self.frame_numbers, np.int64)
        if numbers.shape != (len(positions),) or (np.diff(numbers) <= 0).any():
            raise MotionError("frame_numbers: must be one for each frame, rising")
        if self.uncertainty is not None:
            uncertainty = np.array(self.uncertainty, np.float64)
            if uncertainty.shape != positions.shape[:2]:
                raise MotionError(f"uncertainty: must be {positions.shape[:2]}, got {uncertainty.shape}")
            object.__setattr__(self, "uncertainty", uncertainty)
        if self.contacts is not None:
            contacts = np.asarray(self.contacts) != 0
            if contacts.shape != positions.shape[:2]:
                raise MotionError(f"contacts: must be {positions.shape[:2]}, got {contacts.shape}")
            object.__setattr__(self, "contacts", contacts)
        if len(self.cameras) not in (0, 1, len(positions)):
            raise MotionError(f"cameras: none, one, or one for each of {len(positions)} frames, got {len(self.cameras)}")
        if not math.isfinite(self.fps) or self.fps <= 0:
            raise MotionError(f"fps: must be a positive number, is {self.fps!r}")
        object.__setattr__(self, "positions", positions)
        object.__setattr__(self, "frame_numbers", numbers)
        object.__setattr__(self, "fps", float(self.fps))
        object.__setattr__(self, "cameras", tuple(self.cameras))
        object.__setattr__(self, "details", MappingProxyType(dict(self.details)))

    def __len__(self) -> int:
        return len(self.positions)

    def camera(self, frame: int) -> Camera | None:
        """The camera of one frame."""
        return self.cameras[frame if len(self.cameras) > 1 else 0] if self.cameras else None

    def bone_lengths(self) -> Array:
        """(F, J - 1) metres, in the order of `skeleton.bones`."""
        child, parent = self.skeleton.bones.T
        return np.linalg.norm(self.positions[:, child] - self.positions[:, parent], axis=-1)


def save_motion(path: str | Path, motion: Motion) -> None:
    """Write `path` (.npz) and the .json beside it, each whole."""
    path = Path(path).with_suffix(".npz")
    arrays = {"positions": motion.positions.astype(np.float32), "fps": np.array(motion.fps),
              "frame_numbers": np.asarray(motion.frame_numbers)}
    if motion.uncertainty is not None:
        arrays["uncertainty"] = motion.uncertainty.astype(np.float32)
    if motion.contacts is not None:
        arrays["contacts"] = motion.contacts.astype(np.uint8)
    if motion.cameras:
        arrays["camera_K"] = np.stack([camera.K for camera in motion.cameras])
        arrays["camera_R"] = np.stack([camera.R for camera in motion.cameras])
        arrays["camera_t"] = np.stack([camera.t for camera in motion.cameras])
        arrays["camera_size"] = np.array([[camera.width, camera.height] for camera in motion.cameras])
    write_npz(path, arrays)
    write_json(path.with_suffix(".json"), {
        "format": FORMAT, "joint_names": list(motion.skeleton.names), "parents": list(motion.skeleton.parents),
        "fps": motion.fps, "n_frames": len(motion), "axes": "z up, right-handed", "units": "metres",
        "camera_convention": "x_cam = R x_world + t in metres; x right, y down, z forward; pixels = K x_cam",
        "label": motion.label, "species": motion.species, "source": motion.source, "licence": motion.licence,
        "details": dict(motion.details),
    })


def load_motion(path: str | Path) -> Motion:
    """Read what `save_motion` wrote, from either of the two files' names. Raises MotionError or OSError."""
    path = Path(path).with_suffix(".npz")
    about = read_json(path.with_suffix(".json"), MotionError)
    if not isinstance(about, dict) or about.get("format") != FORMAT:
        raise MotionError(f"{path.with_suffix('.json').name}: is no {FORMAT} file")
    arrays = read_npz(path, MotionError)
    names, parents = about.get("joint_names"), about.get("parents")
    if not isinstance(names, list) or not isinstance(parents, list) or not all(isinstance(p, int) for p in parents):
        raise MotionError("joint_names, parents: must be lists of names and of whole numbers")
    try:
        skeleton = Skeleton(tuple(map(str, names)), tuple(parents))
    except SkeletonError as error:
        raise MotionError(f"joint_names, parents: {error}") from None
    if "positions" not in arrays or arrays.get("fps", np.zeros(0)).size < 1:
        raise MotionError("positions, fps: are missing")
    if wrong := [name for name, array in arrays.items() if array.dtype.kind not in "fiu"]:
        raise MotionError(f"{wrong[0]}: holds no numbers")
    texts = {name: str(about.get(name) or "") for name in ("label", "species", "source", "licence")}
    details = about.get("details")
    return Motion(arrays["positions"], skeleton, float(arrays["fps"].reshape(-1)[0]), **texts,
                  uncertainty=arrays.get("uncertainty"), contacts=arrays.get("contacts"), cameras=_cameras(arrays),
                  frame_numbers=arrays.get("frame_numbers"), details=details if isinstance(details, dict) else {})


def _cameras(arrays: Mapping[str, np.ndarray]) -> tuple[Camera, ...]:
    keys = ("camera_K", "camera_R", "camera_t", "camera_size")
    if keys[0] not in arrays:
        return ()
    try:
        return tuple(Camera(K, R, t, int(size[0]), int(size[1]))
                     for K, R, t, size in zip(*(arrays[key] for key in keys), strict=True))
    except (KeyError, ValueError, TypeError, IndexError, OverflowError) as error:
        raise MotionError(f"cameras: {error}") from None
