"""One animal's points followed through footage: where each named point was in every frame, and how sure that is.

A file of tracks may hold several animals; each is a `Tracks` of its own. The project's own file is JSON
(`bestiary-tracks/1`, docs/files.md); what other programs write is read by `track_files.py`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .npz import read_json, write_json
from .skeleton import Skeleton, SkeletonError

FORMAT = "bestiary-tracks/1"
MAX_FRAMES = 1_000_000

Array = NDArray[np.float64]


class TracksError(ValueError):
    """Tracks that cannot be used: `message` says what is wrong, `advice` what to do."""

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.message, self.advice = message, advice


@dataclass(frozen=True, eq=False)
class Tracks:
    """The points of one animal over F frames.

    points (F, J, 2) pixels (x right, y down), nan where missing; confidence (F, J) 0..1, 0 where missing; skeleton: what the
    points are called and which hangs on which. fps; width, height of the pictures in pixels or None; focal in pixels or None;
    frame_numbers (F,) rising, where the frames lie in the footage. Raises TracksError naming the field that does not fit.
    """

    points: Array
    skeleton: Skeleton
    fps: float
    confidence: Array | None = None
    width: int | None = None
    height: int | None = None
    focal: float | None = None
    label: str = ""
    source: str = ""
    frame_numbers: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        points = np.array(self.points, np.float64)
        if points.ndim != 3 or points.shape[1:] != (len(self.skeleton), 2):
            raise TracksError(f"The points have the shape {points.shape}, not (frames, {len(self.skeleton)}, 2).")
        if not 1 <= len(points) <= MAX_FRAMES:
            raise TracksError(f"There are {len(points)} frames; 1 to {MAX_FRAMES} can be read.")
        confidence = np.ones(points.shape[:2]) if self.confidence is None else np.array(self.confidence, np.float64)
        if confidence.shape != points.shape[:2]:
            raise TracksError(f"The confidences have the shape {confidence.shape}, not {points.shape[:2]}.")
        with np.errstate(invalid="ignore"):
            known = np.isfinite(points).all(axis=-1) & (np.abs(points) < 1e7).all(axis=-1) & (confidence > 0)
        points[~known] = np.nan
        confidence = np.where(known, np.minimum(confidence, 1.0), 0.0)
        if not math.isfinite(self.fps) or not 0 < self.fps <= 1e5:
            raise TracksError(f"The frame rate is {self.fps}.", "Give the footage's frames a second, such as 30.")
        for name in ("width", "height", "focal"):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and 0 < value <= 1e6):
                raise TracksError(f"The {name} is {value}.", f"Give the {name} in pixels, or leave it out.")
        numbers = np.arange(len(points)) if self.frame_numbers is None else np.array(self.frame_numbers, np.int64)
        if numbers.shape != (len(points),) or (np.diff(numbers) <= 0).any():
            raise TracksError("The frame numbers must be one for each frame, and rise.")
        for name, value in (("points", points), ("confidence", confidence), ("frame_numbers", numbers), ("fps", float(self.fps))):
            object.__setattr__(self, name, value)

    def __len__(self) -> int:
        return len(self.points)

    @property
    def seen(self) -> NDArray[np.bool_]:
        """(F, J) where a point is known."""
        return np.isfinite(self.points[..., 0])


def save_tracks(path: str | Path, tracks: Sequence[Tracks]) -> None:
    """Write one or several animals of the same footage as `bestiary-tracks/1`."""
    write_json(path, {"format": FORMAT, "animals": [_animal(one) for one in tracks]})


def load_tracks(path: str | Path) -> list[Tracks]:
    """Read what `save_tracks` wrote. Raises TracksError or OSError."""
    return tracks_of(read_json(path, TracksError, max_bytes=1 << 29), Path(path).name)


def tracks_of(value: Any, name: str) -> list[Tracks]:
    """The animals of a parsed `bestiary-tracks/1` file called `name`. Raises TracksError."""
    if not isinstance(value, dict) or value.get("format") != FORMAT or not isinstance(value.get("animals"), list):
        raise TracksError(f"{name} is no {FORMAT} file.")
    return [_read_animal(entry, f"{name}, animal {number + 1}") for number, entry in enumerate(value["animals"])]


def _animal(tracks: Tracks) -> dict[str, Any]:
    points = [[None if math.isnan(x) else [round(x, 3), round(y, 3), round(c, 4)] for (x, y), c in zip(frame, sure, strict=True)]
              for frame, sure in zip(tracks.points.tolist(), np.asarray(tracks.confidence).tolist(), strict=True)]
    return {"label": tracks.label, "source": tracks.source, "fps": tracks.fps, "width": tracks.width, "height": tracks.height,
            "focal": tracks.focal, "names": list(tracks.skeleton.names), "parents": list(tracks.skeleton.parents),
            "frames": np.asarray(tracks.frame_numbers).tolist(), "points": points}


def _read_animal(entry: Any, name: str) -> Tracks:
    if not isinstance(entry, dict):
        raise TracksError(f"{name}: is no object.")
    try:
        skeleton = Skeleton(tuple(map(str, entry["names"])), tuple(int(p) for p in entry["parents"]))
        rows = [[(math.nan, math.nan, 0.0) if point is None else (*map(float, point), 1.0)[:3] for point in frame]
                for frame in entry["points"]]
        table = np.array(rows, np.float64).reshape(len(rows), len(skeleton), 3)
        return Tracks(table[..., :2], skeleton, float(entry["fps"]), table[..., 2], entry.get("width"), entry.get("height"),
                      entry.get("focal"), str(entry.get("label") or ""), str(entry.get("source") or ""), entry.get("frames"))
    except KeyError as error:
        raise TracksError(f"{name}: lacks {error}.") from None
    except SkeletonError as error:
        raise TracksError(f"{name}: {error}.") from None
    except TracksError as error:
        raise TracksError(f"{name}: {error.message}", error.advice) from None
    except (TypeError, ValueError, OverflowError) as error:
        raise TracksError(f"{name}: cannot be read ({error}).") from None
