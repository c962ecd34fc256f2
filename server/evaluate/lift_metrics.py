"""How far a lifted clip is from the truth: the numbers of "Object Agnostic 3D Lifting in Space and Time", section 4.

Clips are (…, F, J, 3): any leading axes, frames, joints, xyz; errors are in the unit of the truth, millimetres throughout this
folder. Lifting knows neither where the animal stands nor how large it is, so from prediction and truth alike the mean of
each frame's joints is taken away first ("root-free"), and the scale is always solved for. What differs is the rest:

    sa_mpjpe       one rotation and one scale for the whole clip (equation 17): what happens between frames counts
    fa_mpjpe       a rotation and a scale for every frame (equations 13 and 14): only the shape counts
    sa_mpve        error of the velocity after the alignment of sa_mpjpe
    camera_mpjpe   one scale, no rotation: the direction that the animal faces counts too

Rotations have determinant +1: a mirrored animal is wrong. The paper speaks of "the MSE" below equation 17, but its tables are
in millimetres; as in all of its figures the mean distance is meant. Missing is nan, or False in `mask`; a joint is scored in the
frames where prediction and truth both know it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...animal.skeleton import Skeleton

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]

LEAST_JOINTS = 3  # with fewer, a rotation brings any shape onto any other


@dataclass(frozen=True)
class Pair:
    """A prediction beside its truth, root-free: predicted and truth (…, F, J, 3), 0 where not known; known (…, F, J)."""

    predicted: Array
    truth: Array
    known: Bools


def pair(predicted: ArrayLike, truth: ArrayLike, mask: ArrayLike | None = None) -> Pair:
    """Both clips (…, F, J, 3) without the mean of each frame's joints, taken over the joints that both know.

    mask (…, F, J): False for what shall not be scored. Raises ValueError for shapes that do not fit.
    """
    predicted, truth = np.asarray(predicted, np.float64), np.asarray(truth, np.float64)
    if predicted.shape != truth.shape or predicted.ndim < 3 or predicted.shape[-1] != 3:
        raise ValueError(f"both clips must be (…, frames, joints, 3), got {predicted.shape} and {truth.shape}")
    known = np.asarray(np.isfinite(predicted).all(axis=-1) & np.isfinite(truth).all(axis=-1))
    if mask is not None:
        known = known & np.asarray(mask, bool)
    return Pair(_centred(predicted, known), _centred(truth, known), known)


def sequence_aligned(predicted: ArrayLike, truth: ArrayLike, mask: ArrayLike | None = None) -> Pair:
    """The pair after the one rotation R and one scale s of a clip that minimise sum_t ||Y_t - s Ŷ_t R||² (equation 17)."""
    both = pair(predicted, truth, mask)
    flat = (*both.truth.shape[:-3], -1, 3)
    R, scale = _rotation_and_scale(both.predicted.reshape(flat), both.truth.reshape(flat))
    return Pair(scale[..., None, None, None] * (both.predicted @ R[..., None, :, :]), both.truth, both.known)


def frame_aligned(predicted: ArrayLike, truth: ArrayLike, mask: ArrayLike | None = None) -> Pair:
    """The pair after a rotation and a scale of every frame's own (equations 13 and 14).

    Frames with fewer than LEAST_JOINTS known joints are no longer known: they would fit anything.
    """
    both = pair(predicted, truth, mask)
    R, scale = _rotation_and_scale(both.predicted, both.truth)
    known = both.known & (both.known.sum(axis=-1, keepdims=True) >= LEAST_JOINTS)
    return Pair(scale[..., None, None] * (both.predicted @ R), both.truth, known)


def camera_aligned(predicted: ArrayLike, truth: ArrayLike, mask: ArrayLike | None = None) -> Pair:
    """The pair after one scale for the clip (not below 0) and no rotation: both must be in camera axes."""
    both = pair(predicted, truth, mask)
    spread = (both.predicted**2).sum(axis=(-3, -2, -1))
    scale = np.maximum((both.predicted * both.truth).sum(axis=(-3, -2, -1)), 0.0) / np.where(spread > 0, spread, 1.0)
    return Pair(scale[..., None, None, None] * both.predicted, both.truth, both.known)


def sa_mpjpe(predicted: ArrayLike, truth: ArrayLike, mask: ArrayLike | None = None) -> Array:
    """SA-MPJPE (…): mean distance of a clip's joints after `sequence_aligned`; nan where fewer than 3 joints are known."""
    return _mean_error(sequence_aligned(predicted, truth, mask))


