"""What every reader of foreign track files hands over, and how that becomes `Tracks`: one skeleton, even frames, missing is nan.

The readers (`track_json.py`, `track_csv.py`, the server's HDF5 reader) only find names and numbers. Here, once for all of
them, the skeleton is chosen, doubtful points become missing ones, and everything that was assumed is said in words.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .skeleton import MAX_JOINTS, Skeleton, SkeletonError
from .skeleton_presets import ADVICE as SKELETON_ADVICE
from .skeleton_presets import guess_skeleton, preset_of
from .tracks import MAX_FRAMES, Tracks, TracksError

DEFAULT_FPS = 30.0
MAX_NUMBERS = 1 << 27
"""The most coordinates that a file may hold: 512 MiB as numbers."""
MAX_ANIMALS = 1000
HIDDEN = 0.5
"""The confidence of a point that was annotated although it cannot be seen."""

Array = NDArray[np.float64]


@dataclass
class RawAnimal:
    """One animal of a file: points (F, J, 2) pixels, confidence (F, J), numbers (F,) the frames in any order, each once."""

    label: str
    names: list[str]
    points: Array
    confidence: Array
    numbers: NDArray[np.int64]
    bones: list[tuple[int, int]] = field(default_factory=list)
    """Pairs of joints that the file joins."""
    skeleton: Skeleton | None = None
    """The skeleton, where the file states a whole one."""
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    focal: float | None = None


@dataclass
class RawTracks:
    """A file's animals; `kind` is what the file is, in words; `notes` what a user should know."""

    kind: str
    animals: list[RawAnimal]
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Reading:
    """What the user says of a file; it goes before what the file says.

    fps; skeleton: names to take from the file, and their bones; size (width, height) pixels; focal pixels; min_confidence:
    points below it are missing.
    """

    fps: float | None = None
    skeleton: Skeleton | None = None
    size: tuple[int, int] | None = None
    focal: float | None = None
    min_confidence: float = 0.0


@dataclass(frozen=True)
class TrackFile:
    """What was read: the animals (at least one), what kind of file it was, and notes in plain sentences."""

    kind: str
    tracks: list[Tracks]
    notes: list[str]


def finish(raw: RawTracks, reading: Reading, source: str) -> TrackFile:
    """The animals of a file called `source` as Tracks.

    Left out are animals without a single visible point, and frames before the first and after the last visible point. Frames
    that the file skips are put in as unknown ones where most frames are there, so that all are equally far apart. Points at
    exactly (0, 0) are missing ones. Raises TracksError, also when no animal is left.
    """
    if len(raw.animals) > MAX_ANIMALS:
        raise TracksError(f"{source} holds {len(raw.animals)} animals; {MAX_ANIMALS} can be read.", "Are the track ids right?")
    notes = list(raw.notes)
    if reading.fps is None and any(animal.fps is None for animal in raw.animals):
        notes.append(f"The file does not say how many frames a second there are: {DEFAULT_FPS:g} are assumed.")
    known = [(animal, found) for animal in raw.animals if (found := _cleaned(animal, reading, source, notes)) is not None]
    skeletons: dict[Any, tuple[list[int], Skeleton]] = {}
    # Animals of one list of points share one skeleton, guessed from the one of which most is seen.
    for animal, (points, _, _) in sorted(known, key=lambda one: -int(np.isfinite(one[1][0]).sum())):
        if _kind(animal) not in skeletons:
            skeletons[_kind(animal)] = _skeleton(animal, points, reading.skeleton, source, notes)
    tracks = [made for animal, found in known if (made := _made(animal, *found, *skeletons[_kind(animal)], reading, source)) is not None]
    if not tracks:
        limit = f" with a confidence of {reading.min_confidence:g} or more" if reading.min_confidence > 0 else ""
        raise TracksError(f"No point is visible in any frame of {source}{limit}.",
                          "Check that the file belongs to the footage, or lower the least confidence.")  # fmt: skip
    if len(tracks) < len(raw.animals):
        seen = [one.label for one in tracks]
        empty = [animal.label or "an animal" for animal in raw.animals if animal.label not in seen or not animal.label]
        notes.append(f"Left out, because not one point of them is visible: {_some(empty)}.")
    return TrackFile(raw.kind, tracks, list(dict.fromkeys(notes)))


