"""Retargeting by fitting: poses of the animal that follow a rig's keypoints and turn its bones as the rig does.

Rigs are built otherwise than our animal: their shoulders, hips and tail roots sit elsewhere under the skin. Were that
left to the pose, every frame would be bent to explain anatomy. So it is measured once, on the rig standing still: shape
and stance are fitted with points free to miss by a few percent, and what they miss by becomes a constant of the rig, in
the frame of the bone that carries the point. Frames are then fitted with those constants held.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ....animal.keypoints import SUPERSET
from ....animal.model import AnimalModel
from ....animal.rotations import axis_angle_from_matrix
from ...fit.body_points import BodyPoints, Hypotheses, rodrigues
from ...fit.hints import FitHints
from ...fit.image import pose_prior_from_limits
from ...fit.shape_prior import shape_prior
from ...fit.solver import minimise
from ...fit.terms import NormalEquations, PosePrior, add_priors
from .rig_tracks import RigTracks, Track
from .skeleton import KeypointSkeleton

Array = NDArray[np.float64]

# Spreads in model units (a body is about two long) and radians.
STANCE_SIGMA = {"paw": 0.015, "wrist": 0.04, "ankle": 0.03, "elbow": 0.06, "knee": 0.06, "tail_m": 0.05, "tail_t": 0.05}
STANCE_ELSEWHERE = 0.07
# Points of the skin over a neck's bends slide on three bones there and one here; head, hips and feet say where things are.
POINT_SIGMA = {"paw": 0.008, "wrist": 0.03, "ankle": 0.03, "tail_base": 0.03, "tail": 0.05, "ear_tip": 0.1,
               "neck_base": 0.2, "neck": 0.1, "throat": 0.1, "nose": 0.02, "eye": 0.02, "withers": 0.06, "hip": 0.03,
               "back": 0.03}  # fmt: skip
POINT_ELSEWHERE = 0.04
TURN_SIGMA = {"LEar": 0.2, "REar": 0.2, "Head": 0.06, "Neck": 0.35, "LFoot": 0.25, "RFoot": 0.25, "LFootBack": 0.25,
              "RFootBack": 0.25, "Mouth": 0.08, "pelvis": 0.08}  # fmt: skip
TURN_ELSEWHERE = 0.12
SMOOTH_SIGMA = 0.06
"""How far a joint may leave the mean of the frames around it, radians."""
OFFSET_ROUNDS = 2


@dataclass(frozen=True)
class RigFit:
    """A rig's animal: its skeleton (shape and constants of the points), the stance (1 hypothesis) that turns are counted
    from, model units per metre, and how far the constants move the points, as a share of body length (44,)."""

    skeleton: KeypointSkeleton
    stance: Hypotheses
    per_metre: float
    offsets: Array


@dataclass(frozen=True)
class FittedClip:
    """A clip on our joints: poses (F, J, 3), trans (F, 3) model units with the ground at z = 0 where the rig's is,
    errors (F,) the mean distance of the points from the rig's as a share of body length, track what was followed."""

    track: Track
    poses: Array
    trans: Array
    errors: Array


def fit_rig(model: AnimalModel, tracks: RigTracks) -> tuple[RigFit, list[FittedClip]]:
    """All clips of a rig on the animal of its species; the points' constants are taken from all of them."""
    with torch.no_grad():
        rig = calibrate(model, tracks)
        followed = [tracks.track(name) for name in tracks.clips]
        coarse = [_thinned(track) for track in followed]
        for _ in range(OFFSET_ROUNDS):
            _learn_offsets(rig, coarse)
        return rig, [fit_clip(rig, track) for track in followed]


