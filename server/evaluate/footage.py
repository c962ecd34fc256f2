"""`bestiary evaluate footage`: animals in motion from tracks of footage, against points that were kept back, and against exact truth.

    badja   real footage, points annotated by hand. Points are kept back in two ways: a fifth of all at random, five times, so that each is
            once; and each joint in turn, through the whole clip. Where the animated animal has them is compared with where they were.
    truth   the open animal's own clips, seen by cameras, with noise: how far the body is from where it truly was

Pixels are given as a share of the animal's size in the picture, the geometric mean of the sides of the box about its points
(the clip's median), and of that box's diagonal. Jitter is the mean acceleration of joints, in thousandths of the body's length a frame²,
seen from the camera. Beside it: the same without ties through time, and every frame fitted by itself as a photo.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...animal.default import default_model
from ...animal.keypoints import SUPERSET
from ...animal.model import AnimalModel
from ...animal.npz import whole_file
from ...animal.track_files import read_tracks
from ...animal.track_points import superset_points, superset_rows
from ...animal.tracks import Tracks
from ..fit.clip import ClipAnimal, ClipFit, ClipSettings, fit_clip
from ..fit.clip_strip import draw_clip_strip
from ..fit.hints import FitHints
from ..fit.image import fit_image
from ..lift.refine.place import picture_of
from .footage_truth import truth_rows
from .report import markdown_table, write_metrics, write_text

Array = NDArray[np.float64]
Say = Callable[[str], None]
Metrics = dict[str, float]

FOLDS = 5
SPECIES = {"rs_dog": "dog", "bear": "bear", "camel": "camel", "cows": "cow"}
"""What the animals of BADJA's clips are, as somebody who looks at them would say; others are fitted without a species."""
SECTIONS = ("badja", "truth")


class FootageDataError(ValueError):
    """A folder that holds no footage to test; the message says what was looked for."""


def run(data: Path, out: Path, sections: Sequence[str] = (), only: Sequence[str] = (), joints: bool = True, single: bool = True,
        seed: int = 0, device: str = "cpu", say: Say = lambda text: None) -> Metrics:
    """Evaluate, write metrics.json, table.md and a strip for each clip; give the numbers.

    only: clips by name. joints: keep back each joint in turn too. single: fit every frame by itself too.
    Raises FootageDataError when nothing is there, ValueError for a section that does not exist.
    """
    unknown = set(sections) - set(SECTIONS)
    if unknown:
        raise ValueError(f"no section {', '.join(sorted(unknown))}; there are {' and '.join(SECTIONS)}")
    out.mkdir(parents=True, exist_ok=True)
    model = default_model()
    metrics: Metrics = {}
    text = ["# Animals animated from footage\n"]
    wanted = sections or SECTIONS
    clips = [path for path in sorted((data / "keypoints2d" / "badja").glob("*.json")) if not only or path.stem in only]
    if "badja" in wanted and not clips and "badja" in sections:
        raise FootageDataError(f"{data} has no keypoints2d/badja/*.json to test")
    if "badja" in wanted:
        for path in clips:
            tracks = read_tracks(path).tracks[0]
            found, table = clip_numbers(model, tracks, path.stem, out, joints, single, seed, device, say)
            metrics |= {f"{path.stem}_{name}": value for name, value in found.items()}
            text.append(f"\n## {path.stem}\n\n{table}")
            write_metrics(out, metrics)
    if "truth" in wanted:
        found, table = truth_rows(model, seed, device, say)
        metrics |= found
        text.append(f"\n## Truth: the open animal's own clips\n\n{table}")
    if not metrics:
        raise FootageDataError(f"{data} has no keypoints2d/badja/*.json to test")
    write_metrics(out, metrics)
    write_text(out / "table.md", "".join(text))
    return metrics


