"""Reads any file of 2D tracks that needs numpy alone; what a file is, its content says, not its name.

`read_tracks` gives one `Tracks` for each animal of a file in the project's own form, COCO's, BADJA's, DeepLabCut's CSV or a
plain table. HDF5 (SLEAP, DeepLabCut) needs h5py, which only the server has: `server/data/tracks_h5.py` reads those too.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from .skeleton_presets import load_skeleton, preset
from .track_csv import raw_of_table
from .track_json import raw_of_json
from .track_raw import RawTracks, Reading, TrackFile, finish, without_unseen
from .tracks import TracksError

__all__ = ["MAX_FILE_BYTES", "Reading", "TrackFile", "read_skeleton", "read_tracks", "without_unseen"]

MAX_FILE_BYTES = 1 << 28
ADVICE = "Tracks are read from JSON (COCO, BADJA, Bestiary's own), CSV (DeepLabCut, SLEAP, plain) and H5 (SLEAP analysis, DeepLabCut)."
HDF5 = b"\x89HDF\r\n\x1a\n"

# First bytes -> what the file is, and what to do.
_OTHERS = (
    (b"\x89PNG", "a PNG picture", ""), (b"\xff\xd8\xff", "a JPEG picture", ""), (b"GIF8", "a GIF picture", ""),
    (b"BM", "a BMP picture", ""), (b"II*\x00", "a TIFF picture", ""), (b"MM\x00*", "a TIFF picture", ""),
    (b"\x1aE\xdf\xa3", "a movie", ""), (b"%PDF", "a PDF document", ""), (b"glTF", "a glTF model", ""),
    (b"BLENDER", "a Blender file", "Import tracks inside Blender, from the movie clip's own markers."),
    (b"PK\x03\x04", "a zip archive", "Unpack it; .npz files hold motions that are lifted already."),
    (b"\x1f\x8b", "a gzip archive", "Unpack it with gunzip."), (b"BZh", "a bzip2 archive", "Unpack it."),
    (b"\x28\xb5\x2f\xfd", "a zstd archive", "Unpack it."), (b"7z\xbc\xaf", "a 7z archive", "Unpack it."),
    (b"MATLAB 5.0", "a MATLAB file", "Save the points as CSV: frame,name,x,y."),
    (b"\x93NUMPY", "a numpy array", "Save the points as CSV: frame,name,x,y."),
    (b"SQLite format 3", "a database", ""),
    *((bytes((0x80, version)), "a pickle, which is never opened", "Export the tracks as CSV or H5.") for version in range(2, 6)),
)  # fmt: skip
_MOVIE = "Tracks are the points followed through the footage, not the footage: track it first (DeepLabCut, SLEAP, Blender)."


def read_tracks(path: str | Path, reading: Reading | None = None, read_h5: Callable[[Path], RawTracks] | None = None) -> TrackFile:
    """All animals of a file.

    reading: what goes before what the file says. read_h5: reads HDF5, where the caller has h5py.
    Raises TracksError that says what is wrong with the file and what to do, or OSError.
    """
    path = Path(path)
    reading = reading or Reading()
    if path.is_dir():
        raise TracksError(f"{path} is a folder.", "Give the file of tracks in it.")
    size = path.stat().st_size
    with path.open("rb") as stream:
        start = stream.read(512)
        if start.startswith(HDF5):
            if read_h5 is None:
                raise TracksError(f"{path.name} is an HDF5 file, which is not read here.",
                                  f"Convert it first: bestiary data tracks {path.name} --out tracks.json")  # fmt: skip
            return finish(read_h5(path), reading, path.name)
        _refuse_others(start, path.name)
        if size > MAX_FILE_BYTES:
            raise TracksError(f"{path.name} has {size >> 20} MiB; {MAX_FILE_BYTES >> 20} can be read.", "Cut the footage into parts.")
        data = start + stream.read(MAX_FILE_BYTES + 1 - len(start))
    return finish(_raw_of_text(_decoded(data, path.name), path.name, reading), reading, path.name)


def read_skeleton(text: str) -> Reading:
    """A preset's skeleton by its name, or a user's by its file's path, as part of a `Reading`. Raises TracksError or OSError."""
    if Path(text).suffix.lower() == ".json" or Path(text).is_file():
        return Reading(skeleton=load_skeleton(text))
    return Reading(skeleton=preset(text))


def _raw_of_text(text: str, name: str, reading: Reading) -> RawTracks:
    if text.lstrip()[:1] in ("{", "["):
        try:
            value = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise TracksError(f"{name} is damaged or cut off: not JSON ({error}).", "Export the tracks again.") from None
        return raw_of_json(value, name, None if reading.skeleton is None else reading.skeleton.names)
    return raw_of_table(text, name)


def _decoded(data: bytes, name: str) -> str:
    if not data.strip():
        raise TracksError(f"{name} is empty.", "Export the tracks again.")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):  # what spreadsheets call "Unicode text"
        try:
            return data.decode("utf-16")
        except UnicodeDecodeError:
            raise TracksError(f"{name} is no text.", ADVICE) from None
    if b"\x00" in data:
        raise TracksError(f"{name} is no text but a binary file of some other kind.", ADVICE)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    if sum(byte < 9 or 13 < byte < 32 for byte in data[:4096]) > 8:
        raise TracksError(f"{name} is no text but a binary file of some other kind.", ADVICE)
    return data.decode("latin-1")


def _refuse_others(start: bytes, name: str) -> None:
    """Raise TracksError for a file that is known to be something else."""
    for magic, what, advice in _OTHERS:
        if start.startswith(magic):
            raise TracksError(f"{name} is {what} and holds no tracks.", advice or (_MOVIE if "movie" in what else ADVICE))
    if start[4:8] == b"ftyp" or start.startswith((b"\x00\x00\x01\xba", b"\x00\x00\x01\xb3")) or start[8:12] == b"AVI ":
        raise TracksError(f"{name} is a movie and holds no tracks.", _MOVIE)
    if start.startswith(b"RIFF"):
        raise TracksError(f"{name} is a picture or a sound and holds no tracks.", ADVICE)
