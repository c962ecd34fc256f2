"""How animals hold themselves: a mixture of Gaussians over the turns of the joints, to be sampled and scored.

One Gaussian cannot tell a gallop's stretched legs from a lying animal's folded ones: its mean is neither, and its spread
allows what no animal does. A few of them, one about each way of moving, can. A pose here is every joint's axis-angle but
the root's, (J-1, 3) radians; which way the animal faces and where it stands is no part of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

MAX_COMPONENTS = 64
MAX_REJECTIONS = 40


class PosePriorError(ValueError):
    """A mixture that is no distribution; the message names the field."""


@dataclass(frozen=True, eq=False)
class PosePrior:
    """p(pose) = sum over m of weights[m] N(pose; means[m], covariances[m]), D = 3 (J-1).

    weights (M,) positive, their sum 1; means (M, J-1, 3) radians; covariances (M, D, D) symmetric, positive definite.
    Raises PosePriorError naming the field that does not fit.
    """

    weights: Array
    means: Array
    covariances: Array

    def __post_init__(self) -> None:
        for name, axes in (("weights", 1), ("means", 3), ("covariances", 3)):
            object.__setattr__(self, name, _numbers(name, getattr(self, name), axes))
        count, joints, three = self.means.shape
        if not 1 <= count <= MAX_COMPONENTS or three != 3 or joints < 1:
            raise PosePriorError(f"means: must be (M, J-1, 3) with M in 1..{MAX_COMPONENTS}, got {self.means.shape}")
        if self.weights.shape != (count,):
            raise PosePriorError(f"weights: must be ({count},) as means are, got {self.weights.shape}")
        if (self.weights <= 0).any() or abs(float(self.weights.sum()) - 1.0) > 1e-4:
            raise PosePriorError(f"weights: must be positive and sum to 1, sum to {self.weights.sum():.6g}")
        if self.covariances.shape != (count, 3 * joints, 3 * joints):
            wanted = (count, 3 * joints, 3 * joints)
            raise PosePriorError(f"covariances: must be {wanted} as means are, got {self.covariances.shape}")
        scale = np.abs(self.covariances).max()
        if not np.allclose(self.covariances, self.covariances.transpose(0, 2, 1), atol=1e-5 * scale):
            raise PosePriorError("covariances: must be symmetric")
        if np.linalg.eigvalsh(self.covariances).min() <= 0:
            raise PosePriorError("covariances: must be positive definite")

    @property
    def n_components(self) -> int:
        return len(self.weights)

    @property
    def n_joints(self) -> int:
        """Joints of the model, the root counted though it is no part of a pose here."""
        return self.means.shape[1] + 1

    @cached_property
    def cholesky(self) -> Array:
        """(M, D, D) lower triangles L with covariances = L L^T."""
        return np.asarray(np.linalg.cholesky(self.covariances), np.float64)

    @cached_property
    def whitening(self) -> Array:
        """(M, D, D) the triangles' inverses: what turns a deviation into standard normal numbers."""
        eye = np.broadcast_to(np.eye(self.cholesky.shape[1]), self.cholesky.shape)
        return np.asarray(np.linalg.solve(self.cholesky, eye), np.float64)

    def component_log_densities(self, poses: ArrayLike) -> Array:
        """log(weights[m] N(pose; m)) as (…, M) for poses (…, J-1, 3) radians. Raises PosePriorError for another shape."""
        poses = np.asarray(poses, np.float64)
        if poses.shape[-2:] != self.means.shape[1:]:
            raise PosePriorError(f"poses: must be (…, {self.means.shape[1]}, 3), got {poses.shape}")
        lead = poses.shape[:-2]
        off = poses.reshape(-1, 1, self.means[0].size) - self.means.reshape(self.n_components, -1)
        z = np.einsum("mij,nmj->nmi", self.whitening, off)
        volume = np.log(np.diagonal(self.cholesky, axis1=1, axis2=2)).sum(axis=1)
        constant = np.log(self.weights) - volume - 0.5 * off.shape[-1] * np.log(2 * np.pi)
        return (constant - 0.5 * (z**2).sum(axis=-1)).reshape(*lead, self.n_components)

    def log_prob(self, poses: ArrayLike) -> Array:
        """The logarithm of the density (…) at poses (…, J-1, 3) radians, per radian^D."""
        parts = self.component_log_densities(poses)
        peak = parts.max(axis=-1, keepdims=True)
        return (peak + np.log(np.exp(parts - peak).sum(axis=-1, keepdims=True)))[..., 0]

    def nearest_component(self, poses: ArrayLike) -> NDArray[np.int64]:
        """Which component (…) explains each of poses (…, J-1, 3) best."""
        return self.component_log_densities(poses).argmax(axis=-1)

    def sample(
        self, rng: np.random.Generator, count: int, temperature: float = 1.0, limits: ArrayLike | None = None
    ) -> Array:
        """Draw poses (count, J-1, 3) in radians.

        temperature scales the spread about each component (0 gives the components' means). limits (J, 3, 2), a model's
        or a family's `joint_limits`: draws with a joint beyond them are drawn again, and what is still beyond after many
        tries is moved to the limit. Raises PosePriorError for a negative temperature or limits of another shape.
        """
        if not temperature >= 0 or not np.isfinite(temperature):
            raise PosePriorError(f"temperature: must be a number of at least 0, is {temperature!r}")
        poses = self._draw(rng, count, temperature)
        if limits is None:
            return poses
        bounds = np.asarray(limits, np.float64)
        if bounds.shape != (self.n_joints, 3, 2):
            raise PosePriorError(f"limits: must be ({self.n_joints}, 3, 2), got {bounds.shape}")
        low, high = bounds[1:, :, 0], bounds[1:, :, 1]
        best = poses.copy()
        for _ in range(MAX_REJECTIONS):
            beyond = _beyond(best, low, high) > 0
            if not beyond.any():
                break
            again = self._draw(rng, int(beyond.sum()), temperature)
            closer = _beyond(again, low, high) < _beyond(best[beyond], low, high)
            best[beyond] = np.where(closer[:, None, None], again, best[beyond])
        return np.clip(best, low, high)

    def _draw(self, rng: np.random.Generator, count: int, temperature: float) -> Array:
        which = rng.choice(self.n_components, size=count, p=self.weights / self.weights.sum())
        noise = rng.standard_normal((count, self.cholesky.shape[1]))
        turned = np.einsum("nij,nj->ni", self.cholesky[which], noise) if count else noise
        return self.means[which] + temperature * turned.reshape(count, *self.means.shape[1:])

    def moments(self) -> tuple[Array, Array]:
        """Mean (J-1, 3) and covariance (D, D) of the whole mixture: the one Gaussian nearest to it."""
        flat = self.means.reshape(self.n_components, -1)
        mean = self.weights @ flat
        off = flat - mean
        covariance = np.einsum("m,mij->ij", self.weights, self.covariances) + (off.T * self.weights) @ off
        return mean.reshape(self.means.shape[1:]), covariance

    def mirrored(self, joint_mirror: ArrayLike) -> PosePrior:
        """The prior of the animals in a mirror; joint_mirror (J,) each joint's partner on the other side."""
        order, sign = mirror_order(joint_mirror)
        flat = self.means.reshape(self.n_components, -1)[:, order] * sign
        covariances = self.covariances[:, order][:, :, order] * np.outer(sign, sign)
        return PosePrior(self.weights, flat.reshape(self.means.shape), covariances)

    def symmetrised(self, joint_mirror: ArrayLike) -> PosePrior:
        """Half this prior and half its mirror image: left and right are alike."""
        other = self.mirrored(joint_mirror)
        return PosePrior(
            np.concatenate([self.weights, other.weights]) / 2,
            np.concatenate([self.means, other.means]),
            np.concatenate([self.covariances, other.covariances]),
        )


