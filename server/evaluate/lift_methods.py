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
    single_frame         the network of the pose synthesis paper, one frame at a time, on the joints that it knows

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
from ..lift.weights import load_network
from ..lift.windows import lift_tracks
from .lift_clips import SeenClip
from .lift_metrics import rotation_between

Array = NDArray[np.float64]

SAVGOL_WINDOWS = (5, 9, 17, 33)
"""Lengths in frames that are tried."""
SAVGOL_ORDER = 3


@dataclass(frozen=True)
class Prediction:
    """positions (F, J, 3) camera axes, any unit, each frame about any centre, nan where nothing is said; uncertainty (F, J) in that
    unit (one standard deviation) or None; motion: the whole result of a pipeline."""

    positions: Array
    uncertainty: Array | None = None
    motion: Motion | None = None


Method = Callable[[Tracks], Mapping[str, Prediction]]


def flat(tracks: Tracks) -> dict[str, Prediction]:
    """The tracks themselves with depth 0; missing points lie on the line between the frames in which they were seen."""
    points = torch.from_numpy(np.nan_to_num(tracks.points))[None]
    seen = torch.from_numpy(tracks.seen)[None].double()
    filled = fill_gaps(points, seen, torch.ones(1, len(tracks), dtype=torch.bool))[0].numpy()
    return {"flat": Prediction(np.concatenate([filled, np.zeros_like(filled[..., :1])], axis=-1))}


def network(name: str, net: nn.Module, device: str = "cpu", facing: bool = True, filtered: bool = False) -> Method:
    """A network under a name; facing: canonical ones also turned to the camera; filtered: also with Savitzky-Golay filters.

    A network that has no place for so many joints says nothing.
    """

    def method(tracks: Tracks) -> dict[str, Prediction]:
        try:
            lifted = lift_tracks(net, tracks.points, tracks.confidence, tracks.skeleton, device, orient=False)
        except NetworkError:
            return {}
        found = {name: Prediction(lifted.positions, lifted.uncertainty)}
        if net.canonical and facing:
            turned = lift_tracks(net, tracks.points, tracks.confidence, tracks.skeleton, device, orient=True)
            found[f"{name}_facing"] = Prediction(turned.positions)
        if filtered:
            ways = {"_savgol": lifted.positions, "_savgol_turned": turned_onto_previous(lifted.positions)}
            if f"{name}_facing" in found:
                ways["_savgol_facing"] = found[f"{name}_facing"].positions
            found |= {f"{name}{way}@{window}": Prediction(smoothed(positions, window))
                      for way, positions in ways.items() for window in SAVGOL_WINDOWS}
        return found

    return method


def smoothed(positions: Array, window: int, order: int = SAVGOL_ORDER) -> Array:
    """positions (F, J, 3) through a Savitzky-Golay filter over `window` frames (odd; as many as there are in short clips)."""
    window = min(window, len(positions) - (1 - len(positions) % 2))
    return positions if window <= order else savgol_filter(positions, window, order, axis=0)


def turned_onto_previous(positions: Array) -> Array:
    """positions (F, J, 3) about their centres, each frame turned (not scaled) onto the frame before as that came out."""
    turned = positions - positions.mean(axis=1, keepdims=True)
    for frame in range(1, len(turned)):
        R, _ = rotation_between(turned[frame], turned[frame - 1])
        turned[frame] = turned[frame] @ R
    return turned


def open_networks(folders: Mapping[str, Path], device: str = "cpu") -> dict[str, tuple[nn.Module, dict[str, Any]]]:
    """The networks in folders by name, each with its card. A folder is one of weights, a training's, or a shipped one's name."""
    return {name: load_network(folder / "weights" if (folder / "weights" / "card.json").is_file() else folder, device)
            for name, folder in folders.items()}


def in_camera(motion: Motion) -> Array:
    """The positions (F, J, 3) of a motion in the axes of its own cameras, metres; in the world where it has none."""
    if not motion.cameras:
        return motion.positions
    cameras = motion.cameras * len(motion) if len(motion.cameras) == 1 else motion.cameras
    return np.stack([camera.to_camera(frame) for camera, frame in zip(cameras, motion.positions, strict=True)])


def predict(methods: Mapping[str, Method], clip: SeenClip) -> dict[str, Prediction]:
    """What all methods say of one clip, by the predictions' own names."""
    found: dict[str, Prediction] = {}
    for method in methods.values():
        found |= method(clip.tracks)
    return found
