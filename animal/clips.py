"""An animal over time on disk: AMASS-style arrays in an `.npz`, and what they mean in a `.json` beside it.

The `.npz` has `poses (F, J, 3)`, `trans (F, 3)`, `betas (B,)`, `fps` and what else there is of the animal per frame.
The `.json` is a superset of SMILify's animation schema 1.0. One picture's result is a clip of one frame. Parameters
are in model units in the Z-up world, x forward at rest; rotations are axis-angle in radians, pose 0 turning the body
about joint 0; vertices in metres are `metres_per_unit * model.forward(betas, poses[f], trans[f])`.
Missing is nan in the arrays and null in the JSON.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .cameras import Camera
from .model import AnimalModel
from .npz import read_json, read_npz, write_json, write_npz
from .placing import AnimalPose

FORMAT = "bestiary-clip/1"
MAX_FRAMES = 1_000_000
MAX_CAMERAS = 256
SHIPPED = Path(__file__).parent / "data" / "clips"

Array = NDArray[np.float64]


class ClipError(ValueError):
    """A clip that cannot be used; the message names the field."""


@dataclass(frozen=True, eq=False)
class AnimalClip:
    """The motion of one animal.

    poses (F, J, 3); trans (F, 3); betas (B,); betas_per_frame (F, B) or None; confidences (F,) 0..1 or None;
    keypoints_2d (F, K, 3) x, y in pixels and 1 where there is such a point, else 0, for keypoint_names, or None.
    joint_names (J,) and parents (J,) are the model's. cameras by view name.
    scores hold single numbers such as `iou`; details anything JSON can.
    Raises ClipError naming the field that does not fit.
    """

    poses: Array
    trans: Array
    betas: Array
    fps: float = 1.0
    model_id: str = ""
    model_name: str = ""
    joint_names: tuple[str, ...] = ()
    parents: tuple[int, ...] = ()
    metres_per_unit: float = 1.0
    label: str = ""
    species: str | None = None
    family: str | None = None
    track_id: int | None = None
    betas_per_frame: Array | None = None
    confidences: Array | None = None
    keypoint_names: tuple[str, ...] = ()
    keypoints_2d: Array | None = None
    cameras: Mapping[str, Camera] = field(default_factory=dict)
    source: str = ""
    scores: Mapping[str, float] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        frames, joints = self._shape("poses", None, None, 3)[:2]
        betas = self._shape("betas", None)[0]
        self._shape("trans", frames, 3)
        self._shape("betas_per_frame", frames, betas)
        self._shape("confidences", frames)
        self._shape("keypoints_2d", frames, len(self.keypoint_names), 3)
        for name in ("joint_names", "keypoint_names", "warnings", "parents"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        for name in ("joint_names", "parents"):
            if getattr(self, name) and len(getattr(self, name)) != joints:
                raise ClipError(f"{name}: {len(getattr(self, name))} for {joints} joints")
        for name in ("fps", "metres_per_unit"):
            value = getattr(self, name)
            if not isinstance(value, int | float | np.number) or not math.isfinite(value) or value <= 0:
                raise ClipError(f"{name}: must be a positive number, is {value!r}")
            object.__setattr__(self, name, float(value))
        for name in ("cameras", "scores", "details"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    def _shape(self, name: str, *wanted: int | None) -> tuple[int, ...]:
        value = getattr(self, name)
        if value is None:
            return ()
        try:
            array = np.array(value, dtype=np.float64, order="C")
        except (TypeError, ValueError) as error:
            raise ClipError(f"{name}: not an array of numbers ({error})") from None
        fits = array.ndim == len(wanted) and all(w in (None, n) for w, n in zip(wanted, array.shape, strict=True))
        if not fits or np.isinf(array).any():
            shape = ", ".join("any" if w is None else str(w) for w in wanted)
            raise ClipError(f"{name}: must be finite or nan and of shape ({shape}), got {array.shape}")
        array.flags.writeable = False
        object.__setattr__(self, name, array)
        return array.shape

    def __len__(self) -> int:
        """Number of frames."""
        return len(self.poses)

    @property
    def duration(self) -> float:
        """Seconds from the first to the last frame."""
        return max(len(self) - 1, 0) / self.fps

    def frame(self, index: int) -> AnimalPose:
        """The animal at one frame."""
        betas = self.betas if self.betas_per_frame is None else self.betas_per_frame[index]
        return AnimalPose(
            betas, self.poses[index], self.trans[index], self.metres_per_unit, self.label, self.species, self.warnings
        )

    def check_model(self, model: AnimalModel) -> None:
        """Raise ClipError unless this clip was made with `model`; its betas would mean something else."""
        if self.model_id and self.model_id != model.model_id:
            raise ClipError(
                f"model_id: the clip was made with {self.model_name or self.model_id}, not with {model.name}; "
                "open it with the model file it was made with"
            )
        if self.poses.shape[1] != model.n_joints or len(self.betas) > model.n_betas:
            raise ClipError(f"poses: the clip has {self.poses.shape[1]} joints, {model.name} has {model.n_joints}")


def clip_of_pose(model: AnimalModel, pose: AnimalPose, camera: Camera | None = None, **more: Any) -> AnimalClip:
    """A clip of one frame, such as a photo's result; `more` are further fields of AnimalClip."""
    return AnimalClip(
        poses=np.asarray(pose.pose)[None],
        trans=np.asarray(pose.trans)[None],
        betas=pose.betas,
        model_id=model.model_id,
        model_name=model.name,
        joint_names=model.joint_names,
        parents=tuple(int(parent) for parent in model.parents),
        metres_per_unit=pose.metres_per_unit,
        label=pose.label,
        species=pose.species,
        cameras={} if camera is None else {"photo": camera},
        warnings=pose.warnings,
        **more,
    )