def clip_numbers(model: AnimalModel, tracks: Tracks, name: str, out: Path, joints: bool, single: bool, seed: int, device: str,
                 say: Say) -> tuple[Metrics, str]:
    """One clip's metrics by method and number, and its table; writes its strip."""
    species = SPECIES.get(name)
    size, diagonal = picture_sizes(tracks)
    own, _ = superset_points(tracks)
    metrics: Metrics = {}
    rows: list[list[object]] = []
    rng = np.random.default_rng(seed)
    fold = rng.integers(FOLDS, size=own.shape[:2])

    def fitted(kept: Tracks, smooth: float) -> ClipFit:
        return fit_clip(model, [kept], [species], ClipSettings(smooth=smooth), device=device)

    def enter(method: str, values: Metrics) -> None:
        for key, value in values.items():
            metrics[f"{key}_{method}"] = value
        rows.append([method, *(values.get(key, float("nan")) for key in _COLUMNS)])

    for method, smooth in (("clip", 1.0), ("unsmoothed", 0.0)):
        say(f"{name}: {method}")
        whole = fitted(tracks, smooth)
        values = {"reprojection_percent": 100 * off(whole, tracks, own, own[..., 2] > 0) / size, **motion_numbers(model, whole),
                  "seconds": whole.seconds}
        errors = []
        for k in range(FOLDS):
            kept, hidden = without(tracks, own, fold == k)
            errors.append(distances(fitted(kept, smooth), tracks, own, hidden))
        away = np.concatenate(errors)
        values |= {"heldout_percent": 100 * float(away.mean()) / size, "heldout_percent_of_diagonal": 100 * float(away.mean()) / diagonal,
                   "heldout_median_percent": 100 * float(np.median(away)) / size}
        say(f"{name}: {method}, {values['heldout_percent']:.2f} % off where points were kept back")
        if method == "clip":
            with whole_file(out / f"{name}.webp") as stream:
                draw_clip_strip(model, whole, [tracks], 7, name).save(stream, "WEBP", quality=80)
            if joints:
                values |= joint_numbers(tracks, own, lambda kept: fitted(kept, 1.0), size, diagonal, name, metrics, say)
        enter(method, values)
    if single:
        say(f"{name}: every frame by itself")
        enter("single", single_numbers(model, tracks, own, fold == 0, species, size, diagonal, device))
    return metrics, markdown_table(["method", *_COLUMNS.values()], rows)


_COLUMNS = {"reprojection_percent": "all points, % of size", "heldout_percent": "kept back, % of size",
            "heldout_percent_of_diagonal": "% of diagonal", "heldout_median_percent": "median",
            "joints_percent": "joints in turn, % of size", "joints_percent_of_diagonal": "% of diagonal", "jitter": "jitter ‰",
            "shape_spread": "shape varies", "seconds": "seconds"}


def joint_numbers(tracks: Tracks, own: Array, fitted: Callable[[Tracks], ClipFit], size: float, diagonal: float, name: str,
                  metrics: Metrics, say: Say) -> Metrics:
    """Each joint in turn kept back through the whole clip: the mean over joints; each by itself goes into `metrics`."""
    means = []
    for row in np.flatnonzero((own[..., 2] > 0).any(0)):
        mask = np.zeros(own.shape[:2], bool)
        mask[:, row] = True
        kept, hidden = without(tracks, own, mask)
        away = float(distances(fitted(kept), tracks, own, hidden).mean())
        metrics[f"without_{SUPERSET[row]}_percent"] = 100 * away / size
        say(f"{name}: without {SUPERSET[row]}, {100 * away / size:.1f} % off")
        means.append(away)
    return {"joints_percent": 100 * float(np.mean(means)) / size, "joints_percent_of_diagonal": 100 * float(np.mean(means)) / diagonal}


