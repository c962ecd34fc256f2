"""What a lifter is tested on: every test clip of a folder of motions, as a camera of the paper's sees it, with the truth.

The camera stands still, its height and distance are the paper's, its direction is drawn (section 3.1.3). Every draw comes from
a generator of its own, seeded by the seed, the clip's name and the view: one clip more or less changes no other, and more
missing points are the same missing points and others.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...animal.cameras import Camera
from ...animal.tracks import Tracks
from ..data.motions.cameras import paper_camera
from ..data.motions.folder import Entry, read_motions

Array = NDArray[np.float64]

NOISE_PX = 3.0
"""Mean distance in pixels by which section 4 moves each point, in pictures of PICTURE pixels."""
PICTURE = 1080
LEFT_OUT = ("open_*", "*_bones")
"""Categories that the benchmark leaves out: the same clips on other rigs, and animals made by this project."""
ANIMALS = {
    "bull": "cattle", "cow": "cattle", "sanga_cattle": "cattle", "wildebeest": "cattle", "stag": "deer", "husky": "dog", "mastiff": "dog",
    "lion": "cat", "lioness": "cat", "tiger": "cat", "pony": "horse", "piglet": "pig", "wild_boar": "pig", "polar_bear": "bear",
}  # fmt: skip
"""Categories that are one animal in tables, by their names without source and rig."""
_MEAN_OF_RAYLEIGH = math.sqrt(math.pi / 2)  # the mean distance of a 2D Gaussian is so many of its standard deviations


@dataclass(frozen=True)
class SeenClip:
    """One clip from one view.

    name, category, source_key as in `Entry`; view: which of the clip's cameras; tracks: pixels as given to the lifter; truth (F, J, 3)
    millimetres in camera axes (x right, y down, z away), nan where not known; cameras: one, or one for each frame.
    """

    name: str
    category: str
    source_key: str
    view: int
    tracks: Tracks
    truth: Array
    cameras: tuple[Camera, ...]


def animal_of(category: str) -> str:
    """The animal of a category, whatever source and rig it has: "quaternius_husky_bones" is a dog, as is "open_dog"."""
    source, _, name = category.removesuffix("_bones").partition("_")
    name = name.removeprefix("fox_") or source
    return ANIMALS.get(name, name)


def draws(seed: int, name: str, view: int, purpose: str) -> np.random.Generator:
    """The generator of one clip's view for one purpose ("camera", "noise", "missing")."""
    return np.random.default_rng([seed, zlib.crc32(name.encode()), view, zlib.crc32(purpose.encode())])


def seen_clip(entry: Entry, cameras: Sequence[Camera], view: int = 0) -> SeenClip:
    """An entry's motion through one camera, or through one for each frame, exact and complete. The tracks do not tell the focal length:
    whoever films animals seldom knows it."""
    positions = entry.motion.positions
    each = list(cameras) * len(positions) if len(cameras) == 1 else list(cameras)
    if len(each) != len(positions):
        raise ValueError(f"{len(each)} cameras for {len(positions)} frames")
    truth = np.stack([camera.to_camera(frame) for camera, frame in zip(each, positions, strict=True)])
    points = np.stack([camera.project(frame) for camera, frame in zip(each, positions, strict=True)])
    first = each[0]
    tracks = Tracks(points, entry.motion.skeleton, entry.motion.fps, width=first.width, height=first.height, label=entry.name,
                    source=entry.source_key)  # fmt: skip
    return SeenClip(entry.name, entry.category, entry.source_key, view, tracks, 1000.0 * truth, tuple(cameras))


def read_clips(
    folder: Path, seed: int = 0, views: int = 1, split: str | None = "test", only: Collection[str] = (),
    leave_out: Collection[str] = LEFT_OUT,
) -> list[SeenClip]:
    """The clips of a split (None: all), each from `views` drawn directions, exact and complete.

    only, leave_out: patterns of categories, such as "zeroad_*"; without `only` all are wanted.
    """
    entries = [entry for entry in read_motions(folder, split)  # type: ignore[arg-type]
               if (not only or _named(entry.category, only)) and not _named(entry.category, leave_out)]
    return list(see(entries, seed, views))


def _named(category: str, patterns: Collection[str]) -> bool:
    return any(fnmatchcase(category, pattern) for pattern in patterns)


def see(entries: Sequence[Entry], seed: int = 0, views: int = 1) -> Iterator[SeenClip]:
    """Entries through the paper's cameras."""
    for entry in entries:
        for view in range(views):
            camera = paper_camera(entry.motion.positions, draws(seed, entry.name, view, "camera"))
            yield seen_clip(entry, (camera,), view)


def with_noise(clip: SeenClip, pixels: float = NOISE_PX, seed: int = 0) -> SeenClip:
    """The clip with every point moved by a Gaussian: `pixels` off on average in a picture of PICTURE pixels (its longer side).

    The mean distance of a two-dimensional Gaussian is 1.2533 of its standard deviation, so 3 pixels are drawn with 2.39.
    """
    size = max(clip.tracks.width or PICTURE, clip.tracks.height or PICTURE)
    spread = pixels / _MEAN_OF_RAYLEIGH * size / PICTURE
    moved = draws(seed, clip.name, clip.view, "noise").normal(scale=1.0, size=clip.tracks.points.shape) * spread
    return replace(clip, tracks=replace(clip.tracks, points=clip.tracks.points + moved))


def with_missing(clip: SeenClip, share: float, seed: int = 0) -> SeenClip:
    """The clip with a share (0..1) of the joints of every frame missing, drawn anew in each frame (section 4.1)."""
    if not 0.0 <= share <= 1.0:
        raise ValueError(f"the share of missing points is between 0 and 1, not {share}")
    points = clip.tracks.points.copy()
    order = draws(seed, clip.name, clip.view, "missing").random(points.shape[:2]).argsort(axis=1).argsort(axis=1)
    points[order < round(share * points.shape[1])] = np.nan
    return replace(clip, tracks=replace(clip.tracks, points=points, confidence=None))