def _kind(animal: RawAnimal) -> tuple[Any, ...]:
    """What animals share that have one skeleton."""
    return (*animal.names, *animal.bones, animal.skeleton)


def _cleaned(animal: RawAnimal, reading: Reading, source: str,
             notes: list[str]) -> tuple[Array, Array, NDArray[np.int64]] | None:  # fmt: skip
    """Points, confidences and even frame numbers, missing ones nan, from the first visible point to the last; None without any."""
    points, confidence = np.array(animal.points, np.float64), np.array(animal.confidence, np.float64)
    if points.ndim != 3 or not 1 <= points.shape[1] <= MAX_JOINTS:
        raise TracksError(f"{source} has {len(animal.names)} points in a frame; 1 to {MAX_JOINTS} can be read.",
                          "Name the ones that are needed: --skeleton FILE.")  # fmt: skip
    if len(points) == 0:
        return None
    if max(map(len, animal.names)) > 200:
        raise TracksError(f"{source} has a point whose name has more than 200 letters.", "Is it a file of tracks?")
    order = np.argsort(animal.numbers, kind="stable")
    points, confidence, numbers = points[order], confidence[order], np.asarray(animal.numbers, np.int64)[order]
    with np.errstate(invalid="ignore"):
        missing = ~np.isfinite(points).all(axis=-1) | (points == 0).all(axis=-1)
        # Whoever writes no score for a point that is there did not measure one.
        confidence = np.where(np.isnan(confidence), 1.0, confidence)
        missing |= confidence < max(reading.min_confidence, 1e-9)
    points[missing], confidence[missing] = np.nan, 0.0
    seen = (~missing).any(axis=1)
    if not seen.any():
        return None
    first, last = np.flatnonzero(seen)[[0, -1]]
    kept = slice(first, last + 1)
    return _even(points[kept], confidence[kept], numbers[kept], animal.label, notes)


def _made(animal: RawAnimal, points: Array, confidence: Array, numbers: NDArray[np.int64], columns: list[int], skeleton: Skeleton,
          reading: Reading, source: str) -> Tracks | None:  # fmt: skip
    """The tracks of the chosen columns; None where nothing of those is seen."""
    if not np.isfinite(points[:, columns]).any():
        return None
    width, height = reading.size or (animal.width, animal.height)
    fps = reading.fps if reading.fps is not None else animal.fps if animal.fps is not None else DEFAULT_FPS
    focal = reading.focal if reading.focal is not None else animal.focal
    return Tracks(points[:, columns], skeleton, fps, confidence[:, columns], width, height, focal, animal.label, source, numbers)


def _even(points: Array, confidence: Array, numbers: NDArray[np.int64], label: str,
          notes: list[str]) -> tuple[Array, Array, NDArray[np.int64]]:  # fmt: skip
    """Frames put in where the file skips some, so that all steps are the same; as they are where half of them would be new."""
    steps = np.diff(numbers)
    if len(numbers) < 2 or (steps == steps[0]).all():
        return points, confidence, numbers
    step = int(np.gcd.reduce(steps))
    span = int(numbers[-1] - numbers[0])
    count = span // step + 1
    if count > min(2 * len(numbers), MAX_FRAMES):
        notes.append(f"{label or 'The animal'} is known in {len(numbers)} of {span + 1} frames, unevenly: "
                     "the motion between them is not known.")  # fmt: skip
        return points, confidence, numbers
    rows = (numbers - numbers[0]) // step
    wide = np.full((count, *points.shape[1:]), np.nan)
    sure = np.zeros((count, points.shape[1]))
    wide[rows], sure[rows] = points, confidence
    return wide, sure, numbers[0] + step * np.arange(count)