def fa_mpjpe(predicted: ArrayLike, truth: ArrayLike, mask: ArrayLike | None = None) -> Array:
    """FA-MPJPE (…): mean distance of a clip's joints after `frame_aligned`; nan where no frame has 3 known joints."""
    return _mean_error(frame_aligned(predicted, truth, mask))


def camera_mpjpe(predicted: ArrayLike, truth: ArrayLike, mask: ArrayLike | None = None) -> Array:
    """Mean distance (…) of a clip's joints after `camera_aligned`: what is wrong in camera axes but for place and size."""
    return _mean_error(camera_aligned(predicted, truth, mask))


def sa_mpve(predicted: ArrayLike, truth: ArrayLike, mask: ArrayLike | None = None) -> Array:
    """SA-MPVE (…): mean ||(Ŷ_t - Ŷ_{t-1}) - (Y_t - Y_{t-1})|| after `sequence_aligned`, millimetres a frame.

    A joint counts where it is known in both frames; nan for a single frame. The velocities are those of root-free joints.
    """
    both = sequence_aligned(predicted, truth, mask)
    enough = both.known.sum(axis=(-2, -1)) >= LEAST_JOINTS
    known = both.known[..., 1:, :] & both.known[..., :-1, :] & enough[..., None, None]
    return _mean_error(Pair(np.diff(both.predicted, axis=-3), np.diff(both.truth, axis=-3), known), 1)


def joint_errors(aligned: Pair) -> Array:
    """Mean distance (…, J) of each joint over the frames where it is known, nan for joints that never are."""
    distance = np.linalg.norm(aligned.predicted - aligned.truth, axis=-1)
    count = aligned.known.sum(axis=-2)
    return np.where(count > 0, np.where(aligned.known, distance, 0.0).sum(axis=-2) / np.maximum(count, 1), np.nan)


def bone_variation(positions: ArrayLike, bones: ArrayLike) -> float:
    """By how much bones change their length: standard deviation over frames divided by the mean, averaged over bones.

    positions (F, J, 3), nan where not known; bones (E, 2) joint indices. 0 for a rigid skeleton, nan where no bone is known in
    two frames.
    """
    positions, bones = np.asarray(positions, np.float64), np.asarray(bones, np.int64).reshape(-1, 2)
    lengths = np.linalg.norm(positions[:, bones[:, 0]] - positions[:, bones[:, 1]], axis=-1)
    found = [column[np.isfinite(column)] for column in lengths.T]
    shares = [column.std() / column.mean() for column in found if len(column) > 1 and column.mean() > 0]
    return float(np.mean(shares)) if shares else float("nan")


def jitter(positions: ArrayLike) -> float:
    """Mean size of the acceleration ||Y_{t+1} - 2 Y_t + Y_{t-1}|| of root-free joints (F, J, 3), in their unit a frame².

    A joint counts where it is known in three frames on end; nan with none.
    """
    positions = np.asarray(positions, np.float64)
    known = np.asarray(np.isfinite(positions).all(axis=-1))
    bent = np.diff(np.where(known[..., None], _centred(positions, known), np.nan), n=2, axis=0)
    size = np.linalg.norm(bent, axis=-1)
    return float(np.nanmean(size)) if np.isfinite(size).any() else float("nan")


def swapped_share(predicted: ArrayLike, truth: ArrayLike, mirror: ArrayLike) -> float:
    """Share of frames (0..1) in which the prediction fits better when its left and right joints change names.

    mirror (J,): the index of each joint's counterpart (`Skeleton.mirror`). An animal whose depth was read the wrong way round
    is its own mirror image, so it counts as well. nan where the skeleton has no sides.
    """
    mirror = np.asarray(mirror, np.int64)
    if (mirror == np.arange(len(mirror))).all():
        return float("nan")
    predicted, truth = np.asarray(predicted, np.float64), np.asarray(truth, np.float64)
    both_sides = np.isfinite(predicted[:, mirror]).all(axis=-1)
    errors = [_frame_errors(frame_aligned(p, truth, both_sides & np.isfinite(predicted).all(axis=-1)))
              for p in (predicted, predicted[:, mirror])]
    scored = np.isfinite(errors[0])
    return float((errors[1] < errors[0])[scored].mean()) if scored.any() else float("nan")


