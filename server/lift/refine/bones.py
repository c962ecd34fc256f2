"""A skeleton as bones: directions that turn and lengths that stay, and where the joints are then.

A bone's length is one number for the whole clip, and mirrored bones share it: an animal's left leg is as long as its right.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ....animal.skeleton import Skeleton

Array = NDArray[np.float64]

_SHORTEST = 1e-3
"""No bone is shorter than this share of the mean bone: a direction needs a length."""


@dataclass(frozen=True, eq=False)
class Tree:
    """B bones of J joints, as tensors. child, parent (B,) joints; above (J, B) 1 where a bone lies between the root and a
    joint, else 0; group (B,) which of the G lengths a bone has; root the joint that hangs on nothing."""

    child: Tensor
    parent: Tensor
    above: Tensor
    group: Tensor
    lengths: int
    root: int

    @classmethod
    def of(cls, skeleton: Skeleton) -> Tree:
        """The bones of a skeleton, in the order of `Skeleton.bones`."""
        bones = skeleton.bones
        place = {int(child): i for i, (child, _) in enumerate(bones)}
        above = np.zeros((len(skeleton), len(bones)))
        group = np.full(len(bones), -1)
        count = 0
        for joint in skeleton.order:
            if joint not in place:
                continue
            bone, parent = place[joint], skeleton.parents[joint]
            above[joint] = above[parent]
            above[joint, bone] = 1.0
            if group[bone] < 0:
                other = int(skeleton.mirror[joint])
                twins = other != joint and other in place and skeleton.parents[other] == skeleton.mirror[parent]
                group[[bone, place[other]] if twins else [bone]] = count
                count += 1

        def tensor(values: np.ndarray) -> Tensor:
            return torch.as_tensor(np.ascontiguousarray(values))

        return cls(tensor(bones[:, 0]), tensor(bones[:, 1]), tensor(above), tensor(group), count, skeleton.root)

    def joints(self, root: Tensor, directions: Tensor, lengths: Tensor) -> Tensor:
        """(J, F, 3) from the root's path (F, 3), unit directions (B, F, 3) and lengths (G,)."""
        return root + self.down(directions * lengths[self.group][:, None, None])

    def down(self, bones: Tensor) -> Tensor:
        """Sums along the tree: bone vectors (B, F, d) -> joints relative to the root (J, F, d)."""
        return (self.above @ bones.reshape(len(bones), -1)).reshape(len(self.above), *bones.shape[1:])

    def up(self, joints: Tensor) -> Tensor:
        """The transpose of `down`: what all joints below a bone have (J, F, d) -> (B, F, d)."""
        return (self.above.T @ joints.reshape(len(joints), -1)).reshape(-1, *joints.shape[1:])


def robust_lengths(skeleton: Skeleton, shape: Array, weight: Array) -> tuple[Array, Array]:
    """Bone lengths and each frame's size from shapes (F, J, 3) with weights (F, J): lengths (G,), sizes (F,).

    A lifter that sees no depth gives far frames smaller. Lengths are weighted medians over frames that have been brought to
    one size; sizes are what each frame was multiplied with (their median is 1).
    """
    tree = Tree.of(skeleton)
    child, parent, group = tree.child.numpy(), tree.parent.numpy(), tree.group.numpy()
    measured = np.linalg.norm(shape[:, child] - shape[:, parent], axis=-1)  # (F, B)
    trust = np.minimum(weight[:, child], weight[:, parent])
    sizes = np.ones(len(shape))
    lengths = np.ones(tree.lengths)
    for _ in range(3):
        lengths = np.array([weighted_median((measured * sizes[:, None])[:, group == g], trust[:, group == g])
                            for g in range(tree.lengths)])
        total = (trust * lengths[group] * measured).sum(1)
        sizes = (trust * lengths[group] ** 2).sum(1) / np.maximum(total, 1e-12)
        sizes = np.where(total > 1e-12, sizes, 1.0)
        sizes /= max(float(np.median(sizes)), 1e-9)
    floor = _SHORTEST * max(float(lengths.mean()), 1e-9) if len(lengths) else 1.0
    return np.maximum(lengths, floor), sizes


def weighted_median(values: Array, weights: Array) -> float:
    """The value with half of the weight on either side; the plain median where no weight is left."""
    values, weights = values.ravel(), weights.ravel()
    if not weights.sum() > 0:
        return float(np.median(values))
    order = np.argsort(values)
    total = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(total, 0.5 * total[-1])])


def directions_of(skeleton: Skeleton, shape: Array) -> Array:
    """Unit directions (F, B, 3) of the bones of joints (F, J, 3); bones without length point down (y)."""
    child, parent = skeleton.bones.T
    vectors = shape[:, child] - shape[:, parent]
    long = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.where(long > 1e-9, vectors / np.maximum(long, 1e-9), [0.0, 1.0, 0.0])