def calibrate(model: AnimalModel, tracks: RigTracks) -> RigFit:
    """The rig's shape, size and stance, and where its points lie on our bones."""
    standing = tracks.standing()
    matrix = model.superset_matrix
    known = torch.tensor(np.isfinite(standing.keypoints[0]).all(axis=1) & matrix.any(axis=1))
    mean, basis = shape_prior(model, FitHints(species=tracks.rig.species), "the rig")
    rest = matrix @ model.rest(mean).vertices
    target = torch.tensor(np.nan_to_num(standing.keypoints))
    pick = known.numpy()
    per_metre = _spread(rest[pick]) / _spread(standing.keypoints[0, pick])
    body = BodyPoints(model, torch.tensor(mean[None]), torch.tensor(basis[None]))
    points = target * per_metre
    h = KeypointSkeleton(model, mean).start(1)
    h = Hypotheses(h.animal, h.R0, h.theta, (points[:, known].mean(1) - torch.tensor(rest[pick]).mean(0)),
                   h.z.new_zeros(1, basis.shape[1]), h.pitch)  # fmt: skip
    sigma = _sigmas(STANCE_SIGMA, STANCE_ELSEWHERE)
    used = np.flatnonzero(matrix[pick].any(axis=0))
    ids, rows = torch.tensor(used)[None], torch.tensor(matrix[pick][:, used])
    axes = torch.eye(3, dtype=points.dtype)
    prior = pose_prior_from_limits(model, points.device)

    def equations(x: Hypotheses) -> NormalEquations:
        eq = NormalEquations.zeros(1, x.n_parameters, points)
        place, motion = body.points(x, body.skeletons(x), ids, rows)
        each = sigma[known].repeat_interleave(3)
        slopes = motion.along(axes.expand(1, place.shape[1], 3, 3)).flatten(1, 2)
        eq.add((place - points[:, known]).flatten(1) / each, slopes / each[:, None], cutoff=6.0)
        add_priors(eq, x, prior, 1.0, 1.0)
        return eq

    for _ in range(4):
        h, _, _ = minimise(h, equations, 8)
        placed, _ = body.points(h, body.skeletons(h), ids, rows)
        scale = _spread(placed[0].numpy()) / _spread(points[0, known].numpy())
        per_metre, points = per_metre * scale, points * scale
    skeleton = KeypointSkeleton(model, mean + basis @ h.z[0].numpy())
    stance = Hypotheses(h.animal, h.R0, h.theta, h.trans, h.z[:, :0], h.pitch)
    fitted = RigFit(skeleton, stance, per_metre, np.zeros(len(SUPERSET)))
    return _with_offsets(fitted, stance, standing)


def fit_clip(rig: RigFit, track: Track) -> FittedClip:
    """Poses of a whole clip: every frame by itself, then once more held to the mean of its neighbours."""
    h = _fit_frames(rig, track, 7, None)
    smooth = _smoothed(h.theta.flatten(1), _is_loop(track))
    h = _fit_frames(rig, track, 3, PosePrior(smooth, torch.eye(smooth.shape[1], dtype=smooth.dtype) / SMOOTH_SIGMA**2,
                                             *_bounds(rig)), h)  # fmt: skip
    placed = rig.skeleton.keypoints(rig.skeleton.body.skeletons(h)).numpy()
    known = _known(rig, track)
    miss = np.linalg.norm(placed - np.nan_to_num(track.keypoints) * rig.per_metre, axis=-1)[:, known]
    poses = np.concatenate([axis_angle_from_matrix(h.R0.numpy())[:, None], h.theta.numpy()], axis=1)
    # A jaw is a hinge that cannot shut further than shut: what the fit lends it else, the lips would pay for.
    mouth = rig.skeleton.model.joint_names.index("Mouth")
    poses[:, mouth] = np.maximum(poses[:, mouth], 0.0) * (0.0, 1.0, 0.0)
    return FittedClip(track, poses, h.trans.numpy(), miss.mean(axis=1) / rig.skeleton.body_length())