def side_flips(positions: ArrayLike, mirror: ArrayLike) -> float:
    """How many times in 100 frames an animal turns into its mirror image from one frame to the next, without any truth.

    A flip: the frame before, turned and scaled (equations 13 and 14), fits the frame better with left and right exchanged.
    positions (F, J, 3), nan where not known; mirror (J,) as `Skeleton.mirror`. nan without sides or with one frame.
    """
    positions, mirror = np.asarray(positions, np.float64), np.asarray(mirror, np.int64)
    if len(positions) < 2 or (mirror == np.arange(len(mirror))).all():
        return float("nan")
    known = np.isfinite(positions).all(axis=-1)
    both = (known & known[:, mirror])[:-1] & known[1:]
    errors = [_frame_errors(frame_aligned(p[:-1], positions[1:], both)) for p in (positions, positions[:, mirror])]
    scored = np.isfinite(errors[0])
    return 100.0 * float((errors[1] < errors[0])[scored].mean()) if scored.any() else float("nan")


def body_size(truth: ArrayLike) -> float:
    """The size of an animal as its clip shows it: the median over frames of the largest extent of its joints (F, J, 3)."""
    truth = np.asarray(truth, np.float64)
    truth = truth[np.isfinite(truth).all(axis=-1).any(axis=-1)]
    if not len(truth):
        return float("nan")
    return float(np.median(np.linalg.norm(np.nanmax(truth, axis=1) - np.nanmin(truth, axis=1), axis=-1)))


def score(predicted: ArrayLike, truth: ArrayLike, skeleton: Skeleton, mask: ArrayLike | None = None) -> dict[str, float]:
    """All numbers of one clip (F, J, 3) in millimetres: by name, nan where one cannot be had.

    bone_variation (share of the length), jitter (mm a frame² at the true scale; jitter_truth is the truth's own) and
    swapped_share stand beside the errors, sa_percent is the SA-MPJPE in percent of `body_size`.
    """
    aligned = sequence_aligned(predicted, truth, mask)
    placed = np.where(aligned.known[..., None], aligned.predicted, np.nan)
    error = float(_mean_error(aligned))
    return {
        "sa_mpjpe": error,
        "fa_mpjpe": float(fa_mpjpe(predicted, truth, mask)),
        "sa_mpve": float(sa_mpve(predicted, truth, mask)),
        "camera_mpjpe": float(camera_mpjpe(predicted, truth, mask)),
        "sa_percent": 100 * error / body_size(truth),
        "bone_variation": bone_variation(predicted, skeleton.bones),
        "jitter": jitter(placed),
        "jitter_truth": jitter(np.where(aligned.known[..., None], aligned.truth, np.nan)),
        "swapped_share": swapped_share(predicted, truth, skeleton.mirror),
    }


def rotation_between(source: ArrayLike, target: ArrayLike) -> tuple[Array, Array]:
    """R (…, 3, 3) with determinant +1 and s (…) that minimise ||target - s source R||²; points (…, N, 3) as rows, known."""
    return _rotation_and_scale(np.asarray(source, np.float64), np.asarray(target, np.float64))


def _centred(points: Array, known: Bools) -> Array:
    """points (…, J, 3) minus the mean of the known ones of each frame; 0 where not known."""
    points = np.where(known[..., None], points, 0.0)
    mean = points.sum(axis=-2, keepdims=True) / np.maximum(known.sum(axis=-1), 1)[..., None, None]
    return np.where(known[..., None], points - mean, 0.0)


def _rotation_and_scale(source: Array, target: Array) -> tuple[Array, Array]:
    """By singular values (Umeyama 1991); a source without any spread keeps its scale."""
    u, singular, vt = np.linalg.svd(np.swapaxes(source, -1, -2) @ target)
    sign = np.ones_like(singular)
    sign[..., 2] = np.where(np.linalg.det(u @ vt) < 0, -1.0, 1.0)
    spread = (source**2).sum(axis=(-2, -1))
    scale = np.where(spread > 0, (singular * sign).sum(axis=-1) / np.where(spread > 0, spread, 1.0), 1.0)
    return (u * sign[..., None, :]) @ vt, scale


def _mean_error(aligned: Pair, least: int = LEAST_JOINTS) -> Array:
    distance = np.where(aligned.known, np.linalg.norm(aligned.predicted - aligned.truth, axis=-1), 0.0)
    count = aligned.known.sum(axis=(-2, -1))
    return np.where(count >= least, distance.sum(axis=(-2, -1)) / np.maximum(count, 1), np.nan)


def _frame_errors(aligned: Pair) -> Array:
    """Mean distance (F,) of each frame's joints, nan where none is known."""
    distance = np.where(aligned.known, np.linalg.norm(aligned.predicted - aligned.truth, axis=-1), 0.0)
    count = aligned.known.sum(axis=-1)
    return np.where(count > 0, distance.sum(axis=-1) / np.maximum(count, 1), np.nan)
