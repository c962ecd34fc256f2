"""What a clip's fit is asked, what it knows of each animal on its way, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...animal.cameras import Camera
from ...animal.keypoints import INDEX
from ...animal.model import AnimalModel
from .clip_terms import Views
from .hints import FitHints

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ClipSettings:
    """What may be chosen. smooth: 1 as animals move, 0 every frame by itself, 2 twice as stiff. camera_static: the unknown camera
    stands still, so that feet share one ground. max_gap_s: longer gaps without any point stay unknown. focal: pixels, None
    the tracks' own or the usual. metres: shoulder height of the animals, None their species'."""

    smooth: float = 1.0
    camera_static: bool = True
    max_gap_s: float = 1.0
    focal: float | None = None
    metres: float | None = None


@dataclass
class ClipAnimal:
    """One animal's motion: betas (B,), poses (F, J, 3) and trans (F, 3), nan where not known, of frames first, first + 1, … of the
    footage; in the Z-up world in model units. pixels (F, 44, 3): where the model's points are seen, nan and 0 where there is none;
    facts: how well it went, by name."""

    betas: Array
    poses: Array
    trans: Array
    metres_per_unit: float
    pixels: Array
    label: str = ""
    species: str | None = None
    family: str | None = None
    facts: dict[str, float | int | bool | str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    @property
    def done(self) -> int:
        """Frames that are known."""
        return int(np.isfinite(self.trans[:, 0]).sum())


@dataclass
class ClipFit:
    """The animals of a clip, all on frames first, first + 1, …, and their cameras: one, or one a frame."""

    animals: list[ClipAnimal]
    cameras: tuple[Camera, ...]
    fps: float
    first: int
    seconds: float = 0.0

    @property
    def done(self) -> float:
        """The share of the frames, of all animals, that is known."""
        return sum(animal.done for animal in self.animals) / max(1, sum(len(animal.trans) for animal in self.animals))


@dataclass
class Subject:
    """One animal on its way: its evidence on the frames of the clip, and what is known of it so far."""

    label: str
    hints: FitHints
    points: Array
    sizes: Array
    views: Views
    spans: list[tuple[int, int]]
    metres_per_unit: float
    left_out: list[str]
    lifted: Array | None = None
    start: Any = None
    paws: Array = field(default_factory=lambda: np.zeros((0, 3)))
    betas: Array | None = None
    pitch: float = 0.0
    ground: float = 0.0
    warnings: list[str] = field(default_factory=list)


def spans_of(seen: NDArray[np.bool_], longest_gap: int) -> list[tuple[int, int]]:
    """(first, last) frames of the parts of a clip between gaps of more than `longest_gap` frames without any point."""
    frames = np.flatnonzero(seen)
    cuts = np.flatnonzero(np.diff(frames) > longest_gap)
    edges = [0, *(cuts + 1).tolist(), len(frames)]
    return [(int(frames[a]), int(frames[b - 1])) for a, b in pairwise(edges)]


def lifted_scale(model: AnimalModel, betas: Array, places: Array) -> float:
    """What makes lifted places (F, 44, 3) as large as a model of this shape: from the lengths between points that hang together."""
    rest = model.rest(betas).keypoints
    at = {INDEX[name]: rest[i] for i, name in enumerate(model.keypoint_names)}
    known = [i for i in at if np.isfinite(places[:, i, 0]).any()]
    ratios = []
    for n, a in enumerate(known):
        for b in known[n + 1:]:
            lengths = np.linalg.norm(places[:, a] - places[:, b], axis=-1)
            lengths = lengths[np.isfinite(lengths)]
            if len(lengths) and np.median(lengths) > 1e-9:
                ratios.append(float(np.linalg.norm(at[a] - at[b]) / np.median(lengths)))
    return float(np.median(ratios)) if ratios else 1.0