def _fit_frames(rig: RigFit, track: Track, iterations: int, prior: PosePrior | None, h: Hypotheses | None = None
                ) -> Hypotheses:  # fmt: skip
    skeleton = rig.skeleton
    h = _start(rig, track) if h is None else h
    known = torch.tensor(_known(rig, track))
    points = torch.tensor(np.nan_to_num(track.keypoints) * rig.per_metre)
    sigma = _sigmas(POINT_SIGMA, POINT_ELSEWHERE)[known].repeat_interleave(3)
    names = skeleton.model.joint_names
    turned = [names.index(name) for name in track.turns]
    stance = skeleton.body.skeletons(rig.stance).G[0]
    wanted = torch.stack([torch.tensor(turn) @ stance[names.index(name)] for name, turn in track.turns.items()], 1)
    spread = torch.tensor([TURN_SIGMA.get(name, TURN_ELSEWHERE) for name in track.turns]).repeat_interleave(3)
    eye = torch.eye(3, dtype=points.dtype)
    plain = pose_prior_from_limits(skeleton.model, points.device)

    def equations(x: Hypotheses) -> NormalEquations:
        eq = NormalEquations.zeros(len(x), x.n_parameters, points)
        s = skeleton.body.skeletons(x)
        place, motion = skeleton.motion(s)
        slopes = motion.take(known.nonzero()[:, 0]).along(eye.expand(len(x), int(known.sum()), 3, 3)).flatten(1, 2)
        eq.add((place - points)[:, known].flatten(1) / sigma, slopes / sigma[:, None], cutoff=8.0)
        off = _rotation_vectors(s.G[:, turned] @ wanted.transpose(2, 3))
        eq.add(off.flatten(1) / spread, skeleton.turning(s, turned).flatten(1, 2) / spread[:, None], cutoff=8.0)
        add_priors(eq, x, plain, 0.1, 0.0)
        if prior is not None:
            add_priors(eq, x, prior, 1.0, 0.0)
        eq.H.diagonal(dim1=1, dim2=2)[:, -1] += 1.0  # the camera's pitch, which nothing here depends on
        return eq

    return minimise(h, equations, iterations)[0]


def _start(rig: RigFit, track: Track) -> Hypotheses:
    """Every frame with the joints turned as the rig's bones are, from the root outwards, and placed by its points."""
    skeleton, names = rig.skeleton, rig.skeleton.model.joint_names
    h = skeleton.start(len(track))
    s = skeleton.body.skeletons(rig.stance)
    low, high = _bounds(rig)
    orient: list[Tensor] = []
    theta = h.theta.clone()
    for j, parent in enumerate(skeleton.body.parents):
        turn = track.turns.get(names[j])
        local = rodrigues(rig.stance.theta[0, j - 1]) if j else None
        if turn is not None:
            orient.append(torch.tensor(turn) @ s.G[0, j])
        elif local is None:
            orient.append(s.G[0, 0].expand(len(track), 3, 3))
        else:
            orient.append(orient[parent] @ local)
        if j:
            theta[:, j - 1] = _rotation_vectors(orient[parent].transpose(1, 2) @ orient[j]).clamp(low[j - 1], high[j - 1])
            orient[j] = orient[parent] @ rodrigues(theta[:, j - 1])
    h = Hypotheses(h.animal, orient[0].contiguous(), theta, h.trans, h.z, h.pitch)
    known = _known(rig, track)
    placed = skeleton.keypoints(skeleton.body.skeletons(h))[:, torch.tensor(known)]
    return Hypotheses(h.animal, h.R0, h.theta, torch.tensor(track.keypoints[:, known] * rig.per_metre).mean(1)
                      - placed.mean(1), h.z, h.pitch)  # fmt: skip


