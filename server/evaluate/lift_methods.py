"""Whatever turns a clip's tracks into positions, under one roof: networks, what they are measured against, the whole pipeline.

A method takes a `SeenClip` (and looks at its tracks alone) and gives predictions by name: some give several, such as 3D-LFM as it is
and filtered.

    flat                 every joint at the camera's distance from the animal's middle: depth 0
    NETWORK              a trained network through `lift_tracks`: any number of frames, windows blended. Canonical networks turn each
                         frame as they like and are scored as they come, as in the paper
    NETWORK_facing       for canonical networks: each frame turned so that its x and y lie on the tracks
    NETWORK_savgol       the same through a Savitzky-Golay filter of order 3
    NETWORK_savgol_turned   the same, each frame first turned onto the one before: a filter over coordinates that jump smooths
                         nothing. It takes the animal's own turning away with it.
    NETWORK_savgol_facing   the same on top of NETWORK_facing
    NETWORK_pipeline     the network with all that the product does around it: swaps undone, bones kept, path, feet
    single_frame         the network of the pose synthesis paper, one frame at a time, on skeletons whose joints it knows

Which window a filter does best with is found by the evaluation on the test clips themselves, in its favour.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.signal import savgol_filter
from torch import nn

from ...animal.motion import Motion
from ...animal.tracks import Tracks
from ..lift.inputs import fill_gaps
from ..lift.networks import NetworkError
from ..lift.pipeline import lift
from ..lift.weights import load_network
from ..lift.windows import LiftedClip, lift_tracks
from ..poses.network import PoseNetwork
from ..poses.single_frame import SingleFrameError, lift_single
from ..poses.weights import SHIPPED as SHIPPED_POSES
from ..poses.weights import load_pose_network
from .lift_clips import SeenClip
from .lift_metrics import body_size, rotation_between

Array = NDArray[np.float64]

SAVGOL_WINDOWS = (5, 9, 17, 33)
"""Lengths in frames that are tried."""
SAVGOL_ORDER = 3


@dataclass(frozen=True)
class Prediction:
    """positions (F, J, 3) camera axes, any unit, each frame about any centre, nan where nothing is said; uncertainty (F, J) in that
    unit (one standard deviation) or None; pixels (F, J, 2) where the footage should show them, or None where the method does not
    say; motion: the whole result of a pipeline."""

    positions: Array
    uncertainty: Array | None = None
    pixels: Array | None = None
    motion: Motion | None = None


Method = Callable[[Tracks], Mapping[str, Prediction]]


def flat(tracks: Tracks) -> dict[str, Prediction]:
    """The tracks themselves with depth 0; missing points lie on the line between the frames in which they were seen."""
    points = torch.from_numpy(np.nan_to_num(tracks.points))[None]
    seen = torch.from_numpy(tracks.seen)[None].double()
    filled = fill_gaps(points, seen, torch.ones(1, len(tracks), dtype=torch.bool))[0].numpy()
    return {"flat": Prediction(np.concatenate([filled, np.zeros_like(filled[..., :1])], axis=-1), pixels=filled)}


def network(name: str, net: nn.Module, device: str = "cpu", facing: bool = True, filtered: bool = False) -> Method:
    """A network under a name; facing: canonical ones also turned to the camera; filtered: also with Savitzky-Golay filters.

    A network that has no place for so many joints says nothing.
    """

    def method(tracks: Tracks) -> dict[str, Prediction]:
        given = (net, tracks.points, np.asarray(tracks.confidence), tracks.skeleton, device)
        try:
            lifted = lift_tracks(*given, orient=False)
        except NetworkError:
            return {}
        shown = None if net.canonical else _pixels(lifted, lifted.positions, tracks)
        found = {name: Prediction(lifted.positions, lifted.uncertainty, shown)}
        ways = {"": lifted.positions, "_turned": turned_onto_previous(lifted.positions)}
        if net.canonical and facing:
            lifted = lift_tracks(*given, orient=True)
            found[f"{name}_facing"] = Prediction(lifted.positions, pixels=_pixels(lifted, lifted.positions, tracks))
            ways["_facing"] = lifted.positions
        for way, positions in ways.items() if filtered else ():
            for window in SAVGOL_WINDOWS:
                smooth = smoothed(positions, window)
                shown = _pixels(lifted, smooth, tracks) if way == "_facing" else None
                found[f"{name}_savgol{way}@{window}"] = Prediction(smooth, pixels=shown)
        return found

    return method


def single_frame(net: PoseNetwork) -> Method:
    """The single-frame network, on skeletons whose joints it knows; it says nothing of others."""

    def method(tracks: Tracks) -> dict[str, Prediction]:
        try:
            lifted = lift_single(net, tracks.points, np.asarray(tracks.confidence), tracks.skeleton)
        except SingleFrameError:
            return {}
        return {"single_frame": Prediction(lifted.positions, pixels=_pixels(lifted, lifted.positions, tracks))}

    return method


def pipeline(name: str, net: nn.Module, device: str = "cpu") -> Method:
    """A network with all that is done around it, as NAME_pipeline: in the axes of the camera that it finds, metres."""

    def method(tracks: Tracks) -> dict[str, Prediction]:
        motion = lift(tracks, net, device=device)
        cameras = motion.cameras * len(motion) if len(motion.cameras) == 1 else motion.cameras
        pixels = [camera.project(frame) for camera, frame in zip(cameras, motion.positions, strict=True)]
        return {f"{name}_pipeline": Prediction(in_camera(motion), motion.uncertainty, np.stack(pixels), motion)}

    return method


def _pixels(lifted: LiftedClip, positions: Array, tracks: Tracks) -> Array:
    """Where a far camera sees positions (F, J, 3) of a lifted clip, (F, J, 2): their size is the one for the whole clip with which they
    come nearest to the tracks, since size is solved for wherever lifted animals are compared."""
    about = positions[..., :2] - positions[..., :2].mean(axis=1, keepdims=True)
    goal = np.where(tracks.seen[..., None], tracks.points - lifted.centre[:, None], 0.0)
    seen = about * tracks.seen[..., None]
    size = max(float((seen * goal).sum()), 0.0) / max(float((seen**2).sum()), 1e-12)
    return size * about + lifted.centre[:, None]


def smoothed(positions: Array, window: int, order: int = SAVGOL_ORDER) -> Array:
    """positions (F, J, 3) through a Savitzky-Golay filter over `window` frames (odd; as many as there are in short clips)."""
    window = min(window, len(positions) - (1 - len(positions) % 2))
    return positions if window <= order else np.asarray(savgol_filter(positions, window, order, axis=0), np.float64)


def turned_onto_previous(positions: Array) -> Array:
    """positions (F, J, 3) about their centres, each frame turned (not scaled) onto the frame before as that came out."""
    turned = positions - positions.mean(axis=1, keepdims=True)
    for frame in range(1, len(turned)):
        R, _ = rotation_between(turned[frame], turned[frame - 1])
        turned[frame] = turned[frame] @ R
    return turned


def open_networks(
    folders: Mapping[str, str | Path], device: str = "cpu"
) -> tuple[dict[str, tuple[nn.Module, dict[str, Any]]], dict[str, Method]]:
    """The networks in folders by name, each with its card, and what they are measured against: flat depth, and the single-frame
    network where one of the folders holds it or one ships. A folder is one of weights, a training's, or a shipped one's name."""
    found: dict[str, tuple[nn.Module, dict[str, Any]]] = {}
    baselines: dict[str, Method] = {"flat": flat}
    poses = SHIPPED_POSES if (SHIPPED_POSES / "card.json").is_file() else None
    for name, folder in folders.items():
        inside = Path(folder) / "weights"
        folder = inside if (inside / "card.json").is_file() else Path(folder)
        if (folder / "weights.safetensors").is_file():  # lifting networks' weights come in numbered pieces
            poses = folder
        else:
            found[name] = load_network(folder, device)
    if poses is not None:
        baselines["single_frame"] = single_frame(load_pose_network(poses, device)[0])
    return found, baselines


def in_camera(motion: Motion) -> Array:
    """The positions (F, J, 3) of a motion in the axes of its own cameras, metres."""
    cameras = motion.cameras * len(motion) if len(motion.cameras) == 1 else motion.cameras
    return np.stack([camera.to_camera(frame) for camera, frame in zip(cameras, motion.positions, strict=True)])


def as_motion(prediction: Prediction, tracks: Tracks) -> Motion:
    """A prediction as a motion to look at: the pipeline's own, else camera axes taken as a level camera's world (Z up), the animal a
    metre in size, its lowest joint on the ground."""
    if prediction.motion is not None:
        return prediction.motion
    world = prediction.positions[..., [0, 2, 1]] * [1.0, 1.0, -1.0] / max(body_size(prediction.positions), 1e-9)
    world[..., 2] -= np.nanmin(world[..., 2])
    return Motion(world, tracks.skeleton, tracks.fps, tracks.label, frame_numbers=tracks.frame_numbers)


def predict(methods: Mapping[str, Method], clip: SeenClip) -> dict[str, Prediction]:
    """What all methods say of one clip, by the predictions' own names."""
    found: dict[str, Prediction] = {}
    for method in methods.values():
        found |= method(clip.tracks)
    return found