def single_numbers(model: AnimalModel, tracks: Tracks, own: Array, mask: NDArray[np.bool_], species: str | None, size: float,
                   diagonal: float, device: str) -> Metrics:
    """Every frame fitted by itself as a photo of these points, one fold kept back."""
    picture = picture_of(tracks)
    hidden = mask & (own[..., 2] > 0)
    F = len(tracks)
    pixels = np.full((F, len(SUPERSET), 2), np.nan)
    joints, betas = [], []
    for f in range(F):
        points = np.where((own[f, :, 2:] > 0) & ~mask[f][:, None], own[f], np.nan)
        if np.isfinite(points[:, 0]).sum() < 4:
            continue
        result = fit_image(model, picture.width, picture.height, [FitHints(points, species=species)], picture.focal, device=device)
        animal = result.animals[0]
        pixels[f] = animal.keypoints_2d
        posed = model.forward(animal.betas, animal.pose, animal.trans).joints
        joints.append(result.camera.to_camera(posed * animal.metres_per_unit) / animal.metres_per_unit)
        betas.append(animal.betas)
    away = np.linalg.norm(pixels - own[..., :2], axis=-1)
    shown = np.isfinite(away)
    rest = [model.rest(b).vertices for b in betas[:: max(1, len(betas) // 20)]]
    return {"heldout_percent": 100 * float(away[hidden & shown].mean()) / size,
            "heldout_percent_of_diagonal": 100 * float(away[hidden & shown].mean()) / diagonal,
            "heldout_median_percent": 100 * float(np.median(away[hidden & shown])) / size,
            "reprojection_percent": 100 * float(away[(own[..., 2] > 0) & ~hidden & shown].mean()) / size,
            "jitter": jitter(np.array(joints), model), "shape_spread": float(np.std(rest, axis=0).mean())}


def without(tracks: Tracks, own: Array, mask: NDArray[np.bool_]) -> tuple[Tracks, NDArray[np.bool_]]:
    """The tracks without the points of mask (F, 44), and which of those were known at all."""
    hidden = mask & (own[..., 2] > 0)
    rows = superset_rows(tracks.skeleton.names)
    points = tracks.points.copy()
    for joint, row in enumerate(rows):
        if row >= 0:
            points[hidden[:, row], joint] = np.nan
    return replace(tracks, points=points, confidence=np.where(np.isfinite(points[..., 0]), np.asarray(tracks.confidence), 0.0)), hidden


def distances(fit: ClipFit, tracks: Tracks, own: Array, where: NDArray[np.bool_]) -> Array:
    """Pixels between points (F, 44, 3) and where the first animal has them, of those in `where`; frames that it has not are left out."""
    rows = np.asarray(tracks.frame_numbers) - fit.first
    kept = (rows >= 0) & (rows < len(fit.animals[0].pixels))
    away = np.linalg.norm(fit.animals[0].pixels[rows[kept], :, :2] - own[kept, :, :2], axis=-1)
    away = away[where[kept]]
    return away[np.isfinite(away)]


def off(fit: ClipFit, tracks: Tracks, own: Array, where: NDArray[np.bool_]) -> float:
    """The mean of `distances`."""
    return float(distances(fit, tracks, own, where).mean())


def picture_sizes(tracks: Tracks) -> tuple[float, float]:
    """The animal's size in the picture, pixels, by the box about its points in each frame, medians over the clip: the geometric mean
    of the sides, and the diagonal."""
    boxes = np.array([np.ptp(points[seen], axis=0) for points, seen in zip(tracks.points, tracks.seen, strict=True) if seen.sum() > 1])
    return float(np.median(np.sqrt(boxes.prod(1)))), float(np.median(np.linalg.norm(boxes, axis=1)))


def motion_numbers(model: AnimalModel, fit: ClipFit) -> Metrics:
    """How even a clip's motion is; its shape is one by construction, and this says so in a number."""
    animal = fit.animals[0]
    return {"jitter": jitter(joints_of(model, animal), model), "shape_spread": 0.0 if animal.betas.ndim == 1 else float("nan")}


def joints_of(model: AnimalModel, animal: ClipAnimal) -> Array:
    """(F, J, 3) model units, nan where not known."""
    found = np.full((*animal.poses.shape[:2], 3), np.nan)
    for f in np.flatnonzero(np.isfinite(animal.trans[:, 0])):
        found[f] = model.forward(animal.betas, animal.poses[f], animal.trans[f]).joints
    return found


def jitter(joints: Array, model: AnimalModel) -> float:
    """The mean acceleration of joints (F, J, 3) about their middle, thousandths of the body's length a frame²."""
    about = joints - joints.mean(axis=1, keepdims=True)
    length = float(np.ptp(np.asarray(model.v_template), axis=0).max())
    acceleration = np.linalg.norm(np.diff(about, 2, axis=0), axis=-1)
    return 1000 * float(np.nanmean(acceleration)) / length if np.isfinite(acceleration).any() else float("nan")

