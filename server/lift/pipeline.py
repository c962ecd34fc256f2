"""All of lifting, from tracks to a motion: sides put right, the network, then bones, place, ground and feet.

`lift` is the call for scripts; `lift_job` is the same as the server's engine makes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from ...animal.cameras import Camera
from ...animal.motion import Motion
from ...animal.track_files import without_unseen
from ...animal.tracks import Tracks, TracksError
from ..engine import Cancelled, JobContext, JobFailure
from ..poses.network import PoseNetwork
from ..poses.single_frame import SingleFrameError, lift_single
from ..poses.weights import load_pose_network
from .pace import lift_at_pace
from .refine import RefineSettings, Swap, find_swaps, refine_clip, without_wild
from .weights import DEFAULT, WeightsError, load_network
from .windows import LiftedClip

MEASURES = ("length", "height")
FEWEST_POINTS = 3
_LOADED: dict[tuple[str, str], nn.Module] = {}
_KEPT = 2


@dataclass(frozen=True)
class LiftSettings:
    """What may be chosen when tracks are lifted.

    swaps: left and right that the tracks mix up are put right. refine: bones keep their lengths and the motion fits the tracks (off:
    the network's joints, only placed). feet: they stand still where they touch the ground. smooth: how much jitter is taken out, 1 as
    much as the tracks show, 0 none. focal: pixels, None the tracks' own or the usual. metres: the animal's size, None unknown, and what
    it measures: "length" (between the two joints farthest apart) or "height" (of the shoulders). max_gap_s: gaps longer
    than this many seconds stay unknown. camera_static: False for a camera that goes along with the animal.
    """

    swaps: bool = True
    refine: bool = True
    feet: bool = True
    smooth: float = 1.0
    focal: float | None = None
    metres: float | None = None
    measures: str = "length"
    max_gap_s: float = 0.5
    camera_static: bool = True

    def __post_init__(self) -> None:
        if self.measures not in MEASURES:
            raise TracksError(f"'{self.measures}' cannot be measured.", f"Choose one of {', '.join(MEASURES)}.")
        for name, low, high in (("smooth", 0.0, 100.0), ("focal", 1.0, 1e6), ("metres", 1e-3, 100.0), ("max_gap_s", 0.0, 1e6)):
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise TracksError(f"The setting {name} is {value}.", f"Give a number from {low:g} to {high:g}.")


def lift(
    tracks: Tracks, network: nn.Module | str | Path | None = None, settings: LiftSettings | None = None, device: str = "cpu",
    progress: Callable[[float, str], None] | None = None, cancelled: Callable[[], bool] | None = None, cameras: Sequence[Camera] = (),
) -> Motion:
    """The motion of one animal from its tracks.

    network: a loaded one, the name of one that ships, a folder, or None for the best that ships; "single_frame" is the one of
    server/poses, which looks at one frame at a time and knows four-legged animals only. progress gets 0..1 and what is done;
    cancelled is asked whenever it does. cameras: where the camera is known, one or one for each frame.

    World Z up, metres, feet on z = 0; the motion's cameras see it where the tracks are; frames in long gaps are nan. details (plain
    values, so that it can be saved): network, wild_points (how many were left out), swaps (joints, first, last frame),
    contacts (joint, first, last), warnings, and
    what `refine_clip` tells. Raises TracksError for tracks that say too little, WeightsError for a missing
    network, Cancelled.
    """
    settings = settings or LiftSettings()

    def say(fraction: float, stage: str) -> None:
        if cancelled is not None and cancelled():
            raise Cancelled
        if progress is not None:
            progress(fraction, stage)

    _check(tracks, cameras)
    say(0.0, "loading the network")
    net, name = (network, str(getattr(network, "kind", ""))) if isinstance(network, nn.Module) else _network(network, device)
    say(0.02, "sides")
    swaps: list[Swap] = []
    tracks, wild = without_wild(tracks)
    if settings.swaps:
        tracks, swaps = find_swaps(tracks)
    lifted = _lifted(net, tracks, device, lambda x: say(0.05 + 0.45 * x, "lifting"))
    refined = RefineSettings(settings.refine, settings.feet, settings.smooth, settings.metres, settings.measures, settings.max_gap_s,
                             settings.camera_static)
    motion = refine_clip(tracks, lifted, settings.focal, refined, lambda x: say(0.5 + 0.5 * x, "refining"), cameras)
    names = tracks.skeleton.names
    told = [{"joints": [names[j] for j in swap.joints], "first": swap.first, "last": swap.last} for swap in swaps]
    return replace(motion, details={**motion.details, "network": name, "swaps": told, "wild_points": wild,
                                    "warnings": _warnings(motion, tracks, settings, wild)})


def lift_job(tracks: Tracks, options: Mapping[str, Any], cameras: Sequence[Camera], device: str, job: JobContext) -> Motion:
    """As the engine `lift` wants it: options as they came over the wire (docs/wire.md), joints that are never seen left out, details
    with `tracks` as they were used, `swaps` (first and last frame number, names) and `contacts` (F, J) bool.

    Raises JobFailure for an option that does not exist or a network that is not there, TracksError.
    """
    settings, network, species = _settings(options)
    tracks, _ = without_unseen(tracks)
    try:
        motion = lift(tracks, network, settings, device, job.progress, cameras=cameras)
    except WeightsError as error:
        raise JobFailure("no_network", f"{error}.", "Name a network that ships, or train one: bestiary train lift.") from None
    numbers = np.asarray(tracks.frame_numbers)
    names = tracks.skeleton.names
    stands = np.zeros(motion.positions.shape[:2], bool)
    for contact in motion.details["contacts"]:
        stands[contact["first"] : contact["last"] + 1, names.index(contact["joint"])] = True
    swaps = [(int(numbers[s["first"]]), int(numbers[s["last"]]), s["joints"]) for s in motion.details["swaps"]]
    used = without_wild(tracks)[0]
    used = find_swaps(used)[0] if swaps else used
    return replace(motion, species=species, details={**motion.details, "tracks": used, "swaps": swaps, "contacts": stands})


def _check(tracks: Tracks, cameras: Sequence[Camera]) -> None:
    ever = int(tracks.seen.any(axis=0).sum())
    if not ever:
        raise TracksError("No point of the animal is seen in any frame.", "Check the confidence below which points count as missing.")
    if ever < FEWEST_POINTS:
        raise TracksError(f"Only {ever} of the animal's points are ever seen.",
                          f"Track {FEWEST_POINTS} points or more; a motion in space cannot be told from fewer.")
    if len(cameras) not in (0, 1, len(tracks)):
        raise TracksError(f"There are {len(cameras)} cameras for {len(tracks)} frames.", "Give one camera, or one for each frame.")
    spread = np.nanmax(tracks.points, axis=(0, 1)) - np.nanmin(tracks.points, axis=(0, 1))
    if not spread.max() > 0:
        raise TracksError("All points of the animal lie in one place.", "Check that x and y were read from the right columns.")


def _network(network: str | Path | None, device: str) -> tuple[nn.Module, str]:
    """A network in memory, and its name; the last few stay."""
    folder = str(DEFAULT if network is None else network)
    key = (folder, str(device))
    if key not in _LOADED:
        while len(_LOADED) >= _KEPT:
            _LOADED.pop(next(iter(_LOADED)))
        _LOADED[key] = load_pose_network(None, device)[0] if folder == PoseNetwork.kind else load_network(folder, device)[0]
    return _LOADED[key], Path(folder).name


def _lifted(net: nn.Module, tracks: Tracks, device: str, progress: Callable[[float], None]) -> LiftedClip:
    if not isinstance(net, PoseNetwork):
        return lift_at_pace(net, tracks, device, progress)
    try:
        return lift_single(net, tracks.points, np.asarray(tracks.confidence), tracks.skeleton)
    except SingleFrameError as error:
        raise TracksError(str(error)) from None


def _settings(options: Mapping[str, Any]) -> tuple[LiftSettings, str | None, str]:
    """Settings, network and species of a request's options. Raises JobFailure."""
    kinds: dict[str, type | tuple[type, ...]] = {
        "swaps": bool, "feet": bool, "camera_static": bool, "refine": bool, "bones": bool, "smooth": (int, float), "focal": (int, float),
        "metres": (int, float), "max_gap_s": (int, float), "measures": str, "network": str, "species": str}
    for name, value in options.items():
        if name not in kinds:
            raise JobFailure("bad_option", f"There is no option '{name}'.", f"There are {', '.join(kinds)}.")
        if not isinstance(value, kinds[name]) or (kinds[name] is not bool and isinstance(value, bool)):
            raise JobFailure("bad_option", f"The option {name} is {value!r}.", "docs/wire.md says what it takes.")
    own = {f.name for f in fields(LiftSettings)}
    chosen = {name: value for name, value in options.items() if name in own}
    if "bones" in options:
        chosen["refine"] = options["bones"]
    return LiftSettings(**chosen), options.get("network"), str(options.get("species", ""))


def _warnings(motion: Motion, tracks: Tracks, settings: LiftSettings, wild: int) -> list[str]:
    """What someone who uses the motion should know."""
    found = []
    if wild:
        found.append(f"{wild} point{'s' if wild > 1 else ''} lay far from where their joint is before and after, and were left out.")
    unknown = int(np.isnan(motion.positions[:, :, 0]).all(axis=1).sum())
    if unknown:
        found.append(f"{unknown} of {len(motion)} frames show no point of the animal and stay unknown.")
    error, size = motion.details.get("error_px"), float(np.nanmax(np.nanmax(tracks.points, (0, 1)) - np.nanmin(tracks.points, (0, 1))))
    if error is not None and error > 0.05 * size:
        found.append(f"The motion lies {error:.0f} pixels from the tracks: is the skeleton the right one, and the focal length?")
    if settings.feet and settings.refine and not motion.details["contacts"] and len(motion) > 30:
        found.append("No foot was found to stand still: does the camera move?" if settings.camera_static
                     else "No foot was found to stand on the ground.")
    return found
