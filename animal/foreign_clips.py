"""Clips of other programs for an animal of ours: AMASS-style and SMILify's `.npz` (with its `.json`), checked and brought to our terms.

What differs: a file may not say its frame rate; SMILify scales its animal about the root and then puts the root, not the model, at
`trans`; joints may come in another order; the world may have Y up.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .clips import FORMAT, AnimalClip, ClipError, load_clip
from .npz import read_json, read_npz
from .rotations import axis_angle_from_matrix, matrix_from_axis_angle

Array = NDArray[np.float64]

RATES = ("fps", "mocap_framerate", "mocap_frame_rate")
_Y_TO_Z = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
_NO_NAME = re.compile(r"(j|joint)?_?\d+", re.IGNORECASE)


@dataclass(frozen=True)
class Target:
    """The animal that a clip is for: its model's id, the names that its J joints go by (one tuple each), and joint 0 at rest (3,)."""

    model_id: str
    names: tuple[tuple[str, ...], ...]
    root: Array

    @property
    def joints(self) -> int:
        return len(self.names[0])


@dataclass(frozen=True)
class ForeignClip:
    """A clip in our terms, and what was assumed or left out, in plain words."""

    clip: AnimalClip
    notes: tuple[str, ...]


def read_foreign_clip(path: str | Path, target: Target | None, fps: float = 0.0, y_up: bool = False) -> ForeignClip:
    """Read a clip for an animal; target None: a clip of ours, for the model that it names. The `.json`'s name will do too.

    fps: of a file that does not say it; it overrules one that does, when it is given. y_up: the file's world has Y up. Frames with nan
    stay nan. Raises ClipError, which says what to do, or OSError.
    """
    path = Path(path).with_suffix(".npz") if Path(path).suffix.lower() == ".json" else Path(path)
    known = read_npz(path, ClipError, wanted=(*RATES, "mesh_scale", "positions", "poses", "log_beta_scales", "betas_trans"))
    if "positions" in known and "poses" not in known:
        raise ClipError(f"{path.name} is the motion of a skeleton: open it with File > Import > Bestiary Motion")
    beside = path.with_suffix(".json")
    about = read_json(beside, ClipError) if beside.is_file() else {}
    ours = isinstance(about, dict) and about.get("format") == FORMAT
    _check_terms(about if isinstance(about, dict) else {})
    stated = any(name in known for name in RATES) or (isinstance(about, dict) and about.get("fps") is not None)
    if not stated and fps <= 0:
        raise ClipError(f"{path.name} does not say how many frames a second it has: set Frame Rate and open it again")
    clip = load_clip(path)
    notes: list[str] = []
    if fps > 0:
        clip = replace(clip, fps=fps)
    if target is not None:
        clip = _for_target(clip, target, ours, notes)
        clip = _as_placed(clip, target.root, known.get("mesh_scale"), y_up, notes)
    if known.keys() & {"log_beta_scales", "betas_trans"}:
        notes.append("Sizes and shifts of single joints are left out")
    seen = _seen(clip)
    if not seen.any():
        raise ClipError(f"{path.name}: the animal is in none of its {len(clip)} frames")
    if not seen.all():
        notes.append(f"The animal is in {int(seen.sum())} of {len(clip)} frames; the others get no keys")
    return ForeignClip(clip, tuple(notes))


def _seen(clip: AnimalClip) -> NDArray[np.bool_]:
    return np.logical_and(np.isfinite(clip.poses).all(axis=(1, 2)), np.isfinite(clip.trans).all(axis=1))


def _check_terms(about: dict[str, object]) -> None:
    kind = about.get("rotation_representation", "axis_angle")
    if kind != "axis_angle":
        raise ClipError(f"rotation_representation: {kind!r} is not read; write the poses as axis_angle")
    if about.get("root_joint_index", 0) != 0:
        raise ClipError(f"root_joint_index: must be 0, is {about.get('root_joint_index')!r}")


def _for_target(clip: AnimalClip, target: Target, ours: bool, notes: list[str]) -> AnimalClip:
    """The clip with its joints in the target's order. Raises ClipError for another model's."""
    if ours and clip.model_id not in ("", target.model_id):
        raise ClipError(f"model_id: the clip was made with {clip.model_name or clip.model_id}, the animal was made with another model")
    poses = clip.poses
    if poses.shape[1] != target.joints:
        raise ClipError(f"poses: the clip has {poses.shape[1]} joints and the animal {target.joints}: it is of another model. "
                        "Import it onto its own rig and retarget it")
    named = tuple(name for name in clip.joint_names if not _NO_NAME.fullmatch(name))
    if named:
        order = _order(clip.joint_names, target.names)
        if order is None:
            strange = [name for name in clip.joint_names if all(name.lower() not in map(str.lower, names) for names in target.names)]
            raise ClipError(f"joint_names: the clip is of another model; the animal has no joint {', '.join(strange[:3])}. "
                            "Import it onto its own rig and retarget it")
        if order != list(range(target.joints)):
            notes.append("The clip's joints were put into the animal's order")
        poses = poses[:, order]
    elif not ours:
        notes.append(f"The file does not name its joints: they are taken for the animal's {target.joints} in its order")
    return replace(clip, poses=poses, model_id=target.model_id, joint_names=target.names[0], parents=())


def _order(names: Sequence[str], targets: Sequence[Sequence[str]]) -> list[int] | None:
    """Where in the clip each joint of the target is, or None when they are not the same joints."""
    there = {name.lower(): place for place, name in enumerate(names)}
    for target in targets:
        if len(there) == len(names) and all(name.lower() in there for name in target):
            return [there[name.lower()] for name in target]
    return None


def _as_placed(clip: AnimalClip, root: ArrayLike, scale: Array | None, y_up: bool, notes: list[str]) -> AnimalClip:
    """The clip with trans as ours, root at rest + trans, in a world with Z up."""
    root, poses, trans = np.asarray(root, dtype=np.float64), np.array(clip.poses), np.array(clip.trans)
    if scale is not None:
        sizes = np.asarray(scale, dtype=np.float64).reshape(-1)
        if len(sizes) != len(clip) or not (sizes[np.isfinite(sizes)] > 0).all():
            raise ClipError(f"mesh_scale: must be a positive number for each of {len(clip)} frames")
        trans = trans / sizes[:, None] - root
        notes.append("The file's own size is left out: the animal keeps its size, and its steps are scaled to it")
    if y_up:
        trans = (root + trans) @ _Y_TO_Z.T - root
        known = np.isfinite(poses[:, 0]).all(axis=1)
        poses[known, 0] = axis_angle_from_matrix(_Y_TO_Z @ matrix_from_axis_angle(poses[known, 0]))
    return replace(clip, poses=poses, trans=trans)
