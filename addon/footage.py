"""The scene's footage: which tracks were imported, what they say, and the tracks themselves, read again when need be.

What was read is kept in memory, never in the file: the file keeps where it came from.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import bpy

from ..animal.skeleton_presets import PRESETS
from ..animal.track_files import Reading, TrackFile, read_skeleton
from ..animal.track_raw import finish
from ..animal.tracks import Tracks, TracksError
from ..scene.clip_tracks import scene_frame, tracks_of_clip

TRACK_FILES = "*.json;*.csv;*.tsv;*.txt;*.h5;*.hdf5"
_MOVIES = (".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".ogv")

_read: dict[str, tuple[float, TrackFile]] = {}
"""What was read, by path, with the time that the file was last changed."""


@dataclass
class PendingTracks:
    """Tracks that were read and wait to become the scene's; `path` is empty for a movie clip's markers."""

    scene: str
    found: TrackFile
    path: str = ""
    clip: str = ""


def remember(path: str, found: TrackFile) -> None:
    """Keep what a file holds for as long as the file stays as it is; one file at a time."""
    _read.clear()
    _read[path] = (_stamp(path), found)


def recall(path: str) -> TrackFile | None:
    """What a file held when it was read last, or None when it has changed or was never read."""
    stamp, found = _read.get(path, (-1.0, None))
    return found if stamp == _stamp(path) else None


def forget() -> None:
    """Let go of everything."""
    _read.clear()


def _stamp(path: str) -> float:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return 0.0


def read_clip(clip: bpy.types.MovieClip, scene: bpy.types.Scene) -> TrackFile:
    """The animals of a movie clip's own markers. Raises TracksError."""
    return finish(tracks_of_clip(clip, scene), Reading(), clip.name)


def fill(footage, pending: PendingTracks) -> None:
    """Make what was read the scene's tracks."""
    footage.animals.clear()
    for number, tracks in enumerate(pending.found.tracks, start=1):
        item = footage.animals.add()
        item.name = tracks.label or (f"Animal {number}" if len(pending.found.tracks) > 1 else _title(pending))
        item.joints, item.frames, item.fps = len(tracks.skeleton), len(tracks), tracks.fps
        item.seen = float(tracks.seen.mean())
    footage.active_animal = 0
    footage.file, footage.notes = pending.path, "\n".join(pending.found.notes)
    footage.clip = bpy.data.movieclips.get(pending.clip) if pending.clip else None
    footage.film = _movie_beside(pending.path) if pending.path else ""


def _title(pending: PendingTracks) -> str:
    return bpy.path.display_name_from_filepath(pending.path or pending.clip) or "Animal"


def _movie_beside(path: str) -> str:
    """The movie in the folder of a file of tracks that the file's name begins with, the longest such name; or nothing."""
    name = Path(path).stem.lower()
    try:
        movies = [one for one in Path(path).parent.iterdir() if one.suffix.lower() in _MOVIES and name.startswith(one.stem.lower())]
    except OSError:
        return ""
    return str(max(movies, key=lambda one: len(one.stem), default=""))


def choose(found: TrackFile, number: int) -> Tracks:
    """One animal of a file. Raises TracksError when it is not there any more."""
    if not 0 <= number < len(found.tracks):
        raise TracksError(f"The tracks hold {len(found.tracks)} animals now.", "Import them again.")
    return found.tracks[number]


def reading_of(footage, size: tuple[int, int] | None) -> Reading:
    """What the animator says of the tracks, before what they say themselves. size: of the footage, where it is known.

    Raises TracksError for a skeleton that there is none of, or a lens of footage without a size.
    """
    skeleton = None
    if footage.skeleton.strip():
        text = footage.skeleton.strip()
        path = bpy.path.abspath(text)
        try:
            skeleton = read_skeleton(path if os.path.isfile(path) else text).skeleton
        except OSError as error:
            raise TracksError(f"The skeleton {text} cannot be read: {error.strerror}.", "Choose one of the list.") from None
    focal = None
    if footage.use_lens:
        if size is None:
            raise TracksError("The lens is known, but not how large the picture is.", "Choose the film, or switch off Known Lens.")
        focal = footage.lens_mm / 36.0 * max(size)
    return Reading(footage.fps if footage.use_fps else None, skeleton, size, focal)


def film_of(footage) -> tuple[str, int]:
    """The footage's file and the place in it of the tracks' frame 0; an empty path when there is none.

    Raises TracksError for a file that is not there.
    """
    if footage.clip is not None:
        return os.path.abspath(bpy.path.abspath(footage.clip.filepath)), footage.clip.frame_offset
    path = os.path.abspath(bpy.path.abspath(footage.film)) if footage.film else ""
    if path and not os.path.isfile(path):
        raise TracksError(f"There is no film {path}.", "Choose another one, or leave the field empty.")
    return path, 0


def size_of(footage, tracks: Tracks | None) -> tuple[int, int] | None:
    """Width and height of the footage in pixels: as the tracks say, else as the film is."""
    if tracks is not None and tracks.width and tracks.height:
        return tracks.width, tracks.height
    if footage.clip is not None:
        return (int(footage.clip.size[0]), int(footage.clip.size[1])) if footage.clip.size[0] else None
    path, _ = film_of(footage)
    if not path:
        return None
    known = {image.as_pointer() for image in bpy.data.images}
    try:
        image = bpy.data.images.load(path, check_existing=True)
    except RuntimeError as error:
        raise TracksError(f"Blender cannot read the film {path}: {str(error).strip()}.", "Choose another one.") from None
    size = int(image.size[0]), int(image.size[1])
    if image.as_pointer() not in known:
        bpy.data.images.remove(image)
    return size if size[0] else None


def start_of(footage, tracks: Tracks, scene: bpy.types.Scene) -> float | None:
    """The scene's frame at which the tracks begin: a clip's markers where the clip plays, others at the scene's first (None)."""
    if footage.clip is None:
        return None
    return scene_frame(footage.clip, int(tracks.frame_numbers[0]), tracks.fps, scene)


def skeleton_names(_self, _context, text: str) -> list[str]:
    """The named skeletons that hold the text: for a text field that suggests."""
    return [name for name in PRESETS if text.strip().lower() in name.lower()]