def save_clip(clip: AnimalClip, path: str | Path) -> Path:
    """Write `path` (.npz) and the .json beside it, each whole or not at all; gives the path of the .json."""
    path = Path(path)
    if path.suffix != ".npz":
        raise ClipError(f"{path.name}: a clip's file ends in .npz")
    arrays = {"poses": clip.poses, "trans": clip.trans, "betas": clip.betas, "fps": np.array(clip.fps)}
    for name in ("betas_per_frame", "confidences", "keypoints_2d"):
        if getattr(clip, name) is not None:
            arrays[name] = getattr(clip, name)
    arrays["metres_per_unit"] = np.array(clip.metres_per_unit)
    beside = path.with_suffix(".json")
    about = _about(clip)
    write_npz(path, arrays)
    write_json(beside, about)
    return beside


def load_clip(path: str | Path) -> AnimalClip:
    """Read a clip by its `.npz`; the `.json` beside it may be missing (a bare AMASS file), then names are too.

    poses may also be (F, 3J), as AMASS has them. Raises ClipError naming what is wrong; OSError if unreadable.
    """
    path = Path(path)
    arrays = read_npz(path, ClipError, 1 << 27)
    beside = path.with_suffix(".json")
    about = read_json(beside, ClipError) if beside.is_file() else {}
    if not isinstance(about, dict):
        raise ClipError(f"{beside.name}: must be an object")
    if not str(about.get("schema_version", "1.0")).startswith("1.") or about.get("format", FORMAT) != FORMAT:
        raise ClipError(f"{beside.name}: this is not of the format {FORMAT}; a newer Bestiary may read it")
    for name in ("poses", "trans", "betas"):
        if name not in arrays or arrays[name].dtype.kind not in "fiu":
            raise ClipError(f"{name}: missing in {path.name}, or not of numbers")
    poses = arrays["poses"]
    if poses.ndim == 2 and poses.shape[1] % 3 == 0:
        poses = poses.reshape(len(poses), -1, 3)
    if len(poses) > MAX_FRAMES or about.get("n_frames", len(poses)) != len(poses):
        raise ClipError(f"poses: {len(poses)} frames, {beside.name} says {about.get('n_frames')}")
    return AnimalClip(
        poses=poses,
        trans=arrays["trans"],
        betas=arrays["betas"].reshape(-1),
        fps=_rate(arrays, about),
        metres_per_unit=_number(about.get("metres_per_unit", arrays.get("metres_per_unit", 1.0)), "metres_per_unit"),
        betas_per_frame=arrays.get("betas_per_frame"),
        confidences=arrays.get("confidences"),
        keypoints_2d=arrays.get("keypoints_2d"),
        cameras=_cameras(about.get("cameras", [])),
        **_words(about),
    )


def shipped_clips() -> tuple[str, ...]:
    """Names of the clips that ship with the default animal, such as "horse_walk": species, then what it does."""
    return tuple(sorted(path.stem for path in SHIPPED.glob("*.npz") if path.with_suffix(".json").is_file()))


def load_shipped_clip(name: str) -> AnimalClip:
    """A clip that ships, for the default animal. Raises ClipError with the nearest names for one that does not.

    details says whether it is a `loop` (its last frame is then its first), how fast in `speed_m_s` what walks on the
    spot would go, where it comes from (`maker`, `rig`, `rig_clip`, `made`) and its `licence`.
    """
    known = shipped_clips()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.4)
        raise ClipError(f"no clip is called '{name}'; nearest: {', '.join(near or known[:3]) or 'none ship'}")
    return load_clip(SHIPPED / f"{name}.npz")


