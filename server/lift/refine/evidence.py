"""What the tracks and the network say of a clip, weighed against each other by what the data itself shows of its noise."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from ....animal.skeleton import Skeleton
from ....animal.tracks import Tracks
from .bones import Tree, directions_of, robust_lengths
from .noise import acceleration, calmed, noise_level, smooth
from .place import Picture, face_the_animal, rays_of, root_path
from .solve import Evidence, State

if TYPE_CHECKING:
    from ..windows import LiftedClip

Array = NDArray[np.float64]

USUAL_DOUBT = 0.1
"""How far off a joint of a network that does not tell its uncertainty is, in its unit (the animal's rms extent in the picture)."""
LEAST_DOUBT = 0.02
LEAST_TRACK_SPREAD = 0.015
"""Tracks are never taken for more exact than this, in the same unit."""
LENGTH_SPREAD = 0.1
COURSE_SHARE = 0.3
"""How much of a joint's acceleration the network's shapes, smoothed, do not show; and of its acceleration in depth, below."""
DEPTH_SHARE = 0.3
SHARED_PACE = 0.3
_SLOWEST = 5e-4
_SIZE_SECONDS = 1.5


@dataclass(frozen=True, eq=False)
class Known:
    """A clip made ready: evidence and a start for the solver, and what was measured.

    placed (F, J, 3): the network's joints as they are, put before the camera; unit: pixels in a unit of length at the usual depth;
    noise: white noise of the tracks in that unit; doubt (F, J): spread of the network's joints in that unit; pace (J,): what joints
    usually accelerate by, in units a frame²; seconds (F,): time of each frame.
    """

    evidence: Evidence
    start: State
    placed: Array
    unit: float
    noise: float
    doubt: Array
    pace: Array
    seconds: Array


def gather(tracks: Tracks, lifted: LiftedClip, picture: Picture, smoothness: float) -> Known:
    """Everything the solver needs, in the camera's axes, for a clip without long gaps."""
    seen, confidence = tracks.seen, np.asarray(tracks.confidence)
    unit = float(lifted.scale)
    rays = rays_of(tracks.points, picture)
    step = np.diff(np.asarray(tracks.frame_numbers)).astype(float)
    link = (step[1:] == step[:-1]).astype(float) if len(step) > 1 else np.zeros(0)
    seconds = np.asarray(tracks.frame_numbers) / tracks.fps
    points = (tracks.points - picture.centre) / unit
    noise = noise_level(points, seen)
    pace = acceleration(points, seen, noise)
    # A joint that stands still in the picture may move in depth, about as the others do.
    pace = np.maximum(np.sqrt((1.0 - SHARED_PACE) * pace**2 + SHARED_PACE * (pace**2).mean()), _SLOWEST)
    rate = max(_pace_of_middle(points, seen, noise), 0.2 * _SLOWEST)
    doubt = doubts(lifted, tracks.skeleton, seen, seconds)
    trust = 1.0 / doubt**2
    shape = face_the_animal(lifted.positions, rays, confidence, rays_of(lifted.centre, picture), picture.focal / unit)
    lengths, sizes = robust_lengths(tracks.skeleton, shape, trust)
    every = float(np.median(step)) / tracks.fps if len(step) else 1.0
    stiff = max(_SIZE_SECONDS / every / (2 * np.pi), 1.0) ** 4
    sizes = np.exp(smooth(np.log(sizes)[:, None], np.ones(len(sizes)), stiff, link)[:, 0])
    shape = shape * sizes[:, None, None]
    spread = max(noise, LEAST_TRACK_SPREAD)
    tree = Tree.of(tracks.skeleton)
    root, directions = _start(tracks, shape, lengths, rays, confidence**2, picture.focal / unit, pace, rate, link)

    def tensor(values: Array) -> torch.Tensor:
        return torch.as_tensor(np.ascontiguousarray(values), dtype=torch.float64)

    state = State(tensor(root), tensor(directions.transpose(1, 0, 2)), tensor(lengths))
    # Exact tracks need no smoothing; depth, which follows from them by lengths that are never quite right, always does.
    shaken = (noise / spread) ** 2
    still = smoothness * np.stack([shaken / (COURSE_SHARE * pace) ** 2, 1.0 / (DEPTH_SHARE * pace) ** 2], 1)
    evidence = Evidence(
        tree, tensor(np.nan_to_num(rays).transpose(1, 0, 2)), tensor((confidence * picture.focal / unit / spread).T ** 2),
        tensor(np.eye(3)[None]), tensor(np.zeros((1, 3))), tensor(shape.transpose(1, 0, 2)), tensor(trust.T),
        tree.joints(state.root, state.directions, state.lengths), tensor(still), tensor(link), smoothness * len(pace) / rate**2,
        tensor(lengths), tensor(np.hypot(LENGTH_SPREAD, 0.5 * float(np.median(doubt)) / lengths)), 0.1 * picture.focal / unit)
    placed = shape + (root - shape[:, tracks.skeleton.root])[:, None]
    return Known(evidence, state, placed, unit, noise, doubt, pace, seconds)


def doubts(lifted: LiftedClip, skeleton: Skeleton, seen: NDArray[np.bool_], seconds: Array) -> Array:
    """(F, J): the spread of each coordinate of the network's joints, in its unit.

    Where it does not tell, bones that change their length tell that it is wrong; and it is more so where nothing was seen.
    """
    if lifted.uncertainty is not None:
        return np.maximum(np.nan_to_num(lifted.uncertainty, nan=USUAL_DOUBT), LEAST_DOUBT)
    child, parent = skeleton.bones.T
    long = np.linalg.norm(lifted.positions[:, child] - lifted.positions[:, parent], axis=-1)
    change = np.sqrt(np.mean((long - np.median(long, axis=0)) ** 2)) if long.size and len(long) > 9 else USUAL_DOUBT
    usual = float(np.clip(1.5 * change, LEAST_DOUBT, 3 * USUAL_DOUBT))
    return usual * (1.0 + np.minimum(4.0 * unseen_for(seen, seconds), 2.0))


def unseen_for(seen: NDArray[np.bool_], seconds: Array) -> Array:
    """(F, J): seconds to the nearest frame in which a joint was seen, 0 where it is seen, inf where it never is."""
    time = np.where(seen, seconds[:, None], np.nan)
    before = np.where(seen, time, -np.inf)
    after = np.where(seen, time, np.inf)
    before = np.maximum.accumulate(before, axis=0)
    after = np.minimum.accumulate(after[::-1], axis=0)[::-1]
    return np.minimum(seconds[:, None] - before, after - seconds[:, None])


def with_measured_spread(known: Known, state: State) -> Known:
    """The same with tracks weighed by how far they truly lie from the solved motion: points on skin do not keep bone lengths."""
    from .solve import Linearised

    e = known.evidence
    off = Linearised(e, state).off.norm(dim=-1)[e.track_weight > 0]
    if not len(off):
        return known
    # The median of a two-dimensional normal distribution's distances is 1.18 spreads.
    focal = e.track_weight.max().sqrt() * max(known.noise, LEAST_TRACK_SPREAD)
    measured = float(off.median() / 1.1774 * focal)
    spread = max(known.noise, LEAST_TRACK_SPREAD)
    if measured <= spread:
        return known
    factor = (spread / measured) ** 2
    still = torch.stack([e.still[:, 0] * factor, e.still[:, 1]], 1)
    return replace(known, evidence=replace(e, track_weight=e.track_weight * factor, still=still))


def _start(tracks: Tracks, shape: Array, lengths: Array, rays: Array, weight: Array, depth: float, pace: Array,
           rate: float, link: Array) -> tuple[Array, Array]:
    """Root path (F, 3) and directions (F, B, 3): the network's shapes, smoothed, on bones of constant length, set before the camera."""
    even = np.ones(len(shape))
    calm = np.stack([calmed(shape[:, j], even, pace[j], link) for j in range(len(pace))], axis=1)
    directions = directions_of(tracks.skeleton, calm)
    tree = Tree.of(tracks.skeleton)
    bones = torch.as_tensor(directions.transpose(1, 0, 2))
    still = tree.joints(torch.zeros(len(shape), 3, dtype=torch.float64), bones, torch.as_tensor(lengths)).numpy().transpose(1, 0, 2)
    path = root_path(still, rays, weight, depth)
    known = np.isfinite(path[:, 0])
    sure = np.where(known, weight.sum(1), 0.0)
    sure = sure / sure.max()
    axes = [calmed(np.nan_to_num(path[:, axis, None]), sure, rate, link) for axis in range(3)]
    return np.concatenate(axes, axis=1), directions


def _pace_of_middle(points: Array, seen: NDArray[np.bool_], noise: float) -> float:
    """How much the animal as a whole accelerates in a frame: the mean of the joints (F, J, 2) that a frame shares with the last seen."""
    at = np.flatnonzero(seen.any(axis=1))
    some, their = points[at], seen[at]
    both = their[1:] & their[:-1]
    moved = np.where(both[..., None], np.nan_to_num(some[1:] - some[:-1]), 0.0).sum(1) / np.maximum(both.sum(1), 1)[:, None]
    middle = np.full((len(points), 1, 2), np.nan)
    middle[at, 0] = np.concatenate([np.zeros((1, 2)), np.cumsum(moved, axis=0)])
    often = float(np.median(both.sum(1))) if len(both) else 1.0
    return float(acceleration(middle, np.isfinite(middle[..., 0]), noise / max(often, 1.0) ** 0.5)[0])