def _learn_offsets(rig: RigFit, tracks: list[Track]) -> None:
    """Add to the points' constants what all clips miss them by on average."""
    fits = [_fit_frames(rig, track, 5, None) for track in tracks]
    means = []
    for h, track in zip(fits, tracks, strict=True):
        s = rig.skeleton.body.skeletons(h)
        miss = torch.tensor(np.nan_to_num(track.keypoints) * rig.per_metre) - rig.skeleton.keypoints(s)
        miss[:, ~torch.tensor(_known(rig, track))] = 0.0
        means.append(torch.einsum("njcd,nkc->nkjd", s.G, miss).mean(0))
    local = torch.stack(means).mean(0)
    paws = torch.tensor([0.0 if "paw" in name else 1.0 for name in SUPERSET])  # the feet keep to the ground
    rig.skeleton.arms = rig.skeleton.arms + (rig.skeleton.shares * paws[:, None])[..., None] * local


def _with_offsets(rig: RigFit, stance: Hypotheses, standing: Track) -> RigFit:
    s = rig.skeleton.body.skeletons(stance)
    miss = torch.tensor(np.nan_to_num(standing.keypoints) * rig.per_metre) - rig.skeleton.keypoints(s)
    miss[:, ~torch.tensor(_known(rig, standing))] = 0.0
    rig.skeleton.add_offsets(s, miss)
    return RigFit(rig.skeleton, stance, rig.per_metre, miss[0].norm(dim=-1).numpy() / rig.skeleton.body_length())


def _known(rig: RigFit, track: Track) -> NDArray[np.bool_]:
    return np.asarray(np.isfinite(track.keypoints).all(axis=(0, 2)) & rig.skeleton.known, dtype=bool)


def _thinned(track: Track) -> Track:
    """At most a dozen frames of a track, evenly spread."""
    keep = np.unique(np.linspace(0, len(track) - 1, 12).round().astype(int))
    return Track(track.name, track.keypoints[keep], {name: turn[keep] for name, turn in track.turns.items()})


def _is_loop(track: Track) -> bool:
    """Whether the last frame is the first again, for all points."""
    away = np.linalg.norm(track.keypoints[-1] - track.keypoints[0], axis=-1)
    return bool(np.nanmax(away) < 0.02 * _spread(track.keypoints[0][np.isfinite(track.keypoints[0]).all(axis=1)]))


def _smoothed(values: Tensor, loop: bool) -> Tensor:
    """Values (F, D) averaged over the frames around each with weights 1 4 6 4 1, round the end where the clip loops."""
    if len(values) < 6:
        return values
    inner = values[:-1] if loop else values
    ends = (inner[-2:], inner[:2]) if loop else (values[:1].expand(2, -1), values[-1:].expand(2, -1))
    padded = torch.cat([ends[0], inner, ends[1]])
    weights = (1, 4, 6, 4, 1)
    mean = torch.stack([w * padded[k : k + len(inner)] for k, w in enumerate(weights)]).sum(0) / sum(weights)
    return torch.cat([mean, mean[:1]]) if loop else mean


def _bounds(rig: RigFit) -> tuple[Tensor, Tensor]:
    prior = pose_prior_from_limits(rig.skeleton.model, torch.device("cpu"))
    return prior.low, prior.high


def _sigmas(table: dict[str, float], elsewhere: float) -> Tensor:
    return torch.tensor([next((s for part, s in table.items() if part in name), elsewhere) for name in SUPERSET],
                        dtype=torch.float64)  # fmt: skip


def _spread(points: Array) -> float:
    return float(np.sqrt(((points - points.mean(axis=0)) ** 2).sum(axis=1).mean()))


def _rotation_vectors(R: Tensor) -> Tensor:
    """Rotation matrices (…, 3, 3) as vectors (…, 3), for turns below half a circle."""
    sine = torch.stack([R[..., 2, 1] - R[..., 1, 2], R[..., 0, 2] - R[..., 2, 0], R[..., 1, 0] - R[..., 0, 1]], -1) / 2
    cosine = ((R.diagonal(dim1=-2, dim2=-1).sum(-1) - 1) / 2).clamp(-1.0, 1.0)
    length = sine.norm(dim=-1)
    angle = torch.atan2(length, cosine)
    return sine * torch.where(length > 1e-9, angle / length.clamp_min(1e-9), torch.ones_like(length))[..., None]