def _about(clip: AnimalClip) -> dict[str, Any]:
    joints = clip.poses.shape[1]
    return {
        "schema_version": "1.0",
        "format": FORMAT,
        "model_id": clip.model_id,
        "model_name": clip.model_name,
        "source_file": clip.source,
        "n_frames": len(clip),
        "n_joints": joints,
        "n_betas": len(clip.betas),
        "joint_names": list(clip.joint_names),
        "parents": [int(parent) for parent in clip.parents],
        "rotation_representation": "axis_angle",
        "rotation_units": "radians",
        "rotation_axes": "world axes at rest",
        "root_joint_index": 0,
        "axes": "z up, right-handed; x forward, y left at rest",
        "units": "model units",
        "metres_per_unit": clip.metres_per_unit,
        "fps": clip.fps,
        "label": clip.label,
        "species": clip.species,
        "family": clip.family,
        "track_id": clip.track_id,
        "confidences": None if clip.confidences is None else _nulls(clip.confidences),
        "keypoint_names": list(clip.keypoint_names),
        "camera_convention": "x_cam = R x_world + t in metres; x right, y down, z forward; pixels = K x_cam",
        "cameras": [_camera(name, camera) for name, camera in clip.cameras.items()],
        "scores": {name: _null(value) for name, value in clip.scores.items()},
        "warnings": list(clip.warnings),
        "details": dict(clip.details),
    }


def _camera(name: str, camera: Camera) -> dict[str, Any]:
    return {
        "view_name": name,
        "R": np.asarray(camera.R).tolist(),
        "t": np.asarray(camera.t).tolist(),
        "fov": math.degrees(2 * math.atan2(camera.height, 2 * float(camera.K[1, 1]))),
        "fov_axis": "vertical, degrees",
        "K": np.asarray(camera.K).tolist(),
        "width": int(camera.width),
        "height": int(camera.height),
    }


def _cameras(entries: Any) -> dict[str, Camera]:
    """Cameras with K; SMILify's own, which have a field of view alone and other axes, are passed over."""
    if not isinstance(entries, list) or len(entries) > MAX_CAMERAS:
        raise ClipError(f"cameras: must be a list of at most {MAX_CAMERAS}")
    cameras = {}
    for number, entry in enumerate(entries):
        if not isinstance(entry, dict):
            raise ClipError("cameras: each must be an object")
        if "K" not in entry:
            continue
        try:
            camera = Camera(entry["K"], entry["R"], entry["t"], int(entry["width"]), int(entry["height"]))
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise ClipError(f"cameras: camera {number} is incomplete ({error})") from None
        cameras[str(entry.get("view_name", f"camera_{number}"))] = camera
    return cameras


def _words(about: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that stand in the JSON alone, with their types checked."""
    names = {name: _list(about, name, str) for name in ("joint_names", "keypoint_names", "warnings")}
    words: dict[str, Any] = {**names, "parents": _list(about, "parents", int)}
    texts = {"model_id": "model_id", "model_name": "model_name", "label": "label", "source": "source_file"}
    for name, key in texts.items():
        words[name] = str(about.get(key) or "")
    for name in ("species", "family"):
        words[name] = None if about.get(name) is None else str(about[name])
    track, scores, details = about.get("track_id"), about.get("scores") or {}, about.get("details") or {}
    if track is not None and not isinstance(track, int):
        raise ClipError("track_id: must be a whole number or null")
    if not isinstance(scores, dict) or not isinstance(details, dict):
        raise ClipError("scores, details: must be objects")
    words["track_id"], words["details"] = track, details
    words["scores"] = {str(k): math.nan if v is None else _number(v, "scores") for k, v in scores.items()}
    return words


def _list(about: Mapping[str, Any], name: str, kind: type) -> tuple[Any, ...]:
    values = about.get(name) or []
    if not isinstance(values, list) or not all(isinstance(value, kind) for value in values):
        raise ClipError(f"{name}: must be a list of {kind.__name__}")
    return tuple(values)


def _rate(arrays: Mapping[str, np.ndarray], about: Mapping[str, Any]) -> float:
    for key in ("fps", "mocap_framerate", "mocap_frame_rate"):  # the last two are AMASS's
        if key in arrays:
            return _number(arrays[key], key)
    return _number(about.get("fps", 1.0), "fps")


def _number(value: Any, name: str) -> float:
    try:
        return float(np.asarray(value, np.float64).reshape(()))
    except (TypeError, ValueError) as error:
        raise ClipError(f"{name}: must be a number ({error})") from None


def _null(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _nulls(values: ArrayLike) -> Sequence[float | None]:
    return [_null(float(value)) for value in np.asarray(values)]
