"""Learning the pose prior: expectation-maximisation for a few Gaussians in a hundred dimensions, from few clips.

Frames of one clip are nearly alike, so a free covariance would trust them far too much. Each component keeps its strongest
directions and takes all else as independent joints (a factor-analytic covariance); it is widened, since a modeller's clips
are not all that animals do; and no joint is taken to be stiffer than a share of what its limits allow.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ....animal.pose_prior import PosePrior

Array = NDArray[np.float64]

COMPONENTS = 7
"""Before mirroring, which doubles them."""
RANK = 16
WIDEN = 1.15
FLOOR = 0.06
"""Least spread of a joint about a component, as a share of half its limits."""
ROUNDS = 30


def learn(rigs: Sequence[Sequence[Array]], limits: Array, joint_mirror: NDArray[np.int32], rng: np.random.Generator) -> PosePrior:
    """The prior of clips [[(F, J-1, 3) of a rig's clips] of the rigs], left and right alike.

    Every rig counts as much as any other, and within it every clip. limits (J, 3, 2) are the model's.
    """
    frames = np.concatenate([clip.reshape(len(clip), -1) for clips in rigs for clip in clips])
    weights = np.concatenate([np.full(len(c), 1.0 / (len(clips) * len(c))) for clips in rigs for c in clips]) / len(rigs)
    bounds = np.asarray(limits, np.float64)[1:]
    floor = (FLOOR * (bounds[..., 1] - bounds[..., 0]).ravel() / 2) ** 2
    return _expectation_maximisation(frames, weights, floor, rng).symmetrised(joint_mirror)


def _expectation_maximisation(frames: Array, weights: Array, floor: Array, rng: np.random.Generator) -> PosePrior:
    """The mixture of poses (N, D) with weights (N,) that sum to 1; floor (D,) the least variance of each number."""
    centres = _spread_centres(frames, floor, rng)
    distance = (((frames[:, None] - centres) ** 2) / floor).sum(-1)
    shares = np.eye(COMPONENTS)[distance.argmin(axis=1)]
    prior = None
    for _ in range(ROUNDS):
        prior = _maximise(frames, weights, shares, floor)
        parts = prior.component_log_densities(frames.reshape(len(frames), -1, 3))
        grown = np.exp(parts - parts.max(axis=1, keepdims=True))
        after = grown / grown.sum(axis=1, keepdims=True)
        if np.abs(after - shares).max() < 1e-4:
            break
        shares = after
    assert prior is not None
    return prior


def _spread_centres(frames: Array, floor: Array, rng: np.random.Generator) -> Array:
    """(COMPONENTS, D) frames far from one another: each next drawn by its squared distance from those before
    (k-means++, Arthur and Vassilvitskii 2007)."""
    picked = [frames[rng.integers(len(frames))]]
    for _ in range(COMPONENTS - 1):
        nearest = np.min([(((frames - centre) ** 2) / floor).sum(axis=1) for centre in picked], axis=0)
        picked.append(frames[rng.choice(len(frames), p=nearest / nearest.sum())])
    return np.array(picked)


def _maximise(frames: Array, weights: Array, shares: Array, floor: Array) -> PosePrior:
    """The mixture whose components hold the shares (N, M) of the frames; an emptied one shrinks to the common shape."""
    mass = weights[:, None] * shares
    total = mass.sum(axis=0) + 1e-4
    means = (mass.T @ frames + 1e-4 * (weights @ frames)) / total[:, None]
    covariances = []
    for m in range(shares.shape[1]):
        off = frames - means[m]
        covariances.append(_factors((off.T * mass[:, m]) @ off / total[m], floor))
    count = len(total)
    return PosePrior(total / total.sum(), means.reshape(count, -1, 3), np.array(covariances))


def _factors(covariance: Array, floor: Array) -> Array:
    """(D, D) its RANK strongest directions and the rest of its diagonal, widened, and the floor."""
    values, vectors = np.linalg.eigh(covariance)
    strong = vectors[:, -RANK:] * np.sqrt(np.maximum(values[-RANK:], 0.0))
    low_rank = strong @ strong.T
    rest = np.maximum(np.diag(covariance) - np.diag(low_rank), 0.0)
    return WIDEN**2 * (low_rank + np.diag(rest)) + np.diag(floor)