def gaussian(mean: ArrayLike, covariance: ArrayLike) -> PosePrior:
    """The prior of a single component: mean (J-1, 3), covariance (D, D)."""
    return PosePrior(np.ones(1), np.asarray(mean, np.float64)[None], np.asarray(covariance, np.float64)[None])


def mirror_poses(poses: ArrayLike, joint_mirror: ArrayLike) -> Array:
    """Poses (…, J-1, 3) seen in a mirror: sides change places, turns about x and z change sign."""
    mirror = np.asarray(joint_mirror)[1:] - 1
    return np.asarray(poses, np.float64)[..., mirror, :] * (-1.0, 1.0, -1.0)


def mirror_order(joint_mirror: ArrayLike) -> tuple[NDArray[np.int64], Array]:
    """Where each of the D numbers of a pose comes from in a mirror (D,), and its sign (D,)."""
    mirror = np.asarray(joint_mirror)[1:].astype(np.int64) - 1
    return (3 * mirror[:, None] + np.arange(3)).ravel(), np.tile([-1.0, 1.0, -1.0], len(mirror))


def _beyond(poses: Array, low: Array, high: Array) -> Array:
    """How far (n,) poses reach beyond limits, summed over the joints, radians."""
    return (np.maximum(poses - high, 0) + np.maximum(low - poses, 0)).sum(axis=(1, 2))


def _numbers(name: str, value: ArrayLike, axes: int) -> Array:
    try:
        array = np.array(value, dtype=np.float64, order="C")
    except (TypeError, ValueError) as error:
        raise PosePriorError(f"{name}: not an array of numbers ({error})") from None
    if array.ndim != axes or not np.isfinite(array).all():
        raise PosePriorError(f"{name}: must be finite numbers with {axes} axes, got shape {array.shape}")
    array.flags.writeable = False
    return array
