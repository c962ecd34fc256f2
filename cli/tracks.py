"""Files of 2D tracks on the command line: what is read of one, said in a table, and `bestiary data tracks`, which converts it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional

from . import console
from .console import CliError, need_file, print_table, say

if TYPE_CHECKING:
    from ..animal.track_files import TrackFile
    from ..animal.tracks import Tracks


def convert(
    file: Annotated[Path, Positional],
    out: Path = Path("tracks.json"),
    fps: float | None = None,
    skeleton: str | None = None,
    size: str | None = None,
    focal: float | None = None,
    animal: tuple[str, ...] = (),
    min_confidence: float = 0.0,
) -> None:
    """Write any file of 2D tracks that can be read as Bestiary's own JSON, which Blender and `bestiary lift` read.

    Args:
        file: COCO or BADJA (JSON), DeepLabCut (CSV, H5), SLEAP (analysis H5, CSV), or a plain table (docs/files.md).
        out: The file to write.
        fps: Frames a second; without it what the file says, or 30.
        skeleton: Name of a keypoint set, such as ap10k, or a JSON file of joints and bones (docs/files.md).
        size: WIDTHxHEIGHT of the pictures in pixels.
        focal: Focal length in pixels, if it is known.
        animal: Only these animals, by their names or their numbers from 1.
        min_confidence: Points below this are missing.
    """
    from ..animal.tracks import save_tracks

    if out.is_dir():
        raise CliError(f"{out} is a folder.", "Give a file's name, such as tracks.json.")
    found = read(file, fps, skeleton, size, focal, min_confidence)
    chosen = choose(found.tracks, animal)
    show(file, found, chosen)
    save_tracks(out, chosen)
    console.out.print(f"Written to {out}.", markup=False)


def read(file: Path, fps: float | None, skeleton: str | None, size: str | None, focal: float | None,
         min_confidence: float) -> TrackFile:  # fmt: skip
    """All animals of a file. Raises CliError, TracksError or OSError."""
    from dataclasses import replace

    from ..animal.track_files import Reading, read_skeleton, read_tracks

    need_file(file, "The file of tracks")
    if not 0 <= min_confidence <= 1:
        raise CliError(f"A confidence of {min_confidence:g} cannot be.", "Take 0 to 1.")
    reading = Reading() if skeleton is None else read_skeleton(skeleton)
    reading = replace(reading, fps=fps, size=parse_size(size), focal=focal, min_confidence=min_confidence)
    try:
        from ..server.data.tracks_h5 import raw_of_h5
    except ModuleNotFoundError:  # everything but HDF5 is read without the server's packages
        raw_of_h5 = None
    return read_tracks(file, reading, raw_of_h5)


def parse_size(text: str | None) -> tuple[int, int] | None:
    """`1920x1080` as numbers. Raises CliError."""
    if text is None:
        return None
    parts = text.lower().replace("×", "x").split("x")
    if len(parts) != 2 or not all(part.strip().isdecimal() and 0 < int(part) <= 100_000 for part in parts):
        raise CliError(f"The size {text!r} is not WIDTHxHEIGHT.", "For example --size 1920x1080, in pixels.")
    return int(parts[0]), int(parts[1])


def choose(tracks: list[Tracks], wanted: tuple[str, ...]) -> list[Tracks]:
    """The animals called so, or with these numbers from 1; all of them without any. Raises CliError."""
    if not wanted:
        return tracks
    chosen = []
    for name in wanted:
        found = [one for one in tracks if one.label == name]
        if not found and name.isdecimal() and 1 <= int(name) <= len(tracks):
            found = [tracks[int(name) - 1]]
        if not found:
            raise CliError(f"There is no animal {name!r} in the file.", f"There are: {', '.join(titles(tracks))}.")
        chosen += [one for one in found if one not in chosen]
    return chosen


def titles(tracks: list[Tracks]) -> list[str]:
    """What to call each animal: its name, or "animal 2"."""
    return [one.label or (f"animal {number}" if len(tracks) > 1 else "animal") for number, one in enumerate(tracks, start=1)]


def show(file: Path, found: TrackFile, chosen: list[Tracks]) -> None:
    """Print what was read: the animals, their frames and points, how much of them is missing; then what was assumed."""
    rows = []
    for name, one in zip(titles(chosen), chosen, strict=True):
        pictures = f"{one.width} x {one.height}" if one.width and one.height else "–"
        missing = 1 - float(one.seen.mean())
        rows.append([name, len(one), len(one.skeleton), f"{missing:.1%}", f"{one.fps:g}", pictures])
    columns = ["animal", "frames", "points", "missing", "frames a second", "pictures"]
    print_table(f"{file.name}: {found.kind}, {len(found.tracks)} animal{'s' * (len(found.tracks) != 1)}", columns, rows)
    for note in found.notes:
        say(note)
