"""Tracks on their way to the server, and its answer as a motion to build. No bpy here: plain values in, plain values out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ..animal.cameras import Camera
from ..animal.motion import Motion
from ..animal.skeleton import Skeleton
from ..animal.track_files import HDF5, Reading, TrackFile, without_unseen
from ..animal.track_raw import RawTracks, finish, raw_of
from ..animal.tracks import Tracks, TracksError

if TYPE_CHECKING:
    from ..wire.lifting import Lifted, ReadTracks


@dataclass
class LiftQuestion:
    """What a lift needs, copied out of Blender: the tracks of one animal, what the animator said of them, and options.

    cameras: where the camera's path is known, by frame number.
    """

    tracks: Tracks
    reading: Reading = field(default_factory=Reading)
    options: dict[str, Any] = field(default_factory=dict)
    cameras: dict[int, Camera] = field(default_factory=dict)

    def ready(self) -> tuple[Tracks, list[str]]:
        """The tracks as they are sent, and what is to be told of them. Raises TracksError in words for the animator."""
        raw = RawTracks("tracks", [raw_of(self.tracks)])
        tracks, unseen = without_unseen(finish(raw, self.reading, self.tracks.source or "The tracks").tracks[0])
        return tracks, [f"Left out, because it is never seen: {', '.join(unseen)}"] if unseen else []

    def seen_by(self, tracks: Tracks) -> list[Camera]:
        """The known cameras of the frames of tracks; none when the path is not known."""
        return [self.cameras[number] for number in np.asarray(tracks.frame_numbers).tolist()] if self.cameras else []


@dataclass
class LiftAnswer:
    """What came back: the motion, the tracks that it was made from (swapped sides put right), and lines that say how well it
    went."""

    motion: Motion
    tracks: Tracks
    summary: list[str]
    warnings: list[str]


def is_hdf5(path: str) -> bool:
    """Whether a file is HDF5, which Blender's Python cannot read. Raises OSError."""
    with open(path, "rb") as stream:
        return stream.read(len(HDF5)) == HDF5


def reading_arguments(reading: Reading) -> dict[str, Any]:
    """What the animator said of a file, as arguments of `wire.Client.read_tracks`; skeletons are chosen here, afterwards."""
    return {"fps": reading.fps, "size": reading.size, "focal": reading.focal, "min_confidence": reading.min_confidence}


def file_answer(result: ReadTracks, path: str, reading: Reading) -> TrackFile:
    """What the server read of a file, as if it had been read here. Raises TracksError for a skeleton that does not fit."""
    animals = [
        raw_of(Tracks(one.points, Skeleton(tuple(one.names), tuple(one.parents)), one.fps, one.confidence, one.width, one.height,
                      one.focal, one.label, path, one.frame_numbers))
        for one in result.animals
    ]  # fmt: skip
    return finish(RawTracks(result.file_kind, animals, result.notes), reading, path)


def lift_answer(result: Lifted, sent: Tracks, notes: list[str]) -> LiftAnswer:
    """The server's answer as a motion to build. Raises TracksError when it does not hold together."""
    try:
        skeleton = Skeleton(tuple(result.names), tuple(result.parents))
        cameras = tuple(Camera(K, R, t, result.width, result.height)
                        for K, R, t in zip(result.camera_K, result.camera_R, result.camera_t, strict=True))  # fmt: skip
        motion = Motion(
            result.positions, skeleton, result.fps, result.label or sent.label, result.species or "", source=sent.source,
            uncertainty=result.uncertainty, contacts=result.contacts, cameras=cameras, frame_numbers=result.frame_numbers,
            details={"network": result.network, **result.facts},
        )  # fmt: skip
        tracks = Tracks(result.points, skeleton, result.fps, None, sent.width, sent.height, sent.focal, motion.label, sent.source,
                        result.frame_numbers)  # fmt: skip
    except ValueError as error:
        raise TracksError(f"The server's answer does not hold together: {error}", "Update the server, and try again") from None
    return LiftAnswer(motion, tracks, _summary(motion, tracks), _warnings(result, motion, notes))


def error_in_pixels(motion: Motion, tracks: Tracks) -> float | None:
    """How far the motion's joints are from the tracks in the footage: the median in pixels, None without a camera."""
    if not motion.cameras:
        return None
    seen = np.stack([motion.camera(f).project(motion.positions[f]) for f in range(len(motion))])
    away = np.linalg.norm(seen - tracks.points, axis=-1)
    return float(np.median(away[np.isfinite(away)])) if np.isfinite(away).any() else None


def _summary(motion: Motion, tracks: Tracks) -> list[str]:
    known = int(np.isfinite(motion.positions).all(axis=-1).any(axis=1).sum())
    facts = [f"{known} of {len(motion)} frames" if known < len(motion) else f"{len(motion)} frames", f"{len(motion.skeleton)} joints"]
    away = error_in_pixels(motion, tracks)
    if away is not None:
        facts.append(f"points {away:.1f} px off")
    return [f"{motion.label or 'Animal'}: {', '.join(facts)}"]


def _warnings(result: Lifted, motion: Motion, notes: list[str]) -> list[str]:
    lines = [*notes, *result.warnings]
    if result.swaps:
        spans = ", ".join(str(first) if first == last else f"{first} to {last}" for first, last, _ in result.swaps[:4])
        more = f" and {len(result.swaps) - 4} more" if len(result.swaps) > 4 else ""
        lines.append(f"Left and right were mixed up in the tracks and put right: frames {spans}{more}")
    return lines