def _skeleton(animal: RawAnimal, points: Array, given: Skeleton | None, source: str,
              notes: list[str]) -> tuple[list[int], Skeleton]:  # fmt: skip
    """Which columns to take, and the skeleton of them: the user's, the file's, a public set's, or a guess."""
    names = animal.names
    if given is not None:
        return _chosen(names, given, source, notes)
    columns = list(range(len(names)))
    try:
        if animal.skeleton is not None:
            return columns, animal.skeleton
        known = preset_of(names)
        if known is not None:
            notes.append(f"The points are those of {known[0]}; so is the skeleton.")
            return columns, known[1]
        if animal.bones:
            if len(Skeleton.from_edges(names, animal.bones).bones) == len(set(map(frozenset, animal.bones))) == len(names) - 1:
                notes.append("The skeleton is the file's own.")
                return columns, guess_skeleton(names, points, animal.bones)
            notes.append("The file's bones join not all points, or close circles; the others were guessed.")
        else:
            notes.append("The skeleton was guessed from the points' names and from how they move.")
        return columns, guess_skeleton(names, points, animal.bones)
    except SkeletonError as error:
        raise TracksError(f"{source}: {error}.", SKELETON_ADVICE) from None


def _chosen(names: Sequence[str], given: Skeleton, source: str, notes: list[str]) -> tuple[list[int], Skeleton]:
    plain = [_letters(name) for name in names]
    columns = []
    for name in given.names:
        if name in names:
            columns.append(list(names).index(name))
        elif plain.count(_letters(name)) == 1:
            columns.append(plain.index(_letters(name)))
        else:
            raise TracksError(f"{source} has no point '{name}', which the skeleton names.",
                              f"Its points are {_some(list(names), 40)}.")  # fmt: skip
    left = [name for i, name in enumerate(names) if i not in columns]
    if left:
        notes.append(f"Left out, because the skeleton does not name them: {_some(left)}.")
    return columns, given


def without_unseen(tracks: Tracks) -> tuple[Tracks, list[str]]:
    """The tracks without the joints that are never seen, and the names of those: nothing tells where such a joint is.

    What hung on them hangs on their nearest ancestor that is left. At least one joint must be seen.
    """
    seen = tracks.seen.any(axis=0)
    if not seen.any():
        raise TracksError(f"No point of {tracks.label or 'the animal'} is visible in any frame.", "Check the file of tracks.")
    if seen.all():
        return tracks, []
    kept = np.flatnonzero(seen).tolist()
    names = [tracks.skeleton.names[joint] for joint in np.flatnonzero(~seen)]
    confidence = np.asarray(tracks.confidence)[:, kept]
    return Tracks(tracks.points[:, kept], tracks.skeleton.keep(kept), tracks.fps, confidence, tracks.width, tracks.height,
                  tracks.focal, tracks.label, tracks.source, tracks.frame_numbers), names  # fmt: skip


def raw_of(tracks: Tracks) -> RawAnimal:
    """Tracks as a reader would have found them, to be read again with other settings."""
    return RawAnimal(tracks.label, list(tracks.skeleton.names), tracks.points, np.asarray(tracks.confidence),
                     np.asarray(tracks.frame_numbers), skeleton=tracks.skeleton, width=tracks.width, height=tracks.height,
                     fps=tracks.fps, focal=tracks.focal)  # fmt: skip


def frame_numbers_of(texts: Iterable[str]) -> list[int] | None:
    """Frame numbers from names of pictures: the last number of each file's name. None unless every one has another."""
    found = []
    for text in texts:
        digits = re.findall(r"\d+", re.split(r"[/\\]", text)[-1].rsplit(".", 1)[0])
        if not digits or len(digits[-1]) > 9:
            return None
        found.append(int(digits[-1]))
    return found if len(set(found)) == len(found) else None


def checked_count(count: int, source: str) -> None:
    """Raise TracksError when a file would hold more than `MAX_NUMBERS` coordinates."""
    if count > MAX_NUMBERS:
        raise TracksError(f"{source} holds {count} numbers; {MAX_NUMBERS} can be read.", "Cut the footage into shorter parts.")


def whole_number(value: object) -> int | None:
    """A frame's number as a whole one (3, 3.0, "3"), or None."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if math.isfinite(value) and abs(value) < 1e12 and value == int(value) else None


def _some(names: Sequence[str], most: int = 8) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(name[:60] for name in names[:most]) + more


def _letters(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())
