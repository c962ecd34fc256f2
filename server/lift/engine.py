"""The engine `lift`: tracks in, the motion of a skeleton in space out. Also reads the files of tracks that a client cannot.

Torch, the networks and their weights are loaded by the first job that needs them, so that a server that has none still fits
photos and says at once what is missing here.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...animal.cameras import Camera
from ...animal.motion import Motion
from ...animal.skeleton import Skeleton, SkeletonError
from ...animal.tracks import Tracks, TracksError
from ...wire import messages as m
from ...wire.lifting import pack_animal, read_cameras, unpack_animal
from ..engine import JobContext, JobFailure

Pipeline = Callable[[Tracks, Mapping[str, Any], Sequence[Camera], str, JobContext], Motion]
"""(tracks, options of the request, known cameras, device, job) -> motion, with what else is to be told in its details."""

_PLAIN = ("network", "swaps", "warnings", "contacts", "tracks")
"""Details of a motion that have a place of their own in the answer."""


class LiftEngine:
    """Lifts one animal's tracks a job.

    device: a torch device. pipeline: what lifts; None = the trained networks. folders: whether a request may name the folder of a
    network; not for requests that came over a wire, which may only name those that ship.
    """

    name = "lift"

    def __init__(self, device: str = "cpu", pipeline: Pipeline | None = None, folders: bool = True) -> None:
        self.device = device
        self._pipeline = pipeline
        self._folders = folders

    def run(self, request: Any, frames: Mapping[str, np.ndarray], job: JobContext) -> tuple[Any, dict[str, np.ndarray]]:
        """See `Engine`: answers a `LiftRequest` with a `LiftResult`, a `ReadTracksRequest` with a `TracksResult`."""
        try:
            if isinstance(request, m.ReadTracksRequest):
                return self._read(request, frames, job)
            if isinstance(request, m.LiftRequest):
                return self._lift(request, frames, job)
        except TracksError as error:
            raise JobFailure("bad_tracks", error.message, error.advice) from None
        raise JobFailure("bad_request", "The engine lift takes tracks only.", "Name the engine 'fit' to reconstruct a photo.")

    # --- lifting --------------------------------------------------------------------------------------------------------

    def _lift(self, request: m.LiftRequest, frames: Mapping[str, np.ndarray],
              job: JobContext) -> tuple[m.LiftResult, dict[str, np.ndarray]]:
        began = time.perf_counter()
        tracks = tracks_of(request.animal, frames)
        cameras = cameras_of(request, frames, tracks)
        job.progress(0.0, "loading the network")
        if self._pipeline is None:
            try:
                from .pipeline import lift_job
            except ImportError as error:
                raise _lacks(error) from None
            self._pipeline = lift_job
        if not self._folders and "network" in request.options:
            from ..poses.network import PoseNetwork
            from .weights import shipped

            known = (*shipped(), PoseNetwork.kind)
            if request.options["network"] not in known:
                raise JobFailure("no_network", f"No network called '{request.options['network']}' ships with this server.",
                                 f"There are {', '.join(known)}.")
        motion = self._pipeline(tracks, request.options, cameras, self.device, job)
        job.progress(1.0, "done")
        return answer(motion, tracks, time.perf_counter() - began)

    # --- reading --------------------------------------------------------------------------------------------------------

    def _read(self, request: m.ReadTracksRequest, frames: Mapping[str, np.ndarray],
              job: JobContext) -> tuple[m.TracksResult, dict[str, np.ndarray]]:
        from ...animal.skeleton_presets import preset
        from ...animal.track_raw import Reading

        try:
            from ..data.tracks_h5 import read_any
        except ImportError as error:
            raise _lacks(error) from None
        job.progress(0.0, "reading the file")
        size = None if request.width is None or request.height is None else (request.width, request.height)
        skeleton = None if request.skeleton is None else preset(request.skeleton)
        reading = Reading(request.fps, skeleton, size, request.focal_px, request.min_confidence)
        with tempfile.TemporaryDirectory(prefix="bestiary-tracks-") as folder:
            path = Path(folder, safe_name(request.file_name))
            path.write_bytes(np.asarray(frames[request.file]).tobytes())
            found = read_any(path, reading)
        kept, notes = most_seen(found.tracks), list(found.notes)
        if len(kept) < len(found.tracks):
            notes.append(f"The file holds {len(found.tracks)} animals; the {len(kept)} that are seen most were read.")
        arrays: dict[str, np.ndarray] = {}
        animals = [pack_animal(tracks, number, arrays) for number, tracks in enumerate(kept)]
        return m.TracksResult(found.kind, animals, notes), arrays


def _lacks(error: ImportError) -> JobFailure:
    """What to tell when a package is not there: servers that only fit photos need fewer."""
    return JobFailure("no_package", f"The server's Python has no {error.name or error}, which tracks need.",
                      "Install it there: python -m pip install h5py safetensors, then start the server again.")


def tracks_of(animal: m.TrackedAnimal, frames: Mapping[str, np.ndarray]) -> Tracks:
    """The tracks of a request, checked. Raises TracksError, or WireError for frames that do not fit."""
    values = unpack_animal(animal, frames)
    try:
        skeleton = Skeleton(tuple(values.names), tuple(values.parents))
    except SkeletonError as error:
        raise TracksError(f"The skeleton: {error}.", "Choose another skeleton for the tracks.") from None
    return Tracks(values.points, skeleton, values.fps, values.confidence, values.width, values.height, values.focal, values.label,
                  values.source, values.frame_numbers)


def cameras_of(request: m.LiftRequest | m.AnimateRequest, frames: Mapping[str, np.ndarray], tracks: Tracks) -> tuple[Camera, ...]:
    """The known cameras of a request: none, one, or one for each frame. Raises TracksError, or WireError."""
    K, R, t = read_cameras(request, frames, len(tracks))
    if len(K) and not (tracks.width and tracks.height):
        raise TracksError("The camera is known, but not the size of its pictures.", "Give width and height in pixels.")
    try:
        return tuple(Camera(*one, int(tracks.width or 1), int(tracks.height or 1)) for one in zip(K, R, t, strict=True))
    except ValueError as error:
        raise TracksError(f"The camera cannot be used: {error}.", "Give finite numbers, R a rotation.") from None


def answer(motion: Motion, tracks: Tracks, seconds: float) -> tuple[m.LiftResult, dict[str, np.ndarray]]:
    """The message of a motion and the tracks that it was made from.

    Its details may hold `tracks` (the `Tracks` as they were used), `network`, `swaps` (first and last frame number, names),
    `contacts` (F, J) bool and `warnings`; numbers and texts besides are handed on as facts.
    """
    details = motion.details
    used = details.get("tracks", tracks)
    arrays: dict[str, np.ndarray] = {
        "positions": motion.positions.astype(np.float32), "points": points_like(motion, used),
        "numbers": np.asarray(motion.frame_numbers, dtype=np.int64)}
    if motion.uncertainty is not None:
        arrays["uncertainty"] = motion.uncertainty.astype(np.float32)
    if details.get("contacts") is not None:
        arrays["contacts"] = np.ascontiguousarray(details["contacts"], dtype=bool)
    cameras = motion.cameras
    if cameras:
        arrays |= {"K": np.stack([one.K for one in cameras]), "R": np.stack([one.R for one in cameras]),
                   "t": np.stack([one.t for one in cameras])}
    swaps = [m.SwappedSides(int(first), int(last), [str(name) for name in names]) for first, last, names in details.get("swaps", ())]
    facts = {str(name): value for name, value in details.items()
             if name not in _PLAIN and isinstance(value, float | int | bool | str)}

    def named(name: str) -> str | None:
        return name if name in arrays else None

    return m.LiftResult(
        list(motion.skeleton.names), list(motion.skeleton.parents), motion.fps, "positions", "points", "numbers",
        uncertainty=named("uncertainty"), contacts=named("contacts"), K=named("K"), R=named("R"), t=named("t"),
        width=cameras[0].width if cameras else 0, height=cameras[0].height if cameras else 0, label=motion.label,
        species=motion.species or None, network=str(details.get("network", "")), swaps=swaps, facts=facts,
        warnings=[str(text) for text in details.get("warnings", ())], seconds=seconds), arrays


def points_like(motion: Motion, tracks: Tracks) -> np.ndarray:
    """(F, J, 2) float32: the points of tracks for the frames and joints of a motion; nan where the tracks have none."""
    points = np.full((*motion.positions.shape[:2], 2), np.nan, dtype=np.float32)
    rows = {int(number): row for row, number in enumerate(np.asarray(tracks.frame_numbers))}
    pairs = [(row, rows[int(number)]) for row, number in enumerate(np.asarray(motion.frame_numbers)) if int(number) in rows]
    here, there = np.array(pairs, dtype=int).reshape(-1, 2).T
    for joint, name in enumerate(motion.skeleton.names):
        if name in tracks.skeleton.names:
            points[here, joint] = tracks.points[there, tracks.skeleton.names.index(name)]
    return points


def most_seen(tracks: Sequence[Tracks], most: int = m.MAX_ANIMALS) -> list[Tracks]:
    """At most so many animals, those with the most visible points, in the order of the file."""
    order = sorted(range(len(tracks)), key=lambda i: -int(tracks[i].seen.sum()))[:most]
    return [tracks[i] for i in sorted(order)]


def safe_name(name: str) -> str:
    """A file name that a client gave as one that can be written here: no folders, no odd letters."""
    kept = "".join(letter if letter.isalnum() or letter in "._- " else "_" for letter in Path(name).name)[-100:].strip(". ")
    return kept or "tracks"
